//! The way out as a file: the platform's own template, filled with how its orders stand here.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use calendar::SHANGHAI;
use chrono::{DateTime, Utc};
use kernel::http::Query;
use kernel::list::ListQuery;
use kernel::problem::{Problem, Result, bad_request, internal, refused};
use kernel::{Actor, App};
use organization::{ExportPass, Leaving, Trace};
use requesters::Requester;
use sea_orm::ColumnTrait as _;
use sea_orm::{PaginatorTrait as _, QueryFilter as _, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::columns::{Field, WordMaps, plain};
use super::platform::Platform;
use super::store::{self, row};
use super::{ExportWorkOrders, http, platform};
use crate::matter;
use crate::ticket::search;
use crate::ticket::store::{Filter, row as ticket_row};
use crate::ticket::viewer::Viewer;

/// Orders read in one statement.
const AT_ONCE: u64 = 500;

/// Takes the orders of a platform out as an `.xlsx` in its own template; at most 20,000. Names and numbers are
/// masked, and hidden where an order is confidential.
#[utoipa::path(
    get, path = "/api/v1/work-orders/export", tag = "work orders",
    params(ListQuery, Filter, ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, body = Problem), (status = 409, body = Problem),
    ),
)]
pub(crate) async fn export(
    actor: Actor<ExportWorkOrders>,
    leaving: Leaving,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Response> {
    let conn = app.db.read();
    let viewer = Viewer::of(&app, &actor).await?;
    let code = filter.platform.as_deref().ok_or_else(|| {
        bad_request("platform_missing", "whose template is to be filled?").with_field("platform")
    })?;
    let platform = platform::find(conn, code).await?;
    let select = http::select(&viewer, &filter);
    let select = search::all(&app, conn, &viewer, select, &query).await?;
    let most = documents::MOST_ROWS as u64;
    let many = select.clone().limit(most + 1).count(conn).await?;
    if many > most {
        return Err(refused(
            "export_too_large",
            format!("more than {most} orders; nothing was exported"),
        )
        .with_way_out("narrow it down, for example by from and to"));
    }
    let pass = leaving.pass(&app, many).await?;
    let names: HashMap<String, String> = matter::leaves(conn)
        .await?
        .into_iter()
        .map(|leaf| (leaf.code, leaf.name))
        .collect();
    let mut rows = Vec::new();
    let mut after: Option<Uuid> = None;
    loop {
        // By id, which sorts by the time it was brought in.
        let mut page = select.clone().order_by_asc(ticket_row::Column::Id);
        if let Some(id) = after {
            page = page.filter(ticket_row::Column::Id.gt(id));
        }
        // Orders that come meanwhile are not among those that may leave.
        let left = many.saturating_sub(rows.len() as u64).min(AT_ONCE);
        let tickets = page.limit(left).all(conn).await?;
        let Some(last) = tickets.last() else { break };
        after = Some(last.id);
        let ids: Vec<Uuid> = tickets.iter().map(|ticket| ticket.id).collect();
        let people = tickets.iter().map(|ticket| ticket.requester_id).collect();
        let orders = store::of_tickets(conn, &ids).await?;
        let people: HashMap<Uuid, Requester> = requesters::find_many(conn, people)
            .await?
            .into_iter()
            .map(|requester| (requester.id, requester))
            .collect();
        for ticket in &tickets {
            let Some(order) = orders.get(&ticket.id) else {
                continue;
            };
            let line = Line {
                platform: &platform,
                ticket,
                order,
                raw: order.raw()?,
                requester: people
                    .get(&ticket.requester_id)
                    .filter(|_| viewer.may_know_requester(ticket)),
                matters: &names,
            };
            rows.push(line.cells());
        }
    }
    let heading: Vec<String> = platform
        .columns
        .columns
        .iter()
        .map(|one| one.column.clone())
        .collect();
    let mark = pass.line();
    let write = move || {
        let heading = heading.iter().map(String::as_str);
        documents::write_marked("工单", heading, rows, Some(&mark))
    };
    let bytes = tokio::task::spawn_blocking(write)
        .await
        .map_err(internal)?
        .map_err(internal)?;
    let code = platform.code.clone();
    let day = shown(app.clock.now());
    let asked = json!({
        "platform": code, "orders": many, "q": query.q.is_some(), "state": filter.state, "open": filter.open,
        "mine": filter.mine, "owner": filter.owner, "matter": filter.matter, "section": filter.section,
        "request_type": filter.request_type, "incident_address": filter.incident_address.is_some(), "due_before": filter.due_before, "from": filter.from,
        "to": filter.to,
    });
    let trace = Trace {
        action: "work_orders.exported",
        subject_kind: "platform",
        subject: code,
        details: asked,
    };
    pass.taken(&app, &bytes, trace).await?;
    Ok(download(&platform.code, &day, bytes))
}

/// One order as a row of the template.
struct Line<'a> {
    platform: &'a Platform,
    ticket: &'a ticket_row::Model,
    order: &'a row::Model,
    raw: std::collections::BTreeMap<String, String>,
    requester: Option<&'a Requester>,
    matters: &'a HashMap<String, String>,
}

impl Line<'_> {
    fn cells(&self) -> Vec<String> {
        let columns = self.platform.columns.columns.iter();
        columns
            .map(|one| match one.field {
                Some(field) => self.value(field).unwrap_or_default(),
                None if self.requester.is_none() && self.ticket.confidential => String::new(),
                None => self
                    .raw
                    .get(&plain(&one.column))
                    .cloned()
                    .unwrap_or_default(),
            })
            .collect()
    }

    /// How a field stands here; what only the platform knows goes back as it came.
    fn value(&self, field: Field) -> Option<String> {
        let (ticket, order, words) = (self.ticket, self.order, &self.platform.words);
        let time = |at: Option<DateTime<Utc>>| at.map(shown);
        let flag = |flag: Option<bool>| Some((if flag? { "是" } else { "否" }).to_owned());
        let may_know = self.requester.is_some();
        match field {
            Field::OrderNo => Some(order.order_no.clone()),
            Field::Channel => order.channel.clone(),
            Field::RequestType => {
                let ours = ticket.request_type.as_deref()?;
                Some(WordMaps::back(&words.request_type, ours))
            }
            Field::Matter => order.matter_as_received.clone().or_else(|| {
                let code = ticket.matter_code.as_ref()?;
                self.matters.get(code).cloned()
            }),
            Field::Title => Some(ticket.title.clone()),
            Field::Content => Some(ticket.summary.clone()),
            Field::CallerName => Some(self.requester?.name.as_ref()?.masked()),
            Field::CallerPhone => Some(self.requester?.phone.as_ref()?.masked()),
            Field::CallerSex => order.caller_sex.clone().filter(|_| may_know),
            Field::IdNo => None,
            Field::IncidentAddress => ticket.incident_address.clone().filter(|_| may_know),
            Field::IncidentTime => time(order.incident_time),
            Field::Confidential => flag(Some(ticket.confidential)),
            Field::Public => flag(order.public),
            Field::NeedReply => flag(order.need_reply),
            Field::Urgency => Some(WordMaps::back(&words.urgency, &ticket.priority)),
            Field::AcceptedAt => time(order.accepted_at),
            Field::AcceptedBy => order.accepted_by.clone(),
            Field::DispatchedAt => time(order.dispatched_at),
            Field::Dispatcher => order.dispatcher.clone(),
            Field::DispatchOpinion => order.dispatch_opinion.clone(),
            Field::HandlingUnit => order.handling_unit.clone(),
            Field::CoUnits => order.co_units.clone(),
            Field::DueAt => time(order.due_as_received.or(Some(ticket.due_at))),
            Field::Status => Some(WordMaps::back(&words.state, &ticket.state)),
            Field::HandleResult => ticket.resolution.clone().or(order.handle_result.clone()),
            Field::ReplyText => ticket
                .resolution
                .clone()
                .or(order.reply_as_received.clone()),
            Field::RepliedAt => time(order.replied_at),
            Field::ClosedAt => time(ticket.ended_at.or(order.closed_at)),
            Field::Satisfaction => match ticket.satisfaction.as_deref() {
                Some(ours) => Some(WordMaps::back(&words.satisfaction, ours)),
                None => order.satisfaction_as_received.clone(),
            },
            Field::RevisitNote => order.revisit_note.clone(),
            Field::ReturnReason => order.return_reason.clone(),
            Field::ExtendReason => order.extend_reason.clone(),
            Field::ExtendedDueAt => {
                let extended = ticket.due_at;
                time(
                    order
                        .extended_due_at
                        .or(Some(extended).filter(|_| self.was_extended())),
                )
            }
            Field::RelatedOrders => order.related_orders.clone(),
            Field::Attachments => order.attachments.clone(),
        }
    }

    fn was_extended(&self) -> bool {
        self.ticket.case().is_ok_and(|case| case.extensions > 0)
    }
}

/// A moment as Chinese offices write it.
fn shown(at: DateTime<Utc>) -> String {
    at.with_timezone(&SHANGHAI)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn download(code: &str, day: &str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let day: String = day.chars().filter(char::is_ascii_digit).take(8).collect();
    let name = format!("attachment; filename=\"work-orders-{code}-{day}.xlsx\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (headers, bytes).into_response()
}
