//! QQ. A signed event is taken, a forged one is not; an answer after the window is blocked with the reason.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use testing::platforms::Callback;
use testing::platforms::qq::{self, Qq};

use crate::support::cases::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_event_is_taken_and_an_answer_after_the_window_is_blocked() {
    on_both(async |server| {
        let platform = Qq::start(&server.clock).await;
        server.channel("qq", "qq_bot", platform.settings(), Qq::secrets()).await;
        let agent = server.desk_agent("agent1").await;

        // The address is proven before anything is sent to it.
        let now = server.clock.now().timestamp();
        let op13 = json!({"d": {"plain_token": "Arq0D5A61EgUu4OxUvOp", "event_ts": now.to_string()}, "op": 13});
        let (status, proof) = server.told("qq", &qq::signed(op13.to_string().as_bytes(), now)).await;
        assert_eq!(status, StatusCode::OK);
        assert!(proof.contains("\"signature\""), "{proof}");

        let event = platform.says("oQQ1", "准考证打印不了", &json!([]));
        let mut forged: Callback = event.clone();
        let last = forged.body.len() - 2;
        forged.body[last] ^= 1;
        assert_eq!(server.told("qq", &forged).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(server.told("qq", &event).await.0, StatusCode::OK);
        assert_eq!(server.told("qq", &event).await.0, StatusCode::OK, "the same event once more");

        let conversation = agent.person.takes_conversation().await;
        let path = format!("/api/v1/conversations/{}", conversation["id"].as_str().unwrap());
        agent.person.answers(&conversation, "a-1", "请换浏览器再试").await;
        for _ in 0..100 {
            if !platform.sent().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let sent = platform.sent();
        assert_eq!(sent[0].1["content"], "请换浏览器再试");
        assert!(sent[0].1["msg_id"].is_string() && sent[0].1["msg_seq"] == 1, "{sent:?}");

        server.clock.advance(Duration::from_mins(9));
        server.told("qq", &platform.says("oQQ1", "好的", &json!([]))).await;
        server.clock.advance(Duration::from_mins(9));
        let reply = json!({"client_id": "a-2", "text": "还在吗"});
        agent.person.post(&format!("{path}/messages"), reply).await;
        server.clock.advance(Duration::from_mins(8));
        let conversation = agent.person.get(&path).await;
        assert_eq!(conversation["state"], "active", "{conversation}");
    })
    .await;
}

/// Scenario 10 of domain.md §G.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_five_minute_window_of_a_group_blocks_the_answer_and_offers_to_call_back() {
    on_both(async |server| {
        let platform = Qq::start(&server.clock).await;
        server
            .channel("qq", "qq_bot", platform.settings(), Qq::secrets())
            .await;
        let agent = server.desk_agent("agent1").await;
        server
            .told(
                "qq",
                &platform.says_in_group("gGROUP1", "oQQ2", "报名时间？"),
            )
            .await;
        let conversation = agent.person.takes_conversation().await;
        let path = format!(
            "/api/v1/conversations/{}/messages",
            conversation["id"].as_str().unwrap()
        );
        server.clock.advance(Duration::from_secs(5 * 60 + 1));
        let late = json!({"client_id": "a-1", "text": "以公告为准"});
        let (status, problem) = agent.person.ask(Method::POST, &path, Some(late)).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("reply_window_closed"))
        );
        assert!(problem["way_out"].as_str().unwrap().contains("call back"));
        assert!(platform.sent().is_empty(), "QQ was not asked");
        // Instead: a ticket to be answered by telephone.
        let ticket = agent
            .person
            .opens("consult", "101", "QQ 群内未及时答复，改为回电")
            .await;
        assert_eq!(ticket["state"], "in_handling");
    })
    .await;
}
