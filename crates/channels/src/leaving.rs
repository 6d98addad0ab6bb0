//! Nobody is there: what the requester wrote becomes a ticket with an owner and a deadline, and he is told its number
//!

use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::versioned;
use uuid::Uuid;

use crate::Channels;
use crate::channel::{self, row as channel_row};
use crate::conversation::store::{self, WrapUpRule, row};
use crate::conversation::{Action, EndReason, State};
use crate::house::{Left, LeftTicket};
use crate::intake;
use crate::message::store::{self as messages, New, Part};
use crate::message::{Delivery, Direction, Kind};
use crate::standing::{self, Purpose, Standing};
use crate::visitor::hub::News;
use crate::window;

/// Messages that are told to a ticket at once.
const MOST: u64 = 1_000;

/// Opens the ticket of a conversation that nobody takes, and tells the requester.
pub(crate) async fn leave(
    channels: &Channels,
    conversation: Uuid,
    reason: EndReason,
) -> Result<()> {
    let app = channels.app().clone();
    let row = store::find(app.db.read(), conversation)
        .await?
        .ok_or_else(store::unknown)?;
    if row.standing()? != State::Waiting {
        return Ok(());
    }
    let channel = channel::row_of(app.db.read(), &row.channel).await?;
    let (text, told) = words_of(channels, &row, row.agent_read_seq).await?;
    let left = Left {
        source: row.id,
        requester: row.requester_id,
        channel: row.channel.clone(),
        channel_name: channel.name.clone(),
        matter: None,
        text,
        preferred_agent: row.first_agent_id.or(row.preferred_agent_id),
    };
    let ticket = channels.house()?.leave(left).await?;
    let words = standing::text(channels, Purpose::LeftMessage).await?;
    let again = channels.clone();
    let (channels, work) = (channels.clone(), row.work_id);
    let floor = channels.floor().clone();
    app.db
        .clone()
        .write(move |tx| async move {
            let app = channels.app();
            let before = store::locked(&tx, conversation).await?;
            if before.standing()? != State::Waiting {
                return Ok(());
            }
            let moment = store::moment(app, channels.settings(), WrapUpRule::default());
            let who = Who::system("channels");
            let mut left = store::act(
                (app, &tx, &who),
                before,
                Action::Leave(reason),
                &moment,
                |after| {
                    after.ticket_id = Some(ticket.id);
                    after.work_id = None;
                    // What stands in the ticket is read.
                    after.agent_read_seq = told;
                },
            )
            .await?;
            let before = left.clone();
            let told = (&ticket, reason, words);
            tell_requester(&channels, &tx, &channel, &mut left, told).await?;
            let saved = versioned::save(app, &*tx, &before, left).await?;
            intake::tell_visitor(&channels, &tx, &saved, News::State);
            Ok(())
        })
        .await?;
    if let Some(work) = work {
        floor.withdraw(work).await;
    }
    // What came while the ticket was being opened.
    Box::pin(add(&again, conversation)).await
}

/// What the requester wrote since `after`, and the place of the last of it.
async fn words_of(channels: &Channels, row: &row::Model, after: i64) -> Result<(String, i64)> {
    let conn = channels.app().db.read();
    let (said, _) = messages::list(
        conn,
        &[row.id],
        Part::After(after),
        Some(&[Direction::In]),
        MOST,
    )
    .await?;
    let last = said.last().map_or(after, |message| message.seq);
    let lines: Vec<String> = said
        .into_iter()
        .map(|message| match Kind::parse(&message.kind) {
            Some(Kind::Text | Kind::Location | Kind::Link) => message.text,
            _ => format!("[{}] {}", message.kind, message.text),
        })
        .collect();
    Ok((lines.join("\n"), last))
}

/// The number of the ticket, in approved words, those of the channel or our own, while the platform takes an answer.
async fn tell_requester(
    channels: &Channels,
    tx: &kernel::Tx,
    channel: &channel_row::Model,
    row: &mut row::Model,
    (ticket, reason, standing): (&LeftTicket, EndReason, Standing),
) -> Result<()> {
    let app = channels.app();
    let due = ticket
        .due_at
        .with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).ok_or_else(|| internal("no zone"))?)
        .format("%Y-%m-%d %H:%M")
        .to_string();
    let own = channel.account(app)?.setting("left_text").to_owned();
    let why = if reason == EndReason::AfterHours {
        "现在不在服务时间"
    } else {
        "座席正忙"
    };
    // What the purchaser approved goes before what an administrator wrote.
    let words = if own.is_empty() || standing.article.is_some() {
        &standing.text
    } else {
        &own
    };
    let text = words
        .replace("{reason}", why)
        .replace("{number}", &ticket.number)
        .replace("{due}", &due);
    let machine = row.window_trigger.as_deref() == Some(intake::AUTOMATIC);
    if machine || window::take(row, 1, app.clock.now()).is_err() {
        messages::append(app, &**tx, row, New::system("left_untold")).await?;
        return Ok(());
    }
    let mut new = New {
        article: standing.article,
        ..New::of(Direction::Out, Kind::Text, text)
    };
    crate::outbox::address(channels, channel, &mut new);
    let waits = new.delivery == Some(Delivery::Pending);
    let message = messages::append(app, &**tx, row, new).await?;
    intake::tell_visitor(channels, tx, row, News::Message(Box::new(message)));
    if waits {
        let bell = channels.clone();
        tx.on_commit(move || bell.ring_outgoing());
    }
    Ok(())
}

/// Tells the ticket what the requester added to what he left.
pub(crate) async fn add(channels: &Channels, conversation: Uuid) -> Result<()> {
    let app = channels.app();
    let row = store::find(app.db.read(), conversation)
        .await?
        .ok_or_else(store::unknown)?;
    let Some(ticket) = row.ticket_id.filter(|_| row.state == State::Left.as_str()) else {
        return Ok(());
    };
    let (text, last) = words_of(channels, &row, row.agent_read_seq).await?;
    if text.is_empty() {
        return Ok(());
    }
    let house = channels.house()?;
    let taken = house.add(ticket, row.requester_id, text.clone()).await?;
    let fresh = if taken {
        None
    } else {
        // That request is over: this is another one.
        let channel = channel::row_of(app.db.read(), &row.channel).await?;
        let left = Left {
            source: app.ids.next(),
            requester: row.requester_id,
            channel: row.channel.clone(),
            channel_name: channel.name,
            matter: None,
            text,
            preferred_agent: row.first_agent_id.or(row.preferred_agent_id),
        };
        let ticket = house.leave(left).await?;
        Some((
            ticket,
            standing::text(channels, Purpose::LeftMessage).await?,
        ))
    };
    let services = channels.clone();
    app.db
        .write(move |tx| async move {
            let app = services.app();
            let before = store::locked(&tx, conversation).await?;
            let mut after = before.clone();
            after.agent_read_seq = after.agent_read_seq.max(last);
            if let Some((ticket, words)) = fresh {
                after.ticket_id = Some(ticket.id);
                let channel = channel::row_of(&*tx, &after.channel).await?;
                let reason = EndReason::AfterHours;
                let told = (&ticket, reason, words);
                tell_requester(&services, &tx, &channel, &mut after, told).await?;
            }
            versioned::save(app, &*tx, &before, after).await?;
            Ok(())
        })
        .await
}
