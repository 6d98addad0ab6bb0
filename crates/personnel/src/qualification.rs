//! What somebody must prove before he is on post (A-39 … ), and how his proofs are judged.
//!
//! Pure: the checked proofs, the requirements in force, the purchaser's waivers and the day go in; one finding for
//! each requirement comes out.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// What is to be proven.
    QualificationItem {
        /// 无不良行为记录
        CleanRecord = "clean_record",
        /// 热线客服岗位经验，按月
        Experience = "experience",
        /// 学历
        Education = "education",
        /// 年龄，凭身份证明
        Age = "age",
        /// 健康证明
        Health = "health",
        /// 打字速度
        Typing = "typing",
        /// 普通话
        Mandarin = "mandarin",
        /// 结构化面试
        Interview = "interview",
        /// 服务态度与团队合作，凭背景调查或面谈
        Attitude = "attitude",
        /// 劳动合同主体
        Employer = "employer",
        /// 保密协议
        Nda = "nda",
        /// 保密培训
        Confidentiality = "confidentiality",
        /// 岗前培训合格证
        PreJob = "pre_job",
    }
}

words! {
    /// 学历, the lowest first.
    EducationLevel {
        /// 初中
        JuniorSecondary = "junior_secondary",
        /// 中专、高中、技校
        Secondary = "secondary",
        /// 大专
        Associate = "associate",
        /// 本科
        Bachelor = "bachelor",
        /// 硕士
        Master = "master",
        /// 博士
        Doctor = "doctor",
    }
}

words! {
    /// 普通话水平等级, the lowest first.
    MandarinLevel {
        /// 三级乙等
        ThirdB = "third_b",
        /// 三级甲等
        ThirdA = "third_a",
        /// 二级乙等
        SecondB = "second_b",
        /// 二级甲等
        SecondA = "second_a",
        /// 一级乙等
        FirstB = "first_b",
        /// 一级甲等
        FirstA = "first_a",
    }
}

words! {
    /// How an item stands.
    ItemStanding {
        /// 符合
        Ok = "ok",
        /// 采购人豁免
        Waived = "waived",
        /// 低于要求
        Below = "below",
        /// 过期
        Expired = "expired",
        /// 缺失
        Missing = "missing",
    }
}

pub use QualificationItem as Item;

impl Item {
    /// Its proof says a level.
    pub fn levelled(self) -> bool {
        matches!(self, Self::Education | Self::Mandarin | Self::Nda)
    }

    /// The place of a level in its order; none for a word that is no level of this item.
    pub fn rank(self, level: &str) -> Option<usize> {
        match self {
            Self::Education => EducationLevel::parse(level).map(|level| level as usize),
            Self::Mandarin => MandarinLevel::parse(level).map(|level| level as usize),
            _ => None,
        }
    }

    /// The purchaser may waive it. What keeps secrets is never waived.
    pub fn waivable(self) -> bool {
        self != Self::Nda
    }
}

/// What is asked of one item: a rule as a row, agreed anew without a new program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QualificationRequirement)]
pub struct Requirement {
    /// The item.
    pub item: Item,
    /// Nobody is on post without it.
    pub mandatory: bool,
    /// The least number: months, characters a minute, tenths of a score.
    #[serde(default)]
    pub least: Option<i64>,
    /// The largest number: years of age.
    #[serde(default)]
    pub most: Option<i64>,
    /// The bound itself does not fit any more: under 40 instead of up to 40.
    #[serde(default)]
    pub exclusive: bool,
    /// The lowest level.
    #[serde(default)]
    pub level: Option<String>,
    /// How many months a proof is good for; for good when left out.
    #[serde(default)]
    pub valid_months: Option<u16>,
    /// How long a test must have taken.
    #[serde(default)]
    pub least_seconds: Option<i64>,
}

/// Something that was proven and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Of what.
    pub item: Item,
    /// Issued, signed, passed; of experience its first day.
    pub on: NaiveDate,
    /// The last day it is good for; of experience its last day.
    pub until: Option<NaiveDate>,
    /// The level; of an NDA its version.
    pub level: Option<String>,
    /// What was counted: correct characters, the sum of a scorecard.
    pub number: Option<i64>,
    /// How long a test took.
    pub seconds: Option<i64>,
    /// Who issued it; of a contract the employer.
    pub issuer: Option<String>,
}

/// All that is proven of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffFile {
    /// Birth date.
    pub born_on: Option<NaiveDate>,
    /// The first day on post: age is judged on it for good.
    pub hired_on: Option<NaiveDate>,
    /// The checked proofs.
    pub proofs: Vec<Proof>,
}

/// The requirements in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rulebook {
    /// One for each item.
    pub requirements: Vec<Requirement>,
    /// The version of the NDA that must be signed.
    pub nda: String,
    /// The name of the supplier, who must be the employer.
    pub supplier: String,
}

/// The purchaser lets an item be for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiver {
    /// The item.
    pub item: Item,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

/// How one item stands on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QualificationFinding)]
pub struct Finding {
    /// The item.
    pub item: Item,
    /// Nobody is on post without it.
    pub mandatory: bool,
    /// How it stands.
    pub standing: ItemStanding,
    /// What was proven as a number: months, years of age, tenths of characters a minute, tenths of a score.
    pub have: Option<i64>,
    /// What is asked, in the same measure.
    pub need: Option<i64>,
    /// The level, version or employer proven.
    pub have_level: Option<String>,
    /// The one asked for.
    pub need_level: Option<String>,
    /// The last day on which it stands so.
    pub until: Option<NaiveDate>,
}

impl Finding {
    /// It keeps him off his post.
    pub fn blocks(&self) -> bool {
        self.mandatory && !matches!(self.standing, ItemStanding::Ok | ItemStanding::Waived)
    }
}

/// Every requirement with how it stands on `day`.
pub fn judge(
    file: &StaffFile,
    rules: &Rulebook,
    waivers: &[Waiver],
    day: NaiveDate,
) -> Vec<Finding> {
    let one = |requirement: &Requirement| {
        let mut finding = judge_one(file, rules, requirement, day);
        let waived = waivers
            .iter()
            .filter(|waiver| waiver.item == requirement.item && waiver.item.waivable())
            .filter(|waiver| waiver.from <= day && day <= waiver.until)
            .map(|waiver| waiver.until)
            .max();
        if let (Some(until), true) = (waived, finding.standing != ItemStanding::Ok) {
            finding.standing = ItemStanding::Waived;
            finding.until = Some(until);
        }
        finding
    };
    rules.requirements.iter().map(one).collect()
}

/// What keeps somebody off his post.
pub fn blocking(findings: &[Finding]) -> Vec<Finding> {
    findings
        .iter()
        .filter(|finding| finding.blocks())
        .cloned()
        .collect()
}

/// The last day on which all that is mandatory stands; none when it stands for good.
pub fn stands_until(findings: &[Finding]) -> Option<NaiveDate> {
    let mandatory = findings.iter().filter(|finding| finding.mandatory);
    mandatory.filter_map(|finding| finding.until).min()
}

fn judge_one(
    file: &StaffFile,
    rules: &Rulebook,
    requirement: &Requirement,
    day: NaiveDate,
) -> Finding {
    let proofs = file
        .proofs
        .iter()
        .filter(|proof| proof.item == requirement.item && proof.on <= day);
    let nothing = Finding {
        item: requirement.item,
        mandatory: requirement.mandatory,
        standing: ItemStanding::Missing,
        have: None,
        need: match requirement.item {
            Item::Typing => requirement.least.map(|least| least * 10),
            _ => requirement.least.or(requirement.most),
        },
        have_level: None,
        need_level: match requirement.item {
            Item::Nda => Some(rules.nda.clone()),
            Item::Employer => Some(rules.supplier.clone()),
            _ => requirement.level.clone(),
        },
        until: None,
    };
    match requirement.item {
        Item::Experience => {
            let periods = proofs.map(|proof| (proof.on, proof.until.unwrap_or(day).min(day)));
            let months = months_of(periods.collect());
            let standing = match months {
                0 => ItemStanding::Missing,
                months if requirement.fits(months) => ItemStanding::Ok,
                _ => ItemStanding::Below,
            };
            Finding {
                standing,
                have: Some(months),
                ..nothing
            }
        }
        Item::Age => {
            let (Some(born), true) = (file.born_on, proofs.count() > 0) else {
                return nothing;
            };
            // At the day of hiring: who grows older on his post stays (domain A-41).
            let age = age_on(born, file.hired_on.map_or(day, |hired| hired.min(day)));
            let standing = if requirement.fits(age) {
                ItemStanding::Ok
            } else {
                ItemStanding::Below
            };
            Finding {
                standing,
                have: Some(age),
                ..nothing
            }
        }
        // Who works for somebody else today does not for the supplier, whatever he signed before.
        Item::Employer => {
            let latest = proofs.max_by_key(|proof| proof.on);
            latest.map_or(nothing.clone(), |proof| {
                found(proof, rules, requirement, day, nothing)
            })
        }
        _ => proofs
            .map(|proof| found(proof, rules, requirement, day, nothing.clone()))
            .min_by_key(|finding| {
                let later = finding
                    .until
                    .map_or(i64::MIN, |until| -i64::from(until.num_days_from_ce()));
                (finding.standing, later)
            })
            .unwrap_or(nothing),
    }
}

/// One proof against its requirement.
fn found(
    proof: &Proof,
    rules: &Rulebook,
    requirement: &Requirement,
    day: NaiveDate,
    nothing: Finding,
) -> Finding {
    let until = requirement.good_until(proof);
    let have = match requirement.item {
        Item::Typing => speed(proof),
        _ => proof.number,
    };
    let below = match requirement.item {
        Item::Typing => !requirement.types_fast_enough(proof),
        Item::Nda => proof.level.as_deref() != Some(rules.nda.as_str()),
        Item::Employer => proof.issuer.as_deref().map(str::trim) != Some(rules.supplier.trim()),
        item if item.levelled() => {
            let rank = |level: &Option<String>| level.as_deref().and_then(|level| item.rank(level));
            rank(&proof.level) < rank(&requirement.level)
        }
        _ => {
            requirement.least.is_some()
                && !proof.number.is_some_and(|number| requirement.fits(number))
        }
    };
    let standing = if below {
        ItemStanding::Below
    } else if until.is_some_and(|until| until < day) {
        ItemStanding::Expired
    } else {
        ItemStanding::Ok
    };
    Finding {
        standing,
        have,
        have_level: match requirement.item {
            Item::Employer => proof.issuer.clone(),
            _ => proof.level.clone(),
        },
        until,
        ..nothing
    }
}

impl Requirement {
    /// The number keeps within the bounds.
    pub fn fits(&self, number: i64) -> bool {
        let enough = self
            .least
            .is_none_or(|least| number > least || (number == least && !self.exclusive));
        let most = self
            .most
            .is_none_or(|most| number < most || (number == most && !self.exclusive));
        enough && most
    }

    /// The last day a proof is good for: its own, or so many months from its date, whichever comes first.
    pub fn good_until(&self, proof: &Proof) -> Option<NaiveDate> {
        let term = self.valid_months.and_then(|months| {
            let end = proof
                .on
                .checked_add_months(Months::new(u32::from(months)))?;
            end.pred_opt()
        });
        match (term, proof.until) {
            (Some(term), Some(own)) => Some(term.min(own)),
            (term, own) => term.or(own),
        }
    }

    /// Exact: 149 characters in three minutes are less than 50 a minute, 150 are not.
    fn types_fast_enough(&self, proof: &Proof) -> bool {
        let (Some(correct), Some(seconds)) = (proof.number, proof.seconds) else {
            return false;
        };
        let long_enough = self.least_seconds.is_none_or(|least| seconds >= least);
        let fast_enough = self
            .least
            .is_none_or(|least| correct.saturating_mul(60) >= least.saturating_mul(seconds));
        seconds > 0 && long_enough && fast_enough
    }
}

/// Tenths of characters a minute, rounded down.
fn speed(proof: &Proof) -> Option<i64> {
    let (correct, seconds) = (proof.number?, proof.seconds?);
    correct.saturating_mul(600).checked_div(seconds)
}

/// Full years on a day; who was born on 29 February is a year older on 1 March of a common year.
pub fn age_on(born: NaiveDate, day: NaiveDate) -> i64 {
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    i64::from(day.year() - born.year()) - i64::from(!had_birthday)
}

/// Whole months of the periods together, days that overlap counted once; both ends belong to a period.
pub fn months_of(mut periods: Vec<(NaiveDate, NaiveDate)>) -> i64 {
    periods.retain(|(from, to)| from <= to);
    periods.sort_unstable();
    let mut merged: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for (from, to) in periods {
        match merged.last_mut() {
            // The day after the end goes on where it ended.
            Some((_, end)) if from <= *end + Days::new(1) => *end = to.max(*end),
            _ => merged.push((from, to)),
        }
    }
    merged
        .into_iter()
        .map(|(from, to)| {
            let end = to + Days::new(1);
            let months = i64::from(end.year() - from.year()) * 12 + i64::from(end.month())
                - i64::from(from.month());
            months - i64::from(end.day() < from.day())
        })
        .sum()
}
