//! Liaison persons over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::versioned;
use kernel::{Actor, App, Side, Tx};
use organization::Colleague;
use organization::colleagues::SidePerson;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, row};
use super::{LiaisonStanding, LiaisonWay, Term};
use crate::rights::{NameLiaisons, ViewLiaisons};
use crate::side;
use crate::trail::{self, Scribe, Seen};
use kernel::day;

/// The routes of liaison persons.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, name))
        .routes(routes!(end))
        .routes(routes!(both_sides))
        .with_state(app.clone())
}

/// Everybody who may be named in what passes between the sides.
#[derive(Debug, Serialize, ToSchema)]
struct BothSides {
    /// By department and name.
    items: Vec<SidePerson>,
}

/// Everybody of both sides who has an account, with his department or section: for meetings, tasks and the like, where
/// people of any section are named.
#[utoipa::path(
    get, path = "/api/v1/both-sides", tag = "liaison", operation_id = "list_both_sides",
    responses((status = 200, body = BothSides)),
)]
async fn both_sides(
    _actor: Actor<ViewLiaisons>,
    State(app): State<App>,
) -> Result<Json<BothSides>> {
    let items = organization::colleagues::both_sides(app.db.read()).await?;
    Ok(Json(BothSides { items }))
}

/// One term of a liaison person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiaisonPersonView {
    /// Identifies it.
    pub id: Uuid,
    /// For whom he speaks.
    pub side: Side,
    /// Who.
    pub user: Option<Colleague>,
    /// `primary` or `substitute`.
    pub standing: String,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last one; null for good.
    pub until_day: Option<NaiveDate>,
    /// The telephone of the office.
    pub phone: Option<String>,
    /// By which ways he is told what is urgent, the first first.
    pub ways: Vec<String>,
    /// He speaks for his side on the day asked for.
    pub holds: bool,
    /// Rises with each change.
    pub version: i64,
}

/// Who speaks for whom on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonBoard {
    /// The day.
    pub day: NaiveDate,
    /// Sides that have no first contact on that day.
    pub uncovered: Vec<Side>,
    /// All terms, the newest first, those of the past among them.
    pub items: Vec<LiaisonPersonView>,
}

/// Which day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OnDay {
    /// The day; today unless told.
    day: Option<NaiveDate>,
}

async fn board(app: &App, on: NaiveDate) -> Result<LiaisonBoard> {
    let conn = app.db.read();
    let rows = store::all(conn, None).await?;
    let people = organization::colleagues(conn, rows.iter().map(|row| row.user_id)).await?;
    let mut items = Vec::new();
    for row in rows {
        let term = row.term()?;
        items.push(LiaisonPersonView {
            id: row.id,
            side: side::read(&row.side),
            user: people.get(&row.user_id).cloned(),
            holds: term.holds_on(on),
            from_day: term.from,
            until_day: term.until,
            ways: serde_json::from_value(row.ways).map_err(internal)?,
            standing: row.standing,
            phone: row.phone,
            version: row.version,
        });
    }
    let primary = LiaisonStanding::Primary.as_str();
    let sides = [Side::Supplier, Side::Purchaser].into_iter();
    let uncovered = sides.filter(|side| {
        let mut of_side = items.iter().filter(|one| one.side == *side);
        !of_side.any(|one| one.holds && one.standing == primary)
    });
    Ok(LiaisonBoard {
        day: on,
        uncovered: uncovered.collect(),
        items,
    })
}

/// Who speaks for each side on a day, and who did before.
#[utoipa::path(
    get, path = "/api/v1/liaisons", tag = "liaison", operation_id = "list_liaisons",
    params(OnDay), responses((status = 200, body = LiaisonBoard)),
)]
async fn list(
    _actor: Actor<ViewLiaisons>,
    State(app): State<App>,
    Query(on): Query<OnDay>,
) -> Result<Json<LiaisonBoard>> {
    let on = on.day.unwrap_or_else(|| day::today(&app));
    Ok(Json(board(&app, on).await?))
}

/// Who is to speak for one's side.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLiaison {
    /// A user of one's own side.
    user_id: Uuid,
    /// First contact or substitute.
    standing: LiaisonStanding,
    /// The first day.
    from_day: NaiveDate,
    /// The last one; for good when left out.
    until_day: Option<NaiveDate>,
    /// The telephone of the office, for who calls.
    phone: Option<String>,
    /// By which ways he is told what is urgent, the first first.
    ways: Vec<LiaisonWay>,
}

pub(crate) fn phone_of(phone: Option<&str>) -> Result<Option<String>> {
    let Some(phone) = phone.map(str::trim).filter(|phone| !phone.is_empty()) else {
        return Ok(None);
    };
    let plain = |char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | ' ');
    if phone.len() <= 24 && phone.chars().all(plain) {
        return Ok(Some(phone.to_owned()));
    }
    let detail = "digits, `+`, `-` and spaces, at most 24";
    Err(invalid("phone", "phone_invalid", detail))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let other = trail::desk(&**tx, side::other(side::read(&row.side))).await?;
    let people = organization::colleagues(&**tx, [row.user_id]).await?;
    let name = people.get(&row.user_id).map(|person| person.name.clone());
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "liaison_person",
        id: row.id,
        seen: Seen::Both,
    };
    // His name leaves the house in no notice: the number is what he is.
    let facts = json!({
        "number": row.standing, "state": row.state, "version": row.version, "recipients": other,
    });
    scribe.tell(what, name.as_deref(), facts).await
}

/// Names a liaison person of one's own side. 409 where another is its first contact on a day of the term.
#[utoipa::path(
    post, path = "/api/v1/liaisons", tag = "liaison", operation_id = "name_liaison", request_body = NewLiaison,
    responses((status = 201, body = LiaisonBoard), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn name(
    actor: Actor<NameLiaisons>,
    State(app): State<App>,
    Json(new): Json<NewLiaison>,
) -> Result<(StatusCode, Json<LiaisonBoard>)> {
    let of = side::of(actor.principal());
    let term = Term {
        from: new.from_day,
        until: new.until_day,
    };
    let today = day::today(&app);
    day::plausible("from_day", term.from, today)?;
    if let Some(until) = term.until {
        day::plausible("until_day", until, today)?;
    }
    if !term.is_sound() {
        let detail = "the last day is not before the first";
        return Err(invalid("until_day", "term_backwards", detail));
    }
    let mut ways = new.ways.clone();
    ways.dedup();
    if ways.is_empty() || ways.len() > LiaisonWay::ALL.len() {
        let detail = "one to five ways, the first first";
        return Err(invalid("ways", "ways_missing", detail));
    }
    let phone = phone_of(new.phone.as_deref())?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        if organization::colleagues::side_of(&*tx, new.user_id).await? != Some(of) {
            let detail = "a liaison person is a user of one's own side";
            return Err(invalid("user_id", "liaison_of_other_side", detail));
        }
        if new.standing == LiaisonStanding::Primary {
            store::must_be_alone(&tx, of, &term, None).await?;
        }
        let now = app.clock.now();
        let row = row::Model {
            id: app.ids.next(),
            side: side::text(of).to_owned(),
            user_id: new.user_id,
            standing: new.standing.as_str().to_owned(),
            from_day: day::text(term.from),
            until_day: term.until.map(day::text),
            phone,
            ways: json!(ways),
            named_by: who.user_id,
            named_at: now,
            state: "named".to_owned(),
            updated_at: now,
            version: 1,
        };
        versioned::insert(&*tx, &row).await?;
        tell(&app, &tx, &who, &row, "named").await
    })
    .await?;
    let page = board(&done, term.from).await?;
    Ok((StatusCode::CREATED, Json(page)))
}

/// The last day of a term.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LiaisonEnd {
    /// The version that was read.
    version: i64,
    /// The last day.
    until_day: NaiveDate,
}

/// Ends a term of one's own side; what is past stays as it was.
#[utoipa::path(
    post, path = "/api/v1/liaisons/{id}/end", tag = "liaison", operation_id = "end_liaison",
    params(("id" = Uuid, Path)), request_body = LiaisonEnd,
    responses((status = 200, body = LiaisonBoard), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn end(
    actor: Actor<NameLiaisons>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(end): Json<LiaisonEnd>,
) -> Result<Json<LiaisonBoard>> {
    let of = side::of(actor.principal());
    let today = day::today(&app);
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = versioned::as_read(store::get(&*tx, id).await?, end.version)?;
        if side::read(&before.side) != of {
            return Err(not_found("liaison person"));
        }
        let term = before.term()?;
        if term.until.is_some_and(|until| until < today) {
            let detail = "this term is over and does not change";
            return Err(refused("liaison_term_over", detail));
        }
        if end.until_day < term.from {
            let detail = "the last day is not before the first";
            return Err(invalid("until_day", "term_backwards", detail));
        }
        if today
            .pred_opt()
            .is_some_and(|yesterday| end.until_day < yesterday)
        {
            let detail = "what is past stays as it was: the last day is yesterday or later";
            return Err(invalid("until_day", "date_in_past", detail));
        }
        day::plausible("until_day", end.until_day, today)?;
        let shorter = Term {
            from: term.from,
            until: Some(end.until_day),
        };
        if before.is_primary() {
            store::must_be_alone(&tx, of, &shorter, Some(id)).await?;
        }
        let mut after = before.clone();
        after.until_day = Some(day::text(end.until_day));
        let after = versioned::save(&app, &*tx, &before, after).await?;
        tell(&app, &tx, &who, &after, "ended").await
    })
    .await?;
    Ok(Json(board(&done, today).await?))
}
