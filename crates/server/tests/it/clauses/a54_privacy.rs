//! what is known of people is declared, whole and column by column; a person sees, corrects and deletes what is
//! known of him, within a time, and what was erased has its proof.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::support::cases::{on_both, path};
use crate::support::{Person, TestServer};

/// The reviewed schema; read when it is asked for, since a test beside this one may have just written it.
const SCHEMA: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/snapshots/it__schema__schema_sqlite.snap"
);

/// Names of columns that hold what is personal; a new one needs a row in the inventory.
const PERSONAL: [&str; 22] = [
    "phone",
    "phone_hash",
    "phone_sealed",
    "mobile",
    "email",
    "mail_hash",
    "nickname",
    "caller",
    "caller_hash",
    "caller_sex",
    "born_on",
    "id_number_sealed",
    "id_number_hash",
    "number_sealed",
    "sealed",
    "external_user",
    "external_group",
    "remote_addr",
    "user_agent",
    "person_name",
    "who_name",
    "by_name",
];
/// The same name for what is not.
const NOT_PERSONAL: [&str; 1] = ["audit_checks.sealed"];

/// `table.column` of every table.
fn columns() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut table = String::new();
    let schema = std::fs::read_to_string(SCHEMA).unwrap();
    for line in schema.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            table = rest
                .split([' ', '('])
                .next()
                .unwrap()
                .trim_matches('"')
                .to_owned();
        }
        // Later columns stand in one line behind the end of the first ones.
        for part in line.trim_start_matches([')', ',', ' ']).split(", ") {
            let mut words = part.split_whitespace();
            if let (Some(name), Some(kind)) = (words.next(), words.next())
                && [
                    "text",
                    "jsonb",
                    "uuid",
                    "timestamptz",
                    "bigint",
                    "integer",
                    "boolean",
                ]
                .contains(&kind.trim_matches([',', ')']))
            {
                found.insert(format!("{table}.{}", name.trim_matches('"')));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_about_people_is_declared() {
    on_both(async |server| {
        let purchaser = server.sign_in("purchaser").await;
        let rows = purchaser.get("/api/v1/rules/personal-information").await;
        let declared: BTreeSet<String> = rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row["rule"]["columns"].as_array().unwrap())
            .map(|column| column.as_str().unwrap().to_owned())
            .collect();
        let there = columns();
        assert!(there.len() > 500, "{}", there.len());
        let gone: Vec<&String> = declared.difference(&there).collect();
        assert!(gone.is_empty(), "declared, but not in the schema: {gone:?}");
        let missing: Vec<&String> = there
            .difference(&declared)
            .filter(|column| PERSONAL.contains(&column.split_once('.').unwrap().1))
            .filter(|column| !NOT_PERSONAL.contains(&column.as_str()))
            .collect();
        assert!(
            missing.is_empty(),
            "not in the inventory of personal information: {missing:?}"
        );

        // It changes by a new row; what stood before stays.
        let all = rows["items"].as_array().unwrap().iter();
        let mut held = all.filter(|row| row["standing"] == "in_force");
        let mut rule = held.next().unwrap()["rule"].clone();
        let taken = held.next().unwrap()["rule"]["columns"][0].clone();
        rule["columns"].as_array_mut().unwrap().push(taken);
        let (status, no) = purchaser
            .ask(
                Method::POST,
                "/api/v1/rules/personal-information",
                Some(json!({"rule": rule, "source": "核对"})),
            )
            .await;
        assert_eq!(
            (status, &no["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("columns_taken")),
            "{no}"
        );
    })
    .await;
}

/// His number stands in other capabilities' rows too: a call that came in before anybody knew him, one that was refused.
async fn known_elsewhere(server: &TestServer) {
    let insert = [
        "insert into calls (id, direction, hotline, caller, caller_hash, state, arrived_at, held_ms, trunk, sip_call_id, \
         recording_state, events) select id, 'inbound', '12333', phone, phone_hash, 'ended', first_contact_at, 0, '', '', \
         'none', 0 from requesters where phone is not null",
        "insert into outbound_refusals (id, at, day, agent_id, code, purpose, number, number_hash) select id, \
         first_contact_at, '2026-11-23', id, 'out_of_hours', 'ticket', phone, phone_hash from requesters \
         where phone is not null",
        "insert into callbacks (id, number, number_hash, requester_id, state, open, missed, first_missed_at, \
         last_missed_at, warn_at, due_at, warned, breached, attempts, updated_at, version) select id, phone, phone_hash, \
         id, 'open', true, 1, first_contact_at, first_contact_at, first_contact_at, first_contact_at, true, true, 0, \
         first_contact_at, 1 from requesters where phone is not null",
    ];
    let db = server.running.app.db.clone();
    db.write(async move |tx| {
        for sql in insert {
            tx.execute_unprepared(sql).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

async fn answers(who: &Person, request: &Value, answer: Value) -> (StatusCode, Value) {
    let at = path("privacy-requests", request);
    let mut answer = answer;
    answer["version"] = who.get(&at).await["version"].clone();
    who.ask(Method::POST, &format!("{at}/answer"), Some(answer))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_what_is_known_of_him_erased_with_a_proof() {
    on_both(async |server| {
        let agent = server.sign_in("agent1").await;
        let lead = server.sign_in("lead").await;
        let purchaser = server.sign_in("purchaser").await;
        let ticket = agent.opens("consult", "107", "准考证打不开").await;
        let requester = ticket["requester"]["id"]
            .as_str()
            .or(ticket["requester_id"].as_str())
            .unwrap()
            .to_owned();
        let at = format!("/api/v1/requesters/{requester}");
        assert!(agent.get(&at).await["phone"].is_string());

        known_elsewhere(server).await;
        let new = json!({"requester_id": requester, "kind": "delete", "wish": "请删除我的号码"});
        let request = agent.post("/api/v1/privacy-requests", new).await;
        assert!(
            request["due_at"]
                .as_str()
                .unwrap()
                .starts_with("2026-12-08T02:"),
            "fifteen days: {request}"
        );
        let waiting = purchaser.get("/api/v1/waiting").await;
        assert!(
            waiting["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["id"] == request["id"])
        );
        let yes = json!({"outcome": "granted", "answer": "已删除", "erase": true});
        let (status, _) = lead
            .ask(
                Method::POST,
                &format!("{}/answer", path("privacy-requests", &request)),
                Some(json!({"version": 1, "outcome": "granted", "answer": "好"})),
            )
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "the purchaser answers");
        let (_, no) = answers(&purchaser, &request, yes.clone()).await;
        assert_eq!(no["code"], "privacy_request_not_verified", "{no}");
        assert!(
            agent.get(&at).await["phone"].is_string(),
            "nothing is erased of a refusal"
        );
        let proof = json!({"version": request["version"], "proof": "回拨原号码核实"});
        agent
            .post(
                &format!("{}/verify", path("privacy-requests", &request)),
                proof,
            )
            .await;
        let (status, done) = answers(&purchaser, &request, yes).await;
        assert_eq!(
            (status, &done["state"]),
            (StatusCode::OK, &json!("answered")),
            "{done}"
        );
        assert_eq!(done["requester"], Value::Null);
        assert_eq!(agent.get(&at).await["phone"], Value::Null);
        let proofs = purchaser.get("/api/v1/privacy-erasures").await;
        assert_eq!(
            (
                &proofs["items"][0]["id"],
                &proofs["items"][0]["erased"]["requesters"]
            ),
            (&done["erasure_id"], &json!(1)),
            "{proofs}"
        );
        let proof = &proofs["items"][0];
        for table in ["calls", "outbound_refusals"] {
            assert_eq!(proof["erased"][table], 1, "{proof}");
        }
        let log = lead.get("/api/v1/calls").await;
        assert_eq!(log["items"][0]["caller"], "", "{log}");
        // Nobody can call him back any more.
        let owed = "/api/v1/callbacks";
        let owed = lead
            .until(owed, Duration::from_secs(5), |list| {
                list["items"][0]["state"] == "no_number"
            })
            .await;
        assert_eq!(owed["items"][0]["open"], false, "{owed}");
        // What he said is kept without his name, with the reason and the last day.
        assert_eq!(
            agent.get(&path("tickets", &ticket)).await["summary"],
            "准考证打不开"
        );
        let kept: Vec<(&str, &str)> = proof["kept"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                (
                    one["code"].as_str().unwrap(),
                    one["until"].as_str().unwrap(),
                )
            })
            .collect();
        assert!(kept.contains(&("tickets", "2031-11-22")), "{kept:?}");
        assert!(kept.contains(&("do_not_call", "2029-11-22")), "{kept:?}");
        let (_, no) = answers(
            &purchaser,
            &request,
            json!({"outcome": "refused", "answer": "晚了"}),
        )
        .await;
        assert_eq!(no["code"], "privacy_request_ended");

        // Who looks for nothing to erase erases nothing, and silence is noticed.
        let new =
            json!({"requester_id": requester, "kind": "access", "wish": "你们有我的什么信息"});
        let late = agent.post("/api/v1/privacy-requests", new).await;
        let (_, no) = answers(
            &purchaser,
            &late,
            json!({"outcome": "refused", "answer": "不", "erase": true}),
        )
        .await;
        assert_eq!(no["code"], "erasure_not_asked", "{no}");
        server.clock.advance(Duration::from_hours(15 * 24 + 1));
        let at = path("privacy-requests", &late);
        lead.until(&at, Duration::from_secs(5), |request| {
            request["overdue"] == true
        })
        .await;
    })
    .await;
}
