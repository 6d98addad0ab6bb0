//! A SIP user agent (RFC 3261) on a socket of its own: rsipstack as the test lines need it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::DialogStateReceiver;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::{InviteAsyncResult, InviteOption};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Method, Request, StatusCode, Uri};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, TransportLayer};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{LineError, Transport, within};

/// A TCP connection that is not made by then counts as refused.
const CONNECT: Duration = Duration::from_secs(5);

/// A call that came in; 100 was sent.
pub(crate) struct Invitation {
    pub dialog: InviteDialog,
    pub states: DialogStateReceiver,
    pub request: Request,
}

/// One user agent. Its sockets close when it is dropped.
pub(crate) struct UserAgent {
    pub dialogs: Arc<DialogLayer>,
    pub endpoint: EndpointInnerRef,
    /// Our own address.
    pub local: SocketAddr,
    /// The server that all requests go to.
    pub server: SipAddr,
    transport: Transport,
    _open: DropGuard,
}

impl UserAgent {
    /// Opens the sockets. Calls that come in are refused unless `invitations` takes them.
    pub async fn open(
        server: SocketAddr,
        transport: Transport,
        user: &str,
        invitations: Option<mpsc::UnboundedSender<Invitation>>,
    ) -> Result<Self, LineError> {
        let open = CancellationToken::new();
        let layer = TransportLayer::new(open.clone());
        // A long call without signalling is no reason to close the connection.
        layer.set_stream_idle_timeout(Duration::ZERO);
        let server_addr = |kind| SipAddr::new(kind, server.into());
        let (local, server) = match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((local_ip(server).await?, 0))
                    .await
                    .map_err(socket_error(server))?;
                let local = socket.local_addr().map_err(socket_error(server))?;
                let udp =
                    UdpConnection::from_socket(Arc::new(socket), None, Some(open.child_token()))
                        .await?;
                layer.add_transport(udp.into());
                (local, server_addr(rsipstack::sip::Transport::Udp))
            }
            Transport::Tcp => {
                // Connected here and not by the stack, which would go on trying for half a minute.
                let stream = within(CONNECT, tokio::net::TcpStream::connect(server))
                    .await
                    .unwrap_or_else(|| Err(std::io::ErrorKind::TimedOut.into()))
                    .map_err(socket_error(server))?;
                let local = stream.local_addr().map_err(socket_error(server))?;
                let own = SipAddr::new(rsipstack::sip::Transport::Tcp, local.into());
                let connection = TcpConnection::from_stream(stream, own, Some(open.child_token()))?;
                layer.add_connection(connection.into());
                (local, server_addr(rsipstack::sip::Transport::Tcp))
            }
        };
        let options = EndpointOption {
            callid_suffix: Some("test.invalid".to_owned()),
            ..EndpointOption::default()
        };
        let endpoint = EndpointBuilder::new()
            .with_user_agent("Shoujie test line")
            .with_cancel_token(open.clone())
            .with_transport_layer(layer)
            .with_option(options)
            .build();
        let mut incoming = endpoint.incoming_transactions()?;
        let dialogs = Arc::new(DialogLayer::new(endpoint.inner.clone()));
        let inner = endpoint.inner.clone();
        tokio::spawn(async move { inner.serve().await });
        let agent = Self {
            dialogs: Arc::clone(&dialogs),
            endpoint: endpoint.inner.clone(),
            local,
            server,
            transport,
            _open: open.drop_guard(),
        };
        let contact = agent.contact(user)?;
        tokio::spawn(async move {
            while let Some(transaction) = incoming.recv().await {
                let work = serve(
                    Arc::clone(&dialogs),
                    transaction,
                    contact.clone(),
                    invitations.clone(),
                );
                tokio::spawn(async move {
                    if let Err(error) = work.await {
                        tracing::debug!(%error, "test line: request not served");
                    }
                });
            }
        });
        Ok(agent)
    }

    /// Where `user` is to be reached at this agent.
    pub fn contact(&self, user: &str) -> Result<Uri, LineError> {
        let transport = match self.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
        };
        uri(&format!("sip:{user}@{}{transport}", self.local))
    }

    /// `user` at the server.
    pub fn at_server(&self, user: &str) -> Result<Uri, LineError> {
        uri(&format!("sip:{user}@{}", self.server.addr))
    }

    /// Sends an INVITE.
    pub fn invite(
        &self,
        to: &str,
        from: &str,
        offer: String,
    ) -> Result<
        (
            InviteDialog,
            DialogStateReceiver,
            JoinHandle<InviteAsyncResult>,
        ),
        LineError,
    > {
        let option = InviteOption {
            caller: self.at_server(from)?,
            callee: self.at_server(to)?,
            destination: Some(self.server.clone()),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(offer.into_bytes()),
            contact: self.contact(from)?,
            ..InviteOption::default()
        };
        let (states, state_events) = self.dialogs.new_dialog_state_channel();
        let (dialog, invited) = self.dialogs.do_invite_async(option, states)?;
        Ok((dialog, state_events, invited))
    }
}

pub(super) fn uri(text: &str) -> Result<Uri, LineError> {
    Ok(Uri::try_from(text).map_err(rsipstack::Error::from)?)
}

fn socket_error(address: SocketAddr) -> impl Fn(std::io::Error) -> LineError {
    move |error| LineError::Socket { address, error }
}

/// The address this machine uses towards the server.
async fn local_ip(server: SocketAddr) -> Result<IpAddr, LineError> {
    let any: SocketAddr = if server.is_ipv4() {
        ([0; 4], 0).into()
    } else {
        ([0; 16], 0).into()
    };
    let probe = UdpSocket::bind(any).await.map_err(socket_error(server))?;
    // Connecting a UDP socket sends nothing.
    probe.connect(server).await.map_err(socket_error(server))?;
    Ok(probe.local_addr().map_err(socket_error(server))?.ip())
}

async fn serve(
    dialogs: Arc<DialogLayer>,
    mut tx: Transaction,
    contact: Uri,
    invitations: Option<mpsc::UnboundedSender<Invitation>>,
) -> rsipstack::Result<()> {
    let method = tx.original.method;
    if matches!(tx.original.to_header()?.tag(), Ok(Some(_))) {
        return match dialogs.match_dialog(&tx) {
            Some(mut dialog) => dialog.handle(&mut tx).await,
            None if method == Method::Ack => Ok(()),
            None => tx.reply(StatusCode::CallTransactionDoesNotExist).await,
        };
    }
    match (method, invitations) {
        (Method::Invite, Some(invitations)) if !invitations.is_closed() => {
            let (states, state_events) = dialogs.new_dialog_state_channel();
            let mut dialog =
                dialogs.get_or_create_server_invite(&tx, states, None, Some(contact))?;
            let invitation = Invitation {
                dialog: dialog.clone(),
                states: state_events,
                request: tx.original.clone(),
            };
            // A phone that is going away drops it, and with it the call.
            let _ = invitations.send(invitation);
            dialog.handle(&mut tx).await
        }
        (Method::Invite, _) => tx.reply(StatusCode::TemporarilyUnavailable).await,
        (Method::Options, _) => tx.reply(StatusCode::OK).await,
        (Method::Ack | Method::Cancel, _) => Ok(()),
        _ => tx.reply(StatusCode::MethodNotAllowed).await,
    }
}
