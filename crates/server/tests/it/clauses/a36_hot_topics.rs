//! what is asked more than before is found in what agents wrote, reviewed by the analyst, published by the
//! manager to the purchaser, and becomes a draft, a course, a 请示 and a line of the brief, each once; nobody is named.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both_at, path};
use crate::support::{Person, TestServer};

const DAY: Duration = Duration::from_hours(24);
/// What agents write every week.
const EVER: [(&str, &str); 4] = [
    ("101", "来电人咨询一级建造师报名时间，已解释。"),
    ("106", "咨询考试费标准，已答复。"),
    ("110", "市民询问证书领取地址，已告知。"),
    ("102", "询问成绩何时公布，已登记。"),
];
const NAMES: [&str; 6] = ["王建国", "陈思雨", "欧阳明", "李海燕", "赵志强", "何国华"];

async fn notes(agent: &Person, n: usize, matter: &str, summary: &str) -> Value {
    let phone = format!("139{n:08}");
    let visit = json!({"channel": "window", "phone": phone, "request_type": "consult", "matter": matter,
        "result": "answered", "summary": summary});
    agent.post("/api/v1/manual-contacts", visit).await
}

/// Four weeks as ever, then one in which the face recognition fails; the clock stands on the Monday after it.
async fn five_weeks(server: &TestServer, agent: &Person) {
    let mut n = 0;
    for week in 0..5 {
        for (matter, summary) in EVER {
            for _ in 0..2 {
                n += 1;
                notes(agent, n, matter, summary).await;
            }
        }
        server.clock.advance(DAY);
        if week == 4 {
            for (at, way) in [
                "登录时人脸识别通不过",
                "人脸识别反复失败",
                "手机端人脸识别没反应",
                "提交前人脸识别一直转圈",
            ]
            .iter()
            .cycle()
            .take(12)
            .enumerate()
            {
                n += 1;
                let name = NAMES[at % NAMES.len()];
                let summary = match at % 3 {
                    0 => format!("来电人{name}反映{way}，电话1380013{at:04}，请尽快处理。"),
                    1 => format!("{way}，联系人：{name}，身份证44010619900101{at:04}。"),
                    _ => format!("市民反映{way}，已登记。"),
                };
                notes(agent, n, "101", &summary).await;
            }
        }
        server.clock.advance(DAY * 6);
    }
}

fn nobody_in(text: &str) {
    for name in NAMES {
        assert!(!text.contains(name), "{name} stands in {text}");
    }
    for part in ["1380013", "440106"] {
        assert!(!text.contains(part), "{part} stands in {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_topic_is_found_reviewed_published_and_becomes_a_draft_and_a_course() {
    // A Monday, and no holiday in the weeks that follow.
    on_both_at("2026-10-12T02:00:00Z", &[], async |server| {
        let (manager, analyst) = (server.sign_in("manager").await, server.sign_in("analyst").await);
        let (agent, purchaser) = (server.sign_in("agent3").await, server.sign_in("purchaser").await);
        let channel = json!({"version": null, "name": "窗口来访", "kind": "manual", "queue": null, "enabled": true});
        manager.put("/api/v1/channels/window", channel).await;
        five_weeks(server, &agent).await;

        let period = json!({"from": "2026-11-09", "until": "2026-11-15"});
        assert_eq!(agent.ask(Method::POST, "/api/v1/topic-runs", Some(period.clone())).await.0, StatusCode::FORBIDDEN);
        analyst.must(Method::POST, "/api/v1/topic-runs", Some(period)).await;
        let runs = analyst
            .until("/api/v1/topic-runs", Duration::from_secs(20), |runs| runs["items"][0]["state"] == "done")
            .await;
        assert_eq!(runs["items"][0]["contacts"], 20, "{runs}");
        let found = analyst.get("/api/v1/topics?tab=hot&from=2026-11-09").await;
        let topics = found["items"].as_array().unwrap();
        let topic = topics.iter().find(|one| one["name"].as_str().unwrap().contains("人脸识别"));
        let topic = topic.unwrap_or_else(|| panic!("not found: {found}"));
        assert_eq!((&topic["count"], &topic["ratio"], &topic["rise"]), (&json!(12), &Value::Null, &json!("day")), "{topic}");
        assert_eq!(topic["matter"]["code"], "101");
        let at = path("topics", topic);
        let shown = analyst.get(&at).await;
        nobody_in(&shown.to_string());
        let examples = shown["examples"].as_array().unwrap();
        assert!(examples.len() >= 3 && examples[0]["contact_id"].is_string(), "{shown}");

        // The purchaser sees nothing of it yet, and nothing is made of what nobody reviewed.
        assert_eq!(purchaser.ask(Method::GET, &at, None).await.0, StatusCode::NOT_FOUND);
        let version = |of: &Value| of["version"].clone();
        let (spawns, steps) = (format!("{at}/spawns"), format!("{at}/steps"));
        assert_eq!(analyst.refused(Method::POST, &spawns, json!({"kind": "article"})).await.1, "topic_not_reviewed");
        let review = json!({"action": "review", "version": version(&shown)});
        assert_eq!(analyst.refused(Method::POST, &steps, review).await.1, "topic_not_written");
        let named = json!({"version": version(&shown), "name": "人脸识别登录失败", "class": "hot", "suggestion": "电话13800138000"});
        assert_eq!(analyst.refused(Method::PUT, &at, named).await.1, "topic_names_somebody");
        let named = json!({"version": version(&shown), "name": "人脸识别登录失败", "class": "hot",
            "suggestion": "发布操作指引，培训座席引导更换浏览器"});
        let shown = analyst.put(&at, named).await;
        let shown = analyst.post(&steps, json!({"action": "review", "version": version(&shown)})).await;
        assert_eq!(shown["state"], "reviewed");

        // Two people look at what the purchaser gets.
        let publish = format!("{at}/publish");
        let now = json!({"version": version(&shown)});
        assert_eq!(analyst.ask(Method::POST, &publish, Some(now.clone())).await.0, StatusCode::FORBIDDEN);
        let waits = manager.get("/api/v1/waiting").await;
        assert!(waits.to_string().contains("人脸识别登录失败"), "{waits}");
        let shown = manager.post(&publish, now).await;
        assert_eq!(shown["state"], "published");
        let late = json!({"version": version(&shown), "name": "另一个", "class": "hard", "suggestion": "无"});
        assert_eq!(analyst.refused(Method::PUT, &at, late).await.1, "topic_published");

        let read = purchaser.get("/api/v1/topics?state=published&month=2026-11").await;
        assert_eq!(read["total"], 1, "{read}");
        let read = purchaser.get(&at).await;
        nobody_in(&read.to_string());
        assert!(read["examples"][0]["contact_id"].is_null(), "the purchaser has no way to the contacts: {read}");

        // One click each, and no second one.
        for kind in ["article", "course", "brief"] {
            let once = analyst.post(&spawns, json!({"kind": kind})).await;
            let twice = analyst.post(&spawns, json!({"kind": kind})).await;
            assert_eq!(once["spawns"], twice["spawns"]);
        }
        assert_eq!(analyst.refused(Method::POST, &spawns, json!({"kind": "instruction"})).await.1, "topic_instruction_not_yours");
        let made = manager.post(&spawns, json!({"kind": "instruction"})).await;
        let made_of = |kind: &str| {
            let all = made["spawns"].as_array().unwrap().iter();
            all.clone().find(|one| one["kind"] == kind).unwrap()["target_id"].as_str().unwrap().to_owned()
        };
        let article = analyst.get(&format!("/api/v1/articles/{}", made_of("article"))).await;
        assert_eq!((&article["title"], &article["state"]), (&json!("人脸识别登录失败"), &json!("draft")));
        nobody_in(&article.to_string());
        let trainer = server.sign_in("trainer").await;
        let course = trainer.get(&format!("/api/v1/courses/{}", made_of("course"))).await;
        assert_eq!((&course["title"], &course["matter"]), (&json!("人脸识别登录失败"), &json!("101")));
        let document = manager.get(&format!("/api/v1/instructions/{}", made_of("instruction"))).await;
        assert_eq!((&document["kind"], &document["state"]), (&json!("instruction_request"), &json!("draft")));
        let drafts = trainer.get("/api/v1/articles?q=人脸识别登录失败").await;
        assert_eq!(drafts["total"], 1, "made once: {drafts}");

        // What was reviewed stays when the week is looked at again; what was only found is found anew.
        let again = json!({"from": "2026-11-09", "until": "2026-11-15"});
        analyst.must(Method::POST, "/api/v1/topic-runs", Some(again)).await;
        analyst
            .until("/api/v1/topic-runs", Duration::from_secs(20), |runs| runs["items"][0]["state"] == "done" && runs["items"][1]["state"] == "done")
            .await;
        assert_eq!(analyst.get(&at).await["state"], "published");
        let all = analyst.get("/api/v1/topics?from=2026-11-09&q=人脸识别").await;
        assert_eq!(all["total"], 1, "{all}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_are_merged_dropped_and_looked_for_within_bounds() {
    on_both_at("2026-10-12T02:00:00Z", &[], async |server| {
        let (manager, analyst) = (server.sign_in("manager").await, server.sign_in("analyst").await);
        let agent = server.sign_in("agent3").await;
        let channel = json!({"version": null, "name": "窗口来访", "kind": "manual", "queue": null, "enabled": true});
        manager.put("/api/v1/channels/window", channel).await;
        for n in 0..20 {
            let (matter, summary) = if n % 2 == 0 {
                ("106", "重复缴费要求退费，退费多久到账")
            } else {
                ("110", "电子证书查验不到")
            };
            notes(&agent, n, matter, summary).await;
        }
        let too_long = json!({"from": "2026-09-01", "until": "2026-10-12"});
        assert_eq!(analyst.refused(Method::POST, "/api/v1/topic-runs", too_long).await.1, "topic_period_invalid");
        let period = json!({"from": "2026-10-12", "until": "2026-10-12"});
        analyst.must(Method::POST, "/api/v1/topic-runs", Some(period)).await;
        let found = analyst
            .until("/api/v1/topics?tab=hot", Duration::from_secs(20), |found| found["total"].as_u64() >= Some(2))
            .await;
        let (first, second) = (&found["items"][0], &found["items"][1]);
        let (one, other) = (path("topics", first), path("topics", second));
        let own = json!({"action": "merge", "into": first["id"], "version": first["version"]});
        assert_eq!(analyst.refused(Method::POST, &format!("{one}/steps"), own).await.1, "topic_not_mergeable");
        let merge = json!({"action": "merge", "into": first["id"], "version": second["version"]});
        let merged = analyst.post(&format!("{other}/steps"), merge).await;
        assert_eq!((&merged["state"], &merged["merged_into"]), (&json!("merged"), &first["id"]));
        let shown = analyst.get(&one).await;
        let both = first["count"].as_i64().unwrap() + second["count"].as_i64().unwrap();
        assert_eq!(shown["count"], both, "{shown}");
        assert!(shown["phrases"].to_string().contains(second["name"].as_str().unwrap()), "{shown}");
        let drop = json!({"action": "drop", "reason": "季节性咨询", "version": shown["version"]});
        let dropped = analyst.post(&format!("{one}/steps"), drop).await;
        assert_eq!((&dropped["state"], &dropped["reason"]), (&json!("dropped"), &json!("季节性咨询")));
        assert_eq!(dropped["actions"], json!([]));
    })
    .await;
}
