//! The kinds of rules of the personnel, as rows that are agreed anew without a new program.

organization::rule_doors! { crate::rights::ViewStaffing;
    /// What somebody must prove before he is on post (A-39 … ).
    qualifications: crate::qualification::Requirement, "/api/v1/rules/qualifications", crate::rights::SetPersonnelRules;
    /// Which version of the confidentiality agreement must be signed.
    nda_versions: crate::agreed::NdaVersion, "/api/v1/rules/nda-versions", crate::rights::SetPersonnelRules;
    /// Whom the floor's gate stops.
    work_gate: crate::agreed::WorkGateRule, "/api/v1/rules/work-gate", crate::rights::SetPersonnelRules;
    /// How many working days notices, replacements, demands and exemptions may take (A-46 … A-48).
    personnel_terms: crate::agreed::PersonnelTerm, "/api/v1/rules/personnel-terms", crate::rights::SetPersonnelRules;
    /// How many hours each step of a leak may take (A-56, PIPL 57).
    leak_terms: crate::agreed::LeakTerm, "/api/v1/rules/leak-terms", crate::rights::SetPersonnelRules;
}
