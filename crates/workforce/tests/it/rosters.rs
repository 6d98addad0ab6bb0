//! The roster of a month from the draft to the change that tells whom it concerns, on both databases.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::world::{World, on_both};

const MONTH: &str = "/api/v1/rosters/2026-12";
const AGENTS: [&str; 6] = ["agent1", "agent2", "agent3", "agent4", "agent5", "agent6"];

/// The whole month drafted by the solver: 23 working days of six people.
async fn drafted(world: &World, seconds: u64) -> Value {
    let asked = json!({"version": 0, "seconds": seconds});
    let draft = world.post("lead", &format!("{MONTH}/draft"), asked).await;
    world.app.settle().await;
    let at = format!("/api/v1/roster-drafts/{}", draft["id"].as_str().unwrap());
    let draft = world.read("lead", &at).await;
    assert_eq!(
        (&draft["state"], &draft["cells"]),
        (&json!("done"), &json!(138)),
        "{draft}"
    );
    world.read("lead", MONTH).await
}

pub async fn published(world: &World) -> Value {
    let roster = drafted(world, 1).await;
    let door = format!("{MONTH}/publish");
    world
        .post("lead", &door, json!({"version": roster["version"]}))
        .await
}

fn cell(world: &World, day: &str, who: &str, shift: Option<&str>) -> Value {
    json!({"day": day, "user_id": world.id(who), "shift_id": shift})
}

pub fn shift_of(world: &World, roster: &Value, day: &str, who: &str) -> Option<String> {
    let id = json!(world.id(who));
    let mut cells = roster["cells"].as_array().unwrap().iter();
    let found = cells.find(|cell| cell["day"] == day && cell["user_id"] == id)?;
    Some(found["shift_id"].as_str().unwrap().to_owned())
}

fn rules(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap().iter();
    items.map(|one| one["rule"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_month_is_drafted_published_and_then_changed_with_a_reason() {
    on_both(async |world| {
        let roster = drafted(&world, 1).await;
        assert_eq!(
            (&roster["state"], &roster["version"]),
            (&json!("draft"), &json!(1))
        );
        assert_eq!(roster["findings"], json!([]), "the solver keeps the rules");
        // Turns at lunch are shared out: nobody has two days more of one than of the other.
        for tally in roster["tallies"].as_array().unwrap() {
            assert_eq!(
                (&tally["days"], &tally["minutes"]),
                (&json!(23), &json!(23 * 480))
            );
            let turns = tally["shifts"].as_array().unwrap();
            assert!(
                turns
                    .iter()
                    .all(|turn| (10..=13).contains(&turn["days"].as_i64().unwrap())),
                "{tally}"
            );
        }
        // Agents see nothing of a draft.
        assert_eq!(world.read("agent1", MONTH).await["cells"], json!([]));

        // A shift on a Sunday is found, and not published.
        let edit = |version: i64, changes: Value| json!({"version": version, "changes": changes});
        let cells = format!("{MONTH}/cells");
        let sunday = edit(
            1,
            json!([cell(&world, "2026-12-06", "agent1", Some("whole_day"))]),
        );
        let roster = world.put("lead", &cells, sunday.clone()).await;
        assert!(rules(&roster["findings"]).contains(&"day_off"), "{roster}");
        assert_eq!(
            world.put_refused("lead", &cells, sunday).await,
            "stale_version"
        );
        let door = format!("{MONTH}/publish");
        assert_eq!(
            world.refused("lead", &door, json!({"version": 2})).await,
            "roster_breaks"
        );
        // Moving a shift is two changes at once; then one is missing on Monday, which needs a reason.
        let moved = json!([
            cell(&world, "2026-12-06", "agent1", None),
            cell(&world, "2026-12-07", "agent1", None)
        ]);
        let roster = world.put("lead", &cells, edit(2, moved)).await;
        assert_eq!(rules(&roster["findings"]), ["seats"]);
        assert_eq!(
            world.refused("lead", &door, json!({"version": 3})).await,
            "roster_short"
        );
        let roster = world
            .post(
                "lead",
                &door,
                json!({"version": 3, "despite": "当日停电检修"}),
            )
            .await;
        assert_eq!(
            (&roster["state"], &roster["revision"]),
            (&json!("published"), &json!(1))
        );
        assert_eq!(
            world.read("agent1", MONTH).await["cells"]
                .as_array()
                .unwrap()
                .len(),
            137
        );
        assert_eq!(
            world.refused("lead", &door, json!({"version": 4})).await,
            "roster_published"
        );
        assert_eq!(
            world.refused("agent1", &door, json!({"version": 4})).await,
            "forbidden"
        );

        // From now on a change has a reason, breaks no rule and is a row.
        let back = json!([cell(&world, "2026-12-07", "agent1", Some("lunch_late"))]);
        assert_eq!(
            world
                .put_refused("lead", &cells, edit(4, back.clone()))
                .await,
            "text_missing"
        );
        let mut sunday = edit(
            4,
            json!([cell(&world, "2026-12-13", "agent1", Some("whole_day"))]),
        );
        sunday["reason"] = json!("临时");
        assert_eq!(
            world.put_refused("lead", &cells, sunday).await,
            "roster_breaks"
        );
        let mut change = edit(4, back);
        change["reason"] = json!("检修取消");
        let roster = world.put("lead", &cells, change).await;
        assert_eq!(
            (&roster["revision"], &roster["findings"]),
            (&json!(2), &json!([]))
        );
        let rows = world
            .read("agent1", &format!("{MONTH}/changes?per_page=1"))
            .await;
        let row = &rows["items"][0];
        assert_eq!(
            (&rows["total"], &row["cause"], &row["reason"]),
            (&json!(138), &json!("edit"), &json!("检修取消"))
        );
        assert_eq!(
            (&row["before_shift_id"], &row["shift_id"]),
            (&json!(null), &json!("lunch_late"))
        );

        // The hours of a shift that was published stay; its name may change.
        let fields = |from: &str, version: i64| {
            json!({"version": version, "name": "午休二轮", "from": from, "to": "18:00",
            "lunch_from": "13:00", "lunch_to": "14:30", "colour": 3, "people": 3})
        };
        let at = "/api/v1/shift-templates/lunch_late";
        assert_eq!(
            world.put_refused("lead", at, fields("09:00", 1)).await,
            "shift_in_use"
        );
        assert_eq!(world.put("lead", at, fields("08:30", 1)).await["colour"], 3);
    })
    .await;
}

#[tokio::test]
async fn a_planner_asks_what_if_why_not_and_how_to_mend_a_sick_call() {
    on_both(async |world| {
        let roster = published(&world).await;
        let agent = world.id("agent1");
        let away = json!({"away": [{"day": "2026-12-08", "user_id": agent}]});
        let found = world.post("manager", &format!("{MONTH}/what-if"), away).await;
        assert_eq!(rules(&found["items"]), ["seats"]);
        let why = format!("{MONTH}/why-not?day=2026-12-12&user_id={agent}");
        let found = world.read("lead", &why).await;
        let items = found["items"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        assert!(items.iter().all(|one| one["may"] == false && rules(&one["findings"]).contains(&"day_off")), "{found}");

        // Two of one turn are away: the repair moves one of the others, and says who is missing.
        let of = |turn: &str| -> Vec<&str> {
            let has = |who: &&str| shift_of(&world, &roster, "2026-12-08", who).as_deref() == Some(turn);
            AGENTS.into_iter().filter(|who| has(who)).collect()
        };
        let gone: Vec<Value> = of("lunch_early")
            .iter()
            .take(2)
            .map(|who| json!({"user_id": world.id(who), "from": "2026-12-08", "to": "2026-12-08"}))
            .collect();
        let mended = world.post("lead", &format!("{MONTH}/repair"), json!({"away": gone})).await;
        let changes = mended["changes"].as_array().unwrap();
        assert_eq!((changes.len(), rules(&mended["left"])), (3, vec!["seats"]), "{mended}");
        let apply = json!({"version": mended["version"], "changes": changes, "reason": "两人病假", "despite": "当日无候补"});
        let roster = world.put("lead", &format!("{MONTH}/cells"), apply).await;
        assert_eq!((&roster["revision"], rules(&roster["findings"])), (&json!(2), vec!["seats"]));
    })
    .await;
}

#[tokio::test]
async fn ones_own_week_is_read_on_the_phone_and_taken_into_a_calendar() {
    on_both(async |world| {
        let roster = published(&world).await;
        let week = "from=2026-12-07&to=2026-12-13";
        let own = world
            .read("agent2", &format!("/api/v1/my-roster?{week}"))
            .await;
        let days = own["days"].as_array().unwrap();
        let worked: Vec<&Value> = days
            .iter()
            .filter(|day| day["shift"]["id"].is_string())
            .collect();
        assert_eq!((days.len(), worked.len()), (7, 5), "{own}");
        let monday = shift_of(&world, &roster, "2026-12-07", "agent2").unwrap();
        assert_eq!(worked[0]["shift"]["id"], json!(monday));
        let file = world
            .text("agent2", &format!("/api/v1/my-roster.ics?{week}"))
            .await;
        assert_eq!(file.matches("BEGIN:VEVENT\r\n").count(), 5, "{file}");
    })
    .await;
}

/// Whatever is planned, and whatever is changed afterwards: by the checker a published roster breaks no hard rule.
#[tokio::test]
async fn a_published_roster_never_breaks_a_hard_rule() {
    on_both(async |world| {
        let shifts = [None, Some("whole_day"), Some("lunch_early"), Some("lunch_late"), Some("night")];
        let night = json!({"id": "night", "name": "晚班", "from": "14:00", "to": "23:30", "colour": 4, "people": 0});
        world.post("lead", "/api/v1/shift-templates", night).await;
        let edits = prop::collection::vec((1u32..=31, 0usize..6, 0usize..5), 1..6);
        let mut runner = TestRunner::deterministic();
        let mut version = drafted(&world, 1).await["version"].clone();
        let (mut was, cells) = ([0, 0], format!("{MONTH}/cells"));
        for n in 0..40 {
            let changed = edits.new_tree(&mut runner).unwrap().current();
            let mut seen = BTreeSet::new();
            let changes: Vec<Value> = changed
                .into_iter()
                .filter(|(day, who, _)| seen.insert((*day, *who)))
                .map(|(day, who, shift)| cell(&world, &format!("2026-12-{day:02}"), AGENTS[who], shifts[shift]))
                .collect();
            let edit = json!({"version": version, "changes": changes, "reason": "调整", "despite": "高峰已过"});
            let taken = world.try_put("lead", &cells, edit).await;
            if n == 10 {
                mended(&world).await;
                let seen = json!({"version": world.read("lead", MONTH).await["version"], "despite": "高峰已过"});
                world.post("lead", &format!("{MONTH}/publish"), seen).await;
            }
            let roster = world.read("lead", MONTH).await;
            let hard = broken(&roster);
            assert!(roster["state"] == "draft" || hard.is_empty(), "{hard:?}");
            if n > 10 {
                was[usize::from(taken)] += 1;
            }
            version = roster["version"].clone();
        }
        assert!(was.iter().all(|many| *many > 0), "some are refused, some are taken: {was:?}");
    })
    .await;
}

/// The cells whose hard rules are broken.
fn broken(roster: &Value) -> Vec<Value> {
    let findings = roster["findings"].as_array().unwrap().iter();
    let hard = findings.filter(|one| one["hard"] == true);
    let mut seen = BTreeSet::new();
    hard.filter(|one| seen.insert((one["day"].to_string(), one["user_id"].to_string())))
        .map(|one| json!({"day": one["day"], "user_id": one["user_id"], "shift_id": null}))
        .collect()
}

/// Takes away what breaks a hard rule.
async fn mended(world: &World) {
    let roster = world.read("lead", MONTH).await;
    let changes = broken(&roster);
    assert!(!changes.is_empty(), "ten edits by chance break something");
    let edit = json!({"version": roster["version"], "changes": changes});
    world.put("lead", &format!("{MONTH}/cells"), edit).await;
}
