//! Reminders and what waits (A-62, A-65 … A-67): each reaches the side that owes the next step.

use std::time::Duration;

use serde_json::{Value, json};

use crate::story::{confirmed, contract, pause, sheet, signed, submitted};
use crate::world::{World, on_both_at};

/// Waits for a step in the history of a statement or contract.
async fn told(world: &World, at: &str, field: &str, what: &str) {
    for _ in 0..200 {
        let seen = world.read("reviewer", at).await;
        if seen[field].as_array().unwrap().iter().any(|line| line["action"] == what) {
            return;
        }
        pause().await;
    }
    panic!("{what}: {}", world.read("reviewer", at).await[field]);
}

fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}

/// What waits for somebody, as kind and page.
async fn waiting(world: &World, who: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for kind in world.waiting() {
        for one in (kind.tell)(world.who(who)).await.unwrap() {
            found.push((one.kind.to_owned(), one.page));
        }
    }
    found
}

fn has(waiting: &[(String, String)], kind: &str, page: &str) -> bool {
    waiting.iter().any(|one| one.0 == kind && one.1 == page)
}

fn page(at: &str) -> String {
    at.replace("/api/v1", "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agreed_day_the_review_and_the_payment_are_spoken_of_before_they_pass() {
    on_both_at("2026-06-20T02:00:00Z", async |world| {
        let (contract, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-19", |_, _| false)).await;
        // A week before 30 June. It can be drawn from 1 July on, so it is late after the fifth working day of July.
        world.app.clock.advance(days(4));
        told(&world, &first, "history", "due").await;
        world.app.clock.advance(days(13));
        assert_eq!(world.read("reviewer", &first).await["late"], false, "7 July in the morning");
        world.app.clock.advance(days(1));
        told(&world, &first, "history", "late").await;
        assert_eq!(world.read("reviewer", &first).await["late"], true);
        submitted(&world, &first).await;
        // 10 working days from 8 July are 22 July.
        world.app.clock.advance(days(12));
        told(&world, &first, "history", "review_due_soon").await;
        let seen = world.read("reviewer", &first).await;
        assert_eq!((&seen["state"], &seen["overdue"]), (&json!("submitted"), &json!(false)));
        world.app.clock.advance(days(3));
        told(&world, &first, "history", "overdue").await;
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        let frozen = world.step("reviewer", &first, "review", json!({"action": "confirm"})).await;
        let invoice = json!({"number": "1", "tax_bp": 600, "amount_fen": frozen["total_fen"], "issued_on": "2026-07-23"});
        world.step("manager", &first, "invoice", invoice).await;
        let handed = json!({"handed_on": "2026-07-23", "how": "in_person", "proof": "签收单"});
        world.step("manager", &first, "invoice/hand-in", handed).await;
        // 30 working days from 23 July are 3 September.
        world.app.clock.advance(days(40));
        told(&world, &first, "history", "payment_due_soon").await;
        world.app.clock.advance(days(4));
        for _ in 0..200 {
            if world.read("reviewer", &first).await["overdue"] == true {
                break;
            }
            pause().await;
        }
        assert_eq!(world.read("reviewer", &first).await["overdue"], true);
        // 90 days before 31 December.
        world.app.clock.advance(days(30));
        told(&world, &contract, "lines", "ending").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_stands_before_the_side_that_owes_the_next_step() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let draft = json!({"title": "草拟", "begins_on": "2028-01-01", "price_fen": 800_000});
        world.post("manager", "/api/v1/service-contracts", draft).await;
        let (contract, [first, _]) = contract(&world).await;
        let sheet = sheet("2026-01-01", "2026-06-30", |_, _| false);
        let made = world.post("manager", "/api/v1/attendance-sheets", sheet.clone()).await;
        let kinds = |waiting: Vec<(String, String)>| {
            let mut kinds: Vec<String> = waiting.into_iter().map(|one| one.0).collect();
            kinds.dedup();
            kinds
        };
        let purchaser = waiting(&world, "purchaser").await;
        assert!(has(&purchaser, "attendance_sheet", &format!("/attendance-sheets/{}", made["id"].as_str().unwrap())), "{purchaser:?}");
        assert_eq!(kinds(purchaser), ["service_contract", "attendance_sheet", "open_question"]);
        assert_eq!(kinds(waiting(&world, "counterpart").await), ["attendance_sheet"]);
        assert!(has(&waiting(&world, "manager").await, "statement_due", &page(&first)));
        signed(&world, sheet).await;
        world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        assert!(has(&waiting(&world, "hr").await, "statement_check", &page(&first)));
        submitted(&world, &first).await;
        assert_eq!(waiting(&world, "manager").await, []);
        assert!(has(&waiting(&world, "reviewer").await, "statement_review", &page(&first)));
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        world.step("reviewer", &first, "review", json!({"action": "reject", "objections": [{"said": "重做"}]})).await;
        assert!(has(&waiting(&world, "manager").await, "statement_due", &page(&first)));
        confirmed(&world, &first, json!([])).await;
        assert!(has(&waiting(&world, "manager").await, "statement_invoice", &page(&first)));
        let price = json!({"from_day": "2026-07-16", "price_fen": 800_000, "source": "补充协议"});
        world.post("manager", &format!("{contract}/price-proposals"), price).await;
        assert!(has(&waiting(&world, "purchaser").await, "price_proposal", &page(&contract)));
        let sick = json!({"days": [{"day": "2026-06-01", "seat": 3, "person": "A3", "presence": "absent", "minutes": 0}]});
        signed(&world, sick).await;
        world.step("manager", &first, "recount", json!({"reason": "更正"})).await;
        assert!(has(&waiting(&world, "reviewer").await, "adjustment", &page(&first)));
        assert!(!has(&waiting(&world, "manager").await, "adjustment", &page(&first)));
        let total: Value = world.read("reviewer", &first).await["total_fen"].clone();
        world.step("manager", &first, "invoice", json!({"number": "1", "tax_bp": 600, "amount_fen": total, "issued_on": "2026-07-01"})).await;
        assert!(has(&waiting(&world, "reviewer").await, "statement_payment", &page(&first)));
        assert_eq!(waiting(&world, "agent1").await, []);
    })
    .await;
}
