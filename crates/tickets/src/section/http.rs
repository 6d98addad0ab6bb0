//! Sections over HTTP: who is on duty today, and who sets it.

use axum::extract::State;
use chrono::NaiveDate;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, Role};
use organization::Colleague;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Staffed};
use super::{Absence, Post, on_duty, today};
use crate::people;
use crate::rights::{ManageSections, ViewSections};
use crate::ticket::life::State as Standing;
use crate::ticket::store::row as ticket_row;

/// People and absences of one section.
const MOST: usize = 200;

/// The routes of sections.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(mine))
        .routes(routes!(put_members))
        .with_state(app.clone())
}

/// Somebody who stands in for the others of a section, or for an owner.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostView {
    /// Who.
    pub user_id: Uuid,
    /// The same by name.
    pub person: Option<Colleague>,
    /// After the others (B 角).
    pub deputy: bool,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day; null until further notice.
    pub to_day: Option<NaiveDate>,
}

/// Somebody who is away.
#[derive(Debug, Serialize, ToSchema)]
pub struct AbsenceView {
    /// Who.
    pub user_id: Uuid,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day.
    pub to_day: NaiveDate,
}

impl From<Absence> for AbsenceView {
    fn from(away: Absence) -> Self {
        Self {
            user_id: away.user_id,
            from_day: away.from_day,
            to_day: away.to_day,
        }
    }
}

/// A section of the purchaser.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionView {
    /// `exams`
    pub code: String,
    /// 考试科
    pub name: String,
    /// Who is on duty today; empty: every business section is asked.
    pub on_duty: Vec<Colleague>,
    /// Members and deputies.
    pub members: Vec<PostView>,
    /// Days on which one of them is away.
    pub absences: Vec<AbsenceView>,
    /// Rises with each change.
    pub version: i64,
}

/// The sections.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sections {
    /// All of them.
    pub items: Vec<SectionView>,
}

/// A section that somebody answers for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySection {
    /// `exams`: what `GET /api/v1/tickets?state=pending_review&section=` takes.
    pub code: String,
    /// 考试科
    pub name: String,
    /// He is on duty today.
    pub on_duty: bool,
    /// Answers that wait for a sign-off.
    pub pending_review: u64,
}

/// The sections that somebody answers for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySections {
    /// All of them.
    pub items: Vec<MySection>,
}

async fn view(
    conn: &impl ConnectionTrait,
    today: NaiveDate,
    staffed: Staffed,
) -> Result<SectionView> {
    let ids: Vec<Uuid> = staffed.posts.iter().map(|post| post.user_id).collect();
    let known = organization::colleagues(conn, ids).await?;
    let here = on_duty(&staffed.posts, &staffed.absences, today);
    Ok(SectionView {
        on_duty: here
            .into_iter()
            .filter_map(|user| people::one(&known, Some(user)))
            .collect(),
        members: staffed
            .posts
            .into_iter()
            .map(|post| PostView {
                user_id: post.user_id,
                person: people::one(&known, Some(post.user_id)),
                deputy: post.deputy,
                from_day: post.from_day,
                to_day: post.to_day,
            })
            .collect(),
        absences: staffed
            .absences
            .into_iter()
            .map(AbsenceView::from)
            .collect(),
        code: staffed.section.code,
        name: staffed.section.name,
        version: staffed.section.version,
    })
}

/// The sections and who is on duty there today.
#[utoipa::path(get, path = "/api/v1/sections", tag = "sections", responses((status = 200, body = Sections)))]
pub(crate) async fn list(
    _actor: Actor<ViewSections>,
    State(app): State<App>,
) -> Result<Json<Sections>> {
    let (conn, today) = (app.db.read(), today(app.clock.now()));
    let mut items = Vec::new();
    for staffed in store::all(conn).await? {
        items.push(view(conn, today, staffed).await?);
    }
    Ok(Json(Sections { items }))
}

/// The sections the actor answers for, with how many answers wait for a sign-off there.
#[utoipa::path(get, path = "/api/v1/sections/mine", tag = "sections", responses((status = 200, body = MySections)))]
pub(crate) async fn mine(
    actor: Actor<ViewSections>,
    State(app): State<App>,
) -> Result<Json<MySections>> {
    let (conn, today) = (app.db.read(), today(app.clock.now()));
    let (user, leads) = (
        actor.user_id(),
        actor.principal().roles.contains(&Role::PurchaserAdmin),
    );
    let mut items = Vec::new();
    for staffed in store::all(conn).await? {
        let of_it = staffed.posts.iter().any(|post| post.user_id == user);
        if !of_it && !leads {
            continue;
        }
        let pending = ticket_row::Entity::find()
            .filter(ticket_row::Column::Section.eq(staffed.section.code.as_str()))
            .filter(ticket_row::Column::State.eq(Standing::PendingReview.as_str()))
            .count(conn)
            .await?;
        items.push(MySection {
            on_duty: on_duty(&staffed.posts, &staffed.absences, today).contains(&user),
            code: staffed.section.code,
            name: staffed.section.name,
            pending_review: pending,
        });
    }
    Ok(Json(MySections { items }))
}

/// A member or a deputy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostRequest {
    /// Somebody of the purchaser's business sections.
    user_id: Uuid,
    /// He stands in for a member who is away (B 角).
    #[serde(default)]
    deputy: bool,
    /// The first day; today when left out.
    from_day: Option<NaiveDate>,
    /// The last day; until further notice when left out.
    to_day: Option<NaiveDate>,
}

/// Days on which a member is away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AbsenceRequest {
    /// Who.
    user_id: Uuid,
    /// The first day.
    from_day: NaiveDate,
    /// The last day.
    to_day: NaiveDate,
}

/// The people of a section, all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Staffing {
    /// The version that was read.
    version: i64,
    /// Members and deputies.
    members: Vec<PostRequest>,
    /// Days on which one of them is away.
    #[serde(default)]
    absences: Vec<AbsenceRequest>,
}

/// Sets the members, deputies and absences of a section.
#[utoipa::path(
    put, path = "/api/v1/sections/{code}/members", tag = "sections",
    params(("code" = String, Path)),
    request_body = Staffing,
    responses((status = 200, body = SectionView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn put_members(
    actor: Actor<ManageSections>,
    State(app): State<App>,
    Path(code): Path<String>,
    Json(request): Json<Staffing>,
) -> Result<Json<SectionView>> {
    let today = today(app.clock.now());
    let members = request.members.into_iter().map(|member| Post {
        user_id: member.user_id,
        deputy: member.deputy,
        from_day: member.from_day.unwrap_or(today),
        to_day: member.to_day,
    });
    let posts: Vec<Post> = members.collect();
    let away = request.absences.into_iter().map(|away| Absence {
        user_id: away.user_id,
        from_day: away.from_day,
        to_day: away.to_day,
    });
    let absences: Vec<Absence> = away.collect();
    if posts.len() > MOST || absences.len() > MOST {
        return Err(invalid(
            "members",
            "too_many_members",
            "a section has at most 200 people and absences",
        ));
    }
    let backwards = |from: NaiveDate, to: Option<NaiveDate>| to.is_some_and(|to| to < from);
    if posts
        .iter()
        .any(|post| backwards(post.from_day, post.to_day))
    {
        return Err(invalid(
            "members",
            "days_backwards",
            "to_day is before from_day",
        ));
    }
    if absences.iter().any(|away| away.to_day < away.from_day) {
        return Err(invalid(
            "absences",
            "days_backwards",
            "to_day is before from_day",
        ));
    }
    let (db, done, who, staffed) = (app.db.clone(), app.clone(), actor.who(), code.clone());
    db.write(move |tx| async move {
        store::get(&*tx, &code).await?;
        for post in &posts {
            let holder =
                organization::colleagues::holder(&*tx, Role::PurchaserBusiness, post.user_id);
            if holder.await?.is_none() {
                return Err(invalid(
                    "members",
                    "not_of_a_section",
                    "only people of the purchaser's business sections can be members",
                ));
            }
        }
        let section = (code.as_str(), request.version);
        store::put_people(&app, &tx, &who, section, &posts, &absences).await
    })
    .await?;
    let conn = done.db.read();
    let staffed = store::get(conn, &staffed).await?;
    Ok(Json(view(conn, today, staffed).await?))
}
