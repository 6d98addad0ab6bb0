//! Networks of their own (Linux network namespaces): the outside, where the carrier is, and an office
//! behind a NAT.
//!
//! A namespace belongs to a thread, and a test has many: so the test runs itself once more, all of it on
//! one side, and starts its peers on the other.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::{installed, runs, skipped};

/// The carrier and everybody else outside.
pub const CARRIER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
/// A telephone outside.
pub const SUBSCRIBER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 20);
/// What the outside sees of the office.
const ROUTER: &str = "203.0.113.1";
/// Whoever is behind the NAT.
pub const OFFICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// Seconds after which the NAT forgets a way over which nothing came.
const FORGETS_AFTER_S: u32 = 20;
/// Tests of one process have one each.
static NUMBER: AtomicU32 = AtomicU32::new(0);
const INSIDE: &str = "SHOUJIE_TEST_NETS";

/// A side of the NAT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Outside,
    Office,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Office => "office",
        }
    }
}

/// How the NAT chooses its ports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// That of the sender where it is free.
    Kept,
    /// Any.
    Random,
}

/// Three namespaces: outside, router, office.
pub struct Nets {
    name: String,
    /// Made here, so removed here.
    owned: bool,
}

impl Nets {
    /// A program on one side; its arguments come next.
    pub fn command(&self, side: Side, program: &str) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.space(side.name())])
            .arg(program);
        command
    }

    fn space(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    fn build(ports: Ports) -> Option<Self> {
        remove_leftovers();
        let number = NUMBER.fetch_add(1, Relaxed);
        let nets = Self {
            name: format!("sj{}-{number}", std::process::id()),
            owned: true,
        };
        let built = nets.lay(ports);
        if !built {
            skipped("this machine lets nobody make network namespaces with a NAT");
        }
        built.then_some(nets)
    }

    fn lay(&self, ports: Ports) -> bool {
        let [out, router, office] = ["outside", "router", "office"].map(|part| self.space(part));
        let inside = |space: &str, command: &str| {
            let words = ["netns", "exec", space].into_iter();
            let words: Vec<_> = words.chain(command.split(' ')).collect();
            runs("ip", &words)
        };
        let random = if ports == Ports::Random {
            " fully-random"
        } else {
            ""
        };
        [&out, &router, &office]
            .iter()
            .all(|space| runs("ip", &["netns", "add", space]) && inside(space, "ip link set lo up"))
            // Over there, in the namespace itself: no name can meet another test's.
            && inside(&router, &format!("ip link add wan type veth peer name eth0 netns {out}"))
            && inside(&router, &format!("ip link add lan type veth peer name eth0 netns {office}"))
            && [
                (&router, format!("ip addr add {ROUTER}/24 dev wan")),
                (&router, "ip addr add 10.77.0.1/24 dev lan".to_owned()),
                // Whoever does not say which is the first.
                (&out, format!("ip addr add {SUBSCRIBER}/24 dev eth0")),
                (&out, format!("ip addr add {CARRIER}/24 dev eth0")),
                (&office, format!("ip addr add {OFFICE}/24 dev eth0")),
                (&router, "ip link set wan up".to_owned()),
                (&router, "ip link set lan up".to_owned()),
                (&out, "ip link set eth0 up".to_owned()),
                (&office, "ip link set eth0 up".to_owned()),
                (&office, "ip route add default via 10.77.0.1".to_owned()),
                (&router, "sysctl -qw net.ipv4.ip_forward=1".to_owned()),
                (&router, "nft add table ip nat".to_owned()),
                (
                    &router,
                    "nft add chain ip nat out { type nat hook postrouting priority 100 ; }".to_owned(),
                ),
                (
                    &router,
                    format!("nft add rule ip nat out oifname wan masquerade{random}"),
                ),
                (&router, "nft add table ip door".to_owned()),
                // As routers are: what nobody asked for is dropped and leaves no trace.
                (
                    &router,
                    "nft add chain ip door in { type filter hook input priority 0 ; policy drop ; }"
                        .to_owned(),
                ),
                (
                    &router,
                    "nft add chain ip door through { type filter hook forward priority 0 ; }".to_owned(),
                ),
                (
                    &router,
                    "nft add rule ip door through iifname wan ct state new drop".to_owned(),
                ),
                (
                    &router,
                    format!("sysctl -qw net.netfilter.nf_conntrack_udp_timeout={FORGETS_AFTER_S}"),
                ),
                (
                    &router,
                    format!("sysctl -qw net.netfilter.nf_conntrack_udp_timeout_stream={FORGETS_AFTER_S}"),
                ),
            ]
            .iter()
            .all(|(space, command)| {
                let done = inside(space, command);
                if !done {
                    eprintln!("{space}: {command}: refused");
                }
                done
            })
    }
}

impl Drop for Nets {
    fn drop(&mut self) {
        if self.owned {
            for part in ["outside", "router", "office"] {
                remove(&self.space(part));
            }
        }
    }
}

/// Ends what still runs in a namespace of ours, and removes it.
fn remove(space: &str) {
    let pids = Command::new("ip").args(["netns", "pids", space]).output();
    if let Ok(pids) = pids {
        for pid in String::from_utf8_lossy(&pids.stdout).split_whitespace() {
            runs("kill", &["-KILL", pid]);
        }
    }
    runs("ip", &["netns", "del", space]);
}

/// Those of tests that were killed.
fn remove_leftovers() {
    let Ok(list) = Command::new("ip").args(["netns", "list"]).output() else {
        return;
    };
    for line in String::from_utf8_lossy(&list.stdout).lines() {
        let space = line.split(' ').next().unwrap_or_default();
        let pid = space
            .strip_prefix("sj")
            .and_then(|rest| rest.split('-').next());
        if pid
            .is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists())
        {
            remove(space);
        }
    }
}

/// Tells a story on one side of a NAT; `test` is the full name of the calling test (`test_name!`).
pub fn beside_a_nat<F: Future<Output = ()>>(
    test: &str,
    side: Side,
    ports: Ports,
    programs: &[&str],
    story: impl FnOnce(Nets) -> F,
) {
    if let Ok(name) = std::env::var(INSIDE) {
        let nets = Nets { name, owned: false };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(story(nets));
        return;
    }
    let mut needed = vec!["ip", "nft", "sysctl", "sox"];
    needed.extend(programs);
    if !installed(&needed) {
        return;
    }
    let Some(nets) = Nets::build(ports) else {
        return;
    };
    let own = std::env::current_exe().unwrap();
    // The crate's own name is no part of a test's.
    let test = test.split_once("::").map_or(test, |(_, rest)| rest);
    let ended = nets
        .command(side, &own.display().to_string())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, &nets.name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    eprintln!("{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "it failed beside the NAT");
    assert!(said.contains("1 passed"), "no test is called {test}");
}

/// The full name of a test.
macro_rules! test_name {
    ($name:literal) => {
        concat!(module_path!(), "::", $name)
    };
}
pub(super) use test_name;
