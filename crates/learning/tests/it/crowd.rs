//! Two hundred people sit the exam at once, over HTTP.

use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use kernel::{Principal, Role};
use reqwest::{Client, Method, StatusCode};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::TestApp;
use uuid::Uuid;

use crate::world::{World, answer_to, migrations, text};

const TAKERS: usize = 200;

/// Two hundred more agents, straight into the tables: hashing a password for each would take longer than the exam.
async fn hired(app: &TestApp) -> Vec<Uuid> {
    let ids: Vec<Uuid> = (0..TAKERS).map(|_| app.ids.next()).collect();
    let (new, backend) = (ids.clone(), app.db.backend());
    app.db
        .write(move |tx| async move {
            for (at, id) in new.into_iter().enumerate() {
                let user = "insert into users (id, username, name, department, party_id, password_hash, \
                    password_changed_at, version, created_at, updated_at) select $1, $2, '考生', department, party_id, \
                    password_hash, password_changed_at, 1, created_at, updated_at from users where username = 'agent1'";
                let values = [id.into(), format!("taker{at}").into()];
                tx.execute_raw(Statement::from_sql_and_values(backend, user, values)).await?;
                let role = "insert into user_roles (user_id, role) values ($1, 'agent')";
                tx.execute_raw(Statement::from_sql_and_values(backend, role, [id.into()])).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    ids
}

#[derive(Clone)]
struct Taker {
    client: Client,
    base: String,
    user: Uuid,
}

impl Taker {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = request
            .header("x-user", self.user.to_string())
            .header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        let json: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {json}");
        json
    }

    /// Sits the exam; answers how long the slowest answer took to be saved.
    async fn sits(self) -> (Duration, Value) {
        let mine = self.ask(Method::GET, "/api/v1/my-exams", Value::Null).await;
        let door = format!("/api/v1/my-exams/{}", text(&mine["items"][0]["id"]));
        let paper = self
            .ask(Method::POST, &format!("{door}/start"), json!({}))
            .await;
        let mut slowest = Duration::ZERO;
        for question in paper["paper"].as_array().unwrap() {
            let path = format!("{door}/answers/{}", question["no"]);
            let began = now();
            let saved = self
                .ask(
                    Method::PUT,
                    &path,
                    json!({"seq": 1, "answer": answer_to(question, true)}),
                )
                .await;
            assert_eq!(saved["taken"], true);
            slowest = slowest.max(began.elapsed());
        }
        let told = self
            .ask(Method::POST, &format!("{door}/hand-in"), json!({}))
            .await;
        (slowest, told)
    }
}

#[expect(clippy::disallowed_methods, reason = "measures real time")]
fn now() -> Instant {
    Instant::now()
}

async fn as_named(mut request: Request, next: Next) -> axum::response::Response {
    let user = request
        .headers()
        .get("x-user")
        .and_then(|user| user.to_str().ok()?.parse().ok());
    if let Some(user_id) = user {
        let principal = testing::principal(&[Role::Agent]);
        request.extensions_mut().insert(Principal {
            user_id,
            ..principal
        });
    }
    next.run(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sit_at_once_and_no_answer_is_lost() {
    for kind in testing::Kind::all() {
        let app = testing::app(*kind, &migrations(), &[]).await;
        Box::pin(sit_at_once(app)).await;
    }
}

async fn sit_at_once(app: TestApp) {
    let kind = app.kind();
    let world = Box::pin(World::new(app)).await;
    let takers = hired(&world.app).await;
    for (kind, many) in [("single", 20), ("true_false", 12), ("fill", 6)] {
        world.questions(kind, many).await;
    }
    let paper = world
        .paper(
            &[("single", 8, 5), ("true_false", 3, 10), ("fill", 1, 30)],
            0,
        )
        .await;
    let closes_at = world.now() + chrono::TimeDelta::days(1);
    let new = json!({"title": "大考", "purpose": "training", "paper_id": paper["id"], "closes_at": closes_at, "takers": takers});
    let exam = world.post("trainer", "/api/v1/exams", new).await;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = world.router().layer(from_fn(as_named));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = Client::new();
    let began = now();
    let sitting: Vec<_> = takers
        .iter()
        .map(|user| {
            tokio::spawn(
                Taker {
                    client: client.clone(),
                    base: base.clone(),
                    user: *user,
                }
                .sits(),
            )
        })
        .collect();
    let (mut slowest, mut passed) = (Duration::ZERO, 0);
    for one in sitting {
        let (slow, told) = one.await.unwrap();
        slowest = slowest.max(slow);
        passed += usize::from(told["points"] == 100);
    }
    let took = began.elapsed();
    eprintln!(
        "{kind:?}: {TAKERS} takers, {} answers in {took:?}, the slowest in {slowest:?}",
        TAKERS * 12
    );
    assert_eq!(passed, TAKERS, "each has every point of his own paper");
    // How long all of it takes is the machine's; nobody may wait for his answer so long that he thinks it lost.
    assert!(slowest < Duration::from_secs(30), "{slowest:?}");
    let shown = world
        .read("trainer", &format!("/api/v1/exams/{}", text(&exam["id"])))
        .await;
    assert_eq!(
        (&shown["passed"], &shown["waiting"]),
        (&json!(TAKERS), &json!(0))
    );
    serving.abort();
}
