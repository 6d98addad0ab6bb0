//! The rows that prove who is on post and why he may be.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::demand::store::row as demand;
use crate::fee::row as fee;
use crate::leak::store::row as leak;
use crate::qualification::Item;
use crate::replacement::store::row as replacement;
use crate::staff::evidence::EvidenceState;
use crate::staff::store::evidence;
use crate::transition::store::row as transition;
use crate::wage::WageMonthState;
use crate::wage::quotation::QuotationState;
use crate::wage::rows::{insured, month_row, payslip, quoted};

fn all() -> Condition {
    Condition::all()
}

/// What this capability answers for.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let verified = |clause, items: &[Item]| {
        let items = items.iter().map(|item| item.as_str());
        let which = all()
            .add(evidence::Column::State.eq(EvidenceState::Verified.as_str()))
            .add(evidence::Column::Item.is_in(items));
        let of = (clause, "staff_evidence", "/staff");
        Evidence::rows::<evidence::Entity>(app, of, evidence::Column::CheckedAt, which, None)
    };
    vec![
        verified("A-39", &[Item::CleanRecord]),
        verified("A-40", &[Item::Experience]),
        verified("A-41", &[Item::Education, Item::Age, Item::Health]),
        verified("A-43", &[Item::Mandarin]),
        verified("A-44", &[Item::Interview]),
        verified("A-55", &[Item::Nda]),
        verified("A-60", &[Item::Employer]),
        Evidence::rows::<replacement::Entity>(
            app,
            ("A-46", "replacements", "/replacements"),
            replacement::Column::RaisedAt,
            all(),
            Some(
                all()
                    .add(replacement::Column::Overdue.eq(true))
                    .add(replacement::Column::Open.eq(true)),
            ),
        ),
        Evidence::rows::<demand::Entity>(
            app,
            ("A-47", "demands", "/demands"),
            demand::Column::RaisedAt,
            all(),
            Some(
                all()
                    .add(demand::Column::Overdue.eq(true))
                    .add(demand::Column::Open.eq(true)),
            ),
        ),
        Evidence::rows::<transition::Entity>(
            app,
            ("A-48", "transitions", "/transitions"),
            transition::Column::UpdatedAt,
            all(),
            None,
        ),
        Evidence::rows::<fee::Entity>(
            app,
            ("A-49", "recruitment_fees", "/recruitment-fees"),
            fee::Column::RecordedAt,
            all(),
            None,
        ),
        Evidence::rows::<quoted::Entity>(
            app,
            ("A-57", "quotations", "/quotations"),
            quoted::Column::MadeAt,
            all(),
            Some(all().add(quoted::Column::State.eq(QuotationState::BelowFloor.as_str()))),
        ),
        Evidence::rows::<insured::Entity>(
            app,
            ("A-58", "insurance_payments", "/wages"),
            insured::Column::RecordedAt,
            all(),
            None,
        ),
        Evidence::rows::<payslip::Entity>(
            app,
            ("A-59", "payslips", "/wages"),
            payslip::Column::RecordedAt,
            all(),
            None,
        ),
        Evidence::rows::<month_row::Entity>(
            app,
            ("A-59", "wage_months", "/wages"),
            month_row::Column::DecidedAt,
            all().add(month_row::Column::State.eq(WageMonthState::Confirmed.as_str())),
            None,
        ),
        Evidence::rows::<leak::Entity>(
            app,
            ("A-56", "leaks", "/leaks"),
            leak::Column::ReportedAt,
            all(),
            Some(
                all()
                    .add(leak::Column::Overdue.eq(true))
                    .add(leak::Column::Open.eq(true)),
            ),
        ),
    ]
}
