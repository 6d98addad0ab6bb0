//! Whatever stands in a file: it is read without a panic, each error names its cell, and what is taken is what a
//! second reading, by the words of domain C.6 and not by this program, makes of the cells.

use std::collections::{BTreeMap, BTreeSet};

use calendar::SHANGHAI;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use documents::{Cell, Fault, Row, Table};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Interpreted, LONGEST_RAW, Terms, interpret};
use crate::matter::Leaf;
use crate::work_order::columns::{Field, Layout, WordMaps};

const HEADING: [&str; 12] = [
    "工单编号",
    "诉求类型",
    "诉求内容",
    "标题",
    "诉求分类",
    "诉求人",
    "联系电话",
    "紧急程度",
    "转办时间",
    "办理时限",
    "是否保密",
    "附加",
];

/// What a second reading makes of a cell.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    /// Nothing stands there.
    Nothing,
    /// This value, in the form in which it is kept.
    Is(String),
    /// An error with this code.
    Wrong(&'static str),
}

use Meaning::{Is, Nothing, Wrong};

type Meant = (Cell, Option<&'static str>, Meaning);

fn text(text: &str, meaning: Meaning) -> BoxedStrategy<Meant> {
    Just((Cell::Text(text.to_owned()), None, meaning)).boxed()
}

/// A cell that the table itself found at fault.
fn fault(code: &'static str) -> BoxedStrategy<Meant> {
    Just((Cell::Empty, Some(code), Wrong(code))).boxed()
}

fn faults() -> BoxedStrategy<Meant> {
    prop_oneof![
        fault("cell_merged"),
        fault("formula_without_value"),
        fault("text_not_plain"),
        fault("number_rounded"),
    ]
    .boxed()
}

fn blank() -> BoxedStrategy<Meant> {
    prop_oneof![
        Just((Cell::Empty, None, Nothing)),
        Just((Cell::Text(" \u{3000}\n".to_owned()), None, Nothing)),
    ]
    .boxed()
}

/// Words up to `longest` characters, of one line.
fn words(longest: usize) -> BoxedStrategy<Meant> {
    prop_oneof![
        4 => "[一-龥a-z０-９=+@'0-9]([一-龥 ]{0,20}[。！a-z])?".prop_map(|text| (Cell::Text(format!(" {text} ")), None, Is(text))),
        1 => (1..=longest).prop_map(|many| {
            let text = "长".repeat(many);
            (Cell::Text(text.clone()), None, Is(text))
        }),
        1 => (longest + 1..longest + 50).prop_map(|many| (Cell::Text("长".repeat(many)), None, Wrong("text_too_long"))),
        1 => (0u32..1_000_000).prop_map(|n| (Cell::Number(f64::from(n)), None, Is(n.to_string()))),
    ]
    .boxed()
}

fn utc(at: NaiveDateTime) -> String {
    let at = SHANGHAI.from_local_datetime(&at).single().unwrap().to_utc();
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Minutes of 2025, which lie behind, in all the forms that a platform writes.
fn moments() -> BoxedStrategy<Meant> {
    let minute = 0i64..365 * 24 * 60;
    let at = minute.prop_map(|minute| {
        let first = NaiveDate::from_ymd_opt(2025, 1, 1)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        first + chrono::TimeDelta::minutes(minute)
    });
    let good = (at, 0u8..6).prop_map(|(at, form)| {
        let day = at.date().and_hms_opt(0, 0, 0).unwrap();
        let written = |form: &str| Cell::Text(at.format(form).to_string());
        let serial = (at
            - NaiveDate::from_ymd_opt(1899, 12, 30)
                .unwrap()
                .and_hms_opt(0, 0, 0)
                .unwrap())
        .num_minutes();
        #[expect(clippy::cast_precision_loss, reason = "minutes of a century")]
        let (cell, at) = match form {
            0 => (written("%Y-%m-%d %H:%M"), at),
            1 => (written("%Y/%-m/%-d %-H:%M:%S"), at),
            2 => (written("%Y年%-m月%-d日"), day),
            3 => (Cell::Date(at), at),
            4 => (Cell::Number(serial as f64 / 1_440.0), at),
            _ => (written("%Y-%m-%dT%H:%M:%S"), at),
        };
        (cell, None, Is(utc(at)))
    });
    let wrong = Wrong("date_invalid");
    prop_oneof![
        60 => good,
        1 => text("2025-02-30 10:00", wrong.clone()),
        1 => text("２０２５-０１-０１", wrong.clone()),
        1 => text("昨天", wrong.clone()),
        1 => text("25/1/5", wrong.clone()),
        1 => Just((Cell::Flag(true), None, wrong.clone())),
        1 => Just((Cell::Number(-1.0), None, wrong.clone())),
        1 => Just((Cell::Number(f64::NAN), None, wrong)),
    ]
    .boxed()
}

fn phones() -> BoxedStrategy<Meant> {
    prop_oneof![
        6 => (0u64..100_000_000).prop_map(|n| {
            let number = format!("139{n:08}");
            (Cell::Text(number.clone()), None, Is(number))
        }),
        2 => (0u64..100_000_000).prop_map(|n| (Cell::Number((13_900_000_000 + n) as f64), None, Is(format!("139{n:08}")))),
        2 => (0u64..100_000_000).prop_map(|n| {
            let wide = |char: char| char::from_u32(char as u32 - '0' as u32 + '０' as u32).unwrap();
            let number = format!("139{n:08}");
            (Cell::Text(number.chars().map(wide).collect()), None, Is(number))
        }),
        1 => text("匿名", Nothing),
        1 => text("没有电话", Wrong("phone_invalid")),
    ]
    .boxed()
}

/// One row: each cell of [`HEADING`] with what it means.
fn rows() -> BoxedStrategy<Vec<Meant>> {
    let or =
        |usual: BoxedStrategy<Meant>| prop_oneof![12 => usual, 2 => blank(), 1 => faults()].boxed();
    let number = prop_oneof![
        12 => (0u32..40).prop_map(|n| (Cell::Text(format!("GD-{n}")), None, Is(format!("GD-{n}")))),
        1 => (0u32..8).prop_map(|n| (Cell::Number(f64::from(n)), None, Is(n.to_string()))),
        1 => text("GD\n1", Wrong("text_not_plain")),
        1 => Just((Cell::Text("9".repeat(65)), None, Wrong("text_too_long"))),
    ];
    let kind = prop_oneof![
        6 => text("咨询类", Is("consult".to_owned())),
        6 => text("complaint", Is("complaint".to_owned())),
        1 => text("咨文", Wrong("request_type_unknown")),
    ];
    let urgency = prop_oneof![
        6 => text("特急", Is("critical".to_owned())),
        1 => text("不急", Wrong("urgency_unknown")),
    ];
    let secret = prop_oneof![
        3 => text("是", Is("true".to_owned())),
        3 => Just((Cell::Number(0.0), None, Is("false".to_owned()))),
        1 => text("也许", Wrong("flag_invalid")),
    ];
    let category = prop_oneof![
        3 => text("人事考试/缴费与退费", Is("人事考试/缴费与退费".to_owned())),
        1 => text("其它类", Is("其它类".to_owned())),
    ];
    let cells = [
        or(number.boxed()),
        or(kind.boxed()),
        or(words(10_000)),
        or(words(300)),
        or(category.boxed()),
        or(words(64)),
        or(phones()),
        or(urgency.boxed()),
        or(moments()),
        or(moments()),
        or(secret.boxed()),
        words(LONGEST_RAW),
    ];
    cells.to_vec().boxed()
}

fn tables() -> impl Strategy<Value = Vec<Vec<Meant>>> {
    vec(rows(), 1..12)
}

fn table(rows: &[Vec<Meant>]) -> Table {
    let mut table = Table::of_texts([HEADING.map(str::to_owned).to_vec()]).unwrap();
    for (number, cells) in (2..).zip(rows) {
        let faults = (0..).zip(cells).filter_map(|(column, (_, code, _))| {
            code.map(|code| Fault {
                row: number,
                column,
                code,
                detail: String::new(),
            })
        });
        table.faults.extend(faults);
        let cells = cells.iter().map(|(cell, _, _)| cell.clone()).collect();
        table.rows.push(Row { number, cells });
    }
    table
}

fn read(table: &Table) -> Interpreted {
    let mut words = WordMaps::default();
    words
        .request_type
        .insert("咨询类".to_owned(), "consult".to_owned());
    words
        .urgency
        .insert("特急".to_owned(), "critical".to_owned());
    let matters = [Leaf {
        code: "106".to_owned(),
        name: "缴费与退费".to_owned(),
        path: "人事考试缴费与退费".to_owned(),
        section: None,
    }];
    let terms = Terms {
        layout: &Layout::default(),
        words: &words,
        matters: &matters,
        now: "2026-11-23T02:00:00Z".parse().unwrap(),
        limits_from: Some("2022-09-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap()),
    };
    interpret(table, &terms)
}

/// The errors that a second reading finds: row, column, code.
fn wrong(rows: &[Vec<Meant>]) -> BTreeSet<(u32, String, &'static str)> {
    let mut wrong = BTreeSet::new();
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    for (number, cells) in (2..).zip(rows) {
        for (column, (_, _, meaning)) in (0u32..).zip(cells) {
            let needed = column < 3;
            // What stands in a column of no meaning is kept as it is, and cut where it is too long.
            let code = match meaning {
                Wrong(code) if column < 11 => Some(*code),
                Nothing if needed => Some("value_missing"),
                Is(order_no) if column == 0 && !seen.insert(order_no) => Some("order_no_twice"),
                _ => None,
            };
            wrong.extend(code.map(|code| (number, documents::letters(column), code)));
        }
    }
    wrong
}

fn is(meaning: &Meaning) -> Option<String> {
    match meaning {
        Is(text) => Some(text.clone()),
        Nothing | Wrong(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_taken_is_what_a_second_reading_makes_of_it(rows in tables()) {
        let told = read(&table(&rows));
        let found: BTreeSet<(u32, String, &str)> = told
            .errors
            .iter()
            .map(|error| (error.row, error.column.clone().unwrap_or_default(), error.code))
            .collect();
        let expected = wrong(&rows);
        prop_assert_eq!(&found, &expected);
        let bad: BTreeSet<u32> = expected.iter().map(|(row, _, _)| *row).collect();
        let taken: Vec<u32> = told.orders.iter().map(|order| order.row).collect();
        let good: Vec<u32> = (2..).take(rows.len()).filter(|row| !bad.contains(row)).collect();
        prop_assert_eq!(taken, good);
        for order in &told.orders {
            let cells = &rows[order.row as usize - 2];
            let meant: Vec<Option<String>> = cells.iter().map(|(_, _, meaning)| is(meaning)).collect();
            prop_assert_eq!(Some(&order.order_no), meant[0].as_ref());
            prop_assert_eq!(Some(order.request_type.as_str()), meant[1].as_deref());
            prop_assert_eq!(Some(&order.content), meant[2].as_ref());
            let headline = order.content.chars().take(40).collect::<String>().trim().to_owned();
            let title = meant[3].clone().unwrap_or(headline);
            prop_assert_eq!(order.title.trim(), title.as_str());
            let code = meant[4].as_deref().filter(|text| text.contains("缴费")).map(|_| "106");
            prop_assert_eq!(order.matter.as_ref().map(|leaf| leaf.code.as_str()), code);
            prop_assert_eq!(order.name.as_ref(), meant[5].as_ref());
            prop_assert_eq!(order.phone.as_ref(), meant[6].as_ref());
            prop_assert_eq!(order.priority.as_str(), meant[7].as_deref().unwrap_or("normal"));
            prop_assert_eq!(order.confidential, meant[10].as_deref() == Some("true"));
            let kept: BTreeMap<Field, String> = [
                (Field::Matter, &meant[4]),
                (Field::DispatchedAt, &meant[8]),
                (Field::DueAt, &meant[9]),
                (Field::Confidential, &meant[10]),
            ]
            .into_iter()
            .filter_map(|(field, value)| Some((field, value.clone()?)))
            .collect();
            prop_assert_eq!(&order.values, &kept);
            let raw: String = cells[11].0.text().chars().take(LONGEST_RAW).collect();
            prop_assert_eq!(order.raw.get("附加"), Some(&raw));
        }
    }

    /// Not even the heading is where it should be.
    #[test]
    fn no_cells_make_it_panic_and_each_error_names_its_row_and_column(
        heading in vec(prop_oneof![
            (0usize..12).prop_map(|at| Cell::Text(HEADING[at].to_owned())),
            Just(Cell::Empty), ".{0,8}".prop_map(Cell::Text),
        ], 0..14),
        below in vec(vec(prop_oneof![
            Just(Cell::Empty),
            any::<String>().prop_map(Cell::Text),
            any::<f64>().prop_map(Cell::Number),
            any::<bool>().prop_map(Cell::Flag),
            (0i64..4_000_000_000).prop_map(|at| Cell::Date(DateTime::from_timestamp(at, 0).unwrap().naive_utc())),
            (1usize..40_000).prop_map(|many| Cell::Text("字".repeat(many))),
        ], 0..14), 0..8),
    ) {
        let mut table = Table::default();
        let all = std::iter::once(heading).chain(below);
        table.rows = (1..).zip(all).map(|(number, cells)| Row { number, cells }).collect();
        let told = read(&table);
        let width = table.rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
        let columns: Vec<String> = (0..width as u32).map(documents::letters).collect();
        for error in &told.errors {
            prop_assert!((1..=table.rows.len() as u32).contains(&error.row));
            let whole = matches!(error.code, "heading_missing" | "column_missing");
            prop_assert!(whole || error.column.as_ref().is_some_and(|column| columns.contains(column)), "{:?}", error);
        }
        let bad: BTreeSet<u32> = told.errors.iter().map(|error| error.row).collect();
        prop_assert!(told.orders.iter().all(|order| !bad.contains(&order.row)));
        prop_assert!(told.rows >= told.orders.len());
    }
}
