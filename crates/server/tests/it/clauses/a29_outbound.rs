//! no call goes out without its purpose and what it is about; a missed call is somebody's and is closed by the
//! requester's own call; a list of follow-ups is made of tickets.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both;
use crate::support::sipp::finished;

const CALLS: &str = "/api/v1/calls";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_ticket_a_list_or_a_missed_call_is_refused() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let (seat, lead) = (&agent.person, server.sign_in("lead").await);
        let ticket = seat.opens("consult", "101", "工作年限怎么算").await;
        let free = [
            json!({"purpose": "case_work", "to": "13900000077"}),
            json!({"purpose": "follow_up", "to": "13900000077"}),
            json!({"purpose": "other", "to": "13900000077", "note": "随便问问"}),
        ];
        for body in free {
            let refused = seat.refused(Method::POST, CALLS, body.clone()).await;
            let expected = (StatusCode::CONFLICT, "outbound_link_missing".to_owned());
            assert_eq!(refused, expected, "{body}");
        }
        let call = |to: &str| json!({"purpose": "case_work", "ticket_id": ticket["id"], "to": to});
        let premium = seat.refused(Method::POST, CALLS, call("+8522123456")).await;
        assert_eq!(premium.1, "outbound_number_not_allowed");

        let wish = json!({"number": "13900000077", "reason": "不再接听电话"});
        let entry = seat.post("/api/v1/do-not-call", wish).await;
        let refused = seat.refused(Method::POST, CALLS, call("13900000077")).await;
        assert_eq!(refused.1, "outbound_do_not_call");
        let permits = format!(
            "/api/v1/do-not-call/{}/permits",
            entry["id"].as_str().unwrap()
        );
        let me = seat.get("/api/v1/session").await;
        let permit =
            json!({"agent_id": me["user"]["id"], "ticket_id": ticket["id"], "reason": "告知补正"});
        lead.post(&permits, permit).await;
        // Whatever line there is: the guard lets it pass now.
        let (status, answer) = seat
            .ask(Method::POST, CALLS, Some(call("13900000077")))
            .await;
        let passed = status.is_success() || status == StatusCode::SERVICE_UNAVAILABLE;
        assert!(passed, "{status} {answer}");
        let figures = lead.get("/api/v1/outbound-figures").await;
        let refused: i64 = figures["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["count"].as_i64().unwrap())
            .sum();
        assert_eq!(refused, 5, "{figures}");
        drop(agent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_call_is_somebodys_until_the_requester_is_talked_with() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let agent = server.desk_agent("agent2").await;
        let state = |state: &str| json!({"state": state});
        agent
            .person
            .put("/api/v1/agent-state", state("break"))
            .await;
        let impatient = server.requester("13900000042", 12_500);
        finished(impatient, &server.folder).await;
        let owed = lead
            .until(
                "/api/v1/callbacks?open=true",
                Duration::from_secs(10),
                |owed| owed["total"] == 1,
            )
            .await;
        let callback = &owed["items"][0];
        assert!(callback["owner"].is_null(), "nobody is on post: {callback}");
        agent
            .person
            .put("/api/v1/agent-state", state("ready"))
            .await;
        agent.in_state("ready").await;
        server.clock.advance(Duration::from_secs(61));
        let path = format!("/api/v1/callbacks/{}", callback["id"].as_str().unwrap());
        let shown = lead
            .until(&path, Duration::from_secs(10), |shown| {
                shown["owner"]["staff_no"] == "802"
            })
            .await;
        assert_eq!(shown["missed_calls"].as_array().unwrap().len(), 1);
        // The notice of it is there.
        agent
            .person
            .until("/api/v1/notices", Duration::from_secs(5), |notices| {
                kinds(notices).contains(&"callback_assigned".to_owned())
            })
            .await;
        server.clock.advance(Duration::from_mins(31));
        lead.until(
            "/api/v1/callback-figures",
            Duration::from_secs(10),
            |figures| figures["overdue"] == 1 && figures["rate_bp"] == 0,
        )
        .await;
        lead.until("/api/v1/notices", Duration::from_secs(5), |notices| {
            kinds(notices).contains(&"callback_overdue".to_owned())
        })
        .await;

        // The first telephone lost its registration with the jump of the clock.
        let other = server.desk_agent("agent3").await;
        let again = server.requester("13900000042", 9_000);
        let call = other.in_state("talking").await;
        let closed = lead
            .until(&path, Duration::from_secs(10), |shown| {
                shown["state"] == "called_in"
            })
            .await;
        assert_eq!(closed["closing_call"], json!(call));
        assert_eq!(lead.get("/api/v1/wallboard").await["callbacks_due"], 0);
        finished(again, &server.folder).await;
    })
    .await;
}

fn kinds(notices: &Value) -> Vec<String> {
    let items = notices["items"].as_array().into_iter().flatten();
    items
        .filter_map(|notice| notice["kind"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_follow_ups_is_made_of_tickets() {
    on_both(async |server| {
        let (agent, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        agent.opens("consult", "101", "工作年限怎么算").await;
        let me = agent.get("/api/v1/session").await;
        let new = json!({
            "name": "咨询回访", "owners": [me["user"]["id"]],
            "questions": [{"code": "score", "text": "满意度", "kind": "score", "most": 5, "needed": true}],
        });
        let list = lead.post("/api/v1/follow-up-lists", new).await;
        let path = format!("/api/v1/follow-up-lists/{}", list["id"].as_str().unwrap());
        let filter = json!({"filter": {"request_type": "consult"}});
        let tried = lead.post(&format!("{path}/from-tickets?dry_run=true"), filter.clone()).await;
        assert_eq!((&tried["added"], &tried["dry_run"]), (&json!(1), &json!(true)));
        lead.post(&format!("{path}/from-tickets"), filter).await;
        let next = agent.get(&format!("{path}/next")).await;
        assert_eq!(next["item"]["number"], "139****0077");
        let strange = json!({"filter": {"colour": "red"}});
        let refused = lead
            .ask(Method::POST, &format!("{path}/from-tickets"), Some(strange))
            .await;
        assert!(refused.0.is_success() || refused.0 == StatusCode::BAD_REQUEST);
        let other = server.sign_in("agent3").await;
        assert_eq!(other.get("/api/v1/follow-up-lists").await["total"], 0);
        let unsaid = json!({"version": next["item"]["version"], "outcome": "reached", "answers": {"score": 5}});
        let result = format!("/api/v1/follow-up-items/{}/result", next["item"]["id"].as_str().unwrap());
        let refused = agent.refused(Method::POST, &result, unsaid).await;
        assert_eq!(refused.1, "follow_up_not_called");
    })
    .await;
}
