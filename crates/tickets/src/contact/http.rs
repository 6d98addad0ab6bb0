//! Contact records over HTTP.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::checked;
use kernel::{Actor, App, PersonName, Phone};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::answers::Answers;
use super::documents::{self, CallDocument};
use super::store::{self, Filter, row};
use super::{WrapUp, complete, events};
use crate::people;
use crate::ticket::store as tickets;
use crate::words::{ContactResult, RequestType};
use crate::{ViewContactRecords, WriteContactRecords, matter};

/// A contact record as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// The call.
    pub call_id: Uuid,
    /// `voice` or `chat`.
    pub medium: String,
    /// The channel it came by: `voice`, `web`, `wechat_oa`, `walk_in` …
    pub channel: String,
    /// Where it was taken: `shoujie`, or elsewhere: `freeswitch`, `import`, `form`.
    pub source: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// The queue's code.
    pub queue: Option<String>,
    /// Who took it, or is being rung; null when nobody is.
    pub agent: Option<Colleague>,
    /// Who called.
    pub requester_id: Uuid,
    /// The name the requester gave, masked.
    #[schema(value_type = Option<String>)]
    pub requester_name: Option<PersonName>,
    /// The number, masked; null when withheld.
    #[schema(value_type = Option<String>)]
    pub caller: Option<Phone>,
    /// When the contact began.
    pub at: DateTime<Utc>,
    /// When an agent took it.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the talk ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The call's outcome.
    pub outcome: Option<String>,
    /// How long the wrap-up took, in milliseconds.
    pub wrap_up_ms: Option<i64>,
    /// `draft`, `complete`, `owed` (待补录) or `missed` (漏接).
    pub state: String,
    /// 诉求类型
    pub request_type: Option<String>,
    /// Code of the matter.
    pub matter: Option<String>,
    /// Its name.
    pub matter_name: Option<String>,
    /// 处理结果
    pub result: Option<String>,
    /// 摘要
    pub summary: String,
    /// The approved answers that were given: `<article>@<version>`; none: it was answered freely (自由回答).
    pub articles: Vec<String>,
    /// The ticket the contact belongs to, or is to be attached to.
    pub ticket_id: Option<Uuid>,
    /// The ticket that was opened with the call; its number can be read out while one talks.
    pub ticket: Option<TicketRef>,
    /// Since when it is a debt.
    pub owed_since: Option<DateTime<Utc>>,
    /// It was written after its time had run out.
    pub late: bool,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// Who completed it: the agent, or the lead for him.
    pub completed_by: Option<Colleague>,
    /// Rises with each change of what is written.
    pub version: i64,
}

/// A ticket by its number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TicketRef {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ20261123-0001`
    pub number: String,
    /// `draft`, `open`, `closed` or `void`.
    pub state: String,
}

/// The views of these records, in their order.
pub(crate) async fn contact_views(
    conn: &impl ConnectionTrait,
    records: Vec<row::Model>,
) -> Result<Vec<ContactView>> {
    let ids = |of: fn(&row::Model) -> Option<Uuid>| -> Vec<Uuid> {
        records.iter().filter_map(of).collect()
    };
    let opened = tickets::of_calls(conn, ids(|record| Some(record.id))).await?;
    let mut agents = ids(|record| record.agent_id);
    agents.extend(ids(|record| record.completed_by));
    let people = organization::colleagues(conn, agents).await?;
    let who = requesters::find_many(conn, ids(|record| Some(record.requester_id))).await?;
    let names = matter::names(
        conn,
        records
            .iter()
            .filter_map(|record| record.matter_code.clone())
            .collect(),
    )
    .await?;
    let views = records.into_iter().map(|record| {
        let requester = who
            .iter()
            .find(|requester| requester.id == record.requester_id);
        let ticket = opened
            .iter()
            .find(|ticket| ticket.source_call_id == Some(record.id));
        ContactView {
            call_id: record.id,
            medium: record.medium,
            channel: record.channel,
            source: record.source,
            direction: record.direction,
            queue: record.queue,
            agent: people::one(&people, record.agent_id),
            requester_id: record.requester_id,
            requester_name: requester.and_then(|requester| requester.name.clone()),
            caller: requester.and_then(|requester| requester.phone.clone()),
            at: record.started_at,
            answered_at: record.answered_at,
            ended_at: record.ended_at,
            outcome: record.outcome,
            wrap_up_ms: record.wrap_up_ms,
            state: record.state,
            request_type: record.request_type,
            matter_name: record
                .matter_code
                .as_ref()
                .and_then(|code| names.get(code).cloned()),
            matter: record.matter_code,
            result: record.result,
            summary: record.summary,
            articles: serde_json::from_value(record.articles).unwrap_or_default(),
            ticket_id: record.ticket_id,
            ticket: ticket.map(|ticket| TicketRef {
                id: ticket.id,
                number: ticket.number.clone(),
                state: ticket.state.clone(),
            }),
            owed_since: record.owed_since,
            late: record.late,
            completed_at: record.completed_at,
            completed_by: people::one(&people, record.completed_by),
            version: record.version,
        }
    });
    Ok(views.collect())
}

async fn view(app: &App, record: row::Model) -> Result<Json<ContactView>> {
    let mut views = contact_views(app.db.read(), vec![record]).await?;
    views
        .pop()
        .map(Json)
        .ok_or_else(|| kernel::problem::not_found("contact record"))
}

/// Lists contact records, the newest first; `owed=true` lists the debts (待补录).
#[utoipa::path(
    get, path = "/api/v1/contact-records", tag = "tickets",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<ContactView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewContactRecords>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<ContactView>>> {
    let conn = app.db.read();
    let page = store::list(&app, conn, actor.scope(), actor.user_id(), &query, &filter).await?;
    let shown = page.shown(async |rows| contact_views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// The record of one call, with what was asked and reported in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactDetail {
    /// What lists show.
    #[serde(flatten)]
    pub contact: ContactView,
    /// 请示, 报告 and emergencies of the call, as far as the actor may see them.
    pub documents: Vec<CallDocument>,
}

/// The record of one call.
#[utoipa::path(
    get, path = "/api/v1/contact-records/{call_id}", tag = "tickets",
    params(("call_id" = Uuid, Path)),
    responses((status = 200, body = ContactDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewContactRecords>,
    State(app): State<App>,
    Path(call): Path<Uuid>,
) -> Result<Json<ContactDetail>> {
    let conn = app.db.read();
    let record = store::get(conn, actor.scope(), call).await?;
    let Json(contact) = view(&app, record).await?;
    let documents = documents::list(conn, actor.principal(), call).await?;
    Ok(Json(ContactDetail { contact, documents }))
}

/// Answers that one contact cites.
const MOST_ARTICLES: usize = 20;

/// What the agent writes about a contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrapUpRequest {
    /// 诉求类型
    #[serde(default)]
    request_type: Option<RequestType>,
    /// Code of a leaf of the matter tree.
    #[serde(default)]
    matter: Option<String>,
    /// 处理结果
    #[serde(default)]
    result: Option<ContactResult>,
    /// 摘要, at most 2,000 characters.
    #[serde(default)]
    summary: String,
    /// The approved answers that were given: `<article>@<version>`, at most 20.
    #[serde(default)]
    articles: Vec<String>,
    /// With `attached`: the requester's open ticket.
    #[serde(default)]
    ticket_id: Option<Uuid>,
    /// The version that was read; without it the last writer wins.
    #[serde(default)]
    version: Option<i64>,
}

impl WrapUpRequest {
    fn checked(self) -> Result<(Option<i64>, WrapUp)> {
        let wrap_up = WrapUp {
            request_type: self.request_type,
            matter: self.matter.filter(|code| !code.is_empty()),
            result: self.result,
            summary: checked("summary", &self.summary)?,
            articles: self.articles,
            ticket_id: self.ticket_id,
        };
        if wrap_up.articles.len() > MOST_ARTICLES {
            let detail = "one contact cites at most 20 answers";
            return Err(invalid("articles", "too_many_articles", detail));
        }
        Ok((self.version, wrap_up))
    }
}

/// A record that the actor writes must have heard that the call was taken.
async fn heard(app: &App, call: Uuid) -> Result<()> {
    events::caught_up(app, call).await?;
    Ok(())
}

/// Saves what is written so far.
#[utoipa::path(
    put, path = "/api/v1/contact-records/{call_id}", tag = "tickets",
    params(("call_id" = Uuid, Path)),
    request_body = WrapUpRequest,
    responses((status = 200, body = ContactView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn save(
    actor: Actor<WriteContactRecords>,
    State(app): State<App>,
    Path(call): Path<Uuid>,
    Json(request): Json<WrapUpRequest>,
) -> Result<Json<ContactView>> {
    let (version, wrap_up) = request.checked()?;
    heard(&app, call).await?;
    let scope = actor.scope().clone();
    let record = app
        .db
        .write(move |tx| async move { complete::save(&tx, &scope, (call, version), wrap_up).await })
        .await?;
    view(&app, record).await
}

/// The route that completes a record: it asks whether what is cited may be said.
pub(crate) fn completing(app: &App, answers: Arc<dyn Answers>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(finish))
        .layer(Extension(answers))
        .with_state(app.clone())
}

/// Completes the record: the wrap-up may end.
#[utoipa::path(
    post, path = "/api/v1/contact-records/{call_id}/complete", tag = "tickets",
    params(("call_id" = Uuid, Path)),
    request_body = WrapUpRequest,
    responses((status = 200, body = ContactView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn finish(
    actor: Actor<WriteContactRecords>,
    State(app): State<App>,
    Extension(answers): Extension<Arc<dyn Answers>>,
    Path(call): Path<Uuid>,
    Json(request): Json<WrapUpRequest>,
) -> Result<Json<ContactView>> {
    let (version, wrap_up) = request.checked()?;
    for reference in &wrap_up.articles {
        let cited = answers.cite(reference).await;
        cited.map_err(|problem| problem.with_field("articles"))?;
    }
    heard(&app, call).await?;
    let (db, done) = (app.db.clone(), app.clone());
    let record = db
        .write(move |tx| async move {
            Box::pin(complete::complete(
                &app,
                &tx,
                &actor.who(),
                actor.scope(),
                (call, version),
                wrap_up,
            ))
            .await
        })
        .await?;
    view(&done, record).await
}
