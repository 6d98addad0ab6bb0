//! The permissions of this capability.

kernel::permissions! {
    /// Punch in and out at the seat, see one's own punches and days.
    pub PunchClock = "punches:punch" { Agent: Own }
    /// See the attendance of everybody, its evidence and its corrections.
    pub ViewAttendance = "attendance:view" {
        ShiftLead: All, OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Close the sheet of a day, with what the evidence does not tell.
    pub CloseAttendance = "attendance:close" { ShiftLead: All, OpsManager: All }
    /// Confirm closed days, or send them back.
    pub ConfirmAttendance = "attendance:confirm" { PurchaserAdmin: All, PurchaserReviewer: All }
    /// Propose corrections of frozen records, and decide on those of the other side.
    pub CorrectAttendance = "attendance:correct" {
        ShiftLead: All, OpsManager: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Agree on the limits of attendance and overtime.
    pub SetWorkforceTerms = "workforce_terms:set" { PurchaserAdmin: All }
    /// See overtime orders.
    pub ViewOvertime = "overtime:view" {
        ShiftLead: All, OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Request overtime in an emergency, confirm what was worked, withdraw the request.
    pub RequestOvertime = "overtime:request" { Counterpart: All, PurchaserAdmin: All }
    /// Say who works overtime, and what was worked.
    pub PlanOvertime = "overtime:plan" { ShiftLead: All, OpsManager: All }
    /// See published rosters and the kinds of shift.
    pub ViewRoster = "rosters:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Plan rosters, publish and change them; the kinds of shift.
    pub PlanRoster = "rosters:plan" { ShiftLead: All, OpsManager: All }
    /// See one's own shifts, and take them into one's own calendar.
    pub ViewOwnRoster = "rosters:own" { Agent: Own }
    /// See requests for leave and what compensatory leave is left.
    pub ViewLeave = "leave:view" { Agent: Own, ShiftLead: All, OpsManager: All, HrCompliance: All }
    /// Ask for leave, and withdraw it.
    pub RequestLeave = "leave:request" { Agent: Own }
    /// Decide on leave, and register what was told by phone.
    pub DecideLeave = "leave:decide" { ShiftLead: All, OpsManager: All }
    /// See swaps of shifts.
    pub ViewSwaps = "swaps:view" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// Ask a colleague for a swap, answer one, withdraw one.
    pub AskSwap = "swaps:ask" { Agent: Own }
    /// Decide on swaps both agreed to.
    pub DecideSwap = "swaps:decide" { ShiftLead: All, OpsManager: All }
}
