#![doc = include_str!("../README.md")]

pub mod adherence;
pub mod attendance;
pub mod intraday;
pub mod leave;
pub mod overtime;
pub mod rights;
pub mod roster;
mod rules;
pub mod shift;
pub mod site;
pub mod site_log;
pub mod swap;
pub mod terms;
mod trail;
mod waiting;

use kernel::{App, Capability, Migration, migration};
use utoipa_axum::router::OpenApiRouter;

pub use adherence::hours::published as published_hours;
pub use attendance::Spell;
pub use attendance::chain::end as chain_end;
pub use attendance::period::{FrozenRecord, frozen, signatures};
pub use site::{Seat, Site};

use std::sync::Arc;

use site::Desk;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026120311_attendance"),
        migration!("2026120312_overtime"),
        migration!("2026120421_rosters"),
        migration!("2026120422_leave"),
        migration!("2026120431_floor"),
    ]
}

/// What the server mounts; `site` knows the posts and the floor.
pub fn capability(app: &App, site: Arc<dyn Site>) -> Capability {
    let desk = Desk {
        app: app.clone(),
        site,
    };
    let routes = OpenApiRouter::new()
        .merge(attendance::punch::routes(&desk))
        .merge(attendance::http::routes(&desk))
        .merge(attendance::correction::routes(app))
        .merge(attendance::verify::routes(app))
        .merge(overtime::http::routes(app))
        .merge(adherence::http::routes(&desk))
        .merge(intraday::http::routes(&desk))
        .merge(site_log::routes(app))
        .merge(roster::routes(app))
        .merge(leave::http::routes(app))
        .merge(leave::balance::routes(app))
        .merge(swap::http::routes(app))
        .merge(rules::routes(app));
    Capability {
        name: "workforce",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        jobs: vec![
            roster::draft::job(app),
            attendance::verify::job(app),
            intraday::load::job(app, &desk.site),
        ],
        waiting: waiting::kinds(app),
        ..Capability::default()
    }
}
