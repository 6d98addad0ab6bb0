//! Swaps: the rules are checked at both at once; who decides is the lead, or nobody where the terms say so.

use serde_json::{Value, json};

use crate::rosters::{published, shift_of};
use crate::world::{World, on_both};

const SWAPS: &str = "/api/v1/shift-swaps";
const MONTH: &str = "/api/v1/rosters/2026-12";

/// A colleague of agent1 who has the other turn on the 8th.
fn other_turn(world: &World, roster: &Value) -> &'static str {
    let own = shift_of(world, roster, "2026-12-08", "agent1");
    let mut others = ["agent2", "agent3", "agent4", "agent5", "agent6"].into_iter();
    others
        .find(|who| shift_of(world, roster, "2026-12-08", who) != own)
        .unwrap()
}

fn wanted(world: &World, colleague: &str, day: &str) -> Value {
    json!({"day": "2026-12-08", "colleague_id": world.id(colleague), "colleague_day": day, "reason": "接孩子"})
}

#[tokio::test]
async fn two_change_their_turns_when_both_and_the_lead_agree() {
    on_both(async |world| {
        let roster = published(&world).await;
        let other = other_turn(&world, &roster);
        let third = if other == "agent2" {
            "agent3"
        } else {
            "agent2"
        };
        let turns = (
            shift_of(&world, &roster, "2026-12-08", "agent1"),
            shift_of(&world, &roster, "2026-12-08", other),
        );
        let swap = world
            .post("agent1", SWAPS, wanted(&world, other, "2026-12-08"))
            .await;
        assert_eq!(
            (&swap["state"], &swap["findings"]),
            (&json!("asked"), &json!([])),
            "{swap}"
        );
        assert_eq!(
            world
                .refused("agent1", SWAPS, wanted(&world, third, "2026-12-08"))
                .await,
            "swap_open"
        );
        let own = format!("{SWAPS}/{}", swap["id"].as_str().unwrap());
        assert_eq!(world.status(third, &own).await, 404);

        let yes = json!({"version": 1, "accept": true});
        assert_eq!(
            world
                .refused("agent1", &format!("{own}/answer"), yes.clone())
                .await,
            "not_found"
        );
        let early = json!({"version": 1, "approve": true});
        assert_eq!(
            world.refused("lead", &format!("{own}/decide"), early).await,
            "swap_not_accepted"
        );
        let accepted = world.post(other, &format!("{own}/answer"), yes).await;
        assert_eq!(accepted["state"], "accepted");
        let done = world
            .post(
                "lead",
                &format!("{own}/decide"),
                json!({"version": 2, "approve": true}),
            )
            .await;
        assert_eq!(done["state"], "approved");
        let after = world.read("agent1", MONTH).await;
        let now = (
            shift_of(&world, &after, "2026-12-08", "agent1"),
            shift_of(&world, &after, "2026-12-08", other),
        );
        assert_eq!((now.1, now.0), turns);
        assert_eq!(
            (&after["revision"], &after["findings"]),
            (&json!(2), &json!([]))
        );
        let rows = world
            .read("lead", &format!("{MONTH}/changes?per_page=2"))
            .await;
        assert!(
            rows["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|row| row["cause"] == "swap"),
            "{rows}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_breaks_a_rule_at_one_of_the_two_is_refused_with_what() {
    on_both(async |world| {
        let late = json!({"id": "late", "name": "晚班", "from": "14:00", "to": "23:30", "lunch_from": "17:30", "lunch_to": "19:00", "colour": 5, "people": 0});
        world.post("lead", "/api/v1/shift-templates", late).await;
        // One has the late shift of the 8th; who takes it comes too early on the 9th.
        let cell = json!({"day": "2026-12-08", "user_id": world.id("agent1"), "shift_id": "late"});
        let off = json!({"day": "2026-12-09", "user_id": world.id("agent1"), "shift_id": null});
        published(&world).await;
        let edit = json!({"version": 2, "changes": [cell, off], "reason": "晚间值守", "despite": "仅一日"});
        world.put("lead", &format!("{MONTH}/cells"), edit).await;
        let check = json!({"day": "2026-12-08", "colleague_id": world.id("agent2"), "colleague_day": "2026-12-08"});
        let found = world.post("agent1", &format!("{SWAPS}/check"), check).await;
        assert_eq!((&found["may"], &found["findings"][0]["rule"]), (&json!(false), &json!("rest")), "{found}");
        let asked = wanted(&world, "agent2", "2026-12-08");
        assert_eq!(world.refused("agent1", SWAPS, asked).await, "swap_breaks");
        // Nobody takes a second shift of a day, and what is over is not swapped.
        let twice = json!({"day": "2026-12-10", "colleague_id": world.id("agent2"), "colleague_day": "2026-12-11", "reason": "试"});
        assert_eq!(world.refused("agent1", SWAPS, twice).await, "swap_no_shift");
        world.at("2026-12-08T01:00:00Z");
        let asked = wanted(&world, "agent2", "2026-12-08");
        assert_eq!(world.refused("agent1", SWAPS, asked).await, "swap_past");
    })
    .await;
}

#[tokio::test]
async fn where_the_terms_say_so_a_swap_that_breaks_nothing_needs_no_lead() {
    on_both(async |world| {
        let terms = json!({"rest_minutes": 660, "days_in_a_row": 6, "week_minutes": 2400, "lunch_seats": 2, "seats": 6,
            "swap_auto": true, "draft_seconds": 1});
        let new = json!({"rule": terms, "source": "双方商定"});
        world.post("purchaser", "/api/v1/rules/roster-terms", new).await;
        let roster = published(&world).await;
        let other = other_turn(&world, &roster);
        let swap = world.post("agent1", SWAPS, wanted(&world, other, "2026-12-08")).await;
        let own = format!("{SWAPS}/{}", swap["id"].as_str().unwrap());
        let done = world.post(other, &format!("{own}/answer"), json!({"version": 1, "accept": true})).await;
        assert_eq!((&done["state"], &done["decided_by"]), (&json!("approved"), &json!(null)));
        let gone = json!({"version": 2});
        assert_eq!(world.refused("agent1", &format!("{own}/withdraw"), gone).await, "swap_ended");
    })
    .await;
}
