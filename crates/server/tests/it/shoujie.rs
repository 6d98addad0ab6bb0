//! The real binary, as an operator runs it.

use std::path::Path;
use std::process::Stdio;

use reqwest::{Method, StatusCode};
use serde_json::json;
use testing::{Database, Kind};
use tokio::process::Command;

use crate::support::Person;
use crate::support::served::Served;

/// The answers that docs/operations.md has everyone begin with.
pub const ANSWERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/examples/setup.toml"
);
/// What everybody changes the first password to.
pub const CHANGED: &str = "Guangzhou-12333";

/// What a command said.
pub struct Said {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

/// An installation in a folder of its own, set by the environment alone.
pub struct Installation<'a> {
    pub folder: &'a Path,
    /// `database.url`; `None` for a file in the data folder.
    pub database: Option<String>,
}

impl Installation<'_> {
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shoujie"));
        command
            .args(arguments)
            .current_dir(self.folder)
            .env("SHOUJIE__HTTP__LISTEN", "127.0.0.1:0")
            .env("SHOUJIE__SIP__LISTEN", "127.0.0.1:0")
            .env("SHOUJIE__SIP__TRUNKS", "127.0.0.0/8")
            .env("SHOUJIE__SERVICE__ALWAYS_OPEN", "true")
            .env("SHOUJIE__DATA_DIR", self.folder.join("data"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(url) = &self.database {
            command.env("SHOUJIE__DATABASE__URL", url);
        }
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().await.unwrap();
        Said {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A command that must succeed; gives what it printed.
    pub async fn must(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert!(said.ok, "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    /// A command that must fail; gives its complaint.
    pub async fn refused(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert!(!said.ok, "{arguments:?}: {}", said.out);
        said.err
    }

    /// Starts the server and waits for its addresses.
    pub async fn serve(&self) -> Served {
        let command = self.command(&["--config", "shoujie.toml", "serve"]);
        Served::start(command, self.folder).await
    }
}

impl Served {
    /// Signs in with the first password that set-up printed and changes it.
    pub async fn first_sign_in(&self, printed: &str, username: &str) -> Person {
        let person = Person::at(&self.http);
        let password = word(printed, username, 1);
        let sign_in = json!({"username": username, "password": password});
        let session = person.post("/api/v1/session", sign_in).await;
        assert_eq!(session["must_change_password"], true, "{session}");
        // Until then nothing else is to be had.
        let (status, problem) = person.ask(Method::GET, "/api/v1/users", None).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        let change = json!({"current": password, "new": CHANGED});
        person.put("/api/v1/session/password", change).await;
        person
    }
}

/// The word at `place` of the line that begins with `first`; a negative place counts from the end.
pub fn word(printed: &str, first: &str, place: isize) -> String {
    let line = printed
        .lines()
        .find(|line| line.split_whitespace().next() == Some(first))
        .unwrap_or_else(|| panic!("no line of {first} in {printed}"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let place = usize::try_from(place).unwrap_or_else(|_| words.len() - place.unsigned_abs());
    words[place].to_owned()
}

/// A `PostgreSQL` database without a table; it goes with the value.
pub async fn empty_postgres() -> Database {
    let database = testing::database(Kind::Postgres, &server::migrations()).await;
    empty(&database.url).await;
    database
}

/// Takes every table away.
pub async fn empty(url: &str) {
    use sea_orm::ConnectionTrait as _;
    let db = kernel::Db::connect(url).await.unwrap();
    db.read()
        .execute_unprepared("drop schema public cascade; create schema public")
        .await
        .unwrap();
    db.close().await;
}
