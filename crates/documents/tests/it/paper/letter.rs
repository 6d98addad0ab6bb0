//! A letter as PDF.

use std::process::Command;

use documents::paper::{
    Block, Document, Fonts, NoFonts, NotPrinted, Place, Table, to_docx, to_pdf,
};

use super::{FONTS, NAMES, folder, has, letter, pages, statement, tight};

#[test]
fn all_of_a_letter_stands_in_its_pdf_in_order() {
    let pdf = to_pdf(&letter(), &FONTS).unwrap();
    if !has("pdftotext") {
        return;
    }
    let text = tight(&pages(&pdf).concat());
    let mut from = 0;
    for part in [
        "浙江某某信息服务有限公司",
        "某某函〔2026〕17号",
        "关于国庆节期间热线服务时间安排的函",
        "省教育考试院：",
        "根据《考试咨询热线服务合同》第八条",
        NAMES,
        "0571-88888888",
        "一、人员安排",
        "（一）备勤",
        "专此函达",
        "附件：1.国庆节期间排班表",
        "2.备勤人员名单",
        "浙江某某信息服务有限公司2026年9月21日",
        "抄送：省教育考试院财务处，监理单位。",
    ] {
        // A page number may stand between any two lines.
        let at = text[from..].find(part);
        let at = at.unwrap_or_else(|| panic!("{part} is not in {}", &text[from..]));
        from += at + part.len();
    }
    assert!(
        text.contains("第1页共2页") && text.contains("第2页共2页"),
        "{text}"
    );
}

#[test]
fn every_font_of_a_pdf_is_in_it_and_cut_down() {
    let pdf = to_pdf(&letter(), &FONTS).unwrap();
    assert!(pdf.len() < 400_000, "{} bytes", pdf.len());
    if !has("pdffonts") {
        return;
    }
    let folder = folder(&[("a.pdf", &pdf)]);
    let told = Command::new("pdffonts")
        .arg(folder.path().join("a.pdf"))
        .output()
        .unwrap();
    assert!(told.stderr.is_empty(), "{told:?}");
    let told = String::from_utf8(told.stdout).unwrap();
    let fonts: Vec<&str> = told.lines().skip(2).collect();
    assert!(!fonts.is_empty());
    for font in fonts {
        // Embedded, a subset, and with the characters its glyphs stand for.
        assert!(font.contains("yes yes yes"), "{told}");
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let anew = Fonts::of_machine(None).unwrap();
    for document in [letter(), statement(30)] {
        assert_eq!(
            to_pdf(&document, &FONTS).unwrap(),
            to_pdf(&document, &anew).unwrap()
        );
        assert_eq!(to_docx(&document), to_docx(&document));
    }
}

#[test]
fn a_character_that_no_font_has_is_told_with_its_place() {
    let missing = |document: &Document| match to_pdf(document, &FONTS).unwrap_err() {
        NotPrinted::GlyphMissing {
            character,
            place,
            text,
        } => (character, place, text),
        other => panic!("{other}"),
    };
    let place = |part, number, cell| Place { part, number, cell };
    let private = Document {
        blocks: vec![Block::text("甲"), Block::text("考生王\u{e863}某")],
        ..Document::default()
    };
    let told = missing(&private);
    assert_eq!(
        told,
        (
            '\u{e863}',
            place("block", 2, None),
            "考生王\u{e863}某".to_owned()
        )
    );

    let mut table = statement(3);
    if let Block::Table(Table { rows, .. }) = &mut table.blocks[1] {
        rows[1][1] = "名\u{323af}".to_owned();
    }
    let (character, at, _) = missing(&table);
    assert_eq!(
        (character, at),
        ('\u{323af}', place("block", 2, Some((2, 2))))
    );

    let marked = Document {
        watermark: "\u{f0000}".to_owned(),
        ..Document::default()
    };
    assert_eq!(missing(&marked).1.part, "watermark");
    let error = to_pdf(&private, &FONTS).unwrap_err();
    assert_eq!(error.code(), "glyph_missing");
    assert!(error.to_string().contains("U+E863"), "{error}");
}

#[test]
fn what_has_no_picture_is_left_out() {
    let document = Document {
        blocks: vec![Block::text("甲\u{200b}乙\u{202e}丙\u{0}丁\u{feff}\t戊")],
        ..Document::default()
    };
    let pdf = to_pdf(&document, &FONTS).unwrap();
    if has("pdftotext") {
        assert!(tight(&pages(&pdf)[0]).starts_with("甲乙丙丁戊"));
    }
}

#[test]
fn a_machine_without_chinese_fonts_says_so() {
    let empty = folder(&[
        ("broken.ttf", b"no font"),
        ("broken.ttc", b"ttcf\0\0\0\0\xff\xff\xff\xff"),
    ]);
    let folders = vec![empty.path().to_owned(), "/nowhere".into()];
    assert_eq!(
        Fonts::in_folders(&folders).unwrap_err(),
        NoFonts { folders }
    );
}

#[test]
fn an_empty_document_is_one_page() {
    let pdf = to_pdf(&Document::default(), &FONTS).unwrap();
    if has("pdftotext") {
        assert_eq!(tight(&pages(&pdf).concat()), "第1页共1页");
    }
}

/// How long a letter takes: `cargo test -p documents --test it measure -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn measure() {
    let begun = std::time::Instant::now();
    let fonts = Fonts::of_machine(None).unwrap();
    println!("fonts found in {:?}", begun.elapsed());
    for (name, document) in [
        ("letter", letter()),
        ("statement of 1,000 rows", statement(1000)),
    ] {
        for round in ["first", "second"] {
            let begun = std::time::Instant::now();
            let pdf = to_pdf(&document, &fonts).unwrap();
            println!(
                "{name}, {round}: pdf {} bytes in {:?}",
                pdf.len(),
                begun.elapsed()
            );
        }
        let begun = std::time::Instant::now();
        let docx = to_docx(&document);
        println!("{name}: docx {} bytes in {:?}", docx.len(), begun.elapsed());
    }
}
