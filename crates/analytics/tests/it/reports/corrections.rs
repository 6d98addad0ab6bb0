//! A correction is a new version that says what changed.

use serde_json::json;

use super::world::{MONTHLY, on_both_at, place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_is_a_new_version_that_says_what_changed() {
    on_both_at("2026-12-01T02:00:00Z", async |world| {
        world.figures.say("k01", 9_312, 10_000);
        world.figures.say("k05", 12, 1);
        let (first, before) = world.released(MONTHLY, "2026-11-15").await;
        world.figures.say("k01", 9_290, 10_000);
        world.figures.say("k05", 14, 1);
        let reason = json!({"reason": "漏计 22 通转接来电"});
        let second = world
            .post("analyst", &format!("{first}/correct"), reason.clone())
            .await;
        assert_eq!(
            world
                .refused("analyst", &format!("{first}/correct"), reason)
                .await,
            "report_correction_begun"
        );
        let at = format!("/api/v1/reports/{}", second["id"].as_str().unwrap());
        assert_eq!(
            (&second["number"], &second["revision"], &second["state"]),
            (&before["number"], &json!(2), &json!("draft"))
        );
        let correction = &second["content"]["correction"];
        assert_eq!(correction["corrects_sha256"], before["sha256"]);
        let changes = correction["changes"].as_array().unwrap();
        assert_eq!(
            changes[0],
            json!({"name": "指标01", "label": "", "before": "93.12%", "after": "92.90%"})
        );
        assert!(
            changes.iter().all(|change| change["name"] == "指标01"
                || change["name"] == "指标05"
                || change["name"] == "呼入量"),
            "{changes:?}"
        );
        assert_eq!(
            correction["texts"].as_array().unwrap().len(),
            1,
            "the summary names the rate: {correction}"
        );

        // Words that change are named too; figures that go back are no change any more.
        let notes = place(&second, "notes");
        world.writes("analyst", &at, notes, "更正说明").await;
        world.figures.say("k05", 12, 1);
        let fresh = world.step("analyst", &at, "refresh").await;
        let correction = &fresh["content"]["correction"];
        let changes = correction["changes"].as_array().unwrap();
        assert!(
            changes.iter().all(|change| change["name"] != "指标05"),
            "{changes:?}"
        );
        assert_eq!(
            correction["texts"].as_array().unwrap().len(),
            2,
            "{correction}"
        );

        // Until the new one is out, the purchaser reads the old one.
        assert_eq!(
            world.read("purchaser", &first).await["versions"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let out = world.out(&at).await;
        assert_eq!(out["versions"].as_array().unwrap().len(), 2);
        let old = world.read("purchaser", &first).await;
        assert_eq!(
            (
                &old["state"],
                &old["content"],
                &old["sha256"],
                &old["intact"]
            ),
            (
                &json!("superseded"),
                &before["content"],
                &before["sha256"],
                &json!(true)
            )
        );
        assert_eq!(
            world
                .refused(
                    "analyst",
                    &format!("{first}/correct"),
                    json!({"reason": "x"})
                )
                .await,
            "report_correction_begun"
        );
        let waits = world.waits("purchaser").await;
        assert_eq!(waits.len(), 1, "only the version that holds: {waits:?}");
        assert!(waits[0].1.ends_with(second["id"].as_str().unwrap()));
    })
    .await;
}
