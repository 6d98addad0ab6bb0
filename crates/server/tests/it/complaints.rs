//! What others' users complained of (peers.md §2.5 and §2.6), from outside; crates/telephony/README.md lists all of them.

use std::time::Duration;

use serde_json::{Value, json};
use telephony::phone::{Answer, PhoneEvent, PhonePlan, start};
use tokio::net::UdpSocket;

use crate::call::recording;
use crate::support::cases::on_both;
use crate::support::seats::of_call;
use crate::support::sipp::finished;
use crate::support::sound::{Sound, tone_alaw};
use crate::support::{PASSWORD, TestServer};

/// `RustPBX` PR#217: ringing legs stayed alive after the caller had hung up, and calls that nobody answered were recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_gives_up_while_it_rings_leaves_no_ringing_phone_and_no_recording() {
    on_both(async |server| {
        let (agent, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let plan = PhonePlan {
            answer: Answer::Never,
            ..PhonePlan::new("agent1", PASSWORD, server.running.sip)
        };
        let mut phone = start(plan).await.unwrap();
        let reachable = |state: &Value| state["device"]["reachable"] == true;
        let own = "/api/v1/agent-state";
        agent.until(own, Duration::from_secs(10), reachable).await;
        agent.put(own, serde_json::json!({"state": "ready"})).await;
        let caller = server.caller("13900000141", 700);
        let ringing = agent
            .until(own, Duration::from_secs(25), |now| {
                now["state"] == "ringing"
            })
            .await;
        let call = ringing["work_id"].as_str().unwrap().to_owned();
        tokio::time::sleep(Duration::from_millis(500)).await;
        caller.hangs_up().await;
        let ended = tokio::time::timeout(Duration::from_secs(3), async {
            loop {
                if let Some(PhoneEvent::Ended { talk, .. }) = phone.events.recv().await {
                    return talk;
                }
            }
        });
        assert_eq!(ended.await.expect("it rings no longer"), None);
        let ended = lead.ended_call(&call).await;
        assert_ne!(ended["outcome"], "answered", "{ended}");
        assert_eq!(ended["has_recording"], false, "{ended}");
        assert_eq!(ended["recording"], Value::Null, "{ended}");
        agent
            .until(own, Duration::from_secs(5), |now| now["state"] == "ready")
            .await;
        let open = lead.get("/api/v1/calls?outcome=open").await;
        assert_eq!(open["total"], 0);
    })
    .await;
}

/// A telephone whose first ACK is lost on the way.
struct LostAck {
    sip: UdpSocket,
    invite: String,
    ok: String,
}

/// The value of a header.
fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let mut lines = message.split("\r\n");
    let found = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_else(|| panic!("no {name} in {message}"))
}

impl LostAck {
    async fn calls(server: &TestServer, rtp: &UdpSocket) -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sip.connect(server.running.sip).await.unwrap();
        let (own, port) = (sip.local_addr().unwrap(), rtp.local_addr().unwrap().port());
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
        );
        let invite = format!(
            "INVITE sip:12333@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-lost-1\r\n\
             From: <sip:13900000142@{own}>;tag=lost\r\nTo: <sip:12333@127.0.0.1>\r\nCall-ID: lost@{own}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:13900000142@{own}>\r\nMax-Forwards: 70\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        sip.send(invite.as_bytes()).await.unwrap();
        let mut call = Self {
            sip,
            invite,
            ok: String::new(),
        };
        call.ok = call.final_response().await;
        assert!(call.ok.starts_with("SIP/2.0 200"), "{}", call.ok);
        // The ACK to this one is lost: it comes again.
        let again = call.final_response().await;
        assert!(again.starts_with("SIP/2.0 200"), "{again}");
        call.says("ACK", 1).await;
        call
    }

    async fn final_response(&self) -> String {
        let mut buffer = [0; 8192];
        loop {
            let heard = tokio::time::timeout(Duration::from_secs(8), self.sip.recv(&mut buffer));
            let length = heard.await.expect("an answer").unwrap();
            let heard = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if heard.starts_with("SIP/2.0 ") && !heard.starts_with("SIP/2.0 1") {
                return heard;
            }
        }
    }

    async fn says(&self, method: &str, sequence: u32) {
        let contact = header(&self.ok, "Contact").trim_start_matches('<');
        let target = contact.split('>').next().unwrap();
        let message = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK-lost-{method}{sequence}\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {sequence} {method}\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            self.sip.local_addr().unwrap(),
            header(&self.invite, "From"),
            header(&self.ok, "To"),
            header(&self.invite, "Call-ID"),
        );
        self.sip.send(message.as_bytes()).await.unwrap();
    }

    /// Where the line wants to hear us.
    fn voice(&self) -> std::net::SocketAddr {
        let mut lines = self.ok.lines();
        let media = lines
            .find_map(|line| line.strip_prefix("m=audio "))
            .unwrap();
        let port = media.split(' ').next().unwrap().parse().unwrap();
        std::net::SocketAddr::from(([127, 0, 0, 1], port))
    }
}

/// `RustPBX` #280: no sound, and the end after 32 seconds, where an ACK is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_first_ack_was_lost_is_heard_after_32_seconds_as_before() {
    let server = TestServer::demo().await;
    let seat = server.seat("agent1", 1200, "ready").await;
    let lead = server.sign_in("lead").await;
    let rtp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let caller = LostAck::calls(&server, &rtp).await;
    let speech = std::fs::read(tone_alaw(&server.folder, 700, 60)).unwrap();
    let to = caller.voice();
    let voice = tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        for (number, sound) in speech.chunks_exact(160).enumerate() {
            beat.tick().await;
            let (sequence, time) = (number as u16, number as u32 * 160);
            let mut packet = vec![0x80, 8];
            packet.extend(sequence.to_be_bytes());
            packet.extend(time.to_be_bytes());
            packet.extend([1, 2, 3, 4]);
            packet.extend(sound);
            rtp.send_to(&packet, to).await.unwrap();
        }
    });
    let call = seat.in_state("talking").await;
    tokio::time::sleep(Duration::from_secs(38)).await;
    let standing = lead.get(&of_call(&call)).await;
    assert_eq!(
        (&standing["state"], &standing["one_way"]),
        (&serde_json::json!("talking"), &Value::Null),
        "{standing}"
    );
    caller.says("BYE", 2).await;
    seat.in_state("wrap_up").await;
    let ended = lead.ended_call(&call).await;
    assert_eq!(
        (&ended["outcome"], &ended["ended_by"]),
        (
            &serde_json::json!("answered"),
            &serde_json::json!("requester")
        )
    );
    let heard = Sound::read(&seat.heard, 1).ms_of(0, 700);
    assert!(heard > 32_000, "the agent heard {heard} ms");
    voice.abort();
    server.stop().await;
}

/// A-queue PR#1377 and A#1006: the wrap-up was invisible, or ended early where an agent serves several queues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_rung_in_his_wrap_up_and_the_floor_shows_it() {
    let server = TestServer::demo().await;
    let agent = server.desk_agent("agent1").await;
    let lead = server.sign_in("lead").await;
    let requester = server.requester("13900000143", 9_000);
    agent.in_state("talking").await;
    finished(requester, &server.folder).await;
    let call = agent.in_state("wrap_up").await;
    let floor = lead.get("/api/v1/floor").await;
    let mut agents = floor["agents"].as_array().unwrap().iter();
    assert!(agents.any(|row| row["state"] == "wrap_up"), "{floor}");
    let next = server.caller("13900000144", 700);
    tokio::time::sleep(Duration::from_secs(12)).await;
    let now = agent.person.get("/api/v1/agent-state").await;
    assert_eq!(
        (&now["state"], &now["work_id"]),
        (&"wrap_up".into(), &call.clone().into())
    );
    agent.write_up(&call, "answered", "已告知").await;
    assert_ne!(
        agent.in_state("talking").await,
        call,
        "the next one who waits"
    );
    next.hangs_up().await;
    server.stop().await;
}

/// mikopbx #1084, #1100; `NethServer` #7562: after an attended transfer to a queue the recording was lost, or not linked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attended_transfer_into_a_queue_keeps_one_continuous_recording() {
    on_both(async |server| {
        let second = server.seat("agent2", 1700, "break").await;
        let first = server.seat("agent1", 1200, "ready").await;
        let lead = server.sign_in("lead").await;
        let caller = server.caller("13900000143", 700);
        let call = first.in_state("talking").await;
        let queue = json!({"queue": "hotline"});
        first.person.with_call(&call, "consult", queue).await;
        first.in_state("held").await;
        let standing = format!("{}/standing", of_call(&call));
        let third = first.person.get(&standing).await["third"].clone();
        assert_eq!(
            (&third["queue"], &third["colleague"]),
            (&json!("hotline"), &Value::Null),
            "{third}"
        );
        second.stands("ready").await;
        second.in_state("talking").await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        first.person.with_call(&call, "complete", json!({})).await;
        first.in_state("wrap_up").await;
        assert_eq!(second.in_state("talking").await, call);
        tokio::time::sleep(Duration::from_millis(2500)).await;
        caller.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["outcome"], &ended["agent"]["id"]),
            (&json!("answered"), &second.id),
            "{ended}"
        );
        let sound = recording(server, &lead, &ended).await;
        let whole = sound.seconds() * 1000.0;
        for (lane, hz, least) in [
            (0, 700, whole - 1500.0),
            (1, 1200, 2500.0),
            (1, 1700, 3500.0),
        ] {
            let heard = f64::from(u32::try_from(sound.ms_of(lane, hz)).unwrap());
            assert!(heard >= least, "{hz} Hz: {heard} ms of {whole} ms");
        }
    })
    .await;
}
