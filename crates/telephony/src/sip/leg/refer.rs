//! A desk phone asks for a transfer (REFER, RFC 3515) and is told how it goes.

use kernel::Clock;
use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::super::{LegEvent, ReferReply};

/// The engine takes a transfer on or refuses it within this time.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Between the 202 and the first NOTIFY.
const AFTER_ACCEPTED: std::time::Duration = std::time::Duration::from_millis(50);

/// Hands a REFER to the engine, answers it, and sends its NOTIFYs. Runs by itself: the phone may hang up
/// as soon as it was accepted. What it gives is cancelled when all was told.
pub(super) fn ask(
    request: &Request,
    handle: TransactionHandle,
    dialog: InviteDialog,
    clock: &Clock,
    events: &mpsc::UnboundedSender<LegEvent>,
) -> CancellationToken {
    let told = CancellationToken::new();
    let until_told = told.clone().drop_guard();
    let target = refer_to(request);
    let (clock, events) = (clock.clone(), events.clone());
    tokio::spawn(async move {
        let _until_told = until_told;
        let Some((to, replaces)) = target else {
            let _ = handle.reply(StatusCode::BadRequest).await;
            return;
        };
        let (reply, said) = oneshot::channel();
        let reply = ReferReply(reply);
        let asked = events.send(LegEvent::Refer {
            to,
            replaces,
            reply,
        });
        let said = match asked {
            Ok(()) => clock.timeout(PATIENCE, said).await,
            // The leg is over.
            Err(_) => return,
        };
        let mut progress = match said {
            Ok(Ok(Ok(progress))) => progress,
            Ok(Ok(Err(status))) => {
                let _ = handle.reply(status.into()).await;
                return;
            }
            _ => {
                let _ = handle.reply(StatusCode::Decline).await;
                return;
            }
        };
        let _ = handle.reply(StatusCode::Accepted).await;
        // The 202 is sent by another task, and should be there first: not every phone knows what a NOTIFY
        // before it is about.
        clock.sleep(AFTER_ACCEPTED).await;
        notify(&dialog, 100).await;
        loop {
            let status = progress.recv().await.unwrap_or(503);
            notify(&dialog, status).await;
            if status >= 200 {
                return;
            }
        }
    });
    told
}

/// One NOTIFY. A phone that does not take it loses nothing but the news.
async fn notify(dialog: &InviteDialog, status: u16) {
    let state = if status < 200 {
        "active;expires=60"
    } else {
        "terminated;reason=noresource"
    };
    let headers = vec![
        Header::Event("refer".into()),
        Header::SubscriptionState(state.into()),
        Header::ContentType("message/sipfrag;version=2.0".into()),
    ];
    let code = StatusCode::from(status);
    let body = format!("SIP/2.0 {status} {}\r\n", reason(&code));
    if let Err(error) = dialog.notify(Some(headers), Some(body.into_bytes())).await {
        tracing::debug!(%error, "NOTIFY of a transfer not delivered");
    }
}

fn reason(code: &StatusCode) -> &'static str {
    match code.code() {
        100 => "Trying",
        180 => "Ringing",
        200 => "OK",
        486 => "Busy Here",
        603 => "Decline",
        code if code < 200 => "Session Progress",
        _ => "Service Unavailable",
    }
}

/// Whom a REFER names: the user part, and Replaces when it is an attended transfer.
fn refer_to(request: &Request) -> Option<(String, Option<String>)> {
    let value = request.headers.iter().find_map(|header| match header {
        Header::ReferTo(to) => Some(to.value().to_owned()),
        Header::Other(name, value)
            if name.eq_ignore_ascii_case("refer-to") || name.eq_ignore_ascii_case("r") =>
        {
            Some(value.clone())
        }
        _ => None,
    })?;
    parse_refer_to(&value)
}

fn parse_refer_to(value: &str) -> Option<(String, Option<String>)> {
    let uri = match (value.find('<'), value.rfind('>')) {
        (Some(from), Some(to)) if from < to => &value[from + 1..to],
        _ => value.split(';').next()?.trim(),
    };
    let (scheme, rest) = uri.split_once(':')?;
    let (address, headers) = match rest.split_once('?') {
        Some((address, headers)) => (address, headers),
        None => (rest, ""),
    };
    let user = match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => address.split_once('@')?.0,
        "tel" => address,
        _ => return None,
    };
    // A password or parameters of the user part are nobody's number.
    let user = decoded(user.split([':', ';']).next()?)?;
    let fits = !user.is_empty()
        && user.len() <= 64
        && user
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+*#._-".contains(c));
    if !fits {
        return None;
    }
    let replaces = headers.split('&').find_map(|header| {
        let (name, value) = header.split_once('=')?;
        name.eq_ignore_ascii_case("replaces")
            .then(|| decoded(value))
            .flatten()
    });
    Some((user, replaces))
}

/// Percent-decodes; `None` when it is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = tail.get(..2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// Whether the value of a Replaces header names this dialog. Phones write the tags in either order.
pub(super) fn names(replaces: &str, id: &DialogId) -> bool {
    let mut parts = replaces.split(';').map(str::trim);
    if parts.next() != Some(id.call_id.as_str()) {
        return false;
    }
    let (mut to, mut from) = (None, None);
    for part in parts {
        match part.split_once('=') {
            Some((name, tag)) if name.eq_ignore_ascii_case("to-tag") => to = Some(tag),
            Some((name, tag)) if name.eq_ignore_ascii_case("from-tag") => from = Some(tag),
            _ => {}
        }
    }
    let (Some(to), Some(from)) = (to, from) else {
        return false;
    };
    let ours = (id.local_tag.as_str(), id.remote_tag.as_str());
    ours == (to, from) || ours == (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refer_to_names_a_number_and_perhaps_a_dialog() {
        let plain = parse_refer_to("<sip:8002@10.0.0.1;transport=udp>");
        assert_eq!(plain, Some(("8002".to_owned(), None)));
        assert_eq!(
            parse_refer_to("\"Li\" <sip:%2B8613900000001@h>;x=y"),
            Some(("+8613900000001".to_owned(), None))
        );
        assert_eq!(parse_refer_to("tel:110"), Some(("110".to_owned(), None)));
        let attended = "<sip:8002@h?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&x=y>";
        let (_, replaces) = parse_refer_to(attended).unwrap();
        let replaces = replaces.unwrap();
        assert_eq!(replaces, "a@b;to-tag=1;from-tag=2");
        let id = DialogId {
            call_id: "a@b".to_owned(),
            local_tag: "1".to_owned(),
            remote_tag: "2".to_owned(),
        };
        assert!(names(&replaces, &id));
        assert!(names("a@b;from-tag=1;to-tag=2;early-only", &id));
        for wrong in [
            "a@b",
            "a@b;to-tag=1",
            "a@c;to-tag=1;from-tag=2",
            "a@b;to-tag=1;from-tag=1",
        ] {
            assert!(!names(wrong, &id), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_referred_to() {
        for wrong in [
            "",
            "<sip:10.0.0.1>",
            "<http://x@y>",
            "<sip:a%0d%0ab@h>",
            "<sip:a%zz@h>",
            "<sip:a b@h>",
            "<sip:@h>",
            ">sip:8002@h<",
        ] {
            assert_eq!(parse_refer_to(wrong), None, "{wrong}");
        }
    }
}
