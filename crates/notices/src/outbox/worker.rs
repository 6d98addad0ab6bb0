//! Sends what is due: one worker for each way, so that a slow mail server holds up no SMS.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use kernel::Clock;
use kernel::metrics::{self, IntCounterVec};
use kernel::problem::{Result, internal};
use sea_orm::EntityTrait;
use serde_json::json;
use tokio::sync::Notify;

use super::{Outcome, Way, row};
use crate::notice::row as notice;
use crate::{Notices, address, words};

static ATTEMPTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    // outcome: sent, failed (to be tried again), dead
    let labels = &["way", "outcome"];
    metrics::counters(
        "shoujie_notice_deliveries_total",
        "Notices sent out",
        labels,
    )
});

/// Messages under way at the same time on one way.
const AT_ONCE: u64 = 8;
/// How long one message may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a claim holds: a batch at its slowest. A node that dies with one is late by as much.
const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// The longest sleep: on `PostgreSQL` another node may have written.
const LONGEST: TimeDelta = TimeDelta::seconds(5);
/// The pause after a problem, so that a database that is gone is not pressed.
const AFTER_PROBLEM: TimeDelta = TimeDelta::seconds(1);

pub(crate) async fn start(notices: &Notices) -> Result<()> {
    let app = &notices.app;
    let node = app.node.clone();
    let left = app
        .db
        .write(async move |tx| super::release(&*tx, &node).await)
        .await?;
    if left > 0 {
        tracing::info!(left, "notices taken up from a process that died");
    }
    let Notices { outbox, .. } = notices;
    if outbox.mailer.is_some() {
        let bell = outbox.wake.email.clone();
        app.tasks.spawn(work(notices.clone(), Way::Email, bell));
    }
    if outbox.gateway.is_some() {
        let bell = outbox.wake.sms.clone();
        app.tasks.spawn(work(notices.clone(), Way::Sms, bell));
    }
    Ok(())
}

async fn work(notices: Notices, way: Way, bell: Arc<Notify>) {
    let app = notices.app.clone();
    loop {
        let pause = match send_due(&notices, way).await {
            Ok(next) => {
                let longest = app.clock.now() + LONGEST;
                next.map_or(longest, |next| next.min(longest))
            }
            Err(problem) => {
                tracing::error!(way = way.as_str(), %problem, "notices wait");
                app.clock.now() + AFTER_PROBLEM
            }
        };
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = bell.notified() => {}
            () = app.clock.sleep_until(pause) => {}
        }
    }
}

/// Sends all that is due; answers when the next attempt is.
async fn send_due(notices: &Notices, way: Way) -> Result<Option<DateTime<Utc>>> {
    let app = &notices.app;
    while !app.shutdown.is_cancelled() {
        let now = app.clock.now();
        // Asking first spares the one writer of SQLite a commit for nothing.
        if !super::is_due(app.db.read(), way, now).await? {
            break;
        }
        let node = app.node.clone();
        let claimed = app
            .db
            .write(async move |tx| super::claim(&*tx, way, &node, (now, CLAIM), AT_ONCE).await)
            .await?;
        let attempts = claimed
            .into_iter()
            .map(|delivery| attempt(notices, delivery));
        for outcome in join_all(attempts).await {
            outcome?;
        }
    }
    // What another node holds is looked for again after a while, not at once.
    let soon = app.clock.now() + AFTER_PROBLEM;
    Ok(super::next(app.db.read(), way)
        .await?
        .map(|next| next.max(soon)))
}

async fn attempt(notices: &Notices, delivery: row::Model) -> Result<()> {
    let app = &notices.app;
    let way = super::way_of(&delivery)?;
    let told = notice::Entity::find_by_id(delivery.notice_id)
        .one(app.db.read())
        .await?
        .ok_or_else(|| internal(format!("delivery {} has lost its notice", delivery.id)))?;
    let sent = match Clock::guard(LIMIT, send(notices, way, &delivery, &told)).await {
        Ok(sent) => sent,
        Err(_elapsed) => Err(Failure::Again(format!("no answer within {LIMIT:?}"))),
    };
    let now = app.clock.now();
    let last = delivery.attempts >= notices.settings.attempts;
    let outcome = match sent {
        Ok(()) => Outcome::Sent,
        Err(Failure::Again(error)) if !last => Outcome::Failed {
            again_at: now + notices.settings.pause(delivery.attempts),
            error,
        },
        Err(Failure::Again(error) | Failure::Never(error)) => Outcome::Dead { error },
    };
    let (id, attempts) = (delivery.id, delivery.attempts);
    let word = match &outcome {
        Outcome::Sent => "sent",
        Outcome::Failed { error, .. } => {
            tracing::warn!(way = way.as_str(), %id, attempts, error, "a notice will be sent again");
            "failed"
        }
        Outcome::Dead { error } => {
            tracing::error!(way = way.as_str(), %id, attempts, error, "a notice is given up");
            "dead"
        }
    };
    ATTEMPTS.with_label_values(&[way.as_str(), word]).inc();
    let events = app.events.clone();
    app.db
        .write(async move |tx| {
            let sent = matches!(outcome, Outcome::Sent);
            let counts = super::finish(&*tx, &delivery, outcome, now).await?;
            if sent && counts {
                let facts = json!({ "notice_id": delivery.notice_id, "kind": delivery.kind, "way": delivery.way,
                    "user_id": delivery.user_id, "subject_kind": told.subject_kind, "subject_id": told.subject_id });
                events.publish(&tx, "notice.sent", delivery.id, facts).await?;
            }
            Ok(())
        })
        .await
}

/// Why a message did not leave; holds no address.
pub(crate) enum Failure {
    /// It may leave later.
    Again(String),
    /// It never will.
    Never(String),
}

async fn send(
    notices: &Notices,
    way: Way,
    delivery: &row::Model,
    told: &notice::Model,
) -> Result<(), Failure> {
    let conn = notices.app.db.read();
    let unreadable = |problem: kernel::Problem| Failure::Again(problem.to_string());
    let reached = address::of(conn, delivery.user_id)
        .await
        .map_err(unreadable)?;
    let number = words::number(&told.parameters);
    let message = Message {
        delivery,
        notice: told,
        sentence: words::sentence(&told.kind, number),
        number,
        now: notices.app.clock.now(),
    };
    let nowhere = || Failure::Never("the person gave no address".to_owned());
    let off = || Failure::Again("this way is switched off".to_owned());
    match way {
        Way::Console => Ok(()),
        Way::Email => {
            let to = reached
                .and_then(|reached| reached.email)
                .ok_or_else(nowhere)?;
            let mailer = notices.outbox.mailer.as_ref().ok_or_else(off)?;
            mailer.send(&to, &message).await
        }
        Way::Sms => {
            let to = reached
                .and_then(|reached| reached.mobile)
                .ok_or_else(nowhere)?;
            let gateway = notices.outbox.gateway.as_ref().ok_or_else(off)?;
            gateway.send(&to, &message).await
        }
    }
}

/// What leaves the house.
pub(crate) struct Message<'a> {
    pub delivery: &'a row::Model,
    pub notice: &'a notice::Model,
    /// The kind and the number in words.
    pub sentence: String,
    pub number: Option<&'a str>,
    pub now: DateTime<Utc>,
}
