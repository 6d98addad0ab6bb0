//! The orders go out in the platform's own template.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;
use tower::ServiceExt as _;

use super::{does, id, imported, manager, order, row, sheet, signed};
use crate::desk::{Desk, agent, lead, on_both};

pub async fn exported(desk: &Desk, query: &str) -> documents::Table {
    let mut request = Request::get(format!("/api/v1/work-orders/export?{query}"))
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(manager());
    let response = desk.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    documents::read(&bytes).unwrap()
}

#[tokio::test]
async fn the_template_is_filled_with_how_the_orders_stand_and_no_cell_is_a_formula() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        let mut risky = row("GD-2", "投诉", "13900000002");
        risky[3] = "=HYPERLINK(\"http://x\")".to_owned();
        risky[3] = format!(" {}", risky[3]);
        imported(
            &desk,
            sheet(vec![row("GD-1", "咨询", "13900000001"), risky]),
        )
        .await;
        let ticket = id(&order(&desk, "GD-1").await);
        signed(&desk, ticket).await;
        does(
            &desk,
            &agent(1),
            ticket,
            "handle",
            json!({"action": "close", "resolution": "+已更新"}),
        )
        .await;

        let table = exported(&desk, "platform=12345").await;
        assert_eq!(table.rows.len(), 3);
        let heading: Vec<String> = table.rows[0]
            .cells
            .iter()
            .map(documents::Cell::text)
            .collect();
        let cell = |row: usize, name: &str| {
            let place = heading.iter().position(|column| column == name).unwrap();
            table.rows[row].cell(place).text()
        };
        assert_eq!(heading.len(), 36);
        assert_eq!(cell(1, "工单编号"), "GD-1");
        assert_eq!(cell(1, "诉求类型"), "咨询");
        assert_eq!(cell(1, "工单状态"), "已办结");
        assert_eq!(cell(1, "答复内容"), "'+已更新");
        assert_eq!(cell(1, "联系电话"), "139****0001");
        assert_eq!(cell(1, "转办时间"), "2026-11-23 09:30:00");
        assert_eq!(cell(2, "标题"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(
            exported(&desk, "platform=12345&state=closed")
                .await
                .rows
                .len(),
            2
        );

        let count = "select count(*) as n from audit_entries where action = 'work_orders.exported'";
        let backend = desk.app.db.backend();
        let told = desk
            .app
            .db
            .read()
            .query_one_raw(Statement::from_string(backend, count))
            .await;
        let told: i64 = told.unwrap().unwrap().try_get("", "n").unwrap();
        assert_eq!(told, 2);
        let asked = desk
            .ask(
                &agent(1),
                Method::GET,
                "/api/v1/work-orders/export?platform=12345",
                None,
            )
            .await;
        assert_eq!(asked.json["permission"], "work_orders:export");
        let without = desk
            .ask(&manager(), Method::GET, "/api/v1/work-orders/export", None)
            .await;
        assert_eq!(without.json["code"], "platform_missing");
    })
    .await;
}
