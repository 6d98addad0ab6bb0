//! The rows that prove that quality is watched and what is wrong put right.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::calibration::store::row as calibration;
use crate::corrective::store::row as corrective;
use crate::evaluation::store::row as evaluation;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let all = Condition::all;
    vec![
        Evidence::rows::<evaluation::Entity>(
            app,
            ("A-14", "evaluations", "/evaluations"),
            evaluation::Column::DrawnAt,
            all(),
            Some(
                all()
                    .add(evaluation::Column::Open.eq(true))
                    .add(evaluation::Column::Overdue.eq(true)),
            ),
        ),
        Evidence::rows::<calibration::Entity>(
            app,
            ("A-14", "calibrations", "/calibrations"),
            calibration::Column::OpenedAt,
            all(),
            None,
        ),
        Evidence::rows::<corrective::Entity>(
            app,
            ("A-15", "corrective_actions", "/corrective-actions"),
            corrective::Column::OpenedAt,
            all(),
            Some(
                all()
                    .add(corrective::Column::Open.eq(true))
                    .add(corrective::Column::Overdue.eq(true)),
            ),
        ),
    ]
}
