//! The rows that prove that the telephone is served.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::calls::rows::call;
use crate::outbound::store::row as outbound;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let inbound = Condition::all().add(call::Column::Direction.eq("inbound"));
    vec![
        Evidence::rows::<call::Entity>(
            app,
            ("A-01", "calls", "/calls"),
            call::Column::ArrivedAt,
            inbound,
            None,
        ),
        Evidence::rows::<outbound::Entity>(
            app,
            ("A-29", "outbound_calls", "/outbound-calls"),
            outbound::Column::PlacedAt,
            Condition::all(),
            None,
        ),
    ]
}
