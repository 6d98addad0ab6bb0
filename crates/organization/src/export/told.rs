//! What a request leaves behind, what waits for a decision, and what proves the clause.

use kernel::audit::{self, Who};
use kernel::evidence::Evidence;
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Audience, Principal, Role, Tx};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::ExportRequestState;
use super::store::{export, row};
use crate::rights::{DecideExports, ViewExports};

/// Who decides, and is told of what is asked.
const DECIDES: &[Role] = &[Role::PurchaserAdmin, Role::SecAdmin];
const KIND: &str = "export_request";

/// Audit trail, event `export_request.{what}` and live news.
pub(super) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let named = format!("{KIND}.{what}");
    // A filter may hold a number or a name, and nothing is ever erased from the trail.
    let target = audit::digest(app.key.bytes(), &row.address(app)?);
    let details = json!({
        "number": row.number, "kind": row.kind, "target": target, "rows": row.row_limit, "state": row.state,
        "until": row.until_at,
    });
    audit::record(app, &**tx, who, &named, KIND, row.id, details).await?;
    let mut recipients = vec![row.asked_by];
    if what == "asked" {
        recipients.clear();
        for role in DECIDES {
            let held = crate::colleagues::holders(&**tx, *role).await?;
            recipients.extend(held.into_iter().map(|person| person.id));
        }
        recipients.retain(|person| *person != row.asked_by);
        recipients.sort_unstable();
        recipients.dedup();
    }
    let facts = json!({
        "id": row.id, "number": row.number, "state": row.state, "version": row.version, "by": who.user_id,
        "at": app.clock.now(), "recipients": recipients, "kind": row.kind, "rows": row.row_limit,
    });
    app.events.publish(tx, &named, row.id, facts).await?;
    let news = json!({ "id": row.id, "what": what });
    let audience = Audience::Permission(ViewExports::CODE);
    app.live.publish_after(tx, audience, "exports", news);
    Ok(())
}

/// Requests that wait for somebody who may decide; nobody decides on his own.
pub(crate) fn waiting(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(KIND, move |person: Principal| {
        let app = app.clone();
        async move {
            if !person.may::<DecideExports>() {
                return Ok(Vec::new());
            }
            let rows = row::Entity::find()
                .filter(row::Column::State.eq(ExportRequestState::Waiting.as_str()))
                .filter(row::Column::AskedBy.ne(person.user_id))
                .order_by_asc(row::Column::UntilAt)
                .limit(MOST)
                .all(app.db.read())
                .await?;
            let waiting = rows.into_iter().map(|row| Waiting {
                kind: KIND,
                id: row.id,
                number: Some(row.number),
                title: row.reason,
                section: None,
                since: row.asked_at,
                due_at: Some(row.until_at),
                page: format!("/export-requests?open={}", row.id),
                consent: None,
            });
            Ok(waiting.collect())
        }
    })
}

/// What proves A-54.
pub(crate) fn evidence(app: &App) -> Vec<Evidence> {
    vec![
        Evidence::rows::<row::Entity>(
            app,
            ("A-54", "export_requests", "/export-requests"),
            row::Column::AskedAt,
            Condition::all(),
            None,
        ),
        Evidence::rows::<export::Entity>(
            app,
            ("A-54", "exports", "/access-log"),
            export::Column::TakenAt,
            Condition::all(),
            None,
        ),
    ]
}
