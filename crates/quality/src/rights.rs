//! The permissions of this capability, and who holds one.

use std::collections::BTreeMap;

use kernel::problem::Result;
use kernel::rights::Permission;
use organization::Colleague;
use organization::colleagues::{holder, holders};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

kernel::permissions! {
    /// See evaluations: an agent his own, once they are released.
    pub ViewEvaluations = "evaluations:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Read what was said in evaluated calls, as whoever may listen to them; every time is audited.
    pub ReadTranscripts = "transcripts:read" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, PurchaserAdmin: All,
    }
    /// Score evaluations, look at them a second time, answer appeals.
    pub ScoreEvaluations = "evaluations:score" { ShiftLead: All, OpsManager: All, Quality: All }
    /// Give evaluations to reviewers, release them to agents, void them.
    pub ReleaseEvaluations = "evaluations:release" { OpsManager: All, Quality: All }
    /// Score for the purchaser beside the supplier's reviewer.
    pub ScoreForPurchaser = "evaluations:score_for_purchaser" {
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Say what two scores that differ come to.
    pub SettleScores = "evaluations:settle" { OpsManager: All, PurchaserAdmin: All }
    /// Acknowledge one's evaluations, or appeal.
    pub AnswerEvaluations = "evaluations:answer" { Agent: Own }
    /// Draw samples by a plan or by hand, see what was drawn.
    pub DrawSamples = "samples:draw" { OpsManager: All, Quality: All, PurchaserAdmin: All }
    /// See score cards, also by what one is measured.
    pub ViewScoreCards = "score_cards:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Write score cards.
    pub WriteScoreCards = "score_cards:write" { OpsManager: All, Quality: All }
    /// Publish score cards: from then on they do not change.
    pub PublishScoreCards = "score_cards:publish" { OpsManager: All, PurchaserAdmin: All }
    /// Agree on sampling plans, terms of appeals, how far scores may lie apart.
    pub SetQualityRules = "quality_rules:set" { OpsManager: All, PurchaserAdmin: All }
    /// Take part in calibrations.
    pub Calibrate = "calibrations:score" {
        ShiftLead: All, OpsManager: All, Quality: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Open calibrations and show their scores.
    pub OpenCalibrations = "calibrations:open" { OpsManager: All, Quality: All }
    /// See corrective actions: an agent those he answers for, or that are about him.
    pub ViewCorrectiveActions = "corrective_actions:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Open corrective actions, say their cause and what is done, plan coachings.
    pub OpenCorrectiveActions = "corrective_actions:open" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All,
    }
    /// Say that a corrective action is done.
    pub FinishCorrectiveActions = "corrective_actions:finish" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All,
    }
    /// Verify corrective actions that somebody else did, send them back, close them.
    pub VerifyCorrectiveActions = "corrective_actions:verify" {
        ShiftLead: All, OpsManager: All, Quality: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
}

/// Who may do this by his role, by staff number.
pub(crate) async fn who_may<P: Permission>(conn: &impl ConnectionTrait) -> Result<Vec<Colleague>> {
    let mut people = BTreeMap::new();
    for (role, _) in P::GRANTS {
        for person in holders(conn, *role).await? {
            people.insert((person.staff_no.clone(), person.id), person);
        }
    }
    Ok(people.into_values().collect())
}

/// Whether this person may do it by his role.
pub(crate) async fn may<P: Permission>(conn: &impl ConnectionTrait, person: Uuid) -> Result<bool> {
    for (role, _) in P::GRANTS {
        if holder(conn, *role, person).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
