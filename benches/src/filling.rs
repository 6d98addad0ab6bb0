//! Fills a database with tickets as a busy hotline would have them after three years.

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Phone;
use kernel::search::WordIndex;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DbBackend, FromQueryResult, Statement, Value,
};
use uuid::Uuid;

const DAYS: i64 = 1_095;
const OWNERS: usize = 1_000;
/// Tickets for each requester.
const CONTACTS: usize = 3;
const AT_ONCE: usize = 500;
/// Of a hundred tickets so many are open.
const OPEN: usize = 3;

const MATTERS: [(&str, &str, &str); 12] = [
    ("101", "exams", "报名条件"),
    ("102", "exams", "注册与账号"),
    ("103", "exams", "照片审核"),
    ("105", "exams", "资格核验"),
    ("106", "exams", "缴费与退费"),
    ("107", "exams", "准考证打印"),
    ("109", "exams", "成绩查询与复核"),
    ("110", "exams", "电子证书补办"),
    ("203", "titles", "申报条件"),
    ("205", "titles", "系统操作"),
    ("207", "titles", "继续教育学时"),
    ("210", "titles", "评审进度"),
];
const SAYS: [&str; 16] = [
    "来电人称页面一直提示系统繁忙",
    "上传的照片多次被退回",
    "不清楚学历是否符合要求",
    "已缴费但状态仍显示未缴",
    "忘记密码且手机号已停用",
    "希望告知办理时限",
    "单位盖章的证明如何提交",
    "询问现场核验的地点和时间",
    "对答复不满意要求重新核实",
    "浏览器换过仍然打不开",
    "准考证无法下载为PDF文件",
    "申请退费后两周没有到账",
    "认为公示名单有误",
    "学时已经完成但系统没有同步",
    "外省证书是否需要确认",
    "报考岗位的专业目录怎么查",
];
const EXAMS: [&str; 10] = [
    "一级建造师",
    "二级造价工程师",
    "注册安全工程师",
    "经济专业技术资格",
    "执业药师",
    "社会工作者",
    "公务员录用",
    "事业单位招聘",
    "监理工程师",
    "翻译专业资格",
];
const RARE: &str = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎\
    鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄";

/// A ticket as the product wrote it; what the filling does not change is copied from it.
#[derive(FromQueryResult)]
struct Sample {
    form: serde_json::Value,
    life: serde_json::Value,
    rules: serde_json::Value,
}

/// What the filled database holds, for who asks for it.
pub struct Filled {
    /// Some tickets.
    pub tickets: Vec<(Uuid, String)>,
    /// People who own tickets.
    pub owners: Vec<Uuid>,
    /// Numbers of requesters.
    pub phones: Vec<String>,
    /// A name that few tickets hold.
    pub rare: String,
}

/// Adds `many` tickets to a database that holds one, owned by `first` among others.
pub async fn fill(
    url: &str,
    key: &[u8],
    many: usize,
    first: Uuid,
    now: DateTime<Utc>,
) -> Result<Filled> {
    let mut options = ConnectOptions::new(url);
    // Nothing here is kept: what a crash would lose is filled again.
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("synchronous", "off")
                .pragma("cache_size", "-500000")
                .busy_timeout(std::time::Duration::from_mins(1))
        });
    let db = Database::connect(options).await?;
    let sample = Sample::find_by_statement(Statement::from_string(
        db.get_database_backend(),
        "select form, life, rules from tickets limit 1",
    ));
    let sample = sample.one(&db).await?.context("no ticket to copy")?;
    let mut random = StdRng::seed_from_u64(20_261_125);
    let mut owners: Vec<Uuid> = (0..OWNERS).map(|_| Uuid::now_v7()).collect();
    owners[0] = first;
    let people: Vec<Uuid> = (0..many.div_ceil(CONTACTS))
        .map(|_| Uuid::now_v7())
        .collect();
    let mut phones = Vec::new();
    for (some, ids) in people.chunks(AT_ONCE).enumerate() {
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            let phone = format!("138{:08}", some * AT_ONCE + place);
            rows.push(vec![
                (*id).into(),
                name(&mut random).into(),
                phone.clone().into(),
                Phone::new(phone.clone()).hash(key).into(),
                "mobile".into(),
                "unknown".into(),
                "unverified".into(),
                1_i64.into(),
                now.into(),
                now.into(),
                1_i64.into(),
            ]);
            if place == 0 {
                phones.push(phone);
            }
        }
        insert(
            &db,
            "requesters",
            "id, name, phone, phone_hash, phone_kind, region, identity, contacts, \
            first_contact_at, last_contact_at, version",
            rows,
            Vec::new(),
        )
        .await?;
    }
    let (mut kept, mut rare) = (Vec::new(), String::new());
    let per_day = many.div_ceil(DAYS as usize);
    let mut done = 0;
    while done < many {
        let mut rows: Vec<Vec<Value>> = Vec::new();
        let mut texts = Vec::new();
        for place in done..many.min(done + AT_ONCE) {
            let opened = now - TimeDelta::days(DAYS)
                + TimeDelta::days((place / per_day) as i64)
                + TimeDelta::seconds((place % per_day) as i64 * 28_800 / per_day as i64);
            let count = (place % per_day + 1) as i64 + 5_000;
            let day = opened.format("%Y%m%d").to_string();
            let number = format!("SJ{day}-{count:04}");
            let seq = day.parse::<i64>()? * 1_000_000 + count;
            let open = random.random_range(0..100) < OPEN;
            let state = match (open, random.random_range(0..10)) {
                (true, 0..=6) => "in_handling",
                (true, 7..=8) => "pending_sign",
                (true, _) => "pending_review",
                (false, 0..=7) => "archived",
                (false, 8) => "closed",
                (false, _) => "returned",
            };
            let (matter, section, title) = MATTERS[random
                .random_range(0..12_usize)
                .min(random.random_range(0..12))];
            let asks = *pick(
                &mut random,
                &[
                    "consult",
                    "consult",
                    "consult",
                    "help",
                    "help",
                    "complaint",
                    "suggestion",
                    "fault",
                ],
            );
            let priority = *pick(&mut random, &["normal"; 15]);
            let priority = match random.random_range(0..100) {
                0 => "critical",
                1..=6 => "urgent",
                _ => priority,
            };
            let who = name(&mut random);
            let title = format!("{}{title}", pick(&mut random, &EXAMS));
            let summary = format!(
                "{}，{}。联系人{who}，编号GZ{place}",
                pick(&mut random, &SAYS),
                pick(&mut random, &SAYS)
            );
            if place == many / 2 {
                rare.clone_from(&who);
            }
            let owner = owners[random.random_range(0..OWNERS)];
            let id = Uuid::now_v7();
            let platform = if random.random_range(0..10) < 3 {
                "12345"
            } else {
                ""
            };
            let due = opened + TimeDelta::days(random.random_range(2..20));
            let ended = (!open).then_some(due);
            let none: Option<Uuid> = None;
            let nothing: Option<String> = None;
            let never: Option<DateTime<Utc>> = None;
            texts.push((seq, format!("{title} {summary}")));
            rows.push(vec![
                id.into(),
                number.clone().into(),
                seq.into(),
                platform.into(),
                state.into(),
                open.into(),
                asks.into(),
                matter.into(),
                section.into(),
                priority.into(),
                title.into(),
                summary.into(),
                sample.form.clone().into(),
                nothing.clone().into(),
                nothing.clone().into(),
                people[random.random_range(0..people.len())].into(),
                false.into(),
                none.into(),
                Some(owner).into(),
                owner.into(),
                none.into(),
                sample.life.clone().into(),
                sample.rules.clone().into(),
                none.into(),
                none.into(),
                opened.into(),
                due.into(),
                open.then_some(due).into(),
                ended.into(),
                0_i32.into(),
                never.into(),
                nothing.into(),
                ended.into(),
                opened.into(),
                1_i64.into(),
            ]);
            if random.random_range(0..many / 2_000 + 1) == 0 {
                kept.push((id, number));
            }
        }
        done += rows.len();
        insert(&db, "tickets", "id, number, seq, platform, state, open, request_type, matter_code, section, priority, \
            title, summary, form, resolution, satisfaction, requester_id, confidential, complained_agent_id, \
            first_owner_id, current_owner_id, transfer_to, life, rules, source_call_id, incident_id, opened_at, \
            due_at, runs_until, answered_at, reopenings, next_alarm_at, next_alarm, ended_at, updated_at, version", rows, texts).await?;
        if done % 50_000 == 0 {
            eprintln!("{done} tickets");
        }
    }
    let vacuum = ["vacuum analyze", "analyze"];
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    db.execute_unprepared(vacuum[usize::from(!postgres)])
        .await?;
    Ok(Filled {
        tickets: kept,
        owners,
        phones,
        rare,
    })
}

async fn insert(
    conn: &impl ConnectionTrait,
    table: &'static str,
    columns: &'static str,
    rows: Vec<Vec<Value>>,
    texts: Vec<(i64, String)>,
) -> Result<()> {
    let backend = conn.get_database_backend();
    // A numbered place is a name to SQLite, looked for among all the others.
    let place = |number: usize| match backend {
        DbBackend::Postgres => format!("${number}"),
        _ => "?".to_owned(),
    };
    let width = rows.first().map_or(0, Vec::len);
    let places: Vec<String> = (0..rows.len())
        .map(|row| {
            let places: Vec<String> = (1..=width)
                .map(|column| place(row * width + column))
                .collect();
            format!("({})", places.join(", "))
        })
        .collect();
    let sql = format!(
        "insert into {table} ({columns}) values {}",
        places.join(", ")
    );
    let values: Vec<Value> = rows.into_iter().flatten().collect();
    conn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    WordIndex::of("ticket_words").put(conn, texts).await?;
    Ok(())
}

fn pick<'a, T>(random: &mut StdRng, some: &'a [T]) -> &'a T {
    some.choose(random).unwrap_or(&some[0])
}

fn name(random: &mut StdRng) -> String {
    let signs: Vec<char> = RARE.chars().filter(|sign| !sign.is_whitespace()).collect();
    (0..3).map(|_| *pick(random, &signs)).collect()
}
