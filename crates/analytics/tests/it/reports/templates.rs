//! Templates: shipped, made, changed by versions.

use serde_json::json;

use super::world::{MONTHLY, on_both_at};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_of_a_template_leaves_what_was_made_as_it_is() {
    on_both_at("2026-12-01T02:00:00Z", async |world| {
        let list = world.read("analyst", "/api/v1/report-templates?sort=name").await;
        assert_eq!(list["items"].as_array().unwrap().len(), 4);
        // Once more puts nothing in.
        analytics::reports::prepare(&world.app).await.unwrap();
        let at = format!("/api/v1/report-templates/{MONTHLY}");
        let shipped = world.read("analyst", &at).await;
        assert_eq!((&shipped["latest"], &shipped["period"]), (&json!(1), &json!("monthly")));
        let next = shipped["next_draft_at"].as_str().unwrap();
        assert!(next.starts_with("2027-01-0"), "{next}");
        let (report, _) = world.released(MONTHLY, "2026-10-01").await;

        let mut blocks = shipped["blocks"].as_array().unwrap()[..3].to_vec();
        blocks.push(json!({"kind": "chart", "title": "每日放弃率", "form": "line", "codes": ["k04"], "along": "day"}));
        let schedule = json!({"enabled": true, "workday": 3, "hour": 9, "minute": 0});
        let template = |blocks: &serde_json::Value| json!({"name": "热线服务月报", "blocks": blocks, "schedule": schedule, "note": "采购人来函要求"});
        let new = json!({"version": 1, "template": template(&json!(blocks))});
        let changed = world.post("analyst", &format!("{at}/versions"), new.clone()).await;
        assert_eq!((&changed["latest"], changed["versions"].as_array().unwrap().len()), (&json!(2), 2));
        assert_eq!(changed["next_draft_at"], "2026-12-03T01:00:00Z");
        assert_eq!(world.refused("analyst", &format!("{at}/versions"), new).await, "stale_version");

        let made = world.drafted(MONTHLY, "2026-11-01").await;
        let made = world.read("analyst", &made).await;
        assert_eq!((&made["title"], made["content"]["blocks"].as_array().unwrap().len()), (&json!("2026年11月热线服务月报"), 4));
        // A correction is made as the version before was.
        let corrected = world.post("analyst", &format!("{report}/correct"), json!({"reason": "x"})).await;
        assert_eq!((&corrected["template_version"], &corrected["title"]), (&json!(1), &json!("2026年10月热线运营月报")));

        let refused = async |blocks: serde_json::Value| {
            let body = json!({"period": "weekly", "template": template(&blocks)});
            world.refused("analyst", "/api/v1/report-templates", body).await
        };
        assert_eq!(refused(json!([])).await, "blocks_out_of_range");
        let chart = |codes: &[&str]| json!([{"kind": "chart", "title": "图", "form": "bar", "codes": codes, "along": "day"}]);
        assert_eq!(refused(chart(&["k99"])).await, "indicator_unknown");
        assert_eq!(refused(chart(&["k01", "k05"])).await, "chart_units_differ");
        assert_eq!(refused(chart(&["k01", "k02", "k03", "k04", "k10", "k11"])).await, "indicators_out_of_range");
        assert_eq!(refused(json!([{"kind": "table", "title": "各座席", "codes": ["k28"], "along": "person"}])).await, "indicator_not_along");
        assert_eq!(refused(json!([{"kind": "topics", "title": "热点", "most": 0}])).await, "topics_out_of_range");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_release_is_a_rule() {
    on_both_at("2026-12-01T02:00:00Z", async |world| {
        let rules = "/api/v1/rules/report-dues";
        assert_eq!(world.read("analyst", rules).await["items"].as_array().unwrap().len(), 4);
        let rule = |days| json!({"rule": {"period": "monthly", "working_days": days}, "source": "采购人复函"});
        assert_eq!(world.refused("manager", rules, rule(0)).await, "days_out_of_range");
        world.post("manager", rules, rule(2)).await;
        let report = world.drafted(MONTHLY, "2026-11-01").await;
        let due = world.read("analyst", &report).await["due_at"].clone();
        assert!(due.as_str().unwrap().starts_with("2026-12-03"), "{due}");
    })
    .await;
}
