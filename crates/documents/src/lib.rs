#![doc = include_str!("../README.md")]

mod csv;
mod moment;
pub mod paper;
pub mod sheet;
mod write;
mod xlsx;

use std::fmt;

use chrono::NaiveDateTime;

pub use csv::line as csv_line;
pub use write::{NotWritten, Page, Written, write, write_book, write_marked};

/// The largest file in bytes.
pub const LARGEST: usize = 20 << 20;
/// Rows of one table, the heading not counted.
pub const MOST_ROWS: usize = 20_000;
/// Columns of one table.
pub const MOST_COLUMNS: u32 = 256;
/// Characters of one cell, as in Excel.
pub const LONGEST_TEXT: usize = 32_767;

/// Cells of one table, the empty ones between included.
const MOST_CELLS: usize = 2_000_000;
/// Bytes of text in one table.
const MOST_TEXT: usize = 64 << 20;
/// Faults that are told; who has so many has the wrong file.
const MOST_FAULTS: usize = 10_000;

/// What stands in one cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Words.
    Text(String),
    /// A number; it may be meant as a date.
    Number(f64),
    /// A date, or a date with a time.
    Date(NaiveDateTime),
    /// Yes or no.
    Flag(bool),
}

impl Cell {
    /// Its words, without the space around them.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.trim().to_owned(),
            // The shortest digits that give the number back; whole numbers have no point.
            Self::Number(number) => number.to_string(),
            Self::Date(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Flag(flag) => (if *flag { "是" } else { "否" }).to_owned(),
        }
    }

    /// Nothing stands in it, or only space.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}

/// One row that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The number the sheet shows, from 1 on.
    pub number: u32,
    /// Its cells from column A on; those after the last filled one are left out.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column, from 0 on.
    pub fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Empty)
    }
}

/// What is wrong with one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The row, from 1 on.
    pub row: u32,
    /// The column, from 0 on.
    pub column: u32,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// A table as it stands in a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The name of the sheet; empty for CSV.
    pub sheet: String,
    /// The rows that are not empty, in their order.
    pub rows: Vec<Row>,
    /// What is wrong with single cells.
    pub faults: Vec<Fault>,
    /// Serial dates count from 1904.
    from_1904: bool,
}

impl Table {
    /// A table of texts that came another way than in a file, within the same bounds.
    pub fn of_texts(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Self, Unreadable> {
        let mut filling = Filling::up_to(MOST_ROWS);
        for (row, texts) in (1..).zip(rows) {
            for (column, text) in (0..).zip(texts) {
                let cell = filling.words(row, column, &text)?;
                filling.put(row, column, cell)?;
            }
        }
        Ok(filling.table)
    }

    /// The moment a cell of this table means; `None` when it means none.
    pub fn moment(&self, cell: &Cell) -> Option<NaiveDateTime> {
        moment::of(cell, self.from_1904)
    }
}

/// Why a file is no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Stable code.
    pub code: &'static str,
    /// Why, in one sentence.
    pub detail: String,
    /// Where reading ended: the row from 1 on and the column from 0 on.
    pub at: Option<(u32, u32)>,
}

impl Unreadable {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            at: None,
        }
    }

    fn at(mut self, row: u32, column: u32) -> Self {
        self.at = Some((row, column));
        self
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        match self.at {
            Some((row, column)) => write!(f, " (row {row}, column {})", letters(column)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Reads the table of a file, whichever kind it is.
pub fn read(bytes: &[u8]) -> Result<Table, Unreadable> {
    read_up_to(bytes, MOST_ROWS)
}

/// The same for a file that may have more rows below its heading, such as a year of call records.
pub fn read_up_to(bytes: &[u8], most_rows: usize) -> Result<Table, Unreadable> {
    if bytes.len() > LARGEST {
        return Err(Unreadable::new(
            "file_too_large",
            "a table has at most 20 MB",
        ));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return xlsx::read(bytes, most_rows);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Unreadable::new(
            "not_a_table",
            "an .xls or a workbook with a password; save it as .xlsx without one",
        ));
    }
    csv::read(bytes, most_rows)
}

/// `A`, `B` … `Z`, `AA`: the name of a column counted from 0.
pub fn letters(column: u32) -> String {
    let mut left = column + 1;
    let mut name = Vec::new();
    while left > 0 {
        let digit = (left - 1) % 26;
        name.push(char::from(b'A' + u8::try_from(digit).unwrap_or(0)));
        left = (left - 1) / 26;
    }
    name.iter().rev().collect()
}

/// Collects cells within the bounds.
struct Filling {
    table: Table,
    cells: usize,
    text: usize,
    most_rows: usize,
}

impl Filling {
    fn up_to(most_rows: usize) -> Self {
        Self {
            table: Table::default(),
            cells: 0,
            text: 0,
            most_rows,
        }
    }

    fn fault(&mut self, row: u32, column: u32, code: &'static str, detail: impl Into<String>) {
        if self.table.faults.len() < MOST_FAULTS {
            self.table.faults.push(Fault {
                row,
                column,
                code,
                detail: detail.into(),
            });
        }
    }

    /// Words for a cell; `None` with a fault where they cannot stand in a table.
    fn words(&mut self, row: u32, column: u32, text: &str) -> Result<Cell, Unreadable> {
        if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
            let detail = format!("a cell has at most {LONGEST_TEXT} characters");
            self.fault(row, column, "text_too_long", detail);
            return Ok(Cell::Empty);
        }
        // Control characters are one byte each but for U+0080 to U+009F, which UTF-8 begins with 0xC2.
        let bytes = text.as_bytes();
        let suspect = |byte: &u8| *byte < 0x20 || *byte == 0x7f || *byte == 0xc2;
        let plain = |char: char| !char.is_control() || matches!(char, '\n' | '\r' | '\t');
        if bytes.iter().any(suspect) && !text.chars().all(plain) {
            let detail = "the cell holds a control character";
            self.fault(row, column, "text_not_plain", detail);
            return Ok(Cell::Empty);
        }
        self.text += text.len();
        if self.text > MOST_TEXT {
            let all = Unreadable::new("table_too_large", "the table holds more than 64 MB of text");
            return Err(all.at(row, column));
        }
        Ok(Cell::Text(text.to_owned()))
    }

    /// Puts a cell in its place; rows come in their order.
    fn put(&mut self, row: u32, column: u32, cell: Cell) -> Result<(), Unreadable> {
        if cell.is_empty() {
            return Ok(());
        }
        if column >= MOST_COLUMNS {
            let wide = format!("a table has at most {MOST_COLUMNS} columns");
            return Err(Unreadable::new("too_many_columns", wide).at(row, column));
        }
        let rows = &mut self.table.rows;
        if rows.last().is_none_or(|last| last.number < row) {
            if rows.len() > self.most_rows {
                let long = format!("a table has at most {} rows", self.most_rows);
                return Err(Unreadable::new("too_many_rows", long).at(row, column));
            }
            rows.push(Row {
                number: row,
                cells: Vec::new(),
            });
        }
        let Some(last) = rows.last_mut().filter(|last| last.number == row) else {
            let mixed = Unreadable::new("not_a_table", "the rows of the sheet are out of order");
            return Err(mixed.at(row, column));
        };
        let place = column as usize;
        if last.cells.len() <= place {
            self.cells += place + 1 - last.cells.len();
            if self.cells > MOST_CELLS {
                let many = Unreadable::new("table_too_large", "the table has too many cells");
                return Err(many.at(row, column));
            }
            last.cells.resize(place + 1, Cell::Empty);
        }
        last.cells[place] = cell;
        Ok(())
    }
}
