//! The installation's own secret key, for keyed hashes: what is found by a hash of a personal value is
//! found in this installation only. And for what the database keeps sealed: a copy of it tells nobody.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::Ids;
use crate::problem::{Problem, Result, internal};

const BYTES: usize = 32;
/// Long enough to be drawn by lot for each value (draft-irtf-cfrg-xchacha-03 §3.1).
const NONCE_BYTES: usize = 24;

/// The key; printed as stars.
#[derive(Clone)]
pub struct Key(Arc<[u8]>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(***)")
    }
}

impl Key {
    /// Reads `secret.key`; makes one at the first start. Refuses a file that others may read.
    pub fn open(file: &Path, ids: &Ids) -> Result<Self> {
        let refused = |why: &str| bad_key(format!("{}: {why}", file.display()));
        match std::fs::metadata(file) {
            Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
                return Err(refused("others may read it; chmod 600"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(file, ids)?,
            Err(error) => return Err(refused(&error.to_string())),
        }
        let text = std::fs::read_to_string(file).map_err(|error| refused(&error.to_string()))?;
        let bytes = hex::decode(text.trim())
            .ok()
            .filter(|bytes| bytes.len() >= BYTES);
        bytes
            .map(|bytes| Self(bytes.into()))
            .ok_or_else(|| refused("not 32 bytes in hex"))
    }

    /// A text that only this installation reads again, and only under the same label: what it is and whose,
    /// `totp:{user_id}`, so that a sealed value cannot be put into another row.
    pub fn seal(&self, ids: &Ids, label: &str, clear: &str) -> Result<String> {
        let mut sealed = hex::decode(ids.secret(NONCE_BYTES)).map_err(internal)?;
        let (msg, aad) = (clear.as_bytes(), label.as_bytes());
        let text = self
            .cipher()?
            .encrypt(XNonce::from_slice(&sealed), Payload { msg, aad })
            .map_err(internal)?;
        sealed.extend(text);
        Ok(hex::encode(sealed))
    }

    /// The text that was sealed under this label; a problem when another key or label sealed it.
    pub fn unseal(&self, label: &str, sealed: &str) -> Result<String> {
        let unreadable = || {
            internal(format!(
                "`{label}` was not sealed with this installation's secret.key"
            ))
        };
        let sealed = hex::decode(sealed).map_err(|_| unreadable())?;
        let (nonce, msg) = sealed
            .split_at_checked(NONCE_BYTES)
            .ok_or_else(unreadable)?;
        let aad = label.as_bytes();
        let clear = self
            .cipher()?
            .decrypt(XNonce::from_slice(nonce), Payload { msg, aad })
            .map_err(|_| unreadable())?;
        String::from_utf8(clear).map_err(|_| unreadable())
    }

    /// Its key is derived, so that the one key never serves two ciphers.
    fn cipher(&self) -> Result<XChaCha20Poly1305> {
        let mut derived =
            <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0).map_err(internal)?;
        derived.update(b"seal");
        let derived = derived.finalize().into_bytes();
        XChaCha20Poly1305::new_from_slice(&derived).map_err(internal)
    }

    /// The bytes, for [`crate::masked::keyed_hash`] and [`crate::audit::digest`].
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn bad_key(detail: String) -> Problem {
    internal(&detail).with_way_out(detail)
}

/// Written beside and linked into place, so that two first starts at once end with one whole key.
fn make(file: &Path, ids: &Ids) -> Result<()> {
    let half = file.with_extension(ids.secret(8));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)
        .and_then(|mut open| {
            open.write_all(ids.secret(BYTES).as_bytes())?;
            open.sync_all()
        });
    let linked = written.and_then(|()| match std::fs::hard_link(&half, file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    // The name beside has served; a leftover harms nobody.
    let _ = std::fs::remove_file(&half);
    linked.map_err(|error| bad_key(format!("{}: {error}", file.display())))
}
