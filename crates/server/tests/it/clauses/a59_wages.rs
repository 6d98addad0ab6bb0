//! pay at or above the minimum without what does not count, overtime by the class of its day, performance pay
//! really paid, to the fen; seen by who pays and by himself, checked by the purchaser, never by another agent.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::on_both;
use crate::support::staff::Office;

const MONTH: &str = "/api/v1/wage-months/2026-10";

fn items(lines: &[(&str, i64)]) -> Value {
    let line = |(kind, fen): &(&str, i64)| json!({"kind": kind, "amount_fen": fen});
    lines.iter().map(line).collect()
}

/// What is wrong, as code, class, due and paid.
fn findings(view: &Value) -> Vec<(&str, &str, Option<i64>, Option<i64>)> {
    let all = view["findings"].as_array().unwrap().iter();
    all.map(|one| {
        let text = |field: &str| one[field].as_str().unwrap_or_default();
        (
            text("fault"),
            text("class"),
            one["due_fen"].as_i64(),
            one["paid_fen"].as_i64(),
        )
    })
    .collect()
}

async fn version(person: &Person) -> Value {
    person.get(MONTH).await["version"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pay_is_checked_to_the_fen_and_shown_to_whom_it_concerns() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let (agent, other, reviewer) = (server.sign_in("agent1").await, server.sign_in("agent2").await, server.sign_in("reviewer").await);
        let id = office.file_of(&agent).await["id"].as_str().unwrap().to_owned();
        let own = format!("{MONTH}/people/{id}");
        let slip = format!("{own}/payslip");

        // 4,350.00 is 25.00 an hour: the national day at 300 %, the fifth at 200 %, the worked Saturday at 150 %.
        let worked = json!([{"day": "2026-10-01", "minutes": 240}, {"day": "2026-10-05", "minutes": 240}, {"day": "2026-10-10", "minutes": 120}]);
        let pay = |lines: &[(&str, i64)], paid: i64, version: &Value| json!({"base_fen": 435_000, "items": items(lines), "worked": worked,
            "performance_due_fen": 50_000, "paid_fen": paid, "paid_on": "2026-11-10", "version": version});
        let seen = office.hr.get(&own).await["version"].clone();
        let short = [("basic", 260_000), ("performance", 6_000), ("overtime_holiday", 20_000), ("overtime_rest_day", 20_000), ("overtime_extended", 7_500),
            ("night", 5_000), ("heat", 30_000), ("meal", 20_000), ("own_insurance", 50_000)];
        assert_eq!(office.purchaser.refused(Method::PUT, &slip, pay(&short, 0, &seen)).await.0, StatusCode::FORBIDDEN);
        let leave = json!({"base_fen": 435_000, "items": items(&[("basic", 300_000)]), "worked": [{"day": "2026-10-01", "minutes": 240, "leave": true}], "version": seen});
        assert_eq!(office.hr.refused(Method::PUT, &slip, leave).await.1, "overtime_not_compensated");
        let outside = json!({"base_fen": 435_000, "items": items(&[("basic", 300_000)]), "worked": [{"day": "2026-11-01", "minutes": 60}], "version": seen});
        assert_eq!(office.hr.refused(Method::PUT, &slip, outside).await.1, "overtime_outside_month");
        let view = office.hr.put(&slip, pay(&short, 300_000, &seen)).await;
        // Counted 2,660.00 of 3,685.00; left 3,185.00.
        let judged = &view["judged"];
        assert_eq!((&judged["gross_fen"], &judged["net_fen"], &judged["counted_fen"]), (&json!(368_500), &json!(318_500), &json!(266_000)), "{view}");
        assert_eq!(findings(&view), [
            ("below_minimum", "", Some(268_000), Some(266_000)),
            ("performance_short", "", Some(50_000), Some(6_000)),
            ("overtime_short", "statutory_holiday", Some(30_000), Some(20_000)),
            ("paid_differs", "", Some(318_500), Some(300_000)),
        ]);

        // The purchaser sees what is wrong without figures; figures after a reason, and it is written down.
        for checker in [&office.purchaser, &reviewer] {
            let masked = checker.get(&own).await;
            assert_eq!((&masked["masked"], &masked["base_fen"], &masked["items"], &masked["judged"]), (&json!(true), &Value::Null, &json!([]), &Value::Null));
            assert_eq!(findings(&masked)[0], ("below_minimum", "", None, None));
        }
        let reveal = format!("{own}/reveal");
        assert_eq!(reviewer.refused(Method::POST, &reveal, json!({"reason": " "})).await.1, "text_missing");
        let clear = reviewer.post(&reveal, json!({"reason": "核对十月加班费"})).await;
        assert_eq!((&clear["masked"], &clear["base_fen"]), (&json!(false), &json!(435_000)));
        let audit = server.sign_in("auditor").await.get("/api/v1/audit?action=pay.revealed").await;
        assert!(audit.to_string().contains(&id), "{audit}");

        // His own before himself, in every part of it; another agent's before nobody.
        let mine = agent.get("/api/v1/my-payslips").await;
        assert_eq!((&mine["items"][0]["month"], &mine["items"][0]["judged"]["net_fen"]), (&json!("2026-10"), &json!(318_500)), "{mine}");
        let his = other.get("/api/v1/my-payslips").await;
        assert!(!his.to_string().contains(&id) && his["items"].as_array().unwrap().len() == 2, "{his}");
        for door in [own.as_str(), MONTH, "/api/v1/wage-readiness"] {
            assert_eq!(other.ask(Method::GET, door, None).await.0, StatusCode::FORBIDDEN, "{door}");
        }
        assert_eq!(other.refused(Method::POST, &reveal, json!({"reason": "看看"})).await.0, StatusCode::FORBIDDEN);
        // The bank's list has others on it: it is not his to open.
        let list = &mine["items"][0]["files"][0];
        assert_eq!(list["people"], 7, "{list}");
        let list = list["id"].as_str().unwrap();
        assert_eq!(agent.ask(Method::GET, &format!("/api/v1/my-payslips/files/{list}"), None).await.0, StatusCode::NOT_FOUND);

        // The contract says eleven days, the law thirteen.
        let month = office.purchaser.get(MONTH).await;
        let days = &month["holidays"];
        assert_eq!((&days["contract_days"], &days["law_days"], &days["differs"]), (&json!(11), &json!(13), &json!(true)), "{days}");

        // Paid in full; the demo's two faults are mended: the class of the day, the missing insurance.
        let whole = [("basic", 300_000), ("performance", 50_000), ("overtime_holiday", 30_000), ("overtime_rest_day", 20_000), ("overtime_extended", 7_500),
            ("night", 5_000), ("heat", 30_000), ("meal", 20_000), ("own_insurance", 50_000)];
        let seen = office.hr.get(&own).await["version"].clone();
        assert_eq!(findings(&office.hr.put(&slip, pay(&whole, 412_500, &seen)).await), []);
        let underpaid = office.file_of(&server.sign_in("agent3").await).await;
        let at = format!("{MONTH}/people/{}", underpaid["id"].as_str().unwrap());
        let view = office.hr.get(&at).await;
        let (fault, class, due, paid) = findings(&view)[0];
        assert_eq!((fault, findings(&view).len()), ("overtime_short", 1), "{view}");
        let kind = if class == "rest_day" { "overtime_rest_day" } else { "overtime_holiday" };
        let mut lines = view["items"].clone();
        for line in lines.as_array_mut().unwrap() {
            if line["kind"] == kind {
                line["amount_fen"] = json!(due);
            }
        }
        let paid_fen = view["paid_fen"].as_i64().unwrap() + due.unwrap() - paid.unwrap();
        let mended = json!({"base_fen": view["base_fen"], "items": lines, "worked": view["worked"], "performance_due_fen": view["performance_due_fen"],
            "paid_fen": paid_fen, "paid_on": view["paid_on"], "version": view["version"]});
        office.hr.put(&format!("{at}/payslip"), mended).await;
        let uninsured = office.file_of(&server.sign_in("agent5").await).await;
        let gap = format!("{MONTH}/people/{}/insurances/unemployment", uninsured["id"].as_str().unwrap());
        office.hr.put(&gap, json!({"base_fen": 390_000, "employer_fen": 3_120, "employee_fen": 780})).await;

        // A sheet with few columns changes those and no other.
        let narrow = documents::write("工资", ["工号", "加班计算基数", "基本工资", "夜班津贴"], [vec!["801".to_owned(), "4350".to_owned(), "3000".to_owned(), "60.00".to_owned()]]).unwrap();
        let (status, report) = office.hr.send_file(&format!("{MONTH}/import?kind=payroll&dry_run=false"), narrow).await;
        assert_eq!((status, &report["changed"]), (StatusCode::OK, &json!(1)), "{report}");
        let kept = office.hr.get(&own).await;
        let night = kept["items"].as_array().unwrap().iter().find(|item| item["kind"] == "night").unwrap();
        assert_eq!((&night["amount_fen"], &kept["base_fen"], &kept["paid_fen"], &kept["performance_due_fen"]), (&json!(6_000), &json!(435_000), &json!(412_500), &json!(50_000)), "{kept}");
        assert_eq!(kept["items"].as_array().unwrap().len(), whole.len(), "{kept}");
        office.hr.put(&slip, pay(&whole, 412_500, &kept["version"])).await;

        // Handed in, it waits for the purchaser and does not change; sent back it does; checked it never does again.
        let submit = format!("{MONTH}/submit");
        assert_eq!(office.purchaser.refused(Method::POST, &submit, json!({"version": 0})).await.0, StatusCode::FORBIDDEN);
        let early = office.hr.refused(Method::POST, "/api/v1/wage-months/2026-11/submit", json!({"version": 0})).await;
        assert_eq!(early.1, "wage_month_not_over");
        office.hr.post(&submit, json!({"version": version(&office.hr).await})).await;
        let waiting = reviewer.get("/api/v1/waiting").await;
        assert!(waiting.to_string().contains("wage_month"), "{waiting}");
        let seen = office.hr.get(&own).await["version"].clone();
        assert_eq!(office.hr.refused(Method::PUT, &slip, pay(&whole, 412_500, &seen)).await.1, "wage_month_submitted");
        let decide = format!("{MONTH}/decide");
        let verdict = |action: &str, note: &str, version: &Value| json!({"action": action, "note": note, "version": version});
        let seen_month = version(&reviewer).await;
        assert_eq!(office.hr.refused(Method::POST, &decide, verdict("confirm", "", &seen_month)).await.0, StatusCode::FORBIDDEN);
        assert_eq!(reviewer.refused(Method::POST, &decide, verdict("return", "", &seen_month)).await.1, "text_missing");
        reviewer.post(&decide, verdict("return", "回单看不清", &seen_month)).await;
        office.hr.put(&slip, pay(&whole, 412_500, &seen)).await;
        office.hr.post(&submit, json!({"version": version(&office.hr).await})).await;
        let checked = office.purchaser.post(&decide, verdict("confirm", "", &version(&reviewer).await)).await;
        assert_eq!((&checked["state"], &checked["missing"]), (&json!("confirmed"), &json!(0)), "{checked}");
        let seen = office.hr.get(&own).await["version"].clone();
        assert_eq!(office.hr.refused(Method::PUT, &slip, pay(&whole, 412_500, &seen)).await.1, "wage_month_confirmed");
        let ready = reviewer.get("/api/v1/wage-readiness?from=2026-09&to=2026-10").await;
        assert_eq!(ready, json!({"ready": true, "unchecked": [], "missing": []}));

        // A law that is recorded afterwards does not judge what was checked; a month before any law says so.
        server.clock.advance(std::time::Duration::from_secs(1));
        let wage = json!({"key": "wage.minimum_month_fen", "value": "900000", "source_doc_no": "补录", "effective_from": "2026-09-01T00:00:00+08:00"});
        let (status, said) = office.purchaser.ask(Method::POST, "/api/v1/parameters", Some(wage)).await;
        assert!(status.is_success(), "{said}");
        let after = reviewer.get("/api/v1/wage-readiness?from=2026-10&to=2026-10").await;
        assert_eq!(after, json!({"ready": true, "unchecked": [], "missing": []}));
        let (status, no) = reviewer.ask(Method::GET, "/api/v1/wage-months/2021-01", None).await;
        assert_eq!((status, &no["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("wage_law_unknown")), "{no}");
    })
    .await;
}
