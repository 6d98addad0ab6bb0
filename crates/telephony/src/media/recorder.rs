//! Stereo recordings (left requester, right agent), A-law WAV, playable at any moment.

use std::path::PathBuf;

/// What a recording reports while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecorderEvent {
    /// The file cannot be written (full disk, no folder); the text is the system's. Sent once, the
    /// call goes on and writing is tried again with each flush.
    Failing(String),
    /// Writing works again; what is missing is silence in the file.
    Recovered,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The file.
    pub path: PathBuf,
    /// Length of both lanes.
    pub duration_ms: u64,
    /// Sound that could not be written and is silence in the file.
    pub lost_ms: u64,
    /// The last error of the system, if the file is not complete.
    pub error: Option<String>,
}
