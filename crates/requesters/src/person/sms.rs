//! A number is proven by a text message: the code goes to the number, and whoever writes tells it where he writes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use kernel::audit;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, refused};
use kernel::{Actor, App, Phone, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::proof::{self, ProofOutcome, SmsCode};
use crate::EditRequesters;
use crate::requester::store as requesters;

/// The way text messages leave by; implemented over the SMS channel, wired in `server`.
pub trait TextMessages: Send + Sync {
    /// 409 `sms_not_set_up` while no channel sends text messages.
    fn ready(&self) -> BoxFuture<'_, Result<()>>;
    /// Sends a one-time code once the transaction is on disk; in no list and no log.
    fn send_code<'a>(
        &'a self,
        tx: &'a Tx,
        number: &'a Phone,
        text: String,
    ) -> BoxFuture<'a, Result<()>>;
}

/// No way for text messages.
pub struct NoTextMessages;

/// Nothing sends text messages.
pub fn sms_not_set_up() -> Problem {
    refused("sms_not_set_up", "no channel sends text messages")
        .with_way_out("an administrator sets up a channel of the kind SMS")
}

impl TextMessages for NoTextMessages {
    fn ready(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(sms_not_set_up()) })
    }

    fn send_code<'a>(&'a self, _: &'a Tx, _: &'a Phone, _: String) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(sms_not_set_up()) })
    }
}

/// What the doors share.
#[derive(Clone)]
struct Desk {
    app: App,
    texts: Arc<dyn TextMessages>,
}

pub(crate) fn routes(app: &App, texts: Arc<dyn TextMessages>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(finish))
        .with_state(Desk {
            app: app.clone(),
            texts,
        })
}

/// The number somebody says is his.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NumberToProve {
    /// A whole mobile number.
    phone: String,
}

/// A code is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberProof {
    /// The number it goes to, masked.
    pub phone: String,
    /// Until when it holds.
    pub until: DateTime<Utc>,
}

/// Sends a code by text message to the number that this writer says is his; he tells it where he writes. 409
/// `sms_not_set_up` without a channel for text messages.
#[utoipa::path(
    post, path = "/api/v1/requesters/{id}/number-proof", tag = "requesters", operation_id = "send_number_proof",
    params(("id" = Uuid, Path, description = "Who writes")), request_body = NumberToProve,
    responses((status = 201, body = NumberProof), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)),
)]
async fn start(
    actor: Actor<EditRequesters>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(of): Json<NumberToProve>,
) -> Result<(StatusCode, Json<NumberProof>)> {
    desk.texts.ready().await?;
    let db = desk.app.db.clone();
    let until = desk.app.clock.now() + proof::HOLDS;
    let phone = db
        .write(async move |tx| {
            let app = &desk.app;
            requesters::get(&*tx, actor.scope(), id).await?;
            let SmsCode { code, number } = proof::start_sms_proof(app, &*tx, id, &of.phone).await?;
            let text = format!(
                "您的核验码：{}，15 分钟内有效。如非本人操作请忽略。",
                code.reveal()
            );
            desk.texts.send_code(&tx, &number, text).await?;
            let masked = number.masked();
            let details = json!({ "phone": masked });
            let action = "requester.number_proof_sent";
            audit::record(app, &*tx, &actor.who(), action, "requester", id, details).await?;
            Ok(masked)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(NumberProof { phone, until })))
}

/// What the writer told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToldCode {
    /// Six digits.
    code: String,
}

/// Takes the code that was sent to the number: both are one person from now on. 409 `proof_wrong_code` with the tries
/// `left`, `proof_none_open` when no code holds.
#[utoipa::path(
    post, path = "/api/v1/requesters/{id}/number-proof/code", tag = "requesters", operation_id = "finish_number_proof",
    params(("id" = Uuid, Path, description = "Who writes")), request_body = ToldCode,
    responses((status = 200, body = ProofOutcome), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn finish(
    actor: Actor<EditRequesters>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(told): Json<ToldCode>,
) -> Result<Json<ProofOutcome>> {
    let db = desk.app.db.clone();
    let outcome = db
        .write(async move |tx| {
            requesters::get(&*tx, actor.scope(), id).await?;
            proof::finish_sms_proof(&desk.app, &tx, &actor.who(), id, &told.code).await
        })
        .await?;
    proof::must_be_right(outcome).map(Json)
}
