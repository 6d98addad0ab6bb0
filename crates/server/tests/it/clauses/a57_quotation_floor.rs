//! a price is not under what the law makes a seat cost; when the law changes, so does the verdict, and both sides
//! hear of it. A-63: no price above the contract's total.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both, path};
use crate::support::staff::Office;

/// The amount of a part of a floor.
fn line<'a>(floor: &'a Value, code: &str) -> &'a Value {
    let lines = floor["lines"].as_array().unwrap();
    lines.iter().find(|line| line["code"] == code).unwrap()
}

async fn heard(person: &Person, kind: &str) {
    person
        .until("/api/v1/notices", Duration::from_secs(10), |notices| {
            notices.to_string().contains(kind)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_minimum_wage_turns_an_older_quotation_and_both_sides_are_told() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let reviewer = server.sign_in("reviewer").await;
        let new = |price: i64| json!({"title": "续约报价", "price_fen": price, "from": "2026-12-01"});
        let at = "/api/v1/quotations";

        // 600,000 ÷ 6 ÷ 12: 8,334 is too much, 8,333.33 is not.
        let (status, no) = office.hr.ask(Method::POST, at, Some(new(833_400))).await;
        assert_eq!((status, &no["code"], &no["most_fen"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("quotation_over_cap"), &json!(833_333)), "{no}");
        assert_eq!(office.hr.post(at, new(833_333)).await["now"]["sound"], true);
        for nobody in [server.sign_in("agent1").await, server.sign_in("section").await] {
            assert_eq!(nobody.ask(Method::GET, at, None).await.0, StatusCode::FORBIDDEN);
        }
        assert_eq!(office.purchaser.refused(Method::POST, at, new(413_000)).await.0, StatusCode::FORBIDDEN);

        // 2,680.00 + 881.60 + 280.62 + 5.36 + 0 + 21.44 + 134.00 + 123.22 = 4,126.24
        let quoted = office.hr.post(at, new(413_000)).await;
        let now = &quoted["now"];
        let parts = [("minimum_wage", 268_000), ("pension", 88_160), ("medical", 28_062), ("injury", 536), ("maternity", 0),
            ("unemployment", 2_144), ("fund", 13_400), ("overtime_rest_day", 12_322)];
        for (code, fen) in parts {
            assert_eq!(line(now, code)["amount_fen"], fen, "{code}: {now}");
        }
        assert_eq!((&now["floor_fen"], &now["margin_fen"], &now["sound"]), (&json!(412_624), &json!(376), &json!(true)));
        assert_eq!((&line(now, "maternity")["merged"], &line(now, "minimum_wage")["verified"]), (&json!(true), &json!(false)));
        assert_eq!(quoted["state"], "sound");

        // The purchaser records the next minimum wage with its document.
        let wage = json!({"key": "wage.minimum_month_fen", "value": "272000", "source_doc_no": "粤府函〔2026〕999号（测试）",
            "effective_from": "2026-12-01T00:00:00+08:00"});
        office.purchaser.post("/api/v1/parameters", wage).await;
        let own = path("quotations", &quoted);
        let turned = office.purchaser.until(&own, Duration::from_secs(10), |one| one["state"] == "below_floor").await;
        // 2,720.00 + 881.60 + 280.62 + 5.44 + 21.76 + 136.00 + 125.06 = 4,170.48
        let now = &turned["now"];
        assert_eq!((&now["floor_fen"], &now["margin_fen"], &now["sound"]), (&json!(417_048), &json!(-4_048), &json!(false)), "{now}");
        assert_eq!((&line(now, "minimum_wage")["verified"], &line(now, "pension")["verified"]), (&json!(true), &json!(false)));
        for side in [&office.hr, &office.manager, &office.purchaser, &reviewer] {
            heard(side, "quotation_below_floor").await;
        }

        // By the law of its own first day the demo's price of March was sound: 3,927.16.
        let all = reviewer.get(at).await;
        let old = all["items"].as_array().unwrap().iter().find(|one| one["title"] == "试算报价（演示）").unwrap().clone();
        let old = reviewer.get(&path("quotations", &old)).await;
        assert_eq!((&old["then"]["floor_fen"], &old["then"]["sound"]), (&json!(392_716), &json!(true)), "{old}");
        assert_eq!((&old["now"]["floor_fen"], &old["now"]["sound"]), (&json!(412_624), &json!(false)), "{old}");
        // An older law of the same quotation may be asked for.
        let summer = reviewer.get(&format!("{}?on=2026-08-31", path("quotations", &old))).await;
        assert_eq!(summer["now"]["floor_fen"], 392_716);

        // Taken back, it is sound again, and the warning is done.
        let wage = json!({"key": "wage.minimum_month_fen", "value": "268000", "source_doc_no": "更正", "effective_from": "2026-12-01T00:00:00+08:00"});
        office.purchaser.post("/api/v1/parameters", wage).await;
        office.hr.until(&own, Duration::from_secs(10), |one| one["state"] == "sound").await;
        heard(&office.hr, "quotation_sound").await;
        let clauses = office.purchaser.get("/api/v1/contract-clauses").await;
        let a57 = clauses["items"].as_array().unwrap().iter().find(|one| one["code"] == "A-57").unwrap();
        assert_eq!((&a57["proofs"][0]["recent"], &a57["state"]), (&json!(4), &json!("amiss")), "the demo's is below: {a57}");
    })
    .await;
}
