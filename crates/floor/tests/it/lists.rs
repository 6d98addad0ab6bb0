use floor::work_item::store::{callback_done, callbacks_due};
use floor::{AgentState, MediaKind};
use kernel::audit::entry;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::hall::{Hall, Told, agent, lead, on_both, refusal, seat};

fn rules(change: impl FnOnce(&mut Value)) -> Value {
    let mut rules = json!({
        "name": "咨询", "priority": 1, "skills": [{"skill": "exam", "level": 3}],
        "ring_timeout_s": 15, "wrap_up_s": 30, "max_extensions": 1, "service_level_s": 15,
        "short_abandon_s": 5, "preferred_wait_s": 0, "max_wait_s": 600, "no_answer": "skip",
    });
    change(&mut rules);
    rules
}

async fn audited(hall: &Hall, action: &str) -> Vec<Value> {
    let rows = entry::Entity::find()
        .filter(entry::Column::Action.eq(action))
        .all(hall.app.db.read())
        .await
        .unwrap();
    rows.into_iter().map(|row| row.details).collect()
}

#[tokio::test]
async fn every_rule_of_a_queue_comes_back_as_it_was_put() {
    on_both(async |hall| {
        let asked = rules(|rules| {
            rules["widen"] =
                json!([{"after_s": 30, "levels_down": 1}, {"after_s": 60, "levels_down": 2}]);
            rules["overflow_to"] = json!("hotline");
            rules["overflow_after_s"] = json!(90);
            rules["repeat_priority"] = json!(2);
            rules["announce_every_s"] = json!(30);
            rules["announce_position"] = json!(true);
            rules["announce_wait"] = json!(true);
            rules["callback_after_s"] = json!(120);
            rules["caller_id"] = json!("+862012345");
        });
        let made = hall
            .put(&lead(), "/api/v1/queues/exams", asked.clone())
            .await;
        assert_eq!(made.status, 200, "{}", made.json);
        let listed = hall.get(&lead(), "/api/v1/queues").await;
        for (field, value) in asked.as_object().unwrap() {
            assert_eq!(listed["items"][0][field], *value, "{field}");
        }
        // What nobody says stays off.
        let usual = &listed["items"][1];
        assert_eq!(
            (
                &usual["widen"],
                &usual["overflow_to"],
                &usual["announce_every_s"],
                &usual["callback_after_s"]
            ),
            (&json!([]), &json!(null), &json!(0), &json!(null))
        );
        for (field, value, code) in [
            (
                "widen",
                json!([{"after_s": 0, "levels_down": 1}]),
                "out_of_range",
            ),
            (
                "widen",
                json!([{"after_s": 9, "levels_down": 1}, {"after_s": 9, "levels_down": 2}]),
                "steps_not_rising",
            ),
            (
                "widen",
                json!(vec![json!({"after_s": 9, "levels_down": 1}); 6]),
                "too_many_steps",
            ),
            ("overflow_to", json!("exams"), "queue_unknown"),
            ("overflow_to", json!("moon"), "queue_unknown"),
            ("overflow_after_s", json!(0), "out_of_range"),
            ("repeat_priority", json!(11), "out_of_range"),
            ("announce_every_s", json!(14), "out_of_range"),
            ("callback_after_s", json!(3601), "out_of_range"),
            ("caller_id", json!("12a4"), "bad_number"),
        ] {
            let bad = rules(|rules| rules[field] = value);
            let answer = hall.put(&lead(), "/api/v1/queues/exams", bad).await;
            assert_eq!(refusal(&answer), (422, code), "{field} {}", answer.json);
            assert_eq!(answer.json["field"], json!(field));
        }
    })
    .await;
}

#[tokio::test]
async fn a_queue_overflows_and_its_levels_go_down_as_its_rules_say() {
    on_both(async |hall| {
        let rules = rules(|rules| {
            rules["widen"] = json!([{"after_s": 30, "levels_down": 1}]);
            rules["overflow_to"] = json!("hotline");
        });
        let made = hall.put(&lead(), "/api/v1/queues/exams", rules).await;
        assert_eq!(made.status, 200);
        hall.ready(1).await;
        let skills = json!({"skills": [{"skill": "exam", "level": 2}]});
        let path = format!("/api/v1/agents/{}/skills", agent(2));
        assert_eq!(hall.put(&lead(), &path, skills).await.status, 200);
        let call = hall
            .offer(MediaKind::Voice, |work| work.queue = "exams".to_owned())
            .await;
        let second = hall
            .offer(MediaKind::Voice, |work| work.queue = "exams".to_owned())
            .await;
        hall.ready(2).await;
        assert!(hall.told().is_empty());
        hall.pass(31).await;
        assert_eq!(hall.told(), [Told::Ring(call, 2)]);
        hall.floor.accepted(call, agent(2)).await.unwrap();
        hall.pass(30).await;
        assert_eq!(hall.told()[1..], [Told::Ring(second, 1)]);
        // The queue is the caller's still.
        assert_eq!(hall.row(second).await.queue.as_deref(), Some("exams"));
    })
    .await;
}

#[tokio::test]
async fn queues_are_made_changed_and_obeyed_at_once() {
    on_both(async |hall| {
        let first = hall.get(&seat(1), "/api/v1/queues").await;
        assert_eq!(
            (
                &first["items"][0]["code"],
                &first["items"][0]["name"],
                &first["items"][0]["version"]
            ),
            (&json!("hotline"), &json!("人工热线"), &json!(1))
        );
        let made = hall
            .put(
                &lead(),
                "/api/v1/queues/exams",
                rules(|rules| rules["name"] = json!(" 咨询 ")),
            )
            .await;
        assert_eq!(made.status, 200, "{}", made.json);
        assert_eq!(
            (&made.json["version"], &made.json["name"]),
            (&json!(1), &json!("咨询"))
        );
        let again = hall
            .put(&lead(), "/api/v1/queues/exams", rules(|_| {}))
            .await;
        assert_eq!(refusal(&again), (409, "already_exists"));
        let stale = hall
            .put(
                &lead(),
                "/api/v1/queues/exams",
                rules(|rules| rules["version"] = json!(7)),
            )
            .await;
        assert_eq!(refusal(&stale), (409, "stale_version"));
        let changed = hall
            .put(
                &lead(),
                "/api/v1/queues/exams",
                rules(|rules| {
                    rules["version"] = json!(1);
                    rules["skills"] = json!([]);
                }),
            )
            .await;
        assert_eq!(
            (changed.status.as_u16(), &changed.json["version"]),
            (200, &json!(2))
        );
        let old = hall
            .put(
                &lead(),
                "/api/v1/queues/exams",
                rules(|rules| rules["version"] = json!(1)),
            )
            .await;
        assert_eq!(refusal(&old), (409, "stale_version"));
        let listed = hall.get(&lead(), "/api/v1/queues").await;
        assert_eq!(listed["items"][0], changed.json);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        let trail = audited(hall, "queue.changed").await;
        assert_eq!(trail.len(), 2);
        assert!(trail.iter().any(|row| row["before"].is_null()));

        // An agent who lets it ring stays ready there, and 15 s are enough.
        hall.ready(1).await;
        let work = hall
            .offer(MediaKind::Voice, |work| work.queue = "exams".to_owned())
            .await;
        hall.pass(16).await;
        assert_eq!(
            hall.told()[..2],
            [Told::Ring(work, 1), Told::StopRinging(work, 1)]
        );
        assert_eq!(hall.state(1), AgentState::Ready);
    })
    .await;
}

#[tokio::test]
async fn rules_out_of_their_limits_are_refused_with_the_field() {
    on_both(async |hall| {
        for (field, bad) in [
            ("name", json!("")),
            ("name", json!("长".repeat(41))),
            ("priority", json!(11)),
            ("skills", json!([{"skill": "Exam", "level": 1}])),
            ("skills", json!([{"skill": "a", "level": 0}])),
            (
                "skills",
                json!([{"skill": "a", "level": 1}, {"skill": "a", "level": 2}]),
            ),
            ("ring_timeout_s", json!(4)),
            ("ring_timeout_s", json!(121)),
            ("wrap_up_s", json!(3601)),
            ("max_extensions", json!(11)),
            ("service_level_s", json!(0)),
            ("short_abandon_s", json!(61)),
            ("preferred_wait_s", json!(301)),
            ("max_wait_s", json!(9)),
            ("no_answer", json!("shout")),
            ("wrap_up_s", json!(-1)),
            ("wrap_up_s", json!(1e12)),
        ] {
            let put = hall
                .put(
                    &lead(),
                    "/api/v1/queues/exams",
                    rules(|rules| rules[field] = bad.clone()),
                )
                .await;
            assert_eq!(put.status, 422, "{field} {bad}: {}", put.json);
            let said = put.json["field"].as_str().unwrap_or_default().to_owned()
                + put.json["detail"].as_str().unwrap();
            assert!(
                said.contains(field) || said.contains("shout") || said.contains("u32"),
                "{field}: {}",
                put.json
            );
        }
        let bad_code = hall
            .put(&lead(), "/api/v1/queues/Exams", rules(|_| {}))
            .await;
        assert_eq!(refusal(&bad_code), (422, "bad_code"));
        let missing = hall
            .put(&lead(), "/api/v1/queues/exams", json!({"name": "x"}))
            .await;
        assert_eq!(missing.status, 422);
        for version in [json!(i64::MAX), json!(-1), json!(i64::MIN)] {
            let put = hall
                .put(
                    &lead(),
                    "/api/v1/queues/hotline",
                    rules(|rules| rules["version"] = version),
                )
                .await;
            assert_eq!(refusal(&put), (409, "stale_version"));
        }
        assert_eq!(
            hall.get(&lead(), "/api/v1/queues").await["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert!(audited(hall, "queue.changed").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn skills_decide_at_once_which_queues_an_agent_serves() {
    on_both(async |hall| {
        hall.put(&lead(), "/api/v1/queues/exams", rules(|_| {}))
            .await;
        hall.ready(1).await;
        let work = hall
            .offer(MediaKind::Voice, |work| work.queue = "exams".to_owned())
            .await;
        assert!(hall.told().is_empty());
        let path = format!("/api/v1/agents/{}/skills", agent(1));
        for bad in [
            json!([{"skill": "exam", "level": 11}]),
            json!([{"skill": "", "level": 1}]),
            json!("exam"),
        ] {
            assert_eq!(
                hall.put(&lead(), &path, json!({"skills": bad}))
                    .await
                    .status,
                422
            );
        }
        let low = hall
            .put(
                &lead(),
                &path,
                json!({"skills": [{"skill": "exam", "level": 2}]}),
            )
            .await;
        assert_eq!(low.status, 200);
        assert_eq!(hall.told(), [], "not good enough");
        let skills =
            json!({"skills": [{"skill": "exam", "level": 3}, {"skill": "tax", "level": 1}]});
        assert_eq!(hall.put(&lead(), &path, skills.clone()).await.json, skills);
        assert_eq!(hall.told(), [Told::Ring(work, 1)]);
        assert_eq!(hall.get(&lead(), &path).await, skills);
        assert_eq!(audited(hall, "agent.skills_changed").await.len(), 2);
        let nobody = format!("/api/v1/agents/{}/skills", Uuid::from_u128(99));
        assert_eq!(
            refusal(&hall.put(&lead(), &nobody, json!({"skills": []})).await),
            (404, "not_found")
        );
        // They are there after a restart.
        hall.restart().await;
        let view = hall.floor.agent(agent(1)).await.unwrap();
        assert_eq!(view.queues, ["exams", "hotline"]);
        assert_eq!(
            hall.put(&lead(), &path, json!({"skills": []})).await.status,
            200
        );
        assert_eq!(
            hall.floor.agent(agent(1)).await.unwrap().queues,
            ["hotline"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_missed_call_is_returned_once() {
    on_both(async |hall| {
        let mut missed = Vec::new();
        for _ in 0..3 {
            let work = hall.call().await;
            hall.pass(6).await;
            hall.floor.withdraw(work).await;
            missed.push(work);
        }
        let short = hall.call().await;
        hall.floor.withdraw(short).await;
        hall.floor.flushed().await.unwrap();

        let due = callbacks_due(hall.app.db.read(), 10).await.unwrap();
        let ids: Vec<Uuid> = due.iter().map(|(_, work)| *work).collect();
        assert_eq!(ids, missed, "the one that waits longest first");
        let returned = async |work| {
            let now = hall.app.clock.now();
            let note = Some("已回拨".to_owned());
            let done = hall.app.db.write(async move |tx| {
                callback_done(&*tx, work, Some(lead().user_id), now, note).await
            });
            done.await.map_err(|problem| problem.code)
        };
        assert_eq!(returned(missed[1]).await, Ok(()));
        hall.floor.callback_done(missed[1]).await.unwrap();
        assert_eq!(returned(missed[1]).await, Err("callback_done_before"));
        for other in [short, Uuid::from_u128(99)] {
            assert_eq!(returned(other).await, Err("not_found"));
        }
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(board.callbacks_due, 2);
    })
    .await;
}

#[tokio::test]
async fn the_floor_shows_who_works_and_who_waits() {
    on_both(async |hall| {
        hall.ready(2).await;
        let rings = hall.call().await;
        hall.pass(2).await;
        let waits = hall
            .offer(MediaKind::Voice, |work| work.priority = -1)
            .await;
        hall.offer(MediaKind::Chat, |_| {}).await;
        let floor = hall.get(&lead(), "/api/v1/floor").await;
        let queue = &floor["queues"][0];
        assert_eq!(
            (&queue["code"], &queue["waiting"], &queue["chats_waiting"]),
            (&json!("hotline"), &json!(2), &json!(1))
        );
        assert!(queue["longest_wait_s"].as_i64().unwrap() >= 2);
        let agents: Vec<_> = floor["agents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|agent| (&agent["staff_no"], &agent["state"]))
            .collect();
        assert_eq!(
            agents,
            [
                (&json!("8001"), &json!("signed_out")),
                (&json!("8002"), &json!("ringing")),
                (&json!("8003"), &json!("signed_out")),
            ]
        );
        assert_eq!(floor["agents"][1]["work_id"], json!(rings));
        let waiting = floor["waiting"].as_array().unwrap();
        assert_eq!(waiting.len(), 3);
        assert_eq!(
            (
                &waiting[0]["work_id"],
                &waiting[0]["rings_at"],
                &waiting[0]["caller"]
            ),
            (&json!(rings), &json!(agent(2)), &json!("139****0001"))
        );
        assert_eq!(
            (&waiting[1]["work_id"], &waiting[1]["rings_at"]),
            (&json!(waits), &json!(null))
        );
    })
    .await;
}
