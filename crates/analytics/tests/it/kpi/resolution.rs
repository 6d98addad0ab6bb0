//! K-18 and K-19 by hand.

use analytics::kpi::{Cut, Kpi};

use crate::world::{Call, Chat, Order, at, on_both, period};

#[tokio::test]
async fn a_repeat_of_the_same_matter_within_seven_days_says_the_first_resolved_nothing() {
    on_both(async |world| {
        let one = world.requester("13900000001").await;
        let other = world.requester("13900000002").await;
        let call = |time: &str| Call::answered(at(time), 5, 100);
        let calls = [
            // Comes again after 7 days to the second: a repeat.
            call("2026-11-02T02:00:00Z").about(one, "consult", "101"),
            call("2026-11-09T02:00:00Z").about(one, "consult", "101"),
            // And once more a second after 7 days: none.
            call("2026-11-16T02:00:01Z").about(one, "consult", "101"),
            // Another matter, another person, a complaint: none of them repeats.
            call("2026-11-16T03:00:00Z").about(one, "help", "106"),
            call("2026-11-16T04:00:00Z").about(other, "fault", "101"),
            call("2026-11-16T05:00:00Z").about(other, "complaint", "901"),
        ];
        let mut ids = Vec::new();
        for call in &calls {
            ids.push(world.call(call).await);
        }
        world.count_all(&ids, &[]).await;
        let november = period("2026-11-01", "2026-11-30");
        assert_eq!(world.says(Kpi::K18, november).await, (4, 5, Some(8_000)));
        // The first is told by the second, in whatever order they are heard of.
        assert_eq!(
            world
                .says(Kpi::K18, period("2026-11-02", "2026-11-02"))
                .await,
            (0, 1, Some(0))
        );
        // The record of the second is corrected: it was about something else.
        let corrected = calls[1].clone().about(one, "consult", "107");
        world.write_call(ids[1], &corrected).await;
        world.tell("contact.completed", ids[1]).await;
        assert_eq!(world.says(Kpi::K18, november).await, (5, 5, Some(10_000)));
        let of_matter = Cut {
            matter: Some("101".to_owned()),
            ..Cut::default()
        };
        let figure = world.figure(Kpi::K18, november, &of_matter).await;
        assert_eq!((figure.numerator, figure.denominator), (3, 3));
        // A main class takes in what is below it.
        let of_class = Cut {
            matter: Some("1".to_owned()),
            ..Cut::default()
        };
        let figure = world.figure(Kpi::K18, november, &of_class).await;
        assert_eq!((figure.numerator, figure.denominator), (5, 5));
    })
    .await;
}

#[tokio::test]
async fn a_ticket_that_is_reopened_takes_its_contact_out_of_the_resolved() {
    on_both(async |world| {
        let one = world.requester("13900000001").await;
        let (came, due) = (at("2026-11-23T02:00:00Z"), at("2026-11-25T10:00:00Z"));
        let mut order = Order::answered(one, came, due, at("2026-11-24T02:00:00Z"));
        order.platform = "";
        let ticket = world.ticket(&order).await;
        let mut call = Call::answered(came, 5, 100).about(one, "help", "106");
        call.ticket = Some(ticket);
        let id = world.call(&call).await;
        world.count_all(&[id], &[ticket]).await;
        let monday = period("2026-11-23", "2026-11-23");
        assert_eq!(world.says(Kpi::K18, monday).await, (1, 1, Some(10_000)));
        order.reopened = true;
        order.state = "in_handling";
        order.answered_at = None;
        order.closed_at = None;
        world.write_ticket(ticket, &order).await;
        world.tell("ticket.reopened", ticket).await;
        assert_eq!(world.says(Kpi::K18, monday).await, (0, 1, Some(0)));
    })
    .await;
}

#[tokio::test]
async fn ratings_by_telephone_chat_and_revisit_give_k_19_with_the_response_rate_beside() {
    on_both(async |world| {
        let one = world.requester("13900000001").await;
        let mut ids = Vec::new();
        // 5 满意, 3 基本满意, 2 不满意, and one who said nothing.
        for (minute, rating) in [(0, Some(5)), (1, Some(3)), (2, Some(2)), (3, None)] {
            let mut call = Call::answered(at(&format!("2026-11-23T02:0{minute}:00Z")), 5, 100);
            call.rating = rating;
            ids.push(world.call(&call).await);
        }
        let said = Chat {
            at: at("2026-11-23T03:00:00Z"),
            channel: "web",
            requester: one,
            agent: Some("agent2"),
            accepted_after: Some(10),
            responded_after: Some(20),
            ended_after: Some(300),
            reason: Some("agent"),
            said: Some("satisfied"),
            ticket: None,
        };
        ids.push(world.chat(&said).await);
        let (came, due) = (at("2026-11-23T02:00:00Z"), at("2026-11-25T10:00:00Z"));
        let mut tickets = Vec::new();
        for said in ["dissatisfied", "unreached"] {
            let mut order = Order::answered(one, came, due, at("2026-11-23T08:00:00Z"));
            order.revisit = true;
            order.said = Some(said);
            tickets.push(world.ticket(&order).await);
        }
        world.count_all(&ids, &tickets).await;
        let figure = world
            .figure(Kpi::K19, period("2026-11-23", "2026-11-23"), &Cut::all())
            .await;
        // Satisfied 5, 3 and the chat, of five who said something; seven were asked.
        assert_eq!(
            (figure.numerator, figure.denominator, figure.value),
            (3, 5, Some(6_000))
        );
        let rate = &figure.beside[0];
        assert_eq!(
            (
                rate.code.as_str(),
                rate.numerator,
                rate.denominator,
                rate.value
            ),
            ("response_rate", 5, 7, Some(7_142))
        );
    })
    .await;
}
