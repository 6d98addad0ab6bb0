//! The call of an OpenAI-compatible service: one lane, one answer, never a redirect.

use kernel::{App, outbound};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, StatusCode, Url};

use super::TranscriptFailure as Failure;
use super::settings::TranscriptSettings;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// What the service answers to the WAV of one lane. The reason of a failure is a code and nothing else: neither the key,
/// nor the address, nor a word may get into a log by it.
pub(super) async fn send(
    app: &App,
    settings: &TranscriptSettings,
    wav: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let answer = app.clock.timeout(settings.timeout(), call(settings, wav));
    answer.await.unwrap_or(Err(Failure::Slow))
}

async fn call(settings: &TranscriptSettings, wav: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let (url, client) = connection(settings).await?;
    let unreachable = |_: reqwest::Error| Failure::Unreachable;
    let file = Part::bytes(wav).file_name("voice.wav");
    let file = file.mime_str("audio/wav").map_err(unreachable)?;
    let mut form = Form::new()
        .text("model", settings.model.clone())
        .text("response_format", "verbose_json")
        .text("timestamp_granularities[]", "segment")
        .part("file", file);
    if !settings.language.is_empty() {
        form = form.text("language", settings.language.clone());
    }
    let mut request = client.post(url).multipart(form);
    if !settings.api_key.is_empty() {
        request = request.bearer_auth(&settings.api_key);
    }
    let mut answer = request.send().await.map_err(unreachable)?;
    match answer.status() {
        status if status.is_success() => {}
        StatusCode::PAYLOAD_TOO_LARGE => return Err(Failure::TooLong),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            return Err(Failure::Unavailable);
        }
        status if status.is_server_error() => return Err(Failure::Unavailable),
        _ => return Err(Failure::Refused),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return Err(Failure::AnswerTooLong);
        }
    }
    Ok(bytes)
}

async fn connection(settings: &TranscriptSettings) -> Result<(Url, Client), Failure> {
    let base = settings.url.trim().trim_end_matches('/');
    let url = outbound::checked(
        &format!("{base}/audio/transcriptions"),
        settings.allow_private,
    );
    let url = url.map_err(|_| Failure::AddressRefused)?;
    let client = outbound::client(&url, settings.allow_private).await;
    let client = client.map_err(|problem| match problem.code {
        "url_not_allowed" => Failure::AddressRefused,
        _ => Failure::Unreachable,
    })?;
    let client = client.build().map_err(|_| Failure::Unreachable)?;
    Ok((url, client))
}
