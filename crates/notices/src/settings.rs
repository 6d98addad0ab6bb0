//! The settings of the sections `notices`, `smtp` and `sms_gateway`.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::{Config, Result};
use serde::Deserialize;

/// Section `notices`.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// Attempts after which a message is given up.
    pub attempts: i32,
    /// The first pause before another attempt, in seconds; it doubles with each.
    pub retry_s: u32,
    /// The longest pause, in seconds.
    pub retry_longest_s: u32,
    /// Days a notice that was read is kept.
    pub keep_days: u32,
}

impl Settings {
    pub(crate) fn load(config: &Config) -> Result<Self> {
        config.section("notices")
    }

    /// The pause after the `attempt`th failure.
    pub(crate) fn pause(&self, attempt: i32) -> TimeDelta {
        let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(20);
        let seconds = u64::from(self.retry_s) << doublings;
        let seconds = seconds.min(u64::from(self.retry_longest_s));
        TimeDelta::from_std(Duration::from_secs(seconds)).unwrap_or(TimeDelta::hours(1))
    }
}

/// How the connection to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, refused where the server does not offer it (port 587).
    Starttls,
    /// None: for a mail server on this machine.
    Plain,
}

/// Section `smtp`.
#[derive(Debug, Clone, Deserialize)]
pub struct SmtpSettings {
    /// Send e-mail.
    pub enabled: bool,
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is reached.
    pub security: Security,
    /// Name to sign in with; empty: without.
    pub username: String,
    /// Password to sign in with.
    pub password: String,
    /// Who sends: `"首接热线 <notice@example.org>"`.
    pub from: String,
}

/// Section `sms_gateway`.
#[derive(Debug, Clone, Deserialize)]
pub struct SmsSettings {
    /// Send SMS.
    pub enabled: bool,
    /// Where a message is posted.
    pub url: String,
    /// Signs each message: `whsec_` and Base64, or the bytes of the text.
    pub secret: String,
    /// The gateway stands in one's own network.
    pub allow_private: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_the_longest() {
        let settings = Settings {
            attempts: 8,
            retry_s: 30,
            retry_longest_s: 3600,
            keep_days: 1,
        };
        let pauses: Vec<i64> = [1, 2, 3, 8, 100]
            .map(|attempt| settings.pause(attempt).num_seconds())
            .to_vec();
        assert_eq!(pauses, [30, 60, 120, 3600, 3600]);
    }
}
