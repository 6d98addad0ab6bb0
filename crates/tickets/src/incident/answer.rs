//! The end of an incident: all linked open tickets get the one answer, in the name of their owners and by the
//! rules of each, and the report is written.

use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, JobDef, Tx};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::link::link_row;
use super::store::{self, row};
use super::{Action, State, report};
use crate::ticket::act::Hand;
use crate::ticket::life::{Action as Deed, Moment, State as Standing};
use crate::ticket::store::row as ticket_row;

const JOB: &str = "tickets.answer_incident";
/// Tickets answered in one transaction.
const AT_ONCE: u64 = 50;

/// The job that answers all.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::on_demand(JOB, move |payload| answer_all(app.clone(), payload))
}

/// Puts the job in the queue.
pub(crate) async fn enqueue(app: &App, tx: &Tx, incident: &row::Model) -> Result<()> {
    let payload = json!({ "incident_id": incident.id });
    app.jobs.enqueue(tx, JOB, payload, app.clock.now()).await?;
    Ok(())
}

async fn answer_all(app: App, payload: Value) -> Result<()> {
    let id = payload["incident_id"].as_str().map(str::parse::<Uuid>);
    let id = id
        .ok_or_else(|| internal("no incident is named"))?
        .map_err(internal)?;
    let who = Who::system("incident");
    loop {
        let (services, who) = (app.clone(), who.clone());
        let left = app
            .db
            .write(move |tx| async move { some(&services, &tx, &who, id).await })
            .await?;
        if !left {
            return Ok(());
        }
    }
}

/// Answers the next of them; at the end writes the report. Answers whether there is more to do.
async fn some(app: &App, tx: &Tx, who: &Who, id: Uuid) -> Result<bool> {
    let incident = store::get(&**tx, id).await?;
    if incident.state != State::Closing.as_str() {
        return Ok(false);
    }
    let waiting = link_row::Entity::find()
        .filter(link_row::Column::IncidentId.eq(id))
        .filter(link_row::Column::Outcome.is_null())
        .order_by_asc(link_row::Column::LinkedAt)
        .order_by_asc(link_row::Column::TicketId)
        .limit(AT_ONCE)
        .all(&**tx)
        .await?;
    if waiting.is_empty() {
        let now = app.clock.now();
        let finished = row::Model {
            closed_at: Some(now),
            ..incident.clone()
        };
        let report = report::write(&**tx, &finished, now).await?;
        let report = serde_json::to_value(report).map_err(internal)?;
        let more = |after: &mut row::Model| {
            after.closed_at = Some(now);
            after.report = Some(report);
        };
        let told = ("closed", None);
        store::act(app, tx, who, &incident, &Action::Finish, told, more).await?;
        return Ok(false);
    }
    for link in waiting {
        let outcome = one(app, tx, &incident, link.ticket_id).await?;
        link_row::Entity::update_many()
            .set(link_row::ActiveModel {
                outcome: Set(Some(outcome)),
                done_at: Set(Some(app.clock.now())),
                ..Default::default()
            })
            .filter(link_row::Column::IncidentId.eq(id))
            .filter(link_row::Column::TicketId.eq(link.ticket_id))
            .exec(&**tx)
            .await?;
    }
    Ok(true)
}

/// Answers one ticket; says what became of it: the state it is in now, or why it was left to its owner.
async fn one(app: &App, tx: &Tx, incident: &row::Model, id: Uuid) -> Result<String> {
    let ticket = ticket_row::Entity::find_by_id(id)
        .one(&**tx)
        .await?
        .ok_or_else(|| internal("a linked ticket is gone"))?;
    if !ticket.open {
        return Ok("ended_before".to_owned());
    }
    if matches!(
        ticket.standing()?,
        Standing::PendingReview | Standing::Replied
    ) {
        return Ok("answered_before".to_owned());
    }
    // 谁承办谁答复: the answer is the owner's, as if he had given it.
    let owner = Who {
        user_id: Some(ticket.current_owner_id),
        session_id: None,
        name: "system:incident".to_owned(),
    };
    let hand = Hand::of(app, tx, &owner).await?;
    let (mut case, rules) = (ticket.case()?, ticket.its_rules()?);
    let moment = Moment {
        by: ticket.current_owner_id,
        now: app.clock.now(),
        service: &hand.service,
        rules: &rules,
        covers: false,
    };
    let suspended = case.state == Standing::Suspended;
    // Refusals of the life are found before anything is written.
    if suspended {
        match case.next(&Deed::Resume, &moment) {
            Ok(done) => case = done.case,
            Err(refusal) => return Ok(refusal.code().to_owned()),
        }
    }
    if let Err(refusal) = case.next(&Deed::Reply, &moment) {
        return Ok(refusal.code().to_owned());
    }
    let note = format!("{} {}", incident.number, incident.title);
    let ticket = if suspended {
        Box::pin(hand.act(ticket, &Deed::Resume, Some(&note))).await?
    } else {
        ticket
    };
    let answer = incident.answer.clone();
    let more = |mut after: ticket_row::Model| {
        after.resolution = Some(answer);
        after
    };
    let answered = hand.act_and(ticket, &Deed::Reply, Some(&note), more);
    Ok(Box::pin(answered).await?.state)
}
