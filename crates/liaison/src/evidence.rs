//! The rows that prove how the two sides deal with each other.

use kernel::App;
use kernel::evidence::Evidence;
use sea_orm::{ColumnTrait, Condition};

use crate::change::store::row as change;
use crate::check::store::row as check;
use crate::continuity::store::{drill_row, row as plan};
use crate::contract::http::row as contract;
use crate::inspection::store::row as inspection;
use crate::letter::store::row as letter;
use crate::meeting::store::{action_row, row as meeting};
use crate::person::store::row as person;
use crate::rectification::store::row as rectification;
use crate::regulation::store::version_row as regulation;
use crate::special_task::store::row as special_task;
use crate::supply::store::move_row as supply;
use crate::team::store::row as team;
use crate::urgent::store::row as urgent;

fn all() -> Condition {
    Condition::all()
}

/// What this capability answers for. Hidden inspections count for nothing before they are released.
pub(crate) fn kinds(app: &App) -> Vec<Evidence> {
    let late = |open: sea_orm::sea_query::Expr, overdue: sea_orm::sea_query::Expr| {
        Some(all().add(open).add(overdue))
    };
    vec![
        Evidence::rows::<special_task::Entity>(
            app,
            ("A-19", "special_tasks", "/special-tasks"),
            special_task::Column::RequestedAt,
            all(),
            None,
        ),
        Evidence::rows::<supply::Entity>(
            app,
            ("A-20", "supply_moves", "/supplies"),
            supply::Column::At,
            all(),
            None,
        ),
        Evidence::rows::<check::Entity>(
            app,
            ("A-38", "daily_checks", "/daily-checks"),
            check::Column::At,
            all(),
            Some(all().add(check::Column::State.eq("defect"))),
        ),
        Evidence::rows::<plan::Entity>(
            app,
            ("A-45", "plans", "/continuity"),
            plan::Column::WrittenAt,
            all(),
            None,
        ),
        Evidence::rows::<drill_row::Entity>(
            app,
            ("A-45", "drills", "/continuity"),
            drill_row::Column::At,
            all(),
            None,
        ),
        Evidence::rows::<contract::Entity>(
            app,
            ("A-50", "past_contracts", "/past-contracts"),
            contract::Column::RecordedAt,
            all().add(contract::Column::State.eq("verified")),
            None,
        ),
        Evidence::rows::<team::Entity>(
            app,
            ("A-22", "team_members", "/team"),
            team::Column::FiledAt,
            all(),
            None,
        ),
        Evidence::rows::<meeting::Entity>(
            app,
            ("A-23", "meetings", "/meetings"),
            meeting::Column::CreatedAt,
            all(),
            None,
        ),
        Evidence::rows::<action_row::Entity>(
            app,
            ("A-23", "meeting_actions", "/meetings"),
            action_row::Column::CreatedAt,
            all(),
            late(
                action_row::Column::State.eq("open"),
                action_row::Column::Overdue.eq(true),
            ),
        ),
        Evidence::rows::<person::Entity>(
            app,
            ("A-24", "liaison_persons", "/liaisons"),
            person::Column::NamedAt,
            all(),
            None,
        ),
        Evidence::rows::<letter::Entity>(
            app,
            ("A-25", "letters", "/letters"),
            letter::Column::SentAt,
            all().add(letter::Column::SentAt.is_not_null()),
            late(
                letter::Column::Open.eq(true),
                letter::Column::Overdue.eq(true),
            ),
        ),
        Evidence::rows::<urgent::Entity>(
            app,
            ("A-26", "urgent_notices", "/urgent-notices"),
            urgent::Column::SentAt,
            all(),
            Some(all().add(urgent::Column::State.eq("unreached"))),
        ),
        Evidence::rows::<inspection::Entity>(
            app,
            ("A-27", "inspections", "/inspections"),
            inspection::Column::CreatedAt,
            all().add(inspection::Column::Hidden.eq(false)),
            None,
        ),
        Evidence::rows::<rectification::Entity>(
            app,
            ("A-27", "rectifications", "/inspections"),
            rectification::Column::IssuedAt,
            all(),
            late(
                rectification::Column::Open.eq(true),
                rectification::Column::Overdue.eq(true),
            ),
        ),
        Evidence::rows::<regulation::Entity>(
            app,
            ("A-53", "regulations", "/regulations"),
            regulation::Column::PublishedAt,
            all(),
            None,
        ),
        Evidence::rows::<change::Entity>(
            app,
            ("A-61", "site_changes", "/change-control"),
            change::Column::CreatedAt,
            all(),
            late(
                change::Column::Open.eq(true),
                change::Column::Overdue.eq(true),
            ),
        ),
    ]
}
