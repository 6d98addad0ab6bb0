//! The test caller and the test phone against each other and against strangers: `SIPp` and baresip.

mod peers;
mod registering;

use std::path::{Path, PathBuf};
use std::time::Duration;

use telephony::caller::{CallPlan, CallReport, CallState, place};
use telephony::media::tone;
use telephony::phone::{Answer, PhoneEvent, PhoneHandle, PhonePlan, start};
use telephony::test_line::{End, Heard, Sound, Speech, Transport};
use tempfile::TempDir;
use tokio::sync::mpsc;

const CALLER_HZ: u32 = 700;
const PHONE_HZ: u32 = 1200;

/// A phone that is called at its own address.
async fn phone(change: impl FnOnce(&mut PhonePlan)) -> PhoneHandle {
    let mut plan = PhonePlan::new("agent3", "", "127.0.0.1:9".parse().unwrap());
    plan.secret = None;
    plan.speech = Speech::tone(PHONE_HZ);
    change(&mut plan);
    start(plan).await.unwrap()
}

fn call(phone: &PhoneHandle, number: u32) -> CallPlan {
    let mut plan = CallPlan::new("agent3", format!("139{number:08}"), phone.address);
    plan.speech = Speech::tone(CALLER_HZ);
    plan
}

/// The end of the phone's next call that ends.
async fn ended(phone: &mut PhoneHandle) -> (End, Option<Duration>, Heard) {
    loop {
        if let PhoneEvent::Ended {
            end, talk, heard, ..
        } = phone.events.recv().await.unwrap()
        {
            return (end, talk, heard);
        }
    }
}

/// The milliseconds in which a recording holds a tone, and those it has in all.
fn tone_ms(path: &Path, hz: u32) -> (u64, u64) {
    let linear = Sound::read(path).unwrap().linear();
    (
        tone::heard_ms(&linear, f64::from(hz), 4000.0),
        linear.len() as u64 / 8,
    )
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_hear_and_record_each_other() {
    let folder = TempDir::new().unwrap();
    let (of_phone, of_caller) = (file(&folder, "phone.wav"), file(&folder, "caller.wav"));
    let mut phone = phone(|plan| plan.record = Some(of_phone.clone())).await;
    let (states, mut news) = mpsc::unbounded_channel();
    let plan = CallPlan {
        record: Some(of_caller.clone()),
        talk: Some(Duration::from_secs(3)),
        states: Some(states),
        ..call(&phone, 1)
    };
    let report = place(plan).await.unwrap();

    assert!(report.answered());
    assert_eq!(report.end, End::HungUpHere);
    let (end, talk, heard) = ended(&mut phone).await;
    assert_eq!(end, End::HungUpThere);
    assert!(talk.unwrap() >= Duration::from_millis(2900));
    for heard in [&report.heard, &heard] {
        assert!(
            heard.packets >= 140 && heard.lost == 0 && heard.sent >= 140,
            "{heard:?}"
        );
    }
    for (path, hz) in [(of_phone, CALLER_HZ), (of_caller, PHONE_HZ)] {
        let (tone, all) = tone_ms(&path, hz);
        assert!(tone >= 2800 && all <= 3400, "{tone} of {all} ms");
    }
    let mut told = Vec::new();
    while let Ok(state) = news.try_recv() {
        told.push(state);
    }
    assert!(
        matches!(
            &told[..],
            [
                CallState::Calling,
                CallState::Ringing,
                CallState::Answered(_),
                CallState::Ended(End::HungUpHere)
            ]
        ),
        "{told:?}"
    );
    phone.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_when_the_phone_hangs_up_and_the_phone_is_free_again() {
    let mut phone = phone(|plan| plan.talk = Some(Duration::from_millis(600))).await;
    let report = place(call(&phone, 2)).await.unwrap();
    assert_eq!(report.end, End::HungUpThere);
    assert!(
        (500..1500).contains(&report.talk.as_millis()),
        "{:?}",
        report.talk
    );
    assert_eq!(ended(&mut phone).await.0, End::HungUpHere);

    let report = place(call(&phone, 3)).await.unwrap();
    assert!(report.answered());
    phone.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_plays_while_the_call_still_runs() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "running.wav");
    let phone = phone(|_| {}).await;
    let plan = CallPlan {
        record: Some(path.clone()),
        ..call(&phone, 4)
    };
    let stop = plan.stop.clone();
    let running = tokio::spawn(place(plan));
    tokio::time::sleep(Duration::from_millis(3200)).await;
    let (tone, _) = tone_ms(&path, PHONE_HZ);
    assert!(tone >= 1800, "{tone} ms can be played after 3.2 s");
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().end, End::HungUpHere);
    phone.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_gives_up_cancels_and_one_who_is_refused_hears_why() {
    let mut silent = phone(|plan| plan.answer = Answer::Never).await;
    let plan = call(&silent, 5);
    let stop = plan.stop.clone();
    let waiting = tokio::spawn(place(plan));
    let ringing = silent.events.recv().await.unwrap();
    assert!(
        matches!(&ringing, PhoneEvent::Ringing { call: 1, from, .. } if from == "13900000005"),
        "{ringing:?}"
    );

    // Who is rung by one caller is busy for the next.
    let second = place(call(&silent, 6)).await.unwrap();
    assert_eq!((second.answered(), second.end), (false, End::Refused(486)));

    stop.cancel();
    let report = waiting.await.unwrap().unwrap();
    assert_eq!((report.answered(), report.end), (false, End::HungUpHere));
    assert_eq!(ended(&mut silent).await.0, End::HungUpThere);
    silent.stop().await;

    let refusing = phone(|plan| plan.answer = Answer::Refuse(603)).await;
    let report = place(call(&refusing, 7)).await.unwrap();
    assert_eq!((report.answered(), report.end), (false, End::Refused(603)));
    refusing.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_is_stopped_ends_its_call() {
    let phone = phone(|plan| plan.speech = Speech::Echo).await;
    let running = tokio::spawn(place(call(&phone, 8)));
    tokio::time::sleep(Duration::from_millis(700)).await;
    phone.stop().await;
    let report: CallReport = running.await.unwrap().unwrap();
    assert_eq!(report.end, End::HungUpThere);
    assert!(
        report.heard.packets >= 20,
        "an echo comes back: {:?}",
        report.heard
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_calls_run_in_one_process_without_losing_a_beat() {
    let mut phones = Vec::new();
    for _ in 0..20 {
        phones.push(phone(|_| {}).await);
    }
    let calls: Vec<_> = phones
        .iter()
        .enumerate()
        .map(|(n, phone)| {
            let plan = CallPlan {
                talk: Some(Duration::from_secs(3)),
                ..call(phone, n as u32)
            };
            tokio::spawn(place(plan))
        })
        .collect();
    for call in calls {
        let report = call.await.unwrap().unwrap();
        assert!(report.answered(), "{:?}", report.end);
        assert!(
            report.heard.packets >= 140 && report.heard.lost == 0,
            "{:?}",
            report.heard
        );
    }
    for phone in phones {
        phone.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_told_in_plain_words() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let plan = CallPlan {
        transport: Transport::Tcp,
        ..CallPlan::new("12333", "13900000001", free)
    };
    let error = place(plan).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");

    let mut plan = CallPlan::new("12333", "13900000001", free);
    plan.record = Some("/nonexistent/heard.wav".into());
    let error = place(plan).await.unwrap_err().to_string();
    assert!(error.starts_with("/nonexistent/heard.wav: "), "{error}");
}
