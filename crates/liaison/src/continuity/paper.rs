//! Forms on paper for when nothing else works: printed with numbers, and each line accounted for once the system is
//! back: what was written on it is entered through the contacts' own door, and its record is noted here.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::needed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, attachment, numbers};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::letter::http::{AsFile, Office};
use crate::paper::{Block, Paper, PaperFormat, file_of};
use crate::rights::{TakeOnPaper, ViewContinuity};
use crate::trail::{Scribe, Seen};

/// Lines of one sheet.
const LINES: i32 = 8;
/// Sheets shown, the newest first.
const SHOWN: u64 = 200;

kernel::table! {
    mod row = "paper_sheets" (id: Uuid) {
        number: String,
        lines: i32,
        printed_by: Option<Uuid>,
        printed_at: DateTimeUtc,
        closed_at: Option<DateTimeUtc>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    mod entry_row = "paper_entries" (id: Uuid) {
        sheet_id: Uuid,
        line: i32,
        contact_id: Uuid,
        by_id: Option<Uuid>,
        at: DateTimeUtc,
    }
}

kernel::versioned!(row, |sheet| format!("sheet `{}`", sheet.number));

/// The routes of this file.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, print))
        .routes(routes!(form))
        .routes(routes!(enter))
        .routes(routes!(close))
        .with_state(office.clone())
}

/// A line that was entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperEntryView {
    /// The line, from 1.
    pub line: i32,
    /// The contact record it became.
    pub contact_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// A sheet of paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperSheetView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZB-20261126-001`
    pub number: String,
    /// How many lines it has.
    pub lines: i32,
    /// When it was printed.
    pub printed_at: DateTime<Utc>,
    /// `printed`, or `closed` when nothing more stands on it.
    pub state: String,
    /// What was entered.
    pub entries: Vec<PaperEntryView>,
    /// Rises with each change.
    pub version: i64,
}

/// Sheets of paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaperSheets {
    /// The newest first, at most 200.
    pub items: Vec<PaperSheetView>,
    /// How many are not closed.
    pub open: u64,
}

async fn sheets(conn: &impl ConnectionTrait) -> Result<Json<PaperSheets>> {
    let rows = row::Entity::find()
        .order_by_desc(row::Column::PrintedAt)
        .order_by_desc(row::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let entries = entry_row::Entity::find()
        .filter(entry_row::Column::SheetId.is_in(ids))
        .order_by_asc(entry_row::Column::Line)
        .all(conn)
        .await?;
    let items: Vec<PaperSheetView> = rows
        .into_iter()
        .map(|row| PaperSheetView {
            entries: entries
                .iter()
                .filter(|entry| entry.sheet_id == row.id)
                .map(|entry| PaperEntryView {
                    line: entry.line,
                    contact_id: entry.contact_id,
                    at: entry.at,
                })
                .collect(),
            id: row.id,
            number: row.number,
            lines: row.lines,
            printed_at: row.printed_at,
            state: row.state,
            version: row.version,
        })
        .collect();
    Ok(Json(PaperSheets {
        open: items.iter().filter(|item| item.state == "printed").count() as u64,
        items,
    }))
}

/// Sheets of paper with what was entered of them.
#[utoipa::path(
    get, path = "/api/v1/continuity/sheets", tag = "liaison", operation_id = "list_paper_sheets",
    responses((status = 200, body = PaperSheets)),
)]
async fn list(
    _actor: Actor<ViewContinuity>,
    State(office): State<Office>,
) -> Result<Json<PaperSheets>> {
    sheets(office.app.db.read()).await
}

/// How many sheets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSheets {
    /// 1 to 50.
    sheets: u32,
}

/// Numbers sheets that are to be printed and kept for when nothing else works.
#[utoipa::path(
    post, path = "/api/v1/continuity/sheets", tag = "liaison", operation_id = "number_paper_sheets",
    request_body = NewSheets, responses((status = 201, body = PaperSheets), (status = 422, body = Problem)),
)]
async fn print(
    actor: Actor<TakeOnPaper>,
    State(office): State<Office>,
    Json(new): Json<NewSheets>,
) -> Result<(StatusCode, Json<PaperSheets>)> {
    if !(1..=50).contains(&new.sheets) {
        return Err(invalid("sheets", "sheets_out_of_range", "1 to 50 sheets"));
    }
    let (db, app, who) = (office.app.db.clone(), office.app.clone(), actor.who());
    db.write(move |tx| async move {
        for _ in 0..new.sheets {
            let now = app.clock.now();
            let sheet = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "ZB-", now).await?,
                lines: LINES,
                printed_by: who.user_id,
                printed_at: now,
                closed_at: None,
                state: "printed".to_owned(),
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &sheet).await?;
            tell(&app, &tx, &who, &sheet, ("numbered", None)).await?;
        }
        Ok(())
    })
    .await?;
    let page = sheets(office.app.db.read()).await?;
    Ok((StatusCode::CREATED, page))
}

async fn tell(
    app: &App,
    tx: &kernel::Tx,
    who: &kernel::audit::Who,
    sheet: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "paper_sheet",
        id: sheet.id,
        seen: Seen::Both,
    };
    let facts = json!({ "number": sheet.number, "state": sheet.state });
    scribe.tell(what, note, facts).await
}

async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("sheet"))
}

/// The form of a sheet, to print.
#[utoipa::path(
    get, path = "/api/v1/continuity/sheets/{id}/form", tag = "liaison", operation_id = "print_paper_sheet",
    params(("id" = Uuid, Path), AsFile),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn form(
    _actor: Actor<ViewContinuity>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Query(wanted): Query<AsFile>,
) -> Result<Response> {
    let sheet = get(office.app.db.read(), id).await?;
    let head = [
        "序号",
        "时间",
        "姓名、电话",
        "诉求类型",
        "诉求内容",
        "答复或承诺",
        "工号",
    ];
    let empty = |line: i32| {
        let mut cells = vec![line.to_string()];
        // High enough to be written on by hand.
        cells.push("　\n　".to_owned());
        cells.resize(head.len(), String::new());
        cells
    };
    let paper = Paper {
        title: "话务手工登记表".to_owned(),
        number: Some(sheet.number.clone()),
        blocks: vec![
            Block::Paragraph {
                text: "系统、线路或供电中断时使用；恢复后逐行补录，并在系统中登记本表编号与序号。"
                    .to_owned(),
            },
            Block::Table {
                head: head.map(str::to_owned).to_vec(),
                rows: (1..=sheet.lines).map(empty).collect(),
                shares: vec![3, 5, 10, 7, 20, 16, 5],
            },
            Block::Signature {
                lines: vec![
                    "登记人：＿＿＿＿＿＿　补录人：＿＿＿＿＿＿　补录日期：＿＿＿＿＿＿".to_owned(),
                ],
            },
        ],
        landscape: true,
        ..Paper::default()
    };
    let format = wanted.format.unwrap_or(PaperFormat::Html);
    let laid = file_of(&office.frozen, paper, format).await?;
    let name = format!("{}.{}", sheet.number, laid.extension);
    Ok(attachment::download(
        &name,
        laid.media_type,
        laid.bytes.into(),
    ))
}

/// A line that was entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPaperEntry {
    /// The line, from 1.
    line: i32,
    /// The contact record that was written by hand of it.
    contact_id: Uuid,
}

/// Notes which contact record a line became; once for each line and each record.
#[utoipa::path(
    post, path = "/api/v1/continuity/sheets/{id}/entries", tag = "liaison", operation_id = "enter_paper_line",
    params(("id" = Uuid, Path)), request_body = NewPaperEntry,
    responses((status = 201, body = PaperSheets), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn enter(
    actor: Actor<TakeOnPaper>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewPaperEntry>,
) -> Result<(StatusCode, Json<PaperSheets>)> {
    let (db, app, who) = (office.app.db.clone(), office.app.clone(), actor.who());
    db.write(move |tx| async move {
        let sheet = get(&*tx, id).await?;
        if sheet.state != "printed" {
            let detail = format!("{} is closed", sheet.what());
            return Err(refused("sheet_closed", detail));
        }
        if !(1..=sheet.lines).contains(&new.line) {
            return Err(invalid("line", "line_out_of_range", "a line of the sheet"));
        }
        let entry = entry_row::Model {
            id: app.ids.next(),
            sheet_id: id,
            line: new.line,
            contact_id: new.contact_id,
            by_id: who.user_id,
            at: app.clock.now(),
        };
        let written = entry_row::Entity::insert(entry.into_active_model().reset_all())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&*tx)
            .await?;
        if written == 0 {
            let detail = "this line or this record is entered already";
            return Err(refused("line_entered", detail));
        }
        let note = new.line.to_string();
        tell(&app, &tx, &who, &sheet, ("entered", Some(&note))).await
    })
    .await?;
    let page = sheets(office.app.db.read()).await?;
    Ok((StatusCode::CREATED, page))
}

/// Nothing more stands on it, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SheetEnd {
    /// The version that was read.
    version: i64,
    /// Which lines stayed empty, or that it was not used.
    note: String,
}

/// Says that nothing more stands on a sheet.
#[utoipa::path(
    post, path = "/api/v1/continuity/sheets/{id}/close", tag = "liaison", operation_id = "close_paper_sheet",
    params(("id" = Uuid, Path)), request_body = SheetEnd,
    responses((status = 200, body = PaperSheets), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn close(
    actor: Actor<TakeOnPaper>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(end): Json<SheetEnd>,
) -> Result<Json<PaperSheets>> {
    let note = needed("note", &end.note)?;
    let (db, app, who) = (office.app.db.clone(), office.app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = versioned::as_read(get(&*tx, id).await?, end.version)?;
        if before.state != "printed" {
            let detail = format!("{} is closed", before.what());
            return Err(refused("sheet_closed", detail));
        }
        let mut after = before.clone();
        "closed".clone_into(&mut after.state);
        after.closed_at = Some(app.clock.now());
        let after = versioned::save(&app, &*tx, &before, after).await?;
        tell(&app, &tx, &who, &after, ("closed", Some(&note))).await
    })
    .await?;
    sheets(office.app.db.read()).await
}
