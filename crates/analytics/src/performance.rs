//! Performance of the agents (绩效, A-18): a month's score by a table that is agreed, from values that are kept, checked
//! and released; and what is done where it is low. Nothing here touches a settlement, and no agent sees another's.
//!
//! Pure here: what may become of a sheet and of an improvement plan. [`score`] counts.

mod http;
pub mod plan;
mod plan_http;
pub mod rights;
mod rules;
pub mod score;
pub mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use futures::future::BoxFuture;
use kernel::{App, Capability, Result, words};
use uuid::Uuid;

pub use rules::ScoreTable;

words! {
    /// Where a sheet stands.
    PerformanceState {
        /// 已计算
        Calculated = "calculated",
        /// 已复核
        Checked = "checked",
        /// 已下发: its agent sees it.
        Released = "released",
        /// 已定稿
        Final = "final",
    }
}

/// A sheet as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: PerformanceState,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 重新计算
    Calculate,
    /// 扣分
    TakeOff,
    /// 复核
    Check {
        /// By who calculated it.
        own: bool,
    },
    /// 下发
    Release,
    /// 定稿
    Finish,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is released.
        Released = "performance_released", "is released and is not counted again";
        /// It is final.
        Final = "performance_final", "is final and does not change";
        /// It is checked.
        Checked = "performance_checked", "is checked already";
        /// Nobody checked it.
        NotChecked = "performance_not_checked", "is not checked yet", "check it first";
        /// It is not released.
        NotReleased = "performance_not_released", "is not released yet", "release it first";
        /// Two people look at it.
        Own = "performance_own_check", "is checked by somebody else than who calculated it";
    }
}

impl Case {
    /// As it was calculated.
    pub fn calculated() -> Self {
        Self {
            state: PerformanceState::Calculated,
        }
    }

    /// It is still counted.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            PerformanceState::Calculated | PerformanceState::Checked
        )
    }

    /// The sheet after `action`, or why not.
    pub fn next(&self, action: &Action) -> std::result::Result<Self, Refusal> {
        use Action as A;
        use PerformanceState as S;
        let state = match (self.state, action) {
            (S::Final, _) => return Err(Refusal::Final),
            (S::Released, A::Finish) => S::Final,
            (S::Released, _) => return Err(Refusal::Released),
            // What is counted again is checked again.
            (S::Calculated | S::Checked, A::Calculate | A::TakeOff) => S::Calculated,
            (S::Calculated, A::Check { own: true }) => return Err(Refusal::Own),
            (S::Calculated, A::Check { own: false }) => S::Checked,
            (S::Checked, A::Check { .. }) => return Err(Refusal::Checked),
            (S::Calculated, A::Release) => return Err(Refusal::NotChecked),
            (S::Checked, A::Release) => S::Released,
            (S::Calculated | S::Checked, A::Finish) => return Err(Refusal::NotReleased),
        };
        Ok(Self { state })
    }
}

/// What was measured of somebody in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Above the line.
    pub numerator: i64,
    /// Below the line; 0 for a plain count.
    pub denominator: i64,
    /// Basis points, milliseconds or a count; none for an empty month.
    pub value: Option<i64>,
    /// Where it was read: `kpi:k09`, `learning:exam_results`.
    pub source: String,
}

/// Knows what indicators say of people.
pub trait Indicators: Send + Sync {
    /// The agents of a month.
    fn agents(&self, from: NaiveDate, until: NaiveDate) -> BoxFuture<'_, Result<Vec<Uuid>>>;

    /// What `indicator` says of these people over the days from `from` to `until`, both included; nothing of those for
    /// whom nobody can say.
    fn readings<'a>(
        &'a self,
        indicator: &'a str,
        days: (NaiveDate, NaiveDate),
        people: &'a [Uuid],
    ) -> BoxFuture<'a, Result<BTreeMap<Uuid, Reading>>>;
}

/// What the doors of performance need.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) indicators: Arc<dyn Indicators>,
}

/// The part of performance; other parts of the crate are added to it.
pub fn part(app: &App, indicators: Arc<dyn Indicators>) -> Capability {
    let office = Office {
        app: app.clone(),
        indicators,
    };
    Capability {
        permissions: rights::permissions(),
        routes: http::routes(&office)
            .merge(plan_http::routes(app))
            .merge(rules::routes(app)),
        evidence: store::evidence(app),
        ..Capability::default()
    }
}
