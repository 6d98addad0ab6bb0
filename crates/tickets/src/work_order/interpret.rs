//! Pure: from a table to orders. What does not fit is told by row and column; nothing is guessed at but the
//! meaning of a column's name.

#[cfg(test)]
mod property;

use std::collections::{BTreeMap, HashMap};

use calendar::SHANGHAI;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone as _, Utc};
use documents::{Cell, Row, Table};
use requesters::{NumberKind, normalise};
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::{Field, Kind, Layout, WordMap, WordMaps, plain};
use crate::matter::Leaf;
use crate::ticket::act::headline;
use crate::words::{Priority, RequestType};

/// Errors and remarks that are told; who has more has the wrong file.
pub(crate) const MOST_TOLD: usize = 1_000;
/// Rows in which the heading is looked for.
const HEADING_WITHIN: usize = 20;
/// The most characters of a value of no known column.
const LONGEST_RAW: usize = 2_000;

/// Something about one cell of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remark {
    /// The row as the sheet shows it.
    pub row: u32,
    /// The column as the sheet shows it: `C`; null when it is about the whole row.
    pub column: Option<String>,
    /// The heading of the column.
    pub heading: Option<String>,
    /// The field it means.
    pub field: Option<Field>,
    /// Stable code; the console translates it.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// The heading of a file and what its columns mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// The row it stands in.
    pub row: u32,
    /// Each column's name and meaning.
    pub columns: Vec<(String, Option<Field>)>,
}

/// One order as the platform tells it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_field_names,
    reason = "`order_no` is the name in the glossary"
)]
pub(crate) struct Order {
    pub row: u32,
    pub order_no: String,
    pub request_type: RequestType,
    pub priority: Priority,
    pub matter: Option<Leaf>,
    pub title: String,
    pub content: String,
    pub confidential: bool,
    pub phone: Option<String>,
    pub name: Option<String>,
    /// Every other field as it is kept, by code: times in RFC 3339, flags as `true` and `false`.
    pub values: BTreeMap<Field, String>,
    /// What stands in columns of no meaning.
    pub raw: BTreeMap<String, String>,
}

impl Order {
    pub(crate) fn time(&self, field: Field) -> Option<DateTime<Utc>> {
        let text = self.values.get(&field)?;
        Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
    }

    pub(crate) fn flag(&self, field: Field) -> Option<bool> {
        self.values.get(&field).map(|text| text == "true")
    }

    pub(crate) fn text(&self, field: Field) -> Option<String> {
        self.values.get(&field).cloned()
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Interpreted {
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    pub orders: Vec<Order>,
    pub errors: Vec<Remark>,
    /// What does not hinder the import.
    pub warnings: Vec<Remark>,
}

/// What the rows are read by.
pub(crate) struct Terms<'a> {
    pub layout: &'a Layout,
    pub words: &'a WordMaps,
    pub matters: &'a [Leaf],
    pub now: DateTime<Utc>,
    /// The first day for which limits are in force.
    pub limits_from: Option<DateTime<Utc>>,
}

/// Finds the heading: the row whose names mean most. Titles above it are passed over.
pub(crate) fn heading(table: &Table, layout: &Layout) -> Option<Heading> {
    let candidates = table.rows.iter().take(HEADING_WITHIN);
    let meaning = candidates.map(|row| {
        let names: Vec<String> = row.cells.iter().map(Cell::text).collect();
        let columns = layout.meanings(names);
        let known = columns.iter().filter(|(_, field)| field.is_some()).count();
        (
            known,
            Heading {
                row: row.number,
                columns,
            },
        )
    });
    // Of several rows that mean as much, the first.
    let best = meaning.fold(None::<(usize, Heading)>, |best, one| match best {
        Some(best) if best.0 >= one.0 => Some(best),
        _ => Some(one),
    });
    best.filter(|(known, _)| *known > 0)
        .map(|(_, heading)| heading)
}

/// Reads a table as orders of a platform.
pub(crate) fn interpret(table: &Table, terms: &Terms<'_>) -> Interpreted {
    let mut told = Interpreted::default();
    let Some(heading) = heading(table, terms.layout) else {
        told.errors.push(Remark {
            row: table.rows.first().map_or(1, |row| row.number),
            column: None,
            heading: None,
            field: None,
            code: "heading_missing",
            detail: "no row is a heading of known columns".to_owned(),
        });
        return told;
    };
    let mut reader = Reader::new(table, terms, &heading);
    reader.check_heading();
    let rows = table.rows.iter().filter(|row| row.number > heading.row);
    for row in rows {
        told.rows += 1;
        told.orders.extend(reader.order(row));
    }
    told.errors = reader.errors;
    told.warnings = reader.warnings;
    told.errors.sort_by_key(|error| error.row);
    told
}

struct Reader<'a> {
    table: &'a Table,
    terms: &'a Terms<'a>,
    heading: &'a Heading,
    /// Where each field stands.
    places: BTreeMap<Field, usize>,
    /// Where columns of no meaning stand, with their names.
    others: Vec<(usize, String)>,
    /// The matters that categories were found to mean.
    found: HashMap<String, Option<Leaf>>,
    /// The order numbers so far, each with its first row.
    seen: HashMap<String, u32>,
    /// The faults of cells, by row and column.
    faults: HashMap<(u32, usize), (&'static str, &'a str)>,
    errors: Vec<Remark>,
    warnings: Vec<Remark>,
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table, terms: &'a Terms<'a>, heading: &'a Heading) -> Self {
        let mut places = BTreeMap::new();
        for (place, (_, field)) in heading.columns.iter().enumerate() {
            if let Some(field) = field {
                places.entry(*field).or_insert(place);
            }
        }
        let faults = table.faults.iter().map(|fault| {
            let at = (fault.row, fault.column as usize);
            (at, (fault.code, fault.detail.as_str()))
        });
        Self {
            table,
            terms,
            heading,
            others: heading
                .columns
                .iter()
                .enumerate()
                .filter(|(_, (name, field))| field.is_none() && !name.is_empty())
                .map(|(place, (name, _))| (place, plain(name)))
                .collect(),
            places,
            found: HashMap::new(),
            seen: HashMap::new(),
            faults: faults.collect(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn remark(&self, row: u32, field: Field, code: &'static str, detail: String) -> Remark {
        let place = self.places.get(&field).copied();
        Remark {
            row,
            column: place.map(|place| documents::letters(place as u32)),
            heading: place.and_then(|place| Some(self.heading.columns.get(place)?.0.clone())),
            field: Some(field),
            code,
            detail,
        }
    }

    fn error(&mut self, row: u32, field: Field, code: &'static str, detail: impl Into<String>) {
        let remark = self.remark(row, field, code, detail.into());
        self.errors.push(remark);
    }

    fn warn(&mut self, row: u32, field: Field, code: &'static str, detail: impl Into<String>) {
        let remark = self.remark(row, field, code, detail.into());
        self.warnings.push(remark);
    }

    fn check_heading(&mut self) {
        let row = self.heading.row;
        for needed in [Field::OrderNo, Field::RequestType, Field::Content] {
            if !self.places.contains_key(&needed) {
                let detail = format!("no column means `{}`", needed.as_str());
                self.error(row, needed, "column_missing", detail);
            }
        }
        let columns = self.heading.columns.iter().enumerate();
        let twice: Vec<(usize, Field)> = columns
            .filter_map(|(place, (_, field))| {
                let field = (*field)?;
                (self.places.get(&field) != Some(&place)).then_some((place, field))
            })
            .collect();
        for (place, field) in twice {
            let mut remark = self.remark(row, field, "column_twice", String::new());
            remark.detail = format!(
                "`{}` is in column {} already",
                field.as_str(),
                remark.column.as_deref().unwrap_or_default()
            );
            remark.column = Some(documents::letters(place as u32));
            remark.heading = self
                .heading
                .columns
                .get(place)
                .map(|(name, _)| name.clone());
            self.errors.push(remark);
        }
    }

    /// One row as an order; `None` with errors when it is none.
    fn order(&mut self, row: &Row) -> Option<Order> {
        let errors = self.errors.len();
        let order_no = self.needed(row, Field::OrderNo);
        if let Some(number) = &order_no {
            self.check_once(row.number, number);
        }
        let request_type = self.needed(row, Field::RequestType);
        let request_type = request_type.and_then(|text| {
            let known = word(&self.terms.words.request_type, &text, RequestType::parse);
            if known.is_none() {
                let detail = format!("no request type is called `{text}`");
                self.error(
                    row.number,
                    Field::RequestType,
                    "request_type_unknown",
                    detail,
                );
            }
            known
        });
        let content = self.needed(row, Field::Content);
        let priority = self
            .text(row, Field::Urgency)
            .map_or(Some(Priority::Normal), |text| {
                let known = word(&self.terms.words.urgency, &text, Priority::parse);
                if known.is_none() {
                    let detail = format!("no urgency is called `{text}`");
                    self.error(row.number, Field::Urgency, "urgency_unknown", detail);
                }
                known
            });
        let phone = self.phone(row);
        let name = self.text(row, Field::CallerName);
        let title = self.text(row, Field::Title);
        let mut values = BTreeMap::new();
        for field in Field::ALL {
            let kept = match field {
                Field::OrderNo
                | Field::RequestType
                | Field::Content
                | Field::Urgency
                | Field::CallerPhone
                | Field::CallerName
                | Field::Title
                | Field::IdNo => continue,
                _ => self.value(row, *field),
            };
            if let Some(kept) = kept {
                values.insert(*field, kept);
            }
        }
        let matter = values.get(&Field::Matter).cloned();
        let matter = matter.and_then(|text| self.matter(row.number, &text));
        let raw = self.raw(row);
        let (order_no, request_type, content, priority) =
            (order_no?, request_type?, content?, priority?);
        let order = Order {
            row: row.number,
            order_no,
            request_type,
            priority,
            matter,
            title: title.unwrap_or_else(|| headline(&content)),
            content,
            confidential: values
                .get(&Field::Confidential)
                .is_some_and(|text| text == "true"),
            phone,
            name,
            values,
            raw,
        };
        self.check_times(&order);
        (self.errors.len() == errors).then_some(order)
    }

    /// Tells of a number that stood in a row before, whatever else is wrong in either of them.
    fn check_once(&mut self, row: u32, number: &str) {
        match self.seen.get(number) {
            Some(first) => {
                let detail = format!("order `{number}` stands in row {first} and in row {row}");
                self.error(row, Field::OrderNo, "order_no_twice", detail);
            }
            None => {
                self.seen.insert(number.to_owned(), row);
            }
        }
    }

    fn check_times(&mut self, order: &Order) {
        for field in [Field::DispatchedAt, Field::AcceptedAt] {
            let Some(at) = order.time(field) else {
                continue;
            };
            if at > self.terms.now + TimeDelta::days(1) {
                self.error(
                    order.row,
                    field,
                    "time_in_future",
                    "the time is still to come",
                );
            }
        }
        let early = |at: DateTime<Utc>| self.terms.limits_from.is_none_or(|from| at < from);
        if order.time(Field::DispatchedAt).is_some_and(early) {
            let detail = "no limit was in force then";
            self.error(order.row, Field::DispatchedAt, "no_limit_in_force", detail);
        }
    }

    fn cell<'r>(&mut self, row: &'r Row, field: Field) -> Option<&'r Cell> {
        let place = *self.places.get(&field)?;
        if let Some((code, detail)) = self.faults.get(&(row.number, place)).copied() {
            self.error(row.number, field, code, detail);
            return None;
        }
        Some(row.cell(place)).filter(|cell| !cell.is_empty())
    }

    /// The cell is at fault, and the fault is told.
    fn is_at_fault(&self, row: u32, field: Field) -> bool {
        let place = self.places.get(&field);
        place.is_some_and(|place| self.faults.contains_key(&(row, *place)))
    }

    fn text(&mut self, row: &Row, field: Field) -> Option<String> {
        let text = self.cell(row, field)?.text();
        if text.len() > field.longest() && text.chars().count() > field.longest() {
            let detail = format!("at most {} characters", field.longest());
            self.error(row.number, field, "text_too_long", detail);
            return None;
        }
        if field == Field::OrderNo && text.chars().any(char::is_control) {
            self.error(
                row.number,
                field,
                "text_not_plain",
                "the number is one line",
            );
            return None;
        }
        Some(text)
    }

    fn needed(&mut self, row: &Row, field: Field) -> Option<String> {
        // Where the column is missing the heading has told it.
        let place = *self.places.get(&field)?;
        if row.cell(place).is_empty() && !self.is_at_fault(row.number, field) {
            self.error(row.number, field, "value_missing", "the cell is empty");
            return None;
        }
        self.text(row, field)
    }

    fn value(&mut self, row: &Row, field: Field) -> Option<String> {
        match field.kind() {
            Kind::Text | Kind::Word => self.text(row, field),
            Kind::Moment => {
                let cell = self.cell(row, field)?;
                let at = self.table.moment(cell).and_then(in_shanghai);
                if at.is_none() {
                    let detail = format!("`{}` is no date: 2026-11-23 10:00", short(cell));
                    self.error(row.number, field, "date_invalid", detail);
                }
                at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            Kind::Flag => {
                let cell = self.cell(row, field)?;
                let flag = flag(cell);
                if flag.is_none() {
                    let detail = format!("`{}` is neither 是 nor 否", short(cell));
                    self.error(row.number, field, "flag_invalid", detail);
                }
                flag.map(|flag| flag.to_string())
            }
        }
    }

    fn phone(&mut self, row: &Row) -> Option<String> {
        let text = self.text(row, Field::CallerPhone)?;
        if ["无", "匿名", "保密", "不详", "-", "/"].contains(&text.as_str()) {
            return None;
        }
        match normalise(&text) {
            Some(number) if number.kind != NumberKind::Other => Some(number.text),
            // `anonymous`, `0`: the caller hid it.
            None if text.is_ascii() => None,
            _ => {
                let detail = "the cell holds no telephone number";
                self.error(row.number, Field::CallerPhone, "phone_invalid", detail);
                None
            }
        }
    }

    fn matter(&mut self, row: u32, text: &str) -> Option<Leaf> {
        let terms = self.terms;
        let known = self.found.entry(text.to_owned());
        let found = known.or_insert_with(|| meant(terms, text).cloned());
        let found = found.clone();
        if found.is_none() {
            let detail = format!(
                "`{}` is none of our matters; the order comes without one",
                cut(text)
            );
            self.warn(row, Field::Matter, "matter_unknown", detail);
        }
        found
    }

    fn raw(&self, row: &Row) -> BTreeMap<String, String> {
        let others = self.others.iter();
        others
            .filter_map(|(place, name)| {
                let text = row.cell(*place).text();
                let kept = !text.is_empty();
                kept.then(|| (name.clone(), limited(text)))
            })
            .collect()
    }
}

/// The matter a category means: by the platform's map, by code, by path, by a name that only one has.
fn meant<'a>(terms: &Terms<'a>, text: &str) -> Option<&'a Leaf> {
    let matters = terms.matters;
    let code = terms.words.matter.get(text).map_or(text, String::as_str);
    let bare = |text: &str| -> String {
        let between = |char: &char| matches!(char, '/' | '-' | '>' | '、' | '|' | '\\');
        let chars = text.chars();
        chars
            .filter(|char| !between(char) && !char.is_whitespace())
            .collect()
    };
    let wanted = bare(text);
    let by_path = || matters.iter().find(|leaf| bare(&leaf.path) == wanted);
    let by_name = || {
        let mut named = matters.iter().filter(|leaf| bare(&leaf.name) == wanted);
        named.next().filter(|_| named.next().is_none())
    };
    let by_code = matters.iter().find(|leaf| leaf.code == code);
    by_code.or_else(by_path).or_else(by_name)
}

/// A text of no known meaning, cut where it is too long to be kept.
fn limited(text: String) -> String {
    match text.char_indices().nth(LONGEST_RAW) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// A word by the platform's map, or one of ours as it is.
fn word<T>(map: &WordMap, text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    parse(map.get(text).map_or(text, String::as_str))
}

fn in_shanghai(at: NaiveDateTime) -> Option<DateTime<Utc>> {
    Some(SHANGHAI.from_local_datetime(&at).single()?.to_utc())
}

pub(crate) fn flag(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Flag(flag) => Some(*flag),
        Cell::Number(number) if *number == 0.0 => Some(false),
        Cell::Number(number) if (*number - 1.0).abs() < f64::EPSILON => Some(true),
        _ => match cell.text().to_ascii_lowercase().as_str() {
            "是" | "y" | "yes" | "true" | "1" | "需要" | "保密" | "公开" | "√" => {
                Some(true)
            }
            "否" | "n" | "no" | "false" | "0" | "不需要" | "不保密" | "不公开" | "×" => {
                Some(false)
            }
            _ => None,
        },
    }
}

/// The beginning of what stands in a cell, to tell it again.
fn short(cell: &Cell) -> String {
    cut(&cell.text())
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
