//! The block list over HTTP, and what it keeps away.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Principal, Role};
use requesters::blocked;
use serde_json::{Value, json};
use testing::{Answer, principal};
use uuid::Uuid;

use crate::support::{Desk, agent, on_both};

fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

impl Desk {
    fn in_days(&self, days: i64) -> DateTime<Utc> {
        self.app.clock.now() + TimeDelta::days(days)
    }

    async fn asks(&self, who: &Principal, requester: Uuid, more: Value) -> Answer {
        let mut body = json!({
            "requester_id": requester, "reason": "辱骂座席", "evidence": "11月23日 网站对话", "until": self.in_days(7),
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.ask(who, Method::POST, "/api/v1/requester-blocks", Some(body))
            .await
    }

    async fn does(&self, who: &Principal, block: &Value, what: &str) -> Answer {
        let path = format!(
            "/api/v1/requester-blocks/{}/{what}",
            block["id"].as_str().unwrap()
        );
        let body = json!({"version": block["version"], "note": "核对了记录"});
        self.ask(who, Method::POST, &path, Some(body)).await
    }

    async fn kept_from(&self, requester: Uuid, channel: &str) -> bool {
        let now = self.app.clock.now();
        blocked(self.app.db.read(), requester, channel, now)
            .await
            .unwrap()
            .is_some()
    }
}

#[tokio::test]
async fn a_block_holds_for_the_person_once_somebody_else_approved_it() {
    on_both(async |desk| {
        let writer = desk.writes("web", "visitor-0000-0001").await.requester.id;
        let caller = desk.rings("13900000001").await.id;
        desk.merge(writer, caller).await;

        let asked = desk.asks(&agent(), writer, json!({})).await;
        assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.json);
        assert_eq!(
            (&asked.json["state"], &asked.json["in_force"]),
            (&json!("requested"), &json!(false))
        );
        assert!(
            !desk.kept_from(writer, "web").await,
            "asked for is not approved"
        );
        let twice = desk.asks(&agent(), caller, json!({})).await;
        assert_eq!(twice.json["code"], "requester_block_waiting");

        let own = desk.does(&agent(), &asked.json, "approve").await;
        assert_eq!(own.status, StatusCode::FORBIDDEN);
        let approved = desk.does(&lead(), &asked.json, "approve").await;
        assert_eq!(approved.status, StatusCode::OK, "{}", approved.json);
        assert_eq!(
            (&approved.json["in_force"], &approved.json["decision"]),
            (&json!(true), &json!("核对了记录"))
        );
        for id in [writer, caller] {
            assert!(desk.kept_from(id, "web").await && desk.kept_from(id, "wechat_oa").await);
            assert!(
                !desk.kept_from(id, "voice").await,
                "whoever is in danger can call"
            );
        }
        let shown = desk.get(&format!("/api/v1/requesters/{caller}")).await;
        assert_eq!(shown["blocks"][0]["in_force"], true);
        let stale = desk.does(&lead(), &asked.json, "lift").await;
        assert_eq!(stale.json["code"], "stale_version");
        let lifted = desk.does(&lead(), &approved.json, "lift").await;
        assert_eq!(lifted.json["state"], "lifted");
        assert!(!desk.kept_from(writer, "web").await);
        let ended = desk.does(&lead(), &lifted.json, "approve").await;
        assert_eq!(ended.json["code"], "requester_block_ended");
    })
    .await;
}

#[tokio::test]
async fn nobody_approves_what_he_asked_for() {
    on_both(async |desk| {
        let writer = desk.writes("web", "visitor-0000-0001").await.requester.id;
        let asked = desk.asks(&lead(), writer, json!({})).await;
        let own = desk.does(&lead(), &asked.json, "approve").await;
        assert_eq!(
            (own.status, &own.json["code"]),
            (StatusCode::CONFLICT, &json!("requester_block_own"))
        );
        let manager = principal(&[Role::OpsManager]);
        let declined = desk.does(&manager, &asked.json, "decline").await;
        assert_eq!(declined.json["state"], "declined");
        assert!(!desk.kept_from(writer, "web").await);
        for role in [Role::PurchaserAdmin, Role::PurchaserBusiness] {
            let list = desk
                .ask(
                    &principal(&[role]),
                    Method::GET,
                    "/api/v1/requester-blocks?open=false",
                    None,
                )
                .await;
            assert_eq!(list.json["total"], 1, "the purchaser sees the list");
        }
    })
    .await;
}

#[tokio::test]
async fn a_block_names_its_channels_and_has_an_end() {
    on_both(async |desk| {
        let writer = desk.writes("web", "visitor-0000-0001").await.requester.id;
        for (more, code) in [
            (
                json!({"until": desk.in_days(91)}),
                "requester_block_too_long",
            ),
            (
                json!({"until": desk.in_days(-1)}),
                "requester_block_no_time",
            ),
            (json!({"reason": " "}), "text_missing"),
            (json!({"evidence": ""}), "text_missing"),
            (json!({"channels": ["Web!"]}), "code_invalid"),
        ] {
            let refused = desk.asks(&agent(), writer, more.clone()).await;
            assert_eq!(refused.json["code"], code, "{more}");
        }
        let endless = json!({"requester_id": writer, "reason": "辱骂", "evidence": "对话"});
        let refused = desk
            .ask(
                &agent(),
                Method::POST,
                "/api/v1/requester-blocks",
                Some(endless),
            )
            .await;
        assert!(refused.status.is_client_error(), "never without an end");

        let named = json!({"channels": ["web", "voice", "web"]});
        let asked = desk.asks(&agent(), writer, named).await;
        assert_eq!(asked.json["channels"], json!(["voice", "web"]));
        desk.does(&lead(), &asked.json, "approve").await;
        assert!(desk.kept_from(writer, "voice").await && desk.kept_from(writer, "web").await);
        assert!(!desk.kept_from(writer, "qq_bot").await);
        desk.app.clock.advance(Duration::from_hours(7 * 24 + 1));
        assert!(
            !desk.kept_from(writer, "web").await,
            "whether its timer was there or not"
        );
    })
    .await;
}

#[tokio::test]
async fn a_block_ends_by_itself() {
    let migrations = [organization::migrations(), requesters::migrations()].concat();
    testing::on_both(&migrations, async |app| {
        let router = app
            .start(vec![requesters::capability(
                &app,
                std::sync::Arc::new(requesters::NoTextMessages),
                requesters::FORGETS.into(),
            )])
            .await;
        let desk = Desk::over(app, router);
        let writer = desk.writes("web", "visitor-0000-0001").await.requester.id;
        let asked = desk.asks(&agent(), writer, json!({})).await;
        desk.app.settle().await;
        desk.app.clock.advance(Duration::from_hours(7 * 24));
        let path = format!(
            "/api/v1/requester-blocks/{}",
            asked.json["id"].as_str().unwrap()
        );
        for _ in 0..500 {
            if desk.get(&path).await["state"] == "over" {
                return;
            }
            tokio::task::yield_now().await;
            desk.app.clock.advance(Duration::from_millis(100));
        }
        panic!("it is still open");
    })
    .await;
}
