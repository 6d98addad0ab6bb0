//! What everything here leaves behind: the audit entry, the event and the news to open screens.

use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Role, Tx};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rights::{ViewAttendance, ViewOvertime};

/// Audit trail, event `{kind}.{action}` and live news of one subject; `facts` hold no texts that people typed.
pub(crate) async fn tell(
    (app, tx, who): (&App, &Tx, &Who),
    (kind, id): (&'static str, Uuid),
    action: &str,
    facts: Value,
) -> Result<()> {
    let named = format!("{kind}.{action}");
    audit::record(app, &**tx, who, &named, kind, id, facts.clone()).await?;
    let mut facts = facts;
    // A day is what a notice calls a sheet by.
    if facts.get("number").is_none() {
        facts["number"] = facts["day"].clone();
    }
    facts["id"] = json!(id);
    facts["by"] = json!(who.user_id);
    facts["at"] = json!(app.clock.now());
    app.events.publish(tx, &named, id, facts).await?;
    let audience = Audience::Permission(if kind == "overtime" {
        ViewOvertime::CODE
    } else {
        ViewAttendance::CODE
    });
    let news = json!({ "kind": kind, "id": id, "what": action });
    app.live.publish_after(tx, audience, "workforce", news);
    Ok(())
}

/// Everybody who holds one of these roles.
pub(crate) async fn holders(conn: &impl ConnectionTrait, roles: &[Role]) -> Result<Vec<Uuid>> {
    let mut people = Vec::new();
    for role in roles {
        let held = organization::colleagues::holders(conn, *role).await?;
        people.extend(held.into_iter().map(|person| person.id));
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
}
