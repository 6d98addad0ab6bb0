//! Quoted prices of a seat and month, each against its floor. A quotation does not change; the law does, and
//! then the verdict on it, which both sides are told.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Months, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
use kernel::text::must_be_name;
use kernel::{Actor, App, Tx, versioned, words};
use organization::Colleague;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::law::{CAP, Laws};
use super::month::BOTH;
use super::rows::quoted as row;
use super::sums::{Provision, QuotationFloor, floor};
use crate::rights::{KeepQuotations, ViewQuotations};
use crate::trail::{self, Scribe, TrailLine};
use kernel::day;

/// Minutes of overtime a month that can be provided for: the legal cap of 36 hours.
const MOST_MINUTES: i64 = 2_160;
/// Quotations whose term runs; a contract has a handful.
const MOST: u64 = 500;

words! {
    /// How a price stands to its floor.
    QuotationState {
        /// 合理
        Sound = "sound",
        /// 不合规
        BelowFloor = "below_floor",
    }
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, quote))
        .routes(routes!(show))
        .with_state(app.clone())
}

/// A quotation as lists show it.
#[derive(Debug, Serialize, ToSchema)]
struct QuotationView {
    /// Identifies it.
    id: Uuid,
    /// What it is called.
    title: String,
    /// Price of a seat and month in fen.
    price_fen: i64,
    /// Seats.
    seats: i64,
    /// Months.
    months: i64,
    /// Price × seats × months.
    total_fen: i64,
    /// The first day of its term.
    from: NaiveDate,
    /// The last day.
    until: NaiveDate,
    /// `sound` or `below_floor`, by the law of `judged_on`.
    state: String,
    /// The floor on that day.
    floor_fen: i64,
    /// The day it was last judged for.
    judged_on: NaiveDate,
    /// Who recorded it.
    made_by: Option<Colleague>,
    /// When.
    made_at: DateTime<Utc>,
    /// Rises with each change.
    version: i64,
}

/// A quotation as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
struct QuotationDetail {
    /// What lists show.
    #[serde(flatten)]
    quotation: QuotationView,
    /// Overtime that its price provides for.
    provision: Provision,
    /// By the law of its first day.
    then: QuotationFloor,
    /// By the law of today, or of the day that was asked for, within its term.
    now: QuotationFloor,
    /// The highest price of a seat and month by the total of the contract.
    cap_fen: i64,
    /// The time line, the oldest line first.
    lines: Vec<TrailLine>,
}

impl row::Model {
    fn provision(&self) -> Provision {
        Provision {
            extended_minutes: self.extended_minutes,
            rest_day_minutes: self.rest_day_minutes,
            holiday_minutes: self.holiday_minutes,
        }
    }

    /// The day whose law judges it when it is looked at on `on`: within its term.
    fn day_of(&self, on: NaiveDate) -> Result<NaiveDate> {
        let (from, until) = (day::read(&self.from_day)?, day::read(&self.until_day)?);
        Ok(on.max(from).min(until))
    }

    fn floor(&self, laws: &Laws, on: NaiveDate) -> Result<QuotationFloor> {
        let on = self.day_of(on)?;
        Ok(floor(&laws.on(on)?, on, self.price_fen, &self.provision()))
    }

    fn take(&mut self, floor: &QuotationFloor) {
        let state = if floor.sound {
            QuotationState::Sound
        } else {
            QuotationState::BelowFloor
        };
        state.as_str().clone_into(&mut self.state);
        self.floor_fen = floor.floor_fen;
        self.judged_on = day::text(floor.on);
    }

    async fn tell(&self, app: &App, tx: &Tx, who: &Who, action: &str) -> Result<()> {
        let scribe = Scribe {
            app,
            tx,
            who,
            kind: "quotation",
            id: self.id,
        };
        let people = trail::holders(&**tx, BOTH).await?;
        let facts = json!({
            "number": self.title, "state": self.state, "version": self.version, "recipients": people,
        });
        let note = format!("{}.{:02}", self.floor_fen / 100, self.floor_fen % 100);
        scribe.tell(action, Some(&note), facts).await
    }
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<QuotationView>> {
    let conn = app.db.read();
    let who = organization::colleagues(conn, rows.iter().filter_map(|row| row.made_by)).await?;
    let mut views = Vec::new();
    for row in rows {
        views.push(QuotationView {
            total_fen: row.price_fen * row.seats * row.months,
            from: day::read(&row.from_day)?,
            until: day::read(&row.until_day)?,
            judged_on: day::read(&row.judged_on)?,
            made_by: row.made_by.and_then(|id| who.get(&id).cloned()),
            id: row.id,
            title: row.title,
            price_fen: row.price_fen,
            seats: row.seats,
            months: row.months,
            state: row.state,
            floor_fen: row.floor_fen,
            made_at: row.made_at,
            version: row.version,
        });
    }
    Ok(views)
}

async fn detail(app: &App, id: Uuid, on: Option<NaiveDate>) -> Result<Json<QuotationDetail>> {
    let conn = app.db.read();
    let row = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("quotation"))?;
    let laws = Laws::load(conn).await?;
    let now = row.floor(&laws, on.unwrap_or_else(|| day::today(app)))?;
    let then = row.floor(&laws, day::read(&row.from_day)?)?;
    let cap = laws.value(CAP, now.on)?.value;
    let (provision, cap_fen) = (row.provision(), cap / (row.seats * row.months).max(1));
    let view = views(app, vec![row]).await?.pop();
    Ok(Json(QuotationDetail {
        quotation: view.ok_or_else(|| not_found("quotation"))?,
        provision,
        then,
        now,
        cap_fen,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Quotations, the newest first.
#[utoipa::path(
    get, path = "/api/v1/quotations", tag = "wages", operation_id = "list_quotations", params(ListQuery),
    responses((status = 200, body = Page<QuotationView>)),
)]
async fn list(
    _actor: Actor<ViewQuotations>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<QuotationView>>> {
    let mut select = row::Entity::find();
    if let Some(words) = query.words_in(&[row::Column::Title])? {
        select = select.filter(words);
    }
    let sortable = [("made_at", row::Column::MadeAt)];
    let page = paginate(app.db.read(), select, &query, &sortable, row::Column::Id).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// For which day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AsOf {
    /// The day whose law is asked for; today when left out.
    on: Option<NaiveDate>,
}

/// One quotation with the parts of its floor, on its first day and now.
#[utoipa::path(
    get, path = "/api/v1/quotations/{id}", tag = "wages", operation_id = "get_quotation",
    params(("id" = Uuid, Path), AsOf),
    responses((status = 200, body = QuotationDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewQuotations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(asked): Query<AsOf>,
) -> Result<Json<QuotationDetail>> {
    detail(&app, id, asked.on).await
}

/// A price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewQuotation {
    /// What it is called, 1 to 60 characters.
    pub title: String,
    /// Price of a seat and month in fen.
    pub price_fen: i64,
    /// Seats; 6 when left out.
    pub seats: Option<i64>,
    /// Months; 12 when left out.
    pub months: Option<i64>,
    /// The first day of its term.
    pub from: NaiveDate,
    /// Overtime that its price provides for; what ships when left out.
    pub provision: Option<Provision>,
}

/// A price, checked and judged by the law of today.
pub(crate) fn judged(
    app: &App,
    laws: &Laws,
    made_by: Option<Uuid>,
    new: NewQuotation,
) -> Result<row::Model> {
    must_be_name("title", &new.title)?;
    let (seats, months) = (new.seats.unwrap_or(6), new.months.unwrap_or(12));
    if !(1..=200).contains(&seats) || !(1..=60).contains(&months) {
        let detail = "1 to 200 seats for 1 to 60 months";
        return Err(invalid("seats", "quotation_size_invalid", detail));
    }
    day::plausible("from", new.from, day::today(app))?;
    let cap = laws.value(CAP, new.from)?.value;
    let highest = cap / (seats * months);
    if new.price_fen < 1 || new.price_fen > highest {
        let detail = format!("the contract holds at most {highest} fen a seat and month (A-63)");
        return Err(invalid("price_fen", "quotation_over_cap", detail).with("most_fen", highest));
    }
    let provision = match new.provision {
        Some(provision) => provision,
        None => laws.on(new.from)?.provision,
    };
    let minutes = [
        provision.extended_minutes,
        provision.rest_day_minutes,
        provision.holiday_minutes,
    ];
    if minutes
        .iter()
        .any(|minutes| !(0..=MOST_MINUTES).contains(minutes))
    {
        let detail = "0 to 2,160 minutes of each class";
        return Err(invalid("provision", "provision_out_of_range", detail));
    }
    let term = u32::try_from(months).map_err(internal)?;
    let now = app.clock.now();
    let mut row = row::Model {
        id: app.ids.next(),
        title: new.title,
        price_fen: new.price_fen,
        seats,
        months,
        from_day: day::text(new.from),
        until_day: day::text(new.from + Months::new(term) - chrono::Days::new(1)),
        extended_minutes: provision.extended_minutes,
        rest_day_minutes: provision.rest_day_minutes,
        holiday_minutes: provision.holiday_minutes,
        state: String::new(),
        floor_fen: 0,
        judged_on: String::new(),
        made_by,
        made_at: now,
        updated_at: now,
        version: 1,
    };
    let floor = row.floor(laws, day::today(app))?;
    row.take(&floor);
    Ok(row)
}

/// Records a price.
async fn record(app: &App, tx: &Tx, who: &Who, new: NewQuotation) -> Result<Uuid> {
    let laws = Laws::load(&**tx).await?;
    let row = judged(app, &laws, who.user_id, new)?;
    versioned::insert(&**tx, &row).await?;
    row.tell(app, tx, who, "recorded").await?;
    if row.state == QuotationState::BelowFloor.as_str() {
        row.tell(app, tx, &Who::system("wages"), "below_floor")
            .await?;
    }
    Ok(row.id)
}

/// Records a quotation; refused above the total of the contract, told to both sides when under its floor.
#[utoipa::path(
    post, path = "/api/v1/quotations", tag = "wages", operation_id = "record_quotation", request_body = NewQuotation,
    responses((status = 201, body = QuotationDetail), (status = 422, body = Problem, description = "`quotation_over_cap` with `most_fen`")),
)]
async fn quote(
    actor: Actor<KeepQuotations>,
    State(app): State<App>,
    Json(new): Json<NewQuotation>,
) -> Result<(StatusCode, Json<QuotationDetail>)> {
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    let id = db
        .write(move |tx| async move { record(&writer, &tx, &who, new).await })
        .await?;
    Ok((StatusCode::CREATED, detail(&app, id, None).await?))
}

/// Judges every quotation whose term is not over by the law of today; both sides are told where the verdict turned.
pub(crate) async fn judge_again(app: &App) -> Result<()> {
    let (db, writer) = (app.db.clone(), app.clone());
    db.write(move |tx| async move {
        let app = &writer;
        let today = day::today(app);
        let laws = Laws::load(&*tx).await?;
        let rows = row::Entity::find()
            .filter(row::Column::UntilDay.gte(day::text(today)))
            .order_by_asc(row::Column::MadeAt)
            .limit(MOST)
            .all(&*tx)
            .await?;
        for before in rows {
            let floor = before.floor(&laws, today)?;
            let mut after = before.clone();
            after.take(&floor);
            if after.floor_fen == before.floor_fen && after.state == before.state {
                continue;
            }
            let turned = after.state != before.state;
            let after = versioned::save(app, &*tx, &before, after).await?;
            if turned {
                let verdict = after.state.clone();
                after
                    .tell(app, &tx, &Who::system("wages"), &verdict)
                    .await?;
            }
        }
        Ok(())
    })
    .await
}
