//! The rows of evaluations and their scores, who may see which, and who is told of each step.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Permission, Role, Scope, Side, Tx, numbers};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Apart, Case, EvaluationState, Moment};
use crate::agreed;
use crate::calibration::store as calibrations;
use crate::card::{FatalKind, Score};
use crate::house::Contact;
use crate::rights::Calibrate;
use crate::sampling::{Origin, WorkKind};
use crate::trail::{self, Scribe};
use crate::transcript::store as transcripts;

/// Rows of one statement.
const AT_ONCE: usize = 100;

kernel::words! {
    /// What a score is.
    ScoreKind {
        /// 初评
        First = "first",
        /// 复核
        Second = "second",
        /// 采购人评分
        Purchaser = "purchaser",
        /// 定分
        Settled = "settled",
        /// 申诉复评
        Rescored = "rescored",
    }
}

kernel::table! {
    /// One evaluation. What the rules see of it is a [`Case`].
    pub mod row = "evaluations" (id: Uuid) {
        number: String,
        kind: String,
        contact_id: Uuid,
        label: String,
        channel: String,
        queue: Option<String>,
        agent_id: Uuid,
        complained_id: Option<Uuid>,
        began_at: DateTimeUtc,
        ended_at: Option<DateTimeUtc>,
        duration_ms: Option<i64>,
        outcome: Option<String>,
        satisfaction: Option<String>,
        recorded: bool,
        draw_id: Option<Uuid>,
        origins: Json,
        origin_note: String,
        drawn_by: Option<Uuid>,
        drawn_at: DateTimeUtc,
        reviewer_id: Option<Uuid>,
        given_to: Json,
        second_id: Option<Uuid>,
        standing_id: Option<Uuid>,
        standing_by: Option<Uuid>,
        purchaser_by: Option<Uuid>,
        tenths: Option<i32>,
        passed: Option<bool>,
        fatal: Json,
        purchaser_tenths: Option<i32>,
        gap_tenths: Option<i32>,
        unsettled: Option<String>,
        scored_at: Option<DateTimeUtc>,
        released_at: Option<DateTimeUtc>,
        appeal: Option<String>,
        appealed_at: Option<DateTimeUtc>,
        appeal_answer: Option<String>,
        final_at: Option<DateTimeUtc>,
        corrective_id: Option<Uuid>,
        void_reason: Option<String>,
        voided_by: Option<Uuid>,
        voided_at: Option<DateTimeUtc>,
        replaces_id: Option<Uuid>,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        due_rule: Option<String>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// A score that somebody gave; a row never changes but for when the agent was shown it.
    pub mod score_row = "evaluation_scores" (id: Uuid) {
        evaluation_id: Uuid,
        n: i32,
        kind: String,
        reviewer_id: Uuid,
        card_version_id: Uuid,
        marks: Json,
        tenths: i32,
        passed: bool,
        fatal: Json,
        at: DateTimeUtc,
        shown_at: Option<DateTimeUtc>,
    }
}

use row::Column;

kernel::versioned!(row, |evaluation| format!(
    "evaluation `{}`",
    evaluation.number
));

impl row::Model {
    /// The evaluation as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = EvaluationState::parse(&self.state)
            .ok_or_else(|| internal(format!("evaluation {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            agent: self.agent_id,
            complained: self.complained_id,
            reviewer: self.reviewer_id,
            second: self.second_id,
            standing: self.standing_by,
            purchaser: self.purchaser_by,
            unsettled: Apart {
                reviewers: matches!(self.unsettled.as_deref(), Some("reviewers" | "both")),
                sides: matches!(self.unsettled.as_deref(), Some("sides" | "both")),
            },
            appealed: self.appealed_at.is_some(),
            due_at: self.due_at,
            alarm_at: self.next_alarm_at,
            overdue: self.overdue,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        let mut given = self.all_given();
        for one in [self.reviewer_id, case.reviewer].into_iter().flatten() {
            if !given.contains(&one) {
                given.push(one);
            }
        }
        self.given_to = json!(given);
        self.reviewer_id = case.reviewer;
        self.second_id = case.second;
        self.standing_by = case.standing;
        self.purchaser_by = case.purchaser;
        let apart = match (case.unsettled.reviewers, case.unsettled.sides) {
            (false, false) => None,
            (true, false) => Some("reviewers"),
            (false, true) => Some("sides"),
            (true, true) => Some("both"),
        };
        self.unsettled = apart.map(str::to_owned);
        self.due_at = case.due_at;
        self.next_alarm_at = case.alarm_at;
        self.overdue = case.overdue;
        self
    }

    fn all_given(&self) -> Vec<Uuid> {
        serde_json::from_value(self.given_to.clone()).unwrap_or_default()
    }

    /// It is this person's to score, or once was.
    pub(crate) fn was_given_to(&self, person: Uuid) -> bool {
        self.reviewer_id == Some(person) || self.all_given().contains(&person)
    }

    /// Why it was drawn.
    pub fn origins(&self) -> Vec<Origin> {
        serde_json::from_value(self.origins.clone()).unwrap_or_default()
    }

    /// Kinds of fatal errors of the score that stands.
    pub fn fatal_kinds(&self) -> Vec<FatalKind> {
        serde_json::from_value(self.fatal.clone()).unwrap_or_default()
    }
}

/// What a list of evaluations may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `sampled`, `scored`, `released`, `appealed`, `rescored`, `final`, `action`, `void`.
    pub state: Option<String>,
    /// Only those on which somebody owes a step, or only those that are over.
    pub open: Option<bool>,
    /// `call`, `conversation` or `work_order`.
    pub kind: Option<String>,
    /// Only this agent's.
    pub agent: Option<Uuid>,
    /// Only those given to this reviewer.
    pub reviewer: Option<Uuid>,
    /// Only those drawn for this reason.
    pub origin: Option<String>,
    /// Only those of this draw.
    pub draw: Option<Uuid>,
    /// Only those passed, or only those not passed.
    pub passed: Option<bool>,
    /// Only those with a fatal error, or only those without.
    pub fatal: Option<bool>,
    /// Only those that the purchaser scored as well, or only those he did not.
    pub compared: Option<bool>,
    /// Only those whose scores lie too far apart, or only the others.
    pub unsettled: Option<bool>,
    /// Only those that were late.
    pub overdue: Option<bool>,
    /// Only those that became final at this time or later.
    pub final_from: Option<DateTime<Utc>>,
    /// Only those that became final before.
    pub final_to: Option<DateTime<Utc>>,
    /// Only those drawn at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Only those drawn before.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    fn asks_the_hidden(&self) -> bool {
        self.origin.is_some()
            || self.draw.is_some()
            || self.reviewer.is_some()
            || self.compared.is_some()
            || self.unsettled.is_some()
            || self.open.is_some()
            || self.overdue.is_some()
            || self.state.as_deref() == Some(EvaluationState::Action.as_str())
    }

    fn asks_the_score(&self) -> bool {
        let yes_or_no = [self.passed, self.fatal, self.compared, self.unsettled];
        yes_or_no.iter().any(Option::is_some)
    }

    fn condition(&self) -> Condition {
        let equals =
            |column: Column, value: &Option<String>| value.as_deref().map(|value| column.eq(value));
        let there = |column: Column, wanted: bool| {
            if wanted {
                column.is_not_null()
            } else {
                column.is_null()
            }
        };
        // The reasons stand as a list of words; none of them is part of another.
        let text = |column: Column| Expr::col(column).cast_as("text");
        let with = |word: &str| text(Column::Origins).like(format!("%\"{word}\"%"));
        let fatal = |wanted: bool| {
            let none = text(Column::Fatal).eq("[]");
            if wanted { none.not() } else { none }
        };
        let origin = self.origin.as_deref().and_then(Origin::parse);
        Condition::all()
            .add_option(self.open.map(|open| Column::Open.eq(open)))
            .add_option(equals(Column::Kind, &self.kind))
            .add_option(self.agent.map(|agent| Column::AgentId.eq(agent)))
            .add_option(self.reviewer.map(|one| Column::ReviewerId.eq(one)))
            .add_option(origin.map(|origin| with(origin.as_str())))
            .add_option(self.draw.map(|draw| Column::DrawId.eq(draw)))
            .add_option(self.passed.map(|passed| Column::Passed.eq(passed)))
            .add_option(self.fatal.map(fatal))
            .add_option(self.compared.map(|is| there(Column::PurchaserTenths, is)))
            .add_option(self.unsettled.map(|is| there(Column::Unsettled, is)))
            .add_option(self.overdue.map(|overdue| Column::Overdue.eq(overdue)))
            .add_option(self.final_from.map(|from| Column::FinalAt.gte(from)))
            .add_option(self.final_to.map(|to| Column::FinalAt.lt(to)))
            .add_option(self.from.map(|from| Column::DrawnAt.gte(from)))
            .add_option(self.to.map(|to| Column::DrawnAt.lt(to)))
    }
}

/// What somebody may see: with `Own` what of his work was released; nobody sees what is about himself before its
/// release, whatever his rights, nor another's evaluation that came of a complaint about him. As [`Case::seen_by`].
pub(crate) fn visible(scope: &Scope, user: Uuid) -> Condition {
    let released = Column::ReleasedAt.is_not_null();
    let known = Condition::any()
        .add(Column::AgentId.ne(user))
        .add(released.clone());
    let not_complained = Condition::any()
        .add(Column::ComplainedId.is_null())
        .add(Column::ComplainedId.ne(user));
    let seen = Condition::all().add(known).add(not_complained);
    match scope {
        Scope::All => seen,
        Scope::Own(own) => seen.add(Column::AgentId.eq(*own)).add(released),
        Scope::Queues(queues) => seen.add(Column::Queue.is_in(queues.iter().cloned())),
    }
}

pub(crate) async fn list<P: Permission>(
    conn: &impl ConnectionTrait,
    actor: &Actor<P>,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    // His own that led to a corrective action is final to him.
    let state = filter.state.as_deref().map(|state| {
        let ended = Condition::all()
            .add(Column::State.eq(EvaluationState::Action.as_str()))
            .add(Column::AgentId.eq(actor.user_id()));
        let is_final = state == EvaluationState::Final.as_str();
        Condition::any()
            .add(Column::State.eq(state))
            .add_option(is_final.then_some(ended))
    });
    // Of his own nobody learns by a filter what its page does not tell him.
    let others = filter
        .asks_the_hidden()
        .then(|| Column::AgentId.ne(actor.user_id()));
    // Nor of what he scores blindly.
    let blind = (filter.asks_the_score() && actor.principal().may::<Calibrate>()).then(|| {
        let blind = calibrations::blind_for(actor.user_id());
        Column::Id.not_in_subquery(blind)
    });
    let all = visible(actor.scope(), actor.user_id())
        .add(filter.condition())
        .add_option(state)
        .add_option(others)
        .add_option(blind)
        .add_option(query.words_in(&[Column::Number, Column::Label])?);
    let sortable = [
        ("drawn_at", Column::DrawnAt),
        ("updated_at", Column::UpdatedAt),
        ("began_at", Column::BeganAt),
    ];
    let select = row::Entity::find().filter(all);
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// One that the actor may see; 404 otherwise.
pub(crate) async fn seen<P: Permission>(
    conn: &impl ConnectionTrait,
    actor: &Actor<P>,
    id: Uuid,
) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id)
        .filter(visible(actor.scope(), actor.user_id()))
        .one(conn)
        .await?;
    found.ok_or_else(|| not_found("evaluation"))
}

/// One, whoever asks.
pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find_by_id(id).one(conn).await?)
}

/// The evaluation of a contact.
pub(crate) async fn of_contact(
    conn: &impl ConnectionTrait,
    kind: WorkKind,
    contact: Uuid,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::Kind.eq(kind.as_str()))
        .filter(Column::ContactId.eq(contact))
        .one(conn)
        .await?)
}

/// Its scores, in their order.
pub(crate) async fn scores(
    conn: &impl ConnectionTrait,
    evaluation: Uuid,
) -> Result<Vec<score_row::Model>> {
    Ok(score_row::Entity::find()
        .filter(score_row::Column::EvaluationId.eq(evaluation))
        .order_by_asc(score_row::Column::N)
        .all(conn)
        .await?)
}

/// What contacts are drawn by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DrawnBy<'a> {
    /// The draw; none by hand.
    pub draw: Option<Uuid>,
    /// The voided sample in whose place it is drawn.
    pub replaces: Option<Uuid>,
    /// What is said by hand.
    pub note: &'a str,
}

/// Makes evaluations of contacts that were drawn; none of them has one yet.
pub(crate) async fn sample(
    app: &App,
    tx: &Tx,
    who: &Who,
    why: DrawnBy<'_>,
    drawn: Vec<(Contact, Vec<Origin>)>,
) -> Result<Vec<row::Model>> {
    let many = i64::try_from(drawn.len()).map_err(internal)?;
    if many == 0 {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let day = now.with_timezone(&calendar::SHANGHAI).format("ZJ-%Y%m%d");
    let last = numbers::next_many(&**tx, day.to_string(), many).await?;
    let terms = agreed::terms(&**tx, now).await?;
    let service = organization::service_calendar::load(&**tx).await?;
    let moment: Moment<'_> = Moment {
        now,
        service: &service,
        rules: &terms,
    };
    let numbered = (last - many + 1..).zip(drawn);
    let make = |(count, (contact, origins)): (i64, (Contact, Vec<Origin>))| {
        let complained = contact.complained.filter(|who| *who != contact.agent);
        let case = Case::sampled(contact.agent, complained, &moment);
        let row = row::Model {
            id: app.ids.next(),
            number: format!("{day}-{count:04}"),
            kind: contact.kind.as_str().to_owned(),
            contact_id: contact.id,
            label: contact.label,
            channel: contact.channel,
            queue: contact.queue,
            agent_id: contact.agent,
            complained_id: complained,
            began_at: contact.began_at,
            ended_at: contact.ended_at,
            duration_ms: contact.duration_ms,
            outcome: contact.outcome,
            satisfaction: contact.satisfaction,
            recorded: contact.recorded,
            draw_id: why.draw,
            origins: json!(origins),
            origin_note: why.note.to_owned(),
            drawn_by: who.user_id,
            drawn_at: now,
            reviewer_id: None,
            given_to: json!([]),
            second_id: None,
            standing_id: None,
            standing_by: None,
            purchaser_by: None,
            tenths: None,
            passed: None,
            fatal: json!([]),
            purchaser_tenths: None,
            gap_tenths: None,
            unsettled: None,
            scored_at: None,
            released_at: None,
            appeal: None,
            appealed_at: None,
            appeal_answer: None,
            final_at: None,
            corrective_id: None,
            void_reason: None,
            voided_by: None,
            voided_at: None,
            replaces_id: why.replaces,
            state: String::new(),
            open: true,
            overdue: false,
            due_at: None,
            due_rule: Some(terms.scoring.id.clone()),
            next_alarm_at: None,
            updated_at: now,
            version: 1,
        };
        row.with_case(&case)
    };
    let rows: Vec<row::Model> = numbered.map(make).collect();
    for some in rows.chunks(AT_ONCE) {
        let made = some.iter().cloned();
        let made = made.map(|row| row.into_active_model().reset_all());
        row::Entity::insert_many(made)
            .exec_without_returning(&**tx)
            .await?;
    }
    if app.config.get("transcripts.enabled")? {
        let calls = rows
            .iter()
            .filter(|row| row.recorded && row.kind == WorkKind::Call.as_str());
        let calls: Vec<Uuid> = calls.map(|row| row.contact_id).collect();
        transcripts::ask(app, tx, who.user_id, &calls).await?;
    }
    Ok(rows)
}

/// What the agent may hear of once it is released.
const HIS_TO_HEAR: [&str; 6] = [
    "released",
    "acknowledged",
    "appealed",
    "rescored",
    "settled",
    "final",
];

/// Whom `what` of an evaluation is not told: whom it is about, until he may know.
fn hidden_from(case: &Case, what: &str) -> Vec<Uuid> {
    let about = [Some(case.agent), case.complained];
    let about = about.into_iter().flatten();
    let heard = HIS_TO_HEAR.contains(&what);
    about
        .filter(|person| !heard || !case.seen_by(*person))
        .collect()
}

/// A contact that has its evaluation, drawn another time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again<'a> {
    /// Why it was drawn, all in all.
    pub origins: &'a [Origin],
    /// Whom a complaint about it is about.
    pub complained: Option<Uuid>,
    /// By what.
    pub by: DrawnBy<'a>,
}

/// Notes that a contact was drawn for more reasons than were known, and whom a complaint about it is about: from then on
/// it is hidden from him, and nothing he was to score. It counts for the draw that took it by chance.
pub(crate) async fn drawn_again(
    hand: &Hand<'_>,
    before: row::Model,
    again: Again<'_>,
) -> Result<()> {
    let complained = again.complained.filter(|who| *who != before.agent_id);
    let mut after = before.clone();
    let chosen = |origins: &[Origin]| origins.contains(&Origin::Random);
    if chosen(again.origins) && !chosen(&before.origins()) {
        after.draw_id = again.by.draw;
        after.replaces_id = again.by.replaces;
    }
    after.origins = json!(again.origins);
    after.complained_id = before.complained_id.or(complained);
    if after.state == EvaluationState::Sampled.as_str() && after.reviewer_id == after.complained_id
    {
        after.reviewer_id = None;
    }
    let after = versioned::save(hand.app, &**hand.tx, &before, after).await?;
    hand.tell(&after, "drawn_again", None).await
}

/// Keeps of `after` that it is late and when it rings again, with the version that `before` has; 409 where somebody
/// changed the row meanwhile.
async fn mark(
    conn: &impl ConnectionTrait,
    before: &row::Model,
    after: row::Model,
) -> Result<row::Model> {
    let marked = row::Entity::update_many()
        .col_expr(Column::Overdue, Expr::value(after.overdue))
        .col_expr(Column::NextAlarmAt, Expr::value(after.next_alarm_at))
        .filter(Column::Id.eq(before.id))
        .filter(Column::Version.eq(before.version))
        .exec(conn)
        .await?;
    if marked.rows_affected == 0 {
        return Err(versioned::changed_meanwhile(before));
    }
    Ok(after)
}

/// Who does something to an evaluation, and for which side.
#[derive(Clone, Copy)]
pub(crate) struct Hand<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    pub side: Side,
}

/// A score as it is given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub kind: ScoreKind,
    pub card_version: Uuid,
    pub marks: Value,
    pub score: Score,
}

impl Hand<'_> {
    fn oneself(&self) -> Uuid {
        self.who.user_id.unwrap_or_default()
    }

    /// Does `action` to an evaluation as it was read.
    pub(crate) async fn act(
        &self,
        before: &row::Model,
        action: &Action,
        (what, note): (&str, Option<&str>),
        more: impl FnOnce(&mut row::Model),
    ) -> Result<row::Model> {
        let (app, tx) = (self.app, self.tx);
        let now = app.clock.now();
        let service = organization::service_calendar::load(&**tx).await?;
        let rules = agreed::terms(&**tx, now).await?;
        let moment: Moment<'_> = Moment {
            now,
            service: &service,
            rules: &rules,
        };
        let was = before.case()?;
        let case = was.next((self.oneself(), self.side), action, &moment);
        let case = case.map_err(|refusal| {
            refusal
                .about(&before.what())
                .with("state", before.state.as_str())
        })?;
        let mut after = before.clone().with_case(&case);
        if case.due_at != was.due_at {
            use EvaluationState as S;
            let rule = match case.state {
                S::Scored => Some(&rules.release),
                S::Released | S::Rescored => Some(&rules.appeal),
                S::Appealed => Some(&rules.answer),
                _ => None,
            };
            after.due_rule = rule.map(|rule| rule.id.clone());
        }
        if case.is_released() && after.released_at.is_none() {
            after.released_at = Some(now);
        }
        let ended = case.state == EvaluationState::Final && was.state != EvaluationState::Final;
        if ended {
            after.final_at = Some(now);
        }
        more(&mut after);
        // A term that came or passed marks the row alone: what somebody has open stays as he read it.
        let after = if *action == Action::Lapse && case.state == was.state {
            mark(&**tx, before, after).await?
        } else {
            versioned::save(app, &**tx, before, after).await?
        };
        self.tell(&after, what, note).await?;
        if after.unsettled.is_some() && before.unsettled.is_none() {
            self.tell(&after, "unsettled", None).await?;
        }
        if ended && what != "final" {
            self.tell(&after, "final", None).await?;
        }
        Ok(after)
    }

    /// Writes a score down and does `action` with it; `stands` says whether it is the evaluation's from now on.
    pub(crate) async fn score(
        &self,
        before: &row::Model,
        (action, given, stands): (&Action, Given, bool),
        told: (&str, Option<&str>),
        more: impl FnOnce(&mut row::Model),
    ) -> Result<row::Model> {
        let now = self.app.clock.now();
        let id = self.app.ids.next();
        let tenths = i32::from(given.score.tenths);
        let (passed, fatal) = (given.score.passed, json!(given.score.fatal));
        let standing = before.tenths;
        let kind = given.kind;
        let (card_version_id, marks) = (given.card_version, given.marks);
        let set = |after: &mut row::Model| {
            if stands {
                after.standing_id = Some(id);
                after.tenths = Some(tenths);
                after.passed = Some(passed);
                after.fatal = fatal.clone();
                after.scored_at = Some(now);
            }
            if kind == ScoreKind::Purchaser {
                after.purchaser_tenths = Some(tenths);
                after.gap_tenths = standing.map(|standing| tenths - standing);
            } else if stands {
                after.gap_tenths = after.purchaser_tenths.map(|purchaser| purchaser - tenths);
            }
            more(after);
        };
        let after = self.act(before, action, told, set).await?;
        let there = scores(&**self.tx, before.id).await?.len();
        // What stands of a released evaluation is the agent's to know; other scores never are.
        let shown_at = (stands && after.released_at.is_some()).then_some(now);
        let row = score_row::Model {
            id,
            evaluation_id: before.id,
            n: i32::try_from(there).map_err(internal)? + 1,
            kind: kind.as_str().to_owned(),
            reviewer_id: self.oneself(),
            card_version_id,
            marks,
            tenths,
            passed,
            fatal,
            at: now,
            shown_at,
        };
        score_row::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(&**self.tx)
            .await?;
        Ok(after)
    }

    /// Releases to the agent the score that stands.
    pub(crate) async fn release(&self, before: &row::Model) -> Result<row::Model> {
        let told = ("released", None);
        let after = self.act(before, &Action::Release, told, |_| {}).await?;
        if let Some(standing) = after.standing_id {
            let shown = score_row::ActiveModel {
                id: Set(standing),
                shown_at: Set(after.released_at),
                ..Default::default()
            };
            score_row::Entity::update(shown).exec(&**self.tx).await?;
        }
        Ok(after)
    }

    pub(crate) async fn tell(
        &self,
        row: &row::Model,
        what: &str,
        note: Option<&str>,
    ) -> Result<()> {
        let conn = &**self.tx;
        let told = match what {
            "assigned" => Vec::from_iter(row.reviewer_id),
            "released" | "rescored" => vec![row.agent_id],
            "appealed" | "appeal_overdue" => {
                trail::holders(conn, &[Role::Quality, Role::OpsManager]).await?
            }
            "settled" if row.released_at.is_some() => vec![row.agent_id],
            "unsettled" if row.unsettled.as_deref() != Some("reviewers") => {
                trail::holders(conn, &[Role::PurchaserAdmin, Role::OpsManager]).await?
            }
            "unsettled" => trail::holders(conn, &[Role::OpsManager]).await?,
            _ => Vec::new(),
        };
        // Nobody hears of his own before it is released.
        let case = row.case()?;
        let told: Vec<Uuid> = told.into_iter().filter(|who| case.seen_by(*who)).collect();
        let facts = json!({
            "number": row.number, "state": row.state, "version": row.version, "due_at": row.due_at,
            "tenths": row.tenths, "passed": row.passed, "fatal": row.fatal, "kind": row.kind,
            "channel": row.channel, "agent_id": row.agent_id, "contact_id": row.contact_id,
            "recipients": told,
        });
        let scribe = Scribe {
            app: self.app,
            tx: self.tx,
            who: self.who,
            kind: "evaluation",
            id: row.id,
            hidden: hidden_from(&case, what),
        };
        scribe.tell(what, note, facts).await
    }
}
