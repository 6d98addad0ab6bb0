//! Work orders as they are seen: the ticket with what the platform said of it.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, not_found};
use kernel::{Actor, App};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ViewWorkOrders;
use super::store::{self, row};
use crate::ticket::http::{TicketDetail, TicketView, detail, ticket_views};
use crate::ticket::life;
use crate::ticket::search;
use crate::ticket::store::{self as tickets, Filter, row as ticket_row};
use crate::ticket::viewer::Viewer;

/// Days within which a second order of the same person about the same matter is taken for the same request
/// (domain B.3).
const SAME_WITHIN: TimeDelta = TimeDelta::days(30);
/// Possible duplicates that are shown.
const MOST_ALIKE: u64 = 10;

/// What a platform said of a work order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Told {
    /// The platform's number.
    pub order_no: String,
    /// 受理渠道
    pub channel: Option<String>,
    /// 诉求分类, as the platform calls it.
    pub matter_as_received: Option<String>,
    /// 性别; null when the viewer may not know the requester.
    pub caller_sex: Option<String>,
    /// 事发时间
    pub incident_time: Option<DateTime<Utc>>,
    /// 是否公开
    pub public: Option<bool>,
    /// 是否回复
    pub need_reply: Option<bool>,
    /// 受理时间
    pub accepted_at: Option<DateTime<Utc>>,
    /// 受理员
    pub accepted_by: Option<String>,
    /// 转办时间
    pub dispatched_at: Option<DateTime<Utc>>,
    /// 转办人
    pub dispatcher: Option<String>,
    /// 转办意见
    pub dispatch_opinion: Option<String>,
    /// 承办单位
    pub handling_unit: Option<String>,
    /// 协办单位
    pub co_units: Option<String>,
    /// 办理时限, as the platform counts it; ours is `due_at`.
    pub due_as_received: Option<DateTime<Utc>>,
    /// 工单状态, as the platform says it; ours is `state`.
    pub status_as_received: Option<String>,
    /// 满意度, as the platform says it.
    pub satisfaction_as_received: Option<String>,
    /// 回访情况
    pub revisit_note: Option<String>,
    /// 延期后时限
    pub extended_due_at: Option<DateTime<Utc>>,
    /// 关联工单
    pub related_orders: Option<String>,
    /// 附件
    pub attachments: Option<String>,
    /// What stands in columns of no known meaning; null when the viewer may not know the requester.
    pub raw: Option<BTreeMap<String, String>>,
    /// When it was last brought in.
    pub imported_at: DateTime<Utc>,
    /// By which import.
    pub import_id: Uuid,
    /// Rises when the platform changes it.
    pub revision: i64,
}

/// A work order as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkOrderView {
    /// The ticket.
    #[serde(flatten)]
    pub ticket: TicketView,
    /// What the platform said of it.
    pub order: Told,
}

/// A ticket that may be the same request.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alike {
    /// The ticket.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// The platform that sent it; null for our own.
    pub platform: Option<String>,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: String,
    /// When it was received.
    pub opened_at: DateTime<Utc>,
    /// This one can be merged into it: it is still owed.
    pub can_take: bool,
}

/// A work order with what only its own page shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkOrderDetail {
    /// The ticket.
    #[serde(flatten)]
    pub ticket: TicketDetail,
    /// What the platform said of it.
    pub order: Told,
    /// Tickets of the same requester about the same matter within 30 days (domain B.3).
    pub alike: Vec<Alike>,
}

pub(super) fn told(order: row::Model, may_know: bool) -> Result<Told> {
    let raw = may_know.then(|| order.raw()).transpose()?;
    Ok(Told {
        raw,
        order_no: order.order_no,
        channel: order.channel,
        matter_as_received: order.matter_as_received,
        caller_sex: order.caller_sex.filter(|_| may_know),
        incident_time: order.incident_time,
        public: order.public,
        need_reply: order.need_reply,
        accepted_at: order.accepted_at,
        accepted_by: order.accepted_by,
        dispatched_at: order.dispatched_at,
        dispatcher: order.dispatcher,
        dispatch_opinion: order.dispatch_opinion,
        handling_unit: order.handling_unit,
        co_units: order.co_units,
        due_as_received: order.due_as_received,
        status_as_received: order.status_as_received,
        satisfaction_as_received: order.satisfaction_as_received,
        revisit_note: order.revisit_note,
        extended_due_at: order.extended_due_at,
        related_orders: order.related_orders,
        attachments: order.attachments,
        imported_at: order.imported_at,
        import_id: order.import_id,
        revision: order.revision,
    })
}

/// The tickets of platforms that `viewer` may see, narrowed.
pub(super) fn select(viewer: &Viewer, filter: &Filter) -> sea_orm::Select<ticket_row::Entity> {
    filter
        .narrow(viewer.tickets(), viewer)
        .filter(ticket_row::Column::Platform.ne(""))
}

/// Lists work orders, the newest first. `q` is the beginning of an order number or of a ticket number, a
/// telephone number or its last four digits as `*1234`, the beginning of a name, or words of title and content.
#[utoipa::path(
    get, path = "/api/v1/work-orders", tag = "work orders",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<WorkOrderView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewWorkOrders>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<WorkOrderView>>> {
    let conn = app.db.read();
    let viewer = Viewer::of(&app, &actor).await?;
    let select = select(&viewer, &filter);
    let page = search::page(&app, conn, &viewer, select, &query).await?;
    let ids: Vec<Uuid> = page.items.iter().map(|ticket| ticket.id).collect();
    let mut orders = store::of_tickets(conn, &ids).await?;
    let knows: Vec<bool> = page
        .items
        .iter()
        .map(|ticket| viewer.may_know_requester(ticket))
        .collect();
    let views = ticket_views(conn, app.clock.now(), &viewer, page.items).await?;
    let items = views.into_iter().zip(knows).filter_map(|(ticket, knows)| {
        let order = orders.remove(&ticket.id)?;
        Some(told(order, knows).map(|order| WorkOrderView { ticket, order }))
    });
    Ok(Json(Page {
        items: items.collect::<Result<_>>()?,
        next: page.next,
        total: page.total,
        total_capped: page.total_capped,
    }))
}

/// One work order, by its ticket.
#[utoipa::path(
    get, path = "/api/v1/work-orders/{id}", tag = "work orders",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = WorkOrderDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewWorkOrders>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<WorkOrderDetail>> {
    let (conn, viewer) = (app.db.read(), Viewer::of(&app, &actor).await?);
    let ticket = tickets::get(conn, &viewer, id).await?;
    let order = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("work order"))?;
    let may_know = viewer.may_know_requester(&ticket);
    let alike = alike(conn, &viewer, &ticket).await?;
    let Json(ticket) = detail(&app, actor.principal(), &viewer, ticket).await?;
    Ok(Json(WorkOrderDetail {
        ticket,
        order: told(order, may_know)?,
        alike,
    }))
}

/// Tickets that may be the same request: one requester, one matter, within 30 days of each other. Who may not
/// know the requester is not told which tickets are of one person.
pub(super) async fn alike(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    ticket: &ticket_row::Model,
) -> Result<Vec<Alike>> {
    use ticket_row::Column;
    let (true, Some(matter)) = (viewer.may_know_requester(ticket), &ticket.matter_code) else {
        return Ok(Vec::new());
    };
    let over = [
        life::State::Draft,
        life::State::Void,
        life::State::Merged,
        life::State::Rejected,
    ];
    let person = requesters::same_person(conn, ticket.requester_id).await?;
    let rows = viewer
        .tickets()
        .filter(Column::RequesterId.is_in(person))
        .filter(Column::MatterCode.eq(matter.as_str()))
        .filter(Column::OpenedAt.gte(ticket.opened_at - SAME_WITHIN))
        .filter(Column::OpenedAt.lte(ticket.opened_at + SAME_WITHIN))
        .filter(Column::State.is_not_in(over.map(life::State::as_str)))
        .filter(Column::Id.ne(ticket.id))
        .order_by_asc(Column::OpenedAt)
        .limit(MOST_ALIKE)
        .all(conn)
        .await?;
    let known = rows
        .into_iter()
        .filter(|row| viewer.may_know_requester(row));
    Ok(known
        .map(|row| Alike {
            id: row.id,
            number: row.number,
            platform: Some(row.platform).filter(|code| !code.is_empty()),
            title: row.title,
            state: row.state,
            opened_at: row.opened_at,
            can_take: row.open,
        })
        .collect())
}
