use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::problem::unavailable;
use kernel::{App, Capability, EventHandler};
use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement};
use serde_json::json;
use testing::{Kind, on_both};

use crate::{NOTES, note, notes, real_pause, until};

type Heard = Arc<Mutex<Vec<String>>>;

fn hearing(name: &'static str, heard: &Heard) -> EventHandler {
    let heard = heard.clone();
    EventHandler::new(name, &["call.ended"], move |event| {
        heard.lock().unwrap().push(event.subject_id);
        async { Ok(()) }
    })
}

fn with(event_handlers: Vec<EventHandler>) -> Vec<Capability> {
    vec![Capability {
        name: "test",
        event_handlers,
        ..Capability::default()
    }]
}

async fn publish(app: &App, subject: &str) {
    let (writer, subject) = (app.clone(), subject.to_owned());
    app.db
        .write(async move |tx| {
            note(&writer, &*tx, &subject).await?;
            writer
                .events
                .publish(&tx, "call.ended", &subject, json!({ "talk_s": 4 }))
                .await
        })
        .await
        .unwrap();
}

#[derive(Debug, FromQueryResult)]
struct Delivery {
    state: String,
    attempts: i32,
    last_error: Option<String>,
}

async fn deliveries(app: &App) -> Vec<Delivery> {
    let sql = "select state, attempts, last_error from event_deliveries order by handler, id";
    let statement = Statement::from_string(app.db.backend(), sql);
    Delivery::find_by_statement(statement)
        .all(app.db.read())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_handler_hears_every_event_once_and_in_order() {
    on_both(NOTES, async |app| {
        let (one, two) = (Heard::default(), Heard::default());
        app.run(with(vec![
            hearing("one.hears", &one),
            hearing("two.hears", &two),
        ]))
        .await;
        let subjects: Vec<String> = (0..60).map(|number| number.to_string()).collect();
        for subject in &subjects {
            publish(&app, subject).await;
        }
        app.settle().await;
        assert_eq!(*one.lock().unwrap(), subjects);
        assert_eq!(*two.lock().unwrap(), subjects);
        assert!(
            deliveries(&app)
                .await
                .iter()
                .all(|row| row.state == "done" && row.attempts == 1)
        );
        let told = app.events.of_subject(app.db.read(), "7").await.unwrap();
        assert_eq!(
            (told.len(), told[0].payload["talk_s"].as_i64()),
            (1, Some(4))
        );
    })
    .await;
}

#[tokio::test]
async fn an_event_of_a_refused_change_is_never_heard() {
    on_both(NOTES, async |app| {
        let heard = Heard::default();
        app.run(with(vec![hearing("one.hears", &heard)])).await;
        let writer = app.clone();
        let refused = app
            .db
            .write::<(), _, _>(async move |tx| {
                writer
                    .events
                    .publish(&tx, "call.ended", "1", json!({}))
                    .await?;
                Err(kernel::problem::refused("no", "no"))
            })
            .await;
        assert!(refused.is_err());
        publish(&app, "2").await;
        app.settle().await;
        assert_eq!(*heard.lock().unwrap(), ["2"]);
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_fails_or_panics_is_tried_again_later_and_holds_up_nobody() {
    on_both(NOTES, async |app| {
        let (heard, tries) = (Heard::default(), Heard::default());
        let counter = tries.clone();
        let failing = EventHandler::new("bad.hears", &["call.ended"], move |event| {
            let mut tries = counter.lock().unwrap();
            tries.push(event.subject_id);
            let count = tries.len();
            drop(tries);
            async move {
                match count {
                    1 => Err(unavailable("not_yet", "try again")),
                    2 => panic!("a fault in a handler"),
                    _ => Ok(()),
                }
            }
        });
        app.run(with(vec![failing, hearing("good.hears", &heard)]))
            .await;
        publish(&app, "1").await;
        until("the good handler heard it", async || {
            heard.lock().unwrap().len() == 1
        })
        .await;
        until("the first failure is written down", async || {
            deliveries(&app).await[0].last_error.as_deref() == Some("not_yet: try again")
        })
        .await;
        app.clock.advance(Duration::from_secs(2));
        until("tried again", async || tries.lock().unwrap().len() == 2).await;
        until("the panic is written down", async || {
            deliveries(&app).await[0].attempts == 2
        })
        .await;
        app.clock.advance(Duration::from_secs(4));
        until("done in the end", async || {
            deliveries(&app).await[0].state == "done"
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_fails_for_hours_is_given_up_and_can_be_replayed() {
    on_both(NOTES, async |app| {
        let mended = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let state = mended.clone();
        let failing = EventHandler::new("bad.hears", &["call.ended"], move |_event| {
            let mended = state.load(std::sync::atomic::Ordering::Relaxed);
            async move {
                if mended {
                    Ok(())
                } else {
                    Err(unavailable("down", "still down"))
                }
            }
        });
        app.run(with(vec![failing])).await;
        publish(&app, "1").await;
        until("given up", async || {
            app.clock.advance(Duration::from_secs(901));
            deliveries(&app).await[0].state == "dead"
        })
        .await;
        assert_eq!(deliveries(&app).await[0].attempts, 20);
        mended.store(true, std::sync::atomic::Ordering::Relaxed);
        let writer = app.clone();
        let revived = app
            .db
            .write(async move |tx| writer.events.replay(&tx, "bad.hears").await)
            .await
            .unwrap();
        assert_eq!(revived, 1);
        app.settle().await;
        assert_eq!(deliveries(&app).await[0].state, "done");
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_process_left_undone_is_taken_up_at_the_next_start() {
    on_both(NOTES, async |app| {
        let heard = Heard::default();
        app.events.subscribe(vec![hearing("one.hears", &heard)]);
        publish(&app, "1").await;
        publish(&app, "2").await;
        // Killed after the claim of the first, before the look at the second.
        let node = app.node.to_string();
        app.db
            .write(async move |tx| {
                let sql = format!(
                    "update event_deliveries set state = 'running', claimed_by = '{node}', \
                     attempts = 1, claimed_until = due_at where id = (select min(id) from \
                     (select id from event_deliveries order by id limit 1) as first)"
                );
                // PostgreSQL has no min of uuid; the inner query has one row anyway.
                let sql = sql.replace("select min(id) from", "select id from");
                tx.execute_unprepared(&sql).await?;
                Ok(())
            })
            .await
            .unwrap();
        app.run(Vec::new()).await;
        app.settle().await;
        assert_eq!(*heard.lock().unwrap(), ["1", "2"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_the_work_and_do_nothing_twice() {
    if !Kind::all().contains(&Kind::Postgres) {
        return;
    }
    let app = testing::app(Kind::Postgres, NOTES, &[]).await;
    let heard = Heard::default();
    let slow = |name| {
        let heard = heard.clone();
        EventHandler::new(name, &["call.ended"], move |event| {
            let heard = heard.clone();
            async move {
                real_pause(Duration::from_millis(2)).await;
                heard.lock().unwrap().push(event.subject_id);
                Ok(())
            }
        })
    };
    let folder = testing::Folder::new();
    let settings = [
        ("data_dir", folder.path().display().to_string()),
        ("database.url", app.database_url().to_owned()),
        ("cluster.node", "second".to_owned()),
    ];
    let config = kernel::Config::with_overrides(&settings).unwrap();
    let second = App::open(config, app.clock.clone()).await.unwrap();
    app.run(with(vec![slow("one.hears")])).await;
    kernel::assemble(
        &second,
        with(vec![slow("one.hears")]),
        axum::Router::new(),
        |router| router,
    )
    .await
    .unwrap();
    for number in 0..200 {
        publish(&app, &number.to_string()).await;
    }
    app.settle().await;
    let mut heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 200);
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 200);
    assert_eq!(notes(&app).await, 200);
    second.stop().await;
}
