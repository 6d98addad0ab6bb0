//! What is agreed about people is a row: recorded by the purchaser alone, with what cannot be refused.

use axum::http::Method;
use serde_json::json;

use crate::world::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requirements_are_agreed_anew_by_the_purchaser_and_the_nda_stays_mandatory() {
    on_both(true, async |world| {
        let at = "/api/v1/rules/qualifications";
        let strict = json!({"rule": {"item": "age", "mandatory": true, "most": 40, "exclusive": true}, "source": "补充协议"});
        let (status, _) = world.refused("hr", at, strict.clone()).await;
        assert_eq!(status, 403, "the supplier does not set what is asked of him");
        world.post("purchaser", at, strict).await;
        let without = json!({"rule": {"item": "nda", "mandatory": false}, "source": "试"});
        assert_eq!(world.refused("purchaser", at, without).await.1["code"], "nda_is_mandatory");
        let no_level = json!({"rule": {"item": "education", "mandatory": true}, "source": "试"});
        assert_eq!(world.refused("purchaser", at, no_level).await.1["code"], "level_missing");
        let rules = world.get(&world.who("lead"), at).await;
        let ages: Vec<_> = rules["items"].as_array().unwrap().iter()
            .filter(|row| row["rule"]["item"] == "age").collect();
        assert_eq!(ages.len(), 2, "what held stays to be read");

        // A new version of the NDA: everybody signs anew.
        assert_eq!(world.file("agent1").await["missing"], json!([]));
        let version = json!({"rule": {"code": "2027-1", "title": "保密协议（2027 年第 1 版）"}, "source": "双方确认"});
        world.post("purchaser", "/api/v1/rules/nda-versions", version).await;
        let file = world.file("agent1").await;
        assert_eq!(file["missing"][0]["item"], "nda");
        assert_eq!(file["missing"][0]["standing"], "below");
        let term = json!({"rule": {"code": "replacement.never", "working_days": 5}, "source": "试"});
        let unknown = world.ask(&world.who("purchaser"), Method::POST, "/api/v1/rules/personnel-terms", Some(term)).await;
        assert_eq!(unknown.json["code"], "term_unknown");
    })
    .await;
}
