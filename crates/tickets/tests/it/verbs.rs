//! What people do to a ticket, by who they are.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use kernel::{Principal, Role};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use testing::{Answer, principal};
use tickets::ticket::act::clock_row;
use tickets::ticket::clock::Clock;
use uuid::Uuid;

use crate::desk::{Desk, agent, lead, on_both};

pub fn section() -> Principal {
    let mut person = principal(&[Role::PurchaserBusiness]);
    person.user_id = Uuid::from_u128(0x5ec7);
    person
}

/// Does `verb` at a door of the ticket, with the version that stands now.
pub async fn does(desk: &Desk, who: &Principal, id: Uuid, door: &str, mut verb: Value) -> Answer {
    let ticket = desk.ticket(&lead(), id).await;
    verb["version"] = ticket["version"].clone();
    let path = format!("/api/v1/tickets/{id}/{door}");
    desk.ask(who, Method::POST, &path, Some(verb)).await
}

pub async fn must(desk: &Desk, who: &Principal, id: Uuid, door: &str, verb: Value) -> Value {
    let answer = does(desk, who, id, door, verb.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{verb}: {}", answer.json);
    answer.json
}

pub async fn opened(desk: &Desk, owner: &Principal, request_type: &str) -> Uuid {
    let new = json!({"request_type": request_type, "matter": "106", "summary": "缴费后状态没有更新", "phone": "13900000009", "anyway": true});
    let answer = desk
        .ask(owner, Method::POST, "/api/v1/tickets", Some(new))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    answer.json["id"].as_str().unwrap().parse().unwrap()
}

fn offers(ticket: &Value, action: &str) -> bool {
    ticket["actions"]
        .as_array()
        .unwrap()
        .iter()
        .any(|offered| offered["action"] == action)
}

#[tokio::test]
async fn a_transfer_moves_the_ticket_only_when_the_receiver_takes_it() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        let id = opened(&desk, &agent(1), "help").await;
        let offer =
            json!({"action": "offer_transfer", "to": agent(2).user_id, "reason": "由职称组答复"});
        let ticket = must(&desk, &agent(1), id, "handle", offer.clone()).await;
        assert_eq!(ticket["current_owner_id"], json!(agent(1).user_id));
        assert!(!offers(
            &desk.ticket(&agent(1), id).await,
            "accept_transfer"
        ));
        assert!(offers(&desk.ticket(&agent(2), id).await, "accept_transfer"));
        let own = does(
            &desk,
            &agent(1),
            id,
            "handle",
            json!({"action": "accept_transfer"}),
        )
        .await;
        assert_eq!(own.json["code"], "ticket_not_the_receiver");

        let ticket = must(
            &desk,
            &agent(2),
            id,
            "handle",
            json!({"action": "accept_transfer"}),
        )
        .await;
        assert_eq!(ticket["current_owner_id"], json!(agent(2).user_id));
        assert_eq!(
            ticket["first_owner_id"],
            json!(agent(1).user_id),
            "the first owner stays"
        );
        let seen = desk.ticket(&agent(1), id).await;
        assert_eq!(seen["id"], json!(id), "and still sees it");
        let late = does(&desk, &agent(1), id, "handle", offer).await;
        assert_eq!(late.json["code"], "not_the_owner");
    })
    .await;
}

#[tokio::test]
async fn a_transfer_nobody_takes_falls_back_by_itself() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        let id = opened(&desk, &agent(1), "help").await;
        let offer =
            json!({"action": "offer_transfer", "to": agent(2).user_id, "reason": "由职称组答复"});
        must(&desk, &agent(1), id, "handle", offer).await;
        desk.app.clock.advance(Duration::from_mins(10));
        desk.until("the transfer falls back", async || {
            desk.ticket(&agent(1), id).await["transfer_to"].is_null()
        })
        .await;
        let late = does(
            &desk,
            &agent(2),
            id,
            "handle",
            json!({"action": "accept_transfer"}),
        )
        .await;
        assert_eq!(
            late.status,
            StatusCode::NOT_FOUND,
            "it is none of his any more: {}",
            late.json
        );
    })
    .await;
}

#[tokio::test]
async fn a_complaint_is_hidden_from_the_person_complained_about_and_is_the_leads_at_once() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        let id = opened(&desk, &agent(1), "complaint").await;
        let version = desk.ticket(&lead(), id).await["version"].clone();
        let complain = json!({"version": version, "complained_agent": agent(1).user_id});
        let path = format!("/api/v1/tickets/{id}");
        let answer = desk
            .ask(&lead(), Method::PATCH, &path, Some(complain))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        assert_eq!(answer.json["current_owner_id"], json!(lead().user_id));
        assert_eq!(
            answer.json["first_owner_id"],
            json!(agent(1).user_id),
            "the measure keeps the fact"
        );

        for path in [
            path.clone(),
            format!("{path}/history"),
            format!("{path}/clock"),
        ] {
            let hidden = desk.ask(&agent(1), Method::GET, &path, None).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(desk.get(&agent(1), "/api/v1/tickets").await["total"], 0);
        let back = json!({"action": "reassign", "to": agent(1).user_id, "reason": "退回"});
        let refused = does(&desk, &lead(), id, "dispatch", back).await;
        assert_eq!(refused.json["code"], "ticket_about_this_person");
    })
    .await;
}

#[tokio::test]
async fn a_complaint_is_answered_only_with_the_purchasers_sign_off() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        let id = opened(&desk, &agent(1), "complaint").await;
        let close = json!({"action": "close", "resolution": "已解释"});
        let refused = does(&desk, &agent(1), id, "handle", close).await;
        assert_eq!(refused.json["code"], "ticket_sign_off_needed");
        let reply = json!({"action": "reply", "answer": "经核查，已退还费用。"});
        let ticket = must(&desk, &agent(1), id, "handle", reply.clone()).await;
        assert_eq!(ticket["state"], "pending_review");
        assert!(!offers(&desk.ticket(&lead(), id).await, "approve"));
        let not_his = does(&desk, &lead(), id, "sign-off", json!({"action": "approve"})).await;
        assert_eq!(not_his.status, StatusCode::FORBIDDEN);

        let back = json!({"action": "send_back", "reason": "请写明依据"});
        assert_eq!(
            must(&desk, &section(), id, "sign-off", back).await["state"],
            "in_handling"
        );
        must(&desk, &agent(1), id, "handle", reply).await;
        let ticket = must(
            &desk,
            &section(),
            id,
            "sign-off",
            json!({"action": "approve"}),
        )
        .await;
        assert_eq!(ticket["state"], "replied");
        assert_eq!(ticket["resolution"], "经核查，已退还费用。");
        let said = json!({"action": "revisit", "said": "fair", "reason": "可以"});
        let ticket = must(&desk, &lead(), id, "dispatch", said).await;
        assert_eq!(
            (&ticket["state"], &ticket["satisfaction"]),
            (&json!("closed"), &json!("fair"))
        );
        let archived = must(&desk, &lead(), id, "dispatch", json!({"action": "archive"})).await;
        assert_eq!(archived["state"], "archived");
        let frozen = does(
            &desk,
            &lead(),
            id,
            "dispatch",
            json!({"action": "reopen", "reason": "再办"}),
        )
        .await;
        assert_eq!(
            (frozen.status, &frozen.json["code"]),
            (StatusCode::CONFLICT, &json!("ticket_ended"))
        );
    })
    .await;
}

#[tokio::test]
async fn the_signs_of_a_clock_are_given_when_they_are_due() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        desk.people(&[&agent(1), &lead()]).await;
        // 2 working days from Monday 10:00: due on Wednesday 18:00.
        let id = opened(&desk, &agent(1), "consult").await;
        let ticket = desk.ticket(&agent(1), id).await;
        assert_eq!(ticket["due_at"], "2026-11-25T10:00:00Z");
        assert_eq!(ticket["breached"], false);
        let signs = async || {
            let history = desk
                .get(&lead(), &format!("/api/v1/tickets/{id}/history?sort=at"))
                .await;
            let lines = history["items"].as_array().unwrap().clone();
            lines
                .iter()
                .filter(|line| line["action"] == "alarm")
                .map(|line| line["note"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let mut expected = Vec::new();
        // Half of 22.5 service hours, four fifths of them, the limit itself, the next morning.
        for (hours, sign) in [(29, "half"), (23, "most_used"), (5, "due"), (14, "overdue")] {
            desk.app.clock.advance(Duration::from_hours(hours));
            expected.push(sign.to_owned());
            desk.until(sign, async || signs().await == expected).await;
        }
        assert_eq!(desk.ticket(&agent(1), id).await["breached"], true);
    })
    .await;
}

#[tokio::test]
async fn the_due_time_is_what_its_changes_make_it() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        let id = opened(&desk, &agent(1), "help").await;
        let more = json!({"action": "ask_extension", "unit": "working_days", "n": 5, "reason": "待主管部门答复"});
        must(&desk, &agent(1), id, "handle", more).await;
        let granted = json!({"action": "decide", "granted": true, "reason": "同意"});
        must(&desk, &lead(), id, "dispatch", granted).await;
        must(&desk, &agent(1), id, "handle", json!({"action": "suspend", "reason": "请补充缴费凭证"})).await;
        desk.app.clock.advance(Duration::from_hours(30));
        must(&desk, &agent(1), id, "handle", json!({"action": "resume"})).await;
        let changed = json!({"version": desk.ticket(&lead(), id).await["version"], "priority": "critical"});
        let path = format!("/api/v1/tickets/{id}");
        let answer = desk.ask(&agent(1), Method::PATCH, &path, Some(changed)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);

        let rows = clock_row::Entity::find()
            .filter(clock_row::Column::TicketId.eq(id))
            .order_by_asc(clock_row::Column::Version)
            .order_by_asc(clock_row::Column::Id)
            .all(desk.app.db.read())
            .await
            .unwrap();
        let changes: Vec<_> = rows
            .iter()
            .map(|row| serde_json::from_value(row.change.clone()).unwrap())
            .collect();
        let service = organization::service_calendar::load(desk.app.db.read()).await.unwrap();
        let clock = Clock::of(&changes, &service).unwrap();
        let shown = desk.ticket(&agent(1), id).await;
        assert_eq!(shown["due_at"], json!(clock.due_at));
        for pair in rows.windows(2) {
            assert_eq!(pair[1].due_before, Some(pair[0].due_after), "before and after join up");
        }
        assert_eq!(desk.get(&agent(1), &format!("{path}/clock")).await["items"].as_array().unwrap().len(), 5);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_act_at_once_one_wins_and_the_other_learns_what_stands() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        let id = opened(&desk, &agent(1), "help").await;
        let path = format!("/api/v1/tickets/{id}/handle");
        let version = desk.ticket(&lead(), id).await["version"].clone();
        let reply = json!({"version": version, "action": "reply", "answer": "已处理"});
        let suspend = json!({"version": version, "action": "suspend", "reason": "补材料"});
        let (agent, lead) = (agent(1), lead());
        let (one, two) = tokio::join!(
            desk.ask(&agent, Method::POST, &path, Some(reply)),
            desk.ask(&lead, Method::POST, &path, Some(suspend)),
        );
        let (winner, loser) = if one.status == StatusCode::OK {
            (one, two)
        } else {
            (two, one)
        };
        assert_eq!(winner.status, StatusCode::OK, "{}", winner.json);
        assert_eq!(
            (loser.status, &loser.json["code"]),
            (StatusCode::CONFLICT, &json!("stale_version"))
        );
        assert_eq!(loser.json["state"], winner.json["state"]);
    })
    .await;
}

#[tokio::test]
async fn a_confidential_ticket_hides_its_person_from_all_but_owner_and_purchaser() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        let new = json!({"request_type": "report", "matter": "112", "summary": "有人替考", "phone": "13900000010", "confidential": true});
        let answer = desk.ask(&agent(1), Method::POST, "/api/v1/tickets", Some(new)).await;
        let id: Uuid = answer.json["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(answer.json["requester"]["phone"], "139****0010");
        assert_eq!(desk.ticket(&section(), id).await["requester"]["phone"], "139****0010");
        assert!(desk.ticket(&lead(), id).await["requester"].is_null());
        let listed = desk.get(&lead(), "/api/v1/tickets").await;
        assert!(listed["items"][0]["requester"].is_null());
    })
    .await;
}

#[tokio::test]
async fn a_form_takes_the_fields_of_its_request_type_only() {
    on_both(async |desk| {
        desk.people(&[&agent(1)]).await;
        let open = async |form: Value| {
            let new = json!({"request_type": "fault", "matter": "114", "summary": "无法登录", "form": form});
            desk.ask(&agent(1), Method::POST, "/api/v1/tickets", Some(new)).await
        };
        let good = open(json!({"system": "报名系统", "error": "白屏", "occurred_at": "2026-11-23T09:30"})).await;
        assert_eq!(good.status, StatusCode::CREATED, "{}", good.json);
        assert_eq!(good.json["form"]["system"], "报名系统");
        for (form, field) in [
            (json!({"wanted": "退费"}), "form.wanted"),
            (json!({"occurred_at": "昨天"}), "form.occurred_at"),
            (json!({"system": 7}), "form.system"),
        ] {
            let bad = open(form).await;
            assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(bad.json["field"], field);
        }
    })
    .await;
}

#[tokio::test]
async fn the_history_names_people_and_keeps_their_ids_beside() {
    on_both(async |desk| {
        let mut owner = agent(1);
        owner.username = "wang".to_owned();
        desk.people(&[&owner, &agent(2), &lead()]).await;
        owner.username = "signed-in-as-somebody".to_owned();
        let id = opened(&desk, &owner, "help").await;
        let give = json!({"action": "reassign", "to": agent(2).user_id, "reason": "改派"});
        must(&desk, &lead(), id, "dispatch", give).await;
        let path = format!("/api/v1/tickets/{id}/history");
        let history = desk.get(&lead(), &path).await;
        let lines = history["items"].as_array().unwrap();
        let owned = lines.iter().find(|line| line["field"] == "owner").unwrap();
        assert_eq!(
            (&owned["before"], &owned["after"]),
            (&json!("wang"), &json!("agent2"))
        );
        assert_eq!(owned["before_id"], json!(owner.user_id));
        assert_eq!(owned["after_id"], json!(agent(2).user_id));
        let state = lines.iter().find(|line| line["field"] == "state").unwrap();
        assert_eq!(
            (&state["who"], &state["who_id"]),
            (&json!("wang"), &json!(owner.user_id))
        );
        assert!(state["after_id"].is_null());
    })
    .await;
}

#[tokio::test]
async fn an_agent_learns_who_may_take_his_ticket_and_never_who_is_complained_about() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &agent(3), &lead()])
            .await;
        desk.signs_in(&agent(2)).await;
        let id = opened(&desk, &agent(1), "complaint").await;
        let about = json!({"version": 2, "complained_agent": agent(3).user_id});
        let path = format!("/api/v1/tickets/{id}");
        let answer = desk.ask(&agent(1), Method::PATCH, &path, Some(about)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        let path = format!("{path}/receivers");
        let shown = desk.get(&agent(1), &path).await;
        let items = shown["items"].as_array().unwrap();
        let people: Vec<_> = items
            .iter()
            .map(|one| (&one["name"], &one["state"], &one["away"]))
            .collect();
        assert_eq!(
            people,
            [
                (&json!("agent2"), &json!("ready"), &Value::Null),
                (&json!("shift_lead"), &Value::Null, &Value::Null),
            ]
        );
        let hidden = desk.ask(&agent(3), Method::GET, &path, None).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    })
    .await;
}
