//! What becomes of calls that went out, and which calls were missed: the events of calls and of the floor.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{Event, EventHandler};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::callback::{self, missed};
use super::store::{self, OrderState, row};
use super::{Outbound, follow_up, within};
use crate::calls::rows::call;

/// What telephony hears for outbound calls.
pub(super) fn handlers(outbound: &Outbound) -> Vec<EventHandler> {
    let (missed, calls, erased) = (outbound.clone(), outbound.clone(), outbound.clone());
    vec![
        EventHandler::new(
            "telephony.end_erased_callbacks",
            &["requester.erased"],
            move |_| {
                let outbound = erased.clone();
                async move { missed::end_erased(&outbound).await }
            },
        ),
        EventHandler::new(
            "telephony.own_missed_call",
            &["work.abandoned"],
            move |event| {
                let outbound = missed.clone();
                async move {
                    match event.subject_id.parse() {
                        Ok(work) => missed::own(&outbound, work).await,
                        Err(_) => Ok(()),
                    }
                }
            },
        ),
        EventHandler::new(
            "telephony.follow_outbound",
            &["call.answered", "call.ended"],
            move |event| {
                let outbound = calls.clone();
                async move { heard(&outbound, &event).await }
            },
        ),
    ]
}

async fn heard(outbound: &Outbound, event: &Event) -> Result<()> {
    let Ok(call) = event.subject_id.parse::<Uuid>() else {
        return Ok(());
    };
    if event.kind == "call.ended" {
        within::over(outbound, call).await?;
    }
    let fact = |name: &str| event.payload.get(name).and_then(|fact| fact.as_str());
    match (event.kind.as_str(), fact("direction")) {
        ("call.answered", Some("inbound")) => {
            let agent = fact("agent").and_then(|agent| agent.parse().ok());
            missed::called_in(outbound, call, agent).await
        }
        ("call.ended", Some("outbound")) => {
            look_again(outbound, call).await?;
            // Of a kept place whose requester could not be reached.
            missed::own(outbound, call).await
        }
        // The line closed while he waited: what is owed is known now.
        ("call.ended", Some("inbound")) => missed::own(outbound, call).await,
        (_, Some("outbound")) => look_again(outbound, call).await,
        _ => Ok(()),
    }
}

/// Takes over what the record of the call says, if the call is one that went out from here.
pub(super) async fn look_again(outbound: &Outbound, call: Uuid) -> Result<()> {
    let conn = outbound.app().db.read();
    // Its row may say so only in a moment; then whoever places the call looks again.
    if store::by_call(conn, call).await?.is_none() {
        return Ok(());
    }
    let Some(record) = call::Entity::find_by_id(call).one(conn).await? else {
        return Ok(());
    };
    let seen = Seen {
        outcome: record.outcome,
        answered_at: record.answered_at,
        ended_at: record.ended_at,
    };
    follow(outbound, call, seen).await
}

/// What is known of a call.
#[derive(Debug, Clone)]
struct Seen {
    outcome: Option<String>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl Seen {
    /// The telephone over there rang: neither our own devices nor the line were at fault.
    fn arrived(&self) -> bool {
        self.answered_at.is_some()
            || matches!(
                self.outcome.as_deref(),
                Some("answered" | "rejected" | "abandoned" | "short_abandoned")
            )
    }
}

async fn follow(outbound: &Outbound, call: Uuid, seen: Seen) -> Result<()> {
    let (app, db) = (outbound.app().clone(), outbound.app().db.clone());
    let works = db
        .write(async move |tx| {
            let Some(order) = store::by_call(&*tx, call).await? else {
                return Ok(Vec::new());
            };
            let over = seen.ended_at.is_some();
            if order.ended_at.is_some() || (!over && order.answered_at == seen.answered_at) {
                return Ok(Vec::new());
            }
            let state = if over {
                OrderState::Ended
            } else {
                OrderState::Placed
            };
            let changed = row::ActiveModel {
                id: Set(order.id),
                state: Set(state.as_str().to_owned()),
                outcome: Set(seen.outcome.clone()),
                answered_at: Set(seen.answered_at),
                ended_at: Set(seen.ended_at),
                ..Default::default()
            };
            row::Entity::update(changed).exec(&*tx).await?;
            let who = Who::system("outbound");
            if over && let Some(item) = order.item_id {
                let arrived = seen.arrived();
                let talked = seen.answered_at.is_some();
                follow_up::store::call_over(&app, &tx, &who, (item, order.id), (arrived, talked))
                    .await?;
            }
            // Reached as soon as they talk; not reached only when the call is over.
            let reached = seen.answered_at.is_some();
            let first_news = reached != order.answered_at.is_some() || (over && !reached);
            match order.callback_id {
                Some(id) if first_news && seen.arrived() => {
                    let callback = callback::store::get(&*tx, id).await?;
                    if !callback.open {
                        return Ok(Vec::new());
                    }
                    let at = order.placed_at;
                    let action = callback::Action::Attempt { at, reached };
                    let more = |after: &mut callback::store::row::Model| {
                        if reached {
                            after.closing_call = Some(call);
                            after.closed_by = Some(order.agent_id);
                        }
                    };
                    let done = callback::store::act(&app, &tx, &who, &callback, (action, more));
                    Ok(done.await?.1)
                }
                _ => Ok(Vec::new()),
            }
        })
        .await?;
    for work in works {
        outbound.floor().callback_done(work).await?;
    }
    Ok(())
}

/// The call was let out and could not be placed.
pub(super) async fn never_placed(
    outbound: &Outbound,
    order: Uuid,
    problem: &'static str,
    who: &Who,
) -> Result<()> {
    let (app, who) = (outbound.app().clone(), who.clone());
    let db = app.db.clone();
    db.write(async move |tx| {
        let Some(row) = row::Entity::find_by_id(order).one(&*tx).await? else {
            return Ok(());
        };
        let (item, permit) = (row.item_id, row.permit_id);
        let changed = row::ActiveModel {
            id: Set(order),
            state: Set(OrderState::Failed.as_str().to_owned()),
            problem: Set(Some(problem.to_owned())),
            ended_at: Set(Some(app.clock.now())),
            ..Default::default()
        };
        row::Entity::update(changed).exec(&*tx).await?;
        if let Some(permit) = permit {
            super::do_not_call::store::give_back(&*tx, permit).await?;
        }
        if let Some(item) = item {
            follow_up::store::call_over(&app, &tx, &who, (item, order), (false, false)).await?;
        }
        Ok(())
    })
    .await
}
