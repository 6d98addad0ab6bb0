//! Lets a call out, or says why not: everything is asked and written in one transaction, then the call is placed.

use floor::Floor;
use futures::future::BoxFuture;
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal};
use kernel::{App, Principal, Tx};
use requesters::Number;
use sea_orm::{ActiveValue::Set, EntityTrait, IntoActiveModel as _};
use serde_json::json;
use uuid::Uuid;

use super::budget::{self, Counted};
use super::guard::{self, About, Refusal};
use super::refused::{self, Refused};
use super::rules;
use super::store::{OrderState, row};
use super::{Outbound, OutboundOrder, callback, do_not_call, follow_up, heard};

/// What an agent asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The number; that of what the call is about when left out.
    pub to: Option<String>,
    /// The code of the purpose.
    pub purpose: String,
    /// Why, where the purpose needs it.
    pub note: Option<String>,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// The item of a list it is for.
    pub item_id: Option<Uuid>,
    /// The missed call it returns.
    pub callback_id: Option<Uuid>,
    /// It was dialled on his desk phone.
    pub desk_phone: bool,
}

/// What the guard knows before it asks the tables.
struct Known {
    asked: Asked,
    principal: Principal,
    requester: Option<Uuid>,
    state: floor::AgentState,
    /// The number of the ticket's requester.
    of_ticket: Option<String>,
}

/// A call that is let out, and the missed call it returns as the floor knows it.
struct LetOut {
    order: row::Model,
    work: Option<Uuid>,
}

/// Places a call of `principal`; answers its row.
pub async fn place(outbound: &Outbound, principal: &Principal, asked: Asked) -> Result<row::Model> {
    let dialler = outbound.dialler().cloned();
    let dial = move |order| -> BoxFuture<'static, Result<Uuid>> {
        Box::pin(async move {
            match dialler {
                Ok(dialler) => dialler.call_out(order).await,
                Err(problem) => Err(problem),
            }
        })
    };
    place_by(outbound, principal, asked, dial).await
}

/// As [`place`], by another way than the agent's rung device.
pub(super) async fn place_by(
    outbound: &Outbound,
    principal: &Principal,
    asked: Asked,
    dial: impl FnOnce(OutboundOrder) -> BoxFuture<'static, Result<Uuid>> + Send,
) -> Result<row::Model> {
    let app = outbound.app().clone();
    let known = know(outbound, principal, asked).await?;
    let (agent, who) = (principal.user_id, Who::user(principal));
    let guard = Guard {
        app: app.clone(),
        floor: outbound.floor().clone(),
        settings: outbound.settings().clone(),
    };
    let let_out = app
        .db
        .write(async move |tx| {
            let mut number = None;
            match guard.let_out(&tx, &known, &mut number).await? {
                Ok(let_out) => Ok(Ok(let_out)),
                Err(why) => {
                    let refused = Refused {
                        agent: known.principal.user_id,
                        name: &known.principal.name,
                        purpose: &known.asked.purpose,
                        number: number.as_ref(),
                    };
                    refused::note(&guard.app, &tx, refused, why).await?;
                    Ok(Err(why))
                }
            }
        })
        .await?;
    let LetOut { order, work } = let_out.map_err(refused::told)?;
    let asked = OutboundOrder {
        agent,
        number: order.number.clone(),
        caller_id: order.caller_id.clone(),
        purpose: order.purpose.clone(),
        queue: order.queue.clone(),
        ticket_id: order.ticket_id,
        list_item_id: order.item_id,
        callback_work: work,
    };
    match dial(asked).await {
        Ok(call) => placed_as(outbound, order.id, call).await,
        Err(problem) => {
            heard::never_placed(outbound, order.id, problem.code, &who).await?;
            Err(problem)
        }
    }
}

/// Asks other capabilities before the transaction.
async fn know(outbound: &Outbound, principal: &Principal, asked: Asked) -> Result<Known> {
    let conn = outbound.app().db.read();
    let mut requester = None;
    let mut of_ticket = None;
    if let Some(ticket) = asked.ticket_id {
        let ticket = outbound.house()?.ticket(principal, ticket).await?;
        requester = Some(ticket.requester_id);
        let known = requesters::find(conn, ticket.requester_id).await?;
        of_ticket = known
            .and_then(|known| known.phone)
            .map(|phone| phone.reveal().to_owned());
    }
    Ok(Known {
        state: outbound.floor().state_of(principal.user_id),
        asked,
        principal: principal.clone(),
        requester,
        of_ticket,
    })
}

/// The row with the call it became. The call may be over by now.
async fn placed_as(outbound: &Outbound, order: Uuid, call: Uuid) -> Result<row::Model> {
    let app = outbound.app();
    app.db
        .write(async move |tx| {
            let changed = row::ActiveModel {
                id: Set(order),
                state: Set(OrderState::Placed.as_str().to_owned()),
                call_id: Set(Some(call)),
                ..Default::default()
            };
            row::Entity::update(changed).exec(&*tx).await?;
            Ok(())
        })
        .await?;
    heard::look_again(outbound, call).await?;
    row::Entity::find_by_id(order)
        .one(app.db.read())
        .await?
        .ok_or_else(|| internal("an outbound call is gone"))
}

struct Guard {
    app: App,
    floor: Floor,
    settings: super::OutboundSettings,
}

impl Guard {
    /// Asks one thing after the other; `number` is told as soon as it is known.
    async fn let_out(
        &self,
        tx: &Tx,
        known: &Known,
        number: &mut Option<Number>,
    ) -> Result<Result<LetOut, Refusal>> {
        let (app, asked, now) = (&self.app, &known.asked, self.app.clock.now());
        let agent = known.principal.user_id;
        macro_rules! allowed {
            ($asked:expr) => {
                match $asked {
                    Ok(answer) => answer,
                    Err(why) => return Ok(Err(why)),
                }
            };
        }
        *number = asked.to.as_deref().and_then(requesters::normalise);
        allowed!(guard::agent_may(known.state));
        let purpose = rules::purpose(&**tx, &asked.purpose, now).await?;
        let about = About {
            ticket: asked.ticket_id.is_some(),
            item: asked.item_id.is_some(),
            callback: asked.callback_id.is_some(),
            desk_phone: asked.desk_phone,
        };
        let note = asked.note.is_some();
        let purpose = allowed!(guard::purpose_fits(purpose.as_ref(), about, note));

        let callback = match asked.callback_id {
            Some(id) => Some(callback::store::get(&**tx, id).await?),
            None => None,
        };
        let item = match asked.item_id {
            Some(id) => Some(follow_up::store::item(&**tx, id).await?),
            None => None,
        };
        if let Some(callback) = &callback {
            if !callback.open {
                return Err(callback::Refusal::Ended.about("the call-back"));
            }
            if callback.owner_id.is_some_and(|owner| owner != agent) {
                return Ok(Err(Refusal::NotYours));
            }
        }
        if let Some(item) = &item
            && item.owner_id.is_some_and(|owner| owner != agent)
        {
            return Ok(Err(Refusal::NotYours));
        }
        let given = [
            callback.as_ref().map(|callback| callback.number.as_str()),
            item.as_ref().map(|item| item.number.as_str()),
        ];
        let given: Vec<Number> = given
            .into_iter()
            .flatten()
            .filter_map(requesters::normalise)
            .collect();
        let of_ticket = known.of_ticket.as_deref().and_then(requesters::normalise);
        let to = number.clone().or_else(|| given.first().cloned());
        let to = if asked.to.is_some() {
            number.clone()
        } else {
            to.or(of_ticket)
        };
        let to = allowed!(to.ok_or(Refusal::NoNumber));
        *number = Some(to.clone());
        if given.iter().any(|given| *given != to) {
            return Ok(Err(Refusal::OtherNumber));
        }

        let Counted { day, hash } = allowed!(budget::take(app, tx, agent, &to).await?);
        let order = app.ids.next();
        let ticket = asked
            .ticket_id
            .filter(|_| purpose.code == do_not_call::PERMITTED_FOR);
        let permit = do_not_call::store::passes(&**tx, now, &hash, agent, ticket, order);
        let permit = allowed!(permit.await?);

        let requester = known
            .requester
            .or(callback.as_ref().and_then(|callback| callback.requester_id))
            .or(item.as_ref().and_then(|item| item.requester_id));
        let work = match &callback {
            Some(callback) => callback::store::missed_of(&**tx, callback.id)
                .await?
                .first()
                .map(|missed| missed.work_id),
            None => None,
        };
        let queue = callback
            .as_ref()
            .and_then(|callback| callback.queue.clone())
            .unwrap_or_else(|| self.settings.queue.clone());
        let caller_id = budget::shown(&self.floor, &queue, &self.settings);
        let row = row::Model {
            id: order,
            day,
            agent_id: agent,
            number: to.text,
            number_hash: hash,
            requester_id: requester,
            purpose: purpose.code.clone(),
            note: asked.note.clone(),
            queue: Some(queue),
            caller_id,
            ticket_id: asked
                .ticket_id
                .or(item.as_ref().and_then(|item| item.ticket_id)),
            item_id: asked.item_id,
            callback_id: asked.callback_id,
            permit_id: permit,
            state: OrderState::Ordered.as_str().to_owned(),
            problem: None,
            call_id: None,
            outcome: None,
            placed_at: now,
            answered_at: None,
            ended_at: None,
            within_call: None,
        };
        let who = Who::user(&known.principal);
        if let Some(item) = &item {
            follow_up::store::called(app, tx, &who, item, order).await?;
        }
        if let Some(callback) = callback.filter(|callback| callback.owner_id.is_none()) {
            // Who takes up what nobody has, has it.
            let take = (callback::Action::Assign { to: agent }, |_: &mut _| {});
            callback::store::act(app, tx, &who, &callback, take).await?;
        }
        row::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(&**tx)
            .await?;
        let details = json!({
            "purpose": row.purpose, "number": audit::digest(app.key.bytes(), &row.number), "ticket_id": row.ticket_id,
            "item_id": row.item_id, "callback_id": row.callback_id, "permit_id": row.permit_id,
        });
        audit::record(
            app,
            &**tx,
            &who,
            "outbound.ordered",
            "outbound_call",
            row.id,
            details,
        )
        .await?;
        Ok(Ok(LetOut { order: row, work }))
    }
}
