//! An exam from its setting to the certificate or the replacement.

use std::collections::BTreeSet;

use axum::http::Method;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::world::{World, answer_to, on_both, text};

async fn ready(world: &World, resits: i32) -> Value {
    world.questions("single", 8).await;
    world.questions("multiple", 3).await;
    world.questions("true_false", 3).await;
    world.questions("fill", 2).await;
    let parts = [
        ("single", 4, 10),
        ("multiple", 2, 15),
        ("true_false", 2, 10),
        ("fill", 1, 10),
    ];
    world.paper(&parts, resits).await
}

#[tokio::test]
async fn a_killed_browser_goes_on_with_what_was_saved_and_the_time_gone_and_the_timer_hands_in() {
    on_both(async |world| {
        let paper = ready(&world, 0).await;
        assert_eq!(
            (&paper["can_be_drawn"], &paper["total"]),
            (&json!(true), &json!(100))
        );
        world
            .exam(&paper, "qualification", "automatic", &["agent1"])
            .await;
        let door = world.open_try("agent1").await;
        let early = world
            .refused(
                "agent1",
                Method::PUT,
                &format!("{door}/answers/1"),
                json!({"seq": 1, "answer": {}}),
            )
            .await;
        assert_eq!(early, (409, "exam_not_started".to_owned()));
        let begun = world
            .post("agent1", &format!("{door}/start"), json!({}))
            .await;
        assert_eq!(
            begun["seconds_left"].as_i64().map(|left| left > 3_590),
            Some(true)
        );
        for secret in [
            "\"right\"",
            "\"truth\":",
            "\"blanks\":[",
            "explanation",
            "model_answer",
        ] {
            let paper = begun["paper"].to_string();
            assert!(
                !paper.contains(secret)
                    || (secret == "\"truth\":" && !paper.contains("\"truth\":true")),
                "{secret}: {paper}"
            );
        }
        assert!(
            begun["paper"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["solution"].is_null())
        );

        let save = async |no: i64, seq: i64, answer: Value| {
            world
                .put(
                    "agent1",
                    &format!("{door}/answers/{no}"),
                    json!({"seq": seq, "answer": answer}),
                )
                .await
        };
        let right = answer_to(&begun["paper"][0], true);
        let first = save(1, 1, right.clone()).await;
        let again = save(1, 1, right.clone()).await;
        assert_eq!(
            (&again["seq"], &again["saved_at"], &again["taken"]),
            (&json!(1), &first["saved_at"], &json!(true))
        );
        save(1, 3, right.clone()).await;
        let older = save(1, 2, answer_to(&begun["paper"][0], false)).await;
        assert_eq!(
            (&older["seq"], &older["taken"]),
            (&json!(3), &json!(false)),
            "an older one changes nothing"
        );
        for (answer, code) in [
            (json!({"chosen": [9]}), "answer_invalid"),
            (json!({"chosen": [0, 1]}), "answer_invalid"),
            (json!({"truth": true}), "answer_invalid"),
            (json!({"right": [0]}), "bad_value"),
        ] {
            let no = world
                .refused(
                    "agent1",
                    Method::PUT,
                    &format!("{door}/answers/1"),
                    json!({"seq": 9, "answer": answer}),
                )
                .await;
            assert_eq!(no, (422, code.to_owned()));
        }
        let strange = world
            .refused("agent2", Method::GET, &door, Value::Null)
            .await;
        assert_eq!(
            strange,
            (404, "not_found".to_owned()),
            "nobody knows of another's paper"
        );
        world
            .post("agent1", &format!("{door}/left"), json!({"seconds": 7}))
            .await;
        let left = world
            .post("agent1", &format!("{door}/left"), json!({"seconds": 5}))
            .await;
        assert_eq!(
            (&left["left_count"], &left["left_seconds"]),
            (&json!(2), &json!(12))
        );

        // The browser is killed; forty minutes later he comes back.
        world.pass(40 * 60);
        let back = world
            .post("agent1", &format!("{door}/start"), json!({}))
            .await;
        let left = back["seconds_left"].as_i64().unwrap();
        assert!((1_190..=1_200).contains(&left), "{left}");
        assert_eq!(
            (
                &back["paper"][0]["answer"]["chosen"],
                &back["paper"][0]["seq"]
            ),
            (&right["chosen"], &json!(3))
        );
        let shown = |paper: &Value| {
            paper["paper"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["text"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&back), shown(&begun), "the same paper");
        world.answer("agent1", &door, &back, 9).await;

        world.pass(21 * 60);
        let late = world
            .refused(
                "agent1",
                Method::PUT,
                &format!("{door}/answers/1"),
                json!({"seq": 99, "answer": right}),
            )
            .await;
        assert_eq!(late, (409, "exam_time_over".to_owned()));
        world
            .until("the timer hands in", async || {
                world.read("agent1", &door).await["state"] == "passed"
            })
            .await;
        let told = world.read("agent1", &door).await;
        assert_eq!(
            (&told["points"], &told["passed"]),
            (&json!(100), &json!(true)),
            "{told}"
        );
        assert_eq!(told["handed_in_at"], told["deadline_at"]);
        assert_eq!(
            told["paper"][0]["solution"]["right"],
            json!([0]),
            "shown once it is told"
        );
        let id = text(&told["id"]);
        let detail = world
            .read("trainer", &format!("/api/v1/exam-attempts/{id}"))
            .await;
        assert_eq!(
            (&detail["by_timer"], &detail["left_count"]),
            (&json!(true), &json!(2))
        );
        let stats = world
            .read("trainer", "/api/v1/questions?kind=fill&sort=number")
            .await;
        let asked: i64 = stats["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["stats"]["asked"].as_i64().unwrap())
            .sum();
        assert_eq!(asked, 1, "{stats}");
    })
    .await;
}

#[tokio::test]
async fn the_last_try_that_fails_asks_for_a_replacement_and_a_resit_that_passes_leads_to_the_certificate()
 {
    on_both(async |world| {
        let paper = ready(&world, 1).await;
        let exam = world
            .exam(&paper, "qualification", "automatic", &["agent1", "agent2"])
            .await;
        let failed = world.sits("agent1", 5).await;
        assert_eq!(
            (&failed["state"], &failed["passed"]),
            (&json!("failed"), &json!(false)),
            "{failed}"
        );
        assert_eq!(
            failed["paper"],
            json!([]),
            "no solution while a try is left"
        );
        world.sits("agent2", 0).await;
        assert_eq!(world.events("learning.exam_failed").await.len(), 2);
        assert_eq!(world.events("learning.exam_failed_finally").await.len(), 0);

        let resit = world.open_try("agent1").await;
        let early = world
            .refused("agent1", Method::POST, &format!("{resit}/start"), json!({}))
            .await;
        assert_eq!(early, (409, "exam_not_open".to_owned()));
        world.pass(24 * 3_600 + 60);
        let passed = world.sits("agent1", 9).await;
        assert_eq!(
            (&passed["state"], &passed["try_no"]),
            (&json!("passed"), &json!(2))
        );
        let lost = world.sits("agent2", 1).await;
        assert_eq!(lost["state"], "replacement");
        let told = world.events("learning.exam_failed_finally").await;
        assert_eq!(
            (told.len(), &told[0]["user_id"]),
            (1, &json!(world.id("agent2")))
        );

        // Only the purchaser issues, only for what was passed, and once.
        let issue = json!({"attempt_id": passed["id"]});
        for who in ["trainer", "manager", "hr", "section", "agent1"] {
            let no = world
                .refused(who, Method::POST, "/api/v1/certificates", issue.clone())
                .await;
            assert_eq!(no, (403, "forbidden".to_owned()), "{who}");
        }
        let no = world
            .refused(
                "purchaser",
                Method::POST,
                "/api/v1/certificates",
                json!({"attempt_id": lost["id"]}),
            )
            .await;
        assert_eq!(no, (409, "exam_not_passed".to_owned()));
        let certificate = world
            .post("purchaser", "/api/v1/certificates", issue.clone())
            .await;
        assert_eq!(certificate["number"], "SJ-Z2026-0001");
        let twice = world
            .refused("purchaser", Method::POST, "/api/v1/certificates", issue)
            .await;
        assert_eq!(twice, (409, "exam_certified".to_owned()));
        let conn = world.app.db.read();
        let today = world.now().with_timezone(&calendar::SHANGHAI).date_naive();
        let pass =
            async |who: &str, day| learning::has_pass(conn, world.id(who), day).await.unwrap();
        assert!(pass("agent1", today).await && !pass("agent2", today).await);
        assert!(
            !pass("agent1", today.pred_opt().unwrap()).await,
            "not before it was issued"
        );

        let correct = json!({"version": 0, "no": 1, "points": 0, "reason": "误判"});
        let attempt = format!("/api/v1/exam-attempts/{}", text(&passed["id"]));
        let shown = world.read("trainer", &attempt).await;
        let mut wish = correct.clone();
        wish["version"] = shown["version"].clone();
        let no = world
            .refused(
                "purchaser",
                Method::POST,
                &format!("{attempt}/correct"),
                wish,
            )
            .await;
        assert_eq!(
            no,
            (409, "exam_certified".to_owned()),
            "first the certificate is revoked"
        );

        let path = format!("/api/v1/certificates/{}/revoke", text(&certificate["id"]));
        let reason = json!({"version": certificate["version"], "reason": "替考"});
        assert_eq!(
            world
                .refused("manager", Method::POST, &path, reason.clone())
                .await
                .0,
            403
        );
        let no = json!({"version": certificate["version"], "reason": " "});
        assert_eq!(
            world.refused("purchaser", Method::POST, &path, no).await.1,
            "text_missing"
        );
        let revoked = world.post("purchaser", &path, reason.clone()).await;
        assert_eq!(
            (&revoked["state"], &revoked["revoke_reason"]),
            (&json!("revoked"), &json!("替考"))
        );
        assert_eq!(
            world
                .refused("purchaser", Method::POST, &path, reason)
                .await
                .1,
            "stale_version"
        );
        assert!(!pass("agent1", today).await);
        assert_eq!(world.events("learning.certificate_revoked").await.len(), 1);
        let mine = world.read("agent1", "/api/v1/certificates").await;
        assert_eq!(
            (
                &mine["total"],
                &world.read("agent2", "/api/v1/certificates").await["total"]
            ),
            (&json!(1), &json!(0))
        );
        assert_eq!(exam["tries"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_result_that_was_told_stays_and_a_correction_is_a_new_one_with_its_reason() {
    on_both(async |world| {
        let paper = ready(&world, 1).await;
        world.exam(&paper, "qualification", "automatic", &["agent1"]).await;
        // Six right: 70 of 100.
        let failed = world.sits("agent1", 6).await;
        assert_eq!((&failed["points"], &failed["state"]), (&json!(70), &json!("failed")));
        let path = format!("/api/v1/exam-attempts/{}", text(&failed["id"]));
        let before = world.read("trainer", &path).await;
        let wish = |points: i32| json!({"version": before["version"], "no": 7, "points": points, "reason": "题目有歧义"});
        let door = format!("{path}/correct");
        assert_eq!(world.refused("trainer", Method::POST, &door, wish(10)).await.0, 403);
        assert_eq!(world.refused("purchaser", Method::POST, &door, wish(11)).await.1, "exam_points_invalid");
        let after = world.post("purchaser", &door, wish(10)).await;
        assert_eq!((&after["state"], &after["points"]), (&json!("passed"), &json!(80)));
        let results = after["results"].as_array().unwrap();
        assert_eq!((results.len(), &results[0]["points"], &results[1]["points"]), (2, &json!(70), &json!(80)));
        assert!(results[0]["reason"].is_null() && text(&results[1]["reason"]).contains("题目有歧义"));
        assert_eq!(results[1]["by_name"], "冯惠芳", "who did it is named as people know him");
        // The resit he was given falls away.
        let mine = world.read("agent1", "/api/v1/my-exams").await;
        assert_eq!((&mine["open"], &mine["items"][0]["state"]), (&json!(0), &json!("excused")), "{mine}");
        assert_eq!(world.events("learning.exam_passed").await.len(), 1);
        assert_eq!(world.events("learning.exam_result_corrected").await.len(), 1);
        // Corrected back, the resit is his again.
        let wish = json!({"version": after["version"], "no": 7, "points": 0, "reason": "复核无误"});
        let back = world.post("purchaser", &door, wish).await;
        assert_eq!((&back["state"], back["results"].as_array().unwrap().len()), (&json!("failed"), 3));
        let mine = world.read("agent1", "/api/v1/my-exams").await;
        assert_eq!((&mine["open"], &mine["items"][0]["state"]), (&json!(1), &json!("assigned")), "{mine}");
    })
    .await;
}

#[tokio::test]
async fn who_never_begins_has_failed_that_try_and_another_time_is_given_with_a_reason() {
    on_both(async |world| {
        let paper = ready(&world, 0).await;
        let exam = world.exam(&paper, "qualification", "automatic", &["agent1", "agent2", "agent3"]).await;
        let path = format!("/api/v1/exams/{}", text(&exam["id"]));
        let of = async |who: &str| {
            let shown = world.read("trainer", &path).await;
            let tries = shown["attempts"].as_array().unwrap().clone();
            tries.into_iter().find(|one| one["person"]["id"] == json!(world.id(who))).unwrap()
        };
        let second = of("agent2").await;
        let door = format!("/api/v1/exam-attempts/{}", text(&second["id"]));
        let closes = world.now() + TimeDelta::days(20);
        let wish = json!({"version": second["version"], "opens_at": world.now(), "closes_at": closes, "reason": "病假"});
        assert_eq!(world.refused("manager", Method::POST, &format!("{door}/reschedule"), wish.clone()).await.0, 403);
        world.post("trainer", &format!("{door}/reschedule"), wish).await;
        let third = of("agent3").await;
        let door = format!("/api/v1/exam-attempts/{}", text(&third["id"]));
        let wish = json!({"version": third["version"], "reason": "调离项目"});
        world.post("trainer", &format!("{door}/excuse"), wish).await;

        world.pass(11 * 24 * 3_600);
        world.until("the window is over", async || of("agent1").await["state"] == "replacement").await;
        assert_eq!((&of("agent1").await["missed"], &of("agent1").await["points"]), (&json!(true), &json!(0)));
        assert_eq!(of("agent2").await["state"], "assigned");
        assert_eq!(of("agent3").await["state"], "excused");
        assert_eq!(world.events("learning.exam_excused").await.len(), 1);
        let told = world.events("learning.exam_failed_finally").await;
        assert_eq!(told.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_exam_is_frozen_as_it_was_set_and_each_draws_his_own() {
    on_both(async |world| {
        let paper = ready(&world, 0).await;
        let exam = world
            .exam(
                &paper,
                "training",
                "manual",
                &["agent1", "agent2", "agent3", "agent4"],
            )
            .await;
        // The bank and the paper change after it was set.
        let all = world
            .read("trainer", "/api/v1/questions?per_page=200")
            .await;
        for question in all["items"].as_array().unwrap() {
            let path = format!("/api/v1/questions/{}/active", text(&question["id"]));
            world
                .put(
                    "trainer",
                    &path,
                    json!({"version": question["version"], "active": false}),
                )
                .await;
        }
        let shown = world
            .read("trainer", &format!("/api/v1/papers/{}", text(&paper["id"])))
            .await;
        assert_eq!(
            (&shown["can_be_drawn"], &shown["available"]),
            (&json!(false), &json!([0, 0, 0, 0]))
        );
        let mut new = json!({"title": "再考", "purpose": "training", "paper_id": paper["id"],
            "closes_at": world.now() + TimeDelta::days(1)});
        let no = world
            .refused("trainer", Method::POST, "/api/v1/exams", new.clone())
            .await;
        assert_eq!(no, (409, "bank_too_small".to_owned()));
        new["closes_at"] = json!(world.now() - TimeDelta::days(1));
        assert_eq!(
            world
                .refused("trainer", Method::POST, "/api/v1/exams", new)
                .await
                .1,
            "exam_window_invalid"
        );

        let mut papers = BTreeSet::new();
        for who in ["agent1", "agent2", "agent3", "agent4"] {
            let door = world.open_try(who).await;
            let begun = world.post(who, &format!("{door}/start"), json!({})).await;
            let texts: Vec<&str> = begun["paper"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| text(&one["text"]))
                .collect();
            assert_eq!(texts.len(), 9);
            let each = begun["paper"].as_array().unwrap().iter();
            let shown = each.map(|one| (one["text"].to_string(), one["options"].to_string()));
            papers.insert(shown.collect::<Vec<_>>());
        }
        assert!(papers.len() > 1, "not all the same");

        // Nobody is told before somebody says so.
        let handed = world.sits("agent1", 9).await;
        assert_eq!(
            (&handed["state"], &handed["points"], &handed["passed"]),
            (&json!("submitted"), &Value::Null, &Value::Null)
        );
        assert_eq!(world.events("learning.exam_passed").await.len(), 0);
        let path = format!("/api/v1/exams/{}/release", text(&exam["id"]));
        assert_eq!(
            world
                .refused("manager", Method::POST, &path, json!({}))
                .await
                .0,
            403
        );
        world.post("trainer", &path, json!({})).await;
        let mine = world.read("agent1", "/api/v1/my-exams").await;
        assert_eq!(
            (&mine["items"][0]["state"], &mine["items"][0]["points"]),
            (&json!("passed"), &json!(100))
        );
        let no = world
            .refused(
                "purchaser",
                Method::POST,
                "/api/v1/certificates",
                json!({"attempt_id": mine["items"][0]["id"]}),
            )
            .await;
        assert_eq!(no, (409, "exam_no_qualification".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn who_knows_the_bank_does_not_sit_it() {
    on_both(async |world| {
        let paper = ready(&world, 0).await;
        let exam = world
            .exam(&paper, "qualification", "automatic", &["agent1"])
            .await;
        let path = format!("/api/v1/exams/{}/takers", text(&exam["id"]));
        for who in ["trainer", "purchaser", "section"] {
            let no = world
                .refused(
                    "trainer",
                    Method::POST,
                    &path,
                    json!({"takers": [world.id(who)]}),
                )
                .await;
            assert_eq!(no, (422, "taker_not_eligible".to_owned()), "{who}");
        }
        let again = world
            .post(
                "trainer",
                &path,
                json!({"takers": [world.id("agent1"), world.id("lead")]}),
            )
            .await;
        assert_eq!(
            again["attempts"].as_array().unwrap().len(),
            2,
            "nobody twice"
        );
        assert_eq!(
            world
                .refused("agent1", Method::GET, "/api/v1/exams", Value::Null)
                .await
                .0,
            403
        );
        assert_eq!(
            world
                .refused("trainer", Method::GET, "/api/v1/my-exams", Value::Null)
                .await
                .0,
            403
        );
        let _: chrono::DateTime<Utc> = text(&again["now"]).parse().unwrap();
    })
    .await;
}
