//! What every callback is held to before it is believed: its size, its signature, its time.
//!
//! The codes are the same for all platforms: `body_too_large` 413, `signature_wrong` and `signature_stale` 401,
//! `body_unreadable` 400, `method_not_expected` 405.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use kernel::App;
use kernel::problem::{Problem, Result, bad_request, unauthorized};
use reqwest::Url;
use subtle::ConstantTimeEq as _;

use super::{Account, RawRequest, Setting};

/// The longest body of a callback: a text message has 2,048 bytes, a QQ event with ten attachments some 20,000.
pub(crate) const LONGEST_BODY: usize = 512 << 10;

/// How many seconds ago a callback may have been signed, or ahead; every account that is called has it.
pub(crate) const WINDOW: Setting = Setting::default("window_s", "300");

/// A request that its secret did not sign.
pub(crate) fn wrong(detail: &str) -> Problem {
    unauthorized("signature_wrong", detail)
}

/// What cannot be read, though it may have been signed.
pub(crate) fn unreadable(detail: impl Into<String>) -> Problem {
    bad_request("body_unreadable", detail)
}

/// A method that the platform does not use at this address.
pub(crate) fn method_not_expected() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_expected",
        "the platform does not call this way",
    )
}

/// Refuses a body that is longer than any of the platform's.
pub(crate) fn size(request: &RawRequest) -> Result<()> {
    if request.body.len() > LONGEST_BODY {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("a callback has at most {LONGEST_BODY} bytes"),
        ));
    }
    Ok(())
}

/// Refuses a signature that was made longer ago than the account's window, or so far ahead: it may have been overheard.
/// `at` is what was signed, in seconds of Unix time.
pub(crate) fn fresh(app: &App, account: &Account, at: &str) -> Result<()> {
    let window = account.number(WINDOW.name, 300);
    let at: i64 = at
        .trim()
        .parse()
        .map_err(|_| wrong("the time of the signature is not a number"))?;
    let age = app.clock.now().timestamp().saturating_sub(at);
    if age.saturating_abs() > window {
        return Err(unauthorized(
            "signature_stale",
            format!("signed more than {window} s ago, or by another clock"),
        ));
    }
    Ok(())
}

/// Compares in time that does not tell how far a guess was right.
pub(crate) fn same(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// A header, empty when it is not there or no text.
pub(crate) fn header<'a>(request: &'a RawRequest, name: &str) -> &'a str {
    let value = request.headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The parameters of a query, unescaped; of a name that comes twice the first counts.
pub(crate) fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if let Ok(url) = Url::parse(&format!("http://query/?{query}")) {
        for (name, value) in url.query_pairs() {
            all.entry(name.into_owned())
                .or_insert_with(|| value.into_owned());
        }
    }
    all
}

/// The body as JSON.
pub(crate) fn json(body: &[u8]) -> Result<serde_json::Value> {
    serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))
}

/// A text without what no database keeps: PostgreSQL takes no NUL.
pub(crate) fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A text or a number of a JSON object as text, empty when it is neither.
pub(crate) fn word(value: &serde_json::Value, name: &str) -> String {
    match &value[name] {
        serde_json::Value::String(text) => kept(text),
        serde_json::Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The text, or `None` when it is empty.
pub(crate) fn some(text: impl Into<String>) -> Option<String> {
    let text = text.into();
    (!text.is_empty()).then_some(text)
}
