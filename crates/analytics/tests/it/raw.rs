//! Rows as SQL, for what its owners write by steps that no figure asks for.

use sea_orm::{ConnectionTrait as _, Statement};

use crate::world::World;

/// Runs the statements in one transaction.
pub async fn sql<S: AsRef<str>>(world: &World, statements: &[S]) {
    let lines: Vec<String> = (statements.iter())
        .map(|line| line.as_ref().to_owned())
        .collect();
    let done = world.app.db.write(move |tx| async move {
        for line in lines {
            let said = Statement::from_string(tx.get_database_backend(), line.clone());
            let done = tx.execute_raw(said).await;
            assert!(done.is_ok(), "{line}: {done:?}");
        }
        Ok(())
    });
    done.await.unwrap();
}

/// An id as both databases read it from text.
pub fn id(n: u32) -> String {
    format!("00000000-0000-7000-8000-{n:012}")
}

/// `SQLite` keeps an id as 16 bytes.
pub fn literal(world: &World, id: &str) -> String {
    match world.app.kind() {
        testing::Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
        testing::Kind::Postgres => format!("'{id}'"),
    }
}
