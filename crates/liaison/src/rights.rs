//! The permissions of this capability.

kernel::permissions! {
    /// Hear at once what concerns the supplier's desk.
    pub HearSupplierNews = "liaison_news:supplier" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All,
    }
    /// Hear at once what concerns the purchaser's desk.
    pub HearPurchaserNews = "liaison_news:purchaser" {
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// See the letters of one's own side and those it was sent.
    pub ViewLetters = "letters:view" {
        ShiftLead: All, OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Write letters, send them, receive the other side's and handle them.
    pub WriteLetters = "letters:write" {
        OpsManager: All, HrCompliance: All, Liaison: All, Counterpart: All, PurchaserAdmin: All,
    }
    /// Sign letters (签发): each is given its number.
    pub SignLetters = "letters:sign" { OpsManager: All, PurchaserAdmin: All }
    /// Agree how long steps between the sides may take, and on the templates of letters.
    pub SetLiaisonRules = "liaison_rules:set" { PurchaserAdmin: All }
    /// See and add files of letters, inspections, changes and the like, where one may see those.
    pub UseLiaisonFiles = "liaison_files:use" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// See what waits for one between the sides.
    pub ViewLiaisonTodo = "liaison_todo:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// See the liaison persons of both sides.
    pub ViewLiaisons = "liaisons:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Name the liaison persons of one's own side and their substitutes.
    pub NameLiaisons = "liaisons:name" { OpsManager: All, PurchaserAdmin: All }
    /// See urgent notices and acknowledge those that came to one.
    pub ViewUrgentNotices = "urgent_notices:view" {
        ShiftLead: All, OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Send urgent notices to the other side and log the calls that bring them.
    pub SendUrgentNotices = "urgent_notices:send" {
        ShiftLead: All, OpsManager: All, Liaison: All, Counterpart: All, PurchaserAdmin: All,
    }
    /// See changes of facilities, layout and answers.
    pub ViewSiteChanges = "site_changes:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Propose changes of facilities and layout and carry them out.
    pub ProposeSiteChanges = "site_changes:propose" { ShiftLead: All, OpsManager: All, Liaison: All }
    /// Consent to changes of facilities and layout, ratify those of an emergency.
    pub DecideSiteChanges = "site_changes:decide" { PurchaserAdmin: All }
    /// See inspections: the supplier sees those that are released.
    pub ViewInspections = "inspections:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Record inspections, release them, demand rectifications and verify them.
    pub Inspect = "inspections:record" { Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// Answer rectification notices.
    pub AnswerRectifications = "rectifications:answer" { ShiftLead: All, OpsManager: All, Quality: All, Liaison: All }
    /// Read the rule library and confirm what one has read.
    pub ReadRegulations = "regulations:read" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Write the supplier's procedures; the purchaser's rules are the purchaser's.
    pub WriteRegulations = "regulations:write" {
        OpsManager: All, Quality: All, Counterpart: All, PurchaserAdmin: All,
    }
    /// See who has not confirmed what he had to read.
    pub WatchReadings = "regulations:watch" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// See the supplier's management team, of today and before.
    pub ViewTeam = "team:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Appoint members of the management team and end appointments; each change is filed with the purchaser.
    pub ManageTeam = "team:manage" { OpsManager: All, HrCompliance: All }
    /// Acknowledge what the supplier filed.
    pub AcknowledgeFilings = "team:acknowledge" { Counterpart: All, PurchaserAdmin: All }
    /// See meetings with their minutes.
    pub ViewMeetings = "meetings:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Write minutes, confirm those of the other side, say what is to be done by whom.
    pub RecordMeetings = "meetings:record" {
        ShiftLead: All, OpsManager: All, Quality: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// See special tasks with their hours.
    pub ViewSpecialTasks = "special_tasks:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
    }
    /// Request special tasks, accept and rate what was delivered.
    pub RequestSpecialTasks = "special_tasks:request" {
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Plan special tasks, note the hours worked, deliver.
    pub WorkSpecialTasks = "special_tasks:work" {
        ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, Liaison: All,
    }
    /// See supplies and equipment, and what one has to sign for.
    pub ViewSupplies = "supplies:view" {
        Agent: All, ShiftLead: All, OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All,
    }
    /// Receive, issue, take back and write off supplies and equipment.
    pub ManageSupplies = "supplies:manage" { ShiftLead: All, OpsManager: All, HrCompliance: All }
    /// See the daily checks of seats and areas, and what is missing.
    pub ViewDailyChecks = "daily_checks:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Record daily checks and patrols with pictures.
    pub DoDailyChecks = "daily_checks:do" { Agent: All, ShiftLead: All, OpsManager: All }
    /// Say that what was not in order is.
    pub FixDefects = "daily_checks:fix" { ShiftLead: All, OpsManager: All }
    /// See the supplier's archive of contracts.
    pub ViewContracts = "past_contracts:view" {
        OpsManager: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserReviewer: All,
    }
    /// Keep the supplier's archive of contracts.
    pub ManageContracts = "past_contracts:manage" { OpsManager: All, HrCompliance: All, Liaison: All }
    /// Verify contracts of the archive by their papers.
    pub VerifyContracts = "past_contracts:verify" { PurchaserAdmin: All }
    /// See the plans of continuity: what to do now, who is called, who stands by.
    pub ViewContinuity = "continuity:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, Analyst: All, HrCompliance: All,
        Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Write plans of continuity and say who stands by.
    pub WritePlans = "continuity:write" { ShiftLead: All, OpsManager: All }
    /// Record drills with what was found.
    pub HoldDrills = "continuity:drill" { ShiftLead: All, OpsManager: All, Quality: All, Trainer: All }
    /// Number forms on paper, and note what was entered of them.
    pub TakeOnPaper = "continuity:paper" { Agent: All, ShiftLead: All, OpsManager: All }
}
