//! five insurances a month for everybody on the project, with proof; who lacks one stands on the checklist that
//! settlement reads, and both sides hear of it from an agreed day on.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::on_both;
use crate::support::staff::Office;

const MONTH: &str = "/api/v1/wage-months/2026-10";
const PERIOD: &str = "/api/v1/wage-readiness?from=2026-09&to=2026-10";

/// A person of the month.
async fn row(person: &Person, name: &str) -> Value {
    let month = person.get(MONTH).await;
    let people = month["people"].as_array().unwrap().iter();
    let found = people.clone().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {month}")).clone()
}

/// What a person lacks, as codes.
fn lacks(row: &Value) -> Vec<&str> {
    let lacks = row["lacks"].as_array().unwrap().iter();
    lacks.map(|one| one["lack"].as_str().unwrap()).collect()
}

fn sheet(rows: &[[&str; 6]]) -> Vec<u8> {
    let heading = ["工号", "姓名", "险种", "缴费基数", "单位缴费", "个人缴费"];
    let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec());
    documents::write("社保", heading, rows).unwrap()
}

/// A file as a browser sends it.
pub async fn upload(person: &Person, path: &str, name: &str) -> (StatusCode, Value) {
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n凭证\r\n--b--\r\n"
    );
    person
        .send_form(path, "multipart/form-data; boundary=b", body.into_bytes())
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_month_is_told_and_blocks_the_checklist_until_it_is_proven() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent5").await;
        let file = office.file_of(&agent).await;
        let (name, id) = (file["name"].as_str().unwrap(), file["id"].as_str().unwrap());

        // The demo's agent lacks one insurance of October; September was checked.
        let before = row(&office.purchaser, name).await;
        assert_eq!(before["lacks"], json!([{"lack": "insurance_missing", "item": "unemployment"}]), "{before}");
        let ready = office.purchaser.get(PERIOD).await;
        assert_eq!((&ready["ready"], &ready["unchecked"]), (&json!(false), &json!(["2026-10"])), "{ready}");
        let of = |who: &str| ready["missing"].as_array().unwrap().iter().filter(|one| one["name"] == who).cloned().collect::<Vec<_>>();
        assert_eq!(of(name), [json!({"month": "2026-10", "staff_id": id, "name": name, "lack": "insurance_missing", "item": "unemployment"})]);
        let (status, no) = office.hr.ask(Method::POST, &format!("{MONTH}/submit"), Some(json!({"version": 0}))).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("wage_month_incomplete")), "{no}");
        assert!(no["missing"].to_string().contains(id));
        // The manager of the project is on the roll too; nobody of them may look who is no party to it.
        assert_eq!(row(&office.hr, "项目经理（演示）").await["duty"], "manager");
        for nobody in [&agent, &server.sign_in("lead").await, &server.sign_in("section").await] {
            assert_eq!(nobody.ask(Method::GET, MONTH, None).await.0, StatusCode::FORBIDDEN);
        }

        // From the 15th on it is told in the morning, once.
        server.clock.advance(Duration::from_hours(24));
        for side in [&office.hr, &office.manager, &office.purchaser] {
            side.until("/api/v1/notices", Duration::from_secs(10), |notices| notices.to_string().contains("wage_month_gaps")).await;
        }

        // A sheet with faults writes nothing and names each cell; tried first, then written.
        let import = |dry: bool| format!("{MONTH}/import?kind=insurance&dry_run={dry}");
        let wrong = sheet(&[["899", "", "失业", "3900", "31.20", "7.80"], ["805", "", "失业险", "3900.005", "31.20", "7.80"],
            ["805", "别人", "失业", "3900", "31.20", "7.80"], ["805", "", "意外", "3900", "0", "0"]]);
        let (_, tried) = office.hr.send_file(&import(true), wrong.clone()).await;
        let told: Vec<_> = tried["errors"].as_array().unwrap().iter()
            .map(|one| (one["row"].as_i64().unwrap(), one["column"].as_str().unwrap().to_owned(), one["code"].as_str().unwrap().to_owned())).collect();
        let expected = [(2, "A", "person_not_on_payroll"), (3, "D", "amount_invalid"), (4, "B", "name_differs"), (5, "C", "insurance_unknown")];
        assert_eq!(told, expected.map(|(row, column, code)| (row, column.to_owned(), code.to_owned())));
        let (status, no) = office.hr.send_file(&import(false), wrong).await;
        assert_eq!((status, &no["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("import_has_errors")), "{no}");
        assert_eq!(lacks(&row(&office.hr, name).await), ["insurance_missing"]);
        let right = || sheet(&[["805", name, "失业", "3,900.00", "31.20", "7.80"], ["805", "", "养老", "5000", "800", "400"],
            ["805", "", "生育", "", "与医疗合并", ""]]);
        assert_eq!(office.purchaser.send_file(&import(false), right()).await.0, StatusCode::FORBIDDEN);
        for dry in [true, false] {
            let (status, report) = office.hr.send_file(&import(dry), right()).await;
            assert_eq!((status, &report["dry_run"]), (StatusCode::OK, &json!(dry)), "{report}");
            assert_eq!((&report["new"], &report["changed"], &report["unchanged"]), (&json!(1), &json!(1), &json!(1)), "{report}");
        }

        // 5,000.00 is under the lowest base of 5,510.00: it is named, and mended at the version that is there.
        let low = row(&office.hr, name).await;
        assert_eq!(low["lacks"], json!([{"lack": "insurance_base_low", "item": "pension"}]), "{low}");
        assert_eq!(low["insurances"][0]["faults"], json!(["base_below"]));
        let own = format!("{MONTH}/people/{id}");
        let version = office.hr.get(&own).await["insurances"][0]["version"].clone();
        let paid = |version: &Value| json!({"base_fen": 551_000, "employer_fen": 88_160, "employee_fen": 44_080, "version": version});
        let pension = format!("{own}/insurances/pension");
        let (_, code) = office.hr.refused(Method::PUT, &pension, paid(&Value::Null)).await;
        assert_eq!(code, "stale_version");
        let merged = json!({"base_fen": 0, "employer_fen": 0, "employee_fen": 0, "merged": true, "version": version});
        assert_eq!(office.hr.refused(Method::PUT, &pension, merged).await.1, "insurance_not_merged");
        office.hr.put(&pension, paid(&version)).await;
        assert_eq!(lacks(&row(&office.hr, name).await), Vec::<&str>::new());

        // A substitute counts from his first day, and five amounts without a proof prove nothing.
        let stand_in = office.candidate("顶岗者", "1995-01-01").await;
        let enrolled = json!({"staff_id": stand_in["id"], "duty": "substitute", "from": "2026-10-12"});
        office.hr.post("/api/v1/payroll-people", enrolled.clone()).await;
        assert_eq!(office.hr.refused(Method::POST, "/api/v1/payroll-people", enrolled).await.1, "payroll_person_there");
        assert_eq!(lacks(&row(&office.hr, "顶岗者").await), [&["insurance_missing"; 5][..], &["payslip_missing"]].concat());
        let his = format!("{MONTH}/people/{}/insurances", stand_in["id"].as_str().unwrap());
        for item in ["pension", "medical", "injury", "maternity", "unemployment"] {
            let base = if item == "medical" { 623_600 } else { 551_000 };
            office.hr.put(&format!("{his}/{item}"), json!({"base_fen": base, "employer_fen": 0, "employee_fen": 0})).await;
        }
        assert_eq!(lacks(&row(&office.hr, "顶岗者").await), [&["insurance_unproven"; 5][..], &["payslip_missing"]].concat());
        let files = format!("{MONTH}/files?kind=insurance&people={}", stand_in["id"].as_str().unwrap());
        assert_eq!(upload(&office.purchaser, &files, "缴费清单.txt").await.0, StatusCode::FORBIDDEN);
        let (status, proof) = upload(&office.hr, &files, "缴费清单.txt").await;
        assert_eq!(status, StatusCode::CREATED, "{proof}");
        // A file beside premiums of nothing proves no payment; what is paid with the medical insurance owes none of its own.
        assert_eq!(lacks(&row(&office.purchaser, "顶岗者").await), [&["insurance_unpaid"; 4][..], &["payslip_missing"]].concat());
        let seen = office.hr.get(&format!("{MONTH}/people/{}", stand_in["id"].as_str().unwrap())).await;
        for (item, base, employer, employee) in [("pension", 551_000, 88_160, 44_080), ("medical", 623_600, 28_062, 12_472), ("injury", 551_000, 1_102, 0), ("unemployment", 551_000, 4_408, 1_102)] {
            let there = seen["insurances"].as_array().unwrap().iter().find(|one| one["item"] == item).unwrap();
            let paid = json!({"base_fen": base, "employer_fen": employer, "employee_fen": employee, "version": there["version"]});
            office.hr.put(&format!("{his}/{item}"), paid).await;
        }
        assert_eq!(lacks(&row(&office.purchaser, "顶岗者").await), ["payslip_missing"]);
        // Opening a proof is written down.
        office.purchaser.get(&format!("{MONTH}/files/{}", proof["id"].as_str().unwrap())).await;
        let audit = server.sign_in("auditor").await.get("/api/v1/audit?action=wage_file.opened").await;
        assert!(audit.to_string().contains(proof["id"].as_str().unwrap()), "{audit}");
    })
    .await;
}
