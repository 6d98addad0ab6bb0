//! SIP by hand: for what no decent phone would say, and for a browser's side of it.

use std::net::SocketAddr;
use std::time::Duration;

use md5::{Digest as _, Md5};
use tokio::net::UdpSocket;

/// One header's value; the first of that name.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .split("\r\n\r\n")
        .next()?
        .lines()
        .skip(1)
        .find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim())
        })
}

/// The status of a response.
pub fn status(message: &str) -> u16 {
    message
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// An SDP that a test need not hear anything on.
pub fn sdp(port: u16, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na={direction}\r\n"
    )
}

/// A response to a request, with our tag, and a Contact where there is a body.
pub fn response(request: &str, status: &str, contact: &str, body: &str) -> String {
    let mut lines = vec![format!("SIP/2.0 {status}")];
    let head = request.split("\r\n\r\n").next().unwrap();
    for line in head.lines().skip(1) {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        match name.as_str() {
            "via" | "v" | "from" | "f" | "call-id" | "i" | "cseq" | "record-route" => {
                lines.push(line.to_owned());
            }
            "to" | "t" if line.contains("tag=") => lines.push(line.to_owned()),
            "to" | "t" => lines.push(format!("{line};tag=ours")),
            _ => {}
        }
    }
    lines.push(format!("Contact: <{contact}>"));
    if !body.is_empty() {
        lines.push("Content-Type: application/sdp".to_owned());
    }
    lines.push(format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    lines.join("\r\n")
}

fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

/// The Authorization line that answers a challenge.
pub fn authorization(challenge: &str, user: &str, secret: &str, nc: u32) -> String {
    let www = header(challenge, "www-authenticate").unwrap();
    let field = |name: &str| {
        www.split(&format!("{name}=\""))
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    let (realm, nonce) = (field("realm"), field("nonce"));
    let ha1 = md5(&format!("{user}:{realm}:{secret}"));
    let ha2 = md5("REGISTER:sip:127.0.0.1");
    let response = md5(&format!("{ha1}:{nonce}:{nc:08x}:cn:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"sip:127.0.0.1\", response=\"{response}\", algorithm=MD5, cnonce=\"cn\", qop=auth, nc={nc:08x}"
    )
}

/// A UDP phone without manners.
pub struct Raw {
    pub socket: UdpSocket,
    pub server: SocketAddr,
    count: u32,
}

impl Raw {
    pub async fn new(server: SocketAddr) -> Self {
        Self::at("127.0.0.1:0", server).await
    }

    pub async fn at(address: &str, server: SocketAddr) -> Self {
        Self {
            socket: UdpSocket::bind(address).await.unwrap(),
            server,
            count: 0,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A request outside a dialog with these extra header lines.
    pub fn request(
        &mut self,
        method: &str,
        uri: &str,
        user: &str,
        extra: &[&str],
        body: &str,
    ) -> String {
        self.count += 1;
        let (own, count) = (self.address(), self.count);
        let extra: String = extra.iter().flat_map(|line| [line, "\r\n"]).collect();
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK{user}{count};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:{user}@127.0.0.1>;tag=t{count}\r\n\
             To: <sip:{user}@127.0.0.1>\r\n\
             Call-ID: raw{count}-{own}\r\n\
             CSeq: {count} {method}\r\n\
             Contact: <sip:{user}@{own}>\r\n\
             {extra}{kind}Content-Length: {length}\r\n\r\n{body}",
            length = body.len(),
        )
    }

    pub async fn send(&self, message: &str) {
        self.socket
            .send_to(message.as_bytes(), self.server)
            .await
            .unwrap();
    }

    pub async fn hear(&self) -> Option<String> {
        let mut buffer = [0; 8192];
        let heard =
            tokio::time::timeout(Duration::from_secs(3), self.socket.recv_from(&mut buffer));
        let (length, _) = heard.await.ok()?.unwrap();
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// The first final response.
    pub async fn ask(&self, message: &str) -> Option<String> {
        self.send(message).await;
        loop {
            let heard = self.hear().await?;
            if heard.starts_with("SIP/2.0 ") && status(&heard) >= 200 {
                return Some(heard);
            }
        }
    }

    /// Registers with the secret of a device.
    pub async fn register(&mut self, user: &str, secret: &str) {
        let request = self.request("REGISTER", "sip:127.0.0.1", user, &[], "");
        let challenge = self.ask(&request).await.unwrap();
        let proof = authorization(&challenge, user, secret, 1);
        let request = self.request(
            "REGISTER",
            "sip:127.0.0.1",
            user,
            &[&proof, "Expires: 300"],
            "",
        );
        assert_eq!(status(&self.ask(&request).await.unwrap()), 200);
    }

    /// The next request of this method.
    pub async fn hear_request(&self, method: &str) -> String {
        for _ in 0..20 {
            if let Some(heard) = self.hear().await
                && heard.starts_with(&format!("{method} "))
            {
                return heard;
            }
        }
        panic!("no {method}");
    }

    /// A request of the one who was called: `ok` is his 200 to `invite`.
    pub fn inside_called(invite: &str, ok: &str, method: &str, cseq: u32, body: &str) -> String {
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let own = header(ok, "contact").unwrap();
        let at = own.split('@').nth(1).unwrap().trim_end_matches('>');
        let target = header(invite, "contact")
            .unwrap()
            .trim_matches(['<', '>'])
            .to_owned();
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKc{method}{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: {own}\r\n{kind}Content-Length: {length}\r\n\r\n{body}",
            from = header(ok, "to").unwrap(),
            to = header(invite, "from").unwrap(),
            id = header(invite, "call-id").unwrap(),
            length = body.len(),
        )
    }

    /// A request inside the dialog that `ok`, the 200 to `invite`, began.
    pub fn inside(invite: &str, ok: &str, method: &str, cseq: u32, body: &str) -> String {
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let target = header(ok, "contact")
            .unwrap()
            .trim_matches(['<', '>'])
            .to_owned();
        let via = header(invite, "via")
            .unwrap()
            .replace("z9hG4bK", &format!("z9hG4bK{method}{cseq}"));
        format!(
            "{method} {target} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\n\
             Call-ID: {id}\r\nCSeq: {cseq} {method}\r\nContact: {contact}\r\n{kind}\
             Content-Length: {length}\r\n\r\n{body}",
            from = header(invite, "from").unwrap(),
            to = header(ok, "to").unwrap(),
            id = header(invite, "call-id").unwrap(),
            contact = header(invite, "contact").unwrap(),
            length = body.len(),
        )
    }
}
