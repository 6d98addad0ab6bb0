//! A-07, and scenario 4 of domain §G as far as tickets carry it: a complaint about agent A, whom it is hidden
//! from, goes up, is answered, and is signed off by the purchaser. Listening, corrective action and training
//! belong to quality and learning.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both, path};
use crate::support::sipp::finished;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complaint_about_an_agent_is_kept_from_him_and_ends_with_the_purchasers_sign_off() {
    on_both(async |server| {
        let (accused, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let (manager, section) = (server.sign_in("manager").await, server.sign_in("section").await);
        let accused_id = accused.own_id().await;
        let ticket = accused.opens("complaint", "901", "接线员态度恶劣").await;
        let own = path("tickets", &ticket);
        let complain = json!({"version": ticket["version"], "complained_agent": accused_id});
        let held = lead.must(Method::PATCH, &own, Some(complain)).await;
        assert_eq!(held["current_owner_id"], lead.own_id().await, "the lead's at once");
        assert_eq!(held["first_owner_id"], accused_id, "the fact stays");

        for hidden in ["", "/history", "/clock", "/notes", "/files", "/links"] {
            let (status, _) = accused.ask(Method::GET, &format!("{own}{hidden}"), None).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{hidden}");
        }
        assert_eq!(accused.get("/api/v1/tickets").await["total"], 0);
        let edit = json!({"version": held["version"], "summary": "没有此事"});
        assert_eq!(accused.refused(Method::PATCH, &own, edit).await.0, StatusCode::NOT_FOUND);
        let receivers = lead.get(&format!("{own}/receivers")).await;
        assert!(!receivers.to_string().contains(accused_id.as_str().unwrap()), "{receivers}");
        let quality = server.sign_in("quality").await;
        assert_eq!(quality.get(&own).await["complained_agent"]["id"], accused_id);
        let back = json!({"version": held["version"], "action": "reassign", "to": accused_id, "reason": "退回"});
        let refused = lead.refused(Method::POST, &format!("{own}/dispatch"), back).await;
        assert_eq!(refused.1, "ticket_about_this_person");

        let up = json!({"ticket_id": ticket["id"], "reason": "需要运营经理决定处理方式"});
        let up = lead.post("/api/v1/escalations", up).await;
        assert_eq!(up["level"], 2);
        let escalation = path("escalations", &up);
        let (status, _) = accused.ask(Method::GET, &escalation, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let answer = json!({"version": 1, "answer": "调听录音，约谈当事人，向诉求人道歉"});
        manager.post(&format!("{escalation}/answer"), answer).await;
        let close = json!({"version": 2, "cause": "未按规范用语", "action": "已约谈并安排再培训"});
        lead.post(&format!("{escalation}/close"), close).await;

        let mut desk = section.screen().await;
        let reply = json!({"action": "reply", "answer": "经核实情况属实，已批评教育并向您致歉。"});
        assert_eq!(lead.does(&ticket, "handle", reply).await["state"], "pending_review");
        desk.hears(&["event: ticket", "pending_review"]).await;
        let queue = section.get("/api/v1/tickets?state=pending_review").await;
        assert_eq!(queue["total"], 1);
        let approve = json!({"action": "approve", "reason": "同意"});
        let signed = section.does(&ticket, "sign-off", approve).await;
        assert_eq!(signed["state"], "replied");
        desk.hears(&["approved"]).await;
        let said = json!({"action": "revisit", "said": "satisfied"});
        assert_eq!(lead.does(&ticket, "dispatch", said).await["state"], "closed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quality_listens_to_the_call_complained_about() {
    on_both(async |server| {
        let (lead, quality) = (server.sign_in("lead").await, server.sign_in("quality").await);
        let accused = server.desk_agent("agent2").await;
        let requester = server.requester("13900000071", 9_000);
        let call = accused.in_state("talking").await;
        finished(requester, &server.folder).await;
        accused.in_state("wrap_up").await;
        let record = accused.write_up(&call, "follow_up", "办理进度").await;
        let own = format!("/api/v1/tickets/{}", record["ticket_id"].as_str().unwrap());
        let ticket = lead.get(&own).await;
        let complain = json!({"version": ticket["version"], "request_type": "complaint", "matter": "901",
            "complained_agent": accused.person.own_id().await});
        lead.must(Method::PATCH, &own, Some(complain)).await;

        let heard = quality.get(&own).await["source_call_id"].clone();
        let recording = format!("/api/v1/calls/{}/recording?reason=%E6%8A%95%E8%AF%89%E6%A0%B8%E6%9F%A5", heard.as_str().unwrap());
        let sound = quality.send(Method::GET, &recording, None).await;
        assert!(sound.status().is_success(), "{}", sound.status());
        let note = json!({"kind": "internal", "body": "已调听"});
        let not_his = quality.refused(Method::POST, &format!("{own}/notes"), note).await;
        assert_eq!(not_his.0, StatusCode::FORBIDDEN, "quality judges, it does not handle");
        let (status, _) = accused.person.ask(Method::GET, &own, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let trail = server.sign_in("auditor").await.get("/api/v1/audit?per_page=200").await;
        assert!(trail.to_string().contains("call.listened"), "listening stands in the trail");
    })
    .await;
}
