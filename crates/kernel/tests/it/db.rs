use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use testing::{TestApp, on_both};

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    let statement = Statement::from_string(app.db.backend(), sql);
    Count::find_by_statement(statement)
        .one(app.db.read())
        .await
        .unwrap()
        .unwrap()
        .count
}

async fn add(app: &TestApp, name: &str) -> kernel::Result<()> {
    let sql = format!(
        "insert into schema_migrations (id, applied_at) values ('{name}', '2026-11-23T00:00:00+00:00')"
    );
    app.db
        .write(async move |tx| {
            tx.execute_unprepared(&sql).await?;
            Ok(())
        })
        .await
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    on_both(&[], async |app| {
        add(&app, "a").await.unwrap();
        assert_eq!(
            count(
                &app,
                "select count(*) as count from schema_migrations where id = 'a'"
            )
            .await,
            1
        );
    })
    .await;
}
