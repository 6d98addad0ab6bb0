//! An evaluation from its sample to its end, and who sees what of it meanwhile.

use std::time::Duration;

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{does, on_both};

const EVALUATIONS: &str = "/api/v1/evaluations";

#[tokio::test]
async fn an_agent_reads_his_evaluation_after_its_release_and_appeals_once() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let own = format!("{EVALUATIONS}/{}", sampled["id"].as_str().unwrap());
        assert_eq!(world.looks("agent1", &own).await, 404);
        let scored = world
            .step(
                "quality",
                EVALUATIONS,
                &sampled,
                does("score", world.marks(10).await),
            )
            .await;
        assert_eq!(
            (&scored["tenths"], &scored["passed"]),
            (&json!(900), &json!(true))
        );
        assert_eq!(
            scored["scores"][0]["marks"]["items"][2]["evidence"][0]["at_ms"],
            12_345
        );

        for hidden in ["", "/signals"] {
            assert_eq!(
                world.looks("agent1", &format!("{own}{hidden}")).await,
                404,
                "{hidden}"
            );
        }
        assert_eq!(world.read("agent1", EVALUATIONS).await["total"], 0);
        assert_eq!(
            world.read("agent1", "/api/v1/quality-stand").await["to_acknowledge"],
            0
        );
        for verb in ["acknowledge", "appeal"] {
            let tried = does(verb, json!({"reason": "不服"}));
            let tried = if verb == "appeal" {
                tried
            } else {
                does(verb, json!({}))
            };
            assert_eq!(
                world.no("agent1", EVALUATIONS, &scored, tried).await,
                "not_found"
            );
        }

        let released = world
            .step("quality", EVALUATIONS, &scored, does("release", json!({})))
            .await;
        assert_eq!(released["state"], "released");
        let seen = world.read("agent1", &own).await;
        assert_eq!(seen["tenths"], 900);
        assert_eq!((&seen["origins"], &seen["lines"]), (&json!([]), &json!([])));
        assert_eq!(seen["reviewer"], json!(null), "he is not told who");
        assert_eq!(seen["actions"], json!(["acknowledge", "appeal"]));
        assert_eq!(world.looks("agent2", &own).await, 404);
        let quality = world.id("quality");
        let asked = [
            "origin=by_hand".to_owned(),
            format!("reviewer={quality}"),
            "compared=false".to_owned(),
            "unsettled=false".to_owned(),
        ];
        for hidden in asked {
            let found = world
                .read("agent1", &format!("{EVALUATIONS}?{hidden}"))
                .await;
            assert_eq!(found["total"], 0, "{hidden}");
        }

        let appeal = does(
            "appeal",
            json!({"reason": "业务答复完整，请复听 1 分 20 秒"}),
        );
        let appealed = world
            .step("agent1", EVALUATIONS, &seen, appeal.clone())
            .await;
        assert_eq!(appealed["state"], "appealed");
        let mut answer = world.marks(0).await;
        answer["note"] = json!("复听属实，改判");
        let own_answer = does("rescore", answer.clone());
        assert_eq!(
            world
                .no("quality", EVALUATIONS, &appealed, own_answer.clone())
                .await,
            "evaluation_same_person"
        );
        let rescored = world.step("lead", EVALUATIONS, &appealed, own_answer).await;
        assert_eq!(
            (&rescored["tenths"], &rescored["state"]),
            (&json!(1_000), &json!("rescored"))
        );
        assert_eq!(
            world.no("agent1", EVALUATIONS, &rescored, appeal).await,
            "evaluation_appealed_before"
        );
        let seen = world.read("agent1", &own).await;
        assert_eq!(
            seen["scores"].as_array().unwrap().len(),
            2,
            "both that he was shown"
        );
        let last = world
            .step("agent1", EVALUATIONS, &seen, does("acknowledge", json!({})))
            .await;
        assert_eq!(last["state"], "final");
        let lines = world.read("quality", &own).await["lines"].clone();
        let steps: Vec<_> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["action"].clone())
            .collect();
        let told = [
            "sampled",
            "scored",
            "released",
            "appealed",
            "rescored",
            "acknowledged",
            "final",
        ];
        assert_eq!(steps, told);

        let now = world.app.clock.now();
        let days = (now - TimeDelta::days(1), now + TimeDelta::days(1));
        let found = quality::sums(world.app.db.read(), days, None).await;
        let found = found.unwrap();
        assert_eq!(
            (
                found.len(),
                found[0].tenths,
                found[0].passed,
                found[0].fatal
            ),
            (1, 1_000, 1, 0)
        );
        assert_eq!(
            (found[0].agent, found[0].channel.as_str()),
            (world.id("agent1"), "phone")
        );
    })
    .await;
}

#[tokio::test]
async fn who_says_nothing_within_his_time_agrees_and_an_appeal_is_told_late() {
    on_both(async |world| {
        let mut released = Vec::new();
        for _ in 0..2 {
            let sampled = world.sampled("agent1").await;
            let scored = world
                .step(
                    "quality",
                    EVALUATIONS,
                    &sampled,
                    does("score", world.marks(0).await),
                )
                .await;
            released.push(
                world
                    .step("quality", EVALUATIONS, &scored, does("release", json!({})))
                    .await,
            );
        }
        let appeal = does("appeal", json!({"reason": "不服"}));
        world
            .step("agent1", EVALUATIONS, &released[0], appeal)
            .await;
        world.app.clock.advance(Duration::from_hours(12 * 24));
        let of = async |n: usize| {
            let path = format!("{EVALUATIONS}/{}", released[n]["id"].as_str().unwrap());
            let rung = |seen: &Value| seen["state"] == "final" || seen["overdue"] == true;
            world.until("manager", &path, rung).await
        };
        assert_eq!(
            (&of(1).await["state"], &of(1).await["overdue"]),
            (&json!("final"), &json!(false))
        );
        assert_eq!(
            (&of(0).await["state"], &of(0).await["overdue"]),
            (&json!("appealed"), &json!(true))
        );
        let stand = world.read("quality", "/api/v1/quality-stand").await;
        assert_eq!(
            (&stand["appeals"], &stand["appeals_late"]),
            (&json!(1), &json!(1))
        );
    })
    .await;
}

#[tokio::test]
async fn two_scores_that_lie_apart_are_settled_before_the_agent_hears_of_them() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let to = does("assign", json!({"to": world.id("quality")}));
        let sampled = world.step("manager", EVALUATIONS, &sampled, to).await;
        let marks = world.marks(0).await;
        assert_eq!(
            world
                .no("lead", EVALUATIONS, &sampled, does("score", marks.clone()))
                .await,
            "evaluation_taken"
        );
        let scored = world
            .step("quality", EVALUATIONS, &sampled, does("score", marks))
            .await;
        let second = world
            .step(
                "lead",
                EVALUATIONS,
                &scored,
                does("score", world.marks(6).await),
            )
            .await;
        assert_eq!(
            (&second["unsettled"], &second["tenths"]),
            (&json!("reviewers"), &json!(1_000))
        );
        let release = does("release", json!({}));
        assert_eq!(
            world
                .no("quality", EVALUATIONS, &second, release.clone())
                .await,
            "evaluation_unsettled"
        );
        let mut settled = world.marks(4).await;
        settled["note"] = json!("双方复听后议定");
        let settled = world
            .step("manager", EVALUATIONS, &second, does("settle", settled))
            .await;
        assert_eq!(
            (&settled["unsettled"], &settled["tenths"]),
            (&json!(null), &json!(960))
        );
        world.step("quality", EVALUATIONS, &settled, release).await;
        let own = format!("{EVALUATIONS}/{}", settled["id"].as_str().unwrap());
        let seen = world.read("agent1", &own).await;
        let shown = seen["scores"].as_array().unwrap();
        assert_eq!(
            (shown.len(), &shown[0]["tenths"]),
            (1, &json!(960)),
            "only what was released"
        );
    })
    .await;
}

#[tokio::test]
async fn the_purchaser_scores_beside_the_supplier_and_settles_what_lies_apart() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let purchaser = does("purchaser-score", world.marks(20).await);
        assert_eq!(
            world
                .no("counterpart", EVALUATIONS, &sampled, purchaser.clone())
                .await,
            "evaluation_unscored"
        );
        let scored = world
            .step(
                "quality",
                EVALUATIONS,
                &sampled,
                does("score", world.marks(0).await),
            )
            .await;
        let released = world
            .step("quality", EVALUATIONS, &scored, does("release", json!({})))
            .await;
        let apart = world
            .step("counterpart", EVALUATIONS, &released, purchaser)
            .await;
        assert_eq!(
            (&apart["purchaser_tenths"], &apart["gap_tenths"]),
            (&json!(800), &json!(-200))
        );
        let own = format!("{EVALUATIONS}/{}", apart["id"].as_str().unwrap());
        let seen = world.read("agent1", &own).await;
        assert_eq!(
            (&seen["purchaser_tenths"], &seen["unsettled"]),
            (&json!(null), &json!(null))
        );
        assert_eq!(
            world
                .no("agent1", EVALUATIONS, &seen, does("acknowledge", json!({})))
                .await,
            "evaluation_held",
            "that scores lie apart is not his to know"
        );
        let compared = world
            .read(
                "purchaser",
                "/api/v1/evaluations?compared=true&unsettled=true",
            )
            .await;
        assert_eq!(compared["total"], 1);
        world.app.clock.advance(Duration::from_hours(12 * 24));
        // The month is over as well: its share by chance was drawn meanwhile.
        let over = |seen: &Value| {
            seen["overdue"] == true && seen["origins"] == json!(["random", "by_hand"])
        };
        let waits = world.until("manager", &own, over).await;
        assert_eq!(
            waits["state"], "released",
            "nothing ends while two scores lie apart"
        );
        let mut settled = world.marks(10).await;
        settled["note"] = json!("按校准结果取中");
        let settled = does("settle", settled);
        assert_eq!(
            world
                .no("manager", EVALUATIONS, &waits, settled.clone())
                .await,
            "evaluation_by_purchaser"
        );
        let done = world.step("purchaser", EVALUATIONS, &waits, settled).await;
        assert_eq!(
            (&done["state"], &done["tenths"], &done["gap_tenths"]),
            (&json!("released"), &json!(900), &json!(-100))
        );
        // The agent has his time for the score that stands now.
        let seen = world.read("agent1", &own).await;
        assert_eq!(seen["actions"], json!(["acknowledge", "appeal"]));
        let last = does("acknowledge", json!({}));
        let last = world.step("agent1", EVALUATIONS, &seen, last).await;
        assert_eq!(last["state"], "final");
        let late = does("purchaser-score", world.marks(30).await);
        let over = world.read("counterpart", &own).await;
        let late = world.step("counterpart", EVALUATIONS, &over, late).await;
        assert_eq!(
            (&late["tenths"], &late["unsettled"]),
            (&json!(900), &json!(null))
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_scores_what_is_about_himself() {
    on_both(async |world| {
        let contact = world.contacts("agent1", 1).remove(0);
        {
            let mut contacts = world.house.contacts.lock().unwrap();
            contacts[0].complained = Some(world.id("lead"));
            contacts[0].has_complaint = true;
        }
        let picked = json!({"kind": "call", "contact_id": contact.id, "reason": "投诉核查"});
        let sampled = world.post("quality", EVALUATIONS, picked).await;
        assert_eq!(sampled["origins"], json!(["complaint", "by_hand"]));
        let own = format!("{EVALUATIONS}/{}", sampled["id"].as_str().unwrap());
        assert_eq!(
            world.looks("lead", &own).await,
            404,
            "the complaint is about him"
        );
        let score = does("score", world.marks(0).await);
        assert_eq!(
            world.no("lead", EVALUATIONS, &sampled, score).await,
            "not_found"
        );
        let to = does("assign", json!({"to": world.id("lead")}));
        assert_eq!(
            world.no("manager", EVALUATIONS, &sampled, to).await,
            "evaluation_of_oneself"
        );
    })
    .await;
}

#[tokio::test]
async fn whom_a_complaint_is_about_reads_his_own_score_and_nothing_of_the_complaint() {
    on_both(async |world| {
        let contact = world.contacts("agent1", 1).remove(0);
        {
            let mut contacts = world.house.contacts.lock().unwrap();
            contacts[0].complained = Some(world.id("agent1"));
            contacts[0].has_complaint = true;
        }
        let picked = json!({"kind": "call", "contact_id": contact.id, "reason": "投诉核查"});
        let sampled = world.post("quality", EVALUATIONS, picked).await;
        assert_eq!(sampled["origins"], json!(["complaint", "by_hand"]));
        let own = format!("{EVALUATIONS}/{}", sampled["id"].as_str().unwrap());
        let score = does("score", world.marks(0).await);
        let scored = world.step("quality", EVALUATIONS, &sampled, score).await;
        assert_eq!(world.looks("agent1", &own).await, 404);
        let release = does("release", json!({}));
        world.step("quality", EVALUATIONS, &scored, release).await;
        let seen = world.read("agent1", &own).await;
        assert_eq!(
            (&seen["origins"], &seen["origin_note"], &seen["lines"]),
            (&json!([]), &json!(""), &json!([]))
        );
        let whole = seen.to_string();
        assert!(
            !whole.contains("complain") && !whole.contains("投诉核查"),
            "{whole}"
        );
        let asked = world
            .read("agent1", &format!("{EVALUATIONS}?origin=complaint"))
            .await;
        assert_eq!(asked["total"], 0, "nor by a filter");
    })
    .await;
}

#[tokio::test]
async fn a_published_card_never_changes_and_scores_keep_theirs() {
    on_both(async |world| {
        let cards = world.read("quality", "/api/v1/score-cards").await;
        assert_eq!(cards["total"], 1, "the card that ships comes once");
        let path = format!(
            "/api/v1/score-cards/{}",
            cards["items"][0]["id"].as_str().unwrap()
        );
        let card = world.read("quality", &path).await;
        let mut body = card["versions"][0]["body"].clone();
        body["pass_tenths"] = json!(900);
        let quality = world.who("quality");
        let draft = json!({"body": body, "note": "提高合格线"});
        let put = world
            .ask(
                &quality,
                Method::PUT,
                &format!("{path}/draft"),
                Some(draft.clone()),
            )
            .await;
        assert_eq!(
            (put.status.as_u16(), &put.json["versions"][0]["n"]),
            (200, &json!(2))
        );
        let stale = world
            .ask(&quality, Method::PUT, &format!("{path}/draft"), Some(draft))
            .await;
        assert_eq!(stale.status.as_u16(), 409);
        let version = put.json["versions"][0].clone();
        let mut by_draft = world.marks(0).await;
        by_draft["card_version_id"] = version["id"].clone();
        let sampled = world.sampled("agent1").await;
        assert_eq!(
            world
                .no(
                    "quality",
                    EVALUATIONS,
                    &sampled,
                    does("score", by_draft.clone())
                )
                .await,
            "card_unknown"
        );
        let publication = json!({"n": 2, "version": version["version"]});
        let publish = format!("{path}/publish");
        assert_eq!(
            world
                .refused("quality", &publish, publication.clone())
                .await,
            "forbidden"
        );
        let published = world.post("purchaser", &publish, publication).await;
        assert_eq!(published["current_n"], 2);
        let again = json!({"n": 2, "version": published["versions"][0]["version"]});
        assert_eq!(
            world.refused("purchaser", &publish, again).await,
            "card_published"
        );
        let first = world.read("quality", &path).await["versions"][1].clone();
        assert_eq!(first["body"], card["versions"][0]["body"]);
        let scored = world
            .step("quality", EVALUATIONS, &sampled, does("score", by_draft))
            .await;
        assert_eq!(scored["scores"][0]["card_n"], 2);
    })
    .await;
}

#[tokio::test]
async fn what_a_recording_tells_is_measured_after_the_call_and_seen_with_the_evaluation() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let path = format!("{EVALUATIONS}/{}/signals", sampled["id"].as_str().unwrap());
        assert_eq!(world.looks("quality", &path).await, 404);
        let call = sampled["contact_id"]
            .as_str()
            .unwrap()
            .parse::<uuid::Uuid>()
            .unwrap();
        let app = (*world.app).clone();
        let told = async move |tx: kernel::Tx| {
            app.events
                .publish(&tx, "call.recorded", call, json!({}))
                .await
        };
        world.app.db.write(told).await.unwrap();
        world.app.settle().await;
        let signals = world.read("quality", &path).await;
        assert_eq!(
            (&signals["duration_ms"], &signals["longest_silence_ms"]),
            (&json!(10_000), &json!(9_000))
        );
        assert_eq!(
            signals["silences"],
            json!([{"from_ms": 1_000, "until_ms": 10_000}])
        );
        assert_eq!(signals["lanes"][0].as_array().unwrap().len(), 500);
    })
    .await;
}

#[tokio::test]
async fn a_sample_that_nobody_scores_is_late_and_so_is_a_score_nobody_releases() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        assert_eq!(
            sampled["due_at"], "2026-12-11T10:00:00Z",
            "ten working days"
        );
        let own = format!("{EVALUATIONS}/{}", sampled["id"].as_str().unwrap());
        // At the closing of the working day before it is told, once for all that is due then.
        world
            .app
            .clock
            .advance(Duration::from_mins(13 * 24 * 60 + 8 * 60 + 1));
        let reminded = |seen: &Value| {
            let lines = seen["lines"].as_array().unwrap();
            lines.iter().any(|line| line["action"] == "score_soon")
        };
        let soon = world.until("quality", &own, reminded).await;
        assert_eq!(soon["overdue"], false);
        assert!(world.told("evaluations.score_soon", "quality").await);
        assert!(!world.told("evaluations.score_soon", "manager").await);
        world.app.clock.advance(Duration::from_hours(2 * 24));
        let is_late = |seen: &Value| seen["overdue"] == true;
        // The month is over as well: its share by chance was drawn meanwhile.
        let both = |seen: &Value| is_late(seen) && seen["origins"] == json!(["random", "by_hand"]);
        let late = world.until("quality", &own, both).await;
        assert!(world.told("evaluations.score_overdue", "manager").await);
        let marks = does("score", world.marks(0).await);
        let scored = world.step("quality", EVALUATIONS, &late, marks).await;
        assert_eq!(
            (&scored["overdue"], scored["due_at"].is_string()),
            (&json!(false), true)
        );
        world.app.clock.advance(Duration::from_hours(7 * 24));
        world.until("quality", &own, is_late).await;
        assert!(world.told("evaluations.release_overdue", "quality").await);
        let found = world
            .read(
                "quality",
                &format!("{EVALUATIONS}?overdue=true&state=scored"),
            )
            .await;
        assert_eq!(found["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_sheet_that_is_open_stays_good_while_its_term_comes_and_passes() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let own = format!("{EVALUATIONS}/{}", sampled["id"].as_str().unwrap());
        // No later draw takes it again.
        world.house.contacts.lock().unwrap().clear();
        let terms = [("score_soon", 13 * 24 + 9), ("score_overdue", 48)];
        for (line, hours) in terms {
            world.app.clock.advance(Duration::from_hours(hours));
            let told = |seen: &Value| {
                let lines = seen["lines"].as_array().unwrap();
                lines.iter().any(|one| one["action"] == line)
            };
            let now = world.until("quality", &own, told).await;
            assert_eq!(now["version"], sampled["version"], "{line}");
        }
        let marks = does("score", world.marks(0).await);
        let scored = world.step("quality", EVALUATIONS, &sampled, marks).await;
        assert_eq!(
            (&scored["state"], &scored["overdue"]),
            (&json!("scored"), &json!(false))
        );
    })
    .await;
}

#[tokio::test]
async fn who_calibrates_reads_no_score_of_the_sample_before_he_gave_his() {
    on_both(async |world| {
        let sampled = world.sampled("agent1").await;
        let marks = world.marks(3).await;
        let score = does("score", marks.clone());
        let scored = world.step("quality", EVALUATIONS, &sampled, score).await;
        let new = json!({"evaluation_id": scored["id"], "title": "十一月校准",
            "card_version_id": marks["card_version_id"], "expert_id": world.id("manager")});
        let opened = world.post("quality", "/api/v1/calibrations", new).await;
        let own = format!("{EVALUATIONS}/{}", scored["id"].as_str().unwrap());
        for who in ["lead", "purchaser"] {
            let seen = world.read(who, &own).await;
            assert_eq!(
                (&seen["blind"], &seen["tenths"], &seen["scores"]),
                (&json!(true), &json!(null), &json!([])),
                "{who}"
            );
            let asked = world.read(who, &format!("{EVALUATIONS}?passed=true")).await;
            assert_eq!(asked["total"], 0, "nor by a filter: {who}");
        }
        let his = world.read("quality", &own).await;
        assert_eq!(his["tenths"], 970, "what he gave himself he knows");
        let path = format!(
            "/api/v1/calibrations/{}/score",
            opened["id"].as_str().unwrap()
        );
        let blind = json!({"marks": marks["marks"]});
        world.post("lead", &path, blind).await;
        let seen = world.read("lead", &own).await;
        assert_eq!(
            (&seen["blind"], &seen["tenths"]),
            (&json!(false), &json!(970))
        );
    })
    .await;
}
