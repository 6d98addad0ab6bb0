//! Call records come in: compared with what there is, then written. A file with an error writes nothing. What is
//! written is written some hundred records at a time, so that no call waits behind a year of records; sent again, the
//! file goes on where it was.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::masked::Phone;
use kernel::problem::{Result, internal};
use kernel::{App, Tx};
use requesters::Caller;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Source;
use super::book::{self, Entry};
use super::interpret::{CallRemark, Interpreted, MOST_TOLD, Recorded};
use super::origin::CallOrigin;
use crate::Telephony;
use crate::calls::rows::{blank, call};

/// Records of one transaction.
const AT_ONCE: usize = 500;

kernel::table! {
    /// One import of call records, made or refused.
    pub mod import_row = "call_imports" (id: Uuid) {
        origin: String,
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

/// A field of a call that its exchange tells otherwise now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallFieldChange {
    /// The row of the file.
    pub row: u32,
    /// What the exchange calls the call.
    pub external_id: String,
    /// The field.
    pub field: &'static str,
    /// What was told before; null for the requester's number.
    pub before: Option<String>,
    /// What is told now; null for the requester's number.
    pub after: Option<String>,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = CallImport)]
pub struct CallImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// The import, once it is written.
    pub import_id: Option<Uuid>,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Calls that were not there.
    pub new: usize,
    /// Calls of which the exchange tells something else now.
    pub changed: usize,
    /// Calls as they were.
    pub unchanged: usize,
    /// New calls that an agent is asked to write up.
    pub to_write_up: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<CallRemark>,
    /// How many errors there are.
    pub errors_total: usize,
    /// What does not hinder the import. At most 1,000.
    pub warnings: Vec<CallRemark>,
    /// How many warnings there are.
    pub warnings_total: usize,
    /// What changes in calls that are there. At most 1,000.
    pub changes: Vec<CallFieldChange>,
    /// How many changes there are.
    pub changes_total: usize,
}

impl CallImportReport {
    pub(crate) fn of(read: &Interpreted) -> Self {
        Self {
            rows: read.rows,
            errors: read.errors.clone(),
            errors_total: read.errors_total,
            warnings: read.warnings.clone(),
            warnings_total: read.warnings_total,
            ..Self::default()
        }
    }
}

/// The file, as it is kept in the list of imports.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub name: String,
    pub sha256: String,
}

/// What some records come to.
#[derive(Default)]
struct Plan {
    entries: Vec<Entry>,
    callers: Vec<Caller>,
    new: usize,
    changed: usize,
    unchanged: usize,
    to_write_up: usize,
    changes: Vec<CallFieldChange>,
}

impl Plan {
    fn add_to(&mut self, report: &mut CallImportReport) {
        report.new += self.new;
        report.changed += self.changed;
        report.unchanged += self.unchanged;
        report.to_write_up += self.to_write_up;
        report.changes_total += self.changes.len();
        let room = MOST_TOLD.saturating_sub(report.changes.len());
        report.changes.extend(self.changes.drain(..).take(room));
    }
}

/// What an import of these records would do; nothing is written.
pub(crate) async fn look(
    telephony: &Telephony,
    origin: &CallOrigin,
    read: &Interpreted,
) -> Result<CallImportReport> {
    let app = telephony.app();
    let mut report = CallImportReport::of(read);
    report.dry_run = true;
    for some in read.calls.chunks(AT_ONCE) {
        plan(app, app.db.read(), origin, some)
            .await?
            .add_to(&mut report);
    }
    Ok(report)
}

/// Writes the records.
pub(crate) async fn write(
    telephony: &Telephony,
    origin: &CallOrigin,
    read: Interpreted,
    file: File,
    who: &Who,
) -> Result<CallImportReport> {
    let app = telephony.app();
    let mut report = CallImportReport::of(&read);
    let import_id = app.ids.next();
    for some in read.calls.chunks(AT_ONCE) {
        let (tx_app, floor, origin) = (app.clone(), telephony.floor().clone(), origin.clone());
        let some = some.to_vec();
        let mut plan = app
            .db
            .write(move |tx| async move {
                let mut plan = plan(&tx_app, &*tx, &origin, &some).await?;
                let callers = requesters::find_or_create_many(&tx_app, &*tx, &plan.callers).await?;
                let mut entries = std::mem::take(&mut plan.entries);
                for (entry, requester) in entries.iter_mut().zip(callers) {
                    entry.row.requester_id = Some(requester);
                    entry.details["import_id"] = json!(import_id);
                }
                book::enter(&tx_app, &tx, &floor, "imported", entries).await?;
                Ok(plan)
            })
            .await?;
        plan.add_to(&mut report);
    }
    report.import_id = Some(import_id);
    let line = line(app, origin, &file, &report, who, (import_id, "imported"))?;
    let facts = json!({
        "origin": origin.code, "file": file.name, "sha256": file.sha256, "rows": report.rows, "new": report.new,
        "changed": report.changed, "unchanged": report.unchanged,
    });
    let (app, who) = (app.clone(), who.clone());
    app.db
        .clone()
        .write(move |tx| async move {
            keep(&tx, line).await?;
            let kind = "call_import";
            audit::record(&app, &*tx, &who, "calls.imported", kind, import_id, facts).await
        })
        .await?;
    Ok(report)
}

/// Keeps that a file was refused.
pub(crate) async fn refused(
    app: &App,
    origin: &CallOrigin,
    file: &File,
    report: &CallImportReport,
    who: &Who,
) -> Result<()> {
    let line = line(app, origin, file, report, who, (app.ids.next(), "refused"))?;
    app.db
        .write(move |tx| async move { keep(&tx, line).await })
        .await
}

async fn keep(tx: &Tx, line: import_row::Model) -> Result<()> {
    import_row::Entity::insert(line.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

fn line(
    app: &App,
    origin: &CallOrigin,
    file: &File,
    report: &CallImportReport,
    who: &Who,
    (id, state): (Uuid, &str),
) -> Result<import_row::Model> {
    let count = |many: usize| i64::try_from(many).map_err(internal);
    Ok(import_row::Model {
        id,
        origin: origin.code.clone(),
        file_name: file.name.clone(),
        sha256: file.sha256.clone(),
        state: state.to_owned(),
        rows: count(report.rows)?,
        made: count(report.new)?,
        changed: count(report.changed)?,
        unchanged: count(report.unchanged)?,
        errors: count(report.errors_total)?,
        at: app.clock.now(),
        by_id: who.user_id,
        by_name: who.name.clone(),
    })
}

/// Compares some records with those there are.
async fn plan(
    app: &App,
    conn: &impl ConnectionTrait,
    origin: &CallOrigin,
    records: &[Recorded],
) -> Result<Plan> {
    let mut known = known(conn, origin, records).await?;
    let mut plan = Plan::default();
    for record in records {
        let before = known.remove(&record.external_id);
        let row = row_of(app, origin, record, before.as_ref());
        let new = before.is_none();
        let mut details = json!({ "file_row": record.row });
        if let Some(before) = before {
            let changes = changes(record, &before, &row);
            if changes.is_empty() {
                plan.unchanged += 1;
                continue;
            }
            plan.changed += 1;
            let fields: Vec<&str> = changes.iter().map(|change| change.field).collect();
            details["changed"] = json!(fields);
            plan.changes.extend(changes);
        } else {
            plan.new += 1;
            let asks = row.answered_at.is_some() && row.agent_id.is_some();
            plan.to_write_up += usize::from(asks);
        }
        plan.callers.push(Caller {
            number: Some(row.caller.clone()),
            name: None,
        });
        plan.entries.push(Entry {
            row,
            new,
            details,
            wait: record.wait,
        });
    }
    Ok(plan)
}

async fn known(
    conn: &impl ConnectionTrait,
    origin: &CallOrigin,
    records: &[Recorded],
) -> Result<HashMap<String, call::Model>> {
    use call::Column;
    let ids = records.iter().map(|record| record.external_id.as_str());
    let rows = call::Entity::find()
        .filter(Column::Source.eq(Source::Import.as_str()))
        .filter(Column::SourceCode.eq(origin.code.as_str()))
        .filter(Column::ExternalId.is_in(ids))
        .all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((row.external_id.clone()?, row)))
        .collect())
}

fn row_of(
    app: &App,
    origin: &CallOrigin,
    record: &Recorded,
    before: Option<&call::Model>,
) -> call::Model {
    let base = before
        .cloned()
        .unwrap_or_else(|| blank(app.ids.next(), record.started_at));
    let outcome = match (record.answered_at, record.outbound) {
        (Some(_), _) => "answered",
        (None, false) => "abandoned",
        (None, true) => "failed",
    };
    call::Model {
        direction: if record.outbound {
            "outbound"
        } else {
            "inbound"
        }
        .to_owned(),
        hotline: record
            .hotline
            .clone()
            .unwrap_or_else(|| origin.hotline.clone()),
        caller_hash: Phone::new(record.caller.clone()).hash(app.key.bytes()),
        caller: record.caller.clone(),
        queue: Some(record.queue.clone().unwrap_or_else(|| origin.queue.clone())),
        agent_id: record.agent,
        state: "ended".to_owned(),
        outcome: Some(outcome.to_owned()),
        arrived_at: record.started_at,
        answered_at: record.answered_at,
        ended_at: Some(record.ended_at),
        source: Source::Import.as_str().to_owned(),
        source_code: Some(origin.code.clone()),
        external_id: Some(record.external_id.clone()),
        ..base
    }
}

fn changes(record: &Recorded, before: &call::Model, after: &call::Model) -> Vec<CallFieldChange> {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
    let agent = |row: &call::Model| row.agent_id.map(|agent| agent.to_string());
    let told = |row: &call::Model| {
        [
            ("direction", Some(row.direction.clone())),
            ("hotline", Some(row.hotline.clone())),
            ("queue", row.queue.clone()),
            ("agent", agent(row)),
            ("started_at", time(Some(row.arrived_at))),
            ("answered_at", time(row.answered_at)),
            ("ended_at", time(row.ended_at)),
            ("outcome", row.outcome.clone()),
        ]
    };
    let mut found = Vec::new();
    let mut add = |field, before, after| {
        found.push(CallFieldChange {
            row: record.row,
            external_id: record.external_id.clone(),
            field,
            before,
            after,
        });
    };
    for ((field, was), (_, is)) in told(before).into_iter().zip(told(after)) {
        if was != is {
            add(field, was, is);
        }
    }
    if before.caller != after.caller {
        add("caller", None, None);
    }
    found
}
