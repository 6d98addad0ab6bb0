//! whichever way a request comes, by telephone, in person or as a work order of a platform, it ends as a ticket
//! with an owner and a clock; and an administrator adds a channel without a new program.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testing::platforms::kefu::Kefu;
use testing::platforms::mail::Mailbox;
use testing::platforms::onebot::OneBot;
use testing::platforms::sms::Gateway;

use crate::support::Person;
use crate::support::cases::{on_both, path};
use crate::support::floor::DeskAgent;
use crate::support::sipp::finished;

/// Somebody answers for it, and its time runs.
async fn is_held(lead: &Person, ticket: &Value, state: &str) -> Value {
    let ticket = lead.get(&path("tickets", ticket)).await;
    assert_eq!(
        (&ticket["state"], &ticket["open"]),
        (&json!(state), &json!(true)),
        "{ticket}"
    );
    assert!(ticket["owner"]["name"].is_string(), "{ticket}");
    assert!(
        ticket["due_at"].is_string() && ticket["used_percent"].is_u64(),
        "{ticket}"
    );
    assert_eq!(
        lead.get("/api/v1/tickets?due_before=2027-01-31T00:00:00Z")
            .await["items"][0]["id"],
        ticket["id"]
    );
    ticket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_in_ends_as_a_ticket_with_an_owner_and_a_clock() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let agent = server.desk_agent("agent2").await;
        let me = agent.person.own_id().await;

        // By telephone.
        let requester = server.requester("13900000051", 9_000);
        let call = agent.in_state("talking").await;
        finished(requester, &server.folder).await;
        agent.in_state("wrap_up").await;
        let record = agent.write_up(&call, "follow_up", "照片审核不通过").await;
        let by_phone = is_held(&lead, &json!({"id": record["ticket_id"]}), "in_handling").await;
        assert_eq!(by_phone["source_call_id"], call.as_str());
        assert_eq!(by_phone["first_owner_id"], me);

        // In person, by letter, by a colleague's word: by hand for the requester.
        let visit = json!({"request_type": "help", "matter": "106", "summary": "来访：缴费两次只退一次",
            "phone": "13900000052"});
        let visit = agent.person.post("/api/v1/tickets", visit).await;
        let by_hand = is_held(&lead, &visit, "in_handling").await;
        assert!(by_hand["source_call_id"].is_null());
        assert_eq!(by_hand["first_owner_id"], me);

        // As a work order of a platform: owned from its arrival, first owned by who signs it.
        let file = "工单编号,诉求类型,诉求内容,联系电话\nGD20261123-0001,咨询,准考证打印,13900000053\n";
        let import = "/api/v1/work-orders/import?platform=12345";
        let (status, report) = lead.send_file(import, file.as_bytes().to_vec()).await;
        assert_eq!(status, StatusCode::OK, "{report}");
        let order = lead.get("/api/v1/work-orders").await["items"][0].clone();
        let ordered = is_held(&lead, &order, "pending_sign").await;
        assert_eq!(ordered["platform"], "12345");
        assert!(ordered["first_owner_id"].is_null() && ordered["sign_due_at"].is_string());
        let give = json!({"action": "reassign", "to": me, "reason": "按事项派单"});
        lead.does(&ordered, "dispatch", give).await;
        agent.person.does(&ordered, "handle", json!({"action": "sign"})).await;
        assert_eq!(is_held(&lead, &order, "in_handling").await["first_owner_id"], me);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_adds_a_channel_and_an_agent_notes_what_comes_by_it() {
    on_both(async |server| {
        let (manager, agent) = (server.sign_in("manager").await, server.sign_in("agent3").await);
        let channel = json!({"version": null, "name": "窗口来访", "kind": "manual", "queue": null, "enabled": true});
        manager.put("/api/v1/channels/window", channel.clone()).await;
        let again = manager.ask(reqwest::Method::PUT, "/api/v1/channels/window", Some(channel)).await;
        assert_eq!(again.0, StatusCode::CONFLICT, "{}", again.1);
        let foreign = agent.ask(reqwest::Method::PUT, "/api/v1/channels/window", Some(json!({}))).await;
        assert_eq!(foreign.0, StatusCode::FORBIDDEN);

        let visit = json!({"channel": "window", "phone": "13900000058", "name": "李同学", "request_type": "help",
            "matter": "110", "result": "follow_up", "summary": "来访：证书遗失补办"});
        let noted = agent.post("/api/v1/manual-contacts", visit.clone()).await;
        let ticket = agent.get(&format!("/api/v1/tickets/{}", noted["ticket_id"].as_str().unwrap())).await;
        assert_eq!((&ticket["state"], &ticket["first_owner_id"]), (&json!("in_handling"), &agent.own_id().await));
        let records = agent.get("/api/v1/contact-records?channel=window").await;
        assert_eq!(records["total"], 1);
        assert_eq!((&records["items"][0]["state"], &records["items"][0]["medium"]), (&json!("complete"), &json!("manual")));

        // Without classification it is no record, and what notes itself is not noted by hand.
        let mut unclassified = visit.clone();
        unclassified["matter"] = Value::Null;
        assert_eq!(agent.refused(reqwest::Method::POST, "/api/v1/manual-contacts", unclassified).await.1, "matter_missing");
        let mut by_web = visit;
        by_web["channel"] = json!("web");
        assert_eq!(agent.refused(reqwest::Method::POST, "/api/v1/manual-contacts", by_web).await.1, "channel_not_manual");
        // An account at a private address is no platform's.
        let inner = json!({"version": null, "name": "内网", "kind": "onebot", "queue": null, "enabled": true,
            "settings": {"api_base": "http://169.254.169.254/latest"}, "allow_private": true});
        let (_, code) = manager.refused(reqwest::Method::PUT, "/api/v1/channels/inner", inner).await;
        assert_eq!(code, "url_not_allowed");
    })
    .await;
}

/// What the requester writes and is answered, by whichever platform.
async fn answered_by(agent: &DeskAgent, code: &str, asked: &str) -> Value {
    let conversation = agent.person.takes_conversation().await;
    assert_eq!(conversation["channel"], code, "{conversation}");
    let messages = agent
        .person
        .get(&format!(
            "{}/messages",
            path("conversations", &conversation)
        ))
        .await;
    // Of a mail the subject stands above it.
    let said = messages["items"][0]["text"].as_str().unwrap();
    assert!(said.ends_with(asked), "{messages}");
    agent
        .person
        .answers(&conversation, "a-1", "请以公告为准。")
        .await;
    let record = json!({"request_type": "consult", "matter": "101", "result": "answered", "summary": "公告"});
    agent
        .person
        .closes_conversation(&conversation, record)
        .await;
    let records = agent
        .person
        .get(&format!("/api/v1/contact-records?channel={code}"))
        .await;
    assert_eq!(records["total"], 1);
    conversation
}

async fn sent<T>(look: impl Fn() -> Vec<T>) -> Vec<T> {
    for _ in 0..200 {
        let sent = look();
        if !sent.is_empty() {
            return sent;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_sms_kefu_and_onebot_a_question_is_answered_and_recorded() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let gateway = Gateway::start(&server.clock).await;
        server
            .channel("sms", "sms", gateway.settings(), Gateway::secrets())
            .await;
        let text = gateway.says("13900000066", "报名几号开始");
        assert_eq!(server.told("sms", &text).await.0, StatusCode::OK);
        assert_eq!(
            server.told("sms", &text).await.0,
            StatusCode::OK,
            "the gateway sends it again"
        );
        answered_by(&agent, "sms", "报名几号开始").await;
        assert!(
            sent(|| gateway.sent()).await[0]
                .to_string()
                .contains("请以公告为准")
        );

        let kefu = Kefu::start(&server.clock, 100).await;
        server
            .channel("kefu", "wechat_kf", kefu.settings(), Kefu::secrets())
            .await;
        let rings = kefu.says(
            "wmUSER1",
            &json!({"msgtype": "text", "text": {"content": "职称怎么报"}}),
        );
        assert_eq!(server.told("kefu", &rings).await.0, StatusCode::OK);
        answered_by(&agent, "kefu", "职称怎么报").await;
        assert!(
            sent(|| kefu.sent()).await[0]
                .to_string()
                .contains("请以公告为准")
        );

        let onebot = OneBot::start(&server.clock).await;
        server
            .channel("onebot", "onebot", onebot.settings(), OneBot::secrets())
            .await;
        let event = onebot.says(10_001, &json!("证书怎么领"));
        assert!(server.told("onebot", &event).await.0.is_success());
        answered_by(&agent, "onebot", "证书怎么领").await;
        assert!(
            sent(|| onebot.sent()).await[0]
                .1
                .to_string()
                .contains("请以公告为准")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_fetched_answered_in_its_thread_and_one_that_cannot_be_read_holds_up_nothing() {
    on_both(async |server| {
    let Some(mailbox) = Mailbox::start() else {
        return;
    };
    let agent = server.desk_agent("agent1").await;
    let mut settings = mailbox.settings();
    settings.retain(|(name, _)| *name != "poll_s");
    settings.push(("poll_s", "1".to_owned()));
    server
        .channel("mail", "email", settings, Mailbox::secrets())
        .await;
    // The first look at a mailbox decides from where on it is read.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let now = server.clock.now();
    mailbox.comes(b"\xff\xfe no mail at all \x00\x01", now);
    let mail = "From: Wang <wang@mail.example>\r\nTo: <hotline@exam.example>\r\nMessage-ID: <q1@mail.example>\r\n\
        Subject: =?UTF-8?B?5oql5ZCN?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n报名什么时候开始？\r\n";
    mailbox.comes(mail.as_bytes(), now);
    let conversation = answered_by(&agent, "mail", "报名什么时候开始？").await;
    let out = sent(|| mailbox.sent()).await;
    let text = String::from_utf8_lossy(&out[0].1).into_owned();
    assert!(text.contains("In-Reply-To: <q1@mail.example>"), "{text}");
    assert_eq!(conversation["channel_kind"], "email");
    })
    .await;
}
