//! A look-up table as a sheet: taken out, changed in a spreadsheet, tried and brought in again.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use documents::sheet::{HEADING_WITHIN, MOST_TOLD, Remark, plain};
use documents::{Cell, Row, Table};
use kernel::problem::{Problem, Result, internal, invalid};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::store::row;
use super::{Entry, Facts, Field, object};

const CODE: &str = "编码";
const YEAR: &str = "年度";
const NAME: &str = "名称";
const ACTIVE: &str = "启用";
const PUBLIC: &str = "公开字段";

/// What an import does, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LookupImport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Codes that were not there.
    pub new: Vec<String>,
    /// Codes that say something else now.
    pub changed: Vec<String>,
    /// Rows that are as they were.
    pub unchanged: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<Remark>,
    /// How many errors there are.
    pub errors_total: usize,
}

/// A file that has errors, as it is refused.
pub(crate) fn with_errors(report: &LookupImport) -> Problem {
    let detail = format!(
        "{} errors in {} rows; nothing was written",
        report.errors_total, report.rows
    );
    invalid("file", "import_has_errors", detail)
        .with_way_out("mend the cells that are named and send the file again")
        .with("report", json!(report))
}

/// What is to be written, with the version that is there.
pub(crate) type Plan<F> = Vec<(i64, Entry<F>)>;

/// What a file wants, beside what is there.
pub(crate) fn plan<F: Facts>(
    table: &Table,
    known: &[row::Model],
) -> Result<(Plan<F>, LookupImport)> {
    let mut report = LookupImport {
        dry_run: true,
        rows: 0,
        new: Vec::new(),
        changed: Vec::new(),
        unchanged: 0,
        errors: Vec::new(),
        errors_total: 0,
    };
    for fault in &table.faults {
        report.wrong(
            fault.row,
            Some(fault.column),
            "",
            (fault.code, &fault.detail),
        );
    }
    let Some((heading, columns)) = heading::<F>(table) else {
        let detail = "a column 编码 and a column 名称 are needed in the heading";
        report.errors_total += 1;
        let remark = Remark::at(None, None, "code", "heading_missing", detail);
        report.errors.push(remark);
        return Ok((Vec::new(), report));
    };
    let known: BTreeMap<&str, &row::Model> =
        known.iter().map(|row| (row.code.as_str(), row)).collect();
    let (mut plan, mut seen) = (Vec::new(), HashSet::new());
    let rows = table.rows.iter().filter(|row| row.number > heading);
    for row in rows {
        report.rows += 1;
        let reader = Reader {
            table,
            row,
            columns: &columns,
        };
        let code = reader.text(CODE);
        if !seen.insert(code.clone()) {
            let what = ("code_twice", "this code stands in another row too");
            report.wrong(row.number, columns.get(CODE).copied(), "code", what);
            continue;
        }
        let before = known.get(code.as_str());
        let wrong_before = report.errors_total;
        let entry = reader.entry::<F>(&mut report, before.copied())?;
        if report.errors_total > wrong_before {
            continue;
        }
        match entry.checked() {
            Err(problem) => {
                let field = problem.field.clone().unwrap_or_default();
                let column = columns.get(heading_of::<F>(&field)).copied();
                report.wrong(row.number, column, &field, (problem.code, &problem.detail));
            }
            Ok(entry) => match before {
                None => {
                    report.new.push(entry.code.clone());
                    plan.push((0, entry));
                }
                Some(before) if before.entry::<F>()? == entry => report.unchanged += 1,
                Some(before) => {
                    report.changed.push(entry.code.clone());
                    plan.push((before.version, entry));
                }
            },
        }
    }
    report
        .errors
        .sort_by(|one, other| (one.row, &one.column).cmp(&(other.row, &other.column)));
    Ok((plan, report))
}

impl LookupImport {
    fn wrong(
        &mut self,
        row: u32,
        column: Option<u32>,
        field: &str,
        (code, detail): (&'static str, &str),
    ) {
        self.errors_total += 1;
        if self.errors.len() < MOST_TOLD {
            let remark = Remark::at(Some(row), column, field, code, detail);
            self.errors.push(remark);
        }
    }
}

fn heading_of<F: Facts>(name: &str) -> &'static str {
    let field = F::FIELDS.iter().find(|field| field.name == name);
    match (field, name) {
        (Some(field), _) => field.heading,
        (None, "year") => YEAR,
        (None, "name") => NAME,
        (None, "public") => PUBLIC,
        _ => CODE,
    }
}

/// The row of the heading, and which column means what.
fn heading<F: Facts>(table: &Table) -> Option<(u32, BTreeMap<&'static str, u32>)> {
    let names = [CODE, YEAR, NAME, ACTIVE, PUBLIC];
    let known = || {
        let fields = F::FIELDS.iter().map(|field| field.heading);
        names.into_iter().chain(fields)
    };
    table.rows.iter().take(HEADING_WITHIN).find_map(|row| {
        let mut columns = BTreeMap::new();
        for (column, cell) in (0..).zip(&row.cells) {
            let heading = plain(&cell.text());
            if let Some(name) = known().find(|name| *name == heading) {
                columns.entry(name).or_insert(column);
            }
        }
        let whole = columns.contains_key(CODE) && columns.contains_key(NAME);
        whole.then_some((row.number, columns))
    })
}

struct Reader<'a> {
    table: &'a Table,
    row: &'a Row,
    columns: &'a BTreeMap<&'static str, u32>,
}

impl Reader<'_> {
    fn cell(&self, heading: &str) -> Option<&Cell> {
        let column = *self.columns.get(heading)?;
        Some(self.row.cell(column as usize))
    }

    fn text(&self, heading: &str) -> String {
        self.cell(heading).map(Cell::text).unwrap_or_default()
    }

    /// The row as the file wants it; what it has no column for stays as it was.
    fn entry<F: Facts>(
        &self,
        report: &mut LookupImport,
        before: Option<&row::Model>,
    ) -> Result<Entry<F>> {
        let before = before.map(row::Model::entry::<F>).transpose()?;
        let mut entry = before.unwrap_or_else(|| Entry {
            code: self.text(CODE),
            year: 0,
            name: String::new(),
            active: true,
            facts: F::default(),
            public: Vec::new(),
        });
        let mut wrong = |heading: &str, field: &str, what: (&'static str, &str)| {
            let column = self.columns.get(heading).copied();
            report.wrong(self.row.number, column, field, what);
        };
        entry.name = self.text(NAME);
        if self.columns.contains_key(YEAR) {
            match self.text(YEAR).trim_end_matches('年').parse() {
                Ok(year) => entry.year = year,
                Err(_) => wrong(YEAR, "year", ("year_invalid", "2000 to 2100")),
            }
        }
        match self.text(ACTIVE).to_ascii_lowercase().as_str() {
            "" => {}
            "是" | "y" | "yes" | "true" | "1" | "√" => entry.active = true,
            "否" | "n" | "no" | "false" | "0" | "×" => entry.active = false,
            _ => wrong(ACTIVE, "active", ("flag_invalid", "是 or 否")),
        }
        if self.columns.contains_key(PUBLIC) {
            let named = self.text(PUBLIC);
            let names = named.split(['、', ',', '，', ';', '；', '\n']);
            entry.public = names
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(|name| {
                    let field = F::FIELDS.iter().find(|field| field.heading == name);
                    field.map_or(name, |field| field.name).to_owned()
                })
                .collect();
        }
        let mut facts: Map<String, Value> = object(&entry.facts)?;
        for field in F::FIELDS {
            let Some(cell) = self.cell(field.heading) else {
                continue;
            };
            let value = if !field.moment {
                Value::String(cell.text())
            } else if cell.is_empty() {
                Value::Null
            } else if let Some(at) = self.table.moment(cell).and_then(|at| moment(field, at)) {
                json!(at)
            } else {
                let what = ("moment_invalid", "a date, or a date with a time");
                wrong(field.heading, field.name, what);
                continue;
            };
            facts.insert(field.name.to_owned(), value);
        }
        entry.facts = serde_json::from_value(Value::Object(facts)).map_err(internal)?;
        Ok(entry)
    }
}

/// A date in Guangzhou; the end of something without a time is the end of that day.
fn moment(field: &Field, at: NaiveDateTime) -> Option<DateTime<Utc>> {
    let whole_day = field.name.ends_with("_to") && at.time() == NaiveTime::MIN;
    let at = if whole_day {
        at + TimeDelta::seconds(24 * 3_600 - 1)
    } else {
        at
    };
    let local = calendar::SHANGHAI.from_local_datetime(&at).single()?;
    Some(local.with_timezone(&Utc))
}

/// The whole table in the template that is brought in.
pub(crate) fn written<F: Facts>(rows: &[row::Model], mark: &str) -> Result<Vec<u8>> {
    let fields = || F::FIELDS.iter();
    let heading = [CODE, YEAR, NAME, ACTIVE]
        .into_iter()
        .chain(fields().map(|field| field.heading))
        .chain([PUBLIC]);
    let mut cells = Vec::new();
    for row in rows {
        let entry = row.entry::<F>()?;
        let facts = object(&entry.facts)?;
        let flag = if entry.active { "是" } else { "否" };
        let mut line = vec![
            entry.code,
            entry.year.to_string(),
            entry.name,
            flag.to_owned(),
        ];
        line.extend(fields().map(|field| {
            let text = facts.get(field.name).and_then(Value::as_str);
            let text = text.unwrap_or_default();
            match text.parse::<DateTime<Utc>>() {
                Ok(at) if field.moment => {
                    let local = at.with_timezone(&calendar::SHANGHAI);
                    local.format("%Y-%m-%d %H:%M:%S").to_string()
                }
                _ => text.to_owned(),
            }
        }));
        let public = fields().filter(|field| entry.public.iter().any(|name| name == field.name));
        let public: Vec<&str> = public.map(|field| field.heading).collect();
        line.push(public.join("、"));
        cells.push(line);
    }
    documents::write_marked(F::SHEET, heading, cells, Some(mark)).map_err(internal)
}
