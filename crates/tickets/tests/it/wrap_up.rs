//! Wrap-up cannot end without a classification and a result, and what each result does.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{agent, follow_up, on_both};

#[tokio::test]
async fn the_ticket_opens_with_the_call_and_belongs_to_who_took_it() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.talked("13900000001", &agent).await;
        let record = desk
            .get(&agent, &format!("/api/v1/contact-records/{call}"))
            .await;
        assert_eq!(record["ticket"]["number"], "SJ20261123-0001");
        assert_eq!(record["ticket"]["state"], "draft");
        let id: uuid::Uuid = record["ticket"]["id"].as_str().unwrap().parse().unwrap();
        let ticket = desk.ticket(&agent, id).await;
        assert_eq!(ticket["source_call_id"], json!(call));
        assert_eq!(ticket["version"], 1);
        let second = desk.talked("13900000002", &agent).await;
        let record = desk
            .get(&agent, &format!("/api/v1/contact-records/{second}"))
            .await;
        assert_eq!(record["ticket"]["number"], "SJ20261123-0002");
    })
    .await;
}

/// What is not enough, and what the agent is told.
fn incomplete() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({}), "result_missing", "result"),
        (json!({"result": "answered"}), "matter_missing", "matter"),
        (
            json!({"result": "follow_up"}),
            "request_type_missing",
            "request_type",
        ),
        (
            json!({"result": "forwarded", "request_type": "help"}),
            "matter_missing",
            "matter",
        ),
        (
            json!({"result": "follow_up", "request_type": "help", "matter": "106"}),
            "summary_missing",
            "summary",
        ),
        (json!({"result": "attached"}), "ticket_missing", "ticket_id"),
        (
            json!({"result": "answered", "matter": "1"}),
            "matter_not_a_leaf",
            "matter",
        ),
        (
            json!({"result": "answered", "matter": "999"}),
            "matter_unknown",
            "matter",
        ),
        (
            json!({"result": "answered", "matter": "901", "request_type": "complaint"}),
            "ticket_needed",
            "result",
        ),
        (
            json!({"result": "silent", "summary": "\u{7}"}),
            "text_not_plain",
            "summary",
        ),
        (
            json!({"result": "silent", "summary": "长".repeat(2001)}),
            "text_too_long",
            "summary",
        ),
    ]
}

#[tokio::test]
async fn wrap_up_cannot_end_without_classification_and_result() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.talked("13900000001", &agent).await;
        assert_eq!(desk.gate(call).await, Err("wrap_up_incomplete"));
        for (wrap_up, code, field) in incomplete() {
            let answer = desk.complete(&agent, call, wrap_up.clone()).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrap_up}");
            assert_eq!(
                (&answer.json["code"], &answer.json["field"]),
                (&json!(code), &json!(field)),
                "{wrap_up}"
            );
            assert_eq!(desk.gate(call).await, Err("wrap_up_incomplete"));
        }
        desk.completed(&agent, call, follow_up()).await;
        assert_eq!(desk.gate(call).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn one_key_is_enough_for_what_needs_no_ticket() {
    on_both(async |desk| {
        let agent = agent(1);
        for result in ["misdial", "silent", "harassment"] {
            let call = desk.talked("13900000001", &agent).await;
            let record = desk
                .completed(&agent, call, json!({"result": result, "matter": "106"}))
                .await;
            assert_eq!(record["state"], "complete");
            assert_eq!(
                (&record["request_type"], &record["matter"]),
                (&Value::Null, &Value::Null)
            );
            assert_eq!(
                (&record["ticket"]["state"], &record["ticket_id"]),
                (&json!("void"), &Value::Null)
            );
            assert_eq!(desk.gate(call).await, Ok(()));
        }
        let call = desk.talked("13900000001", &agent).await;
        let record = desk
            .completed(&agent, call, json!({"result": "answered", "matter": "107"}))
            .await;
        assert_eq!(
            (&record["request_type"], &record["matter_name"]),
            (&json!("consult"), &json!("准考证"))
        );
        assert_eq!(record["ticket"]["state"], "void");
    })
    .await;
}

#[tokio::test]
async fn a_follow_up_opens_the_ticket_with_its_owner() {
    on_both(async |desk| {
        let agent = agent(1);
        for result in ["follow_up", "forwarded"] {
            let call = desk.talked("13900000001", &agent).await;
            let mut wrap_up = follow_up();
            wrap_up["result"] = json!(result);
            let record = desk.completed(&agent, call, wrap_up).await;
            assert_eq!(record["ticket_id"], record["ticket"]["id"]);
            let ticket = desk
                .ticket(
                    &agent,
                    record["ticket_id"].as_str().unwrap().parse().unwrap(),
                )
                .await;
            assert_eq!(ticket["state"], "in_handling");
            assert_eq!(ticket["summary"], "缴费后状态没有更新");
            assert_eq!(
                (&ticket["request_type"], &ticket["matter"]),
                (&json!("help"), &json!("106"))
            );
            assert_eq!(ticket["requester"]["phone"], "139****0001");
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeat_call_joins_the_requesters_open_ticket_also_a_colleagues() {
    on_both(async |desk| {
        let (first, second) = (agent(1), agent(2));
        let ticket = desk.open_ticket("13900000001", &first).await;
        let call = desk.talked("13900000001", &second).await;
        let record = desk
            .completed(
                &second,
                call,
                json!({"result": "attached", "ticket_id": ticket}),
            )
            .await;
        assert_eq!(record["ticket_id"], json!(ticket));
        assert_eq!(record["ticket"]["state"], "void");
        // The ticket classifies the contact.
        assert_eq!(
            (&record["request_type"], &record["matter"]),
            (&json!("help"), &json!("106"))
        );
        let history = desk
            .get(&first, &format!("/api/v1/tickets/{ticket}/history"))
            .await;
        assert_eq!(history["items"][0]["action"], "contact_attached");
        assert_eq!(history["items"][0]["after"], json!(call));
        assert_eq!(history["items"][0]["who"], "agent2");
    })
    .await;
}

#[tokio::test]
async fn a_call_cannot_be_attached_to_a_strangers_or_a_closed_ticket() {
    on_both(async |desk| {
        let agent = agent(1);
        let foreign = desk.open_ticket("13900000002", &agent).await;
        let call = desk.talked("13900000001", &agent).await;
        let attach = |ticket| json!({"result": "attached", "ticket_id": ticket});
        assert_eq!(
            desk.complete(&agent, call, attach(foreign)).await.status,
            StatusCode::NOT_FOUND
        );

        let own = desk.open_ticket("13900000001", &agent).await;
        let close = json!({"version": 2, "action": "close", "resolution": "已核实到账"});
        let closed = desk
            .ask(
                &agent,
                Method::POST,
                &format!("/api/v1/tickets/{own}/handle"),
                Some(close),
            )
            .await;
        assert_eq!(closed.status, StatusCode::OK, "{}", closed.json);
        let answer = desk.complete(&agent, call, attach(own)).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (StatusCode::CONFLICT, &json!("ticket_not_open"))
        );
        // Nothing is half done.
        let record = desk
            .get(&agent, &format!("/api/v1/contact-records/{call}"))
            .await;
        assert_eq!(
            (&record["state"], &record["ticket"]["state"]),
            (&json!("draft"), &json!("draft"))
        );
    })
    .await;
}

#[tokio::test]
async fn the_draft_is_saved_while_one_types() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.rings("13900000001", &agent).await;
        let path = format!("/api/v1/contact-records/{call}");
        let early = desk.ask(&agent, Method::PUT, &path, Some(json!({"summary": "早"}))).await;
        assert_eq!((early.status, &early.json["code"]), (StatusCode::CONFLICT, &json!("call_not_answered")));
        desk.answers(call, &agent).await;
        let half = json!({"request_type": null, "matter": "106", "result": null, "summary": " 问缴费 ", "ticket_id": null});
        let saved = desk.ask(&agent, Method::PUT, &path, Some(half)).await;
        assert_eq!(saved.status, StatusCode::OK, "{}", saved.json);
        assert_eq!((&saved.json["matter"], &saved.json["summary"]), (&json!("106"), &json!("问缴费")));
        assert_eq!(saved.json["state"], "draft");
        assert_eq!(desk.gate(call).await, Err("wrap_up_incomplete"));
        // A second window that read an older version is told.
        let stale = desk.ask(&agent, Method::PUT, &path, Some(json!({"summary": "旧", "version": 1}))).await;
        assert_eq!((stale.status, &stale.json["code"]), (StatusCode::CONFLICT, &json!("stale_version")));
    })
    .await;
}

#[tokio::test]
async fn completing_twice_does_nothing_twice_and_something_else_is_refused() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.talked("13900000001", &agent).await;
        let first = desk.completed(&agent, call, follow_up()).await;
        let again = desk.completed(&agent, call, follow_up()).await;
        assert_eq!(first, again);
        let other = desk
            .complete(&agent, call, json!({"result": "misdial"}))
            .await;
        assert_eq!(
            (other.status, &other.json["code"]),
            (StatusCode::CONFLICT, &json!("contact_record_complete"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_between_colleagues_leaves_no_record() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.app.ids.next();
        let told = json!({"agent": agent.user_id, "direction": "internal", "caller": "agent2"});
        desk.deliver("call.answered", call, told).await;
        assert_eq!(desk.gate(call).await, Ok(()));
        let answer = desk
            .ask(
                &agent,
                Method::GET,
                &format!("/api/v1/contact-records/{call}"),
                None,
            )
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn who_has_the_call_last_writes_it_up_and_the_ticket_stays_with_who_took_it_first() {
    on_both(async |desk| {
        let (first, second, third) = (agent(1), agent(2), agent(3));
        let call = desk.rings("13900000001", &first).await;
        desk.answers(call, &first).await;
        let part = |agent: &kernel::Principal, part: u32| json!({"media": "voice", "agent": agent.user_id, "part": part});
        desk.deliver("work.accepted", call, part(&first, 1)).await;
        let handed = json!({"media": "voice", "agent": first.user_id, "to": second.user_id});
        desk.deliver("work.handed_over", call, handed).await;
        // A wrap-up of an earlier part asks for nothing and makes no debt.
        for told in ["began", "expired"] {
            desk.deliver(&format!("work.part_wrap_up_{told}"), call, part(&first, 1)).await;
        }
        let own = format!("/api/v1/contact-records/{call}");
        let record = desk.get(&second, &own).await;
        assert_eq!(
            (&record["state"], &record["agent"]["id"]),
            (&json!("draft"), &Value::Null),
            "the people of this desk have no names"
        );
        let hidden = desk.ask(&third, Method::GET, &own, None).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        // Who handed it on reads on and writes no more; what he owes is not longer for it.
        desk.had(call, &first).await;
        let draft = json!({ "summary": "问缴费" });
        let saved = desk.ask(&second, Method::PUT, &own, Some(draft.clone())).await;
        assert_eq!(saved.status, StatusCode::OK, "{}", saved.json);
        assert_eq!(desk.get(&first, &own).await["summary"], "问缴费");
        let listed = desk.get(&first, "/api/v1/contact-records").await;
        assert_eq!(listed["total"], 1, "{listed}");
        let mine = desk.get(&first, "/api/v1/contact-records?mine=true").await;
        assert_eq!(mine["total"], 0, "{mine}");
        let refused = desk.ask(&first, Method::PUT, &own, Some(draft)).await;
        assert_eq!(
            (&refused.json["code"], &refused.json["agent_id"]),
            (&json!("contact_record_handed_on"), &json!(second.user_id))
        );
        let refused = desk.complete(&first, call, follow_up()).await;
        assert_eq!(refused.json["code"], "contact_record_handed_on");
        // Passed on once more, through the queue.
        desk.deliver("work.accepted", call, part(&third, 3)).await;
        desk.deliver("call.ended", call, json!({"outcome": "answered"})).await;
        desk.deliver("work.wrap_up_began", call, json!({})).await;
        assert_eq!(desk.gate(call).await, Err("wrap_up_incomplete"));
        let early = desk.complete(&second, call, follow_up()).await;
        assert_eq!(early.status, StatusCode::NOT_FOUND);
        let record = desk.completed(&third, call, follow_up()).await;
        let ticket: uuid::Uuid = record["ticket_id"].as_str().unwrap().parse().unwrap();
        let ticket = desk.ticket(&first, ticket).await;
        assert_eq!(
            (&ticket["first_owner_id"], &ticket["current_owner_id"]),
            (&json!(first.user_id), &json!(first.user_id))
        );
        assert_eq!(desk.gate(call).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn a_consultation_and_a_supervisor_leave_the_record_where_it_is() {
    on_both(async |desk| {
        let (first, second) = (agent(1), agent(2));
        let call = desk.rings("13900000001", &first).await;
        desk.answers(call, &first).await;
        // A consultation is a work of its own that is no call: nobody writes it up.
        let consult = desk.app.ids.next();
        for told in ["accepted", "wrap_up_began", "wrap_up_expired"] {
            let facts = json!({"media": "voice", "agent": second.user_id, "part": 1});
            desk.deliver(&format!("work.{told}"), consult, facts).await;
        }
        assert_eq!(desk.gate(consult).await, Ok(()));
        let owed = desk.get(&second, "/api/v1/contact-records").await;
        assert_eq!(owed["total"], 0, "{owed}");
        // Who takes over has the call; the record is asked of who talked.
        let lead = crate::desk::lead();
        let taken = json!({"agent": lead.user_id, "direction": "inbound"});
        desk.deliver("call.handed_over", call, taken).await;
        let record = desk
            .get(&first, &format!("/api/v1/contact-records/{call}"))
            .await;
        assert_eq!(record["state"], "draft");
        desk.deliver("work.wrap_up_began", call, json!({})).await;
        desk.completed(&first, call, follow_up()).await;
    })
    .await;
}

#[tokio::test]
async fn a_wrap_up_that_ends_before_the_answer_is_on_disk_waits_for_it() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.rings("13900000001", &agent).await;
        let late = async {
            let facts = json!({"call_id": call, "agent": agent.user_id, "queue": "main"});
            desk.publish("call.answered", call, facts).await;
        };
        let (asked, ()) = tokio::join!(desk.gate(call), late);
        assert_eq!(asked, Err("wrap_up_incomplete"));
        // Nobody talked: there is nothing to write, however long one waits.
        let missed = desk.rings("13900000002", &agent).await;
        assert_eq!(desk.gate(missed).await, Ok(()));
    })
    .await;
}
