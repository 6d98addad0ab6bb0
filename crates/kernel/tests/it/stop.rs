use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testing::on_both;

use crate::real_pause;

#[tokio::test]
async fn a_stop_waits_for_the_tasks_and_closes_the_database() {
    on_both(&[], async |app| {
        app.run(vec![kernel::capability(&app)]).await;
        let ended = Arc::new(AtomicBool::new(false));
        let (done, told) = (ended.clone(), app.shutdown.clone());
        app.tasks.spawn(async move {
            told.cancelled().await;
            real_pause(Duration::from_millis(100)).await;
            done.store(true, Ordering::Relaxed);
        });
        assert!(app.stop().await, "every task ended");
        assert!(ended.load(Ordering::Relaxed));
        assert!(app.db.write(async |_tx| Ok(())).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_task_that_does_not_end_is_left_after_ten_seconds() {
    on_both(&[], async |app| {
        app.tasks.spawn(std::future::pending::<()>());
        let clock = app.clock.clone();
        let moved = async {
            real_pause(Duration::from_millis(20)).await;
            clock.advance(Duration::from_secs(11));
        };
        let (ended, ()) = tokio::join!(app.stop(), moved);
        assert!(!ended);
    })
    .await;
}
