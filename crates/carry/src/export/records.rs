//! Which records go out, and what each column means: read from the texts beside this file, one for each capability.
//!
//! `## tickets 工单` begins a kind of record, `from …` says where it comes from (the table `t` unless told), `id uuid 标识`
//! is a column (`= expression` where it is not the table's own), `- secret 口令` one that is left out with the reason.

use kernel::problem::{Result, internal};

/// The texts, by capability.
const TEXTS: &[&str] = &[
    include_str!("records/kernel.txt"),
    include_str!("records/organization.txt"),
    include_str!("records/requesters.txt"),
    include_str!("records/floor.txt"),
    include_str!("records/telephony.txt"),
    include_str!("records/channels.txt"),
    include_str!("records/tickets.txt"),
    include_str!("records/notices.txt"),
    include_str!("records/knowledge.txt"),
    include_str!("records/personnel.txt"),
    include_str!("records/analytics.txt"),
    include_str!("records/settlement.txt"),
    include_str!("records/learning.txt"),
    include_str!("records/liaison.txt"),
    include_str!("records/workforce.txt"),
    include_str!("records/quality.txt"),
    include_str!("records/analytics.txt"),
    include_str!("records/reports.txt"),
    include_str!("records/carry.txt"),
];
const LEFT_OUT: &str = include_str!("records/left_out.txt");

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// An id.
    Uuid,
    /// Words.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A moment.
    Moment,
    /// A structure.
    Json,
    /// The path of a file that goes out too.
    File,
    /// A value of a staff file that is sealed here and opened for whom it is handed to.
    Sealed,
}

impl ColumnKind {
    const WORDS: [(&'static str, Self, &'static str); 8] = [
        ("uuid", Self::Uuid, "标识"),
        ("text", Self::Text, "文本"),
        ("number", Self::Number, "整数"),
        ("flag", Self::Flag, "是否（true/false）"),
        ("moment", Self::Moment, "时间"),
        ("json", Self::Json, "JSON"),
        ("file", Self::File, "文件路径"),
        ("sealed", Self::Sealed, "文本（系统内加密保存）"),
    ];

    fn parse(word: &str) -> Option<Self> {
        let known = Self::WORDS.iter().find(|(known, _, _)| *known == word);
        known.map(|(_, kind, _)| *kind)
    }

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, kind, _)| *kind == self);
        known.map_or("", |(_, _, title)| title)
    }
}

/// A column that goes out.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub kind: ColumnKind,
    /// What it means.
    pub title: String,
    expression: String,
}

/// Some rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Of SQLite: so many behind this row.
    Behind {
        /// The last row that was read.
        row: i64,
        /// How many.
        most: usize,
    },
    /// Of PostgreSQL: those in these blocks.
    Blocks {
        /// The first block.
        first: i64,
        /// The first one behind them.
        end: i64,
    },
}

/// A kind of record that goes out.
#[derive(Debug, Clone)]
pub struct Records {
    /// Its name, that of its table.
    pub name: String,
    /// The same in Chinese.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The columns of its table that stay here, with the reason.
    pub left_out: Vec<(String, String)>,
    from: String,
}

impl Records {
    /// The question for the rows of one piece: pieces are cut by where the database itself keeps the rows, so that no
    /// table is sorted or read twice and none needs a key of its own. The last column is the place of the row.
    pub(crate) fn select(&self, piece: &Piece) -> String {
        let columns: Vec<&str> = self
            .columns
            .iter()
            .map(|column| column.expression.as_str())
            .collect();
        let (columns, from) = (columns.join(", "), &self.from);
        match piece {
            Piece::Behind { row, most } => format!(
                "select {columns}, t.rowid from {from} where t.rowid > {row} order by t.rowid limit {most}"
            ),
            Piece::Blocks { first, end } => format!(
                "select {columns}, cast(0 as bigint) from {from} \
                 where t.ctid >= '({first},0)'::tid and t.ctid < '({end},0)'::tid"
            ),
        }
    }

    /// The question for how many blocks its table has on PostgreSQL.
    pub(crate) fn blocks(&self) -> String {
        let name = &self.name;
        format!(
            "select cast(pg_relation_size('{name}'::regclass) / current_setting('block_size')::bigint as bigint)"
        )
    }

    /// Its columns' names that are the table's own.
    pub fn own(&self) -> impl Iterator<Item = &str> {
        let own = self.columns.iter().filter_map(|column| {
            let bare = column.expression.strip_prefix("cast(");
            let bare = bare.map_or(column.expression.as_str(), |rest| {
                rest.split(' ').next().unwrap_or_default()
            });
            bare.strip_prefix("t.")
        });
        own.chain(self.left_out.iter().map(|(name, _)| name.as_str()))
    }
}

/// Every kind of record.
pub fn all() -> Result<Vec<Records>> {
    let mut all: Vec<Records> = Vec::new();
    for line in TEXTS.iter().flat_map(|text| text.lines()) {
        let line = line.trim();
        let wrong = || internal(format!("records: {line}"));
        if line.is_empty() {
            continue;
        }
        if let Some(named) = line.strip_prefix("## ") {
            let (name, title) = named.split_once(' ').ok_or_else(wrong)?;
            all.push(Records {
                name: name.to_owned(),
                title: title.to_owned(),
                columns: Vec::new(),
                left_out: Vec::new(),
                from: format!("{name} t"),
            });
            continue;
        }
        let records = all.last_mut().ok_or_else(wrong)?;
        if let Some(from) = line.strip_prefix("from ") {
            from.clone_into(&mut records.from);
        } else if let Some(left) = line.strip_prefix("- ") {
            let (name, reason) = left.split_once(' ').ok_or_else(wrong)?;
            records.left_out.push((name.to_owned(), reason.to_owned()));
        } else {
            records.columns.push(column(line).ok_or_else(wrong)?);
        }
    }
    Ok(all)
}

fn column(line: &str) -> Option<Column> {
    let (told, expression) = match line.split_once(" = ") {
        Some((told, expression)) => (told, Some(expression)),
        None => (line, None),
    };
    let mut words = told.splitn(3, ' ');
    let (name, kind, title) = (words.next()?, words.next()?, words.next()?);
    let kind = ColumnKind::parse(kind)?;
    let own = format!("t.{name}");
    let expression = expression.unwrap_or(&own);
    let expression = match kind {
        // The widths of whole numbers differ between the databases.
        ColumnKind::Number => format!("cast({expression} as bigint)"),
        _ => expression.to_owned(),
    };
    Some(Column {
        name: name.to_owned(),
        kind,
        title: title.to_owned(),
        expression,
    })
}

/// The tables that stay here, each with the reason.
pub fn left_out() -> Vec<(&'static str, &'static str)> {
    LEFT_OUT
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect()
}
