//! What of the two sides' dealings waits for the purchaser's yes: changes of facilities and layout, rectifications
//! that were answered.

use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use crate::change::SiteChangeState;
use crate::change::store::row as change;
use crate::rectification::RectificationState;
use crate::rectification::store::row as rectification;
use crate::rights::{DecideSiteChanges, Inspect};

const CHANGE: &str = "site_change";
const RECTIFICATION: &str = "rectification";

/// The kinds of decisions.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let (of_changes, of_rectifications) = (app.clone(), app.clone());
    vec![
        WaitingKind::new(CHANGE, move |person| {
            let app = of_changes.clone();
            async move { changes(&app, &person).await }
        }),
        WaitingKind::new(RECTIFICATION, move |person| {
            let app = of_rectifications.clone();
            async move { rectifications(&app, &person).await }
        }),
    ]
}

async fn changes(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideSiteChanges>() {
        return Ok(Vec::new());
    }
    let states = [
        SiteChangeState::Submitted,
        SiteChangeState::EffectivePendingRatification,
    ];
    let rows = change::Entity::find()
        .filter(change::Column::State.is_in(states.map(SiteChangeState::as_str)))
        .order_by_asc(change::Column::DueAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| {
        let verb = if row.emergency { "ratify" } else { "approve" };
        Waiting {
            kind: CHANGE,
            id: row.id,
            section: None,
            since: row.updated_at,
            due_at: row.due_at,
            page: format!("/change-control/{}", row.id),
            consent: Some(Consent {
                path: format!("/api/v1/site-changes/{}/decide", row.id),
                body: json!({ "action": verb, "version": row.version }),
            }),
            number: Some(row.number),
            title: row.title,
        }
    });
    Ok(waiting.collect())
}

async fn rectifications(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<Inspect>() {
        return Ok(Vec::new());
    }
    let rows = rectification::Entity::find()
        .filter(rectification::Column::State.eq(RectificationState::Answered.as_str()))
        .order_by_asc(rectification::Column::UpdatedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: RECTIFICATION,
        id: row.id,
        section: None,
        since: row.updated_at,
        due_at: None,
        page: format!("/inspections?rectification={}", row.id),
        consent: Some(Consent {
            path: format!("/api/v1/rectifications/{}/decide", row.id),
            body: json!({ "action": "verify", "version": row.version }),
        }),
        number: Some(row.number),
        title: row.title,
    });
    Ok(waiting.collect())
}
