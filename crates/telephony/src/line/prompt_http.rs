//! Prompts over HTTP: seen, heard, brought, approved, taken back.

use std::collections::HashMap;

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid, not_found, too_large};
use kernel::text::{checked, needed};
use kernel::{Actor, attachment};
use organization::Colleague;
use organization::colleagues;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::prompt::{self, Action, PromptState, row};
use super::{ApprovePrompts, SetLine, ViewLine, WithdrawPrompts, words};
use crate::Telephony;
use crate::calls::reason::reason_of;
use crate::media::prompts::{Prompt, Prompts};

/// The largest sound in bytes: four minutes of A-law.
const LARGEST: usize = 2 << 20;
/// The longest words of a prompt in characters.
const LONGEST_WORDS: usize = 500;

/// A version of a prompt.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromptVersionView {
    /// Identifies it.
    pub id: Uuid,
    /// The prompt.
    pub name: String,
    /// From 1.
    pub number: i32,
    /// Where it stands.
    pub state: PromptState,
    /// What it says.
    pub words: String,
    /// Why it was brought.
    pub reason: String,
    /// Its length.
    pub length_ms: i64,
    /// Size of the file.
    pub bytes: i64,
    /// SHA-256 of the file in hex.
    pub sha256: String,
    /// Who brought it.
    pub made_by: Option<Colleague>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who approved or returned it.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said to it.
    pub opinion: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

kernel::words! {
    /// What is played of a prompt.
    PromptSource {
        /// 出厂
        Shipped = "shipped",
        /// 采购人批准
        Approved = "approved",
    }
}

/// A prompt and its versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromptView {
    /// Its name, which is its place in the call.
    pub name: String,
    /// What is played says this.
    pub words: String,
    /// The length of what is played.
    pub length_ms: u64,
    /// What is played.
    pub source: PromptSource,
    /// The newest first.
    pub versions: Vec<PromptVersionView>,
}

/// All prompts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromptViews {
    /// In the order of a call.
    pub items: Vec<PromptView>,
}

/// The routes of prompts.
pub(super) fn routes(telephony: &Telephony) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(bring))
        .routes(routes!(hear))
        .routes(routes!(hear_version))
        .routes(routes!(submit))
        .routes(routes!(approve))
        .routes(routes!(send_back))
        .routes(routes!(withdraw))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(telephony.clone())
}

type Names = HashMap<Uuid, Colleague>;

async fn names(telephony: &Telephony, rows: &[row::Model]) -> Result<Names> {
    let mut ids = Vec::new();
    for row in rows {
        ids.push(row.made_by_id);
        ids.extend(row.decided_by_id);
    }
    colleagues::colleagues(telephony.app().db.read(), ids).await
}

fn view(row: row::Model, names: &Names) -> Result<PromptVersionView> {
    let state = row.standing()?;
    Ok(PromptVersionView {
        id: row.id,
        name: row.name,
        number: row.number,
        state,
        words: row.words,
        reason: row.reason,
        length_ms: row.length_ms,
        bytes: row.bytes,
        sha256: row.sha256,
        made_by: names.get(&row.made_by_id).cloned(),
        created_at: row.created_at,
        decided_by: row.decided_by_id.and_then(|id| names.get(&id).cloned()),
        decided_at: row.decided_at,
        opinion: row.opinion,
        version: row.version,
    })
}

async fn shown(telephony: &Telephony, row: row::Model) -> Result<PromptVersionView> {
    let names = names(telephony, std::slice::from_ref(&row)).await?;
    view(row, &names)
}

/// Every prompt with its newest versions.
#[utoipa::path(
    get, path = "/api/v1/prompts", tag = "telephony",
    responses((status = 200, body = PromptViews)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewLine>,
    State(telephony): State<Telephony>,
) -> Result<Json<PromptViews>> {
    let rows = prompt::newest(telephony.app().db.read()).await?;
    let names = names(&telephony, &rows).await?;
    let mut by_name: HashMap<String, Vec<PromptVersionView>> = HashMap::new();
    for row in rows {
        by_name
            .entry(row.name.clone())
            .or_default()
            .push(view(row, &names)?);
    }
    let played = telephony.engine().inner().media.prompts();
    let items = Prompts::names().map(|name| {
        let versions = by_name.remove(name).unwrap_or_default();
        let approved = versions
            .iter()
            .find(|one| one.state == PromptState::Approved);
        PromptView {
            name: name.to_owned(),
            words: approved.map_or_else(
                || words::shipped(name).to_owned(),
                |approved| approved.words.clone(),
            ),
            length_ms: played.known(name).duration_ms(),
            source: approved.map_or(PromptSource::Shipped, |_| PromptSource::Approved),
            versions,
        }
    });
    Ok(Json(PromptViews {
        items: items.collect(),
    }))
}

/// What a new version says, and why it is brought.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NewPrompt {
    /// What it says, word for word, 1 to 500 characters.
    #[serde(default)]
    pub words: String,
    /// Why, 2 to 200 characters.
    #[serde(default)]
    pub reason: String,
}

/// Brings a new version as a draft: a WAV file of 8 kHz, mono, A-law, µ-law or 16 bit, of at most 2 MB.
#[utoipa::path(
    post, path = "/api/v1/prompts/{name}/versions", tag = "telephony",
    params(("name" = String, Path), NewPrompt),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = PromptVersionView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn bring(
    actor: Actor<SetLine>,
    State(telephony): State<Telephony>,
    Path(name): Path<String>,
    Query(new): Query<NewPrompt>,
    form: Multipart,
) -> Result<(StatusCode, Json<PromptVersionView>)> {
    let app = telephony.app().clone();
    let known = Prompts::names().find(|known| *known == name);
    let name = known.ok_or_else(|| not_found("prompt"))?;
    let words = needed("words", &new.words)?;
    if words.chars().count() > LONGEST_WORDS {
        let detail = "words have at most 500 characters";
        return Err(invalid("words", "text_too_long", detail));
    }
    let reason = reason_of(&new.reason)?;
    let (_, wav) = attachment::part(form).await?;
    if wav.len() > LARGEST {
        return Err(too_large("a prompt has at most 2 MB").with_field("file"));
    }
    let sound = Prompt::from_wav(&wav)
        .map_err(|refusal| invalid("file", "prompt_sound_invalid", refusal.to_string()))?;
    if sound.duration_ms() == 0 {
        return Err(invalid("file", "prompt_sound_invalid", "it is empty"));
    }
    let now = app.clock.now();
    let id = app.ids.next();
    let draft = row::Model {
        id,
        name: name.to_owned(),
        number: 0,
        state: PromptState::Draft.as_str().to_owned(),
        words,
        reason,
        path: format!("prompts/{id}.wav"),
        bytes: i64::try_from(wav.len()).map_err(internal)?,
        sha256: hex::encode(Sha256::digest(&wav)),
        length_ms: i64::try_from(sound.duration_ms()).map_err(internal)?,
        made_by_id: actor.user_id(),
        decided_by_id: None,
        decided_at: None,
        opinion: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    app.files.put(&draft.path, &wav).await?;
    let (path, who, writer) = (draft.path.clone(), actor.who(), app.clone());
    let written = app
        .db
        .clone()
        .write(move |tx| async move { prompt::begin(&writer, &tx, &who, draft).await })
        .await;
    let row = match written {
        Ok(row) => row,
        Err(problem) => {
            // Nothing names it. What cannot be removed now is a file too many, no more.
            let _ = app.files.remove(&path).await;
            return Err(problem);
        }
    };
    Ok((StatusCode::CREATED, Json(shown(&telephony, row).await?)))
}

/// What is played of a prompt now.
#[utoipa::path(
    get, path = "/api/v1/prompts/{name}/sound", tag = "telephony",
    params(("name" = String, Path)),
    responses((status = 200, description = "a WAV file", content_type = "audio/wav"), (status = 404, body = Problem)),
)]
pub(crate) async fn hear(
    _actor: Actor<ViewLine>,
    State(telephony): State<Telephony>,
    Path(name): Path<String>,
) -> Result<Response> {
    let played = telephony.engine().inner().media.prompts().get(&name);
    let played = played.ok_or_else(|| not_found("prompt"))?;
    Ok(wav(played.to_wav().into()))
}

/// A version, whether it is played or not.
#[utoipa::path(
    get, path = "/api/v1/prompt-versions/{id}/sound", tag = "telephony",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "a WAV file", content_type = "audio/wav"), (status = 404, body = Problem)),
)]
pub(crate) async fn hear_version(
    _actor: Actor<ViewLine>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let app = telephony.app();
    let version = prompt::one(app.db.read(), id).await?;
    Ok(wav(app.files.get(&version.path).await?))
}

fn wav(bytes: axum::body::Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("audio/wav")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, bytes).into_response()
}

/// A step of a version, by who read it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptStep {
    /// The version that was read.
    pub version: i64,
    /// What is said to it; needed to return or withdraw it.
    #[serde(default)]
    pub opinion: Option<String>,
}

impl PromptStep {
    fn said(&self, must: bool) -> Result<Option<String>> {
        let text = self.opinion.as_deref().unwrap_or_default();
        let said = if must {
            needed("opinion", text)?
        } else {
            checked("opinion", text)?
        };
        Ok(Some(said).filter(|said| !said.is_empty()))
    }
}

async fn step(
    telephony: &Telephony,
    who: kernel::audit::Who,
    at: (Uuid, i64),
    action: Action,
    said: Option<String>,
) -> Result<Json<PromptVersionView>> {
    let app = telephony.app().clone();
    let row = app
        .db
        .clone()
        .write(async move |tx| prompt::act(&app, &tx, &who, at, action, said).await)
        .await?;
    super::apply(telephony).await?;
    Ok(Json(shown(telephony, row).await?))
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident $path:literal $right:ty, $action:ident, $must:literal;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "telephony",
            params(("id" = Uuid, Path)), request_body = PromptStep,
            responses(
                (status = 200, body = PromptVersionView), (status = 404, body = Problem),
                (status = 409, body = Problem), (status = 422, body = Problem),
            ),
        )]
        pub(crate) async fn $name(
            actor: Actor<$right>,
            State(telephony): State<Telephony>,
            Path(id): Path<Uuid>,
            Json(asked): Json<PromptStep>,
        ) -> Result<Json<PromptVersionView>> {
            let said = asked.said($must)?;
            let at = (id, asked.version);
            step(&telephony, actor.who(), at, Action::$action, said).await
        }
    )*};
}

steps! {
    /// Asks the purchaser to approve a draft.
    submit "/api/v1/prompt-versions/{id}/submit" SetLine, Submit, false;
    /// Approves a version: it is played from now on.
    approve "/api/v1/prompt-versions/{id}/approve" ApprovePrompts, Approve, false;
    /// Returns a version, with what is wrong.
    send_back "/api/v1/prompt-versions/{id}/return" ApprovePrompts, Return, true;
    /// Takes a version back; when it was played, the shipped one is heard again.
    withdraw "/api/v1/prompt-versions/{id}/withdraw" WithdrawPrompts, Withdraw, true;
}
