//! Hot and hard topics (热点、难点问题, A-36): found in what was written of contacts, reviewed by an analyst, published
//! to the purchaser by somebody else.
//!
//! Pure here: what may become of a topic. [`index`] has the formulas, [`find`] the search for phrases, [`mask`] takes
//! out what is somebody's.

mod compute;
pub mod find;
mod http;
pub mod index;
pub mod mask;
mod phrase;
pub mod port;
pub mod rights;
mod rules;
pub mod store;
mod waiting;

use std::sync::Arc;

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::{App, Capability, Result, words};

pub use port::{Contact, Contacts, Draft, Spawned, Spawns};
pub use rules::TopicTerms;
pub use store::{PublishedTopic, published};

/// What the doors of topics need.
#[derive(Clone)]
pub(crate) struct Board {
    pub(crate) app: App,
    pub(crate) contacts: Arc<dyn Contacts>,
    pub(crate) spawns: Arc<dyn Spawns>,
}

/// The part of the topics; other parts of the crate are added to it.
pub fn part(app: &App, contacts: Arc<dyn Contacts>, spawns: Arc<dyn Spawns>) -> Capability {
    let board = Board {
        app: app.clone(),
        contacts,
        spawns,
    };
    Capability {
        permissions: rights::permissions(),
        routes: http::routes(&board).merge(rules::routes(app)),
        jobs: vec![compute::job(&board), compute::weekly(&board)],
        waiting: waiting::kinds(app),
        evidence: waiting::evidence(app),
        ..Capability::default()
    }
}

/// Finds the topics of the days from the first to before the second at once, where no job runs yet.
///
/// # Errors
/// When the database does not answer.
pub async fn find_now(
    app: &App,
    contacts: Arc<dyn Contacts>,
    spawns: Arc<dyn Spawns>,
    who: &Who,
    days: (NaiveDate, NaiveDate),
) -> Result<()> {
    let board = Board {
        app: app.clone(),
        contacts,
        spawns,
    };
    let (begun, who) = (app.clone(), who.clone());
    let run = app
        .db
        .write(move |tx| async move { store::begin(&begun, &tx, &who, days).await })
        .await?;
    board.compute(run.id).await
}

words! {
    /// Where a topic stands.
    TopicState {
        /// 待审核
        Found = "found",
        /// 已审核
        Reviewed = "reviewed",
        /// 已发布: frozen.
        Published = "published",
        /// 已剔除
        Dropped = "dropped",
        /// 已合并
        Merged = "merged",
    }
}

words! {
    /// What a topic is.
    TopicClass {
        /// 热点
        Hot = "hot",
        /// 难点
        Hard = "hard",
        /// 热点且难点
        Both = "both",
    }
}

words! {
    /// In which way a topic rises.
    Rise {
        /// 单日突发
        Day = "day",
        /// 本周突增
        Week = "week",
        /// 持续上升
        Slow = "slow",
        /// Not at all: it is hard, not hot.
        Flat = "flat",
    }
}

/// A topic as its rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where it stands.
    pub state: TopicState,
    /// It is said whether it is hot or hard.
    pub classed: bool,
    /// It is said what is to be done.
    pub advised: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 编辑: name, class, what is to be done.
    Edit {
        /// It is said whether it is hot or hard.
        classed: bool,
        /// It is said what is to be done.
        advised: bool,
    },
    /// 审核通过
    Review,
    /// 发布
    Publish {
        /// By who reviewed it.
        own: bool,
    },
    /// 剔除
    Drop,
    /// 并入另一主题
    Merge,
    /// 生成知识草稿、课程、请示、简报条目
    Spawn,
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// It is published.
        Published = "topic_published", "is published and does not change", "the next week has its own";
        /// It was dropped or merged.
        Ended = "topic_ended", "is dropped or merged and does not change";
        /// Class or suggestion is missing.
        NotWritten = "topic_not_written", "has no class or no suggestion yet", "say whether it is hot or hard, and what is to be done";
        /// Nobody reviewed it.
        NotReviewed = "topic_not_reviewed", "is not reviewed yet", "review it first";
        /// It is reviewed already.
        Reviewed = "topic_reviewed", "is reviewed already";
        /// Two people look at what the purchaser gets.
        Own = "topic_own_review", "is published by somebody else than who reviewed it";
    }
}

impl Case {
    /// As it was found.
    pub fn found() -> Self {
        Self {
            state: TopicState::Found,
            classed: false,
            advised: false,
        }
    }

    /// Somebody owes a step.
    pub fn is_open(&self) -> bool {
        matches!(self.state, TopicState::Found | TopicState::Reviewed)
    }

    /// The topic after `action`, or why not.
    pub fn next(&self, action: &Action) -> std::result::Result<Self, Refusal> {
        use Action as A;
        use TopicState as S;
        let mut case = *self;
        case.state = match (self.state, action) {
            (S::Dropped | S::Merged, _) => return Err(Refusal::Ended),
            (S::Reviewed | S::Published, A::Spawn) => self.state,
            (S::Published, _) => return Err(Refusal::Published),
            (S::Found, A::Spawn | A::Publish { .. }) => return Err(Refusal::NotReviewed),
            (S::Found | S::Reviewed, A::Edit { classed, advised }) => {
                // What was reviewed stays whole.
                if self.state == S::Reviewed && !(*classed && *advised) {
                    return Err(Refusal::NotWritten);
                }
                (case.classed, case.advised) = (*classed, *advised);
                self.state
            }
            (S::Found, A::Review) if self.classed && self.advised => S::Reviewed,
            (S::Found, A::Review) => return Err(Refusal::NotWritten),
            (S::Reviewed, A::Review) => return Err(Refusal::Reviewed),
            (S::Reviewed, A::Publish { own: true }) => return Err(Refusal::Own),
            (S::Reviewed, A::Publish { own: false }) => S::Published,
            (S::Found | S::Reviewed, A::Drop) => S::Dropped,
            (S::Found | S::Reviewed, A::Merge) => S::Merged,
        };
        Ok(case)
    }
}
