//! The rows of the block list, and what follows from each step.

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found, refused};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Permission as _, Scope, Tx};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder as _, Select,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Action, Case, Moment, State, Terms};
use crate::ViewBlocks;
use crate::number::{NumberKind, normalise};
use crate::person::store::same_person;
use crate::requester::store::by_number;

kernel::table! {
    /// One block, from being asked for to its end. `channels` names those it covers; none means every written one.
    pub mod row = "requester_blocks" (id: Uuid) {
        requester_id: Uuid,
        channels: Json,
        reason: String,
        evidence: String,
        from_at: DateTimeUtc,
        until_at: DateTimeUtc,
        state: String,
        open: bool,
        asked_by: Uuid,
        asked_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        decision: Option<String>,
        lifted_by: Option<Uuid>,
        lifted_at: Option<DateTimeUtc>,
        lifted_for: Option<String>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |block| format!("block `{}`", block.id));

/// The telephone, which a block covers only where it names it: whoever is in danger can call.
pub const VOICE: &str = "voice";

/// The parameter with the longest that a block may last, in days.
pub const LONGEST_DAYS: &str = "requesters.longest_block_days";
/// While no row of it was recorded.
const SHIPPED_DAYS: i64 = 90;

/// A block in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The block.
    pub block_id: Uuid,
    /// Whom it was approved for; another requester of the same person may be.
    pub requester_id: Uuid,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// The block that keeps this person from this channel now; the one that lasts longest.
pub async fn blocked(
    conn: &impl ConnectionTrait,
    requester_id: Uuid,
    channel: &str,
    now: DateTime<Utc>,
) -> Result<Option<Blocked>> {
    let person = same_person(conn, requester_id).await?;
    let rows = in_force(now)
        .filter(Column::RequesterId.is_in(person))
        .order_by_desc(Column::UntilAt)
        .all(conn)
        .await?;
    let found = rows.into_iter().find(|row| row.covers(channel));
    Ok(found.map(|row| Blocked {
        block_id: row.id,
        requester_id: row.requester_id,
        reason: row.reason,
        until: row.until_at,
    }))
}

/// Who calls from this number and may not: three look-ups by index. A number that is hidden, or nobody's own, is that of
/// many and blocks nobody.
pub async fn blocked_caller(
    app: &App,
    conn: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<Uuid>> {
    let own = normalise(number).filter(|number| {
        matches!(
            number.kind,
            NumberKind::Mobile | NumberKind::Landline | NumberKind::Foreign
        )
    });
    let Some(own) = own else { return Ok(None) };
    let Some(caller) = by_number(app, conn, &own.text).await? else {
        return Ok(None);
    };
    let block = blocked(conn, caller.id, VOICE, app.clock.now()).await?;
    Ok(block.map(|_| caller.id))
}

fn in_force(now: DateTime<Utc>) -> Select<row::Entity> {
    row::Entity::find().filter(holds(now))
}

fn holds(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Column::Open.eq(true))
        .add(Column::State.eq(State::Approved.as_str()))
        .add(Column::FromAt.lte(now))
        .add(Column::UntilAt.gt(now))
}

impl row::Model {
    /// The channels it names; none means every written one.
    pub fn named(&self) -> Vec<String> {
        let named = self.channels.as_array().into_iter().flatten();
        named
            .filter_map(|code| code.as_str().map(str::to_owned))
            .collect()
    }

    fn covers(&self, channel: &str) -> bool {
        let named = self.named();
        if named.is_empty() {
            channel != VOICE
        } else {
            named.iter().any(|named| named == channel)
        }
    }

    /// The block as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("{} has no valid state", self.what())))?;
        Ok(Case {
            state,
            asked_by: self.asked_by,
            from: self.from_at,
            until: self.until_at,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.from_at = case.from;
        self.until_at = case.until;
        self.next_alarm_at = case.alarm_at();
        self
    }
}

/// A block as the page of its requester shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockStanding {
    /// The block.
    pub id: Uuid,
    /// `requested` or `approved`.
    pub state: String,
    /// It keeps him away now.
    pub in_force: bool,
    /// The channels it names; none means every written one.
    pub channels: Vec<String>,
    /// Why.
    pub reason: String,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// The open blocks of a person, those that end last first.
pub(crate) async fn standing_of(
    conn: &impl ConnectionTrait,
    person: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<BlockStanding>> {
    let rows = row::Entity::find()
        .filter(Column::RequesterId.is_in(person.iter().copied()))
        .filter(Column::Open.eq(true))
        .filter(Column::UntilAt.gt(now))
        .order_by_desc(Column::UntilAt)
        .all(conn)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(BlockStanding {
                in_force: row.case()?.holds_at(now),
                channels: row.named(),
                id: row.id,
                state: row.state,
                reason: row.reason,
                from: row.from_at,
                until: row.until_at,
            })
        })
        .collect()
}

/// What the list may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `requested`, `approved`, `declined`, `lifted` or `over`.
    pub state: Option<String>,
    /// Only those asked for or in force, or only those that are over.
    pub open: Option<bool>,
    /// Only those that keep somebody away now.
    pub in_force: Option<bool>,
    /// Only those of the person that this requester is.
    pub requester: Option<Uuid>,
}

fn visible(scope: &Scope) -> Select<row::Entity> {
    match scope {
        Scope::All => row::Entity::find(),
        Scope::Own(user) => row::Entity::find().filter(Column::AskedBy.eq(*user)),
        Scope::Queues(_) => row::Entity::find().filter(Column::Id.is_null()),
    }
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    scope: &Scope,
    (query, filter): (&ListQuery, &Filter),
) -> Result<Page<row::Model>> {
    let person = match filter.requester {
        Some(requester) => Some(same_person(conn, requester).await?),
        None => None,
    };
    let in_force = filter
        .in_force
        .map(|wanted| if wanted { holds(now) } else { holds(now).not() });
    let all = Condition::all()
        .add_option(filter.state.as_deref().map(|state| Column::State.eq(state)))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(in_force)
        .add_option(person.map(|person| Column::RequesterId.is_in(person)))
        .add_option(query.words_in(&[Column::Reason, Column::Evidence])?);
    let select = visible(scope).filter(all);
    let sortable = [("asked_at", Column::AskedAt), ("until", Column::UntilAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    visible(scope)
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("block"))
}

/// What a block is asked for with.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub requester_id: Uuid,
    pub channels: Vec<String>,
    pub reason: String,
    pub evidence: String,
    pub from: Option<DateTime<Utc>>,
    pub until: DateTime<Utc>,
}

/// What is agreed now.
async fn terms(app: &App, conn: &impl ConnectionTrait) -> Result<Terms> {
    let row = app
        .params
        .row_at(conn, LONGEST_DAYS, app.clock.now())
        .await?;
    let longest_days = match row {
        Some(row) => row
            .value
            .parse()
            .map_err(|_| internal(format!("parameter {LONGEST_DAYS} is no number")))?,
        None => SHIPPED_DAYS,
    };
    Ok(Terms { longest_days })
}

pub(crate) async fn ask(
    app: &App,
    tx: &Tx,
    who: &Who,
    asked_by: Uuid,
    new: New,
) -> Result<row::Model> {
    let now = app.clock.now();
    let rules = terms(app, &**tx).await?;
    let times = (new.from.unwrap_or(now), new.until);
    let case = Case::asked(asked_by, times, &Moment { now, rules: &rules })
        .map_err(|refusal| refusal.about("the block").with_field("until"))?;
    let person = same_person(&**tx, new.requester_id).await?;
    let waiting = row::Entity::find()
        .filter(Column::RequesterId.is_in(person))
        .filter(Column::State.eq(State::Requested.as_str()))
        .filter(Column::UntilAt.gt(now))
        .one(&**tx)
        .await?;
    if let Some(waiting) = waiting {
        let detail = "a block of this person waits for its decision";
        return Err(refused("requester_block_waiting", detail)
            .with_way_out("decide that one first")
            .with("block_id", waiting.id.to_string()));
    }
    let asked = row::Model {
        id: app.ids.next(),
        requester_id: new.requester_id,
        channels: json!(new.channels),
        reason: new.reason,
        evidence: new.evidence,
        from_at: case.from,
        until_at: case.until,
        state: String::new(),
        open: true,
        asked_by,
        asked_at: now,
        decided_by: None,
        decided_at: None,
        decision: None,
        lifted_by: None,
        lifted_at: None,
        lifted_for: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&case);
    versioned::insert(&**tx, &asked).await?;
    tell(app, tx, who, &asked, None).await?;
    Ok(asked)
}

/// Does `action` to a block as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (action, note): (Action, Option<String>),
) -> Result<row::Model> {
    let now = app.clock.now();
    let rules = terms(app, &**tx).await?;
    let case = before
        .case()?
        .next(&action, &Moment { now, rules: &rules })
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone().with_case(&case);
    match action {
        Action::Approve { .. } | Action::Decline => {
            after.decided_by = who.user_id;
            after.decided_at = Some(now);
            after.decision.clone_from(&note);
        }
        Action::Lift => {
            after.lifted_by = who.user_id;
            after.lifted_at = Some(now);
            after.lifted_for.clone_from(&note);
        }
        Action::Lapse => {}
    }
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, note.as_deref()).await?;
    Ok(after)
}

/// Audit trail, event, and the screens.
async fn tell(app: &App, tx: &Tx, who: &Who, block: &row::Model, note: Option<&str>) -> Result<()> {
    let kind = match State::parse(&block.state) {
        Some(State::Approved) => "requester_block.approved",
        Some(State::Declined) => "requester_block.declined",
        Some(State::Lifted) => "requester_block.lifted",
        Some(State::Over) => "requester_block.over",
        Some(State::Requested) | None => "requester_block.requested",
    };
    let facts = json!({
        "block_id": block.id,
        "requester_id": block.requester_id,
        "state": block.state,
        "channels": block.channels,
        "reason": block.reason,
        "from": block.from_at,
        "until": block.until_at,
        "asked_by": block.asked_by,
        "by": who.user_id,
        "note": note,
    });
    audit::record(
        app,
        &**tx,
        who,
        kind,
        "requester_block",
        block.id,
        facts.clone(),
    )
    .await?;
    app.events.publish(tx, kind, block.id, facts).await?;
    let audience = Audience::Permission(ViewBlocks::CODE);
    let data = json!({ "id": block.id, "requester_id": block.requester_id, "state": block.state });
    app.live
        .publish_after(tx, audience, "requester_block", data);
    Ok(())
}

/// The blocks, as the timer sees them.
pub(crate) struct Blocks;

impl Alarmed for Blocks {
    type Entity = row::Entity;
    const HANDLER: &'static str = "requesters.wake_blocks";
    const KINDS: &'static [&'static str] = &["requester_block.requested"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("blocks");
        for block in due {
            act(&app, &tx, &who, &block, (Action::Lapse, None)).await?;
        }
        Ok(())
    }
}
