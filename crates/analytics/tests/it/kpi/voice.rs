//! K-01 to K-09 by hand.

use analytics::kpi::{Cut, Kpi, KpiVariant};
use kernel::audit::Who;
use kernel::rule::{New, set};

use crate::world::{Call, World, at, on_both, period};

/// Monday, 23 November: ten calls and one that still waits.
///
/// | call | wait | outcome |
/// | --- | --- | --- |
/// | 1 to 5 | 4, 10, 15, 18, 40 s | answered; 100 s of talk each, the fifth with 20 s of hold beside |
/// | 6 | 3 s | short abandon |
/// | 7 | 12 s | given up |
/// | 8 | 60 s | given up |
/// | 9 | 180 s | nobody answered |
/// | 10 | 10 s | took a call-back: it counts with its call-back, which is answered after 30 s |
async fn a_monday(world: &World) {
    let mut ids = Vec::new();
    for (n, wait) in [4, 10, 15, 18, 40].into_iter().enumerate() {
        let minute = 10 + n;
        let mut call = Call::answered(at(&format!("2026-11-23T01:{minute}:00Z")), wait, 100);
        call.wrap_ups = vec![30];
        if wait == 40 {
            call.ends_after = Some(120);
            call.hold = 20;
        }
        ids.push(world.call(&call).await);
    }
    let eleven = at("2026-11-23T03:00:00Z");
    ids.push(world.call(&Call::lost(eleven, "short_abandoned", 3)).await);
    ids.push(world.call(&Call::lost(eleven, "abandoned", 12)).await);
    ids.push(world.call(&Call::lost(eleven, "abandoned", 60)).await);
    ids.push(
        world
            .call(&Call::lost(eleven, "no_agent_answer", 180))
            .await,
    );
    ids.push(world.call(&Call::lost(eleven, "callback", 10)).await);
    ids.push(world.call(&Call::answered(eleven, 30, 100)).await);
    let mut waits = Call::lost(at("2026-11-23T03:30:00Z"), "", 0);
    waits.ends_after = None;
    ids.push(world.call(&waits).await);
    world.count_all(&ids, &[]).await;
}

#[tokio::test]
async fn a_monday_of_calls_gives_k_01_to_k_09() {
    on_both(async |world| {
        a_monday(&world).await;
        let monday = period("2026-11-23", "2026-11-23");
        // A = 6 of O = 10: the waiting one is not decided, the call-back counts once.
        assert_eq!(world.says(Kpi::K01, monday).await, (6, 10, Some(6_000)));
        // 4, 10 and 15 s are within 15 s.
        assert_eq!(world.says(Kpi::K02, monday).await, (3, 10, Some(3_000)));
        // At = 4 (18 s too) of A + B = 6 + 3.
        assert_eq!(world.says(Kpi::K03, monday).await, (4, 9, Some(4_444)));
        assert_eq!(world.says(Kpi::K04, monday).await, (3, 10, Some(3_000)));
        // 4 + 10 + 15 + 18 + 40 + 30 = 117 s of 6.
        assert_eq!(
            world.says(Kpi::K05, monday).await,
            (117_000, 6, Some(19_500))
        );
        assert_eq!(world.says(Kpi::K06, monday).await, (24_000, 6, Some(4_000)));
        assert_eq!(
            world.says(Kpi::K07, monday).await,
            (600_000, 6, Some(100_000))
        );
        assert_eq!(
            world.says(Kpi::K08, monday).await,
            (180_000, 6, Some(30_000))
        );
        // 600 + 20 + 180 s.
        assert_eq!(
            world.says(Kpi::K09, monday).await,
            (800_000, 6, Some(133_333))
        );
    })
    .await;
}

#[tokio::test]
async fn k_01_and_k_03_are_counted_by_the_agreed_variant_and_say_which() {
    on_both(async |world| {
        a_monday(&world).await;
        let monday = period("2026-11-23", "2026-11-23");
        let cases = [
            (Kpi::K01, "without_short", (6, 9)),
            (Kpi::K01, "offered", (6, 10)),
            // (At + Bt) / (A + B): 3 s and 12 s were given up within 20 s.
            (Kpi::K03, "1", (4 + 2, 9)),
            (Kpi::K03, "2", (4, 6)),
            (Kpi::K03, "3", (4, 9)),
            // At / (A + (B − Bt)).
            (Kpi::K03, "4", (4, 6 + 3 - 2)),
        ];
        for (kpi, variant, (above, below)) in cases {
            world.app.clock.advance(std::time::Duration::from_mins(1));
            let app = (*world.app).clone();
            let set = world.app.db.write(move |tx| async move {
                let new = New {
                    rule: KpiVariant {
                        kpi,
                        variant: variant.to_owned(),
                    },
                    effective_from: None,
                    source: "agreed".to_owned(),
                };
                set(&app, &tx, &Who::system("test"), new).await
            });
            set.await.unwrap();
            // What held at the end of the period counts: on Monday it was not agreed yet.
            let figure = world.figure(kpi, monday, &Cut::all()).await;
            let first = kpi.definition().variants[0];
            assert_eq!(figure.variant.as_deref(), Some(first));
            let week = period("2026-11-23", "2026-11-29");
            let figure = world.figure(kpi, week, &Cut::all()).await;
            assert_eq!(figure.variant.as_deref(), Some(variant));
            assert_eq!(
                (figure.numerator, figure.denominator),
                (above, below),
                "{kpi:?} {variant}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_day_says_nothing() {
    on_both(async |world| {
        a_monday(&world).await;
        let tuesday = period("2026-11-24", "2026-11-24");
        for kpi in Kpi::ALL.iter().take(9) {
            assert_eq!(world.says(*kpi, tuesday).await, (0, 0, None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_across_midnight_belongs_to_the_day_it_came_in_in_guangzhou() {
    on_both(async |world| {
        // 23:59:50 in Guangzhou, answered at 00:00:02, over at 00:05.
        let call = Call::answered(at("2026-11-23T15:59:50Z"), 12, 300);
        let id = world.call(&call).await;
        world.count_all(&[id], &[]).await;
        let one = (1, 1, Some(10_000));
        assert_eq!(
            world
                .says(Kpi::K01, period("2026-11-23", "2026-11-23"))
                .await,
            one
        );
        let none = (0, 0, None);
        assert_eq!(
            world
                .says(Kpi::K01, period("2026-11-24", "2026-11-24"))
                .await,
            none
        );
        assert_eq!(
            world
                .says(Kpi::K07, period("2026-11-23", "2026-11-24"))
                .await,
            (300_000, 1, Some(300_000))
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_that_went_on_counts_for_who_answered_first_with_the_wrap_ups_of_both() {
    on_both(async |world| {
        let mut call = Call::answered(at("2026-11-24T02:00:00Z"), 5, 400);
        call.agents = vec!["agent2", "agent3"];
        call.wrap_ups = vec![20, 50];
        let id = world.call(&call).await;
        world.count_all(&[id], &[]).await;
        let tuesday = period("2026-11-24", "2026-11-24");
        let of = async |name| {
            let cut = Cut::of_person(world.id(name));
            let figure = world.figure(Kpi::K08, tuesday, &cut).await;
            (figure.numerator, figure.denominator)
        };
        assert_eq!(of("agent2").await, (70_000, 1));
        assert_eq!(of("agent3").await, (0, 0));
    })
    .await;
}

#[tokio::test]
async fn calls_that_entered_no_queue_are_contacts_and_nothing_else() {
    on_both(async |world| {
        let mut closed = Call::lost(at("2026-11-24T14:00:00Z"), "after_hours", 20);
        closed.queue = None;
        let mut out = Call::answered(at("2026-11-24T02:00:00Z"), 8, 60);
        out.direction = "outbound";
        out.queue = None;
        let ids = [world.call(&closed).await, world.call(&out).await];
        world.count_all(&ids, &[]).await;
        let tuesday = period("2026-11-24", "2026-11-24");
        assert_eq!(world.says(Kpi::K01, tuesday).await, (0, 0, None));
        assert_eq!(world.says(Kpi::K09, tuesday).await, (0, 0, None));
    })
    .await;
}

#[tokio::test]
async fn the_wallboard_and_the_registry_say_the_same_of_k_02() {
    on_both(async |world| {
        a_monday(&world).await;
        let monday = at("2026-11-23T04:00:00Z");
        let board = floor::work_item::store::recount(world.app.db.read(), monday)
            .await
            .unwrap();
        let figure = world
            .figure(Kpi::K02, period("2026-11-23", "2026-11-23"), &Cut::all())
            .await;
        assert_eq!(board.in_time_bp().map(u64::cast_signed), figure.value);
        assert_eq!(board.decided().cast_signed(), figure.denominator);
    })
    .await;
}
