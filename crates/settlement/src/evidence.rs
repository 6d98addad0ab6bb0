//! The rows that prove how the contract is settled (A-62 … A-69).

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::attendance::{AttendanceSheetState, sheet};
use crate::contract::price::row as price;
use crate::contract::{ServiceContractState, row as contract};
use crate::statement::StatementState as S;
use crate::statement::adjustment::row as adjustment;
use crate::statement::payment::row as payment;
use crate::statement::store::row as statement;

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let all = Condition::all;
    let in_states = |states: &[S]| {
        let codes = states.iter().map(|state| state.as_str());
        all().add(statement::Column::State.is_in(codes))
    };
    let overdue = || statement::Column::Overdue.eq(true);
    let never_submitted = statement::Column::SubmittedAt.is_null();
    vec![
        Evidence::rows::<contract::Entity>(
            app,
            ("A-62", "service_contracts", "/service-contracts"),
            contract::Column::SignedAt,
            all().add(contract::Column::State.eq(ServiceContractState::Signed.as_str())),
            None,
        ),
        Evidence::rows::<price::Entity>(
            app,
            ("A-63", "price_rows", "/service-contracts"),
            price::Column::RecordedAt,
            all(),
            None,
        ),
        Evidence::rows::<sheet::Entity>(
            app,
            ("A-64", "attendance_sheets", "/attendance-sheets"),
            sheet::Column::DecidedAt,
            all().add(sheet::Column::State.eq(AttendanceSheetState::Signed.as_str())),
            None,
        ),
        Evidence::rows::<statement::Entity>(
            app,
            ("A-65", "statements", "/statements"),
            statement::Column::SubmittedAt,
            all(),
            Some(all().add(statement::Column::Late.eq(true)).add(never_submitted)),
        ),
        Evidence::rows::<statement::Entity>(
            app,
            ("A-66", "statement_reviews", "/statements"),
            statement::Column::ConfirmedAt,
            all(),
            Some(in_states(&[S::Submitted, S::UnderReview]).add(overdue())),
        ),
        Evidence::rows::<payment::Entity>(
            app,
            ("A-67", "statement_payments", "/statements"),
            payment::Column::RecordedAt,
            all(),
            None,
        ),
        Evidence::rows::<statement::Entity>(
            app,
            ("A-67", "payment_clocks", "/statements"),
            statement::Column::UpdatedAt,
            in_states(&[S::PaymentDue, S::Paid]),
            Some(in_states(&[S::PaymentDue]).add(overdue())),
        ),
        Evidence::rows::<adjustment::Entity>(
            app,
            ("A-68", "adjustments", "/statements"),
            adjustment::Column::ProposedAt,
            all(),
            None,
        ),
        Evidence::rows::<price::Entity>(
            app,
            ("A-69", "price_rows", "/service-contracts"),
            price::Column::RecordedAt,
            all(),
            None,
        ),
    ]
}
