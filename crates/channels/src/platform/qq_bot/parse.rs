//! An event of QQ, read.

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use serde_json::Value;

use crate::platform::http::plain_name;
use crate::platform::verify::{some, unreadable, word};
use crate::platform::{Inbound, MediaKind, What};

/// Attachments of one message.
const MOST: usize = 20;

/// What somebody did by an event: his text, then each attachment; nothing for events that are no message.
pub fn inbound(told: &Value) -> Result<Vec<Inbound>> {
    let data = &told["d"];
    let (user, group) = match told["t"].as_str() {
        Some("C2C_MESSAGE_CREATE") => (word(&data["author"], "user_openid"), None),
        Some("GROUP_AT_MESSAGE_CREATE") => {
            let group = word(data, "group_openid");
            if group.is_empty() {
                return Err(unreadable("it names no group"));
            }
            (word(&data["author"], "member_openid"), Some(group))
        }
        _ => return Ok(Vec::new()),
    };
    let id = word(data, "id");
    if user.is_empty() || id.is_empty() {
        return Err(unreadable("it names no author or has no id"));
    }
    let at = DateTime::parse_from_rfc3339(&word(data, "timestamp"));
    let whole = Inbound {
        external_group: group,
        nickname: some(word(&data["author"], "username")),
        at: at.ok().map(|at| at.with_timezone(&Utc)),
        reply_ref: Some(id.clone()),
        ..Inbound::of(
            user,
            id.clone(),
            What::Text {
                text: String::new(),
            },
        )
    };
    let text = faceless(&word(data, "content"));
    let mut all = Vec::new();
    let attachments = data["attachments"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if !text.is_empty() || attachments.is_empty() {
        all.push(Inbound {
            what: What::Text { text },
            ..whole.clone()
        });
    }
    for (at, attachment) in attachments.iter().take(MOST).enumerate() {
        all.push(Inbound {
            external_id: format!("{id}#{}", at + 1),
            what: media(attachment),
            ..whole.clone()
        });
    }
    Ok(all)
}

/// A text whose faces, `<faceType=3,faceId="1",ext="…">`, are named.
fn faceless(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once("<faceType=") {
        let Some((_, after)) = tag.split_once('>') else {
            break;
        };
        out.extend([before, "[表情]"]);
        rest = after;
    }
    out.push_str(rest);
    out.trim().to_owned()
}

fn media(attachment: &Value) -> What {
    let kind = word(attachment, "content_type");
    let kind = match kind.split('/').next().unwrap_or_default() {
        "image" => MediaKind::Image,
        "voice" | "audio" => MediaKind::Voice,
        "video" => MediaKind::Video,
        _ => MediaKind::File,
    };
    // What is spoken comes as SILK, which nothing here plays, and as WAV beside it.
    let wav = Some(word(attachment, "voice_wav_url")).filter(|url| !url.is_empty());
    let name = word(attachment, "filename");
    let name = match (&wav, name.rsplit_once('.')) {
        (Some(_), Some((stem, _))) => format!("{stem}.wav"),
        _ => name,
    };
    let url = wav.unwrap_or_else(|| word(attachment, "url"));
    // Some of QQ's addresses come without a scheme.
    let url = match url.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None if url.is_empty() || url.contains("://") => url,
        None => format!("https://{url}"),
    };
    What::Media {
        kind,
        media_ref: some(url),
        bytes: None,
        name: plain_name(&name),
        text: some(word(attachment, "asr_refer_text")),
    }
}
