//! Measures a recording once its call is over.

use kernel::problem::Result;
use kernel::{App, Event, EventHandler, JobDef};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store;
use crate::Desk;

const NAME: &str = "quality.measure_recording";

/// Puts a closed recording in the queue.
pub(crate) fn on_recorded(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "quality.recorded",
        &["call.recorded"],
        move |event: Event| {
            let app = app.clone();
            async move {
                let payload = json!({ "call": event.subject_id });
                let (db, now) = (app.db.clone(), app.clock.now());
                db.write(move |tx| async move {
                    app.jobs.enqueue(&tx, NAME, payload, now).await?;
                    Ok(())
                })
                .await
            }
        },
    )
}

/// The job.
pub(crate) fn job(desk: &Desk) -> JobDef {
    let desk = desk.clone();
    JobDef::on_demand(NAME, move |payload| {
        let desk = desk.clone();
        async move { measure(&desk, &payload).await }
    })
}

async fn measure(desk: &Desk, payload: &Value) -> Result<()> {
    let call = payload["call"].as_str();
    let Some(call) = call.and_then(|id| id.parse::<Uuid>().ok()) else {
        return Ok(());
    };
    // One that is gone already was heard by nobody.
    let Some(signals) = desk.contacts.measure(call).await? else {
        return Ok(());
    };
    let app = desk.app.clone();
    let work = move |tx| async move { store::keep(&app, &tx, call, &signals).await };
    desk.app.db.write(work).await
}
