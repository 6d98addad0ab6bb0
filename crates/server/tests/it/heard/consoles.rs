//! Two people at two real consoles in two browsers: what each of them, and the requester, hears at every stage.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{audited, pause, times};
use crate::call::recording;
use crate::support::browser::Browser;
use crate::support::cases::on_both_at;
use crate::support::prompts::{Ear, GREETING, INCIDENT, MUSIC, tones};
use crate::support::seats::{Caller, of_call};
use crate::support::sound::tone_wav;
use crate::support::{OPEN, PASSWORD, Person, TestServer};

const CALLER_HZ: u32 = 700;
const FIRST_HZ: u32 = 1200;
const SECOND_HZ: u32 = 1700;
const PHONE: &str = "13900000241";

/// Somebody at a console, with a microphone that says a tone and an ear at what the page plays.
struct Console {
    browser: Browser,
    person: Person,
    name: &'static str,
}

/// Keeps hold of the element that plays the others; before the call. The tones are no noise to be suppressed.
const LISTEN: &str = "(() => { const play = HTMLMediaElement.prototype.play; \
    HTMLMediaElement.prototype.play = function () { window.heard = this; return play.call(this) } })()";

/// The share of windows of 50 ms, over a second and a half, in which each tone is there, whoever else speaks.
fn listens(tones: &[u32]) -> String {
    format!(
        "(async () => {{
          const tones = {tones:?}, element = window.heard
          if (!element || element.paused || element.muted || element.volume === 0) return tones.map(() => 0)
          const context = new AudioContext()
          await context.resume()
          const analyser = context.createAnalyser()
          analyser.fftSize = 4096
          context.createMediaStreamSource(element.srcObject).connect(analyser)
          const count = Math.round(context.sampleRate / 20), all = new Float32Array(4096), rounds = 25
          const good = tones.map(() => 0)
          for (let window = 0; window < rounds; window += 1) {{
            await new Promise((done) => setTimeout(done, 60))
            analyser.getFloatTimeDomainData(all)
            const part = all.slice(-count)
            tones.forEach((hz, which) => {{
              let cosine = 0, sine = 0
              part.forEach((sample, at) => {{
                const phase = 2 * Math.PI * hz * at / context.sampleRate
                cosine += sample * Math.cos(phase)
                sine += sample * Math.sin(phase)
              }})
              if (2 * Math.hypot(cosine, sine) / count > 0.03) good[which] += 1
            }})
          }}
          await context.close()
          return good.map((count) => count / rounds)
        }})()"
    )
}

impl Console {
    async fn open(server: &TestServer, name: &'static str, hz: u32) -> Self {
        let mut browser = Browser::start();
        let voice = tone_wav(&server.folder, hz, 60, 48_000);
        browser.open(name, &server.url("/"), Some(&voice)).await;
        let raw = "localStorage.setItem('shoujie.noise-suppression', 'off')";
        browser.evaluate(name, raw).await;
        browser.evaluate(name, LISTEN).await;
        let mut console = Self {
            browser,
            person: server.sign_in(name).await,
            name,
        };
        for (field, text) in [("username", name), ("password", PASSWORD)] {
            let field = format!("input[name={field}]");
            console.browser.fill(name, &field, text).await;
        }
        console.clicks("sign-in").await;
        console.waits("[data-testid=user-menu]").await;
        console
    }

    /// His telephone is registered and he stands in this state.
    async fn stands(&mut self, state: &str) {
        self.waits("[data-testid=softphone][data-link=registered]")
            .await;
        let state = json!({ "state": state });
        self.person.put("/api/v1/agent-state", state).await;
    }

    async fn clicks(&mut self, id: &str) {
        self.browser
            .click(self.name, &format!("[data-testid={id}]"))
            .await;
    }

    async fn waits(&mut self, at: &str) {
        self.browser.wait(self.name, at, 20_000).await;
    }

    async fn answers(&mut self) {
        self.waits("[data-testid=softphone-answer]").await;
        self.clicks("softphone-answer").await;
        self.waits("[data-testid=softphone][data-phase=talking]")
            .await;
    }

    /// A button of the bar, or its key where the button stands in the menu.
    async fn does(&mut self, key: &str) {
        self.browser.press(self.name, &format!("Alt+{key}")).await;
    }

    async fn at_stage(&mut self, stage: &str) {
        self.waits(&format!("[data-testid=talk-third][data-stage={stage}]"))
            .await;
    }

    /// Which of the tones he hears now.
    async fn hears(&mut self, tones: &[u32]) -> Vec<u32> {
        // Neither there nor not there would be no answer: a busy machine is asked again.
        for _ in 0..3 {
            let shares = self.browser.evaluate(self.name, &listens(tones)).await;
            let shares = shares.as_array().unwrap().iter();
            let shares: Vec<f64> = shares.map(|share| share.as_f64().unwrap()).collect();
            if shares.iter().all(|share| !(0.3..0.7).contains(share)) {
                let all = tones.iter().zip(shares);
                let there = all.filter(|(_, share)| *share >= 0.7);
                return there.map(|(hz, _)| *hz).collect();
            }
            eprintln!("{} hears {tones:?} in {shares:?}", self.name);
        }
        panic!("{} hears now and then", self.name);
    }

    async fn shot(&mut self, name: &str) {
        let Ok(folder) = std::env::var("SHOUJIE_SHOTS") else {
            return;
        };
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        self.browser
            .shot(self.name, &path.display().to_string())
            .await;
    }
}

/// The requester, whose telephone keeps what he hears.
struct Requester(Caller);

impl Requester {
    fn hears(&self, tones: &[u32]) -> Vec<u32> {
        Ear::of(&self.0.heard).now(800, tones)
    }

    fn file(&self) -> &Path {
        &self.0.heard
    }
}

const ALL: [u32; 4] = [CALLER_HZ, FIRST_HZ, SECOND_HZ, MUSIC];

/// Waits until the stage is heard everywhere, and says who hears what.
async fn all_hear(
    first: &mut Console,
    second: &mut Console,
    requester: &Requester,
) -> [Vec<u32>; 3] {
    // What the telephone kept is written once a second.
    pause(2300).await;
    let by_requester = requester.hears(&ALL);
    let (by_first, by_second) = tokio::join!(first.hears(&ALL), second.hears(&ALL));
    [by_first, by_second, by_requester]
}

/// Agent 1 has answered a requester; the staff number is behind them.
async fn talk(server: &TestServer, first: &mut Console) -> (Requester, String) {
    let requester = Requester(server.caller(PHONE, CALLER_HZ));
    first.answers().await;
    let state = first
        .person
        .until("/api/v1/agent-state", Duration::from_secs(10), |now| {
            now["state"] == "talking"
        })
        .await;
    pause(1500).await;
    (requester, state["work_id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_asks_swaps_joins_and_leaves_the_call_to_a_colleague_in_the_second_browser() {
    on_both_at(OPEN, &[tones()], async |server| {
        let lead = server.sign_in("lead").await;
        let mut second = Console::open(server, "agent2", SECOND_HZ).await;
        second.stands("break").await;
        let mut first = Console::open(server, "agent1", FIRST_HZ).await;
        first.stands("ready").await;
        let (requester, call) = talk(server, &mut first).await;
        let [by_first, _, by_requester] = all_hear(&mut first, &mut second, &requester).await;
        assert_eq!(
            (by_first, by_requester),
            (vec![CALLER_HZ], vec![FIRST_HZ]),
            "they talk"
        );

        from_the_call(server, &mut first, &call).await;

        first.does("x").await;
        first.waits("[data-testid=transfer-call]").await;
        first
            .browser
            .fill(
                "agent1",
                "[data-testid=transfer-search] input, input[data-testid=transfer-search]",
                "802",
            )
            .await;
        first
            .waits("[data-testid=transfer-choice][data-kind=agent]")
            .await;
        first.shot("consult-whom").await;
        first.clicks("transfer-consult").await;
        first.at_stage("calling").await;
        second.answers().await;
        first.at_stage("asking").await;
        let heard = all_hear(&mut first, &mut second, &requester).await;
        assert_eq!(
            heard,
            [vec![SECOND_HZ], vec![FIRST_HZ], vec![MUSIC]],
            "asking"
        );
        first.shot("consulting").await;
        // It is not his call yet: he has no record of it to write.
        let form = "document.querySelector('[data-testid=wrap-up-form]') === null";
        assert_eq!(second.browser.evaluate("agent2", form).await, json!(true));
        second.shot("asked").await;

        first.does("v").await;
        first.at_stage("waiting").await;
        let heard = all_hear(&mut first, &mut second, &requester).await;
        assert_eq!(
            heard,
            [vec![CALLER_HZ], vec![MUSIC], vec![FIRST_HZ]],
            "swapped"
        );

        first.does("o").await;
        first.at_stage("together").await;
        let heard = all_hear(&mut first, &mut second, &requester).await;
        let three = [
            vec![CALLER_HZ, SECOND_HZ],
            vec![CALLER_HZ, FIRST_HZ],
            vec![FIRST_HZ, SECOND_HZ],
        ];
        assert_eq!(heard, three, "three in the call");
        first.shot("three-way").await;
        second.shot("three-way-second").await;

        first.does("w").await;
        first
            .waits("[data-testid=agent-state][data-state=wrap_up]")
            .await;
        second
            .waits("[data-testid=agent-state][data-state=talking]")
            .await;
        pause(2300).await;
        let by_second = second.hears(&ALL).await;
        assert_eq!(
            (by_second, requester.hears(&ALL)),
            (vec![CALLER_HZ], vec![SECOND_HZ]),
            "left to him"
        );
        second.waits("[data-testid=wrap-up-form]").await;
        let caller = second
            .browser
            .text("agent2", "[data-testid=softphone-caller]")
            .await;
        assert_eq!(caller, "139****0241");
        second.shot("left-to-him").await;

        second.clicks("softphone-hangup").await;
        second
            .waits("[data-testid=agent-state][data-state=wrap_up]")
            .await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["outcome"], &ended["ended_by"], &ended["agent"]["id"]),
            (
                &json!("answered"),
                &json!("agent"),
                &second.person.own_id().await
            ),
            "{ended}"
        );
        let journal = lead.journal(&call).await;
        for kind in [
            "consulting",
            "consult_answered",
            "swapped",
            "joined",
            "handed_over",
            "recorded",
        ] {
            assert_eq!(times(&journal, kind), 1, "{kind}: {journal:?}");
        }
        let sound = recording(server, &lead, &ended).await;
        for (lane, hz, least) in [
            (0, CALLER_HZ, 12_000),
            (1, FIRST_HZ, 8000),
            (1, SECOND_HZ, 7000),
        ] {
            let ms = sound.ms_of(lane, hz);
            assert!(
                ms >= least,
                "lane {lane}, {hz} Hz: {ms} of {:.1} s",
                sound.seconds()
            );
        }
        requester.0.hangs_up().await;
        drop((first, second));
    })
    .await;
}

/// 请示 and emergency report without leaving the talk; both know the call's ticket.
async fn from_the_call(server: &TestServer, first: &mut Console, call: &str) {
    let lead = server.sign_in("lead").await;
    let opened = first
        .person
        .until(
            &format!("/api/v1/contact-records/{call}"),
            Duration::from_secs(10),
            |record| record["ticket"]["number"].is_string(),
        )
        .await;
    let ticket = &opened["ticket"];
    first.does("q").await;
    first.waits("[data-testid=instruction-title]").await;
    first.shot("instruction-from-call").await;
    let page = "agent1";
    first
        .browser
        .fill(page, ".el-dialog [data-testid=matter-search]", "退费")
        .await;
    first.waits("[data-testid^=matter-option-]").await;
    first.browser.press(page, "Enter").await;
    for (field, text) in [
        ("instruction-title", "关于退费口径的请示"),
        ("instruction-body", "缴费成功后能否退费，请批示。"),
    ] {
        let at = format!(
            "[data-testid={field}], [data-testid={field}] input, [data-testid={field}] textarea"
        );
        first.browser.fill(page, &at, text).await;
    }
    first.clicks("instruction-submit").await;
    let written = lead
        .until(
            "/api/v1/instructions?state=submitted",
            Duration::from_secs(10),
            |list| list["total"] == 1,
        )
        .await;
    let written = &written["items"][0];
    assert_eq!(written["ticket_id"], ticket["id"], "{written}");
    let of_ticket = lead
        .get(&format!(
            "/api/v1/tickets/{}",
            ticket["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        of_ticket["source_call_id"], call,
        "the document leads to the call: {of_ticket}"
    );

    first.does("m").await;
    first.waits("[data-testid=emergency-about]").await;
    let about = first
        .browser
        .text(page, "[data-testid=emergency-about]")
        .await;
    let number = ticket["number"].as_str().unwrap();
    assert!(about.contains(number), "{about}");
    first.shot("emergency-from-call").await;
    // The dialog before it may still stand in the page, unseen.
    let category = ".el-dialog:has([data-testid=emergency-what]) .el-radio-button";
    first.browser.click(page, category).await;
    let at = "[data-testid=emergency-what], [data-testid=emergency-what] textarea";
    first.browser.fill(page, at, "诉求人扬言要到考点闹事").await;
    first.clicks("emergency-raise").await;
    let raised = lead
        .until("/api/v1/emergencies", Duration::from_secs(10), |list| {
            list["total"] == 1
        })
        .await;
    assert!(raised.to_string().contains(number), "{raised}");
    // The talk went on meanwhile.
    let state = first.person.get("/api/v1/agent-state").await;
    assert_eq!(
        (&state["state"], &state["work_id"]),
        (&json!("talking"), &json!(call)),
        "{state}"
    );
}

/// The reason is asked in the dialog; without one nothing happens.
async fn intervenes(lead: &mut Console, at: &str, reason: &str) {
    lead.clicks(at).await;
    let field = "[data-testid=supervise-reason], [data-testid=supervise-reason] input";
    lead.browser
        .wait(lead.name, "[data-testid=supervise-go]", 5000)
        .await;
    lead.browser.fill(lead.name, field, " ").await;
    let without = lead
        .browser
        .evaluate(
            lead.name,
            "document.querySelector('[data-testid=supervise-go]').disabled",
        )
        .await;
    assert_eq!(without, json!(true), "it can be done without a reason");
    lead.browser.fill(lead.name, field, reason).await;
    lead.shot(at).await;
    lead.clicks("supervise-go").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_in_the_second_browser_listens_whispers_barges_in_and_takes_over() {
    on_both_at(OPEN, &[tones()], async |server| {
        let mut lead = Console::open(server, "lead", SECOND_HZ).await;
        let mut first = Console::open(server, "agent1", FIRST_HZ).await;
        first.stands("ready").await;
        let (requester, call) = talk(server, &mut first).await;
        let room = server.url("/control-room");
        lead.browser.goto("lead", &room).await;
        lead.browser.evaluate("lead", LISTEN).await;
        lead.waits("[data-testid=tile-listen]").await;

        intervenes(&mut lead, "tile-listen", "新员工第一天").await;
        lead.waits("[data-testid=supervising][data-mode=listen]")
            .await;
        let heard = all_hear(&mut first, &mut lead, &requester).await;
        assert_eq!(
            heard,
            [vec![CALLER_HZ], vec![CALLER_HZ, FIRST_HZ], vec![FIRST_HZ]],
            "listening"
        );
        let standing = format!("{}/standing", of_call(&call));
        let seen = first.person.get(&standing).await;
        assert_eq!(seen["supervised"], Value::Null, "who listens is not told");

        lead.clicks("supervise-as-whisper").await;
        lead.waits("[data-testid=supervising][data-mode=whisper]")
            .await;
        let heard = all_hear(&mut first, &mut lead, &requester).await;
        assert_eq!(
            heard,
            [
                vec![CALLER_HZ, SECOND_HZ],
                vec![CALLER_HZ, FIRST_HZ],
                vec![FIRST_HZ]
            ],
            "whispering: the requester does not hear it"
        );

        lead.clicks("supervise-as-barge").await;
        lead.waits("[data-testid=supervising][data-mode=barge]")
            .await;
        let heard = all_hear(&mut first, &mut lead, &requester).await;
        let all = [
            vec![CALLER_HZ, SECOND_HZ],
            vec![CALLER_HZ, FIRST_HZ],
            vec![FIRST_HZ, SECOND_HZ],
        ];
        assert_eq!(heard, all, "barged in");
        lead.shot("barged-in").await;

        intervenes(&mut lead, "supervise-take-over", "座席处理不了").await;
        first
            .waits("[data-testid=agent-state][data-state=wrap_up]")
            .await;
        lead.waits("[data-testid=supervising][data-mode=take_over]")
            .await;
        pause(2300).await;
        let by_lead = lead.hears(&ALL).await;
        assert_eq!(
            (by_lead, requester.hears(&ALL)),
            (vec![CALLER_HZ], vec![SECOND_HZ]),
            "taken over"
        );
        lead.shot("taken-over").await;
        lead.clicks("supervise-end").await;
        let ended = lead.person.ended_call(&call).await;
        assert_eq!(ended["agent"]["id"], lead.person.own_id().await, "{ended}");

        // Of the recording the whisper is no part.
        let sound = recording(server, &lead.person, &ended).await;
        let spoken = Ear::of(requester.file()).ms(SECOND_HZ);
        let kept = sound.ms_of(1, SECOND_HZ);
        assert!(
            kept.abs_diff(spoken) < 700,
            "{kept} ms are recorded, {spoken} ms were heard"
        );
        let supervised = audited(server, "call.supervised").await;
        let modes: Vec<_> = supervised
            .iter()
            .map(|row| row["details"]["mode"].as_str().unwrap())
            .collect();
        for mode in ["listen", "whisper", "barge"] {
            assert!(modes.contains(&mode), "{supervised:?}");
        }
        assert!(
            supervised
                .iter()
                .all(|row| row["details"]["reason"] == "新员工第一天"),
            "{supervised:?}"
        );
        let taken = audited(server, "call.taken_over").await;
        assert_eq!(
            (taken.len(), &taken[0]["details"]["reason"]),
            (1, &json!("座席处理不了")),
            "{taken:?}"
        );
        let own = first
            .person
            .refused(
                Method::PUT,
                &format!("{}/supervision", of_call(&call)),
                json!({"mode": "listen", "reason": "试试"}),
            )
            .await;
        assert_eq!(own.0, reqwest::StatusCode::FORBIDDEN);
        requester.0.hangs_up().await;
        drop((first, lead));
    })
    .await;
}

/// One click and a reason in the console: the next caller hears it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_announces_an_incident_by_one_switch_of_the_console() {
    let server = TestServer::started_at(OPEN, &[tones()]).await;
    let mut lead = Console::open(&server, "lead", SECOND_HZ).await;
    lead.browser.goto("lead", &server.url("/line")).await;
    for (on, reason) in [(true, "报名系统故障"), (false, "系统已恢复")] {
        lead.clicks("switch-incident").await;
        lead.waits("[data-testid=step-reason]").await;
        lead.browser
            .fill("lead", "[data-testid=step-reason]", reason)
            .await;
        lead.clicks("step-submit").await;
        let shown = lead
            .person
            .until("/api/v1/line", Duration::from_secs(5), |line| {
                line["incident"] == on
            })
            .await;
        assert_eq!(shown["incident_reason"], reason, "{shown}");
        let from = if on { "13900000251" } else { "13900000252" };
        let caller = server.caller(from, CALLER_HZ);
        pause(3000).await;
        let file = caller.heard.clone();
        caller.hangs_up().await;
        let heard = Ear::of(&file);
        assert!(heard.heard(GREETING));
        assert_eq!(heard.heard(INCIDENT), on, "{} ms", heard.ms(INCIDENT));
    }
    lead.shot("incident-switched").await;
    drop(lead);
    server.stop().await;
}
