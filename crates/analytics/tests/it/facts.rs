//! How facts are kept: by events, corrected, counted again.

use analytics::facts::contact::row as fact;
use analytics::facts::recount::recount;
use analytics::facts::sums::cell;
use analytics::kpi::Kpi;
use sea_orm::EntityTrait as _;

use crate::world::{Call, at, on_both, period};

#[tokio::test]
async fn an_event_makes_a_fact_and_the_same_event_again_changes_nothing() {
    on_both(async |world| {
        let monday = period("2026-11-23", "2026-11-23");
        let call = Call::answered(at("2026-11-23T02:00:00Z"), 5, 100);
        let id = world.call(&call).await;
        assert_eq!(world.says(Kpi::K01, monday).await, (0, 0, None));
        for kind in [
            "call.ended",
            "call.ended",
            "work.wrap_up_ended",
            "call.answered",
        ] {
            world.tell(kind, id).await;
            assert_eq!(world.says(Kpi::K01, monday).await, (1, 1, Some(10_000)));
        }
        let conn = world.app.db.read();
        let facts = fact::Entity::find().all(conn).await.unwrap();
        assert_eq!((facts.len(), facts[0].version), (1, 1));
        // What nobody has rows of is no contact.
        world.tell("call.ended", world.app.ids.next()).await;
        assert_eq!(fact::Entity::find().all(conn).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_corrected_row_moves_its_fact_and_leaves_nothing_behind() {
    on_both(async |world| {
        let requester = world.requester("13900000001").await;
        let call =
            Call::answered(at("2026-11-23T02:00:00Z"), 5, 100).about(requester, "consult", "101");
        let id = world.call(&call).await;
        world.tell("call.ended", id).await;
        // It was imported anew: another day, another agent, later answered, another matter.
        let mut anew =
            Call::answered(at("2026-11-24T02:00:00Z"), 50, 200).about(requester, "consult", "205");
        anew.agents = vec!["agent2"];
        world.write_call(id, &anew).await;
        world.tell("call.entered", id).await;
        assert_eq!(
            world
                .says(Kpi::K02, period("2026-11-23", "2026-11-23"))
                .await,
            (0, 0, None)
        );
        assert_eq!(
            world
                .says(Kpi::K02, period("2026-11-24", "2026-11-24"))
                .await,
            (0, 1, Some(0))
        );
        let conn = world.app.db.read();
        for cell in cell::Entity::find().all(conn).await.unwrap() {
            let moved = cell.day == "2026-11-24";
            assert_eq!(cell.contacts, i64::from(moved), "{cell:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn counting_again_mends_what_was_lost_and_takes_away_what_has_no_rows() {
    on_both(async |world| {
        let monday = period("2026-11-23", "2026-11-23");
        let mut ids = Vec::new();
        for minute in 10..15 {
            let time = at(&format!("2026-11-23T02:{minute}:00Z"));
            ids.push(world.call(&Call::answered(time, 5, 100)).await);
        }
        // Three were heard of; one of them is erased, and somebody broke a cell.
        world.count_all(&ids[..3], &[]).await;
        let gone = ids[0];
        let lost = world.app.db.write(move |tx| async move {
            telephony::calls::rows::call::Entity::delete_by_id(gone)
                .exec(&*tx)
                .await?;
            floor::work_item::store::row::Entity::delete_by_id(gone)
                .exec(&*tx)
                .await?;
            cell::Entity::delete_many().exec(&*tx).await?;
            Ok(())
        });
        lost.await.unwrap();
        assert_eq!(world.says(Kpi::K01, monday).await, (0, 0, None));
        let told = recount(&world.app, monday).await.unwrap();
        assert_eq!((told.changed, told.days), (3, 1));
        assert_eq!(world.says(Kpi::K01, monday).await, (4, 4, Some(10_000)));
        let again = recount(&world.app, monday).await.unwrap();
        assert_eq!(again.changed, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_again_while_calls_are_written_counts_none_twice() {
    on_both(async |world| {
        let monday = period("2026-11-23", "2026-11-23");
        let mut ids = Vec::new();
        for minute in 0..40 {
            // Each half-hour has a cell of its own, new while the day is counted again.
            let time = at("2026-11-22T16:05:00Z") + chrono::TimeDelta::minutes(30 * minute);
            ids.push(world.call(&Call::answered(time, 5, 100)).await);
        }
        let write = async {
            for id in &ids {
                // Whoever crosses another is told again, as events are.
                while kept(&world, *id).await.is_err() {}
            }
        };
        let again = async {
            for _ in 0..12 {
                let _ = recount(&world.app, monday).await;
            }
        };
        tokio::join!(write, again);
        assert_eq!(world.says(Kpi::K01, monday).await, (40, 40, Some(10_000)));
    })
    .await;
}

async fn kept(world: &crate::world::World, id: uuid::Uuid) -> kernel::Result<usize> {
    let db = &world.app.db;
    db.write(move |tx| async move { analytics::facts::keep::contacts(&tx, &[id]).await })
        .await
}
