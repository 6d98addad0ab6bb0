//! Where somebody writes from: an account of a platform, an address, a visitor of the website. Each identity has a
//! requester of its own until something proves, or a person decides, whose it is.

pub mod store;

use kernel::problem::{Result, invalid};
use kernel::text::must_be_code;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Requester;

/// A requester who has no number, because he writes.
pub const NO_NUMBER: &str = "none";

/// The longest id of a platform: an e-mail address has at most 254 bytes.
const LONGEST_ID: usize = 255;
const LONGEST_NICKNAME: usize = 60;

/// Somebody on a channel, as its platform names him.
#[derive(Clone, Copy)]
pub struct OnChannel<'a> {
    /// The channel's code: `wechat_oa`.
    pub channel: &'a str,
    /// Who: openid, QQ number, address, visitor.
    pub external_id: &'a str,
    /// The name he goes by there.
    pub nickname: Option<&'a str>,
}

impl std::fmt::Debug for OnChannel<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.channel, masked(self.external_id))
    }
}

/// Who writes.
#[derive(Debug, Clone)]
pub struct Writer {
    /// His account there.
    pub identity_id: Uuid,
    /// Whose it is.
    pub requester: Requester,
    /// Never seen before.
    pub new: bool,
}

/// The id of a platform: `ox***7Q` wherever it is shown, logged or sent.
#[derive(Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String)]
pub struct ExternalId(String);

impl ExternalId {
    /// Takes a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// What people may see.
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl std::fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for ExternalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

/// The ends alone; of a short id nothing, since its ends would be most of it.
fn masked(id: &str) -> String {
    let chars: Vec<char> = id.chars().collect();
    if chars.len() < 8 {
        return "***".to_owned();
    }
    let (head, tail) = (&chars[..2], &chars[chars.len() - 2..]);
    head.iter().chain(&['*', '*', '*']).chain(tail).collect()
}

/// The address, when the id is one: two spellings of it are one address.
pub(crate) fn mail_of(external_id: &str) -> Option<String> {
    let (name, domain) = external_id.rsplit_once('@')?;
    let whole = !name.is_empty() && domain.contains('.') && !external_id.contains(' ');
    whole.then(|| external_id.to_ascii_lowercase())
}

impl OnChannel<'_> {
    /// The id as it is kept; says no to what no platform sends.
    fn checked(&self) -> Result<&str> {
        must_be_code("channel", self.channel)?;
        let id = self.external_id.trim();
        if id.is_empty() || id.len() > LONGEST_ID || id.contains(char::is_control) {
            let detail = "who writes has an id of 1 to 255 bytes on one line";
            return Err(invalid("external_id", "external_id_invalid", detail));
        }
        Ok(id)
    }

    /// The nickname as it is kept: on one line, cut, nothing that a screen cannot show.
    fn shown_nickname(&self) -> Option<String> {
        let plain = |char: &char| !char.is_control() && !is_invisible(*char);
        let name: String = self
            .nickname?
            .trim()
            .chars()
            .filter(plain)
            .take(LONGEST_NICKNAME)
            .collect();
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }
}

/// Turns the direction of a text or hides in it: a nickname must not dress up what stands beside it.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
