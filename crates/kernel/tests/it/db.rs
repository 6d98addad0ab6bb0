use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use kernel::problem::{refused, unavailable};
use sea_orm::ConnectionTrait as _;
use testing::{Kind, on_both};

use crate::{NOTES, note, notes, real_pause};

#[tokio::test]
async fn what_was_written_is_read_back() {
    on_both(NOTES, async |app| {
        let writer = app.clone();
        app.db
            .write(async move |tx| note(&writer, &*tx, "a").await)
            .await
            .unwrap();
        assert_eq!(notes(&app).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_refused_closure_leaves_nothing_behind() {
    on_both(NOTES, async |app| {
        let writer = app.clone();
        let problem = app
            .db
            .write::<(), _, _>(async move |tx| {
                note(&writer, &*tx, "a").await?;
                Err(refused("not_now", "a rule says no"))
            })
            .await
            .unwrap_err();
        assert_eq!(problem.code, "not_now");
        assert_eq!(notes(&app).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_is_a_409() {
    on_both(NOTES, async |app| {
        let writer = app.clone();
        app.db
            .write(async move |tx| note(&writer, &*tx, "a").await)
            .await
            .unwrap();
        let writer = app.clone();
        let problem = app
            .db
            .write(async move |tx| note(&writer, &*tx, "a").await)
            .await
            .unwrap_err();
        assert_eq!((problem.status, problem.code), (409, "already_exists"));
    })
    .await;
}

#[tokio::test]
async fn a_panic_in_a_closure_is_a_problem_and_harms_nobody_else() {
    on_both(NOTES, async |app| {
        let writer = app.clone();
        let panicking = app.db.write::<(), _, _>(async move |tx| {
            note(&writer, &*tx, "lost").await?;
            panic!("a fault in a closure");
        });
        let writer = app.clone();
        let sound = app
            .db
            .write(async move |tx| note(&writer, &*tx, "kept").await);
        let (panicked, written) = tokio::join!(panicking, sound);
        assert_eq!(panicked.unwrap_err().status, 500);
        written.unwrap();
        assert_eq!(notes(&app).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_small_writes_share_their_commits_and_failures_stay_single() {
    let app = testing::app(Kind::Sqlite, NOTES, &[]).await;
    let before = app.db.group_commits();
    let writes = (0..6_000).map(|number| {
        let writer = app.clone();
        app.db.write(async move |tx| {
            note(&writer, &*tx, &format!("note {number}")).await?;
            if number % 10 == 3 {
                return Err(refused("not_now", "every tenth is refused"));
            }
            Ok(number)
        })
    });
    let results = futures::future::join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 600);
    assert!(results.iter().flatten().all(|number| number % 10 != 3));
    assert_eq!(notes(&app).await, 5_400);
    let commits = app.db.group_commits() - before;
    assert!(commits <= 200, "6,000 writes took {commits} commits");
}

#[tokio::test]
async fn a_full_write_queue_is_a_503_and_nothing_is_written() {
    let app = testing::app(Kind::Sqlite, NOTES, &[]).await;
    // On one thread the writer does not run until we wait, so the queue fills.
    let mut writes: Vec<_> = (0..10_001)
        .map(|number| {
            let writer = app.clone();
            let write =
                async move |tx: kernel::Tx| note(&writer, &*tx, &format!("note {number}")).await;
            Box::pin(app.db.write(write))
        })
        .collect();
    let mut early = Vec::new();
    for write in &mut writes {
        early.push(std::future::poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await);
    }
    let mut results = Vec::new();
    for (write, early) in writes.into_iter().zip(early) {
        results.push(match early {
            Poll::Ready(result) => result,
            Poll::Pending => write.await,
        });
    }
    let refused: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].status, refused[0].code), (503, "database_busy"));
    assert_eq!(notes(&app).await, 10_000);
}

#[tokio::test]
async fn a_full_disk_is_a_clear_503_and_what_was_acknowledged_stays() {
    let app = testing::app(Kind::Sqlite, NOTES, &[]).await;
    let pages = |count: u32| {
        app.db.write(async move |tx| {
            tx.execute_unprepared(&format!("pragma max_page_count = {count}"))
                .await?;
            Ok(())
        })
    };
    let long = "很长".repeat(2_000);
    pages(100).await.unwrap();
    let writes = (0..200).map(|number| {
        let (writer, text) = (app.clone(), format!("{number} {long}"));
        app.db
            .write(async move |tx| note(&writer, &*tx, &text).await)
    });
    let results = futures::future::join_all(writes).await;
    let written = results.iter().filter(|result| result.is_ok()).count();
    for problem in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(
            (problem.status, problem.code),
            (503, "disk_full"),
            "{problem}"
        );
    }
    assert!(written < 200, "the disk was never full");
    assert_eq!(notes(&app).await, written as u64);
    // Small writes still find room, or are refused as clearly; with space again all goes on.
    pages(1_000_000).await.unwrap();
    let writer = app.clone();
    app.db
        .write(async move |tx| note(&writer, &*tx, "after").await)
        .await
        .unwrap();
    assert_eq!(notes(&app).await, written as u64 + 1);
}

#[tokio::test]
async fn hooks_run_after_the_commit_and_only_then() {
    on_both(NOTES, async |app| {
        let ran = Arc::new(AtomicUsize::new(0));
        let (writer, counter) = (app.clone(), ran.clone());
        app.db
            .write(async move |tx| {
                note(&writer, &*tx, "a").await?;
                tx.on_commit(move || {
                    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                });
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 1);
        let counter = ran.clone();
        let refused = app
            .db
            .write::<(), _, _>(async move |tx| {
                tx.on_commit(move || {
                    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                });
                Err(unavailable("no", "no"))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_stop_the_writer() {
    on_both(NOTES, async |app| {
        let writer = app.clone();
        let slow = app.db.write(async move |tx| {
            real_pause(Duration::from_millis(100)).await;
            note(&writer, &*tx, "slow").await
        });
        assert!(
            app.clock
                .timeout(Duration::from_millis(10), slow)
                .await
                .is_err()
        );
        let writer = app.clone();
        app.db
            .write(async move |tx| note(&writer, &*tx, "next").await)
            .await
            .unwrap();
        assert!((1..=2).contains(&notes(&app).await));
    })
    .await;
}

#[tokio::test]
async fn after_close_writes_are_refused_and_the_file_holds_everything() {
    let app = testing::app(Kind::Sqlite, NOTES, &[]).await;
    let writer = app.clone();
    app.db
        .write(async move |tx| note(&writer, &*tx, "a").await)
        .await
        .unwrap();
    let copy = app.data_dir().join("copy.db");
    app.db.copy_to(&copy).await.unwrap();
    app.db.close().await;
    let problem = app.db.write(async |_tx| Ok(())).await.unwrap_err();
    assert_eq!((problem.status, problem.code), (503, "database_closed"));
    let file = app
        .database_url()
        .strip_prefix("sqlite://")
        .unwrap()
        .to_owned();
    assert!(
        !std::path::Path::new(&format!("{file}-wal")).exists(),
        "the log was not brought in"
    );
    for database in [file, copy.display().to_string()] {
        let again = kernel::Db::connect(&format!("sqlite://{database}"))
            .await
            .unwrap();
        let row = again.read().query_one_raw(sea_orm::Statement::from_string(
            again.backend(),
            "select text from notes",
        ));
        assert!(row.await.unwrap().is_some(), "{database}");
    }
}

#[tokio::test]
async fn the_reading_connections_of_a_file_cannot_write() {
    let app = testing::app(Kind::Sqlite, NOTES, &[]).await;
    assert!(
        app.db
            .read()
            .execute_unprepared("delete from notes")
            .await
            .is_err()
    );
}
