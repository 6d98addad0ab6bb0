//! Who is registered, where, and until when (RFC 3261 §10).
//!
//! Desk phones prove themselves by digest; a softphone in the console by the session of its WebSocket,
//! and only for that session's own user. A name that does not exist answers exactly like a wrong secret.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use call_control::DeviceId;
use chrono::{DateTime, TimeDelta, Utc};
use floor::DeviceKind;
use kernel::{Clock, Ids};
use rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, HostWithPort, Request, StatusCode, Uri};
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::digest::{Challenger, Credentials, Verdict};
use super::guard::blocked::Blocked;
use super::guard::{shown, source_of};
use super::sources::Lockout;

/// Shortest and longest life of a registration in seconds, and the one for who does not say.
const MIN_EXPIRES: u32 = 30;
const MAX_EXPIRES: u32 = 3600;
const DEFAULT_EXPIRES: u32 = 300;
/// Contacts of one user; the oldest gives way.
const MAX_CONTACTS: usize = 5;

/// Where the secrets of desk phones are kept; implemented by `organization`, wired in `server`.
#[async_trait]
pub trait DeviceDirectory: Send + Sync + 'static {
    /// The user of this name who may register devices; `None` when there is none.
    async fn owner(&self, username: &str) -> Option<DeviceOwner>;
}

/// A user who may register devices.
#[derive(Debug, Clone, Default)]
pub struct DeviceOwner {
    /// The user id.
    pub user_id: Uuid,
    /// Read out to the public.
    pub staff_no: Option<String>,
    /// One for each desk phone.
    pub secrets: Vec<DeviceSecret>,
}

/// What a desk phone registers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSecret {
    /// The desk phone.
    pub device_id: Uuid,
    /// `MD5(username:realm:secret)` in hex.
    pub ha1: String,
}

/// One registered contact.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Names the contact for as long as it lives.
    pub device: DeviceId,
    /// Whose it is.
    pub user_id: Uuid,
    /// The user part of the address of record.
    pub username: String,
    /// Read out to the public; empty for who has none.
    pub staff_no: String,
    /// Softphone or telephone.
    pub kind: DeviceKind,
    /// The desk phone whose secret it registered with.
    pub desk_phone: Option<Uuid>,
    /// Where its requests come from.
    pub source: IpAddr,
    /// As it names itself.
    pub user_agent: String,
    /// Registered first at.
    pub since: DateTime<Utc>,
    /// Good until.
    pub expires_at: DateTime<Utc>,
    pub(super) contact: Uri,
    pub(super) destination: SipAddr,
    /// Cancelled when the connection of a stream transport is gone.
    pub(super) closed: Option<CancellationToken>,
}

impl Binding {
    fn alive(&self, now: DateTime<Utc>) -> bool {
        self.expires_at > now
            && !self
                .closed
                .as_ref()
                .is_some_and(CancellationToken::is_cancelled)
    }
}

/// A change in who is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// A contact is new.
    Here {
        /// Whose.
        user_id: Uuid,
        /// Which.
        device: DeviceId,
    },
    /// A contact is gone.
    Gone {
        /// Whose.
        user_id: Uuid,
        /// Which.
        device: DeviceId,
        /// Its connection broke or was replaced: what ran over it is lost too.
        lost: bool,
    },
}

/// The user behind a WebSocket.
#[derive(Debug, Clone)]
pub(super) struct SocketUser {
    pub user_id: Uuid,
    pub username: String,
    pub staff_no: String,
}

/// The answer to a REGISTER.
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: Vec<Header>,
}

impl Reply {
    fn bare(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
        }
    }
}

/// The registrar.
pub struct Registrar {
    clock: Clock,
    ids: Ids,
    directory: Arc<dyn DeviceDirectory>,
    changes: mpsc::UnboundedSender<Registration>,
    /// Nobody's secret.
    decoy: DeviceSecret,
    state: Mutex<State>,
}

struct State {
    challenger: Challenger,
    lockout: Lockout,
    bindings: Vec<Binding>,
    sockets: HashMap<SipAddr, SocketUser>,
    next_device: u64,
}

impl Registrar {
    pub(super) fn new(
        clock: Clock,
        ids: Ids,
        realm: &str,
        directory: Arc<dyn DeviceDirectory>,
        changes: mpsc::UnboundedSender<Registration>,
    ) -> Self {
        let key = ids.secret(32);
        let decoy = DeviceSecret {
            device_id: Uuid::nil(),
            ha1: ids.secret(32),
        };
        Self {
            decoy,
            clock,
            ids,
            directory,
            changes,
            state: Mutex::new(State {
                challenger: Challenger::new(realm, key),
                lockout: Lockout::default(),
                bindings: Vec::new(),
                sockets: HashMap::new(),
                next_device: 1,
            }),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every live contact.
    pub fn all(&self) -> Vec<Binding> {
        let now = self.clock.now();
        self.state()
            .bindings
            .iter()
            .filter(|binding| binding.alive(now))
            .cloned()
            .collect()
    }

    /// The live contacts of one user.
    pub fn of(&self, user_id: Uuid) -> Vec<Binding> {
        self.all()
            .into_iter()
            .filter(|binding| binding.user_id == user_id)
            .collect()
    }

    pub(super) fn get(&self, device: DeviceId) -> Option<Binding> {
        self.all()
            .into_iter()
            .find(|binding| binding.device == device)
    }

    /// Whether a device is registered from this very address and port.
    pub(super) fn is_flow(&self, from: SocketAddr) -> bool {
        let now = self.clock.now();
        let named = HostWithPort::from(from);
        self.state()
            .bindings
            .iter()
            .any(|binding| binding.destination.addr == named && binding.alive(now))
    }

    fn is_flow_of(&self, flow: &SipAddr, name: &str) -> bool {
        let now = self.clock.now();
        self.state().bindings.iter().any(|binding| {
            binding.destination == *flow && binding.username == name && binding.alive(now)
        })
    }

    /// A WebSocket of a signed-in user was opened.
    pub(super) fn socket_opened(&self, address: SipAddr, user: SocketUser) {
        self.state().sockets.insert(address, user);
    }

    /// A connection is gone, and with it what was registered over it.
    pub(super) fn connection_closed(&self, address: &SipAddr) {
        let mut state = self.state();
        state.sockets.remove(address);
        self.drop_where(&mut state, true, |binding| {
            binding.closed.is_some() && binding.destination == *address
        });
    }

    /// Drops what registered with the secret of this desk phone: it counts no longer.
    pub fn secret_gone(&self, desk_phone: Uuid) {
        self.drop_where(&mut self.state(), false, |binding| {
            binding.desk_phone == Some(desk_phone)
        });
    }

    /// Drops what has expired; called every few seconds.
    pub(super) fn sweep(&self) {
        let now = self.clock.now();
        self.drop_where(&mut self.state(), false, |binding| !binding.alive(now));
    }

    /// Whether a request came over the WebSocket of a signed-in user.
    pub(super) fn is_socket(&self, connection: &SipConnection) -> bool {
        connection
            .get_remote_addr()
            .is_some_and(|address| self.state().sockets.contains_key(address))
    }

    /// Whether a desk phone registered over UDP from exactly here.
    pub(super) fn is_phone(&self, source: SocketAddr) -> bool {
        let now = self.clock.now();
        self.state().bindings.iter().any(|binding| {
            binding.desk_phone.is_some()
                && binding.closed.is_none()
                && binding.alive(now)
                && binding
                    .destination
                    .get_socketaddr()
                    .is_ok_and(|at| at == source)
        })
    }

    /// Desk phones over UDP that name another address than the one they are at: a NAT lies between.
    pub(super) fn behind_nat(&self) -> Vec<Binding> {
        let mut found = self.all();
        found.retain(|binding| {
            binding.desk_phone.is_some()
                && binding.closed.is_none()
                && binding.contact.host_with_port != binding.destination.addr
        });
        found
    }

    fn drop_where(&self, state: &mut State, lost: bool, gone: impl Fn(&Binding) -> bool) {
        state.bindings.retain(|binding| {
            if !gone(binding) {
                return true;
            }
            // Nobody listens any more when the engine has stopped.
            let _ = self.changes.send(Registration::Gone {
                user_id: binding.user_id,
                device: binding.device,
                lost,
            });
            false
        });
    }

    /// Who may not try a secret now.
    pub fn locked(&self) -> Vec<Blocked> {
        self.state().lockout.standing(self.clock.now())
    }

    /// Lets somebody try again before his time; false when he is not locked.
    pub fn release(&self, address: Option<IpAddr>, account: &str) -> bool {
        let now = self.clock.now();
        self.state().lockout.release(address, account, now)
    }

    /// Handles a REGISTER.
    pub(super) async fn register(&self, request: &Request, connection: &SipConnection) -> Reply {
        let Some((address, source)) = return_address(request, connection) else {
            return Reply::bare(StatusCode::BadRequest);
        };
        let Some(name) = address_of_record(request) else {
            return Reply::bare(StatusCode::BadRequest);
        };
        let socket = self.state().sockets.get(&address).cloned();
        let (user, desk_phone) = match socket {
            Some(user) if user.username == name => (user, None),
            // The session is the proof, and it proves one name.
            Some(_) => return Reply::bare(StatusCode::Forbidden),
            None => match self
                .authenticate(request, "REGISTER", source, &address, &name)
                .await
            {
                Ok((user, device)) => (user, Some(device)),
                Err(reply) => return reply,
            },
        };
        self.bind(request, connection, &user, desk_phone, &address, source)
    }

    async fn authenticate(
        &self,
        request: &Request,
        method: &str,
        source: IpAddr,
        flow: &SipAddr,
        name: &str,
    ) -> Result<(SocketUser, Uuid), Reply> {
        let credentials = request
            .authorization_header()
            .and_then(|header| Credentials::parse(header.value()));
        let Some(credentials) = credentials else {
            return Err(self.challenge(false, source));
        };
        let now = self.clock.now();
        // Others who guess behind the same address do not keep the phone out that is registered from this very port.
        if !self.is_flow_of(flow, name) && self.state().lockout.locked(source, name, now) {
            tracing::warn!(%source, name = %shown(name, 64), "registration refused: too many wrong secrets");
            return Err(Reply::bare(StatusCode::Forbidden));
        }
        let looked_up = self
            .clock
            .timeout(
                std::time::Duration::from_secs(2),
                self.directory.owner(name),
            )
            .await
            .map_err(|_| Reply::bare(StatusCode::ServiceUnavailable))?;
        let owner = looked_up.unwrap_or_default();
        let mut state = self.state();
        // Another name than the one that registers: none of its secrets will do.
        let secrets: &[DeviceSecret] = if credentials.username == name && !owner.secrets.is_empty()
        {
            &owner.secrets
        } else {
            // As much work for a name that does not exist: its answer takes as long.
            std::slice::from_ref(&self.decoy)
        };
        match state
            .challenger
            .check(&credentials, method, secrets, source, now)
        {
            (Verdict::Good, Some(device)) => {
                state.lockout.succeeded(source, name, now);
                let user = SocketUser {
                    user_id: owner.user_id,
                    username: name.to_owned(),
                    staff_no: owner.staff_no.unwrap_or_default(),
                };
                Ok((user, device))
            }
            (Verdict::Stale | Verdict::Unasked, _) => {
                drop(state);
                Err(self.challenge(true, source))
            }
            (Verdict::Wrong | Verdict::Good, _) => {
                state.lockout.failed(source, name, now);
                tracing::info!(%source, name = %shown(name, 64), "registration refused: wrong secret");
                Err(Reply::bare(StatusCode::Forbidden))
            }
        }
    }

    /// The desk phone that sends this INVITE, if it is registered from this very address under the name it calls by;
    /// an address can be forged, so it has to prove its secret again. `None`: it is no phone of ours.
    pub(super) async fn dialling(
        &self,
        request: &Request,
        connection: &SipConnection,
    ) -> Option<Result<Binding, Reply>> {
        let (address, source) = return_address(request, connection)?;
        let from = request.from_header().ok()?.typed().ok()?.uri;
        let name = from.user()?;
        let now = self.clock.now();
        let phone = |binding: &&Binding| {
            binding.destination == address
                && binding.username == name
                && binding.desk_phone.is_some()
                && binding.alive(now)
        };
        let binding = self.state().bindings.iter().find(phone).cloned()?;
        let proved = self
            .authenticate(request, "INVITE", source, &address, name)
            .await;
        Some(proved.and_then(|(user, device)| {
            let his = user.user_id == binding.user_id && binding.desk_phone == Some(device);
            his.then_some(binding)
                .ok_or_else(|| Reply::bare(StatusCode::Forbidden))
        }))
    }

    fn challenge(&self, stale: bool, source: IpAddr) -> Reply {
        let salt = self.ids.secret(4);
        let challenge = self
            .state()
            .challenger
            .challenge(stale, &salt, source, self.clock.now());
        Reply {
            status: StatusCode::Unauthorized,
            headers: vec![Header::WwwAuthenticate(challenge.into())],
        }
    }

    fn bind(
        &self,
        request: &Request,
        connection: &SipConnection,
        user: &SocketUser,
        desk_phone: Option<Uuid>,
        address: &SipAddr,
        source: IpAddr,
    ) -> Reply {
        let now = self.clock.now();
        let kind = match desk_phone {
            Some(_) => DeviceKind::DeskPhone,
            None => DeviceKind::Softphone,
        };
        let default = request
            .expires_header()
            .and_then(|header| header.value().trim().parse().ok())
            .unwrap_or(DEFAULT_EXPIRES);
        let Ok(contacts) = request.typed_contact_headers() else {
            return Reply::bare(StatusCode::BadRequest);
        };
        let star = request
            .contact_headers()
            .first()
            .is_some_and(|header| header.value().trim() == "*");
        let closed = connection
            .is_reliable()
            .then(|| connection.cancel_token())
            .flatten();
        let mut state = self.state();
        if star {
            if default != 0 || contacts.len() != 1 {
                return Reply::bare(StatusCode::BadRequest);
            }
            // A phone that says "all" means its own; the agent's other device stays.
            self.drop_where(&mut state, false, |binding| {
                binding.user_id == user.user_id
                    && binding.kind == kind
                    && binding.destination == *address
            });
            return Reply::bare(StatusCode::OK);
        }
        for contact in contacts {
            let expires = contact.expires().unwrap_or(default);
            if expires != 0 && expires < MIN_EXPIRES {
                return Reply {
                    status: StatusCode::IntervalTooBrief,
                    headers: vec![Header::MinExpires(MIN_EXPIRES.to_string().into())],
                };
            }
            let same = |binding: &Binding| {
                binding.user_id == user.user_id
                    && binding.destination == *address
                    && binding.contact == contact.uri
            };
            if expires == 0 {
                self.drop_where(&mut state, false, same);
                continue;
            }
            let expires_at = now + TimeDelta::seconds(i64::from(expires.min(MAX_EXPIRES)));
            if let Some(known) = state.bindings.iter_mut().find(|binding| same(binding)) {
                known.expires_at = expires_at;
                continue;
            }
            if kind == DeviceKind::Softphone {
                // One softphone an agent: after a reload or a lost network the new one counts.
                self.drop_where(&mut state, true, |binding| {
                    binding.user_id == user.user_id && binding.kind == DeviceKind::Softphone
                });
            }
            let own = |binding: &&Binding| binding.user_id == user.user_id;
            if state.bindings.iter().filter(own).count() >= MAX_CONTACTS {
                let oldest = state
                    .bindings
                    .iter()
                    .find(own)
                    .map(|binding| binding.device);
                self.drop_where(&mut state, false, |binding| Some(binding.device) == oldest);
            }
            let device = DeviceId(state.next_device);
            state.next_device += 1;
            let agent = request
                .user_agent_header()
                .map(|header| header.value().to_owned());
            state.bindings.push(Binding {
                device,
                user_id: user.user_id,
                username: user.username.clone(),
                staff_no: user.staff_no.clone(),
                kind,
                desk_phone,
                source,
                user_agent: shown(&agent.unwrap_or_default(), 200),
                since: now,
                expires_at,
                contact: contact.uri,
                destination: address.clone(),
                closed: closed.clone(),
            });
            let _ = self.changes.send(Registration::Here {
                user_id: user.user_id,
                device,
            });
        }
        let headers = state
            .bindings
            .iter()
            .filter(|binding| binding.user_id == user.user_id && binding.alive(now))
            .map(|binding| {
                let left = (binding.expires_at - now).num_seconds().max(0);
                Header::Contact(format!("<{}>;expires={left}", binding.contact).into())
            })
            .collect();
        Reply {
            status: StatusCode::OK,
            headers,
        }
    }
}

/// The user part of To (the address of record); From must name the same (no third-party REGISTER).
fn address_of_record(request: &Request) -> Option<String> {
    let to = request.to_header().ok()?.typed().ok()?.uri;
    let from = request.from_header().ok()?.typed().ok()?.uri;
    let name = to.user()?;
    (from.user() == Some(name) && !name.is_empty() && name.len() <= 64).then(|| name.to_owned())
}

/// Where requests to this device go: back over its connection, or to the address its datagram came
/// from (its Contact may name an address behind a NAT).
fn return_address(request: &Request, connection: &SipConnection) -> Option<(SipAddr, IpAddr)> {
    let address = connection.get_remote_addr().cloned().or_else(|| {
        let (transport, address) =
            SipConnection::parse_target_from_via(request.via_header().ok()?).ok()?;
        Some(SipAddr {
            r#type: Some(transport),
            addr: address,
        })
    })?;
    let source = source_of(connection, &address)?;
    Some((address, source))
}
