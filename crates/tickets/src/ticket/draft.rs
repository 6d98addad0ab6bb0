//! A ticket opens as a draft with the call, owned for good by the agent who took it.

use calendar::SHANGHAI;
use chrono::{DateTime, Utc};
use kernel::App;
use kernel::numbers;
use kernel::problem::{Result, internal};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::act::Hand;
use super::life::{Case, Rules};
use super::limits;
use super::store::{of_call, row};
use crate::trail;
use crate::words::Priority;

/// What a draft is opened with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    /// The call.
    pub call: Uuid,
    /// Who called.
    pub requester: Uuid,
    /// The agent who took it.
    pub agent: Uuid,
    /// When he took it.
    pub at: DateTime<Utc>,
}

/// Opens the draft of a call; the one there is when it was opened before.
pub(crate) async fn open(hand: &Hand<'_>, origin: Origin) -> Result<row::Model> {
    let conn = &**hand.tx;
    if let Some(draft) = of_call(conn, origin.call).await? {
        return Ok(draft);
    }
    let case = Case::draft(origin.agent);
    let draft = row::Model {
        source_call_id: Some(origin.call),
        ..blank(hand.app, conn, origin.requester, origin.agent, origin.at).await?
    };
    hand.begin(draft, &case, None).await
}

/// A ticket of which nothing is known but who wants something and who has it.
pub(crate) async fn blank(
    app: &App,
    conn: &impl ConnectionTrait,
    requester: Uuid,
    owner: Uuid,
    at: DateTime<Utc>,
) -> Result<row::Model> {
    let unknown = limits::Subject {
        platform: "",
        request_type: "",
        priority: Priority::Normal.as_str(),
    };
    let rules = limits::find(conn, unknown, at).await?;
    let number = next_number(conn, at).await?;
    Ok(row::Model {
        number: number.text,
        seq: number.seq,
        ..empty(app.ids.next(), requester, owner, at, &rules)?
    })
}

/// The same without a number, under rules that are known already.
pub(crate) fn empty(
    id: Uuid,
    requester: Uuid,
    owner: Uuid,
    at: DateTime<Utc>,
    rules: &Rules,
) -> Result<row::Model> {
    Ok(row::Model {
        id,
        number: String::new(),
        seq: 0,
        platform: String::new(),
        state: String::new(),
        open: true,
        request_type: None,
        matter_code: None,
        section: None,
        priority: Priority::Normal.as_str().to_owned(),
        title: String::new(),
        summary: String::new(),
        incident_address: None,
        form: json!({}),
        resolution: None,
        satisfaction: None,
        requester_id: requester,
        confidential: false,
        complained_agent_id: None,
        first_owner_id: None,
        current_owner_id: owner,
        transfer_to: None,
        life: json!({}),
        rules: serde_json::to_value(rules).map_err(internal)?,
        source_call_id: None,
        incident_id: None,
        opened_at: at,
        due_at: at,
        runs_until: None,
        answered_at: None,
        reopenings: 0,
        next_alarm_at: None,
        next_alarm: None,
        ended_at: None,
        updated_at: at,
        version: 1,
    })
}

/// The number of a ticket.
pub(crate) struct Number {
    /// As people say it.
    pub text: String,
    /// The same as a number that rises: 20261123000001. What words found is listed by it.
    pub seq: i64,
}

/// Tickets of a day that [`Number::seq`] has room for.
const OF_A_DAY: i64 = 1_000_000;

/// `SJ20261123-0001`: the day in Guangzhou and a count that starts anew with it, so that a number is short
/// enough to be read out while the requester is still on the line.
async fn next_number(tx: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Number> {
    let numbers = next_numbers(tx, at, 1).await?;
    numbers
        .into_iter()
        .next()
        .ok_or_else(|| internal("no number was counted"))
}

/// So many numbers in a row.
pub(crate) async fn next_numbers(
    tx: &impl ConnectionTrait,
    at: DateTime<Utc>,
    many: usize,
) -> Result<Vec<Number>> {
    let day = at.with_timezone(&SHANGHAI).format("%Y%m%d").to_string();
    let many = i64::try_from(many).map_err(internal)?;
    let last = numbers::next_many(tx, format!("SJ{day}"), many).await?;
    let date: i64 = day.parse().map_err(internal)?;
    let first = last - many + 1;
    Ok((first..=last)
        .map(|count| Number {
            text: format!("SJ{day}-{count:04}"),
            seq: date * OF_A_DAY + count,
        })
        .collect())
}
