//! Making a user with a password for the first sign-in.

use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Role, Side, Tx};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;
use uuid::Uuid;

use super::{check_department, check_line, check_staff_no, check_username, store};
use crate::rows::user;
use crate::{Organization, check_roles, parties, password};

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Sign-in name.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// 工号; empty for none.
    pub staff_no: String,
    /// Department or section; may be empty.
    pub department: String,
    /// `Supplier` or `Purchaser`.
    pub side: Side,
    /// The first roles; over HTTP there are none, because another administrator gives them.
    pub roles: Vec<Role>,
    /// The password of the first sign-in; one is made up when it is not given.
    pub password: Option<String>,
}

/// A user just made.
#[derive(Debug, Clone)]
pub struct Created {
    /// The user.
    pub id: Uuid,
    /// The password of the first sign-in, shown this once.
    pub initial_password: String,
}

/// What [`Organization::insert_user`] needs beside the person.
pub(crate) struct Secrets {
    pub(crate) password_hash: String,
    pub(crate) must_change: bool,
    pub(crate) demo: bool,
}

impl Organization {
    /// Makes a user, who has to change the password at the first sign-in.
    pub async fn create_user(&self, who: &Who, new: NewUser) -> Result<Created> {
        let (new, secrets, initial_password) = self.with_password(new).await?;
        let (organization, who) = (self.clone(), who.clone());
        let id = self
            .app
            .db
            .write(async move |tx| organization.insert_user(&tx, &who, new, secrets).await)
            .await?;
        Ok(Created {
            id,
            initial_password,
        })
    }

    /// Makes all of these users, in their order, or none.
    pub async fn create_users(&self, who: &Who, all: Vec<NewUser>) -> Result<Vec<Created>> {
        let mut prepared = Vec::new();
        for new in all {
            prepared.push(self.with_password(new).await?);
        }
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                let mut created = Vec::new();
                for (new, secrets, initial_password) in prepared {
                    let name = new.username.clone();
                    let id = Box::pin(organization.insert_user(&tx, &who, new, secrets)).await;
                    let id = id.map_err(|mut problem| {
                        problem.detail = format!("{name}: {}", problem.detail);
                        problem
                    })?;
                    created.push(Created {
                        id,
                        initial_password,
                    });
                }
                Ok(created)
            })
            .await
    }

    /// Checks a user and makes up the first password where none is given.
    async fn with_password(&self, new: NewUser) -> Result<(NewUser, Secrets, String)> {
        let new = checked(new)?;
        let initial_password = match &new.password {
            Some(given) => {
                password::check(given, &new.username, "password")?;
                given.clone()
            }
            None => password::initial(&self.app.ids.secret(8)),
        };
        let secrets = Secrets {
            password_hash: self.hasher.hash(&initial_password).await?,
            must_change: true,
            demo: false,
        };
        Ok((new, secrets, initial_password))
    }

    pub(crate) async fn insert_user(
        &self,
        tx: &Tx,
        who: &Who,
        new: NewUser,
        secrets: Secrets,
    ) -> Result<Uuid> {
        let now = self.app.clock.now();
        if store::by_username(&**tx, &new.username).await?.is_some() {
            return Err(username_taken());
        }
        let staff_no = check_staff_no(&new.staff_no)?;
        refuse_taken_staff_no(tx, staff_no.as_deref(), None).await?;
        let party = parties::of_side(&**tx, new.side).await?;
        let row = user::ActiveModel {
            id: Set(self.app.ids.next()),
            username: Set(new.username),
            name: Set(new.name),
            staff_no: Set(staff_no),
            department: Set(new.department),
            party_id: Set(party.id),
            password_hash: Set(secrets.password_hash),
            password_changed_at: Set(now),
            must_change_password: Set(secrets.must_change),
            demo_secret: Set(secrets.demo),
            totp_pending: Set(None),
            totp_secret: Set(None),
            totp_last_step: Set(None),
            failed_sign_ins: Set(0),
            locked_until: Set(None),
            last_sign_in_at: Set(None),
            disabled: Set(false),
            version: Set(1),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let mut user = row.insert(&**tx).await?;
        // Who may not sign in yet gets an account that waits: it is enabled once nothing is missing.
        if !secrets.demo
            && let Err(refusal) = self.may_activate(tx, user.id, new.side).await
        {
            if refusal.status >= 500 {
                return Err(refusal);
            }
            let mut waiting: user::ActiveModel = user.into();
            waiting.disabled = Set(true);
            user = waiting.update(&**tx).await?;
        }
        store::put_roles(&**tx, user.id, &new.roles).await?;
        let details = json!({ "username": user.username, "roles": new.roles, "side": new.side });
        audit::record(
            &self.app,
            &**tx,
            who,
            "user.created",
            "user",
            user.id,
            details,
        )
        .await?;
        let told = json!({ "username": user.username, "roles": new.roles });
        self.app
            .events
            .publish(tx, "user.created", user.id, told)
            .await?;
        Ok(user.id)
    }
}

pub(crate) fn checked(mut new: NewUser) -> Result<NewUser> {
    new.username = check_username(&new.username)?;
    new.name = check_line("name", &new.name)?;
    new.department = check_department(&new.department)?;
    check_staff_no(&new.staff_no)?;
    if new.side == Side::Either {
        return Err(invalid(
            "side",
            "bad_side",
            "a user belongs to supplier or purchaser",
        ));
    }
    new.roles.sort();
    new.roles.dedup();
    check_roles(&new.roles, new.side)?;
    Ok(new)
}

pub(crate) async fn refuse_taken_staff_no(
    tx: &Tx,
    staff_no: Option<&str>,
    own: Option<Uuid>,
) -> Result<()> {
    let Some(staff_no) = staff_no else {
        return Ok(());
    };
    let holder = user::Entity::find()
        .filter(user::Column::StaffNo.eq(staff_no))
        .one(&**tx)
        .await?;
    match holder {
        Some(holder) if Some(holder.id) != own => Err(invalid(
            "staff_no",
            "staff_no_taken",
            format!("{staff_no} belongs to {}", holder.username),
        )),
        _ => Ok(()),
    }
}

fn username_taken() -> Problem {
    invalid(
        "username",
        "username_taken",
        "another user has this sign-in name",
    )
}
