//! Documents of the two sides as files: `.docx` to be worked on, PDF to be kept, a page to be looked at.

use std::path::PathBuf;
use std::sync::OnceLock;

use documents::paper::{
    Align, Block, Closing, Column, Document, Fonts, Manner, Paragraph, Table, to_docx, to_pdf,
};
use kernel::problem::{Result, invalid, unavailable};
use kernel::{App, Problem};
use liaison::paper::{self, LaidOut, Paper, PaperFormat};
use liaison::{Frozen, Html};

/// The liaison, the settlement and the reports have their documents laid out here.
pub struct Papers {
    own_fonts: Option<PathBuf>,
    /// Found once; a machine without fonts is looked at again when the next document asks.
    fonts: OnceLock<Fonts>,
}

impl Papers {
    /// With the fonts of the machine, and those of the folder `fonts` of the data.
    pub fn new(app: &App) -> Self {
        let data_dir: Option<PathBuf> = app.config.get("data_dir").ok();
        Self {
            own_fonts: data_dir.map(|folder| folder.join("fonts")),
            fonts: OnceLock::new(),
        }
    }

    fn fonts(&self) -> Result<&Fonts> {
        if let Some(fonts) = self.fonts.get() {
            return Ok(fonts);
        }
        let found = Fonts::of_machine(self.own_fonts.as_deref())
            .map_err(|missing| unavailable("fonts_missing", missing.to_string()))?;
        Ok(self.fonts.get_or_init(|| found))
    }
}

impl Papers {
    /// A document as PDF.
    pub fn pdf(&self, document: &Document) -> Result<Vec<u8>> {
        to_pdf(document, self.fonts()?).map_err(|why| not_printed(&why))
    }
}

impl Frozen for Papers {
    fn lay_out(&self, paper: &Paper, format: PaperFormat) -> Result<LaidOut> {
        match format {
            PaperFormat::Html => Html.lay_out(paper, format),
            PaperFormat::Docx => Ok(LaidOut {
                media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                extension: "docx",
                bytes: to_docx(&document(paper)),
            }),
            PaperFormat::Pdf => Ok(LaidOut {
                media_type: "application/pdf",
                extension: "pdf",
                bytes: self.pdf(&document(paper))?,
            }),
        }
    }
}

impl settlement::Printer for Papers {
    fn pdf(&self, document: &Document) -> Result<Vec<u8>> {
        Papers::pdf(self, document)
    }
}

impl analytics::reports::Printer for Papers {
    fn pdf(&self, document: &Document) -> Result<Vec<u8>> {
        Papers::pdf(self, document)
    }
}

fn not_printed(why: &documents::paper::NotPrinted) -> Problem {
    invalid("format", why.code(), why.to_string())
}

fn document(paper: &Paper) -> Document {
    let letter = !paper.addressee.is_empty();
    let signed = !paper.signers.is_empty();
    Document {
        manner: if letter {
            Manner::Letter
        } else {
            Manner::Report
        },
        landscape: paper.landscape,
        marks: paper.marks.clone(),
        letterhead: paper.letterhead.clone(),
        number: paper.number.clone().unwrap_or_default(),
        title: paper.title.clone(),
        addressee: paper.addressee.clone(),
        blocks: paper.blocks.iter().flat_map(blocks).collect(),
        closing: signed.then(|| Closing {
            signers: paper.signers.clone(),
            date: paper.date.clone(),
        }),
        copies: paper.copies.clone(),
        ..Document::default()
    }
}

fn blocks(block: &paper::Block) -> Vec<Block> {
    match block {
        paper::Block::Heading { text } => vec![Block::Heading(1, text.clone())],
        paper::Block::Paragraph { text } => vec![Block::text(text.clone())],
        paper::Block::Signature { lines } => lines
            .iter()
            .map(|line| {
                Block::Paragraph(Paragraph {
                    text: line.clone(),
                    align: Align::Right,
                    ..Paragraph::default()
                })
            })
            .collect(),
        paper::Block::Table { head, rows, shares } => vec![Block::Table(Table {
            columns: head
                .iter()
                .enumerate()
                .map(|(place, name)| {
                    let share = shares.get(place).copied().unwrap_or(1);
                    Column::new(name.clone(), share, Align::Left)
                })
                .collect(),
            rows: rows.clone(),
            ..Table::default()
        })],
    }
}
