//! a leak from its discovery to its closing, with evidence that is frozen by one click and can be checked.

use std::io::{Cursor, Read as _};
use std::time::Duration;

use kernel::audit::entry;
use reqwest::{Method, StatusCode};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::cases::{actions, on_both, path};
use crate::support::staff::Office;
use crate::support::{Person, TestServer};

async fn decides(who: &Person, leak: &Value, mut decision: Value) -> (StatusCode, Value) {
    let at = path("leaks", leak);
    let now = who.get(&at).await;
    decision["version"] = now["version"].clone();
    who.ask(Method::POST, &format!("{at}/decide"), Some(decision))
        .await
}

async fn must(who: &Person, leak: &Value, decision: Value) -> Value {
    let (status, after) = decides(who, leak, decision).await;
    assert_eq!(status, StatusCode::OK, "{after}");
    after
}

async fn steps(who: &Person, leak: &Value, mut step: Value) -> (StatusCode, Value) {
    let at = path("leaks", leak);
    step["version"] = who.get(&at).await["version"].clone();
    who.ask(Method::POST, &format!("{at}/steps"), Some(step))
        .await
}

/// One click: the package, frozen.
async fn package(who: &Person, leak: &Value, user: &Value) -> (String, Value) {
    let at = format!("{}/packages", path("leaks", leak));
    let new = json!({"user_id": user, "from": "2026-11-01T00:00:00Z"});
    let made = who.post(&at, new).await;
    let one = format!("{at}/{}", made["id"].as_str().unwrap());
    let frozen = who
        .until(&one, Duration::from_secs(20), |it| it["state"] == "frozen")
        .await;
    (one, frozen)
}

/// The findings of a check that was asked for now.
async fn verified(who: &Person, one: &str) -> Value {
    let asked = who.post(&format!("{one}/verify"), json!({})).await;
    assert_eq!(asked["checking"], true, "{asked}");
    who.until(one, Duration::from_secs(20), |it| it["checking"] == false)
        .await
}

fn unpacked(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes).unwrap();
            (part.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

async fn tampered(server: &TestServer, action: &str) {
    let app = server.running.app.clone();
    let action = action.to_owned();
    app.db
        .clone()
        .write(move |tx| async move {
            entry::Entity::update_many()
                .col_expr(
                    entry::Column::Details,
                    Expr::value(json!({"reason": "没有看过"})),
                )
                .filter(entry::Column::Action.eq(action))
                .exec(&*tx)
                .await?;
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leak_is_told_proven_and_closed() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let purchaser = &office.purchaser;
        let agent = server.sign_in("agent1").await;
        let auditor = server.sign_in("auditor").await;
        let suspect = office.manager.own_id().await;
        let second = server.sign_in("agent2").await;
        let leaker = second.own_id().await;
        // What the agent did before.
        let ticket = agent.opens("consult", "107", "准考证打不开").await;
        let requester = ticket["requester"]["id"].as_str().or(ticket["requester_id"].as_str());
        let reveal = format!("/api/v1/requesters/{}/reveal", requester.unwrap());
        second.post(&reveal, json!({"field": "phone", "reason": "回拨来电人"})).await;

        // Everybody may report; whom it may be about sees nothing of it.
        let new = json!({"title": "号码外流", "what": "网上出现来电人号码清单", "data_kinds": "手机号码",
            "persons": 30, "suspect_id": suspect});
        let leak = agent.post("/api/v1/leaks", new).await;
        let at = path("leaks", &leak);
        let (status, _) = agent.ask(Method::GET, &at, None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "who reports need not see it");
        assert_eq!(office.manager.get("/api/v1/leaks").await["total"], 0);
        let (status, _) = office.manager.ask(Method::GET, &at, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let found = purchaser.get(&at).await;
        assert_eq!((&found["state"], &found["told"]), (&json!("discovered"), &json!(false)));
        assert!(found["told_due_at"].as_str().unwrap().starts_with("2026-11-23T03:"), "the purchaser knows at once: {found}");

        // Its clock runs; the order is kept; the supplier does not decide.
        server.clock.advance(Duration::from_mins(61));
        purchaser.until(&at, Duration::from_secs(5), |leak| leak["overdue"] == true).await;
        let told = |list: &Value| ["leak_reported", "leak_overdue"].iter().all(|kind| list.to_string().contains(kind));
        purchaser.until("/api/v1/notices", Duration::from_secs(5), told).await;
        assert!(!office.manager.get("/api/v1/notices").await.to_string().contains("leak_"));
        let (_, no) = steps(&office.hr, &leak, json!({"action": "assess", "found": "三十人", "personal": true, "harm": true})).await;
        assert_eq!(no["code"], "leak_not_contained", "{no}");
        let (status, _) = steps(&office.hr, &leak, json!({"action": "contain", "how": "停用账号，删除外流清单"})).await;
        assert_eq!(status, StatusCode::OK);
        let (_, assessed) = steps(&office.hr, &leak, json!({"action": "assess", "found": "三十人的手机号码", "personal": true, "harm": true})).await;
        assert_eq!((&assessed["authority"], &assessed["persons_told"]), (&json!("owed"), &json!("owed")), "{assessed}");
        let (status, _) = decides(&office.hr, &leak, json!({"action": "acknowledge"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let (_, no) = decides(purchaser, &leak, json!({"action": "hold_liable", "decision": "辞退"})).await;
        assert_eq!(no["code"], "leak_not_notified", "{no}");
        must(purchaser, &leak, json!({"action": "acknowledge"})).await;
        must(purchaser, &leak, json!({"action": "notify", "whom": "authority", "how": "书面报告"})).await;
        let told = must(purchaser, &leak, json!({"action": "notify", "whom": "persons", "how": "短信通知三十人"})).await;
        assert_eq!(told["state"], "notified");
        must(purchaser, &leak, json!({"action": "hold_liable", "decision": "服务商承担损失，责任人辞退"})).await;
        let (_, no) = decides(purchaser, &leak, json!({"action": "close", "closing": "已处理"})).await;
        assert_eq!(no["code"], "leak_without_evidence", "{no}");

        // One click; the file proves itself.
        let new = json!({"user_id": leaker, "from": "2026-11-01T00:00:00Z"});
        let (status, _) = office.hr.ask(Method::POST, &format!("{at}/packages"), Some(new)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "the supplier does not gather evidence about itself");
        let (one, frozen) = package(&auditor, &leak, &leaker).await;
        let answer = auditor.send(Method::GET, &format!("{one}/file"), None).await;
        let file = answer.bytes().await.unwrap().to_vec();
        assert_eq!(json!(hex::encode(Sha256::digest(&file))), frozen["sha256"]);
        let parts = unpacked(&file);
        let part = |name: &str| {
            let found = parts.iter().find(|(known, _)| known == name);
            found.map_or_else(|| panic!("no {name}"), |(_, bytes)| bytes.clone())
        };
        let manifest: Value = serde_json::from_slice(&part("manifest.json")).unwrap();
        for listed in manifest["files"].as_array().unwrap() {
            let bytes = part(listed["name"].as_str().unwrap());
            assert_eq!(json!(hex::encode(Sha256::digest(&bytes))), listed["sha256"], "{listed}");
        }
        let looked = String::from_utf8(part("access.jsonl")).unwrap();
        assert!(looked.contains("requester.revealed") && looked.contains("回拨来电人"), "{looked}");
        assert!(String::from_utf8(part("sign-ins.jsonl")).unwrap().contains("session.opened"));
        assert!(String::from_utf8(part("nda/nda.json")).unwrap().contains("version"));
        let chain: Value = serde_json::from_slice(&part("chain.json")).unwrap();
        assert_eq!(chain["whole"], true, "{chain}");
        // Each line can be counted again with the hash before it.
        let line: Value = serde_json::from_str(String::from_utf8(part("audit.jsonl")).unwrap().lines().last().unwrap()).unwrap();
        let counted = json!([
            line["previous"], line["seq"], line["id"], line["at_ms"], line["who_id"], line["who_name"], line["session_id"],
            line["action"], line["subject_kind"], line["subject_id"], line["details"],
        ]);
        assert_eq!(json!(hex::encode(Sha256::digest(counted.to_string()))), line["hash"], "{line}");

        let same = verified(&auditor, &one).await;
        assert_eq!((&same["file_finding"], &same["trail_finding"]), (&json!("equal"), &json!("equal")), "{same}");
        tampered(server, "requester.revealed").await;
        let changed = verified(&auditor, &one).await;
        assert_eq!((&changed["file_finding"], &changed["trail_finding"]), (&json!("equal"), &json!("changed")), "{changed}");
        let kept = server.folder.join("data/files/leak-packages");
        let kept = kept.join(format!("{}.zip", frozen["id"].as_str().unwrap()));
        std::fs::write(&kept, b"PK").unwrap();
        let changed = verified(&auditor, &one).await;
        assert_eq!(changed["file_finding"], "changed");
        std::fs::remove_file(&kept).unwrap();
        let gone = verified(&auditor, &one).await;
        assert_eq!(gone["file_finding"], "missing");

        let closed = must(purchaser, &leak, json!({"action": "close", "closing": "已处理完毕"})).await;
        assert_eq!(closed["state"], "closed");
        let (_, no) = steps(&office.hr, &leak, json!({"action": "contain", "how": "再来"})).await;
        assert_eq!(no["code"], "leak_closed", "{no}");
        let again = must(purchaser, &leak, json!({"action": "reopen", "reason": "又发现一份清单"})).await;
        assert_eq!((&again["state"], &again["authority"]), (&json!("contained"), &json!("unknown")));
        let lines = actions(&again);
        assert_eq!(&lines[..2], ["reported", "overdue"], "{lines:?}");
        assert!(lines.contains(&"package_frozen") && lines.ends_with(&["closed", "reopened"]), "{lines:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_purchaser_assesses_anew_and_names_whom_it_may_be_about() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let purchaser = &office.purchaser;
        let auditor = server.sign_in("auditor").await;
        let guard = server.sign_in("secadmin").await;
        let new = json!({"title": "清单外流", "what": "网上出现清单", "data_kinds": "业务数据"});
        let leak = purchaser.post("/api/v1/leaks", new).await;
        let at = path("leaks", &leak);
        steps(&office.hr, &leak, json!({"action": "contain", "how": "停用账号"})).await;
        let anew = json!({"action": "reassess", "found": "含手机号码", "personal": true, "harm": true});
        let (_, no) = decides(purchaser, &leak, anew.clone()).await;
        assert_eq!(no["code"], "leak_not_assessed", "{no}");
        let light = json!({"action": "assess", "found": "不涉及个人信息", "personal": false, "harm": false});
        let (_, light) = steps(&office.hr, &leak, light).await;
        assert_eq!((&light["state"], &light["authority"]), (&json!("notified"), &json!("spared")), "{light}");

        // What the supplier found light, the purchaser finds grave; both findings stay readable.
        let (status, _) = decides(&office.hr, &leak, anew.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let (_, no) = decides(purchaser, &leak, json!({"action": "reassess", "found": " ", "personal": true, "harm": true})).await;
        assert_eq!(no["field"], "found", "{no}");
        let grave = must(purchaser, &leak, anew).await;
        assert_eq!((&grave["state"], &grave["authority"], &grave["persons_told"]), (&json!("assessed"), &json!("owed"), &json!("owed")), "{grave}");
        assert_eq!(grave["assessment"], "含手机号码");
        let said = grave["lines"].to_string();
        assert!(said.contains("不涉及个人信息") && said.contains("含手机号码"), "{said}");

        // Evidence that the security administrator took out stands in the access log, until it may be about who looks.
        let somebody = server.sign_in("agent3").await.own_id().await;
        let (one, _) = package(&auditor, &leak, &somebody).await;
        auditor.send(Method::GET, &format!("{one}/file"), None).await;
        let log = "/api/v1/access-log?kind=export";
        let taken = |log: &Value| log.to_string().contains("leak_package.downloaded");
        assert!(taken(&guard.get(log).await));
        let exports = |counts: &Value| counts["people"].to_string().matches("\"auditor\"").count();
        assert!(exports(&guard.get("/api/v1/access-log/people").await) > 0);
        let suspect = guard.own_id().await;
        let (_, no) = decides(purchaser, &leak, json!({"action": "name_suspect", "suspect_id": suspect, "reason": ""})).await;
        assert_eq!(no["field"], "reason", "{no}");
        assert_eq!(guard.ask(Method::GET, &at, None).await.0, StatusCode::OK);
        let mut his = guard.screen().await;
        must(purchaser, &leak, json!({"action": "name_suspect", "suspect_id": suspect, "reason": "登录地址指向他"})).await;
        assert_eq!(guard.ask(Method::GET, &at, None).await.0, StatusCode::NOT_FOUND);
        assert!(!taken(&guard.get(log).await) && taken(&auditor.get(log).await));
        assert_eq!(exports(&guard.get("/api/v1/access-log/people").await), 0);

        // The live news of it reach the others, not him; his open page is told to read again, without a word of it.
        his.hears(&["read_again"]).await;
        let id = leak["id"].as_str().unwrap();
        let mut others = auditor.screen().await;
        must(purchaser, &leak, json!({"action": "notify", "whom": "authority", "how": "书面报告"})).await;
        others.hears(&[id]).await;
        let new = json!({"title": "另一件", "what": "又一件", "data_kinds": "业务数据"});
        let other = purchaser.post("/api/v1/leaks", new).await;
        his.hears(&[other["id"].as_str().unwrap()]).await;
        assert!(!his.has_heard(id), "no news of his own case");

        // As many packages as somebody can read, no more.
        let packages = format!("{at}/packages");
        let new = json!({"user_id": suspect, "from": "2026-11-01T00:00:00Z"});
        for _ in 1..50 {
            auditor.post(&packages, new.clone()).await;
        }
        let (status, no) = auditor.ask(Method::POST, &packages, Some(new)).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("leak_packages_full")), "{no}");
    })
    .await;
}

/// Another node seals the trail, for three seconds.
async fn sealed_elsewhere(server: &TestServer) {
    for _ in 0..50 {
        server.clock.advance(Duration::from_secs(11));
        let (app, now) = (server.running.app.clone(), server.running.app.clock.now());
        let taken = app.db.write(move |tx| async move {
            let lasting = chrono::TimeDelta::seconds(3);
            kernel::lease::hold(&*tx, "audit.sealer", "another node", now, lasting).await
        });
        if taken.await.unwrap() {
            return;
        }
    }
    panic!("the lease never lapses");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_holds_the_last_second_whichever_node_seals_it() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let auditor = server.sign_in("auditor").await;
        let leaker = server.sign_in("agent2").await;
        let new = json!({"title": "打印外流", "what": "打印件外流", "data_kinds": "业务数据"});
        let leak = office.purchaser.post("/api/v1/leaks", new).await;
        let suspect = leaker.own_id().await;
        sealed_elsewhere(server).await;
        leaker
            .post("/api/v1/prints", json!({"page": "/tickets/last-second"}))
            .await;
        let (one, _) = package(&auditor, &leak, &suspect).await;
        let answer = auditor
            .send(Method::GET, &format!("{one}/file"), None)
            .await;
        let parts = unpacked(&answer.bytes().await.unwrap());
        let (_, trail) = parts
            .iter()
            .find(|(name, _)| name == "audit.jsonl")
            .unwrap();
        assert!(String::from_utf8_lossy(trail).contains("/tickets/last-second"));
    })
    .await;
}

/// Whoever reports names whom it may be about, but not who decides.
async fn agent_reports(server: &TestServer, leak: Value) -> (StatusCode, Value) {
    let agent = server.sign_in("agent1").await;
    agent.ask(Method::POST, "/api/v1/leaks", Some(leak)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_traces_are_gathered_sees_nothing_of_it_not_even_in_the_trail() {
    on_both(async |server| {
        let purchaser = server.sign_in("purchaser").await;
        let auditor = server.sign_in("auditor").await;
        let new = json!({"title": "审计数据外流", "what": "留痕外流", "data_kinds": "业务数据"});
        let leak = purchaser.post("/api/v1/leaks", new).await;
        let (at, own) = (path("leaks", &leak), auditor.own_id().await);
        let trail = "/api/v1/audit?action=leak*";
        assert!(auditor.get(trail).await["total"].as_u64().unwrap() > 0);

        // Nobody gathers his own traces, and no administrator takes a leak out of the purchaser's sight.
        let gather = async |who: &Person, user: &Value| {
            let new = json!({"user_id": user, "from": "2026-11-01T00:00:00Z"});
            let door = format!("{at}/packages");
            who.ask(Method::POST, &door, Some(new)).await.1
        };
        assert_eq!(gather(&auditor, &own).await["code"], "leak_package_own");
        let decider = purchaser.own_id().await;
        assert_eq!(gather(&auditor, &decider).await["code"], "leak_decider");

        let named =
            json!({"title": "外流", "what": "外流", "data_kinds": "号码", "suspect_id": decider});
        let (_, no) = agent_reports(server, named).await;
        assert_eq!(no["code"], "leak_decider", "{no}");

        // Before anybody names him, the leak is hidden from whom its evidence is about.
        package(&purchaser, &leak, &own).await;
        let (status, _) = auditor.ask(Method::GET, &at, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(auditor.get("/api/v1/leaks").await["total"], 0);
        assert_eq!(auditor.get(trail).await["total"], 0, "nor in the raw trail");
        let id = leak["id"].as_str().unwrap();
        let by_id = format!("/api/v1/audit?subject={id}");
        assert_eq!(auditor.get(&by_id).await["total"], 0);
        assert!(purchaser.get(trail).await["total"].as_u64().unwrap() > 1);
        assert_eq!(auditor.get("/api/v1/audit/state").await["tail_whole"], true);
    })
    .await;
}
