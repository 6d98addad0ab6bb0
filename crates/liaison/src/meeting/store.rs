//! The rows of meetings and of what is to be done of them.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned;
use kernel::{App, Side, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::{Case, MeetingActionState, MeetingState, Task};
use crate::side;
use crate::trail::{self, Scribe, Seen};
use kernel::day;

/// Things to be done that are looked at in one go.
const MOST: u64 = 200;

kernel::table! {
    /// One meeting.
    pub mod row = "meetings" (id: Uuid) {
        number: String,
        title: String,
        held_on: String,
        place: String,
        attendees: Json,
        guests: Option<String>,
        minutes: Json,
        recorded_by: Option<Uuid>,
        side: String,
        confirmed_by: Option<Uuid>,
        confirmed_at: Option<DateTimeUtc>,
        state: String,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Something that is to be done of a meeting.
    pub mod action_row = "meeting_actions" (id: Uuid) {
        meeting_id: Uuid,
        what: String,
        owner_id: Uuid,
        due_on: String,
        done_at: Option<DateTimeUtc>,
        done_by: Option<Uuid>,
        done_note: Option<String>,
        overdue: bool,
        next_alarm_at: Option<DateTimeUtc>,
        state: String,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |meeting| format!("meeting `{}`", meeting.number));
kernel::versioned!(action_row, |action| format!("action `{}`", action.id));

impl row::Model {
    /// The minutes as their rules see them.
    pub fn case(&self) -> Result<Case> {
        let state = MeetingState::parse(&self.state)
            .ok_or_else(|| internal(format!("meeting {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            side: side::read(&self.side),
        })
    }
}

impl action_row::Model {
    /// As its rules see it.
    pub fn task(&self) -> Result<Task> {
        let state = MeetingActionState::parse(&self.state)
            .ok_or_else(|| internal(format!("action {} has no valid state", self.id)))?;
        Ok(Task {
            state,
            alarm_at: self.next_alarm_at,
            overdue: self.overdue,
        })
    }

    pub(crate) fn with_task(mut self, task: &Task) -> Self {
        task.state.as_str().clone_into(&mut self.state);
        self.next_alarm_at = task.alarm_at;
        self.overdue = task.overdue;
        self
    }
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
) -> Result<Page<row::Model>> {
    let mut select = row::Entity::find();
    if let Some(words) = query.words_in(&[row::Column::Number, row::Column::Title])? {
        select = select.filter(words);
    }
    let sortable = [("created_at", row::Column::CreatedAt)];
    paginate(conn, select, query, &sortable, row::Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("meeting"))
}

pub(crate) async fn action(conn: &impl ConnectionTrait, id: Uuid) -> Result<action_row::Model> {
    action_row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("action"))
}

/// What is to be done of a meeting, in the order it was written.
pub(crate) async fn actions_of(
    conn: &impl ConnectionTrait,
    meeting: Uuid,
) -> Result<Vec<action_row::Model>> {
    Ok(action_row::Entity::find()
        .filter(action_row::Column::MeetingId.eq(meeting))
        .order_by_asc(action_row::Column::CreatedAt)
        .order_by_asc(action_row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// What somebody has to do, the most pressing first.
pub(crate) async fn open_of(
    conn: &impl ConnectionTrait,
    owner: Uuid,
) -> Result<Vec<action_row::Model>> {
    Ok(action_row::Entity::find()
        .filter(action_row::Column::OwnerId.eq(owner))
        .filter(action_row::Column::State.eq(MeetingActionState::Open.as_str()))
        .order_by_asc(action_row::Column::DueOn)
        .order_by_asc(action_row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// What is to be done.
pub(crate) struct New {
    pub what: String,
    pub owner_id: Uuid,
    pub due_on: NaiveDate,
}

/// When service ends on the day something is due.
async fn end_of(tx: &Tx, on: NaiveDate) -> Result<DateTime<Utc>> {
    let service = organization::service_calendar::load(&**tx).await?;
    Ok(service.hours.closing_on(on))
}

/// Gives somebody something to do.
pub(crate) async fn assign(
    app: &App,
    tx: &Tx,
    who: &Who,
    meeting: &row::Model,
    new: New,
) -> Result<action_row::Model> {
    let now = app.clock.now();
    let made = action_row::Model {
        id: app.ids.next(),
        meeting_id: meeting.id,
        what: new.what,
        owner_id: new.owner_id,
        due_on: day::text(new.due_on),
        done_at: None,
        done_by: None,
        done_note: None,
        overdue: false,
        next_alarm_at: Some(end_of(tx, new.due_on).await?),
        state: MeetingActionState::Open.as_str().to_owned(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &made).await?;
    tell_action(app, tx, who, &made, (&meeting.number, "assigned")).await?;
    Ok(made)
}

/// Writes down what became of something that is to be done.
pub(crate) async fn tell_action(
    app: &App,
    tx: &Tx,
    who: &Who,
    action: &action_row::Model,
    (number, what): (&str, &str),
) -> Result<()> {
    let told = match what {
        "assigned" | "overdue" => vec![action.owner_id],
        _ => Vec::new(),
    };
    let facts = json!({
        "number": number, "state": action.state, "version": action.version, "recipients": told,
        "meeting_id": action.meeting_id,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "meeting_action",
        id: action.id,
        seen: Seen::Both,
    };
    scribe.tell(what, Some(&action.what), facts).await
}

/// Writes a step of the minutes down and tells the side that did not write them.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let writer: Side = side::read(&row.side);
    let told = match what {
        "recorded" => trail::desk(&**tx, side::other(writer)).await?,
        "confirmed" => trail::desk(&**tx, writer).await?,
        _ => Vec::new(),
    };
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "meeting",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, None, facts).await
}

/// What is to be done, as the timer sees it.
pub(crate) struct MeetingActions;

impl Alarmed for MeetingActions {
    type Entity = action_row::Entity;
    const HANDLER: &'static str = "liaison.wake_meeting_actions";
    const KINDS: &'static [&'static str] = &["meeting_action.assigned"];
    const ID: action_row::Column = action_row::Column::Id;
    const AT: action_row::Column = action_row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<action_row::Model>) -> Result<()> {
        let (who, now) = (Who::system("liaison"), app.clock.now());
        for action in due {
            let Some(task) = action.task()?.lapsed(now) else {
                continue;
            };
            let late = action.clone().with_task(&task);
            let late = versioned::save(&app, &*tx, &action, late).await?;
            let meeting = get(&*tx, late.meeting_id).await?;
            tell_action(&app, &tx, &who, &late, (&meeting.number, "overdue")).await?;
        }
        Ok(())
    }
}
