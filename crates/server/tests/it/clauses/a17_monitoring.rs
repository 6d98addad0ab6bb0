//! an indicator below what is asked for three half-hours in a row raises an alert that people are told of,
//! acknowledge with a note, and that ends by itself.

use std::time::Duration;

use serde_json::json;

use super::a16_statistics::morning;
use crate::support::cases::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_half_hours_below_the_target_raise_an_alert() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let mut screen = lead.screen().await;
        // Five calls of each half-hour from 08:30 on, two of them lost.
        let mut calls = Vec::new();
        let begins = ["00:30", "01:00", "01:30"]
            .map(|hour| [0, 1, 2, 3, 4].map(|n| format!("{}{}:00", &hour[..4], n)));
        for begin in begins.iter().flatten() {
            let lost = begin.ends_with("0:00") || begin.ends_with("1:00");
            calls.push((begin.as_str(), (!lost).then_some(5), 50));
        }
        morning(server, &calls).await;
        lead.until(
            "/api/v1/kpi-figures?kpis=k01&from=2026-11-23&to=2026-11-23",
            Duration::from_secs(2),
            |told| told["items"][0]["denominator"] == 15,
        )
        .await;
        server.clock.advance(Duration::from_secs(90));
        let found = lead
            .until(
                "/api/v1/kpi-alerts?kpi=k01",
                Duration::from_secs(5),
                |alerts| alerts["total"] == 1,
            )
            .await;
        let alert = &found["items"][0];
        assert_eq!(
            (
                &alert["state"],
                &alert["value"],
                &alert["target"],
                &alert["intervals"]
            ),
            (&json!("raised"), &json!(6_000), &json!(9_500), &json!(3)),
            "{alert}"
        );
        screen.hears(&["kpi_alert"]).await;
        let manager = server.sign_in("manager").await;
        manager
            .until("/api/v1/notices", Duration::from_secs(5), |notices| {
                notices["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| one["kind"] == "kpi_alert")
            })
            .await;

        let path = format!(
            "/api/v1/kpi-alerts/{}/acknowledge",
            alert["id"].as_str().unwrap()
        );
        let said = json!({ "version": alert["version"], "note": "报名首日来电激增，已请求加班" });
        let after = lead.post(&path, said).await;
        assert_eq!(after["state"], "acknowledged");

        // The purchaser agrees to less: as asked now, the alert is over.
        let purchaser = server.sign_in("purchaser").await;
        let rule = json!({
            "kpi": "k01", "channel": null, "target": 5_000, "upper": null, "caution": null,
            "interval": "half_hour", "intervals": 3, "least": 5, "alerting": true,
        });
        purchaser
            .post(
                "/api/v1/rules/kpi-targets",
                json!({ "rule": rule, "source": "会议纪要" }),
            )
            .await;
        server.clock.advance(Duration::from_secs(90));
        lead.until(
            "/api/v1/kpi-alerts?open=false",
            Duration::from_secs(5),
            |alerts| alerts["total"] == 1,
        )
        .await;
    })
    .await;
}
