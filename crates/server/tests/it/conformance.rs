//! docs/conformance.md tells the truth.

use std::collections::BTreeSet;
use std::path::Path;

const LIST: &str = include_str!("../../../../docs/conformance.md");

fn rows() -> Vec<Vec<&'static str>> {
    LIST.lines()
        .filter(|line| line.starts_with("| A-"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn every_clause_is_listed_once() {
    let listed: Vec<String> = rows().iter().map(|row| row[0].to_owned()).collect();
    let expected: Vec<String> = (1..=69).map(|number| format!("A-{number:02}")).collect();
    assert_eq!(listed, expected);
}

#[test]
fn every_test_named_exists_and_every_scenario_is_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let named: BTreeSet<String> = rows()
        .iter()
        .flat_map(|row| row[3].split(','))
        .map(|test| test.trim().trim_matches('`').to_owned())
        .filter(|test| test != "–")
        .collect();
    for test in &named {
        assert!(
            folder.join(test).is_file(),
            "docs/conformance.md names {test}, which does not exist"
        );
    }
    for entry in std::fs::read_dir(folder.join("clauses")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "mod.rs" {
            assert!(
                named.contains(&format!("clauses/{name}")),
                "{name} is not in docs/conformance.md"
            );
        }
    }
}

#[test]
fn what_has_no_test_is_not_claimed() {
    for row in rows() {
        assert_eq!(row[3] == "–", row[2] == "not yet", "{}: {}", row[0], row[2]);
    }
}

#[test]
fn the_clauses_that_the_console_shows_are_the_listed_ones() {
    let shown = include_str!("../../src/contract/clauses.rs");
    for row in rows() {
        for word in [row[0], row[1]] {
            assert!(
                shown.contains(&format!("\"{word}\"")),
                "{word} is not shown"
            );
        }
    }
}
