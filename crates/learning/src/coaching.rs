//! A coaching (辅导) that another capability asks for: a session of the course of this name, which is made with the first.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::course::store::{self, Plan, Wish, row};

/// A coaching to be planned.
#[derive(Debug, Clone)]
pub struct Coaching {
    /// What the course is called: `质检辅导`.
    pub course: String,
    /// Who is coached.
    pub person: Uuid,
    /// Who teaches.
    pub teacher: Uuid,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// How long it lasts: 5 to 600 minutes.
    pub minutes: i32,
    /// Where.
    pub place: String,
    /// What for; whom it is about reads it.
    pub note: String,
}

/// Plans it; answers the id of the session. What becomes of it is told by `learning.training_held`, with the ids of who
/// `attended`, and `learning.training_cancelled`.
///
/// # Errors
/// As a session of a course is refused.
pub async fn plan(app: &App, tx: &Tx, who: &Who, wanted: Coaching) -> Result<Uuid> {
    let there = row::Entity::find()
        .filter(row::Column::Title.eq(&wanted.course))
        .filter(row::Column::State.eq("active"))
        .order_by_asc(row::Column::CreatedAt)
        .one(&**tx)
        .await?;
    let course = if let Some(course) = there {
        course
    } else {
        let wish = Wish {
            title: wanted.course,
            matter: None,
            description: String::new(),
            minutes: wanted.minutes,
            state: "active".to_owned(),
        };
        store::put(app, tx, who, None, wish).await?
    };
    let plan = Plan {
        starts_at: wanted.starts_at,
        minutes: wanted.minutes,
        place: wanted.place,
        teacher_id: wanted.teacher,
        note: wanted.note,
        people: vec![wanted.person],
    };
    let session = store::plan(app, tx, who, (course.id, None), plan).await?;
    Ok(session.id)
}
