//! How rows forget whom they are about: each capability says it of its columns, for a person who has himself erased and
//! for everything once the contract is over. Which of them are forgotten when is told by the inventory of personal
//! information of `requesters`.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, Cond, Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use uuid::Uuid;

use crate::problem::Result;
use crate::{App, Tx};

/// One step from a column to whom its row is about: a table, the column of it that the one before stands in, and the one
/// that leads on; that of the last step is the person.
pub type Step = (&'static str, &'static str, &'static str);

/// Files whose rows are changed in one transaction.
const BATCH: u64 = 200;
/// Rows that are changed in one transaction: nobody waits long for the writer, and a table of any size gets through.
const ROWS: u64 = 5_000;

/// What becomes of a column. The words of a program, never of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// This SQL value is written over it: `''`, `null`.
    Value(&'static str),
    /// The whole row goes.
    Row,
    /// It names a file, which goes too.
    File,
}

/// Which rows are of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// This column holds his id.
    Own(&'static str),
    /// This column leads to him by these steps.
    Through(&'static str, &'static [Step]),
}

/// One column that can be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgets {
    /// The table.
    pub table: &'static str,
    /// The column, as the inventory of personal information names it.
    pub column: &'static str,
    over: Over,
    whose: Option<Whose>,
}

impl Forgets {
    /// This SQL value is written over the column.
    pub const fn over(table: &'static str, column: &'static str, value: &'static str) -> Self {
        Self::new(table, column, Over::Value(value))
    }

    /// The row of this column goes: without it it says nothing.
    pub const fn row(table: &'static str, column: &'static str) -> Self {
        Self::new(table, column, Over::Row)
    }

    /// The file that the column names goes, and the name with it.
    pub const fn file(table: &'static str, column: &'static str) -> Self {
        Self::new(table, column, Over::File)
    }

    const fn new(table: &'static str, column: &'static str, over: Over) -> Self {
        Self {
            table,
            column,
            over,
            whose: None,
        }
    }

    /// The rows of a person have his id in this column.
    #[must_use]
    pub const fn of(mut self, column: &'static str) -> Self {
        self.whose = Some(Whose::Own(column));
        self
    }

    /// The rows of a person are those from whose `column` these steps lead to him.
    #[must_use]
    pub const fn through(mut self, column: &'static str, steps: &'static [Step]) -> Self {
        self.whose = Some(Whose::Through(column, steps));
        self
    }

    /// `calls.caller`
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// A person's erasure reaches it: its rows know whom they are about.
    pub fn knows_person(&self) -> bool {
        self.whose.is_some()
    }

    /// Rows in which something is left to forget.
    fn left(&self) -> Cond {
        let there = Cond::all().add(Expr::col(Alias::new(self.column)).is_not_null());
        let over = match self.over {
            Over::Value(value) if value != "null" => value,
            Over::File => "''",
            Over::Value(_) | Over::Row => return there,
        };
        let text = Alias::new("text");
        let held = Expr::col(Alias::new(self.column)).cast_as(text.clone());
        there.add(held.ne(Expr::cust(over).cast_as(text)))
    }

    fn of_persons(&self, ids: &[Uuid]) -> Option<Cond> {
        let ids = ids.iter().map(|id| Value::from(*id));
        let his = match self.whose? {
            Whose::Own(column) => Expr::col(Alias::new(column)).is_in(ids),
            Whose::Through(column, steps) => {
                let mut steps = steps.iter().rev();
                let (table, key, person) = *steps.next()?;
                let is_he = Expr::col(Alias::new(person)).is_in(ids);
                let mut lead = selected(table, key, is_he);
                for &(table, key, on) in steps {
                    lead = selected(table, key, Expr::col(Alias::new(on)).in_subquery(lead));
                }
                Expr::col(Alias::new(column)).in_subquery(lead)
            }
        };
        Some(Cond::all().add(his))
    }

    /// A page of the rows in which something is left to forget, by where the database itself keeps them: the tables have
    /// keys of every kind.
    fn page(&self, backend: DbBackend) -> Cond {
        let place = || match backend {
            DbBackend::Sqlite => Expr::cust("rowid"),
            _ => Expr::cust("ctid"),
        };
        let page = Query::select()
            .expr(place())
            .from(Alias::new(self.table))
            .cond_where(self.left())
            .limit(ROWS)
            .to_owned();
        Cond::all().add(place().in_subquery(page))
    }

    /// Writes over the column, or takes the rows away, where `which` says so.
    async fn run(&self, conn: &impl ConnectionTrait, which: Cond) -> Result<u64> {
        let which = self.left().add(which);
        let value = match self.over {
            Over::Row => {
                let gone = Query::delete()
                    .from_table(Alias::new(self.table))
                    .cond_where(which)
                    .to_owned();
                return Ok(conn.execute(&gone).await?.rows_affected());
            }
            Over::Value(value) => value,
            Over::File => "''",
        };
        let written = Query::update()
            .table(Alias::new(self.table))
            .value(Alias::new(self.column), Expr::cust(value))
            .cond_where(which)
            .to_owned();
        Ok(conn.execute(&written).await?.rows_affected())
    }
}

fn selected(table: &'static str, key: &'static str, which: Expr) -> SelectStatement {
    Query::select()
        .column(Alias::new(key))
        .from(Alias::new(table))
        .and_where(which)
        .to_owned()
}

/// Forgets these columns of these persons; rows by table. Files stay: what is in them is no one person's.
pub async fn persons<'a>(
    tx: &Tx,
    what: impl IntoIterator<Item = &'a Forgets>,
    ids: &[Uuid],
) -> Result<BTreeMap<&'static str, u64>> {
    let mut rows: BTreeMap<&'static str, u64> = BTreeMap::new();
    for one in what {
        let Some(his) = one.of_persons(ids) else {
            continue;
        };
        let changed = one.run(&**tx, his).await?;
        let of_table = rows.entry(one.table).or_default();
        *of_table = std::cmp::max(changed, *of_table);
    }
    Ok(rows)
}

/// Forgets a column of everybody, page by page; how many rows. A killed process goes on where it was.
pub async fn everybody(app: &App, what: Forgets) -> Result<u64> {
    if what.over != Over::File {
        let mut gone = 0;
        loop {
            let page = what.page(app.db.backend());
            let changed = app
                .db
                .write(async move |tx| what.run(&*tx, page).await)
                .await?;
            gone += changed;
            if changed == 0 {
                return Ok(gone);
            }
        }
    }
    let column = Alias::new(what.column);
    let mut gone = 0;
    loop {
        let page = Query::select()
            .distinct()
            .column(column.clone())
            .from(Alias::new(what.table))
            .cond_where(what.left())
            .limit(BATCH)
            .to_owned();
        let rows = app.db.read().query_all(&page).await?;
        if rows.is_empty() {
            return Ok(gone);
        }
        let mut paths: Vec<String> = Vec::with_capacity(rows.len());
        for row in rows {
            paths.push(row.try_get_by_index(0)?);
        }
        for path in &paths {
            app.files.remove(path).await?;
        }
        let named = Expr::col(column.clone()).is_in(paths);
        gone += app
            .db
            .write(async move |tx| what.run(&*tx, Cond::all().add(named)).await)
            .await?;
    }
}
