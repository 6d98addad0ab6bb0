//! The question bank: written, brought in, kept in versions.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{ARTICLE, HEARD, on_both, text};

fn sheet(rows: Vec<Vec<&str>>) -> Vec<u8> {
    let heading = [
        "题型",
        "业务事项",
        "难度",
        "题干",
        "选项A",
        "选项B",
        "选项C",
        "答案",
        "解析",
        "来源条目",
        "录音",
    ];
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(str::to_owned).collect());
    documents::write("题库", heading, rows).unwrap()
}

#[tokio::test]
async fn a_question_is_kept_in_versions_and_never_seen_by_who_sits_exams() {
    on_both(async |world| {
        let new = json!({"kind": "multiple", "matter": "107", "difficulty": "hard", "source": format!("{ARTICLE}@1"),
            "content": {"text": "带什么？", "options": ["准考证", "身份证", "手机"], "right": [1, 0]}});
        let made = world.post("trainer", "/api/v1/questions", new.clone()).await;
        assert_eq!((&made["number"], &made["n"]), (&json!("T0001"), &json!(1)));
        assert_eq!(made["content"]["right"], json!([0, 1]), "{made}");
        assert_eq!(made["source_name"], "ZS0001 准考证");
        let path = format!("/api/v1/questions/{}", text(&made["id"]));
        let twice = world.refused("trainer", Method::POST, "/api/v1/questions", new.clone()).await;
        assert_eq!(twice, (422, "question_twice".to_owned()));

        let mut changed = new.clone();
        changed["version"] = made["version"].clone();
        changed["content"]["text"] = json!("考试那天带什么？");
        let after = world.put("section", &path, changed.clone()).await;
        assert_eq!((&after["n"], after["versions"].as_array().unwrap().len()), (&json!(2), 2));
        assert_eq!(after["versions"][1]["content"]["text"], "带什么？", "the first stays");
        let late = world.refused("trainer", Method::PUT, &path, changed.clone()).await;
        assert_eq!(late, (409, "stale_version".to_owned()));
        changed["version"] = after["version"].clone();
        changed["kind"] = json!("single");
        changed["content"]["right"] = json!([0]);
        let other = world.refused("trainer", Method::PUT, &path, changed).await;
        assert_eq!(other, (422, "question_kind_fixed".to_owned()));

        for (field, value, code) in [
            ("right", json!([0]), "answer_invalid"),
            ("right", json!([0, 7]), "answer_invalid"),
            ("options", json!(["一", "一"]), "options_invalid"),
            ("text", json!(" "), "text_missing"),
        ] {
            let mut wrong = new.clone();
            wrong["content"]["text"] = json!("另一题");
            wrong["content"][field] = value;
            let no = world.refused("trainer", Method::POST, "/api/v1/questions", wrong).await;
            assert_eq!(no, (422, code.to_owned()), "{field}");
        }
        let call = json!({"kind": "call_simulation", "matter": "107", "difficulty": "easy",
            "content": {"text": "听后作答", "model_answer": "安抚", "recording": ARTICLE}});
        let no = world.refused("trainer", Method::POST, "/api/v1/questions", call).await;
        assert_eq!(no, (422, "recording_unknown".to_owned()));
        for who in ["agent1", "lead", "manager", "quality"] {
            let no = world.refused(who, Method::GET, &path, Value::Null).await;
            assert_eq!(no, (403, "forbidden".to_owned()), "{who}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sheet_of_questions_is_tried_its_errors_named_by_cell_and_comes_in_whole_or_not_at_all() {
    on_both(async |world| {
        let heard = HEARD.to_string();
        let source = format!("{ARTICLE}@1");
        let good = vec![
            vec![
                "单选",
                "107",
                "易",
                "一",
                "甲",
                "乙",
                "",
                "A",
                "因为",
                source.as_str(),
            ],
            vec!["多选题", "107", "", "二", "甲", "乙", "丙", "A、c"],
            vec!["判断", "107", "难", "三", "", "", "", "错"],
            vec![
                "填空",
                "107",
                "中",
                "四",
                "",
                "",
                "",
                "准考证|准考證；身份证",
            ],
            vec!["简答", "301", "中", "五", "", "", "", "先安抚"],
            vec![
                "来电模拟",
                "301",
                "中",
                "六",
                "",
                "",
                "",
                "先安抚",
                "",
                "",
                heard.as_str(),
            ],
        ];
        let mut bad = good.clone();
        bad.push(vec!["论述", "107", "易", "七", "", "", "", "对"]);
        bad.push(vec!["单选", "107", "易", "一", "甲", "乙", "", "A"]);
        bad.push(vec!["单选", "107", "易", "八", "甲", "乙", "", "D"]);
        bad.push(vec!["单选", "10 7", "易", "九", "甲", "乙", "", "A"]);
        bad.push(vec!["判断", "107", "易", "十", "", "", "", "也许"]);
        bad.push(vec![
            "判断", "107", "易", "十一", "", "", "", "对", "", "没有@1",
        ]);
        let path = "/api/v1/questions/import";
        let (status, tried) = world
            .upload(
                "trainer",
                &format!("{path}?dry_run=true"),
                sheet(bad.clone()),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{tried}");
        let errors: Vec<(u64, &str, &str)> = tried["errors"]
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
                (8, "A", "kind_unknown"),
                (9, "D", "question_twice"),
                (10, "H", "answer_invalid"),
                (11, "B", "code_invalid"),
                (12, "H", "answer_invalid"),
                (13, "J", "article_unknown"),
            ]
        );
        let (status, refused) = world.upload("trainer", path, sheet(bad)).await;
        assert_eq!(
            (status.as_u16(), text(&refused["code"])),
            (422, "import_has_errors")
        );
        assert_eq!(
            world.read("trainer", "/api/v1/questions").await["total"],
            0,
            "nothing half-written"
        );

        let (status, done) = world.upload("trainer", path, sheet(good.clone())).await;
        assert_eq!(
            (status, &done["new"], &done["dry_run"]),
            (StatusCode::OK, &json!(6), &json!(false))
        );
        let (_, again) = world
            .upload("trainer", &format!("{path}?dry_run=true"), sheet(good))
            .await;
        assert_eq!(again["errors_total"], 6, "they are there already: {again}");
        let listed = world.read("trainer", "/api/v1/questions?kind=fill").await;
        let one = world
            .read(
                "trainer",
                &format!("/api/v1/questions/{}", text(&listed["items"][0]["id"])),
            )
            .await;
        assert_eq!(
            one["content"]["blanks"],
            json!([["准考证", "准考證"], ["身份证"]])
        );
    })
    .await;
}
