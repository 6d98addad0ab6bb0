//! Orders come in: compared with what there is, then written, all or none.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal};
use kernel::rule::Dated;
use kernel::{App, Tx};
use organization::Colleague;
use requesters::Caller;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::columns::Field;
use super::dispatch::{DispatchReason, DispatchWay, Dispatcher, Given, Owner};
use super::interpret::{Interpreted, MOST_TOLD, Order, Remark};
use super::platform::Platform;
use super::store::{self, Received, import_row, row};
use crate::people;
use crate::ticket::act::{Begun, Edited, Hand};
use crate::ticket::history::Change;
use crate::ticket::life::{Action, Case, Moment, Rules};
use crate::ticket::store::row as ticket_row;
use crate::ticket::{draft, limits};

/// Tickets read in one statement.
const AT_ONCE: usize = 500;

/// What is to be brought in, by whom.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub platform: Platform,
    pub orders: Vec<Order>,
    /// The fields that the file has a column for; the others are not said to be empty.
    pub present: Vec<Field>,
    pub counts: Counts,
    /// Who answers for what is new until somebody signs it.
    pub owner: Owner,
    pub who: Who,
    pub origin: Origin,
}

/// Where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// `file`, `pull` or `push`.
    pub source: &'static str,
    pub file_name: String,
    pub sha256: String,
}

/// What the file holds besides its good rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub rows: usize,
    pub errors: Vec<Remark>,
    pub warnings: Vec<Remark>,
}

impl Batch {
    pub(crate) fn take(&mut self, read: Interpreted) {
        self.orders = read.orders;
        self.counts = Counts {
            rows: read.rows,
            errors: read.errors,
            warnings: read.warnings,
        };
    }
}

/// A field of an order that the platform changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldChange {
    /// The row of the file.
    pub row: u32,
    /// 工单编号
    pub order_no: String,
    /// The field.
    pub field: Field,
    /// What the platform said before; null for personal values.
    pub before: Option<String>,
    /// What it says now; null for personal values.
    pub after: Option<String>,
}

/// Who is given a new order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Dispatched {
    /// The row of the file.
    pub row: u32,
    /// 工单编号
    pub order_no: String,
    /// Who answers for it until somebody signs it.
    pub owner: Uuid,
    /// The same by name.
    pub person: Option<Colleague>,
    /// Why he.
    pub reason: DispatchReason,
    /// The dispatch rule that speaks of the order, by name.
    pub rule: Option<String>,
    /// How the agents of the rule take turns.
    pub way: Option<DispatchWay>,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkOrderImport)]
pub struct ImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// The import, once it is written.
    pub import_id: Option<Uuid>,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Orders that were not there.
    pub new: usize,
    /// Orders of which the platform says something else now.
    pub changed: usize,
    /// Orders as they were.
    pub unchanged: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<Remark>,
    /// How many errors there are.
    pub errors_total: usize,
    /// What does not hinder the import. At most 1,000.
    pub warnings: Vec<Remark>,
    /// How many warnings there are.
    pub warnings_total: usize,
    /// What changes in orders that are there. At most 1,000.
    pub changes: Vec<FieldChange>,
    /// How many changes there are.
    pub changes_total: usize,
    /// Who is given what is new; in a dry run, who would be if nothing else came in before. At most 1,000.
    pub dispatch: Vec<Dispatched>,
}

/// An order that is there, with what the platform says now.
struct Changed {
    order: Order,
    before: row::Model,
    fields: Vec<Field>,
    /// What the platform said before.
    was: Received,
    /// What it says in this file.
    told: Received,
}

/// What becomes of each order.
#[derive(Default)]
pub(crate) struct Plan {
    new: Vec<Order>,
    changed: Vec<Changed>,
    unchanged: usize,
    changes: Vec<FieldChange>,
}

/// Compares the orders with those there are.
pub(crate) async fn plan(
    app: &App,
    conn: &impl ConnectionTrait,
    platform: &str,
    orders: Vec<Order>,
    present: &[Field],
) -> Result<Plan> {
    let numbers: Vec<&str> = orders.iter().map(|order| order.order_no.as_str()).collect();
    let mut known = store::by_numbers(conn, platform, &numbers).await?;
    let mut plan = Plan::default();
    for order in orders {
        let Some(before) = known.remove(&order.order_no) else {
            plan.new.push(order);
            continue;
        };
        let (was, is) = (before.received()?, received(app, &order));
        let differs = |field: &&Field| was.get(field.as_str()) != is.get(field.as_str());
        let fields: Vec<Field> = present.iter().filter(differs).copied().collect();
        if fields.is_empty() {
            plan.unchanged += 1;
            continue;
        }
        plan.changes.extend(fields.iter().map(|field| {
            let (before, after) = shown(*field, &was, &is);
            FieldChange {
                row: order.row,
                order_no: order.order_no.clone(),
                field: *field,
                before,
                after,
            }
        }));
        plan.changed.push(Changed {
            order,
            before,
            fields,
            was,
            told: is,
        });
    }
    Ok(plan)
}

/// Everything the platform says of an order, as it is kept to be compared.
fn received(app: &App, order: &Order) -> Received {
    let digest = |value: &Option<String>| {
        let value = value.as_deref()?;
        Some(audit::digest(app.key.bytes(), value))
    };
    let values = order
        .values
        .iter()
        .filter(|(field, _)| !field.is_personal());
    let mut all: Received = values
        .map(|(field, value)| (field.as_str().to_owned(), value.clone()))
        .collect();
    let sex = order.text(Field::CallerSex);
    let more = [
        (Field::OrderNo, Some(order.order_no.clone())),
        (
            Field::RequestType,
            Some(order.request_type.as_str().to_owned()),
        ),
        (Field::Urgency, Some(order.priority.as_str().to_owned())),
        (Field::Title, Some(order.title.clone())),
        (Field::Content, Some(order.content.clone())),
        (Field::CallerPhone, digest(&order.phone)),
        (Field::CallerName, digest(&order.name)),
        (Field::CallerSex, digest(&sex)),
    ];
    for (field, value) in more {
        if let Some(value) = value {
            all.insert(field.as_str().to_owned(), value);
        }
    }
    all
}

fn shown(field: Field, was: &Received, is: &Received) -> (Option<String>, Option<String>) {
    if field.is_personal() {
        return (None, None);
    }
    let of = |map: &Received| map.get(field.as_str()).cloned();
    (of(was), of(is))
}

/// The report of a plan.
pub(crate) fn report(counts: &Counts, plan: &Plan, import_id: Option<Uuid>) -> ImportReport {
    let first = |remarks: &[Remark]| remarks.iter().take(MOST_TOLD).cloned().collect();
    ImportReport {
        dry_run: import_id.is_none(),
        import_id,
        rows: counts.rows,
        new: plan.new.len(),
        changed: plan.changed.len(),
        unchanged: plan.unchanged,
        errors: first(&counts.errors),
        errors_total: counts.errors.len(),
        warnings: first(&counts.warnings),
        warnings_total: counts.warnings.len(),
        changes: plan.changes.iter().take(MOST_TOLD).cloned().collect(),
        changes_total: plan.changes.len(),
        dispatch: Vec::new(),
    }
}

/// Who is given each new order of a plan.
fn dispatch(dispatcher: &mut Dispatcher, platform: &str, plan: &Plan) -> Vec<Given> {
    let orders = plan.new.iter();
    orders
        .map(|order| dispatcher.give(platform, order))
        .collect()
}

/// The same for the report.
async fn told(
    conn: &impl ConnectionTrait,
    plan: &Plan,
    given: &[Given],
) -> Result<Vec<Dispatched>> {
    let people = organization::colleagues(conn, given.iter().map(|one| one.owner)).await?;
    let orders = plan.new.iter().zip(given).take(MOST_TOLD);
    Ok(orders
        .map(|(order, given)| Dispatched {
            row: order.row,
            order_no: order.order_no.clone(),
            owner: given.owner,
            person: people::one(&people, Some(given.owner)),
            reason: given.reason,
            rule: given.rule.as_ref().map(|(name, _)| name.clone()),
            way: given.rule.as_ref().map(|(_, way)| *way),
        })
        .collect())
}

/// What a batch would do; nothing is written.
pub(crate) async fn look(
    app: &App,
    conn: &impl ConnectionTrait,
    batch: &Batch,
) -> Result<ImportReport> {
    let (code, orders) = (&batch.platform.code, batch.orders.clone());
    let plan = plan(app, conn, code, orders, &batch.present).await?;
    let mut dispatcher = Dispatcher::look(conn, batch.owner, app.clock.now()).await?;
    let given = dispatch(&mut dispatcher, code, &plan);
    Ok(ImportReport {
        dispatch: told(conn, &plan, &given).await?,
        ..report(&batch.counts, &plan, None)
    })
}

/// Writes a batch whose errors, if it has any, may be left out.
pub(crate) async fn write(app: &App, tx: &Tx, batch: Batch) -> Result<ImportReport> {
    let Batch {
        platform,
        orders,
        present,
        counts,
        owner,
        who,
        origin,
    } = batch;
    let mut plan = plan(app, &**tx, &platform.code, orders, &present).await?;
    let (import_id, now) = (app.ids.next(), app.clock.now());
    let mut dispatcher = Dispatcher::take(tx, owner, now, plan.new.len()).await?;
    let given = dispatch(&mut dispatcher, &platform.code, &plan);
    dispatcher.keep(tx).await?;
    let report = ImportReport {
        dispatch: told(&**tx, &plan, &given).await?,
        ..report(&counts, &plan, Some(import_id))
    };
    let state = if counts.errors.is_empty() {
        "imported"
    } else {
        "partly_imported"
    };
    let import = import_line(
        &report,
        &platform.code,
        &origin,
        &who,
        (import_id, now),
        state,
    )?;
    store::insert_import(&**tx, import).await?;

    let hand = Hand::of(app, tx, &who).await?;
    let writer = Writer {
        app,
        hand,
        platform: &platform.code,
        limits: limits::in_force(&**tx, now).await?,
        import_id,
        now,
    };
    writer.begin(std::mem::take(&mut plan.new), given).await?;
    writer.change(std::mem::take(&mut plan.changed)).await?;
    let chosen = match owner {
        Owner::Chosen(owner) => Some(owner),
        Owner::ByRule { .. } => None,
    };
    let facts = json!({
        "import_id": import_id, "platform": platform.code, "source": origin.source, "file": origin.file_name,
        "sha256": origin.sha256, "rows": report.rows, "new": report.new, "changed": report.changed,
        "unchanged": report.unchanged, "errors": report.errors_total, "owner_id": chosen,
    });
    let (action, kind) = ("work_orders.imported", "work_order_import");
    audit::record(app, &**tx, &who, action, kind, import_id, facts.clone()).await?;
    app.events.publish(tx, action, import_id, facts).await?;
    Ok(report)
}

/// Keeps that a file was refused.
pub(crate) async fn refused(
    app: &App,
    tx: &Tx,
    batch: &Batch,
    report: &ImportReport,
) -> Result<()> {
    let at = (app.ids.next(), app.clock.now());
    let code = &batch.platform.code;
    let import = import_line(report, code, &batch.origin, &batch.who, at, "refused")?;
    store::insert_import(&**tx, import).await
}

fn import_line(
    report: &ImportReport,
    platform: &str,
    origin: &Origin,
    who: &Who,
    (id, at): (Uuid, DateTime<Utc>),
    state: &str,
) -> Result<import_row::Model> {
    let count = |many: usize| i64::try_from(many).map_err(internal);
    Ok(import_row::Model {
        id,
        platform: platform.to_owned(),
        source: origin.source.to_owned(),
        file_name: origin.file_name.clone(),
        sha256: origin.sha256.clone(),
        state: state.to_owned(),
        rows: count(report.rows)?,
        made: count(report.new)?,
        changed: count(report.changed)?,
        unchanged: count(report.unchanged)?,
        errors: count(report.errors_total)?,
        at,
        by_id: who.user_id,
        by_name: who.name.clone(),
    })
}

struct Writer<'a> {
    app: &'a App,
    hand: Hand<'a>,
    platform: &'a str,
    limits: Vec<Dated<limits::TicketLimit>>,
    import_id: Uuid,
    now: DateTime<Utc>,
}

impl Writer<'_> {
    /// The rules of an order received then.
    fn rules(&self, order: &Order, received_at: DateTime<Utc>) -> Result<Rules> {
        let subject = limits::Subject {
            platform: self.platform,
            request_type: order.request_type.as_str(),
            priority: order.priority.as_str(),
        };
        limits::choose(&self.limits, subject, received_at)
    }

    /// An order is ours from the hour it was dispatched to us, as far as the platform tells it.
    fn received_at(&self, order: &Order) -> DateTime<Utc> {
        order
            .time(Field::DispatchedAt)
            .unwrap_or(self.now)
            .min(self.now)
    }

    async fn begin(&self, orders: Vec<Order>, given: Vec<Given>) -> Result<()> {
        if orders.is_empty() {
            return Ok(());
        }
        let tx = &**self.hand.tx;
        let callers: Vec<Caller> = orders.iter().map(caller).collect();
        let requesters = requesters::find_or_create_many(self.app, tx, &callers).await?;
        let numbers = draft::next_numbers(tx, self.now, orders.len()).await?;
        let (mut begun, mut rows) = (Vec::new(), Vec::new());
        let numbered = orders.iter().zip(requesters).zip(numbers).zip(given);
        for (((order, requester), number), given) in numbered {
            let owner = given.owner;
            let received_at = self.received_at(order);
            let rules = self.rules(order, received_at)?;
            let moment = Moment {
                by: owner,
                now: self.now,
                service: &self.hand.service,
                rules: &rules,
                covers: false,
            };
            let done = Case::dispatched(owner, received_at, &moment);
            let ticket = ticket_row::Model {
                number: number.text,
                seq: number.seq,
                platform: self.platform.to_owned(),
                request_type: Some(order.request_type.as_str().to_owned()),
                matter_code: order.matter.as_ref().map(|leaf| leaf.code.clone()),
                section: order.matter.as_ref().and_then(|leaf| leaf.section.clone()),
                priority: order.priority.as_str().to_owned(),
                title: order.title.clone(),
                summary: order.content.clone(),
                incident_address: order.text(Field::IncidentAddress),
                confidential: order.confidential,
                updated_at: self.now,
                ..draft::empty(self.app.ids.next(), requester, owner, received_at, &rules)?
            };
            rows.push(self.order_row(ticket.id, order, 1)?);
            begun.push(Begun {
                ticket,
                case: done.case,
                clock: done
                    .clock
                    .ok_or_else(|| internal("a dispatched ticket has no clock"))?,
                note: Some(given.note()),
            });
        }
        self.hand.begin_many(begun).await?;
        store::insert_many(tx, rows).await
    }

    fn order_row(&self, ticket_id: Uuid, order: &Order, revision: i64) -> Result<row::Model> {
        let blank = row::Model {
            ticket_id,
            platform: self.platform.to_owned(),
            order_no: order.order_no.clone(),
            channel: None,
            matter_as_received: None,
            caller_sex: None,
            incident_time: None,
            public: None,
            need_reply: None,
            accepted_at: None,
            accepted_by: None,
            dispatched_at: None,
            dispatcher: None,
            dispatch_opinion: None,
            handling_unit: None,
            co_units: None,
            due_as_received: None,
            status_as_received: None,
            handle_result: None,
            reply_as_received: None,
            replied_at: None,
            closed_at: None,
            satisfaction_as_received: None,
            revisit_note: None,
            return_reason: None,
            extend_reason: None,
            extended_due_at: None,
            related_orders: None,
            attachments: None,
            received: store::json(&received(self.app, order))?,
            raw: store::json(&order.raw)?,
            imported_at: self.now,
            import_id: self.import_id,
            revision,
        };
        Ok(blank.told(order))
    }

    async fn change(&self, changed: Vec<Changed>) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let tx = &**self.hand.tx;
        let ids: Vec<Uuid> = changed.iter().map(|one| one.before.ticket_id).collect();
        let mut tickets = HashMap::new();
        for some in ids.chunks(AT_ONCE) {
            let rows = ticket_row::Entity::find()
                .filter(ticket_row::Column::Id.is_in(some.iter().copied()))
                .all(tx)
                .await?;
            tickets.extend(rows.into_iter().map(|row| (row.id, row)));
        }
        let other = |one: &&Changed| {
            let person = [Field::CallerPhone, Field::CallerName];
            one.order.phone.is_some() && one.fields.iter().any(|field| person.contains(field))
        };
        let others: Vec<&Changed> = changed.iter().filter(other).collect();
        let callers: Vec<Caller> = others.iter().map(|one| caller(&one.order)).collect();
        let found = requesters::find_or_create_many(self.app, tx, &callers).await?;
        let requesters: HashMap<Uuid, Uuid> = others
            .iter()
            .map(|one| one.before.ticket_id)
            .zip(found)
            .collect();
        let (mut edited, mut rows) = (Vec::new(), Vec::new());
        for one in changed {
            let requester = requesters.get(&one.before.ticket_id).copied();
            let ticket = tickets
                .remove(&one.before.ticket_id)
                .ok_or_else(|| internal("a work order has no ticket"))?;
            // A column that is not in the file says nothing: what was said before stands.
            let mut is = one.was.clone();
            for field in &one.fields {
                match one.told.get(field.as_str()) {
                    Some(value) => is.insert(field.as_str().to_owned(), value.clone()),
                    None => is.remove(field.as_str()),
                };
            }
            let mut raw = one.before.raw()?;
            raw.extend(one.order.raw.clone());
            rows.push(row::Model {
                received: store::json(&is)?,
                raw: store::json(&raw)?,
                imported_at: self.now,
                import_id: self.import_id,
                revision: one.before.revision + 1,
                ..merged(&one)
            });
            edited.push(self.edited(ticket, &one, requester, &is)?);
        }
        self.hand.edit_many(edited).await?;
        store::overwrite_many(tx, rows).await
    }

    /// What a changed order makes of its ticket. One that is over stays as it ended; its history tells what
    /// the platform said after it.
    fn edited(
        &self,
        before: ticket_row::Model,
        one: &Changed,
        requester: Option<Uuid>,
        is: &Received,
    ) -> Result<Edited> {
        let (order, was) = (&one.order, &one.was);
        let mut after = before.clone();
        let mut case = before.case()?;
        let rules = before.its_rules()?;
        let moment = Moment {
            by: Uuid::nil(),
            now: self.now,
            service: &self.hand.service,
            rules: &rules,
            covers: false,
        };
        let mut clock = Vec::new();
        let mut more = Vec::new();
        let changes = case.next(&Action::Edit, &moment).is_ok();
        for field in &one.fields {
            let own = match field {
                Field::Title if changes => {
                    after.title.clone_from(&order.title);
                    true
                }
                Field::Content if changes => {
                    after.summary.clone_from(&order.content);
                    true
                }
                Field::IncidentAddress if changes => {
                    after.incident_address = order.text(Field::IncidentAddress);
                    true
                }
                Field::RequestType if changes => {
                    after.request_type = Some(order.request_type.as_str().to_owned());
                    true
                }
                Field::Urgency if changes => {
                    order.priority.as_str().clone_into(&mut after.priority);
                    true
                }
                Field::Matter if changes => {
                    if let Some(leaf) = &order.matter {
                        after.matter_code = Some(leaf.code.clone());
                        after.section.clone_from(&leaf.section);
                    }
                    // What the platform calls it is told as well.
                    false
                }
                Field::Confidential if changes => {
                    after.confidential = order.confidential;
                    true
                }
                Field::CallerPhone if changes => {
                    after.requester_id = requester.unwrap_or(after.requester_id);
                    false
                }
                _ => false,
            };
            if !own {
                let (before, after) = shown(*field, was, is);
                more.push(Change::of(field.as_str(), before, after));
            }
        }
        let retyped =
            after.request_type != before.request_type || after.priority != before.priority;
        if retyped {
            let fresh = self.rules(order, before.opened_at)?;
            if fresh != rules {
                after.rules = serde_json::to_value(&fresh).map_err(internal)?;
                clock = case.restart(&fresh, before.opened_at, &self.hand.service);
            }
        }
        Ok(Edited {
            before,
            after,
            case,
            clock,
            more,
        })
    }
}

fn caller(order: &Order) -> Caller {
    Caller {
        number: order.phone.clone(),
        name: order.name.clone(),
    }
}

/// The columns of the order with what changed; the rest stays.
fn merged(one: &Changed) -> row::Model {
    let was = one.before.clone();
    let mut order = one.order.clone();
    let fresh = std::mem::replace(&mut order.values, before_values(&was));
    for field in &one.fields {
        match fresh.get(field) {
            Some(value) => order.values.insert(*field, value.clone()),
            None => order.values.remove(field),
        };
    }
    was.told(&order)
}

/// The columns of an order, back in the form of a file.
fn before_values(was: &row::Model) -> BTreeMap<Field, String> {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    let all = [
        (Field::Channel, was.channel.clone()),
        (Field::Matter, was.matter_as_received.clone()),
        (Field::CallerSex, was.caller_sex.clone()),
        (Field::IncidentTime, time(was.incident_time)),
        (Field::Public, flag(was.public)),
        (Field::NeedReply, flag(was.need_reply)),
        (Field::AcceptedAt, time(was.accepted_at)),
        (Field::AcceptedBy, was.accepted_by.clone()),
        (Field::DispatchedAt, time(was.dispatched_at)),
        (Field::Dispatcher, was.dispatcher.clone()),
        (Field::DispatchOpinion, was.dispatch_opinion.clone()),
        (Field::HandlingUnit, was.handling_unit.clone()),
        (Field::CoUnits, was.co_units.clone()),
        (Field::DueAt, time(was.due_as_received)),
        (Field::Status, was.status_as_received.clone()),
        (Field::HandleResult, was.handle_result.clone()),
        (Field::ReplyText, was.reply_as_received.clone()),
        (Field::RepliedAt, time(was.replied_at)),
        (Field::ClosedAt, time(was.closed_at)),
        (Field::Satisfaction, was.satisfaction_as_received.clone()),
        (Field::RevisitNote, was.revisit_note.clone()),
        (Field::ReturnReason, was.return_reason.clone()),
        (Field::ExtendReason, was.extend_reason.clone()),
        (Field::ExtendedDueAt, time(was.extended_due_at)),
        (Field::RelatedOrders, was.related_orders.clone()),
        (Field::Attachments, was.attachments.clone()),
    ];
    all.into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
        .collect()
}
