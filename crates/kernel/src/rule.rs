//! Rules as rows: what may be agreed anew without a new program. A row holds from a moment
//! on, until another row of the same subject does; rows are only added, so that years later it can still be told
//! what held when a ticket came in. What ships is a default of the design and says so in its source.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::{self, Who};
use crate::problem::{Result, internal, invalid, refused};
use crate::text::needed;
use crate::{App, Tx};

crate::table! {
    mod row = "rules" (kind: String, subject: String, effective_from: DateTimeUtc, recorded_at: DateTimeUtc) {
        recorded_by: Option<Uuid>,
        source: String,
        body: Json,
    }
}

/// How far ahead a row may be recorded.
const FURTHEST: TimeDelta = TimeDelta::days(3_660);

/// From when a row holds, who recorded it when, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// When it was recorded; shipped rows with the product.
    pub recorded_at: DateTime<Utc>,
    /// Who recorded it; none for a shipped row.
    pub recorded_by: Option<Uuid>,
    /// Where it stands: the document, the agreement.
    pub source: String,
}

/// A rule with its stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<R> {
    /// What it says.
    pub rule: R,
    /// Since when.
    pub stamp: Stamp,
}

/// How a row stands to the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleStanding {
    /// 待生效
    Coming,
    /// 生效中
    InForce,
    /// 已被取代
    Superseded,
}

/// A kind of rules. A rule is kept as its JSON: what was recorded must be readable for good, so a field that comes
/// later needs a default.
pub trait Rule: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What the table and the audit trail call it: `ticket_limit`.
    const KIND: &'static str;

    /// What it is about; of the rows of one subject the latest holds.
    fn subject(&self) -> String;
    /// Says no to what cannot be.
    fn check(&self, tx: &Tx, beside: &Beside<Self>) -> impl Future<Output = Result<()>> + Send;
}

/// What is in force at the moment from which a rule is to hold.
#[derive(Debug)]
pub struct Beside<R> {
    /// The row that it takes the place of.
    pub before: Option<R>,
    /// The rows of other subjects.
    pub others: Vec<R>,
}

/// Every row there is, by subject, the latest last. A handful: rules are recorded by hand.
pub async fn all<R: Rule>(conn: &impl ConnectionTrait) -> Result<Vec<Dated<R>>> {
    let rows = row::Entity::find()
        .filter(row::Column::Kind.eq(R::KIND))
        .order_by_asc(row::Column::Subject)
        .order_by_asc(row::Column::EffectiveFrom)
        .order_by_asc(row::Column::RecordedAt)
        .all(conn)
        .await?;
    let read = |row: row::Model| {
        let rule = serde_json::from_value(row.body)
            .map_err(|error| internal(format!("{} {}: {error}", R::KIND, row.subject)))?;
        let stamp = Stamp {
            effective_from: row.effective_from,
            recorded_at: row.recorded_at,
            recorded_by: row.recorded_by,
            source: row.source,
        };
        Ok(Dated { rule, stamp })
    };
    rows.into_iter().map(read).collect()
}

/// Of rows as [`all`] gives them those that hold at `at`: the latest of each subject.
pub fn holding<R: Rule>(rows: &[Dated<R>], at: DateTime<Utc>) -> Vec<&Dated<R>> {
    let mut held: Vec<&Dated<R>> = Vec::new();
    for row in rows.iter().filter(|row| row.stamp.effective_from <= at) {
        match held.last_mut() {
            Some(last) if last.rule.subject() == row.rule.subject() => *last = row,
            _ => held.push(row),
        }
    }
    held
}

/// The rules that hold at `at`, one for each subject.
pub async fn in_force<R: Rule>(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Vec<R>> {
    let rows = all::<R>(conn).await?;
    let held = holding(&rows, at).into_iter();
    Ok(held.map(|row| row.rule.clone()).collect())
}

/// How each of the rows stands to `now`.
pub fn standings<R: Rule>(rows: &[Dated<R>], now: DateTime<Utc>) -> Vec<RuleStanding> {
    let next = rows.iter().skip(1).map(Some).chain([None]);
    let standing = |(row, next): (&Dated<R>, Option<&Dated<R>>)| {
        let from = row.stamp.effective_from;
        let next = next.filter(|next| next.rule.subject() == row.rule.subject());
        match next.map(|next| next.stamp.effective_from) {
            // Of two rows from the same moment on, the one recorded last holds.
            Some(replaced) if replaced <= now || replaced == from => RuleStanding::Superseded,
            _ if from <= now => RuleStanding::InForce,
            _ => RuleStanding::Coming,
        }
    };
    rows.iter().zip(next).map(standing).collect()
}

/// A row to be recorded.
#[derive(Debug, Clone)]
pub struct New<R> {
    /// What it says.
    pub rule: R,
    /// From when it holds; at once when left out.
    pub effective_from: Option<DateTime<Utc>>,
    /// Where it stands: the document, the agreement.
    pub source: String,
}

/// Records a row; those before stay as they are.
pub async fn set<R: Rule>(app: &App, tx: &Tx, who: &Who, new: New<R>) -> Result<Dated<R>> {
    let now = app.clock.now();
    let effective_from = new.effective_from.unwrap_or(now);
    let source = needed("source", &new.source)?;
    if effective_from < now {
        return Err(invalid(
            "effective_from",
            "date_in_past",
            "what was in force stays as it was",
        )
        .with_way_out("leave effective_from out, and it holds at once"));
    }
    if effective_from > now + FURTHEST {
        return Err(invalid(
            "effective_from",
            "date_too_far",
            "at most ten years ahead",
        ));
    }
    let rows = all::<R>(&**tx).await?;
    let subject = new.rule.subject();
    let (mut before, mut others) = (None, Vec::new());
    for row in holding(&rows, effective_from) {
        if row.rule.subject() == subject {
            before = Some(row.rule.clone());
        } else {
            others.push(row.rule.clone());
        }
    }
    let beside = Beside { before, others };
    new.rule.check(tx, &beside).await?;
    let dated = Dated {
        rule: new.rule,
        stamp: Stamp {
            effective_from,
            recorded_at: now,
            recorded_by: who.user_id,
            source,
        },
    };
    let row = row::ActiveModel {
        kind: Set(R::KIND.to_owned()),
        subject: Set(subject.clone()),
        effective_from: Set(effective_from),
        recorded_at: Set(now),
        recorded_by: Set(who.user_id),
        source: Set(dated.stamp.source.clone()),
        body: Set(serde_json::to_value(&dated.rule).map_err(internal)?),
    };
    let written = row::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    if written == 0 {
        return Err(refused(
            "rule_just_set",
            "another row of this rule was recorded in this very moment",
        )
        .with_way_out("read it, and send yours again"));
    }
    let details = json!({
        "rule": dated.rule, "before": beside.before, "effective_from": effective_from,
        "source": dated.stamp.source,
    });
    let action = format!("{}.set", R::KIND);
    audit::record(app, &**tx, who, &action, R::KIND, subject, details).await?;
    Ok(dated)
}
