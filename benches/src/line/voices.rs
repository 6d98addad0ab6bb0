//! The voices: each end is a socket that says a packet every 20 ms and listens. What is said carries the time it was
//! said at, so that who hears it knows how long it was under way.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use telephony::media::codec::{FRAME, SILENCE};
use telephony::media::rtp::{self, Header};

/// The thread looks up this often; the ends speak in twenty groups, one after the other.
const TICK: Duration = Duration::from_millis(1);
const GROUPS: u64 = 20;
/// Buckets of delays, and how long one is.
const BUCKETS: usize = 10_000;
const BUCKET_US: u64 = 50;
/// G.711 A-law.
const ALAW: u8 = 8;

/// How the packets travelled since the last question.
#[derive(Debug, Clone)]
pub struct Travel {
    /// Packets said.
    pub sent: u64,
    /// Packets heard.
    pub received: u64,
    /// Packets missing by their numbers.
    pub lost: u64,
    /// The ends that hear somebody.
    pub hearing: usize,
    /// The least that one of them heard.
    pub least: u64,
    /// How many took so many times 50 µs.
    delays: Vec<u64>,
}

impl Travel {
    /// The delay below which this part of the packets, in hundredths of a percent, stayed.
    pub fn delay(&self, percent: usize) -> Duration {
        let all: u64 = self.delays.iter().sum();
        let wanted = (all * percent as u64).div_ceil(100);
        let mut passed = 0;
        for (at, count) in self.delays.iter().enumerate() {
            passed += count;
            if passed >= wanted {
                return Duration::from_micros((at as u64 + 1) * BUCKET_US);
            }
        }
        Duration::ZERO
    }

    /// The part that did not come.
    pub fn loss(&self) -> f64 {
        self.lost as f64 / (self.lost + self.received).max(1) as f64
    }
}

enum Job {
    Aim(usize, Option<SocketAddr>),
    Ask(mpsc::Sender<Travel>),
}

/// All ends; they fall silent when this is dropped.
pub struct Voices {
    jobs: mpsc::Sender<Job>,
    ports: Vec<u16>,
}

impl Voices {
    /// Opens so many ends on loopback.
    pub fn open(ends: usize) -> Result<Self> {
        let mut all = Vec::new();
        let ready = epoll::create(CreateFlags::CLOEXEC)?;
        for at in 0..ends {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_nonblocking(true)?;
            let mark = EventData::new_u64(at as u64);
            epoll::add(&ready, &socket, mark, EventFlags::IN)?;
            all.push(End {
                socket,
                target: None,
                sequence: 0,
                heard: None,
                received: 0,
            });
        }
        let ports = all
            .iter()
            .map(|end| Ok(end.socket.local_addr()?.port()))
            .collect::<Result<_>>()?;
        let (jobs, inbox) = mpsc::channel();
        let hall = Hall {
            ends: all,
            began: Instant::now(),
            sent: 0,
            lost: 0,
            delays: vec![0; BUCKETS],
        };
        std::thread::Builder::new()
            .name("voices".into())
            .spawn(move || hall.run(&ready, &inbox))?;
        Ok(Self { jobs, ports })
    }

    /// The port of an end.
    pub fn port(&self, end: usize) -> u16 {
        self.ports[end]
    }

    /// Where an end speaks to from now on.
    pub fn aim(&self, end: usize, target: Option<SocketAddr>) {
        let _ = self.jobs.send(Job::Aim(end, target));
    }

    /// How the packets travelled since this was asked last.
    pub fn travel(&self) -> Result<Travel> {
        let (reply, answer) = mpsc::channel();
        self.jobs
            .send(Job::Ask(reply))
            .ok()
            .context("the voices have ended")?;
        answer.recv().context("the voices have ended")
    }
}

struct End {
    socket: UdpSocket,
    target: Option<SocketAddr>,
    sequence: u16,
    /// The number heard last.
    heard: Option<(u32, u16)>,
    received: u64,
}

struct Hall {
    ends: Vec<End>,
    began: Instant,
    sent: u64,
    lost: u64,
    delays: Vec<u64>,
}

impl Hall {
    fn run(mut self, ready: &impl std::os::fd::AsFd, inbox: &mpsc::Receiver<Job>) {
        let mut events = Vec::with_capacity(4096);
        let mut packet = Vec::with_capacity(12 + FRAME);
        let mut tick = 0;
        loop {
            loop {
                match inbox.try_recv() {
                    Ok(Job::Aim(end, target)) => self.ends[end].target = target,
                    Ok(Job::Ask(reply)) => drop(reply.send(self.travelled())),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
            // Who is late catches up, as telephones would have spoken in time.
            let now = self.began.elapsed().as_micros() as u64 / TICK.as_micros() as u64;
            while tick < now {
                tick += 1;
                self.speak(tick, &mut packet);
            }
            loop {
                events.clear();
                let none = Timespec::default();
                let _ = epoll::wait(ready, spare_capacity(&mut events), Some(&none));
                for event in &events {
                    self.listen(event.data.u64() as usize);
                }
                if events.is_empty() {
                    break;
                }
            }
            let next = self.began + TICK * (tick as u32 + 1);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn speak(&mut self, tick: u64, packet: &mut Vec<u8>) {
        let mut frame = [SILENCE; FRAME];
        for at in ((tick % GROUPS) as usize..self.ends.len()).step_by(GROUPS as usize) {
            let end = &mut self.ends[at];
            let Some(target) = end.target else { continue };
            let header = Header {
                payload_type: ALAW,
                marker: end.sequence == 0,
                sequence: end.sequence,
                timestamp: u32::from(end.sequence).wrapping_mul(FRAME as u32),
                ssrc: at as u32 + 1,
            };
            end.sequence = end.sequence.wrapping_add(1);
            let said = self.began.elapsed().as_micros() as u64;
            frame[..8].copy_from_slice(&said.to_be_bytes());
            rtp::build(&header, &frame, packet);
            if end.socket.send_to(packet, target).is_ok() {
                self.sent += 1;
            }
        }
    }

    fn listen(&mut self, at: usize) {
        let end = &mut self.ends[at];
        let mut datagram = [0; 512];
        let Ok((length, _)) = end.socket.recv_from(&mut datagram) else {
            return;
        };
        let Some((header, payload)) = rtp::parse(&datagram[..length]) else {
            return;
        };
        let step = match end.heard {
            Some((ssrc, before)) if ssrc == header.ssrc => header.sequence.wrapping_sub(before),
            _ => 1,
        };
        end.heard = Some((header.ssrc, header.sequence));
        end.received += 1;
        self.lost += u64::from(step.saturating_sub(1));
        let Some(said) = datagram[payload].first_chunk::<8>() else {
            return;
        };
        let now = self.began.elapsed().as_micros() as u64;
        // Prompts and silence carry no time.
        if let Some(under_way) = now.checked_sub(u64::from_be_bytes(*said)) {
            let bucket = (under_way / BUCKET_US) as usize;
            if let Some(count) = self.delays.get_mut(bucket) {
                *count += 1;
            } else if let Some(last) = self.delays.last_mut() {
                *last += 1;
            }
        }
    }

    fn travelled(&mut self) -> Travel {
        let heard = || self.ends.iter().filter(|end| end.target.is_some());
        let travel = Travel {
            sent: self.sent,
            received: heard().map(|end| end.received).sum(),
            lost: self.lost,
            hearing: heard().count(),
            least: heard().map(|end| end.received).min().unwrap_or_default(),
            delays: std::mem::replace(&mut self.delays, vec![0; BUCKETS]),
        };
        (self.sent, self.lost) = (0, 0);
        for end in &mut self.ends {
            end.received = 0;
        }
        travel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_end_says_the_other_hears_with_its_delay_and_its_gaps() {
        let voices = Voices::open(2).unwrap();
        for (end, other) in [(0, 1), (1, 0)] {
            let address = SocketAddr::from(([127, 0, 0, 1], voices.port(other)));
            voices.aim(end, Some(address));
        }
        std::thread::sleep(Duration::from_millis(500));
        let travel = voices.travel().unwrap();
        assert!((20..=27).contains(&(travel.received / 2)), "{travel:?}");
        assert_eq!((travel.lost, travel.hearing), (0, 2));
        assert!(travel.delay(50) < Duration::from_millis(100), "{travel:?}");
        voices.aim(0, None);
        std::thread::sleep(Duration::from_millis(100));
        voices.travel().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(voices.travel().unwrap().hearing, 1);
    }
}
