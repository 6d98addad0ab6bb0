//! The rows of reports, and who is told of each step.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::evidence::Evidence;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Role, Tx, day};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use super::content::ReportContent;
use super::period::{ReportPeriod, ReportPeriodKind};
use super::trail::{self, Scribe};
use super::{Action, Case, Moment, ReportState, due};

kernel::table! {
    /// One version of a report. What the rules see of it is a [`Case`].
    pub mod row = "reports" (id: Uuid) {
        number: String,
        /// Its version; a correction is the next one.
        revision: i64,
        template_id: Uuid,
        template_version: i64,
        period_kind: String,
        from_day: String,
        until_day: String,
        title: String,
        state: String,
        /// A [`ReportContent`] as it is kept: text, so that its digest is the same on either database.
        content: String,
        /// Of the content, since the release.
        sha256: Option<String>,
        /// The last row of the audit trail when it was released.
        audit_head: Option<String>,
        corrects: Option<Uuid>,
        reason: Option<String>,
        figures_at: DateTimeUtc,
        drafted_by: Option<Uuid>,
        drafted_at: DateTimeUtc,
        edited_by: Option<Uuid>,
        submitted_by: Option<Uuid>,
        submitted_at: Option<DateTimeUtc>,
        checked_by: Option<Uuid>,
        checked_at: Option<DateTimeUtc>,
        released_by: Option<Uuid>,
        released_at: Option<DateTimeUtc>,
        due_at: Option<DateTimeUtc>,
        overdue: bool,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |report| format!(
    "report `{}` version {}",
    report.number, report.revision
));

kernel::table! {
    /// A file as it was frozen with the release.
    pub mod frozen = "report_files" (id: Uuid) {
        report_id: Uuid,
        format: String,
        path: String,
        sha256: String,
        frozen_at: DateTimeUtc,
    }
}

kernel::table! {
    /// Who of the purchaser read a released report, and when first.
    pub mod read = "report_reads" (report_id: Uuid, user_id: Uuid) {
        read_at: DateTimeUtc,
    }
}

/// Versions of one report at most that are shown together.
const MOST_VERSIONS: u64 = 50;
/// Readers that are shown.
const MOST_READERS: u64 = 200;

/// Who is told of drafts.
pub(crate) const AUTHORS: &[Role] = &[Role::Analyst];
/// Who checks.
pub(crate) const CHECKERS: &[Role] = &[Role::OpsManager, Role::Quality, Role::Liaison];
/// Who releases.
pub(crate) const RELEASERS: &[Role] = &[Role::OpsManager, Role::Liaison];
/// Who of the purchaser reads.
pub(crate) const READERS: &[Role] = &[Role::Counterpart, Role::PurchaserAdmin];

impl row::Model {
    /// The report as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = ReportState::parse(&self.state)
            .ok_or_else(|| internal(format!("report {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.due_at = case.due_at;
        self.overdue = case.overdue;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self
    }

    /// Was thrown away as a draft.
    pub fn is_discarded(&self) -> bool {
        self.state == ReportState::Discarded.as_str()
    }

    /// Of which days.
    pub fn period(&self) -> Result<ReportPeriod> {
        let kind = ReportPeriodKind::parse(&self.period_kind)
            .ok_or_else(|| internal(format!("report {} has no valid period", self.number)))?;
        Ok(ReportPeriod {
            kind,
            from: day::read(&self.from_day)?,
            until: day::read(&self.until_day)?,
        })
    }

    /// What stands in it.
    pub fn content(&self) -> Result<ReportContent> {
        ReportContent::read(&self.content)
    }

    /// Wrote something of it.
    pub fn is_by(&self, user: Uuid) -> bool {
        [self.drafted_by, self.edited_by, self.submitted_by].contains(&Some(user))
    }

    /// Puts a content in, with what the row says of it.
    pub fn put(&mut self, content: &ReportContent) -> Result<()> {
        self.title.clone_from(&content.title);
        self.figures_at = content.figures_at;
        self.content = content.kept()?;
        Ok(())
    }
}

/// What only the supplier sees: what is not out.
pub(crate) fn visible(whole: bool) -> Condition {
    let out = [ReportState::Released, ReportState::Superseded];
    let all = Condition::all();
    if whole {
        return all;
    }
    all.add(row::Column::State.is_in(out.map(ReportState::as_str)))
}

/// One report; 404 also for what the reader may not see.
pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid, whole: bool) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(visible(whole))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("report"))
}

/// The first version that a template made of a period.
pub(crate) async fn made(
    conn: &impl ConnectionTrait,
    template: Uuid,
    period: ReportPeriod,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::TemplateId.eq(template))
        .filter(row::Column::FromDay.eq(day::text(period.from)))
        .filter(row::Column::Revision.eq(1))
        .filter(row::Column::State.ne(ReportState::Discarded.as_str()))
        .one(conn)
        .await?)
}

/// All versions of a report, the first one first.
pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    number: &str,
    whole: bool,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(visible(whole))
        .filter(row::Column::Number.eq(number))
        .order_by_asc(row::Column::Revision)
        .order_by_asc(row::Column::Id)
        .limit(MOST_VERSIONS)
        .all(conn)
        .await?)
}

/// The frozen files of a report.
pub(crate) async fn files(conn: &impl ConnectionTrait, report: Uuid) -> Result<Vec<frozen::Model>> {
    Ok(frozen::Entity::find()
        .filter(frozen::Column::ReportId.eq(report))
        .order_by_asc(frozen::Column::Format)
        .all(conn)
        .await?)
}

/// Who read a report, the first one first.
pub(crate) async fn readers(conn: &impl ConnectionTrait, report: Uuid) -> Result<Vec<read::Model>> {
    Ok(read::Entity::find()
        .filter(read::Column::ReportId.eq(report))
        .order_by_asc(read::Column::ReadAt)
        .limit(MOST_READERS)
        .all(conn)
        .await?)
}

/// Does `action` to a report as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    told: (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model) -> Result<()>,
) -> Result<row::Model> {
    let case = next(app, tx, before, action).await?;
    let mut after = before.clone().with_case(&case);
    more(&mut after)?;
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, told).await?;
    Ok(after)
}

/// The case after an action, or the refusal as a problem about this report.
pub(crate) async fn next(app: &App, tx: &Tx, before: &row::Model, action: &Action) -> Result<Case> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = due::terms(&**tx, before.period()?.kind, app.clock.now()).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    before.case()?.next(action, &moment).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })
}

/// A new version with the clock of its release.
pub(crate) async fn insert(
    app: &App,
    tx: &Tx,
    who: &Who,
    mut new: row::Model,
    told: (&str, Option<&str>),
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = due::terms(&**tx, new.period()?.kind, app.clock.now()).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    new = new.with_case(&Case::drafted(&moment));
    versioned::insert(&**tx, &new).await?;
    tell(app, tx, who, &new, told).await?;
    Ok(new)
}

/// Writes a step down and tells whom it concerns.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    report: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let mut told = match what {
        "drafted" => trail::holders(&**tx, AUTHORS).await?,
        "submitted" => trail::holders(&**tx, CHECKERS).await?,
        "checked" => trail::holders(&**tx, RELEASERS).await?,
        "returned" => {
            let written = [report.submitted_by, report.edited_by, report.drafted_by];
            written.into_iter().flatten().take(1).collect()
        }
        "released" => trail::holders(&**tx, READERS).await?,
        "overdue" => {
            let mut all = trail::holders(&**tx, AUTHORS).await?;
            all.extend(trail::holders(&**tx, RELEASERS).await?);
            all
        }
        _ => Vec::new(),
    };
    // Nobody is told what he has just done; nobody checks his own.
    told.retain(|person| Some(*person) != who.user_id);
    if what == "submitted" {
        told.retain(|person| !report.is_by(*person));
    }
    let facts = json!({
        "number": report.number, "revision": report.revision, "title": report.title, "state": report.state,
        "version": report.version, "due_at": report.due_at, "sha256": report.sha256, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        id: report.id,
    };
    scribe.tell(what, note, facts).await
}

/// What proves A-16: released reports, and those whose time ran out.
pub(crate) fn evidence(app: &App) -> Evidence {
    let released = row::Column::ReleasedAt.is_not_null();
    let late = row::Column::Overdue.eq(true);
    let which = Condition::any().add(released).add(late.clone());
    Evidence::rows::<row::Entity>(
        app,
        ("A-16", "reports", "/reports"),
        row::Column::DraftedAt,
        which,
        Some(Condition::all().add(late)),
    )
}

/// The reports, as the timer sees them: a sign when they were to be released and are not.
pub(crate) struct Reports;

impl Alarmed for Reports {
    type Entity = row::Entity;
    const HANDLER: &'static str = "analytics.wake_reports";
    const KINDS: &'static [&'static str] = &["report.drafted", "report.correction_begun"];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("analytics");
        for report in due {
            let told = ("overdue", None);
            act(&app, &tx, &who, &report, &Action::Lapse, told, |_| Ok(())).await?;
        }
        Ok(())
    }
}

/// The moment of a row that lacks one.
pub(crate) fn blank(app: &App, id: Uuid, period: ReportPeriod) -> row::Model {
    let now: DateTime<Utc> = app.clock.now();
    row::Model {
        id,
        number: String::new(),
        revision: 1,
        template_id: Uuid::nil(),
        template_version: 1,
        period_kind: period.kind.as_str().to_owned(),
        from_day: day::text(period.from),
        until_day: day::text(period.until),
        title: String::new(),
        state: ReportState::Draft.as_str().to_owned(),
        content: String::new(),
        sha256: None,
        audit_head: None,
        corrects: None,
        reason: None,
        figures_at: now,
        drafted_by: None,
        drafted_at: now,
        edited_by: None,
        submitted_by: None,
        submitted_at: None,
        checked_by: None,
        checked_at: None,
        released_by: None,
        released_at: None,
        due_at: None,
        overdue: false,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
}
