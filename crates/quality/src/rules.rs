//! The kinds of rules of quality, as rows that are agreed anew without a new program.

organization::rule_doors! { crate::rights::ViewScoreCards;
    /// How samples are drawn.
    sampling_plans: crate::sampling::SamplingPlan, "/api/v1/rules/sampling-plans", crate::rights::SetQualityRules;
    /// Phrases that are looked for in what was said.
    key_phrases: crate::transcript::phrases::KeyPhrases, "/api/v1/rules/key-phrases", crate::rights::SetQualityRules;
    /// How long scoring, appeals and corrective actions may take, how far two scores may lie apart.
    quality_terms: crate::agreed::QualityTerm, "/api/v1/rules/quality-terms", crate::rights::SetQualityRules;
}
