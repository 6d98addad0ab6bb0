//! The kinds of rules of the knowledge, as rows that are agreed anew without a new program.

organization::rule_doors! { crate::rights::ViewArticles;
    /// How many working days decisions, ratifications, reading and quizzes may take.
    knowledge_terms: crate::terms::KnowledgeTerm, "/api/v1/rules/knowledge-terms", crate::rights::SetKnowledgeRules;
}
