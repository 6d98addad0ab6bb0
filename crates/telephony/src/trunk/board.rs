//! The trunks that run: who is up, how many calls each has, and who may call us.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::problem::Result;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::health::{Asked, Health, Heard, Turn};
use super::store::{self, Trunk};
use super::{Candidate, Srtp, TrunkKind, TrunkTransport, order};
use crate::sip::sources::Network;
use crate::sip::{SipConfig, TrunkChoice};

/// The trunk of the settings: tried after those of the rows, in the order of its hosts.
const DEFAULT_PRIORITY: i32 = 1_000_000;
/// What it is called.
pub const DEFAULT: &str = "default";
/// Where a trunk listens that names no port.
const SIP_PORT: u16 = 5060;

/// A call's place on a trunk; given back when the last clone of it goes.
#[derive(Debug, Clone)]
pub struct Place(#[expect(dead_code, reason = "held for its drop")] Arc<Held>);

#[derive(Debug)]
struct Held(Arc<AtomicU32>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// One trunk as it runs.
#[derive(Debug)]
pub struct Line {
    /// What it is.
    pub trunk: Trunk,
    /// Its calls now.
    calls: Arc<AtomicU32>,
    health: Arc<Mutex<Health>>,
    /// Where its host name leads.
    addresses: Arc<RwLock<Vec<IpAddr>>>,
    /// Until when the carrier holds our registration.
    registered_until: Arc<Mutex<Option<DateTime<Utc>>>>,
    /// Woken when the carrier is to be asked at once to let us in.
    pub(crate) let_in: tokio::sync::Notify,
    /// Woken when it was asked to let us in: until then nothing else is asked, so that both go over one
    /// connection and it knows one address of ours.
    pub(crate) asked: tokio::sync::Notify,
    /// The carrier is told that we are gone: the row is, or says so.
    pub(crate) leaves: AtomicBool,
    /// Cancelled when the row has changed or is gone: nobody asks after it any more.
    pub(crate) stop: CancellationToken,
}

impl Line {
    fn new(trunk: Trunk, now: DateTime<Utc>) -> Self {
        let literal = literal(&trunk.host).into_iter().collect();
        let registers = trunk.kind == TrunkKind::Registration;
        Self {
            trunk,
            calls: Arc::default(),
            health: Arc::new(Mutex::new(Health::unknown(registers, now))),
            addresses: Arc::new(RwLock::new(literal)),
            registered_until: Arc::default(),
            let_in: tokio::sync::Notify::new(),
            asked: tokio::sync::Notify::new(),
            leaves: AtomicBool::new(false),
            stop: CancellationToken::new(),
        }
    }

    /// After a change of the row: its calls stay counted, and so does its health where the way is the same.
    fn renewed(&self, trunk: Trunk, now: DateTime<Utc>) -> Self {
        let same = same_way(&trunk, &self.trunk);
        let mut line = Self::new(trunk, now);
        line.calls = Arc::clone(&self.calls);
        if same {
            line.health = Arc::clone(&self.health);
            line.addresses = Arc::clone(&self.addresses);
            line.registered_until = Arc::clone(&self.registered_until);
        }
        line
    }

    /// A place for one more call; `None` when it has as many as it may.
    pub fn place(&self) -> Option<Place> {
        let most = self.trunk.most_calls.unwrap_or(u32::MAX);
        self.calls
            .fetch_update(Relaxed, Relaxed, |calls| (calls < most).then(|| calls + 1))
            .ok()?;
        Some(Place(Arc::new(Held(Arc::clone(&self.calls)))))
    }

    /// Its calls now.
    pub fn calls(&self) -> u32 {
        self.calls.load(Relaxed)
    }

    /// Whether it can be used.
    pub fn health(&self) -> Health {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn hear(&self, asked: Asked, heard: Heard, now: DateTime<Utc>) -> Option<Turn> {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let away = health.is_away();
        let turn = health.hear(asked, heard, now);
        if away && !health.is_away() {
            self.let_in.notify_one();
        }
        turn
    }

    /// Until when the carrier holds our registration; `None` without one.
    pub fn registered_until(&self) -> Option<DateTime<Utc>> {
        *self
            .registered_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_registered_until(&self, until: Option<DateTime<Utc>>) {
        *self
            .registered_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = until;
    }

    pub(crate) fn set_addresses(&self, addresses: Vec<IpAddr>) {
        *self
            .addresses
            .write()
            .unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    fn is_at(&self, source: IpAddr) -> bool {
        let addresses = self
            .addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        addresses.contains(&source.to_canonical())
    }

    /// The URI of a number there, or of the trunk itself.
    pub fn uri(&self, user: Option<&str>) -> String {
        let user = user.map(|user| format!("{}@", user.replace('#', "%23")));
        let host = match literal(&self.trunk.host) {
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.trunk.host.clone(),
        };
        let transport = match self.trunk.transport {
            TrunkTransport::Udp => "",
            TrunkTransport::Tcp => ";transport=tcp",
            TrunkTransport::Tls => ";transport=tls",
        };
        let port = self.trunk.port;
        format!("sip:{}{host}:{port}{transport}", user.unwrap_or_default())
    }

    /// Where it is; `None` while its name is not looked up.
    pub fn address(&self) -> Option<IpAddr> {
        let addresses = self
            .addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        addresses.first().copied()
    }

    /// What is shown over there when `wanted` is to be: that, or the first of its own numbers where it does not let us.
    pub fn shown<'a>(&'a self, wanted: Option<&'a str>) -> Option<&'a str> {
        let own = || self.trunk.caller_ids.first().map(String::as_str);
        wanted.and_then(|wanted| {
            if self.shows(Some(wanted)) {
                Some(wanted)
            } else {
                own()
            }
        })
    }

    /// Whether it may show this number.
    fn shows(&self, caller_id: Option<&str>) -> bool {
        let allowed = &self.trunk.caller_ids;
        caller_id.is_none_or(|shown| allowed.is_empty() || allowed.iter().any(|one| one == shown))
    }
}

/// Whether it is the same account at the same place, whatever else has changed.
fn same_way(one: &Trunk, other: &Trunk) -> bool {
    let way = |trunk: &Trunk| {
        let account = (trunk.id, trunk.kind, trunk.auth_user.clone());
        (account, trunk.host.clone(), trunk.port, trunk.transport)
    };
    way(one) == way(other)
}

/// An address as a host is written, with or without brackets.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

/// Every trunk that runs.
pub struct Board {
    app: App,
    /// Who else may call: the peers of the settings.
    peers: Vec<Network>,
    default: Vec<Arc<Line>>,
    lines: RwLock<Vec<Arc<Line>>>,
}

impl Board {
    /// With the trunk of the settings only; see [`Board::load`].
    pub fn new(app: &App, config: &SipConfig) -> Self {
        let hosts: Vec<SocketAddr> = if config.trunk_hosts.is_empty() {
            let single = config.trunks.iter().filter_map(Network::single);
            single.map(|ip| SocketAddr::new(ip, SIP_PORT)).collect()
        } else {
            config.trunk_hosts.clone()
        };
        let now = app.clock.now();
        let default = hosts
            .into_iter()
            .zip(0i32..)
            .map(|(host, at)| Arc::new(Line::new(of_settings(host, at), now)))
            .collect();
        Self {
            app: app.clone(),
            peers: config.trunks.clone(),
            default,
            lines: RwLock::default(),
        }
    }

    /// Takes in the rows. Gives the trunks that are new or changed: somebody has to watch them. What ran on
    /// a trunk that is gone runs on.
    pub async fn load(&self) -> Result<Vec<Arc<Line>>> {
        let rows = store::all(self.app.db.read()).await?;
        let now = self.app.clock.now();
        let mut trunks = Vec::with_capacity(rows.len());
        for row in &rows {
            match row.trunk(&self.app) {
                Ok(trunk) => trunks.push(trunk),
                // One row that cannot be read must not take the others along.
                Err(error) => tracing::error!(trunk = row.name, %error, "trunk not usable"),
            }
        }
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *lines);
        let mut fresh = Vec::new();
        for trunk in trunks {
            let known = before.iter().find(|line| line.trunk.id == trunk.id);
            if let Some(line) = known
                && line.trunk.version == trunk.version
            {
                lines.push(Arc::clone(line));
                continue;
            }
            let line = Arc::new(match known {
                Some(line) => line.renewed(trunk, now),
                None => Line::new(trunk, now),
            });
            lines.push(Arc::clone(&line));
            fresh.push(line);
        }
        for line in &before {
            if lines.iter().any(|kept| Arc::ptr_eq(kept, line)) {
                continue;
            }
            let goes_on = lines
                .iter()
                .any(|kept| kept.trunk.enabled && same_way(&kept.trunk, &line.trunk));
            line.leaves.store(!goes_on, Relaxed);
            line.stop.cancel();
        }
        Ok(fresh)
    }

    /// The trunks of the rows, and that of the settings behind them.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.iter().chain(&self.default).cloned().collect()
    }

    /// One trunk of the rows.
    pub fn line(&self, id: Uuid) -> Option<Arc<Line>> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| line.trunk.id == id).cloned()
    }

    /// The trunks that a call of ours may take, the best first. Those that may not show `caller_id` come after those that
    /// may, and show their own.
    pub fn ways(&self, choice: &TrunkChoice, caller_id: Option<&str>) -> Vec<Arc<Line>> {
        if let TrunkChoice::Along(route) = choice {
            return route.0.clone();
        }
        let (show, do_not): (Vec<_>, Vec<_>) = self
            .lines()
            .into_iter()
            .filter(|line| match choice {
                TrunkChoice::Only(id) => line.trunk.id == *id,
                _ => true,
            })
            .filter(|line| line.trunk.enabled)
            .partition(|line| line.shows(caller_id));
        let ordered = |lines: Vec<Arc<Line>>| {
            let candidates = lines.into_iter().map(|line| Candidate {
                priority: line.trunk.priority,
                weight: line.trunk.weight,
                health: line.health().state,
                trunk: line,
            });
            order(candidates.collect(), |most| {
                rand::random_range(0..most.max(1))
            })
        };
        [ordered(show), ordered(do_not)].concat()
    }

    /// Whether a trunk that takes calls, or a peer of the settings, is at this address. Asked for each message that
    /// comes, so what is added or removed holds from the next one on.
    pub fn knows(&self, source: IpAddr) -> bool {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        self.peers.iter().any(|network| network.contains(source))
            || lines
                .iter()
                .chain(&self.default)
                .any(|line| line.trunk.enabled && line.is_at(source))
    }

    /// The trunk that calls from this address, or `None` for a peer of the settings; `Err` for a stranger.
    /// Of several at one address the one whose `user` we are there is meant.
    pub fn caller(
        &self,
        source: IpAddr,
        user: &str,
        secure: bool,
    ) -> std::result::Result<Option<Arc<Line>>, Stranger> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        let mut there: Vec<_> = lines
            .iter()
            .filter(|line| line.trunk.enabled && line.is_at(source))
            // Who is known by his certificate is not believed an address.
            .filter(|line| secure || line.trunk.transport != TrunkTransport::Tls)
            .collect();
        there.sort_by_key(|line| line.trunk.auth_user.as_deref() != Some(user));
        if let Some(line) = there.first() {
            return Ok(Some(Arc::clone(line)));
        }
        if self.peers.iter().any(|network| network.contains(source)) {
            return Ok(None);
        }
        Err(Stranger)
    }
}

/// Nobody whom we know.
#[derive(Debug, PartialEq, Eq)]
pub struct Stranger;

fn of_settings(host: SocketAddr, at: i32) -> Trunk {
    Trunk {
        id: Uuid::nil(),
        name: DEFAULT.to_owned(),
        enabled: true,
        kind: TrunkKind::Address,
        host: host.ip().to_string(),
        port: host.port(),
        transport: TrunkTransport::Udp,
        srtp: Srtp::Off,
        auth_user: None,
        secret: None,
        caller_ids: Vec::new(),
        rewrite_in: Vec::new(),
        rewrite_out: Vec::new(),
        priority: DEFAULT_PRIORITY.saturating_add(at),
        weight: 1,
        most_calls: None,
        options_s: 0,
        version: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(change: impl FnOnce(&mut Trunk)) -> Line {
        let mut trunk = of_settings("10.0.0.1:5060".parse().unwrap(), 0);
        change(&mut trunk);
        Line::new(trunk, DateTime::from_timestamp(1_795_000_000, 0).unwrap())
    }

    #[test]
    fn a_trunk_takes_so_many_calls_and_gives_their_places_back() {
        let line = line(|trunk| trunk.most_calls = Some(2));
        let first = line.place().unwrap();
        let again = first.clone();
        let second = line.place().unwrap();
        assert!(line.place().is_none());
        drop(first);
        assert_eq!(line.calls(), 2, "a clone holds it");
        drop((again, second));
        assert_eq!(line.calls(), 0);
        let now = DateTime::from_timestamp(1_795_000_001, 0).unwrap();
        let held = line.place().unwrap();
        let mut trunk = line.trunk.clone();
        trunk.most_calls = Some(1);
        let changed = line.renewed(trunk, now);
        assert!(
            changed.place().is_none(),
            "a changed trunk still counts what runs on it"
        );
        drop(held);
        assert!(changed.place().is_some());
    }

    #[test]
    fn uris_name_transport_and_number() {
        assert_eq!(line(|_| {}).uri(Some("*8#")), "sip:*8%23@10.0.0.1:5060");
        let tls = line(|trunk| {
            trunk.host = "2001:db8::1".to_owned();
            trunk.transport = TrunkTransport::Tls;
        });
        assert_eq!(tls.uri(None), "sip:[2001:db8::1]:5060;transport=tls");
        assert!(tls.is_at("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_number_is_shown_only_where_the_carrier_lets_us() {
        let any = line(|_| {});
        let one = line(|trunk| trunk.caller_ids = vec!["12333".to_owned()]);
        assert!(any.shows(Some("10086")) && any.shows(None));
        assert!(one.shows(Some("12333")) && one.shows(None) && !one.shows(Some("10086")));
        assert_eq!(any.shown(Some("10086")), Some("10086"));
        assert_eq!(one.shown(Some("10086")), Some("12333"));
        assert_eq!((one.shown(None), any.shown(None)), (None, None), "withheld");
    }
}
