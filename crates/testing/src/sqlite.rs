//! `SQLite`: migrated once into a file, copied for each test.

use std::path::Path;

use kernel::{Clock, Db, Migration};

use crate::template;

pub async fn clone_template(migrations: &[Migration], to: &Path) {
    let folder = template::shared_folder();
    let key = template::key(migrations);
    let file = folder.join(format!("{key}.db"));
    if !file.exists() {
        let path = folder.join(format!("{key}.lock"));
        let lock = tokio::task::spawn_blocking(move || template::lock(&path))
            .await
            .expect("a lock");
        if !file.exists() {
            build(migrations, &file).await;
        }
        drop(lock);
    }
    std::fs::copy(&file, to).expect("a copy of the template");
}

async fn build(migrations: &[Migration], file: &Path) {
    let half = file.with_extension(template::unique());
    let url = format!("sqlite://{}", half.display());
    let db = Db::connect(&url).await.expect("a template database");
    kernel::migrate::migrate(&db, &Clock::system(), migrations.to_vec())
        .await
        .unwrap_or_else(|problem| panic!("the migrations fail on SQLite: {problem}"));
    // Closing brings the write-ahead log into the file, which alone is copied.
    db.close().await;
    std::fs::rename(&half, file).expect("the template in its place");
}
