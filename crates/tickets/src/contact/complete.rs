//! Saving and completing a contact record: what it means for the ticket that was opened with the call.

use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, stale};
use kernel::{App, Scope, Tx};
use serde_json::json;
use uuid::Uuid;

use super::store::{self, row};
use super::{Action, DraftFate, State, WrapUp, events};
use crate::matter;
use crate::ticket::act::{self, Hand};
use crate::ticket::life;
use crate::ticket::store as tickets;
use crate::words::RequestType;

/// The record the actor may write, as he read it.
async fn for_change(
    tx: &Tx,
    scope: &Scope,
    call: Uuid,
    version: Option<i64>,
) -> Result<row::Model> {
    let record = store::to_write(&**tx, scope, call).await?;
    match version {
        Some(version) if version != record.version => {
            Err(stale("the contact record").with("version", record.version))
        }
        _ => Ok(record),
    }
}

fn written(mut record: row::Model, wrap_up: WrapUp) -> row::Model {
    record.request_type = wrap_up.request_type.map(|word| word.as_str().to_owned());
    record.matter_code = wrap_up.matter;
    record.result = wrap_up.result.map(|word| word.as_str().to_owned());
    record.summary = wrap_up.summary;
    record.articles = serde_json::json!(wrap_up.articles);
    record.ticket_id = wrap_up.ticket_id;
    record
}

/// Saves what is written so far; nothing has to be complete.
pub(crate) async fn save(
    tx: &Tx,
    scope: &Scope,
    (call, version): (Uuid, Option<i64>),
    wrap_up: WrapUp,
) -> Result<row::Model> {
    let before = for_change(tx, scope, call, version).await?;
    before
        .standing()?
        .next(Action::Save, before.answered_at.is_some())?;
    if let Some(code) = &wrap_up.matter {
        matter::must_be_leaf(&**tx, code).await?;
    }
    if let Some(ticket) = wrap_up.ticket_id {
        act::attachable(&**tx, ticket, before.requester_id).await?;
    }
    let after = written(before.clone(), wrap_up);
    if after == before {
        return Ok(before);
    }
    store::save(&**tx, &before, after).await
}

/// Completes the record: voids the draft ticket, opens it, or joins the contact to an open one.
///
/// A record completed after its time ran out is marked `late`; asking twice gives the same record.
pub(crate) async fn complete(
    app: &App,
    tx: &Tx,
    who: &Who,
    scope: &Scope,
    (call, version): (Uuid, Option<i64>),
    wrap_up: WrapUp,
) -> Result<row::Model> {
    let before = store::to_write(&**tx, scope, call).await?;
    let settled = wrap_up.settle();
    if before.standing()? == State::Complete
        && let Ok(settled) = &settled
        && settled.result.as_str() == before.result.as_deref().unwrap_or_default()
        && settled.wrap_up.summary == before.summary
    {
        // The answer to the first request was lost on its way; nothing is done twice.
        return Ok(before);
    }
    let before = for_change(tx, scope, call, version).await?;
    let state = before.standing()?;
    let next = state.next(Action::Complete, before.answered_at.is_some())?;
    let mut settled = settled?;
    if let Some(code) = &settled.wrap_up.matter {
        matter::must_be_leaf(&**tx, code).await?;
    }
    let draft = tickets::of_call(&**tx, call)
        .await?
        .ok_or_else(|| internal(format!("call {call} has no draft")))?;
    let hand = Hand::of(app, tx, who).await?;
    let draft = if draft.standing()? == life::State::Draft {
        match settled.draft {
            DraftFate::Open => hand.open(draft, &settled.wrap_up).await?,
            DraftFate::Void => hand.act(draft, &life::Action::Void, None).await?,
        }
    } else {
        // A message that was left has its ticket already; whoever took it up answers for the contact with it.
        if draft.open && settled.wrap_up.ticket_id.is_none() {
            act::attach(&hand, &draft, act::Repeat::Call(call)).await?;
            settled.draft = DraftFate::Open;
        }
        draft
    };
    match settled.wrap_up.ticket_id {
        Some(id) => {
            let ticket = act::attachable(&**tx, id, before.requester_id).await?;
            act::attach(&hand, &ticket, act::Repeat::Call(call)).await?;
            // The ticket classifies the contact, unless the agent heard something else.
            settled.wrap_up.request_type = settled
                .wrap_up
                .request_type
                .or_else(|| parse(ticket.request_type.as_deref()));
            settled.wrap_up.matter = settled.wrap_up.matter.or(ticket.matter_code);
        }
        None if settled.draft == DraftFate::Open => settled.wrap_up.ticket_id = Some(draft.id),
        None => {}
    }
    let mut after = written(before.clone(), settled.wrap_up);
    next.as_str().clone_into(&mut after.state);
    after.late = state == State::Owed && !before.in_wrap_up();
    after.completed_at = Some(app.clock.now());
    after.completed_by = who.user_id;
    let after = store::save(&**tx, &before, after).await?;
    let details =
        json!({ "result": after.result, "late": after.late, "ticket_id": after.ticket_id });
    audit::record(
        app,
        &**tx,
        who,
        "contact_record.completed",
        "call",
        call,
        details,
    )
    .await?;
    app.events
        .publish(tx, "contact.completed", call, events::facts(&after))
        .await?;
    events::tell(app, tx, &after);
    Ok(after)
}

fn parse(code: Option<&str>) -> Option<RequestType> {
    code.and_then(RequestType::parse)
}
