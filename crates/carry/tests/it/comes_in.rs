//! One shape of import: limits, columns, errors by cell, what came over before, who may.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{World, on_both};

const TICKETS: &str = "原工单编号,受理时间,诉求类型,诉求内容,诉求人,联系电话,首接人\n\
    T1,2026-11-20 09:00,咨询,准考证打印不了,王一,13900000001,陈晓雯\n\
    T2,2026-11-20 09:30,投诉,退费慢,王二,13900000002,离职的人\n";

fn errors(report: &Value) -> Vec<(u64, &str, &str)> {
    let all = report["errors"].as_array().unwrap().iter();
    all.map(|error| {
        (
            error["row"].as_u64().unwrap_or_default(),
            error["column"].as_str().unwrap_or_default(),
            error["code"].as_str().unwrap(),
        )
    })
    .collect()
}

async fn counts(world: &World, kind: &str) -> u64 {
    let all = world.get("manager", "/api/v1/carry").await;
    let all = all["items"].as_array().unwrap().clone();
    let one = all.into_iter().find(|one| one["kind"] == kind).unwrap();
    one["held"].as_u64().unwrap()
}

#[tokio::test]
async fn the_same_file_changes_nothing_and_another_one_what_it_names() {
    on_both(async |world| {
        let (status, tried) = world
            .bring("lead", "tickets", "dry_run=true", TICKETS)
            .await;
        assert_eq!(status, 403, "the lead has no right to bring files: {tried}");
        let (status, tried) = world
            .bring("manager", "tickets", "dry_run=true", TICKETS)
            .await;
        assert_eq!(
            (status, &tried["new"], &tried["ownerless"]),
            (200, &json!(2), &json!(1)),
            "{tried}"
        );
        assert_eq!(counts(&world, "tickets").await, 0, "a try writes nothing");
        let (status, made) = world.bring("manager", "tickets", "", TICKETS).await;
        assert_eq!(
            (status, &made["new"], &made["running"]),
            (200, &json!(2), &json!(false)),
            "{made}"
        );
        let (_, again) = world.bring("manager", "tickets", "", TICKETS).await;
        assert_eq!(
            (&again["new"], &again["changed"], &again["unchanged"]),
            (&json!(0), &json!(0), &json!(2)),
            "{again}"
        );

        // One cell says something else; of a person nothing is shown.
        let other = TICKETS
            .replace("退费慢", "退费三个月未到")
            .replace("王二", "王二二");
        let (_, changed) = world.bring("manager", "tickets", "", other.clone()).await;
        assert_eq!(
            (&changed["changed"], &changed["unchanged"]),
            (&json!(1), &json!(1)),
            "{changed}"
        );
        let told: Vec<(&Value, &Value, &Value)> = changed["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (&one["field"], &one["before"], &one["after"]))
            .collect();
        let name = json!("requester_name");
        let summary = (json!("summary"), json!("退费慢"), json!("退费三个月未到"));
        assert_eq!(
            told,
            [
                (&summary.0, &summary.1, &summary.2),
                (&name, &Value::Null, &Value::Null)
            ]
        );

        // A file without a column that was told before may not change the row.
        let narrow = "原工单编号,受理时间,诉求类型,诉求内容\nT2,2026-11-20 09:30,投诉,又一次\n";
        let (status, no) = world.bring("manager", "tickets", "", narrow).await;
        assert_eq!(
            (status, &no["code"]),
            (422, &json!("import_has_errors")),
            "{no}"
        );
        let codes: Vec<&str> = errors(&no["report"])
            .into_iter()
            .map(|error| error.2)
            .collect();
        assert!(
            codes.iter().all(|code| *code == "column_gone") && !codes.is_empty(),
            "{codes:?}"
        );
        let (_, still) = world.bring("manager", "tickets", "", other).await;
        assert_eq!(still["unchanged"], 2, "nothing was lost: {still}");

        // Both are kept with their reports.
        let kept = world.get("manager", "/api/v1/carry-imports").await;
        let states: Vec<&str> = kept["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["state"].as_str().unwrap())
            .collect();
        assert_eq!(
            states,
            ["imported", "refused", "imported", "imported", "imported"]
        );
        let refused = kept["items"][1]["id"].as_str().unwrap();
        let detail = world
            .get("manager", &format!("/api/v1/carry-imports/{refused}"))
            .await;
        assert_eq!(detail["report"]["errors"][0]["code"], "column_gone");
    })
    .await;
}

#[tokio::test]
async fn a_broken_file_loses_nothing_and_says_what_is_wrong_where() {
    on_both(async |world| {
        let broken = "原工单编号,受理时间,诉求类型,诉求内容,首接人,业务事项\n\
            B1,2026-11-20 09:00,咨询,好的一行,陈晓雯,107\n\
            B2,2027-11-20 09:00,咨询,还没到,陈晓雯,107\n\
            B3,昨天,咨询,不是时间,陈晓雯,107\n\
            B4,2026-11-20 09:00,闲聊,不是类型,陈晓雯,107\n\
            B5,2026-11-20 09:00,咨询,,陈晓雯,107\n\
            B1,2026-11-20 09:00,咨询,又一个,陈晓雯,107\n\
            B7,2026-11-20 09:00,咨询,没有的事项,陈晓雯,999999\n";
        let (status, no) = world.bring("manager", "tickets", "", broken).await;
        assert_eq!((status, &no["code"]), (422, &json!("import_has_errors")), "{no}");
        assert_eq!(
            errors(&no["report"]),
            [
                (3, "B", "time_in_future"),
                (4, "B", "moment_invalid"),
                (5, "C", "word_unknown"),
                (6, "D", "value_missing"),
                (7, "A", "number_twice"),
                (8, "F", "matter_unknown"),
            ]
        );
        assert_eq!(counts(&world, "tickets").await, 0);

        // What no table is.
        let (status, no) = world.bring("manager", "tickets", "", b"a,b\n\xff\xff,1\n".to_vec()).await;
        assert_eq!((status, &no["code"]), (422, &json!("encoding_unknown")), "{no}");
        let (status, no) = world.bring("manager", "tickets", "", "甲,乙\n1,2\n").await;
        assert_eq!((status, errors(&no["report"])), (422, vec![(0, "", "heading_missing")]), "{no}");
        let (status, no) = world.bring("manager", "tickets", "", vec![b'x'; 11 << 20]).await;
        assert_eq!(status, 413, "{no}");
        let many = "原工单编号,受理时间\n".to_owned() + &"x,y\n".repeat(50_001);
        let (status, no) = world.bring("manager", "tickets", "", many).await;
        assert_eq!((status, &no["code"]), (422, &json!("too_many_rows")), "{no}");

        // Columns of other names are said once.
        let foreign = "单号,何时,何类,何事,谁接\nF1,2026-11-20 09:00,咨询,换了列名,801\n";
        let (status, found) = world
            .send("manager", Method::POST, "/api/v1/carry/tickets/columns", foreign.into())
            .await;
        assert_eq!((status, &found["heading_row"]), (200, &Value::Null), "{found}");
        let said = json!({"columns": {"单号": "number", "何时": "opened_at", "何类": "request_type", "何事": "summary", "谁接": "first_owner"}});
        let path = "/api/v1/carry/tickets/columns";
        let (status, _) = world.ask("manager", Method::PUT, path, said).await;
        assert_eq!(status, 204);
        let (_, made) = world.bring("manager", "tickets", "", foreign).await;
        assert_eq!((&made["new"], &made["ownerless"]), (&json!(1), &json!(0)), "{made}");
    })
    .await;
}

#[tokio::test]
async fn each_kind_is_brought_by_who_may_write_it_by_hand() {
    on_both(async |world| {
        let lookups =
            "编码,年度,名称,报名开始,报名截止\n2026-1j,2026,一级建造师,2026-07-01,2026-07-10\n";
        let (status, no) = world.bring("manager", "exam_plans", "", lookups).await;
        assert_eq!(
            (status, &no["permission"]),
            (403, &json!("lookups:maintain")),
            "{no}"
        );
        let (status, made) = world.bring("purchaser", "exam_plans", "", lookups).await;
        assert_eq!((status, &made["new"]), (200, &json!(1)), "{made}");
        let people = "原工号,姓名,账号,出生日期,身份证号,学历,入职日期\n\
            P1,陈晓雯,agent1,1995-03-01,440101199503010011,大专,2022-01-01\n";
        let (status, no) = world.bring("purchaser", "people", "", people).await;
        assert_eq!(status, 403, "{no}");
        let (status, made) = world.bring("hr", "people", "", people).await;
        assert_eq!((status, &made["new"]), (200, &json!(1)), "{made}");
        let twice = people.replace("P1", "P2");
        let (status, no) = world.bring("hr", "people", "", twice).await;
        assert_eq!(
            (status, errors(&no["report"])[0].2),
            (422, "staff_file_exists"),
            "{no}"
        );
        let words = "原编号,同义词\nS1,准考证、打印凭证\n";
        let (status, made) = world.bring("manager", "synonyms", "", words).await;
        assert_eq!((status, &made["new"]), (200, &json!(1)), "{made}");
    })
    .await;
}
