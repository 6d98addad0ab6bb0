//! The rows of work orders and of the imports that brought them.

use std::collections::{BTreeMap, HashMap};

use kernel::problem::{Result, internal};
use sea_orm::sea_query::{OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    Iterable as _, QueryFilter,
};
use uuid::Uuid;

use super::columns::{Field, from_json};
use super::interpret::Order;

/// Rows of one statement.
const AT_ONCE: usize = 500;

kernel::table! {
    /// What the platform said of one ticket, besides what the ticket itself holds.
    pub(crate) mod row = "work_orders" (ticket_id: Uuid) {
        platform: String,
        order_no: String,
        channel: Option<String>,
        matter_as_received: Option<String>,
        caller_sex: Option<String>,
        incident_time: Option<DateTimeUtc>,
        public: Option<bool>,
        need_reply: Option<bool>,
        accepted_at: Option<DateTimeUtc>,
        accepted_by: Option<String>,
        dispatched_at: Option<DateTimeUtc>,
        dispatcher: Option<String>,
        dispatch_opinion: Option<String>,
        handling_unit: Option<String>,
        co_units: Option<String>,
        due_as_received: Option<DateTimeUtc>,
        status_as_received: Option<String>,
        handle_result: Option<String>,
        reply_as_received: Option<String>,
        replied_at: Option<DateTimeUtc>,
        closed_at: Option<DateTimeUtc>,
        satisfaction_as_received: Option<String>,
        revisit_note: Option<String>,
        return_reason: Option<String>,
        extend_reason: Option<String>,
        extended_due_at: Option<DateTimeUtc>,
        related_orders: Option<String>,
        attachments: Option<String>,
        received: Json,
        raw: Json,
        imported_at: DateTimeUtc,
        import_id: Uuid,
        revision: i64,
    }
}

kernel::table! {
    /// One import: who brought what in.
    pub(crate) mod import_row = "work_order_imports" (id: Uuid) {
        platform: String,
        source: String,
        file_name: String,
        sha256: String,
        state: String,
        rows: i64,
        made: i64,
        changed: i64,
        unchanged: i64,
        errors: i64,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
        by_name: String,
    }
}

use row::Column;

/// What the platform said last, by field; personal values as digests.
pub(crate) type Received = BTreeMap<String, String>;

impl row::Model {
    pub(crate) fn received(&self) -> Result<Received> {
        from_json(&self.received)
    }

    pub(crate) fn raw(&self) -> Result<BTreeMap<String, String>> {
        from_json(&self.raw)
    }

    /// The fields of `order` that a column holds.
    pub(crate) fn told(self, order: &Order) -> Self {
        let (text, time) = (|field| order.text(field), |field| order.time(field));
        Self {
            channel: text(Field::Channel),
            matter_as_received: text(Field::Matter),
            caller_sex: text(Field::CallerSex),
            incident_time: time(Field::IncidentTime),
            public: order.flag(Field::Public),
            need_reply: order.flag(Field::NeedReply),
            accepted_at: time(Field::AcceptedAt),
            accepted_by: text(Field::AcceptedBy),
            dispatched_at: time(Field::DispatchedAt),
            dispatcher: text(Field::Dispatcher),
            dispatch_opinion: text(Field::DispatchOpinion),
            handling_unit: text(Field::HandlingUnit),
            co_units: text(Field::CoUnits),
            due_as_received: time(Field::DueAt),
            status_as_received: text(Field::Status),
            handle_result: text(Field::HandleResult),
            reply_as_received: text(Field::ReplyText),
            replied_at: time(Field::RepliedAt),
            closed_at: time(Field::ClosedAt),
            satisfaction_as_received: text(Field::Satisfaction),
            revisit_note: text(Field::RevisitNote),
            return_reason: text(Field::ReturnReason),
            extend_reason: text(Field::ExtendReason),
            extended_due_at: time(Field::ExtendedDueAt),
            related_orders: text(Field::RelatedOrders),
            attachments: text(Field::Attachments),
            ..self
        }
    }
}

/// The orders of a platform with these numbers, by number.
pub(crate) async fn by_numbers(
    conn: &impl ConnectionTrait,
    platform: &str,
    numbers: &[&str],
) -> Result<HashMap<String, row::Model>> {
    let mut found = HashMap::new();
    for some in numbers.chunks(AT_ONCE) {
        let rows = row::Entity::find()
            .filter(Column::Platform.eq(platform))
            .filter(Column::OrderNo.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.order_no.clone(), row)));
    }
    Ok(found)
}

/// The orders behind these tickets, by ticket.
pub(crate) async fn of_tickets(
    conn: &impl ConnectionTrait,
    tickets: &[Uuid],
) -> Result<HashMap<Uuid, row::Model>> {
    let mut found = HashMap::new();
    for some in tickets.chunks(AT_ONCE) {
        let rows = row::Entity::find()
            .filter(Column::TicketId.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.ticket_id, row)));
    }
    Ok(found)
}

/// The tickets of orders whose number begins with `beginning`, as a subquery.
pub(crate) fn numbered(beginning: &str) -> SelectStatement {
    Query::select()
        .column(Column::TicketId)
        .from(row::Entity)
        .and_where(Column::OrderNo.gte(beginning))
        .and_where(Column::OrderNo.lt(format!("{beginning}\u{10ffff}")))
        .to_owned()
}

pub(crate) async fn insert_many(tx: &impl ConnectionTrait, orders: Vec<row::Model>) -> Result<()> {
    for some in orders.chunks(AT_ONCE) {
        let made = some
            .iter()
            .map(|order| order.clone().into_active_model().reset_all());
        row::Entity::insert_many(made)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Writes orders over what they were.
pub(crate) async fn overwrite_many(
    tx: &impl ConnectionTrait,
    orders: Vec<row::Model>,
) -> Result<()> {
    let written = Column::iter().filter(|column| !matches!(column, Column::TicketId));
    let over = OnConflict::column(Column::TicketId)
        .update_columns(written)
        .to_owned();
    for some in orders.chunks(AT_ONCE) {
        let rows = some
            .iter()
            .map(|order| order.clone().into_active_model().reset_all());
        row::Entity::insert_many(rows)
            .on_conflict(over.clone())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

pub(crate) async fn insert_import(
    tx: &impl ConnectionTrait,
    import: import_row::Model,
) -> Result<()> {
    import_row::Entity::insert(import.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(crate) fn json(map: &BTreeMap<String, String>) -> Result<serde_json::Value> {
    serde_json::to_value(map).map_err(internal)
}
