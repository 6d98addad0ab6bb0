//! What the stories stand on: the capability over a database of its own, and the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures::future::BoxFuture;
use kernel::{Migration, Principal, Result};
use learning::{SourceArticle, Sources};
use organization::Organization;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::{Door, TestApp};
use uuid::Uuid;

/// The call of which there is a recording.
pub const HEARD: Uuid = Uuid::from_u128(0xca11);
/// The article there is.
pub const ARTICLE: Uuid = Uuid::from_u128(0xa7);

struct House;

impl Sources for House {
    fn article<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<SourceArticle>>> {
        let known = reference == format!("{ARTICLE}@1");
        let article = SourceArticle {
            id: ARTICLE,
            n: 1,
            name: "ZS0001 准考证".to_owned(),
        };
        Box::pin(async move { Ok(known.then_some(article)) })
    }

    fn has_recording(&self, call: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move { Ok(call == HEARD) })
    }

    fn recording(&self, _call: Uuid) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async { Ok("RIFF".into_response()) })
    }
}

pub fn migrations() -> Vec<Migration> {
    [organization::migrations(), learning::migrations()].concat()
}

/// Tells the story on both databases.
pub async fn on_both(story: impl AsyncFn(World)) {
    let story = &story;
    Box::pin(testing::on_both(&migrations(), async |app| {
        let world = Box::pin(World::new(app)).await;
        Box::pin(story(world)).await;
    }))
    .await;
}

pub struct World {
    pub app: TestApp,
    door: Door,
    people: HashMap<&'static str, Uuid>,
}

impl Deref for World {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl World {
    pub async fn new(app: TestApp) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let router = app
            .start(vec![learning::capability(&app, Arc::new(House))])
            .await;
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await;
            people.insert(person.username, found.unwrap().unwrap().id);
        }
        Self {
            door: Door(router),
            app,
            people,
        }
    }

    /// What answers, to be served over a socket.
    pub fn router(&self) -> axum::Router {
        self.door.0.clone()
    }

    pub fn id(&self, username: &str) -> Uuid {
        self.people[username]
    }

    /// One of the demo's people.
    pub fn who(&self, username: &str) -> Principal {
        let person = organization::demo::PEOPLE
            .iter()
            .find(|person| person.username == username)
            .unwrap();
        let mut principal = testing::principal(&[person.role]);
        principal.user_id = self.people[username];
        principal.username = username.to_owned();
        principal
    }

    /// The answer of a request that must succeed.
    pub async fn send(&self, who: &str, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(&self.who(who), method, path, Some(body)).await;
        assert!(
            answer.status.is_success(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        answer.json
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Value {
        self.send(who, Method::POST, path, body).await
    }

    pub async fn put(&self, who: &str, path: &str, body: Value) -> Value {
        self.send(who, Method::PUT, path, body).await
    }

    pub async fn read(&self, who: &str, path: &str) -> Value {
        self.get(&self.who(who), path).await
    }

    /// Status and code of a request that must be refused.
    pub async fn refused(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (u16, String) {
        let answer = self.ask(&self.who(who), method, path, Some(body)).await;
        assert!(
            answer.status.is_client_error(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        let code = answer.json["code"].as_str().unwrap_or_default().to_owned();
        (answer.status.as_u16(), code)
    }

    /// Sends a file as the whole body.
    pub async fn upload(&self, who: &str, path: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.body(Body::from(bytes)).unwrap();
        let answer = testing::call::send(&self.door.0, Some(&self.who(who)), request).await;
        (answer.status, answer.json)
    }

    pub fn pass(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }

    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.app.clock.now()
    }

    /// Looks again until it is so.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        for _ in 0..250 {
            if is_so().await {
                return;
            }
            pause().await;
        }
        panic!("not so: {what}");
    }

    /// What was published of a kind.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let asked = Statement::from_sql_and_values(
            self.app.db.backend(),
            "select payload from events where kind = $1 order by id",
            [kind.into()],
        );
        let rows = self.app.db.read().query_all_raw(asked).await.unwrap();
        rows.iter()
            .map(|row| row.try_get::<Value>("", "payload").unwrap())
            .collect()
    }

    /// `many` questions of a kind; what is right is known by their texts: `right` or the first option.
    pub async fn questions(&self, kind: &str, many: usize) {
        for at in 1..=many {
            let content = match kind {
                "single" => {
                    json!({"text": format!("单选第{at}题"), "options": ["对的", "错一", "错二", "错三"], "right": [0]})
                }
                "multiple" => {
                    json!({"text": format!("多选第{at}题"), "options": ["对一", "对二", "错一", "错二"], "right": [0, 1]})
                }
                "true_false" => json!({"text": format!("判断第{at}题"), "truth": true}),
                "fill" => {
                    json!({"text": format!("填空第{at}题"), "blanks": [["准考证", "准考證"]]})
                }
                "call_simulation" => {
                    json!({"text": format!("来电第{at}题"), "model_answer": "先安抚", "recording": HEARD})
                }
                _ => json!({"text": format!("简答第{at}题"), "model_answer": "先安抚，再登记。"}),
            };
            let new = json!({"kind": kind, "matter": "107", "difficulty": "easy", "content": content,
                "source": format!("{ARTICLE}@1")});
            self.post("trainer", "/api/v1/questions", new).await;
        }
    }

    /// A paper of such parts: kind, how many, points each.
    pub async fn paper(&self, parts: &[(&str, u32, i32)], resits: i32) -> Value {
        let parts: Vec<Value> = parts
            .iter()
            .map(|(kind, many, points)| json!({"kind": kind, "many": many, "points": points}))
            .collect();
        let rules = json!({"parts": parts, "minutes": 60, "max_resits": resits, "resit_after_hours": 24,
            "resit_within_days": 5});
        self.post(
            "trainer",
            "/api/v1/papers",
            json!({"title": "考核", "rules": rules}),
        )
        .await
    }

    /// An exam by this paper that is open for ten days.
    pub async fn exam(
        &self,
        paper: &Value,
        purpose: &str,
        release: &str,
        takers: &[&str],
    ) -> Value {
        let closes_at = self.now() + chrono::TimeDelta::days(10);
        let takers: Vec<Uuid> = takers.iter().map(|taker| self.id(taker)).collect();
        let new = json!({"title": "岗前考核", "purpose": purpose, "paper_id": paper["id"], "closes_at": closes_at,
            "release": release, "takers": takers});
        self.post("purchaser", "/api/v1/exams", new).await
    }

    /// The try of somebody that waits for him or runs.
    pub async fn open_try(&self, who: &str) -> String {
        let mine = self.read(who, "/api/v1/my-exams").await;
        let items = mine["items"].as_array().unwrap();
        let open = |one: &&Value| matches!(text(&one["state"]), "assigned" | "in_progress");
        let one = items.iter().find(open).expect("a try that is open");
        format!("/api/v1/my-exams/{}", text(&one["id"]))
    }

    /// Answers so many questions of a paper right, the others wrong.
    pub async fn answer(&self, who: &str, door: &str, paper: &Value, right: usize) {
        for (at, question) in paper["paper"].as_array().unwrap().iter().enumerate() {
            let answer = answer_to(question, at < right);
            let seq = question["seq"].as_i64().unwrap() + 1;
            let path = format!("{door}/answers/{}", question["no"]);
            let saved = self
                .put(who, &path, json!({"seq": seq, "answer": answer}))
                .await;
            assert_eq!(saved["taken"], true);
        }
    }

    /// Sits the exam from its beginning to its end.
    pub async fn sits(&self, who: &str, right: usize) -> Value {
        let door = self.open_try(who).await;
        let paper = self.post(who, &format!("{door}/start"), json!({})).await;
        self.answer(who, &door, &paper, right).await;
        self.post(who, &format!("{door}/hand-in"), json!({})).await
    }
}

/// An answer to a question as it was shown.
pub fn answer_to(question: &Value, right: bool) -> Value {
    let options = question["options"].as_array().unwrap();
    let places = |is_right: bool| -> Vec<usize> {
        let with = options.iter().enumerate();
        with.filter(|(_, option)| text(option).starts_with('对') == is_right)
            .map(|(at, _)| at)
            .collect()
    };
    match text(&question["kind"]) {
        "single" => json!({"chosen": places(right)[..1]}),
        "multiple" => json!({"chosen": places(right)}),
        "true_false" => json!({"truth": right}),
        "fill" => json!({"texts": [if right { " 准考证。" } else { "身份证" }]}),
        _ => json!({"texts": ["请您先不要着急。"]}),
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
