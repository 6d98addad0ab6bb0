//! the procedures of the work are texts in versions, each with the step of the work where it applies; a change
//! is read and confirmed.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both, path};
use crate::support::staff::tries;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_procedure_applies_at_a_step_and_its_change_is_read() {
    on_both(async |server| {
        let (quality, purchaser) = (server.sign_in("quality").await, server.sign_in("purchaser").await);
        let agent = server.sign_in("agent2").await;
        let new = |code: &str, kind: &str, steps: serde_json::Value| {
            json!({"kind": kind, "code": code, "title": "作业指导", "steps": steps, "audience": ["agent"],
                "body": ["十五秒内接听，先报工号。"]})
        };
        let doors = "/api/v1/regulations";
        assert_eq!(quality.refused(Method::POST, doors, new("greeting", "procedure", json!([]))).await.1,
            "regulation_without_step");
        assert_eq!(agent.ask(Method::POST, doors, Some(new("greeting", "procedure", json!(["answering"])))).await.0,
            StatusCode::FORBIDDEN);
        assert_eq!(purchaser.refused(Method::POST, doors, new("greeting", "procedure", json!(["answering"]))).await.1,
            "regulation_of_other_side");
        let sop = quality.post(doors, new("greeting", "procedure", json!(["answering", "recording"]))).await;
        quality.post(doors, new("callbacks", "standard", json!(["revisit"]))).await;
        assert_eq!(quality.refused(Method::POST, doors, new("greeting", "standard", json!(["revisit"]))).await.1, "code_taken");

        let here = agent.get(&format!("{doors}?step=recording")).await;
        let here: Vec<_> = here["items"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
        assert_eq!(here, [json!("greeting")]);
        let at = path("regulations", &sop);
        agent.post(&format!("{at}/confirm"), json!({"version_id": sop["version_id"]})).await;
        assert_eq!(agent.get(&at).await["actions"], json!([]));
        let next = json!({"body": ["十五秒内接听，先报工号，再问诉求。"], "change_note": "补充"});
        let (_, revised) = tries(&quality, &at, "versions", next).await;
        assert_eq!(revised["versions"].as_array().unwrap().len(), 2);
        assert_eq!(agent.get(&at).await["actions"], json!(["confirm"]), "a change is read anew");
        let (_, retired) = tries(&quality, &at, "retire", json!({"reason": "并入新流程"})).await;
        assert_eq!(retired["state"], "retired");
        assert_eq!(agent.get(&format!("{doors}?step=answering")).await["items"], json!([]));
    })
    .await;
}
