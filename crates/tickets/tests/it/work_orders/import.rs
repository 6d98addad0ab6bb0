//! A file of orders comes in: all of it or nothing, once.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{id, import, imported, manager, order, row, send, sheet};
use crate::desk::{agent, lead, on_both};

#[tokio::test]
async fn a_file_is_tried_first_and_then_written_once() {
    on_both(async |desk| {
        let kinds = ["咨询", "求助", "建议", "投诉", "举报"];
        let rows = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| row(&format!("GD-{at}"), kind, "13900000001"));
        let bytes = sheet(rows.collect());
        let dry = "/api/v1/work-orders/import?platform=12345&dry_run=true";
        let tried = send(&desk, &lead(), dry, bytes.clone()).await;
        assert_eq!(tried.status, StatusCode::OK, "{}", tried.json);
        assert_eq!(
            (&tried.json["new"], &tried.json["dry_run"]),
            (&json!(5), &json!(true))
        );
        assert_eq!(desk.get(&lead(), "/api/v1/work-orders").await["total"], 0);

        let report = imported(&desk, bytes.clone()).await;
        assert_eq!(report["new"], 5, "{report}");
        // From Monday 9:30 on: 2, 10 or 15 working days; the line closes at 18:00.
        for (at, due) in [
            (0, "2026-11-25T10:00:00Z"),
            (1, "2026-12-07T10:00:00Z"),
            (2, "2026-12-07T10:00:00Z"),
            (3, "2026-12-14T10:00:00Z"),
            (4, "2026-12-14T10:00:00Z"),
        ] {
            let order = order(&desk, &format!("GD-{at}")).await;
            assert_eq!(order["due_at"], due, "{}", kinds[at]);
            assert_eq!(order["order"]["due_as_received"], "2026-12-01T10:00:00Z");
            assert_eq!(order["state"], "pending_sign");
            assert_eq!(order["current_owner_id"], json!(lead().user_id));
            assert_eq!(order["first_owner_id"], Value::Null);
            assert_eq!(order["matter"], "106");
            assert_eq!(order["section"], "exams");
            assert_eq!(order["requester"]["phone"], "139****0001");
            assert_eq!(order["requester"]["name"], "王**");
        }
        let again = imported(&desk, bytes).await;
        assert_eq!(
            (&again["new"], &again["changed"], &again["unchanged"]),
            (&json!(0), &json!(0), &json!(5)),
        );
        let imports = desk.get(&lead(), "/api/v1/work-orders/imports").await;
        assert_eq!(imports["total"], 2);
        assert_eq!(imports["items"][1]["file_name"], "工单.xlsx");

        let first = id(&order(&desk, "GD-0").await);
        let clock = desk
            .get(&lead(), &format!("/api/v1/tickets/{first}/clock"))
            .await;
        assert_eq!(clock["items"][0]["change"]["kind"], "started");
        let history = desk
            .get(&lead(), &format!("/api/v1/tickets/{first}/history"))
            .await;
        assert_eq!(history["items"][0]["action"], "dispatched");
    })
    .await;
}

#[tokio::test]
async fn one_bad_row_and_nothing_is_written() {
    on_both(async |desk| {
        let mut rows = vec![row("GD-1", "咨询", "13900000001")];
        rows.push(row("GD-2", "咨文", "13900000001"));
        rows.push(row("GD-1", "咨询", "13900000001"));
        let mut late = row("GD-3", "咨询", "没有电话");
        late[7] = "昨天".to_owned();
        rows.push(late);
        let mut empty = row("", "投诉", "");
        empty[4] = String::new();
        rows.push(empty);
        let answer = import(&desk, sheet(rows)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json["code"], "import_has_errors");
        let errors = answer.json["report"]["errors"].as_array().unwrap();
        let told: Vec<(u64, &str, &str)> = errors
            .iter()
            .map(|error| {
                (
                    error["row"].as_u64().unwrap(),
                    error["column"].as_str().unwrap(),
                    error["code"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (3, "B", "request_type_unknown"),
                (4, "A", "order_no_twice"),
                (5, "G", "phone_invalid"),
                (5, "H", "date_invalid"),
                (6, "A", "value_missing"),
                (6, "E", "value_missing"),
            ]
        );
        let twice = errors[1]["detail"].as_str().unwrap();
        assert!(
            twice.contains("row 2") && twice.contains("row 4"),
            "{twice}"
        );
        assert_eq!(desk.get(&lead(), "/api/v1/work-orders").await["total"], 0);
        let imports = desk.get(&lead(), "/api/v1/work-orders/imports").await;
        assert_eq!(imports["items"][0]["state"], "refused");
        assert_eq!(imports["items"][0]["errors"], 6);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_stands_twice_is_told_whatever_else_is_wrong_with_its_rows() {
    on_both(async |desk| {
        let mut first = row("GD-1", "咨询", "13900000001");
        first[7] = "昨天".to_owned();
        let again = row("GD-1", "咨文", "13900000001");
        let answer = import(&desk, sheet(vec![first, again])).await;
        let errors = answer.json["report"]["errors"].as_array().unwrap().iter();
        let told: Vec<(u64, &str)> = errors
            .map(|error| {
                (
                    error["row"].as_u64().unwrap(),
                    error["code"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (2, "date_invalid"),
                (3, "order_no_twice"),
                (3, "request_type_unknown")
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_hidden_stays_hidden_and_an_id_number_is_not_kept() {
    on_both(async |desk| {
        let heading =
            "工单编号,诉求类型,诉求内容,诉求人,性别,联系电话,证件号码,是否保密,是否来自热线";
        let line = "GD-9,举报,反映考场纪律问题,李四,男,13900000004,440100199001011234,是,热线";
        imported(&desk, format!("{heading}\n{line}\n").into_bytes()).await;
        let lead_sees = order(&desk, "GD-9").await;
        assert_eq!(
            lead_sees["requester"]["phone"], "139****0004",
            "the owner knows"
        );

        let owner = json!(agent(1).user_id);
        desk.people(&[&agent(1), &lead()]).await;
        let path = format!(
            "/api/v1/work-orders/import?platform=12345&owner={}",
            agent(1).user_id
        );
        let other = line.replace("GD-9", "GD-10");
        let answer = send(
            &desk,
            &manager(),
            &path,
            format!("{heading}\n{other}\n").into_bytes(),
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        let hidden = order(&desk, "GD-10").await;
        assert_eq!(hidden["current_owner_id"], owner);
        assert_eq!(hidden["requester"], Value::Null);
        assert_eq!(hidden["order"]["caller_sex"], Value::Null);
        let own = desk.get(&agent(1), "/api/v1/work-orders?mine=true").await;
        assert_eq!(own["items"][0]["order"]["caller_sex"], "男");
        assert_eq!(
            own["items"][0]["order"]["raw"],
            json!({"是否来自热线": "热线"})
        );
        assert!(!own.to_string().contains("440100199001011234"));
        let foreign = desk.get(&agent(2), "/api/v1/work-orders").await;
        assert_eq!(foreign["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_table_and_who_may_not_are_refused() {
    on_both(async |desk| {
        let path = "/api/v1/work-orders/import?platform=12345";
        let broken = send(&desk, &lead(), path, b"PK\x03\x04".to_vec()).await;
        assert_eq!(
            (broken.status, broken.json["code"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some("not_a_table"))
        );
        let latin = send(&desk, &lead(), path, b"a,b\nc,\xff\xff\xff".to_vec()).await;
        assert_eq!(
            (
                latin.json["code"].as_str(),
                &latin.json["row"],
                latin.json["column"].as_str()
            ),
            (Some("encoding_unknown"), &json!(2), Some("B")),
        );
        let foreign = sheet(vec![]);
        let none = send(
            &desk,
            &lead(),
            "/api/v1/work-orders/import?platform=none",
            foreign.clone(),
        )
        .await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        let agent_asks = send(&desk, &agent(1), path, foreign).await;
        assert_eq!(agent_asks.status, StatusCode::FORBIDDEN);
        let nobody = format!("{path}&owner={}", uuid::Uuid::max());
        let refused = send(
            &desk,
            &lead(),
            &nobody,
            sheet(vec![row("1", "咨询", "13900000001")]),
        )
        .await;
        assert_eq!(
            (
                refused.json["code"].as_str(),
                refused.json["field"].as_str()
            ),
            (Some("not_an_agent"), Some("owner"))
        );
        let without = documents::write(
            "x",
            ["工单编号", "标题"],
            [vec!["1".to_owned(), "2".to_owned()]],
        );
        let answer = send(&desk, &lead(), path, without.unwrap()).await;
        let errors = answer.json["report"]["errors"].as_array().unwrap();
        assert!(
            errors.iter().all(|error| error["code"] == "column_missing"),
            "{errors:?}"
        );
        assert_eq!(errors.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_columns_of_a_file_are_shown_to_who_maps_them() {
    on_both(async |desk| {
        let heading = "*工单流水号,事项类型,主要内容（必填）,来电号码,自定义";
        let text = format!(
            "某市热线导出,,,,\n{heading}\n1,咨询类,内容,13900000001,x\n2,咨询,内容,13900000001,y\n"
        );
        let path = "/api/v1/work-orders/import/columns?platform=12345";
        let answer = send(&desk, &manager(), path, text.into_bytes()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        assert_eq!(answer.json["heading_row"], 2);
        assert_eq!(answer.json["rows"], 2);
        let fields: Vec<&Value> = answer.json["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| &column["field"])
            .collect();
        let meant = ["order_no", "request_type", "content", "caller_phone"];
        assert_eq!(
            fields[..4],
            meant.map(|field| json!(field)).iter().collect::<Vec<_>>()
        );
        assert_eq!(fields[4], &Value::Null);
        let fresh = send(
            &desk,
            &manager(),
            "/api/v1/work-orders/import/columns",
            "工单流水号,事项类型,主要内容,来电号码\n1,咨询类,内容,13900000001\n".into(),
        )
        .await;
        assert_eq!(
            fresh.json["columns"][0],
            json!({"column": "工单流水号", "field": "order_no"})
        );
        assert_eq!(fresh.json["unknown_request_types"], json!({"咨询类": 1}));
    })
    .await;
}

#[tokio::test]
async fn agents_do_not_bring_orders_in_and_the_reason_is_named() {
    on_both(async |desk| {
        let answer = desk
            .ask(&agent(1), Method::GET, "/api/v1/work-orders/imports", None)
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json["permission"], "work_orders:import");
    })
    .await;
}
