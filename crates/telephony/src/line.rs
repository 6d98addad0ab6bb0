//! What the hotline offers (线路设置): menu, message box, survey, what is said of an incident or a holiday, and the
//! prompts. The rows are in [`store`] and [`prompt`]; calls see what [`apply`] put into memory.

pub mod http;
pub mod prompt;
mod prompt_http;
pub mod store;
pub(crate) mod waiting;
mod words;

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::problem::{Result, invalid};
use kernel::text::must_be_name;
use kernel::{App, Event, EventHandler, timer};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::Telephony;
use crate::engine::{LineNow, RatingRule};
use crate::media::prompts::Prompt;

kernel::permissions! {
    /// See what the hotline offers and its prompts, and hear them.
    pub ViewLine = "line:view" { ShiftLead: All, OpsManager: All, PurchaserAdmin: All }
    /// Set what the hotline offers, and bring new prompts.
    pub SetLine = "line:set" { ShiftLead: All, OpsManager: All }
    /// Approve new prompts or return them.
    pub ApprovePrompts = "prompts:approve" { PurchaserAdmin: All }
    /// Take a prompt back: the shipped one is heard again.
    pub WithdrawPrompts = "prompts:withdraw" { ShiftLead: All, OpsManager: All, PurchaserAdmin: All }
}

/// Keys of a menu: `1` to `9`.
const MOST_KEYS: usize = 9;
/// Longest period between two surveys of one requester, in days.
const LONGEST_PERIOD: u16 = 365;

/// One key of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuKey {
    /// `1` to `9`.
    pub key: u8,
    /// Code of the queue behind it.
    pub queue: String,
    /// What people call it.
    pub label: String,
}

/// What somebody sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineSettings {
    /// The menu; empty: straight to a person (GB/T 33358).
    pub menu: Vec<MenuKey>,
    /// Outside the service hours a message may be left.
    pub message_box: bool,
    /// Requesters are asked to rate.
    pub survey: bool,
    /// One requester is asked once in so many days, 1 to 365.
    pub survey_period_days: u16,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self {
            menu: Vec::new(),
            message_box: false,
            survey: false,
            survey_period_days: 30,
        }
    }
}

impl LineSettings {
    /// Says no to what makes no sense.
    pub async fn check(&self, conn: &impl ConnectionTrait) -> Result<()> {
        if self.menu.len() > MOST_KEYS {
            return Err(invalid(
                "menu",
                "menu_too_long",
                "a menu has at most 9 keys",
            ));
        }
        let mut taken = Vec::new();
        for (at, row) in self.menu.iter().enumerate() {
            if !(1..=9).contains(&row.key) || taken.contains(&row.key) {
                let detail = "each key once, 1 to 9";
                return Err(invalid(
                    &format!("menu.{at}.key"),
                    "menu_key_invalid",
                    detail,
                ));
            }
            taken.push(row.key);
            must_be_name(&format!("menu.{at}.label"), &row.label)?;
            if floor::queue::store::get(conn, &row.queue).await?.is_none() {
                return Err(invalid(
                    &format!("menu.{at}.queue"),
                    "queue_unknown",
                    format!("there is no queue `{}`", row.queue),
                ));
            }
        }
        if !(1..=LONGEST_PERIOD).contains(&self.survey_period_days) {
            return Err(invalid(
                "survey_period_days",
                "out_of_range",
                "1 to 365 days",
            ));
        }
        Ok(())
    }
}

/// What calls get of a row.
pub(crate) fn line_now(row: &store::row::Model) -> Result<LineNow> {
    let settings = row.settings()?;
    let menu = settings
        .menu
        .into_iter()
        .filter_map(|one| Some((char::from_digit(one.key.into(), 10)?, one.queue)))
        .collect();
    Ok(LineNow {
        offers: call_control::Line {
            menu,
            message_box: settings.message_box,
            survey: settings.survey,
        },
        before_greeting: row
            .incident
            .then(|| "incident".to_owned())
            .into_iter()
            .collect(),
        closed_by: row.holiday.then(|| "holiday".to_owned()),
    })
}

/// Puts what stands in the rows into memory: calls that come in now hear it.
pub(crate) async fn apply(telephony: &Telephony) -> Result<()> {
    let app = telephony.app();
    let engine = telephony.engine();
    engine.set_line(line_now(&store::now(app).await?)?);
    let mut played = HashMap::new();
    for version in prompt::approved(app.db.read()).await? {
        let wav = match app.files.get(&version.path).await {
            Ok(wav) => wav,
            Err(problem) => {
                tracing::error!(prompt = version.name, %problem, "approved prompt is gone, the shipped one is played");
                continue;
            }
        };
        match Prompt::from_wav(&wav) {
            Ok(sound) => drop(played.insert(version.name, sound)),
            Err(refusal) => tracing::error!(prompt = version.name, %refusal, "approved prompt"),
        }
    }
    engine.inner().media.prompts().replace(played);
    Ok(())
}

/// Whom the survey asks: one requester once in a period.
pub(crate) struct Ratings(pub App);

#[async_trait]
impl RatingRule for Ratings {
    async fn may_ask(&self, caller_hash: &str, at: DateTime<Utc>) -> bool {
        let asked = async {
            let line = store::now(&self.0).await?;
            let since = at - TimeDelta::days(line.survey_period_days.into());
            store::asked_since(self.0.db.read(), caller_hash, since).await
        };
        match asked.await {
            Ok(asked) => !asked,
            Err(problem) => {
                // Rather nobody than somebody twice.
                tracing::warn!(%problem, "whether he was asked to rate is unknown");
                false
            }
        }
    }
}

/// The routes of the line and its prompts.
pub(crate) fn routes(telephony: &Telephony) -> OpenApiRouter {
    http::routes(telephony).merge(prompt_http::routes(telephony))
}

/// What it does when something happened elsewhere, and its timer.
pub(crate) fn event_handlers(telephony: &Telephony) -> Vec<EventHandler> {
    let (changed, left) = (telephony.clone(), telephony.app().clone());
    vec![
        timer::start::<store::Lines>(telephony.app()),
        EventHandler::new(
            "telephony.apply_line",
            &["line.changed", "prompt.changed"],
            move |_: Event| {
                let telephony = changed.clone();
                async move { apply(&telephony).await }
            },
        ),
        EventHandler::new(
            "telephony.keep_message_owner",
            store::OWNER_EVENTS,
            move |event| store::keep_owner(left.clone(), event),
        ),
    ]
}
