//! What is printed: letters, statements and reports, said once and written as `.docx` to be worked on and as PDF to
//! be kept.
//!
//! Every text is words and nothing else: no markup, no field, no link, no file is ever read for it.

mod chart;
mod docx;
mod flow;
mod fonts;
mod item;
mod layout;
mod lines;
mod pdf;
mod picture;
mod typeset;
mod word_chart;

use std::fmt;

pub use chart::{Chart, ChartKind};
pub use docx::to_docx;
pub use fonts::{Fonts, NoFonts};
pub use pdf::to_pdf;
pub use picture::{BadPicture, Picture};

/// Pages of one document.
pub const MOST_PAGES: usize = 2_000;

/// How a document is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// An official letter in the spirit of GB/T 9704-2012: 16 pt on lines of 28 pt, wide margins.
    #[default]
    Letter,
    /// A statement, a report, a form: 12 pt on lines of 20 pt.
    Report,
}

/// A document; what is empty is not printed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// How it is set.
    pub manner: Manner,
    /// Its pages lie on their long side, for wide tables.
    pub landscape: bool,
    /// How much of it may be told and how pressing it is (密级、紧急程度), at the top on the left, one a line.
    pub marks: Vec<String>,
    /// Who writes, in red above a red double line (发文机关标志).
    pub letterhead: String,
    /// The number (发文字号).
    pub number: String,
    /// The title.
    pub title: String,
    /// To whom (主送), without the colon.
    pub addressee: String,
    /// The body.
    pub blocks: Vec<Block>,
    /// The names of what is attached (附件).
    pub attachments: Vec<String>,
    /// Who signs, and when (落款).
    pub closing: Option<Closing>,
    /// Places to sign and to seal, side by side.
    pub signatures: Vec<Signature>,
    /// Who gets a copy (抄送).
    pub copies: Vec<String>,
    /// Below the number of each page, in small print, at most three lines of it: a hash, the head of the audit trail.
    pub footer: String,
    /// Across each page, in light grey.
    pub watermark: String,
}

/// One part of the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading, with its number if it has one (`一、`), of level 1, 2 or deeper.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(Paragraph),
    /// A table.
    Table(Table),
    /// Names with their values.
    Fields(Vec<(String, String)>),
    /// A picture.
    Picture(Picture),
    /// A chart.
    Chart(Chart),
    /// What follows stands on a new page.
    NewPage,
}

/// Where the lines of a text stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left; whole lines of a paragraph fill their width.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// At the right.
    Right,
}

/// Plain text; a line break in it begins the next paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paragraph {
    /// The words.
    pub text: String,
    /// Where its lines stand.
    pub align: Align,
    /// How many characters its first line is set in.
    pub indent: u8,
    /// In a heavy face.
    pub bold: bool,
}

impl Block {
    /// A paragraph as a letter has it: its first line set in by two characters.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Paragraph(Paragraph {
            text: text.into(),
            indent: 2,
            ..Paragraph::default()
        })
    }
}

/// A table. A row never breaks over two pages unless it is longer than one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Above it, in the middle.
    pub caption: String,
    /// Its columns; their names are repeated on every page.
    pub columns: Vec<Column>,
    /// The rows; what a row has beyond the columns is not printed.
    pub rows: Vec<Vec<String>>,
    /// The last row, in a heavy face, never alone on a page.
    pub total: Option<Vec<String>>,
    /// Below each row and over all its columns, in small print, on the same page: how its number was counted. What is
    /// empty is not printed.
    pub notes: Vec<String>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Its name; a table whose columns have none has no heading.
    pub name: String,
    /// Its share of the width, in proportion to the other columns'; 0 counts as 1.
    pub share: u16,
    /// Where its texts stand.
    pub align: Align,
}

impl Column {
    /// A column of this name, share and alignment.
    pub fn new(name: impl Into<String>, share: u16, align: Align) -> Self {
        Self {
            name: name.into(),
            share,
            align,
        }
    }
}

/// Who signs a letter, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closing {
    /// The name of whoever signs, one line each.
    pub signers: Vec<String>,
    /// The day, as it is to be read.
    pub date: String,
}

/// A place to sign and to seal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Who: 采购人.
    pub party: String,
    /// With room for a seal.
    pub seal: bool,
    /// What is filled in by hand: 代表（签字）, 日期.
    pub lines: Vec<String>,
}

/// Where in a document a text stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// `mark`, `letterhead`, `number`, `title`, `addressee`, `block`, `attachment`, `closing`, `signature`, `copies`, `footer`
    /// or `watermark`.
    pub part: &'static str,
    /// Which one, from 1 on.
    pub number: usize,
    /// The row (0 for the heading of a table) and the column, both of a table and the column from 1 on.
    pub cell: Option<(usize, usize)>,
}

impl Place {
    fn of(part: &'static str, number: usize) -> Self {
        Self {
            part,
            number,
            cell: None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.part, self.number)?;
        match self.cell {
            Some((row, column)) => write!(f, " (row {row}, column {column})"),
            None => Ok(()),
        }
    }
}

/// Why a document was not printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPrinted {
    /// No font has a character: a name is printed whole or not at all.
    GlyphMissing {
        /// The character.
        character: char,
        /// Where it stands.
        place: Place,
        /// The beginning of the text it stands in.
        text: String,
    },
    /// A font cannot be cut down to what is used of it.
    FontUnusable {
        /// Its name.
        font: String,
        /// Why.
        detail: String,
    },
    /// More than [`MOST_PAGES`].
    TooLong,
}

impl NotPrinted {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::GlyphMissing { .. } => "glyph_missing",
            Self::FontUnusable { .. } => "font_unusable",
            Self::TooLong => "document_too_long",
        }
    }
}

impl fmt::Display for NotPrinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GlyphMissing {
                character,
                place,
                text,
            } => write!(
                f,
                "no font has “{character}” (U+{:04X}), which stands in {place}: {text}; put a font that has it into the \
                 folder of fonts",
                u32::from(*character)
            ),
            Self::FontUnusable { font, detail } => {
                write!(f, "the font {font} cannot be embedded: {detail}")
            }
            Self::TooLong => write!(f, "the document has more than {MOST_PAGES} pages"),
        }
    }
}

impl std::error::Error for NotPrinted {}
