//! What others try on a voice port, named after the attack.

use telephony::media::rtp::Header;
use telephony::media::{BOTH, Codec};
use tokio::net::UdpSocket;

use super::{AGENT_HZ, Call, REQUESTER_HZ, call, wait};

async fn bridged() -> Call {
    let call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    wait(300).await;
    call
}

fn header(payload_type: u8, sequence: u16, ssrc: u32) -> Header {
    Header {
        payload_type,
        marker: false,
        sequence,
        timestamp: u32::from(sequence).wrapping_mul(160),
        ssrc,
    }
}

#[tokio::test]
async fn rtp_bleed_a_third_address_is_neither_heard_nor_sent_to_after_latching() {
    let call = bridged().await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    // The sequence and SSRC of the stream that runs, as one has who listens in: the address is not his.
    let running = call.requester.heard()[0].header;
    let mut datagram = Vec::new();
    call.agent.forget();
    for n in 0..100 {
        let forged = header(8, running.sequence.wrapping_add(n), running.ssrc);
        telephony::media::rtp::build(&forged, &[0x2a; 160], &mut datagram);
        stranger
            .send_to(&datagram, call.requester.target())
            .await
            .unwrap();
        stranger
            .send_to(&datagram, call.agent.target())
            .await
            .unwrap();
        wait(5).await;
    }
    let loud = call
        .agent
        .heard()
        .iter()
        .filter(|packet| packet.payload == [0x2a; 160])
        .count();
    assert_eq!(loud, 0, "nothing of the stranger is heard");
    assert!(call.agent.heard_ms(REQUESTER_HZ) >= 400, "the call goes on");
    assert!(
        stranger.try_recv(&mut datagram).is_err(),
        "nothing is sent to him"
    );
    let summary = call.session.close().await;
    assert_eq!(
        (summary.requester.foreign, summary.agent.foreign),
        (100, 100)
    );
}

#[tokio::test]
async fn ssrc_jump_a_new_source_at_the_same_address_is_heard_at_once() {
    let mut call = bridged().await;
    for _ in 0..3 {
        // Another SSRC, sequence and timestamp, as after an attended transfer behind the far end.
        call.requester.speak(REQUESTER_HZ);
        wait(50).await;
        call.agent.forget();
        wait(300).await;
        assert!(call.agent.heard_ms(REQUESTER_HZ) >= 200);
    }
    let ours: std::collections::BTreeSet<_> = call
        .agent
        .heard()
        .iter()
        .map(|packet| packet.header.ssrc)
        .collect();
    assert_eq!(ours.len(), 1, "our own stream to the agent stays one");
}

#[tokio::test]
async fn ssrc_collision_a_far_end_with_our_own_ssrc_is_still_heard() {
    let mut call = bridged().await;
    let ours = call.requester.heard()[0].header.ssrc;
    call.requester.hush();
    wait(100).await;
    call.agent.forget();
    for n in 0..20 {
        call.requester
            .send(header(8, 7000 + n, ours), &[0x2a; 160])
            .await;
        wait(20).await;
    }
    let heard = call
        .agent
        .heard()
        .iter()
        .filter(|packet| packet.payload == [0x2a; 160])
        .count();
    assert!(heard >= 15, "{heard} of 20 packets");
    // Both far ends with the same one: the streams stay apart.
    call.agent.hush();
    call.requester.forget();
    for n in 0..20 {
        call.agent
            .send(header(8, 100 + n, ours), &[0x15; 160])
            .await;
        wait(20).await;
    }
    let heard = call
        .requester
        .heard()
        .iter()
        .filter(|packet| packet.payload == [0x15; 160])
        .count();
    assert!(heard >= 15, "{heard} of 20 packets");
}

#[tokio::test]
async fn payload_type_change_to_what_was_not_negotiated_is_dropped_and_counted() {
    let mut call = bridged().await;
    call.requester.hush();
    wait(100).await;
    call.agent.forget();
    // µ-law, video, a dynamic type, and the highest: none of them was agreed on.
    for (n, payload_type) in [0, 31, 111, 127].into_iter().cycle().take(40).enumerate() {
        call.requester
            .send(header(payload_type, n as u16, 77), &[0x2a; 160])
            .await;
        wait(5).await;
    }
    wait(50).await;
    let loud = call
        .agent
        .heard()
        .iter()
        .filter(|packet| packet.payload == [0x2a; 160])
        .count();
    assert_eq!(loud, 0);
    call.requester.speak(REQUESTER_HZ);
    wait(300).await;
    assert!(
        call.agent.heard_ms(REQUESTER_HZ) >= 200,
        "what was agreed on is heard again"
    );
    assert!(
        call.requester.heard_ms(AGENT_HZ) >= 400,
        "and the other way it never stopped"
    );
    let summary = call.session.close().await;
    assert_eq!(summary.requester.unreadable, 40);
}

#[tokio::test]
async fn flood_of_noise_on_a_voice_port_does_not_drown_the_call() {
    let mut call = bridged().await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    call.agent.forget();
    for n in 0..3000_u32 {
        let noise = n.to_be_bytes().repeat(1 + n as usize % 300);
        let _ = stranger.send_to(&noise, call.requester.target()).await;
        if n.is_multiple_of(60) {
            wait(10).await;
        }
    }
    call.requester.hush();
    let heard = call.agent.heard_ms(REQUESTER_HZ);
    assert!(heard >= 350, "{heard} ms");
}
