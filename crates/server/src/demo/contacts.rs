//! The demo's year of calls: ordinary weeks, two weeks of registrations – the second was too much for six seats –, days on
//! which the registration system failed and people called again and again, and better figures since overtime and a script
//! were agreed. The rows are those that telephony, floor and tickets write; the facts are made of them as always.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use floor::work_item::parts::row as part;
use floor::work_item::store::row as work;
use kernel::App;
use kernel::problem::{Result, internal};
use requesters::Caller;
use sea_orm::{EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use serde_json::json;
use telephony::calls::rows::call;
use telephony::outbound::callback::store::{missed_row as missed, row as callback};
use tickets::contact::store::row as record;
use uuid::Uuid;

/// Days before today.
const DAYS: u64 = 365;
/// The house was young before; fewer knew its number.
const YOUNG: u64 = 182;
/// People who call.
const PEOPLE: u64 = 400;
/// Calls of one transaction: a page of facts.
const AT_ONCE: usize = 400;
/// The first week of registrations, so many days ago.
const SPRING: std::ops::Range<u64> = 248..255;
/// The week of registrations began so many days ago.
const REGISTRATION: std::ops::Range<u64> = 66..74;
/// The system failed on the working days so many days ago.
pub(super) const FAULT: std::ops::Range<u64> = 30..33;
/// Better since then.
const BETTER: u64 = 28;

const MATTERS: [&str; 10] = [
    "101", "103", "105", "106", "107", "109", "110", "203", "205", "210",
];
/// What agents write of them, in the same order.
const SUMMARIES: [[&str; 2]; 10] = [
    [
        "咨询一级建造师报名条件，已按口径解释。",
        "询问学历年限是否够报考，已答复。",
    ],
    [
        "照片审核处理工具打不开，已指引。",
        "照片尺寸不符合要求，告知处理办法。",
    ],
    [
        "咨询资格核验要多久，已答复。",
        "人工核查需要什么材料，已告知。",
    ],
    ["咨询考试费标准，已答复。", "询问缴费截止时间，已告知。"],
    [
        "询问准考证打印时间，已告知。",
        "准考证打印在哪个入口，已指引。",
    ],
    [
        "询问成绩公布时间，已登记告知。",
        "咨询成绩复核流程，已答复。",
    ],
    ["询问证书领取地址，已告知。", "咨询电子证书下载，已指引。"],
    [
        "咨询职称申报学历资历条件，已答复。",
        "询问业绩材料如何认定，已解释。",
    ],
    [
        "职称系统提交后如何修改，已指引。",
        "咨询职称系统账号绑定单位，已答复。",
    ],
    [
        "咨询继续教育学时要求，已答复。",
        "询问公需课学时登记，已告知。",
    ],
];
/// What they write while the system fails.
const OF_THE_FAULT: [&str; 4] = [
    "反映缴费页面提示系统繁忙，按故障口径答复并登记。",
    "缴费页面提示系统繁忙，担心错过截止时间，已安抚登记。",
    "扣款成功但缴费页面提示系统繁忙，已登记核对订单。",
    "手机端缴费页面提示系统繁忙，多次重试无效，已登记。",
];

/// The same throws at every start.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn throw(&mut self, sides: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.throw(sides as u64)).unwrap_or(0)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn seconds(&mut self, least: i64, more: u64) -> TimeDelta {
        TimeDelta::seconds(least + self.throw(more).cast_signed())
    }
}

/// How a day went.
#[derive(Clone, Copy)]
struct Weather {
    calls: u64,
    /// Of a hundred calls so many are answered.
    answered: u64,
    /// Of a hundred answered so many within 15 seconds.
    soon: u64,
    /// Of a hundred so many are about the failing system.
    fault: u64,
    /// Seconds of talk at least.
    talk: i64,
    /// Of a hundred rated so many are not satisfied.
    dissatisfied: u64,
    /// Of a hundred who gave up so many are called back in time.
    returned: u64,
}

fn weather(ago: u64) -> Weather {
    let ordinary = Weather {
        calls: 30,
        answered: 95,
        soon: 88,
        fault: 2,
        talk: 130,
        dissatisfied: 6,
        returned: 92,
    };
    if SPRING.contains(&ago) {
        Weather {
            calls: 50,
            answered: 88,
            soon: 74,
            talk: 155,
            dissatisfied: 10,
            ..ordinary
        }
    } else if REGISTRATION.contains(&ago) {
        Weather {
            calls: 85,
            answered: 79,
            soon: 58,
            talk: 170,
            dissatisfied: 14,
            ..ordinary
        }
    } else if FAULT.contains(&ago) {
        Weather {
            calls: 70,
            answered: 84,
            soon: 66,
            fault: 70,
            talk: 150,
            dissatisfied: 22,
            ..ordinary
        }
    } else if ago < BETTER {
        Weather {
            answered: 98,
            soon: 94,
            talk: 105,
            dissatisfied: 3,
            returned: 100,
            ..ordinary
        }
    } else if ago >= YOUNG {
        Weather {
            calls: 20,
            answered: 94,
            soon: 86,
            talk: 140,
            ..ordinary
        }
    } else {
        ordinary
    }
}

#[derive(Default)]
struct Rows {
    ids: Vec<Uuid>,
    calls: Vec<call::ActiveModel>,
    works: Vec<work::ActiveModel>,
    parts: Vec<part::ActiveModel>,
    records: Vec<record::ActiveModel>,
    callbacks: Vec<callback::ActiveModel>,
    missed: Vec<missed::ActiveModel>,
}

/// Fills an empty database with it; people come first.
pub(crate) async fn seed(app: &App) -> Result<()> {
    // Calls alone may be of the story of quality.
    if work::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    let mut agents = Vec::new();
    for n in 1..=6 {
        let name = format!("agent{n}");
        let found = organization::users::store::by_username(app.db.read(), &name).await?;
        agents.push(found.ok_or_else(|| internal("the demo has no agents"))?.id);
    }
    let people = people(app).await?;
    let service = organization::service_calendar::load(app.db.read()).await?;
    let today = kernel::day::today(app);
    let mut dice = Dice(20_261_127);
    let mut rows = Rows::default();
    for ago in (1..=DAYS).rev() {
        let day = today - Days::new(ago);
        if !service.calendar.is_workday(day) {
            continue;
        }
        let weather = weather(ago);
        for _ in 0..weather.calls {
            one(app, &mut dice, &mut rows, day, weather, (&agents, &people));
            if rows.ids.len() == AT_ONCE {
                write(app, std::mem::take(&mut rows)).await?;
            }
        }
    }
    write(app, rows).await
}

async fn people(app: &App) -> Result<Vec<Uuid>> {
    let callers: Vec<Caller> = (0..PEOPLE)
        .map(|n| Caller {
            number: Some(format!("1391000{n:04}")),
            name: None,
        })
        .collect();
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            requesters::find_or_create_many(&services, &*tx, &callers).await
        })
        .await
}

fn one(
    app: &App,
    dice: &mut Dice,
    rows: &mut Rows,
    day: NaiveDate,
    weather: Weather,
    (agents, people): (&[Uuid], &[Uuid]),
) {
    let id = app.ids.next();
    // Mornings are busier; from 08:30 to 11:50, or from 13:30 to 17:50.
    let minute = if dice.throw(100) < 60 {
        510 + dice.throw(200)
    } else {
        810 + dice.throw(260)
    };
    let begin = day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc() - TimeDelta::hours(8);
    let offered: DateTime<Utc> = begin
        + TimeDelta::minutes(minute.cast_signed())
        + TimeDelta::milliseconds(dice.throw(60_000).cast_signed());
    let who = *dice.one(people);
    let answered = dice.throw(100) < weather.answered;
    let agent = *dice.one(agents);
    let wait = if !answered {
        dice.seconds(2, 90)
    } else if dice.throw(100) < weather.soon {
        dice.seconds(3, 12)
    } else {
        dice.seconds(16, 70)
    };
    let ended = if answered {
        offered + wait + dice.seconds(weather.talk, 160)
    } else {
        offered + wait
    };
    let short = !answered && wait <= TimeDelta::seconds(5);
    let outcome = match (answered, short) {
        (true, _) => "answered",
        (_, true) => "short_abandoned",
        _ => "abandoned",
    };
    let answered_at = answered.then(|| offered + wait);
    let rating = (answered && dice.throw(100) < 38).then(|| {
        if dice.throw(100) < weather.dissatisfied {
            2
        } else {
            3 + i32::from(dice.throw(4) > 0) + i32::from(dice.throw(3) > 0)
        }
    });
    let (matter, summary) = if dice.throw(100) < weather.fault {
        ("114", *dice.one(&OF_THE_FAULT))
    } else {
        let told = dice.below(MATTERS.len());
        (MATTERS[told], *dice.one(&SUMMARIES[told]))
    };
    let wrap_up = dice.seconds(15, 45);

    let mut of_call = call::Model {
        id,
        direction: "inbound".to_owned(),
        hotline: "12333".to_owned(),
        caller: String::new(),
        caller_hash: String::new(),
        requester_id: Some(who),
        queue: Some(floor::DEFAULT_QUEUE.to_owned()),
        agent_id: answered.then_some(agent),
        staff_no: None,
        state: "ended".to_owned(),
        outcome: Some(outcome.to_owned()),
        ended_by: Some("requester".to_owned()),
        arrived_at: offered - TimeDelta::seconds(8),
        queued_at: Some(offered),
        rung_at: None,
        answered_at,
        ended_at: Some(ended),
        held_ms: 0,
        trunk: String::new(),
        sip_call_id: String::new(),
        recording_state: "none".to_owned(),
        recording_path: None,
        recording_ms: None,
        recording_bytes: None,
        recording_sha256: None,
        recording_lost_ms: None,
        events: 0,
        rating,
        source: "shoujie".to_owned(),
        source_code: None,
        external_id: None,
    };
    of_call.rung_at =
        answered_at.map(|at| at - TimeDelta::seconds(2 + dice.throw(2).cast_signed()));
    let mut of_work = floor::work_item::new(
        id,
        floor::MediaKind::Voice,
        Some(floor::DEFAULT_QUEUE.to_owned()),
        offered,
    );
    of_work.accepted_at = answered_at;
    of_work.in_time = answered.then(|| wait <= TimeDelta::seconds(15));
    of_work.agent_id = answered.then_some(agent);
    of_work.ended_at = Some(ended);
    of_work.outcome = Some(outcome.to_owned());
    of_work.short = short;
    of_work.wait_ms = Some(wait.num_milliseconds());
    if let Some(began_at) = answered_at {
        let of_part = part::Model {
            id: app.ids.next(),
            work_id: id,
            number: 1,
            queue: of_work.queue.clone(),
            agent_id: agent,
            began_at,
            ended_at: Some(ended),
            ended_as: Some(floor::work_item::parts::OVER.to_owned()),
            wrap_up_began_at: Some(ended),
            wrap_up_ended_at: Some(ended + wrap_up),
            wrap_up_extensions: 0,
            wrap_up_expired: false,
        };
        rows.parts.push(of_part.into_active_model());
    }
    let of_record = record::Model {
        id,
        medium: "voice".to_owned(),
        channel: "voice".to_owned(),
        direction: "inbound".to_owned(),
        queue: of_work.queue.clone(),
        requester_id: who,
        agent_id: answered.then_some(agent),
        started_at: offered,
        answered_at,
        ended_at: Some(ended),
        outcome: Some(outcome.to_owned()),
        wrap_up_began_at: answered_at.map(|_| ended),
        wrap_up_ms: answered_at.map(|_| wrap_up.num_milliseconds()),
        state: if answered { "complete" } else { "missed" }.to_owned(),
        request_type: answered
            .then(|| if matter == "114" { "fault" } else { "consult" }.to_owned()),
        matter_code: answered.then(|| matter.to_owned()),
        result: answered.then(|| "answered".to_owned()),
        summary: if answered { summary } else { "" }.to_owned(),
        articles: json!([]),
        ticket_id: None,
        owed_since: None,
        late: false,
        completed_at: answered_at.map(|_| ended + wrap_up),
        completed_by: answered.then_some(agent),
        version: 1,
        source: "shoujie".to_owned(),
    };
    if !answered && !short {
        let called = CalledBack {
            missed_at: ended,
            requester: who,
            agent,
            in_time: dice.throw(100) < weather.returned,
        };
        let owed = called.row(app);
        let of_missed = missed::Model {
            work_id: id,
            callback_id: owed.id,
            missed_at: ended,
            outcome: Some(outcome.to_owned()),
            wait_ms: Some(wait.num_milliseconds()),
        };
        rows.callbacks.push(owed.into_active_model());
        rows.missed.push(of_missed.into_active_model());
    }
    rows.ids.push(id);
    rows.calls.push(of_call.into_active_model());
    rows.works.push(of_work.into_active_model());
    rows.records.push(of_record.into_active_model());
}

/// Somebody gave up and was called.
struct CalledBack {
    missed_at: DateTime<Utc>,
    requester: Uuid,
    agent: Uuid,
    in_time: bool,
}

impl CalledBack {
    fn row(self, app: &App) -> callback::Model {
        let due_at = self.missed_at + TimeDelta::days(1);
        let called_at = if self.in_time {
            self.missed_at + TimeDelta::minutes(40)
        } else {
            due_at + TimeDelta::hours(2)
        };
        callback::Model {
            id: app.ids.next(),
            number: String::new(),
            number_hash: None,
            requester_id: Some(self.requester),
            queue: Some(floor::DEFAULT_QUEUE.to_owned()),
            state: "reached".to_owned(),
            open: false,
            owner_id: Some(self.agent),
            assigned_at: Some(self.missed_at),
            missed: 1,
            first_missed_at: self.missed_at,
            last_missed_at: self.missed_at,
            warn_at: due_at - TimeDelta::hours(1),
            due_at,
            warned: !self.in_time,
            breached: !self.in_time,
            attempts: 1,
            first_attempt_at: Some(called_at),
            in_time: Some(self.in_time),
            closed_at: Some(called_at),
            closed_by: Some(self.agent),
            closing_call: None,
            note: None,
            next_alarm_at: None,
            updated_at: called_at,
            version: 1,
        }
    }
}

async fn write(app: &App, rows: Rows) -> Result<()> {
    if rows.ids.is_empty() {
        return Ok(());
    }
    app.db
        .write(move |tx| async move {
            call::Entity::insert_many(rows.calls)
                .exec_without_returning(&*tx)
                .await?;
            work::Entity::insert_many(rows.works)
                .exec_without_returning(&*tx)
                .await?;
            if !rows.parts.is_empty() {
                part::Entity::insert_many(rows.parts)
                    .exec_without_returning(&*tx)
                    .await?;
            }
            record::Entity::insert_many(rows.records)
                .exec_without_returning(&*tx)
                .await?;
            if !rows.callbacks.is_empty() {
                callback::Entity::insert_many(rows.callbacks)
                    .exec_without_returning(&*tx)
                    .await?;
                missed::Entity::insert_many(rows.missed)
                    .exec_without_returning(&*tx)
                    .await?;
            }
            analytics::facts::keep::contacts(&tx, &rows.ids).await?;
            Ok(())
        })
        .await
}
