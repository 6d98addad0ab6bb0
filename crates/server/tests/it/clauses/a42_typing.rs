//! fifty right characters a minute. 149 in three minutes fail, 150 pass; what is pasted is not taken.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both;
use crate::support::{Person, TestServer};

/// Types so many characters as an input method does, and lets the time run out.
async fn types(server: &TestServer, person: &Person, many: usize, slip: bool) -> Value {
    let test = person.post("/api/v1/my-typing-tests", json!({})).await;
    assert_eq!(test["minutes"], 3);
    let door = format!("/api/v1/my-typing-tests/{}", test["id"].as_str().unwrap());
    person.post(&format!("{door}/start"), json!({})).await;
    let mut given: Vec<char> = test["text"]
        .as_str()
        .unwrap()
        .chars()
        .filter(|char| *char != '\n')
        .take(many)
        .collect();
    if slip {
        given.insert(20, '错');
    }
    let (mut typed, mut seq) = (String::new(), 0);
    for some in given.chunks(5) {
        server.clock.advance(Duration::from_secs(3));
        typed.extend(some);
        seq += 1;
        let events = json!([{"at_ms": seq * 3_000, "added": some.len()}]);
        person
            .put(
                &format!("{door}/progress"),
                json!({"seq": seq, "typed": typed, "events": events}),
            )
            .await;
    }
    let pasted = json!({"seq": 99, "typed": format!("{typed}多了"), "events": [{"at_ms": 1, "added": 2, "pasted": true}]});
    let no = person
        .ask(Method::PUT, &format!("{door}/progress"), Some(pasted))
        .await;
    assert_eq!(
        (no.0, &no.1["code"]),
        (StatusCode::CONFLICT, &json!("typing_pasted"))
    );
    assert_eq!(no.1["typed"], json!(typed), "what stands is told");
    server.clock.advance(Duration::from_secs(200));
    person
        .until(&door, Duration::from_secs(5), |test| {
            test["passed"].is_boolean()
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_and_forty_nine_fail_and_a_hundred_and_fifty_pass_also_with_a_slip() {
    on_both(async |server| {
        let (agent, hr) = (server.sign_in("agent1").await, server.sign_in("hr").await);
        let failed = types(server, &agent, 149, false).await;
        assert_eq!(
            (&failed["passed"], &failed["cpm_x100"]),
            (&json!(false), &json!(4_966)),
            "{failed}"
        );
        let passed = types(server, &agent, 150, true).await;
        assert_eq!(
            (&passed["passed"], &passed["correct"]),
            (&json!(true), &json!(150)),
            "one too many spoils nothing: {passed}"
        );
        assert_eq!(passed["accuracy_bp"], 9_933);
        let seen = hr.get("/api/v1/typing-tests?passed=true").await;
        let evidence = hr
            .get(&format!(
                "/api/v1/typing-tests/{}",
                seen["items"][0]["id"].as_str().unwrap()
            ))
            .await;
        assert_eq!(
            (&evidence["pasted"], &evidence["refused"]),
            (&json!(1), &json!(1))
        );
        assert!(
            evidence["timeline"].as_array().unwrap().len() > 20,
            "{evidence}"
        );
        let no = agent.ask(Method::GET, "/api/v1/typing-tests", None).await;
        assert_eq!(no.0, StatusCode::FORBIDDEN);
        // Less than three minutes cannot be agreed.
        let purchaser = server.sign_in("purchaser").await;
        let rule = json!({"rule": {"code": "typing.minutes", "value": 2}, "source": "函"});
        let no = purchaser
            .ask(Method::POST, "/api/v1/rules/learning", Some(rule))
            .await;
        assert_eq!(
            (no.0, &no.1["code"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("rule_out_of_range")
            )
        );
    })
    .await;
}
