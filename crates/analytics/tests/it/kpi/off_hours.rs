//! K-10 to K-14, K-31 and K-32 at night, about midnight and on a holiday, by hand.

use analytics::kpi::{Cut, Kpi};

use super::rare::{MINUTE, articles, change, record};
use super::situations::one_day;
use crate::raw::{id, literal, sql};
use crate::world::on_both;

#[tokio::test]
async fn a_call_missed_at_night_counts_on_the_day_that_has_begun() {
    on_both(async |world| {
        let (callback, work) = (literal(&world, &id(1)), literal(&world, &id(2)));
        // 02:30 on Wednesday, which is Tuesday by the clock of Greenwich; called back on Wednesday.
        let lines = [
            format!(
                "insert into callbacks (id, number, state, open, missed, first_missed_at, last_missed_at, warn_at, due_at, \
                 warned, breached, attempts, in_time, updated_at, version) values ({callback}, '', 'reached', false, 1, \
                 '2026-11-24T18:30:00+00:00', '2026-11-24T18:30:00+00:00', '2026-11-26T10:00:00+00:00', \
                 '2026-11-26T10:00:00+00:00', false, false, 1, true, '2026-11-25T01:00:00+00:00', 1)"
            ),
            format!(
                "insert into callback_calls (work_id, callback_id, missed_at) values ({work}, {callback}, \
                 '2026-11-24T18:30:00+00:00')"
            ),
        ];
        sql(&world, &lines).await;
        let wednesday = world.says(Kpi::K10, one_day("2026-11-25")).await;
        assert_eq!(wednesday, (1, 1, Some(10_000)));
        assert_eq!(world.says(Kpi::K10, one_day("2026-11-24")).await, (0, 0, None));
    })
    .await;
}

#[tokio::test]
async fn a_holiday_that_somebody_worked_counts_in_k_11_k_12_and_k_14() {
    on_both(async |world| {
        // National Day, signed as a whole day: signed in from 08:30 to 17:30, an hour of it ready, an hour talking, the rest
        // a break but for the last hour, which was talking again.
        let lines = [
            change(&world, 1, "2026-10-01T00:30:00+00:00", "ready"),
            change(&world, 2, "2026-10-01T01:30:00+00:00", "talking"),
            change(&world, 3, "2026-10-01T02:30:00+00:00", "break"),
            change(&world, 4, "2026-10-01T08:30:00+00:00", "talking"),
            change(&world, 5, "2026-10-01T09:30:00+00:00", "signed_out"),
            record(&world, 1, ("agent1", "2026-10-01"), ("present", 480)),
        ];
        sql(&world, &lines).await;
        let day = one_day("2026-10-01");
        let occupied = world.says(Kpi::K11, day).await;
        assert_eq!(occupied, (120 * MINUTE, 180 * MINUTE, Some(6_666)));
        // A break is not worked: three hours of eight that are paid.
        let used = world.says(Kpi::K12, day).await;
        assert_eq!(used, (180 * MINUTE, 480 * MINUTE, Some(3_750)));
        let kept = world.says(Kpi::K14, day).await;
        assert_eq!(kept, (480 * MINUTE, 480 * MINUTE, Some(10_000)));
        for kpi in [Kpi::K11, Kpi::K12, Kpi::K14] {
            assert_eq!(world.says(kpi, one_day("2026-10-02")).await, (0, 0, None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_leak_found_at_night_counts_on_the_day_that_has_begun() {
    on_both(async |world| {
        let leak = literal(&world, &id(1));
        sql(&world, &[format!(
            "insert into leak_cases (id, number, title, what, discovered_at, discovered_side, data_kinds, state, open, overdue, \
             step_overdue, told_overdue, told, authority, persons_told, reported_at, updated_at, version) values ({leak}, 'L1', \
             '', '', '2026-11-24T18:30:00+00:00', '', '', '', true, false, false, false, false, '', '', \
             '2026-11-25T01:00:00+00:00', '2026-11-25T01:00:00+00:00', 1)"
        )])
        .await;
        let leaks = async |day| {
            let figure = world.figure(Kpi::K31, one_day(day), &Cut::all()).await;
            figure.beside[0].numerator
        };
        assert_eq!((leaks("2026-11-24").await, leaks("2026-11-25").await), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn a_policy_of_the_night_is_due_after_the_working_day_that_follows() {
    on_both(async |world| {
        // From 23:59:59 on Tuesday, from midnight, from 02:30 on Wednesday: each is received on Wednesday and due on Thursday
        // at 18:00.
        let since = [
            (
                1,
                2,
                "'2026-11-24T15:59:59+00:00'",
                ("effective", "'2026-11-26T10:00:00+00:00'"),
            ),
            (
                2,
                2,
                "'2026-11-24T16:00:00+00:00'",
                ("effective", "'2026-11-26T10:00:01+00:00'"),
            ),
            (
                3,
                2,
                "'2026-11-24T18:30:00+00:00'",
                ("effective", "'2026-11-26T10:00:00+00:00'"),
            ),
        ];
        articles(&world, 3, &since).await;
        assert_eq!(
            world.says(Kpi::K32, one_day("2026-11-24")).await,
            (1, 1, Some(10_000))
        );
        assert_eq!(
            world.says(Kpi::K32, one_day("2026-11-25")).await,
            (1, 2, Some(5_000))
        );
    })
    .await;
}
