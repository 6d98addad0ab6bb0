//! who has not passed the purchaser's pre-job training signs in to learn; no call and no message reaches him.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::on_both;
use crate::support::staff::Office;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_passed_signs_in_to_learn_and_takes_no_work() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent5").await;
        let file = office.file_of(&agent).await;
        let pass = file["evidence"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["item"] == "pre_job")
            .unwrap()
            .clone();
        let withdraw = format!(
            "/api/v1/staff/{}/evidence/{}/withdraw",
            file["id"].as_str().unwrap(),
            pass["id"].as_str().unwrap()
        );
        let body = json!({"version": pass["version"], "reason": "证书有误"});
        let (status, no) = office
            .hr
            .ask(Method::POST, &withdraw, Some(body.clone()))
            .await;
        assert_eq!(
            (status, &no["code"]),
            (StatusCode::CONFLICT, &json!("pass_by_purchaser")),
            "{no}"
        );
        office.purchaser.post(&withdraw, body).await;

        let (status, held) = agent
            .ask(
                Method::PUT,
                "/api/v1/agent-state",
                Some(json!({"state": "ready"})),
            )
            .await;
        assert_eq!(
            (status, &held["code"]),
            (StatusCode::CONFLICT, &json!("qualification_lapsed")),
            "{held}"
        );
        assert_eq!(held["missing"][0]["item"], "pre_job");
        assert!(held["way_out"].as_str().is_some(), "{held}");
        // Learning is open.
        assert!(agent.get("/api/v1/my-reading").await["items"].is_array());
        let training = json!({"state": "training"});
        let (status, answer) = agent
            .ask(Method::PUT, "/api/v1/agent-state", Some(training))
            .await;
        assert!(status.is_success(), "{status} {answer}");

        // The supplier passes nobody; the purchaser does, and he is back.
        let by_hr = json!({"certificate_no": "岗培-9", "on": "2026-11-23"});
        let (status, _) = office.tries(&office.hr, &file, "pass", by_hr.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        office.does(&office.purchaser, &file, "pass", by_hr).await;
        let (_, after) = agent
            .ask(
                Method::PUT,
                "/api/v1/agent-state",
                Some(json!({"state": "ready"})),
            )
            .await;
        assert_ne!(after["code"], "qualification_lapsed", "{after}");
    })
    .await;
}
