//! overtime on days off is requested by the purchaser; its class is that of the day, the caps of the law are told.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both_at;

const DOOR: &str = "/api/v1/overtime-orders";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_class_of_overtime_is_that_of_the_day_and_the_caps_of_the_law_are_told() {
    on_both_at("2026-09-30T02:00:00Z", &[], async |server| {
        let (purchaser, lead) = (
            server.sign_in("purchaser").await,
            server.sign_in("lead").await,
        );
        let agent = server.sign_in("agent1").await.own_id().await;
        let wanted =
            |day: &str| json!({"on_day": day, "reason": "报名高峰", "people": 1, "minutes": 180});
        assert_eq!(
            lead.ask(Method::POST, DOOR, Some(wanted("2026-10-01")))
                .await
                .0,
            StatusCode::FORBIDDEN
        );
        let mut orders: Vec<Value> = Vec::new();
        for (day, class, rate) in [
            ("2026-10-01", "statutory_holiday", 30_000),
            ("2026-10-05", "rest_day", 20_000),
            ("2026-10-10", "extended", 15_000),
        ] {
            let order = purchaser.post(DOOR, wanted(day)).await;
            assert_eq!(
                (&order["pay_class"], &order["rate_bp"]),
                (&json!(class), &json!(rate)),
                "{order}"
            );
            orders.push(order);
        }
        let plan = |order: &Value| format!("{DOOR}/{}/plan", order["id"].as_str().unwrap());
        let turn = |minutes: i64, by: &str| {
            json!({"version": 1, "turns": [
            {"user_id": agent, "minutes": minutes, "compensation": by}]})
        };
        // A statutory holiday is paid; leave is for rest days.
        let no = lead
            .refused(Method::POST, &plan(&orders[0]), turn(180, "comp_leave"))
            .await;
        assert_eq!(no.1, "overtime_no_leave");
        lead.post(&plan(&orders[0]), turn(180, "pay")).await;
        let no = lead
            .refused(Method::POST, &plan(&orders[1]), turn(181, "comp_leave"))
            .await;
        assert_eq!(no.1, "overtime_over_cap");
        let planned = lead.post(&plan(&orders[1]), turn(180, "comp_leave")).await;
        assert_eq!(planned["state"], "planned");
    })
    .await;
}
