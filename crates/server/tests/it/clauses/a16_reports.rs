//! the month's report is drafted by the clock, written, checked by another, released and frozen; the purchaser reads
//! it; a correction is version 2 and says what changed (domain G.12).

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::Person;
use crate::support::cases::on_both_at;

/// A step with the version that stands.
async fn step(who: &Person, report: &str, verb: &str) -> Value {
    let version = who.get(report).await["version"].clone();
    let body = json!({"version": version, "note": "已看"});
    who.post(&format!("{report}/{verb}"), body).await
}

async fn bytes(who: &Person, path: &str) -> Vec<u8> {
    let answer = who.send(Method::GET, path, None).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_month_is_reported_and_a_correction_says_what_changed() {
    // Monday evening, 30 November; the report of November is drafted at 09:00 on the first working day of December.
    on_both_at("2026-11-30T12:00:00Z", &[], async |server| {
        let (analyst, quality, manager) = (server.sign_in("analyst").await, server.sign_in("quality").await, server.sign_in("manager").await);
        let (purchaser, agent) = (server.sign_in("purchaser").await, server.sign_in("agent1").await);
        server.clock.advance(Duration::from_hours(13) + Duration::from_mins(1));
        let list = "/api/v1/reports?period=monthly";
        let drafted = analyst.until(list, Duration::from_secs(20), |list| list["total"] == 1).await;
        let report = format!("/api/v1/reports/{}", drafted["items"][0]["id"].as_str().unwrap());
        let draft = analyst.get(&report).await;
        assert_eq!(draft["title"], "2026年11月热线运营月报");
        assert!(draft["due_at"].as_str().unwrap().starts_with("2026-12-08"), "five working days: {}", draft["due_at"]);
        let told = |kind: &'static str| move |bell: &Value| bell["items"].as_array().unwrap().iter().any(|one| one["kind"] == kind);
        analyst.until("/api/v1/notices", Duration::from_secs(10), told("report_drafted")).await;

        // Each number has its formula below it, and where several are published the one it is counted by.
        let blocks = draft["content"]["blocks"].as_array().unwrap().clone();
        let kpis: Vec<&Value> = blocks.iter().filter(|block| block["kind"] == "kpis").collect();
        assert!(kpis.len() >= 4);
        for row in kpis.iter().flat_map(|block| block["rows"].as_array().unwrap()) {
            let formula = row["formula"].as_str().unwrap();
            assert!(!formula.is_empty(), "{row}");
            assert_eq!(formula.contains("采用口径"), ["k01", "k03", "k10"].contains(&row["code"].as_str().unwrap()), "{row}");
        }
        // Nobody outside sees a draft; agents see none at all.
        assert_eq!(purchaser.get(list).await["total"], 0);
        assert_eq!(agent.ask(Method::GET, list, None).await.0, StatusCode::FORBIDDEN);

        // Notes are typed, figures are not.
        let notes = blocks.iter().position(|block| block["kind"] == "notes").unwrap();
        let edit = |block: usize| json!({"version": draft["version"], "texts": [{"block": block, "text": "月初报名期间排队较长，已加派座席。"}]});
        let figures = blocks.iter().position(|block| block["kind"] == "kpis").unwrap();
        assert_eq!(analyst.refused(Method::PUT, &report, edit(figures)).await.1, "block_without_words");
        analyst.put(&report, edit(notes)).await;
        let fresh = step(&analyst, &report, "refresh").await;
        assert_eq!(fresh["content"]["blocks"][notes]["text"], "月初报名期间排队较长，已加派座席。");

        // Checked by another, released, frozen.
        step(&analyst, &report, "submit").await;
        let own = json!({"version": analyst.get(&report).await["version"]});
        assert_eq!(analyst.refused(Method::POST, &format!("{report}/check"), own).await.1, "forbidden");
        step(&quality, &report, "check").await;
        let released = step(&manager, &report, "release").await;
        assert_eq!((&released["state"], &released["intact"]), (&json!("released"), &json!(true)));
        let late = json!({"version": released["version"], "texts": []});
        assert_eq!(analyst.refused(Method::PUT, &report, late).await.1, "report_frozen");

        // The purchaser is told, reads it, takes the files out; they are those that were frozen.
        purchaser.until("/api/v1/notices", Duration::from_secs(10), told("report_released")).await;
        assert_eq!(purchaser.get("/api/v1/waiting").await["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "report_read").count(), 1);
        let read = purchaser.post(&format!("{report}/read"), json!({})).await;
        assert_eq!((&read["read"], read["readers"].as_array().unwrap().len()), (&json!(true), 1));
        let frozen = read["files"].as_array().unwrap().clone();
        for (format, begins) in [("pdf", &b"%PDF"[..]), ("docx", b"PK"), ("xlsx", b"PK")] {
            let file = bytes(&purchaser, &format!("{report}/files/{format}")).await;
            assert!(file.starts_with(begins), "{format}");
            let kept = frozen.iter().find(|one| one["format"] == format).unwrap();
            assert_eq!(kept["sha256"], json!(hex::encode(Sha256::digest(&file))));
        }
        let log = purchaser.get("/api/v1/export-log").await;
        assert_eq!(log["items"][0]["kind"], "reports", "{log}");

        // A correction is version 2: it says why and what changed, and the version before stays as it was.
        let second = analyst.post(&format!("{report}/correct"), json!({"reason": "漏记一日的转接来电"})).await;
        assert_eq!((&second["revision"], &second["number"]), (&json!(2), &released["number"]));
        let at = format!("/api/v1/reports/{}", second["id"].as_str().unwrap());
        let edit = json!({"version": second["version"], "texts": [{"block": notes, "text": "已补记。"}]});
        let edited = analyst.put(&at, edit).await;
        let said = &edited["content"]["correction"];
        assert_eq!((&said["reason"], &said["corrects_sha256"]), (&json!("漏记一日的转接来电"), &released["sha256"]));
        assert_eq!(said["texts"].as_array().unwrap().len(), 1, "{said}");
        assert_eq!(purchaser.get(&report).await["versions"].as_array().unwrap().len(), 1, "not before it is out");
        step(&analyst, &at, "submit").await;
        step(&quality, &at, "check").await;
        step(&manager, &at, "release").await;
        let old = purchaser.get(&report).await;
        assert_eq!((&old["state"], &old["intact"], &old["content"]), (&json!("superseded"), &json!(true), &released["content"]));
        assert_eq!(purchaser.get(&at).await["versions"].as_array().unwrap().len(), 2);
        let clauses = purchaser.get("/api/v1/contract-clauses").await;
        let clause = clauses["items"].as_array().unwrap().iter().find(|clause| clause["code"] == "A-16").unwrap();
        // Reports of other periods are late by now, and the clause says so beside the two.
        assert_eq!((&clause["state"], &clause["proofs"][0]["recent"]), (&json!("amiss"), &json!(2)), "{clause}");
    })
    .await;
}
