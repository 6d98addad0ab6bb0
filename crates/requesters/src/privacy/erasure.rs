//! Erasing what is known of a person, with a proof: how much was erased where, when, by whom, and the digest of what it
//! was. What was said in records and recordings is kept by the rules of its own.

use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::{App, Tx, numbers};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use crate::identity::store::row as identity;
use crate::person::{claim, proof};
use crate::requester::store::row as requester;

kernel::table! {
    /// The proof of one erasure.
    pub mod row = "privacy_erasures" (id: Uuid) {
        number: String,
        requester_id: Uuid,
        request_id: Uuid,
        erased: Json,
        total: i64,
        digest: String,
        erased_by: Option<Uuid>,
        erased_at: DateTimeUtc,
    }
}

/// Rows of one person at most: nobody has more numbers and accounts.
const MOST: u64 = 200;

/// Erases name, number, nickname and what was claimed and proven, of this requester and those who are the same person.
pub(super) async fn erase(
    app: &App,
    tx: &Tx,
    who: &Who,
    request: Uuid,
    requester_id: Uuid,
) -> Result<row::Model> {
    let ids = crate::same_person(&**tx, requester_id).await?;
    let people = requester::Entity::find()
        .filter(requester::Column::Id.is_in(ids.iter().copied()))
        .limit(MOST)
        .all(&**tx)
        .await?;
    let mut values: Vec<String> = people
        .iter()
        .flat_map(|one| [&one.name, &one.phone, &one.nickname])
        .flatten()
        .cloned()
        .collect();
    let accounts = identity::Entity::find()
        .filter(identity::Column::RequesterId.is_in(ids.iter().copied()))
        .limit(MOST)
        .all(&**tx)
        .await?;
    values.extend(accounts.iter().filter_map(|one| one.nickname.clone()));
    values.extend(accounts.iter().map(|one| one.external_id.clone()));
    values.sort_unstable();
    // With the installation's key: who holds the value can show that it was among them, nobody can guess it.
    let digest = audit::digest(app.key.bytes(), &values.join("\n"));
    let of_them = || requester::Column::Id.is_in(ids.iter().copied());
    let nothing = || Expr::value(Option::<String>::None);
    let requesters = requester::Entity::update_many()
        .col_expr(requester::Column::Name, nothing())
        .col_expr(requester::Column::Phone, nothing())
        .col_expr(requester::Column::PhoneHash, nothing())
        .col_expr(requester::Column::Nickname, nothing())
        .col_expr(requester::Column::PhoneKind, Expr::value("withheld"))
        .col_expr(
            requester::Column::Version,
            sea_orm::sea_query::ExprTrait::add(Expr::col(requester::Column::Version), 1),
        )
        .filter(of_them())
        .exec(&**tx)
        .await?
        .rows_affected;
    let identities = identity::Entity::update_many()
        .col_expr(identity::Column::Nickname, nothing())
        .col_expr(identity::Column::MailHash, nothing())
        .filter(identity::Column::RequesterId.is_in(ids.iter().copied()))
        .exec(&**tx)
        .await?
        .rows_affected;
    // By SMS and e-mail the account is the number or the address itself; each keeps a name of its own, so one by one. A
    // person has a handful.
    for account in &accounts {
        identity::Entity::update_many()
            .col_expr(
                identity::Column::ExternalId,
                Expr::value(format!("erased:{}", account.id)),
            )
            .filter(identity::Column::Id.eq(account.id))
            .exec(&**tx)
            .await?;
    }
    let claims = claim::row::Entity::delete_many()
        .filter(claim::row::Column::RequesterId.is_in(ids.iter().copied()))
        .exec(&**tx)
        .await?
        .rows_affected;
    let proofs = proof::row::Entity::update_many()
        .col_expr(proof::row::Column::NumberSealed, nothing())
        .col_expr(proof::row::Column::NumberHash, nothing())
        .filter(proof::row::Column::RequesterId.is_in(ids.iter().copied()))
        .exec(&**tx)
        .await?
        .rows_affected;
    let now = app.clock.now();
    let total = requesters + identities + claims + proofs;
    let made = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "SC-", now).await?,
        requester_id,
        request_id: request,
        erased: json!({
            "requesters": requesters, "requester_identities": identities, "requester_claims": claims,
            "requester_proofs": proofs,
        }),
        total: i64::try_from(total).map_err(kernel::problem::internal)?,
        digest: digest.clone(),
        erased_by: who.user_id,
        erased_at: now,
    };
    let kept = made.clone();
    let proof = row::ActiveModel {
        id: Set(kept.id),
        number: Set(kept.number),
        requester_id: Set(kept.requester_id),
        request_id: Set(kept.request_id),
        erased: Set(kept.erased.clone()),
        total: Set(kept.total),
        digest: Set(kept.digest),
        erased_by: Set(kept.erased_by),
        erased_at: Set(kept.erased_at),
    };
    row::Entity::insert(proof)
        .exec_without_returning(&**tx)
        .await?;
    let details = json!({ "proof": made.number, "erased": made.erased, "digest": digest, "request": request });
    let (action, kind) = ("requester.erased", "requester");
    audit::record(app, &**tx, who, action, kind, requester_id, details).await?;
    Ok(made)
}
