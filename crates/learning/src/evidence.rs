//! The rows that prove that people learn and were examined.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::certificate::row as certificate;
use crate::course::store::session;
use crate::exam::store::attempt;
use crate::typing::store::row as typing;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let all = Condition::all;
    vec![
        Evidence::rows::<session::Entity>(
            app,
            ("A-21", "training_sessions", "/training"),
            session::Column::ClosedAt,
            all(),
            None,
        ),
        Evidence::rows::<typing::Entity>(
            app,
            ("A-42", "typing_tests", "/typing-tests"),
            typing::Column::EndedAt,
            all(),
            None,
        ),
        Evidence::rows::<certificate::Entity>(
            app,
            ("A-51", "certificates", "/certificates"),
            certificate::Column::IssuedAt,
            all(),
            None,
        ),
        Evidence::rows::<attempt::Entity>(
            app,
            ("A-52", "exam_attempts", "/exams"),
            attempt::Column::HandedInAt,
            all(),
            Some(all().add(attempt::Column::State.eq("replacement"))),
        ),
    ]
}
