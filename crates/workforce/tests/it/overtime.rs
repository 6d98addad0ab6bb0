//! Overtime: the class of pay by the day, the caps of the law, hours that the purchaser confirms.

use kernel::Side;
use proptest::prelude::*;
use serde_json::json;
use workforce::overtime::{Action, OvertimeState as S};

use crate::world::on_both;

const DOOR: &str = "/api/v1/overtime-orders";

#[tokio::test]
async fn overtime_goes_from_the_purchasers_request_to_confirmed_hours_within_the_caps() {
    on_both(async |world| {
        // A Saturday.
        let wanted = json!({"on_day": "2026-11-28", "reason": "报名高峰", "people": 2, "minutes": 240});
        assert_eq!(world.refused("lead", DOOR, wanted.clone()).await, "forbidden");
        let order = world.post("purchaser", DOOR, wanted).await;
        assert_eq!((&order["pay_class"], &order["rate_bp"], &order["comp_leave"]), (&json!("rest_day"), &json!(20_000), &json!(true)));
        let at = format!("{DOOR}/{}", order["id"].as_str().unwrap());
        let turn = |who: &str, minutes: i64| json!({"user_id": world.id(who), "minutes": minutes, "compensation": "comp_leave"});
        let long = json!({"version": 1, "turns": [turn("agent1", 240), turn("agent2", 180)]});
        assert_eq!(world.refused("lead", &format!("{at}/plan"), long.clone()).await, "overtime_over_cap");
        let mut despite = long;
        despite["despite"] = json!("报名截止日，采购人要求");
        let planned = world.post("lead", &format!("{at}/plan"), despite).await;
        assert_eq!((&planned["state"], planned["turns"].as_array().unwrap().len()), (&json!("planned"), 2));

        let told = json!({"version": 2, "turns": [
            {"user_id": world.id("agent1"), "minutes": 200}, {"user_id": world.id("agent2"), "minutes": 0}]});
        assert_eq!(world.refused("lead", &format!("{at}/report"), told.clone()).await, "overtime_ahead");
        world.at("2026-11-28T10:00:00Z");
        let worked = world.post("lead", &format!("{at}/report"), told).await;
        assert_eq!(worked["state"], "worked");
        let yes = json!({"version": 3, "decision": "confirm"});
        assert_eq!(world.refused("lead", &format!("{at}/decide"), yes.clone()).await, "forbidden");
        assert_eq!(world.post("counterpart", &format!("{at}/decide"), yes).await["state"], "confirmed");

        // What was worked counts to the month.
        let wanted = json!({"on_day": "2026-11-29", "reason": "报名高峰", "people": 1, "minutes": 180});
        let next = world.post("purchaser", DOOR, wanted).await;
        let at = format!("{DOOR}/{}/plan", next["id"].as_str().unwrap());
        world.post("lead", &at, json!({"version": 1, "turns": [turn("agent1", 180)]})).await;
        assert_eq!(world.read("reviewer", &format!("{DOOR}?state=confirmed")).await["total"], 1);
    })
    .await;
}

proptest! {
    /// Whatever is tried by whom, what is over stays as it is, and no side takes the other's step.
    #[test]
    fn no_walk_leaves_an_end(walk in prop::collection::vec((any::<bool>(), 0usize..7), 0..30)) {
        let actions = [Action::Plan, Action::Report { begun: true }, Action::Report { begun: false }, Action::Confirm,
            Action::SendBack, Action::Withdraw { begun: false }, Action::Withdraw { begun: true }];
        let mut state = S::Requested;
        for (purchaser, n) in walk {
            let by = if purchaser { Side::Purchaser } else { Side::Supplier };
            let Ok(after) = state.next(by, actions[n]) else { continue };
            prop_assert!(!matches!(state, S::Confirmed | S::Withdrawn));
            prop_assert_eq!(purchaser, matches!(actions[n], Action::Confirm | Action::SendBack | Action::Withdraw { .. }));
            state = after;
        }
    }
}
