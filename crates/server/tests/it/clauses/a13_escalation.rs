//! silence promotes the level and logs who was notified and when; the answer comes back to who raised it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{actions, on_both, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_takes_it_to_the_purchaser_and_the_answer_comes_back() {
    on_both(async |server| {
        let (agent, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let section = server.sign_in("section").await;
        let ticket = agent.opens("help", "106", "缴费两次只退一次").await;
        let mut manager_screen = server.sign_in("manager").await.screen().await;
        let up = json!({"ticket_id": ticket["id"], "reason": "超出座席权限"});
        let up = agent.post("/api/v1/escalations", up).await;
        let own = path("escalations", &up);
        assert_eq!((&up["level"], &up["state"]), (&json!(1), &json!("raised")));

        server.clock.advance(Duration::from_mins(31));
        manager_screen
            .hears(&["event: escalation", "promoted"])
            .await;
        server.clock.advance(Duration::from_mins(61));
        let third = lead
            .until(&own, Duration::from_secs(5), |shown| shown["level"] == 3)
            .await;
        let told: Vec<&str> = third["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| {
                assert!(notice["sent_at"].is_string(), "{notice}");
                notice["person"]["name"].as_str().unwrap()
            })
            .collect();
        assert_eq!(told[..2], ["周敏", "梁国栋"], "lead, then manager");
        assert!(
            told[2..].contains(&"曾文斌") && told[2..].contains(&"彭雪梅"),
            "both sections: {told:?}"
        );
        assert_eq!(actions(&third), ["raised", "promoted", "promoted"]);

        let mut screen = agent.screen().await;
        let above = json!({"version": third["version"], "answer": "我来"});
        let refused = lead
            .refused(Method::POST, &format!("{own}/answer"), above)
            .await;
        assert_eq!(
            refused,
            (StatusCode::CONFLICT, "escalation_above_you".to_owned())
        );
        let answer = json!({"version": third["version"], "answer": "财务科三日内补退"});
        section.post(&format!("{own}/answer"), answer).await;
        screen.hears(&["event: escalation", "answered"]).await;

        let shown = agent.get(&own).await;
        assert_eq!(shown["answer"], "财务科三日内补退");
        let half = json!({"version": shown["version"], "cause": "重复扣款", "action": ""});
        let refused = agent
            .refused(Method::POST, &format!("{own}/close"), half)
            .await;
        assert_eq!(refused.0, StatusCode::UNPROCESSABLE_ENTITY);
        let close =
            json!({"version": shown["version"], "cause": "重复扣款", "action": "财务科已补退"});
        let closed = agent.post(&format!("{own}/close"), close).await;
        assert_eq!(
            (&closed["state"], &closed["open"]),
            (&json!("closed"), &json!(false))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_over_its_limit_goes_up_by_itself() {
    on_both(async |server| {
        let (agent, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let ticket = agent.opens("consult", "101", "工作年限怎么算").await;
        // 2 working days: from Monday to the end of Wednesday.
        server.clock.advance(Duration::from_hours(56));
        let up = lead
            .until("/api/v1/escalations", Duration::from_secs(5), |all| {
                all["total"] == 1
            })
            .await;
        let up = &up["items"][0];
        assert_eq!(
            (&up["ticket_id"], &up["reason"]),
            (&ticket["id"], &json!("overdue"))
        );
        assert!(up["raised_by"].is_null(), "by the system");
    })
    .await;
}
