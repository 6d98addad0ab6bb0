//! What lets a call out, and what does not.

use axum::http::Method;
use serde_json::{Value, json};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::{Stage, lead, on_both, on_both_at};
use kernel::Role;
use telephony::outbound::OutboundOrder;
use testing::principal;

const CALLS: &str = "/api/v1/calls";

fn case_work(ticket: uuid::Uuid, to: &str) -> Value {
    json!({ "purpose": "case_work", "ticket_id": ticket, "to": to })
}

#[tokio::test]
async fn a_call_goes_out_with_its_purpose_and_what_it_is_about() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        let placed = stage
            .done(&seat, CALLS, case_work(ticket, "+86 139-0000-0001"))
            .await;
        assert_eq!(
            (&placed["number"], &placed["state"], &placed["caller_id"]),
            (&json!("139****0001"), &json!("placed"), &json!("12333"))
        );
        let order = OutboundOrder {
            agent: stage.agent(1),
            number: "13900000001".to_owned(),
            caller_id: "12333".to_owned(),
            purpose: "case_work".to_owned(),
            queue: Some("hotline".to_owned()),
            ticket_id: Some(ticket),
            list_item_id: None,
            callback_work: None,
        };
        assert_eq!(stage.orders(), [order]);
        // The number of the ticket's requester where none is given.
        let again = json!({ "purpose": "case_work", "ticket_id": ticket });
        let again = stage.done(&seat, CALLS, again).await;
        assert_eq!(again["number"], "139****0001");
        stage.ends("answered").await;
        let list = stage
            .get(&seat, "/api/v1/outbound-calls?q=13900000001")
            .await;
        assert_eq!(list["total"], 2);
        assert_eq!(
            (&list["items"][0]["state"], &list["items"][0]["outcome"]),
            (&json!("ended"), &json!("answered"))
        );
        let other = stage.get(&stage.seat(2), "/api/v1/outbound-calls").await;
        assert_eq!(other["total"], 0, "an agent sees his own");
        let figures = stage.get(&lead(), "/api/v1/outbound-figures").await;
        assert_eq!(
            figures["placed"],
            json!([{ "code": "case_work", "count": 2 }])
        );
    })
    .await;
}

#[tokio::test]
async fn each_reason_against_a_call_has_its_code_and_is_counted() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let call = case_work(ticket, "13900000001");
        let away = stage.seat(1);
        let mut told = Vec::new();
        let mut no = async |who: &kernel::Principal, body: Value| {
            let refused = stage.refused(who, CALLS, body).await;
            assert_eq!(refused.0, 409, "{refused:?}");
            told.push(refused.1.clone());
            refused.1
        };
        assert_eq!(no(&away, call.clone()).await, "outbound_signed_out");
        let seat = stage.ready(1).await;
        let purposes = [
            (
                json!({ "purpose": "advert", "to": "13900000001" }),
                "outbound_purpose_unknown",
            ),
            (
                json!({ "purpose": "case_work", "to": "13900000001" }),
                "outbound_link_missing",
            ),
            (
                json!({ "purpose": "callback", "to": "13900000001" }),
                "outbound_link_missing",
            ),
            (
                json!({ "purpose": "follow_up", "ticket_id": ticket }),
                "outbound_link_missing",
            ),
            (
                json!({ "purpose": "other", "to": "13900000001", "note": "想念" }),
                "outbound_link_missing",
            ),
            (
                json!({ "purpose": "other", "ticket_id": ticket, "note": " " }),
                "outbound_note_missing",
            ),
        ];
        for (body, code) in purposes {
            assert_eq!(no(&seat, body.clone()).await, code, "{body}");
        }
        // Premium, service and foreign numbers, and what is none.
        for to in [
            "+85221234567",
            "0085221234567",
            "12345",
            "4008123456",
            "16812345",
            "02016812345",
            "057116088888",
            "0013900000001",
        ] {
            let code = no(&seat, case_work(ticket, to)).await;
            assert_eq!(code, "outbound_number_not_allowed", "{to}");
        }
        for to in ["anonymous"] {
            assert_eq!(
                no(&seat, case_work(ticket, to)).await,
                "outbound_number_unreadable",
                "{to}"
            );
        }
        assert!(stage.orders().is_empty());
        let shown = stage
            .get(&lead(), "/api/v1/outbound-refusals?per_page=200")
            .await;
        assert_eq!(shown["total"], told.len());
        let figures = stage.get(&lead(), "/api/v1/outbound-figures").await;
        let counted: u64 = figures["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["count"].as_u64().unwrap())
            .sum();
        assert_eq!(counted, told.len() as u64);
        // Landlines go, with and without the area code.
        for to in ["02083300000", "83300000", "013900000002"] {
            stage.done(&seat, CALLS, case_work(ticket, to)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_calls_more_than_is_agreed_is_stopped_and_the_lead_hears_of_it() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        stage.agree("outbound.most_per_number", "2").await;
        stage.agree("outbound.most_per_agent", "4").await;
        stage.agree("outbound.most_in_all", "5").await;
        let call = |to: &str| case_work(ticket, to);
        for _ in 0..2 {
            stage.done(&seat, CALLS, call("13900000001")).await;
        }
        let over = stage.refused(&seat, CALLS, call("13900000001")).await;
        assert_eq!(over, (409, "outbound_number_cap".to_owned()));
        for to in ["13900000002", "13900000003"] {
            stage.done(&seat, CALLS, call(to)).await;
        }
        for _ in 0..3 {
            let over = stage.refused(&seat, CALLS, call("13900000004")).await;
            assert_eq!(over.1, "outbound_agent_cap");
        }
        let other = stage.ready(2).await;
        stage.done(&other, CALLS, call("13900000005")).await;
        let over = stage.refused(&other, CALLS, call("13900000006")).await;
        assert_eq!(over.1, "outbound_total_cap");
        assert_eq!(stage.orders().len(), 5);
        let told = stage.events("outbound.capped").await;
        let codes: Vec<&Value> = told.iter().map(|event| &event["code"]).collect();
        assert_eq!(
            codes,
            [
                "outbound_number_cap",
                "outbound_agent_cap",
                "outbound_total_cap"
            ],
            "one notice for each of them"
        );
        // A new day.
        stage.app.clock.advance(Duration::from_hours(24));
        stage.done(&seat, CALLS, call("13900000001")).await;
    })
    .await;
}

#[tokio::test]
async fn of_many_calls_at_once_no_more_than_agreed_go_out() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        stage.agree("outbound.most_per_agent", "3").await;
        let numbers: Vec<String> = (0..12).map(|n| format!("139000001{n:02}")).collect();
        let calls = numbers
            .iter()
            .map(|to| stage.post(&seat, CALLS, case_work(ticket, to)));
        let answers = futures::future::join_all(calls).await;
        let out = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!((out, stage.orders().len()), (3, 3));
    })
    .await;
}

#[tokio::test]
async fn nobody_is_called_at_night_or_on_a_day_off() {
    // 20:00 on a Monday in Guangzhou.
    on_both_at("2026-11-23T12:00:00Z", async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        let call = case_work(ticket, "13900000001");
        let late = stage.refused(&seat, CALLS, call.clone()).await;
        assert_eq!(late.1, "outbound_outside_hours");
        // Tuesday 08:29, and a minute later.
        stage.app.clock.advance(Duration::from_mins(12 * 60 + 29));
        assert_eq!(
            stage.refused(&seat, CALLS, call.clone()).await.1,
            "outbound_outside_hours"
        );
        stage.app.clock.advance(Duration::from_mins(1));
        stage.done(&seat, CALLS, call.clone()).await;
        // Saturday noon.
        stage.app.clock.advance(Duration::from_hours(4 * 24 + 4));
        assert_eq!(
            stage.refused(&seat, CALLS, call.clone()).await.1,
            "outbound_outside_hours"
        );
        stage.agree("outbound.call_on_days_off", "1").await;
        stage.done(&seat, CALLS, call).await;
    })
    .await;
}

#[tokio::test]
async fn who_does_not_want_to_be_called_is_called_only_with_a_leads_permit() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let (seat, other) = (stage.ready(1).await, stage.ready(2).await);
        let list = "/api/v1/do-not-call";
        let wish = json!({ "number": "139 0000 0001", "reason": "来电表示不再接听回访" });
        let entry = stage.done(&seat, list, wish.clone()).await;
        assert_eq!(
            (&entry["number"], &entry["in_force"]),
            (&json!("139****0001"), &json!(true))
        );
        assert_eq!(
            stage.refused(&other, list, wish).await.1,
            "do_not_call_known"
        );
        let found = stage.get(&seat, &format!("{list}?q=13900000001")).await;
        assert_eq!(found["total"], 1);
        assert_eq!(
            stage.get(&seat, &format!("{list}?q=13900000002")).await["total"],
            0
        );

        let call = case_work(ticket, "13900000001");
        let refused = stage.refused(&seat, CALLS, call.clone()).await;
        assert_eq!(refused, (409, "outbound_do_not_call".to_owned()));
        let id = entry["id"].as_str().unwrap();
        let permits = format!("{list}/{id}/permits");
        let permit =
            json!({ "agent_id": stage.agent(1), "ticket_id": ticket, "reason": "须告知补正期限" });
        assert_eq!(
            stage.post(&seat, &permits, permit.clone()).await.status,
            403
        );
        stage.done(&lead(), &permits, permit).await;
        // It is one agent's, for one purpose, once.
        assert_eq!(
            stage.refused(&other, CALLS, call.clone()).await.1,
            "outbound_do_not_call"
        );
        let chat =
            json!({ "purpose": "other", "note": "x", "ticket_id": ticket, "to": "13900000001" });
        assert_eq!(
            stage.refused(&seat, CALLS, chat).await.1,
            "outbound_do_not_call"
        );
        stage.line.broken.store(true, Relaxed);
        assert_eq!(
            stage.refused(&seat, CALLS, call.clone()).await,
            (503, "trunk_down".to_owned())
        );
        stage.line.broken.store(false, Relaxed);
        let placed = stage.done(&seat, CALLS, call.clone()).await;
        assert_eq!(
            placed["permitted"], true,
            "a call that was not placed uses no permit up"
        );
        assert_eq!(
            stage.refused(&seat, CALLS, call.clone()).await.1,
            "outbound_do_not_call"
        );
        let shown = stage.get(&lead(), &format!("{list}/{id}")).await;
        assert!(shown["permits"][0]["used_at"].is_string());
        assert_eq!(stage.audited("do_not_call.permitted").await, 1);

        let lift = json!({ "version": 1, "reason": "本人撤回" });
        let path = format!("{list}/{id}/lift");
        assert_eq!(stage.post(&seat, &path, lift.clone()).await.status, 403);
        let lifted = stage.done(&lead(), &path, lift.clone()).await;
        assert_eq!(
            (&lifted["in_force"], &lifted["state"]),
            (&json!(false), &json!("lifted"))
        );
        assert_eq!(stage.refused(&lead(), &path, lift).await.1, "stale_version");
        stage.done(&seat, CALLS, call).await;
    })
    .await;
}

#[tokio::test]
async fn an_entry_ends_with_its_time() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        let until = stage.app.clock.now() + chrono::TimeDelta::hours(1);
        let wish = json!({ "number": "13900000001", "reason": "今天不便", "until": until });
        stage.done(&seat, "/api/v1/do-not-call", wish).await;
        let call = case_work(ticket, "13900000001");
        assert_eq!(
            stage.refused(&seat, CALLS, call.clone()).await.1,
            "outbound_do_not_call"
        );
        stage.app.clock.advance(Duration::from_hours(1));
        stage.done(&seat, CALLS, call).await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_no_line_takes_counts_for_nothing() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        stage.agree("outbound.most_per_agent", "1").await;
        stage.line.broken.store(true, Relaxed);
        for _ in 0..2 {
            let refused = stage
                .refused(&seat, CALLS, case_work(ticket, "13900000001"))
                .await;
            assert_eq!(refused, (503, "trunk_down".to_owned()));
        }
        stage.line.broken.store(false, Relaxed);
        stage
            .done(&seat, CALLS, case_work(ticket, "13900000001"))
            .await;
        let list = stage
            .get(&seat, "/api/v1/outbound-calls?state=failed")
            .await;
        assert_eq!(
            (&list["total"], &list["items"][0]["problem"]),
            (&json!(2), &json!("trunk_down"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_shows_the_number_of_its_queue_and_a_section_is_called_as_often_as_there_is_need() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        let queues = stage.get(&lead(), "/api/v1/queues").await;
        let mut rules = queues["items"][0].clone();
        assert_eq!(rules.as_object_mut().unwrap().remove("code"), Some(json!("hotline")));
        rules["caller_id"] = json!("02012333");
        let put = stage
            .ask(&lead(), Method::PUT, "/api/v1/queues/hotline", Some(rules))
            .await;
        assert_eq!(put.status, 200, "{}", put.json);
        let placed = stage.done(&seat, CALLS, case_work(ticket, "13900000001")).await;
        assert_eq!(placed["caller_id"], "02012333");
        assert_eq!(stage.orders()[0].caller_id, "02012333");
        // A call-back belongs to the queue that missed the call.
        stage.away(1).await;
        stage.misses("13900000007").await;
        let missed = stage.get(&lead(), "/api/v1/callbacks").await;
        let back = json!({ "purpose": "callback", "callback_id": missed["items"][0]["id"] });
        let owner = &missed["items"][0]["owner"]["id"];
        if owner.is_null() || *owner == json!(seat.user_id) {
            let seat = stage.ready(1).await;
            let back = stage.done(&seat, CALLS, back).await;
            assert_eq!(back["caller_id"], "02012333");
        }
        let seat = stage.ready(1).await;
        stage.agree("outbound.most_per_number", "1").await;
        let section = "02083300000";
        stage.done(&seat, CALLS, case_work(ticket, section)).await;
        let again = stage.refused(&seat, CALLS, case_work(ticket, section)).await;
        assert_eq!(again.1, "outbound_number_cap");
        let manager = principal(&[Role::OpsManager]);
        let path = "/api/v1/rules/outbound-sections";
        let entry = |number: &str| {
            json!({ "rule": { "number": number, "name": "考试科", "active": true }, "source": "约定" })
        };
        assert_eq!(stage.post(&seat, path, entry(section)).await.status, 403);
        let bad = stage.refused(&manager, path, entry("020 8330 0000")).await;
        assert_eq!(bad, (422, "bad_number".to_owned()));
        stage.done(&manager, path, entry(section)).await;
        for _ in 0..2 {
            stage.done(&seat, CALLS, case_work(ticket, section)).await;
        }
        // A directory is no way round what may not be called at all.
        stage.done(&manager, path, entry("4008123456")).await;
        let premium = stage.refused(&seat, CALLS, case_work(ticket, "4008123456")).await;
        assert_eq!(premium.1, "outbound_number_not_allowed");
    })
    .await;
}

#[tokio::test]
async fn purposes_and_numbers_are_agreed_anew_by_rows() {
    on_both(async |stage| {
        let ticket = stage.ticket("13900000001").await;
        let seat = stage.ready(1).await;
        let manager = principal(&[Role::OpsManager]);
        let hongkong = json!({
            "rule": { "prefix": "+852", "name": "香港", "shortest": 12, "longest": 12, "allowed": true },
            "source": "补充协议一",
        });
        let path = "/api/v1/rules/outbound-numbers";
        assert_eq!(stage.post(&seat, path, hongkong.clone()).await.status, 403);
        stage.done(&manager, path, hongkong).await;
        stage.done(&seat, CALLS, case_work(ticket, "+85221234567")).await;
        let bad = json!({
            "rule": { "prefix": "abc", "name": "x", "shortest": 1, "longest": 2, "allowed": true }, "source": "x",
        });
        assert_eq!(stage.refused(&manager, path, bad).await, (422, "prefix_invalid".to_owned()));
        let over = json!({
            "rule": { "code": "case_work", "name": "工单办理", "link": "ticket", "note": false, "active": false },
            "source": "约定",
        });
        stage.done(&manager, "/api/v1/rules/outbound-purposes", over).await;
        let refused = stage.refused(&seat, CALLS, case_work(ticket, "13900000001")).await;
        assert_eq!(refused.1, "outbound_purpose_unknown");
    })
    .await;
}

#[tokio::test]
async fn each_door_lets_pass_whom_it_is_for() {
    use Role::{Agent, Analyst, OpsManager, PurchaserAdmin, Quality, ShiftLead};
    let nobody = uuid::Uuid::from_u128(7);
    let leads: &[Role] = &[ShiftLead, OpsManager];
    let see: &[Role] = &[
        Agent,
        ShiftLead,
        OpsManager,
        Quality,
        Analyst,
        PurchaserAdmin,
    ];
    let owed: &[Role] = &[Agent, ShiftLead, OpsManager, PurchaserAdmin];
    let listed: &[Role] = &[Agent, ShiftLead, OpsManager, Quality, PurchaserAdmin];
    let set: &[Role] = &[OpsManager, PurchaserAdmin];
    let doors: Vec<(Method, String, &[Role])> = vec![
        (Method::POST, CALLS.to_owned(), &[Agent]),
        (Method::GET, "/api/v1/outbound-calls".to_owned(), see),
        (Method::GET, "/api/v1/outbound-refusals".to_owned(), see),
        (Method::GET, "/api/v1/outbound-figures".to_owned(), see),
        (
            Method::POST,
            "/api/v1/rules/outbound-numbers".to_owned(),
            set,
        ),
        (
            Method::POST,
            "/api/v1/rules/outbound-purposes".to_owned(),
            set,
        ),
        (Method::GET, "/api/v1/do-not-call".to_owned(), listed),
        (
            Method::POST,
            "/api/v1/do-not-call".to_owned(),
            &[Agent, ShiftLead, OpsManager],
        ),
        (
            Method::POST,
            format!("/api/v1/do-not-call/{nobody}/lift"),
            leads,
        ),
        (
            Method::POST,
            format!("/api/v1/do-not-call/{nobody}/permits"),
            leads,
        ),
        (Method::GET, "/api/v1/callbacks".to_owned(), owed),
        (Method::GET, "/api/v1/callback-figures".to_owned(), owed),
        (
            Method::POST,
            format!("/api/v1/callbacks/{nobody}/assign"),
            leads,
        ),
        (
            Method::POST,
            format!("/api/v1/callbacks/{nobody}/settle"),
            leads,
        ),
        (
            Method::POST,
            format!("/api/v1/callbacks/{nobody}/give-up"),
            owed,
        ),
        (Method::GET, "/api/v1/follow-up-lists".to_owned(), see),
        (Method::POST, "/api/v1/follow-up-lists".to_owned(), leads),
        (
            Method::PUT,
            format!("/api/v1/follow-up-lists/{nobody}"),
            leads,
        ),
        (
            Method::GET,
            format!("/api/v1/follow-up-lists/{nobody}/export"),
            leads,
        ),
        (
            Method::POST,
            format!("/api/v1/follow-up-lists/{nobody}/items"),
            leads,
        ),
        (
            Method::POST,
            format!("/api/v1/follow-up-lists/{nobody}/from-tickets"),
            leads,
        ),
        (
            Method::POST,
            format!("/api/v1/follow-up-items/{nobody}/result"),
            &[Agent],
        ),
        (
            Method::POST,
            format!("/api/v1/follow-up-items/{nobody}/assign"),
            leads,
        ),
    ];
    on_both(async |stage| {
        for (method, path, may) in &doors {
            let body = (*method != Method::GET).then(|| json!({}));
            for role in Role::ALL {
                let who = principal(&[*role]);
                let answer = stage.ask(&who, method.clone(), path, body.clone()).await;
                let passed = answer.status != 403;
                assert_eq!(
                    passed,
                    may.contains(role),
                    "{method} {path} {role:?}: {}",
                    answer.json
                );
            }
        }
    })
    .await;
}

impl Stage {
    /// The payloads of the events of a kind, the first first.
    pub async fn events(&self, kind: &'static str) -> Vec<Value> {
        use sea_orm::{FromQueryResult, Statement};
        #[derive(FromQueryResult)]
        struct Told {
            payload: Value,
        }
        let conn = self.app.db.read();
        let sql = format!("select payload from events where kind = '{kind}' order by id");
        let statement = Statement::from_string(conn.get_database_backend(), sql);
        let told = Told::find_by_statement(statement).all(conn).await.unwrap();
        told.into_iter().map(|told| told.payload).collect()
    }

    /// How often this stands in the audit trail.
    pub async fn audited(&self, action: &'static str) -> u64 {
        use kernel::audit::entry;
        use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
        let found = entry::Entity::find().filter(entry::Column::Action.eq(action));
        found.count(self.app.db.read()).await.unwrap()
    }
}
