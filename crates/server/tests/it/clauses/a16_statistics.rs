//! the dashboard, the file and a recount from the raw calls say the same, and each number opens its rows.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::cases::on_both;
use crate::support::{Person, TestServer};

const MONDAY: &str = "from=2026-11-23&to=2026-11-23";

/// Calls of the morning from the exchange that was there before: when, seconds to the answer, seconds altogether.
pub async fn morning(server: &TestServer, calls: &[(&str, Option<i64>, i64)]) {
    let lead = server.sign_in("lead").await;
    let session = server.sign_in("agent1").await.get("/api/v1/session").await;
    let staff_no = session["user"]["staff_no"].as_str().unwrap().to_owned();
    let column = |column: &str, field: &str| json!({ "column": column, "field": field });
    let setup = json!({
        "name": "原有交换机", "active": true, "queue": "hotline",
        "columns": [
            column("流水号", "external_id"), column("主叫号码", "caller"), column("来电时间", "started_at"),
            column("接通时间", "answered_at"), column("挂机时间", "ended_at"), column("工号", "agent"),
        ],
    });
    lead.put("/api/v1/call-origins/old_pbx", setup).await;
    let mut file = "流水号,主叫号码,来电时间,接通时间,挂机时间,工号\n".to_owned();
    for (n, (began, answered, ended)) in calls.iter().enumerate() {
        let began = format!("2026-11-23T{began}Z")
            .parse::<DateTime<Utc>>()
            .unwrap();
        let at = |s: i64| {
            (began + TimeDelta::hours(8) + TimeDelta::seconds(s))
                .format("%F %T")
                .to_string()
        };
        let line = format!(
            "{n},1390000{n:04},{},{},{},{}\n",
            at(0),
            answered.map(at).unwrap_or_default(),
            at(*ended),
            answered.map(|_| staff_no.clone()).unwrap_or_default(),
        );
        file.push_str(&line);
    }
    let import = "/api/v1/calls/import?origin=old_pbx";
    let (_, report) = lead.send_file(import, file.into_bytes()).await;
    assert_eq!(report["new"], calls.len(), "{report}");
}

async fn figure(person: &Person, kpi: &str, below: i64) -> Value {
    let path = format!("/api/v1/kpi-figures?kpis={kpi}&{MONDAY}");
    let told = person.until(&path, Duration::from_secs(2), |told| {
        told["items"][0]["denominator"] == below
    });
    told.await["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashboard_file_and_raw_recount_say_the_same() {
    on_both(async |server| {
        let calls = [
            ("00:31:00", Some(5), 100),
            ("00:35:00", Some(15), 130),
            ("00:45:00", Some(16), 90),
            ("01:05:00", Some(25), 200),
            ("01:10:00", None, 40),
            ("01:20:00", None, 90),
            ("01:40:00", Some(9), 60),
            ("01:45:00", Some(12), 60),
        ];
        morning(server, &calls).await;
        let manager = server.sign_in("manager").await;
        let k02 = figure(&manager, "k02", 8).await;
        let k05 = figure(&manager, "k05", 6).await;

        // The raw calls, one by one.
        let raw = manager
            .get("/api/v1/calls?source=import&per_page=200")
            .await;
        let (mut offered, mut soon, mut waited) = (0, 0, 0);
        for call in raw["items"].as_array().unwrap() {
            let time = |field: &str| {
                let text = call[field].as_str();
                text.map(|text| text.parse::<DateTime<Utc>>().unwrap())
            };
            offered += 1;
            if let Some(answered) = time("answered_at") {
                let ms = (answered - time("offered_at").unwrap()).num_milliseconds();
                waited += ms;
                soon += i64::from(ms <= 15_000);
            }
        }
        assert_eq!(
            (k02["numerator"].as_i64(), k02["denominator"].as_i64()),
            (Some(soon), Some(offered))
        );
        assert_eq!(k02["value"], soon * 10_000 / offered);
        assert_eq!(k05["numerator"], waited);

        // The file.
        let path = format!("/api/v1/kpi-figures/export?kpis=k02,k05&form=csv&{MONDAY}");
        let file = manager
            .send(Method::GET, &path, None)
            .await
            .text()
            .await
            .unwrap();
        assert!(
            file.contains(&format!("K-02,15 秒接通率,,50.00%,{soon},{offered},")),
            "{file}"
        );
        let summed = format!("{}.{:03} 秒", waited / 1_000, waited % 1_000);
        assert!(file.contains(&format!("13.666 秒,{summed},6,")), "{file}");

        // The rows behind it, and along the half-hours.
        let rows = manager.get(k02["rows_url"].as_str().unwrap()).await;
        let met = rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["counts"] == true);
        assert_eq!((met.count(), rows["total"].as_i64()), (4, Some(offered)));
        let along = manager
            .get(&format!(
                "/api/v1/kpi-series?kpis=k02&by=half_hour&{MONDAY}"
            ))
            .await;
        let slots: Vec<_> = along["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|slot| {
                (
                    slot["label"].clone(),
                    slot["figures"][0]["denominator"].clone(),
                )
            })
            .collect();
        let slot = |label: &str, many: i64| (json!(label), json!(many));
        assert_eq!(
            slots,
            [slot("08:30", 3), slot("09:00", 3), slot("09:30", 2)]
        );

        // Counted again from the rows it is the same; the purchaser sees it too.
        let lost = server.sign_in("analyst").await;
        let days = json!({ "from": "2026-11-23", "to": "2026-11-23" });
        let (status, _) = lost
            .ask(Method::POST, "/api/v1/kpi-recounts", Some(days))
            .await;
        assert!(status.is_success());
        let purchaser = server.sign_in("purchaser").await;
        assert_eq!(figure(&purchaser, "k02", 8).await, k02);
    })
    .await;
}
