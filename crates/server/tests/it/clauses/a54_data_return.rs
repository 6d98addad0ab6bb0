//! … A-56: when the contract is over the purchaser holds all data and says so by their digest, the supplier
//! deletes what he holds, tells what the law has him keep, and both sign the certificate.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::cases::{on_both, path};
use crate::support::{Person, TestServer};

/// Everything out, with the purchaser's consent; the handing over and the digest of its manifest.
async fn handed_over(server: &TestServer, purchaser: &Person) -> (Value, String) {
    let sysadmin = server.sign_in("sysadmin").await;
    let new = json!({"reason": "合同到期移交"});
    let asked = sysadmin.post("/api/v1/exports", new).await;
    let at = path("exports", &asked);
    let yes = json!({"version": asked["version"], "yes": true});
    purchaser.post(&format!("{at}/decide"), yes).await;
    let done = sysadmin
        .until(&at, Duration::from_mins(1), |it| it["state"] == "done")
        .await;
    let manifest = format!("{at}/file?path=manifest.json");
    let manifest = sysadmin.send(Method::GET, &manifest, None).await;
    let bytes = manifest.bytes().await.unwrap();
    (done, hex::encode(Sha256::digest(&bytes)))
}

/// A step with the version that stands now: the status and the answer.
async fn does(who: &Person, back: &Value, door: &str, mut said: Value) -> (StatusCode, Value) {
    let at = path("data-returns", back);
    said["version"] = who.get(&at).await["version"].clone();
    who.ask(Method::POST, &format!("{at}/{door}"), Some(said))
        .await
}

async fn steps(who: &Person, back: &Value, step: Value) -> Value {
    does(who, back, "steps", step).await.1
}

fn line<'a>(back: &'a Value, kind: &str, code: &str) -> &'a Value {
    let lines = back["lines"].as_array().unwrap().iter();
    let mut found = lines.filter(|line| line["kind"] == kind && line["code"] == code);
    found
        .next()
        .unwrap_or_else(|| panic!("no {kind} {code}: {back}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_are_returned_deleted_and_both_sign_it() {
    on_both(async |server| {
        let manager = server.sign_in("manager").await;
        let purchaser = server.sign_in("purchaser").await;
        let agent = server.sign_in("agent1").await;
        let ticket = agent.opens("consult", "107", "准考证打不开").await;
        let (export, sha256) = handed_over(server, &purchaser).await;

        // Only what was handed over after the contract's last day is all of it; nothing is deleted before the purchaser says
        // that he holds it, and on which day the contract ended.
        let new = |day: &str| json!({"export_id": export["id"], "contract_ended_on": day});
        let (_, no) = manager.ask(Method::POST, "/api/v1/data-returns", Some(new("2026-11-23"))).await;
        assert_eq!(no["code"], "data_return_export_old", "{no}");
        let first = manager.post("/api/v1/data-returns", new("2026-11-22")).await;
        let no = steps(&manager, &first, json!({"action": "delete"})).await;
        assert_eq!(no["code"], "data_return_not_received", "{no}");
        let receipt = |sha256: &str, day: &str| json!({"manifest_sha256": sha256, "contract_ended_on": day, "note": "移动硬盘一块"});
        let (_, no) = does(&purchaser, &first, "receive", receipt(&"0".repeat(64), "2026-11-22")).await;
        assert_eq!(no["code"], "data_return_other_digest", "{no}");
        let (_, no) = does(&purchaser, &first, "receive", receipt(&sha256, "2027-03-30")).await;
        assert_eq!(no["code"], "data_return_other_day", "{no}");
        let (status, _) = does(&manager, &first, "receive", receipt(&sha256, "2026-11-22")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "the purchaser says it");
        let (_, no) = manager.ask(Method::POST, "/api/v1/data-returns", Some(new("2026-11-22"))).await;
        assert_eq!(no["code"], "data_return_open", "{no}");
        steps(&manager, &first, json!({"action": "withdraw"})).await;
        assert!(agent.get(&path("tickets", &ticket)).await["summary"] == "准考证打不开");

        // The last day has passed: the job deletes kind by kind, and says what.
        let back = manager.post("/api/v1/data-returns", new("2026-11-22")).await;
        let waits = purchaser.get("/api/v1/waiting").await;
        assert!(waits.to_string().contains("data_return"), "{waits}");
        let told = purchaser
            .until("/api/v1/notices", Duration::from_secs(5), |bell| {
                bell.to_string().contains("data_return_offered")
            })
            .await;
        assert!(told.to_string().contains(back["number"].as_str().unwrap()), "{told}");
        does(&purchaser, &back, "receive", receipt(&sha256, "2026-11-22")).await;
        let no = steps(&manager, &back, json!({"action": "sign"})).await;
        assert_eq!(no["code"], "data_return_not_deleted", "{no}");
        steps(&manager, &back, json!({"action": "delete"})).await;
        let at = path("data-returns", &back);
        let deleted = manager
            .until(&at, Duration::from_secs(30), |it| it["state"] == "deleted")
            .await;
        assert!(line(&deleted, "deleted", "tickets")["rows"].as_i64().unwrap() > 0);
        assert!(line(&deleted, "deleted", "export_folders")["files"].as_i64().unwrap() > 100);
        let kept = line(&deleted, "kept", "staff");
        assert!(kept["how"].as_str().unwrap().contains("劳动合同法"), "{kept}");
        assert_eq!(kept["until"], "2028-11-22", "two years: {kept}");
        let rows = deleted["handed"]["records"].as_array().unwrap();
        assert!(rows.iter().any(|one| one["name"] == "tickets" && one["rows"] == 1));
        let gone = agent.get(&path("tickets", &ticket)).await;
        assert_eq!(gone["summary"], "", "{gone}");
        assert!(!gone.to_string().contains("1390000"), "nor his number: {gone}");
        let lead = server.sign_in("lead").await;
        assert_eq!(lead.get("/api/v1/tickets?q=准考证").await["total"], 0, "nor by words");
        let folder = manager.get(&path("exports", &export)).await;
        assert_eq!(folder["parts"], json!([]), "the copies went too");

        // Of every other medium somebody says what became of it; then both sign.
        let no = steps(&manager, &back, json!({"action": "sign"})).await;
        assert_eq!(no["code"], "data_return_medium_unsaid", "{no}");
        for medium in ["server", "backups", "workstations", "paper", "messengers"] {
            let said = json!({"action": "attest", "medium": medium, "how": "已覆写销毁", "done_on": "2026-11-23"});
            let told = steps(&manager, &back, said).await;
            assert_eq!(line(&told, "medium", medium)["how"], "已覆写销毁", "{told}");
        }
        let signed = steps(&manager, &back, json!({"action": "sign"})).await;
        assert_eq!(signed["state"], "signed", "{signed}");
        assert_eq!(purchaser.get(&at).await["actions"], json!(["accept", "send_back"]));
        let (_, sent) = does(&purchaser, &back, "accept", json!({"accept": false, "reason": "补充备份介质编号"})).await;
        assert_eq!((&sent["state"], &sent["signed_by"]), (&json!("deleted"), &Value::Null), "{sent}");
        let again = json!({"action": "attest", "medium": "backups", "how": "磁带 LTO-7 三盘已消磁", "done_on": "2026-11-23"});
        steps(&manager, &back, again).await;
        steps(&manager, &back, json!({"action": "sign"})).await;
        let (status, closed) = does(&purchaser, &back, "accept", json!({"accept": true})).await;
        assert_eq!((status, &closed["state"]), (StatusCode::OK, &json!("closed")), "{closed}");
        let (_, no) = does(&purchaser, &back, "accept", json!({"accept": true})).await;
        assert_eq!(no["code"], "data_return_ended", "{no}");

        // The certificate is frozen, and who takes it stands in the log.
        let file = purchaser.send(Method::GET, &format!("{at}/certificate"), None).await;
        let bytes = file.bytes().await.unwrap();
        assert!(bytes.starts_with(b"%PDF"), "{closed}");
        assert_eq!(hex::encode(Sha256::digest(&bytes)), closed["sha256"].as_str().unwrap());
        let log = purchaser.get("/api/v1/export-log?kind=return_certificate").await;
        assert_eq!(log["total"], 1, "{log}");
        let auditor = server.sign_in("auditor").await;
        assert_eq!(auditor.get("/api/v1/audit/state").await["tail_whole"], true);
        let contract = purchaser.get("/api/v1/contract-clauses").await;
        assert!(contract.to_string().contains("data_returns"), "{contract}");
    })
    .await;
}

/// What the inventory declares is what can be erased, column by column.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_not_kept_by_law_can_be_deleted() {
    on_both(async |server| {
        let purchaser = server.sign_in("purchaser").await;
        let rows = purchaser.get("/api/v1/rules/personal-information").await;
        let held: Vec<&Value> = rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["standing"] == "in_force")
            .map(|row| &row["rule"])
            .collect();
        let known = server::forgets();
        for rule in &held {
            let has_way = !rule["kept_at_end"].is_null() || rule["code"] == "recordings";
            for column in rule["columns"].as_array().unwrap() {
                let named = known.iter().any(|one| column == &json!(one.name()));
                assert!(has_way || named, "nothing deletes {column}");
            }
        }
        for one in &known {
            let declared = |rule: &&Value| {
                rule["columns"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(one.name()))
            };
            let times = held.iter().filter(|rule| declared(rule)).count();
            assert_eq!(times, 1, "{} stands in the inventory once", one.name());
        }
    })
    .await;
}
