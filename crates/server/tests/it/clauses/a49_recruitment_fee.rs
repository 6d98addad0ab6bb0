//! the fee for each incumbent is paid to the predecessor, in a ledger that no bill reads.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::a62_a69_settlement::{drawn, half_year_signed};
use crate::support::cases::{on_both, on_both_at};
use crate::support::staff::Office;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_is_recorded_and_paid_apart_from_whatever_is_settled() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent1").await;
        let file = office.file_of(&agent).await;
        let before = office.purchaser.get("/api/v1/staffing").await;
        let headcount = "/api/v1/headcount?from=2026-11-01&to=2026-11-30";
        let counted = office.purchaser.get(headcount).await;

        let new = json!({"staff_id": file["id"], "payee": "原运营公司", "amount_fen": 500_000, "invoice_no": "F-7"});
        let fee = office.hr.post("/api/v1/recruitment-fees", new.clone()).await;
        let (_, twice) = office.hr.ask(Method::POST, "/api/v1/recruitment-fees", Some(new)).await;
        assert_eq!(twice["code"], "fee_recorded");
        let pay = format!("/api/v1/recruitment-fees/{}/pay", fee["id"].as_str().unwrap());
        let paid = json!({"version": fee["version"], "paid_on": "2026-11-23", "receipt_no": "S-9"});
        assert_eq!(office.hr.post(&pay, paid).await["state"], "paid");

        // The settlement's reviewer reads attendance, and knows nothing of it.
        let reviewer = server.sign_in("reviewer").await;
        let (status, _) = reviewer.ask(Method::GET, "/api/v1/recruitment-fees", None).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(office.purchaser.get(headcount).await, counted);
        assert_eq!(office.purchaser.get("/api/v1/staffing").await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_fees_moves_the_bill() {
    on_both_at("2026-07-01T02:00:00Z", &[], async |server| {
        let office = Office::of(server).await;
        let statement = half_year_signed(server).await;
        let first = drawn(&office.manager, &statement).await;
        let mut files = Vec::new();
        for number in 1..=6 {
            let agent = server.sign_in(&format!("agent{number}")).await;
            files.push(office.file_of(&agent).await);
        }
        let mut fees: BTreeMap<u64, Value> = BTreeMap::new();
        // The same sequence each time, of no order: recorded, paid, drawn again.
        let mut dice = 49_u64;
        for n in 0..30 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (who, what) = ((dice >> 33) % 6, (dice >> 40) % 3);
            match (what, fees.get(&who).cloned()) {
                (0, None) => {
                    let new = json!({"staff_id": files[who as usize]["id"], "payee": "原运营公司", "amount_fen": (dice >> 44) + 1});
                    fees.insert(who, office.hr.post("/api/v1/recruitment-fees", new).await);
                }
                (1, Some(fee)) if fee["state"] != "paid" => {
                    let pay = format!("/api/v1/recruitment-fees/{}/pay", fee["id"].as_str().unwrap());
                    let paid = json!({"version": fee["version"], "paid_on": "2026-06-30", "receipt_no": format!("S-{n}")});
                    fees.insert(who, office.hr.post(&pay, paid).await);
                }
                _ => {
                    let again = drawn(&office.manager, &statement).await;
                    assert_eq!((&again["total_fen"], &again["sha256"]), (&first["total_fen"], &first["sha256"]), "after {fees:?}");
                }
            }
        }
        assert!(fees.values().any(|fee| fee["state"] == "paid"), "{fees:?}");
    })
    .await;
}
