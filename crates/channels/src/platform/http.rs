//! How platforms are called: to the very addresses that were checked ([`kernel::outbound`]), without redirects and
//! without a proxy, within a time and a length.
//!
//! Nothing here logs an address or a body: tokens stand in the one and what people wrote in the other.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use kernel::outbound;
use kernel::problem::{Problem, refused, too_large, unavailable};
use serde_json::Value;

use super::{Account, Sent};

/// How long a platform may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// How long a file may take.
const FILE: Duration = Duration::from_secs(90);
/// The longest answer of an API.
const LONGEST_ANSWER: usize = 8 << 20;
/// The longest file that is fetched.
pub(crate) const LONGEST_FILE: usize = 20 << 20;

/// A call.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Body,
    limit: Duration,
    longest: usize,
}

#[derive(Clone)]
enum Body {
    Empty,
    Text(String),
    Upload {
        field: &'static str,
        file: Box<super::OutgoingFile>,
    },
}

/// What came back.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The address may not be called.
    NotAllowed,
    /// Nobody answers, or not in time.
    Unreachable,
    /// The answer is longer than any of its kind.
    TooLong,
}

impl Failure {
    /// What becomes of a message then.
    pub(crate) fn sent(self) -> Sent {
        let code = match self {
            Self::NotAllowed => "url_not_allowed",
            Self::Unreachable => "unreachable",
            Self::TooLong => "answer_too_long",
        };
        // An address of the settings can be corrected: nothing is lost by waiting for it.
        Sent::Later {
            code: code.to_owned(),
        }
    }

    /// What becomes of a fetch then.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::NotAllowed => refused("url_not_allowed", "the platform's address is not called"),
            Self::Unreachable => {
                unavailable("platform_unreachable", "the platform does not answer")
            }
            Self::TooLong => too_large(format!("a file has at most {LONGEST_FILE} bytes")),
        }
    }
}

impl Call {
    fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Body::Empty,
            limit: ANSWER,
            longest: LONGEST_ANSWER,
        }
    }

    /// Asks.
    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// Fetches a file.
    pub(crate) fn file(url: impl Into<String>) -> Self {
        Self {
            limit: FILE,
            longest: LONGEST_FILE,
            ..Self::get(url)
        }
    }

    /// Sends JSON.
    pub(crate) fn post(url: impl Into<String>, body: &Value) -> Self {
        Self::post_text(url, body.to_string())
    }

    /// Sends JSON that is signed as it stands.
    pub(crate) fn post_text(url: impl Into<String>, body: String) -> Self {
        Self {
            body: Body::Text(body),
            ..Self::new(Method::POST, url)
        }
    }

    /// Sends a file as a form's `field`.
    pub(crate) fn upload(
        url: impl Into<String>,
        field: &'static str,
        file: super::OutgoingFile,
    ) -> Self {
        Self {
            body: Body::Upload {
                field,
                file: Box::new(file),
            },
            limit: FILE,
            ..Self::new(Method::POST, url)
        }
    }

    /// To another address.
    pub(crate) fn to(self, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..self
        }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Calls.
    pub(crate) async fn run(self, account: &Account) -> Result<Reply, Failure> {
        let url =
            outbound::checked(&self.url, account.allow_private).map_err(|_| Failure::NotAllowed)?;
        let client = outbound::client(&url, account.allow_private)
            .await
            .map_err(|problem| match problem.code {
                "host_unknown" => Failure::Unreachable,
                _ => Failure::NotAllowed,
            })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = client
            .timeout(self.limit)
            .build()
            .map_err(|error| failed(&host, error))?;
        let mut request = client.request(self.method, url);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request = match self.body {
            Body::Empty => request,
            Body::Text(text) => request
                .header("content-type", "application/json")
                .body(text),
            Body::Upload { field, file } => request.multipart(form(field, *file)),
        };
        let mut answer = request.send().await.map_err(|error| failed(&host, error))?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&host, error))? {
            if bytes.len() + chunk.len() > self.longest {
                return Err(Failure::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            headers,
            bytes: bytes.into(),
        })
    }
}

impl Reply {
    /// The body as JSON, `Null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The name of a file by `Content-Disposition`; only its last part, whatever path somebody wrote.
    pub(crate) fn file_name(&self) -> Option<String> {
        let header = self.headers.get("content-disposition")?;
        let header = String::from_utf8_lossy(header.as_bytes()).into_owned();
        let given = header.split(';').skip(1).find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("filename")
                .then(|| value.trim().trim_matches('"').to_owned())
        })?;
        plain_name(&given)
    }
}

/// A name of a file without a path and without what no file is called; `None` when nothing is left.
pub(crate) fn plain_name(given: &str) -> Option<String> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|letter| !letter.is_control())
        .take(120)
        .collect();
    let name = name.trim().trim_matches('.').to_owned();
    (!name.is_empty()).then_some(name)
}

fn form(field: &'static str, file: super::OutgoingFile) -> reqwest::multipart::Form {
    let length = file.bytes.len() as u64;
    let part = |bytes: Bytes| {
        reqwest::multipart::Part::stream_with_length(bytes, length).file_name(file.name.clone())
    };
    let typed = part(file.bytes.clone()).mime_str(&file.media_type);
    let part = typed.unwrap_or_else(|_| part(file.bytes));
    reqwest::multipart::Form::new().part(field, part)
}

fn failed(host: &str, error: reqwest::Error) -> Failure {
    // Without the address: an access token stands in it.
    let error = error.without_url();
    tracing::warn!(host, %error, "a platform does not answer");
    Failure::Unreachable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(disposition: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            "content-disposition",
            axum::http::HeaderValue::from_bytes(disposition.as_bytes()).unwrap(),
        );
        let reply = Reply {
            status: StatusCode::OK,
            headers,
            bytes: Bytes::new(),
        };
        reply.file_name()
    }

    #[test]
    fn a_file_is_called_by_the_last_part_of_what_is_told() {
        assert_eq!(
            named(r#"attachment; filename="a.jpg""#).as_deref(),
            Some("a.jpg")
        );
        assert_eq!(
            named(r#"attachment; filename="../../etc/passwd""#).as_deref(),
            Some("passwd")
        );
        assert_eq!(
            named("attachment; filename=证明.pdf").as_deref(),
            Some("证明.pdf")
        );
        assert_eq!(named(r#"attachment; filename="..""#), None);
        assert_eq!(named("inline"), None);
    }
}
