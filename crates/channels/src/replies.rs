//! What the machine answers by itself: approved answers asked for by a word or the menu, and the question
//! how a talk was. Everything else is for people.

use kernel::Tx;
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::versioned;
use requesters::Writer;
use serde_json::Value;

use crate::channel::{self, row as channel_row};
use crate::conversation::store::{self, WrapUpRule, row};
use crate::conversation::{Action, EndReason};
use crate::house::Script;
use crate::intake::{self, Present};
use crate::message::store::{self as messages, New};
use crate::message::{Delivery, Direction, Kind};
use crate::platform::{Inbound, What};
use crate::standing::{self, Purpose, Standing};
use crate::visitor::http::rated;
use crate::visitor::view::may_rate;
use crate::{Channels, outbox, window};

/// The setting with the answers: on each line a word, `menu:KEY` or `follow`, `=` and the article's id.
const REPLIES: &str = "replies";

/// The approved answer that somebody asks for; `None` when it is for people, or may not be said.
pub(crate) async fn script_for(
    channels: &Channels,
    channel: &channel_row::Model,
    one: &Inbound,
) -> Result<Option<Script>> {
    if one.automatic {
        return Ok(None);
    }
    let asked = match &one.what {
        What::Text { text } => text.trim().to_owned(),
        What::Event {
            event,
            key: Some(key),
        } if event == "menu" => format!("menu:{key}"),
        What::Event { event, .. } => event.clone(),
        _ => return Ok(None),
    };
    let account = channel.account(channels.app())?;
    let article = account.setting(REPLIES).lines().find_map(|line| {
        let (word, article) = line.split_once('=')?;
        (word.trim() == asked).then(|| article.trim().to_owned())
    });
    match article {
        Some(article) => {
            let Some(script) = channels.house()?.script(&article).await? else {
                return Ok(None);
            };
            let people = standing::text(channels, Purpose::Waiting).await?;
            Ok(Some(Script {
                text: format!("{}\n{}", script.text, people.text),
                ..script
            }))
        }
        None => Ok(None),
    }
}

/// Stores what was asked and the answer, in a conversation that is over with it.
pub(crate) async fn answer(
    present: &Present<'_>,
    tx: &Tx,
    writer: &Writer,
    one: &Inbound,
    script: Script,
) -> Result<()> {
    let (channels, app) = (present.channels, present.channels.app());
    let now = app.clock.now();
    let mut conversation = intake::open(present, tx, writer, one).await?;
    let before = conversation.clone();
    let kind = &present.channel.kind;
    window::open(present.rules, kind, one, &mut conversation, now);
    messages::append(app, &**tx, &mut conversation, intake::said(app, one)).await?;
    let sent = window::take(&mut conversation, 1, now).is_ok();
    if sent {
        let mut new = New {
            article: Some(script.reference),
            ..New::of(Direction::Out, Kind::Text, script.text)
        };
        outbox::address(channels, present.channel, &mut new);
        messages::append(app, &**tx, &mut conversation, new).await?;
    }
    conversation.unanswered_since = None;
    conversation.unread = 0;
    let conversation = versioned::save(app, &**tx, &before, conversation).await?;
    let moment = store::moment(app, channels.settings(), WrapUpRule::default());
    let who = Who::system("channels");
    let over = Action::End(EndReason::SelfService);
    store::act((app, tx, &who), conversation, over, &moment, |_| {}).await?;
    if sent {
        let bell = channels.clone();
        tx.on_commit(move || bell.ring_outgoing());
    }
    Ok(())
}

/// Asks how the talk was, where the platform takes one more answer; the website has its own form.
pub(crate) async fn ask_for_rating(
    channels: &Channels,
    tx: &Tx,
    conversation: &mut row::Model,
    question: Standing,
) -> Result<()> {
    let app = channels.app();
    let channel = channel::row_of(&**tx, &conversation.channel).await?;
    let account = channel.account(app)?;
    if channel.kind == channel::WEB || account.setting("ask_rating") == "no" {
        return Ok(());
    }
    if window::take(conversation, 1, app.clock.now()).is_err() {
        return Ok(());
    }
    let mut new = New {
        article: question.article,
        ..New::of(Direction::Out, Kind::Text, question.text)
    };
    outbox::address(channels, &channel, &mut new);
    if new.delivery == Some(Delivery::Pending) {
        let bell = channels.clone();
        tx.on_commit(move || bell.ring_outgoing());
    }
    messages::append(app, &**tx, conversation, new).await?;
    Ok(())
}

/// Takes `1`, `2` or `3` as the answer to the question how the talk was; it opens no conversation.
pub(crate) async fn rates(
    present: &Present<'_>,
    tx: &Tx,
    writer: &Writer,
    one: &Inbound,
) -> Result<bool> {
    let What::Text { text } = &one.what else {
        return Ok(false);
    };
    let said = match text.trim() {
        "1" => "satisfied",
        "2" => "fair",
        "3" => "dissatisfied",
        _ => return Ok(false),
    };
    let app = present.channels.app();
    let Some(last) = store::newest_of(&**tx, writer.identity_id).await? else {
        return Ok(false);
    };
    let before = store::locked(tx, last.id).await?;
    if !may_rate(&before, app.clock.now()) {
        return Ok(false);
    }
    let mut after = before.clone();
    messages::append(app, &**tx, &mut after, intake::said(app, one)).await?;
    after.unanswered_since = before.unanswered_since;
    after.unread = before.unread;
    let saved = versioned::save(app, &**tx, &before, after).await?;
    rated(app, tx, saved.clone(), said, None).await?;
    store::tell_screens(app, tx, &saved, "message", Value::Null);
    Ok(true)
}
