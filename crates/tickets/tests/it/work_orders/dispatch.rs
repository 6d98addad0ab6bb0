//! Orders are given by rule: turns that are fair over imports, the fewest open tickets, and the shift lead.

use std::time::Duration;

use axum::http::StatusCode;
use kernel::Principal;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{id, imported, manager, order, row, send, sheet};
use crate::cases::{post, refused};
use crate::desk::{Desk, agent, lead, on_both};

const RULES: &str = "/api/v1/rules/dispatch";

fn rule(name: &str, about: &Value, way: &str, agents: &[u8]) -> Value {
    let agents: Vec<Uuid> = agents.iter().map(|number| agent(*number).user_id).collect();
    let mut rule = json!({"name": name, "platform": null, "section": null, "matter": null, "way": way,
        "agents": agents, "active": true});
    for (field, value) in about.as_object().unwrap() {
        rule[field] = value.clone();
    }
    json!({"rule": rule, "source": "班组分工"})
}

async fn set(desk: &Desk, name: &str, about: Value, way: &str, agents: &[u8]) {
    post(desk, &manager(), RULES, rule(name, &about, way, agents)).await;
}

/// So many orders from this number on.
fn orders(first: usize, many: usize) -> Vec<u8> {
    sheet(
        (first..first + many)
            .map(|n| row(&format!("GD-{n}"), "咨询", "13900000001"))
            .collect(),
    )
}

/// The order with another category.
fn about(number: &str, matter: &str) -> Vec<String> {
    let mut cells = row(number, "咨询", "13900000001");
    matter.clone_into(&mut cells[2]);
    cells
}

async fn crew(desk: &Desk) {
    desk.people(&[&agent(1), &agent(2), &agent(3), &lead(), &manager()])
        .await;
}

fn owners(report: &Value) -> Vec<Uuid> {
    let dispatch = report["dispatch"].as_array().unwrap().iter();
    dispatch
        .map(|one| one["owner"].as_str().unwrap().parse().unwrap())
        .collect()
}

fn ids(people: &[Principal]) -> Vec<Uuid> {
    people.iter().map(|person| person.user_id).collect()
}

async fn disable(desk: &Desk, person: &Principal) {
    let values = [person.user_id.into()];
    let sql = "update users set disabled = true where id = $1";
    let statement = Statement::from_sql_and_values(desk.app.db.backend(), sql, values);
    let db = desk.app.db.clone();
    db.write(move |tx| async move {
        tx.execute_raw(statement).await?;
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn turns_go_on_where_the_last_import_ended() {
    on_both(async |desk| {
        crew(&desk).await;
        set(
            &desk,
            "缴费轮派",
            json!({"matter": "106"}),
            "round_robin",
            &[1, 2, 3],
        )
        .await;
        let dry = "/api/v1/work-orders/import?platform=12345&dry_run=true";
        let tried = send(&desk, &lead(), dry, orders(0, 2)).await.json;
        assert_eq!(owners(&tried), ids(&[agent(1), agent(2)]));
        assert_eq!(tried["dispatch"][0]["person"]["name"], "agent1");
        assert_eq!(
            (
                &tried["dispatch"][0]["reason"],
                &tried["dispatch"][0]["rule"]
            ),
            (&json!("rule"), &json!("缴费轮派"))
        );
        assert_eq!(tried["dispatch"][0]["row"], 2);

        // A look keeps nothing.
        let first = imported(&desk, orders(0, 2)).await;
        assert_eq!(owners(&first), ids(&[agent(1), agent(2)]));
        let second = imported(&desk, orders(2, 2)).await;
        assert_eq!(owners(&second), ids(&[agent(3), agent(1)]));
        let again = imported(&desk, orders(2, 2)).await;
        assert_eq!(owners(&again), ids(&[]));

        disable(&desk, &agent(2)).await;
        let third = imported(&desk, orders(4, 3)).await;
        assert_eq!(owners(&third), ids(&[agent(3), agent(1), agent(3)]));
        let given = order(&desk, "GD-2").await;
        assert_eq!(given["current_owner_id"], json!(agent(3).user_id));
        let path = format!("/api/v1/tickets/{}/history", id(&given));
        let history = desk.get(&lead(), &path).await;
        assert_eq!(
            history["items"][0]["note"],
            "dispatch_rule round_robin 缴费轮派"
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_absent_that_day_is_passed_over() {
    on_both(async |desk| {
        crew(&desk).await;
        set(&desk, "轮派", json!({}), "round_robin", &[1, 2]).await;
        let away = |from: &str, to: &str| {
            json!({"version": 0, "covers": [],
                "absences": [{"from_day": from, "to_day": to}]})
        };
        // The desk's first day is 2026-11-23.
        desk.covers(&agent(1), away("2026-11-23", "2026-11-23"))
            .await;
        desk.covers(&agent(2), away("2026-11-24", "2026-11-30"))
            .await;
        let first = imported(&desk, orders(0, 2)).await;
        assert_eq!(owners(&first), ids(&[agent(2), agent(2)]));
        desk.app.clock.advance(Duration::from_hours(24));
        let second = imported(&desk, orders(2, 2)).await;
        assert_eq!(owners(&second), ids(&[agent(1), agent(1)]));
    })
    .await;
}

#[tokio::test]
async fn two_imports_at_once_share_the_turns() {
    on_both(async |desk| {
        crew(&desk).await;
        set(
            &desk,
            "轮派",
            json!({"platform": "12345"}),
            "round_robin",
            &[1, 2, 3],
        )
        .await;
        let imports = (0..6).map(|n| imported(&desk, orders(n * 5, 5)));
        let reports = futures::future::join_all(imports).await;
        let mut given: Vec<Uuid> = reports.iter().flat_map(owners).collect();
        given.sort_unstable();
        for (at, person) in [agent(1), agent(2), agent(3)].iter().enumerate() {
            assert_eq!(given[at * 10..(at + 1) * 10], [person.user_id; 10]);
        }
    })
    .await;
}

#[tokio::test]
async fn who_has_the_fewest_open_tickets_is_next() {
    on_both(async |desk| {
        crew(&desk).await;
        desk.open_ticket("13900000001", &agent(1)).await;
        desk.open_ticket("13900000002", &agent(1)).await;
        desk.open_ticket("13900000003", &agent(2)).await;
        set(
            &desk,
            "少者先",
            json!({"section": "exams"}),
            "least_open",
            &[1, 2, 3],
        )
        .await;
        let report = imported(&desk, orders(0, 6)).await;
        let expected = [agent(3), agent(2), agent(3), agent(1), agent(2), agent(3)];
        assert_eq!(owners(&report), ids(&expected), "{report}");
    })
    .await;
}

#[tokio::test]
async fn the_most_particular_rule_counts_and_the_shift_lead_has_the_rest() {
    on_both(async |desk| {
        crew(&desk).await;
        set(&desk, "考试类", json!({"matter": "1"}), "round_robin", &[1]).await;
        set(&desk, "缴费", json!({"matter": "106"}), "round_robin", &[2]).await;
        set(
            &desk,
            "职称科",
            json!({"section": "titles"}),
            "round_robin",
            &[3],
        )
        .await;
        let rows = vec![
            about("GD-1", "缴费与退费"),
            about("GD-2", "准考证"),
            about("GD-3", "职称/收费"),
            about("GD-4", "表扬"),
        ];
        let report = imported(&desk, sheet(rows)).await;
        assert_eq!(
            owners(&report),
            ids(&[agent(2), agent(1), agent(3), lead()])
        );
        assert_eq!(report["dispatch"][3]["reason"], "no_rule");
        disable(&desk, &agent(2)).await;
        let report = imported(&desk, sheet(vec![about("GD-5", "缴费与退费")])).await;
        assert_eq!(owners(&report), ids(&[lead()]));
        assert_eq!(
            (
                &report["dispatch"][0]["reason"],
                &report["dispatch"][0]["rule"]
            ),
            (&json!("nobody_of_rule"), &json!("缴费"))
        );

        // Who is chosen has them, whatever the rules say; a manager who imports is no owner.
        let chosen = format!(
            "/api/v1/work-orders/import?platform=12345&owner={}",
            agent(3).user_id
        );
        let report = send(
            &desk,
            &manager(),
            &chosen,
            sheet(vec![about("GD-6", "缴费与退费")]),
        )
        .await;
        assert_eq!(owners(&report.json), ids(&[agent(3)]));
        let by_rule = "/api/v1/work-orders/import?platform=12345";
        let report = send(
            &desk,
            &manager(),
            by_rule,
            sheet(vec![about("GD-7", "表扬")]),
        )
        .await;
        assert_eq!(
            (report.status, owners(&report.json)),
            (StatusCode::OK, ids(&[lead()]))
        );
    })
    .await;
}

#[tokio::test]
async fn a_rule_of_nobody_or_of_nothing_known_is_refused() {
    on_both(async |desk| {
        crew(&desk).await;
        let all = json!({});
        for (body, code) in [
            (rule("无人", &all, "round_robin", &[]), "agents_missing"),
            (rule("外人", &all, "round_robin", &[9]), "not_an_agent"),
            (rule("两次", &all, "least_open", &[1, 1]), "agent_twice"),
            (rule("", &all, "least_open", &[1]), "name_invalid"),
            (
                rule("科室", &json!({"section": "nowhere"}), "least_open", &[1]),
                "section_unknown",
            ),
            (
                rule("事项", &json!({"matter": "777"}), "least_open", &[1]),
                "matter_unknown",
            ),
            (
                rule("平台", &json!({"platform": "nobody"}), "least_open", &[1]),
                "platform_unknown",
            ),
        ] {
            assert_eq!(refused(&desk, &manager(), RULES, body).await, code);
        }
        set(&desk, "甲", json!({"matter": "1"}), "round_robin", &[1]).await;
        let same = rule("甲", &json!({"matter": "2"}), "round_robin", &[1]);
        assert_eq!(refused(&desk, &manager(), RULES, same).await, "name_taken");
    })
    .await;
}
