//! What waits for somebody: drafts for who writes, checks for who did not, releases, and what the purchaser is to read.

use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait as _,
};

use super::ReportState;
use super::rights::{CheckReports, PrepareReports, ReadReports, ReleaseReports};
use super::store::{read, row};

const DRAFT: &str = "report_draft";
const CHECK: &str = "report_check";
const RELEASE: &str = "report_release";
const READ: &str = "report_read";

/// The kinds of what waits of reports.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let kind = |code: &'static str| {
        let app = app.clone();
        WaitingKind::new(code, move |person: Principal| {
            let app = app.clone();
            async move { of(&app, code, &person).await }
        })
    };
    vec![kind(DRAFT), kind(CHECK), kind(RELEASE), kind(READ)]
}

async fn of(app: &App, kind: &'static str, person: &Principal) -> Result<Vec<Waiting>> {
    use row::Column;
    let in_state = |state: ReportState| Condition::all().add(Column::State.eq(state.as_str()));
    let not_by = |column: Column| {
        let other = Condition::any().add(column.is_null());
        other.add(column.ne(person.user_id))
    };
    let (may, which) = match kind {
        DRAFT => (person.may::<PrepareReports>(), in_state(ReportState::Draft)),
        CHECK => (
            person.may::<CheckReports>(),
            in_state(ReportState::Submitted)
                .add(not_by(Column::DraftedBy))
                .add(not_by(Column::EditedBy))
                .add(not_by(Column::SubmittedBy)),
        ),
        RELEASE => (
            person.may::<ReleaseReports>(),
            in_state(ReportState::Checked),
        ),
        _ => (
            person.may::<ReadReports>(),
            in_state(ReportState::Released).add(
                Column::Id.not_in_subquery(
                    read::Entity::find()
                        .select_only()
                        .column(read::Column::ReportId)
                        .filter(read::Column::UserId.eq(person.user_id))
                        .into_query(),
                ),
            ),
        ),
    };
    if !may {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(which)
        .order_by_asc(row::Column::DraftedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind,
        id: row.id,
        since: match kind {
            DRAFT => row.drafted_at,
            CHECK => row.submitted_at.unwrap_or(row.drafted_at),
            RELEASE => row.checked_at.unwrap_or(row.drafted_at),
            _ => row.released_at.unwrap_or(row.drafted_at),
        },
        due_at: row.due_at,
        page: format!("/reports/{}", row.id),
        number: Some(row.number),
        title: row.title,
        section: None,
        consent: None,
    });
    Ok(waiting.collect())
}
