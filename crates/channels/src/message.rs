//! Messages: what was said in a conversation, in one order that never changes.

pub mod file;
pub mod held;
pub mod http;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::words;
use organization::Colleague;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest text an agent or a visitor sends in one message, in characters.
pub const LONGEST: usize = 2_000;

words! {
    /// Who said it to whom.
    Direction {
        /// The requester.
        In = "in",
        /// The house, to the requester.
        Out = "out",
        /// Colleagues among themselves.
        Note = "note",
        /// What happened.
        System = "system",
    }
}

words! {
    /// What a message is.
    Kind {
        /// Words.
        Text = "text",
        /// A picture.
        Image = "image",
        /// A voice message.
        Voice = "voice",
        /// A film.
        Video = "video",
        /// Any other file.
        File = "file",
        /// A place.
        Location = "location",
        /// A link.
        Link = "link",
        /// What somebody did on the platform: followed, chose in the menu.
        Event = "event",
        /// A one-time code for the requester alone: colleagues see that it was sent.
        Code = "code",
    }
}

words! {
    /// How far a message to the requester has come.
    Delivery {
        /// It waits for the platform.
        Pending = "pending",
        /// The platform took it; on the website, it stands there.
        Sent = "sent",
        /// It will be tried again.
        Failed = "failed",
        /// It never arrived.
        Dead = "dead",
    }
}

/// A file as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageFile {
    /// Identifies it.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is by its content.
    pub media_type: String,
    /// Its size.
    pub bytes: i64,
}

/// A message as agents see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageView {
    /// Identifies it.
    pub id: Uuid,
    /// Its place in the conversation, from 1 on, without gaps.
    pub seq: i64,
    /// `in`, `out`, `note` or `system`.
    pub direction: String,
    /// `text`, `image`, `voice`, `video`, `file`, `location`, `link` or `event`.
    pub kind: String,
    /// The words; of a system line its code.
    pub text: String,
    /// The file; null until it is fetched from the platform, or when there is none.
    pub file: Option<MessageFile>,
    /// Who of the house said it.
    pub author: Option<Colleague>,
    /// When it was stored.
    pub at: DateTime<Utc>,
    /// `pending`, `sent`, `failed` or `dead`; null for what the requester said.
    pub delivery: Option<String>,
    /// Why it did not arrive: a code.
    pub delivery_error: Option<String>,
    /// The approved answer it cites: `<article>@<version>`.
    pub article: Option<String>,
    /// The sender's own id of it.
    pub client_id: Option<String>,
}
