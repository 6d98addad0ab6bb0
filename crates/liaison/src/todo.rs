//! What waits for one between the sides, in one request: things to be done, texts to be read, letters and urgent
//! notices to be received, decisions, rectifications.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::Json;
use kernel::list::ListQuery;
use kernel::problem::Result;
use kernel::{Actor, App, Principal};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::change::SiteChangeState;
use crate::letter::LetterState;
use crate::rectification::RectificationState;
use crate::rights::{
    AnswerRectifications, DecideSiteChanges, Inspect, ProposeSiteChanges, SignLetters,
    ViewLiaisonTodo, ViewUrgentNotices, WriteLetters,
};
use crate::{change, letter, meeting, rectification, regulation, side, supply, urgent};
use kernel::day;

/// Rows of one kind that are looked at.
const LOOKED_AT: u64 = 200;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(todo))
        .with_state(app.clone())
}

/// Something that waits for somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonTodoItem {
    /// `letter`, `urgent_notice`, `site_change`, `rectification`, `regulation`, `meeting_action` or `supply_move`.
    pub kind: &'static str,
    /// Identifies it among its kind.
    pub id: Uuid,
    /// Where its page is: of something to be done the meeting.
    pub page_id: Uuid,
    /// Its number or code.
    pub number: Option<String>,
    /// What it is about.
    pub title: String,
    /// The step that is owed: `receive`, `reply`, `sign`, `acknowledge`, `decide`, `answer`, `read`, `do` …
    pub owes: &'static str,
    /// Until when.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
}

/// What waits for somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonTodo {
    /// What is late first, then what is due next; what has no time last.
    pub items: Vec<LiaisonTodoItem>,
}

/// What waits for who looks, in one list.
#[utoipa::path(
    get, path = "/api/v1/liaison-todo", tag = "liaison", operation_id = "list_liaison_todo",
    responses((status = 200, body = LiaisonTodo)),
)]
async fn todo(actor: Actor<ViewLiaisonTodo>, State(app): State<App>) -> Result<Json<LiaisonTodo>> {
    let (conn, of) = (app.db.read(), actor.principal());
    let mut items = Vec::new();
    own(&app, of, &mut items).await?;
    letters(conn, of, &mut items).await?;
    notices(conn, of, &mut items).await?;
    changes(conn, of, &mut items).await?;
    rectifications(conn, of, &mut items).await?;
    items.sort_by_key(|item: &LiaisonTodoItem| {
        (!item.overdue, item.due_at.is_none(), item.due_at, item.id)
    });
    Ok(Json(LiaisonTodo { items }))
}

fn many() -> ListQuery {
    ListQuery {
        per_page: Some(LOOKED_AT),
        ..ListQuery::default()
    }
}

async fn own(app: &App, of: &Principal, items: &mut Vec<LiaisonTodoItem>) -> Result<()> {
    let conn = app.db.read();
    let service = organization::service_calendar::load(conn).await?;
    for action in meeting::store::open_of(conn, of.user_id).await? {
        items.push(LiaisonTodoItem {
            kind: "meeting_action",
            id: action.id,
            page_id: action.meeting_id,
            number: None,
            due_at: Some(service.hours.closing_on(day::read(&action.due_on)?)),
            title: action.what,
            owes: "do",
            overdue: action.overdue,
        });
    }
    for made in supply::store::unsigned_of(conn, of.user_id).await? {
        items.push(LiaisonTodoItem {
            kind: "supply_move",
            id: made.id,
            page_id: made.supply_id,
            number: None,
            title: made.note.unwrap_or_default(),
            owes: "sign",
            due_at: None,
            overdue: false,
        });
    }
    let now = app.clock.now();
    for text in regulation::http::to_read(app, of).await? {
        items.push(LiaisonTodoItem {
            kind: "regulation",
            id: text.id,
            page_id: text.id,
            number: Some(text.code),
            title: text.title,
            owes: "read",
            due_at: text.due_at,
            overdue: text.due_at.is_some_and(|due| due < now),
        });
    }
    Ok(())
}

async fn letters(
    conn: &impl ConnectionTrait,
    of: &Principal,
    items: &mut Vec<LiaisonTodoItem>,
) -> Result<()> {
    use LetterState as S;
    if !of.may::<WriteLetters>() {
        return Ok(());
    }
    let mine = side::of(of);
    let filter = letter::store::Filter {
        open: Some(true),
        ..letter::store::Filter::default()
    };
    for row in letter::store::list(conn, mine, &many(), &filter)
        .await?
        .items
    {
        let own = row.from() == mine;
        let owes = match (own, S::parse(&row.state)) {
            (false, Some(S::Sent)) => "receive",
            (false, Some(S::Received | S::InProgress)) if row.reply_days.is_some() => "reply",
            (true, Some(S::Reviewing)) if row.reviewed_by.is_none() => "review",
            (true, Some(S::Reviewing)) if of.may::<SignLetters>() => "sign",
            (true, Some(S::Signed)) => "seal",
            (true, Some(S::Sealed)) => "send",
            (true, Some(S::Replied)) => "archive",
            _ => continue,
        };
        if owes == "review" && row.author_id == Some(of.user_id) {
            continue;
        }
        items.push(LiaisonTodoItem {
            kind: "letter",
            id: row.id,
            page_id: row.id,
            number: row.number,
            title: row.title,
            owes,
            due_at: row.due_at,
            overdue: row.overdue,
        });
    }
    Ok(())
}

async fn notices(
    conn: &impl ConnectionTrait,
    of: &Principal,
    items: &mut Vec<LiaisonTodoItem>,
) -> Result<()> {
    if !of.may::<ViewUrgentNotices>() {
        return Ok(());
    }
    let filter = urgent::store::Filter {
        open: Some(true),
        ..urgent::store::Filter::default()
    };
    for row in urgent::store::list(conn, &many(), &filter).await?.items {
        let told = urgent::store::tries(conn, row.id).await?;
        if !told.iter().any(|one| one.user_id == of.user_id) {
            continue;
        }
        items.push(LiaisonTodoItem {
            kind: "urgent_notice",
            id: row.id,
            page_id: row.id,
            overdue: row.state != urgent::UrgentState::Sent.as_str(),
            number: Some(row.number),
            title: row.title,
            owes: "acknowledge",
            due_at: row.due_at,
        });
    }
    Ok(())
}

async fn changes(
    conn: &impl ConnectionTrait,
    of: &Principal,
    items: &mut Vec<LiaisonTodoItem>,
) -> Result<()> {
    use SiteChangeState as S;
    let (decides, proposes) = (
        of.may::<DecideSiteChanges>(),
        of.may::<ProposeSiteChanges>(),
    );
    if !decides && !proposes {
        return Ok(());
    }
    for row in change::store::latest(conn, Some(true), LOOKED_AT).await? {
        let owes = match S::parse(&row.state) {
            Some(S::Submitted) if decides => "decide",
            Some(S::EffectivePendingRatification) if decides => "ratify",
            Some(S::Returned) if proposes => "edit",
            Some(S::Approved) if proposes => "apply",
            Some(S::Effective) if proposes => "archive",
            Some(S::Revoked) if proposes => "restore",
            _ => continue,
        };
        items.push(LiaisonTodoItem {
            kind: "site_change",
            id: row.id,
            page_id: row.id,
            number: Some(row.number),
            title: row.title,
            owes,
            due_at: row.due_at,
            overdue: row.overdue,
        });
    }
    Ok(())
}

async fn rectifications(
    conn: &impl ConnectionTrait,
    of: &Principal,
    items: &mut Vec<LiaisonTodoItem>,
) -> Result<()> {
    use RectificationState as S;
    let (inspects, answers) = (of.may::<Inspect>(), of.may::<AnswerRectifications>());
    if !inspects && !answers {
        return Ok(());
    }
    let filter = rectification::store::Filter {
        open: Some(true),
        ..rectification::store::Filter::default()
    };
    for row in rectification::store::list(conn, &many(), &filter)
        .await?
        .items
    {
        let owes = match S::parse(&row.state) {
            Some(S::Issued) if answers => "answer",
            Some(S::Answered) if inspects => "verify",
            _ => continue,
        };
        items.push(LiaisonTodoItem {
            kind: "rectification",
            id: row.id,
            page_id: row.id,
            number: Some(row.number),
            title: row.title,
            owes,
            due_at: row.due_at,
            overdue: row.overdue,
        });
    }
    Ok(())
}
