//! Rules as rows (domain B.3, A-13, A-35): what may be agreed anew without a new program. A row holds from a moment
//! on, until another row of the same subject does; rows are only added, so that years later it can still be told
//! what held when a ticket came in. What ships is a default of the design and says so in its source.

pub(crate) mod http;

use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Result, invalid, refused};
use kernel::{App, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ConnectionTrait, EntityTrait, IntoActiveModel};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::text::needed;

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

/// The stamp of a row, or a row with it: every table of rules has these four columns.
macro_rules! stamp {
    ($row:ident) => {
        $crate::rule::Stamp {
            effective_from: $row.effective_from,
            recorded_at: $row.recorded_at,
            recorded_by: $row.recorded_by,
            source: $row.source,
        }
    };
}
pub(crate) use stamp;

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

/// What is ruled by the rows of one table.
pub(crate) trait Rule: Clone + Serialize + Send + Sync + Sized + 'static {
    /// What the audit trail calls it: `ticket_limit`.
    const KIND: &'static str;
    /// The table.
    type Entity: EntityTrait<
            Model: IntoActiveModel<<Self::Entity as EntityTrait>::ActiveModel> + Send + Sync,
            ActiveModel: Send,
        >;

    /// What it is about; of the rows of one subject the latest holds.
    fn subject(&self) -> String;
    /// The row of it.
    fn to_row(self, stamp: Stamp) -> Result<<Self::Entity as EntityTrait>::Model>;
    /// The rule of a row.
    fn of_row(row: <Self::Entity as EntityTrait>::Model) -> Result<Dated<Self>>;
    /// Says no to what cannot be.
    fn check(&self, tx: &Tx, beside: &Beside<Self>) -> impl Future<Output = Result<()>> + Send;
}

/// What is in force at the moment from which a rule is to hold.
pub(crate) struct Beside<R> {
    /// The row that it takes the place of.
    pub before: Option<R>,
    /// The rows of other subjects.
    pub others: Vec<R>,
}

/// Every row there is, by subject, the latest last. A handful: rules are recorded by hand.
pub(crate) async fn all<R: Rule>(conn: &impl ConnectionTrait) -> Result<Vec<Dated<R>>> {
    let rows = R::Entity::find().all(conn).await?;
    let rows = rows.into_iter().map(R::of_row);
    let mut rows: Vec<Dated<R>> = rows.collect::<Result<_>>()?;
    rows.sort_by_cached_key(|one| {
        let stamp = &one.stamp;
        (one.rule.subject(), stamp.effective_from, stamp.recorded_at)
    });
    Ok(rows)
}

/// Of rows as [`all`] gives them those that hold at `at`: the latest of each subject.
pub(crate) fn holding<R: Rule>(rows: &[Dated<R>], at: DateTime<Utc>) -> Vec<&Dated<R>> {
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
pub(crate) async fn in_force<R: Rule>(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<R>> {
    let rows = all::<R>(conn).await?;
    let held = holding(&rows, at).into_iter();
    Ok(held.map(|row| row.rule.clone()).collect())
}

/// How each of the rows stands to `now`.
fn standings<R: Rule>(rows: &[Dated<R>], now: DateTime<Utc>) -> Vec<RuleStanding> {
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
pub(crate) struct New<R> {
    pub rule: R,
    /// At once when left out.
    pub effective_from: Option<DateTime<Utc>>,
    pub source: String,
}

/// Records a row; those before stay as they are.
pub(crate) async fn set<R: Rule>(app: &App, tx: &Tx, who: &Who, new: New<R>) -> Result<Dated<R>> {
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
    let row = dated.rule.clone().to_row(dated.stamp.clone())?;
    let written = R::Entity::insert(row.into_active_model().reset_all())
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
