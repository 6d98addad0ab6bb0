//! Recordings, judged by ffmpeg.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use telephony::media::recorder::{repair, waveform};
use telephony::media::tone::{heard_ms, rms};
use telephony::media::{BOTH, Codec, RecorderEvent, SessionEvent};

use super::{AGENT_HZ, Call, REQUESTER_HZ, call, event, hold, unhold, wait};

/// The lanes of a file as ffmpeg decodes it, and what it complained about.
fn play(path: &Path) -> ([Vec<i16>; 2], String) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-f", "s16le", "-"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut lanes = [Vec::new(), Vec::new()];
    for frame in output.stdout.chunks_exact(4) {
        lanes[0].push(i16::from_le_bytes([frame[0], frame[1]]));
        lanes[1].push(i16::from_le_bytes([frame[2], frame[3]]));
    }
    (lanes, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn probe(path: &Path) -> String {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name,sample_rate,channels,duration",
        ])
        .args(["-of", "csv=p=0"])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn milliseconds(lane: &[i16]) -> u64 {
    lane.len() as u64 / 8
}

#[tokio::test]
async fn a_talk_is_recorded_left_requester_right_agent_with_hold_and_mute_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("2026/11/call.wav");
    let call = call(Codec::Pcmu, Codec::Pcma).await;
    wait(300).await;
    call.session.connect(&BOTH);
    call.session.start_recording(path.clone());
    wait(1000).await;
    hold(&call.session, vec![call.plane.prompts().music()]);
    wait(1000).await;
    unhold(&call.session);
    wait(1000).await;
    call.session.connect(&BOTH[1..]);
    wait(1000).await;
    let recording = call.session.finish_recording().await.unwrap();
    assert_eq!((recording.lost_ms, &recording.error), (0, &None));
    assert!(
        (3950..4200).contains(&recording.duration_ms),
        "{recording:?}"
    );
    let ([left, right], complaints) = play(&path);
    assert_eq!(complaints, "");
    assert_eq!(milliseconds(&left), recording.duration_ms);
    assert_eq!(
        probe(&path).trim().split_once(",8000,2,").unwrap().0,
        "pcm_alaw"
    );
    // The requester all the time; the agent in the first and third second only.
    assert!(heard_ms(&left, REQUESTER_HZ, 4000.0) >= 3800);
    for (second, speaks) in [(0, true), (1, false), (2, true), (3, false)] {
        let part = &right[second * 8000 + 1200..second * 8000 + 7200];
        let heard = heard_ms(part, AGENT_HZ, 4000.0);
        assert!(
            if speaks {
                heard >= 700
            } else {
                rms(part) < 50.0
            },
            "second {second}: {heard} ms"
        );
    }
    assert!(heard_ms(&left, AGENT_HZ, 1000.0) == 0 && heard_ms(&right, REQUESTER_HZ, 1000.0) == 0);
    let outline = waveform(&path, 40).unwrap();
    assert_eq!(outline.duration_ms, recording.duration_ms);
    assert!(
        outline.lanes[0].iter().all(|peak| (55..75).contains(peak)),
        "{outline:?}"
    );
    assert!(outline.lanes[1][5] > 50 && outline.lanes[1][15] < 3);
    assert_eq!(call.session.finish_recording().await, None);
}

#[tokio::test]
async fn lanes_stay_aligned_to_the_clock_through_loss_and_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut call = call(Codec::Pcma, Codec::Pcma).await;
    wait(100).await;
    call.session.connect(&BOTH);
    call.session.start_recording(path.clone());
    wait(1000).await;
    // The requester's phone stops sending for a second and comes back as a new stream.
    call.requester.hush();
    wait(1000).await;
    call.requester.speak(REQUESTER_HZ);
    wait(1000).await;
    let summary = call.session.close().await;
    let recording = summary.recording.unwrap();
    let ([left, right], _) = play(&path);
    assert!(heard_ms(&right, AGENT_HZ, 4000.0) + 150 >= recording.duration_ms);
    assert!(heard_ms(&left[800..7200], REQUESTER_HZ, 4000.0) >= 750);
    assert!(
        rms(&left[8800..15_200]) < 50.0,
        "the pause stands where it was"
    );
    assert!(heard_ms(&left[16_800..23_200], REQUESTER_HZ, 4000.0) >= 750);
}

#[tokio::test]
async fn a_full_disk_is_reported_and_the_call_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("recordings");
    // A file where the folder should be: as impossible to write as a full disk, and curable.
    std::fs::write(&blocked, "").unwrap();
    let path = blocked.join("call.wav");
    let mut call = call(Codec::Pcma, Codec::Pcma).await;
    call.session.connect(&BOTH);
    call.session.start_recording(path.clone());
    let recorder = |e: &SessionEvent| match e {
        SessionEvent::Recorder(event) => Some(event.clone()),
        _ => None,
    };
    let failing = event(&mut call.events, 2, recorder).await;
    assert!(matches!(failing, RecorderEvent::Failing(_)), "{failing:?}");
    call.agent.forget();
    wait(500).await;
    assert!(call.agent.heard_ms(REQUESTER_HZ) >= 400);
    std::fs::remove_file(&blocked).unwrap();
    assert_eq!(
        event(&mut call.events, 2, recorder).await,
        RecorderEvent::Recovered
    );
    wait(500).await;
    let recording = call.session.finish_recording().await.unwrap();
    assert!(
        recording.lost_ms >= 300 && recording.error.is_some(),
        "{recording:?}"
    );
    let ([left, _], _) = play(&path);
    assert_eq!(milliseconds(&left), recording.duration_ms);
    assert!(
        rms(&left[..1600]) < 50.0,
        "silence where nothing could be written"
    );
    assert!(heard_ms(&left, REQUESTER_HZ, 4000.0) >= 400);
}

/// Run by the next test in a process of its own, to be killed.
#[tokio::test]
#[ignore = "a helper of the test that kills it"]
async fn records_until_it_is_killed() {
    let Ok(folder) = std::env::var("SHOUJIE_TEST_RECORDINGS") else {
        return;
    };
    let mut calls: Vec<Call> = Vec::new();
    for n in 0..5 {
        let call = call(Codec::Pcma, Codec::Pcma).await;
        call.session.connect(&BOTH);
        call.session
            .start_recording(Path::new(&folder).join(format!("{n}.wav")));
        calls.push(call);
    }
    std::fs::write(Path::new(&folder).join("recording"), "").unwrap();
    wait(60_000).await;
}

#[test]
fn a_killed_process_leaves_recordings_that_play_up_to_the_last_second() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "media::recording::records_until_it_is_killed",
        ])
        .env("SHOUJIE_TEST_RECORDINGS", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while !folder.path().join("recording").exists() {
        assert!(Instant::now() < patience, "the helper does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Not a multiple of the flush, so that something is always on its way.
    std::thread::sleep(Duration::from_millis(3270));
    child.kill().unwrap();
    child.wait().unwrap();
    for n in 0..5 {
        let path = folder.path().join(format!("{n}.wav"));
        let (lanes, complaints) = play(&path);
        assert_eq!(
            complaints, "",
            "nothing to complain about before any repair"
        );
        let length = milliseconds(&lanes[0]);
        assert!((2300..3500).contains(&length), "{length} ms of 3270 play");
        for (lane, hz) in lanes.iter().zip([REQUESTER_HZ, AGENT_HZ]) {
            let heard = heard_ms(lane, hz, 4000.0);
            assert!(
                heard + 250 >= length,
                "{heard} of {length} ms carry {hz} Hz"
            );
        }
        assert_eq!(waveform(&path, 10).unwrap().duration_ms, length);
        // A write that was cut in the middle of a sample.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.push(0);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(repair(&path).unwrap().duration_ms, length);
        assert_eq!(repair(&path).unwrap().duration_ms, length, "and again");
        let seconds: f64 = probe(&path)
            .trim()
            .rsplit(',')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!((seconds - length as f64 / 1000.0).abs() < 0.002);
        assert_eq!(play(&path).0, lanes);
    }
}

#[test]
fn repair_touches_no_file_that_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "x".repeat(500)).unwrap();
    assert!(repair(&path).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "x".repeat(500));
    // Killed between creating the file and writing its header.
    let path = folder.path().join("empty.wav");
    std::fs::write(&path, "").unwrap();
    assert_eq!(repair(&path).unwrap().duration_ms, 0);
    assert_eq!(waveform(&path, 10).unwrap().duration_ms, 0);
    assert_eq!(play(&path).0, [Vec::<i16>::new(), vec![]]);
}
