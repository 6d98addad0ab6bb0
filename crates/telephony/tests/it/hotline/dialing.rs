//! Calls of ours over trunks: which one takes them, and what is agreed within them.

use std::sync::Arc;
use std::time::Duration;

use telephony::sip::{Dial, LegEnd, LegEvent, LegEvents, Signaling as _, SipLeg, TrunkChoice};

use super::carrier::{Carrier, must};
use super::raw::{body, sdp, status};
use super::{Hotline, hotline_with, until};

const KEY: &str =
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";

pub fn dial_of(number: &str) -> Dial {
    Dial {
        number: number.to_owned(),
        caller_id: Some("12333".to_owned()),
        offer: format!("{}{KEY}", sdp(5000, "sendrecv")),
        headers: vec![("X-Call-Id", "one".to_owned())],
        trunk: TrunkChoice::Best,
    }
}

async fn line_to(carriers: &[&Carrier]) -> Hotline {
    let hosts = carriers.iter().map(|carrier| carrier.address()).collect();
    hotline_with(|settings| settings.sip.trunk_hosts = hosts).await
}

fn dial(line: &Hotline) -> (Arc<dyn SipLeg>, LegEvents) {
    line.telephony.stack().unwrap().dial(dial_of("13900000001"))
}

async fn next(events: &mut LegEvents) -> LegEvent {
    let next = tokio::time::timeout(Duration::from_secs(20), events.recv());
    next.await
        .expect("an event in time")
        .expect("the leg goes on")
}

#[tokio::test]
async fn early_media_answer_and_a_reoffer_that_meets_another() {
    let mut carrier = Carrier::new().await;
    let line = line_to(&[&carrier]).await;
    let (leg, mut events) = dial(&line);
    let invite = carrier.request("INVITE").await;
    assert!(
        invite.starts_with("INVITE sip:13900000001@127.0.0.1:"),
        "{invite}"
    );
    assert!(must(&invite, "from").contains("sip:12333@"), "{invite}");
    assert_eq!(must(&invite, "session-expires"), "1800");
    assert_eq!(must(&invite, "x-call-id"), "one");
    assert!(
        !body(&invite).contains("a=crypto"),
        "no key for a line without secrecy"
    );
    carrier.respond(&invite, "180 Ringing", "", "").await;
    assert!(matches!(next(&mut events).await, LegEvent::Ringing));
    let early = sdp(4002, "sendrecv");
    carrier
        .respond(&invite, "183 Session Progress", "", &early)
        .await;
    carrier
        .respond(&invite, "183 Session Progress", "", &early)
        .await;
    assert!(matches!(next(&mut events).await, LegEvent::Early(sdp) if sdp == early.as_bytes()));
    let answer = sdp(4000, "sendrecv");
    let ok = carrier.respond(&invite, "200 OK", "", &answer).await;
    carrier.request("ACK").await;
    assert!(matches!(next(&mut events).await, LegEvent::Answered(sdp) if sdp == answer.as_bytes()));
    // Their re-INVITE meets ours: 491 both ways, then ours goes through.
    leg.reoffer(sdp(5000, "sendonly"));
    let ours = carrier.request("INVITE").await;
    assert!(body(&ours).contains("a=sendonly"), "{ours}");
    let theirs = super::raw::Raw::inside_called(&invite, &ok, "INVITE", 1, &sdp(4000, "sendonly"));
    carrier.send(&theirs).await;
    assert_eq!(status(&carrier.answer().await), 491);
    carrier.respond(&ours, "491 Request Pending", "", "").await;
    carrier.request("ACK").await;
    let again = carrier.request("INVITE").await;
    carrier
        .respond(&again, "200 OK", "", &sdp(4000, "recvonly"))
        .await;
    carrier.request("ACK").await;
    let reanswered = next(&mut events).await;
    assert!(
        matches!(reanswered, LegEvent::Reanswered(Ok(_))),
        "{reanswered:?}"
    );
    // What they refuse changes nothing.
    leg.reoffer(sdp(5000, "sendrecv"));
    let refused = carrier.request("INVITE").await;
    carrier
        .respond(&refused, "488 Not Acceptable Here", "", "")
        .await;
    assert!(matches!(
        next(&mut events).await,
        LegEvent::Reanswered(Err(488))
    ));
    leg.hang_up();
    carrier.is_left().await;
    line.settled().await;
}

#[tokio::test]
async fn the_next_trunk_takes_what_one_ignores_and_one_refuses() {
    let (mut silent, mut full, mut good) = (
        Carrier::new().await,
        Carrier::new().await,
        Carrier::new().await,
    );
    let line = line_to(&[&silent, &full, &good]).await;
    let (leg, mut events) = dial(&line);
    silent.request("INVITE").await;
    let refused = full.request("INVITE").await;
    full.respond(&refused, "503 Service Unavailable", "", "")
        .await;
    let taken = good.request("INVITE").await;
    good.respond(&taken, "180 Ringing", "", "").await;
    assert!(
        matches!(next(&mut events).await, LegEvent::Ringing),
        "one record, no word of the others"
    );
    // It rang: its failure is the call's.
    good.respond(&taken, "500 Server Internal Error", "", "")
        .await;
    assert!(matches!(next(&mut events).await, LegEvent::Declined(500)));
    drop(leg);
    // The silent one wakes up late: its call is taken back.
    let late = silent.request("INVITE").await;
    silent.respond(&late, "180 Ringing", "", "").await;
    let cancel = silent.request("CANCEL").await;
    silent.respond(&cancel, "200 OK", "", "").await;
    silent
        .respond(&late, "487 Request Terminated", "", "")
        .await;
}

#[tokio::test]
async fn a_callee_who_is_busy_is_not_called_over_another_trunk() {
    let (mut first, mut second) = (Carrier::new().await, Carrier::new().await);
    let line = line_to(&[&first, &second]).await;
    let (_leg, mut events) = dial(&line);
    let invite = first.request("INVITE").await;
    first.respond(&invite, "486 Busy Here", "", "").await;
    assert!(matches!(next(&mut events).await, LegEvent::Declined(486)));
    assert!(second.hear_within(1).await.is_none());
    line.settled().await;
}

#[tokio::test]
async fn what_is_no_number_reaches_no_trunk() {
    let mut carrier = Carrier::new().await;
    let line = line_to(&[&carrier]).await;
    for number in ["", "tel", "1@evil", "1;x=y", "1\r\nX: y", "+", "1+2"] {
        let stack = line.telephony.stack().unwrap();
        let (_leg, mut events) = stack.dial(dial_of(number));
        assert!(
            matches!(next(&mut events).await, LegEvent::Declined(484)),
            "{number}"
        );
    }
    assert!(carrier.hear_within(1).await.is_none());
}

#[tokio::test]
async fn a_reliable_183_is_acknowledged() {
    let mut carrier = Carrier::new().await;
    let line = line_to(&[&carrier]).await;
    let (leg, mut events) = dial(&line);
    let invite = carrier.request("INVITE").await;
    assert!(must(&invite, "supported").contains("100rel"), "{invite}");
    let more = "Require: 100rel\r\nRSeq: 7\r\n";
    let early = sdp(4002, "sendrecv");
    carrier
        .respond(&invite, "183 Session Progress", more, &early)
        .await;
    let prack = carrier.request("PRACK").await;
    assert!(must(&prack, "rack").starts_with("7 "), "{prack}");
    carrier.respond(&prack, "200 OK", "", "").await;
    assert!(matches!(next(&mut events).await, LegEvent::Early(_)));
    // The answer came with it: the 200 has none.
    carrier.respond(&invite, "200 OK", "", "").await;
    assert!(matches!(next(&mut events).await, LegEvent::Answered(sdp) if sdp == early.as_bytes()));
    leg.hang_up();
    carrier.is_left().await;
    line.settled().await;
}

#[tokio::test]
async fn a_carrier_that_wants_longer_sessions_gets_them_and_is_refreshed() {
    let mut carrier = Carrier::new().await;
    let line = line_to(&[&carrier]).await;
    let (leg, mut events) = dial(&line);
    let invite = carrier.request("INVITE").await;
    carrier
        .respond(
            &invite,
            "422 Session Interval Too Small",
            "Min-SE: 3600\r\n",
            "",
        )
        .await;
    carrier.request("ACK").await;
    let more = "Require: timer\r\nSession-Expires: 3600;refresher=uac\r\nAllow: INVITE, UPDATE\r\n";
    let (again, _) = carrier.takes(more).await;
    assert_eq!(
        (must(&again, "session-expires"), must(&again, "min-se")),
        ("3600", "3600")
    );
    assert!(matches!(next(&mut events).await, LegEvent::Answered(_)));
    line.app.clock.advance(Duration::from_secs(1801));
    let refresh = carrier.request("UPDATE").await;
    assert_eq!(must(&refresh, "session-expires"), "3600;refresher=uac");
    assert_eq!(body(&refresh), "");
    // Without Session-Expires in the answer there is no timer any more; here it goes on.
    carrier
        .respond(
            &refresh,
            "200 OK",
            "Session-Expires: 3600;refresher=uac\r\n",
            "",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    line.app.clock.advance(Duration::from_secs(1801));
    let refresh = carrier.request("UPDATE").await;
    // The far end does not know the call any more: it is over.
    carrier
        .respond(&refresh, "481 Call/Transaction Does Not Exist", "", "")
        .await;
    carrier.is_left().await;
    let end = next(&mut events).await;
    assert!(matches!(end, LegEvent::Gone(LegEnd::Fault)), "{end:?}");
    drop(leg);
    line.settled().await;
}

#[tokio::test]
async fn a_carrier_that_should_refresh_and_does_not_is_left() {
    let mut carrier = Carrier::new().await;
    let line = line_to(&[&carrier]).await;
    let (_leg, mut events) = dial(&line);
    let (invite, ok) = carrier.takes("Session-Expires: 90;refresher=uas\r\n").await;
    assert!(matches!(next(&mut events).await, LegEvent::Answered(_)));
    line.app.clock.advance(Duration::from_secs(50));
    // A refresh of theirs; a re-INVITE would do as well.
    let update = super::raw::Raw::inside_called(&invite, &ok, "UPDATE", 2, "");
    let more = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\nContent-Length";
    carrier
        .send(&update.replacen("Content-Length", more, 1))
        .await;
    let refreshed = carrier.answer().await;
    assert_eq!(status(&refreshed), 200);
    assert_eq!(must(&refreshed, "session-expires"), "90;refresher=uac");
    assert_eq!(must(&refreshed, "require"), "timer");
    line.app.clock.advance(Duration::from_secs(50));
    assert!(carrier.hear_within(1).await.is_none(), "refreshed");
    line.app.clock.advance(Duration::from_secs(11));
    carrier.is_left().await;
    assert!(matches!(
        next(&mut events).await,
        LegEvent::Gone(LegEnd::Fault)
    ));
    line.settled().await;
}

#[tokio::test]
async fn a_refer_of_a_trunk_is_declined() {
    let mut carrier = Carrier::new().await;
    let line = line_to(&[&carrier]).await;
    let (leg, mut events) = dial(&line);
    let (invite, ok) = carrier.takes("").await;
    assert!(matches!(next(&mut events).await, LegEvent::Answered(_)));
    let refer = super::raw::Raw::inside_called(&invite, &ok, "REFER", 2, "");
    let more = "Refer-To: <sip:00900123456@premium.example>\r\nContent-Length";
    carrier
        .send(&refer.replacen("Content-Length", more, 1))
        .await;
    assert_eq!(status(&carrier.answer().await), 603);
    leg.hang_up();
    carrier.is_left().await;
    until("the dialog is gone", || async {
        line.telephony.stack().unwrap().open_dialogs() == 0
    })
    .await;
}

#[tokio::test]
async fn calls_go_in_and_out_over_ipv6() {
    let mut carrier = Carrier::at("[::1]:0").await;
    let host = carrier.address();
    let line = hotline_with(|settings| {
        settings.sip.listen = "[::1]:0".parse().unwrap();
        settings.media.bind = settings.sip.listen.ip();
        settings.sip.trunks = vec!["::1".parse().unwrap()];
        settings.sip.trunk_hosts = vec![host];
    })
    .await;
    let (leg, mut events) = dial(&line);
    let (invite, _) = carrier.takes("").await;
    assert!(
        invite.starts_with("INVITE sip:13900000001@[::1]:"),
        "{invite}"
    );
    assert!(must(&invite, "contact").contains("@[::1]:"), "{invite}");
    assert!(matches!(next(&mut events).await, LegEvent::Answered(_)));
    leg.hang_up();
    carrier.is_left().await;
    let mut caller = super::raw::Raw::at("[::1]:0", line.sip).await;
    let offer = sdp(4000, "sendrecv").replace("IP4 127.0.0.1", "IP6 ::1");
    let invite = caller.request("INVITE", "sip:12333@[::1]", "c", &[], &offer);
    let ok = caller.ask(&invite).await.unwrap();
    assert_eq!(status(&ok), 200, "{ok}");
    assert!(body(&ok).contains("c=IN IP6 ::1"), "{ok}");
    caller
        .send(&super::raw::Raw::inside(&invite, &ok, "ACK", 1, ""))
        .await;
    let bye = super::raw::Raw::inside(&invite, &ok, "BYE", 3, "");
    assert_eq!(status(&caller.ask(&bye).await.unwrap()), 200);
    line.settled().await;
}
