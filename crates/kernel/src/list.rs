//! Lists with keyset cursors. Every list is bounded: at most 200 rows a page, counting stops at 10,000.
//!
//! What is looked for in text goes through [`containing`] and [`beginning_with`]: a plain `LIKE` minds the
//! case on one database and not on the other. In a table that grows without end words are found by its
//! [`WordIndex`](crate::search::WordIndex), and its pages are made by [`paginate_found`].

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, FunctionCall, LikeExpr, Order, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, ModelTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, Value,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Result, bad_request, internal};

const PER_PAGE: u64 = 50;
const MAX_PER_PAGE: u64 = 200;
const MAX_TOTAL: u64 = 10_000;
const MAX_SEARCH: usize = 200;
/// Rows that words found and that are looked at for one page.
pub const FOUND: usize = 2_000;

/// The query parameters that every list takes.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Rows a page, 1 to 200; 50 unless told.
    pub per_page: Option<u64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// A sortable field; `-field` for descending.
    pub sort: Option<String>,
    /// Words to look for.
    pub q: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last.
    pub next: Option<String>,
    /// How many rows there are, at most 10,000.
    pub total: u64,
    /// There are more than `total`.
    pub total_capped: bool,
}

impl<T> Page<T> {
    /// The same page with each row turned into another shape.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(shape).collect(),
            next: self.next,
            total: self.total,
            total_capped: self.total_capped,
        }
    }

    /// The same page of what its rows are shown as, all of them together.
    pub async fn shown<U>(
        self,
        views: impl AsyncFnOnce(Vec<T>) -> Result<Vec<U>>,
    ) -> Result<Page<U>> {
        Ok(Page {
            items: views(self.items).await?,
            next: self.next,
            total: self.total,
            total_capped: self.total_capped,
        })
    }
}

impl ListQuery {
    /// Rows a page; 400 beyond the limit.
    pub fn limit(&self) -> Result<u64> {
        match self.per_page {
            None => Ok(PER_PAGE),
            Some(rows) if (1..=MAX_PER_PAGE).contains(&rows) => Ok(rows),
            Some(_) => {
                Err(bad_request("per_page_out_of_range", "per_page is 1 to 200")
                    .with_field("per_page"))
            }
        }
    }

    /// Every word to look for stands in one of `columns`; for tables that stay small.
    pub fn words_in<C: ColumnTrait>(&self, columns: &[C]) -> Result<Option<Condition>> {
        let Some(words) = self.words()? else {
            return Ok(None);
        };
        let each = words.split_whitespace().map(|word| {
            let anywhere = columns.iter().map(|column| containing(*column, word));
            anywhere.fold(Condition::any(), Condition::add)
        });
        Ok(Some(each.fold(Condition::all(), Condition::add)))
    }

    /// The words to look for; `None` when there are none.
    pub fn words(&self) -> Result<Option<&str>> {
        match self.q.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            // PostgreSQL refuses a null byte in text; nothing can match it anyway.
            Some(words) if words.len() > MAX_SEARCH || words.contains('\0') => Err(bad_request(
                "search_too_long",
                "q holds at most 200 bytes of text",
            )
            .with_field("q")),
            Some(words) => Ok(Some(words)),
        }
    }
}

/// The column holds `words` somewhere, in upper or lower case of the Latin letters.
pub fn containing(column: impl ColumnTrait, words: &str) -> Condition {
    let plain = words
        .to_ascii_lowercase()
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let pattern = LikeExpr::new(format!("%{plain}%")).escape('\\');
    Condition::all().add(Expr::expr(lower(column)).like(pattern))
}

/// The column begins with `words`, in upper or lower case of the Latin letters. A range, which an index
/// on `lower(column)` serves on both databases.
pub fn beginning_with(column: impl ColumnTrait, words: &str) -> Condition {
    let words = words.to_ascii_lowercase();
    let end = end_of(&words);
    let range = Condition::all().add(Expr::expr(lower(column)).gte(words));
    match end {
        Some(end) => range.add(Expr::expr(lower(column)).lt(end)),
        None => range,
    }
}

/// Both databases change the case of the Latin letters alone: `SQLite` knows no other, and the columns of
/// `PostgreSQL` have the collation C.
fn lower(column: impl ColumnTrait) -> FunctionCall {
    Func::lower(Expr::col(column.as_column_ref()))
}

/// The first text behind all that begin with `words`; the order of bytes is that of the code points.
fn end_of(words: &str) -> Option<String> {
    let mut end: Vec<char> = words.chars().collect();
    while let Some(last) = end.pop() {
        // `char::MAX` has no successor, and neither have the texts that end with it alone.
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

/// The fields a list may be sorted by; the first is the default, descending. Columns that are never null.
pub type Sortable<C> = [(&'static str, C)];

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: String,
    key: serde_json::Value,
    id: uuid::Uuid,
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// One page of `select`, ordered by the asked field and then by `id`.
pub async fn paginate<E, C>(
    conn: &C,
    select: Select<E>,
    query: &ListQuery,
    sortable: &Sortable<E::Column>,
    id: E::Column,
) -> Result<Page<E::Model>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    C: ConnectionTrait,
{
    let limit = query.limit()?;
    let (field, order, column) = sort_of(query, sortable)?;
    let total = count(conn, &select, id).await?;
    let mut page = select
        .order_by(column, order.clone())
        .order_by(id, order.clone())
        .limit(limit + 1);
    if let Some(cursor) = &query.cursor {
        let cursor = decode::<Cursor>(cursor)
            .filter(|cursor| cursor.sort == field)
            .ok_or_else(bad_cursor)?;
        let key = to_value(&cursor.key).ok_or_else(bad_cursor)?;
        let (beyond, id_beyond) = match order {
            Order::Desc => (column.lt(key.clone()), id.lt(cursor.id)),
            _ => (column.gt(key.clone()), id.gt(cursor.id)),
        };
        page = page.filter(
            Condition::any()
                .add(beyond)
                .add(Condition::all().add(column.eq(key)).add(id_beyond)),
        );
    }
    let mut items = page.all(conn).await?;
    let more = items.len() as u64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next =
        match items.last() {
            Some(last) if more => {
                let cursor = encode(&field, last.get(column), &last.get(id));
                Some(cursor.ok_or_else(|| {
                    internal(format!("no list can be sorted by {field}: not a key"))
                })?)
            }
            _ => None,
        };
    Ok(Page {
        items,
        next,
        total: Ord::min(total, MAX_TOTAL),
        total_capped: total > MAX_TOTAL,
    })
}

#[derive(Serialize, Deserialize)]
struct FoundCursor {
    before: i64,
    /// Rows on the pages before.
    seen: u64,
}

impl ListQuery {
    fn found_cursor(&self) -> Result<Option<FoundCursor>> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let cursor = decode::<FoundCursor>(cursor).ok_or_else(bad_cursor)?;
        Ok(Some(cursor))
    }

    /// Below which number [`paginate_found`] goes on.
    pub fn found_before(&self) -> Result<Option<i64>> {
        Ok(self.found_cursor()?.map(|cursor| cursor.before))
    }
}

/// One page of the rows of `select` among those that words found, the newest first. `found` are their numbers
/// in falling order, below [`ListQuery::found_before`], at most one more than [`FOUND`]: a narrow `select` over
/// many finds gives short pages, each with the cursor of the next.
pub async fn paginate_found<E, C>(
    conn: &C,
    select: Select<E>,
    query: &ListQuery,
    mut found: Vec<i64>,
    seq: E::Column,
) -> Result<Page<E::Model>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
    C: ConnectionTrait,
{
    if query.sort.as_deref().is_some_and(|sort| !sort.is_empty()) {
        let detail = "what words find is listed newest first; narrow the list to sort it";
        return Err(bad_request("search_is_newest_first", detail).with_field("sort"));
    }
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let seen = query.found_cursor()?.map_or(0, |cursor| cursor.seen);
    let more_found = found.len() > FOUND;
    found.truncate(FOUND);
    let last_found = found.last().copied();
    let mut matching: Vec<i64> = select
        .clone()
        .select_only()
        .column(seq)
        .filter(seq.is_in(found))
        .order_by_desc(seq)
        .into_tuple()
        .all(conn)
        .await?;
    let total = seen + matching.len() as u64;
    let more = matching.len() > limit;
    matching.truncate(limit);
    let before = if more {
        matching.last().copied()
    } else {
        last_found.filter(|_| more_found)
    };
    let seen = seen + matching.len() as u64;
    let next = before.and_then(|before| hexed(&FoundCursor { before, seen }));
    let items = select
        .filter(seq.is_in(matching))
        .order_by_desc(seq)
        .all(conn)
        .await?;
    Ok(Page {
        items,
        next,
        total,
        total_capped: more_found,
    })
}

fn sort_of<C: Copy>(query: &ListQuery, sortable: &Sortable<C>) -> Result<(String, Order, C)> {
    let unknown =
        || bad_request("unknown_sort", "this list cannot be sorted so").with_field("sort");
    let Some(sort) = query.sort.as_deref().filter(|sort| !sort.is_empty()) else {
        let (name, column) = sortable.first().ok_or_else(unknown)?;
        return Ok((format!("-{name}"), Order::Desc, *column));
    };
    let (name, order) = match sort.strip_prefix('-') {
        Some(name) => (name, Order::Desc),
        None => (sort, Order::Asc),
    };
    let (_, column) = sortable
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(unknown)?;
    Ok((sort.to_owned(), order, *column))
}

async fn count<E: EntityTrait, C: ConnectionTrait>(
    conn: &C,
    select: &Select<E>,
    id: E::Column,
) -> Result<u64> {
    let rows = select
        .clone()
        .select_only()
        .column(id)
        .limit(MAX_TOTAL + 1)
        .into_query();
    let counted = Query::select()
        .expr_as(
            Func::count(Expr::col(sea_orm::sea_query::Asterisk)),
            Alias::new("count"),
        )
        .from_subquery(rows, Alias::new("rows"))
        .to_owned();
    let statement = conn.get_database_backend().build(&counted);
    let row = Count::find_by_statement(statement).one(conn).await?;
    Ok(row.map_or(0, |row| u64::try_from(row.count).unwrap_or_default()))
}

fn bad_cursor() -> crate::Problem {
    bad_request("bad_cursor", "the cursor is not one of this list").with_field("cursor")
}

fn encode(sort: &str, key: Value, id: &Value) -> Option<String> {
    let Value::Uuid(Some(id)) = id else {
        return None;
    };
    let key = match key {
        Value::ChronoDateTimeUtc(Some(at)) => serde_json::json!({ "at": at }),
        Value::String(Some(text)) => serde_json::json!({ "text": text }),
        Value::BigInt(Some(number)) => serde_json::json!({ "number": number }),
        Value::Int(Some(number)) => serde_json::json!({ "small": number }),
        Value::Uuid(Some(id)) => serde_json::json!({ "id": id }),
        _ => return None,
    };
    hexed(&Cursor {
        sort: sort.to_owned(),
        key,
        id: *id,
    })
}

fn hexed(cursor: &impl Serialize) -> Option<String> {
    Some(hex::encode(serde_json::to_vec(cursor).ok()?))
}

fn decode<T: DeserializeOwned>(cursor: &str) -> Option<T> {
    if cursor.len() > 2000 {
        return None;
    }
    serde_json::from_slice(&hex::decode(cursor).ok()?).ok()
}

fn to_value(key: &serde_json::Value) -> Option<Value> {
    let (kind, value) = key.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "at" => serde_json::from_value::<chrono::DateTime<chrono::Utc>>(value.clone())
            .ok()?
            .into(),
        "text" => value.as_str()?.to_owned().into(),
        "number" => value.as_i64()?.into(),
        "small" => i32::try_from(value.as_i64()?).ok()?.into(),
        "id" => serde_json::from_value::<uuid::Uuid>(value.clone())
            .ok()?
            .into(),
        _ => return None,
    })
}
