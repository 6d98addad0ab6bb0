//! Lists, filters, search, and the matter tree.

use std::slice;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::desk::{agent, lead, on_both};
use crate::verbs::{must, opened};

#[tokio::test]
async fn tickets_are_found_by_number_telephone_and_words() {
    on_both(async |desk| {
        let agent = agent(1);
        desk.open_ticket("13900000001", &agent).await;
        desk.open_ticket("13900000002", &agent).await;
        let total = async |q: &str| {
            desk.get(&lead(), &format!("/api/v1/tickets?q={q}")).await["total"].clone()
        };
        assert_eq!(total("SJ20261123-0002").await, 1);
        assert_eq!(total("sj20261123").await, 2);
        assert_eq!(total("%2B86%20139-0000-0002").await, 1);
        assert_eq!(total("%E7%8A%B6%E6%80%81").await, 2, "状态");
        assert_eq!(total("100%25").await, 0, "a percent sign stands for itself");
        assert_eq!(total("13900000009").await, 0);
        let open = desk
            .get(&lead(), "/api/v1/tickets?state=open&mine=true")
            .await;
        assert_eq!(open["total"], 0);
        let owned = desk
            .get(&lead(), &format!("/api/v1/tickets?owner={}", agent.user_id))
            .await;
        assert_eq!(owned["total"], 2);
    })
    .await;
}

#[tokio::test]
async fn lists_are_narrowed_by_the_clock_that_runs_and_by_transfers() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        // Due on Wednesday 18:00.
        let opened = async || opened(&desk, &agent(1), "consult").await;
        let runs = opened().await;
        let (suspended, replied, offered, late) = (
            opened().await,
            opened().await,
            opened().await,
            opened().await,
        );
        desk.talked("13900000001", &agent(1)).await;
        let handle = async |id, verb| must(&desk, &agent(1), id, "handle", verb).await;
        handle(suspended, json!({"action": "suspend", "reason": "待补充"})).await;
        handle(replied, json!({"action": "reply", "answer": "已答复"})).await;
        let to = json!({"action": "offer_transfer", "to": agent(2).user_id, "reason": "转办"});
        handle(offered, to).await;
        let more =
            json!({"action": "ask_extension", "unit": "working_days", "n": 1, "reason": "核查"});
        handle(late, more).await;
        let found = async |filter: &str| {
            let path = format!("/api/v1/tickets?sort=opened_at&{filter}");
            let page = desk.get(&lead(), &path).await;
            let items = page["items"].as_array().unwrap().iter();
            let mut ids: Vec<uuid::Uuid> = items
                .map(|item| item["id"].as_str().unwrap().parse().unwrap())
                .collect();
            ids.sort_unstable();
            ids
        };
        let is = |ids: &[uuid::Uuid]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        let running = is(&[runs, offered, late]);
        assert_eq!(found("due_before=2026-12-31T00:00:00Z").await, running);
        assert_eq!(found("due_from=2026-11-25T10:00:00Z").await, running);
        assert_eq!(found("due_from=2026-11-25T10:00:01Z").await, is(&[]));
        assert_eq!(found("due_before=2026-11-25T09:59:59Z").await, is(&[]));
        assert_eq!(found("in_transfer=true").await, is(&[offered]));
        assert_eq!(
            found("in_transfer=false&open=true&state=in_handling").await,
            is(&[runs, late])
        );
        assert_eq!(found("breached=true").await, is(&[]));

        // Half of 22.5 service hours are used at 14:45 on Tuesday; the lunch break does not count.
        desk.app.clock.advance(Duration::from_mins(28 * 60 + 45));
        let shown = async |id| desk.ticket(&lead(), id).await;
        assert_eq!(shown(runs).await["used_percent"], 50);
        assert!(shown(suspended).await["used_percent"].is_null());
        assert!(shown(replied).await["used_percent"].is_null());
        let listed = desk.get(&lead(), "/api/v1/tickets").await;
        let items = listed["items"].as_array().unwrap();
        let one = items.iter().find(|item| item["id"] == json!(late)).unwrap();
        assert_eq!(
            one["asked"], "extension",
            "the list says what waits for a decision"
        );
        assert_eq!(one["used_percent"], 50);

        desk.app.clock.advance(Duration::from_hours(48));
        assert_eq!(found("breached=true").await, running);
        assert_eq!(
            found("breached=false").await.len(),
            3,
            "suspended, replied and the draft"
        );
        assert!(shown(runs).await["used_percent"].as_u64().unwrap() > 100);
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    on_both(async |desk| {
        let agent = agent(1);
        for _ in 0..5 {
            desk.open_ticket("13900000001", &agent).await;
            desk.app.clock.advance(Duration::from_secs(1));
        }
        let mut numbers = Vec::new();
        let mut path = "/api/v1/tickets?per_page=2".to_owned();
        loop {
            let page = desk.get(&agent, &path).await;
            let items = page["items"].as_array().unwrap();
            numbers.extend(
                items
                    .iter()
                    .map(|item| item["number"].as_str().unwrap().to_owned()),
            );
            assert_eq!(page["total"], 5);
            match page["next"].as_str() {
                Some(next) => path = format!("/api/v1/tickets?per_page=2&cursor={next}"),
                None => break,
            }
        }
        let expected: Vec<_> = (1..=5)
            .rev()
            .map(|count| format!("SJ20261123-{count:04}"))
            .collect();
        assert_eq!(numbers, expected);
        let answer = desk
            .ask(&agent, Method::GET, "/api/v1/tickets?per_page=201", None)
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    })
    .await;
}

#[tokio::test]
async fn contact_records_are_narrowed_by_what_a_lead_asks() {
    on_both(async |desk| {
        let (one, two) = (agent(1), agent(2));
        let first = desk.talked("13900000001", &one).await;
        desk.completed(&one, first, json!({"result": "misdial"}))
            .await;
        let second = desk.talked("13900000002", &two).await;
        desk.completed(
            &two,
            second,
            json!({"result": "answered", "matter": "203", "summary": "申报条件"}),
        )
        .await;
        let total = async |filter: String| {
            desk.get(&lead(), &format!("/api/v1/contact-records?{filter}"))
                .await["total"]
                .clone()
        };
        assert_eq!(total(format!("agent={}", one.user_id)).await, 1);
        assert_eq!(total("result=misdial".into()).await, 1);
        assert_eq!(total("matter=203&request_type=consult".into()).await, 1);
        assert_eq!(total("queue=main&state=complete".into()).await, 2);
        assert_eq!(total("q=13900000002".into()).await, 1);
        assert_eq!(total("q=%E7%94%B3%E6%8A%A5".into()).await, 1);
        assert_eq!(
            total("from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z".into()).await,
            2
        );
        assert_eq!(total("to=2026-11-23T00:00:00Z".into()).await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_matter_tree_is_shipped() {
    on_both(async |desk| {
        let tree = desk.get(&agent(1), "/api/v1/matters").await;
        let top: Vec<_> = tree["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|top| {
                (
                    top["name"].as_str().unwrap(),
                    top["children"].as_array().unwrap().len(),
                )
            })
            .collect();
        assert_eq!(top, [("人事考试", 14), ("职称", 13), ("共性", 5)]);
        assert_eq!(tree["items"][0]["children"][5]["code"], "106");
        assert_eq!(tree["items"][0]["children"][5]["shortcut"], "jfytf");
    })
    .await;
}

#[tokio::test]
async fn tickets_are_found_by_words_people_and_numbers() {
    on_both(async |desk| {
        let agent = agent(1);
        let opened = async |phone: &str, title: &str, summary: &str| {
            let ticket = json!({"phone": phone, "title": title, "summary": summary, "request_type": "consult", "matter": "107"});
            let answer = desk.ask(&agent, Method::POST, "/api/v1/tickets", Some(ticket)).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
            answer.json["number"].as_str().unwrap().to_owned()
        };
        let printed = opened("13900000011", "准考证打印", "页面提示系统繁忙，无法下载PDF").await;
        let fee = opened("13900000022", "缴费", "已缴费但没有准考证").await;
        let found = async |q: &str| {
            let answer = desk.ask(&lead(), Method::GET, &format!("/api/v1/tickets?q={q}"), None).await;
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            let numbers: Vec<String> = answer.json["items"].as_array().unwrap().iter()
                .map(|ticket| ticket["number"].as_str().unwrap().to_owned()).collect();
            numbers
        };
        assert_eq!(found("准考证").await, [fee.clone(), printed.clone()]);
        assert_eq!(found("准考证%20pdf").await, slice::from_ref(&printed));
        assert_eq!(found("费").await, slice::from_ref(&fee));
        assert_eq!(found("13900000011").await, slice::from_ref(&printed));
        assert_eq!(found("*0022").await, slice::from_ref(&fee));
        assert_eq!(found("尾号0022").await, slice::from_ref(&fee));
        assert_eq!(found(&printed.to_lowercase()).await, [printed]);
        assert_eq!(found("报名").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn tickets_are_narrowed_by_where_it_happened() {
    on_both(async |desk| {
        let agent = agent(1);
        for (phone, address) in [
            ("13900000011", json!("天河区天河路 13 号A座")),
            ("13900000022", json!("越秀区")),
            ("13900000033", json!(null)),
        ] {
            let ticket = json!({"phone": phone, "summary": "考场外有噪音", "request_type": "consult", "matter": "107",
                "incident_address": address});
            let answer = desk
                .ask(&agent, Method::POST, "/api/v1/tickets", Some(ticket))
                .await;
            assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        }
        for (words, total) in [
            ("区", 2),
            ("天河路", 1),
            ("号a座", 1),
            ("%25", 0),
            ("海珠", 0),
            ("%20", 3),
        ] {
            let path = format!("/api/v1/tickets?incident_address={words}");
            assert_eq!(desk.get(&lead(), &path).await["total"], total, "{words}");
        }
        let both = "/api/v1/tickets?incident_address=区&q=13900000022";
        assert_eq!(desk.get(&lead(), both).await["total"], 1);
    })
    .await;
}
