//! The rows that prove what agents may say.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::approval::store::row as approval;
use crate::lookup::store::row as lookup;
use crate::reading::store::row as reading;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let all = Condition::all;
    let approved = all().add(approval::Column::DecidedAt.is_not_null());
    let late = all()
        .add(approval::Column::Waiting.eq(true))
        .add(approval::Column::Reminders.gt(0));
    let in_force = all().add(approval::Column::InForce.eq(true));
    let at = approval::Column::EffectiveAt;
    vec![
        Evidence::rows::<approval::Entity>(
            app,
            ("A-06", "answers", "/articles"),
            at,
            in_force,
            None,
        ),
        Evidence::rows::<lookup::Entity>(
            app,
            ("A-08", "lookups", "/lookups"),
            lookup::Column::UpdatedAt,
            all(),
            None,
        ),
        Evidence::rows::<reading::Entity>(
            app,
            ("A-37", "readings", "/my-reading"),
            reading::Column::ReadAt,
            all(),
            None,
        ),
        Evidence::rows::<approval::Entity>(
            app,
            ("A-61", "approvals", "/approvals"),
            approval::Column::UpdatedAt,
            approved.clone(),
            None,
        ),
        Evidence::rows::<approval::Entity>(
            app,
            ("A-61", "late_approvals", "/approvals"),
            approval::Column::SubmittedAt,
            all().add(approval::Column::Waiting.eq(true)),
            Some(late),
        ),
    ]
}
