//! The threads that move the media of all calls.
//!
//! A thread sleeps until something arrives, works on everything that is there, and rests for [`ROUND`] before it looks
//! again: with many calls one wake-up and one question to the kernel serve many packets, with few a packet is passed
//! on at once. A call stays on its thread for its whole life.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::plane::MediaError;
use super::session::{Command, Task, Turn};

/// From one look at the sockets to the next. It is the most that a packet waits for others.
const ROUND: Duration = Duration::from_millis(2);
/// From a call's turn to its next alarm, at least.
const SOONEST: Duration = Duration::from_millis(1);
/// Ready sockets taken with one question.
const READY: usize = 1024;
/// Threads at most: one moves the calls of a large centre.
const MOST: usize = 4;
/// What the kernel says of the thread's own bell.
const BELL: u64 = u64::MAX;
/// Bits of a socket's mark that name the leg; the others name the call.
const LEG_BITS: u32 = 16;

/// All threads. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pump {
    threads: Arc<[Arc<Thread>]>,
    next: Arc<AtomicU64>,
}

/// A thread, as others know it. It ends with its last handle.
#[derive(Debug)]
struct Thread {
    jobs: mpsc::Sender<Job>,
    bell: Arc<OwnedFd>,
    calls: AtomicUsize,
}

#[derive(Debug)]
enum Job {
    Open(u64, Box<Task>),
    Do(u64, Command),
    /// Nobody commands the call any more.
    Gone(u64),
    End,
}

/// A call's place on its thread; the call ends when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    thread: Arc<Thread>,
}

impl Place {
    /// Has the call do this.
    pub(super) fn command(&self, command: Command) {
        self.thread.give(Job::Do(self.id, command));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.thread.calls.fetch_sub(1, Relaxed);
        self.thread.give(Job::Gone(self.id));
    }
}

impl Pump {
    /// Starts as many threads as there are cores.
    pub(super) fn start() -> Result<Self, MediaError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..cores.clamp(1, MOST)).map(|_| Thread::start());
        Ok(Self {
            threads: threads.collect::<Result<_, _>>()?,
            next: Arc::default(),
        })
    }

    /// Gives a call to the thread that has the fewest.
    pub(super) fn take(&self, task: Task) -> Place {
        let fewest = |one, other| {
            let calls = |thread: &Arc<Thread>| thread.calls.load(Relaxed);
            if calls(other) < calls(one) {
                other
            } else {
                one
            }
        };
        let thread = self.threads[1..].iter().fold(&self.threads[0], fewest);
        let id = self.next.fetch_add(1, Relaxed);
        thread.calls.fetch_add(1, Relaxed);
        thread.give(Job::Open(id, Box::new(task)));
        Place {
            id,
            thread: Arc::clone(thread),
        }
    }
}

impl Thread {
    fn start() -> Result<Arc<Self>, MediaError> {
        let io = |error: rustix::io::Errno| MediaError::from(std::io::Error::from(error));
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let bell = Arc::new(eventfd(0, flags).map_err(io)?);
        let sockets = epoll::create(CreateFlags::CLOEXEC).map_err(io)?;
        epoll::add(&sockets, &*bell, EventData::new_u64(BELL), EventFlags::IN).map_err(io)?;
        let (jobs, inbox) = mpsc::channel();
        let work = Work {
            sockets,
            bell: Arc::clone(&bell),
            inbox,
            calls: HashMap::new(),
            alarms: BinaryHeap::new(),
        };
        std::thread::Builder::new()
            .name("media".into())
            .spawn(move || work.run())?;
        Ok(Arc::new(Self {
            jobs,
            bell,
            calls: AtomicUsize::new(0),
        }))
    }

    fn give(&self, job: Job) {
        // The thread outlives every handle: sending cannot fail, and a bell that rings already is heard.
        let _ = self.jobs.send(job);
        let _ = rustix::io::write(&*self.bell, &1_u64.to_ne_bytes());
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.give(Job::End);
    }
}

/// A call on its thread.
struct Call {
    task: Box<Task>,
    /// When it is woken at the latest; alarms at other times are old.
    alarm: Option<Instant>,
}

/// The thread's side.
struct Work {
    sockets: OwnedFd,
    bell: Arc<OwnedFd>,
    inbox: mpsc::Receiver<Job>,
    calls: HashMap<u64, Call>,
    alarms: BinaryHeap<Reverse<(Instant, u64)>>,
}

impl Work {
    fn run(mut self) {
        let mut ready = Vec::with_capacity(READY);
        loop {
            let timeout = self
                .alarms
                .peek()
                .map(|Reverse((at, _))| timespec(at.saturating_duration_since(super::now())));
            ready.clear();
            // An interrupted wait is a short one.
            let _ = epoll::wait(&self.sockets, spare_capacity(&mut ready), timeout.as_ref());
            let now = super::now();
            if ready.iter().any(|event| event.data.u64() == BELL) {
                let mut count = [0; 8];
                let _ = rustix::io::read(&*self.bell, &mut count);
            }
            // First what was asked for: it was so before these packets came.
            if self.obey() {
                return;
            }
            for event in &ready {
                let mark = event.data.u64();
                if mark != BELL {
                    self.attend(mark >> LEG_BITS, |task, _| task.hear(mark as u16, now));
                }
            }
            self.ring(now);
            if ready.len() < READY {
                self.rest(now);
            }
        }
    }

    /// Does what was asked for; true at the end.
    fn obey(&mut self) -> bool {
        while let Ok(job) = self.inbox.try_recv() {
            match job {
                Job::Open(id, task) => {
                    self.calls.insert(id, Call { task, alarm: None });
                }
                Job::Do(id, Command::Close(reply)) => {
                    if let Some(call) = self.calls.remove(&id) {
                        let _ = catch_unwind(AssertUnwindSafe(|| call.task.close(Some(reply))));
                    }
                }
                Job::Do(id, command) => {
                    let now = super::now();
                    self.attend(id, |task, sockets| {
                        task.obey(command, now, |leg, socket| {
                            let mark = EventData::new_u64(id << LEG_BITS | u64::from(leg));
                            if let Err(error) = epoll::add(sockets, socket, mark, EventFlags::IN) {
                                tracing::error!(%error, "A leg cannot be heard");
                            }
                        });
                        task.work(now);
                        Turn::Rearm
                    });
                }
                Job::Gone(id) => {
                    if let Some(call) = self.calls.remove(&id) {
                        let _ = catch_unwind(AssertUnwindSafe(|| call.task.close(None)));
                    }
                }
                Job::End => return true,
            }
        }
        false
    }

    /// Wakes the calls whose time has come.
    fn ring(&mut self, now: Instant) {
        while let Some(Reverse((at, id))) = self.alarms.peek().copied()
            && at <= now
        {
            self.alarms.pop();
            let current = self
                .calls
                .get_mut(&id)
                .filter(|call| call.alarm == Some(at));
            let Some(call) = current else { continue };
            call.alarm = None;
            self.attend(id, |task, _| {
                // What arrived since moved its time on, as a rule.
                if task.deadline(now) <= now {
                    task.work(now);
                }
                Turn::Rearm
            });
        }
    }

    /// Has one call work. Trouble in one call ends that call only.
    fn attend(&mut self, id: u64, work: impl FnOnce(&mut Task, &OwnedFd) -> Turn) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let sockets = &self.sockets;
        let turn = catch_unwind(AssertUnwindSafe(|| work(&mut call.task, sockets)));
        match turn {
            Ok(Turn::Keep) => {}
            Ok(Turn::Rearm) => {
                let now = super::now();
                // Never at once: what cannot be done now must not keep the others waiting.
                let due = call.task.deadline(now).max(now + SOONEST);
                if call.alarm.is_none_or(|alarm| due < alarm) {
                    call.alarm = Some(due);
                    self.alarms.push(Reverse((due, id)));
                }
            }
            Err(_) => {
                tracing::error!("The media of a call failed");
                self.calls.remove(&id);
            }
        }
    }

    /// Waits for more packets to come. What is asked for does not wait.
    fn rest(&self, began: Instant) {
        let left = (began + ROUND).saturating_duration_since(super::now());
        if !left.is_zero() {
            let bell = &mut [PollFd::new(&*self.bell, PollFlags::IN)];
            let _ = poll(bell, Some(&timespec(left)));
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: time.as_secs() as i64,
        tv_nsec: time.subsec_nanos().into(),
    }
}
