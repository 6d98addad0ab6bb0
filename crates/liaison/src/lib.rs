#![doc = include_str!("../README.md")]

pub mod agreed;
pub mod change;
pub mod check;
pub mod continuity;
pub mod contract;
pub mod demo;
mod evidence;
pub mod files;
mod forget;
pub mod inspection;
pub mod letter;
pub mod meeting;
pub mod paper;
pub mod person;
pub mod rectification;
pub mod regulation;
pub mod rights;
mod rules;
mod side;
pub mod special_task;
pub mod supply;
pub mod team;
pub mod todo;
mod trail;
pub mod urgent;
mod waiting;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use change::http::{ScriptChange, ScriptChanges};
pub use forget::FORGETS;
pub use paper::{Frozen, Html};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112901_letters"),
        migration!("2026112902_liaison_persons"),
        migration!("2026112903_site_changes"),
        migration!("2026112904_supervision"),
        migration!("2026112905_team_meetings"),
        migration!("2026112906_services"),
        migration!("2026112907_continuity"),
        migration!("2026120304_latest_dealings"),
    ]
}

/// What the server mounts; `scripts` knows the changes of answers, `frozen` makes files of documents.
pub fn capability(
    app: &App,
    scripts: Arc<dyn ScriptChanges>,
    frozen: Arc<dyn Frozen>,
) -> Capability {
    let routes = routes(app, scripts, frozen);
    Capability {
        name: "liaison",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![
            timer::start::<letter::store::Letters>(app),
            timer::start::<urgent::store::UrgentNotices>(app),
            timer::start::<change::store::SiteChanges>(app),
            timer::start::<rectification::store::Rectifications>(app),
            timer::start::<regulation::store::Readings>(app),
            timer::start::<meeting::store::MeetingActions>(app),
            urgent::store::on_sent(app),
        ],
        waiting: waiting::kinds(app),
        evidence: evidence::kinds(app),
        jobs: vec![check::store::job(app), continuity::store::job(app)],
    }
}

fn routes(app: &App, scripts: Arc<dyn ScriptChanges>, frozen: Arc<dyn Frozen>) -> OpenApiRouter {
    let letters = letter::http::Office {
        app: app.clone(),
        frozen,
    };
    let changes = change::http::Desk {
        app: app.clone(),
        scripts,
    };
    OpenApiRouter::new()
        .merge(letter::http::routes(&letters))
        .merge(letter::verbs::routes(&letters))
        .merge(person::http::routes(app))
        .merge(urgent::http::routes(app))
        .merge(change::http::routes(&changes))
        .merge(inspection::http::routes(app))
        .merge(rectification::http::routes(app))
        .merge(regulation::http::routes(app))
        .merge(team::http::routes(app))
        .merge(meeting::http::routes(app))
        .merge(special_task::http::routes(app))
        .merge(supply::http::routes(app))
        .merge(check::http::routes(app))
        .merge(contract::http::routes(app))
        .merge(continuity::http::routes(app))
        .merge(continuity::paper::routes(&letters))
        .merge(files::routes(app))
        .merge(todo::routes(app))
        .merge(rules::routes(app))
}
