//! A corrective action from its problem to its end.

use std::time::Duration;

use chrono::TimeDelta;
use quality::CorrectiveOrigin;
use serde_json::{Value, json};

use crate::world::{World, does, on_both};

const ACTIONS: &str = "/api/v1/corrective-actions";

async fn opened(world: &World, more: Value) -> Value {
    let mut new = json!({"source": "by_hand", "title": "记录不完整", "problem": "三单缺经过", "owner_id": world.id("lead")});
    new.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    world.post("quality", ACTIONS, new).await
}

fn planned(world: &World) -> Value {
    let due = world.app.clock.now() + TimeDelta::days(5);
    does(
        "plan",
        json!({"cause": "不熟悉要求", "action": "组织学习并抽查", "due_at": due}),
    )
}

#[tokio::test]
async fn nothing_closes_without_being_verified_by_somebody_else() {
    on_both(async |world| {
        let made = opened(&world, json!({})).await;
        let withdraw = does("withdraw", json!({"reason": "不必"}));
        assert_eq!(
            world.no("lead", ACTIONS, &made, withdraw).await,
            "corrective_same_person",
            "nobody lets his own duty fall"
        );
        let close = does("verify", json!({"action": "close"}));
        assert_eq!(
            world.no("manager", ACTIONS, &made, close.clone()).await,
            "corrective_unverified"
        );
        let finish = does("finish", json!({"note": "已学习"}));
        assert_eq!(
            world.no("lead", ACTIONS, &made, finish.clone()).await,
            "corrective_unplanned"
        );
        let plan = world.step("lead", ACTIONS, &made, planned(&world)).await;
        assert_eq!(
            world.no("quality", ACTIONS, &plan, finish.clone()).await,
            "corrective_not_his"
        );
        let done = world.step("lead", ACTIONS, &plan, finish.clone()).await;
        let verify = does(
            "verify",
            json!({"action": "verify", "opinion": "抽查五单完整"}),
        );
        assert_eq!(
            world.no("lead", ACTIONS, &done, verify.clone()).await,
            "corrective_same_person"
        );
        let back = does(
            "verify",
            json!({"action": "send_back", "opinion": "仍有一单不完整",
            "due_at": world.app.clock.now() + TimeDelta::days(2)}),
        );
        let back = world.step("quality", ACTIONS, &done, back).await;
        assert_eq!(
            (&back["state"], &back["rounds"]),
            (&json!("planned"), &json!(2))
        );
        let done = world.step("lead", ACTIONS, &back, finish).await;
        let verified = world.step("quality", ACTIONS, &done, verify).await;
        let closed = world.step("quality", ACTIONS, &verified, close).await;
        assert_eq!(closed["state"], "closed");
        assert_ne!(closed["done_by"]["id"], closed["verified_by"]["id"]);
    })
    .await;
}

#[tokio::test]
async fn it_is_told_late_once_a_round() {
    on_both(async |world| {
        let made = opened(&world, json!({})).await;
        world.app.clock.advance(Duration::from_hours(12 * 24));
        let path = format!("{ACTIONS}/{}", made["id"].as_str().unwrap());
        let late = world
            .until("lead", &path, |seen| seen["overdue"] == true)
            .await;
        let told = late["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["action"] == "overdue");
        assert_eq!(told.count(), 1);
        assert_eq!(
            world.read("quality", "/api/v1/quality-stand").await["corrective_late"],
            1
        );
    })
    .await;
}

#[tokio::test]
async fn a_coaching_is_held_before_it_is_done() {
    on_both(async |world| {
        let made = opened(&world, json!({"about_id": world.id("agent1")})).await;
        let path = format!("{ACTIONS}/{}", made["id"].as_str().unwrap());
        assert_eq!(
            world.looks("agent1", &path).await,
            404,
            "he does not answer for it"
        );
        let plan = world.step("quality", ACTIONS, &made, planned(&world)).await;
        let starts_at = world.app.clock.now() + TimeDelta::days(1);
        let coach = does(
            "coach",
            json!({"starts_at": starts_at, "minutes": 60, "teacher_id": world.id("trainer")}),
        );
        let coached = world.step("quality", ACTIONS, &plan, coach.clone()).await;
        assert_eq!(
            (&coached["coaching"], coached["coaching_id"].is_string()),
            (&json!(true), true)
        );
        assert_eq!(
            world.house.coachings.lock().unwrap()[0].person,
            world.id("agent1")
        );
        assert_eq!(
            world.no("quality", ACTIONS, &coached, coach).await,
            "corrective_coaching_there"
        );
        let finish = does("finish", json!({"note": "已辅导"}));
        assert_eq!(
            world.no("lead", ACTIONS, &coached, finish.clone()).await,
            "corrective_coaching_open"
        );
        let app = (*world.app).clone();
        let (session, person) = (uuid::Uuid::from_u128(77), world.id("agent1"));
        let told = async move |tx: kernel::Tx| {
            let facts = json!({"id": session, "attended": [person]});
            app.events
                .publish(&tx, "learning.training_held", session, facts)
                .await
        };
        world.app.db.write(told).await.unwrap();
        world.app.settle().await;
        let held = world.read("lead", &path).await;
        assert_eq!(
            (&held["coaching"], held["coached_at"].is_string()),
            (&json!(false), true)
        );
        world.step("lead", ACTIONS, &held, finish).await;
    })
    .await;
}

#[tokio::test]
async fn what_came_of_a_complaint_is_kept_from_him_and_closed_by_the_purchaser() {
    on_both(async |world| {
        *world.house.complaint.lock().unwrap() = Some(CorrectiveOrigin {
            label: "SJ20261127-0001".to_owned(),
            about: Some(world.id("agent1")),
        });
        let complaint = json!({"source": "complaint", "source_id": world.app.ids.next()});
        let mut his = complaint.clone();
        his["owner_id"] = json!(world.id("agent1"));
        his["title"] = json!("态度");
        his["problem"] = json!("态度恶劣");
        assert_eq!(
            world.refused("quality", ACTIONS, his).await,
            "corrective_about_oneself"
        );
        let made = opened(&world, complaint).await;
        assert_eq!(made["source_label"], "SJ20261127-0001");
        let path = format!("{ACTIONS}/{}", made["id"].as_str().unwrap());
        assert_eq!(world.looks("agent1", &path).await, 404);
        let plan = world.step("quality", ACTIONS, &made, planned(&world)).await;
        let done = world
            .step(
                "lead",
                ACTIONS,
                &plan,
                does("finish", json!({"note": "已约谈"})),
            )
            .await;
        let verify = does("verify", json!({"action": "verify", "opinion": "属实"}));
        let verified = world.step("quality", ACTIONS, &done, verify).await;
        let close = does("verify", json!({"action": "close", "opinion": "同意销号"}));
        assert_eq!(
            world.no("manager", ACTIONS, &verified, close.clone()).await,
            "corrective_by_purchaser"
        );
        assert_eq!(
            world.no("quality", ACTIONS, &verified, close.clone()).await,
            "corrective_by_purchaser"
        );
        assert_eq!(
            world.step("purchaser", ACTIONS, &verified, close).await["state"],
            "closed"
        );
    })
    .await;
}

#[tokio::test]
async fn one_that_comes_of_an_evaluation_needs_it_to_be_final() {
    on_both(async |world| {
        let evaluations = "/api/v1/evaluations";
        let sampled = world.sampled("agent1").await;
        let of_it = json!({"source": "evaluation", "source_id": sampled["id"], "title": "答复不准",
            "problem": "截止日期答错", "owner_id": world.id("lead")});
        assert_eq!(
            world.refused("quality", ACTIONS, of_it.clone()).await,
            "evaluation_not_final"
        );
        assert_eq!(
            world.read("quality", ACTIONS).await["total"],
            0,
            "nothing is half written"
        );
        let scored = world
            .step(
                "quality",
                evaluations,
                &sampled,
                does("score", world.marks(30).await),
            )
            .await;
        assert_eq!(
            (&scored["tenths"], &scored["fatal"]),
            (&json!(0), &json!(["business"]))
        );
        let released = world
            .step("quality", evaluations, &scored, does("release", json!({})))
            .await;
        world
            .step(
                "agent1",
                evaluations,
                &released,
                does("acknowledge", json!({})),
            )
            .await;
        let made = world.post("quality", ACTIONS, of_it).await;
        assert_eq!(
            (&made["source_label"], &made["about"]["id"]),
            (&sampled["number"], &json!(world.id("agent1")))
        );
        let path = format!("{evaluations}/{}", sampled["id"].as_str().unwrap());
        let after = world.read("quality", &path).await;
        assert_eq!(
            (&after["state"], &after["corrective_id"]),
            (&json!("action"), &made["id"])
        );
        let ended = format!("{evaluations}?state=final");
        assert_eq!(
            world.read("agent1", &ended).await["total"],
            1,
            "to him it is final"
        );
        assert_eq!(
            world.read("agent1", &path).await["corrective_id"],
            json!(null)
        );
    })
    .await;
}

#[tokio::test]
async fn another_who_can_put_it_right_is_made_to_answer_for_it() {
    on_both(async |world| {
        let made = opened(&world, json!({})).await;
        let to = |who| does("reassign", json!({"to": who, "reason": "班长休假"}));
        for (who, code) in [
            ("analyst", "corrective_owner_unknown"),
            ("lead", "corrective_same_owner"),
        ] {
            let refused = world.no("quality", ACTIONS, &made, to(world.id(who))).await;
            assert_eq!(refused, code, "{who}");
        }
        let given = world
            .step("quality", ACTIONS, &made, to(world.id("trainer")))
            .await;
        assert_eq!(given["owner"]["id"], json!(world.id("trainer")));
        assert_eq!(given["due_at"], made["due_at"], "its term stays");
        let plan = world.step("lead", ACTIONS, &given, planned(&world)).await;
        let finish = does("finish", json!({"note": "已学习"}));
        assert_eq!(
            world.no("lead", ACTIONS, &plan, finish.clone()).await,
            "corrective_not_his"
        );
        let done = world.step("trainer", ACTIONS, &plan, finish).await;
        assert_eq!(
            world
                .no("quality", ACTIONS, &done, to(world.id("lead")))
                .await,
            "corrective_done"
        );
        let owners = world.read("quality", "/api/v1/corrective-owners").await;
        let owners = owners["items"].as_array().unwrap();
        let analyst = json!(world.id("analyst"));
        assert!(owners.len() > 3 && owners.iter().all(|one| one["id"] != analyst));
    })
    .await;
}
