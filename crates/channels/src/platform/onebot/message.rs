//! A message of OneBot, read: segments, or a text with CQ codes.

use chrono::DateTime;
use kernel::problem::Result;
use serde_json::{Value, json};

use crate::platform::http::plain_name;
use crate::platform::verify::{some, unreadable, word};
use crate::platform::{Inbound, MediaKind, What};

/// Segments of one message.
const MOST: usize = 100;

/// What somebody said by an event: his text, then each file; nothing for events that are no message, and for what is
/// said in a group to others unless `all`.
pub fn inbound(told: &Value, all: bool) -> Result<Vec<Inbound>> {
    if told["post_type"].as_str() != Some("message") {
        return Ok(Vec::new());
    }
    let (user, id) = (word(told, "user_id"), word(told, "message_id"));
    if user.is_empty() || id.is_empty() {
        return Err(unreadable("it names no user or has no id"));
    }
    let number = word(told, "self_id");
    if user == number {
        return Ok(Vec::new());
    }
    let segments = segments(&told["message"]);
    let group = match told["message_type"].as_str() {
        Some("private") => None,
        Some("group") => Some(word(told, "group_id")),
        _ => return Err(unreadable("it is neither private nor of a group")),
    };
    let names_us = segments
        .iter()
        .any(|(kind, data)| kind == "at" && word(data, "qq") == number);
    if group.is_some() && !all && !names_us {
        return Ok(Vec::new());
    }
    let time = told["time"].as_i64().unwrap_or_default();
    // An id of 32 bits comes again after years; with its second it does not.
    let id = format!("{time}:{id}");
    let sender = &told["sender"];
    let card = some(word(sender, "card"));
    let whole = Inbound {
        external_group: group,
        nickname: card.or_else(|| some(word(sender, "nickname"))),
        at: DateTime::from_timestamp(time, 0),
        reply_ref: some(word(told, "message_id")),
        ..Inbound::of(
            user,
            id.clone(),
            What::Text {
                text: String::new(),
            },
        )
    };
    let mut text = String::new();
    let mut rest = Vec::new();
    for (kind, data) in &segments {
        match kind.as_str() {
            "text" => text.push_str(&word(data, "text")),
            "at" if word(data, "qq") == number => {}
            "at" => {
                text.push('@');
                text.push_str(&word(data, "qq"));
            }
            "face" => text.push_str("[表情]"),
            "image" => rest.push(media(MediaKind::Image, data)),
            "record" => rest.push(media(MediaKind::Voice, data)),
            "video" => rest.push(media(MediaKind::Video, data)),
            "file" => rest.push(media(MediaKind::File, data)),
            "location" => rest.push(What::Location {
                label: word(data, "title"),
                latitude: word(data, "lat"),
                longitude: word(data, "lon"),
            }),
            "share" => rest.push(What::Link {
                title: word(data, "title"),
                url: word(data, "url"),
            }),
            "reply" => {}
            other => text.extend(["[", other, "]"]),
        }
    }
    let text = text.trim().to_owned();
    let mut inbound = Vec::new();
    if !text.is_empty() || rest.is_empty() {
        inbound.push(Inbound {
            what: What::Text { text },
            ..whole.clone()
        });
    }
    for (at, what) in rest.into_iter().enumerate() {
        inbound.push(Inbound {
            external_id: format!("{id}#{}", at + 1),
            what,
            ..whole.clone()
        });
    }
    Ok(inbound)
}

fn media(kind: MediaKind, data: &Value) -> What {
    let file = word(data, "file");
    let url = some(word(data, "url"));
    let own = file.starts_with("http://") || file.starts_with("https://");
    What::Media {
        kind,
        media_ref: url.or_else(|| own.then(|| file.clone())),
        bytes: None,
        name: if own { None } else { plain_name(&file) },
        text: None,
    }
}

/// The segments of a message with their data.
fn segments(message: &Value) -> Vec<(String, Value)> {
    match message {
        Value::Array(segments) => {
            let segments = segments.iter().take(MOST);
            segments
                .map(|segment| (word(segment, "type"), segment["data"].clone()))
                .collect()
        }
        Value::String(text) => codes(text),
        _ => Vec::new(),
    }
}

/// The segments of a text with CQ codes: `看 [CQ:image,file=a.jpg,url=https://…]`.
fn codes(text: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut rest = text;
    let plain = |part: &str, found: &mut Vec<(String, Value)>| {
        if !part.is_empty() {
            found.push(("text".to_owned(), json!({ "text": unescaped(part) })));
        }
    };
    while found.len() < MOST {
        let Some(start) = rest.find("[CQ:") else {
            break;
        };
        let Some(length) = rest[start..].find(']') else {
            break;
        };
        plain(&rest[..start], &mut found);
        let code = &rest[start + 4..start + length];
        let mut parts = code.split(',');
        let kind = parts.next().unwrap_or_default().to_owned();
        let data = parts.filter_map(|part| part.split_once('='));
        let data = data.map(|(name, value)| (name.to_owned(), unescaped(value).into()));
        found.push((kind, Value::Object(data.collect())));
        rest = &rest[start + length + 1..];
    }
    plain(rest, &mut found);
    found
}

fn unescaped(text: &str) -> String {
    text.replace("&#91;", "[")
        .replace("&#93;", "]")
        .replace("&#44;", ",")
        .replace("&amp;", "&")
}
