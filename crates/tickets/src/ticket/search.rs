//! What is looked for in tickets: a number of ours or of a platform, a person, words of title and summary.
//!
//! A list that its filters make narrow is read through, whatever it is sorted by. A longer one asks the index of
//! words and gives the newest first.

use kernel::App;
use kernel::list::{FOUND, ListQuery, Page, containing, paginate, paginate_found};
use kernel::problem::Result;
use kernel::search::WordIndex;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait as _, QueryFilter, QueryOrder as _,
    QuerySelect, Select,
};
use uuid::Uuid;

use super::store::row::{self, Column};
use super::viewer::Viewer;
use crate::work_order;

static WORDS: WordIndex = WordIndex::of("ticket_words");

/// A list of at most so many tickets is read through.
const NARROW: u64 = 5_000;

/// What tickets can be sorted by.
pub(crate) const SORTABLE: [(&str, Column); 4] = [
    ("opened_at", Column::OpenedAt),
    ("due_at", Column::DueAt),
    ("updated_at", Column::UpdatedAt),
    ("number", Column::Number),
];

/// Writes what these tickets can be found by.
pub(crate) async fn index(
    conn: &impl ConnectionTrait,
    tickets: impl IntoIterator<Item = &row::Model>,
) -> Result<()> {
    let texts = tickets
        .into_iter()
        .map(|ticket| (ticket.seq, format!("{} {}", ticket.title, ticket.summary)));
    WORDS.put(conn, texts).await
}

/// Forgets what all tickets can be found by.
pub(crate) async fn forget(conn: &impl ConnectionTrait) -> Result<()> {
    WORDS.clear(conn).await
}

/// One page of what `viewer` looks for among the tickets of `select`.
pub(crate) async fn page(
    app: &App,
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    select: Select<row::Entity>,
    query: &ListQuery,
) -> Result<Page<row::Model>> {
    let Some(words) = query.words()? else {
        return paginate(conn, select, query, &SORTABLE, Column::Id).await;
    };
    let sought = Sought::of(app, conn, viewer, words).await?;
    if !sought.text || !goes_on(query) && is_narrow(conn, &select).await? {
        let narrowed = select.filter(sought.condition());
        return paginate(conn, narrowed, query, &SORTABLE, Column::Id).await;
    }
    let (before, most) = (query.found_before()?, FOUND as u64 + 1);
    let mut found = WORDS.find(conn, words, before, most).await?;
    found.extend(sought.known(conn, before, most).await?);
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    found.truncate(FOUND + 1);
    paginate_found(conn, select, query, found, Column::Seq).await
}

/// The tickets of `select` that hold what is looked for, however many: for a list that is read to its end.
pub(crate) async fn all(
    app: &App,
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    select: Select<row::Entity>,
    query: &ListQuery,
) -> Result<Select<row::Entity>> {
    let Some(words) = query.words()? else {
        return Ok(select);
    };
    let sought = Sought::of(app, conn, viewer, words).await?;
    Ok(select.filter(sought.condition()))
}

/// The page asked for follows one of what words found.
fn goes_on(query: &ListQuery) -> bool {
    matches!(query.found_before(), Ok(Some(_)))
}

async fn is_narrow(conn: &impl ConnectionTrait, select: &Select<row::Entity>) -> Result<bool> {
    let beyond: Option<Uuid> = select
        .clone()
        .select_only()
        .column(Column::Id)
        .offset(NARROW)
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(beyond.is_none())
}

/// What the words of a search mean.
struct Sought<'a> {
    words: &'a str,
    /// Tickets known by their number, or by whose they are.
    known: Vec<Condition>,
    /// The words may stand in a text.
    text: bool,
}

impl<'a> Sought<'a> {
    async fn of(
        app: &App,
        conn: &impl ConnectionTrait,
        viewer: &Viewer,
        words: &'a str,
    ) -> Result<Self> {
        let upper = words.to_uppercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let number = words.bytes().all(plain);
        if number && upper.starts_with("SJ") {
            let ours = Condition::all()
                .add(Column::Number.gte(&upper))
                .add(Column::Number.lt(format!("{upper}~")));
            return Ok(Self {
                words,
                known: vec![ours],
                text: false,
            });
        }
        let mut known = Vec::new();
        if number {
            known.push(Condition::all().add(Column::Id.in_subquery(work_order::numbered(words))));
        }
        let people = requesters::sought(app, conn, words).await?;
        if !people.is_empty() {
            let theirs = Condition::all()
                .add(Column::RequesterId.is_in(people))
                .add(viewer.may_know());
            known.push(theirs);
        }
        let text = requesters::last_digits(words).is_none();
        Ok(Self { words, known, text })
    }

    /// Known tickets, and those with every word in title or summary.
    fn condition(&self) -> Condition {
        let any = self
            .known
            .iter()
            .cloned()
            .fold(Condition::any(), Condition::add);
        if !self.text {
            return any;
        }
        let in_text = self.words.split_whitespace().map(|word| {
            Condition::any()
                .add(containing(Column::Title, word))
                .add(containing(Column::Summary, word))
        });
        any.add(in_text.fold(Condition::all(), Condition::add))
    }

    /// The newest of the known tickets.
    async fn known(
        &self,
        conn: &impl ConnectionTrait,
        before: Option<i64>,
        most: u64,
    ) -> Result<Vec<i64>> {
        let mut found = Vec::new();
        for known in &self.known {
            let numbers: Vec<i64> = row::Entity::find()
                .select_only()
                .column(Column::Seq)
                .filter(known.clone())
                .filter(Column::Seq.lt(before.unwrap_or(i64::MAX)))
                .order_by_desc(Column::Seq)
                .limit(most)
                .into_tuple()
                .all(conn)
                .await?;
            found.extend(numbers);
        }
        Ok(found)
    }
}
