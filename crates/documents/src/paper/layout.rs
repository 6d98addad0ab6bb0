//! Pieces onto pages: where each glyph and each line stands, in points from the upper left corner.

use super::chart::{self, HEIGHT as CHART_HEIGHT};
use super::flow::{Cell, Grid, MM, Piece, Rule, Sizes, Text, pieces};
use super::fonts::Face;
use super::item::{Ink, Item, Sheet, set_line};
use super::lines::{balanced, broken};
use super::typeset::{Glyph, Typesetter};
use super::{Align, Document, MOST_PAGES, NotPrinted, Picture, Place};

/// Between the lines of a cell and its border.
const PAD: (f32, f32) = (4.0, 3.5);
/// Between a table and what follows.
const BELOW_TABLE: f32 = 7.0;
/// What a red rule takes of the height, and a thin one.
const RED: f32 = 8.0;
const THIN: f32 = 2.0;
/// Lines of small print below the number of a page; the margin has no more.
const FOOTER_LINES: usize = 3;

/// The pages of a document and its pictures.
pub(super) struct Laid<'d> {
    pub sizes: Sizes,
    pub sheets: Vec<Sheet>,
    pub pictures: Vec<&'d Picture>,
}

/// A piece that knows its height.
enum Ready<'d> {
    Lines {
        text: Text,
        lines: Vec<Vec<Glyph>>,
    },
    Rows {
        grid: Grid,
        head: Option<Row>,
        rows: Vec<Row>,
    },
    Rule(Rule),
    Picture {
        picture: &'d Picture,
        width: f32,
        height: f32,
    },
    Chart(Vec<Item>),
    NewPage,
}

struct Row {
    cells: Vec<Vec<Vec<Glyph>>>,
    height: f32,
}

impl Row {
    /// Small print of the row above.
    fn is_note(&self, grid: &Grid) -> bool {
        grid.is_note(self.cells.len())
    }
}

impl Ready<'_> {
    fn height(&self) -> f32 {
        match self {
            Self::Lines { text, lines } => {
                text.before + lines.len() as f32 * text.leading + text.after
            }
            Self::Rows { grid, head, rows } => {
                let below = if grid.ruled { BELOW_TABLE } else { 0.0 };
                head.iter().chain(rows).map(|row| row.height).sum::<f32>() + below
            }
            Self::Rule(Rule::Red) => RED,
            Self::Rule(Rule::Thin) => THIN,
            Self::Picture { height, .. } => *height + PAD.1 * 2.0,
            Self::Chart(_) => CHART_HEIGHT + PAD.1 * 2.0,
            Self::NewPage => 0.0,
        }
    }

    /// What of it has to stand together with what goes before.
    fn beginning(&self) -> f32 {
        match self {
            Self::Lines { text, lines } => text.before + lines.len().min(2) as f32 * text.leading,
            // The first row goes with its small print, or with the total when there is none but it.
            Self::Rows { grid, head, rows } => {
                let second = rows.get(1);
                let kept =
                    second.filter(|next| next.is_note(grid) || grid.totalled && rows.len() == 2);
                let first = head.iter().chain(rows.first()).chain(kept);
                first.map(|row| row.height).sum::<f32>()
            }
            _ => self.height(),
        }
    }

    fn stays_with_next(&self) -> bool {
        match self {
            Self::Lines { text, .. } => text.with_next,
            Self::Rule(_) => true,
            _ => false,
        }
    }

    fn stays_with_last(&self) -> bool {
        match self {
            Self::Lines { text, .. } => text.with_last,
            Self::Rows { grid, .. } => grid.with_last,
            Self::Rule(Rule::Thin) => true,
            _ => false,
        }
    }
}

pub(super) fn lay<'d>(
    document: &'d Document,
    setter: &mut Typesetter<'_>,
) -> Result<Laid<'d>, NotPrinted> {
    let sizes = Sizes::of(document);
    let mut ready = Vec::new();
    for piece in pieces(document, &sizes) {
        ready.push(prepare(piece, &sizes, setter)?);
    }
    let after = kept_after(&ready, sizes.depth());
    let mut pen = Pen {
        sizes,
        sheets: vec![Sheet::default()],
        y: 0.0,
        pictures: Vec::new(),
    };
    for (piece, after) in ready.into_iter().zip(after) {
        pen.place(piece, after)?;
    }
    let mut laid = Laid {
        sizes,
        sheets: pen.sheets,
        pictures: pen.pictures,
    };
    frame(document, &mut laid, setter)?;
    Ok(laid)
}

/// The height that has to follow each piece on the same page.
fn kept_after(ready: &[Ready<'_>], page: f32) -> Vec<f32> {
    let mut after = vec![0.0; ready.len()];
    for at in (0..ready.len().saturating_sub(1)).rev() {
        let next = &ready[at + 1];
        let needed: f32 = if next.stays_with_last() {
            next.height() + after[at + 1]
        } else if ready[at].stays_with_next() {
            // A short piece that itself stays with its next takes that along.
            let whole = next.beginning() >= next.height() - 0.1;
            next.beginning() + if whole { after[at + 1] } else { 0.0 }
        } else {
            0.0
        };
        // What is longer than half a page is better broken than moved.
        after[at] = if needed > page / 2.0 { 0.0 } else { needed };
    }
    after
}

fn prepare<'d>(
    piece: Piece<'d>,
    sizes: &Sizes,
    setter: &mut Typesetter<'_>,
) -> Result<Ready<'d>, NotPrinted> {
    Ok(match piece {
        Piece::Text(text) => {
            let room = sizes.measure() - text.left - text.right;
            let glyphs = setter.glyphs(text.face, &text.words, &text.place)?;
            let lines = split(&glyphs, text.size, room - text.first, room, text.align);
            Ready::Lines { text, lines }
        }
        Piece::Grid(grid) => {
            let mut row = |number: usize, cells: &[Cell]| -> Result<Row, NotPrinted> {
                let mut set = Vec::with_capacity(cells.len());
                let mut most = 1;
                let (size, leading) = grid.print(cells.len());
                for (at, cell) in cells.iter().enumerate() {
                    let place = Place {
                        cell: Some((number, at + 1)),
                        ..grid.place.clone()
                    };
                    let room = (grid.width(at, cells.len()) - PAD.0 * 2.0).max(size);
                    let glyphs = setter.glyphs(cell.face, &cell.text, &place)?;
                    let lines = split(&glyphs, size, room, room, Align::Left);
                    most = most.max(lines.len());
                    set.push(lines);
                }
                let height = most as f32 * leading + PAD.1 * 2.0;
                Ok(Row { cells: set, height })
            };
            let head = grid.head.as_ref().map(|head| row(0, head)).transpose()?;
            let rows = (1..)
                .zip(&grid.rows)
                .map(|(number, cells)| row(number, cells))
                .collect::<Result<_, _>>()?;
            Ready::Rows { grid, head, rows }
        }
        Piece::Rule(rule) => Ready::Rule(rule),
        Piece::Picture(picture) => {
            // Room for its caption on the same page.
            let (width, height) = picture.size(sizes.measure(), sizes.depth() - 40.0);
            Ready::Picture {
                picture,
                width,
                height,
            }
        }
        Piece::Chart(chart, place) => {
            Ready::Chart(chart::drawn(chart, sizes.measure(), &place, setter)?)
        }
        Piece::NewPage => Ready::NewPage,
    })
}

pub(super) fn split(
    glyphs: &[Glyph],
    size: f32,
    first: f32,
    room: f32,
    align: Align,
) -> Vec<Vec<Glyph>> {
    let text: Vec<(char, f32)> = glyphs
        .iter()
        .map(|glyph| (glyph.char, glyph.advance * size))
        .collect();
    let ranges = if align == Align::Centre {
        balanced(&text, room)
    } else {
        broken(&text, first, room)
    };
    ranges
        .into_iter()
        .map(|range| glyphs[range].to_vec())
        .collect()
}

struct Pen<'d> {
    sizes: Sizes,
    sheets: Vec<Sheet>,
    /// How far down the text of the last sheet has come.
    y: f32,
    pictures: Vec<&'d Picture>,
}

impl<'d> Pen<'d> {
    fn put(&mut self, item: Item) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.items.push(item);
        }
    }

    fn turn(&mut self) -> Result<(), NotPrinted> {
        if self.sheets.len() >= MOST_PAGES {
            return Err(NotPrinted::TooLong);
        }
        self.sheets.push(Sheet::default());
        self.y = 0.0;
        Ok(())
    }

    fn fits(&self, height: f32) -> bool {
        self.y + height <= self.sizes.depth() + 0.5
    }

    /// Turns the page where the height is not there; at the top of one nothing would be won.
    fn need(&mut self, height: f32) -> Result<bool, NotPrinted> {
        if self.fits(height) || self.y == 0.0 {
            return Ok(false);
        }
        self.turn()?;
        Ok(true)
    }

    fn place(&mut self, piece: Ready<'d>, after: f32) -> Result<(), NotPrinted> {
        let high = piece.height();
        match piece {
            Ready::Lines { text, lines } => self.lines(&text, &lines, after),
            Ready::Rows { grid, head, rows } => self.rows(&grid, head.as_ref(), &rows, after),
            Ready::Rule(rule) => self.rule(rule, after),
            Ready::Chart(items) => {
                self.need(high + after)?;
                let (right, down) = (self.sizes.left, self.sizes.top + self.y + PAD.1);
                for item in items {
                    self.put(item.moved(right, down));
                }
                self.y += high;
                Ok(())
            }
            Ready::Picture {
                picture,
                width,
                height,
            } => {
                self.need(high + after)?;
                let item = Item::Picture {
                    number: self.pictures.len(),
                    x: self.sizes.left + (self.sizes.measure() - width) / 2.0,
                    y: self.sizes.top + self.y + PAD.1,
                    width,
                    height,
                };
                self.pictures.push(picture);
                self.put(item);
                self.y += high;
                Ok(())
            }
            Ready::NewPage if self.y > 0.0 => self.turn(),
            Ready::NewPage => Ok(()),
        }
    }

    fn lines(&mut self, text: &Text, lines: &[Vec<Glyph>], after: f32) -> Result<(), NotPrinted> {
        let high = |lines: usize| lines as f32 * text.leading;
        let tail = if after > 0.0 { text.after + after } else { 0.0 };
        for (at, line) in lines.iter().enumerate() {
            // No line of a longer paragraph stands alone, and the last two stay with what follows.
            let left = lines.len() - at;
            let needed = match (at, left) {
                (0, ..=3) => high(left) + tail,
                (0, _) => high(2),
                (_, 2) => high(2) + tail,
                _ => high(1),
            };
            let before = if at == 0 && self.y > 0.0 {
                text.before
            } else {
                0.0
            };
            if !self.need(before + needed)? {
                self.y += before;
            }
            let first = if at == 0 { text.first } else { 0.0 };
            let x = self.sizes.left + text.left + first;
            let room = self.sizes.measure() - text.left - text.right - first;
            let ink = if text.red { Ink::Red } else { Ink::Black };
            let justified = text.align == Align::Left && left > 1;
            let y = self.sizes.top + self.y;
            let item = set_line(
                line,
                (x, y),
                room,
                text.size,
                text.leading,
                text.align,
                justified,
                ink,
            );
            self.put(item);
            self.y += text.leading;
        }
        self.y += text.after;
        Ok(())
    }

    fn rule(&mut self, rule: Rule, after: f32) -> Result<(), NotPrinted> {
        let height = if rule == Rule::Red { RED } else { THIN };
        self.need(height + after)?;
        let y = self.sizes.top + self.y;
        let (left, right) = (self.sizes.left, self.sizes.left + self.sizes.measure());
        let mut line = |y: f32, width: f32, ink| {
            self.put(Item::Line {
                from: (left, y),
                to: (right, y),
                width,
                ink,
            });
        };
        match rule {
            Rule::Red => {
                line(y + 1.5, 2.2, Ink::Red);
                line(y + 4.2, 0.8, Ink::Red);
            }
            Rule::Thin => line(y + 1.0, 0.7, Ink::Black),
        }
        self.y += height;
        Ok(())
    }

    fn rows(
        &mut self,
        grid: &Grid,
        head: Option<&Row>,
        rows: &[Row],
        after: f32,
    ) -> Result<(), NotPrinted> {
        let head_height = head.map_or(0.0, |head| head.height);
        let whole = self.sizes.depth() - head_height;
        if let (Some(head), true) = (head, rows.is_empty()) {
            self.need(head_height + after)?;
            self.row(grid, head, grid.head.as_deref(), true);
        }
        for (at, row) in rows.iter().enumerate() {
            let last = rows.len() - 1;
            let mut needed = row.height;
            if let Some(note) = rows.get(at + 1).filter(|next| next.is_note(grid)) {
                needed += note.height;
            }
            // A total does not stand alone below the heading of a new page.
            if grid.totalled && at + 1 == last {
                needed += rows[last].height + after;
            } else if at == last {
                needed += after;
            }
            let begins = at == 0;
            let enough = needed.min(whole);
            let new_page = self.need(enough + if begins { head_height } else { 0.0 })?;
            if let Some(head) = head.filter(|_| begins || new_page) {
                self.row(grid, head, grid.head.as_deref(), true);
            }
            let cells = grid.rows.get(at).map(Vec::as_slice);
            if self.fits(row.height) {
                self.row(grid, row, cells, false);
            } else {
                self.long_row(grid, head, row, cells)?;
            }
        }
        if grid.ruled {
            self.y += BELOW_TABLE;
        }
        Ok(())
    }

    /// A row longer than a page, in as many parts as it takes.
    fn long_row(
        &mut self,
        grid: &Grid,
        head: Option<&Row>,
        row: &Row,
        cells: Option<&[Cell]>,
    ) -> Result<(), NotPrinted> {
        let most = row.cells.iter().map(Vec::len).max().unwrap_or(0);
        let (_, leading) = grid.print(row.cells.len());
        let mut from = 0;
        while from < most {
            let room = self.sizes.depth() - self.y - PAD.1 * 2.0;
            let count = ((room / leading).floor().max(1.0) as usize).min(most - from);
            let part =
                |lines: &Vec<Vec<Glyph>>| lines.iter().skip(from).take(count).cloned().collect();
            let part = Row {
                cells: row.cells.iter().map(part).collect(),
                height: count as f32 * leading + PAD.1 * 2.0,
            };
            self.row(grid, &part, cells, false);
            from += count;
            if from < most {
                self.turn()?;
                if let Some(head) = head {
                    self.row(grid, head, grid.head.as_deref(), true);
                }
            }
        }
        Ok(())
    }

    fn row(&mut self, grid: &Grid, row: &Row, cells: Option<&[Cell]>, is_head: bool) {
        let (left, top) = (self.sizes.left, self.sizes.top + self.y);
        let width: f32 = grid.widths.iter().sum();
        if is_head {
            self.put(Item::Ground {
                x: left,
                y: top,
                width,
                height: row.height,
                ink: Ink::Ground,
            });
        }
        let mut x = left;
        let many = row.cells.len();
        let (size, leading) = grid.print(many);
        for (at, lines) in row.cells.iter().enumerate() {
            let wide = grid.width(at, many);
            let align = cells
                .and_then(|cells| cells.get(at))
                .map_or(Align::Left, |cell| cell.align);
            // Short cells stand in the middle of a high row, as forms have them.
            let high = lines.len() as f32 * leading;
            let mut y = if grid.ruled {
                top + (row.height - high) / 2.0
            } else {
                top + PAD.1
            };
            for line in lines {
                let room = wide - PAD.0 * 2.0;
                let item = set_line(
                    line,
                    (x + PAD.0, y),
                    room,
                    size,
                    leading,
                    align,
                    false,
                    Ink::Black,
                );
                self.put(item);
                y += leading;
            }
            x += wide;
        }
        if grid.ruled {
            self.borders(grid, (left, top), row.height, many);
        }
        self.y += row.height;
    }

    fn borders(&mut self, grid: &Grid, (left, top): (f32, f32), height: f32, cells: usize) {
        let width: f32 = grid.widths.iter().sum();
        let mut line = |from, to| {
            self.put(Item::Line {
                from,
                to,
                width: 0.5,
                ink: Ink::Black,
            });
        };
        line((left, top), (left + width, top));
        line((left, top + height), (left + width, top + height));
        let mut x = left;
        line((x, top), (x, top + height));
        for at in 0..cells {
            x += grid.width(at, cells);
            line((x, top), (x, top + height));
        }
    }
}

/// What stands on every page: its number, the small print below it, the watermark under all.
fn frame(
    document: &Document,
    laid: &mut Laid<'_>,
    setter: &mut Typesetter<'_>,
) -> Result<(), NotPrinted> {
    let sizes = laid.sizes;
    let count = laid.sheets.len();
    let below = sizes.height - sizes.bottom + 7.0 * MM;
    let footer = Place::of("footer", 1);
    let small = setter.glyphs(Face::Song, &document.footer, &footer)?;
    let small = split(&small, 7.5, sizes.measure(), sizes.measure(), Align::Centre);
    let mark = setter.glyphs(Face::Hei, &document.watermark, &Place::of("watermark", 1))?;
    for (number, sheet) in (1..).zip(&mut laid.sheets) {
        let number = page_number(number, count);
        let number = setter.glyphs(Face::Song, &number, &footer)?;
        let mut line = |glyphs: &[Glyph], y, size, ink| {
            let corner = (sizes.left, y);
            let room = sizes.measure();
            let item = set_line(
                glyphs,
                corner,
                room,
                size,
                size * 1.4,
                Align::Centre,
                false,
                ink,
            );
            sheet.items.push(item);
        };
        line(&number, below, 10.5, Ink::Black);
        for (at, glyphs) in small.iter().take(FOOTER_LINES).enumerate() {
            line(glyphs, below + 18.0 + 10.5 * at as f32, 7.5, Ink::Grey);
        }
        if !mark.is_empty() {
            let mut items = watermark(&mark, &sizes);
            items.append(&mut sheet.items);
            sheet.items = items;
        }
    }
    Ok(())
}

/// The number of a page as it is printed.
fn page_number(number: usize, count: usize) -> String {
    format!("第 {number} 页 共 {count} 页")
}

/// The words again and again over the whole page, rising.
fn watermark(mark: &[Glyph], sizes: &Sizes) -> Vec<Item> {
    const SIZE: f32 = 22.0;
    let mut at = 0.0;
    let glyphs: Vec<(Glyph, f32)> = mark
        .iter()
        .filter(|glyph| glyph.char != '\n')
        .map(|glyph| {
            let here = (*glyph, at);
            at += glyph.advance * SIZE;
            here
        })
        .collect();
    let across = (at * 0.87 + 70.0).max(160.0);
    let mut items = Vec::new();
    let mut y = 170.0;
    let mut shifted = false;
    while y < sizes.height + at * 0.5 {
        let mut x = if shifted { 30.0 - across / 2.0 } else { 30.0 };
        while x < sizes.width {
            items.push(Item::Text {
                x,
                y,
                size: SIZE,
                ink: Ink::Pale,
                rising: true,
                glyphs: glyphs.clone(),
            });
            x += across;
        }
        y += 150.0;
        shifted = !shifted;
    }
    items
}
