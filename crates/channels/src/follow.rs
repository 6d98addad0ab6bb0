//! What time brings about, and what follows from a step once it is written.

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::timer::Alarmed;
use kernel::{App, Event, EventHandler, Tx};
use uuid::Uuid;

use crate::Channels;
use crate::conversation::store::{self, row};
use crate::conversation::{Action, EndReason, State};
use crate::desk;
use crate::message::store::{self as messages, New};
use crate::settings::Settings;
use crate::visitor::hub::News;

/// The timer of conversations: a talk without words ends, one without an answer goes back, a wrap-up runs out.
pub(crate) struct Conversations;

impl Alarmed for Conversations {
    type Entity = row::Entity;
    const HANDLER: &'static str = "channels.wake_alarm";
    const KINDS: &'static [&'static str] = &[
        "conversation.answered",
        "conversation.handed_on",
        "conversation.ended",
        "conversation.left",
    ];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let settings = Settings::from_config(&app)?;
        let who = Who::system("channels");
        for row in due {
            let rule = store::wrap_up_rule(&*tx, &row).await?;
            let moment = store::moment(&app, &settings, rule);
            let action = match row.standing()? {
                State::Active if row.unanswered_since.is_some() => Action::PutBack,
                State::Active => Action::End(EndReason::Idle),
                State::WrapUp | State::Left => Action::RunOut,
                State::Waiting | State::Closed => continue,
            };
            let line = match action {
                Action::PutBack => "put_back_unanswered",
                Action::End(_) => "ended_idle",
                _ => "run_out",
            };
            let mut row = row;
            let before = row.clone();
            messages::append(&app, &*tx, &mut row, New::system(line)).await?;
            let row = kernel::versioned::save(&app, &*tx, &before, row).await?;
            let out = (&app, &tx, &who);
            store::act(out, row, action, &moment, |_| {}).await?;
        }
        Ok(())
    }
}

/// What the floor has to be told of steps that were taken without it.
pub(crate) fn handler(channels: &Channels) -> EventHandler {
    let channels = channels.clone();
    EventHandler::new(
        "channels.follow",
        &[
            "conversation.offered",
            "conversation.put_back",
            "conversation.closed",
            "conversation.ended",
            "conversation.wrap_up_expired",
        ],
        move |event| {
            let channels = channels.clone();
            async move { follow(&channels, &event).await }
        },
    )
}

async fn follow(channels: &Channels, event: &Event) -> Result<()> {
    let Ok(id) = event.subject_id.parse::<Uuid>() else {
        return Ok(());
    };
    let Some(row) = store::find(channels.app().db.read(), id).await? else {
        return Ok(());
    };
    channels.hub().tell(row.identity_id, News::State);
    match row.standing()? {
        State::Waiting => {
            if event.kind == "conversation.put_back"
                && let Some(work) = row.work_id
            {
                channels.floor().ended(work).await;
                desk::offer(channels, id).await?;
            } else if row.work_id.is_none() {
                // Whoever stored it was cut off before he could offer it.
                desk::offer(channels, id).await?;
            }
        }
        State::Closed => {
            if let Some(work) = row.work_id {
                channels.floor().withdraw(work).await;
            }
        }
        State::Active | State::WrapUp | State::Left => {}
    }
    Ok(())
}
