//! who was at the six seats is told by punches and the floor, closed by the lead, confirmed by the purchaser,
//! frozen; what was wrong is corrected by a new row that the other side accepts.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::cases::on_both_at;

const DAY: &str = "/api/v1/attendance-days/2026-11-24";

fn line<'a>(sheet: &'a Value, seat: &str) -> &'a Value {
    let mut all = sheet["lines"].as_array().unwrap().iter();
    all.find(|line| line["seat"] == seat).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_sides_signed_of_a_day_does_not_change() {
    // A Tuesday, five minutes before the hotline opens.
    on_both_at("2026-11-24T00:25:00Z", &[], async |server| {
        let (one, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let (reviewer, two) = (server.sign_in("reviewer").await, server.sign_in("agent2").await);
        let punch = |kind: &str| json!({"kind": kind, "device": "seat-0001", "device_at": server.clock.now()});
        one.post("/api/v1/punches", punch("in")).await;
        two.post("/api/v1/punches", punch("in")).await;
        assert_eq!(lead.refused(Method::POST, &format!("{DAY}/close"), json!({"version": 0})).await.1, "attendance_not_over");

        server.clock.advance(Duration::from_hours(10));
        one.post("/api/v1/punches", punch("out")).await;
        let sheet = reviewer.get(DAY).await;
        assert_eq!(sheet["lines"].as_array().unwrap().len(), 6, "{sheet}");
        // Two people at one device, and no softphone: it stands before both sides.
        assert_eq!(line(&sheet, "Z1")["findings"], json!(["not_on_floor", "shared_device"]));
        assert_eq!((&line(&sheet, "Z1")["minutes"], &line(&sheet, "Z3")["kind"]), (&json!(480), &json!("absent")));

        let sick = json!({"seat": "Z4", "kind": "leave", "leave_kind": "sick", "reason": "病假条已存档"});
        lead.post(&format!("{DAY}/close"), json!({"version": 0, "overruled": [sick]})).await;
        reviewer
            .until("/api/v1/notices", Duration::from_secs(10), |all| all.to_string().contains("attendance_closed"))
            .await;
        let seen = json!({"days": [{"day": "2026-11-24", "version": 1}]});
        let signed = reviewer.post("/api/v1/attendance-days/confirm", seen).await;
        assert_eq!((&signed["records"], &signed["seq"]), (&json!(6), &json!(6)));
        assert_eq!(lead.refused(Method::POST, &format!("{DAY}/close"), json!({"version": 2})).await.1, "attendance_frozen");

        let before = reviewer.get(DAY).await;
        assert_eq!(line(&before, "Z4")["leave_kind"], "sick", "settlement counts kinds of leave apart");
        let wrong = line(&before, "Z3")["id"].clone();
        let new = json!({"corrects_id": wrong, "kind": "present", "minutes": 480, "reason": "网络中断，手工签到表为证"});
        let made = lead.post("/api/v1/attendance-corrections", new).await;
        let decide = format!("/api/v1/attendance-corrections/{}/decide", made["id"].as_str().unwrap());
        assert_eq!(lead.refused(Method::POST, &decide, json!({"accept": true})).await.1, "attendance_correction_own");
        let held = reviewer.post(&decide, json!({"accept": true})).await;
        assert_eq!((&held["seq"], &held["corrects_id"]), (&json!(7), &wrong));
        let after = reviewer.get(DAY).await;
        for old in before["lines"].as_array().unwrap() {
            assert!(after["lines"].as_array().unwrap().contains(old), "a frozen row changed: {old}");
        }
        let chain = reviewer.get("/api/v1/attendance-chain").await;
        assert_eq!((&chain["checked"], &chain["broken_seq"]), (&json!(7), &json!(null)));
    })
    .await;
}
