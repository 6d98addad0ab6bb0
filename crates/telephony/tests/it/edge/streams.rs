//! SIP over streams: slow senders, endless messages, one source with too many connections; and a call that works.

use std::time::Duration;

use telephony::test_line::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::hotline::raw::{Raw, status};
use super::super::hotline::{Hotline, event, hotline, hotline_with, until};
use telephony::phone::PhoneEvent;

/// Trunk peers are let stay; these come from nowhere.
async fn strangers() -> Hotline {
    hotline_with(|settings| settings.sip.trunks = vec!["127.0.0.2".parse().unwrap()]).await
}

async fn options(line: &Hotline) -> String {
    let mut phone = Raw::new(line.sip).await;
    phone
        .request("OPTIONS", "sip:127.0.0.1", "x", &[], "")
        .replacen("SIP/2.0/UDP", "SIP/2.0/TCP", 1)
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut buffer = [0; 8192];
    let read = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut buffer));
    match read.await.ok()? {
        Ok(length @ 1..) => Some(String::from_utf8_lossy(&buffer[..length]).into_owned()),
        _ => None,
    }
}

/// The other side has hung up, within real seconds.
async fn closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1024];
    let end = async { while let Ok(1..) = stream.read(&mut buffer).await {} };
    tokio::time::timeout(Duration::from_secs(5), end)
        .await
        .is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn slowloris_a_message_that_never_ends_is_let_go_and_a_slow_one_is_taken() {
    let line = strangers().await;
    let message = options(&line).await;
    let mut slow = TcpStream::connect(line.sip).await.unwrap();
    for piece in message.as_bytes().chunks(20) {
        slow.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(status(&read(&mut slow).await.unwrap()), 200);
    // Several in one piece, and one in two.
    let twice = format!("{message}\r\n{message}{}", &message[..30]);
    slow.write_all(twice.as_bytes()).await.unwrap();
    slow.write_all(&message.as_bytes()[30..]).await.unwrap();
    let mut heard = String::new();
    while heard.matches("SIP/2.0 200").count() < 3 {
        heard += &read(&mut slow).await.unwrap();
    }
    let mut never = TcpStream::connect(line.sip).await.unwrap();
    never
        .write_all(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: ")
        .await
        .unwrap();
    let mut silent = TcpStream::connect(line.sip).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..3 {
        // A byte every four seconds does not prolong it.
        line.app.clock.advance(Duration::from_secs(4));
        let _ = never.write_all(b"x").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(closed(&mut never).await, "ten seconds for one message");
    assert!(closed(&mut silent).await, "ten seconds for the first one");
    slow.write_all(message.as_bytes()).await.unwrap();
    assert_eq!(
        status(&read(&mut slow).await.unwrap()),
        200,
        "who has spoken may be silent a while"
    );
    line.app.clock.advance(Duration::from_secs(301));
    assert!(closed(&mut slow).await, "but not for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn oversize_an_endless_header_or_a_lie_about_its_length_ends_the_connection() {
    let line = strangers().await;
    for bad in [
        format!("OPTIONS sip:a SIP/2.0\r\nX: {}", "x".repeat(20_000)),
        "OPTIONS sip:a SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n".to_owned(),
        "OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "OPTIONS sip:a SIP/2.0\r\nContent-Length: 1000000\r\n\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(line.sip).await.unwrap();
        let _ = stream.write_all(bad.as_bytes()).await;
        assert!(closed(&mut stream).await, "{}", &bad[..60]);
    }
    let mut phone = Raw::new(line.sip).await;
    let long = format!("X-Long: {}", "x".repeat(9_000));
    let datagram = phone.request("OPTIONS", "sip:127.0.0.1", "x", &[&long], "");
    assert!(
        phone.ask(&datagram).await.is_none(),
        "longer than a datagram should be: dropped"
    );
    let mut stream = TcpStream::connect(line.sip).await.unwrap();
    let message = options(&line).await;
    stream
        .write_all(
            message
                .replacen("Max-Forwards", &format!("{long}\r\nMax-Forwards"), 1)
                .as_bytes(),
        )
        .await
        .unwrap();
    assert_eq!(
        status(&read(&mut stream).await.unwrap()),
        400,
        "no value is that long"
    );
    stream.write_all(message.as_bytes()).await.unwrap();
    assert_eq!(
        status(&read(&mut stream).await.unwrap()),
        200,
        "the connection goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_more_than_two_hundred_of_one_address_are_refused_and_others_get_theirs() {
    let line = strangers().await;
    let mut open = Vec::new();
    for _ in 0..200 {
        open.push(TcpStream::connect(line.sip).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut more = TcpStream::connect(line.sip).await.unwrap();
    assert!(closed(&mut more).await);
    let elsewhere = tokio::net::TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.3:0".parse().unwrap()).unwrap();
    let mut other = elsewhere.connect(line.sip).await.unwrap();
    other
        .write_all(options(&line).await.as_bytes())
        .await
        .unwrap();
    assert_eq!(status(&read(&mut other).await.unwrap()), 200);
    drop(open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_and_a_desk_phone_over_tcp() {
    let line = hotline().await;
    let mut phone = line
        .ready_agent(1, |plan| plan.transport = Transport::Tcp)
        .await;
    let call = line.call(|plan| {
        plan.transport = Transport::Tcp;
    });
    event(&mut phone, |event| {
        matches!(event, PhoneEvent::Answered { .. }).then_some(())
    })
    .await;
    // The staff number is read out, then both talk.
    tokio::time::sleep(Duration::from_secs(5)).await;
    phone.hang_up();
    let report = call.await.unwrap();
    assert!(report.answered(), "{:?}", report.end);
    assert_eq!(line.record().await.outcome.as_deref(), Some("answered"));
    line.settled().await;
    // The phone's registration goes with its connection.
    drop(phone);
    let registrar = line.telephony.stack().unwrap().registrar();
    until("it is gone", || async { registrar.all().is_empty() }).await;
}
