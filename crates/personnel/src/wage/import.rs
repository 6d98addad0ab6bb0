//! Insurances, pay and overtime of a month as a sheet: tried, then all of it written or, with an error in any row,
//! nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use calendar::Calendar;
use chrono::NaiveDate;
use documents::{Cell, Row, Table};
use kernel::attachment::{self, table};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::{Actor, App, words};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::entry::{self, Insurance, Payslip};
use super::facts::{self, PersonMonth, WorkedDay};
use super::sums::{PayItem, PayItemKind};
use super::{InsuranceItem, Month, month, rows};
use crate::rights::ManageWages;
use kernel::day;

/// Rows in which the heading is looked for.
const HEADING_WITHIN: usize = 20;
/// Errors that are told.
const MOST_TOLD: usize = 1_000;

const STAFF_NO: &str = "工号";
const NAME: &str = "姓名";
const ITEM: &str = "险种";
const BASE: &str = "缴费基数";
const EMPLOYER: &str = "单位缴费";
const EMPLOYEE: &str = "个人缴费";
const WAGE_BASE: &str = "加班计算基数";
const DUE: &str = "应发绩效";
const PAID: &str = "实发";
const PAID_ON: &str = "发放日期";
const DAY: &str = "日期";
const HOURS: &str = "小时";
const LEAVE: &str = "补休";
const MERGED: &str = "与医疗合并";

/// What each insurance is called in a sheet.
const INSURANCES: [(&str, InsuranceItem); 5] = [
    ("养老", InsuranceItem::Pension),
    ("医疗", InsuranceItem::Medical),
    ("工伤", InsuranceItem::Injury),
    ("生育", InsuranceItem::Maternity),
    ("失业", InsuranceItem::Unemployment),
];

/// What each line of a payslip is called in a sheet.
const ITEMS: [(&str, PayItemKind); 16] = [
    ("基本工资", PayItemKind::Basic),
    ("岗位工资", PayItemKind::Post),
    ("绩效工资", PayItemKind::Performance),
    ("平日加班费", PayItemKind::OvertimeExtended),
    ("休息日加班费", PayItemKind::OvertimeRestDay),
    ("法定节假日加班费", PayItemKind::OvertimeHoliday),
    ("夜班津贴", PayItemKind::Night),
    ("高温津贴", PayItemKind::Heat),
    ("餐补", PayItemKind::Meal),
    ("法定福利", PayItemKind::Benefit),
    ("补发", PayItemKind::BackPay),
    ("其他应发", PayItemKind::Other),
    ("个人社保", PayItemKind::OwnInsurance),
    ("个人公积金", PayItemKind::OwnFund),
    ("个人所得税", PayItemKind::Tax),
    ("其他扣款", PayItemKind::Deduction),
];

words! {
    /// What a sheet holds.
    WageSheet {
        /// 社保缴费
        Insurance = "insurance",
        /// 工资
        Payroll = "payroll",
        /// 加班
        Overtime = "overtime",
    }
}

impl WageSheet {
    fn headings(self) -> Vec<&'static str> {
        let of: Vec<&str> = match self {
            Self::Insurance => vec![ITEM, BASE, EMPLOYER, EMPLOYEE],
            Self::Payroll => [WAGE_BASE]
                .into_iter()
                .chain(ITEMS.map(|(name, _)| name))
                .chain([DUE, PAID, PAID_ON])
                .collect(),
            Self::Overtime => vec![DAY, HOURS, LEAVE],
        };
        [STAFF_NO, NAME].into_iter().chain(of).collect()
    }

    /// Without these columns it is another sheet.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Insurance => &[ITEM, BASE],
            Self::Payroll => &[WAGE_BASE, "基本工资"],
            Self::Overtime => &[DAY, HOURS],
        }
    }
}

/// Something about one cell of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WageRemark {
    /// The row as the sheet shows it; null when it is about the whole file.
    pub row: Option<u32>,
    /// The column as the sheet shows it: `C`.
    pub column: Option<String>,
    /// The heading of the column.
    pub field: String,
    /// Stable code; the console translates it.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WageImport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Entries that were not there.
    pub new: usize,
    /// Entries that say something else now.
    pub changed: usize,
    /// Entries that are as they were.
    pub unchanged: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<WageRemark>,
    /// How many errors there are.
    pub errors_total: usize,
}

impl WageImport {
    fn wrong(&mut self, at: (Option<u32>, Option<u32>), field: &str, what: (&'static str, &str)) {
        self.errors_total += 1;
        if self.errors.len() < MOST_TOLD {
            self.errors.push(WageRemark {
                row: at.0,
                column: at.1.map(documents::letters),
                field: field.to_owned(),
                code: what.0,
                detail: what.1.to_owned(),
            });
        }
    }
}

/// What is to be written.
enum Entry {
    Insurance(Uuid, InsuranceItem, Insurance),
    Payslip(Uuid, Payslip),
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(template))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(app.clone())
}

/// Which sheet, and whether it is only tried.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SheetAsked {
    /// `insurance`, `payroll` or `overtime`.
    #[param(value_type = String)]
    kind: WageSheet,
    /// Nothing is written; the report says what would be.
    #[serde(default)]
    dry_run: bool,
}

/// Brings a sheet in: all of it, or with an error in any row nothing.
#[utoipa::path(
    post, path = "/api/v1/wage-months/{month}/import", tag = "wages", operation_id = "import_wages",
    params(("month" = String, Path), SheetAsked),
    request_body(content = table::TableForm, content_type = "multipart/form-data"),
    responses((status = 200, body = WageImport), (status = 409, body = Problem), (status = 422, body = Problem, description = "`import_has_errors` with `report`")),
)]
async fn import(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Path(month): Path<String>,
    Query(asked): Query<SheetAsked>,
    request: Request,
) -> Result<Json<WageImport>> {
    let month = Month::read("month", &month)?;
    let table = read(request).await?;
    let today = day::today(&app);
    if asked.dry_run {
        let conn = app.db.read();
        let (_, report) = planned(conn, (month, today), asked.kind, &table).await?;
        return Ok(Json(report));
    }
    let (db, who) = (app.db.clone(), actor.who());
    let report = db
        .write(move |tx| async move {
            let row = rows::writable(&app, &tx, month).await?;
            let (plan, mut report) = planned(&*tx, (month, today), asked.kind, &table).await?;
            if report.errors_total > 0 {
                return Err(with_errors(&report));
            }
            report.dry_run = false;
            for entry in plan {
                match entry {
                    Entry::Insurance(id, item, new) => {
                        entry::put_insurance(&app, &tx, &who, (month, id, item), &new).await?;
                    }
                    Entry::Payslip(id, new) => {
                        entry::put_payslip(&app, &tx, &who, (month, id), &new).await?;
                    }
                }
            }
            let said = report.rows.to_string();
            month::told(&app, &tx, &who, &row, ("imported", Some(&said)), &[]).await?;
            Ok(report)
        })
        .await?;
    Ok(Json(report))
}

/// An empty sheet with the headings that are read.
#[utoipa::path(
    get, path = "/api/v1/wage-sheets/{kind}", tag = "wages", operation_id = "get_wage_sheet",
    params(("kind" = String, Path)), responses((status = 200, content_type = "application/octet-stream")),
)]
async fn template(_actor: Actor<ManageWages>, Path(kind): Path<WageSheet>) -> Result<Response> {
    let bytes = documents::write("数据", kind.headings(), Vec::new()).map_err(internal)?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let office = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(office));
    let name = format!("attachment; filename=\"{}.xlsx\"", kind.as_str());
    if let Ok(value) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn read(request: Request) -> Result<Table> {
    let (_, bytes) = table::file(request).await?;
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes)).await;
    read.map_err(internal)?.map_err(|why| {
        let at = why.at;
        let at = at.map(|(row, column)| (row, documents::letters(column)));
        table::unreadable(why.code, why.detail, at)
    })
}

fn with_errors(report: &WageImport) -> Problem {
    let detail = format!(
        "{} errors in {} rows; nothing was written",
        report.errors_total, report.rows
    );
    invalid("file", "import_has_errors", detail)
        .with_way_out("mend the cells that are named and send the file again")
        .with("report", json!(report))
}

async fn planned(
    conn: &impl sea_orm::ConnectionTrait,
    (month, today): (Month, NaiveDate),
    kind: WageSheet,
    table: &Table,
) -> Result<(Vec<Entry>, WageImport)> {
    let found = facts::of(conn, &[month], None).await?;
    let people: Vec<PersonMonth> = found.into_iter().flat_map(|month| month.people).collect();
    let users = people.iter().filter_map(|person| person.staff.user_id);
    let users = organization::colleagues(conn, users).await?;
    let calendar = organization::service_calendar::load(conn).await?.calendar;
    let plan = Plan {
        month,
        today,
        calendar,
        people,
        users,
    };
    Ok(plan.of(kind, table))
}

/// Money as people type it, in fen: `8,333.33`, `¥2680`.
pub fn fen(text: &str) -> Option<i64> {
    let plain: String = text
        .chars()
        .filter(|char| !matches!(char, ',' | '，' | '¥' | '￥' | '元') && !char.is_whitespace())
        .collect();
    hundredths(&plain)
}

/// A number of at most two decimals and eleven digits, in hundredths.
fn hundredths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    Some(whole * 100 + part)
}

struct Plan {
    month: Month,
    today: NaiveDate,
    calendar: Calendar,
    people: Vec<PersonMonth>,
    users: HashMap<Uuid, Colleague>,
}

/// Headings with the space, the stars and what stands in brackets left out.
fn plain(heading: &str) -> String {
    let bare = heading.split(['(', '（']).next().unwrap_or_default();
    bare.chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '*' | ':' | '：' | '＊'))
        .collect()
}

fn heading(kind: WageSheet, table: &Table) -> Option<(u32, BTreeMap<&'static str, u32>)> {
    let names = kind.headings();
    table.rows.iter().take(HEADING_WITHIN).find_map(|row| {
        let mut columns = BTreeMap::new();
        for (column, cell) in (0..).zip(&row.cells) {
            let heading = plain(&cell.text());
            if let Some(name) = names.iter().find(|name| **name == heading) {
                columns.entry(*name).or_insert(column);
            }
        }
        let named = columns.contains_key(STAFF_NO) || columns.contains_key(NAME);
        let whole = kind.needed().iter().all(|name| columns.contains_key(name));
        (named && whole).then_some((row.number, columns))
    })
}

/// One row with its columns by name.
struct Line<'a> {
    table: &'a Table,
    row: &'a Row,
    columns: &'a BTreeMap<&'static str, u32>,
}

impl Line<'_> {
    fn cell(&self, name: &str) -> &Cell {
        match self.columns.get(name) {
            Some(column) => self.row.cell(*column as usize),
            None => &Cell::Empty,
        }
    }

    /// The sheet has this column.
    fn names(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    fn text(&self, name: &str) -> String {
        self.cell(name).text()
    }

    fn at(&self, name: &str) -> (Option<u32>, Option<u32>) {
        (Some(self.row.number), self.columns.get(name).copied())
    }

    /// Money in a cell; none where it is empty, told where it is no money.
    fn money(&self, name: &'static str, report: &mut WageImport) -> Option<i64> {
        let text = self.text(name);
        if text.is_empty() {
            return None;
        }
        let amount = fen(&text);
        if amount.is_none() {
            let what = ("amount_invalid", "yuan with at most two decimals");
            report.wrong(self.at(name), name, what);
        }
        amount
    }

    fn day(&self, name: &'static str, report: &mut WageImport) -> Option<NaiveDate> {
        let cell = self.cell(name);
        if cell.is_empty() {
            return None;
        }
        let day = self.table.moment(cell).map(|at| at.date());
        if day.is_none() {
            report.wrong(self.at(name), name, ("day_invalid", "a date"));
        }
        day
    }
}

impl Plan {
    fn of(&self, kind: WageSheet, table: &Table) -> (Vec<Entry>, WageImport) {
        let mut report = WageImport {
            dry_run: true,
            rows: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            errors: Vec::new(),
            errors_total: 0,
        };
        for fault in &table.faults {
            let at = (Some(fault.row), Some(fault.column));
            report.wrong(at, "", (fault.code, &fault.detail));
        }
        let Some((begin, columns)) = heading(kind, table) else {
            let needed = kind.needed().join("、");
            let detail = format!("a heading with 工号 or 姓名, and {needed} is needed");
            report.wrong((None, None), STAFF_NO, ("heading_missing", &detail));
            return (Vec::new(), report);
        };
        let mut plan = Vec::new();
        let mut worked: BTreeMap<Uuid, (u32, Vec<WorkedDay>)> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for row in table.rows.iter().filter(|row| row.number > begin) {
            report.rows += 1;
            let line = Line {
                table,
                row,
                columns: &columns,
            };
            let Some(person) = self.person(&line, &mut report) else {
                continue;
            };
            let id = person.staff.id;
            match kind {
                WageSheet::Insurance => {
                    let read = Self::insurance(&line, person, &mut report);
                    let Some((item, entry)) = read else { continue };
                    if seen.insert((id, item.as_str())) {
                        plan.extend(entry.map(|new| Entry::Insurance(id, item, new)));
                    } else {
                        report.wrong(line.at(ITEM), ITEM, TWICE);
                    }
                }
                WageSheet::Payroll => {
                    if seen.insert((id, "")) {
                        let entry = self.payslip(&line, person, &mut report);
                        plan.extend(entry.map(|new| Entry::Payslip(id, new)));
                    } else {
                        report.wrong(line.at(NAME), NAME, TWICE);
                    }
                }
                WageSheet::Overtime => {
                    if let Some(one) = worked_on(&line, &mut report) {
                        let days = worked.entry(id).or_insert((row.number, Vec::new()));
                        days.1.push(one);
                    }
                }
            }
        }
        for (id, (row, days)) in worked {
            let person = self.people.iter().find(|person| person.staff.id == id);
            let entry = person.and_then(|person| self.overtime(person, row, days, &mut report));
            plan.extend(entry.map(|new| Entry::Payslip(id, new)));
        }
        report.errors.sort_by(|one, other| {
            let place = |remark: &WageRemark| (remark.row, remark.column.clone());
            place(one).cmp(&place(other))
        });
        (plan, report)
    }

    /// Whom a row is about: by staff number, else by a name that only one of the month has.
    fn person(&self, line: &Line<'_>, report: &mut WageImport) -> Option<&PersonMonth> {
        let (number, name) = (line.text(STAFF_NO), line.text(NAME));
        let by_number = |person: &&PersonMonth| {
            let user = person.staff.user_id.and_then(|id| self.users.get(&id));
            user.and_then(|user| user.staff_no.as_deref()) == Some(&*number)
        };
        let by_name = |person: &&PersonMonth| person.staff.name == name;
        let found: Vec<&PersonMonth> = if number.is_empty() {
            self.people.iter().filter(by_name).collect()
        } else {
            self.people.iter().filter(by_number).collect()
        };
        let field = if number.is_empty() { NAME } else { STAFF_NO };
        match found[..] {
            [person] if name.is_empty() || person.staff.name == name => Some(person),
            [_] => {
                let what = ("name_differs", "this staff number is somebody else's");
                report.wrong(line.at(NAME), NAME, what);
                None
            }
            [] => {
                let what = (
                    "person_not_on_payroll",
                    "nobody of this name or number was on the project in this month",
                );
                report.wrong(line.at(field), field, what);
                None
            }
            _ => {
                let what = (
                    "person_ambiguous",
                    "several have this name; give the number",
                );
                report.wrong(line.at(field), field, what);
                None
            }
        }
    }

    fn insurance(
        line: &Line<'_>,
        person: &PersonMonth,
        report: &mut WageImport,
    ) -> Option<(InsuranceItem, Option<Insurance>)> {
        let named = line.text(ITEM);
        let item = INSURANCES.iter().find(|(name, _)| named.starts_with(name));
        let Some((_, item)) = item else {
            let what = ("insurance_unknown", "养老、医疗、工伤、生育 or 失业");
            report.wrong(line.at(ITEM), ITEM, what);
            return None;
        };
        let merged = line.text(EMPLOYER).contains(MERGED) || line.text(BASE).contains(MERGED);
        let before = report.errors_total;
        let mut money = |name| {
            if merged {
                None
            } else {
                line.money(name, report)
            }
        };
        let (base, employer, employee) = (money(BASE), money(EMPLOYER), money(EMPLOYEE));
        let there = person.insured.get(item).map(|(row, _)| row);
        let new = Insurance {
            base_fen: base.unwrap_or_default(),
            employer_fen: employer.unwrap_or_default(),
            employee_fen: employee.unwrap_or_default(),
            merged,
            version: there.map(|row| row.version),
        };
        if report.errors_total > before {
            return None;
        }
        if let Err(problem) = new.check(*item) {
            let name = match problem.field.as_deref() {
                Some("employer_fen") => EMPLOYER,
                Some("employee_fen") => EMPLOYEE,
                Some("merged") => ITEM,
                _ => BASE,
            };
            report.wrong(line.at(name), name, (problem.code, &problem.detail));
            return None;
        }
        let same = there.is_some_and(|row| {
            let kept = (row.base_fen, row.employer_fen, row.employee_fen, row.merged);
            kept == (new.base_fen, new.employer_fen, new.employee_fen, new.merged)
        });
        counted(report, there.is_some(), same);
        Some((*item, (!same).then_some(new)))
    }

    fn payslip(
        &self,
        line: &Line<'_>,
        person: &PersonMonth,
        report: &mut WageImport,
    ) -> Option<Payslip> {
        let before = report.errors_total;
        let there = person.payslip.as_ref();
        // What the sheet has no column for stays as it was written.
        let kept = |name: &str| there.filter(|_| !line.names(name));
        let base = match kept(WAGE_BASE) {
            Some(row) => Some(row.base_fen),
            None => line.money(WAGE_BASE, report),
        };
        if base.is_none() && report.errors_total == before {
            let what = ("amount_missing", "the wage that overtime is reckoned from");
            report.wrong(line.at(WAGE_BASE), WAGE_BASE, what);
        }
        let mut items = Vec::new();
        for (name, kind) in ITEMS {
            if kept(name).is_some() {
                items.extend(
                    person
                        .items
                        .iter()
                        .filter(|item| item.kind == kind)
                        .copied(),
                );
                continue;
            }
            let amount = line.money(name, report).filter(|amount| *amount > 0);
            items.extend(amount.map(|amount_fen| PayItem { kind, amount_fen }));
        }
        let due = match kept(DUE) {
            Some(row) => row.performance_due_fen,
            None => line.money(DUE, report).unwrap_or_default(),
        };
        let paid = match kept(PAID) {
            Some(row) => row.paid_fen,
            None => line.money(PAID, report),
        };
        let paid_on = match kept(PAID_ON) {
            Some(row) => row.paid_on.as_deref().and_then(|day| day.parse().ok()),
            None => line.day(PAID_ON, report),
        };
        let new = Payslip {
            base_fen: base.unwrap_or_default(),
            items,
            // Overtime has a sheet of its own: a day a row.
            worked: person.worked.clone(),
            performance_due_fen: due,
            paid_fen: paid,
            paid_on,
            version: there.map(|row| row.version),
        };
        if report.errors_total > before {
            return None;
        }
        self.kept(person, (line.at(NAME), NAME), new, report)
    }

    fn overtime(
        &self,
        person: &PersonMonth,
        row: u32,
        mut worked: Vec<WorkedDay>,
        report: &mut WageImport,
    ) -> Option<Payslip> {
        let at = (Some(row), None);
        let Some(there) = person.payslip.as_ref() else {
            let what = ("payslip_missing", "the payroll of the month comes first");
            report.wrong(at, NAME, what);
            return None;
        };
        worked.sort_by_key(|one| (one.day, one.leave));
        let new = Payslip {
            base_fen: there.base_fen,
            items: person.items.clone(),
            worked,
            performance_due_fen: there.performance_due_fen,
            paid_fen: there.paid_fen,
            paid_on: there.paid_on.as_deref().and_then(|day| day.parse().ok()),
            version: Some(there.version),
        };
        self.kept(person, (at, DAY), new, report)
    }

    /// The payslip where it is right and says something new.
    fn kept(
        &self,
        person: &PersonMonth,
        (at, name): ((Option<u32>, Option<u32>), &str),
        new: Payslip,
        report: &mut WageImport,
    ) -> Option<Payslip> {
        if let Err(problem) = new.check(self.month, self.today, &self.calendar) {
            report.wrong(at, name, (problem.code, &problem.detail));
            return None;
        }
        let there = person.payslip.as_ref();
        let same = there.is_some_and(|row| {
            row.base_fen == new.base_fen
                && row.performance_due_fen == new.performance_due_fen
                && row.paid_fen == new.paid_fen
                && row.paid_on == new.paid_on.map(day::text)
                && person.worked == new.worked
                && by_kind(&person.items) == by_kind(&new.items)
        });
        counted(report, there.is_some(), same);
        (!same).then_some(new)
    }
}

/// Where somebody stands twice.
const TWICE: (&str, &str) = ("row_twice", "this stands in another row too");

fn by_kind(items: &[PayItem]) -> BTreeMap<PayItemKind, i64> {
    let nothing = |item: &&PayItem| item.amount_fen != 0;
    let pair = |item: &PayItem| (item.kind, item.amount_fen);
    items.iter().filter(nothing).map(pair).collect()
}

fn counted(report: &mut WageImport, there: bool, same: bool) {
    match (there, same) {
        (_, true) => report.unchanged += 1,
        (true, false) => report.changed += 1,
        (false, false) => report.new += 1,
    }
}

fn worked_on(line: &Line<'_>, report: &mut WageImport) -> Option<WorkedDay> {
    let before = report.errors_total;
    let day = line.day(DAY, report);
    if day.is_none() && report.errors_total == before {
        report.wrong(line.at(DAY), DAY, ("day_invalid", "a date"));
    }
    let hours = hundredths(&line.text(HOURS));
    let minutes = hours.map(|hours| hours * 60).filter(|of| of % 100 == 0);
    let Some(minutes) = minutes.map(|of| of / 100) else {
        report.wrong(line.at(HOURS), HOURS, ("hours_invalid", "hours: 1.5"));
        return None;
    };
    let leave = match line.text(LEAVE).as_str() {
        "" | "否" | "no" | "0" => false,
        "是" | "yes" | "1" | "√" => true,
        _ => {
            report.wrong(line.at(LEAVE), LEAVE, ("flag_invalid", "是 or 否"));
            return None;
        }
    };
    Some(WorkedDay {
        day: day?,
        minutes,
        leave,
    })
}
