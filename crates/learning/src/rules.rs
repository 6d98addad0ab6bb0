//! The kinds of rules of the learning, as rows that are agreed anew without a new program.

organization::rule_doors! { crate::rights::ViewTraining;
    /// Pass mark, how far two markers may differ, how fast one must type and what is plausible.
    learning_rules: crate::terms::LearningRule, "/api/v1/rules/learning", crate::rights::SetLearningRules;
}
