//! SIP over TCP and TLS, read by ourselves: the stack's own reader waits for ever for the end of a message, adds up
//! lengths it was told without looking at them, and drops a connection for a method it does not know.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use kernel::Clock;
use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::guard::frames::{Frame, frame};
use super::guard::screen::{Verdict, screen};
use super::guard::{Gate, Turned};

/// A message that has begun is there by then, and so is the first one.
const MESSAGE: Duration = Duration::from_secs(10);
/// A stranger that says nothing for this long is let go.
const IDLE: Duration = Duration::from_mins(5);
/// A far end that takes nothing for this long is gone.
const SEND_PATIENCE: Duration = Duration::from_secs(5);
/// Messages that wait for a far end that does not read.
const BACKLOG: usize = 256;

/// What a connection needs of the stack.
pub(super) struct Intake {
    pub endpoint: EndpointInnerRef,
    pub gate: Arc<Gate>,
    pub turned: Arc<Turned>,
    pub clock: Clock,
}

/// Hands a message over to the stack, with the address it really came from.
pub(super) fn hand_over(
    bytes: &[u8],
    connection: &SipConnection,
    address: &SipAddr,
    to_stack: &mpsc::UnboundedSender<TransportEvent>,
) {
    let peer = address.get_socketaddr();
    let message = SipMessage::try_from(bytes)
        .map_err(rsipstack::Error::from)
        .and_then(|message| {
            let transport = address.r#type.unwrap_or_default();
            SipConnection::update_msg_received(message, peer?, transport)
        });
    match message {
        // The stack is stopping when it takes nothing any more; the connection follows.
        Ok(message) => {
            let _ = to_stack.send(TransportEvent::Incoming(
                message,
                connection.clone(),
                address.clone(),
            ));
        }
        Err(error) => tracing::debug!(%address, %error, "no SIP message"),
    }
}

/// Carries messages between the far end and the stack until one of them is gone.
pub(super) async fn carry<S>(
    stream: S,
    peer: SocketAddr,
    transport: Transport,
    intake: &Intake,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let address = SipAddr {
        r#type: Some(transport),
        addr: peer.into(),
    };
    let (to_stack, from_far_end) = mpsc::unbounded_channel();
    let (to_far_end, mut from_stack) = mpsc::channel(BACKLOG);
    let connection = ChannelConnection::create_connection_bounded(
        from_far_end,
        to_far_end,
        address.clone(),
        Some(stop.clone()),
    )
    .await;
    let Ok(connection) = connection else { return };
    let connection = SipConnection::Channel(connection);
    intake
        .endpoint
        .transport_layer
        .add_connection(connection.clone());
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut read = BytesMut::with_capacity(4096);
    let mut begun = false;
    let mut until = Box::pin(intake.clock.sleep(MESSAGE));
    'open: loop {
        let before = read.len();
        let mut replies: Vec<u8> = Vec::new();
        loop {
            match frame(&read) {
                Frame::Part => break,
                Frame::Blank(octets) => read.advance(octets),
                Frame::Ping => {
                    read.advance(4);
                    replies.extend_from_slice(b"\r\n");
                }
                Frame::Broken => {
                    intake.turned.malformed.fetch_add(1, Relaxed);
                    break 'open;
                }
                Frame::Message(octets) => {
                    let bytes = read.split_to(octets);
                    if !intake.gate.admits(peer) || intake.gate.is_scan(&bytes, peer) {
                        break 'open;
                    }
                    match screen(&bytes, peer) {
                        Verdict::Pass(None) => {
                            hand_over(&bytes, &connection, &address, &to_stack);
                        }
                        Verdict::Pass(Some(proper)) => {
                            hand_over(&proper, &connection, &address, &to_stack);
                        }
                        Verdict::Refuse(_, response) => {
                            intake.turned.malformed.fetch_add(1, Relaxed);
                            replies.extend_from_slice(&response);
                        }
                        Verdict::Drop(why) => {
                            intake.turned.malformed.fetch_add(1, Relaxed);
                            tracing::debug!(%peer, why, "SIP message dropped");
                        }
                    }
                }
            }
        }
        if read.len() < before || (!begun && !read.is_empty()) {
            begun = !read.is_empty();
            until = Box::pin(intake.clock.sleep(if begun { MESSAGE } else { IDLE }));
        }
        if replies.is_empty() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut until => {
                    // A lone line end is somebody's keep-alive.
                    let waits = read.iter().all(|byte| b"\r\n".contains(byte));
                    if !(waits && (begun || intake.gate.knows(peer))) {
                        break;
                    }
                    read.clear();
                    begun = false;
                    until = Box::pin(intake.clock.sleep(IDLE));
                    continue;
                }
                event = from_stack.recv() => match event {
                    Some(TransportEvent::Incoming(message, ..)) => replies = message.to_bytes(),
                    Some(_) => continue,
                    None => break,
                },
                octets = reader.read_buf(&mut read) => match octets {
                    Ok(1..) => continue,
                    Ok(0) | Err(_) => break,
                },
            }
        }
        let send = async {
            writer.write_all(&replies).await?;
            writer.flush().await
        };
        let sent = intake.clock.timeout(SEND_PATIENCE, send).await;
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    stop.cancel();
    drop(to_stack);
    let _ = intake.clock.timeout(SEND_PATIENCE, writer.shutdown()).await;
}
