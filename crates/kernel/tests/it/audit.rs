use std::time::Duration;

use axum::http::{Method, StatusCode};
use kernel::audit::{self, Who};
use kernel::{App, Role};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;
use testing::{call, on_both, principal};

use crate::until;

async fn record(app: &App, action: &str, subject: &str) {
    let (writer, action, subject) = (app.clone(), action.to_owned(), subject.to_owned());
    app.db
        .write(async move |tx| {
            let who = Who::system("test");
            let details = json!({ "b": 1, "a": { "z": [1, 2], "名": "值" } });
            audit::record(&writer, &*tx, &who, &action, "call", &subject, details).await
        })
        .await
        .unwrap();
}

async fn sql(app: &App, statement: &'static str) {
    app.db
        .write(async move |tx| {
            tx.execute_unprepared(statement).await?;
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn the_sealer_links_every_row_within_a_second() {
    on_both(&[], async |app| {
        audit::start(&app);
        for number in 0..20 {
            record(&app, "call.listened", &number.to_string()).await;
        }
        until("all sealed", async || {
            audit::unsealed(app.db.read()).await.unwrap() == 0
        })
        .await;
        let found = audit::verify(app.db.read()).await.unwrap();
        assert!(found.is_whole(), "{found}");
        assert_eq!((found.checked, found.head.unwrap().seq), (20, 20));
    })
    .await;
}

#[tokio::test]
async fn a_changed_row_is_named() {
    on_both(&[], async |app| {
        for number in 0..5 {
            record(&app, "call.listened", &number.to_string()).await;
        }
        assert_eq!(audit::seal(&app).await.unwrap(), 5);
        let head = audit::head(app.db.read()).await.unwrap().unwrap();
        sql(
            &app,
            "update audit_entries set action = 'call.ended' where seq = 3",
        )
        .await;
        let found = audit::verify(app.db.read()).await.unwrap();
        assert!(!found.is_whole());
        assert_eq!((found.checked, found.broken.as_ref().unwrap().seq), (2, 3));
        assert!(found.to_string().starts_with("broken at row 3"), "{found}");
        sql(
            &app,
            "update audit_entries set action = 'call.listened' where seq = 3",
        )
        .await;
        assert!(audit::verify(app.db.read()).await.unwrap().is_whole());
        assert_eq!(audit::head(app.db.read()).await.unwrap().unwrap(), head);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_was_taken_away_is_named_wherever_it_stood() {
    on_both(&[], async |app| {
        for number in 0..5 {
            record(&app, "call.listened", &number.to_string()).await;
        }
        audit::seal(&app).await.unwrap();
        sql(&app, "update audit_entries set seq = 5000 where seq = 5").await;
        let found = audit::verify(app.db.read()).await.unwrap();
        assert_eq!(found.broken.unwrap().seq, 5, "the end was cut off");
        sql(&app, "update audit_entries set seq = 5 where seq = 5000").await;
        sql(&app, "delete from audit_entries where seq = 2").await;
        let found = audit::verify(app.db.read()).await.unwrap();
        assert_eq!(found.broken.unwrap().seq, 2);
    })
    .await;
}

#[tokio::test]
async fn of_two_sealers_one_works_and_the_other_takes_over_when_it_dies() {
    on_both(&[], async |app| {
        let mut other = (*app).clone();
        other.node = "other".into();
        record(&app, "a.b", "1").await;
        assert_eq!(audit::seal(&app).await.unwrap(), 1);
        record(&app, "a.b", "2").await;
        assert_eq!(audit::seal(&other).await.unwrap(), 0, "the lease is held");
        app.clock.advance(Duration::from_secs(11));
        assert_eq!(audit::seal(&other).await.unwrap(), 1);
        assert!(audit::verify(app.db.read()).await.unwrap().is_whole());
    })
    .await;
}

#[tokio::test]
async fn a_refused_change_leaves_no_trace_in_the_trail() {
    on_both(&[], async |app| {
        let writer = app.clone();
        let refused = app
            .db
            .write::<(), _, _>(async move |tx| {
                let who = Who::system("test");
                audit::record(&writer, &*tx, &who, "a.b", "c", 1, json!({})).await?;
                Err(kernel::problem::refused("no", "no"))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(audit::unsealed(app.db.read()).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn of_many_that_seal_at_once_none_comes_back_before_its_row_is_sealed() {
    on_both(&[], async |app| {
        let one = async |number: usize| {
            let subject = number.to_string();
            record(&app, "call.listened", &subject).await;
            audit::seal(&app).await.unwrap();
            let waits = Statement::from_sql_and_values(
                app.db.backend(),
                "select 1 as one from audit_entries where seq is null and subject_id = $1",
                [subject.into()],
            );
            let row = app.db.read().query_one_raw(waits).await.unwrap();
            assert!(row.is_none(), "row {number} is not sealed");
        };
        futures::future::join_all((0..8).map(one)).await;
        let found = audit::verify(app.db.read()).await.unwrap();
        assert!(found.is_whole(), "{found}");
        assert_eq!((found.checked, found.head.unwrap().seq), (8, 8));
    })
    .await;
}

#[tokio::test]
async fn the_trail_is_read_by_those_who_check_and_by_nobody_else() {
    on_both(&[], async |app| {
        let router = app.start(vec![kernel::capability(&app)]).await;
        for (action, subject) in [
            ("call.listened", "1"),
            ("call_listened", "1"),
            ("user.created", "2"),
        ] {
            record(&app, action, subject).await;
            app.clock.advance(Duration::from_mins(1));
        }
        audit::seal(&app).await.unwrap();
        let auditor = principal(&[Role::AuditAdmin]);
        let list = async |query: &str| {
            let path = format!("/api/v1/audit?{query}");
            let answer = call(&router, Some(&auditor), Method::GET, &path, None).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json);
            answer.json["total"].as_u64().unwrap()
        };
        assert_eq!(list("").await, 3);
        assert_eq!(list("action=call.listened").await, 1);
        assert_eq!(list("action=call.*").await, 1);
        assert_eq!(list("action=call_*").await, 1, "no pattern of the database");
        assert_eq!(list("subject_kind=call&subject=2").await, 1);
        assert_eq!(
            list("from=2026-11-23T02:00:30Z&to=2026-11-23T02:01:30Z").await,
            1
        );
        assert_eq!(list("who=00000000-0000-7000-8000-000000000001").await, 0);
        let state = call(
            &router,
            Some(&auditor),
            Method::GET,
            "/api/v1/audit/state",
            None,
        )
        .await;
        assert_eq!(state.json["head"]["seq"], 3);
        assert_eq!(state.json["tail_whole"], true);
        let agent = principal(&[Role::Agent]);
        for path in ["/api/v1/audit", "/api/v1/audit/state"] {
            let refused = call(&router, Some(&agent), Method::GET, path, None).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            assert_eq!(refused.json["permission"], "audit:view");
            let nobody = call(&router, None, Method::GET, path, None).await;
            assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
        }
    })
    .await;
}

#[tokio::test]
async fn every_night_the_whole_chain_is_checked() {
    on_both(&[], async |app| {
        let router = app.start(vec![kernel::capability(&app)]).await;
        record(&app, "a.b", "1").await;
        audit::seal(&app).await.unwrap();
        sql(&app, "update audit_entries set action = 'a.c'").await;
        // From Monday 10:00 to Tuesday 02:30 of Asia/Shanghai.
        app.clock.advance(Duration::from_mins(1000));
        let auditor = principal(&[Role::AuditAdmin]);
        until("the check stands", async || {
            let state = call(
                &router,
                Some(&auditor),
                Method::GET,
                "/api/v1/audit/state",
                None,
            )
            .await;
            state.json["last_check"]["broken_seq"] == 1 && state.json["broken"]["seq"] == 1
        })
        .await;
    })
    .await;
}

#[test]
fn a_digest_needs_the_key_and_shows_nothing() {
    let digest = audit::digest(b"key", "13800001234");
    assert_eq!(digest, audit::digest(b"key", "13800001234"));
    assert_ne!(digest, audit::digest(b"other", "13800001234"));
    assert_eq!(digest.len(), 24);
}
