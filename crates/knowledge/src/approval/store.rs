//! The rows of changes, and what follows from each step: for the version that stood before, and for what is changed.

use std::collections::HashMap;

use calendar::ServiceClock;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found, refused};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Role, Tx, words};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, ChangeState, Moment, Terms};
use crate::{article, fault_tree, number, terms};

/// Lines shown with a change; one that lives longer shows the last of them.
const SHOWN: u64 = 500;
/// How far ahead a change may be put into force.
const FURTHEST: TimeDelta = TimeDelta::days(366);

words! {
    /// What is changed.
    ChangeKind {
        /// 知识与口径
        Article = "article",
        /// 故障指引
        FaultTree = "fault_tree",
    }
}

kernel::table! {
    /// One change of one thing. What the rules see of it is a [`Case`].
    pub mod row = "approvals" (id: Uuid) {
        number: String,
        kind: String,
        subject_id: Uuid,
        subject_number: String,
        n: i32,
        title: String,
        section: Option<String>,
        author_id: Uuid,
        state: String,
        waiting: bool,
        in_force: bool,
        emergency: bool,
        reason: Option<String>,
        opinion: Option<String>,
        submitted_by: Option<Uuid>,
        submitted_at: Option<DateTimeUtc>,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        due_at: Option<DateTimeUtc>,
        reminders: i32,
        effective_at: Option<DateTimeUtc>,
        from_at: Option<DateTimeUtc>,
        until_at: Option<DateTimeUtc>,
        review_at: Option<DateTimeUtc>,
        due_for_review: bool,
        ended_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// The time line of a change.
    pub mod line_row = "approval_lines" (id: Uuid) {
        approval_id: Uuid,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        action: String,
        note: Option<String>,
    }
}

use row::Column;

kernel::versioned!(row, |change| format!("change `{}`", change.number));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<ChangeState> {
        ChangeState::parse(&self.state)
            .ok_or_else(|| internal(format!("change {} has no valid state", self.number)))
    }

    /// What is changed.
    pub fn what_kind(&self) -> Result<ChangeKind> {
        ChangeKind::parse(&self.kind)
            .ok_or_else(|| internal(format!("change {} has no valid kind", self.number)))
    }

    /// The change as its rules see it.
    pub fn case(&self) -> Result<Case> {
        Ok(Case {
            state: self.standing()?,
            emergency: self.emergency,
            due_at: self.due_at,
            reminders: u32::try_from(self.reminders).map_err(internal)?,
            effective_at: self.effective_at,
            until: self.until_at,
            review_at: self.review_at,
            due_for_review: self.due_for_review,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.waiting = matches!(
            case.state,
            ChangeState::Submitted | ChangeState::PendingRatification
        );
        self.in_force = case.state.in_force();
        self.emergency = case.emergency;
        self.due_at = case.due_at;
        self.reminders = case.reminders as i32;
        self.effective_at = case.effective_at;
        self.until_at = case.until;
        self.review_at = case.review_at;
        self.due_for_review = case.due_for_review;
        self.next_alarm_at = case.alarm_at();
        self
    }
}

/// The present with its rules, for the steps of one transaction.
pub(crate) struct Present {
    now: DateTime<Utc>,
    service: ServiceClock,
    terms: Terms,
}

impl Present {
    pub(crate) async fn read(app: &App, conn: &impl ConnectionTrait) -> Result<Self> {
        let now = app.clock.now();
        Ok(Self {
            now,
            service: organization::service_calendar::load(conn).await?,
            terms: Terms {
                decide: terms::rule(conn, "approval.decide", now).await?,
                ratify: terms::rule(conn, "approval.ratify", now).await?,
            },
        })
    }

    fn moment(&self) -> Moment<'_> {
        Moment {
            now: self.now,
            service: &self.service,
            rules: &self.terms,
        }
    }
}

/// What a list of changes may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those the purchaser owes a decision on, or only the others.
    pub waiting: Option<bool>,
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<ChangeState>,
    /// Only changes of this kind.
    #[param(inline)]
    pub kind: Option<ChangeKind>,
    /// Only changes of this thing.
    pub subject: Option<Uuid>,
    /// Only emergency changes, or only the others.
    pub emergency: Option<bool>,
    /// Only what is to be looked at again, or only the others.
    pub due_for_review: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.waiting.map(|waiting| Column::Waiting.eq(waiting)))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(filter.subject.map(|id| Column::SubjectId.eq(id)))
        .add_option(filter.emergency.map(|is| Column::Emergency.eq(is)))
        .add_option(filter.due_for_review.map(|is| Column::DueForReview.eq(is)))
        .add_option(query.words_in(&[Column::Number, Column::SubjectNumber, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [
        ("updated_at", Column::UpdatedAt),
        ("created_at", Column::CreatedAt),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("change"))
}

/// The changes with these ids.
pub(crate) async fn many(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<row::Model>> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(row::Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(conn)
        .await?)
}

/// The changes in force of these things.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    subjects: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, row::Model>> {
    let ids: Vec<Uuid> = subjects.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let held = row::Entity::find()
        .filter(Column::SubjectId.is_in(ids))
        .filter(Column::InForce.eq(true))
        .all(conn)
        .await?;
    Ok(held
        .into_iter()
        .map(|change| (change.subject_id, change))
        .collect())
}

/// The time line, the oldest line first.
pub(crate) async fn lines(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<line_row::Model>> {
    let mut lines = line_row::Entity::find()
        .filter(line_row::Column::ApprovalId.eq(id))
        .order_by_desc(line_row::Column::At)
        .order_by_desc(line_row::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?;
    lines.reverse();
    Ok(lines)
}

/// A version of something, as its change begins.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub kind: ChangeKind,
    pub subject_id: Uuid,
    pub subject_number: String,
    pub n: i32,
    pub title: String,
    pub section: Option<String>,
    pub author_id: Uuid,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub review_at: Option<DateTime<Utc>>,
}

/// Begins a change as a draft.
pub(crate) async fn begin(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let change = row::Model {
        id: app.ids.next(),
        number: number::of_day(&**tx, "BG", now).await?,
        kind: new.kind.as_str().to_owned(),
        subject_id: new.subject_id,
        subject_number: new.subject_number,
        n: new.n,
        title: new.title,
        section: new.section,
        author_id: new.author_id,
        state: String::new(),
        waiting: false,
        in_force: false,
        emergency: false,
        reason: None,
        opinion: None,
        submitted_by: None,
        submitted_at: None,
        decided_by: None,
        decided_at: None,
        due_at: None,
        reminders: 0,
        effective_at: None,
        from_at: new.from,
        until_at: None,
        review_at: None,
        due_for_review: false,
        ended_at: None,
        next_alarm_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::draft(new.until, new.review_at));
    versioned::insert(&**tx, &change).await?;
    tell(app, tx, who, &change, ("drafted", None)).await?;
    Ok(change)
}

/// Does `action` to a change; `more` writes what the rules do not know of. What stood before is paused, goes or
/// comes back with it, in the same transaction.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let present = Present::read(app, &**tx).await?;
    let case = before
        .case()?
        .next(action, &present.moment())
        .map_err(|refusal| refusal.about(&before.what()))?;
    let was = before.standing()?;
    let others = others(&**tx, before).await?;
    // One version holds at a time: who makes room goes first.
    if !was.in_force() && case.state.in_force() {
        for other in &others {
            match (other.standing()?, case.state) {
                (ChangeState::Effective, ChangeState::PendingRatification) => {
                    step(
                        app,
                        tx,
                        who,
                        &present,
                        other,
                        &Action::Pause,
                        ("paused", None),
                    )
                    .await?;
                }
                (ChangeState::Effective | ChangeState::Paused, ChangeState::Effective)
                | (ChangeState::PendingRatification, _) => {
                    let told = ("superseded", None);
                    step(app, tx, who, &present, other, &Action::Supersede, told).await?;
                }
                _ => {}
            }
        }
    }
    let after = write(app, tx, who, before, &case, (what, note), more).await?;
    if what == "approved" && case.state == ChangeState::Effective {
        tell(app, tx, who, &after, ("effective", None)).await?;
    }
    if was == ChangeState::PendingRatification {
        for other in &others {
            if other.standing()? != ChangeState::Paused {
                continue;
            }
            let (deed, what) = match case.state {
                ChangeState::Effective => (Action::Supersede, "superseded"),
                // Superseded by a later emergency change, what stood before waits for that one.
                ChangeState::Withdrawn | ChangeState::Expired => (Action::Resume, "resumed"),
                _ => continue,
            };
            step(app, tx, who, &present, other, &deed, (what, None)).await?;
        }
    }
    Ok(after)
}

/// The action that puts a change into force at once. One emergency change after another gains no time, and what the
/// purchaser refused, forgot or took off comes back with his consent only.
pub(crate) async fn emergency(conn: &impl ConnectionTrait, change: &row::Model) -> Result<Action> {
    let same = || {
        row::Entity::find()
            .filter(Column::Kind.eq(change.kind.as_str()))
            .filter(Column::SubjectId.eq(change.subject_id))
    };
    let fallen = same()
        .filter(Column::Emergency.eq(true))
        .filter(Column::State.eq(ChangeState::Withdrawn.as_str()))
        .order_by_desc(Column::EndedAt)
        .one(conn)
        .await?;
    if let Some(fallen) = fallen {
        let consented = [
            ChangeState::Approved,
            ChangeState::Effective,
            ChangeState::Paused,
            ChangeState::Expired,
            ChangeState::Superseded,
        ];
        let since = same()
            .filter(Column::State.is_in(consented.map(ChangeState::as_str)))
            .filter(Column::DecidedAt.gt(fallen.ended_at))
            .one(conn)
            .await?;
        if since.is_none() {
            let detail = format!(
                "{} fell: the next change needs consent first",
                fallen.number
            );
            return Err(refused("emergency_fell_before", detail)
                .with_way_out("submit the change and wait for the purchaser's decision"));
        }
    }
    let waiting = same()
        .filter(Column::State.eq(ChangeState::PendingRatification.as_str()))
        .one(conn)
        .await?;
    let within = waiting.and_then(|waiting| waiting.due_at);
    Ok(Action::Emergency { within })
}

/// The other versions of the same thing that are not over.
async fn others(conn: &impl ConnectionTrait, of: &row::Model) -> Result<Vec<row::Model>> {
    let alive = [
        ChangeState::Effective,
        ChangeState::Paused,
        ChangeState::PendingRatification,
    ];
    Ok(row::Entity::find()
        .filter(Column::Kind.eq(of.kind.as_str()))
        .filter(Column::SubjectId.eq(of.subject_id))
        .filter(Column::Id.ne(of.id))
        .filter(Column::State.is_in(alive.map(ChangeState::as_str)))
        .all(conn)
        .await?)
}

async fn step(
    app: &App,
    tx: &Tx,
    who: &Who,
    present: &Present,
    before: &row::Model,
    action: &Action,
    told: (&str, Option<&str>),
) -> Result<()> {
    let case = before
        .case()?
        .next(action, &present.moment())
        .map_err(|refusal| refusal.about(&before.what()))?;
    write(app, tx, who, before, &case, told, |_| {}).await?;
    Ok(())
}

async fn write(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    case: &Case,
    told: (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let mut after = before.clone().with_case(case);
    if case.state.ended() && after.ended_at.is_none() {
        after.ended_at = Some(app.clock.now());
    }
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, told).await?;
    match after.what_kind()? {
        ChangeKind::Article => article::store::follow(app, tx, &after, told.0).await?,
        ChangeKind::FaultTree => fault_tree::store::follow(app, tx, &after, told.0).await?,
    }
    Ok(after)
}

/// Time line, audit trail and the event `knowledge.{what}`; texts stay out of the audit trail.
async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    change: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let line = line_row::ActiveModel {
        id: Set(app.ids.next()),
        approval_id: Set(change.id),
        at: Set(app.clock.now()),
        who_id: Set(who.user_id),
        who_name: Set(who.name.clone()),
        action: Set(what.to_owned()),
        note: Set(note.map(str::to_owned)),
    };
    line_row::Entity::insert(line)
        .exec_without_returning(&**tx)
        .await?;
    let named = format!("knowledge.{what}");
    let details = json!({
        "kind": change.kind, "number": change.subject_number, "n": change.n, "state": change.state,
        "emergency": change.emergency,
    });
    audit::record(app, &**tx, who, &named, "approval", change.id, details).await?;
    let mut facts = facts(change);
    facts["by"] = json!(who.user_id);
    facts["at"] = json!(app.clock.now());
    facts["note"] = json!(note);
    if matches!(what, "submitted" | "overdue" | "emergency" | "lapsed") {
        let deciders = organization::colleagues::holders(&**tx, Role::PurchaserAdmin).await?;
        let deciders: Vec<Uuid> = deciders.into_iter().map(|person| person.id).collect();
        facts["recipients"] = json!(deciders);
    }
    app.events
        .publish(tx, &named, change.subject_id, facts)
        .await
}

/// What events tell of a change.
fn facts(change: &row::Model) -> Value {
    json!({
        "id": change.id,
        "approval_id": change.id,
        "approval_number": change.number,
        "kind": change.kind,
        "subject_id": change.subject_id,
        "number": change.subject_number,
        "n": change.n,
        "title": change.title,
        "section": change.section,
        "author_id": change.author_id,
        "state": change.state,
        "emergency": change.emergency,
        "due_at": change.due_at,
        "version": change.version,
    })
}

/// From when a change is to hold: not in the past, not beyond a year.
pub(crate) fn beginning(
    asked: Option<DateTime<Utc>>,
    valid_from: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    if asked.is_some_and(|at| at < now - TimeDelta::minutes(1)) {
        let detail = "what held before stays as it was";
        return Err(invalid("effective_at", "effective_in_past", detail)
            .with_way_out("leave effective_at out, and it holds at once"));
    }
    let at = asked.unwrap_or(now).max(valid_from.unwrap_or(now));
    if at > now + FURTHEST {
        let detail = "at most a year ahead";
        return Err(invalid("effective_at", "effective_too_far", detail));
    }
    Ok(at)
}

/// The changes, as the timer sees them.
pub(crate) struct Approvals;

impl Alarmed for Approvals {
    type Entity = row::Entity;
    const HANDLER: &'static str = "knowledge.wake_approvals";
    const KINDS: &'static [&'static str] = &[
        "knowledge.submitted",
        "knowledge.approved",
        "knowledge.effective",
        "knowledge.emergency",
        "knowledge.ratified",
        "knowledge.resumed",
        "knowledge.reviewed",
    ];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("knowledge");
        for change in due {
            // Another one in the same batch may have changed it: it is read again.
            let change = get(&*tx, change.id).await?;
            let present = Present::read(&app, &*tx).await?;
            let Ok(case) = change.case()?.next(&Action::Lapse, &present.moment()) else {
                continue;
            };
            let what = match (change.standing()?, case.state) {
                (ChangeState::Submitted, _) => "overdue",
                (ChangeState::Approved, ChangeState::Effective) => "effective",
                (_, ChangeState::Expired) => "expired",
                (_, ChangeState::Withdrawn) => "lapsed",
                _ => "due_for_review",
            };
            act(
                &app,
                &tx,
                &who,
                &change,
                &Action::Lapse,
                (what, None),
                |_| {},
            )
            .await?;
        }
        Ok(())
    }
}
