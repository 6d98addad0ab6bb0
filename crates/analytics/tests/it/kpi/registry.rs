//! The registry itself.

use analytics::kpi::{Direction, Kpi};
use analytics::targets;

use crate::world::on_both;

#[test]
fn each_indicator_stands_in_the_registry_once_and_in_its_place() {
    assert_eq!(Kpi::ALL.len(), 32);
    for (place, kpi) in Kpi::ALL.iter().enumerate() {
        assert_eq!(kpi.definition().kpi, *kpi);
        assert_eq!(kpi.number(), format!("K-{:02}", place + 1));
        assert!(!kpi.definition().formula_zh.is_empty());
    }
}

#[tokio::test]
async fn the_targets_that_ship_are_those_of_the_registry() {
    on_both(async |world| {
        let now = world.app.clock.now();
        let held = targets::in_force(world.app.db.read(), now).await.unwrap();
        for kpi in Kpi::ALL {
            let definition = kpi.definition();
            let asked = held.of(*kpi, None);
            assert_eq!(asked.map(|row| row.target), definition.target, "{kpi:?}");
            assert_eq!(asked.and_then(|row| row.upper), definition.upper, "{kpi:?}");
            assert_eq!(
                definition.target.is_none(),
                definition.direction == Direction::Watched
            );
        }
    })
    .await;
}
