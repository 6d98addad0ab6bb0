//! The call of an OpenAI-compatible service: one question, one answer, never a redirect.

use kernel::{App, outbound};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::json;

use super::{Asking, AssistDegraded, Settings};

/// The longest answer that is read, in bytes.
const LONGEST: usize = 256 << 10;

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

/// What the model says. The reason of a failure is a code and nothing else: neither the key, nor the address, nor a
/// text may get into a log by it.
pub(super) async fn ask(
    app: &App,
    settings: &Settings,
    asking: &Asking,
) -> Result<String, AssistDegraded> {
    let answer = app
        .clock
        .timeout(settings.timeout(), call(settings, asking))
        .await;
    answer.unwrap_or(Err(AssistDegraded::Slow))
}

async fn call(settings: &Settings, asking: &Asking) -> Result<String, AssistDegraded> {
    let (url, client) = connection(settings).await?;
    let mut request = client.post(url).json(&json!({
        "model": settings.model,
        "temperature": 0,
        "response_format": { "type": "json_object" },
        "messages": [
            { "role": "system", "content": asking.task },
            { "role": "user", "content": asking.data.to_string() },
        ],
    }));
    if !settings.api_key.is_empty() {
        request = request.bearer_auth(&settings.api_key);
    }
    let unreachable = |_: reqwest::Error| AssistDegraded::Unreachable;
    let mut answer = request.send().await.map_err(unreachable)?;
    if !answer.status().is_success() {
        return Err(AssistDegraded::Failed);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return Err(AssistDegraded::TooLong);
        }
    }
    let completion: Completion =
        serde_json::from_slice(&bytes).map_err(|_| AssistDegraded::Malformed)?;
    let first = completion.choices.into_iter().next();
    first
        .map(|choice| choice.message.content)
        .ok_or(AssistDegraded::Malformed)
}

async fn connection(settings: &Settings) -> Result<(Url, Client), AssistDegraded> {
    let base = settings.url.trim().trim_end_matches('/');
    let url = outbound::checked(&format!("{base}/chat/completions"), settings.allow_private);
    let url = url.map_err(|_| AssistDegraded::AddressRefused)?;
    let client = outbound::client(&url, settings.allow_private).await;
    let client = client.map_err(|problem| match problem.code {
        "url_not_allowed" => AssistDegraded::AddressRefused,
        _ => AssistDegraded::Unreachable,
    })?;
    let client = client.build().map_err(|_| AssistDegraded::Unreachable)?;
    Ok((url, client))
}
