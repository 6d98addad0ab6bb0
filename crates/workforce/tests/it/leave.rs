//! Leave: asked for in half days, decided, seen on the roster and on the sheet of the day; compensatory leave is earned.

use chrono::NaiveDate;
use serde_json::{Value, json};
use workforce::leave::LeaveSpan;
use workforce::shift::DayPart;

use crate::rosters::{published, shift_of};
use crate::world::on_both;

const LEAVE: &str = "/api/v1/leave-requests";
const MONTH: &str = "/api/v1/rosters/2026-12";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn leave_is_cut_at_noon_and_two_halves_of_a_day_do_not_overlap() {
    let of = |from: &str, from_noon: bool, to: &str, to_noon: bool| LeaveSpan {
        from: day(from),
        from_noon,
        to: day(to),
        to_noon,
    };
    let span = of("2026-12-01", true, "2026-12-03", true);
    let parts: Vec<DayPart> = span.parts().map(|(_, part)| part).collect();
    assert_eq!(parts, [DayPart::Afternoon, DayPart::Day, DayPart::Morning]);
    assert!(!span.overlaps(&of("2026-12-01", false, "2026-12-01", true)));
    assert!(span.overlaps(&of("2026-12-03", false, "2026-12-04", false)));
    assert!(!of("2026-12-01", true, "2026-12-01", true).is_sound());
    assert!(!of("2026-12-02", false, "2026-12-01", false).is_sound());
}

fn asked(kind: &str, from: &str, to: &str) -> Value {
    json!({"kind": kind, "from": from, "to": to, "reason": "家中有事"})
}

#[tokio::test]
async fn leave_takes_the_shifts_of_its_days_and_gives_them_back_when_it_is_withdrawn() {
    on_both(async |world| {
        let before = published(&world).await;
        let turn = shift_of(&world, &before, "2026-12-08", "agent1").unwrap();
        assert_eq!(
            world
                .refused("agent1", LEAVE, asked("annual", "2026-12-12", "2026-12-13"))
                .await,
            "leave_no_workday"
        );
        let leave = world
            .post("agent1", LEAVE, asked("annual", "2026-12-08", "2026-12-09"))
            .await;
        assert_eq!(
            (&leave["half_days"], &leave["findings"][0]["rule"]),
            (&json!(4), &json!("seats")),
            "{leave}"
        );
        let again = asked("sick", "2026-12-09", "2026-12-10");
        assert_eq!(
            world.refused("agent1", LEAVE, again).await,
            "leave_overlaps"
        );
        // A colleague knows nothing of it.
        assert_eq!(world.read("agent2", LEAVE).await["total"], 0);
        let own = format!("{LEAVE}/{}", leave["id"].as_str().unwrap());
        assert_eq!(world.status("agent2", &own).await, 404);

        let decide = format!("{own}/decide");
        assert_eq!(
            world
                .refused("agent1", &decide, json!({"version": 1, "approve": true}))
                .await,
            "forbidden"
        );
        assert_eq!(
            world
                .refused("lead", &decide, json!({"version": 1, "approve": false}))
                .await,
            "text_missing"
        );
        let granted = world
            .post("lead", &decide, json!({"version": 1, "approve": true}))
            .await;
        assert_eq!(granted["state"], "approved");
        let roster = world.read("agent2", MONTH).await;
        assert_eq!(shift_of(&world, &roster, "2026-12-08", "agent1"), None);
        assert_eq!(
            (&roster["leave"][0]["part"], &roster["leave"][0]["kind"]),
            (&json!("day"), &json!(null))
        );
        let roster = world.read("lead", MONTH).await;
        assert_eq!(
            (&roster["revision"], &roster["leave"][0]["kind"]),
            (&json!(2), &json!("annual"))
        );
        let hard = roster["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["hard"] == true);
        assert!(!hard, "{}", roster["findings"]);

        let back = world
            .post("agent1", &format!("{own}/withdraw"), json!({"version": 2}))
            .await;
        assert_eq!(back["state"], "withdrawn");
        let roster = world.read("agent1", MONTH).await;
        assert_eq!(
            shift_of(&world, &roster, "2026-12-08", "agent1"),
            Some(turn)
        );
        assert_eq!(
            world
                .refused("lead", &decide, json!({"version": 3, "approve": true}))
                .await,
            "leave_decided"
        );
    })
    .await;
}

#[tokio::test]
async fn the_second_half_of_a_day_takes_its_shift() {
    on_both(async |world| {
        published(&world).await;
        let told = |kind: &str, from_noon: bool| {
            json!({"user_id": world.id("agent1"), "kind": kind, "from": "2026-12-10", "to": "2026-12-10",
                "from_noon": from_noon, "to_noon": !from_noon, "reason": "电话告知"})
        };
        let register = format!("{LEAVE}/register");
        world.post("lead", &register, told("annual", false)).await;
        let roster = world.read("lead", MONTH).await;
        assert!(shift_of(&world, &roster, "2026-12-10", "agent1").is_some());
        assert_eq!(roster["findings"][0]["rule"], "seats", "one is missing in the morning");
        world.post("lead", &register, told("sick", true)).await;
        let roster = world.read("lead", MONTH).await;
        assert_eq!(shift_of(&world, &roster, "2026-12-10", "agent1"), None);
        assert_eq!(roster["leave"][0]["part"], "day");
        let findings = roster["findings"].as_array().unwrap();
        assert!(findings.iter().all(|one| one["hard"] == false), "{findings:?}");
    })
    .await;
}

#[tokio::test]
async fn the_sheet_of_a_day_tells_kinds_of_leave_apart_and_half_a_day_is_judged_by_its_half() {
    on_both(async |world| {
        published(&world).await;
        for (who, kind, half) in [("agent1", "sick", false), ("agent2", "annual", true), ("agent3", "purchaser_training", false)] {
            let told = json!({"user_id": world.id(who), "kind": kind, "from": "2026-12-08", "to": "2026-12-08",
                "to_noon": half, "reason": "电话告知"});
            world.post("lead", &format!("{LEAVE}/register"), told).await;
        }
        world.at("2026-12-08T04:55:00Z");
        let punch = |kind: &str| json!({"kind": kind, "device": "seat-0002", "device_at": world.app.clock.now()});
        world.post("agent2", "/api/v1/punches", punch("in")).await;
        world.at("2026-12-08T10:01:00Z");
        world.post("agent2", "/api/v1/punches", punch("out")).await;
        let at = "/api/v1/attendance-days/2026-12-08";
        world.post("lead", &format!("{at}/close"), json!({"version": 0})).await;
        let sheet = world.read("reviewer", at).await;
        let line = |seat: &str| sheet["lines"].as_array().unwrap().iter().find(|line| line["seat"] == seat).unwrap().clone();
        let told = |seat: &str| (line(seat)["kind"].clone(), line(seat)["leave_kind"].clone());
        assert_eq!(told("Z1"), (json!("leave"), json!("sick")));
        assert_eq!(told("Z3"), (json!("leave"), json!("purchaser_training")));
        assert_eq!(told("Z2"), (json!("present"), json!("annual")), "{sheet}");
        let minutes = line("Z2")["minutes"].as_i64().unwrap();
        assert!((210..=300).contains(&minutes), "what is left of his shift after noon: {minutes}");
        assert_eq!(line("Z2")["whole_minutes"], 480);
        assert_eq!(told("Z4"), (json!("absent"), json!(null)));
    })
    .await;
}

#[tokio::test]
async fn overtime_on_a_rest_day_earns_the_leave_that_is_taken_for_it() {
    on_both(async |world| {
        let door = "/api/v1/overtime-orders";
        let comp = |to_noon: bool| json!({"kind": "comp", "from": "2026-12-10", "to": "2026-12-10", "to_noon": to_noon, "reason": "补休"});
        assert_eq!(world.refused("agent1", LEAVE, comp(true)).await, "comp_leave_short");
        let wanted = json!({"on_day": "2026-11-28", "reason": "抢修", "people": 1, "minutes": 180});
        let order = world.post("purchaser", door, wanted.clone()).await;
        let again = world.post("purchaser", door, json!({"on_day": "2026-11-29", "reason": "抢修", "people": 1, "minutes": 180})).await;
        for order in [&order, &again] {
            let own = format!("{door}/{}", order["id"].as_str().unwrap());
            let turns = json!([{"user_id": world.id("agent1"), "minutes": 180, "compensation": "comp_leave"}]);
            world.post("lead", &format!("{own}/plan"), json!({"version": 1, "turns": turns})).await;
        }
        world.at("2026-11-30T02:00:00Z");
        for order in [&order, &again] {
            let own = format!("{door}/{}", order["id"].as_str().unwrap());
            let turns = json!([{"user_id": world.id("agent1"), "minutes": 150}]);
            world.post("lead", &format!("{own}/report"), json!({"version": 2, "turns": turns})).await;
            world.post("purchaser", &format!("{own}/decide"), json!({"version": 3, "decision": "confirm"})).await;
        }
        // 300 minutes: a half day of 240, but no whole one.
        assert_eq!(world.refused("agent1", LEAVE, comp(false)).await, "comp_leave_short");
        world.post("agent1", LEAVE, comp(true)).await;
        let balance = world.read("agent1", "/api/v1/comp-leave").await;
        let line = &balance["items"][0];
        assert_eq!(
            (&line["earned_minutes"], &line["waiting_minutes"], &line["left_minutes"]),
            (&json!(300), &json!(240), &json!(60)), "{balance}"
        );
        assert_eq!(world.read("hr", "/api/v1/comp-leave").await["items"].as_array().unwrap().len(), 6);
    })
    .await;
}
