//! How long recordings are kept, what keeps one longer, and the proof of what was removed.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::rule::{self, Beside, Dated, Rule, Stamp};
use kernel::text::must_be_code;
use kernel::{App, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition as Where, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::archive::Archive;
use super::keeping::{Place, file, no_archive};
use crate::Telephony;

/// The shortest time a recording may be kept, in days, and the longest.
const DAYS: std::ops::RangeInclusive<u32> = 1..=36_500;
/// Rows of one page.
const BATCH: u64 = 200;
/// Holds on one recording.
const HOLDS: u64 = 200;

/// How long recordings are kept (录音保存期限). Of the rules that fit, that of queue and direction comes before that
/// of the queue, that before that of the direction, and the one of neither is for the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordingRetention {
    /// Of calls of this queue; null: of any.
    pub queue: Option<String>,
    /// `inbound` or `outbound`; null: of both.
    pub direction: Option<String>,
    /// Days from the end of the call.
    pub days: u32,
}

impl Rule for RecordingRetention {
    const KIND: &'static str = "recording_retention";

    fn subject(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
        format!("{}/{}", part(&self.queue), part(&self.direction))
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        if let Some(queue) = &self.queue {
            must_be_code("rule.queue", queue)?;
        }
        if let Some(direction) = &self.direction
            && !["inbound", "outbound"].contains(&direction.as_str())
        {
            let detail = "inbound or outbound";
            return Err(invalid("rule.direction", "direction_unknown", detail));
        }
        if !DAYS.contains(&self.days) {
            return Err(invalid("rule.days", "out_of_range", "1 to 36,500"));
        }
        Ok(())
    }
}

/// The rule for a recording, of those that hold.
fn rule_for<'a>(
    rules: &[&'a Dated<RecordingRetention>],
    queue: Option<&str>,
    direction: &str,
) -> Option<&'a Dated<RecordingRetention>> {
    let fits = |rule: &RecordingRetention| {
        let of_queue = rule.queue.is_none() || rule.queue.as_deref() == queue;
        of_queue && rule.direction.as_deref().is_none_or(|own| own == direction)
    };
    rules
        .iter()
        .copied()
        .filter(|dated| fits(&dated.rule))
        .max_by_key(|dated| (dated.rule.queue.is_some(), dated.rule.direction.is_some()))
}

kernel::table! {
    /// What keeps a recording from being removed.
    pub mod hold = "recording_holds" (
        /// Identifies the hold.
        id: Uuid,
    ) {
        /// The call.
        call_id: Uuid,
        /// Why.
        reason: String,
        /// When it was placed.
        placed_at: DateTimeUtc,
        /// Who placed it.
        placed_by: Uuid,
        /// Until when; none: until somebody releases it.
        until: Option<DateTimeUtc>,
        /// When it ended.
        released_at: Option<DateTimeUtc>,
        /// Who released it; none when its time was over.
        released_by: Option<Uuid>,
        /// Why it was released.
        release_reason: Option<String>,
    }
}

kernel::table! {
    /// The proof that a recording was removed, and by which rule.
    pub mod removal = "recording_removals" (
        /// The call.
        call_id: Uuid,
    ) {
        /// Where it lay.
        path: String,
        /// Its size.
        bytes: Option<i64>,
        /// Its SHA-256 in hex.
        sha256: Option<String>,
        /// The call's end.
        made_at: DateTimeUtc,
        /// When it was removed.
        removed_at: DateTimeUtc,
        /// The subject of the rule.
        rule: String,
        /// Days it said.
        rule_days: i64,
        /// Since when the rule held.
        rule_from: DateTimeUtc,
    }
}

/// The holds on a recording, the latest first.
pub(crate) async fn holds(conn: &impl ConnectionTrait, call: Uuid) -> Result<Vec<hold::Model>> {
    let rows = hold::Entity::find()
        .filter(hold::Column::CallId.eq(call))
        .order_by_desc(hold::Column::PlacedAt)
        .order_by_desc(hold::Column::Id)
        .limit(HOLDS)
        .all(conn)
        .await?;
    Ok(rows)
}

/// The proof of removal, if there is one.
pub(crate) async fn removal(
    conn: &impl ConnectionTrait,
    call: Uuid,
) -> Result<Option<removal::Model>> {
    Ok(removal::Entity::find_by_id(call).one(conn).await?)
}

/// The proofs of removal of these recordings.
pub(crate) async fn removals(
    conn: &impl ConnectionTrait,
    calls: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, removal::Model>> {
    let calls: Vec<Uuid> = calls.collect();
    if calls.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = removal::Entity::find()
        .filter(removal::Column::CallId.is_in(calls))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.call_id, row)).collect())
}

/// How long recordings are kept, by the rules as they hold now.
pub(crate) struct Terms {
    rows: Vec<Dated<RecordingRetention>>,
    now: DateTime<Utc>,
}

impl Terms {
    /// Reads the rules.
    pub(crate) async fn now(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Self> {
        let rows = rule::all::<RecordingRetention>(conn).await?;
        Ok(Self { rows, now })
    }

    /// Which rule says how long this recording is kept: its subject, and until when.
    pub(crate) fn due(&self, file: &file::Model) -> Option<(String, DateTime<Utc>)> {
        let held = rule::holding(&self.rows, self.now);
        let dated = rule_for(&held, file.queue.as_deref(), &file.direction)?;
        let until = file.made_at + TimeDelta::days(dated.rule.days.into());
        Some((dated.rule.subject(), until))
    }
}

fn is_removed() -> Problem {
    refused(
        "recording_removed",
        "the recording is removed, or being removed",
    )
}

/// Places a hold (证据保全): until it is released, or its time is over, nothing removes the recording.
pub(crate) async fn place(
    app: &App,
    who: &Who,
    call: Uuid,
    reason: String,
    until: Option<DateTime<Utc>>,
) -> Result<()> {
    let (now, placed_by) = (app.clock.now(), who.user_id.unwrap_or_default());
    if until.is_some_and(|until| until <= now) {
        return Err(invalid("until", "date_in_past", "a hold ends later"));
    }
    let (app, who) = (app.clone(), who.clone());
    let db = app.db.clone();
    db.write(async move |tx| {
        // The row's own lock orders this against a removal that begins at the same moment.
        let counted = file::Entity::update_many()
            .col_expr(
                file::Column::Holds,
                Expr::col(file::Column::Holds).add(1_i64),
            )
            .filter(file::Column::CallId.eq(call))
            .filter(file::Column::RemovingAt.is_null())
            .filter(file::Column::Holds.lt(HOLDS as i64))
            .exec(&*tx)
            .await?;
        if counted.rows_affected == 0 {
            let file = file::Entity::find_by_id(call).one(&*tx).await?;
            return Err(match file {
                None => not_found("recording"),
                Some(file) if file.removing_at.is_some() => is_removed(),
                Some(_) => refused("too_many_holds", "release one of its holds first"),
            });
        }
        let row = hold::Model {
            id: app.ids.next(),
            call_id: call,
            reason: reason.clone(),
            placed_at: now,
            placed_by,
            until,
            released_at: None,
            released_by: None,
            release_reason: None,
        };
        let id = row.id;
        hold::Entity::insert(row.into_active_model())
            .exec_without_returning(&*tx)
            .await?;
        let details = json!({ "hold": id, "reason": reason, "until": until });
        audit::record(&app, &*tx, &who, "recording.held", "call", call, details).await
    })
    .await
}

/// Releases a hold.
pub(crate) async fn release(
    app: &App,
    who: &Who,
    call: Uuid,
    id: Uuid,
    reason: String,
) -> Result<()> {
    let (app, who) = (app.clone(), who.clone());
    let db = app.db.clone();
    db.write(async move |tx| {
        let found = hold::Entity::find_by_id(id)
            .filter(hold::Column::CallId.eq(call))
            .one(&*tx)
            .await?
            .ok_or_else(|| not_found("hold"))?;
        if !end(&tx, &found, app.clock.now(), who.user_id, &reason).await? {
            return Err(refused("hold_released", "the hold is released already"));
        }
        let details = json!({ "hold": id, "reason": reason, "placed_for": found.reason });
        audit::record(
            &app,
            &*tx,
            &who,
            "recording.released",
            "call",
            call,
            details,
        )
        .await
    })
    .await
}

/// Ends a hold once; `false` when it was ended before.
async fn end(
    tx: &Tx,
    hold: &hold::Model,
    now: DateTime<Utc>,
    by: Option<Uuid>,
    reason: &str,
) -> Result<bool> {
    let ended = hold::Entity::update_many()
        .col_expr(hold::Column::ReleasedAt, Expr::value(now))
        .col_expr(hold::Column::ReleasedBy, Expr::value(by))
        .col_expr(hold::Column::ReleaseReason, Expr::value(reason))
        .filter(hold::Column::Id.eq(hold.id))
        .filter(hold::Column::ReleasedAt.is_null())
        .exec(&**tx)
        .await?;
    if ended.rows_affected == 0 {
        return Ok(false);
    }
    file::Entity::update_many()
        .col_expr(
            file::Column::Holds,
            Expr::col(file::Column::Holds).sub(1_i64),
        )
        .filter(file::Column::CallId.eq(hold.call_id))
        .exec(&**tx)
        .await?;
    Ok(true)
}

/// Ends the holds whose time is over; each stands in the audit trail.
async fn end_expired(app: &App, now: DateTime<Utc>) -> Result<()> {
    loop {
        let over = hold::Entity::find()
            .filter(hold::Column::ReleasedAt.is_null())
            .filter(hold::Column::Until.lte(now))
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        if over.is_empty() {
            return Ok(());
        }
        for hold in over {
            let (app, who) = (app.clone(), Who::system("telephony"));
            let db = app.db.clone();
            db.write(async move |tx| {
                let (call, id) = (hold.call_id, hold.id);
                end(&tx, &hold, now, None, "到期").await?;
                let details = json!({ "hold": id, "until": hold.until });
                let action = "recording.released";
                audit::record(&app, &*tx, &who, action, "call", call, details).await
            })
            .await?;
        }
    }
}

/// Removes every recording whose time is over and that nothing holds; how many. What a killed process began is
/// ended first.
pub async fn remove_due(app: &App, archive: Option<&Archive>) -> Result<usize> {
    let now = app.clock.now();
    end_expired(app, now).await?;
    let rows = rule::all::<RecordingRetention>(app.db.read()).await?;
    remove_by(app, archive, &rule::holding(&rows, now), now).await
}

/// Removes every recording that no hold keeps, whatever its term, because the contract is over: how many, and how many
/// are held.
pub async fn remove_all(telephony: &Telephony) -> Result<(u64, u64)> {
    let (app, archive) = (telephony.app(), telephony.archive());
    let now = app.clock.now();
    end_expired(app, now).await?;
    let over = Dated {
        rule: RecordingRetention {
            queue: None,
            direction: None,
            days: 0,
        },
        stamp: Stamp {
            effective_from: now,
            recorded_at: now,
            recorded_by: None,
            source: "合同终止".to_owned(),
        },
    };
    let gone = remove_by(app, archive, &[&over], now).await?;
    let held = file::Entity::find()
        .filter(file::Column::RemovedAt.is_null())
        .filter(file::Column::Holds.gt(0))
        .count(app.db.read())
        .await?;
    Ok((gone as u64, held))
}

async fn remove_by(
    app: &App,
    archive: Option<&Archive>,
    rules: &[&Dated<RecordingRetention>],
    now: DateTime<Utc>,
) -> Result<usize> {
    let Some(shortest) = rules.iter().map(|dated| dated.rule.days).min() else {
        return Ok(0);
    };
    let old = now - TimeDelta::days(shortest.into());
    let (mut gone, mut problem) = (0, None);
    let mut after: Option<Uuid> = None;
    loop {
        let begun_or_old = Where::any()
            .add(file::Column::RemovingAt.is_not_null())
            .add(file::Column::MadeAt.lte(old));
        let page = file::Entity::find()
            .filter(file::Column::RemovedAt.is_null())
            .filter(begun_or_old)
            .filter(Where::all().add_option(after.map(|id| file::Column::CallId.gt(id))))
            .order_by_asc(file::Column::CallId)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(last.call_id);
        for file in page {
            let Some(dated) = rule_for(rules, file.queue.as_deref(), &file.direction) else {
                continue;
            };
            let over = file.made_at + TimeDelta::days(dated.rule.days.into()) <= now;
            if file.removing_at.is_none() && !(over && begin(app, file.call_id, now).await?) {
                continue;
            }
            let call = file.call_id;
            match remove(app, archive, file, dated).await {
                Ok(()) => gone += 1,
                Err(error) => {
                    tracing::warn!(%call, %error, "recording not removed; tried again later");
                    problem.get_or_insert(error);
                }
            }
        }
    }
    match problem {
        Some(problem) => Err(problem),
        None => Ok(gone),
    }
}

/// From here on no hold can be placed; `false` when one stands.
async fn begin(app: &App, call: Uuid, now: DateTime<Utc>) -> Result<bool> {
    app.db
        .write(async move |tx| {
            let begun = file::Entity::update_many()
                .col_expr(file::Column::RemovingAt, Expr::value(now))
                .filter(file::Column::CallId.eq(call))
                .filter(file::Column::RemovingAt.is_null())
                .filter(file::Column::Holds.eq(0))
                .exec(&*tx)
                .await?;
            Ok(begun.rows_affected == 1)
        })
        .await
}

/// Takes the file away, wherever it lies, and then writes the proof.
async fn remove(
    app: &App,
    archive: Option<&Archive>,
    file: file::Model,
    dated: &Dated<RecordingRetention>,
) -> Result<()> {
    if file.place != Place::Local.as_str() {
        let archive = archive.ok_or_else(no_archive)?;
        archive.remove(&file.path).await?;
    }
    app.files.remove(&file.path).await?;
    let now = app.clock.now();
    let proof = removal::Model {
        call_id: file.call_id,
        path: file.path,
        bytes: file.bytes,
        sha256: file.sha256,
        made_at: file.made_at,
        removed_at: now,
        rule: dated.rule.subject(),
        rule_days: dated.rule.days.into(),
        rule_from: dated.stamp.effective_from,
    };
    let app = app.clone();
    let db = app.db.clone();
    db.write(async move |tx| {
        let call = proof.call_id;
        let details = json!({
            "sha256": proof.sha256, "bytes": proof.bytes, "made_at": proof.made_at,
            "rule": proof.rule, "days": proof.rule_days,
        });
        let marked = file::Entity::update_many()
            .col_expr(file::Column::RemovedAt, Expr::value(now))
            .filter(file::Column::CallId.eq(call))
            .filter(file::Column::RemovedAt.is_null())
            .exec(&*tx)
            .await?;
        if marked.rows_affected == 0 {
            // Another run was faster.
            return Ok(());
        }
        removal::Entity::insert(proof.into_active_model())
            .on_conflict_do_nothing()
            .exec_without_returning(&*tx)
            .await?;
        let who = Who::system("telephony");
        audit::record(&app, &*tx, &who, "recording.removed", "call", call, details).await?;
        // What others keep of it goes with it.
        let facts = json!({ "id": call });
        app.events
            .publish(&tx, "recording.removed", call, facts)
            .await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_rule_says_how_long() {
        let dated = |queue: Option<&str>, direction: Option<&str>, days| Dated {
            rule: RecordingRetention {
                queue: queue.map(str::to_owned),
                direction: direction.map(str::to_owned),
                days,
            },
            stamp: Stamp {
                effective_from: DateTime::UNIX_EPOCH,
                recorded_at: DateTime::UNIX_EPOCH,
                recorded_by: None,
                source: String::new(),
            },
        };
        let rows = [
            dated(None, None, 1),
            dated(None, Some("outbound"), 2),
            dated(Some("exams"), None, 3),
            dated(Some("exams"), Some("outbound"), 4),
        ];
        let rules: Vec<_> = rows.iter().collect();
        for (queue, direction, days) in [
            (None, "inbound", 1),
            (Some("hotline"), "inbound", 1),
            (Some("hotline"), "outbound", 2),
            (Some("exams"), "inbound", 3),
            (Some("exams"), "outbound", 4),
        ] {
            let found = rule_for(&rules, queue, direction).unwrap();
            assert_eq!(found.rule.days, days, "{queue:?} {direction}");
        }
        assert!(rule_for(&rules[2..], None, "inbound").is_none());
    }
}
