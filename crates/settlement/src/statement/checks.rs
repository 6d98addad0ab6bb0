//! What is looked at before a statement goes to the purchaser: that insurances and wages are proven, that
//! who was on post is the supplier's own, that no attendance changed since the lines were drawn, that the
//! purchaser answered what is open. Whether a finding keeps the statement back is a rule.

use std::collections::BTreeSet;

use axum::extract::State;
use chrono::NaiveDate;
use futures::future::BoxFuture;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, refused};
use kernel::rule::{self, Beside, Rule};
use kernel::{Actor, Tx, day, words};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::Desk;
use super::draw;
use super::store::{self, row};
use crate::question;
use crate::rights::ViewSettlement;

words! {
    /// What is looked at.
    SubmissionCheck {
        /// 五险缴费及凭证
        Insurance = "insurance",
        /// 工资发放及凭证
        Wages = "wages",
        /// 用工主体
        Employer = "employer",
        /// 编制后考勤有变
        Attendance = "attendance",
        /// 待澄清事项
        OpenQuestions = "open_questions",
    }
}

impl SubmissionCheck {
    /// The clause it belongs to.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Insurance => "A-58",
            Self::Wages => "A-59",
            Self::Employer => "A-60",
            Self::Attendance | Self::OpenQuestions => "A-64",
        }
    }
}

/// Something that is not in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// What was looked at.
    pub check: SubmissionCheck,
    /// How many cases.
    pub found: u64,
    /// When or where, without naming anybody.
    pub detail: String,
    /// The console's page with them, for who may see it.
    pub page: String,
}

/// Who knows the facts that other capabilities keep; answered by the server.
pub trait SubmissionFacts: Send + Sync {
    /// What is not in order from `from` to `until`, both counted.
    fn concerns(
        &self,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, Result<Vec<Concern>>>;
}

/// Whether a finding keeps a statement from being submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmissionRule {
    /// What is looked at.
    pub check: SubmissionCheck,
    /// It does; else it is a warning.
    pub blocks: bool,
}

impl Rule for SubmissionRule {
    const KIND: &'static str = "submission_check";

    fn subject(&self) -> String {
        self.check.as_str().to_owned()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        Ok(())
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// What was looked at.
    pub check: SubmissionCheck,
    /// The clause it belongs to.
    pub clause: String,
    /// How many cases.
    pub found: u64,
    /// It keeps the statement from being submitted; else it is a warning.
    pub blocks: bool,
    /// When or where, without naming anybody.
    pub detail: String,
    /// The console's page with them, for who may see it.
    pub page: String,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementChecks {
    /// Only what is not in order.
    pub items: Vec<CheckView>,
    /// One of them keeps the statement from being submitted.
    pub blocked: bool,
}

/// What is not in order with the half year of a statement.
pub(crate) async fn of(desk: &Desk, statement: &row::Model) -> Result<Vec<CheckView>> {
    let conn = desk.app.db.read();
    let (from, until) = (
        day::read(&statement.from_day)?,
        day::read(&statement.until_day)?,
    );
    let mut concerns = desk.facts.concerns(from, until).await?;
    if let Some(basis) = draw::basis(statement)? {
        let now = draw::frozen(&desk.attendance, statement).await?;
        if draw::attendance_sha256(&now.records) != basis.attendance_sha256 {
            concerns.push(Concern {
                check: SubmissionCheck::Attendance,
                found: 1,
                detail: String::new(),
                page: format!("/statements/{}", statement.id),
            });
        }
    }
    let open = question::unanswered(conn, desk.app.clock.now()).await?;
    if !open.is_empty() {
        let clauses: BTreeSet<&str> = open.iter().map(|one| one.clause).collect();
        concerns.push(Concern {
            check: SubmissionCheck::OpenQuestions,
            found: open.len() as u64,
            detail: Vec::from_iter(clauses).join(" "),
            page: "/open-questions".to_owned(),
        });
    }
    let rules = rule::in_force::<SubmissionRule>(conn, desk.app.clock.now()).await?;
    let blocks = |check| rules.iter().any(|rule| rule.check == check && rule.blocks);
    let views = concerns.into_iter().map(|concern| CheckView {
        check: concern.check,
        clause: concern.check.clause().to_owned(),
        found: concern.found,
        blocks: blocks(concern.check),
        detail: concern.detail,
        page: concern.page,
    });
    Ok(views.collect())
}

/// 409 where one of the findings keeps the statement back.
pub(crate) fn must_pass(found: &[CheckView]) -> Result<()> {
    let blocking: Vec<&CheckView> = found.iter().filter(|one| one.blocks).collect();
    if blocking.is_empty() {
        return Ok(());
    }
    let detail = format!("{} checks are to be in order first", blocking.len());
    Err(refused("statement_checks_block", detail)
        .with_way_out("mend what is named, or the purchaser makes the check a warning")
        .with("checks", json!(found)))
}

/// The route of the checks.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(desk.clone())
}

/// What is not in order before a statement is submitted.
#[utoipa::path(
    get, path = "/api/v1/statements/{id}/checks", tag = "settlement", operation_id = "get_statement_checks",
    params(("id" = Uuid, Path)), responses((status = 200, body = StatementChecks), (status = 404, body = Problem)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<StatementChecks>> {
    let statement = store::get(desk.app.db.read(), id).await?;
    let items = of(&desk, &statement).await?;
    Ok(Json(StatementChecks {
        blocked: items.iter().any(|one| one.blocks),
        items,
    }))
}
