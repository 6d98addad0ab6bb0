//! The permissions of this capability.

kernel::permissions! {
    /// See staff files: one's own, or all.
    pub ViewStaff = "staff:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Trainer: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All,
    }
    /// Make and change staff files, add evidence, begin training, suspend, let go.
    pub ManageStaff = "staff:manage" { OpsManager: All, HrCompliance: All }
    /// Check evidence that somebody else added; nobody checks his own file.
    pub CheckEvidence = "staff:check" { OpsManager: All, HrCompliance: All, PurchaserAdmin: All }
    /// Certify that somebody passed the purchaser's pre-job training.
    pub PassStaff = "staff:pass" { PurchaserAdmin: All, PurchaserBusiness: All }
    /// Waive an item of the qualification for a time, with a reason.
    pub WaiveStaff = "staff:waive" { PurchaserAdmin: All }
    /// Read personal values of a staff file in the clear, with a reason.
    pub RevealStaff = "staff:reveal" { HrCompliance: All, PurchaserAdmin: All }
    /// Put people on posts and take them off.
    pub AssignPosts = "posts:assign" { OpsManager: All, HrCompliance: All }
    /// Say from which day the six posts are to be held.
    pub OpenPosts = "posts:open" { PurchaserAdmin: All }
    /// See headcount, vacancies, replacements, demands and the transition.
    pub ViewStaffing = "staffing:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Lead a replacement from the notice to the closing.
    pub ManageReplacements = "replacements:manage" { OpsManager: All, HrCompliance: All, Liaison: All }
    /// Accept or reject a replacement's candidate.
    pub DecideReplacements = "replacements:decide" { PurchaserAdmin: All }
    /// Offer the open tickets of who leaves.
    pub OfferHandovers = "handovers:offer" { ShiftLead: All, OpsManager: All }
    /// See and answer what is handed over to one.
    pub AnswerHandovers = "handovers:answer" { Agent: Own, ShiftLead: Own }
    /// Demand more or other people, and decide on the plan.
    pub RaiseDemands = "demands:raise" { PurchaserAdmin: All }
    /// Answer a demand with a plan and carry it out.
    pub AnswerDemands = "demands:answer" { OpsManager: All, HrCompliance: All }
    /// Keep the board of a transition.
    pub ManageTransitions = "transitions:manage" { OpsManager: All, HrCompliance: All }
    /// Exempt incumbents for a time and sign off the go-live.
    pub DecideTransitions = "transitions:decide" { PurchaserAdmin: All }
    /// See the ledger of recruitment fees.
    pub ViewFees = "recruitment_fees:view" { OpsManager: All, HrCompliance: All, PurchaserAdmin: All }
    /// Keep the ledger of recruitment fees.
    pub KeepFees = "recruitment_fees:keep" { OpsManager: All, HrCompliance: All }
    /// Report a leak.
    pub ReportLeaks = "leaks:report" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
        SysAdmin: All, SecAdmin: All, AuditAdmin: All,
    }
    /// See leaks; whom one may be about does not see it.
    pub ViewLeaks = "leaks:view" {
        OpsManager: All, HrCompliance: All, Counterpart: All, PurchaserAdmin: All, SecAdmin: All, AuditAdmin: All,
    }
    /// Stop and assess leaks.
    pub HandleLeaks = "leaks:handle" { OpsManager: All, HrCompliance: All, PurchaserAdmin: All }
    /// Decide who is told of a leak, who answers for it, and when it is over.
    pub DecideLeaks = "leaks:decide" { PurchaserAdmin: All }
    /// Build, check and download the evidence of a leak.
    pub BuildLeakPackages = "leak_packages:build" { PurchaserAdmin: All, SecAdmin: All, AuditAdmin: All }
    /// Record what qualifies, which NDA holds, whom the gate stops, how long steps may take.
    pub SetPersonnelRules = "personnel_rules:set" { PurchaserAdmin: All }
    /// See how months of wages and insurances stand, without amounts.
    pub ViewWageMonths = "wage_months:view" {
        OpsManager: All, HrCompliance: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// See pay: one's own, or everybody's.
    pub ViewPay = "pay:view" {
        Agent: Own, ShiftLead: Own, Quality: Own, Trainer: Own, Analyst: Own, Liaison: Own, OpsManager: All,
        HrCompliance: All,
    }
    /// Write wages, insurances and their proofs, and hand months in.
    pub ManageWages = "wages:manage" { OpsManager: All, HrCompliance: All }
    /// Check months that were handed in, or send them back.
    pub CheckWages = "wages:check" { PurchaserAdmin: All, PurchaserReviewer: All }
    /// Read somebody's pay in the clear, with a reason.
    pub RevealPay = "pay:reveal" { PurchaserAdmin: All, PurchaserReviewer: All }
    /// See quotations with their floor.
    pub ViewQuotations = "quotations:view" {
        OpsManager: All, HrCompliance: All, Counterpart: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Record quotations.
    pub KeepQuotations = "quotations:keep" { OpsManager: All, HrCompliance: All }
}
