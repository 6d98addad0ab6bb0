//! Where finished recordings are moved to: a folder, such as another disk, or an S3-compatible store. Both behind
//! `object_store`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use kernel::Config;
use kernel::problem::{Problem, Result, bad_request, not_found, unavailable};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, RetryConfig,
    WriteMultipart,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

/// Bytes sent in one part.
const PART: usize = 8 * 1024 * 1024;
/// Parts on their way at once.
const PARTS: usize = 2;
/// Tries of one request, and how long they may take together; the job comes again.
const TRIES: usize = 2;
const PATIENCE: Duration = Duration::from_mins(1);
/// One request.
const REQUEST: Duration = Duration::from_mins(5);

/// `[recordings]` of the settings.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ArchiveSettings {
    /// Empty, a folder, or `s3://bucket/prefix`.
    pub store: String,
    /// Of an S3-compatible service; empty: AWS.
    pub s3_endpoint: String,
    /// Region.
    pub s3_region: String,
    /// Access key.
    pub s3_access_key: String,
    /// Its secret.
    pub s3_secret_key: String,
    /// The bucket stands in the path, not in the host's name.
    pub s3_path_style: bool,
}

impl ArchiveSettings {
    /// Reads them.
    pub fn load(config: &Config) -> Result<Self> {
        config.section("recordings")
    }
}

/// The store; cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

/// A part of a file as it comes.
pub(crate) type Bytes = BoxStream<'static, std::io::Result<bytes::Bytes>>;

fn wrong(error: impl std::fmt::Display) -> Problem {
    bad_request("bad_config", format!("recordings.store: {error}"))
}

fn failed(error: object_store::Error) -> Problem {
    match error {
        object_store::Error::NotFound { .. } => not_found("recording"),
        // Its text may hold the address, never a secret.
        error => unavailable("recording_store_failed", error.to_string()),
    }
}

impl Archive {
    /// The store of the settings; none when recordings stay where they are made.
    pub fn open(settings: &ArchiveSettings) -> Result<Option<Self>> {
        let named = settings.store.trim();
        if named.is_empty() {
            return Ok(None);
        }
        if let Some(bucket) = named.strip_prefix("s3://") {
            return Self::bucket(settings, bucket).map(Some);
        }
        let folder = PathBuf::from(named);
        std::fs::create_dir_all(&folder).map_err(wrong)?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(wrong)?;
        Ok(Some(Self {
            store: Arc::new(store.with_fsync(true)),
            prefix: String::new(),
        }))
    }

    fn bucket(settings: &ArchiveSettings, named: &str) -> Result<Self> {
        let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
        let retry = RetryConfig {
            max_retries: TRIES,
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(settings.s3_region.trim())
            .with_access_key_id(settings.s3_access_key.trim())
            .with_secret_access_key(settings.s3_secret_key.trim())
            .with_virtual_hosted_style_request(!settings.s3_path_style)
            .with_disable_bulk_delete(true)
            .with_client_options(ClientOptions::new().with_timeout(REQUEST))
            .with_retry(retry);
        let endpoint = settings.s3_endpoint.trim();
        if !endpoint.is_empty() {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        Ok(Self {
            store: Arc::new(builder.build().map_err(wrong)?),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }

    fn key(&self, path: &str) -> Result<Key> {
        Key::parse(format!("{}/{path}", self.prefix).trim_start_matches('/')).map_err(wrong)
    }

    /// Stores a file of this disk; a second time it takes the place of the first.
    pub(crate) async fn put(&self, path: &str, local: &Path) -> Result<()> {
        let key = self.key(path)?;
        let unread = |error: std::io::Error| unavailable("recording_unreadable", error.to_string());
        let mut file = tokio::fs::File::open(local).await.map_err(unread)?;
        if file.metadata().await.map_err(unread)?.len() <= PART as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).await.map_err(unread)?;
            self.store.put(&key, bytes.into()).await.map_err(failed)?;
            return Ok(());
        }
        let upload = self.store.put_multipart(&key).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = match file.read(&mut buffer).await {
                Ok(read) => read,
                Err(error) => {
                    // What was sent of it is of no use.
                    let _ = upload.abort().await;
                    return Err(unread(error));
                }
            };
            if read == 0 {
                break;
            }
            upload.wait_for_capacity(PARTS).await.map_err(failed)?;
            upload.write(&buffer[..read]);
        }
        upload.finish().await.map_err(failed)?;
        Ok(())
    }

    /// Size in bytes and SHA-256 in hex of what is stored, read back.
    pub(crate) async fn measure(&self, path: &str) -> Result<(u64, String)> {
        let key = self.key(path)?;
        let found = self.store.get(&key).await.map_err(failed)?;
        let mut stream = found.into_stream();
        let (mut size, mut hash) = (0, Sha256::new());
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(failed)?;
            size += chunk.len() as u64;
            hash.update(&chunk);
        }
        Ok((size, hex::encode(hash.finalize())))
    }

    /// Size in bytes.
    pub(crate) async fn size(&self, path: &str) -> Result<u64> {
        let found = self.store.head(&self.key(path)?).await.map_err(failed)?;
        Ok(found.size)
    }

    /// A part of a file.
    pub(crate) async fn read(&self, path: &str, start: u64, length: u64) -> Result<Bytes> {
        if length == 0 {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(start..start + length)),
            ..GetOptions::default()
        };
        let key = self.key(path)?;
        let found = self.store.get_opts(&key, options).await.map_err(failed)?;
        let stream = found.into_stream();
        Ok(stream
            .map(|chunk| chunk.map_err(std::io::Error::from))
            .boxed())
    }

    /// Takes a file away; one that is not there is fine.
    pub(crate) async fn remove(&self, path: &str) -> Result<()> {
        match self.store.delete(&self.key(path)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}
