//! Where requests come from: the trunk peers, and how much one source may ask for.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::guard::blocked::{Blocked, Why};

/// An address or a CIDR range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Its address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Self { address, bits }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{text}` is no address or CIDR range"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|bits| *bits <= most)
                .ok_or_else(|| format!("`{text}` is no CIDR range"))?,
        };
        Ok(Self { address, bits })
    }
}

impl Network {
    /// The one address in it; `None` for a range.
    pub fn single(&self) -> Option<IpAddr> {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        (self.bits == whole).then_some(self.address)
    }

    /// Whether the address lies in the range. An IPv4 address inside IPv6 counts as IPv4.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.bits);
                u32::from(own).checked_shr(shift) == u32::from(ip).checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.bits);
                u128::from(own).checked_shr(shift) == u128::from(ip).checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// A token bucket for each source ([`source_key`]).
#[derive(Debug)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    buckets: HashMap<IpAddr, (f64, DateTime<Utc>)>,
}

/// Sources remembered at most; beyond it the fullest (most innocent) buckets are forgotten.
const SOURCES: usize = 10_000;

impl RateLimit {
    /// `per_second` on average, twice as much at once.
    pub fn per_second(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            burst: per_second * 2.0,
            buckets: HashMap::new(),
        }
    }

    /// Takes one token of the source; `false` when it has none left.
    pub fn allows(&mut self, ip: IpAddr, now: DateTime<Utc>) -> bool {
        let ip = source_key(ip);
        if self.buckets.len() >= SOURCES && !self.buckets.contains_key(&ip) {
            let (rate, burst) = (self.per_second, self.burst);
            self.buckets
                .retain(|_, (tokens, at)| refilled(*tokens, *at, now, rate, burst) < burst);
            if self.buckets.len() >= SOURCES {
                return false;
            }
        }
        let (tokens, at) = self.buckets.entry(ip).or_insert((self.burst, now));
        *tokens = refilled(*tokens, *at, now, self.per_second, self.burst);
        *at = now;
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}

impl RateLimit {
    /// The source has all its tokens again.
    pub fn forget(&mut self, ip: IpAddr) {
        self.buckets.remove(&source_key(ip));
    }
}

fn refilled(tokens: f64, at: DateTime<Utc>, now: DateTime<Utc>, rate: f64, burst: f64) -> f64 {
    let seconds = (now - at).num_milliseconds().max(0) as f64 / 1000.0;
    (tokens + seconds * rate).min(burst)
}

/// Who a source is for limits: an IPv6 host has a whole /64 to itself and could take a new address for each packet.
pub fn source_key(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let network = u128::from(ip) >> 64 << 64;
            IpAddr::V6(network.into())
        }
        ip @ IpAddr::V4(_) => ip,
    }
}

/// Counts wrong secrets in a sliding window: for each source with each name, for each source altogether, and for each
/// name from wherever.
///
/// What counts against a name from everywhere does not hold for a source that knew its secret lately: a horde that
/// guesses from a thousand addresses does not keep the phone out that was here before.
#[derive(Debug, Default)]
pub struct Lockout {
    failures: HashMap<(Option<IpAddr>, String), VecDeque<DateTime<Utc>>>,
    trusted: HashMap<(IpAddr, String), DateTime<Utc>>,
}

/// Failures older than this count no more.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// How long a right secret speaks for its source.
const TRUST: TimeDelta = TimeDelta::hours(24);
const FAILURES_PER_NAME: usize = 5;
/// A row of phones behind one address may be set up wrongly; a guesser tries many names.
const FAILURES_PER_SOURCE: usize = 30;
/// From all sources together.
const FAILURES_PER_ACCOUNT: usize = 20;

impl Lockout {
    /// Whether this source may not try this name now.
    pub fn locked(&mut self, ip: IpAddr, name: &str, now: DateTime<Utc>) -> bool {
        let ip = source_key(ip);
        let trusted = self
            .trusted
            .get(&(ip, name.to_owned()))
            .is_some_and(|at| now - *at < TRUST);
        self.count(Some(ip), name, now) >= FAILURES_PER_NAME
            || self.count(Some(ip), "", now) >= FAILURES_PER_SOURCE
            || (!trusted && self.count(None, name, now) >= FAILURES_PER_ACCOUNT)
    }

    fn count(&mut self, ip: Option<IpAddr>, name: &str, now: DateTime<Utc>) -> usize {
        let key = (ip, name.to_owned());
        let Some(times) = self.failures.get_mut(&key) else {
            return 0;
        };
        while times.front().is_some_and(|at| now - *at >= WINDOW) {
            times.pop_front();
        }
        let count = times.len();
        if count == 0 {
            self.failures.remove(&key);
        }
        count
    }

    /// Who may not try now: why, from when and until when.
    pub fn standing(&mut self, now: DateTime<Utc>) -> Vec<Blocked> {
        let keys: Vec<_> = self.failures.keys().cloned().collect();
        let mut standing = Vec::new();
        for (address, name) in keys {
            let most = match (address, name.as_str()) {
                (None, _) => FAILURES_PER_ACCOUNT,
                (Some(_), "") => FAILURES_PER_SOURCE,
                (Some(_), _) => FAILURES_PER_NAME,
            };
            let count = self.count(address, &name, now);
            let Some(over) = count.checked_sub(most) else {
                continue;
            };
            let Some(times) = self.failures.get(&(address, name.clone())) else {
                continue;
            };
            let (Some(first), Some(last)) = (times.front(), times.get(over)) else {
                continue;
            };
            standing.push(Blocked {
                why: Why::Secret,
                address,
                account: (!name.is_empty()).then_some(name),
                since: *first,
                until: *last + WINDOW,
                times: count as u64,
            });
        }
        standing
    }

    /// Forgets what counts against this source, or this name there, or this name from everywhere; false when it is not
    /// locked.
    pub fn release(&mut self, ip: Option<IpAddr>, name: &str, now: DateTime<Utc>) -> bool {
        let ip = ip.map(source_key);
        let locked = self
            .standing(now)
            .into_iter()
            .any(|one| one.address == ip && one.account.as_deref().unwrap_or_default() == name);
        locked && self.failures.remove(&(ip, name.to_owned())).is_some()
    }

    /// A wrong secret.
    pub fn failed(&mut self, ip: IpAddr, name: &str, now: DateTime<Utc>) {
        let ip = source_key(ip);
        for key in [(Some(ip), name), (Some(ip), ""), (None, name)] {
            if self.failures.len() >= SOURCES {
                forget_oldest(&mut self.failures, |times| times.back().copied());
            }
            let times = self.failures.entry((key.0, key.1.to_owned())).or_default();
            times.push_back(now);
            if times.len() > FAILURES_PER_SOURCE {
                times.pop_front();
            }
        }
    }

    /// A right secret clears the name for its source (not the source: guessing may go on beside it).
    pub fn succeeded(&mut self, ip: IpAddr, name: &str, now: DateTime<Utc>) {
        let ip = source_key(ip);
        self.failures.remove(&(Some(ip), name.to_owned()));
        if self.trusted.len() >= SOURCES {
            forget_oldest(&mut self.trusted, |at| Some(*at));
        }
        self.trusted.insert((ip, name.to_owned()), now);
    }
}

/// Makes room: a guesser must not be uncounted because others filled the table before him.
pub(super) fn forget_oldest<K, V>(
    table: &mut HashMap<K, V>,
    last: impl Fn(&V) -> Option<DateTime<Utc>>,
) {
    let mut times: Vec<_> = table.values().map(&last).collect();
    // A tenth at once, so that a flood does not search the table for each of its packets.
    let at = times.len() / 10;
    let (_, limit, _) = times.select_nth_unstable(at);
    let limit = *limit;
    let mut left = at + 1;
    table.retain(|_, value| {
        let goes = left > 0 && last(value) <= limit;
        left -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_000_000_000 + millis).unwrap()
    }

    #[test]
    fn networks_contain_their_addresses_and_no_others() {
        let net: Network = "10.1.2.0/23".parse().unwrap();
        assert!(net.contains(ip("10.1.3.255")) && net.contains(ip("::ffff:10.1.2.1")));
        assert!(!net.contains(ip("10.1.4.0")) && !net.contains(ip("::1")));
        let host: Network = "127.0.0.1".parse().unwrap();
        assert!(host.contains(ip("127.0.0.1")) && !host.contains(ip("127.0.0.2")));
        assert!(
            "0.0.0.0/0"
                .parse::<Network>()
                .unwrap()
                .contains(ip("8.8.8.8"))
        );
        assert!(
            "2001:db8::/32"
                .parse::<Network>()
                .unwrap()
                .contains(ip("2001:db8:1::5"))
        );
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "::1/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_source_that_asks_too_much_is_told_off_and_others_are_not() {
        let mut limit = RateLimit::per_second(10);
        let allowed = (0..100)
            .filter(|_| limit.allows(ip("10.0.0.1"), at(0)))
            .count();
        assert_eq!(allowed, 20);
        assert!(limit.allows(ip("10.0.0.2"), at(0)));
        assert!(limit.allows(ip("10.0.0.1"), at(100)));
        assert!(!limit.allows(ip("10.0.0.1"), at(100)));
    }

    #[test]
    fn a_full_table_forgets_the_oldest_and_goes_on_counting() {
        let mut lockout = Lockout::default();
        for number in 0..SOURCES as u32 {
            lockout.failed(
                IpAddr::from(number.to_be_bytes()),
                "agent1",
                at(i64::from(number)),
            );
        }
        let now = at(20_000);
        for _ in 0..5 {
            lockout.failed(ip("192.0.2.1"), "agent2", now);
        }
        assert!(lockout.locked(ip("192.0.2.1"), "agent2", now));
        assert!(lockout.failures.len() <= SOURCES);
    }

    #[test]
    fn guessing_locks_the_name_then_the_source() {
        let mut lockout = Lockout::default();
        for _ in 0..5 {
            assert!(!lockout.locked(ip("10.0.0.1"), "agent1", at(0)));
            lockout.failed(ip("10.0.0.1"), "agent1", at(0));
        }
        assert!(lockout.locked(ip("10.0.0.1"), "agent1", at(0)));
        assert!(!lockout.locked(ip("10.0.0.1"), "agent2", at(0)));
        assert!(!lockout.locked(ip("10.0.0.2"), "agent1", at(0)));
        for name in 0..25 {
            lockout.failed(ip("10.0.0.1"), &format!("agent{name}"), at(0));
        }
        assert!(lockout.locked(ip("10.0.0.1"), "agent2", at(0)));
        assert!(!lockout.locked(ip("10.0.0.1"), "agent1", at(300_000)));
    }
    #[test]
    fn who_is_locked_is_told_with_its_end_and_let_in_before_it() {
        let mut lockout = Lockout::default();
        let here = ip("10.0.0.1");
        for second in 0..7 {
            lockout.failed(here, "agent1", at(second * 1000));
        }
        let standing = lockout.standing(at(10_000));
        assert_eq!(standing.len(), 1, "{standing:?}");
        assert_eq!(
            (standing[0].address, standing[0].account.as_deref()),
            (Some(here), Some("agent1"))
        );
        // Four of the seven are left when the third has aged.
        assert_eq!(standing[0].until, at(302_000));
        assert!(lockout.locked(here, "agent1", at(301_999)));
        assert!(!lockout.release(Some(here), "agent2", at(10_000)));
        assert!(lockout.release(Some(here), "agent1", at(10_000)));
        assert!(!lockout.locked(here, "agent1", at(10_000)));
        assert!(lockout.standing(at(10_000)).is_empty());
    }

    #[test]
    fn failures_count_in_a_sliding_window() {
        let mut lockout = Lockout::default();
        let here = ip("10.0.0.1");
        for minute in 0..5 {
            lockout.failed(here, "agent1", at(minute * 60_000));
        }
        assert!(lockout.locked(here, "agent1", at(299_000)));
        assert!(
            !lockout.locked(here, "agent1", at(300_000)),
            "the first one has aged"
        );
        lockout.failed(here, "agent1", at(300_000));
        assert!(
            lockout.locked(here, "agent1", at(300_000)),
            "the other four have not"
        );
        assert!(!lockout.locked(here, "agent1", at(360_000)));
    }

    #[test]
    fn a_horde_that_guesses_one_account_locks_it_for_strangers_and_not_for_its_phone() {
        let mut lockout = Lockout::default();
        let phone = ip("192.0.2.9");
        lockout.succeeded(phone, "agent1", at(0));
        for number in 0..20 {
            lockout.failed(IpAddr::from([10, 0, 0, number]), "agent1", at(1000));
        }
        assert!(lockout.locked(ip("10.9.9.9"), "agent1", at(2000)));
        assert!(!lockout.locked(ip("10.9.9.9"), "agent2", at(2000)));
        assert!(!lockout.locked(phone, "agent1", at(2000)));
        assert!(!lockout.locked(ip("10.9.9.9"), "agent1", at(301_000)));
    }

    #[test]
    fn an_ipv6_host_is_its_whole_network_and_a_mapped_address_is_ipv4() {
        let mut limit = RateLimit::per_second(10);
        let allowed = (0..100)
            .filter(|n| limit.allows(ip(&format!("2001:db8::{n:x}")), at(0)))
            .count();
        assert_eq!(allowed, 20);
        assert!(limit.allows(ip("2001:db8:0:1::1"), at(0)));
        assert_eq!(source_key(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
        let list: Vec<Network> = ["2001:db8:1::/48", "::1", "10.0.0.0/8"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let listed = |text| list.iter().any(|network| network.contains(ip(text)));
        assert!(listed("2001:db8:1:ffff::5") && listed("::1") && listed("::ffff:10.1.1.1"));
        assert!(!listed("2001:db8:2::5") && !listed("::2"));
    }
}
