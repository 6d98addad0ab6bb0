//! only the purchaser issues the pass, on a qualification that was passed, and may take it back.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::a52_exam::{set, sits};
use crate::support::cases::{on_both, path};
use crate::support::staff::Office;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pass_is_the_purchasers_alone_to_give_and_to_take_back() {
    on_both(async |server| {
        let (purchaser, lead) = (
            server.sign_in("purchaser").await,
            server.sign_in("lead").await,
        );
        let before = purchaser.get("/api/v1/certificates").await["total"]
            .as_i64()
            .unwrap();
        assert_eq!(before, 6, "the demo's six agents");
        set(server, "qualification", &["lead"], 0).await;
        let passed = sits(server, &lead, true).await;
        assert_eq!(passed["state"], "passed", "{passed}");
        let wish = json!({"attempt_id": passed["id"]});
        for who in ["trainer", "manager", "hr", "section", "reviewer", "lead"] {
            let person = server.sign_in(who).await;
            let no = person
                .ask(Method::POST, "/api/v1/certificates", Some(wish.clone()))
                .await;
            assert_eq!(
                (no.0, &no.1["code"]),
                (StatusCode::FORBIDDEN, &json!("forbidden")),
                "{who}"
            );
        }
        let past = json!({"attempt_id": passed["id"], "valid_until": "2026-01-01"});
        let no = purchaser
            .refused(Method::POST, "/api/v1/certificates", past)
            .await;
        assert_eq!(no.1, "date_in_past");
        let until = (server.clock.now() + TimeDelta::days(365)).date_naive();
        let certificate = purchaser
            .post(
                "/api/v1/certificates",
                json!({"attempt_id": passed["id"], "valid_until": until}),
            )
            .await;
        assert_eq!(
            certificate["number"], "SJ-Z2026-0007",
            "no number was lost to what was refused"
        );
        let no = purchaser
            .refused(Method::POST, "/api/v1/certificates", wish)
            .await;
        assert_eq!(no.1, "exam_certified");
        let own = lead.get("/api/v1/my-exams").await;
        assert_eq!(own["items"][0]["state"], "certified");

        let door = format!("{}/revoke", path("certificates", &certificate));
        let reason = json!({"version": certificate["version"], "reason": "考试中替考"});
        let no = server
            .sign_in("trainer")
            .await
            .ask(Method::POST, &door, Some(reason.clone()))
            .await;
        assert_eq!(no.0, StatusCode::FORBIDDEN);
        let revoked = purchaser.post(&door, reason).await;
        assert_eq!(
            (&revoked["state"], &revoked["revoked_on"]),
            (&json!("revoked"), &json!("2026-11-23"))
        );
        let listed = purchaser.get("/api/v1/certificates").await;
        assert_eq!(listed["total"], 7, "nothing is deleted");
        let own = server
            .sign_in("agent1")
            .await
            .get("/api/v1/certificates")
            .await;
        assert_eq!(
            (&own["total"], own["items"][0]["person_name"].is_string()),
            (&json!(1), true)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_stands_in_the_staff_file_by_itself_until_it_is_revoked() {
    on_both(async |server| {
        let (office, lead) = (Office::of(server).await, server.sign_in("lead").await);
        let new = json!({"name": "组长", "born_on": "1995-05-01", "user_id": lead.own_id().await});
        let file = office.hr.post("/api/v1/staff", new).await;
        assert_eq!(file["state"], "candidate", "{file}");
        set(server, "qualification", &["lead"], 0).await;
        let passed = sits(server, &lead, true).await;
        let wish = json!({"attempt_id": passed["id"]});
        let certificate = office.purchaser.post("/api/v1/certificates", wish).await;
        let file = office
            .hr
            .until(&path("staff", &file), Duration::from_secs(5), |file| {
                file["state"] == "passed"
            })
            .await;
        let pre_job = |file: &Value| {
            let all = file["evidence"].as_array().unwrap();
            let found = all.iter().find(|one| one["item"] == "pre_job").cloned();
            found.unwrap_or_default()
        };
        assert_eq!(
            (&pre_job(&file)["state"], &pre_job(&file)["number"]),
            (&json!("verified"), &json!(100)),
            "{file}"
        );
        let door = format!("{}/revoke", path("certificates", &certificate));
        let reason = json!({"version": certificate["version"], "reason": "考试中替考"});
        office.purchaser.post(&door, reason).await;
        office
            .hr
            .until(&path("staff", &file), Duration::from_secs(5), |file| {
                pre_job(file)["state"] == "withdrawn"
            })
            .await;
    })
    .await;
}
