//! What people do to a ticket, by who they are: its owner handles it, who runs the floor dispatches, the
//! purchaser signs off. The life says whether it can be done now.

use axum::extract::State;
use calendar::{Limit, ServiceClock};
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Permission, Principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::act::{self, Hand};
use super::http::{TicketDetail, detail};
use super::life::{Action, Case, Moment, Rules, Satisfaction};
use super::store::row;
use super::viewer::Viewer;
use crate::{DispatchTickets, HandleTickets, SignOffTickets};

/// Who an action belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Desk {
    /// Its owner: `POST /tickets/{id}/handle`.
    Handle,
    /// Who runs the floor: `POST /tickets/{id}/dispatch`.
    Dispatch,
    /// The purchaser: `POST /tickets/{id}/sign-off`.
    SignOff,
}

/// An action that can be done now by the one who looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Offered {
    /// The door it goes through.
    pub desk: Desk,
    /// Its name there.
    pub action: &'static str,
}

/// What the owner does.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Handling {
    /// 签收
    Sign {},
    /// 退单
    AskReturn {
        /// Why, with the rule it rests on.
        reason: String,
    },
    /// 延期
    AskExtension {
        /// `working_days`, `service_minutes` or `clock_minutes`, as the limit itself.
        unit: String,
        /// How many.
        n: i32,
        /// Why.
        reason: String,
    },
    /// 挂起: the requester has to add something.
    Suspend {
        /// What.
        reason: String,
    },
    /// 恢复
    Resume {},
    /// 答复
    Reply {
        /// What the requester is told.
        answer: String,
    },
    /// 办结
    Close {
        /// What was done for the requester.
        resolution: String,
    },
    /// 转办 to a colleague who has to accept.
    OfferTransfer {
        /// Who.
        to: Uuid,
        /// Why.
        reason: String,
    },
    /// 接收转办
    AcceptTransfer {},
    /// 不接收, or the offer is taken back.
    RefuseTransfer {
        /// Why.
        reason: Option<String>,
    },
}

/// What who runs the floor does.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Dispatching {
    /// 改派
    Reassign {
        /// The new owner.
        to: Uuid,
        /// Why.
        reason: String,
    },
    /// 同意 or 不同意 what was asked for.
    Decide {
        /// Granted or refused.
        granted: bool,
        /// Why.
        reason: String,
    },
    /// 催办
    Urge {
        /// Who presses, and how.
        reason: String,
    },
    /// 督办
    Supervise {
        /// Its own deadline.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// 不予受理
    Reject {
        /// The ground, from the list of domain B.2.
        reason: String,
    },
    /// 回访
    Revisit {
        /// What the requester said.
        said: Satisfaction,
        /// In his words.
        reason: Option<String>,
    },
    /// 办结 with an explanation.
    Close {
        /// The explanation.
        resolution: String,
    },
    /// 重办
    Reopen {
        /// Why.
        reason: String,
    },
    /// 归档
    Archive {},
}

/// What the purchaser does.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SigningOff {
    /// 审核通过
    Approve {
        /// An opinion.
        reason: Option<String>,
    },
    /// 审核退回
    SendBack {
        /// What has to be mended.
        reason: String,
    },
    /// 同意 or 不同意 a return or an extension.
    Decide {
        /// Granted or refused.
        granted: bool,
        /// Why.
        reason: String,
    },
}

/// An action with the version of the ticket it was chosen for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Verb<T> {
    /// The version that was read.
    version: i64,
    /// What is done.
    #[serde(flatten)]
    action: T,
}

/// What is to be done, in the words of the life.
struct Step {
    action: Action,
    /// Why, for the history.
    note: Option<String>,
    /// The answer that goes with it.
    answer: Option<String>,
}

impl Step {
    fn plain(action: Action) -> Self {
        Self {
            action,
            note: None,
            answer: None,
        }
    }

    fn because(action: Action, reason: &str) -> Result<Self> {
        Ok(Self {
            note: Some(needed("reason", reason)?),
            ..Self::plain(action)
        })
    }

    fn perhaps(action: Action, reason: Option<&str>) -> Result<Self> {
        let note = reason.map(|text| checked("reason", text)).transpose()?;
        Ok(Self {
            note: note.filter(|text| !text.is_empty()),
            ..Self::plain(action)
        })
    }

    fn saying(action: Action, field: &'static str, answer: &str) -> Result<Self> {
        Ok(Self {
            answer: Some(needed(field, answer)?),
            ..Self::plain(action)
        })
    }
}

impl TryFrom<Handling> for Step {
    type Error = Problem;

    fn try_from(verb: Handling) -> Result<Self> {
        match verb {
            Handling::Sign {} => Ok(Self::plain(Action::Sign)),
            Handling::AskReturn { reason } => Self::because(Action::AskReturn, &reason),
            Handling::AskExtension { unit, n, reason } => {
                let by = super::limits::limit(&unit, n).ok_or_else(|| {
                    invalid("n", "limit_invalid", "a number of a known unit, from 1 on")
                })?;
                Self::because(Action::AskExtension(by), &reason)
            }
            Handling::Suspend { reason } => Self::because(Action::Suspend, &reason),
            Handling::Resume {} => Ok(Self::plain(Action::Resume)),
            Handling::Reply { answer } => Self::saying(Action::Reply, "answer", &answer),
            Handling::Close { resolution } => {
                Self::saying(Action::Close, "resolution", &resolution)
            }
            Handling::OfferTransfer { to, reason } => {
                Self::because(Action::OfferTransfer { to }, &reason)
            }
            Handling::AcceptTransfer {} => Ok(Self::plain(Action::AcceptTransfer)),
            Handling::RefuseTransfer { reason } => {
                Self::perhaps(Action::RefuseTransfer, reason.as_deref())
            }
        }
    }
}

impl TryFrom<Dispatching> for Step {
    type Error = Problem;

    fn try_from(verb: Dispatching) -> Result<Self> {
        match verb {
            Dispatching::Reassign { to, reason } => Self::because(Action::Reassign { to }, &reason),
            Dispatching::Decide { granted, reason } => {
                Self::because(Action::Decide { granted }, &reason)
            }
            Dispatching::Urge { reason } => Self::because(Action::Urge, &reason),
            Dispatching::Supervise { until, reason } => {
                Self::because(Action::Supervise { until }, &reason)
            }
            Dispatching::Reject { reason } => Self::because(Action::Reject, &reason),
            Dispatching::Revisit { said, reason } => {
                Self::perhaps(Action::Revisit(said), reason.as_deref())
            }
            Dispatching::Close { resolution } => {
                Self::saying(Action::Close, "resolution", &resolution)
            }
            Dispatching::Reopen { reason } => Self::because(Action::Reopen, &reason),
            Dispatching::Archive {} => Ok(Self::plain(Action::Archive)),
        }
    }
}

impl TryFrom<SigningOff> for Step {
    type Error = Problem;

    fn try_from(verb: SigningOff) -> Result<Self> {
        match verb {
            SigningOff::Approve { reason } => Self::perhaps(Action::Approve, reason.as_deref()),
            SigningOff::SendBack { reason } => Self::because(Action::SendBack, &reason),
            SigningOff::Decide { granted, reason } => {
                Self::because(Action::Decide { granted }, &reason)
            }
        }
    }
}

/// What the one who looks may do now, and nothing that would be refused. A probe of each action: the life is pure
/// and cheap. `covers` says that he stands in for the owner.
pub(crate) fn offered(
    now: DateTime<Utc>,
    principal: &Principal,
    case: &Case,
    rules: &Rules,
    service: &ServiceClock,
    covers: bool,
) -> Vec<Offered> {
    let moment = Moment {
        by: principal.user_id,
        now,
        service,
        rules,
        covers,
    };
    let one = rules.limit.limit;
    let least = match one {
        Limit::WorkingDays(_) => Limit::WorkingDays(1),
        Limit::ServiceMinutes(_) => Limit::ServiceMinutes(1),
        Limit::ClockMinutes(_) => Limit::ClockMinutes(1),
    };
    let other = Uuid::max();
    let until = moment.now + chrono::TimeDelta::days(1);
    let said = Action::Revisit(Satisfaction::Satisfied);
    let decide = Action::Decide { granted: false };
    let handle = [
        ("sign", Action::Sign),
        ("reply", Action::Reply),
        ("close", Action::Close),
        ("offer_transfer", Action::OfferTransfer { to: other }),
        ("suspend", Action::Suspend),
        ("resume", Action::Resume),
        ("ask_extension", Action::AskExtension(least)),
        ("ask_return", Action::AskReturn),
    ];
    // Through the same door, but open to who does not own the ticket yet.
    let receive = [
        ("accept_transfer", Action::AcceptTransfer),
        ("refuse_transfer", Action::RefuseTransfer),
    ];
    let dispatch = [
        ("reassign", Action::Reassign { to: other }),
        ("decide", decide.clone()),
        ("revisit", said),
        ("close", Action::Close),
        ("urge", Action::Urge),
        ("supervise", Action::Supervise { until }),
        ("reject", Action::Reject),
        ("reopen", Action::Reopen),
        ("archive", Action::Archive),
    ];
    let sign_off = [
        ("approve", Action::Approve),
        ("send_back", Action::SendBack),
        ("decide", decide),
    ];
    let mut offered: Vec<Offered> = Vec::new();
    let mut probe = |desk, may: bool, tries: &[(&'static str, Action)]| {
        for (name, action) in tries.iter().filter(|_| may) {
            // What two doors take is offered at the first.
            let known = offered.iter().any(|one| one.action == *name);
            if !known && case.next(action, &moment).is_ok() {
                offered.push(Offered { desk, action: name });
            }
        }
    };
    let reach = principal.scope(HandleTickets::GRANTS);
    let own = case.owner == principal.user_id || covers;
    let handles = own || matches!(reach, Some(kernel::Scope::All));
    probe(Desk::Handle, reach.is_some() && handles, &handle);
    probe(Desk::Handle, reach.is_some(), &receive);
    probe(
        Desk::Dispatch,
        principal.may::<DispatchTickets>(),
        &dispatch,
    );
    probe(Desk::SignOff, principal.may::<SignOffTickets>(), &sign_off);
    offered
}

async fn carry_out<P: Permission>(
    actor: Actor<P>,
    app: App,
    (id, version): (Uuid, i64),
    step: Step,
    owner_only: bool,
) -> Result<Json<TicketDetail>> {
    let viewer = Viewer::of(&app, &actor).await?;
    let (db, done, who, looks) = (app.db.clone(), app.clone(), actor.who(), viewer.clone());
    let ticket = db
        .write(move |tx| async move {
            let before = if owner_only {
                act::owned_as_read(&*tx, &looks, id, version).await?
            } else {
                act::as_read(&*tx, &looks, id, version).await?
            };
            if let Action::Reassign { to } | Action::OfferTransfer { to } = step.action {
                act::must_be_agent(&*tx, to).await?;
            }
            let hand = Hand::of(&app, &tx, &who).await?;
            let said = match step.action {
                Action::Revisit(said) => Some(said.as_str().to_owned()),
                _ => None,
            };
            let more = |mut after: row::Model| {
                after.resolution = step.answer.or(after.resolution);
                after.satisfaction = said.or(after.satisfaction);
                after
            };
            Box::pin(hand.act_and(before, &step.action, step.note.as_deref(), more)).await
        })
        .await?;
    detail(&done, actor.principal(), &viewer, ticket).await
}

/// What its owner does with a ticket: sign, answer, ask for time, give it to a colleague.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/handle", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = Verb<Handling>,
    responses((status = 200, body = TicketDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn handle(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(verb): Json<Verb<Handling>>,
) -> Result<Json<TicketDetail>> {
    // Who is asked to take a ticket does not own it yet.
    let owner_only = !matches!(
        verb.action,
        Handling::AcceptTransfer {} | Handling::RefuseTransfer { .. }
    );
    let step = verb.action.try_into()?;
    carry_out(actor, app, (id, verb.version), step, owner_only).await
}

/// What who runs the floor does with a ticket: reassign, decide, press, revisit, end, reopen.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/dispatch", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = Verb<Dispatching>,
    responses((status = 200, body = TicketDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn dispatch(
    actor: Actor<DispatchTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(verb): Json<Verb<Dispatching>>,
) -> Result<Json<TicketDetail>> {
    carry_out(
        actor,
        app,
        (id, verb.version),
        verb.action.try_into()?,
        false,
    )
    .await
}

/// What the purchaser does with a ticket: sign an answer off or send it back, decide what was asked for.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/sign-off", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = Verb<SigningOff>,
    responses((status = 200, body = TicketDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn sign_off(
    actor: Actor<SignOffTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(verb): Json<Verb<SigningOff>>,
) -> Result<Json<TicketDetail>> {
    carry_out(
        actor,
        app,
        (id, verb.version),
        verb.action.try_into()?,
        false,
    )
    .await
}
