//! Indicators over HTTP: the registry, figures, series, the rows behind a figure.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::{Actor, Scope};
use organization::colleagues;
use sea_orm::{Condition, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::rows::{self, KpiRow};
use super::{
    By, Cut, Figure, Kpi, KpiDefinition, Period, Point, Standing, figures, gather, series, variant,
};
use crate::Desk;
use crate::facts::contact::row as contact;
use crate::facts::recount::{RECOUNT, Wanted};
use crate::facts::ticket::row as ticket;
use crate::rights::{RecountKpis, ViewKpis};
use crate::targets::{self, KpiTarget, Targets};

/// Indicators of one request.
const MOST: usize = 32;

/// The routes of indicators.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(along))
        .routes(routes!(behind))
        .routes(routes!(recount))
        .with_state(desk.clone())
}

/// An indicator as it stands in the registry and is counted now.
#[derive(Debug, Serialize, ToSchema)]
pub struct KpiView {
    /// Its name, formula, unit.
    #[serde(flatten)]
    pub definition: &'static KpiDefinition,
    /// `K-01`
    pub number: String,
    /// The variant it is counted by now; null where there is one.
    pub variant: Option<String>,
    /// What is asked of it now, where nothing else is asked of a channel.
    pub asked: Option<KpiTarget>,
}

/// The registry.
#[derive(Debug, Serialize, ToSchema)]
pub struct KpiList {
    /// K-01 to K-32.
    pub items: Vec<KpiView>,
}

/// All indicators, each with its formula.
#[utoipa::path(
    get, path = "/api/v1/kpis", tag = "kpis", operation_id = "list_kpis",
    responses((status = 200, body = KpiList)),
)]
async fn list(_actor: Actor<ViewKpis>, State(desk): State<Desk>) -> Result<Json<KpiList>> {
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let variants = variant::in_force(conn, now).await?;
    let targets = targets::in_force(conn, now).await?;
    let view = |kpi: &Kpi| KpiView {
        definition: kpi.definition(),
        number: kpi.number(),
        variant: variants.of(*kpi).map(str::to_owned),
        asked: targets.of(*kpi, None).cloned(),
    };
    Ok(Json(KpiList {
        items: Kpi::ALL.iter().map(view).collect(),
    }))
}

/// Over which days, and of what.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KpiQuery {
    /// Codes with commas between: `k01,k02`; all when left out.
    pub kpis: Option<String>,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Only this channel, or platform.
    pub channel: Option<String>,
    /// Only this queue.
    pub queue: Option<String>,
    /// Only this matter, or what is below this main class.
    pub matter: Option<String>,
    /// Only this person.
    pub person: Option<Uuid>,
}

impl KpiQuery {
    /// The indicators that are asked for; 422 `kpi_unknown`.
    pub(crate) fn wanted(&self) -> Result<Vec<Kpi>> {
        let Some(codes) = self.kpis.as_deref().filter(|codes| !codes.is_empty()) else {
            return Ok(Kpi::ALL.to_vec());
        };
        let mut wanted = Vec::new();
        for code in codes.split(',') {
            let Some(kpi) = Kpi::parse(code.trim()) else {
                let detail = format!("`{code}` is no indicator; they are k01 to k32");
                return Err(invalid("kpis", "kpi_unknown", detail));
            };
            if !wanted.contains(&kpi) && wanted.len() < MOST {
                wanted.push(kpi);
            }
        }
        Ok(wanted)
    }

    /// The period.
    pub(crate) fn period(&self) -> Result<Period> {
        Period::new(self.from, self.to)
    }

    /// The cut that the actor may see: who sees his own only asks of himself.
    pub(crate) fn cut<P: kernel::Permission>(&self, actor: &Actor<P>) -> Result<Cut> {
        let mut cut = Cut {
            channel: chosen(self.channel.as_deref()),
            queue: chosen(self.queue.as_deref()),
            matter: chosen(self.matter.as_deref()),
            person: self.person,
        };
        if *actor.scope() != Scope::All {
            let me = actor.user_id();
            if cut.person.is_some_and(|person| person != me) {
                return Err(
                    refused("kpis_of_others", "these are the figures of somebody else")
                        .with_way_out("the shift lead sees them"),
                );
            }
            cut.person = Some(me);
        }
        Ok(cut)
    }
}

fn chosen(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// A figure with what it is held against.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KpiFigure {
    /// The figure.
    #[serde(flatten)]
    pub figure: Figure,
    /// What is asked; null where it is only looked at.
    pub target: Option<i64>,
    /// Up to where.
    pub upper: Option<i64>,
    /// Whether it is as asked.
    pub standing: Standing,
    /// It is met, and near the edge: occupancy above its caution.
    pub caution: bool,
}

impl KpiFigure {
    /// A figure held against the targets.
    pub(crate) fn of(figure: Figure, targets: &Targets, channel: Option<&str>) -> Self {
        let target = targets.of(figure.kpi, channel);
        let standing = match target {
            Some(target) => target.judge(&figure),
            None if figure.value.is_none() => Standing::NoData,
            None => Standing::Watched,
        };
        let caution = target.and_then(|target| target.caution);
        Self {
            caution: caution.is_some_and(|from| figure.value.is_some_and(|value| value > from)),
            target: target.map(|target| target.target),
            upper: target.and_then(|target| target.upper),
            standing,
            figure,
        }
    }
}

/// The figures of a period and a cut.
#[derive(Debug, Serialize, ToSchema)]
pub struct KpiFigures {
    /// When they were counted.
    pub as_of: DateTime<Utc>,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// In the order they were asked for.
    pub items: Vec<KpiFigure>,
}

/// The figures of a period: of everything, a channel, a queue, a matter, a person, or where these meet.
#[utoipa::path(
    get, path = "/api/v1/kpi-figures", tag = "kpis", operation_id = "get_kpi_figures", params(KpiQuery),
    responses((status = 200, body = KpiFigures), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn show(
    actor: Actor<ViewKpis>,
    State(desk): State<Desk>,
    Query(query): Query<KpiQuery>,
) -> Result<Json<KpiFigures>> {
    let cut = query.cut(&actor)?;
    let wanted = query.wanted()?;
    Ok(Json(counted(&desk, &wanted, query.period()?, &cut).await?))
}

/// The figures held against what is asked at the end of the period.
pub(crate) async fn counted(
    desk: &Desk,
    wanted: &[Kpi],
    period: Period,
    cut: &Cut,
) -> Result<KpiFigures> {
    let now = desk.app.clock.now();
    let targets = targets::in_force(desk.app.db.read(), now.min(period.ends())).await?;
    let found = figures(desk, wanted, period, cut).await?;
    let channel = cut.channel.as_deref();
    let held = |figure| KpiFigure::of(figure, &targets, channel);
    Ok(KpiFigures {
        as_of: now,
        from: period.from,
        to: period.to,
        items: found.into_iter().map(held).collect(),
    })
}

/// Along what a series goes.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KpiSeriesQuery {
    /// `day`, `half_hour`, `person`, `channel`, `queue` or `matter`.
    pub by: By,
}

/// A step of a series.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KpiPoint {
    /// `2026-11-27`, the number of a half-hour, an id or a code; empty for what has none.
    pub key: String,
    /// What people call it: a name, `09:00`; null where the key says it.
    pub label: Option<String>,
    /// In the order they were asked for.
    pub figures: Vec<KpiFigure>,
}

/// A series.
#[derive(Debug, Serialize, ToSchema)]
pub struct KpiSeries {
    /// When it was counted.
    pub as_of: DateTime<Utc>,
    /// Along what.
    pub by: By,
    /// The steps.
    pub items: Vec<KpiPoint>,
}

/// Indicators along days, half-hours, people, channels, queues or matters.
#[utoipa::path(
    get, path = "/api/v1/kpi-series", tag = "kpis", operation_id = "get_kpi_series", params(KpiQuery, KpiSeriesQuery),
    responses((status = 200, body = KpiSeries), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn along(
    actor: Actor<ViewKpis>,
    State(desk): State<Desk>,
    Query(query): Query<KpiQuery>,
    Query(way): Query<KpiSeriesQuery>,
) -> Result<Json<KpiSeries>> {
    let cut = query.cut(&actor)?;
    let wanted = query.wanted()?;
    let told = told(&desk, &wanted, way.by, query.period()?, &cut).await?;
    Ok(Json(told))
}

/// A series held against what is asked, with what people call its steps.
pub(crate) async fn told(
    desk: &Desk,
    wanted: &[Kpi],
    by: By,
    period: Period,
    cut: &Cut,
) -> Result<KpiSeries> {
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let targets = targets::in_force(conn, now.min(period.ends())).await?;
    let points = series(desk, wanted, by, period, cut).await?;
    let labels = labels(desk, by, &points).await?;
    let items = points.into_iter().map(|point| {
        let channel = match by {
            By::Channel => Some(point.key.as_str()),
            _ => cut.channel.as_deref(),
        };
        let held = |figure| KpiFigure::of(figure, &targets, channel);
        KpiPoint {
            label: labels.get(&point.key).cloned(),
            figures: point.figures.into_iter().map(held).collect(),
            key: point.key,
        }
    });
    Ok(KpiSeries {
        as_of: now,
        by,
        items: items.collect(),
    })
}

async fn labels(
    desk: &Desk,
    by: By,
    points: &[Point],
) -> Result<std::collections::HashMap<String, String>> {
    let conn = desk.app.db.read();
    Ok(match by {
        By::Day => std::collections::HashMap::new(),
        By::HalfHour => points
            .iter()
            .filter_map(|point| {
                let half: i32 = point.key.parse().ok()?;
                let at = format!("{:02}:{:02}", half / 2, half % 2 * 30);
                Some((point.key.clone(), at))
            })
            .collect(),
        By::Person => {
            let ids = points.iter().filter_map(|point| point.key.parse().ok());
            let known = colleagues(conn, ids).await?;
            known
                .into_iter()
                .map(|(id, person)| (id.to_string(), person.name))
                .collect()
        }
        By::Channel => channels::channel::names(conn).await?,
        By::Queue => floor::queue::store::names(conn).await?,
        By::Matter => tickets::matter_names(conn).await?,
    })
}

/// Which rows.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KpiRowsQuery {
    /// Of which indicator.
    pub kpi: Kpi,
    /// Only what counts above the line, or only what does not.
    pub counts: Option<bool>,
}

/// The rows behind a figure: what is below the line, and which of it counts above it. An agent sees his own.
#[utoipa::path(
    get, path = "/api/v1/kpi-rows", tag = "kpis", operation_id = "list_kpi_rows",
    params(KpiQuery, KpiRowsQuery, ListQuery),
    responses((status = 200, body = Page<KpiRow>), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn behind(
    actor: Actor<ViewKpis>,
    State(desk): State<Desk>,
    Query(query): Query<KpiQuery>,
    Query(rows_query): Query<KpiRowsQuery>,
    Query(list): Query<ListQuery>,
) -> Result<Json<Page<KpiRow>>> {
    let cut = query.cut(&actor)?;
    let period = query.period()?;
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let kpi = rows_query.kpi;
    let variants = variant::in_force(conn, now.min(period.ends())).await?;
    let chosen = variants.of(kpi);
    let matters = match &cut.matter {
        Some(code) => Some(tickets::matters_below(conn, code).await?),
        None => None,
    };
    let part = |above: Option<Condition>| match (above, rows_query.counts) {
        (Some(above), Some(true)) => Some(above),
        (Some(above), Some(false)) => Some(above.not()),
        _ => None,
    };
    if let Some(counted) = rows::contacts_of(kpi, chosen) {
        use contact::Column as C;
        let select = contact::Entity::find()
            .filter(gather::narrowed(period, &cut, matters.as_deref()))
            .filter(counted)
            .filter(Condition::all().add_option(part(rows::contacts_above(kpi, chosen))));
        let sortable = [
            ("at", C::OfferedAt),
            ("wait_ms", C::WaitMs),
            ("talk_ms", C::TalkMs),
        ];
        let page = paginate(conn, select, &newest(list), &sortable, C::Id).await?;
        let shown = page.shown(async |found| of_contacts(&desk, kpi, chosen, found).await);
        return Ok(Json(shown.await?));
    }
    let span = (period.begins(), period.ends());
    let today = Period::day(kernel::day::today(&desk.app)).begins();
    if let Some(counted) = rows::tickets_of(kpi, span, today) {
        use ticket::Column as C;
        if cut.queue.is_some() {
            return Err(invalid("queue", "kpi_not_along", "a ticket is of no queue"));
        }
        let select = ticket::Entity::find()
            .filter(gather::narrowed_tickets(period, &cut, matters.as_deref()))
            .filter(counted)
            .filter(Condition::all().add_option(part(rows::tickets_above(kpi))));
        let page = paginate(conn, select, &newest(list), &[("at", C::OpenedAt)], C::Id).await?;
        let shown = page.shown(async |found| of_tickets(&desk, kpi, found).await);
        return Ok(Json(shown.await?));
    }
    Err(invalid(
        "kpi",
        "kpi_without_rows",
        "this indicator is told by another page",
    )
    .with_way_out("GET /api/v1/kpis says where it comes from"))
}

fn newest(mut list: ListQuery) -> ListQuery {
    list.sort = list
        .sort
        .filter(|sort| !sort.is_empty())
        .or(Some("-at".to_owned()));
    list
}

async fn of_contacts(
    desk: &Desk,
    kpi: Kpi,
    chosen: Option<&str>,
    found: Vec<contact::Model>,
) -> Result<Vec<KpiRow>> {
    let conn = desk.app.db.read();
    let people = colleagues(conn, found.iter().filter_map(|row| row.agent_id)).await?;
    let names = tickets::matter_names(conn).await?;
    let shown = found.into_iter().map(|row| {
        let (counts, ms) = rows::of_contact(kpi, chosen, &row);
        KpiRow {
            id: row.id,
            kind: match row.medium.as_str() {
                "voice" => "call",
                "chat" => "conversation",
                _ => "contact",
            },
            at: row.offered_at,
            matter_name: row
                .matter
                .as_ref()
                .and_then(|code| names.get(code).cloned()),
            person: row.agent_id.and_then(|id| people.get(&id).cloned()),
            channel: row.channel,
            queue: row.queue,
            matter: row.matter,
            outcome: row.outcome,
            counts,
            ms,
            due_at: None,
        }
    });
    Ok(shown.collect())
}

async fn of_tickets(desk: &Desk, kpi: Kpi, found: Vec<ticket::Model>) -> Result<Vec<KpiRow>> {
    let conn = desk.app.db.read();
    let people = colleagues(conn, found.iter().map(|row| row.owner_id)).await?;
    let names = tickets::matter_names(conn).await?;
    let shown = found.into_iter().map(|row| KpiRow {
        id: row.id,
        kind: "ticket",
        at: row.opened_at,
        counts: rows::of_ticket(kpi, &row),
        matter_name: row
            .matter
            .as_ref()
            .and_then(|code| names.get(code).cloned()),
        person: people.get(&row.owner_id).cloned(),
        channel: row.platform,
        queue: None,
        matter: row.matter,
        outcome: Some(row.state),
        ms: None,
        due_at: row.due_at,
    });
    Ok(shown.collect())
}

/// Which days are to be counted again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KpiRecount {
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
}

/// Counts a period again from the rows; it runs behind the answer.
#[utoipa::path(
    post, path = "/api/v1/kpi-recounts", tag = "kpis", operation_id = "recount_kpis", request_body = KpiRecount,
    responses((status = 202), (status = 422, body = Problem)),
)]
async fn recount(
    actor: Actor<RecountKpis>,
    State(desk): State<Desk>,
    Json(asked): Json<KpiRecount>,
) -> Result<StatusCode> {
    let period = Period::new(asked.from, asked.to)?;
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let told = Wanted {
                from: period.from,
                to: period.to,
            };
            let payload = serde_json::to_value(&told).map_err(internal)?;
            let key = format!("{}..{}", period.from, period.to);
            let now = app.clock.now();
            app.jobs.enqueue(&tx, RECOUNT, payload, now).await?;
            let details = json!({ "from": period.from, "to": period.to });
            kernel::audit::record(&app, &*tx, &who, "kpis.recounted", "kpis", key, details).await
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}
