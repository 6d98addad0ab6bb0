//! Calls that were not let out: kept, counted, and told where somebody tries more than is agreed.

use std::sync::LazyLock;

use kernel::metrics::{self, IntCounterVec};
use kernel::problem::{Problem, Result};
use kernel::{App, Audience, Permission as _, Phone, Tx};
use requesters::Number;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _, PaginatorTrait, QueryFilter,
};
use serde_json::json;
use uuid::Uuid;

use super::callback::store::hash_of;
use super::guard::Refusal;
use super::store::{self, refusal};
use crate::ViewTelephony;

static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counters(
        "shoujie_outbound_refused_total",
        "Outbound calls that were not let out",
        &["code"],
    )
});

/// Who was refused what.
pub(super) struct Refused<'a> {
    pub agent: Uuid,
    pub name: &'a str,
    pub purpose: &'a str,
    pub number: Option<&'a Number>,
}

/// What the asker is told.
pub(super) fn told(why: Refusal) -> Problem {
    REFUSED.with_label_values(&[why.code()]).inc();
    why.about("the call")
}

/// Keeps a refusal; one above the caps is told to who may do something about it.
pub(super) async fn note(app: &App, tx: &Tx, refused: Refused<'_>, why: Refusal) -> Result<()> {
    let now = app.clock.now();
    let (agent, day) = (refused.agent, store::day_of(now));
    let known_before = why.is_cap() && told_today(&**tx, &day, why, agent).await?;
    let number = refused.number;
    let row = refusal::Model {
        id: app.ids.next(),
        at: now,
        day,
        agent_id: agent,
        code: why.code().to_owned(),
        purpose: refused.purpose.chars().take(40).collect(),
        number: number.map_or(String::new(), |number| Phone::new(&*number.text).masked()),
        number_hash: number.map(|number| hash_of(app, &number.text)),
    };
    let id = row.id;
    refusal::Entity::insert(row.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    if !why.is_cap() {
        return Ok(());
    }
    let facts = json!({
        "code": why.code(), "agent": agent, "agent_name": refused.name, "at": now,
    });
    let audience = Audience::Permission(ViewTelephony::CODE);
    app.live.publish_after(tx, audience, "alarm", facts.clone());
    if !known_before {
        app.events.publish(tx, "outbound.capped", id, facts).await?;
    }
    Ok(())
}

/// Whether the same was refused to the same agent today: one notice is enough.
async fn told_today(
    conn: &impl ConnectionTrait,
    day: &str,
    why: Refusal,
    agent: Uuid,
) -> Result<bool> {
    use refusal::Column as C;
    let before = refusal::Entity::find()
        .filter(C::Day.eq(day))
        .filter(C::Code.eq(why.code()))
        .filter(C::AgentId.eq(agent));
    Ok(before.count(conn).await? > 0)
}
