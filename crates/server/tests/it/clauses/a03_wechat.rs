//! the WeChat official account. What people write is stored before Tencent is answered, an answer leaves through
//! the customer-service API, and the sixth one is blocked before Tencent would refuse it.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testing::platforms::wechat::{self, Wechat};

use crate::support::TestServer;
use crate::support::cases::{on_both, on_both_at, path};
use crate::support::sipp::finished;

async fn account(server: &TestServer, more: &[(&'static str, String)]) -> Wechat {
    let platform = Wechat::start(&server.clock).await;
    let mut settings = platform.settings();
    settings.extend(more.iter().cloned());
    server
        .channel("wechat_oa", "wechat_oa", settings, Wechat::secrets())
        .await;
    platform
}

async fn sent(platform: &Wechat, many: usize) -> Vec<Value> {
    for _ in 0..200 {
        let sent = platform.sent();
        if sent.len() >= many {
            return sent;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("WeChat was sent {:?}", platform.sent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_taken_once_answered_and_the_sixth_answer_is_blocked_before_tencent() {
    on_both(async |server| {
        let platform = account(server, &[]).await;
        let agent = server.desk_agent("agent1").await;

        let message = platform.says("oUSER1", "职称系统登录不了");
        // Tencent sends again what it got no answer for: four deliveries are one message.
        for _ in 0..4 {
            assert_eq!(
                server.told("wechat_oa", &message).await,
                (StatusCode::OK, "success".to_owned())
            );
        }
        let conversation = agent.person.takes_conversation().await;
        let path = format!(
            "/api/v1/conversations/{}",
            conversation["id"].as_str().unwrap()
        );
        let messages = agent.person.get(&format!("{path}/messages")).await;
        let inbound = |messages: &Value| {
            messages["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["direction"] == "in")
                .count()
        };
        assert_eq!(inbound(&messages), 1, "{messages}");
        assert_eq!(conversation["window"]["left"], 5);

        for count in 1..=5 {
            agent
                .person
                .answers(
                    &conversation,
                    &format!("a-{count}"),
                    &format!("第 {count} 条答复"),
                )
                .await;
        }
        let texts: Vec<Value> = sent(&platform, 5)
            .await
            .iter()
            .map(|one| one["text"]["content"].clone())
            .collect();
        assert_eq!(
            texts,
            [
                "第 1 条答复",
                "第 2 条答复",
                "第 3 条答复",
                "第 4 条答复",
                "第 5 条答复"
            ]
        );
        let sixth = json!({"client_id": "a-6", "text": "第 6 条"});
        let (status, problem) = agent
            .person
            .ask(
                reqwest::Method::POST,
                &format!("{path}/messages"),
                Some(sixth.clone()),
            )
            .await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("reply_quota_used"))
        );
        assert!(
            problem["way_out"].as_str().unwrap().contains("call back"),
            "{problem}"
        );
        assert_eq!(platform.sent().len(), 5, "Tencent was not asked");

        // Another word of his opens the window anew.
        server
            .told("wechat_oa", &platform.says("oUSER1", "还是不行"))
            .await;
        agent.person.post(&format!("{path}/messages"), sixth).await;
        sent(&platform, 6).await;

        // After 48 hours nothing is taken, whatever is left of the quota.
        server.clock.advance(Duration::from_mins(48 * 60 + 1));
        let late = json!({"client_id": "a-7", "text": "来晚了"});
        let (status, problem) = agent
            .person
            .ask(
                reqwest::Method::POST,
                &format!("{path}/messages"),
                Some(late),
            )
            .await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forged_stale_oversized_or_no_text_at_all_is_refused_and_nothing_is_stored() {
    let server = TestServer::demo().await;
    let platform = account(&server, &[]).await;
    let lead = server.sign_in("lead").await;
    let good = platform.says("oUSER2", "你好");

    let mut forged = good.clone();
    forged.query = forged.query.replace("msg_signature=", "msg_signature=0");
    assert_eq!(
        server.told("wechat_oa", &forged).await.0,
        StatusCode::UNAUTHORIZED
    );
    let mut garbled = good.clone();
    garbled.body = b"\xff\xfe<xml><Encrypt>".to_vec();
    assert!(server.told("wechat_oa", &garbled).await.0.is_client_error());
    let mut huge = good.clone();
    huge.body = vec![b'x'; 3 << 20];
    assert_eq!(
        server.told("wechat_oa", &huge).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let foreign = wechat::safe(
        b"<xml></xml>",
        server.clock.now().timestamp(),
        "wxSOMEBODYELSE",
    );
    assert!(server.told("wechat_oa", &foreign).await.0.is_client_error());
    server.clock.advance(Duration::from_secs(301));
    assert_eq!(
        server.told("wechat_oa", &good).await.0,
        StatusCode::UNAUTHORIZED,
        "stale: a replay"
    );
    assert_eq!(server.told("nowhere", &good).await.0, StatusCode::NOT_FOUND);
    assert_eq!(lead.get("/api/v1/conversations").await["total"], 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_is_rated_by_a_digit_and_a_picture_is_fetched_at_once() {
    let server = TestServer::demo().await;
    let platform = account(&server, &[]).await;
    let agent = server.desk_agent("agent1").await;
    let picture = b"\x89PNG\r\n\x1a\n what it shows";
    platform.keep("MEDIA1", "screen.png", picture);
    let callback = platform.acts(
        "oUSER3",
        "<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[http://x/p]]></PicUrl><MediaId><![CDATA[MEDIA1]]></MediaId>",
    );
    assert_eq!(server.told("wechat_oa", &callback).await.0, StatusCode::OK);
    let conversation = agent.person.takes_conversation().await;
    let path = format!(
        "/api/v1/conversations/{}",
        conversation["id"].as_str().unwrap()
    );
    let messages = agent
        .person
        .until(
            &format!("{path}/messages"),
            Duration::from_secs(10),
            |page| page["items"][0]["file"]["id"].is_string(),
        )
        .await;
    let file = messages["items"][0]["file"].clone();
    assert_eq!(file["media_type"], "image/png");
    let bytes = agent
        .person
        .send(
            reqwest::Method::GET,
            &format!(
                "/api/v1/conversation-files/{}",
                file["id"].as_str().unwrap()
            ),
            None,
        )
        .await;
    assert_eq!(bytes.bytes().await.unwrap().as_ref(), picture);

    let record = json!({"request_type": "consult", "matter": "205", "result": "answered", "summary": "截图已看"});
    agent
        .person
        .closes_conversation(&conversation, record)
        .await;
    let asked = sent(&platform, 1).await;
    assert!(
        asked[0]["text"]["content"]
            .as_str()
            .unwrap()
            .contains("回复 1 满意"),
        "{asked:?}"
    );
    server
        .told("wechat_oa", &platform.says("oUSER3", "1"))
        .await;
    let rated = agent.person.get(&path).await;
    assert_eq!(
        (&rated["satisfaction"], &rated["state"]),
        (&json!("satisfied"), &json!("closed"))
    );
    server.stop().await;
}

/// Scenario 2 of domain.md §G.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_at_nine_on_the_eve_of_a_makeup_workday_is_answered_by_who_owns_it_when_he_phones()
 {
    let closed_at_night = [("service.always_open", "false".to_owned())];
    // A Friday at 10:00; the Sunday after it is a make-up workday.
    on_both_at("2026-09-18T10:00:00+08:00", &closed_at_night, async |server| {
        let platform = account(server, &[]).await;
        let agent = server.desk_agent("agent1").await;

        // He writes, and while he phones he reads out the code he was sent: a suggestion, for a number can be pretended.
        server.told("wechat_oa", &platform.says("oUSER9", "怎么报名")).await;
        let conversation = agent.person.takes_conversation().await;
        let path_of = path("conversations", &conversation);
        agent.person.post(&format!("{path_of}/proof"), json!({})).await;
        let code = sent(&platform, 1).await[0]["text"]["content"].as_str().unwrap().to_owned();
        let digits: String = code.chars().filter(char::is_ascii_digit).take(6).collect();
        let shown = agent.person.get(&format!("{path_of}/messages")).await;
        assert!(!shown.to_string().contains(&digits), "the house does not see the code");
        let caller = server.requester("13900000099", 9_000);
        let call = agent.in_state("talking").await;
        let heard = agent.person.post(&format!("/api/v1/calls/{call}/proof"), json!({"code": digits})).await;
        assert_eq!(heard["outcome"], "suggested", "{heard}");
        finished(caller, &server.folder).await;
        agent.in_state("wrap_up").await;
        agent.write_up(&call, "answered", "核对身份").await;
        let (writer, by_phone) = (heard["writer"].as_str().unwrap(), heard["caller"].clone());
        let merge = json!({"into": by_phone, "reason": "来电报出核验码"});
        agent.person.post(&format!("/api/v1/requesters/{writer}/merge"), merge).await;
        let record = json!({"request_type": "consult", "matter": "101", "result": "answered", "summary": "报名"});
        agent.person.closes_conversation(&conversation, record).await;
        agent.person.put("/api/v1/agent-state", json!({"state": "signed_out"})).await;

        // Saturday, 21:00: nobody is there. He is answered at once, and a ticket with an owner stands for it.
        server.clock.advance(Duration::from_hours(35));
        let before = platform.sent().len();
        server.told("wechat_oa", &platform.says("oUSER9", "照片总是上传失败")).await;
        let answer = sent(&platform, before + 1).await.pop().unwrap();
        assert!(answer["text"]["content"].as_str().unwrap().contains("编号 SJ20260919-"), "{answer}");
        let lead = server.sign_in("lead").await;
        let left = lead.get("/api/v1/conversations?state=left").await["items"][0].clone();
        let ticket = lead.get(&format!("/api/v1/tickets/{}", left["ticket_id"].as_str().unwrap())).await;
        assert_eq!((&ticket["state"], &ticket["open"]), (&json!("pending_sign"), &json!(true)));
        let owner = ticket["owner"].clone();
        assert!(ticket["sign_due_at"].as_str().unwrap() > "2026-09-20", "the clock begins with the make-up workday: {ticket}");

        // Sunday, 09:00, a working day: he phones, and though others have waited longer it rings at the owner.
        server.clock.advance(Duration::from_hours(12));
        let names = ["agent1", "agent2", "agent3", "agent4", "agent5", "agent6"];
        let mut owner_name = "";
        for name in names {
            if server.sign_in(name).await.own_id().await == owner["id"] {
                owner_name = name;
            }
        }
        let other = names.into_iter().find(|name| *name != owner_name).unwrap();
        let _longer_idle = server.desk_agent(other).await;
        server.clock.advance(Duration::from_mins(1));
        let his = server.desk_agent(owner_name).await;
        let caller = server.requester("13900000099", 9_000);
        let call = his.in_state("talking").await;
        let pop = his.person.get(&format!("/api/v1/calls/{call}/pop")).await;
        assert!(pop["tickets"].to_string().contains(ticket["number"].as_str().unwrap()), "{pop}");
        finished(caller, &server.folder).await;
    })
    .await;
}
