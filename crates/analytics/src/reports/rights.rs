//! The permissions of reports.

kernel::permissions! {
    /// Read reports: the supplier all of them, the purchaser what is released.
    pub ViewReports = "reports:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Draft reports, edit them, take figures, hand them in, begin a correction; keep the templates.
    pub PrepareReports = "reports:prepare" { OpsManager: All, Analyst: All }
    /// Check a report before it is released; nobody checks his own.
    pub CheckReports = "reports:check" { OpsManager: All, Quality: All, Liaison: All }
    /// Release checked reports; record until when they are due.
    pub ReleaseReports = "reports:release" { OpsManager: All, Liaison: All }
    /// Take reports out as a file.
    pub ExportReports = "reports:export" {
        OpsManager: All, Quality: All, Analyst: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Acknowledge a released report as the purchaser.
    pub ReadReports = "reports:read" {
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
}
