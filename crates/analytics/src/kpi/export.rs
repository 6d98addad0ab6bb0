//! Figures as a file: the same numbers as on the screen, each with what is above and below its line.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use documents::{Page, Written, write_book};
use kernel::Actor;
use kernel::http::Query;
use kernel::problem::{Problem, Result, internal};
use organization::{ExportPass, Leaving, Trace};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::http::{KpiFigure, KpiPoint, KpiQuery, counted, told};
use super::{By, Standing, Unit};
use crate::Desk;
use crate::rights::ExportKpis;

/// The routes of the files.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(export))
        .with_state(desk.clone())
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KpiFileForm {
    /// A workbook.
    Xlsx,
    /// Text with commas, UTF-8 with a mark for Excel.
    Csv,
}

/// How the figures are told.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KpiFileQuery {
    /// Along what; in one line each when left out.
    pub by: Option<By>,
    /// `xlsx` unless told.
    #[param(inline)]
    pub form: Option<KpiFileForm>,
}

const HEADING: [&str; 10] = [
    "编号", "指标", "维度", "数值", "分子", "分母", "目标", "达标", "口径", "公式",
];

/// Figures of a period as a file, with the formula of each; the screen shows the same numbers.
#[utoipa::path(
    get, path = "/api/v1/kpi-figures/export", tag = "kpis", operation_id = "export_kpi_figures",
    params(KpiQuery, KpiFileQuery, ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
async fn export(
    actor: Actor<ExportKpis>,
    leaving: Leaving,
    State(desk): State<Desk>,
    Query(query): Query<KpiQuery>,
    Query(file): Query<KpiFileQuery>,
) -> Result<Response> {
    let cut = query.cut(&actor)?;
    let (wanted, period) = (query.wanted()?, query.period()?);
    let points = match file.by {
        Some(by) => told(&desk, &wanted, by, period, &cut).await?.items,
        None => vec![KpiPoint {
            key: String::new(),
            label: None,
            figures: counted(&desk, &wanted, period, &cut).await?.items,
        }],
    };
    let rows: Vec<Vec<Written>> = points
        .iter()
        .flat_map(|point| point.figures.iter().map(|figure| line(point, figure)))
        .collect();
    let pass = leaving.pass(&desk.app, rows.len() as u64).await?;
    let name = format!("kpi-{}-{}", period.from, period.to);
    let (bytes, kind, name) = match file.form.unwrap_or(KpiFileForm::Xlsx) {
        KpiFileForm::Xlsx => {
            let page = Page {
                name: "运营指标".to_owned(),
                heading: HEADING.iter().map(|word| (*word).to_owned()).collect(),
                rows,
            };
            let bytes = write_book(&[page], Some(&pass.line())).map_err(internal)?;
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            (bytes, kind, format!("{name}.xlsx"))
        }
        KpiFileForm::Csv => (
            text(&rows, &pass.line()).into_bytes(),
            "text/csv; charset=utf-8",
            format!("{name}.csv"),
        ),
    };
    let trace = Trace {
        action: "kpis.exported",
        subject_kind: "kpis",
        subject: format!("{}..{}", period.from, period.to),
        details: json!({ "kpis": wanted, "by": file.by, "cut": cut }),
    };
    pass.taken(&desk.app, &bytes, trace).await?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn line(point: &KpiPoint, held: &KpiFigure) -> Vec<Written> {
    let figure = &held.figure;
    let definition = figure.kpi.definition();
    let step = point.label.clone().unwrap_or_else(|| point.key.clone());
    let standing = match held.standing {
        Standing::Met => "达标",
        Standing::Missed => "未达标",
        Standing::Watched => "观察",
        Standing::NoData => "无数据",
    };
    let shown =
        |value: Option<i64>| value.map_or_else(String::new, |value| plain(definition.unit, value));
    let words = |text: String| Written::Text(text);
    // A sum of milliseconds is told as the value is.
    let above = match definition.unit {
        Unit::Milliseconds => words(plain(definition.unit, figure.numerator)),
        _ => Written::Count(figure.numerator),
    };
    vec![
        words(figure.kpi.number()),
        words(definition.zh.to_owned()),
        words(step),
        words(shown(figure.value)),
        above,
        Written::Count(figure.denominator),
        words(shown(held.target)),
        words(standing.to_owned()),
        words(figure.variant.clone().unwrap_or_default()),
        words(definition.formula_zh.to_owned()),
    ]
}

/// A value as people read it: `95.24%`, `12.345 秒`, `3`.
pub(crate) fn plain(unit: Unit, value: i64) -> String {
    match unit {
        Unit::BasisPoints => format!("{}.{:02}%", value / 100, value % 100),
        Unit::Milliseconds => format!("{}.{:03} 秒", value / 1_000, value % 1_000),
        Unit::Hundredths => format!("{}.{:02}", value / 100, value % 100),
        Unit::Count => value.to_string(),
    }
}

fn text(rows: &[Vec<Written>], mark: &str) -> String {
    let mut text = String::from('\u{feff}');
    text.push_str(&documents::csv_line(HEADING));
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| match cell {
                Written::Text(text) => text.clone(),
                Written::Missing => String::new(),
                Written::Count(count)
                | Written::Money(count)
                | Written::HalfDays(count)
                | Written::Thousandths(count, _) => count.to_string(),
            })
            .collect();
        text.push_str(&documents::csv_line(cells.iter().map(String::as_str)));
    }
    text.push_str(&documents::csv_line([mark]));
    text
}
