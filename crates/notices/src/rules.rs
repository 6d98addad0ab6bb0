//! Who is told of what: one line for each kind. The words of a kind stand in the console's `notices.json`,
//! which e-mail and SMS read too.

use kernel::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Somebody by what he is to the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Who answers for it: `owner_id`.
    Owner,
    /// Who stands in for an owner who is away: `cover_id`.
    Cover,
    /// Who is to take it: `receiver_id`, `transfer_to`, else the owner it was given to.
    Receiver,
    /// Who was on the line: `agent`.
    Agent,
    /// Who began it: `originator_id`, `author_id` or `reported_by`.
    Originator,
    /// Those whom the event itself names: `recipients`.
    Recipients,
    /// Whose exam or certificate it is: `user_id`.
    Learner,
    /// Who is meant to come to a training: `people`.
    Learners,
    /// The purchaser's liaison: `counterpart_id`, else all of them.
    Counterpart,
    /// The shift leads.
    Lead,
    /// The operations managers.
    Manager,
    /// The system administrators.
    Admin,
    /// The purchaser's section `section`, as [`Duty`](crate::Duty) says who is on duty.
    Section,
}

impl To {
    /// The facts of the event that may name the person; the first that is there counts.
    pub(crate) fn facts(self) -> &'static [&'static str] {
        match self {
            Self::Owner => &["owner_id"],
            Self::Cover => &["cover_id"],
            Self::Receiver => &["receiver_id", "transfer_to", "owner_id"],
            Self::Agent => &["agent"],
            Self::Originator => &["originator_id", "author_id", "reported_by"],
            Self::Counterpart => &["counterpart_id"],
            Self::Learner => &["user_id"],
            Self::Recipients
            | Self::Learners
            | Self::Lead
            | Self::Manager
            | Self::Admin
            | Self::Section => &[],
        }
    }

    /// The fact of the event that lists the people.
    pub(crate) fn list(self) -> Option<&'static str> {
        match self {
            Self::Recipients => Some("recipients"),
            Self::Learners => Some("people"),
            _ => None,
        }
    }

    /// Everybody of this role, where no fact names a person.
    pub(crate) fn role(self) -> Option<Role> {
        match self {
            Self::Lead => Some(Role::ShiftLead),
            Self::Manager => Some(Role::OpsManager),
            Self::Admin => Some(Role::SysAdmin),
            Self::Counterpart => Some(Role::Counterpart),
            _ => None,
        }
    }

    /// Whom of the roles it may mean: a person is asked only about kinds that may come to him.
    fn may_be(self, roles: &[Role]) -> bool {
        let one_of: &[Role] = match self {
            Self::Lead => &[Role::ShiftLead],
            Self::Manager => &[Role::OpsManager],
            Self::Admin => &[Role::SysAdmin],
            Self::Counterpart => &[Role::Counterpart],
            Self::Section => &[Role::PurchaserBusiness],
            Self::Agent | Self::Owner | Self::Cover | Self::Receiver => {
                &[Role::Agent, Role::ShiftLead]
            }
            Self::Originator => &[Role::Agent, Role::ShiftLead, Role::OpsManager],
            Self::Recipients => &[
                Role::SecAdmin,
                Role::Agent,
                Role::ShiftLead,
                Role::OpsManager,
                Role::Quality,
                Role::Trainer,
                Role::Analyst,
                Role::HrCompliance,
                Role::Liaison,
                Role::Counterpart,
                Role::PurchaserAdmin,
                Role::PurchaserBusiness,
                Role::PurchaserReviewer,
            ],
            Self::Learner | Self::Learners => &[
                Role::Agent,
                Role::ShiftLead,
                Role::OpsManager,
                Role::Quality,
                Role::Trainer,
                Role::Analyst,
                Role::HrCompliance,
                Role::Liaison,
            ],
        };
        one_of.iter().any(|role| roles.contains(role))
    }
}

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NoticeUrgency)]
pub enum Urgency {
    /// Waits in the bell.
    Normal,
    /// Sounds, and goes by SMS unless chosen otherwise.
    Urgent,
}

impl Urgency {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Urgent => "urgent",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The event it is about.
    pub event: &'static str,
    /// What it is called on the wire, in the choices and in the words: `ticket_overdue`.
    pub kind: &'static str,
    /// Only where this fact of the event holds this word.
    pub only: Option<(&'static str, &'static str)>,
    /// Only where this number among the facts is not zero.
    pub some: Option<&'static str>,
    /// Who is told.
    pub to: &'static [To],
    /// How loud.
    pub urgency: Urgency,
    /// It is part of somebody's duties: it always stands in the console.
    pub duty: bool,
    /// It goes by every way there is, whatever was chosen.
    pub every_way: bool,
}

impl Rule {
    /// `kind` is told to `to` when `event` happens.
    const fn on(event: &'static str, kind: &'static str, to: &'static [To]) -> Self {
        Self {
            event,
            kind,
            only: None,
            some: None,
            to,
            urgency: Urgency::Normal,
            duty: false,
            every_way: false,
        }
    }

    const fn only(mut self, fact: &'static str, word: &'static str) -> Self {
        self.only = Some((fact, word));
        self
    }

    const fn some(mut self, fact: &'static str) -> Self {
        self.some = Some(fact);
        self
    }

    const fn urgent(mut self) -> Self {
        self.urgency = Urgency::Urgent;
        self
    }

    const fn duty(mut self) -> Self {
        self.duty = true;
        self
    }

    const fn every_way(mut self) -> Self {
        self.duty = true;
        self.every_way = true;
        self
    }

    pub(crate) fn is_about(&self, event: &str, payload: &Value) -> bool {
        self.event == event
            && self
                .only
                .is_none_or(|(fact, word)| payload[fact].as_str() == Some(word))
            && self
                .some
                .is_none_or(|fact| payload[fact].as_u64().is_some_and(|count| count > 0))
    }
}

use To::{
    Admin, Agent, Cover, Lead, Learner, Learners, Manager, Originator, Owner, Receiver, Recipients,
    Section,
};

/// The table. A new kind is a line here and a word for it in both languages of the console.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::on("kpi.alert_raised", "kpi_alert", &[Lead, Manager]),
    Rule::on("ticket.dispatched", "ticket_dispatched", &[Receiver]).duty(),
    Rule::on("ticket.reassigned", "ticket_reassigned", &[Receiver]).duty(),
    Rule::on("ticket.transfer_offered", "ticket_transfer_offered", &[Receiver]).duty().urgent(),
    Rule::on("ticket.transfer_fell_back", "ticket_transfer_fell_back", &[Owner]).duty(),
    Rule::on("ticket.transfer_refused", "ticket_transfer_refused", &[Owner]).duty(),
    Rule::on("ticket.alarm", "ticket_half", &[Owner, Cover]).only("note", "half"),
    Rule::on("ticket.alarm", "ticket_most_used", &[Owner, Cover]).only("note", "most_used"),
    Rule::on("ticket.alarm", "ticket_due", &[Owner, Cover, Lead]).only("note", "due").duty().urgent(),
    Rule::on("ticket.alarm", "ticket_overdue", &[Owner, Cover, Lead, Manager]).only("note", "overdue").duty().urgent(),
    Rule::on("ticket.alarm", "ticket_sign_due", &[Owner, Cover, Lead]).only("note", "sign_due").duty().urgent(),
    Rule::on("ticket.alarm", "ticket_supervision_due", &[Owner, Cover, Lead]).only("note", "supervision_due").duty().urgent(),
    Rule::on("ticket.contact_attached", "ticket_contact_attached", &[Owner, Cover]).duty(),
    Rule::on("ticket.replied", "ticket_to_review", &[Section]).only("state", "pending_review").duty(),
    Rule::on("ticket.sent_back", "ticket_sent_back", &[Owner]).duty(),
    Rule::on("ticket.granted", "ticket_granted", &[Owner]),
    Rule::on("ticket.refused", "ticket_refused", &[Owner]),
    Rule::on("ticket.return_asked", "ticket_return_asked", &[Lead]),
    Rule::on("ticket.extension_asked", "ticket_extension_asked", &[Lead]),
    Rule::on("ticket.urged", "ticket_urged", &[Owner]).duty(),
    Rule::on("ticket.supervised", "ticket_supervised", &[Owner]).duty().urgent(),
    Rule::on("work_orders.imported", "work_orders_imported", &[Owner]).some("new").duty(),
    Rule::on("contact.owed", "contact_owed", &[Agent, Lead]).duty(),
    Rule::on("escalation.raised", "escalation_raised", &[Recipients]).duty().urgent(),
    Rule::on("escalation.promoted", "escalation_promoted", &[Recipients]).duty().urgent(),
    Rule::on("escalation.reminded", "escalation_reminded", &[Recipients]).duty().urgent(),
    Rule::on("escalation.answered", "escalation_answered", &[Originator]).duty(),
    Rule::on("instruction.submitted", "instruction_submitted", &[Section]).duty(),
    Rule::on("instruction.returned", "instruction_returned", &[Originator]).duty(),
    Rule::on("instruction.replied", "instruction_replied", &[Originator]).duty(),
    Rule::on("instruction.received", "instruction_received", &[Originator]),
    Rule::on("instruction.overdue", "instruction_overdue", &[Originator]).duty().urgent(),
    Rule::on("instruction.overdue", "instruction_unanswered", &[Section, Manager]).only("state", "submitted").duty().urgent(),
    Rule::on("emergency.raised", "emergency_raised", &[Recipients]).urgent().every_way(),
    Rule::on("emergency.followed_up", "emergency_followed_up", &[Recipients]).urgent().duty(),
    Rule::on("emergency.unreached", "emergency_unreached", &[Lead, Manager]).urgent().duty(),
    Rule::on("emergency.overdue", "emergency_overdue", &[Originator, Lead]).urgent().duty(),
    Rule::on("emergency.closed", "emergency_closed", &[Recipients]).duty(),
    Rule::on("knowledge.submitted", "knowledge_submitted", &[Section, Recipients]).duty(),
    Rule::on("knowledge.overdue", "knowledge_overdue", &[Section, Recipients]).duty().urgent(),
    Rule::on("knowledge.emergency", "knowledge_ratification_due", &[Section, Recipients]).duty().urgent(),
    Rule::on("knowledge.returned", "knowledge_returned", &[Originator]).duty(),
    Rule::on("knowledge.approved", "knowledge_approved", &[Originator]),
    Rule::on("knowledge.ratified", "knowledge_ratified", &[Originator, Lead]),
    Rule::on("knowledge.refused", "knowledge_refused", &[Originator, Lead, Manager]).duty().urgent(),
    Rule::on("knowledge.lapsed", "knowledge_lapsed", &[Originator, Lead, Manager, Section, Recipients]).duty().urgent(),
    Rule::on("knowledge.withdrawn", "knowledge_withdrawn", &[Originator, Lead]).duty(),
    Rule::on("knowledge.expired", "knowledge_expired", &[Section]).duty(),
    Rule::on("knowledge.due_for_review", "knowledge_due_for_review", &[Section]).duty(),
    Rule::on("reading.assigned", "reading_assigned", &[Owner]).duty(),
    Rule::on("callback.assigned", "callback_assigned", &[Owner]).duty(),
    Rule::on("callback.warned", "callback_due_soon", &[Owner]).duty().urgent(),
    Rule::on("callback.overdue", "callback_overdue", &[Owner, Lead]).duty().urgent(),
    Rule::on("outbound.capped", "outbound_capped", &[Lead]).duty().urgent(),
    Rule::on("trunk.down", "trunk_down", &[Admin, Lead]).duty().urgent(),
    Rule::on("trunk.up", "trunk_up", &[Admin, Lead]).duty(),
    Rule::on("recording.not_intact", "recording_not_intact", &[Admin, Lead]).duty().urgent(),
    Rule::on("reading.overdue", "reading_overdue", &[Owner, Lead]).duty().urgent(),
    Rule::on("staff.evidence_expiring", "staff_evidence_expiring", &[Recipients]).duty(),
    Rule::on("staffing.vacant", "staffing_vacant", &[Recipients]).duty().urgent(),
    Rule::on("replacement.opened", "replacement_opened", &[Recipients]).duty(),
    Rule::on("replacement.notice_served", "replacement_served", &[Recipients]).duty(),
    Rule::on("replacement.candidate_proposed", "replacement_candidate", &[Recipients]).duty(),
    Rule::on("replacement.rejected_by_purchaser", "replacement_rejected", &[Recipients]).duty(),
    Rule::on("replacement.overdue", "replacement_overdue", &[Recipients]).duty().urgent(),
    Rule::on("handover.offered", "handover_offered", &[Receiver]).duty(),
    Rule::on("handover.declined", "handover_declined", &[Originator]).duty(),
    Rule::on("demand.raised", "demand_raised", &[Recipients]).duty().urgent(),
    Rule::on("demand.plan_submitted", "demand_plan_submitted", &[Recipients]).duty(),
    Rule::on("demand.plan_returned", "demand_plan_returned", &[Recipients]).duty().urgent(),
    Rule::on("demand.overdue", "demand_overdue", &[Recipients]).duty().urgent(),
    Rule::on("leak.reported", "leak_reported", &[Recipients]).duty().urgent(),
    Rule::on("leak.overdue", "leak_overdue", &[Recipients]).duty().urgent(),
    Rule::on("leak.reopened", "leak_reopened", &[Recipients]).duty().urgent(),
    Rule::on("privacy_request.taken", "privacy_taken", &[Recipients]).duty(),
    Rule::on("privacy_request.overdue", "privacy_overdue", &[Recipients]).duty().urgent(),
    Rule::on("data_return.offered", "data_return_offered", &[Recipients]).duty(),
    Rule::on("data_return.received", "data_return_received", &[Recipients]).duty(),
    Rule::on("data_return.deleted", "data_return_deleted", &[Recipients]).duty(),
    Rule::on("data_return.signed", "data_return_signed", &[Recipients]).duty(),
    Rule::on("data_return.sent_back", "data_return_sent_back", &[Recipients]).duty(),
    Rule::on("data_return.accepted", "data_return_accepted", &[Recipients]),
    Rule::on("export_request.asked", "export_asked", &[Recipients]).duty(),
    Rule::on("export_request.approved", "export_approved", &[Recipients]).duty(),
    Rule::on("export_request.declined", "export_declined", &[Recipients]).duty(),
    Rule::on("transition.exempted", "transition_exempted", &[Recipients]).duty(),
    Rule::on("quotation.below_floor", "quotation_below_floor", &[Recipients]).duty().urgent(),
    Rule::on("quotation.sound", "quotation_sound", &[Recipients]).duty(),
    Rule::on("wage_month.gaps", "wage_month_gaps", &[Recipients]).duty().urgent(),
    Rule::on("wage_month.submitted", "wage_month_submitted", &[Recipients]).duty(),
    Rule::on("wage_month.returned", "wage_month_returned", &[Recipients]).duty().urgent(),
    Rule::on("wage_month.confirmed", "wage_month_confirmed", &[Recipients]),
    Rule::on("wages.holidays_differ", "holidays_differ", &[Recipients]).duty(),
    Rule::on("learning.training_planned", "training_planned", &[Learners]).duty(),
    Rule::on("learning.training_cancelled", "training_cancelled", &[Learners]).duty(),
    Rule::on("learning.exam_assigned", "exam_assigned", &[Learner]).duty(),
    // The other changes of a try lead to other states: it has another time.
    Rule::on("learning.exam_changed", "exam_rescheduled", &[Learner]).only("state", "assigned").duty(),
    Rule::on("learning.exam_passed", "exam_passed", &[Learner]).duty(),
    Rule::on("learning.exam_failed", "exam_failed", &[Learner]).duty(),
    Rule::on("learning.exam_failed_finally", "exam_failed_finally", &[Learner]).duty().urgent(),
    Rule::on("learning.exam_result_corrected", "exam_result_corrected", &[Learner]).duty(),
    Rule::on("learning.certificate_issued", "certificate_issued", &[Learner]).duty(),
    Rule::on("learning.certificate_revoked", "certificate_revoked", &[Learner]).duty().urgent(),
    Rule::on("letter.sent", "letter_sent", &[Recipients]).duty(),
    Rule::on("letter.submitted", "letter_submitted", &[Recipients]).duty(),
    Rule::on("letter.returned", "letter_returned", &[Originator]).duty(),
    Rule::on("letter.received", "letter_received", &[Recipients]),
    Rule::on("letter.replied", "letter_replied", &[Recipients]).duty(),
    Rule::on("letter.overdue", "letter_overdue", &[Recipients]).duty().urgent(),
    Rule::on("urgent_notice.sent", "urgent_notice_sent", &[Recipients]).urgent().every_way(),
    Rule::on("urgent_notice.escalated", "urgent_notice_escalated", &[Recipients]).urgent().every_way(),
    Rule::on("urgent_notice.unreached", "urgent_notice_unreached", &[Recipients]).duty().urgent(),
    Rule::on("urgent_notice.arrived", "urgent_notice_arrived", &[Originator]),
    Rule::on("liaison_person.named", "liaison_person_named", &[Recipients]).duty(),
    Rule::on("liaison_person.ended", "liaison_person_ended", &[Recipients]).duty(),
    Rule::on("report.drafted", "report_drafted", &[Recipients]).duty(),
    Rule::on("report.submitted", "report_to_check", &[Recipients]).duty(),
    Rule::on("report.returned", "report_returned", &[Recipients]).duty(),
    Rule::on("report.checked", "report_to_release", &[Recipients]).duty(),
    Rule::on("report.released", "report_released", &[Recipients]),
    Rule::on("report.overdue", "report_overdue", &[Recipients]).duty(),
    Rule::on("statement.due", "statement_due", &[Recipients]).duty(),
    Rule::on("statement.submitted", "statement_submitted", &[Recipients]).duty(),
    Rule::on("statement.rejected", "statement_rejected", &[Recipients]),
    Rule::on("statement.confirmed", "statement_confirmed", &[Recipients]),
    Rule::on("statement.invoiced", "statement_invoiced", &[Recipients]).duty(),
    Rule::on("statement.invoice_returned", "statement_invoice_returned", &[Recipients]),
    Rule::on("statement.paid", "statement_paid", &[Recipients]),
    Rule::on("statement.paid_in_part", "statement_part_paid", &[Recipients]),
    Rule::on("statement.overdue", "statement_overdue", &[Recipients]).duty(),
    Rule::on("statement.late", "statement_late", &[Recipients]).duty(),
    Rule::on("statement.drawn", "statement_to_check", &[Recipients]).duty(),
    Rule::on("statement.review_due_soon", "review_due_soon", &[Recipients]).duty(),
    Rule::on("statement.payment_due_soon", "payment_due_soon", &[Recipients]).duty(),
    Rule::on("statement.handed_in", "invoice_handed_in", &[Recipients]).duty(),
    Rule::on("statement.recounted", "adjustment_proposed", &[Recipients]).duty(),
    Rule::on("attendance_sheet.submitted", "attendance_sheet_submitted", &[Recipients]).duty(),
    Rule::on("attendance_sheet.returned", "attendance_sheet_returned", &[Recipients]).duty(),
    Rule::on("price_proposal.proposed", "price_proposed", &[Recipients]).duty(),
    Rule::on("price_proposal.signed", "price_signed", &[Recipients]),
    Rule::on("price_proposal.refused", "price_refused", &[Recipients]).duty(),
    Rule::on("service_contract.ending", "contract_ending", &[Recipients]).duty(),
    Rule::on("service_contract.budget_warning", "budget_warning", &[Recipients]).duty(),
    Rule::on("site_change.submitted", "site_change_submitted", &[Recipients]).duty(),
    Rule::on("site_change.emergency", "site_change_emergency", &[Recipients]).duty().urgent(),
    Rule::on("site_change.returned", "site_change_returned", &[Recipients]).duty(),
    Rule::on("site_change.approved", "site_change_approved", &[Recipients]),
    Rule::on("site_change.refused", "site_change_refused", &[Recipients]).duty().urgent(),
    Rule::on("site_change.overdue", "site_change_overdue", &[Recipients]).duty().urgent(),
    Rule::on("inspection.released", "inspection_released", &[Recipients]).duty(),
    Rule::on("rectification.issued", "rectification_issued", &[Recipients]).duty().urgent(),
    Rule::on("rectification.sent_back", "rectification_sent_back", &[Recipients]).duty().urgent(),
    Rule::on("rectification.answered", "rectification_answered", &[Recipients]).duty(),
    Rule::on("rectification.overdue", "rectification_overdue", &[Recipients]).duty().urgent(),
    Rule::on("regulation.published", "regulation_published", &[Recipients]).duty(),
    Rule::on("regulation.unread", "regulation_unread", &[Recipients]).duty().urgent(),
    Rule::on("team_member.appointed", "team_member_appointed", &[Recipients]).duty(),
    Rule::on("team_member.ended", "team_member_ended", &[Recipients]).duty(),
    Rule::on("meeting.recorded", "meeting_recorded", &[Recipients]).duty(),
    Rule::on("meeting_action.assigned", "meeting_action_assigned", &[Recipients]).duty(),
    Rule::on("meeting_action.overdue", "meeting_action_overdue", &[Recipients]).duty().urgent(),
    Rule::on("special_task.requested", "special_task_requested", &[Recipients]).duty(),
    Rule::on("special_task.planned", "special_task_planned", &[Recipients]),
    Rule::on("special_task.delivered", "special_task_delivered", &[Recipients]).duty(),
    Rule::on("special_task.sent_back", "special_task_sent_back", &[Recipients]).duty(),
    Rule::on("evaluation.assigned", "evaluation_assigned", &[Recipients]).duty(),
    Rule::on("evaluation.released", "evaluation_released", &[Recipients]).duty(),
    Rule::on("evaluation.appealed", "evaluation_appealed", &[Recipients]).duty(),
    Rule::on("evaluation.appeal_overdue", "evaluation_appeal_overdue", &[Recipients]).duty().urgent(),
    Rule::on("evaluation.rescored", "evaluation_rescored", &[Recipients]).duty(),
    Rule::on("evaluations.score_soon", "evaluations_score_soon", &[Recipients]).duty(),
    Rule::on("evaluations.score_overdue", "evaluations_score_overdue", &[Recipients]).duty().urgent(),
    Rule::on("evaluations.release_soon", "evaluations_release_soon", &[Recipients]).duty(),
    Rule::on("evaluations.release_overdue", "evaluations_release_overdue", &[Recipients]).duty().urgent(),
    Rule::on("evaluation.unsettled", "evaluation_unsettled", &[Recipients]).duty(),
    Rule::on("calibration.opened", "calibration_opened", &[Recipients]).duty(),
    Rule::on("calibration.revealed", "calibration_revealed", &[Recipients]),
    Rule::on("corrective_action.opened", "corrective_opened", &[Recipients]).duty(),
    Rule::on("corrective_action.reassigned", "corrective_reassigned", &[Recipients]).duty(),
    Rule::on("corrective_action.sent_back", "corrective_sent_back", &[Recipients]).duty().urgent(),
    Rule::on("corrective_action.finished", "corrective_finished", &[Recipients]).duty(),
    Rule::on("corrective_action.verified", "corrective_verified", &[Recipients]).duty(),
    Rule::on("corrective_action.coached", "corrective_coached", &[Recipients]),
    Rule::on("corrective_action.overdue", "corrective_overdue", &[Recipients]).duty().urgent(),
    Rule::on("attendance.closed", "attendance_closed", &[Recipients]).duty(),
    Rule::on("attendance.sent_back", "attendance_sent_back", &[Recipients]).duty(),
    Rule::on("attendance.confirmed", "attendance_confirmed", &[Recipients]),
    Rule::on("attendance_correction.proposed", "attendance_correction_proposed", &[Recipients]).duty(),
    Rule::on("attendance_correction.accepted", "attendance_correction_accepted", &[Recipients]),
    Rule::on("attendance_correction.refused", "attendance_correction_refused", &[Recipients]),
    Rule::on("overtime.requested", "overtime_requested", &[Recipients]).duty().urgent(),
    Rule::on("overtime.planned", "overtime_planned", &[Recipients]),
    Rule::on("overtime.worked", "overtime_worked", &[Recipients]).duty(),
    Rule::on("overtime.sent_back", "overtime_sent_back", &[Recipients]).duty(),
    Rule::on("overtime.confirmed", "overtime_confirmed", &[Recipients]),
    Rule::on("overtime.withdrawn", "overtime_withdrawn", &[Recipients]),
    Rule::on("attendance_chain.broken", "attendance_chain_broken", &[Recipients]).duty().urgent(),
    Rule::on("roster.published", "roster_published", &[Recipients]).duty(),
    Rule::on("roster.changed", "roster_changed", &[Recipients]).duty(),
    Rule::on("leave_request.requested", "leave_requested", &[Recipients]).duty(),
    Rule::on("leave_request.approved", "leave_approved", &[Recipients]).duty(),
    Rule::on("leave_request.refused", "leave_refused", &[Recipients]).duty(),
    Rule::on("leave_request.withdrawn", "leave_withdrawn", &[Recipients]),
    Rule::on("shift_swap.asked", "swap_asked", &[Recipients]).duty(),
    Rule::on("shift_swap.accepted", "swap_accepted", &[Recipients]).duty(),
    Rule::on("shift_swap.declined", "swap_declined", &[Recipients]).duty(),
    Rule::on("shift_swap.approved", "swap_approved", &[Recipients]).duty(),
    Rule::on("shift_swap.refused", "swap_refused", &[Recipients]).duty(),
    Rule::on("shift_swap.withdrawn", "swap_withdrawn", &[Recipients]),
    Rule::on("continuity_plan.drill_due", "drill_due", &[Recipients]).duty().urgent(),
    Rule::on("continuity_plan.written", "plan_written", &[Recipients]),
    Rule::on("standby.named", "standby_named", &[Recipients]).duty(),
    Rule::on("supply.issue", "supply_issued", &[Recipients]).duty(),
    Rule::on("supply.low", "supply_low", &[Recipients]).duty(),
    Rule::on("daily_check.defect", "daily_check_defect", &[Recipients]).duty(),
    Rule::on("daily_check.missing", "daily_check_missing", &[Recipients]).duty().urgent(),
];

/// What is over with what: when the event happens, notices of these kinds about its subject are done.
#[rustfmt::skip]
pub const SETTLED: &[(&str, &[&str])] = &[
    ("ticket.transfer_accepted", &["ticket_transfer_offered"]),
    ("ticket.transfer_refused", &["ticket_transfer_offered"]),
    ("ticket.transfer_fell_back", &["ticket_transfer_offered"]),
    ("ticket.signed", &["ticket_sign_due"]),
    ("ticket.approved", &["ticket_to_review"]),
    ("ticket.sent_back", &["ticket_to_review"]),
    ("ticket.replied", &["ticket_half", "ticket_most_used", "ticket_due", "ticket_overdue", "ticket_supervision_due", "ticket_sent_back"]),
    ("ticket.granted", &["ticket_return_asked", "ticket_extension_asked"]),
    ("ticket.refused", &["ticket_return_asked", "ticket_extension_asked"]),
    ("contact.completed", &["contact_owed"]),
    ("escalation.answered", &["escalation_raised", "escalation_promoted", "escalation_reminded"]),
    ("instruction.returned", &["instruction_submitted", "instruction_unanswered"]),
    ("instruction.replied", &["instruction_submitted", "instruction_unanswered"]),
    ("instruction.received", &["instruction_submitted", "instruction_unanswered"]),
    ("knowledge.recalled", &["knowledge_submitted", "knowledge_overdue"]),
    ("knowledge.returned", &["knowledge_submitted", "knowledge_overdue"]),
    ("knowledge.approved", &["knowledge_submitted", "knowledge_overdue"]),
    ("knowledge.ratified", &["knowledge_ratification_due"]),
    ("knowledge.refused", &["knowledge_ratification_due"]),
    ("knowledge.lapsed", &["knowledge_ratification_due"]),
    ("knowledge.submitted", &["knowledge_returned"]),
    ("knowledge.reviewed", &["knowledge_due_for_review"]),
    ("reading.done", &["reading_assigned", "reading_overdue"]),
    ("reading.ended", &["reading_assigned", "reading_overdue"]),
    ("callback.attempted", &["callback_assigned", "callback_due_soon", "callback_overdue"]),
    ("callback.reached", &["callback_assigned", "callback_due_soon", "callback_overdue"]),
    ("callback.called_in", &["callback_assigned", "callback_due_soon", "callback_overdue"]),
    ("callback.given_up", &["callback_assigned", "callback_due_soon", "callback_overdue"]),
    ("callback.erased", &["callback_assigned", "callback_due_soon", "callback_overdue"]),
    ("trunk.up", &["trunk_down"]),
    ("trunk.down", &["trunk_up"]),
    ("knowledge.superseded", &["knowledge_due_for_review"]),
    ("replacement.accepted", &["replacement_candidate"]),
    ("replacement.rejected_by_purchaser", &["replacement_candidate"]),
    ("replacement.on_post", &["replacement_overdue"]),
    ("handover.accepted", &["handover_offered"]),
    ("handover.declined", &["handover_offered"]),
    ("demand.plan_accepted", &["demand_plan_submitted"]),
    ("demand.plan_returned", &["demand_plan_submitted"]),
    ("demand.verified", &["demand_raised", "demand_overdue"]),
    ("quotation.sound", &["quotation_below_floor"]),
    ("wage_month.submitted", &["wage_month_gaps", "wage_month_returned"]),
    ("wage_month.confirmed", &["wage_month_submitted"]),
    ("wage_month.returned", &["wage_month_submitted"]),
    ("report.submitted", &["report_drafted", "report_returned"]),
    ("report.returned", &["report_to_check", "report_to_release"]),
    ("report.checked", &["report_to_check"]),
    ("report.released", &["report_to_release", "report_overdue"]),
    ("statement.checked", &["statement_to_check"]),
    ("statement.sent_back", &["statement_to_check"]),
    ("statement.submitted", &["statement_due", "statement_late", "statement_rejected"]),
    ("statement.rejected", &["statement_submitted", "statement_overdue", "review_due_soon"]),
    ("statement.confirmed", &["statement_submitted", "statement_overdue", "review_due_soon"]),
    ("statement.invoice_received", &["statement_invoiced", "invoice_handed_in"]),
    ("statement.invoice_returned", &["statement_invoiced", "invoice_handed_in", "payment_due_soon", "statement_overdue"]),
    ("statement.paid", &["statement_overdue", "payment_due_soon", "statement_invoiced", "invoice_handed_in"]),
    ("statement.closed", &["statement_overdue", "payment_due_soon"]),
    ("statement.adjustments_decided", &["adjustment_proposed"]),
    ("attendance_sheet.signed", &["attendance_sheet_submitted"]),
    ("attendance_sheet.returned", &["attendance_sheet_submitted"]),
    ("price_proposal.signed", &["price_proposed"]),
    ("price_proposal.refused", &["price_proposed"]),
    ("price_proposal.withdrawn", &["price_proposed"]),
    ("leak.closed", &["leak_reported", "leak_overdue", "leak_reopened"]),
    ("privacy_request.answered", &["privacy_taken", "privacy_overdue"]),
    ("privacy_request.withdrawn", &["privacy_taken", "privacy_overdue"]),
    ("data_return.received", &["data_return_offered"]),
    ("data_return.withdrawn", &["data_return_offered", "data_return_received"]),
    ("data_return.deletion_begun", &["data_return_received"]),
    ("data_return.signed", &["data_return_deleted", "data_return_sent_back"]),
    ("data_return.sent_back", &["data_return_signed"]),
    ("data_return.accepted", &["data_return_signed"]),
    ("export_request.approved", &["export_asked"]),
    ("export_request.declined", &["export_asked"]),
    ("export_request.withdrawn", &["export_asked"]),
    ("export_request.lapsed", &["export_asked", "export_approved"]),
    ("export_request.used", &["export_approved"]),
    ("letter.received", &["letter_sent", "letter_overdue"]),
    ("letter.signed", &["letter_submitted"]),
    ("letter.replied", &["letter_overdue"]),
    ("letter.voided", &["letter_submitted", "letter_sent", "letter_overdue"]),
    ("urgent_notice.arrived", &["urgent_notice_sent", "urgent_notice_escalated", "urgent_notice_unreached"]),
    ("site_change.returned", &["site_change_submitted", "site_change_overdue"]),
    ("site_change.approved", &["site_change_submitted", "site_change_overdue"]),
    ("site_change.withdrawn", &["site_change_submitted", "site_change_overdue"]),
    ("site_change.ratified", &["site_change_emergency", "site_change_overdue"]),
    ("site_change.refused", &["site_change_emergency", "site_change_overdue"]),
    ("rectification.answered", &["rectification_issued", "rectification_sent_back", "rectification_overdue"]),
    ("rectification.verified", &["rectification_answered"]),
    ("rectification.withdrawn", &["rectification_issued", "rectification_sent_back", "rectification_answered", "rectification_overdue"]),
    ("team_member.acknowledged", &["team_member_appointed", "team_member_ended"]),
    ("meeting.confirmed", &["meeting_recorded"]),
    ("meeting_action.done", &["meeting_action_assigned", "meeting_action_overdue"]),
    ("special_task.accepted", &["special_task_delivered"]),
    ("special_task.withdrawn", &["special_task_requested"]),
    ("attendance.sent_back", &["attendance_closed"]),
    ("attendance.confirmed", &["attendance_closed"]),
    ("attendance_correction.accepted", &["attendance_correction_proposed"]),
    ("attendance_correction.refused", &["attendance_correction_proposed"]),
    ("evaluation.acknowledged", &["evaluation_released", "evaluation_rescored"]),
    ("evaluation.rescored", &["evaluation_appealed", "evaluation_appeal_overdue"]),
    ("evaluation.final", &["evaluation_released", "evaluation_rescored"]),
    ("evaluation.settled", &["evaluation_unsettled"]),
    ("evaluation.scored", &["evaluation_assigned"]),
    ("calibration.revealed", &["calibration_opened"]),
    ("calibration.cancelled", &["calibration_opened"]),
    ("corrective_action.reassigned", &["corrective_opened", "corrective_sent_back", "corrective_overdue"]),
    ("corrective_action.finished", &["corrective_opened", "corrective_reassigned", "corrective_sent_back", "corrective_overdue"]),
    ("corrective_action.verified", &["corrective_finished"]),
    ("corrective_action.closed", &["corrective_finished", "corrective_verified"]),
    ("corrective_action.withdrawn", &["corrective_opened", "corrective_reassigned", "corrective_sent_back", "corrective_overdue", "corrective_finished"]),
    ("overtime.planned", &["overtime_requested"]),
    ("overtime.confirmed", &["overtime_worked"]),
    ("overtime.withdrawn", &["overtime_requested"]),
    ("leave_request.approved", &["leave_requested"]),
    ("leave_request.refused", &["leave_requested"]),
    ("leave_request.withdrawn", &["leave_requested"]),
    ("shift_swap.accepted", &["swap_asked"]),
    ("shift_swap.declined", &["swap_asked"]),
    ("shift_swap.approved", &["swap_asked", "swap_accepted"]),
    ("shift_swap.refused", &["swap_accepted"]),
    ("shift_swap.withdrawn", &["swap_asked", "swap_accepted"]),
    ("continuity_plan.drilled", &["drill_due"]),
    ("daily_check.fixed", &["daily_check_defect"]),
    ("meeting_action.cancelled", &["meeting_action_assigned", "meeting_action_overdue"]),
    ("emergency.closed", &["emergency_raised", "emergency_followed_up", "emergency_unreached", "emergency_overdue"]),
    ("learning.exam_handed_in", &["exam_assigned", "exam_rescheduled"]),
    ("learning.exam_passed", &["exam_assigned", "exam_rescheduled"]),
    ("learning.exam_failed", &["exam_assigned", "exam_rescheduled"]),
    ("learning.exam_failed_finally", &["exam_assigned", "exam_rescheduled"]),
    ("learning.exam_excused", &["exam_assigned", "exam_rescheduled"]),
    ("learning.training_cancelled", &["training_planned"]),
];

/// The rule of a kind; none for a kind that is not told any more.
pub fn of_kind(kind: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.kind == kind)
}

/// The kinds that may come to somebody with these roles.
pub fn that_may_reach(roles: &[Role]) -> impl Iterator<Item = &'static Rule> {
    RULES
        .iter()
        .filter(|rule| rule.to.iter().any(|to| to.may_be(roles)))
}

/// Every event that the table names.
pub(crate) fn events() -> &'static [&'static str] {
    static EVENTS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
        let told = RULES.iter().map(|rule| rule.event);
        let mut events: Vec<&str> = told
            .chain(SETTLED.iter().map(|(event, _)| *event))
            .collect();
        events.sort_unstable();
        events.dedup();
        events
    });
    &EVENTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_line_and_what_is_settled_has_one() {
        let mut kinds: Vec<&str> = RULES.iter().map(|rule| rule.kind).collect();
        kinds.sort_unstable();
        let told = kinds.len();
        kinds.dedup();
        assert_eq!(kinds.len(), told);
        for kind in SETTLED.iter().flat_map(|(_, kinds)| *kinds) {
            assert!(of_kind(kind).is_some(), "{kind}");
        }
    }
}
