//! The kinds of rules of tickets, as rows that are agreed anew without a new program.

organization::rule_doors! { crate::ViewTickets;
    /// How long what may take, by platform, request type and priority (domain B.3).
    ticket_limits: crate::ticket::limits::TicketLimit, "/api/v1/rules/ticket-limits", crate::rights::SetAgreedRules;
    /// How long the steps of escalations, instructions, emergencies and incidents may take.
    case_terms: crate::terms::CaseTerm, "/api/v1/rules/case-terms", crate::rights::SetAgreedRules;
    /// Who answers an escalation at which level, and how long he has.
    escalation_levels: crate::escalation::level::EscalationLevel, "/api/v1/rules/escalation-levels", crate::rights::SetAgreedRules;
    /// By which way whose holders hear of an emergency.
    emergency_ways: crate::emergency::agreed::EmergencyWay, "/api/v1/rules/emergency-ways", crate::rights::SetOwnRules;
    /// The kinds of emergencies.
    emergency_categories: crate::emergency::agreed::EmergencyCategory, "/api/v1/rules/emergency-categories", crate::rights::SetOwnRules;
    /// Who is given the orders of platforms (派单, domain B.3).
    dispatch_rules: crate::work_order::dispatch::DispatchRule, "/api/v1/rules/dispatch", crate::rights::SetOwnRules;
}
