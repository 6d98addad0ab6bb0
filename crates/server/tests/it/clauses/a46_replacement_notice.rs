//! who leaves is announced five working days before, and somebody of equal standing is on his post without a
//! gap; scenario 6 of domain.md §G.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{actions, on_both_at, path};
use crate::support::staff::{Office, does, missing, tries};

/// The latest day of a notice for the 12th of October 2026 (`workday_vectors.json`).
const LATEST: &str = "2026-09-29T02:00:00Z";

async fn opened(office: &Office, staff: &Value, last_day: &str) -> String {
    let new = json!({"staff_id": staff["id"], "cause": "resignation", "reason": "个人原因", "last_day": last_day});
    path(
        "replacements",
        &office.hr.post("/api/v1/replacements", new).await,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_leaves_and_an_equal_is_on_his_post_without_a_gap() {
    on_both_at(LATEST, &[], async |server| {
        let office = Office::of(server).await;
        let (leaver, colleague) = (
            server.sign_in("agent6").await,
            server.sign_in("agent5").await,
        );
        let lead = server.sign_in("lead").await;
        let ticket = leaver.opens("consult", "107", "准考证打印时间").await;
        let leaves = office.file_of(&leaver).await;

        let at = opened(&office, &leaves, "2026-10-11").await;
        let (status, no) = tries(&office.hr, &at, "steps", json!({"action": "serve"})).await;
        assert_eq!(
            (status, &no["code"]),
            (StatusCode::CONFLICT, &json!("notice_too_short")),
            "{no}"
        );
        assert_eq!(
            (&no["latest_notice"], &no["earliest_last_day"]),
            (&json!("2026-09-28"), &json!("2026-10-12")),
            "{no}"
        );
        let served = does(
            &office.hr,
            &at,
            "steps",
            json!({"action": "serve", "last_day": "2026-10-12"}),
        )
        .await;
        assert_eq!(
            (&served["state"], &served["latest_notice"]),
            (&json!("notice_served"), &json!("2026-09-29"))
        );
        assert_eq!(
            served["open_tickets"].as_array().unwrap().len(),
            1,
            "{served}"
        );
        office
            .purchaser
            .until("/api/v1/notices", Duration::from_secs(5), |notices| {
                notices.to_string().contains("replacement_served")
            })
            .await;

        // The first candidate is less, and the purchaser says no.
        let first = office.candidate("候选一", "1996-01-01").await;
        office
            .proves_all(&first, ("2025-01-01", "2026-01-31"))
            .await;
        does(
            &office.hr,
            &at,
            "steps",
            json!({"action": "propose", "candidate_id": first["id"]}),
        )
        .await;
        let (_, no) = tries(
            &office.purchaser,
            &at,
            "decide",
            json!({"action": "accept"}),
        )
        .await;
        assert_eq!(no["code"], "replacement_not_equivalent", "{no}");
        let months = no["equivalence"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["item"] == "experience")
            .unwrap();
        assert_eq!(
            (&months["departing"], &months["candidate"], &months["holds"]),
            (&json!("90"), &json!("13"), &json!(false))
        );
        does(
            &office.purchaser,
            &at,
            "decide",
            json!({"action": "reject", "reason": "经验不足"}),
        )
        .await;
        let (_, no) = tries(&office.hr, &at, "steps", json!({"action": "train"})).await;
        assert_eq!(no["code"], "replacement_not_accepted");

        // The second is an equal.
        let second = office.candidate("候选二", "1990-01-01").await;
        office
            .proves_all(&second, ("2017-01-01", "2026-06-30"))
            .await;
        does(
            &office.hr,
            &at,
            "steps",
            json!({"action": "propose", "candidate_id": second["id"]}),
        )
        .await;
        let accepted = does(
            &office.purchaser,
            &at,
            "decide",
            json!({"action": "accept"}),
        )
        .await;
        assert_eq!(
            (&accepted["state"], &accepted["equivalent"]),
            (&json!("qualification_ok"), &json!(true)),
            "{accepted}"
        );
        does(&office.hr, &at, "steps", json!({"action": "train"})).await;
        let (_, no) = tries(&office.hr, &at, "steps", json!({"action": "pass_exam"})).await;
        assert_eq!(
            no["code"], "replacement_not_certified",
            "the purchaser certifies (A-51)"
        );
        office.passes(&second, "2026-09-29").await;
        does(&office.hr, &at, "steps", json!({"action": "pass_exam"})).await;
        does(&office.hr, &at, "steps", json!({"action": "hand_over"})).await;

        // What is open is accepted by a colleague first.
        server.clock.advance(Duration::from_hours(13 * 24));
        let (_, no) = tries(&office.hr, &at, "steps", json!({"action": "take_post"})).await;
        assert_eq!(no["code"], "replacement_tickets_open", "{no}");
        let offer = json!({"ticket_id": ticket["id"], "to_id": colleague.own_id().await});
        lead.post(&format!("{at}/handovers"), offer).await;
        let before = lead.get(&path("tickets", &ticket)).await;
        let offered = colleague.get("/api/v1/my-handovers").await;
        let accept = format!(
            "/api/v1/my-handovers/{}/accept",
            offered["items"][0]["id"].as_str().unwrap()
        );
        assert_eq!(
            leaver.ask(Method::POST, &accept, Some(json!({}))).await.0,
            StatusCode::NOT_FOUND,
            "not his to accept"
        );
        colleague.post(&accept, json!({})).await;
        let after = lead.get(&path("tickets", &ticket)).await;
        assert_ne!(
            before["current_owner_id"], after["current_owner_id"],
            "{after}"
        );
        assert_eq!(
            before["first_owner_id"], after["first_owner_id"],
            "the first owner stays (A-32)"
        );

        // The 12th is his last day; the new one is on post.
        let done = does(&office.hr, &at, "steps", json!({"action": "take_post"})).await;
        assert_eq!(
            (
                &done["state"],
                &done["on_post_on"],
                &done["gap_working_days"]
            ),
            (&json!("on_post"), &json!("2026-10-12"), &json!(0))
        );
        let staffing = office.purchaser.get("/api/v1/staffing").await;
        assert_eq!(
            (&staffing["held"], &staffing["posts"][5]["holder"]["name"]),
            (&json!(6), &json!("候选二"))
        );
        let closed = does(&office.hr, &at, "steps", json!({"action": "close"})).await;
        assert_eq!(
            (&closed["state"], &closed["overdue"]),
            (&json!("closed"), &json!(false))
        );
        assert!(
            actions(&closed).contains(&"rejected_by_purchaser"),
            "{closed}"
        );
        let (_, no) = tries(&office.hr, &at, "steps", json!({"action": "close"})).await;
        assert_eq!(no["code"], "replacement_ended");
        // Who left the post takes no work any more, and is told why.
        let (_, held) = leaver
            .ask(
                Method::PUT,
                "/api/v1/agent-state",
                Some(json!({"state": "ready"})),
            )
            .await;
        assert_eq!(held["code"], "not_on_post", "{held}");
        assert!(missing(&held).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_suddenly_runs_from_its_discovery_and_is_overdue_before_both() {
    on_both_at("2026-09-30T02:00:00Z", &[], async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent4").await;
        let leaves = office.file_of(&agent).await;
        let new = json!({"staff_id": leaves["id"], "cause": "illness", "reason": "突发疾病", "sudden": true,
            "last_day": "2026-09-30"});
        let at = path("replacements", &office.hr.post("/api/v1/replacements", new.clone()).await);
        let (_, again) = office.hr.ask(Method::POST, "/api/v1/replacements", Some(new)).await;
        assert_eq!(again["code"], "replacement_under_way");
        let served = does(&office.hr, &at, "steps", json!({"action": "serve"})).await;
        // Five working days after the holiday's eve: the 8th, 9th, 10th, 12th and 13th of October.
        assert!(served["due_at"].as_str().unwrap().starts_with("2026-10-13"), "{served}");
        server.clock.advance(Duration::from_hours(14 * 24));
        let late = office.purchaser.until(&at, Duration::from_secs(10), |one| one["overdue"] == true).await;
        assert!(late["gap_working_days"].as_i64().unwrap() > 0, "{late}");
        for who in [&office.purchaser, &office.manager] {
            who.until("/api/v1/notices", Duration::from_secs(5), |notices| notices.to_string().contains("replacement_overdue"))
                .await;
        }
        assert_eq!(office.purchaser.get("/api/v1/staffing").await["replacements_overdue"], 1);
    })
    .await;
}
