//! One desk for every channel: what holds of a call holds of a chat, a block holds on the telephone, a number is proven
//! by a text message.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telephony::caller::{CallPlan, place};
use telephony::test_line::End;
use testing::platforms::sms::Gateway;

use crate::support::cases::{on_both, path};
use crate::support::{Person, TestServer};

fn at(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// The queue gives five minutes for writing up, and once as much again.
async fn gives_five_minutes(lead: &Person) {
    let queues = lead.get("/api/v1/queues").await;
    let mut hotline = queues["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|queue| queue["code"] == "hotline")
        .unwrap()
        .clone();
    hotline.as_object_mut().unwrap().remove("code");
    hotline["wrap_up_s"] = json!(300);
    hotline["max_extensions"] = json!(1);
    lead.put("/api/v1/queues/hotline", hotline).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_that_ends_by_itself_has_its_queues_wrap_up_which_is_extended_as_a_calls() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        gives_five_minutes(&lead).await;
        let agent = server.desk_agent("agent1").await;
        let mut visitor = server.visitor();
        visitor.begins("准考证怎么打印").await;
        let chat = agent.person.takes_conversation().await;
        let own = path("conversations", &chat);
        let extend = format!("{own}/wrap-up/extend");
        let why = json!({"reason": "还要查公告"});
        let early = agent
            .person
            .refused(Method::POST, &extend, why.clone())
            .await;
        assert_eq!(early, (StatusCode::CONFLICT, "not_in_wrap_up".to_owned()));

        agent.person.answers(&chat, "a-1", "考前一周。").await;
        server.clock.advance(Duration::from_mins(11));
        let ended = agent
            .person
            .until(&own, Duration::from_secs(10), |chat| {
                chat["state"] == "wrap_up"
            })
            .await;
        assert_eq!(ended["end_reason"], "idle");
        let ends_at = at(&ended["wrap_up_ends_at"]);
        assert_eq!(ends_at - at(&ended["ended_at"]), TimeDelta::minutes(5));
        assert_eq!(
            (
                &ended["wrap_up_extensions"],
                &ended["wrap_up_max_extensions"]
            ),
            (&json!(0), &json!(1))
        );

        let blank = agent
            .person
            .refused(Method::POST, &extend, json!({"reason": " "}))
            .await;
        assert_eq!(blank.0, StatusCode::UNPROCESSABLE_ENTITY);
        let longer = agent.person.post(&extend, why.clone()).await;
        assert_eq!(
            at(&longer["wrap_up_ends_at"]) - ends_at,
            TimeDelta::minutes(5)
        );
        assert_eq!(longer["wrap_up_extensions"], 1);
        let said = agent.person.get(&format!("{own}/messages")).await;
        assert!(said.to_string().contains("还要查公告"), "{said}");
        let more = agent.person.refused(Method::POST, &extend, why).await;
        assert_eq!(more, (StatusCode::CONFLICT, "no_extension_left".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_who_may_not_see_a_conversation_there_is_none() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let (other, lead) = (server.sign_in("agent2").await, server.sign_in("lead").await);
        server.visitor().begins("报名几号开始").await;
        let chat = agent.person.takes_conversation().await;
        let own = path("conversations", &chat);
        for verb in ["accept", "decline", "take-up"] {
            let (status, problem) = other
                .ask(Method::POST, &format!("{own}/{verb}"), Some(json!({})))
                .await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{verb}: {problem}");
            assert!(problem.get("state").is_none(), "{verb}: {problem}");
        }
        let seen = lead
            .refused(Method::POST, &format!("{own}/accept"), json!({}))
            .await;
        assert_eq!(
            seen,
            (StatusCode::CONFLICT, "no_longer_offered".to_owned()),
            "who may see it is told why"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_hears_the_words_as_they_are_said_and_another_agent_does_not() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let (other, lead) = (server.sign_in("agent2").await, server.sign_in("lead").await);
        let mut visitor = server.visitor();
        visitor.begins("证书怎么领").await;
        let chat = agent.person.takes_conversation().await;
        let (mut leads, mut others) = (lead.screen().await, other.screen().await);
        visitor.says("m-1", "我在外地").await;
        leads.hears(&["\"what\":\"message\"", "我在外地"]).await;
        agent.person.answers(&chat, "a-1", "可以邮寄。").await;
        leads.hears(&["可以邮寄。"]).await;
        // What comes after them in the same stream has come: they never will.
        other
            .put(
                "/api/v1/agent-state",
                json!({"state": "break", "reason": "听讲"}),
            )
            .await;
        others.hears(&["听讲"]).await;
        assert!(!others.has_heard("我在外地") && !others.has_heard("可以邮寄"));
    })
    .await;
}

async fn calls(server: &TestServer, from: &str) -> telephony::caller::CallReport {
    let plan = CallPlan {
        talk: Some(Duration::from_secs(1)),
        ..CallPlan::new("12333", from, server.running.sip)
    };
    place(plan).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whose_block_names_the_telephone_is_declined_and_hears_nothing() {
    on_both(async |server| {
        let (agent, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let first = calls(server, "13900000091").await;
        assert!(first.answered(), "{first:?}");
        let known = lead
            .until(
                "/api/v1/requesters?q=13900000091",
                Duration::from_secs(5),
                |list| list["total"] == 1,
            )
            .await;
        let blocked = async |channels: Value| {
            let until = server.clock.now() + TimeDelta::days(2);
            let asked = json!({"requester_id": known["items"][0]["id"], "channels": channels,
                "reason": "反复辱骂", "evidence": "录音三次", "until": until});
            let block = agent.post("/api/v1/requester-blocks", asked).await;
            let verb = json!({"version": block["version"], "note": "核对了录音"});
            let at = path("requester-blocks", &block);
            lead.post(&format!("{at}/approve"), verb).await
        };
        // A block of what he writes leaves him the telephone.
        let written = blocked(json!([])).await;
        assert!(calls(server, "13900000091").await.answered());
        let lift = json!({"version": written["version"], "note": "改为电话"});
        let at = path("requester-blocks", &written);
        lead.post(&format!("{at}/lift"), lift).await;

        let block = blocked(json!(["voice"])).await;
        let declined = calls(server, "13900000091").await;
        assert_eq!(declined.end, End::Refused(603));
        assert!(!declined.answered());
        assert!(calls(server, "13900000092").await.answered(), "others call");
        let list = lead
            .until(
                "/api/v1/calls?outcome=blocked",
                Duration::from_secs(5),
                |list| list["total"] == 1,
            )
            .await;
        assert_eq!(list["items"][0]["ended_by"], "system", "{list}");
        let lift = json!({"version": block["version"], "note": "已道歉"});
        lead.post(&format!("{}/lift", path("requester-blocks", &block)), lift)
            .await;
        assert!(calls(server, "13900000091").await.answered());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_proven_by_a_code_in_a_text_message() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let mut visitor = server.visitor();
        visitor.begins("我的工单到哪了").await;
        let chat = agent.person.takes_conversation().await;
        let writer = chat["requester"]["id"].as_str().unwrap();
        let proof = format!("/api/v1/requesters/{writer}/number-proof");
        let number = json!({"phone": "13900000093"});
        let none = agent
            .person
            .refused(Method::POST, &proof, number.clone())
            .await;
        assert_eq!(none, (StatusCode::CONFLICT, "sms_not_set_up".to_owned()));

        let gateway = Gateway::start(&server.clock).await;
        server
            .channel("sms", "sms", gateway.settings(), Gateway::secrets())
            .await;
        let sent = agent.person.post(&proof, number).await;
        assert_eq!(sent["phone"], "139****0093", "{sent}");
        let mut message = Value::Null;
        for _ in 0..200 {
            if let Some(one) = gateway.sent().first() {
                message = one.clone();
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(message["mobile"], "13900000093", "{message}");
        let words = message["text"].as_str().unwrap();
        let code: String = words.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(code.len(), 6, "{words}");
        let lead = server.sign_in("lead").await;
        let found = lead.get(&format!("/api/v1/conversations?q={code}")).await;
        assert_eq!(found["total"], 0, "the code is for the requester alone");

        let told = format!("{proof}/code");
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = agent
            .person
            .refused(Method::POST, &told, json!({"code": wrong}))
            .await;
        assert_eq!(refused.1, "proof_wrong_code");
        let proven = agent.person.post(&told, json!({"code": code})).await;
        assert_eq!(
            (&proven["outcome"], &proven["writer"]),
            (&json!("proven"), &json!(writer))
        );
        let again = agent
            .person
            .refused(Method::POST, &told, json!({"code": code}))
            .await;
        assert_eq!(again.1, "proof_none_open");
    })
    .await;
}
