//! What is agreed about outbound calls: purposes and numbers as rules, caps, hours and terms as parameters.

use std::str::FromStr;

use chrono::{DateTime, NaiveTime, TimeZone as _, Utc};
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{must_be_code, must_be_name};
use kernel::{App, Tx, params::Shipped, words};
use requesters::{Number, NumberKind};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// What a call of a purpose must be about.
    PurposeLink {
        /// An item of a list of follow-ups.
        Item = "item",
        /// A missed call.
        Callback = "callback",
        /// A ticket.
        Ticket = "ticket",
        /// Any of them.
        Any = "any",
        /// 话机直拨: it was dialled on a desk phone, and names nothing.
        DeskPhone = "desk_phone",
    }
}

/// Why somebody may be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboundPurpose {
    /// `follow_up`
    pub code: String,
    /// What people call it.
    pub name: String,
    /// What the call must be about.
    pub link: PurposeLink,
    /// It needs a note.
    pub note: bool,
    /// False: nobody is called for it any more.
    pub active: bool,
}

impl Rule for OutboundPurpose {
    const KIND: &'static str = "outbound_purpose";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)
    }
}

/// Numbers that may be called, or may not: those that begin so. Of several the longest holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboundNumber {
    /// Digits, `?` for any digit, or `+` and digits for another country.
    pub prefix: String,
    /// What these numbers are.
    pub name: String,
    /// The fewest digits of such a number, with its prefix.
    pub shortest: u8,
    /// The most.
    pub longest: u8,
    /// They may be called.
    pub allowed: bool,
}

impl OutboundNumber {
    fn fits(&self, number: &str) -> bool {
        let long =
            number.len() >= usize::from(self.shortest) && number.len() <= usize::from(self.longest);
        let alike =
            |(own, other): (u8, u8)| own == other || (own == b'?' && other.is_ascii_digit());
        long && number.len() >= self.prefix.len()
            && self.prefix.bytes().zip(number.bytes()).all(alike)
    }
}

impl Rule for OutboundNumber {
    const KIND: &'static str = "outbound_number";

    fn subject(&self) -> String {
        self.prefix.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_name("rule.name", &self.name)?;
        let digits = self.prefix.strip_prefix('+').unwrap_or(&self.prefix);
        let plain = |byte: u8| byte.is_ascii_digit() || byte == b'?';
        if !(1..=15).contains(&digits.len()) || !digits.bytes().all(plain) {
            let detail = "1 to 15 digits or `?`, with `+` before them for another country";
            return Err(invalid("rule.prefix", "prefix_invalid", detail));
        }
        if self.shortest == 0 || self.shortest > self.longest || self.longest > 32 {
            let detail = "from 1 to 32, the fewest first";
            return Err(invalid("rule.longest", "length_invalid", detail));
        }
        Ok(())
    }
}

/// Whether one of the rows lets this number be called.
pub fn may_be_called(rows: &[OutboundNumber], number: &Number) -> bool {
    if matches!(number.kind, NumberKind::Other | NumberKind::Withheld) {
        return false;
    }
    let fitting = rows.iter().filter(|row| row.fits(&number.text));
    // Of two that are as long, the one that forbids.
    fitting
        .max_by_key(|row| (row.prefix.len(), !row.allowed))
        .is_some_and(|row| row.allowed)
}

/// The purpose of this code, if somebody may be called for it now.
pub(crate) async fn purpose(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<Option<OutboundPurpose>> {
    let held = rule::in_force::<OutboundPurpose>(conn, at).await?;
    Ok(held.into_iter().find(|row| row.code == code && row.active))
}

/// Caps, hours and terms in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls of one agent in a day.
    pub most_per_agent: u64,
    /// Calls to one number in a day.
    pub most_per_number: u64,
    /// Calls of everybody in a day.
    pub most_in_all: u64,
    /// From when in a day requesters may be called.
    pub call_from: NaiveTime,
    /// Until when.
    pub call_to: NaiveTime,
    /// Also on days off.
    pub on_days_off: bool,
    /// Minutes of service within which a missed call is returned.
    pub callback_minutes: u32,
    /// Minutes of service before it at which its owner is warned.
    pub callback_warning: u32,
    /// Attempts after which the owner may give a missed call up.
    pub callback_attempts: u32,
    /// Attempts that an item of a list has.
    pub follow_up_attempts: u32,
}

const KEYS: [(&str, &str, &str, &str); 10] = [
    ("outbound.most_per_agent", "200", "", "一名座席每日外呼上限"),
    ("outbound.most_per_number", "3", "", "同一号码每日外呼上限"),
    ("outbound.most_in_all", "2000", "", "全部座席每日外呼上限"),
    ("outbound.call_from", "08:30", "", "每日可外呼的开始时间"),
    ("outbound.call_to", "20:00", "", "每日可外呼的结束时间"),
    (
        "outbound.call_on_days_off",
        "0",
        "",
        "非工作日可否外呼：1 可，0 不可",
    ),
    (
        "outbound.callback_service_minutes",
        "30",
        "minute",
        "漏接来电的回拨时限（服务时间内的分钟）",
    ),
    (
        "outbound.callback_warning_minutes",
        "10",
        "minute",
        "回拨到期前多少分钟提醒",
    ),
    (
        "outbound.callback_attempts",
        "3",
        "",
        "回拨几次未接通后可结束",
    ),
    (
        "outbound.follow_up_attempts",
        "3",
        "",
        "一个回访对象最多呼叫几次",
    ),
];

/// The limits that ship.
pub fn shipped() -> Vec<Shipped> {
    let from = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0);
    let one =
        |(key, value, unit, note): (&'static str, &'static str, &'static str, &'static str)| {
            Shipped {
                key,
                value,
                unit,
                effective_from: from.earliest().unwrap_or_default(),
                source_doc_no: "设计默认值",
                source_url: "",
                note,
                confirm_before_use: true,
            }
        };
    KEYS.into_iter().map(one).collect()
}

/// The limits in force.
pub async fn limits(app: &App, conn: &impl ConnectionTrait) -> Result<Limits> {
    Ok(Limits {
        most_per_agent: value(app, conn, KEYS[0]).await?,
        most_per_number: value(app, conn, KEYS[1]).await?,
        most_in_all: value(app, conn, KEYS[2]).await?,
        call_from: time(app, conn, KEYS[3]).await?,
        call_to: time(app, conn, KEYS[4]).await?,
        on_days_off: value::<u8>(app, conn, KEYS[5]).await? == 1,
        callback_minutes: value(app, conn, KEYS[6]).await?,
        callback_warning: value(app, conn, KEYS[7]).await?,
        callback_attempts: value(app, conn, KEYS[8]).await?,
        follow_up_attempts: value(app, conn, KEYS[9]).await?,
    })
}

/// The value in force; what ships while no row is recorded.
async fn text(
    app: &App,
    conn: &impl ConnectionTrait,
    (key, shipped, _, _): (&str, &str, &str, &str),
) -> Result<String> {
    let row = app.params.row_at(conn, key, app.clock.now()).await?;
    Ok(row.map_or_else(|| shipped.to_owned(), |row| row.value))
}

async fn value<T: FromStr>(
    app: &App,
    conn: &impl ConnectionTrait,
    key: (&str, &str, &str, &str),
) -> Result<T> {
    let text = text(app, conn, key).await?;
    text.trim()
        .parse()
        .map_err(|_| internal(format!("parameter {} is no number: {text}", key.0)))
}

async fn time(
    app: &App,
    conn: &impl ConnectionTrait,
    key: (&str, &str, &str, &str),
) -> Result<NaiveTime> {
    let text = text(app, conn, key).await?;
    NaiveTime::parse_from_str(text.trim(), "%H:%M")
        .map_err(|_| internal(format!("parameter {} is no time of day: {text}", key.0)))
}

organization::rule_doors! { crate::outbound::ViewOutbound;
    /// Why somebody may be called.
    outbound_purposes: crate::outbound::rules::OutboundPurpose, "/api/v1/rules/outbound-purposes", crate::outbound::SetOutboundRules;
    /// Which numbers may be called.
    outbound_numbers: crate::outbound::rules::OutboundNumber, "/api/v1/rules/outbound-numbers", crate::outbound::SetOutboundRules;
}
