//! A real headless Chromium, driven through `tests/browser/driver.mjs`.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub struct Browser {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    pub fn start() -> Self {
        let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/driver.mjs");
        let mut process = Command::new("node")
            .arg(driver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            _process: process,
            input,
            output,
        }
    }

    async fn ask(&mut self, command: Value) -> Result<Value, String> {
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .unwrap();
        let line = self
            .output
            .next_line()
            .await
            .unwrap()
            .expect("the browser driver answers");
        let answer: Value = serde_json::from_str(&line).unwrap();
        if answer["ok"] == true {
            Ok(answer["value"].clone())
        } else {
            Err(answer.to_string())
        }
    }

    async fn must(&mut self, command: Value) -> Value {
        let shown = command.to_string();
        match self.ask(command).await {
            Ok(value) => value,
            Err(error) => panic!("{shown}: {error}"),
        }
    }

    /// A window at `url` whose microphone plays `tone` (a WAV) when given.
    pub async fn open(&mut self, page: &str, url: &str, tone: Option<&std::path::Path>) {
        self.must(json!({"do": "open", "page": page, "url": url, "tone": tone}))
            .await;
    }

    pub async fn goto(&mut self, page: &str, url: &str) {
        self.must(json!({"do": "goto", "page": page, "url": url}))
            .await;
    }

    pub async fn reload(&mut self, page: &str) {
        self.must(json!({"do": "reload", "page": page})).await;
    }

    pub async fn fill(&mut self, page: &str, at: &str, text: &str) {
        self.must(json!({"do": "fill", "page": page, "at": at, "text": text}))
            .await;
    }

    pub async fn click(&mut self, page: &str, at: &str) {
        self.must(json!({"do": "click", "page": page, "at": at}))
            .await;
    }

    pub async fn press(&mut self, page: &str, key: &str) {
        self.must(json!({"do": "press", "page": page, "key": key}))
            .await;
    }

    /// Waits until `at` is visible.
    pub async fn wait(&mut self, page: &str, at: &str, ms: u64) {
        self.must(json!({"do": "wait", "page": page, "at": at, "ms": ms}))
            .await;
    }

    pub async fn text(&mut self, page: &str, at: &str) -> String {
        self.must(json!({"do": "text", "page": page, "at": at}))
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub async fn evaluate(&mut self, page: &str, script: &str) -> Value {
        self.must(json!({"do": "evaluate", "page": page, "script": script}))
            .await
    }

    pub async fn shot(&mut self, page: &str, path: &str) {
        self.must(json!({"do": "shot", "page": page, "path": path}))
            .await;
    }

    pub async fn resize(&mut self, page: &str, width: u32, height: u32) {
        self.must(json!({"do": "resize", "page": page, "width": width, "height": height}))
            .await;
    }

    pub async fn close(&mut self, page: &str) {
        self.must(json!({"do": "close", "page": page})).await;
    }

    pub async fn logs(&mut self) -> Value {
        self.must(json!({"do": "logs"})).await
    }
}
