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
