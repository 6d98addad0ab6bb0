#![doc = include_str!("../README.md")]

pub mod call;
pub mod diagram;
pub mod freeswitch;
mod openpyxl;
pub mod platforms;
mod port;
mod postgres;
mod python;
mod sqlite;
mod template;

use std::ops::Deref;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use kernel::{App, Clock, Config, Db, Migration};

pub use call::{Answer, Door, call, principal};
pub use openpyxl::openpyxl;
pub use port::free_port;
pub use postgres::stop as stop_postgres;
pub use python::{Peer, python};
pub use template::with_kernel;

/// A Monday at 10:00 in Guangzhou: a working day inside the service hours.
pub const MONDAY_10: &str = "2026-11-23T02:00:00Z";

/// The kinds of database the product runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Kind {
    /// Both kinds; without PostgreSQL where `SHOUJIE_TEST_POSTGRES=skip` says so.
    pub fn all() -> &'static [Kind] {
        if postgres::skipped() {
            eprintln!("SHOUJIE_TEST_POSTGRES=skip: not run on PostgreSQL");
            return &[Kind::Sqlite];
        }
        &[Kind::Sqlite, Kind::Postgres]
    }
}

/// A migrated database of its own for one test, removed with this value.
#[derive(Debug)]
pub struct Database {
    /// What `database.url` takes.
    pub url: String,
    kind: Kind,
    #[expect(
        dead_code,
        reason = "holds the file of a SQLite database until the end"
    )]
    folder: Option<Folder>,
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.kind == Kind::Postgres {
            postgres::remove(&self.url);
        }
    }
}

/// A temporary folder, removed with this value.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("shoujie-test-{}", template::unique()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover folder in the temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An empty database with the kernel's tables and those of `migrations`.
///
/// # Panics
/// When there is no database to be had; a test cannot go on.
pub async fn database(kind: Kind, migrations: &[Migration]) -> Database {
    let migrations = template::with_kernel(migrations);
    let key = template::key(&migrations);
    cloned(kind, &key, async |url| {
        let db = Db::connect(url).await.expect("a template database");
        kernel::migrate::migrate(&db, &Clock::system(), migrations)
            .await
            .unwrap_or_else(|problem| panic!("the migrations fail on {kind:?}: {problem}"));
        db.close().await;
    })
    .await
}

/// A copy of what `prepare` left in a database and in a folder, which is done once for all tests of this build of
/// the test; the folder's copy is put at `to`. `prepare` closes what it opened.
///
/// # Panics
/// When there is no database to be had.
pub async fn prepared(
    kind: Kind,
    name: &str,
    to: &Path,
    prepare: impl AsyncFnOnce(&str, &Path),
) -> Database {
    let key = format!("{name}_{}", template::build());
    let files = template::shared_folder().join(format!("{key}_{kind:?}"));
    let database = cloned(kind, &key, async |url| {
        // What a killed process left.
        let _ = std::fs::remove_dir_all(&files);
        prepare(url, &files).await;
    })
    .await;
    template::copy(&files, to);
    database
}

async fn cloned(kind: Kind, key: &str, prepare: impl AsyncFnOnce(&str)) -> Database {
    match kind {
        Kind::Sqlite => {
            let folder = Folder::new();
            let file = folder.path().join("test.db");
            sqlite::clone_template(key, &file, prepare).await;
            let url = format!("sqlite://{}", file.display());
            Database {
                url,
                kind,
                folder: Some(folder),
            }
        }
        Kind::Postgres => {
            let url = postgres::clone_template(key, prepare).await;
            Database {
                url,
                kind,
                folder: None,
            }
        }
    }
}

/// The shared services over a database of its own; everything goes with this value.
pub struct TestApp {
    app: App,
    database: Database,
    folder: Folder,
}

impl Deref for TestApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl TestApp {
    /// The data folder.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The database's URL, to open it once more as another node would.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Puts the capabilities together and starts what runs by itself, without a session layer: a request
    /// is made by the [`Principal`](kernel::Principal) that [`call`] puts into it.
    ///
    /// # Panics
    /// When they do not fit together.
    pub async fn start(&self, capabilities: Vec<kernel::Capability>) -> axum::Router {
        kernel::assemble(&self.app, capabilities, axum::Router::new(), |router| {
            router
        })
        .await
        .expect("the capabilities fit together")
        .router
    }

    /// The same for a test that asks no route.
    ///
    /// # Panics
    /// When they do not fit together.
    pub async fn run(&self, capabilities: Vec<kernel::Capability>) {
        drop(self.start(capabilities).await);
    }

    /// Waits until every event and every enqueued job that is due has been handled.
    ///
    /// # Panics
    /// After ten seconds.
    pub async fn settle(&self) {
        let mut left = Vec::new();
        for _ in 0..500 {
            let conn = self.app.db.read();
            let events = self.app.events.due(conn).await.expect("the deliveries");
            let jobs = self.app.jobs.due(conn).await.expect("the jobs");
            left = events.into_iter().chain(jobs).collect();
            if left.is_empty() {
                return;
            }
            pause().await;
        }
        panic!("not settled: {left:?}");
    }

    /// The kind of database.
    pub fn kind(&self) -> Kind {
        self.database.kind
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
    }
}

/// The services at [`MONDAY_10`], with `overrides` of settings as `("http.listen", …)`.
///
/// # Panics
/// When they cannot be opened.
pub async fn app(kind: Kind, migrations: &[Migration], overrides: &[(&str, String)]) -> TestApp {
    app_at(MONDAY_10, kind, migrations, overrides).await
}

/// The services with the clock showing `time` (RFC 3339).
///
/// # Panics
/// When they cannot be opened.
pub async fn app_at(
    time: &str,
    kind: Kind,
    migrations: &[Migration],
    overrides: &[(&str, String)],
) -> TestApp {
    let database = database(kind, migrations).await;
    let folder = Folder::new();
    let mut settings = vec![
        ("data_dir", folder.path().display().to_string()),
        ("database.url", database.url.clone()),
    ];
    settings.extend(overrides.iter().cloned());
    let config = Config::with_overrides(&settings).expect("the settings");
    let start: DateTime<Utc> = time.parse().expect("a time such as 2026-11-23T02:00:00Z");
    let app = App::open(config, Clock::starting_at(start))
        .await
        .expect("the services");
    TestApp {
        app,
        database,
        folder,
    }
}

/// Tells one story on `SQLite` and then on `PostgreSQL`.
pub async fn on_both(migrations: &[Migration], story: impl AsyncFn(TestApp)) {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        story(app(*kind, migrations, &[]).await).await;
    }
}
