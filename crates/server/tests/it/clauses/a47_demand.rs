//! the purchaser demands more or other people; the supplier can plan it, not refuse it; scenario 7 of domain.md §G.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both_at, path};
use crate::support::staff::{Office, does, tries};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demand_is_planned_and_carried_out_or_stands_overdue_before_both() {
    // Five working days from the 13th of February 2026 end on the 27th (`workday_vectors.json`).
    on_both_at("2026-02-13T02:00:00Z", &[], async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent2").await;
        let file = office.file_of(&agent).await;
        let new = json!({"kind": "replace", "staff_id": file["id"], "reason": "多次被投诉"});
        let (status, _) = office.hr.ask(Method::POST, "/api/v1/demands", Some(new.clone())).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let demand = office.purchaser.post("/api/v1/demands", new).await;
        let at = path("demands", &demand);
        assert!(demand["due_at"].as_str().unwrap().starts_with("2026-02-27"), "{demand}");
        office.manager
            .until("/api/v1/notices", Duration::from_secs(5), |notices| notices.to_string().contains("demand_raised"))
            .await;

        // There is no way to say no.
        for door in ["reject", "refuse", "decline"] {
            let (status, _) = office.manager.ask(Method::POST, &format!("{at}/{door}"), Some(json!({"version": 1}))).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{door}");
        }
        let (status, _) = tries(&office.manager, &at, "decide", json!({"action": "withdraw", "reason": "不需要"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let plan = json!({"action": "submit_plan", "plan": "三日内补训，不合格即调换", "planned_on": "2026-02-26"});
        does(&office.manager, &at, "steps", plan.clone()).await;
        let returned = does(&office.purchaser, &at, "decide", json!({"action": "return_plan", "reason": "请直接调换"})).await;
        assert_eq!((&returned["state"], &returned["due_at"]), (&json!("raised"), &demand["due_at"]), "its clock runs on");
        let (_, no) = tries(&office.manager, &at, "steps", json!({"action": "start"})).await;
        assert_eq!(no["code"], "demand_plan_open");
        does(&office.manager, &at, "steps", plan).await;
        does(&office.purchaser, &at, "decide", json!({"action": "accept_plan"})).await;
        let started = does(&office.manager, &at, "steps", json!({"action": "start"})).await;
        assert_eq!((&started["state"], started["replacements"].as_array().unwrap().len()), (&json!("executing"), 1));

        // The supplier does not come to an end in time: it stands before both.
        server.clock.advance(Duration::from_hours(15 * 24));
        let late = office.purchaser.until(&at, Duration::from_secs(10), |one| one["overdue"] == true).await;
        assert_eq!(late["open"], true);
        for who in [&office.purchaser, &office.manager] {
            who.until("/api/v1/notices", Duration::from_secs(5), |notices| notices.to_string().contains("demand_overdue")).await;
            assert_eq!(who.get("/api/v1/staffing").await["demands_overdue"], 1);
        }
        let verified = does(&office.purchaser, &at, "decide", json!({"action": "verify"})).await;
        assert_eq!((&verified["state"], &verified["overdue"]), (&json!("verified"), &json!(true)), "that it was late stays");
    })
    .await;
}
