//! Conversations at the floor: offered like calls, rung at the agents' screens, given back when nobody is there.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use floor::{AgentId, Medium, Work, WorkId};
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::versioned;
use kernel::{App, Tx};
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Channels;
use crate::conversation::store::{self, WrapUpRule, row};
use crate::conversation::{Action, EndReason, State};
use crate::leaving;
use crate::settings::Settings;

/// What the floor tells, in its order.
#[derive(Debug, Clone, Copy)]
enum Told {
    Ring(WorkId, AgentId),
    StopRinging(WorkId, AgentId),
    GiveUp(WorkId),
}

/// The floor's way to the conversations.
pub(crate) struct Desk {
    tell: mpsc::UnboundedSender<Told>,
    /// Taken by `run`.
    told: Mutex<Option<mpsc::UnboundedReceiver<Told>>>,
}

impl Default for Desk {
    fn default() -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            tell,
            told: Mutex::new(Some(told)),
        }
    }
}

impl Desk {
    pub(crate) fn medium(&self) -> Arc<dyn Medium> {
        Arc::new(Teller(self.tell.clone()))
    }
}

struct Teller(mpsc::UnboundedSender<Told>);

impl Teller {
    fn tell(&self, told: Told) {
        // Nobody listens any more only when the process stops.
        let _ = self.0.send(told);
    }
}

impl Medium for Teller {
    fn ring(&self, work: WorkId, agent: AgentId) {
        self.tell(Told::Ring(work, agent));
    }

    fn stop_ringing(&self, work: WorkId, agent: AgentId) {
        self.tell(Told::StopRinging(work, agent));
    }

    fn give_up(&self, work: WorkId) {
        self.tell(Told::GiveUp(work));
    }
}

/// Does what the floor tells until the process stops.
pub(crate) async fn run(channels: Channels) {
    let told = &channels.inner.desk.told;
    let taken = told.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut told) = taken else { return };
    let shutdown = channels.app().shutdown.clone();
    loop {
        let next = tokio::select! {
            () = shutdown.cancelled() => return,
            next = told.recv() => next,
        };
        let Some(next) = next else { return };
        let done = match next {
            Told::Ring(work, agent) => ring(&channels, work, agent).await,
            Told::StopRinging(work, agent) => stop_ringing(&channels, work, agent).await,
            Told::GiveUp(work) => give_up(&channels, work).await,
        };
        if let Err(problem) = done {
            tracing::error!(?next, %problem, "a conversation did not ring");
        }
    }
}

async fn ring(channels: &Channels, work: WorkId, agent: AgentId) -> Result<()> {
    let (app, floor) = (channels.app().clone(), channels.floor().clone());
    let settings = channels.settings().clone();
    let there = app
        .db
        .clone()
        .write(move |tx| async move {
            let Some(before) = store::of_work(&tx, work).await? else {
                return Ok(false);
            };
            if before.standing()? != State::Waiting {
                return put_back(&app, &settings, &tx, before).await.map(|()| true);
            }
            let rules = before
                .queue
                .as_deref()
                .and_then(|queue| floor.queue_rules(queue));
            let seconds = rules.map_or(20, |rules| rules.ring_timeout_s);
            let until = app.clock.now() + TimeDelta::seconds(seconds.into());
            let mut after = before.clone();
            after.offered_to = Some(agent);
            after.offered_until = Some(until);
            let saved = versioned::save(&app, &*tx, &before, after).await?;
            store::tell_house_of(&app, &tx, "conversation.ringing", &saved, Some(agent)).await?;
            store::tell_screens(&app, &tx, &saved, "offered", json!({ "until": until }));
            Ok(true)
        })
        .await?;
    if !there {
        channels.floor().withdraw(work).await;
    }
    Ok(())
}

/// A lead sent the agent away, and the floor rings for the next one: the conversation is nobody's. What follows from
/// it ends this work and offers another.
async fn put_back(app: &App, settings: &Settings, tx: &Tx, row: row::Model) -> Result<()> {
    if row.standing()? == State::Active {
        let moment = store::moment(app, settings, WrapUpRule::default());
        let who = Who::system("floor");
        store::act((app, tx, &who), row, Action::PutBack, &moment, |_| {}).await?;
    }
    Ok(())
}

/// It rings at this agent no more.
pub(crate) async fn stop_ringing(channels: &Channels, work: WorkId, agent: AgentId) -> Result<()> {
    let app = channels.app().clone();
    app.db
        .clone()
        .write(move |tx| async move {
            let Some(before) = store::of_work(&tx, work).await? else {
                return Ok(());
            };
            if before.offered_to != Some(agent) {
                return Ok(());
            }
            store::tell_screens(&app, &tx, &before, "ring_over", json!({}));
            let mut after = before.clone();
            after.offered_to = None;
            after.offered_until = None;
            versioned::save(&app, &*tx, &before, after).await?;
            Ok(())
        })
        .await
}

async fn give_up(channels: &Channels, work: WorkId) -> Result<()> {
    let found = channels
        .app()
        .db
        .write(move |tx| async move { store::of_work(&tx, work).await })
        .await?;
    let Some(row) = found else { return Ok(()) };
    if row.standing()? == State::Waiting {
        return leaving::leave(channels, row.id, EndReason::NoAgent).await;
    }
    let (app, settings) = (channels.app().clone(), channels.settings().clone());
    let write = app.db.clone();
    write
        .write(move |tx| async move {
            let row = store::locked(&tx, row.id).await?;
            put_back(&app, &settings, &tx, row).await
        })
        .await
}

/// Gives the floor what an earlier process left: those that wait wait again with the time they have waited, those that
/// an agent has are his again.
pub(crate) async fn take_up(channels: &Channels) -> Result<()> {
    for row in store::left_untold(channels.app().db.read()).await? {
        if let Err(problem) = leaving::add(channels, row).await {
            tracing::error!(conversation = %row, %problem, "a ticket was not told");
        }
    }
    for row in store::at_the_floor(channels.app().db.read()).await? {
        let taken = match row.standing()? {
            State::Waiting => offer(channels, row.id).await,
            _ => give_back(channels, &row).await,
        };
        if let Err(problem) = taken {
            tracing::error!(conversation = %row.id, %problem, "a conversation was not taken up again");
        }
    }
    Ok(())
}

/// The conversation is this agent's at the floor again, whatever state he is in.
pub(crate) async fn give_back(channels: &Channels, row: &row::Model) -> Result<()> {
    let Some(agent) = row.agent_id else {
        return Err(internal(format!("conversation {} is nobody's", row.number)));
    };
    let work = fresh_work(channels, row.id, false).await?;
    let Some((work, row)) = work else {
        return Ok(());
    };
    channels
        .floor()
        .offer(work_of(&row, work, Some(agent)))
        .await?;
    channels.floor().adopt(work, agent).await;
    Ok(())
}

/// Offers a conversation that waits to the agents; outside the service hours a ticket is opened for it.
pub(crate) async fn offer(channels: &Channels, conversation: Uuid) -> Result<()> {
    let house = channels.house()?;
    if !house.is_open(channels.app().clock.now()) {
        return leaving::leave(channels, conversation, EndReason::AfterHours).await;
    }
    let Some((work, row)) = fresh_work(channels, conversation, true).await? else {
        return Ok(());
    };
    let preferred = match row.preferred_agent_id {
        Some(agent) => Some(agent),
        None => house.taker(row.requester_id).await?,
    };
    let offered = channels.floor().offer(work_of(&row, work, preferred)).await;
    if let Err(problem) = offered {
        tracing::error!(%conversation, %problem, "the floor does not take a conversation");
        return leaving::leave(channels, conversation, EndReason::NoAgent).await;
    }
    Ok(())
}

/// A work of the floor for the conversation; `None` when it waits no more (`waiting`), or is over.
async fn fresh_work(
    channels: &Channels,
    conversation: Uuid,
    waiting: bool,
) -> Result<Option<(WorkId, row::Model)>> {
    let app = channels.app().clone();
    app.db
        .clone()
        .write(move |tx: Tx| async move {
            let before = store::locked(&tx, conversation).await?;
            if !before.open || waiting != (before.standing()? == State::Waiting) {
                return Ok(None);
            }
            // The first work of a conversation has its id: what others keep of works leads to it.
            let first = before.work_id.is_none() && before.first_agent_id.is_none() && waiting;
            let work = if first { before.id } else { app.ids.next() };
            let mut after = before.clone();
            after.work_id = Some(work);
            after.offered_to = None;
            after.offered_until = None;
            let saved = versioned::save(&app, &*tx, &before, after).await?;
            Ok(Some((work, saved)))
        })
        .await
}

fn work_of(row: &row::Model, work: WorkId, preferred: Option<AgentId>) -> Work {
    Work {
        id: work,
        media: floor::MediaKind::Chat,
        queue: row.queue.clone().unwrap_or_default(),
        priority: 0,
        preferred_agent: preferred,
        offered_at: row.waiting_since,
        subject: json!({ "conversation": row.id, "channel": row.channel, "number": row.number }),
    }
}
