//! What the timer does to evaluations: who owes a score or a release is told, an appeal and a term that ran out take
//! their course.

use std::collections::BTreeMap;

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::timer::Alarmed;
use kernel::{App, Role, Side, Tx};
use serde_json::json;
use uuid::Uuid;

use super::store::{Hand, row};
use super::{Action, EvaluationState};
use crate::trail;
use row::Column;

/// Tells each who owes a score or a release how many of his are due soon or late: a draw makes hundreds of them.
async fn tell_owed(app: &App, tx: &Tx, what: &str, rows: &[row::Model]) -> Result<()> {
    let conn = &**tx;
    let reviewers = trail::holders(conn, &[Role::Quality]).await?;
    let managers = if what.ends_with("overdue") {
        trail::holders(conn, &[Role::OpsManager]).await?
    } else {
        Vec::new()
    };
    let mut owed: BTreeMap<Uuid, i64> = BTreeMap::new();
    for row in rows {
        let case = row.case()?;
        let given = row
            .reviewer_id
            .filter(|_| case.state == EvaluationState::Sampled);
        let mut people = given.map_or_else(|| reviewers.clone(), |one| vec![one]);
        people.extend(&managers);
        people.sort_unstable();
        people.dedup();
        for person in people.into_iter().filter(|who| case.seen_by(*who)) {
            *owed.entry(person).or_default() += 1;
        }
    }
    let mut alike: BTreeMap<i64, Vec<Uuid>> = BTreeMap::new();
    for (person, many) in owed {
        alike.entry(many).or_default().push(person);
    }
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let told = alike.into_iter().map(|(many, recipients)| {
        let facts = json!({
            "number": many.to_string(), "due_at": first.due_at, "recipients": recipients,
        });
        (first.id.to_string(), facts)
    });
    let kind = format!("evaluations.{what}");
    app.events.publish_many(tx, &kind, told.collect()).await
}

/// The evaluations, as the timer sees them.
pub(crate) struct Evaluations;

impl Alarmed for Evaluations {
    type Entity = row::Entity;
    const HANDLER: &'static str = "quality.wake_evaluations";
    const KINDS: &'static [&'static str] = &[
        "sampling_draw.drawn",
        "evaluation.sampled",
        "evaluation.scored",
        "evaluation.released",
        "evaluation.appealed",
        "evaluation.rescored",
    ];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("quality");
        let hand = Hand {
            app: &app,
            tx: &tx,
            who: &who,
            side: Side::Supplier,
        };
        let now = app.clock.now();
        let mut owed: BTreeMap<&'static str, Vec<row::Model>> = BTreeMap::new();
        for row in due {
            let case = row.case()?;
            let soon = case.is_due_soon(now);
            let what = match case.state {
                EvaluationState::Appealed => "appeal_overdue",
                EvaluationState::Sampled if soon => "score_soon",
                EvaluationState::Sampled => "score_overdue",
                EvaluationState::Scored if soon => "release_soon",
                EvaluationState::Scored => "release_overdue",
                _ if case.unsettled.any() => "waits",
                _ => "final",
            };
            let row = hand.act(&row, &Action::Lapse, (what, None), |_| {}).await?;
            if matches!(
                case.state,
                EvaluationState::Sampled | EvaluationState::Scored
            ) {
                owed.entry(what).or_default().push(row);
            }
        }
        for (what, rows) in owed {
            tell_owed(&app, &tx, what, &rows).await?;
        }
        Ok(())
    }
}
