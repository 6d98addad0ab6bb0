//! The settings `transcripts`.

use std::time::Duration;

use kernel::App;
use kernel::problem::{Result, bad_request};
use serde::Deserialize;

/// Never printed: they hold a secret.
#[derive(Clone, Deserialize)]
pub struct TranscriptSettings {
    enabled: bool,
    pub(super) url: String,
    pub(super) api_key: String,
    pub(super) model: String,
    pub(super) language: String,
    timeout_s: u64,
    pub(super) attempts: u32,
    most_mb: usize,
    pub(super) allow_private: bool,
}

impl TranscriptSettings {
    /// What is set; none where no service is connected.
    pub fn from_config(app: &App) -> Result<Option<Self>> {
        let settings: Self = app.config.section("transcripts")?;
        let no = |detail: &str| Err(bad_request("bad_config", detail));
        if !settings.enabled {
            return Ok(None);
        }
        if settings.url.is_empty() || settings.model.is_empty() {
            return no("transcripts.enabled needs transcripts.url and transcripts.model");
        }
        if !(10..=1_800).contains(&settings.timeout_s) {
            return no("transcripts.timeout_s is 10 to 1800");
        }
        if !(1..=20).contains(&settings.attempts) {
            return no("transcripts.attempts is 1 to 20");
        }
        if !(1..=500).contains(&settings.most_mb) {
            return no("transcripts.most_mb is 1 to 500");
        }
        Ok(Some(settings))
    }

    /// For one lane.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    /// Samples of one lane that are sent at most, two bytes each.
    pub(super) fn most_samples(&self) -> usize {
        (self.most_mb << 20) / 2
    }
}
