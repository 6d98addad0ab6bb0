//! the predecessor hands over six people, two hundred articles, three tables, three hundred open tickets and five
//! thousand closed ones as workbooks; the same again changes nothing, a broken one loses nothing, the board of the
//! transition has it all as evidence. At the end everything goes out with the purchaser's consent.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both, path};
use crate::support::{Person, TestServer};

fn book(rows: &str) -> Option<Vec<u8>> {
    testing::openpyxl(rows)
}

struct Books {
    people: Vec<u8>,
    articles: Vec<u8>,
    plans: Vec<u8>,
    batches: Vec<u8>,
    words: Vec<u8>,
    tickets: Vec<u8>,
    broken: Vec<u8>,
    history: Vec<u8>,
}

/// What another library than ours makes of the predecessor's data.
fn books() -> Option<Books> {
    let tickets = "page.append(['未办结工单移交表'])\n\
         page.append(['原工单编号','受理时间','诉求类型','业务事项','诉求内容','诉求人','联系电话','首接人'])\n\
         import datetime\n\
         for n in range(300):\n\
         \x20   page.append(['GD%04d' % n, datetime.datetime(2026, 11, 2 + n % 5, 9, n % 60), ['咨询','求助','投诉'][n % 3], '107',\n\
         \x20       '准考证问题，第%d件' % n, '王%d' % n, 13900001000 + n, ['801','802','已离职'][n % 3]])\n";
    Some(Books {
        people: book(
            "page.append(['原工号*','姓名*','出生日期','身份证号','岗位','承接意愿','学历','普通话等级','入职日期','原单位'])\n\
             for n in range(6):\n\
             \x20   page.append(['P%d' % n, '承接员%d' % n, '1995-03-0%d' % (n + 1), '44010119950301001%d' % n, 'Z%d' % (n + 1), '愿意',\n\
             \x20       '大专', '二级甲等', '2022-01-01', '原运营公司'])\n",
        )?,
        articles: book(
            "page.append(['编号','标题','问题','答复','业务事项','关键词','依据'])\n\
             for n in range(200):\n\
             \x20   page.append(['K%03d' % n, '口径 %d' % n, '怎么办 %d？' % n, '这样办 %d。' % n, '107', '准考证、打印', '通知'])\n",
        )?,
        plans: book(
            "page.append(['编码','年度','名称','报名开始','报名截止'])\npage.append(['2026-1j', 2026, '一级建造师', '2026-07-01', '2026-07-10'])\n",
        )?,
        batches: book(
            "page.append(['编码','年度','名称'])\npage.append(['2026-gg', 2026, '高级职称'])\n",
        )?,
        words: book("page.append(['编号','同义词'])\npage.append(['S1', '准考证、打印凭证'])\n")?,
        tickets: book(tickets)?,
        broken: book(&format!(
            "{tickets}page['C7'] = '闲聊'\npage['E9'] = None\npage['B11'] = '=1/0'\n"
        ))?,
        history: book(
            "page.append(['编号','类别','受理时间','渠道','诉求人','联系电话','内容','办理结果','办结时间'])\n\
             for n in range(5000):\n\
             \x20   page.append(['L%05d' % n, ['来电','工单'][n % 2], '2026-%02d-%02d 10:%02d' % (1 + n % 9, 1 + n % 28, n % 60), '电话',\n\
             \x20       '李%d' % n, 13800000000 + n % 700, '历史诉求 %d' % n, '已办结', '2026-%02d-28 18:00' % (1 + n % 9)])\n",
        )?,
    })
}

async fn brings(who: &Person, kind: &str, query: &str, book: &[u8]) -> Value {
    let at = format!("/api/v1/carry/{kind}/import?{query}");
    let (status, report) = who.send_file(&at, book.to_vec()).await;
    if status == StatusCode::ACCEPTED {
        let id = report["import_id"].as_str().unwrap().to_owned();
        for _ in 0..600 {
            let now = who.get(&format!("/api/v1/carry-imports/{id}")).await;
            if now["state"] != "running" {
                assert_eq!(now["state"], "imported", "{now}");
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{kind} is not written after a minute");
    }
    assert_eq!(status, StatusCode::OK, "{kind}: {report}");
    report
}

fn new_and_unchanged(report: &Value) -> (u64, u64) {
    let count = |key: &str| report[key].as_u64().unwrap();
    (count("new"), count("unchanged"))
}

async fn all_of_it(server: &TestServer, books: &Books) {
    let manager = server.sign_in("manager").await;
    let purchaser = server.sign_in("purchaser").await;
    let hr = server.sign_in("hr").await;
    let lead = server.sign_in("lead").await;
    let new = json!({"predecessor": "原运营公司", "go_live_on": "2026-12-01"});
    let board = manager.post("/api/v1/transitions", new).await;
    let onto = format!("transition={}", board["id"].as_str().unwrap());

    // A broken file loses nothing: three cells are named, and nothing was written.
    let at = format!("/api/v1/carry/tickets/import?{onto}");
    let (status, no) = manager.send_file(&at, books.broken.clone()).await;
    assert_eq!(
        (status, &no["code"]),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!("import_has_errors")
        ),
        "{no}"
    );
    let cells: Vec<String> = no["report"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| format!("{}{}", error["column"].as_str().unwrap(), error["row"]))
        .collect();
    assert_eq!(cells, ["C7", "E9", "B11"], "{no}");
    let tried = brings(&manager, "tickets", "dry_run=true", &books.tickets).await;
    assert_eq!(
        (&tried["new"], &tried["ownerless"]),
        (&json!(300), &json!(100)),
        "{tried}"
    );

    let rows: [(&Person, &str, &[u8], u64); 7] = [
        (&hr, "people", &books.people, 6),
        (&manager, "articles", &books.articles, 200),
        (&purchaser, "exam_plans", &books.plans, 1),
        (&purchaser, "title_batches", &books.batches, 1),
        (&manager, "synonyms", &books.words, 1),
        (&manager, "tickets", &books.tickets, 300),
        (&manager, "history", &books.history, 5_000),
    ];
    for (who, kind, book, many) in rows {
        let made = brings(who, kind, &onto, book).await;
        assert_eq!(new_and_unchanged(&made), (many, 0), "{kind}: {made}");
        let again = brings(who, kind, &onto, book).await;
        assert_eq!(new_and_unchanged(&again), (0, many), "{kind}: {again}");
    }

    // Each went where it belongs.
    let seated = manager.get(&path("transitions", &board)).await;
    let posts = seated["posts"].as_array().unwrap();
    assert!(
        posts
            .iter()
            .all(|post| post["willing"] == "willing" && post["staff_id"].is_string()),
        "{seated}"
    );
    let items = seated["items"].as_array().unwrap();
    assert!(
        items.len() == 7
            && items.iter().all(|item| item["done_on"].is_string()
                && item["note"].as_str().unwrap().contains("SHA-256")),
        "{seated}"
    );
    let evidence = manager
        .get(&format!("/api/v1/carry-imports?{onto}&per_page=100"))
        .await;
    assert_eq!(evidence["total"], 15, "seven, seven again, one refused");
    let waiting = purchaser
        .get("/api/v1/articles?state=submitted&q=口径")
        .await;
    assert_eq!(
        waiting["total"], 200,
        "none holds before the purchaser says yes"
    );

    // A ticket goes on with its first owner and the clock of the day it was opened; what has no owner waits for one.
    let owned = lead.get("/api/v1/tickets?q=准考证问题，第0件").await["items"][0].clone();
    assert_eq!(
        (&owned["state"], &owned["opened_at"]),
        (&json!("in_handling"), &json!("2026-11-02T01:00:00Z")),
        "{owned}"
    );
    assert_eq!(owned["first_owner"]["staff_no"], "801", "{owned}");
    assert!(
        owned["due_at"].as_str().unwrap() < "2026-11-23",
        "its clock runs since then: {owned}"
    );
    let lost = lead.get("/api/v1/tickets?q=准考证问题，第2件").await["items"][0].clone();
    assert_eq!(
        (&lost["state"], &lost["first_owner"]),
        (&json!("pending_sign"), &Value::Null),
        "{lost}"
    );

    let agent = server.sign_in("agent1").await;
    let give = json!({"action": "reassign", "to": agent.own_id().await, "reason": "指定首接人"});
    lead.does(&lost, "dispatch", give).await;
    let signed = agent.does(&lost, "handle", json!({"action": "sign"})).await;
    assert_eq!(
        signed["first_owner"]["staff_no"], "801",
        "who signs it is its first owner: {signed}"
    );

    // The history is there to be read and measures nothing of ours.
    let past = lead.get("/api/v1/carried-history?q=历史诉求 4999").await;
    let one = &past["items"][0];
    assert_eq!(
        (&past["total"], &one["origin"]),
        (&json!(1), &json!("predecessor")),
        "{past}"
    );
    let whose = format!(
        "/api/v1/carried-history?requester={}",
        one["requester_id"].as_str().unwrap()
    );
    assert!(
        agent.get(&whose).await["total"].as_u64().unwrap() >= 7,
        "700 people, 5,000 rows"
    );
    let (status, no) = agent
        .ask(Method::GET, "/api/v1/carried-history", None)
        .await;
    assert_eq!(
        (status, &no["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("requester_needed")),
        "{no}"
    );
    assert_eq!(lead.get("/api/v1/contact-records").await["total"], 0);

    // At the end everything goes out, with the purchaser's consent.
    let sysadmin = server.sign_in("sysadmin").await;
    let asked = sysadmin
        .post("/api/v1/exports", json!({"reason": "合同到期移交"}))
        .await;
    let waits = purchaser.get("/api/v1/waiting").await;
    assert!(waits.to_string().contains("carry_export"), "{waits}");
    let at = path("exports", &asked);
    purchaser
        .post(
            &format!("{at}/decide"),
            json!({"version": asked["version"], "yes": true}),
        )
        .await;
    let mut done = Value::Null;
    for _ in 0..600 {
        done = sysadmin.get(&at).await;
        if done["state"] != "running" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(done["state"], "done", "{done}");
    let rows = |name: &str| {
        let records = done["records"].as_array().unwrap();
        records.iter().find(|one| one["name"] == name).unwrap()["rows"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        (
            rows("tickets"),
            rows("carried_history"),
            rows("lookup_rows") >= 2
        ),
        (300, 5_000, true),
        "{done}"
    );
    let file = sysadmin
        .send(
            Method::GET,
            &format!("{at}/file?path=records/tickets.csv"),
            None,
        )
        .await;
    let text = file.text().await.unwrap();
    assert_eq!(
        text.matches("准考证问题").count(),
        600,
        "title and summary of each"
    );
    let contract = purchaser.get("/api/v1/contract-clauses").await;
    assert!(contract.to_string().contains("carry_imports"), "{contract}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_predecessor_hands_over_comes_in_once_and_everything_goes_out() {
    let Some(books) = books() else { return };
    on_both(async |server| Box::pin(all_of_it(server, &books)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_file_of_people_keeps_what_the_board_says_since() {
    on_both(async |server| {
        let (manager, hr) = (server.sign_in("manager").await, server.sign_in("hr").await);
        let new = json!({"predecessor": "原运营公司", "go_live_on": "2026-12-01"});
        let board = manager.post("/api/v1/transitions", new).await;
        let onto = format!("transition={}", board["id"].as_str().unwrap());
        let file = |education: &str| {
            let row = ["P1", "承接员一", "Z1", "愿意", education]
                .map(str::to_owned)
                .to_vec();
            let heading = ["原工号", "姓名", "岗位", "承接意愿", "学历"];
            documents::write("人员", heading, [row]).unwrap()
        };
        brings(&hr, "people", &onto, &file("大专")).await;
        let at = path("transitions", &board);
        let seat = async || manager.get(&at).await["posts"][0].clone();
        let seated = seat().await;
        assert_eq!(seated["willing"], "willing", "{seated}");

        // He thinks better of it, and the board says so; the file comes again with a line that changed.
        let said =
            json!({"staff_id": seated["staff_id"], "willing": "unwilling", "note": "另有安排"});
        manager.put(&format!("{at}/posts/Z1"), said).await;
        let again = brings(&hr, "people", &onto, &file("本科")).await;
        assert_eq!(again["changed"], 1, "{again}");
        let kept = seat().await;
        assert_eq!(
            (&kept["willing"], &kept["note"]),
            (&json!("unwilling"), &json!("另有安排")),
            "{kept}"
        );
    })
    .await;
}
