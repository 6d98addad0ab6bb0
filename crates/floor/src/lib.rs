#![doc = include_str!("../README.md")]

pub mod agent_state;
pub mod board;
pub mod callback;
pub mod day;
pub mod elsewhere;
mod evidence;
mod handle;
mod journal;
mod medium;
pub mod queue;
mod task;
pub mod words;
pub mod work_item;

use kernel::{Capability, Event, EventHandler, Migration, migration};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub use acd::{AgentState, PassTo, Presence};
pub use board::Position;
pub use elsewhere::Past;
pub use handle::{AgentCard, Directory, Floor, WorkGate, WrapUpGate};
pub use medium::{AgentId, Declined, DeviceKind, MediaKind, Medium, Work, WorkId};
pub use queue::{AfterClosing, DEFAULT_QUEUE};

kernel::permissions! {
    /// Take calls and chats: one's own state, wrap-up.
    pub TakeWork = "floor:work" { Agent: Own }
    /// See the live floor: queues, agents, who waits.
    pub ViewFloor = "floor:view" { ShiftLead: All, OpsManager: All, Quality: All, PurchaserAdmin: All }
    /// Set the state of an agent.
    pub ForceState = "floor:force" { ShiftLead: All, OpsManager: All }
    /// See the wallboard.
    pub ViewWallboard = "wallboard:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// See queues and their rules.
    pub ViewQueues = "queues:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, Counterpart: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Make queues and change their rules.
    pub EditQueues = "queues:edit" { ShiftLead: All, OpsManager: All }
    /// Change the skills of agents, and so the queues they serve.
    pub EditSkills = "agent_skills:edit" { ShiftLead: All, OpsManager: All }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112313_floor"),
        migration!("2026112640_work_parts"),
        migration!("2026112641_queue_rules"),
        migration!("2026112696_queue_closing"),
    ]
}

/// What the server mounts.
pub fn capability(floor: &Floor) -> Capability {
    let routes = OpenApiRouter::new()
        .routes(routes!(agent_state::http::show, agent_state::http::ask))
        .routes(routes!(agent_state::http::end_wrap_up))
        .routes(routes!(agent_state::http::extend_wrap_up))
        .routes(routes!(agent_state::http::force))
        .routes(routes!(
            agent_state::http::show_skills,
            agent_state::http::put_skills
        ))
        .routes(routes!(board::http::floor))
        .routes(routes!(board::http::wallboard))
        .routes(routes!(queue::http::list))
        .routes(routes!(queue::http::put))
        .with_state(floor.clone());
    let (sessions, users) = (floor.clone(), floor.clone());
    Capability {
        name: "floor",
        migrations: migrations(),
        permissions: permissions(),
        routes,
        event_handlers: vec![
            EventHandler::new(
                "floor.sign_out_with_session",
                &["session.ended"],
                move |event| {
                    let floor = sessions.clone();
                    async move {
                        match user_of(&event) {
                            Some(user) => floor.session_ended(user).await,
                            None => Ok(()),
                        }
                    }
                },
            ),
            EventHandler::new(
                "floor.refresh_agent",
                &["user.created", "user.changed", "user.roles_changed"],
                move |event| {
                    let floor = users.clone();
                    async move {
                        match user_of(&event) {
                            Some(user) => floor.refresh(user).await.map(|_| ()),
                            None => Ok(()),
                        }
                    }
                },
            ),
        ],
        evidence: evidence::kinds(&floor.inner.app),
        ..Capability::default()
    }
}

/// The user an event is about: `user_id` of its payload, or its subject.
fn user_of(event: &Event) -> Option<Uuid> {
    let named = event.payload.get("user_id").and_then(|id| id.as_str());
    named.unwrap_or(&event.subject_id).parse().ok()
}
