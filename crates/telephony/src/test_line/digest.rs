//! The client's side of digest authentication (RFC 2617, RFC 3261 §22), written apart from the
//! server's own so that the two check each other.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

/// A challenge and how often it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    pub nonce: String,
    opaque: Option<String>,
    /// The server offers `qop=auth`; without it the answer takes the form of RFC 2069.
    auth: bool,
    /// Our last answer was right but its nonce too old.
    pub stale: bool,
    count: u32,
}

impl Challenge {
    /// Reads the value of a WWW-Authenticate header; `None` for one we cannot answer.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once([' ', '\t'])?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let (mut realm, mut nonce, mut opaque, mut qop, mut stale) =
            (None, None, None, None, false);
        for (name, value) in fields(rest) {
            match name.to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "nonce" => nonce = Some(value),
                "opaque" => opaque = Some(value),
                "qop" => qop = Some(value),
                "stale" => stale = value.eq_ignore_ascii_case("true"),
                "algorithm" if !value.eq_ignore_ascii_case("md5") => return None,
                _ => {}
            }
        }
        let offers = |qop: &String| {
            qop.split(',')
                .any(|offer| offer.trim().eq_ignore_ascii_case("auth"))
        };
        if qop.as_ref().is_some_and(|qop| !offers(qop)) {
            return None;
        }
        Some(Self {
            realm: realm?,
            nonce: nonce?,
            opaque,
            auth: qop.is_some(),
            stale,
            count: 0,
        })
    }

    /// The value of an Authorization header for the next request; counts it.
    pub fn answer(
        &mut self,
        user: &str,
        secret: &str,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> String {
        self.count += 1;
        let ha1 = md5_hex(&format!("{user}:{}:{secret}", self.realm));
        let ha2 = md5_hex(&format!("{method}:{uri}"));
        let nc = format!("{:08x}", self.count);
        let response = if self.auth {
            md5_hex(&format!("{ha1}:{}:{nc}:{cnonce}:auth:{ha2}", self.nonce))
        } else {
            md5_hex(&format!("{ha1}:{}:{ha2}", self.nonce))
        };
        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", algorithm=MD5",
            quoted(user),
            quoted(&self.realm),
            quoted(&self.nonce),
        );
        if self.auth {
            let _ = write!(value, ", qop=auth, nc={nc}, cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(value, ", opaque=\"{}\"", quoted(opaque));
        }
        value
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// Splits `a=b, c="d, \"e\""` into names and values.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
        let name = name.trim_matches([' ', '\t', ',']).to_owned();
        if chars.next().is_none() || name.is_empty() {
            return fields;
        }
        while chars.next_if(|c| *c == ' ').is_some() {}
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            while let Some(c) = chars.next() {
                match c {
                    '"' => break,
                    '\\' => value.extend(chars.next()),
                    c => value.push(c),
                }
            }
        } else {
            value.extend(std::iter::from_fn(|| chars.next_if(|c| *c != ',')));
        }
        fields.push((name, value.trim().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::digest::{Challenger, Credentials, Verdict, ha1};
    use crate::sip::registrar::DeviceSecret;

    #[test]
    fn the_example_of_rfc_2617_is_answered_as_printed() {
        let mut challenge = Challenge::parse(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        )
        .unwrap();
        let answer = challenge.answer(
            "Mufasa",
            "Circle Of Life",
            "GET",
            "/dir/index.html",
            "0a4f113b",
        );
        assert!(
            answer.contains("response=\"6629fae49393a05397450978507c4ef1\""),
            "{answer}"
        );
        assert!(
            answer.contains("nc=00000001")
                && answer.contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"")
        );
    }

    #[test]
    fn our_own_registrar_takes_three_hundred_answers_to_one_challenge() {
        let now = chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let mut challenger = Challenger::new("shoujie", "key");
        let here = std::net::IpAddr::from([127, 0, 0, 1]);
        let secrets = [DeviceSecret {
            device_id: uuid::Uuid::nil(),
            ha1: ha1("agent1", "shoujie", "right"),
        }];
        let challenge = challenger.challenge(true, "a1", here, now);
        let mut challenge = Challenge::parse(&challenge).unwrap();
        assert!(challenge.stale);
        for _ in 0..300 {
            let answer = challenge.answer("agent1", "right", "REGISTER", "sip:127.0.0.1", "c");
            let credentials = Credentials::parse(&answer).unwrap();
            assert_eq!(
                challenger
                    .check(&credentials, "REGISTER", &secrets, here, now)
                    .0,
                Verdict::Good
            );
        }
    }

    #[test]
    fn a_challenge_we_cannot_answer_is_none() {
        for header in [
            "Basic realm=\"x\"",
            "Digest realm=\"x\"",
            "Digest nonce=\"x\"",
            "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-256",
            "Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\"",
            "Digest",
            "",
        ] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
        let old = Challenge::parse("Digest realm=\"a \\\"b\\\", c\",nonce=n,stale=FALSE").unwrap();
        assert_eq!(
            (old.realm.as_str(), old.auth, old.stale),
            ("a \"b\", c", false, false)
        );
    }
}
