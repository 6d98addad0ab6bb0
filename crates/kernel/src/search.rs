//! Words in text, Chinese ones too, found among a million rows: an index for each table, of pairs of characters.
//!
//! `SQLite` keeps it in FTS5, `PostgreSQL` in a `tsvector` with GIN (docs/decisions/0004-search-by-pairs.md). Both
//! are given the same [`tokens`] and give back the numbers of rows, the newest first, no more than asked for.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};

use crate::problem::Result;

/// The migration that makes the table of a [`WordIndex`].
#[macro_export]
macro_rules! word_index {
    ($id:literal, $table:literal) => {
        $crate::Migration {
            id: $id,
            sqlite: concat!(
                "create virtual table ",
                $table,
                " using fts5(words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');\n"
            ),
            postgres: concat!(
                "create table ",
                $table,
                " (\n  seq bigint primary key,\n  words tsvector not null\n);\ncreate index ",
                $table,
                "_words on ",
                $table,
                " using gin (words);\n"
            ),
        }
    };
}

/// A token is cut off here; nobody looks for more of one word.
const LONGEST: usize = 40;

/// The rows of the first window in which `PostgreSQL` looks.
const WINDOW: i64 = 20_000;

/// A find in more rows than this is rare: of a million rows it gives so few that they are sorted at once.
const RARE: i64 = 50;

/// The index of a table. Its own table has the columns `seq` (`rowid` on `SQLite`) and `words`.
#[derive(Debug, Clone, Copy)]
pub struct WordIndex {
    table: &'static str,
    window: i64,
}

#[derive(FromQueryResult)]
struct Found {
    seq: i64,
}

impl WordIndex {
    /// The index in this table.
    pub const fn of(table: &'static str) -> Self {
        Self {
            table,
            window: WINDOW,
        }
    }

    /// The same index, of which `PostgreSQL` reads so many of the newest rows first; 20,000 if nothing is said.
    #[must_use]
    pub const fn reading_first(self, window: i64) -> Self {
        Self { window, ..self }
    }

    /// Forgets what every row can be found by.
    pub async fn clear(&self, conn: &impl ConnectionTrait) -> Result<()> {
        let table = self.table;
        let sql = match conn.get_database_backend() {
            DbBackend::Postgres => format!("delete from {table}"),
            // Its rows cannot be read back to be deleted one by one.
            _ => format!("insert into {table} ({table}) values ('delete-all')"),
        };
        conn.execute_unprepared(&sql).await?;
        Ok(())
    }

    /// Writes what each row, known by its number, can be found by; over what stood there.
    pub async fn put(
        &self,
        conn: &impl ConnectionTrait,
        rows: impl IntoIterator<Item = (i64, String)>,
    ) -> Result<()> {
        let rows: Vec<(i64, String)> = rows.into_iter().collect();
        for some in rows.chunks(500) {
            let values = some.iter().flat_map(|(seq, text)| {
                let tokens: Vec<String> = tokens(text).into_iter().collect();
                [(*seq).into(), tokens.join(" ").into()]
            });
            let statement = Statement::from_sql_and_values(
                conn.get_database_backend(),
                self.put_sql(conn.get_database_backend(), some.len()),
                values.collect::<Vec<Value>>(),
            );
            conn.execute_raw(statement).await?;
        }
        Ok(())
    }

    fn put_sql(&self, backend: DbBackend, rows: usize) -> String {
        let table = self.table;
        if backend == DbBackend::Postgres {
            let values: Vec<String> = (0..rows)
                .map(|row| (2 * row + 1, 2 * row + 2))
                .map(|(seq, words)| {
                    format!("(${seq}, array_to_tsvector(string_to_array(${words}, ' ')))")
                })
                .collect();
            let values = values.join(", ");
            return format!(
                "insert into {table} (seq, words) values {values} \
                 on conflict (seq) do update set words = excluded.words"
            );
        }
        // A numbered place is a name to SQLite, looked for among all the others.
        let values = vec!["(?, ?)"; rows].join(", ");
        format!("insert or replace into {table} (rowid, words) values {values}")
    }

    /// The numbers of the rows that hold all of `words`, the newest first: below `before`, at most `limit`.
    pub async fn find(
        &self,
        conn: &impl ConnectionTrait,
        words: &str,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<i64>> {
        let backend = conn.get_database_backend();
        let Some(question) = question(backend, words) else {
            return Ok(Vec::new());
        };
        let before = before.unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        if backend == DbBackend::Postgres {
            return self.find_in_windows(conn, &question, before, limit).await;
        }
        let table = self.table;
        let sql = format!(
            "select rowid as seq from {table} where {table} match $1 and rowid < $2 order by rowid desc limit $3"
        );
        numbers(conn, sql, [question.into(), before.into(), limit.into()]).await
    }

    /// `PostgreSQL` sorts all that GIN finds: what a frequent word finds is read in windows from the newest row
    /// down, each as wide as the finds before suggest; what is rare is read at once.
    async fn find_in_windows(
        &self,
        conn: &impl ConnectionTrait,
        question: &str,
        mut before: i64,
        limit: i64,
    ) -> Result<Vec<i64>> {
        let table = self.table;
        // As a function the match is no condition for GIN: the rows of a window are looked at one by one.
        let sql = |condition| {
            format!(
                "select seq from {table} where {condition} and seq >= $2 and seq < $3 order by seq desc limit $4"
            )
        };
        let mut found = Vec::new();
        let mut width = Some(self.window);
        loop {
            let missing = limit - count(&found);
            let from = match width {
                Some(width) => self.below(conn, before, width).await?,
                None => None,
            };
            let values = [
                question.into(),
                from.unwrap_or(i64::MIN).into(),
                before.into(),
                missing.into(),
            ];
            let condition = match from {
                Some(_) => "ts_match_vq(words, $1::tsquery)",
                None => "words @@ $1::tsquery",
            };
            let some = numbers(conn, sql(condition), values).await?;
            width = width.and_then(|width| next_width(width, count(&some), missing));
            found.extend(some);
            match from {
                Some(from) if count(&found) < limit => before = from,
                _ => return Ok(found),
            }
        }
    }

    /// The number `rows` rows below `before`, if there are so many.
    async fn below(
        &self,
        conn: &impl ConnectionTrait,
        before: i64,
        rows: i64,
    ) -> Result<Option<i64>> {
        let table = self.table;
        let sql =
            format!("select seq from {table} where seq < $1 order by seq desc offset $2 limit 1");
        Ok(numbers(conn, sql, [before.into(), rows.into()])
            .await?
            .pop())
    }
}

async fn numbers<const N: usize>(
    conn: &impl ConnectionTrait,
    sql: String,
    values: [Value; N],
) -> Result<Vec<i64>> {
    let found = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let found = Found::find_by_statement(found).all(conn).await?;
    Ok(found.into_iter().map(|row| row.seq).collect())
}

fn count(found: &[i64]) -> i64 {
    i64::try_from(found.len()).unwrap_or(i64::MAX)
}

/// The rows in which the `missing` finds are likely, after `found` in `width`; `None` where finds are so rare that
/// all of them cost less than windows.
fn next_width(width: i64, found: i64, missing: i64) -> Option<i64> {
    let frequent = found * RARE > width;
    frequent.then(|| width * (missing - found).max(1) / found * 5 / 4 + 1)
}

/// A word as it is looked for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole(String),
    Beginning(String),
}

/// What a text can be found by: words of Latin letters and digits, and of other writing each two characters in a
/// row. The last character of a row stands alone, so that one character is found as a beginning.
pub fn tokens(text: &str) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    for run in runs(text) {
        match run {
            Run::Latin(word) => {
                tokens.insert(word);
            }
            Run::Other(characters) => {
                tokens.extend(pairs(&characters));
                tokens.extend(characters.last().map(char::to_string));
            }
        }
    }
    tokens
}

fn parts(words: &str) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    for run in runs(words) {
        match run {
            Run::Latin(word) => {
                parts.insert(Part::Beginning(word));
            }
            Run::Other(characters) => match characters[..] {
                [one] => {
                    parts.insert(Part::Beginning(one.to_string()));
                }
                _ => parts.extend(pairs(&characters).map(Part::Whole)),
            },
        }
    }
    parts
}

/// The question in the language of the database; `None` when nothing in it can be looked for. Tokens hold
/// letters and digits alone: quoting them is enough.
fn question(backend: DbBackend, words: &str) -> Option<String> {
    let parts: Vec<String> = parts(words)
        .into_iter()
        .map(|part| match (backend, part) {
            (DbBackend::Postgres, Part::Whole(word)) => format!("'{word}'"),
            (DbBackend::Postgres, Part::Beginning(word)) => format!("'{word}':*"),
            (_, Part::Whole(word)) => format!("\"{word}\""),
            (_, Part::Beginning(word)) => format!("\"{word}\"*"),
        })
        .collect();
    let and = if backend == DbBackend::Postgres {
        " & "
    } else {
        " AND "
    };
    (!parts.is_empty()).then(|| parts.join(and))
}

enum Run {
    Latin(String),
    Other(Vec<char>),
}

/// Letters and digits in a row, lower case, full-width ones as their plain forms.
fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut joined = false;
    for character in text.chars().map(plain) {
        if !character.is_alphanumeric() {
            joined = false;
            continue;
        }
        match (runs.last_mut(), character.is_ascii()) {
            (Some(Run::Latin(word)), true) if joined => {
                if word.len() < LONGEST {
                    word.push(character);
                }
            }
            (Some(Run::Other(characters)), false) if joined => characters.push(character),
            (_, true) => runs.push(Run::Latin(character.to_string())),
            (_, false) => runs.push(Run::Other(vec![character])),
        }
        joined = true;
    }
    runs
}

fn plain(character: char) -> char {
    let half = match u32::from(character) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(character),
        _ => character,
    };
    half.to_ascii_lowercase()
}

fn pairs(characters: &[char]) -> impl Iterator<Item = String> {
    characters
        .windows(2)
        .map(|pair| pair.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_falls_into_pairs_and_latin_into_words() {
        let found: Vec<String> = tokens("报名条件 PDF，ｋｊ2026年").into_iter().collect();
        assert_eq!(found, ["kj2026", "pdf", "件", "名条", "年", "报名", "条件"]);
    }

    #[test]
    fn a_question_is_quoted_for_its_database() {
        let sqlite = question(DbBackend::Sqlite, "报名条 费 pd'f\" OR").unwrap();
        assert_eq!(
            sqlite,
            "\"名条\" AND \"报名\" AND \"f\"* AND \"or\"* AND \"pd\"* AND \"费\"*"
        );
        let postgres = question(DbBackend::Postgres, "报名条 费").unwrap();
        assert_eq!(postgres, "'名条' & '报名' & '费':*");
        assert_eq!(question(DbBackend::Sqlite, "，。 '"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_was_written_is_found_by_each_part_of_it(text in "[ a-z0-9报名考试费用]{1,30}", from in 0_usize..30, many in 1_usize..5) {
            let cut: String = text.chars().skip(from).take(many).collect();
            let cut = cut.split(' ').next().unwrap_or_default();
            // A part from the middle of a Latin word is not looked for.
            proptest::prop_assume!(cut.chars().all(|character| !character.is_ascii()));
            let there = tokens(&text);
            for part in parts(cut) {
                let found = match &part {
                    Part::Whole(word) => there.contains(word),
                    Part::Beginning(word) => there.iter().any(|token| token.starts_with(word.as_str())),
                };
                proptest::prop_assert!(found, "{part:?} of {cut:?} in {text:?}");
            }
        }
    }
}
