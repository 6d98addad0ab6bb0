//! Access tokens: fetched by one at a time, kept in this process, renewed before they end.
//!
//! A cluster's nodes each keep their own: WeChat's `stable_token`, `gettoken` and `getAppAccessToken` give every asker
//! the same token while it holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::App;

use super::Sent;

/// Forced renewals a day (WeChat: at most 20).
const FORCED_A_DAY: usize = 20;
/// Seconds between two forced renewals (WeChat: 30).
const FORCED_APART_S: i64 = 30;

/// The tokens of an adapter by account.
#[derive(Default)]
pub(crate) struct Tokens {
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
}

#[derive(Default)]
struct Slot {
    token: String,
    until: Option<DateTime<Utc>>,
    forced: Vec<DateTime<Utc>>,
}

/// A token as the platform gave it.
pub(crate) struct Given {
    pub token: String,
    pub expires_in_s: i64,
}

/// How a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The one that holds.
    Usual,
    /// A new one: the old one ends.
    Forced,
}

/// Whether a platform can be made to give a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    /// It can (WeChat Official Account).
    Can,
    /// It gives a new one when the old one ends.
    Cannot,
}

/// Whose token it is, and how it is asked for.
#[async_trait]
pub(crate) trait Source: Sync {
    /// What tells its tokens from those of others; with the secret, so that a corrected one is used at once.
    fn key(&self) -> String;

    /// Whether it can be made to give a new one.
    fn force(&self) -> Force;

    /// Asks the platform.
    async fn ask(&self, ask: Ask) -> Result<Given, Sent>;
}

impl Tokens {
    fn slot(&self, key: &str) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(key.to_owned()).or_default().clone()
    }

    /// The token of `source`, fetched when there is none that holds.
    pub(crate) async fn get(&self, app: &App, source: &dyn Source) -> Result<String, Sent> {
        let slot = self.slot(&source.key());
        let mut slot = slot.lock().await;
        if slot.until.is_some_and(|until| app.clock.now() < until) {
            return Ok(slot.token.clone());
        }
        let given = source.ask(Ask::Usual).await?;
        slot.keep(app.clock.now(), given);
        Ok(slot.token.clone())
    }

    /// Another token than `bad`, which the platform does not take any more.
    pub(crate) async fn renew(
        &self,
        app: &App,
        source: &dyn Source,
        bad: &str,
    ) -> Result<String, Sent> {
        let slot = self.slot(&source.key());
        let mut slot = slot.lock().await;
        if slot.token != bad && slot.until.is_some() {
            // Somebody was faster.
            return Ok(slot.token.clone());
        }
        let given = source.ask(Ask::Usual).await?;
        slot.keep(app.clock.now(), given);
        if slot.token == bad && source.force() == Force::Can {
            slot.force(app.clock.now())?;
            let given = source.ask(Ask::Forced).await?;
            slot.keep(app.clock.now(), given);
        }
        if slot.token == bad {
            slot.until = None;
            return Err(later("token_refused"));
        }
        Ok(slot.token.clone())
    }
}

impl Slot {
    /// Keeps a token for nine tenths of its time: who asks a moment before its end must not be left with it.
    fn keep(&mut self, now: DateTime<Utc>, given: Given) {
        self.token = given.token;
        self.until = Some(now + TimeDelta::seconds(given.expires_in_s.clamp(1, 86_400) * 9 / 10));
    }

    /// Notes a forced renewal, or says that it is too early for another one.
    fn force(&mut self, now: DateTime<Utc>) -> Result<(), Sent> {
        self.forced.retain(|at| now - *at < TimeDelta::days(1));
        let last = self.forced.last();
        let early = last.is_some_and(|last| now - *last < TimeDelta::seconds(FORCED_APART_S));
        if early || self.forced.len() >= FORCED_A_DAY {
            return Err(later("token_renewals_used"));
        }
        self.forced.push(now);
        Ok(())
    }
}

pub(crate) fn later(code: impl Into<String>) -> Sent {
    Sent::Later { code: code.into() }
}

pub(crate) fn refused(code: impl Into<String>) -> Sent {
    Sent::Refused { code: code.into() }
}

pub(crate) fn closed(code: impl Into<String>) -> Sent {
    Sent::WindowClosed { code: code.into() }
}
