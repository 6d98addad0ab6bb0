//! A message of WeChat Kefu, read.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

use crate::platform::verify::{some, word};
use crate::platform::{Inbound, MediaKind, What};

/// By a customer.
const CUSTOMER: i64 = 3;
/// By the system.
const SYSTEM: i64 = 4;

/// What somebody did; `None` for what is nobody's doing (a servicer of WeCom wrote, a state changed) or cannot be read.
pub fn inbound(message: &Value) -> Option<Inbound> {
    let id = some(word(message, "msgid"))?;
    let (user, what) = match message["origin"].as_i64()? {
        CUSTOMER => (word(message, "external_userid"), said(message)),
        SYSTEM => {
            let event = &message["event"];
            (word(event, "external_userid"), happened(event)?)
        }
        _ => return None,
    };
    let user = some(user)?;
    let at = message["send_time"].as_i64();
    Some(Inbound {
        at: at.and_then(|at| DateTime::from_timestamp(at, 0)),
        ..Inbound::of(user, id, what)
    })
}

fn said(message: &Value) -> What {
    let kind = word(message, "msgtype");
    let data = &message[kind.as_str()];
    let media = |kind| What::Media {
        kind,
        media_ref: some(word(data, "media_id")),
        bytes: None,
        name: None,
        text: None,
    };
    match kind.as_str() {
        "text" => What::Text {
            text: word(data, "content"),
        },
        "image" => media(MediaKind::Image),
        "voice" => media(MediaKind::Voice),
        "video" => media(MediaKind::Video),
        "file" => media(MediaKind::File),
        "location" => What::Location {
            label: [word(data, "name"), word(data, "address")]
                .join(" ")
                .trim()
                .to_owned(),
            latitude: word(data, "latitude"),
            longitude: word(data, "longitude"),
        },
        "link" => What::Link {
            title: word(data, "title"),
            url: word(data, "url"),
        },
        // Somebody waits for an answer to it, whatever it is.
        other => What::Text {
            text: format!("（微信消息，类型 {other}，请到企业微信查看）"),
        },
    }
}

fn happened(event: &Value) -> Option<What> {
    match event["event_type"].as_str()? {
        "enter_session" => Some(What::Event {
            event: "enter".to_owned(),
            key: some(word(event, "scene")),
        }),
        "msg_send_fail" => {
            let given = word(event, "fail_msgid");
            // Our ids go out without hyphens.
            let message = Uuid::parse_str(&given).map_or(given, |id| id.to_string());
            Some(What::NotDelivered {
                message,
                code: format!("fail_{}", word(event, "fail_type")),
            })
        }
        _ => None,
    }
}
