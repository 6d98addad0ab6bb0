//! Invoice, payment and what is below nothing.

use serde_json::{Value, json};

use crate::story::{confirmed, contract, sheet, signed, submitted};
use crate::world::{World, on_both_at};

const TOTAL: i64 = 36 * 833_333;

fn invoice(code: Option<&str>, number: &str) -> Value {
    json!({"code": code, "number": number, "tax_bp": 600, "amount_fen": TOTAL, "issued_on": "2026-07-01"})
}

async fn full(world: &World) -> (String, String, String) {
    let (contract, [first, second]) = contract(world).await;
    signed(world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
    confirmed(world, &first, json!([])).await;
    (contract, first, second)
}

fn days(count: u64) -> std::time::Duration {
    std::time::Duration::from_hours(24 * count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_payment_runs_from_the_hand_in_however_late_its_receipt_is_recorded() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, first, _) = full(&world).await;
        world.step("manager", &first, "invoice", invoice(None, "26442000000012345678")).await;
        let handed = |on: &str, proof: &str| json!({"handed_on": on, "how": "post", "proof": proof});
        assert_eq!(world.no("manager", &first, "invoice/hand-in", handed("2026-07-01", " ")).await, "text_missing");
        assert_eq!(world.no("manager", &first, "invoice/hand-in", handed("2026-06-30", "EMS 1")).await, "received_before_issue");
        assert_eq!(world.no("reviewer", &first, "invoice/hand-in", handed("2026-07-01", "EMS 1")).await, "forbidden");
        let due = world.step("manager", &first, "invoice/hand-in", handed("2026-07-01", "EMS 1234567890")).await;
        // 30 working days from 1 July are 12 August.
        assert_eq!((&due["state"], &due["due_at"]), (&json!("payment_due"), &json!("2026-08-12T10:00:00Z")));
        let known = &due["invoices"][0];
        assert_eq!((&known["handed_how"], &known["handed_proof"], &known["due_from"]), (&json!("post"), &json!("EMS 1234567890"), &json!("2026-07-01")));
        world.app.clock.advance(days(20));
        let received = world.step("reviewer", &first, "invoice/receive", json!({"received_on": "2026-07-21"})).await;
        assert_eq!((&received["state"], &received["due_at"]), (&json!("payment_due"), &json!("2026-08-12T10:00:00Z")), "the clock did not stop");
        assert_eq!((&received["invoices"][0]["received_on"], &received["invoices"][0]["due_from"]), (&json!("2026-07-21"), &json!("2026-07-01")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_when_it_runs_is_kept_with_the_contract() {
    on_both_at("2026-07-10T02:00:00Z", async |world| {
        let say = |answer: &str| json!({"rule": {"question": "payment_start", "answer": answer}, "source": "采购人复函"});
        world.post("purchaser", "/api/v1/rules/settlement-answers", say("confirmation")).await;
        let (_, first, _) = full(&world).await;
        // A later answer changes nothing of this contract.
        world.app.clock.advance(days(5));
        world.post("purchaser", "/api/v1/rules/settlement-answers", say("invoice")).await;
        world.step("manager", &first, "invoice", invoice(None, "1")).await;
        let handed = json!({"handed_on": "2026-07-15", "how": "in_person", "proof": "签收单 12"});
        let due = world.step("manager", &first, "invoice/hand-in", handed).await;
        assert_eq!((&due["invoices"][0]["due_from"], &due["due_at"]), (&json!("2026-07-10"), &json!("2026-08-21T10:00:00Z")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_one_with_its_code_and_free_again_when_the_invoice_goes_back() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, first, _) = full(&world).await;
        world.step("manager", &first, "invoice", invoice(Some("044001"), "12345678")).await;
        let handed = json!({"handed_on": "2026-07-01", "how": "electronic", "proof": "平台回执 9"});
        world.step("manager", &first, "invoice/hand-in", handed).await;
        let back = json!({"received_on": null, "note": "税号有误"});
        let returned = world.step("reviewer", &first, "invoice/receive", back.clone()).await;
        assert_eq!((&returned["state"], &returned["due_at"]), (&json!("confirmed"), &Value::Null));
        // The same number again, as it was corrected; what was received goes back too while nothing is paid.
        world.step("manager", &first, "invoice", invoice(Some("044001"), "12345678")).await;
        world.step("reviewer", &first, "invoice/receive", json!({"received_on": "2026-07-01"})).await;
        assert_eq!(world.no("reviewer", &first, "invoice/receive", json!({"received_on": "2026-07-01"})).await, "invoice_received");
        world.step("reviewer", &first, "invoice/receive", back.clone()).await;
        world.step("manager", &first, "invoice", invoice(Some("044001"), "12345678")).await;
        world.step("reviewer", &first, "invoice/receive", json!({"received_on": "2026-07-01"})).await;
        let part = json!({"amount_fen": 100, "paid_on": "2026-07-01", "receipt_no": "R1"});
        world.step("reviewer", &first, "payments", part).await;
        assert_eq!(world.no("reviewer", &first, "invoice/receive", back).await, "invoice_paid", "what is paid in part does not go back");
    })
    .await;
}

/// The second half is worth less than what the first was paid too much.
async fn below_nothing(world: &World) -> (String, String, i64) {
    let (_, [first, second]) = contract(world).await;
    signed(world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
    let absent = |from: &str, until: &str, leave: &dyn Fn(i64) -> bool| {
        let mut sheet = sheet(from, until, |seat, _| leave(seat));
        for day in sheet["days"].as_array_mut().unwrap() {
            (day["presence"], day["minutes"]) = (json!("absent"), json!(0));
        }
        sheet
    };
    signed(world, absent("2026-07-01", "2026-12-31", &|_| false)).await;
    confirmed(world, &first, json!([])).await;
    signed(world, absent("2026-06-01", "2026-06-30", &|seat| seat != 3)).await;
    let counted = world.step("reviewer", &first, "recount", json!({"reason": "六月未到岗"})).await;
    let one = &counted["adjustments"][0];
    let at = format!("/api/v1/settlement-adjustments/{}/decide", one["id"].as_str().unwrap());
    world.post("manager", &at, json!({"version": 1, "agree": true})).await;
    (first, second, one["delta_fen"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_below_nothing_is_paid_back_where_no_statement_follows() {
    on_both_at("2027-01-04T02:00:00Z", async |world| {
        let (_, second, delta) = below_nothing(&world).await;
        assert_eq!(delta, -833_333);
        let frozen = confirmed(&world, &second, json!([])).await;
        assert_eq!((&frozen["lines_fen"], &frozen["total_fen"]), (&json!(0), &json!(delta)));
        assert!(frozen["capital"].as_str().unwrap().starts_with("人民币负捌仟"));
        let free = json!({"number": "1", "tax_bp": 600, "amount_fen": delta, "issued_on": "2027-01-04"});
        assert_eq!(world.no("manager", &second, "invoice", free).await, "invoice_amount");
        assert_eq!(world.no("manager", &second, "prepare", json!({"action": "close"})).await, "refund_receipt_missing");
        let closed = world.step("manager", &second, "prepare", json!({"action": "close", "receipt_no": "T1"})).await;
        assert_eq!((&closed["state"], &closed["paid_fen"], &closed["payments"][0]["amount_fen"]), (&json!("closed"), &json!(delta), &json!(delta)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_below_nothing_is_carried_into_the_statement_that_follows() {
    on_both_at("2027-07-05T02:00:00Z", async |world| {
        // A contract of 18 months has three statements.
        let all = "/api/v1/service-contracts";
        let new = json!({"title": "热线客服外包", "begins_on": "2026-01-01", "price_fen": 400_000, "months": 18});
        let made = world.post("manager", all, new).await;
        assert_eq!((&made["ends_on"], made["statement_days"].as_array().unwrap().len()), (&json!("2027-06-30"), 3));
        world.step("purchaser", &format!("{all}/{}", made["id"].as_str().unwrap()), "sign", json!({})).await;
        let planned = world.read("reviewer", "/api/v1/statements?sort=due_on").await;
        let path = |n: usize| format!("/api/v1/statements/{}", planned["items"][n]["id"].as_str().unwrap());
        let (first, second, third) = (path(0), path(1), path(2));
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        signed(&world, sheet("2027-01-01", "2027-06-30", |_, _| false)).await;
        let mut away = sheet("2026-07-01", "2026-12-31", |_, _| false);
        for day in away["days"].as_array_mut().unwrap() {
            (day["presence"], day["minutes"]) = (json!("absent"), json!(0));
        }
        signed(&world, away).await;
        confirmed(&world, &first, json!([])).await;
        let mut june = sheet("2026-06-01", "2026-06-30", |seat, _| seat != 3);
        for day in june["days"].as_array_mut().unwrap() {
            (day["presence"], day["minutes"]) = (json!("absent"), json!(0));
        }
        signed(&world, june).await;
        let counted = world.step("manager", &first, "recount", json!({"reason": "六月未到岗"})).await;
        let at = format!("/api/v1/settlement-adjustments/{}/decide", counted["adjustments"][0]["id"].as_str().unwrap());
        world.post("reviewer", &at, json!({"version": 1, "agree": true})).await;
        confirmed(&world, &second, json!([])).await;
        // A statement on its way would be confirmed without it; a draft is drawn anew.
        submitted(&world, &third).await;
        assert_eq!(world.no("manager", &second, "prepare", json!({"action": "close"})).await, "statement_under_way");
        world.step("reviewer", &third, "review", json!({"action": "begin"})).await;
        world.step("reviewer", &third, "review", json!({"action": "reject", "objections": [{"said": "待上期结转"}]})).await;
        world.step("manager", &third, "prepare", json!({"action": "draw"})).await;
        let closed = world.step("manager", &second, "prepare", json!({"action": "close"})).await;
        assert_eq!(world.no("hr", &third, "check", json!({"passed": true})).await, "statement_not_drawn");
        assert_eq!((&closed["state"], &closed["carried_fen"], &closed["paid_fen"]), (&json!("closed"), &json!(-400_000), &json!(0)));
        for _ in 0..2 {
            let drawn = world.step("manager", &third, "prepare", json!({"action": "draw"})).await;
            assert_eq!((&drawn["adjustment_fen"], &drawn["total_fen"]), (&json!(-400_000), &json!(36 * 400_000 - 400_000)), "once, however often it is drawn");
            assert_eq!(drawn["carried_in"][0]["number"], closed["number"]);
        }
        let budget = world.read("reviewer", &format!("{all}/{}", made["id"].as_str().unwrap())).await["budget"].clone();
        assert_eq!((&budget["settled_fen"], &budget["used_fen"]), (&json!(36 * 400_000), &json!(72 * 400_000 - 400_000)));
    })
    .await;
}
