//! The permissions of this capability.

kernel::permissions! {
    /// See contract, prices, attendance sheets, statements, invoices, payments, adjustments and open questions.
    pub ViewSettlement = "settlement:view" {
        OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Draft the contract and its price rows.
    pub DraftContract = "service_contract:draft" { OpsManager: All }
    /// Sign the contract and the price rows that come later.
    pub SignContract = "service_contract:sign" { PurchaserAdmin: All }
    /// Hand in attendance sheets.
    pub SubmitAttendance = "attendance_sheets:submit" { ShiftLead: All, OpsManager: All }
    /// Sign attendance sheets, or return them.
    pub SignAttendance = "attendance_sheets:sign" { Counterpart: All, PurchaserAdmin: All }
    /// Draw statements, submit them, issue invoices, count again after a confirmation, close.
    pub PrepareStatements = "statements:prepare" { OpsManager: All }
    /// Check a statement before it goes to the purchaser; nobody checks his own.
    pub CheckStatements = "statements:check" { HrCompliance: All, Liaison: All }
    /// Review statements and adjustments, confirm or reject them.
    pub ReviewStatements = "statements:review" { PurchaserReviewer: All }
    /// Receive invoices and record payments.
    pub PayStatements = "statements:pay" { PurchaserReviewer: All }
    /// Answer what the requirement leaves open.
    pub AnswerQuestions = "open_questions:answer" { PurchaserAdmin: All }
}
