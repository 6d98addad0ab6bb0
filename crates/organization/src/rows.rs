//! The tables of `migrations/2026112310_organization.sql`.

use kernel::table;

table! {
    pub mod party = "parties" (id: Uuid) {
        side: String,
        name: String,
        created_at: DateTimeUtc,
    }
}

table! {
    pub mod user = "users" (id: Uuid) {
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
    }
}

table! {
    pub mod user_role = "user_roles" (user_id: Uuid, role: String) {
    }
}

table! {
    pub mod former_password = "former_passwords" (id: Uuid) {
        user_id: Uuid,
        password_hash: String,
        replaced_at: DateTimeUtc,
    }
}

table! {
    pub mod session = "sessions" (id: Uuid) {
        user_id: Uuid,
        token_hash: String,
        created_at: DateTimeUtc,
        last_seen_at: DateTimeUtc,
        expires_at: DateTimeUtc,
        ended_at: Option<DateTimeUtc>,
        end_reason: Option<String>,
        remote_addr: String,
        user_agent: String,
    }
}

table! {
    pub mod device = "devices" (id: Uuid) {
        user_id: Uuid,
        kind: String,
        label: String,
        username: String,
        realm: String,
        ha1: String,
        demo_secret: bool,
        secret_changed_at: DateTimeUtc,
        created_at: DateTimeUtc,
    }
}

table! {
    pub mod calendar_year = "calendar_years" (year: i32) {
        published: bool,
        source: String,
        version: i64,
        updated_at: DateTimeUtc,
    }
}

table! {
    pub mod calendar_day = "calendar_days" (year: i32, day: String) {
        kind: String,
        name: String,
    }
}

table! {
    pub mod service_hours = "service_hours" (version: i64) {
        periods: Json,
        late_receipt_is_next_day: bool,
        set_at: DateTimeUtc,
    }
}
