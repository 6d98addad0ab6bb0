//! What learning tells of a person: the purchaser's certificate, a typing test, the last failed try. Each counts once
//! by the event that brought it; the server wires them.

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::versioned;
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::qualification::Item;
use crate::replacement::ReplacementCause;
use crate::replacement::store as replacements;
use crate::replacement::store::New;
use crate::staff::StaffState;
use crate::staff::evidence::EvidenceState;
use crate::staff::store::{self, evidence};
use crate::staff::verbs::{Certificate, certify};
use kernel::day;

/// Something that happened in learning.
#[derive(Debug, Clone)]
pub struct Learned {
    /// Whose.
    pub user: Uuid,
    /// The event's id.
    pub event: Uuid,
    /// The day.
    pub on: NaiveDate,
}

async fn is_known(tx: &Tx, event: Uuid) -> Result<bool> {
    let found = evidence::Entity::find()
        .filter(evidence::Column::SourceEvent.eq(event.to_string()))
        .one(&**tx)
        .await?;
    Ok(found.is_some())
}

/// The purchaser's role issued a certificate: it goes into the staff file, and he passed.
pub async fn certified(
    app: &App,
    tx: &Tx,
    who: &Who,
    learned: &Learned,
    (number, until, score): (&str, Option<NaiveDate>, Option<i64>),
) -> Result<()> {
    let Some(staff) = store::of_user(&**tx, learned.user).await? else {
        return Ok(());
    };
    if is_known(tx, learned.event).await? {
        return Ok(());
    }
    let mut staff = store::held(tx, staff.id).await?;
    if staff.state == StaffState::Candidate.as_str() {
        let action = crate::staff::Action::BeginTraining;
        staff = store::act(
            app,
            tx,
            who,
            &staff,
            &action,
            ("training_begun", None),
            |_| {},
        )
        .await?;
    }
    let certificate = Certificate {
        number: number.to_owned(),
        on: learned.on,
        until,
        score,
        source_event: Some(learned.event.to_string()),
    };
    // Who left or is suspended meanwhile has his certificate in the learning's records.
    match certify(app, tx, who, &staff, certificate).await {
        Err(problem) if problem.status >= 500 => Err(problem),
        _ => Ok(()),
    }
}

/// The purchaser's role revoked a certificate: it proves nothing any more.
pub async fn revoked(
    app: &App,
    tx: &Tx,
    who: &Who,
    user: Uuid,
    (number, reason): (&str, &str),
) -> Result<()> {
    let Some(staff) = store::of_user(&**tx, user).await? else {
        return Ok(());
    };
    for before in store::evidence_of(&**tx, &[staff.id]).await? {
        let is_it = before.item == Item::PreJob.as_str()
            && before.state == EvidenceState::Verified.as_str()
            && before.details["note"] == number;
        if !is_it {
            continue;
        }
        let mut after = before.clone();
        EvidenceState::Withdrawn
            .as_str()
            .clone_into(&mut after.state);
        after.check_note = Some(reason.to_owned());
        let after = versioned::save(app, &**tx, &before, after).await?;
        let mut facts = staff.facts();
        facts["item"] = json!(after.item);
        facts["evidence_id"] = json!(after.id);
        let said = format!("{} {reason}", after.item);
        let scribe = staff.scribe(app, tx, who);
        scribe
            .tell("evidence_withdrawn", Some(&said), facts)
            .await?;
    }
    Ok(())
}

/// A typing test of the learning was taken: its figures are evidence as they are.
pub async fn typing_passed(
    app: &App,
    tx: &Tx,
    who: &Who,
    learned: &Learned,
    (correct, seconds): (i64, i64),
) -> Result<()> {
    let Some(staff) = store::of_user(&**tx, learned.user).await? else {
        return Ok(());
    };
    if is_known(tx, learned.event).await? {
        return Ok(());
    }
    let now = app.clock.now();
    let piece = evidence::Model {
        id: app.ids.next(),
        staff_id: staff.id,
        item: Item::Typing.as_str().to_owned(),
        issued_on: day::text(learned.on),
        until_day: None,
        level: None,
        number: Some(correct),
        seconds: Some(seconds),
        issuer: None,
        details: json!({ "scorecard": [], "note": null }),
        state: EvidenceState::Verified.as_str().to_owned(),
        warned_days: None,
        source_event: Some(learned.event.to_string()),
        added_by: None,
        added_at: now,
        checked_by: None,
        checked_at: Some(now),
        check_note: None,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &piece).await?;
    let mut facts = staff.facts();
    facts["item"] = json!(piece.item);
    facts["evidence_id"] = json!(piece.id);
    let scribe = staff.scribe(app, tx, who);
    scribe
        .tell("evidence_verified", Some(piece.item.as_str()), facts)
        .await
}

/// The last try of the exam failed: a replacement opens, for which nothing could be announced.
pub async fn failed_finally(app: &App, tx: &Tx, who: &Who, learned: &Learned) -> Result<()> {
    let Some(staff) = store::of_user(&**tx, learned.user).await? else {
        return Ok(());
    };
    if replacements::of_source(&**tx, learned.event).await? {
        return Ok(());
    }
    let new = New {
        staff_id: staff.id,
        cause: ReplacementCause::ExamFailed,
        reason: "the last try of the exam failed (A-52)".to_owned(),
        sudden: true,
        last_day: learned.on,
        demand_id: None,
        source_event: Some(learned.event.to_string()),
    };
    match replacements::open(app, tx, who, new).await {
        // One is under way already, for this or another reason.
        Err(problem) if problem.code == "replacement_under_way" => Ok(()),
        Err(problem) => Err(problem),
        Ok(_opened) => Ok(()),
    }
}
