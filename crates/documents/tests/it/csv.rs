//! CSV as it comes from a spreadsheet.

use documents::read;

fn texts(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
    let table = read(bytes).unwrap();
    let row = |row: &documents::Row| {
        (
            row.number,
            row.cells.iter().map(documents::Cell::text).collect(),
        )
    };
    table.rows.iter().map(row).collect()
}

#[test]
fn quotes_line_breaks_and_empty_lines_keep_their_rows() {
    let text = "编号,内容\r\n\r\nA1,\"一,二\"\"三\n四\"\r\nA2,五";
    assert_eq!(
        texts(text.as_bytes()),
        [
            (1, vec!["编号".to_owned(), "内容".to_owned()]),
            (3, vec!["A1".to_owned(), "一,二\"三\n四".to_owned()]),
            (4, vec!["A2".to_owned(), "五".to_owned()]),
        ]
    );
    assert_eq!(texts("a\tb\nc\td".as_bytes())[1].1, ["c", "d"]);
}

#[test]
fn utf_8_with_a_mark_utf_16_and_gb_18030_say_the_same() {
    let gbk = b"\xb1\xe0\xba\xc5,A1\n";
    let utf_16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("编号,A1\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    for bytes in [&gbk[..], "\u{feff}编号,A1\n".as_bytes(), &utf_16] {
        assert_eq!(texts(bytes)[0].1, ["编号", "A1"]);
    }
}

#[test]
fn another_encoding_is_told_with_row_and_column() {
    let bytes = b"a,b\nc,d,\xff\xff\xff\n";
    let problem = read(bytes).unwrap_err();
    assert_eq!(
        (problem.code, problem.at),
        ("encoding_unknown", Some((2, 2)))
    );
    let open = read(b"a,b\nc,\"d").unwrap_err();
    assert_eq!((open.code, open.at), ("quote_not_closed", Some((2, 1))));
}

#[test]
fn semicolons_part_the_cells_where_the_heading_has_no_comma() {
    let rows = texts("编号;时间\n1;a,b\n".as_bytes());
    assert_eq!(rows[1].1, ["1", "a,b"]);
    let rows = texts("编号,时间（年;月）\n1,a;b\n".as_bytes());
    assert_eq!(rows[1].1, ["1", "a;b"]);
}

#[test]
fn who_asks_for_more_rows_gets_them_and_no_more() {
    let file = |rows: usize| "1\n".repeat(rows + 1);
    let read = |rows, most| documents::read_up_to(file(rows).as_bytes(), most);
    assert_eq!(
        read(30_000, 30_000).map(|table| table.rows.len()),
        Ok(30_001)
    );
    assert_eq!(
        read(30_001, 30_000).map_err(|why| why.code),
        Err("too_many_rows")
    );
    assert!(documents::read(file(30_000).as_bytes()).is_err());
}
