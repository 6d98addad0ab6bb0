//! Who may speak on a leg: source lock, NAT, silence, hold by the far end.

use std::time::Duration;

use telephony::media::rtp::Header;
use telephony::media::{BOTH, Codec, MediaError, Peer, Playlist, Prompt, SessionEvent, Side};
use tokio::net::UdpSocket;

use super::{
    AGENT_HZ, FarEnd, LOOPBACK, REQUESTER_HZ, call, call_on, event, plane, plane_with, wait,
};

#[tokio::test]
async fn rtp_from_a_stranger_is_dropped_and_counted_even_if_it_comes_first() {
    let plane = plane();
    let (session, _events) = plane.start_session();
    let mut requester = FarEnd::new(Codec::Pcma).await;
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    let answer = leg.answer(requester.sdp().as_bytes()).unwrap();
    requester.aim(&answer.sdp);
    session.attach(Side::Requester, leg);
    // 127.0.0.2 is another host as far as the leg can see.
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let mut packet = Vec::new();
    let header = Header {
        payload_type: 8,
        marker: false,
        sequence: 1,
        timestamp: 1,
        ssrc: 1,
    };
    telephony::media::rtp::build(&header, &[0; 160], &mut packet);
    for _ in 0..5 {
        stranger.send_to(&packet, requester.target()).await.unwrap();
    }
    wait(50).await;
    requester.speak(REQUESTER_HZ);
    session.play(Side::Requester, Playlist::once(vec![Prompt::silence(200)]));
    wait(300).await;
    assert!(
        requester.heard().len() >= 10,
        "we still send to whom the SDP names"
    );
    let mut nothing = [0; 64];
    assert!(stranger.try_recv(&mut nothing).is_err());
    let summary = session.close().await;
    assert_eq!(summary.requester.foreign, 5);
    assert!(summary.requester.received >= 10);
}

#[tokio::test]
async fn a_phone_behind_nat_is_heard_at_the_port_its_nat_gave_it() {
    let plane = plane();
    let (session, _events) = plane.start_session();
    let mut phone = FarEnd::new(Codec::Pcma).await;
    // The SDP names an inside address nobody can reach; the signalling came from 127.0.0.1.
    let inside = phone.sdp().replace("127.0.0.1", "10.99.0.1");
    let mut strict = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    strict.answer(inside.as_bytes()).unwrap();
    let mut leg = plane
        .rtp_leg(Peer {
            ip: LOOPBACK,
            behind_nat: true,
        })
        .unwrap();
    let answer = leg.answer(inside.as_bytes()).unwrap();
    phone.aim(&answer.sdp);
    session.attach(Side::Agent, leg);
    phone.speak(AGENT_HZ);
    wait(100).await;
    session.play(Side::Agent, Playlist::once(vec![Prompt::silence(200)]));
    wait(200).await;
    assert!(phone.heard().len() >= 8);
    assert_eq!(session.close().await.agent.foreign, 0);
}

#[tokio::test]
async fn silence_is_reported_while_it_lasts_but_not_of_a_leg_on_hold() {
    let plane = plane_with(|config| config.silence_after = Duration::from_millis(300));
    let mut call = call_on(plane, Codec::Pcma, Codec::Pcma).await;
    wait(500).await;
    call.agent.hush();
    let held = call.agent.sdp_with("a=inactive\r\n");
    let answer = call
        .session
        .negotiate(Side::Agent, held.as_bytes())
        .await
        .unwrap();
    assert!(answer.held && answer.sdp.contains("a=inactive"));
    let silence = |e: &SessionEvent| matches!(e, SessionEvent::Silence(_)).then(|| e.clone());
    call.requester.hush();
    for _ in 0..2 {
        let who = event(&mut call.events, 1, silence).await;
        assert_eq!(who, SessionEvent::Silence(Side::Requester));
    }
    call.requester.speak(REQUESTER_HZ);
    wait(400).await;
    while call.events.try_recv().is_ok() {}
    wait(400).await;
    assert!(call.events.try_recv().is_err());
}

#[tokio::test]
async fn a_leg_on_hold_is_sent_nothing_until_it_is_taken_back() {
    let mut call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    wait(200).await;
    for hold in ["a=sendonly\r\n", "c=IN IP4 0.0.0.0\r\n"] {
        let offer = call.agent.sdp_with(hold);
        assert!(
            call.session
                .negotiate(Side::Agent, offer.as_bytes())
                .await
                .unwrap()
                .held
        );
        wait(50).await;
        call.agent.forget();
        wait(200).await;
        assert_eq!(call.agent.heard().len(), 0, "{hold}");
        let offer = call.agent.sdp();
        let answer = call
            .session
            .negotiate(Side::Agent, offer.as_bytes())
            .await
            .unwrap();
        assert!(!answer.held);
        wait(200).await;
        assert!(call.agent.heard().len() >= 7, "{hold}");
    }
    // The phone moves to another socket.
    call.agent.hush();
    let mut moved = FarEnd::new(Codec::Pcma).await;
    let answer = call
        .session
        .negotiate(Side::Agent, moved.sdp().as_bytes())
        .await
        .unwrap();
    moved.aim(&answer.sdp);
    call.requester.forget();
    moved.speak(1500.0);
    wait(300).await;
    assert!(moved.heard_ms(REQUESTER_HZ) >= 200);
    assert!(call.requester.heard_ms(1500.0) >= 200);
}

#[tokio::test]
async fn what_cannot_be_negotiated_is_refused_and_leaves_the_leg_as_it_was() {
    let call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    let offer = call
        .agent
        .sdp()
        .replace("RTP/AVP 8", "RTP/AVP 18")
        .replace("a=rtpmap:8 PCMA/8000\r\n", "");
    let refused = call.session.negotiate(Side::Agent, offer.as_bytes()).await;
    assert_eq!(refused, Err(MediaError::NoCodec));
    let refused = call.session.negotiate(Side::Agent, b"nonsense").await;
    assert!(matches!(refused, Err(MediaError::BadSdp(_))));
    wait(300).await;
    assert!(call.agent.heard_ms(REQUESTER_HZ) >= 200);
    // A re-INVITE without a description: we offer what is in use, the answer changes nothing.
    let offer = call.session.offer(Side::Agent).await.unwrap();
    assert!(
        offer.contains("m=audio")
            && offer.contains(&format!(
                "a=rtpmap:{} telephone-event",
                super::far_end::EVENT_TYPE
            ))
    );
    call.session
        .accept(Side::Agent, call.agent.sdp().as_bytes())
        .await
        .unwrap();
    call.agent.forget();
    wait(300).await;
    assert!(call.agent.heard_ms(REQUESTER_HZ) >= 200);
    let gone = call.session.clone();
    call.session.close().await;
    assert_eq!(gone.offer(Side::Agent).await, Err(MediaError::Ended));
}

#[tokio::test]
async fn a_leg_takes_an_answer_with_several_codecs_and_follows_either() {
    let plane = plane();
    let (session, _events) = plane.start_session();
    let mut phone = FarEnd::new(Codec::Pcmu).await;
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    phone.aim(&leg.offer().unwrap());
    let answer = phone.sdp().replace("RTP/AVP 0 96", "RTP/AVP 8 0 96");
    leg.accept(answer.as_bytes()).unwrap();
    assert_eq!(leg.codec(), Some(Codec::Pcma), "the first of the answer");
    session.attach(Side::Agent, leg);
    phone.speak(AGENT_HZ);
    wait(200).await;
    let summary = session.close().await;
    assert_eq!(
        summary.agent.unreadable, 0,
        "µ-law was offered, so it may come: {summary:?}"
    );
}
