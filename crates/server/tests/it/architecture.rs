//! The edges between our crates are those of docs/architecture.md.

use std::collections::BTreeMap;
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
