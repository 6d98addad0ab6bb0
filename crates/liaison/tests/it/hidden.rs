//! What the purchaser inspects unannounced is his alone until he releases it: nothing of it stands where somebody of
//! the supplier could look, also not in the tables that are told from.

use axum::http::Method;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};

use crate::world::{World, on_both, path};

/// All rows of a table, as text.
async fn table(world: &World, name: &str, columns: &str) -> String {
    let backend = world.app.db.read().get_database_backend();
    let sql = format!("select {columns} as line from {name}");
    let rows = world
        .app
        .db
        .read()
        .query_all_raw(Statement::from_string(backend, sql))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get::<String>("", "line").unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

async fn told(world: &World) -> String {
    let audit =
        "action || ' ' || subject_kind || ' ' || subject_id || ' ' || cast(details as text)";
    let events = "kind || ' ' || subject_id || ' ' || cast(payload as text)";
    format!(
        "{}\n{}",
        table(world, "audit_entries", audit).await,
        table(world, "events", events).await
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hidden_inspection_leaves_no_trace_the_supplier_could_read() {
    on_both(async |world| {
        let new = json!({"kind": "unannounced", "title": "午休无人接听", "place": "三楼大厅", "inspected_on": "2026-11-20",
            "inspectors": "李某", "findings": "拨打三次均未接通", "problems": true});
        assert_eq!(world.refused("manager", "/api/v1/inspections", new.clone()).await.0, 403);
        let made = world.post("counterpart", "/api/v1/inspections", new.clone()).await;
        let at = path("inspections", &made);
        let id = made["id"].as_str().unwrap();
        assert_eq!((&made["state"], &made["number"]), (&json!("hidden"), &Value::Null));
        let edit = json!({"version": made["version"], "findings": "拨打四次均未接通", "problems": true});
        let made = world.ask(&world.who("counterpart"), Method::PUT, &at, Some(edit)).await.json;

        for who in ["manager", "lead", "quality", "liaison"] {
            let list = world.read(who, "/api/v1/inspections").await;
            assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])), "{who}");
            let found = world.read(who, "/api/v1/inspections?q=三楼&state=hidden").await;
            assert_eq!(found["total"], 0, "{who}");
            let shown = world.ask(&world.who(who), Method::GET, &at, None).await;
            assert_eq!(shown.status, 404, "{who}");
            let file = format!("/api/v1/liaison-files/inspection/{id}/{id}");
            let file = world.ask(&world.who(who), Method::GET, &file, None).await;
            assert_eq!(file.status, 404, "{who}");
            let todo = world.read(who, "/api/v1/liaison-todo").await;
            assert_eq!(todo["items"], json!([]), "{who}");
        }
        let told_hidden = told(&world).await;
        for part in [id, "inspection", "unannounced", "午休", "三楼"] {
            assert!(!told_hidden.contains(part), "{part}: {told_hidden}");
        }
        assert!(told_hidden.contains("supervision.noted"), "that something was noted stands in the trail");

        // No rectification tells of it before.
        let demand = json!({"inspection_id": id, "title": "接听", "demand": "午间轮值"});
        let (_, no) = world.refused("purchaser", "/api/v1/rectifications", demand.clone()).await;
        assert_eq!(no["code"], "inspection_hidden");
        // One that was announced has the first number of the day: the hidden one took none.
        let mut open = new;
        open["kind"] = json!("announced");
        let open = world.post("counterpart", "/api/v1/inspections", open).await;
        assert_eq!(open["number"], "JC-20261123-001");

        let released = world.step("counterpart", &made, "inspections", json!({"action": "release"})).await;
        assert_eq!((&released["state"], &released["number"]), (&json!("released"), &json!("JC-20261123-002")));
        let seen = world.read("manager", &at).await;
        assert_eq!(seen["findings"], "拨打四次均未接通");
        assert_eq!(seen["lines"].as_array().unwrap().len(), 1, "what was before stays the purchaser's: {seen}");
        assert!(told(&world).await.contains("inspection.released"));
        let issued = world.post("purchaser", "/api/v1/rectifications", demand).await;
        let close = json!({"action": "close", "version": released["version"]});
        let (_, no) = world.refused("counterpart", &format!("{at}/steps"), close).await;
        assert_eq!(no["code"], "inspection_unverified");

        // Answered, sent back, answered, verified.
        let step = async |who: &str, door: &str, mut body: Value| {
            let path = path("rectifications", &issued);
            body["version"] = world.read("purchaser", &path).await["version"].clone();
            world.post(who, &format!("{path}/{door}"), body).await
        };
        step("lead", "answer", json!({"answer": "已排午间轮值"})).await;
        let back = step("purchaser", "decide", json!({"action": "send_back", "reason": "请附排班表"})).await;
        assert_eq!((&back["state"], &back["rounds"]), (&json!("issued"), &json!(2)));
        step("lead", "answer", json!({"answer": "已附"})).await;
        let done = step("counterpart", "decide", json!({"action": "verify"})).await;
        assert_eq!((&done["state"], &done["open"]), (&json!("verified"), &json!(false)));
        world.step("counterpart", &released, "inspections", json!({"action": "close"})).await;
    })
    .await;
}
