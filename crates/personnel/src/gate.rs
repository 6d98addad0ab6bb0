//! Who may take work, and whose account may be in use: asked by the floor and by the organization.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, refused};
use kernel::versioned::Versioned as _;
use kernel::{App, Side};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use crate::agreed;
use crate::qualification::{self, Item};
use crate::staff::StaffState;
use crate::staff::store::{self, lacking};
use kernel::day;

/// `Ok` when this user may take calls and messages at `now`: he is on post and lacks nothing mandatory. Who
/// has no staff file may until the rule `work_gate` asks for one.
pub async fn may_take_work(app: &App, user: Uuid) -> Result<()> {
    let (conn, now) = (app.db.read(), app.clock.now());
    let Some(staff) = store::of_user(conn, user).await? else {
        if agreed::file_required(conn, now).await? {
            return Err(refused(
                "staff_file_missing",
                "nobody takes work without a staff file",
            )
            .with_way_out("HR makes the file, the purchaser certifies the pass")
            .with("help", json!(["hr_compliance", "purchaser_admin"])));
        }
        return Ok(());
    };
    let missing = qualification::blocking(&store::findings(app, conn, &staff).await?);
    if staff.state != StaffState::OnPost.as_str() {
        let detail = format!(
            "{} is `{}`: learning is open, work is not",
            staff.what(),
            staff.state
        );
        let problem = refused("not_on_post", detail)
            .with_way_out("HR completes the file, the purchaser certifies the pass, operations gives the post")
            .with("state", staff.state.as_str());
        return Err(lacking(problem, &missing));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!("{} lacks what it had to be on post", staff.what());
    let problem = refused("qualification_lapsed", detail)
        .with_way_out("HR renews the evidence, or the purchaser waives it for a time")
        .with("state", staff.state.as_str());
    Err(lacking(problem, &missing))
}

/// `Ok` when the account of this user of this side may be in use: his confidentiality agreement of the version in
/// force is signed and checked. Only the supplier's people are asked for it.
pub async fn may_be_active(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    user: Uuid,
    side: Side,
) -> Result<()> {
    if side != Side::Supplier {
        return Ok(());
    }
    let rules = agreed::rulebook(conn, now).await?;
    let staff = store::of_user(conn, user).await?;
    let Some(staff) = staff else {
        if agreed::file_required(conn, now).await? {
            return Err(nda_missing(&rules.nda));
        }
        return Ok(());
    };
    let known = store::known(conn, std::slice::from_ref(&staff)).await?;
    let findings = known
        .get(&staff.id)
        .map(|known| known.on(&rules, day::of(now)));
    let signed = findings
        .iter()
        .flatten()
        .any(|finding| finding.item == Item::Nda && !finding.blocks());
    if signed {
        return Ok(());
    }
    Err(nda_missing(&rules.nda))
}

fn nda_missing(version: &str) -> kernel::Problem {
    let detail = format!("no checked confidentiality agreement of version `{version}` (A-55)");
    refused("nda_missing", detail)
        .with_field("disabled")
        .with_way_out("HR adds the signed agreement to the staff file of this account, somebody else checks it")
        .with("nda_version", version)
        .with("help", json!(["hr_compliance"]))
}
