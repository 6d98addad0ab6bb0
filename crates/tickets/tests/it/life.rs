//! The life of a ticket under random orders of actions, and the rules of domain B.3 one by one.

use calendar::{
    Calendar, DeadlineRule, Limit, ServiceClock, ServiceHours, YearCalendar, YearNotice,
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tickets::ticket::clock::{Alarm, Clock, ClockChange};
use tickets::ticket::life::{
    Action, Asked, Case, Done, Moment, Refusal, Rules, Satisfaction, State,
};
use uuid::Uuid;

const AGENTS: u128 = 3;

fn service() -> ServiceClock {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = YearCalendar::from_notice(&notice).unwrap();
    ServiceClock::new(Calendar::new(vec![year]), ServiceHours::default())
}

fn at(text: &str) -> DateTime<Utc> {
    format!("{}:00+08:00", text.replace(' ', "T"))
        .parse()
        .unwrap()
}

fn rules(sign_off: bool) -> Rules {
    Rules {
        limit: DeadlineRule::working_days("consult", 2),
        sign: DeadlineRule::working_days("sign", 1),
        returns: 1,
        extensions: 1,
        reopenings: 1,
        attempts: 3,
        transfer_minutes: 10,
        sign_off,
        revisit: true,
    }
}

fn person(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn action() -> impl Strategy<Value = Action> {
    let who = (0..AGENTS).prop_map(person);
    let limit = prop_oneof![
        (0..4u16).prop_map(Limit::WorkingDays),
        Just(Limit::ClockMinutes(60))
    ];
    prop_oneof![
        prop::sample::select(vec![
            Action::Open,
            Action::Void,
            Action::Edit,
            Action::Sign,
            Action::AskReturn,
            Action::AcceptTransfer,
            Action::RefuseTransfer,
            Action::LetTransferFall,
            Action::Suspend,
            Action::Resume,
            Action::Urge,
            Action::Reply,
            Action::Approve,
            Action::SendBack,
            Action::Close,
            Action::Reopen,
            Action::Reject,
            Action::Merge,
            Action::Rate,
            Action::Archive,
        ]),
        limit.prop_map(Action::AskExtension),
        any::<bool>().prop_map(|granted| Action::Decide { granted }),
        who.clone().prop_map(|to| Action::Reassign { to }),
        who.prop_map(|to| Action::OfferTransfer { to }),
        prop::sample::select(Satisfaction::ALL).prop_map(Action::Revisit),
        Just(Action::Supervise {
            until: at("2026-12-31 18:00")
        }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(Action, u128, i64)>> {
    prop::collection::vec((action(), 0..AGENTS, 0..1_500i64), 0..60)
}

/// Every action that could come next, by somebody.
fn allowed(case: &Case, moment: &Moment<'_>) -> usize {
    let tries = [
        Action::Open,
        Action::Sign,
        Action::Resume,
        Action::Reply,
        Action::Approve,
        Action::SendBack,
        Action::Revisit(Satisfaction::Satisfied),
        Action::Decide { granted: true },
    ];
    let people = (0..AGENTS).map(person).chain([case.owner]);
    people
        .flat_map(|by| tries.iter().map(move |action| (by, action)))
        .filter(|(by, action)| case.next(action, &Moment { by: *by, ..*moment }).is_ok())
        .count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn a_ticket_never_stands_without_owner_clock_or_next_step(
        platform: bool, sign_off: bool, steps in steps()
    ) {
        let (service, rules) = (service(), rules(sign_off));
        let mut now = at("2026-11-23 10:00");
        let moment = |by: u128, now| Moment { by: person(by), now, service: &service, rules: &rules, covers: false };
        let (mut case, mut history) = if platform {
            let Done { case, clock } = Case::dispatched(person(0), now, &moment(0, now));
            (case, Vec::from_iter(clock))
        } else {
            (Case::draft(person(0)), Vec::new())
        };
        let first = case.first_owner;
        for (action, by, minutes) in steps {
            now += TimeDelta::minutes(minutes);
            let before = case.clone();
            let Ok(done) = case.next(&action, &moment(by, now)) else { continue };
            history.extend(done.clock);
            case = done.case;

            prop_assert_eq!(case.clock.clone(), Clock::of(&history, &service), "the due time follows from its history");
            prop_assert_eq!(case.ended_at.is_some(), !case.state.is_open());
            if case.state.is_open() && case.state != State::Draft {
                let clock = case.clock.as_ref().expect("an open ticket has a clock");
                prop_assert_eq!(clock.paused_at.is_some(), case.state == State::Suspended);
                prop_assert!(allowed(&case, &moment(0, now)) > 0, "{case:?} has no next step");
            }
            prop_assert_eq!(case.first_owner.is_none(), case.state == State::PendingSign
                || (before.first_owner.is_none() && case.first_owner.is_none()));
            if before.first_owner.is_some() {
                prop_assert_eq!(before.first_owner, case.first_owner, "the first owner never changes");
            }
            if case.transfer.is_some() {
                prop_assert_eq!(case.owner, before.owner, "who offers a transfer stays the owner");
            }
            if sign_off && case.state == State::Replied && before.state != State::Replied {
                prop_assert_eq!(&action, &Action::Approve, "no answer leaves without its sign-off");
                prop_assert_ne!(person(by), case.owner);
            }
            prop_assert!(case.extensions <= rules.extensions && case.returns <= rules.returns);
        }
        if !platform { prop_assert_eq!(first, case.first_owner); }
    }

    #[test]
    fn a_pause_gives_back_exactly_the_service_time_it_took(start in 0..20_000i64, pause in 0..3_000i64, length in 0..9_000i64) {
        let service = service();
        let begin = at("2026-01-05 00:00") + TimeDelta::minutes(start);
        let clock = Clock::start(DeadlineRule::working_days("r", 10), begin, &service);
        let paused = begin + TimeDelta::minutes(pause);
        prop_assume!(paused < clock.due_at);
        let left = service.between(paused, clock.due_at);
        let resumed = paused + TimeDelta::minutes(length);
        let after = clock
            .after(&ClockChange::Paused { at: paused }, &service)
            .after(&ClockChange::Resumed { at: resumed }, &service);
        prop_assert_eq!(service.between(resumed, after.due_at), left);
    }

    #[test]
    fn the_signs_come_in_order_and_none_twice(start in 0..40_000i64) {
        let service = service();
        let begin = at("2026-01-05 00:00") + TimeDelta::minutes(start);
        let clock = Clock::start(DeadlineRule::working_days("r", 2), begin, &service);
        let (mut told, mut signs) = (begin, Vec::new());
        for _ in 0..5 {
            let (at, alarm) = clock.next_alarm(told, &service).unwrap();
            prop_assert!(at > told);
            signs.push(alarm);
            told = at;
        }
        prop_assert_eq!(signs, vec![Alarm::Half, Alarm::MostUsed, Alarm::Due, Alarm::Overdue, Alarm::Overdue]);
    }
}

struct Desk {
    service: ServiceClock,
    rules: Rules,
    now: DateTime<Utc>,
    case: Case,
}

impl Desk {
    fn dispatched(sign_off: bool) -> Self {
        let (service, rules) = (service(), rules(sign_off));
        let now = at("2026-11-23 10:00");
        let moment = Moment {
            by: person(9),
            now,
            service: &service,
            rules: &rules,
            covers: false,
        };
        let case = Case::dispatched(person(1), now, &moment).case;
        Self {
            service,
            rules,
            now,
            case,
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "an action is written where it is done"
    )]
    fn act(&mut self, by: u128, action: Action) -> Result<(), Refusal> {
        let moment = Moment {
            by: person(by),
            now: self.now,
            service: &self.service,
            rules: &self.rules,
            covers: false,
        };
        self.case = self.case.next(&action, &moment)?.case;
        Ok(())
    }

    fn due(&self) -> DateTime<Utc> {
        self.case.clock.as_ref().unwrap().due_at
    }
}

#[test]
fn who_signs_first_is_the_first_owner_for_good() {
    let mut desk = Desk::dispatched(false);
    assert_eq!(desk.due(), at("2026-11-25 18:00"));
    desk.act(2, Action::Sign).unwrap();
    desk.act(9, Action::Reassign { to: person(1) }).unwrap();
    assert_eq!(desk.case.first_owner, Some(person(2)));
    assert_eq!(desk.case.owner, person(1));
}

#[test]
fn a_transfer_needs_its_receiver_and_falls_back_in_time() {
    let mut desk = Desk::dispatched(false);
    desk.act(2, Action::Sign).unwrap();
    assert_eq!(
        desk.act(1, Action::OfferTransfer { to: person(1) }),
        Err(Refusal::NotTheOwner)
    );
    desk.act(2, Action::OfferTransfer { to: person(1) })
        .unwrap();
    assert_eq!(desk.case.owner, person(2));
    assert_eq!(
        desk.act(0, Action::AcceptTransfer),
        Err(Refusal::NotTheReceiver)
    );
    desk.now += TimeDelta::minutes(10);
    assert_eq!(desk.act(1, Action::AcceptTransfer), Err(Refusal::TooLate));
    desk.act(9, Action::LetTransferFall).unwrap();
    assert_eq!(desk.case.owner, person(2));
    desk.act(2, Action::OfferTransfer { to: person(1) })
        .unwrap();
    desk.act(1, Action::AcceptTransfer).unwrap();
    assert_eq!(desk.case.owner, person(1));
}

#[test]
fn a_complaint_leaves_only_with_somebody_elses_sign_off() {
    let mut desk = Desk::dispatched(true);
    desk.act(2, Action::Sign).unwrap();
    assert_eq!(desk.act(2, Action::Close), Err(Refusal::SignOffNeeded));
    desk.act(2, Action::Reply).unwrap();
    assert_eq!(desk.case.state, State::PendingReview);
    assert_eq!(desk.act(2, Action::Approve), Err(Refusal::OwnAnswer));
    desk.act(7, Action::SendBack).unwrap();
    desk.act(2, Action::Reply).unwrap();
    desk.act(7, Action::Approve).unwrap();
    assert_eq!(desk.case.state, State::Replied);
}

#[test]
fn an_extension_is_asked_before_the_limit_once_and_at_most_doubles_it() {
    let mut desk = Desk::dispatched(false);
    desk.act(2, Action::Sign).unwrap();
    let ask = |days| Action::AskExtension(Limit::WorkingDays(days));
    assert_eq!(desk.act(2, ask(3)), Err(Refusal::TooLong));
    desk.act(2, ask(2)).unwrap();
    assert_eq!(desk.act(2, Action::Reply), Err(Refusal::Undecided));
    desk.act(9, Action::Decide { granted: true }).unwrap();
    assert_eq!(desk.due(), at("2026-11-27 18:00"));
    assert_eq!(desk.act(2, ask(1)), Err(Refusal::TooOften));
    assert_eq!(desk.case.asked, None::<Asked>);

    let mut late = Desk::dispatched(false);
    late.act(2, Action::Sign).unwrap();
    late.now = at("2026-11-26 09:00");
    assert_eq!(late.act(2, ask(1)), Err(Refusal::TooLate));
}

#[test]
fn a_granted_return_ends_it_and_a_refused_one_leaves_it_where_it_was() {
    let mut desk = Desk::dispatched(false);
    desk.act(2, Action::Sign).unwrap();
    desk.act(2, Action::AskReturn).unwrap();
    desk.act(9, Action::Decide { granted: false }).unwrap();
    assert_eq!(desk.case.state, State::InHandling);
    assert_eq!(desk.act(2, Action::AskReturn), Err(Refusal::TooOften));

    let mut desk = Desk::dispatched(false);
    desk.act(1, Action::AskReturn).unwrap();
    desk.act(9, Action::Decide { granted: true }).unwrap();
    assert_eq!(desk.case.state, State::Returned);
    assert_eq!(
        desk.act(1, Action::Sign),
        Err(Refusal::Ended(State::Returned))
    );
}

#[test]
fn dissatisfaction_opens_it_anew_once_with_half_the_limit_and_is_supervised_after_that() {
    let mut desk = Desk::dispatched(false);
    desk.act(2, Action::Sign).unwrap();
    desk.act(2, Action::Reply).unwrap();
    desk.now = at("2026-11-24 09:00");
    let visit = |said| Action::Revisit(said);
    desk.act(9, visit(Satisfaction::Dissatisfied)).unwrap();
    assert_eq!(desk.case.state, State::InHandling);
    assert_eq!(desk.due(), at("2026-11-25 18:00"));
    desk.act(2, Action::Reply).unwrap();
    assert_eq!(
        desk.act(9, Action::Close),
        Err(Refusal::NotNow(State::Replied))
    );
    desk.act(9, visit(Satisfaction::Dissatisfied)).unwrap();
    assert_eq!(desk.case.state, State::Replied);
    assert!(desk.case.supervised_until.is_some());
    desk.act(9, Action::Close).unwrap();
    assert_eq!(desk.case.state, State::Closed);
}

#[test]
fn three_calls_that_reach_nobody_end_the_revisit() {
    let mut desk = Desk::dispatched(false);
    desk.act(2, Action::Sign).unwrap();
    desk.act(2, Action::Reply).unwrap();
    for _ in 0..2 {
        desk.act(9, Action::Revisit(Satisfaction::Unreached))
            .unwrap();
        assert_eq!(desk.case.state, State::Replied);
    }
    desk.act(9, Action::Revisit(Satisfaction::Unreached))
        .unwrap();
    assert_eq!(desk.case.state, State::Closed);
}

#[test]
fn the_clock_stands_while_the_requester_has_to_add_something() {
    let mut desk = Desk::dispatched(false);
    desk.act(2, Action::Sign).unwrap();
    desk.act(2, Action::Suspend).unwrap();
    let clock = desk.case.clock.clone().unwrap();
    assert_eq!(clock.next_alarm(desk.now, &desk.service), None);
    desk.now = at("2026-11-25 10:00");
    desk.act(2, Action::Resume).unwrap();
    assert_eq!(desk.due(), at("2026-11-27 18:00"));
}
