//! Whom an agent may ask or leave a call to: colleagues, queues, sections outside.

use axum::extract::State;
use floor::AgentState;
use kernel::http::{Json, Query};
use kernel::list::ListQuery;
use kernel::problem::{Problem, Result};
use kernel::{Actor, rule};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::outbound::rules::{OutboundNumber, may_be_called};
use crate::outbound::section::OutboundSection;
use crate::{ControlCalls, Telephony};

/// Shown of each kind at most.
const MOST: usize = 100;

/// Who is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReceiverQuery {
    /// Words that all stand in name, staff number, queue or number.
    q: Option<String>,
}

/// A colleague on the floor.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallColleague {
    /// Who.
    pub id: Uuid,
    /// The person's name.
    pub name: String,
    /// 工号
    pub staff_no: Option<String>,
    /// Where he stands on the floor: `ready`, `talking`, `break` …
    pub state: String,
    /// He has no call in hand, and a device that rings.
    pub free: bool,
    /// Codes of the queues he serves.
    pub queues: Vec<String>,
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallQueue {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Who waits there.
    pub waiting: usize,
    /// Colleagues who serve it and are ready.
    pub ready: usize,
}

/// A section outside.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallSection {
    /// Its number as it is dialled.
    pub number: String,
    /// What people call it.
    pub name: String,
}

/// Whom a call may be left to.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallReceivers {
    /// Those on the floor but the asker: who is free first, then by staff number.
    pub colleagues: Vec<CallColleague>,
    /// The queues, by code.
    pub queues: Vec<CallQueue>,
    /// The sections that may be called, by name.
    pub sections: Vec<CallSection>,
    /// There are more of one kind than are shown; look for them by `q`.
    pub more: bool,
}

/// Lists whom a call may be left to, or who may be asked: colleagues on the floor, queues, sections outside. At most 100
/// of each.
#[utoipa::path(
    get, path = "/api/v1/calls/receivers", tag = "calls", operation_id = "call_receivers",
    params(ReceiverQuery),
    responses((status = 200, body = CallReceivers), (status = 400, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<ControlCalls>,
    State(telephony): State<Telephony>,
    Query(query): Query<ReceiverQuery>,
) -> Result<Json<CallReceivers>> {
    let query = ListQuery {
        q: query.q,
        ..ListQuery::default()
    };
    let wanted = Wanted::of(query.words()?);
    let app = telephony.app();
    let (conn, now) = (app.db.read(), app.clock.now());
    let floor = telephony.floor().snapshot().await?;
    let numbers = rule::in_force::<OutboundNumber>(conn, now).await?;
    let mut sections: Vec<CallSection> = rule::in_force::<OutboundSection>(conn, now)
        .await?
        .into_iter()
        .filter(|section| section.active && wanted.stand_in(&[&section.name, &section.number]))
        .filter(|section| {
            let number = requesters::normalise(&section.number);
            number.is_some_and(|number| may_be_called(&numbers, &number))
        })
        .map(|section| CallSection {
            number: section.number,
            name: section.name,
        })
        .collect();
    sections.sort_by(|one, other| (&one.name, &one.number).cmp(&(&other.name, &other.number)));
    let ready = |code: &str| {
        let ready = floor.agents.iter().filter(|agent| {
            agent.state == AgentState::Ready && agent.queues.iter().any(|queue| queue == code)
        });
        ready.count()
    };
    let mut queues: Vec<CallQueue> = floor
        .queues
        .iter()
        .filter(|queue| wanted.stand_in(&[&queue.name, &queue.code]))
        .map(|queue| CallQueue {
            ready: ready(&queue.code),
            code: queue.code.clone(),
            name: queue.name.clone(),
            waiting: queue.waiting,
        })
        .collect();
    let mut colleagues: Vec<CallColleague> = floor
        .agents
        .into_iter()
        .filter(|agent| agent.id != actor.user_id() && agent.state != AgentState::SignedOut)
        .filter(|agent| {
            let staff_no = agent.staff_no.as_deref().unwrap_or_default();
            let mut facts = vec![agent.name.as_str(), staff_no];
            facts.extend(agent.queues.iter().map(String::as_str));
            wanted.stand_in(&facts)
        })
        .map(|agent| CallColleague {
            free: agent.device.reachable && is_free(agent.state),
            id: agent.id,
            name: agent.name,
            staff_no: agent.staff_no,
            state: agent.state.as_str().to_owned(),
            queues: agent.queues,
        })
        .collect();
    // Stable: of those who are alike the floor's order holds.
    colleagues.sort_by_key(|colleague| !colleague.free);
    let more = [colleagues.len(), queues.len(), sections.len()];
    colleagues.truncate(MOST);
    queues.truncate(MOST);
    sections.truncate(MOST);
    Ok(Json(CallReceivers {
        colleagues,
        queues,
        sections,
        more: more.into_iter().any(|many| many > MOST),
    }))
}

fn is_free(state: AgentState) -> bool {
    !matches!(
        state,
        AgentState::SignedOut | AgentState::Ringing | AgentState::Talking | AgentState::Held
    )
}

/// The words that are looked for.
struct Wanted(Vec<String>);

impl Wanted {
    fn of(words: Option<&str>) -> Self {
        let words = words.unwrap_or_default().to_lowercase();
        Self(words.split_whitespace().map(str::to_owned).collect())
    }

    fn stand_in(&self, facts: &[&str]) -> bool {
        let facts: Vec<String> = facts.iter().map(|fact| fact.to_lowercase()).collect();
        let there = |word: &String| facts.iter().any(|fact| fact.contains(word.as_str()));
        self.0.iter().all(there)
    }
}
