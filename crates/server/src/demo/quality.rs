//! The demo's quality of the last weeks: calls that were heard, an appeal that was won, a fatal error with its corrective
//! action, one that was closed, a calibration, and what waits today for each of the people.

use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::App;
use kernel::problem::{Result, internal};
use organization::demo::{PEOPLE, Stage, moment};
use quality::recording::store as signals;
use quality::transcript::{SpokenLane, SpokenSegment, store as words};
use quality::{Contacts as _, Ports};
use serde_json::{Value, json};
use telephony::demo::PastCall;

use super::written;
use crate::reviewed::Reviewed;

/// A talk without anything remarkable.
const CALM: [&[(u32, u32)]; 2] = [&[(3, 8), (15, 18)], &[(0, 3), (8, 15), (18, 24)]];
/// A talk with a long silence, while something is looked up.
const LOOKED_UP: [&[(u32, u32)]; 2] = [&[(2, 5)], &[(0, 2), (5, 7), (20, 24)]];
/// A talk in which the agent speaks over the requester.
const HEATED: [&[(u32, u32)]; 2] = [&[(2, 12), (16, 20)], &[(0, 2), (8, 24)]];
const SECONDS: u32 = 24;

/// What is said in a calm talk, as a transcript service would tell it of voices that say something: who, from which second
/// to which, what.
const CALM_WORDS: &[(SpokenLane, u64, u64, &str)] = &[
    (
        SpokenLane::Agent,
        0,
        3,
        "您好，这里是人事考试服务热线，请讲。",
    ),
    (
        SpokenLane::Requester,
        3,
        8,
        "你好，我错过了报名，现在还能补报名吗？我很着急。",
    ),
    (
        SpokenLane::Agent,
        8,
        15,
        "您别着急，请问您报的是哪一个考试？补报名要看公告里的条件和截止日期。",
    ),
    (SpokenLane::Requester, 15, 18, "是二级建造师的考试。"),
    (
        SpokenLane::Agent,
        18,
        24,
        "好的，符合条件的在补报名期间登录报名系统办理，感谢您的耐心等待。",
    ),
];
/// What is said in a heated one.
const HEATED_WORDS: &[(SpokenLane, u64, u64, &str)] = &[
    (SpokenLane::Agent, 0, 2, "您好，请讲。"),
    (
        SpokenLane::Requester,
        2,
        12,
        "我上周打电话问报名截止日期，你们说是这个月底，结果昨天就截止了，我没有报上名。",
    ),
    (
        SpokenLane::Agent,
        8,
        16,
        "截止日期是公告定的，这个不归我们管，您没看公告吗？",
    ),
    (SpokenLane::Requester, 16, 20, "你们答错了还不承认？"),
    (
        SpokenLane::Agent,
        16,
        24,
        "我不知道之前是谁答的，现在已经截止了，没办法补报。",
    ),
];
/// What is said where something is looked up.
const LOOKED_UP_WORDS: &[(SpokenLane, u64, u64, &str)] = &[
    (SpokenLane::Agent, 0, 2, "您好，请讲。"),
    (SpokenLane::Requester, 2, 5, "我想问职称证书什么时候发。"),
    (SpokenLane::Agent, 5, 7, "请您稍等，我查一下。"),
    (
        SpokenLane::Agent,
        20,
        24,
        "让您久等了，非常抱歉，证书下月初开始发放。",
    ),
];
/// Who wrote them down.
const STORY: &str = "demo-story";

/// Tells it, where no call was taken yet.
pub(crate) async fn seed(app: &App) -> Result<()> {
    if telephony::demo::any(app).await? {
        return Ok(());
    }
    let stage = Stage::new(app, doors).await?;
    let mut story = Story {
        stage,
        card: json!({}),
    };
    let cards = story.stage.looks("quality", "/score-cards").await?;
    let first = cards["items"][0]["id"].as_str().unwrap_or_default();
    let card = story
        .stage
        .looks("quality", &format!("/score-cards/{first}"))
        .await?;
    story.card = card["versions"][0].clone();
    story.appeal_won().await?;
    story.fatal_error().await?;
    story.closed_action().await?;
    story.apart().await?;
    story.read(app).await?;
    story.waiting().await
}

fn doors(app: &App) -> Router {
    let house = Arc::new(Reviewed(app.clone()));
    let ports = Ports {
        contacts: house.clone(),
        coaching: house,
        transcripts: None,
    };
    Router::from(quality::capability(app, ports).routes)
}

struct Story {
    stage: Stage,
    /// The version of the card that is scored by.
    card: Value,
}

impl Story {
    /// Full marks but for what is taken from some items, each with its reason.
    fn marks(&self, taken: &[(&str, u64, &str)]) -> Value {
        self.marks_at(taken, &json!([{ "at_ms": 9_000, "note": "此处" }]))
    }

    /// The same, each with where it is heard or read.
    fn marks_at(&self, taken: &[(&str, u64, &str)], place: &Value) -> Value {
        let empty = Vec::new();
        let items = self.card["body"]["items"].as_array().unwrap_or(&empty);
        let marks = items.iter().map(|item| {
            let found = taken.iter().find(|(code, ..)| item["code"] == *code);
            let full = item["weight"].as_u64().unwrap_or_default() * 10;
            let less = found.map_or(0, |(_, points, _)| points * 10);
            let comment = found.map_or("", |(.., why)| why);
            let evidence = match found {
                Some(_) => place.clone(),
                None => json!([]),
            };
            json!({ "code": item["code"], "tenths": full - less, "comment": comment, "evidence": evidence })
        });
        let marks: Vec<Value> = marks.collect();
        json!({ "card_version_id": self.card["id"], "marks": { "items": marks } })
    }

    fn moment(&self, ago: i64, hour: u32, minute: u32) -> Result<DateTime<Utc>> {
        let found = moment(self.stage.day(ago), hour, minute);
        found.ok_or_else(|| internal("no such moment"))
    }

    /// A call of an agent so many days ago, measured.
    async fn call(
        &self,
        agent: &str,
        (ago, hour): (i64, u32),
        spells: [&'static [(u32, u32)]; 2],
        rating: Option<i32>,
    ) -> Result<Value> {
        let app = self.stage.app().clone();
        let person = PEOPLE.iter().find(|person| person.username == agent);
        let past = PastCall {
            agent: self.stage.id(agent)?,
            staff_no: person.map_or("", |person| person.staff_no).to_owned(),
            answered_at: self.moment(ago, hour, 12)?,
            seconds: SECONDS,
            rating,
            spells,
        };
        let id = telephony::demo::past_call(&app, past).await?;
        if let Some(heard) = Reviewed(app.clone()).measure(id).await? {
            let db = app.db.clone();
            db.write(move |tx| async move { signals::keep(&app, &tx, id, &heard).await })
                .await?;
        }
        let said = match spells {
            CALM => CALM_WORDS,
            HEATED => HEATED_WORDS,
            _ => LOOKED_UP_WORDS,
        };
        let segment = |&(lane, from, until, text): &(SpokenLane, u64, u64, &str)| SpokenSegment {
            lane,
            from_ms: from * 1_000,
            until_ms: until * 1_000,
            text: text.to_owned(),
        };
        let said: Vec<SpokenSegment> = said.iter().map(segment).collect();
        let app = self.stage.app().clone();
        let db = app.db.clone();
        let ms = i64::from(SECONDS) * 1_000;
        db.write(move |tx| async move { words::keep(&app, &tx, id, (STORY, ms), &said).await })
            .await?;
        Ok(json!(id))
    }

    async fn drawn(&self, call: &Value, reason: &str) -> Result<Value> {
        self.picked("call", call, reason).await
    }

    async fn picked(&self, kind: &str, contact: &Value, reason: &str) -> Result<Value> {
        let picked = json!({ "kind": kind, "contact_id": contact, "reason": reason });
        self.stage.post("quality", "/evaluations", picked).await
    }

    async fn does(&self, who: &str, seen: &Value, door: &str, body: Value) -> Result<Value> {
        self.stage.does(who, "evaluations", seen, door, body).await
    }

    async fn scored(&self, seen: &Value, taken: &[(&str, u64, &str)]) -> Result<Value> {
        self.does("quality", seen, "score", self.marks(taken)).await
    }

    async fn released(&self, seen: &Value) -> Result<Value> {
        self.does("quality", seen, "release", json!({})).await
    }

    async fn appeal_won(&mut self) -> Result<()> {
        let call = self.call("agent1", (16, 10), CALM, Some(5)).await?;
        self.stage.at(15, 9, 30);
        let drawn = self.drawn(&call, "新政策首周专项抽查").await?;
        let scored = self
            .scored(&drawn, &[("accuracy", 22, "未说明补报名的条件")])
            .await?;
        let released = self.released(&scored).await?;
        self.stage.at(14, 17, 10);
        let reason = json!({ "reason": "补报名条件在 18 秒后已说明，请复听" });
        let appealed = self.does("agent1", &released, "appeal", reason).await?;
        self.stage.at(13, 10, 0);
        let mut marks = self.marks(&[]);
        marks["note"] = json!("复听属实，补报名条件已说明，改判为满分");
        let rescored = self.does("lead", &appealed, "rescore", marks).await?;
        self.stage.at(13, 16, 0);
        let last = self
            .does("agent1", &rescored, "acknowledge", json!({}))
            .await?;
        self.stage.at(12, 11, 0);
        let near = self.marks(&[("manner", 2, "结束语略快")]);
        self.does("counterpart", &last, "purchaser-score", near)
            .await?;
        Ok(())
    }

    async fn fatal_error(&mut self) -> Result<()> {
        let call = self.call("agent2", (11, 15), HEATED, Some(1)).await?;
        self.stage.at(10, 9, 20);
        let drawn = self.drawn(&call, "评价非常不满意").await?;
        let taken = [
            ("accuracy", 30, "报名截止日期答错，影响考生报名"),
            ("listening", 6, "多次打断诉求人"),
        ];
        let scored = self.scored(&drawn, &taken).await?;
        let released = self.released(&scored).await?;
        self.stage.at(9, 9, 0);
        let last = self
            .does("agent2", &released, "acknowledge", json!({}))
            .await?;
        self.stage.at(8, 10, 0);
        let new = json!({ "source": "evaluation", "source_id": last["id"], "title": "报名截止日期答复错误",
            "problem": "把补报名截止日期说成正式报名截止日期", "owner_id": self.stage.id("lead")? });
        let made = self
            .stage
            .post("quality", "/corrective-actions", new)
            .await?;
        let due = self.moment(-3, 17, 30)?;
        let plan = json!({ "cause": "新旧通知并存，未查口径即答", "action": "辅导考试日程口径，抽查五通", "due_at": due });
        let planned = self
            .stage
            .does("lead", "corrective-actions", &made, "plan", plan)
            .await?;
        self.stage.at(2, 15, 0);
        let coach = json!({ "starts_at": self.moment(-1, 15, 0)?, "minutes": 60, "place": "培训室",
            "teacher_id": self.stage.id("trainer")? });
        self.stage
            .does("quality", "corrective-actions", &planned, "coach", coach)
            .await?;
        Ok(())
    }

    async fn closed_action(&mut self) -> Result<()> {
        let call = self.call("agent3", (15, 14), LOOKED_UP, Some(4)).await?;
        self.stage.at(14, 9, 0);
        let drawn = self.drawn(&call, "记录质量专项").await?;
        let scored = self.scored(&drawn, &[("record", 6, "缺办理经过")]).await?;
        let released = self.released(&scored).await?;
        self.stage.at(13, 9, 0);
        let last = self
            .does("agent3", &released, "acknowledge", json!({}))
            .await?;
        let new = json!({ "source": "evaluation", "source_id": last["id"], "title": "来电记录缺办理经过",
            "problem": "三单记录只写结果", "owner_id": self.stage.id("lead")? });
        let made = self
            .stage
            .post("quality", "/corrective-actions", new)
            .await?;
        let plan = json!({ "cause": "对记录要求理解不一", "action": "班会重申要求并抽查", "due_at": self.moment(6, 17, 30)? });
        let planned = self
            .stage
            .does("lead", "corrective-actions", &made, "plan", plan)
            .await?;
        self.stage.at(8, 16, 0);
        let done = json!({ "note": "班会已重申，抽查五单完整" });
        let done = self
            .stage
            .does("lead", "corrective-actions", &planned, "finish", done)
            .await?;
        self.stage.at(7, 9, 40);
        let verify = json!({ "action": "verify", "opinion": "复查五单，记录完整" });
        let verified = self
            .stage
            .does("quality", "corrective-actions", &done, "verify", verify)
            .await?;
        let close = json!({ "action": "close" });
        self.stage
            .does("quality", "corrective-actions", &verified, "verify", close)
            .await?;
        self.calibrated(&last).await
    }

    async fn calibrated(&mut self, sample: &Value) -> Result<()> {
        self.stage.at(6, 14, 0);
        let new = json!({ "evaluation_id": sample["id"], "title": "本月评分尺度校准",
            "card_version_id": self.card["id"], "expert_id": self.stage.id("manager")? });
        let opened = self.stage.post("quality", "/calibrations", new).await?;
        let id = opened["id"].as_str().unwrap_or_default().to_owned();
        let given = [
            ("quality", vec![("record", 6, "缺办理经过")]),
            (
                "lead",
                vec![("record", 3, "经过不全"), ("manner", 2, "语速快")],
            ),
            ("manager", vec![("record", 5, "缺办理经过")]),
            ("purchaser", vec![("record", 8, "只写结果")]),
        ];
        let mut last = opened;
        for (who, taken) in given {
            let marks = json!({ "marks": self.marks(&taken)["marks"] });
            last = self
                .stage
                .post(who, &format!("/calibrations/{id}/score"), marks)
                .await?;
        }
        self.stage
            .does("quality", "calibrations", &last, "reveal", json!({}))
            .await?;
        Ok(())
    }

    /// The two sides' scores lie apart: the purchaser has to settle them.
    async fn apart(&mut self) -> Result<()> {
        let call = self.call("agent4", (6, 11), LOOKED_UP, Some(3)).await?;
        self.stage.at(5, 9, 0);
        let drawn = self.drawn(&call, "静默过长").await?;
        let scored = self
            .scored(&drawn, &[("procedure", 3, "查询前未告知")])
            .await?;
        let released = self.released(&scored).await?;
        self.stage.at(3, 10, 0);
        let low = self.marks(&[
            ("procedure", 10, "让诉求人静等十余秒"),
            ("manner", 4, "未致歉"),
        ]);
        self.does("counterpart", &released, "purchaser-score", low)
            .await?;
        Ok(())
    }

    /// Conversations and work orders are read: one of each is released, one of each waits for its reviewer.
    async fn read(&mut self, app: &App) -> Result<()> {
        let chats = written::chats(&self.stage).await?;
        let orders = written::work_orders(app).await?;
        self.stage.at(4, 9, 0);
        let slow = (
            "manner",
            4,
            "诉求人追问后近五分钟才回复，且未先告知需要核实",
        );
        let vague = ("record", 3, "未写明向谁核对、何时有结果");
        let read = [
            ("conversation", &chats[0], slow, 6),
            ("work_order", &orders[0], vague, 2),
        ];
        for (kind, contact, taken, step) in read {
            let drawn = self.picked(kind, contact, "文字渠道专项抽查").await?;
            let place = json!([{ "step": step, "note": "" }]);
            let marks = self.marks_at(&[taken], &place);
            let scored = self.does("quality", &drawn, "score", marks).await?;
            self.released(&scored).await?;
        }
        let to = json!({ "to": self.stage.id("quality")? });
        for (kind, contact) in [("conversation", &chats[1]), ("work_order", &orders[1])] {
            let drawn = self.picked(kind, contact, "月度抽查").await?;
            self.does("manager", &drawn, "assign", to.clone()).await?;
        }
        Ok(())
    }

    async fn waiting(&mut self) -> Result<()> {
        let appealed = self.call("agent5", (4, 9), CALM, Some(4)).await?;
        let released = self.call("agent1", (3, 16), CALM, None).await?;
        let scored = self.call("agent6", (2, 10), CALM, Some(5)).await?;
        for (agent, when) in [("agent2", (2, 14)), ("agent3", (1, 9)), ("agent6", (1, 15))] {
            self.call(agent, when, LOOKED_UP, None).await?;
        }
        self.stage.at(2, 17, 0);
        let one = self.drawn(&appealed, "月度抽查").await?;
        let one = self
            .scored(&one, &[("approved_answer", 8, "未引用知识条目")])
            .await?;
        let one = self.released(&one).await?;
        let two = self.drawn(&released, "月度抽查").await?;
        let two = self.scored(&two, &[("opening", 4, "未报工号")]).await?;
        self.released(&two).await?;
        let three = self.drawn(&scored, "月度抽查").await?;
        self.scored(&three, &[]).await?;
        self.stage.at(1, 11, 0);
        let reason = json!({ "reason": "已口头引用知识条目编号，请复听" });
        self.does("agent5", &one, "appeal", reason).await?;
        self.stage.at(0, 0, 30);
        let until = self.moment(0, 0, 0)?;
        let draw =
            json!({ "plan": "monthly", "from": until - TimeDelta::days(28), "until": until });
        let draw = self.stage.post("quality", "/sampling-draws", draw).await?;
        // One of them cannot be heard: the next of its agent's order stands in for it.
        let id = draw["id"].as_str().unwrap_or_default();
        let path = format!("/evaluations?draw={id}&origin=random&kind=call&state=sampled");
        let drawn = self.stage.looks("manager", &path).await?;
        let reason = json!({ "reason": "测试拨号，不是诉求人来电" });
        if let Some(first) = drawn["items"].as_array().and_then(|all| all.first()) {
            self.does("manager", first, "void", reason).await?;
        }
        Ok(())
    }
}
