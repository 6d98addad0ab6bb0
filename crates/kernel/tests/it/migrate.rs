use kernel::{Clock, Db, Migration, migrate};
use sea_orm::ConnectionTrait as _;
use testing::{Kind, on_both};

use crate::NOTES;

#[tokio::test]
async fn migrations_run_once_and_in_order() {
    on_both(NOTES, async |app| {
        let more = Migration::portable("2026112400_more", "create table more (id uuid primary key, note_id uuid not null references notes (id));\n");
        let mut all = vec![more];
        all.extend(kernel::migrations());
        all.extend_from_slice(NOTES);
        let applied = migrate::migrate(&app.db, &app.clock, all.clone()).await.unwrap();
        assert_eq!(applied, ["2026112400_more"]);
        let again = migrate::migrate(&app.db, &app.clock, all).await.unwrap();
        assert!(again.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_of_itself() {
    on_both(&[], async |app| {
        let broken = Migration::portable(
            "2026112401_broken",
            "create table half (id uuid primary key);\ncreate table half (id uuid primary key);\n",
        );
        assert!(
            migrate::migrate(&app.db, &app.clock, vec![broken])
                .await
                .is_err()
        );
        let mended = Migration::portable(broken.id, "create table half (id uuid primary key);\n");
        assert_eq!(
            migrate::migrate(&app.db, &app.clock, vec![mended])
                .await
                .unwrap()
                .len(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    for kind in Kind::all() {
        let database = testing::database(*kind, &[]).await;
        let nodes = (0..4).map(async |_| {
            let db = Db::connect(&database.url).await.unwrap();
            migrate::migrate(&db, &Clock::system(), NOTES.to_vec())
                .await
                .unwrap()
                .len()
        });
        let applied: usize = futures::future::join_all(nodes).await.into_iter().sum();
        assert_eq!(applied, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn the_schema_reads_the_same_each_time() {
    on_both(NOTES, async |app| {
        let schema = migrate::schema(app.db.read()).await.unwrap();
        assert_eq!(schema, migrate::schema(app.db.read()).await.unwrap());
        for part in ["notes_text", "audit_entries", "schema_migrations"] {
            assert!(schema.contains(part), "{schema}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_text_column_that_comes_later_compares_by_bytes_too() {
    on_both(NOTES, async |app| {
        let late = Migration::portable("2026112402_late", "alter table notes add column late text;\ncreate index notes_late on notes (lower(late), id);\n");
        migrate::migrate(&app.db, &app.clock, vec![late]).await.unwrap();
        let writer = (*app).clone();
        let below = app.db.write(async move |tx| {
            crate::note(&writer, &*tx, "a note").await?;
            tx.execute_unprepared("update notes set late = 'B'").await?;
            Ok(tx.execute_unprepared("delete from notes where late < 'a'").await?.rows_affected())
        });
        assert_eq!(below.await.unwrap(), 1, "by the bytes, `B` stands before `a`");
    })
    .await;
}
