//! Letters and statements printed, and read again by the tools of others.

mod attack;
mod letter;
mod pictures;
mod table;
mod word;

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use documents::paper::{
    Align, Block, Closing, Column, Document, Fonts, Manner, Paragraph, Signature, Table,
};

static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::of_machine(None).unwrap());

/// Names with characters that fonts tend to lack.
const NAMES: &str = "陈䶮、王㛃、李㑇、𠮷野";

/// A letter with everything a letter has.
fn letter() -> Document {
    let body = "根据《考试咨询热线服务合同》第八条，现将国庆节期间的服务时间函告如下：10月1日至3日9:00至17:00，10月4日起恢复每日8:30至20:00；\
                接听人员为陈䶮、王㛃、李㑇、𠮷野四人，联系电话0571-88888888。请贵方于9月25日前书面确认，逾期未复视为同意。";
    Document {
        letterhead: "浙江某某信息服务有限公司".to_owned(),
        number: "某某函〔2026〕17号".to_owned(),
        title: "关于国庆节期间热线服务时间安排的函".to_owned(),
        addressee: "省教育考试院".to_owned(),
        blocks: vec![
            Block::text(body),
            Block::Heading(1, "一、人员安排".to_owned()),
            Block::text("每班不少于四人，其中一人为班长。".repeat(9)),
            Block::Heading(2, "（一）备勤".to_owned()),
            Block::text("专此函达，请予支持。"),
        ],
        attachments: vec!["国庆节期间排班表".to_owned(), "备勤人员名单".to_owned()],
        closing: Some(Closing {
            signers: vec!["浙江某某信息服务有限公司".to_owned()],
            date: "2026年9月21日".to_owned(),
        }),
        copies: vec!["省教育考试院财务处".to_owned(), "监理单位".to_owned()],
        ..Document::default()
    }
}

/// A statement of this many rows with its total and places to sign.
fn statement(rows: usize) -> Document {
    let row = |number: usize| {
        vec![
            format!("{number:03}号"),
            format!(
                "话务员{NAMES}第{number:03}人的座席服务，{}",
                "按实际出勤结算".repeat(number % 4)
            ),
            format!("{}.00", number * 100),
        ]
    };
    Document {
        manner: Manner::Report,
        title: "2026年9月座席服务费结算表".to_owned(),
        blocks: vec![
            Block::Fields(vec![
                ("合同编号".to_owned(), "HT-2026-01".to_owned()),
                ("结算期间".to_owned(), "2026年9月".to_owned()),
                ("采购人".to_owned(), "省教育考试院".to_owned()),
            ]),
            Block::Table(Table {
                caption: "明细".to_owned(),
                columns: vec![
                    Column::new("序号", 2, Align::Centre),
                    Column::new("项目说明", 9, Align::Left),
                    Column::new("金额（元）", 3, Align::Right),
                ],
                rows: (1..=rows).map(row).collect(),
                total: Some(vec![
                    "合计".to_owned(),
                    String::new(),
                    "82,000.00".to_owned(),
                ]),
                ..Table::default()
            }),
            Block::Paragraph(Paragraph {
                text: "以上金额经双方核对无误。".to_owned(),
                indent: 2,
                bold: true,
                ..Paragraph::default()
            }),
        ],
        signatures: ["采购人", "供应商"]
            .map(|party| Signature {
                party: party.to_owned(),
                seal: true,
                lines: vec!["代表（签字）".to_owned(), "日期".to_owned()],
            })
            .to_vec(),
        footer: "SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
            .to_owned(),
        ..Document::default()
    }
}

/// Whether a tool is there; says so where it is not, and the test ends there.
fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    if !there {
        println!("skipped: {tool} is missing (scripts/packages)");
    }
    there
}

/// A folder of its own with these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// The pages of a PDF as text.
fn pages(pdf: &[u8]) -> Vec<String> {
    let folder = folder(&[("a.pdf", pdf)]);
    let read = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8", "a.pdf", "a.txt"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(read.status.success() && read.stderr.is_empty(), "{read:?}");
    let text = std::fs::read_to_string(folder.path().join("a.txt")).unwrap();
    text.split('\u{c}')
        .map(str::to_owned)
        .filter(|page| !page.is_empty())
        .collect()
}

/// A text without what only sets it apart.
fn tight(text: &str) -> String {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

/// Where pictures of pages are left to be looked at.
fn looked_at() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("paper");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
