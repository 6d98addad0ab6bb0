//! What the hotline offers, set over HTTP: menu and box, switches that end by themselves, prompts the purchaser approves.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use floor::Floor;
use http_body_util::BodyExt as _;
use kernel::{App, Principal, Role};
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};
use telephony::calls::rows::{call, event};
use telephony::engine::RatingRule as _;
use telephony::media::Prompt;
use telephony::{Settings, Telephony};
use testing::{Answer, Door, Kind, TestApp, principal};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::hotline::{migrations, people, recovery, until};
use crate::screen::bytes;

struct House {
    app: TestApp,
    door: Door,
    telephony: Telephony,
}

async fn on_both(story: impl AsyncFn(House)) {
    for kind in Kind::all() {
        let app = testing::app(*kind, &migrations(), &[]).await;
        let mut settings = Settings::load(&app.config).unwrap();
        settings.sip.listen = "127.0.0.1:0".parse().unwrap();
        let floor = Floor::new(&app, people());
        let telephony = Telephony::with_settings(&app, &floor, false, settings).unwrap();
        floor.start().await.unwrap();
        let capabilities = vec![kernel::capability(&app), telephony::capability(&telephony)];
        let door = Door(app.start(capabilities).await);
        telephony.start(people()).await.unwrap();
        let house = House {
            app,
            door,
            telephony,
        };
        Box::pin(story(house)).await;
    }
}

fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

fn purchaser() -> Principal {
    principal(&[Role::PurchaserAdmin])
}

impl House {
    async fn put(&self, who: &Principal, path: &str, body: Value) -> Answer {
        self.door.ask(who, Method::PUT, path, Some(body)).await
    }

    async fn line(&self) -> Value {
        self.door.get(&lead(), "/api/v1/line").await
    }

    async fn prompt(&self, name: &str) -> Value {
        let all = self.door.get(&lead(), "/api/v1/prompts").await;
        let items = all["items"].as_array().unwrap();
        assert!(items.len() >= 32, "{all}");
        let found = items.iter().find(|one| one["name"] == name);
        found.unwrap().clone()
    }

    async fn bring(&self, who: &Principal, query: &str, wav: &[u8]) -> (StatusCode, Value) {
        let mut form =
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"new.wav\"\r\n\r\n"
                .to_vec();
        form.extend_from_slice(wav);
        form.extend_from_slice(b"\r\n--x--\r\n");
        let mut request = Request::post(format!("/api/v1/prompts/{query}"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(form))
            .unwrap();
        request.extensions_mut().insert(who.clone());
        let response = self.door.0.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        (status, json)
    }

    async fn step(&self, who: &Principal, version: &Value, verb: &str, opinion: &str) -> Answer {
        let id = version["id"].as_str().unwrap();
        let path = format!("/api/v1/prompt-versions/{id}/{verb}");
        let body = json!({ "version": version["version"], "opinion": opinion });
        self.door.ask(who, Method::POST, &path, Some(body)).await
    }

    async fn heard(&self, name: &str) -> Prompt {
        let path = format!("/api/v1/prompts/{name}/sound");
        let (status, _, body) = bytes(&self.door.0, &lead(), &path, None).await;
        assert_eq!(status, StatusCode::OK);
        Prompt::from_wav(&body).unwrap()
    }
}

#[tokio::test]
async fn the_line_is_set_with_its_version_and_queues_that_exist() {
    on_both(async |house| {
        let shown = house.line().await;
        assert_eq!(shown["settings"]["menu"], json!([]), "GB/T 33358");
        assert_eq!(shown["version"], 0);
        let settings = |key: u8, queue: &str| {
            json!({ "version": 0, "settings": {
                "menu": [{ "key": key, "queue": queue, "label": "咨询" }],
                "message_box": true, "survey": true, "survey_period_days": 30,
            } })
        };
        for (key, queue, code) in [
            (0, "hotline", "menu_key_invalid"),
            (1, "nowhere", "queue_unknown"),
        ] {
            let answer = house
                .put(&lead(), "/api/v1/line", settings(key, queue))
                .await;
            assert_eq!(answer.json["code"], code);
        }
        let answer = house
            .put(&purchaser(), "/api/v1/line", settings(1, "hotline"))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let answer = house
            .put(&lead(), "/api/v1/line", settings(1, "hotline"))
            .await;
        assert_eq!(
            (answer.status, &answer.json["version"]),
            (StatusCode::OK, &json!(1))
        );
        let late = house
            .put(&lead(), "/api/v1/line", settings(2, "hotline"))
            .await;
        assert_eq!(late.json["code"], "stale_version");
    })
    .await;
}

#[tokio::test]
async fn an_incident_is_one_click_and_a_holiday_ends_by_itself() {
    on_both(async |house| {
        let on = json!({ "on": true, "reason": "核心系统故障" });
        let answer = house
            .put(&lead(), "/api/v1/line/incident", on.clone())
            .await;
        assert_eq!(answer.json["state"], "incident");
        let again = house.put(&lead(), "/api/v1/line/incident", on).await;
        assert_eq!(again.json["code"], "line_switched_already");
        let no_reason = json!({ "on": false, "reason": "" });
        let answer = house.put(&lead(), "/api/v1/line/incident", no_reason).await;
        assert_eq!(answer.json["code"], "reason_needed");

        let until_at = house.app.clock.now() + TimeDelta::hours(8);
        let past = json!({ "on": true, "reason": "国庆放假", "until": house.app.clock.now() });
        let answer = house.put(&lead(), "/api/v1/line/holiday", past).await;
        assert_eq!(answer.json["code"], "date_in_past");
        let on = json!({ "on": true, "reason": "国庆放假", "until": until_at });
        let answer = house.put(&lead(), "/api/v1/line/holiday", on).await;
        assert_eq!(answer.json["state"], "holiday");
        house.app.clock.advance(Duration::from_secs(8 * 3600 + 5));
        until("the holiday is over", || async {
            house.line().await["holiday"] == false
        })
        .await;
        assert_eq!(house.line().await["state"], "incident");
        let trail = kernel::audit::entry::Entity::find()
            .all(house.app.db.read())
            .await
            .unwrap();
        let found = |action: &str| {
            let entry = trail.iter().find(|entry| entry.action == action);
            entry.map(|entry| entry.details.clone()).unwrap()
        };
        assert_eq!(found("line.holiday_on")["before"]["holiday"], false);
        assert_eq!(
            found("line.holiday_on")["after"]["holiday_reason"],
            "国庆放假"
        );
        assert_eq!(found("line.holiday_over")["after"]["holiday"], false);
    })
    .await;
}

#[tokio::test]
async fn a_prompt_is_played_once_the_purchaser_approved_it_and_the_shipped_one_after_it_is_withdrawn()
 {
    on_both(async |house| {
        let shipped = house.heard("greeting").await;
        let sound = Prompt::from_alaw(&[0x55; 4_000]);
        let new = "greeting/versions?words=%E6%82%A8%E5%A5%BD&reason=%E6%96%B0%E5%BD%95%E9%9F%B3";
        let (_, wrong) = house.bring(&lead(), new, b"RIFF no sound").await;
        assert_eq!(wrong["code"], "prompt_sound_invalid");
        let (nowhere, _) = house
            .bring(
                &lead(),
                "nothing/versions?words=a&reason=ab",
                &sound.to_wav(),
            )
            .await;
        assert_eq!(nowhere, StatusCode::NOT_FOUND);
        let large = Prompt::from_alaw(&vec![0x55; 2 << 20]).to_wav();
        let (large, _) = house.bring(&lead(), new, &large).await;
        assert_eq!(large, StatusCode::PAYLOAD_TOO_LARGE);
        let (status, draft) = house.bring(&lead(), new, &sound.to_wav()).await;
        assert_eq!(status, StatusCode::CREATED, "{draft}");
        let (_, second) = house.bring(&lead(), new, &sound.to_wav()).await;
        assert_eq!(second["code"], "prompt_version_open");
        let early = house.step(&purchaser(), &draft, "approve", "").await;
        assert_eq!(early.json["code"], "prompt_not_submitted");
        let submitted = house.step(&lead(), &draft, "submit", "").await.json;
        assert_eq!(submitted["state"], "submitted");
        for own in [lead(), principal(&[Role::OpsManager])] {
            let own = house.step(&own, &submitted, "approve", "").await;
            assert_eq!(own.status, StatusCode::FORBIDDEN, "A-61");
        }
        assert_eq!(house.heard("greeting").await, shipped);
        let approved = house
            .step(&purchaser(), &submitted, "approve", "")
            .await
            .json;
        assert_eq!(approved["state"], "approved");
        assert_eq!(house.heard("greeting").await, sound);
        let shown = house.prompt("greeting").await;
        assert_eq!(
            (&shown["source"], &shown["words"], &shown["length_ms"]),
            (&json!("approved"), &json!("您好"), &json!(500))
        );
        let longer = Prompt::from_alaw(&[0x54; 8_000]).to_wav();
        let (_, next) = house.bring(&lead(), new, &longer).await;
        let next = house.step(&lead(), &next, "submit", "").await.json;
        let next = house.step(&purchaser(), &next, "approve", "").await.json;
        let versions = house.prompt("greeting").await["versions"].clone();
        let states: Vec<_> = versions
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["state"])
            .collect();
        assert!(
            states.contains(&&json!("approved")) && states.contains(&&json!("replaced")),
            "{states:?}"
        );
        let silent = house.step(&lead(), &next, "withdraw", " ").await;
        assert_eq!(silent.json["code"], "text_missing");
        house.step(&lead(), &next, "withdraw", "读错了").await;
        assert_eq!(house.heard("greeting").await, shipped);
        let (_, third) = house.bring(&lead(), new, &sound.to_wav()).await;
        let third = house.step(&lead(), &third, "submit", "").await.json;
        let third = house
            .step(&purchaser(), &third, "return", "请重读")
            .await
            .json;
        assert_eq!(
            (&third["state"], &third["opinion"]),
            (&json!("returned"), &json!("请重读"))
        );
    })
    .await;
}

/// A call of this requester that was over then.
async fn called(app: &App, n: u128, hash: &str, at: DateTime<Utc>, rating: Option<i32>) -> Uuid {
    let mut row = recovery::left_open(n, at, false);
    hash.clone_into(&mut row.caller_hash);
    row.rating = rating;
    row.outcome = Some("answered".to_owned());
    let id = row.id;
    app.db
        .write(async move |tx| {
            call::Entity::insert(row.into_active_model())
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn nobody_is_asked_to_rate_twice_in_a_period() {
    on_both(async |house| {
        let now = house.app.clock.now();
        let rule = house.telephony.ratings();
        let (ten, forty) = (now - TimeDelta::days(10), now - TimeDelta::days(40));
        called(&house.app, 901, "rated", ten, Some(5)).await;
        called(&house.app, 902, "long-ago", forty, Some(5)).await;
        called(&house.app, 903, "talked", ten, None).await;
        let call_id = called(&house.app, 904, "surveyed", ten, None).await;
        let line = event::Model {
            id: house.app.ids.next(),
            call_id,
            seq: 900,
            at: ten,
            event: "survey_began".to_owned(),
            details: json!({}),
        };
        house
            .app
            .db
            .write(async move |tx| {
                event::Entity::insert(line.into_active_model())
                    .exec_without_returning(&*tx)
                    .await?;
                Ok(())
            })
            .await
            .unwrap();
        for (hash, may) in [
            ("rated", false),
            ("long-ago", true),
            ("talked", true),
            ("surveyed", false),
            ("nobody", true),
        ] {
            assert_eq!(rule.may_ask(hash, now).await, may, "{hash}");
        }
    })
    .await;
}
