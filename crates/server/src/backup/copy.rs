//! Copying and hashing files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::manifest::{Digested, Manifest};

/// Copies the `kept` files and folders of `from` to `to`; gives what was written, by path in `to`.
///
/// A file as old and as long as that of the backup `before` is linked to it.
pub fn tree(
    from: &Path,
    kept: &[&str],
    to: &Path,
    before: Option<&Path>,
) -> Result<BTreeMap<String, Digested>> {
    let known = before.and_then(|folder| Some((folder, Manifest::read(folder).ok()?.files)));
    let mut copied = BTreeMap::new();
    for name in files(from, kept)? {
        let (source, target) = (from.join(&name), to.join(&name));
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let linked = known
            .as_ref()
            .and_then(|(folder, digests)| Some((folder.join(&name), digests.get(&name)?)))
            .filter(|(earlier, _)| is_unchanged(&source, earlier))
            .filter(|(earlier, _)| std::fs::hard_link(earlier, &target).is_ok());
        let digest = match linked {
            Some((_, digest)) => digest.clone(),
            None => match copy(&source, &target) {
                Ok(()) => digest(&target)?,
                // Taken away since the folder was read.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(error).with_context(|| source.display().to_string());
                }
            },
        };
        copied.insert(name, digest);
    }
    Ok(copied)
}

/// The same length and time of change, as `cp` and `rsync` ask.
fn is_unchanged(source: &Path, earlier: &Path) -> bool {
    let seen = |path: &Path| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.len(), meta.modified().ok()?))
    };
    seen(source).is_some_and(|source| seen(earlier) == Some(source))
}

fn copy(source: &Path, target: &Path) -> std::io::Result<()> {
    // Before the copy: what grows meanwhile looks changed to the next backup.
    let modified = std::fs::metadata(source)?.modified()?;
    std::fs::copy(source, target)?;
    File::options()
        .append(true)
        .open(target)?
        .set_modified(modified)
}

/// The `kept` ones of a folder that are there, and every file below them, as paths in the folder.
pub fn files(folder: &Path, kept: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = kept.iter().map(PathBuf::from).collect();
    while let Some(path) = open.pop() {
        let place = folder.join(&path);
        if place.is_dir() {
            for entry in std::fs::read_dir(&place).with_context(|| place.display().to_string())? {
                open.push(path.join(entry?.file_name()));
            }
        } else if place.exists() {
            found.push(
                path.to_str()
                    .context("a file name is not UTF-8")?
                    .to_owned(),
            );
        }
    }
    found.sort();
    Ok(found)
}

/// Length and SHA-256 of a file.
pub fn digest(file: &Path) -> Result<Digested> {
    let mut hash = HashWriter(Sha256::new());
    let size = File::open(file)
        .and_then(|mut open| std::io::copy(&mut open, &mut hash))
        .with_context(|| file.display().to_string())?;
    Ok(Digested {
        size,
        hash: hex::encode(hash.0.finalize()),
    })
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
