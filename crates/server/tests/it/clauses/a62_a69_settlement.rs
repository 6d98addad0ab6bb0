//! A-62 … A-69: a contract of 12 months whose price holds the cap; half a year settled by what both sides signed,
//! rejected once, confirmed, invoiced and paid; what changes after it is settled by actual, and nothing that was
//! confirmed moves.

use calendar::{Calendar, YearCalendar, YearNotice};
use chrono::NaiveDate;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both_at;
use crate::support::staff::tries;
use crate::support::{Person, TestServer};

fn workdays(from: &str, until: &str) -> Vec<NaiveDate> {
    let notices = calendar::SHIPPED.iter().map(|notice| {
        let notice: YearNotice = serde_json::from_str(notice).unwrap();
        YearCalendar::from_notice(&notice).unwrap()
    });
    let calendar = Calendar::new(notices);
    let (from, until): (NaiveDate, NaiveDate) = (from.parse().unwrap(), until.parse().unwrap());
    let all = from.iter_days().take_while(|day| *day <= until);
    all.filter(|day| calendar.is_workday(*day)).collect()
}

/// All six seats for half a year; seat 3 is vacant for three working days of June.
fn half_year() -> Value {
    let gone = workdays("2026-06-08", "2026-06-10");
    let mut days = Vec::new();
    for day in workdays("2026-01-01", "2026-06-30") {
        for seat in (1..=6).filter(|seat| *seat != 3 || !gone.contains(&day)) {
            days.push(json!({"day": day, "seat": seat, "person": format!("A{seat}"), "presence": "present", "minutes": 480}));
        }
    }
    json!({ "days": days })
}

async fn signed(manager: &Person, counterpart: &Person, sheet: Value) {
    let made = manager.post("/api/v1/attendance-sheets", sheet).await;
    let at = format!("/api/v1/attendance-sheets/{}", made["id"].as_str().unwrap());
    let decision = json!({"version": 1, "sign": true});
    counterpart.post(&format!("{at}/decide"), decision).await;
}

/// A step with the version that stands.
async fn step(who: &Person, at: &str, verb: &str, mut body: Value) -> Value {
    body["version"] = who.get(at).await["version"].clone();
    let (status, json) = tries(who, at, verb, body).await;
    assert!(status.is_success(), "{at}/{verb}: {status} {json}");
    json
}

/// The code of a step that must be refused.
async fn no(who: &Person, at: &str, verb: &str, mut body: Value) -> Value {
    body["version"] = who.get(at).await["version"].clone();
    let (status, json) = tries(who, at, verb, body).await;
    assert!(status.is_client_error(), "{at}/{verb}: {status} {json}");
    json["code"].clone()
}

/// A signed contract and its first half-year signed by both sides; where its statement is.
pub async fn half_year_signed(server: &TestServer) -> String {
    let (manager, counterpart) = (
        server.sign_in("manager").await,
        server.sign_in("counterpart").await,
    );
    let purchaser = server.sign_in("purchaser").await;
    let new = json!({"title": "热线客服外包", "begins_on": "2026-01-01", "price_fen": 833_333});
    let contract = manager.post("/api/v1/service-contracts", new).await;
    let contract = format!(
        "/api/v1/service-contracts/{}",
        contract["id"].as_str().unwrap()
    );
    step(&purchaser, &contract, "sign", json!({})).await;
    let planned = manager.get("/api/v1/statements?sort=due_on").await;
    signed(&manager, &counterpart, half_year()).await;
    format!(
        "/api/v1/statements/{}",
        planned["items"][0]["id"].as_str().unwrap()
    )
}

/// A statement drawn from what was signed.
pub async fn drawn(manager: &Person, statement: &str) -> Value {
    step(manager, statement, "prepare", json!({"action": "draw"})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_year_is_settled_and_what_changes_after_it_is_an_adjustment() {
    on_both_at("2026-07-01T02:00:00Z", &[], async |server| {
        let (manager, hr, counterpart) = (server.sign_in("manager").await, server.sign_in("hr").await, server.sign_in("counterpart").await);
        let (purchaser, reviewer) = (server.sign_in("purchaser").await, server.sign_in("reviewer").await);

        // 12 months, at most 8,333.33 yuan for a seat and month.
        let contracts = "/api/v1/service-contracts";
        let mut new = json!({"title": "热线客服外包", "begins_on": "2026-01-01", "price_fen": 833_400});
        assert_eq!(manager.refused(Method::POST, contracts, new.clone()).await.1, "price_over_cap");
        new["price_fen"] = json!(833_333);
        let contract = manager.post(contracts, new).await;
        assert_eq!(contract["ends_on"], "2026-12-31");
        let contract = format!("{contracts}/{}", contract["id"].as_str().unwrap());
        assert_eq!(no(&manager, &contract, "sign", json!({})).await, "forbidden");
        step(&purchaser, &contract, "sign", json!({})).await;

        // drawn from what both sides signed, and from nothing else.
        let planned = reviewer.get("/api/v1/statements?sort=due_on").await;
        assert_eq!(planned["items"][0]["due_on"], "2026-06-30");
        let one = format!("/api/v1/statements/{}", planned["items"][0]["id"].as_str().unwrap());
        assert_eq!(no(&manager, &one, "prepare", json!({"action": "draw"})).await, "attendance_missing");
        signed(&manager, &counterpart, half_year()).await;
        let drawn = step(&manager, &one, "prepare", json!({"action": "draw"})).await;
        let total = 35 * 833_333 + 714_285;
        assert_eq!(drawn["total_fen"], total, "seat 3 in June by working days: 8,333.33 × 18/21");

        // checked by another, rejected with an item, submitted again, confirmed.
        step(&hr, &one, "check", json!({"passed": true})).await;
        // insurances without proof keep it back, until the purchaser makes that a warning.
        let checks = manager.get(&format!("{one}/checks")).await;
        assert_eq!((&checks["items"][0]["check"], &checks["blocked"]), (&json!("insurance"), &json!(true)), "{checks}");
        assert_eq!(no(&manager, &one, "prepare", json!({"action": "submit"})).await, "statement_checks_block");
        let warn = json!({"rule": {"check": "insurance", "blocks": false}, "source": "采购人复函"});
        purchaser.post("/api/v1/rules/submission-checks", warn).await;
        let out = step(&manager, &one, "prepare", json!({"action": "submit"})).await;
        assert!(out["due_at"].as_str().unwrap().starts_with("2026-07-15"), "10 working days: {}", out["due_at"]);
        step(&reviewer, &one, "review", json!({"action": "begin"})).await;
        let item = json!([{"month": 6, "seat": 3, "said": "请附空岗说明"}]);
        step(&reviewer, &one, "review", json!({"action": "reject", "objections": item})).await;
        step(&manager, &one, "prepare", json!({"action": "draw"})).await;
        step(&hr, &one, "check", json!({"passed": true})).await;
        step(&manager, &one, "prepare", json!({"action": "submit"})).await;
        step(&reviewer, &one, "review", json!({"action": "begin"})).await;
        let frozen = step(&reviewer, &one, "review", json!({"action": "confirm"})).await;
        assert_eq!((&frozen["sha256"], &frozen["round"]), (&drawn["sha256"], &json!(2)));

        // as a workbook and as the paper that was frozen, through the door of exports.
        for (file, begins) in [("export", &b"PK"[..]), ("pdf?stage=confirmed", b"%PDF")] {
            let answer = reviewer.send(Method::GET, &format!("{one}/{file}"), None).await;
            assert_eq!(answer.status(), StatusCode::OK, "{file}");
            let bytes = answer.bytes().await.unwrap();
            assert!(bytes.starts_with(begins), "{file}");
        }
        let log = purchaser.get("/api/v1/export-log").await;
        assert_eq!((&log["items"][0]["kind"], &log["items"][1]["kind"]), (&json!("statements"), &json!("statements")), "{log}");

        // the invoice is of the confirmed amount; 30 working days from 1 July, however late its receipt is recorded.
        let mut invoice = json!({"number": "26442000000012345678", "tax_bp": 600, "amount_fen": total + 1, "issued_on": "2026-07-01"});
        assert_eq!(no(&manager, &one, "invoice", invoice.clone()).await, "invoice_amount");
        invoice["amount_fen"] = json!(total);
        step(&manager, &one, "invoice", invoice).await;
        let handed = json!({"handed_on": "2026-07-01", "how": "in_person", "proof": "签收单 7"});
        let due = step(&manager, &one, "invoice/hand-in", handed).await;
        assert!(due["due_at"].as_str().unwrap().starts_with("2026-08-12"), "{}", due["due_at"]);
        let paid = json!({"amount_fen": total, "paid_on": "2026-07-01", "receipt_no": "R1"});
        assert_eq!(step(&reviewer, &one, "payments", paid).await["state"], "paid");

        // a correction that both sides signed is a difference beside the confirmed line.
        let sick = json!([{"day": "2026-06-11", "seat": 3, "person": "A3", "presence": "sick_leave", "minutes": 0}]);
        signed(&manager, &counterpart, json!({"days": sick, "note": "病假更正"})).await;
        let counted = step(&manager, &one, "recount", json!({"reason": "病假更正"})).await;
        assert_eq!(counted["adjustments"][0]["delta_fen"], 674_603 - 714_285);
        assert_eq!((&counted["lines"], &counted["total_fen"], &counted["sha256"]), (&frozen["lines"], &frozen["total_fen"], &frozen["sha256"]));
        assert_eq!(no(&manager, &one, "prepare", json!({"action": "draw"})).await, "statement_confirmed");

        // a price is proposed by one side and signed by the other; the budget shows what is used.
        let price = json!({"from_day": "2026-08-01", "price_fen": 800_000, "source": "补充协议"});
        let made = manager.post(&format!("{contract}/price-proposals"), price).await;
        let sign = format!("/api/v1/price-proposals/{}/decide", made["id"].as_str().unwrap());
        assert_eq!(manager.refused(Method::POST, &sign, json!({"version": 1, "sign": true})).await.1, "forbidden");
        purchaser.post(&sign, json!({"version": 1, "sign": true})).await;
        let budget = reviewer.get(&contract).await["budget"].clone();
        assert_eq!((&budget["settled_fen"], &budget["paid_fen"]), (&json!(total), &json!(total)));
        assert_eq!(budget["forecast_fen"], 6 * 833_333 + 5 * 6 * 800_000);
        // What proves the clauses stands in the list of the contract.
        let clauses = purchaser.get("/api/v1/contract-clauses").await;
        for clause in clauses["items"].as_array().unwrap().iter().filter(|clause| ("A-62"..="A-69").contains(&clause["code"].as_str().unwrap())) {
            assert_eq!(clause["state"], "kept", "{clause}");
        }

        let agent = server.sign_in("agent1").await;
        assert_eq!(agent.ask(Method::GET, "/api/v1/statements", None).await.0, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_both_sides_froze_in_the_product_goes_before_a_sheet() {
    on_both_at("2026-11-24T10:30:00Z", &[], async |server| {
        let (manager, lead, counterpart) = (server.sign_in("manager").await, server.sign_in("lead").await, server.sign_in("counterpart").await);
        let (purchaser, reviewer) = (server.sign_in("purchaser").await, server.sign_in("reviewer").await);
        let new = json!({"title": "热线客服外包", "begins_on": "2026-05-25", "price_fen": 833_333});
        let contracts = "/api/v1/service-contracts";
        let (first, second) = (manager.post(contracts, new.clone()).await, manager.post(contracts, new).await);
        let contract = |made: &Value| format!("{contracts}/{}", made["id"].as_str().unwrap());
        step(&purchaser, &contract(&first), "sign", json!({})).await;
        assert_eq!(no(&purchaser, &contract(&second), "sign", json!({})).await, "contract_overlaps");

        // Nobody came on 24 November, and both sides signed that; the sheet says that all six were there.
        lead.post("/api/v1/attendance-days/2026-11-24/close", json!({"version": 0})).await;
        let seen = json!({"days": [{"day": "2026-11-24", "version": 1}]});
        reviewer.post("/api/v1/attendance-days/confirm", seen).await;
        let mut days = Vec::new();
        for day in workdays("2026-05-25", "2026-11-24") {
            days.extend((1..=6).map(|seat| json!({"day": day, "seat": seat, "person": format!("A{seat}"), "presence": "present", "minutes": 480})));
        }
        signed(&manager, &counterpart, json!({ "days": days })).await;

        let planned = reviewer.get("/api/v1/statements?sort=due_on").await;
        let one = format!("/api/v1/statements/{}", planned["items"][0]["id"].as_str().unwrap());
        server.clock.advance(std::time::Duration::from_hours(24));
        let manager = server.sign_in("manager").await;
        let drawn = step(&manager, &one, "prepare", json!({"action": "draw"})).await;
        for line in drawn["lines"].as_array().unwrap() {
            let short = if line["month"] == 6 { json!(["2026-11-24"]) } else { json!([]) };
            assert_eq!(line["short_days"], short, "{line}");
        }
    })
    .await;
}
