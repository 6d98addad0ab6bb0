//! Everything out, at the contract's end: a folder with JSON Lines and CSV of every kind of record, the files as
//! they are, a page that says what each column means, and a manifest with rows and SHA-256.
//!
//! All records come from one read transaction, row by row. A file stands under another name until it is whole; a folder
//! that was left in the middle is begun anew over what is there.

pub mod http;
pub mod records;
pub mod request;
mod sink;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use futures::future::BoxFuture;
use kernel::App;
use kernel::audit::{self, Who};
use kernel::problem::{Result, bad_request, internal, refused};
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseTransaction, DbBackend, IsolationLevel, QueryResult,
    Statement, TransactionTrait as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use self::records::{Column, ColumnKind, Piece, Records};
use self::sink::Sink;

/// A folder that is being written.
const UNFINISHED: &str = ".unfinished";
/// The manifest of a whole folder.
pub const MANIFEST: &str = "manifest.json";
/// Rows of SQLite read at once.
const AT_ONCE: usize = 1_000;
/// Blocks of PostgreSQL read at once.
const BLOCKS: i64 = 16;
/// What every file and column means.
const README: &str = "说明.md";

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its path in the folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
}

/// One kind of record in the folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WrittenRecords {
    /// Its name.
    pub name: String,
    /// The same in Chinese.
    pub title: String,
    /// How many.
    pub rows: u64,
    /// Its two files.
    pub files: Vec<Written>,
}

/// What the folder holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// `shoujie`
    pub product: String,
    /// Version of the product.
    pub version: String,
    /// The moment all records are of.
    pub made_at: DateTime<Utc>,
    /// The records.
    pub records: Vec<WrittenRecords>,
    /// Recordings and attachments, as they are.
    pub files: Vec<Written>,
    /// Files that records name and that are not here: removed by their term of keeping, or kept on an archive.
    pub missing: Vec<String>,
    /// Other files of the folder.
    pub others: Vec<Written>,
}

impl Manifest {
    /// Rows of all records.
    pub fn rows(&self) -> u64 {
        self.records.iter().map(|records| records.rows).sum()
    }

    /// Every file of the folder but the manifest.
    pub fn all(&self) -> impl Iterator<Item = &Written> {
        let records = self.records.iter().flat_map(|records| &records.files);
        records.chain(&self.files).chain(&self.others)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.all().map(|file| file.bytes).sum()
    }
}

/// Hears what is written now.
pub type Progress = dyn Fn(String) -> BoxFuture<'static, Result<()>> + Send + Sync;

/// Writes everything into `folder`, which is not there, empty, or was left in the middle. `progress` hears what is
/// written now.
pub async fn export(app: &App, folder: &Path, progress: &Progress) -> Result<Manifest> {
    begin(folder).await?;
    let made_at = app.clock.now();
    let all = records::all()?;
    let mut manifest = Manifest {
        product: "shoujie".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        records: Vec::new(),
        files: Vec::new(),
        missing: Vec::new(),
        others: Vec::new(),
    };
    let mut paths = BTreeSet::new();
    let snapshot = snapshot(app).await?;
    for records in &all {
        if app.shutdown.is_cancelled() {
            return Err(refused("shutting_down", "the server is being stopped"));
        }
        progress(records.title.clone()).await?;
        let written = write_records(app, &snapshot, folder, records, &mut paths).await?;
        manifest.records.push(written);
    }
    snapshot.rollback().await?;
    progress("文件".to_owned()).await?;
    for path in paths {
        match copy(app, folder, &path).await? {
            Some(written) => manifest.files.push(written),
            None => manifest.missing.push(path),
        }
    }
    let page = page(&all, &manifest);
    manifest
        .others
        .push(put(folder, README, page.as_bytes()).await?);
    let sums: Vec<String> = manifest
        .all()
        .map(|file| format!("{}  {}\n", file.sha256, file.path))
        .collect();
    let sums = sums.concat();
    manifest
        .others
        .push(put(folder, "SHA256SUMS", sums.as_bytes()).await?);
    let json = serde_json::to_vec_pretty(&manifest).map_err(internal)?;
    put(folder, MANIFEST, &json).await?;
    tokio::fs::remove_file(folder.join(UNFINISHED))
        .await
        .map_err(internal)?;
    Ok(manifest)
}

/// The same for who has the machine itself; the audit trail says that it was done, and how the manifest hashes.
pub async fn by_hand(app: &App, who: &Who, folder: &Path) -> Result<Manifest> {
    let quiet: &Progress = &|_| Box::pin(async { Ok(()) });
    let manifest = export(app, folder, quiet).await?;
    let bytes = tokio::fs::read(folder.join(MANIFEST))
        .await
        .map_err(internal)?;
    let details = json!({
        "folder": folder.display().to_string(), "rows": manifest.rows(), "bytes": manifest.bytes(),
        "manifest_sha256": hex::encode(Sha256::digest(&bytes)),
    });
    let (db, app, who) = (app.db.clone(), app.clone(), who.clone());
    db.write(move |tx| async move {
        let (action, kind) = ("export.by_hand", "carry_export");
        audit::record(&app, &*tx, &who, action, kind, "all", details).await
    })
    .await?;
    Ok(manifest)
}

/// One state of the database for all records.
async fn snapshot(app: &App) -> Result<DatabaseTransaction> {
    let conn = app.db.read();
    let level = match app.db.backend() {
        // A transaction of SQLite sees one state by itself.
        DbBackend::Sqlite => (None, None),
        _ => (
            Some(IsolationLevel::RepeatableRead),
            Some(AccessMode::ReadOnly),
        ),
    };
    Ok(conn.begin_with_config(level.0, level.1).await?)
}

async fn begin(folder: &Path) -> Result<()> {
    let mark = folder.join(UNFINISHED);
    tokio::fs::create_dir_all(folder).await.map_err(internal)?;
    let mut there = tokio::fs::read_dir(folder).await.map_err(internal)?;
    let empty = there.next_entry().await.map_err(internal)?.is_none();
    if !empty && !tokio::fs::try_exists(&mark).await.map_err(internal)? {
        let detail = format!("{} is not empty", folder.display());
        return Err(
            refused("folder_not_empty", detail).with_way_out("name a folder that is not there yet")
        );
    }
    tokio::fs::write(&mark, b"").await.map_err(internal)
}

async fn put(folder: &Path, path: &str, bytes: &[u8]) -> Result<Written> {
    let mut sink = Sink::open(folder, path).await?;
    sink.write(bytes).await?;
    sink.finish().await
}

async fn write_records(
    app: &App,
    snapshot: &DatabaseTransaction,
    folder: &Path,
    records: &Records,
    paths: &mut BTreeSet<String>,
) -> Result<WrittenRecords> {
    let mut lines = Sink::open(folder, &format!("records/{}.jsonl", records.name)).await?;
    let mut table = Sink::open(folder, &format!("records/{}.csv", records.name)).await?;
    // Excel takes a CSV for UTF-8 by its first three bytes.
    table.write(b"\xef\xbb\xbf").await?;
    let heading = records.columns.iter().map(|column| column.name.as_str());
    table.write(documents::csv_line(heading).as_bytes()).await?;
    let (backend, mut many) = (app.db.backend(), 0);
    let mut piece = Piece::Behind {
        row: 0,
        most: AT_ONCE,
    };
    let mut blocks = 0;
    if backend != DbBackend::Sqlite {
        let statement = Statement::from_string(backend, records.blocks());
        let told = snapshot.query_one_raw(statement).await?;
        blocks = told.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        piece = Piece::Blocks {
            first: 0,
            end: BLOCKS,
        };
    }
    loop {
        let statement = Statement::from_string(backend, records.select(&piece));
        let rows = snapshot.query_all_raw(statement).await?;
        for row in &rows {
            let values = values(app, records, row)?;
            write_one(records, &values, (&mut lines, &mut table), paths).await?;
            many += 1;
        }
        piece = match piece {
            Piece::Behind { most, .. } => {
                let Some(last) = rows.last().filter(|_| rows.len() == most) else {
                    break;
                };
                let row = last.try_get_by_index(records.columns.len())?;
                Piece::Behind { row, most }
            }
            Piece::Blocks { end, .. } if end >= blocks => break,
            Piece::Blocks { end, .. } => Piece::Blocks {
                first: end,
                end: end + BLOCKS,
            },
        };
    }
    Ok(WrittenRecords {
        name: records.name.clone(),
        title: records.title.clone(),
        rows: many,
        files: vec![lines.finish().await?, table.finish().await?],
    })
}

async fn write_one(
    records: &Records,
    values: &[Value],
    (lines, table): (&mut Sink, &mut Sink),
    paths: &mut BTreeSet<String>,
) -> Result<()> {
    let mut line = String::from("{");
    let mut cells = Vec::with_capacity(values.len());
    for (place, (column, value)) in records.columns.iter().zip(values).enumerate() {
        if place > 0 {
            line.push(',');
        }
        line.push_str(&serde_json::to_string(&column.name).map_err(internal)?);
        line.push(':');
        line.push_str(&serde_json::to_string(value).map_err(internal)?);
        cells.push(cell(column.kind, value));
        if let (ColumnKind::File, Value::String(path)) = (column.kind, value)
            && !path.is_empty()
        {
            paths.insert(path.clone());
        }
    }
    line.push_str("}\n");
    lines.write(line.as_bytes()).await?;
    let cells = cells.iter().map(String::as_str);
    table.write(documents::csv_line(cells).as_bytes()).await
}

fn values(app: &App, records: &Records, row: &QueryResult) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(records.columns.len());
    for (place, column) in records.columns.iter().enumerate() {
        values.push(value(app, row, place, column, &values)?);
    }
    Ok(values)
}

fn value(
    app: &App,
    row: &QueryResult,
    place: usize,
    column: &Column,
    before: &[Value],
) -> Result<Value> {
    let told = match column.kind {
        ColumnKind::Uuid => row
            .try_get_by_index::<Option<Uuid>>(place)?
            .map(|id| Value::String(id.to_string())),
        ColumnKind::Text | ColumnKind::File => row
            .try_get_by_index::<Option<String>>(place)?
            .map(Value::String),
        ColumnKind::Number => row.try_get_by_index::<Option<i64>>(place)?.map(Value::from),
        ColumnKind::Flag => row
            .try_get_by_index::<Option<bool>>(place)?
            .map(Value::Bool),
        ColumnKind::Moment => row
            .try_get_by_index::<Option<DateTime<Utc>>>(place)?
            .map(|at| Value::String(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
        ColumnKind::Json => row.try_get_by_index::<Option<Value>>(place)?,
        ColumnKind::Sealed => {
            let sealed = row.try_get_by_index::<Option<String>>(place)?;
            let id = before.first().and_then(Value::as_str).unwrap_or_default();
            let label = format!("staff:{id}:{}", column.name);
            // What was sealed with another key cannot be told; the row goes out all the same.
            sealed.map(|sealed| {
                app.key
                    .unseal(&label, &sealed)
                    .map_or(Value::Null, Value::String)
            })
        }
    };
    Ok(told.unwrap_or(Value::Null))
}

/// A value as a spreadsheet shows it: a moment in the time of Guangzhou.
fn cell(kind: ColumnKind, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if kind == ColumnKind::Moment => {
            let at = DateTime::parse_from_rfc3339(text).ok();
            let local = at.zip(FixedOffset::east_opt(8 * 3_600));
            local.map_or_else(
                || text.clone(),
                |(at, offset)| {
                    at.with_timezone(&offset)
                        .format("%Y-%m-%d %H:%M:%S")
                        .to_string()
                },
            )
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Copies a file as it is; `None` where it is not there any more.
async fn copy(app: &App, folder: &Path, path: &str) -> Result<Option<Written>> {
    let Ok(from) = app.files.local_path(path) else {
        return Ok(None);
    };
    let Ok(mut file) = tokio::fs::File::open(&from).await else {
        return Ok(None);
    };
    let mut sink = Sink::open(folder, &format!("files/{path}")).await?;
    let mut chunk = vec![0; 256 << 10];
    loop {
        let read = tokio::io::AsyncReadExt::read(&mut file, &mut chunk).await;
        let read = read.map_err(internal)?;
        if read == 0 {
            break;
        }
        sink.write(chunk.get(..read).unwrap_or_default()).await?;
    }
    Ok(Some(sink.finish().await?))
}

/// The page that says what is in the folder.
fn page(all: &[Records], manifest: &Manifest) -> String {
    let mut page = vec![String::from(
        "# 数据移交说明\n\n\
         本文件夹是首接系统在合同终止时移交的全部数据（A-48）。`records` 为各类记录，每类两个文件：`.jsonl` 为 JSON Lines（每行一条，\
         时间为 RFC 3339 协调世界时），`.csv` 为 UTF-8（带 BOM）表格（时间为北京时间，可用 Excel 打开；以 = + - @ 开头的文本前加有 ' 号）。\
         `files` 为录音和附件原件，路径与记录中的文件列一致。`manifest.json` 列出每个文件的字节数、SHA-256 和记录条数，\
         `SHA256SUMS` 可用 `sha256sum -c SHA256SUMS` 校验。口令、密钥、令牌等秘密以及系统内部的队列和计数器不在其中，\
         见文末。\n",
    )];
    for records in all {
        let written = manifest.records.iter().find(|one| one.name == records.name);
        let rows = written.map_or(0, |written| written.rows);
        page.push(format!(
            "\n## {}（records/{}）\n\n{rows} 条。\n\n",
            records.title, records.name
        ));
        page.push("| 列 | 类型 | 含义 |\n| --- | --- | --- |\n".to_owned());
        for column in &records.columns {
            let (name, kind, title) = (&column.name, column.kind.title(), &column.title);
            page.push(format!("| {name} | {kind} | {title} |\n"));
        }
        for (name, reason) in &records.left_out {
            page.push(format!("| ~~{name}~~ | 不移交 | {reason} |\n"));
        }
    }
    page.push("\n## 不移交的内容\n\n| 表 | 原因 |\n| --- | --- |\n".to_owned());
    for (table, reason) in records::left_out() {
        page.push(format!("| {table} | {reason} |\n"));
    }
    if !manifest.missing.is_empty() {
        page.push(
            "\n## 记录中有、但文件已不在本机的\n\n到期删除，或保存在录音归档库中：\n\n".to_owned(),
        );
        for path in &manifest.missing {
            page.push(format!("- {path}\n"));
        }
    }
    page.concat()
}

/// The folder of a request, in the data folder.
pub(crate) fn folder_of(app: &App, id: Uuid) -> Result<PathBuf> {
    Ok(folders(app)?.join(id.to_string()))
}

/// Where the folders of all requests are.
pub(crate) fn folders(app: &App) -> Result<PathBuf> {
    let data: String = app
        .config
        .get("data_dir")
        .map_err(|error| bad_request("data_dir", error.to_string()))?;
    Ok(Path::new(&data).join("exports"))
}
