//! A backup comes back into an empty place.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::manifest::{Comparison, Manifest};
use super::{DUMP, KEPT, Place, SQLITE, copy, postgres, tables};

/// Checks a backup, brings it into an empty place and compares what is there with its manifest.
///
/// Nothing is written when the backup is damaged, of another kind of database, or the place not empty.
pub async fn restore(from: &Path, place: &Place) -> Result<Comparison> {
    let expected = Manifest::read(from)?;
    let (folder, manifest) = (from.to_path_buf(), expected.clone());
    tokio::task::spawn_blocking(move || must_be_whole(&folder, &manifest)).await??;
    must_be_empty(place).await?;
    let database = from.join(match expected.database.as_str() {
        "sqlite" => SQLITE,
        _ => DUMP,
    });
    let tables = match (expected.database.as_str(), place.sqlite_file()) {
        ("sqlite", Some(file)) => {
            let folder = file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            std::fs::copy(&database, &file).with_context(|| file.display().to_string())?;
            tables::of_sqlite(&file).await?
        }
        ("postgres", None) => postgres::restore(&place.url, &database).await?,
        (kind, _) => {
            bail!("this is a backup of {kind}, the settings name another kind of database")
        }
    };
    let (source, target) = (from.to_path_buf(), place.data_dir.clone());
    let mut files =
        tokio::task::spawn_blocking(move || copy::tree(&source, &KEPT, &target, None)).await??;
    let name = if place.sqlite_file().is_some() {
        SQLITE
    } else {
        DUMP
    };
    let brought = place.sqlite_file().unwrap_or(database);
    files.insert(name.to_owned(), copy::digest(&brought)?);
    let found = Manifest {
        tables,
        files,
        ..expected.clone()
    };
    Ok(Comparison { expected, found })
}

/// Names the first file that is not as the manifest has it.
fn must_be_whole(folder: &Path, manifest: &Manifest) -> Result<()> {
    for (name, expected) in &manifest.files {
        let found = copy::digest(&folder.join(name)).context("damaged backup")?;
        ensure!(
            found.size == expected.size,
            "damaged backup: {name} has {} bytes, the manifest says {}",
            found.size,
            expected.size
        );
        ensure!(
            found.hash == expected.hash,
            "damaged backup: the content of {name} is not what the manifest says"
        );
    }
    Ok(())
}

async fn must_be_empty(place: &Place) -> Result<()> {
    let refuse = |path: PathBuf| -> Result<()> {
        bail!(
            "{} exists; restore only into an empty place",
            path.display()
        )
    };
    match place.sqlite_file() {
        Some(file) if file.exists() => refuse(file)?,
        Some(_) => {}
        None => postgres::must_be_empty(&place.url).await?,
    }
    match copy::files(&place.data_dir, &KEPT)?.first() {
        Some(file) => refuse(place.data_dir.join(file)),
        None => Ok(()),
    }
}
