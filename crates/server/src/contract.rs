//! 履约清单: each clause of the contract with what proves it now, for its acceptance.

pub mod clauses;

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use kernel::evidence::{Evidence, MOST};
use kernel::http::Json;
use kernel::{Actor, App, Result, words};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use clauses::CLAUSES;

kernel::permissions! {
    /// See each clause of the contract with what proves it.
    pub ViewContract = "contract:view" {
        OpsManager: All, Quality: All, HrCompliance: All, Liaison: All, Counterpart: All,
        PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
}

words! {
    /// How a clause stands.
    ClauseState {
        /// 履行中: proof came in the last thirty days and nothing is amiss.
        Kept = "kept",
        /// 有异常: something is late or wrong now.
        Amiss = "amiss",
        /// 近期无记录: there is proof, but none of the last thirty days.
        Quiet = "quiet",
        /// 尚无记录: nothing was written yet.
        Unproven = "unproven",
        /// 无系统证据: nothing here records it.
        Elsewhere = "elsewhere",
    }
}

/// One kind of proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClauseProof {
    /// What is counted: `replacements`.
    pub kind: String,
    /// The console's page with the rows.
    pub page: String,
    /// When the latest row came.
    pub latest_at: Option<DateTime<Utc>>,
    /// Rows of the last thirty days.
    pub recent: u64,
    /// Rows that are late or wrong now.
    pub amiss: u64,
    /// There are more than are counted.
    pub capped: bool,
}

/// A clause.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClauseView {
    /// `A-46`
    pub code: String,
    /// Marked ※: not to be deviated from.
    pub starred: bool,
    /// What is asked for, in the words of the requirement.
    pub text: String,
    /// How it stands.
    pub state: String,
    /// What proves it.
    pub proofs: Vec<ClauseProof>,
}

/// The clauses of the contract.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClauseList {
    /// When it was looked.
    pub as_of: DateTime<Utc>,
    /// All of them, in order.
    pub items: Vec<ClauseView>,
}

#[derive(Clone)]
struct House {
    app: App,
    evidence: Vec<Evidence>,
}

/// The list of clauses.
pub(crate) fn routes(app: &App, evidence: Vec<Evidence>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(House {
            app: app.clone(),
            evidence,
        })
}

/// Each clause of the contract with what proves it now.
#[utoipa::path(get, path = "/api/v1/contract-clauses", tag = "contract", operation_id = "list_contract_clauses", responses((status = 200, body = ClauseList)))]
async fn list(_actor: Actor<ViewContract>, State(house): State<House>) -> Result<Json<ClauseList>> {
    let found = try_join_all(house.evidence.iter().map(|one| (one.tell)())).await?;
    let mut proofs: HashMap<&str, Vec<ClauseProof>> = HashMap::new();
    for (one, found) in house.evidence.iter().zip(found) {
        proofs.entry(one.clause).or_default().push(ClauseProof {
            kind: one.kind.to_owned(),
            page: one.page.to_owned(),
            latest_at: found.latest_at,
            recent: found.recent,
            amiss: found.amiss,
            capped: found.recent >= MOST || found.amiss >= MOST,
        });
    }
    let items = CLAUSES.iter().map(|clause| {
        let proofs = proofs.remove(clause.code).unwrap_or_default();
        ClauseView {
            code: clause.code.to_owned(),
            starred: clause.starred,
            text: clause.text.to_owned(),
            state: state_of(&proofs).as_str().to_owned(),
            proofs,
        }
    });
    Ok(Json(ClauseList {
        as_of: house.app.clock.now(),
        items: items.collect(),
    }))
}

fn state_of(proofs: &[ClauseProof]) -> ClauseState {
    let any = |is: fn(&ClauseProof) -> bool| proofs.iter().any(is);
    if proofs.is_empty() {
        ClauseState::Elsewhere
    } else if any(|one| one.amiss > 0) {
        ClauseState::Amiss
    } else if any(|one| one.recent > 0) {
        ClauseState::Kept
    } else if any(|one| one.latest_at.is_some()) {
        ClauseState::Quiet
    } else {
        ClauseState::Unproven
    }
}
