//! The rows of inspections. Whoever asks for one says for which side; what is hidden is not there for the supplier.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Side, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, InspectionState};
use crate::trail::{self, Scribe, Seen};

kernel::table! {
    /// One inspection. What the rules see of it is a [`Case`].
    pub mod row = "inspections" (id: Uuid) {
        number: Option<String>,
        kind: String,
        title: String,
        place: String,
        inspected_on: String,
        inspectors: String,
        findings: String,
        problems: bool,
        hidden: bool,
        recorded_by: Option<Uuid>,
        released_by: Option<Uuid>,
        released_at: Option<DateTimeUtc>,
        state: String,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |inspection| format!(
    "inspection `{}`",
    inspection.number.as_deref().unwrap_or(&inspection.title)
));

impl row::Model {
    /// The inspection as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = InspectionState::parse(&self.state)
            .ok_or_else(|| internal(format!("inspection {} has no valid state", self.id)))?;
        Ok(Case { state })
    }

    pub(crate) fn with_case(mut self, case: Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.hidden = case.is_hidden();
        self
    }

    /// Who may know of it.
    pub(crate) fn seen(&self) -> Seen {
        if self.hidden {
            Seen::Hidden
        } else {
            Seen::Both
        }
    }
}

/// The inspections a side may know of.
pub(crate) fn visible_to(of: Side) -> Condition {
    match of {
        Side::Purchaser => Condition::all(),
        _ => Condition::all().add(Column::Hidden.eq(false)),
    }
}

/// What a list of inspections may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those that found something, or only those that did not.
    pub problems: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    of: Side,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let words = [
        Column::Number,
        Column::Title,
        Column::Place,
        Column::Findings,
    ];
    let all = Condition::all()
        .add(visible_to(of))
        .add_option(filter.state.as_deref().map(|state| Column::State.eq(state)))
        .add_option(filter.kind.as_deref().map(|kind| Column::Kind.eq(kind)))
        .add_option(
            filter
                .problems
                .map(|problems| Column::Problems.eq(problems)),
        )
        .add_option(query.words_in(&words)?);
    let select = row::Entity::find().filter(all);
    let sortable = [("created_at", Column::CreatedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, of: Side, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(visible_to(of))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("inspection"))
}

/// The number of what the supplier knows of; a hidden one has none, so that no number is missing in his list.
pub(crate) async fn number(app: &App, tx: &Tx, row: &mut row::Model) -> Result<()> {
    if !row.hidden && row.number.is_none() {
        row.number = Some(numbers::next_of_day(&**tx, "JC-", app.clock.now()).await?);
    }
    Ok(())
}

/// Does `action` to an inspection as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    what: &str,
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(action).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(case);
    more(&mut after);
    number(app, tx, &mut after).await?;
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, what).await?;
    Ok(after)
}

/// Writes a step down and tells whom it concerns.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let told = match what {
        "recorded" | "released" if !row.hidden => trail::desk(&**tx, Side::Supplier).await?,
        _ => Vec::new(),
    };
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "inspection",
        id: row.id,
        seen: row.seen(),
    };
    scribe.tell(what, None, facts).await
}
