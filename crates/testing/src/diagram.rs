//! The diagram of a state machine, as the README of its crate draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What leads from one state to another.
pub type Edges = BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>;

/// The diagram of these edges: what nothing leads on from is an end.
pub fn drawn(starts: &[&str], edges: &Edges) -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned()];
    let starts: BTreeSet<&&str> = starts.iter().collect();
    lines.extend(starts.iter().map(|state| format!("    [*] --> {state}")));
    for ((from, to), names) in edges {
        let names: Vec<&str> = names.iter().copied().collect();
        lines.push(format!("    {from} --> {to}: {}", names.join(", ")));
    }
    let left: BTreeSet<&str> = edges.keys().map(|(from, _)| *from).collect();
    let ends: BTreeSet<&str> = edges
        .keys()
        .map(|(_, to)| *to)
        .filter(|to| !left.contains(to))
        .collect();
    lines.extend(ends.iter().map(|state| format!("    {state} --> [*]")));
    lines.join("\n")
}

/// The README of the crate in `folder` draws `diagram` under `heading`; `make schema` draws it anew.
///
/// # Panics
/// When it draws another one, or none.
pub fn is_drawn(folder: &str, heading: &str, diagram: &str) {
    let path = Path::new(folder).join("README.md");
    let text = std::fs::read_to_string(&path).expect("the README");
    let heading = format!("### {heading}\n");
    let (before, rest) = text
        .split_once(&heading)
        .unwrap_or_else(|| panic!("no `{heading}` in the README"));
    let (said, rest) = rest.split_once("```mermaid\n").expect("a diagram");
    let (stands, after) = rest.split_once("\n```\n").expect("the diagram's end");
    if stands != diagram && std::env::var("INSTA_UPDATE").is_ok_and(|wish| wish == "always") {
        let text = format!("{before}{heading}{said}```mermaid\n{diagram}\n```\n{after}");
        std::fs::write(&path, text).expect("the README is written");
        return;
    }
    assert_eq!(stands, diagram, "{heading}: `make schema` draws it anew");
}
