//! The ledger of recruitment fees.

use serde_json::json;

use crate::world::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_stands_once_for_each_person_and_is_paid_with_its_receipt() {
    on_both(true, async |world| {
        let at = "/api/v1/recruitment-fees";
        let file = world.file("agent1").await;
        let new = json!({"staff_id": file["id"], "payee": "原运营公司", "amount_fen": 300_000});
        let fee = world.post("hr", at, new.clone()).await;
        assert_eq!(world.refused("hr", at, new.clone()).await.1["code"], "fee_recorded");
        assert_eq!(world.refused("purchaser", at, new.clone()).await.0, 403, "the purchaser reads it");
        let mut nothing = new.clone();
        nothing["amount_fen"] = json!(0);
        assert_eq!(world.refused("hr", at, nothing).await.1["code"], "amount_out_of_range");

        let pay = format!("{at}/{}/pay", fee["id"].as_str().unwrap());
        let ahead = json!({"version": fee["version"], "paid_on": "2030-01-01", "receipt_no": "R1"});
        assert_eq!(world.refused("hr", &pay, ahead).await.1["code"], "day_ahead");
        let paid = json!({"version": fee["version"], "paid_on": "2026-11-20", "receipt_no": "R1", "invoice_no": "F1"});
        let paid = world.post("hr", &pay, paid).await;
        assert_eq!((&paid["state"], &paid["receipt_no"]), (&json!("paid"), &json!("R1")));
        let again = json!({"version": paid["version"], "paid_on": "2026-11-20", "receipt_no": "R2"});
        assert_eq!(world.refused("hr", &pay, again).await.1["code"], "fee_settled");
        let ledger = world.read("purchaser", at).await;
        assert_eq!(ledger["items"][0]["amount_fen"], 300_000);
    })
    .await;
}
