//! What the adapters promise, against stand-ins of the platforms (`testing::platforms`) and other people's
//! implementations (`tests/peers`).

mod email;
mod email_broken;
mod email_read;
mod garbage;
mod onebot;
mod peers;
mod qq_bot;
mod sms;
mod wechat_kf;
mod wechat_oa;
mod wechat_oa_send;

use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use channels::platform::{
    self, Account, Adapter, MediaKind, Outgoing, OutgoingFile, RawRequest, Received, Sent,
};
use kernel::App;
use kernel::problem::Result;
use testing::platforms::Callback;
use testing::{Kind, Peer, TestApp};

/// Adapters keep no rows: one kind of database is enough.
async fn app() -> TestApp {
    testing::app(Kind::Sqlite, &[], &[]).await
}

/// The services at a moment of Unix time.
async fn app_at(seconds: i64) -> TestApp {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    testing::app_at(&time.to_rfc3339(), Kind::Sqlite, &[], &[]).await
}

fn adapter(kind: &str) -> Arc<dyn Adapter> {
    platform::adapter(kind).unwrap()
}

type Named = Vec<(&'static str, String)>;

fn account(channel: &str, settings: Named, secrets: Named) -> Account {
    let owned = |named: Named| {
        let named = named.into_iter();
        named
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    Account {
        channel: channel.to_owned(),
        settings: owned(settings),
        secrets: platform::Secrets(owned(secrets)),
        allow_private: true,
    }
}

fn raw(callback: &Callback) -> RawRequest {
    let headers: HeaderMap = callback
        .headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    RawRequest {
        method: callback.method.clone(),
        query: callback.query.clone(),
        headers,
        body: Bytes::from(callback.body.clone()),
    }
}

/// One account with its adapter.
struct Line {
    kind: &'static str,
    account: Account,
}

impl Line {
    fn receive(&self, app: &App, callback: &Callback) -> Result<Received> {
        adapter(self.kind).receive(app, &self.account, &raw(callback))
    }

    /// The code that it is refused by, with the status.
    fn refusal(&self, app: &App, callback: &Callback) -> (u16, &'static str) {
        let problem = self.receive(app, callback).unwrap_err();
        (problem.status, problem.code)
    }

    async fn send(&self, app: &App, message: &Outgoing) -> Sent {
        adapter(self.kind).send(app, &self.account, message).await
    }
}

fn text(app: &App, to: &str, text: &str) -> Outgoing {
    Outgoing {
        id: app.ids.next(),
        external_user: to.to_owned(),
        external_group: None,
        reply_ref: None,
        reply_seq: 1,
        text: Some(text.to_owned()),
        file: None,
        subject: None,
        automatic: false,
    }
}

fn file(app: &App, to: &str, kind: MediaKind, name: &str, bytes: &[u8]) -> Outgoing {
    let media_type = match kind {
        MediaKind::Image => "image/png",
        _ => "application/octet-stream",
    };
    Outgoing {
        text: None,
        file: Some(OutgoingFile {
            kind,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes: Bytes::from(bytes.to_vec()),
        }),
        ..text(app, to, "")
    }
}

fn code(sent: &Sent) -> (&'static str, &str) {
    match sent {
        Sent::Taken(id) => ("taken", id.as_deref().unwrap_or_default()),
        Sent::Later { code } => ("later", code),
        Sent::WindowClosed { code } => ("closed", code),
        Sent::Refused { code } => ("refused", code),
    }
}

/// Other people's implementations; `None` with a message where they cannot be had.
fn peer() -> Option<Peer> {
    Peer::start(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/peers/peer.py"
    )))
}
