//! The outbox: one row for each notice and way, written with the notice, sent afterwards until it arrives.

pub mod http;
pub(crate) mod worker;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found, refused};
use kernel::{App, Config};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Set, Statement,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::address::Reached;
use crate::mail::Mailer;
use crate::notice::row as notice;
use crate::sms::Gateway;

/// How a notice comes to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The bell.
    Console,
    /// E-mail.
    Email,
    /// A text message to a mobile.
    Sms,
}

impl Way {
    /// Every way.
    pub const ALL: &'static [Way] = &[Way::Console, Way::Email, Way::Sms];

    /// The code stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|way| way.as_str() == code)
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its first attempt.
    Pending,
    /// Taken by the other side; in the console: there.
    Sent,
    /// The last attempt failed; another comes.
    Failed,
    /// Given up, until somebody sends it again.
    Dead,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

kernel::table! {
    /// One notice on one way; its id goes with the message and never changes.
    pub mod row = "notice_deliveries" (id: Uuid) {
        notice_id: Uuid,
        user_id: Uuid,
        kind: String,
        way: String,
        state: String,
        attempts: i32,
        made_at: DateTimeUtc,
        next_at: DateTimeUtc,
        sent_at: Option<DateTimeUtc>,
        claimed_by: Option<String>,
        claimed_until: Option<DateTimeUtc>,
        last_error: Option<String>,
    }
}

use row::Column;

/// What carries messages out of the house, and what wakes those who send.
#[derive(Clone)]
pub(crate) struct Outbox {
    mailer: Option<Mailer>,
    gateway: Option<Gateway>,
    pub(crate) wake: Wake,
}

/// One bell for each way that leaves the house.
#[derive(Clone, Default)]
pub(crate) struct Wake {
    email: Arc<Notify>,
    sms: Arc<Notify>,
}

impl Wake {
    /// There may be something to send.
    pub(crate) fn ring(&self) {
        self.email.notify_one();
        self.sms.notify_one();
    }
}

impl Outbox {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            mailer: Mailer::from_config(config)?,
            gateway: Gateway::from_config(config)?,
            wake: Wake::default(),
        })
    }

    /// Whether a message can leave on this way to somebody who is reached so.
    pub(crate) fn goes(&self, way: Way, reached: Option<&Reached>) -> bool {
        match way {
            Way::Console => true,
            Way::Email => {
                self.mailer.is_some() && reached.is_some_and(|reached| reached.email.is_some())
            }
            Way::Sms => {
                self.gateway.is_some() && reached.is_some_and(|reached| reached.mobile.is_some())
            }
        }
    }
}

/// Puts a notice on a way; in the console it is there at once.
pub(crate) async fn put(
    app: &App,
    conn: &impl ConnectionTrait,
    notice: &notice::Model,
    way: Way,
) -> Result<()> {
    let now = app.clock.now();
    let arrived = way == Way::Console;
    let state = if arrived { State::Sent } else { State::Pending };
    let delivery = row::ActiveModel {
        id: Set(app.ids.next()),
        notice_id: Set(notice.id),
        user_id: Set(notice.user_id),
        kind: Set(notice.kind.clone()),
        way: Set(way.as_str().to_owned()),
        state: Set(state.as_str().to_owned()),
        attempts: Set(0),
        made_at: Set(now),
        next_at: Set(now),
        sent_at: Set(arrived.then_some(now)),
        claimed_by: Set(None),
        claimed_until: Set(None),
        last_error: Set(None),
    };
    row::Entity::insert(delivery)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// A row is free when it is due and no living worker holds it.
const FREE: &str = "way = $1 and state in ('pending', 'failed') and next_at <= $2 \
    and (claimed_until is null or claimed_until < $2)";

/// Whether something is due on this way.
pub(crate) async fn is_due(
    conn: &impl ConnectionTrait,
    way: Way,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = format!("select id from notice_deliveries where {FREE} limit 1");
    let values = [way.as_str().into(), now.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_one_raw(statement).await?.is_some())
}

/// Takes at most `limit` due deliveries, counting the attempt. The condition stands twice: on `PostgreSQL` a
/// second claimant waits for the first one's row and then looks again at the outer condition alone.
pub(crate) async fn claim(
    conn: &impl ConnectionTrait,
    way: Way,
    node: &str,
    (now, lasting): (DateTime<Utc>, TimeDelta),
    limit: u64,
) -> Result<Vec<row::Model>> {
    let sql = format!(
        "update notice_deliveries set attempts = attempts + 1, claimed_by = $3, claimed_until = $4 \
         where {FREE} and id in (select id from notice_deliveries where {FREE} \
         order by next_at, id limit {limit}) returning *"
    );
    let values = [
        way.as_str().into(),
        now.into(),
        node.into(),
        (now + lasting).into(),
    ];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let mut claimed = row::Entity::find()
        .from_raw_sql(statement)
        .all(conn)
        .await?;
    claimed.sort_by_key(|row| row.id);
    Ok(claimed)
}

/// Gives back what a process that died had claimed: on `SQLite` all of it, since there is one process; else what
/// this node had claimed.
pub(crate) async fn release(conn: &impl ConnectionTrait, node: &str) -> Result<u64> {
    let mut given_back = row::Entity::update_many()
        .col_expr(Column::ClaimedBy, Expr::value(Option::<String>::None))
        .col_expr(
            Column::ClaimedUntil,
            Expr::value(Option::<DateTime<Utc>>::None),
        )
        .filter(Column::ClaimedBy.is_not_null());
    if conn.get_database_backend() != DbBackend::Sqlite {
        given_back = given_back.filter(Column::ClaimedBy.eq(node));
    }
    Ok(given_back.exec(conn).await?.rows_affected)
}

/// Writes down how the attempt of a claimed delivery ended; false when its claim was lost meanwhile.
pub(crate) async fn finish(
    conn: &impl ConnectionTrait,
    delivery: &row::Model,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (state, next_at, error) = match outcome {
        Outcome::Sent => (State::Sent, now, None),
        Outcome::Failed { again_at, error } => (State::Failed, again_at, Some(error)),
        Outcome::Dead { error } => (State::Dead, now, Some(error)),
    };
    let done = row::Entity::update_many()
        .col_expr(Column::State, Expr::value(state.as_str()))
        .col_expr(Column::NextAt, Expr::value(next_at))
        .col_expr(
            Column::SentAt,
            Expr::value((state == State::Sent).then_some(now)),
        )
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::ClaimedBy, Expr::value(Option::<String>::None))
        .col_expr(
            Column::ClaimedUntil,
            Expr::value(Option::<DateTime<Utc>>::None),
        )
        .filter(Column::Id.eq(delivery.id))
        .filter(Column::ClaimedBy.eq(delivery.claimed_by.clone()))
        .filter(Column::Attempts.eq(delivery.attempts))
        .exec(conn)
        .await?;
    Ok(done.rows_affected > 0)
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The other side took it.
    Sent,
    /// It did not; it is tried again.
    Failed {
        /// When.
        again_at: DateTime<Utc>,
        /// Why.
        error: String,
    },
    /// It did not, and is given up.
    Dead {
        /// Why.
        error: String,
    },
}

/// When the next attempt on this way is due.
pub(crate) async fn next(conn: &impl ConnectionTrait, way: Way) -> Result<Option<DateTime<Utc>>> {
    Ok(row::Entity::find()
        .select_only()
        .column(Column::NextAt)
        .filter(Column::Way.eq(way.as_str()))
        .filter(Column::State.is_in(["pending", "failed"]))
        .order_by_asc(Column::NextAt)
        .into_tuple()
        .one(conn)
        .await?)
}

/// What a list of deliveries may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `pending`, `sent`, `failed` or `dead`.
    #[param(inline)]
    pub state: Option<State>,
    /// `console`, `email` or `sms`; all that leave the house unless told.
    #[param(inline)]
    pub way: Option<Way>,
    /// Only of notices of this kind.
    pub kind: Option<String>,
    /// Only to this person.
    pub user: Option<Uuid>,
    /// Only made at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Only made before this time.
    pub to: Option<DateTime<Utc>>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let mut select = row::Entity::find();
    select = match filter.way {
        Some(way) => select.filter(Column::Way.eq(way.as_str())),
        None => select.filter(Column::Way.ne(Way::Console.as_str())),
    };
    if let Some(state) = filter.state {
        select = select.filter(Column::State.eq(state.as_str()));
    }
    if let Some(kind) = &filter.kind {
        select = select.filter(Column::Kind.eq(kind));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::MadeAt.gte(from));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::MadeAt.lt(to));
    }
    let sortable = &[("made_at", Column::MadeAt), ("next_at", Column::NextAt)];
    paginate(conn, select, query, sortable, Column::Id).await
}

/// Makes a failed or dead delivery due again, under the same id.
pub(crate) async fn replay(
    conn: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<row::Model> {
    let revived = row::Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Pending.as_str()))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.is_in([State::Failed.as_str(), State::Dead.as_str()]))
        .filter(Column::ClaimedBy.is_null())
        .exec(conn)
        .await?;
    let row = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("delivery"))?;
    if revived.rows_affected == 0 {
        let detail = format!("the delivery is `{}`", row.state);
        return Err(refused("delivery_not_given_up", detail).with("state", row.state));
    }
    Ok(row)
}

fn way_of(row: &row::Model) -> Result<Way> {
    Way::parse(&row.way).ok_or_else(|| internal(format!("delivery {} has no valid way", row.id)))
}
