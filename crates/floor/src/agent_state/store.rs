//! Rows: sessions of agents, the history of their states, their skills.

use std::collections::BTreeMap;

use acd::AgentId;
use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _, QueryFilter, Set};
use uuid::Uuid;

kernel::table! {
    /// A session of an agent on the floor: from signing in to signing out.
    pub mod session_row = "agent_sessions" (id: Uuid) {
        agent_id: Uuid,
        began_at: DateTimeUtc,
        ended_at: Option<DateTimeUtc>,
        state: String,
        presence: String,
        reason: Option<String>,
        work_id: Option<Uuid>,
        queue: Option<String>,
        wrap_up_ends_at: Option<DateTimeUtc>,
        wrap_up_extensions: i32,
        changed_at: DateTimeUtc,
    }
}

kernel::table! {
    /// One change of an agent's state; append-only.
    pub mod change_row = "agent_state_changes" (id: Uuid) {
        agent_id: Uuid,
        session_id: Option<Uuid>,
        at: DateTimeUtc,
        from_state: String,
        to_state: String,
        reason: Option<String>,
        work_id: Option<Uuid>,
        by_kind: String,
        by_id: Option<Uuid>,
    }
}

kernel::table! {
    mod skill_row = "agent_skills" (agent_id: Uuid, skill: String) {
        proficiency: i32,
    }
}

pub use change_row::Model as Change;
pub use session_row::Model as SessionRow;

/// Skill code → proficiency.
pub type Skills = BTreeMap<String, u32>;

/// Appends a change; again is nothing.
pub async fn insert_change(conn: &impl ConnectionTrait, change: Change) -> Result<()> {
    change_row::Entity::insert(change.into_active_model())
        .on_conflict(
            OnConflict::column(change_row::Column::Id)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Takes back a change that was no more than a trial.
pub(crate) async fn delete_change(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    change_row::Entity::delete_by_id(id).exec(conn).await?;
    Ok(())
}

/// Writes a session as it stands.
pub async fn put_session(conn: &impl ConnectionTrait, session: SessionRow) -> Result<()> {
    use session_row::Column as C;
    let changed = [
        C::EndedAt,
        C::State,
        C::Presence,
        C::Reason,
        C::WorkId,
        C::Queue,
        C::WrapUpEndsAt,
        C::WrapUpExtensions,
        C::ChangedAt,
    ];
    session_row::Entity::insert(session.into_active_model())
        .on_conflict(OnConflict::column(C::Id).update_columns(changed).to_owned())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Sessions nobody signed out of.
pub async fn open_sessions(conn: &impl ConnectionTrait) -> Result<Vec<SessionRow>> {
    Ok(session_row::Entity::find()
        .filter(session_row::Column::EndedAt.is_null())
        .all(conn)
        .await?)
}

/// Sessions of anybody that lasted at some time between the two.
pub async fn sessions_between(
    conn: &impl ConnectionTrait,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<SessionRow>> {
    use sea_orm::{Condition, QueryOrder as _};
    let lasted = Condition::any()
        .add(session_row::Column::EndedAt.is_null())
        .add(session_row::Column::EndedAt.gte(from));
    Ok(session_row::Entity::find()
        .filter(session_row::Column::BeganAt.lte(to))
        .filter(lasted)
        .order_by_asc(session_row::Column::BeganAt)
        .all(conn)
        .await?)
}

/// Changes of one period that are read at once: some ten of one person and day.
const MOST_CHANGES: u64 = 50_000;

/// Changes of anybody between the two from or to a state that he chose or was given, each person's in their order; what
/// calls brought about is left out.
pub async fn chosen_between(
    conn: &impl ConnectionTrait,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Change>> {
    use sea_orm::{Condition, QueryOrder as _, QuerySelect as _};
    let chosen = ["signed_out", "break", "meeting", "training"];
    let either = Condition::any()
        .add(change_row::Column::FromState.is_in(chosen))
        .add(change_row::Column::ToState.is_in(chosen));
    Ok(change_row::Entity::find()
        .filter(change_row::Column::At.between(from, to))
        .filter(either)
        .order_by_asc(change_row::Column::AgentId)
        .order_by_asc(change_row::Column::At)
        .order_by_asc(change_row::Column::Id)
        .limit(MOST_CHANGES)
        .all(conn)
        .await?)
}

/// The skills of everybody who has one.
pub async fn all_skills(conn: &impl ConnectionTrait) -> Result<BTreeMap<AgentId, Skills>> {
    let mut skills: BTreeMap<AgentId, Skills> = BTreeMap::new();
    for row in skill_row::Entity::find().all(conn).await? {
        let proficiency = u32::try_from(row.proficiency).unwrap_or_default();
        skills
            .entry(row.agent_id)
            .or_default()
            .insert(row.skill, proficiency);
    }
    Ok(skills)
}

/// The skills of one agent.
pub async fn skills_of(conn: &impl ConnectionTrait, agent: AgentId) -> Result<Skills> {
    let rows = skill_row::Entity::find()
        .filter(skill_row::Column::AgentId.eq(agent))
        .all(conn)
        .await?;
    let skills = rows.into_iter();
    Ok(skills
        .map(|row| {
            (
                row.skill,
                u32::try_from(row.proficiency).unwrap_or_default(),
            )
        })
        .collect())
}

/// Replaces the skills of an agent.
pub async fn put_skills(
    conn: &impl ConnectionTrait,
    agent: AgentId,
    skills: &Skills,
) -> Result<()> {
    skill_row::Entity::delete_many()
        .filter(skill_row::Column::AgentId.eq(agent))
        .exec(conn)
        .await?;
    let rows: Vec<_> = skills
        .iter()
        .map(|(skill, proficiency)| skill_row::ActiveModel {
            agent_id: Set(agent),
            skill: Set(skill.clone()),
            proficiency: Set(i32::try_from(*proficiency).unwrap_or(i32::MAX)),
        })
        .collect();
    if !rows.is_empty() {
        skill_row::Entity::insert_many(rows)
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

/// A change at `at`; who brought it about is filled in by `by`.
#[derive(Debug, Clone)]
pub struct By {
    /// `agent`, `lead`, `work` or `system`.
    pub kind: &'static str,
    /// The user, where it was one.
    pub id: Option<Uuid>,
}

impl By {
    /// How the rows name who brought a change about.
    pub fn of(by: acd::By, agent: AgentId) -> Self {
        match by {
            acd::By::Agent => Self {
                kind: "agent",
                id: Some(agent),
            },
            acd::By::Lead(lead) => Self {
                kind: "lead",
                id: Some(lead),
            },
            acd::By::Work => Self {
                kind: "work",
                id: None,
            },
            acd::By::System => Self {
                kind: "system",
                id: None,
            },
        }
    }
}

/// The history of an agent since `from`, the oldest first.
pub async fn history(
    conn: &impl ConnectionTrait,
    agent: AgentId,
    from: DateTime<Utc>,
) -> Result<Vec<Change>> {
    use sea_orm::QueryOrder as _;
    let rows = change_row::Entity::find()
        .filter(change_row::Column::AgentId.eq(agent))
        .filter(change_row::Column::At.gte(from))
        .order_by_asc(change_row::Column::At)
        .order_by_asc(change_row::Column::Id)
        .all(conn)
        .await?;
    Ok(rows)
}
