//! K-20 to K-25 by hand.

use analytics::kpi::{By, Cut, Kpi, series};

use crate::world::{Order, at, on_both, period};

#[tokio::test]
async fn work_orders_give_k_20_k_21_and_k_22() {
    on_both(async |world| {
        let one = world.requester("13900000001").await;
        let came = at("2026-11-16T02:00:00Z");
        let due = at("2026-11-18T10:00:00Z");
        let order = |answered: &str| Order::answered(one, came, due, at(answered));
        let mut open = order("2026-11-18T10:00:00Z");
        open.answered_at = None;
        open.closed_at = None;
        open.state = "in_handling";
        let mut returned = open.clone();
        returned.state = "returned";
        returned.returned = true;
        let mut refused = order("2026-11-17T02:00:00Z");
        refused.returned = true;
        let mut reopened = order("2026-11-17T03:00:00Z");
        reopened.reopened = true;
        let mut own = order("2026-11-17T04:00:00Z");
        own.platform = "";
        // Due today at 18:00 and at 19:00, not answered: it is 18:00.
        let mut today = open.clone();
        today.due_at = at("2026-11-27T10:00:00Z");
        let orders = [
            // To the second in time; a second late.
            order("2026-11-18T10:00:00Z"),
            order("2026-11-18T10:00:01Z"),
            open,
            returned,
            refused,
            reopened,
            own,
            today,
        ];
        let mut ids = Vec::new();
        for order in &orders {
            ids.push(world.ticket(order).await);
        }
        world.count_all(&[], &ids).await;
        let wednesday = period("2026-11-18", "2026-11-18");
        // Due on Wednesday: all but the returned and today's, six; in time four.
        assert_eq!(world.says(Kpi::K20, wednesday).await, (4, 6, Some(6_666)));
        // What is due today counts from tomorrow on.
        let november = period("2026-11-01", "2026-11-30");
        assert_eq!(world.says(Kpi::K20, november).await, (4, 6, Some(6_666)));
        world.app.clock.advance(std::time::Duration::from_hours(24));
        assert_eq!(world.says(Kpi::K20, november).await, (4, 7, Some(5_714)));
        let along = series(&world.desk, &[Kpi::K20], By::Day, november, &Cut::all())
            .await
            .unwrap();
        let below: i64 = along.iter().map(|point| point.figures[0].denominator).sum();
        assert_eq!(below, 7);

        let figure = world.figure(Kpi::K21, november, &Cut::all()).await;
        // Seven came from the platform; two asked to be returned, one was.
        assert_eq!((figure.numerator, figure.denominator), (2, 7));
        let right = &figure.beside[0];
        assert_eq!(
            (right.numerator, right.denominator, right.value),
            (1, 2, Some(5_000))
        );
        // First closed: five; one of them reopened.
        assert_eq!(world.says(Kpi::K22, november).await, (1, 5, Some(2_000)));
        let of_own = Cut {
            channel: Some("ticket".to_owned()),
            ..Cut::default()
        };
        let figure = world.figure(Kpi::K22, november, &of_own).await;
        assert_eq!((figure.numerator, figure.denominator), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn samples_give_k_23_k_24_and_k_25() {
    on_both(async |world| {
        let november = period("2026-11-01", "2026-11-30");
        assert_eq!(world.says(Kpi::K23, november).await, (48, 50, Some(9_600)));
        assert_eq!(world.says(Kpi::K25, november).await, (19, 20, Some(9_500)));
        let figure = world.figure(Kpi::K24, november, &Cut::all()).await;
        assert_eq!(
            (figure.numerator, figure.denominator, figure.value),
            (2, 50, Some(400))
        );
        let kinds: Vec<_> = figure
            .beside
            .iter()
            .map(|one| (one.code.as_str(), one.numerator))
            .collect();
        assert_eq!(kinds, [("business", 1), ("customer", 0), ("compliance", 1)]);
    })
    .await;
}
