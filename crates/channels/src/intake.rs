//! What people write comes in: stored first, in one order for each conversation, each message once.

use floor::DEFAULT_QUEUE;
use kernel::problem::{Problem, Result};
use kernel::{App, Tx, versioned};
use requesters::{OnChannel, Writer};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Channels;
use crate::channel::{self, row as channel_row};
use crate::conversation::store::{self, WrapUpRule, row};
use crate::conversation::{Action, Case, EndReason, State};
use crate::house::Script;
use crate::message::store::{self as messages, New};
use crate::message::{Delivery, Direction, Kind, file};
use crate::platform::{Inbound, MediaKind, What};
use crate::replies;
use crate::visitor::hub::News;
use crate::window::{self, WindowRule};

kernel::table! {
    /// A message that could not be stored as one.
    pub mod aside = "set_aside_messages" (id: Uuid) {
        channel: String,
        external_id: Option<String>,
        at: DateTimeUtc,
        reason: String,
        body: String,
        done_at: Option<DateTimeUtc>,
        done_by: Option<Uuid>,
    }
}

/// The most of a message that is set aside, in characters.
const ASIDE: usize = 20_000;

/// What the hearing of a message leaves to be done once it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    Nothing,
    /// Nobody has the conversation: it is offered, or a ticket is opened for it.
    Offer(Uuid),
    /// It was left; its ticket is told.
    Add(Uuid),
}

/// How the house stands while a message comes in.
pub(crate) struct Present<'a> {
    pub channels: &'a Channels,
    pub channel: &'a channel_row::Model,
    pub rules: &'a [WindowRule],
    pub open: bool,
}

/// Stores what a platform told, all of it before the answer; what cannot be stored is set aside and holds up nothing.
pub(crate) async fn take(
    channels: &Channels,
    channel: &channel_row::Model,
    inbound: Vec<Inbound>,
) -> Result<()> {
    if inbound.is_empty() {
        return Ok(());
    }
    let next = match store_all(channels, channel, inbound.clone()).await {
        Ok(next) => next,
        // The database is away: the platform sends it again.
        Err(problem) if problem.status == 503 => return Err(problem),
        Err(_) => one_by_one(channels, channel, inbound).await?,
    };
    for step in next {
        follow(channels, step).await;
    }
    Ok(())
}

/// Each by itself and once more: another delivery of one may have been faster. What fails again is set aside.
async fn one_by_one(
    channels: &Channels,
    channel: &channel_row::Model,
    inbound: Vec<Inbound>,
) -> Result<Vec<Next>> {
    let mut next = Vec::new();
    for one in inbound {
        match store_all(channels, channel, vec![one.clone()]).await {
            Ok(steps) => next.extend(steps),
            Err(problem) if problem.status == 503 => return Err(problem),
            Err(problem) => set_aside(channels.app(), channel, &one, &problem).await?,
        }
    }
    Ok(next)
}

async fn set_aside(
    app: &App,
    channel: &channel_row::Model,
    one: &Inbound,
    problem: &Problem,
) -> Result<()> {
    tracing::error!(channel = %channel.code, code = %problem.code, "a message is set aside");
    let body = serde_json::to_string(one).unwrap_or_default();
    keep_aside(
        app,
        &channel.code,
        Some(one.external_id.clone()),
        problem.code,
        &body,
    )
    .await
}

/// Keeps what could not be stored as a message, for a person to look at.
pub(crate) async fn keep_aside(
    app: &App,
    channel: &str,
    external_id: Option<String>,
    reason: &str,
    body: &str,
) -> Result<()> {
    let plain = |text: &str| text.replace('\0', "\u{fffd}");
    let kept = aside::Model {
        id: app.ids.next(),
        channel: channel.to_owned(),
        external_id: external_id.map(|id| plain(&id).chars().take(200).collect()),
        at: app.clock.now(),
        reason: reason.to_owned(),
        body: plain(body).chars().take(ASIDE).collect(),
        done_at: None,
        done_by: None,
    };
    app.db
        .write(move |tx| async move {
            aside::Entity::insert(kept.into_active_model())
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await
}

async fn store_all(
    channels: &Channels,
    channel: &channel_row::Model,
    inbound: Vec<Inbound>,
) -> Result<Vec<Next>> {
    let app = channels.app().clone();
    let rules = window::rules(&app).await?;
    let open = channels.house()?.is_open(app.clock.now());
    let mut files = Vec::new();
    let mut scripts = Vec::new();
    for one in &inbound {
        files.push(brought(&app, one).await?);
        scripts.push(replies::script_for(channels, channel, one).await?);
    }
    let (channels, channel) = (channels.clone(), channel.clone());
    app.db
        .write(move |tx| async move {
            let present = Present {
                channels: &channels,
                channel: &channel,
                rules: &rules,
                open,
            };
            let mut next = Vec::new();
            for ((one, file), script) in inbound.iter().zip(files).zip(scripts) {
                let step = Box::pin(hear_platform(&present, &tx, one, file, script)).await?;
                if !next.contains(&step) {
                    next.push(step);
                }
            }
            Ok(next)
        })
        .await
}

/// Puts the file that came with a message on disk. One of a kind that is not taken is told of in the message's place.
async fn brought(app: &App, one: &Inbound) -> Result<Option<file::row::Model>> {
    let What::Media {
        bytes: Some(bytes),
        name,
        ..
    } = &one.what
    else {
        return Ok(None);
    };
    let name = name
        .as_deref()
        .and_then(|name| kernel::attachment::plain_name(name).ok());
    let name = name.unwrap_or_else(|| "file".to_owned());
    match file::put(app, name, bytes).await {
        Ok(file) => Ok(Some(file)),
        Err(problem) if problem.code == "file_kind_not_taken" => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn hear_platform(
    present: &Present<'_>,
    tx: &Tx,
    one: &Inbound,
    file: Option<file::row::Model>,
    script: Option<Script>,
) -> Result<Next> {
    let (app, code) = (present.channels.app(), present.channel.code.as_str());
    if let What::NotDelivered { message, code } = &one.what {
        return not_delivered(present, tx, message, code).await;
    }
    if messages::is_known(&**tx, code, &one.external_id).await? {
        return Ok(Next::Nothing);
    }
    let account = match &one.external_group {
        Some(group) => format!("{group}/{}", one.external_user),
        None => one.external_user.clone(),
    };
    let who = OnChannel {
        channel: code,
        external_id: &account,
        nickname: one.nickname.as_deref(),
    };
    let writer = requesters::find_or_create_by_identity(app, &**tx, who).await?;
    if replies::rates(present, tx, &writer, one).await? {
        return Ok(Next::Nothing);
    }
    if let Some(script) = script
        && store::open_of(tx, writer.identity_id).await?.is_none()
    {
        replies::answer(present, tx, &writer, one, script).await?;
        return Ok(Next::Nothing);
    }
    if let What::Event { event, .. } = &one.what
        && store::open_of(tx, writer.identity_id).await?.is_none()
    {
        // Following or leaving an account is no request.
        tracing::debug!(channel = code, event, "an event outside a conversation");
        return Ok(Next::Nothing);
    }
    let said = New {
        file,
        ..said(app, one)
    };
    let heard = hear(present, tx, &writer, one, said).await?;
    Ok(heard.next)
}

/// What is written down of what a person did.
pub(crate) fn said(app: &App, one: &Inbound) -> New {
    let mut new = match &one.what {
        What::Text { text } => New::of(Direction::In, Kind::Text, plain(text)),
        What::Media {
            kind,
            media_ref,
            name,
            text,
            ..
        } => New {
            media_ref: media_ref.clone(),
            media_name: name.clone(),
            // Platforms keep a file for days only: it is fetched at once.
            due_at: media_ref.as_ref().map(|_| app.clock.now()),
            ..New::of(
                Direction::In,
                kind_of(*kind),
                plain(text.as_deref().unwrap_or_default()),
            )
        },
        What::Location {
            label,
            latitude,
            longitude,
        } => New::of(
            Direction::In,
            Kind::Location,
            plain(&format!("{label} ({latitude}, {longitude})")),
        ),
        What::Link { title, url } => {
            New::of(Direction::In, Kind::Link, plain(&format!("{title}\n{url}")))
        }
        What::Event { event, key } => {
            let text = key
                .as_ref()
                .map_or_else(|| event.clone(), |key| format!("{event}:{key}"));
            New::of(Direction::In, Kind::Event, plain(&text))
        }
        What::NotDelivered { .. } => New::system("not_delivered"),
    };
    new.external_id = Some(one.external_id.clone());
    new.platform_at = one.at;
    new
}

fn kind_of(kind: MediaKind) -> Kind {
    match kind {
        MediaKind::Image => Kind::Image,
        MediaKind::Voice => Kind::Voice,
        MediaKind::Video => Kind::Video,
        MediaKind::File => Kind::File,
    }
}

/// The longest text of a platform's message that is kept, in characters.
const LONGEST: usize = 20_000;

/// Text as it is kept: what no database takes is shown as lost, and what is beyond all measure is cut with a mark.
fn plain(text: &str) -> String {
    let clean = text.replace('\0', "\u{fffd}");
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean.chars().take(LONGEST).chain("…".chars()).collect()
}

/// A message that was stored.
pub(crate) struct Heard {
    pub conversation: row::Model,
    pub message: messages::row::Model,
    pub next: Next,
}

/// Stores what somebody wrote in his open conversation, or in a new one; tells whoever has it.
pub(crate) async fn hear(
    present: &Present<'_>,
    tx: &Tx,
    writer: &Writer,
    one: &Inbound,
    said: New,
) -> Result<Heard> {
    let (channels, app) = (present.channels, present.channels.app());
    let now = app.clock.now();
    let moment = store::moment(app, channels.settings(), WrapUpRule::default());
    let (mut conversation, fresh) = match store::open_of(tx, writer.identity_id).await? {
        Some(open) => (open, false),
        None => (open(present, tx, writer, one).await?, true),
    };
    let blocked =
        fresh && !writer.new && is_blocked(app, tx, writer, &present.channel.code).await?;
    let before = conversation.clone();
    let resumed = conversation.standing()? == State::Left && present.open;
    if resumed {
        let case = conversation.case()?.next(Action::Resume, &moment);
        conversation.set_case(&case.map_err(|refusal| before.said_no(refusal))?);
        conversation.waiting_since = now;
        conversation.work_id = None;
    }
    let reopened = conversation.standing()? == State::WrapUp;
    conversation.set_case(&conversation.case()?.heard(&moment));
    if one.external_group.is_some() {
        conversation.external_group.clone_from(&one.external_group);
    }
    window::open(
        present.rules,
        &present.channel.kind,
        one,
        &mut conversation,
        now,
    );
    if !one.automatic && conversation.window_trigger.as_deref() == Some(AUTOMATIC) {
        conversation.window_trigger = None;
    }
    if one.automatic {
        // Two machines would answer each other for ever.
        conversation.window_trigger = Some(AUTOMATIC.to_owned());
    }
    let message = messages::append(app, &**tx, &mut conversation, said).await?;
    if blocked {
        let ended = conversation
            .case()?
            .next(Action::End(EndReason::Blocked), &moment);
        conversation.set_case(&ended.map_err(|refusal| before.said_no(refusal))?);
        conversation.ended_at = Some(now);
    }
    if conversation.standing()? == State::Active {
        let waits_since = conversation.unanswered_since.unwrap_or(now);
        let back_at =
            waits_since + chrono::TimeDelta::minutes(channels.settings().unanswered_minutes.into());
        conversation.next_alarm_at = Some(back_at.max(now));
    }
    let saved = versioned::save(app, &**tx, &before, conversation).await?;
    if (fresh && !blocked) || resumed {
        store::tell_house(app, tx, "conversation.offered", &saved).await?;
    } else if reopened {
        store::tell_house(app, tx, "conversation.resumed", &saved).await?;
    }
    if resumed || reopened || fresh {
        store::tell_screens(app, tx, &saved, "state", Value::Null);
    }
    let files = messages::files_of(&**tx, std::slice::from_ref(&message)).await?;
    let shown = messages::view(message.clone(), None, &files);
    store::tell_screens(app, tx, &saved, "message", json!({ "message": shown }));
    let next = match saved.standing()? {
        State::Waiting if fresh || resumed => Next::Offer(saved.id),
        State::Left => Next::Add(saved.id),
        _ => Next::Nothing,
    };
    Ok(Heard {
        conversation: saved,
        message,
        next,
    })
}

/// What opened the window of what a machine wrote.
pub(crate) const AUTOMATIC: &str = "automatic";

/// A block keeps somebody from new conversations; what he writes is kept.
async fn is_blocked(app: &App, tx: &Tx, writer: &Writer, channel: &str) -> Result<bool> {
    let (id, now) = (writer.requester.id, app.clock.now());
    Ok(requesters::blocked(&**tx, id, channel, now)
        .await?
        .is_some())
}

pub(crate) async fn open(
    present: &Present<'_>,
    tx: &Tx,
    writer: &Writer,
    one: &Inbound,
) -> Result<row::Model> {
    let app = present.channels.app();
    let mut made = fresh(app, tx, writer, (present.channel, &one.external_user)).await?;
    made.external_group.clone_from(&one.external_group);
    made.nickname.clone_from(&one.nickname);
    // The window a platform opened before goes on into the next conversation.
    if let Some(last) = store::newest_of(&**tx, writer.identity_id).await? {
        made.window_trigger = last.window_trigger;
        made.window_ends_at = last.window_ends_at;
        made.window_left = last.window_left;
        made.window_ref = last.window_ref;
        made.window_seq = last.window_seq;
        // The first one counted when he was met.
        requesters::note_contact(app, &**tx, writer.requester.id).await?;
    }
    versioned::insert(&**tx, &made).await?;
    Ok(made)
}

/// A conversation that begins now; it is the caller's to keep.
pub(crate) async fn fresh(
    app: &App,
    tx: &Tx,
    writer: &Writer,
    (channel, external_user): (&channel_row::Model, &str),
) -> Result<row::Model> {
    let (now, id) = (app.clock.now(), app.ids.next());
    let queue = channel.queue.clone();
    let mut made = row::Model {
        id,
        number: kernel::numbers::next_of_day(&**tx, "HH", now).await?,
        channel: channel.code.clone(),
        identity_id: writer.identity_id,
        external_user: external_user.to_owned(),
        external_group: None,
        requester_id: writer.requester.id,
        nickname: None,
        queue: Some(queue.unwrap_or_else(|| DEFAULT_QUEUE.to_owned())),
        state: String::new(),
        open: true,
        agent_id: None,
        first_agent_id: None,
        preferred_agent_id: None,
        work_id: None,
        offered_to: None,
        offered_until: None,
        subject: None,
        last_text: String::new(),
        last_at: now,
        last_seq: 0,
        inbound: 0,
        agent_read_seq: 0,
        requester_read_seq: 0,
        unread: 0,
        opened_at: now,
        waiting_since: now,
        accepted_at: None,
        first_response_at: None,
        ended_at: None,
        end_reason: None,
        unanswered_since: None,
        window_trigger: None,
        window_ends_at: None,
        window_left: None,
        window_ref: None,
        window_seq: 0,
        wrap_up_ends_at: None,
        wrap_up_extensions: 0,
        satisfaction: None,
        satisfaction_words: None,
        rated_at: None,
        ticket_id: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    };
    made.set_case(&Case::opened());
    Ok(made)
}

async fn not_delivered(present: &Present<'_>, tx: &Tx, id: &str, code: &str) -> Result<Next> {
    let found = match id.parse() {
        Ok(id) => messages::find(&**tx, id).await?,
        Err(_) => None,
    };
    let Some(message) = found else {
        return Ok(Next::Nothing);
    };
    messages::set_delivery(&**tx, &message, Delivery::Dead, Some(code.to_owned()), None).await?;
    crate::outbox::tell(
        present.channels.app(),
        tx,
        &message,
        Delivery::Dead,
        Some(code),
    )
    .await?;
    Ok(Next::Nothing)
}

/// Does what the hearing of a message leaves to be done. A process that dies before does it at the next start.
pub(crate) async fn follow(channels: &Channels, next: Next) {
    let done = match next {
        Next::Nothing => Ok(()),
        Next::Offer(conversation) => crate::desk::offer(channels, conversation).await,
        Next::Add(conversation) => crate::leaving::add(channels, conversation).await,
    };
    if let Err(problem) = done {
        tracing::error!(?next, %problem, "a conversation waits");
    }
}

/// What the visitor's own screens are told of a message.
pub(crate) fn tell_visitor(channels: &Channels, tx: &Tx, conversation: &row::Model, news: News) {
    let (hub, identity) = (channels.hub().clone(), conversation.identity_id);
    tx.on_commit(move || hub.tell(identity, news));
}

/// The channel of the website by its code; 404 for any other kind.
pub(crate) async fn website(app: &App, code: &str) -> Result<channel_row::Model> {
    let channel = channel::enabled(app.db.read(), code).await?;
    if channel.kind == channel::WEB {
        return Ok(channel);
    }
    Err(kernel::problem::not_found("channel"))
}
