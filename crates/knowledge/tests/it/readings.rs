//! New knowledge reaches people: read in one working day, the quiz passed in two, and a blocker after that.

use axum::http::Method;
use knowledge::reading::{Quiz, QuizQuestion};
use serde_json::{Value, json};

use crate::world::{Article, World, content, on_both, text};

const MINE: &str = "/api/v1/my-reading";

fn plan() -> Value {
    json!({"audience": ["agent"], "pass_percent": 60, "questions": [
        {"text": "准考证丢了怎么办？", "options": ["重新打印", "不能考试"], "answer": 0, "explanation": "开放期内可再次打印"},
        {"text": "可以向考生索取密码吗？", "options": ["可以", "不可以", "看情况"], "answer": 1},
        {"text": "成绩以什么为准？", "options": ["传言", "官方公告"], "answer": 1},
    ]})
}

/// A script that agents must read, in force.
async fn must_read(world: &World) -> Article {
    let article = world.drafted("trainer", content("新口径")).await;
    let path = format!("{}/versions/1/reading", article.path);
    world.send("trainer", Method::PUT, &path, plan()).await;
    world.verb(&article, "trainer", "submit", json!({})).await;
    world.verb(&article, "section", "approve", json!({})).await;
    article
}

async fn owed(world: &World, who: &str) -> Value {
    world.read(who, MINE).await
}

#[test]
fn a_quiz_is_marked_by_its_share_of_right_answers() {
    let question = |answer| QuizQuestion {
        text: "问".to_owned(),
        options: vec!["甲".to_owned(), "乙".to_owned()],
        answer,
        explanation: String::new(),
    };
    let quiz = Quiz {
        questions: vec![question(0), question(1), question(1)],
        pass_percent: 66,
    };
    let mark = quiz.mark(&[0, 1, 0]).unwrap();
    assert_eq!((mark.percent, mark.passed, mark.wrong), (66, true, vec![2]));
    assert!(!quiz.mark(&[1, 1, 0]).unwrap().passed);
    for wrong in [&[0, 1][..], &[0, 1, 2], &[0, 1, 1, 1], &[usize::MAX, 0, 0]] {
        assert_eq!(quiz.mark(wrong).unwrap_err().code, "answers_incomplete");
    }
    let code = |questions: Vec<QuizQuestion>, pass_percent| {
        let quiz = Quiz {
            questions,
            pass_percent,
        };
        quiz.checked().map(|_| ()).map_err(|problem| problem.code)
    };
    assert_eq!(code(vec![question(0)], 100), Ok(()));
    assert_eq!(code(vec![question(2)], 100), Err("answer_invalid"));
    assert_eq!(code(vec![question(0)], 0), Err("pass_mark_invalid"));
    assert_eq!(
        code(vec![question(0); 21], 50),
        Err("too_many_questions_set")
    );
    let same = QuizQuestion {
        options: vec!["甲".to_owned(), "甲 ".to_owned()],
        ..question(0)
    };
    assert_eq!(code(vec![same], 50), Err("options_invalid"));
}

#[tokio::test]
async fn whoever_must_know_a_new_script_is_told_reads_and_passes() {
    on_both(async |world| {
        let article = must_read(&world).await;
        let mine = owed(&world, "agent1").await;
        assert_eq!(
            (&mine["open"], &mine["blocking"]),
            (&json!(1), &json!(false))
        );
        let item = &mine["items"][0];
        assert_eq!(&item["state"], "to_read");
        assert_eq!(
            text(&item["read_due_at"])[..10],
            "2026-11-24"[..],
            "one working day"
        );
        assert_eq!(
            text(&item["quiz_due_at"])[..10],
            "2026-11-25"[..],
            "two working days"
        );
        assert_eq!(owed(&world, "lead").await["open"], 0, "only who is meant");
        assert_eq!(world.events("reading.assigned").await.len(), 6);

        let this = format!("{MINE}/{}", text(&item["id"]));
        let answers = format!("{this}/answers");
        let code = world
            .refused(
                "agent1",
                Method::POST,
                &answers,
                json!({"answers": [0, 1, 1]}),
            )
            .await;
        assert_eq!(code, (409, "reading_first".to_owned()));
        assert_eq!(
            world
                .post("agent1", &format!("{this}/read"), json!({}))
                .await["state"],
            "to_answer"
        );
        let failed = world
            .post("agent1", &answers, json!({"answers": [1, 0, 1]}))
            .await;
        assert_eq!(
            (&failed["passed"], &failed["percent"], &failed["solution"]),
            (&json!(false), &json!(33), &Value::Null)
        );
        let passed = world
            .post("agent1", &answers, json!({"answers": [0, 1, 0]}))
            .await;
        assert_eq!(
            (
                &passed["passed"],
                &passed["reading"]["state"],
                &passed["reading"]["attempts"]
            ),
            (&json!(true), &json!("done"), &json!(2))
        );
        assert_eq!(passed["solution"][0]["explanation"], "开放期内可再次打印");
        let code = world
            .refused(
                "agent1",
                Method::POST,
                &answers,
                json!({"answers": [0, 1, 1]}),
            )
            .await;
        assert_eq!(code, (409, "quiz_passed".to_owned()));

        let coverage = world
            .read("trainer", &format!("{}/coverage", article.path))
            .await;
        assert_eq!(
            (
                &coverage["total"],
                &coverage["read"],
                &coverage["done"],
                &coverage["done_bp"]
            ),
            (&json!(6), &json!(1), &json!(1), &json!(1666))
        );
        let done: Vec<&str> = coverage["people"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|person| person["state"] == "done")
            .map(|person| text(&person["person"]["name"]))
            .collect();
        assert_eq!(done, ["陈晓雯"]);
        assert_eq!(
            world
                .ask(
                    &world.who("agent1"),
                    Method::GET,
                    &format!("{}/coverage", article.path),
                    None
                )
                .await
                .status,
            403
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_late_is_told_and_held_up_until_he_has_passed() {
    on_both(async |world| {
        must_read(&world).await;
        let agent = world.who("agent1").user_id;
        let blocking = async || {
            knowledge::must_pass(world.app.db.read(), agent, world.app.clock.now())
                .await
                .unwrap()
        };
        assert!(blocking().await.is_empty());
        world.pass(36);
        world
            .until("all are told", async || {
                world.events("reading.overdue").await.len() == 6
            })
            .await;
        let held = blocking().await;
        assert_eq!((held.len(), held[0].state.as_str()), (1, "to_read"));
        assert_eq!(owed(&world, "agent1").await["blocking"], true);
        let this = format!(
            "{MINE}/{}",
            text(&owed(&world, "agent1").await["items"][0]["id"])
        );
        world
            .post("agent1", &format!("{this}/read"), json!({}))
            .await;
        assert!(blocking().await.is_empty(), "the quiz has time left");
        world.pass(24);
        world
            .until("he is told again", async || {
                world.events("reading.overdue").await.len() == 12
            })
            .await;
        assert_eq!(blocking().await[0].state, "to_answer");
        world
            .post(
                "agent1",
                &format!("{this}/answers"),
                json!({"answers": [0, 1, 1]}),
            )
            .await;
        assert!(blocking().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn no_answer_leaks_before_the_quiz_is_passed_and_nobody_answers_for_another() {
    on_both(async |world| {
        let article = must_read(&world).await;
        let mine = owed(&world, "agent1").await;
        let this = format!("{MINE}/{}", text(&mine["items"][0]["id"]));
        world
            .post("agent1", &format!("{this}/read"), json!({}))
            .await;
        let quiz = world.read("agent1", &format!("{this}/quiz")).await;
        let failed = world
            .post(
                "agent1",
                &format!("{this}/answers"),
                json!({"answers": [1, 0, 0]}),
            )
            .await;
        let shown = world.article(&article).await;
        let versions = world
            .read("agent1", &format!("{}/versions", article.path))
            .await;
        for told in [&mine, &quiz, &failed, &shown, &versions] {
            let told = told.to_string();
            assert!(!told.contains("开放期内可再次打印"), "{told}");
            assert!(!told.contains("\"answer\":0"), "{told}");
        }
        assert_eq!(
            quiz["questions"][0],
            json!({"text": "准考证丢了怎么办？", "options": ["重新打印", "不能考试"]})
        );
        assert_eq!(failed["wrong"], 3, "how many, not which");
        let plan = format!("{}/versions/1/reading", article.path);
        for who in ["agent1", "analyst", "liaison"] {
            assert_eq!(
                world
                    .ask(&world.who(who), Method::GET, &plan, None)
                    .await
                    .status,
                403,
                "{who}"
            );
        }
        for path in [format!("{this}/read"), format!("{this}/answers")] {
            let code = world
                .refused("agent2", Method::POST, &path, json!({"answers": [0, 1, 1]}))
                .await;
            assert_eq!(code.0, 404, "{path}");
        }
        for _ in 0..4 {
            world
                .post(
                    "agent1",
                    &format!("{this}/answers"),
                    json!({"answers": [1, 0, 0]}),
                )
                .await;
        }
        let code = world
            .refused(
                "agent1",
                Method::POST,
                &format!("{this}/answers"),
                json!({"answers": [0, 1, 1]}),
            )
            .await;
        assert_eq!(
            code,
            (429, "quiz_too_often".to_owned()),
            "who guesses reads again"
        );
        world.pass(2);
        world
            .post(
                "agent1",
                &format!("{this}/answers"),
                json!({"answers": [0, 1, 1]}),
            )
            .await;
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_stands_with_the_version_and_ends_with_it() {
    on_both(async |world| {
        let article = must_read(&world).await;
        let path = format!("{}/versions/1/reading", article.path);
        let code = world.refused("trainer", Method::PUT, &path, plan()).await;
        assert_eq!(code, (409, "reading_fixed".to_owned()));
        for (change, code) in [
            (json!({"audience": []}), "audience_invalid"),
            (json!({"audience": ["hr_compliance"]}), "audience_invalid"),
            (json!({"pass_percent": 101}), "pass_mark_invalid"),
        ] {
            let mut wrong = plan();
            for (name, value) in change.as_object().unwrap() {
                wrong[name] = value.clone();
            }
            assert_eq!(
                world.refused("trainer", Method::PUT, &path, wrong).await,
                (422, code.to_owned())
            );
        }
        assert_eq!(
            world.refused("agent1", Method::PUT, &path, plan()).await.0,
            403
        );
        let this = text(&owed(&world, "agent1").await["items"][0]["id"]).to_owned();
        world.edit(&article, "trainer", content("更新的口径")).await;
        world.verb(&article, "trainer", "submit", json!({})).await;
        world.verb(&article, "section", "approve", json!({})).await;
        let mine = owed(&world, "agent1").await;
        assert_eq!(
            (&mine["open"], &mine["items"][0]["state"]),
            (&json!(0), &json!("ended"))
        );
        let code = world
            .refused(
                "agent1",
                Method::POST,
                &format!("{MINE}/{this}/read"),
                json!({}),
            )
            .await;
        assert_eq!(code, (409, "reading_ended".to_owned()));
        // Set afterwards on what holds without: once.
        let path = format!("{}/versions/2/reading", article.path);
        let mut read_only = plan();
        read_only["questions"] = json!([]);
        world.send("section", Method::PUT, &path, read_only).await;
        let mine = owed(&world, "agent1").await;
        assert_eq!(mine["open"], 1);
        let this = format!("{MINE}/{}", text(&mine["items"][0]["id"]));
        assert_eq!(
            world
                .post("agent1", &format!("{this}/read"), json!({}))
                .await["state"],
            "done"
        );
    })
    .await;
}

#[tokio::test]
async fn an_emergency_that_falls_lets_go_of_its_readers_and_who_stood_before_is_asked_again() {
    on_both(async |world| {
        let article = must_read(&world).await;
        world.edit(&article, "agent1", content("急")).await;
        world
            .verb(&article, "lead", "emergency", json!({"reason": "急"}))
            .await;
        assert_eq!(
            owed(&world, "agent1").await["open"],
            0,
            "what is paused is not asked for"
        );
        world
            .verb(&article, "section", "refuse", json!({"opinion": "否"}))
            .await;
        assert_eq!(owed(&world, "agent1").await["open"], 1);
    })
    .await;
}
