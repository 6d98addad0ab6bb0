//! The same document for Word, as `LibreOffice` opens it.

use std::io::{Cursor, Read as _};
use std::process::Command;

use documents::paper::{Block, Document, Paragraph, to_docx, to_pdf};
use proptest::prelude::*;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::{FONTS, folder, has, letter, pages, statement, tight};

/// The parts of a `.docx` by name.
pub(super) fn parts(docx: &[u8]) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(docx)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).unwrap();
            let name = part.name().unwrap().into_owned();
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes).unwrap();
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// What `LibreOffice` makes of a `.docx`; `None` where there is none.
pub(super) fn opened(docx: &[u8]) -> Option<Vec<u8>> {
    if !has("soffice") {
        return None;
    }
    let folder = folder(&[("a.docx", docx)]);
    let profile = format!(
        "-env:UserInstallation=file://{}/profile",
        folder.path().display()
    );
    let made = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "pdf", "a.docx"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let pdf = std::fs::read(folder.path().join("a.pdf"));
    Some(pdf.unwrap_or_else(|_| panic!("{made:?}")))
}

/// The words of all pages, without their numbers and the small print.
fn words(pdf: &[u8], footer: &str) -> String {
    let pages = pages(pdf);
    let count = pages.len();
    let page = |(number, page): (usize, &String)| {
        tight(page)
            .replace(&format!("第{number}页共{count}页"), "")
            .replace(&tight(footer), "")
    };
    (1..).zip(&pages).map(page).collect()
}

#[test]
fn libreoffice_reads_the_same_words_in_the_same_order() {
    if !has("pdftotext") {
        return;
    }
    // Of a few rows only: where a table turns the page differs, and its heading is read as often as it does.
    for document in [letter(), statement(6)] {
        let Some(other) = opened(&to_docx(&document)) else {
            return;
        };
        let ours = to_pdf(&document, &FONTS).unwrap();
        let footer = document.footer.clone();
        assert_eq!(words(&other, &footer), words(&ours, &footer));
    }
}

#[test]
fn a_heading_is_repeated_by_libreoffice_too() {
    if !has("pdftotext") {
        return;
    }
    let Some(other) = opened(&to_docx(&statement(60))) else {
        return;
    };
    let pages = pages(&other);
    let with_rows: Vec<String> = pages
        .iter()
        .map(|page| tight(page))
        .filter(|page| page.contains("号话务员"))
        .collect();
    assert!(with_rows.len() > 1);
    assert!(
        with_rows
            .iter()
            .all(|page| page.contains("序号项目说明金额（元）")),
        "{with_rows:?}"
    );
}

#[test]
fn who_signs_signs_below_words_in_both() {
    if !has("pdftotext") {
        return;
    }
    let on_last = |pdf: &[u8]| {
        pages(pdf)
            .last()
            .map(|page| tight(page))
            .unwrap_or_default()
    };
    let ours = on_last(&to_pdf(&letter(), &FONTS).unwrap());
    assert!(ours.starts_with("（一）备勤"), "{ours}");
    if let Some(other) = opened(&to_docx(&letter())) {
        let theirs = on_last(&other);
        assert!(theirs.starts_with("（一）备勤"), "{theirs}");
    }
}

fn is_well_formed(xml: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut deep = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => deep += 1,
            Ok(Event::End(_)) => deep -= 1,
            Ok(Event::Eof) => return deep == 0,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_document(text in any::<String>(), other in "[<>&\"'甲1 \\n\\t]{0,80}") {
        let document = Document {
            letterhead: other.clone(),
            title: text.clone(),
            addressee: other.clone(),
            blocks: vec![
                Block::Heading(1, other.clone()),
                Block::Paragraph(Paragraph { text: text.clone(), ..Paragraph::default() }),
                Block::Fields(vec![(other.clone(), text.clone())]),
            ],
            copies: vec![text.clone()],
            footer: other.clone(),
            watermark: other.clone(),
            ..statement(2)
        };
        for (name, xml) in parts(&to_docx(&document)) {
            prop_assert!(is_well_formed(&xml), "{}: {}", name, xml);
        }
        // It is printed, or the character that is missing is told.
        if let Err(error) = to_pdf(&document, &FONTS) {
            prop_assert_eq!(error.code(), "glyph_missing");
        }
    }
}
