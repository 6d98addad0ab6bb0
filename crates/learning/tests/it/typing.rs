//! The typing test: what counts, what is plausible, and the line between 149 and 150.

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use learning::typing::{
    Compared, Limits, Refusal, SoFar, TypingEvent, compare, inserted, plausible,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{World, on_both, text};

#[test]
fn a_character_too_many_or_too_few_does_not_spoil_what_follows() {
    let text = "您好，这里是人事考试热线。";
    let right = |typed: &str| compare(typed, text).correct;
    assert_eq!(
        compare("您好，这里是", text),
        Compared {
            correct: 6,
            typed: 6
        }
    );
    assert_eq!(right("您好好，这里是"), 6, "one too many");
    assert_eq!(right("您，这里是"), 5, "one missing");
    assert_eq!(right("您号，这里是"), 5, "one wrong");
    assert_eq!(right("您好， 这里\n是"), 6, "space does not count");
    assert_eq!(
        compare("", text),
        Compared {
            correct: 0,
            typed: 0
        }
    );
    assert_eq!(right("热线热线热线"), 0, "nothing of the beginning");
    assert_eq!(compare("您号，这里是", text).accuracy_bp(), 8_333);
}

proptest! {
    #[test]
    fn one_slip_costs_at_most_one_character(at in 0usize..40, kind in 0usize..3) {
        let text: Vec<char> = "报名前请仔细阅读本次考试的公告，重点核对学历、专业和从业年限。条件不明确的，由业务科室统一答复。".chars().collect();
        let mut typed = text[..40].to_vec();
        match kind {
            0 => typed.insert(at, '错'),
            1 => { typed.remove(at); }
            _ => typed[at] = '错',
        }
        let (typed, text): (String, String) = (typed.iter().collect(), text.iter().collect());
        let compared = compare(&typed, &text);
        prop_assert!(compared.correct >= 39 && compared.correct <= 40, "{compared:?}");
    }

    #[test]
    fn what_is_new_is_found_wherever_it_stands(before in "[a-c]{0,12}", new in "[x-z]{0,12}", at in 0usize..12) {
        let at = at.min(before.len());
        let after = format!("{}{new}{}", &before[..at], &before[at..]);
        prop_assert_eq!(inserted(&before, &after), new.len());
        prop_assert_eq!(inserted(&after, &before), 0);
    }
}

#[test]
fn forty_nine_point_seven_fail_and_fifty_pass() {
    let of = |correct: usize| Compared {
        correct,
        typed: correct,
    };
    assert!(!of(149).passes(180, 50, 0) && of(150).passes(180, 50, 0));
    assert_eq!(
        (of(149).cpm_x100(180), of(150).cpm_x100(180)),
        (4_966, 5_000)
    );
    assert!(
        !Compared {
            correct: 150,
            typed: 200
        }
        .passes(180, 50, 90),
        "where an accuracy is agreed"
    );
}

#[test]
fn what_no_person_types_is_not_taken() {
    let start: DateTime<Utc> = testing::MONDAY_10.parse().unwrap();
    let so_far = SoFar {
        typed: "您好",
        inserted: 2,
        started_at: start,
        last_at: start,
    };
    let event = |added: u16, pasted: bool| TypingEvent {
        at_ms: 0,
        added,
        removed: 0,
        pasted,
    };
    let limits = Limits {
        at_once: 30,
        cpm: 400,
    };
    let try_it = |after: &str, events: &[TypingEvent], seconds: i64| {
        plausible(
            &so_far,
            after,
            events,
            limits,
            start + TimeDelta::seconds(seconds),
        )
    };
    let long = |many: usize| format!("您好{}", "字".repeat(many));
    assert_eq!(try_it("您好，这里", &[event(3, false)], 1), Ok(5));
    assert_eq!(
        try_it("您好，这里", &[event(3, true)], 1),
        Err(Refusal::Pasted)
    );
    assert_eq!(
        try_it(&long(31), &[event(31, false)], 60),
        Err(Refusal::AtOnce(30))
    );
    assert_eq!(
        try_it(&long(20), &[event(3, false)], 60),
        Err(Refusal::NotItsEvents)
    );
    let chopped = [event(20, false); 5];
    assert_eq!(
        try_it(&long(100), &chopped, 2),
        Err(Refusal::TooFast),
        "chopped up it is still too fast"
    );
    assert_eq!(try_it(&long(100), &chopped, 15), Ok(102));
}

/// Types the beginning of the text as an input method does, three characters at a time.
async fn types(world: &World, who: &str, many: usize) -> Value {
    let test = world.post(who, "/api/v1/my-typing-tests", json!({})).await;
    let door = format!("/api/v1/my-typing-tests/{}", text(&test["id"]));
    let early = json!({"seq": 1, "typed": "您", "events": [{"at_ms": 0, "added": 1}]});
    let no = world
        .refused(who, Method::PUT, &format!("{door}/progress"), early)
        .await;
    assert_eq!(no, (409, "typing_not_started".to_owned()));
    world.post(who, &format!("{door}/start"), json!({})).await;
    let given: Vec<char> = text(&test["text"])
        .chars()
        .filter(|char| *char != '\n')
        .collect();
    let (mut typed, mut seq) = (String::new(), 0);
    for some in given[..many].chunks(3) {
        world.pass(2);
        typed.extend(some);
        seq += 1;
        let sent = json!({"seq": seq, "typed": typed, "events": [{"at_ms": seq * 2_000, "added": some.len()}]});
        let taken = world.put(who, &format!("{door}/progress"), sent).await;
        assert_eq!(taken["chars"], typed.chars().count());
    }
    json!({"door": door, "typed": typed, "seq": seq, "id": test["id"]})
}

async fn is_over(world: &World, who: &str, run: &Value) -> Value {
    world.pass(180);
    let door = text(&run["door"]);
    world
        .until("the timer ends it", async || {
            matches!(
                text(&world.read(who, door).await["state"]),
                "passed" | "failed"
            )
        })
        .await;
    world.read(who, door).await
}

#[tokio::test]
async fn the_server_keeps_the_time_and_the_evidence() {
    on_both(async |world| {
        let run = types(&world, "agent1", 149).await;
        let over = is_over(&world, "agent1", &run).await;
        assert_eq!(
            (&over["state"], &over["correct"], &over["cpm_x100"]),
            (&json!("failed"), &json!(149), &json!(4_966)),
            "{over}"
        );
        let late = json!({"seq": 99, "typed": "您", "events": []});
        let no = world
            .refused(
                "agent1",
                Method::PUT,
                &format!("{}/progress", text(&run["door"])),
                late,
            )
            .await;
        assert_eq!(no, (409, "typing_over".to_owned()));

        let run = types(&world, "agent1", 150).await;
        let over = is_over(&world, "agent1", &run).await;
        assert_eq!(
            (&over["state"], &over["correct"], &over["accuracy_bp"]),
            (&json!("passed"), &json!(150), &json!(10_000)),
            "{over}"
        );
        let told = world.events("learning.typing_passed").await;
        assert_eq!(
            (told.len(), &told[0]["user_id"], &told[0]["cpm_x100"]),
            (1, &json!(world.id("agent1")), &json!(5_000))
        );
        let evidence = world
            .read("hr", &format!("/api/v1/typing-tests/{}", text(&run["id"])))
            .await;
        assert_eq!(evidence["typed"], run["typed"]);
        assert_eq!(evidence["timeline"].as_array().unwrap().len(), 50);
        assert_eq!(evidence["timeline"][49]["chars"], 150);
        let no = world
            .refused("agent2", Method::GET, text(&run["door"]), Value::Null)
            .await;
        assert_eq!(no.0, 404);
        assert_eq!(
            world
                .refused("agent2", Method::GET, "/api/v1/typing-tests", Value::Null)
                .await
                .0,
            403
        );
        let best = learning::best_typing(world.app.db.read(), world.id("agent1"))
            .await
            .unwrap();
        assert_eq!(best.map(|(_, cpm, _)| cpm), Some(5_000));
    })
    .await;
}

#[tokio::test]
async fn what_is_pasted_is_refused_and_counted_and_what_stood_stands() {
    on_both(async |world| {
        let run = types(&world, "agent1", 30).await;
        let path = format!("{}/progress", text(&run["door"]));
        let more = format!("{}{}", text(&run["typed"]), "字".repeat(120));
        for (events, code) in [
            (
                json!([{"at_ms": 1, "added": 20, "pasted": true}]),
                "typing_pasted",
            ),
            (
                json!([{"at_ms": 1, "added": 120}]),
                "typing_too_much_at_once",
            ),
            (json!([{"at_ms": 1, "added": 1}]), "typing_events_differ"),
            (
                json!(
                    (0..6)
                        .map(|_| json!({"at_ms": 1, "added": 20}))
                        .collect::<Vec<_>>()
                ),
                "typing_too_fast",
            ),
        ] {
            let sent = json!({"seq": 50, "typed": more, "events": events});
            let answer = world
                .ask(&world.who("agent1"), Method::PUT, &path, Some(sent))
                .await;
            assert_eq!(
                (answer.status.as_u16(), text(&answer.json["code"])),
                (409, code)
            );
            assert_eq!(
                (&answer.json["typed"], &answer.json["seq"]),
                (&run["typed"], &run["seq"]),
                "what stands is told"
            );
        }
        let over = is_over(&world, "agent1", &run).await;
        assert_eq!(
            (&over["refused"], &over["pasted"], &over["correct"]),
            (&json!(4), &json!(1), &json!(30))
        );
        assert_eq!(world.events("learning.typing_passed").await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_passes_is_a_rule_that_the_purchaser_sets() {
    on_both(async |world| {
        let rule = |code: &str, value: i32| json!({"rule": {"code": code, "value": value}, "source": "补充约定"});
        let path = "/api/v1/rules/learning";
        assert_eq!(world.refused("trainer", Method::POST, path, rule("typing.pass_cpm", 60)).await.0, 403);
        assert_eq!(world.refused("purchaser", Method::POST, path, rule("typing.minutes", 2)).await.1, "rule_out_of_range");
        assert_eq!(world.refused("purchaser", Method::POST, path, rule("typing.luck", 2)).await.1, "rule_unknown");
        world.post("purchaser", path, rule("typing.pass_cpm", 60)).await;
        world.pass(1);
        let test = world.post("agent1", "/api/v1/my-typing-tests", json!({})).await;
        assert_eq!((&test["pass_cpm"], &test["minutes"]), (&json!(60), &json!(3)));
    })
    .await;
}
