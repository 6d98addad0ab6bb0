#![doc = include_str!("../README.md")]

pub mod agreed;
pub mod calibration;
pub mod card;
pub mod corrective;
pub mod evaluation;
mod evidence;
mod forget;
mod house;
pub mod recording;
pub mod rights;
mod rules;
pub mod sampling;
mod side;
mod trail;
pub mod transcript;
mod waiting;

use std::sync::Arc;

use kernel::{App, Capability, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;

pub use card::FatalKind;
pub use evaluation::figures::{Checks, QualityCheck, QualitySum, checks, checks_of, sums};
pub use forget::FORGETS;
pub use house::{Coaching, Contact, Contacts, CorrectiveOrigin, NewCoaching, Spoken};
pub use transcript::settings::TranscriptSettings;

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112721_transcripts"),
        migration!("2026120511_quality"),
        migration!("2026120512_prepared_quality"),
        migration!("2026120561_draws_and_terms"),
        migration!("2026120562_voids"),
        migration!("2026120563_given_to"),
    ]
}

/// Brings the prepared score card (domain §B.4) where there is none.
pub async fn prepare(app: &App) -> kernel::Result<()> {
    card::store::prepare(app).await
}

/// What other capabilities answer.
#[derive(Clone)]
pub struct Ports {
    /// Knows what was said and done.
    pub contacts: Arc<dyn Contacts>,
    /// Teaches.
    pub coaching: Arc<dyn Coaching>,
    /// The service that writes down what was said, where one is connected.
    pub transcripts: Option<TranscriptSettings>,
}

/// What the handlers stand on.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) contacts: Arc<dyn Contacts>,
    pub(crate) coaching: Arc<dyn Coaching>,
    /// The service that writes down what was said, where one is connected.
    pub(crate) transcripts: Option<TranscriptSettings>,
}

/// What the server mounts.
pub fn capability(app: &App, ports: Ports) -> Capability {
    let desk = Desk {
        app: app.clone(),
        contacts: ports.contacts,
        coaching: ports.coaching,
        transcripts: ports.transcripts,
    };
    let mut jobs = vec![sampling::job::job(&desk), recording::job::job(&desk)];
    jobs.extend(transcript::job::job(&desk));
    let routes = OpenApiRouter::new()
        .merge(card::http::routes(app))
        .merge(sampling::http::routes(&desk))
        .merge(evaluation::http::routes(&desk))
        .merge(evaluation::steps::routes(&desk))
        .merge(recording::http::routes(app))
        .merge(transcript::http::routes(&desk))
        .merge(calibration::http::routes(app))
        .merge(corrective::http::routes(&desk))
        .merge(corrective::steps::routes(&desk))
        .merge(evaluation::stand::routes(app))
        .merge(rules::routes(app));
    Capability {
        name: "quality",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![
            timer::start::<evaluation::alarm::Evaluations>(app),
            timer::start::<corrective::store::CorrectiveActions>(app),
            recording::job::on_recorded(app),
            transcript::store::on_removed(app),
            corrective::store::on_coached(app),
        ],
        jobs,
        waiting: waiting::kinds(app),
        evidence: evidence::kinds(app),
    }
}
