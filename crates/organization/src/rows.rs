//! The tables of `migrations/2026112310_organization.sql`.
#![allow(
    missing_docs,
    reason = "the columns are named and typed in the migration"
)]

macro_rules! table {
    ($module:ident, $table:literal { $($(#[$attribute:meta])* $column:ident: $kind:ty,)* }) => {
        pub mod $module {
            #[allow(unused_imports, reason = "not every table has each kind of column")]
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model { $($(#[$attribute])* pub $column: $kind,)* }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table!(party, "parties" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    side: String,
    name: String,
    created_at: DateTimeUtc,
});

table!(user, "users" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    username: String,
    name: String,
    staff_no: Option<String>,
    department: String,
    party_id: Uuid,
    password_hash: String,
    password_changed_at: DateTimeUtc,
    must_change_password: bool,
    demo_secret: bool,
    totp_pending: Option<String>,
    totp_secret: Option<String>,
    totp_last_step: Option<i64>,
    failed_sign_ins: i32,
    locked_until: Option<DateTimeUtc>,
    last_sign_in_at: Option<DateTimeUtc>,
    disabled: bool,
    version: i64,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
});

table!(user_role, "user_roles" {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    role: String,
});

table!(former_password, "former_passwords" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
    password_hash: String,
    replaced_at: DateTimeUtc,
});

table!(session, "sessions" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
    token_hash: String,
    created_at: DateTimeUtc,
    last_seen_at: DateTimeUtc,
    expires_at: DateTimeUtc,
    ended_at: Option<DateTimeUtc>,
    end_reason: Option<String>,
    remote_addr: String,
    user_agent: String,
});

table!(device, "devices" {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    user_id: Uuid,
    kind: String,
    label: String,
    username: String,
    realm: String,
    ha1: String,
    demo_secret: bool,
    secret_changed_at: DateTimeUtc,
    created_at: DateTimeUtc,
});

table!(calendar_year, "calendar_years" {
    #[sea_orm(primary_key, auto_increment = false)]
    year: i32,
    published: bool,
    source: String,
    version: i64,
    updated_at: DateTimeUtc,
});

table!(calendar_day, "calendar_days" {
    #[sea_orm(primary_key, auto_increment = false)]
    year: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    day: String,
    kind: String,
    name: String,
});

table!(service_hours, "service_hours" {
    #[sea_orm(primary_key, auto_increment = false)]
    version: i64,
    periods: Json,
    late_receipt_is_next_day: bool,
    set_at: DateTimeUtc,
});
