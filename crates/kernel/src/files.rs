//! Recordings and attachments in the data folder.

use std::path::{Component, Path, PathBuf};

use crate::problem::{Result, bad_request, internal};

/// A folder of files, addressed by relative paths.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Opens the folder, made when missing.
    pub fn new(root: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&root).map_err(internal)?;
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
}
