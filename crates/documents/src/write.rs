//! A table as `.xlsx`, of text cells only.

use std::fmt;

use rust_xlsxwriter::{DocProperties, Format, Workbook, XlsxError};

use crate::LONGEST_TEXT;

/// The longest line of a header or footer; Excel takes 255 characters with its commands.
const LONGEST_LINE: usize = 200;

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
    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet();
    page.set_name(sheet)?;
    let bold = Format::new().set_bold();
    for (column, name) in (0..).zip(heading) {
        page.write_string_with_format(0, column, harmless(name), &bold)?;
    }
    page.set_freeze_panes(1, 0)?;
    for (row, cells) in (1..).zip(rows) {
        for (column, text) in (0..).zip(cells) {
            if !text.is_empty() {
                page.write_string(row, column, harmless(&text))?;
            }
        }
    }
    if let Some(mark) = mark {
        // `&` begins a command in headers and footers.
        let line: String = mark.replace('&', "&&").chars().take(LONGEST_LINE).collect();
        page.set_header(format!("&C{line}"));
        page.set_footer(format!("&L{line}&R&P / &N"));
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
