//! Passwords: what a good one is, and hashing that never blocks the server's threads.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use kernel::problem::{Problem, Result, internal, invalid};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Least length (GB/T 22239-2019 8.1.4.1 a asks for 8, 12 is recommended).
const MIN_CHARS: usize = 12;
/// Longest; argon2 takes more, but nobody types it.
const MAX_BYTES: usize = 256;
/// Of lower-case letters, upper-case letters, digits and the rest.
const MIN_CLASSES: usize = 3;
/// Hashes counted at once; each takes 19 MiB and a core for some 30 ms.
const AT_ONCE: usize = 4;
/// What the password of an unknown user is compared with, so that the answer takes as long. No password
/// has this hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2hvdWppZS1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The demo's password. `demo::seed` sets it; nobody else may.
pub const DEMO_PASSWORD: &str = "Shoujie-demo-1";

/// Whether `password` is good enough for `username`; names the field `field` when not.
pub fn check(password: &str, username: &str, field: &str) -> Result<()> {
    let weak = |code, detail: &str| Err(invalid(field, code, detail));
    if password.chars().count() < MIN_CHARS {
        return weak(
            "password_too_short",
            "a password has at least 12 characters",
        );
    }
    if password.len() > MAX_BYTES {
        return weak("password_too_long", "a password has at most 256 bytes");
    }
    let has = |class: fn(char) -> bool| usize::from(password.chars().any(class));
    let classes = has(char::is_lowercase)
        + has(char::is_uppercase)
        + has(char::is_numeric)
        + has(|char| !char.is_lowercase() && !char.is_uppercase() && !char.is_numeric());
    if classes < MIN_CLASSES {
        return weak(
            "password_too_simple",
            "a password mixes three of lower-case letters, upper-case letters, digits and other signs",
        );
    }
    if password.to_lowercase().contains(&username.to_lowercase()) {
        return weak(
            "password_holds_username",
            "a password does not hold the sign-in name",
        );
    }
    if password == DEMO_PASSWORD {
        return weak(
            "password_is_public",
            "the demo's password is known to everyone",
        );
    }
    Ok(())
}

/// A password for the first sign-in from 16 hex digits of randomness; it passes [`check`].
pub(crate) fn initial(hex: &str) -> String {
    let groups: Vec<&str> = (0..hex.len())
        .step_by(4)
        .filter_map(|at| hex.get(at..at + 4))
        .collect();
    format!("Sj-{}", groups.join("-"))
}

/// Counts argon2id hashes on blocking threads, few at once.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Waits for a turn. What is read after it is at most a few sign-ins old, so that a flood of guesses
    /// cannot all pass before the lock falls.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        self.permits.clone().acquire_owned().await.map_err(internal)
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let permit = self.turn().await?;
        let password = password.to_owned();
        blocking(move || {
            let _permit = permit;
            let hash: PasswordHash = Argon2::default()
                .hash_password(password.as_bytes())
                .map_err(internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is that of one of the hashes; `None` costs as much and is never true.
    pub(crate) async fn matches(
        permit: OwnedSemaphorePermit,
        password: &str,
        hash: Option<String>,
    ) -> Result<bool> {
        let password = password.to_owned();
        blocking(move || {
            let _permit = permit;
            let known = hash.is_some();
            Ok(verify(&password, hash.as_deref().unwrap_or(NOBODY))? && known)
        })
        .await
    }

    /// Whether the password is that of any of the hashes.
    pub(crate) async fn matches_any(&self, password: &str, hashes: Vec<String>) -> Result<bool> {
        let permit = self.turn().await?;
        let password = password.to_owned();
        blocking(move || {
            let _permit = permit;
            for hash in &hashes {
                if verify(&password, hash)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }
}

fn verify(password: &str, hash: &str) -> Result<bool> {
    let hash = PasswordHash::new(hash).map_err(internal)?;
    Ok(password.len() <= MAX_BYTES
        && Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str) -> &'static str {
        check(password, "agent1", "new")
            .err()
            .map_or("good", |problem| problem.code)
    }

    #[test]
    fn a_good_password_is_long_mixed_and_its_own() {
        assert_eq!(code("Correct-horse-9"), "good");
        assert_eq!(code("correct horse 9"), "good");
        assert_eq!(code("Sh0rt-one"), "password_too_short");
        assert_eq!(code("alllowercaseandlong"), "password_too_simple");
        assert_eq!(code("lowercase1234567890"), "password_too_simple");
        assert_eq!(code("My-Agent1-is-me"), "password_holds_username");
        assert_eq!(code(DEMO_PASSWORD), "password_is_public");
        assert_eq!(code(&"Aa1-".repeat(100)), "password_too_long");
    }

    #[test]
    fn a_first_password_passes_the_rules() {
        let password = initial("00ff00ff12ab34cd");
        assert_eq!(password, "Sj-00ff-00ff-12ab-34cd");
        assert_eq!(code(&password), "good");
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_nobody_else() {
        let hasher = Hasher::new();
        let hash = hasher.hash("Correct-horse-9").await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        let matches = async |password: &'static str, hash| {
            Hasher::matches(hasher.turn().await.unwrap(), password, hash)
                .await
                .unwrap()
        };
        assert!(matches("Correct-horse-9", Some(hash.clone())).await);
        assert!(!matches("Correct-horse-8", Some(hash.clone())).await);
        assert!(!matches("Correct-horse-9", None).await);
        assert!(
            hasher
                .matches_any("Correct-horse-9", vec![hash])
                .await
                .unwrap()
        );
    }
}
