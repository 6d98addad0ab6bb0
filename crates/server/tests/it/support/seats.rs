//! Agents and requesters on the test line: each says a tone of his own, and what each heard is a file.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telephony::caller::{CallPlan, CallReport, place};
use telephony::phone::{PhoneHandle, PhonePlan, start};
use telephony::test_line::Speech;
use tokio::task::JoinHandle;

use super::peers::{Account, Baresip};
use super::sound::tone_wav;
use super::{PASSWORD, Person, TestServer};

/// An agent with a desk phone that answers at once.
pub struct Seat {
    pub person: Person,
    pub id: Value,
    pub phone: PhoneHandle,
    /// What the phone heard.
    pub heard: PathBuf,
}

/// A requester on the line.
pub struct Caller {
    call: JoinHandle<CallReport>,
    stop: Box<dyn Fn() + Send + Sync>,
    /// What he heard.
    pub heard: PathBuf,
}

impl Caller {
    /// Hangs up and gives what became of the call.
    pub async fn hangs_up(self) -> CallReport {
        (self.stop)();
        self.call.await.unwrap()
    }
}

impl TestServer {
    /// Signs an agent in with a desk phone that says `hz`, in this state.
    pub async fn seat(&self, username: &str, hz: u32, state: &str) -> Seat {
        let person = self.sign_in(username).await;
        let (phone, heard) = self.desk_phone(username, PASSWORD, hz).await;
        person
            .until("/api/v1/agent-state", Duration::from_secs(10), |state| {
                state["device"]["reachable"] == true
            })
            .await;
        let seat = Seat {
            id: person.own_id().await,
            person,
            phone,
            heard,
        };
        seat.stands(state).await;
        seat
    }

    /// A desk phone that says `hz`, and where it keeps what it hears.
    pub async fn desk_phone(&self, user: &str, secret: &str, hz: u32) -> (PhoneHandle, PathBuf) {
        let heard = self.folder.join(format!("{user}.wav"));
        let plan = PhonePlan {
            speech: Speech::tone(hz),
            record: Some(heard.clone()),
            ..PhonePlan::new(user, secret, self.running.sip)
        };
        (start(plan).await.unwrap(), heard)
    }

    /// A requester calls the hotline from a telephone with keys and says `hz`.
    pub fn requester_with_keys(&self, from: &str, hz: u32) -> Baresip {
        let account = Account {
            user: from,
            secret: "",
            server: self.running.sip,
            transport: "tcp",
            auto_answer: false,
            speech: &tone_wav(&self.folder, hz, 60, 8000),
        };
        // A number may call twice.
        let name = format!(
            "{}-{}",
            &from[7..],
            self.clock.now().timestamp_millis() % 1_000_000
        );
        Baresip::start(&name, &self.folder, &account, Some("12333"))
    }

    /// A requester calls the hotline and says `hz` until he hangs up.
    pub fn caller(&self, from: &str, hz: u32) -> Caller {
        let heard = self.folder.join(format!("{from}.wav"));
        let plan = CallPlan {
            speech: Speech::tone(hz),
            record: Some(heard.clone()),
            ..CallPlan::new("12333", from, self.running.sip)
        };
        let stop = plan.stop.clone();
        Caller {
            call: tokio::spawn(async move { place(plan).await.unwrap() }),
            stop: Box::new(move || stop.cancel()),
            heard,
        }
    }
}

impl Seat {
    pub async fn stands(&self, state: &str) {
        let state = json!({ "state": state });
        self.person.put("/api/v1/agent-state", state).await;
    }

    /// Waits for a state and gives the call in hand.
    pub async fn in_state(&self, state: &str) -> String {
        let reached = |now: &Value| now["state"] == state;
        let within = Duration::from_secs(40);
        let now = self.person.until("/api/v1/agent-state", within, reached);
        now.await["work_id"].as_str().unwrap_or_default().to_owned()
    }
}

/// Where a call is.
pub fn of_call(call: &str) -> String {
    format!("/api/v1/calls/{call}")
}

impl Person {
    /// Does something with a call; tries again while his staff number is still read out.
    pub async fn with_call(&self, call: &str, act: &str, body: Value) {
        let path = format!("{}/{act}", of_call(call));
        let mut answer = (StatusCode::OK, Value::Null);
        for _ in 0..100 {
            answer = self.ask(Method::POST, &path, Some(body.clone())).await;
            if answer.1["code"] != "call_not_talking" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(answer.0, StatusCode::NO_CONTENT, "{path}: {}", answer.1);
    }

    /// Ends the wrap-up; the refusal's code when it is refused.
    pub async fn ends_wrap_up(&self) -> Result<(), String> {
        let path = "/api/v1/agent-state/wrap-up/end";
        let (status, answer) = self.ask(Method::POST, path, Some(json!({}))).await;
        if status.is_success() {
            return Ok(());
        }
        Err(answer["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Writes a call up and gives its record.
    pub async fn records(&self, call: &str, result: &str) -> Value {
        let record = json!({"request_type": "consult", "matter": "101", "result": result, "summary": "工作年限怎么算"});
        let path = format!("/api/v1/contact-records/{call}/complete");
        self.post(&path, record).await
    }

    /// The call once it is over and its recording entered.
    pub async fn ended_call(&self, call: &str) -> Value {
        let over = |call: &Value| {
            let open = call["recording"]["state"] == "running";
            !call["ended_at"].is_null() && !open
        };
        self.until(&of_call(call), Duration::from_secs(15), over)
            .await
    }

    /// What happened to a call, in order.
    pub async fn journal(&self, call: &str) -> Vec<String> {
        let lines = self.get(&format!("{}/events", of_call(call))).await;
        let lines = lines["items"].as_array().unwrap().iter();
        lines
            .map(|line| line["kind"].as_str().unwrap().to_owned())
            .collect()
    }
}
