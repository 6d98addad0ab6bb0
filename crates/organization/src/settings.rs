//! The settings of the section `sign_in`.

use chrono::TimeDelta;
use kernel::{Config, Result};
use serde::Deserialize;

/// How strict the sign-in is (GB/T 22239-2019 8.1.4.1); the defaults are in `config.default.toml`.
#[derive(Debug, Clone, Deserialize)]
pub struct SignInSettings {
    /// Failures in a row that lock a user.
    pub lock_after_failures: i32,
    /// How long the lock holds, in minutes.
    pub lock_minutes: u32,
    /// Failures from one address in the window after which it has to wait.
    pub address_failures: usize,
    /// The window, in minutes.
    pub address_window_minutes: u32,
    /// Minutes without a request that end a session.
    pub idle_minutes: u32,
    /// Hours after which a session ends in any case.
    pub session_hours: u32,
    /// Days after which a password has to be changed; 0: never.
    pub password_max_age_days: u32,
    /// How many of the last passwords may not be used again.
    pub password_history: u32,
}

impl SignInSettings {
    /// Reads the section.
    pub fn load(config: &Config) -> Result<Self> {
        config.section("sign_in")
    }

    pub(crate) fn lock(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.lock_minutes))
    }

    pub(crate) fn address_window(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.address_window_minutes))
    }

    pub(crate) fn idle(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.idle_minutes))
    }

    pub(crate) fn longest_session(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.session_hours))
    }

    pub(crate) fn password_max_age(&self) -> Option<TimeDelta> {
        (self.password_max_age_days > 0).then(|| TimeDelta::days(self.password_max_age_days.into()))
    }
}
