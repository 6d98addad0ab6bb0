//! What both kinds of template share: the key, the lock and the place.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::Migration;
use sha2::{Digest, Sha256};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A name no other test of this machine has.
pub fn unique() -> String {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}_{count}_{:x}", std::process::id(), random())
}

fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// The migrations with the kernel's own among them, in order.
pub fn with_kernel(migrations: &[Migration]) -> Vec<Migration> {
    let mut all = kernel::migrations();
    all.extend_from_slice(migrations);
    all.sort_by_key(|migration| migration.id);
    all.dedup_by_key(|migration| migration.id);
    all
}

/// Tells sets of migrations apart.
pub fn key(migrations: &[Migration]) -> String {
    let mut hash = Sha256::new();
    for migration in migrations {
        hash.update(migration.id);
        hash.update([0]);
        hash.update(migration.sqlite);
        hash.update(migration.postgres);
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..8])
}

/// Tells builds of a test apart.
pub fn build() -> String {
    let exe = std::env::current_exe().expect("the test's own program");
    let metadata = std::fs::metadata(&exe).expect("the test's own program");
    let mut hash = Sha256::new();
    hash.update(exe.as_os_str().as_encoded_bytes());
    hash.update(format!("{:?}", metadata.modified()));
    hex::encode(&hash.finalize()[..8])
}

/// Copies a folder with all it holds.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from)
        .expect("the prepared folder")
        .flatten()
    {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy of a prepared file");
        }
    }
}

/// The folder that test processes of this user share.
pub fn shared_folder() -> PathBuf {
    use std::os::unix::fs::MetadataExt as _;
    // The owner of our own process entry is us; std has no getuid.
    let user = std::fs::metadata("/proc/self").map_or(0, |entry| entry.uid());
    let folder = std::env::temp_dir().join(format!("shoujie-test-of-{user}"));
    std::fs::create_dir_all(&folder).expect("a folder to share between test processes");
    folder
}

/// Waits until nobody else prepares the template `key`.
pub async fn locked(key: &str) -> File {
    let path = shared_folder().join(format!("{key}.lock"));
    tokio::task::spawn_blocking(move || lock(&path))
        .await
        .expect("a lock")
}

/// Waits for the lock on `path`; it is free again when the value is dropped or the process dies.
pub fn lock(path: &Path) -> File {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a lock file");
    file.lock().expect("a lock");
    file
}
