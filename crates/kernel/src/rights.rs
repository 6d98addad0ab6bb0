//! Who may do what: roles, permissions, the scope of rows, and the actor of a request.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::Who;
use crate::problem::{Problem, forbidden, refused, unauthorized};

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $side:ident;)*) => {
        /// The roles of the two sides (domain A.0).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Role { $($(#[$doc])* $name,)* }

        impl Role {
            /// Every role, in the order of the console.
            pub const ALL: &'static [Role] = &[$(Role::$name),*];

            /// The code stored and sent.
            pub fn as_str(self) -> &'static str { match self { $(Role::$name => $code,)* } }

            /// The side the role belongs to.
            pub fn side(self) -> Side { match self { $(Role::$name => Side::$side,)* } }

            /// The role with this code.
            pub fn parse(code: &str) -> Option<Self> { match code { $($code => Some(Role::$name),)* _ => None } }
        }
    };
}

/// Supplier operates, purchaser supervises, administrators may stand on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// 服务商
    Supplier,
    /// 采购人
    Purchaser,
    /// Either side: the three administrators.
    Either,
}

roles! {
    /// 座席
    Agent = "agent", Supplier;
    /// 班长 / 现场主管
    ShiftLead = "shift_lead", Supplier;
    /// 运营经理
    OpsManager = "ops_manager", Supplier;
    /// 质检员
    Quality = "quality", Supplier;
    /// 培训师
    Trainer = "trainer", Supplier;
    /// 数据分析员
    Analyst = "analyst", Supplier;
    /// 人事合规专员
    HrCompliance = "hr_compliance", Supplier;
    /// 日常联络人（服务商）
    Liaison = "liaison", Supplier;
    /// 日常联络人（采购人）
    Counterpart = "counterpart", Purchaser;
    /// 采购人管理员
    PurchaserAdmin = "purchaser_admin", Purchaser;
    /// 采购人业务科室
    PurchaserBusiness = "purchaser_business", Purchaser;
    /// 采购人结算审核员
    PurchaserReviewer = "purchaser_reviewer", Purchaser;
    /// 系统管理员
    SysAdmin = "sys_admin", Either;
    /// 安全管理员
    SecAdmin = "sec_admin", Either;
    /// 审计管理员
    AuditAdmin = "audit_admin", Either;
}

impl Role {
    /// One of the three administrators (三员), who may not hold a business role.
    pub fn is_administrator(self) -> bool {
        matches!(self, Role::SysAdmin | Role::SecAdmin | Role::AuditAdmin)
    }
}

/// How far a grant reaches, before it is bound to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Rows the actor owns.
    Own,
    /// Rows of the queues the actor serves.
    Queue,
    /// Every row.
    All,
}

/// The rows an actor may see or change with one permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Rows owned by this user.
    Own(Uuid),
    /// Rows of these queues.
    Queues(Vec<String>),
    /// Every row.
    All,
}

/// A right, as a type, so that a handler states its need in its signature.
pub trait Permission: Send + Sync + 'static {
    /// `resource:verb`.
    const CODE: &'static str;
    /// What it allows, in one sentence.
    const SUMMARY: &'static str;
    /// Which role has it, and how far it reaches.
    const GRANTS: &'static [(Role, Reach)];
}

/// A permission as data: for the rights matrix and the console.
#[derive(Debug, Clone, Serialize)]
pub struct PermissionDef {
    /// `resource:verb`.
    pub code: &'static str,
    /// What it allows.
    pub summary: &'static str,
    /// Which role has it, and how far it reaches.
    pub grants: &'static [(Role, Reach)],
}

/// The permissions of all capabilities, found by their code.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    defs: Arc<RwLock<BTreeMap<&'static str, PermissionDef>>>,
}

impl Rights {
    /// Adds the permissions of the capabilities; called once, before serving.
    pub fn register(&self, defs: impl IntoIterator<Item = PermissionDef>) {
        let mut known = self.defs.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(defs.into_iter().map(|def| (def.code, def)));
    }

    /// Every permission, by code.
    pub fn all(&self) -> Vec<PermissionDef> {
        self.defs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// The rows `principal` reaches with the permission of this code; `None` without it.
    pub fn scope(&self, principal: &Principal, code: &str) -> Option<Scope> {
        let defs = self.defs.read().unwrap_or_else(PoisonError::into_inner);
        principal.scope(defs.get(code)?.grants)
    }
}

/// Declares permissions and who has them:
/// `permissions! { /// See calls. pub ViewCalls = "calls:view" { Agent: Own, ShiftLead: All } }`.
#[macro_export]
macro_rules! permissions {
    ($(#[doc = $doc:literal] pub $name:ident = $code:literal { $($role:ident: $reach:ident),* $(,)? })*) => {
        $(
            #[doc = $doc]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl $crate::Permission for $name {
                const CODE: &'static str = $code;
                const SUMMARY: &'static str = $doc;
                const GRANTS: &'static [($crate::Role, $crate::rights::Reach)] =
                    &[$(($crate::Role::$role, $crate::rights::Reach::$reach)),*];
            }
        )*

        /// Every permission of this capability.
        pub fn permissions() -> Vec<$crate::PermissionDef> {
            vec![$($crate::PermissionDef {
                code: $code,
                summary: <$name as $crate::Permission>::SUMMARY.trim_ascii(),
                grants: <$name as $crate::Permission>::GRANTS,
            }),*]
        }
    };
}

/// Who is signed in. Put into the request by the capability `organization`.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user.
    pub user_id: Uuid,
    /// The session, so that it can be ended.
    pub session_id: Uuid,
    /// Sign-in name; also the user part of the softphone's SIP address.
    pub username: String,
    /// The person's name; never shown to the public.
    pub name: String,
    /// 工号, shown and read out to the public.
    pub staff_no: Option<String>,
    /// The roles held.
    pub roles: Vec<Role>,
    /// Codes of the queues served.
    pub queues: Vec<String>,
    /// Only the change of the password is allowed.
    pub must_change_password: bool,
}

impl Principal {
    /// The scope that the roles give for a permission; `None` without it.
    pub fn scope(&self, grants: &[(Role, Reach)]) -> Option<Scope> {
        let reach = grants
            .iter()
            .filter(|(role, _)| self.roles.contains(role))
            .map(|(_, reach)| *reach)
            .max()?;
        Some(match reach {
            Reach::Own => Scope::Own(self.user_id),
            Reach::Queue => Scope::Queues(self.queues.clone()),
            Reach::All => Scope::All,
        })
    }

    /// Has the permission, whatever its reach.
    pub fn may<P: Permission>(&self) -> bool {
        self.scope(P::GRANTS).is_some()
    }
}

/// The signed-in user of a request who holds permission `P`.
#[derive(Debug, Clone)]
pub struct Actor<P> {
    principal: Principal,
    scope: Scope,
    permission: PhantomData<P>,
}

impl<P: Permission> Actor<P> {
    /// The actor of a principal; 403 without the permission.
    pub fn of(principal: Principal) -> Result<Self, Problem> {
        if principal.must_change_password {
            return Err(password_change_required());
        }
        let scope = principal
            .scope(P::GRANTS)
            .ok_or_else(|| forbidden(P::CODE))?;
        Ok(Self {
            principal,
            scope,
            permission: PhantomData,
        })
    }

    /// The rows this permission reaches for this actor.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The user.
    pub fn user_id(&self) -> Uuid {
        self.principal.user_id
    }

    /// The person's name.
    pub fn name(&self) -> &str {
        &self.principal.name
    }

    /// All that is known of the signed-in user.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The user as the audit trail names him.
    pub fn who(&self) -> Who {
        Who::user(&self.principal)
    }
}

/// Any signed-in user, whatever the roles; also during a forced password change.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Principal);

fn password_change_required() -> Problem {
    refused(
        "password_change_required",
        "the password must be changed first",
    )
    .with_way_out("PUT /api/v1/session/password")
}

fn principal(parts: &Parts) -> Result<Principal, Problem> {
    parts
        .extensions
        .get::<Principal>()
        .cloned()
        .ok_or_else(|| unauthorized("not_signed_in", "nobody is signed in"))
}

impl<S: Sync, P: Permission> FromRequestParts<S> for Actor<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::of(principal(parts)?)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        principal(parts).map(Self)
    }
}
