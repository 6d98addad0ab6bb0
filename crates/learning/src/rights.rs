//! Who teaches, who asks, who marks, who alone issues the pass.

kernel::permissions! {
    /// See courses, materials and sessions; of attendance and hours an agent sees his own.
    pub ViewTraining = "training:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: Own, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Write courses and materials, plan sessions, record who came and how he did.
    pub ManageTraining = "training:manage" { OpsManager: All, Trainer: All }
    /// Take the training ledger out as a file.
    pub ExportTraining = "training:export" {
        OpsManager: All, Trainer: All, HrCompliance: All, PurchaserAdmin: All,
    }
    /// See the question bank with its right answers.
    pub ViewQuestions = "questions:view" { Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// Write questions, bring them in from a file, retire them.
    pub ManageQuestions = "questions:manage" { Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// Write the rules by which papers are drawn.
    pub ManagePapers = "papers:manage" { Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// See exams and how they went.
    pub ViewExams = "exams:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Set exams, say who sits them and when, tell the results.
    pub ManageExams = "exams:manage" { Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// Sit the exams one is set.
    pub TakeExams = "exams:take" {
        Agent: Own, ShiftLead: Own, OpsManager: Own, Analyst: Own, HrCompliance: Own, Liaison: Own,
    }
    /// Mark answers that no machine can.
    pub MarkExams = "exams:mark" { Quality: All, Trainer: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// Correct a result that was told, with its reason.
    pub CorrectResults = "exams:correct" { PurchaserAdmin: All }
    /// See certificates: an agent his own.
    pub ViewCertificates = "certificates:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Trainer: All, HrCompliance: All, Counterpart: All,
        PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Issue and revoke certificates of the pre-job training.
    pub IssueCertificates = "certificates:issue" { PurchaserAdmin: All }
    /// Take the typing test.
    pub TakeTyping = "typing:take" {
        Agent: Own, ShiftLead: Own, OpsManager: Own, Quality: Own, Trainer: Own, Analyst: Own, HrCompliance: Own,
        Liaison: Own,
    }
    /// See typing tests with their evidence.
    pub ViewTyping = "typing:view" {
        OpsManager: All, Trainer: All, HrCompliance: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Set the pass mark, the typing speed and what is plausible.
    pub SetLearningRules = "rules:set_learning" { PurchaserAdmin: All }
}
