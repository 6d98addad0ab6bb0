//! The platform says something else of an order that is there.

use serde_json::{Value, json};

use super::{does, id, imported, order, row, send, sheet, signed};
use crate::desk::{Desk, agent, lead, on_both};

async fn lines(desk: &Desk, ticket: uuid::Uuid) -> Vec<(String, Value, Value)> {
    let page = desk
        .get(&lead(), &format!("/api/v1/tickets/{ticket}/history"))
        .await;
    let line = |line: &Value| {
        (
            line["field"].as_str().unwrap_or_default().to_owned(),
            line["before"].clone(),
            line["after"].clone(),
        )
    };
    let items = page["items"].as_array().unwrap().iter();
    items
        .filter(|line| line["action"] == "received")
        .map(line)
        .collect()
}

#[tokio::test]
async fn what_changed_is_written_to_the_ticket_and_its_history_and_what_we_corrected_stays() {
    on_both(async |desk| {
        let first = row("GD-1", "咨询", "13900000001");
        imported(
            &desk,
            sheet(vec![first.clone(), row("GD-2", "咨询", "13900000002")]),
        )
        .await;
        let ticket = id(&order(&desk, "GD-1").await);
        let path = format!("/api/v1/tickets/{ticket}");
        let version = desk.ticket(&lead(), ticket).await["version"].clone();
        let corrected = json!({"version": version, "matter": "107"});
        let answer = desk
            .ask(&lead(), axum::http::Method::PATCH, &path, Some(corrected))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.json);

        let mut second = first;
        second[1] = "投诉".to_owned();
        second[3] = "收费投诉".to_owned();
        second[6] = "13900000007".to_owned();
        second[8] = "2026-12-14 18:00".to_owned();
        let bytes = sheet(vec![second, row("GD-2", "咨询", "13900000002")]);
        let dry = "/api/v1/work-orders/import?platform=12345&dry_run=true";
        let tried = send(&desk, &lead(), dry, bytes.clone()).await.json;
        assert_eq!(
            (&tried["changed"], &tried["unchanged"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(tried["changes_total"], 4, "{tried}");
        let phone = tried["changes"].as_array().unwrap().iter();
        let phone: Vec<&Value> = phone.filter(|one| one["field"] == "caller_phone").collect();
        assert_eq!(
            (&phone[0]["before"], &phone[0]["after"]),
            (&Value::Null, &Value::Null)
        );

        let report = imported(&desk, bytes).await;
        assert_eq!(report["changed"], 1, "{report}");
        let now = order(&desk, "GD-1").await;
        assert_eq!(now["request_type"], "complaint");
        assert_eq!(now["title"], "收费投诉");
        assert_eq!(
            now["matter"], "107",
            "the platform did not touch what we corrected"
        );
        assert_eq!(
            now["due_at"], "2026-12-14T10:00:00Z",
            "another type, another limit"
        );
        assert_eq!(now["order"]["due_as_received"], "2026-12-14T10:00:00Z");
        assert_eq!(now["order"]["revision"], 2);
        assert_eq!(now["requester"]["phone"], "139****0007");
        let told = lines(&desk, ticket).await;
        assert!(
            told.contains(&(
                "title".to_owned(),
                json!("缴费后状态未更新"),
                json!("收费投诉")
            )),
            "{told:?}"
        );
        assert!(told.contains(&(
            "request_type".to_owned(),
            json!("consult"),
            json!("complaint")
        )));
        assert!(told.iter().any(|(field, _, _)| field == "due_at"));
        let clock = desk.get(&lead(), &format!("{path}/clock")).await;
        assert_eq!(clock["items"].as_array().unwrap().len(), 2);
        let other = order(&desk, "GD-2").await;
        assert_eq!(
            (&other["version"], &other["order"]["revision"]),
            (&json!(1), &json!(1))
        );
    })
    .await;
}

#[tokio::test]
async fn a_column_that_is_not_in_the_file_says_nothing() {
    on_both(async |desk| {
        imported(&desk, sheet(vec![row("GD-1", "咨询", "13900000001")])).await;
        let short = "工单编号,诉求类型,诉求内容,工单状态\nGD-1,咨询,缴费后网上状态没有更新，请核实。,已催办\n";
        let report = imported(&desk, short.as_bytes().to_vec()).await;
        assert_eq!(report["changes"][0]["field"], "status", "{report}");
        assert_eq!(report["changes_total"], 1);
        let now = order(&desk, "GD-1").await;
        assert_eq!(now["order"]["status_as_received"], "已催办");
        assert_eq!(now["order"]["due_as_received"], "2026-12-01T10:00:00Z");
        assert_eq!(now["title"], "缴费后状态未更新");
        let again = imported(&desk, sheet(vec![row("GD-1", "咨询", "13900000001")])).await;
        assert_eq!(again["unchanged"], 1, "{again}");
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_over_stays_as_it_ended_and_its_history_tells_the_rest() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        imported(&desk, sheet(vec![row("GD-1", "咨询", "13900000001")])).await;
        let ticket = id(&order(&desk, "GD-1").await);
        signed(&desk, ticket).await;
        does(
            &desk,
            &agent(1),
            ticket,
            "handle",
            json!({"action": "close", "resolution": "已答复"}),
        )
        .await;
        let mut later = row("GD-1", "咨询", "13900000001");
        later[3] = "改了标题".to_owned();
        imported(&desk, sheet(vec![later])).await;
        let now = order(&desk, "GD-1").await;
        assert_eq!(
            (now["state"].as_str(), now["title"].as_str()),
            (Some("closed"), Some("缴费后状态未更新"))
        );
        let told = lines(&desk, ticket).await;
        assert_eq!(
            told,
            [(
                "title".to_owned(),
                json!("缴费后状态未更新"),
                json!("改了标题")
            )]
        );
    })
    .await;
}
