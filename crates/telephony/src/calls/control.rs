//! What is done with a running call: consult, transfer, three-way call, keys, pause of the recording, supervision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use call_control::{Request, Supervision};
use floor::PassTo;
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::{Actor, Audience, audit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{control, may_control};
use super::store;
use crate::engine::{Standing, Wish};
use crate::{ControlCalls, SuperviseCalls, Telephony, ViewCalls};

const LONGEST_REASON: usize = 200;

/// Whom to ask, or to leave the call to. Exactly one of the fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallParty {
    /// A colleague.
    pub agent: Option<Uuid>,
    /// A number outside, such as a section's; the rules of outbound calls apply.
    pub number: Option<String>,
    /// A queue: whoever it gives is asked, or has the call.
    pub queue: Option<String>,
}

enum Target {
    Agent(Uuid),
    Number(String),
    Queue(String),
}

impl CallParty {
    fn target(self) -> Result<Target> {
        match (self.agent, self.number, self.queue) {
            (Some(agent), None, None) => Ok(Target::Agent(agent)),
            (None, Some(number), None) => match requesters::normalise(&number) {
                Some(number) => Ok(Target::Number(number.text)),
                None => Err(invalid(
                    "number",
                    "bad_number",
                    "this is no telephone number",
                )),
            },
            (None, None, Some(queue)) => Ok(Target::Queue(queue)),
            _ => Err(invalid(
                "agent",
                "one_party",
                "name an agent, a number or a queue, and one of them only",
            )),
        }
    }
}

/// Asks a colleague, a number outside, or whomever a queue gives, while the requester hears music (咨询). Completed, the
/// call is his (协商转接).
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/consult", tag = "calls",
    params(("id" = Uuid, Path)), request_body = CallParty,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn consult(
    actor: Actor<ControlCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(party): Json<CallParty>,
) -> Result<StatusCode> {
    may_control(&telephony, &actor, id)?;
    let wish = match party.target()? {
        Target::Agent(agent) => Wish::Consult(agent),
        Target::Number(number) => Wish::ConsultNumber(number),
        Target::Queue(queue) => Wish::ConsultQueue(queue),
    };
    telephony.engine().wish(id, wish).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves the call to a queue, to a colleague through it, or to a number outside once it answers (转接).
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/transfer", tag = "calls",
    params(("id" = Uuid, Path)), request_body = CallParty,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn transfer(
    actor: Actor<ControlCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(party): Json<CallParty>,
) -> Result<StatusCode> {
    may_control(&telephony, &actor, id)?;
    let wish = match party.target()? {
        Target::Agent(agent) => Wish::Pass(PassTo::Agent(agent)),
        Target::Queue(queue) => Wish::Pass(PassTo::Queue(queue)),
        Target::Number(number) => Wish::TransferOut(number),
    };
    telephony.engine().wish(id, wish).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keys to be pressed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallKeys {
    /// `0`–`9`, `*`, `#`, `A`–`D`; at most 32.
    pub keys: String,
}

/// Presses keys towards whom the agent talks to (RFC 4733).
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/keys", tag = "calls",
    params(("id" = Uuid, Path)), request_body = CallKeys,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn keys(
    actor: Actor<ControlCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(pressed): Json<CallKeys>,
) -> Result<StatusCode> {
    control(&telephony, &actor, id, Request::Digits(pressed.keys)).await
}

/// How a supervisor takes part, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuperviseCall {
    /// `listen`, `whisper` or `barge`.
    pub mode: SupervisionMode,
    /// Why, 1 to 200 characters; stands in the audit trail.
    pub reason: String,
}

/// How much a supervisor takes part.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionMode {
    /// 监听
    Listen,
    /// 耳语
    Whisper,
    /// 强插
    Barge,
}

impl From<SupervisionMode> for Supervision {
    fn from(mode: SupervisionMode) -> Self {
        match mode {
            SupervisionMode::Listen => Self::Listen,
            SupervisionMode::Whisper => Self::Whisper,
            SupervisionMode::Barge => Self::Barge,
        }
    }
}

impl From<Supervision> for SupervisionMode {
    fn from(mode: Supervision) -> Self {
        match mode {
            Supervision::Listen => Self::Listen,
            Supervision::Whisper => Self::Whisper,
            Supervision::Barge => Self::Barge,
        }
    }
}

/// Why a supervisor takes a call over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeOverCall {
    /// Why, 1 to 200 characters; stands in the audit trail.
    pub reason: String,
}

fn reason(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_REASON {
        return Err(invalid(
            "reason",
            "reason_length",
            "a reason has 1 to 200 characters",
        ));
    }
    Ok(text)
}

/// The audit row stands before anything is heard.
async fn audited(
    telephony: &Telephony,
    actor: &Actor<SuperviseCalls>,
    id: Uuid,
    action: &'static str,
    details: serde_json::Value,
) -> Result<()> {
    let app = telephony.app().clone();
    let (writer, who) = (app.clone(), actor.who());
    app.db
        .write(async move |tx| {
            audit::record(&writer, &*tx, &who, action, "call", id, details).await
        })
        .await
}

fn running(telephony: &Telephony, id: Uuid) -> Result<Standing> {
    telephony
        .engine()
        .standing(id)
        .ok_or_else(|| kernel::problem::not_found("running call"))
}

/// Joins a running call on the supervisor's own device, or takes part otherwise (监听、耳语、强插).
#[utoipa::path(
    put, path = "/api/v1/calls/{id}/supervision", tag = "calls",
    params(("id" = Uuid, Path)), request_body = SuperviseCall,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn supervise(
    actor: Actor<SuperviseCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(asked): Json<SuperviseCall>,
) -> Result<StatusCode> {
    let why = reason(&asked.reason)?;
    let standing = running(&telephony, id)?;
    let supervisor = actor.user_id();
    let mode = Supervision::from(asked.mode);
    let details = json!({ "mode": mode.as_str(), "reason": why, "agent": standing.agent });
    audited(&telephony, &actor, id, "call.supervised", details).await?;
    let engine = telephony.engine();
    match standing.supervised {
        Some((who, _)) if who == supervisor => {
            engine.request(id, Request::SuperviseAs(mode)).await?;
        }
        _ => {
            engine
                .wish(id, Wish::Supervise { supervisor, mode })
                .await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Only who supervises may do this.
fn supervises(telephony: &Telephony, actor: &Actor<SuperviseCalls>, id: Uuid) -> Result<()> {
    match running(telephony, id)?.supervised {
        Some((who, _)) if who == actor.user_id() => Ok(()),
        _ => Err(refused(
            "call_not_supervised",
            "you do not supervise this call",
        )),
    }
}

/// The supervisor leaves the call.
#[utoipa::path(
    delete, path = "/api/v1/calls/{id}/supervision", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn end_supervision(
    actor: Actor<SuperviseCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    supervises(&telephony, &actor, id)?;
    telephony
        .engine()
        .request(id, Request::EndSupervision)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The supervisor takes the call; the agent's part is over (强拆接管).
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/take-over", tag = "calls",
    params(("id" = Uuid, Path)), request_body = TakeOverCall,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn take_over(
    actor: Actor<SuperviseCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(asked): Json<TakeOverCall>,
) -> Result<StatusCode> {
    let why = reason(&asked.reason)?;
    supervises(&telephony, &actor, id)?;
    let details = json!({ "reason": why, "agent": running(&telephony, id)?.agent });
    audited(&telephony, &actor, id, "call.taken_over", details).await?;
    telephony.engine().request(id, Request::TakeOver).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The agent asks for help with the call that he has; who may supervise sees it at once.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/help", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub(crate) async fn help(
    actor: Actor<ControlCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    may_control(&telephony, &actor, id)?;
    telephony.app().live.publish(
        Audience::Permission("calls:supervise"),
        "help_wanted",
        json!({ "call_id": id, "agent": actor.user_id() }),
    );
    Ok(StatusCode::NO_CONTENT)
}

/// A third in a running call.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThirdView {
    /// The colleague; null for a number outside, or while a queue has given nobody yet.
    pub colleague: Option<Uuid>,
    /// Code of the queue that is asked, or that gave the colleague.
    pub queue: Option<String>,
    /// He has answered.
    pub answered: bool,
}

/// Who supervises a running call.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupervisionView {
    /// Who.
    pub supervisor: Uuid,
    /// How.
    pub mode: String,
}

/// How a running call stands, beyond its record.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallStanding {
    /// Who has it or is being rung.
    pub agent: Option<Uuid>,
    /// The agent has muted himself.
    pub muted: bool,
    /// What is said is not recorded.
    pub recording_paused: bool,
    /// A third is in the call.
    pub third: Option<ThirdView>,
    /// Who supervises; told to who may supervise, and to the agent when he can hear him.
    pub supervised: Option<SupervisionView>,
}

/// How a running call stands; 404 once it is over.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/standing", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CallStanding), (status = 404, body = Problem)),
)]
pub(crate) async fn standing(
    actor: Actor<ViewCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<CallStanding>> {
    store::get(telephony.app().db.read(), actor.scope(), id).await?;
    let standing = running(&telephony, id)?;
    let sees_all = actor.principal().may::<SuperviseCalls>();
    Ok(Json(CallStanding {
        agent: standing.agent,
        muted: standing.muted,
        recording_paused: standing.recording_paused,
        third: standing.third.map(|third| ThirdView {
            colleague: third.colleague,
            queue: third.queue,
            answered: third.answered,
        }),
        supervised: standing
            .supervised
            .filter(|(_, mode)| sees_all || *mode != Supervision::Listen)
            .map(|(supervisor, mode)| SupervisionView {
                supervisor,
                mode: mode.as_str().to_owned(),
            }),
    }))
}
