//! Who is where he should be: what is due, what is done, for how long they differ, how much of the day they agreed.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;
use workforce::adherence::{
    AdherenceDeviation, AdherenceDoing, AdherenceDuty, Standing, Stretch, stand,
};
use workforce::attendance::Hours;

use crate::world::on_both;

const ME: Uuid = Uuid::from_u128(1);

/// A moment of the 23rd of November 2026 in Guangzhou.
fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-11-23T{clock}:00+08:00").parse().unwrap()
}

fn hours() -> Hours {
    vec![(at("08:30"), at("12:00")), (at("13:30"), at("18:00"))]
}

fn did(doing: AdherenceDoing, from: &str, until: Option<&str>) -> Stretch {
    Stretch {
        user_id: ME,
        doing,
        from: at(from),
        until: until.map(at),
    }
}

fn standing(stretches: &[Stretch], now: &str) -> Standing {
    stand(&hours(), stretches, at(now))
}

#[test]
fn who_works_in_his_hours_deviates_by_nothing() {
    let stretches = [
        did(AdherenceDoing::Work, "08:25", Some("10:00")),
        did(AdherenceDoing::Ordered, "10:00", Some("10:30")),
        did(AdherenceDoing::Work, "10:30", None),
    ];
    let me = standing(&stretches, "11:30");
    assert_eq!(
        (me.duty, me.doing, me.deviation),
        (AdherenceDuty::Work, AdherenceDoing::Work, None)
    );
    assert_eq!((me.planned_minutes, me.kept_minutes), (180, 180));
    assert_eq!(me.adherence_bp(), Some(10_000));
    assert_eq!(me.duty_until, Some(at("12:00")));
}

#[test]
fn who_has_not_come_is_missing_since_his_hours_began() {
    let me = standing(&[], "08:42");
    assert_eq!(me.deviation, Some((AdherenceDeviation::Missing, 12)));
    assert_eq!(AdherenceDeviation::Missing.sign(), -1);
    assert_eq!(me.adherence_bp(), Some(0));
}

#[test]
fn who_went_away_is_missing_since_he_went() {
    let me = standing(
        &[did(AdherenceDoing::Work, "08:30", Some("10:00"))],
        "10:25",
    );
    assert_eq!(me.deviation, Some((AdherenceDeviation::Missing, 25)));
    assert_eq!((me.planned_minutes, me.kept_minutes), (115, 90));
    assert_eq!(me.adherence_bp(), Some(7_826));
}

#[test]
fn a_break_within_his_hours_counts_against_him_while_it_lasts() {
    let stretches = [
        did(AdherenceDoing::Work, "08:30", Some("10:00")),
        did(AdherenceDoing::Paused, "10:00", None),
    ];
    assert_eq!(
        standing(&stretches, "10:08").deviation,
        Some((AdherenceDeviation::Pausing, 8))
    );
}

#[test]
fn who_works_through_lunch_or_after_his_hours_does_more_than_agreed() {
    let stretches = [did(AdherenceDoing::Work, "08:30", None)];
    let lunch = standing(&stretches, "12:20");
    assert_eq!(
        (lunch.duty, lunch.duty_until),
        (AdherenceDuty::Lunch, Some(at("13:30")))
    );
    assert_eq!(lunch.deviation, Some((AdherenceDeviation::AtLunch, 20)));
    let after = standing(&stretches, "18:30");
    assert_eq!((after.duty, after.duty_until), (AdherenceDuty::Off, None));
    assert_eq!(after.deviation, Some((AdherenceDeviation::Extra, 30)));
    assert_eq!(AdherenceDeviation::Extra.sign(), 1);
    // What is beyond his hours makes up for nothing within them.
    assert_eq!((after.planned_minutes, after.kept_minutes), (480, 480));
}

#[test]
fn before_his_hours_nothing_is_measured() {
    let me = standing(&[], "08:00");
    assert_eq!(
        (me.duty, me.deviation, me.adherence_bp()),
        (AdherenceDuty::Off, None, None)
    );
    assert_eq!(me.duty_until, Some(at("08:30")));
}

proptest! {
    #[test]
    fn nobody_keeps_more_than_he_owes(cuts in prop::collection::vec((0_i64..700, 0_usize..4), 0..12), now in 0_i64..900) {
        let begin = at("07:00");
        let mut cuts: Vec<(i64, usize)> = cuts;
        cuts.sort_unstable();
        let mut stretches: Vec<Stretch> = Vec::new();
        for (minute, kind) in cuts {
            let moment = begin + TimeDelta::minutes(minute);
            if let Some(last) = stretches.last_mut() {
                last.until.get_or_insert(moment);
            }
            let doing = [AdherenceDoing::Away, AdherenceDoing::Work, AdherenceDoing::Paused, AdherenceDoing::Ordered][kind];
            if doing != AdherenceDoing::Away {
                stretches.push(Stretch { user_id: ME, doing, from: moment, until: None });
            }
        }
        let now = begin + TimeDelta::minutes(now);
        stretches.retain(|one| one.from <= now);
        let me = stand(&hours(), &stretches, now);
        prop_assert!(me.kept_minutes <= me.planned_minutes);
        prop_assert!((0..=480).contains(&me.planned_minutes));
        prop_assert!(me.deviation.is_none_or(|(_, minutes)| minutes >= 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_shows_who_deviates_first() {
    on_both(async |world| {
        // Monday, ten o'clock: five posts are held.
        for agent in ["agent1", "agent2", "agent3", "agent4"] {
            let stretch = Stretch {
                user_id: world.id(agent),
                ..did(AdherenceDoing::Work, "08:30", None)
            };
            world.room.stretches.lock().unwrap().push(stretch);
        }
        let board = world.read("lead", "/api/v1/adherence").await;
        assert_eq!(board["source"], "service_hours");
        let items = board["items"].as_array().unwrap();
        assert_eq!(items.len(), 5, "{board}");
        assert_eq!(items[0]["user"]["staff_no"], "805");
        assert_eq!(items[0]["deviation"], "missing");
        assert_eq!(items[0]["deviation_minutes"], -90);
        assert_eq!(
            (&items[0]["noticeable"], &board["noticeable"]),
            (&json!(true), &json!(1))
        );
        assert_eq!(board["adherence_bp"], 8_000);
    })
    .await;
}
