//! The work orders of platforms.

mod address;
mod changes;
mod dispatch;
mod export;
mod import;
mod large;
mod merge;
mod platforms;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use kernel::{Principal, Role};
use serde_json::{Value, json};
use testing::{Answer, principal};
use uuid::Uuid;

use crate::desk::{Desk, agent, lead};

/// The columns most stories need.
pub const HEADING: [&str; 9] = [
    "工单编号",
    "诉求类型",
    "诉求分类",
    "标题",
    "诉求内容",
    "诉求人",
    "联系电话",
    "转办时间",
    "办理时限",
];

pub fn manager() -> Principal {
    principal(&[Role::OpsManager])
}

/// One good row; each word stands in its column of [`HEADING`].
pub fn row(number: &str, kind: &str, phone: &str) -> Vec<String> {
    [
        number,
        kind,
        "人事考试/缴费与退费",
        "缴费后状态未更新",
        "缴费后网上状态没有更新，请核实。",
        "王小明",
        phone,
        "2026-11-23 09:30",
        "2026-12-01 18:00",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub fn sheet(rows: Vec<Vec<String>>) -> Vec<u8> {
    documents::write("工单", HEADING, rows).unwrap()
}

pub async fn send(desk: &Desk, who: &Principal, path: &str, bytes: Vec<u8>) -> Answer {
    let request = Request::post(path).body(Body::from(bytes)).unwrap();
    testing::call::send(&desk.router(), Some(who), request).await
}

pub async fn import(desk: &Desk, bytes: Vec<u8>) -> Answer {
    let path = "/api/v1/work-orders/import?platform=12345&file_name=工单.xlsx";
    send(desk, &lead(), &encoded(path), bytes).await
}

pub async fn imported(desk: &Desk, bytes: Vec<u8>) -> Value {
    let answer = import(desk, bytes).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
    answer.json
}

/// A path as a client sends it.
fn encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(byte).collect()
}

pub async fn order(desk: &Desk, number: &str) -> Value {
    let path = format!("/api/v1/work-orders?q={number}");
    let page = desk.get(&lead(), &path).await;
    assert_eq!(
        page["items"].as_array().unwrap().len(),
        1,
        "{number}: {page}"
    );
    page["items"][0].clone()
}

pub fn id(order: &Value) -> Uuid {
    order["id"].as_str().unwrap().parse().unwrap()
}

/// Does a verb at a door of the ticket with the version that stands now.
pub async fn does(desk: &Desk, who: &Principal, id: Uuid, door: &str, mut verb: Value) -> Value {
    verb["version"] = desk.ticket(&lead(), id).await["version"].clone();
    let path = format!("/api/v1/tickets/{id}/{door}");
    let answer = desk.ask(who, Method::POST, &path, Some(verb)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
    answer.json
}

pub async fn signed(desk: &Desk, id: Uuid) -> Value {
    does(
        desk,
        &lead(),
        id,
        "dispatch",
        json!({"action": "reassign", "to": agent(1).user_id, "reason": "派单"}),
    )
    .await;
    does(desk, &agent(1), id, "handle", json!({"action": "sign"})).await
}
