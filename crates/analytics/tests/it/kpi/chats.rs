//! K-15, K-16, K-17 by hand.

use analytics::kpi::{Cut, Kpi};

use crate::raw::sql;
use crate::world::{Call, Chat, Order, World, at, on_both, period};

async fn chat(
    world: &World,
    told: (&str, Option<i64>, Option<i64>, Option<&'static str>),
) -> uuid::Uuid {
    let (time, accepted_after, responded_after, reason) = told;
    let requester = world.requester("13900000001").await;
    world
        .chat(&Chat {
            at: at(time),
            channel: "web",
            requester,
            agent: accepted_after.map(|_| "agent1"),
            accepted_after,
            responded_after,
            ended_after: Some(600),
            reason,
            said: None,
            ticket: None,
        })
        .await
}

#[tokio::test]
async fn conversations_give_k_15_and_k_16() {
    on_both(async |world| {
        let ids = [
            chat(
                &world,
                ("2026-11-24T01:00:00Z", Some(20), Some(50), Some("agent")),
            )
            .await,
            chat(
                &world,
                ("2026-11-24T02:00:00Z", Some(60), Some(250), Some("idle")),
            )
            .await,
            // Accepted, and never answered a word.
            chat(
                &world,
                ("2026-11-24T03:00:00Z", Some(30), None, Some("requester")),
            )
            .await,
            chat(
                &world,
                ("2026-11-24T04:00:00Z", None, None, Some("abandoned")),
            )
            .await,
            // A machine gave the answer: nobody was asked for.
            chat(
                &world,
                ("2026-11-24T05:00:00Z", None, None, Some("self_service")),
            )
            .await,
        ];
        world.count_all(&ids, &[]).await;
        let tuesday = period("2026-11-24", "2026-11-24");
        assert_eq!(
            world.says(Kpi::K15, tuesday).await,
            (300_000, 2, Some(150_000))
        );
        assert_eq!(world.says(Kpi::K16, tuesday).await, (3, 4, Some(7_500)));
        // Conversations are no calls.
        assert_eq!(world.says(Kpi::K01, tuesday).await, (0, 0, None));
        let of_wechat = Cut {
            channel: Some("wechat_oa".to_owned()),
            ..Cut::default()
        };
        let figure = world.figure(Kpi::K16, tuesday, &of_wechat).await;
        assert_eq!(figure.value, None);
    })
    .await;
}

#[tokio::test]
async fn messages_left_give_k_17_by_whatever_replied_first() {
    on_both(async |world| {
        let requester = world.requester("13900000002").await;
        let evening = at("2026-11-24T12:00:00Z");
        let next_day = at("2026-11-25T01:00:00Z");
        // Left on the website at 20:00, its ticket answered at 9:00: 13 hours.
        let mut order = Order::answered(requester, evening, at("2026-11-26T10:00:00Z"), next_day);
        order.platform = "";
        let ticket = world.ticket(&order).await;
        let left = world
            .chat(&Chat {
                at: evening,
                channel: "web",
                requester,
                agent: None,
                accepted_after: None,
                responded_after: None,
                ended_after: None,
                reason: Some("after_hours"),
                said: None,
                ticket: Some(ticket),
            })
            .await;
        // A voice message, answered by its ticket 36 hours later; one without an answer yet.
        let mut voice = Call::lost(evening, "message_left", 30);
        voice.queue = None;
        let heard = world.call(&voice).await;
        let mut order = Order::answered(
            requester,
            evening,
            at("2026-11-27T10:00:00Z"),
            at("2026-11-25T23:59:55Z"),
        );
        order.platform = "";
        order.call = Some(heard);
        let of_voice = world.ticket(&order).await;
        let unheard = world.call(&voice).await;
        world
            .count_all(&[left, heard, unheard], &[ticket, of_voice])
            .await;
        let tuesday = period("2026-11-24", "2026-11-24");
        let figure = world.figure(Kpi::K17, tuesday, &Cut::all()).await;
        // 13 h and 36 h, of the two that were replied to; the second came at 19:59:55.
        assert_eq!((figure.numerator, figure.denominator), (49 * 3_600_000, 2));
        assert_eq!(figure.value, Some(24 * 3_600_000 + 1_800_000));
        let beside = |code: &str| {
            let found = figure.beside.iter().find(|one| one.code == code).unwrap();
            (found.numerator, found.denominator, found.value)
        };
        assert_eq!(beside("replied"), (2, 3, Some(6_666)));
        assert_eq!(beside("within_24h"), (1, 3, Some(3_333)));
        // What was left asked nobody.
        assert_eq!(world.says(Kpi::K16, tuesday).await, (0, 0, None));
    })
    .await;
}

#[tokio::test]
async fn a_letter_by_e_mail_gives_k_17_by_the_first_answer_whoever_was_at_his_desk() {
    on_both(async |world| {
        let lines = [
            "insert into channels (code, name, kind, enabled, settings, secret_names, allow_private, version) values \
             ('mailbox', '邮箱', 'email', true, '{}', '[]', false, 1)",
        ];
        sql(&world, &lines).await;
        let requester = world.requester("13900000003").await;
        // Written on Saturday at 22:00, accepted on Monday at 8:30, answered an hour later: 35.5 hours. It asked for nobody.
        let letter = Chat {
            at: at("2026-11-21T14:00:00Z"),
            channel: "mailbox",
            requester,
            agent: Some("agent1"),
            accepted_after: Some(34 * 3_600 + 1_800),
            responded_after: Some(35 * 3_600 + 1_800),
            ended_after: None,
            reason: None,
            said: None,
            ticket: None,
        };
        let written = world.chat(&letter).await;
        world.count_all(&[written], &[]).await;
        let saturday = period("2026-11-21", "2026-11-21");
        let told = (35 * 3_600_000 + 1_800_000, 1, Some(127_800_000));
        assert_eq!(world.says(Kpi::K17, saturday).await, told);
        assert_eq!(world.says(Kpi::K16, saturday).await, (0, 0, None));
        assert_eq!(world.says(Kpi::K15, saturday).await, (0, 0, None));
    })
    .await;
}
