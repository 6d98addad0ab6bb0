//! Reports for the purchaser: of a day, a week, a month, half a year; drafted by the clock from templates, edited,
//! checked by another, released. What is released is frozen with its digest and its files and never changes: a correction
//! is a new version that says on its first page what changed.
//!
//! Pure: the case, an action and the moment go in, the case after it or a refusal comes out.

pub mod compose;
pub mod content;
pub mod draft;
pub mod due;
pub mod file;
pub mod http;
pub mod numbers;
pub mod paper;
pub mod period;
pub mod registry;
pub mod rights;
pub mod schedule;
pub mod sheet;
pub mod store;
pub mod template;
pub mod trail;
pub mod verbs;
mod waiting;

use std::sync::Arc;

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::{App, Capability, machine, timer, words};
use utoipa_axum::router::OpenApiRouter;

pub use file::Printer;
pub use numbers::{Agreements, Numbers};
pub use registry::Registry;

words! {
    /// Where a report stands.
    ReportState {
        /// 编制中
        Draft = "draft",
        /// 待核对
        Submitted = "submitted",
        /// 已核对
        Checked = "checked",
        /// 已发布
        Released = "released",
        /// 已被更正
        Superseded = "superseded",
        /// 已作废
        Discarded = "discarded",
    }
}

/// What is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// From its draft until its release.
    pub release: DeadlineRule,
}

/// When, and under which terms.
pub type Moment<'a> = machine::Moment<'a, Terms>;

/// A report as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: ReportState,
    /// When it is to be released; none once it is.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed without a release.
    pub overdue: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 修改文字
    Edit,
    /// 重新取数
    Refresh,
    /// 提交核对
    Submit {
        /// The figures were taken on the last day of the period or later.
        ended: bool,
    },
    /// 核对通过
    Check {
        /// By who wrote it.
        own: bool,
    },
    /// 退回修改
    Return,
    /// 发布
    Release,
    /// 更正：另立新版
    Correct {
        /// A newer version is there.
        begun: bool,
    },
    /// 被新版取代
    Supersede,
    /// 作废草稿
    Discard,
    /// Its time ran out.
    Lapse,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is frozen.
        Frozen = "report_frozen", "is released and does not change", "correct it by a new version";
        /// It was thrown away.
        Discarded = "report_discarded", "was discarded", "draft it anew";
        /// It is with who checks.
        Handed = "report_handed_in", "is handed in for the check", "have it returned first";
        /// Nobody checks his own work.
        OwnWork = "report_own_work", "was written by the same person", "have another one check it";
        /// Figures of days that are still ahead.
        NotOver = "report_period_open", "has figures from before its period was over", "take them anew after its last day";
        /// There is a newer version.
        Begun = "report_correction_begun", "has a newer version", "go on with that one";
        /// Only what is out can be corrected.
        NotReleased = "report_not_released", "is not released", "edit its draft";
        /// It does not stand before this step.
        NotNext = "report_step_not_next", "does not stand before this step";
        /// No clock has run out.
        NotYet = "report_not_yet", "has time left";
    }
}

impl Case {
    /// As it is drafted.
    pub fn drafted(moment: &Moment<'_>) -> Self {
        Self {
            state: ReportState::Draft,
            due_at: Some(moment.due(&moment.rules.release)),
            overdue: false,
        }
    }

    /// Nothing is to be done for it any more: it is out, or was thrown away.
    pub fn is_over(&self) -> bool {
        self.is_frozen() || self.state == ReportState::Discarded
    }

    /// Its content is frozen for good.
    pub fn is_frozen(&self) -> bool {
        matches!(self.state, ReportState::Released | ReportState::Superseded)
    }

    /// The report after `action`, or why not.
    pub fn next(&self, action: &Action, moment: &Moment<'_>) -> Result<Self, Refusal> {
        use Action as A;
        use ReportState as S;
        let mut case = *self;
        case.state = match (action, self.state) {
            (_, S::Discarded) => return Err(Refusal::Discarded),
            (A::Correct { begun: false }, S::Released) => S::Released,
            (A::Correct { .. }, S::Released | S::Superseded) => return Err(Refusal::Begun),
            (A::Supersede, S::Released) => S::Superseded,
            (A::Correct { .. } | A::Supersede, _) => return Err(Refusal::NotReleased),
            (_, S::Released | S::Superseded) => return Err(Refusal::Frozen),
            (A::Edit | A::Refresh, S::Draft) | (A::Return, S::Submitted | S::Checked) => S::Draft,
            (A::Discard, S::Draft) => {
                case.due_at = None;
                case.overdue = false;
                S::Discarded
            }
            (A::Edit | A::Refresh | A::Discard, _) => return Err(Refusal::Handed),
            (A::Submit { ended: false }, S::Draft) => return Err(Refusal::NotOver),
            (A::Submit { .. }, S::Draft) => S::Submitted,
            (A::Check { own: true }, S::Submitted) => return Err(Refusal::OwnWork),
            (A::Check { .. }, S::Submitted) => S::Checked,
            (A::Release, S::Checked) => {
                case.due_at = None;
                case.overdue = false;
                S::Released
            }
            (A::Lapse, state) => {
                if self.overdue || self.due_at.is_none_or(|due| due > moment.now) {
                    return Err(Refusal::NotYet);
                }
                case.overdue = true;
                state
            }
            _ => return Err(Refusal::NotNext),
        };
        Ok(case)
    }
}

/// What the reports need of others.
#[derive(Clone)]
pub struct Ports {
    /// Knows what the indicators say.
    pub numbers: Arc<dyn Numbers>,
    /// Knows the contract.
    pub agreements: Arc<dyn Agreements>,
    /// Lays papers out.
    pub printer: Arc<dyn Printer>,
}

/// What the handlers need: the services, and what others answer.
#[derive(Clone)]
pub(crate) struct ReportDesk {
    pub app: App,
    pub numbers: Arc<dyn Numbers>,
    pub agreements: Arc<dyn Agreements>,
    pub printer: Arc<dyn Printer>,
}

/// Puts in the templates that ship.
pub async fn prepare(app: &App) -> kernel::Result<()> {
    template::prepare(app).await
}

/// What the server mounts.
pub fn capability(app: &App, ports: Ports) -> Capability {
    let desk = ReportDesk {
        app: app.clone(),
        numbers: ports.numbers,
        agreements: ports.agreements,
        printer: ports.printer,
    };
    Capability {
        name: "reports",
        routes: OpenApiRouter::new()
            .merge(http::routes(&desk))
            .merge(verbs::routes(&desk))
            .merge(file::routes(&desk))
            .merge(template::http::routes(&desk))
            .merge(due::routes(app)),
        permissions: rights::permissions(),
        jobs: vec![schedule::job(&desk)],
        event_handlers: vec![
            timer::start::<store::Reports>(app),
            timer::start::<schedule::Templates>(app),
        ],
        waiting: waiting::kinds(app),
        evidence: vec![store::evidence(app)],
        ..Capability::default()
    }
}
