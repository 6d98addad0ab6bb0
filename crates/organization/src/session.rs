//! Sessions: who is signed in, since when, and why no longer.
//!
//! The browser holds an opaque token, the database its SHA-256, so that a copy of the database signs
//! nobody in. A session ends once; whoever ends it writes the audit row and the domain event
//! `session.ended`, by which sockets close, and ends the session's event streams.

pub mod account;
pub mod http;
pub mod layer;
pub mod sign_in;
pub mod throttle;

use axum::http::{HeaderMap, header};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, refused, unauthorized};
use kernel::{Principal, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Organization;
use crate::rows::{session, user};
use crate::users::store;

/// The cookie that holds the token: `HttpOnly`, `SameSite=Strict`.
pub const COOKIE: &str = "shoujie_session";
/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;
/// How exactly `last_seen_at` is kept: one write a minute for each session, not one for each request.
const SEEN_EVERY: TimeDelta = TimeDelta::seconds(60);

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The user signed out.
    SignedOut,
    /// Somebody with the right signed the user out.
    Forced,
    /// The user was disabled.
    Disabled,
    /// Nothing was asked for longer than the idle time-out.
    Idle,
    /// The longest life of a session was over.
    Expired,
    /// The user changed the password in another session.
    PasswordChanged,
    /// The password was reset.
    PasswordReset,
    /// A role was taken away.
    RoleTaken,
}

impl EndReason {
    /// The code stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Forced => "forced",
            Self::Disabled => "disabled",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::RoleTaken => "role_taken",
        }
    }
}

/// What the token of a request leads to.
#[derive(Debug, Clone)]
pub enum SignedInAs {
    /// No token, or one that nobody knows.
    Nobody,
    /// A session that is over, and why.
    Ended(String),
    /// A user.
    User(Box<Principal>),
}

/// A token as it is stored.
pub(crate) fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// The token of `Authorization: Bearer` or of the cookie.
pub(crate) fn token_of(headers: &HeaderMap) -> Option<&str> {
    let bearer = bearer_of(headers);
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let cookie = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value);
    bearer
        .or(cookie)
        .filter(|token| token.len() == 2 * TOKEN_BYTES)
}

pub(crate) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::trim)
}

impl Organization {
    /// The user of a WebSocket upgrade or of any other request that does not pass the sign-in layer;
    /// refuses other origins, ended sessions and a password that has to be changed first.
    pub async fn principal_of(
        &self,
        headers: &HeaderMap,
        authority: Option<&str>,
    ) -> Result<Principal> {
        layer::refuse_other_origin(headers, authority)?;
        match self.authenticate(headers, true).await? {
            SignedInAs::User(principal) if principal.must_change_password => {
                Err(password_change_required())
            }
            SignedInAs::User(principal) => Ok(*principal),
            SignedInAs::Ended(reason) => Err(session_ended(&reason)),
            SignedInAs::Nobody => Err(unauthorized("not_signed_in", "nobody is signed in")),
        }
    }

    /// Who the token of these headers is. `activity` says that a person did something: it keeps the
    /// session from idling out.
    pub async fn authenticate(&self, headers: &HeaderMap, activity: bool) -> Result<SignedInAs> {
        let Some(token) = token_of(headers) else {
            return Ok(SignedInAs::Nobody);
        };
        let conn = self.app.db.read();
        let found = session::Entity::find()
            .filter(session::Column::TokenHash.eq(token_hash(token)))
            .one(conn)
            .await?;
        let Some(session) = found else {
            return Ok(SignedInAs::Nobody);
        };
        if session.ended_at.is_some() {
            return Ok(SignedInAs::Ended(session.end_reason.unwrap_or_default()));
        }
        let now = self.app.clock.now();
        if let Some(reason) = self.overdue(&session, now).await {
            let who = Who::system("sessions");
            self.end_session(session, reason, &who).await?;
            return Ok(SignedInAs::Ended(reason.as_str().to_owned()));
        }
        let Some(user) = user::Entity::find_by_id(session.user_id).one(conn).await? else {
            return Ok(SignedInAs::Nobody);
        };
        // Disabling ends the sessions; this holds whatever disabled the user.
        if user.disabled {
            let (reason, who) = (EndReason::Disabled, Who::system("sessions"));
            self.end_session(session, reason, &who).await?;
            return Ok(SignedInAs::Ended(reason.as_str().to_owned()));
        }
        if activity && now - session.last_seen_at >= self.seen_every() {
            self.seen(session.id, now).await;
        }
        let roles = store::roles_of(conn, user.id).await?;
        Ok(SignedInAs::User(Box::new(Principal {
            must_change_password: self.must_change_password(&user, now),
            queues: self.queues_of(user.id).await,
            user_id: user.id,
            session_id: session.id,
            username: user.username,
            name: user.name,
            staff_no: user.staff_no,
            roles,
        })))
    }

    pub(crate) fn must_change_password(&self, user: &user::Model, now: DateTime<Utc>) -> bool {
        let too_old = |age| now - user.password_changed_at >= age;
        user.must_change_password || self.settings.password_max_age().is_some_and(too_old)
    }

    fn seen_every(&self) -> TimeDelta {
        SEEN_EVERY.min(self.settings.idle() / 4)
    }

    async fn seen(&self, session_id: Uuid, now: DateTime<Utc>) {
        let marked = self
            .app
            .db
            .write(async move |tx| {
                session::Entity::update_many()
                    .col_expr(session::Column::LastSeenAt, Expr::value(now))
                    .filter(session::Column::Id.eq(session_id))
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await;
        if let Err(problem) = marked {
            // The request itself is none the worse for it.
            tracing::warn!(%problem, "could not note that session `{session_id}` is in use");
        }
    }

    /// Why an open session has to end now; an agent on post keeps it.
    async fn overdue(&self, session: &session::Model, now: DateTime<Utc>) -> Option<EndReason> {
        let reason = if now >= session.expires_at {
            EndReason::Expired
        } else if now - session.last_seen_at >= self.settings.idle() {
            EndReason::Idle
        } else {
            return None;
        };
        if self.is_on_post(session.user_id).await {
            self.seen(session.id, now).await;
            return None;
        }
        Some(reason)
    }

    /// Ends the sessions that idled out or lived too long; answers how many. A job runs it each minute,
    /// so that sockets close even when nobody asks for anything.
    pub async fn end_idle_sessions(&self) -> Result<usize> {
        let now = self.app.clock.now();
        let overdue = session::Entity::find()
            .filter(session::Column::EndedAt.is_null())
            .filter(
                session::Column::LastSeenAt
                    .lte(now - self.settings.idle())
                    .or(session::Column::ExpiresAt.lte(now)),
            )
            .all(self.app.db.read())
            .await?;
        let mut ended = 0;
        for session in overdue {
            if let Some(reason) = self.overdue(&session, now).await {
                self.end_session(session, reason, &Who::system("sessions"))
                    .await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn end_session(
        &self,
        session: session::Model,
        reason: EndReason,
        who: &Who,
    ) -> Result<()> {
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| organization.end_in(&tx, &session, reason, &who).await)
            .await
    }

    /// Ends one session by its id; nothing happens when it is over already.
    pub(crate) async fn end_own(&self, principal: &Principal) -> Result<()> {
        let row = session::Entity::find_by_id(principal.session_id)
            .one(self.app.db.read())
            .await?;
        match row {
            Some(session) => {
                self.end_session(session, EndReason::SignedOut, &Who::user(principal))
                    .await
            }
            None => Ok(()),
        }
    }

    /// Ends every open session of a user but `except`; answers how many.
    pub(crate) async fn end_all_in(
        &self,
        tx: &Tx,
        user_id: Uuid,
        except: Option<Uuid>,
        reason: EndReason,
        who: &Who,
    ) -> Result<usize> {
        let open = session::Entity::find()
            .filter(session::Column::UserId.eq(user_id))
            .filter(session::Column::EndedAt.is_null())
            .all(&**tx)
            .await?;
        let mut ended = 0;
        for session in open.iter().filter(|session| Some(session.id) != except) {
            self.end_in(tx, session, reason, who).await?;
            ended += 1;
        }
        Ok(ended)
    }

    async fn end_in(
        &self,
        tx: &Tx,
        session: &session::Model,
        reason: EndReason,
        who: &Who,
    ) -> Result<()> {
        let ended = session::Entity::update_many()
            .col_expr(session::Column::EndedAt, Expr::value(self.app.clock.now()))
            .col_expr(session::Column::EndReason, Expr::value(reason.as_str()))
            .filter(session::Column::Id.eq(session.id))
            .filter(session::Column::EndedAt.is_null())
            .exec(&**tx)
            .await?;
        if ended.rows_affected == 0 {
            return Ok(());
        }
        let details = json!({ "user_id": session.user_id, "reason": reason.as_str() });
        audit::record(
            &self.app,
            &**tx,
            who,
            "session.ended",
            "session",
            session.id,
            details,
        )
        .await?;
        let told = json!({ "session_id": session.id, "user_id": session.user_id, "reason": reason.as_str() });
        self.app
            .events
            .publish(tx, "session.ended", session.id, told)
            .await?;
        let (live, session_id) = (self.app.live.clone(), session.id);
        tx.on_commit(move || live.end_session(session_id));
        Ok(())
    }
}

pub(crate) fn session_ended(reason: &str) -> Problem {
    unauthorized("session_ended", format!("the session is over: {reason}"))
        .with("reason", reason)
        .with_way_out("sign in again")
}

pub(crate) fn password_change_required() -> Problem {
    refused(
        "password_change_required",
        "the password must be changed first",
    )
    .with_way_out("PUT /api/v1/session/password")
}
