#![doc = include_str!("../README.md")]

pub mod agreed;
pub mod demand;
pub mod demo;
mod evidence;
mod fee;
mod gate;
pub mod leak;
mod learned;
pub mod post;
pub mod qualification;
pub mod replacement;
pub mod rights;
mod rules;
mod settled;
pub mod staff;
pub mod trail;
pub mod transition;
pub mod wage;
mod waiting;
pub mod warning;

use std::sync::Arc;

use chrono::NaiveDate;
use kernel::{App, Capability, Migration, Principal, Result, Side, migration, timer};
use sea_orm::ConnectionTrait;
use utoipa_axum::router::OpenApiRouter;

pub use gate::{may_be_active, may_take_work};
pub use learned::{Learned, certified, failed_finally, revoked, typing_passed};
pub use post::http::HeadcountDay;
pub use post::store::HeldPost;
pub use replacement::handover::{OpenTicket, OpenTickets};
pub use settled::{PayLacks, foreign_employers, pay_lacks};
pub use wage::facts::{Lack, WageLack, WageReadiness, ready as wages_ready};

use replacement::http::Office;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112701_personnel"),
        migration!("2026112702_replacements"),
        migration!("2026120101_wages"),
        migration!("2026120203_leaks"),
        migration!("2026120301_leak_checks"),
        migration!("2026120303_latest_proofs"),
    ]
}

/// Records the laws that ship where they have no row yet; before serving.
pub async fn prepare(app: &App) -> Result<()> {
    wage::law::ship(app).await
}

/// What the server mounts; `tickets` knows the open tickets of who leaves.
pub fn capability(app: &App, tickets: Arc<dyn OpenTickets>) -> Capability {
    let office = Office {
        app: app.clone(),
        tickets,
    };
    let routes = OpenApiRouter::new()
        .merge(staff::http::routes(app))
        .merge(staff::evidence::routes(app))
        .merge(staff::file::routes(app))
        .merge(staff::verbs::routes(app))
        .merge(post::http::routes(app))
        .merge(replacement::http::routes(&office))
        .merge(replacement::verbs::routes(&office))
        .merge(replacement::handover::routes(&office))
        .merge(demand::http::routes(app))
        .merge(transition::http::routes(app))
        .merge(transition::verbs::routes(app))
        .merge(fee::routes(app))
        .merge(wage::month::routes(app))
        .merge(wage::entry::routes(app))
        .merge(wage::people::routes(app))
        .merge(wage::proof::routes(app))
        .merge(wage::import::routes(app))
        .merge(wage::quotation::routes(app))
        .merge(leak::http::routes(app))
        .merge(leak::package::routes(app))
        .merge(rules::routes(app));
    Capability {
        name: "personnel",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![
            timer::start::<replacement::store::Replacements>(app),
            timer::start::<demand::store::Demands>(app),
            wage::alert::on_parameter(app),
            timer::start::<leak::store::Leaks>(app),
        ],
        jobs: vec![
            warning::job(app),
            wage::alert::job(app),
            leak::package::job(app),
            leak::package::check_job(app),
        ],
        waiting: waiting::kinds(app),
        evidence: evidence::kinds(app),
    }
}

/// How many posts were to be held and were held, day by day; for who settles by attendance.
pub async fn headcount(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<HeadcountDay>> {
    post::http::counted(conn, from, to).await
}

/// The posts that are to be held on a day with who holds each; for who counts attendance.
pub async fn posts_on(conn: &impl ConnectionTrait, day: NaiveDate) -> Result<Vec<HeldPost>> {
    post::store::on_day(conn, day).await
}

/// He stands on the purchaser's side.
pub(crate) fn of_purchaser(principal: &Principal) -> bool {
    principal
        .roles
        .iter()
        .any(|role| role.side() == Side::Purchaser)
}
