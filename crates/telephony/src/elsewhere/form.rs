//! A call an agent took on another telephone, written by hand: marked as such, audited, and asked for the same
//! wrap-up as any other.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::Json;
use kernel::masked::Phone;
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::checked;
use kernel::{Actor, audit, words};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::book::{self, Entry};
use super::{EnterCalls, Source, must_be_queue};
use crate::Telephony;
use crate::calls::http::{CallView, view};
use crate::calls::rows::{blank, call};

/// So long afterwards a call may be written down.
const WITHIN: TimeDelta = TimeDelta::days(7);
/// The longest talk and the longest wait.
const LONGEST: TimeDelta = TimeDelta::hours(4);

words! {
    /// Who called whom.
    CallDirection {
        /// The requester called.
        Inbound = "inbound",
        /// The agent called.
        Outbound = "outbound",
    }
}

words! {
    /// What became of a call that is written by hand.
    WrittenOutcome {
        /// The two talked.
        Answered = "answered",
        /// Nobody took it.
        Unanswered = "unanswered",
    }
}

/// A call taken on another telephone.
// Not printed: it holds a number.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallByHand {
    /// The requester's number; empty when it was withheld.
    #[serde(default)]
    pub number: String,
    /// Who called whom.
    pub direction: CallDirection,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Seconds it rang; left out when nobody knows. Then it does not count as answered in time.
    #[serde(default)]
    pub waited_s: Option<u32>,
    /// Seconds of talk; 0 when nobody took it.
    pub talk_s: u32,
    /// What became of it.
    pub outcome: WrittenOutcome,
    /// The queue it counts in; the hotline's when left out.
    #[serde(default)]
    pub queue: Option<String>,
}

/// When it was answered and when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Requester and agent connected.
    pub answered_at: Option<DateTime<Utc>>,
    /// Over.
    pub ended_at: DateTime<Utc>,
}

impl CallByHand {
    /// The times of the call, if they can be.
    pub fn times(&self, now: DateTime<Utc>) -> Result<Times> {
        let waited = TimeDelta::seconds(i64::from(self.waited_s.unwrap_or(0)));
        let talk = TimeDelta::seconds(i64::from(self.talk_s));
        if self.started_at < now - WITHIN {
            let detail = "a call is written down within 7 days";
            return Err(invalid("started_at", "call_too_long_ago", detail));
        }
        for (field, length) in [("waited_s", waited), ("talk_s", talk)] {
            if length > LONGEST {
                return Err(invalid(field, "call_too_long", "at most 4 hours"));
            }
        }
        let answered = self.outcome == WrittenOutcome::Answered;
        if answered != (self.talk_s > 0) {
            let detail = "who talked talked for a time, and nobody else did";
            return Err(invalid("talk_s", "talk_does_not_fit", detail));
        }
        let answered_at = self.started_at + waited;
        let ended_at = answered_at + talk;
        if ended_at > now {
            let detail = "the call would not be over yet";
            return Err(invalid("started_at", "call_in_future", detail));
        }
        Ok(Times {
            answered_at: answered.then_some(answered_at),
            ended_at,
        })
    }
}

/// A call of this agent that runs at the same time, wherever he took it.
async fn beside(
    conn: &impl ConnectionTrait,
    agent: Uuid,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<call::Model>> {
    use call::Column;
    let runs = Condition::any()
        .add(Column::EndedAt.is_null())
        .add(Column::EndedAt.gt(from));
    Ok(call::Entity::find()
        .filter(Column::AgentId.eq(agent))
        .filter(Column::AnsweredAt.lt(until))
        .filter(runs)
        .one(conn)
        .await?)
}

/// Writes down a call one took on another telephone. Its record waits to be written up like that of any call; the
/// agent is the first owner of what it opens.
#[utoipa::path(
    post, path = "/api/v1/calls/by-hand", tag = "calls",
    request_body = CallByHand,
    responses((status = 201, body = CallView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn write_by_hand(
    actor: Actor<EnterCalls>,
    State(telephony): State<Telephony>,
    Json(asked): Json<CallByHand>,
) -> Result<(StatusCode, Json<CallView>)> {
    let app = telephony.app().clone();
    let floor = telephony.floor().clone();
    let now = app.clock.now();
    let times = asked.times(now)?;
    let queue = asked
        .queue
        .clone()
        .unwrap_or_else(|| telephony.settings().calls.queue.clone());
    must_be_queue(&floor, "queue", &queue)?;
    let agent = actor.user_id();
    if !floor.cards().await?.iter().any(|card| card.id == agent) {
        let detail = "who takes no calls has none to write down";
        return Err(refused("not_an_agent", detail));
    }
    let who = actor.who();
    let hotline = telephony.settings().sip.hotline_numbers.first().cloned();
    let row = app
        .db
        .clone()
        .write(move |tx| async move {
            if let Some(other) = beside(&*tx, agent, asked.started_at, times.ended_at).await? {
                return Err(refused(
                    "call_overlaps",
                    "one cannot talk on two telephones: another call of this agent ran at that time",
                )
                .with_field("started_at")
                .with("call_id", other.id.to_string()));
            }
            let number = checked("number", &asked.number)?;
            let requester = requesters::find_or_create_by_number(&app, &*tx, &number).await?;
            let caller = requesters::normalise(&number).map_or(String::new(), |number| number.text);
            let outcome = match (asked.outcome, asked.direction) {
                (WrittenOutcome::Answered, _) => "answered",
                (WrittenOutcome::Unanswered, CallDirection::Inbound) => "abandoned",
                (WrittenOutcome::Unanswered, CallDirection::Outbound) => "failed",
            };
            let row = call::Model {
                direction: asked.direction.as_str().to_owned(),
                hotline: hotline.unwrap_or_default(),
                caller_hash: Phone::new(caller.clone()).hash(app.key.bytes()),
                caller,
                requester_id: Some(requester.id),
                queue: Some(queue),
                agent_id: Some(agent),
                state: "ended".to_owned(),
                outcome: Some(outcome.to_owned()),
                answered_at: times.answered_at,
                ended_at: Some(times.ended_at),
                source: Source::Form.as_str().to_owned(),
                ..blank(app.ids.next(), asked.started_at)
            };
            let details = json!({
                "direction": row.direction, "started_at": row.arrived_at, "talk_s": asked.talk_s,
                "outcome": row.outcome, "requester_id": row.requester_id,
            });
            let entry = Entry {
                row: row.clone(),
                new: true,
                details: details.clone(),
                wait: asked.waited_s.map(|waited| TimeDelta::seconds(i64::from(waited))),
            };
            book::enter(&app, &tx, &floor, "written_by_hand", vec![entry]).await?;
            audit::record(&app, &*tx, &who, "call.written_by_hand", "call", row.id, details).await?;
            Ok(row)
        })
        .await?;
    let conn = telephony.app().db.read();
    let colleagues = organization::colleagues(conn, row.agent_id).await?;
    Ok((
        StatusCode::CREATED,
        Json(view(row, &colleagues, &telephony)),
    ))
}
