//! what passes between the sides passes as letters: checked by two, signed with the next number, sealed, sent,
//! received, replied to in time, archived; none is deleted.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{actions, on_both_at, path};
use crate::support::staff::{does, tries};
use crate::support::{Person, TestServer};

struct Desks {
    liaison: Person,
    hr: Person,
    manager: Person,
    counterpart: Person,
    purchaser: Person,
}

impl Desks {
    async fn of(server: &TestServer) -> Self {
        Self {
            liaison: server.sign_in("liaison").await,
            hr: server.sign_in("hr").await,
            manager: server.sign_in("manager").await,
            counterpart: server.sign_in("counterpart").await,
            purchaser: server.sign_in("purchaser").await,
        }
    }

    /// The steps of its own side until it is sent.
    async fn sends(&self, letter: &Value, people: [&Person; 3]) -> Value {
        let [writer, checker, signer] = people;
        let at = path("letters", letter);
        does(writer, &at, "steps", json!({"action": "submit"})).await;
        does(checker, &at, "steps", json!({"action": "review"})).await;
        does(signer, &at, "sign", json!({})).await;
        does(writer, &at, "steps", json!({"action": "seal"})).await;
        does(writer, &at, "steps", json!({"action": "send"})).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_goes_from_the_draft_to_the_archive_and_its_reply_is_due_by_working_days() {
    // Ten working days from the 18th of September 2026 end on the 9th of October (`workday_vectors.json`).
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let desks = Desks::of(server).await;
        let agent = server.sign_in("agent1").await;
        let (status, _) = agent.ask(Method::GET, "/api/v1/letters", None).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let new = json!({"template": "general", "urgency": "urgent", "secrecy": "internal", "reply_days": 10,
            "cc": ["考试科"], "fields": {"matter": "考前话务高峰保障", "content": "拟于报名期间增派两名座席。"}});
        let letter = desks.liaison.post("/api/v1/letters", new).await;
        let at = path("letters", &letter);
        assert_eq!((&letter["number"], &letter["title"]), (&Value::Null, &json!("关于考前话务高峰保障的函")));

        // Nobody checks his own; nobody signs what was not checked; the other side knows nothing of it.
        does(&desks.liaison, &at, "steps", json!({"action": "submit"})).await;
        let (_, no) = tries(&desks.liaison, &at, "steps", json!({"action": "review"})).await;
        assert_eq!(no["code"], "letter_own_draft");
        let (_, no) = tries(&desks.manager, &at, "sign", json!({})).await;
        assert_eq!(no["code"], "letter_not_reviewed");
        assert_eq!(desks.counterpart.ask(Method::GET, &at, None).await.0, StatusCode::NOT_FOUND);
        does(&desks.hr, &at, "steps", json!({"action": "return", "reason": "写明人数"})).await;
        let sent = desks.sends(&letter, [&desks.liaison, &desks.hr, &desks.manager]).await;
        assert_eq!((&sent["state"], &sent["number"]), (&json!("sent"), &json!("热线服函〔2026〕1号")));
        assert!(sent["due_at"].as_str().unwrap().starts_with("2026-09-20"), "a make-up Sunday: {sent}");

        desks.counterpart.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("letter_sent")).await;
        let todo = desks.counterpart.get("/api/v1/liaison-todo").await;
        assert_eq!((&todo["items"][0]["id"], &todo["items"][0]["owes"]), (&letter["id"], &json!("receive")));
        let received = does(&desks.counterpart, &at, "steps", json!({"action": "receive"})).await;
        assert!(received["due_at"].as_str().unwrap().starts_with("2026-10-09"), "{received}");
        let (_, no) = tries(&desks.liaison, &at, "steps", json!({"action": "void", "reason": "误发"})).await;
        assert_eq!(no["code"], "letter_in_hands");
        let (_, no) = tries(&desks.liaison, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!(no["code"], "letter_reply_owed");
        does(&desks.counterpart, &at, "steps", json!({"action": "begin", "note": "转考试科"})).await;

        // The reply is late: both sides are told; then it comes, and the letter is replied to.
        server.clock.advance(Duration::from_hours(22 * 24));
        desks.purchaser.until(&at, Duration::from_secs(10), |one| one["overdue"] == true).await;
        for who in [&desks.liaison, &desks.purchaser] {
            who.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("letter_overdue")).await;
        }
        let reply = json!({"title": "复函", "body": ["同意。"], "in_reply_to": letter["id"]});
        assert_eq!(desks.liaison.refused(Method::POST, "/api/v1/letters", reply.clone()).await.1, "letter_own_side");
        let reply = desks.counterpart.post("/api/v1/letters", reply).await;
        let reply = desks.sends(&reply, [&desks.counterpart, &desks.purchaser, &desks.purchaser]).await;
        assert_eq!(reply["number"], "热线采函〔2026〕1号", "each side counts its own");
        let replied = desks.liaison.get(&at).await;
        assert_eq!((&replied["state"], &replied["replied_with"]["number"]), (&json!("replied"), &reply["number"]));
        assert_eq!(replied["due_at"], Value::Null);
        let done = does(&desks.liaison, &at, "steps", json!({"action": "archive"})).await;
        assert_eq!(done["state"], "archived");
        assert!(actions(&done).ends_with(&["received", "begun", "overdue", "replied", "archived"]), "{done}");
        let paper = desks.liaison.send(Method::GET, &format!("{at}/paper"), None).await;
        assert!(paper.text().await.unwrap().contains("热线服函〔2026〕1号"));
        for (format, mark) in [("docx", &b"PK\x03\x04"[..]), ("pdf", b"%PDF-")] {
            let file = desks.liaison.send(Method::GET, &format!("{at}/paper?format={format}"), None).await;
            let bytes = file.bytes().await.unwrap();
            assert!(bytes.starts_with(mark), "{format}: {}", String::from_utf8_lossy(&bytes));
        }
        let (status, _) = desks.manager.ask(Method::DELETE, &at, None).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);

        // A new year begins with 1 again.
        server.clock.advance(Duration::from_hours(90 * 24));
        let desks = Desks::of(server).await;
        let next = desks.liaison.post("/api/v1/letters", json!({"title": "新年", "body": ["正文"]})).await;
        let next = desks.sends(&next, [&desks.liaison, &desks.hr, &desks.manager]).await;
        assert_eq!(next["number"], "热线服函〔2027〕1号");
    })
    .await;
}
