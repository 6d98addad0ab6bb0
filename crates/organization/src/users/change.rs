//! Changing a user: who he is, what he may do, whether he may sign in at all.

use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, not_found, refused, stale};
use kernel::{Role, Tx};
use sea_orm::{ActiveModelTrait, EntityTrait, QuerySelect, Set};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::create::refuse_taken_staff_no;
use super::{check_department, check_line, check_staff_no, store};
use crate::parties::parse_side;
use crate::rows::{party, user};
use crate::{EndReason, Organization, check_roles, password};

/// What is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The version the caller saw; `None` does not ask.
    pub version: Option<i64>,
    /// The person's name.
    pub name: Option<String>,
    /// 工号; empty takes it away.
    pub staff_no: Option<String>,
    /// Department or section.
    pub department: Option<String>,
    /// May not sign in any more.
    pub disabled: Option<bool>,
    /// Exactly these roles.
    pub roles: Option<Vec<Role>>,
}

impl UserChange {
    /// Changes what `users:manage` allows.
    pub fn touches_person(&self) -> bool {
        self.name.is_some()
            || self.staff_no.is_some()
            || self.department.is_some()
            || self.disabled.is_some()
    }
}

impl Organization {
    /// Changes a user. Sessions end when the user is disabled or loses a role.
    pub async fn change_user_as(&self, who: &Who, id: Uuid, change: UserChange) -> Result<()> {
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                let user = found(&tx, id).await?;
                if change.version.is_some_and(|seen| seen != user.version) {
                    return Err(stale("user"));
                }
                if let Some(roles) = &change.roles {
                    organization.change_roles(&tx, &who, &user, roles).await?;
                }
                Box::pin(organization.change_person(&tx, &who, user, &change)).await
            })
            .await
    }

    async fn change_roles(
        &self,
        tx: &Tx,
        who: &Who,
        user: &user::Model,
        roles: &[Role],
    ) -> Result<()> {
        let mut roles = roles.to_vec();
        roles.sort();
        roles.dedup();
        let before = store::roles_of(&**tx, user.id).await?;
        if roles == before {
            return Ok(());
        }
        if who.user_id == Some(user.id) {
            return Err(refused("own_roles", "nobody changes his own roles")
                .with_field("roles")
                .with_way_out("ask another security administrator"));
        }
        let party = party::Entity::find_by_id(user.party_id).one(&**tx).await?;
        let party = party.ok_or_else(|| not_found("party"))?;
        check_roles(&roles, parse_side(&party.side))?;
        let taken: Vec<Role> = before
            .iter()
            .copied()
            .filter(|role| !roles.contains(role))
            .collect();
        refuse_last_administrator(tx, user.id, &taken).await?;
        store::put_roles(&**tx, user.id, &roles).await?;
        let details = json!({ "before": before, "after": roles });
        audit::record(
            &self.app,
            &**tx,
            who,
            "user.roles_changed",
            "user",
            user.id,
            details.clone(),
        )
        .await?;
        self.app
            .events
            .publish(tx, "user.roles_changed", user.id, details)
            .await?;
        // Streams hold the rights they began with: they come back with the new ones.
        let (live, id) = (self.app.live.clone(), user.id);
        tx.on_commit(move || live.end_user(id));
        if !taken.is_empty() {
            self.end_all_in(tx, user.id, None, EndReason::RoleTaken, who)
                .await?;
        }
        Ok(())
    }

    async fn change_person(
        &self,
        tx: &Tx,
        who: &Who,
        user: user::Model,
        change: &UserChange,
    ) -> Result<()> {
        let (id, version, party_id) = (user.id, user.version, user.party_id);
        let was_disabled = user.disabled;
        let mut row: user::ActiveModel = user.into();
        let mut changed = Map::new();
        if let Some(name) = &change.name {
            row.name = Set(check_line("name", name)?);
            changed.insert("name".to_owned(), Value::Bool(true));
        }
        if let Some(staff_no) = &change.staff_no {
            let staff_no = check_staff_no(staff_no)?;
            refuse_taken_staff_no(tx, staff_no.as_deref(), Some(id)).await?;
            changed.insert("staff_no".to_owned(), json!(staff_no));
            row.staff_no = Set(staff_no);
        }
        if let Some(department) = &change.department {
            let department = check_department(department)?;
            changed.insert("department".to_owned(), json!(department));
            row.department = Set(department);
        }
        if let Some(disabled) = change.disabled.filter(|disabled| *disabled != was_disabled) {
            if disabled {
                if who.user_id == Some(id) {
                    return Err(
                        refused("own_account", "nobody disables himself").with_field("disabled")
                    );
                }
                let roles = store::roles_of(&**tx, id).await?;
                refuse_last_administrator(tx, id, &roles).await?;
            } else {
                let party = party::Entity::find_by_id(party_id).one(&**tx).await?;
                let party = party.ok_or_else(|| not_found("party"))?;
                self.may_activate(tx, id, parse_side(&party.side)).await?;
            }
            changed.insert("disabled".to_owned(), json!(disabled));
            row.disabled = Set(disabled);
        }
        row.version = Set(version + 1);
        row.updated_at = Set(self.app.clock.now());
        row.update(&**tx).await?;
        if changed.is_empty() {
            return Ok(());
        }
        let disabled = changed.get("disabled") == Some(&Value::Bool(true));
        let details = Value::Object(changed);
        audit::record(
            &self.app,
            &**tx,
            who,
            "user.changed",
            "user",
            id,
            details.clone(),
        )
        .await?;
        self.app
            .events
            .publish(tx, "user.changed", id, details)
            .await?;
        if disabled {
            self.end_all_in(tx, id, None, EndReason::Disabled, who)
                .await?;
        }
        Ok(())
    }

    /// Ends every session of a user; answers how many.
    pub async fn force_sign_out(&self, who: &Who, id: Uuid) -> Result<usize> {
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                found(&tx, id).await?;
                organization
                    .end_all_in(&tx, id, None, EndReason::Forced, &who)
                    .await
            })
            .await
    }

    /// Lifts a lock before its time.
    pub async fn unlock_user(&self, who: &Who, id: Uuid) -> Result<()> {
        let (app, who) = (self.app.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                let mut row: user::ActiveModel = found(&tx, id).await?.into();
                row.failed_sign_ins = Set(0);
                row.locked_until = Set(None);
                row.update(&*tx).await?;
                audit::record(&app, &*tx, &who, "user.unlocked", "user", id, json!({})).await
            })
            .await
    }

    /// Gives a new first password, which is answered this once, and ends the user's sessions. A one-time
    /// code stays in force: who resets it as well says so.
    pub async fn reset_password(&self, who: &Who, id: Uuid, drop_totp: bool) -> Result<String> {
        let initial = password::initial(&self.app.ids.secret(8));
        let hash = self.hasher.hash(&initial).await?;
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                let user = found(&tx, id).await?;
                let roles = store::roles_of(&*tx, id).await?;
                if who.user_id.is_some() && roles.iter().any(|role| role.is_administrator()) {
                    return Err(administrators_password());
                }
                organization.set_password_in(&tx, user, hash, true).await?;
                if drop_totp {
                    let mut row: user::ActiveModel = found(&tx, id).await?.into();
                    row.totp_secret = Set(None);
                    row.totp_pending = Set(None);
                    row.update(&*tx).await?;
                }
                let details = json!({ "totp_dropped": drop_totp });
                audit::record(
                    &organization.app,
                    &*tx,
                    &who,
                    "user.password_reset",
                    "user",
                    id,
                    details,
                )
                .await?;
                organization
                    .end_all_in(&tx, id, None, EndReason::PasswordReset, &who)
                    .await?;
                Ok(())
            })
            .await?;
        Ok(initial)
    }
}

/// The row, held until the end: what is read here is what is changed.
async fn found(tx: &Tx, id: Uuid) -> Result<user::Model> {
    user::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("user"))
}

/// Who resets a password can sign in with it: one administrator would be two (GB/T 22239-2019 8.1.4.2).
fn administrators_password() -> Problem {
    refused(
        "administrators_password",
        "no user resets an administrator's password",
    )
    .with_way_out("`shoujie user reset-password` on the server")
}

/// Somebody has to be left who can undo it: the last administrator of a kind stays.
async fn refuse_last_administrator(tx: &Tx, id: Uuid, lost: &[Role]) -> Result<()> {
    for role in lost.iter().filter(|role| role.is_administrator()) {
        if !store::another_holds(&**tx, *role, id).await? {
            let detail = format!("this is the last {}", role.as_str());
            return Err(
                refused("last_administrator", detail).with_way_out("appoint another one first")
            );
        }
    }
    Ok(())
}
