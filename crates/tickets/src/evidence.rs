//! The rows that prove how requests are dealt with.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::contact::store::row as record;
use crate::emergency::store::row as emergency;
use crate::escalation::store::row as escalation;
use crate::incident::store::row as incident;
use crate::instruction::store::row as instruction;
use crate::ticket::store::row as ticket;

fn all() -> Condition {
    Condition::all()
}

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let tickets = |of, which, amiss| {
        Evidence::rows::<ticket::Entity>(app, of, ticket::Column::OpenedAt, which, amiss)
    };
    let records = |clause, channel: &str| {
        let which = all().add(record::Column::Channel.starts_with(channel));
        let of = (clause, "contact_records", "/conversations");
        Evidence::rows::<record::Entity>(app, of, record::Column::StartedAt, which, None)
    };
    let owed = all().add(record::Column::OwedSince.is_not_null());
    let owed = owed.add(record::Column::CompletedAt.is_null());
    let complaint = all().add(ticket::Column::RequestType.eq("complaint"));
    let order = all().add(ticket::Column::Platform.ne(""));
    let owned = all().add(ticket::Column::FirstOwnerId.is_not_null());
    vec![
        records("A-02", "qq"),
        records("A-03", "wechat"),
        records("A-04", "web"),
        Evidence::rows::<record::Entity>(
            app,
            ("A-05", "contact_records", "/conversations"),
            record::Column::StartedAt,
            all().add(record::Column::Medium.ne("call")),
            None,
        ),
        tickets(
            ("A-07", "complaints", "/tickets?request_type=complaint"),
            complaint,
            None,
        ),
        Evidence::rows::<incident::Entity>(
            app,
            ("A-09", "incidents", "/incidents"),
            incident::Column::DeclaredAt,
            all(),
            None,
        ),
        tickets(("A-10", "work_orders", "/work-orders"), order, None),
        Evidence::rows::<escalation::Entity>(
            app,
            ("A-13", "escalations", "/escalations"),
            escalation::Column::RaisedAt,
            all(),
            None,
        ),
        tickets(("A-32", "owned_tickets", "/first-owners"), owned, None),
        Evidence::rows::<record::Entity>(
            app,
            ("A-33", "contact_records", "/owed-records"),
            record::Column::CompletedAt,
            all(),
            Some(owed),
        ),
        Evidence::rows::<instruction::Entity>(
            app,
            ("A-34", "instructions", "/instructions"),
            instruction::Column::SubmittedAt,
            all(),
            Some(
                all()
                    .add(instruction::Column::Open.eq(true))
                    .add(instruction::Column::Reminders.gt(0)),
            ),
        ),
        Evidence::rows::<emergency::Entity>(
            app,
            ("A-35", "emergencies", "/emergencies"),
            emergency::Column::RaisedAt,
            all(),
            None,
        ),
    ]
}
