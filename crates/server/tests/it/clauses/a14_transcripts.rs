//! a drawn call is written down by a transcript service, each voice by itself; agreed phrases are marked, a busy
//! service is asked again, garbage is refused whole, and nothing is left of a person who is erased, nor is he sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::cases::{on_both, on_both_at, path};
use crate::support::sipp::finished;
use crate::support::{OPEN, Person, TestServer};

const KEY: &str = "sk-secret-of-the-house";
const MODEL: &str = "whisper-house";
/// Real time for what the job does by itself.
const WITHIN: Duration = Duration::from_secs(20);
/// More than the job's own pause and the first pause after a failure.
const LATER: Duration = Duration::from_mins(2);

/// What came in with one request.
#[derive(Clone)]
struct Sent {
    key: String,
    fields: Vec<(String, String)>,
    file: (String, String),
    wav: Vec<u8>,
}

impl Sent {
    fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The samples of a WAV of one lane at 8 kHz.
    fn samples(&self) -> Vec<i16> {
        let word = |at: usize| u16::from_le_bytes([self.wav[at], self.wav[at + 1]]);
        let long = |at: usize| u32::from_le_bytes(self.wav[at..at + 4].try_into().unwrap());
        assert_eq!(
            (&self.wav[..4], &self.wav[8..16]),
            (&b"RIFF"[..], &b"WAVEfmt "[..])
        );
        assert_eq!(long(4) as usize, self.wav.len() - 8);
        assert_eq!(
            (word(20), word(22), word(34)),
            (1, 1, 16),
            "PCM, one lane, 16 bits"
        );
        assert_eq!((long(24), long(28)), (8_000, 16_000));
        assert_eq!(long(40) as usize, self.wav.len() - 44);
        let sound = self.wav[44..].as_chunks::<2>().0.iter();
        sound.map(|pair| i16::from_le_bytes(*pair)).collect()
    }

    /// How much of it swings at `hz`, as crossings of nought a second of sound.
    fn crossings(&self) -> f64 {
        let loud: Vec<i16> = self
            .samples()
            .into_iter()
            .filter(|one| one.unsigned_abs() > 300)
            .collect();
        let turns = loud
            .windows(2)
            .filter(|pair| (pair[0] < 0) != (pair[1] < 0))
            .count();
        turns as f64 * 8_000.0 / loud.len().max(1) as f64
    }
}

type Reply = dyn Fn(usize, f64) -> Response + Send + Sync;

/// A service that speaks as the transcriptions of `OpenAI` do; what it says is told by the story.
#[derive(Clone)]
struct Service {
    url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
    reply: Arc<Mutex<Arc<Reply>>>,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let busy: Arc<Reply> = Arc::new(|_, _| StatusCode::SERVICE_UNAVAILABLE.into_response());
        let service = Self {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            sent: Arc::default(),
            reply: Arc::new(Mutex::new(busy)),
        };
        let router = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        service
    }

    fn replies(&self, reply: impl Fn(usize, f64) -> Response + Send + Sync + 'static) {
        *self.reply.lock().unwrap() = Arc::new(reply);
    }

    fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("transcripts.enabled", "true".to_owned()),
            ("transcripts.url", self.url.clone()),
            ("transcripts.api_key", KEY.to_owned()),
            ("transcripts.model", MODEL.to_owned()),
            ("transcripts.allow_private", "true".to_owned()),
        ]
    }
}

async fn transcribe(
    State(service): State<Service>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let key = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
    let mut sent = Sent {
        key,
        fields: Vec::new(),
        file: (String::new(), String::new()),
        wav: Vec::new(),
    };
    let mut form = Multipart::from_request(request, &()).await.unwrap();
    while let Some(part) = form.next_field().await.unwrap() {
        let name = part.name().unwrap().to_owned();
        if name == "file" {
            let kind = part.content_type().unwrap().to_owned();
            sent.file = (part.file_name().unwrap().to_owned(), kind);
            sent.wav = part.bytes().await.unwrap().to_vec();
        } else {
            sent.fields.push((name, part.text().await.unwrap()));
        }
    }
    let (seconds, crossings) = (sent.samples().len() as f64 / 8_000.0, sent.crossings());
    let nth = {
        let mut all = service.sent.lock().unwrap();
        all.push(sent);
        all.len()
    };
    let reply = service.reply.lock().unwrap().clone();
    assert!(seconds > 1.0, "{seconds}");
    reply(nth, crossings)
}

/// The requester's tone is 700 Hz, the agent's 1,200: which lane it is is heard.
fn is_requester(crossings: f64) -> bool {
    crossings < 1_900.0
}

fn says(segments: &[(f64, f64, &str)]) -> Response {
    let segments: Vec<Value> = segments
        .iter()
        .enumerate()
        .map(|(id, (start, end, text))| json!({"id": id, "start": start, "end": end, "text": text, "avg_logprob": -0.2}))
        .collect();
    Json(json!({"task": "transcribe", "language": "chinese", "text": "", "segments": segments}))
        .into_response()
}

fn the_talk(_: usize, crossings: f64) -> Response {
    if is_requester(crossings) {
        says(&[(0.9, 1.4, "我很着急，报名还来得及吗")])
    } else {
        says(&[
            (0.1, 0.8, " 您好，请讲 "),
            (1.5, 2.4, "您别着急，这个不归我们管"),
        ])
    }
}

/// A call of `from`, written up and drawn by hand; the evaluation's path.
async fn drawn(server: &TestServer, from: &str) -> String {
    let agent = server.desk_agent("agent1").await;
    let requester = server.requester(from, 14_000);
    let call = agent.in_state("talking").await;
    finished(requester, &server.folder).await;
    agent.in_state("wrap_up").await;
    agent.write_up(&call, "answered", "咨询报名时间").await;
    let quality = server.sign_in("quality").await;
    let picked = json!({"kind": "call", "contact_id": call, "reason": "抽查"});
    let sampled = quality.post("/api/v1/evaluations", picked).await;
    path("evaluations", &sampled)
}

async fn state(who: &Person, at: &str, wanted: &str) -> Value {
    who.until(at, WITHIN, |told| told["state"] == wanted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drawn_call_is_written_down_voice_by_voice_with_its_phrases() {
    let service = Service::start().await;
    on_both_at(OPEN, &service.settings(), async |server| {
        service.sent.lock().unwrap().clear();
        service.replies(|_, _| StatusCode::SERVICE_UNAVAILABLE.into_response());
        let own = drawn(server, "13900000077").await;
        let at = format!("{own}/transcript");
        let (quality, lead, auditor) = (
            server.sign_in("quality").await,
            server.sign_in("lead").await,
            server.sign_in("auditor").await,
        );
        assert_eq!(quality.get(&at).await["state"], "waiting");
        server.clock.advance(Duration::from_secs(11));
        let busy = quality.until(&at, WITHIN, |told| told["failure"] == "unavailable").await;
        assert_eq!((&busy["state"], &busy["attempts"]), (&json!("waiting"), &json!(1)), "{busy}");
        let twice = quality.refused(Method::POST, &at, json!({})).await;
        assert_eq!(twice.1, "transcript_waiting");

        // An answer that is none is refused whole, even where one voice was told well.
        service.replies(|_, crossings| {
            if is_requester(crossings) { the_talk(0, crossings) } else { says(&[(2.0, 1.0, "倒着")]) }
        });
        server.clock.advance(LATER);
        let failed = state(&quality, &at, "failed").await;
        assert_eq!((&failed["failure"], &failed["segments"]), (&json!("out_of_time"), &json!([])), "{failed}");
        assert_eq!(failed["may_ask"], true);
        let reader = server.sign_in("trainer").await;
        let (status, _) = reader.ask(Method::POST, &at, Some(json!({}))).await;
        assert_eq!(status, reqwest::StatusCode::FORBIDDEN, "who may read may not ask again");

        service.replies(the_talk);
        let asked = quality.post(&at, json!({})).await;
        assert_eq!((&asked["state"], &asked["attempts"]), (&json!("waiting"), &json!(0)));
        server.clock.advance(LATER);
        let told = state(&quality, &at, "ready").await;
        let said: Vec<(&str, u64, &str)> = told["segments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["lane"].as_str().unwrap(), one["from_ms"].as_u64().unwrap(), one["text"].as_str().unwrap()))
            .collect();
        let wanted = [
            ("agent", 100, "您好，请讲"),
            ("requester", 900, "我很着急，报名还来得及吗"),
            ("agent", 1_500, "您别着急，这个不归我们管"),
        ];
        assert_eq!(said, wanted);
        let hits = told["segments"][2]["hits"].as_array().unwrap();
        let kinds: Vec<&str> = hits.iter().map(|hit| hit["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["comfort", "forbidden"], "{told}");
        assert!(hits[0]["at_ms"].as_u64().unwrap() >= 1_500 && hits[1]["at_ms"].as_u64() > hits[0]["at_ms"].as_u64());
        assert_eq!(told["segments"][1]["hits"], json!([]));
        assert!(told["agent_rate"].as_u64().unwrap() > 0, "{told}");
        assert_eq!(told["model"], MODEL);

        // Each lane went by itself, with the key and what the service needs, as long as the recording.
        let signals = quality.get(&format!("{own}/signals")).await;
        let sent = service.sent();
        let last = &sent[sent.len() - 2..];
        assert_eq!(last.iter().filter(|one| is_requester(one.crossings())).count(), 1);
        for one in last {
            assert_eq!(one.key, format!("Bearer {KEY}"));
            assert_eq!((one.field("model"), one.field("language")), (MODEL, "zh"));
            assert_eq!(one.field("response_format"), "verbose_json");
            assert_eq!(one.field("timestamp_granularities[]"), "segment");
            assert_eq!(one.file, ("voice.wav".to_owned(), "audio/wav".to_owned()));
            let ms = one.samples().len() as u64 / 8;
            assert_eq!(signals["duration_ms"].as_u64().unwrap(), ms);
        }

        // The agent reads nothing before the release, and every reading is written down.
        let agent = server.sign_in("agent1").await;
        let (status, _) = agent.ask(Method::GET, &at, None).await;
        assert_eq!(status, reqwest::StatusCode::NOT_FOUND);
        let trail = auditor.get("/api/v1/audit?per_page=200").await.to_string();
        for told in ["transcript.asked", "transcript.failed", "transcript.made", "transcript.read"] {
            assert!(trail.contains(told), "{told} stands in the trail");
        }
        assert!(!trail.contains("不归我们管") && !trail.contains(KEY));

        // What is agreed anew holds for calls from then on; this one began before.
        let manager = server.sign_in("manager").await;
        let rule = json!({"code": "forbidden", "name": "服务禁语", "kind": "forbidden", "lane": "agent", "phrases": ["请讲"], "active": true});
        manager.post("/api/v1/rules/key-phrases", json!({"rule": rule, "source": "联席会议", "effective_from": null})).await;
        assert_eq!(lead.get(&at).await["segments"], told["segments"]);

        is_forgotten(server, &service, &own).await;
    })
    .await;
}

/// The requester has himself erased: his words are gone, and his voice is not sent again.
async fn is_forgotten(server: &TestServer, service: &Service, own: &str) {
    let at = format!("{own}/transcript");
    let (agent, purchaser) = (
        server.sign_in("agent2").await,
        server.sign_in("purchaser").await,
    );
    let quality = server.sign_in("quality").await;
    let ticket = agent.opens("consult", "107", "准考证打不开").await;
    let requester = ticket["requester"]["id"]
        .as_str()
        .or(ticket["requester_id"].as_str())
        .unwrap()
        .to_owned();
    let new = json!({"requester_id": requester, "kind": "delete", "wish": "请删除"});
    let request = agent.post("/api/v1/privacy-requests", new).await;
    let door = path("privacy-requests", &request);
    let proof = json!({"version": request["version"], "proof": "回拨核实"});
    agent.post(&format!("{door}/verify"), proof).await;
    let version = purchaser.get(&door).await["version"].clone();
    let yes = json!({"version": version, "outcome": "granted", "answer": "已删除", "erase": true});
    purchaser.post(&format!("{door}/answer"), yes).await;
    let proofs = purchaser.get("/api/v1/privacy-erasures").await;
    assert_eq!(
        proofs["items"][0]["erased"]["call_transcripts"], 1,
        "{proofs}"
    );

    let gone = quality.get(&at).await;
    assert_eq!(
        (&gone["state"], &gone["segments"]),
        (&Value::Null, &json!([]))
    );
    let before = service.sent().len();
    assert_eq!(quality.post(&at, json!({})).await["state"], "waiting");
    server.clock.advance(LATER);
    quality
        .until(&at, WITHIN, |told| told["state"].is_null())
        .await;
    assert_eq!(service.sent().len(), before, "an erased person is not sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_service_nothing_is_said_of_words_and_they_go_with_their_recording() {
    let service = Service::start().await;
    service.replies(the_talk);
    on_both(async |server| {
        let own = drawn(server, "13900000078").await;
        let quality = server.sign_in("quality").await;
        let (status, _) = quality
            .ask(Method::GET, &format!("{own}/transcript"), None)
            .await;
        assert_eq!(status, reqwest::StatusCode::NOT_FOUND);
        let off = quality
            .refused(Method::POST, &format!("{own}/transcript"), json!({}))
            .await;
        assert_eq!(off.1, "transcripts_off");
    })
    .await;
    on_both_at(OPEN, &service.settings(), async |server| {
        let own = drawn(server, "13900000079").await;
        let at = format!("{own}/transcript");
        let (quality, purchaser) = (
            server.sign_in("quality").await,
            server.sign_in("purchaser").await,
        );
        server.clock.advance(LATER);
        state(&quality, &at, "ready").await;
        let rule = json!({"queue": null, "direction": null, "days": 1});
        let new = json!({"rule": rule, "source": "联席会议", "effective_from": null});
        purchaser
            .post("/api/v1/rules/recording-retention", new)
            .await;
        server.clock.advance(Duration::from_hours(49));
        quality
            .until(&at, WITHIN, |told| told["state"].is_null())
            .await;
    })
    .await;
}
