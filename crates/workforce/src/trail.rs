//! What everything here leaves behind: the audit entry, the event and the news to open screens.

use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Role, Tx};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rights::{PlanRoster, ViewAttendance, ViewLeave, ViewOvertime, ViewRoster, ViewSwaps};

/// Which open screens hear of a subject: of leave and swaps the `persons` concerned and who decides, of a draft who plans.
fn audience(kind: &str, facts: &Value) -> Audience {
    let persons = |permission| {
        let named = facts["persons"].as_array().into_iter().flatten();
        Audience::Reach {
            permission,
            queue: None,
            people: named.filter_map(|id| id.as_str()?.parse().ok()).collect(),
        }
    };
    match kind {
        "overtime" => Audience::Permission(ViewOvertime::CODE),
        "roster" if facts["state"] == "draft" => Audience::Permission(PlanRoster::CODE),
        "roster" => Audience::Permission(ViewRoster::CODE),
        "leave_request" => persons(ViewLeave::CODE),
        "shift_swap" => persons(ViewSwaps::CODE),
        _ => Audience::Permission(ViewAttendance::CODE),
    }
}

/// Audit trail, event `{kind}.{action}` and live news of one subject; `facts` hold no texts that people typed.
pub(crate) async fn tell(
    (app, tx, who): (&App, &Tx, &Who),
    (kind, id): (&'static str, Uuid),
    action: &str,
    facts: Value,
) -> Result<()> {
    let named = format!("{kind}.{action}");
    audit::record(app, &**tx, who, &named, kind, id, facts.clone()).await?;
    let audience = audience(kind, &facts);
    let mut facts = facts;
    // A day is what a notice calls a sheet by.
    if facts.get("number").is_none() {
        facts["number"] = facts["day"].clone();
    }
    facts["id"] = json!(id);
    facts["by"] = json!(who.user_id);
    facts["at"] = json!(app.clock.now());
    app.events.publish(tx, &named, id, facts).await?;
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
