//! Prompts and music.

use std::time::Instant;

use telephony::media::tone::{self, sine};
use telephony::media::{Codec, Peer, Playlist, Prompt, SessionEvent, Side};

use super::{FarEnd, LOOPBACK, event, plane, wait};

#[tokio::test]
async fn a_playlist_is_heard_in_order_at_its_pace_and_reported_when_done() {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let caller = FarEnd::new(Codec::Pcmu).await;
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    leg.answer(caller.sdp().as_bytes()).unwrap();
    session.attach(Side::Requester, leg);
    // Lengths that are no multiple of 20 ms.
    let list = [500.0, 700.0].map(|hz| Prompt::from_linear(&sine(hz, 8000.0, 4050)));
    let began = Instant::now();
    let id = session.play(Side::Requester, Playlist::once(list.to_vec()));
    let finished = |e: &SessionEvent| match e {
        SessionEvent::PromptFinished(id) => Some(*id),
        _ => None,
    };
    assert_eq!(event(&mut events, 3, finished).await, id);
    let took = began.elapsed().as_millis();
    assert!(
        (1000..1150).contains(&took),
        "{took} ms for 1012 ms of sound"
    );
    let sound = caller.sound();
    assert_eq!(sound.len(), 8160);
    assert!(tone::share(&sound[..4000], 500.0) > 0.95);
    assert!(tone::share(&sound[4100..8100], 700.0) > 0.95);
    let heard = caller.heard();
    assert!(heard[0].header.marker);
    for pair in heard.windows(2) {
        assert_eq!(
            pair[1]
                .header
                .timestamp
                .wrapping_sub(pair[0].header.timestamp),
            160
        );
    }
    let span = heard[50].at - heard[0].at;
    assert!(
        (980..1060).contains(&span.as_millis()),
        "50 frames take a second: {span:?}"
    );
}

#[tokio::test]
async fn music_goes_round_until_it_is_stopped_or_replaced() {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let caller = FarEnd::new(Codec::Pcma).await;
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    leg.answer(caller.sdp().as_bytes()).unwrap();
    session.attach(Side::Requester, leg);
    let short = Prompt::from_linear(&sine(500.0, 8000.0, 800));
    session.play(Side::Requester, Playlist::looping(vec![short]));
    wait(550).await;
    assert!(
        caller.heard_ms(500.0) >= 480,
        "longer than the prompt itself"
    );
    let next = session.play(Side::Requester, Playlist::once(vec![Prompt::silence(100)]));
    let finished = |e: &SessionEvent| match e {
        SessionEvent::PromptFinished(id) => Some(*id),
        _ => None,
    };
    assert_eq!(
        event(&mut events, 1, finished).await,
        next,
        "the replaced one is not reported"
    );
    session.play(Side::Requester, Playlist::looping(vec![Prompt::silence(0)]));
    session.play(
        Side::Requester,
        Playlist::looping(vec![plane.prompts().music()]),
    );
    wait(100).await;
    session.stop(Side::Requester);
    wait(50).await;
    caller.forget();
    wait(100).await;
    assert_eq!(caller.heard().len(), 0);
}

#[tokio::test]
async fn prompts_go_on_without_a_leg_and_end_with_the_session() {
    let plane = plane();
    let (session, mut events) = plane.start_session();
    let id = session.play(Side::Requester, Playlist::once(vec![Prompt::silence(60)]));
    assert_eq!(events.recv().await, Some(SessionEvent::PromptFinished(id)));
    drop(session);
    assert_eq!(events.recv().await, None, "the last handle ends the task");
}
