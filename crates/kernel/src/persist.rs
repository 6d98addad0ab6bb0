//! Writing until it is written: for journals that nobody waits for.

use std::fmt::Display;
use std::time::Duration;

use crate::Clock;
use crate::problem::{Problem, Result};

/// Pause before a failed write is tried again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// What is refused this often, while the database takes others, is given up.
const REFUSALS: u32 = 5;

/// Tries `write` until it is done. `Err` when the database refused it five times and then took another
/// row: its content is at fault, and no patience will help. `probe` writes such a row and takes it away
/// again; a database that reads but does not write (read-only, disk full, away) fails it, and is waited
/// for. `what` stands in the log: kinds and ids, no content.
pub async fn until_written<W, P>(
    clock: &Clock,
    what: &(impl Display + Sync),
    write: impl Fn() -> W,
    probe: impl Fn() -> P,
) -> std::result::Result<(), Problem>
where
    W: Future<Output = Result<()>>,
    P: Future<Output = Result<()>>,
{
    let (mut pause, mut refusals) = (RETRY.0, 0u32);
    loop {
        let problem = match write().await {
            Ok(()) => {
                if refusals > 0 {
                    tracing::warn!(%what, refusals, "written late");
                }
                return Ok(());
            }
            Err(problem) => problem,
        };
        refusals += 1;
        tracing::error!(%what, refusals, code = %problem.code, "not written yet");
        if refusals >= REFUSALS && probe().await.is_ok() {
            return Err(problem);
        }
        clock.sleep(pause).await;
        pause = (pause * 2).min(RETRY.1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;
    use crate::problem::{internal, unavailable};

    /// Passes the pauses at once.
    async fn tried(good_from: u32, others: bool) -> (Result<()>, u32) {
        let (clock, tries) = (Clock::system(), Arc::new(AtomicU32::new(0)));
        let counter = tries.clone();
        let write = || {
            let good = counter.fetch_add(1, Relaxed) + 1 >= good_from;
            async move {
                if good {
                    Ok(())
                } else {
                    Err(internal("refused"))
                }
            }
        };
        let probe = || async move {
            if others {
                Ok(())
            } else {
                Err(unavailable("read_only", "it reads, it does not write"))
            }
        };
        let moved = async {
            loop {
                clock.advance(Duration::from_secs(6));
                tokio::task::yield_now().await;
            }
        };
        let kept = tokio::select! {
            kept = until_written(&clock, &"a row", write, probe) => kept,
            () = moved => unreachable!(),
        };
        (kept, tries.load(Relaxed))
    }

    #[tokio::test]
    async fn what_the_database_will_never_take_is_given_up_and_nothing_else() {
        assert!(matches!(tried(3, true).await, (Ok(()), 3)));
        assert!(matches!(tried(u32::MAX, true).await, (Err(_), 5)));
        // It takes nothing at all for a long time: nothing is given up.
        assert!(matches!(tried(50, false).await, (Ok(()), 50)));
    }
}
