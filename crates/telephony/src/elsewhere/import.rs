//! Call records come in: compared with what there is, then written. A file with an error writes nothing. What is
//! written is written some hundred records at a time, beside the request that brought them, so that no call waits behind
//! a year of records and no request for all of them; sent again, the file goes on where it was.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::masked::Phone;
use kernel::problem::{Result, internal, unavailable};
use kernel::{App, Clock, Tx};
use requesters::Caller;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Source;
use super::book::{self, Entry};
use super::interpret::{CallRemark, Interpreted, MOST_TOLD, Recorded};
use super::origin::CallOrigin;
use crate::Telephony;
use crate::calls::rows::{blank, call};

/// An import that is written moves more often.
const QUIET: TimeDelta = TimeDelta::minutes(5);
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
        problem: Option<String>,
        moved_at: Option<DateTimeUtc>,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
        by_name: String,
    }
}

kernel::words! {
    /// How an import stands.
    ImportState {
        /// 导入中
        Running = "running",
        /// 已导入
        Imported = "imported",
        /// 已拒绝: there were errors in it; nothing was written.
        Refused = "refused",
        /// 未完成: what was written stands, the same file sent again goes on.
        Stopped = "stopped",
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
    /// It goes on: the numbers are those so far, and `/calls/imports/{id}` tells how it stands.
    pub running: bool,
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

/// A longer import answers before it is over (the limit of a request is 30 s).
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Begins to write the records, and answers when they are written or after `wait`. What a request that is gone
/// began is written all the same.
pub(crate) async fn write(
    telephony: &Telephony,
    origin: &CallOrigin,
    read: Interpreted,
    (file, wait): (File, Duration),
    who: &Who,
) -> Result<CallImportReport> {
    let app = telephony.app();
    let mut report = CallImportReport::of(&read);
    let import_id = app.ids.next();
    report.import_id = Some(import_id);
    report.running = true;
    let line = line(
        app,
        origin,
        &file,
        &report,
        who,
        (import_id, ImportState::Running),
    )?;
    app.db
        .write(async move |tx| keep(&tx, line.clone()).await)
        .await?;
    let (reports, mut so_far) = watch::channel(report);
    let running = Running {
        telephony: telephony.clone(),
        origin: origin.clone(),
        who: who.clone(),
        import_id,
        file,
        reports,
    };
    app.tasks.spawn(running.run(read));
    let over = async {
        // Whoever writes lets go of it only when it is over.
        let _ = so_far.wait_for(|report| !report.running).await;
    };
    let in_time = Clock::guard(wait, over).await.is_ok();
    let report = so_far.borrow().clone();
    if in_time && report.running {
        let row = import_row::Entity::find_by_id(import_id)
            .one(app.db.read())
            .await?;
        let why = row.and_then(|row| row.problem).unwrap_or_default();
        return Err(unavailable(
            "import_stopped",
            format!("the import stopped in the middle: {why}"),
        )
        .with_way_out("send the same file again: it goes on where it was"));
    }
    Ok(report)
}

/// An import that is being written.
struct Running {
    telephony: Telephony,
    origin: CallOrigin,
    who: Who,
    import_id: Uuid,
    file: File,
    reports: watch::Sender<CallImportReport>,
}

impl Running {
    async fn run(self, read: Interpreted) {
        if let Err(problem) = self.write(read).await {
            tracing::error!(import = %self.import_id, %problem, "import of call records stopped");
            let detail: String = problem.to_string().chars().take(500).collect();
            self.stopped(detail).await;
        }
    }

    async fn write(&self, read: Interpreted) -> Result<()> {
        let app = self.telephony.app();
        let mut report = self.reports.borrow().clone();
        for some in read.calls.chunks(AT_ONCE) {
            if app.shutdown.is_cancelled() {
                return Err(unavailable("shutting_down", "the server is being stopped"));
            }
            self.chunk(some).await?.add_to(&mut report);
            self.reports.send_replace(report.clone());
        }
        report.running = false;
        let facts = json!({
            "origin": self.origin.code, "file": self.file.name, "sha256": self.file.sha256, "rows": report.rows,
            "new": report.new, "changed": report.changed, "unchanged": report.unchanged,
        });
        let (app, who, id) = (app.clone(), self.who.clone(), self.import_id);
        app.db
            .clone()
            .write(async move |tx| {
                stand(&tx, id, ImportState::Imported, None).await?;
                let facts = facts.clone();
                audit::record(&app, &*tx, &who, "calls.imported", "call_import", id, facts).await
            })
            .await?;
        self.reports.send_replace(report);
        Ok(())
    }

    /// Writes some records, and with them how far the import has come.
    async fn chunk(&self, some: &[Recorded]) -> Result<Plan> {
        let (app, floor) = (self.telephony.app().clone(), self.telephony.floor().clone());
        let (origin, import_id, some) = (self.origin.clone(), self.import_id, some.to_vec());
        let db = app.db.clone();
        db.write(async move |tx| {
            let mut plan = plan(&app, &*tx, &origin, &some).await?;
            let callers = requesters::find_or_create_many(&app, &*tx, &plan.callers).await?;
            let mut entries = std::mem::take(&mut plan.entries);
            for (entry, requester) in entries.iter_mut().zip(callers) {
                entry.row.requester_id = Some(requester);
                entry.details["import_id"] = json!(import_id);
            }
            book::enter(&app, &tx, &floor, "imported", entries).await?;
            come_so_far(&app, &tx, import_id, &plan).await?;
            Ok(plan)
        })
        .await
    }

    async fn stopped(&self, detail: String) {
        let id = self.import_id;
        let kept = self.telephony.app().db.write(async move |tx| {
            stand(&tx, id, ImportState::Stopped, Some(detail.clone())).await
        });
        if let Err(problem) = kept.await {
            tracing::error!(import = %id, %problem, "it is not written down that an import stopped");
        }
    }
}

async fn come_so_far(app: &App, tx: &Tx, id: Uuid, plan: &Plan) -> Result<()> {
    use import_row::Column;
    let more = |column: Column, many: usize| -> Result<_> {
        let many = i64::try_from(many).map_err(internal)?;
        Ok(Expr::col(column).add(many))
    };
    import_row::Entity::update_many()
        .col_expr(Column::MovedAt, Expr::value(app.clock.now()))
        .col_expr(Column::Made, more(Column::Made, plan.new)?)
        .col_expr(Column::Changed, more(Column::Changed, plan.changed)?)
        .col_expr(Column::Unchanged, more(Column::Unchanged, plan.unchanged)?)
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}

async fn stand(tx: &Tx, id: Uuid, state: ImportState, problem: Option<String>) -> Result<()> {
    import_row::Entity::update_many()
        .col_expr(import_row::Column::State, Expr::value(state.as_str()))
        .col_expr(import_row::Column::Problem, Expr::value(problem))
        .filter(import_row::Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}

impl import_row::Model {
    /// How it stands: one that has not moved for a while was left in the middle by a process that is gone.
    pub fn stands(&self, now: DateTime<Utc>) -> &str {
        let running = self.state == ImportState::Running.as_str();
        let still = now - self.moved_at.unwrap_or(self.at) > QUIET;
        if running && still {
            ImportState::Stopped.as_str()
        } else {
            &self.state
        }
    }
}

/// Keeps that a file was refused.
pub(crate) async fn refused(
    app: &App,
    origin: &CallOrigin,
    file: &File,
    report: &CallImportReport,
    who: &Who,
) -> Result<()> {
    let line = line(
        app,
        origin,
        file,
        report,
        who,
        (app.ids.next(), ImportState::Refused),
    )?;
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
    (id, state): (Uuid, ImportState),
) -> Result<import_row::Model> {
    let count = |many: usize| i64::try_from(many).map_err(internal);
    Ok(import_row::Model {
        id,
        origin: origin.code.clone(),
        file_name: file.name.clone(),
        sha256: file.sha256.clone(),
        state: state.as_str().to_owned(),
        rows: count(report.rows)?,
        made: count(report.new)?,
        changed: count(report.changed)?,
        unchanged: count(report.unchanged)?,
        errors: count(report.errors_total)?,
        problem: None,
        moved_at: None,
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
