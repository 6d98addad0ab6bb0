//! Change control: the purchaser's consent, its time, its end, and emergencies.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{World, content, on_both, text, with};

fn actions(change: &Value) -> Vec<&str> {
    let lines = change["lines"].as_array().unwrap();
    lines.iter().map(|line| text(&line["action"])).collect()
}

#[tokio::test]
async fn a_change_goes_back_and_forth_until_the_purchaser_consents_and_every_step_is_kept() {
    on_both(async |world| {
        let article = world.drafted("agent1", content("甲")).await;
        world.verb(&article, "agent1", "submit", json!({})).await;
        let queue = world
            .read("purchaser", "/api/v1/approvals?waiting=true")
            .await;
        assert_eq!(queue["total"], 1);
        assert_eq!(
            queue["items"][0]["due_at"], "2026-11-25T10:00:00Z",
            "two working days"
        );
        world
            .verb(
                &article,
                "section",
                "return",
                json!({"opinion": "请注明依据"}),
            )
            .await;
        assert_eq!(world.change(&article).await["opinion"], "请注明依据");
        assert_eq!(world.article(&article).await["state"], "returned");
        let code = world
            .not_done(&article, "lead", "emergency", json!({"reason": "急"}))
            .await;
        assert_eq!(
            code,
            (409, "approval_not_now".to_owned()),
            "what he returned is no emergency"
        );
        world
            .edit(&article, "agent1", content("甲，依据见公告"))
            .await;
        world.verb(&article, "agent1", "submit", json!({})).await;
        world.verb(&article, "section", "approve", json!({})).await;
        let change = world.change(&article).await;
        assert_eq!(
            actions(&change),
            [
                "drafted",
                "submitted",
                "returned",
                "edited",
                "submitted",
                "approved",
                "effective"
            ]
        );
        assert_eq!(change["decided_by"]["name"], "曾文斌");
        assert_eq!(
            world
                .read("purchaser", "/api/v1/approvals?waiting=true")
                .await["total"],
            0
        );
        let told = world.events("knowledge.returned").await;
        assert_eq!(told[0]["author_id"], json!(world.who("agent1").user_id));
    })
    .await;
}

#[tokio::test]
async fn what_is_approved_for_later_takes_effect_by_itself_within_a_second() {
    on_both(async |world| {
        let article = world.published(content("旧")).await;
        world.edit(&article, "trainer", content("新")).await;
        world.verb(&article, "trainer", "submit", json!({})).await;
        world
            .verb(
                &article,
                "purchaser",
                "approve",
                json!({"effective_at": "2026-11-23T04:00:00Z"}),
            )
            .await;
        let shown = world.article(&article).await;
        assert_eq!(
            (&shown["state"], &shown["current"]),
            (&json!("approved"), &json!(1))
        );
        world.app.clock.advance(Duration::from_secs(2 * 3600 + 1));
        world
            .until("it holds", async || {
                world.article(&article).await["current"] == 2
            })
            .await;
        assert_eq!(world.change_of(&article, 1).await["state"], "superseded");
        assert_eq!(
            world.change(&article).await["effective_at"]
                .as_str()
                .map(|at| &at[..16]),
            Some("2026-11-23T04:00")
        );
        assert_eq!(world.events("knowledge.effective").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_holds_is_withdrawn_at_once() {
    on_both(async |world| {
        let article = world.published(content("错的")).await;
        world
            .verb(
                &article,
                "section",
                "withdraw",
                json!({"reason": "与公告不符"}),
            )
            .await;
        let shown = world.article(&article).await;
        assert_eq!(
            (&shown["current"], &shown["state"]),
            (&Value::Null, &json!("withdrawn"))
        );
        let cited = knowledge::cite(
            world.app.db.read(),
            &article.citation(1),
            world.app.clock.now(),
        )
        .await;
        assert_eq!(
            cited.map_err(|problem| problem.code),
            Err("article_not_in_force")
        );
        let code = world
            .not_done(&article, "section", "withdraw", json!({"reason": "再次"}))
            .await;
        assert_eq!(code, (409, "approval_ended".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn an_emergency_change_holds_at_once_and_for_good_once_it_is_ratified() {
    on_both(async |world| {
        let article = world.published(content("旧")).await;
        world.edit(&article, "agent1", content("新")).await;
        let held = world
            .verb(
                &article,
                "lead",
                "emergency",
                json!({"reason": "旧口径误导考生"}),
            )
            .await;
        assert_eq!(
            (&held["state"], &held["reason"]),
            (&json!("pending_ratification"), &json!("旧口径误导考生"))
        );
        let shown = world.article(&article).await;
        assert_eq!(
            (&shown["current"], &shown["emergency"]),
            (&json!(2), &json!(true))
        );
        assert_eq!(world.change_of(&article, 1).await["state"], "paused");
        let told = world.events("knowledge.emergency").await;
        assert_eq!(
            told[0]["recipients"],
            json!([world.who("purchaser").user_id])
        );
        world
            .verb(&article, "purchaser", "ratify", json!({"note": "同意追认"}))
            .await;
        let shown = world.article(&article).await;
        assert_eq!(
            (&shown["state"], &shown["emergency"]),
            (&json!("effective"), &json!(false))
        );
        assert_eq!(world.change_of(&article, 1).await["state"], "superseded");
    })
    .await;
}

#[tokio::test]
async fn an_emergency_change_that_is_refused_or_forgotten_falls_and_what_stood_before_stands_again()
{
    on_both(async |world| {
        for forgotten in [false, true] {
            let article = world.published(content("旧")).await;
            world.edit(&article, "agent1", content("新")).await;
            world
                .verb(&article, "manager", "emergency", json!({"reason": "急"}))
                .await;
            if forgotten {
                world.pass(48);
                world
                    .until("it falls", async || {
                        world.article(&article).await["current"] == 1
                    })
                    .await;
                assert_eq!(world.events("knowledge.lapsed").await.len(), 1);
            } else {
                world
                    .verb(
                        &article,
                        "section",
                        "refuse",
                        json!({"opinion": "不予追认"}),
                    )
                    .await;
            }
            let shown = world.article(&article).await;
            assert_eq!(
                (&shown["current"], &shown["emergency"]),
                (&json!(1), &json!(false))
            );
            assert_eq!(world.change_of(&article, 1).await["state"], "effective");
            assert_eq!(world.change_of(&article, 2).await["state"], "withdrawn");
        }
    })
    .await;
}

#[tokio::test]
async fn one_emergency_after_another_gains_no_time_and_leaves_what_was_consented_to_waiting() {
    on_both(async |world| {
        let article = world.published(content("旧")).await;
        let mut dues = Vec::new();
        for text in ["急一", "急二"] {
            world.edit(&article, "agent1", content(text)).await;
            let held = world
                .verb(&article, "lead", "emergency", json!({"reason": "急"}))
                .await;
            dues.push(held["due_at"].clone());
            world.pass(24);
        }
        assert_eq!(dues[0], dues[1], "the supplier cannot go on for ever");
        let state = async |n: u32| world.change_of(&article, n).await["state"].clone();
        assert_eq!(state(2).await, "superseded");
        world
            .until("the second falls with the time of the first", async || {
                state(3).await == "withdrawn"
            })
            .await;
        assert_eq!(state(1).await, "effective");
    })
    .await;
}

#[tokio::test]
async fn what_fell_once_comes_back_with_consent_only() {
    on_both(async |world| {
        let article = world.published(content("旧")).await;
        let urgent = async |text: &str| {
            world.edit(&article, "agent1", content(text)).await;
            let (path, body) = World::door_of(
                &world.change(&article).await,
                "emergency",
                json!({"reason": "急"}),
            );
            world
                .ask(
                    &world.who("lead"),
                    axum::http::Method::POST,
                    &path,
                    Some(body),
                )
                .await
        };
        assert_eq!(urgent("急一").await.status, 200);
        world
            .verb(
                &article,
                "section",
                "refuse",
                json!({"opinion": "不予追认"}),
            )
            .await;
        let again = urgent("急二").await;
        assert_eq!(
            (again.status.as_u16(), &again.json["code"]),
            (409, &json!("emergency_fell_before"))
        );
        assert_eq!(world.article(&article).await["current"], 1);
        world.verb(&article, "agent1", "submit", json!({})).await;
        world.verb(&article, "section", "approve", json!({})).await;
        assert_eq!(urgent("急三").await.status, 200, "consented to since");
    })
    .await;
}

#[tokio::test]
async fn validity_ends_and_reviews_come_due_by_themselves() {
    on_both(async |world| {
        let dated = with(
            content("甲"),
            &json!({"review_due": "2026-11-24T02:00:00Z", "valid_to": "2026-11-25T02:00:00Z"}),
        );
        let article = world.published(dated).await;
        world.pass(25);
        world
            .until("it is due for review", async || {
                world.article(&article).await["due_for_review"] == true
            })
            .await;
        assert_eq!(world.article(&article).await["current"], 1, "it holds on");
        assert_eq!(
            world.events("knowledge.due_for_review").await[0]["section"],
            "exams"
        );
        world
            .verb(
                &article,
                "section",
                "review",
                json!({"review_due": "2026-12-24T02:00:00Z"}),
            )
            .await;
        assert_eq!(world.article(&article).await["due_for_review"], false);
        world.pass(24);
        world
            .until("it is over", async || {
                world.article(&article).await["current"] == Value::Null
            })
            .await;
        assert_eq!(world.article(&article).await["state"], "expired");
    })
    .await;
}

#[tokio::test]
async fn a_decision_that_is_late_is_asked_for_again_and_never_taken_for_a_yes() {
    on_both(async |world| {
        let article = world.drafted("trainer", content("甲")).await;
        world.verb(&article, "trainer", "submit", json!({})).await;
        world.pass(24 * 3);
        world
            .until("he is asked again", async || {
                world.events("knowledge.overdue").await.len() == 1
            })
            .await;
        let change = world.change(&article).await;
        assert_eq!(
            (&change["state"], &change["overdue"]),
            (&json!("submitted"), &json!(true))
        );
    })
    .await;
}

#[tokio::test]
async fn the_purchaser_agrees_anew_how_long_a_ratification_may_take() {
    on_both(async |world| {
        let path = "/api/v1/rules/knowledge-terms";
        let rule =
            json!({"rule": {"code": "approval.ratify", "working_days": 3}, "source": "补充约定"});
        let code = world
            .refused("manager", axum::http::Method::POST, path, rule.clone())
            .await;
        assert_eq!(code, (403, "forbidden".to_owned()));
        world.post("purchaser", path, rule).await;
        let article = world.drafted("trainer", content("甲")).await;
        let held = world
            .verb(&article, "lead", "emergency", json!({"reason": "急"}))
            .await;
        assert_eq!(
            held["due_at"].as_str().map(|at| &at[..10]),
            Some("2026-11-26")
        );
        let none = json!({"rule": {"code": "approval.ratify", "working_days": 0}, "source": "x"});
        let code = world
            .refused("purchaser", axum::http::Method::POST, path, none)
            .await;
        assert_eq!(code, (422, "term_out_of_range".to_owned()));
    })
    .await;
}
