//! Text is text (peers.md §5.2 no. 22): a renderer that reads local files or fetches from the net has been used to steal.

use documents::paper::{Block, Chart, Document, to_docx, to_pdf};

use super::word::{opened, parts};
use super::{FONTS, has, pages, statement, tight};

const TRIES: [&str; 9] = [
    r#"#import "/etc/passwd": *"#,
    r#"#read("/etc/passwd") #include "file:///etc/passwd""#,
    r#"<img src="http://127.0.0.1:9/x.png"><link rel=stylesheet href=file:///etc/passwd>"#,
    r#"<!DOCTYPE a [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><a>&xxe;</a>"#,
    r#"</w:t></w:r><w:r><w:instrText>INCLUDETEXT "/etc/passwd"</w:instrText></w:r>"#,
    r#"{ INCLUDEPICTURE "http://127.0.0.1:9/x" \d } DDEAUTO c:\\windows\\system32\\cmd.exe"#,
    r"php://filter/convert.base64-encode/resource=/etc/passwd",
    r"(\) Tj ET /URI (http://127.0.0.1:9) /S /JavaScript /JS (app.alert(1)) endstream endobj",
    r#"\input{/etc/passwd} @import url(file:///etc/passwd); =HYPERLINK("http://127.0.0.1:9")"#,
];

/// What in a PDF acts, points outside or carries a file.
const ACTING: [&str; 12] = [
    "URI",
    "JavaScript",
    "JS",
    "Launch",
    "EmbeddedFile",
    "OpenAction",
    "AA",
    "Annots",
    "GoTo",
    "GoToR",
    "AcroForm",
    "Action",
];

fn attacked() -> Document {
    let mut document = statement(1);
    document.letterhead = TRIES[4].to_owned();
    document.number = TRIES[3].to_owned();
    document.title = TRIES[7].to_owned();
    document.addressee = TRIES[2].to_owned();
    document.blocks.extend(TRIES.map(Block::text));
    document.blocks.push(Block::Heading(1, TRIES[4].to_owned()));
    let pair = |text: &str| (text.to_owned(), text.to_owned());
    document
        .blocks
        .push(Block::Fields(TRIES.map(pair).to_vec()));
    document.blocks.push(Block::Chart(Chart {
        caption: TRIES[2].to_owned(),
        unit: TRIES[3].to_owned(),
        labels: TRIES.map(str::to_owned).to_vec(),
        series: vec![(TRIES[4].to_owned(), vec![Some(1.0); TRIES.len()])],
        ..Chart::default()
    }));
    document.attachments = TRIES.map(str::to_owned).to_vec();
    document.copies = TRIES.map(str::to_owned).to_vec();
    document.footer = TRIES[4].to_owned();
    document.watermark = TRIES[4].to_owned();
    document
}

fn has_words(text: &str, known: &str) {
    for tried in TRIES {
        assert!(
            text.contains(&tight(tried)),
            "{tried} is not printed as words {known}"
        );
    }
    assert!(
        !text.contains("root:x:0"),
        "a file of the machine was read {known}"
    );
}

#[test]
fn a_pdf_has_no_action_and_shows_markup_as_words() {
    let pdf = to_pdf(&attacked(), &FONTS).unwrap();
    let objects = String::from_utf8_lossy(&pdf);
    let title = objects.find("/Title").unwrap();
    let (before, after) = objects.split_at(title);
    // The title stands in the one text that is not packed, in brackets.
    let after = &after[after.find("/Producer").unwrap()..];
    // Streams are packed, and say nothing to a reader that looks for objects.
    let before: String = before
        .split("endstream")
        .filter_map(|part| part.split("stream").next())
        .collect();
    for part in [before.as_str(), after] {
        // A name ends where no letter follows; cut fonts are called `/AAAAAA+…`.
        let names = part.split('/').skip(1).map(|rest| {
            let end = rest.find(|char: char| !char.is_ascii_alphanumeric());
            &rest[..end.unwrap_or(rest.len())]
        });
        for name in names {
            assert!(!ACTING.contains(&name), "{name}");
        }
    }
    if has("pdftotext") {
        // What a line or page breaks is put together; the plain watermark would stand between.
        let plain = Document {
            watermark: String::new(),
            footer: String::new(),
            ..attacked()
        };
        let count = |pages: &[String]| pages.len();
        let read = pages(&to_pdf(&plain, &FONTS).unwrap());
        let all = count(&read);
        let text: String = (1..)
            .zip(&read)
            .map(|(number, page)| tight(page).replace(&format!("第{number}页共{all}页"), ""))
            .collect();
        has_words(&text, "in the PDF");
        assert!(pages(&pdf).len() >= all);
    }
}

#[test]
fn a_docx_leads_nowhere_and_has_no_field_but_page_numbers() {
    let docx = to_docx(&attacked());
    for (name, xml) in parts(&docx) {
        assert!(!xml.contains("TargetMode"), "{name}");
        assert!(
            !xml.contains("<!DOCTYPE") && !xml.contains("<!ENTITY"),
            "{name}"
        );
        assert!(
            !xml.contains("w:fldSimple") && !xml.contains("w:hyperlink"),
            "{name}"
        );
        let fields: Vec<&str> = xml
            .split("<w:instrText xml:space=\"preserve\">")
            .skip(1)
            .filter_map(|rest| rest.split('<').next())
            .collect();
        if name == "word/footer1.xml" {
            assert_eq!(fields, [" PAGE ", " NUMPAGES "]);
        } else {
            assert_eq!(fields, [""; 0], "{name}");
        }
        assert_eq!(xml.matches("<w:instrText").count(), fields.len(), "{name}");
        for target in xml.split("Target=\"").skip(1) {
            let target = target.split('"').next().unwrap_or_default();
            assert!(
                !target.contains(':') && !target.starts_with('/') && !target.contains(".."),
                "{target}"
            );
        }
    }
    let plain = Document {
        watermark: String::new(),
        footer: String::new(),
        ..attacked()
    };
    if has("pdftotext")
        && let Some(pdf) = opened(&to_docx(&plain))
    {
        let read = pages(&pdf);
        let all = read.len();
        let text: String = (1..)
            .zip(&read)
            .map(|(number, page)| tight(page).replace(&format!("第{number}页共{all}页"), ""))
            .collect();
        has_words(&text, "by LibreOffice");
    }
}
