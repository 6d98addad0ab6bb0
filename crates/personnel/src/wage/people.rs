//! Who is on the project beside the holders of posts: managers, substitutes, support. Their wages and insurances are
//! proven like everybody's.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::checked;
use kernel::{Actor, App, Tx};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, Condition, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::entry::told;
use super::rows::{enrolled as row, month_row};
use super::{Action, Duty, Month, WageMonthState};
use crate::rights::{ManageWages, ViewWageMonths};
use crate::staff::store as staff;
use kernel::day;

/// Refused where a month of this stretch is with the purchaser or checked: what it says of everybody stands.
async fn untouched(tx: &Tx, first: NaiveDate, last: Option<NaiveDate>) -> Result<()> {
    let mut months = month_row::Entity::find()
        .filter(month_row::Column::Month.gte(Month::of(first).to_string()))
        .filter(month_row::Column::State.ne(WageMonthState::Open.as_str()));
    if let Some(last) = last {
        months = months.filter(month_row::Column::Month.lte(Month::of(last).to_string()));
    }
    match months
        .order_by_asc(month_row::Column::Month)
        .one(&**tx)
        .await?
    {
        Some(month) => Ok(month.after(&Action::Write).map(drop)?),
        None => Ok(()),
    }
}

/// Rows that are shown, the latest first.
const MOST: u64 = 500;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, enrol))
        .routes(routes!(end))
        .with_state(app.clone())
}

/// Somebody on the project who holds no post.
#[derive(Debug, Serialize, ToSchema)]
struct PayrollPerson {
    /// Identifies the stretch.
    id: Uuid,
    /// His staff file.
    staff_id: Uuid,
    /// His name.
    name: String,
    /// `manager`, `substitute` or `support`.
    duty: String,
    /// The first day.
    from: NaiveDate,
    /// The last day.
    until: Option<NaiveDate>,
    /// More about it.
    note: Option<String>,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
struct PayrollPeople {
    /// The latest first.
    items: Vec<PayrollPerson>,
}

async fn all(app: &App) -> Result<Json<PayrollPeople>> {
    let conn = app.db.read();
    let rows = row::Entity::find()
        .order_by_desc(row::Column::FromDay)
        .order_by_desc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?;
    let people = staff::by_ids(conn, rows.iter().map(|row| row.staff_id)).await?;
    let mut items = Vec::new();
    for row in rows {
        let name = people.get(&row.staff_id).map(|file| file.name.clone());
        items.push(PayrollPerson {
            name: name.unwrap_or_default(),
            from: day::read(&row.from_day)?,
            until: day::maybe(row.until_day.as_deref())?,
            id: row.id,
            staff_id: row.staff_id,
            duty: row.duty,
            note: row.note,
        });
    }
    Ok(Json(PayrollPeople { items }))
}

/// Who is on the project beside the holders of posts.
#[utoipa::path(
    get, path = "/api/v1/payroll-people", tag = "wages", operation_id = "list_payroll_people",
    responses((status = 200, body = PayrollPeople)),
)]
async fn list(
    _actor: Actor<ViewWageMonths>,
    State(app): State<App>,
) -> Result<Json<PayrollPeople>> {
    all(&app).await
}

/// Somebody who comes on the project without a post.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPayrollPerson {
    /// His staff file.
    staff_id: Uuid,
    /// `manager`, `substitute` or `support`; who holds a post is an agent by that.
    duty: Duty,
    /// The first day.
    from: NaiveDate,
    /// The last day, where it is known.
    until: Option<NaiveDate>,
    /// More about it.
    note: Option<String>,
}

fn ends_well(from: NaiveDate, until: NaiveDate) -> Result<()> {
    if until >= from {
        return Ok(());
    }
    let detail = "it would end before it begins";
    Err(invalid("until", "ends_before_it_begins", detail))
}

/// Puts a manager or a substitute on the payroll of the project.
#[utoipa::path(
    post, path = "/api/v1/payroll-people", tag = "wages", operation_id = "enrol_payroll_person",
    request_body = NewPayrollPerson,
    responses((status = 201, body = PayrollPeople), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn enrol(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Json(new): Json<NewPayrollPerson>,
) -> Result<(StatusCode, Json<PayrollPeople>)> {
    if new.duty == Duty::Agent {
        let detail = "an agent is on the payroll by the post he holds";
        return Err(invalid("duty", "duty_by_post", detail));
    }
    day::plausible("from", new.from, day::today(&app))?;
    if let Some(until) = new.until {
        ends_well(new.from, until)?;
    }
    let note = checked("note", new.note.as_deref().unwrap_or_default())?;
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let file = staff::held(&tx, new.staff_id).await?;
        untouched(&tx, new.from, new.until).await?;
        let still = Condition::any()
            .add(row::Column::UntilDay.is_null())
            .add(row::Column::UntilDay.gte(day::text(new.from)));
        let there = row::Entity::find()
            .filter(row::Column::StaffId.eq(file.id))
            .filter(still)
            .one(&*tx)
            .await?;
        if there.is_some() {
            let detail = format!("{} is on the payroll on that day", file.name);
            return Err(
                refused("payroll_person_there", detail).with_way_out("end that stretch first")
            );
        }
        let enrolled = row::Model {
            id: writer.ids.next(),
            staff_id: file.id,
            duty: new.duty.as_str().to_owned(),
            from_day: day::text(new.from),
            until_day: new.until.map(day::text),
            note: Some(note).filter(|note| !note.is_empty()),
            added_by: who.user_id,
            added_at: writer.clock.now(),
        };
        enrolled
            .into_active_model()
            .reset_all()
            .insert(&*tx)
            .await?;
        let said = new.from.to_string();
        told(&writer, &tx, &who, file.id, ("enrolled", &said), json!({})).await
    })
    .await?;
    Ok((StatusCode::CREATED, all(&app).await?))
}

/// The last day of somebody on the payroll.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayrollEnd {
    /// The last day.
    until: NaiveDate,
}

/// Ends a stretch on the payroll.
#[utoipa::path(
    post, path = "/api/v1/payroll-people/{id}/end", tag = "wages", operation_id = "end_payroll_person",
    params(("id" = Uuid, Path)), request_body = PayrollEnd,
    responses((status = 200, body = PayrollPeople), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn end(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<PayrollEnd>,
) -> Result<Json<PayrollPeople>> {
    let (db, writer, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let found = row::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&*tx)
            .await?
            .ok_or_else(|| not_found("person on the payroll"))?;
        ends_well(day::read(&found.from_day)?, request.until)?;
        // The days that come or go.
        let before = day::maybe(found.until_day.as_deref())?;
        let first = before.map_or(request.until, |before| before.min(request.until));
        if let Some(next) = first.succ_opt() {
            untouched(&tx, next, before.map(|before| before.max(request.until))).await?;
        }
        let staff_id = found.staff_id;
        let mut row = found.into_active_model();
        row.until_day = Set(Some(day::text(request.until)));
        row.update(&*tx).await?;
        let said = request.until.to_string();
        told(
            &writer,
            &tx,
            &who,
            staff_id,
            ("payroll_ended", &said),
            json!({}),
        )
        .await
    })
    .await?;
    all(&app).await
}
