//! What a process uses, from `/proc`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Kernel ticks a second in `/proc` (`USER_HZ`): 100 on every Linux that this runs on.
const TICKS: f64 = 100.0;

/// CPU time that a process spent so far, in user and in system mode.
pub fn cpu(pid: u32) -> Result<(Duration, Duration)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command's name in parentheses may hold anything; utime and stime are fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| -> Result<Duration> {
        let ticks: f64 = fields.get(at).context("/proc/PID/stat")?.parse()?;
        Ok(Duration::from_secs_f64(ticks / TICKS))
    };
    Ok((ticks(11)?, ticks(12)?))
}

/// Memory of a process, in MiB.
pub fn memory_mib(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

/// What a process used in a while.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// In user mode.
    pub user: Duration,
    /// In system mode.
    pub system: Duration,
    /// How long that was.
    pub wall: Duration,
}

impl Usage {
    /// Measures it.
    pub async fn during(pid: u32, wait: Duration) -> Result<Self> {
        let (began, before) = (Instant::now(), cpu(pid)?);
        tokio::time::sleep(wait).await;
        let (wall, after) = (began.elapsed(), cpu(pid)?);
        Ok(Self {
            user: after.0.saturating_sub(before.0),
            system: after.1.saturating_sub(before.1),
            wall,
        })
    }

    /// Milliseconds of CPU for each second of each of so many calls.
    pub fn per_call_second_ms(&self, calls: usize) -> f64 {
        (self.user + self.system).as_secs_f64() * 1000.0 / (calls as f64 * self.wall.as_secs_f64())
    }

    /// 1 is a whole core.
    pub fn share_of_a_core(&self) -> f64 {
        (self.user + self.system).as_secs_f64() / self.wall.as_secs_f64()
    }

    /// The part of it in user mode.
    pub fn user_share(&self) -> f64 {
        self.user.as_secs_f64() / (self.user + self.system).as_secs_f64().max(1e-9)
    }
}
