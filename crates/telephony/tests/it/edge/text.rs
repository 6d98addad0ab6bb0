//! Header text is never trusted: not in logs, not in rows, not on screens.

use super::super::hotline::raw::{Raw, authorization, sdp, status};
use super::super::hotline::{SECRET, hotline, on_both};
use telephony::sip::guard::escaped;

/// Escapes of a terminal, marks of direction and what looks like nothing.
const EVIL: &str = "\u{202e}333\u{2066}21\u{200b} \u{feff}<b>";

#[tokio::test(flavor = "multi_thread")]
async fn header_injection_a_user_agent_is_shown_with_what_is_unsafe_written_out() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    let request = phone.request("REGISTER", "sip:127.0.0.1", "agent1", &[], "");
    let challenge = phone.ask(&request).await.unwrap();
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    let agent = format!("User-Agent: T46S{EVIL}");
    let request = phone.request(
        "REGISTER",
        "sip:127.0.0.1",
        "agent1",
        &[&proof, &agent, "Expires: 300"],
        "",
    );
    assert_eq!(status(&phone.ask(&request).await.unwrap()), 200);
    let shown = line.telephony.stack().unwrap().registrar().all()[0]
        .user_agent
        .clone();
    assert_eq!(shown, "T46S\\u{202e}333\\u{2066}21\\u{200b} \\u{feff}<b>");
    // Line ends and escape sequences do not get in at all.
    for raw in [
        "T46S\u{1b}[31m",
        "T46S\u{7}",
        "T46S\rX",
        "T46S\nX",
        "T46S\u{9b}2J",
        "T46S\u{85}",
    ] {
        let agent = format!("User-Agent: {raw}");
        let request = phone.request("REGISTER", "sip:127.0.0.1", "agent1", &[&agent], "");
        assert_eq!(status(&phone.ask(&request).await.unwrap()), 400, "{raw:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn header_injection_display_name_and_diversion_of_a_call_leave_nothing_unsafe_in_its_row() {
    on_both(async |line| {
        let mut phone = Raw::new(line.sip).await;
        let diversion = format!("Diversion: \"{EVIL}\" <sip:110@127.0.0.1>;reason=unconditional");
        let asserted = format!("P-Asserted-Identity: \"{EVIL}\" <sip:13900000001@127.0.0.1>");
        let invite = phone
            .request(
                "INVITE",
                "sip:12333@127.0.0.1",
                "13900000001",
                &[&diversion, &asserted, &format!("Subject: {EVIL}")],
                &sdp(9, "sendrecv"),
            )
            .replacen("From: <", &format!("From: \"{EVIL}\" <"), 1);
        let ok = phone.ask(&invite).await.unwrap();
        assert_eq!(status(&ok), 200, "{ok}");
        phone.send(&Raw::inside(&invite, &ok, "ACK", 1, "")).await;
        phone
            .ask(&Raw::inside(&invite, &ok, "BYE", 2, ""))
            .await
            .unwrap();
        let row = format!("{:?}", line.record().await);
        assert_eq!(escaped(&row), row);
        let journal = line.journal(line.records().await[0].id).await.concat();
        assert_eq!(escaped(&journal), journal);
        line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn header_injection_a_call_id_or_address_that_is_no_word_is_refused() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    for (from, to) in [
        ("Call-ID: raw", "Call-ID: \u{202e}raw"),
        ("Call-ID: raw", "Call-ID: r aw"),
        ("From: <sip:", "From: <sip:\u{202e}"),
        ("To: <sip:", "To: <sip:a%0d%0"),
        ("Contact: <sip:", "Contact: <sip:\"><script>"),
    ] {
        let invite = phone.request(
            "INVITE",
            "sip:12333@127.0.0.1",
            "x",
            &[],
            &sdp(9, "sendrecv"),
        );
        let forged = invite.replacen(from, to, 1);
        assert_ne!(invite, forged);
        assert_eq!(status(&phone.ask(&forged).await.unwrap()), 400, "{to}");
    }
    assert!(line.records().await.is_empty());
}
