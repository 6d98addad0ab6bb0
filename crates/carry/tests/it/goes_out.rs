//! Everything out: nothing forgotten, nothing secret, the counts of the database; and what went out comes in again.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use carry::export::{self, Manifest, records};
use kernel::audit::Who;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use testing::{Folder, Kind};

use crate::world::{World, on_both};

async fn tables(world: &World) -> BTreeMap<String, BTreeSet<String>> {
    let backend = world.app.db.backend();
    let sql = match backend {
        DbBackend::Sqlite => {
            "select m.name, p.name from sqlite_master m, pragma_table_info(m.name) p where m.type = 'table' \
             and m.name not like 'sqlite_%' and m.name not like '%ticket_words%'"
        }
        _ => {
            "select table_name::text, column_name::text from information_schema.columns \
             where table_schema = current_schema() and table_name not like 'ticket_words%'"
        }
    };
    let rows = world
        .app
        .db
        .read()
        .query_all_raw(Statement::from_string(backend, sql))
        .await;
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows.unwrap() {
        let table: String = row.try_get_by_index(0).unwrap();
        tables
            .entry(table)
            .or_default()
            .insert(row.try_get_by_index(1).unwrap());
    }
    tables
}

async fn count(world: &World, table: &str) -> u64 {
    let sql = format!("select cast(count(*) as bigint) from {table}");
    let statement = Statement::from_string(world.app.db.backend(), sql);
    let row = world
        .app
        .db
        .read()
        .query_one_raw(statement)
        .await
        .unwrap()
        .unwrap();
    let many: i64 = row.try_get_by_index(0).unwrap();
    many.unsigned_abs()
}

async fn out(world: &World, folder: &Folder) -> Manifest {
    let who = Who::system("test");
    let manifest = export::by_hand(&world.app, &who, &folder.path().join("out")).await;
    manifest.unwrap()
}

fn file(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path().join("out").join(name)).unwrap()
}

fn lines(folder: &Folder, name: &str) -> Vec<Value> {
    let text = String::from_utf8(file(folder, &format!("records/{name}.jsonl"))).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whoever makes a table says here what becomes of it at the contract's end.
#[tokio::test]
async fn every_table_and_column_goes_out_or_is_left_out_with_a_reason() {
    let world = World::new(Kind::Sqlite).await;
    let all = records::all().unwrap();
    let left: BTreeSet<&str> = records::left_out()
        .iter()
        .map(|(table, _)| *table)
        .collect();
    let named: BTreeMap<&str, &records::Records> =
        all.iter().map(|one| (one.name.as_str(), one)).collect();
    let tables = tables(&world).await;
    for (table, columns) in &tables {
        if left.contains(table.as_str()) {
            assert!(!named.contains_key(table.as_str()), "{table} is said twice");
            continue;
        }
        let records = named
            .get(table.as_str())
            .unwrap_or_else(|| panic!("{table} is in no text of export/records"));
        let told: BTreeSet<String> = records.own().map(str::to_owned).collect();
        assert_eq!(&told, columns, "the columns of {table}");
        for column in &records.columns {
            let secret = ["password", "secret", "totp", "token", "ha1", "sealed"];
            let open = ["must_change_password", "sealed"].contains(&column.name.as_str())
                || column.name.ends_with("_at")
                || column.name.ends_with("_by");
            assert!(
                open || !secret.iter().any(|word| column.name.contains(word)),
                "{table}.{}",
                column.name
            );
            assert!(
                column.title.chars().any(|char| char > '\u{4e00}'),
                "{table}.{} in Chinese",
                column.name
            );
        }
    }
    for one in &all {
        assert!(
            tables.contains_key(&one.name),
            "{} is no table any more",
            one.name
        );
    }
}

#[tokio::test]
async fn what_went_out_equals_the_database_and_comes_in_again() {
    on_both(async |world| {
        let articles = "原编号,标题,问题,答复,业务事项,关键词,依据\n".to_owned()
            + &(0..20).map(|n| format!("K{n},准考证 {n},\"怎么打印，第{n}种？\",\"登录后打印，\n第二行 {n}\",107,准考证、打印,通知\n")).collect::<Vec<String>>().concat();
        let (status, made) = world.bring("manager", "articles", "", articles).await;
        assert_eq!(status, 200, "{made}");
        let tickets = "原工单编号,受理时间,诉求类型,业务事项,诉求内容,诉求人,联系电话,首接人\n".to_owned()
            + &(0..30).map(|n| format!("T{n},2026-11-20 09:{n:02},求助,107,=HYPERLINK(1)第{n}件,王{n},139000000{n:02},{}\n", if n % 3 == 0 { "无人" } else { "802" })).collect::<Vec<String>>().concat();
        let (status, made) = world.bring("manager", "tickets", "", tickets).await;
        assert_eq!((status, &made["ownerless"]), (200, &json!(10)), "{made}");
        world.app.files.put("tickets/a.txt", b"as it is").await.unwrap();

        // A folder that was left in the middle is begun anew; one that is something else is left alone.
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path().join("out/records")).unwrap();
        std::fs::write(folder.path().join("out/.unfinished"), b"").unwrap();
        std::fs::write(folder.path().join("out/records/tickets.csv.half"), b"half").unwrap();
        let manifest = out(&world, &folder).await;
        let quiet: &export::Progress = &|_| Box::pin(async { Ok(()) });
        let no = export::export(&world.app, &folder.path().join("out"), quiet).await;
        assert_eq!(no.unwrap_err().code, "folder_not_empty");

        for written in &manifest.records {
            // That it went out is written down after it.
            let since = u64::from(written.name == "audit_entries");
            assert_eq!(written.rows + since, count(&world, &written.name).await, "{}", written.name);
            assert_eq!(lines(&folder, &written.name).len() as u64, written.rows, "{}", written.name);
        }
        for one in manifest.all() {
            use sha2::Digest as _;
            let bytes = file(&folder, &one.path);
            assert_eq!((bytes.len() as u64, hex::encode(sha2::Sha256::digest(&bytes))), (one.bytes, one.sha256.clone()), "{}", one.path);
        }
        let page = String::from_utf8(file(&folder, "说明.md")).unwrap();
        assert!(page.contains("## 工单（records/tickets）") && page.contains("| requester_phone | 文本 | 联系电话 |"));
        let users = String::from_utf8(file(&folder, "records/users.jsonl")).unwrap();
        assert!(!users.contains("$argon2") && !users.contains("password_hash"), "no secret goes out");
        assert!(file(&folder, "records/tickets.csv").starts_with(b"\xef\xbb\xbf"));

        // An empty installation takes the knowledge and the tickets as they are.
        let empty = World::new(world.app.kind()).await;
        for (kind, name, rows) in [("articles", "articles", 20), ("tickets", "tickets", 30)] {
            let bytes = file(&folder, &format!("records/{name}.csv"));
            let (status, made) = empty.bring("manager", kind, "", bytes).await;
            assert_eq!((status, &made["new"]), (200, &json!(rows)), "{made}");
        }
        let second = Folder::new();
        out(&empty, &second).await;
        let told = |folder: &Folder, name: &str, fields: &[&str]| -> BTreeSet<String> {
            let row = |line: &Value| json!(fields.iter().map(|field| &line[field]).collect::<Vec<_>>()).to_string();
            lines(folder, name).iter().map(row).collect()
        };
        let of_articles = ["kind", "matter", "owner_section", "title", "question", "answer", "public_answer", "keywords", "tags",
            "source_no", "source_title", "valid_from", "valid_to", "review_due", "state"];
        let of_tickets = ["request_type", "matter", "section", "priority", "title", "summary", "incident_address", "confidential",
            "requester_name", "requester_phone", "first_owner", "current_owner", "state", "opened_at", "due_at"];
        for (name, fields) in [("articles", &of_articles[..]), ("tickets", &of_tickets[..])] {
            let (before, after) = (told(&folder, name, fields), told(&second, name, fields));
            assert_eq!(before, after, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_purchaser_allows_what_the_administrator_asks_for() {
    on_both(async |world| {
        let (status, no) = world
            .ask(
                "manager",
                Method::POST,
                "/api/v1/exports",
                json!({"reason": "合同到期"}),
            )
            .await;
        assert_eq!(status, 403, "{no}");
        let (status, asked) = world
            .ask(
                "sysadmin",
                Method::POST,
                "/api/v1/exports",
                json!({"reason": "合同到期移交"}),
            )
            .await;
        assert_eq!(status, 201, "{asked}");
        let id = asked["id"].as_str().unwrap();
        let path = format!("/api/v1/exports/{id}");
        let (status, no) = world
            .ask(
                "sysadmin",
                Method::POST,
                &format!("{path}/decide"),
                json!({"version": 1, "yes": true}),
            )
            .await;
        assert_eq!(status, 403, "{no}");
        let (status, no) = world
            .ask(
                "sysadmin",
                Method::POST,
                "/api/v1/exports",
                json!({"reason": "再来"}),
            )
            .await;
        assert_eq!((status, &no["code"]), (409, &json!("export_open")));
        let yes = json!({"version": 1, "yes": true, "opinion": "同意"});
        let (status, allowed) = world
            .ask("purchaser", Method::POST, &format!("{path}/decide"), yes)
            .await;
        assert_eq!(
            (status, &allowed["state"]),
            (200, &json!("running")),
            "{allowed}"
        );
        world.app.settle().await;
        let done = world.get("purchaser", &path).await;
        assert_eq!(done["state"], "done", "{done}");
        assert!(
            done["rows"].as_i64().unwrap() > 0
                && done["manifest_sha256"].as_str().unwrap().len() == 64
        );
        let (status, part) = world
            .send(
                "sysadmin",
                Method::GET,
                &format!("{path}/file?path=records/parties.jsonl"),
                "".into(),
            )
            .await;
        assert_eq!(status, 200, "{part}");
        let (status, _) = world
            .send(
                "sysadmin",
                Method::GET,
                &format!("{path}/file?path=../../secret.key"),
                "".into(),
            )
            .await;
        assert_eq!(status, 404);
        let (status, _) = world
            .send(
                "purchaser",
                Method::GET,
                &format!("{path}/file?path=manifest.json"),
                "".into(),
            )
            .await;
        assert_eq!(status, 403, "who runs the machine hands it over");
    })
    .await;
}
