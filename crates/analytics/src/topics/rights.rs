//! Who sees and edits topics.

kernel::permissions! {
    /// See hot and hard topics; the purchaser sees those that are published.
    pub ViewTopics = "topics:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Look for topics, name, merge and drop them, say what is to be done, make drafts of them.
    pub EditTopics = "topics:edit" { OpsManager: All, Analyst: All }
    /// Publish reviewed topics to the purchaser.
    pub PublishTopics = "topics:publish" { OpsManager: All }
    /// Set from when something is a topic.
    pub SetTopicRules = "rules:set_topics" { PurchaserAdmin: All }
}
