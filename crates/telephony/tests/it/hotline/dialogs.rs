//! What happens within a dialog: session timers of calls that come in, fax, other codecs, a desk phone's
//! transfer.

use std::time::Duration;

use telephony::sip::{Invite, LegEvent, Signaling as _};

use super::carrier::must;
use super::raw::{Raw, body, header, response, sdp, status};
use super::{SECRET, agent, hotline, until};

fn with(message: &str, lines: &str) -> String {
    message.replacen("Content-Length", &format!("{lines}Content-Length"), 1)
}

#[tokio::test]
async fn sessions_that_are_too_short_are_refused_and_others_run_out() {
    let line = hotline().await;
    let mut caller = Raw::new(line.sip).await;
    let mut invite = |expires: &str| {
        let expires = format!("Session-Expires: {expires}");
        let extra = ["Supported: timer", &expires];
        caller.request(
            "INVITE",
            "sip:12333@127.0.0.1",
            "c",
            &extra,
            &sdp(4000, "sendrecv"),
        )
    };
    let (short, long) = (invite("60"), invite("90;refresher=uac"));
    let refused = caller.ask(&short).await.unwrap();
    assert_eq!(
        (status(&refused), header(&refused, "min-se")),
        (422, Some("90"))
    );
    let ok = caller.ask(&long).await.unwrap();
    assert_eq!(
        (status(&ok), must(&ok, "session-expires")),
        (200, "90;refresher=uac")
    );
    assert_eq!(must(&ok, "require"), "timer");
    caller.send(&Raw::inside(&long, &ok, "ACK", 2, "")).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    line.app.clock.advance(Duration::from_secs(50));
    let refresh = Raw::inside(&long, &ok, "UPDATE", 3, "");
    let refresh = with(
        &refresh,
        "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
    );
    let refreshed = caller.ask(&refresh).await.unwrap();
    assert_eq!(
        (status(&refreshed), must(&refreshed, "session-expires")),
        (200, "90;refresher=uac")
    );
    line.app.clock.advance(Duration::from_secs(50));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(line.telephony.engine().open_calls(), 1, "refreshed");
    line.app.clock.advance(Duration::from_secs(11));
    let bye = caller.hear_request("BYE").await;
    caller
        .send(&response(&bye, "200 OK", "sip:c@127.0.0.1", ""))
        .await;
    line.settled().await;
}

#[tokio::test]
async fn a_far_end_that_leaves_the_refreshing_to_us_is_refreshed() {
    let line = hotline().await;
    let mut caller = Raw::new(line.sip).await;
    let extra = ["Supported: timer", "Session-Expires: 90;refresher=uas"];
    let invite = caller.request(
        "INVITE",
        "sip:12333@127.0.0.1",
        "c",
        &extra,
        &sdp(4000, "sendrecv"),
    );
    let ok = caller.ask(&invite).await.unwrap();
    assert_eq!(must(&ok, "session-expires"), "90;refresher=uas");
    caller.send(&Raw::inside(&invite, &ok, "ACK", 1, "")).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    line.app.clock.advance(Duration::from_secs(46));
    // It named no UPDATE in Allow: a re-INVITE with the same description.
    let refresh = caller.hear_request("INVITE").await;
    assert_eq!(body(&refresh), body(&ok));
    assert_eq!(must(&refresh, "session-expires"), "90;refresher=uac");
    let contact = format!("sip:c@{}", caller.address());
    let taken = response(&refresh, "200 OK", &contact, &sdp(4000, "sendrecv"));
    caller
        .send(&with(&taken, "Session-Expires: 90;refresher=uac\r\n"))
        .await;
    caller.hear_request("ACK").await;
    let bye = Raw::inside(&invite, &ok, "BYE", 3, "");
    assert_eq!(status(&caller.ask(&bye).await.unwrap()), 200);
    line.settled().await;
}

#[tokio::test]
async fn a_fax_is_refused_and_another_codec_taken_and_the_call_goes_on() {
    let line = hotline().await;
    let mut caller = Raw::new(line.sip).await;
    let invite = caller.request(
        "INVITE",
        "sip:12333@127.0.0.1",
        "c",
        &[],
        &sdp(4000, "sendrecv"),
    );
    let ok = caller.ask(&invite).await.unwrap();
    caller.send(&Raw::inside(&invite, &ok, "ACK", 1, "")).await;
    let fax = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
               m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\n";
    let mulaw = sdp(4000, "sendrecv")
        .replace("AVP 8", "AVP 0")
        .replace("8 PCMA", "0 PCMU");
    for (cseq, offer, expected, answer) in [
        (3, fax, 488, ""),
        (4, mulaw.as_str(), 200, "a=rtpmap:0 PCMU/8000"),
        (5, fax, 488, ""),
    ] {
        let answered = caller
            .ask(&Raw::inside(&invite, &ok, "INVITE", cseq, offer))
            .await
            .unwrap();
        assert_eq!(status(&answered), expected, "{answered}");
        assert!(body(&answered).contains(answer), "{answered}");
        if expected == 200 {
            caller
                .send(&Raw::inside(&invite, &ok, "ACK", cseq, ""))
                .await;
        }
    }
    assert_eq!(line.telephony.engine().open_calls(), 1);
    let bye = Raw::inside(&invite, &ok, "BYE", 9, "");
    assert_eq!(status(&caller.ask(&bye).await.unwrap()), 200);
    line.settled().await;
}

#[tokio::test]
async fn a_desk_phones_transfer_reaches_the_engine_and_is_told_how_it_goes() {
    let line = hotline().await;
    let stack = line.telephony.stack().unwrap();
    let mut phone = Raw::new(line.sip).await;
    phone.register("agent1", SECRET).await;
    let to = stack.devices(agent(1)).remove(0);
    let (leg, mut events) = stack.invite(Invite {
        to,
        offer: sdp(5000, "sendrecv"),
        display: "caller".to_owned(),
        headers: Vec::new(),
    });
    let invite = phone.hear_request("INVITE").await;
    let contact = format!("sip:agent1@{}", phone.address());
    let ok = response(&invite, "200 OK", &contact, &sdp(9, "sendrecv"));
    phone.send(&ok).await;
    phone.hear_request("ACK").await;
    assert!(matches!(events.recv().await, Some(LegEvent::Answered(_))));
    let tag = |value: &str| value.split("tag=").nth(1).unwrap().to_owned();
    let (ours, theirs) = (tag(must(&invite, "from")), tag(must(&ok, "to")));
    let id = must(&invite, "call-id");
    let replaces = format!("{id};to-tag={ours};from-tag={theirs}");
    assert!(leg.is_replaced_by(&replaces));
    assert!(!leg.is_replaced_by(&replaces.replace(&ours, "other")));

    let encoded = replaces
        .replace('@', "%40")
        .replace(';', "%3B")
        .replace('=', "%3D");
    let refer = with(
        &Raw::inside_called(&invite, &ok, "REFER", 201, ""),
        &format!("Refer-To: <sip:8002@127.0.0.1?Replaces={encoded}>\r\n"),
    );
    phone.send(&refer).await;
    let Some(LegEvent::Refer {
        to,
        replaces: named,
        reply,
    }) = events.recv().await
    else {
        panic!("no REFER");
    };
    assert_eq!((to.as_str(), named), ("8002", Some(replaces)));
    let progress = reply.accept();
    let mut told = Vec::new();
    let mut accepted = false;
    while told.len() < 3 {
        let heard = phone.hear().await.unwrap();
        if heard.starts_with("NOTIFY ") {
            assert_eq!(must(&heard, "event"), "refer");
            let fragment = body(&heard).trim().to_owned();
            let over = must(&heard, "subscription-state").starts_with("terminated");
            assert_eq!(over, fragment.contains(" 200 "), "{heard}");
            phone.send(&response(&heard, "200 OK", &contact, "")).await;
            told.push(fragment);
            progress.tell(if told.len() == 1 { 180 } else { 200 });
        } else {
            accepted |= status(&heard) == 202;
        }
    }
    assert!(accepted);
    assert_eq!(
        told,
        [
            "SIP/2.0 100 Trying",
            "SIP/2.0 180 Ringing",
            "SIP/2.0 200 OK"
        ]
    );
    // One that names nobody, and one that the engine does not want.
    let nobody = with(
        &Raw::inside_called(&invite, &ok, "REFER", 202, ""),
        "Refer-To: <http://example.com>\r\n",
    );
    assert_eq!(status(&phone.ask(&nobody).await.unwrap()), 400);
    let refused = with(
        &Raw::inside_called(&invite, &ok, "REFER", 203, ""),
        "Refer-To: <sip:110@h>\r\n",
    );
    phone.send(&refused).await;
    let Some(LegEvent::Refer { reply, .. }) = events.recv().await else {
        panic!("no REFER");
    };
    reply.refuse(403);
    loop {
        let heard = phone.hear().await.unwrap();
        if status(&heard) >= 300 {
            assert_eq!(status(&heard), 403);
            break;
        }
    }
    leg.hang_up();
    let bye = phone.hear_request("BYE").await;
    phone.send(&response(&bye, "200 OK", &contact, "")).await;
    until("the dialog is gone", || async { stack.open_dialogs() == 0 }).await;
}

#[tokio::test]
async fn a_phone_behind_nat_is_reached_where_it_is_and_its_way_kept_open() {
    let line = hotline().await;
    let stack = line.telephony.stack().unwrap();
    let mut phone = Raw::new(line.sip).await;
    let own = phone.address().to_string();
    let hidden = |message: &str| message.replace(&format!("@{own}>"), "@192.168.1.5:5060>");
    let asked = hidden(&phone.request("REGISTER", "sip:127.0.0.1", "agent1", &[], ""));
    let challenge = phone.ask(&asked).await.unwrap();
    let proof = super::raw::authorization(&challenge, "agent1", SECRET, 1);
    let extra = [proof.as_str(), "Expires: 300"];
    let register = hidden(&phone.request("REGISTER", "sip:127.0.0.1", "agent1", &extra, ""));
    assert_eq!(status(&phone.ask(&register).await.unwrap()), 200);
    let (leg, mut events) = stack.invite(Invite {
        to: stack.devices(agent(1)).remove(0),
        offer: sdp(5000, "sendrecv"),
        display: "caller".to_owned(),
        headers: Vec::new(),
    });
    let invite = phone.hear_request("INVITE").await;
    let ok = response(
        &invite,
        "200 OK",
        "sip:agent1@192.168.1.5:5060",
        &sdp(9, "sendrecv"),
    );
    phone.send(&ok).await;
    // ACK and BYE go to the Contact: the address it names is not where it is.
    phone.hear_request("ACK").await;
    assert!(matches!(events.recv().await, Some(LegEvent::Answered(_))));
    line.app.clock.advance(Duration::from_secs(26));
    let options = phone.hear_request("OPTIONS").await;
    phone
        .send(&response(
            &options,
            "200 OK",
            "sip:agent1@192.168.1.5:5060",
            "",
        ))
        .await;
    leg.hang_up();
    let bye = phone.hear_request("BYE").await;
    phone
        .send(&response(&bye, "200 OK", "sip:agent1@192.168.1.5:5060", ""))
        .await;
    until("the dialog is gone", || async { stack.open_dialogs() == 0 }).await;
}
