//! Letters: numbers without gaps whatever is tried, templates, who sees what.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{World, on_both, path};

async fn sign(world: &World, letter: &Value) -> testing::Answer {
    let at = format!("{}/sign", path("letters", letter));
    let body = json!({"version": letter["version"]});
    world
        .ask(&world.who("manager"), Method::POST, &at, Some(body))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_run_on_without_a_gap_whoever_signs_at_once_and_whatever_fails() {
    on_both(async |world| {
        let mut letters = Vec::new();
        for n in 0..12 {
            letters.push(world.checked_letter(&format!("第 {n} 件")).await);
        }
        // All at once, and each twice: one of two gets a number, the other is told that it is signed.
        let all = letters
            .iter()
            .chain(&letters)
            .map(|letter| sign(&world, letter));
        let signed = futures::future::join_all(all).await;
        let good = signed.iter().filter(|answer| answer.status.is_success());
        assert_eq!(good.count(), 12);
        let refused = signed.iter().filter(|answer| answer.status == 409);
        assert_eq!(refused.count(), 12, "a second signature takes no number");

        // What is refused takes none either.
        let draft = json!({"title": "未核稿", "body": ["正文"]});
        let draft = world.post("liaison", "/api/v1/letters", draft).await;
        let answer = sign(&world, &draft).await;
        assert_eq!(answer.json["code"], "letter_step_not_next");
        let draft = world
            .step("liaison", &draft, "letters", json!({"action": "submit"}))
            .await;
        assert_eq!(
            sign(&world, &draft).await.json["code"],
            "letter_not_reviewed"
        );

        // One is voided and keeps its number; the next one goes on behind the last.
        let voided = signed
            .iter()
            .find(|answer| answer.status.is_success())
            .unwrap();
        let void = json!({"action": "void", "reason": "内容有误"});
        let voided = world.step("liaison", &voided.json, "letters", void).await;
        assert_eq!(voided["state"], "void");
        assert!(voided["number"].is_string());
        let last = world.checked_letter("最后一件").await;
        let last = sign(&world, &last).await.json;
        assert_eq!(last["number"], "热线服函〔2026〕13号");

        let list = world
            .read("liaison", "/api/v1/letters?year=2026&per_page=200")
            .await;
        let numbers: BTreeSet<String> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|letter| letter["number"].as_str().unwrap().to_owned())
            .collect();
        let expected: BTreeSet<String> =
            (1..=13).map(|n| format!("热线服函〔2026〕{n}号")).collect();
        assert_eq!(numbers, expected);
        // There is no way to delete one.
        let delete = world
            .ask(
                &world.who("manager"),
                Method::DELETE,
                &path("letters", &last),
                None,
            )
            .await;
        assert_eq!(delete.status, 405);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_filled_and_says_what_is_missing() {
    on_both(async |world| {
        let at = "/api/v1/letters";
        let mut new = json!({"template": "personnel_change", "fields": {
            "person": "王某", "reason": "个人原因", "last_day": "2026-12-11"}});
        let (_, no) = world.refused("hr", at, new.clone()).await;
        assert_eq!((&no["code"], &no["field_code"]), (&json!("letter_field_missing"), &json!("successor")));
        new["fields"]["successor"] = json!("{{reason}}");
        let letter = world.post("hr", at, new.clone()).await;
        assert_eq!(letter["title"], "关于王某变动的函");
        let body = letter["body"][0].as_str().unwrap();
        assert!(body.contains("拟由{{reason}}接替"), "a value is no template: {body}");
        assert_eq!(letter["reply_days"], 3);
        assert!(letter["to_name"].as_str().is_some_and(|name| !name.is_empty()));
        new["fields"]["nothing"] = json!("x");
        assert_eq!(world.refused("hr", at, new).await.1["code"], "letter_field_unknown");
        let (_, no) = world.refused("hr", at, json!({"template": "none"})).await;
        assert_eq!(no["code"], "template_unknown");

        // Another template is agreed; what has a hole that nothing fills is not.
        let rule = |title: &str| json!({"rule": {"code": "short", "name": "短函", "title": title,
            "body": ["正文"], "fields": [], "reply_days": null, "active": true}, "source": "双方确认"});
        let doors = "/api/v1/rules/letter-templates";
        let (_, no) = world.refused("purchaser", doors, rule("关于{{x}}")).await;
        assert_eq!(no["code"], "template_hole_unknown");
        assert_eq!(world.refused("liaison", doors, rule("短函")).await.0, 403);
        world.post("purchaser", doors, rule("短函")).await;
        let letter = world.post("counterpart", at, json!({"template": "short"})).await;
        assert_eq!((&letter["title"], &letter["from_side"]), (&json!("短函"), &json!("purchaser")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_its_own_sides_and_what_is_signed_stays_as_it_is() {
    on_both(async |world| {
        let letter = world.checked_letter("内部未定").await;
        let at = path("letters", &letter);
        let hidden = world.ask(&world.who("counterpart"), Method::GET, &at, None).await;
        assert_eq!(hidden.status, 404);
        let list = world.read("counterpart", "/api/v1/letters?q=未定").await;
        assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])));
        let paper = world.ask(&world.who("liaison"), Method::GET, &format!("{at}/paper"), None).await;
        assert_eq!(paper.status, 404, "nothing is printed before it is signed");

        let letter = sign(&world, &letter).await.json;
        let edit = json!({"version": letter["version"], "title": "改", "body": ["改"], "to_name": "改",
            "secrecy": "plain", "urgency": "normal"});
        let edited = world.ask(&world.who("liaison"), Method::PUT, &at, Some(edit)).await;
        assert_eq!(edited.json["code"], "letter_not_a_draft");
        let letter = world.step("liaison", &letter, "letters", json!({"action": "seal"})).await;
        assert_eq!(letter["sha256"].as_str().unwrap().len(), 64);
        let paper = world.ask(&world.who("liaison"), Method::GET, &format!("{at}/paper"), None).await;
        let page = paper.json.as_str().unwrap();
        assert!(page.contains("热线服函〔2026〕1号") && page.contains("内部未定"), "{page}");
        assert!(page.contains("2026年11月23日"));

        let letter = world.step("liaison", &letter, "letters", json!({"action": "send"})).await;
        let seen = world.read("counterpart", &at).await;
        assert_eq!((&seen["own"], &seen["actions"]), (&json!(false), &json!(["receive"])));
        let lines = seen["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 1, "how it came about is its writers': {lines:?}");
        let (_, no) = world.refused("liaison", &format!("{at}/steps"),
            json!({"action": "receive", "version": letter["version"]})).await;
        assert_eq!(no["code"], "letter_by_receiver");
    })
    .await;
}
