//! the roster of September 2026. The make-up Sunday of the 20th is staffed, the holiday of the 25th is not;
//! lunch is taken in turns; published, it changes by leave and by a swap that both and the lead agreed to.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::on_both_at;

const MONTH: &str = "/api/v1/rosters/2026-09";
const SOON: Duration = Duration::from_secs(20);

fn cells<'a>(roster: &'a Value, day: &str) -> Vec<&'a Value> {
    let all = roster["cells"].as_array().unwrap().iter();
    all.filter(|cell| cell["day"] == day).collect()
}

fn shift_of(roster: &Value, day: &str, user: &Value) -> Option<Value> {
    let cells = cells(roster, day);
    let found = cells.iter().find(|cell| cell["user_id"] == *user);
    found.map(|cell| cell["shift_id"].clone())
}

async fn put(who: &Person, body: Value) -> (StatusCode, Value) {
    who.ask(Method::PUT, &format!("{MONTH}/cells"), Some(body))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_rostered_published_and_changed() {
    on_both_at("2026-08-28T02:00:00Z", &[], async |server| {
        let (lead, one) = (server.sign_in("lead").await, server.sign_in("agent1").await);
        let purchaser = server.sign_in("purchaser").await;

        // The solver drafts the month within its seconds; a purchaser and agents see nothing yet.
        let asked = json!({"version": 0, "seconds": 2});
        let draft = lead.post(&format!("{MONTH}/draft"), asked).await;
        let at = format!("/api/v1/roster-drafts/{}", draft["id"].as_str().unwrap());
        lead.until(&at, SOON, |draft| draft["state"] == "done").await;
        assert_eq!(purchaser.get(MONTH).await["cells"], json!([]));
        let roster = lead.get(MONTH).await;
        assert_eq!(roster["findings"], json!([]), "{}", roster["findings"]);
        let kind = |day: usize| roster["days"][day - 1]["kind"].clone();
        assert_eq!((kind(20), kind(25)), (json!("makeup"), json!("statutory")));
        assert_eq!((cells(&roster, "2026-09-20").len(), cells(&roster, "2026-09-25").len()), (6, 0));
        // Lunch is taken in turns: while one turn is away, at least two hold their seats.
        for day in ["2026-09-20", "2026-09-21"] {
            let early = cells(&roster, day).iter().filter(|cell| cell["shift_id"] == "lunch_early").count();
            assert!((2..=4).contains(&early), "{early} on {day}");
        }

        // Without people the make-up Sunday is short, with them the holiday breaks a rule: neither is published as it is.
        let id = one.own_id().await;
        let change = |version: i64, day: &str, shift: Option<&str>| {
            json!({"version": version, "changes": [{"day": day, "user_id": id, "shift_id": shift}]})
        };
        let turn = shift_of(&roster, "2026-09-20", &id).unwrap();
        let (_, roster) = put(&lead, change(1, "2026-09-20", None)).await;
        let found = &roster["findings"][0];
        assert_eq!((&found["rule"], &found["day"], &found["is"], &found["limit"]), (&json!("seats"), &json!("2026-09-20"), &json!(5), &json!(6)));
        let publish = format!("{MONTH}/publish");
        assert_eq!(lead.refused(Method::POST, &publish, json!({"version": 2})).await.1, "roster_short");
        put(&lead, change(2, "2026-09-20", turn.as_str())).await;
        let (_, roster) = put(&lead, change(3, "2026-09-25", Some("whole_day"))).await;
        assert_eq!(roster["findings"][0]["rule"], "day_off");
        assert_eq!(lead.refused(Method::POST, &publish, json!({"version": 4})).await.1, "roster_breaks");
        put(&lead, change(4, "2026-09-25", None)).await;
        assert_eq!(purchaser.refused(Method::POST, &publish, json!({"version": 5})).await.0, StatusCode::FORBIDDEN);
        let roster = lead.post(&publish, json!({"version": 5})).await;
        assert_eq!((&roster["state"], &roster["findings"]), (&json!("published"), &json!([])));
        one.until("/api/v1/notices", SOON, |all| all.to_string().contains("roster_published")).await;
        assert_eq!(cells(&purchaser.get(MONTH).await, "2026-09-20").len(), 6);

        // A change after publishing has a reason, and the person is told.
        assert_eq!(put(&lead, change(6, "2026-09-21", None)).await.1["code"], "text_missing");
        let mut told = change(6, "2026-09-21", None);
        told["reason"] = json!("外出培训");
        assert_eq!(put(&lead, told.clone()).await.1["code"], "roster_short");
        told["despite"] = json!("来电较少");
        let (status, roster) = put(&lead, told).await;
        assert_eq!((status, &roster["revision"]), (StatusCode::OK, &json!(2)));
        one.until("/api/v1/notices", SOON, |all| all.to_string().contains("roster_changed")).await;

        // Leave waits for the lead, who says yes from the list of what waits.
        let leave = json!({"kind": "annual", "from": "2026-09-16", "to": "2026-09-16", "reason": "家事"});
        one.post("/api/v1/leave-requests", leave).await;
        let waiting = lead.get("/api/v1/waiting").await;
        let line = waiting["items"].as_array().unwrap().iter().find(|one| one["kind"] == "leave_request").unwrap();
        let door = line["consent"]["path"].as_str().unwrap();
        lead.post(door, line["consent"]["body"].clone()).await;
        let roster = one.get(MONTH).await;
        assert_eq!((cells(&roster, "2026-09-16").len(), &roster["leave"][0]["kind"]), (5, &json!("annual")));
        assert_eq!(purchaser.get(MONTH).await["leave"][0]["kind"], json!(null), "which leave is not the purchaser's");

        // A swap of turns: checked, asked, accepted by the colleague, approved by the lead.
        let two = server.sign_in("agent2").await;
        let other = two.own_id().await;
        let wanted = json!({"day": "2026-09-14", "colleague_id": other, "colleague_day": "2026-09-14"});
        assert_eq!(one.post("/api/v1/shift-swaps/check", wanted.clone()).await["may"], true);
        let mut asked = wanted;
        asked["reason"] = json!("午间接孩子");
        let swap = one.post("/api/v1/shift-swaps", asked).await;
        let before = (shift_of(&roster, "2026-09-14", &id), shift_of(&roster, "2026-09-14", &other));
        let at = format!("/api/v1/shift-swaps/{}", swap["id"].as_str().unwrap());
        let waits = two.get("/api/v1/waiting").await;
        assert_eq!(waits["items"][0]["kind"], "shift_swap", "{waits}");
        two.post(&format!("{at}/answer"), json!({"version": 1, "accept": true})).await;
        lead.post(&format!("{at}/decide"), json!({"version": 2, "approve": true})).await;
        let roster = one.get(MONTH).await;
        let after = (shift_of(&roster, "2026-09-14", &id), shift_of(&roster, "2026-09-14", &other));
        assert_eq!((after.1, after.0), before);

        // Each sees his week on the phone.
        let week = one.get("/api/v1/my-roster?from=2026-09-14&to=2026-09-20").await;
        let worked = week["days"].as_array().unwrap().iter().filter(|day| day["shift"]["id"].is_string()).count();
        assert_eq!((worked, &week["days"][2]["leave"]["kind"]), (5, &json!("annual")), "{week}");
    })
    .await;
}
