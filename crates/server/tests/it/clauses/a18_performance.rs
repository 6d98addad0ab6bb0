//! a month's score from kept values by an agreed table, counted again to the same, checked by another, released
//! to its agent alone; a low one is improved by a plan that the next month measures.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both_at, path};
use crate::support::{Person, TestServer};

/// These agents are at their seats for the whole day, the others are absent; both sides sign it.
async fn a_day(server: &TestServer, day: &str, present: &[&Person]) {
    let (lead, reviewer) = (
        server.sign_in("lead").await,
        server.sign_in("reviewer").await,
    );
    let punch = |kind: &str, n: usize| json!({"kind": kind, "device": format!("seat-{n:04}"), "device_at": server.clock.now()});
    for (n, agent) in present.iter().enumerate() {
        agent.post("/api/v1/punches", punch("in", n)).await;
    }
    server.clock.advance(Duration::from_hours(10));
    for (n, agent) in present.iter().enumerate() {
        agent.post("/api/v1/punches", punch("out", n)).await;
    }
    lead.post(
        &format!("/api/v1/attendance-days/{day}/close"),
        json!({"version": 0}),
    )
    .await;
    let seen = json!({"days": [{"day": day, "version": 1}]});
    reviewer.post("/api/v1/attendance-days/confirm", seen).await;
}

fn of<'a>(sheets: &'a Value, person: &Value) -> &'a Value {
    let mut all = sheets["items"].as_array().unwrap().iter();
    all.find(|sheet| sheet["person"]["id"] == *person)
        .unwrap_or_else(|| panic!("{person} has no sheet: {sheets}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_scored_checked_released_and_improved() {
    // A Tuesday, five minutes before the hotline opens.
    on_both_at("2026-11-24T00:25:00Z", &[], async |server| {
        let (manager, lead) = (server.sign_in("manager").await, server.sign_in("lead").await);
        let (one, two) = (server.sign_in("agent1").await, server.sign_in("agent2").await);
        let purchaser = server.sign_in("purchaser").await;
        let (id_one, id_two) = (one.own_id().await, two.own_id().await);
        let row = |indicator: &str, weight: u32| json!({"indicator": indicator, "weight": weight, "target": 10_000, "floor": 5_000, "method": "linear"});
        let table = |rows: Vec<Value>| json!({"rule": {"rows": rows}, "source": "绩效考核办法2026"});
        let rules = "/api/v1/rules/score-tables";
        assert_eq!(manager.refused(Method::POST, rules, table(vec![row("attendance", 60)])).await.1, "score_weights_invalid");
        assert_eq!(lead.ask(Method::POST, rules, Some(table(vec![row("attendance", 100)]))).await.0, StatusCode::FORBIDDEN);
        manager.post(rules, table(vec![row("attendance", 60), row("k13", 40)])).await;

        a_day(server, "2026-11-24", &[&one]).await;
        let sheets = "/api/v1/performance-sheets";
        assert_eq!(lead.ask(Method::POST, sheets, Some(json!({"month": "2026-11"}))).await.0, StatusCode::FORBIDDEN);
        assert_eq!(manager.refused(Method::POST, sheets, json!({"month": "2027-11"})).await.1, "month_to_come");
        manager.post(sheets, json!({"month": "2026-11"})).await;
        let all = manager.get(&format!("{sheets}?month=2026-11")).await;
        let (first, second) = (of(&all, &id_one), of(&all, &id_two));
        // No roster is published, so K-13 says nothing: 60 of 60 points are all, 0 of 60 are none.
        assert_eq!((&first["total"], &first["weight"]), (&json!(10_000), &json!(60)));
        assert_eq!(second["total"], 0);
        let attended = &first["rows"][0];
        assert_eq!((&attended["numerator"], &attended["denominator"], &attended["value"]), (&json!(480), &json!(480), &json!(10_000)));
        assert_eq!((&attended["points"], &attended["source"]), (&json!(6_000), &json!("workforce:attendance_records")));

        // What is calculated is checked by somebody else, and every calculation stays.
        let (at_one, at_two) = (path("performance-sheets", first), path("performance-sheets", second));
        let off = json!({"version": first["version"], "points": 250, "reason": "记录不完整"});
        let shown = manager.post(&format!("{at_one}/deductions"), off).await;
        assert_eq!((&shown["total"], &shown["n"], &shown["recounted"]), (&json!(9_750), &json!(2), &json!(9_750)));
        let totals: Vec<&Value> = shown["calculations"].as_array().unwrap().iter().map(|one| &one["total"]).collect();
        assert_eq!(totals, [&json!(10_000), &json!(9_750)]);
        let version = json!({"version": shown["version"]});
        assert_eq!(manager.refused(Method::POST, &format!("{at_one}/check"), version.clone()).await.1, "performance_own_check");
        assert_eq!(manager.refused(Method::POST, &format!("{at_one}/release"), version.clone()).await.1, "performance_not_checked");
        assert_eq!(one.get(sheets).await["total"], 0, "an agent sees his own once it is released");
        for at in [&at_one, &at_two] {
            let now = json!({"version": manager.get(at).await["version"]});
            let checked = lead.post(&format!("{at}/check"), now).await;
            manager.post(&format!("{at}/release"), json!({"version": checked["version"]})).await;
        }
        let again = manager.post(sheets, json!({"month": "2026-11"})).await;
        assert_eq!(again["counted"], all["items"].as_array().unwrap().len() - 2, "what is released is not counted again");

        // Each agent his own, the purchaser all without names.
        let mine = one.get(sheets).await;
        assert_eq!((&mine["total"], &mine["items"][0]["person"]["id"]), (&json!(1), &id_one));
        assert_eq!(two.ask(Method::GET, &at_one, None).await.0, StatusCode::NOT_FOUND);
        let seen = purchaser.get(sheets).await;
        assert_eq!(seen["total"], 2);
        let name = first["person"]["name"].as_str().unwrap();
        assert!(!seen.to_string().contains(name) && !purchaser.get(&at_one).await.to_string().contains(name), "{seen}");

        // The low score is improved.
        let plans = "/api/v1/improvement-plans";
        let plan = json!({"sheet_id": second["id"], "indicator": "attendance", "goal": 9_800, "measures": "班前提醒，与班长一对一面谈", "due_on": "2026-12-31"});
        assert_eq!(one.ask(Method::POST, plans, Some(plan.clone())).await.0, StatusCode::FORBIDDEN);
        let opened = lead.post(plans, plan).await;
        assert_eq!((&opened["before_value"], &opened["state"]), (&json!(0), &json!("open")));
        let close = format!("{plans}/{}/close", opened["id"].as_str().unwrap());
        let end = |version: &Value| json!({"version": version, "note": "全勤"});
        assert_eq!(lead.refused(Method::POST, &close, end(&opened["version"])).await.1, "improvement_not_measured");

        // A week later, in December.
        server.clock.advance(Duration::from_hours(7 * 24 - 10));
        a_day(server, "2026-12-01", &[&one, &two]).await;
        manager.post(sheets, json!({"month": "2026-12"})).await;
        let measured = two.get(plans).await["items"][0].clone();
        assert_eq!((&measured["after_value"], &measured["after_month"], &measured["state"]), (&json!(10_000), &json!("2026-12"), &json!("measured")));
        assert_eq!(one.get(plans).await["total"], 0);
        let closed = lead.post(&close, end(&measured["version"])).await;
        assert_eq!((&closed["state"], &closed["open"]), (&json!("reached"), &json!(false)));
    })
    .await;
}
