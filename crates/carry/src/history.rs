//! 前任导入: closed contacts and tickets of the predecessor. They stand in a table of their own, so that nothing of ours
//! is measured by them, and are read beside ours by who answers the same requester again.

use axum::extract::State;
use chrono::{DateTime, Utc};
use documents::sheet::{Field, Kind, Line};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::{Actor, App, Scope, Tx};
use requesters::Caller;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait, IntoActiveModel as _,
    QueryFilter as _,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::rights::ViewCarriedHistory;

const KINDS: Kind = Kind::Word(&[
    ("接触", "contact"),
    ("来电", "contact"),
    ("会话", "contact"),
    ("工单", "ticket"),
]);

/// The columns of a sheet of history.
pub const FIELDS: &[Field] = &[
    Field::of("number", &["原编号", "编号", "工单编号"])
        .with(Kind::Line, 100)
        .needed(),
    Field::of("kind", &["类别", "类型"])
        .with(KINDS, 20)
        .needed(),
    Field::of("at", &["受理时间", "时间", "来电时间"])
        .with(Kind::Moment, 40)
        .needed(),
    Field::of("channel", &["渠道"]).with(Kind::Line, 40),
    Field::of("requester_name", &["诉求人", "姓名"])
        .with(Kind::Line, 60)
        .personal(),
    Field::of("requester_phone", &["联系电话", "电话"])
        .with(Kind::Line, 40)
        .personal(),
    Field::of("title", &["标题"]).with(Kind::Line, 200),
    Field::of("content", &["诉求内容", "内容"])
        .with(Kind::Text, 20_000)
        .needed(),
    Field::of("result", &["办理结果", "答复"]).with(Kind::Text, 20_000),
    Field::of("agent", &["经办人", "座席"]).with(Kind::Line, 60),
    Field::of("closed_at", &["办结时间"]).with(Kind::Moment, 40),
];
/// Characters of a title that is taken from what was wanted.
const TITLE: usize = 40;

kernel::table! {
    /// A closed contact or ticket of the predecessor.
    pub mod row = "carried_history" (id: Uuid) {
        number: String,
        kind: String,
        requester_id: Uuid,
        at: DateTimeUtc,
        channel: Option<String>,
        title: String,
        content: String,
        result: Option<String>,
        agent: Option<String>,
        closed_at: Option<DateTimeUtc>,
        import_id: Option<Uuid>,
        updated_at: DateTimeUtc,
    }
}

use row::Column;

/// Says no to what is still to come, or ended before it began.
pub(crate) fn check(app: &App, line: &Line) -> Result<()> {
    let at = line.moment("at");
    if at.is_none_or(|at| at > app.clock.now()) {
        return Err(invalid("at", "time_in_future", "it is over"));
    }
    if line
        .moment("closed_at")
        .is_some_and(|closed| Some(closed) < at)
    {
        return Err(invalid(
            "closed_at",
            "window_reversed",
            "it ended before it began",
        ));
    }
    Ok(())
}

fn model(
    app: &App,
    line: &Line,
    (id, requester, import): (Uuid, Uuid, Uuid),
) -> Result<row::Model> {
    let first = || line.text("content").chars().take(TITLE).collect::<String>();
    Ok(row::Model {
        id,
        number: line.text("number").to_owned(),
        kind: line.text("kind").to_owned(),
        requester_id: requester,
        at: line
            .moment("at")
            .ok_or_else(|| internal("history has a time"))?,
        channel: line.some("channel"),
        title: line
            .some("title")
            .unwrap_or_else(|| first().replace('\n', " ")),
        content: line.text("content").to_owned(),
        result: line.some("result"),
        agent: line.some("agent"),
        closed_at: line.moment("closed_at"),
        import_id: Some(import),
        updated_at: app.clock.now(),
    })
}

async fn requesters(app: &App, tx: &Tx, lines: &[Line]) -> Result<Vec<Uuid>> {
    let callers: Vec<Caller> = lines
        .iter()
        .map(|line| Caller {
            number: line.some("requester_phone"),
            name: line.some("requester_name"),
        })
        .collect();
    requesters::find_or_create_many(app, &**tx, &callers).await
}

/// Writes rows, in their order.
pub(crate) async fn write(app: &App, tx: &Tx, import: Uuid, lines: &[Line]) -> Result<Vec<Uuid>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let known = requesters(app, tx, lines).await?;
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    for (line, requester) in lines.iter().zip(known) {
        let made = model(app, line, (app.ids.next(), requester, import))?;
        ids.push(made.id);
        rows.push(made.into_active_model().reset_all());
    }
    row::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(ids)
}

/// Writes one over what it was.
pub(crate) async fn overwrite(
    app: &App,
    tx: &Tx,
    import: Uuid,
    id: Uuid,
    line: &Line,
) -> Result<()> {
    let known = requesters(app, tx, std::slice::from_ref(line)).await?;
    let requester = known
        .into_iter()
        .next()
        .ok_or_else(|| internal("one line, one requester"))?;
    let after = model(app, line, (id, requester, import))?;
    after.into_active_model().reset_all().update(&**tx).await?;
    Ok(())
}

/// A closed contact or ticket of the predecessor.
#[derive(Debug, Serialize, ToSchema)]
pub struct CarriedRecord {
    /// Identifies it.
    pub id: Uuid,
    /// As the predecessor called it.
    pub number: String,
    /// `contact` or `ticket`.
    pub kind: String,
    /// Always `predecessor`: 前任导入.
    pub origin: &'static str,
    /// Who called or wrote.
    pub requester_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// By which channel.
    pub channel: Option<String>,
    /// What it was about.
    pub title: String,
    /// What was wanted.
    pub content: String,
    /// What was done or answered.
    pub result: Option<String>,
    /// Who of the predecessor had it.
    pub agent: Option<String>,
    /// When it was over.
    pub closed_at: Option<DateTime<Utc>>,
}

impl From<row::Model> for CarriedRecord {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            number: row.number,
            kind: row.kind,
            origin: "predecessor",
            requester_id: row.requester_id,
            at: row.at,
            channel: row.channel,
            title: row.title,
            content: row.content,
            result: row.result,
            agent: row.agent,
            closed_at: row.closed_at,
        }
    }
}

/// What the list may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CarriedFilter {
    /// Only what this requester wanted.
    pub requester: Option<Uuid>,
    /// `contact` or `ticket`.
    pub kind: Option<String>,
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(app.clone())
}

/// Closed contacts and tickets of the predecessor (前任导入), the newest first; an agent sees those of the requester he
/// names. No measure of ours counts them.
#[utoipa::path(
    get, path = "/api/v1/carried-history", tag = "carry", operation_id = "list_carried_history",
    params(ListQuery, CarriedFilter),
    responses((status = 200, body = Page<CarriedRecord>), (status = 422, body = Problem)),
)]
async fn list(
    actor: Actor<ViewCarriedHistory>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<CarriedFilter>,
) -> Result<Json<Page<CarriedRecord>>> {
    // Who answers one requester sees what that one wanted, not all there is.
    if matches!(actor.scope(), Scope::Own(_)) && filter.requester.is_none() {
        return Err(invalid(
            "requester",
            "requester_needed",
            "say whose history",
        ));
    }
    let conn = app.db.read();
    let all = Condition::all()
        .add_option(filter.requester.map(|id| Column::RequesterId.eq(id)))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind)))
        .add_option(query.words_in(&[Column::Number, Column::Title, Column::Content])?);
    let select = row::Entity::find().filter(all);
    let page = paginate(conn, select, &query, &[("at", Column::At)], Column::Id).await?;
    Ok(Json(page.map(CarriedRecord::from)))
}
