//! What the stories of escalations, instructions, emergencies, incidents and sections share.

use axum::http::{Method, StatusCode};
use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, Utc};
use kernel::{Principal, Role};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::principal;
use uuid::Uuid;

use crate::desk::{Desk, agent, lead};

pub fn manager() -> Principal {
    principal(&[Role::OpsManager])
}

pub fn purchaser() -> Principal {
    principal(&[Role::PurchaserAdmin])
}

pub fn counterpart() -> Principal {
    principal(&[Role::Counterpart])
}

/// Somebody of the purchaser's business sections whom no other test person is.
pub fn official(number: u8) -> Principal {
    let mut person = principal(&[Role::PurchaserBusiness]);
    person.user_id = Uuid::from_u128(0x5ec7_0000 + u128::from(number));
    person.username = format!("official{number}");
    person
}

/// Everybody who may have to know.
pub async fn everybody(desk: &Desk) {
    desk.people(&[
        &agent(1),
        &agent(2),
        &lead(),
        &manager(),
        &counterpart(),
        &purchaser(),
        &official(1),
        &official(2),
    ])
    .await;
}

/// The answer of a request that must succeed.
pub async fn post(desk: &Desk, who: &Principal, path: &str, body: Value) -> Value {
    let answer = desk.ask(who, Method::POST, path, Some(body)).await;
    assert!(
        answer.status.is_success(),
        "{path}: {} {}",
        answer.status,
        answer.json
    );
    answer.json
}

/// The code of a request that must be refused.
pub async fn refused(desk: &Desk, who: &Principal, path: &str, body: Value) -> String {
    let answer = desk.ask(who, Method::POST, path, Some(body)).await;
    assert!(
        answer.status.is_client_error(),
        "{path}: {} {}",
        answer.status,
        answer.json
    );
    answer.json["code"].as_str().unwrap_or_default().to_owned()
}

pub async fn opened(desk: &Desk, owner: &Principal, request_type: &str, matter: &str) -> Uuid {
    let new = json!({"request_type": request_type, "matter": matter, "summary": "报名系统无法登录",
        "phone": "13900000009", "anyway": true});
    let answer = desk
        .ask(owner, Method::POST, "/api/v1/tickets", Some(new))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    id(&answer.json)
}

pub fn id(json: &Value) -> Uuid {
    json["id"].as_str().unwrap().parse().unwrap()
}

/// The actions of a time line.
pub fn actions(case: &Value) -> Vec<&str> {
    let lines = case["lines"].as_array().unwrap();
    lines
        .iter()
        .map(|line| line["action"].as_str().unwrap())
        .collect()
}

/// Whom a case told, and why.
pub fn told(case: &Value, field: &str) -> Vec<(Uuid, String)> {
    let notices = case[field].as_array().unwrap().iter();
    let told = notices.filter(|notice| notice["way"] == "console");
    told.map(|notice| {
        let user = notice["user_id"].as_str().unwrap().parse().unwrap();
        (user, notice["reason"].as_str().unwrap().to_owned())
    })
    .collect()
}

pub fn service() -> ServiceClock {
    let notice: YearNotice = serde_json::from_str(calendar::SHIPPED[0]).unwrap();
    let year = YearCalendar::from_notice(&notice).unwrap();
    ServiceClock::new(Calendar::new(vec![year]), ServiceHours::default())
}

pub fn monday_10() -> DateTime<Utc> {
    testing::MONDAY_10.parse().unwrap()
}

pub fn minutes(minutes: u32) -> DeadlineRule {
    DeadlineRule::service_minutes("test", minutes)
}

/// What was told of a subject by events of this kind, the first first.
pub async fn events(desk: &Desk, kind: &str, subject: Uuid) -> Vec<Value> {
    let conn = desk.app.db.read();
    let sql = "select payload from events where kind = $1 and subject_id = $2 order by id";
    let values = [kind.into(), subject.to_string().into()];
    let asked = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(asked).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "payload").unwrap())
        .collect()
}
