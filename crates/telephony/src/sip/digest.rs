//! Digest authentication of desk phones (RFC 8760 names better hashes; phones speak MD5, RFC 2617).
//!
//! Ours, because rsipstack's helper reads the nonce count into eight bits. Nonces are stateless
//! (time and a keyed hash), so a flood of unauthenticated requests costs no memory; only nonces that
//! were used with a right secret are remembered, for the replay check.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::masked::keyed_hash;
use md5::{Digest as _, Md5};

/// A nonce is good for this long.
const NONCE_LIFE: TimeDelta = TimeDelta::minutes(5);

/// The parameters of an `Authorization: Digest …` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who claims to be there.
    pub username: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    qop: Option<String>,
    cnonce: String,
    nc: u32,
    nc_text: String,
}

impl Credentials {
    /// Reads the value of an Authorization header; `None` for anything that is no complete digest
    /// with an algorithm and a quality of protection that we offer.
    pub fn parse(header: &str) -> Option<Self> {
        let rest = header.trim();
        let (scheme, rest) = rest.split_once([' ', '\t'])?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut fields: HashMap<String, String> = HashMap::new();
        let mut rest = rest.trim_start();
        while !rest.is_empty() {
            let (name, value) = rest.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            let value = value.trim_start();
            let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
                quoted_string(quoted)?
            } else {
                let end = value.find(',').unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            };
            if fields.insert(name, value).is_some() {
                return None;
            }
            rest = after.trim_start().trim_start_matches(',').trim_start();
        }
        if fields
            .get("algorithm")
            .is_some_and(|a| !a.eq_ignore_ascii_case("md5"))
        {
            return None;
        }
        let qop = fields.remove("qop");
        if qop
            .as_deref()
            .is_some_and(|q| !q.eq_ignore_ascii_case("auth"))
        {
            return None;
        }
        let nc_text = fields.remove("nc").unwrap_or_default();
        // Hexadecimal, and 32 bits of it (RFC 7616 §3.4).
        let nc = u32::from_str_radix(&nc_text, 16).unwrap_or(0);
        let mut take = |name: &str| fields.remove(name);
        Some(Self {
            username: take("username")?,
            realm: take("realm")?,
            nonce: take("nonce")?,
            uri: take("uri")?,
            response: take("response")?,
            cnonce: take("cnonce").unwrap_or_default(),
            qop,
            nc,
            nc_text,
        })
    }

    fn matches(&self, ha1: &str, method: &str) -> bool {
        let ha2 = md5_hex(&format!("{method}:{}", self.uri));
        let expected = md5_hex(&match &self.qop {
            Some(qop) => format!(
                "{ha1}:{}:{}:{}:{qop}:{ha2}",
                self.nonce, self.nc_text, self.cnonce
            ),
            None => format!("{ha1}:{}:{ha2}", self.nonce),
        });
        expected.eq_ignore_ascii_case(&self.response)
    }
}

/// The rest of a quoted string and what follows it; backslashes escape.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// `MD5(username:realm:secret)` in hex: all that is stored of a device's secret.
pub fn ha1(username: &str, realm: &str, secret: &str) -> String {
    md5_hex(&format!("{username}:{realm}:{secret}"))
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The secret is right and the nonce is fresh.
    Good,
    /// The secret is right, but the nonce has expired or was used with this count before.
    Stale,
    /// The secret, the realm or the nonce is wrong.
    Wrong,
}

/// Issues challenges and checks what comes back.
#[derive(Debug)]
pub struct Challenger {
    realm: String,
    key: String,
    /// Highest nonce count seen with each nonce that was used with a right secret.
    used: HashMap<String, (DateTime<Utc>, u32)>,
}

impl Challenger {
    /// `key` is a secret of this process: after a restart old nonces are stale.
    pub fn new(realm: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            realm: realm.into(),
            key: key.into(),
            used: HashMap::new(),
        }
    }

    /// The realm of the secrets.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The value of a WWW-Authenticate header. `salt` makes two nonces of one millisecond differ.
    pub fn challenge(&self, stale: bool, salt: &str, now: DateTime<Utc>) -> String {
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm=MD5, qop=\"auth\"{stale}",
            self.realm,
            self.nonce(&format!("{:x}-{salt}", now.timestamp_millis())),
        )
    }

    fn nonce(&self, stamp: &str) -> String {
        let hash = keyed_hash(self.key.as_bytes(), stamp);
        format!("{stamp}-{}", &hash[..hash.len().min(32)])
    }

    fn issued_at(&self, nonce: &str) -> Option<DateTime<Utc>> {
        let (stamp, _) = nonce.rsplit_once('-')?;
        if self.nonce(stamp) != nonce {
            return None;
        }
        let (millis, _) = stamp.split_once('-')?;
        DateTime::from_timestamp_millis(i64::from_str_radix(millis, 16).ok()?)
    }

    /// Checks a digest against the secrets (HA1) of the devices that the user name has.
    pub fn check(
        &mut self,
        credentials: &Credentials,
        method: &str,
        secrets: &[String],
        now: DateTime<Utc>,
    ) -> Verdict {
        self.used
            .retain(|_, (issued, _)| now - *issued <= NONCE_LIFE);
        if credentials.realm != self.realm
            || !secrets
                .iter()
                .any(|secret| credentials.matches(secret, method))
        {
            return Verdict::Wrong;
        }
        // A nonce of another process, or an old one: the secret is right, so a new nonce will do.
        let Some(issued) = self.issued_at(&credentials.nonce) else {
            return Verdict::Stale;
        };
        if now - issued > NONCE_LIFE || credentials.qop.is_none() {
            return Verdict::Stale;
        }
        let (_, highest) = self
            .used
            .entry(credentials.nonce.clone())
            .or_insert((issued, 0));
        if credentials.nc <= *highest {
            return Verdict::Stale;
        }
        *highest = credentials.nc;
        Verdict::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap()
    }

    fn nonce_of(challenge: &str) -> &str {
        challenge
            .split("nonce=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
    }

    fn answer(nonce: &str, secret: &str, nc: &str) -> Credentials {
        let ha1 = ha1("agent1", "shoujie", secret);
        let ha2 = md5_hex("REGISTER:sip:127.0.0.1");
        let response = md5_hex(&format!("{ha1}:{nonce}:{nc}:0a4f:auth:{ha2}"));
        Credentials::parse(&format!(
            "Digest username=\"agent1\", realm=\"shoujie\", nonce=\"{nonce}\", \
             uri=\"sip:127.0.0.1\", response=\"{response}\", algorithm=MD5, cnonce=\"0a4f\", \
             qop=auth, nc={nc}"
        ))
        .unwrap()
    }

    fn secrets() -> Vec<String> {
        vec![
            ha1("agent1", "shoujie", "another"),
            ha1("agent1", "shoujie", "right"),
        ]
    }

    #[test]
    fn the_example_of_rfc_2617_verifies() {
        let credentials = Credentials::parse(
            "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, \
             nc=00000001, cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", \
             opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        )
        .unwrap();
        let secret = ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
        assert!(credentials.matches(&secret, "GET"));
        assert!(!credentials.matches(&secret, "REGISTER"));
    }

    #[test]
    fn a_nonce_serves_many_requests_but_each_count_only_once() {
        let mut challenger = Challenger::new("shoujie", "key");
        let challenge = challenger.challenge(false, "a1", at(0));
        let nonce = nonce_of(&challenge);
        // The tenth and the 256th request with one nonce are where others stumble.
        for nc in 1..=300u32 {
            let credentials = answer(nonce, "right", &format!("{nc:08x}"));
            assert_eq!(
                challenger.check(&credentials, "REGISTER", &secrets(), at(1)),
                Verdict::Good
            );
        }
        let replayed = answer(nonce, "right", "0000000a");
        assert_eq!(
            challenger.check(&replayed, "REGISTER", &secrets(), at(1)),
            Verdict::Stale
        );
    }

    #[test]
    fn an_old_nonce_and_one_of_another_process_are_stale() {
        let mut challenger = Challenger::new("shoujie", "key");
        let challenge = challenger.challenge(false, "a1", at(0));
        let credentials = answer(nonce_of(&challenge), "right", "00000001");
        assert_eq!(
            challenger.check(&credentials, "REGISTER", &secrets(), at(301)),
            Verdict::Stale
        );
        let mut restarted = Challenger::new("shoujie", "new key");
        assert_eq!(
            restarted.check(&credentials, "REGISTER", &secrets(), at(1)),
            Verdict::Stale
        );
    }

    #[test]
    fn a_wrong_secret_is_wrong_whatever_the_nonce() {
        let mut challenger = Challenger::new("shoujie", "key");
        let challenge = challenger.challenge(false, "a1", at(0));
        let credentials = answer(nonce_of(&challenge), "guess", "00000001");
        assert_eq!(
            challenger.check(&credentials, "REGISTER", &secrets(), at(1)),
            Verdict::Wrong
        );
        assert_eq!(
            challenger.check(&credentials, "REGISTER", &[], at(1)),
            Verdict::Wrong
        );
    }

    #[test]
    fn headers_that_are_no_digest_are_not_read() {
        for header in [
            "",
            "Basic dXNlcjpwYXNz",
            "Digest",
            "Digest username=\"agent1",
            "Digest username=\"a\", username=\"b\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", algorithm=SHA-256",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", qop=auth-int",
        ] {
            assert_eq!(Credentials::parse(header), None, "{header}");
        }
    }

    #[test]
    fn commas_and_escapes_in_quoted_values_are_read() {
        let credentials = Credentials::parse(
            "Digest username=\"a,\\\"b\" , realm = \"r\",nonce=\"n\",uri=\"u\",response=\"x\"",
        )
        .unwrap();
        assert_eq!(credentials.username, "a,\"b");
    }
}
