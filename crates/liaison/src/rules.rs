//! The kinds of rules between the sides, as rows that are agreed anew without a new program.

organization::rule_doors! { crate::rights::ViewLetters;
    /// How long steps between the sides may take (A-25 … ).
    liaison_terms: crate::agreed::LiaisonTerm, "/api/v1/rules/liaison-terms", crate::rights::SetLiaisonRules;
    /// What the numbers of each side's letters begin with.
    letter_series: crate::agreed::LetterSeries, "/api/v1/rules/letter-series", crate::rights::SetLiaisonRules;
    /// Letters with holes.
    letter_templates: crate::agreed::LetterTemplate, "/api/v1/rules/letter-templates", crate::rights::SetLiaisonRules;
    /// Seats and areas that are looked at every working day.
    check_points: crate::check::CheckPoint, "/api/v1/rules/check-points", crate::rights::SetLiaisonRules;
    /// How many months of hotlines the supplier has to show.
    experience_terms: crate::contract::http::ExperienceTerm, "/api/v1/rules/experience-terms", crate::rights::SetLiaisonRules;
}
