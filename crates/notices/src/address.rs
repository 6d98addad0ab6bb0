//! Where a person is reached outside the console. Given by the person himself, shown masked to him too: a screen
//! may be seen by others.

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, Email, Phone, audit};
use lettre::Address;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Notices, ReadNotices};

kernel::table! {
    mod row = "notice_addresses" (user_id: Uuid) {
        email: Option<String>,
        mobile: Option<String>,
        verified: bool,
        changed_at: DateTimeUtc,
    }
}

/// Longest e-mail address (RFC 5321 §4.5.3.1.3, without the brackets).
const LONGEST_EMAIL: usize = 254;

/// Where a person is reached.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NoticeAddress)]
pub(crate) struct Reached {
    /// E-mail address, masked.
    #[schema(value_type = Option<String>)]
    pub email: Option<Email>,
    /// Mobile number, masked.
    #[schema(value_type = Option<String>)]
    pub mobile: Option<Phone>,
    /// Somebody has made sure that both are the person's.
    pub verified: bool,
}

/// Where a person is reached; none who gave nothing.
pub(crate) async fn of(conn: &impl ConnectionTrait, user: Uuid) -> Result<Option<Reached>> {
    let row = row::Entity::find_by_id(user).one(conn).await?;
    Ok(row.map(|row| Reached {
        email: row.email.map(Email::new),
        mobile: row.mobile.map(Phone::new),
        verified: row.verified,
    }))
}

const NOWHERE: Reached = Reached {
    email: None,
    mobile: None,
    verified: false,
};

/// Where one is reached oneself, masked.
#[utoipa::path(
    get, path = "/api/v1/notice-address", tag = "notices",
    responses((status = 200, body = Reached)),
)]
pub(crate) async fn show(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
) -> Result<Json<Reached>> {
    let reached = of(notices.app.db.read(), actor.user_id()).await?;
    Ok(Json(reached.unwrap_or(NOWHERE)))
}

/// Another address; what is not named stays, an empty text takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeAddressChange)]
pub(crate) struct AddressChange {
    /// `zhang@example.org`
    email: Option<String>,
    /// `13900000001`, or `+85291234567` abroad.
    mobile: Option<String>,
}

/// Says where one is reached.
#[utoipa::path(
    put, path = "/api/v1/notice-address", tag = "notices",
    request_body = AddressChange,
    responses((status = 200, body = Reached), (status = 422, body = Problem)),
)]
pub(crate) async fn change(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
    Json(asked): Json<AddressChange>,
) -> Result<Json<Reached>> {
    let email = asked.email.map(|text| email(&text)).transpose()?;
    let mobile = asked.mobile.map(|text| mobile(&text)).transpose()?;
    let (app, who, user) = (notices.app.clone(), actor.who(), actor.user_id());
    let db = app.db.clone();
    let reached = db
        .write(async move |tx| {
            let before = of(&*tx, user).await?.unwrap_or(NOWHERE);
            let after = Reached {
                email: email.unwrap_or_else(|| before.email.clone()),
                mobile: mobile.unwrap_or_else(|| before.mobile.clone()),
                verified: false,
            };
            if (&after.email, &after.mobile) == (&before.email, &before.mobile) {
                return Ok(before);
            }
            save(&*tx, user, &after, app.clock.now()).await?;
            let key = app.key.bytes();
            let digest = |value: Option<&str>| value.map(|value| audit::digest(key, value));
            let details = json!({
                "email": digest(after.email.as_ref().map(Email::reveal)),
                "mobile": digest(after.mobile.as_ref().map(Phone::reveal)),
            });
            audit::record(
                &app,
                &*tx,
                &who,
                "notice_address.changed",
                "user",
                user,
                details,
            )
            .await?;
            Ok(after)
        })
        .await?;
    Ok(Json(reached))
}

async fn save(
    conn: &impl ConnectionTrait,
    user: Uuid,
    reached: &Reached,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    use row::Column::{ChangedAt, Email as EmailColumn, Mobile, UserId, Verified};
    let address = row::ActiveModel {
        user_id: Set(user),
        email: Set(reached
            .email
            .as_ref()
            .map(|email| email.reveal().to_owned())),
        mobile: Set(reached
            .mobile
            .as_ref()
            .map(|phone| phone.reveal().to_owned())),
        verified: Set(reached.verified),
        changed_at: Set(now),
    };
    let over = OnConflict::column(UserId)
        .update_columns([EmailColumn, Mobile, Verified, ChangedAt])
        .to_owned();
    row::Entity::insert(address)
        .on_conflict(over)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

fn email(text: &str) -> Result<Option<Email>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LONGEST_EMAIL || text.parse::<Address>().is_err() {
        return Err(invalid(
            "email",
            "not_an_email",
            "this is no e-mail address",
        ));
    }
    Ok(Some(Email::new(text)))
}

/// Digits of a mobile number in China, or E.164 with its plus abroad.
fn mobile(text: &str) -> Result<Option<Phone>> {
    let number: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '-')
        .collect();
    if number.is_empty() {
        return Ok(None);
    }
    let number = number.strip_prefix("+86").unwrap_or(&number);
    let digits = number.strip_prefix('+').unwrap_or(number);
    let all_digits = digits.chars().all(|char| char.is_ascii_digit());
    let fits = if number.starts_with('+') {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0')
    } else {
        digits.len() == 11 && digits.starts_with('1')
    };
    if all_digits && fits {
        Ok(Some(Phone::new(number)))
    } else {
        Err(invalid(
            "mobile",
            "not_a_mobile",
            "this is no mobile number",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_is_kept_in_the_form_people_dial() {
        for (given, kept) in [
            ("13900000001", "13900000001"),
            ("+86 139-0000-0001", "13900000001"),
            ("+852 9123 4567", "+85291234567"),
        ] {
            assert_eq!(mobile(given).unwrap().unwrap().reveal(), kept);
        }
        assert!(mobile(" ").unwrap().is_none());
        for wrong in [
            "02083300000",
            "1390000000",
            "12345",
            "+0123456789",
            "1390000000x",
            "１３９０００００００１",
        ] {
            assert!(mobile(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_email_is_one_address() {
        assert!(email("zhang@example.org").unwrap().is_some());
        for wrong in [
            "zhang",
            "zhang@",
            "a@b\r\nBcc: c@d",
            "Zhang <z@example.org>",
            "a@b,c@d",
        ] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }
}
