//! What waits for the purchaser: changes to be decided, and what is in force and to be looked at again.

use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::ChangeState;
use super::store::row::{self, Column};
use crate::rights::DecideApprovals;

const CHANGE: &str = "article_change";
const REVIEW: &str = "article_review";

/// The kinds of decisions about what agents may say.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let (changes, reviews) = (app.clone(), app.clone());
    vec![
        WaitingKind::new(CHANGE, move |person| {
            let app = changes.clone();
            async move { changes_of(&app, &person).await }
        }),
        WaitingKind::new(REVIEW, move |person| {
            let app = reviews.clone();
            async move { reviews_of(&app, &person).await }
        }),
    ]
}

async fn changes_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideApprovals>() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(Column::Waiting.eq(true))
        .order_by_asc(Column::DueAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        // What holds already is ratified, the rest is approved.
        let verb = if row.state == ChangeState::PendingRatification.as_str() {
            "ratify"
        } else {
            "approve"
        };
        let consent = Consent {
            path: format!("/api/v1/approvals/{}/{verb}", row.id),
            body: json!({ "version": row.version }),
        };
        Waiting {
            since: row.submitted_at.unwrap_or(row.created_at),
            due_at: row.due_at,
            consent: Some(consent),
            ..told(row, CHANGE)
        }
    });
    Ok(waiting.collect())
}

async fn reviews_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideApprovals>() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(Column::DueForReview.eq(true))
        .filter(Column::InForce.eq(true))
        .order_by_asc(Column::ReviewAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        since: row.review_at.unwrap_or(row.updated_at),
        due_at: None,
        consent: None,
        ..told(row, REVIEW)
    });
    Ok(waiting.collect())
}

fn told(row: row::Model, kind: &'static str) -> Waiting {
    Waiting {
        kind,
        id: row.id,
        title: format!("{} v{} {}", row.subject_number, row.n, row.title),
        number: Some(row.number),
        section: row.section,
        since: row.created_at,
        due_at: row.due_at,
        page: format!("/approvals/{}", row.id),
        consent: None,
    }
}
