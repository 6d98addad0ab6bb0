//! Calls that were taken elsewhere: records of another exchange, and what an agent writes down by hand.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use floor::work_item::store::recount;
use kernel::{Principal, Role};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::{Answer, call, principal};

use super::{Hotline, agent, hotline, on_both};

/// Semicolons and GB 18030, as an old exchange writes them.
const OLD: &str = "\
    c1f7cbaebac53bbaf4bdd0b7bdcff23bd6f7bdd0bac5c2eb3bbfaacabccab1bce43bb5c8b4fdcab1b3a43bcda8bbb0cab1b3a43bb7d6bb\
    fa3bbde1b9fb0d0a472d313bbaf4c8eb3b31333930303030303030373b323032362d31312d32332030393a31303a30303b30303a30303a\
    31323b30303a30313a31353b313030313bd2d1bdd30d0a";

pub fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

pub fn seat(number: u8) -> Principal {
    let mut seat = principal(&[Role::Agent]);
    seat.user_id = agent(number);
    seat.username = format!("agent{number}");
    seat
}

pub async fn router(line: &Hotline) -> Router {
    line.app
        .start(vec![telephony::capability(&line.telephony)])
        .await
}

/// Asks, and says so when the answer is another than expected.
pub async fn ask(
    router: &Router,
    who: &Principal,
    method: Method,
    path: &str,
    body: Option<Value>,
    status: StatusCode,
) -> Value {
    let answer = call(router, Some(who), method, path, body).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.json);
    answer.json
}

async fn send(router: &Router, who: &Principal, path: &str, file: &[u8]) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "text/csv")
        .body(Body::from(file.to_vec()))
        .unwrap();
    testing::call::send(router, Some(who), request).await
}

fn origin() -> Value {
    let column = |name: &str, field: &str| json!({ "column": name, "field": field });
    json!({
        "name": "原有交换机", "active": true, "queue": "hotline", "hotline": "12333",
        "columns": [
            column("流水号", "external_id"), column("呼叫方向", "direction"), column("主叫号码", "caller"),
            column("开始时间", "started_at"), column("等待时长", "wait_s"), column("通话时长", "talk_s"),
            column("分机", "agent"), column("结果", "outcome"),
            { "column": "备注", "field": null },
        ],
        "words": { "outcome": { "成功": "answered" } },
        "agents": [{ "extension": "1001", "user_id": agent(1) }],
    })
}

const HEADING: &str = "流水号,呼叫方向,主叫号码,开始时间,等待时长,通话时长,分机,结果,备注\n";

const GOOD: &str = "P-1,呼入,13900000001,2026-11-23 09:00:00,10,75,1001,成功,x\n\
    P-2,呼入,020-83300000,2026-11-23 09:01:00,60,90,8002,已接,\n\
    P-3,呼入,13900000003,2026-11-23 09:02:00,40,0,,未接,\n\
    P-4,呼出,13900000004,2026-11-23 09:03:00,5,30,1001,已接,\n\
    P-5,呼入,13900000005,2026-11-22 09:03:00,5,30,7777,已接,\n";

async fn rows(line: &Hotline, table: &str) -> i64 {
    let conn = line.app.db.read();
    let sql = format!("select count(*) as n from {table}");
    let counted = Statement::from_string(conn.get_database_backend(), sql);
    let row = conn.query_one_raw(counted).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_tried_then_written_once_and_counted_with_their_source() {
    on_both(async |line| {
        let router = router(&line).await;
        let (lead, path) = (lead(), "/api/v1/call-origins/old_pbx");
        ask(
            &router,
            &lead,
            Method::PUT,
            path,
            Some(origin()),
            StatusCode::CREATED,
        )
        .await;
        let again = ask(
            &router,
            &lead,
            Method::PUT,
            path,
            Some(origin()),
            StatusCode::CONFLICT,
        )
        .await;
        assert_eq!(again["code"], "already_exists");

        // A dry run names each bad cell and writes nothing.
        let bad = format!(
            "{HEADING}{GOOD}P-1,呼入,139,2026-11-23 09:00:00,1,1,1001,已接,\n\
             P-7,斜着,13900000001,2026-11-23 09:00:00,1,1,1001,已接,\n\
             P-8,呼入,13900000001,昨天,1,1,1001,已接,\n\
             P-9,呼入,13900000001,2026-11-24 09:00:00,1,1,1001,已接,\n"
        );
        let import = "/api/v1/calls/import?origin=old_pbx";
        let dry = format!("{import}&dry_run=true");
        let report = send(&router, &lead, &dry, bad.as_bytes()).await;
        assert_eq!(report.status, StatusCode::OK, "{}", report.json);
        let errors = report.json["errors"].as_array().unwrap();
        let told: Vec<_> = errors
            .iter()
            .map(|error| (&error["row"], &error["column"], &error["code"]))
            .collect();
        assert_eq!(
            told,
            [
                (&json!(7), &json!("A"), &json!("id_twice")),
                (&json!(8), &json!("B"), &json!("direction_unknown")),
                (&json!(9), &json!("D"), &json!("date_invalid")),
                (&json!(10), &json!(null), &json!("call_in_future")),
            ]
        );
        let refused = send(&router, &lead, import, bad.as_bytes()).await;
        assert_eq!(
            (refused.status, &refused.json["code"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("import_has_errors")
            )
        );
        assert_eq!(rows(&line, "calls").await, 0);

        // The good file, with a mark at its head and once more.
        let good = format!("\u{feff}{HEADING}{GOOD}");
        let report = send(&router, &lead, import, good.as_bytes()).await.json;
        assert_eq!(
            (
                &report["new"],
                &report["to_write_up"],
                &report["warnings_total"]
            ),
            (&json!(5), &json!(3), &json!(1)),
            "{report}"
        );
        let again = send(&router, &lead, import, good.as_bytes()).await.json;
        assert_eq!((&again["new"], &again["unchanged"]), (&json!(0), &json!(5)));
        assert_eq!(rows(&line, "calls").await, 5);

        // Told otherwise, the difference is shown and kept.
        let mended = good.replace(
            "P-3,呼入,13900000003,2026-11-23 09:02:00,40,0,,未接",
            "P-3,呼入,13900000003,2026-11-23 09:02:00,12,20,1001,已接",
        );
        let changed = send(&router, &lead, &dry, mended.as_bytes()).await.json;
        assert_eq!(changed["changed"], 1, "{changed}");
        let fields: Vec<_> = changed["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["field"].as_str().unwrap())
            .collect();
        assert_eq!(fields, ["agent", "answered_at", "ended_at", "outcome"]);
        assert_eq!(
            send(&router, &lead, import, mended.as_bytes()).await.json["changed"],
            1
        );

        // They stand among the calls, marked, and in the day's figures.
        let calls = ask(
            &router,
            &lead,
            Method::GET,
            "/api/v1/calls?source=import",
            None,
            StatusCode::OK,
        )
        .await;
        assert_eq!(calls["total"], 5, "{calls}");
        assert!(
            calls["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|call| { call["source"] == "import" && call["source_code"] == "old_pbx" })
        );
        let none = ask(
            &router,
            &lead,
            Method::GET,
            "/api/v1/calls?source=shoujie",
            None,
            StatusCode::OK,
        )
        .await;
        assert_eq!(none["total"], 0);
        let mine = ask(
            &router,
            &seat(1),
            Method::GET,
            "/api/v1/calls",
            None,
            StatusCode::OK,
        )
        .await;
        assert_eq!(mine["total"], 3);
        let board = line.floor.wallboard().await.unwrap();
        let day = recount(line.app.db.read(), line.app.clock.now())
            .await
            .unwrap();
        assert_eq!(
            (board.calls_today, board.answered_today, board.in_time_today),
            (3, 3, 2)
        );
        assert_eq!((day.offered, day.answered, day.in_time), (3, 3, 2));

        // Another way to write a file, and the list of what was brought in.
        let old = send(&router, &lead, import, &hex::decode(OLD).unwrap())
            .await
            .json;
        assert_eq!(
            (&old["new"], &old["errors_total"]),
            (&json!(1), &json!(0)),
            "{old}"
        );
        let tabs = good.replace(',', "\t").replace("P-", "T-");
        assert_eq!(
            send(&router, &lead, &dry, tabs.as_bytes()).await.json["new"],
            5
        );
        let imports = ask(
            &router,
            &lead,
            Method::GET,
            "/api/v1/calls/imports",
            None,
            StatusCode::OK,
        )
        .await;
        let states: Vec<_> = imports["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["state"].clone())
            .collect();
        assert_eq!(
            states,
            ["imported", "imported", "imported", "imported", "refused"]
        );
        let columns = send(
            &router,
            &lead,
            "/api/v1/calls/import/columns",
            good.as_bytes(),
        )
        .await
        .json;
        assert_eq!(
            (&columns["heading_row"], &columns["rows"]),
            (&json!(1), &json!(5))
        );
        assert_eq!(
            columns["columns"][2],
            json!({ "column": "主叫号码", "field": "caller" })
        );
        // Who takes calls brings none in.
        let denied = send(&router, &seat(1), import, good.as_bytes()).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_records_comes_in_and_one_more_than_that_does_not() {
    let line = hotline().await;
    let router = router(&line).await;
    let lead = lead();
    let path = "/api/v1/call-origins/old_pbx";
    ask(
        &router,
        &lead,
        Method::PUT,
        path,
        Some(origin()),
        StatusCode::CREATED,
    )
    .await;
    let file = |many: usize| {
        let rows = (0..many).map(|n| {
            let (hour, minute, second) = (n / 3600 % 8, n / 60 % 60, n % 60);
            let number = n % 20_000;
            format!(
                "Y-{n},呼入,139{number:08},2026-11-20 {hour:02}:{minute:02}:{second:02},9,60,7777,已接"
            )
        });
        let rows: Vec<String> = rows.collect();
        HEADING.to_owned() + &rows.join("\n") + "\n"
    };
    let import = "/api/v1/calls/import?origin=old_pbx";
    // All that may come at once on a quiet machine; beside other tests a part of it.
    let many = if std::env::var_os("SHOUJIE_SOAK").is_some() {
        50_000
    } else {
        5_000
    };
    let began = std::time::Instant::now();
    // Whatever is in it, the request is answered within its limit; what goes on is asked after.
    let background = format!("{import}&background=true");
    let begun = send(&router, &lead, &background, file(many).as_bytes()).await;
    eprintln!("answered after {:?}", began.elapsed());
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.json);
    assert_eq!(begun.json["running"], true);
    let over = async |begun: &Value| -> Value {
        let id = begun["import_id"].as_str().unwrap();
        let path = format!("/api/v1/calls/imports/{id}");
        for _ in 0..1200 {
            let now = ask(&router, &lead, Method::GET, &path, None, StatusCode::OK).await;
            if now["state"] != "running" {
                return now;
            }
            let sum = |name: &str| now[name].as_u64().unwrap();
            assert!(sum("new") + sum("unchanged") <= many as u64);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("it does not end");
    };
    let report = over(&begun.json).await;
    eprintln!("{many} records in {:?}", began.elapsed());
    assert_eq!(
        (&report["state"], &report["new"]),
        (&json!("imported"), &json!(many))
    );
    let again = send(&router, &lead, import, file(many).as_bytes()).await;
    let again = over(&again.json).await;
    assert_eq!(again["unchanged"], many);
    let more = send(&router, &lead, import, file(50_001).as_bytes()).await;
    assert_eq!(more.json["code"], "too_many_rows", "{}", more.json);
}

fn by_hand(started_at: DateTime<Utc>, talk_s: u32) -> Value {
    json!({
        "number": "+86 139-0000-0001", "direction": "inbound", "started_at": started_at, "waited_s": 8,
        "talk_s": talk_s, "outcome": "answered",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_another_telephone_is_written_by_hand_and_marked() {
    on_both(async |line| {
        let router = router(&line).await;
        let now = line.app.clock.now();
        let path = "/api/v1/calls/by-hand";
        let hour_ago = now - TimeDelta::hours(1);
        let body = by_hand(hour_ago, 120);
        let written = ask(
            &router,
            &seat(1),
            Method::POST,
            path,
            Some(body.clone()),
            StatusCode::CREATED,
        )
        .await;
        assert_eq!(
            (
                &written["source"],
                &written["outcome"],
                &written["caller"],
                &written["talk_s"]
            ),
            (
                &json!("form"),
                &json!("answered"),
                &json!("139****0001"),
                &json!(120)
            ),
            "{written}"
        );
        let id = written["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(line.journal(id).await, ["written_by_hand"]);
        let told = line
            .app
            .events
            .of_subject(line.app.db.read(), &id.to_string())
            .await
            .unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (
                told[0].kind.as_str(),
                &told[0].payload["source"],
                &told[0].payload["agent"]
            ),
            ("call.entered", &json!("form"), &json!(agent(1)))
        );
        assert!(told[0].payload["caller"].is_null(), "events name no number");
        let conn = line.app.db.read();
        let audited =
            "select count(*) as n from audit_entries where action = 'call.written_by_hand'";
        let audited = Statement::from_string(conn.get_database_backend(), audited);
        let audited: i64 = conn
            .query_one_raw(audited)
            .await
            .unwrap()
            .unwrap()
            .try_get("", "n")
            .unwrap();
        assert_eq!(audited, 1);
        let board = line.floor.wallboard().await.unwrap();
        assert_eq!(
            (board.calls_today, board.answered_today, board.in_time_today),
            (1, 1, 1)
        );

        // Nobody talks on two telephones; another agent may.
        let beside = by_hand(hour_ago + TimeDelta::seconds(60), 30);
        let refused = ask(
            &router,
            &seat(1),
            Method::POST,
            path,
            Some(beside.clone()),
            StatusCode::CONFLICT,
        )
        .await;
        assert_eq!(refused["code"], "call_overlaps");
        ask(
            &router,
            &seat(2),
            Method::POST,
            path,
            Some(beside),
            StatusCode::CREATED,
        )
        .await;
        for (change, code) in [
            (
                json!({ "started_at": now - TimeDelta::seconds(60) }),
                "call_in_future",
            ),
            (
                json!({ "started_at": now - TimeDelta::days(8) }),
                "call_too_long_ago",
            ),
            (json!({ "talk_s": 0 }), "talk_does_not_fit"),
            (json!({ "talk_s": 20_000 }), "call_too_long"),
            (json!({ "queue": "nowhere" }), "queue_unknown"),
        ] {
            let mut body = body.clone();
            body.as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            let problem = ask(
                &router,
                &seat(3),
                Method::POST,
                path,
                Some(body),
                StatusCode::UNPROCESSABLE_ENTITY,
            )
            .await;
            assert_eq!(problem["code"], code);
        }
        // Who takes no calls has none.
        let refused = ask(
            &router,
            &lead(),
            Method::POST,
            path,
            Some(body),
            StatusCode::CONFLICT,
        )
        .await;
        assert_eq!(refused["code"], "not_an_agent");
        let seen = ask(
            &router,
            &lead(),
            Method::GET,
            "/api/v1/calls?source=form",
            None,
            StatusCode::OK,
        )
        .await;
        assert_eq!(seen["total"], 2);
    })
    .await;
}
