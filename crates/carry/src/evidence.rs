//! The rows that prove what came in and what went out.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait as _, Condition};

use crate::data_return::store::row as data_return;
use crate::export::request::{ExportState, row as export};
use crate::import::ImportState;
use crate::import::store::import_row as import;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let made = Condition::all().add(import::Column::State.eq(ImportState::Imported.as_str()));
    let whole = Condition::all().add(export::Column::State.eq(ExportState::Done.as_str()));
    vec![
        Evidence::rows::<import::Entity>(
            app,
            ("A-48", "carry_imports", "/carry"),
            import::Column::At,
            made,
            None,
        ),
        Evidence::rows::<export::Entity>(
            app,
            ("A-48", "carry_exports", "/exports"),
            export::Column::RequestedAt,
            whole,
            None,
        ),
        Evidence::rows::<data_return::Entity>(
            app,
            ("A-54", "data_returns", "/data-returns"),
            data_return::Column::OfferedAt,
            Condition::all(),
            None,
        ),
    ]
}
