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
