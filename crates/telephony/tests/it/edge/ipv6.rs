//! IPv6: listening on it, trunk peers in it, phones and sound over it.

use std::process::Stdio;
use std::time::Duration;

use super::super::hotline::raw::{Raw, header, sdp, status};
use super::super::hotline::{CALLER_HZ, Hotline, event, hotline_with};
use telephony::caller::{CallPlan, place};
use telephony::phone::PhoneEvent;
use telephony::test_line::{End, Sound, Speech};

async fn over_ipv6(trunk: &str) -> Hotline {
    hotline_with(|settings| {
        settings.sip.listen = "[::1]:0".parse().unwrap();
        settings.sip.trunks = vec![trunk.parse().unwrap()];
        settings.media.bind = settings.sip.listen.ip();
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_peer_and_a_desk_phone_talk_over_ipv6() {
    let line = over_ipv6("::1").await;
    let mut phone = line.ready_agent(1, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let mut plan = CallPlan::new("12333", "13900000001", line.sip);
    plan.speech = Speech::Sound(Sound::tone(CALLER_HZ));
    plan.record = Some(heard.clone());
    let call = tokio::spawn(async move { place(plan).await.unwrap() });
    event(&mut phone, |event| {
        matches!(event, PhoneEvent::Answered { .. }).then_some(())
    })
    .await;
    // The staff number is read out, then both talk.
    tokio::time::sleep(Duration::from_secs(5)).await;
    phone.hang_up();
    let report = call.await.unwrap();
    assert_eq!(report.end, End::HungUpThere);
    let row = line.record().await;
    assert_eq!(row.outcome.as_deref(), Some("answered"));
    let (caller, agent) = line.lanes(&row);
    let loud = |lane: &[i16]| {
        lane.iter()
            .filter(|sample| sample.unsigned_abs() > 1000)
            .count()
    };
    assert!(
        loud(&caller) > 8000 && loud(&agent) > 8000,
        "both are heard in the recording"
    );
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_allow_list_lets_its_network_in_and_nobody_else() {
    let stranger = over_ipv6("2001:db8:1::/48").await;
    let mut phone = Raw::at("[::1]:0", stranger.sip).await;
    let invite = phone.request("INVITE", "sip:12333@[::1]", "x", &[], &sdp(9, "sendrecv"));
    let refused = phone.ask(&invite).await.unwrap();
    assert_eq!(status(&refused), 403);
    let via = header(&refused, "via").unwrap();
    assert!(via.contains("[::1]"), "{via}");
    let listed = over_ipv6("::/64").await;
    let mut phone = Raw::at("[::1]:0", listed.sip).await;
    let invite = phone.request("INVITE", "sip:110@[::1]", "x", &[], &sdp(9, "sendrecv"));
    assert_eq!(
        status(&phone.ask(&invite).await.unwrap()),
        404,
        "a peer; the number is wrong"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_calls_over_ipv6() {
    let line = over_ipv6("::1").await;
    let folder = tempfile::tempdir().unwrap();
    let target = format!("[::1]:{}", line.sip.port());
    let sipp = tokio::process::Command::new("sipp")
        .args([
            "-sn", "uac", "-s", "12333", "-i", "[::1]", "-m", "2", "-r", "2", "-d", "500",
            "-timeout", "20s", &target,
        ])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let Ok(output) = sipp.await else {
        eprintln!("not run: no sipp");
        return;
    };
    assert!(
        output.status.success(),
        "{} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(line.records().await.len(), 2);
    line.settled().await;
}
