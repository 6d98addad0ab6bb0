//! What every capability is given.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Secrets;
use crate::key::Key;
use crate::rights::Rights;
use crate::vital::Vital;
use crate::{Clock, Config, Db, Events, Files, Ids, Jobs, Live, Params};

/// The shared services; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The time.
    pub clock: Clock,
    /// Identifiers and secrets.
    pub ids: Ids,
    /// The database.
    pub db: Db,
    /// The settings.
    pub config: Arc<Config>,
    /// What the screens are told at once.
    pub live: Live,
    /// Recordings and attachments.
    pub files: Files,
    /// What one capability tells another, in the same transaction.
    pub events: Events,
    /// Work for later.
    pub jobs: Jobs,
    /// Effective-dated parameters.
    pub params: Params,
    /// The permissions of all capabilities.
    pub rights: Rights,
    /// Which rows of the audit trail are kept from whom.
    pub secrets: Secrets,
    /// The installation's secret key, for keyed hashes.
    pub key: Key,
    /// This process in a cluster: claims and leases carry it.
    pub node: Arc<str>,
    /// Told when the process is to stop.
    pub shutdown: CancellationToken,
    /// Tasks that the stop waits for.
    pub tasks: TaskTracker,
    /// Those among them that must not end before; see [`App::spawn_vital`].
    pub vital: Vital,
}

impl App {
    /// Opens the database and builds the services from the settings.
    pub async fn open(config: Config, clock: Clock) -> crate::Result<Self> {
        let data_dir: std::path::PathBuf = config.get("data_dir")?;
        std::fs::create_dir_all(&data_dir).map_err(|error| {
            crate::problem::unavailable("data_dir", format!("{}: {error}", data_dir.display()))
        })?;
        let mut url: String = config.get("database.url")?;
        if url.is_empty() {
            url = format!("sqlite://{}", data_dir.join("shoujie.db").display());
        }
        let db = Db::connect(&url).await?;
        let ids = Ids::new(clock.clone());
        let key = Key::open(&data_dir.join("secret.key"), &ids)?;
        let node: String = config.get("cluster.node")?;
        Ok(Self {
            live: Live::new(clock.clone()),
            files: Files::new(data_dir.join("files"))?,
            events: Events::new(ids.clone(), clock.clone()),
            jobs: Jobs::new(ids.clone(), clock.clone()),
            params: Params::new(db.clone(), clock.clone()),
            rights: Rights::default(),
            secrets: Secrets::default(),
            key,
            node: if node.is_empty() { host_name() } else { node }.into(),
            config: Arc::new(config),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            vital: Vital::default(),
            clock,
            ids,
            db,
        })
    }
}

/// The machine's name as the kernel tells it.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}
