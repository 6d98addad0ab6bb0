//! A workbook made by another library.

use chrono::NaiveDate;
use documents::{Cell, read};

#[test]
fn a_sheet_is_read_with_the_row_numbers_it_shows_and_its_dates() {
    let made = testing::openpyxl(
        "import datetime\n\
         page.append(['工单编号', '受理时间', '是否保密', '联系电话'])\n\
         page.append([])\n\
         page.append(['A1', datetime.datetime(2026, 11, 23, 9, 30), True, 13900000001])\n\
         page['A5'] = 'A2'\n\
         page['B5'] = 46349.5\n",
    );
    let Some(bytes) = made else { return };
    let table = read(&bytes).unwrap();
    let numbers: Vec<u32> = table.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 3, 5]);
    let third = &table.rows[1];
    assert_eq!(third.cell(3).text(), "13900000001");
    assert_eq!(third.cell(2).text(), "是");
    let at = NaiveDate::from_ymd_opt(2026, 11, 23)
        .unwrap()
        .and_hms_opt(9, 30, 0);
    assert_eq!(table.moment(third.cell(1)), at);
    let noon = NaiveDate::from_ymd_opt(2026, 11, 23)
        .unwrap()
        .and_hms_opt(12, 0, 0);
    assert_eq!(table.moment(table.rows[2].cell(1)), noon);
    assert_eq!(table.faults, []);
}

#[test]
fn merged_cells_formulas_and_errors_are_told_with_row_and_column() {
    let made = testing::openpyxl(
        "page.append(['编号', '标题'])\n\
         page.append(['A1', '上'])\n\
         page.append(['A2', '下'])\n\
         page.merge_cells('B2:B3')\n\
         page['A4'] = '=1+1'\n\
         page['B4'] = '#REF!'\n\
         page['B4'].data_type = 'e'\n\
         page['A5'] = 250101000020109011\n",
    );
    let Some(bytes) = made else { return };
    let table = read(&bytes).unwrap();
    let faults: Vec<_> = table
        .faults
        .iter()
        .map(|fault| (fault.row, documents::letters(fault.column), fault.code))
        .collect();
    assert_eq!(
        faults,
        [
            (3, "B".to_owned(), "cell_merged"),
            (4, "A".to_owned(), "formula_without_value"),
            (4, "B".to_owned(), "cell_error"),
            (5, "A".to_owned(), "number_rounded"),
        ]
    );
    assert_eq!(table.rows[1].cell(1), &Cell::Text("上".to_owned()));
}

#[test]
fn the_first_sheet_that_can_be_seen_is_read() {
    let made = testing::openpyxl(
        "page.title = '字典'\n\
         page.sheet_state = 'hidden'\n\
         page.append(['x'])\n\
         second = book.create_sheet('工单')\n\
         second.append(['工单编号'])\n",
    );
    let Some(bytes) = made else { return };
    let table = read(&bytes).unwrap();
    assert_eq!(table.sheet, "工单");
    assert_eq!(table.rows[0].cell(0).text(), "工单编号");
}
