//! A table as `.xlsx`, of text cells only.

use std::fmt;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::LONGEST_TEXT;

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
