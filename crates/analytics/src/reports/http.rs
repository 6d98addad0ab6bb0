//! Reports over HTTP: the list, one with all that stands in it, a draft by hand.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, Principal, day};
use organization::Colleague;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::content::{ReportContent, digest};
use super::period::{ReportPeriod, ReportPeriodKind};
use super::rights::{CheckReports, PrepareReports, ReadReports, ReleaseReports, ViewReports};
use super::store::{self, row};
use super::trail::{self, ReportTrailLine};
use super::{ReportDesk, ReportState, draft, template};

/// The routes of reading and drafting.
pub(crate) fn routes(desk: &ReportDesk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(show))
        .with_state(desk.clone())
}

/// A report in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceReportView {
    /// Identifies this version.
    pub id: Uuid,
    /// `BB-20261201-001`, the same for all its versions.
    pub number: String,
    /// 1, and one more with each correction.
    pub revision: i64,
    /// What it is called.
    pub title: String,
    /// Of which days.
    pub period: ReportPeriod,
    /// Where it stands.
    pub state: String,
    /// When it is to be released; null once it is.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
    /// When its figures were taken.
    pub figures_at: DateTime<Utc>,
    /// When it was drafted.
    pub drafted_at: DateTime<Utc>,
    /// When it was released.
    pub released_at: Option<DateTime<Utc>>,
    /// Digest of its content, since the release.
    pub sha256: Option<String>,
    /// The version it corrects.
    pub corrects: Option<Uuid>,
    /// The version that was read, for the next step.
    pub version: i64,
}

/// A report with all that stands in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceReportDetail {
    /// What the list shows of it.
    #[serde(flatten)]
    pub report: ServiceReportView,
    /// The template it is made from, and the version of it.
    pub template_id: Uuid,
    /// The template's version.
    pub template_version: i64,
    /// What stands in it.
    pub content: ReportContent,
    /// A released content is what was released: its digest was counted again just now. Null for a draft.
    pub intact: Option<bool>,
    /// The last row of the audit trail when it was released.
    pub audit_head: Option<String>,
    /// Why it corrects another.
    pub reason: Option<String>,
    /// Who drafted it; null for the clock.
    pub drafted_by: Option<Colleague>,
    /// Who last changed its words or took figures.
    pub edited_by: Option<Colleague>,
    /// Who checked it.
    pub checked_by: Option<Colleague>,
    /// When.
    pub checked_at: Option<DateTime<Utc>>,
    /// Who released it.
    pub released_by: Option<Colleague>,
    /// Its frozen files.
    pub files: Vec<ReportFileView>,
    /// All versions that the reader may see, the first one first.
    pub versions: Vec<ServiceReportView>,
    /// Who of the purchaser read it.
    pub readers: Vec<ReportReader>,
    /// The reader's own mark, where he is to read it; null where he is not.
    pub read: Option<bool>,
    /// What the reader may do with it as it stands.
    pub may: Vec<ReportStep>,
    /// Its time line; empty for the purchaser.
    pub history: Vec<ReportTrailLine>,
}

/// A file that was frozen with the release.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportFileView {
    /// `pdf`, `docx` or `xlsx`.
    pub format: String,
    /// Of its bytes.
    pub sha256: String,
}

/// Who read a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportReader {
    /// Who.
    pub person: Colleague,
    /// When first.
    pub read_at: DateTime<Utc>,
}

kernel::words! {
    /// A step of a report.
    ReportStep {
        /// 修改文字
        Edit = "edit",
        /// 重新取数
        Refresh = "refresh",
        /// 提交核对
        Submit = "submit",
        /// 核对通过
        Check = "check",
        /// 退回修改
        Return = "return",
        /// 发布
        Release = "release",
        /// 更正
        Correct = "correct",
        /// 作废
        Discard = "discard",
        /// 已阅
        Read = "read",
    }
}

/// What a list of reports may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportFilter {
    /// Only those of this period: `daily`, `weekly`, `monthly`, `half_year`.
    period: Option<String>,
    /// Only those in this state.
    state: Option<String>,
    /// Only those that are to be released, or only those that are.
    open: Option<bool>,
    /// Only those that are overdue.
    overdue: Option<bool>,
    /// Only those made from this template.
    template_id: Option<Uuid>,
    /// Only those whose period holds this day or begins after it.
    since: Option<NaiveDate>,
    /// Only those whose period begins by this day.
    until: Option<NaiveDate>,
}

/// Sees what is not out.
pub(crate) fn sees_all(principal: &Principal) -> bool {
    !principal.may::<ReadReports>()
}

pub(crate) fn view(row: row::Model) -> Result<ServiceReportView> {
    Ok(ServiceReportView {
        period: row.period()?,
        id: row.id,
        number: row.number,
        revision: row.revision,
        title: row.title,
        state: row.state,
        due_at: row.due_at,
        overdue: row.overdue,
        figures_at: row.figures_at,
        drafted_at: row.drafted_at,
        released_at: row.released_at,
        sha256: row.sha256,
        corrects: row.corrects,
        version: row.version,
    })
}

/// The reports, the newest first; the purchaser sees those that are released.
#[utoipa::path(
    get, path = "/api/v1/reports", tag = "reports", operation_id = "list_reports",
    params(ReportFilter, ListQuery), responses((status = 200, body = Page<ServiceReportView>)),
)]
async fn list(
    actor: Actor<ViewReports>,
    State(desk): State<ReportDesk>,
    Query(filter): Query<ReportFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ServiceReportView>>> {
    use ReportState as S;
    use row::Column;
    let open = filter.open.map(|open| {
        let which: &[S] = if open {
            &[S::Draft, S::Submitted, S::Checked]
        } else {
            &[S::Released, S::Superseded]
        };
        Column::State.is_in(which.iter().map(|state| state.as_str()))
    });
    let since = filter.since.map(|on| Column::UntilDay.gte(day::text(on)));
    let until = filter.until.map(|on| Column::FromDay.lte(day::text(on)));
    let all = Condition::all()
        .add(store::visible(sees_all(actor.principal())))
        .add_option(filter.period.map(|kind| Column::PeriodKind.eq(kind)))
        .add_option(filter.state.map(|state| Column::State.eq(state)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(filter.template_id.map(|id| Column::TemplateId.eq(id)))
        .add_option(open)
        .add_option(since)
        .add_option(until)
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [
        ("drafted_at", Column::DraftedAt),
        ("from_day", Column::FromDay),
    ];
    let page = paginate(desk.app.db.read(), select, &query, &sortable, Column::Id).await?;
    let shown = page.shown(async |rows: Vec<row::Model>| rows.into_iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One report with what stands in it, its versions and its files.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}", tag = "reports", operation_id = "get_report",
    params(("id" = Uuid, Path)), responses((status = 200, body = ServiceReportDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
) -> Result<Json<ServiceReportDetail>> {
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// A report to be drafted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReport {
    /// Made from this template.
    template_id: Uuid,
    /// A day of the period.
    day: NaiveDate,
}

/// Drafts the report of a template for the period that holds a day, with the figures of now; answers the one there is.
#[utoipa::path(
    post, path = "/api/v1/reports", tag = "reports", operation_id = "draft_report", request_body = NewReport,
    responses((status = 201, body = ServiceReportDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn make(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Json(new): Json<NewReport>,
) -> Result<(StatusCode, Json<ServiceReportDetail>)> {
    let template = template::store::get(desk.app.db.read(), new.template_id).await?;
    let period = period_of(template.kind()?, new.day, day::today(&desk.app))?;
    let made = draft::draft(&desk, &actor.who(), template.id, period).await?;
    let detail = detail(&desk, actor.principal(), made.id).await?;
    Ok((StatusCode::CREATED, Json(detail)))
}

/// 422 for a period that has not begun, or that nobody remembers.
fn period_of(kind: ReportPeriodKind, on: NaiveDate, today: NaiveDate) -> Result<ReportPeriod> {
    day::past("day", on, today)?;
    let period = ReportPeriod::holding(kind, on);
    if (today - period.from).num_days() > 5 * 366 {
        return Err(invalid(
            "day",
            "day_implausible",
            "a day of the last five years",
        ));
    }
    Ok(period)
}

/// What may be done with a report as it stands, by its state and by who looks.
fn steps(row: &row::Model, latest: bool, by: &Principal) -> Result<Vec<ReportStep>> {
    use ReportState as S;
    use ReportStep as T;
    let (prepares, checks) = (by.may::<PrepareReports>(), by.may::<CheckReports>());
    let releases = by.may::<ReleaseReports>();
    let may = match row.case()?.state {
        S::Draft if prepares => vec![T::Edit, T::Refresh, T::Submit, T::Discard],
        S::Submitted if checks && !row.is_by(by.user_id) => vec![T::Check, T::Return],
        S::Checked if releases => vec![T::Release, T::Return],
        S::Submitted | S::Checked if checks => vec![T::Return],
        S::Released if prepares && latest => vec![T::Correct],
        S::Released if by.may::<ReadReports>() => vec![T::Read],
        _ => Vec::new(),
    };
    Ok(may)
}

/// A report as this person sees it; 404 where he may not.
pub(crate) async fn detail(
    desk: &ReportDesk,
    by: &Principal,
    id: Uuid,
) -> Result<ServiceReportDetail> {
    let conn = desk.app.db.read();
    let whole = sees_all(by);
    let row = store::get(conn, id, whole).await?;
    let versions = store::versions(conn, &row.number, whole).await?;
    let readers = store::readers(conn, id).await?;
    let named = [
        row.drafted_by,
        row.edited_by,
        row.checked_by,
        row.released_by,
    ];
    let named = named.into_iter().flatten();
    let named = named.chain(readers.iter().map(|reader| reader.user_id));
    let people = organization::colleagues(conn, named).await?;
    let of = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let newer = |one: &row::Model| one.revision > row.revision && !one.is_discarded();
    let latest = !versions.iter().any(newer);
    let files = store::files(conn, id).await?;
    let read = by
        .may::<ReadReports>()
        .then(|| readers.iter().any(|reader| reader.user_id == by.user_id));
    let mut may = steps(&row, latest, by)?;
    may.retain(|step| *step != ReportStep::Read || read == Some(false));
    Ok(ServiceReportDetail {
        template_id: row.template_id,
        template_version: row.template_version,
        content: row.content()?,
        intact: row
            .sha256
            .as_ref()
            .map(|kept| *kept == digest(&row.content)),
        audit_head: row.audit_head.clone(),
        reason: row.reason.clone(),
        drafted_by: of(row.drafted_by),
        edited_by: of(row.edited_by),
        checked_by: of(row.checked_by),
        checked_at: row.checked_at,
        released_by: of(row.released_by),
        files: files
            .into_iter()
            .map(|file| ReportFileView {
                format: file.format,
                sha256: file.sha256,
            })
            .collect(),
        versions: versions.into_iter().map(view).collect::<Result<_>>()?,
        readers: read_by(readers, &people),
        read,
        may,
        history: if whole {
            trail::lines(conn, id).await?
        } else {
            Vec::new()
        },
        report: view(row)?,
    })
}

fn read_by(
    readers: Vec<store::read::Model>,
    people: &HashMap<Uuid, Colleague>,
) -> Vec<ReportReader> {
    let known = readers.into_iter().filter_map(|reader| {
        Some(ReportReader {
            person: people.get(&reader.user_id)?.clone(),
            read_at: reader.read_at,
        })
    });
    known.collect()
}
