//! Missed calls are somebody's, and are returned in time.

use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

use super::{Stage, lead, on_both};

const CALLBACKS: &str = "/api/v1/callbacks";

impl Stage {
    async fn one(&self) -> Value {
        let all = self.get(&lead(), CALLBACKS).await;
        assert_eq!(all["total"], 1, "{all}");
        let id = all["items"][0]["id"].as_str().unwrap();
        self.get(&lead(), &format!("{CALLBACKS}/{id}")).await
    }

    async fn figures(&self) -> Value {
        self.get(&lead(), "/api/v1/callback-figures").await
    }

    /// Lets the timers of the rows do what is due.
    async fn until(&self, what: &str, done: impl AsyncFn() -> bool) {
        for _ in 0..200 {
            if done().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{what} did not come");
    }
}

fn owner(row: &Value) -> Uuid {
    row["owner"]["id"].as_str().unwrap().parse().unwrap()
}

fn back(callback: &Value) -> Value {
    json!({ "purpose": "callback", "callback_id": callback["id"] })
}

#[tokio::test]
async fn missed_calls_of_one_number_are_one_call_back_that_its_owner_makes_in_time() {
    on_both(async |stage| {
        let seat = stage.ready(1).await;
        let first = stage.misses("13900000001").await;
        let again = stage.misses("+8613900000001").await;
        let row = stage.one().await;
        assert_eq!(
            (&row["missed"], &row["number"], &row["state"], owner(&row)),
            (
                &json!(2),
                &json!("139****0001"),
                &json!("open"),
                stage.agent(1)
            )
        );
        let calls: Vec<&Value> = row["missed_calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| &call["call_id"])
            .collect();
        assert_eq!(calls, [&json!(again), &json!(first)]);
        assert_eq!(stage.floor.wallboard().await.unwrap().callbacks_due, 2);

        let placed = stage.done(&seat, "/api/v1/calls", back(&row)).await;
        assert_eq!(placed["number"], "139****0001");
        let order = stage.orders().pop().unwrap();
        assert_eq!(
            (order.number.as_str(), order.callback_work),
            ("13900000001", Some(again))
        );
        stage.ends("rejected").await;
        let row = stage.one().await;
        assert_eq!(
            (&row["attempts"], &row["state"], &row["in_time"]),
            (&json!(1), &json!("open"), &json!(true))
        );
        stage.done(&seat, "/api/v1/calls", back(&row)).await;
        let call = stage.ends("answered").await;
        let row = stage.one().await;
        assert_eq!(
            (
                &row["state"],
                &row["closing_call"],
                &row["calls"].as_array().unwrap().len()
            ),
            (&json!("reached"), &json!(call), &2)
        );
        assert_eq!(stage.floor.wallboard().await.unwrap().callbacks_due, 0);
        let figures = stage.figures().await;
        assert_eq!(
            (&figures["due"], &figures["in_time"], &figures["rate_bp"]),
            (&json!(1), &json!(1), &json!(10_000))
        );
        let counted = stage
            .get(&lead(), &format!("{CALLBACKS}?counted=true&in_time=true"))
            .await;
        assert_eq!(counted["total"], 1, "the figure opens its rows");
        // The next missed call is a new one.
        stage.misses("13900000001").await;
        assert_eq!(stage.get(&lead(), CALLBACKS).await["total"], 2);
        let ended = stage.post(&seat, "/api/v1/calls", back(&row)).await;
        assert_eq!(ended.json["code"], "callback_ended");
    })
    .await;
}

#[tokio::test]
async fn they_go_to_those_on_duty_in_turn_and_to_the_owner_of_the_ticket_first() {
    on_both(async |stage| {
        for number in 1..=3 {
            stage.ready(number).await;
        }
        stage.away(2).await;
        let mut owners = Vec::new();
        for n in 1..=4 {
            stage.misses(&format!("1390000000{n}")).await;
            let all = stage.get(&lead(), CALLBACKS).await;
            owners.push(owner(&all["items"][0]));
        }
        assert_eq!(owners[0], owners[2]);
        assert_eq!(owners[1], owners[3]);
        assert_ne!(owners[0], owners[1]);
        assert!(!owners.contains(&stage.agent(2)), "who is away gets none");

        let taker = owners[3];
        *stage.desk.taker.lock().unwrap() = Some(taker);
        stage.ticket("13900000009").await;
        stage.misses("13900000009").await;
        let all = stage.get(&lead(), CALLBACKS).await;
        assert_eq!(owner(&all["items"][0]), taker);
        *stage.desk.taker.lock().unwrap() = Some(stage.agent(2));
        stage.ticket("13900000008").await;
        stage.misses("13900000008").await;
        let all = stage.get(&lead(), CALLBACKS).await;
        assert_ne!(owner(&all["items"][0]), stage.agent(2), "he is not there");
    })
    .await;
}

#[tokio::test]
async fn who_has_nobody_gets_somebody_as_soon_as_there_is_one() {
    on_both(async |stage| {
        stage.misses("13900000001").await;
        assert!(stage.one().await["owner"].is_null());
        stage.ready(4).await;
        stage.app.clock.advance(Duration::from_secs(61));
        stage
            .until("an owner", async || !stage.one().await["owner"].is_null())
            .await;
        assert_eq!(owner(&stage.one().await), stage.agent(4));
    })
    .await;
}

#[tokio::test]
async fn its_owner_is_warned_and_a_breach_is_told_and_counted() {
    on_both(async |stage| {
        let seat = stage.ready(1).await;
        stage.misses("13900000001").await;
        assert_eq!(stage.figures().await["rate_bp"], json!(null));
        stage.app.clock.advance(Duration::from_mins(20));
        stage
            .until("a warning", async || {
                stage.events("callback.warned").await.len() == 1
            })
            .await;
        assert_eq!(stage.events("callback.overdue").await.len(), 0);
        stage.app.clock.advance(Duration::from_mins(10));
        stage
            .until("a breach", async || {
                stage.events("callback.overdue").await.len() == 1
            })
            .await;
        let told = &stage.events("callback.overdue").await[0];
        assert_eq!(told["owner_id"], json!(stage.agent(1)));
        let figures = stage.figures().await;
        assert_eq!(
            (
                &figures["due"],
                &figures["in_time"],
                &figures["rate_bp"],
                &figures["overdue"]
            ),
            (&json!(1), &json!(0), &json!(0), &json!(1))
        );
        let row = stage.one().await;
        stage.done(&seat, "/api/v1/calls", back(&row)).await;
        stage.ends("answered").await;
        let row = stage.one().await;
        assert_eq!(
            (&row["state"], &row["in_time"]),
            (&json!("reached"), &json!(false))
        );
    })
    .await;
}

#[tokio::test]
async fn who_calls_in_himself_and_is_answered_is_owed_nothing() {
    on_both(async |stage| {
        stage.ready(1).await;
        stage.misses("13900000001").await;
        let call = stage.is_answered("013900000001", stage.agent(2)).await;
        let row = stage.one().await;
        assert_eq!(
            (&row["state"], &row["closing_call"], &row["in_time"]),
            (&json!("called_in"), &json!(call), &json!(null))
        );
        assert_eq!(row["closed_by"]["id"], json!(stage.agent(2)));
        assert_eq!(stage.floor.wallboard().await.unwrap().callbacks_due, 0);
        let figures = stage.figures().await;
        assert_eq!(
            (&figures["due"], &figures["called_in"]),
            (&json!(0), &json!(1))
        );
    })
    .await;
}

#[tokio::test]
async fn it_is_given_up_after_all_attempts_or_by_a_lead() {
    on_both(async |stage| {
        let (seat, other) = (stage.ready(1).await, stage.seat(2));
        stage.agree("outbound.most_per_number", "9").await;
        stage.misses("13900000001").await;
        let row = stage.one().await;
        let path = format!("{CALLBACKS}/{}/give-up", row["id"].as_str().unwrap());
        let end = |row: &Value| json!({ "version": row["version"], "reason": "三次无人接听" });
        assert_eq!(stage.refused(&other, &path, end(&row)).await.0, 404);
        for _ in 0..3 {
            let row = stage.one().await;
            let early = stage.refused(&seat, &path, end(&row)).await;
            assert_eq!(early, (409, "callback_attempts_left".to_owned()));
            stage.done(&seat, "/api/v1/calls", back(&row)).await;
            // Our own telephone did not answer: that is no attempt.
            stage.ends("no_agent_answer").await;
            stage.done(&seat, "/api/v1/calls", back(&row)).await;
            stage.ends("rejected").await;
        }
        let row = stage.one().await;
        assert_eq!(row["attempts"], 3);
        assert_eq!(
            stage
                .refused(
                    &seat,
                    &path,
                    json!({ "version": row["version"], "reason": " " })
                )
                .await
                .0,
            422
        );
        let over = stage.done(&seat, &path, end(&row)).await;
        assert_eq!(
            (&over["state"], &over["note"], &over["in_time"]),
            (&json!("unreached"), &json!("三次无人接听"), &json!(true))
        );
        stage.misses("13900000002").await;
        let all = stage.get(&lead(), &format!("{CALLBACKS}?open=true")).await;
        let row = &all["items"][0];
        let path = format!("{CALLBACKS}/{}/give-up", row["id"].as_str().unwrap());
        let over = stage.done(&lead(), &path, end(row)).await;
        assert_eq!(
            (&over["state"], &over["in_time"]),
            (&json!("unreached"), &json!(false))
        );
    })
    .await;
}

#[tokio::test]
async fn a_lead_gives_it_to_somebody_else_and_only_its_owner_calls() {
    on_both(async |stage| {
        let seat = stage.ready(1).await;
        stage.misses("13900000001").await;
        let other = stage.ready(2).await;
        let row = stage.one().await;
        let refused = stage.refused(&other, "/api/v1/calls", back(&row)).await;
        assert_eq!(refused, (409, "outbound_not_yours".to_owned()));
        let path = format!("{CALLBACKS}/{}/assign", row["id"].as_str().unwrap());
        let to = |who: Uuid, row: &Value| json!({ "version": row["version"], "owner_id": who });
        assert_eq!(
            stage
                .refused(&lead(), &path, to(lead().user_id, &row))
                .await
                .1,
            "not_an_agent"
        );
        assert_eq!(
            stage
                .refused(&lead(), &path, to(stage.agent(1), &row))
                .await
                .1,
            "callback_same_owner"
        );
        let given = stage.done(&lead(), &path, to(stage.agent(2), &row)).await;
        assert_eq!(owner(&given), stage.agent(2));
        assert_eq!(
            stage
                .refused(&lead(), &path, to(stage.agent(1), &row))
                .await
                .1,
            "stale_version"
        );
        assert_eq!(
            stage.refused(&seat, "/api/v1/calls", back(&row)).await.1,
            "outbound_not_yours"
        );
        // Not to another number.
        let else_where =
            json!({ "purpose": "callback", "callback_id": row["id"], "to": "13900000002" });
        assert_eq!(
            stage.refused(&other, "/api/v1/calls", else_where).await.1,
            "outbound_other_number"
        );
        stage.done(&other, "/api/v1/calls", back(&row)).await;
        let mine = stage
            .get(&other, &format!("{CALLBACKS}?mine=true&q=13900000001"))
            .await;
        assert_eq!(mine["total"], 1);
        let settled = format!("{CALLBACKS}/{}/settle", row["id"].as_str().unwrap());
        let settle = json!({ "version": given["version"], "reason": "已到现场" });
        let over = stage.done(&lead(), &settled, settle).await;
        assert_eq!(over["state"], "reached");
        // A call that ends after it is over changes nothing.
        stage.ends("answered").await;
        assert_eq!(stage.one().await["note"], "已到现场");
    })
    .await;
}

#[tokio::test]
async fn who_withheld_his_number_is_written_down_and_not_owed() {
    on_both(async |stage| {
        stage.ready(1).await;
        stage.misses("").await;
        stage.misses("").await;
        let all = stage
            .get(&lead(), &format!("{CALLBACKS}?state=no_number"))
            .await;
        assert_eq!(all["total"], 2, "two strangers");
        assert_eq!(stage.floor.wallboard().await.unwrap().callbacks_due, 0);
        assert_eq!(stage.figures().await["due"], 0);
    })
    .await;
}

#[tokio::test]
async fn who_left_a_message_after_closing_is_owed_no_call_beside_it() {
    on_both(async |stage| {
        let number = "13900000061";
        let owed = async || {
            let list = stage.get(&lead(), CALLBACKS).await;
            let due = stage.floor.wallboard().await.unwrap().callbacks_due;
            (list["total"].as_u64().unwrap(), due)
        };
        let spoke = stage.is_closed_out(number).await;
        assert_eq!(owed().await, (0, 1), "he may be speaking");
        stage.ends_inbound(spoke, number, "message_left").await;
        assert_eq!(
            owed().await,
            (0, 0),
            "the ticket of the message is what is owed"
        );
        // Told again it stays so.
        stage.ends_inbound(spoke, number, "message_left").await;
        assert_eq!(owed().await, (0, 0));
        // Another attempt, in which he said nothing.
        let silent = stage.is_closed_out(number).await;
        stage.ends_inbound(silent, number, "after_hours").await;
        assert_eq!(owed().await, (1, 1));
        assert_eq!(stage.one().await["missed"], 1);
    })
    .await;
}
