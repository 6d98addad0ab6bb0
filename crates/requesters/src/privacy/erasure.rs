//! Erasing what is known of a person, with a proof: how much was erased where, when, by whom, the digest of what it was,
//! and what was kept for which reason. The inventory says which, the capabilities say how ([`kernel::forget`]).

use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::{App, Forgets, Tx, day, forget, numbers, rule};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use super::http::KeptInformation;
use super::inventory::PersonalInformation;
use crate::identity::store::row as identity;
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
        kept: Json,
    }
}

/// Rows of one person at most: nobody has more numbers and accounts.
const MOST: u64 = 200;

/// What the inventory lets go, and what it keeps with the reason.
fn sorted<'a>(
    inventory: &[PersonalInformation],
    forgets: &'a [Forgets],
    today: chrono::NaiveDate,
) -> (Vec<&'a Forgets>, Vec<KeptInformation>) {
    let mut goes: Vec<&Forgets> = forgets.iter().filter(|one| one.knows_person()).collect();
    let mut kept = Vec::new();
    for row in inventory {
        let Some(reason) = &row.kept_on_request else {
            continue;
        };
        goes.retain(|one| !row.columns.contains(&one.name()));
        kept.push(KeptInformation {
            code: row.code.clone(),
            what: row.what.clone(),
            why: reason.why.clone(),
            until: reason.until(today),
        });
    }
    (goes, kept)
}

/// Erases what is known of this requester and those who are the same person, as far as the inventory does not keep it.
pub(super) async fn erase(
    app: &App,
    tx: &Tx,
    who: &Who,
    (request, requester_id): (Uuid, Uuid),
    forgets: &[Forgets],
) -> Result<row::Model> {
    let now = app.clock.now();
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

    let inventory = rule::in_force::<PersonalInformation>(&**tx, now).await?;
    let (goes, kept) = sorted(&inventory, forgets, day::of(now));
    let mut erased = forget::persons(tx, goes, &ids).await?;
    requester::Entity::update_many()
        .col_expr(requester::Column::PhoneKind, Expr::value("withheld"))
        .col_expr(
            requester::Column::Version,
            Expr::col(requester::Column::Version).add(1),
        )
        .filter(requester::Column::Id.is_in(ids.iter().copied()))
        .exec(&**tx)
        .await?;
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
    erased.insert("requester_identities", accounts.len() as u64);
    erased.retain(|_, rows| *rows > 0);
    let total: u64 = erased.values().sum();
    let made = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "SC-", now).await?,
        requester_id,
        request_id: request,
        erased: json!(erased),
        total: i64::try_from(total).map_err(kernel::problem::internal)?,
        digest: digest.clone(),
        erased_by: who.user_id,
        erased_at: now,
        kept: json!(kept),
    };
    row::Entity::insert(made.clone().into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    let codes: Vec<&str> = kept.iter().map(|one| one.code.as_str()).collect();
    let details = json!({
        "proof": made.number, "erased": made.erased, "digest": digest, "request": request, "kept": codes,
    });
    let (action, kind) = ("requester.erased", "requester");
    audit::record(app, &**tx, who, action, kind, requester_id, details).await?;
    let facts = json!({ "id": requester_id, "proof": made.number });
    app.events.publish(tx, action, requester_id, facts).await?;
    Ok(made)
}
