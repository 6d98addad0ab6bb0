//! Looks at the bytes of a message before the stack's parser does.
//!
//! That parser takes much for granted (other versions, a `Content-Length` that is no number, a `CSeq` of another method)
//! and stumbles over what is unusual but right (white space, unknown methods, an IPv6 address in the old writing). What
//! RFC 3261 forbids is answered or dropped here; what is right but unusual is handed on in the usual writing. The
//! messages of RFC 4475 and RFC 5118 are its test.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

use super::grammar::{
    address, is_call_id, is_sip, is_token, number, proper_address, request_uri, split, uri_scheme,
    via,
};
use super::head::Head;
use super::text::{escaped, is_unsafe};

/// Longest start line with header fields.
const MAX_HEAD: usize = 16 * 1024;
/// Longest value of one header field.
const MAX_VALUE: usize = 8 * 1024;
/// Longest body; an SDP of a browser has about 4 kB.
pub(super) const MAX_BODY: usize = 32 * 1024;

/// What we understand.
const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "REGISTER",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
];
/// Told to who asks for anything else.
const ALLOW: &str =
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY\r\n";
/// Extensions that OPTIONS and REGISTER may require.
const EXTENSIONS: [&str; 3] = ["100rel", "timer", "replaces"];
/// Fields that may stand there once at most.
const SINGLE: [&str; 9] = [
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Expires",
    "Date",
];
const SDP: &str = "application/sdp";

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Handed on, as it came or in the usual writing.
    Pass(Option<Vec<u8>>),
    /// Refused with this status; the response is ready to be sent.
    Refuse(u16, Vec<u8>),
    /// Dropped, and why.
    Drop(&'static str),
}

/// Why a request is refused.
struct Refusal {
    status: u16,
    /// A header line that goes with it.
    line: Cow<'static, str>,
}

impl From<u16> for Refusal {
    fn from(status: u16) -> Self {
        Self {
            status,
            line: Cow::Borrowed(""),
        }
    }
}

/// Judges one message, a datagram or what a stream's framing yields. Octets behind its `Content-Length` do not count.
pub fn screen(message: &[u8], source: SocketAddr) -> Verdict {
    if message.iter().all(u8::is_ascii_whitespace) {
        // A keep-alive (RFC 5626 §4.4).
        return Verdict::Pass(None);
    }
    let leading = message
        .iter()
        .take_while(|byte| b"\r\n".contains(byte))
        .count();
    let message = &message[leading..];
    let Some(end) = find(message, b"\r\n\r\n") else {
        return Verdict::Drop("no end of the header");
    };
    let (bytes, body) = (&message[..end], &message[end + 4..]);
    let text = String::from_utf8_lossy(bytes);
    let mut head = Head::read(&text);
    head.well_formed &= matches!(text, Cow::Borrowed(_));
    head.unusual |= leading > 0;
    if head
        .start
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
    {
        return match response(&mut head, bytes.len(), body) {
            Ok(None) => Verdict::Pass(None),
            Ok(Some(rewritten)) => Verdict::Pass(Some(rewritten)),
            Err(why) => Verdict::Drop(why),
        };
    }
    let mut words = head.start.trim_end_matches([' ', '\t']).rsplit(' ');
    let Some(version) = words
        .next()
        .and_then(|word| word.get(..4).map(|start| (start, &word[4..])))
    else {
        return Verdict::Drop("no SIP");
    };
    if !version.0.eq_ignore_ascii_case("SIP/") {
        return Verdict::Drop("no SIP");
    }
    let wrong_version = version.1 != "2.0";
    match request(&mut head, wrong_version, bytes.len(), body) {
        Ok(None) => Verdict::Pass(None),
        Ok(Some(rewritten)) => Verdict::Pass(Some(rewritten)),
        Err(_) if head.start.starts_with("ACK ") => Verdict::Drop("a malformed ACK"),
        Err(_) if head.count("Via") == 0 => Verdict::Drop("nobody to answer"),
        Err(refusal) => Verdict::Refuse(refusal.status, answer(&head, &refusal, bytes, source)),
    }
}

/// What a response must have; none is ever answered.
fn response(
    head: &mut Head<'_>,
    length: usize,
    body: &[u8],
) -> Result<Option<Vec<u8>>, &'static str> {
    let rest = head.start.get(4..).unwrap_or_default();
    let mut words = rest.splitn(3, ' ');
    let version = words.next().unwrap_or_default();
    let status = words
        .next()
        .and_then(|status| number(status, 699))
        .unwrap_or(0);
    if version != "2.0" || status < 100 {
        return Err("a malformed status line");
    }
    if !head.well_formed || length > MAX_HEAD || !harmless(head) || body.len() > MAX_BODY {
        return Err("a malformed response");
    }
    let required = ["From", "To", "Call-ID", "CSeq"]
        .iter()
        .all(|name| head.count(name) == 1);
    let sequence = head.only("CSeq").and_then(sequence).is_some();
    if !required || !sequence || SINGLE.iter().any(|name| head.count(name) > 1) {
        return Err("a malformed response");
    }
    let hops = hops(head).ok_or("a malformed Via")?;
    // RFC 3261 §8.1.3.3: not for us.
    if hops.len() != 1 {
        return Err("a response with more than one Via");
    }
    let body = framed(head, body).ok_or("a wrong Content-Length")?;
    Ok(settle(head, None, hops, body))
}

fn request(
    head: &mut Head<'_>,
    wrong_version: bool,
    length: usize,
    body: &[u8],
) -> Result<Option<Vec<u8>>, Refusal> {
    if wrong_version {
        return Err(505.into());
    }
    if length > MAX_HEAD {
        return Err(513.into());
    }
    let mut words = head.start.split(' ');
    let (method, uri) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let two_more = words.next().is_some() && words.next().is_none();
    let required = ["From", "To", "Call-ID", "CSeq"]
        .iter()
        .all(|name| head.count(name) == 1);
    if !head.well_formed
        || !two_more
        || !head.start.chars().all(|c| c == ' ' || c.is_ascii_graphic())
        || !is_token(method)
        || !required
        || SINGLE.iter().any(|name| head.count(name) > 1)
        || !harmless(head)
    {
        return Err(400.into());
    }
    let body = framed(head, body).ok_or(400)?;
    if body.len() > MAX_BODY {
        return Err(413.into());
    }
    let hops = hops(head).ok_or(400)?;
    if !METHODS.contains(&method) {
        return Err(Refusal {
            status: 501,
            line: Cow::Borrowed(ALLOW),
        });
    }
    let (number_of, method_of) = head.only("CSeq").and_then(sequence).ok_or(400)?;
    let fits = method_of == method && fields_fit(head, method);
    if !fits {
        return Err(400.into());
    }
    let sequence = format!("{number_of} {method}");
    let scheme = uri_scheme(uri).ok_or(400)?;
    if !is_sip(scheme) && !scheme.eq_ignore_ascii_case("tel") {
        return Err(416.into());
    }
    let proper = request_uri(uri).ok_or(400)?;
    let start = (proper != uri).then(|| format!("{method} {proper} SIP/2.0"));
    if matches!(method, "OPTIONS" | "REGISTER")
        && let Some(line) = unsupported(head)
    {
        return Err(Refusal {
            status: 420,
            line: Cow::Owned(line),
        });
    }
    let body = if method == "INVITE" {
        description(head, body)?
    } else {
        Cow::Borrowed(body)
    };
    if head.only("CSeq") != Some(sequence.as_str()) {
        head.replace("CSeq", sequence);
    }
    for name in ["From", "To", "Contact"] {
        for at in 0..head.fields.len() {
            let field = &head.fields[at];
            if field.name == name
                && let Some(proper) = split(&field.value, ',').and_then(|values| {
                    let values: Option<Vec<String>> =
                        values.into_iter().map(proper_address).collect();
                    Some(values?.join(", "))
                })
                && proper != field.value
            {
                head.unusual = true;
                head.fields[at].value = Cow::Owned(proper);
            }
        }
    }
    Ok(settle(head, start.as_deref(), hops, &body))
}

/// The fields of a request that decide how it is treated.
fn fields_fit(head: &Head<'_>, method: &str) -> bool {
    let most = |name: &str, most| {
        head.only(name)
            .is_none_or(|value| number(value, most).is_some())
    };
    let from = head.only("From").and_then(address);
    let Some(to) = head.only("To").and_then(address) else {
        return false;
    };
    // A registrar's address of record is a SIP URI (RFC 3261 §10.3).
    let registrable = method != "REGISTER" || uri_scheme(to.uri).is_some_and(is_sip);
    let listed = ["Contact", "Route", "Record-Route"].iter().all(|name| {
        head.all(name).all(|value| {
            (*name == "Contact" && method == "REGISTER" && value == "*")
                || split(value, ',')
                    .is_some_and(|values| values.into_iter().all(|value| address(value).is_some()))
        })
    });
    // RFC 2543 knew no From tag; the transactions behind us need one.
    from.is_some_and(|from| from.tag.is_some())
        && registrable
        && listed
        && head.only("Call-ID").is_some_and(is_call_id)
        && most("Max-Forwards", 255)
        && most("Expires", u64::from(u32::MAX))
}

/// Number and method of a `CSeq`; less than 2^31 (RFC 3261 §8.1.1.5).
fn sequence(value: &str) -> Option<(u64, &str)> {
    let (digits, method) = value.split_once([' ', '\t'])?;
    Some((number(digits, (1 << 31) - 1)?, method.trim()))
}

/// No control characters but those that a quoted string escapes, and no value without end.
fn harmless(head: &Head<'_>) -> bool {
    head.fields.iter().all(|field| {
        let mut before = ' ';
        field.value.len() <= MAX_VALUE
            && field.value.chars().all(|c| {
                let fine = !c.is_control() || c == '\t' || before == '\\';
                before = c;
                fine
            })
    })
}

fn hops(head: &Head<'_>) -> Option<Vec<String>> {
    let mut hops = Vec::new();
    for value in head.all("Via") {
        hops.extend(via(value)?);
    }
    (!hops.is_empty()).then_some(hops)
}

/// The body as `Content-Length` has it, or everything when it does not say.
fn framed<'b>(head: &Head<'_>, body: &'b [u8]) -> Option<&'b [u8]> {
    match head.only("Content-Length") {
        None => Some(body),
        Some(length) => body.get(..usize::try_from(number(length, 1 << 24)?).ok()?),
    }
}

/// The `Unsupported` line for what is required and not there.
fn unsupported(head: &Head<'_>) -> Option<String> {
    let unknown: Vec<&str> = head
        .all("Require")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|option| {
            is_token(option)
                && !EXTENSIONS
                    .iter()
                    .any(|known| option.eq_ignore_ascii_case(known))
        })
        .take(16)
        .collect();
    (!unknown.is_empty()).then(|| format!("Unsupported: {}\r\n", unknown.join(", ")))
}

/// The session description of an INVITE, taken out of a body with several parts.
fn description<'b>(head: &mut Head<'_>, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Refusal> {
    let takes = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        [SDP, "application/*", "*/*", "multipart/mixed"]
            .iter()
            .any(|ours| kind.eq_ignore_ascii_case(ours))
    };
    if head.count("Accept") > 0
        && !head
            .all("Accept")
            .flat_map(|value| value.split(','))
            .any(takes)
    {
        return Err(406.into());
    }
    if body.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    let wrong = || Refusal {
        status: 415,
        line: Cow::Borrowed("Accept: application/sdp\r\n"),
    };
    if head
        .all("Content-Encoding")
        .any(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err(Refusal {
            status: 415,
            line: Cow::Borrowed("Accept-Encoding: identity\r\n"),
        });
    }
    let Some(kind) = head.only("Content-Type") else {
        return Ok(Cow::Borrowed(body));
    };
    let bare = kind.split(';').next().unwrap_or_default().trim();
    if bare.eq_ignore_ascii_case(SDP) {
        return Ok(Cow::Borrowed(body));
    }
    if !bare
        .get(..10)
        .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
    {
        return Err(wrong());
    }
    let found = part(kind, body).map(<[u8]>::to_vec).ok_or_else(wrong)?;
    head.replace("Content-Type", SDP.to_owned());
    Ok(Cow::Owned(found))
}

/// The session description among the parts of a body (RFC 2046 §5.1).
fn part<'b>(kind: &str, body: &'b [u8]) -> Option<&'b [u8]> {
    let boundary = kind.split(';').find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"'))
    })?;
    if boundary.is_empty() || boundary.len() > 70 {
        return None;
    }
    let delimiter = format!("--{boundary}");
    let starts: Vec<usize> = body
        .windows(delimiter.len())
        .enumerate()
        .filter(|(_, window)| *window == delimiter.as_bytes())
        .map(|(at, _)| at)
        .take(64)
        .collect();
    starts.windows(2).find_map(|pair| {
        let part = body
            .get(pair[0] + delimiter.len()..pair[1])?
            .strip_prefix(b"\r\n")?;
        let end = find(part, b"\r\n\r\n")?;
        let fields = std::str::from_utf8(&part[..end]).ok()?;
        let sdp = fields.split("\r\n").any(|line| {
            line.split_once(':').is_some_and(|(name, value)| {
                let value = value.split(';').next().unwrap_or_default().trim();
                name.trim().eq_ignore_ascii_case("Content-Type") && value.eq_ignore_ascii_case(SDP)
            })
        });
        let content = &part[end + 4..];
        sdp.then(|| content.strip_suffix(b"\r\n").unwrap_or(content))
    })
}

/// The message in the usual writing, when it needs one.
fn settle(
    head: &mut Head<'_>,
    start: Option<&str>,
    hops: Vec<String>,
    body: &[u8],
) -> Option<Vec<u8>> {
    let written: Vec<&str> = head
        .all("Via")
        .flat_map(|value| split(value, ',').unwrap_or_default())
        .collect();
    head.unusual |= written
        .into_iter()
        .map(str::trim)
        .ne(hops.iter().map(String::as_str));
    let length = head
        .only("Content-Length")
        .and_then(|length| length.parse::<usize>().ok());
    if length != Some(body.len()) && !(length.is_none() && body.is_empty()) {
        head.replace("Content-Length", body.len().to_string());
    }
    head.unusual |= start.is_some()
        || head.start.chars().any(is_unsafe)
        || head
            .fields
            .iter()
            .any(|field| field.value.chars().any(is_unsafe));
    if !head.unusual {
        return None;
    }
    let start = start.unwrap_or(head.start);
    let mut out = String::with_capacity(1024);
    out.push_str(&escaped(start));
    out.push_str("\r\n");
    let mut hops = Some(hops);
    for field in &head.fields {
        if field.name != "Via" {
            push_line(&mut out, field.name, &escaped(&field.value));
            continue;
        }
        // All of them where the first one stood.
        for hop in hops.take().into_iter().flatten() {
            push_line(&mut out, "Via", &escaped(&hop));
        }
    }
    out.push_str("\r\n");
    let mut out = out.into_bytes();
    out.extend_from_slice(body);
    Some(out)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn push_line(out: &mut String, name: &str, value: &str) {
    push_all(out, &[name, ": ", value, "\r\n"]);
}

fn push_all(out: &mut String, pieces: &[&str]) {
    out.extend(pieces.iter().copied());
}

/// A response outside any transaction (RFC 3261 §8.2.7): the same request always gets the same.
fn answer(head: &Head<'_>, refusal: &Refusal, request: &[u8], source: SocketAddr) -> Vec<u8> {
    let mut out = format!("SIP/2.0 {} {}\r\n", refusal.status, reason(refusal.status));
    let mut top = true;
    for field in &head.fields {
        match field.name {
            "Via" => {
                push_line(&mut out, "Via", &field.value);
                // RFC 3581 §4.
                if std::mem::take(&mut top) && field.value.ends_with(";rport") {
                    out.truncate(out.len() - 2);
                    let ip = source.ip().to_canonical();
                    push_all(
                        &mut out,
                        &[
                            "=",
                            &source.port().to_string(),
                            ";received=",
                            &ip.to_string(),
                            "\r\n",
                        ],
                    );
                }
            }
            "To" if address(&field.value).is_none_or(|to| to.tag.is_none()) => {
                let mut hasher = DefaultHasher::new();
                request.hash(&mut hasher);
                push_line(
                    &mut out,
                    "To",
                    &format!("{};tag={:016x}", field.value, hasher.finish()),
                );
            }
            "From" | "To" | "Call-ID" | "CSeq" => push_line(&mut out, field.name, &field.value),
            _ => {}
        }
    }
    out.push_str(&refusal.line);
    out.push_str("Content-Length: 0\r\n\r\n");
    out.into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        406 => "Not Acceptable",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        501 => "Not Implemented",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        _ => "Bad Request",
    }
}
