//! Recordings and attachments in the data folder.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::problem::{Problem, Result, bad_request, internal, not_found, unavailable};

/// A folder of files, addressed by relative paths.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Opens the folder, made when missing.
    pub fn new(root: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&root)
            .map_err(|error| unavailable("data_dir", format!("{}: {error}", root.display())))?;
        Ok(Self { root })
    }

    /// The place of a file on this machine's disk; refuses a path that leaves the folder.
    pub fn local_path(&self, path: &str) -> Result<PathBuf> {
        let relative = Path::new(path);
        if relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
            && !path.is_empty()
        {
            Ok(self.root.join(relative))
        } else {
            Err(bad_request(
                "bad_path",
                "a file path stays inside its folder",
            ))
        }
    }

    /// The place of a file that is written little by little, such as a recording; its folder exists.
    pub async fn append_path(&self, path: &str) -> Result<PathBuf> {
        let place = self.local_path(path)?;
        if let Some(folder) = place.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        }
        Ok(place)
    }

    /// Stores a whole file; after the answer it is on disk, and nobody ever sees half of it.
    pub async fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let place = self.append_path(path).await?;
        let mut half = place.clone().into_os_string();
        half.push(".half");
        let half = PathBuf::from(half);
        let stored = async {
            let mut file = tokio::fs::File::create(&half).await?;
            file.write_all(bytes).await?;
            file.sync_all().await?;
            tokio::fs::rename(&half, &place).await?;
            // The new name is in the folder, which is flushed by itself.
            if let Some(folder) = place.parent() {
                tokio::fs::File::open(folder).await?.sync_all().await?;
            }
            Ok(())
        };
        let stored: std::io::Result<()> = stored.await;
        if stored.is_err() {
            // What is left of it is of no use; the cause is told below.
            let _ = tokio::fs::remove_file(&half).await;
        }
        stored.map_err(failed)
    }

    /// A whole file.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        let bytes = tokio::fs::read(self.local_path(path)?)
            .await
            .map_err(failed)?;
        Ok(bytes.into())
    }

    /// Length in bytes.
    pub async fn len(&self, path: &str) -> Result<u64> {
        Ok(tokio::fs::metadata(self.local_path(path)?)
            .await
            .map_err(failed)?
            .len())
    }

    /// The bytes of a range, cut off at the end of the file.
    pub async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Bytes> {
        let mut file = tokio::fs::File::open(self.local_path(path)?)
            .await
            .map_err(failed)?;
        file.seek(std::io::SeekFrom::Start(range.start))
            .await
            .map_err(failed)?;
        let mut bytes = Vec::new();
        let length = range.end.saturating_sub(range.start);
        file.take(length)
            .read_to_end(&mut bytes)
            .await
            .map_err(failed)?;
        Ok(bytes.into())
    }

    /// SHA-256 of the content in hex.
    pub async fn sha256(&self, path: &str) -> Result<String> {
        let mut file = tokio::fs::File::open(self.local_path(path)?)
            .await
            .map_err(failed)?;
        let mut hash = Sha256::new();
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = file.read(&mut chunk).await.map_err(failed)?;
            if read == 0 {
                return Ok(hex::encode(hash.finalize()));
            }
            hash.update(&chunk[..read]);
        }
    }

    /// Takes a file away; one that is not there is fine.
    pub async fn remove(&self, path: &str) -> Result<()> {
        match tokio::fs::remove_file(self.local_path(path)?).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

fn failed(error: std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => not_found("file"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            tracing::error!(%error, "the disk is full");
            unavailable("disk_full", "the disk is full; the file was not stored")
        }
        _ => internal(error),
    }
}
