//! What `shoujie user` does on the server itself: the way back when nobody can sign in.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found, refused};
use kernel::{Role, Side};
use sea_orm::{EntityTrait, QueryOrder};
use uuid::Uuid;

use super::{Created, NewUser, store};
use crate::parties::parse_side;
use crate::rows::{party, user};
use crate::session::sign_in::locked_until;
use crate::{Organization, colleagues};

/// A user as the server's own console lists him.
#[derive(Debug, Clone)]
pub struct Account {
    /// Sign-in name.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// `Supplier` or `Purchaser`.
    pub side: Side,
    /// The roles held.
    pub roles: Vec<Role>,
    /// May not sign in.
    pub disabled: bool,
    /// Locked by failed sign-ins until then.
    pub locked_until: Option<DateTime<Utc>>,
    /// Has to change the password first.
    pub must_change_password: bool,
    /// The last sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

impl Organization {
    /// Everybody, by sign-in name.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let (conn, now) = (self.app.db.read(), self.app.clock.now());
        let users = user::Entity::find()
            .order_by_asc(user::Column::Username)
            .all(conn)
            .await?;
        let parties = party::Entity::find().all(conn).await?;
        let ids: Vec<Uuid> = users.iter().map(|user| user.id).collect();
        let mut roles = store::roles_of_all(conn, &ids).await?;
        let side = |id: Uuid| {
            let party = parties.iter().find(|party| party.id == id);
            party.map_or(Side::Either, |party| parse_side(&party.side))
        };
        let account = |user: user::Model| Account {
            side: side(user.party_id),
            locked_until: locked_until(&user, now),
            roles: roles.remove(&user.id).unwrap_or_default(),
            username: user.username,
            name: user.name,
            disabled: user.disabled,
            must_change_password: user.must_change_password,
            last_sign_in_at: user.last_sign_in_at,
        };
        Ok(users.into_iter().map(account).collect())
    }

    /// The user with this sign-in name.
    pub async fn user_named(&self, username: &str) -> Result<Uuid> {
        let user = store::by_username(self.app.db.read(), username).await?;
        Ok(user
            .ok_or_else(|| not_found(&format!("user: {username}")))?
            .id)
    }

    /// Makes an administrator where none of this kind is left; anything else is done in the console, by
    /// two administrators.
    pub async fn appoint_administrator(&self, who: &Who, new: NewUser) -> Result<Created> {
        let [role] = new.roles[..] else {
            return Err(internal("an administrator holds one role"));
        };
        let holders = colleagues::holders(self.app.db.read(), role).await?;
        if let Some(holder) = holders.first() {
            let detail = format!("{} is {} already", holder.name, role.as_str());
            return Err(refused("administrator_exists", detail)
                .with_way_out("`shoujie user reset-password` gives that person a new password"));
        }
        self.create_user(who, new).await
    }
}
