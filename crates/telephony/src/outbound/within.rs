//! Numbers outside that are called from a running call (咨询、转接). They pass what every call that goes out passes and
//! count with it, so that no way round the caps leads over a call that came in (peers.md §5.2, 33).

use async_trait::async_trait;
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result};
use kernel::{App, Tx, rule};
use requesters::Number;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::budget::{self, Counted};
use super::guard::{self, Refusal};
use super::refused::{self, Refused};
use super::rules::OutboundNumber;
use super::store::{OrderState, row};
use super::{Outbound, do_not_call};
use crate::engine::{FromCall, NumberGuard};

/// Guards the numbers that running calls call.
pub(crate) struct Within(pub Outbound);

#[async_trait]
impl NumberGuard for Within {
    async fn let_out(&self, asked: FromCall) -> Result<Uuid, Problem> {
        let app = self.0.app().clone();
        let number = requesters::normalise(&asked.to.number);
        let name = self.0.floor().agent(asked.agent).await;
        let name = name.map_or(String::new(), |agent| agent.name);
        let db = app.db.clone();
        let let_out = db.write(async move |tx| {
            let answer = match &number {
                Some(number) => order(&app, &tx, &asked, (number, &name)).await?,
                None => Err(Refusal::NoNumber),
            };
            if let Err(why) = answer {
                let refused = Refused {
                    agent: asked.agent,
                    name: &name,
                    purpose: asked.way.as_str(),
                    number: number.as_ref(),
                };
                refused::note(&app, &tx, refused, why).await?;
            }
            Ok(answer)
        });
        let_out.await?.map_err(refused::told)
    }

    async fn not_called(&self, order: Uuid) {
        let app = self.0.app().clone();
        let db = app.db.clone();
        let given_back = db.write(async move |tx| {
            let changed = row::ActiveModel {
                id: Set(order),
                state: Set(OrderState::Failed.as_str().to_owned()),
                ended_at: Set(Some(app.clock.now())),
                ..Default::default()
            };
            row::Entity::update(changed).exec(&*tx).await?;
            Ok(())
        });
        if let Err(error) = given_back.await {
            // It counts although nobody was called: the caps hold all the same.
            tracing::warn!(%order, %error, "a call that was not placed still counts");
        }
    }

    async fn may_return(&self, number: &str) -> bool {
        let Some(number) = requesters::normalise(number) else {
            return false;
        };
        let (app, now) = (self.0.app(), self.0.app().clock.now());
        let rows = rule::in_force::<OutboundNumber>(app.db.read(), now).await;
        rows.is_ok_and(|rows| guard::number_fits(&rows, &number).is_ok())
    }
}

async fn order(
    app: &App,
    tx: &Tx,
    asked: &FromCall,
    (to, name): (&Number, &str),
) -> Result<Result<Uuid, Refusal>> {
    let now = app.clock.now();
    let Counted { day, hash } = match budget::take(app, tx, asked.agent, to).await? {
        Ok(counted) => counted,
        Err(why) => return Ok(Err(why)),
    };
    // A permit is for one call about a ticket; this one is none.
    if !do_not_call::store::holding(&**tx, now, &hash)
        .await?
        .is_empty()
    {
        return Ok(Err(Refusal::DoNotCall));
    }
    let row = row::Model {
        id: app.ids.next(),
        day,
        agent_id: asked.agent,
        number: to.text.clone(),
        number_hash: hash,
        requester_id: None,
        purpose: asked.way.as_str().to_owned(),
        note: None,
        queue: Some(asked.queue.clone()),
        caller_id: asked.to.caller_id.clone().unwrap_or_default(),
        ticket_id: None,
        item_id: None,
        callback_id: None,
        permit_id: None,
        state: OrderState::Placed.as_str().to_owned(),
        problem: None,
        call_id: None,
        outcome: None,
        placed_at: now,
        answered_at: None,
        ended_at: None,
        within_call: Some(asked.call),
    };
    let id = row.id;
    let details = json!({
        "purpose": row.purpose, "number": audit::digest(app.key.bytes(), &row.number), "within_call": asked.call,
    });
    row::Entity::insert(row.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    let who = Who {
        user_id: Some(asked.agent),
        session_id: None,
        name: name.to_owned(),
    };
    audit::record(
        app,
        &**tx,
        &who,
        "outbound.ordered",
        "outbound_call",
        id,
        details,
    )
    .await?;
    Ok(Ok(id))
}

/// A running call is over, and with it what was called from it.
pub(super) async fn over(outbound: &Outbound, call: Uuid) -> Result<()> {
    let now = outbound.app().clock.now();
    outbound
        .app()
        .db
        .write(async move |tx| {
            row::Entity::update_many()
                .col_expr(row::Column::State, Expr::value(OrderState::Ended.as_str()))
                .col_expr(row::Column::EndedAt, Expr::value(now))
                .filter(row::Column::WithinCall.eq(call))
                .filter(row::Column::State.eq(OrderState::Placed.as_str()))
                .exec(&*tx)
                .await?;
            Ok(())
        })
        .await
}
