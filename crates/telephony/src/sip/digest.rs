//! Digest authentication of desk phones (RFC 8760 names better hashes; phones speak MD5, RFC 2617).
//!
//! Ours, because rsipstack's helper reads the nonce count into eight bits. Nonces are stateless
//! (time and a keyed hash), so a flood of unauthenticated requests costs no memory; only nonces that
//! were used with a right secret are remembered, for the replay check.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::masked::keyed_hash;
use md5::{Digest as _, Md5};
use uuid::Uuid;

use super::registrar::DeviceSecret;

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
    /// The secret or the realm is wrong, with a nonce of ours that this source was given.
    Wrong,
    /// The same with any other nonce: nobody proved to be there, so nobody is to be blamed.
    Unasked,
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

    /// The value of a WWW-Authenticate header for this source. `salt` makes two nonces of one
    /// millisecond differ.
    pub fn challenge(&self, stale: bool, salt: &str, source: IpAddr, now: DateTime<Utc>) -> String {
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm=MD5, qop=\"auth\"{stale}",
            self.realm,
            self.nonce(&format!("{:x}-{salt}", now.timestamp_millis()), source),
        )
    }

    /// Bound to the source: whoever forges one has never seen its nonce.
    fn nonce(&self, stamp: &str, source: IpAddr) -> String {
        let hash = keyed_hash(self.key.as_bytes(), &format!("{stamp}@{source}"));
        format!("{stamp}-{}", &hash[..hash.len().min(32)])
    }

    fn issued_at(&self, nonce: &str, source: IpAddr) -> Option<DateTime<Utc>> {
        let (stamp, _) = nonce.rsplit_once('-')?;
        if self.nonce(stamp, source) != nonce {
            return None;
        }
        let (millis, _) = stamp.split_once('-')?;
        DateTime::from_timestamp_millis(i64::from_str_radix(millis, 16).ok()?)
    }

    /// Checks a digest against the secrets (HA1) of the devices that the user name has; with
    /// [`Verdict::Good`] the device whose secret it is.
    pub fn check(
        &mut self,
        credentials: &Credentials,
        method: &str,
        secrets: &[DeviceSecret],
        source: IpAddr,
        now: DateTime<Utc>,
    ) -> (Verdict, Option<Uuid>) {
        self.used
            .retain(|_, (issued, _)| now - *issued <= NONCE_LIFE);
        let issued = self
            .issued_at(&credentials.nonce, source)
            .filter(|issued| now - *issued <= NONCE_LIFE);
        let secret = secrets
            .iter()
            .find(|secret| credentials.matches(&secret.ha1, method))
            .filter(|_| credentials.realm == self.realm);
        let verdict = match (secret, issued) {
            (None, Some(_)) => Verdict::Wrong,
            (None, None) => Verdict::Unasked,
            // A nonce of another process, or an old one: the secret is right, so a new nonce will do.
            (Some(_), None) => Verdict::Stale,
            (Some(_), Some(_)) if credentials.qop.is_none() => Verdict::Stale,
            (Some(_), Some(issued)) => {
                let (_, highest) = self
                    .used
                    .entry(credentials.nonce.clone())
                    .or_insert((issued, 0));
                if credentials.nc > *highest {
                    *highest = credentials.nc;
                    Verdict::Good
                } else {
                    Verdict::Stale
                }
            }
        };
        (verdict, secret.map(|secret| secret.device_id))
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

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn secrets() -> Vec<DeviceSecret> {
        ["another", "right"]
            .into_iter()
            .zip(1..)
            .map(|(secret, number)| DeviceSecret {
                device_id: Uuid::from_u128(number),
                ha1: ha1("agent1", "shoujie", secret),
            })
            .collect()
    }

    fn verdict(
        challenger: &mut Challenger,
        credentials: &Credentials,
        now: DateTime<Utc>,
    ) -> Verdict {
        challenger
            .check(credentials, "REGISTER", &secrets(), HERE, now)
            .0
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
        let challenge = challenger.challenge(false, "a1", HERE, at(0));
        let nonce = nonce_of(&challenge);
        // The tenth and the 256th request with one nonce are where others stumble.
        for nc in 1..=300u32 {
            let credentials = answer(nonce, "right", &format!("{nc:08x}"));
            assert_eq!(verdict(&mut challenger, &credentials, at(1)), Verdict::Good);
        }
        let replayed = answer(nonce, "right", "0000000a");
        assert_eq!(verdict(&mut challenger, &replayed, at(1)), Verdict::Stale);
    }

    #[test]
    fn an_old_nonce_and_one_of_another_process_are_stale() {
        let mut challenger = Challenger::new("shoujie", "key");
        let challenge = challenger.challenge(false, "a1", HERE, at(0));
        let credentials = answer(nonce_of(&challenge), "right", "00000001");
        assert_eq!(
            verdict(&mut challenger, &credentials, at(301)),
            Verdict::Stale
        );
        let mut restarted = Challenger::new("shoujie", "new key");
        assert_eq!(verdict(&mut restarted, &credentials, at(1)), Verdict::Stale);
    }

    #[test]
    fn a_wrong_secret_is_blamed_on_who_was_given_the_nonce() {
        let mut challenger = Challenger::new("shoujie", "key");
        let challenge = challenger.challenge(false, "a1", HERE, at(0));
        let guess = answer(nonce_of(&challenge), "guess", "00000001");
        assert_eq!(verdict(&mut challenger, &guess, at(1)), Verdict::Wrong);
        let nobody = challenger.check(&guess, "REGISTER", &[], HERE, at(1));
        assert_eq!(nobody, (Verdict::Wrong, None));
        // Whoever forges this source never saw its nonce.
        let elsewhere = IpAddr::from([10, 0, 0, 1]);
        let forged = challenger.check(&guess, "REGISTER", &secrets(), elsewhere, at(1));
        assert_eq!(forged.0, Verdict::Unasked);
        let made_up = answer("1a2b-c-00", "guess", "00000001");
        assert_eq!(verdict(&mut challenger, &made_up, at(1)), Verdict::Unasked);
        assert_eq!(verdict(&mut challenger, &guess, at(301)), Verdict::Unasked);
    }

    #[test]
    fn the_right_secret_tells_the_device() {
        let mut challenger = Challenger::new("shoujie", "key");
        let challenge = challenger.challenge(false, "a1", HERE, at(0));
        let right = answer(nonce_of(&challenge), "right", "00000001");
        let checked = challenger.check(&right, "REGISTER", &secrets(), HERE, at(1));
        assert_eq!(checked, (Verdict::Good, Some(Uuid::from_u128(2))));
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
