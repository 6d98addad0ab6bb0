//! Pictures in documents, and pictures of documents to be looked at.

use std::process::Command;

use documents::paper::{Block, Chart, ChartKind, Document, Picture, to_docx, to_pdf};

use super::word::opened;
use super::{FONTS, folder, has, letter, looked_at, pages, statement, tight};

/// A chart of three bars, half see-through.
fn png() -> Vec<u8> {
    let (width, height) = (60, 30);
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let bar = x / 20;
            let filled = x % 20 < 15 && y > 25 - bar * 10;
            data.extend(if filled {
                [200, 0, 0, 255]
            } else {
                [0, 0, 0, 0]
            });
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    bytes
}

fn chart(kind: ChartKind) -> Chart {
    let calls = [120.0, 95.5, 143.0, 88.0, 20.0];
    Chart {
        caption: "图2 九月来电与接通".to_owned(),
        kind,
        unit: "通".to_owned(),
        labels: [
            "考试报名",
            "准考证打印",
            "成绩查询与复核申请",
            "职称评审",
            "其他",
        ]
        .map(str::to_owned)
        .to_vec(),
        series: vec![
            ("来电".to_owned(), calls.map(Some).to_vec()),
            (
                "接通".to_owned(),
                vec![Some(110.0), Some(90.0), None, Some(f64::NAN), Some(18.0)],
            ),
        ],
        target: Some(("目标 160 通".to_owned(), 160.0)),
    }
}

#[test]
fn a_chart_says_its_names_and_values() {
    for kind in [ChartKind::Bars, ChartKind::Lines] {
        let document = Document {
            blocks: vec![Block::Chart(chart(kind)), Block::Chart(Chart::default())],
            ..Document::default()
        };
        let pdf = to_pdf(&document, &FONTS).unwrap();
        let docx = to_docx(&document);
        if !has("pdftotext") {
            return;
        }
        let text = tight(&pages(&pdf)[0]);
        for word in [
            "来电",
            "接通",
            "准考证打印",
            "职称评审",
            "图2九月来电与接通",
            "150",
            "目标160通",
        ] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
        assert_eq!(text.contains("95.5"), kind == ChartKind::Bars);
        if let Some(other) = opened(&docx) {
            let text = tight(&pages(&other)[0]);
            for word in ["来电", "职称评审", "目标160通"] {
                assert!(text.contains(word), "{word} is not in {text}");
            }
        }
    }
}

/// The pages of a PDF as grey points, 100 to the inch.
fn drawn(pdf: &[u8]) -> Vec<(usize, usize, Vec<u8>)> {
    let folder = folder(&[("a.pdf", pdf)]);
    let made = Command::new("pdftoppm")
        .args(["-r", "100", "-gray", "a.pdf", "p"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success() && made.stderr.is_empty(), "{made:?}");
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "pgm"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            // P5, width and height, 255: three lines.
            let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
            let size = String::from_utf8(lines.nth(1).unwrap().to_vec()).unwrap();
            let size: Vec<usize> = size
                .split(' ')
                .map(|number| number.parse().unwrap())
                .collect();
            (size[0], size[1], lines.nth(1).unwrap().to_vec())
        })
        .collect()
}

#[test]
fn a_picture_stands_in_both_kinds_of_file() {
    let picture = Picture::png(png(), 80, "图1 九月接通率").unwrap();
    let document = Document {
        blocks: vec![Block::text("见下图。"), Block::Picture(picture)],
        ..Document::default()
    };
    let pdf = to_pdf(&document, &FONTS).unwrap();
    let docx = to_docx(&document);
    if !has("pdftoppm") {
        return;
    }
    let dark = |pdf: &[u8]| {
        let (_, _, points) = &drawn(pdf)[0];
        // Red is dark grey.
        points
            .iter()
            .filter(|point| (50..70).contains(*point))
            .count()
    };
    assert!(dark(&pdf) > 5_000, "{}", dark(&pdf));
    if let Some(other) = opened(&docx) {
        let (ours, theirs) = (dark(&pdf) as f64, dark(&other) as f64);
        assert!((ours / theirs - 1.0).abs() < 0.1, "{ours} and {theirs}");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    assert!(Picture::png(b"GIF89a".to_vec(), 80, "").is_err());
    let mut torn = png();
    torn.truncate(60);
    assert!(Picture::png(torn, 80, "").is_err());
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>";
    assert!(Picture::png(svg.to_vec(), 80, "").is_err());
}

#[test]
fn no_ink_stands_in_the_margin() {
    if !has("pdftoppm") {
        return;
    }
    for document in [letter(), statement(45)] {
        for (width, _, points) in drawn(&to_pdf(&document, &FONTS).unwrap()) {
            // 20 mm are 78 points.
            let ink = |(at, point): (usize, &u8)| {
                let x = at % width;
                *point < 128 && (x < 78 || x > width - 78)
            };
            assert!(!points.iter().enumerate().any(ink));
        }
    }
}

/// Leaves pages to be looked at: `cargo test -p documents --test it look -- --ignored --nocapture`.
#[test]
#[ignore = "for the eye"]
fn look() {
    let folder = looked_at();
    let mut marked = statement(40);
    marked.watermark = "张三 0571 2026-09-30".to_owned();
    let picture = Picture::png(png(), 80, "图1 九月接通率").unwrap();
    marked.blocks.push(Block::Picture(picture));
    marked.blocks.push(Block::Chart(chart(ChartKind::Bars)));
    marked.blocks.push(Block::Chart(chart(ChartKind::Lines)));
    let mut wide = statement(12);
    wide.landscape = true;
    for (name, document) in [("letter", letter()), ("statement", marked), ("wide", wide)] {
        std::fs::write(
            folder.join(format!("{name}.pdf")),
            to_pdf(&document, &FONTS).unwrap(),
        )
        .unwrap();
        let docx = to_docx(&document);
        std::fs::write(folder.join(format!("{name}.docx")), &docx).unwrap();
        if let Some(pdf) = opened(&docx) {
            std::fs::write(folder.join(format!("{name}-libreoffice.pdf")), pdf).unwrap();
        }
    }
    println!("{}", folder.display());
}
