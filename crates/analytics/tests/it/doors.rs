//! Over HTTP: registry, figures, series, rows, files, rights.

use axum::http::Method;
use serde_json::json;

use crate::world::{Call, World, at, on_both};

async fn two_calls(world: &World) {
    let mut late = Call::answered(at("2026-11-23T02:00:00Z"), 40, 100);
    late.agents = vec!["agent2"];
    let ids = [
        world
            .call(&Call::answered(at("2026-11-23T02:00:00Z"), 5, 100))
            .await,
        world.call(&late).await,
        world
            .call(&Call::lost(at("2026-11-23T03:00:00Z"), "abandoned", 30))
            .await,
    ];
    world.count_all(&ids, &[]).await;
}

const MONDAY: &str = "from=2026-11-23&to=2026-11-23";

#[tokio::test]
async fn the_figure_its_rows_its_series_and_its_file_say_the_same() {
    on_both(async |world| {
        two_calls(&world).await;
        let kpis = world.read("purchaser", "/api/v1/kpis").await;
        assert_eq!(kpis["items"].as_array().unwrap().len(), 32);
        assert_eq!(kpis["items"][0]["number"], "K-01");
        assert_eq!(kpis["items"][0]["asked"]["target"], 9_500);
        let told = world
            .read(
                "manager",
                &format!("/api/v1/kpi-figures?kpis=k02,k05&{MONDAY}"),
            )
            .await;
        let k02 = &told["items"][0];
        assert_eq!(
            (&k02["numerator"], &k02["denominator"]),
            (&json!(1), &json!(3))
        );
        assert_eq!(
            (&k02["value"], &k02["standing"]),
            (&json!(3_333), &json!("missed"))
        );
        assert_eq!(told["items"][1]["value"], 22_500);

        let rows = world
            .read("manager", k02["rows_url"].as_str().unwrap())
            .await;
        let counts = |rows: &serde_json::Value| {
            let rows = rows["items"].as_array().unwrap();
            (
                rows.iter().filter(|row| row["counts"] == true).count(),
                rows.len(),
            )
        };
        assert_eq!(counts(&rows), (1, 3));
        let missed = format!("{}&counts=false", k02["rows_url"].as_str().unwrap());
        assert_eq!(counts(&world.read("manager", &missed).await), (0, 2));

        let path = format!("/api/v1/kpi-series?kpis=k02&by=person&{MONDAY}");
        let along = world.read("manager", &path).await;
        let people: Vec<_> = along["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["figures"][0]["denominator"].clone())
            .collect();
        assert_eq!(people.len(), 3);
        let slots = world
            .read(
                "manager",
                &format!("/api/v1/kpi-series?kpis=k01&by=half_hour&{MONDAY}"),
            )
            .await;
        assert_eq!(slots["items"][0]["label"], "10:00");

        let path = format!("/api/v1/kpi-figures/export?kpis=k02&form=csv&{MONDAY}");
        let answer = world
            .door
            .ask(&world.who("manager"), Method::GET, &path, None)
            .await;
        assert!(
            answer.status.is_success(),
            "{} {}",
            answer.status,
            answer.json
        );
    })
    .await;
}

#[tokio::test]
async fn an_agent_sees_his_own_figures_and_nobody_elses() {
    on_both(async |world| {
        two_calls(&world).await;
        let own = world
            .read("agent1", &format!("/api/v1/kpi-figures?kpis=k02&{MONDAY}"))
            .await;
        assert_eq!(own["items"][0]["value"], 10_000);
        let rows = world
            .read("agent1", &format!("/api/v1/kpi-rows?kpi=k02&{MONDAY}"))
            .await;
        assert_eq!(rows["total"], 1);
        let other = world.id("agent2");
        let path = format!("/api/v1/kpi-figures?kpis=k02&{MONDAY}&person={other}");
        assert_eq!(world.refused("agent1", &path).await, "kpis_of_others");
        let path = format!("/api/v1/kpi-figures/export?kpis=k02&{MONDAY}");
        assert_eq!(world.refused("agent1", &path).await, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_the_field() {
    on_both(async |world| {
        for (query, code) in [
            (
                "kpi-figures?kpis=k99&from=2026-11-23&to=2026-11-23",
                "kpi_unknown",
            ),
            (
                "kpi-figures?kpis=k01&from=2026-11-24&to=2026-11-23",
                "period_backwards",
            ),
            (
                "kpi-figures?kpis=k01&from=2020-11-24&to=2026-11-23",
                "period_too_long",
            ),
            (
                "kpi-series?kpis=k20&by=half_hour&from=2026-11-23&to=2026-11-23",
                "kpi_not_along",
            ),
            (
                "kpi-series?kpis=k23&by=person&from=2026-11-23&to=2026-11-23",
                "kpi_not_along",
            ),
            (
                "kpi-rows?kpi=k28&from=2026-11-23&to=2026-11-23",
                "kpi_without_rows",
            ),
        ] {
            assert_eq!(
                world.refused("manager", &format!("/api/v1/{query}")).await,
                code
            );
        }
    })
    .await;
}
