//! The thread that writes all recordings.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Result;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::codec::SILENCE;
use super::wav::{HEADER, Mark, header, marks_chunk};
use super::{Recording, milliseconds};

/// Sound on its way to the disk, all calls together, in bytes: 30 minutes of one call, 2 s of a thousand.
const QUEUE: usize = 32 * 1024 * 1024;
/// The thread rests so long between two looks at what is to be written.
const REST: Duration = Duration::from_millis(10);

/// A handle on the thread; it ends when the last handle is dropped and all is written.
#[derive(Debug, Clone)]
pub(in super::super) struct Writer {
    jobs: mpsc::Sender<Job>,
    queued: Arc<AtomicUsize>,
    next: Arc<AtomicU64>,
    limit: usize,
}

/// One file, as the media task knows it.
#[derive(Debug)]
pub(super) struct File {
    id: u64,
    error: Arc<Mutex<Option<String>>>,
}

/// Whether a file can be written.
pub(super) enum Health {
    Good,
    Failing(String),
}

impl File {
    pub(super) fn health(&self) -> Health {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error
            .as_ref()
            .map_or(Health::Good, |error| Health::Failing(error.clone()))
    }
}

#[derive(Debug)]
enum Job {
    Open(u64, PathBuf, Arc<Mutex<Option<String>>>),
    Write(u64, u64, Vec<u8>),
    Finish(u64, End, oneshot::Sender<Option<Recording>>),
}

/// How a recording ends.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Bytes of sound in all.
    pub length: u64,
    /// Sound that was given up before it came here.
    pub lost_ms: u64,
    /// What happened in between.
    pub marks: Vec<Mark>,
}

impl Writer {
    pub(in super::super) fn start() -> Result<Self> {
        Self::with_limit(QUEUE)
    }

    fn with_limit(limit: usize) -> Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&queued);
        std::thread::Builder::new()
            .name("recordings".into())
            .spawn(move || work(&inbox, &counter))?;
        Ok(Self {
            jobs,
            queued,
            next: Arc::default(),
            limit,
        })
    }

    pub(super) fn open(&self, path: PathBuf) -> File {
        let file = File {
            id: self.next.fetch_add(1, Relaxed),
            error: Arc::default(),
        };
        // The thread outlives every handle: sending cannot fail.
        let _ = self
            .jobs
            .send(Job::Open(file.id, path, Arc::clone(&file.error)));
        file
    }

    /// Queues sound for `offset` bytes after the header. Gives it back when too much waits already.
    pub(super) fn write(
        &self,
        file: &File,
        offset: u64,
        sound: Vec<u8>,
    ) -> std::result::Result<(), Vec<u8>> {
        if self.queued.load(Relaxed) + sound.len() > self.limit {
            return Err(sound);
        }
        self.queued.fetch_add(sound.len(), Relaxed);
        let _ = self.jobs.send(Job::Write(file.id, offset, sound));
        Ok(())
    }

    pub(super) fn finish(&self, file: &File, end: End, reply: oneshot::Sender<Option<Recording>>) {
        let _ = self.jobs.send(Job::Finish(file.id, end, reply));
    }
}

/// A file, as the thread knows it.
struct Open {
    path: PathBuf,
    file: Option<std::fs::File>,
    /// Bytes of sound written without a hole.
    end: u64,
    lost: u64,
    last_error: Option<String>,
    error: Arc<Mutex<Option<String>>>,
}

fn work(inbox: &mpsc::Receiver<Job>, queued: &AtomicUsize) {
    let mut files = HashMap::new();
    while let Ok(first) = inbox.recv() {
        for job in std::iter::once(first).chain(inbox.try_iter()) {
            job.work(&mut files, queued);
        }
        // What comes meanwhile is written in one go: a thousand calls would wake the thread 2,500 times a second.
        std::thread::sleep(REST);
    }
}

impl Job {
    fn work(self, files: &mut HashMap<u64, Open>, queued: &AtomicUsize) {
        match self {
            Self::Open(id, path, error) => {
                let mut open = Open {
                    path,
                    file: None,
                    end: 0,
                    lost: 0,
                    last_error: None,
                    error,
                };
                let result = open.create();
                open.report(result);
                files.insert(id, open);
            }
            Self::Write(id, offset, sound) => {
                if let Some(open) = files.get_mut(&id) {
                    let result = open.write(offset, &sound);
                    if result.is_err() {
                        open.lost += sound.len() as u64;
                    }
                    open.report(result);
                }
                queued.fetch_sub(sound.len(), Relaxed);
            }
            Self::Finish(id, end, reply) => {
                let finished = files.remove(&id).map(|mut open| {
                    let result = open.finish(end.length, &end.marks);
                    open.report(result);
                    Recording {
                        duration_ms: milliseconds(open.end / 2),
                        lost_ms: end.lost_ms + milliseconds(open.lost / 2),
                        error: open.last_error,
                        path: open.path,
                    }
                });
                let _ = reply.send(finished);
            }
        }
    }
}

impl Open {
    fn report(&mut self, result: Result<()>) {
        let error = result.err().map(|error| error.to_string());
        if let Some(error) = &error {
            if self.last_error.is_none() {
                tracing::error!(path = %self.path.display(), error, "Recording cannot be written");
            }
            self.last_error = Some(error.clone());
        }
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// Never over a file that is there: recordings are evidence.
    fn create(&mut self) -> Result<()> {
        std::fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&self.path)?;
        let file = self.file.insert(file);
        file.write_all_at(&header(None), 0)
    }

    fn write(&mut self, offset: u64, sound: &[u8]) -> Result<()> {
        if self.file.is_none() {
            self.create()?;
        }
        self.fill(offset)?;
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.write_all_at(sound, HEADER + offset)?;
        self.end = self.end.max(offset + sound.len() as u64);
        Ok(())
    }

    /// Silence where nothing could be written: zeros would be a loud click in A-law.
    fn fill(&mut self, until: u64) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let silence = [SILENCE; 8192];
        while self.end < until {
            let part = (until - self.end).min(silence.len() as u64);
            file.write_all_at(&silence[..part as usize], HEADER + self.end)?;
            self.end += part;
        }
        Ok(())
    }

    fn finish(&mut self, length: u64, marks: &[Mark]) -> Result<()> {
        if self.file.is_none() {
            self.create()?;
        }
        let filled = self.fill(length);
        let Some(file) = &self.file else {
            return filled;
        };
        // A header that fits what is there, even when the last of it could not be written.
        let marks = marks_chunk(marks);
        file.write_all_at(&header(Some((self.end, marks.len() as u64))), 0)?;
        file.write_all_at(&marks, HEADER + self.end)?;
        file.sync_data()?;
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_gives_the_sound_back() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::with_limit(100).unwrap();
        let file = writer.open(folder.path().join("a.wav"));
        assert_eq!(writer.write(&file, 0, vec![1; 101]), Err(vec![1; 101]));
        assert_eq!(writer.write(&file, 0, vec![1; 100]), Ok(()));
        let (reply, done) = oneshot::channel();
        let end = End {
            length: 100,
            ..End::default()
        };
        writer.finish(&file, end, reply);
        assert_eq!(done.blocking_recv().unwrap().unwrap().duration_ms, 6);
        assert_eq!(writer.queued.load(Relaxed), 0);
    }

    #[test]
    fn what_could_not_be_written_is_silence_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("not-a-folder");
        std::fs::write(&blocked, "").unwrap();
        let writer = Writer::start().unwrap();
        let file = writer.open(blocked.join("a.wav"));
        writer.write(&file, 0, vec![1; 1600]).unwrap();
        while matches!(file.health(), Health::Good) {
            std::thread::yield_now();
        }
        while writer.queued.load(Relaxed) > 0 {
            std::thread::yield_now();
        }
        std::fs::remove_file(&blocked).unwrap();
        writer.write(&file, 1600, vec![2; 1600]).unwrap();
        let (reply, done) = oneshot::channel();
        let end = End {
            length: 3200,
            ..End::default()
        };
        writer.finish(&file, end, reply);
        let recording = done.blocking_recv().unwrap().unwrap();
        assert_eq!((recording.duration_ms, recording.lost_ms), (200, 100));
        assert!(recording.error.is_some());
        let bytes = std::fs::read(blocked.join("a.wav")).unwrap();
        let sound = &bytes[HEADER as usize..];
        assert_eq!(
            (&sound[..1600], &sound[1600..]),
            (&[SILENCE; 1600][..], &[2; 1600][..])
        );
    }

    #[test]
    fn a_recording_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, "evidence").unwrap();
        let writer = Writer::start().unwrap();
        let file = writer.open(path.clone());
        writer.write(&file, 0, vec![1; 16]).unwrap();
        let (reply, done) = oneshot::channel();
        let end = End {
            length: 16,
            ..End::default()
        };
        writer.finish(&file, end, reply);
        assert!(done.blocking_recv().unwrap().unwrap().error.is_some());
        assert_eq!(std::fs::read(path).unwrap(), b"evidence");
    }
}
