//! Where it happened (事发地址) comes in with an order, stands with its ticket and goes out again.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::export::exported;
use super::{HEADING, id, import, imported, order, row};
use crate::desk::{Desk, lead, on_both};

fn sheet(orders: &[(&str, &str, &str)]) -> Vec<u8> {
    let heading = HEADING.iter().copied().chain(["事发地址", "是否保密"]);
    let rows = orders.iter().map(|(number, address, confidential)| {
        let mut row = row(number, "咨询", "13900000001");
        row.extend([*address, *confidential].map(str::to_owned));
        row
    });
    documents::write("工单", heading, rows.collect::<Vec<_>>()).unwrap()
}

/// The addresses of the exported orders, in the order they came in.
async fn out(desk: &Desk, query: &str) -> Vec<String> {
    let table = exported(desk, &format!("platform=12345{query}")).await;
    let heading: Vec<String> = table.rows[0]
        .cells
        .iter()
        .map(documents::Cell::text)
        .collect();
    let place = heading.iter().position(|name| name == "事发地址").unwrap();
    let orders = table.rows[1..].iter();
    orders.map(|row| row.cell(place).text()).collect()
}

#[tokio::test]
async fn the_address_comes_in_with_the_order_and_goes_out_as_we_know_it() {
    on_both(async |desk| {
        let first = [("GD-1", "天河区考点", "否"), ("GD-2", "越秀区考点", "是")];
        imported(&desk, sheet(&first)).await;
        let open = order(&desk, "GD-1").await;
        assert_eq!(open["incident_address"], "天河区考点");
        assert_eq!(open["order"]["incident_address"], Value::Null);
        assert_eq!(out(&desk, "").await, ["天河区考点", ""]);
        assert_eq!(out(&desk, "&incident_address=天河").await.len(), 1);
        assert_eq!(out(&desk, "&incident_address=越秀").await.len(), 0);

        let change = json!({"version": open["version"], "incident_address": "天河区考点北门"});
        let path = format!("/api/v1/tickets/{}", id(&open));
        let answer = desk.ask(&lead(), Method::PATCH, &path, Some(change)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        let again = imported(&desk, sheet(&first)).await;
        assert_eq!(again["unchanged"], 2, "what we corrected stays");
        assert_eq!(out(&desk, "").await[0], "天河区考点北门");

        desk.app.clock.advance(Duration::from_secs(1));
        let moved = imported(&desk, sheet(&[("GD-1", "海珠区考点", "否")])).await;
        assert_eq!(moved["changed"], 1, "{moved}");
        assert_eq!(order(&desk, "GD-1").await["incident_address"], "海珠区考点");
        let history = desk.get(&lead(), &format!("{path}/history")).await;
        let told = &history["items"][0];
        assert_eq!(
            (
                &told["action"],
                &told["field"],
                &told["before"],
                &told["after"]
            ),
            (
                &json!("received"),
                &json!("incident_address"),
                &json!("天河区考点北门"),
                &json!("海珠区考点")
            )
        );
        imported(&desk, sheet(&[("GD-1", "", "否")])).await;
        assert_eq!(
            order(&desk, "GD-1").await["incident_address"],
            Value::Null,
            "the platform took it away"
        );
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_too_long_is_told_by_its_cell() {
    on_both(async |desk| {
        // Longer than what we ask for ourselves, as a platform may send it.
        imported(&desk, sheet(&[("GD-0", &"长".repeat(201), "否")])).await;
        let answer = import(&desk, sheet(&[("GD-1", &"长".repeat(2_001), "否")])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let error = &answer.json["report"]["errors"][0];
        assert_eq!(
            (&error["column"], &error["field"], &error["code"]),
            (
                &json!("J"),
                &json!("incident_address"),
                &json!("text_too_long")
            )
        );
    })
    .await;
}

#[tokio::test]
async fn what_work_orders_had_moves_to_their_tickets() {
    const ID: &str = "2026112603_incident_address";
    on_both(async |desk| {
        imported(&desk, sheet(&[("GD-1", "天河区考点", "否"), ("GD-2", "", "否")])).await;
        let back = [
            "alter table work_orders add column incident_address text",
            "update work_orders set incident_address = (select incident_address from tickets where id = ticket_id)",
            "drop index tickets_incident_address",
            "alter table tickets drop column incident_address",
        ];
        let forgotten = format!("delete from schema_migrations where id = '{ID}'");
        desk.app
            .db
            .write(async move |tx| {
                for statement in back.into_iter().chain([forgotten.as_str()]) {
                    tx.execute_unprepared(statement).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let app = &desk.app;
        let done = kernel::migrate::migrate(&app.db, &app.clock, tickets::migrations()).await;
        assert_eq!(done.unwrap(), [ID]);
        assert_eq!(
            order(&desk, "GD-1").await["incident_address"],
            "天河区考点"
        );
        assert_eq!(order(&desk, "GD-2").await["incident_address"], Value::Null);
    })
    .await;
}
