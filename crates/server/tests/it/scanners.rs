//! `SIPVicious` against a running hotline: it finds no extension, cracks no secret and keeps no phone out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use crate::shoujie::{ANSWERS, CHANGED, Installation, word};
use crate::support::served::Served;
use crate::support::{Person, folder};

/// Where the scanner sits; the carrier and the phones are at 127.0.0.1.
const SCANNER: &str = "127.0.0.66";

struct Tools {
    python: PathBuf,
    script: PathBuf,
    folder: PathBuf,
}

impl Tools {
    fn new(folder: &Path) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sipvicious/scan.py");
        let python = testing::python(&script.with_file_name("requirements.txt"))?;
        Some(Self {
            python,
            script,
            folder: folder.to_owned(),
        })
    }

    /// What a tool says; `agent` disguises it.
    async fn run(&self, agent: &str, tool: &str, arguments: &[&str]) -> String {
        let run = Command::new(&self.python)
            .arg(&self.script)
            .args([SCANNER, agent, tool])
            .args(arguments)
            .current_dir(&self.folder)
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(90), run)
            .await
            .expect("it ends")
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        eprintln!("--- {tool} as {agent}\n{said}");
        said
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipvicious_finds_no_extension_cracks_nothing_and_locks_out_no_phone() {
    let folder = folder();
    let Some(tools) = Tools::new(&folder) else {
        return;
    };
    let place = Installation {
        folder: &folder,
        database: None,
    };
    let printed = place.must(&["setup", "--from", ANSWERS]).await;
    let mut command = place.command(&["--config", "shoujie.toml", "serve"]);
    command.env("SHOUJIE__SIP__TRUNKS", "127.0.0.1");
    let server = Served::start(command, &folder).await;
    let agent = server.first_sign_in(&printed, "agent1").await;
    let secret = word(&printed, "agent1", -1);
    let via = server.sip.to_string();
    let phone = [
        "phone", "--as", "agent1", "--secret", &secret, "--via", &via,
    ];
    let phone = [&phone[..], &["--auto-answer", "--calls", "1"]].concat();
    let mut phone = place.command(&phone).spawn().unwrap();
    reachable(&agent).await;

    let port = server.sip.port().to_string();
    std::fs::write(
        folder.join("names"),
        "agent1\nagent2\nagent3\nlead\nsysadmin\nadmin\n100\n101\n1000\n12333\nroot\ntest\n",
    )
    .unwrap();
    // The right one is among them, behind what a guesser may try.
    let guesses: Vec<String> = (0..40).map(|n| format!("guess{n}")).collect();
    let guesses = guesses.join("\n") + "\n";
    std::fs::write(
        folder.join("secrets"),
        format!("{guesses}{secret}\n{guesses}"),
    )
    .unwrap();

    // As it comes: svmap names itself, and nothing answers it.
    let map = tools.run("-", "svmap", &["-p", &port, "127.0.0.1"]).await;
    assert!(!map.contains(&format!("127.0.0.1:{port}")), "{map}");
    let war = tools
        .run("-", "svwar", &["-p", &port, "-d", "names", "127.0.0.1"])
        .await;
    assert!(war.contains("found nothing"), "{war}");
    let crack = ["-p", &port, "-u", "agent1", "-d", "secrets", "127.0.0.1"];
    let cracked = tools.run("-", "svcrack", &crack).await;
    assert!(!cracked.contains(&secret), "{cracked}");

    // In disguise it hears answers, and they tell it nothing.
    for method in ["REGISTER", "INVITE", "OPTIONS"] {
        let arguments = [
            "-p",
            &port,
            "-d",
            "names",
            "-m",
            method,
            "--force",
            "127.0.0.1",
        ];
        let war = tools.run("T46S 66.85", "svwar", &arguments).await;
        assert!(war.contains("found nothing"), "{method}: {war}");
    }
    let cracked = tools.run("T46S 66.85", "svcrack", &crack).await;
    assert!(!cracked.contains(&secret), "{cracked}");

    // The phone is still there, registers anew, and takes a call.
    reachable(&agent).await;
    let state = json!({"state": "ready"});
    agent.put("/api/v1/agent-state", state).await;
    place
        .must(&["call", "--via", &via, "--seconds", "12"])
        .await;
    assert!(phone.wait().await.unwrap().success());
    let again = [
        "phone", "--as", "agent1", "--secret", &secret, "--via", &via,
    ];
    let _again = place.command(&again).spawn().unwrap();
    let session = Person::at(&server.http);
    let sign_in = json!({"username": "agent1", "password": CHANGED});
    session.post("/api/v1/session", sign_in).await;
    reachable(&session).await;
    let calls = session.get("/api/v1/calls").await;
    assert_eq!(calls["items"][0]["outcome"], "answered", "{calls}");
    assert_eq!(
        calls["items"].as_array().unwrap().len(),
        1,
        "no call of the scanner's: {calls}"
    );
}

async fn reachable(agent: &Person) {
    agent
        .until("/api/v1/agent-state", Duration::from_secs(10), |state| {
            state["device"]["reachable"] == true
        })
        .await;
}
