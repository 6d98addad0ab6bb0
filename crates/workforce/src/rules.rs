//! The kinds of rules of attendance and overtime.

organization::rule_doors! { crate::rights::ViewAttendance;
    /// Limits of attendance and overtime.
    workforce_terms: crate::terms::WorkforceTerms, "/api/v1/rules/workforce-terms", crate::rights::SetWorkforceTerms;
}
