//! The files of a report: the same numbers as the screen, in all three.

use std::io::{Cursor, Read as _, Write as _};
use std::process::{Command, Stdio};

use axum::http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::world::{MONTHLY, World, on_both_at};

/// The words of a PDF, without the space between them.
fn words(pdf: &[u8]) -> String {
    let mut reader = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(pdf).unwrap();
    let text = reader.wait_with_output().unwrap().stdout;
    tight(&String::from_utf8(text).unwrap())
}

fn tight(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The words of a part of an office file, without its marks.
fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut xml = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut xml)
        .unwrap();
    let mut text = String::new();
    let mut within = false;
    for char in xml.chars() {
        match char {
            '<' => within = true,
            '>' => within = false,
            _ if !within => text.push(char),
            _ => {}
        }
    }
    tight(&text.replace("&amp;", "&"))
}

/// Every number that the screen shows of the report's indicators and tables.
fn numbers(report: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for block in report["content"]["blocks"].as_array().unwrap() {
        for row in block["rows"].as_array().into_iter().flatten() {
            for key in ["shown", "counted", "target_shown"] {
                match &row[key] {
                    Value::String(text) => all.push(tight(text)),
                    Value::Array(texts) => {
                        all.extend(texts.iter().map(|text| tight(text.as_str().unwrap())));
                    }
                    _ => {}
                }
            }
        }
    }
    all
}

async fn file(world: &World, who: &str, report: &str, format: &str) -> Vec<u8> {
    world
        .file(&world.who(who), &format!("{report}/files/{format}"))
        .await
        .1
        .to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_files_have_the_numbers_of_the_screen() {
    on_both_at("2026-12-01T02:00:00Z", async |world| {
        for (at, code) in [
            "k01", "k02", "k03", "k04", "k18", "k19", "k20", "k23", "k28",
        ]
        .iter()
        .enumerate()
        {
            world.figures.say(code, 9_001 + 37 * at as i64, 10_000);
        }
        world.figures.say("k22", 0, 0);
        world.figures.say("k17", 14_700, 1);
        let (report, out) = world.released(MONTHLY, "2026-11-15").await;
        let shown = numbers(&out);
        assert!(
            shown.len() > 40
                && shown.contains(&"90.01%".to_owned())
                && shown.contains(&"4小时05分".to_owned()),
            "{shown:?}"
        );
        let (pdf, docx, xlsx) = (
            file(&world, "reviewer", &report, "pdf").await,
            file(&world, "reviewer", &report, "docx").await,
            file(&world, "reviewer", &report, "xlsx").await,
        );
        // Left to be looked at.
        for (name, bytes) in [
            ("report.pdf", &pdf),
            ("report.docx", &docx),
            ("report.xlsx", &xlsx),
        ] {
            std::fs::write(format!("{}/{name}", env!("CARGO_TARGET_TMPDIR")), bytes).unwrap();
        }
        let texts = [words(&pdf), part(&docx, "word/document.xml")];
        for text in &texts {
            for number in &shown {
                assert!(text.contains(number), "{number} is not in {text}");
            }
            for word in [
                "2026年11月热线运营月报",
                "计算公式：分子÷分母",
                "准考证打印",
                "采购人（盖章）",
                "HT-2026-001",
            ] {
                assert!(text.contains(word), "{word} is not in {text}");
            }
        }
        assert!(
            texts[0].contains(out["sha256"].as_str().unwrap()),
            "each page has the digest"
        );
        assert!(texts[0].contains("目标≥90.00%"), "a chart has its target");
        assert!(part(&docx, "word/charts/chart1.xml").contains("目标≥90.00%"));

        // The workbook has them as numbers, and as they are read.
        let table = documents::read(&xlsx).unwrap();
        assert_eq!(table.sheet, "报告");
        let strings = part(&xlsx, "xl/sharedStrings.xml");
        for kpi in out["content"]["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|block| block["kind"] == "kpis")
        {
            for row in kpi["rows"].as_array().unwrap() {
                let read = tight(row["shown"].as_str().unwrap());
                assert!(strings.contains(&read), "{read}");
            }
        }
        let indicators = part(&xlsx, "xl/worksheets/sheet2.xml");
        assert!(indicators.contains("90.01"), "{indicators}");

        // What leaves is what was frozen, and stands in the log.
        let frozen = out["files"].as_array().unwrap();
        for (format, bytes) in [("pdf", &pdf), ("docx", &docx), ("xlsx", &xlsx)] {
            let kept = frozen.iter().find(|one| one["format"] == format).unwrap();
            assert_eq!(kept["sha256"], json!(hex::encode(Sha256::digest(bytes))));
        }
        assert_eq!(
            organization::export::access::kind_of("report.exported"),
            Some(organization::export::access::AccessKind::Export)
        );
        let (status, _) = world
            .tries(
                "agent1",
                Method::GET,
                &format!("{report}/files/pdf"),
                json!({}),
            )
            .await;
        assert_eq!(status, 403);
        let (status, _) = world
            .tries(
                "reviewer",
                Method::GET,
                &format!("{report}/files/exe"),
                json!({}),
            )
            .await;
        assert_eq!(status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_says_on_each_page_that_it_is_not_released() {
    on_both_at("2026-12-01T02:00:00Z", async |world| {
        let report = world.drafted(MONTHLY, "2026-11-15").await;
        let text = words(&file(&world, "analyst", &report, "pdf").await);
        assert!(
            text.contains("未发布，数据以发布版为准") && text.contains("未发布DC-"),
            "{text}"
        );
        let (status, _) = world
            .tries(
                "reviewer",
                Method::GET,
                &format!("{report}/files/pdf"),
                json!({}),
            )
            .await;
        assert_eq!(status, 404, "the purchaser waits for the release");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_of_a_correction_lists_what_changed() {
    on_both_at("2026-12-01T02:00:00Z", async |world| {
        world.figures.say("k02", 8_700, 10_000);
        let (first, _) = world.released(MONTHLY, "2026-11-15").await;
        world.figures.say("k02", 8_650, 10_000);
        let second = world
            .post(
                "analyst",
                &format!("{first}/correct"),
                json!({"reason": "漏计转接来电"}),
            )
            .await;
        let at = format!("/api/v1/reports/{}", second["id"].as_str().unwrap());
        world.out(&at).await;
        let pdf = file(&world, "purchaser", &at, "pdf").await;
        std::fs::write(
            format!("{}/correction.pdf", env!("CARGO_TARGET_TMPDIR")),
            &pdf,
        )
        .unwrap();
        let text = words(&pdf);
        let said = text.find("更正说明").unwrap();
        assert!(said < text.find("一、总体情况").unwrap());
        for word in [
            "第2版，更正",
            "漏计转接来电",
            "指标02报告期合计87.00%86.50%",
        ] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    })
    .await;
}
