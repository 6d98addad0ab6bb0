//! What everything here leaves behind: the audit entry, the event and the news to open screens.

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Tx};
use organization::trail::Deed;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use organization::colleagues::of_roles as holders;

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
    let deed = Deed {
        app,
        tx,
        who,
        kind,
        id,
    };
    let audience = audience(kind, &facts);
    let kept = facts.clone();
    let mut facts = facts;
    // A day is what a notice calls a sheet by.
    if facts.get("number").is_none() {
        facts["number"] = facts["day"].clone();
    }
    deed.publish(action, kept, facts).await?;
    deed.live("workforce", audience, action);
    Ok(())
}
