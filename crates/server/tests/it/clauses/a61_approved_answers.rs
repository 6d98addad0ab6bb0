//! what agents say is approved by the purchaser, version by version; an answer cites the version that
//! holds, and what was withdrawn is said no more.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::platforms::wechat::Wechat;

use super::a14_quality::{marks, step};
use crate::support::Person;
use crate::support::cases::{on_both, on_both_at, path};

async fn approval(person: &Person, article: &Value) -> Value {
    let article = person.get(&path("articles", article)).await;
    let version = if article["working"].is_null() {
        &article["in_force"]
    } else {
        &article["working"]
    };
    version["approval"].clone()
}

async fn does(
    person: &Person,
    article: &Value,
    verb: &str,
    mut body: Value,
) -> (StatusCode, Value) {
    let change = approval(person, article).await;
    body["version"] = change["version"].clone();
    let at = format!("{}/{verb}", path("approvals", &change));
    person.ask(Method::POST, &at, Some(body)).await
}

fn content(answer: &str) -> Value {
    json!({"title": "准考证打印", "question": "准考证什么时候打印？", "answer": answer,
        "source_title": "本次考试报名公告"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_of_the_supplier_publishes_and_an_answer_cites_the_version_in_force() {
    on_both(async |server| {
        let (trainer, manager) = (server.sign_in("trainer").await, server.sign_in("manager").await);
        let (purchaser, agent) = (server.sign_in("purchaser").await, server.desk_agent("agent1").await);
        let new = json!({"kind": "script", "matter": "107", "content": content("考前一周开放打印。")});
        let article = trainer.post("/api/v1/articles", new).await;
        let id = article["id"].as_str().unwrap().to_owned();

        let mut visitor = server.visitor();
        visitor.begins("准考证怎么打印").await;
        let conversation = agent.person.takes_conversation().await;
        let say = format!("{}/messages", path("conversations", &conversation));
        let cite = |n: u32, key: &str| json!({"client_id": key, "text": "考前一周开放打印。", "article": format!("{id}@{n}")});

        // A draft is not said, by whichever door.
        assert_eq!(agent.person.refused(Method::POST, &say, cite(1, "a-1")).await.1, "article_not_in_force");
        for person in [&trainer, &manager] {
            let (status, _) = does(person, &article, "approve", json!({})).await;
            assert!(status == StatusCode::FORBIDDEN || status == StatusCode::CONFLICT, "{status}");
        }
        assert!(does(&trainer, &article, "submit", json!({})).await.0.is_success());
        let (status, _) = does(&manager, &article, "approve", json!({})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "nobody of the supplier approves");
        let (status, done) = does(&purchaser, &article, "approve", json!({"opinion": "同意"})).await;
        assert!(status.is_success(), "{done}");
        agent.person.post(&say, cite(1, "a-2")).await;

        // A second version takes the place of the first the moment it is approved.
        let latest = trainer.get(&path("articles", &article)).await;
        let change = json!({"version": latest["version"], "content": content("考前三天开放打印。")});
        trainer.must(Method::PATCH, &path("articles", &article), Some(change)).await;
        assert!(does(&trainer, &article, "submit", json!({})).await.0.is_success());
        agent.person.post(&say, cite(1, "a-3")).await;
        assert!(does(&purchaser, &article, "approve", json!({})).await.0.is_success());
        assert_eq!(agent.person.refused(Method::POST, &say, cite(1, "a-4")).await.1, "article_not_in_force");
        agent.person.post(&say, cite(2, "a-5")).await;
        let diff = purchaser.get(&format!("{}/diff?from=1&to=2", path("articles", &article))).await;
        assert!(diff.to_string().contains("三天"), "{diff}");

        // The record cites it; the rate of citation is a count of records.
        let record = json!({"request_type": "consult", "matter": "107", "result": "answered", "summary": "打印时间",
            "articles": [format!("{id}@2")]});
        let unknown = json!({"request_type": "consult", "matter": "107", "result": "answered", "summary": "打印时间",
            "articles": [format!("{id}@9")]});
        agent.person.post(&format!("{}/end", path("conversations", &conversation)), json!({})).await;
        let complete = format!("/api/v1/contact-records/{}/complete", conversation["id"].as_str().unwrap());
        assert_eq!(agent.person.refused(Method::POST, &complete, unknown).await.1, "article_unknown");
        agent.person.post(&complete, record).await;
        assert_eq!(manager.get("/api/v1/contact-records?cited=true").await["total"], 1);
        assert_eq!(manager.get("/api/v1/contact-records?cited=false").await["total"], 0);

        // It is checked: each citation was of what held when it was said (K-25).
        let quality = server.sign_in("quality").await;
        let picked = json!({"kind": "conversation", "contact_id": conversation["id"], "reason": "抽查"});
        let sampled = quality.post("/api/v1/evaluations", picked).await;
        let scored = step(&quality, &sampled, "score", marks(&quality, 0, "").await).await;
        step(&quality, &scored, "release", json!({})).await;
        let seen = agent.person.get(&path("evaluations", &sampled)).await;
        let last = step(&agent.person, &seen, "acknowledge", json!({})).await;
        assert_eq!(last["state"], "final");
        let today = (server.clock.now() + TimeDelta::hours(8)).date_naive();
        let told = manager.get(&format!("/api/v1/kpi-figures?kpis=k25&from={today}&to={today}")).await;
        let k25 = &told["items"][0];
        assert_eq!((&k25["numerator"], &k25["denominator"]), (&json!(1), &json!(1)), "{told}");

        // Withdrawn at once, everywhere.
        let mut screen = agent.person.screen().await;
        assert!(does(&purchaser, &article, "withdraw", json!({"reason": "公告已改"})).await.0.is_success());
        screen.hears(&["withdrawn"]).await;
        visitor.says("m-2", "请再说一次").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(agent.person.refused(Method::POST, &say, cite(2, "a-6")).await.1, "article_not_in_force");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_says_only_what_is_approved_by_a_word_or_the_menu() {
    on_both(async |server| {
        let (trainer, purchaser, lead) = (
            server.sign_in("trainer").await,
            server.sign_in("purchaser").await,
            server.sign_in("lead").await,
        );
        let new =
            json!({"kind": "script", "matter": "107", "content": content("考前一周开放打印。")});
        let article = trainer.post("/api/v1/articles", new).await;
        let id = article["id"].as_str().unwrap();
        let platform = Wechat::start(&server.clock).await;
        let mut settings = platform.settings();
        settings.push(("replies", format!("准考证={id}\nmenu:TICKET={id}")));
        server
            .channel("wechat_oa", "wechat_oa", settings, Wechat::secrets())
            .await;

        // Not approved yet: the word goes to people.
        server
            .told("wechat_oa", &platform.says("oUSERa", "准考证"))
            .await;
        assert_eq!(
            lead.get("/api/v1/conversations?state=waiting").await["total"],
            1
        );
        does(&trainer, &article, "submit", json!({})).await;
        does(&purchaser, &article, "approve", json!({})).await;

        let before = platform.sent().len();
        server
            .told("wechat_oa", &platform.says("oUSERb", "准考证"))
            .await;
        server
            .told("wechat_oa", &platform.happens("oUSERc", "CLICK", "TICKET"))
            .await;
        for _ in 0..100 {
            if platform.sent().len() == before + 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let sent = platform.sent();
        assert_eq!(sent.len(), before + 2, "{sent:?}");
        assert!(sent[before..].iter().all(|one| {
            one["text"]["content"]
                .as_str()
                .unwrap()
                .starts_with("考前一周开放打印。")
        }));
        let served = lead.get("/api/v1/conversations?state=closed").await;
        assert_eq!(served["total"], 2);
        assert_eq!(served["items"][0]["end_reason"], "self_service");
    })
    .await;
}

async fn standing(person: &Person, purpose: &str) -> Value {
    let texts = person.get("/api/v1/standing-texts").await;
    let mut items = texts["items"].as_array().unwrap().iter();
    items
        .find(|text| text["purpose"] == purpose)
        .unwrap()
        .clone()
}

/// What the house says by itself is approved like what agents say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_text_takes_the_place_of_the_shipped_one_and_a_draft_does_not() {
    let closed_at_night = [("service.always_open", "false".to_owned())];
    on_both_at(crate::support::OPEN, &closed_at_night, async |server| {
        let (trainer, purchaser, manager) =
            (server.sign_in("trainer").await, server.sign_in("purchaser").await, server.sign_in("manager").await);
        let visitor = server.visitor();
        let notice = async || visitor.get("/api/v1/chat/config").await["notice"].clone();
        let shipped = notice().await;
        assert_eq!(shipped["shipped"], true, "{shipped}");
        assert_eq!(standing(&manager, "privacy_notice").await["shipped"], true);

        let script = |purpose: &str, answer: &str| json!({"kind": "script", "matter": "107", "purpose": purpose,
            "content": {"title": purpose, "question": "由系统说", "answer": answer, "source_title": "采购人批复"}});
        let mut wrong = script("rating", "请评价");
        wrong["kind"] = json!("article");
        assert_eq!(trainer.refused(Method::POST, "/api/v1/articles", wrong).await.1, "purpose_needs_script");
        let no_number = script("left_message", "您的留言已收到。");
        assert_eq!(trainer.refused(Method::POST, "/api/v1/articles", no_number).await.1, "placeholder_missing");

        // A draft, and what waits for the purchaser, is not said.
        let article = trainer.post("/api/v1/articles", script("privacy_notice", "一号告知")).await;
        assert_eq!(article["purpose"], "privacy_notice");
        let second = script("privacy_notice", "另一份");
        assert_eq!(trainer.refused(Method::POST, "/api/v1/articles", second).await.1, "purpose_taken");
        assert_eq!(notice().await, shipped);
        assert!(does(&trainer, &article, "submit", json!({})).await.0.is_success());
        assert_eq!(notice().await, shipped);
        assert!(does(&purchaser, &article, "approve", json!({})).await.0.is_success());
        let approved = notice().await;
        assert_eq!((&approved["text"], &approved["shipped"]), (&json!("一号告知"), &json!(false)));
        let reference = format!("{}@1", article["id"].as_str().unwrap());
        assert_eq!(approved["version"], reference.as_str());
        assert_eq!(standing(&manager, "privacy_notice").await["article"], reference.as_str());

        // Who agreed to the old one is asked anew; the next version takes the place of this one.
        let old = json!({"channel": "web", "consent": shipped["version"], "text": "您好"});
        let (status, problem) = visitor.ask(Method::POST, "/api/v1/chat/sessions", Some(old)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("consent_missing")));
        let latest = trainer.get(&path("articles", &article)).await;
        let content = script("privacy_notice", "二号告知")["content"].clone();
        let change = json!({"version": latest["version"], "content": content});
        trainer.must(Method::PATCH, &path("articles", &article), Some(change)).await;
        assert_eq!(notice().await, approved);
        assert!(does(&trainer, &article, "submit", json!({})).await.0.is_success());
        assert!(does(&purchaser, &article, "approve", json!({})).await.0.is_success());
        assert_eq!(notice().await["text"], "二号告知");

        // So does what a requester is told at night.
        let left = trainer.post("/api/v1/articles", script("left_message", "已收到，编号{number}，{due}前回复。")).await;
        assert!(does(&trainer, &left, "submit", json!({})).await.0.is_success());
        assert!(does(&purchaser, &left, "approve", json!({})).await.0.is_success());
        server.clock.advance(Duration::from_hours(11));
        let mut writer = server.visitor();
        writer.begins("系统登录不了").await;
        let told = writer.talk().await[1].1.clone();
        assert!(told.starts_with("已收到，编号SJ2026") && told.ends_with("前回复。"), "{told}");

        // Withdrawn, the shipped one is said again and is marked so.
        assert!(does(&purchaser, &article, "withdraw", json!({"reason": "重拟"})).await.0.is_success());
        assert_eq!(notice().await, shipped);
    })
    .await;
}
