//! The softphone's side: SIP over the console's WebSocket, WebRTC, and a page that reloads in mid-call.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Extension;
use floor::{AgentState, Presence};
use futures::{SinkExt as _, StreamExt as _};
use kernel::{Principal, Role};
use telephony::media::{Codec, tone};
use telephony::test_line::{End, Sound};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::raw::{body, header, response, status};
use super::{CALLER_HZ, Hotline, agent, hotline, until};
use crate::media::browser::Browser;

/// The server's HTTP with agent1 signed in.
async fn serve(line: &Hotline, username: &str) -> SocketAddr {
    let principal = Principal {
        user_id: agent(1),
        session_id: agent(200),
        username: username.to_owned(),
        name: "座席1".to_owned(),
        staff_no: Some("8001".to_owned()),
        roles: vec![Role::Agent],
        queues: vec![],
        must_change_password: false,
    };
    let (router, _) = telephony::capability(&line.telephony)
        .routes
        .split_for_parts();
    let router = router.layer(Extension(principal));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    cseq: u32,
    name: &'static str,
}

async fn open(
    http: SocketAddr,
    origin: Option<String>,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
    let mut request = format!("ws://{http}/sip").into_client_request().unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-protocol", "sip".parse().unwrap());
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            Err(response.status().as_u16())
        }
        Err(error) => panic!("{error}"),
    }
}

impl Page {
    async fn open(http: SocketAddr, name: &'static str) -> Self {
        let socket = open(http, Some(format!("http://{http}"))).await.unwrap();
        Self {
            socket,
            cseq: 0,
            name,
        }
    }

    async fn say(&mut self, message: String) {
        self.socket
            .send(Message::Text(message.into()))
            .await
            .unwrap();
    }

    async fn hear(&mut self) -> String {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(15), self.socket.next());
            match next.await.unwrap().unwrap().unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Close(_) => panic!("closed"),
                _ => {}
            }
        }
    }

    async fn register(&mut self, user: &str) -> String {
        self.cseq += 1;
        let (name, cseq) = (self.name, self.cseq);
        self.say(format!(
            "REGISTER sip:shoujie.invalid SIP/2.0\r\nVia: SIP/2.0/WS {name}.invalid;branch=z9hG4bK{name}{cseq}\r\n\
             Max-Forwards: 70\r\nTo: <sip:{user}@shoujie.invalid>\r\nFrom: <sip:{user}@shoujie.invalid>;tag={name}\r\n\
             Call-ID: {name}\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:{name}@{name}.invalid;transport=ws>;expires=600\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        self.hear().await
    }

    fn contact(&self) -> String {
        format!("sip:{0}@{0}.invalid;transport=ws", self.name)
    }

    /// Waits for an INVITE and answers it; gives it with the browser behind it.
    async fn answer(&mut self) -> (String, Browser) {
        let invite = loop {
            let heard = self.hear().await;
            if heard.starts_with("INVITE ") {
                break heard;
            }
        };
        self.say(response(&invite, "180 Ringing", &self.contact(), ""))
            .await;
        let (browser, answer) = Browser::answer(body(&invite), Codec::Pcma).await;
        self.say(response(&invite, "200 OK", &self.contact(), &answer))
            .await;
        (invite, browser)
    }
}

async fn ready(line: &Hotline) {
    let softphone = Some(floor::DeviceKind::Softphone);
    until("the softphone is known", || async {
        line.floor
            .agent(agent(1))
            .await
            .is_ok_and(|agent| agent.device.reachable && agent.device.kind == softphone)
    })
    .await;
    line.floor
        .ask(agent(1), Presence::Ready, None)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_softphone_rings_talks_reloads_and_goes_on_in_the_same_record() {
    let line = hotline().await;
    let http = serve(&line, "agent1").await;
    let mut page = Page::open(http, "first").await;
    assert_eq!(status(&page.register("agent1").await), 200);
    ready(&line).await;
    let (_folder, files) = super::folder();
    let call = line.call(|plan| plan.record = Some(files["caller"].clone()));

    let (invite, browser) = page.answer().await;
    let call_id = header(&invite, "x-call-id").unwrap().to_owned();
    assert!(
        header(&invite, "from").unwrap().contains("139****0001"),
        "{invite}"
    );
    assert!(
        !invite.contains("13900000001"),
        "the number itself never reaches the page"
    );
    assert_eq!(header(&invite, "x-reattach"), None);
    until("agent talks", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    let engine = line.telephony.engine();
    let call_uuid = call_id.parse().unwrap();
    engine
        .request(call_uuid, call_control::Request::Mute)
        .await
        .unwrap();
    until("the page hears the caller", || async {
        browser.heard_ms(CALLER_HZ.into()) > 1000
    })
    .await;

    // The page reloads: socket and media are gone without a word.
    browser.vanish();
    drop(page);
    until("the call is held", || async {
        line.state_of(1) == AgentState::Held
    })
    .await;
    let mut page = Page::open(http, "second").await;
    assert_eq!(status(&page.register("agent1").await), 200);
    let (invite, browser) = page.answer().await;
    assert_eq!(header(&invite, "x-call-id"), Some(call_id.as_str()));
    assert_eq!(header(&invite, "x-reattach"), Some("1"));
    until("agent talks again", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    until("the new page hears the caller", || async {
        browser.heard_ms(CALLER_HZ.into()) > 1500
    })
    .await;
    assert!(engine.standing(call_uuid).unwrap().muted);

    engine
        .request(call_uuid, call_control::Request::HangUp)
        .await
        .unwrap();
    let bye = loop {
        let heard = page.hear().await;
        if heard.starts_with("BYE ") {
            break heard;
        }
    };
    page.say(response(&bye, "200 OK", &page.contact(), ""))
        .await;
    assert_eq!(call.await.unwrap().end, End::HungUpThere);
    let row = line.record().await;
    assert_eq!(row.id.to_string(), call_id);
    assert_eq!(
        line.journal(row.id).await,
        [
            "arrived",
            "greeted",
            "queued",
            "ringing",
            "answered",
            "muted",
            "device_lost",
            "device_back",
            "ended",
            "recorded"
        ]
    );
    // He muted himself as soon as he talked, and was not heard after the reload either.
    let heard = Sound::read(&files["caller"]).unwrap().linear();
    let agent_ms = tone::heard_ms(&heard, 1000.0, 2000.0);
    assert!(agent_ms < 500, "heard for {agent_ms} ms");
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_stays_away_ends_the_call_after_fifteen_seconds() {
    let line = hotline().await;
    let http = serve(&line, "agent1").await;
    let mut page = Page::open(http, "gone").await;
    page.register("agent1").await;
    ready(&line).await;
    let call = line.call(|_| {});
    let (_, browser) = page.answer().await;
    until("agent talks", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    browser.vanish();
    drop(page);
    until("the call is held", || async {
        line.state_of(1) == AgentState::Held
    })
    .await;
    line.app.clock.advance(Duration::from_secs(14));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(line.telephony.engine().open_calls(), 1);
    line.app.clock.advance(Duration::from_secs(1));
    assert_eq!(call.await.unwrap().end, End::HungUpThere);
    let row = line.record().await;
    assert_eq!(
        (row.outcome.as_deref(), row.ended_by.as_deref()),
        (Some("answered"), Some("system"))
    );
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_declines_gives_the_call_back() {
    let line = hotline().await;
    let http = serve(&line, "agent1").await;
    let mut page = Page::open(http, "busy").await;
    page.register("agent1").await;
    ready(&line).await;
    let call = line.call(|plan| plan.talk = Some(Duration::from_secs(12)));
    let invite = loop {
        let heard = page.hear().await;
        if heard.starts_with("INVITE ") {
            break heard;
        }
    };
    page.say(response(&invite, "486 Busy Here", &page.contact(), ""))
        .await;
    until("nobody rings", || async {
        line.state_of(1) != AgentState::Ringing
    })
    .await;
    let _ = call.await.unwrap();
    let row = line.record().await;
    assert_eq!(row.outcome.as_deref(), Some("abandoned"));
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_opens_for_our_own_page_and_registers_its_own_user_only() {
    let line = hotline().await;
    let http = serve(&line, "agent1").await;
    for origin in [
        None,
        Some("http://evil.example".to_owned()),
        Some("null".to_owned()),
    ] {
        assert_eq!(
            open(http, origin.clone()).await.err(),
            Some(403),
            "{origin:?}"
        );
    }
    let mut page = Page::open(http, "other").await;
    assert_eq!(status(&page.register("agent2").await), 403);
    assert_eq!(status(&page.register("agent1").await), 200);
    // A page places no calls through the back door.
    page.say(
        "INVITE sip:12333@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/WS other.invalid;branch=z9hG4bKi\r\nMax-Forwards: 70\r\n\
         To: <sip:12333@shoujie.invalid>\r\nFrom: <sip:agent1@shoujie.invalid>;tag=i\r\nCall-ID: i\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:other@other.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
            .to_owned(),
    )
    .await;
    assert_eq!(status(&page.hear().await), 403);
    // A session that ends takes its socket along.
    line.telephony.session_ended(agent(200));
    let next = tokio::time::timeout(Duration::from_secs(3), page.socket.next())
        .await
        .unwrap();
    assert!(
        matches!(next, None | Some(Ok(Message::Close(_)) | Err(_))),
        "{next:?}"
    );
    let registrar = line.telephony.stack().unwrap().registrar();
    until("its registration is gone", || async {
        registrar.all().is_empty()
    })
    .await;
}
