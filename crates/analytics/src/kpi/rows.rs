//! The rows behind a figure: what is below the line, and which of it is above.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, Condition};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Kpi;
use crate::facts::contact::{Contact, row as contact};
use crate::facts::ticket::{Ticket, row as ticket};
use crate::facts::{LEVEL_MS, REPLY_MS, RESOLVABLE};

/// A contact or a ticket behind a figure. Whoever may see it opens it by its link; nothing here tells who called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KpiRow {
    /// The call, the conversation, the ticket.
    pub id: Uuid,
    /// `call`, `conversation`, `contact` (noted by hand) or `ticket`.
    pub kind: &'static str,
    /// When it came.
    pub at: DateTime<Utc>,
    /// The channel's code, or the platform's.
    pub channel: String,
    /// The queue's code.
    pub queue: Option<String>,
    /// The matter's code.
    pub matter: Option<String>,
    /// Its name.
    pub matter_name: Option<String>,
    /// Who answered first, or owned it first.
    pub person: Option<organization::Colleague>,
    /// `answered`, `abandoned` …; of a ticket its state.
    pub outcome: Option<String>,
    /// It counts above the line; null where the line is a sum.
    pub counts: Option<bool>,
    /// What it adds to the sum above the line, in milliseconds; null where it is a count.
    pub ms: Option<i64>,
    /// When it was due.
    pub due_at: Option<DateTime<Utc>>,
}

/// The contacts below the line; `None` for what contacts do not tell.
pub(crate) fn contacts_of(kpi: Kpi, variant: Option<&str>) -> Option<Condition> {
    use contact::Column as C;
    let decided = || {
        Condition::any()
            .add(C::AnsweredAt.is_not_null())
            .add(C::EndedAt.is_not_null())
    };
    let queued = |medium: &str| {
        Condition::all()
            .add(C::Medium.eq(medium))
            .add(C::Queued.eq(true))
            .add(decided())
    };
    let answered = || queued("voice").add(C::AnsweredAt.is_not_null());
    let handled = || answered().add(C::EndedAt.is_not_null());
    let counted = match kpi {
        Kpi::K01 if variant == Some("without_short") => {
            let whole = Condition::any()
                .add(C::AnsweredAt.is_not_null())
                .add(C::Outcome.is_null())
                .add(C::Outcome.ne("short_abandoned"));
            queued("voice").add(whole)
        }
        Kpi::K01 | Kpi::K02 | Kpi::K04 => queued("voice"),
        Kpi::K03 => {
            let told = Condition::any()
                .add(C::AnsweredAt.is_not_null())
                .add(C::Outcome.is_in(["abandoned", "short_abandoned"]));
            let told = match variant {
                Some("2") => Condition::all().add(C::AnsweredAt.is_not_null()),
                Some("4") => Condition::all().add(told).add(
                    Condition::any()
                        .add(C::AnsweredAt.is_not_null())
                        .add(C::WaitMs.gt(LEVEL_MS)),
                ),
                _ => told,
            };
            queued("voice").add(told)
        }
        Kpi::K05 | Kpi::K06 => answered(),
        Kpi::K07 | Kpi::K08 | Kpi::K09 => handled(),
        Kpi::K15 => queued("chat")
            .add(C::AnsweredAt.is_not_null())
            .add(C::ResponseMs.is_not_null()),
        Kpi::K16 => queued("chat"),
        Kpi::K17 => Condition::all()
            .add(C::Message.eq(true))
            .add(C::ReplyMs.is_not_null()),
        Kpi::K18 => Condition::all()
            .add(C::AnsweredAt.is_not_null())
            .add(C::Matter.is_not_null())
            .add(C::RequestType.is_in(RESOLVABLE)),
        Kpi::K19 => Condition::all().add(C::Satisfaction.is_not_null()),
        _ => return None,
    };
    Some(counted)
}

/// Of them those above the line; `None` where the line is a sum.
pub(crate) fn contacts_above(kpi: Kpi, variant: Option<&str>) -> Option<Condition> {
    use contact::Column as C;
    let all = Condition::all;
    let above = match kpi {
        Kpi::K01 | Kpi::K16 => all().add(C::AnsweredAt.is_not_null()),
        Kpi::K02 => all()
            .add(C::AnsweredAt.is_not_null())
            .add(C::InTime.eq(true)),
        Kpi::K03 if variant == Some("1") => all().add(C::WaitMs.lte(LEVEL_MS)),
        Kpi::K03 => all()
            .add(C::AnsweredAt.is_not_null())
            .add(C::WaitMs.lte(LEVEL_MS)),
        Kpi::K04 => all()
            .add(C::AnsweredAt.is_null())
            .add(C::Outcome.is_in(["abandoned", "short_abandoned"])),
        Kpi::K18 => all().add(C::Repeated.eq(false)).add(C::Reopened.eq(false)),
        Kpi::K19 => all().add(C::Satisfaction.ne("dissatisfied")),
        _ => return None,
    };
    Some(above)
}

/// The tickets below the line; `None` for what tickets do not tell. What is due today and not answered counts from
/// tomorrow on.
pub(crate) fn tickets_of(
    kpi: Kpi,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    today: DateTime<Utc>,
) -> Option<Condition> {
    use ticket::Column as C;
    let counted = match kpi {
        Kpi::K20 => Condition::all()
            .add(C::DueAt.gte(from))
            .add(C::DueAt.lt(until))
            .add(
                Condition::any()
                    .add(C::AnsweredAt.is_not_null())
                    .add(C::DueAt.lt(today)),
            ),
        Kpi::K21 => Condition::all()
            .add(C::Dispatched.eq(true))
            .add(C::OpenedAt.gte(from))
            .add(C::OpenedAt.lt(until)),
        Kpi::K22 => Condition::all()
            .add(C::ClosedAt.gte(from))
            .add(C::ClosedAt.lt(until)),
        _ => return None,
    };
    Some(counted)
}

/// Of them those above the line.
pub(crate) fn tickets_above(kpi: Kpi) -> Option<Condition> {
    use ticket::Column as C;
    let above = match kpi {
        Kpi::K20 => Condition::all()
            .add(C::AnsweredAt.is_not_null())
            .add(Expr::col(C::AnsweredAt).lte(Expr::col(C::DueAt))),
        Kpi::K21 => Condition::all().add(C::Returned.eq(true)),
        Kpi::K22 => Condition::all().add(C::Reopened.eq(true)),
        _ => return None,
    };
    Some(above)
}

/// Whether a contact counts above the line, or what it adds.
pub(crate) fn of_contact(
    kpi: Kpi,
    variant: Option<&str>,
    fact: &Contact,
) -> (Option<bool>, Option<i64>) {
    let answered = fact.answered_at.is_some();
    let soon = fact.wait_ms <= LEVEL_MS;
    match kpi {
        Kpi::K01 | Kpi::K16 => (Some(answered), None),
        Kpi::K02 => (Some(answered && fact.in_time), None),
        Kpi::K03 if variant == Some("1") => (Some(soon), None),
        Kpi::K03 => (Some(answered && soon), None),
        Kpi::K04 => (Some(fact.gave_up()), None),
        Kpi::K18 => (Some(!fact.repeated && !fact.reopened), None),
        Kpi::K19 => (
            Some(fact.satisfaction.as_deref() != Some("dissatisfied")),
            None,
        ),
        Kpi::K05 => (None, Some(fact.wait_ms)),
        Kpi::K06 => (None, Some(fact.ring_ms)),
        Kpi::K07 => (None, Some(fact.talk_ms)),
        Kpi::K08 => (None, Some(fact.acw_ms)),
        Kpi::K09 => (None, Some(fact.talk_ms + fact.hold_ms + fact.acw_ms)),
        Kpi::K15 => (None, fact.response_ms),
        Kpi::K17 => (fact.reply_ms.map(|ms| ms <= REPLY_MS), fact.reply_ms),
        _ => (None, None),
    }
}

/// Whether a ticket counts above the line.
pub(crate) fn of_ticket(kpi: Kpi, fact: &Ticket) -> Option<bool> {
    match kpi {
        Kpi::K20 => Some(
            fact.answered_at
                .zip(fact.due_at)
                .is_some_and(|(at, due)| at <= due),
        ),
        Kpi::K21 => Some(fact.returned),
        Kpi::K22 => Some(fact.reopened),
        _ => None,
    }
}
