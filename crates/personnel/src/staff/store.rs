//! The rows of staff files, and how they are judged.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Scope, Tx};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Refusal, StaffState};
use crate::agreed;
use crate::qualification::{self, Finding, Item, Proof, Rulebook, StaffFile, Waiver};
use crate::trail::Scribe;
use kernel::day;

/// Pieces of evidence and waivers of one person that are shown and judged.
const MOST: u64 = 500;
/// Files that are judged for one list, the newest first: a house has tens of people.
const JUDGED: u64 = 1_000;
/// How far ahead what runs out is shown.
pub(crate) const SOON: u64 = 60;

kernel::table! {
    /// A person of the supplier, or a candidate without an account.
    pub mod row = "staff" (id: Uuid) {
        user_id: Option<Uuid>,
        name: String,
        born_on: Option<String>,
        id_number_sealed: Option<String>,
        id_number_hash: Option<String>,
        phone_sealed: Option<String>,
        other_project: Option<String>,
        state: String,
        passed: bool,
        hired_on: Option<String>,
        left_on: Option<String>,
        created_by: Option<Uuid>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One piece of evidence of one item.
    pub mod evidence = "staff_evidence" (id: Uuid) {
        staff_id: Uuid,
        item: String,
        issued_on: String,
        until_day: Option<String>,
        level: Option<String>,
        number: Option<i64>,
        seconds: Option<i64>,
        issuer: Option<String>,
        details: Json,
        state: String,
        warned_days: Option<i32>,
        source_event: Option<String>,
        added_by: Option<Uuid>,
        added_at: DateTimeUtc,
        checked_by: Option<Uuid>,
        checked_at: Option<DateTimeUtc>,
        check_note: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// The purchaser lets an item be for a time.
    pub mod waiver = "staff_waivers" (id: Uuid) {
        staff_id: Uuid,
        item: String,
        reason: String,
        from_day: String,
        until_day: String,
        transition_id: Option<Uuid>,
        warned_days: Option<i32>,
        granted_by: Option<Uuid>,
        granted_at: DateTimeUtc,
        revoked_by: Option<Uuid>,
        revoked_at: Option<DateTimeUtc>,
    }
}

use row::Column;

kernel::versioned!(row, |staff| format!("staff file of {}", staff.name));
kernel::versioned!(evidence, |evidence| format!(
    "evidence of `{}`",
    evidence.item
));

impl row::Model {
    /// The person as the rules see him.
    pub fn case(&self) -> Result<Case> {
        let state = StaffState::parse(&self.state)
            .ok_or_else(|| internal(format!("staff {} has no valid state", self.id)))?;
        Ok(Case {
            state,
            passed: self.passed,
        })
    }

    pub(crate) fn with_case(mut self, case: Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.passed = case.passed;
        self
    }

    pub(crate) fn scribe<'a>(&self, app: &'a App, tx: &'a Tx, who: &'a Who) -> Scribe<'a> {
        Scribe {
            app,
            tx,
            who,
            kind: "staff",
            id: self.id,
        }
    }

    /// What events tell of him; personal values stay out.
    pub(crate) fn facts(&self) -> Value {
        json!({ "user_id": self.user_id, "state": self.state, "version": self.version })
    }
}

/// What a list of staff files may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `candidate`, `training`, `passed`, `on_post`, `suspended` or `left`.
    pub state: Option<String>,
    /// Only those who did not leave, or only those who did.
    pub here: Option<bool>,
    /// Of those who did not leave only whom something mandatory keeps off a post today, or only whom nothing does.
    pub gaps: Option<bool>,
    /// Of those who did not leave only of whom something mandatory runs out within 60 days, or only of whom nothing.
    pub expiring: Option<bool>,
}

fn visible(scope: &Scope) -> Select<row::Entity> {
    match scope {
        Scope::All => row::Entity::find(),
        Scope::Own(user) => row::Entity::find().filter(Column::UserId.eq(*user)),
        Scope::Queues(_) => row::Entity::find().filter(Column::Id.is_null()),
    }
}

/// Who stands as the filter asks today; none where it asks for no such thing. How somebody stands is judged by the
/// rules of the day and never kept, so that no list is older than they are.
async fn standing(app: &App, scope: &Scope, filter: &Filter) -> Result<Option<Vec<Uuid>>> {
    if filter.gaps.is_none() && filter.expiring.is_none() {
        return Ok(None);
    }
    let (conn, today) = (app.db.read(), day::today(app));
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let rows = visible(scope)
        .filter(Column::State.ne(StaffState::Left.as_str()))
        .order_by_desc(Column::CreatedAt)
        .limit(JUDGED)
        .all(conn)
        .await?;
    let soon = today + Days::new(SOON);
    let so = |(id, one): (Uuid, Known)| {
        let findings = one.on(&rules, today);
        let gaps = !qualification::blocking(&findings).is_empty();
        let expiring = findings.iter().any(|finding| {
            finding.mandatory
                && !finding.blocks()
                && finding.until.is_some_and(|until| until <= soon)
        });
        let asked = filter.gaps.is_none_or(|asked| asked == gaps)
            && filter.expiring.is_none_or(|asked| asked == expiring);
        asked.then_some(id)
    };
    let known = known(conn, &rows).await?;
    Ok(Some(known.into_iter().filter_map(so).collect()))
}

pub(crate) async fn list(
    app: &App,
    scope: &Scope,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let standing = standing(app, scope, filter).await?;
    let here = filter.here.map(|here| {
        let left = StaffState::Left.as_str();
        if here {
            Column::State.ne(left)
        } else {
            Column::State.eq(left)
        }
    });
    let all = Condition::all()
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(here)
        .add_option(standing.map(|ids| Column::Id.is_in(ids)))
        .add_option(query.words_in(&[Column::Name])?);
    let sortable = [("created_at", Column::CreatedAt), ("name", Column::Name)];
    let select = visible(scope).filter(all);
    paginate(app.db.read(), select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    visible(scope)
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("staff file"))
}

/// The file, held until the end of the transaction: what is read here is what is changed.
pub(crate) async fn held(tx: &Tx, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("staff file"))
}

/// The staff file of a user.
pub(crate) async fn of_user(conn: &impl ConnectionTrait, user: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::UserId.eq(user))
        .one(conn)
        .await?)
}

/// These files by their ids.
pub(crate) async fn by_ids(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, row::Model>> {
    let mut ids: Vec<Uuid> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = row::Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

pub(crate) async fn evidence_of(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<evidence::Model>> {
    Ok(evidence::Entity::find()
        .filter(evidence::Column::StaffId.is_in(ids.to_vec()))
        .order_by_asc(evidence::Column::Item)
        .order_by_desc(evidence::Column::IssuedOn)
        .limit(MOST * ids.len().max(1) as u64)
        .all(conn)
        .await?)
}

pub(crate) async fn waivers_of(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<waiver::Model>> {
    Ok(waiver::Entity::find()
        .filter(waiver::Column::StaffId.is_in(ids.to_vec()))
        .order_by_desc(waiver::Column::UntilDay)
        .limit(MOST * ids.len().max(1) as u64)
        .all(conn)
        .await?)
}

impl evidence::Model {
    pub(crate) fn proof(&self) -> Result<Option<Proof>> {
        if self.state != super::evidence::EvidenceState::Verified.as_str() {
            return Ok(None);
        }
        // An item that the program does not know any more proves nothing.
        let Some(item) = Item::parse(&self.item) else {
            return Ok(None);
        };
        Ok(Some(Proof {
            item,
            on: day::read(&self.issued_on)?,
            until: day::maybe(self.until_day.as_deref())?,
            level: self.level.clone(),
            number: self.number,
            seconds: self.seconds,
            issuer: self.issuer.clone(),
        }))
    }
}

impl waiver::Model {
    pub(crate) fn rule(&self) -> Result<Option<Waiver>> {
        let (None, Some(item)) = (self.revoked_at, Item::parse(&self.item)) else {
            return Ok(None);
        };
        Ok(Some(Waiver {
            item,
            from: day::read(&self.from_day)?,
            until: day::read(&self.until_day)?,
        }))
    }
}

/// All that is known of one person, ready to be judged on any day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub file: StaffFile,
    pub waivers: Vec<Waiver>,
}

impl Known {
    pub(crate) fn on(&self, rules: &Rulebook, day: NaiveDate) -> Vec<Finding> {
        qualification::judge(&self.file, rules, &self.waivers, day)
    }
}

/// What is known of these people.
pub(crate) async fn known(
    conn: &impl ConnectionTrait,
    staff: &[row::Model],
) -> Result<BTreeMap<Uuid, Known>> {
    let mut known = BTreeMap::new();
    let ids: Vec<Uuid> = staff.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(known);
    }
    for row in staff {
        let file = StaffFile {
            born_on: day::maybe(row.born_on.as_deref())?,
            hired_on: day::maybe(row.hired_on.as_deref())?,
            proofs: Vec::new(),
        };
        known.insert(
            row.id,
            Known {
                file,
                waivers: Vec::new(),
            },
        );
    }
    for row in evidence_of(conn, &ids).await? {
        if let (Some(proof), Some(one)) = (row.proof()?, known.get_mut(&row.staff_id)) {
            one.file.proofs.push(proof);
        }
    }
    for row in waivers_of(conn, &ids).await? {
        if let (Some(waiver), Some(one)) = (row.rule()?, known.get_mut(&row.staff_id)) {
            one.waivers.push(waiver);
        }
    }
    Ok(known)
}

/// One person against the requirements of today.
pub(crate) async fn findings(
    app: &App,
    conn: &impl ConnectionTrait,
    staff: &row::Model,
) -> Result<Vec<Finding>> {
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let known = known(conn, std::slice::from_ref(staff)).await?;
    let one = known.get(&staff.id).cloned().unwrap_or_default();
    Ok(one.on(&rules, day::today(app)))
}

/// Does `action` to a staff file as it was read, and writes it down.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before
        .case()?
        .next(action)
        .map_err(|refusal| said_no(refusal, before))?;
    let mut after = before.clone().with_case(case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    let mut facts = after.facts();
    facts["stood"] = json!(before.state);
    after.scribe(app, tx, who).tell(what, note, facts).await?;
    Ok(after)
}

/// The refusal with where he stands.
pub(crate) fn said_no(refusal: Refusal, staff: &row::Model) -> Problem {
    refusal
        .about(&staff.what())
        .with("state", staff.state.as_str())
}

/// The refusal with what is missing and who can help.
pub(crate) fn lacking(problem: Problem, missing: &[Finding]) -> Problem {
    let items: Vec<&str> = missing
        .iter()
        .map(|finding| finding.item.as_str())
        .collect();
    let mut problem = problem
        .with("missing", json!(missing))
        .with("help", json!(["hr_compliance", "purchaser_admin"]));
    if !items.is_empty() {
        problem.detail = format!("{}: {}", problem.detail, items.join(", "));
    }
    problem
}
