//! The matter tree is changed by hand and from a file; nothing of it is ever deleted.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kernel::Principal;
use serde_json::{Value, json};
use testing::Answer;
use tower::ServiceExt as _;

use crate::cases::{manager, official, opened, purchaser};
use crate::desk::{Desk, agent, on_both};
use crate::work_orders::send;

fn leaf(changed: &Value) -> Value {
    let mut facts = json!({"parent": "1", "name": "考务安排", "shortcut": "kwap", "position": 15, "section": "exams",
        "active": true});
    for (field, value) in changed.as_object().unwrap() {
        facts[field] = value.clone();
    }
    facts
}

async fn put(
    desk: &Desk,
    who: &Principal,
    code: &str,
    version: Option<i64>,
    matter: Value,
) -> Answer {
    let mut body = json!({"matter": matter});
    if let Some(version) = version {
        body["version"] = json!(version);
    }
    desk.ask(
        who,
        Method::PUT,
        &format!("/api/v1/matters/{code}"),
        Some(body),
    )
    .await
}

async fn row(desk: &Desk, code: &str) -> Value {
    let rows = desk.get(&agent(1), "/api/v1/matters/rows").await;
    let found = rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["code"] == code);
    found.cloned().unwrap_or_default()
}

/// The codes in use, as an agent is shown them.
async fn tree(desk: &Desk) -> String {
    desk.get(&agent(1), "/api/v1/matters").await.to_string()
}

async fn import(desk: &Desk, query: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    send(
        desk,
        &manager(),
        &format!("/api/v1/matters/import{query}"),
        bytes.into(),
    )
    .await
}

async fn exported(desk: &Desk) -> Vec<u8> {
    let request = Request::get("/api/v1/matters/export")
        .extension(agent(1))
        .body(Body::empty())
        .unwrap();
    let response = desk.router().oneshot(request).await.unwrap();
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

#[tokio::test]
async fn a_matter_is_added_renamed_moved_and_taken_out_of_use() {
    on_both(async |desk| {
        let added = put(&desk, &manager(), "115", None, leaf(&json!({}))).await;
        assert_eq!((added.status, &added.json["version"]), (StatusCode::CREATED, &json!(1)));
        let ticket = opened(&desk, &agent(1), "help", "115").await;
        let moved = leaf(&json!({"parent": "2", "section": "titles", "name": "评审安排", "position": 14}));
        let answer = put(&desk, &purchaser(), "115", Some(1), moved.clone()).await;
        assert_eq!((answer.status, &answer.json["version"]), (StatusCode::OK, &json!(2)));
        let again = put(&desk, &purchaser(), "115", Some(2), moved.clone()).await;
        assert_eq!(again.json["version"], 2, "what says the same changes nothing");
        assert_eq!(put(&desk, &manager(), "115", Some(1), moved.clone()).await.json["code"], "stale_version");
        assert_eq!(put(&desk, &manager(), "115", None, moved.clone()).await.status, StatusCode::CONFLICT);

        let mut over = moved;
        over["active"] = json!(false);
        put(&desk, &manager(), "115", Some(2), over).await;
        assert!(!tree(&desk).await.contains("115"));
        let kept = desk.ticket(&agent(1), ticket).await;
        assert_eq!((&kept["matter"], &kept["section"]), (&json!("115"), &json!("exams")));
        let new = json!({"request_type": "help", "matter": "115", "summary": "x", "phone": "13900000001"});
        let refused = desk.ask(&agent(1), Method::POST, "/api/v1/tickets", Some(new)).await;
        assert_eq!(refused.json["code"], "matter_unknown");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_tree_is_refused_with_the_field() {
    on_both(async |desk| {
        let head = row(&desk, "1").await;
        let facts = |changed: Value| {
            let mut facts = head.clone();
            facts
                .as_object_mut()
                .unwrap()
                .retain(|field, _| field != "code" && field != "version");
            for (field, value) in changed.as_object().unwrap() {
                facts[field] = value.clone();
            }
            facts
        };
        for (code, version, matter, field, problem) in [
            ("1x", None, leaf(&json!({})), "code", "matter_code_invalid"),
            (
                "115",
                None,
                leaf(&json!({"parent": "777"})),
                "parent",
                "parent_unknown",
            ),
            (
                "115",
                None,
                leaf(&json!({"name": "缴费与退费"})),
                "name",
                "name_taken",
            ),
            (
                "115",
                None,
                leaf(&json!({"name": "=1+1"})),
                "name",
                "name_invalid",
            ),
            (
                "115",
                None,
                leaf(&json!({"shortcut": "KW"})),
                "shortcut",
                "shortcut_invalid",
            ),
            (
                "115",
                None,
                leaf(&json!({"position": 0})),
                "position",
                "position_invalid",
            ),
            (
                "115",
                None,
                leaf(&json!({"section": "nowhere"})),
                "section",
                "section_unknown",
            ),
            (
                "1",
                Some(1),
                facts(json!({"parent": "106"})),
                "parent",
                "parent_below_itself",
            ),
            (
                "1",
                Some(1),
                facts(json!({"active": false})),
                "active",
                "matter_has_children",
            ),
        ] {
            let answer = put(&desk, &manager(), code, version, matter).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{}",
                answer.json
            );
            assert_eq!(
                (&answer.json["field"], &answer.json["code"]),
                (&json!(field), &json!(problem))
            );
        }
        for (code, parent) in [("1061", "106"), ("10611", "1061"), ("106111", "10611")] {
            let answer = put(
                &desk,
                &manager(),
                code,
                None,
                leaf(&json!({"parent": parent})),
            )
            .await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        }
        let deeper = put(
            &desk,
            &manager(),
            "1061111",
            None,
            leaf(&json!({"parent": "106111"})),
        )
        .await;
        assert_eq!(deeper.json["code"], "tree_too_deep");
        for who in [agent(1), official(1)] {
            let answer = put(&desk, &who, "115", None, leaf(&json!({}))).await;
            assert_eq!(answer.json["permission"], "matters:manage");
        }
    })
    .await;
}

#[tokio::test]
async fn a_tree_that_is_taken_out_comes_back_without_a_change() {
    on_both(async |desk| {
        let bytes = exported(&desk).await;
        let again = import(&desk, "", bytes).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.json);
        assert_eq!(
            (&again.json["unchanged"], &again.json["changes_total"]),
            (&json!(35), &json!(0))
        );
        assert_eq!(row(&desk, "106").await["version"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_tried_and_then_changes_what_it_names() {
    on_both(async |desk| {
        let file = "某市事项,,,\n编码*,上级编码,名称,科室\n106,1,缴费、退费与发票,考试科\n1061,106,退费,exams\n\
                    107,1,准考证,考试科\n";
        let dry = import(&desk, "?dry_run=true", file).await;
        assert_eq!(dry.status, StatusCode::OK, "{}", dry.json);
        let told = ["new", "changed", "unchanged", "rows"].map(|count| dry.json[count].as_u64().unwrap());
        assert_eq!(told, [1, 1, 1, 3], "{}", dry.json);
        assert_eq!(
            dry.json["changes"][0],
            json!({"row": 3, "code": "106", "name": "缴费、退费与发票", "fate": "changed",
                "fields": [{"field": "name", "before": "缴费与退费", "after": "缴费、退费与发票"}]})
        );
        assert_eq!(row(&desk, "106").await["version"], 1, "nothing is written");

        let done = import(&desk, "", file).await;
        assert_eq!((&done.json["dry_run"], &done.json["new"]), (&json!(false), &json!(1)));
        let changed = row(&desk, "106").await;
        assert_eq!((&changed["version"], &changed["shortcut"]), (&json!(2), &json!("jfytf")));
        assert_eq!(row(&desk, "107").await["version"], 1);
        let again = import(&desk, "", file).await;
        assert_eq!(again.json["changes_total"], 0);
        let branch = json!({"request_type": "help", "matter": "106", "summary": "x", "phone": "13900000001"});
        let refused = desk.ask(&agent(1), Method::POST, "/api/v1/tickets", Some(branch)).await;
        assert_eq!(refused.json["code"], "matter_not_a_leaf");
        opened(&desk, &agent(1), "help", "1061").await;
    })
    .await;
}

#[tokio::test]
async fn errors_name_row_and_column_and_nothing_is_half_imported() {
    on_both(async |desk| {
        let file = "编码,上级编码,名称,拼音,顺序,科室,启用\n300,,信访,xf,4,,是\n301,300,来信,lx,一,信访科,是\n301,300,来访,lf,2,,也许\n\
                    ,300,无码,,,,\n302,777,网访,WF,3,,否\n3,,共性,gx,5,,是\n";
        let answer = import(&desk, "", file).await;
        assert_eq!(answer.json["code"], "import_has_errors", "{}", answer.json);
        let errors = answer.json["report"]["errors"].as_array().unwrap().iter();
        let told: Vec<(u64, &str, &str)> = errors
            .map(|error| {
                let (row, column) = (error["row"].as_u64().unwrap(), error["column"].as_str().unwrap());
                (row, column, error["code"].as_str().unwrap())
            })
            .collect();
        assert_eq!(
            told,
            [
                (3, "E", "position_invalid"),
                (3, "F", "section_unknown"),
                (4, "A", "code_twice"),
                (5, "A", "value_missing"),
                (6, "B", "parent_unknown"),
                (6, "D", "shortcut_invalid"),
                (7, "C", "name_taken"),
            ]
        );
        assert_eq!(row(&desk, "300").await, Value::Null);
        for (file, code) in [("名称,拼音\nx,y\n", "heading_missing"), ("编码,拼音\n1,y\n", "column_missing")] {
            assert_eq!(import(&desk, "?dry_run=true", file).await.json["errors"][0]["code"], code);
        }
        assert_eq!(import(&desk, "", b"PK\x03\x04".to_vec()).await.json["code"], "not_a_table");
        let foreign = send(&desk, &agent(1), "/api/v1/matters/import", file.into()).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn what_a_whole_tree_does_not_name_is_taken_out_of_use_and_kept() {
    on_both(async |desk| {
        let ticket = opened(&desk, &agent(1), "help", "106").await;
        let file = "编码,上级编码,名称,顺序\n7,,新业务,1\n71,7,咨询,1\n";
        let dry = import(&desk, "?dry_run=true&deactivate_missing=true", file).await;
        assert_eq!(
            (&dry.json["new"], &dry.json["deactivated"]),
            (&json!(2), &json!(35))
        );
        import(&desk, "?deactivate_missing=true", file).await;
        let shown = desk.get(&agent(1), "/api/v1/matters").await;
        assert_eq!(shown["items"].as_array().unwrap().len(), 1);
        assert_eq!(row(&desk, "106").await["active"], false);
        assert_eq!(desk.ticket(&agent(1), ticket).await["matter"], "106");
        let part = "编码,上级编码,名称,启用\n1,,人事考试,否\n106,1,缴费与退费,是\n";
        let broken = import(&desk, "", part).await;
        assert_eq!(
            broken.json["report"]["errors"][0]["code"],
            "parent_not_in_use"
        );
    })
    .await;
}
