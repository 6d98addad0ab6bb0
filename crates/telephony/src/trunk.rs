//! Trunks (中继): the ways to the carrier and back, what becomes of a number on them, and which one a
//! call takes.
//!
//! The rules are here and in [`health`], pure; the rows in [`store`], what runs in [`board`] and
//! [`watch`], the doors in [`http`].

pub mod asking;
pub mod board;
pub mod health;
pub mod http;
pub mod store;
pub mod watch;

use kernel::problem::{Result, invalid};
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls;
use utoipa::ToSchema;

kernel::words! {
    /// How we and the carrier know each other.
    TrunkKind {
        /// By address: 对接
        Address = "address",
        /// We register with it: 注册
        Registration = "registration",
    }
}

kernel::words! {
    /// What SIP goes over.
    TrunkTransport {
        /// Datagrams.
        Udp = "udp",
        /// A stream.
        Tcp = "tcp",
        /// A stream that nobody reads or changes; the carrier's certificate is verified.
        Tls = "tls",
    }
}

kernel::words! {
    /// Whether the voice is encrypted (SRTP with keys in SDP, RFC 4568).
    Srtp {
        /// 不加密: it is neither offered nor taken.
        Off = "off",
        /// 可选: what the other side can.
        Optional = "optional",
        /// 必须: no call without it.
        Required = "required",
    }
}

kernel::words! {
    /// Whether a trunk can be used, as its OPTIONS or its registration tells.
    TrunkHealth {
        /// Not asked yet, or it is not to be asked.
        Unknown = "unknown",
        /// It answers.
        Up = "up",
        /// It does not answer, or does not let us in.
        Down = "down",
    }
}

kernel::words! {
    /// What is wrong with a trunk.
    TrunkFault {
        /// 没有应答
        Silent = "silent",
        /// 被拒绝: the status says how.
        Refused = "refused",
        /// 连接不上: nobody takes the connection, or nobody has the name.
        Unreachable = "unreachable",
        /// 证书不受信任: self-signed, or by an issuer whom we do not trust.
        CertificateUntrusted = "certificate_untrusted",
        /// 证书与主机名不符
        CertificateName = "certificate_name",
        /// 证书已过期, or not valid yet.
        CertificateExpired = "certificate_expired",
        /// 加密连接失败
        TlsFailed = "tls_failed",
    }
}

impl TrunkFault {
    /// Nothing that a lost datagram or a restart would look like.
    pub fn is_certain(self) -> bool {
        !matches!(self, Self::Silent | Self::Unreachable)
    }

    /// What an error of sending tells.
    pub(crate) fn of(error: &rsipstack::Error) -> Self {
        use rsipstack::Error;
        match error {
            Error::IoError(error) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                inner.map_or(Self::Unreachable, Self::of_tls)
            }
            Error::DnsResolutionError(_) | Error::AddrParseError(_) => Self::Unreachable,
            _ => Self::Silent,
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::CertificateError as Wrong;
        match error {
            rustls::Error::InvalidCertificate(wrong) => match wrong {
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                    Self::CertificateName
                }
                Wrong::Expired
                | Wrong::ExpiredContext { .. }
                | Wrong::NotValidYet
                | Wrong::NotValidYetContext { .. } => Self::CertificateExpired,
                _ => Self::CertificateUntrusted,
            },
            _ => Self::TlsFailed,
        }
    }
}

/// One rule of rewriting: numbers that begin so lose so many digits and get others in front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewriting {
    /// The numbers it is about begin so; empty for all.
    pub begins_with: String,
    /// How many characters are taken off the front.
    pub strip: u8,
    /// What is put in front then.
    pub add: String,
}

/// Rules of one trunk and direction at most.
pub const MOST_RULES: usize = 50;
/// Longest number (E.164 has 15 digits; prefixes of carriers come before it).
pub const LONGEST_NUMBER: usize = 32;

/// Whether all of it can stand in a number.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    text.len() <= LONGEST_NUMBER
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || c == '*' || c == '#')
}

/// The number as the first rule that fits makes it, and which rule that was. One that would leave nothing
/// of it does not fit.
pub fn rewritten(rules: &[Rewriting], number: &str) -> (String, Option<usize>) {
    let fitting = rules.iter().enumerate().find_map(|(at, rule)| {
        let rest = number
            .starts_with(rule.begins_with.as_str())
            .then(|| number.get(usize::from(rule.strip)..))
            .flatten()?;
        let new = format!("{}{rest}", rule.add);
        (!new.is_empty() && is_number(&new)).then_some((new, at))
    });
    match fitting {
        Some((new, at)) => (new, Some(at)),
        None => (number.to_owned(), None),
    }
}

/// Says no to rules that make no sense.
pub fn check_rules(field: &'static str, rules: &[Rewriting]) -> Result<()> {
    if rules.len() > MOST_RULES {
        let detail = "at most 50 rules";
        return Err(invalid(field, "too_many_rules", detail));
    }
    for rule in rules {
        let short = usize::from(rule.strip) <= LONGEST_NUMBER;
        if !short || !is_number(&rule.begins_with) || !is_number(&rule.add) {
            return Err(invalid(
                field,
                "rewriting_invalid",
                "digits, * and #, with + only at the front, at most 32",
            ));
        }
    }
    Ok(())
}

/// What choosing looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<T> {
    /// The trunk.
    pub trunk: T,
    /// The smallest goes first.
    pub priority: i32,
    /// Its share among those of one priority.
    pub weight: u32,
    /// Whether it can be used.
    pub health: TrunkHealth,
}

/// The order in which trunks are tried: those that are not down before those that are, then by priority,
/// then by lot with the weights (`roll` gives a number below its argument). One that is down may have
/// come back this second, so it is tried when nothing else is left.
pub fn order<T>(candidates: Vec<Candidate<T>>, mut roll: impl FnMut(u64) -> u64) -> Vec<T> {
    let mut left = candidates;
    left.sort_by_key(|one| (one.health == TrunkHealth::Down, one.priority));
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let level = (first.health == TrunkHealth::Down, first.priority);
        let same = left
            .iter()
            .take_while(|one| (one.health == TrunkHealth::Down, one.priority) == level)
            .count();
        let total: u64 = left[..same]
            .iter()
            .map(|one| u64::from(one.weight.max(1)))
            .sum();
        let mut lot = roll(total);
        let drawn = left[..same].iter().position(|one| {
            let weight = u64::from(one.weight.max(1));
            let hit = lot < weight;
            lot = lot.saturating_sub(weight);
            hit
        });
        ordered.push(left.remove(drawn.unwrap_or(0)).trunk);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(begins_with: &str, strip: u8, add: &str) -> Rewriting {
        Rewriting {
            begins_with: begins_with.to_owned(),
            strip,
            add: add.to_owned(),
        }
    }

    #[test]
    fn the_first_rule_that_fits_rewrites_and_no_other() {
        let rules = [rule("+86", 3, "0"), rule("0", 0, "9"), rule("", 0, "0471")];
        for (number, new, at) in [
            ("+8613900000001", "013900000001", Some(0)),
            ("01012345", "901012345", Some(1)),
            ("6123456", "04716123456", Some(2)),
        ] {
            assert_eq!(rewritten(&rules, number), (new.to_owned(), at));
        }
        assert_eq!(rewritten(&[], "110"), ("110".to_owned(), None));
    }

    #[test]
    fn a_rule_that_leaves_nothing_or_no_number_does_not_fit() {
        for rules in [
            [rule("11", 3, "")],
            [rule("11", 9, "")],
            [rule("1", 0, "+1+")],
        ] {
            assert_eq!(rewritten(&rules, "110"), ("110".to_owned(), None));
        }
        assert!(check_rules("rewrite_out", &[rule("0", 1, "+86")]).is_ok());
        for wrong in [rule("a", 0, ""), rule("", 0, "1+"), rule("", 33, "")] {
            assert!(check_rules("rewrite_out", &[wrong]).is_err());
        }
    }

    fn candidate(trunk: u8, priority: i32, weight: u32, health: TrunkHealth) -> Candidate<u8> {
        Candidate {
            trunk,
            priority,
            weight,
            health,
        }
    }

    #[test]
    fn priority_comes_before_weight_and_what_is_down_last() {
        use TrunkHealth::{Down, Unknown, Up};
        let all = vec![
            candidate(1, 1, 1, Down),
            candidate(2, 5, 100, Up),
            candidate(3, 2, 1, Unknown),
            candidate(4, 2, 3, Up),
        ];
        assert_eq!(order(all.clone(), |_| 0), [3, 4, 2, 1]);
        assert_eq!(order(all, |most| most - 1), [4, 3, 2, 1]);
    }

    #[test]
    fn weights_share_the_calls() {
        let mut first = [0u32; 2];
        for roll in 0..40u64 {
            let both = vec![
                candidate(0, 1, 1, TrunkHealth::Up),
                candidate(1, 1, 3, TrunkHealth::Up),
            ];
            let order = order(both, |most| roll % most);
            first[usize::from(order[0])] += 1;
        }
        assert_eq!(first, [10, 30]);
    }
}
