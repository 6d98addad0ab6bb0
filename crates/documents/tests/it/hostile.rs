//! Files that nobody should send: each is told, none breaks the reader.

use std::io::{Cursor, Write as _};

use documents::{read, write};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn code(bytes: &[u8]) -> &'static str {
    read(bytes).unwrap_err().code
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook of one sheet with this content, as small as the format allows.
fn workbook(sheet: &str) -> Vec<u8> {
    let types = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
    let book = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let links = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{sheet}</sheetData></worksheet>"#
    );
    let root = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    zipped(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

#[test]
fn what_is_no_workbook_is_told() {
    assert_eq!(code(b"PK\x03\x04 and nothing more"), "not_a_table");
    assert_eq!(code(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "not_a_table");
    assert_eq!(code(b"<html><table></table></html>"), "not_a_table");
    assert_eq!(code(&zipped(&[("a.txt", b"a")])), "not_a_table");
    assert_eq!(code(&vec![b'a'; (20 << 20) + 1]), "file_too_large");
    assert_eq!(read(b"").unwrap().rows, []);
}

#[test]
fn a_zip_bomb_is_not_unpacked() {
    let zeros = vec![0; 130 << 20];
    let bomb = zipped(&[("xl/worksheets/sheet1.xml", &zeros)]);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert_eq!(code(&bomb), "unpacks_too_large");
}

#[test]
fn a_cell_of_ten_megabytes_is_a_fault_of_that_cell() {
    let long = "a".repeat(10 << 20);
    let sheet = format!(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>ok</t></is></c><c r="C1" t="inlineStr"><is><t>{long}</t></is></c></row>"#
    );
    let table = read(&workbook(&sheet)).unwrap();
    let fault = &table.faults[0];
    assert_eq!(
        (fault.row, fault.column, fault.code),
        (1, 2, "text_too_long")
    );
    assert_eq!(table.rows[0].cell(0).text(), "ok");
}

#[test]
fn a_cell_in_the_farthest_corner_costs_nothing_and_is_told() {
    let sheet = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    let problem = read(&workbook(sheet)).unwrap_err();
    assert_eq!(problem.code, "too_many_columns");
    assert_eq!(problem.at, Some((1_048_576, 16_383)));
}

#[test]
fn a_damaged_cell_is_told_with_the_place_before_it() {
    let sheet = r#"<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="s"><v>7</v></c></row>"#;
    let problem = read(&workbook(sheet)).unwrap_err();
    assert_eq!((problem.code, problem.at), ("not_a_table", Some((1, 0))));
}

#[test]
fn more_rows_than_allowed_are_refused() {
    let rows = (0..20_001).map(|row| vec![row.to_string()]);
    let bytes = write("x", ["a"], rows).unwrap();
    assert_eq!(code(&bytes), "too_many_rows");
    let rows = (0..20_000).map(|row| vec![row.to_string()]);
    let bytes = write("x", ["a"], rows).unwrap();
    assert_eq!(read(&bytes).unwrap().rows.len(), 20_001);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read(&[b"PK\x03\x04", &bytes[..]].concat());
    }

    #[test]
    fn no_damage_breaks_the_reader(at in 0usize..4000, byte in any::<u8>()) {
        let mut bytes = write("x", ["a", "b"], [vec!["1".to_owned(), "二".to_owned()]]).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read(&bytes);
    }
}
