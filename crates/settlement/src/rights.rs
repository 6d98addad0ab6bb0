//! The permissions of this capability.

kernel::permissions! {
    /// See contract, prices, attendance sheets, statements, invoices, payments, adjustments and open questions.
    pub ViewSettlement = "settlement:view" {
        OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Draft the contract, propose its prices.
    pub DraftContract = "service_contract:draft" { OpsManager: All }
    /// Sign the contract and the prices that are proposed later, take answers into the contract.
    pub SignContract = "service_contract:sign" { PurchaserAdmin: All }
    /// Hand in attendance sheets.
    pub SubmitAttendance = "attendance_sheets:submit" { ShiftLead: All, OpsManager: All }
    /// Sign attendance sheets, or return them.
    pub SignAttendance = "attendance_sheets:sign" { Counterpart: All, PurchaserAdmin: All }
    /// Draw statements, submit them, issue and hand in invoices, close.
    pub PrepareStatements = "statements:prepare" { OpsManager: All }
    /// Check a statement before it goes to the purchaser; nobody checks his own.
    pub CheckStatements = "statements:check" { HrCompliance: All, Liaison: All }
    /// Review statements, confirm or reject them.
    pub ReviewStatements = "statements:review" { PurchaserReviewer: All }
    /// Receive invoices and record payments.
    pub PayStatements = "statements:pay" { PurchaserReviewer: All }
    /// Count a confirmed statement again by the attendance that holds now.
    pub RecountStatements = "statements:recount" { OpsManager: All, PurchaserReviewer: All }
    /// Agree to adjustments that the other side proposed, or refuse them.
    pub DecideAdjustments = "adjustments:decide" { OpsManager: All, PurchaserReviewer: All }
    /// Take statements out as a file.
    pub ExportStatements = "statements:export" {
        OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Answer what the requirement leaves open, and set what holds where nothing else is agreed.
    pub AnswerQuestions = "open_questions:answer" { PurchaserAdmin: All }
}
