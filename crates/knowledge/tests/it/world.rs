//! What the stories stand on: the capability over a database of its own, and the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use kernel::{Migration, Principal};
use organization::Organization;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::{Door, TestApp};
use uuid::Uuid;

use crate::assist::Closed;

pub fn migrations() -> Vec<Migration> {
    [organization::migrations(), knowledge::migrations()].concat()
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
            .start(vec![knowledge::capability(&app, Arc::new(Closed)).unwrap()])
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

    /// A new article as a draft of `who`.
    pub async fn drafted(&self, who: &str, content: Value) -> Article {
        let new = json!({"kind": "script", "matter": "107", "owner_section": "exams", "tags": ["准考证"],
            "content": content});
        let answer = self
            .ask(&self.who(who), Method::POST, "/api/v1/articles", Some(new))
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        Article {
            path: format!("/api/v1/articles/{}", text(&answer.json["id"])),
        }
    }

    /// An article whose first version holds.
    pub async fn published(&self, content: Value) -> Article {
        let article = self.drafted("trainer", content).await;
        self.verb(&article, "trainer", "submit", json!({})).await;
        self.verb(&article, "purchaser", "approve", json!({})).await;
        article
    }

    pub async fn article(&self, article: &Article) -> Value {
        self.read("lead", &article.path).await
    }

    /// The change of the version that is worked on, else of the one in force.
    pub async fn change(&self, article: &Article) -> Value {
        let shown = self.article(article).await;
        let version = match &shown["working"] {
            Value::Null => &shown["in_force"],
            working => working,
        };
        let path = format!("/api/v1/approvals/{}", text(&version["approval"]["id"]));
        self.read("lead", &path).await
    }

    /// The change of one version.
    pub async fn change_of(&self, article: &Article, n: u32) -> Value {
        let path = format!("{}/versions/{n}", article.path);
        let version = self.read("lead", &path).await;
        let path = format!("/api/v1/approvals/{}", text(&version["approval"]["id"]));
        self.read("lead", &path).await
    }

    /// Where a verb of a change is, and its body with the version as it stands now.
    pub fn door_of(change: &Value, verb: &str, mut body: Value) -> (String, Value) {
        body["version"] = change["version"].clone();
        (
            format!("/api/v1/approvals/{}/{verb}", text(&change["id"])),
            body,
        )
    }

    pub async fn verb(&self, article: &Article, who: &str, verb: &str, body: Value) -> Value {
        let (path, body) = Self::door_of(&self.change(article).await, verb, body);
        self.post(who, &path, body).await
    }

    pub async fn not_done(
        &self,
        article: &Article,
        who: &str,
        verb: &str,
        body: Value,
    ) -> (u16, String) {
        let (path, body) = Self::door_of(&self.change(article).await, verb, body);
        self.refused(who, Method::POST, &path, body).await
    }

    /// Writes the content of the draft, or of the next version.
    pub async fn edit(&self, article: &Article, who: &str, content: Value) -> Value {
        let version = self.article(article).await["version"].clone();
        let body = json!({"version": version, "content": content});
        self.send(who, Method::PATCH, &article.path, body).await
    }

    pub fn pass(&self, hours: u64) {
        self.app.clock.advance(Duration::from_secs(hours * 3600));
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

    /// How often each event was published.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let backend = self.app.db.backend();
        let asked = Statement::from_sql_and_values(
            backend,
            "select payload from events where kind = $1 order by id",
            [kind.into()],
        );
        let rows = self.app.db.read().query_all_raw(asked).await.unwrap();
        rows.iter()
            .map(|row| row.try_get::<Value>("", "payload").unwrap())
            .collect()
    }
}

pub struct Article {
    pub path: String,
}

impl Article {
    pub fn id(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    pub fn citation(&self, n: u32) -> String {
        format!("{}@{n}", self.id())
    }
}

pub fn content(answer: &str) -> Value {
    json!({
        "title": "准考证什么时候打印",
        "question": "准考证什么时候可以打印？",
        "answer": answer,
        "keywords": ["打印", "准考证"],
        "source_no": "考函〔2026〕1号",
        "source_title": "本次考试报名公告",
    })
}

/// The same with other fields.
pub fn with(mut content: Value, fields: &Value) -> Value {
    for (field, value) in fields.as_object().unwrap() {
        content[field] = value.clone();
    }
    content
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
