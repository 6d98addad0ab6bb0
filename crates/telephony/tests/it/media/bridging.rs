//! Two legs that hear each other, or shall not.

use telephony::media::codec::SILENCE;
use telephony::media::{BOTH, Codec, Peer, Playlist, SessionEvent, Side};

use super::far_end::{EVENT_TYPE, FarEnd};
use super::{AGENT_HZ, LOOPBACK, REQUESTER_HZ, call, event, hold, plane, unhold, wait};

#[tokio::test]
async fn both_sides_hear_each_other_whatever_their_codecs() {
    for (requester, agent) in [
        (Codec::Pcma, Codec::Pcma),
        (Codec::Pcma, Codec::Pcmu),
        (Codec::Pcmu, Codec::G722),
        (Codec::G722, Codec::G722),
    ] {
        let call = call(requester, agent).await;
        wait(300).await;
        assert_eq!(call.agent.sound(), [0_i16; 0], "not before the bridge");
        call.session.connect(&BOTH);
        wait(1500).await;
        for (far, hz) in [(&call.requester, AGENT_HZ), (&call.agent, REQUESTER_HZ)] {
            let heard = far.heard_ms(hz);
            assert!(
                heard >= 1000,
                "{requester:?}-{agent:?}: {heard} ms of {hz} Hz"
            );
        }
        let summary = call.session.close().await;
        assert_eq!(summary.requester.lost + summary.agent.lost, 0);
        assert_eq!(summary.requester.foreign + summary.agent.foreign, 0);
        assert!(summary.agent.sent >= 60 && summary.agent.received >= 80);
        assert_eq!(call.plane.ports_in_use(), 0);
    }
}

/// Two machines of ours, one encrypted leg between them, a plain far end at each.
#[tokio::test]
async fn an_encrypted_leg_carries_both_voices_and_its_keys_stay() {
    for protocol in ["RTP/AVP", "RTP/SAVP"] {
        let (plane, other) = (plane(), super::plane());
        let mut ends = Vec::new();
        for plane in [&plane, &other] {
            let (session, events) = plane.start_session();
            let mut far = FarEnd::new(Codec::Pcma).await;
            let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
            let answer = leg.answer(far.sdp().as_bytes()).unwrap();
            assert!(!answer.sdp.contains("a=crypto"), "none was asked for");
            far.aim(&answer.sdp);
            session.attach(Side::Requester, leg);
            ends.push((session, events, far));
        }
        let mut calling = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
        let mut called = other.rtp_leg(Peer::at(LOOPBACK)).unwrap();
        let offer = calling.offer().unwrap().replace("RTP/AVP", protocol);
        let answer = called.answer(offer.as_bytes()).unwrap().sdp;
        assert!(
            answer.contains("a=crypto:1 ") && answer.contains(protocol),
            "{answer}"
        );
        calling.accept(answer.as_bytes()).unwrap();
        let again = calling.offer().unwrap();
        assert!(
            again.contains(protocol),
            "a later offer stays as it is: {again}"
        );
        calling
            .accept(called.answer(again.as_bytes()).unwrap().sdp.as_bytes())
            .unwrap();
        let key = |sdp: &str| sdp.split("inline:").nth(1).unwrap()[..40].to_owned();
        assert_eq!(key(&offer), key(&again));
        ends[0].0.attach(Side::Agent, calling);
        ends[1].0.attach(Side::Agent, called);
        ends[0].2.speak(REQUESTER_HZ);
        ends[1].2.speak(AGENT_HZ);
        for (session, ..) in &ends {
            session.connect(&BOTH);
        }
        wait(1500).await;
        assert!(ends[0].2.heard_ms(AGENT_HZ) >= 1000, "{protocol}");
        assert!(ends[1].2.heard_ms(REQUESTER_HZ) >= 1000, "{protocol}");
        for (session, ..) in &ends {
            let summary = session.close().await;
            assert_eq!(summary.agent.foreign, 0);
        }
    }
}

#[tokio::test]
async fn a_leg_with_a_key_takes_no_voice_without_it() {
    let plane = plane();
    let (session, _events) = plane.start_session();
    let mut stranger = FarEnd::new(Codec::Pcma).await;
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    let key =
        "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    let offer = stranger.sdp_with(key).replace("RTP/AVP", "RTP/SAVP");
    let answer = leg.answer(offer.as_bytes()).unwrap().sdp;
    assert!(answer.contains("a=crypto:4 "), "{answer}");
    stranger.aim(&answer);
    session.attach(Side::Requester, leg);
    stranger.speak(REQUESTER_HZ);
    wait(600).await;
    let summary = session.close().await;
    assert_eq!(summary.requester.received, 0);
    assert!(summary.requester.foreign >= 20, "{summary:?}");
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    let without = stranger.sdp().replace("RTP/AVP", "RTP/SAVP");
    assert!(leg.answer(without.as_bytes()).is_err());
}

#[tokio::test]
async fn equal_codecs_are_passed_on_byte_for_byte_as_one_stream() {
    let call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.play(
        Side::Requester,
        Playlist::once(vec![call.plane.prompts().digits("8").remove(0)]),
    );
    wait(400).await;
    call.session.connect(&BOTH);
    wait(600).await;
    let heard = call.requester.heard();
    let (prompt, talk) = heard.split_at(12);
    assert!(
        prompt
            .iter()
            .chain(talk)
            .all(|packet| packet.header.ssrc == heard[0].header.ssrc)
    );
    for pair in heard.windows(2) {
        let step = pair[1]
            .header
            .sequence
            .wrapping_sub(pair[0].header.sequence);
        assert_eq!(step, 1, "no hole in the numbers");
        let time = pair[1]
            .header
            .timestamp
            .wrapping_sub(pair[0].header.timestamp);
        assert!((160..8000).contains(&time), "the clock goes on: {time}");
    }
    let markers = heard.iter().filter(|packet| packet.header.marker).count();
    assert_eq!(markers, 2, "one for the prompt, one for the agent");
    let tone = telephony::media::codec::linear_to_alaw(&telephony::media::tone::sine(
        AGENT_HZ, 8000.0, 160,
    ));
    assert!(talk.iter().any(|packet| packet.payload == tone));
}

#[tokio::test]
async fn nothing_said_before_the_bridge_is_heard_after_it() {
    let call = call(Codec::Pcma, Codec::Pcma).await;
    wait(1000).await;
    call.session.connect(&BOTH);
    wait(500).await;
    let heard = call.agent.heard();
    assert!(
        heard.len() <= 27,
        "{} packets in half a second",
        heard.len()
    );
}

#[tokio::test]
async fn on_hold_the_requester_hears_music_and_the_agent_nothing() {
    let call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    wait(200).await;
    let music =
        telephony::media::Prompt::from_linear(&telephony::media::tone::sine(600.0, 6000.0, 8000));
    hold(&call.session, vec![music]);
    wait(100).await;
    call.requester.forget();
    call.agent.forget();
    wait(1000).await;
    assert!(call.requester.heard_ms(600.0) >= 900);
    assert_eq!(call.requester.heard_ms(AGENT_HZ), 0);
    let agent = call.agent.heard();
    assert!(
        agent.len() >= 45,
        "silence is sent, so that nothing on the way gives the call up"
    );
    assert!(
        agent
            .iter()
            .all(|packet| packet.payload.iter().all(|byte| *byte == SILENCE))
    );
    unhold(&call.session);
    wait(100).await;
    call.requester.forget();
    wait(500).await;
    assert!(call.requester.heard_ms(AGENT_HZ) >= 400);
}

#[tokio::test]
async fn a_muted_agent_hears_and_is_not_heard() {
    let call = call(Codec::Pcma, Codec::Pcmu).await;
    call.session.connect(&BOTH);
    call.session.connect(&BOTH[1..]);
    wait(700).await;
    assert!(call.agent.heard_ms(REQUESTER_HZ) >= 500);
    assert_eq!(call.requester.heard_ms(AGENT_HZ), 0);
    assert!(call.requester.heard().len() >= 25);
    call.session.connect(&BOTH);
    wait(500).await;
    assert!(call.requester.heard_ms(AGENT_HZ) >= 400);
}

#[tokio::test]
async fn keys_are_reported_once_and_passed_on() {
    let mut call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    call.requester.hush();
    wait(100).await;
    call.requester.press('1', 10, 800).await;
    call.requester.press('1', 20, 2400).await;
    call.requester.press('#', 30, 4000).await;
    let mut pressed = String::new();
    while pressed.len() < 3 {
        let digit = |e: &SessionEvent| match e {
            SessionEvent::Dtmf {
                side: Side::Requester,
                digit,
            } => Some(*digit),
            _ => None,
        };
        pressed.push(event(&mut call.events, 2, digit).await);
    }
    assert_eq!(pressed, "11#");
    wait(50).await;
    let passed = call.agent.heard();
    let events: Vec<_> = passed
        .iter()
        .filter(|p| p.header.payload_type == EVENT_TYPE)
        .collect();
    assert_eq!(
        events.len(),
        24,
        "with the payload type the agent's phone asked for"
    );
    assert_eq!(events[0].header.timestamp, events[7].header.timestamp);
    assert!(call.events.try_recv().is_err(), "no digit twice");
}

#[tokio::test]
async fn a_new_agent_leg_takes_over_the_talk() {
    let mut call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    wait(200).await;
    let mut other = super::FarEnd::new(Codec::Pcmu).await;
    let mut leg = call
        .plane
        .rtp_leg(telephony::media::Peer::at(super::LOOPBACK))
        .unwrap();
    other.aim(&leg.offer().unwrap());
    leg.accept(other.sdp().as_bytes()).unwrap();
    call.session.attach(Side::Agent, leg);
    call.agent.hush();
    other.speak(1500.0);
    wait(100).await;
    call.requester.forget();
    wait(600).await;
    assert!(call.requester.heard_ms(1500.0) >= 500);
    assert!(other.heard_ms(REQUESTER_HZ) >= 500);
    assert_eq!(
        call.plane.ports_in_use(),
        2,
        "the first leg's port is free again"
    );
    call.session.detach(Side::Agent);
    wait(50).await;
    assert_eq!(call.plane.ports_in_use(), 1);
    let summary = call.session.close().await;
    assert!(
        summary.agent.received >= 35,
        "the counters of both legs: {summary:?}"
    );
}
