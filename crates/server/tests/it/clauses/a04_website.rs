//! the website. An anonymous visitor chats, comes back after a reload, and when nobody is there leaves a message
//! that becomes a ticket.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::cases::{on_both, on_both_at};
use crate::support::chat::Visitor;
use crate::support::{Person, TestServer};

fn answered() -> Value {
    json!({"request_type": "consult", "matter": "107", "result": "answered", "summary": "准考证打印时间"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_chats_comes_back_after_a_reload_and_rates_the_talk() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let other = server.sign_in("agent2").await;
        let mut screen = agent.person.screen().await;
        let mut visitor = server.visitor();

        // Without his agreement nobody is asked anything.
        let new = json!({"channel": "web", "consent": "", "text": "您好"});
        let (status, problem) = visitor
            .ask(Method::POST, "/api/v1/chat/sessions", Some(new))
            .await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("consent_missing"))
        );

        let waiting = visitor.begins("准考证什么时候打印？").await;
        assert_eq!(
            (&waiting["state"], &waiting["place"]),
            (&json!("waiting"), &json!(1))
        );
        screen.hears(&["\"what\":\"offered\""]).await;
        let conversation = agent.person.takes_conversation().await;
        assert_eq!(conversation["channel"], "web");
        let active = visitor
            .until("/api/v1/chat", |chat| chat["state"] == "active")
            .await;
        assert_eq!(active["agent"]["staff_no"], json!("801"));
        assert!(
            !active.to_string().contains("name"),
            "the public knows the staff number only"
        );

        // The same message sent again is one message; somebody else's agent sees nothing.
        let first = visitor.says("m-1", "我是一级建造师").await;
        assert_eq!(
            visitor.says("m-1", "我是一级建造师").await["id"],
            first["id"]
        );
        screen.hears(&["我是一级建造师"]).await;
        let path = format!(
            "/api/v1/conversations/{}",
            conversation["id"].as_str().unwrap()
        );
        assert_eq!(
            other.ask(Method::GET, &path, None).await.0,
            StatusCode::NOT_FOUND
        );
        let (code, _) = other
            .ask(
                Method::POST,
                &format!("{path}/messages"),
                Some(json!({"client_id": "x", "text": "不该说的"})),
            )
            .await;
        assert_eq!(code, StatusCode::NOT_FOUND);

        agent
            .person
            .answers(&conversation, "a-1", "一般在考前一周，请以公告为准。")
            .await;
        agent
            .person
            .post(
                &format!("{path}/messages"),
                json!({"client_id": "n-1", "text": "<b>内部</b>", "note": true}),
            )
            .await;
        // After a reload the browser has its token only.
        let back = Visitor {
            token: visitor.token.clone(),
            ..server.visitor()
        };
        assert_eq!(
            back.talk().await,
            [
                ("me".to_owned(), "准考证什么时候打印？".to_owned()),
                ("me".to_owned(), "我是一级建造师".to_owned()),
                (
                    "agent".to_owned(),
                    "一般在考前一周，请以公告为准。".to_owned()
                ),
            ]
        );
        let mut stream = back.stream("0").await;
        let mut told = String::new();
        back.says("m-2", "谢谢").await;
        while !told.contains("谢谢") {
            let chunk = tokio::time::timeout(Duration::from_secs(5), stream.chunk())
                .await
                .expect("told in time");
            told.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap()));
        }
        let place = |words: &str| told.find(words).unwrap();
        assert!(
            place("什么时候打印") < place("一级建造师") && place("考前一周") < place("谢谢"),
            "{told}"
        );
        assert!(!told.contains("内部"), "notes stay in the house");

        // A wrap-up as of a call: no end without a record.
        agent.person.post(&format!("{path}/end"), json!({})).await;
        let (status, problem) = agent
            .person
            .ask(Method::POST, &format!("{path}/close"), Some(json!({})))
            .await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("wrap_up_incomplete"))
        );
        let record = format!(
            "/api/v1/contact-records/{}/complete",
            conversation["id"].as_str().unwrap()
        );
        let written = agent.person.post(&record, answered()).await;
        assert_eq!(
            (&written["medium"], &written["channel"]),
            (&json!("chat"), &json!("web"))
        );
        assert_eq!(
            agent.person.post(&format!("{path}/close"), json!({})).await["state"],
            "closed"
        );
        assert_eq!(back.get("/api/v1/chat").await["may_rate"], true);
        let rated = back
            .post(
                "/api/v1/chat/rating",
                json!({"said": "satisfied", "words": "很快"}),
            )
            .await;
        assert_eq!(rated["satisfaction"], "satisfied");
        let (status, _) = back
            .ask(
                Method::POST,
                "/api/v1/chat/rating",
                Some(json!({"said": "fair"})),
            )
            .await;
        assert_eq!(status, StatusCode::CONFLICT, "once");

        // The next word opens the next conversation.
        back.says("m-3", "还有一个问题").await;
        let next = agent.person.takes_conversation().await;
        assert_ne!(next["id"], conversation["id"]);
    })
    .await;
}

async fn closed(server: &TestServer) -> Person {
    // 21:00 in Guangzhou.
    server.clock.advance(Duration::from_hours(11));
    server.sign_in("lead").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_when_nobody_is_there_becomes_an_owned_ticket_with_a_deadline() {
    let closed_at_night = [("service.always_open", "false".to_owned())];
    on_both_at(crate::support::OPEN, &closed_at_night, async |server| {
    let lead = closed(server).await;
    let visitor = server.visitor();
    let config = visitor.get("/api/v1/chat/config").await;
    assert_eq!(config["open"], false);
    assert_eq!(config["opens_at"], "2026-11-24T00:30:00Z");

    // By the form: the number at once, and where it stands by number and telephone.
    let form = json!({"channel": "web", "consent": visitor.consent().await, "phone": "13900000041",
        "matter": "106", "text": "缴费两次只显示一次"});
    let (status, left) = visitor
        .ask(Method::POST, "/api/v1/chat/left-messages", Some(form))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{left}");
    let asked = json!({"number": left["number"], "phone": "13900000041"});
    let stands = visitor.post("/api/v1/public/ticket-status", asked).await;
    assert_eq!(stands["stage"], "received");
    let ticket = lead
        .get(&format!(
            "/api/v1/tickets?q={}",
            left["number"].as_str().unwrap()
        ))
        .await["items"][0]
        .clone();
    assert!(
        ticket["owner"]["name"].is_string() && ticket["due_at"] == left["due_at"],
        "{ticket}"
    );
    assert_eq!(
        (&ticket["state"], &ticket["matter"]),
        (&json!("pending_sign"), &json!("106"))
    );

    // In the chat: he is told the number, and what he adds goes to the ticket.
    let mut writer = server.visitor();
    let chat = writer.begins("系统登录不了").await;
    assert_eq!(chat["state"], "left");
    let talk = writer.talk().await;
    assert!(
        talk[1].1.contains("SJ2026") && talk[1].0 == "system",
        "{talk:?}"
    );
    writer.says("m-2", "用的是 360 浏览器").await;
    let list = lead.get("/api/v1/conversations?state=left").await;
    let id = list["items"][0]["ticket_id"].as_str().unwrap().to_owned();
    let history = lead
        .until(
            &format!("/api/v1/tickets/{id}/history"),
            Duration::from_secs(5),
            |history| history.to_string().contains("360 浏览器"),
        )
        .await;
    assert!(history.to_string().contains("contact_attached"));

    // The next morning he goes on, and whoever takes it can write it up: it belongs to the ticket there is.
    server.clock.advance(Duration::from_hours(12));
    let agent = server.desk_agent("agent1").await;
    writer.says("m-3", "现在还是登录不了").await;
    let conversation = agent.person.takes_conversation().await;
    let record = json!({"request_type": "consult", "matter": "114", "result": "answered", "summary": "换浏览器后可登录"});
    let written = agent
        .person
        .closes_conversation(&conversation, record)
        .await;
    assert_eq!(written["ticket_id"], id.as_str(), "{written}");

    // A lead sends an agent away who has a conversation: it rings at the next one, and he can take it.
    let other = server.desk_agent("agent2").await;
    writer.says("m-4", "还有一个问题").await;
    let mine = agent
        .person
        .ask(
            Method::GET,
            "/api/v1/conversations?mine=true&state=waiting",
            None,
        )
        .await
        .1;
    let (first, second) = if mine["items"][0]["offered_to_me"] == true {
        (&agent, &other)
    } else {
        (&other, &agent)
    };
    first.person.takes_conversation().await;
    let away = json!({"state": "signed_out", "reason": "临时离岗"});
    let who = first.person.own_id().await;
    let lead = server.sign_in("lead").await;
    lead.put(
        &format!("/api/v1/agents/{}/state", who.as_str().unwrap()),
        away,
    )
    .await;
    second.person.takes_conversation().await;
    })
    .await;
}

/// The window as the purchaser's website shows it, in a real browser; `at` is looked for inside its frame.
fn framed(at: &str) -> String {
    format!(".panel iframe >> internal:control=enter-frame >> {at}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_browser_the_window_opens_on_the_website_and_goes_on_after_a_reload() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let mut browser = Browser::start();
        browser.open("visitor", &server.url("/site/"), None).await;
        let opener = "role=button[name=/在线咨询/]";
        browser.click("visitor", opener).await;
        let begin = framed("role=button[name=\"开始咨询\"]");
        browser.wait("visitor", &begin, 20_000).await;
        browser
            .fill(
                "visitor",
                &framed("role=textbox[name=/想问什么/]"),
                "照片上传失败怎么办？",
            )
            .await;
        browser.click("visitor", &framed("role=checkbox")).await;
        browser.click("visitor", &begin).await;
        let conversation = agent.person.takes_conversation().await;
        agent
            .person
            .answers(&conversation, "a-1", "请用照片处理工具处理后再上传。")
            .await;
        browser
            .wait("visitor", &framed("text=请用照片处理工具"), 20_000)
            .await;
        browser.wait("visitor", &framed("text=801"), 20_000).await;

        // It was open, so it is again.
        browser.reload("visitor").await;
        browser
            .wait("visitor", &framed("text=请用照片处理工具"), 20_000)
            .await;
        browser
            .fill(
                "visitor",
                &framed("role=textbox[name=/输入内容/]"),
                "好的，谢谢",
            )
            .await;
        browser
            .click("visitor", &framed("role=button[name=\"发送\"]"))
            .await;
        let path = format!(
            "/api/v1/conversations/{}/messages",
            conversation["id"].as_str().unwrap()
        );
        agent
            .person
            .until(&path, Duration::from_secs(10), |page| {
                page.to_string().contains("好的，谢谢")
            })
            .await;
    })
    .await;
}
