//! A document as one row of pieces from top to bottom: both kinds of file are made of the same ones, so they say the
//! same in the same order.

use super::fonts::Face;
use super::lines::ems;
use super::{Align, Block, Chart, Document, Manner, Paragraph, Picture, Place, Signature, Table};

/// Points of a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;

/// The sizes of a manner, in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub width: f32,
    pub height: f32,
    pub top: f32,
    pub bottom: f32,
    pub left: f32,
    pub right: f32,
    pub body: f32,
    pub leading: f32,
    title: f32,
    title_leading: f32,
    letterhead: f32,
    table: f32,
    table_leading: f32,
}

impl Sizes {
    pub fn of(document: &Document) -> Self {
        let letter = Self {
            width: 210.0 * MM,
            height: 297.0 * MM,
            // GB/T 9704-2012 5.2: 156 mm by 225 mm, 37 mm above and 28 mm to the left.
            top: 37.0 * MM,
            bottom: 35.0 * MM,
            left: 28.0 * MM,
            right: 26.0 * MM,
            // 28 characters on a line, 22 lines on a page (5.2.3).
            body: 15.75,
            leading: 28.0,
            title: 22.0,
            title_leading: 34.0,
            letterhead: 34.0,
            table: 10.5,
            table_leading: 15.0,
        };
        let mut sizes = match document.manner {
            Manner::Letter => letter,
            Manner::Report => Self {
                top: 25.0 * MM,
                bottom: 25.0 * MM,
                left: 22.0 * MM,
                right: 22.0 * MM,
                body: 12.0,
                leading: 20.0,
                title: 18.0,
                title_leading: 28.0,
                letterhead: 22.0,
                ..letter
            },
        };
        if document.landscape {
            std::mem::swap(&mut sizes.width, &mut sizes.height);
        }
        sizes
    }

    /// The width of the text.
    pub fn measure(&self) -> f32 {
        self.width - self.left - self.right
    }

    /// The height of the text.
    pub fn depth(&self) -> f32 {
        self.height - self.top - self.bottom
    }
}

/// One piece of the page, from edge to edge of the text.
#[derive(Debug)]
pub(super) enum Piece<'d> {
    Text(Text),
    Grid(Grid),
    Rule(Rule),
    Picture(&'d Picture),
    Chart(&'d Chart, Place),
    NewPage,
}

impl Piece<'_> {
    /// It stays on the page of what goes before it.
    pub fn stays_with_last(&self) -> bool {
        match self {
            Self::Text(text) => text.with_last,
            Self::Grid(grid) => grid.with_last,
            Self::Rule(rule) => *rule == Rule::Thin,
            _ => false,
        }
    }
}

/// One paragraph.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub words: String,
    pub face: Face,
    pub size: f32,
    pub leading: f32,
    pub align: Align,
    /// How far the first line is set in beyond the others; less than nothing lets it hang out.
    pub first: f32,
    pub left: f32,
    pub right: f32,
    pub before: f32,
    pub after: f32,
    pub red: bool,
    /// It stays on the page of what follows.
    pub with_next: bool,
    /// It stays on the page of what goes before.
    pub with_last: bool,
    pub place: Place,
}

/// A red double line below a letterhead, or a thin black one around the copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Red,
    Thin,
}

/// A table of cells.
#[derive(Debug)]
pub(super) struct Grid {
    /// In points; together the width of the text.
    pub widths: Vec<f32>,
    pub head: Option<Vec<Cell>>,
    pub rows: Vec<Vec<Cell>>,
    /// With lines between the cells.
    pub ruled: bool,
    /// The last row is the total of the others.
    pub totalled: bool,
    pub size: f32,
    pub leading: f32,
    pub with_last: bool,
    pub place: Place,
}

#[derive(Debug)]
pub(super) struct Cell {
    pub text: String,
    pub face: Face,
    pub align: Align,
}

/// How much smaller the small print of a table is.
const NOTE: f32 = 1.5;

impl Grid {
    /// A row of one cell goes over all columns: it is small print of the row above.
    pub fn is_note(&self, cells: usize) -> bool {
        cells == 1 && self.widths.len() > 1
    }

    /// The width of a cell of a row of so many.
    pub fn width(&self, at: usize, cells: usize) -> f32 {
        if self.is_note(cells) {
            return self.widths.iter().sum();
        }
        self.widths.get(at).copied().unwrap_or_default()
    }

    /// The size and the leading of a row of so many cells.
    pub fn print(&self, cells: usize) -> (f32, f32) {
        if self.is_note(cells) {
            return (self.size - NOTE, self.leading - NOTE);
        }
        (self.size, self.leading)
    }
}

/// A text as it is printed: what has no picture of its own (controls, marks of direction, joints of no width) is left
/// out, a tabulator is a space.
pub(super) fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept = |char: char| match u32::from(char) {
        0x09 => Some(' '),
        0x0A | 0x0D | 0x2028 | 0x2029 => Some('\n'),
        // XML has no place for the last two of the first plane either.
        0xAD
        | 0x61C
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x206F
        | 0xFEFF
        | 0xFFF9..=0xFFFB
        | 0xFFFE
        | 0xFFFF
        | 0xE0000..=0xE007F => None,
        _ if char.is_control() => None,
        _ => Some(char),
    };
    text.chars().filter_map(kept).collect()
}

/// The pieces of a document.
pub(super) fn pieces<'d>(document: &'d Document, sizes: &Sizes) -> Vec<Piece<'d>> {
    let mut flow = Flow {
        sizes: *sizes,
        pieces: Vec::new(),
    };
    flow.head(document);
    for (number, block) in (1..).zip(&document.blocks) {
        flow.block(block, Place::of("block", number));
    }
    flow.attachments(&document.attachments);
    flow.closing(document);
    flow.signatures(&document.signatures);
    flow.copies(&document.copies);
    flow.pieces
}

struct Flow<'d> {
    sizes: Sizes,
    pieces: Vec<Piece<'d>>,
}

impl<'d> Flow<'d> {
    fn plain_text(&self, text: &str, place: Place) -> Text {
        Text {
            words: text.to_owned(),
            face: Face::Fang,
            size: self.sizes.body,
            leading: self.sizes.leading,
            align: Align::Left,
            first: 0.0,
            left: 0.0,
            right: 0.0,
            before: 0.0,
            after: 0.0,
            red: false,
            with_next: false,
            with_last: false,
            place,
        }
    }

    fn put(&mut self, text: Text) {
        self.pieces.push(Piece::Text(text));
    }

    fn head(&mut self, document: &Document) {
        let sizes = self.sizes;
        for (number, mark) in document.marks.iter().enumerate() {
            self.put(Text {
                face: Face::Heavy,
                with_next: true,
                ..self.plain_text(&one_line(mark), Place::of("mark", number + 1))
            });
        }
        if !document.letterhead.is_empty() {
            let name = one_line(&document.letterhead);
            // A long name becomes smaller rather than a second line; who opens the text has other fonts, a little wider.
            let size = sizes
                .letterhead
                .min(sizes.measure() * 0.96 / ems(&name).max(1.0));
            self.put(Text {
                face: Face::Heavy,
                size,
                leading: size * 1.3,
                align: Align::Centre,
                after: 6.0,
                red: true,
                with_next: true,
                ..self.plain_text(&name, Place::of("letterhead", 1))
            });
            self.pieces.push(Piece::Rule(Rule::Red));
        }
        if !document.number.is_empty() {
            self.put(Text {
                align: Align::Right,
                with_next: true,
                ..self.plain_text(&one_line(&document.number), Place::of("number", 1))
            });
        }
        if !document.title.is_empty() {
            let above = !document.letterhead.is_empty() || !document.number.is_empty();
            self.put(Text {
                face: Face::Heavy,
                size: sizes.title,
                leading: sizes.title_leading,
                align: Align::Centre,
                before: if above { sizes.leading } else { 0.0 },
                after: sizes.leading * 0.75,
                with_next: true,
                ..self.plain_text(&document.title, Place::of("title", 1))
            });
        }
        if !document.addressee.is_empty() {
            let to = format!("{}：", one_line(&document.addressee));
            self.put(Text {
                with_next: true,
                ..self.plain_text(&to, Place::of("addressee", 1))
            });
        }
    }

    fn block(&mut self, block: &'d Block, place: Place) {
        match block {
            Block::Heading(level, text) => {
                let face = if *level == 1 { Face::Hei } else { Face::Heavy };
                self.put(Text {
                    face,
                    first: self.sizes.body * 2.0,
                    with_next: true,
                    ..self.plain_text(&one_line(text), place)
                });
            }
            Block::Paragraph(paragraph) => self.paragraph(paragraph, &place),
            Block::Table(table) => self.table(table, place),
            Block::Fields(fields) => self.fields(fields, place),
            Block::Picture(picture) => {
                self.pieces.push(Piece::Picture(picture));
                self.caption(picture.caption(), place);
            }
            Block::Chart(chart) => {
                self.pieces.push(Piece::Chart(chart, place.clone()));
                self.caption(&chart.caption, place);
            }
            Block::NewPage => self.pieces.push(Piece::NewPage),
        }
    }

    fn caption(&mut self, caption: &str, place: Place) {
        if !caption.is_empty() {
            self.put(Text {
                face: Face::Song,
                size: self.sizes.table,
                leading: self.sizes.table_leading,
                align: Align::Centre,
                after: 8.0,
                with_last: true,
                ..self.plain_text(&one_line(caption), place)
            });
        }
    }

    fn paragraph(&mut self, paragraph: &Paragraph, place: &Place) {
        for line in plain(&paragraph.text).split('\n') {
            self.put(Text {
                face: if paragraph.bold {
                    Face::Heavy
                } else {
                    Face::Fang
                },
                align: paragraph.align,
                first: self.sizes.body * f32::from(paragraph.indent),
                ..self.plain_text(line, place.clone())
            });
        }
    }

    fn table(&mut self, table: &Table, place: Place) {
        if table.columns.is_empty() {
            return;
        }
        if !table.caption.is_empty() {
            self.put(Text {
                face: Face::Hei,
                size: self.sizes.table + 1.5,
                leading: self.sizes.table_leading + 7.0,
                align: Align::Centre,
                before: 4.0,
                with_next: true,
                ..self.plain_text(&table.caption, place.clone())
            });
        }
        let row = |cells: &Vec<String>, face| -> Vec<Cell> {
            let cell = |(at, column): (usize, &super::Column)| Cell {
                text: cells.get(at).cloned().unwrap_or_default(),
                face,
                align: column.align,
            };
            table.columns.iter().enumerate().map(cell).collect()
        };
        let named = table.columns.iter().any(|column| !column.name.is_empty());
        let head = named.then(|| {
            let name = |column: &super::Column| Cell {
                text: column.name.clone(),
                face: Face::Hei,
                align: Align::Centre,
            };
            table.columns.iter().map(name).collect()
        });
        let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(table.rows.len());
        for (at, cells) in table.rows.iter().enumerate() {
            rows.push(row(cells, Face::Song));
            let note = table.notes.get(at).filter(|note| !note.is_empty());
            rows.extend(note.map(|note| {
                vec![Cell {
                    text: note.clone(),
                    face: Face::Song,
                    align: Align::Left,
                }]
            }));
        }
        rows.extend(table.total.iter().map(|cells| row(cells, Face::Heavy)));
        let shares: Vec<f32> = table
            .columns
            .iter()
            .map(|column| f32::from(column.share.max(1)))
            .collect();
        self.grid(Grid {
            widths: self.widths(&shares),
            head,
            rows,
            ruled: true,
            totalled: table.total.is_some(),
            size: self.sizes.table,
            leading: self.sizes.table_leading,
            with_last: false,
            place,
        });
    }

    fn grid(&mut self, grid: Grid) {
        self.pieces.push(Piece::Grid(grid));
    }

    fn widths(&self, shares: &[f32]) -> Vec<f32> {
        let whole: f32 = shares.iter().sum();
        let width = self.sizes.measure();
        shares.iter().map(|share| width * share / whole).collect()
    }

    /// Two pairs beside each other where all are short, one where one is not.
    fn fields(&mut self, fields: &[(String, String)], place: Place) {
        if fields.is_empty() {
            return;
        }
        let room = self.sizes.measure() * 0.3 / self.sizes.table;
        let short = |(_, value): &(String, String)| ems(value) <= room && !value.contains('\n');
        let beside = if fields.len() > 1 && fields.iter().all(short) {
            2
        } else {
            1
        };
        let rows = fields.chunks(beside).map(|pairs| {
            let mut cells = Vec::new();
            for at in 0..beside {
                let (name, value) = pairs.get(at).cloned().unwrap_or_default();
                cells.push(Cell {
                    text: name,
                    face: Face::Hei,
                    align: Align::Left,
                });
                cells.push(Cell {
                    text: value,
                    face: Face::Song,
                    align: Align::Left,
                });
            }
            cells
        });
        let rows = rows.collect();
        let shares: &[f32] = if beside == 2 {
            &[18.0, 32.0, 18.0, 32.0]
        } else {
            &[22.0, 78.0]
        };
        self.grid(Grid {
            widths: self.widths(shares),
            head: None,
            rows,
            ruled: true,
            totalled: false,
            size: self.sizes.table,
            leading: self.sizes.table_leading,
            with_last: false,
            place,
        });
    }

    fn attachments(&mut self, names: &[String]) {
        let em = self.sizes.body;
        for (at, name) in names.iter().enumerate() {
            let (label, hang) = match (at, names.len()) {
                (0, 1) => ("附件：".to_owned(), 3.0),
                (0, _) => ("附件：1. ".to_owned(), 4.3),
                _ => (format!("{}. ", at + 1), 1.3),
            };
            // The names stand below each other, and their second lines below their first (GB/T 9704-2012 7.3.4).
            let left = if names.len() == 1 { 5.0 } else { 6.3 };
            self.put(Text {
                left: em * left,
                first: em * -hang,
                before: if at == 0 { self.sizes.leading } else { 0.0 },
                // Who signs, signs below words of the letter, not on a page without any.
                with_last: true,
                ..self.plain_text(
                    &format!("{label}{}", one_line(name)),
                    Place::of("attachment", at + 1),
                )
            });
        }
    }

    /// The signer in the middle above the date, which ends four characters from the edge (GB/T 9704-2012 7.3.5.1).
    fn closing(&mut self, document: &Document) {
        let Some(closing) = &document.closing else {
            return;
        };
        let em = self.sizes.body;
        let lines: Vec<String> = closing
            .signers
            .iter()
            .chain([&closing.date])
            .map(|line| one_line(line))
            .filter(|line| !line.is_empty())
            .collect();
        let widest = lines.iter().map(|line| ems(line)).fold(0.0, f32::max);
        let date = ems(&closing.date);
        let centre = (4.0 + date / 2.0).max(2.0 + widest / 2.0);
        for (at, line) in lines.iter().enumerate() {
            self.put(Text {
                align: Align::Right,
                right: em * (centre - ems(line) / 2.0).max(0.0),
                before: if at == 0 {
                    self.sizes.leading * 2.0
                } else {
                    0.0
                },
                with_last: true,
                ..self.plain_text(line, Place::of("closing", at + 1))
            });
        }
    }

    fn signatures(&mut self, signatures: &[Signature]) {
        if signatures.is_empty() {
            return;
        }
        let cell = |signature: &Signature| {
            let mut text = one_line(&signature.party);
            text.push_str(if signature.seal {
                "（盖章）：\n\n\n\n"
            } else {
                "：\n"
            });
            for line in &signature.lines {
                text.push_str(&one_line(line));
                text.push_str("：＿＿＿＿＿＿\n");
            }
            Cell {
                text: text.trim_end().to_owned(),
                face: Face::Song,
                align: Align::Left,
            }
        };
        self.put(Text {
            with_last: true,
            with_next: true,
            ..self.plain_text("", Place::of("signature", 1))
        });
        let shares = vec![1.0; signatures.len()];
        self.grid(Grid {
            widths: self.widths(&shares),
            head: None,
            rows: vec![signatures.iter().map(cell).collect()],
            ruled: false,
            totalled: false,
            size: 12.0,
            leading: 22.0,
            with_last: true,
            place: Place::of("signature", 1),
        });
    }

    fn copies(&mut self, copies: &[String]) {
        if copies.is_empty() {
            return;
        }
        let names: Vec<String> = copies.iter().map(|name| one_line(name)).collect();
        self.put(Text {
            with_next: true,
            ..self.plain_text("", Place::of("copies", 1))
        });
        self.pieces.push(Piece::Rule(Rule::Thin));
        // GB/T 9704-2012 7.4.2: one size smaller than the body, one character from either edge.
        let size = self.sizes.body - 1.75;
        self.put(Text {
            size,
            left: size * 4.0,
            first: size * -3.0,
            right: size,
            before: 3.0,
            after: 3.0,
            with_last: true,
            with_next: true,
            ..self.plain_text(
                &format!("抄送：{}。", names.join("，")),
                Place::of("copies", 1),
            )
        });
        self.pieces.push(Piece::Rule(Rule::Thin));
    }
}

/// A name is one line, whatever was typed.
fn one_line(text: &str) -> String {
    plain(text).replace('\n', " ").trim().to_owned()
}
