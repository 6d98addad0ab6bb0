//! Shift templates (班次) as rows: hours, turn at lunch, colour, how many of it a day wants. Archived, never deleted; the
//! hours of one that a published roster uses stay as they are.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use calendar::TimeOfDay;
use kernel::audit;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{must_be_code, must_be_name};
use kernel::versioned;
use kernel::{Actor, App, Audience, words};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::change;
use crate::rights::{PlanRoster, ViewRoster};
use crate::shift::Shift;

/// Kinds of shift in the house, archived ones too: the solver tells them apart by a byte.
const MOST: u64 = 100;
/// Colours of the console's palette.
const COLOURS: i64 = 8;

words! {
    /// Whether a shift may still be given.
    ShiftState {
        /// 在用
        Active = "active",
        /// 已归档
        Archived = "archived",
    }
}

kernel::table! {
    /// One kind of shift; its id is the code that people chose.
    pub mod row = "shift_templates" (id: String) {
        name: String,
        from_at: String,
        to_at: String,
        lunch_from: Option<String>,
        lunch_to: Option<String>,
        colour: i64,
        people: i64,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |shift| format!("shift `{}`", shift.id));

/// A kind of shift as it is worked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub shape: Shift,
    pub name: String,
    pub colour: i64,
    pub people: i64,
    pub archived: bool,
    pub version: i64,
}

/// A kind of shift.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShiftTemplate {
    /// `lunch_early`
    pub id: String,
    /// 午休一轮
    pub name: String,
    /// When it begins.
    #[schema(value_type = String)]
    pub from: TimeOfDay,
    /// When it ends.
    #[schema(value_type = String)]
    pub to: TimeOfDay,
    /// When lunch begins.
    #[schema(value_type = Option<String>)]
    pub lunch_from: Option<TimeOfDay>,
    /// When lunch ends.
    #[schema(value_type = Option<String>)]
    pub lunch_to: Option<TimeOfDay>,
    /// Minutes of work.
    pub minutes: i64,
    /// Which colour of the palette, 0 to 7.
    pub colour: i64,
    /// How many people a working day wants on it; the draft goes by it.
    pub people: i64,
    /// It is not given any more.
    pub archived: bool,
    /// Rises with each change.
    pub version: i64,
}

impl From<&Template> for ShiftTemplate {
    fn from(one: &Template) -> Self {
        let Shift {
            code,
            from,
            to,
            lunch,
        } = &one.shape;
        Self {
            id: code.clone(),
            name: one.name.clone(),
            from: *from,
            to: *to,
            lunch_from: lunch.map(|lunch| lunch.0),
            lunch_to: lunch.map(|lunch| lunch.1),
            minutes: one.shape.minutes(),
            colour: one.colour,
            people: one.people,
            archived: one.archived,
            version: one.version,
        }
    }
}

impl row::Model {
    /// What is worked with.
    pub(crate) fn read(&self) -> Result<Template> {
        let time = |text: &String| text.parse::<TimeOfDay>().map_err(internal);
        let lunch = match (&self.lunch_from, &self.lunch_to) {
            (Some(from), Some(to)) => Some((time(from)?, time(to)?)),
            _ => None,
        };
        Ok(Template {
            shape: Shift {
                code: self.id.clone(),
                from: time(&self.from_at)?,
                to: time(&self.to_at)?,
                lunch,
            },
            name: self.name.clone(),
            colour: self.colour,
            people: self.people,
            archived: self.state == ShiftState::Archived.as_str(),
            version: self.version,
        })
    }
}

/// Every kind of shift by its code.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<BTreeMap<String, Template>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?;
    let read = |row: &row::Model| Ok((row.id.clone(), row.read()?));
    rows.iter().map(read).collect()
}

async fn get(conn: &impl ConnectionTrait, id: &str) -> Result<row::Model> {
    row::Entity::find_by_id(id.to_owned())
        .one(conn)
        .await?
        .ok_or_else(|| not_found("shift"))
}

/// The routes of shift templates.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(replace))
        .routes(routes!(archive))
        .with_state(app.clone())
}

/// What a list of shifts may be narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Archived ones too.
    #[serde(default)]
    archived: bool,
}

/// Kinds of shift.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShiftTemplates {
    /// By their codes.
    pub items: Vec<ShiftTemplate>,
}

/// The kinds of shift there are.
#[utoipa::path(
    get, path = "/api/v1/shift-templates", tag = "workforce", operation_id = "list_shift_templates", params(Filter),
    responses((status = 200, body = ShiftTemplates)),
)]
async fn list(
    _actor: Actor<ViewRoster>,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<ShiftTemplates>> {
    let all = all(app.db.read()).await?;
    let shown = all.values().filter(|one| filter.archived || !one.archived);
    Ok(Json(ShiftTemplates {
        items: shown.map(ShiftTemplate::from).collect(),
    }))
}

/// The fields of a shift.
#[derive(Debug, Clone, Deserialize, ToSchema)]
struct ShiftFields {
    /// 午休一轮
    name: String,
    /// When it begins: `08:30`.
    #[schema(value_type = String)]
    from: TimeOfDay,
    /// When it ends, on the same day.
    #[schema(value_type = String)]
    to: TimeOfDay,
    /// When lunch begins; without lunch neither is given.
    #[schema(value_type = Option<String>)]
    lunch_from: Option<TimeOfDay>,
    /// When lunch ends.
    #[schema(value_type = Option<String>)]
    lunch_to: Option<TimeOfDay>,
    /// Which colour of the palette, 0 to 7.
    colour: i64,
    /// How many people a working day wants on it, at most 2,000.
    people: i64,
}

impl ShiftFields {
    fn checked(&self) -> Result<()> {
        must_be_name("name", &self.name)?;
        if self.from >= self.to {
            return Err(invalid("to", "shift_backward", "it ends after it begins"));
        }
        let within = match (self.lunch_from, self.lunch_to) {
            (None, None) => true,
            (Some(from), Some(to)) => self.from < from && from < to && to < self.to,
            _ => false,
        };
        if !within {
            let detail = "lunch begins and ends within the shift, or there is none";
            return Err(invalid("lunch_from", "shift_lunch", detail));
        }
        if !(0..COLOURS).contains(&self.colour) {
            return Err(invalid("colour", "shift_colour", "a colour from 0 to 7"));
        }
        if !(0..=2_000).contains(&self.people) {
            return Err(invalid("people", "shift_people", "0 to 2,000 people"));
        }
        Ok(())
    }

    fn over(self, before: row::Model) -> row::Model {
        row::Model {
            name: self.name,
            from_at: self.from.to_string(),
            to_at: self.to.to_string(),
            lunch_from: self.lunch_from.map(|at| at.to_string()),
            lunch_to: self.lunch_to.map(|at| at.to_string()),
            colour: self.colour,
            people: self.people,
            ..before
        }
    }
}

/// A new kind of shift.
#[derive(Debug, Deserialize, ToSchema)]
struct NewShiftTemplate {
    /// Its code, which never changes: 1 to 40 small letters, digits or `_`.
    id: String,
    /// Its fields.
    #[serde(flatten)]
    fields: ShiftFields,
}

/// Makes a new kind of shift.
#[utoipa::path(
    post, path = "/api/v1/shift-templates", tag = "workforce", operation_id = "create_shift_template",
    request_body = NewShiftTemplate,
    responses((status = 201, body = ShiftTemplate), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<PlanRoster>,
    State(app): State<App>,
    Json(new): Json<NewShiftTemplate>,
) -> Result<(StatusCode, Json<ShiftTemplate>)> {
    must_be_code("id", &new.id)?;
    new.fields.checked()?;
    let (db, who) = (app.db.clone(), actor.who());
    let made = db
        .write(move |tx| async move {
            let known = all(&*tx).await?;
            if known.contains_key(&new.id) {
                return Err(refused("shift_exists", "there is a shift of this code")
                    .with_way_out("change it, or choose another code"));
            }
            if known.len() as u64 >= MOST {
                return Err(refused("shifts_too_many", "100 kinds of shift are enough"));
            }
            let empty = row::Model {
                id: new.id,
                name: String::new(),
                from_at: String::new(),
                to_at: String::new(),
                lunch_from: None,
                lunch_to: None,
                colour: 0,
                people: 0,
                state: ShiftState::Active.as_str().to_owned(),
                updated_at: app.clock.now(),
                version: 1,
            };
            let row = new.fields.over(empty);
            row.clone()
                .into_active_model()
                .reset_all()
                .insert(&*tx)
                .await?;
            tell((&app, &tx, &who), &row, "created").await?;
            row.read()
        })
        .await?;
    Ok((StatusCode::CREATED, Json(ShiftTemplate::from(&made))))
}

/// What stands instead.
#[derive(Debug, Deserialize, ToSchema)]
struct EditShiftTemplate {
    /// The version that was read.
    version: i64,
    /// Its fields.
    #[serde(flatten)]
    fields: ShiftFields,
}

/// Changes a kind of shift. The hours of one that a published roster uses stay as they are.
#[utoipa::path(
    put, path = "/api/v1/shift-templates/{id}", tag = "workforce", operation_id = "edit_shift_template",
    params(("id" = String, Path)), request_body = EditShiftTemplate,
    responses((status = 200, body = ShiftTemplate), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn replace(
    actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(id): Path<String>,
    Json(edit): Json<EditShiftTemplate>,
) -> Result<Json<ShiftTemplate>> {
    edit.fields.checked()?;
    let (db, who) = (app.db.clone(), actor.who());
    let made = db
        .write(move |tx| async move {
            let before = versioned::as_read(get(&*tx, &id).await?, edit.version)?;
            let after = edit.fields.over(before.clone());
            if after.read()?.shape != before.read()?.shape && is_published(&*tx, &id).await? {
                let detail = format!("a published roster uses shift `{id}`");
                return Err(refused("shift_in_use", detail)
                    .with_way_out("archive it, and make one with the new hours"));
            }
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell((&app, &tx, &who), &after, "edited").await?;
            after.read()
        })
        .await?;
    Ok(Json(ShiftTemplate::from(&made)))
}

/// A published roster names it, or did before it was changed.
async fn is_published(conn: &impl ConnectionTrait, id: &str) -> Result<bool> {
    let named = sea_orm::Condition::any()
        .add(change::Column::ShiftId.eq(id))
        .add(change::Column::BeforeShiftId.eq(id));
    let found = change::Entity::find().filter(named).one(conn).await?;
    Ok(found.is_some())
}

/// Whether it may be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ArchiveShiftTemplate {
    /// The version that was read.
    version: i64,
    /// It may not; false takes it back.
    archived: bool,
}

/// Archives a kind of shift, or takes it back; rosters that hold it stay as they are.
#[utoipa::path(
    post, path = "/api/v1/shift-templates/{id}/archive", tag = "workforce", operation_id = "archive_shift_template",
    params(("id" = String, Path)), request_body = ArchiveShiftTemplate,
    responses((status = 200, body = ShiftTemplate), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn archive(
    actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(id): Path<String>,
    Json(asked): Json<ArchiveShiftTemplate>,
) -> Result<Json<ShiftTemplate>> {
    let (db, who) = (app.db.clone(), actor.who());
    let made = db
        .write(move |tx| async move {
            let before = versioned::as_read(get(&*tx, &id).await?, asked.version)?;
            let (state, what) = if asked.archived {
                (ShiftState::Archived, "archived")
            } else {
                (ShiftState::Active, "taken_back")
            };
            let mut after = before.clone();
            state.as_str().clone_into(&mut after.state);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell((&app, &tx, &who), &after, what).await?;
            after.read()
        })
        .await?;
    Ok(Json(ShiftTemplate::from(&made)))
}

/// Audit trail and open screens; nobody reacts to it.
async fn tell(
    (app, tx, who): (&App, &kernel::Tx, &audit::Who),
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let action = format!("shift.{what}");
    let facts = json!({ "from": row.from_at, "to": row.to_at, "lunch_from": row.lunch_from,
        "lunch_to": row.lunch_to, "people": row.people, "version": row.version });
    audit::record(app, &**tx, who, &action, "shift", &row.id, facts).await?;
    let audience = Audience::Permission(<ViewRoster as kernel::rights::Permission>::CODE);
    let news = json!({ "kind": "shift", "id": row.id, "what": what });
    app.live.publish_after(tx, audience, "workforce", news);
    Ok(())
}
