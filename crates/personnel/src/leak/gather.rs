//! What goes into an evidence package, and the file itself: written piece by piece in a blocking thread, so that a
//! year of somebody's work needs no more memory than a page of it.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::entry;
use kernel::problem::{Result, internal};
use organization::export::access;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Rows read at a time.
const PAGE: u64 = 1_000;
/// Pieces that wait for the disk.
const AHEAD: usize = 16;

/// Whose traces, and of which time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub user: Uuid,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// One file of a package, as its manifest names it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

enum Piece {
    Begin(String),
    Bytes(Vec<u8>),
}

/// Takes pieces and writes them to disk.
pub(super) struct Archive {
    pieces: mpsc::Sender<Piece>,
    writing: tokio::task::JoinHandle<std::io::Result<Vec<Part>>>,
}

impl Archive {
    pub(super) fn begin(path: PathBuf) -> Self {
        let (pieces, taken) = mpsc::channel(AHEAD);
        let writing = tokio::task::spawn_blocking(move || write(&path, taken));
        Self { pieces, writing }
    }

    pub(super) async fn file(&self, name: impl Into<String>) -> Result<()> {
        self.send(Piece::Begin(name.into())).await
    }

    pub(super) async fn put(&self, bytes: Vec<u8>) -> Result<()> {
        self.send(Piece::Bytes(bytes)).await
    }

    async fn send(&self, piece: Piece) -> Result<()> {
        let sent = self.pieces.send(piece).await;
        sent.map_err(|_gone| internal("the package's file cannot be written"))
    }

    /// What was written; the last file is the manifest of all before it.
    pub(super) async fn finish(self) -> Result<Vec<Part>> {
        drop(self.pieces);
        self.writing.await.map_err(internal)?.map_err(internal)
    }
}

fn write(path: &Path, mut taken: mpsc::Receiver<Piece>) -> std::io::Result<Vec<Part>> {
    let mut archive = ZipWriter::new(BufWriter::new(File::create(path)?));
    // The same traces give the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .large_file(true);
    let mut parts: Vec<Part> = Vec::new();
    let mut open: Option<(String, u64, Sha256)> = None;
    let closed = |open: Option<(String, u64, Sha256)>, parts: &mut Vec<Part>| {
        if let Some((name, bytes, hash)) = open {
            let sha256 = hex::encode(hash.finalize());
            parts.push(Part {
                name,
                bytes,
                sha256,
            });
        }
    };
    while let Some(piece) = taken.blocking_recv() {
        match piece {
            Piece::Begin(name) => {
                closed(open.take(), &mut parts);
                archive.start_file(name.as_str(), options)?;
                open = Some((name, 0, Sha256::new()));
            }
            Piece::Bytes(bytes) => {
                if let Some((_, size, hash)) = &mut open {
                    archive.write_all(&bytes)?;
                    hash.update(&bytes);
                    *size += bytes.len() as u64;
                }
            }
        }
    }
    closed(open.take(), &mut parts);
    let manifest = json!({
        "format": "shoujie-evidence-1",
        "files": parts,
        "all_sha256": whole(&parts),
    });
    let manifest = serde_json::to_vec_pretty(&manifest)?;
    archive.start_file("manifest.json", options)?;
    archive.write_all(&manifest)?;
    parts.push(Part {
        name: "manifest.json".to_owned(),
        bytes: manifest.len() as u64,
        sha256: hex::encode(Sha256::digest(&manifest)),
    });
    let mut file = archive.finish()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(parts)
}

/// SHA-256 over the lines `sha256  name` of all files, as `sha256sum` writes them.
fn whole(parts: &[Part]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(format!("{}  {}\n", part.sha256, part.name));
    }
    hex::encode(hash.finalize())
}

/// The sealed rows of the trail that he wrote, or that are about his account, in the order of the chain.
fn traces(range: Range) -> Condition {
    written(range).add(entry::Column::Seq.is_not_null())
}

/// A row that belongs into the package is not part of the chain yet.
pub(super) async fn waits_for_seal(conn: &impl ConnectionTrait, range: Range) -> Result<bool> {
    let waiting = entry::Entity::find()
        .select_only()
        .column(entry::Column::Id)
        .filter(written(range).add(entry::Column::Seq.is_null()))
        .limit(1)
        .into_tuple::<Uuid>()
        .one(conn)
        .await?;
    Ok(waiting.is_some())
}

fn written(range: Range) -> Condition {
    let about = Condition::all()
        .add(entry::Column::SubjectKind.eq("user"))
        .add(entry::Column::SubjectId.eq(range.user.to_string()));
    let his = Condition::any()
        .add(entry::Column::WhoId.eq(range.user))
        .add(about);
    Condition::all()
        .add(entry::Column::At.gte(range.from))
        .add(entry::Column::At.lt(range.to))
        .add(his)
}

/// Reads the sealed rows of the trail as JSON lines, page by page. Each tells the hash of the row before it in the
/// chain, so that its own hash can be counted again by anybody.
pub(super) struct Trail {
    app: App,
    which: Condition,
    after: i64,
}

impl Trail {
    pub(super) fn of(app: &App, range: Range, only: Option<Condition>) -> Self {
        Self {
            app: app.clone(),
            which: traces(range).add_option(only),
            after: 0,
        }
    }

    /// The next page and how many rows it has; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<(Vec<u8>, u64)>> {
        let conn = self.app.db.read();
        let rows = entry::Entity::find()
            .filter(self.which.clone())
            .filter(entry::Column::Seq.gt(self.after))
            .order_by_asc(entry::Column::Seq)
            .limit(PAGE)
            .all(conn)
            .await?;
        let Some(last) = rows.last().and_then(|row| row.seq) else {
            return Ok(None);
        };
        self.after = last;
        let before = before(conn, &rows).await?;
        let mut lines = Vec::new();
        for row in &rows {
            let previous = row.seq.and_then(|seq| before.get(&(seq - 1)));
            // The first row of the chain has none before it.
            let previous = previous.cloned().unwrap_or_default();
            let line = json!({
                "seq": row.seq, "previous": previous, "hash": row.hash, "id": row.id,
                "at_ms": row.at.timestamp_millis(), "who_id": row.who_id, "who_name": row.who_name,
                "session_id": row.session_id, "action": row.action, "subject_kind": row.subject_kind,
                "subject_id": row.subject_id, "details": sorted(&row.details),
            });
            serde_json::to_writer(&mut lines, &line).map_err(internal)?;
            lines.push(b'\n');
        }
        Ok(Some((lines, rows.len() as u64)))
    }
}

/// The hashes of the rows before these.
async fn before(
    conn: &impl ConnectionTrait,
    rows: &[entry::Model],
) -> Result<std::collections::BTreeMap<i64, String>> {
    let wanted = rows.iter().filter_map(|row| row.seq).map(|seq| seq - 1);
    let found: Vec<(Option<i64>, Option<String>)> = entry::Entity::find()
        .select_only()
        .columns([entry::Column::Seq, entry::Column::Hash])
        .filter(entry::Column::Seq.is_in(wanted))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|(seq, hash)| seq.zip(hash))
        .collect())
}

/// Members in one order, however the database keeps them.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members.into_iter();
            members
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The rows about looking, taking out and printing.
pub(super) fn looked() -> Condition {
    Condition::all().add(entry::Column::Action.is_in(access::actions(None)))
}

/// The rows about signing in and out, and about his account.
pub(super) fn signed_in() -> Condition {
    Condition::any()
        .add(kernel::list::beginning_with(
            entry::Column::Action,
            "session.",
        ))
        .add(kernel::list::beginning_with(entry::Column::Action, "user."))
}
