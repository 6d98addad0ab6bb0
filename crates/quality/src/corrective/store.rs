//! The rows of corrective actions, who may see which, and who is told of each step.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Event, EventHandler, Permission, Role, Scope, Side, Tx, numbers};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, CorrectiveSource, CorrectiveState};
use crate::trail::{self, Scribe};

kernel::table! {
    /// One corrective action. What the rules see of it is a [`Case`].
    pub mod row = "corrective_actions" (id: Uuid) {
        number: String,
        source: String,
        source_id: Option<Uuid>,
        source_label: String,
        title: String,
        problem: String,
        cause: Option<String>,
        action: Option<String>,
        owner_id: Uuid,
        about_id: Option<Uuid>,
        complained_id: Option<Uuid>,
        opened_by: Option<Uuid>,
        opened_at: DateTimeUtc,
        done_by: Option<Uuid>,
        done_at: Option<DateTimeUtc>,
        done_note: Option<String>,
        verified_by: Option<Uuid>,
        verified_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        coaching: bool,
        coaching_id: Option<Uuid>,
        coached_at: Option<DateTimeUtc>,
        rounds: i32,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |corrective| format!(
    "corrective action `{}`",
    corrective.number
));

impl row::Model {
    /// The corrective action as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = CorrectiveState::parse(&self.state);
        let source = CorrectiveSource::parse(&self.source);
        let (state, source) = state.zip(source).ok_or_else(|| {
            internal(format!(
                "corrective action {} has no valid state",
                self.number
            ))
        })?;
        Ok(Case {
            state,
            source,
            owner: self.owner_id,
            about: self.about_id,
            done_by: self.done_by,
            verified_by: self.verified_by,
            coaching: self.coaching,
            due_at: self.due_at,
            alarm_at: self.next_alarm_at,
            overdue: self.overdue,
            rounds: u32::try_from(self.rounds).map_err(internal)?,
        })
    }

    pub(crate) fn with_case(mut self, case: &Case) -> Result<Self> {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.owner_id = case.owner;
        self.done_by = case.done_by;
        self.verified_by = case.verified_by;
        self.coaching = case.coaching;
        self.due_at = case.due_at;
        self.next_alarm_at = case.alarm_at;
        self.overdue = case.overdue;
        self.rounds = i32::try_from(case.rounds).map_err(internal)?;
        Ok(self)
    }
}

/// What a list of corrective actions may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `open`, `planned`, `done`, `verified`, `closed`, `withdrawn`.
    pub state: Option<String>,
    /// Only those on which somebody owes a step, or only those that are over.
    pub open: Option<bool>,
    /// Only those that were late.
    pub overdue: Option<bool>,
    /// `evaluation`, `complaint`, `inspection`, `by_hand`.
    pub source: Option<String>,
    /// Only what came of this evaluation, complaint or inspection.
    pub source_id: Option<Uuid>,
    /// Only those that this person answers for.
    pub owner: Option<Uuid>,
    /// Only those about this person's work.
    pub about: Option<Uuid>,
}

/// What somebody may see: with `Own` what he answers for. Of what is about his own work he sees only what he answers
/// for, and nothing that came of a complaint.
fn visible(scope: &Scope, user: Uuid) -> Condition {
    let his = Condition::all()
        .add(Column::OwnerId.eq(user))
        .add(Column::Source.ne(CorrectiveSource::Complaint.as_str()));
    let not_complained = Condition::any()
        .add(Column::ComplainedId.is_null())
        .add(Column::ComplainedId.ne(user));
    let about = Condition::any()
        .add(Column::AboutId.is_null())
        .add(Column::AboutId.ne(user))
        .add(his);
    let seen = Condition::all().add(about).add(not_complained);
    match scope {
        Scope::All => Condition::all().add(seen),
        Scope::Own(own) => Condition::all().add(seen).add(Column::OwnerId.eq(*own)),
        Scope::Queues(_) => Condition::all().add(seen).add(Column::OwnerId.eq(user)),
    }
}

/// What is not about somebody's work, nor came of a complaint about him.
pub(crate) fn not_about(user: Uuid) -> Condition {
    let other = |column: Column| Condition::any().add(column.is_null()).add(column.ne(user));
    Condition::all()
        .add(other(Column::AboutId))
        .add(other(Column::ComplainedId))
}

pub(crate) async fn list<P: Permission>(
    conn: &impl ConnectionTrait,
    actor: &Actor<P>,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let equals =
        |column: Column, value: &Option<String>| value.as_deref().map(|value| column.eq(value));
    let all = visible(actor.scope(), actor.user_id())
        .add_option(equals(Column::State, &filter.state))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(equals(Column::Source, &filter.source))
        .add_option(filter.source_id.map(|id| Column::SourceId.eq(id)))
        .add_option(filter.owner.map(|owner| Column::OwnerId.eq(owner)))
        .add_option(filter.about.map(|about| Column::AboutId.eq(about)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let sortable = [
        ("opened_at", Column::OpenedAt),
        ("updated_at", Column::UpdatedAt),
    ];
    let select = row::Entity::find().filter(all);
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// One that the actor may see; 404 otherwise.
pub(crate) async fn seen<P: Permission>(
    conn: &impl ConnectionTrait,
    actor: &Actor<P>,
    id: Uuid,
) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id)
        .filter(visible(actor.scope(), actor.user_id()))
        .one(conn)
        .await?;
    found.ok_or_else(|| not_found("corrective action"))
}

/// Those that are not over, those of them that wait to be verified, those that are late.
pub(crate) async fn counts(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    user: Uuid,
) -> Result<(u64, u64, u64)> {
    let count = async |which: Condition| -> Result<u64> {
        let all = visible(scope, user).add(Column::Open.eq(true)).add(which);
        Ok(row::Entity::find().filter(all).count(conn).await?)
    };
    let done = Column::State.eq(CorrectiveState::Done.as_str());
    Ok((
        count(Condition::all()).await?,
        count(Condition::all().add(done)).await?,
        count(Condition::all().add(Column::Overdue.eq(true))).await?,
    ))
}

/// What is to be put right.
pub(crate) struct New {
    pub source: CorrectiveSource,
    pub source_id: Option<Uuid>,
    pub source_label: String,
    pub title: String,
    pub problem: String,
    pub owner: Uuid,
    pub about: Option<Uuid>,
    /// Whom a complaint behind it is about.
    pub complained: Option<Uuid>,
    pub due_at: DateTime<Utc>,
}

/// Opens a corrective action; its clock runs.
pub(crate) async fn open(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let case = Case::opened(new.source, new.owner, new.about, new.due_at);
    let opened = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "JC-", now).await?,
        source: new.source.as_str().to_owned(),
        source_id: new.source_id,
        source_label: new.source_label,
        title: new.title,
        problem: new.problem,
        cause: None,
        action: None,
        owner_id: new.owner,
        about_id: new.about,
        complained_id: new.complained,
        opened_by: who.user_id,
        opened_at: now,
        done_by: None,
        done_at: None,
        done_note: None,
        verified_by: None,
        verified_at: None,
        opinion: None,
        closed_by: None,
        closed_at: None,
        coaching: false,
        coaching_id: None,
        coached_at: None,
        rounds: 1,
        state: String::new(),
        open: true,
        overdue: false,
        due_at: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&case)?;
    versioned::insert(&**tx, &opened).await?;
    tell(app, tx, who, &opened, ("opened", Some(&opened.problem))).await?;
    Ok(opened)
}

/// Does `action` to a corrective action as it was read, for side `by`.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    (who, by): (&Who, Side),
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let oneself = who.user_id.unwrap_or_default();
    let case = before.case()?.next((oneself, by), action, app.clock.now());
    let case = case.map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case)?;
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, (what, note)).await?;
    Ok(after)
}

async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let conn = &**tx;
    let complaint = row.source == CorrectiveSource::Complaint.as_str();
    let mut told = match what {
        "opened" | "reassigned" | "sent_back" | "coached" => vec![row.owner_id],
        "finished" => trail::holders(conn, &[Role::Quality, Role::OpsManager]).await?,
        "verified" if complaint => trail::holders(conn, &[Role::PurchaserAdmin]).await?,
        "overdue" => {
            let mut people = trail::holders(conn, &[Role::OpsManager]).await?;
            people.push(row.owner_id);
            people
        }
        "closed" => Vec::from_iter(row.opened_by),
        "withdrawn" => {
            let mut people = trail::holders(conn, &[Role::Quality, Role::OpsManager]).await?;
            people.extend(row.opened_by);
            people
        }
        _ => Vec::new(),
    };
    told.sort_unstable();
    told.dedup();
    // Whom it is about hears of it only where he answers for it himself, and never of a complaint.
    let hidden = |person: &Uuid| {
        row.complained_id == Some(*person)
            || (row.about_id == Some(*person) && (complaint || row.owner_id != *person))
    };
    told.retain(|person| !hidden(person));
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "due_at": row.due_at,
        "title": row.title, "source": row.source, "source_id": row.source_id, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "corrective_action",
        id: row.id,
        hidden: row.about_id.into_iter().chain(row.complained_id).collect(),
    };
    scribe.tell(what, note, facts).await
}

/// The corrective actions, as the timer sees them.
pub(crate) struct CorrectiveActions;

impl Alarmed for CorrectiveActions {
    type Entity = row::Entity;
    const HANDLER: &'static str = "quality.wake_corrective_actions";
    const KINDS: &'static [&'static str] = &[
        "corrective_action.opened",
        "corrective_action.planned",
        "corrective_action.sent_back",
    ];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("quality");
        for row in due {
            let by = (&who, Side::Supplier);
            let told = ("overdue", None);
            act(&app, &tx, by, &row, &Action::Lapse, told, |_| {}).await?;
        }
        Ok(())
    }
}

/// Hears that a coaching was held or called off, and closes it here too.
pub(crate) fn on_coached(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "quality.coached",
        &["learning.training_held", "learning.training_cancelled"],
        move |event: Event| {
            let app = app.clone();
            async move { coached(app, &event).await }
        },
    )
}

async fn coached(app: App, event: &Event) -> Result<()> {
    let session = event.payload["id"].as_str();
    let Some(session) = session.and_then(|id| id.parse::<Uuid>().ok()) else {
        return Ok(());
    };
    let held = event.kind == "learning.training_held";
    let attended: Vec<Uuid> =
        serde_json::from_value(event.payload["attended"].clone()).unwrap_or_default();
    let db = app.db.clone();
    db.write(move |tx| async move {
        let found = row::Entity::find()
            .filter(Column::CoachingId.eq(session))
            .filter(Column::Coaching.eq(true))
            .filter(Column::Open.eq(true))
            .one(&*tx)
            .await?;
        let Some(row) = found else { return Ok(()) };
        let who = Who::system("learning");
        let by = (&who, Side::Supplier);
        // Who was meant and did not come was not coached: another one is to be planned.
        let came = held && row.about_id.is_some_and(|about| attended.contains(&about));
        let now = app.clock.now();
        let (action, what) = if came {
            (Action::Coached, "coached")
        } else {
            (Action::CalledOff, "coaching_missed")
        };
        let set = |after: &mut row::Model| {
            if came {
                after.coached_at = Some(now);
            } else {
                after.coaching_id = None;
            }
        };
        act(&app, &tx, by, &row, &action, (what, None), set).await?;
        Ok(())
    })
    .await
}

/// Notes the training session that is the coaching, within the transaction that planned it.
pub(crate) async fn coached_by(
    conn: &impl ConnectionTrait,
    mut row: row::Model,
    session: Uuid,
) -> Result<row::Model> {
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
    row.coaching_id = Some(session);
    let noted = row::ActiveModel {
        id: Set(row.id),
        coaching_id: Set(Some(session)),
        ..Default::default()
    };
    noted.update(conn).await?;
    Ok(row)
}
