use axum::http::{Method, StatusCode};
use chrono::{DateTime, Utc};
use kernel::params::Shipped;
use kernel::{Role, audit};
use serde_json::json;
use testing::{call, on_both, principal};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn minimum_wage() -> Shipped {
    Shipped {
        key: "wages.minimum_month_fen",
        value: "230000",
        unit: "fen",
        effective_from: at("2021-12-01T00:00:00+08:00"),
        source_doc_no: "粤府函〔2021〕345号",
        source_url: "https://www.gd.gov.cn/",
        note: "月最低工资，广州",
        confirm_before_use: true,
    }
}

#[tokio::test]
async fn a_value_holds_from_its_day_until_another_supersedes_it() {
    on_both(&[], async |app| {
        let router = app.start(vec![kernel::capability(&app)]).await;
        for _ in 0..2 {
            let params = app.params.clone();
            app.db.write(async move |tx| params.ship(&tx, &[minimum_wage()]).await).await.unwrap();
        }
        let admin = principal(&[Role::PurchaserAdmin]);
        let new = json!({
            "key": "wages.minimum_month_fen", "value": "250000", "source_doc_no": "粤府函〔2025〕1号",
            "effective_from": "2025-03-01T00:00:00+08:00",
        });
        let path = "/api/v1/parameters";
        let answer = call(&router, Some(&admin), Method::POST, path, Some(new)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        assert_eq!(answer.json["unit"], "fen");
        assert_eq!(answer.json["confirmed_by"], json!(admin.user_id));
        let wage = async |time: &str| {
            app.params.get_i64("wages.minimum_month_fen", at(time)).await
        };
        assert_eq!(wage("2021-11-30T00:00:00Z").await.unwrap_err().code, "parameter_missing");
        assert_eq!(wage("2025-02-28T15:59:59Z").await.unwrap(), 230_000);
        assert_eq!(wage("2025-02-28T16:00:00Z").await.unwrap(), 250_000);
        let list = call(&router, Some(&admin), Method::GET, path, None).await;
        assert_eq!(list.json["total"], 2, "the row before stays");
        let (confirmed, shipped) = (&list.json["items"][0], &list.json["items"][1]);
        assert_eq!(confirmed["confirm_before_use"], false);
        assert_eq!(shipped["confirm_before_use"], true);
        let searched = "/api/v1/parameters?q=Minimum_Month";
        let searched = call(&router, Some(&admin), Method::GET, searched, None).await;
        assert_eq!(searched.json["total"], 2);
        audit::seal(&app).await.unwrap();
        let trail = "/api/v1/audit?action=parameter.confirmed";
        let trail = call(&router, Some(&admin), Method::GET, trail, None).await;
        assert_eq!(trail.json["items"][0]["details"]["before"], "230000");
    })
    .await;
}

#[tokio::test]
async fn a_correction_of_the_same_day_counts_and_a_limited_value_ends() {
    on_both(&[], async |app| {
        let router = app.start(vec![kernel::capability(&app)]).await;
        let params = app.params.clone();
        app.db
            .write(async move |tx| params.ship(&tx, &[minimum_wage()]).await)
            .await
            .unwrap();
        let manager = principal(&[Role::OpsManager]);
        for (value, to) in [
            ("1", None),
            ("2", None),
            ("3", Some("2026-01-02T00:00:00Z")),
        ] {
            let new = json!({
                "key": "wages.minimum_month_fen", "value": value, "source_doc_no": "x",
                "effective_from": "2026-01-01T00:00:00Z", "effective_to": to,
            });
            let path = "/api/v1/parameters";
            let answer = call(&router, Some(&manager), Method::POST, path, Some(new)).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        }
        let get = async |time| {
            app.params
                .get_i64("wages.minimum_month_fen", at(time))
                .await
                .unwrap()
        };
        assert_eq!(get("2026-01-01T00:00:00Z").await, 3);
        assert_eq!(get("2026-01-02T00:00:00Z").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_value_without_source_or_of_the_wrong_kind_is_refused() {
    on_both(&[], async |app| {
        let router = app.start(vec![kernel::capability(&app)]).await;
        let params = app.params.clone();
        app.db
            .write(async move |tx| params.ship(&tx, &[minimum_wage()]).await)
            .await
            .unwrap();
        let manager = principal(&[Role::OpsManager]);
        let good = json!({
            "key": "wages.minimum_month_fen", "value": "1", "source_doc_no": "x",
            "effective_from": "2026-01-01T00:00:00Z",
        });
        let wrong = [
            ("value", json!("viel"), "not_a_number"),
            ("source_doc_no", json!(" "), "source_missing"),
            ("key", json!("no.such"), "unknown_parameter"),
            (
                "effective_to",
                json!("2025-01-01T00:00:00Z"),
                "ends_before_it_begins",
            ),
            ("note", json!("长".repeat(501)), "too_long"),
        ];
        for (field, value, code) in wrong {
            let mut body = good.clone();
            body[field] = value;
            let path = "/api/v1/parameters";
            let answer = call(&router, Some(&manager), Method::POST, path, Some(body)).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{}",
                answer.json
            );
            assert_eq!(
                (&answer.json["code"], &answer.json["field"]),
                (&json!(code), &json!(field))
            );
        }
        let agent = principal(&[Role::SysAdmin]);
        let refused = call(
            &router,
            Some(&agent),
            Method::POST,
            "/api/v1/parameters",
            Some(good),
        )
        .await;
        assert_eq!(refused.json["permission"], "parameters:confirm");
    })
    .await;
}
