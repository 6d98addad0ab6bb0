//! Fills a list: by hand, from a table, or from tickets.

use std::collections::HashSet;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State};
use axum::http::{StatusCode, header};
use documents::{Table, Unreadable};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, bad_request, invalid, too_large};
use kernel::text::checked;
use kernel::{Actor, App, Tx, audit, versioned};
use requesters::{Caller, NumberKind};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::must_be_open;
use super::store::{self, item_row, list};
use super::{Case, State as Standing};
use crate::outbound::callback::store::hash_of;
use crate::outbound::rules::{OutboundNumber, may_be_called};
use crate::outbound::{ManageFollowUps, Outbound, do_not_call};

/// Items of one list.
const MOST_ITEMS: usize = 5_000;
/// Rows that were not taken and are told.
const MOST_TOLD: usize = 500;
/// Rows of one statement.
const AT_ONCE: usize = 500;
/// The largest request that brings a table.
const LARGEST: usize = documents::LARGEST + (64 << 10);
/// Tickets of one filter.
const MOST_TICKETS: u64 = 2_000;

pub(super) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(by_hand))
        .routes(routes!(from_tickets))
        .routes(routes!(from_table))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(outbound.clone())
}

/// Somebody to be asked.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewItem {
    /// The number.
    number: String,
    /// The name.
    name: Option<String>,
    /// What the agent should know.
    note: Option<String>,
    #[serde(skip)]
    ticket_id: Option<Uuid>,
    #[serde(skip)]
    requester_id: Option<Uuid>,
    /// The row of the table, or its place among what was sent.
    #[serde(skip)]
    row: u32,
}

/// Why a row was not taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemFault {
    /// The row as the sheet shows it, or the place among what was sent.
    pub row: u32,
    /// `number_unreadable`, `number_not_allowed`, `number_twice`, `number_known`, `do_not_call`, `text_invalid`.
    pub code: &'static str,
    /// The number, masked.
    pub number: String,
}

/// What became of the rows, or what would.
#[derive(Debug, Serialize, ToSchema)]
pub struct Filled {
    /// Nothing was written.
    pub dry_run: bool,
    /// Items that are new.
    pub added: usize,
    /// Rows that were not taken.
    pub refused: usize,
    /// Of these the first 500.
    pub faults: Vec<ItemFault>,
}

/// How a list is filled.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FillQuery {
    /// Only tells what would become of the rows.
    #[serde(default)]
    dry_run: bool,
}

struct Ready {
    item: NewItem,
    text: String,
    hash: String,
}

/// Which of the rows can be taken, and why the others cannot.
async fn judged(
    app: &App,
    tx: &Tx,
    list: Uuid,
    items: Vec<NewItem>,
) -> Result<(Vec<Ready>, Vec<ItemFault>)> {
    let now = app.clock.now();
    let rows = kernel::rule::in_force::<OutboundNumber>(&**tx, now).await?;
    let known: Vec<String> = item_row::Entity::find()
        .select_only()
        .column(item_row::Column::NumberHash)
        .filter(item_row::Column::ListId.eq(list))
        .into_tuple()
        .all(&**tx)
        .await?;
    let known: HashSet<String> = known.into_iter().collect();
    let (mut ready, mut faults, mut seen) = (Vec::<Ready>::new(), Vec::new(), HashSet::new());
    for item in items {
        let mut no = |code, number: &str| {
            let number = kernel::Phone::new(number).masked();
            let row = item.row;
            faults.push(ItemFault { row, code, number });
        };
        let number = requesters::normalise(&item.number)
            .filter(|number| !matches!(number.kind, NumberKind::Other | NumberKind::Withheld));
        let Some(number) = number else {
            no("number_unreadable", &item.number);
            continue;
        };
        let texts = [&item.name, &item.note].into_iter().flatten();
        if texts.into_iter().any(|text| checked("note", text).is_err()) {
            no("text_invalid", &number.text);
            continue;
        }
        if !may_be_called(&rows, &number) {
            no("number_not_allowed", &number.text);
            continue;
        }
        let hash = hash_of(app, &number.text);
        if known.contains(&hash) {
            no("number_known", &number.text);
        } else if !seen.insert(hash.clone()) {
            no("number_twice", &number.text);
        } else if !do_not_call::store::holding(&**tx, now, &hash)
            .await?
            .is_empty()
        {
            no("do_not_call", &number.text);
        } else {
            let text = number.text;
            ready.push(Ready { item, text, hash });
        }
    }
    if known.len() + ready.len() > MOST_ITEMS {
        let detail = "a list has at most 5,000 items";
        return Err(invalid("items", "too_many_items", detail));
    }
    Ok((ready, faults))
}

async fn fill(
    outbound: &Outbound,
    actor: &Actor<ManageFollowUps>,
    id: Uuid,
    items: Vec<NewItem>,
    (dry_run, source): (bool, &'static str),
) -> Result<Filled> {
    if items.len() > MOST_ITEMS {
        let detail = "a list has at most 5,000 items";
        return Err(invalid("items", "too_many_items", detail));
    }
    let app = outbound.app().clone();
    let (who, scope) = (actor.who(), actor.scope().clone());
    app.db
        .clone()
        .write(async move |tx| {
            let before = store::get(&*tx, &scope, id).await?;
            must_be_open(&before)?;
            let (ready, mut faults) = judged(&app, &tx, id, items).await?;
            let (added, refused) = (ready.len(), faults.len());
            faults.truncate(MOST_TOLD);
            if !dry_run && added > 0 {
                let items = before.items + i32::try_from(added).unwrap_or_default();
                let after = list::Model {
                    items,
                    ..before.clone()
                };
                versioned::save(&app, &*tx, &before, after).await?;
                write(&app, &tx, &before, ready).await?;
                let facts = json!({ "source": source, "added": added, "refused": refused });
                audit::record(
                    &app,
                    &*tx,
                    &who,
                    "follow_up.filled",
                    "follow_up_list",
                    id,
                    facts,
                )
                .await?;
            }
            Ok(Filled {
                dry_run,
                added,
                refused,
                faults,
            })
        })
        .await
}

async fn write(app: &App, tx: &Tx, list: &list::Model, ready: Vec<Ready>) -> Result<()> {
    let now = app.clock.now();
    let owners = store::owners(&**tx, vec![list.id]).await?;
    let owners = owners.get(&list.id).cloned().unwrap_or_default();
    let callers: Vec<Caller> = ready
        .iter()
        .map(|one| Caller {
            number: Some(one.text.clone()),
            name: one.item.name.clone().filter(|name| !name.is_empty()),
        })
        .collect();
    let people = requesters::find_or_create_many(app, &**tx, &callers).await?;
    let case = Case::new(now);
    let mut rows = Vec::with_capacity(ready.len());
    for ((seq, one), requester) in (list.items + 1..).zip(ready).zip(people) {
        let place = usize::try_from(seq).unwrap_or_default();
        let owner = place
            .checked_rem(owners.len())
            .and_then(|place| owners.get(place).copied());
        let item = item_row::Model {
            id: app.ids.next(),
            list_id: list.id,
            seq,
            number: one.text,
            number_hash: one.hash,
            name: one.item.name.filter(|name| !name.is_empty()),
            note: one.item.note.filter(|note| !note.is_empty()),
            requester_id: one.item.requester_id.or(Some(requester)),
            ticket_id: one.item.ticket_id,
            owner_id: owner,
            state: Standing::Waiting.as_str().to_owned(),
            open: true,
            attempts: 0,
            last_attempt_at: None,
            next_at: None,
            outcome: None,
            answers: None,
            updated_at: now,
            version: 1,
        };
        rows.push(item.with_case(&case).into_active_model());
    }
    for some in rows.chunks(AT_ONCE) {
        item_row::Entity::insert_many(some.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Items to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewItems {
    /// At most 5,000.
    items: Vec<NewItem>,
}

/// Adds items by hand. A number stands in a list once.
#[utoipa::path(
    post, path = "/api/v1/follow-up-lists/{id}/items", tag = "follow-ups", operation_id = "add_follow_up_items",
    params(("id" = Uuid, Path), FillQuery),
    request_body = NewItems,
    responses((status = 200, body = Filled), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn by_hand(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Query(query): Query<FillQuery>,
    Json(new): Json<NewItems>,
) -> Result<Json<Filled>> {
    let numbered = (1..)
        .zip(new.items)
        .map(|(row, item)| NewItem { row, ..item });
    let items = numbered.collect();
    let filled = fill(&outbound, &actor, id, items, (query.dry_run, "hand"));
    Ok(Json(filled.await?))
}

/// Which tickets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketsToAsk {
    /// As the list of tickets is narrowed: `{"state": "closed", "request_type": "complaint"}`.
    #[schema(value_type = Object)]
    filter: Value,
}

/// Adds the requesters of tickets, the newest 2,000 that the filter names. A number stands in a list once.
#[utoipa::path(
    post, path = "/api/v1/follow-up-lists/{id}/from-tickets", tag = "follow-ups",
    operation_id = "add_follow_up_tickets",
    params(("id" = Uuid, Path), FillQuery),
    request_body = TicketsToAsk,
    responses((status = 200, body = Filled), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn from_tickets(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Query(query): Query<FillQuery>,
    Json(asked): Json<TicketsToAsk>,
) -> Result<Json<Filled>> {
    let house = outbound.house()?;
    let tickets = house
        .tickets(actor.principal(), asked.filter, MOST_TICKETS)
        .await?;
    let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.requester_id).collect();
    let mut known = std::collections::HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let found = requesters::find_many(outbound.app().db.read(), some.to_vec()).await?;
        known.extend(found.into_iter().map(|requester| (requester.id, requester)));
    }
    let items = (1..).zip(tickets).map(|(row, ticket)| {
        let requester = known.get(&ticket.requester_id);
        let phone = requester.and_then(|requester| requester.phone.as_ref());
        let name = requester.and_then(|requester| requester.name.as_ref());
        NewItem {
            number: phone.map_or(String::new(), |phone| phone.reveal().to_owned()),
            name: name.map(|name| name.reveal().to_owned()),
            note: Some(format!("{} {}", ticket.number, ticket.title)),
            ticket_id: Some(ticket.id),
            requester_id: Some(ticket.requester_id),
            row,
        }
    });
    let items = items.collect();
    let filled = fill(&outbound, &actor, id, items, (query.dry_run, "tickets"));
    Ok(Json(filled.await?))
}

/// A table as one part named `file` of a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "tells the shape of the form")]
pub(crate) struct ItemTable {
    /// `.xlsx` or `.csv` with a heading: 号码, 姓名, 备注.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Adds items from a table with the columns 号码, 姓名 and 备注. A number stands in a list once.
#[utoipa::path(
    post, path = "/api/v1/follow-up-lists/{id}/import", tag = "follow-ups", operation_id = "import_follow_up_items",
    params(("id" = Uuid, Path), FillQuery),
    request_body(content = ItemTable, content_type = "multipart/form-data"),
    responses((status = 200, body = Filled), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn from_table(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Query(query): Query<FillQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Filled>)> {
    let bytes = file(request).await?;
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes));
    let table = read
        .await
        .map_err(kernel::problem::internal)?
        .map_err(unreadable)?;
    let items = of_table(&table)?;
    let filled = fill(&outbound, &actor, id, items, (query.dry_run, "table"));
    Ok((StatusCode::OK, Json(filled.await?)))
}

/// Names of the columns, in small letters.
const NUMBER: [&str; 6] = ["号码", "电话", "电话号码", "手机号码", "联系电话", "number"];
const NAME: [&str; 3] = ["姓名", "称呼", "name"];
const NOTE: [&str; 3] = ["备注", "说明", "note"];

fn of_table(table: &Table) -> Result<Vec<NewItem>> {
    let heading = table.rows.first();
    let place = |names: &[&str]| {
        heading.and_then(|row| {
            row.cells.iter().position(|cell| {
                let text = cell.text().trim().to_lowercase();
                names.contains(&text.as_str())
            })
        })
    };
    let number = place(&NUMBER).ok_or_else(|| {
        invalid(
            "file",
            "column_missing",
            "the first row names no column 号码",
        )
    })?;
    let (name, note) = (place(&NAME), place(&NOTE));
    let items = table.rows.iter().skip(1).map(|row| {
        let text = |column: Option<usize>| {
            let text = row.cell(column?).text().trim().to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        NewItem {
            number: text(Some(number)).unwrap_or_default(),
            name: text(name),
            note: text(note),
            row: row.number,
            ..NewItem::default()
        }
    });
    Ok(items.collect())
}

/// The file of a request: the part `file` of a form, or the whole body.
async fn file(request: Request) -> Result<Bytes> {
    let broken = |status: StatusCode, detail: String| match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large("a table has at most 20 MB"),
        _ => bad_request("form_unreadable", detail),
    };
    let kind = request.headers().get(header::CONTENT_TYPE);
    let form = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    let missing = || bad_request("file_missing", "there is no file").with_field("file");
    if !form {
        let bytes = Bytes::from_request(request, &()).await;
        let bytes = bytes.map_err(|error| broken(error.status(), error.body_text()))?;
        return if bytes.is_empty() {
            Err(missing())
        } else {
            Ok(bytes)
        };
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| bad_request("form_unreadable", error.body_text()))?;
    let unread =
        |error: axum::extract::multipart::MultipartError| broken(error.status(), error.body_text());
    while let Some(field) = form.next_field().await.map_err(unread)? {
        if field.name() == Some("file") {
            return field.bytes().await.map_err(unread);
        }
    }
    Err(missing())
}

/// Why a file is no table, with the cell where reading ended.
fn unreadable(why: Unreadable) -> Problem {
    let problem = match why.code {
        "file_too_large" => return too_large(why.detail).with_field("file"),
        code => invalid("file", code, why.detail),
    };
    match why.at {
        Some((row, column)) => problem
            .with("row", row)
            .with("column", documents::letters(column)),
        None => problem,
    }
}
