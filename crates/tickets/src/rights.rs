//! Who may escalate, ask for instruction, raise an emergency, declare an incident.

kernel::permissions! {
    /// See the purchaser's sections and who is on duty there.
    pub ViewSections = "sections:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Set the members and deputies of the purchaser's sections.
    pub ManageSections = "sections:manage" { PurchaserAdmin: All }
    /// See who is away and who stands in for him.
    pub ViewCovers = "covers:view" { Agent: All, ShiftLead: All, OpsManager: All }
    /// Set who stands in for an owner of tickets, and when he is away.
    pub ManageCovers = "covers:manage" { ShiftLead: All, OpsManager: All }
    /// See escalations.
    pub ViewEscalations = "escalations:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Raise an escalation.
    pub RaiseEscalations = "escalations:raise" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// Answer an escalation at one's level.
    pub AnswerEscalations = "escalations:answer" {
        ShiftLead: All, OpsManager: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Close an escalation with its cause and what was done, or take it one level up.
    pub CloseEscalations = "escalations:close" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// See 请示 and 报告.
    pub ViewInstructions = "instructions:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Write and submit 请示 and 报告.
    pub WriteInstructions = "instructions:write" {
        Agent: Own, ShiftLead: All, OpsManager: All, Liaison: All,
    }
    /// Reply to a 请示, receive a 报告, return either.
    pub ReplyInstructions = "instructions:reply" { PurchaserAdmin: All, PurchaserBusiness: All }
    /// See emergencies, and acknowledge what arrived.
    pub ViewEmergencies = "emergencies:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        HrCompliance: All, Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Raise an emergency.
    pub RaiseEmergencies = "emergencies:raise" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        HrCompliance: All, Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Write follow-up reports and the final report of an emergency.
    pub ReportEmergencies = "emergencies:report" {
        Agent: Own, ShiftLead: All, OpsManager: All, Liaison: All,
    }
    /// See mass incidents and their one answer.
    pub ViewIncidents = "incidents:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Link tickets and contacts to a mass incident.
    pub LinkIncidents = "incidents:link" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// Declare, change and close mass incidents.
    pub DeclareIncidents = "incidents:declare" { ShiftLead: All, OpsManager: All }
    /// Set what both sides have agreed: limits of tickets, terms of cases, levels of escalation.
    pub SetAgreedRules = "rules:set_agreed" { PurchaserAdmin: All }
    /// Set what is the supplier's own: ways and kinds of emergencies, who is given the orders of platforms.
    pub SetOwnRules = "rules:set_own" { OpsManager: All }
}
