//! The log of the site: written by the lead, read by both sides, never changed.

use serde_json::json;

use crate::world::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lead_writes_what_he_saw_and_both_sides_find_it() {
    on_both(async |world| {
        let log = "/api/v1/site-log";
        let patrol = json!({"kind": "hygiene", "said": "茶水间已清洁，话机消毒完成"});
        let entry = world.post("lead", log, patrol).await;
        assert_eq!(entry["by"]["name"], "周敏");
        assert_eq!(entry["happened_at"], entry["written_at"]);
        let power = json!({
            "kind": "incident", "happened_at": "2026-11-21T06:10:00Z", "said": "市电闪断两分钟，UPS 接管，无掉线",
        });
        world.post("manager", log, power).await;
        let list = world.read("counterpart", log).await;
        assert_eq!(list["items"][0]["kind"], "hygiene", "the newest first");
        for (narrowed, kind) in [
            ("?kind=incident", "incident"),
            ("?q=UPS", "incident"),
            ("?to=2026-11-21", "incident"),
            ("?from=2026-11-22", "hygiene"),
        ] {
            let list = world.read("purchaser", &format!("{log}{narrowed}")).await;
            assert_eq!(list["total"], 1, "{narrowed}");
            assert_eq!(list["items"][0]["kind"], kind, "{narrowed}");
        }
        for (body, code) in [
            (json!({"kind": "safety", "said": " "}), "text_missing"),
            (json!({"kind": "safety", "said": "明天的事", "happened_at": "2026-11-24T02:00:00Z"}), "moment_out_of_range"),
            (json!({"kind": "safety", "said": "上月的事", "happened_at": "2026-10-23T02:00:00Z"}), "moment_out_of_range"),
        ] {
            assert_eq!(world.refused("lead", log, body).await, code);
        }
        let purchaser = json!({"kind": "safety", "said": "采购人不写"});
        assert_eq!(world.refused("purchaser", log, purchaser).await, "forbidden");
    })
    .await;
}
