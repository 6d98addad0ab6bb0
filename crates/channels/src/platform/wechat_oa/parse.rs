//! A push of WeChat, read.

use std::collections::BTreeMap;

use chrono::DateTime;
use kernel::problem::Result;
use serde_json::Value;

use crate::platform::verify::{self, some, unreadable};
use crate::platform::wechat::xml;
use crate::platform::{Inbound, MediaKind, What};

/// The texts of a push by name, from XML or JSON.
pub(crate) fn fields(body: &[u8]) -> Result<BTreeMap<String, String>> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return xml::fields(body);
    }
    let Value::Object(object) = verify::json(body)? else {
        return Err(unreadable("it is no object"));
    };
    let mut fields = BTreeMap::new();
    for (name, value) in object {
        match value {
            Value::String(text) => fields.insert(name, verify::kept(&text)),
            Value::Number(number) => fields.insert(name, number.to_string()),
            Value::Object(inner) => {
                for (below, value) in inner {
                    if let Value::String(text) = value {
                        fields.insert(format!("{name}/{below}"), verify::kept(&text));
                    }
                }
                None
            }
            _ => None,
        };
    }
    Ok(fields)
}

/// What somebody did by a push; `None` when it is nothing to answer.
pub fn inbound(fields: &BTreeMap<String, String>) -> Result<Option<Inbound>> {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let (user, kind, time) = (field("FromUserName"), field("MsgType"), field("CreateTime"));
    if user.is_empty() || kind.is_empty() {
        return Err(unreadable("it names no sender or no type"));
    }
    let event = field("Event");
    let media = |kind, name: Option<String>, text| What::Media {
        kind,
        media_ref: some(field("MediaId")),
        bytes: None,
        name,
        text,
    };
    let what = match kind.as_str() {
        "text" => What::Text {
            text: field("Content"),
        },
        "image" => media(MediaKind::Image, None, None),
        "voice" => {
            let format = some(field("Format")).map(|format| format!("voice.{format}"));
            media(MediaKind::Voice, format, some(field("Recognition")))
        }
        "video" | "shortvideo" => media(MediaKind::Video, None, None),
        "location" => What::Location {
            label: field("Label"),
            latitude: field("Location_X"),
            longitude: field("Location_Y"),
        },
        "link" => What::Link {
            title: some(field("Title")).unwrap_or_else(|| field("Description")),
            url: field("Url"),
        },
        "event" => match happened(&event, &field("EventKey")) {
            Some(what) => what,
            None => return Ok(None),
        },
        // Somebody waits for an answer to it, whatever it is.
        other => What::Text {
            text: format!("（微信消息，类型 {other}，请到公众平台查看）"),
        },
    };
    let message = field("MsgId");
    let external_id = match kind.as_str() {
        "event" => format!("{user}:{time}:{}", event.to_lowercase()),
        _ if message.is_empty() => return Err(unreadable("it has no MsgId")),
        _ => message,
    };
    Ok(Some(Inbound {
        at: time
            .parse()
            .ok()
            .and_then(|time| DateTime::from_timestamp(time, 0)),
        ..Inbound::of(user, external_id, what)
    }))
}

/// An event that is somebody's doing. Where he is (LOCATION, told by itself) is not asked for, and a page that a menu
/// opens (VIEW) opens no window for an answer.
fn happened(event: &str, key: &str) -> Option<What> {
    let event = match event.to_lowercase().as_str() {
        "subscribe" => "follow",
        "unsubscribe" => "unfollow",
        "scan" => "scan",
        "click" | "scancode_push" | "scancode_waitmsg" => "menu",
        _ => return None,
    };
    Some(What::Event {
        event: event.to_owned(),
        key: some(key.strip_prefix("qrscene_").unwrap_or(key)),
    })
}
