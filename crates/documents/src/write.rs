//! Tables as `.xlsx`: of text cells, or of texts and numbers that a spreadsheet adds up. No formula is ever written.

use std::fmt;

use rust_xlsxwriter::{DocProperties, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::LONGEST_TEXT;

/// The longest line of a header or footer; Excel takes 255 characters with its commands.
const LONGEST_LINE: usize = 200;

/// Least and greatest width of a column, in digits; what is longer goes on in the next line of its cell.
const NARROWEST: usize = 6;
const WIDEST: usize = 48;

/// What stands for a number that is not there.
const DASH: &str = "—";

/// The height of a line in points, and of the highest row that Excel knows.
const LINE: f64 = 15.0;
const HIGHEST: f64 = 409.0;

/// A table that could not be written.
#[derive(Debug)]
pub struct NotWritten(XlsxError);

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table was not written: {}", self.0)
    }
}

impl std::error::Error for NotWritten {}

impl From<XlsxError> for NotWritten {
    fn from(error: XlsxError) -> Self {
        Self(error)
    }
}

/// Writes one sheet with a heading.
pub fn write<'a>(
    sheet: &str,
    heading: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<Vec<u8>, NotWritten> {
    write_marked(sheet, heading, rows, None)
}

/// The same with a line that names who took the sheet out: on every printed page, in the file's properties, and on a
/// sheet of its own, so that the first sheet can be read back as it is.
pub fn write_marked<'a>(
    sheet: &str,
    heading: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = Vec<String>>,
    mark: Option<&str>,
) -> Result<Vec<u8>, NotWritten> {
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().map(Written::Text);
        cells.collect()
    });
    let only = Page {
        name: sheet.to_owned(),
        heading: heading.into_iter().map(str::to_owned).collect(),
        rows: rows.collect(),
    };
    write_book(&[only], mark)
}

/// What is written into a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Words.
    Text(String),
    /// No number, where the column holds numbers.
    Missing,
    /// A whole number.
    Count(i64),
    /// Money in fen, shown in yuan with two decimals.
    Money(i64),
    /// Half days, shown as days with one decimal.
    HalfDays(i64),
    /// Thousandths of something, shown with so many decimals, at most three.
    Thousandths(i64, u8),
}

/// One sheet of a book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Its name.
    pub name: String,
    /// The first row, in a heavy face; it stays in sight.
    pub heading: Vec<String>,
    /// The rows below it.
    pub rows: Vec<Vec<Written>>,
}

/// Writes a book of several sheets, marked as [`write_marked`] does.
pub fn write_book(pages: &[Page], mark: Option<&str>) -> Result<Vec<u8>, NotWritten> {
    let mut workbook = Workbook::new();
    for page in pages {
        let sheet = workbook.add_worksheet();
        fill(sheet, page)?;
        if let Some(mark) = mark {
            // `&` begins a command in headers and footers.
            let line: String = mark.replace('&', "&&").chars().take(LONGEST_LINE).collect();
            sheet.set_header(format!("&C{line}"));
            sheet.set_footer(format!("&L{line}&R&P / &N"));
        }
    }
    if let Some(mark) = mark {
        let properties = DocProperties::new()
            .set_author(mark)
            .set_comment(mark)
            .set_status("内部资料");
        workbook.set_properties(&properties);
        let about = workbook.add_worksheet();
        about.set_name("导出信息")?;
        about.set_column_width(0, 90)?;
        about.write_string(0, 0, harmless(mark))?;
        about.protect();
    }
    Ok(workbook.save_to_buffer()?)
}

fn fill(sheet: &mut Worksheet, page: &Page) -> Result<(), NotWritten> {
    sheet.set_name(&page.name)?;
    let bold = Format::new().set_bold();
    let money = Format::new().set_num_format("#,##0.00");
    let days = Format::new().set_num_format("0.0");
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let top = Format::new().set_align(FormatAlign::Top);
    let right = Format::new().set_align(FormatAlign::Right);
    on_paper(sheet)?;
    let widths = widths(page);
    for (column, width) in (0..).zip(&widths) {
        sheet.set_column_width(column, *width as f64)?;
    }
    let decimals = ["#,##0", "#,##0.0", "#,##0.00", "#,##0.000"]
        .map(|shown| Format::new().set_num_format(shown));
    for (column, name) in (0..).zip(&page.heading) {
        sheet.write_string_with_format(0, column, harmless(name), &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, cells) in (1..).zip(&page.rows) {
        // Not every program makes a row as high as the lines of its cells.
        let lines = cells.iter().zip(&widths);
        let lines = lines.map(|(cell, room)| cell.lines(*room)).max();
        let high = lines.filter(|lines| *lines > 1);
        if let Some(lines) = high {
            sheet.set_row_height(row, (lines as f64 * LINE).min(HIGHEST))?;
        }
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Written::Text(text) if text.is_empty() => {}
                Written::Text(text) if cell.lines(WIDEST) > 1 => {
                    sheet.write_string_with_format(row, column, harmless(text), &wrapped)?;
                }
                // Beside what takes several lines it stands by the first.
                Written::Text(text) if high.is_some() => {
                    sheet.write_string_with_format(row, column, harmless(text), &top)?;
                }
                Written::Text(text) => {
                    sheet.write_string(row, column, harmless(text))?;
                }
                Written::Missing => {
                    sheet.write_string_with_format(row, column, DASH, &right)?;
                }
                Written::Count(number) => {
                    sheet.write_number(row, column, *number as f64)?;
                }
                Written::Money(fen) => {
                    sheet.write_number_with_format(row, column, *fen as f64 / 100.0, &money)?;
                }
                Written::Thousandths(number, digits) => {
                    let format = &decimals[usize::from(*digits).min(decimals.len() - 1)];
                    sheet.write_number_with_format(
                        row,
                        column,
                        *number as f64 / 1_000.0,
                        format,
                    )?;
                }
                Written::HalfDays(halves) => {
                    sheet.write_number_with_format(row, column, *halves as f64 / 2.0, &days)?;
                }
            }
        }
    }
    Ok(())
}

/// As wide as a page of A4 turned round, with the heading on each.
fn on_paper(sheet: &mut Worksheet) -> Result<(), NotWritten> {
    sheet
        .set_paper_size(9)
        .set_landscape()
        .set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3)
        .set_print_fit_to_pages(1, 0)
        .set_repeat_rows(0, 0)?;
    Ok(())
}

/// The width of each column that shows all of its cells, in digits.
fn widths(page: &Page) -> Vec<usize> {
    let mut widths: Vec<usize> = page.heading.iter().map(|name| width(name)).collect();
    for row in &page.rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(cell.width());
        }
    }
    let margin = 2;
    let fits = |width: usize| (width + margin).clamp(NARROWEST, WIDEST);
    widths.into_iter().map(fits).collect()
}

/// How wide a text is, in digits: whatever is not ASCII counts as a Chinese character.
fn width(text: &str) -> usize {
    let of_line = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    text.lines().map(of_line).max().unwrap_or(0)
}

/// Lines of a text in a column of this width: Latin words are kept whole where they fit, Chinese breaks anywhere.
fn lines(text: &str, room: usize) -> usize {
    let (mut lines, mut used) = (1, 0);
    for word in text.split_inclusive(' ') {
        let wide = width(word.trim_end());
        if used > 0 && word.is_ascii() && used + wide > room {
            (lines, used) = (lines + 1, 0);
        }
        used += width(word);
        let more = used.saturating_sub(1) / room;
        (lines, used) = (lines + more, used - more * room);
    }
    lines
}

impl Written {
    /// Lines in a column of this width; a number is one.
    fn lines(&self, room: usize) -> usize {
        let Self::Text(text) = self else { return 1 };
        text.lines()
            .map(|line| lines(line, room))
            .sum::<usize>()
            .max(1)
    }

    fn width(&self) -> usize {
        match self {
            Self::Text(text) => width(text),
            Self::Missing => width(DASH),
            Self::Count(number) => number.to_string().len(),
            // Yuan with a comma each three digits and two decimals.
            Self::Money(fen) => fen.to_string().len() * 4 / 3 + 2,
            Self::HalfDays(halves) => halves.to_string().len() + 2,
            // A comma each three digits and the decimal point.
            Self::Thousandths(number, _) => number.to_string().len() * 4 / 3 + 1,
        }
    }
}

/// A text that no spreadsheet takes for a formula, and that fits into a cell.
pub(crate) fn harmless(text: &str) -> String {
    let mark = if is_risky(text) { "'" } else { "" };
    let fits = text.chars().take(LONGEST_TEXT - mark.len());
    mark.chars().chain(fits).collect()
}

/// A spreadsheet would take it for a formula.
pub(crate) fn is_risky(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
