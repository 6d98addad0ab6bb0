//! What the stories stand on: every table of the product, the demo's people, the doors of this crate.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use carry::RecordingsRemoved;
use documents::paper::Document;
use futures::future::BoxFuture;
use kernel::{Forgets, Migration, Principal};
use organization::Organization;
use serde_json::Value;
use testing::{Kind, TestApp};

pub fn migrations() -> Vec<Migration> {
    [
        organization::migrations(),
        requesters::migrations(),
        floor::migrations(),
        telephony::migrations(),
        tickets::migrations(),
        notices::migrations(),
        knowledge::migrations(),
        channels::migrations(),
        personnel::migrations(),
        learning::migrations(),
        liaison::migrations(),
        settlement::migrations(),
        quality::migrations(),
        workforce::migrations(),
        analytics::migrations(),
        carry::migrations(),
    ]
    .concat()
}

/// A house that keeps no recordings and prints nothing.
struct Bare;

impl carry::House for Bare {
    fn forgets(&self) -> Vec<Forgets> {
        Vec::new()
    }

    fn remove_recordings(&self) -> BoxFuture<'_, kernel::Result<RecordingsRemoved>> {
        Box::pin(async { Ok(RecordingsRemoved { gone: 0, held: 0 }) })
    }

    fn print(&self, _document: &Document) -> kernel::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

pub struct World {
    pub app: TestApp,
    router: Router,
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        let app = testing::app(kind, &migrations(), &[]).await;
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let router = app
            .start(vec![carry::capability(&app, Arc::new(Bare))])
            .await;
        Self { app, router }
    }

    /// One of the demo's people.
    pub async fn who(&self, username: &str) -> Principal {
        let person = organization::demo::PEOPLE
            .iter()
            .find(|person| person.username == username)
            .unwrap();
        let user = organization::users::store::by_username(self.app.db.read(), username).await;
        let mut principal = testing::principal(&[person.role]);
        principal.user_id = user.unwrap().unwrap().id;
        username.clone_into(&mut principal.username);
        principal
    }

    /// Brings `csv` in as a file; the status and what was answered.
    pub async fn bring(
        &self,
        who: &str,
        kind: &str,
        query: &str,
        csv: impl Into<Body>,
    ) -> (u16, Value) {
        self.send(
            who,
            Method::POST,
            &format!("/api/v1/carry/{kind}/import?{query}"),
            csv.into(),
        )
        .await
    }

    pub async fn send(&self, who: &str, method: Method, path: &str, body: Body) -> (u16, Value) {
        let kind = if method == Method::PUT {
            "application/json"
        } else {
            "text/csv"
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .body(body)
            .unwrap();
        request.extensions_mut().insert(self.who(who).await);
        let answer = testing::call::send(&self.router, None, request).await;
        (answer.status.as_u16(), answer.json)
    }

    pub async fn ask(&self, who: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let who = self.who(who).await;
        let answer = testing::call(&self.router, Some(&who), method, path, Some(body)).await;
        (answer.status.as_u16(), answer.json)
    }

    pub async fn get(&self, who: &str, path: &str) -> Value {
        let who = self.who(who).await;
        let answer = testing::call(&self.router, Some(&who), Method::GET, path, None).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.json);
        answer.json
    }
}

/// Tells the story on both databases.
pub async fn on_both(story: impl AsyncFn(World)) {
    for kind in Kind::all() {
        let world = Box::pin(World::new(*kind)).await;
        Box::pin(story(world)).await;
    }
}
