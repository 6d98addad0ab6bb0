//! Tells the platform what became of its orders: `POST {url}/events`. The events of the kernel are the outbox:
//! one delivery row for each, tried again until the platform has it; the id is the same at each try.

use kernel::problem::{Result, internal, unavailable};
use kernel::{App, Event};
use reqwest::{Method, StatusCode};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Link;
use crate::ticket::history;
use crate::ticket::store::row as ticket_row;
use crate::work_order::store::row as order_row;

/// What the platform is told of.
pub(crate) const KINDS: &[&str] = &[
    "ticket.replied",
    "ticket.approved",
    "ticket.granted",
    "ticket.revisited",
    "ticket.closed",
    "ticket.rejected",
];

kernel::table! {
    mod row = "platform_deliveries" (id: Uuid) {
        platform: String,
        ticket_id: Uuid,
        kind: String,
        sent_at: DateTimeUtc,
    }
}

/// What an event means to the platform; `None` when it is none of its business.
fn meaning(event: &Event) -> Option<&'static str> {
    let state = event.payload["state"].as_str().unwrap_or_default();
    match (event.kind.as_str(), state) {
        ("ticket.replied" | "ticket.approved", "replied") => Some("reply"),
        ("ticket.granted", "returned") => Some("return"),
        ("ticket.granted", _) => Some("extension"),
        ("ticket.closed" | "ticket.revisited", "closed") => Some("close"),
        ("ticket.rejected", _) => Some("reject"),
        _ => None,
    }
}

/// The handler.
pub(crate) async fn tell(app: App, event: Event) -> Result<()> {
    let Some(link) = Link::from_config(&app)?.filter(|link| !link.url.is_empty()) else {
        return Ok(());
    };
    let ours = event.payload["platform"].as_str() == Some(link.platform.as_str());
    let Some(kind) = meaning(&event).filter(|_| ours) else {
        return Ok(());
    };
    let conn = app.db.read();
    let ticket_id: Uuid = event.subject_id.parse().map_err(internal)?;
    let sent = row::Entity::find_by_id(event.id).one(conn).await?;
    let order = order_row::Entity::find_by_id(ticket_id).one(conn).await?;
    let ticket = ticket_row::Entity::find_by_id(ticket_id).one(conn).await?;
    let (None, Some(order), Some(ticket)) = (sent, order, ticket) else {
        return Ok(());
    };
    let asked = match kind {
        "return" => history::last_note(conn, ticket_id, "return_asked").await?,
        "extension" => history::last_note(conn, ticket_id, "extension_asked").await?,
        _ => None,
    };
    let note = event.payload["note"].as_str().map(str::to_owned);
    let answers = matches!(kind, "reply" | "close");
    let body = json!({
        "id": event.id,
        "kind": kind,
        "order_no": order.order_no,
        "number": ticket.number,
        "at": event.occurred_at,
        "answer": ticket.resolution.filter(|_| answers),
        "satisfaction": ticket.satisfaction.filter(|_| kind == "close"),
        "reason": asked.or(note),
        "due_at": if kind == "extension" { event.payload["due_at"].clone() } else { Value::Null },
    });
    let body = serde_json::to_vec(&body).map_err(internal)?;
    let (status, _) = link.call(&app, Method::POST, "/events", body).await?;
    // 409: it has this id already, from a try whose answer was lost.
    if !status.is_success() && status != StatusCode::CONFLICT {
        let detail = format!("the platform answers {status}");
        return Err(unavailable("platform_refuses", detail));
    }
    let done = row::ActiveModel {
        id: Set(event.id),
        platform: Set(link.platform),
        ticket_id: Set(ticket_id),
        kind: Set(kind.to_owned()),
        sent_at: Set(app.clock.now()),
    };
    app.db
        .write(move |tx| async move {
            let known = OnConflict::column(row::Column::Id).do_nothing().to_owned();
            row::Entity::insert(done)
                .on_conflict(known)
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await
}
