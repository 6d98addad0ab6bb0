//! What is written is read back, and runs nowhere.

use documents::{read, write};

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
    use std::io::{Cursor, Read as _};

    let mark = "DC-20261126-001　王五（agent1）　A&B";
    let rows = [vec!["一".to_owned()], vec!["二".to_owned()]];
    let bytes = documents::write_marked("工单", ["编号"], rows, Some(mark)).unwrap();
    let table = read(&bytes).unwrap();
    assert_eq!((table.sheet.as_str(), table.rows.len()), ("工单", 3));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        archive
            .by_name(name)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    };
    let page = part("xl/worksheets/sheet1.xml");
    let (header, footer) = page.split_once("<oddFooter>").unwrap();
    // A single `&` begins a command; in XML each is written as an entity.
    for place in [header, footer] {
        assert!(place.contains("王五（agent1）　A&amp;&amp;B"), "{place}");
    }
    assert!(part("docProps/core.xml").contains("王五"));
    assert!(part("xl/sharedStrings.xml").contains("DC-20261126-001"));
}
