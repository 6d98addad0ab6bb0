//! Everything that waits for one's decision stands in one list, and what needs nothing but a yes gets it from there.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clauses::a52_exam::{set, sits};
use crate::support::Person;
use crate::support::cases::{on_both, path};

async fn waiting(person: &Person) -> Value {
    person.get("/api/v1/waiting").await
}

fn of<'a>(list: &'a Value, kind: &str) -> Vec<&'a Value> {
    let items = list["items"].as_array().unwrap();
    items.iter().filter(|one| one["kind"] == kind).collect()
}

/// Says yes as the console does: it sends what the line told.
async fn consents(person: &Person, one: &Value) -> StatusCode {
    let consent = &one["consent"];
    let door = consent["path"].as_str().unwrap();
    let said = person.ask(Method::POST, door, Some(consent["body"].clone()));
    said.await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_purchaser_finds_all_that_waits_in_one_list_and_says_yes_from_there() {
    on_both(async |server| {
        let (agent, purchaser) = (
            server.sign_in("agent1").await,
            server.sign_in("purchaser").await,
        );
        let quality = server.sign_in("quality").await;
        assert_eq!(
            quality.ask(Method::GET, "/api/v1/waiting", None).await.0,
            StatusCode::FORBIDDEN
        );
        let before = waiting(&purchaser).await;
        let before = of(&before, "article_change").len();

        let trainer = server.sign_in("trainer").await;
        for title in ["准考证打印", "成绩复核"] {
            let content = json!({"title": title, "question": "何时？", "answer": "以公告为准。", "source_title": "公告"});
            let new = json!({"kind": "script", "matter": "107", "content": content});
            let article = trainer.post("/api/v1/articles", new).await;
            let article = trainer.get(&path("articles", &article)).await;
            let change = &article["working"]["approval"];
            let submit = format!("{}/submit", path("approvals", change));
            trainer.post(&submit, json!({"version": change["version"]})).await;
        }
        let ticket = agent.opens("help", "106", "想退考试费").await;
        let new = json!({"kind": "instruction_request", "matters": ["106"], "ticket_id": ticket["id"],
            "title": "关于退费口径的请示", "body": "能否退费，请批示。"});
        let own = path("instructions", &agent.post("/api/v1/instructions", new).await);
        agent.post(&format!("{own}/submit"), json!({"version": 1})).await;
        let lead = server.sign_in("lead").await;
        set(server, "qualification", &["lead"], 0).await;
        sits(server, &lead, true).await;

        let list = waiting(&purchaser).await;
        let (changes, asked, passed) = (
            of(&list, "article_change"),
            of(&list, "instruction"),
            of(&list, "certificate"),
        );
        assert_eq!((changes.len(), asked.len(), passed.len()), (before + 2, 1, 1), "{list}");
        assert_eq!(
            (&asked[0]["number"], &asked[0]["consent"]),
            (&json!("请示〔2026〕1号"), &Value::Null),
            "an answer is more than a yes"
        );
        let due: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| one["due_at"].clone()).collect();
        let clocked = due.iter().take_while(|due| due.is_string()).count();
        assert!(due[clocked..].iter().all(Value::is_null), "what has a clock stands first");
        let count = list["kinds"].as_array().unwrap().iter();
        let count = count.clone().find(|one| one["kind"] == "article_change").unwrap();
        assert_eq!((&count["count"], &count["overdue"]), (&json!(before + 2), &json!(0)));

        for one in changes.iter().chain(&passed) {
            assert!(consents(&purchaser, one).await.is_success(), "{one}");
        }
        assert_eq!(
            consents(&purchaser, changes[0]).await,
            StatusCode::CONFLICT,
            "a second yes finds it decided"
        );
        let after = waiting(&purchaser).await;
        assert!(of(&after, "article_change").is_empty() && of(&after, "certificate").is_empty(), "{after}");
        assert_eq!(of(&after, "instruction").len(), 1);

        // A 请示 goes to its section alone; nobody of the supplier sees what the purchaser decides.
        let members = json!({"version": 1, "members": [{"user_id": server.sign_in("section").await.own_id().await}]});
        purchaser.put("/api/v1/sections/exams/members", members).await;
        assert_eq!(of(&waiting(&server.sign_in("section").await).await, "instruction").len(), 1);
        assert!(of(&waiting(&server.sign_in("titles").await).await, "instruction").is_empty());
        let manager = waiting(&server.sign_in("manager").await).await;
        assert!(of(&manager, "instruction").is_empty(), "{manager}");
    })
    .await;
}
