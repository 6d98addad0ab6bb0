//! An indicator below what is asked for three half-hours raises one alert, which ends when it is as asked again.

use std::time::Duration;

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::world::{Call, World, at, on_both};

/// Five calls of a half-hour, of which so many are given up.
async fn half_hour(world: &World, begin: &str, lost: usize) {
    let mut ids = Vec::new();
    for n in 0..5 {
        let came = at(begin) + TimeDelta::minutes(n);
        let call = if usize::try_from(n).unwrap() < lost {
            Call::lost(came, "abandoned", 40)
        } else {
            Call::answered(came, 5, 60)
        };
        ids.push(world.call(&call).await);
    }
    world.count_all(&ids, &[]).await;
}

/// Lets the job look.
async fn look(world: &World) {
    world.app.clock.advance(Duration::from_secs(61));
    for _ in 0..100 {
        world.app.settle().await;
        tokio::task::yield_now().await;
    }
    analytics::alerts::look(&world.desk).await.unwrap();
}

async fn alerts(world: &World) -> Vec<serde_json::Value> {
    let told = world.read("lead", "/api/v1/kpi-alerts?kpi=k01").await;
    told["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn three_half_hours_below_the_target_raise_one_alert() {
    on_both(async |world| {
        // It is 18:00: the half-hours from 16:00 on.
        half_hour(&world, "2026-11-27T08:00:00Z", 2).await;
        half_hour(&world, "2026-11-27T08:30:00Z", 1).await;
        look(&world).await;
        assert!(alerts(&world).await.is_empty());
        half_hour(&world, "2026-11-27T09:00:00Z", 3).await;
        look(&world).await;
        look(&world).await;
        let found = alerts(&world).await;
        assert_eq!(found.len(), 1);
        let alert = &found[0];
        assert_eq!(alert["state"], "raised");
        assert_eq!(
            (&alert["value"], &alert["target"]),
            (&json!(4_000), &json!(9_500))
        );
        assert_eq!(alert["first_at"], "2026-11-27T08:00:00Z");
        assert_eq!(alert["last_at"], "2026-11-27T09:30:00Z");

        let path = format!(
            "/api/v1/kpi-alerts/{}/acknowledge",
            alert["id"].as_str().unwrap()
        );
        let said = json!({ "version": alert["version"], "note": "线路故障，已报修" });
        let answer = world
            .door
            .ask(&world.who("lead"), Method::POST, &path, Some(said.clone()))
            .await;
        assert_eq!(answer.json["state"], "acknowledged");
        let again = world
            .door
            .ask(&world.who("lead"), Method::POST, &path, Some(said))
            .await;
        assert_eq!(again.status, 409);

        // As asked again: it is over.
        half_hour(&world, "2026-11-27T09:30:00Z", 0).await;
        look(&world).await;
        let found = alerts(&world).await;
        assert_eq!((found.len(), &found[0]["state"]), (1, &json!("ended")));
    })
    .await;
}

#[tokio::test]
async fn half_hours_with_too_few_calls_say_nothing() {
    on_both(async |world| {
        for begin in [
            "2026-11-27T08:00:00Z",
            "2026-11-27T08:30:00Z",
            "2026-11-27T09:00:00Z",
        ] {
            let id = world.call(&Call::lost(at(begin), "abandoned", 40)).await;
            world.count_all(&[id], &[]).await;
        }
        look(&world).await;
        assert!(alerts(&world).await.is_empty());
    })
    .await;
}
