//! The contract: terms that are a rule, prices that two sides set, and the cap.

use serde_json::{Value, json};

use crate::story::{confirmed, contract, sheet, signed, submitted};
use crate::world::on_both_at;

const ALL: &str = "/api/v1/service-contracts";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_takes_the_terms_in_force_and_says_what_differs() {
    on_both_at("2026-01-05T02:00:00Z", async |world| {
        let new = json!({"title": "热线客服外包", "begins_on": "2026-01-01", "price_fen": 800_000});
        let made = world.post("manager", ALL, new.clone()).await;
        let terms = ["months", "seats", "tax_bp", "review_days", "payment_days"].map(|field| made[field].as_i64().unwrap());
        assert_eq!((terms, &made["budget"]["cap_fen"]), ([12, 6, 600, 10, 30], &json!(60_000_000)));

        let rule = world.read("purchaser", "/api/v1/rules/contract-terms").await["items"][0]["rule"].clone();
        let mut agreed = rule.clone();
        (agreed["seats"], agreed["cap_fen"], agreed["payment_days"]) = (json!(8), json!(96_000_000), json!(20));
        let set = |rule: &Value| json!({"rule": rule, "source": "补充协议"});
        assert_eq!(world.refused("manager", "/api/v1/rules/contract-terms", set(&agreed)).await, "forbidden");
        let mut odd = agreed.clone();
        odd["months"] = json!(13);
        assert_eq!(world.refused("purchaser", "/api/v1/rules/contract-terms", set(&odd)).await, "term_out_of_range");
        world.app.clock.advance(std::time::Duration::from_secs(1));
        world.post("purchaser", "/api/v1/rules/contract-terms", set(&agreed)).await;
        let later = world.post("manager", ALL, new.clone()).await;
        assert_eq!((&later["seats"], &later["payment_days"], &later["budget"]["highest_price_fen"]), (&json!(8), &json!(20), &json!(1_000_000)));
        let mut own = new.clone();
        (own["seats"], own["cap_fen"], own["months"]) = (json!(6), json!(30_000_000), json!(6));
        let own = world.post("manager", ALL, own).await;
        assert_eq!((&own["ends_on"], &own["seats"], own["statement_days"].as_array().unwrap().len()), (&json!("2026-06-30"), &json!(6), 1));
        assert_eq!(made["seats"], 6, "what was drafted stays");

        // A list in pages, without a time line for each row.
        let page = world.read("reviewer", &format!("{ALL}?per_page=2")).await;
        assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 2));
        assert!(page["items"][0]["lines"].is_null() && page["items"][0]["prices"][0]["price_fen"] == 800_000, "{page}");
        let next = world.read("reviewer", &format!("{ALL}?per_page=2&cursor={}", page["next"].as_str().unwrap())).await;
        assert_eq!(next["items"].as_array().unwrap().len(), 1);
        assert_eq!(world.read("reviewer", &format!("{ALL}?state=signed")).await["total"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_is_proposed_by_one_side_and_signed_by_the_other() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (contract, [first, second]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        confirmed(&world, &first, json!([])).await;
        let proposals = format!("{contract}/price-proposals");
        let price = |from: &str, fen: i64| json!({"from_day": from, "price_fen": fen, "source": "补充协议一"});
        assert_eq!(world.refused("purchaser", &proposals, price("2026-08-16", 800_000)).await, "forbidden");
        assert_eq!(world.refused("manager", &proposals, price("2026-08-16", 833_334)).await, "price_over_cap");
        assert_eq!(world.refused("manager", &proposals, price("2027-01-01", 800_000)).await, "day_outside_term");
        assert_eq!(world.refused("manager", &proposals, price("2026-06-30", 800_000)).await, "statement_confirmed");
        let made = world.post("manager", &proposals, price("2026-08-16", 800_000)).await;
        assert_eq!(world.refused("manager", &proposals, price("2026-08-16", 790_000)).await, "price_day_taken");
        let at = format!("/api/v1/price-proposals/{}", made["id"].as_str().unwrap());
        let prices = async || world.read("reviewer", &contract).await["prices"].as_array().unwrap().len();
        assert_eq!(prices().await, 1, "what is proposed does not hold");
        let decide = |sign: bool, note: &str| json!({"version": 1, "sign": sign, "note": note});
        assert_eq!(world.refused("manager", &format!("{at}/decide"), decide(true, "")).await, "forbidden");
        assert_eq!(world.refused("purchaser", &format!("{at}/decide"), decide(false, "")).await, "text_missing");
        let no = world.post("purchaser", &format!("{at}/decide"), decide(false, "缺协议原件")).await;
        assert_eq!((&no["state"], &no["note"]), (&json!("refused"), &json!("缺协议原件")));
        assert_eq!(world.refused("purchaser", &format!("{at}/decide"), json!({"version": 2, "sign": true})).await, "price_step_not_next");

        // Withdrawn, and proposed once more; signed it holds, and a draft that was drawn is drawn anew.
        let back = world.post("manager", &proposals, price("2026-08-16", 800_000)).await;
        world.post("manager", &format!("/api/v1/price-proposals/{}/withdraw", back["id"].as_str().unwrap()), json!({"version": 1})).await;
        let again = world.post("manager", &proposals, price("2026-08-16", 800_000)).await;
        let yes = format!("/api/v1/price-proposals/{}/decide", again["id"].as_str().unwrap());
        let signed = world.post("purchaser", &yes, decide(true, "")).await;
        assert_eq!((&signed["state"], &signed["proposed_by"].is_string(), &signed["decided_by"].is_string()), (&json!("signed"), &true, &true));
        assert_eq!(prices().await, 2);
        assert_eq!(world.read("reviewer", "/api/v1/price-proposals?state=refused").await["total"], 1);
        let budget = world.read("reviewer", &contract).await["budget"].clone();
        // July at the first price, five months whose last day has the second.
        assert_eq!(budget["forecast_fen"], 6 * 833_333 + 5 * 6 * 800_000);
        assert_eq!(world.read("reviewer", &second).await["state"], "draft");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_cannot_change_under_a_statement_on_its_way() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (contract, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        submitted(&world, &first).await;
        let price = json!({"from_day": "2026-06-16", "price_fen": 800_000, "source": "补充协议"});
        let made = world.post("manager", &format!("{contract}/price-proposals"), price).await;
        let at = format!("/api/v1/price-proposals/{}/decide", made["id"].as_str().unwrap());
        let sign = json!({"version": 1, "sign": true});
        assert_eq!(world.refused("purchaser", &at, sign.clone()).await, "statement_under_way");
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        world.step("reviewer", &first, "review", json!({"action": "reject", "objections": [{"said": "单价有变"}]})).await;
        world.post("purchaser", &at, sign).await;
        let drawn = world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        // June by working days: (8,333.33 × 11 + 8,000.00 × 10) / 21 = 8,174.601…
        assert_eq!(drawn["total_fen"], 30 * 833_333 + 6 * 817_460);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_warns_before_it_is_reached_and_is_never_passed() {
    on_both_at("2027-01-04T02:00:00Z", async |world| {
        let (contract, [first, second]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-12-31", |seat, day| seat == 1 && day.to_string() == "2026-06-30")).await;
        confirmed(&world, &first, json!([])).await;
        let budget = async || world.read("reviewer", &contract).await["budget"].clone();
        let half = budget().await;
        assert_eq!((&half["warning"], &half["warn_bp"], &half["drawn_fen"]), (&json!(false), &json!(9_000), &json!(0)));
        let drawn = world.step("manager", &second, "prepare", json!({"action": "draw"})).await;
        let near = budget().await;
        let used = near["used_fen"].as_i64().unwrap();
        assert_eq!((&near["drawn_fen"], &near["warning"], &near["forecast_fen"]), (&drawn["total_fen"], &json!(true), &json!(0)));
        assert_eq!(used, near["settled_fen"].as_i64().unwrap() + near["drawn_fen"].as_i64().unwrap());
        assert_eq!(near["left_fen"], 60_000_000 - used);
        let lines = world.read("reviewer", &contract).await["lines"].clone();
        assert!(lines.to_string().contains("budget_warning"), "{lines}");
        assert!(used <= 60_000_000);
    })
    .await;
}
