//! Five thousand orders of another city, in a workbook made by another library.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{manager, send};
use crate::desk::{Desk, lead, on_both};

/// The longest an import of 5,000 orders may take on a machine that does nothing else.
const WITHIN: Duration = Duration::from_secs(10);

/// What was begun at `began` is done by now.
fn within(desk: &Desk, began: Duration, what: &str) {
    let wall = desk.app.clock.monotonic().saturating_sub(began);
    let (kind, wall_s) = (desk.app.kind(), wall.as_secs_f64());
    eprintln!("{kind:?}: 5,000 orders, {what}: {wall_s:.2} s");
    // Beside other tests a machine with two cores says nothing about speed; `make soak` runs this alone.
    assert!(
        std::env::var_os("SHOUJIE_SOAK").is_none() || wall < WITHIN,
        "{wall:?}"
    );
}

/// Forty columns of another city under a merged title, 5,000 rows; `damage` is what is done to them.
fn workbook(damage: &str) -> Option<Vec<u8>> {
    testing::openpyxl(&format!(
        "import datetime\n\
         known = ['流水号','事由类型','问题归属','主题','问题描述','市民姓名','市民性别','来电号码','来电时间','交办时间',\n\
         '截止时间','缓急','要求保密','现场地址','交办意见','承办部门']\n\
         heading = known + ['附加%d' % n for n in range(24)]\n\
         page.append(['某市政务服务便民热线工单导出'])\n\
         page.merge_cells('A1:AN1')\n\
         page.append(heading)\n\
         kinds = ['咨询类','求助类','投诉类','举报类','建议类']\n\
         start = datetime.datetime(2026, 11, 2, 9, 0)\n\
         for n in range(5000):\n\
         \x20   at = start + datetime.timedelta(minutes=n)\n\
         \x20   page.append(['HZ%06d' % n, kinds[n % 5], ['缴费与退费','准考证','其它类'][n % 3], '标题%d' % n,\n\
         \x20       '市民反映的第%d件事，请核实处理并回复。' % n, '市民%d' % n, '男', 13900000000 + n % 3000, at,\n\
         \x20       at.strftime('%Y/%m/%d %H:%M'), (at + datetime.timedelta(days=9)).strftime('%Y-%m-%d %H:%M:%S'),\n\
         \x20       '普通', '否', '天河区', '请办理', '人事考试中心'] + ['值%d-%d' % (n, m) for m in range(24)])\n\
         {damage}\n"
    ))
}

async fn other_city(desk: &Desk) {
    let fields = [
        "order_no",
        "request_type",
        "matter",
        "title",
        "content",
        "caller_name",
        "caller_sex",
        "caller_phone",
        "accepted_at",
        "dispatched_at",
        "due_at",
        "urgency",
        "confidential",
        "incident_address",
        "dispatch_opinion",
        "handling_unit",
    ];
    let names = [
        "流水号",
        "事由类型",
        "问题归属",
        "主题",
        "问题描述",
        "市民姓名",
        "市民性别",
        "来电号码",
        "来电时间",
        "交办时间",
        "截止时间",
        "缓急",
        "要求保密",
        "现场地址",
        "交办意见",
        "承办部门",
    ];
    let known = names
        .iter()
        .zip(fields)
        .map(|(name, field)| json!({"column": name, "field": field}));
    let more = (0..24).map(|n| json!({"column": format!("附加{n}"), "field": null}));
    let columns: Vec<Value> = known.chain(more).collect();
    let setup = json!({
        "name": "某市 12345",
        "columns": {"columns": columns},
        "words": {
            "request_type": {"咨询类": "consult", "求助类": "help", "投诉类": "complaint", "举报类": "report",
                "建议类": "suggestion"},
            "urgency": {"普通": "normal"},
        },
        "active": true,
    });
    let answer = desk
        .ask(
            &manager(),
            Method::PUT,
            "/api/v1/platforms/hz12345",
            Some(setup),
        )
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
}

#[tokio::test]
async fn five_thousand_orders_come_in() {
    let Some(bytes) = workbook("") else { return };
    on_both(async |desk| {
        other_city(&desk).await;
        let import = "/api/v1/work-orders/import?platform=hz12345";
        for (round, expected) in [("new", "new"), ("again", "unchanged")] {
            let began = desk.app.clock.monotonic();
            let answer = send(&desk, &lead(), import, bytes.clone()).await;
            within(&desk, began, round);
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
            assert_eq!(answer.json[expected], 5_000, "{}", answer.json);
            assert_eq!(answer.json["warnings_total"], 1_666);
        }
        let page = desk
            .get(&lead(), "/api/v1/work-orders?per_page=200&sort=due_at")
            .await;
        assert_eq!(page["total"], 5_000);
        assert!(page["items"][0]["due_at"].as_str() <= page["items"][199]["due_at"].as_str());
    })
    .await;
}

#[tokio::test]
async fn every_change_of_five_thousand_orders_is_written() {
    let Some(bytes) = workbook("") else { return };
    let Some(changed) =
        workbook("for n in range(5000):\n    page.cell(n + 3, 4).value = '改%d' % n")
    else {
        return;
    };
    on_both(async |desk| {
        other_city(&desk).await;
        let import = "/api/v1/work-orders/import?platform=hz12345";
        send(&desk, &lead(), import, bytes.clone()).await;
        let began = desk.app.clock.monotonic();
        let answer = send(&desk, &lead(), import, changed.clone()).await;
        within(&desk, began, "changed");
        assert_eq!(answer.json["changed"], 5_000, "{}", answer.json);
        assert_eq!(answer.json["changes"].as_array().unwrap().len(), 1_000);
        let page = desk.get(&lead(), "/api/v1/work-orders?q=HZ004999").await;
        assert_eq!(page["items"][0]["title"], "改4999");
        assert_eq!(page["items"][0]["version"], 2);
    })
    .await;
}

#[tokio::test]
async fn wrong_dates_duplicates_formulas_and_merged_cells_are_named_and_nothing_is_half_imported() {
    let damage = "page['I10'] = '2026-02-30 10:00'\n\
        page['J20'] = '11月5日'\n\
        page['A100'] = 'HZ000000'\n\
        page['D200'] = '=A1&\"x\"'\n\
        page.merge_cells('B300:B302')\n\
        page['H400'] = '无法识别'\n\
        page['A500'] = 250101000020109011\n\
        page['B600'] = '其他类'\n\
        page['AA700'] = '=1+1'\n\
        page['E800'] = None";
    let Some(bytes) = workbook(damage) else {
        return;
    };
    on_both(async |desk| {
        other_city(&desk).await;
        let import = "/api/v1/work-orders/import?platform=hz12345";
        let dry = send(
            &desk,
            &lead(),
            &format!("{import}&dry_run=true"),
            bytes.clone(),
        )
        .await;
        assert_eq!(dry.status, StatusCode::OK, "{}", dry.json);
        let told: Vec<(u64, &str, &str)> = dry.json["errors"]
            .as_array()
            .unwrap()
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
                (10, "I", "date_invalid"),
                (20, "J", "date_invalid"),
                (100, "A", "order_no_twice"),
                (200, "D", "formula_without_value"),
                (301, "B", "cell_merged"),
                (302, "B", "cell_merged"),
                (400, "H", "phone_invalid"),
                (500, "A", "number_rounded"),
                (600, "B", "request_type_unknown"),
                (800, "E", "value_missing"),
            ]
        );
        let answer = send(&desk, &lead(), import, bytes.clone()).await;
        assert_eq!(answer.json["code"], "import_has_errors");
        assert_eq!(answer.json["report"]["errors_total"], 10);
        assert_eq!(desk.get(&lead(), "/api/v1/work-orders").await["total"], 0);
    })
    .await;
}
