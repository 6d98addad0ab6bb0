//! Tables over pages.

use documents::paper::{Align, Block, Column, Document, Table, to_docx, to_pdf};

use super::{FONTS, has, pages, statement, tight};

#[test]
fn each_page_of_a_table_has_its_heading_and_no_row_is_torn() {
    if !has("pdftotext") {
        return;
    }
    for rows in [40, 41, 42, 43, 97] {
        let pages = pages(&to_pdf(&statement(rows), &FONTS).unwrap());
        assert!(pages.len() > 1);
        let texts: Vec<String> = pages.iter().map(|page| tight(page)).collect();
        for row in 1..=rows {
            let page = texts
                .iter()
                .find(|page| page.contains(&format!("{row:03}号")))
                .unwrap_or_else(|| panic!("row {row} is nowhere"));
            assert!(page.contains(&format!("第{row:03}人")), "row {row} is torn");
            assert!(page.contains("序号项目说明金额（元）"), "{page}");
        }
        // The total is not alone, and whoever signs sees it.
        let total = texts
            .iter()
            .find(|page| page.contains("合计82,000.00"))
            .unwrap();
        assert!(total.contains(&format!("{rows:03}号")), "{total}");
        let signed = texts
            .iter()
            .find(|page| page.contains("采购人（盖章）"))
            .unwrap();
        assert!(signed.contains("以上金额经双方核对无误。"), "{signed}");
        assert!(texts.iter().all(|page| page.contains("9f86d081884c7d65")));
    }
}

#[test]
fn the_small_print_of_a_row_stays_with_it() {
    if !has("pdftotext") {
        return;
    }
    let rows = 60;
    let document = Document {
        blocks: vec![Block::Table(Table {
            columns: vec![
                Column::new("指标", 4, Align::Left),
                Column::new("本期", 1, Align::Right),
            ],
            rows: (1..=rows)
                .map(|row| vec![format!("指标{row:02}"), format!("{row}%")])
                .collect(),
            // The third has none.
            notes: (1..=rows)
                .map(|row| match row {
                    3 => String::new(),
                    _ => format!("公式{row:02}：接通量 ÷ 呼入量"),
                })
                .collect(),
            ..Table::default()
        })],
        ..Document::default()
    };
    let texts: Vec<String> = pages(&to_pdf(&document, &FONTS).unwrap())
        .iter()
        .map(|page| tight(page))
        .collect();
    assert!(texts.len() > 1);
    for row in 1..=rows {
        let page = texts
            .iter()
            .find(|page| page.contains(&format!("指标{row:02}")));
        let below = page.unwrap().contains(&format!("公式{row:02}："));
        assert_eq!(below, row != 3, "row {row}");
    }
    let word = to_docx(&document);
    let parts = super::word::parts(&word);
    let body = parts.iter().find(|(name, _)| name == "word/document.xml");
    assert!(body.unwrap().1.contains(r#"<w:gridSpan w:val="2"/>"#));
}

#[test]
fn a_row_longer_than_a_page_goes_on_over_the_next_ones() {
    let long = (0..4000)
        .map(|number| format!("{number:04}，"))
        .collect::<Vec<_>>()
        .concat();
    let document = Document {
        blocks: vec![Block::Table(Table {
            columns: vec![
                Column::new("项", 1, Align::Left),
                Column::new("内容", 4, Align::Left),
            ],
            rows: vec![
                vec!["甲".to_owned(), "短".to_owned()],
                vec!["乙".to_owned(), long.clone()],
                vec!["丙".to_owned()],
            ],
            ..Table::default()
        })],
        ..Document::default()
    };
    let pdf = to_pdf(&document, &FONTS).unwrap();
    if !has("pdftotext") {
        return;
    }
    let pages = pages(&pdf);
    let text = tight(&pages.concat());
    for number in 0..4000 {
        assert!(text.contains(&format!("{number:04}，")), "{number} is lost");
    }
    assert!(
        text.contains('丙') && pages.len() > 3,
        "{} pages",
        pages.len()
    );
    assert!(pages.iter().all(|page| page.contains("内容")));
}

#[test]
fn a_table_without_rows_has_its_heading() {
    let document = Document {
        blocks: vec![Block::Table(Table {
            columns: vec![Column::new("项目", 1, Align::Left)],
            ..Table::default()
        })],
        ..Document::default()
    };
    let pdf = to_pdf(&document, &FONTS).unwrap();
    if has("pdftotext") {
        assert!(tight(&pages(&pdf)[0]).starts_with("项目"));
    }
}
