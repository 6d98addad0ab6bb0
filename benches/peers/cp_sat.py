"""OR-Tools CP-SAT on an instance of Curtois and Qu: cp_sat.py INSTANCE SECONDS THREADS SEED"""
import sys

from ortools.sat.python import cp_model


def read(path):
    sections, section = {}, None
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("SECTION_"):
            section = sections.setdefault(line, [])
        else:
            section.append(line.split(","))
    return sections


def main():
    path, seconds, threads, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    data = read(path)
    days = int(data["SECTION_HORIZON"][0][0])
    shifts = {row[0]: (int(row[1]), [n for n in row[2].split("|") if n]) for row in data["SECTION_SHIFTS"]}
    model = cp_model.CpModel()
    x, works = {}, {}
    off = {row[0]: {int(day) for day in row[1:]} for row in data.get("SECTION_DAYS_OFF", [])}
    for row in data["SECTION_STAFF"]:
        who = row[0]
        most = dict(limit.split("=") for limit in row[1].split("|") if limit)
        most_minutes, least_minutes, most_days, least_days, least_off, most_weekends = map(int, row[2:8])
        for day in range(days):
            for shift in shifts:
                x[who, day, shift] = model.NewBoolVar("")
            works[who, day] = model.NewBoolVar("")
            model.Add(sum(x[who, day, shift] for shift in shifts) == works[who, day])
            if day in off.get(who, ()):
                model.Add(works[who, day] == 0)
        for day in range(days - 1):
            for shift, (_, after) in shifts.items():
                for other in after:
                    model.AddBoolOr([x[who, day, shift].Not(), x[who, day + 1, other].Not()])
        for shift in shifts:
            model.Add(sum(x[who, day, shift] for day in range(days)) <= int(most.get(shift, days)))
        minutes = sum(shifts[shift][0] * x[who, day, shift] for day in range(days) for shift in shifts)
        model.AddLinearConstraint(minutes, least_minutes, most_minutes)
        w = [works[who, day] for day in range(days)]
        for day in range(days - most_days):
            model.Add(sum(w[day:day + most_days + 1]) <= most_days)
        for least, on in ((least_days, True), (least_off, False)):
            for length in range(1, least):
                for first in range(1, days - length):
                    inner = [v.Not() if on else v for v in w[first:first + length]]
                    ends = [w[first - 1], w[first + length]]
                    model.AddBoolOr(inner + (ends if on else [v.Not() for v in ends]))
        weekends = []
        for saturday in range(5, days, 7):
            weekend = model.NewBoolVar("")
            for day in range(saturday, min(saturday + 2, days)):
                model.AddImplication(w[day], weekend)
            weekends.append(weekend)
        model.Add(sum(weekends) <= most_weekends)
    costs = []
    for row in data.get("SECTION_SHIFT_ON_REQUESTS", []):
        costs.append(int(row[3]) * x[row[0], int(row[1]), row[2]].Not())
    for row in data.get("SECTION_SHIFT_OFF_REQUESTS", []):
        costs.append(int(row[3]) * x[row[0], int(row[1]), row[2]])
    people = [row[0] for row in data["SECTION_STAFF"]]
    for row in data["SECTION_COVER"]:
        day, shift, need, under, over = int(row[0]), row[1], *map(int, row[2:5])
        missing = model.NewIntVar(0, need, "")
        extra = model.NewIntVar(0, len(people), "")
        model.Add(sum(x[who, day, shift] for who in people) + missing - extra == need)
        costs += [under * missing, over * extra]
    model.Minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    status = solver.Solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    print(int(solver.ObjectiveValue()) if found else "none", solver.StatusName(status))


main()
