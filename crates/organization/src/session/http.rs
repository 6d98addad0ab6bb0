//! `/api/v1/session`: signing in and out, one's own password and one-time code.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use kernel::http::{Json, ShownOnce};
use kernel::problem::{Problem, Result, not_found, unauthorized};
use kernel::{Principal, Role, Scope, Side, SignedIn};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::layer::{Client, EndedSession};
use super::{COOKIE, session_ended};
use crate::Organization;
use crate::parties::parse_side;
use crate::rows::{party, user};

/// Name, password and, where the user has one, the one-time code.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Six digits of the authenticator app.
    pub totp: Option<String>,
}

/// Who is signed in, and what he may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// The user.
    pub user: SessionUser,
    /// Everything but the change of the password is refused until it is changed.
    pub must_change_password: bool,
    /// Seconds without a request after which the session ends; an agent on post is spared.
    pub idle_timeout_s: i64,
}

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionUser {
    /// Identifies the user; also the agent id on the floor.
    pub id: Uuid,
    /// Sign-in name; also the user part of the softphone's SIP address.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// 工号, shown and read out to the public.
    pub staff_no: Option<String>,
    /// Department or section.
    pub department: String,
    /// `supplier` or `purchaser`.
    pub side: Side,
    /// The roles held.
    pub roles: Vec<Role>,
    /// Permission code → `own`, `queue` or `all`.
    pub permissions: BTreeMap<&'static str, &'static str>,
    /// A one-time code is asked for at sign-in.
    pub totp: bool,
}

/// The present password and the new one.
#[derive(Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The present password.
    pub current: String,
    /// At least 12 characters of three kinds.
    pub new: String,
}

/// A secret for an authenticator app.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpSecret {
    /// Base32, to type.
    pub secret: String,
    /// `otpauth://…`, to show as a QR code.
    pub uri: String,
}

/// A one-time code.
#[derive(Deserialize, ToSchema)]
pub struct TotpCode {
    /// Six digits.
    pub code: String,
}

/// The password again.
#[derive(Deserialize, ToSchema)]
pub struct PasswordAgain {
    /// The present password.
    pub password: String,
}

impl Organization {
    /// The session as the console shows it.
    pub async fn describe_session(&self, principal: &Principal) -> Result<Session> {
        let conn = self.app.db.read();
        let user = user::Entity::find_by_id(principal.user_id)
            .one(conn)
            .await?;
        let user = user.ok_or_else(|| not_found("user"))?;
        let party = party::Entity::find_by_id(user.party_id).one(conn).await?;
        let reach = |scope| match scope {
            Scope::Own(_) => "own",
            Scope::Queues(_) => "queue",
            Scope::All => "all",
        };
        let permissions = self
            .app
            .rights
            .all()
            .into_iter()
            .filter_map(|permission| {
                Some((permission.code, reach(principal.scope(permission.grants)?)))
            })
            .collect();
        Ok(Session {
            user: SessionUser {
                id: user.id,
                username: user.username,
                name: user.name,
                staff_no: user.staff_no,
                department: user.department,
                side: party.map_or(Side::Either, |party| parse_side(&party.side)),
                roles: principal.roles.clone(),
                permissions,
                totp: user.totp_secret.is_some(),
            },
            must_change_password: principal.must_change_password,
            idle_timeout_s: self.settings.idle().num_seconds(),
        })
    }
}

/// `token` none: the browser forgets the cookie.
fn cookie(token: Option<&str>, client: &Client) -> String {
    let secure = if client.https { "; Secure" } else { "" };
    let (value, age) = token.map_or(("", "; Max-Age=0"), |token| (token, ""));
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{age}{secure}")
}

/// Signs in.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", request_body = Credentials,
    responses(
        (status = 200, body = Session, description = "sets the cookie `shoujie_session`"),
        (status = 401, body = Problem, description = "`sign_in_failed`, `totp_required` or `account_disabled`"),
        (status = 423, body = Problem, description = "`account_locked`"),
        (status = 429, body = Problem, description = "`too_many_attempts`"),
    )
)]
pub async fn sign_in(
    State(organization): State<Organization>,
    client: Client,
    Json(given): Json<Credentials>,
) -> Result<impl IntoResponse> {
    let opened = organization
        .sign_in(
            &given.username,
            &given.password,
            given.totp.as_deref(),
            &client,
        )
        .await?;
    let cookie = cookie(Some(&opened.token), &client);
    let session = organization.session_of(&opened.token).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(session)))
}

impl Organization {
    async fn session_of(&self, token: &str) -> Result<Session> {
        let mut headers = axum::http::HeaderMap::new();
        let bearer = format!("Bearer {token}")
            .parse()
            .map_err(kernel::problem::internal)?;
        headers.insert(header::AUTHORIZATION, bearer);
        match self.authenticate(&headers, false).await? {
            super::SignedInAs::User(principal) => self.describe_session(&principal).await,
            _ => Err(unauthorized("not_signed_in", "the session ended at once")),
        }
    }
}

/// The present session.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session",
    responses(
        (status = 200, body = Session),
        (status = 401, body = Problem, description = "`not_signed_in`, or `session_ended` with its reason"),
    )
)]
pub async fn show(
    actor: Result<SignedIn, Problem>,
    ended: Option<Extension<EndedSession>>,
    State(organization): State<Organization>,
) -> Result<Json<Session>> {
    match (actor, ended) {
        (Ok(SignedIn(principal)), _) => Ok(Json(organization.describe_session(&principal).await?)),
        (Err(_), Some(Extension(EndedSession(reason)))) => Err(session_ended(&reason)),
        (Err(problem), None) => Err(problem),
    }
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(
    SignedIn(principal): SignedIn,
    client: Client,
    State(organization): State<Organization>,
) -> Result<impl IntoResponse> {
    organization.end_own(&principal).await?;
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, cookie(None, &client))]),
    ))
}

/// Changes one's own password.
#[utoipa::path(
    put, path = "/api/v1/session/password", tag = "session", request_body = PasswordChange,
    responses(
        (status = 204),
        (status = 422, body = Problem, description = "`wrong_password`, `password_too_short`, `password_too_simple`, `password_used_before` …"),
    )
)]
pub async fn change_password(
    SignedIn(principal): SignedIn,
    client: Client,
    State(organization): State<Organization>,
    Json(given): Json<PasswordChange>,
) -> Result<StatusCode> {
    organization
        .change_password(&principal, &given.current, &given.new, &client)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Offers a secret for an authenticator app to whoever knows the password.
#[utoipa::path(
    post, path = "/api/v1/session/totp", tag = "session", request_body = PasswordAgain,
    responses(
        (status = 200, body = TotpSecret),
        (status = 409, body = Problem, description = "`totp_already_on`"),
        (status = 422, body = Problem, description = "`wrong_password`"),
    )
)]
pub async fn begin_totp(
    SignedIn(principal): SignedIn,
    client: Client,
    State(organization): State<Organization>,
    Json(given): Json<PasswordAgain>,
) -> Result<impl IntoResponse> {
    let offer = organization
        .begin_totp(&principal, &given.password, &client)
        .await?;
    let secret = TotpSecret {
        secret: offer.secret,
        uri: offer.uri,
    };
    Ok(ShownOnce(StatusCode::OK, secret))
}

/// Puts the offered secret in force.
#[utoipa::path(put, path = "/api/v1/session/totp", tag = "session", request_body = TotpCode, responses((status = 204)))]
pub async fn confirm_totp(
    SignedIn(principal): SignedIn,
    State(organization): State<Organization>,
    Json(given): Json<TotpCode>,
) -> Result<StatusCode> {
    organization.confirm_totp(&principal, &given.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for no one-time code any more.
#[utoipa::path(delete, path = "/api/v1/session/totp", tag = "session", request_body = PasswordAgain, responses((status = 204)))]
pub async fn drop_totp(
    SignedIn(principal): SignedIn,
    client: Client,
    State(organization): State<Organization>,
    Json(given): Json<PasswordAgain>,
) -> Result<StatusCode> {
    organization
        .drop_totp(&principal, &given.password, &client)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
