//! Alerts: an indicator that missed what is asked for so many intervals in a row. One alert stands for each
//! indicator and channel until it is as asked again; it is told once, and acknowledged with a note.

pub mod http;
pub(crate) mod watch;

pub use watch::look;

kernel::words! {
    /// Where an alert stands.
    KpiAlertState {
        /// 告警中: missed, and nobody has said anything about it.
        Raised = "raised",
        /// 已确认: somebody has looked at it.
        Acknowledged = "acknowledged",
        /// 已恢复: it is as asked again.
        Ended = "ended",
    }
}

kernel::table! {
    /// One alert.
    pub mod row = "kpi_alerts" (id: Uuid) {
        kpi: String,
        /// Only of this channel; null for all.
        channel: Option<String>,
        state: String,
        /// Subject of the target while it stands, so that there is one.
        open_key: Option<String>,
        /// How many intervals in a row.
        intervals: i32,
        /// The first of them began.
        first_at: DateTimeUtc,
        /// The last of them ended.
        last_at: DateTimeUtc,
        /// Of the last interval.
        numerator: i64,
        denominator: i64,
        value: Option<i64>,
        target: i64,
        upper: Option<i64>,
        raised_at: DateTimeUtc,
        acknowledged_by: Option<Uuid>,
        acknowledged_at: Option<DateTimeUtc>,
        note: Option<String>,
        ended_at: Option<DateTimeUtc>,
        version: i64,
    }
}
