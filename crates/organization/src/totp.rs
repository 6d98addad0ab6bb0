//! One-time codes of an authenticator app: TOTP (RFC 6238) with HMAC-SHA1, 30 seconds, 6 digits, which
//! is what every app reads.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Seconds for which one code stands (RFC 6238 §4).
const STEP_S: i64 = 30;
/// Steps by which the phone's clock may be off, either way (RFC 6238 §5.2).
const DRIFT: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of one step (RFC 4226 §5.3).
fn code(secret: &[u8], step: i64) -> u32 {
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(secret) else {
        return u32::MAX;
    };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 0x0f);
    let word = hash[offset..offset + 4]
        .iter()
        .fold(0, |word, byte| word << 8 | u32::from(*byte));
    (word & 0x7fff_ffff) % 1_000_000
}

/// The step at which `given` is right for a base32 `secret` around `now`; `None` when it is wrong.
/// The caller keeps the step and takes no code of it or of an earlier one again.
pub fn matching_step(secret: &str, given: &str, now: DateTime<Utc>) -> Option<i64> {
    let digits = given.len() == 6 && given.bytes().all(|byte| byte.is_ascii_digit());
    let given: u32 = if digits {
        given.parse().ok()?
    } else {
        return None;
    };
    let secret = decode(secret)?;
    let present = now.timestamp().div_euclid(STEP_S);
    (present - DRIFT..=present + DRIFT).find(|step| code(&secret, *step) == given)
}

/// The code that stands at `now`: for tests and for `shoujie` on the command line.
pub fn code_at(secret: &str, now: DateTime<Utc>) -> Option<String> {
    let code = code(&decode(secret)?, now.timestamp().div_euclid(STEP_S));
    Some(format!("{code:06}"))
}

/// A secret from 40 hex digits of randomness, in base32 (RFC 4648 §6) without padding.
pub(crate) fn secret_of(random: &str) -> String {
    encode(&hex::decode(random).unwrap_or_default())
}

/// The address an authenticator app reads from a QR code.
pub(crate) fn uri(username: &str, secret: &str) -> String {
    format!(
        "otpauth://totp/Shoujie:{username}?secret={secret}&issuer=Shoujie&algorithm=SHA1&digits=6&period=30"
    )
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let symbols = (chunk.len() * 8).div_ceil(5);
        for at in 0..symbols {
            text.push(char::from(BASE32[(bits >> (35 - 5 * at)) as usize & 31]));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for symbol in text.bytes() {
        let value = BASE32
            .iter()
            .position(|known| *known == symbol.to_ascii_uppercase())?;
        bits = (bits << 5 | value as u32) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        let secret = encode(b"12345678901234567890");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, expected) in vectors {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(code_at(&secret, now).unwrap(), expected);
            assert_eq!(matching_step(&secret, expected, now), Some(seconds / 30));
        }
    }

    #[test]
    fn a_clock_half_a_minute_off_is_forgiven_and_a_minute_is_not() {
        let secret = encode(b"12345678901234567890");
        let now = DateTime::from_timestamp(1_111_111_111, 0).unwrap();
        let code = code_at(&secret, now).unwrap();
        let after =
            |seconds| matching_step(&secret, &code, now + chrono::TimeDelta::seconds(seconds));
        assert!(after(30).is_some() && after(-30).is_some());
        assert!(after(60).is_none() && after(-60).is_none());
    }

    #[test]
    fn only_six_digits_are_a_code() {
        let secret = encode(b"12345678901234567890");
        let now = DateTime::from_timestamp(59, 0).unwrap();
        for wrong in ["", "28708", "2870820", "+87082", "28708２"] {
            assert_eq!(matching_step(&secret, wrong, now), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn base32_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        }
    }
}
