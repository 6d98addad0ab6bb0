//! What learning tells of a person goes into his staff file: certificate, typing test, the last failed try.

use calendar::SHANGHAI;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, Event, EventHandler, Tx};
use personnel::Learned;
use serde::Deserialize;
use uuid::Uuid;

/// A certificate, as `learning.certificate_issued` and `learning.certificate_revoked` tell of it.
#[derive(Deserialize)]
struct Certificate {
    number: String,
    valid_until: Option<chrono::NaiveDate>,
    points: Option<i64>,
    total: Option<i64>,
    reason: Option<String>,
}

/// A typing test, as `learning.typing_passed` tells of it.
#[derive(Deserialize)]
struct Typed {
    correct: i64,
    minutes: i64,
}

/// A try of an exam.
#[derive(Deserialize)]
struct Tried {
    purpose: String,
}

fn read<T: serde::de::DeserializeOwned>(event: &Event) -> Result<T> {
    T::deserialize(&event.payload).map_err(internal)
}

/// Hears learning and writes into the staff files.
pub fn into_staff_files(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "server.learned",
        &[
            "learning.certificate_issued",
            "learning.certificate_revoked",
            "learning.typing_passed",
            "learning.exam_failed_finally",
        ],
        move |event| {
            let app = app.clone();
            async move { write_down(&app, event).await }
        },
    )
}

async fn write_down(app: &App, event: Event) -> Result<()> {
    let user = event.payload["user_id"].as_str();
    let Some(user) = user.and_then(|id| id.parse::<Uuid>().ok()) else {
        return Ok(());
    };
    let learned = Learned {
        user,
        event: event.id,
        on: event.occurred_at.with_timezone(&SHANGHAI).date_naive(),
    };
    let app = app.clone();
    let db = app.db.clone();
    db.write(move |tx| async move { into_the_file(&app, &tx, &event, &learned).await })
        .await
}

async fn into_the_file(app: &App, tx: &Tx, event: &Event, learned: &Learned) -> Result<()> {
    let who = Who::system("learning");
    match event.kind.as_str() {
        "learning.certificate_issued" => {
            let issued: Certificate = read(event)?;
            // Equivalence compares hundredths of what could be reached, whatever the paper's points.
            let score = issued.points.zip(issued.total.filter(|total| *total > 0));
            let score = score.map(|(points, total)| points * 100 / total);
            let what = (issued.number.as_str(), issued.valid_until, score);
            personnel::certified(app, tx, &who, learned, what).await
        }
        "learning.certificate_revoked" => {
            let revoked: Certificate = read(event)?;
            let reason = revoked.reason.unwrap_or_default();
            let what = (revoked.number.as_str(), reason.as_str());
            personnel::revoked(app, tx, &who, learned.user, what).await
        }
        "learning.typing_passed" => {
            let typed: Typed = read(event)?;
            let figures = (typed.correct, typed.minutes * 60);
            personnel::typing_passed(app, tx, &who, learned, figures).await
        }
        // A course's test replaces nobody (A-52 speaks of the qualification).
        "learning.exam_failed_finally" if read::<Tried>(event)?.purpose == "qualification" => {
            personnel::failed_finally(app, tx, &who, learned).await
        }
        _ => Ok(()),
    }
}
