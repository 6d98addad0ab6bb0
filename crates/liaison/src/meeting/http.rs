//! Meetings over HTTP.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::numbers;
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, must_be_name, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal, Side, Tx};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, New, action_row, row};
use super::{Action, MeetingActionState, MeetingState};
use crate::letter::paper::texts;
use crate::rights::{RecordMeetings, ViewLiaisonTodo, ViewMeetings};
use crate::side;
use crate::trail::{self, TrailLine};
use kernel::day;

/// People, paragraphs and things to be done of one meeting, at most.
const MOST: usize = 60;

/// The routes of meetings.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, record))
        .routes(routes!(show, edit))
        .routes(routes!(confirm))
        .routes(routes!(assign))
        .routes(routes!(finish))
        .with_state(app.clone())
}

/// A meeting as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingView {
    /// Identifies it.
    pub id: Uuid,
    /// `HY-20261126-001`
    pub number: String,
    /// What it was about.
    pub title: String,
    /// When.
    pub held_on: NaiveDate,
    /// Where.
    pub place: String,
    /// Who wrote the minutes.
    pub side: Side,
    /// `recorded` or `confirmed`.
    pub state: String,
    /// When the other side confirmed them.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// Something that is to be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingActionView {
    /// Identifies it.
    pub id: Uuid,
    /// The meeting it was agreed at.
    pub meeting_id: Uuid,
    /// What.
    pub what: String,
    /// By whom.
    pub owner: Option<Colleague>,
    /// Until when.
    pub due_on: NaiveDate,
    /// It was late.
    pub overdue: bool,
    /// `open`, `done` or `cancelled`.
    pub state: String,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub done_note: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

/// A meeting as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingDetail {
    /// What lists show.
    #[serde(flatten)]
    pub meeting: MeetingView,
    /// Who of both sides was there.
    pub attendees: Vec<Colleague>,
    /// Who else.
    pub guests: Option<String>,
    /// The minutes, by paragraphs.
    pub minutes: Vec<String>,
    /// Who wrote them.
    pub recorded_by: Option<Colleague>,
    /// Who confirmed them.
    pub confirmed_by: Option<Colleague>,
    /// What is to be done.
    pub actions_agreed: Vec<MeetingActionView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(row: &row::Model) -> Result<MeetingView> {
    Ok(MeetingView {
        id: row.id,
        number: row.number.clone(),
        title: row.title.clone(),
        held_on: day::read(&row.held_on)?,
        place: row.place.clone(),
        side: side::read(&row.side),
        state: row.state.clone(),
        confirmed_at: row.confirmed_at,
        version: row.version,
    })
}

pub(crate) fn action_view(
    row: action_row::Model,
    people: &HashMap<Uuid, Colleague>,
) -> Result<MeetingActionView> {
    Ok(MeetingActionView {
        owner: people.get(&row.owner_id).cloned(),
        due_on: day::read(&row.due_on)?,
        id: row.id,
        meeting_id: row.meeting_id,
        what: row.what,
        overdue: row.overdue,
        state: row.state,
        done_at: row.done_at,
        done_note: row.done_note,
        version: row.version,
    })
}

async fn detail(app: &App, of: &Principal, row: row::Model) -> Result<Json<MeetingDetail>> {
    let conn = app.db.read();
    let agreed = store::actions_of(conn, row.id).await?;
    let there: Vec<Uuid> = serde_json::from_value(row.attendees.clone()).map_err(internal)?;
    let mut ids = there.clone();
    ids.extend(agreed.iter().map(|action| action.owner_id));
    ids.extend(row.recorded_by);
    ids.extend(row.confirmed_by);
    let people = organization::colleagues(conn, ids).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let mut actions = Vec::new();
    if of.may::<RecordMeetings>() {
        let own = side::of(of) == side::read(&row.side);
        if row.state == MeetingState::Recorded.as_str() {
            actions.push(if own { "edit" } else { "confirm" });
        }
        actions.push("assign");
    }
    let agreed = agreed
        .into_iter()
        .map(|action| action_view(action, &people));
    Ok(Json(MeetingDetail {
        meeting: view(&row)?,
        attendees: there
            .iter()
            .filter_map(|id| people.get(id).cloned())
            .collect(),
        minutes: texts(&row.minutes)?,
        recorded_by: person(row.recorded_by),
        confirmed_by: person(row.confirmed_by),
        actions_agreed: agreed.collect::<Result<_>>()?,
        actions,
        lines: trail::lines(conn, row.id, side::of(of)).await?,
        guests: row.guests,
    }))
}

/// Lists meetings, the newest first.
#[utoipa::path(
    get, path = "/api/v1/meetings", tag = "liaison", operation_id = "list_meetings",
    params(ListQuery), responses((status = 200, body = Page<MeetingView>)),
)]
async fn list(
    _actor: Actor<ViewMeetings>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<MeetingView>>> {
    let page = store::list(app.db.read(), &query).await?;
    let shown = page.shown(async |rows| rows.iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One meeting with its minutes and what is to be done.
#[utoipa::path(
    get, path = "/api/v1/meetings/{id}", tag = "liaison", operation_id = "get_meeting", params(("id" = Uuid, Path)),
    responses((status = 200, body = MeetingDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewMeetings>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<MeetingDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// Something that is to be done.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMeetingAction {
    /// What.
    what: String,
    /// By whom; of either side.
    owner_id: Uuid,
    /// Until when.
    due_on: NaiveDate,
}

/// A meeting that was held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMeeting {
    /// What it was about.
    title: String,
    /// When.
    held_on: NaiveDate,
    /// Where.
    place: String,
    /// Who of both sides was there.
    attendees: Vec<Uuid>,
    /// Who else.
    guests: Option<String>,
    /// The minutes, by paragraphs.
    minutes: Vec<String>,
    /// What is to be done, by whom and until when.
    #[serde(default)]
    actions: Vec<NewMeetingAction>,
}

fn minutes_of(minutes: &[String]) -> Result<Vec<String>> {
    if minutes.is_empty() || minutes.len() > MOST {
        return Err(invalid("minutes", "minutes_size", "1 to 60 paragraphs"));
    }
    minutes.iter().map(|text| needed("minutes", text)).collect()
}

async fn given(
    app: &App,
    tx: &Tx,
    who: &Who,
    meeting: &row::Model,
    new: NewMeetingAction,
) -> Result<()> {
    let held_on = day::read(&meeting.held_on)?;
    day::plausible("due_on", new.due_on, day::today(app))?;
    if new.due_on < held_on {
        let detail = "what is agreed at a meeting is done after it";
        return Err(invalid("due_on", "date_in_past", detail));
    }
    if organization::colleagues::side_of(&**tx, new.owner_id)
        .await?
        .is_none()
    {
        return Err(invalid(
            "owner_id",
            "user_unknown",
            "nobody has this account",
        ));
    }
    let new = New {
        what: needed("what", &new.what)?,
        owner_id: new.owner_id,
        due_on: new.due_on,
    };
    store::assign(app, tx, who, meeting, new).await?;
    Ok(())
}

/// Records a meeting with its minutes and what is to be done; the other side confirms the minutes.
#[utoipa::path(
    post, path = "/api/v1/meetings", tag = "liaison", operation_id = "record_meeting", request_body = NewMeeting,
    responses((status = 201, body = MeetingDetail), (status = 422, body = Problem)),
)]
async fn record(
    actor: Actor<RecordMeetings>,
    State(app): State<App>,
    Json(new): Json<NewMeeting>,
) -> Result<(StatusCode, Json<MeetingDetail>)> {
    day::past("held_on", new.held_on, day::today(&app))?;
    must_be_name("place", &new.place)?;
    let title = needed("title", &new.title)?;
    let minutes = minutes_of(&new.minutes)?;
    let guests = checked("guests", new.guests.as_deref().unwrap_or_default())?;
    if new.attendees.is_empty() || new.attendees.len() > MOST || new.actions.len() > MOST {
        let detail = "1 to 60 people and at most 60 things to be done";
        return Err(invalid("attendees", "meeting_size", detail));
    }
    let of = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let known = organization::colleagues(&*tx, new.attendees.iter().copied()).await?;
            if new.attendees.iter().any(|id| !known.contains_key(id)) {
                let detail = "somebody of them has no account";
                return Err(invalid("attendees", "user_unknown", detail));
            }
            let now = app.clock.now();
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "HY-", now).await?,
                title,
                held_on: day::text(new.held_on),
                place: new.place,
                attendees: json!(new.attendees),
                guests: Some(guests).filter(|guests| !guests.is_empty()),
                minutes: json!(minutes),
                recorded_by: who.user_id,
                side: side::text(of).to_owned(),
                confirmed_by: None,
                confirmed_at: None,
                state: MeetingState::Recorded.as_str().to_owned(),
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            store::tell(&app, &tx, &who, &row, "recorded").await?;
            for action in new.actions {
                given(&app, &tx, &who, &row, action).await?;
            }
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// The minutes, all of them, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MinutesEdit {
    /// The version that was read.
    version: i64,
    /// The minutes, by paragraphs.
    minutes: Vec<String>,
}

/// Writes on the minutes of one's own side until the other confirms them.
#[utoipa::path(
    put, path = "/api/v1/meetings/{id}", tag = "liaison", operation_id = "edit_minutes", params(("id" = Uuid, Path)),
    request_body = MinutesEdit,
    responses((status = 200, body = MeetingDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<RecordMeetings>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(edit): Json<MinutesEdit>,
) -> Result<Json<MeetingDetail>> {
    let minutes = minutes_of(&edit.minutes)?;
    let at = (id, edit.version);
    let row = changed(
        app.clone(),
        actor.principal(),
        at,
        Action::Edit,
        move |row| {
            row.minutes = json!(minutes);
        },
    )
    .await?;
    detail(&app, actor.principal(), row).await
}

async fn changed(
    app: App,
    of: &Principal,
    (id, version): (Uuid, i64),
    action: Action,
    more: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<row::Model> {
    let (db, who, by) = (app.db.clone(), Who::user(of), side::of(of));
    db.write(move |tx| async move {
        let before = versioned::as_read(store::get(&*tx, id).await?, version)?;
        let case = before.case()?.next(by, &action);
        let case = case.map_err(|refusal| refusal.about(&before.what()))?;
        let mut after = before.clone();
        case.state.as_str().clone_into(&mut after.state);
        let what = match action {
            Action::Edit => "edited",
            Action::Confirm => {
                after.confirmed_by = who.user_id;
                after.confirmed_at = Some(app.clock.now());
                "confirmed"
            }
        };
        more(&mut after);
        let after = versioned::save(&app, &*tx, &before, after).await?;
        store::tell(&app, &tx, &who, &after, what).await?;
        Ok(after)
    })
    .await
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MinutesReceipt {
    /// The version that was read.
    version: i64,
}

/// Confirms the minutes that the other side wrote; from then on they do not change.
#[utoipa::path(
    post, path = "/api/v1/meetings/{id}/confirm", tag = "liaison", operation_id = "confirm_minutes",
    params(("id" = Uuid, Path)), request_body = MinutesReceipt,
    responses((status = 200, body = MeetingDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn confirm(
    actor: Actor<RecordMeetings>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(receipt): Json<MinutesReceipt>,
) -> Result<Json<MeetingDetail>> {
    let at = (id, receipt.version);
    let row = changed(app.clone(), actor.principal(), at, Action::Confirm, |_| {}).await?;
    detail(&app, actor.principal(), row).await
}

/// Gives somebody something to do of a meeting.
#[utoipa::path(
    post, path = "/api/v1/meetings/{id}/actions", tag = "liaison", operation_id = "assign_meeting_action",
    params(("id" = Uuid, Path)), request_body = NewMeetingAction,
    responses((status = 201, body = MeetingDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn assign(
    actor: Actor<RecordMeetings>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewMeetingAction>,
) -> Result<(StatusCode, Json<MeetingDetail>)> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = store::get(&*tx, id).await?;
            if store::actions_of(&*tx, id).await?.len() >= MOST {
                let detail = "a meeting leads to at most 60 things to be done";
                return Err(refused("meeting_actions_full", detail));
            }
            given(&app, &tx, &who, &row, new).await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// What came of something that was to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeetingActionEnd {
    /// The version that was read.
    version: i64,
    /// True: it is not to be done any more; said by who may write minutes.
    #[serde(default)]
    cancelled: bool,
    /// What came of it, or why not.
    note: String,
}

/// Says that something is done; by whom it was given to. Who may write minutes may also take it back.
#[utoipa::path(
    post, path = "/api/v1/meeting-actions/{id}/finish", tag = "liaison", operation_id = "finish_meeting_action",
    params(("id" = Uuid, Path)), request_body = MeetingActionEnd,
    responses((status = 200, body = MeetingActionView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn finish(
    actor: Actor<ViewLiaisonTodo>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(end): Json<MeetingActionEnd>,
) -> Result<Json<MeetingActionView>> {
    let note = needed("note", &end.note)?;
    let records = actor.principal().may::<RecordMeetings>();
    let user = actor.user_id();
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::action(&*tx, id).await?, end.version)?;
            let may = if end.cancelled {
                records
            } else {
                before.owner_id == user
            };
            if !may && !records {
                return Err(not_found("action"));
            }
            if !may {
                let detail = "what is done is said by whom it was given to";
                return Err(refused("meeting_action_not_yours", detail));
            }
            let state = if end.cancelled {
                MeetingActionState::Cancelled
            } else {
                MeetingActionState::Done
            };
            let Some(task) = before.task()?.ended(state) else {
                let detail = format!("{} is over and does not change", before.what());
                return Err(refused("meeting_action_ended", detail));
            };
            let mut after = before.clone().with_task(&task);
            after.done_at = Some(app.clock.now());
            after.done_by = who.user_id;
            after.done_note = Some(note);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let meeting = store::get(&*tx, after.meeting_id).await?;
            let told = (meeting.number.as_str(), state.as_str());
            store::tell_action(&app, &tx, &who, &after, told).await?;
            Ok(after)
        })
        .await?;
    let people = organization::colleagues(done.db.read(), [row.owner_id]).await?;
    Ok(Json(action_view(row, &people)?))
}
