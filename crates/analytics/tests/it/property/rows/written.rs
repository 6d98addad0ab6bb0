//! The rows of a fortnight, as the product would have written them.

use super::{
    ATTENDED, DAY, DAYS, FATES, Fortnight, KINDS, LEAVES, Missed, SHIFTS, STATES, Signed, Version,
    date, moment,
};
use crate::property::AGENTS;
use crate::raw::{id, literal, sql};
use crate::world::World;

/// Rows get numbers of their own.
struct Rows<'a> {
    world: &'a World,
    next: u32,
    lines: Vec<String>,
}

impl Rows<'_> {
    fn id(&mut self) -> String {
        self.next += 1;
        literal(self.world, &id(self.next))
    }

    fn agent(&self, n: usize) -> String {
        literal(self.world, &self.world.id(AGENTS[n]).to_string())
    }

    fn add(&mut self, table: &str, columns: &[(&str, String)]) {
        let (names, values): (Vec<&str>, Vec<&str>) = columns
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .unzip();
        self.lines.push(format!(
            "insert into {table} ({}) values ({})",
            names.join(", "),
            values.join(", ")
        ));
    }
}

fn text(word: &str) -> String {
    format!("'{word}'")
}

fn maybe(word: Option<String>) -> String {
    word.unwrap_or_else(|| "null".to_owned())
}

fn on(n: i64) -> String {
    text(&kernel::day::text(date(n)))
}

const EMPTIED: [&str; 18] = [
    "callback_calls",
    "callbacks",
    "agent_state_changes",
    "leave_requests",
    "roster_cells",
    "rosters",
    "attendance_records",
    "leak_cases",
    "post_holdings",
    "staff",
    "attendances",
    "training_sessions",
    "courses",
    "exam_attempts",
    "exam_sittings",
    "papers",
    "article_versions",
    "approvals",
];

pub(super) async fn write(world: &World, told: &Fortnight) {
    let emptied = EMPTIED.map(|table| format!("delete from {table}"));
    sql(world, &emptied).await;
    sql(
        world,
        &["delete from articles", "update posts set opens_on = null"],
    )
    .await;
    let mut rows = Rows {
        world,
        next: 0,
        lines: Vec::new(),
    };
    missed(&mut rows, told);
    hours(&mut rows, told);
    people(&mut rows, told);
    learning(&mut rows, told);
    articles(&mut rows, told);
    sql(world, &rows.lines).await;
}

fn missed(rows: &mut Rows<'_>, told: &Fortnight) {
    for one in &told.missed {
        let (id, (state, in_time, over)) = (rows.id(), FATES[one.fate]);
        let came = moment(one.first);
        // Long after the present of the test, or long before.
        let due = moment(if over { one.first + DAY } else { 100 * DAY });
        rows.add(
            "callbacks",
            &[
                ("id", id.clone()),
                ("number", text("")),
                ("state", text(state)),
                ("open", (state == "open").to_string()),
                ("missed", (one.later.len() + 1).to_string()),
                ("first_missed_at", came.clone()),
                ("last_missed_at", came.clone()),
                ("warn_at", came.clone()),
                ("due_at", due),
                ("warned", "false".to_owned()),
                ("breached", "false".to_owned()),
                ("attempts", "0".to_owned()),
                ("in_time", maybe(in_time.map(|so| so.to_string()))),
                ("updated_at", came),
                ("version", "1".to_owned()),
            ],
        );
        for minute in calls_of(one) {
            let call = rows.id();
            rows.add(
                "callback_calls",
                &[
                    ("work_id", call),
                    ("callback_id", id.clone()),
                    ("missed_at", moment(minute)),
                ],
            );
        }
    }
}

/// The minutes of its missed calls.
pub(super) fn calls_of(one: &Missed) -> Vec<i64> {
    let mut minutes = vec![one.first];
    for later in &one.later {
        minutes.push(minutes[minutes.len() - 1] + later);
    }
    minutes
}

/// The state of each agent in each minute; nothing before the first. He signs out with the last day.
pub(super) fn by_minute(told: &Fortnight) -> Vec<Vec<Option<&'static str>>> {
    let of = |days: &Vec<Vec<(i64, usize)>>| {
        let mut all = vec![None; usize::try_from(DAYS * DAY).unwrap()];
        let mut stands = None;
        for (n, changes) in days.iter().enumerate() {
            for minute in 0..usize::try_from(DAY).unwrap() {
                for (_, state) in changes.iter().filter(|(at, _)| *at == minute as i64) {
                    stands = Some(STATES[*state]);
                }
                all[n * 1_440 + minute] = stands;
            }
        }
        all
    };
    told.states.iter().map(of).collect()
}

fn hours(rows: &mut Rows<'_>, told: &Fortnight) {
    for (agent, days) in told.states.iter().enumerate() {
        let who = rows.agent(agent);
        let mut changes: Vec<(i64, &str)> = Vec::new();
        for (n, of_day) in days.iter().enumerate() {
            let mut sorted = of_day.clone();
            // Of two in one minute the later written holds.
            sorted.sort_by_key(|(minute, _)| *minute);
            let all = sorted.iter();
            changes.extend(all.map(|(minute, to)| (n as i64 * DAY + minute, STATES[*to])));
        }
        changes.push((DAYS * DAY, "signed_out"));
        for (minute, to) in changes {
            let id = rows.id();
            rows.add(
                "agent_state_changes",
                &[
                    ("id", id),
                    ("agent_id", who.clone()),
                    ("at", moment(minute)),
                    ("from_state", text("ready")),
                    ("to_state", text(to)),
                    ("by_kind", text("agent")),
                ],
            );
        }
    }
    for (month, state) in [("2026-09", "draft"), ("2026-10", "published")] {
        let id = rows.id();
        rows.add(
            "rosters",
            &[
                ("id", id),
                ("month", text(month)),
                ("state", text(state)),
                ("revision", "1".to_owned()),
                ("updated_at", moment(0)),
                ("version", "1".to_owned()),
            ],
        );
    }
    for (agent, n, shift) in by_day(&told.shifts) {
        let who = rows.agent(agent);
        rows.add(
            "roster_cells",
            &[
                ("on_day", on(n)),
                ("user_id", who.clone()),
                ("shift_id", text(SHIFTS[shift.code].0)),
            ],
        );
        if shift.leave == 0 {
            continue;
        }
        let (id, number) = (rows.id(), rows.next);
        let state = if shift.approved {
            "approved"
        } else {
            "requested"
        };
        rows.add(
            "leave_requests",
            &[
                ("id", id),
                ("number", text(&number.to_string())),
                ("user_id", who),
                ("kind", text("annual")),
                ("from_day", on(n)),
                ("from_noon", (shift.leave == 2).to_string()),
                ("to_day", on(n)),
                ("to_noon", (shift.leave == 1).to_string()),
                ("half_days", "1".to_owned()),
                ("minutes", "240".to_owned()),
                ("reason", text("")),
                ("state", text(state)),
                ("requested_at", moment(0)),
                ("updated_at", moment(0)),
                ("version", "1".to_owned()),
            ],
        );
    }
    for (agent, n, signed) in by_day(&told.signed) {
        let original = record(
            rows,
            (agent, n),
            signed,
            (signed.kind, signed.minutes),
            None,
        );
        if let Some(corrected) = signed.corrected {
            record(rows, (agent, n), signed, corrected, Some(original));
        }
    }
}

pub(super) fn by_day<T>(of: &[Vec<Option<T>>]) -> impl Iterator<Item = (usize, i64, &T)> {
    of.iter().enumerate().flat_map(|(agent, days)| {
        let days = days.iter().enumerate();
        days.filter_map(move |(n, one)| Some((agent, n as i64, one.as_ref()?)))
    })
}

fn record(
    rows: &mut Rows<'_>,
    (agent, n): (usize, i64),
    signed: &Signed,
    (kind, minutes): (usize, i64),
    corrects: Option<String>,
) -> String {
    let (id, user) = (rows.id(), rows.agent(agent));
    let (state, seq) = if signed.frozen {
        ("frozen", rows.next.to_string())
    } else {
        ("closed", "null".to_owned())
    };
    let leave = LEAVES[signed.leave].map(text);
    rows.add(
        "attendance_records",
        &[
            ("id", id.clone()),
            ("on_day", on(n)),
            ("seat", text(&format!("Z{agent}"))),
            ("user_id", user),
            ("kind", text(KINDS[kind])),
            ("minutes", minutes.to_string()),
            ("whole_minutes", "480".to_owned()),
            ("late_minutes", "0".to_owned()),
            ("early_minutes", "0".to_owned()),
            ("findings", text("")),
            ("leave_kind", maybe(leave)),
            ("corrects_id", maybe(corrects)),
            ("state", text(state)),
            ("seq", seq),
            ("before_hash", text("")),
            ("hash", text("")),
            ("written_at", moment(0)),
        ],
    );
    id
}

fn people(rows: &mut Rows<'_>, told: &Fortnight) {
    let person = |rows: &mut Rows<'_>, hired: Option<i64>, left: Option<i64>| {
        let id = rows.id();
        rows.add(
            "staff",
            &[
                ("id", id.clone()),
                ("name", text("")),
                ("state", text("on_post")),
                ("passed", "true".to_owned()),
                ("hired_on", maybe(hired.map(on))),
                ("left_on", maybe(left.map(on))),
                ("created_at", moment(0)),
                ("updated_at", moment(0)),
                ("version", "1".to_owned()),
            ],
        );
        id
    };
    for (hired, left) in &told.staff {
        person(rows, *hired, *left);
    }
    for (n, (opens, held)) in told.posts.iter().enumerate() {
        let post = text(&format!("Z{}", n + 1));
        if let Some(opens) = opens {
            let line = format!(
                "update posts set opens_on = {} where id = {post}",
                on(*opens)
            );
            rows.lines.push(line);
        }
        for (from, days) in held {
            // Who only holds a post here was never hired: he is no part of the turnover.
            let (holder, id) = (person(rows, None, None), rows.id());
            rows.add(
                "post_holdings",
                &[
                    ("id", id),
                    ("post_id", post.clone()),
                    ("staff_id", holder),
                    ("from_day", on(*from)),
                    ("until_day", maybe(days.map(|days| on(from + days)))),
                ],
            );
        }
    }
    for minute in &told.leaks {
        let id = rows.id();
        let mut columns = vec![
            ("id", id),
            ("discovered_at", moment(*minute)),
            ("reported_at", moment(*minute)),
            ("updated_at", moment(*minute)),
            ("version", "1".to_owned()),
        ];
        for name in [
            "number",
            "title",
            "what",
            "discovered_side",
            "data_kinds",
            "state",
            "authority",
            "persons_told",
        ] {
            columns.push((name, text("")));
        }
        for name in ["open", "overdue", "step_overdue", "told_overdue", "told"] {
            columns.push((name, "false".to_owned()));
        }
        rows.add("leak_cases", &columns);
    }
}

fn learning(rows: &mut Rows<'_>, told: &Fortnight) {
    let (course, paper, sitting, by) = (rows.id(), rows.id(), rows.id(), rows.agent(0));
    let (now, one) = (moment(0), "1".to_owned());
    let common = [("created_by", by.clone()), ("created_at", now.clone())];
    let mut of_course = vec![("id", course.clone()), ("minutes", one.clone())];
    let words = ["number", "title", "description", "state"];
    of_course.extend(words.map(|name| (name, text(""))));
    of_course.extend(common.clone());
    of_course.extend([("updated_at", now.clone()), ("version", one.clone())]);
    rows.add("courses", &of_course);
    let mut of_paper = vec![("id", paper.clone()), ("n", one.clone())];
    of_paper.extend(["number", "title", "state"].map(|name| (name, text(""))));
    of_paper.extend(common.clone());
    of_paper.extend([("updated_at", now.clone()), ("version", one.clone())]);
    rows.add("papers", &of_paper);
    let mut of_sitting = vec![("id", sitting.clone()), ("paper_id", paper)];
    let words = ["number", "title", "purpose", "release"];
    of_sitting.extend(words.map(|name| (name, text(""))));
    of_sitting.extend(["opens_at", "closes_at"].map(|name| (name, now.clone())));
    let numbers = [
        "paper_n",
        "pass_percent",
        "minutes",
        "tries",
        "resit_after_hours",
        "resit_within_days",
        "questions",
        "total",
    ];
    of_sitting.extend(numbers.map(|name| (name, one.clone())));
    of_sitting.extend(common.clone());
    rows.add("exam_sittings", &of_sitting);
    for (minute, held, did) in &told.sessions {
        let id = rows.id();
        let state = if *held { "held" } else { "planned" };
        let mut columns = vec![
            ("id", id.clone()),
            ("course_id", course.clone()),
            ("state", text(state)),
            ("starts_at", moment(*minute)),
            ("minutes", one.clone()),
            ("teacher_id", by.clone()),
            ("updated_at", now.clone()),
            ("version", one.clone()),
        ];
        columns.extend(["course_title", "place", "note"].map(|name| (name, text(""))));
        columns.extend(common.clone());
        rows.add("training_sessions", &columns);
        for (agent, did) in did.iter().enumerate() {
            let who = rows.agent(agent);
            rows.add(
                "attendances",
                &[
                    ("session_id", id.clone()),
                    ("user_id", who),
                    ("state", text(ATTENDED[*did])),
                    ("minutes", one.clone()),
                    ("result", text("")),
                ],
            );
        }
    }
    for (n, (released, passed, agent)) in told.exams.iter().enumerate() {
        let (id, who) = (rows.id(), rows.agent(*agent));
        let mut columns = vec![
            ("id", id),
            ("sitting_id", sitting.clone()),
            ("user_id", who),
            ("try_no", (n + 1).to_string()),
            ("state", text("released")),
            ("passed", passed.to_string()),
            ("released_at", maybe(released.map(moment))),
            ("note", text("")),
        ];
        let times = ["opens_at", "closes_at", "created_at", "updated_at"];
        columns.extend(times.map(|name| (name, now.clone())));
        columns.extend(["by_timer", "missed", "next_begun"].map(|name| (name, "false".to_owned())));
        let numbers = ["total", "left_count", "left_seconds", "version"];
        columns.extend(numbers.map(|name| (name, one.clone())));
        rows.add("exam_attempts", &columns);
    }
}

/// When a version took effect, if it did.
pub(super) fn effective((from, fate, after): &Version) -> Option<i64> {
    // In force, being written, given up before it held, given up after.
    matches!(fate, 0 | 3).then(|| from.unwrap_or(0) + after)
}

fn articles(rows: &mut Rows<'_>, told: &Fortnight) {
    let (author, now) = (rows.agent(0), moment(-30 * DAY));
    for versions in &told.articles {
        let (article, number) = (rows.id(), rows.next);
        let mut columns = vec![
            ("id", article.clone()),
            ("number", text(&format!("A{number}"))),
            ("kind", text("article")),
            ("state", text("effective")),
            ("latest_n", (versions.len() + 1).to_string()),
            ("author_id", author.clone()),
            ("created_at", now.clone()),
            ("updated_at", now.clone()),
            ("version", "1".to_owned()),
        ];
        columns.extend(["matter_code", "tags", "title"].map(|name| (name, text(""))));
        columns.extend(["emergency", "due_for_review"].map(|name| (name, "false".to_owned())));
        rows.add("articles", &columns);
        let first = (None, 0, 0);
        for (n, version) in std::iter::once(&first).chain(versions).enumerate() {
            let change = rows.id();
            let state = ["effective", "draft", "withdrawn", "withdrawn"][version.1];
            let mut columns = vec![
                ("id", change.clone()),
                ("number", text(&format!("B{}", rows.next))),
                ("kind", text("article")),
                ("subject_id", article.clone()),
                ("n", (n + 1).to_string()),
                ("author_id", author.clone()),
                ("state", text(state)),
                ("reminders", "0".to_owned()),
                ("effective_at", maybe(effective(version).map(moment))),
                ("created_at", now.clone()),
                ("updated_at", now.clone()),
                ("version", "1".to_owned()),
            ];
            columns.extend(["subject_number", "title"].map(|name| (name, text(""))));
            let flags = ["waiting", "in_force", "emergency", "due_for_review"];
            columns.extend(flags.map(|name| (name, "false".to_owned())));
            rows.add("approvals", &columns);
            let mut columns = vec![
                ("article_id", article.clone()),
                ("n", (n + 1).to_string()),
                ("approval_id", change),
                ("valid_from", maybe(version.0.map(moment))),
                ("author_id", author.clone()),
                ("created_at", now.clone()),
                ("updated_at", now.clone()),
            ];
            let words = [
                "title",
                "question",
                "answer",
                "keywords",
                "source_no",
                "source_title",
            ];
            columns.extend(words.map(|name| (name, text(""))));
            rows.add("article_versions", &columns);
        }
    }
}
