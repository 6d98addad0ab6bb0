//! Half a year from the contract to the money, and what changes after it (A-62 … A-69, scenarios 7 and 8).

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::fee::CALENDAR;
use crate::world::{World, on_both_at};

pub fn on(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A sheet of all six seats for these days, but for what `away` says.
pub fn sheet(from: &str, until: &str, away: impl Fn(i64, NaiveDate) -> bool) -> Value {
    let mut days = Vec::new();
    for day in on(from).iter_days().take_while(|day| *day <= on(until)) {
        for seat in (1..=6).filter(|seat| CALENDAR.is_workday(day) && !away(*seat, day)) {
            days.push(json!({"day": day, "seat": seat, "person": format!("A{seat}"), "presence": "present", "minutes": 480}));
        }
    }
    json!({ "days": days })
}

pub async fn signed(world: &World, sheet: Value) {
    let made = world
        .post("manager", "/api/v1/attendance-sheets", sheet)
        .await;
    let at = format!(
        "/api/v1/attendance-sheets/{}/decide",
        made["id"].as_str().unwrap()
    );
    world
        .post("counterpart", &at, json!({"version": 1, "sign": true}))
        .await;
}

#[expect(clippy::disallowed_methods, reason = "waits in real time for a sign")]
pub async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

/// The contract of 2026 at the highest price, signed; answers its path and those of its statements.
pub async fn contract(world: &World) -> (String, [String; 2]) {
    let all = "/api/v1/service-contracts";
    let mut new = json!({"title": "热线客服外包", "begins_on": "2026-01-01", "price_fen": 833_400});
    assert_eq!(
        world.refused("manager", all, new.clone()).await,
        "price_over_cap",
        "8,334 yuan is refused"
    );
    new["price_fen"] = json!(833_333);
    let made = world.post("manager", all, new).await;
    assert_eq!(
        (&made["ends_on"], &made["budget"]["highest_price_fen"]),
        (&json!("2026-12-31"), &json!(833_333))
    );
    assert_eq!(
        (&made["prices"][0]["quantity"], &made["prices"][0]["unit"]),
        (&json!(6), &json!("元/座席/月"))
    );
    let one = format!("{all}/{}", made["id"].as_str().unwrap());
    assert_eq!(
        world.no("manager", &one, "sign", json!({})).await,
        "forbidden"
    );
    world.step("purchaser", &one, "sign", json!({})).await;
    let planned = world
        .read("reviewer", "/api/v1/statements?sort=due_on")
        .await;
    let path = |n: usize| {
        format!(
            "/api/v1/statements/{}",
            planned["items"][n]["id"].as_str().unwrap()
        )
    };
    assert_eq!(
        (&planned["items"][0]["due_on"], &planned["items"][0]["half"]),
        (&json!("2026-06-30"), &json!(1))
    );
    (one, [path(0), path(1)])
}

fn gone(seat: i64, day: NaiveDate) -> bool {
    seat == 3 && (on("2026-06-08")..=on("2026-06-10")).contains(&day)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_year_is_settled_by_what_both_sides_signed() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (contract, [first, second]) = contract(&world).await;
        assert_eq!(world.no("manager", &second, "prepare", json!({"action": "draw"})).await, "statement_period_runs");
        assert_eq!(world.no("manager", &first, "prepare", json!({"action": "draw"})).await, "attendance_missing");
        assert_eq!(world.no("hr", &first, "check", json!({"passed": true})).await, "statement_not_drawn");

        // What nobody signed counts for nothing.
        world.post("manager", "/api/v1/attendance-sheets", sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        assert_eq!(world.no("manager", &first, "prepare", json!({"action": "draw"})).await, "attendance_missing");
        signed(&world, sheet("2026-01-01", "2026-06-30", |seat, day| seat == 3 && gone(seat, day))).await;
        let drawn = world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        // 35 × 8,333.33 + 8,333.33 × 18/21
        assert_eq!(drawn["total_fen"], 35 * 833_333 + 714_285);
        let lines = drawn["lines"].as_array().unwrap();
        assert_eq!(lines.iter().map(|line| line["amount_fen"].as_i64().unwrap()).sum::<i64>(), drawn["total_fen"].as_i64().unwrap());
        let short = lines.iter().find(|line| line["month"] == 6 && line["seat"] == 3).unwrap();
        assert_eq!((&short["rule"], &short["short_days"]), (&json!("(833333×36)/42"), &json!(["2026-06-08", "2026-06-09", "2026-06-10"])));
        assert_eq!((short["evidence"].as_array().unwrap().len(), &short["people"]), (18, &json!(["A3"])));
        let again = world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        assert_eq!(again["sha256"], drawn["sha256"], "the same attendance gives the same statement");

        // Checked, submitted, rejected with an item, submitted again, confirmed.
        assert_eq!(world.no("manager", &first, "prepare", json!({"action": "submit"})).await, "statement_step_not_next");
        world.step("hr", &first, "check", json!({"passed": true})).await;
        let out = world.step("manager", &first, "prepare", json!({"action": "submit"})).await;
        assert_eq!((&out["state"], &out["due_at"]), (&json!("submitted"), &json!("2026-07-15T10:00:00Z")), "10 working days");
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        assert_eq!(world.no("reviewer", &first, "review", json!({"action": "reject"})).await, "statement_without_objection");
        let item = json!([{"month": 6, "seat": 3, "said": "6 月 10 日亦缺勤半天，请核对"}]);
        let back = world.step("reviewer", &first, "review", json!({"action": "reject", "objections": item})).await;
        assert_eq!((&back["state"], &back["objections"][0]["seat"], &back["due_at"]), (&json!("rejected"), &json!(3), &Value::Null));
        world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        world.step("hr", &first, "check", json!({"passed": true})).await;
        let out = world.step("manager", &first, "prepare", json!({"action": "submit"})).await;
        assert_eq!(out["round"], 2);
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        assert_eq!(world.no("manager", &first, "review", json!({"action": "confirm"})).await, "forbidden");
        let frozen = world.step("reviewer", &first, "review", json!({"action": "confirm", "opinion": "同意"})).await;
        assert_eq!(world.no("manager", &first, "prepare", json!({"action": "draw"})).await, "statement_confirmed");
        let early = json!({"from_day": "2026-06-01", "price_fen": 800_000, "source": "补充协议"});
        assert_eq!(world.refused("manager", &format!("{contract}/price-proposals"), early).await, "statement_confirmed");

        // The invoice is of the confirmed amount; 30 working days from 1 July are 12 August.
        let total = frozen["total_fen"].as_i64().unwrap();
        let mut invoice = json!({"number": "26442000000012345678", "tax_bp": 600, "amount_fen": total + 1, "issued_on": "2026-07-01"});
        assert_eq!(world.no("manager", &first, "invoice", invoice.clone()).await, "invoice_amount");
        invoice["amount_fen"] = json!(total);
        world.step("manager", &first, "invoice", invoice).await;
        let due = world.step("reviewer", &first, "invoice/receive", json!({"received_on": "2026-07-01"})).await;
        assert_eq!((&due["state"], &due["due_at"]), (&json!("payment_due"), &json!("2026-08-12T10:00:00Z")));
        let pay = |fen: i64, receipt: &str| json!({"amount_fen": fen, "paid_on": "2026-07-01", "receipt_no": receipt});
        assert_eq!(world.no("reviewer", &first, "payments", pay(total + 1, "R1")).await, "payment_too_much");
        assert_eq!(world.step("reviewer", &first, "payments", pay(total - 100, "R1")).await["state"], "payment_due");
        assert_eq!(world.step("reviewer", &first, "payments", pay(100, "R2")).await["state"], "paid");

        // Attendance is corrected afterwards: the difference is a row that refers to the line; the line stays.
        assert_eq!(world.no("manager", &first, "recount", json!({"reason": "复核"})).await, "nothing_changed");
        let corrected = json!({"note": "更正", "days": [{"day": "2026-06-11", "seat": 3, "person": "A3", "presence": "sick_leave", "minutes": 0}]});
        signed(&world, corrected).await;
        let counted = world.step("manager", &first, "recount", json!({"reason": "病假更正"})).await;
        let change = &counted["adjustments"][0];
        // 8,333.33 × 17/21 = 6,746.027
        assert_eq!((&change["before_fen"], &change["after_fen"], &change["delta_fen"]), (&json!(714_285), &json!(674_603), &json!(-39_682)));
        assert_eq!((&counted["lines"], &counted["total_fen"], &counted["sha256"]), (&frozen["lines"], &frozen["total_fen"], &frozen["sha256"]));
        let at = format!("/api/v1/settlement-adjustments/{}", change["id"].as_str().unwrap());
        let agree = json!({"version": 1, "agree": true});
        assert_eq!(world.refused("manager", &format!("{at}/decide"), agree.clone()).await, "adjustment_own_side");
        world.post("reviewer", &format!("{at}/decide"), agree).await;
        let closed = world.step("manager", &first, "prepare", json!({"action": "close"})).await;
        assert_eq!(closed["state"], "closed");
        let budget = world.read("reviewer", &contract).await["budget"].clone();
        // What is agreed and settled nowhere is still to come.
        assert_eq!((&budget["settled_fen"], &budget["forecast_fen"]), (&json!(total), &json!(36 * 833_333 - 39_682)));
        let receipt = json!({"version": 2, "receipt_no": "T1"});
        let settled = world.post("reviewer", &format!("{at}/settle"), receipt).await;
        assert_eq!(settled["state"], "settled");
        assert_eq!(world.read("reviewer", &contract).await["budget"]["settled_fen"], total - 39_682);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_statement_settles_what_is_agreed() {
    on_both_at("2027-01-04T02:00:00Z", async |world| {
        let (_, [first, second]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        signed(&world, sheet("2026-07-01", "2026-12-31", |_, _| false)).await;
        world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        world.step("hr", &first, "check", json!({"passed": true})).await;
        world.step("manager", &first, "prepare", json!({"action": "submit"})).await;
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        world.step("reviewer", &first, "review", json!({"action": "confirm"})).await;
        let absent = json!({"days": [{"day": "2026-06-11", "seat": 3, "person": "A3", "presence": "absent", "minutes": 0}]});
        signed(&world, absent).await;
        let counted = world.step("reviewer", &first, "recount", json!({"reason": "更正"})).await;
        let at = format!("/api/v1/settlement-adjustments/{}/decide", counted["adjustments"][0]["id"].as_str().unwrap());
        world.post("manager", &at, json!({"version": 1, "agree": true})).await;
        for _ in 0..2 {
            let drawn = world.step("manager", &second, "prepare", json!({"action": "draw"})).await;
            assert_eq!((&drawn["lines_fen"], &drawn["adjustment_fen"]), (&json!(36 * 833_333), &json!(793_650 - 833_333)), "once, however often it is drawn");
            assert_eq!(drawn["total_fen"], 36 * 833_333 + 793_650 - 833_333);
            assert_eq!(drawn["settles"].as_array().unwrap().len(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_purchasers_answers_are_what_is_counted_by() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (contract, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", gone)).await;
        let open = world.read("purchaser", "/api/v1/open-questions").await;
        assert_eq!((&open["open"], open["items"].as_array().unwrap().len()), (&json!(14), 14));
        let answers = "/api/v1/rules/settlement-answers";
        let say = |answer: &str| json!({"rule": {"question": "pro_rata", "answer": answer}, "source": "采购人复函"});
        assert_eq!(world.refused("manager", answers, say("calendar_days")).await, "forbidden");
        assert_eq!(world.refused("purchaser", answers, say("by_mood")).await, "answer_unknown");
        // 35 full lines; seat 3 in June under (b), (c), (a): 8 to 10 June are three working days and three days.
        let adopted = json!({"from_day": "2026-01-01"});
        for (answer, fen) in [("calendar_days", 750_000), ("month_end", 833_333), ("working_days", 714_285)] {
            world.app.clock.advance(std::time::Duration::from_mins(1));
            world.post("purchaser", answers, say(answer)).await;
            // An answer changes nothing by itself: what the contract is counted by is kept with it.
            let before = world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
            assert_ne!(before["rules"]["method"], answer);
            let open = world.read("purchaser", "/api/v1/open-questions").await;
            assert_eq!(open["items"][0]["contract_differs"], true, "{open}");
            assert_eq!(world.no("purchaser", &contract, "counting", json!({"from_day": "2026-01-02"})).await, "not_a_month_begin");
            assert_eq!(world.no("manager", &contract, "counting", adopted.clone()).await, "forbidden");
            let taken = world.step("purchaser", &contract, "counting", adopted.clone()).await;
            assert_eq!(taken["counting"].as_array().unwrap().last().unwrap()["method"], answer);
            assert_eq!(world.no("purchaser", &contract, "counting", adopted.clone()).await, "counting_unchanged");
            assert_eq!(world.no("hr", &first, "check", json!({"passed": true})).await, "statement_not_drawn");
            let drawn = world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
            assert_eq!(drawn["total_fen"], 35 * 833_333 + fen, "{answer}");
            assert_eq!(drawn["rules"]["method"], answer);
        }
        let open = world.read("purchaser", "/api/v1/open-questions").await;
        assert_eq!((&open["open"], &open["items"][0]["contract_differs"]), (&json!(13), &json!(false)));
        // From a month on: the months before it are counted as they were.
        world.app.clock.advance(std::time::Duration::from_mins(1));
        world.post("purchaser", answers, say("calendar_days")).await;
        world.step("purchaser", &contract, "counting", json!({"from_day": "2026-06-01"})).await;
        let drawn = world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        assert_eq!((&drawn["rules"]["method"], &drawn["rules"]["changes"][0]["from"]), (&json!("working_days"), &json!("2026-06-01")));
        assert_eq!(drawn["total_fen"], 35 * 833_333 + 750_000);
        let methods: Vec<&Value> = drawn["lines"].as_array().unwrap().iter().filter(|line| line["seat"] == 1).map(|line| &line["method"]).collect();
        assert_eq!(methods[4..], [&json!("working_days"), &json!("calendar_days")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_of_the_purchaser_is_no_consent() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        world
            .step("manager", &first, "prepare", json!({"action": "draw"}))
            .await;
        world
            .step("hr", &first, "check", json!({"passed": true}))
            .await;
        world
            .step("manager", &first, "prepare", json!({"action": "submit"}))
            .await;
        world
            .app
            .clock
            .advance(std::time::Duration::from_hours(15 * 24));
        let mut seen = Value::Null;
        for _ in 0..100 {
            seen = world.read("reviewer", &first).await;
            if seen["overdue"] == true {
                break;
            }
            pause().await;
        }
        assert_eq!(
            (&seen["overdue"], &seen["state"]),
            (&json!(true), &json!("submitted"))
        );
    })
    .await;
}

/// Draws, checks and submits a statement.
pub async fn submitted(world: &World, at: &str) -> Value {
    world
        .step("manager", at, "prepare", json!({"action": "draw"}))
        .await;
    world.step("hr", at, "check", json!({"passed": true})).await;
    world
        .step("manager", at, "prepare", json!({"action": "submit"}))
        .await
}

/// The same, and the purchaser confirms it with these objections.
pub async fn confirmed(world: &World, at: &str, objections: Value) -> Value {
    submitted(world, at).await;
    world
        .step("reviewer", at, "review", json!({"action": "begin"}))
        .await;
    let confirm = json!({"action": "confirm", "objections": objections});
    world.step("reviewer", at, "review", confirm).await
}
