//! Without the demo: answers in a file, a start, the first sign-ins, the first call.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use testing::Kind;
use tokio::io::AsyncWriteExt as _;

use crate::shoujie::{ANSWERS, CHANGED, Installation, empty_postgres, word};
use crate::support::served::Served;
use crate::support::{Person, folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_in_a_file_become_a_hotline_that_takes_a_call() {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        let folder = folder();
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(empty_postgres().await),
        };
        let place = Installation {
            folder: &folder,
            database: database.as_ref().map(|database| database.url.clone()),
        };
        let refused = place.refused(&["serve"]).await;
        assert!(refused.contains("run `shoujie setup` first"), "{refused}");

        let printed = place.must(&["setup", "--from", ANSWERS]).await;
        let again = place.refused(&["setup", "--from", ANSWERS]).await;
        assert!(again.contains("shoujie.toml exists already"), "{again}");
        let twice = ["--config", "two.toml", "setup", "--from", ANSWERS];
        let twice = place.refused(&twice).await;
        assert!(twice.contains("has users already"), "{twice}");
        assert!(!folder.join("two.toml").exists());

        let server = place.serve().await;
        for (username, may, may_not) in [
            ("sysadmin", "/api/v1/users", "/api/v1/calls"),
            ("secadmin", "/api/v1/users", "/api/v1/audit"),
            ("auditor", "/api/v1/audit", "/api/v1/calls"),
            ("lead", "/api/v1/calls", "/api/v1/audit"),
            ("agent1", "/api/v1/agent-state", "/api/v1/users"),
        ] {
            let person = server.first_sign_in(&printed, username).await;
            person.get(may).await;
            let (status, _) = person.ask(Method::GET, may_not, None).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{username} {may_not}");
        }
        first_call(&place, &server, &word(&printed, "agent1", -1)).await;
    }
}

/// A desk phone registers with the secret that set-up printed, the test caller calls from the trunk.
async fn first_call(place: &Installation<'_>, server: &Served, secret: &str) {
    let agent = Person::at(&server.http);
    let sign_in = json!({"username": "agent1", "password": CHANGED});
    agent.post("/api/v1/session", sign_in).await;
    let via = server.sip.to_string();
    let phone = ["phone", "--as", "agent1", "--secret", secret, "--via", &via];
    let phone = [&phone[..], &["--auto-answer", "--calls", "1"]].concat();
    let mut phone = place.command(&phone).spawn().unwrap();
    agent
        .until("/api/v1/agent-state", Duration::from_secs(10), |state| {
            state["device"]["reachable"] == true
        })
        .await;
    agent
        .put("/api/v1/agent-state", json!({"state": "ready"}))
        .await;
    place
        .must(&["call", "--via", &via, "--seconds", "12"])
        .await;
    assert!(phone.wait().await.unwrap().success());
    agent
        .until("/api/v1/calls", Duration::from_secs(10), |calls| {
            calls["items"][0]["outcome"] == "answered"
        })
        .await;
}

#[tokio::test]
async fn answers_that_cannot_be_used_leave_nothing_behind() {
    let folder = folder();
    let place = Installation {
        folder: &folder,
        database: None,
    };
    let good = std::fs::read_to_string(ANSWERS).unwrap();
    for (from, to, complaint) in [
        (
            "\"agent2\"",
            "\"agent1\"",
            "agent1: another user has this sign-in name",
        ),
        ("\"803\"", "\"802\"", "802 belongs to agent2"),
        ("\"13:30-18:00\"", "\"13:30\"", "`13:30` is no period"),
        ("\"203.0.113.10\"", "\"the carrier\"", "sip.trunks"),
        ("0.0.0.0:8443", "here", "trunk.http_listen: `here`"),
        ("\"audit_admin\"", "\"shift_lead\"", "nobody is audit_admin"),
        ("purchaser = ", "purchser = ", "unknown field `purchser`"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        std::fs::write(folder.join("bad.toml"), bad).unwrap();
        // The environment would win over the answers.
        let mut command = place.command(&["setup", "--from", "bad.toml"]);
        command.env_remove("SHOUJIE__SIP__TRUNKS");
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(complaint),
            "{said}"
        );
        assert!(!folder.join("shoujie.toml").exists(), "{complaint}");
    }
    place.must(&["setup", "--from", ANSWERS]).await;
}

#[tokio::test]
async fn a_question_is_asked_again_until_its_answer_can_be_used() {
    let folder = folder();
    let place = Installation {
        folder: &folder,
        database: None,
    };
    let administrators = ["杜明辉", "钟毅", "潘瑞"].map(|name| format!("\n\n{name}\n"));
    let seats = (1..=6).map(|seat| format!("\n座席{seat}\n\n"));
    let answers = [
        "\n首接公司\n8-12\n\n".to_owned(),
        administrators.concat(),
        "sys_admin\nlead\n周敏\n".to_owned(),
        seats.collect(),
        "nowhere\n127.0.0.1\n\n\n\n\n\n".to_owned(),
    ]
    .concat();
    let mut process = place
        .command(&["setup"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(answers.as_bytes()).await.unwrap();
    drop(input);
    let output = process.wait_with_output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("`8` is not a time of day"), "{printed}");
    assert!(
        printed.contains("sys_admin is somebody else's"),
        "{printed}"
    );
    assert!(printed.contains("start with: shoujie --config shoujie.toml serve"));
    let listed = place
        .must(&["--config", "shoujie.toml", "user", "list"])
        .await;
    assert_eq!(listed.lines().count(), 10, "{listed}");
}

#[tokio::test]
async fn whoever_cannot_sign_in_is_helped_on_the_server() {
    let folder = folder();
    let place = Installation {
        folder: &folder,
        database: None,
    };
    let nowhere = place.refused(&["user", "list"]).await;
    assert!(nowhere.contains("no database at"), "{nowhere}");
    place.must(&["setup", "--from", ANSWERS]).await;
    let server = place.serve().await;
    for _ in 0..5 {
        let wrong = json!({"username": "sysadmin", "password": "wrong"});
        let nobody = Person::at(&server.http);
        nobody
            .ask(Method::POST, "/api/v1/session", Some(wrong))
            .await;
    }
    let listed = place.must(&["user", "list"]).await;
    let locked = listed.lines().find(|line| line.starts_with("sysadmin"));
    assert!(locked.unwrap().contains("locked until"), "{listed}");
    place.must(&["user", "unlock", "sysadmin"]).await;
    let reset = place.must(&["user", "reset-password", "sysadmin"]).await;
    server.first_sign_in(&reset, "sysadmin").await;

    let new = ["user", "create-administrator", "second", "--name", "某人"];
    let new = [&new[..], &["--role", "sys_admin", "--side", "supplier"]].concat();
    let refused = place.refused(&new).await;
    assert!(refused.contains("杜明辉 is sys_admin already"), "{refused}");
    let unknown = place.refused(&["user", "unlock", "nobody"]).await;
    assert!(unknown.contains("no such user: nobody"), "{unknown}");
}

#[tokio::test]
async fn a_wrong_setting_is_one_clear_line_and_a_failure() {
    let folder = folder();
    let place = Installation {
        folder: &folder,
        database: None,
    };
    std::fs::write(folder.join("typo.toml"), "[http]\nlisen = 1\n").unwrap();
    std::fs::write(folder.join("file"), "").unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap();
    let in_a_file = folder.join("file/data").display().to_string();
    for (name, value, complaint) in [
        ("SHOUJIE__HTTP__LISTEN", "127.0.0.1:99999", "http.listen"),
        ("SHOUJIE__SIP__LISTEN", "nowhere", "sip.listen"),
        ("SHOUJIE__RTP__PORTS", "5-6", "rtp.ports: lies between"),
        (
            "SHOUJIE__HTTP__LISEN",
            "x",
            "no such setting: SHOUJIE__HTTP__LISEN",
        ),
        ("SHOUJIE__DATA_DIR", &in_a_file, "Not a directory"),
        (
            "SHOUJIE__DATABASE__URL",
            "mysql://x",
            "begins with sqlite://",
        ),
        (
            "SHOUJIE__DATABASE__URL",
            "sqlite://nowhere/x",
            "unable to open database file",
        ),
        ("SHOUJIE__BACKUP__AT", "late", "backup.at: `late`"),
        (
            "SHOUJIE__HTTP__LISTEN",
            &taken.to_string(),
            "Address already in use",
        ),
    ] {
        let mut command = place.command(&["serve", "--demo"]);
        let output = command.env(name, value).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}={value}");
        assert!(said.contains(complaint), "{name}={value}: {said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
    }
    let typo = place.refused(&["--config", "typo.toml", "serve"]).await;
    assert!(
        typo.contains("typo.toml: no such setting: http.lisen"),
        "{typo}"
    );
}
