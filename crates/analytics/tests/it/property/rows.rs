//! A random fortnight of what is rare: missed calls, hours at the seat, people, training, checks, knowledge. What a
//! figure says is counted anew from what was invented, minute by minute and day by day, never from the rows.

use std::sync::Arc;

use analytics::kpi::{Cut, Kpi, Period};
use analytics::{Answered, Desk, Grave, Sampled, Samples};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use futures::future::BoxFuture;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::{AGENTS, Counted, drawn};
use crate::raw::{id, literal, sql};
use crate::world::{World, at, day, on_both, period};

/// What this file counts anew.
pub const COUNTED: [Kpi; 13] = [
    Kpi::K10,
    Kpi::K11,
    Kpi::K12,
    Kpi::K13,
    Kpi::K14,
    Kpi::K23,
    Kpi::K24,
    Kpi::K25,
    Kpi::K28,
    Kpi::K29,
    Kpi::K30,
    Kpi::K31,
    Kpi::K32,
];

/// From Monday, 28 September, to Sunday, 11 October 2026: the national holiday is in it, and a Saturday that is worked.
const DAYS: i64 = 14;
const DAY: i64 = 1_440;
/// The working days among them, and the three after, counted from the first day.
const WORKED: [i64; 9] = [0, 1, 2, 10, 11, 12, 14, 15, 16];
const MINUTE_MS: i64 = 60_000;
const STATES: [&str; 6] = ["ready", "talking", "held", "wrap_up", "break", "signed_out"];
/// A shift by its code, and its minutes of the day before and after lunch.
const SHIFTS: [(&str, [(i64, i64); 2]); 3] = [
    ("whole_day", [(510, 720), (810, 1_080)]),
    ("lunch_early", [(510, 690), (780, 1_080)]),
    ("lunch_late", [(510, 780), (870, 1_080)]),
];

/// Midnight of the first day in Guangzhou.
fn begin() -> DateTime<Utc> {
    at("2026-09-27T16:00:00Z")
}

fn first() -> NaiveDate {
    day("2026-09-28")
}

fn date(n: i64) -> NaiveDate {
    if n < 0 {
        first() - Days::new(n.unsigned_abs())
    } else {
        first() + Days::new(n.unsigned_abs())
    }
}

fn moment(minute: i64) -> String {
    let time = begin() + TimeDelta::minutes(minute);
    format!("'{}'", time.format("%Y-%m-%dT%H:%M:%S+00:00"))
}

/// The days of a period, counted from the first one.
fn days_of(period: Period) -> std::ops::RangeInclusive<i64> {
    (period.from - first()).num_days()..=(period.to - first()).num_days()
}

/// A call-back: minute of the first missed call, minutes to each of the others, what became of it.
#[derive(Debug, Clone)]
struct Missed {
    first: i64,
    later: Vec<i64>,
    fate: usize,
}

/// What became of a call-back: its state, in time, whether its term is over.
const FATES: [(&str, Option<bool>, bool); 6] = [
    ("reached", Some(true), true),
    ("unreached", Some(false), true),
    ("open", None, true),
    ("open", None, false),
    ("no_number", None, true),
    ("called_in", None, true),
];

/// How somebody's day was signed.
#[derive(Debug, Clone)]
struct Signed {
    kind: usize,
    minutes: i64,
    leave: usize,
    /// As it was corrected afterwards.
    corrected: Option<(usize, i64)>,
    frozen: bool,
}

const KINDS: [&str; 3] = ["present", "absent", "leave"];
const LEAVES: [Option<&str>; 3] = [None, Some("personal"), Some("annual")];

/// A shift of somebody's day, with the leave he has: none, the morning, the afternoon, the day; approved or not.
#[derive(Debug, Clone)]
struct Shift {
    code: usize,
    leave: usize,
    approved: bool,
}

#[derive(Debug, Clone)]
struct Check {
    minute: i64,
    agent: usize,
    contact: usize,
    fatal: [bool; 3],
    marks: bool,
    /// It was answered, and cited what held.
    answer: Option<bool>,
}

/// An upheld complaint: minute, agent, contact.
type Complaint = (i64, usize, usize);

/// A version of an article after the first: from when it holds, what became of it, after how many minutes.
type Version = (Option<i64>, usize, i64);

/// The first day on which somebody held a post, and for how many more; none: he still does.
type Holding = (i64, Option<i64>);

#[derive(Debug, Clone)]
struct Fortnight {
    missed: Vec<Missed>,
    /// Of each agent and day the changes of state, by minute of the day.
    states: Vec<Vec<Vec<(i64, usize)>>>,
    shifts: Vec<Vec<Option<Shift>>>,
    signed: Vec<Vec<Option<Signed>>>,
    checks: Vec<Check>,
    complaints: Vec<Complaint>,
    leaks: Vec<i64>,
    /// Of each post the day it opens, and who held it: first day, days.
    posts: Vec<(Option<i64>, Vec<Holding>)>,
    /// Of each person the day he came and the day he left.
    staff: Vec<(Option<i64>, Option<i64>)>,
    /// Of each session its minute, whether it was held, and what each agent did.
    sessions: Vec<(i64, bool, [usize; 3])>,
    /// Of each exam the minute of its release, whether it was passed, whose.
    exams: Vec<(Option<i64>, bool, usize)>,
    articles: Vec<Vec<Version>>,
}

const ATTENDED: [&str; 4] = ["planned", "attended", "absent", "excused"];

fn fortnight() -> impl Strategy<Value = Fortnight> {
    let of_all = DAYS * DAY;
    let minute = 0..of_all;
    let missed = (minute.clone(), vec(1..600_i64, 0..3), 0..FATES.len())
        .prop_map(|(first, later, fate)| Missed { first, later, fate });
    // Nobody is in one state for more than a day.
    let states = vec(vec(vec((0..DAY, 0..STATES.len()), 1..7), 14), 3);
    let shift = (0..3_usize, 0..4_usize, any::<bool>()).prop_map(|(code, leave, approved)| Shift {
        code,
        leave,
        approved,
    });
    let signed = (
        0..3_usize,
        0..481_i64,
        0..3_usize,
        option::weighted(0.2, (0..3_usize, 0..481_i64)),
        proptest::bool::weighted(0.9),
    )
        .prop_map(|(kind, minutes, leave, corrected, frozen)| Signed {
            kind,
            minutes,
            leave,
            corrected,
            frozen,
        });
    let check = (
        (minute.clone(), 0..3_usize, 0..12_usize),
        (
            proptest::array::uniform3(proptest::bool::weighted(0.2)),
            any::<bool>(),
            option::of(any::<bool>()),
        ),
    )
        .prop_map(|((minute, agent, contact), (fatal, marks, answer))| Check {
            minute,
            agent,
            contact,
            fatal,
            marks,
            answer,
        });
    let post = (
        option::of(-10..DAYS),
        vec((-10..DAYS, option::of(0..10_i64)), 0..3),
    );
    let person = (
        option::weighted(0.9, -30..DAYS),
        option::weighted(0.3, 0..20_i64),
    )
        .prop_map(|(hired, stayed)| (hired, hired.zip(stayed).map(|(on, days)| on + days)));
    let session = (
        minute.clone(),
        any::<bool>(),
        proptest::array::uniform3(0..4_usize),
    );
    let exam = (option::of(minute.clone()), any::<bool>(), 0..3_usize);
    let version = (
        option::weighted(0.8, (0..20_i64).prop_map(|n| n * 997 + 1)),
        0..4_usize,
        0..4_000_i64,
    );
    (
        (
            vec(missed, 0..12),
            states,
            vec(vec(option::of(shift), 14), 3),
            vec(vec(option::of(signed), 14), 3),
        ),
        (
            vec(check, 0..25),
            vec((minute.clone(), 0..3_usize, 0..12_usize), 0..6),
            vec(minute, 0..4),
        ),
        (
            vec(post, 4),
            vec(person, 0..9),
            vec(session, 0..6),
            vec(exam, 0..8),
            vec(vec(version, 0..4), 0..6),
        ),
    )
        .prop_map(|(seats, grave, rest)| {
            let (missed, states, shifts, signed) = seats;
            let (checks, complaints, leaks) = grave;
            let (posts, staff, sessions, exams, articles) = rest;
            Fortnight {
                missed,
                states,
                shifts,
                signed,
                checks,
                // Of one contact one complaint.
                complaints: once(complaints),
                leaks,
                posts,
                staff,
                sessions,
                exams,
                articles,
            }
        })
}

fn once(all: Vec<Complaint>) -> Vec<Complaint> {
    let mut kept: Vec<Complaint> = Vec::new();
    for one in all {
        if kept.iter().all(|other| other.2 != one.2) {
            kept.push(one);
        }
    }
    kept
}

/// Knows the checks that were invented.
struct Invented {
    told: Fortnight,
    people: Vec<Uuid>,
}

impl Invented {
    /// Whether a minute lies in the period, and the person is meant.
    fn meant(&self, period: Period, person: Option<Uuid>, minute: i64, agent: usize) -> bool {
        let when = begin() + TimeDelta::minutes(minute);
        let his = person.is_none_or(|person| person == self.people[agent]);
        period.begins() <= when && when < period.ends() && his
    }

    fn grave(&self, period: Period, person: Option<Uuid>) -> Grave {
        let is_fatal = |check: &&Check| check.fatal.contains(&true);
        let mut told = Grave::default();
        for check in self.told.checks.iter().filter(is_fatal) {
            let mut complaints = self.told.complaints.iter();
            let known = complaints
                .any(|(minute, _, contact)| *contact == check.contact && *minute < check.minute);
            let meant = self.meant(period, person, check.minute, check.agent);
            told.errors += i64::from(meant && !known);
        }
        for (minute, agent, contact) in &self.told.complaints {
            let mut checks = self.told.checks.iter().filter(is_fatal);
            let known = checks.any(|check| check.contact == *contact && check.minute <= *minute);
            let meant = self.meant(period, person, *minute, *agent);
            told.complaints += i64::from(meant && !known);
        }
        told
    }
}

impl Samples for Invented {
    fn sampled<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, kernel::Result<Option<Sampled>>> {
        let mut told = Sampled::default();
        for check in &self.told.checks {
            if !self.meant(period, cut.person, check.minute, check.agent) {
                continue;
            }
            let [business, customer, compliance] = check.fatal.map(i64::from);
            let fatal = check.fatal.contains(&true);
            told.samples += 1;
            told.passed += i64::from(!fatal && check.marks);
            told.fatal += i64::from(fatal);
            told.fatal_business += business;
            told.fatal_customer += customer;
            told.fatal_compliance += compliance;
        }
        Box::pin(async move { Ok(Some(told)) })
    }

    fn answered<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, kernel::Result<Option<Answered>>> {
        let mut told = Answered::default();
        for check in &self.told.checks {
            if self.meant(period, cut.person, check.minute, check.agent) {
                told.answers += i64::from(check.answer.is_some());
                told.cited += i64::from(check.answer == Some(true));
            }
        }
        Box::pin(async move { Ok(Some(told)) })
    }

    fn grave(
        &self,
        period: Period,
        person: Option<Uuid>,
    ) -> BoxFuture<'_, kernel::Result<Option<Grave>>> {
        let told = self.grave(period, person);
        Box::pin(async move { Ok(Some(told)) })
    }
}

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

async fn write(world: &World, told: &Fortnight) {
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
fn calls_of(one: &Missed) -> Vec<i64> {
    let mut minutes = vec![one.first];
    for later in &one.later {
        minutes.push(minutes[minutes.len() - 1] + later);
    }
    minutes
}

/// The state of each agent in each minute; nothing before the first. He signs out with the last day.
fn by_minute(told: &Fortnight) -> Vec<Vec<Option<&'static str>>> {
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

fn by_day<T>(of: &[Vec<Option<T>>]) -> impl Iterator<Item = (usize, i64, &T)> {
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
fn effective((from, fate, after): &Version) -> Option<i64> {
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

/// Counts the fortnight anew: the days of a period, of all or of one agent.
fn counted(told: &Fortnight, period: Period, agent: Option<usize>) -> Vec<Counted> {
    let days = days_of(period);
    let within = |minute: i64| days.contains(&minute.div_euclid(DAY));
    let his = |one: usize| agent.is_none_or(|agent| agent == one);
    let minutes = by_minute(told);
    let mut all = hours_counted(told, &minutes, (&days, &his));
    if agent.is_none() {
        let (mut called, mut owed) = (0, 0);
        for one in &told.missed {
            let (state, in_time, over) = FATES[one.fate];
            if in_time.is_none() && !(state == "open" && over) {
                continue;
            }
            let many = calls_of(one).into_iter().filter(|minute| within(*minute));
            let many = many.count() as i64;
            owed += many;
            called += if in_time == Some(true) { many } else { 0 };
        }
        all.push(Counted::new(Kpi::K10, called, owed));
        all.extend(people_counted(told, period));
        all.push(articles_counted(told, &within));
    }
    let (mut came, mut planned, mut passed, mut taken) = (0, 0, 0, 0);
    for (minute, held, did) in &told.sessions {
        let of = did.iter().enumerate().filter(|(n, _)| his(*n));
        for (_, did) in of.filter(|_| *held && within(*minute)) {
            came += i64::from(ATTENDED[*did] == "attended");
            planned += i64::from(matches!(ATTENDED[*did], "attended" | "absent"));
        }
    }
    for (released, good, agent) in &told.exams {
        if released.is_some_and(within) && his(*agent) {
            taken += 1;
            passed += i64::from(*good);
        }
    }
    all.push(Counted::new(Kpi::K30, came, planned).beside("exams_passed", passed, taken));
    let (mut samples, mut good, mut fatal, mut kinds) = (0, 0, 0, [0; 3]);
    let (mut answers, mut cited) = (0, 0);
    for check in &told.checks {
        if !within(check.minute) || !his(check.agent) {
            continue;
        }
        samples += 1;
        if check.fatal == [false; 3] {
            good += i64::from(check.marks);
        } else {
            fatal += 1;
        }
        for (kind, is) in kinds.iter_mut().zip(check.fatal) {
            *kind += i64::from(is);
        }
        if let Some(held) = check.answer {
            answers += 1;
            cited += i64::from(held);
        }
    }
    all.push(Counted::new(Kpi::K23, good, samples));
    let of_fatal = Counted::new(Kpi::K24, fatal, samples)
        .beside("business", kinds[0], samples)
        .beside("customer", kinds[1], samples);
    all.push(of_fatal.beside("compliance", kinds[2], samples));
    all.push(Counted::new(Kpi::K25, cited, answers));
    all.push(grave_counted(told, (&within, &his), agent.is_none()));
    all
}

type Within<'a> = &'a dyn Fn(i64) -> bool;
type His<'a> = &'a dyn Fn(usize) -> bool;

fn hours_counted(
    told: &Fortnight,
    minutes: &[Vec<Option<&str>>],
    (days, his): (&std::ops::RangeInclusive<i64>, His<'_>),
) -> Vec<Counted> {
    let on_duty = |state: Option<&str>| !matches!(state, None | Some("signed_out" | "break"));
    let (mut busy, mut ready, mut kept, mut due) = (0, 0, 0, 0);
    let (mut at_work, mut paid, mut worked, mut whole) = (0, 0, 0, 0);
    for (agent, states) in minutes.iter().enumerate().filter(|(n, _)| his(*n)) {
        for n in days.clone().filter(|n| (0..DAYS).contains(n)) {
            let at = usize::try_from(n).unwrap();
            let mut hours_paid = 0;
            if let Some(signed) = told.signed[agent][at].as_ref().filter(|one| one.frozen) {
                let (kind, minutes) = signed.corrected.unwrap_or((signed.kind, signed.minutes));
                hours_paid = match (KINDS[kind], LEAVES[signed.leave]) {
                    ("absent", _) => 0,
                    (_, Some("personal")) => minutes,
                    _ => 480,
                };
                if KINDS[kind] != "leave" && LEAVES[signed.leave].is_none() {
                    worked += minutes;
                    whole += 480;
                }
            }
            paid += hours_paid;
            // September's roster was never published.
            let shift = told.shifts[agent][at].as_ref().filter(|_| n >= 3);
            for minute in 0..DAY {
                let state = states[at * 1_440 + usize::try_from(minute).unwrap()];
                busy += i64::from(matches!(state, Some("talking" | "held" | "wrap_up")));
                ready += i64::from(state == Some("ready"));
                at_work += i64::from(hours_paid > 0 && on_duty(state));
                let planned = shift.is_some_and(|shift| {
                    let away = match shift.leave {
                        _ if !shift.approved => false,
                        1 => minute < 720,
                        2 => minute >= 720,
                        3 => true,
                        _ => false,
                    };
                    let spans = SHIFTS[shift.code].1;
                    !away
                        && spans
                            .iter()
                            .any(|(from, to)| (*from..*to).contains(&minute))
                });
                due += i64::from(planned);
                kept += i64::from(planned && on_duty(state));
            }
        }
    }
    let at_work = if paid == 0 { 0 } else { at_work };
    vec![
        Counted::new(Kpi::K11, busy * MINUTE_MS, (busy + ready) * MINUTE_MS),
        Counted::new(Kpi::K12, at_work * MINUTE_MS, paid * MINUTE_MS),
        Counted::new(Kpi::K13, kept * MINUTE_MS, due * MINUTE_MS),
        Counted::new(Kpi::K14, worked * MINUTE_MS, whole * MINUTE_MS),
    ]
}

fn people_counted(told: &Fortnight, period: Period) -> Vec<Counted> {
    let days = days_of(period);
    let (mut held, mut planned) = (0, 0);
    for n in days.clone().filter(|n| WORKED.contains(n)) {
        for (opens, holders) in &told.posts {
            if opens.is_none_or(|opens| opens > n) {
                continue;
            }
            planned += 1;
            let held_by =
                |(from, days): &Holding| *from <= n && days.is_none_or(|days| n <= from + days);
            held += i64::from(holders.iter().any(held_by));
        }
    }
    let (first, last) = (*days.start(), *days.end());
    let (mut leavers, mut begin, mut end) = (0, 0, 0);
    for (hired, left) in &told.staff {
        let Some(hired) = hired else { continue };
        let there = |n: i64| *hired <= n && left.is_none_or(|left| n <= left);
        leavers += i64::from(left.is_some_and(|left| days.contains(&left)));
        begin += i64::from(there(first));
        end += i64::from(there(last));
    }
    let turnover = Counted::new(Kpi::K29, leavers * 730, (begin + end) * (last - first + 1));
    vec![
        Counted::new(Kpi::K28, held, planned),
        turnover.count("leavers", leavers),
    ]
}

/// Events one by one: who told of a contact first is counted, whoever tells of it again is not.
fn grave_counted(told: &Fortnight, (within, his): (Within<'_>, His<'_>), all: bool) -> Counted {
    let leaks = told.leaks.iter().filter(|minute| all && within(**minute));
    let leaks = leaks.count() as i64;
    let (mut errors, mut complaints) = (0, 0);
    for contact in 0..12 {
        let fatal = |one: &&Check| one.contact == contact && one.fatal.contains(&true);
        let complained = told.complaints.iter().find(|one| one.2 == contact);
        let samples: Vec<&Check> = told.checks.iter().filter(fatal).collect();
        let earliest = samples.iter().map(|one| one.minute).min();
        for one in samples {
            let first = complained.is_none_or(|complained| one.minute <= complained.0);
            errors += i64::from(first && within(one.minute) && his(one.agent));
        }
        if let Some((minute, agent, _)) = complained {
            let first = earliest.is_none_or(|earliest| *minute < earliest);
            complaints += i64::from(first && within(*minute) && his(*agent));
        }
    }
    Counted::new(Kpi::K31, leaks + errors + complaints, 1)
        .count("leaks", leaks)
        .count("grave_errors", errors)
        .count("upheld_complaints", complaints)
}

fn articles_counted(told: &Fortnight, within: Within<'_>) -> Counted {
    let (mut in_time, mut all) = (0, 0);
    for versions in &told.articles {
        let mut stood: Option<i64> = None;
        for version in versions {
            if version.1 == 2 {
                continue;
            }
            let before = std::mem::replace(&mut stood, version.0);
            let Some(from) = version.0.filter(|from| before != Some(*from)) else {
                continue;
            };
            if !within(from) {
                continue;
            }
            // The day on which it is received: what comes on a day off, or after 18:00, on the next that is worked.
            let (on, late) = (from.div_euclid(DAY), from.rem_euclid(DAY) > 1_080);
            let worked = |n: &i64| *n >= on && WORKED.contains(n) && !(*n == on && late);
            let received = (0..20).find(worked).unwrap();
            let next = (received + 1..20).find(|n| WORKED.contains(n)).unwrap();
            let due = next * DAY + 1_080;
            all += 1;
            in_time += i64::from(effective(version).is_some_and(|at| at <= due));
        }
    }
    Counted::new(Kpi::K32, in_time, all)
}

async fn compare(world: &World, told: &Fortnight, (period, agent): (Period, Option<usize>)) {
    let desk = Desk {
        app: (*world.app).clone(),
        samples: Arc::new(Invented {
            told: told.clone(),
            people: AGENTS.iter().map(|name| world.id(name)).collect(),
        }),
    };
    let cut = agent.map_or_else(Cut::all, |agent| Cut::of_person(world.id(AGENTS[agent])));
    let all = counted(told, period, agent);
    let kpis: Vec<Kpi> = all.iter().map(|one| one.kpi).collect();
    let found = analytics::kpi::figures(&desk, &kpis, period, &cut).await;
    for (figure, counted) in found.unwrap().iter().zip(all) {
        counted.is(figure, &format!("{period:?} {agent:?}"));
    }
}

#[tokio::test]
async fn random_fortnights_of_what_is_rare_give_what_a_slow_recount_gives() {
    on_both(async |world| {
        let stories = drawn(&fortnight(), 4);
        let all = period("2026-09-28", "2026-10-11");
        for told in &stories {
            write(&world, told).await;
            compare(&world, told, (all, None)).await;
            for agent in 0..AGENTS.len() {
                compare(&world, told, (all, Some(agent))).await;
            }
            for day in all.each() {
                compare(&world, told, (Period::day(day), None)).await;
            }
        }
        let told: Vec<Kpi> = counted(&stories[0], all, None)
            .iter()
            .map(|one| one.kpi)
            .collect();
        for kpi in COUNTED {
            assert!(told.contains(&kpi), "{kpi:?}");
        }
        numbers_once(&world, &stories, all).await;
    })
    .await;
}

/// K-10 by its other variant: the calls of one number once, on the day of the first.
async fn numbers_once(world: &World, stories: &[Fortnight], all: Period) {
    let agreed = "insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values \
                  ('kpi_variant', 'k10', '2026-09-01T00:00:00+00:00', '2026-09-01T00:00:00+00:00', null, 'agreed', \
                  '{\"kpi\":\"k10\",\"variant\":\"numbers\"}')";
    sql(world, &[agreed]).await;
    for told in stories {
        write(world, told).await;
        let mut sums = (0, 0);
        for one in &told.missed {
            let (state, in_time, over) = FATES[one.fate];
            sums.0 += i64::from(in_time == Some(true));
            sums.1 += i64::from(in_time.is_some() || (state == "open" && over));
        }
        let figure = world.figure(Kpi::K10, all, &Cut::all()).await;
        assert_eq!((figure.numerator, figure.denominator), sums);
    }
}
