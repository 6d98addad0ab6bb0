use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use kernel::jobs::Schedule;
use kernel::problem::unavailable;
use kernel::{App, Capability, JobDef};
use serde_json::json;
use testing::{Kind, on_both};

use crate::{real_pause, until};

type Ran = Arc<Mutex<Vec<serde_json::Value>>>;

fn with(jobs: Vec<JobDef>) -> Vec<Capability> {
    vec![Capability {
        name: "test",
        jobs,
        ..Capability::default()
    }]
}

fn noting(name: &'static str, ran: &Ran) -> JobDef {
    let ran = ran.clone();
    JobDef::on_demand(name, move |payload| {
        ran.lock().unwrap().push(payload);
        async { Ok(()) }
    })
}

fn counting(
    count: &Arc<AtomicUsize>,
) -> impl Fn() -> std::future::Ready<kernel::Result<()>> + use<> {
    let count = count.clone();
    move || {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(()))
    }
}

async fn enqueue(app: &App, name: &'static str, payload: serde_json::Value, after: TimeDelta) {
    let (writer, at) = (app.clone(), app.clock.now() + after);
    app.db
        .write(async move |tx| {
            writer
                .jobs
                .enqueue(&tx, name, payload, at)
                .await
                .map(|_id| ())
        })
        .await
        .unwrap();
}

#[test]
fn a_daily_job_runs_at_its_hour_in_shanghai() {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let daily = Schedule::Daily(2, 30);
    assert_eq!(
        daily.next(at("2026-11-23T02:00:00Z")),
        Some(at("2026-11-23T18:30:00Z"))
    );
    assert_eq!(
        daily.next(at("2026-11-23T18:29:59Z")),
        Some(at("2026-11-23T18:30:00Z"))
    );
    assert_eq!(
        daily.next(at("2026-11-23T18:30:00Z")),
        Some(at("2026-11-24T18:30:00Z"))
    );
    assert_eq!(
        daily.next(at("2026-12-31T19:00:00Z")),
        Some(at("2027-01-01T18:30:00Z"))
    );
    assert_eq!(Schedule::OnDemand.next(at("2026-11-23T02:00:00Z")), None);
}

#[tokio::test]
async fn an_enqueued_job_runs_with_its_payload_and_not_before_its_time() {
    on_both(&[], async |app| {
        let ran = Ran::default();
        app.run(with(vec![noting("letters.send", &ran)])).await;
        enqueue(&app, "letters.send", json!({ "n": 1 }), TimeDelta::zero()).await;
        enqueue(&app, "letters.send", json!({ "n": 2 }), TimeDelta::hours(1)).await;
        app.settle().await;
        assert_eq!(*ran.lock().unwrap(), [json!({ "n": 1 })]);
        app.clock.advance(Duration::from_secs(3601));
        app.settle().await;
        assert_eq!(*ran.lock().unwrap(), [json!({ "n": 1 }), json!({ "n": 2 })]);
    })
    .await;
}

#[tokio::test]
async fn a_job_nobody_knows_is_refused_at_once() {
    on_both(&[], async |app| {
        app.run(Vec::new()).await;
        let (writer, now) = (app.clone(), app.clock.now());
        let refused = app
            .db
            .write(async move |tx| {
                writer
                    .jobs
                    .enqueue(&tx, "no.such", json!({ "n": 1 }), now)
                    .await
            })
            .await;
        assert_eq!(refused.unwrap_err().status, 500);
    })
    .await;
}

#[tokio::test]
async fn a_payload_that_one_of_the_databases_cannot_keep_is_refused_on_both() {
    on_both(&[], async |app| {
        app.run(with(vec![noting("letters.send", &Ran::default())]))
            .await;
        let (writer, now) = (app.clone(), app.clock.now());
        let enqueue = app.db.write(async move |tx| {
            writer
                .jobs
                .enqueue(&tx, "letters.send", json!(7), now)
                .await
        });
        assert!(enqueue.await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_is_tried_again_and_a_panic_is_a_failure() {
    on_both(&[], async |app| {
        let count = Arc::new(AtomicUsize::new(0));
        let tries = count.clone();
        let job = JobDef::on_demand("letters.send", move |_payload| {
            let count = tries.fetch_add(1, Ordering::Relaxed);
            async move {
                match count {
                    0 => Err(unavailable("down", "the far end is down")),
                    1 => panic!("a fault in a job"),
                    _ => Ok(()),
                }
            }
        });
        app.run(with(vec![job])).await;
        enqueue(&app, "letters.send", json!({}), TimeDelta::zero()).await;
        until("three tries", async || {
            app.clock.advance(Duration::from_millis(500));
            count.load(Ordering::Relaxed) == 3
        })
        .await;
        app.settle().await;
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_job_runs_again_and_again_and_never_beside_itself() {
    on_both(&[], async |app| {
        let (count, inside) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (runs, within) = (count.clone(), inside.clone());
        let job = JobDef::every("calls.sweep", Duration::from_mins(1), move || {
            let (runs, within) = (runs.clone(), within.clone());
            async move {
                assert_eq!(within.fetch_add(1, Ordering::Relaxed), 0, "beside itself");
                real_pause(Duration::from_millis(50)).await;
                within.fetch_sub(1, Ordering::Relaxed);
                runs.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        });
        app.run(with(vec![job])).await;
        real_pause(Duration::from_millis(50)).await;
        assert_eq!(
            count.load(Ordering::Relaxed),
            0,
            "not before the first pause is over"
        );
        for run in 1..=3 {
            app.clock.advance(Duration::from_secs(61));
            until("ran", async || count.load(Ordering::Relaxed) == run).await;
            until("written down", async || {
                let standing = app.jobs.standing(app.db.read()).await.unwrap();
                standing[0].last_finished_at.is_some() && standing[0].next_at > app.clock.now()
            })
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_job_that_fails_says_so_and_comes_again_soon() {
    on_both(&[], async |app| {
        let job = JobDef::daily("backup", 3, 0, || async {
            Err(unavailable("disk_full", "full"))
        });
        app.run(with(vec![job])).await;
        app.clock.advance(Duration::from_secs(17 * 3600 + 1));
        until("the failure stands", async || {
            let standing = app.jobs.standing(app.db.read()).await.unwrap();
            standing[0].failures == 1
                && standing[0].last_error.as_deref() == Some("disk_full: full")
        })
        .await;
        let standing = app.jobs.standing(app.db.read()).await.unwrap();
        assert!(standing[0].next_at < app.clock.now() + TimeDelta::minutes(1));
    })
    .await;
}

#[tokio::test]
async fn what_was_missed_while_nothing_ran_runs_once_at_the_next_start() {
    on_both(&[], async |app| {
        let count = Arc::new(AtomicUsize::new(0));
        app.run(with(vec![JobDef::daily("backup", 3, 0, counting(&count))]))
            .await;
        app.clock.advance(Duration::from_hours(72));
        until("ran once", async || count.load(Ordering::Relaxed) == 1).await;
        real_pause(Duration::from_millis(1500)).await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_a_scheduled_job_runs_on_one_node() {
    if !Kind::all().contains(&Kind::Postgres) {
        return;
    }
    let app = testing::app(Kind::Postgres, &[], &[]).await;
    let folder = testing::Folder::new();
    let count = Arc::new(AtomicUsize::new(0));
    let job = || JobDef::every("calls.sweep", Duration::from_mins(1), counting(&count));
    app.run(with(vec![job()])).await;
    let mut nodes = Vec::new();
    for node in ["second", "third"] {
        let settings = [
            ("data_dir", folder.path().join(node).display().to_string()),
            ("database.url", app.database_url().to_owned()),
            ("cluster.node", node.to_owned()),
        ];
        let config = kernel::Config::with_overrides(&settings).unwrap();
        let other = App::open(config, app.clock.clone()).await.unwrap();
        kernel::assemble(&other, with(vec![job()]), axum::Router::new(), |router| {
            router
        })
        .await
        .unwrap();
        nodes.push(other);
    }
    for run in 1..=5 {
        app.clock.advance(Duration::from_secs(61));
        until("ran", async || count.load(Ordering::Relaxed) >= run).await;
        real_pause(Duration::from_millis(300)).await;
        assert_eq!(count.load(Ordering::Relaxed), run, "by one node only");
    }
    for node in nodes {
        node.stop().await;
    }
}
