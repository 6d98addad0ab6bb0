//! A backup of a running server comes back whole, and only into an empty place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use testing::Kind;

use crate::shoujie::{ANSWERS, CHANGED, Installation, empty_postgres};
use crate::support::{Person, TestServer, folder};

/// Puts a file where the recordings are.
fn record(place: &Installation<'_>, name: &str) {
    let folder = place.folder.join("data/files/recordings");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), name.repeat(1000)).unwrap();
}

fn backups(folder: &Path) -> PathBuf {
    folder.join("kept")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_backed_up_while_the_server_runs_comes_back_the_same() {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        let (here, there) = (folder(), folder());
        let (first, second) = match kind {
            Kind::Sqlite => (None, None),
            Kind::Postgres => (Some(empty_postgres().await), Some(empty_postgres().await)),
        };
        let place = Installation {
            folder: &here,
            database: first.as_ref().map(|database| database.url.clone()),
        };
        let printed = place.must(&["setup", "--from", ANSWERS]).await;
        record(&place, "one.wav");
        let server = place.serve().await;
        let admin = server.first_sign_in(&printed, "sysadmin").await;
        let into = backups(&here).display().to_string();

        // Rows are written all the while.
        let writing = tokio::spawn(async move {
            for number in 0.. {
                let name = json!({"name": format!("第{number}次改名")});
                admin.put("/api/v1/parties/supplier", name).await;
            }
        });
        let earlier = place.must(&["backup", "--into", &into]).await;
        record(&place, "two.wav");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let taken = place.must(&["backup", "--into", &into]).await;
        writing.abort();
        let (earlier, taken) = (Path::new(earlier.trim()), taken.trim());
        assert!(shares(earlier, Path::new(taken), "one.wav"));

        let empty = Installation {
            folder: &there,
            database: second.as_ref().map(|database| database.url.clone()),
        };
        let compared = empty.must(&["restore", taken]).await;
        assert!(
            compared.contains("files: 4 in the backup, 4 restored"),
            "{compared}"
        );
        assert!(!compared.contains("DIFFERENT"), "{compared}");
        let users = compared.lines().find(|line| line.starts_with("users "));
        assert!(
            users.is_some_and(|line| line.contains("10 rows")),
            "{compared}"
        );
        let chain = empty.must(&["audit", "verify"]).await;
        assert!(chain.starts_with("whole: "), "{chain}");

        let again = empty.refused(&["restore", taken]).await;
        assert!(again.contains("restore only into an empty"), "{again}");

        // The restored place is a hotline: yesterday's password signs in.
        std::fs::copy(here.join("shoujie.toml"), there.join("shoujie.toml")).unwrap();
        let restored = empty.serve().await;
        let sign_in = json!({"username": "sysadmin", "password": CHANGED});
        let admin = Person::at(&restored.http);
        admin.post("/api/v1/session", sign_in).await;
        let named = admin.get("/api/v1/parties").await;
        assert!(named.to_string().contains("次改名"), "{named}");
    }
}

/// The same file on the disk, not a copy.
fn shares(one: &Path, other: &Path, name: &str) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = |folder: &Path| {
        let file = folder.join("files/recordings").join(name);
        std::fs::metadata(file).unwrap().ino()
    };
    inode(one) == inode(other)
}

#[tokio::test]
async fn a_damaged_backup_is_named_before_anything_is_written() {
    let (here, there) = (folder(), folder());
    let place = Installation {
        folder: &here,
        database: None,
    };
    place.must(&["setup", "--from", ANSWERS]).await;
    record(&place, "one.wav");
    let taken = PathBuf::from(place.must(&["backup"]).await.trim());
    let taken = here.join(taken);
    let empty = Installation {
        folder: &there,
        database: None,
    };
    for (name, damage, complaint) in [
        (
            "shoujie.db",
            "x",
            "damaged backup: the content of shoujie.db",
        ),
        (
            "files/recordings/one.wav",
            "longer",
            "damaged backup: files/recordings/one.wav has",
        ),
        ("files/recordings/one.wav", "", "one.wav: No such file"),
        ("manifest.json", "{", "damaged backup: "),
        ("manifest.json", "", "is no backup: manifest.json"),
    ] {
        let file = taken.join(name);
        let whole = std::fs::read(&file).unwrap();
        match damage {
            "" => std::fs::remove_file(&file).unwrap(),
            "x" => {
                let mut bytes = whole.clone();
                bytes[100_000] ^= 1;
                std::fs::write(&file, bytes).unwrap();
            }
            other => std::fs::write(&file, other).unwrap(),
        }
        let from = taken.display().to_string();
        let said = empty.refused(&["restore", &from]).await;
        assert!(said.contains(complaint), "{complaint}: {said}");
        assert!(!there.join("data/shoujie.db").exists());
        std::fs::write(&file, whole).unwrap();
    }
    empty.must(&["restore", &taken.display().to_string()]).await;
}

#[tokio::test]
async fn a_changed_row_of_the_trail_is_named() {
    use sea_orm::ConnectionTrait as _;
    let here = folder();
    let place = Installation {
        folder: &here,
        database: None,
    };
    place.must(&["setup", "--from", ANSWERS]).await;
    let mut server = place.serve().await;
    // The sealer comes every half second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.process.kill().await.unwrap();
    assert!(
        place
            .must(&["audit", "verify"])
            .await
            .starts_with("whole: ")
    );
    let url = format!("sqlite://{}", here.join("data/shoujie.db").display());
    let db = kernel::Db::connect(&url).await.unwrap();
    db.write(async |tx| {
        let sql = "update audit_entries set who_name = 'somebody' where seq = 3";
        tx.execute_unprepared(sql).await?;
        Ok(())
    })
    .await
    .unwrap();
    db.close().await;
    let said = place.run(&["audit", "verify"]).await;
    assert!(
        !said.ok && said.out.starts_with("broken at row 3 ("),
        "{}",
        said.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_night_a_backup_is_taken_and_the_oldest_goes() {
    // One minute before 01:30 in Guangzhou.
    let settings = [("backup.keep", "2".to_owned())];
    let server = TestServer::started_at("2026-11-23T17:29:00Z", &settings).await;
    let kept = server.folder.join("data/backups");
    let names = || {
        let entries = std::fs::read_dir(&kept).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| !name.contains('.'))
            .collect();
        names.sort();
        names
    };
    for night in ["20261123", "20261124", "20261125"] {
        server.clock.advance(Duration::from_mins(2));
        let mut tries = 0;
        while !names().last().is_some_and(|name| name.starts_with(night)) || names().len() > 2 {
            assert!(tries < 200, "no backup of the night {night}: {:?}", names());
            tries += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The end of the job is written down.
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.clock.advance(Duration::from_mins(24 * 60 - 2));
    }
    assert_eq!(names().len(), 2);
    server.stop().await;
}
