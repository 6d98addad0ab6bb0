//! How long what may take: rules by platform, request type and priority, effective from a date (domain B.3).
//!
//! What ships is a default that names its source, not law; the most particular row in force counts.

use calendar::{DeadlineRule, Limit};
use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Dated, Rule};
use kernel::words;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::life::Rules;
use crate::words::{Priority, RequestType};
use crate::work_order::platform;

words! {
    /// What a time is counted in.
    Unit {
        /// 工作日
        WorkingDays = "working_days",
        /// Minutes while the line is open.
        ServiceMinutes = "service_minutes",
        /// Minutes by the clock on the wall.
        ClockMinutes = "clock_minutes",
        /// No time at all: a number of things.
        Count = "count",
    }
}

/// So many of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Of what.
    pub unit: Unit,
    /// How many.
    pub n: u32,
}

/// What may take how long, and how often what may happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketLimit {
    /// Only orders of this platform; null for our own tickets and all platforms.
    pub platform: Option<String>,
    /// Only this 诉求类型; null for all that have no row of their own.
    pub request_type: Option<RequestType>,
    /// Only this 紧急程度; null for all that have no row of their own.
    pub priority: Option<Priority>,
    /// 办理时限
    pub handle: Span,
    /// 签收时限
    pub sign: Span,
    /// How often a return may be asked for (退单).
    pub returns: u32,
    /// How often an extension may be granted (延期).
    pub extensions: u32,
    /// How often dissatisfaction opens it anew by itself (重办).
    pub reopenings: u32,
    /// How many calls that reach nobody end the revisit.
    pub attempts: u32,
    /// Minutes a receiver has to accept a transfer.
    pub transfer_minutes: u32,
    /// An answer waits for the purchaser's sign-off.
    pub sign_off: bool,
    /// The requester is asked about the answer before it is closed (回访).
    pub revisit: bool,
    /// False: there is no row of its own any more, the next less particular one counts.
    pub active: bool,
}

/// What a ticket's limits depend on.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The platform's code; empty for our own tickets.
    pub platform: &'a str,
    /// 诉求类型; empty while it is not known.
    pub request_type: &'a str,
    /// 紧急程度
    pub priority: &'a str,
}

/// A number of `working_days`, `service_minutes` or `clock_minutes`.
pub fn limit(unit: &str, n: i32) -> Option<Limit> {
    let n = u32::try_from(n).ok().filter(|n| *n > 0)?;
    match unit {
        "working_days" => Some(Limit::WorkingDays(u16::try_from(n).ok()?)),
        "service_minutes" => Some(Limit::ServiceMinutes(n)),
        "clock_minutes" => Some(Limit::ClockMinutes(n)),
        _ => None,
    }
}

/// Says no to a time that is none, or longer than anybody means.
pub(crate) fn must_be_time(field: &str, span: Span) -> Result<()> {
    let most = match span.unit {
        Unit::WorkingDays => 250,
        Unit::ServiceMinutes | Unit::ClockMinutes => 100_000,
        Unit::Count => 0,
    };
    if (1..=most).contains(&span.n) {
        return Ok(());
    }
    Err(invalid(
        field,
        "time_out_of_range",
        "1 to 250 working days, or 1 to 100,000 minutes",
    ))
}

/// Says no to a number outside its bounds.
pub(crate) fn must_be_within(field: &str, n: u32, least: u32, most: u32) -> Result<()> {
    if (least..=most).contains(&n) {
        return Ok(());
    }
    let detail = format!("{least} to {most}");
    Err(invalid(field, "number_out_of_range", detail))
}

impl TicketLimit {
    fn rules(&self) -> Result<Rules> {
        let subject = self.subject();
        let rule = |span: Span| -> Result<DeadlineRule> {
            let n = i32::try_from(span.n).map_err(internal)?;
            let limit = limit(span.unit.as_str(), n)
                .ok_or_else(|| internal(format!("ticket_limits {subject}: {span:?}")))?;
            Ok(DeadlineRule {
                id: format!("ticket_limits:{subject}"),
                limit,
                late_receipt_is_next_day: true,
            })
        };
        Ok(Rules {
            limit: rule(self.handle)?,
            sign: rule(self.sign)?,
            returns: self.returns,
            extensions: self.extensions,
            reopenings: self.reopenings,
            attempts: self.attempts,
            transfer_minutes: self.transfer_minutes,
            sign_off: self.sign_off,
            revisit: self.revisit,
        })
    }

    /// How particular it is; platform counts before request type before priority.
    fn rank(&self) -> (bool, bool, bool) {
        (
            self.platform.is_some(),
            self.request_type.is_some(),
            self.priority.is_some(),
        )
    }

    fn fits(&self, subject: Subject<'_>) -> bool {
        let either = |own: Option<&str>, asked: &str| own.is_none_or(|own| own == asked);
        either(self.platform.as_deref(), subject.platform)
            && either(
                self.request_type.map(RequestType::as_str),
                subject.request_type,
            )
            && either(self.priority.map(Priority::as_str), subject.priority)
    }

    /// It is about everything that has no row of its own.
    pub(crate) fn is_for_all(&self) -> bool {
        self.request_type.is_none() && self.priority.is_none()
    }
}

impl Rule for TicketLimit {
    const KIND: &'static str = "ticket_limit";

    fn subject(&self) -> String {
        let kind = self.request_type.map_or("*", RequestType::as_str);
        let priority = self.priority.map_or("*", Priority::as_str);
        format!(
            "{}/{kind}/{priority}",
            self.platform.as_deref().unwrap_or("*")
        )
    }

    async fn check(&self, tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if let Some(code) = &self.platform {
            platform::must_be_known(&**tx, code).await?;
        }
        must_be_time("rule.handle", self.handle)?;
        must_be_time("rule.sign", self.sign)?;
        for (field, n) in [
            ("rule.returns", self.returns),
            ("rule.extensions", self.extensions),
            ("rule.reopenings", self.reopenings),
        ] {
            must_be_within(field, n, 0, 10)?;
        }
        must_be_within("rule.attempts", self.attempts, 1, 10)?;
        must_be_within("rule.transfer_minutes", self.transfer_minutes, 1, 480)?;
        if !self.active && self.rank() == (false, false, false) {
            return Err(invalid(
                "rule.active",
                "limit_for_all_is_needed",
                "without the row for everything a ticket may have no limit at all",
            ));
        }
        Ok(())
    }
}

/// Every row in force at `at` or before, to choose from for many tickets.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<Dated<TicketLimit>>> {
    let mut rows = rule::all(conn).await?;
    rows.retain(|row: &Dated<TicketLimit>| row.stamp.effective_from <= at);
    Ok(rows)
}

/// The rules of a ticket among the rows that held at `at`.
pub(crate) fn choose(
    rows: &[Dated<TicketLimit>],
    subject: Subject<'_>,
    at: DateTime<Utc>,
) -> Result<Rules> {
    let held = rule::holding(rows, at).into_iter().map(|row| &row.rule);
    held.filter(|rule| rule.active && rule.fits(subject))
        .max_by_key(|rule| rule.rank())
        .ok_or_else(|| internal(format!("no limit is in force for {subject:?}")))?
        .rules()
}

/// The rules in force at `at`.
pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    subject: Subject<'_>,
    at: DateTime<Utc>,
) -> Result<Rules> {
    choose(&in_force(conn, at).await?, subject, at)
}
