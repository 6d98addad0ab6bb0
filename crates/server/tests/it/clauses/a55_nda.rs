//! no account without a signed confidentiality agreement of the version in force; a new version is signed anew.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both;
use crate::support::staff::{NDA, Office, missing};
use crate::support::{Person, TestServer};

async fn set_disabled(admin: &Person, id: &Value, disabled: bool) -> (StatusCode, Value) {
    let at = format!("/api/v1/users/{}", id.as_str().unwrap());
    let version = admin.get(&at).await["version"].clone();
    let body = json!({"version": version, "disabled": disabled});
    admin.ask(Method::PATCH, &at, Some(body)).await
}

async fn new_account(server: &TestServer, username: &str) -> Value {
    let sysadmin = server.sign_in("sysadmin").await;
    let new = json!({"username": username, "name": "新同事", "staff_no": "", "department": "热线座席组", "side": "supplier"});
    sysadmin.post("/api/v1/users", new).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_a_signed_agreement_cannot_be_enabled() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let sysadmin = server.sign_in("sysadmin").await;
        let asked = json!({"rule": {"file_required": true}, "source": "建档完成"});
        office.purchaser.post("/api/v1/rules/work-gate", asked).await;
        let account = new_account(server, "newcomer").await;
        let user = account.get("user").unwrap_or(&account);
        assert_eq!(user["disabled"], true, "a new account waits for the agreement: {account}");
        let id = user["id"].clone();
        let (status, no) = set_disabled(&sysadmin, &id, false).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("nda_missing")), "{no}");
        assert_eq!(no["nda_version"], NDA);

        let new = json!({"name": "新同事", "user_id": id, "born_on": "1997-02-03"});
        let file = office.hr.post("/api/v1/staff", new).await;
        office.proves(&file, json!({"item": "nda", "on": "2026-11-20", "level": "2025-9"})).await;
        let (_, no) = set_disabled(&sysadmin, &id, false).await;
        assert_eq!(no["code"], "nda_missing", "an older version is none: {no}");
        office.proves(&file, json!({"item": "nda", "on": "2026-11-21", "level": NDA})).await;
        let (status, enabled) = set_disabled(&sysadmin, &id, false).await;
        assert!(status.is_success(), "{enabled}");
        // It is never waived.
        let waivers = format!("/api/v1/staff/{}/waivers", file["id"].as_str().unwrap());
        let waiver = json!({"item": "nda", "reason": "稍后补签", "until": "2026-12-31"});
        let (_, no) = office.purchaser.ask(Method::POST, &waivers, Some(waiver)).await;
        assert_eq!(no["code"], "nda_not_waivable");

        // A new version holds: who has not signed it takes no work.
        let version = json!({"rule": {"code": "2027-1", "title": "保密协议（2027 年第 1 版）"}, "source": "双方确认"});
        office.purchaser.post("/api/v1/rules/nda-versions", version).await;
        let agent = server.sign_in("agent1").await;
        let (_, held) = agent.ask(Method::PUT, "/api/v1/agent-state", Some(json!({"state": "ready"}))).await;
        assert_eq!((&held["code"], missing(&held)), (&json!("qualification_lapsed"), vec!["nda"]), "{held}");
        let own = office.file_of(&agent).await;
        office.proves(&own, json!({"item": "nda", "on": "2026-11-23", "level": "2027-1"})).await;
        let (_, after) = agent.ask(Method::PUT, "/api/v1/agent-state", Some(json!({"state": "ready"}))).await;
        assert_ne!(after["code"], "qualification_lapsed", "{after}");
    })
    .await;
}
