//! `SQLite`: prepared once in a file, copied for each test.

use std::path::Path;

use crate::template;

pub async fn clone_template(key: &str, to: &Path, prepare: impl AsyncFnOnce(&str)) {
    let file = template::shared_folder().join(format!("{key}.db"));
    if !file.exists() {
        let lock = template::locked(key).await;
        if !file.exists() {
            let half = file.with_extension(template::unique());
            prepare(&format!("sqlite://{}", half.display())).await;
            // Who prepared it closed it: the write-ahead log is in the file, which alone is copied.
            std::fs::rename(&half, &file).expect("the template in its place");
        }
        drop(lock);
    }
    std::fs::copy(&file, to).expect("a copy of the template");
}
