//! The permissions of this capability's indicators.

kernel::permissions! {
    /// See indicators, their formulas and figures, and the rows behind them; an agent his own.
    pub ViewKpis = "kpis:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Take figures out as a file.
    pub ExportKpis = "kpis:export" {
        ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Say what is asked of an indicator, and by which variant it is counted.
    pub SetKpiTargets = "kpi_targets:set" { OpsManager: All, PurchaserAdmin: All }
    /// See alerts of indicators.
    pub ViewKpiAlerts = "kpi_alerts:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, PurchaserAdmin: All,
    }
    /// Acknowledge alerts of indicators, with a note.
    pub AcknowledgeKpiAlerts = "kpi_alerts:acknowledge" { ShiftLead: All, OpsManager: All, Analyst: All }
    /// Count a period again from the rows.
    pub RecountKpis = "kpis:recount" { OpsManager: All, Analyst: All }
}
