//! The kinds of rules of attendance, overtime and rosters.

organization::rule_doors! { crate::rights::ViewAttendance;
    /// Limits of attendance and overtime.
    workforce_terms: crate::terms::WorkforceTerms, "/api/v1/rules/workforce-terms", crate::rights::SetWorkforceTerms;
    /// What a roster is held to.
    roster_terms: crate::roster::terms::RosterTerms, "/api/v1/rules/roster-terms", crate::rights::SetWorkforceTerms;
}
