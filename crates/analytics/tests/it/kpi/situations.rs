//! Each indicator in the situations that can touch it: passed on, across midnight, at night, on a holiday, nothing at all.

use std::sync::Arc;

use analytics::kpi::{Cut, Kpi, Period, figures};
use analytics::{Desk, Sampled};
use uuid::Uuid;

use crate::raw::{id, literal, sql};
use crate::world::{Call, Chat, Checked, Order, World, at, on_both, period};

/// K-01 to K-09 of the calls of a period: above and below the line.
async fn of_calls(world: &World, period: Period) -> Vec<(i64, i64)> {
    let found = figures(&world.desk, &Kpi::ALL[..9], period, &Cut::all()).await;
    let found = found.unwrap().into_iter();
    found
        .map(|figure| (figure.numerator, figure.denominator))
        .collect()
}

pub(super) fn one_day(day: &str) -> Period {
    period(day, day)
}

/// Answered after 12 s, of which 4 s of ringing; 240 s of talk, 60 s of hold, wrap-up of 30 s.
fn a_call(time: &str) -> Call {
    let mut call = Call::answered(at(time), 12, 300);
    call.hold = 60;
    call
}

/// What it gives in K-01 to K-09: answered, in 15 s, in 20 s, given up; wait, ring, talk, wrap-up, all of it in ms.
const GIVES: [(i64, i64); 9] = [
    (1, 1),
    (1, 1),
    (1, 1),
    (0, 1),
    (12_000, 1),
    (4_000, 1),
    (240_000, 1),
    (30_000, 1),
    // 240 + 60 + 30 s
    (330_000, 1),
];
const NOTHING: [(i64, i64); 9] = [(0, 0); 9];

#[tokio::test]
async fn a_call_that_was_passed_on_counts_once_in_k_01_to_k_09() {
    on_both(async |world| {
        let mut call = a_call("2026-11-24T02:00:00Z");
        call.agents = vec!["agent1", "agent2"];
        call.wrap_ups = vec![10, 20];
        let id = world.call(&call).await;
        world.count_all(&[id], &[]).await;
        // The wrap-ups of both are 30 s; all else is the call's.
        assert_eq!(of_calls(&world, one_day("2026-11-24")).await, GIVES);
    })
    .await;
}

#[tokio::test]
async fn a_call_across_midnight_counts_whole_on_the_day_it_came_in() {
    on_both(async |world| {
        // 23:59:50 in Guangzhou, answered at 00:00:02, over at 00:05:02.
        let id = world.call(&a_call("2026-11-23T15:59:50Z")).await;
        world.count_all(&[id], &[]).await;
        assert_eq!(of_calls(&world, one_day("2026-11-23")).await, GIVES);
        assert_eq!(of_calls(&world, one_day("2026-11-24")).await, NOTHING);
    })
    .await;
}

#[tokio::test]
async fn a_call_at_night_or_on_a_holiday_counts_as_any_other() {
    on_both(async |world| {
        // 02:30 on Wednesday, and 10:00 on National Day.
        let (night, holiday) = ("2026-11-24T18:30:00Z", "2026-10-01T02:00:00Z");
        let ids = [
            world.call(&a_call(night)).await,
            world.call(&a_call(holiday)).await,
        ];
        world.count_all(&ids, &[]).await;
        assert_eq!(of_calls(&world, one_day("2026-11-25")).await, GIVES);
        assert_eq!(of_calls(&world, one_day("2026-10-01")).await, GIVES);
        assert_eq!(of_calls(&world, one_day("2026-11-24")).await, NOTHING);
    })
    .await;
}

/// Accepted by agent1 after 30 s, answered after 50 s, satisfied.
fn a_chat(time: &str, requester: Uuid) -> Chat {
    Chat {
        at: at(time),
        channel: "web",
        requester,
        agent: Some("agent1"),
        accepted_after: Some(30),
        responded_after: Some(50),
        ended_after: Some(600),
        reason: Some("agent"),
        said: Some("satisfied"),
        ticket: None,
    }
}

#[tokio::test]
async fn conversations_messages_and_ratings_count_on_the_day_they_began() {
    on_both(async |world| {
        let who = world.requester("13900000001").await;
        // 23:59:50 on Monday, 03:00 on Wednesday, 10:00 on National Day; a message left on Monday at 23:59:59, answered
        // by its ticket at 00:30:59.
        let times = [
            "2026-11-23T15:59:50Z",
            "2026-11-24T19:00:00Z",
            "2026-10-01T02:00:00Z",
        ];
        let mut ids = Vec::new();
        for time in times {
            ids.push(world.chat(&a_chat(time, who)).await);
        }
        let left = at("2026-11-23T15:59:59Z");
        let mut order = Order::answered(
            who,
            left,
            at("2026-11-25T10:00:00Z"),
            at("2026-11-23T16:30:59Z"),
        );
        order.platform = "";
        let ticket = world.ticket(&order).await;
        let mut message = a_chat("2026-11-23T15:59:59Z", who);
        message.agent = None;
        message.accepted_after = None;
        message.responded_after = None;
        message.said = None;
        message.reason = Some("after_hours");
        message.ticket = Some(ticket);
        ids.push(world.chat(&message).await);
        world.count_all(&ids, &[ticket]).await;
        for day in ["2026-11-23", "2026-11-25", "2026-10-01"] {
            let of = one_day(day);
            assert_eq!(world.says(Kpi::K15, of).await, (50_000, 1, Some(50_000)));
            assert_eq!(world.says(Kpi::K16, of).await, (1, 1, Some(10_000)));
            assert_eq!(world.says(Kpi::K19, of).await, (1, 1, Some(10_000)));
        }
        // 31 minutes, on the day on which it was left.
        let told = world.says(Kpi::K17, one_day("2026-11-23")).await;
        assert_eq!(told, (1_860_000, 1, Some(1_860_000)));
        // The ticket was closed on Tuesday; nobody was asked about it.
        for kpi in [Kpi::K15, Kpi::K16, Kpi::K17, Kpi::K19] {
            assert_eq!(world.says(kpi, one_day("2026-11-24")).await, (0, 0, None));
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_passed_on_is_rated_and_resolved_for_who_answered_first() {
    on_both(async |world| {
        let who = world.requester("13900000001").await;
        // 23:59:50 on Monday; it came again on Tuesday night at 02:00, and was passed on each time.
        let mut ids = Vec::new();
        for time in ["2026-11-23T15:59:50Z", "2026-11-24T18:00:00Z"] {
            let mut call = a_call(time).about(who, "consult", "101");
            call.agents = vec!["agent2", "agent3"];
            call.wrap_ups = vec![10, 20];
            call.rating = Some(5);
            ids.push(world.call(&call).await);
        }
        world.count_all(&ids, &[]).await;
        let both = period("2026-11-23", "2026-11-25");
        let of = async |kpi, name| {
            let figure = world
                .figure(kpi, both, &Cut::of_person(world.id(name)))
                .await;
            (figure.numerator, figure.denominator)
        };
        // The first was repeated, the second not.
        assert_eq!(of(Kpi::K18, "agent2").await, (1, 2));
        assert_eq!(of(Kpi::K18, "agent3").await, (0, 0));
        assert_eq!(of(Kpi::K19, "agent2").await, (2, 2));
        assert_eq!(of(Kpi::K19, "agent3").await, (0, 0));
        assert_eq!(
            world.says(Kpi::K18, one_day("2026-11-23")).await,
            (0, 1, Some(0))
        );
        assert_eq!(
            world.says(Kpi::K18, one_day("2026-11-25")).await,
            (1, 1, Some(10_000))
        );
    })
    .await;
}

#[tokio::test]
async fn tickets_count_on_the_civil_days_on_which_they_came_were_due_and_closed() {
    on_both(async |world| {
        let who = world.requester("13900000001").await;
        // Came on Tuesday at 23:59:59, due on Wednesday at 00:00:00, answered and closed in that second: in time.
        let mut order = Order::answered(
            who,
            at("2026-11-24T15:59:59Z"),
            at("2026-11-24T16:00:00Z"),
            at("2026-11-24T16:00:00Z"),
        );
        order.returned = true;
        order.reopened = true;
        // One of National Day, due and closed on the first working day after it.
        let holiday = Order::answered(
            who,
            at("2026-10-01T02:00:00Z"),
            at("2026-10-08T10:00:00Z"),
            at("2026-10-08T10:00:01Z"),
        );
        let ids = [world.ticket(&order).await, world.ticket(&holiday).await];
        world.count_all(&[], &ids).await;
        let (tuesday, wednesday) = (one_day("2026-11-24"), one_day("2026-11-25"));
        assert_eq!(world.says(Kpi::K20, tuesday).await, (0, 0, None));
        assert_eq!(world.says(Kpi::K20, wednesday).await, (1, 1, Some(10_000)));
        assert_eq!(world.says(Kpi::K21, tuesday).await, (1, 1, Some(10_000)));
        assert_eq!(world.says(Kpi::K21, wednesday).await, (0, 0, None));
        assert_eq!(world.says(Kpi::K22, tuesday).await, (0, 0, None));
        assert_eq!(world.says(Kpi::K22, wednesday).await, (1, 1, Some(10_000)));
        assert_eq!(
            world.says(Kpi::K21, one_day("2026-10-01")).await,
            (0, 1, Some(0))
        );
        // A second late.
        assert_eq!(
            world.says(Kpi::K20, one_day("2026-10-08")).await,
            (0, 1, Some(0))
        );
        assert_eq!(
            world.says(Kpi::K22, one_day("2026-10-08")).await,
            (0, 1, Some(0))
        );
    })
    .await;
}

#[tokio::test]
async fn a_missed_call_counts_on_its_own_day_and_its_call_back_on_none() {
    on_both(async |world| {
        let callback = literal(&world, &id(1));
        let mut lines = vec![format!(
            "insert into callbacks (id, number, state, open, missed, first_missed_at, last_missed_at, warn_at, due_at, \
             warned, breached, attempts, in_time, updated_at, version) values ({callback}, '', 'reached', false, 2, \
             '2026-11-23T15:59:59+00:00', '2026-11-23T16:00:00+00:00', '2026-11-24T10:00:00+00:00', \
             '2026-11-24T10:00:00+00:00', false, false, 1, true, '2026-11-24T01:00:00+00:00', 1)"
        )];
        // At 23:59:59 on Monday, and a second later.
        for (n, time) in [(2, "2026-11-23T15:59:59"), (3, "2026-11-23T16:00:00")] {
            let work = literal(&world, &id(n));
            lines.push(format!(
                "insert into callback_calls (work_id, callback_id, missed_at) values ({work}, {callback}, '{time}+00:00')"
            ));
        }
        sql(&world, &lines).await;
        for day in ["2026-11-23", "2026-11-24"] {
            assert_eq!(world.says(Kpi::K10, one_day(day)).await, (1, 1, Some(10_000)));
        }
        assert_eq!(world.says(Kpi::K10, one_day("2026-11-25")).await, (0, 0, None));
    })
    .await;
}

#[tokio::test]
async fn sessions_and_exams_give_k_30() {
    on_both(async |world| {
        let of = |n: u32| literal(&world, &id(n));
        let people = ["agent1", "agent2", "agent3"]
            .map(|name| literal(&world, &world.id(name).to_string()));
        let then = "'2026-11-01T00:00:00+00:00'";
        let by = &people[0];
        let mut lines = vec![format!(
            "insert into courses (id, number, title, description, minutes, state, created_by, created_at, updated_at, \
             version) values ({}, 'C1', '', '', 60, 'active', {by}, {then}, {then}, 1)",
            of(1)
        )];
        // Held on Monday at 23:59:59; held on the weekend, as night work and holidays are; planned; none of Friday.
        let sessions = [
            (2, "held", "2026-11-23T15:59:59"),
            (3, "held", "2026-11-21T20:00:00"),
            (4, "planned", "2026-11-24T02:00:00"),
        ];
        // Two came and one did not; one came, one was excused, one is not judged; nobody of what is not held.
        let did = [
            ["attended", "attended", "absent"],
            ["attended", "excused", "planned"],
            ["attended", "attended", "attended"],
        ];
        for ((n, state, time), did) in sessions.iter().zip(did) {
            lines.push(format!(
                "insert into training_sessions (id, course_id, course_title, state, starts_at, minutes, place, teacher_id, \
                 note, created_by, created_at, updated_at, version) values ({}, {}, '', '{state}', '{time}+00:00', 60, '', \
                 {by}, '', {by}, {then}, {then}, 1)",
                of(*n),
                of(1)
            ));
            for (who, did) in people.iter().zip(did) {
                lines.push(format!(
                    "insert into attendances (session_id, user_id, state, minutes, result) values ({}, {who}, '{did}', 60, '')",
                    of(*n)
                ));
            }
        }
        lines.push(format!(
            "insert into papers (id, number, title, n, state, created_by, created_at, updated_at, version) values ({}, 'P1', \
             '', 1, 'active', {by}, {then}, {then}, 1)",
            of(5)
        ));
        lines.push(format!(
            "insert into exam_sittings (id, number, title, purpose, paper_id, paper_n, opens_at, closes_at, pass_percent, \
             minutes, tries, resit_after_hours, resit_within_days, questions, total, release, created_by, created_at) \
             values ({}, 'E1', '', '', {}, 1, {then}, {then}, 80, 60, 2, 0, 5, 10, 100, '', {by}, {then})",
            of(6),
            of(5)
        ));
        // Released on Monday: passed, failed, passed; not released yet.
        for (n, (passed, released)) in [
            ("true", "'2026-11-23T02:00:00+00:00'"),
            ("false", "'2026-11-23T02:00:00+00:00'"),
            ("true", "'2026-11-23T15:59:59+00:00'"),
            ("true", "null"),
        ]
        .iter()
        .enumerate()
        {
            let n = u32::try_from(n).unwrap();
            lines.push(format!(
                "insert into exam_attempts (id, sitting_id, user_id, try_no, state, opens_at, closes_at, by_timer, missed, \
                 total, passed, released_at, next_begun, note, left_count, left_seconds, created_at, updated_at, version) \
                 values ({}, {}, {by}, {n}, 'released', {then}, {then}, false, false, 100, {passed}, {released}, false, '', 0, \
                 0, {then}, {then}, 1)",
                of(10 + n),
                of(6)
            ));
        }
        sql(&world, &lines).await;
        let exams = async |of: Period| {
            let figure = world.figure(Kpi::K30, of, &Cut::all()).await;
            let beside = &figure.beside[0];
            (beside.numerator, beside.denominator, beside.value)
        };
        let monday = one_day("2026-11-23");
        assert_eq!(world.says(Kpi::K30, monday).await, (2, 3, Some(6_666)));
        assert_eq!(exams(monday).await, (2, 3, Some(6_666)));
        // 04:00 on Sunday.
        let sunday = one_day("2026-11-22");
        assert_eq!(world.says(Kpi::K30, sunday).await, (1, 1, Some(10_000)));
        assert_eq!(exams(sunday).await, (0, 0, None));
        assert_eq!(world.says(Kpi::K30, one_day("2026-11-24")).await, (0, 0, None));
        let third = Cut::of_person(world.id("agent3"));
        let figure = world.figure(Kpi::K30, monday, &third).await;
        assert_eq!((figure.numerator, figure.denominator), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_leak_counts_on_the_civil_day_it_was_discovered() {
    on_both(async |world| {
        let leak = literal(&world, &id(1));
        sql(&world, &[format!(
            "insert into leak_cases (id, number, title, what, discovered_at, discovered_side, data_kinds, state, open, overdue, \
             step_overdue, told_overdue, told, authority, persons_told, reported_at, updated_at, version) values ({leak}, 'L1', \
             '', '', '2026-10-01T15:59:59+00:00', '', '', '', true, false, false, false, false, '', '', \
             '2026-10-01T16:00:00+00:00', '2026-10-01T16:00:00+00:00', 1)"
        )])
        .await;
        // At 23:59:59 on National Day; what the checks say beside it is two and one on any day.
        let holiday = world.figure(Kpi::K31, one_day("2026-10-01"), &Cut::all()).await;
        assert_eq!((holiday.value, holiday.beside[0].numerator), (Some(4), 1));
        let next = world.figure(Kpi::K31, one_day("2026-10-02"), &Cut::all()).await;
        assert_eq!((next.value, next.beside[0].numerator), (Some(3), 0));
    })
    .await;
}

#[tokio::test]
async fn a_holiday_is_no_working_day_of_k_28_but_a_day_of_k_29() {
    on_both(async |world| {
        let (staff, left, holding) = (
            literal(&world, &id(1)),
            literal(&world, &id(2)),
            literal(&world, &id(3)),
        );
        let then = "'2026-01-01T00:00:00+00:00'";
        let lines = [
            "update posts set opens_on = '2026-09-01' where id = 'Z1'".to_owned(),
            // Not to be held before the Saturday that is worked: who has it before fills no other post.
            "update posts set opens_on = '2026-10-10' where id = 'Z2'".to_owned(),
            format!(
                "insert into staff (id, name, state, passed, hired_on, left_on, created_at, updated_at, version) values \
                 ({staff}, '', 'on_post', true, '2026-01-01', null, {then}, {then}, 1), \
                 ({left}, '', 'left', true, '2026-01-01', '2026-10-03', {then}, {then}, 1)"
            ),
            format!(
                "insert into post_holdings (id, post_id, staff_id, from_day) values ({holding}, 'Z2', {staff}, '2026-09-01')"
            ),
        ];
        sql(&world, &lines).await;
        // 1 to 7 October are off; 8, 9 and Saturday the 10th are worked: Z1 is vacant on three, Z2 is held on one.
        let holiday = period("2026-10-01", "2026-10-07");
        assert_eq!(world.says(Kpi::K28, holiday).await, (0, 0, None));
        let both = period("2026-10-01", "2026-10-11");
        assert_eq!(world.says(Kpi::K28, both).await, (1, 4, Some(2_500)));
        // One left on 3 October; two were there at the beginning, one at the end: 730 / (3 × 7).
        assert_eq!(world.says(Kpi::K29, holiday).await, (730, 21, Some(347_619)));
    })
    .await;
}

#[tokio::test]
async fn an_empty_period_says_nothing_of_any_indicator() {
    on_both(async |world| {
        let desk = Desk {
            app: (*world.app).clone(),
            samples: Arc::new(Checked(Some(Sampled::default()))),
        };
        for empty in [one_day("2026-11-24"), period("2026-11-01", "2026-11-30")] {
            let told = figures(&desk, Kpi::ALL, empty, &Cut::all()).await.unwrap();
            for figure in told {
                // Nothing grave is what is asked for, and no lack of data.
                let none = (figure.kpi == Kpi::K31).then_some(0);
                assert_eq!(figure.value, none, "{:?}", figure.kpi);
                assert!(figure.beside.iter().all(|one| one.value.unwrap_or(0) == 0));
            }
        }
    })
    .await;
}
