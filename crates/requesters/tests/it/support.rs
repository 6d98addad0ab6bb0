//! The capability over a database of its own.

use std::ops::Deref;

use axum::Router;
use axum::http::{Method, StatusCode};
use kernel::{Principal, Role};
use requesters::{OnChannel, Requester, Writer};
use serde_json::Value;
use testing::{Door, TestApp, principal};

pub struct Desk {
    pub app: TestApp,
    door: Door,
}

pub async fn on_both(story: impl AsyncFn(Desk)) {
    let migrations = [organization::migrations(), requesters::migrations()].concat();
    testing::on_both(&migrations, async |app| {
        let (router, _) = requesters::capability(
            &app,
            std::sync::Arc::new(requesters::NoTextMessages),
            requesters::FORGETS.into(),
        )
        .routes
        .split_for_parts();
        story(Desk::over(app, router)).await;
    })
    .await;
}

pub fn agent() -> Principal {
    principal(&[Role::Agent])
}

impl Deref for Desk {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Desk {
    pub fn over(app: TestApp, router: Router) -> Self {
        let door = Door(router);
        Self { app, door }
    }

    pub async fn rings(&self, number: &'static str) -> Requester {
        let app = (*self.app).clone();
        self.app
            .db
            .write(move |tx| async move {
                requesters::find_or_create_by_number(&app, &*tx, number).await
            })
            .await
            .unwrap()
    }

    pub async fn writes(&self, channel: &'static str, external_id: &'static str) -> Writer {
        self.writes_as(channel, external_id, None).await
    }

    pub async fn writes_as(
        &self,
        channel: &'static str,
        external_id: &'static str,
        nickname: Option<&'static str>,
    ) -> Writer {
        let app = (*self.app).clone();
        self.app
            .db
            .write(async move |tx| {
                let who = OnChannel {
                    channel,
                    external_id,
                    nickname,
                };
                requesters::find_or_create_by_identity(&app, &*tx, who).await
            })
            .await
            .unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(&agent(), Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json);
        answer.json
    }
}
