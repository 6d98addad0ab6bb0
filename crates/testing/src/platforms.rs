//! Stand-ins for the platforms that people write by: each is a small server that checks signatures, tokens, windows and
//! quotas as the platform does, and makes the callbacks that the platform would make.
//!
//! They share nothing with the product: what both get wrong in the same way is found by the peers of PyPI.

pub mod kefu;
pub mod mail;
pub mod onebot;
pub mod qq;
pub mod sms;
pub mod wechat;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::Method;

/// A request that the platform makes to our address.
#[derive(Debug, Clone)]
pub struct Callback {
    /// GET or POST.
    pub method: Method,
    /// The query as it stands in the address.
    pub query: String,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Callback {
    /// A POST.
    pub fn post(query: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            query: query.into(),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Pushes as a platform does that wants `200`, and again up to three times when it gets nothing: at most four deliveries
/// of one push. `deliver` answers `None` when nobody answered in time. Tells how often it was tried.
pub async fn push(
    callback: &Callback,
    deliver: impl AsyncFn(Callback) -> Option<(u16, Vec<u8>)>,
) -> usize {
    for attempt in 1..=4 {
        if let Some((200 | 204, _)) = deliver(callback.clone()).await {
            return attempt;
        }
    }
    4
}

/// State shared by a server and the test that asks it.
pub(crate) struct Shared<T>(Arc<Mutex<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Shared<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens on a port of its own until the test's runtime ends; answers the address.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .expect("a port of its own");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A file that was uploaded, or lies there to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its kind, as the platform calls it.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The parts of a form with one file: the platforms want its name and its length.
pub(crate) async fn uploaded(
    mut form: axum::extract::Multipart,
    field: &str,
    kind: &str,
) -> Option<Stored> {
    while let Ok(Some(part)) = form.next_field().await {
        if part.name() == Some(field) {
            let name = part.file_name()?.to_owned();
            return Some(Stored {
                kind: kind.to_owned(),
                name,
                bytes: part.bytes().await.ok()?.to_vec(),
            });
        }
    }
    None
}
