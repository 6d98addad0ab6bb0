//! What an INVITE says of its caller, and what it asks of us.

use rsipstack::sip::prelude::{HasHeaders as _, HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, Request};

/// The caller's number: P-Asserted-Identity of the trunk before From (RFC 3325), only what can be
/// part of a number. Nobody's identity rests on it.
pub(super) fn caller_of(request: &Request) -> String {
    let asserted = request
        .p_asserted_identity_header()
        .and_then(|header| uri_user(header.value()));
    let from = || {
        let from = request.from_header().ok()?.typed().ok()?;
        Some(from.uri.user()?.to_owned())
    };
    let user = asserted.or_else(from).unwrap_or_default();
    let number: String = user.chars().take(32).collect();
    let is_number = !number.is_empty()
        && number
            .chars()
            .enumerate()
            .all(|(at, c)| c.is_ascii_digit() || (at == 0 && c == '+'));
    if is_number { number } else { String::new() }
}

/// The user part of the first sip: or tel: URI in a header value.
fn uri_user(value: &str) -> Option<String> {
    let start = value.find("sip:").or_else(|| value.find("tel:"))? + 4;
    let rest = &value[start..];
    let end = rest.find(['@', '>', ';', ',']).unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_owned())
}

/// The first option of Require that we do not know. 100rel needs nothing of us: we send no
/// provisional response but 100.
pub(super) fn unsupported_extension(request: &Request) -> Option<String> {
    request
        .headers()
        .iter()
        .filter_map(|header| match header {
            Header::Require(require) => Some(require.value().to_owned()),
            _ => None,
        })
        .flat_map(|value| {
            value
                .split(',')
                .map(|token| token.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .find(|token| {
            let known = ["100rel", "timer"];
            !token.is_empty() && !known.iter().any(|one| token.eq_ignore_ascii_case(one))
        })
}
