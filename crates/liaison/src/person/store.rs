//! The rows of liaison persons.

use chrono::NaiveDate;
use kernel::problem::{Result, not_found, refused};
use kernel::versioned::Versioned as _;
use kernel::{Side, Tx, numbers};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{LiaisonStanding, Term, clash};
use crate::side;
use kernel::day;

/// Liaison persons that are looked at, of all times; they change a few times a year.
const MOST: u64 = 500;

kernel::table! {
    /// One term of one liaison person.
    pub mod row = "liaison_persons" (id: Uuid) {
        side: String,
        user_id: Uuid,
        standing: String,
        from_day: String,
        until_day: Option<String>,
        phone: Option<String>,
        ways: Json,
        named_by: Option<Uuid>,
        named_at: DateTimeUtc,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |person| format!("liaison person `{}`", person.id));

impl row::Model {
    /// From when until when.
    pub fn term(&self) -> Result<Term> {
        Ok(Term {
            from: day::read(&self.from_day)?,
            until: day::maybe(self.until_day.as_deref())?,
        })
    }

    /// He is the first contact.
    pub fn is_primary(&self) -> bool {
        self.standing == LiaisonStanding::Primary.as_str()
    }
}

/// All terms, of one side or both, the newest first.
pub(crate) async fn all(conn: &impl ConnectionTrait, of: Option<Side>) -> Result<Vec<row::Model>> {
    let mut select = row::Entity::find();
    if let Some(of) = of {
        select = select.filter(Column::Side.eq(side::text(of)));
    }
    Ok(select
        .order_by_desc(Column::FromDay)
        .order_by_desc(Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("liaison person"))
}

/// Who speaks for a side on a day: the first contact first, then the substitutes.
pub(crate) async fn on(
    conn: &impl ConnectionTrait,
    of: Side,
    day: NaiveDate,
) -> Result<Vec<row::Model>> {
    let mut held = Vec::new();
    for person in all(conn, Some(of)).await? {
        if person.term()?.holds_on(day) {
            held.push(person);
        }
    }
    held.sort_by_key(|person| (!person.is_primary(), person.named_at));
    Ok(held)
}

/// Says no where the side would have two first contacts on a day. Who names somebody for the same side at the same
/// time waits for the other and sees what he wrote.
pub(crate) async fn must_be_alone(tx: &Tx, of: Side, term: &Term, but: Option<Uuid>) -> Result<()> {
    numbers::next_many(&**tx, format!("liaison_persons/{}", side::text(of)), 1).await?;
    let mut others = Vec::new();
    for person in all(&**tx, Some(of)).await? {
        if person.is_primary() && Some(person.id) != but {
            others.push((person.term()?, person));
        }
    }
    let terms: Vec<Term> = others.iter().map(|(term, _)| *term).collect();
    let Some(found) = clash(&terms, term) else {
        return Ok(());
    };
    let (held, other) = &others[found];
    let detail = format!(
        "{} is the side's first contact on a day of this term",
        other.what()
    );
    Err(refused("liaison_primary_overlaps", detail)
        .with("person_id", other.id.to_string())
        .with("from_day", held.from.to_string())
        .with("until_day", held.until.map(|day| day.to_string()))
        .with_way_out("end the other term first, or name a substitute"))
}
