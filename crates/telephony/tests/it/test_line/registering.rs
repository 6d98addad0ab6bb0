//! The phone's registration, judged by `SIPp`'s own digest check.

use std::fmt::Write as _;
use std::time::Duration;

use telephony::phone::{PhoneEvent, PhonePlan, start};
use telephony::test_line::{LineError, Transport};
use tempfile::TempDir;

use super::peers::{errors, free, listening, sipp};

const SECRET: &str = "Shoujie-demo-1";

/// One REGISTER and what the registrar says to it.
enum Step {
    /// No answer to a challenge yet: 401 with this nonce.
    Challenge(&'static str),
    /// A right answer with this nonce count: 200 for so many seconds.
    Accept(&'static str, u32),
    /// A right answer with this nonce count, but the nonce is too old: 401 with the next.
    Stale(&'static str, &'static str),
    /// Any answer: 401 with a nonce, not for its age.
    Refuse(&'static str),
}

fn scenario(steps: &[Step]) -> String {
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"registrar\">\n");
    for (n, step) in steps.iter().enumerate() {
        let mut actions = String::new();
        if let Step::Accept(count, _) | Step::Stale(count, _) = step {
            let _ = write!(
                actions,
                "<action><verifyauth assign_to=\"right{n}\" username=\"agent3\" password=\"{SECRET}\"/>\
                 <ereg regexp=\"nc={count}\" search_in=\"hdr\" header=\"Authorization:\" check_it=\"true\" \
                 assign_to=\"count{n}\"/></action>"
            );
        }
        let _ = writeln!(
            xml,
            "<recv request=\"REGISTER\" timeout=\"10000\">{actions}</recv>"
        );
        if !actions.is_empty() {
            // A wrong digest leaves the scenario by a response that ends the test.
            let _ = writeln!(xml, "<nop test=\"right{n}\" next=\"{n}\"/>");
            let _ = writeln!(
                xml,
                "<send>{}</send><nop><action><error message=\"wrong digest\"/></action></nop>",
                response("403 Wrong Digest", "")
            );
            let _ = writeln!(xml, "<label id=\"{n}\"/>");
            let _ = writeln!(xml, "<Reference variables=\"count{n}\"/>");
        }
        let challenge = |nonce: &str, stale: &str| {
            response(
                "401 Unauthorized",
                &format!(
                    "WWW-Authenticate: Digest realm=\"shoujie\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"{stale}\n"
                ),
            )
        };
        let answer = match step {
            Step::Challenge(nonce) | Step::Refuse(nonce) => challenge(nonce, ""),
            Step::Stale(_, nonce) => challenge(nonce, ", stale=true"),
            Step::Accept(_, seconds) => {
                response("200 OK", &format!("[last_Contact:];expires={seconds}\n"))
            }
        };
        let _ = writeln!(xml, "<send>{answer}</send>");
    }
    xml + "</scenario>\n"
}

fn response(status: &str, headers: &str) -> String {
    format!(
        "<![CDATA[\nSIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n[last_Call-ID:]\n\
         [last_CSeq:]\n{headers}Content-Length: 0\n\n]]>"
    )
}

/// Runs the registrar beside a phone; gives what `start` gave and `SIPp`'s verdict.
async fn against(
    steps: &[Step],
    transport: Transport,
    work: impl AsyncFnOnce(Result<telephony::phone::PhoneHandle, LineError>),
) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("registrar.xml");
    std::fs::write(&path, scenario(steps)).unwrap();
    let address = free();
    let (port, file) = (address.port().to_string(), path.display().to_string());
    let mode = if transport == Transport::Udp {
        "u1"
    } else {
        "t1"
    };
    let mut registrar = sipp(
        folder.path(),
        &["-sf", &file, "-t", mode, "-p", &port, "-m", "1"],
    );
    listening(address, transport).await;
    let mut plan = PhonePlan::new("agent3", SECRET, address);
    plan.transport = transport;
    work(start(plan).await).await;
    let status = registrar.wait().await.unwrap();
    assert!(status.success(), "{status} {}", errors(folder.path()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_registers_refreshes_outlives_a_stale_nonce_and_signs_off() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let steps = [
            Step::Challenge("first"),
            Step::Accept("00000001", 2),
            Step::Accept("00000002", 2),
            Step::Stale("00000003", "second"),
            Step::Accept("00000001", 60),
            Step::Accept("00000002", 0),
        ];
        against(&steps, transport, async |started| {
            let mut phone = started.unwrap();
            for wanted in [2, 2, 60] {
                let event = tokio::time::timeout(Duration::from_secs(5), phone.events.recv()).await;
                let event = event.unwrap().unwrap();
                assert!(
                    matches!(event, PhoneEvent::Registered(granted) if granted == wanted),
                    "{event:?}"
                );
            }
            phone.stop().await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_is_told_after_one_answer() {
    let steps = [Step::Challenge("first"), Step::Refuse("second")];
    against(&steps, Transport::Udp, async |started| {
        assert!(matches!(started, Err(LineError::WrongSecret)));
    })
    .await;
}
