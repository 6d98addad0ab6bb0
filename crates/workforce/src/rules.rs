//! The kinds of rules of attendance and overtime.

organization::rule_doors! { crate::rights::ViewAttendance;
    /// Limits of attendance and overtime.
    workforce_terms: crate::terms::WorkforceTerms, "/api/v1/rules/workforce-terms", crate::rights::SetWorkforceTerms;
    /// What the half hours of a day are held to.
    intraday_terms: crate::intraday::terms::IntradayTerms, "/api/v1/rules/intraday-terms", crate::rights::SetWorkforceTerms;
}
