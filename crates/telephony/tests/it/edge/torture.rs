//! The messages of RFC 4475 and RFC 5118, each with what becomes of it.

use std::path::PathBuf;
use std::time::Duration;

use super::super::hotline::raw::{Raw, header, status};
use super::super::hotline::{Hotline, hotline};
use telephony::sip::guard::screen::{Verdict, screen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// File, what comes back (0: nothing), and why that is right.
///
/// "Accepted" is 404 for an INVITE (well-formed, but nobody has that number), 401 for a REGISTER (asked for a digest),
/// 481 for what belongs to a dialog nobody knows, 200 for OPTIONS, 405 for a method we know and do not offer.
const TABLE: [(&str, u16, &str); 61] = [
    (
        "4475-3.1.1.1-wsinv",
        481,
        "accepted; its To tag belongs to no dialog of ours",
    ),
    (
        "4475-3.1.1.2-intmeth",
        501,
        "well-formed; endpoints answer 501 with Allow",
    ),
    (
        "4475-3.1.1.3-esc01",
        404,
        "accepted: escapes in the user part",
    ),
    (
        "4475-3.1.1.4-escnull",
        401,
        "accepted: %00 in the user part shortens nothing",
    ),
    (
        "4475-3.1.1.5-esc02",
        501,
        "RE%47IST%45R is a method nobody knows, not REGISTER",
    ),
    (
        "4475-3.1.1.6-lwsdisp",
        200,
        "accepted: no space between display name and <",
    ),
    ("4475-3.1.1.7-longreq", 404, "accepted: long values, 34 Via"),
    (
        "4475-3.1.1.8-dblreq",
        401,
        "accepted; octets behind the first message are ignored",
    ),
    (
        "4475-3.1.1.9-semiuri",
        200,
        "accepted: the semicolon is part of the user",
    ),
    (
        "4475-3.1.1.10-transports",
        200,
        "accepted: transports unknown to us in lower Via",
    ),
    (
        "4475-3.1.1.11-mpart01",
        405,
        "accepted; MESSAGE is not offered",
    ),
    (
        "4475-3.1.1.12-unreason",
        0,
        "accepted: a response, to nothing we asked",
    ),
    (
        "4475-3.1.1.13-noreason",
        0,
        "accepted: a response, to nothing we asked",
    ),
    (
        "4475-3.1.2.1-badinv01",
        400,
        "empty parameters and values in Via and Contact",
    ),
    (
        "4475-3.1.2.2-clerr",
        400,
        "Content-Length beyond the datagram",
    ),
    ("4475-3.1.2.3-ncl", 400, "Content-Length below nought"),
    ("4475-3.1.2.4-scalar02", 400, "numbers too large"),
    (
        "4475-3.1.2.5-scalarlg",
        0,
        "a response with numbers too large is discarded",
    ),
    ("4475-3.1.2.6-quotbal", 400, "a quoted string without end"),
    ("4475-3.1.2.7-ltgtruri", 400, "<> around the Request-URI"),
    (
        "4475-3.1.2.8-lwsruri",
        400,
        "white space in the Request-URI",
    ),
    (
        "4475-3.1.2.9-lwsstart",
        400,
        "two spaces in the Request-Line",
    ),
    ("4475-3.1.2.10-trws", 400, "spaces behind the Request-Line"),
    (
        "4475-3.1.2.11-escruri",
        400,
        "header fields in the Request-URI",
    ),
    (
        "4475-3.1.2.12-baddate",
        404,
        "a Date we never read may be ignored; a call is not lost for it",
    ),
    (
        "4475-3.1.2.13-regbadct",
        400,
        "a Contact with ? and without <>",
    ),
    ("4475-3.1.2.14-badaspec", 400, "spaces within <>"),
    (
        "4475-3.1.2.15-baddn",
        400,
        "a comma in a display name without quotes",
    ),
    ("4475-3.1.2.16-badvers", 505, "SIP/7.0"),
    ("4475-3.1.2.17-mismatch01", 400, "CSeq of another method"),
    (
        "4475-3.1.2.18-mismatch02",
        501,
        "an unknown method goes before its CSeq",
    ),
    (
        "4475-3.1.2.19-bigcode",
        0,
        "a response code beyond 699 is discarded",
    ),
    (
        "4475-3.2.1-badbranch",
        200,
        "an empty branch is no branch; the rest tells requests apart",
    ),
    ("4475-3.3.1-insuf", 400, "no Call-ID, From, To"),
    ("4475-3.3.2-unkscm", 416, "a scheme nobody knows"),
    ("4475-3.3.3-novelsc", 416, "a scheme that is no SIP"),
    (
        "4475-3.3.4-unksm2",
        400,
        "an address of record is a SIP URI",
    ),
    ("4475-3.3.5-bext01", 420, "Require of what nobody has"),
    ("4475-3.3.6-invut", 415, "a body of unknown type"),
    (
        "4475-3.3.7-regaut01",
        401,
        "an authorization scheme nobody knows: asked for ours",
    ),
    ("4475-3.3.8-multi01", 400, "two of each"),
    ("4475-3.3.9-mcl01", 400, "two Content-Length"),
    (
        "4475-3.3.10-bcast",
        0,
        "a response with a second Via is not for us",
    ),
    (
        "4475-3.3.11-zeromf",
        200,
        "Max-Forwards 0 ends here, and here is where it goes",
    ),
    ("4475-3.3.12-cparam01", 401, "accepted"),
    ("4475-3.3.13-cparam02", 401, "accepted"),
    (
        "4475-3.3.14-regescrt",
        401,
        "accepted: escaped Route in the Contact",
    ),
    ("4475-3.3.15-sdp01", 406, "takes no SDP in answer"),
    (
        "4475-3.4.1-inv2543",
        400,
        "RFC 2543 without a From tag: compatibility we do not want",
    ),
    ("5118-4.1-ipv6-good", 401, "accepted"),
    ("5118-4.2-ipv6-bad", 400, "an IPv6 address without brackets"),
    (
        "5118-4.3-port-ambiguous",
        401,
        "accepted: it is all address",
    ),
    ("5118-4.4-port-unambiguous", 401, "accepted"),
    (
        "5118-4.5-via-received-param-no-delim",
        200,
        "accepted: received without brackets",
    ),
    (
        "5118-4.5-via-received-param-with-delim",
        481,
        "accepted: received with brackets; BYE of no dialog",
    ),
    ("5118-4.6-ipv6-in-sdp", 404, "accepted"),
    (
        "5118-4.7-mult-ip-in-header",
        481,
        "accepted: IPv4 and IPv6 in Via; BYE of no dialog",
    ),
    ("5118-4.8-mult-ip-in-sdp", 404, "accepted"),
    ("5118-4.9-ipv4-mapped-ipv6", 404, "accepted"),
    (
        "5118-4.10-ipv6-bug-abnf-3-colons",
        200,
        "liberal, as the RFC asks",
    ),
    ("5118-4.10-ipv6-correct-abnf-2-colons", 200, "accepted"),
];

pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/torture"))
}

fn message(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.sip"))).unwrap()
}

/// The first final response within a short while, and how many came.
async fn answer(line: &Hotline, message: &[u8]) -> (u16, String, usize) {
    let phone = Raw::new(line.sip).await;
    phone.socket.send_to(message, line.sip).await.unwrap();
    let (mut first, mut count, mut wait) = (String::new(), 0, Duration::from_secs(2));
    let mut buffer = [0; 8192];
    while let Ok(heard) = tokio::time::timeout(wait, phone.socket.recv_from(&mut buffer)).await {
        let text = String::from_utf8_lossy(&buffer[..heard.unwrap().0]).into_owned();
        if status(&text) >= 200 {
            count += usize::from(first != text);
            if first.is_empty() {
                first = text;
            }
            wait = Duration::from_millis(200);
        }
    }
    (status(&first), first, count)
}

#[test]
fn the_table_names_every_message() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .strip_suffix(".sip")
                .map(str::to_owned)
        })
        .collect();
    let mut named: Vec<_> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    files.sort();
    named.sort();
    assert_eq!(files, named);
    assert_eq!(
        named.iter().filter(|name| name.starts_with("4475")).count(),
        49
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_of_rfc_4475_and_5118_gets_what_the_rfc_says() {
    let line = hotline().await;
    let mut wrong = Vec::new();
    for (name, expected, why) in TABLE {
        let (got, text, count) = answer(&line, &message(name)).await;
        if got != expected || count > 1 {
            wrong.push(format!(
                "{name}: {got} ({count}) instead of {expected} ({why}): {text}"
            ));
        }
        if got == 0 {
            continue;
        }
        let request = String::from_utf8_lossy(&message(name)).into_owned();
        if got == 501 || got == 405 {
            assert!(header(&text, "allow").is_some(), "{name}: {text}");
        }
        // Whoever gets it can tell what it answers (RFC 3261 §8.2.6).
        if let (Some(asked), Some(answered)) =
            (header(&request, "call-id"), header(&text, "call-id"))
        {
            assert_eq!(asked, answered, "{name}");
        }
        if let Some(to) = header(&text, "to") {
            assert!(to.contains("tag"), "{name}: {text}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (_, refused, _) = answer(&line, &message("4475-3.3.5-bext01")).await;
    assert_eq!(
        header(&refused, "unsupported"),
        Some("nothingSupportsThis, nothingSupportsThisEither")
    );
    let (_, refused, _) = answer(&line, &message("4475-3.3.6-invut")).await;
    assert_eq!(header(&refused, "accept"), Some("application/sdp"));
    assert!(line.records().await.is_empty());
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_get_the_same_over_a_stream_that_goes_on_where_it_can() {
    let line = hotline().await;
    let mut wrong = Vec::new();
    for (name, expected, _) in TABLE {
        // A stream has no end of a datagram: a wrong length is followed, or is the end of the connection.
        let lengths = ["clerr", "ncl", "mcl01", "dblreq", "inv2543", "multi01"];
        if lengths.iter().any(|odd| name.ends_with(odd)) {
            continue;
        }
        let mut stream = tokio::net::TcpStream::connect(line.sip).await.unwrap();
        stream.write_all(&message(name)).await.unwrap();
        let mut phone = Raw::new(line.sip).await;
        let mut probe = phone.request("OPTIONS", "sip:127.0.0.1", "probe", &[], "");
        probe = probe.replacen("SIP/2.0/UDP", "SIP/2.0/TCP", 1);
        stream.write_all(probe.as_bytes()).await.unwrap();
        let (mut heard, mut buffer) = (String::new(), [0; 8192]);
        // The answer to the message, and the one to the request behind it.
        let is_done = |heard: &str| {
            heard.contains("From: <sip:probe@")
                && (expected == 0 || heard.contains(&format!("SIP/2.0 {expected} ")))
        };
        while !is_done(&heard) {
            let read = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut buffer)).await;
            match read {
                Ok(Ok(length @ 1..)) => heard.push_str(&String::from_utf8_lossy(&buffer[..length])),
                _ => break,
            }
        }
        if !is_done(&heard) {
            wrong.push(format!(
                "{name}: {expected} expected, and 200 behind it: {heard}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_start_line_with_what_is_no_space_is_refused() {
    let source = "127.0.0.1:5060".parse().unwrap();
    let good = String::from_utf8(message("4475-3.3.11-zeromf")).unwrap();
    // Found by libFuzzer: a form feed was white space to one half of the screen and not to the other.
    for end in ["SIP/2.0\u{c}", "SIP/2.0\t", "SIP/2.0\u{a0}", "SIP/2.0 "] {
        let bad = good.replacen("SIP/2.0\r\n", &format!("{end}\r\n"), 1);
        assert!(
            matches!(
                screen(bad.as_bytes(), source),
                Verdict::Refuse(400 | 505, _)
            ),
            "{end:?}"
        );
    }
    assert_eq!(screen(good.as_bytes(), source), Verdict::Pass(None));
}

#[test]
fn a_body_of_several_parts_yields_its_session_description() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n";
    let body = format!(
        "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\n\x01\x02\r\n\
         --b1\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--b1--\r\n"
    );
    let request = |kind: &str| {
        format!(
            "INVITE sip:12333@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n\
             To: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let source = "127.0.0.1:5060".parse().unwrap();
    let Verdict::Pass(Some(proper)) = screen(
        request("multipart/mixed; boundary=\"b1\"").as_bytes(),
        source,
    ) else {
        panic!("accepted, and written anew");
    };
    let proper = String::from_utf8(proper).unwrap();
    assert!(proper.ends_with(&format!("\r\n\r\n{sdp}")), "{proper}");
    assert_eq!(header(&proper, "content-type"), Some("application/sdp"));
    assert_eq!(
        header(&proper, "content-length"),
        Some(sdp.len().to_string().as_str())
    );
    for kind in [
        "multipart/mixed;boundary=b2",
        "multipart/mixed",
        "text/plain",
    ] {
        assert!(
            matches!(
                screen(request(kind).as_bytes(), source),
                Verdict::Refuse(415, _)
            ),
            "{kind}"
        );
    }
}
