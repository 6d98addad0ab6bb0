//! The slice everything stands on: a real phone, the queue, a real browser, and what was recorded.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::peers::{Account, Baresip};
use crate::support::sipp::{SippCall, finished};
use crate::support::sound::{Sound, tone_alaw, tone_wav};
use crate::support::{PASSWORD, Person, TestServer};

const REQUESTER_HZ: u32 = 700;
const AGENT_HZ: u32 = 1200;

/// Signs agent1 in through the console and makes him ready on the browser's phone.
pub async fn agent_in_browser(server: &TestServer, browser: &mut Browser, tone: &std::path::Path) {
    browser.open("agent", &server.url("/"), Some(tone)).await;
    browser
        .fill("agent", "input[name=username]", "agent1")
        .await;
    browser
        .fill("agent", "input[name=password]", PASSWORD)
        .await;
    browser.click("agent", "[data-testid=sign-in]").await;
    browser
        .wait("agent", "[data-testid=softphone]", 15_000)
        .await;
    browser
        .wait(
            "agent",
            "[data-testid=softphone][data-link=registered]",
            15_000,
        )
        .await;
    browser.evaluate("agent", LISTEN).await;
    browser.click("agent", "[data-testid=go-ready]").await;
    browser
        .wait(
            "agent",
            "[data-testid=agent-state][data-state=ready]",
            5_000,
        )
        .await;
}

/// Keeps hold of the element that plays the other side; before the call.
const LISTEN: &str = "(() => { const play = HTMLMediaElement.prototype.play; \
    HTMLMediaElement.prototype.play = function () { window.heard = this; return play.call(this) } })()";

/// The share of 30 windows of 100 ms in which a tone stands out of what the page plays: more than half of
/// the energy, and no whisper; 0 when the element is silenced.
fn heard_in_page(hz: u32) -> String {
    format!(
        "(async () => {{
          const element = window.heard
          if (!element || element.paused || element.muted || element.volume === 0) return 0
          const context = new AudioContext()
          await context.resume()
          const analyser = context.createAnalyser()
          analyser.fftSize = 8192
          context.createMediaStreamSource(element.srcObject).connect(analyser)
          const count = Math.round(context.sampleRate / 10), all = new Float32Array(8192)
          let good = 0
          for (let window = 0; window < 30; window += 1) {{
            await new Promise((done) => setTimeout(done, 110))
            analyser.getFloatTimeDomainData(all)
            let energy = 0, cosine = 0, sine = 0
            all.slice(-count).forEach((sample, at) => {{
              const phase = 2 * Math.PI * {hz} * at / context.sampleRate
              energy += sample * sample / count
              cosine += sample * Math.cos(phase)
              sine += sample * Math.sin(phase)
            }})
            const share = 2 * (cosine * cosine + sine * sine) / (count * count)
            if (energy >= 1e-4 && share > energy / 2) good += 1
          }}
          await context.close()
          return good / 30
        }})()"
    )
}

/// The browser plays the requester, and nothing of the agent himself.
async fn browser_hears_the_requester(browser: &mut Browser) {
    for (hz, wanted) in [(REQUESTER_HZ, true), (AGENT_HZ, false)] {
        let share = browser.evaluate("agent", &heard_in_page(hz)).await;
        let share = share.as_f64().unwrap();
        assert!(
            if wanted { share > 0.9 } else { share < 0.1 },
            "{hz} Hz is heard in {:.0} % of the time",
            share * 100.0
        );
    }
}

/// The only call there is, once it has ended.
async fn ended_call(lead: &Person) -> Value {
    let calls = lead
        .until("/api/v1/calls", Duration::from_secs(15), |calls| {
            calls["items"]
                .as_array()
                .is_some_and(|rows| rows.len() == 1 && !rows[0]["ended_at"].is_null())
        })
        .await;
    calls["items"][0].clone()
}

/// A call's recording, as the lead hears it.
pub async fn recording(server: &TestServer, lead: &Person, call: &Value) -> Sound {
    let id = call["id"].as_str().unwrap();
    let response = lead
        .send(
            reqwest::Method::GET,
            &format!("/api/v1/calls/{id}/recording?reason=test"),
            None,
        )
        .await;
    assert!(
        response.status().is_success(),
        "recording: {}",
        response.status()
    );
    let path = server.folder.join("recording.wav");
    std::fs::write(&path, response.bytes().await.unwrap()).unwrap();
    Sound::read(&path, 2)
}

/// Left is the requester, right the agent, for the whole talk.
fn both_are_recorded(sound: &Sound, at_least_s: f64) {
    let end = sound.seconds() - 0.5;
    assert!(
        sound.seconds() > at_least_s,
        "only {:.1} s recorded",
        sound.seconds()
    );
    let left = sound.heard(0, f64::from(REQUESTER_HZ), 0.8, end);
    let right = sound.heard(1, f64::from(AGENT_HZ), 0.8, end);
    assert!(
        left > 0.95,
        "the requester is heard on the left in {:.0} % of the talk",
        left * 100.0
    );
    assert!(
        right > 0.95,
        "the agent is heard on the right in {:.0} % of the talk",
        right * 100.0
    );
    let crossed = sound.heard(0, f64::from(AGENT_HZ), 0.8, end)
        + sound.heard(1, f64::from(REQUESTER_HZ), 0.8, end);
    assert!(crossed < 0.05, "the lanes are mixed: {crossed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sipp_call_is_answered_in_the_browser_and_recorded_in_stereo() {
    let server = TestServer::demo().await;
    let lead = server.sign_in("lead").await;
    let mut browser = Browser::start();
    agent_in_browser(
        &server,
        &mut browser,
        &tone_wav(&server.folder, AGENT_HZ, 60, 48_000),
    )
    .await;

    let speech = tone_alaw(&server.folder, REQUESTER_HZ, 60);
    let call = SippCall {
        to: server.running.sip,
        speech: Some(&speech),
        talk_ms: 20_000,
        calls: 1,
        per_minute: 60,
        from: "13900000001",
    };
    let sipp = call.start(&server.folder);
    browser
        .wait("agent", "[data-testid=softphone-answer]", 15_000)
        .await;
    browser
        .click("agent", "[data-testid=softphone-answer]")
        .await;
    browser
        .wait(
            "agent",
            "[data-testid=agent-state][data-state=talking]",
            10_000,
        )
        .await;
    // The staff number is read out first.
    tokio::time::sleep(Duration::from_secs(5)).await;
    browser_hears_the_requester(&mut browser).await;
    let state = lead.get("/api/v1/telephony").await;
    assert_eq!(state["registrations"][0]["kind"], "softphone", "{state}");
    finished(sipp, &server.folder).await;

    browser
        .wait(
            "agent",
            "[data-testid=agent-state][data-state=wrap_up]",
            5_000,
        )
        .await;
    let call = ended_call(&lead).await;
    assert_eq!(call["outcome"], "answered", "{call}");
    both_are_recorded(&recording(&server, &lead, &call).await, 5.0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baresip_call_over_tcp_and_the_browser_hear_each_other() {
    let server = TestServer::demo().await;
    let lead = server.sign_in("lead").await;
    let mut browser = Browser::start();
    agent_in_browser(
        &server,
        &mut browser,
        &tone_wav(&server.folder, AGENT_HZ, 60, 48_000),
    )
    .await;

    let speech = tone_wav(&server.folder, REQUESTER_HZ, 60, 8000);
    let account = Account {
        user: "13900000002",
        secret: "",
        server: server.running.sip,
        transport: "tcp",
        auto_answer: false,
        speech: &speech,
    };
    let requester = Baresip::start("requester", &server.folder, &account, Some("12333"));
    browser
        .wait("agent", "[data-testid=softphone-answer]", 20_000)
        .await;
    browser
        .click("agent", "[data-testid=softphone-answer]")
        .await;
    browser
        .wait(
            "agent",
            "[data-testid=agent-state][data-state=talking]",
            10_000,
        )
        .await;
    // The staff number is read out first.
    tokio::time::sleep(Duration::from_secs(5)).await;
    browser_hears_the_requester(&mut browser).await;
    browser
        .click("agent", "[data-testid=softphone-hangup]")
        .await;

    let call = ended_call(&lead).await;
    assert_eq!(call["outcome"], "answered", "{call}\n{}", requester.log());
    both_are_recorded(&recording(&server, &lead, &call).await, 6.0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let heard = requester
        .heard()
        .unwrap_or_else(|| panic!("baresip wrote nothing: {}", requester.log()));
    let heard = Sound::read(&heard, 1);
    let share = heard.heard(
        0,
        f64::from(AGENT_HZ),
        heard.seconds() - 6.0,
        heard.seconds() - 0.5,
    );
    assert!(
        share > 0.9,
        "the requester heard the agent in {:.0} % of the talk",
        share * 100.0
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_phone_answers_as_well_as_the_browser() {
    let server = TestServer::demo().await;
    let lead = server.sign_in("lead").await;
    let agent = server.sign_in("agent2").await;
    let agent_speech = tone_wav(&server.folder, AGENT_HZ, 60, 8000);
    let desk = Account {
        user: "agent2",
        secret: PASSWORD,
        server: server.running.sip,
        transport: "udp",
        auto_answer: true,
        speech: &agent_speech,
    };
    let desk_phone = Baresip::start("desk", &server.folder, &desk, None);
    agent
        .until("/api/v1/agent-state", Duration::from_secs(10), |state| {
            state["device"]["reachable"] == true
        })
        .await;
    let state = lead.get("/api/v1/telephony").await;
    assert_eq!(state["registrations"][0]["kind"], "desk_phone", "{state}");
    agent
        .put("/api/v1/agent-state", json!({"state": "ready"}))
        .await;

    let speech = tone_wav(&server.folder, REQUESTER_HZ, 60, 8000);
    let account = Account {
        user: "13900000003",
        secret: "",
        server: server.running.sip,
        transport: "tcp",
        auto_answer: false,
        speech: &speech,
    };
    let requester = Baresip::start("requester", &server.folder, &account, Some("12333"));
    agent
        .until("/api/v1/agent-state", Duration::from_secs(25), |state| {
            state["state"] == "talking"
        })
        .await;
    // The staff number is read out first.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let state = agent.get("/api/v1/agent-state").await;
    let call_id = state["work_id"].as_str().unwrap();
    agent
        .post(&format!("/api/v1/calls/{call_id}/hang-up"), json!({}))
        .await;

    let call = ended_call(&lead).await;
    assert_eq!(call["outcome"], "answered", "{call}");
    both_are_recorded(&recording(&server, &lead, &call).await, 6.0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (who, phone, hz) in [
        ("requester", &requester, AGENT_HZ),
        ("agent", &desk_phone, REQUESTER_HZ),
    ] {
        let heard = phone
            .heard()
            .unwrap_or_else(|| panic!("{who} wrote nothing: {}", phone.log()));
        let heard = Sound::read(&heard, 1);
        let share = heard.heard(
            0,
            f64::from(hz),
            heard.seconds() - 6.0,
            heard.seconds() - 0.5,
        );
        assert!(
            share > 0.9,
            "the {who} heard the other in {:.0} % of the talk",
            share * 100.0
        );
    }
    server.stop().await;
}
