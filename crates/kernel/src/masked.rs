//! Personal values that mask themselves wherever they are shown or sent (domain D.5).

use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;

macro_rules! masked {
    ($(#[$doc:meta])* $name:ident, $mask:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Wraps a value as it was given.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The value itself; a screen gets it only through a reveal with a reason.
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// The value as it may be shown.
            pub fn masked(&self) -> String {
                let mask: fn(&str) -> String = $mask;
                mask(&self.0)
            }

            /// Keyed hash for search without the value (HMAC-SHA256, hex).
            pub fn hash(&self, key: &[u8]) -> String {
                keyed_hash(key, &self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.masked())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.masked())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.masked())
            }
        }
    };
}

masked!(
    /// A telephone number: `138****1234`.
    Phone,
    |value| keep(value, 3, 4)
);
masked!(
    /// A person's name: `王*`.
    PersonName,
    |value| keep(value, 1, 0)
);
masked!(
    /// An identity number: `440***********1234`.
    IdNumber,
    |value| keep(value, 3, 4)
);

masked!(
    /// An e-mail address: `z***@example.org`.
    Email,
    |value| match value.split_once('@') {
        Some((name, domain)) => format!("{}@{domain}", keep(name, 1, 0)),
        None => keep(value, 1, 0),
    }
);

/// Keeps the ends and puts one star for each character between; short values keep only the last one.
fn keep(value: &str, head: usize, tail: usize) -> String {
    let chars: Vec<char> = value.chars().collect();
    let (head, tail) = if chars.len() > head + tail {
        (head, tail)
    } else {
        (0, usize::from(tail > 0))
    };
    let hidden = chars.len().saturating_sub(head + tail);
    chars
        .iter()
        .enumerate()
        .map(|(at, char)| {
            if at >= head && at < head + hidden {
                '*'
            } else {
                *char
            }
        })
        .collect()
}

/// HMAC-SHA256 of `value` in hex.
pub fn keyed_hash(key: &[u8], value: &str) -> String {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(value.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
