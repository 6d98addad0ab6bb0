//! Who may write what agents say, and who alone may put it into force.

use kernel::{Principal, Side};

kernel::permissions! {
    /// See articles and answer scripts, and look for them.
    pub ViewArticles = "articles:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Propose articles and answer scripts: an agent his own, the others all.
    pub WriteArticles = "articles:write" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// See changes and where they stand.
    pub ViewApprovals = "approvals:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Consent to changes, return them, ratify them, withdraw what holds.
    pub DecideApprovals = "approvals:decide" { PurchaserAdmin: All, PurchaserBusiness: All }
    /// Put an emergency change into force, which the purchaser then ratifies.
    pub DeclareEmergencyChanges = "approvals:emergency" { ShiftLead: All, OpsManager: All }
    /// Set which words mean the same.
    pub ManageSynonyms = "synonyms:manage" { OpsManager: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// See what was looked for and not found, and say so.
    pub ReportGaps = "knowledge_gaps:report" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Make drafts of gaps, and close them.
    pub HandleGaps = "knowledge_gaps:handle" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// See examination plans and rounds of title evaluations.
    pub ViewLookups = "lookups:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Maintain examination plans and rounds of title evaluations, also from a file.
    pub MaintainLookups = "lookups:maintain" { PurchaserAdmin: All, PurchaserBusiness: All }
    /// Walk fault trees with a requester.
    pub WalkFaultTrees = "fault_trees:walk" { Agent: All, ShiftLead: All, OpsManager: All }
    /// See walks through fault trees: an agent his own.
    pub ViewWalks = "fault_tree_walks:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Set who must read a version and pass which quiz.
    pub SetReading = "reading:set" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// See whom a version has reached, and whom not yet.
    pub ViewCoverage = "reading:coverage" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Ask the model for suggestions and summaries, where there is one.
    pub UseAssist = "assist:use" { Agent: All, ShiftLead: All }
    /// Set how long decisions, reading and quizzes may take.
    pub SetKnowledgeRules = "rules:set_knowledge" { PurchaserAdmin: All }
}

/// The side for which somebody acts; who would stand on both decides for neither.
pub(crate) fn side_of(principal: &Principal) -> Side {
    let all = |side: Side| {
        let mut roles = principal.roles.iter().map(|role| role.side());
        !principal.roles.is_empty() && roles.all(|held| held == side)
    };
    if all(Side::Purchaser) {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}
