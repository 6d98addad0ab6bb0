//! The rows of courses, their materials, sessions and attendance.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, invalid, refused};
use kernel::text::{checked, must_be_code, needed};
use kernel::{App, Tx, numbers, versioned};
use sea_orm::ActiveModelTrait as _;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use super::{AttendanceEntry, AttendanceState, SessionState};
use crate::rows;
use crate::sources::SourceArticle;

/// People of one session.
pub(crate) const MOST_PEOPLE: usize = 500;
/// Materials of one course.
pub(crate) const MOST_MATERIALS: usize = 100;

kernel::table! {
    /// A course.
    pub mod row = "courses" (id: Uuid) {
        number: String,
        title: String,
        matter_code: Option<String>,
        description: String,
        minutes: i32,
        state: String,
        created_by: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Something to learn from: a file, or a version of an article.
    pub mod material = "course_materials" (id: Uuid) {
        course_id: Uuid,
        kind: String,
        name: String,
        article_id: Option<Uuid>,
        article_n: Option<i32>,
        path: Option<String>,
        media_type: Option<String>,
        bytes: Option<i64>,
        sha256: Option<String>,
        by_id: Uuid,
        at: DateTimeUtc,
        removed_at: Option<DateTimeUtc>,
    }
}

kernel::table! {
    /// A time at which a course is taught.
    pub mod session = "training_sessions" (id: Uuid) {
        course_id: Uuid,
        course_title: String,
        state: String,
        starts_at: DateTimeUtc,
        minutes: i32,
        place: String,
        teacher_id: Uuid,
        note: String,
        closed_at: Option<DateTimeUtc>,
        created_by: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Whether one person came to a session, and how he did.
    pub mod attendance = "attendances" (session_id: Uuid, user_id: Uuid) {
        state: String,
        minutes: i32,
        result: String,
        percent: Option<i32>,
        recorded_by: Option<Uuid>,
        recorded_at: Option<DateTimeUtc>,
    }
}

use attendance::Column as Attendance;

kernel::versioned!(row, |course| format!("course `{}`", course.number));
kernel::versioned!(session, |session| format!(
    "the session of `{}`",
    session.course_title
));

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    rows::get::<row::Entity>(conn, id, "course").await
}

pub(crate) async fn session_of(conn: &impl ConnectionTrait, id: Uuid) -> Result<session::Model> {
    rows::get::<session::Entity>(conn, id, "training session").await
}

pub(crate) async fn materials(
    conn: &impl ConnectionTrait,
    course: Uuid,
) -> Result<Vec<material::Model>> {
    Ok(material::Entity::find()
        .filter(material::Column::CourseId.eq(course))
        .filter(material::Column::RemovedAt.is_null())
        .order_by_asc(material::Column::At)
        .order_by_asc(material::Column::Id)
        .limit(MOST_MATERIALS as u64)
        .all(conn)
        .await?)
}

pub(crate) async fn people(
    conn: &impl ConnectionTrait,
    session: Uuid,
) -> Result<Vec<attendance::Model>> {
    Ok(attendance::Entity::find()
        .filter(attendance::Column::SessionId.eq(session))
        .order_by_asc(attendance::Column::UserId)
        .all(conn)
        .await?)
}

/// A course as it is to be.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub title: String,
    pub matter: Option<String>,
    pub description: String,
    pub minutes: i32,
    pub state: String,
}

pub(crate) async fn put(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: Option<row::Model>,
    wish: Wish,
) -> Result<row::Model> {
    let (title, description) = (
        needed("title", &wish.title)?,
        checked("description", &wish.description)?,
    );
    if let Some(matter) = &wish.matter {
        must_be_code("matter", matter)?;
    }
    if !(1..=6_000).contains(&wish.minutes) {
        return Err(invalid("minutes", "minutes_invalid", "1 to 6,000"));
    }
    if !matches!(wish.state.as_str(), "active" | "retired") {
        return Err(invalid("state", "state_unknown", "active or retired"));
    }
    let now = app.clock.now();
    let course = if let Some(before) = before {
        let after = row::Model {
            title,
            matter_code: wish.matter,
            description,
            minutes: wish.minutes,
            state: wish.state,
            ..before.clone()
        };
        versioned::save(app, &**tx, &before, after).await?
    } else {
        let count = numbers::next_many(&**tx, "course".to_owned(), 1).await?;
        let course = row::Model {
            id: app.ids.next(),
            number: format!("KC{count:03}"),
            title,
            matter_code: wish.matter,
            description,
            minutes: wish.minutes,
            state: wish.state,
            created_by: who
                .user_id
                .ok_or_else(|| internal("a course has an author"))?,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        versioned::insert(&**tx, &course).await?;
        course
    };
    let details = json!({ "number": course.number, "title": course.title, "minutes": course.minutes, "state": course.state });
    audit::record(
        app,
        &**tx,
        who,
        "course.written",
        "course",
        course.id,
        details,
    )
    .await?;
    Ok(course)
}

/// A file that is kept already, or an article.
pub(crate) enum Source {
    File {
        name: String,
        path: String,
        media_type: String,
        bytes: i64,
        sha256: String,
    },
    Article(SourceArticle),
}

pub(crate) async fn add_material(
    app: &App,
    tx: &Tx,
    who: &Who,
    course: Uuid,
    source: Source,
) -> Result<material::Model> {
    get(&**tx, course).await?;
    let known = materials(&**tx, course).await?;
    if known.len() >= MOST_MATERIALS {
        return Err(refused(
            "too_many_materials",
            "a course has at most 100 materials",
        ));
    }
    let mut material = material::Model {
        id: app.ids.next(),
        course_id: course,
        kind: String::new(),
        name: String::new(),
        article_id: None,
        article_n: None,
        path: None,
        media_type: None,
        bytes: None,
        sha256: None,
        by_id: who
            .user_id
            .ok_or_else(|| internal("a material is added by somebody"))?,
        at: app.clock.now(),
        removed_at: None,
    };
    match source {
        Source::File {
            name,
            path,
            media_type,
            bytes,
            sha256,
        } => {
            material.kind = "file".to_owned();
            material.name = name;
            material.path = Some(path);
            material.media_type = Some(media_type);
            material.bytes = Some(bytes);
            material.sha256 = Some(sha256);
        }
        Source::Article(article) => {
            let there = |known: &material::Model| {
                known.article_id == Some(article.id) && known.article_n == Some(article.n)
            };
            if known.iter().any(there) {
                return Err(refused(
                    "material_there",
                    "this version is a material already",
                ));
            }
            material.kind = "article".to_owned();
            material.name = article.name;
            material.article_id = Some(article.id);
            material.article_n = Some(article.n);
        }
    }
    rows::add(&**tx, material.clone()).await?;
    let details =
        json!({ "kind": material.kind, "name": material.name, "sha256": material.sha256 });
    audit::record(
        app,
        &**tx,
        who,
        "course.material_added",
        "course",
        course,
        details,
    )
    .await?;
    Ok(material)
}

/// Takes a material away; what was taught from it keeps it.
pub(crate) async fn remove_material(
    app: &App,
    tx: &Tx,
    who: &Who,
    (course, id): (Uuid, Uuid),
) -> Result<()> {
    let material = rows::get::<material::Entity>(&**tx, id, "material").await?;
    if material.course_id != course || material.removed_at.is_some() {
        return Err(kernel::problem::not_found("material"));
    }
    let gone = material::Model {
        removed_at: Some(app.clock.now()),
        ..material
    };
    let details = json!({ "name": gone.name });
    material::Entity::update(gone.into_active_model().reset_all())
        .exec(&**tx)
        .await?;
    audit::record(
        app,
        &**tx,
        who,
        "course.material_removed",
        "course",
        course,
        details,
    )
    .await
}

/// A session as it is to be.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub starts_at: DateTime<Utc>,
    pub minutes: i32,
    pub place: String,
    pub teacher_id: Uuid,
    pub note: String,
    pub people: Vec<Uuid>,
}

fn fits(plan: &Plan, now: DateTime<Utc>) -> Result<()> {
    if !(5..=600).contains(&plan.minutes) {
        return Err(invalid("minutes", "minutes_invalid", "5 to 600"));
    }
    if (plan.starts_at - now).abs() > TimeDelta::days(400) {
        return Err(invalid("starts_at", "date_too_far", "within 400 days"));
    }
    if plan.people.len() > MOST_PEOPLE {
        return Err(invalid("people", "too_many_people", "at most 500"));
    }
    Ok(())
}

/// Plans a session, new or over the version that was read.
pub(crate) async fn plan(
    app: &App,
    tx: &Tx,
    who: &Who,
    (course, before): (Uuid, Option<session::Model>),
    plan: Plan,
) -> Result<session::Model> {
    let now = app.clock.now();
    fits(&plan, now)?;
    let named: BTreeSet<Uuid> = plan
        .people
        .iter()
        .copied()
        .chain([plan.teacher_id])
        .collect();
    let known = organization::colleagues(&**tx, named.iter().copied()).await?;
    if known.len() != named.len() {
        return Err(invalid(
            "people",
            "person_unknown",
            "somebody is nobody here",
        ));
    }
    let course = get(&**tx, course).await?;
    let (place, note) = (checked("place", &plan.place)?, checked("note", &plan.note)?);
    let session = if let Some(before) = before {
        if before.state != SessionState::Planned.as_str() {
            return Err(refused("session_over", "the session was held or cancelled"));
        }
        let after = session::Model {
            starts_at: plan.starts_at,
            minutes: plan.minutes,
            place,
            teacher_id: plan.teacher_id,
            note,
            ..before.clone()
        };
        versioned::save(app, &**tx, &before, after).await?
    } else {
        if course.state != "active" {
            return Err(refused(
                "course_retired",
                format!("course {} is retired", course.number),
            ));
        }
        let session = session::Model {
            id: app.ids.next(),
            course_id: course.id,
            course_title: course.title.clone(),
            state: SessionState::Planned.as_str().to_owned(),
            starts_at: plan.starts_at,
            minutes: plan.minutes,
            place,
            teacher_id: plan.teacher_id,
            note,
            closed_at: None,
            created_by: who
                .user_id
                .ok_or_else(|| internal("a session is planned by somebody"))?,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        versioned::insert(&**tx, &session).await?;
        session
    };
    let wanted: BTreeSet<Uuid> = plan.people.into_iter().collect();
    let there: BTreeSet<Uuid> = people(&**tx, session.id)
        .await?
        .iter()
        .map(|one| one.user_id)
        .collect();
    attendance::Entity::delete_many()
        .filter(attendance::Column::SessionId.eq(session.id))
        .filter(attendance::Column::UserId.is_not_in(wanted.iter().copied()))
        .exec(&**tx)
        .await?;
    let expected = |user: &Uuid| attendance::Model {
        session_id: session.id,
        user_id: *user,
        state: AttendanceState::Expected.as_str().to_owned(),
        minutes: 0,
        result: String::new(),
        percent: None,
        recorded_by: None,
        recorded_at: None,
    };
    rows::add_many(&**tx, wanted.difference(&there).map(expected).collect()).await?;
    let details = json!({ "course": course.number, "starts_at": session.starts_at, "minutes": session.minutes, "people": wanted });
    audit::record(
        app,
        &**tx,
        who,
        "training.planned",
        "training_session",
        session.id,
        details.clone(),
    )
    .await?;
    let told = json!({ "id": session.id, "number": course.number, "course": course.title, "starts_at": session.starts_at,
        "people": wanted, "by": who.user_id });
    app.events
        .publish(tx, "learning.training_planned", session.id, told)
        .await?;
    Ok(session)
}

/// Calls a session off.
pub(crate) async fn cancel(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: session::Model,
    reason: &str,
) -> Result<session::Model> {
    if before.state != SessionState::Planned.as_str() {
        return Err(refused("session_over", "the session was held or cancelled"));
    }
    let reason = needed("reason", reason)?;
    let state = SessionState::Cancelled.as_str().to_owned();
    let after = session::Model {
        state,
        note: reason.clone(),
        closed_at: Some(app.clock.now()),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    audit::record(
        app,
        &**tx,
        who,
        "training.cancelled",
        "training_session",
        after.id,
        json!({ "reason": reason }),
    )
    .await?;
    let course = get(&**tx, after.course_id).await?;
    let expected = people(&**tx, after.id).await?;
    let expected: Vec<Uuid> = expected.iter().map(|one| one.user_id).collect();
    let told = json!({ "id": after.id, "number": course.number, "course": after.course_title, "starts_at": after.starts_at,
        "people": expected, "by": who.user_id });
    app.events
        .publish(tx, "learning.training_cancelled", after.id, told)
        .await?;
    Ok(after)
}

/// Records who came and how he did. The session is held with it; what is recorded anew after that needs a reason.
pub(crate) async fn attend(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: session::Model,
    (entries, reason): (Vec<AttendanceEntry>, Option<String>),
) -> Result<session::Model> {
    let now = app.clock.now();
    if before.state == SessionState::Cancelled.as_str() {
        return Err(refused("session_over", "the session was cancelled"));
    }
    if before.starts_at > now {
        return Err(refused("session_ahead", "the session has not begun"));
    }
    let again = before.state == SessionState::Held.as_str();
    let reason = reason
        .map(|reason| checked("reason", &reason))
        .transpose()?
        .unwrap_or_default();
    if again && reason.is_empty() {
        return Err(invalid(
            "reason",
            "text_missing",
            "what was recorded changes with a reason only",
        ));
    }
    if entries.len() > MOST_PEOPLE {
        return Err(invalid("people", "too_many_people", "at most 500"));
    }
    let named: BTreeSet<Uuid> = entries.iter().map(|entry| entry.user_id).collect();
    let known = organization::colleagues(&**tx, named.iter().copied()).await?;
    if known.len() != entries.len() {
        return Err(invalid(
            "people",
            "person_unknown",
            "somebody is nobody here, or named twice",
        ));
    }
    for entry in &entries {
        let row = attendance::Model {
            session_id: before.id,
            user_id: entry.user_id,
            state: entry.state.as_str().to_owned(),
            minutes: entry.counted(before.minutes)?,
            result: checked("result", &entry.result)?,
            percent: entry.percent,
            recorded_by: who.user_id,
            recorded_at: Some(now),
        };
        let anew = OnConflict::columns([Attendance::SessionId, Attendance::UserId])
            .update_columns([
                Attendance::State,
                Attendance::Minutes,
                Attendance::Result,
                Attendance::Percent,
                Attendance::RecordedBy,
                Attendance::RecordedAt,
            ])
            .to_owned();
        attendance::Entity::insert(row.into_active_model().reset_all())
            .on_conflict(anew)
            .exec_without_returning(&**tx)
            .await?;
    }
    let after = session::Model {
        state: SessionState::Held.as_str().to_owned(),
        closed_at: before.closed_at.or(Some(now)),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    let details = json!({ "people": entries, "reason": reason, "again": again });
    audit::record(
        app,
        &**tx,
        who,
        "training.recorded",
        "training_session",
        after.id,
        details,
    )
    .await?;
    let came = entries
        .iter()
        .filter(|entry| entry.state == AttendanceState::Attended);
    let attended: Vec<Uuid> = came.map(|entry| entry.user_id).collect();
    let told = json!({ "id": after.id, "course": after.course_title, "attended": attended, "by": who.user_id });
    app.events
        .publish(tx, "learning.training_held", after.id, told)
        .await?;
    Ok(after)
}
