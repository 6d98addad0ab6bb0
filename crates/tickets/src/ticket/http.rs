//! Tickets over HTTP: what is seen, opened by hand and corrected. What is done to them stands in `verbs`.

use axum::extract::State;
use axum::http::StatusCode;
use calendar::ServiceClock;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App, PersonName, Phone, Principal};
use organization::Colleague;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::act::{self, Edit, Hand, Repeat, clock_row};
use super::clock::ClockChange;
use super::draft;
use super::history::{self, HistoryLine};
use super::life::{Case, State as Standing};
use super::repeat;
use super::store::{self, Filter, row};
use super::verbs::{self, Offered};
use super::viewer::Viewer;
use crate::contact::WrapUp;
use crate::cover::http::CoveredBy;
use crate::cover::{self, Away, Duty};
use crate::form;
use crate::people;
use crate::words::{ContactResult, Priority, RequestType};
use crate::{HandleTickets, ViewTickets, matter};

/// Who wants something, masked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RequesterRef {
    /// The requester.
    pub id: Uuid,
    /// The name given, masked.
    #[schema(value_type = Option<String>)]
    pub name: Option<PersonName>,
    /// The number, masked; null when withheld.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Phone>,
}

/// A ticket as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ20261123-0001`
    pub number: String,
    /// The platform that sent it; null for our own.
    pub platform: Option<String>,
    /// `draft`, `pending_sign`, `in_handling`, `suspended`, `pending_review`, `replied`, `closed` …
    pub state: String,
    /// Somebody owes something.
    pub open: bool,
    /// 诉求类型
    pub request_type: Option<String>,
    /// Code of the matter.
    pub matter: Option<String>,
    /// Its name.
    pub matter_name: Option<String>,
    /// The section of the purchaser that answers for the matter.
    pub section: Option<String>,
    /// `normal`, `urgent` or `critical`.
    pub priority: String,
    /// 标题
    pub title: String,
    /// 摘要
    pub summary: String,
    /// 事发地址; null when the viewer may not know the requester.
    pub incident_address: Option<String>,
    /// The answer; null until there is one.
    pub resolution: Option<String>,
    /// What the requester said when asked.
    pub satisfaction: Option<String>,
    /// Who wants something; null when the viewer may not know.
    pub requester: Option<RequesterRef>,
    /// Person and address are hidden from all but owner and purchaser.
    pub confidential: bool,
    /// 首接责任人: who first took the request; never changes. Null while nobody has signed it.
    pub first_owner_id: Option<Uuid>,
    /// Who that is.
    pub first_owner: Option<Colleague>,
    /// 当前责任人: who answers for it now.
    pub current_owner_id: Uuid,
    /// Who that is.
    pub owner: Option<Colleague>,
    /// Who stands in for the owner, who is not there; null while he is.
    pub covered_by: Option<CoveredBy>,
    /// Who is asked to take it.
    pub transfer_to: Option<Colleague>,
    /// `return` or `extension` while it waits for a decision.
    pub asked: Option<String>,
    /// The call it was opened with.
    pub source_call_id: Option<Uuid>,
    /// The mass incident it belongs to.
    pub incident_id: Option<Uuid>,
    /// When it was received.
    pub opened_at: DateTime<Utc>,
    /// When handling is due; null for a draft.
    pub due_at: Option<DateTime<Utc>>,
    /// Its limit is over while it runs.
    pub breached: bool,
    /// How much of the limit is used, in per cent, on the clock the limit is counted on; more than 100 after its
    /// end. Null while no clock runs.
    pub used_percent: Option<u32>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it came to its end.
    pub closed_at: Option<DateTime<Utc>>,
    /// Rises with each change; send it back with a change.
    pub version: i64,
}

/// A ticket with what only its own page shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketDetail {
    /// What lists show of it.
    #[serde(flatten)]
    pub ticket: TicketView,
    /// The fields of its request type.
    #[schema(value_type = Object)]
    pub form: serde_json::Value,
    /// The person complained about.
    pub complained_agent: Option<Colleague>,
    /// When the transfer falls back.
    pub transfer_until: Option<DateTime<Utc>>,
    /// When it must be signed.
    pub sign_due_at: Option<DateTime<Utc>>,
    /// Its clock stands still since.
    pub paused_at: Option<DateTime<Utc>>,
    /// How often it was pressed (催办).
    pub urged: u32,
    /// Supervised (督办) until.
    pub supervised_until: Option<DateTime<Utc>>,
    /// How often it was handled anew (重办).
    pub reopenings: u32,
    /// Revisits that reached nobody.
    pub attempts: u32,
    /// Its answer needs the purchaser's sign-off.
    pub sign_off: bool,
    /// What the viewer may do to it now.
    pub actions: Vec<Offered>,
}

/// What is known of the moment in which tickets are looked at.
pub(crate) struct Moment {
    now: DateTime<Utc>,
    service: ServiceClock,
    duty: Duty,
}

impl Moment {
    async fn of(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Self> {
        let service = act::service_clock(conn).await?;
        let duty = cover::store::duty(conn, now, &service).await?;
        Ok(Self { now, service, duty })
    }

    /// Who stands in for the owner of an open ticket now, and why.
    fn cover_of(&self, ticket: &row::Model) -> Option<(Uuid, Away)> {
        let open = ticket.open.then_some(ticket)?;
        self.duty
            .cover_of(open.current_owner_id, open.complained_agent_id)
    }
}

/// The views of these tickets, in their order.
pub(crate) async fn ticket_views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    viewer: &Viewer,
    tickets: Vec<row::Model>,
) -> Result<Vec<TicketView>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let moment = Moment::of(conn, now).await?;
    views(conn, &moment, viewer, tickets).await
}

async fn views(
    conn: &impl ConnectionTrait,
    moment: &Moment,
    viewer: &Viewer,
    tickets: Vec<row::Model>,
) -> Result<Vec<TicketView>> {
    let mut owners = Vec::new();
    for ticket in &tickets {
        owners.extend(ticket.first_owner_id);
        owners.push(ticket.current_owner_id);
        owners.extend(ticket.transfer_to);
        owners.extend(moment.cover_of(ticket).map(|(cover, _)| cover));
    }
    let people = organization::colleagues(conn, owners).await?;
    let who = requesters::find_many(
        conn,
        tickets.iter().map(|ticket| ticket.requester_id).collect(),
    )
    .await?;
    let names = matter::names(
        conn,
        tickets
            .iter()
            .filter_map(|ticket| ticket.matter_code.clone())
            .collect(),
    )
    .await?;
    let views = tickets.into_iter().map(|ticket| {
        let may_know = viewer.may_know_requester(&ticket);
        let requester = who
            .iter()
            .filter(|_| may_know)
            .find(|requester| requester.id == ticket.requester_id);
        let draft = ticket.state == Standing::Draft.as_str();
        let case = ticket.case()?;
        let cover = moment.cover_of(&ticket);
        Ok(TicketView {
            requester: requester.map(|requester| RequesterRef {
                id: requester.id,
                name: requester.name.clone(),
                phone: requester.phone.clone(),
            }),
            breached: ticket.runs_until.is_some_and(|until| until < moment.now),
            used_percent: case.used_percent(moment.now, &moment.service),
            asked: case.asked.map(|asked| asked.as_str().to_owned()),
            covered_by: cover.and_then(|(cover, reason)| {
                let person = people::one(&people, Some(cover))?;
                Some(CoveredBy { person, reason })
            }),
            due_at: (!draft).then_some(ticket.due_at),
            id: ticket.id,
            number: ticket.number,
            platform: Some(ticket.platform).filter(|code| !code.is_empty()),
            state: ticket.state,
            open: ticket.open,
            request_type: ticket.request_type,
            matter_name: ticket
                .matter_code
                .as_ref()
                .and_then(|code| names.get(code).cloned()),
            matter: ticket.matter_code,
            section: ticket.section,
            priority: ticket.priority,
            title: ticket.title,
            summary: ticket.summary,
            incident_address: ticket.incident_address.filter(|_| may_know),
            resolution: ticket.resolution,
            satisfaction: ticket.satisfaction,
            confidential: ticket.confidential,
            first_owner_id: ticket.first_owner_id,
            first_owner: people::one(&people, ticket.first_owner_id),
            current_owner_id: ticket.current_owner_id,
            owner: people::one(&people, Some(ticket.current_owner_id)),
            transfer_to: people::one(&people, ticket.transfer_to),
            source_call_id: ticket.source_call_id,
            incident_id: ticket.incident_id,
            opened_at: ticket.opened_at,
            updated_at: ticket.updated_at,
            closed_at: ticket.ended_at,
            version: ticket.version,
        })
    });
    views.collect()
}

/// One ticket as its page shows it to `principal`.
pub(crate) async fn detail(
    app: &App,
    principal: &Principal,
    viewer: &Viewer,
    ticket: row::Model,
) -> Result<Json<TicketDetail>> {
    let conn = app.db.read();
    let moment = Moment::of(conn, app.clock.now()).await?;
    let (case, rules) = (ticket.case()?, ticket.its_rules()?);
    let cover = moment.cover_of(&ticket).map(|(cover, _)| cover);
    let covers = cover == Some(principal.user_id);
    let (now, service) = (moment.now, &moment.service);
    let actions = verbs::offered(now, principal, &case, &rules, service, covers);
    let complained = organization::colleagues(conn, ticket.complained_agent_id).await?;
    let (form, complained_agent_id) = (ticket.form.clone(), ticket.complained_agent_id);
    let ticket = views(conn, &moment, viewer, vec![ticket])
        .await?
        .pop()
        .ok_or_else(|| not_found("ticket"))?;
    Ok(Json(TicketDetail {
        ticket,
        form,
        complained_agent: people::one(&complained, complained_agent_id),
        transfer_until: case.transfer.map(|transfer| transfer.until),
        sign_due_at: case.sign_due_at,
        paused_at: case.clock.and_then(|clock| clock.paused_at),
        urged: case.urged,
        supervised_until: case.supervised_until,
        reopenings: case.reopenings,
        attempts: case.attempts,
        sign_off: rules.sign_off,
        actions,
    }))
}

/// Lists tickets, the newest first. `q` is the beginning of a ticket number, a platform's number, a telephone
/// number or its last four digits (`*1234`), a requester's name, or words of title and summary.
#[utoipa::path(
    get, path = "/api/v1/tickets", tag = "tickets",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<TicketView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<TicketView>>> {
    let conn = app.db.read();
    let viewer = Viewer::of(&app, &actor).await?;
    let page = store::list(&app, conn, &viewer, &query, &filter).await?;
    let shown = page.shown(async |rows| ticket_views(conn, app.clock.now(), &viewer, rows).await);
    Ok(Json(shown.await?))
}

/// One ticket, with what may be done to it now.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TicketDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<TicketDetail>> {
    let viewer = Viewer::of(&app, &actor).await?;
    let ticket = store::get(app.db.read(), &viewer, id).await?;
    detail(&app, actor.principal(), &viewer, ticket).await
}

/// The history of a ticket, the newest line first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/history", tag = "tickets",
    params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, body = Page<HistoryLine>), (status = 404, body = Problem)),
)]
pub(crate) async fn show_history(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<HistoryLine>>> {
    let conn = app.db.read();
    let viewer = Viewer::of(&app, &actor).await?;
    let ticket = store::get(conn, &viewer, id).await?;
    Ok(Json(history::list(conn, &viewer, &ticket, &query).await?))
}

/// One change of a ticket's clock.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockLine {
    /// When it was changed.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// What: `started`, `paused`, `resumed` or `extended`, with its rule or length.
    #[schema(value_type = Object)]
    pub change: ClockChange,
    /// Due before the change.
    pub due_before: Option<DateTime<Utc>>,
    /// Due after it.
    pub due_after: DateTime<Utc>,
}

/// The changes of a ticket's clock, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockLines {
    /// The changes.
    pub items: Vec<ClockLine>,
}

/// How a ticket's due time came about.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/clock", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ClockLines), (status = 404, body = Problem)),
)]
pub(crate) async fn show_clock(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ClockLines>> {
    let conn = app.db.read();
    let ticket = store::get(conn, &Viewer::of(&app, &actor).await?, id).await?;
    // A life allows a handful of changes: a bounded list.
    let rows = clock_row::Entity::find()
        .filter(clock_row::Column::TicketId.eq(ticket.id))
        .order_by_asc(clock_row::Column::Version)
        .order_by_asc(clock_row::Column::Id)
        .all(conn)
        .await?;
    let items = rows.into_iter().map(|line| {
        Ok(ClockLine {
            at: line.at,
            who_id: line.who_id,
            change: serde_json::from_value(line.change).map_err(internal)?,
            due_before: line.due_before,
            due_after: line.due_after,
        })
    });
    Ok(Json(ClockLines {
        items: items.collect::<Result<_>>()?,
    }))
}

/// A request that came without a call: a visit, a letter, a colleague's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTicket {
    /// The requester's number; without one a requester of no number is made.
    phone: Option<String>,
    /// The requester, where he is known already: he wrote. A number beside it is kept as one he gave.
    requester_id: Option<Uuid>,
    /// 诉求类型
    request_type: RequestType,
    /// Code of a leaf of the matter tree.
    matter: String,
    /// 摘要, 1 to 2,000 characters.
    summary: String,
    /// 标题, up to 300 characters; the beginning of the summary when left out.
    title: Option<String>,
    /// 事发地址, up to 200 characters.
    incident_address: Option<String>,
    /// 紧急程度
    #[serde(default = "normal")]
    priority: Priority,
    /// The fields of the request type.
    #[schema(value_type = Option<Object>)]
    form: Option<serde_json::Value>,
    /// Person and address are hidden from all but owner and purchaser.
    #[serde(default)]
    confidential: bool,
    /// It is another request, although one of the same requester about the same matter is open.
    #[serde(default)]
    anyway: bool,
}

fn normal() -> Priority {
    Priority::Normal
}

/// Opens a ticket; who opens it is its first owner. Where one of the same requester about the same matter is open,
/// this is a repeat contact on it: 409 `open_ticket_exists` names it, unless `anyway` is true.
#[utoipa::path(
    post, path = "/api/v1/tickets", tag = "tickets",
    request_body = NewTicket,
    responses((status = 201, body = TicketDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn open(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Json(new): Json<NewTicket>,
) -> Result<(StatusCode, Json<TicketDetail>)> {
    let summary = needed("summary", &new.summary)?;
    let title = title_of(new.title.as_deref())?;
    let address = address_of(new.incident_address.as_deref())?;
    let form = form::checked_form(new.request_type, new.form)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (agent, viewer) = (actor.user_id(), Viewer::of(&app, &actor).await?);
    let looks = viewer.clone();
    let ticket = db
        .write(move |tx| async move {
            let hand = Hand::of(&app, &tx, &who).await?;
            let requester = match (new.requester_id, new.phone) {
                (Some(id), phone) => {
                    let known = requesters::find(&*tx, id).await?;
                    let known = known.ok_or_else(|| not_found("requester"))?;
                    // The number he gave to be called back on; it proves nothing.
                    if let Some(number) = phone {
                        requesters::note_claimed_number(&app, &*tx, id, &number).await?;
                    }
                    known
                }
                (None, phone) => {
                    let number = phone.unwrap_or_default();
                    requesters::find_or_create_by_number(&app, &*tx, &number).await?
                }
            };
            let alike = repeat::open_alike(&*tx, requester.id, &new.matter).await?;
            if let Some(open) = alike.as_ref().filter(|_| !new.anyway) {
                repeat::refuse_second(&*tx, &looks, open).await?;
            }
            let now = app.clock.now();
            let blank = draft::blank(&app, &*tx, requester.id, agent, now).await?;
            let draft = hand
                .begin(
                    row::Model {
                        priority: new.priority.as_str().to_owned(),
                        incident_address: address.and_then(act::some_text),
                        confidential: new.confidential,
                        form,
                        ..blank
                    },
                    &Case::draft(agent),
                    None,
                )
                .await?;
            let wrap_up = WrapUp {
                request_type: Some(new.request_type),
                matter: Some(new.matter),
                result: Some(ContactResult::FollowUp),
                summary,
                articles: Vec::new(),
                ticket_id: None,
            };
            let opened = Box::pin(hand.open(draft, &wrap_up)).await?;
            if let Some(open) = &alike {
                act::attach(&hand, open, Repeat::Said(&opened.number)).await?;
            }
            match title {
                Some(title) => {
                    let edit = Edit {
                        title: Some(title),
                        ..Edit::default()
                    };
                    Box::pin(hand.edit(opened, edit)).await
                }
                None => Ok(opened),
            }
        })
        .await?;
    let shown = detail(&done, actor.principal(), &viewer, ticket).await?;
    Ok((StatusCode::CREATED, shown))
}

/// What is to be corrected; a field left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditRequest {
    /// The version that was read.
    version: i64,
    /// 诉求类型
    request_type: Option<RequestType>,
    /// Code of a leaf of the matter tree.
    matter: Option<String>,
    /// 紧急程度
    priority: Option<Priority>,
    /// 标题, up to 300 characters.
    title: Option<String>,
    /// 摘要, 1 to 2,000 characters.
    summary: Option<String>,
    /// 事发地址, up to 200 characters; an empty one takes it away.
    incident_address: Option<String>,
    /// The fields of the request type.
    #[schema(value_type = Option<Object>)]
    form: Option<serde_json::Value>,
    /// Person and address are hidden from all but owner and purchaser.
    confidential: Option<bool>,
    /// The agent complained about: he can no longer see it, and where he owns it the lead does.
    complained_agent: Option<Uuid>,
}

/// Corrects what a ticket says. Another request type or priority may bring other limits.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = EditRequest,
    responses((status = 200, body = TicketDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn edit(
    actor: Actor<HandleTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<EditRequest>,
) -> Result<Json<TicketDetail>> {
    let summary = request
        .summary
        .as_deref()
        .map(|summary| needed("summary", summary))
        .transpose()?;
    let title = title_of(request.title.as_deref())?;
    let incident_address = address_of(request.incident_address.as_deref())?;
    let viewer = Viewer::of(&app, &actor).await?;
    let (db, done, who, looks) = (app.db.clone(), app.clone(), actor.who(), viewer.clone());
    let ticket = db
        .write(move |tx| async move {
            let before = act::owned_as_read(&*tx, &looks, id, request.version).await?;
            if incident_address.is_some() && !looks.may_know_requester(&before) {
                let detail =
                    "who may not see the address of a confidential ticket does not change it";
                return Err(refused("address_hidden", detail).with_field("incident_address"));
            }
            let request_type = request
                .request_type
                .or_else(|| RequestType::parse(before.request_type.as_deref()?));
            let form = match (request.form, request_type) {
                (Some(form), Some(word)) => Some(form::checked_form(word, Some(form))?),
                _ => None,
            };
            if let Some(agent) = request.complained_agent {
                act::must_be_agent(&*tx, agent).await?;
            }
            let hand = Hand::of(&app, &tx, &who).await?;
            let edit = Edit {
                request_type: request.request_type,
                matter: request.matter,
                priority: request.priority,
                title,
                summary,
                incident_address,
                form,
                confidential: request.confidential,
                complained_agent: request.complained_agent,
            };
            Box::pin(hand.edit(before, edit)).await
        })
        .await?;
    detail(&done, actor.principal(), &viewer, ticket).await
}

fn title_of(title: Option<&str>) -> Result<Option<String>> {
    const LONGEST: usize = 300;
    Ok(at_most("title", LONGEST, title)?.and_then(act::some_text))
}

fn address_of(address: Option<&str>) -> Result<Option<String>> {
    at_most("incident_address", act::LONGEST_ADDRESS, address)
}

fn at_most(field: &'static str, longest: usize, text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let text = checked(field, text)?;
    if text.chars().count() > longest {
        let detail = format!("{field} has at most {longest} characters");
        return Err(invalid(field, "text_too_long", detail));
    }
    Ok(Some(text))
}
