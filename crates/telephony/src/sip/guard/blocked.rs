//! Who is turned away at the door now, so that the administrator sees it and may let somebody in before his time.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::sip::sources::{forget_oldest, source_key};

/// Sources noted at most; beyond it those heard of longest ago are forgotten.
const MOST: usize = 1_000;
/// A source that sends no more stands in the list for so long.
const FLOODS: TimeDelta = TimeDelta::minutes(1);
const SCANS: TimeDelta = TimeDelta::minutes(10);
/// A scanner that the administrator lets in is answered for so long.
const LET_IN: TimeDelta = TimeDelta::hours(24);

kernel::words! {
    /// Why a source is turned away.
    Why {
        /// 扫描工具: it names itself one, and is not answered.
        Scanner = "scanner",
        /// 超出速率: what is too much of it is refused.
        Flood = "flood",
        /// 密码错误过多: it may not try an account's secret.
        Secret = "secret",
    }
}

/// A source that is turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Why.
    pub why: Why,
    /// Its address, of IPv6 its network; `None`: an account that is guessed at from many.
    pub address: Option<IpAddr>,
    /// The account whose secret was wrong; `None`: any.
    pub account: Option<String>,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it is over, unless it goes on.
    pub until: DateTime<Utc>,
    /// How often.
    pub times: u64,
}

#[derive(Debug)]
struct Seen {
    since: DateTime<Utc>,
    last: DateTime<Utc>,
    times: u64,
}

/// What the gate turned away lately.
#[derive(Debug, Default)]
pub(super) struct Noted {
    seen: HashMap<(Why, IpAddr), Seen>,
    let_in: HashMap<IpAddr, DateTime<Utc>>,
}

fn shown(why: Why) -> TimeDelta {
    match why {
        Why::Flood => FLOODS,
        Why::Scanner | Why::Secret => SCANS,
    }
}

impl Noted {
    pub fn note(&mut self, why: Why, ip: IpAddr, now: DateTime<Utc>) {
        let key = (why, source_key(ip));
        if self.seen.len() >= MOST && !self.seen.contains_key(&key) {
            forget_oldest(&mut self.seen, |seen| Some(seen.last));
        }
        let seen = self.seen.entry(key).or_insert(Seen {
            since: now,
            last: now,
            times: 0,
        });
        if now - seen.last >= shown(why) {
            (seen.since, seen.times) = (now, 0);
        }
        seen.last = now;
        seen.times += 1;
    }

    pub fn list(&mut self, now: DateTime<Utc>) -> Vec<Blocked> {
        self.seen
            .retain(|(why, _), seen| now - seen.last < shown(*why));
        let one = |(key, seen): (&(Why, IpAddr), &Seen)| Blocked {
            why: key.0,
            address: Some(key.1),
            account: None,
            since: seen.since,
            until: seen.last + shown(key.0),
            times: seen.times,
        };
        self.seen.iter().map(one).collect()
    }

    pub fn is_let_in(&self, ip: IpAddr, now: DateTime<Utc>) -> bool {
        let until = self.let_in.get(&source_key(ip));
        until.is_some_and(|until| now < *until)
    }

    pub fn release(&mut self, why: Why, ip: IpAddr, now: DateTime<Utc>) -> bool {
        let ip = source_key(ip);
        let there = self.seen.remove(&(why, ip)).is_some();
        if there && why == Why::Scanner {
            self.let_in.retain(|_, until| now < *until);
            self.let_in.insert(ip, now + LET_IN);
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_source_stands_in_the_list_until_it_is_quiet_or_let_in() {
        let mut noted = Noted::default();
        let ip: IpAddr = "192.0.2.7".parse().unwrap();
        noted.note(Why::Scanner, ip, at(0));
        noted.note(Why::Scanner, ip, at(60));
        noted.note(Why::Flood, ip, at(60));
        let listed = noted.list(at(100));
        assert_eq!(listed.len(), 2);
        let scanner = listed.iter().find(|row| row.why == Why::Scanner).unwrap();
        assert_eq!(
            (scanner.since, scanner.until, scanner.times),
            (at(0), at(660), 2)
        );
        assert_eq!(noted.list(at(120)).len(), 1, "the flood is over");
        assert!(
            noted.release(Why::Scanner, ip, at(130)) && !noted.release(Why::Scanner, ip, at(130))
        );
        assert!(noted.is_let_in(ip, at(140)) && !noted.is_let_in(ip, at(140 + 86_400)));
        assert!(noted.list(at(140)).is_empty());
    }

    #[test]
    fn a_flood_of_forged_addresses_does_not_fill_the_memory() {
        let mut noted = Noted::default();
        for number in 0..5_000u32 {
            noted.note(
                Why::Flood,
                IpAddr::from(number.to_be_bytes()),
                at(i64::from(number)),
            );
        }
        assert!(noted.seen.len() <= MOST);
    }
}
