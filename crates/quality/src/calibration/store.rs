//! The rows of calibrations and their scores.

use std::collections::HashSet;

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Principal, Role, Tx, numbers};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect as _, QueryTrait as _,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, CalibrationState, Case};
use crate::card::Score;
use crate::evaluation::store::row as evaluation;
use crate::rights::Calibrate;
use crate::trail::{self, Scribe};

kernel::table! {
    /// One calibration. What the rules see of it is a [`Case`].
    pub mod row = "calibrations" (id: Uuid) {
        number: String,
        title: String,
        kind: String,
        contact_id: Uuid,
        label: String,
        agent_id: Uuid,
        evaluation_id: Option<Uuid>,
        card_version_id: Uuid,
        expert_id: Uuid,
        opened_by: Option<Uuid>,
        opened_at: DateTimeUtc,
        revealed_at: Option<DateTimeUtc>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// A score that somebody gave blindly; it never changes.
    pub mod score_row = "calibration_scores" (calibration_id: Uuid, reviewer_id: Uuid) {
        marks: Json,
        tenths: i32,
        passed: bool,
        fatal: Json,
        at: DateTimeUtc,
    }
}

use row::Column;

kernel::versioned!(row, |calibration| format!(
    "calibration `{}`",
    calibration.number
));

impl row::Model {
    /// The calibration as its rules see it, with its scores.
    pub(crate) fn case(&self, scores: &[score_row::Model]) -> Result<Case> {
        let state = CalibrationState::parse(&self.state)
            .ok_or_else(|| internal(format!("calibration {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            expert: self.expert_id,
            agent: self.agent_id,
            scored: scores.iter().map(|score| score.reviewer_id).collect(),
        })
    }
}

/// What a list of calibrations may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `blind`, `revealed`, `cancelled`.
    pub state: Option<String>,
}

/// Nobody sees what is scored of his own work, or of what a complaint about him is about.
fn visible(user: Uuid) -> Condition {
    let about_him = evaluation::Entity::find()
        .select_only()
        .column(evaluation::Column::Id)
        .filter(evaluation::Column::ComplainedId.eq(user));
    let other = Condition::any()
        .add(Column::EvaluationId.is_null())
        .add(Column::EvaluationId.not_in_subquery(about_him.into_query()));
    Condition::all().add(Column::AgentId.ne(user)).add(other)
}

/// The evaluations that are being calibrated and that this person did not score there yet: until he did, their scores
/// are kept from him.
pub(crate) fn blind_for(user: Uuid) -> SelectStatement {
    let scored = score_row::Entity::find()
        .select_only()
        .column(score_row::Column::CalibrationId)
        .filter(score_row::Column::ReviewerId.eq(user));
    row::Entity::find()
        .select_only()
        .column(Column::EvaluationId)
        .filter(Column::EvaluationId.is_not_null())
        .filter(Column::State.eq(CalibrationState::Blind.as_str()))
        .filter(Column::Id.not_in_subquery(scored.into_query()))
        .into_query()
}

/// Those of these evaluations whose scores are kept from this person.
pub(crate) async fn blind(
    conn: &impl ConnectionTrait,
    to: &Principal,
    evaluations: Vec<Uuid>,
) -> Result<HashSet<Uuid>> {
    if !to.may::<Calibrate>() {
        return Ok(HashSet::new());
    }
    let found: Vec<Uuid> = evaluation::Entity::find()
        .select_only()
        .column(evaluation::Column::Id)
        .filter(evaluation::Column::Id.is_in(evaluations))
        .filter(evaluation::Column::Id.in_subquery(blind_for(to.user_id)))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(found.into_iter().collect())
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    user: Uuid,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let state = filter.state.as_deref();
    let all = visible(user)
        .add_option(state.map(|state| Column::State.eq(state)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let sortable = [("opened_at", Column::OpenedAt)];
    let select = row::Entity::find().filter(all);
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn seen(conn: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).filter(visible(user));
    found
        .one(conn)
        .await?
        .ok_or_else(|| not_found("calibration"))
}

pub(crate) async fn scores(
    conn: &impl ConnectionTrait,
    calibration: Uuid,
) -> Result<Vec<score_row::Model>> {
    Ok(score_row::Entity::find()
        .filter(score_row::Column::CalibrationId.eq(calibration))
        .order_by_asc(score_row::Column::At)
        .all(conn)
        .await?)
}

/// What is calibrated.
pub(crate) struct New {
    pub title: String,
    pub sample: evaluation::Model,
    pub card_version: Uuid,
    pub expert: Uuid,
}

/// Opens a calibration on a sample.
pub(crate) async fn open(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let opened = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "DB-", now).await?,
        title: new.title,
        kind: new.sample.kind,
        contact_id: new.sample.contact_id,
        label: new.sample.label,
        agent_id: new.sample.agent_id,
        evaluation_id: Some(new.sample.id),
        card_version_id: new.card_version,
        expert_id: new.expert,
        opened_by: who.user_id,
        opened_at: now,
        revealed_at: None,
        state: CalibrationState::Blind.as_str().to_owned(),
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &opened).await?;
    tell(app, tx, who, &opened, "opened").await?;
    Ok(opened)
}

/// Does `action` to a calibration as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (action, what): (Action, &str),
) -> Result<row::Model> {
    let case = before.case(&scores(&**tx, before.id).await?)?;
    let case = case.next(who.user_id.unwrap_or_default(), action);
    let case = case.map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone();
    case.state.as_str().clone_into(&mut after.state);
    if action == Action::Reveal {
        after.revealed_at = Some(app.clock.now());
    }
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, what).await?;
    Ok(after)
}

/// Keeps a blind score. Several may come at the same time: none of them changes the calibration's row.
pub(crate) async fn score(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (marks, score): (Value, Score),
) -> Result<()> {
    let case = before.case(&scores(&**tx, before.id).await?)?;
    case.next(who.user_id.unwrap_or_default(), Action::Score)
        .map_err(|refusal| refusal.about(&before.what()))?;
    let kept = score_row::Model {
        calibration_id: before.id,
        reviewer_id: who.user_id.unwrap_or_default(),
        marks,
        tenths: i32::from(score.tenths),
        passed: score.passed,
        fatal: json!(score.fatal),
        at: app.clock.now(),
    };
    score_row::Entity::insert(kept.into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    tell(app, tx, who, before, "scored").await
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let conn = &**tx;
    let mut told = match what {
        "opened" => {
            let roles = [Role::Quality, Role::ShiftLead, Role::OpsManager];
            trail::holders(conn, &roles).await?
        }
        "revealed" => {
            let given = scores(conn, row.id).await?;
            given.into_iter().map(|score| score.reviewer_id).collect()
        }
        _ => Vec::new(),
    };
    let complained = match row.evaluation_id {
        Some(id) => evaluation::Entity::find_by_id(id).one(conn).await?,
        None => None,
    };
    let complained = complained.and_then(|sample| sample.complained_id);
    let hidden: Vec<Uuid> = complained.into_iter().chain([row.agent_id]).collect();
    told.retain(|person| !hidden.contains(person));
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "title": row.title,
        "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "calibration",
        id: row.id,
        hidden,
    };
    scribe.tell(what, None, facts).await
}
