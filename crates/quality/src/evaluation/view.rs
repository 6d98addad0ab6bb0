//! What the pages show of an evaluation. Its agent sees the score that was released, by which card and with which
//! words, and nothing of why it was drawn, of the other scores, or of the purchaser's.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use kernel::{App, Principal};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, ScoreKind, row, score_row};
use super::{Apart, EvaluationState};
use crate::calibration::store as calibrations;
use crate::card::store as cards;
use crate::card::{CardBody, FatalKind, Marks};
use crate::rights::{
    AnswerEvaluations, OpenCorrectiveActions, ReleaseEvaluations, ScoreEvaluations,
    ScoreForPurchaser, SettleScores,
};
use crate::sampling::Origin;
use crate::side;
use crate::trail::{self, TrailLine};

/// An evaluation as lists show it.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvaluationView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZJ-20261127-0001`
    pub number: String,
    /// `call`, `conversation` or `work_order`.
    pub kind: String,
    /// The call, conversation or ticket.
    pub contact_id: Uuid,
    /// What people call it.
    pub label: String,
    /// By which way it came.
    pub channel: String,
    /// Whose work it is.
    pub agent: Option<Colleague>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// How the requester rated it.
    pub satisfaction: Option<String>,
    /// There is a recording.
    pub recorded: bool,
    /// Why it was drawn; nothing for its agent.
    pub origins: Vec<Origin>,
    /// When it was drawn.
    pub drawn_at: DateTime<Utc>,
    /// Who scores it, or did.
    pub reviewer: Option<Colleague>,
    /// The score that stands, in tenths of a point.
    pub tenths: Option<i32>,
    /// 合格
    pub passed: Option<bool>,
    /// Kinds of fatal errors.
    pub fatal: Vec<FatalKind>,
    /// The purchaser's score; nothing for its agent.
    pub purchaser_tenths: Option<i32>,
    /// The purchaser's score less the one that stands.
    pub gap_tenths: Option<i32>,
    /// `reviewers` or `sides` where their scores lie too far apart.
    pub unsettled: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// It was late once.
    pub overdue: bool,
    /// When the next step is due.
    pub due_at: Option<DateTime<Utc>>,
    /// The rule that says so.
    pub due_rule: Option<String>,
    /// Its scores are kept from who looks until he gave his own in a calibration.
    pub blind: bool,
    /// When the agent was shown it.
    pub released_at: Option<DateTime<Utc>>,
    /// When it became final.
    pub final_at: Option<DateTime<Utc>>,
    /// The corrective action that came of it.
    pub corrective_id: Option<Uuid>,
    /// Rises with each change.
    pub version: i64,
}

/// A score that somebody gave.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GivenScore {
    /// Counts from 1.
    pub n: i32,
    /// `first`, `second`, `purchaser`, `settled` or `rescored`.
    pub kind: String,
    /// Who gave it.
    pub reviewer: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
    /// By which version of which card.
    pub card_version_id: Uuid,
    /// The number of that version.
    pub card_n: i32,
    /// What that version says.
    pub card: CardBody,
    /// What was given for each item.
    pub marks: Marks,
    /// What it came to, in tenths of a point.
    pub tenths: i32,
    /// 合格
    pub passed: bool,
    /// Kinds of fatal errors.
    pub fatal: Vec<FatalKind>,
    /// When the agent was shown it.
    pub shown_at: Option<DateTime<Utc>>,
}

/// An evaluation as its page shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvaluationDetail {
    /// What lists show.
    #[serde(flatten)]
    pub evaluation: EvaluationView,
    /// What was said where it was drawn by hand.
    pub origin_note: String,
    /// The draw.
    pub draw_id: Option<Uuid>,
    /// Its scores, the first first; for its agent what he was shown.
    pub scores: Vec<GivenScore>,
    /// The number of the score that stands.
    pub standing_n: Option<i32>,
    /// What the agent appealed.
    pub appeal: Option<String>,
    /// When.
    pub appealed_at: Option<DateTime<Utc>>,
    /// What was answered.
    pub appeal_answer: Option<String>,
    /// Why it is void.
    pub void_reason: Option<String>,
    /// Who voided it.
    pub voided_by: Option<Colleague>,
    /// When.
    pub voided_at: Option<DateTime<Utc>>,
    /// The voided sample in whose place it was drawn; nothing for its agent.
    pub replaces_id: Option<Uuid>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line; nothing for its agent.
    pub lines: Vec<TrailLine>,
}

/// The rows as lists show them to somebody.
pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    to: &Principal,
    rows: Vec<row::Model>,
) -> Result<Vec<EvaluationView>> {
    let mut named = Vec::new();
    for row in &rows {
        named.push(row.agent_id);
        named.extend(row.reviewer_id);
    }
    let people = organization::colleagues(conn, named).await?;
    let blind = calibrations::blind(conn, to, rows.iter().map(|row| row.id).collect()).await?;
    let me = to.user_id;
    let shown = rows.iter();
    let shown = shown.map(|row| view(row, (me, blind.contains(&row.id)), &people));
    Ok(shown.collect())
}

fn view(
    row: &row::Model,
    (to, blind): (Uuid, bool),
    people: &HashMap<Uuid, Colleague>,
) -> EvaluationView {
    let own = row.agent_id == to;
    // What he gave himself he knows.
    let unknown = blind && row.standing_by != Some(to);
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    EvaluationView {
        id: row.id,
        number: row.number.clone(),
        kind: row.kind.clone(),
        contact_id: row.contact_id,
        label: row.label.clone(),
        channel: row.channel.clone(),
        agent: person(Some(row.agent_id)),
        began_at: row.began_at,
        duration_ms: row.duration_ms,
        outcome: row.outcome.clone(),
        satisfaction: row.satisfaction.clone(),
        recorded: row.recorded,
        origins: if own { Vec::new() } else { row.origins() },
        drawn_at: row.drawn_at,
        reviewer: person(row.reviewer_id.filter(|_| !own)),
        tenths: row.tenths.filter(|_| !unknown),
        passed: row.passed.filter(|_| !unknown),
        fatal: if unknown {
            Vec::new()
        } else {
            row.fatal_kinds()
        },
        purchaser_tenths: row.purchaser_tenths.filter(|_| !own && !blind),
        gap_tenths: row.gap_tenths.filter(|_| !own && !blind),
        unsettled: row.unsettled.clone().filter(|_| !own && !blind),
        // A corrective action is not his to know of.
        state: match row.state.as_str() {
            "action" if own => EvaluationState::Final.as_str().to_owned(),
            state => state.to_owned(),
        },
        open: row.open,
        overdue: row.overdue && !own,
        due_at: row.due_at,
        due_rule: row.due_rule.clone(),
        blind,
        released_at: row.released_at,
        final_at: row.final_at,
        corrective_id: row.corrective_id.filter(|_| !own),
        version: row.version,
    }
}

/// What may be tried now by somebody.
fn offered(row: &row::Model, to: &Principal) -> Result<Vec<&'static str>> {
    use EvaluationState as S;
    let case = row.case()?;
    let mut offered = Vec::new();
    if case.agent == to.user_id {
        if to.may::<AnswerEvaluations>() {
            match case.state {
                S::Released if !case.unsettled.any() => {
                    offered.extend(["acknowledge", "appeal"]);
                }
                S::Released => offered.push("appeal"),
                S::Rescored if !case.unsettled.any() => offered.push("acknowledge"),
                _ => {}
            }
        }
        return Ok(offered);
    }
    let me = Some(to.user_id);
    let first = case.reviewer == me;
    let gave = [case.reviewer, case.second, case.standing].contains(&me);
    if to.may::<ScoreEvaluations>() {
        let alone = case.second.is_none() && case.purchaser.is_none();
        match case.state {
            S::Sampled if first || case.reviewer.is_none() => offered.push("score"),
            S::Scored if case.standing == me && first && alone => offered.push("score"),
            S::Scored if !gave && case.second.is_none() => offered.push("second_score"),
            S::Appealed if !gave => offered.push("rescore"),
            _ => {}
        }
    }
    if to.may::<ReleaseEvaluations>() {
        match case.state {
            S::Sampled if row.was_given_to(to.user_id) => offered.push("assign"),
            S::Sampled => offered.extend(["assign", "void"]),
            S::Scored if !case.unsettled.any() => offered.push("release"),
            _ => {}
        }
    }
    let scored = !matches!(case.state, S::Sampled | S::Void);
    if to.may::<ScoreForPurchaser>() && scored {
        offered.push("purchaser_score");
    }
    let side = side::of(to);
    let theirs = match case.unsettled {
        Apart { sides: true, .. } => side == kernel::Side::Purchaser,
        apart => apart.reviewers,
    };
    let gave = gave || case.purchaser == me;
    if to.may::<SettleScores>() && case.is_open() && theirs && !gave {
        offered.push("settle");
    }
    if to.may::<OpenCorrectiveActions>() && matches!(case.state, S::Final | S::Action) {
        offered.push("correct");
    }
    Ok(offered)
}

/// An evaluation as its page shows it to somebody who may see it.
pub(crate) async fn detail(app: &App, to: &Principal, row: row::Model) -> Result<EvaluationDetail> {
    let conn = app.db.read();
    let own = row.agent_id == to.user_id;
    let mut rows = store::scores(conn, row.id).await?;
    rows.retain(|one| !own || one.shown_at.is_some());
    let mut shown = views(conn, to, vec![row.clone()]).await?;
    let evaluation = shown.pop().ok_or_else(|| internal("one row, one view"))?;
    let blind = evaluation.blind;
    rows.retain(|one| !blind || one.reviewer_id == to.user_id);
    if own {
        // How many scores there are beside those he was shown is not told either.
        for (n, one) in (1..).zip(rows.iter_mut()) {
            one.n = n;
        }
    }
    let standing = rows.iter().find(|one| Some(one.id) == row.standing_id);
    let standing_n = standing.map(|one| one.n);
    let scores = given(conn, rows, own).await?;
    let voided_by = organization::colleagues(conn, row.voided_by).await?;
    let voided_by = row.voided_by.and_then(|id| voided_by.get(&id).cloned());
    let actions = offered(&row, to)?;
    let lines = if own || blind {
        Vec::new()
    } else {
        trail::lines(conn, row.id).await?
    };
    Ok(EvaluationDetail {
        evaluation,
        origin_note: if own { String::new() } else { row.origin_note },
        draw_id: row.draw_id.filter(|_| !own),
        scores,
        standing_n,
        appeal: row.appeal.filter(|_| !blind),
        appealed_at: row.appealed_at,
        appeal_answer: row.appeal_answer.filter(|_| !blind),
        void_reason: row.void_reason,
        voided_by,
        voided_at: row.voided_at,
        replaces_id: row.replaces_id.filter(|_| !own),
        actions,
        lines,
    })
}

async fn given(
    conn: &impl ConnectionTrait,
    rows: Vec<score_row::Model>,
    own: bool,
) -> Result<Vec<GivenScore>> {
    let people = organization::colleagues(conn, rows.iter().map(|one| one.reviewer_id)).await?;
    let cards = cards::versions(conn, rows.iter().map(|one| one.card_version_id)).await?;
    let shown = rows.into_iter().map(|one| {
        let card = cards.iter().find(|card| card.id == one.card_version_id);
        let card = card.ok_or_else(|| internal("a score without its card"))?;
        Ok(GivenScore {
            n: one.n,
            // That there was something to settle is not his to know.
            kind: match one.kind.as_str() {
                "settled" if own => ScoreKind::First.as_str().to_owned(),
                _ => one.kind,
            },
            reviewer: people.get(&one.reviewer_id).filter(|_| !own).cloned(),
            at: one.at,
            card_version_id: card.id,
            card_n: card.n,
            card: card.card()?,
            marks: serde_json::from_value(one.marks).map_err(internal)?,
            tenths: one.tenths,
            passed: one.passed,
            fatal: serde_json::from_value(one.fatal).map_err(internal)?,
            shown_at: one.shown_at,
        })
    });
    shown.collect()
}
