//! Desk phones and the secrets they register with.
//!
//! A desk phone registers with its user's sign-in name; each has a secret of its own, so that one can be
//! taken out of use without touching the others. The secret is shown once and stored nowhere: what is kept
//! is HA1, the digest over user name, realm and secret (RFC 2617 §3.2.2.2), which is all the registrar
//! needs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path, Query, ShownOnce};
use kernel::list::{ListQuery, Page, containing, paginate};
use kernel::problem::{Result, invalid, not_found};
use kernel::{Actor, Scope, Tx};
use md5::{Digest, Md5};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, Set,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Organization;
use crate::rights::{ManageDevices, ViewDevices};
use crate::rows::{device, user};
use crate::users::{check_line, store};

/// Bytes of randomness in a secret that is made up.
const SECRET_BYTES: usize = 12;

/// What the registrar checks a desk phone's digest with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSecret {
    /// The device.
    pub device_id: Uuid,
    /// Its user: the agent that rings.
    pub user_id: Uuid,
    /// Digest realm the HA1 was counted with.
    pub realm: String,
    /// MD5 over `username:realm:secret` in hex.
    pub ha1: String,
}

/// Who registers under a name, and with which secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceOwner {
    /// The user.
    pub user_id: Uuid,
    /// 工号, read out to the public.
    pub staff_no: Option<String>,
    /// One for each desk phone; none when the user has the softphone only.
    pub secrets: Vec<DeviceSecret>,
}

/// A desk phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceView {
    /// Identifies it.
    pub id: Uuid,
    /// Its user.
    pub user_id: Uuid,
    /// `desk_phone`
    pub kind: String,
    /// Where it stands.
    pub label: String,
    /// User name it registers with: the user's sign-in name.
    pub username: String,
    /// Digest realm.
    pub realm: String,
    /// When its secret was set.
    pub secret_changed_at: DateTime<Utc>,
}

/// A desk phone to be added.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DeviceCreation {
    /// Its user.
    pub user_id: Uuid,
    /// Where it stands, at most 64 characters.
    #[serde(default)]
    pub label: String,
}

/// A secret to be set.
#[derive(Default, Deserialize, ToSchema)]
pub struct SecretChange {
    /// 12 to 64 printable ASCII characters; one is made up when not given.
    pub secret: Option<String>,
}

/// A device with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceWithSecret {
    /// The device.
    #[serde(flatten)]
    pub device: DeviceView,
    /// Shown this once.
    pub secret: String,
}

impl From<device::Model> for DeviceView {
    fn from(row: device::Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            kind: row.kind,
            label: row.label,
            username: row.username,
            realm: row.realm,
            secret_changed_at: row.secret_changed_at,
        }
    }
}

/// The secrets of the desk phones that register with this user name; none for an unknown or a disabled
/// user.
pub async fn ha1_for(conn: &impl ConnectionTrait, username: &str) -> Result<Vec<DeviceSecret>> {
    Ok(owner_of(conn, username)
        .await?
        .map(|owner| owner.secrets)
        .unwrap_or_default())
}

/// The user whose devices register with this name; `None` for an unknown or a disabled one.
pub async fn owner_of(conn: &impl ConnectionTrait, username: &str) -> Result<Option<DeviceOwner>> {
    let user = store::by_username(conn, username).await?;
    let Some(user) = user.filter(|user| !user.disabled) else {
        return Ok(None);
    };
    let rows = device::Entity::find()
        .filter(device::Column::UserId.eq(user.id))
        .order_by_asc(device::Column::CreatedAt)
        .order_by_asc(device::Column::Id)
        .all(conn)
        .await?;
    let secret = |row: device::Model| DeviceSecret {
        device_id: row.id,
        user_id: row.user_id,
        realm: row.realm,
        ha1: row.ha1,
    };
    Ok(Some(DeviceOwner {
        user_id: user.id,
        staff_no: user.staff_no,
        secrets: rows.into_iter().map(secret).collect(),
    }))
}

fn ha1(username: &str, realm: &str, secret: &str) -> String {
    let digest = Md5::digest(format!("{username}:{realm}:{secret}").as_bytes());
    hex::encode(digest)
}

fn check_secret(secret: &str) -> Result<()> {
    let good =
        (12..=64).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
    if good && secret != crate::password::DEMO_PASSWORD {
        return Ok(());
    }
    Err(invalid(
        "secret",
        "bad_secret",
        "a device secret has 12 to 64 printable ASCII characters",
    ))
}

/// What [`Organization::insert_device`] needs.
pub(crate) struct NewDevice<'a> {
    pub(crate) user_id: Uuid,
    pub(crate) label: String,
    pub(crate) secret: &'a str,
    pub(crate) demo: bool,
}

impl Organization {
    /// Adds a desk phone of a user; answers it with its secret, which is not stored.
    pub async fn add_device(
        &self,
        who: &Who,
        user_id: Uuid,
        label: Option<&str>,
    ) -> Result<DeviceWithSecret> {
        let label = match label.map(str::trim) {
            None | Some("") => String::new(),
            Some(label) => check_line("label", label)?,
        };
        let secret = self.app.ids.secret(SECRET_BYTES);
        let (organization, who, told) = (self.clone(), who.clone(), secret.clone());
        let device = self
            .app
            .db
            .write(async move |tx| {
                let new = NewDevice {
                    user_id,
                    label,
                    secret: &secret,
                    demo: false,
                };
                organization.insert_device(&tx, &who, new).await
            })
            .await?;
        Ok(DeviceWithSecret {
            device,
            secret: told,
        })
    }

    pub(crate) async fn insert_device(
        &self,
        tx: &Tx,
        who: &Who,
        new: NewDevice<'_>,
    ) -> Result<DeviceView> {
        let user = user::Entity::find_by_id(new.user_id).one(&**tx).await?;
        let user = user.ok_or_else(|| invalid("user_id", "no_such_user", "no such user"))?;
        let (now, realm) = (self.app.clock.now(), self.realm()?);
        let row = device::ActiveModel {
            id: Set(self.app.ids.next()),
            user_id: Set(user.id),
            kind: Set("desk_phone".to_owned()),
            label: Set(new.label),
            ha1: Set(ha1(&user.username, &realm, new.secret)),
            username: Set(user.username),
            realm: Set(realm),
            demo_secret: Set(new.demo),
            secret_changed_at: Set(now),
            created_at: Set(now),
        };
        let row = row.insert(&**tx).await?;
        let details = json!({ "username": row.username, "user_id": user.id });
        audit::record(
            &self.app,
            &**tx,
            who,
            "device.added",
            "device",
            row.id,
            details,
        )
        .await?;
        Ok(row.into())
    }

    /// Sets the secret of a device, or makes one up; answers it this once.
    pub async fn set_device_secret(
        &self,
        who: &Who,
        id: Uuid,
        secret: Option<String>,
    ) -> Result<DeviceWithSecret> {
        let secret = secret.unwrap_or_else(|| self.app.ids.secret(SECRET_BYTES));
        check_secret(&secret)?;
        let (organization, who, told) = (self.clone(), who.clone(), secret.clone());
        let device = self
            .app
            .db
            .write(async move |tx| {
                let row = device::Entity::find_by_id(id).one(&*tx).await?;
                let row = row.ok_or_else(|| not_found("device"))?;
                let (username, realm) = (row.username.clone(), organization.realm()?);
                let mut row: device::ActiveModel = row.into();
                row.ha1 = Set(ha1(&username, &realm, &secret));
                row.realm = Set(realm);
                row.demo_secret = Set(false);
                row.secret_changed_at = Set(organization.app.clock.now());
                let row = row.update(&*tx).await?;
                organization
                    .tell(&tx, &who, "device.secret_changed", &row)
                    .await?;
                Ok(row.into())
            })
            .await?;
        Ok(DeviceWithSecret {
            device,
            secret: told,
        })
    }

    /// Takes a desk phone out of use.
    pub async fn remove_device(&self, who: &Who, id: Uuid) -> Result<()> {
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                let row = device::Entity::find_by_id(id).one(&*tx).await?;
                let row = row.ok_or_else(|| not_found("device"))?;
                device::Entity::delete_by_id(id).exec(&*tx).await?;
                organization.tell(&tx, &who, "device.removed", &row).await
            })
            .await
    }

    /// Into the trail, and to the registrar: what registered with the old secret is to go.
    async fn tell(&self, tx: &Tx, who: &Who, what: &str, device: &device::Model) -> Result<()> {
        let details = json!({ "username": device.username, "user_id": device.user_id });
        audit::record(
            &self.app,
            &**tx,
            who,
            what,
            "device",
            device.id,
            details.clone(),
        )
        .await?;
        self.app.events.publish(tx, what, device.id, details).await
    }

    fn realm(&self) -> Result<String> {
        self.app.config.get("sip.realm")
    }
}

/// The desk phones, the last added first.
#[utoipa::path(get, path = "/api/v1/devices", tag = "organization", params(ListQuery), responses((status = 200, body = Page<DeviceView>)))]
pub async fn list(
    actor: Actor<ViewDevices>,
    State(organization): State<Organization>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<DeviceView>>> {
    let mut select = device::Entity::find();
    if actor.scope() != &Scope::All {
        select = select.filter(device::Column::UserId.eq(actor.user_id()));
    }
    if let Some(words) = query.words()? {
        select = select.filter(
            Condition::any()
                .add(containing(device::Column::Username, words))
                .add(containing(device::Column::Label, words)),
        );
    }
    let sortable = [
        ("created_at", device::Column::CreatedAt),
        ("username", device::Column::Username),
    ];
    let conn = organization.app.db.read();
    let page = paginate(conn, select, &query, &sortable, device::Column::Id).await?;
    Ok(Json(page.map(DeviceView::from)))
}

/// Adds a desk phone.
#[utoipa::path(post, path = "/api/v1/devices", tag = "organization", request_body = DeviceCreation, responses((status = 201, body = DeviceWithSecret)))]
pub async fn add(
    actor: Actor<ManageDevices>,
    State(organization): State<Organization>,
    Json(given): Json<DeviceCreation>,
) -> Result<impl IntoResponse> {
    let added = organization
        .add_device(&actor.who(), given.user_id, Some(&given.label))
        .await?;
    Ok(ShownOnce(StatusCode::CREATED, added))
}

/// Takes a desk phone out of use.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", tag = "organization", params(("id" = Uuid, Path)), responses((status = 204)))]
pub async fn remove(
    actor: Actor<ManageDevices>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    organization.remove_device(&actor.who(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the secret of a desk phone.
#[utoipa::path(put, path = "/api/v1/devices/{id}/secret", tag = "organization", params(("id" = Uuid, Path)), request_body = SecretChange, responses((status = 200, body = DeviceWithSecret)))]
pub async fn set_secret(
    actor: Actor<ManageDevices>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
    given: Option<Json<SecretChange>>,
) -> Result<impl IntoResponse> {
    let secret = given.and_then(|Json(given)| given.secret);
    let device = organization
        .set_device_secret(&actor.who(), id, secret)
        .await?;
    Ok(ShownOnce(StatusCode::OK, device))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2617 §3.5: the HA1 of its example.
    #[test]
    fn ha1_is_that_of_rfc_2617() {
        let expected = "939e7578ed9e3c518a452acee763bce9";
        assert_eq!(
            ha1("Mufasa", "testrealm@host.com", "Circle Of Life"),
            expected
        );
    }
}
