//! the purchaser's exchange stays. A call on it, a record of it, and a call written by hand each end as
//! a ticket with a first owner, are marked, and count.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testing::freeswitch::FreeSwitch;

use crate::support::cases::on_both;
use crate::support::{Person, TestServer};

const SOON: Duration = Duration::from_secs(15);

/// Completes the record of a call and gives the ticket it opened.
async fn written_up(agent: &Person, call: &Value, summary: &str) -> (Value, Value) {
    let call = call.as_str().unwrap();
    let body = json!({"request_type": "consult", "matter": "106", "result": "follow_up", "summary": summary});
    let path = format!("/api/v1/contact-records/{call}/complete");
    let record = agent.post(&path, body).await;
    let ticket = record["ticket_id"].as_str().unwrap();
    let ticket = agent.get(&format!("/api/v1/tickets/{ticket}")).await;
    assert_eq!(ticket["source_call_id"], call, "{ticket}");
    (record, ticket)
}

/// The only record with this source.
async fn record_of(agent: &Person, source: &str, more: &str) -> Value {
    let path = format!("/api/v1/contact-records?source={source}{more}");
    let list = agent.until(&path, SOON, |list| list["total"] == 1).await;
    list["items"][0].clone()
}

async fn on_the_exchange(server: &TestServer, lead: &Person, agent: &Person, me: &Value) -> Value {
    let exchange = FreeSwitch::start("ClueCon-not", &server.clock).await;
    let admin = server.sign_in("sysadmin").await;
    let setup = json!({
        "name": "市局总机", "host": "127.0.0.1", "port": exchange.port(), "secret": "ClueCon-not",
        "allow_private": true, "active": true, "queue": "hotline", "hotline": "12333",
        "agents": [{"extension": "1001", "user_id": me}],
    });
    admin.put("/api/v1/exchanges/main", setup).await;
    lead.until("/api/v1/exchanges", SOON, |all| {
        all["items"][0]["link"]["state"] == "connected"
    })
    .await;

    let call = exchange.comes_in("13900000061", "12333");
    let leg = exchange.rings(&call, "1001");
    let rung = agent
        .until("/api/v1/calls?mine=true", SOON, |list| list["total"] == 1)
        .await;
    let id = rung["items"][0]["id"].clone();
    let pop = agent
        .get(&format!("/api/v1/calls/{}/pop", id.as_str().unwrap()))
        .await;
    assert_eq!(pop["requester"]["phone"], "139****0061", "{pop}");
    assert_eq!(pop["contact_record"]["source"], "freeswitch");
    exchange.answers(&leg);
    agent
        .until("/api/v1/agent-state", SOON, |state| {
            state["state"] == "talking"
        })
        .await;
    exchange.hangs_up(&leg, false);
    exchange.hangs_up(&call, true);
    let state = agent
        .until("/api/v1/agent-state", SOON, |state| {
            state["state"] == "wrap_up"
        })
        .await;
    assert_eq!(state["work_id"], id);
    // The wrap-up ends with the record, as of a call of ours.
    let (status, problem) = agent
        .ask(
            reqwest::Method::POST,
            "/api/v1/agent-state/wrap-up/end",
            Some(json!({})),
        )
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("wrap_up_incomplete"))
    );
    let (record, ticket) = written_up(agent, &id, "总机来电：准考证").await;
    assert_eq!(record["late"], false);
    agent
        .post("/api/v1/agent-state/wrap-up/end", json!({}))
        .await;
    ticket
}

async fn by_record(lead: &Person, agent: &Person, staff_no: &str) -> Value {
    let column = |name: &str, field: &str| json!({"column": name, "field": field});
    let setup = json!({
        "name": "原有交换机", "active": true, "queue": "hotline",
        "columns": [
            column("流水号", "external_id"), column("主叫号码", "caller"), column("来电时间", "started_at"),
            column("接通时间", "answered_at"), column("挂机时间", "ended_at"), column("工号", "agent"),
        ],
    });
    lead.put("/api/v1/call-origins/old_pbx", setup).await;
    let file = format!(
        "流水号,主叫号码,来电时间,接通时间,挂机时间,工号\n\
         7,13900000062,2026-11-23 09:20:00,2026-11-23 09:20:09,2026-11-23 09:25:00,{staff_no}\n"
    );
    let import = "/api/v1/calls/import?origin=old_pbx";
    let (status, report) = lead.send_file(import, file.clone().into_bytes()).await;
    assert_eq!(
        (status, &report["new"], &report["to_write_up"]),
        (StatusCode::OK, &json!(1), &json!(1)),
        "{report}"
    );
    let (_, again) = lead.send_file(import, file.into_bytes()).await;
    assert_eq!(again["unchanged"], 1);
    // He is asked for it: it is owed.
    let owed = record_of(agent, "import", "&owed=true").await;
    let (_, ticket) = written_up(agent, &owed["call_id"], "原交换机来电：社保卡").await;
    ticket
}

async fn by_hand(server: &TestServer, agent: &Person) -> Value {
    let started_at = server.clock.now() - chrono::TimeDelta::minutes(95);
    let body = json!({
        "number": "13900000063", "direction": "inbound", "started_at": started_at, "waited_s": 6,
        "talk_s": 180, "outcome": "answered",
    });
    let call = agent.post("/api/v1/calls/by-hand", body.clone()).await;
    assert_eq!(call["source"], "form", "{call}");
    let (status, twice) = agent
        .ask(reqwest::Method::POST, "/api/v1/calls/by-hand", Some(body))
        .await;
    assert_eq!(
        (status, &twice["code"]),
        (StatusCode::CONFLICT, &json!("call_overlaps"))
    );
    let (record, ticket) = written_up(agent, &call["id"], "手机接听：成绩复核").await;
    assert_eq!(
        (&record["source"], &record["late"]),
        (&json!("form"), &json!(false))
    );
    ticket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_taken_elsewhere_have_a_first_owner_and_count() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let agent = server.sign_in("agent1").await;
        let me = agent.own_id().await;
        let session = agent.get("/api/v1/session").await;
        let staff_no = session["user"]["staff_no"].as_str().unwrap().to_owned();
        let tickets = [
            on_the_exchange(server, &lead, &agent, &me).await,
            by_record(&lead, &agent, &staff_no).await,
            by_hand(server, &agent).await,
        ];
        for ticket in &tickets {
            assert_eq!(
                (&ticket["first_owner_id"], &ticket["state"], &ticket["open"]),
                (&me, &json!("in_handling"), &json!(true)),
                "{ticket}"
            );
        }
        let board = lead.get("/api/v1/wallboard").await;
        assert_eq!(
            (
                &board["calls_today"],
                &board["answered_today"],
                &board["in_time_today"]
            ),
            (&json!(3), &json!(3), &json!(3)),
            "{board}"
        );
        for source in ["freeswitch", "import", "form"] {
            let calls = lead.get(&format!("/api/v1/calls?source={source}")).await;
            assert_eq!(calls["total"], 1, "{source}: {calls}");
            let records = lead
                .get(&format!("/api/v1/contact-records?source={source}"))
                .await;
            assert_eq!(records["items"][0]["state"], "complete", "{records}");
        }
        assert_eq!(lead.get("/api/v1/calls?source=shoujie").await["total"], 0);
    })
    .await;
}
