//! An indicator below what is asked for three half-hours raises one alert, which ends when it is as asked again.

use std::time::Duration;

use analytics::kpi::Kpi;
use analytics::targets::{KpiInterval, KpiTarget};
use axum::http::Method;
use chrono::TimeDelta;
use kernel::audit::Who;
use kernel::rule::{New, set};
use serde_json::json;

use crate::raw::{id, literal, sql};
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

/// Asks for an indicator day by day.
async fn ask_by_day(world: &World, kpi: Kpi, intervals: u16) {
    world.app.clock.advance(Duration::from_secs(1));
    let app = (*world.app).clone();
    let asked = world.app.db.write(move |tx| async move {
        let definition = kpi.definition();
        let rule = KpiTarget {
            kpi,
            channel: None,
            target: definition.target.unwrap(),
            upper: definition.upper,
            caution: None,
            interval: KpiInterval::Day,
            intervals,
            least: 1,
            alerting: true,
        };
        let new = New {
            rule,
            effective_from: None,
            source: "agreed".to_owned(),
        };
        set(&app, &tx, &Who::system("test"), new).await
    });
    asked.await.unwrap();
}

/// Tuesday as asked: at the seat from 8:30 to 18:00, in talks until 16:06. Wednesday and Thursday not: an hour of talks,
/// ready until noon, and gone; half of each was signed.
async fn three_days_at_the_seat(world: &World) {
    let agent = literal(world, &world.id("agent1").to_string());
    let mut lines = vec![format!(
        "insert into rosters (id, month, state, revision, updated_at, version) values ({}, '2026-11', 'published', 1, \
         '2026-11-01T00:00:00+00:00', 1)",
        literal(world, &id(1))
    )];
    let days = [
        (
            "2026-11-24",
            [("08:06", "ready"), ("10:00", "signed_out")],
            480,
        ),
        (
            "2026-11-25",
            [("01:30", "ready"), ("04:00", "signed_out")],
            240,
        ),
        (
            "2026-11-26",
            [("01:30", "ready"), ("04:00", "signed_out")],
            240,
        ),
    ];
    let mut n = 10;
    for (day, later, minutes) in days {
        for (time, to) in std::iter::once(("00:30", "talking")).chain(later) {
            n += 1;
            lines.push(format!(
                "insert into agent_state_changes (id, agent_id, at, from_state, to_state, by_kind) values ({}, {agent}, \
                 '{day}T{time}:00+00:00', 'ready', '{to}', 'agent')",
                literal(world, &id(n))
            ));
        }
        lines.push(format!(
            "insert into roster_cells (on_day, user_id, shift_id) values ('{day}', {agent}, 'whole_day')"
        ));
        lines.push(format!(
            "insert into attendance_records (id, on_day, seat, user_id, kind, minutes, whole_minutes, late_minutes, \
             early_minutes, findings, state, seq, before_hash, hash, written_at) values ({}, '{day}', 'Z1', {agent}, \
             'present', {minutes}, 480, 0, 0, '', 'frozen', {n}, '', '', '{day}T12:00:00+00:00')",
            literal(world, &id(n + 100))
        ));
    }
    sql(world, &lines).await;
}

#[tokio::test]
async fn hours_of_work_are_watched_day_by_day_not_by_the_month_so_far() {
    on_both(async |world| {
        three_days_at_the_seat(&world).await;
        // 60 of 60 + 150 min; 210 of 480 that are paid; 210 of 480 that are planned; 240 of 480 that were signed.
        let expected = [
            (Kpi::K11, 2_857),
            (Kpi::K12, 4_375),
            (Kpi::K13, 4_375),
            (Kpi::K14, 5_000),
        ];
        for (kpi, _) in expected {
            ask_by_day(&world, kpi, 3).await;
        }
        // Tuesday was as asked: two days are no three.
        look(&world).await;
        for (kpi, _) in expected {
            let path = format!("/api/v1/kpi-alerts?kpi={}", kpi.as_str());
            let told = world.read("lead", &path).await;
            assert_eq!(told["items"], json!([]), "{kpi:?}");
            ask_by_day(&world, kpi, 2).await;
        }
        look(&world).await;
        for (kpi, value) in expected {
            let path = format!("/api/v1/kpi-alerts?kpi={}", kpi.as_str());
            let told = world.read("lead", &path).await;
            let alert = &told["items"][0];
            assert_eq!(alert["value"], value, "{kpi:?}: of Thursday alone");
            let span = (&alert["first_at"], &alert["last_at"]);
            let days = (json!("2026-11-24T16:00:00Z"), json!("2026-11-26T16:00:00Z"));
            assert_eq!(span, (&days.0, &days.1), "{kpi:?}");
        }
    })
    .await;
}
