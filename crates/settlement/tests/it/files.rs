//! A statement as a workbook and as the paper that is frozen: the same numbers as the screen.

use std::io::Write as _;
use std::process::{Command, Stdio};

use axum::http::header;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::story::{confirmed, contract, on, sheet, signed, submitted};
use crate::world::on_both_at;

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
    let text = String::from_utf8(text).unwrap();
    text.split_whitespace().collect()
}

fn yuan(fen: &Value) -> f64 {
    fen.as_i64().unwrap() as f64 / 100.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_workbook_has_the_numbers_of_the_screen() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, [first, _]) = contract(&world).await;
        let manager = world.who("manager");
        let early = world
            .ask(
                &manager,
                axum::http::Method::GET,
                &format!("{first}/export"),
                None,
            )
            .await;
        assert_eq!(early.json["code"], "statement_not_drawn");
        signed(
            &world,
            sheet("2026-01-01", "2026-06-30", |seat, day| {
                seat == 3 && day == on("2026-06-08")
            }),
        )
        .await;
        let shown = submitted(&world, &first).await;
        let (headers, bytes) = world
            .file(&world.who("reviewer"), &format!("{first}/export"))
            .await;
        let name = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(
            name.contains(&format!("{}.xlsx", shown["number"].as_str().unwrap())),
            "{name}"
        );
        let table = documents::read(&bytes).unwrap();
        assert_eq!(table.sheet, "明细");
        let heading: Vec<String> = table.rows[0]
            .cells
            .iter()
            .map(documents::Cell::text)
            .collect();
        assert_eq!(heading, settlement::statement::sheet::LINES);
        let number = |row: usize, column: usize| match &table.rows[row].cells[column] {
            documents::Cell::Number(number) => *number,
            other => panic!("row {row} column {column}: {other:?}"),
        };
        let same = |is: f64, should: f64| assert!((is - should).abs() < 1e-6, "{is}, not {should}");
        let lines = shown["lines"].as_array().unwrap();
        assert_eq!(table.rows.len(), 1 + lines.len() + 1);
        let mut sum = 0.0;
        for (row, line) in (1..).zip(lines) {
            same(number(row, 3), line["seat"].as_f64().unwrap());
            same(number(row, 4), line["of_halves"].as_f64().unwrap() / 2.0);
            assert_eq!(
                number(row, 5).to_string(),
                line["days_present"].as_str().unwrap()
            );
            same(number(row, 7), yuan(&line["price_fen"]));
            same(number(row, 8), yuan(&line["amount_fen"]));
            sum += number(row, 8);
        }
        let total = number(lines.len() + 1, 8);
        assert_eq!(
            (total, (sum * 100.0).round() as i64),
            (
                yuan(&shown["total_fen"]),
                shown["total_fen"].as_i64().unwrap()
            )
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_paper_of_a_submission_and_of_a_confirmation_are_frozen() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, [first, _]) = contract(&world).await;
        signed(
            &world,
            sheet("2026-01-01", "2026-06-30", |seat, day| {
                seat == 3 && day == on("2026-06-08")
            }),
        )
        .await;
        let reviewer = world.who("reviewer");
        let pdf = format!("{first}/pdf");
        world
            .step("manager", &first, "prepare", json!({"action": "draw"}))
            .await;
        let early = world
            .ask(&reviewer, axum::http::Method::GET, &pdf, None)
            .await;
        assert_eq!(early.json["code"], "statement_not_frozen");
        let frozen = confirmed(
            &world,
            &first,
            json!([{"month": 1, "seat": 1, "said": "核对"}]),
        )
        .await;
        let (_, bytes) = world.file(&reviewer, &pdf).await;
        // Left to be looked at.
        std::fs::write(
            concat!(env!("CARGO_TARGET_TMPDIR"), "/statement.pdf"),
            &bytes,
        )
        .unwrap();
        let text = words(&bytes);
        let money = |fen: i64| {
            let (yuan, cents) = (fen / 100, fen % 100);
            format!("{},{:03}.{cents:02}", yuan / 1_000, yuan % 1_000)
        };
        let total = frozen["total_fen"].as_i64().unwrap();
        // 34 full lines and seat 3 of June with 20 of 21 days; one line is set aside.
        assert_eq!(total, 34 * 833_333 + 793_650);
        for expected in [
            "费用结算表",
            frozen["number"].as_str().unwrap(),
            frozen["sha256"].as_str().unwrap(),
            frozen["capital"].as_str().unwrap(),
            &money(total),
            &money(793_650),
            "按工作日折算8,333.33×20天÷21天",
            "有异议，未确认",
            "到岗计1天",
            "服务商",
            "采购人",
            "代表（签字）",
            frozen["basis"]["attendance_sha256"].as_str().unwrap(),
            frozen["basis"]["calendar_sha256"].as_str().unwrap(),
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }

        // Whoever asks later gets the same bytes, whose digest the screen shows.
        world.app.clock.advance(std::time::Duration::from_hours(48));
        let invoice =
            json!({"number": "1", "tax_bp": 600, "amount_fen": total, "issued_on": "2026-07-01"});
        world.step("manager", &first, "invoice", invoice).await;
        let (_, again) = world.file(&world.who("hr"), &pdf).await;
        assert_eq!(again, bytes);
        let papers = world.read("reviewer", &first).await["papers"].clone();
        let confirmed = papers
            .as_array()
            .unwrap()
            .iter()
            .find(|paper| paper["stage"] == "confirmed")
            .unwrap();
        assert_eq!(
            (&confirmed["sha256"], &confirmed["total_fen"]),
            (&json!(hex::encode(Sha256::digest(&bytes))), &json!(total))
        );
        // Both looks at it stand in the log of what was taken out.
        assert_eq!(
            organization::export::access::kind_of("statement.paper_exported"),
            Some(organization::export::access::AccessKind::Export)
        );
        let agent = world
            .ask(&world.who("agent1"), axum::http::Method::GET, &pdf, None)
            .await;
        assert_eq!(agent.status, 403);
    })
    .await;
}
