//! Finding an answer among 20,000 articles while somebody waits on the line.
#![expect(clippy::disallowed_methods, reason = "a stopwatch measures real time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::agents::agent;
use benches::percentile;
use benches::server::Server;
use chrono::{TimeDelta, Utc};
use clap::Parser;
use kernel::Db;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Statement, Value};
use serde_json::json;
use tempfile::TempDir;
use testing::Kind;
use uuid::Uuid;

/// What a search may take: the hundredth slowest answer.
const LIMIT: Duration = Duration::from_millis(30);
const AT_ONCE: usize = 500;

const EXAMS: [&str; 10] = [
    "一级建造师",
    "二级建造师",
    "中级经济师",
    "执业药师",
    "一级造价工程师",
    "注册安全工程师",
    "社会工作者",
    "翻译专业资格",
    "公务员考试",
    "事业单位招聘",
];
const THINGS: [&str; 16] = [
    "报名条件",
    "用户名或密码",
    "照片上传",
    "学历核验",
    "告知承诺",
    "报名费退费",
    "缴费状态",
    "准考证打印",
    "考场计算器",
    "迟到入场",
    "成绩公布",
    "成绩复核",
    "证书领取",
    "电子证书下载",
    "职称申报",
    "继续教育学时",
];
const ASKS: [&str; 8] = [
    "怎么办",
    "有什么要求",
    "什么时候办理",
    "在哪里查询",
    "失败了怎么处理",
    "需要什么材料",
    "可以代办吗",
    "多久有结果",
];
const ANSWERS: [&str; 8] = [
    "请先阅读本次考试的报名公告，重点核对学历、专业和从业年限。",
    "请使用报名系统提供的工具处理后再提交，并检查文件大小。",
    "一般需要一段时间，请在提交后约二十四小时再登录查看。",
    "以本年度公告公布的起止时间为准，建议提前办理并核对姓名和证件号。",
    "仍不能解决的，请登记姓名、联系方式和报错内容，由我们转业务科室答复。",
    "请不要提供银行卡号和密码，我们不会向您索取。",
    "跨地区的确认方式以主管部门规定为准，请登记后由职称科答复。",
    "逾期未补正的视为放弃，请在截止时间前再次提交。",
];

/// What people ask, and how it is found.
const QUESTIONS: [(&str, &str); 8] = [
    ("a common word", "报名"),
    ("two words", "准考证打印"),
    (
        "a sentence",
        "我报的一级建造师准考证什么时候可以打印，打印不了怎么办",
    ),
    ("first letters", "zkzdy"),
    ("a document", "考函〔2026〕123号"),
    ("a number", "ZS10001"),
    ("a synonym", "入场凭条"),
    ("nothing", "火星移民签证"),
];

#[derive(Parser)]
#[command(about = "Searches and suggestions among many articles")]
struct Args {
    /// The server's binary, built for release.
    #[arg(long, default_value = "target/release/shoujie")]
    server: PathBuf,
    /// The core that the server gets.
    #[arg(long, default_value = "0")]
    core: String,
    /// Articles in force.
    #[arg(long, default_value_t = 20_000)]
    articles: usize,
    /// Requests of each kind.
    #[arg(long, default_value_t = 500)]
    requests: usize,
    /// `sqlite`, `postgres` or both.
    #[arg(long)]
    database: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut slow = Vec::new();
    for (name, kind) in [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres)] {
        if args.database.as_deref().is_none_or(|asked| asked == name) {
            println!("\n## {name}, {} articles\n", args.articles);
            slow.extend(measured(&args, kind).await?);
        }
    }
    ensure!(
        slow.is_empty(),
        "slower than {LIMIT:?}: {}",
        slow.join("; ")
    );
    Ok(())
}

/// Fills a database and asks; returns what was too slow.
async fn measured(args: &Args, kind: Kind) -> Result<Vec<String>> {
    let folder = TempDir::new()?;
    let database = testing::database(kind, &[]).await;
    let start = async || {
        Server::start_in(
            folder.path(),
            &database.url,
            &args.server,
            &args.core,
            "warn",
        )
        .await
    };
    let server = start().await?;
    let me = agent(&server, 1).await?;
    let me = me.ask(Method::GET, "/api/v1/session", None).await?;
    let me: Uuid = me["user"]["id"]
        .as_str()
        .or(me["id"].as_str())
        .context("who am I")?
        .parse()?;
    server.stop().await?;
    fill(&database.url, args.articles, me).await?;

    let server = start().await?;
    let person = agent(&server, 1).await?;
    let began = Instant::now();
    person.try_ask("/api/v1/articles/search?q=x").await?;
    println!(
        "first search, with the reading of all: {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let mut bad = Vec::new();
    println!("\n| | p50 ms | p99 ms | most ms |\n| --- | --- | --- | --- |");
    for (what, text) in QUESTIONS {
        let query: String = text
            .bytes()
            .fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
        let path = format!("/api/v1/articles/search?q={query}");
        let mut times = Vec::new();
        for _ in 0..args.requests {
            let began = Instant::now();
            person.try_ask(&path).await?;
            times.push(began.elapsed());
        }
        bad.extend(told(what, times));
    }
    let mut times = Vec::new();
    for n in 0..args.requests {
        let text = format!("您好，{}，{}", ANSWERS[n % 8].repeat(3), THINGS[n % 16]);
        let began = Instant::now();
        let said = json!({"text": text});
        person
            .ask(Method::POST, "/api/v1/articles/suggest", Some(said))
            .await?;
        times.push(began.elapsed());
    }
    bad.extend(told("suggestions for a long text", times));
    println!("\nmemory of the server: {:.0} MiB", server.memory_mib()?);
    server.stop().await?;
    Ok(bad)
}

fn told(what: &str, mut times: Vec<Duration>) -> Option<String> {
    times.sort_unstable();
    let ms = |percent| format!("{:.1}", percentile(&times, percent).as_secs_f64() * 1000.0);
    println!("| {what} | {} | {} | {} |", ms(50), ms(99), ms(100));
    (percentile(&times, 99) > LIMIT).then(|| format!("{what}: {} ms", ms(99)))
}

/// Articles that hold, as the product would have written them.
async fn fill(url: &str, many: usize, author: Uuid) -> Result<()> {
    let db = Db::connect(url).await?;
    let mut random = StdRng::seed_from_u64(7);
    // Some time ago: what was written in this moment is read again with every search.
    let now = Utc::now() - TimeDelta::hours(1);
    let mut number = 0_u32;
    while (number as usize) < many {
        let mut rows: Vec<(&'static str, Vec<Value>)> = Vec::new();
        for _ in 0..AT_ONCE.min(many - number as usize) {
            number += 1;
            let id = Uuid::from_u128(0x5eed_0000_0000 + u128::from(number));
            let change = Uuid::from_u128(0xc4a0_0000_0000 + u128::from(number));
            let mut one_of = |words: &[&'static str]| *words.choose(&mut random).unwrap_or(&"");
            let (exam, thing) = (one_of(&EXAMS), one_of(&THINGS));
            let title = format!("{exam}{thing}{}", one_of(&ASKS));
            let answer: Vec<&str> = (0..4).map(|_| one_of(&ANSWERS)).collect();
            let name = format!("ZS{:05}", 10_000 + number);
            let matter = format!("1{:02}", random.random_range(1..15));
            rows.push((
                "insert into approvals (id, number, kind, subject_id, subject_number, n, title, author_id, state, waiting, \
                 in_force, emergency, reminders, effective_at, due_for_review, created_at, updated_at, version) \
                 values ($1, $2, 'article', $3, $4, 1, $5, $6, 'effective', $7, $8, $7, 0, $9, $7, $9, $9, 1)",
                vec![change.into(), format!("B{number}").into(), id.into(), name.clone().into(), title.clone().into(),
                    author.into(), false.into(), true.into(), now.into()],
            ));
            rows.push((
                "insert into articles (id, number, kind, matter_code, tags, title, state, current_n, latest_n, emergency, \
                 due_for_review, author_id, created_at, updated_at, version) \
                 values ($1, $2, 'article', $3, '', $4, 'effective', 1, 1, $5, $5, $6, $7, $7, 1)",
                vec![id.into(), name.into(), matter.into(), title.clone().into(), false.into(), author.into(), now.into()],
            ));
            rows.push((
                "insert into article_versions (article_id, n, approval_id, title, question, answer, keywords, source_no, \
                 source_title, author_id, created_at, updated_at) \
                 values ($1, 1, $2, $3, $4, $5, $6, $7, '本次考试报名公告', $8, $9, $9)",
                vec![id.into(), change.into(), title.clone().into(), format!("{title}？").into(), answer.join("\n").into(),
                    format!("{exam}\n{thing}").into(), format!("考函〔2026〕{}号", number % 500).into(), author.into(), now.into()],
            ));
        }
        db.write(move |tx| async move {
            for (sql, values) in rows {
                let backend = tx.get_database_backend();
                tx.execute_raw(Statement::from_sql_and_values(backend, sql, values))
                    .await?;
            }
            Ok(())
        })
        .await?;
    }
    let backend = db.backend();
    db.write(move |tx| async move {
        let sql = "insert into knowledge_synonyms (id, words, state, updated_at, version) values ($1, $2, 'active', $3, 1)";
        let words: Vec<Value> = vec![Uuid::from_u128(1).into(), "准考证\n入场凭条".into(), now.into()];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, words))
            .await?;
        Ok(())
    })
    .await?;
    db.close().await;
    Ok(())
}
