//! The edges between our crates are those of docs/architecture.md.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const PAGE: &str = include_str!("../../../../docs/architecture.md");

type Edges = BTreeMap<String, Vec<String>>;

fn documented() -> Edges {
    PAGE.lines()
        .filter_map(|line| line.split_once(" -> "))
        .map(|(from, to)| {
            let mut to: Vec<String> = to.split(',').map(|name| name.trim().to_owned()).collect();
            to.sort();
            (from.trim().to_owned(), to)
        })
        .collect()
}

fn real() -> Edges {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    packages
        .iter()
        .map(|package| {
            let mut to: Vec<String> = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["name"].as_str())
                .filter(|name| ours.contains(name))
                .map(str::to_owned)
                .collect();
            to.sort();
            (package["name"].as_str().unwrap().to_owned(), to)
        })
        .filter(|(name, to)| !to.is_empty() && name != "benches")
        .collect()
}

#[test]
fn the_crates_depend_on_each_other_as_documented() {
    assert_eq!(documented(), real());
}

/// `A-14, A-15`, `A-16 … A-18`: the numbers of the clauses that a row of the table speaks of.
fn clauses(cell: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut from = None;
    for word in cell.split([' ', ',']) {
        let number = word
            .strip_prefix("A-")
            .and_then(|number| number.parse().ok());
        match (number, from) {
            (Some(number), Some(from)) => found.extend(from..=number),
            (Some(number), None) => found.extend([number]),
            (None, _) => {}
        }
        from = (word == "…").then(|| found.last().copied()).flatten();
    }
    found
}

#[test]
fn every_clause_has_a_crate_that_answers_for_it() {
    let (_, table) = PAGE.split_once("## Where a clause lives").unwrap();
    let rows = table
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| A-"));
    let placed: BTreeSet<u32> = rows
        .flat_map(|row| clauses(&format!("A-{}", row.split('|').next().unwrap())))
        .collect();
    assert_eq!(placed, (1..=69).collect());
}
