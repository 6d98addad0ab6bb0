//! Reviewed topics wait for who publishes them; published ones prove the clause.

use kernel::evidence::Evidence;
use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::TopicState;
use super::rights::PublishTopics;
use super::store::row;

const TOPIC: &str = "topic";

/// What waits to be published.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let app = app.clone();
    vec![WaitingKind::new(TOPIC, move |person| {
        let app = app.clone();
        async move { reviewed(&app, &person).await }
    })]
}

async fn reviewed(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<PublishTopics>() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(row::Column::State.eq(TopicState::Reviewed.as_str()))
        .filter(row::Column::ReviewedBy.ne(person.user_id))
        .order_by_asc(row::Column::ReviewedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: TOPIC,
        id: row.id,
        section: None,
        since: row.reviewed_at.unwrap_or(row.updated_at),
        due_at: None,
        page: format!("/topics/{}", row.id),
        consent: Some(Consent {
            path: format!("/api/v1/topics/{}/publish", row.id),
            body: json!({ "version": row.version }),
        }),
        number: Some(row.number),
        title: row.name,
    });
    Ok(waiting.collect())
}

/// Published topics.
pub(crate) fn evidence(app: &App) -> Vec<Evidence> {
    let published = Condition::all().add(row::Column::PublishedAt.is_not_null());
    vec![Evidence::rows::<row::Entity>(
        app,
        ("A-36", "published_topics", "/topics"),
        row::Column::PublishedAt,
        published,
        None,
    )]
}
