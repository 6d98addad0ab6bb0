//! A list in figures, and as a table to take out.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use kernel::clock::SHANGHAI;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal};
use kernel::{Actor, PersonName, Phone};
use organization::{ExportPass, Leaving, Trace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::State as Standing;
use super::form::{Question, QuestionKind};
use super::store::{self, attempt, item_row};
use crate::outbound::{ManageFollowUps, Outbound, ViewFollowUps};

pub(super) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(chart))
        .routes(routes!(export))
        .with_state(outbound.clone())
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bar {
    /// What is counted: a state, an option, a score.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// The answers to one question.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionChart {
    /// The question.
    pub question: Question,
    /// Who answered it.
    pub answered: usize,
    /// How many chose what; empty for a question that is answered by a text.
    pub bars: Vec<Bar>,
    /// The average score in hundredths; null without one.
    pub average_hundredths: Option<u64>,
}

/// A list in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpChart {
    /// Items by state, in the order of the states.
    pub states: Vec<Bar>,
    /// Calls altogether.
    pub attempts: usize,
    /// The answers of those who were reached.
    pub questions: Vec<QuestionChart>,
}

/// All items of a list; a list has at most 5,000.
async fn all_of(conn: &impl ConnectionTrait, list: Uuid) -> Result<Vec<item_row::Model>> {
    Ok(item_row::Entity::find()
        .filter(item_row::Column::ListId.eq(list))
        .order_by_asc(item_row::Column::Seq)
        .all(conn)
        .await?)
}

fn asked(question: Question, items: &[item_row::Model]) -> QuestionChart {
    let answers: Vec<&Value> = items
        .iter()
        .filter_map(|item| item.answers.as_ref()?.get(&question.code))
        .collect();
    let names: Vec<String> = match question.kind {
        QuestionKind::Choice => question.options.clone(),
        QuestionKind::Score => (1..=question.most.unwrap_or_default())
            .map(|score| score.to_string())
            .collect(),
        QuestionKind::Text => Vec::new(),
    };
    let said = |answer: &Value| match answer {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let bars = names.into_iter().map(|name| Bar {
        count: answers.iter().filter(|answer| said(answer) == name).count(),
        name,
    });
    let bars = bars.collect();
    let scores: Vec<u64> = answers
        .iter()
        .filter_map(|answer| answer.as_u64())
        .collect();
    let sum: u64 = scores.iter().sum();
    QuestionChart {
        answered: answers.len(),
        bars,
        average_hundredths: (sum * 100).checked_div(scores.len() as u64),
        question,
    }
}

/// A list in figures: its progress, and what was answered.
#[utoipa::path(
    get, path = "/api/v1/follow-up-lists/{id}/chart", tag = "follow-ups", operation_id = "follow_up_chart",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = FollowUpChart), (status = 404, body = Problem)),
)]
pub(crate) async fn chart(
    actor: Actor<ViewFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Json<FollowUpChart>> {
    let conn = outbound.app().db.read();
    let list = store::get(conn, actor.scope(), id).await?;
    let items = all_of(conn, id).await?;
    let states = Standing::ALL.iter().map(|state| Bar {
        name: state.as_str().to_owned(),
        count: items
            .iter()
            .filter(|item| item.state == state.as_str())
            .count(),
    });
    let attempts: i32 = items.iter().map(|item| item.attempts).sum();
    let questions = list.form()?.into_iter();
    Ok(Json(FollowUpChart {
        states: states.collect(),
        attempts: usize::try_from(attempts).unwrap_or_default(),
        questions: questions.map(|question| asked(question, &items)).collect(),
    }))
}

fn state_name(code: &str) -> &'static str {
    match Standing::parse(code) {
        Some(Standing::Waiting) => "待呼叫",
        Some(Standing::Calling) => "待登记结果",
        Some(Standing::Reached) => "已访",
        Some(Standing::Refused) => "拒访",
        Some(Standing::WrongNumber) => "号码有误",
        Some(Standing::Unreached) => "未能接通",
        None => "",
    }
}

/// The table of a list, numbers and names masked; taking it out is audited.
#[utoipa::path(
    get, path = "/api/v1/follow-up-lists/{id}/export", tag = "follow-ups", operation_id = "export_follow_up_list",
    params(("id" = Uuid, Path), ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, body = Problem), (status = 409, body = Problem),
    ),
)]
pub(crate) async fn export(
    actor: Actor<ManageFollowUps>,
    leaving: Leaving,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let app = outbound.app().clone();
    let conn = app.db.read();
    let list = store::get(conn, actor.scope(), id).await?;
    let form = list.form()?;
    let items = all_of(conn, id).await?;
    let pass = leaving.pass(&app, items.len() as u64).await?;
    let who = items.iter().filter_map(|item| item.owner_id);
    let people = organization::colleagues(conn, who.collect::<Vec<_>>()).await?;
    let mut told: BTreeMap<Uuid, Vec<attempt::Model>> = BTreeMap::new();
    let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
    for some in ids.chunks(500) {
        let rows = attempt::Entity::find()
            .filter(attempt::Column::ItemId.is_in(some.iter().copied()))
            .order_by_asc(attempt::Column::At)
            .all(conn)
            .await?;
        for row in rows {
            told.entry(row.item_id).or_default().push(row);
        }
    }
    let mut heading: Vec<String> = [
        "序号",
        "号码",
        "姓名",
        "备注",
        "负责座席",
        "状态",
        "呼叫次数",
        "各次结果",
    ]
    .map(str::to_owned)
    .to_vec();
    heading.extend(form.iter().map(|question| question.text.clone()));
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| {
            let calls = told.get(&item.id).into_iter().flatten();
            let calls: Vec<String> = calls
                .map(|call| {
                    let at = call.at.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M");
                    let outcome = call.outcome.as_deref().map_or("", outcome_name);
                    let note = call.note.as_deref().unwrap_or_default();
                    format!("{at} {outcome} {note}").trim_end().to_owned()
                })
                .collect();
            let owner = item.owner_id.and_then(|id| people.get(&id));
            let mut cells = vec![
                item.seq.to_string(),
                Phone::new(&*item.number).masked(),
                item.name
                    .as_deref()
                    .map_or(String::new(), |name| PersonName::new(name).masked()),
                item.note.clone().unwrap_or_default(),
                owner.map_or(String::new(), |owner| owner.name.clone()),
                state_name(&item.state).to_owned(),
                item.attempts.to_string(),
                calls.join("；"),
            ];
            cells.extend(form.iter().map(|question| {
                let answer = item
                    .answers
                    .as_ref()
                    .and_then(|all| all.get(&question.code));
                match answer {
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => String::new(),
                }
            }));
            cells
        })
        .collect();
    let mark = pass.line();
    let write = move || {
        let heading = heading.iter().map(String::as_str);
        documents::write_marked("回访", heading, rows, Some(&mark))
    };
    let bytes = tokio::task::spawn_blocking(write)
        .await
        .map_err(internal)?
        .map_err(internal)?;
    let trace = Trace {
        action: "follow_up.exported",
        subject_kind: "follow_up_list",
        subject: id.to_string(),
        details: json!({}),
    };
    pass.taken(&app, &bytes, trace).await?;
    let mut headers = HeaderMap::new();
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = HeaderValue::from_static("attachment; filename=\"follow-ups.xlsx\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, bytes).into_response())
}

fn outcome_name(code: &str) -> &'static str {
    use super::AttemptOutcome as Told;
    match Told::parse(code) {
        Some(Told::Reached) => "接通",
        Some(Told::Busy) => "占线",
        Some(Told::NoAnswer) => "无人接听",
        Some(Told::WrongNumber) => "号码有误",
        Some(Told::Refused) => "拒访",
        None => "",
    }
}
