//! The parts of SIP's grammar (RFC 3261 §25) that a request must keep to before anybody reads it.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::text::is_unsafe;

/// Splits at `separator` outside quoted strings and angle brackets; `None` when one of them does not close.
pub(super) fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, c) in text.char_indices() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
        } else {
            match c {
                '"' if !bracketed => quoted = true,
                '<' if !bracketed => bracketed = true,
                '>' if bracketed => bracketed = false,
                '<' | '>' => return None,
                _ if c == separator && !bracketed => {
                    pieces.push(&text[start..at]);
                    start = at + c.len_utf8();
                }
                _ => {}
            }
        }
    }
    pieces.push(&text[start..]);
    (!quoted && !bracketed).then_some(pieces)
}

fn token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c)
}

/// A token.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(token_char)
}

/// Digits that make a number no higher than `most`.
pub(super) fn number(text: &str, most: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // More than twenty digits do not fit; leading zeros count for nothing.
    let text = text.trim_start_matches('0');
    let value = if text.is_empty() {
        0
    } else {
        text.parse().ok()?
    };
    (digits && value <= most).then_some(value)
}

/// A Call-ID, read with more patience than its grammar has.
pub(super) fn is_call_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.chars().all(|c| c.is_ascii_graphic())
}

/// A host with a port, as it is written properly. White space may stand around the colon, and three colons may stand in
/// an IPv6 address where an older grammar asked for them (RFC 5118 §4.10).
pub(super) fn host_port(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let (host, rest) = if let Some(inner) = text.strip_prefix('[') {
        let (address, rest) = inner.split_once(']')?;
        let proper = address.replacen(":::", "::", 1);
        proper.parse::<Ipv6Addr>().ok()?;
        (Cow::Owned(format!("[{proper}]")), rest.trim_start())
    } else {
        let (host, rest) = match text.find(':') {
            Some(colon) => (text[..colon].trim_end(), &text[colon..]),
            None => (text, ""),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if host.is_empty() || !host.chars().all(named) {
            return None;
        }
        (Cow::Borrowed(host), rest)
    };
    if rest.is_empty() {
        return Some(host);
    }
    let port = rest.strip_prefix(':')?.trim_start();
    number(port, u64::from(u16::MAX)).filter(|port| *port > 0)?;
    Some(Cow::Owned(format!("{host}:{port}")))
}

/// A parameter `name [= value]` with nothing superfluous around it.
fn param(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (text.trim(), None),
    };
    if !is_token(name) {
        return None;
    }
    let fine = value.is_none_or(|value| match value.strip_prefix('"') {
        Some(rest) => rest.ends_with('"'),
        None => {
            !value.is_empty()
                && value
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"\"<>,;".contains(c))
        }
    });
    fine.then_some((name, value))
}

/// One hop of a Via header, written properly.
fn hop(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '/').map(str::trim);
    let (name, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
        return None;
    }
    let (transport, rest) = rest.split_once([' ', '\t'])?;
    if !is_token(transport) {
        return None;
    }
    let mut pieces = split(rest, ';')?.into_iter();
    let mut proper = format!("SIP/2.0/{transport} {}", host_port(pieces.next()?)?);
    for piece in pieces {
        let (name, value) = param(piece)?;
        push_param(&mut proper, name, value);
    }
    Some(proper)
}

/// The hops of a Via header, each written properly.
pub(super) fn via(value: &str) -> Option<Vec<String>> {
    split(value, ',')?.into_iter().map(hop).collect()
}

/// A name-addr or addr-spec with its parameters.
pub(super) struct Address<'a> {
    pub uri: &'a str,
    pub tag: Option<&'a str>,
}

/// Reads a From, To, Contact, Route or Record-Route value.
pub(super) fn address(value: &str) -> Option<Address<'_>> {
    let value = value.trim();
    let mut pieces = split(value, ';')?.into_iter();
    let first = pieces.next()?.trim();
    let uri = if first.contains('<') {
        let open = opening(first)?;
        let (display, rest) = (first[..open].trim(), &first[open + 1..]);
        let proper = match display.strip_prefix('"') {
            Some(quoted) => closes_at_the_end(quoted),
            None => display.split_ascii_whitespace().all(|word| {
                word.chars()
                    .all(|c| token_char(c) || !(c.is_ascii() || is_unsafe(c)))
            }),
        };
        rest.strip_suffix('>').filter(|_| proper)?
    } else if first.contains(['?', ',', '"']) {
        // Without brackets a question mark or comma would be the header's, not the address's.
        return None;
    } else {
        first
    };
    uri_scheme(uri)?;
    let mut tag = None;
    for piece in pieces {
        let (name, value) = param(piece)?;
        if name.eq_ignore_ascii_case("tag") {
            tag = Some(value?);
        }
    }
    Some(Address { uri, tag })
}

/// An address value as the parser behind us reads it rightly: no white space around its parameters, and no third colon
/// (RFC 5118 §4.10).
pub(super) fn proper_address(value: &str) -> Option<String> {
    let uri = address(value)?.uri;
    let mut pieces = split(value.trim(), ';')?.into_iter();
    let first = pieces.next()?.trim();
    let at = first.rfind(uri)?;
    let mut proper = first[..at].to_owned();
    match (uri.find('['), uri.find(']')) {
        (Some(open), Some(close)) if open < close => {
            proper.push_str(&uri[..open]);
            let mut host = uri[open..close].to_owned();
            while host.contains(":::") {
                host = host.replace(":::", "::");
            }
            proper.push_str(&host);
            proper.push_str(&uri[close..]);
        }
        _ => proper.push_str(uri),
    }
    proper.push_str(&first[at + uri.len()..]);
    for piece in pieces {
        let (name, value) = param(piece)?;
        push_param(&mut proper, name, value);
    }
    Some(proper)
}

fn push_param(out: &mut String, name: &str, value: Option<&str>) {
    out.push(';');
    out.push_str(name);
    if let Some(value) = value {
        out.push('=');
        out.push_str(value);
    }
}

/// Whether the quoted string that has begun ends with the text.
fn closes_at_the_end(quoted: &str) -> bool {
    let mut escaped = false;
    let end = quoted.char_indices().find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.is_some_and(|(at, _)| at + 1 == quoted.len())
}

/// Where the address begins: the first angle bracket outside a quoted string.
fn opening(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The scheme of a URI that is well formed.
pub(super) fn uri_scheme(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let mut letters = scheme.chars();
    let named = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let printable = uri
        .chars()
        .all(|c| c.is_ascii_graphic() && !"\"<>".contains(c));
    if !named || !printable || rest.is_empty() {
        return None;
    }
    if is_sip(scheme) {
        let (user, host, _) = sip_parts(rest);
        let user_fits = user.is_none_or(|user| {
            !user.is_empty()
                && escapes_close(user)
                && user
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.!~*'()%&=+$,;?/:#".contains(c))
        });
        if !user_fits || host_port(host).is_none() || host.contains(char::is_whitespace) {
            return None;
        }
    }
    Some(scheme)
}

pub(super) fn is_sip(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
}

fn escapes_close(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let mut digits = rest.chars();
        (0..2).all(|_| digits.next().is_some_and(|c| c.is_ascii_hexdigit()))
    })
}

/// User, host with port, and what follows, of a SIP URI without its scheme.
fn sip_parts(rest: &str) -> (Option<&str>, &str, &str) {
    let (user, rest) = match rest.split_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let end = rest.find([';', '?']).unwrap_or(rest.len());
    (user, &rest[..end], &rest[end..])
}

/// A SIP request URI as the parser behind us reads it rightly; `None` when it carries header fields (RFC 3261 §19.1.5:
/// these have no place there).
pub(super) fn request_uri(uri: &str) -> Option<Cow<'_, str>> {
    let (scheme, rest) = uri.split_once(':')?;
    if !is_sip(scheme) {
        return Some(Cow::Borrowed(uri));
    }
    let (user, host, after) = sip_parts(rest);
    if after.contains('?') {
        return None;
    }
    // A semicolon or question mark in the user part is the user's.
    let user = user.map(|user| user.replace(';', "%3B").replace('?', "%3F"));
    let host = host_port(host)?;
    let user = user.map(|user| user + "@").unwrap_or_default();
    Some(Cow::Owned(format!("{scheme}:{user}{host}{after}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for good in [
            "a.example:5060",
            "[2001:db8::1]",
            "[::1]:5060",
            "192.0.2.1",
            "my_host",
        ] {
            assert_eq!(host_port(good).as_deref(), Some(good));
        }
        assert_eq!(host_port("a : 5060").as_deref(), Some("a:5060"));
        assert_eq!(
            host_port("[2001:db8:::192.0.2.1]").as_deref(),
            Some("[2001:db8::192.0.2.1]")
        );
        for bad in [
            "",
            ":5060",
            "a:",
            "a:0",
            "a:70000",
            "a:b",
            "[::1",
            "[::1]x",
            "2001:db8::10",
            "a b",
            "[zz]",
        ] {
            assert_eq!(host_port(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses() {
        for good in [
            "<sip:a@b>",
            "sip:a@b;tag=1",
            "\"Bell, A.\" <sip:a@b>;tag=x",
            "caller<sip:a@b>",
            "\"x \\\\\\\"\" <sip:a@b> ; tag = 1",
            "张三 <sip:a@b>",
            "\"<not this>\" <sip:a@b?Route=%3Csip:x%3E>",
        ] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "<>",
            "sip:",
            "\"x <sip:a@b>",
            "Bell, A. <sip:a@b>",
            "< sip:a@b >",
            "sip:a@b?Route=x",
            "<sip:a@b>;;",
            "<sip:a@b>;tag=",
            "<sip:a@b> x",
            "<sip:a@b",
            "a@b",
            "<sip:%zz@b>",
            "\u{202e} <sip:a@b>",
            "<sip:a@b>>",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
        assert_eq!(address("<sip:a@b>;x=\"1;2\";tag=t").unwrap().tag, Some("t"));
    }

    #[test]
    fn addresses_are_written_properly() {
        for (written, proper) in [
            ("sip:a@b ;   tag    = 1", "sip:a@b;tag=1"),
            (
                "\"x \\\"\"  <sip:a@b> ; q = 0.3",
                "\"x \\\"\"  <sip:a@b>;q=0.3",
            ),
            ("<sip:a@[2001:db8:::1]:9>", "<sip:a@[2001:db8::1]:9>"),
            (
                "\"sip:a@b\" <sip:a@b>;x=\"1 ; 2\"",
                "\"sip:a@b\" <sip:a@b>;x=\"1 ; 2\"",
            ),
            ("sip:::::a@[1:::2]", "sip:::::a@[1::2]"),
            ("x:a@[1:::2::::3]", "x:a@[1::2::3]"),
        ] {
            assert_eq!(proper_address(written).as_deref(), Some(proper));
            assert_eq!(proper_address(proper).as_deref(), Some(proper));
        }
    }

    #[test]
    fn vias_are_written_properly() {
        let hops = via(
            "SIP  / 2.0  / TCP     a.example   ; branch  =   z9hG4bK1 ,SIP/2.0/UDP [::1]:9;rport",
        )
        .unwrap();
        assert_eq!(
            hops,
            [
                "SIP/2.0/TCP a.example;branch=z9hG4bK1",
                "SIP/2.0/UDP [::1]:9;rport"
            ]
        );
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/7.0/UDP a",
            "HTTP/2.0/UDP a",
            "SIP/2.0/UDP a;b=\"c",
        ] {
            assert_eq!(via(bad), None, "{bad}");
        }
    }

    #[test]
    fn request_uris() {
        let proper = |uri| request_uri(uri).map(Cow::into_owned);
        assert_eq!(
            proper("sip:user;par=u%40example.net@example.com;lr").as_deref(),
            Some("sip:user%3Bpar=u%40example.net@example.com;lr")
        );
        assert_eq!(proper("sip:a@b?Route=x"), None);
        assert_eq!(proper("tel:+8612333").as_deref(), Some("tel:+8612333"));
    }

    #[test]
    fn numbers() {
        assert_eq!(number("0068", 255), Some(68));
        assert_eq!(number("0", 255), Some(0));
        for bad in ["", "-1", "256", "1 2", "+1", "36893488147419103232"] {
            assert_eq!(number(bad, 255), None, "{bad}");
        }
    }
}
