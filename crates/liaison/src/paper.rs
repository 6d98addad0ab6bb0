//! What is printed: one model of a document, and who lays it out.

use std::sync::Arc;

use kernel::problem::{Result, internal, invalid};
use kernel::words;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

words! {
    /// As what a document is wanted.
    PaperFormat {
        /// A page that any browser shows and prints.
        Html = "html",
        /// 文字文档
        Docx = "docx",
        /// 版式文档
        Pdf = "pdf",
    }
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = PaperBlock)]
pub enum Block {
    /// A heading within it.
    Heading {
        /// Its text.
        text: String,
    },
    /// A paragraph, or a line.
    Paragraph {
        /// Its text.
        text: String,
    },
    /// Who signs, on the right.
    Signature {
        /// Its lines.
        lines: Vec<String>,
    },
    /// A table; rows of nothing are to be written on.
    Table {
        /// The names of the columns.
        head: Vec<String>,
        /// The cells.
        rows: Vec<Vec<String>>,
        /// The columns' shares of the width; all the same when left out.
        shares: Vec<u16>,
    },
}

/// A document; what is empty is not printed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
#[schema(as = PrintedPaper)]
pub struct Paper {
    /// It lies on its long side, for wide tables.
    pub landscape: bool,
    /// 密级、紧急程度, above everything.
    pub marks: Vec<String>,
    /// Who writes.
    pub letterhead: String,
    /// Its title.
    pub title: String,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// To whom, without the colon.
    pub addressee: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
    /// Who signs it.
    pub signers: Vec<String>,
    /// When, as it is to be read.
    pub date: String,
    /// Who gets a copy.
    pub copies: Vec<String>,
}

impl Paper {
    /// What it is recognised by once it is frozen.
    pub fn sha256(&self) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(internal)?;
        Ok(hex::encode(Sha256::digest(text)))
    }
}

/// A document as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaidOut {
    /// What it is: `text/html; charset=utf-8`.
    pub media_type: &'static str,
    /// The end of its name, without the dot.
    pub extension: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Who makes a file of a document. The server wires one that writes docx and PDF; [`Html`] knows pages alone.
pub trait Frozen: Send + Sync + 'static {
    /// The file of a document.
    fn lay_out(&self, paper: &Paper, format: PaperFormat) -> Result<LaidOut>;
}

/// The file of a document, made where it keeps no request waiting: a document of many pages takes seconds.
pub(crate) async fn file_of(
    frozen: &Arc<dyn Frozen>,
    paper: Paper,
    format: PaperFormat,
) -> Result<LaidOut> {
    let frozen = Arc::clone(frozen);
    let made = tokio::task::spawn_blocking(move || frozen.lay_out(&paper, format));
    made.await.map_err(internal)?
}

/// Documents as pages that any browser prints.
#[derive(Debug, Clone, Copy, Default)]
pub struct Html;

const STYLE: &str = "body{font-family:'Noto Serif CJK SC',SimSun,serif;font-size:16pt;line-height:1.9;\
    max-width:17cm;margin:2cm auto}h1{text-align:center;font-size:22pt}h2{font-size:16pt}\
    p{text-indent:2em;margin:0;white-space:pre-wrap}.number{text-align:center}.signature{text-align:right}\
    table{border-collapse:collapse;width:100%;font-size:12pt}td,th{border:1px solid #000;height:1.2cm;padding:2mm}";

impl Frozen for Html {
    fn lay_out(&self, paper: &Paper, format: PaperFormat) -> Result<LaidOut> {
        if format != PaperFormat::Html {
            let detail = "only a page can be made here";
            return Err(invalid("format", "paper_format_unknown", detail));
        }
        let mut page = format!(
            "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><h1>{title}</h1>",
            title = escaped(&paper.title)
        );
        for mark in &paper.marks {
            page.push_str(&laid(&Block::Heading { text: mark.clone() }));
        }
        if let Some(number) = &paper.number {
            page.push_str("<div class=\"number\">");
            page.push_str(&escaped(number));
            page.push_str("</div>");
        }
        let line = |text: String| laid(&Block::Paragraph { text });
        if !paper.addressee.is_empty() {
            page.push_str(&line(format!("{}：", paper.addressee)));
        }
        for block in &paper.blocks {
            page.push_str(&laid(block));
        }
        if !paper.signers.is_empty() {
            let mut lines = paper.signers.clone();
            lines.push(paper.date.clone());
            page.push_str(&laid(&Block::Signature { lines }));
        }
        if !paper.copies.is_empty() {
            page.push_str(&line(format!("抄送：{}", paper.copies.join("，"))));
        }
        page.push_str("</body></html>");
        Ok(LaidOut {
            media_type: "text/html; charset=utf-8",
            extension: "html",
            bytes: page.into_bytes(),
        })
    }
}

fn laid(block: &Block) -> String {
    match block {
        Block::Heading { text } => format!("<h2>{}</h2>", escaped(text)),
        Block::Paragraph { text } => format!("<p>{}</p>", escaped(text)),
        Block::Signature { lines } => {
            let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
            format!("<div class=\"signature\">{}</div>", lines.join("<br>"))
        }
        Block::Table { head, rows, .. } => {
            let cells = |row: &[String], tag: &str| {
                let cells = row
                    .iter()
                    .map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
                format!("<tr>{}</tr>", cells.collect::<String>())
            };
            let rows: String = rows.iter().map(|row| cells(row, "td")).collect();
            format!("<table>{}{rows}</table>", cells(head, "th"))
        }
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            char => safe.push(char),
        }
    }
    safe
}
