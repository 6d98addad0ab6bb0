//! The rows of draws, and what a draw makes.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found, refused};
use kernel::{App, Scope, Side, Tx, rule, versioned};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Candidate, Origin, SamplingPlan, WorkKind, draw, place};
use crate::Desk;
use crate::evaluation::EvaluationState;
use crate::evaluation::store::{self as evaluations, Again, DrawnBy, row as evaluation};
use crate::house::{Contact, Contacts};
use crate::recording::store as signals;
use crate::trail::Scribe;

/// The longest period of one draw, in days.
const LONGEST_DAYS: i64 = 92;

kernel::table! {
    /// One draw of a plan over a period.
    pub mod row = "sampling_draws" (id: Uuid) {
        plan_code: String,
        plan: Json,
        period_from: DateTimeUtc,
        period_until: DateTimeUtc,
        seed: String,
        by_chance_at: Option<DateTimeUtc>,
        drawn_by: Option<Uuid>,
        drawn_at: DateTimeUtc,
        candidates: i32,
        drawn: i32,
        agents: Json,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// What the share by chance was drawn from: an agent's contacts of one kind, so that anybody can draw again.
    pub mod lot_row = "sampling_lots" (draw_id: Uuid, agent_id: Uuid, kind: String) {
        contacts: i32,
        ids: String,
    }
}

kernel::versioned!(row, |draw| format!("the draw of `{}`", draw.plan_code));

/// What was drawn of one agent's contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrawnOfAgent {
    /// Contacts he had in the period.
    pub contacts: u32,
    /// Drawn by chance.
    pub by_chance: u32,
    /// Drawn because something stood out; also those drawn by chance as well.
    pub by_risk: u32,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
) -> Result<Page<row::Model>> {
    let select = row::Entity::find();
    let select = match query.words_in(&[row::Column::PlanCode, row::Column::Seed])? {
        Some(words) => select.filter(words),
        None => select,
    };
    let sortable = [("drawn_at", row::Column::DrawnAt)];
    paginate(conn, select, query, &sortable, row::Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).one(conn).await?;
    found.ok_or_else(|| not_found("sampling draw"))
}

pub(crate) async fn of_period(
    conn: &impl ConnectionTrait,
    plan: &str,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::PlanCode.eq(plan))
        .filter(row::Column::PeriodFrom.eq(from))
        .filter(row::Column::PeriodUntil.eq(until))
        .one(conn)
        .await?)
}

/// Another period that holds a part of this one was drawn: who may shift a period may choose his samples.
async fn overlaps(conn: &impl ConnectionTrait, wish: &Wish) -> Result<bool> {
    let drawn = row::Entity::find()
        .filter(row::Column::PlanCode.eq(wish.plan.as_str()))
        .filter(row::Column::ByChanceAt.is_not_null())
        .filter(row::Column::PeriodFrom.lt(wish.until))
        .filter(row::Column::PeriodUntil.gt(wish.from))
        .count(conn)
        .await?;
    Ok(drawn > 0)
}

/// A draw to be made.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub plan: String,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// False while the period is not over.
    pub by_chance: bool,
}

/// Draws by a plan that is in force. A second draw of the same period goes on with its seed and its plan, and makes only
/// what was not drawn yet.
pub(crate) async fn make(desk: &Desk, who: Who, wish: Wish) -> Result<row::Model> {
    let app = desk.app.clone();
    let now = app.clock.now();
    let days = (wish.until - wish.from).num_days();
    if wish.from >= wish.until || days > LONGEST_DAYS {
        let detail = "a period of 92 days at most";
        return Err(invalid("until", "period_out_of_range", detail));
    }
    if wish.by_chance && wish.until > now {
        let detail = "by chance is drawn when the period is over";
        return Err(invalid("until", "period_not_over", detail));
    }
    let conn = app.db.read();
    let period = (wish.from, wish.until);
    let before = of_period(conn, &wish.plan, period).await?;
    if before.is_none() && who.user_id.is_some() && overlaps(conn, &wish).await? {
        let detail = "a part of this period was drawn by this plan";
        return Err(refused("draw_overlaps", detail).with_way_out("draw the same period again"));
    }
    let plan: SamplingPlan = if let Some(before) = &before {
        serde_json::from_value(before.plan.clone()).map_err(internal)?
    } else {
        let held = rule::in_force::<SamplingPlan>(conn, now).await?;
        let mut active = held.into_iter().filter(|plan| plan.active);
        let found = active.find(|plan| plan.code == wish.plan);
        found.ok_or_else(|| invalid("plan", "plan_unknown", "no such plan is in force"))?
    };
    let again = plan
        .repeat_hours
        .map(|hours| TimeDelta::hours(hours.into()));
    let mut contacts = HashMap::new();
    for kind in &plan.kinds {
        let asked = desk.contacts.between(*kind, wish.from, wish.until, again);
        let found = asked.await?;
        contacts.extend(found.into_iter().map(|contact| (contact.id, contact)));
    }
    let silences = signals::silences(conn, contacts.keys().copied().collect()).await?;
    let candidates: Vec<Candidate> = contacts
        .values()
        .map(|contact| candidate(contact, &silences))
        .collect();
    // By chance is drawn once, and nobody knows its seed before.
    let over = before.as_ref().filter(|draw| draw.by_chance_at.is_some());
    let by_chance = wish.by_chance && over.is_none();
    let seed = match over {
        Some(before) => before.seed.clone(),
        None if by_chance => app.ids.secret(16),
        None => String::new(),
    };
    let drawn = draw(&plan, &seed, &candidates, by_chance);
    let mut agents: BTreeMap<Uuid, DrawnOfAgent> = BTreeMap::new();
    for one in &candidates {
        agents.entry(one.agent).or_default().contacts += 1;
    }
    for one in &drawn {
        let counted = agents.entry(one.agent).or_default();
        let by_chance = one.origins.contains(&Origin::Random);
        counted.by_chance += u32::from(by_chance);
        counted.by_risk += u32::from(one.origins.iter().any(|origin| *origin != Origin::Random));
    }
    let count = |many: usize| i32::try_from(many).map_err(internal);
    let made = row::Model {
        id: before
            .as_ref()
            .map_or_else(|| app.ids.next(), |before| before.id),
        plan_code: plan.code.clone(),
        plan: serde_json::to_value(&plan).map_err(internal)?,
        period_from: wish.from,
        period_until: wish.until,
        seed,
        by_chance_at: match &before {
            Some(before) if before.by_chance_at.is_some() => before.by_chance_at,
            _ => by_chance.then_some(now),
        },
        drawn_by: who.user_id,
        drawn_at: now,
        candidates: match over {
            Some(before) => before.candidates,
            None => count(candidates.len())?,
        },
        drawn: match over {
            Some(before) => before.drawn,
            None => count(drawn.len())?,
        },
        agents: match over {
            Some(before) => before.agents.clone(),
            None => serde_json::to_value(&agents).map_err(internal)?,
        },
        state: "drawn".to_owned(),
        updated_at: now,
        version: 1,
    };
    let lots = if by_chance {
        lots(made.id, contacts.values())?
    } else {
        Vec::new()
    };
    let work = move |tx: Tx| async move {
        let chosen = drawn
            .into_iter()
            .filter_map(|one| {
                contacts
                    .remove(&one.id)
                    .map(|contact| (contact, one.origins))
            })
            .collect();
        let kept = keep(&app, &tx, &who, (before, made), chosen).await?;
        for some in lots.chunks(AT_ONCE) {
            let some = some.iter().cloned();
            lot_row::Entity::insert_many(some.map(|lot| lot.into_active_model().reset_all()))
                .exec_without_returning(&*tx)
                .await?;
        }
        Ok(kept)
    };
    desk.app.db.write(work).await
}

/// The contacts by agent and kind: 32 hexadecimal digits of each id, in their order.
fn lots<'a>(
    draw: Uuid,
    contacts: impl Iterator<Item = &'a Contact>,
) -> Result<Vec<lot_row::Model>> {
    let mut of: BTreeMap<(Uuid, &'static str), Vec<Uuid>> = BTreeMap::new();
    for contact in contacts {
        let theirs = of
            .entry((contact.agent, contact.kind.as_str()))
            .or_default();
        theirs.push(contact.id);
    }
    let lot = |((agent_id, kind), mut ids): ((Uuid, &str), Vec<Uuid>)| {
        ids.sort_unstable();
        Ok(lot_row::Model {
            draw_id: draw,
            agent_id,
            kind: kind.to_owned(),
            contacts: i32::try_from(ids.len()).map_err(internal)?,
            ids: ids.iter().map(|id| hex::encode(id.as_bytes())).collect(),
        })
    };
    of.into_iter().map(lot).collect()
}

/// The contacts of an agent from which the share by chance was drawn, in the order of the draw.
pub(crate) async fn lot(
    conn: &impl ConnectionTrait,
    draw: &row::Model,
    agent: Uuid,
) -> Result<Vec<(Uuid, WorkKind)>> {
    let kept = lot_row::Entity::find()
        .filter(lot_row::Column::DrawId.eq(draw.id))
        .filter(lot_row::Column::AgentId.eq(agent))
        .all(conn)
        .await?;
    let mut ids = Vec::new();
    for lot in kept {
        let kind = WorkKind::parse(&lot.kind);
        let kind = kind.ok_or_else(|| internal("a lot without its kind"))?;
        for digits in lot.ids.as_bytes().chunks(32) {
            ids.push((Uuid::try_parse_ascii(digits).map_err(internal)?, kind));
        }
    }
    ids.sort_by_cached_key(|(id, _)| place(&draw.seed, *id));
    Ok(ids)
}

fn candidate(contact: &Contact, silences: &HashMap<Uuid, u64>) -> Candidate {
    Candidate {
        id: contact.id,
        agent: contact.agent,
        complained: contact.has_complaint,
        dissatisfied: contact.dissatisfied,
        silence_ms: silences.get(&contact.id).copied(),
        again_after_minutes: contact.again_after_minutes,
    }
}

async fn keep(
    app: &App,
    tx: &Tx,
    who: &Who,
    (before, made): (Option<row::Model>, row::Model),
    chosen: Vec<(Contact, Vec<Origin>)>,
) -> Result<row::Model> {
    let kept = if let Some(before) = before {
        versioned::save(app, &**tx, &before, made).await?
    } else {
        if of_period(
            &**tx,
            &made.plan_code,
            (made.period_from, made.period_until),
        )
        .await?
        .is_some()
        {
            let detail = "somebody draws this period at this very moment";
            return Err(refused("draw_running", detail));
        }
        versioned::insert(&**tx, &made).await?;
        made
    };
    let mut there = drawn_before(&**tx, chosen.iter().map(|(contact, _)| contact.id)).await?;
    let (again, new): (Vec<_>, Vec<_>) = chosen
        .into_iter()
        .partition(|(contact, _)| there.contains_key(&contact.id));
    let hand = evaluations::Hand {
        app,
        tx,
        who,
        side: Side::Supplier,
    };
    let by = DrawnBy {
        draw: Some(kept.id),
        ..DrawnBy::default()
    };
    // A complaint may come, or the share by chance be drawn, after something else drew it.
    for (contact, mut origins) in again {
        let Some(known) = there.remove(&contact.id) else {
            continue;
        };
        let before = known.origins();
        origins.extend(&before);
        origins.sort_unstable();
        origins.dedup();
        let complaint = known.complained_id.is_none()
            && contact.complained.is_some_and(|who| who != known.agent_id);
        if origins != before || complaint {
            let again = Again {
                origins: &origins,
                complained: contact.complained,
                by,
            };
            evaluations::drawn_again(&hand, known, again).await?;
        }
    }
    let drawn = new.len();
    evaluations::sample(app, tx, who, by, new).await?;
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "sampling_draw",
        id: kept.id,
        hidden: Vec::new(),
    };
    let facts =
        json!({ "number": kept.plan_code, "seed": kept.seed, "drawn": drawn, "recipients": [] });
    scribe.tell("drawn", None, facts).await?;
    Ok(kept)
}

/// Ids of one statement.
const AT_ONCE: usize = 500;

async fn drawn_before(
    conn: &impl ConnectionTrait,
    contacts: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, evaluation::Model>> {
    let mut there = HashMap::new();
    for some in contacts.collect::<Vec<_>>().chunks(AT_ONCE) {
        let found = evaluation::Entity::find()
            .filter(evaluation::Column::ContactId.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        there.extend(found.into_iter().map(|row| (row.contact_id, row)));
    }
    Ok(there)
}

/// In place of a voided sample that was drawn by chance draws the next in the order of its agent's contacts, so that
/// nobody makes the share smaller by voiding; none where his contacts are used up.
pub(crate) async fn substitute(
    app: &App,
    tx: &Tx,
    contacts: &dyn Contacts,
    voided: &evaluation::Model,
) -> Result<()> {
    let by_chance = voided.origins().contains(&Origin::Random);
    let Some(id) = voided.draw_id.filter(|_| by_chance) else {
        return Ok(());
    };
    let lot = lot(&**tx, &get(&**tx, id).await?, voided.agent_id).await?;
    let mut there = drawn_before(&**tx, lot.iter().map(|(id, _)| *id)).await?;
    let who = Who::system("quality");
    let hand = evaluations::Hand {
        app,
        tx,
        who: &who,
        side: Side::Supplier,
    };
    let by = DrawnBy {
        draw: Some(id),
        replaces: Some(voided.id),
        note: "",
    };
    for (contact, kind) in lot {
        if let Some(known) = there.remove(&contact) {
            let mut origins = known.origins();
            let void = known.state == EvaluationState::Void.as_str();
            if void || origins.contains(&Origin::Random) {
                continue;
            }
            origins.insert(0, Origin::Random);
            let again = Again {
                origins: &origins,
                complained: None,
                by,
            };
            return evaluations::drawn_again(&hand, known, again).await;
        }
        // What is gone, or another's by now, was his to draw no more.
        let found = contacts.one(kind, contact).await?;
        let Some(contact) = found.filter(|one| one.agent == voided.agent_id) else {
            continue;
        };
        let drawn = vec![(contact, vec![Origin::Random])];
        let rows = evaluations::sample(app, tx, &who, by, drawn).await?;
        for row in &rows {
            hand.tell(row, "sampled", Some(&voided.number)).await?;
        }
        return Ok(());
    }
    Ok(())
}

/// The most voided samples that are shown of a draw.
const MOST_VOIDED: u64 = 500;

/// The samples of draws that were voided and are not about who asks, the latest first.
pub(crate) async fn voided(
    conn: &impl ConnectionTrait,
    draw: Uuid,
    user: Uuid,
) -> Result<Vec<evaluation::Model>> {
    Ok(evaluation::Entity::find()
        .filter(evaluations::visible(&Scope::All, user))
        .filter(evaluation::Column::DrawId.eq(draw))
        .filter(evaluation::Column::State.eq(EvaluationState::Void.as_str()))
        .order_by_desc(evaluation::Column::VoidedAt)
        .limit(MOST_VOIDED)
        .all(conn)
        .await?)
}

/// What was drawn in place of these, and is not about who asks.
pub(crate) async fn in_place_of(
    conn: &impl ConnectionTrait,
    voided: &[evaluation::Model],
    user: Uuid,
) -> Result<HashMap<Uuid, evaluation::Model>> {
    let ids = voided.iter().map(|row| row.id);
    let found = evaluation::Entity::find()
        .filter(evaluations::visible(&Scope::All, user))
        .filter(evaluation::Column::ReplacesId.is_in(ids))
        .all(conn)
        .await?;
    let by_replaced = |row: evaluation::Model| row.replaces_id.map(|id| (id, row));
    Ok(found.into_iter().filter_map(by_replaced).collect())
}

/// How many samples of each of these draws were voided.
pub(crate) async fn voids(
    conn: &impl ConnectionTrait,
    draws: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, i64>> {
    let counted: Vec<(Uuid, i64)> = evaluation::Entity::find()
        .select_only()
        .column(evaluation::Column::DrawId)
        .column_as(evaluation::Column::Id.count(), "many")
        .filter(evaluation::Column::DrawId.is_in(draws))
        .filter(evaluation::Column::State.eq(EvaluationState::Void.as_str()))
        .group_by(evaluation::Column::DrawId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counted.into_iter().collect())
}
