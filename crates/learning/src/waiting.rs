//! Qualifications that were passed and wait for the purchaser's certificate.

use std::collections::HashMap;

use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use organization::colleagues;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use crate::exam::AttemptState;
use crate::exam::store::{attempt, sitting};
use crate::rights::IssueCertificates;

const KIND: &str = "certificate";

/// The kind of decision.
pub(crate) fn kind(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(KIND, move |person| {
        let app = app.clone();
        async move { passed(&app, &person).await }
    })
}

async fn passed(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<IssueCertificates>() {
        return Ok(Vec::new());
    }
    let conn = app.db.read();
    let rows = attempt::Entity::find()
        .filter(attempt::Column::State.eq(AttemptState::Passed.as_str()))
        .order_by_asc(attempt::Column::ReleasedAt)
        .limit(MOST)
        .all(conn)
        .await?;
    let sat: Vec<Uuid> = rows.iter().map(|row| row.sitting_id).collect();
    // A course's test gives no certificate.
    let sittings: HashMap<Uuid, sitting::Model> = sitting::Entity::find()
        .filter(sitting::Column::Id.is_in(sat))
        .filter(sitting::Column::Purpose.eq("qualification"))
        .all(conn)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let people = colleagues(conn, rows.iter().map(|row| row.user_id)).await?;
    let waiting = rows.into_iter().filter_map(|row| {
        let sitting = sittings.get(&row.sitting_id)?;
        let name = people.get(&row.user_id).map(|person| person.name.as_str());
        Some(Waiting {
            kind: KIND,
            id: row.id,
            number: Some(sitting.number.clone()),
            title: format!("{} {}", sitting.title, name.unwrap_or_default()),
            section: None,
            since: row.released_at.unwrap_or(row.updated_at),
            due_at: None,
            page: format!("/exam-attempts/{}", row.id),
            consent: Some(Consent {
                path: "/api/v1/certificates".to_owned(),
                body: json!({ "attempt_id": row.id }),
            }),
        })
    });
    Ok(waiting.collect())
}
