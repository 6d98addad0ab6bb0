//! Session timers (RFC 4028): a call whose far end has vanished without a BYE ends by itself. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use rsipstack::sip::{Header, Headers};

/// What we ask for, in seconds.
pub(super) const WANTED: u32 = 1800;
/// The shortest interval we agree to; the RFC allows no shorter one.
pub(super) const MIN_SE: u32 = 90;
/// The longest; a far end that asks for a day gets this.
const LONGEST: u32 = 7200;

/// Who sends the refresh, as a message of a transaction names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answered it.
    Uas,
}

impl Refresher {
    fn name(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// A Session-Expires header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionExpires {
    pub seconds: u32,
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads it; `None` when there is none, or none that can be read.
    pub(super) fn of(headers: &Headers) -> Option<Self> {
        Self::parse(&value(headers, &["Session-Expires", "x"])?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let seconds = parts.next()?.parse().ok()?;
        let mut refresher = None;
        for part in parts {
            let Some((name, word)) = part.split_once('=') else {
                continue;
            };
            if name.trim().eq_ignore_ascii_case("refresher") {
                refresher = match word.trim().to_ascii_lowercase().as_str() {
                    "uac" => Some(Refresher::Uac),
                    "uas" => Some(Refresher::Uas),
                    _ => None,
                };
            }
        }
        Some(Self { seconds, refresher })
    }

    /// As a header.
    pub(super) fn header(self) -> Header {
        let refresher = match self.refresher {
            Some(refresher) => format!(";refresher={}", refresher.name()),
            None => String::new(),
        };
        let text = format!("{}{refresher}", self.seconds);
        Header::Other("Session-Expires".to_owned(), text)
    }
}

/// The value of the first header of these names.
pub(super) fn value(headers: &Headers, names: &[&str]) -> Option<String> {
    headers
        .iter()
        .find(|header| {
            names
                .iter()
                .any(|name| header.name().eq_ignore_ascii_case(name))
        })
        .map(|header| header.value().trim().to_owned())
}

/// Whether a list header (Supported, Require, Allow) has this token.
pub(super) fn lists(headers: &Headers, names: &[&str], token: &str) -> bool {
    headers
        .iter()
        .filter(|header| {
            names
                .iter()
                .any(|name| header.name().eq_ignore_ascii_case(name))
        })
        .flat_map(|header| header.value().split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(token))
}

/// Whether the far end knows session timers.
pub(super) fn supported(headers: &Headers) -> bool {
    lists(headers, &["Supported", "k", "Require"], "timer")
}

/// Min-SE of a 422.
pub(super) fn min_se(headers: &Headers) -> Option<u32> {
    let text = value(headers, &["Min-SE"])?;
    text.split(';').next()?.trim().parse().ok()
}

/// What a request that we answer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Too short: 422 with our Min-SE.
    TooShort,
    /// No timer: neither side wants one, or the far end cannot.
    None,
    /// This goes into the 2xx; with `require`, also `Require: timer`.
    Agreed(SessionExpires, bool),
}

/// Judges the Session-Expires of a request (RFC 4028 §9).
pub(super) fn asked(headers: &Headers) -> Asked {
    let can = supported(headers);
    match SessionExpires::of(headers) {
        Some(asked) if asked.seconds < MIN_SE && can => Asked::TooShort,
        Some(asked) => {
            // One that a proxy put in for a far end that cannot: we refresh.
            let refresher = match asked.refresher {
                Some(refresher) if can => refresher,
                None if can => Refresher::Uac,
                _ => Refresher::Uas,
            };
            let agreed = SessionExpires {
                seconds: asked.seconds.clamp(MIN_SE, LONGEST),
                refresher: Some(refresher),
            };
            Asked::Agreed(agreed, can && refresher == Refresher::Uac)
        }
        None if can => {
            let agreed = SessionExpires {
                seconds: WANTED,
                refresher: Some(Refresher::Uas),
            };
            Asked::Agreed(agreed, false)
        }
        None => Asked::None,
    }
}

/// The timer of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum SessionTimer {
    /// None was agreed.
    #[default]
    Off,
    /// We refresh at this time; the interval in seconds.
    Refresh(DateTime<Utc>, u32),
    /// The far end refreshes, or the call ends at this time.
    Watch(DateTime<Utc>),
}

impl SessionTimer {
    /// Begins anew with each agreement.
    pub(super) fn agreed(expires: SessionExpires, we_refresh: bool, now: DateTime<Utc>) -> Self {
        let seconds = i64::from(expires.seconds);
        if we_refresh {
            return Self::Refresh(now + TimeDelta::seconds(seconds / 2), expires.seconds);
        }
        // RFC 4028 §10: a little before, so that the BYE still goes through proxies that know the call.
        let early = 32.min(seconds / 3);
        Self::Watch(now + TimeDelta::seconds(seconds - early))
    }

    /// After a 2xx to a request of ours. Without Session-Expires in it there is no timer.
    pub(super) fn answered(headers: &Headers, now: DateTime<Utc>) -> Self {
        match SessionExpires::of(headers) {
            Some(expires) if expires.seconds > 0 => {
                let we = expires.refresher != Some(Refresher::Uas);
                Self::agreed(expires, we, now)
            }
            _ => Self::Off,
        }
    }

    /// When something is to be done.
    pub(super) fn at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Off => None,
            Self::Refresh(at, _) | Self::Watch(at) => Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let all: Vec<Header> = lines
            .iter()
            .map(|(name, value)| Header::Other((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.into()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    #[test]
    fn a_far_end_that_can_chooses_who_refreshes() {
        for (lines, expected) in [
            (
                vec![
                    ("Supported", "timer"),
                    ("Session-Expires", "600;refresher=uas"),
                ],
                (600, Refresher::Uas, false),
            ),
            (
                vec![("k", "100rel, TIMER"), ("x", "600")],
                (600, Refresher::Uac, true),
            ),
            (
                vec![
                    ("Supported", "timer"),
                    ("Session-Expires", "99999 ; refresher=uac"),
                ],
                (7200, Refresher::Uac, true),
            ),
            // A proxy's: the far end itself cannot refresh, and would not know 422.
            (
                vec![("Session-Expires", "60;refresher=uac")],
                (90, Refresher::Uas, false),
            ),
            (vec![("Supported", "timer")], (1800, Refresher::Uas, false)),
        ] {
            let (seconds, refresher, require) = expected;
            let agreed = SessionExpires {
                seconds,
                refresher: Some(refresher),
            };
            assert_eq!(
                asked(&headers(&lines)),
                Asked::Agreed(agreed, require),
                "{lines:?}"
            );
        }
        assert_eq!(asked(&headers(&[])), Asked::None);
        let short = [("Supported", "timer"), ("Session-Expires", "60")];
        assert_eq!(asked(&headers(&short)), Asked::TooShort);
    }

    #[test]
    fn half_way_for_who_refreshes_and_a_little_before_the_end_for_who_waits() {
        let after = |seconds| now() + TimeDelta::seconds(seconds);
        let timer =
            |text: &str| SessionTimer::answered(&headers(&[("Session-Expires", text)]), now());
        assert_eq!(
            timer("1800;refresher=uac"),
            SessionTimer::Refresh(after(900), 1800)
        );
        assert_eq!(timer("1800"), SessionTimer::Refresh(after(900), 1800));
        assert_eq!(
            timer("1800;refresher=uas"),
            SessionTimer::Watch(after(1768))
        );
        assert_eq!(timer("90;refresher=uas"), SessionTimer::Watch(after(60)));
        for off in ["0", "", "nonsense"] {
            assert_eq!(timer(off), SessionTimer::Off, "{off}");
        }
        assert_eq!(
            SessionTimer::answered(&headers(&[]), now()),
            SessionTimer::Off
        );
    }

    #[test]
    fn a_422_says_what_is_long_enough() {
        assert_eq!(min_se(&headers(&[("Min-SE", "3600;x=y")])), Some(3600));
        assert_eq!(min_se(&headers(&[("Min-SE", "x")])), None);
        let written = SessionExpires {
            seconds: 90,
            refresher: Some(Refresher::Uas),
        };
        assert_eq!(
            SessionExpires::parse(written.header().value()),
            Some(written)
        );
    }
}
