//! look-up tables that the purchaser maintains; an agent answers a date from the plan, the public sees the public
//! columns only.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_purchaser_maintains_the_plan_agents_read_it_and_the_public_sees_its_public_columns() {
    on_both(async |server| {
        let (purchaser, agent) = (server.sign_in("purchaser").await, server.sign_in("agent1").await);
        let plan = json!({"version": 0, "year": 2027, "name": "一级建造师考试（演练）", "fields": {
            "registration_from": "2027-06-20T01:00:00Z", "registration_to": "2027-06-30T09:00:00Z",
            "print_from": "2027-09-01T01:00:00Z", "print_to": "2027-09-08T09:00:00Z",
            "entrance": "本次报名公告的入口", "internal_note": "机位紧张，勿外传"},
            "public": ["registration_from", "registration_to", "print_from", "print_to", "entrance"]});
        let saved = purchaser.put("/api/v1/exam-plans/yjjzs_drill", plan.clone()).await;
        assert_eq!(saved["windows"][0]["standing"], "coming", "{saved}");

        // Searched and read by the agent: one question, one answer.
        let found = agent.get("/api/v1/exam-plans?q=演练").await;
        assert_eq!(found["total"], 1);
        assert_eq!(found["items"][0]["fields"]["print_from"], "2027-09-01T01:00:00Z");
        assert!(found.to_string().contains("机位紧张"), "agents see the internal columns");
        assert_eq!(agent.ask(Method::PUT, "/api/v1/exam-plans/yjjzs_drill", Some(plan)).await.0, StatusCode::FORBIDDEN);

        let public = server.anonymous().get("/api/v1/public/exam-plans?q=演练").await;
        assert_eq!(public["total"], 1);
        let text = public.to_string();
        assert!(text.contains("2027-09-01T01:00:00Z") && !text.contains("机位紧张"), "{text}");

        // A file with a wrong row brings nothing in; the same without it brings all of it.
        let export = purchaser.send(Method::GET, "/api/v1/exam-plans/export", None).await;
        assert_eq!(export.status(), StatusCode::OK);
        let again = export.bytes().await.unwrap().to_vec();
        let (status, report) = purchaser.send_file("/api/v1/exam-plans/import?dry_run=true", again).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        assert_eq!(report["errors"], json!([]), "what goes out comes in again");
    })
    .await;
}
