//! Who looked at personal values, took files out and printed, and why: the rows of the audit trail that are about it,
//! counted by person, with the days that stand out.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use calendar::SHANGHAI;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::audit::{self, Who, entry};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::rule;
use kernel::text::needed;
use kernel::{Actor, SignedIn, words};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::limits::AccessAlarm;
use crate::rights::ViewAccess;
use crate::{Colleague, Organization, colleagues};

words! {
    /// What was done with what is confidential.
    AccessKind {
        /// 明文查看
        Reveal = "reveal",
        /// 导出
        Export = "export",
        /// 听录音
        Listen = "listen",
        /// 打开文件
        File = "file",
        /// 打印
        Print = "print",
    }
}

/// The actions of the audit trail that are such, by kind.
const ACTIONS: [(&str, AccessKind); 27] = [
    ("requester.revealed", AccessKind::Reveal),
    ("staff.revealed", AccessKind::Reveal),
    ("call.ladder_revealed", AccessKind::Reveal),
    ("pay.revealed", AccessKind::Reveal),
    ("work_orders.exported", AccessKind::Export),
    ("follow_up.exported", AccessKind::Export),
    ("training.exported", AccessKind::Export),
    ("question.exported", AccessKind::Export),
    ("matters.exported", AccessKind::Export),
    ("lookups.exported", AccessKind::Export),
    ("call.recording_exported", AccessKind::Export),
    ("call.ladder_exported", AccessKind::Export),
    ("statement.exported", AccessKind::Export),
    ("statement.paper_exported", AccessKind::Export),
    ("report.exported", AccessKind::Export),
    ("export.taken", AccessKind::Export),
    ("export.by_hand", AccessKind::Export),
    ("data_return.certificate_taken", AccessKind::Export),
    ("leak_package.downloaded", AccessKind::Export),
    ("call.listened", AccessKind::Listen),
    ("recording.heard_in_exam", AccessKind::Listen),
    ("ticket.file_opened", AccessKind::File),
    ("staff.file_opened", AccessKind::File),
    ("conversation.file_opened", AccessKind::File),
    ("liaison.file_opened", AccessKind::File),
    ("wage_file.opened", AccessKind::File),
    (PRINTED, AccessKind::Print),
];
const PRINTED: &str = "page.printed";
/// Days shown unless told, and at most.
const DAYS: u64 = 30;
const MOST_DAYS: i64 = 92;
/// Rows counted at most; a house of tens of people has fewer in three months.
const COUNTED: u64 = 50_000;
/// The longest address of a page.
const LONGEST_PAGE: usize = 200;

/// Whether an action of the trail is one, and of which kind.
pub fn kind_of(action: &str) -> Option<AccessKind> {
    let found = ACTIONS.iter().find(|(known, _)| *known == action);
    found.map(|(_, kind)| *kind)
}

/// The actions of a kind, or of all.
pub fn actions(kind: Option<AccessKind>) -> Vec<&'static str> {
    let all = ACTIONS.iter();
    all.filter(|(_, of)| kind.is_none_or(|kind| kind == *of))
        .map(|(action, _)| *action)
        .collect()
}

/// The routes of the log.
pub(crate) fn routes(organization: &Organization) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(people))
        .routes(routes!(printed))
        .with_state(organization.clone())
}

/// What the log may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AccessFilter {
    /// What was done.
    kind: Option<AccessKind>,
    /// By this user.
    who: Option<Uuid>,
    /// From this time on.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
}

/// One line of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessLine {
    /// The row of the audit trail.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: Option<Colleague>,
    /// Sign-in name, or the part of the system.
    pub who_name: String,
    /// What was done.
    pub kind: AccessKind,
    /// The action of the audit trail.
    pub action: String,
    /// The kind of what it was done to.
    pub subject_kind: String,
    /// Its id, or the page that was printed.
    pub subject_id: String,
    /// Why, where a reason is asked for.
    pub reason: Option<String>,
    /// Number of the export.
    pub export: Option<String>,
    /// Rows of the export.
    pub rows: Option<u64>,
}

/// Who looked at personal values, took files out and printed, the newest first.
#[utoipa::path(
    get, path = "/api/v1/access-log", tag = "exports", operation_id = "list_access",
    params(ListQuery, AccessFilter), responses((status = 200, body = Page<AccessLine>)),
)]
async fn list(
    actor: Actor<ViewAccess>,
    State(organization): State<Organization>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<AccessFilter>,
) -> Result<Json<Page<AccessLine>>> {
    use entry::Column;
    let app = &organization.app;
    let all = Condition::all()
        .add(app.secrets.seen_by(actor.user_id()).await?)
        .add(Column::Action.is_in(actions(filter.kind)))
        .add_option(filter.who.map(|who| Column::WhoId.eq(who)))
        .add_option(filter.from.map(|from| Column::At.gte(from)))
        .add_option(filter.to.map(|to| Column::At.lt(to)))
        .add_option(query.words_in(&[Column::WhoName, Column::SubjectId])?);
    let select = entry::Entity::find().filter(all);
    let page = paginate(
        app.db.read(),
        select,
        &query,
        &[("at", Column::At)],
        Column::Id,
    )
    .await?;
    let shown = page.shown(async |rows: Vec<entry::Model>| {
        let who = rows.iter().filter_map(|row| row.who_id);
        let known = colleagues(app.db.read(), who.collect::<Vec<_>>()).await?;
        let lines = rows.into_iter().map(|row| {
            let said = |name: &str| row.details.get(name).cloned();
            let text = |name: &str| said(name).and_then(|it| it.as_str().map(str::to_owned));
            AccessLine {
                reason: text("reason"),
                export: text("export"),
                rows: said("rows").as_ref().and_then(Value::as_u64),
                kind: kind_of(&row.action).unwrap_or(AccessKind::File),
                who: row.who_id.and_then(|id| known.get(&id).cloned()),
                id: row.id,
                at: row.at,
                who_name: row.who_name,
                action: row.action,
                subject_kind: row.subject_kind,
                subject_id: row.subject_id,
            }
        });
        Ok(lines.collect())
    });
    Ok(Json(shown.await?))
}

/// Which days are counted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AccessDays {
    /// The first day; the last 30 unless told.
    from: Option<NaiveDate>,
    /// The last day; today unless told.
    to: Option<NaiveDate>,
}

/// How often one person did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessPerson {
    /// Who.
    pub who: Option<Colleague>,
    /// Sign-in name.
    pub who_name: String,
    /// How often, by kind.
    pub counts: BTreeMap<String, u64>,
    /// All kinds together.
    pub all: u64,
}

/// A day that stands out.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnusualDay {
    /// Who.
    pub who: Option<Colleague>,
    /// Sign-in name.
    pub who_name: String,
    /// The day in Guangzhou.
    pub day: NaiveDate,
    /// What was done.
    pub kind: AccessKind,
    /// How often.
    pub count: u64,
    /// How often is usual by the rule of that day.
    pub most: u32,
}

/// The log counted by person.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessCounts {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Who did most, first.
    pub people: Vec<AccessPerson>,
    /// Days beyond the rule, the latest first.
    pub unusual: Vec<UnusualDay>,
    /// There are more rows than were counted.
    pub capped: bool,
}

fn beginning(day: NaiveDate) -> Result<DateTime<Utc>> {
    let at = SHANGHAI.from_local_datetime(&day.and_time(NaiveTime::MIN));
    let at = at.single();
    Ok(at
        .ok_or_else(|| internal("Guangzhou skips no midnight"))?
        .with_timezone(&Utc))
}

/// Counts of the log by person, and the days that stand out.
#[utoipa::path(
    get, path = "/api/v1/access-log/people", tag = "exports", operation_id = "count_access", params(AccessDays),
    responses((status = 200, body = AccessCounts), (status = 422, body = Problem)),
)]
async fn people(
    actor: Actor<ViewAccess>,
    State(organization): State<Organization>,
    Query(days): Query<AccessDays>,
) -> Result<Json<AccessCounts>> {
    use entry::Column;
    let app = &organization.app;
    let conn = app.db.read();
    let to = days
        .to
        .unwrap_or_else(|| app.clock.now().with_timezone(&SHANGHAI).date_naive());
    let earlier = to.checked_sub_days(Days::new(DAYS - 1));
    let from = days.from.or(earlier).unwrap_or(to);
    let end = to.checked_add_days(Days::new(1));
    let end = end.filter(|_| from <= to && (to - from).num_days() < MOST_DAYS);
    let end = end.ok_or_else(|| invalid("to", "period_invalid", "at most three months"))?;
    let rows: Vec<(Option<Uuid>, String, String, DateTime<Utc>)> = entry::Entity::find()
        .select_only()
        .columns([Column::WhoId, Column::WhoName, Column::Action, Column::At])
        .filter(app.secrets.seen_by(actor.user_id()).await?)
        .filter(Column::Action.is_in(actions(None)))
        .filter(Column::At.gte(beginning(from)?))
        .filter(Column::At.lt(beginning(end)?))
        .order_by_desc(Column::At)
        .limit(COUNTED + 1)
        .into_tuple()
        .all(conn)
        .await?;
    let capped = rows.len() as u64 > COUNTED;
    let mut by_person: BTreeMap<(Option<Uuid>, String), AccessPerson> = BTreeMap::new();
    let mut by_day: BTreeMap<(NaiveDate, Option<Uuid>, String, AccessKind), u64> = BTreeMap::new();
    let known = colleagues(
        conn,
        rows.iter().filter_map(|row| row.0).collect::<Vec<_>>(),
    )
    .await?;
    for (id, name, action, at) in rows.into_iter().take(COUNTED as usize) {
        let Some(kind) = kind_of(&action) else {
            continue;
        };
        let whose = (id, name.clone());
        let person = by_person.entry(whose).or_insert_with(|| AccessPerson {
            who: id.and_then(|id| known.get(&id).cloned()),
            who_name: name.clone(),
            counts: BTreeMap::new(),
            all: 0,
        });
        *person.counts.entry(kind.as_str().to_owned()).or_default() += 1;
        person.all += 1;
        let day = at.with_timezone(&SHANGHAI).date_naive();
        *by_day.entry((day, id, name, kind)).or_default() += 1;
    }
    let mut people: Vec<AccessPerson> = by_person.into_values().collect();
    people.sort_by_key(|person| std::cmp::Reverse(person.all));
    let alarms = rule::all::<AccessAlarm>(conn).await?;
    let mut unusual = Vec::new();
    for ((day, id, who_name, kind), count) in by_day.into_iter().rev() {
        let after = day.checked_add_days(Days::new(1)).unwrap_or(day);
        let held = rule::holding(&alarms, beginning(after)?);
        let most = held.iter().find(|row| row.rule.kind == kind);
        let Some(most) = most.map(|row| row.rule.most_a_day) else {
            continue;
        };
        if count > u64::from(most) {
            unusual.push(UnusualDay {
                who: id.and_then(|id| known.get(&id).cloned()),
                who_name,
                day,
                kind,
                count,
                most,
            });
        }
    }
    Ok(Json(AccessCounts {
        from,
        to,
        people,
        unusual,
        capped,
    }))
}

/// A page that is printed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPrint {
    /// The console's page: `/tickets/0198…`.
    page: String,
}

/// What stands on a printed page.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrintMark {
    /// Who and when, in one line.
    pub line: String,
}

/// Notes that a page of the console is printed; answers the line that stands on the paper.
#[utoipa::path(
    post, path = "/api/v1/prints", tag = "exports", operation_id = "note_print", request_body = NewPrint,
    responses((status = 201, body = PrintMark), (status = 422, body = Problem)),
)]
async fn printed(
    SignedIn(principal): SignedIn,
    State(organization): State<Organization>,
    Json(new): Json<NewPrint>,
) -> Result<(StatusCode, Json<PrintMark>)> {
    let page = needed("page", &new.page)?;
    if page.len() > LONGEST_PAGE || !page.starts_with('/') {
        let detail = "a page of the console, of at most 200 bytes";
        return Err(invalid("page", "page_invalid", detail));
    }
    let at = organization.app.clock.now().with_timezone(&SHANGHAI);
    let at = at.format("%Y-%m-%d %H:%M:%S");
    let line = format!("{}（{}）　{at}", principal.name, principal.username);
    let (app, who) = (organization.app.clone(), Who::user(&principal));
    app.db
        .clone()
        .write(move |tx| async move {
            audit::record(&app, &*tx, &who, PRINTED, "page", page, json!({})).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(PrintMark { line })))
}
