//! What the stories stand on: people, the capability, and the world outside.

use std::ops::Deref;

use axum::http::{Method, StatusCode};
use kernel::{App, Clock, Config, Event, Migration, Principal, Role};
use notices::Notices;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::{Door, Kind, TestApp, principal};
use uuid::Uuid;

use crate::outside::{Outside, SECRET};

fn migrations() -> Vec<Migration> {
    [organization::migrations(), notices::migrations()].concat()
}

pub struct House {
    pub app: TestApp,
    pub outside: Outside,
    pub notices: Notices,
    door: Door,
    overrides: Vec<(&'static str, String)>,
}

/// Tells the story on both databases, with everything running.
pub async fn on_both(story: impl AsyncFn(House)) {
    on_both_but(async |house| {
        house.notices.start().await.unwrap();
        story(house).await;
    })
    .await;
}

/// The same without anybody who sends.
pub async fn on_both_but(story: impl AsyncFn(House)) {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        story(House::new(*kind).await).await;
    }
}

pub fn agent(number: u8) -> Principal {
    let mut agent = principal(&[Role::Agent]);
    agent.user_id = Uuid::from_u128(0xa6e0_0000 + u128::from(number));
    agent.username = format!("agent{number}");
    agent
}

pub fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

pub fn admin() -> Principal {
    principal(&[Role::SysAdmin])
}

pub fn manager() -> Principal {
    principal(&[Role::OpsManager])
}

pub fn section() -> Principal {
    principal(&[Role::PurchaserBusiness])
}

/// An event of ticket 1, as tickets tells it.
#[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
pub fn told(more: Value) -> Value {
    let mut facts = json!({
        "ticket_id": TICKET, "number": "SJ20261123-0001", "state": "in_handling", "section": "考试科",
        "title": "张三的准考证", "owner_id": agent(1).user_id, "transfer_to": null, "by": null,
    });
    for (fact, value) in more.as_object().unwrap() {
        facts[fact] = value.clone();
    }
    facts
}

pub const TICKET: Uuid = Uuid::from_u128(0x71c7);

impl Deref for House {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl House {
    async fn new(kind: Kind) -> Self {
        let outside = Outside::start();
        let overrides = vec![
            ("notices.attempts", "3".to_owned()),
            ("smtp.enabled", "true".to_owned()),
            ("smtp.host", "127.0.0.1".to_owned()),
            ("smtp.port", outside.smtp_port.clone()),
            ("smtp.security", "plain".to_owned()),
            ("smtp.from", "首接热线 <notice@hotline.example>".to_owned()),
            ("sms_gateway.enabled", "true".to_owned()),
            (
                "sms_gateway.url",
                format!("http://localhost:{}/sms", outside.sms_port),
            ),
            ("sms_gateway.secret", SECRET.to_owned()),
            ("sms_gateway.allow_private", "true".to_owned()),
        ];
        let app = testing::app(kind, &migrations(), &overrides).await;
        let notices = Notices::new(&app).unwrap();
        let router = app.start(vec![notices::capability(&notices)]).await;
        let house = Self {
            app,
            outside,
            notices,
            door: Door(router),
            overrides,
        };
        house
            .people(&[agent(1), agent(2), lead(), manager(), section(), admin()])
            .await;
        house
    }

    /// The same house after its process was killed: another one over the same database and folder.
    pub async fn next_process(&self) -> (App, Notices) {
        let mut settings = self.overrides.clone();
        settings.push(("data_dir", self.app.data_dir().display().to_string()));
        settings.push(("database.url", self.app.database_url().to_owned()));
        let config = Config::with_overrides(&settings).unwrap();
        let clock = Clock::starting_at(self.app.clock.now());
        let app = App::open(config, clock).await.unwrap();
        let notices = Notices::new(&app).unwrap();
        (app, notices)
    }

    async fn people(&self, people: &[Principal]) {
        let (now, party) = (self.app.clock.now(), self.app.ids.next());
        self.sql(
            "insert into parties (id, side, name, created_at) values ($1, $2, $3, $4)",
            vec![party.into(), "supplier".into(), "服务商".into(), now.into()],
        )
        .await;
        for person in people {
            self.sql(
                "insert into users (id, username, name, staff_no, department, party_id, password_hash, \
                 password_changed_at, version, created_at, updated_at) \
                 values ($1, $2, $2, $3, '', $4, '', $5, 1, $5, $5)",
                vec![
                    person.user_id.into(),
                    person.username.clone().into(),
                    person.user_id.simple().to_string().into(),
                    party.into(),
                    now.into(),
                ],
            )
            .await;
            for role in &person.roles {
                self.sql(
                    "insert into user_roles (user_id, role) values ($1, $2)",
                    vec![person.user_id.into(), role.as_str().into()],
                )
                .await;
            }
        }
    }

    pub async fn sql(&self, sql: &'static str, values: Vec<sea_orm::Value>) {
        self.app
            .db
            .write(move |tx| async move {
                let backend = tx.get_database_backend();
                let statement = Statement::from_sql_and_values(backend, sql, values);
                tx.execute_raw(statement).await?;
                Ok(())
            })
            .await
            .unwrap();
    }

    /// Tells of an event as another capability does, and waits until it was heard.
    pub async fn happens(&self, kind: &'static str, subject: Uuid, payload: Value) {
        let events = self.app.events.clone();
        self.app
            .db
            .write(move |tx| async move { events.publish(&tx, kind, subject, payload).await })
            .await
            .unwrap();
        self.app.settle().await;
    }

    /// Hands an event to the handler, as often as it is called.
    pub async fn hears(&self, event: &Event) {
        for handler in notices::capability(&self.notices).event_handlers {
            (handler.run)(event.clone()).await.unwrap();
        }
    }

    pub async fn sent(&self, who: &Principal, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(who, method, path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json);
        answer.json
    }

    /// The kinds of somebody's notices, as his list shows them.
    pub async fn kinds(&self, who: &Principal) -> Vec<String> {
        let page = self.get(who, "/api/v1/notices").await;
        strings(&page["items"], "kind")
    }

    /// He is reached by e-mail and SMS.
    pub async fn is_reached(&self, who: &Principal, name: &str, mobile: &str) {
        let address = json!({ "email": format!("{name}@example.org"), "mobile": mobile });
        self.sent(who, Method::PUT, "/api/v1/notice-address", address)
            .await;
    }

    /// The deliveries of one way, the first first.
    pub async fn deliveries(&self, way: &str) -> Vec<Value> {
        let path = format!("/api/v1/notice-deliveries?way={way}&sort=made_at");
        let page = self.get(&manager(), &path).await;
        page["items"].as_array().unwrap().clone()
    }

    /// Waits until the only delivery of this way is in this state.
    pub async fn until(&self, way: &str, state: &str) -> Value {
        let mut last = Vec::new();
        for _ in 0..400 {
            last = self.deliveries(way).await;
            if last.len() == 1 && last[0]["state"] == state {
                return last.remove(0);
            }
            pause().await;
        }
        panic!("not {state}: {last:?}");
    }
}

pub fn strings(items: &Value, field: &str) -> Vec<String> {
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item[field].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
pub async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}
