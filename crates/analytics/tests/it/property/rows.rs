//! A random fortnight of what is rare: missed calls, hours at the seat, people, training, checks, knowledge. What a
//! figure says is counted anew from what was invented, minute by minute and day by day, never from the rows.

mod counted;
mod written;

use std::sync::Arc;

use analytics::kpi::{Cut, Kpi, Period};
use analytics::{Answered, Desk, Grave, Sampled, Samples};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use futures::future::BoxFuture;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use counted::counted;
use written::write;

use super::{AGENTS, drawn};
use crate::raw::sql;
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
