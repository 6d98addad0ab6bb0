//! How rows forget whom they are about: each capability says it of its columns, for a person who has himself erased and
//! for everything once the contract is over. Which of them are forgotten when is told by the inventory of personal
//! information of `requesters`.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, Cond, Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::problem::Result;
use crate::{App, Tx};

/// Files whose rows are changed in one transaction.
const BATCH: u64 = 200;

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
    /// This column stands in that of another table, in whose last column he is.
    Through(&'static str, (&'static str, &'static str, &'static str)),
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

    /// The rows of a person are those whose `column` stands in `key` of `table` where his id is in `person`.
    #[must_use]
    pub const fn through(
        mut self,
        column: &'static str,
        (table, key, person): (&'static str, &'static str, &'static str),
    ) -> Self {
        self.whose = Some(Whose::Through(column, (table, key, person)));
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
        let ids = || ids.iter().map(|id| Value::from(*id));
        let his = match self.whose? {
            Whose::Own(column) => Expr::col(Alias::new(column)).is_in(ids()),
            Whose::Through(column, (table, key, person)) => {
                let of_him: SelectStatement = Query::select()
                    .column(Alias::new(key))
                    .from(Alias::new(table))
                    .and_where(Expr::col(Alias::new(person)).is_in(ids()))
                    .to_owned();
                Expr::col(Alias::new(column)).in_subquery(of_him)
            }
        };
        Some(Cond::all().add(his))
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

/// Forgets a column of everybody; how many rows. A column of files is forgotten file by file, a killed process goes on
/// where it was. One statement for a table: when the contract is over nobody waits for the writer.
pub async fn everybody(app: &App, what: Forgets) -> Result<u64> {
    if what.over != Over::File {
        return app
            .db
            .write(async move |tx| what.run(&*tx, Cond::all()).await)
            .await;
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
