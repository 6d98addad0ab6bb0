//! What somebody is offered to do is what the rules accept from him at that moment, and all of it.

use axum::http::{Method, StatusCode};
use kernel::Principal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, agent, lead, on_both};
use crate::verbs::{must, opened, section};
use crate::work_orders::{imported, manager, order, row, sheet};

/// What was done before, in order: by whom, through which door.
type Steps = Vec<(Principal, &'static str, Value)>;

fn reply() -> Value {
    json!({"action": "reply", "answer": "经核查，已处理。"})
}

fn offer() -> Value {
    json!({"action": "offer_transfer", "to": agent(2).user_id, "reason": "由职称组答复"})
}

fn approve() -> Value {
    json!({"action": "approve"})
}

/// Where a ticket may stand: its request type and what was done to it.
fn standings() -> Vec<(&'static str, Steps)> {
    let more =
        json!({"action": "ask_extension", "unit": "working_days", "n": 1, "reason": "外省核查"});
    let back = json!({"action": "ask_return", "reason": "不属本单位职责"});
    let wait = json!({"action": "suspend", "reason": "待补充凭证"});
    let close = json!({"action": "close", "resolution": "已办理"});
    let said = |said| json!({"action": "revisit", "said": said});
    let archive = json!({"action": "archive"});
    let accept = json!({"action": "accept_transfer"});
    let answered = || {
        vec![
            (agent(1), "handle", reply()),
            (section(), "sign-off", approve()),
        ]
    };
    vec![
        ("help", vec![]),
        ("complaint", vec![]),
        ("help", vec![(agent(1), "handle", offer())]),
        (
            "help",
            vec![(agent(1), "handle", offer()), (agent(2), "handle", accept)],
        ),
        ("help", vec![(agent(1), "handle", more)]),
        ("help", vec![(agent(1), "handle", back)]),
        ("help", vec![(agent(1), "handle", wait)]),
        ("help", vec![(agent(1), "handle", reply())]),
        ("help", vec![(agent(1), "handle", close.clone())]),
        (
            "help",
            vec![(agent(1), "handle", close), (lead(), "dispatch", archive)],
        ),
        ("complaint", vec![(agent(1), "handle", reply())]),
        ("complaint", answered()),
        (
            "complaint",
            [answered(), vec![(lead(), "dispatch", said("dissatisfied"))]].concat(),
        ),
        (
            "complaint",
            [answered(), vec![(lead(), "dispatch", said("satisfied"))]].concat(),
        ),
    ]
}

/// Every verb, at the door it goes through.
fn verbs(desk: &Desk) -> Vec<(&'static str, Value)> {
    let reason = "核实后处理";
    let to = agent(4).user_id;
    let until = desk.app.clock.now() + chrono::TimeDelta::days(1);
    vec![
        ("handle", json!({"action": "sign"})),
        ("handle", reply()),
        ("handle", json!({"action": "close", "resolution": reason})),
        (
            "handle",
            json!({"action": "offer_transfer", "to": to, "reason": reason}),
        ),
        ("handle", json!({"action": "accept_transfer"})),
        ("handle", json!({"action": "refuse_transfer"})),
        ("handle", json!({"action": "suspend", "reason": reason})),
        ("handle", json!({"action": "resume"})),
        (
            "handle",
            json!({"action": "ask_extension", "unit": "working_days", "n": 1, "reason": reason}),
        ),
        ("handle", json!({"action": "ask_return", "reason": reason})),
        (
            "dispatch",
            json!({"action": "reassign", "to": to, "reason": reason}),
        ),
        (
            "dispatch",
            json!({"action": "decide", "granted": true, "reason": reason}),
        ),
        (
            "dispatch",
            json!({"action": "revisit", "said": "satisfied"}),
        ),
        ("dispatch", json!({"action": "close", "resolution": reason})),
        ("dispatch", json!({"action": "urge", "reason": reason})),
        (
            "dispatch",
            json!({"action": "supervise", "until": until, "reason": reason}),
        ),
        ("dispatch", json!({"action": "reject", "reason": reason})),
        ("dispatch", json!({"action": "reopen", "reason": reason})),
        ("dispatch", json!({"action": "archive"})),
        ("sign-off", json!({"action": "approve"})),
        ("sign-off", json!({"action": "send_back", "reason": reason})),
        (
            "sign-off",
            json!({"action": "decide", "granted": true, "reason": reason}),
        ),
    ]
}

async fn stands(desk: &Desk, request_type: &str, steps: &Steps) -> Uuid {
    let id = opened(desk, &agent(1), request_type).await;
    for (who, door, verb) in steps {
        must(desk, who, id, door, verb.clone()).await;
    }
    id
}

/// The names offered to `who`, each with its door; nothing of a ticket he does not see.
async fn offered(desk: &Desk, who: &Principal, id: Uuid) -> Vec<(String, String)> {
    let path = format!("/api/v1/tickets/{id}");
    let seen = desk.ask(who, Method::GET, &path, None).await;
    let actions = seen.json["actions"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().replace('_', "-");
    let offered = actions.iter().map(|one| {
        let name = one["action"].as_str().unwrap();
        (text(&one["desk"]), name.to_owned())
    });
    offered.collect()
}

/// Compares what each is offered with what is accepted from him; `anew` makes the ticket once more.
async fn compare(desk: &Desk, people: &[Principal], told: &str, anew: impl AsyncFn() -> Uuid) {
    let id = anew().await;
    let version = desk.ticket(&manager(), id).await["version"].clone();
    for who in people {
        let offered = offered(desk, who, id).await;
        for (door, mut verb) in verbs(desk) {
            let name = verb["action"].as_str().unwrap().to_owned();
            let here = offered.contains(&(door.to_owned(), name.clone()));
            // What two doors take is offered at one.
            if !here && offered.iter().any(|(_, action)| *action == name) {
                continue;
            }
            let on = if here { anew().await } else { id };
            verb["version"] = version.clone();
            let path = format!("/api/v1/tickets/{on}/{door}");
            let answer = desk.ask(who, Method::POST, &path, Some(verb)).await;
            let told = format!("{told}: {} {door} {name}: {}", who.username, answer.json);
            if here {
                assert_eq!(
                    answer.status,
                    StatusCode::OK,
                    "offered, but refused: {told}"
                );
            } else {
                assert!(
                    answer.status.is_client_error(),
                    "not offered, but done: {told}"
                );
            }
        }
    }
    let after = desk.ticket(&manager(), id).await["version"].clone();
    assert_eq!(after, version, "{told}: what is refused changes nothing");
}

async fn compare_all(desk: &Desk, people: &[Principal]) {
    for (request_type, steps) in standings() {
        let done = steps.iter().map(|(_, _, verb)| verb["action"].to_string());
        let told = format!("{request_type} after {}", done.collect::<String>());
        compare(desk, people, &told, async || {
            stands(desk, request_type, &steps).await
        })
        .await;
    }
}

/// Agents 1 to 4, lead and manager are there, but for the first agent where `owner_too` is false.
async fn staffed(desk: &Desk, owner_too: bool) {
    let people = [agent(1), agent(2), agent(3), agent(4), lead(), manager()];
    desk.people(&people.iter().collect::<Vec<_>>()).await;
    for person in &people[usize::from(!owner_too)..4] {
        desk.signs_in(person).await;
    }
}

fn everybody() -> [Principal; 5] {
    [agent(1), agent(2), agent(3), lead(), section()]
}

#[tokio::test]
async fn what_is_offered_is_accepted_and_nothing_else_is() {
    on_both(async |desk| {
        staffed(&desk, true).await;
        compare_all(&desk, &everybody()).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_offered_to_who_stands_in_for_the_owner_is_accepted_and_nothing_else_is() {
    on_both(async |desk| {
        staffed(&desk, false).await;
        let cover = json!({"version": 0, "covers": [{"user_id": agent(3).user_id}]});
        assert_eq!(desk.covers(&agent(1), cover).await.status, StatusCode::OK);
        compare_all(&desk, &[agent(3), agent(2)]).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_offered_of_a_work_order_is_accepted_and_nothing_else_is() {
    on_both(async |desk| {
        staffed(&desk, true).await;
        let count = std::cell::Cell::new(0);
        compare(&desk, &everybody(), "a work order", async || {
            count.set(count.get() + 1);
            let number = format!("GD20261123-{:04}", count.get());
            imported(&desk, sheet(vec![row(&number, "求助", "13900000001")])).await;
            crate::work_orders::id(&order(&desk, &number).await)
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn who_is_asked_to_take_a_ticket_may_take_it_or_not_and_nothing_else() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        let id = stands(&desk, "help", &vec![(agent(1), "handle", offer())]).await;
        let handle = |name: &str| ("handle".to_owned(), name.to_owned());
        assert_eq!(
            offered(&desk, &agent(2), id).await,
            [handle("accept_transfer"), handle("refuse_transfer")]
        );
    })
    .await;
}
