//! One import: its rows compared with what was made of them before, tried, then written some hundred at a time beside
//! the request, so that nothing waits behind fifty thousand rows. A file with an error writes nothing; one that was cut
//! off goes on when it is sent again.

pub mod http;
pub mod store;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::TimeDelta;
use documents::sheet::{Field, Heading, Line, Remark, Remarks, Sheet};
use kernel::audit::{self, Who};
use kernel::masked::keyed_hash;
use kernel::problem::{Problem, Result, internal, invalid, refused, unavailable};
use kernel::{App, Clock, Tx, words};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use self::store::link_row;
use crate::kind::{CarryKind, Onto, Terms};

/// The largest file.
pub const LARGEST: usize = 10 << 20;
/// Rows of one file, the heading not counted.
pub const MOST_ROWS: usize = 50_000;
/// Rows of one transaction.
const AT_ONCE: usize = 500;
/// Comparisons that are told.
const MOST_TOLD: usize = 1_000;
/// What is longer is remembered as a digest.
const LONGEST_TOLD: usize = 200;
/// An import that is written moves more often.
pub(crate) const QUIET: TimeDelta = TimeDelta::minutes(5);
/// A longer import answers before it is over (the limit of a request is 30 s).
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

words! {
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

/// A field of a row that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CarryChange {
    /// The row of the file.
    pub row: u32,
    /// The foreign number.
    pub number: String,
    /// The field.
    pub field: String,
    /// What was told before; null for personal values and long texts.
    pub before: Option<String>,
    /// What is told now; null for personal values and long texts.
    pub after: Option<String>,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CarryReport)]
pub struct Report {
    /// What came in.
    pub kind: CarryKind,
    /// Nothing was written.
    pub dry_run: bool,
    /// The import, once it is written.
    pub import_id: Option<Uuid>,
    /// It goes on: the numbers are those so far.
    pub running: bool,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Rows that were not there.
    pub new: usize,
    /// Rows that say something else than before.
    pub changed: usize,
    /// Rows as they were.
    pub unchanged: usize,
    /// New tickets that nobody of ours owns: a shift lead finds somebody.
    pub ownerless: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<Remark>,
    /// How many errors there are.
    pub errors_total: usize,
    /// What changes in rows that are there. At most 1,000.
    pub changes: Vec<CarryChange>,
    /// How many changes there are.
    pub changes_total: usize,
}

/// A file that was read, with what it is read by.
pub(crate) struct Brought {
    pub kind: CarryKind,
    pub fields: Vec<Field>,
    pub sheet: Sheet,
    pub heading: Option<Heading>,
    pub terms: Terms,
    pub transition_id: Option<Uuid>,
    pub file: File,
}

/// The file, as it is kept with the import.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub name: String,
    pub sha256: String,
    pub bytes: usize,
}

/// A row with what was made of it before.
struct Changed {
    line: Line,
    link: link_row::Model,
}

/// What some rows come to.
#[derive(Default)]
struct Plan {
    new: Vec<Line>,
    changed: Vec<Changed>,
    unchanged: usize,
    ownerless: usize,
    changes: Vec<CarryChange>,
    /// Rows whose file lacks a column that it had before.
    lacking: Vec<(u32, &'static str)>,
}

impl Plan {
    fn add_to(&mut self, report: &mut Report) {
        report.new += self.new.len();
        report.changed += self.changed.len();
        report.unchanged += self.unchanged;
        report.ownerless += self.ownerless;
        report.changes_total += self.changes.len();
        let room = MOST_TOLD.saturating_sub(report.changes.len());
        report.changes.extend(self.changes.drain(..).take(room));
    }
}

impl Brought {
    fn report(&self) -> Report {
        Report {
            kind: self.kind,
            dry_run: true,
            import_id: None,
            running: false,
            rows: self.sheet.rows,
            new: 0,
            changed: 0,
            unchanged: 0,
            ownerless: 0,
            errors: Vec::new(),
            errors_total: 0,
            changes: Vec::new(),
            changes_total: 0,
        }
    }

    /// What is remembered of a row.
    fn told(&self, app: &App, line: &Line) -> BTreeMap<String, String> {
        let told = |field: &Field| {
            let value = line.values.get(field.code)?;
            let hidden = field.personal || value.chars().count() > LONGEST_TOLD;
            let kept = if hidden {
                format!("#{}", keyed_hash(app.key.bytes(), value))
            } else {
                value.clone()
            };
            Some((field.code.to_owned(), kept))
        };
        self.fields.iter().filter_map(told).collect()
    }

    async fn plan(&self, app: &App, conn: &impl ConnectionTrait, some: &[Line]) -> Result<Plan> {
        let key = self.kind.key();
        let numbers: Vec<&str> = some.iter().map(|line| line.text(key)).collect();
        let mut known = store::links(conn, self.kind, &numbers).await?;
        let columns = self.sheet.columns.iter();
        let present: BTreeSet<&str> = columns.filter_map(|column| column.field).collect();
        let mut plan = Plan::default();
        for line in some {
            let Some(link) = known.remove(line.text(key)) else {
                plan.ownerless += usize::from(self.terms.lacks_owner(line));
                plan.new.push(line.clone());
                continue;
            };
            let (was, is) = (link.told()?, self.told(app, line));
            let differs = |field: &&Field| was.get(field.code) != is.get(field.code);
            let there = self
                .fields
                .iter()
                .filter(|field| present.contains(field.code));
            let fields: Vec<&Field> = there.filter(differs).collect();
            if fields.is_empty() {
                plan.unchanged += 1;
                continue;
            }
            let gone =
                |field: &&Field| !present.contains(field.code) && was.contains_key(field.code);
            let lacks = self.fields.iter().filter(gone);
            plan.lacking
                .extend(lacks.map(|field| (line.row, field.code)));
            let shown = |told: Option<&String>| told.filter(|told| !told.starts_with('#')).cloned();
            plan.changes.extend(fields.iter().map(|field| CarryChange {
                row: line.row,
                number: line.text(key).to_owned(),
                field: field.code.to_owned(),
                before: shown(was.get(field.code)),
                after: shown(is.get(field.code)),
            }));
            plan.changed.push(Changed {
                line: line.clone(),
                link,
            });
        }
        Ok(plan)
    }

    /// What an import would do, with everything that is wrong; nothing is written.
    pub(crate) async fn look(&self, app: &App, conn: &impl ConnectionTrait) -> Result<Report> {
        let mut report = self.report();
        let mut errors: Remarks = self.sheet.errors.clone();
        let key = self.kind.key();
        for some in self.sheet.lines.chunks(AT_ONCE) {
            let mut plan = self.plan(app, conn, some).await?;
            let Some(heading) = &self.heading else { break };
            for (row, field) in &plan.lacking {
                let detail =
                    format!("the file has no column for `{field}`, which this row had before");
                errors.push(heading.remark(*row, field, "column_gone", detail));
            }
            let changed = plan.changed.iter();
            let known: HashMap<&str, Uuid> = changed
                .map(|one| (one.link.foreign_no.as_str(), one.link.subject_id))
                .collect();
            let touched = plan
                .new
                .iter()
                .chain(plan.changed.iter().map(|one| &one.line));
            for line in touched {
                let id = known.get(line.text(key)).copied();
                match self.kind.check(app, conn, &self.terms, line, id).await {
                    Ok(()) => {}
                    Err(problem) if problem.status >= 500 => return Err(problem),
                    Err(problem) => {
                        let field = problem.field.as_deref().unwrap_or(key);
                        errors.push(heading.remark(
                            line.row,
                            field,
                            problem.code,
                            problem.detail.clone(),
                        ));
                    }
                }
            }
            plan.add_to(&mut report);
        }
        errors
            .told
            .sort_by(|one, other| (one.row, &one.column).cmp(&(other.row, &other.column)));
        report.errors = errors.told;
        report.errors_total = errors.total;
        Ok(report)
    }
}

/// A file that has errors, as it is refused.
pub(crate) fn with_errors(report: &Report) -> Problem {
    let detail = format!(
        "{} errors in {} rows; nothing was written",
        report.errors_total, report.rows
    );
    invalid("file", "import_has_errors", detail)
        .with_way_out("mend the cells that are named and send the file again")
        .with("report", json!(report))
}

/// Keeps that a file was refused, with what is wrong in it.
pub(crate) async fn keep_refused(
    app: &App,
    who: &Who,
    brought: &Brought,
    report: &Report,
) -> Result<Uuid> {
    let id = app.ids.next();
    let mut report = report.clone();
    report.import_id = Some(id);
    let row = store::line(app, who, brought, &report, (id, ImportState::Refused))?;
    let db = app.db.clone();
    db.write(async move |tx| store::keep(&tx, row).await)
        .await?;
    Ok(id)
}

/// Begins to write, and answers when all is written or after `wait`. What a request that is gone began is written all
/// the same.
pub(crate) async fn write(
    app: &App,
    who: Who,
    brought: Brought,
    tried: Report,
    wait: Duration,
) -> Result<Report> {
    let id = app.ids.next();
    let report = Report {
        dry_run: false,
        import_id: Some(id),
        running: true,
        ..brought.report()
    };
    let kept = Report {
        import_id: Some(id),
        dry_run: false,
        ..tried
    };
    let row = store::line(app, &who, &brought, &kept, (id, ImportState::Running))?;
    let (kind, since) = (brought.kind, app.clock.now() - QUIET);
    let db = app.db.clone();
    db.write(async move |tx| {
        if store::is_running(&*tx, kind, since).await? {
            let detail = "another file of this kind is being written";
            return Err(refused("import_running", detail).with_way_out("wait until it is written"));
        }
        store::keep(&tx, row).await
    })
    .await?;
    let (reports, mut so_far) = watch::channel(report);
    let running = Running {
        app: app.clone(),
        who,
        into: Onto {
            import_id: id,
            transition_id: brought.transition_id,
        },
        brought: std::sync::Arc::new(brought),
        reports,
    };
    app.tasks.spawn(running.run());
    let over = async {
        // Whoever writes lets go of it only when it is over.
        let _ = so_far.wait_for(|report| !report.running).await;
    };
    let in_time = Clock::guard(wait, over).await.is_ok();
    let report = so_far.borrow().clone();
    if in_time && report.running {
        let row = store::get(app.db.read(), id).await?;
        let why = row.problem.unwrap_or_default();
        let detail = format!("the import stopped in the middle: {why}");
        return Err(unavailable("import_stopped", detail)
            .with_way_out("send the same file again: it goes on where it was"));
    }
    Ok(report)
}

/// An import that is being written.
struct Running {
    app: App,
    who: Who,
    into: Onto,
    brought: std::sync::Arc<Brought>,
    reports: watch::Sender<Report>,
}

impl Running {
    async fn run(self) {
        if let Err(problem) = self.write().await {
            tracing::error!(import = %self.into.import_id, %problem, "import stopped");
            let detail: String = problem.to_string().chars().take(500).collect();
            let id = self.into.import_id;
            let kept = self.app.db.write(async move |tx| {
                store::stand(&tx, id, ImportState::Stopped, Some(detail)).await
            });
            if let Err(problem) = kept.await {
                tracing::error!(import = %id, %problem, "it is not written down that an import stopped");
            }
        }
    }

    async fn write(&self) -> Result<()> {
        let mut report = self.reports.borrow().clone();
        for some in self.brought.sheet.lines.chunks(AT_ONCE) {
            if self.app.shutdown.is_cancelled() {
                return Err(unavailable("shutting_down", "the server is being stopped"));
            }
            self.chunk(some).await?.add_to(&mut report);
            self.reports.send_replace(report.clone());
        }
        report.running = false;
        self.finish(&report).await?;
        self.reports.send_replace(report);
        Ok(())
    }

    async fn chunk(&self, some: &[Line]) -> Result<Plan> {
        let (app, who, into) = (self.app.clone(), self.who.clone(), self.into);
        let (brought, some) = (self.brought.clone(), some.to_vec());
        let db = app.db.clone();
        db.write(move |tx| async move {
            Box::pin(write_some(&app, &tx, &who, into, &brought, &some)).await
        })
        .await
    }

    /// What was brought in stands on the board of the transition, in the audit trail and in the list of imports.
    async fn finish(&self, report: &Report) -> Result<()> {
        let (app, who, into) = (self.app.clone(), self.who.clone(), self.into);
        let (kind, file) = (self.brought.kind, self.brought.file.clone());
        let report = report.clone();
        let db = app.db.clone();
        db.write(move |tx| async move {
            store::stand(&tx, into.import_id, ImportState::Imported, None).await?;
            let facts = json!({
                "kind": kind, "file": file.name, "sha256": file.sha256, "rows": report.rows, "new": report.new,
                "changed": report.changed, "unchanged": report.unchanged, "ownerless": report.ownerless,
                "transition_id": into.transition_id,
            });
            let (action, id) = ("carry.imported", into.import_id);
            audit::record(&app, &*tx, &who, action, "carry_import", id, facts.clone()).await?;
            app.events.publish(&tx, action, id, facts).await?;
            if let Some(transition) = into.transition_id {
                let title = format!("承接导入：{}", kind.name());
                let note = format!(
                    "{}：{} 行，新增 {}，更新 {}，未变 {}；SHA-256 {}",
                    file.name, report.rows, report.new, report.changed, report.unchanged, file.sha256
                );
                let item = (kind.on_board(), title.as_str(), note.as_str());
                personnel::transition::verbs::came_over(&app, &tx, &who, transition, item).await?;
            }
            Ok(())
        })
        .await
    }
}

async fn write_some(
    app: &App,
    tx: &Tx,
    who: &Who,
    into: Onto,
    brought: &Brought,
    some: &[Line],
) -> Result<Plan> {
    let (kind, terms) = (brought.kind, &brought.terms);
    let plan = brought.plan(app, &**tx, some).await?;
    let ids = kind.begin(app, tx, who, terms, into, &plan.new).await?;
    if ids.len() != plan.new.len() {
        return Err(internal("each row becomes one thing"));
    }
    let now = app.clock.now();
    let link = |line: &Line, id: Uuid| -> Result<link_row::Model> {
        Ok(link_row::Model {
            kind: kind.as_str().to_owned(),
            foreign_no: line.text(kind.key()).to_owned(),
            subject_id: id,
            told: serde_json::to_value(brought.told(app, line)).map_err(internal)?,
            import_id: into.import_id,
            updated_at: now,
        })
    };
    let mut made = Vec::new();
    for (line, id) in plan.new.iter().zip(ids) {
        made.push(link(line, id)?);
    }
    store::add_links(&**tx, made).await?;
    for one in &plan.changed {
        let id = one.link.subject_id;
        kind.change(app, tx, who, terms, into, (id, &one.line))
            .await?;
        // What a file has no column for was told before and stands.
        let mut after = link(&one.line, id)?;
        let mut told = one.link.told()?;
        told.retain(|field, _| {
            !brought
                .sheet
                .columns
                .iter()
                .any(|column| column.field == Some(field))
        });
        told.extend(brought.told(app, &one.line));
        after.told = serde_json::to_value(told).map_err(internal)?;
        store::overwrite_link(&**tx, after).await?;
    }
    store::come_so_far(
        app,
        tx,
        into.import_id,
        [
            plan.new.len(),
            plan.changed.len(),
            plan.unchanged,
            plan.ownerless,
        ],
    )
    .await?;
    Ok(plan)
}
