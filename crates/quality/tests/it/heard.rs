//! What a recording tells by itself.

use proptest::prelude::*;
use quality::recording::{Meter, RATE, Signals};

/// Speech of a lane: a tone of 440 Hz while it is on.
fn told(seconds: usize, requester: &[(usize, usize)], agent: &[(usize, usize)]) -> Signals {
    let mut meter = Meter::default();
    let on = |spans: &[(usize, usize)], ms: usize| {
        spans
            .iter()
            .any(|(from, until)| (*from..*until).contains(&ms))
    };
    for at in 0..seconds * RATE {
        let ms = at * 1_000 / RATE;
        let swing = if (at / 9).is_multiple_of(2) {
            4_000
        } else {
            -4_000
        };
        let noise = if at.is_multiple_of(2) { 20 } else { -20 };
        let lane = |spans| if on(spans, ms) { swing } else { noise };
        meter.hear(lane(requester), lane(agent));
    }
    meter.finish()
}

#[test]
fn silence_overlap_and_who_spoke_are_told_to_the_stretch() {
    let signals = told(
        20,
        &[(0, 5_000), (9_000, 10_000)],
        &[(4_000, 6_000), (14_000, 15_000)],
    );
    assert_eq!(signals.duration_ms, 20_000);
    assert_eq!((signals.requester_ms, signals.agent_ms), (6_000, 3_000));
    assert_eq!(signals.overlap_ms, 1_000);
    assert_eq!(signals.silence_ms, 3_000 + 4_000 + 5_000);
    assert_eq!(signals.longest_silence_ms, 5_000);
    let marks = |marks: &[quality::recording::SoundMark]| {
        marks
            .iter()
            .map(|mark| (mark.from_ms, mark.until_ms))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        marks(&signals.silences),
        [(6_000, 9_000), (10_000, 14_000), (15_000, 20_000)]
    );
    assert_eq!(marks(&signals.overlaps), [(4_000, 5_000)]);
    assert_eq!(signals.lanes[0].len(), 1_000);
    assert_eq!((signals.lanes[0][0], signals.lanes[1][0]), (31, 0));
}

#[test]
fn a_breath_between_words_is_no_silence() {
    let signals = told(4, &[(0, 1_000), (1_300, 4_000)], &[]);
    assert_eq!((signals.requester_ms, signals.silence_ms), (4_000, 0));
    let signals = told(4, &[(0, 1_000), (1_320, 4_000)], &[]);
    assert_eq!(signals.silence_ms, 320);
}

#[test]
fn a_recording_without_a_sample_tells_nothing() {
    assert_eq!(Meter::default().finish(), Signals::default());
}

#[test]
fn an_hour_is_drawn_with_no_more_than_twelve_hundred_peaks() {
    let signals = told(3_600, &[(0, 10)], &[]);
    assert!(
        signals
            .lanes
            .iter()
            .all(|lane| (600..=1_200).contains(&lane.len()))
    );
}

proptest! {
    #[test]
    fn the_parts_never_make_more_than_the_whole(samples in proptest::collection::vec((any::<i16>(), any::<i16>()), 0..4_000)) {
        let mut meter = Meter::default();
        for (requester, agent) in &samples {
            meter.hear(*requester, *agent);
        }
        let told = meter.finish();
        prop_assert!(told.silence_ms <= told.duration_ms);
        prop_assert!(told.overlap_ms <= told.requester_ms.min(told.agent_ms));
        prop_assert!(told.longest_silence_ms <= told.silence_ms);
    }
}
