//! Evidence: added by one, checked by another, never by whom it is about; good until its day.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App, words};
use organization::Colleague;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::file::{FileView, files_of};
use super::http::{StaffDetail, detail};
use super::store::{self, evidence as row};
use crate::qualification::{Item, Requirement, Rulebook};
use crate::rights::{CheckEvidence, ManageStaff};
use kernel::day;

words! {
    /// Where a piece of evidence stands.
    EvidenceState {
        /// 待核验
        Pending = "pending",
        /// 已核验
        Verified = "verified",
        /// 不通过
        Rejected = "rejected",
        /// 已撤回
        Withdrawn = "withdrawn",
    }
}

/// Marks of one assessor in the five dimensions of A-44, each 1 to 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InterviewAssessment)]
pub struct Assessment {
    /// Who assessed.
    pub assessor: String,
    /// 理解力
    pub understanding: u8,
    /// 思维
    pub thinking: u8,
    /// 沟通
    pub communication: u8,
    /// 表达
    pub expression: u8,
    /// 亲和力
    pub affinity: u8,
}

impl Assessment {
    fn marks(&self) -> [u8; 5] {
        [
            self.understanding,
            self.thinking,
            self.communication,
            self.expression,
            self.affinity,
        ]
    }
}

/// The sum of two assessors' ten marks, which is their average in tenths.
pub fn score(assessments: &[Assessment]) -> Result<i64> {
    let [first, second] = assessments else {
        let detail = "an interview is held by two assessors";
        return Err(invalid("scorecard", "two_assessors", detail));
    };
    let (one, other) = (
        needed("scorecard", &first.assessor)?,
        needed("scorecard", &second.assessor)?,
    );
    if one == other {
        let detail = "the two assessors are two people";
        return Err(invalid("scorecard", "two_assessors", detail));
    }
    let marks = [first.marks(), second.marks()].concat();
    if marks.iter().any(|mark| !(1..=5).contains(mark)) {
        return Err(invalid(
            "scorecard",
            "mark_out_of_range",
            "each mark is 1 to 5",
        ));
    }
    Ok(marks.into_iter().map(i64::from).sum())
}

/// Evidence to be added.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvidence {
    /// Of which item.
    pub item: Item,
    /// Issued, signed, passed on; of experience its first day.
    pub on: NaiveDate,
    /// The last day it is good for; of experience its last day, left out while it goes on.
    pub until: Option<NaiveDate>,
    /// 学历、普通话等级; of an NDA its version.
    pub level: Option<String>,
    /// Correct characters of a typing test; score of the attitude in tenths (10 to 50).
    pub number: Option<i64>,
    /// How long a typing test took.
    pub seconds: Option<i64>,
    /// Who issued it; of a contract and of experience the employer.
    pub issuer: Option<String>,
    /// The marks of an interview.
    #[serde(default)]
    pub scorecard: Vec<Assessment>,
    /// Anything else about it.
    pub note: Option<String>,
}

impl NewEvidence {
    /// The row, once it holds what its item needs.
    pub(crate) fn into_row(
        mut self,
        app: &App,
        staff_id: Uuid,
        by: Option<Uuid>,
    ) -> Result<row::Model> {
        let (now, today) = (app.clock.now(), day::today(app));
        day::past("on", self.on, today)?;
        if let Some(until) = self.until {
            day::plausible("until", until, today)?;
            if until < self.on {
                return Err(invalid(
                    "until",
                    "until_before_on",
                    "it ends before it begins",
                ));
            }
        }
        let text = |field, text: Option<String>| -> Result<Option<String>> {
            let text = text.map(|text| checked(field, &text)).transpose()?;
            Ok(text.filter(|text| !text.is_empty()))
        };
        let level = text("level", self.level.take())?;
        let issuer = text("issuer", self.issuer.take())?;
        let note = text("note", self.note.take())?;
        let needs = |field: &'static str, there: bool| {
            if there {
                return Ok(());
            }
            Err(invalid(field, "text_missing", format!("{field} is needed")))
        };
        match self.item {
            Item::Education | Item::Mandarin => {
                needs("level", level.is_some())?;
                if level
                    .as_deref()
                    .is_some_and(|level| self.item.rank(level).is_none())
                {
                    return Err(invalid("level", "level_unknown", "no level of this item"));
                }
            }
            Item::Nda => needs("level", level.is_some())?,
            Item::Employer | Item::Experience => needs("issuer", issuer.is_some())?,
            Item::Typing => {
                let (correct, seconds) = (self.number.unwrap_or(-1), self.seconds.unwrap_or(-1));
                if !(0..=100_000).contains(&correct) || !(1..=7_200).contains(&seconds) {
                    let detail = "correct characters, and how many seconds the test took";
                    return Err(invalid("number", "typing_invalid", detail));
                }
            }
            Item::Interview => self.number = Some(score(&self.scorecard)?),
            Item::Attitude => {
                if !self.number.is_some_and(|score| (10..=50).contains(&score)) {
                    let detail = "10 to 50 tenths of a mark";
                    return Err(invalid("number", "mark_out_of_range", detail));
                }
            }
            Item::PreJob => return Err(by_purchaser()),
            Item::Age | Item::CleanRecord | Item::Health | Item::Confidentiality => {}
        }
        Ok(row::Model {
            id: app.ids.next(),
            staff_id,
            item: self.item.as_str().to_owned(),
            issued_on: day::text(self.on),
            until_day: self.until.map(day::text),
            level,
            number: self.number,
            seconds: self.seconds,
            issuer,
            details: json!({ "scorecard": self.scorecard, "note": note }),
            state: EvidenceState::Pending.as_str().to_owned(),
            warned_days: None,
            source_event: None,
            added_by: by,
            added_at: now,
            checked_by: None,
            checked_at: None,
            check_note: None,
            updated_at: now,
            version: 1,
        })
    }
}

fn by_purchaser() -> Problem {
    refused(
        "pass_by_purchaser",
        "the pre-job certificate is issued by the purchaser alone (A-51)",
    )
    .with_way_out("the purchaser passes the person")
}

/// A piece of evidence as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// Identifies it.
    pub id: Uuid,
    /// Of which item.
    pub item: String,
    /// Issued, signed, passed on.
    pub on: NaiveDate,
    /// The last day it says it is good for.
    pub until: Option<NaiveDate>,
    /// The last day it is good for by what is agreed.
    pub good_until: Option<NaiveDate>,
    /// Level or version.
    pub level: Option<String>,
    /// What was counted.
    pub number: Option<i64>,
    /// How long it took.
    pub seconds: Option<i64>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// The marks of an interview.
    pub scorecard: Vec<Assessment>,
    /// Anything else.
    pub note: Option<String>,
    /// `pending`, `verified`, `rejected` or `withdrawn`.
    pub state: String,
    /// Who added it.
    pub added_by: Option<Colleague>,
    /// When.
    pub added_at: DateTime<Utc>,
    /// Who checked it.
    pub checked_by: Option<Colleague>,
    /// When.
    pub checked_at: Option<DateTime<Utc>>,
    /// What was said about it.
    pub check_note: Option<String>,
    /// Its files.
    pub files: Vec<FileView>,
    /// Rises with each change.
    pub version: i64,
}

pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    rules: &Rulebook,
    rows: Vec<row::Model>,
) -> Result<Vec<EvidenceView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut files: BTreeMap<Uuid, Vec<FileView>> = files_of(conn, ids).await?;
    let mut people: Vec<Uuid> = rows.iter().filter_map(|row| row.added_by).collect();
    people.extend(rows.iter().filter_map(|row| row.checked_by));
    let people = organization::colleagues(conn, people).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let mut views = Vec::new();
    for row in rows {
        let asked = |rule: &&Requirement| rule.item.as_str() == row.item;
        let rule = rules.requirements.iter().find(asked);
        let good_until = match (rule, row.proof()?) {
            (Some(rule), Some(proof)) if proof.item != Item::Experience => rule.good_until(&proof),
            _ => None,
        };
        let scorecard = row.details["scorecard"].clone();
        views.push(EvidenceView {
            good_until,
            on: day::read(&row.issued_on)?,
            until: day::maybe(row.until_day.as_deref())?,
            added_by: person(row.added_by),
            checked_by: person(row.checked_by),
            files: files.remove(&row.id).unwrap_or_default(),
            scorecard: serde_json::from_value(scorecard).unwrap_or_default(),
            note: row.details["note"].as_str().map(str::to_owned),
            id: row.id,
            item: row.item,
            level: row.level,
            number: row.number,
            seconds: row.seconds,
            issuer: row.issuer,
            state: row.state,
            added_at: row.added_at,
            checked_at: row.checked_at,
            check_note: row.check_note,
            version: row.version,
        });
    }
    Ok(views)
}

/// The routes of evidence.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(check))
        .routes(routes!(withdraw))
        .with_state(app.clone())
}

/// The piece of evidence of this person.
pub(crate) async fn one(
    conn: &impl ConnectionTrait,
    staff_id: Uuid,
    id: Uuid,
) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(row::Column::StaffId.eq(staff_id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("evidence"))
}

/// Adds evidence; it counts once somebody else has checked it.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/evidence", tag = "staff", operation_id = "add_evidence",
    params(("id" = Uuid, Path)), request_body = NewEvidence,
    responses((status = 201, body = StaffDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn add(
    actor: Actor<ManageStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewEvidence>,
) -> Result<(StatusCode, Json<StaffDetail>)> {
    let evidence = new.into_row(&app, id, Some(actor.user_id()))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let staff = store::held(&tx, id).await?;
            versioned::insert(&*tx, &evidence).await?;
            let mut facts = staff.facts();
            facts["item"] = json!(evidence.item);
            facts["evidence_id"] = json!(evidence.id);
            let note = evidence.item.as_str();
            let scribe = staff.scribe(&app, &tx, &who);
            scribe.tell("evidence_added", Some(note), facts).await?;
            Ok(staff)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        detail(&done, actor.principal(), staff).await?,
    ))
}

/// What was found of a piece of evidence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EvidenceCheck)]
pub(crate) struct Check {
    /// The version that was read.
    version: i64,
    /// It is what it says.
    verified: bool,
    /// What was seen: the original, the register; needed where it is rejected.
    note: Option<String>,
}

/// Checks a piece of evidence. Nobody checks his own file, nor what he added himself.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/evidence/{evidence_id}/check", tag = "staff", operation_id = "check_evidence",
    params(("id" = Uuid, Path), ("evidence_id" = Uuid, Path)), request_body = Check,
    responses((status = 200, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn check(
    actor: Actor<CheckEvidence>,
    State(app): State<App>,
    Path((id, evidence_id)): Path<(Uuid, Uuid)>,
    Json(check): Json<Check>,
) -> Result<Json<StaffDetail>> {
    let note = match &check.note {
        Some(note) if check.verified => Some(checked("note", note)?),
        None if check.verified => None,
        note => Some(needed("note", note.as_deref().unwrap_or_default())?),
    };
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let staff = db
        .write(move |tx| async move {
            let staff = store::held(&tx, id).await?;
            let before = versioned::as_read(one(&*tx, id, evidence_id).await?, check.version)?;
            if staff.user_id == Some(by) || before.added_by == Some(by) {
                return Err(refused(
                    "evidence_own",
                    "nobody checks his own file, nor what he added himself",
                )
                .with_way_out("another one of HR, operations or the purchaser checks it"));
            }
            if before.state != EvidenceState::Pending.as_str() {
                let detail = format!("this evidence is `{}`", before.state);
                return Err(
                    refused("evidence_checked", detail).with_way_out("withdraw it and add it anew")
                );
            }
            let (state, what) = if check.verified {
                (EvidenceState::Verified, "evidence_verified")
            } else {
                (EvidenceState::Rejected, "evidence_rejected")
            };
            let mut after = before.clone();
            state.as_str().clone_into(&mut after.state);
            after.checked_by = Some(by);
            after.checked_at = Some(app.clock.now());
            after.check_note.clone_from(&note);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let mut facts = staff.facts();
            facts["item"] = json!(after.item);
            facts["evidence_id"] = json!(after.id);
            let said = match &note {
                Some(note) => format!("{} {note}", after.item),
                None => after.item.clone(),
            };
            staff
                .scribe(&app, &tx, &who)
                .tell(what, Some(&said), facts)
                .await?;
            Ok(staff)
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}

/// Why it is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EvidenceWithdrawal)]
pub(crate) struct Withdrawal {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Takes a piece of evidence back: it counts no more, and stays to be read.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/evidence/{evidence_id}/withdraw", tag = "staff", operation_id = "withdraw_evidence",
    params(("id" = Uuid, Path), ("evidence_id" = Uuid, Path)), request_body = Withdrawal,
    responses((status = 200, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn withdraw(
    actor: Actor<CheckEvidence>,
    State(app): State<App>,
    Path((id, evidence_id)): Path<(Uuid, Uuid)>,
    Json(request): Json<Withdrawal>,
) -> Result<Json<StaffDetail>> {
    let reason = needed("reason", &request.reason)?;
    let purchaser = crate::of_purchaser(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let staff = store::held(&tx, id).await?;
            let before = versioned::as_read(one(&*tx, id, evidence_id).await?, request.version)?;
            if before.state == EvidenceState::Withdrawn.as_str() {
                return Err(refused(
                    "evidence_checked",
                    "this evidence is withdrawn already",
                ));
            }
            // What the purchaser certified, the purchaser takes back.
            if before.item == Item::PreJob.as_str() && !purchaser {
                return Err(by_purchaser());
            }
            let mut after = before.clone();
            EvidenceState::Withdrawn
                .as_str()
                .clone_into(&mut after.state);
            after.check_note = Some(reason.clone());
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let mut facts = staff.facts();
            facts["item"] = json!(after.item);
            facts["evidence_id"] = json!(after.id);
            let said = format!("{} {reason}", after.item);
            let scribe = staff.scribe(&app, &tx, &who);
            scribe
                .tell("evidence_withdrawn", Some(&said), facts)
                .await?;
            Ok(staff)
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}
