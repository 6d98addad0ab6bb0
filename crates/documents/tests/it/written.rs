//! What is written is read back, and runs nowhere.

use std::io::{Cursor, Read as _};

use documents::{Page, Written, read, write};

/// A part of the workbook as it is in its file.
fn part(book: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn what_a_spreadsheet_would_take_for_a_formula_is_text() {
    let risky = ["=1+1", "+86", "-1", "@SUM(A1)", "\tx", "\rx", "无害"];
    let rows = risky.iter().map(|text| vec![(*text).to_owned()]);
    let bytes = write("工单", ["=标题"], rows).unwrap();
    let table = read(&bytes).unwrap();
    assert_eq!(table.rows[0].cell(0).text(), "'=标题");
    for (row, text) in table.rows[1..].iter().zip(risky) {
        let documents::Cell::Text(shown) = row.cell(0) else {
            panic!("{row:?}");
        };
        if text == "无害" {
            assert_eq!(shown, text);
        } else {
            assert!(shown.starts_with('\''), "{shown}");
        }
    }
}

#[test]
fn a_text_longer_than_a_cell_is_cut() {
    let bytes = write("x", ["a"], [vec!["长".repeat(40_000)]]).unwrap();
    let table = read(&bytes).unwrap();
    assert_eq!(table.rows[1].cell(0).text().chars().count(), 32_767);
}

#[test]
fn a_marked_sheet_names_its_taker_everywhere_and_reads_back_as_it_is() {
    let mark = "DC-20261126-001　王五（agent1）　A&B";
    let rows = [vec!["一".to_owned()], vec!["二".to_owned()]];
    let bytes = documents::write_marked("工单", ["编号"], rows, Some(mark)).unwrap();
    let table = read(&bytes).unwrap();
    assert_eq!((table.sheet.as_str(), table.rows.len()), ("工单", 3));
    let part = |name: &str| part(&bytes, name);
    let page = part("xl/worksheets/sheet1.xml");
    let (header, footer) = page.split_once("<oddFooter>").unwrap();
    // A single `&` begins a command; in XML each is written as an entity.
    for place in [header, footer] {
        assert!(place.contains("王五（agent1）　A&amp;&amp;B"), "{place}");
    }
    assert!(part("docProps/core.xml").contains("王五"));
    assert!(part("xl/sharedStrings.xml").contains("DC-20261126-001"));
}

#[test]
fn a_column_is_as_wide_as_its_cells_and_a_sheet_as_wide_as_its_paper() {
    let page = Page {
        name: "明细".to_owned(),
        heading: vec!["座席".to_owned(), "金额".to_owned(), "说明".to_owned()],
        rows: vec![vec![
            Written::Count(1),
            Written::Money(29_544_643),
            Written::Text("长".repeat(200)),
        ]],
    };
    let bytes = documents::write_book(&[page], None).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    // The file adds the cell's own margin to each width.
    let widths: Vec<f64> = sheet
        .split("<col ")
        .skip(1)
        .filter_map(|column| column.split("width=\"").nth(1)?.split('"').next())
        .map(|width| width.parse().unwrap())
        .collect();
    let shown = "295,446.43".chars().count() as f64;
    assert!(widths[1] > shown && widths[1] < shown * 2.0, "{widths:?}");
    assert!(widths[0] < widths[1] && widths[2] < 60.0, "{widths:?}");
    assert!(sheet.contains("orientation=\"landscape\""), "{sheet}");
    assert!(sheet.contains("fitToHeight=\"0\""), "{sheet}");
}

#[test]
fn a_row_is_as_high_as_its_lines_and_a_long_word_begins_one() {
    let digest = format!("800 {}", "46f829681dfd07fe".repeat(4));
    let page = Page {
        name: "封面".to_owned(),
        heading: vec!["项目".to_owned(), "内容".to_owned()],
        rows: vec![
            vec![Written::Text("审计链".to_owned()), Written::Text(digest)],
            vec![Written::Text("呼叫接通率".to_owned()), Written::Missing],
        ],
    };
    let bytes = documents::write_book(&[page], None).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    // Three lines of 15 points: the number, and a word of 64 in a column of 48.
    assert!(
        sheet.contains(r#"r="2""#) && sheet.contains(r#"ht="45""#),
        "{sheet}"
    );
    assert_eq!(sheet.matches(" ht=").count(), 1);
    let table = read(&bytes).unwrap();
    assert_eq!(table.rows[2].cell(1).text(), "—");
}
