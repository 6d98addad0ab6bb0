//! A sheet whose columns mean fields: said once for whoever brings rows in. The heading is looked for, each column gets
//! its meaning by what was saved or by its name, each cell its plain text; what does not fit is told by row and column.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Cell, NotWritten, Row, Table, letters};

/// Rows in which the heading is looked for.
pub const HEADING_WITHIN: usize = 20;
/// How a moment is written.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";
/// Remarks that are told; who has more has the wrong file.
pub const MOST_TOLD: usize = 1_000;

/// What stands in the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Line,
    /// Text of several lines.
    Text,
    /// A day: `2026-11-23`.
    Day,
    /// A day with a time in Guangzhou: `2026-11-23 10:00:00`.
    Moment,
    /// A whole number.
    Number,
    /// 是 or 否: `true` or `false`.
    Flag,
    /// Words with 、 between: one on each line.
    List,
    /// One of these words, each with its code: the code.
    Word(&'static [(&'static str, &'static str)]),
}

/// What a column may mean.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name on the wire.
    pub code: &'static str,
    /// What its column may be called; the first stands in the template.
    pub names: &'static [&'static str],
    /// What is in its cells.
    pub kind: Kind,
    /// No row is without it.
    pub needed: bool,
    /// The most characters.
    pub longest: usize,
    /// It tells of a person: never shown in a comparison.
    pub personal: bool,
}

impl Field {
    /// A field that may be left empty, of one line of 200 characters.
    pub const fn of(code: &'static str, names: &'static [&'static str]) -> Self {
        Self {
            code,
            names,
            kind: Kind::Line,
            needed: false,
            longest: 200,
            personal: false,
        }
    }

    /// The same of this kind.
    #[must_use]
    pub const fn with(self, kind: Kind, longest: usize) -> Self {
        Self {
            kind,
            longest,
            ..self
        }
    }

    /// The same that no row is without.
    #[must_use]
    pub const fn needed(self) -> Self {
        Self {
            needed: true,
            ..self
        }
    }

    /// The same that tells of a person.
    #[must_use]
    pub const fn personal(self) -> Self {
        Self {
            personal: true,
            ..self
        }
    }

    fn is_called(&self, name: &str) -> bool {
        self.code == name || self.names.contains(&name)
    }
}

/// Something about one cell of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SheetRemark)]
pub struct Remark {
    /// The row as the sheet shows it; null when it is about the whole file.
    pub row: Option<u32>,
    /// The column as the sheet shows it: `C`; null when it is about the whole row.
    pub column: Option<String>,
    /// The heading of the column.
    pub heading: Option<String>,
    /// The field it means.
    pub field: Option<String>,
    /// Stable code; the console translates it.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

impl Remark {
    /// A remark about a cell that is known by its column, counted from 0.
    pub fn at(
        row: Option<u32>,
        column: Option<u32>,
        field: &str,
        code: &'static str,
        detail: &str,
    ) -> Self {
        Self {
            row,
            column: column.map(letters),
            heading: None,
            field: Some(field.to_owned()),
            code,
            detail: detail.to_owned(),
        }
    }
}

/// Remarks, the first [`MOST_TOLD`] of them, and how many there are.
#[derive(Debug, Clone, Default)]
pub struct Remarks {
    /// Those that are told.
    pub told: Vec<Remark>,
    /// All of them.
    pub total: usize,
}

impl Remarks {
    /// One more.
    pub fn push(&mut self, remark: Remark) {
        self.total += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(remark);
        }
    }
}

/// One row that can be understood: each field that is not empty, as its kind is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The row as the sheet shows it.
    pub row: u32,
    /// The fields by code.
    pub values: BTreeMap<&'static str, String>,
}

impl Line {
    /// A field; empty where there is none.
    pub fn text(&self, code: &str) -> &str {
        self.values.get(code).map_or("", String::as_str)
    }

    /// A field that is there.
    pub fn some(&self, code: &str) -> Option<String> {
        self.values.get(code).cloned()
    }

    /// The words of a list.
    pub fn list(&self, code: &str) -> Vec<String> {
        self.text(code)
            .split('\n')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A day.
    pub fn day(&self, code: &str) -> Option<NaiveDate> {
        self.text(code).parse().ok()
    }

    /// A moment; the sheet shows the time of Guangzhou.
    pub fn moment(&self, code: &str) -> Option<DateTime<Utc>> {
        let local = NaiveDateTime::parse_from_str(self.text(code), MOMENT).ok()?;
        let offset = FixedOffset::east_opt(8 * 3_600)?;
        let at = offset.from_local_datetime(&local).single()?;
        Some(at.with_timezone(&Utc))
    }
}

/// What was said of columns: the field's code by the plain heading, an empty one for a column that is passed over.
pub type Layout = BTreeMap<String, String>;

/// A column with its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SheetColumn)]
pub struct Column {
    /// As the sheet shows it: `C`.
    pub column: String,
    /// Its heading.
    pub heading: String,
    /// The field; null where it means none.
    pub field: Option<&'static str>,
}

/// The heading with what its columns mean.
#[derive(Debug, Clone)]
pub struct Heading {
    /// Its row.
    pub row: u32,
    /// Its columns.
    pub columns: Vec<Column>,
    places: BTreeMap<&'static str, usize>,
}

/// What a sheet holds.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Its columns; none where no heading was found.
    pub columns: Vec<Column>,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Those that can be understood.
    pub lines: Vec<Line>,
    /// What is wrong.
    pub errors: Remarks,
}

/// A heading without the space, the stars and what stands in brackets.
pub fn plain(heading: &str) -> String {
    let bare = heading.split(['(', '（']).next().unwrap_or_default();
    bare.chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '*' | ':' | '：' | '＊'))
        .collect()
}

/// Finds the heading: the row whose names mean most. Titles above it are passed over.
pub fn heading(table: &Table, fields: &[Field], layout: &Layout) -> Option<Heading> {
    let mut best: Option<Heading> = None;
    for row in table.rows.iter().take(HEADING_WITHIN) {
        let found = meanings(row, fields, layout);
        let more = best.as_ref().map_or(0, |best: &Heading| best.places.len());
        if found.places.len() > more {
            best = Some(found);
        }
    }
    best
}

fn meanings(row: &Row, fields: &[Field], layout: &Layout) -> Heading {
    let mut places = BTreeMap::new();
    let mut columns = Vec::new();
    for (place, cell) in row.cells.iter().enumerate() {
        let heading = cell.text();
        let name = plain(&heading);
        let said = layout.get(&name);
        let field = fields.iter().find(|field| match said {
            Some(code) => field.code == code,
            None => field.is_called(&name),
        });
        let field = field.filter(|field| !places.contains_key(field.code));
        if let Some(field) = field {
            places.insert(field.code, place);
        }
        columns.push(Column {
            column: letters(u32::try_from(place).unwrap_or(u32::MAX - 1)),
            heading,
            field: field.map(|field| field.code),
        });
    }
    Heading {
        row: row.number,
        columns,
        places,
    }
}

impl Heading {
    /// A remark about a cell of a field; of a field without a column about its row.
    pub fn remark(
        &self,
        row: u32,
        field: &str,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Remark {
        let column = self
            .places
            .get(field)
            .and_then(|place| self.columns.get(*place));
        Remark {
            row: Some(row),
            column: column.map(|column| column.column.clone()),
            heading: column.map(|column| column.heading.clone()),
            field: Some(field.to_owned()),
            code,
            detail: detail.into(),
        }
    }
}

/// Reads the rows below the heading. `key` is the field whose value stands in one row only.
pub fn read(
    table: &Table,
    fields: &[Field],
    layout: &Layout,
    key: &str,
) -> (Sheet, Option<Heading>) {
    let mut sheet = Sheet::default();
    let Some(heading) = heading(table, fields, layout) else {
        sheet.errors.push(Remark {
            row: None,
            column: None,
            heading: None,
            field: None,
            code: "heading_missing",
            detail: "no row is a heading of known columns".to_owned(),
        });
        return (sheet, None);
    };
    sheet.columns.clone_from(&heading.columns);
    for field in fields.iter().filter(|field| field.needed) {
        if !heading.places.contains_key(field.code) {
            let detail = format!("no column means `{}`", field.code);
            sheet
                .errors
                .push(heading.remark(heading.row, field.code, "column_missing", detail));
        }
    }
    let faults: HashMap<(u32, usize), (&'static str, &str)> = table
        .faults
        .iter()
        .map(|fault| {
            (
                (fault.row, fault.column as usize),
                (fault.code, fault.detail.as_str()),
            )
        })
        .collect();
    let mut seen: HashMap<String, u32> = HashMap::new();
    for row in table.rows.iter().filter(|row| row.number > heading.row) {
        sheet.rows += 1;
        let before = sheet.errors.total;
        let mut values = BTreeMap::new();
        for field in fields {
            let Some(place) = heading.places.get(field.code) else {
                continue;
            };
            let fault = faults.get(&(row.number, *place));
            let told = match fault {
                Some((code, detail)) => Err((*code, (*detail).to_owned())),
                None => value(table, row.cell(*place), field),
            };
            match told {
                Ok(Some(value)) => {
                    values.insert(field.code, value);
                }
                Ok(None) if field.needed => sheet.errors.push(heading.remark(
                    row.number,
                    field.code,
                    "value_missing",
                    "the cell is empty",
                )),
                Ok(None) => {}
                Err((code, detail)) => {
                    sheet
                        .errors
                        .push(heading.remark(row.number, field.code, code, detail));
                }
            }
        }
        let line = Line {
            row: row.number,
            values,
        };
        if let Some(number) = line.values.get(key) {
            match seen.get(number) {
                Some(first) => {
                    let detail =
                        format!("`{number}` stands in row {first} and in row {}", row.number);
                    sheet
                        .errors
                        .push(heading.remark(row.number, key, "number_twice", detail));
                }
                None => {
                    seen.insert(number.clone(), row.number);
                }
            }
        }
        if sheet.errors.total == before {
            sheet.lines.push(line);
        }
    }
    (sheet, Some(heading))
}

type Told = Result<Option<String>, (&'static str, String)>;

fn value(table: &Table, cell: &Cell, field: &Field) -> Told {
    if cell.is_empty() {
        return Ok(None);
    }
    let text = cell.text();
    let wrong = |code, detail: &str| Err((code, detail.to_owned()));
    match field.kind {
        Kind::Line | Kind::Text | Kind::List => {
            // What an export put before a text so that no spreadsheet takes it for a formula.
            let text = match text.strip_prefix('\'') {
                Some(rest) if crate::write::is_risky(rest) => rest.to_owned(),
                _ => text,
            };
            if text.chars().count() > field.longest {
                return wrong(
                    "text_too_long",
                    &format!("at most {} characters", field.longest),
                );
            }
            if field.kind == Kind::Line && text.chars().any(char::is_control) {
                return wrong("text_not_plain", "one line is asked for");
            }
            if field.kind == Kind::List {
                let words = text.split(['、', ',', '，', ';', '；', '\n']);
                let words: Vec<&str> = words
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .collect();
                return Ok(Some(words.join("\n")).filter(|words| !words.is_empty()));
            }
            Ok(Some(text))
        }
        Kind::Day | Kind::Moment => {
            let Some(at) = table.moment(cell) else {
                return wrong("moment_invalid", "a date, or a date with a time");
            };
            let form = if field.kind == Kind::Day {
                "%Y-%m-%d"
            } else {
                MOMENT
            };
            Ok(Some(at.format(form).to_string()))
        }
        Kind::Number => match text.parse::<i64>() {
            Ok(number) => Ok(Some(number.to_string())),
            Err(_) => wrong("number_invalid", "a whole number"),
        },
        Kind::Flag => match text.to_ascii_lowercase().as_str() {
            "是" | "y" | "yes" | "true" | "1" | "√" => Ok(Some("true".to_owned())),
            "否" | "n" | "no" | "false" | "0" | "×" => Ok(Some("false".to_owned())),
            _ => wrong("flag_invalid", "是 or 否"),
        },
        Kind::Word(words) => {
            let known = words
                .iter()
                .find(|(word, code)| *word == text || *code == text);
            if let Some((_, code)) = known {
                return Ok(Some((*code).to_owned()));
            }
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let known = known.join("、");
            wrong("word_unknown", &format!("`{text}` is none of {known}"))
        }
    }
}

/// An empty sheet with the heading of these fields, a star at what is needed.
pub fn template(sheet: &str, fields: &[Field]) -> Result<Vec<u8>, NotWritten> {
    let headings: Vec<String> = fields
        .iter()
        .map(|field| {
            let name = field.names.first().copied().unwrap_or(field.code);
            let star = if field.needed { "*" } else { "" };
            format!("{name}{star}")
        })
        .collect();
    crate::write(sheet, headings.iter().map(String::as_str), [])
}
