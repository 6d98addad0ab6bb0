//! The rows that prove that the floor is watched.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::Condition;

use crate::agent_state::store::change_row as change;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    vec![Evidence::rows::<change::Entity>(
        app,
        ("A-12", "agent_states", "/control-room"),
        change::Column::At,
        Condition::all(),
        None,
    )]
}
