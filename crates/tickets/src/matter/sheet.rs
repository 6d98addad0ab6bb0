//! The matter tree as a table: taken out, changed in a spreadsheet, tried and brought in again.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use documents::{Cell, Row, Table};
use kernel::attachment::BODY;
use kernel::attachment::table::{TableForm, file, plain_name};
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::{Actor, App, audit};
use organization::{ExportPass, Leaving, Trace};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edit::{Known, write};
use super::shape::{self, COLUMNS, MatterFacts, MatterField, Tree};
use crate::upload::unreadable;
use crate::work_order::columns::plain;
use crate::work_order::interpret::flag;
use crate::{ManageMatters, ViewMatters};

/// Rows in which the heading is looked for.
const HEADING_WITHIN: usize = 20;
/// Errors and changes that are told.
const MOST_TOLD: usize = 1_000;
/// Matters of a tree.
const MOST_MATTERS: usize = 5_000;

/// The routes of the table.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(export))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(app.clone())
}

/// What a file does to the tree.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MatterImportQuery {
    /// Only tells what an import would do.
    #[serde(default)]
    dry_run: bool,
    /// Takes out of use what the file does not name.
    #[serde(default)]
    deactivate_missing: bool,
}

/// Something about one cell of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MatterRemark {
    /// The row as the sheet shows it; null for a matter that the file does not name.
    pub row: Option<u32>,
    /// The column as the sheet shows it: `C`; null when it is about the whole row.
    pub column: Option<String>,
    /// The field it means.
    pub field: MatterField,
    /// Stable code; the console translates it.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// What becomes of a matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatterFate {
    /// It was not there.
    New,
    /// It says something else.
    Changed,
    /// It is taken out of use.
    Deactivated,
}

/// A field before and after.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatterFieldChange {
    /// The field.
    pub field: MatterField,
    /// What it said.
    pub before: Option<String>,
    /// What it says.
    pub after: Option<String>,
}

/// A matter that changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatterDiff {
    /// The row of the file; null when the file does not name it.
    pub row: Option<u32>,
    /// Its code.
    pub code: String,
    /// Its name, after it.
    pub name: String,
    /// What becomes of it.
    pub fate: MatterFate,
    /// What changes in it.
    pub fields: Vec<MatterFieldChange>,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatterImport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Matters that were not there.
    pub new: usize,
    /// Matters that say something else, those taken out of use not counted.
    pub changed: usize,
    /// Matters taken out of use.
    pub deactivated: usize,
    /// Matters of the file that are as they were.
    pub unchanged: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<MatterRemark>,
    /// How many errors there are.
    pub errors_total: usize,
    /// What changes. At most 1,000.
    pub changes: Vec<MatterDiff>,
    /// How many matters change.
    pub changes_total: usize,
}

/// Brings a tree in from a file: all of it, or with an error in any row nothing. The code is the key: what is there
/// is changed, the same file twice changes nothing, and nothing is ever deleted.
#[utoipa::path(
    post, path = "/api/v1/matters/import", tag = "matters",
    params(MatterImportQuery),
    request_body(content = TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = MatterImport), (status = 413, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn import(
    actor: Actor<ManageMatters>,
    State(app): State<App>,
    Query(query): Query<MatterImportQuery>,
    request: Request,
) -> Result<Json<MatterImport>> {
    let (name, bytes) = file(request).await?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes)).await;
    let table = read.map_err(internal)?.map_err(unreadable)?;
    if query.dry_run {
        let known = Known::read(app.db.read()).await?;
        return Ok(Json(plan(&table, &known, query.deactivate_missing).1));
    }
    let (db, who) = (app.db.clone(), actor.who());
    let report = db
        .write(move |tx| async move {
            let known = Known::read_to_change(&tx).await?;
            let (tree, mut report) = plan(&table, &known, query.deactivate_missing);
            if report.errors_total > 0 {
                return Err(with_errors(&report));
            }
            report.dry_run = false;
            let changed = tree.iter().filter(|(code, facts)| known.tree.get(*code) != Some(*facts));
            let codes: BTreeSet<String> = changed.map(|(code, _)| code.clone()).collect();
            if codes.is_empty() {
                return Ok(report);
            }
            write(&app, &tx, &known, &tree, &codes).await?;
            let details = json!({
                "file": name.as_deref().map(plain_name), "sha256": sha256, "rows": report.rows, "new": report.new,
                "changed": report.changed, "deactivated": report.deactivated, "changes": report.changes,
            });
            audit::record(&app, &*tx, &who, "matters.imported", "matter", "*", details).await?;
            Ok(report)
        })
        .await?;
    Ok(Json(report))
}

fn with_errors(report: &MatterImport) -> Problem {
    let detail = format!(
        "{} errors in {} rows; nothing was written",
        report.errors_total, report.rows
    );
    let told = serde_json::to_value(report).unwrap_or_default();
    invalid("file", "import_has_errors", detail)
        .with_way_out("mend the cells that are named and send the file again")
        .with("report", told)
}

/// Takes the whole tree out, in the template that is brought in.
#[utoipa::path(
    get, path = "/api/v1/matters/export", tag = "matters", params(ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 409, body = Problem),
    ),
)]
pub(crate) async fn export(
    _actor: Actor<ViewMatters>,
    leaving: Leaving,
    State(app): State<App>,
) -> Result<Response> {
    let known = Known::read(app.db.read()).await?;
    let name_of = |code: String| {
        let section = known.sections.iter().find(|(known, _)| *known == code);
        section.map_or(code, |(_, name)| name.clone())
    };
    let rows = shape::in_order(&known.tree).into_iter().filter_map(|code| {
        let facts = known.tree.get(code)?;
        let cells = facts.cells().into_iter().map(|(field, text)| match field {
            MatterField::Section => text.map(name_of).unwrap_or_default(),
            _ => text.unwrap_or_default(),
        });
        Some([code.clone()].into_iter().chain(cells).collect())
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let pass = leaving.pass(&app, rows.len() as u64).await?;
    let heading = COLUMNS.iter().map(|(_, name)| *name);
    let mark = pass.line();
    let bytes = documents::write_marked("事项", heading, rows, Some(&mark)).map_err(internal)?;
    let trace = Trace {
        action: "matters.exported",
        subject_kind: "matters",
        subject: "all".to_owned(),
        details: serde_json::json!({}),
    };
    pass.taken(&app, &bytes, trace).await?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"matters.xlsx\""),
    );
    Ok((headers, bytes).into_response())
}

/// The tree as the file wants it, and what that changes.
fn plan(table: &Table, known: &Known, deactivate_missing: bool) -> (Tree, MatterImport) {
    let mut reader = Reader::new(table, known);
    let rows = reader.read();
    let Reader {
        places,
        mut errors,
        mut tree,
        at,
        ..
    } = reader;
    if deactivate_missing && !at.is_empty() {
        for (_, facts) in tree.iter_mut().filter(|(code, _)| !at.contains_key(*code)) {
            facts.active = false;
        }
    }
    let changed = tree
        .iter()
        .filter(|(code, facts)| known.tree.get(*code) != Some(*facts));
    let touched: BTreeSet<String> = changed.map(|(code, _)| code.clone()).collect();
    if tree.len() > MOST_MATTERS {
        errors.push(MatterRemark {
            row: None,
            column: None,
            field: MatterField::Code,
            code: "too_many_matters",
            detail: format!("a tree has at most {MOST_MATTERS} matters"),
        });
    } else {
        let wrong = shape::check(&tree, &touched, &known.section_codes());
        errors.extend(wrong.into_iter().map(|wrong| {
            let row = at.get(&wrong.matter).copied();
            let place = places.get(&wrong.field).filter(|_| row.is_some());
            MatterRemark {
                row,
                column: place.map(|place| documents::letters(*place as u32)),
                field: wrong.field,
                code: wrong.code,
                detail: format!("`{}`: {}", wrong.matter, wrong.detail),
            }
        }));
    }
    errors.sort_by_key(|error| (error.row, error.column.clone()));
    let diffs: Vec<MatterDiff> = touched
        .iter()
        .filter_map(|code| {
            diff(
                known.tree.get(code),
                tree.get(code)?,
                code,
                at.get(code).copied(),
            )
        })
        .collect();
    let count = |fate: MatterFate| diffs.iter().filter(|diff| diff.fate == fate).count();
    let unchanged = at.keys().filter(|code| !touched.contains(*code)).count();
    let report = MatterImport {
        dry_run: true,
        rows,
        new: count(MatterFate::New),
        changed: count(MatterFate::Changed),
        deactivated: count(MatterFate::Deactivated),
        unchanged,
        errors_total: errors.len(),
        errors: errors.into_iter().take(MOST_TOLD).collect(),
        changes_total: diffs.len(),
        changes: diffs.into_iter().take(MOST_TOLD).collect(),
    };
    (tree, report)
}

fn diff(
    before: Option<&MatterFacts>,
    after: &MatterFacts,
    code: &str,
    row: Option<u32>,
) -> Option<MatterDiff> {
    let was = before.map(MatterFacts::cells);
    let fields = after
        .cells()
        .into_iter()
        .enumerate()
        .map(|(at, (field, after))| MatterFieldChange {
            field,
            before: was.as_ref().and_then(|was| was.get(at)?.1.clone()),
            after,
        });
    let fields: Vec<MatterFieldChange> = fields
        .filter(|change| change.before != change.after)
        .collect();
    let fate = match before {
        None => MatterFate::New,
        Some(before) if before.active && !after.active => MatterFate::Deactivated,
        Some(_) if fields.is_empty() => return None,
        Some(_) => MatterFate::Changed,
    };
    Some(MatterDiff {
        row,
        code: code.to_owned(),
        name: after.name.clone(),
        fate,
        fields,
    })
}

/// Reads rows into the tree.
struct Reader<'a> {
    table: &'a Table,
    known: &'a Known,
    /// Where each field stands.
    places: BTreeMap<MatterField, usize>,
    tree: Tree,
    /// The row of each matter that the file names.
    at: BTreeMap<String, u32>,
    errors: Vec<MatterRemark>,
}

impl<'a> Reader<'a> {
    fn new(table: &'a Table, known: &'a Known) -> Self {
        Self {
            table,
            known,
            places: BTreeMap::new(),
            tree: known.tree.clone(),
            at: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    fn error(
        &mut self,
        row: u32,
        field: MatterField,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        let place = self.places.get(&field);
        self.errors.push(MatterRemark {
            row: Some(row),
            column: place.map(|place| documents::letters(*place as u32)),
            field,
            code,
            detail: detail.into(),
        });
    }

    /// Reads all rows; answers how many there are.
    fn read(&mut self) -> usize {
        let heading = self.table.rows.iter().take(HEADING_WITHIN).find_map(|row| {
            let places = places(row);
            places
                .contains_key(&MatterField::Code)
                .then_some((row.number, places))
        });
        let Some((heading, places)) = heading else {
            let row = self.table.rows.first().map_or(1, |row| row.number);
            self.error(
                row,
                MatterField::Code,
                "heading_missing",
                "no row is a heading with 编码",
            );
            return 0;
        };
        self.places = places;
        if !self.places.contains_key(&MatterField::Name) {
            self.error(
                heading,
                MatterField::Name,
                "column_missing",
                "no column is called 名称",
            );
            return 0;
        }
        let table = self.table;
        let mut rows = 0;
        for row in table.rows.iter().filter(|row| row.number > heading) {
            rows += 1;
            self.row(row);
        }
        rows
    }

    fn row(&mut self, row: &Row) {
        let Some(code) = self.cell(row, MatterField::Code).map(Cell::text) else {
            let at_fault = self
                .errors
                .last()
                .is_some_and(|error| error.row == Some(row.number));
            if !at_fault {
                self.error(
                    row.number,
                    MatterField::Code,
                    "value_missing",
                    "the cell is empty",
                );
            }
            return;
        };
        if let Some(first) = self.at.get(&code) {
            let detail = format!("matter `{code}` stands in row {first} already");
            self.error(row.number, MatterField::Code, "code_twice", detail);
            return;
        }
        self.at.insert(code.clone(), row.number);
        let mut facts = self
            .tree
            .get(&code)
            .cloned()
            .unwrap_or_else(|| MatterFacts {
                parent: None,
                name: String::new(),
                shortcut: String::new(),
                position: row.number,
                section: None,
                active: true,
            });
        // A column that is not in the file says nothing: what there is stands.
        let told: Vec<MatterField> = self.places.keys().copied().collect();
        for field in told {
            let errors = self.errors.len();
            let cell = self.cell(row, field).cloned();
            if self.errors.len() > errors {
                continue;
            }
            let text = cell.as_ref().map(Cell::text);
            match field {
                MatterField::Code => {}
                MatterField::Parent => facts.parent = text,
                MatterField::Name => facts.name = text.unwrap_or_default(),
                MatterField::Shortcut => facts.shortcut = text.unwrap_or_default(),
                MatterField::Position => match text.as_deref().map(str::parse) {
                    None => {}
                    Some(Ok(position)) => facts.position = position,
                    Some(Err(_)) => {
                        self.error(
                            row.number,
                            field,
                            "position_invalid",
                            "a whole number from 1 to 100,000",
                        );
                    }
                },
                MatterField::Section => facts.section = text.map(|text| self.section(text)),
                MatterField::Active => match cell.as_ref().map(flag) {
                    None => facts.active = true,
                    Some(Some(active)) => facts.active = active,
                    Some(None) => {
                        self.error(row.number, field, "flag_invalid", "neither 是 nor 否");
                    }
                },
            }
        }
        self.tree.insert(code, facts);
    }

    /// The code of a section that is called so, or has this code; the text itself where there is none.
    fn section(&self, text: String) -> String {
        let mut known = self.known.sections.iter();
        let found = known.find(|(code, name)| *code == text || *name == text);
        found.map_or(text, |(code, _)| code.clone())
    }

    /// What stands in a cell; a fault of it is told.
    fn cell<'r>(&mut self, row: &'r Row, field: MatterField) -> Option<&'r Cell> {
        let place = *self.places.get(&field)?;
        let mut faults = self.table.faults.iter();
        let at_fault =
            faults.find(|fault| fault.row == row.number && fault.column as usize == place);
        if let Some(fault) = at_fault {
            let (code, detail) = (fault.code, fault.detail.clone());
            self.error(row.number, field, code, detail);
            return None;
        }
        Some(row.cell(place)).filter(|cell| !cell.is_empty())
    }
}

/// Where each field of the template stands in a heading.
fn places(row: &Row) -> BTreeMap<MatterField, usize> {
    let mut places = BTreeMap::new();
    for (place, cell) in row.cells.iter().enumerate() {
        let name = plain(&cell.text());
        if let Some((field, _)) = COLUMNS.iter().find(|(_, column)| *column == name) {
            places.entry(*field).or_insert(place);
        }
    }
    places
}
