//! The rows of changes of facilities and layout, and who is told of each step.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Side, Tx};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Moment, SiteChangeState, Terms};
use crate::agreed;
use crate::trail::{self, Scribe, Seen};

kernel::table! {
    /// One change. What the rules see of it is a [`Case`].
    pub mod row = "site_changes" (id: Uuid) {
        number: String,
        kind: String,
        title: String,
        reason: String,
        before_text: String,
        after_text: String,
        planned_on: Option<String>,
        emergency: bool,
        opinion: Option<String>,
        author_id: Option<Uuid>,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        effective_at: Option<DateTimeUtc>,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |change| format!("change `{}`", change.number));

impl row::Model {
    /// The change as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = SiteChangeState::parse(&self.state)
            .ok_or_else(|| internal(format!("change {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            emergency: self.emergency,
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.emergency = case.emergency;
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self.overdue = case.overdue;
        self
    }
}

/// What a list of changes may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only `facility` or only `layout`.
    pub kind: Option<String>,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.kind.as_deref().map(|kind| Column::Kind.eq(kind)))
        .add_option(filter.state.as_deref().map(|state| Column::State.eq(state)))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("created_at", Column::CreatedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// The latest, for the list that shows them beside the scripts.
pub(crate) async fn latest(
    conn: &impl ConnectionTrait,
    open: Option<bool>,
    most: u64,
) -> Result<Vec<row::Model>> {
    let only = Condition::all().add_option(open.map(|open| Column::Open.eq(open)));
    Ok(row::Entity::find()
        .filter(only)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(most)
        .all(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("change"))
}

async fn terms(app: &App, tx: &Tx) -> Result<Terms> {
    let now = app.clock.now();
    Ok(Terms {
        decide: agreed::term(&**tx, "change.decide", now).await?,
        ratify: agreed::term(&**tx, "change.ratify", now).await?,
    })
}

/// Does `action` to a change as it was read, for side `by`.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    (who, by): (&Who, Side),
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(by, action, &moment);
    let case = case.map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, (what, note)).await?;
    Ok(after)
}

/// Writes a step down and tells whom it concerns.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    change: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let told = match what {
        "submitted" | "emergency" | "applied" => trail::desk(&**tx, Side::Purchaser).await?,
        "returned" | "approved" | "ratified" | "refused" => {
            trail::desk(&**tx, Side::Supplier).await?
        }
        "overdue" => trail::both_desks(&**tx).await?,
        _ => Vec::new(),
    };
    let facts = json!({
        "number": change.number, "state": change.state, "version": change.version,
        "due_at": change.due_at, "originator_id": change.author_id, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "site_change",
        id: change.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}

/// The changes, as the timer sees them.
pub(crate) struct SiteChanges;

impl Alarmed for SiteChanges {
    type Entity = row::Entity;
    const HANDLER: &'static str = "liaison.wake_site_changes";
    const KINDS: &'static [&'static str] = &["site_change.submitted", "site_change.emergency"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("liaison");
        for change in due {
            let by = (&who, Side::Purchaser);
            let told = ("overdue", None);
            act(&app, &tx, by, &change, &Action::Lapse, told, |_| {}).await?;
        }
        Ok(())
    }
}
