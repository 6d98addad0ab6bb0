//! How answers are marked: by the machine where it can, by two people where it cannot.

use axum::http::Method;
use learning::exam::marking::{Marking, standing};
use learning::question::{GivenAnswer, QuestionContent, QuestionKind, plain};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{on_both, text};

fn chosen(chosen: &[usize]) -> GivenAnswer {
    GivenAnswer {
        chosen: chosen.to_vec(),
        ..Default::default()
    }
}

#[test]
fn options_are_marked_as_they_were_shown() {
    let content = QuestionContent {
        text: "？".to_owned(),
        options: ["对一", "对二", "错"].map(str::to_owned).to_vec(),
        right: vec![0, 1],
        ..Default::default()
    };
    let order = [2, 1, 0];
    let mark = |given: &[usize]| content.mark(QuestionKind::Multiple, &order, &chosen(given), 5);
    assert_eq!(mark(&[1, 2]), Some(5));
    assert_eq!(
        mark(&[2]),
        Some(2),
        "half, rounded down, for what is right and not all"
    );
    assert_eq!(mark(&[0, 1, 2]), Some(0), "one wrong spoils it");
    assert_eq!(mark(&[]), Some(0));
}

#[test]
fn blanks_take_their_variants_in_any_width_and_case() {
    let content = QuestionContent {
        blanks: vec![
            vec!["准考证".to_owned()],
            vec!["Word 2016".to_owned(), "文字处理".to_owned()],
        ],
        ..Default::default()
    };
    let mark = |texts: [&str; 2]| {
        let given = GivenAnswer {
            texts: texts.map(str::to_owned).to_vec(),
            ..Default::default()
        };
        content.mark(QuestionKind::Fill, &[], &given, 10)
    };
    assert_eq!(mark(["　准考证。", "ｗｏｒｄ２０１６"]), Some(10));
    assert_eq!(mark(["准考证", "表格"]), Some(5));
    assert_eq!(plain("Ａ b　C。"), "abc");
}

proptest! {
    #[test]
    fn two_who_agree_settle_it_between_them_and_a_third_has_the_last_word(
        one in 0i32..=20, other in 0i32..=20, third in 0i32..=20,
    ) {
        prop_assert_eq!(standing(&[], 20, 20), (Marking::First, None));
        prop_assert_eq!(standing(&[one], 20, 20), (Marking::Second, None));
        let (turn, points) = standing(&[one, other], 20, 20);
        if (one - other).abs() <= 4 {
            let points = points.unwrap();
            prop_assert_eq!(turn, Marking::Done);
            prop_assert!(points >= one.min(other) && points <= one.max(other));
            prop_assert!(points * 2 - one - other == 0 || points * 2 - one - other == 1, "half a point is the taker's");
        } else {
            prop_assert_eq!((turn, points), (Marking::Third, None));
            prop_assert_eq!(standing(&[one, other, third], 20, 20), (Marking::Done, Some(third)));
        }
    }
}

#[tokio::test]
async fn words_are_marked_by_two_who_do_not_know_of_each_other_and_by_a_third_where_they_differ() {
    on_both(async |world| {
        world.questions("single", 2).await;
        world.questions("short", 1).await;
        world.questions("call_simulation", 1).await;
        let paper = world
            .paper(
                &[
                    ("single", 2, 30),
                    ("short", 1, 20),
                    ("call_simulation", 1, 20),
                ],
                0,
            )
            .await;
        let exam = world
            .exam(&paper, "qualification", "automatic", &["agent1", "manager"])
            .await;
        let door = world.open_try("agent1").await;
        let begun = world
            .post("agent1", &format!("{door}/start"), json!({}))
            .await;
        assert_eq!(begun["paper"][3]["recording"], true);
        let heard = world
            .ask(
                &world.who("agent1"),
                Method::GET,
                &format!("{door}/recordings/4"),
                None,
            )
            .await;
        assert_eq!((heard.status.as_u16(), &heard.json), (200, &json!("RIFF")));
        let none = world
            .refused(
                "agent1",
                Method::GET,
                &format!("{door}/recordings/1"),
                Value::Null,
            )
            .await;
        assert_eq!(none.0, 404);
        world.answer("agent1", &door, &begun, 2).await;
        let handed = world
            .post("agent1", &format!("{door}/hand-in"), json!({}))
            .await;
        assert_eq!(
            (&handed["state"], &handed["points"], &handed["paper"]),
            (&json!("submitted"), &Value::Null, &json!([]))
        );

        let queue = async |who: &str| {
            world.read(who, "/api/v1/exam-marking").await["items"]
                .as_array()
                .unwrap()
                .clone()
        };
        let items = queue("trainer").await;
        assert_eq!(items.len(), 2);
        assert_eq!(
            (&items[0]["turn"], &items[0]["model_answer"]),
            (&json!("first"), &json!("先安抚，再登记。"))
        );
        assert!(!items[0].to_string().contains("陈晓雯"), "nobody is named");
        let id = text(&items[0]["attempt_id"]).to_owned();
        let marks = |no: i64| format!("/api/v1/exam-attempts/{id}/answers/{no}/marks");
        let mark = async |who: &str, no: i64, points: i32| {
            world
                .post(who, &marks(no), json!({"points": points, "note": "要点齐"}))
                .await
        };

        assert_eq!(mark("trainer", 3, 18).await["turn"], "second");
        assert_eq!(
            world
                .refused("trainer", Method::POST, &marks(3), json!({"points": 18}))
                .await,
            (409, "marked_already".to_owned())
        );
        assert_eq!(
            world
                .refused("quality", Method::POST, &marks(3), json!({"points": 21}))
                .await,
            (422, "exam_points_invalid".to_owned())
        );
        assert_eq!(
            world
                .refused("agent2", Method::POST, &marks(3), json!({"points": 20}))
                .await
                .0,
            403
        );
        let shown = world
            .read("section", &format!("/api/v1/exam-attempts/{id}"))
            .await;
        assert_eq!(
            shown["paper"][2]["marks"],
            json!([]),
            "the second does not see what the first gave"
        );
        assert_eq!(queue("trainer").await.len(), 1);
        assert_eq!(
            mark("quality", 3, 15).await,
            json!({"turn": "done", "awarded": 17})
        );
        // The two differ too much: somebody else decides, who sees both.
        mark("trainer", 4, 20).await;
        assert_eq!(
            mark("quality", 4, 2).await,
            json!({"turn": "third", "awarded": null})
        );
        assert_eq!(queue("quality").await.len(), 0);
        let third = queue("section").await;
        assert_eq!(
            (&third[0]["turn"], &third[0]["marks"]),
            (&json!("third"), &json!([20, 2]))
        );
        assert_eq!(mark("section", 4, 10).await["awarded"], 10);

        let told = world.read("agent1", &door).await;
        assert_eq!(
            (&told["state"], &told["points"], &told["passed"]),
            (&json!("passed"), &json!(87), &json!(true)),
            "{told}"
        );
        assert_eq!(
            told["paper"][2]["solution"]["model_answer"],
            "先安抚，再登记。"
        );
        let detail = world
            .read("section", &format!("/api/v1/exam-attempts/{id}"))
            .await;
        assert_eq!(detail["paper"][3]["marks"].as_array().unwrap().len(), 3);
        let over = world
            .refused("trainer", Method::POST, &marks(4), json!({"points": 20}))
            .await;
        assert_eq!(over, (409, "exam_nothing_to_mark".to_owned()));
        assert_eq!(exam["attempts"].as_array().unwrap().len(), 2);
    })
    .await;
}
