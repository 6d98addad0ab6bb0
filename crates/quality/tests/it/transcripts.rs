//! What a transcript service answers is taken whole or not at all; what was said is measured and looked through.

use proptest::prelude::*;
use quality::transcript::phrases::{KeyPhrases, PhraseKind, found};
use quality::transcript::{
    SpokenLane, SpokenSegment, TranscriptFailure, rate, read, together, wav,
};
use serde_json::{Value, json};

fn answer(segments: &Value) -> Result<Vec<SpokenSegment>, TranscriptFailure> {
    let body = json!({"task": "transcribe", "duration": 10.0, "segments": segments});
    read(body.to_string().as_bytes(), SpokenLane::Agent, 10_000)
}

fn segment(lane: SpokenLane, from_ms: u64, until_ms: u64, text: &str) -> SpokenSegment {
    SpokenSegment {
        lane,
        from_ms,
        until_ms,
        text: text.to_owned(),
    }
}

#[test]
fn segments_are_taken_with_their_times_and_the_empty_ones_left_out() {
    let told = json!([
        {"id": 0, "start": 0.0, "end": 1.25, "text": " 您好 "},
        {"id": 1, "start": 1.25, "end": 3.0, "text": " "},
        {"id": 2, "start": 8.5, "end": 10.9, "text": "再见"},
    ]);
    let wanted = [
        segment(SpokenLane::Agent, 0, 1_250, "您好"),
        segment(SpokenLane::Agent, 8_500, 10_000, "再见"),
    ];
    assert_eq!(answer(&told).unwrap(), wanted);
}

#[test]
fn a_bad_answer_is_refused_as_a_whole() {
    use TranscriptFailure as F;
    let good = json!({"start": 0.0, "end": 1.0, "text": "您好"});
    let bad = [
        (
            json!({"start": 2.0, "end": 1.5, "text": "倒着"}),
            F::OutOfTime,
        ),
        (
            json!({"start": -1.0, "end": 1.5, "text": "之前"}),
            F::OutOfTime,
        ),
        (
            json!({"start": 9.0, "end": 11.5, "text": "之后"}),
            F::OutOfTime,
        ),
        (
            json!({"start": 1.0, "end": 2.0, "text": "响\u{7}铃"}),
            F::Unclean,
        ),
        (
            json!({"start": 1.0, "end": 2.0, "text": "反\u{202e}向"}),
            F::Unclean,
        ),
        (
            json!({"start": 1.0, "end": 2.0, "text": "长".repeat(2_001)}),
            F::Malformed,
        ),
        (
            json!({"start": "1", "end": 2.0, "text": "字"}),
            F::Malformed,
        ),
        (
            json!({"start": 1.0, "end": null, "text": "无"}),
            F::Malformed,
        ),
        (json!({"start": 1.0, "end": 2.0}), F::Malformed),
    ];
    for (wrong, why) in bad {
        assert_eq!(answer(&json!([good, wrong])), Err(why), "{wrong}");
    }
    let back =
        json!([{"start": 5.0, "end": 6.0, "text": "后"}, {"start": 1.0, "end": 2.0, "text": "前"}]);
    assert_eq!(answer(&back), Err(F::OutOfTime));
    let many = json!(vec![good; 5_001]);
    assert_eq!(answer(&many), Err(F::Malformed));
    for garbage in [
        "",
        "<html>busy</html>",
        "{}",
        "[]",
        "{\"segments\":\"没有\"}",
        "{\"text\":\"您好\"}",
    ] {
        let read = read(garbage.as_bytes(), SpokenLane::Agent, 10_000);
        assert_eq!(read, Err(F::Malformed), "{garbage}");
    }
}

proptest! {
    #[test]
    fn whatever_is_taken_is_in_order_and_within_the_recording(
        times in proptest::collection::vec((-5.0_f64..15.0, -5.0_f64..15.0), 0..8),
    ) {
        let told: Vec<Value> = times.iter().map(|(start, end)| json!({"start": start, "end": end, "text": "字"})).collect();
        if let Ok(taken) = answer(&json!(told)) {
            prop_assert!(taken.iter().all(|one| one.from_ms <= one.until_ms && one.until_ms <= 10_000));
            prop_assert!(taken.is_sorted_by_key(|one| one.from_ms));
        }
    }
}

#[test]
fn both_lanes_stand_in_the_order_of_time() {
    let said = together(vec![
        segment(SpokenLane::Requester, 2_000, 3_000, "问"),
        segment(SpokenLane::Agent, 0, 1_000, "您好"),
        segment(SpokenLane::Agent, 2_000, 2_500, "嗯"),
    ]);
    let texts: Vec<&str> = said.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["您好", "嗯", "问"]);
}

#[test]
fn a_lane_is_sent_as_a_plain_wav() {
    let file = wav(&[0, 1, -1, i16::MAX]);
    assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    assert_eq!(file.len(), 44 + 8);
    assert_eq!(file[40..44], 8_u32.to_le_bytes());
    assert_eq!(file[44..], [0, 0, 1, 0, 0xff, 0xff, 0xff, 0x7f]);
}

#[test]
fn the_agents_characters_are_counted_by_the_minute_of_his_speech() {
    let said = [
        segment(SpokenLane::Agent, 0, 2_000, "您好，请讲。"),
        segment(
            SpokenLane::Requester,
            2_000,
            9_000,
            "我要问一件很长很长的事情",
        ),
        segment(SpokenLane::Agent, 9_000, 10_000, "Please 2 了"),
    ];
    // Four, six letters, a figure and one more: twelve.
    assert_eq!(rate(&said, Some(6_000)), Some(120));
    assert_eq!(
        rate(&said, Some(0)),
        Some(240),
        "by the segments where nothing was measured"
    );
    assert_eq!(rate(&said, None), Some(240));
    assert_eq!(rate(&said[1..2], Some(6_000)), None);
    assert_eq!(rate(&[], None), None);
}

#[test]
fn phrases_are_found_whatever_stands_between_their_characters() {
    let rule = |code: &str, kind, lane, phrases: &[&str], active| KeyPhrases {
        code: code.to_owned(),
        name: code.to_owned(),
        kind,
        lane,
        phrases: phrases.iter().map(|one| (*one).to_owned()).collect(),
        active,
    };
    let rules = [
        rule(
            "forbidden",
            PhraseKind::Forbidden,
            Some(SpokenLane::Agent),
            &["没办法", "OK吧"],
            true,
        ),
        rule("comfort", PhraseKind::Comfort, None, &["别着急"], true),
        rule("gone", PhraseKind::Watched, None, &["截止"], false),
    ];
    let said = segment(
        SpokenLane::Agent,
        10_000,
        20_000,
        "您别，着急，已截止，没 办法了 ok 吧",
    );
    let hits = found(&rules, &said);
    let told: Vec<(&str, usize, usize)> = hits
        .iter()
        .map(|hit| (hit.code.as_str(), hit.start, hit.end))
        .collect();
    assert_eq!(
        told,
        [
            ("comfort", 1, 5),
            ("forbidden", 10, 14),
            ("forbidden", 16, 20)
        ]
    );
    assert!(hits.is_sorted_by_key(|hit| hit.at_ms));
    assert!(hits.iter().all(|hit| (10_000..20_000).contains(&hit.at_ms)));
    let his = SpokenSegment {
        lane: SpokenLane::Requester,
        ..said
    };
    let hits = found(&rules, &his);
    assert_eq!(
        hits.len(),
        1,
        "the requester may say what he likes: {hits:?}"
    );
    assert!(found(&rules, &segment(SpokenLane::Agent, 0, 0, "。")).is_empty());
}
