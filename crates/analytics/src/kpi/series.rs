//! An indicator along days, half-hours, people, channels, queues or matters.

use kernel::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cut, Figure, Kpi, Period};
use crate::Desk;

kernel::words! {
    /// Along what a series goes.
    By {
        /// Each day of the period, the empty ones too.
        Day = "day",
        /// The half-hours of the day, all days of the period together: 0 is 00:00 to 00:30.
        HalfHour = "half_hour",
        /// Each person.
        Person = "person",
        /// Each channel.
        Channel = "channel",
        /// Each queue.
        Queue = "queue",
        /// Each matter.
        Matter = "matter",
    }
}

/// What the indicators say of one step of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Point {
    /// `2026-11-27`, the number of a half-hour, an id or a code.
    pub key: String,
    /// In the order they were asked for.
    pub figures: Vec<Figure>,
}

/// The wanted indicators along a way; only those that come from contacts and tickets can go along half-hours, channels,
/// queues and matters (422 `kpi_not_along`).
pub async fn series(desk: &Desk, wanted: &[Kpi], by: By, period: Period, cut: &Cut) -> Result<Vec<Point>> {
    let _ = (desk, wanted, by, period, cut);
    todo!("lands with the facts")
}
