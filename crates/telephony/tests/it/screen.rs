//! A console's live events, and answers that are no JSON.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Request, StatusCode};
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use kernel::Principal;
use serde_json::Value;
use tower::ServiceExt as _;

/// The live events of one user.
pub struct Screen {
    stream: BodyDataStream,
    text: String,
}

impl Screen {
    pub async fn open(router: &Router, actor: &Principal) -> Self {
        let mut request = Request::get("/api/v1/events").body(Body::empty()).unwrap();
        request.extensions_mut().insert(actor.clone());
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The data of the next event of this kind that fits, within ten seconds.
    pub async fn hear(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let heard = async {
            loop {
                while let Some((block, rest)) = self.text.split_once("\n\n") {
                    let field = |name: &str| {
                        block
                            .lines()
                            .find_map(|line| line.strip_prefix(name).map(str::to_owned))
                    };
                    let (found, data) = (field("event: "), field("data: "));
                    self.text = rest.to_owned();
                    if found.as_deref() == Some(kind)
                        && let Ok(data) = serde_json::from_str(&data.unwrap_or_default())
                        && fits(&data)
                    {
                        return data;
                    }
                }
                let bytes = self.stream.next().await.unwrap().unwrap();
                self.text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(10), heard)
            .await
            .unwrap_or_else(|_| panic!("no {kind} event"))
    }
}

/// The bytes of an answer.
pub async fn bytes(
    router: &Router,
    actor: &Principal,
    path: &str,
    range: Option<&str>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(actor.clone());
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, parts.headers, body)
}
