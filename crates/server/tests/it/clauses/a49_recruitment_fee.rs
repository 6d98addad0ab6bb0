//! the fee for each incumbent is paid to the predecessor, in a ledger that no bill reads.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::on_both;
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
