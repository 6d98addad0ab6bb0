//! What a backup holds, and whether something is the same.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// The file of a backup that says what is in it; it is written last.
pub const MANIFEST: &str = "manifest.json";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When the copy was begun (RFC 3339).
    pub taken_at: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Rows and hash of each table.
    pub tables: BTreeMap<String, Digested>,
    /// Bytes and hash of each file, by its path in the backup's folder.
    pub files: BTreeMap<String, Digested>,
}

/// A size and a hash of the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digested {
    /// Rows of a table, bytes of a file.
    pub size: u64,
    /// In hex: SHA-256 of a file; the sum of the rows' SHA-256 of a table, whatever their order.
    pub hash: String,
}

impl Manifest {
    /// Reads the manifest of a backup.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join(MANIFEST);
        let text = std::fs::read(&file)
            .with_context(|| format!("{} is no backup: {MANIFEST}", folder.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("damaged backup: {}", file.display()))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let mut file = std::fs::File::create(folder.join(MANIFEST))?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        Ok(())
    }
}

/// What the manifest promised and what is there now.
#[derive(Debug)]
pub struct Comparison {
    /// The manifest of the backup.
    pub expected: Manifest,
    /// The same, counted again after the restore.
    pub found: Manifest,
}

impl Comparison {
    /// Everything is there and unchanged, and nothing else.
    pub fn same(&self) -> bool {
        self.expected == self.found
    }

    /// One line a table, one for each file that differs, and one for all files.
    pub fn lines(&self) -> Vec<String> {
        let (expected, found) = (&self.expected, &self.found);
        let mut names: Vec<&String> = expected.tables.keys().chain(found.tables.keys()).collect();
        names.sort();
        names.dedup();
        let mut lines: Vec<String> = names
            .iter()
            .map(|name| table_line(name, expected.tables.get(*name), found.tables.get(*name)))
            .collect();
        let differs = |(name, file): &(&String, &Digested)| found.files.get(*name) != Some(*file);
        let different = expected.files.iter().filter(differs);
        lines.extend(
            different
                .clone()
                .map(|(name, _)| format!("{name}  DIFFERENT")),
        );
        lines.push(format!(
            "files: {} in the backup, {} restored with the same hash",
            expected.files.len(),
            expected.files.len() - different.count()
        ));
        lines
    }
}

fn table_line(name: &str, expected: Option<&Digested>, found: Option<&Digested>) -> String {
    let rows =
        |table: Option<&Digested>| table.map_or_else(|| "no".to_owned(), |t| t.size.to_string());
    let hash = |table: Option<&Digested>| {
        table.map_or_else(
            || "-".repeat(12),
            |table| table.hash.chars().take(12).collect(),
        )
    };
    let verdict = if expected == found {
        "same"
    } else {
        "DIFFERENT"
    };
    format!(
        "{name:<24} {:>9} rows {}  restored {:>9} rows {}  {verdict}",
        rows(expected),
        hash(expected),
        rows(found),
        hash(found)
    )
}
