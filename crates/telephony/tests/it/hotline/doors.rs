//! Who gets in: trunk peers, devices with their secrets, and nobody else.

use std::time::Duration;

use super::raw::{Raw, authorization, body, header, sdp, status};
use super::{SECRET, hotline, hotline_with, on_both, until};

async fn register(phone: &mut Raw, user: &str, extra: &[&str]) -> String {
    let request = phone.request("REGISTER", "sip:127.0.0.1", user, extra, "");
    phone.ask(&request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_registers_with_its_secret_and_a_replay_is_worth_nothing() {
    let line = hotline().await;
    let registrar = line.telephony.stack().unwrap().registrar();
    let mut phone = Raw::new(line.sip).await;
    let challenge = register(&mut phone, "agent1", &[]).await;
    assert_eq!(status(&challenge), 401);
    for nc in 1..=12 {
        let proof = authorization(&challenge, "agent1", SECRET, nc);
        assert_eq!(
            status(&register(&mut phone, "agent1", &[&proof, "Expires: 60"]).await),
            200
        );
    }
    assert_eq!(
        registrar.all().len(),
        1,
        "the same contact again is no second device"
    );
    // Somebody who heard it says it once more.
    let replay = authorization(&challenge, "agent1", SECRET, 5);
    let mut thief = Raw::new(line.sip).await;
    let answer = register(&mut thief, "agent1", &[&replay]).await;
    assert_eq!(status(&answer), 401);
    assert!(
        header(&answer, "www-authenticate")
            .unwrap()
            .contains("stale=true")
    );
    // After five minutes the nonce is old.
    line.app.clock.advance(Duration::from_secs(301));
    let late = authorization(&challenge, "agent1", SECRET, 13);
    let answer = register(&mut phone, "agent1", &[&late]).await;
    assert!(
        header(&answer, "www-authenticate")
            .unwrap()
            .contains("stale=true")
    );
    // And the registration has run out.
    until("it has expired", || async { registrar.all().is_empty() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_exist_answers_like_a_wrong_secret() {
    let line = hotline().await;
    let mut answers = Vec::new();
    for user in ["agent1", "agent99", "root"] {
        let mut phone = Raw::new(line.sip).await;
        let challenge = register(&mut phone, user, &[]).await;
        let proof = authorization(&challenge, user, "a guess", 1);
        let answer = register(&mut phone, user, &[&proof]).await;
        let mut names: Vec<_> = answer
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
            .collect();
        names.sort();
        answers.push((status(&challenge), status(&answer), names));
    }
    assert_eq!(answers[0].1, 403);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_cut_off_and_the_right_secret_does_not_help_then() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    for _ in 0..5 {
        let challenge = register(&mut phone, "agent1", &[]).await;
        let proof = authorization(&challenge, "agent1", "a guess", 1);
        assert_eq!(
            status(&register(&mut phone, "agent1", &[&proof]).await),
            403
        );
    }
    let challenge = register(&mut phone, "agent1", &[]).await;
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    assert_eq!(
        status(&register(&mut phone, "agent1", &[&proof]).await),
        403
    );
    let challenge = register(&mut phone, "agent2", &[]).await;
    let proof = authorization(&challenge, "agent2", SECRET, 1);
    assert_eq!(
        status(&register(&mut phone, "agent2", &[&proof]).await),
        200,
        "others are not locked out"
    );
    line.app.clock.advance(Duration::from_secs(301));
    let challenge = register(&mut phone, "agent1", &[]).await;
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    assert_eq!(
        status(&register(&mut phone, "agent1", &[&proof]).await),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_another_name_than_the_one_proved() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    let challenge = register(&mut phone, "agent2", &[]).await;
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    assert_eq!(
        status(&register(&mut phone, "agent2", &[&proof]).await),
        403
    );
    let too_brief = register(&mut phone, "agent1", &[]).await;
    let proof = authorization(&too_brief, "agent1", SECRET, 1);
    let answer = register(&mut phone, "agent1", &[&proof, "Expires: 5"]).await;
    assert_eq!(
        (status(&answer), header(&answer, "min-expires")),
        (423, Some("30"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_trunk_peers_call_and_only_the_hotline() {
    let line = hotline_with(|settings| {
        settings.sip.trunks = vec!["127.0.0.2".parse().unwrap()];
    })
    .await;
    // Not with_settings' business: the demo's loopback trunks come with `Telephony::new` only.
    let mut stranger = Raw::new(line.sip).await;
    let mut trunk = Raw::at("127.0.0.2:0", line.sip).await;
    for number in ["12333", "agent1", "110", "13900000002"] {
        let invite = stranger.request(
            "INVITE",
            &format!("sip:{number}@127.0.0.1"),
            "x",
            &[],
            &sdp(9, "sendrecv"),
        );
        assert_eq!(
            status(&stranger.ask(&invite).await.unwrap()),
            403,
            "{number}"
        );
    }
    for number in ["agent1", "agent99", "110", "0085299999999"] {
        let invite = trunk.request(
            "INVITE",
            &format!("sip:{number}@127.0.0.1"),
            "x",
            &[],
            &sdp(9, "sendrecv"),
        );
        assert_eq!(status(&trunk.ask(&invite).await.unwrap()), 404, "{number}");
    }
    let invite = trunk.request(
        "INVITE",
        "sip:12333@127.0.0.1",
        "x",
        &["Require: precondition"],
        &sdp(9, "sendrecv"),
    );
    let refused = trunk.ask(&invite).await.unwrap();
    assert_eq!(
        (status(&refused), header(&refused, "unsupported")),
        (420, Some("precondition"))
    );
    let options = stranger.request("OPTIONS", "sip:127.0.0.1", "x", &[], "");
    assert_eq!(status(&stranger.ask(&options).await.unwrap()), 200);
    let message = stranger.request("SUBSCRIBE", "sip:agent1@127.0.0.1", "x", &[], "");
    assert_eq!(status(&stranger.ask(&message).await.unwrap()), 405);
    assert!(line.records().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_are_refused_and_the_hotline_goes_on() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    for (from, to, code) in [
        ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", 505),
        ("Content-Length: 1", "Content-Length: -1", 400),
        (" INVITE\r\nContact", " OPTIONS\r\nContact", 400),
        ("Max-Forwards: 70", "Max-Forwards: many", 400),
    ] {
        let invite = phone.request(
            "INVITE",
            "sip:12333@127.0.0.1",
            "x",
            &[],
            &sdp(9, "sendrecv"),
        );
        assert!(invite.contains(from), "{from}");
        let answer = phone.ask(&invite.replacen(from, to, 1)).await.unwrap();
        assert_eq!(status(&answer), code, "{to}");
    }
    for noise in [
        "",
        "\0\0\0\0",
        "INVITE",
        "SIP/2.0 200 OK\r\n\r\n",
        "\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    ] {
        phone.send(noise).await;
    }
    phone.send(&"A".repeat(8000)).await;
    let options = phone.request("OPTIONS", "sip:127.0.0.1", "x", &[], "");
    loop {
        // The keep-alive was answered too.
        let heard = phone.ask(&options).await.unwrap();
        if status(&heard) == 200 {
            break;
        }
    }
    assert!(line.records().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_invites_from_one_source_is_answered_with_503() {
    let line = hotline_with(|settings| settings.sip.invites_per_second = 5).await;
    let mut phone = Raw::new(line.sip).await;
    let mut refused = 0;
    for _ in 0..40 {
        let invite = phone.request("INVITE", "sip:12333@127.0.0.1", "x", &[], "not an sdp");
        phone.send(&invite).await;
    }
    while let Some(heard) = phone.hear().await {
        if status(&heard) == 503 {
            assert!(header(&heard, "retry-after").is_some());
            refused += 1;
        }
    }
    assert!((25..40).contains(&refused), "{refused} of 40 refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_without_sdp_is_offered_one_and_the_ack_answers_it() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    let rtp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let invite = phone.request("INVITE", "sip:12333@127.0.0.1", "13900000001", &[], "");
    let ok = phone.ask(&invite).await.unwrap();
    assert_eq!(status(&ok), 200);
    assert!(body(&ok).contains("m=audio"), "our offer");
    let port = rtp.local_addr().unwrap().port();
    phone
        .send(&Raw::inside(&invite, &ok, "ACK", 1, &sdp(port, "sendrecv")))
        .await;
    // The greeting arrives where the ACK said.
    let mut packet = [0; 2000];
    tokio::time::timeout(Duration::from_secs(3), rtp.recv_from(&mut packet))
        .await
        .unwrap()
        .unwrap();
    phone
        .ask(&Raw::inside(&invite, &ok, "BYE", 2, ""))
        .await
        .unwrap();
    let row = line.record().await;
    assert_eq!(row.outcome.as_deref(), Some("short_abandoned"));
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_without_a_codec_in_common_is_refused_with_488_and_written_down() {
    on_both(async |line| {
        let mut phone = Raw::new(line.sip).await;
        let video = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio 4000 RTP/AVP 3\r\na=rtpmap:3 GSM/8000\r\n";
        let invite = phone.request("INVITE", "sip:12333@127.0.0.1", "13900000001", &[], video);
        assert_eq!(status(&phone.ask(&invite).await.unwrap()), 488);
        assert_eq!(line.record().await.outcome.as_deref(), Some("failed"));
        line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ack_gets_the_200_repeated_and_the_call_does_not_hang() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    let invite = phone.request(
        "INVITE",
        "sip:12333@127.0.0.1",
        "13900000001",
        &[],
        &sdp(9, "sendrecv"),
    );
    let ok = phone.ask(&invite).await.unwrap();
    // No ACK: the 200 comes again, and again to a repeated INVITE.
    assert_eq!(status(&phone.hear().await.unwrap()), 200);
    assert_eq!(status(&phone.ask(&invite).await.unwrap()), 200);
    phone.send(&Raw::inside(&invite, &ok, "ACK", 1, "")).await;
    let bye = Raw::inside(&invite, &ok, "BYE", 2, "");
    phone.send(&bye).await;
    line.record().await;
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_against_200_leaves_one_record_and_no_leg() {
    on_both(async |line| {
        let mut phone = Raw::new(line.sip).await;
        for _ in 0..5 {
            let invite = phone.request(
                "INVITE",
                "sip:12333@127.0.0.1",
                "13900000001",
                &[],
                &sdp(9, "sendrecv"),
            );
            let cancel = invite
                .replacen("INVITE", "CANCEL", 1)
                .replace(" INVITE\r\n", " CANCEL\r\n")
                .split("Content-Type")
                .next()
                .unwrap()
                .to_owned()
                + "Content-Length: 0\r\n\r\n";
            phone.send(&invite).await;
            phone.send(&cancel).await;
            let answered = loop {
                let Some(heard) = phone.hear().await else {
                    break None;
                };
                let of_invite = header(&heard, "cseq").is_some_and(|cseq| cseq.ends_with("INVITE"));
                if of_invite && status(&heard) >= 200 {
                    break Some(heard);
                }
            };
            let last = answered.unwrap();
            if status(&last) == 200 {
                // The 200 won: the caller ends what stands.
                let number: u32 = header(&invite, "cseq")
                    .unwrap()
                    .split(' ')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                phone
                    .send(&Raw::inside(&invite, &last, "ACK", number, ""))
                    .await;
                phone
                    .send(&Raw::inside(&invite, &last, "BYE", number + 1, ""))
                    .await;
            }
            line.settled().await;
        }
        until("all are written down", || async {
            let rows = line.records().await;
            rows.len() == 5 && rows.iter().all(|row| row.outcome.is_some())
        })
        .await;
        let rows = line.records().await;
        assert!(
            rows.iter()
                .all(|row| row.outcome.as_deref() == Some("short_abandoned")),
            "{rows:?}"
        );
    })
    .await;
}

/// The same request with a Via that claims to come from elsewhere, as an honest one never does.
fn forged(request: &str, received: &str) -> String {
    request.replacen(";rport", &format!(";received={received}"), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_received_makes_nobody_a_trunk_peer_and_locks_nobody_out() {
    let line = hotline_with(|settings| {
        settings.sip.trunks = vec!["127.0.0.2".parse().unwrap()];
    })
    .await;
    let mut stranger = Raw::new(line.sip).await;
    for received in ["127.0.0.2", "127.0.0.2;received=127.0.0.2"] {
        let invite = stranger.request(
            "INVITE",
            "sip:12333@127.0.0.1",
            "x",
            &[],
            &sdp(9, "sendrecv"),
        );
        let answer = stranger.ask(&forged(&invite, received)).await.unwrap();
        assert_eq!(status(&answer), 403, "{answer}");
    }
    assert!(line.records().await.is_empty());
    // Guesses that claim to come from a phone at 127.0.0.3.
    let mut challenged = register(&mut stranger, "agent1", &[]).await;
    for _ in 0..8 {
        let proof = authorization(&challenged, "agent1", "a guess", 1);
        let request = stranger.request("REGISTER", "sip:127.0.0.1", "agent1", &[&proof], "");
        stranger.ask(&forged(&request, "127.0.0.3")).await.unwrap();
        challenged = register(&mut stranger, "agent1", &[]).await;
    }
    let mut phone = Raw::at("127.0.0.3:0", line.sip).await;
    phone.register("agent1", SECRET).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_with_a_nonce_we_never_gave_lock_nobody_out() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    let mut elsewhere = Raw::at("127.0.0.2:0", line.sip).await;
    // A nonce that another address was given, as one has who forges the phone's address.
    let stolen = register(&mut elsewhere, "agent1", &[]).await;
    for _ in 0..10 {
        let proof = authorization(&stolen, "agent1", "a guess", 1);
        let answer = register(&mut phone, "agent1", &[&proof]).await;
        assert_eq!(status(&answer), 401);
    }
    phone.register("agent1", SECRET).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_phone_whose_secret_counts_no_longer_is_gone_at_once() {
    let line = hotline().await;
    let registrar = line.telephony.stack().unwrap().registrar();
    let [mut first, mut second] = [Raw::new(line.sip).await, Raw::new(line.sip).await];
    first.register("agent1", SECRET).await;
    second.register("agent2", SECRET).await;
    line.telephony.device_secret_gone(super::desk_phone(1));
    let left: Vec<_> = registrar.all().into_iter().map(|b| b.username).collect();
    assert_eq!(left, ["agent2"]);
    until("the floor knows", || async {
        let view = line.floor.agent(super::agent(1)).await.unwrap();
        !view.device.reachable
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_to_tag_does_not_get_a_flood_of_invites_past_the_limit() {
    let line = hotline_with(|settings| settings.sip.invites_per_second = 5).await;
    let mut phone = Raw::new(line.sip).await;
    for _ in 0..100 {
        let invite = phone.request("INVITE", "sip:12333@127.0.0.1", "x", &[], "not an sdp");
        let tagged = invite.replacen("To: <sip:x@127.0.0.1>", "To: <sip:x@127.0.0.1>;tag=y", 1);
        assert_ne!(invite, tagged);
        phone.send(&tagged).await;
    }
    let mut refused = 0;
    while let Some(heard) = phone.hear().await {
        refused += usize::from(status(&heard) == 503);
    }
    assert!((30..=70).contains(&refused), "{refused} of 100 refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn sip_over_tls_is_answered_and_a_client_that_says_nothing_holds_up_nobody() {
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap();
    drop(free);
    let pem = (
        made.cert.pem().into_bytes(),
        made.signing_key.serialize_pem().into_bytes(),
    );
    let line = hotline_with(|settings| settings.sip.tls = Some((listen, pem.0, pem.1))).await;
    let _silent = tokio::net::TcpStream::connect(listen).await.unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = tokio::net::TcpStream::connect(listen).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, tcp).await.unwrap();
    let mut phone = Raw::new(line.sip).await;
    let options = phone
        .request("OPTIONS", "sip:127.0.0.1", "x", &[], "")
        .replacen("SIP/2.0/UDP", "SIP/2.0/TLS", 1);
    stream.write_all(options.as_bytes()).await.unwrap();
    let mut buffer = [0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut buffer));
    let length = read.await.unwrap().unwrap();
    assert_eq!(status(&String::from_utf8_lossy(&buffer[..length])), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_phone_dials_only_from_where_it_is_and_with_its_secret_said_anew() {
    let line = hotline_with(|settings| {
        settings.sip.trunks = vec!["127.0.0.2".parse().unwrap()];
    })
    .await;
    let invite = |phone: &mut Raw, extra: &[&str]| {
        let uri = "sip:13900000002@127.0.0.1";
        phone.request("INVITE", uri, "agent1", extra, &sdp(9, "sendrecv"))
    };
    let mut phone = Raw::new(line.sip).await;
    phone.register("agent1", SECRET).await;
    let dialled = invite(&mut phone, &[]);
    let challenge = phone.ask(&dialled).await.unwrap();
    assert_eq!(status(&challenge), 401);
    // The proof for a REGISTER is none for a call.
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    let dialled = invite(&mut phone, &[&proof]);
    assert_eq!(status(&phone.ask(&dialled).await.unwrap()), 403);
    // Who only claims to be it learns nothing.
    let mut other = Raw::new(line.sip).await;
    let dialled = invite(&mut other, &[]);
    assert_eq!(status(&other.ask(&dialled).await.unwrap()), 403);
    assert_eq!(line.telephony.engine().open_calls(), 0);
}
