//! The only source of time. Tests hold the same clock and move it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the place the ban points to"
)]

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::sync::watch;

pub use calendar::SHANGHAI;

/// Real time plus an offset; the offset is zero outside tests.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: Arc<watch::Sender<TimeDelta>>,
    started: Instant,
}

/// The time allowed for a future ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self {
            offset: Arc::new(watch::Sender::new(TimeDelta::zero())),
            started: Instant::now(),
        }
    }

    /// A clock that shows `start` now and runs on in real time; see [`Clock::advance`].
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let clock = Self::system();
        clock.offset.send_replace(start - Utc::now());
        clock
    }

    /// Now, to the millisecond, which both databases keep.
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + *self.offset.borrow()).trunc_subsecs(3)
    }

    /// Time since this clock was made; never runs back, moves with [`Clock::advance`].
    pub fn monotonic(&self) -> Duration {
        self.started.elapsed() + self.offset.borrow().to_std().unwrap_or_default()
    }

    /// Moves the clock and wakes every sleeper whose time has come.
    pub fn advance(&self, by: Duration) {
        self.offset
            .send_modify(|offset| *offset += TimeDelta::from_std(by).unwrap_or_default());
    }

    /// Sleeps for `duration` of this clock.
    pub async fn sleep(&self, duration: Duration) {
        let until = self.now() + TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(36_500));
        self.sleep_until(until).await;
    }

    /// Sleeps until the clock shows `at`; returns at once when it already does.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        let mut moved = self.offset.subscribe();
        loop {
            let left = at - (Utc::now() + *moved.borrow_and_update());
            let Ok(left) = left.to_std() else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                changed = moved.changed() => if changed.is_err() { tokio::time::sleep(left).await },
            }
        }
    }

    /// Runs `future` for at most `duration` of this clock.
    pub async fn timeout<F: Future>(
        &self,
        duration: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        tokio::select! {
            output = future => Ok(output),
            () = self.sleep(duration) => Err(Elapsed),
        }
    }

    /// Runs `future` for at most `limit` of real time, however tests move the clock: a guard against what
    /// never ends.
    pub async fn guard<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(limit, future)
            .await
            .map_err(|_| Elapsed)
    }
}
