//! The demo's platforms: a newcomer writes as a requester by WeChat and QQ, and is answered.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::Options;

use crate::support::cases::on_both_at;
use crate::support::{OPEN, Person, TestServer};

const SOON: Duration = Duration::from_secs(10);

fn texts(talk: &Value, from: &str) -> Vec<String> {
    let lines = talk["lines"].as_array().unwrap().iter();
    let his = lines.filter(|line| line["from"] == from);
    his.map(|line| line["text"].as_str().unwrap().to_owned())
        .collect()
}

async fn talk(phone: &Person, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    phone.until(path, SOON, done).await
}

async fn says(phone: &Person, platform: &str, person: &str, text: &str) {
    let said = json!({"person": person, "text": text});
    phone.post(&format!("/demo/{platform}/say"), said).await;
}

/// A story that both platforms tell.
async fn is_answered_until_the_quota_is_used(platform: &str, channel: &str) {
    let server = TestServer::demo().await;
    let phone = server.anonymous();
    let agent = server.desk_agent("agent1").await.person;
    let mine = format!("/demo/{platform}/talk?person=wang");

    says(&phone, platform, "wang", "职称系统登录不了 <]]>&").await;
    let conversation = agent.takes_conversation().await;
    assert_eq!(conversation["channel"], channel, "{conversation}");
    assert_eq!(conversation["window"]["left"], 5, "{conversation}");
    let path = format!(
        "/api/v1/conversations/{}/messages",
        conversation["id"].as_str().unwrap()
    );
    let messages = agent.get(&path).await;
    assert_eq!(messages["items"][0]["text"], "职称系统登录不了 <]]>&");
    let there = talk(&phone, &mine, |talk| talk["lines"][0]["reached"] == "sent").await;
    assert_eq!(there["lines"][0]["attempts"], 1, "{there}");

    for count in 1..=5 {
        agent
            .answers(
                &conversation,
                &format!("a-{count}"),
                &format!("第 {count} 条"),
            )
            .await;
    }
    let there = talk(&phone, &mine, |talk| texts(talk, "hotline").len() == 5).await;
    assert_eq!(
        texts(&there, "hotline"),
        ["第 1 条", "第 2 条", "第 3 条", "第 4 条", "第 5 条"]
    );
    assert_eq!(there["window"]["blocked"], "used", "{there}");
    let sixth = json!({"client_id": "a-6", "text": "第 6 条"});
    let (status, code) = agent.refused(Method::POST, &path, sixth.clone()).await;
    assert_eq!(
        (status, code.as_str()),
        (StatusCode::CONFLICT, "reply_quota_used")
    );

    // Another word opens the window anew.
    says(&phone, platform, "wang", "还是不行").await;
    talk(&phone, &mine, |talk| talk["lines"][6]["reached"] == "sent").await;
    agent.post(&path, sixth).await;
    talk(&phone, &mine, |talk| texts(talk, "hotline").len() == 6).await;

    // The platform knows better than our count: its refusal closes the window here as well.
    phone
        .post(
            &format!("/demo/{platform}/window-over"),
            json!({"person": "wang"}),
        )
        .await;
    agent.answers(&conversation, "a-7", "来晚了").await;
    let there = talk(&phone, &mine, |talk| {
        let last = talk["lines"].as_array().unwrap().last().unwrap().clone();
        last["from"] == "platform"
    })
    .await;
    assert_eq!(there["window"]["blocked"], "over", "{there}");
    let own = path.trim_end_matches("/messages").to_owned();
    agent
        .until(&own, SOON, |one| one["window"]["left"] == 0)
        .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_by_wechat_is_answered_and_the_sixth_answer_is_blocked() {
    is_answered_until_the_quota_is_used("wechat", "wechat_oa").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_by_qq_is_answered_and_the_sixth_answer_is_blocked() {
    is_answered_until_the_quota_is_used("qq", "qq").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_seen_on_both_sides() {
    let server = TestServer::demo().await;
    let phone = server.anonymous();
    let agent = server.desk_agent("agent1").await.person;
    let picture = b"\x89PNG\r\n\x1a\n what it shows".to_vec();
    for platform in ["wechat", "qq"] {
        let path = format!("/demo/{platform}/picture?person=liu");
        let (status, _) = phone.send_file(&path, picture.clone()).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        let conversation = agent.takes_conversation().await;
        let own = format!(
            "/api/v1/conversations/{}",
            conversation["id"].as_str().unwrap()
        );
        let messages = agent
            .until(&format!("{own}/messages"), SOON, |page| {
                page["items"][0]["file"]["id"].is_string()
            })
            .await;
        assert_eq!(messages["items"][0]["file"]["media_type"], "image/png");

        // And the other way.
        let form = form_of(&picture);
        let (status, said) = agent
            .send_form(&format!("{own}/files?client_id=p-1"), &form.0, form.1)
            .await;
        assert!(status.is_success(), "{said}");
        let mine = format!("/demo/{platform}/talk?person=liu");
        let there = talk(&phone, &mine, |talk| {
            let mut lines = talk["lines"].as_array().unwrap().iter();
            lines.any(|line| line["from"] == "hotline" && line["kind"] == "image")
        })
        .await;
        let id = there["lines"][1]["file"].as_str().unwrap();
        let path = format!("/demo/{platform}/files/{id}");
        let shown = phone.send(Method::GET, &path, None).await;
        assert_eq!(shown.headers()["content-type"], "image/png");
        assert_eq!(shown.bytes().await.unwrap(), picture);

        let (status, code) = phone
            .send_file(
                &format!("/demo/{platform}/picture?person=liu"),
                b"<svg>".to_vec(),
            )
            .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        let record = json!({"request_type": "consult", "matter": "205", "result": "answered", "summary": "看图"});
        agent.closes_conversation(&conversation, record).await;
    }
    server.stop().await;
}

fn form_of(bytes: &[u8]) -> (String, Vec<u8>) {
    let mut body =
        b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"
            .to_vec();
    body.extend(bytes);
    body.extend(b"\r\n--cut--\r\n");
    ("multipart/form-data; boundary=cut".to_owned(), body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_is_answered_by_the_machine_and_a_lost_answer_makes_no_second_message() {
    let server = TestServer::demo().await;
    let phone = server.anonymous();
    let people = phone.get("/demo/wechat/people").await;
    let key = people["menu"][0]["key"].clone();
    phone
        .post("/demo/wechat/menu", json!({"person": "sun", "key": key}))
        .await;
    let there = talk(&phone, "/demo/wechat/talk?person=sun", |talk| {
        texts(talk, "hotline").len() == 1
    })
    .await;
    assert!(texts(&there, "hotline")[0].contains("照片"), "{there}");

    // The hotline hears it three times, and the person is told that it arrived.
    let agent = server.desk_agent("agent1").await.person;
    let deaf = json!({"person": "chen", "way": "deaf"});
    for platform in ["wechat", "qq"] {
        let sent = phone
            .send(
                Method::POST,
                &format!("/demo/{platform}/way"),
                Some(deaf.clone()),
            )
            .await;
        assert_eq!(sent.status(), StatusCode::NO_CONTENT);
        says(&phone, platform, "chen", "听得到吗").await;
        let mine = format!("/demo/{platform}/talk?person=chen");
        let there = talk(&phone, &mine, |talk| talk["lines"][0]["reached"] == "sent").await;
        assert_eq!(there["lines"][0]["attempts"], 3, "{there}");
        let conversation = agent.takes_conversation().await;
        let path = format!(
            "/api/v1/conversations/{}/messages",
            conversation["id"].as_str().unwrap()
        );
        let messages = agent.get(&path).await;
        assert_eq!(
            messages["items"].to_string().matches("听得到吗").count(),
            1,
            "{messages}"
        );
        let record = json!({"request_type": "consult", "matter": "205", "result": "answered", "summary": "听到"});
        agent.closes_conversation(&conversation, record).await;
    }

    // Nothing arrives: the platform gives up after three attempts.
    let cut = json!({"person": "zhou", "way": "cut"});
    phone.send(Method::POST, "/demo/qq/way", Some(cut)).await;
    says(&phone, "qq", "zhou", "有人吗").await;
    let there = talk(&phone, "/demo/qq/talk?person=zhou", |talk| {
        talk["lines"][0]["reached"] == "failed"
    })
    .await;
    assert_eq!(there["lines"][0]["attempts"], 3, "{there}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_refused_and_nobody_calls_a_platform_without_its_token() {
    let server = TestServer::demo().await;
    let phone = server.anonymous();
    let say = "/demo/qq/say";
    for (body, code) in [
        (json!({"person": "wang", "text": " "}), "text_length"),
        (
            json!({"person": "wang", "text": "长".repeat(2_001)}),
            "text_length",
        ),
        (
            json!({"person": "wang", "text": "a\u{7}b"}),
            "text_not_plain",
        ),
        (json!({"person": "../wang", "text": "a"}), "code_invalid"),
    ] {
        assert_eq!(phone.refused(Method::POST, say, body).await.1, code);
    }
    let (status, _) = phone
        .refused(
            Method::POST,
            "/demo/wechat/menu",
            json!({"person": "wang", "key": "NONE"}),
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    // Nobody calls the platforms without their token.
    let sent = json!({"touser": "oShoujieDemo_wang", "msgtype": "text", "text": {"content": "x"}});
    let path = "/demo/wechat/cgi-bin/message/custom/send?access_token=guessed";
    assert_eq!(phone.post(path, sent).await["errcode"], 40001);
    let path = "/demo/qq/v2/users/SHOUJIEDEMO_wang/messages";
    let (status, _) = phone.refused(Method::POST, path, json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    // It is no API of the product.
    let openapi = phone.get("/api/openapi.json").await;
    let mut paths = openapi["paths"].as_object().unwrap().keys();
    assert!(!paths.any(|path| path.starts_with("/demo")));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_channels_follow_the_server_to_another_port_and_keep_their_secrets() {
    let first = TestServer::demo().await;
    let (clock, folder) = (first.clock.clone(), first.folder.clone());
    let seen = async |server: &TestServer| {
        let channels = server
            .sign_in("manager")
            .await
            .get("/api/v1/channels")
            .await;
        let rows = channels["items"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["code"] == "wechat_oa");
        row.unwrap()
    };
    let before = seen(&first).await;
    assert_eq!(
        before["settings"]["api_base"],
        json!(first.url("/demo/wechat"))
    );
    says(&first.anonymous(), "wechat", "wang", "我在吗").await;
    let lead = first.sign_in("lead").await;
    lead.until("/api/v1/conversations", SOON, |page| page["total"] == 1)
        .await;
    first.running.stop().await;

    let second = TestServer::with_clock(clock, folder, &[]).await;
    let after = seen(&second).await;
    assert_eq!(
        after["settings"]["api_base"],
        json!(second.url("/demo/wechat"))
    );
    assert_eq!(after["settings"]["appid"], before["settings"]["appid"]);
    // What was asked before is answered now: nobody forgets over a start.
    let agent = second.desk_agent("agent1").await.person;
    let conversation = agent.takes_conversation().await;
    agent.answers(&conversation, "a-1", "您在").await;
    let phone = second.anonymous();
    talk(&phone, "/demo/wechat/talk?person=wang", |talk| {
        texts(talk, "hotline") == ["您在"]
    })
    .await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_demo_there_are_no_platforms() {
    let demo = TestServer::demo().await;
    let (clock, folder) = (demo.clock.clone(), demo.folder.clone());
    let config = (*demo.running.app.config).clone();
    // The demo's people may not stay on a server that is none.
    let services = demo.running.app.clone();
    services
        .db
        .write(async |tx| {
            use sea_orm::ConnectionTrait as _;
            for table in ["users", "devices"] {
                let sql = format!("update {table} set demo_secret = false");
                tx.execute_unprepared(&sql).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    demo.running.stop().await;
    let running = server::start(Options {
        config,
        clock: clock.clone(),
        demo: false,
    })
    .await
    .unwrap();
    let plain = TestServer {
        running,
        clock,
        folder,
    };
    let phone = plain.anonymous();
    for (method, path) in [
        (Method::POST, "/demo/wechat/say"),
        (Method::POST, "/demo/qq/say"),
        (Method::GET, "/demo/wechat/talk?person=wang"),
        (Method::GET, "/demo/qq/people"),
        (Method::POST, "/demo/wechat/cgi-bin/stable_token"),
    ] {
        let said = (method == Method::POST).then(|| json!({"person": "wang", "text": "a"}));
        let answer = phone.send(method, path, said).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    plain.stop().await;
}

/// The rows of a list.
async fn items(person: &Person, path: &str) -> Vec<Value> {
    let page = person.get(path).await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_half_year_of_the_demo_agrees_with_itself() {
    let dealings = [("service.demo_dealings", "true".to_owned())];
    on_both_at(OPEN, &dealings, async |server| {
        let reviewer = server.sign_in("reviewer").await;

        // A statement that was paid, one that came back and is under review, two that are ahead.
        let mut shown = Vec::new();
        for one in items(&reviewer, "/api/v1/statements?sort=due_on").await {
            let path = format!("/api/v1/statements/{}", one["id"].as_str().unwrap());
            let statement = reviewer.get(&path).await;
            let lines = statement["lines"].as_array().unwrap();
            let sum: i64 = lines
                .iter()
                .map(|line| line["amount_fen"].as_i64().unwrap())
                .sum();
            assert_eq!(statement["lines_fen"], sum, "{}", statement["number"]);
            assert_eq!(statement["total_fen"], sum, "{}", statement["number"]);
            shown.push(statement);
        }
        let states: Vec<&Value> = shown.iter().map(|one| &one["state"]).collect();
        assert_eq!(states, ["closed", "under_review", "draft", "draft"]);
        let (paid, again) = (&shown[0], &shown[1]);
        assert_eq!(paid["paid_fen"], paid["total_fen"]);
        assert_eq!(paid["lines"].as_array().unwrap().len(), 36);
        assert_eq!(
            (&again["round"], &again["overdue"]),
            (&json!(2), &json!(false))
        );

        // The line that was objected to is made of the correction, and not of what it corrects.
        let objection = &again["objections"][0];
        let mut lines = again["lines"].as_array().unwrap().iter();
        let line = lines.find(|line| {
            (&line["month"], &line["seat"]) == (&objection["month"], &objection["seat"])
        });
        let line = line.unwrap();
        let day = line["short_days"][0].as_str().unwrap();
        assert!(objection["said"].as_str().unwrap().contains(day), "{line}");
        let sheet = reviewer
            .get(&format!("/api/v1/attendance-days/{day}"))
            .await;
        let seat = format!("Z{}", line["seat"]);
        let of_seat = sheet["lines"].as_array().unwrap().iter();
        let of_seat: Vec<&Value> = of_seat
            .filter(|line| line["seat"] == seat.as_str())
            .collect();
        let evidence = line["evidence"].as_array().unwrap();
        assert_eq!(of_seat.len(), 2, "{sheet}");
        assert!(!evidence.contains(&of_seat[0]["id"]), "the wrong record");
        assert!(evidence.contains(&of_seat[1]["id"]), "the correction");

        // Everything is signed but yesterday, which waits with an exception.
        let kept = "/api/v1/attendance-days?from=2026-09-24&to=2026-11-22";
        let days = reviewer.get(kept).await;
        assert_eq!(days["waiting"], 1, "{days}");
        let yesterday = &days["items"][0];
        assert_eq!(
            (&yesterday["day"], &yesterday["exceptions"]),
            (&json!("2026-11-20"), &json!(1))
        );
        let frozen = days["items"].as_array().unwrap();
        let signed = frozen.iter().filter(|day| day["state"] == "frozen").count();
        assert_eq!(signed + 1, frozen.len(), "{days}");
        let makeup = frozen.iter().any(|day| day["day"] == "2026-10-10");
        assert!(makeup, "the make-up workday after the holidays");

        let waiting = "/api/v1/attendance-corrections?state=proposed";
        assert_eq!(items(&reviewer, waiting).await.len(), 1);
        let states: Vec<Value> = items(&reviewer, "/api/v1/overtime-orders")
            .await
            .into_iter()
            .map(|order| order["state"].clone())
            .collect();
        assert_eq!(states, ["requested", "confirmed"]);
        assert_eq!(reviewer.get("/api/v1/open-questions").await["open"], 8);

        // Two months of rosters are published, the next is begun; leave and a swap wait for the lead.
        let lead = server.sign_in("lead").await;
        let months: Vec<(Value, Value)> = items(&lead, "/api/v1/rosters")
            .await
            .into_iter()
            .map(|roster| (roster["month"].clone(), roster["state"].clone()))
            .collect();
        let month = |name: &str, state: &str| (json!(name), json!(state));
        assert_eq!(
            months,
            [
                month("2026-12", "draft"),
                month("2026-11", "published"),
                month("2026-10", "published")
            ]
        );
        for path in [
            "/api/v1/leave-requests?state=requested",
            "/api/v1/shift-swaps?state=accepted",
        ] {
            assert_eq!(items(&lead, path).await.len(), 1, "{path}");
        }
        assert_eq!(lead.get("/api/v1/adherence").await["source"], "roster");

        // Eight weeks of calls are enough to say how many this Monday brings.
        let day = lead.get("/api/v1/intraday").await;
        let forecast = day["forecast_total"].as_f64().unwrap();
        assert!((100.0..400.0).contains(&forecast), "{day}");
        assert_eq!(items(&lead, "/api/v1/site-log").await.len(), 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quality_of_the_demo_waits_for_each_of_its_people() {
    let dealings = [("service.demo_dealings", "true".to_owned())];
    on_both_at(OPEN, &dealings, async |server| {
        let quality = server.sign_in("quality").await;
        let stand = quality.get("/api/v1/quality-stand").await;
        assert_eq!(
            (&stand["appeals"], &stand["to_release"], &stand["unsettled"]),
            (&json!(1), &json!(1), &json!(1))
        );
        assert!(stand["to_score"].as_u64() > Some(0), "{stand}");
        assert_eq!(stand["corrective_open"], 1);
        let (won, seen) = ("?state=final&agent=", server.sign_in("agent1").await);
        let id = seen.own_id().await;
        let path = format!("/api/v1/evaluations{won}{}", id.as_str().unwrap());
        let won = items(&quality, &path).await;
        assert_eq!(
            (&won[0]["tenths"], &won[0]["purchaser_tenths"]),
            (&json!(1_000), &json!(980))
        );
        assert_eq!(
            items(&seen, "/api/v1/evaluations?state=released")
                .await
                .len(),
            1
        );
        let signals = format!(
            "/api/v1/evaluations/{}/signals",
            won[0]["id"].as_str().unwrap()
        );
        let signals = quality.get(&signals).await;
        assert_eq!(signals["duration_ms"], 24_000);
        let closed = items(&quality, "/api/v1/corrective-actions?state=closed").await;
        assert_eq!(closed.len(), 1);
        let calibrations = items(&quality, "/api/v1/calibrations?state=revealed").await;
        assert_eq!(calibrations.len(), 1);
        let purchaser = server.sign_in("purchaser").await;
        let waiting = purchaser.get("/api/v1/waiting").await.to_string();
        assert!(waiting.contains("evaluation_unsettled"), "{waiting}");
    })
    .await;
}
