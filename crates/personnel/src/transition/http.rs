//! Transitions over HTTP: the board.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path};
use kernel::numbers;
use kernel::problem::{Problem, Result};
use kernel::text::must_be_name;
use kernel::versioned;
use kernel::{Actor, App, Principal};
use organization::Colleague;
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::TransitionState;
use super::store::{self, row};
use crate::agreed;
use crate::post::store as posts;
use crate::qualification::{self, Finding, Item, ItemStanding};
use crate::rights::{DecideTransitions, ManageTransitions, ViewStaffing};
use crate::staff::StaffState;
use crate::staff::store as staff;
use crate::trail::{self, TrailLine};
use kernel::day;

/// The routes of transitions.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .with_state(app.clone())
}

/// A transition as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransitionView {
    /// Identifies it.
    pub id: Uuid,
    /// `GD-20261123-001`
    pub number: String,
    /// 原运营公司
    pub predecessor: String,
    /// The first day of service.
    pub go_live_on: NaiveDate,
    /// Until when the incumbents are exempt (过渡期豁免).
    pub exempt_until: Option<NaiveDate>,
    /// `preparing`, `parallel`, `live` or `completed`.
    pub state: String,
    /// When the purchaser signed off the go-live.
    pub signed_off_at: Option<DateTime<Utc>>,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// Transitions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transitions {
    /// The newest first.
    pub items: Vec<TransitionView>,
}

/// One of the six posts on the board.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoardPost {
    /// `Z1` … `Z6`
    pub post_id: String,
    /// The incumbent's staff file.
    pub staff_id: Option<Uuid>,
    /// His name.
    pub name: Option<String>,
    /// `unknown`, `willing` or `unwilling`.
    pub willing: String,
    /// What he said.
    pub note: Option<String>,
    /// When his new contract was signed (转签).
    pub resigned_on: Option<NaiveDate>,
    /// His confidentiality agreement stands; never exempt.
    pub nda: bool,
    /// He is on this post and may work.
    pub active: bool,
    /// On post with a new contract.
    pub transferred: bool,
    /// What he lacks today.
    pub missing: Vec<Finding>,
    /// What the purchaser let be for now.
    pub waived: Vec<Finding>,
}

/// Something that is handed over.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransitionItemView {
    /// Identifies it.
    pub id: Uuid,
    /// `asset`, `account`, `knowledge` or `data`.
    pub kind: String,
    /// What it is.
    pub title: String,
    /// More about it.
    pub note: Option<String>,
    /// When it was handed over.
    pub done_on: Option<NaiveDate>,
    /// Who took it.
    pub done_by: Option<Colleague>,
}

/// A transition as its board shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransitionDetail {
    /// What lists show.
    #[serde(flatten)]
    pub transition: TransitionView,
    /// The posts in their order.
    pub posts: Vec<BoardPost>,
    /// Posts whose person is on post with a new contract.
    pub transferred: usize,
    /// Posts with somebody who may work.
    pub active: usize,
    /// What is handed over.
    pub items: Vec<TransitionItemView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(row: row::Model) -> Result<TransitionView> {
    Ok(TransitionView {
        go_live_on: day::read(&row.go_live_on)?,
        exempt_until: day::maybe(row.exempt_until.as_deref())?,
        id: row.id,
        number: row.number,
        predecessor: row.predecessor,
        state: row.state,
        signed_off_at: row.signed_off_at,
        completed_at: row.completed_at,
        version: row.version,
    })
}

fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    use TransitionState as S;
    let state = S::parse(&row.state);
    let mut offered = Vec::new();
    if principal.may::<ManageTransitions>() {
        match state {
            Some(S::Preparing) => offered.extend(["take_posts", "begin_parallel"]),
            Some(S::Parallel) => offered.push("take_posts"),
            Some(S::Live) => offered.extend(["take_posts", "complete"]),
            _ => {}
        }
    }
    if principal.may::<DecideTransitions>() {
        match state {
            Some(S::Preparing | S::Live) => offered.push("exempt"),
            Some(S::Parallel) => offered.extend(["exempt", "sign_off"]),
            _ => {}
        }
    }
    offered
}

/// The board of six posts as it stands today.
pub(crate) async fn board(
    app: &App,
    conn: &impl sea_orm::ConnectionTrait,
    id: Uuid,
) -> Result<Vec<BoardPost>> {
    let (rows, today) = (store::people(conn, id).await?, day::today(app));
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let people = staff::by_ids(conn, rows.iter().map(|row| row.staff_id)).await?;
    let all: Vec<staff::row::Model> = people.values().cloned().collect();
    let known = staff::known(conn, &all).await?;
    let mut board = Vec::new();
    for post in posts::all(conn).await? {
        let row = rows.iter().find(|row| row.post_id == post.id);
        let person = row.and_then(|row| people.get(&row.staff_id));
        let findings = match person.and_then(|person| known.get(&person.id)) {
            Some(known) => known.on(&rules, today),
            None => Vec::new(),
        };
        let missing = qualification::blocking(&findings);
        // Whoever holds the post and may work fills the seat, also who came instead of an incumbent.
        let on_post = person.is_some_and(|person| {
            post.holder_id == Some(person.id) && person.state == StaffState::OnPost.as_str()
        });
        let active = on_post && missing.is_empty();
        let signed = row.and_then(|row| row.resigned_on.as_deref());
        let stands = |finding: &&Finding| finding.standing == ItemStanding::Waived;
        board.push(BoardPost {
            staff_id: person.map(|person| person.id),
            name: person.map(|person| person.name.clone()),
            willing: row.map_or_else(|| "unknown".to_owned(), |row| row.willing.clone()),
            note: row.and_then(|row| row.note.clone()),
            resigned_on: day::maybe(signed)?,
            nda: findings
                .iter()
                .any(|finding| finding.item == Item::Nda && !finding.blocks()),
            active,
            transferred: active && signed.is_some(),
            waived: findings.iter().filter(stands).cloned().collect(),
            missing,
            post_id: post.id,
        });
    }
    Ok(board)
}

/// The whole board.
pub(crate) async fn detail(
    app: &App,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<TransitionDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let actions = offered(principal, &row);
    let posts = board(app, conn, id).await?;
    let rows = store::items(conn, id).await?;
    let who = organization::colleagues(conn, rows.iter().filter_map(|row| row.done_by)).await?;
    let mut items = Vec::new();
    for row in rows {
        items.push(TransitionItemView {
            done_on: day::maybe(row.done_on.as_deref())?,
            done_by: row.done_by.and_then(|id| who.get(&id).cloned()),
            id: row.id,
            kind: row.kind,
            title: row.title,
            note: row.note,
        });
    }
    Ok(Json(TransitionDetail {
        transition: view(row)?,
        transferred: posts.iter().filter(|post| post.transferred).count(),
        active: posts.iter().filter(|post| post.active).count(),
        posts,
        items,
        actions,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Lists transitions, the newest first.
#[utoipa::path(
    get, path = "/api/v1/transitions", tag = "staffing", operation_id = "list_transitions",
    responses((status = 200, body = Transitions)),
)]
async fn list(_actor: Actor<ViewStaffing>, State(app): State<App>) -> Result<Json<Transitions>> {
    let rows = row::Entity::find()
        .order_by_desc(row::Column::CreatedAt)
        .limit(store::SHOWN)
        .all(app.db.read())
        .await?;
    let items = rows.into_iter().map(view).collect::<Result<_>>()?;
    Ok(Json(Transitions { items }))
}

/// One transition: the six posts, what is handed over.
#[utoipa::path(
    get, path = "/api/v1/transitions/{id}", tag = "staffing", operation_id = "get_transition",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TransitionDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewStaffing>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<TransitionDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// From whom, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTransition {
    /// 原运营公司, 1 to 60 characters.
    predecessor: String,
    /// The first day of service.
    go_live_on: NaiveDate,
}

/// Begins a transition.
#[utoipa::path(
    post, path = "/api/v1/transitions", tag = "staffing", operation_id = "create_transition",
    request_body = NewTransition,
    responses((status = 201, body = TransitionDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<ManageTransitions>,
    State(app): State<App>,
    Json(new): Json<NewTransition>,
) -> Result<(StatusCode, Json<TransitionDetail>)> {
    must_be_name("predecessor", &new.predecessor)?;
    day::plausible("go_live_on", new.go_live_on, day::today(&app))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "GD-", now).await?,
                predecessor: new.predecessor,
                go_live_on: day::text(new.go_live_on),
                exempt_until: None,
                state: TransitionState::Preparing.as_str().to_owned(),
                signed_off_by: None,
                signed_off_at: None,
                completed_at: None,
                created_by: who.user_id,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            store::tell(&app, &tx, &who, &row, ("created", None)).await?;
            Ok(row)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        detail(&done, actor.principal(), row).await?,
    ))
}
