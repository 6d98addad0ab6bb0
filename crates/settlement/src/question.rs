//! What the requirement leaves open (待澄清清单, domain §A.6): each question with what holds until the purchaser
//! answers, and his answer, which is a parameter from then on. What counts as 到岗 is a table of its own.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::Json;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::needed;
use kernel::{Actor, App, Tx, words};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::contract::counting;
use crate::presence::{PresenceCount, PresenceKind};
use crate::rights::ViewSettlement;
use crate::seat_fee::ProRata;

words! {
    /// What is open.
    OpenQuestion {
        /// 到岗不满月如何折算
        ProRata = "pro_rata",
        /// 何为到岗, answered row by row in the table
        Presence = "presence",
        /// 结算月自合同签订日还是按自然月起算
        BillingMonths = "billing_months",
        /// 每半年约定的时间
        StatementDates = "statement_dates",
        /// 30 个工作日自确认还是自收票起算
        PaymentStart = "payment_start",
        /// 应急加班是否含在单价内
        EmergencyOvertime = "emergency_overtime",
        /// 法定节假日 11 天还是 13 天
        StatutoryHolidays = "statutory_holidays",
        /// 40 岁以下是否含 40 岁，合同期内满 41 岁
        AgeLimit = "age_limit",
        /// 招聘费用的数额或上限
        RecruitmentFeeCap = "recruitment_fee_cap",
        /// 增加、更换人员的时限
        DemandDeadline = "demand_deadline",
        /// 12345 以外的政民互动平台
        Platforms = "platforms",
        /// 录音保存与合同期满的数据返还
        RecordingRetention = "recording_retention",
        /// 12345 工单办理的分工
        DivisionOfWork = "division_of_work",
        /// 首日六名在职人员与上岗条件
        TransitionGates = "transition_gates",
    }
}

impl OpenQuestion {
    /// The clause it belongs to.
    pub fn clause(self) -> &'static str {
        match self {
            Self::ProRata | Self::Presence => "A-64",
            Self::BillingMonths => "A-62",
            Self::StatementDates => "A-65",
            Self::PaymentStart => "A-67",
            Self::EmergencyOvertime => "A-31",
            Self::StatutoryHolidays => "A-59",
            Self::AgeLimit => "A-41",
            Self::RecruitmentFeeCap => "A-49",
            Self::DemandDeadline => "A-47",
            Self::Platforms => "A-05",
            Self::RecordingRetention => "A-54",
            Self::DivisionOfWork => "A-10",
            Self::TransitionGates => "A-48",
        }
    }

    /// Answers the program acts on; none where the answer is words.
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Self::ProRata => &["month_end", "working_days", "calendar_days"],
            Self::Presence => &["table"],
            Self::BillingMonths => &["contract"],
            Self::PaymentStart => &["later", "confirmation", "invoice"],
            Self::EmergencyOvertime => &["in_price", "billed"],
            _ => &[],
        }
    }
}

/// What holds for a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementAnswer {
    /// Which one.
    pub question: OpenQuestion,
    /// One of its choices, or words.
    pub answer: String,
}

impl Rule for SettlementAnswer {
    const KIND: &'static str = "settlement_answer";

    fn subject(&self) -> String {
        self.question.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        needed("rule.answer", &self.answer)?;
        let choices = self.question.choices();
        if choices.is_empty() || choices.contains(&self.answer.as_str()) {
            return Ok(());
        }
        let detail = format!("one of {}", choices.join(", "));
        Err(invalid("rule.answer", "answer_unknown", detail))
    }
}

impl Rule for PresenceCount {
    const KIND: &'static str = "presence_count";

    fn subject(&self) -> String {
        self.kind.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let day = 0..=1_440;
        let minutes =
            day.contains(&self.half_under_minutes) && day.contains(&self.none_under_minutes);
        if (0..=2).contains(&self.halves) && minutes {
            return Ok(());
        }
        let detail = "0 to 2 half days, 0 to 1,440 minutes";
        Err(invalid("rule.halves", "presence_out_of_range", detail))
    }
}

/// The answer that holds at `at`.
pub(crate) async fn answer(
    conn: &impl ConnectionTrait,
    question: OpenQuestion,
    at: DateTime<Utc>,
) -> Result<String> {
    let held = rule::in_force::<SettlementAnswer>(conn, at).await?;
    let found = held.into_iter().find(|held| held.question == question);
    let found = found.ok_or_else(|| internal(format!("{} has no answer", question.as_str())))?;
    Ok(found.answer)
}

/// The questions that the purchaser has not answered.
pub(crate) async fn unanswered(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<OpenQuestionView>> {
    let mut items = views(conn, at).await?;
    items.retain(|item| !item.answered);
    Ok(items)
}

/// Method and table by the answers that hold at `at`; overtime counts where the purchaser has it billed.
pub(crate) async fn fee_rules(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<(ProRata, Vec<PresenceCount>)> {
    let method = answer(conn, OpenQuestion::ProRata, at).await?;
    let method = ProRata::parse(&method).ok_or_else(|| internal("no such method"))?;
    let mut presence = rule::in_force::<PresenceCount>(conn, at).await?;
    if answer(conn, OpenQuestion::EmergencyOvertime, at).await? == "billed" {
        let overtime = presence.iter_mut();
        for row in overtime.filter(|row| row.kind == PresenceKind::Overtime) {
            row.halves = 2;
        }
    }
    Ok((method, presence))
}

/// A question with what holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenQuestionView {
    /// Its code.
    pub question: OpenQuestion,
    /// The clause it belongs to.
    pub clause: &'static str,
    /// Answers the program acts on; empty where the answer is words.
    pub choices: Vec<&'static str>,
    /// What holds.
    pub answer: String,
    /// The purchaser said so; else it is a proposal of the design.
    pub answered: bool,
    /// Where it stands.
    pub source: String,
    /// Since when it holds.
    pub since: DateTime<Utc>,
    /// The contract that runs is counted by something else, until the answer is taken into it.
    pub contract_differs: bool,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenQuestions {
    /// In the order of the contract's money first.
    pub items: Vec<OpenQuestionView>,
    /// How many wait for the purchaser's answer.
    pub open: u64,
}

/// The list over HTTP.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(app.clone())
}

/// What the requirement leaves open, what holds, and whether the purchaser has answered.
#[utoipa::path(
    get, path = "/api/v1/open-questions", tag = "settlement", operation_id = "list_open_questions",
    responses((status = 200, body = OpenQuestions)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
) -> Result<Json<OpenQuestions>> {
    let items = views(app.db.read(), app.clock.now()).await?;
    let open = items.iter().filter(|item| !item.answered).count() as u64;
    Ok(Json(OpenQuestions { items, open }))
}

async fn views(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<OpenQuestionView>> {
    let (rows, table) = (
        rule::all::<SettlementAnswer>(conn).await?,
        rule::all::<PresenceCount>(conn).await?,
    );
    let differs = counting::differs(conn, now).await?;
    let counted = rule::holding(&table, now)
        .into_iter()
        .all(|row| row.stamp.recorded_by.is_some());
    let held = rule::holding(&rows, now).into_iter();
    let mut items: Vec<OpenQuestionView> = held
        .map(|row| OpenQuestionView {
            question: row.rule.question,
            clause: row.rule.question.clause(),
            choices: row.rule.question.choices().to_vec(),
            answer: row.rule.answer.clone(),
            answered: row.stamp.recorded_by.is_some()
                || (row.rule.question == OpenQuestion::Presence && counted),
            source: row.stamp.source.clone(),
            since: row.stamp.effective_from,
            contract_differs: differs.about(row.rule.question),
        })
        .collect();
    items.sort_by_key(|item| item.question);
    Ok(items)
}

/// The doors of the answers.
pub(crate) mod doors {
    organization::rule_doors! { crate::rights::ViewSettlement;
        /// The purchaser's answers to what the requirement leaves open.
        settlement_answers: crate::question::SettlementAnswer, "/api/v1/rules/settlement-answers", crate::rights::AnswerQuestions;
        /// What counts as 到岗.
        presence_counts: crate::presence::PresenceCount, "/api/v1/rules/presence-counts", crate::rights::AnswerQuestions;
        /// What a contract has where its draft says nothing, and when both sides are reminded (A-62, A-63, A-65 … A-67).
        contract_terms: crate::contract::terms::ContractTerms, "/api/v1/rules/contract-terms", crate::rights::AnswerQuestions;
        /// Which findings keep a statement from being submitted (A-58 … A-60).
        submission_checks: crate::statement::checks::SubmissionRule, "/api/v1/rules/submission-checks", crate::rights::AnswerQuestions;
    }
}
