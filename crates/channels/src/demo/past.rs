//! Conversations of the demo's last weeks, as they would stand there.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::problem::{Result, not_found};
use kernel::{App, Clock, versioned};
use requesters::OnChannel;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use crate::channel::row as channel;
use crate::conversation::{EndReason, State};
use crate::intake;
use crate::message::file;
use crate::message::store::{self as messages, New};
use crate::message::{Delivery, Direction, Kind};

/// A page on which a photo was refused.
const PICTURE: &[u8] = include_bytes!("upload_refused.png");

/// What was said.
#[derive(Debug, Clone, Copy)]
pub enum Said {
    /// The requester wrote.
    Asked(&'static str),
    /// He sent the picture under this name.
    Showed(&'static str),
    /// The agent answered.
    Answered(&'static str),
    /// The agent noted it for his colleagues.
    Noted(&'static str),
}

/// A conversation that was answered and is over.
#[derive(Debug, Clone)]
pub struct PastConversation {
    /// The channel it came by.
    pub channel: &'static str,
    /// The requester's account there, and how he calls himself.
    pub account: (&'static str, &'static str),
    /// Who had it.
    pub agent: Uuid,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// How many seconds later the agent took it.
    pub taken_after: i64,
    /// What was said, each so many seconds after it was opened.
    pub said: &'static [(i64, Said)],
    /// `satisfied`, `fair` or `dissatisfied`, where he rated it.
    pub satisfaction: Option<&'static str>,
}

/// Writes a conversation with its messages; nobody hears of it.
///
/// # Errors
/// When its channel is not there.
pub async fn past_conversation(app: &App, past: PastConversation) -> Result<Uuid> {
    let app = app.clone();
    let db = app.db.clone();
    db.write(move |tx| async move {
        let at = |seconds: i64| {
            let mut then = app.clone();
            then.clock = Clock::starting_at(past.opened_at + TimeDelta::seconds(seconds));
            then
        };
        let came = at(0);
        let by = channel::Entity::find_by_id(past.channel).one(&*tx).await?;
        let by = by.ok_or_else(|| not_found("channel"))?;
        let (account, nickname) = past.account;
        let who = OnChannel {
            channel: past.channel,
            external_id: account,
            nickname: Some(nickname),
        };
        let writer = requesters::find_or_create_by_identity(&came, &*tx, who).await?;
        let mut made = intake::fresh(&came, &tx, &writer, (&by, account)).await?;
        made.nickname = Some(nickname.to_owned());
        versioned::insert(&*tx, &made).await?;
        let before = made.clone();
        let taken = at(past.taken_after);
        let mut waits = true;
        for (seconds, said) in past.said {
            if waits && *seconds >= past.taken_after {
                waits = false;
                messages::append(&taken, &*tx, &mut made, New::system("taken")).await?;
            }
            let then = at(*seconds);
            let new = new(&then, past.agent, *said).await?;
            messages::append(&then, &*tx, &mut made, new).await?;
        }
        let last = past.said.last().map_or(0, |(seconds, _)| *seconds) + 20;
        let over = at(last);
        messages::append(&over, &*tx, &mut made, New::system("ended_by_agent")).await?;
        let ended_at = over.clock.now();
        made.agent_id = Some(past.agent);
        made.first_agent_id = Some(past.agent);
        made.accepted_at = Some(taken.clock.now());
        made.state = State::Closed.as_str().to_owned();
        made.open = false;
        made.end_reason = Some(EndReason::Agent.as_str().to_owned());
        made.ended_at = Some(ended_at);
        made.next_alarm_at = None;
        made.unanswered_since = None;
        made.unread = 0;
        made.agent_read_seq = made.last_seq;
        made.requester_read_seq = made.last_seq;
        made.satisfaction = past.satisfaction.map(str::to_owned);
        made.rated_at = past.satisfaction.map(|_| ended_at);
        versioned::save(&over, &*tx, &before, made).await?;
        Ok(before.id)
    })
    .await
}

async fn new(app: &App, agent: Uuid, said: Said) -> Result<New> {
    let of = |direction, text: &str| New::of(direction, Kind::Text, text);
    Ok(match said {
        Said::Asked(text) => of(Direction::In, text),
        Said::Showed(name) => New {
            file: Some(file::put(app, name.to_owned(), &PICTURE.into()).await?),
            ..New::of(Direction::In, Kind::Image, "")
        },
        Said::Answered(text) => New {
            author_id: Some(agent),
            delivery: Some(Delivery::Sent),
            ..of(Direction::Out, text)
        },
        Said::Noted(text) => New {
            author_id: Some(agent),
            ..of(Direction::Note, text)
        },
    })
}
