//! `.xlsx`, read cell by cell: a sheet that claims a cell in its farthest corner costs no more than that cell.

use std::collections::HashSet;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use zip::ZipArchive;

use crate::{Cell, Filling, Table, Unreadable, letters, moment};

/// Bytes of all parts together once they are unpacked.
const MOST_UNPACKED: u64 = 128 << 20;
/// Parts of one workbook.
const MOST_PARTS: usize = 2_000;
/// Cells of merged areas that are told one by one.
const MOST_MERGED: usize = 10_000;
/// Up to here every whole number is what was typed; beyond, Excel has put zeros for its last digits.
const EXACT: f64 = 1e15;

pub(crate) fn read(bytes: &[u8], most_rows: usize) -> Result<Table, Unreadable> {
    refuse_bomb(bytes)?;
    // The parser is not ours: what it does not foresee ends the reading, not the request.
    catch_unwind(AssertUnwindSafe(|| sheet(bytes, most_rows)))
        .unwrap_or_else(|_| Err(broken("the workbook is damaged")))
}

fn broken(detail: impl std::fmt::Display) -> Unreadable {
    Unreadable::new("not_a_table", format!("not a readable .xlsx: {detail}"))
}

/// What a part claims to unpack to may be a lie, so each is unpacked once and counted.
fn refuse_bomb(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MOST_PARTS {
        return Err(broken("it has too many parts"));
    }
    let mut left = MOST_UNPACKED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(broken)?;
        let unpacked = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(broken)?;
        if unpacked > left {
            return Err(Unreadable::new(
                "unpacks_too_large",
                "the workbook unpacks to more than 128 MB",
            ));
        }
        left -= unpacked;
    }
    Ok(())
}

fn sheet(bytes: &[u8], most_rows: usize) -> Result<Table, Unreadable> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let from_1904 = book.has_1904_epoch();
    let name = book
        .sheets_metadata()
        .iter()
        .find(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .ok_or_else(|| broken("it has no visible sheet"))?;
    let mut filling = Filling::up_to(most_rows);
    filling.table.from_1904 = from_1904;
    filling.table.sheet.clone_from(&name);
    let covered = merged(&mut book, &name, &mut filling)?;

    let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
    let mut last = (0, 0);
    loop {
        let next = cells
            .next_cell_with_formula_metadata()
            .map_err(|error: XlsxError| broken(error).at(last.0 + 1, last.1))?;
        let Some(found) = next else { break };
        let (row, column) = found.pos;
        last = (row, column);
        let row = row.saturating_add(1);
        if covered.contains(&(row, column)) {
            continue;
        }
        let computed = found.formula.is_some();
        let cell = cell(&mut filling, (row, column), found.value, from_1904)?;
        if computed && cell == Cell::Empty {
            let detail = "the cell holds a formula whose value was not saved with it";
            filling.fault(row, column, "formula_without_value", detail);
        }
        filling.put(row, column, cell)?;
    }
    filling
        .table
        .faults
        .sort_by_key(|fault| (fault.row, fault.column));
    Ok(filling.table)
}

/// The cells that a merged area covers beside its first one.
fn merged(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    filling: &mut Filling,
) -> Result<HashSet<(u32, u32)>, Unreadable> {
    let areas = book.merge_cells_by_sheet_name(name).map_err(broken)?;
    let mut covered = HashSet::new();
    for area in areas {
        let (top, left) = area.start;
        let (bottom, right) = area.end;
        for row in top..=bottom {
            for column in left..=right {
                if (row, column) == area.start {
                    continue;
                }
                if covered.len() >= MOST_MERGED {
                    let many = Unreadable::new("too_many_merged", "too many cells are merged");
                    return Err(many.at(row + 1, column));
                }
                covered.insert((row + 1, column));
                let detail = format!(
                    "the cell is merged into {}{}, which alone has the value",
                    letters(left),
                    top + 1
                );
                filling.fault(row + 1, column, "cell_merged", detail);
            }
        }
    }
    Ok(covered)
}

fn cell(
    filling: &mut Filling,
    (row, column): (u32, u32),
    value: DataRef<'_>,
    from_1904: bool,
) -> Result<Cell, Unreadable> {
    Ok(match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            filling.words(row, column, &text)?
        }
        DataRef::SharedString(text) => filling.words(row, column, text)?,
        DataRef::Bool(flag) => Cell::Flag(flag),
        DataRef::Int(number) => Cell::Number(number as f64),
        DataRef::Float(number) if number.abs() >= EXACT => {
            let detail = "a number of more than 15 digits, of which Excel has lost the last; \
                          make the column text and fill it again";
            filling.fault(row, column, "number_rounded", detail);
            Cell::Empty
        }
        DataRef::Float(number) => Cell::Number(number),
        DataRef::DateTime(at) => {
            let serial = at.as_f64();
            let date = moment::of_serial(serial, from_1904).filter(|_| at.is_datetime());
            date.map_or(Cell::Number(serial), Cell::Date)
        }
        DataRef::Error(error) => {
            filling.fault(row, column, "cell_error", format!("the cell shows {error}"));
            Cell::Empty
        }
    })
}
