//! A house with the demo's people, and the people as their browsers ask.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use futures::future::BoxFuture;
use kernel::audit::entry;
use organization::{Organization, PresenceProbe, password::DEMO_PASSWORD, sign_in_layer};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement};
use serde_json::{Value, json};
use testing::{Answer, TestApp};
use uuid::Uuid;

/// Who stands at the phone, as the tests say.
#[derive(Clone, Default)]
pub struct Post(Arc<Mutex<HashSet<Uuid>>>);

impl Post {
    pub fn take(&self, user: Uuid) {
        self.0.lock().unwrap().insert(user);
    }

    pub fn leave(&self, user: Uuid) {
        self.0.lock().unwrap().remove(&user);
    }
}

impl PresenceProbe for Post {
    fn is_on_post(&self, user_id: Uuid) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.0.lock().unwrap().contains(&user_id) })
    }

    fn queues_of(&self, _user_id: Uuid) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { vec!["general".to_owned()] })
    }
}

pub struct House {
    pub app: TestApp,
    pub organization: Organization,
    pub post: Post,
    router: Router,
}

/// One browser: it keeps the cookie it was given.
pub struct Person {
    router: Router,
    pub cookie: Option<String>,
    pub address: &'static str,
}

pub async fn on_both(story: impl AsyncFn(House)) {
    let story = &story;
    Box::pin(testing::on_both(&organization::migrations(), async |app| {
        let house = Box::pin(House::of(app)).await;
        Box::pin(story(house)).await;
    }))
    .await;
}

impl House {
    async fn of(app: TestApp) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let post = Post::default();
        organization.attach_presence(Arc::new(post.clone()));
        app.rights.register(organization::rights::permissions());
        let (routes, _openapi) = organization::capability(&organization)
            .routes
            .split_for_parts();
        let layer = axum::middleware::from_fn_with_state(organization.clone(), sign_in_layer);
        Self {
            router: routes.layer(layer),
            app,
            organization,
            post,
        }
    }

    pub fn stranger(&self) -> Person {
        Person {
            router: self.router.clone(),
            cookie: None,
            address: "192.0.2.1",
        }
    }

    /// A demo person, signed in.
    pub async fn person(&self, username: &str) -> Person {
        let mut person = self.stranger();
        let answer = person.sign_in(username, DEMO_PASSWORD).await;
        assert_eq!(answer.status, 200, "{username}: {}", answer.json);
        person
    }

    pub async fn id_of(&self, username: &str) -> Uuid {
        let user = organization::users::store::by_username(self.app.db.read(), username).await;
        user.unwrap().unwrap().id
    }

    pub fn pass(&self, minutes: u64) {
        self.app.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// What the audit trail says of an action, oldest first.
    pub async fn audited(&self, action: &str) -> Vec<entry::Model> {
        entry::Entity::find()
            .filter(entry::Column::Action.eq(action))
            .order_by_asc(entry::Column::Id)
            .all(self.app.db.read())
            .await
            .unwrap()
    }

    /// The payloads of the domain events of a kind.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        #[derive(FromQueryResult)]
        struct Payload {
            payload: Value,
        }
        let statement = Statement::from_sql_and_values(
            self.app.db.backend(),
            "select payload from events where kind = $1 order by id",
            [kind.into()],
        );
        let rows = Payload::find_by_statement(statement)
            .all(self.app.db.read())
            .await
            .unwrap();
        rows.into_iter().map(|row| row.payload).collect()
    }
}

impl Person {
    pub fn at(mut self, address: &'static str) -> Self {
        self.address = address;
        self
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            request
                .headers_mut()
                .insert(header::COOKIE, cookie.parse().unwrap());
        }
        let peer = SocketAddr::new(self.address.parse().unwrap(), 40_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        testing::call::send(&self.router, None, request).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let body = match body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub async fn sign_in(&mut self, username: &str, password: &str) -> Answer {
        self.sign_in_with(json!({ "username": username, "password": password }))
            .await
    }

    pub async fn sign_in_with(&mut self, credentials: Value) -> Answer {
        let answer = self.post("/api/v1/session", credentials).await;
        if let Some(set) = answer.headers.get(header::SET_COOKIE) {
            let cookie = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(cookie.to_owned());
        }
        answer
    }

    pub async fn change_password(&self, current: &str, new: &str) -> Answer {
        self.put(
            "/api/v1/session/password",
            json!({ "current": current, "new": new }),
        )
        .await
    }
}

/// The status and the code of a refusal.
pub fn refusal(answer: &Answer) -> (u16, &str) {
    (
        answer.status.as_u16(),
        answer.json["code"].as_str().unwrap_or_default(),
    )
}
