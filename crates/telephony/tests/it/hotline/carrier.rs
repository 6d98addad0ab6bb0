//! A carrier's equipment by hand: takes what we send it and answers as a test tells it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::raw::{header, response, sdp, status};

pub struct Carrier {
    pub socket: UdpSocket,
    /// Who spoke to it last.
    from: Option<SocketAddr>,
}

impl Carrier {
    pub async fn new() -> Self {
        Self::at("127.0.0.1:0").await
    }

    pub async fn at(address: &str) -> Self {
        Self {
            socket: UdpSocket::bind(address).await.unwrap(),
            from: None,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// The next message within so many seconds.
    pub async fn hear_within(&mut self, seconds: u64) -> Option<String> {
        let mut buffer = [0; 8192];
        let heard = self.socket.recv_from(&mut buffer);
        let heard = tokio::time::timeout(Duration::from_secs(seconds), heard).await;
        let (length, from) = heard.ok()?.unwrap();
        self.from = Some(from);
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// The next request of this method; what else comes is passed over.
    pub async fn request(&mut self, method: &str) -> String {
        for _ in 0..30 {
            if let Some(heard) = self.hear_within(8).await
                && heard.starts_with(&format!("{method} "))
            {
                return heard;
            }
        }
        panic!("no {method}");
    }

    /// The final response to a request of ours.
    pub async fn answer(&mut self) -> String {
        loop {
            let heard = self.hear_within(8).await.unwrap();
            if heard.starts_with("SIP/2.0 ") && status(&heard) >= 200 {
                return heard;
            }
        }
    }

    pub async fn send(&self, message: &str) {
        self.socket
            .send_to(message.as_bytes(), self.from.unwrap())
            .await
            .unwrap();
    }

    /// Answers a request; more header lines go in, each with its end.
    pub async fn respond(&self, request: &str, line: &str, more: &str, body: &str) -> String {
        let contact = format!("sip:carrier@{}", self.address());
        let made = response(request, line, &contact, body);
        let made = made.replacen("Content-Length:", &format!("{more}Content-Length:"), 1);
        self.send(&made).await;
        made
    }

    /// Takes a call with 200 and hears the ACK; gives INVITE and 200.
    pub async fn takes(&mut self, more: &str) -> (String, String) {
        let invite = self.request("INVITE").await;
        let ok = self
            .respond(&invite, "200 OK", more, &sdp(4000, "sendrecv"))
            .await;
        self.request("ACK").await;
        (invite, ok)
    }

    /// Hears the BYE and answers it.
    pub async fn is_left(&mut self) {
        let bye = self.request("BYE").await;
        self.respond(&bye, "200 OK", "", "").await;
    }
}

/// A header's value that must be there.
pub fn must<'a>(message: &'a str, name: &str) -> &'a str {
    header(message, name).unwrap_or_else(|| panic!("no {name} in {message}"))
}
