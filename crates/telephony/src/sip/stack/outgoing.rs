//! What goes out: INVITEs to devices and over trunks, and what keeps their ways open.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use call_control::DeviceId;
use floor::DeviceKind;
use kernel::Problem;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::{Header, Transport, Uri};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::leg::{self, Dialing, Leg, Order, Way};
use super::super::nat::KEEP_OPEN;
use super::super::secrecy;
use super::super::timer::{Asked, SessionTimer};
use super::super::{
    Binding, Dial, Invite, LegEvent, LegEvents, Route, Signaling, SipLeg, TrunkChoice,
};
use super::{ALLOW, SipStack, towards};
use crate::trunk::board::{Board, Line};
use crate::trunk::health::Heard;
use crate::trunk::watch;
use crate::trunk::{Srtp, TrunkKind, TrunkTransport, rewritten};

impl Signaling for SipStack {
    fn invite(&self, invite: Invite) -> (Arc<dyn SipLeg>, LegEvents) {
        let (events, leg_events) = mpsc::unbounded_channel();
        let (orders, order_events) = mpsc::unbounded_channel();
        let name = leg::DialogName::default();
        let decline = events.clone();
        let sent = self.send_invite(invite, events, order_events, Arc::clone(&name));
        if let Err(error) = sent {
            tracing::warn!(%error, "INVITE not sent");
            let _ = decline.send(LegEvent::Declined(500));
        }
        (Arc::new(leg::Handle { orders, name }), leg_events)
    }

    fn route(&self, caller_id: Option<&str>) -> Route {
        Route(self.board.ways(&TrunkChoice::Best, caller_id))
    }

    fn dial(&self, dial: Dial) -> (Arc<dyn SipLeg>, LegEvents) {
        let (events, leg_events) = mpsc::unbounded_channel();
        let (orders, order_events) = mpsc::unbounded_channel();
        let name = leg::DialogName::default();
        let decline = events.clone();
        let sent = self.send_dial(dial, events, order_events, Arc::clone(&name));
        if let Err(status) = sent {
            let _ = decline.send(LegEvent::Declined(status));
        }
        (Arc::new(leg::Handle { orders, name }), leg_events)
    }

    fn devices(&self, user: Uuid) -> Vec<Binding> {
        self.registrar.of(user)
    }

    fn device(&self, device: DeviceId) -> Option<Binding> {
        self.registrar.get(device)
    }
}

impl SipStack {
    fn send_invite(
        &self,
        invite: Invite,
        events: mpsc::UnboundedSender<LegEvent>,
        orders: mpsc::UnboundedReceiver<Order>,
        name: leg::DialogName,
    ) -> rsipstack::Result<()> {
        let caller: Uri = self.contact.clone();
        let srtp = match invite.to.kind {
            // A browser's voice is always secret, by other means.
            DeviceKind::Softphone => Srtp::Optional,
            DeviceKind::DeskPhone => self.config.phone_srtp,
        };
        let headers = invite
            .headers
            .into_iter()
            .map(|(name, value)| Header::Other(name.to_owned(), value))
            .collect();
        let option = InviteOption {
            caller_display_name: Some(invite.display),
            caller,
            callee: invite.to.contact.clone(),
            // A browser's contact is *.invalid and a phone's may lie behind a NAT: where its REGISTER
            // came from is where it is.
            destination: Some(invite.to.destination.clone()),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(secrecy::our_offer(invite.offer.clone(), srtp).into_bytes()),
            contact: match invite.to.destination.r#type {
                Some(Transport::Tls) => self.contact_over(TrunkTransport::Tls, None),
                Some(Transport::Tcp) => self.contact_over(TrunkTransport::Tcp, None),
                _ => self.contact.clone(),
            },
            headers: Some(headers),
            ..InviteOption::default()
        };
        let softphone = invite.to.kind == DeviceKind::Softphone;
        let way = Way {
            trunk: "device".to_owned(),
            option,
            srtp,
            // A softphone's connection tells when it is gone.
            timed: !softphone,
            line: None,
        };
        self.begin(
            VecDeque::from([way]),
            Told {
                events,
                orders,
                name,
                connection: invite.to.closed.clone(),
                transfers: !softphone,
                offer: invite.offer,
            },
        )
        .ok_or_else(|| rsipstack::Error::Error("not sent".to_owned()))
    }

    /// Sends the first INVITE and serves what comes of it; `None` when none could be sent.
    fn begin(&self, ways: VecDeque<Way>, told: Told) -> Option<()> {
        let clock = self.app.clock.clone();
        let mut dialing = Dialing::new(self.dialogs.clone(), clock.clone(), ways);
        let attempt = dialing.next(0)?;
        let way = dialing.way().cloned()?;
        let place = dialing.place();
        let leg = Leg {
            dialog: attempt.dialog,
            dialogs: self.dialogs.clone(),
            clock,
            events: told.events,
            name: told.name,
            connection: told.connection,
            outgoing: true,
            late_offer: false,
            transfers: told.transfers,
            transferred: leg::nothing_to_tell(),
            local_sdp: secrecy::our_offer(told.offer, way.srtp),
            dialing: Some(dialing),
            srtp: way.srtp,
            asked: Asked::None,
            timer: SessionTimer::Off,
            updates: false,
            place,
        };
        tokio::spawn(leg::run(leg, attempt.states, told.orders, attempt.outcome));
        Some(())
    }

    /// Calls over the first trunk that takes it; `Err` is the status that nobody answered with.
    fn send_dial(
        &self,
        dial: Dial,
        events: mpsc::UnboundedSender<LegEvent>,
        orders: mpsc::UnboundedReceiver<Order>,
        name: leg::DialogName,
    ) -> Result<(), u16> {
        let ways = self.ways(&dial)?;
        let told = Told {
            events,
            orders,
            name,
            connection: None,
            transfers: false,
            offer: dial.offer,
        };
        self.begin(ways, told).ok_or(503)
    }

    /// The trunks that this call may take, the best first.
    fn ways(&self, dial: &Dial) -> Result<VecDeque<Way>, u16> {
        // 484 Address Incomplete: no trunk is asked about what is no number.
        if !dialable(&dial.number) {
            return Err(484);
        }
        let lines = self.board.ways(&dial.trunk, dial.caller_id.as_deref());
        let ways: VecDeque<_> = lines
            .into_iter()
            .filter_map(|line| {
                let option = self.trunk_invite(dial, &line);
                let option = option
                    .inspect_err(|error| tracing::warn!(%error, "no way to a trunk"))
                    .ok()?;
                Some(Way {
                    trunk: line.trunk.name.clone(),
                    option,
                    srtp: line.trunk.srtp,
                    timed: true,
                    line: Some(line),
                })
            })
            .collect();
        if ways.is_empty() { Err(503) } else { Ok(ways) }
    }

    fn trunk_invite(&self, dial: &Dial, line: &Line) -> rsipstack::Result<InviteOption> {
        let trunk = &line.trunk;
        let (number, _) = rewritten(&trunk.rewrite_out, &dial.number);
        let callee: Uri = line.uri(Some(&number)).as_str().try_into()?;
        let contact = self.contact_over(trunk.transport, line.address());
        let own = &contact.host_with_port;
        let mut headers: Vec<Header> = dial
            .headers
            .iter()
            .map(|(name, value)| Header::Other((*name).to_owned(), value.clone()))
            .collect();
        headers.push(Header::Allow(ALLOW.into()));
        // A carrier that we register with knows us by our user at its own address.
        let (user, at) = match (trunk.kind, &trunk.auth_user) {
            (TrunkKind::Registration, Some(user)) => (Some(user), trunk.host.clone()),
            _ => (None, own.to_string()),
        };
        let (caller, display) = match (line.shown(dial.caller_id.as_deref()), user) {
            (Some(shown), Some(user)) => {
                let asserted = format!("<sip:{shown}@{at}>");
                headers.push(Header::Other("P-Asserted-Identity".to_owned(), asserted));
                (format!("sip:{user}@{at}"), Some(shown.to_owned()))
            }
            (Some(shown), None) => (format!("sip:{shown}@{at}"), None),
            (None, _) => {
                headers.push(Header::Other("Privacy".to_owned(), "id".to_owned()));
                let display = Some("Anonymous".to_owned());
                ("sip:anonymous@anonymous.invalid".to_owned(), display)
            }
        };
        let offer = secrecy::our_offer(dial.offer.clone(), trunk.srtp);
        Ok(InviteOption {
            caller_display_name: display,
            caller: caller.as_str().try_into()?,
            callee,
            content_type: Some("application/sdp".to_owned()),
            offer: Some(offer.into_bytes()),
            contact,
            credential: watch::credential(trunk),
            headers: Some(headers),
            support_prack: true,
            ..InviteOption::default()
        })
    }

    /// Our Contact for a trunk of this transport, which is there.
    fn contact_over(&self, transport: TrunkTransport, peer: Option<IpAddr>) -> Uri {
        let mut contact = towards(&self.contact, self.address, peer);
        let named = match transport {
            TrunkTransport::Udp => return contact,
            TrunkTransport::Tcp => Transport::Tcp,
            TrunkTransport::Tls => {
                if let Some(port) = self.secure_port {
                    contact.host_with_port.port = Some(port.into());
                }
                Transport::Tls
            }
        };
        contact.params.push(rsipstack::sip::Param::Transport(named));
        contact
    }

    /// Keeps the ways to phones behind NAT open.
    pub(super) async fn keep_ways_open(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.app.clock.sleep(KEEP_OPEN) => {}
            }
            for binding in self.registrar.behind_nat() {
                let watch = self.watch.clone();
                tokio::spawn(async move {
                    // Whatever it answers: the packet has passed.
                    let at = Some(binding.destination);
                    let _ = watch.options(binding.contact, at).await;
                });
            }
        }
    }

    /// Takes in the trunks' rows and watches what is new.
    pub(crate) async fn load_trunks(&self) -> Result<(), Problem> {
        for line in self.board.load().await? {
            self.watch.start(&line);
        }
        Ok(())
    }

    /// Asks a trunk at once whether it is there.
    pub(crate) async fn ask(&self, line: &Line) -> Heard {
        self.watch.ask_now(line).await
    }

    /// The trunks.
    pub fn board(&self) -> &Board {
        &self.board
    }
}

/// Who hears of a leg that we begin, and what it begins with.
struct Told {
    events: mpsc::UnboundedSender<LegEvent>,
    orders: mpsc::UnboundedReceiver<Order>,
    name: leg::DialogName,
    connection: Option<CancellationToken>,
    transfers: bool,
    offer: String,
}

/// Whether a trunk can be asked for it.
fn dialable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (1..=32).contains(&digits.len())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || c == '*' || c == '#')
}
