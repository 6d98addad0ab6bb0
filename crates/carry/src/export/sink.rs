//! A file that stands under another name until it is whole, with its size and SHA-256.

use std::path::{Path, PathBuf};

use kernel::problem::{Result, internal, unavailable};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::Written;

pub(super) struct Sink {
    path: String,
    place: PathBuf,
    half: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Sink {
    pub(super) async fn open(folder: &Path, path: &str) -> Result<Self> {
        let place = folder.join(path);
        if let Some(parent) = place.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(failed)?;
        }
        let mut half = place.clone().into_os_string();
        half.push(".half");
        let half = PathBuf::from(half);
        let file = File::create(&half).await.map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            place,
            half,
            file: BufWriter::new(file),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).await.map_err(failed)
    }

    pub(super) async fn finish(mut self) -> Result<Written> {
        self.file.flush().await.map_err(failed)?;
        self.file.get_ref().sync_all().await.map_err(failed)?;
        tokio::fs::rename(&self.half, &self.place)
            .await
            .map_err(failed)?;
        Ok(Written {
            path: self.path,
            bytes: self.bytes,
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

fn failed(error: std::io::Error) -> kernel::Problem {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return unavailable("disk_full", "the disk is full; the folder was not finished");
    }
    internal(error)
}
