//! A-15, and scenario 4 of domain §G: a complaint about agent A, who cannot open it; quality listens and scores; a
//! corrective action with cause, action, due day; A is trained again; somebody else verifies; the purchaser signs off.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::a14_quality::{marks, step};
use crate::support::cases::{on_both, path};
use crate::support::sipp::finished;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complaint_about_an_agent_ends_with_his_training_a_second_look_and_the_purchasers_sign_off()
 {
    on_both(async |server| {
        let (lead, quality) = (server.sign_in("lead").await, server.sign_in("quality").await);
        let (trainer, manager) = (server.sign_in("trainer").await, server.sign_in("manager").await);
        let purchaser = server.sign_in("purchaser").await;
        let accused = server.desk_agent("agent2").await;
        let requester = server.requester("13900000082", 14_000);
        let call = accused.in_state("talking").await;
        finished(requester, &server.folder).await;
        accused.in_state("wrap_up").await;
        let record = accused.write_up(&call, "follow_up", "办理进度").await;
        let a = &accused.person;
        let complaint = format!("/api/v1/tickets/{}", record["ticket_id"].as_str().unwrap());
        let ticket = lead.get(&complaint).await;
        let complain = json!({"version": ticket["version"], "request_type": "complaint", "matter": "901",
            "complained_agent": a.own_id().await});
        let ticket = lead.must(Method::PATCH, &complaint, Some(complain)).await;
        assert_eq!(a.ask(Method::GET, &complaint, None).await.0, StatusCode::NOT_FOUND);

        // Quality listens, and scores what it heard; A sees nothing of it.
        let call_id = ticket["source_call_id"].as_str().unwrap();
        let sound = format!("/api/v1/calls/{call_id}/recording?reason=%E6%8A%95%E8%AF%89%E6%A0%B8%E6%9F%A5");
        assert!(quality.send(Method::GET, &sound, None).await.status().is_success());
        let picked = json!({"kind": "call", "contact_id": call_id, "reason": "投诉核查"});
        let sampled = quality.post("/api/v1/evaluations", picked).await;
        assert_eq!(sampled["origins"], json!(["complaint", "by_hand"]));
        let scored = step(&quality, &sampled, "score", marks(&quality, 30, "").await).await;
        let own = path("evaluations", &scored);
        assert_eq!(a.ask(Method::GET, &own, None).await.0, StatusCode::NOT_FOUND);

        step(&quality, &scored, "release", json!({})).await;

        // Corrective action: problem, cause, action, due.
        let new = json!({"source": "complaint", "source_id": ticket["id"], "title": "服务态度", "problem": "通话中打断诉求人",
            "owner_id": lead.own_id().await});
        let made = quality.post("/api/v1/corrective-actions", new).await;
        assert_eq!((&made["source_label"], &made["about"]["id"]), (&ticket["number"], &a.own_id().await));
        let action = path("corrective-actions", &made);
        assert_eq!(a.ask(Method::GET, &action, None).await.0, StatusCode::NOT_FOUND, "kept from him as the complaint is");
        // With that the complaint is upheld (K-31).
        let today = server.clock.now().date_naive();
        let told = manager.get(&format!("/api/v1/kpi-figures?kpis=k31&from={today}&to={today}")).await;
        let upheld = told["items"][0]["beside"].as_array().unwrap().iter().find(|one| one["code"] == "upheld_complaints");
        assert_eq!(upheld.unwrap()["numerator"], 1, "{told}");
        let due = server.clock.now() + TimeDelta::days(5);
        let plan = json!({"version": made["version"], "cause": "倾听规范不熟", "action": "辅导并抽查五通", "due_at": due});
        let planned = lead.post(&format!("{action}/plan"), plan).await;
        let early = json!({"version": planned["version"], "action": "close"});
        assert_eq!(purchaser.refused(Method::POST, &format!("{action}/verify"), early).await.1, "corrective_unverified");

        // Re-training is a session in learning, and closes with it.
        let starts_at = server.clock.now() + TimeDelta::hours(1);
        let coach = json!({"version": planned["version"], "starts_at": starts_at, "minutes": 60, "place": "培训室",
            "teacher_id": trainer.own_id().await});
        let coached = quality.post(&format!("{action}/coach"), coach).await;
        let session = format!("/api/v1/training-sessions/{}", coached["coaching_id"].as_str().unwrap());
        let seen = a.get(&session).await;
        assert_eq!(seen["course_title"], "质检辅导", "he is told of the coaching");
        assert!(!seen.to_string().contains(ticket["number"].as_str().unwrap()), "and not of the complaint");
        let done = json!({"version": coached["version"], "note": "已辅导"});
        assert_eq!(lead.refused(Method::POST, &format!("{action}/finish"), done).await.1, "corrective_coaching_open");
        server.clock.advance(std::time::Duration::from_hours(2));
        let came = json!({"version": seen["version"], "people": [{"user_id": a.own_id().await, "state": "attended", "percent": 95}]});
        trainer.put(&format!("{session}/attendance"), came).await;
        let held = quality.until(&action, std::time::Duration::from_secs(20), |held| held["coaching"] == false).await;
        assert!(held["coached_at"].is_string(), "{held}");

        // Done by one, verified by another, signed off by the purchaser.
        let done = json!({"version": held["version"], "note": "已辅导，抽查五通均合格"});
        let finished = lead.post(&format!("{action}/finish"), done).await;
        let verify = json!({"version": finished["version"], "action": "verify", "opinion": "复听五通属实"});
        assert_eq!(lead.refused(Method::POST, &format!("{action}/verify"), verify.clone()).await.1, "corrective_same_person");
        let verified = quality.post(&format!("{action}/verify"), verify).await;
        let close = json!({"version": verified["version"], "action": "close", "opinion": "同意销号"});
        let no = "corrective_by_purchaser";
        assert_eq!(manager.refused(Method::POST, &format!("{action}/verify"), close.clone()).await.1, no);
        assert_eq!(quality.refused(Method::POST, &format!("{action}/verify"), close.clone()).await.1, no);
        let closed = purchaser.post(&format!("{action}/verify"), close).await;
        assert_eq!(closed["state"], "closed");

        let reply = json!({"action": "reply", "answer": "经核实属实，已辅导并向您致歉。"});
        assert_eq!(lead.does(&ticket, "handle", reply).await["state"], "pending_review");
        let section = server.sign_in("section").await;
        let approve = json!({"action": "approve", "reason": "同意"});
        assert_eq!(section.does(&ticket, "sign-off", approve).await["state"], "replied");

        // The check had found a fatal error; once it is final it tells of the same event, which counts once (K-31).
        server.clock.advance(std::time::Duration::from_hours(10 * 24));
        let (quality, manager) = (server.sign_in("quality").await, server.sign_in("manager").await);
        let last = quality.until(&own, std::time::Duration::from_secs(20), |seen| seen["state"] == "final").await;
        assert_eq!(last["fatal"], json!(["business"]));
        let until = (server.clock.now() + TimeDelta::hours(8)).date_naive();
        let told = manager.get(&format!("/api/v1/kpi-figures?kpis=k24,k31&from={today}&to={until}")).await;
        assert_eq!((&told["items"][0]["numerator"], &told["items"][1]["value"]), (&json!(1), &json!(1)), "{told}");
    })
    .await;
}
