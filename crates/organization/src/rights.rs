//! The permissions of this capability. The three administrators share the work so that none can make an
//! account and give it power alone (GB/T 22239-2019 8.1.4.2).

kernel::permissions! {
    /// See users, their roles and their sessions.
    pub ViewUsers = "users:view" {
        ShiftLead: All, OpsManager: All, HrCompliance: All, PurchaserAdmin: All,
        SysAdmin: All, SecAdmin: All, AuditAdmin: All,
    }
    /// Make users and give them a first password.
    pub CreateUsers = "users:create" { SysAdmin: All }
    /// Change a user; the parts of it need `users:manage` or `users:authorize`.
    pub ChangeUsers = "users:change" { SysAdmin: All, SecAdmin: All }
    /// Change name, staff number and department, disable a user and reset the password.
    pub ManageUsers = "users:manage" { SysAdmin: All }
    /// Give and take roles, unlock a user.
    pub AuthorizeUsers = "users:authorize" { SecAdmin: All }
    /// End the sessions of a user.
    pub EndSessions = "sessions:end" { SysAdmin: All, SecAdmin: All, ShiftLead: All }
    /// See who the two parties are.
    pub ViewParties = "parties:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        HrCompliance: All, Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
        PurchaserReviewer: All, SysAdmin: All, SecAdmin: All, AuditAdmin: All,
    }
    /// Name the two parties.
    pub ManageParties = "parties:manage" { SysAdmin: All }
    /// See desk phones; one's own or all.
    pub ViewDevices = "devices:view" { Agent: Own, ShiftLead: All, OpsManager: All, SysAdmin: All }
    /// Add and remove desk phones, change their secrets.
    pub ManageDevices = "devices:manage" { SysAdmin: All }
    /// See the service calendar and hours, count deadlines.
    pub ViewCalendar = "calendar:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All,
        HrCompliance: All, Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
        PurchaserReviewer: All, SysAdmin: All, SecAdmin: All, AuditAdmin: All,
    }
    /// Change and import calendars, set the service hours.
    pub ManageCalendar = "calendar:manage" { OpsManager: All, SysAdmin: All }
    /// Ask for an export of more rows than may leave unasked; see one's own requests.
    pub AskExports = "export_requests:ask" {
        ShiftLead: Own, OpsManager: Own, Quality: Own, Trainer: Own, HrCompliance: Own, PurchaserAdmin: Own,
        PurchaserBusiness: Own, SysAdmin: Own,
    }
    /// See requests for exports and what left: one's own, or all.
    pub ViewExports = "export_requests:view" {
        ShiftLead: Own, OpsManager: All, Quality: Own, Trainer: Own, HrCompliance: Own, PurchaserAdmin: All,
        PurchaserBusiness: Own, SysAdmin: Own, SecAdmin: All, AuditAdmin: All,
    }
    /// Approve or decline exports that somebody else asked for.
    pub DecideExports = "export_requests:decide" { PurchaserAdmin: All, SecAdmin: All }
    /// See who looked at personal values, took files out and printed, and why.
    pub ViewAccess = "access_log:view" {
        ShiftLead: All, OpsManager: All, PurchaserAdmin: All, SecAdmin: All, AuditAdmin: All,
    }
    /// Record how many rows may leave unasked, and from when on looking is unusual.
    pub SetExportRules = "export_rules:set" { PurchaserAdmin: All, SecAdmin: All }
}
