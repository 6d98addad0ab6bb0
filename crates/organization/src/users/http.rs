//! `/api/v1/users` and `/api/v1/roles`.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query, ShownOnce};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, forbidden, not_found};
use kernel::rights::Reach;
use kernel::{Actor, Permission, Role, Scope, Side};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{NewUser, UserChange, store};
use crate::parties::parse_side;
use crate::rights::{
    AuthorizeUsers, ChangeUsers, CreateUsers, EndSessions, ManageUsers, ViewUsers,
};
use crate::rows::{party, user};
use crate::session::sign_in::locked_until;
use crate::{Organization, role_name};

/// A user as administrators see him.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of the list"
)]
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Identifies the user.
    pub id: Uuid,
    /// Sign-in name.
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
    /// May not sign in.
    pub disabled: bool,
    /// Locked by failed sign-ins until then.
    pub locked_until: Option<DateTime<Utc>>,
    /// Has to change the password first.
    pub must_change_password: bool,
    /// A one-time code is asked for at sign-in.
    pub totp: bool,
    /// Has an open session.
    pub signed_in: bool,
    /// The last sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// To be sent back with a change.
    pub version: i64,
    /// When the user was made.
    pub created_at: DateTime<Utc>,
}

/// What the list may be narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    /// Holds this role.
    pub role: Option<Role>,
    /// Disabled, or not.
    pub disabled: Option<bool>,
}

/// A user to be made. Roles are given afterwards, by the security administrator.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UserCreation {
    /// 2 to 32 of a-z, 0-9, dot, hyphen and underscore, beginning with a letter.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// 工号: up to 10 digits.
    #[serde(default)]
    pub staff_no: String,
    /// Department or section.
    #[serde(default)]
    pub department: String,
    /// `supplier` or `purchaser`.
    pub side: Side,
}

/// A user just made, with the password of the first sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserCreated {
    /// The user.
    #[serde(flatten)]
    pub user: UserView,
    /// Shown this once.
    pub initial_password: String,
}

/// What is to change; a field left out stays. Roles need `users:authorize`, the rest `users:manage`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UserPatch {
    /// The version the caller saw.
    pub version: i64,
    /// The person's name.
    pub name: Option<String>,
    /// 工号; empty takes it away.
    pub staff_no: Option<String>,
    /// Department or section.
    pub department: Option<String>,
    /// May not sign in any more; ends the user's sessions.
    pub disabled: Option<bool>,
    /// Exactly these roles; taking one away ends the user's sessions.
    pub roles: Option<Vec<Role>>,
}

/// How many sessions ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    /// Sessions.
    pub sessions: usize,
}

/// Whether the one-time code is reset as well.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct PasswordReset {
    /// The user lost the authenticator app too.
    #[serde(default)]
    pub drop_totp: bool,
}

/// The password of the next sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct InitialPassword {
    /// Shown this once; has to be changed at the sign-in.
    pub initial_password: String,
}

/// A role and what it may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleView {
    /// The code.
    pub role: Role,
    /// What it is called.
    pub name: &'static str,
    /// `supplier`, `purchaser` or `either`.
    pub side: Side,
    /// One of the three administrators, who hold no other role.
    pub administrator: bool,
    /// Permission code → `own`, `queue` or `all`.
    #[schema(value_type = BTreeMap<String, String>)]
    pub permissions: BTreeMap<&'static str, Reach>,
}

impl Organization {
    async fn views(&self, rows: Vec<user::Model>) -> Result<Vec<UserView>> {
        let (conn, now) = (self.app.db.read(), self.app.clock.now());
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut roles = store::roles_of_all(conn, &ids).await?;
        let signed_in = store::signed_in(conn, &ids).await?;
        let parties = party::Entity::find().all(conn).await?;
        let sides: HashMap<Uuid, Side> = parties
            .iter()
            .map(|party| (party.id, parse_side(&party.side)))
            .collect();
        let view = |row: user::Model| UserView {
            locked_until: locked_until(&row, now),
            must_change_password: self.must_change_password(&row, now),
            side: sides.get(&row.party_id).copied().unwrap_or(Side::Either),
            roles: roles.remove(&row.id).unwrap_or_default(),
            signed_in: signed_in.contains(&row.id),
            id: row.id,
            username: row.username,
            name: row.name,
            staff_no: row.staff_no,
            department: row.department,
            disabled: row.disabled,
            totp: row.totp_secret.is_some(),
            last_sign_in_at: row.last_sign_in_at,
            version: row.version,
            created_at: row.created_at,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn view(&self, scope: &Scope, id: Uuid) -> Result<UserView> {
        let row = store::by_id(self.app.db.read(), scope, id).await?;
        let view = self.views(row.into_iter().collect()).await?.pop();
        view.ok_or_else(|| not_found("user"))
    }
}

/// The users.
#[utoipa::path(get, path = "/api/v1/users", tag = "organization", params(ListQuery, UserFilter), responses((status = 200, body = Page<UserView>)))]
pub async fn list(
    actor: Actor<ViewUsers>,
    State(organization): State<Organization>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<UserFilter>,
) -> Result<Json<Page<UserView>>> {
    let filter = store::Filter {
        role: filter.role,
        disabled: filter.disabled,
    };
    let page = store::list(organization.app.db.read(), actor.scope(), &query, &filter).await?;
    let items = organization.views(page.items).await?;
    Ok(Json(Page {
        items,
        next: page.next,
        total: page.total,
        total_capped: page.total_capped,
    }))
}

/// Makes a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "organization", request_body = UserCreation, responses((status = 201, body = UserCreated)))]
pub async fn create(
    actor: Actor<CreateUsers>,
    State(organization): State<Organization>,
    Json(given): Json<UserCreation>,
) -> Result<impl IntoResponse> {
    let new = NewUser {
        username: given.username,
        name: given.name,
        staff_no: given.staff_no,
        department: given.department,
        side: given.side,
        roles: Vec::new(),
        password: None,
    };
    let created = organization.create_user(&actor.who(), new).await?;
    let user = organization.view(actor.scope(), created.id).await?;
    let initial_password = created.initial_password;
    Ok(ShownOnce(
        StatusCode::CREATED,
        UserCreated {
            user,
            initial_password,
        },
    ))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "organization", params(("id" = Uuid, Path)), responses((status = 200, body = UserView)))]
pub async fn show(
    actor: Actor<ViewUsers>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
) -> Result<Json<UserView>> {
    Ok(Json(organization.view(actor.scope(), id).await?))
}

/// Changes a user.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "organization", params(("id" = Uuid, Path)), request_body = UserPatch,
    responses(
        (status = 200, body = UserView),
        (status = 409, body = Problem, description = "`administrator_with_business_role`, `two_administrators`, `role_of_other_side`, `own_roles`, `last_administrator` or `stale_version`"),
    )
)]
pub async fn change(
    actor: Actor<ChangeUsers>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
    Json(patch): Json<UserPatch>,
) -> Result<Json<UserView>> {
    let change = UserChange {
        version: Some(patch.version),
        name: patch.name,
        staff_no: patch.staff_no,
        department: patch.department,
        disabled: patch.disabled,
        roles: patch.roles,
    };
    if change.roles.is_some() && !actor.principal().may::<AuthorizeUsers>() {
        return Err(forbidden(AuthorizeUsers::CODE).with_field("roles"));
    }
    if change.touches_person() && !actor.principal().may::<ManageUsers>() {
        return Err(forbidden(ManageUsers::CODE));
    }
    organization
        .change_user_as(&actor.who(), id, change)
        .await?;
    Ok(Json(organization.view(actor.scope(), id).await?))
}

/// Ends the sessions of a user.
#[utoipa::path(post, path = "/api/v1/users/{id}/sign-out", tag = "organization", params(("id" = Uuid, Path)), responses((status = 200, body = SessionsEnded)))]
pub async fn sign_out(
    actor: Actor<EndSessions>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
) -> Result<Json<SessionsEnded>> {
    let sessions = organization.force_sign_out(&actor.who(), id).await?;
    Ok(Json(SessionsEnded { sessions }))
}

/// Lifts the lock of a user.
#[utoipa::path(post, path = "/api/v1/users/{id}/unlock", tag = "organization", params(("id" = Uuid, Path)), responses((status = 204)))]
pub async fn unlock(
    actor: Actor<AuthorizeUsers>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    organization.unlock_user(&actor.who(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a user a new first password.
#[utoipa::path(post, path = "/api/v1/users/{id}/reset-password", tag = "organization", params(("id" = Uuid, Path)), request_body = PasswordReset, responses((status = 200, body = InitialPassword)))]
pub async fn reset_password(
    actor: Actor<ManageUsers>,
    State(organization): State<Organization>,
    Path(id): Path<Uuid>,
    given: Option<Json<PasswordReset>>,
) -> Result<impl IntoResponse> {
    let drop_totp = given.is_some_and(|Json(given)| given.drop_totp);
    let initial_password = organization
        .reset_password(&actor.who(), id, drop_totp)
        .await?;
    Ok(ShownOnce(
        StatusCode::OK,
        InitialPassword { initial_password },
    ))
}

/// The roles and what each may do.
#[utoipa::path(get, path = "/api/v1/roles", tag = "organization", responses((status = 200, body = Vec<RoleView>)))]
pub async fn roles(
    _actor: Actor<ViewUsers>,
    State(organization): State<Organization>,
) -> Json<Vec<RoleView>> {
    let permissions = organization.app.rights.all();
    let view = |role: &Role| RoleView {
        role: *role,
        name: role_name(*role),
        side: role.side(),
        administrator: role.is_administrator(),
        permissions: permissions
            .iter()
            .filter_map(|permission| {
                let grant = permission
                    .grants
                    .iter()
                    .filter(|(holder, _)| holder == role);
                Some((permission.code, grant.map(|(_, reach)| *reach).max()?))
            })
            .collect(),
    };
    Json(Role::ALL.iter().map(view).collect())
}
