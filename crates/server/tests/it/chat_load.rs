//! Numbered messages of many conversations while the server is killed twice: none lost, none doubled, none out of
//! order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use serde_json::{Value, json};
use testing::platforms::Callback;
use testing::platforms::wechat::Wechat;
use tokio::sync::watch;

use crate::support::platform::version_of;
use crate::support::served::Served;
use crate::support::{Person, folder};

const CONVERSATIONS: usize = 50;
const PER_SECOND: usize = 20;
/// WeChat waits five seconds for an answer and sends again; a server that is gone refuses at once.
const AGAIN: Duration = Duration::from_secs(2);

async fn deliver(
    client: &reqwest::Client,
    base: &str,
    callback: Callback,
) -> Option<(u16, Vec<u8>)> {
    let address = format!("{base}/api/v1/channel-inbox/wechat_oa?{}", callback.query);
    let request = client
        .post(address)
        .timeout(Duration::from_secs(5))
        .body(callback.body);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(_gone) => {
            tokio::time::sleep(AGAIN).await;
            return None;
        }
    };
    let status = answer.status().as_u16();
    match answer.bytes().await {
        Ok(body) if status == 200 => Some((status, body.to_vec())),
        _ => {
            tokio::time::sleep(AGAIN).await;
            None
        }
    }
}

/// As WeChat does: again up to three times, then it is lost.
async fn pushed(client: &reqwest::Client, base: &str, callback: &Callback) {
    for _ in 0..4 {
        if deliver(client, base, callback.clone()).await.is_some() {
            return;
        }
    }
}

async fn served(folder: &Path, port: u16) -> Served {
    Served::demo_at(folder, &format!("127.0.0.1:{port}"), "127.0.0.1:0").await
}

async fn numbered(seconds: usize) {
    let folder = folder();
    let port = testing::free_port();
    let mut server = served(&folder, port).await;
    let platform = Arc::new(Wechat::start(&Clock::system()).await);
    let manager = Person::signed_in(&server.http, "manager").await;
    let map = |pairs: Vec<(&'static str, String)>| -> Value {
        let pairs = pairs.into_iter();
        pairs
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let version = version_of(&manager, "wechat_oa").await;
    let channel = json!({"version": version, "name": "公众号", "kind": "wechat_oa", "queue": "hotline", "enabled": true,
        "settings": map(platform.settings()), "secrets": map(Wechat::secrets()), "allow_private": true});
    manager.put("/api/v1/channels/wechat_oa", channel).await;

    let each = seconds * PER_SECOND / CONVERSATIONS;
    let pause = Duration::from_millis((1_000 * CONVERSATIONS / PER_SECOND) as u64);
    let (done, mut over) = watch::channel(0usize);
    let done = Arc::new(done);
    let base = server.http.clone();
    for user in 0..CONVERSATIONS {
        let (platform, base, done) = (platform.clone(), base.clone(), done.clone());
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            tokio::time::sleep(pause * user as u32 / CONVERSATIONS as u32).await;
            let mut ticks = tokio::time::interval(pause);
            for number in 1..=each {
                ticks.tick().await;
                let callback =
                    platform.says(&format!("oUSER{user:02}"), &format!("第 {number} 条"));
                pushed(&client, &base, &callback).await;
            }
            done.send_modify(|count| *count += 1);
        });
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(seconds as u64 / 3)).await;
        server.process.kill().await.unwrap();
        server = served(&folder, port).await;
    }
    let all = over.wait_for(|count| *count == CONVERSATIONS);
    tokio::time::timeout(Duration::from_secs(seconds as u64 + 60), all)
        .await
        .expect("every message was delivered")
        .unwrap();

    let lead = Person::signed_in(&server.http, "lead").await;
    let list = lead.get("/api/v1/conversations?per_page=200").await;
    let rows = list["items"].as_array().unwrap();
    assert_eq!(rows.len(), CONVERSATIONS, "one conversation for each");
    for row in rows {
        let path = format!(
            "/api/v1/conversations/{}/messages?after=0&limit=200",
            row["id"].as_str().unwrap()
        );
        let mut said = Vec::new();
        let mut after = 0;
        loop {
            let page = lead
                .get(&path.replace("after=0", &format!("after={after}")))
                .await;
            let items = page["items"].as_array().unwrap();
            said.extend(
                items
                    .iter()
                    .filter(|message| message["direction"] == "in")
                    .map(|message| message["text"].as_str().unwrap().to_owned()),
            );
            let Some(last) = items.last().filter(|_| page["more"] == true) else {
                break;
            };
            after = last["seq"].as_i64().unwrap();
        }
        let expected: Vec<String> = (1..=each).map(|number| format!("第 {number} 条")).collect();
        assert_eq!(said, expected, "conversation {}", row["number"]);
    }
    assert_eq!(server.errors(), Vec::<String>::new());
    assert!(server.stop().await.success());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_numbered_messages_a_second_survive_two_kills() {
    numbered(60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten minutes: make soak"]
async fn soak_twenty_numbered_messages_a_second_for_ten_minutes() {
    numbered(600).await;
}
