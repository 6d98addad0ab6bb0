//! The tables of both databases, under review.

use testing::Kind;

async fn schema_of(kind: Kind) -> String {
    let database = testing::database(kind, &server::migrations()).await;
    let db = kernel::Db::connect(&database.url).await.unwrap();
    kernel::migrate::schema(db.read()).await.unwrap()
}

#[tokio::test]
async fn the_sqlite_schema_is_as_reviewed() {
    insta::assert_snapshot!("schema_sqlite", schema_of(Kind::Sqlite).await);
}

#[tokio::test]
async fn the_postgres_schema_is_as_reviewed() {
    insta::assert_snapshot!("schema_postgres", schema_of(Kind::Postgres).await);
}
