//! six incumbents come over without a gap, with the confidentiality agreement alone and the purchaser's
//! dated exemption; the fee for each stands in a ledger of its own.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both_at, path};
use crate::support::staff::{NDA, Office, does, missing, tries};

/// Thursday before the day of service.
const EVE: &str = "2026-10-08T02:00:00Z";

async fn seat(who: &Person, at: &str, post: usize, body: Value) -> Value {
    who.put(&format!("{at}/posts/Z{post}"), body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_incumbents_answer_on_day_one_with_the_nda_alone_and_nobody_after_the_exemption() {
    on_both_at(EVE, &[], async |server| {
        let office = Office::of(server).await;
        // The demo's own files make room: this is the first day of a contract.
        let mut agents = Vec::new();
        for number in 1..=6 {
            let agent = server.sign_in(&format!("agent{number}")).await;
            let file = office.file_of(&agent).await;
            office.does(&office.manager, &file, "leave-post", json!({"reason": "新合同"})).await;
            for piece in file["evidence"].as_array().unwrap() {
                let withdraw = format!("{}/evidence/{}/withdraw", path("staff", &file), piece["id"].as_str().unwrap());
                let body = json!({"version": piece["version"], "reason": "属原运营公司"});
                office.purchaser.post(&withdraw, body).await;
            }
            agents.push((agent, file));
        }
        let new = json!({"predecessor": "原运营公司", "go_live_on": "2026-10-09"});
        let board = office.manager.post("/api/v1/transitions", new).await;
        let at = path("transitions", &board);
        for (post, (_, file)) in (1..).zip(&agents) {
            seat(&office.manager, &at, post, json!({"staff_id": file["id"], "willing": "willing"})).await;
        }
        let (status, no) = tries(&office.manager, &at, "steps", json!({"action": "take_posts"})).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("staff_unqualified")), "{no}");
        let (status, _) = tries(&office.manager, &at, "exempt", json!({"reason": "过渡"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "the supplier exempts nobody");
        let exempt = does(&office.purchaser, &at, "exempt", json!({"reason": "平滑过渡"})).await;
        // Twenty working days from the 9th of October, which is not counted.
        assert_eq!(exempt["exempt_until"], "2026-11-05", "{exempt}");
        let (_, no) = tries(&office.manager, &at, "steps", json!({"action": "take_posts"})).await;
        assert_eq!((&no["code"], missing(&no)), (&json!("staff_unqualified"), vec!["nda"]), "never the NDA: {no}");
        for (_, file) in &agents {
            office.proves(file, json!({"item": "nda", "on": "2026-10-08", "level": NDA})).await;
        }
        does(&office.manager, &at, "steps", json!({"action": "begin_parallel"})).await;
        let (_, no) = tries(&office.purchaser, &at, "sign-off", json!({})).await;
        assert_eq!(no["code"], "transition_seats_empty", "no gap on the first day: {no}");
        does(&office.manager, &at, "steps", json!({"action": "take_posts"})).await;
        let live = does(&office.purchaser, &at, "sign-off", json!({})).await;
        assert_eq!((&live["state"], &live["active"], &live["transferred"]), (&json!("live"), &json!(6), &json!(0)));

        // On day one all six go ready (the reading of the demo is not what is told of here).
        server.clock.advance(Duration::from_hours(24));
        for (agent, _) in &agents {
            let (_, held) = agent.ask(Method::PUT, "/api/v1/agent-state", Some(json!({"state": "ready"}))).await;
            let code = held["code"].as_str().unwrap_or_default();
            assert!(!["not_on_post", "qualification_lapsed"].contains(&code), "{held}");
        }

        // One unsigned contract blocks the end.
        office.manager.post(&format!("{at}/items"), json!({"kind": "knowledge", "title": "应答口径库"})).await;
        for (post, (_, file)) in (1..).zip(agents.iter().take(5)) {
            let signed = json!({"staff_id": file["id"], "willing": "willing", "resigned_on": "2026-10-09"});
            seat(&office.manager, &at, post, signed).await;
        }
        let (_, no) = tries(&office.manager, &at, "steps", json!({"action": "complete"})).await;
        assert_eq!(no["code"], "transition_unsigned", "{no}");
        let signed = json!({"staff_id": agents[5].1["id"], "willing": "willing", "resigned_on": "2026-10-09"});
        let board = seat(&office.manager, &at, 6, signed).await;
        assert_eq!(board["transferred"], 6);
        let (_, no) = tries(&office.manager, &at, "steps", json!({"action": "complete"})).await;
        assert_eq!(no["code"], "transition_items_open", "{no}");
        let item = board["items"][0]["id"].as_str().unwrap();
        office.manager.post(&format!("{at}/items/{item}/done"), json!({})).await;
        let done = does(&office.manager, &at, "steps", json!({"action": "complete"})).await;
        assert_eq!(done["state"], "completed");

        // The exemption ends: who has no pass takes no work, and hears what is missing.
        server.clock.advance(Duration::from_hours(28 * 24));
        let (status, held) = agents[0].0.ask(Method::PUT, "/api/v1/agent-state", Some(json!({"state": "ready"}))).await;
        assert_eq!((status, &held["code"]), (StatusCode::CONFLICT, &json!("qualification_lapsed")), "{held}");
        assert!(missing(&held).contains(&"pre_job") && missing(&held).contains(&"employer"), "{held}");
        assert_eq!(office.purchaser.get("/api/v1/staffing").await["counted"], 0);
    })
    .await;
}
