//! From whom a leak is hidden: whom it may be about, who is named or whose traces were gathered for it; its list, its
//! page, its news and its rows of the audit trail.

use kernel::Principal;
use kernel::audit::entry;
use kernel::problem::{Result, invalid, refused};
use organization::colleagues;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait as _,
};
use uuid::Uuid;

use super::package::row as package;
use super::store::row as leak;
use crate::rights::DecideLeaks;

/// Leaks and packages looked up to keep them from whom they are about.
const MOST_HIDDEN: u64 = 1_000;
/// Packages of one leak.
const MOST_PACKAGES: u64 = 50;

/// Leaks that may be about a person.
fn about(person: Uuid) -> Condition {
    Condition::any()
        .add(leak::Column::SuspectId.eq(person))
        .add(leak::Column::Id.in_subquery(cases_of(person)))
}

/// Leaks that may not be about who looks.
pub(crate) fn from(person: &Principal) -> Condition {
    let not_named = Condition::any()
        .add(leak::Column::SuspectId.is_null())
        .add(leak::Column::SuspectId.ne(person.user_id));
    let not_gathered = leak::Column::Id.not_in_subquery(cases_of(person.user_id));
    Condition::all().add(not_named).add(not_gathered)
}

/// Whom a leak may be about.
pub(super) async fn suspects(conn: &impl ConnectionTrait, leak: &leak::Model) -> Result<Vec<Uuid>> {
    let mut people = people(conn, leak.id).await?;
    people.extend(leak.suspect_id);
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// The leaks for which traces of a person were gathered.
fn cases_of(person: Uuid) -> SelectStatement {
    package::Entity::find()
        .select_only()
        .column(package::Column::CaseId)
        .filter(package::Column::UserId.eq(person))
        .into_query()
}

/// Whose traces were gathered for a leak.
async fn people(conn: &impl ConnectionTrait, case_id: Uuid) -> Result<Vec<Uuid>> {
    let people = package::Entity::find()
        .select_only()
        .column(package::Column::UserId)
        .filter(package::Column::CaseId.eq(case_id))
        .limit(MOST_PACKAGES)
        .into_tuple();
    Ok(people.all(conn).await?)
}

/// The rows of the audit trail that `person` may see: none about a leak that may be about him, or about its evidence.
pub async fn seen_by(conn: &impl ConnectionTrait, person: Uuid) -> Result<Condition> {
    let cases: Vec<Uuid> = leak::Entity::find()
        .select_only()
        .column(leak::Column::Id)
        .filter(about(person))
        .limit(MOST_HIDDEN + 1)
        .into_tuple()
        .all(conn)
        .await?;
    if cases.is_empty() {
        return Ok(Condition::all());
    }
    let packages: Vec<Uuid> = package::Entity::find()
        .select_only()
        .column(package::Column::Id)
        .filter(package::Column::CaseId.is_in(cases.iter().copied()))
        .limit(MOST_HIDDEN + 1)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(Condition::all()
        .add(none_of("leak", &cases))
        .add(none_of("leak_package", &packages)))
}

/// Rows about anything but these of a kind.
fn none_of(kind: &str, ids: &[Uuid]) -> Condition {
    let other = entry::Column::SubjectKind.ne(kind);
    // More than can be named: he sees none of the kind at all.
    if ids.len() as u64 > MOST_HIDDEN {
        return Condition::all().add(other);
    }
    let ids = ids.iter().map(Uuid::to_string);
    Condition::any()
        .add(other)
        .add(entry::Column::SubjectId.is_not_in(ids))
}

/// From then on the leak is hidden from him: nobody gathers his own traces, and those of who decides on leaks are
/// gathered by somebody who decides too, so that no administrator takes a leak out of the purchaser's sight.
pub(super) async fn must_be_gathered_of(
    conn: &impl ConnectionTrait,
    me: &Principal,
    user: Uuid,
) -> Result<()> {
    if !colleagues(conn, [user]).await?.contains_key(&user) {
        return Err(invalid("user_id", "user_unknown", "no such user"));
    }
    if user == me.user_id {
        let detail = "nobody gathers evidence about himself";
        return Err(refused("leak_package_own", detail)
            .with_way_out("another person of the purchaser or an administrator builds it"));
    }
    must_not_decide(conn, me, user).await
}

/// Whom a leak may be about does not see it; of who decides on leaks only somebody who decides too says so.
pub(super) async fn must_not_decide(
    conn: &impl ConnectionTrait,
    me: &Principal,
    user: Uuid,
) -> Result<()> {
    if me.may::<DecideLeaks>() {
        return Ok(());
    }
    let deciders = organization::colleagues::holders(conn, kernel::Role::PurchaserAdmin).await?;
    if deciders.iter().any(|one| one.id == user) {
        let detail =
            "he decides on leaks; only somebody who decides too names him or gathers his traces";
        return Err(refused("leak_decider", detail)
            .with_way_out("another administrator of the purchaser does it"));
    }
    Ok(())
}
