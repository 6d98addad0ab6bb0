//! The demo's dealings: written once, on any day, with each state that its pages are to show.

use crate::world;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_every_part_and_is_written_once() {
    world::on_both_with_dealings(async |world| {
        liaison::demo::seed(&world.app).await.unwrap();
        let many = async |who: &str, path: &str| {
            let page = world.read(who, path).await;
            page["items"].as_array().unwrap().len()
        };
        assert_eq!(many("manager", "/api/v1/letters").await, 8);
        assert_eq!(many("manager", "/api/v1/letters?state=void").await, 1);
        // A letter of the other side's that was not sent is nobody else's.
        assert_eq!(many("purchaser", "/api/v1/letters").await, 5);
        assert_eq!(many("lead", "/api/v1/urgent-notices?open=false").await, 2);
        assert_eq!(many("lead", "/api/v1/inspections").await, 2);
        assert_eq!(many("titles", "/api/v1/inspections").await, 3);
        assert_eq!(many("lead", "/api/v1/change-control").await, 4);
        assert_eq!(many("lead", "/api/v1/special-tasks").await, 3);
        let supplies = world.read("agent1", "/api/v1/supplies").await;
        assert_eq!(supplies["low"], 2);
        assert_eq!(supplies["to_sign"].as_array().unwrap().len(), 1);
        let checks = world.read("lead", "/api/v1/daily-checks").await;
        assert_eq!(checks["unfixed"].as_array().unwrap().len(), 1);
        let archive = world.read("hr", "/api/v1/past-contracts").await;
        assert_eq!(archive["enough"], false, "{archive}");
    })
    .await;
}
