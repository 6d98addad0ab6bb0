//! What a writer says of himself: a number, an address. It proves nothing; it is kept to suggest who he may be.

use kernel::problem::{Result, invalid};
use kernel::{App, Email, Phone};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::identity::store::mail_hash;
use crate::number::{NumberKind, normalise};
use crate::requester::store::hash_of;

kernel::table! {
    /// One value that a writer gave. `hash` is what it is found by, `sealed` what it was.
    pub mod row = "requester_claims" (id: Uuid) {
        requester_id: Uuid,
        kind: String,
        hash: String,
        masked: String,
        sealed: String,
        claimed_at: DateTimeUtc,
    }
}

kernel::words! {
    /// What is claimed.
    ClaimKind {
        /// 手机或固话
        Phone = "phone",
        /// 邮箱
        Mail = "mail",
    }
}

/// Numbers and addresses that one requester may give: who goes on is trying out whose they are.
const MOST: u64 = 10;
/// Claims looked at: a value that many give is no reason for anything.
const LOOKED_AT: u64 = 50;

/// Keeps the number that a writer typed, as a claim: nothing is linked by it. Says no to what is no number.
pub async fn note_claimed_number(
    app: &App,
    tx: &impl ConnectionTrait,
    requester_id: Uuid,
    number: &str,
) -> Result<()> {
    let number = normalise(number).filter(|number| {
        matches!(
            number.kind,
            NumberKind::Mobile | NumberKind::Landline | NumberKind::Foreign
        )
    });
    let Some(number) = number else {
        return Err(invalid(
            "phone",
            "number_invalid",
            "a whole telephone number",
        ));
    };
    let (hash, phone) = (hash_of(app, &number), Phone::new(number.text));
    let (kind, masked) = (ClaimKind::Phone, phone.masked());
    note(app, tx, requester_id, (kind, hash, masked, phone.reveal())).await
}

/// Keeps the e-mail address that a writer typed, as a claim.
pub async fn note_claimed_mail(
    app: &App,
    tx: &impl ConnectionTrait,
    requester_id: Uuid,
    mail: &str,
) -> Result<()> {
    let Some(mail) = crate::identity::mail_of(mail.trim()).filter(|mail| mail.len() <= 254) else {
        return Err(invalid("mail", "mail_invalid", "a whole e-mail address"));
    };
    let (hash, mail) = (mail_hash(app, &mail), Email::new(mail));
    let (kind, masked) = (ClaimKind::Mail, mail.masked());
    note(app, tx, requester_id, (kind, hash, masked, mail.reveal())).await
}

async fn note(
    app: &App,
    tx: &impl ConnectionTrait,
    requester_id: Uuid,
    (kind, hash, masked, clear): (ClaimKind, String, String, &str),
) -> Result<()> {
    let given = row::Entity::find()
        .filter(row::Column::RequesterId.eq(requester_id))
        .count(tx)
        .await?;
    // Quietly: the writer is not told what is done with what he gives.
    if given >= MOST {
        return Ok(());
    }
    let id = app.ids.next();
    let claim = row::ActiveModel {
        id: Set(id),
        requester_id: Set(requester_id),
        kind: Set(kind.as_str().to_owned()),
        hash: Set(hash),
        masked: Set(masked),
        sealed: Set(app.key.seal(&app.ids, &label(id), clear)?),
        claimed_at: Set(app.clock.now()),
    };
    let known = OnConflict::columns([
        row::Column::RequesterId,
        row::Column::Kind,
        row::Column::Hash,
    ])
    .do_nothing()
    .to_owned();
    row::Entity::insert(claim)
        .on_conflict(known)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// What these requesters gave.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    requesters: &[Uuid],
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::RequesterId.is_in(requesters.iter().copied()))
        .order_by_asc(row::Column::ClaimedAt)
        .all(conn)
        .await?)
}

/// Who gave one of these values, by their hashes.
pub(crate) async fn by(conn: &impl ConnectionTrait, hashes: &[String]) -> Result<Vec<Uuid>> {
    Ok(row::Entity::find()
        .select_only()
        .column(row::Column::RequesterId)
        .filter(row::Column::Hash.is_in(hashes.iter().cloned()))
        .order_by_desc(row::Column::ClaimedAt)
        .limit(LOOKED_AT)
        .into_tuple()
        .all(conn)
        .await?)
}

/// One value as it was given; `None` when this requester gave none such.
pub(crate) async fn clear(
    app: &App,
    conn: &impl ConnectionTrait,
    requester: Uuid,
    id: Option<Uuid>,
) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let given = row::Entity::find_by_id(id)
        .filter(row::Column::RequesterId.eq(requester))
        .one(conn)
        .await?;
    let open = |row: row::Model| app.key.unseal(&label(row.id), &row.sealed);
    given.map(open).transpose()
}

/// Under which label a claim is sealed.
fn label(id: Uuid) -> String {
    format!("requester_claim:{id}")
}

/// The requester gave this number when he wrote: whoever knows it, and the number of his request, may ask for it.
pub async fn gave_number(
    app: &App,
    conn: &impl ConnectionTrait,
    requester_id: Uuid,
    number: &str,
) -> Result<bool> {
    let Some(number) = normalise(number) else {
        return Ok(false);
    };
    let found = row::Entity::find()
        .filter(row::Column::RequesterId.eq(requester_id))
        .filter(row::Column::Kind.eq(ClaimKind::Phone.as_str()))
        .filter(row::Column::Hash.eq(hash_of(app, &number)))
        .count(conn)
        .await?;
    Ok(found > 0)
}
