//! One-time codes by text message: over the channel of the kind SMS, by the outbox like every answer.

use kernel::problem::Result;
use kernel::{Tx, versioned};
use requesters::OnChannel;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::channel::row as channel_row;
use crate::conversation::{Case, EndReason, State};
use crate::message::store::{self as messages, New};
use crate::message::{Direction, Kind};
use crate::{Channels, intake, outbox};

/// The kind of channel that sends text messages.
const SMS: &str = "sms";

/// The first channel that sends text messages; none where none is set up.
async fn sms_channel(conn: &impl ConnectionTrait) -> Result<Option<channel_row::Model>> {
    Ok(channel_row::Entity::find()
        .filter(channel_row::Column::Kind.eq(SMS))
        .filter(channel_row::Column::Enabled.eq(true))
        .order_by_asc(channel_row::Column::Code)
        .one(conn)
        .await?)
}

/// Text messages can be sent.
pub async fn sends_texts(channels: &Channels) -> Result<bool> {
    let found = sms_channel(channels.app().db.read()).await?;
    Ok(found.is_some())
}

/// Sends a one-time code to a mobile number, in a conversation of its own that is over with it; nobody is shown the
/// code. `false` where no channel sends text messages.
pub async fn send_code(channels: &Channels, tx: &Tx, number: &str, text: String) -> Result<bool> {
    let Some(channel) = sms_channel(&**tx).await? else {
        return Ok(false);
    };
    let app = channels.app();
    let who = OnChannel {
        channel: &channel.code,
        external_id: number,
        nickname: None,
    };
    let writer = requesters::find_or_create_by_identity(app, &**tx, who).await?;
    let mut made = intake::fresh(app, tx, &writer, (&channel, number)).await?;
    made.set_case(&Case {
        state: State::Closed,
        reason: Some(EndReason::Code),
        ..Case::opened()
    });
    made.ended_at = Some(made.opened_at);
    versioned::insert(&**tx, &made).await?;
    let before = made.clone();
    let mut new = New::of(Direction::Out, Kind::Code, text);
    outbox::address(channels, &channel, &mut new);
    messages::append(app, &**tx, &mut made, new).await?;
    versioned::save(app, &**tx, &before, made).await?;
    let bell = channels.clone();
    tx.on_commit(move || bell.ring_outgoing());
    Ok(true)
}
