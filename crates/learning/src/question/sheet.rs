//! The question bank as a sheet: taken out, filled in a spreadsheet, tried and brought in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use documents::sheet::{HEADING_WITHIN, MOST_TOLD, Remark};
use documents::{Row, Table};
use kernel::list::ListQuery;
use kernel::problem::{Problem, Result, invalid};
use kernel::text::must_be_code;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, QuestionFilter, Written, row};
use super::{Difficulty, QuestionContent, QuestionKind, http};
use crate::sources::Sources;

/// The template.
pub(crate) const HEADING: [&str; 16] = [
    "题型",
    "业务事项",
    "难度",
    "题干",
    "选项A",
    "选项B",
    "选项C",
    "选项D",
    "选项E",
    "选项F",
    "选项G",
    "选项H",
    "答案",
    "解析",
    "来源条目",
    "录音",
];
const OPTIONS: std::ops::Range<usize> = 4..12;
/// Rows of one file.
const MOST_ROWS: usize = 2_000;

const KINDS: [(&str, QuestionKind); 6] = [
    ("单选", QuestionKind::Single),
    ("多选", QuestionKind::Multiple),
    ("判断", QuestionKind::TrueFalse),
    ("填空", QuestionKind::Fill),
    ("简答", QuestionKind::Short),
    ("来电模拟", QuestionKind::CallSimulation),
];
const DIFFICULTIES: [(&str, Difficulty); 3] = [
    ("易", Difficulty::Easy),
    ("中", Difficulty::Medium),
    ("难", Difficulty::Hard),
];

/// What an import does, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuestionImport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Rows with anything in them, the heading not counted.
    pub rows: usize,
    /// Questions that are, or would be, written.
    pub new: usize,
    /// What is wrong; while there is anything, nothing is written. At most 1,000.
    pub errors: Vec<Remark>,
    /// How many errors there are.
    pub errors_total: usize,
}

impl QuestionImport {
    fn wrong(
        &mut self,
        row: Option<u32>,
        column: Option<usize>,
        field: &str,
        code: &'static str,
        detail: &str,
    ) {
        self.errors_total += 1;
        if self.errors.len() < MOST_TOLD {
            let column = column.and_then(|column| u32::try_from(column).ok());
            self.errors
                .push(Remark::at(row, column, field, code, detail));
        }
    }
}

/// A file that has errors, as it is refused.
pub(crate) fn with_errors(report: &QuestionImport) -> Problem {
    let detail = format!(
        "{} errors in {} rows; nothing was written",
        report.errors_total, report.rows
    );
    invalid("file", "import_has_errors", detail)
        .with_way_out("mend the cells that are named and send the file again")
        .with("report", json!(report))
}

/// Where each column of the template stands in the file.
struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn text(&self, row: &Row, name: &str) -> String {
        self.0
            .get(name)
            .map(|at| row.cell(*at).text())
            .unwrap_or_default()
    }
}

fn heading(table: &Table) -> Option<(u32, Columns)> {
    table.rows.iter().take(HEADING_WITHIN).find_map(|row| {
        let names: Vec<String> = row.cells.iter().map(documents::Cell::text).collect();
        let at = |name: &'static str| {
            names
                .iter()
                .position(|known| known == name)
                .map(|at| (name, at))
        };
        let found: HashMap<&'static str, usize> = HEADING.into_iter().filter_map(at).collect();
        let needed = ["题型", "题干", "答案"];
        needed
            .iter()
            .all(|name| found.contains_key(name))
            .then_some((row.number, Columns(found)))
    })
}

/// The column in which a field of a question stands.
fn column_of(field: &str) -> &'static str {
    match field {
        "kind" => "题型",
        "matter" => "业务事项",
        "difficulty" => "难度",
        "options" => "选项A",
        "right" | "truth" | "blanks" | "model_answer" | "answer" => "答案",
        "explanation" => "解析",
        "source" => "来源条目",
        "recording" => "录音",
        _ => "题干",
    }
}

/// What a file wants, beside what is there.
pub(crate) async fn plan(
    table: &Table,
    known: &HashMap<(String, String), Uuid>,
    sources: &Arc<dyn Sources>,
) -> Result<(Vec<Written>, QuestionImport)> {
    let mut report = QuestionImport {
        dry_run: true,
        rows: 0,
        new: 0,
        errors: Vec::new(),
        errors_total: 0,
    };
    for fault in &table.faults {
        report.wrong(
            Some(fault.row),
            Some(fault.column as usize),
            "",
            fault.code,
            &fault.detail,
        );
    }
    let Some((first, columns)) = heading(table) else {
        let detail = "columns 题型, 题干 and 答案 are needed in the heading";
        report.wrong(None, None, "kind", "heading_missing", detail);
        return Ok((Vec::new(), report));
    };
    let (mut plan, mut seen) = (Vec::new(), HashSet::new());
    for row in table.rows.iter().filter(|row| row.number > first) {
        report.rows += 1;
        if report.rows > MOST_ROWS {
            report.wrong(
                Some(row.number),
                None,
                "",
                "too_many_rows",
                "a file has at most 2,000 questions",
            );
            break;
        }
        let read = match read(&columns, row) {
            Ok(read) => checked(read, sources).await,
            Err(problem) => Err(problem),
        };
        let written = match read {
            Ok(written) => written,
            Err(problem) if problem.status >= 500 => return Err(problem),
            Err(problem) => {
                let field = problem.field.unwrap_or_default();
                let column = columns.0.get(column_of(&field)).copied();
                report.wrong(
                    Some(row.number),
                    column,
                    &field,
                    problem.code,
                    &problem.detail,
                );
                continue;
            }
        };
        let key = (
            written.kind.as_str().to_owned(),
            written.content.text.clone(),
        );
        if known.contains_key(&key) || !seen.insert(key) {
            let column = columns.0.get("题干").copied();
            report.wrong(
                Some(row.number),
                column,
                "text",
                "question_twice",
                "another question asks the same",
            );
            continue;
        }
        report.new += 1;
        plan.push(written);
    }
    Ok((plan, report))
}

struct Read {
    kind: QuestionKind,
    matter: String,
    difficulty: Difficulty,
    content: QuestionContent,
    source: String,
}

async fn checked(read: Read, sources: &Arc<dyn Sources>) -> Result<Written> {
    let content = read.content.checked(read.kind)?;
    must_be_code("matter", &read.matter)?;
    http::must_be_heard(sources, &content).await?;
    Ok(Written {
        kind: read.kind,
        matter: read.matter,
        difficulty: read.difficulty,
        source: http::source(sources, Some(&read.source)).await?,
        content,
    })
}

fn read(columns: &Columns, row: &Row) -> Result<Read> {
    let text = |name: &str| columns.text(row, name);
    let (kind_word, difficulty_word) = (text("题型"), text("难度"));
    let kind = KINDS.iter().find(|(word, kind)| {
        kind_word.trim_end_matches('题') == *word || kind_word == kind.as_str()
    });
    let (_, kind) = *kind.ok_or_else(|| {
        invalid(
            "kind",
            "kind_unknown",
            "单选, 多选, 判断, 填空, 简答 or 来电模拟",
        )
    })?;
    let difficulty = match difficulty_word.as_str() {
        "" => Difficulty::Medium,
        word => DIFFICULTIES
            .iter()
            .find(|(known, code)| *known == word || code.as_str() == word)
            .map(|(_, difficulty)| *difficulty)
            .ok_or_else(|| invalid("difficulty", "difficulty_unknown", "易, 中 or 难"))?,
    };
    let mut content = QuestionContent {
        text: text("题干"),
        explanation: text("解析"),
        ..Default::default()
    };
    let given = text("答案");
    if kind.has_options() {
        let mut options: Vec<String> = HEADING[OPTIONS].iter().map(|name| text(name)).collect();
        while options.last().is_some_and(String::is_empty) {
            options.pop();
        }
        content.options = options;
        for char in given
            .chars()
            .filter(|char| !char.is_whitespace() && !matches!(char, ',' | '，' | '、'))
        {
            let letter = char.to_ascii_uppercase();
            if !letter.is_ascii_uppercase() {
                return Err(invalid(
                    "right",
                    "answer_invalid",
                    "the letters of the right options, such as ABD",
                ));
            }
            content.right.push((letter as usize) - ('A' as usize));
        }
    } else {
        match kind {
            QuestionKind::TrueFalse => {
                content.truth = match given.trim() {
                    "对" | "正确" | "√" | "是" | "true" => Some(true),
                    "错" | "错误" | "×" | "否" | "false" => Some(false),
                    _ => return Err(invalid("truth", "answer_invalid", "对 or 错")),
                };
            }
            QuestionKind::Fill => {
                let blanks = given
                    .split([';', '；'])
                    .filter(|blank| !blank.trim().is_empty());
                let variants =
                    |blank: &str| blank.split('|').map(|one| one.trim().to_owned()).collect();
                content.blanks = blanks.map(variants).collect();
            }
            _ => content.model_answer = given,
        }
    }
    let recording = text("录音");
    if !recording.is_empty() {
        let call = recording.parse();
        content.recording =
            Some(call.map_err(|_| invalid("recording", "recording_unknown", "the id of a call"))?);
    }
    Ok(Read {
        kind,
        matter: text("业务事项"),
        difficulty,
        content,
        source: text("来源条目"),
    })
}

/// The bank in the template.
pub(crate) async fn rows(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &QuestionFilter,
) -> Result<Vec<Vec<String>>> {
    let found = row::Entity::find()
        .filter(store::condition(query, filter)?)
        .order_by_asc(row::Column::Number)
        .limit(store::MOST as u64)
        .all(conn)
        .await?;
    let contents =
        store::contents(conn, found.iter().map(|question| (question.id, question.n))).await?;
    let word = |code: &str, words: &[(&str, String)]| {
        let known = words.iter().find(|(_, known)| known == code);
        known
            .map(|(word, _)| (*word).to_owned())
            .unwrap_or_default()
    };
    let kinds = KINDS.map(|(word, kind)| (word, kind.as_str().to_owned()));
    let difficulties =
        DIFFICULTIES.map(|(word, difficulty)| (word, difficulty.as_str().to_owned()));
    let line = |question: row::Model| {
        let content = contents
            .get(&(question.id, question.n))
            .cloned()
            .unwrap_or_default();
        let letters = content
            .right
            .iter()
            .filter_map(|at| u32::try_from(*at).ok())
            .map(documents::letters);
        let answer = match question.kind.as_str() {
            "single" | "multiple" => letters.collect(),
            "true_false" => (if content.truth == Some(true) {
                "对"
            } else {
                "错"
            })
            .to_owned(),
            "fill" => content
                .blanks
                .iter()
                .map(|blank| blank.join("|"))
                .collect::<Vec<_>>()
                .join(";"),
            _ => content.model_answer.clone(),
        };
        let source = question
            .source_article
            .zip(question.source_n)
            .map(|(id, n)| format!("{id}@{n}"));
        let mut cells = vec![
            word(&question.kind, &kinds),
            question.matter_code,
            word(&question.difficulty, &difficulties),
            content.text,
        ];
        let mut options = content.options;
        options.resize(OPTIONS.len(), String::new());
        cells.extend(options);
        cells.extend([
            answer,
            content.explanation,
            source.unwrap_or_default(),
            content
                .recording
                .map(|call| call.to_string())
                .unwrap_or_default(),
        ]);
        cells
    };
    Ok(found.into_iter().map(line).collect())
}
