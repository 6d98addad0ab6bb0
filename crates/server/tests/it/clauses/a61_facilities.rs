//! A-61, facilities and layout: nothing is changed without the purchaser's consent; in an emergency it is ratified
//! after or put back; a picture closes it; one list shows it beside the changes of answers.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both_at, path};
use crate::support::staff::{does, tries};

async fn pictured(who: &Person, change: &Value) {
    let mut body = Vec::new();
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"after.png\"\r\n\r\n",
    );
    body.extend_from_slice(b"\x89PNG\r\n\x1a\n what is there now\r\n--b--\r\n");
    let at = format!(
        "/api/v1/liaison-files/site_change/{}",
        change["id"].as_str().unwrap()
    );
    let (status, file) = who
        .send_form(&at, "multipart/form-data; boundary=b", body)
        .await;
    assert_eq!(status, StatusCode::CREATED, "{file}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facilities_and_layout_change_with_consent_or_are_ratified() {
    // Two working days from the 30th of September 2026 end on the 9th of October (`workday_vectors.json`).
    on_both_at("2026-09-30T02:00:00Z", &[], async |server| {
        let (lead, purchaser) = (server.sign_in("lead").await, server.sign_in("purchaser").await);
        let (manager, trainer) = (server.sign_in("manager").await, server.sign_in("trainer").await);
        let new = |kind: &str| json!({"kind": kind, "title": "座席区改为面窗", "reason": "采光", "before_text": "背窗",
            "after_text": "面窗", "planned_on": "2026-10-12"});
        let term = json!({"rule": {"code": "change.ratify", "unit": "working_days", "amount": 2}, "source": "双方确认"});
        assert_eq!(manager.ask(Method::POST, "/api/v1/rules/liaison-terms", Some(term.clone())).await.0, StatusCode::FORBIDDEN);
        purchaser.post("/api/v1/rules/liaison-terms", term).await;

        let change = lead.post("/api/v1/site-changes", new("layout")).await;
        let at = path("site-changes", &change);
        let (_, no) = tries(&lead, &at, "steps", json!({"action": "apply"})).await;
        assert_eq!(no["code"], "site_change_not_approved");
        does(&lead, &at, "steps", json!({"action": "submit"})).await;
        let (status, _) = tries(&manager, &at, "decide", json!({"action": "approve"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "nobody of the supplier consents");
        purchaser.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("site_change_submitted")).await;
        does(&purchaser, &at, "decide", json!({"action": "return", "reason": "请附平面图"})).await;
        pictured(&lead, &change).await;
        does(&lead, &at, "steps", json!({"action": "submit"})).await;
        does(&purchaser, &at, "decide", json!({"action": "approve", "opinion": "同意"})).await;
        server.clock.advance(Duration::from_mins(5));
        does(&lead, &at, "steps", json!({"action": "apply"})).await;
        let (_, no) = tries(&lead, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!(no["code"], "site_change_without_evidence", "a picture of before is none of now");
        server.clock.advance(Duration::from_mins(5));
        pictured(&lead, &change).await;
        let done = does(&lead, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!((&done["state"], done["files"].as_array().unwrap().len()), (&json!("archived"), 2));

        // In an emergency: at once, with a clock for the purchaser; what is not ratified is put back.
        let change = lead.post("/api/v1/site-changes", new("facility")).await;
        let at = path("site-changes", &change);
        let urgent = does(&lead, &at, "steps", json!({"action": "emergency", "reason": "交换机冒烟，先行更换"})).await;
        assert_eq!(urgent["state"], "effective_pending_ratification");
        assert!(urgent["due_at"].as_str().unwrap().starts_with("2026-10-09"), "{urgent}");
        pictured(&lead, &change).await;
        let (_, no) = tries(&lead, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!(no["code"], "site_change_not_ratified");
        server.clock.advance(Duration::from_hours(10 * 24));
        purchaser.until(&at, Duration::from_secs(10), |one| one["overdue"] == true).await;
        does(&purchaser, &at, "decide", json!({"action": "refuse", "reason": "恢复原交换机"})).await;
        let (_, no) = tries(&lead, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!(no["code"], "site_change_without_evidence");
        server.clock.advance(Duration::from_mins(1));
        pictured(&lead, &change).await;
        let done = does(&lead, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!((&done["state"], &done["overdue"]), (&json!("archived"), &json!(true)));

        // One list of all that may not change without consent.
        let content = json!({"title": "准考证打印", "question": "准考证何时打印？", "answer": "考前一周。",
            "source_title": "本次考试报名公告"});
        let article = json!({"kind": "script", "matter": "107", "content": content});
        let (status, written) = trainer.ask(Method::POST, "/api/v1/articles", Some(article)).await;
        assert!(status.is_success(), "{written}");
        let all = purchaser.get("/api/v1/change-control").await;
        let kinds: Vec<_> = all["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
        for kind in ["facility", "layout", "script"] {
            assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
        }
    })
    .await;
}
