//! CSV as RFC 4180 has it, and as Chinese offices save it: in GB 18030, with tabs or semicolons, with blank lines.

use std::borrow::Cow;

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use crate::{Filling, Table, Unreadable};

pub(crate) fn read(bytes: &[u8], most_rows: usize) -> Result<Table, Unreadable> {
    let text = decoded(bytes)?;
    if text.trim_start().starts_with('<') {
        return Err(Unreadable::new(
            "not_a_table",
            "a web page under another name; save it as .xlsx",
        ));
    }
    let heading = text.lines().next().unwrap_or_default();
    // A comma goes before the others: a heading may hold a semicolon in a remark.
    let between = [',', '\t', ';']
        .into_iter()
        .find(|between| heading.contains(*between))
        .unwrap_or(',');
    fill(&text, between, most_rows)
}

fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .map_err(|error| wrong_encoding(rest, error.valid_up_to()));
    }
    for (mark, encoding) in [(b"\xff\xfe", UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return encoding
                .decode_without_bom_handling_and_without_replacement(rest)
                .ok_or_else(|| {
                    Unreadable::new("encoding_unknown", "the text is not whole UTF-16")
                });
        }
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error,
    };
    GB18030
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| wrong_encoding(bytes, error.valid_up_to()))
}

fn wrong_encoding(bytes: &[u8], bad: usize) -> Unreadable {
    let mut row = 1;
    let mut column = 0;
    for byte in &bytes[..bad.min(bytes.len())] {
        match byte {
            b'\n' => (row, column) = (row + 1, 0),
            b',' => column += 1,
            _ => {}
        }
    }
    Unreadable::new(
        "encoding_unknown",
        "the text is neither UTF-8 nor GB 18030; save it as CSV UTF-8 or .xlsx",
    )
    .at(row, column)
}

fn fill(text: &str, between: char, most_rows: usize) -> Result<Table, Unreadable> {
    let mut filling = Filling::up_to(most_rows);
    let (mut row, mut column) = (1, 0);
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            _ if !quoted && (char == between || char == '\n') => {
                keep(&mut filling, row, column, &mut cell)?;
                if char == '\n' {
                    (row, column) = (row + 1, 0);
                } else {
                    column += 1;
                }
            }
            _ => cell.push(char),
        }
    }
    if quoted {
        let open = Unreadable::new("quote_not_closed", "a quoted cell does not end");
        return Err(open.at(row, column));
    }
    keep(&mut filling, row, column, &mut cell)?;
    Ok(filling.table)
}

fn keep(filling: &mut Filling, row: u32, column: u32, cell: &mut String) -> Result<(), Unreadable> {
    let kept = filling.words(row, column, cell)?;
    cell.clear();
    filling.put(row, column, kept)
}

/// One line of CSV with its end; every cell is harmless in a spreadsheet.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        let cell = if crate::write::is_risky(cell) {
            format!("'{cell}")
        } else {
            cell.to_owned()
        };
        if cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&cell);
        }
    }
    line.push_str("\r\n");
    line
}
