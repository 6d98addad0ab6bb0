//! Who sees and makes performance sheets.

kernel::permissions! {
    /// See performance sheets and improvement plans: an agent his own, the purchaser released ones without names.
    pub ViewPerformance = "performance:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, HrCompliance: All,
        Counterpart: All, PurchaserAdmin: All,
    }
    /// Calculate the sheets of a month, take points off.
    pub CalculatePerformance = "performance:calculate" { OpsManager: All, Analyst: All }
    /// Check sheets that somebody else calculated.
    pub CheckPerformance = "performance:check" { ShiftLead: All, OpsManager: All, Quality: All }
    /// Release sheets to their agents and make them final.
    pub ReleasePerformance = "performance:release" { OpsManager: All }
    /// Open improvement plans and close them.
    pub PlanImprovement = "improvement_plans:write" { ShiftLead: All, OpsManager: All }
    /// Set the table by which performance is scored.
    pub SetScoreTable = "rules:set_score_table" { OpsManager: All }
}
