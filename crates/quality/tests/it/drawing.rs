//! Samples are drawn by plan, by hand, every month, and never twice.

use std::time::Duration;

use chrono::TimeDelta;
use quality::sampling::WorkKind;
use serde_json::{Value, json};

use crate::world::{does, on_both};

#[tokio::test]
async fn a_draw_keeps_its_seed_and_its_counts_and_draws_nothing_twice() {
    on_both(async |world| {
        world.contacts("agent1", 14);
        world.contacts("agent2", 4);
        world.house.contacts.lock().unwrap()[0].has_complaint = true;
        let now = world.app.clock.now();
        let wish = json!({"plan": "monthly", "from": now - TimeDelta::days(10), "until": now});
        let draws = "/api/v1/sampling-draws";
        let first = world.post("quality", draws, wish.clone()).await;
        assert_eq!(first["candidates"], 18);
        assert_eq!(first["seed"].as_str().unwrap().len(), 32);
        let agents = first["agents"].as_array().unwrap();
        let mut by_chance: Vec<_> = agents.iter().map(|one| one["by_chance"].as_u64()).collect();
        by_chance.sort_unstable();
        assert_eq!(by_chance, [Some(4), Some(10)]);
        let evaluations = world.read("quality", "/api/v1/evaluations").await;
        let drawn = evaluations["total"].as_u64().unwrap();
        assert!((14..=15).contains(&drawn), "{drawn}");

        // Anybody repeats it: the order is the hash's, and the first of it are the drawn.
        let path = format!("{draws}/{}/candidates", first["id"].as_str().unwrap());
        let agent = world.id("agent1");
        let lot = world
            .read("purchaser", &format!("{path}?agent={agent}"))
            .await;
        let ids: Vec<uuid::Uuid> = serde_json::from_value(lot["ids"].clone()).unwrap();
        let seed = lot["seed"].as_str().unwrap();
        let place = |id: &uuid::Uuid| {
            let hashed = [seed.as_bytes(), id.as_bytes()].concat();
            <sha2::Sha256 as sha2::Digest>::digest(hashed).to_vec()
        };
        assert!(ids.is_sorted_by_key(place));
        assert_eq!((ids.len(), &lot["by_chance"]), (14, &json!(10)));
        let mine = format!("/api/v1/evaluations?origin=random&agent={agent}");
        let random = world.read("quality", &mine).await;
        let random = random["items"].as_array().unwrap();
        let is_first = |one: &Value| {
            let id = one["contact_id"].as_str().unwrap().parse().unwrap();
            ids[..10].contains(&id)
        };
        assert!(random.len() == 10 && random.iter().all(is_first));

        let second = world.post("quality", draws, wish.clone()).await;
        assert_eq!(
            (&second["id"], &second["seed"]),
            (&first["id"], &first["seed"])
        );
        assert_eq!(
            world.read("quality", "/api/v1/evaluations").await["total"],
            drawn
        );
        let complaints = world
            .read("quality", "/api/v1/evaluations?origin=complaint")
            .await;
        assert_eq!(complaints["total"], 1);
        assert_eq!(
            world
                .read("quality", "/api/v1/evaluations?origin=dissatisfied")
                .await["total"],
            0
        );

        let shifted = json!({"plan": "monthly", "from": now - TimeDelta::days(9), "until": now});
        assert_eq!(
            world.refused("manager", draws, shifted).await,
            "draw_overlaps",
            "who may shift a period may choose"
        );
        let twice = world
            .read("quality", "/api/v1/evaluations?per_page=200")
            .await;
        let mut contacts: Vec<_> = twice["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["contact_id"].as_str().unwrap().to_owned())
            .collect();
        let many = contacts.len();
        contacts.sort_unstable();
        contacts.dedup();
        assert_eq!(contacts.len(), many, "no contact twice");

        let ahead = json!({"plan": "monthly", "from": now, "until": now + TimeDelta::days(1)});
        assert_eq!(
            world.refused("quality", draws, ahead).await,
            "period_not_over"
        );
        let unknown = json!({"plan": "weekly", "from": now - TimeDelta::days(1), "until": now});
        assert_eq!(
            world.refused("quality", draws, unknown).await,
            "plan_unknown"
        );
        assert_eq!(world.looks("agent1", draws).await, 403);
    })
    .await;
}

#[tokio::test]
async fn one_contact_is_drawn_by_hand_once_and_never_ones_own() {
    on_both(async |world| {
        let contact = world.contacts("agent1", 1).remove(0);
        let own = world.contacts("manager", 1).remove(0);
        let evaluations = "/api/v1/evaluations";
        let pick = |id| json!({"kind": "call", "contact_id": id, "reason": "班长建议"});
        let made = world.post("quality", evaluations, pick(contact.id)).await;
        assert_eq!(made["origins"], json!(["by_hand"]));
        assert_eq!(made["origin_note"], "班长建议");
        assert_eq!(
            world
                .refused("quality", evaluations, pick(contact.id))
                .await,
            "sample_drawn"
        );
        assert_eq!(
            world.refused("manager", evaluations, pick(own.id)).await,
            "contact_unknown"
        );
        let nothing = world.app.ids.next();
        assert_eq!(
            world.refused("quality", evaluations, pick(nothing)).await,
            "contact_unknown"
        );
    })
    .await;
}

#[tokio::test]
async fn every_morning_what_stands_out_and_after_the_month_its_share() {
    on_both(async |world| {
        world.contacts("agent1", 12);
        {
            let mut contacts = world.house.contacts.lock().unwrap();
            contacts[3].dissatisfied = true;
            contacts[4].kind = WorkKind::Conversation;
            contacts[4].has_complaint = true;
        }
        let evaluations = "/api/v1/evaluations";
        let total = |many: u64| move |seen: &Value| seen["total"] == many;
        world.app.clock.advance(Duration::from_hours(24));
        world.until("quality", evaluations, total(2)).await;
        // A complaint may come later: it is hidden from whom it is about from then on.
        {
            let mut contacts = world.house.contacts.lock().unwrap();
            contacts[5].has_complaint = true;
            contacts[3].has_complaint = true;
            contacts[3].complained = Some(world.id("lead"));
        }
        assert_eq!(world.read("lead", evaluations).await["total"], 2);
        world.app.clock.advance(Duration::from_hours(24));
        world.until("quality", evaluations, total(3)).await;
        world.until("lead", evaluations, total(2)).await;
        world.app.clock.advance(Duration::from_hours(72));
        let over = |draw: &Value| draw["candidates"] == 12 && !draw["by_chance_at"].is_null();
        let found = |seen: &Value| seen["items"].as_array().unwrap().iter().any(over);
        let draws = world
            .until("quality", "/api/v1/sampling-draws", found)
            .await;
        let over = draws["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|draw| over(draw));
        assert_eq!(over.unwrap()["drawn_by"], json!(null));
        let drawn = world.read("quality", evaluations).await["total"].as_u64();
        assert!((10..=12).contains(&drawn.unwrap()), "{drawn:?}");
    })
    .await;
}

#[tokio::test]
async fn in_place_of_a_voided_sample_the_next_of_its_order_is_drawn_and_who_voided_is_shown() {
    on_both(async |world| {
        world.contacts("agent1", 12);
        let now = world.app.clock.now();
        let wish = json!({"plan": "monthly", "from": now - TimeDelta::days(10), "until": now});
        let draws = "/api/v1/sampling-draws";
        let draw = world.post("quality", draws, wish).await;
        let look = format!("{draws}/{}", draw["id"].as_str().unwrap());
        let lot = format!("{look}/candidates?agent={}", world.id("agent1"));
        let order = world.read("quality", &lot).await["ids"].clone();
        let evaluations = "/api/v1/evaluations";
        let of = async |n: usize| -> Value {
            let all = world
                .read("quality", &format!("{evaluations}?per_page=100"))
                .await;
            let all = all["items"].as_array().unwrap().clone();
            let mut found = all.into_iter().filter(|one| one["contact_id"] == order[n]);
            found.next().unwrap_or_default()
        };
        assert_eq!(of(10).await, Value::Null, "ten of twelve are drawn");

        let (first, quality) = (of(0).await, world.id("quality"));
        let void = does("void", json!({"reason": "录音损坏"}));
        let given = does("assign", json!({"to": quality}));
        let given = world.step("quality", evaluations, &first, given).await;
        assert_eq!(
            world.no("quality", evaluations, &given, void.clone()).await,
            "evaluation_was_his",
            "who is to score it does not get rid of it alone"
        );
        let handed = does("assign", json!({"to": world.id("lead")}));
        let given = world.step("quality", evaluations, &given, handed).await;
        assert_eq!(given["actions"], json!(["assign"]));
        assert_eq!(
            world.no("quality", evaluations, &given, void.clone()).await,
            "evaluation_was_his",
            "nor by handing it over first"
        );
        let voided = world
            .step("manager", evaluations, &given, void.clone())
            .await;
        assert_eq!(voided["voided_by"]["id"], json!(world.id("manager")));
        let instead = of(10).await;
        assert_eq!(instead["origins"], json!(["random"]));
        let seen = format!("{evaluations}/{}", instead["id"].as_str().unwrap());
        assert_eq!(
            world.read("quality", &seen).await["replaces_id"],
            voided["id"]
        );
        let shown = world.read("purchaser", &look).await;
        let told = &shown["voids"][0];
        assert_eq!(
            (&shown["voided"], &told["reason"], &told["replaced_by"]),
            (&json!(1), &json!("录音损坏"), &instead["id"])
        );
        assert_eq!(told["voided_by"]["id"], json!(world.id("manager")));

        // What something else drew counts in its place; once all are drawn nothing is left.
        let pick = json!({"kind": "call", "contact_id": order[11], "reason": "抽查"});
        let picked = world.post("quality", evaluations, pick).await;
        world
            .step("quality", evaluations, &instead, void.clone())
            .await;
        let seen = format!("{evaluations}/{}", picked["id"].as_str().unwrap());
        let counted = world.read("quality", &seen).await;
        assert_eq!(counted["origins"], json!(["random", "by_hand"]));
        world.step("quality", evaluations, &counted, void).await;
        let shown = world.read("quality", &look).await;
        assert_eq!(
            (&shown["voided"], &shown["voids"][0]["replaced_by"]),
            (&json!(3), &Value::Null)
        );
    })
    .await;
}
