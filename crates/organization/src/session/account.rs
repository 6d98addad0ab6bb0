//! What users change of their own: the password and the one-time code.

use kernel::audit::{self, Who};
use kernel::problem::{Result, invalid, not_found, refused, stale};
use kernel::{Principal, Tx};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde_json::json;
use uuid::Uuid;

use super::EndReason;
use super::layer::Client;
use super::sign_in::{account_locked, locked_until, take_step};
use crate::Organization;
use crate::password::{self, Hasher};
use crate::rows::{former_password, user};
use crate::totp;

/// Bytes of a TOTP secret: the length of the hash (RFC 4226 §4 R6).
const TOTP_SECRET_BYTES: usize = 20;

/// Under which label the secret of a user is sealed.
pub(crate) fn totp_label(user_id: Uuid) -> String {
    format!("totp:{user_id}")
}

/// A secret for an authenticator app, not in force before its first code was given.
#[derive(Debug)]
pub struct TotpOffer {
    /// Base32, to type.
    pub secret: String,
    /// The same as a QR code holds it.
    pub uri: String,
}

impl Organization {
    async fn own_row(&self, principal: &Principal) -> Result<user::Model> {
        user::Entity::find_by_id(principal.user_id)
            .one(self.app.db.read())
            .await?
            .ok_or_else(|| not_found("user"))
    }

    /// Asks for the present password again; a wrong one counts like a failed sign-in.
    async fn confirm_password(
        &self,
        user: &user::Model,
        given: &str,
        field: &str,
        client: &Client,
    ) -> Result<()> {
        let permit = self.hasher.turn().await?;
        if let Some(until) = locked_until(user, self.app.clock.now()) {
            return Err(account_locked(until));
        }
        if Hasher::matches(permit, given, Some(user.password_hash.clone())).await? {
            return Ok(());
        }
        match self
            .count_wrong(user, "password_confirmation", client)
            .await?
        {
            Some(until) => Err(account_locked(until)),
            None => Err(invalid(
                field,
                "wrong_password",
                "this is not the present password",
            )),
        }
    }

    /// Changes one's own password; the other sessions of the user end.
    pub async fn change_password(
        &self,
        principal: &Principal,
        current: &str,
        new: &str,
        client: &Client,
    ) -> Result<()> {
        let user = self.own_row(principal).await?;
        self.confirm_password(&user, current, "current", client)
            .await?;
        password::check(new, &user.username, "new")?;
        if self
            .hasher
            .matches_any(new, self.last_passwords(&user).await?)
            .await?
        {
            let kept = self.settings.password_history;
            return Err(invalid(
                "new",
                "password_used_before",
                format!("it is one of the last {kept}"),
            ));
        }
        let hash = self.hasher.hash(new).await?;
        let (organization, who, session_id) =
            (self.clone(), Who::user(principal), principal.session_id);
        self.app
            .db
            .write(async move |tx| {
                // The row as it stands now: the password that was given may have been reset meanwhile.
                let known = user.password_hash;
                let user = user::Entity::find_by_id(user.id)
                    .lock_exclusive()
                    .one(&*tx)
                    .await?
                    .filter(|user| user.password_hash == known)
                    .ok_or_else(|| stale("the password"))?;
                organization.set_password_in(&tx, user, hash, false).await?;
                let (id, app) = (who.user_id, &organization.app);
                let Some(id) = id else { return Ok(()) };
                audit::record(
                    app,
                    &*tx,
                    &who,
                    "user.password_changed",
                    "user",
                    id,
                    json!({}),
                )
                .await?;
                organization
                    .end_all_in(&tx, id, Some(session_id), EndReason::PasswordChanged, &who)
                    .await?;
                Ok(())
            })
            .await
    }

    /// The hashes of the passwords that may not be used again, the present one among them.
    async fn last_passwords(&self, user: &user::Model) -> Result<Vec<String>> {
        let former = former_password::Entity::find()
            .filter(former_password::Column::UserId.eq(user.id))
            .order_by_desc(former_password::Column::ReplacedAt)
            .limit(u64::from(self.settings.password_history.saturating_sub(1)))
            .all(self.app.db.read())
            .await?;
        let mut hashes = vec![user.password_hash.clone()];
        hashes.extend(former.into_iter().map(|row| row.password_hash));
        Ok(hashes)
    }

    /// Puts a password in place and the one before it into the history.
    pub(crate) async fn set_password_in(
        &self,
        tx: &Tx,
        user: user::Model,
        hash: String,
        must_change: bool,
    ) -> Result<()> {
        let now = self.app.clock.now();
        let former = former_password::ActiveModel {
            id: Set(self.app.ids.next()),
            user_id: Set(user.id),
            password_hash: Set(user.password_hash.clone()),
            replaced_at: Set(now),
        };
        former_password::Entity::insert(former)
            .exec_without_returning(&**tx)
            .await?;
        let version = user.version;
        let mut row: user::ActiveModel = user.into();
        row.password_hash = Set(hash);
        row.password_changed_at = Set(now);
        row.must_change_password = Set(must_change);
        row.demo_secret = Set(false);
        row.failed_sign_ins = Set(0);
        row.version = Set(version + 1);
        row.updated_at = Set(now);
        row.update(&**tx).await?;
        Ok(())
    }

    /// Offers a secret for an authenticator app. Asks for the password: who finds a browser signed in
    /// must not bind its user to a foreign phone.
    pub async fn begin_totp(
        &self,
        principal: &Principal,
        password: &str,
        client: &Client,
    ) -> Result<TotpOffer> {
        let user = self.own_row(principal).await?;
        self.confirm_password(&user, password, "password", client)
            .await?;
        if user.totp_secret.is_some() {
            return Err(
                refused("totp_already_on", "a one-time code is asked for already")
                    .with_way_out("switch it off first"),
            );
        }
        let secret = totp::secret_of(&self.app.ids.secret(TOTP_SECRET_BYTES));
        let offer = TotpOffer {
            uri: totp::uri(&user.username, &secret),
            secret: secret.clone(),
        };
        let sealed = self
            .app
            .key
            .seal(&self.app.ids, &totp_label(user.id), &secret)?;
        let (app, who) = (self.app.clone(), Who::user(principal));
        self.app
            .db
            .write(async move |tx| {
                let row = user::ActiveModel {
                    id: Set(user.id),
                    totp_pending: Set(Some(sealed)),
                    ..Default::default()
                };
                row.update(&*tx).await?;
                audit::record(
                    &app,
                    &*tx,
                    &who,
                    "user.totp_begun",
                    "user",
                    user.id,
                    json!({}),
                )
                .await
            })
            .await?;
        Ok(offer)
    }

    /// Puts the offered secret in force once the app shows its code.
    pub async fn confirm_totp(&self, principal: &Principal, code: &str) -> Result<()> {
        let user = self.own_row(principal).await?;
        let Some(sealed) = user.totp_pending.clone() else {
            return Err(refused("totp_not_begun", "no secret was offered")
                .with_way_out("POST /api/v1/session/totp"));
        };
        let secret = self.app.key.unseal(&totp_label(user.id), &sealed)?;
        let step = totp::matching_step(&secret, code.trim(), self.app.clock.now())
            .ok_or_else(|| invalid("code", "wrong_code", "the app shows another code"))?;
        let (app, who) = (self.app.clone(), Who::user(principal));
        self.app
            .db
            .write(async move |tx| {
                let id = user.id;
                let mut row: user::ActiveModel = user.into();
                row.totp_pending = Set(None);
                row.totp_secret = Set(Some(sealed));
                row.totp_last_step = Set(None);
                row.update(&*tx).await?;
                // The code just shown signs nobody in.
                take_step(&tx, id, step).await?;
                audit::record(&app, &*tx, &who, "user.totp_on", "user", id, json!({})).await
            })
            .await
    }

    /// Asks for no one-time code any more.
    pub async fn drop_totp(
        &self,
        principal: &Principal,
        password: &str,
        client: &Client,
    ) -> Result<()> {
        let user = self.own_row(principal).await?;
        self.confirm_password(&user, password, "password", client)
            .await?;
        let (app, who) = (self.app.clone(), Who::user(principal));
        self.app
            .db
            .write(async move |tx| {
                let id = user.id;
                let mut row: user::ActiveModel = user.into();
                row.totp_pending = Set(None);
                row.totp_secret = Set(None);
                row.update(&*tx).await?;
                audit::record(&app, &*tx, &who, "user.totp_off", "user", id, json!({})).await
            })
            .await
    }
}
