//! The steps of a letter, each by the side whose step it is.

use axum::extract::State;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App, Principal, Side, Tx};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::{LetterDetail, Office, detail};
use super::store::{self, row};
use super::{Action, paper};
use crate::rights::{SignLetters, WriteLetters};
use crate::side;

/// The routes of this file.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(step))
        .routes(routes!(sign))
        .with_state(office.clone())
}

/// A step of the sender's or the receiver's desk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum LetterVerb {
    /// 送核
    Submit {},
    /// 核稿; by somebody other than the author.
    Review {},
    /// 退回修改
    Return {
        /// What is to be changed.
        reason: String,
    },
    /// 用印; from here on its hash stands.
    Seal {},
    /// 发出; the clock of its receipt begins.
    Send {},
    /// 签收; the clock of its reply begins.
    Receive {},
    /// 办理
    Begin {
        /// Who does what about it.
        note: Option<String>,
    },
    /// 归档
    Archive {},
    /// 作废; its number stays taken.
    Void {
        /// Why.
        reason: String,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LetterStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: LetterVerb,
}

/// Does a step of a letter. Sending a reply makes what it answers replied to.
#[utoipa::path(
    post, path = "/api/v1/letters/{id}/steps", tag = "liaison", operation_id = "step_letter",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = LetterDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<WriteLetters>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<LetterDetail>> {
    let (app, by) = (office.app, side::of(actor.principal()));
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, by, id).await?, step.version)?;
            stepped(&app, &tx, (&who, by), before, step.verb).await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

async fn stepped(
    app: &App,
    tx: &Tx,
    (who, by): (&Who, Side),
    before: row::Model,
    verb: LetterVerb,
) -> Result<row::Model> {
    let (now, user) = (app.clock.now(), who.user_id);
    let at = (who, by);
    match verb {
        LetterVerb::Submit {} => {
            let told = ("submitted", None);
            store::act(app, tx, at, &before, &Action::Submit, told, |_| Ok(())).await
        }
        LetterVerb::Review {} => {
            let action = Action::Review {
                author: before.author_id == user,
            };
            let told = ("reviewed", None);
            store::act(app, tx, at, &before, &action, told, |after| {
                after.reviewed_by = user;
                Ok(())
            })
            .await
        }
        LetterVerb::Return { reason } => {
            let reason = needed("reason", &reason)?;
            let told = ("returned", Some(reason.as_str()));
            store::act(app, tx, at, &before, &Action::Return, told, |after| {
                after.reviewed_by = None;
                Ok(())
            })
            .await
        }
        LetterVerb::Seal {} => {
            let sha256 = paper::of(&**tx, &before).await?.sha256()?;
            let told = ("sealed", None);
            store::act(app, tx, at, &before, &Action::Seal, told, |after| {
                after.sealed_by = user;
                after.sealed_at = Some(now);
                after.sha256 = Some(sha256);
                Ok(())
            })
            .await
        }
        LetterVerb::Send {} => {
            let told = ("sent", None);
            let sent = store::act(app, tx, at, &before, &Action::Send, told, |after| {
                after.sent_by = user;
                after.sent_at = Some(now);
                Ok(())
            })
            .await?;
            answer(app, tx, at, &sent).await?;
            Ok(sent)
        }
        LetterVerb::Receive {} => {
            let told = ("received", None);
            store::act(app, tx, at, &before, &Action::Receive, told, |after| {
                after.received_by = user;
                after.received_at = Some(now);
                Ok(())
            })
            .await
        }
        LetterVerb::Begin { note } => {
            let note = checked("note", note.as_deref().unwrap_or_default())?;
            let told = ("begun", Some(note.as_str()));
            store::act(app, tx, at, &before, &Action::Begin, told, |_| Ok(())).await
        }
        LetterVerb::Archive {} => {
            let told = ("archived", None);
            store::act(app, tx, at, &before, &Action::Archive, told, |_| Ok(())).await
        }
        LetterVerb::Void { reason } => {
            let reason = needed("reason", &reason)?;
            let told = ("voided", Some(reason.as_str()));
            store::act(app, tx, at, &before, &Action::Void, told, |after| {
                after.void_reason = Some(reason.clone());
                Ok(())
            })
            .await
        }
    }
}

/// What a sent letter replies to has its reply.
async fn answer(app: &App, tx: &Tx, (who, by): (&Who, Side), reply: &row::Model) -> Result<()> {
    let Some(id) = reply.in_reply_to else {
        return Ok(());
    };
    let answered = store::any(&**tx, id).await?;
    let note = reply.number.clone();
    let told = ("replied", note.as_deref());
    store::act(
        app,
        tx,
        (who, by),
        &answered,
        &Action::Reply,
        told,
        |after| {
            after.replied_with = Some(reply.id);
            Ok(())
        },
    )
    .await?;
    Ok(())
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LetterSigning {
    /// The version that was read.
    version: i64,
}

/// Signs a letter that was checked (签发): it is given the next number of its side's year.
#[utoipa::path(
    post, path = "/api/v1/letters/{id}/sign", tag = "liaison", operation_id = "sign_letter",
    params(("id" = Uuid, Path)), request_body = LetterSigning,
    responses((status = 200, body = LetterDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn sign(
    actor: Actor<SignLetters>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(signing): Json<LetterSigning>,
) -> Result<Json<LetterDetail>> {
    let row = signed(&office.app, actor.principal(), id, signing.version).await?;
    detail(&office.app, actor.principal(), row).await
}

async fn signed(app: &App, principal: &Principal, id: Uuid, version: i64) -> Result<row::Model> {
    let by = side::of(principal);
    let (db, app, who) = (app.db.clone(), app.clone(), Who::user(principal));
    db.write(move |tx| async move {
        let before = versioned::as_read(store::get(&*tx, by, id).await?, version)?;
        let now = app.clock.now();
        let told = ("signed", None);
        store::act(
            &app,
            &tx,
            (&who, by),
            &before,
            &Action::Sign,
            told,
            |after| {
                after.signed_by = who.user_id;
                after.signed_at = Some(now);
                Ok(())
            },
        )
        .await
    })
    .await
}
