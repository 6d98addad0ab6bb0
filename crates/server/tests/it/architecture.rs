//! The edges between our crates are those of docs/architecture.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
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

/// The names under which a file's types stand in the API document.
fn api_types(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut sent, mut named) = (false, None);
    for line in source.lines().map(str::trim) {
        sent |= line.starts_with("#[derive") && line.contains("ToSchema");
        if let Some((_, name)) = line.split_once("schema(as = ") {
            named = Some(name.trim_end_matches([')', ']']).to_owned());
        }
        let mut words = line
            .split_whitespace()
            .skip_while(|word| word.starts_with("pub"));
        if let (Some("struct" | "enum"), Some(name)) = (words.next(), words.next()) {
            let name = name
                .split(['<', '(', ';'])
                .next()
                .unwrap_or(name)
                .to_owned();
            let known = named.take().unwrap_or(name);
            if std::mem::take(&mut sent) {
                names.push(known);
            }
        }
    }
    names
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Of two types of one name the API document has one, and tells nobody of the other.
#[test]
fn no_two_types_of_the_api_have_one_name() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for part in std::fs::read_dir(crates).unwrap().flatten() {
        sources(&part.path().join("src"), &mut files);
    }
    let mut places: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in files {
        for name in api_types(&std::fs::read_to_string(&file).unwrap()) {
            places.entry(name).or_default().insert(file.clone());
        }
    }
    assert!(places.len() > 500, "{}", places.len());
    places.retain(|_, files| files.len() > 1);
    assert_eq!(places, BTreeMap::new());
}
