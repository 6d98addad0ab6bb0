//! A work order (平台工单): a ticket that a platform sent, with what the platform said of it (domain C.6).
//!
//! It lives the life of a ticket; here stand the platforms, the way in from their files and from their API,
//! and the way back.

pub mod columns;
pub mod dispatch;
mod export;
pub mod http;
mod import;
mod intake;
pub(crate) mod interpret;
pub mod link;
mod merge;
pub(crate) mod platform;
mod store;

pub(crate) use store::numbered;

use std::time::Duration;

use kernel::jobs::Schedule;
use kernel::{App, EventHandler, JobDef};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

kernel::permissions! {
    /// See the work orders of platforms.
    pub ViewWorkOrders = "work_orders:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Bring work orders in from a file.
    pub ImportWorkOrders = "work_orders:import" { ShiftLead: All, OpsManager: All }
    /// Take work orders out as a file.
    pub ExportWorkOrders = "work_orders:export" { ShiftLead: All, OpsManager: All, PurchaserAdmin: All }
    /// See the platforms, their columns and words.
    pub ViewPlatforms = "platforms:view" {
        Agent: All, ShiftLead: All, OpsManager: All, PurchaserAdmin: All, PurchaserBusiness: All, SysAdmin: All,
    }
    /// Set up platforms: their columns, their words, whether they are in use.
    pub ManagePlatforms = "platforms:manage" { OpsManager: All, SysAdmin: All }
}

/// The routes of work orders and platforms.
pub(crate) fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(http::list))
        .routes(routes!(http::get))
        .routes(routes!(export::export))
        .routes(routes!(merge::merge))
        .routes(routes!(platform::list))
        .routes(routes!(platform::get, platform::put))
        .routes(routes!(link::inbox::receive))
        .with_state(app.clone())
        .merge(intake::routes(app))
}

/// What the linked platform is told.
pub(crate) fn event_handler(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new("tickets.tell_platform", link::push::KINDS, move |event| {
        link::push::tell(app.clone(), event)
    })
}

/// What is done for the linked platform in its own time.
pub(crate) fn jobs(app: &App) -> Vec<JobDef> {
    // A setting that cannot be read is told when the link is used.
    let minutes: u64 = app.config.get("platform_link.pull_minutes").unwrap_or(5);
    let (pulls, forgets) = (app.clone(), app.clone());
    vec![
        JobDef::new(
            "tickets.pull_platform",
            Schedule::Every(Duration::from_mins(minutes.max(1))),
            move |_| link::pull::pull(pulls.clone()),
        ),
        JobDef::daily("tickets.forget_nonces", 3, 40, move || {
            link::inbox::forget(forgets.clone())
        }),
    ]
}
