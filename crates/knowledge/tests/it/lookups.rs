//! Look-up tables: the purchaser writes, the supplier reads, the public sees what is marked for it.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use kernel::Principal;
use serde_json::{Value, json};

use crate::world::{World, on_both, text};

const PLANS: &str = "/api/v1/exam-plans";
const PUBLIC: &str = "/api/v1/public/exam-plans";

fn plan() -> Value {
    json!({
        "year": 2026, "name": "一级建造师",
        "fields": {
            "registration_from": "2026-11-20T01:00:00Z", "registration_to": "2026-11-30T10:00:00Z",
            "print_from": "2026-12-10T01:00:00Z", "score_at": "2026-11-01T01:00:00Z",
            "note": "以公告为准", "internal_note": "预计报名人数偏高，勿外传",
        },
        "public": ["registration_to", "registration_from", "note"],
    })
}

async fn put(
    world: &World,
    who: &str,
    code: &str,
    version: i64,
    mut body: Value,
) -> testing::Answer {
    body["version"] = json!(version);
    world
        .ask(
            &world.who(who),
            Method::PUT,
            &format!("{PLANS}/{code}"),
            Some(body),
        )
        .await
}

async fn public(world: &World, path: &str, address: Option<&str>) -> testing::Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some(address) = address {
        let peer: SocketAddr = address.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    testing::call::send(&world.0, None, request).await
}

async fn import(world: &World, who: &Principal, path: &str, bytes: Vec<u8>) -> testing::Answer {
    let request = Request::post(path).body(Body::from(bytes)).unwrap();
    testing::call::send(&world.0, Some(who), request).await
}

fn sheet(rows: &[&[&str]]) -> Vec<u8> {
    let heading = rows[0].iter().copied();
    let rows = rows[1..]
        .iter()
        .map(|row| row.iter().map(|&cell| cell.to_owned()).collect());
    documents::write("考试计划", heading, rows.collect::<Vec<Vec<String>>>()).unwrap()
}

#[tokio::test]
async fn the_purchaser_writes_and_agents_see_what_is_open_now() {
    on_both(async |world| {
        let made = put(&world, "section", "2026-yj", 0, plan()).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.json);
        let shown = world.read("agent1", &format!("{PLANS}/2026-yj")).await;
        let standing: Vec<(&str, &str)> = shown["windows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|window| (text(&window["name"]), text(&window["standing"])))
            .collect();
        assert_eq!(
            standing,
            [
                ("registration", "open"),
                ("print", "coming"),
                ("score", "open")
            ]
        );
        assert_eq!(
            shown["public"],
            json!(["registration_from", "registration_to", "note"]),
            "in the order of the form"
        );
        for who in ["agent1", "lead", "manager", "trainer", "counterpart"] {
            assert_eq!(
                put(&world, who, "2026-yj", 1, plan()).await.status,
                StatusCode::FORBIDDEN,
                "{who}"
            );
        }
        let mut later = plan();
        later["fields"]["registration_to"] = json!("2026-12-05T10:00:00Z");
        assert_eq!(
            put(&world, "purchaser", "2026-yj", 1, later.clone())
                .await
                .json["version"],
            2
        );
        assert_eq!(
            put(&world, "section", "2026-yj", 1, later.clone())
                .await
                .json["code"],
            "stale_version"
        );
        assert_eq!(
            put(&world, "section", "2026-yj", 0, later).await.json["code"],
            "stale_version"
        );
        let history = world
            .read("agent1", &format!("{PLANS}/2026-yj/history"))
            .await;
        let ends: Vec<&Value> = history["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["fields"]["registration_to"])
            .collect();
        assert_eq!(
            ends,
            [
                &json!("2026-12-05T10:00:00Z"),
                &json!("2026-11-30T10:00:00Z")
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn the_public_page_tells_no_more_than_what_is_marked() {
    on_both(async |world| {
        put(&world, "section", "2026-yj", 0, plan()).await;
        let mut hidden = plan();
        hidden["active"] = json!(false);
        put(&world, "section", "2026-ej", 0, hidden).await;
        let answer = public(&world, PUBLIC, None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json["total"], 1, "what is not shown is not there");
        let row = &answer.json["items"][0];
        let fields: Vec<&String> = row["fields"].as_object().unwrap().keys().collect();
        assert_eq!(fields.len(), 3, "{fields:?}");
        let windows = row["windows"].as_array().unwrap();
        assert_eq!(
            windows.len(),
            1,
            "a window of internal fields is internal too"
        );
        let whole = answer.json.to_string();
        for secret in [
            "勿外传",
            "internal_note",
            "updated_by",
            "print_from",
            "2026-12-10",
        ] {
            assert!(!whole.contains(secret), "{secret} in {whole}");
        }
        let mut leak = plan();
        leak["public"] = json!(["internal_note"]);
        assert_eq!(
            put(&world, "section", "2026-x", 0, leak).await.json["code"],
            "field_internal"
        );
        let mut unknown = plan();
        unknown["public"] = json!(["password"]);
        assert_eq!(
            put(&world, "section", "2026-x", 0, unknown).await.json["code"],
            "field_unknown"
        );
        // A search of the public finds nothing by what it may not see.
        let found = public(
            &world,
            &format!("{PUBLIC}?q=%E5%8B%BF%E5%A4%96%E4%BC%A0"),
            None,
        )
        .await;
        assert_eq!(found.json["total"], 0);
        for _ in 0..120 {
            assert_eq!(
                public(&world, PUBLIC, Some("192.0.2.1:1")).await.status,
                StatusCode::OK
            );
        }
        assert_eq!(
            public(&world, PUBLIC, Some("192.0.2.1:2")).await.json["code"],
            "too_many_questions"
        );
        assert_eq!(
            public(&world, PUBLIC, Some("192.0.2.2:1")).await.status,
            StatusCode::OK
        );
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    on_both(async |world| {
        for (change, code, field) in [
            (json!({"fields": {"print_from": "2026-12-10T01:00:00Z", "print_to": "2026-12-09T01:00:00Z"}}), "window_reversed", "print_to"),
            (json!({"year": 26}), "year_invalid", "year"),
            (json!({"name": " "}), "name_invalid", "name"),
            (json!({"fields": {"note": "长".repeat(2_001)}}), "text_too_long", "note"),
        ] {
            let mut body = plan();
            for (name, value) in change.as_object().unwrap() {
                body[name] = value.clone();
            }
            let answer = put(&world, "section", "2026-yj", 0, body).await;
            assert_eq!((&answer.json["code"], &answer.json["field"]), (&json!(code), &json!(field)));
        }
        assert_eq!(put(&world, "section", "a%20b", 0, plan()).await.json["code"], "code_invalid");
        let mut forged = plan();
        forged["fields"]["secret"] = json!("x");
        assert_eq!(put(&world, "section", "2026-yj", 0, forged).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    })
    .await;
}

#[tokio::test]
async fn a_sheet_is_tried_then_brought_in_whole_or_not_at_all() {
    on_both(async |world| {
        let section = world.who("section");
        let path = format!("{PLANS}/import");
        let good = sheet(&[
            &[
                "编码*",
                "年度",
                "名称",
                "启用",
                "报名开始",
                "报名截止",
                "内部备注",
                "公开字段",
            ],
            &[
                "2026-yj",
                "2026",
                "一级建造师",
                "是",
                "2026-11-20 09:00",
                "2026-11-30",
                "内部",
                "报名开始、报名截止",
            ],
            &[
                "2026-ej",
                "2026年",
                "二级建造师",
                "否",
                "2026/12/01",
                "",
                "",
                "",
            ],
        ]);
        let tried = import(
            &world,
            &section,
            &format!("{path}?dry_run=true"),
            good.clone(),
        )
        .await;
        assert_eq!(
            (&tried.json["dry_run"], &tried.json["new"]),
            (&json!(true), &json!(["2026-yj", "2026-ej"])),
            "{}",
            tried.json
        );
        assert_eq!(world.read("agent1", PLANS).await["total"], 0);
        assert_eq!(
            import(&world, &world.who("manager"), &path, good.clone())
                .await
                .status,
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            import(&world, &section, &path, good.clone()).await.status,
            StatusCode::OK
        );
        let shown = world.read("agent1", &format!("{PLANS}/2026-yj")).await;
        assert_eq!(shown["fields"]["registration_from"], "2026-11-20T01:00:00Z");
        assert_eq!(
            shown["fields"]["registration_to"], "2026-11-30T15:59:59Z",
            "the whole day"
        );
        let again = import(&world, &section, &path, good).await;
        assert_eq!(
            (&again.json["unchanged"], &again.json["changed"]),
            (&json!(2), &json!([]))
        );

        let bad = sheet(&[
            &["编码", "年度", "名称", "报名开始", "公开字段"],
            &["2026-yj", "2026", "一级建造师（改）", "2026-11-21", ""],
            &["2026-zj", "二〇二六", "中级经济师", "明天", "内部备注"],
            &["2026-yj", "2026", "又一次", "", ""],
        ]);
        let refused = import(&world, &section, &path, bad).await;
        assert_eq!(
            (refused.status, &refused.json["code"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("import_has_errors")
            )
        );
        let errors: Vec<(u64, &str, &str)> = refused.json["report"]["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                (
                    error["row"].as_u64().unwrap(),
                    text(&error["column"]),
                    text(&error["code"]),
                )
            })
            .collect();
        assert_eq!(
            errors,
            [
                (3, "B", "year_invalid"),
                (3, "D", "moment_invalid"),
                (4, "A", "code_twice")
            ]
        );
        assert_eq!(
            world.read("agent1", &format!("{PLANS}/2026-yj")).await["name"],
            "一级建造师",
            "nothing was written"
        );

        let out = world
            .ask(&section, Method::GET, &format!("{PLANS}/export"), None)
            .await;
        assert_eq!(out.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn what_comes_out_goes_in_again_and_a_broken_file_goes_nowhere() {
    on_both(async |world| {
        let section = world.who("section");
        put(&world, "section", "2026-yj", 0, plan()).await;
        let request = Request::get(format!("{PLANS}/export"))
            .body(Body::empty())
            .unwrap();
        let mut request = request;
        request.extensions_mut().insert(section.clone());
        let response = tower::ServiceExt::oneshot(world.0.clone(), request)
            .await
            .unwrap();
        let bytes = http_body_util::BodyExt::collect(response.into_body())
            .await
            .unwrap()
            .to_bytes();
        let path = format!("{PLANS}/import");
        let same = import(&world, &section, &path, bytes.to_vec()).await;
        assert_eq!(
            (&same.json["unchanged"], &same.json["changed"]),
            (&json!(1), &json!([])),
            "{}",
            same.json
        );

        let broken = b"\xff\xff\xfe\x00\x81\x30\x81".to_vec();
        let latin = "编码,名称\n2026-x,caf"
            .bytes()
            .chain(*b"\xe9\xff\n")
            .collect::<Vec<u8>>();
        let none = "姓名,电话\n张三,1\n".as_bytes().to_vec();
        for (bytes, code) in [
            (broken, ""),
            (latin, ""),
            (none, "import_has_errors"),
            (Vec::new(), "file_missing"),
        ] {
            let answer = import(&world, &section, &path, bytes).await;
            assert!(answer.status.is_client_error(), "{}", answer.json);
            assert!(
                code.is_empty() || answer.json["code"] == code,
                "{}",
                answer.json
            );
        }
        let large = import(&world, &section, &path, vec![b'a'; 21 << 20]).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(world.read("agent1", PLANS).await["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn rounds_of_title_evaluations_have_the_same_doors() {
    on_both(async |world| {
        let batch = json!({
            "year": 2026, "name": "建筑工程系列高级评审",
            "fields": {"apply_from": "2026-11-01T01:00:00Z", "apply_to": "2026-11-20T10:00:00Z", "level": "副高", "progress": "受理中"},
            "public": ["apply_from", "apply_to", "level", "progress"],
        });
        let path = "/api/v1/title-batches/2026-jz-fg";
        world.send("titles", Method::PUT, path, batch).await;
        let seen = public(&world, "/api/v1/public/title-batches?year=2026", None).await;
        assert_eq!(seen.json["items"][0]["windows"][0]["standing"], "over");
        assert_eq!(seen.json["items"][0]["fields"]["progress"], "受理中");
        assert_eq!(public(&world, "/api/v1/public/title-batches?year=2025", None).await.json["total"], 0);
        assert_eq!(world.read("agent1", PLANS).await["total"], 0, "each table by itself");
    })
    .await;
}
