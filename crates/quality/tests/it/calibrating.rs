//! Reviewers score one sample blindly, and learn how far they lie from the expert.

use serde_json::json;

use crate::world::{does, on_both};

const CALIBRATIONS: &str = "/api/v1/calibrations";

#[tokio::test]
async fn scores_are_hidden_until_all_are_shown_with_their_distance_to_the_experts() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let marks = world.marks(0).await;
        let new = json!({"evaluation_id": sampled["id"], "title": "十一月校准",
            "card_version_id": marks["card_version_id"], "expert_id": world.id("manager")});
        let opened = world.post("quality", CALIBRATIONS, new).await;
        let path = format!("{CALIBRATIONS}/{}", opened["id"].as_str().unwrap());
        let of = async |less| json!({"marks": world.marks(less).await["marks"]});
        let score = format!("{path}/score");
        let own = world.post("quality", &score, of(5).await).await;
        assert_eq!(
            (
                own["scores"].as_array().unwrap().len(),
                &own["scores"][0]["distance_tenths"]
            ),
            (1, &json!(null))
        );
        assert_eq!(
            world.refused("quality", &score, of(0).await).await,
            "calibration_scored"
        );
        let blind = world.post("purchaser", &score, of(12).await).await;
        assert_eq!(
            (&blind["scored"], blind["scores"].as_array().unwrap().len()),
            (&json!(2), 1)
        );
        assert_eq!(world.read("lead", &path).await["scores"], json!([]));
        let reveal = does("reveal", json!({}));
        assert_eq!(
            world
                .no("quality", CALIBRATIONS, &blind, reveal.clone())
                .await,
            "calibration_no_expert"
        );
        let last = world.post("manager", &score, of(2).await).await;
        let shown = world.step("quality", CALIBRATIONS, &last, reveal).await;
        let mut apart: Vec<_> = shown["scores"]
            .as_array()
            .unwrap()
            .iter()
            .map(|score| {
                (
                    score["expert"].as_bool().unwrap(),
                    score["distance_tenths"].as_i64().unwrap(),
                )
            })
            .collect();
        apart.sort_unstable();
        assert_eq!(apart, [(false, -100), (false, -30), (true, 0)]);
        assert_eq!(
            world.read("lead", &path).await["scores"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
        assert_eq!(
            world.refused("lead", &score, of(0).await).await,
            "calibration_ended"
        );
        assert_eq!(world.looks("agent1", &path).await, 403);
    })
    .await;
}
