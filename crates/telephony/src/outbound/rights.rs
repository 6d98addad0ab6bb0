//! Who may call out, and who decides whom.

kernel::permissions! {
    /// Call somebody, with a purpose.
    pub PlaceCalls = "calls:place" { Agent: Own }
    /// See outbound calls, what was refused, and the figures of both.
    pub ViewOutbound = "outbound:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, PurchaserAdmin: All,
    }
    /// Record purposes of outbound calls and numbers that may be called.
    pub SetOutboundRules = "outbound_rules:set" { OpsManager: All, PurchaserAdmin: All }
    /// See missed calls and who returns them.
    pub ViewCallbacks = "callbacks:view" { Agent: All, ShiftLead: All, OpsManager: All, PurchaserAdmin: All }
    /// Give missed calls to somebody else, and close them.
    pub CloseCallbacks = "callbacks:close" { ShiftLead: All, OpsManager: All }
    /// See who does not want to be called.
    pub ViewDoNotCall = "do_not_call:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, PurchaserAdmin: All,
    }
    /// Enter somebody who does not want to be called.
    pub EnterDoNotCall = "do_not_call:enter" { Agent: All, ShiftLead: All, OpsManager: All }
    /// Strike somebody off the list of those who do not want to be called, or permit one call all the same.
    pub DecideDoNotCall = "do_not_call:decide" { ShiftLead: All, OpsManager: All }
    /// See lists of follow-ups; with Own the items one calls.
    pub ViewFollowUps = "follow_ups:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, PurchaserAdmin: All,
    }
    /// Make lists of follow-ups, fill and close them, take them out.
    pub ManageFollowUps = "follow_ups:manage" { ShiftLead: All, OpsManager: All }
}
