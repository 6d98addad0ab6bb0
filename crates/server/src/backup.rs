//! Backups taken while the server runs, and a restore that proves what it brought back.
//!
//! A backup is a folder: the database (a `SQLite` copy, or `pg_dump`'s custom format), the files, and
//! `manifest.json` with the rows and a hash of every table and file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use kernel::{Clock, Config, Db};
use sea_orm::{DbBackend, FromQueryResult, JsonValue, Statement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Rows read at a time while hashing.
const CHUNK: u64 = 2000;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When the copy was taken (RFC 3339).
    pub taken_at: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Rows and hash of each table.
    pub tables: BTreeMap<String, Digested>,
    /// Bytes and hash of each file, by its path under `files/`.
    pub files: BTreeMap<String, Digested>,
}

/// A size and the SHA-256 of the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digested {
    /// Rows of a table, bytes of a file.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// Where the data is.
pub struct Place {
    /// The data folder.
    pub data_dir: PathBuf,
    /// The database URL.
    pub url: String,
}

impl Place {
    /// The place the settings name.
    pub fn of(config: &Config) -> Result<Self> {
        let data_dir: PathBuf = config.get("data_dir")?;
        let url: String = config.get("database.url")?;
        let url = if url.is_empty() {
            sqlite_url(&data_dir)
        } else {
            url
        };
        Ok(Self { data_dir, url })
    }

    fn sqlite_file(&self) -> Option<PathBuf> {
        self.url
            .strip_prefix("sqlite://")
            .map(|path| path.split('?').next().unwrap_or(path).into())
    }
}

fn sqlite_url(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("shoujie.db").display())
}

/// Copies everything into a new folder under `into`; the server may run meanwhile.
pub async fn backup(place: &Place, into: &Path, clock: &Clock) -> Result<PathBuf> {
    let now = clock.now();
    let folder = into.join(now.format("%Y%m%d-%H%M%S").to_string());
    // Until it is complete it carries another name, so that nobody restores half a backup.
    let unfinished = folder.with_extension("unfinished");
    ensure!(!folder.exists(), "{} exists already", folder.display());
    std::fs::create_dir_all(&unfinished)?;
    let (database, copy_url) = if let Some(file) = place.sqlite_file() {
        ensure!(file.exists(), "no database at {}", file.display());
        let copy = unfinished.join("shoujie.db");
        let db = Db::connect(&place.url).await?;
        db.copy_to(&copy).await?;
        db.close().await;
        ("sqlite", sqlite_url(&unfinished))
    } else {
        run(
            "pg_dump",
            &[
                "--format=custom",
                "--file",
                &path(&unfinished.join("shoujie.dump"))?,
                &place.url,
            ],
        )?;
        ("postgres", place.url.clone())
    };
    let source = place.data_dir.join("files");
    let files = copy_files(&source, &unfinished.join("files"))?;
    let key = place.data_dir.join("secret.key");
    if key.exists() {
        std::fs::copy(&key, unfinished.join("secret.key"))?;
    }
    let tables = tables(&copy_url).await?;
    let manifest = Manifest {
        taken_at: now.to_rfc3339(),
        database: database.to_owned(),
        tables,
        files,
    };
    std::fs::write(
        unfinished.join("manifest.json"),
        serde_json::to_vec_pretty(&manifest)?,
    )?;
    for leftover in ["shoujie.db-wal", "shoujie.db-shm"] {
        let _ = std::fs::remove_file(unfinished.join(leftover));
    }
    std::fs::rename(&unfinished, &folder)?;
    Ok(folder)
}

/// Brings a backup into an empty place and compares it with its manifest.
pub async fn restore(from: &Path, place: &Place) -> Result<Comparison> {
    let manifest = std::fs::read(from.join("manifest.json"))
        .with_context(|| format!("no backup at {}", from.display()))?;
    let expected: Manifest = serde_json::from_slice(&manifest)?;
    std::fs::create_dir_all(&place.data_dir)?;
    match (expected.database.as_str(), place.sqlite_file()) {
        ("sqlite", Some(file)) => {
            ensure!(
                !file.exists(),
                "{} exists; restore only into an empty place",
                file.display()
            );
            std::fs::copy(from.join("shoujie.db"), &file)?;
        }
        ("postgres", None) => run(
            "pg_restore",
            &[
                "--no-owner",
                "--exit-on-error",
                "--dbname",
                &place.url,
                &path(&from.join("shoujie.dump"))?,
            ],
        )?,
        (kind, _) => {
            bail!("this is a backup of {kind}, the settings name another kind of database")
        }
    }
    let files = copy_files(&from.join("files"), &place.data_dir.join("files"))?;
    let key = from.join("secret.key");
    if key.exists() {
        std::fs::copy(&key, place.data_dir.join("secret.key"))?;
    }
    let tables = tables(&place.url).await?;
    let found = Manifest {
        tables,
        files,
        ..expected.clone()
    };
    Ok(Comparison { expected, found })
}

/// What the manifest promised and what is there now.
pub struct Comparison {
    /// The manifest of the backup.
    pub expected: Manifest,
    /// The same, counted again after the restore.
    pub found: Manifest,
}

impl Comparison {
    /// Everything is there and unchanged.
    pub fn same(&self) -> bool {
        self.expected == self.found
    }

    /// One line a table, one for the files: rows and hash before and after.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .expected
            .tables
            .iter()
            .map(|(name, expected)| {
                let found = self.found.tables.get(name);
                let verdict = if found == Some(expected) {
                    "same"
                } else {
                    "DIFFERENT"
                };
                let rows = found.map_or(0, |found| found.size);
                format!(
                    "{name:<28} {:>9} rows  {:>9} restored  {}  {verdict}",
                    expected.size,
                    rows,
                    &expected.sha256[..12]
                )
            })
            .collect();
        let same = self
            .expected
            .files
            .iter()
            .filter(|(name, file)| self.found.files.get(*name) == Some(file))
            .count();
        lines.push(format!(
            "files: {} in the backup, {same} restored with the same hash",
            self.expected.files.len()
        ));
        lines
    }
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

async fn tables(url: &str) -> Result<BTreeMap<String, Digested>> {
    let db = Db::connect(url).await?;
    let backend = db.backend();
    let names = match backend {
        DbBackend::Sqlite => {
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        }
        _ => "select tablename as name from pg_tables where schemaname = 'public'",
    };
    let mut digests = BTreeMap::new();
    for Name { name } in Name::find_by_statement(Statement::from_string(backend, names))
        .all(db.read())
        .await?
    {
        digests.insert(name.clone(), table(&db, &name).await?);
    }
    Ok(digests)
}

/// Every table has its key as the first column, so this order is the same before and after.
async fn table(db: &Db, name: &str) -> Result<Digested> {
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        let sql = format!("select * from \"{name}\" order by 1 limit {CHUNK} offset {size}");
        let rows = JsonValue::find_by_statement(Statement::from_string(db.backend(), sql))
            .all(db.read())
            .await?;
        for row in &rows {
            hash.update(serde_json::to_vec(row)?);
        }
        size += rows.len() as u64;
        if (rows.len() as u64) < CHUNK {
            return Ok(Digested {
                size,
                sha256: hex::encode(hash.finalize()),
            });
        }
    }
}

fn copy_files(from: &Path, to: &Path) -> Result<BTreeMap<String, Digested>> {
    let mut copied = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let source = from.join(&folder);
        if !source.exists() {
            continue;
        }
        std::fs::create_dir_all(to.join(&folder))?;
        for entry in std::fs::read_dir(source)? {
            let entry = entry?;
            let relative = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(relative);
            } else {
                let target = to.join(&relative);
                std::fs::copy(entry.path(), &target)?;
                copied.insert(relative.display().to_string(), file(&target)?);
            }
        }
    }
    Ok(copied)
}

fn file(path: &Path) -> Result<Digested> {
    let mut hash = Sha256::new();
    let mut reader = std::fs::File::open(path)?;
    let size = std::io::copy(&mut reader, &mut HashWriter(&mut hash))?;
    Ok(Digested {
        size,
        sha256: hex::encode(hash.finalize()),
    })
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn path(path: &Path) -> Result<String> {
    Ok(path.to_str().context("the path is not UTF-8")?.to_owned())
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let status = std::process::Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| {
            format!("{program} is needed for a PostgreSQL database; install postgresql-client")
        })?;
    ensure!(status.success(), "{program} failed: {status}");
    Ok(())
}
