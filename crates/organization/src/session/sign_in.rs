//! Signing in: password, one-time code, lock after failures.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, too_many, unauthorized};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use serde_json::json;
use uuid::Uuid;

use super::account::totp_label;
use super::layer::Client;
use super::{TOKEN_BYTES, token_hash};
use crate::Organization;
use crate::password::Hasher;
use crate::rows::{session, user};
use crate::totp;
use crate::users::store;

/// A session just opened.
#[derive(Debug)]
pub struct Opened {
    /// What the cookie holds; stored nowhere.
    pub token: String,
    /// The user.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
}

/// What came of an attempt, once it is on disk.
enum Attempt {
    Opened(Opened),
    Refused(Problem),
}

impl Organization {
    /// Opens a session for the right password, and the right one-time code where the user has one.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &str,
        code: Option<&str>,
        client: &Client,
    ) -> Result<Opened> {
        self.refuse_throttled(client)?;
        let permit = self.hasher.turn().await?;
        // Read after the wait for a turn: see `Hasher::turn`.
        let known = store::by_username(self.app.db.read(), username).await?;
        let now = self.app.clock.now();
        if let Some(until) = known.as_ref().and_then(|user| locked_until(user, now)) {
            self.count_failure(client);
            return Err(account_locked(until));
        }
        let hash = known.as_ref().map(|user| user.password_hash.clone());
        let right = Hasher::matches(permit, password, hash).await?;
        let attempt = match known {
            Some(user) if right => Box::pin(self.open(user, code, client)).await?,
            Some(user) => self.refuse(user, "password", client).await?,
            None => self.refuse_unknown(client).await?,
        };
        match attempt {
            Attempt::Opened(opened) => Ok(opened),
            Attempt::Refused(problem) => Err(problem),
        }
    }

    fn refuse_throttled(&self, client: &Client) -> Result<()> {
        let Some(address) = client.address else {
            return Ok(());
        };
        let settings = &self.settings;
        let now = self.app.clock.now();
        let wait = self.throttle.wait(
            address,
            now,
            settings.address_failures,
            settings.address_window(),
        );
        match wait {
            Some(wait) => Err(too_many(
                "too_many_attempts",
                "too many failed sign-ins from this address",
            )
            .with("retry_after_s", Ord::max(wait.num_seconds(), 1))),
            None => Ok(()),
        }
    }

    fn count_failure(&self, client: &Client) {
        if let Some(address) = client.address {
            self.throttle.failed(
                address,
                self.app.clock.now(),
                self.settings.address_window(),
            );
        }
    }

    async fn open(
        &self,
        user: user::Model,
        code: Option<&str>,
        client: &Client,
    ) -> Result<Attempt> {
        let now = self.app.clock.now();
        if user.disabled {
            // Only who knows the password learns that the account exists.
            return self.refuse_with(&user, client, account_disabled()).await;
        }
        let step = match (&user.totp_secret, code) {
            (None, _) => None,
            (Some(_), None | Some("")) => {
                return Ok(Attempt::Refused(unauthorized(
                    "totp_required",
                    "a one-time code is needed",
                )));
            }
            (Some(sealed), Some(code)) => {
                let secret = self.app.key.unseal(&totp_label(user.id), sealed)?;
                match totp::matching_step(&secret, code.trim(), now) {
                    Some(step) => Some(step),
                    None => return self.refuse(user, "totp", client).await,
                }
            }
        };
        let (organization, client) = (self.clone(), client.clone());
        let reused = self
            .app
            .db
            .write(async move |tx| {
                let app = &organization.app;
                // The row as it stands now, and held: a guess that ran beside this one may have locked it;
                // whoever disables the user or resets the password now ends this session too.
                let row = user::Entity::find_by_id(user.id)
                    .lock_exclusive()
                    .one(&*tx)
                    .await?;
                let proven = (user.password_hash, user.totp_secret);
                let Some(user) = row else {
                    return Ok(Attempt::Refused(sign_in_failed()));
                };
                if let Some(until) = locked_until(&user, now) {
                    return Ok(Attempt::Refused(account_locked(until)));
                }
                if user.disabled {
                    return Ok(Attempt::Refused(account_disabled()));
                }
                if proven != (user.password_hash.clone(), user.totp_secret.clone()) {
                    return Ok(Attempt::Refused(sign_in_failed()));
                }
                if let Some(step) = step
                    && !take_step(&tx, user.id, step).await?
                {
                    return Ok(Attempt::Refused(sign_in_failed()));
                }
                let token = app.ids.secret(TOKEN_BYTES);
                let opened = Opened {
                    token,
                    user_id: user.id,
                    session_id: app.ids.next(),
                };
                insert(
                    &tx,
                    &opened,
                    now,
                    now + organization.settings.longest_session(),
                    &client,
                )
                .await?;
                let who = Who {
                    user_id: Some(user.id),
                    session_id: Some(opened.session_id),
                    name: user.username.clone(),
                };
                let mut row: user::ActiveModel = user.into();
                row.failed_sign_ins = Set(0);
                row.last_sign_in_at = Set(Some(now));
                row.update(&*tx).await?;
                let details = json!({ "from": client.address_text(), "totp": step.is_some() });
                audit::record(
                    app,
                    &*tx,
                    &who,
                    "session.opened",
                    "session",
                    opened.session_id,
                    details,
                )
                .await?;
                app.events
                    .publish(
                        &tx,
                        "session.opened",
                        opened.session_id,
                        json!({ "user_id": opened.user_id }),
                    )
                    .await?;
                Ok(Attempt::Opened(opened))
            })
            .await?;
        Ok(reused)
    }

    /// A failure that is not the user's guessing: noted, not counted against the account.
    async fn refuse_with(
        &self,
        user: &user::Model,
        client: &Client,
        problem: Problem,
    ) -> Result<Attempt> {
        self.count_failure(client);
        let (app, who) = (self.app.clone(), named(user));
        let (id, details) = (
            user.id,
            json!({ "why": problem.code, "from": client.address_text() }),
        );
        self.app
            .db
            .write(async move |tx| {
                audit::record(&app, &*tx, &who, "session.refused", "user", id, details).await
            })
            .await?;
        Ok(Attempt::Refused(problem))
    }

    async fn refuse_unknown(&self, client: &Client) -> Result<Attempt> {
        self.count_failure(client);
        let app = self.app.clone();
        // The name tried is not kept: people type passwords into the wrong field.
        let details = json!({ "why": "unknown_user", "from": client.address_text() });
        self.app
            .db
            .write(async move |tx| {
                let who = Who::system("sign_in");
                audit::record(
                    &app,
                    &*tx,
                    &who,
                    "session.refused",
                    "user",
                    "unknown",
                    details,
                )
                .await
            })
            .await?;
        Ok(Attempt::Refused(sign_in_failed()))
    }

    /// Counts a wrong password or code; the last one allowed locks the user.
    pub(crate) async fn count_wrong(
        &self,
        user: &user::Model,
        why: &'static str,
        client: &Client,
    ) -> Result<Option<DateTime<Utc>>> {
        self.count_failure(client);
        let (organization, who, client, id) = (self.clone(), named(user), client.clone(), user.id);
        self.app
            .db
            .write(async move |tx| {
                let (app, settings) = (&organization.app, &organization.settings);
                let now = app.clock.now();
                // One statement, so that guesses side by side are all counted.
                user::Entity::update_many()
                    .col_expr(
                        user::Column::FailedSignIns,
                        Expr::col(user::Column::FailedSignIns).add(1),
                    )
                    .filter(user::Column::Id.eq(id))
                    .exec(&*tx)
                    .await?;
                let details = json!({ "why": why, "from": client.address_text() });
                audit::record(app, &*tx, &who, "session.refused", "user", id, details).await?;
                let Some(user) = user::Entity::find_by_id(id).one(&*tx).await? else {
                    return Ok(None);
                };
                if user.failed_sign_ins < settings.lock_after_failures {
                    return Ok(None);
                }
                let until = now + settings.lock();
                let details = json!({ "failures": user.failed_sign_ins, "until": until });
                let mut row: user::ActiveModel = user.into();
                row.failed_sign_ins = Set(0);
                row.locked_until = Set(Some(until));
                row.update(&*tx).await?;
                audit::record(app, &*tx, &who, "user.locked", "user", id, details).await?;
                app.events
                    .publish(&tx, "user.locked", id, json!({ "until": until }))
                    .await?;
                Ok(Some(until))
            })
            .await
    }

    async fn refuse(
        &self,
        user: user::Model,
        why: &'static str,
        client: &Client,
    ) -> Result<Attempt> {
        let locked = self.count_wrong(&user, why, client).await?;
        Ok(Attempt::Refused(
            locked.map_or_else(sign_in_failed, account_locked),
        ))
    }
}

fn named(user: &user::Model) -> Who {
    Who {
        user_id: Some(user.id),
        session_id: None,
        name: user.username.clone(),
    }
}

pub(crate) fn locked_until(user: &user::Model, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    user.locked_until.filter(|until| *until > now)
}

/// Takes the step of a one-time code; false when it or a later one was taken before.
pub(crate) async fn take_step(tx: &Tx, user_id: Uuid, step: i64) -> Result<bool> {
    let unused = user::Column::TotpLastStep
        .is_null()
        .or(user::Column::TotpLastStep.lt(step));
    let taken = user::Entity::update_many()
        .col_expr(user::Column::TotpLastStep, Expr::value(step))
        .filter(user::Column::Id.eq(user_id))
        .filter(unused)
        .exec(&**tx)
        .await?;
    Ok(taken.rows_affected == 1)
}

async fn insert(
    tx: &Tx,
    opened: &Opened,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    client: &Client,
) -> Result<()> {
    let row = session::ActiveModel {
        id: Set(opened.session_id),
        user_id: Set(opened.user_id),
        token_hash: Set(token_hash(&opened.token)),
        created_at: Set(now),
        last_seen_at: Set(now),
        expires_at: Set(expires_at),
        ended_at: Set(None),
        end_reason: Set(None),
        remote_addr: Set(client.address_text()),
        user_agent: Set(client.user_agent.clone()),
    };
    session::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

fn sign_in_failed() -> Problem {
    unauthorized(
        "sign_in_failed",
        "the sign-in name, the password or the one-time code is wrong",
    )
}

fn account_disabled() -> Problem {
    unauthorized("account_disabled", "the account is disabled")
}

/// 423: too many failures.
pub(crate) fn account_locked(until: DateTime<Utc>) -> Problem {
    Problem::new(
        StatusCode::LOCKED,
        "account_locked",
        format!("the account is locked until {until}"),
    )
    .with("locked_until", json!(until))
    .with_way_out("wait, or ask the security administrator to unlock it")
}
