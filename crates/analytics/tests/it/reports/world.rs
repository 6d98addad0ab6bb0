//! What the stories stand on: the capability over a database of its own, at a moment, the demo's people, and figures that
//! the story says.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex};

use analytics::reports::numbers::{
    Along, Counted, FigureStanding, FigureUnit, Indicator, ReportTopic, Step,
};
use analytics::reports::{Agreements, Numbers, Ports, Printer};
use axum::http::Method;
use chrono::NaiveDate;
use documents::paper::{Document, Fonts, to_pdf};
use futures::future::BoxFuture;
use kernel::Principal;
use kernel::waiting::WaitingKind;
use organization::Organization;
use serde_json::{Value, json};
use testing::{Door, Kind, TestApp};
use uuid::Uuid;

/// The monthly template that ships.
pub const MONTHLY: &str = "01939000-0000-7000-8000-000000000003";
/// The daily one.
pub const DAILY: &str = "01939000-0000-7000-8000-000000000001";

pub struct World {
    pub app: TestApp,
    pub figures: Arc<Figures>,
    door: Door,
    waiting: Vec<WaitingKind>,
    people: HashMap<&'static str, Uuid>,
}

/// What the indicators say: above and below the line, by code; what the story does not say is 9 of 10.
#[derive(Default)]
pub struct Figures(pub Mutex<BTreeMap<String, (i64, i64)>>);

impl Figures {
    pub fn say(&self, code: &str, numerator: i64, denominator: i64) {
        let mut all = self.0.lock().unwrap();
        all.insert(code.to_owned(), (numerator, denominator));
    }

    fn counted(&self, code: &str) -> Counted {
        let all = self.0.lock().unwrap();
        let (numerator, denominator) = all.get(code).copied().unwrap_or((9, 10));
        let value = match unit(code) {
            _ if denominator == 0 => None,
            FigureUnit::BasisPoints => Some(numerator * 10_000 / denominator),
            _ => Some(numerator * 1_000 / denominator),
        };
        let standing = match value {
            None => FigureStanding::NoData,
            Some(value) if value >= 9_000 => FigureStanding::Met,
            Some(_) => FigureStanding::Missed,
        };
        Counted {
            code: code.to_owned(),
            numerator,
            denominator,
            value,
            standing,
            of_time: false,
        }
    }
}

fn unit(code: &str) -> FigureUnit {
    match code {
        "k05" | "k06" | "k07" | "k08" | "k09" | "k15" | "k17" => FigureUnit::Milliseconds,
        _ => FigureUnit::BasisPoints,
    }
}

impl Numbers for Figures {
    fn indicators(&self, _: NaiveDate) -> BoxFuture<'_, kernel::Result<Vec<Indicator>>> {
        let one = |n: u32| {
            let code = format!("k{n:02}");
            Indicator {
                number: format!("K-{n:02}"),
                name: format!("指标{n:02}"),
                name_en: format!("Indicator {n:02}"),
                unit: unit(&code),
                formula: "分子 ÷ 分母".to_owned(),
                formula_en: "a ÷ b".to_owned(),
                base: "呼入量".to_owned(),
                alongs: match n {
                    28.. => vec![Along::Day],
                    _ => vec![Along::Day, Along::HalfHour, Along::Person],
                },
                target: Some(9_000),
                target_shown: format!("≥ {}", unit(&code).shown(Some(9_000))),
                code,
            }
        };
        Box::pin(async move { Ok((1..=32).map(one).collect()) })
    }

    fn figures(
        &self,
        codes: Vec<String>,
        _: NaiveDate,
        _: NaiveDate,
    ) -> BoxFuture<'_, kernel::Result<Vec<Counted>>> {
        Box::pin(async move { Ok(codes.iter().map(|code| self.counted(code)).collect()) })
    }

    fn series(
        &self,
        codes: Vec<String>,
        along: Along,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, kernel::Result<Vec<Step>>> {
        let labels: Vec<String> = match along {
            Along::Day => from
                .iter_days()
                .take_while(|day| *day <= until)
                .map(|day| day.to_string())
                .collect(),
            Along::HalfHour => (16..34)
                .map(|half| format!("{:02}:{:02}", half / 2, half % 2 * 30))
                .collect(),
            _ => ["陈晓雯", "李志强"].map(str::to_owned).to_vec(),
        };
        let steps = labels.into_iter().map(move |label| Step {
            key: label.clone(),
            label,
            figures: codes.iter().map(|code| self.counted(code)).collect(),
        });
        let steps = steps.collect();
        Box::pin(async move { Ok(steps) })
    }

    fn topics(
        &self,
        _: NaiveDate,
        _: NaiveDate,
        _: usize,
    ) -> BoxFuture<'_, kernel::Result<Vec<ReportTopic>>> {
        let topic = ReportTopic {
            kind: "热点".to_owned(),
            rank: 1,
            title: "准考证打印".to_owned(),
            contacts: 128,
            measure: "首页置顶办理指引".to_owned(),
        };
        Box::pin(async move { Ok(vec![topic]) })
    }
}

struct OneContract;

impl Agreements for OneContract {
    fn contract(&self, _: NaiveDate) -> BoxFuture<'_, kernel::Result<Option<String>>> {
        Box::pin(async { Ok(Some("HT-2026-001 热线客服外包".to_owned())) })
    }
}

pub static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::of_machine(None).unwrap());

struct OfMachine;

impl Printer for OfMachine {
    fn pdf(&self, document: &Document) -> kernel::Result<Vec<u8>> {
        to_pdf(document, &FONTS).map_err(kernel::problem::internal)
    }
}

impl Deref for World {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

/// Tells the story on both databases, beginning at `now`.
pub async fn on_both_at(now: &str, story: impl AsyncFn(World)) {
    for kind in Kind::all() {
        let world = Box::pin(World::new(now, *kind)).await;
        Box::pin(story(world)).await;
    }
}

impl World {
    pub async fn new(now: &str, kind: Kind) -> Self {
        let migrations = [organization::migrations(), analytics::migrations()].concat();
        let app = testing::app_at(now, kind, &migrations, &[]).await;
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        analytics::reports::prepare(&app).await.unwrap();
        let figures = Arc::new(Figures::default());
        let ports = Ports {
            numbers: figures.clone(),
            agreements: Arc::new(OneContract),
            printer: Arc::new(OfMachine),
        };
        let capability = analytics::reports::capability(&app, ports);
        let waiting = capability.waiting.clone();
        let router = app.start(vec![capability]).await;
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await;
            people.insert(person.username, found.unwrap().unwrap().id);
        }
        Self {
            door: Door(router),
            app,
            figures,
            waiting,
            people,
        }
    }

    /// One of the demo's people.
    pub fn who(&self, username: &str) -> Principal {
        let mut all = organization::demo::PEOPLE.iter();
        let person = all.find(|person| person.username == username).unwrap();
        let mut principal = testing::principal(&[person.role]);
        principal.user_id = self.people[username];
        principal.username = username.to_owned();
        principal
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Value {
        let (status, json) = self.tries(who, Method::POST, path, body).await;
        assert!(status < 300, "{who} {path}: {status} {json}");
        json
    }

    pub async fn read(&self, who: &str, path: &str) -> Value {
        self.get(&self.who(who), path).await
    }

    pub async fn tries(&self, who: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = self.ask(&self.who(who), method, path, Some(body)).await;
        (answer.status.as_u16(), answer.json)
    }

    /// The code of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str, body: Value) -> String {
        let (status, json) = self.tries(who, Method::POST, path, body).await;
        assert!(
            (400..500).contains(&status),
            "{who} {path}: {status} {json}"
        );
        json["code"].as_str().unwrap().to_owned()
    }

    /// A step of a report with the version that stands.
    pub async fn step(&self, who: &str, report: &str, verb: &str) -> Value {
        let version = self.read("manager", report).await["version"].clone();
        let body = json!({"version": version, "note": "已核对"});
        self.post(who, &format!("{report}/{verb}"), body).await
    }

    /// The code of a step that must be refused.
    pub async fn no(&self, who: &str, report: &str, verb: &str) -> String {
        let version = self.read("manager", report).await["version"].clone();
        let body = json!({"version": version, "note": "已核对"});
        self.refused(who, &format!("{report}/{verb}"), body).await
    }

    /// Changes the words of a block.
    pub async fn writes(&self, who: &str, report: &str, block: usize, text: &str) -> (u16, Value) {
        let version = self.read("manager", report).await["version"].clone();
        let body = json!({"version": version, "texts": [{"block": block, "text": text}]});
        self.tries(who, Method::PUT, report, body).await
    }

    /// The report of a template for a day, by its address.
    pub async fn drafted(&self, template: &str, day: &str) -> String {
        let body = json!({"template_id": template, "day": day});
        let made = self.post("analyst", "/api/v1/reports", body).await;
        format!("/api/v1/reports/{}", made["id"].as_str().unwrap())
    }

    /// The same, and on until its release.
    pub async fn released(&self, template: &str, day: &str) -> (String, Value) {
        let report = self.drafted(template, day).await;
        let out = self.out(&report).await;
        (report, out)
    }

    /// From the draft to the release.
    pub async fn out(&self, report: &str) -> Value {
        self.step("analyst", report, "submit").await;
        self.step("quality", report, "check").await;
        self.step("manager", report, "release").await
    }

    /// What waits for a person of reports, by kind.
    pub async fn waits(&self, who: &str) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        for kind in &self.waiting {
            let waiting = (kind.tell)(self.who(who)).await.unwrap();
            all.extend(waiting.into_iter().map(|one| (one.kind, one.page)));
        }
        all
    }
}

/// The place of the first block of a kind.
pub fn place(report: &Value, kind: &str) -> usize {
    let blocks = report["content"]["blocks"].as_array().unwrap();
    blocks.iter().position(|one| one["kind"] == kind).unwrap()
}
