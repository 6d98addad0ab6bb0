//! Every state machine of this crate under the same test, and its diagram in the README.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use calendar::ServiceClock;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Role;
use kernel::machine::Moment;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use testing::diagram::{drawn, is_drawn};
use tickets::escalation::{Ladder, Level};
use tickets::ticket::life;
use tickets::{contact, emergency, escalation, incident, instruction};
use uuid::Uuid;

use crate::cases::{self, minutes, monday_10};

type Step<C> = Box<dyn Fn(&C, DateTime<Utc>) -> Option<C>>;
type Alarm<C> = fn(&C) -> Option<DateTime<Utc>>;

/// A machine as these tests see it.
struct Machine<C> {
    /// Its heading in the README.
    name: &'static str,
    /// What it can begin as.
    starts: Vec<C>,
    state: fn(&C) -> &'static str,
    is_open: fn(&C) -> bool,
    /// When its own timer acts; none where another clock is asked.
    alarm_at: Option<Alarm<C>>,
    /// What leads on, by name.
    onward: Vec<(&'static str, Step<C>)>,
    /// What may happen besides: `lapsed` is silence.
    besides: Vec<(&'static str, Step<C>)>,
    /// What a step may never do.
    never: fn(&C, &C) -> bool,
}

static SERVICE: LazyLock<ServiceClock> = LazyLock::new(cases::service);

const LAPSED: &str = "lapsed";

impl<C: Clone + Debug> Machine<C> {
    fn steps(&self) -> impl Iterator<Item = &(&'static str, Step<C>)> {
        self.onward.iter().chain(&self.besides)
    }

    fn lapse(&self, case: &C, at: DateTime<Utc>) -> Option<C> {
        let (_, lapse) = self.besides.iter().find(|(name, _)| *name == LAPSED)?;
        lapse(case, at)
    }

    /// An open case has a clock and a next step, silence leads on, and what is over takes no step of those.
    fn holds(&self) {
        let walk = (
            0..self.starts.len(),
            prop::collection::vec((0..self.steps().count(), 0i64..2_000), 0..50),
        );
        TestRunner::default()
            .run(&walk, |(start, walk)| {
                let mut case = self.starts[start].clone();
                let mut now = monday_10();
                for (step, later) in walk {
                    now += TimeDelta::minutes(later);
                    let (name, step) = self.steps().nth(step).unwrap();
                    if let Some(after) = step(&case, now) {
                        prop_assert!(
                            !(self.never)(&case, &after),
                            "{name}: {case:?} -> {after:?}"
                        );
                        case = after;
                    }
                    let leads_on = self
                        .onward
                        .iter()
                        .any(|(_, step)| step(&case, now).is_some());
                    let open = (self.is_open)(&case);
                    prop_assert!(!open || leads_on, "{case:?} has no next step");
                    let Some(alarm_at) = self.alarm_at else {
                        continue;
                    };
                    let alarm = alarm_at(&case);
                    prop_assert_eq!(open, alarm.is_some(), "{:?}", case);
                    if let Some(alarm) = alarm {
                        let then = alarm.max(now);
                        let told = self.lapse(&case, then);
                        let next = told.as_ref().and_then(alarm_at);
                        prop_assert!(
                            next.is_some_and(|next| next > then || next > alarm),
                            "the timer comes to rest: {case:?}"
                        );
                    }
                }
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// The edges between states that any walk takes, with what takes them.
    fn edges(&self) -> BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>> {
        /// Enough for the small machines to the last case, and for every edge of the others.
        const CASES: usize = 4_000;
        let (mut edges, mut seen) = (BTreeMap::<_, BTreeSet<_>>::new(), HashSet::new());
        let mut reached: Vec<(C, DateTime<Utc>)> = self
            .starts
            .iter()
            .map(|case| (case.clone(), monday_10()))
            .collect();
        let mut at = 0;
        while at < reached.len() && reached.len() < CASES {
            let (case, now) = reached[at].clone();
            at += 1;
            let alarm = self.alarm_at.and_then(|alarm_at| alarm_at(&case));
            for then in BTreeSet::from([now, alarm.unwrap_or(now).max(now)]) {
                for (name, step) in self.steps() {
                    let Some(after) = step(&case, then) else {
                        continue;
                    };
                    let (from, to) = ((self.state)(&case), (self.state)(&after));
                    if from != to {
                        edges.entry((from, to)).or_default().insert(*name);
                    }
                    if seen.insert(timeless(&after)) {
                        reached.push((after, then));
                    }
                }
            }
        }
        edges
    }

    fn diagram(&self) -> String {
        let starts: Vec<&str> = self.starts.iter().map(self.state).collect();
        drawn(&starts, &self.edges())
    }

    /// The README draws the machine as it is; `make schema` draws it anew.
    fn is_drawn(&self) {
        is_drawn(env!("CARGO_MANIFEST_DIR"), self.name, &self.diagram());
    }
}

/// A case without its times: two that differ in nothing else lead to the same edges.
fn timeless(case: &impl Debug) -> String {
    let text = format!("{case:?}");
    let kept = text
        .split([' ', '(', ')', ',', '{', '}'])
        .filter(|word| !word.starts_with("202"));
    kept.collect::<Vec<_>>().join(" ")
}

fn step<C>(step: impl Fn(&C, DateTime<Utc>) -> Option<C> + 'static) -> Step<C> {
    Box::new(step)
}

fn ladder() -> Ladder {
    let roles = [
        Role::ShiftLead,
        Role::OpsManager,
        Role::PurchaserBusiness,
        Role::PurchaserAdmin,
    ];
    let levels = roles.into_iter().zip(1..).map(|(role, level)| Level {
        level,
        role,
        rule: minutes(u32::from(level) * 30),
    });
    Ladder {
        levels: levels.collect(),
        close: minutes(450),
    }
}

/// The steps of a machine in the form of `kernel::machine`, under these rules.
fn steps<C: 'static, A: 'static, R: 'static, E: 'static>(
    next: fn(&C, &A, &Moment<'_, R>) -> Result<C, E>,
    rules: fn() -> R,
) -> impl Fn(A) -> Step<C> {
    move |action| step(move |case: &C, now| next(case, &action, &at(now, &rules())).ok())
}

fn at<R>(now: DateTime<Utc>, rules: &R) -> Moment<'_, R> {
    Moment {
        now,
        service: &SERVICE,
        rules,
    }
}

fn escalations() -> Machine<escalation::Case> {
    use escalation::{Action, Case};
    let does = steps(Case::next, ladder);
    let starts = (1..=4).map(|level| Case::raised(level, &at(monday_10(), &ladder())));
    Machine {
        name: "Escalation",
        starts: starts.collect(),
        state: |case| case.state.as_str(),
        is_open: Case::is_open,
        alarm_at: Some(|case| case.due_at),
        onward: vec![
            ("answered", does(Action::Answer { rank: 4 })),
            ("closed", does(Action::Close)),
        ],
        besides: vec![
            ("answered", does(Action::Answer { rank: 2 })),
            ("promoted", does(Action::Promote)),
            (LAPSED, does(Action::Lapse)),
        ],
        // It never goes down.
        never: |before, after| after.level < before.level,
    }
}

fn instructions() -> Machine<instruction::Case> {
    use instruction::{Action, Case, Kind, State, Terms};
    fn terms() -> Terms {
        Terms {
            submit: minutes(450),
            reply: minutes(900),
            receipt: minutes(900),
            close: minutes(2_000),
        }
    }
    let does = steps(Case::next, terms);
    let kinds = [Kind::InstructionRequest, Kind::Report];
    Machine {
        name: "Instruction and report",
        starts: kinds
            .map(|kind| Case::draft(kind, &at(monday_10(), &terms())))
            .to_vec(),
        state: |case| case.state.as_str(),
        is_open: Case::is_open,
        alarm_at: Some(|case| case.alarm_at),
        onward: vec![
            ("submitted", does(Action::Submit)),
            ("returned", does(Action::Return)),
            ("replied", does(Action::Reply)),
            ("received", does(Action::Receive)),
            ("closed", does(Action::Close)),
        ],
        besides: vec![
            ("edited", does(Action::Edit)),
            (LAPSED, does(Action::Lapse)),
        ],
        // A report is not replied to, a request is not done with its receipt.
        never: |_, after| match after.kind {
            Kind::InstructionRequest => after.state == State::Received,
            Kind::Report => after.state == State::Replied,
        },
    }
}

fn emergencies() -> Machine<emergency::Case> {
    use emergency::{Action, Case, Terms};
    fn terms() -> Terms {
        Terms {
            arrival: minutes(1),
            follow_up: minutes(120),
            reminder: minutes(30),
        }
    }
    let does = steps(Case::next, terms);
    Machine {
        name: "Emergency",
        starts: vec![Case::raised(&at(monday_10(), &terms()))],
        state: |case| case.state.as_str(),
        is_open: Case::is_open,
        alarm_at: Some(|case| case.alarm_at),
        onward: vec![
            ("followed_up", does(Action::FollowUp)),
            ("closed", does(Action::Close)),
        ],
        besides: vec![(LAPSED, does(Action::Lapse))],
        never: |before, after| after.reports < before.reports,
    }
}

fn incidents() -> Machine<incident::Case> {
    use incident::{Action, Case, Terms};
    fn terms() -> Terms {
        Terms {
            review: minutes(120),
            closing: minutes(10),
        }
    }
    let does = steps(Case::next, terms);
    Machine {
        name: "Incident",
        starts: vec![Case::declared(&at(monday_10(), &terms()))],
        state: |case| case.state.as_str(),
        is_open: Case::is_open,
        alarm_at: Some(|case| case.due_at),
        onward: vec![
            ("closing", does(Action::Close)),
            ("closed", does(Action::Finish)),
        ],
        besides: vec![
            ("changed", does(Action::Review)),
            ("linked", does(Action::Link)),
            (LAPSED, does(Action::Lapse)),
        ],
        never: |before, after| before.state > after.state,
    }
}

fn contacts() -> Machine<(contact::State, bool)> {
    use contact::{Action, State};
    let does = |action: Action| {
        step(move |(state, answered): &(State, bool), _| {
            state
                .next(action, *answered)
                .ok()
                .map(|next| (next, *answered))
        })
    };
    Machine {
        name: "Contact record",
        starts: vec![(State::Draft, true), (State::Draft, false)],
        state: |(state, _)| state.as_str(),
        is_open: |(state, _)| matches!(state, State::Draft | State::Owed),
        // The wrap-up of the floor is its clock.
        alarm_at: None,
        onward: vec![
            ("completed", does(Action::Complete)),
            ("missed", does(Action::Miss)),
        ],
        besides: vec![
            ("saved", does(Action::Save)),
            ("owed", does(Action::RunOut)),
        ],
        // A debt is paid or stays.
        never: |(before, _), (after, _)| *before == State::Owed && *after == State::Draft,
    }
}

fn lives() -> Machine<life::Case> {
    use life::{Action, Case, Rules, Satisfaction};
    const OWNER: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);
    fn rules(sign_off: bool) -> Rules {
        Rules {
            limit: minutes(900),
            sign: minutes(450),
            returns: 1,
            extensions: 1,
            reopenings: 1,
            attempts: 2,
            transfer_minutes: 10,
            sign_off,
            revisit: true,
        }
    }
    fn does(by: Uuid, sign_off: bool, action: Action) -> Step<Case> {
        step(move |case: &Case, now| {
            let rules = rules(sign_off);
            let moment = life::Moment {
                by,
                now,
                service: &SERVICE,
                rules: &rules,
                covers: false,
            };
            case.next(&action, &moment).ok().map(|done| done.case)
        })
    }
    let both = |name: &'static str, by: Uuid, action: &Action| {
        [false, true].map(|sign_off| (name, does(by, sign_off, action.clone())))
    };
    let leads_on = [
        (OWNER, Action::Open),
        (OWNER, Action::Sign),
        (OTHER, Action::Sign),
        (OWNER, Action::Resume),
        (OWNER, Action::Reply),
        (OTHER, Action::Reply),
        (OTHER, Action::Approve),
        (OWNER, Action::Approve),
        (OTHER, Action::SendBack),
        (OWNER, Action::SendBack),
        (OTHER, Action::Revisit(Satisfaction::Satisfied)),
        (OTHER, Action::Decide { granted: true }),
    ];
    let may_happen = [
        (OWNER, Action::Void),
        (OWNER, Action::Edit),
        (OWNER, Action::AskReturn),
        (OTHER, Action::Decide { granted: false }),
        (OTHER, Action::Reassign { to: OTHER }),
        (OWNER, Action::OfferTransfer { to: OTHER }),
        (OTHER, Action::AcceptTransfer),
        (OTHER, Action::RefuseTransfer),
        (OTHER, Action::LetTransferFall),
        (OWNER, Action::Suspend),
        (OTHER, Action::Suspend),
        (OTHER, Action::Urge),
        (OTHER, Action::Revisit(Satisfaction::Dissatisfied)),
        (OTHER, Action::Revisit(Satisfaction::Unreached)),
        (OWNER, Action::Close),
        (OTHER, Action::Close),
        (OTHER, Action::Reopen),
        (OTHER, Action::Reject),
        (OTHER, Action::Merge),
        (OTHER, Action::Rate),
        (OTHER, Action::Archive),
    ];
    let all = |tries: &[(Uuid, Action)]| {
        tries
            .iter()
            .flat_map(|(by, action)| both(action.code(), *by, action))
            .collect()
    };
    let rules = rules(false);
    let moment = life::Moment {
        by: OWNER,
        now: monday_10(),
        service: &SERVICE,
        rules: &rules,
        covers: false,
    };
    Machine {
        name: "Life of a ticket",
        starts: vec![
            Case::draft(OWNER),
            Case::dispatched(OWNER, monday_10(), &moment).case,
        ],
        state: |case| case.state.as_str(),
        is_open: |case| case.state.is_open(),
        // Its signs are of several kinds; `life.rs` tests them.
        alarm_at: None,
        onward: all(&leads_on),
        besides: all(&may_happen),
        // The first owner, once there is one, is for good.
        never: |before, after| {
            before.first_owner.is_some() && before.first_owner != after.first_owner
        },
    }
}

#[test]
fn an_open_case_has_a_clock_and_a_next_step() {
    escalations().holds();
    instructions().holds();
    emergencies().holds();
    incidents().holds();
    contacts().holds();
    lives().holds();
}

#[test]
fn the_readme_draws_each_machine_as_it_is() {
    escalations().is_drawn();
    instructions().is_drawn();
    emergencies().is_drawn();
    incidents().is_drawn();
    contacts().is_drawn();
    lives().is_drawn();
}
