//! Sampling plans (抽样方案, A-14) that can be audited: which contacts are drawn, and why each was.
//!
//! Pure: the random part follows from the stored seed and the ids alone. The contacts of each agent stand in the order
//! of `SHA-256(seed ‖ id)`, and the first of them are drawn; anybody can repeat it with `sha256sum`.

pub mod http;
pub mod job;
pub mod store;

use std::collections::BTreeMap;

use kernel::problem::{Result, invalid};
use kernel::rule::{Beside, Rule};
use kernel::text::{must_be_code, must_be_name};
use kernel::{Tx, words};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// What is sampled.
    WorkKind {
        /// 通话
        Call = "call",
        /// 会话
        Conversation = "conversation",
        /// 工单
        WorkOrder = "work_order",
    }
}

words! {
    /// Why a contact was drawn (抽样来源).
    Origin {
        /// 随机抽样: within the share of his contacts, or the least number a month.
        Random = "random",
        /// 投诉
        Complaint = "complaint",
        /// 评价不满意
        Dissatisfied = "dissatisfied",
        /// 静默过长
        LongSilence = "long_silence",
        /// 重复来访
        RepeatContact = "repeat_contact",
        /// 人工抽取
        ByHand = "by_hand",
    }
}

/// How contacts are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingPlan {
    /// Identifies it: `monthly`.
    pub code: String,
    /// 月度抽检
    pub name: String,
    /// What is drawn from.
    pub kinds: Vec<WorkKind>,
    /// The share of each agent's contacts that is drawn by chance, in hundredths of a per cent, 0 to 10,000.
    pub share_bp: u16,
    /// The least number that is drawn by chance of each agent's contacts in the period, 0 to 1,000.
    pub per_agent: u16,
    /// Everything that was complained about.
    pub complaints: bool,
    /// Everything that was rated dissatisfied.
    pub dissatisfied: bool,
    /// Calls with a silence of so many seconds; null for none.
    pub silence_seconds: Option<u16>,
    /// Everything after which the same requester came again within so many hours; null for none.
    pub repeat_hours: Option<u16>,
    /// False: nothing is drawn by it any more.
    pub active: bool,
}

impl Rule for SamplingPlan {
    const KIND: &'static str = "sampling_plan";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)?;
        let mut kinds = self.kinds.clone();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() || kinds.len() != self.kinds.len() {
            let detail = "one kind of work at least, each once";
            return Err(invalid("rule.kinds", "plan_out_of_range", detail));
        }
        if self.share_bp > 10_000 || self.per_agent > 1_000 {
            let detail = "at most all of them, and 1,000 of an agent";
            return Err(invalid("rule.share_bp", "plan_out_of_range", detail));
        }
        let hours = self.repeat_hours.unwrap_or(1);
        if self.silence_seconds == Some(0) || !(1..=720).contains(&hours) {
            let detail = "a silence of a second at least, 1 to 720 hours";
            return Err(invalid("rule.repeat_hours", "plan_out_of_range", detail));
        }
        Ok(())
    }
}

/// A contact as the draw sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The contact.
    pub id: Uuid,
    /// Whose work it is.
    pub agent: Uuid,
    /// It was complained about.
    pub complained: bool,
    /// It was rated dissatisfied.
    pub dissatisfied: bool,
    /// The longest silence, where there is a recording.
    pub silence_ms: Option<u64>,
    /// Minutes until the same requester came again.
    pub again_after_minutes: Option<u64>,
}

/// A contact that was drawn, and why: the origins in the order of [`Origin::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The contact.
    pub id: Uuid,
    /// Whose work it is.
    pub agent: Uuid,
    /// Why.
    pub origins: Vec<Origin>,
}

/// How many of so many contacts of an agent are drawn by chance: the share, rounded up, and the least number.
pub fn quota(plan: &SamplingPlan, contacts: usize) -> usize {
    let share = (contacts * usize::from(plan.share_bp)).div_ceil(10_000);
    share.max(usize::from(plan.per_agent)).min(contacts)
}

/// The place of a contact in the order of its agent's contacts.
fn place(seed: &str, id: Uuid) -> [u8; 32] {
    let hash = Sha256::new().chain_update(seed).chain_update(id.as_bytes());
    hash.finalize().into()
}

/// What is drawn from `candidates`, in the order of their ids, whatever the order they came in.
///
/// # Arguments
/// * `seed` – what was stored of the draw; the same seed draws the same
/// * `by_chance` – false while the period is not over: only what stands out is drawn then
pub fn draw(
    plan: &SamplingPlan,
    seed: &str,
    candidates: &[Candidate],
    by_chance: bool,
) -> Vec<Drawn> {
    let mut of_agents: BTreeMap<Uuid, Vec<([u8; 32], Uuid)>> = BTreeMap::new();
    for one in candidates {
        let theirs = of_agents.entry(one.agent).or_default();
        theirs.push((place(seed, one.id), one.id));
    }
    let mut chosen = std::collections::BTreeSet::new();
    if by_chance {
        for theirs in of_agents.values_mut() {
            theirs.sort_unstable();
            let first = theirs.iter().take(quota(plan, theirs.len()));
            chosen.extend(first.map(|(_, id)| *id));
        }
    }
    let mut drawn: Vec<Drawn> = candidates
        .iter()
        .filter_map(|one| {
            let mut origins = Vec::new();
            if chosen.contains(&one.id) {
                origins.push(Origin::Random);
            }
            origins.extend(risks(plan, one));
            (!origins.is_empty()).then_some(Drawn {
                id: one.id,
                agent: one.agent,
                origins,
            })
        })
        .collect();
    drawn.sort_by_key(|one| one.id);
    drawn
}

fn risks(plan: &SamplingPlan, one: &Candidate) -> Vec<Origin> {
    let long = plan.silence_seconds.zip(one.silence_ms);
    let again = plan.repeat_hours.zip(one.again_after_minutes);
    let found = [
        (plan.complaints && one.complained, Origin::Complaint),
        (plan.dissatisfied && one.dissatisfied, Origin::Dissatisfied),
        (
            long.is_some_and(|(limit, ms)| ms >= u64::from(limit) * 1_000),
            Origin::LongSilence,
        ),
        (
            again.is_some_and(|(hours, minutes)| minutes <= u64::from(hours) * 60),
            Origin::RepeatContact,
        ),
    ];
    let found = found.into_iter().filter(|(it_is, _)| *it_is);
    found.map(|(_, origin)| origin).collect()
}
