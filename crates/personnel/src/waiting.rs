//! What waits for somebody's decision about people: candidates, plans and months of wages
//! for the purchaser, demands for the supplier, evidence for who checks it.

use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::demand::DemandState;
use crate::demand::store::row as demand;
use crate::leak::hidden;
use crate::leak::store::row as leak;
use crate::replacement::ReplacementState;
use crate::replacement::store::row as replacement;
use crate::rights::{
    AnswerDemands, CheckEvidence, CheckWages, DecideLeaks, DecideReplacements, RaiseDemands,
};
use crate::staff::evidence::EvidenceState;
use crate::staff::store::{self as staff, evidence};
use crate::wage::WageMonthState;
use crate::wage::rows::month_row;

const CANDIDATE: &str = "replacement_candidate";
const DEMAND: &str = "demand";
const EVIDENCE: &str = "staff_evidence";
const WAGE_MONTH: &str = "wage_month";
const LEAK: &str = "leak";

/// The kinds of decisions about people.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let (candidates, demands, pieces) = (app.clone(), app.clone(), app.clone());
    let (months, leaks) = (app.clone(), app.clone());
    vec![
        WaitingKind::new(CANDIDATE, move |person| {
            let app = candidates.clone();
            async move { candidates_of(&app, &person).await }
        }),
        WaitingKind::new(DEMAND, move |person| {
            let app = demands.clone();
            async move { demands_of(&app, &person).await }
        }),
        WaitingKind::new(EVIDENCE, move |person| {
            let app = pieces.clone();
            async move { evidence_of(&app, &person).await }
        }),
        WaitingKind::new(WAGE_MONTH, move |person| {
            let app = months.clone();
            async move { months_of(&app, &person).await }
        }),
        WaitingKind::new(LEAK, move |person| {
            let app = leaks.clone();
            async move { leaks_of(&app, &person).await }
        }),
    ]
}

async fn candidates_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideReplacements>() {
        return Ok(Vec::new());
    }
    let rows = replacement::Entity::find()
        .filter(replacement::Column::State.eq(ReplacementState::CandidateProposed.as_str()))
        .order_by_asc(replacement::Column::DueAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: CANDIDATE,
        id: row.id,
        number: Some(row.number),
        title: row.reason,
        section: None,
        since: row.updated_at,
        due_at: row.due_at,
        page: format!("/replacements/{}", row.id),
        consent: None,
    });
    Ok(waiting.collect())
}

/// A demand waits for the supplier's plan, and the plan for the purchaser.
async fn demands_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    let mut owed = Condition::any();
    if person.may::<AnswerDemands>() {
        owed = owed.add(demand::Column::State.eq(DemandState::Raised.as_str()));
    }
    if person.may::<RaiseDemands>() {
        owed = owed.add(demand::Column::State.eq(DemandState::PlanSubmitted.as_str()));
    }
    if owed.is_empty() {
        return Ok(Vec::new());
    }
    let rows = demand::Entity::find()
        .filter(owed)
        .order_by_asc(demand::Column::DueAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: DEMAND,
        id: row.id,
        number: Some(row.number),
        title: row.plan.unwrap_or(row.reason),
        section: None,
        since: row.updated_at,
        due_at: row.due_at,
        page: format!("/demands/{}", row.id),
        consent: None,
    });
    Ok(waiting.collect())
}

/// An open leak waits for the purchaser until it is closed.
async fn leaks_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideLeaks>() {
        return Ok(Vec::new());
    }
    let rows = leak::Entity::find()
        .filter(leak::Column::Open.eq(true))
        .filter(hidden::from(person))
        .order_by_asc(leak::Column::ReportedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: LEAK,
        id: row.id,
        number: Some(row.number),
        title: row.title,
        section: None,
        since: row.reported_at,
        due_at: [row.told_due_at, row.step_due_at]
            .into_iter()
            .flatten()
            .min(),
        page: format!("/leaks/{}", row.id),
        consent: None,
    });
    Ok(waiting.collect())
}

/// Nobody checks his own file, nor what he added himself.
async fn evidence_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<CheckEvidence>() {
        return Ok(Vec::new());
    }
    let not_his = Condition::any()
        .add(evidence::Column::AddedBy.is_null())
        .add(evidence::Column::AddedBy.ne(person.user_id));
    let conn = app.db.read();
    let rows = evidence::Entity::find()
        .filter(evidence::Column::State.eq(EvidenceState::Pending.as_str()))
        .filter(not_his)
        .order_by_asc(evidence::Column::AddedAt)
        .limit(MOST)
        .all(conn)
        .await?;
    let files = staff::by_ids(conn, rows.iter().map(|row| row.staff_id)).await?;
    let waiting = rows.into_iter().filter_map(|row| {
        let file = files.get(&row.staff_id)?;
        (file.user_id != Some(person.user_id)).then(|| Waiting {
            kind: EVIDENCE,
            id: row.id,
            number: None,
            title: file.name.clone(),
            section: None,
            since: row.added_at,
            due_at: None,
            page: format!("/staff/{}", file.id),
            consent: None,
        })
    });
    Ok(waiting.collect())
}

/// Months of wages that the supplier handed in.
async fn months_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<CheckWages>() {
        return Ok(Vec::new());
    }
    let rows = month_row::Entity::find()
        .filter(month_row::Column::State.eq(WageMonthState::Submitted.as_str()))
        .order_by_asc(month_row::Column::SubmittedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: WAGE_MONTH,
        id: row.id,
        number: Some(row.month.clone()),
        title: row.month.clone(),
        section: None,
        since: row.submitted_at.unwrap_or(row.updated_at),
        due_at: None,
        page: format!("/wages?month={}", row.month),
        consent: None,
    });
    Ok(waiting.collect())
}
