//! A missed call becomes a call-back with an owner, or joins the open one of its number; who left a message instead is
//! owed the answer to that and no call.

use floor::work_item::store::{self as works, Model as Work};
use kernel::audit::Who;
use kernel::problem::{Result, unavailable};
use kernel::{Tx, versioned};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect as _};
use uuid::Uuid;

use super::store::{self, Present, missed_row, row};
use super::{Action, Case};
use crate::calls::rows::call;
use crate::calls::store as calls;
use crate::elsewhere::Source;
use crate::outbound::Outbound;

/// Missed calls of a killed process that get an owner at the start.
const MOST: u64 = 5_000;

/// Those that the last process did not get to.
pub(crate) async fn catch_up(outbound: &Outbound) -> Result<()> {
    let conn = outbound.app().db.read();
    for (_, work) in works::callbacks_due(conn, MOST).await? {
        // A work without a record of its call is looked at again with the next start.
        if let Err(problem) = own(outbound, work).await {
            tracing::warn!(%work, %problem, "a missed call has no owner yet");
        }
    }
    Ok(())
}

/// Gives the missed call `work` an owner, if it is one and has none. Again is nothing.
pub(crate) async fn own(outbound: &Outbound, work: Uuid) -> Result<()> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let Some(missed) = works::get(conn, work).await? else {
        return Ok(());
    };
    let may_be_owed = missed.callback_due || missed.continues.is_some();
    if !may_be_owed || missed.callback_done_at.is_some() || is_known(conn, work).await? {
        return Ok(());
    }
    // Its own, or for a kept place that nobody was rung for the one in which he asked.
    let record = calls::asked_in(conn, work).await?;
    let unreached = record
        .as_ref()
        .is_some_and(|record| not_reached(&missed, record));
    if !missed.callback_due && !unreached {
        return Ok(());
    }
    let record = record.ok_or_else(|| {
        unavailable(
            "call_unknown",
            "the record of the missed call is not there yet",
        )
    })?;
    if record.id == work && record.source == Source::Shoujie.as_str() {
        match record.outcome.as_deref() {
            // The line closed while he waited, and he may be speaking into the message box; asked again when the call
            // is over.
            None => return Ok(()),
            Some("message_left") => return message_instead(outbound, work).await,
            Some(_) => {}
        }
    }
    let requester = match record.requester_id {
        Some(id) => Some(id),
        None => requesters::by_number(app, conn, &record.caller)
            .await?
            .map(|known| known.id),
    };
    // His own colleague first, if he is there.
    let taker = match requester {
        Some(requester) => match outbound.house() {
            Ok(house) => house.taker(requester).await?,
            Err(_) => None,
        },
        None => None,
    };
    let (app, db) = (app.clone(), app.db.clone());
    let works = db
        .write(async move |tx| {
            if is_known(&*tx, work).await? {
                return Ok(Vec::new());
            }
            let write = Writing {
                app: &app,
                tx: &tx,
                missed,
                record,
                requester,
                taker,
            };
            write.down().await
        })
        .await?;
    for work in works {
        outbound.floor().callback_done(work).await?;
    }
    Ok(())
}

/// What was said into the message box has its ticket, with an owner and a deadline: nothing is owed beside it.
async fn message_instead(outbound: &Outbound, work: Uuid) -> Result<()> {
    let (now, db) = (outbound.app().clock.now(), outbound.app().db.clone());
    let note = Some("留言已转为工单".to_owned());
    let done = db
        .write(async move |tx| works::callback_done(&*tx, work, None, now, note).await)
        .await;
    match done {
        // Another delivery of the same event was faster.
        Err(problem) if problem.code == "callback_done_before" => Ok(()),
        Err(problem) => Err(problem),
        Ok(()) => outbound.floor().callback_done(work).await,
    }
}

/// An agent took a kept place and the requester could not be reached: for the floor he was answered, and nobody has
/// talked to him.
fn not_reached(missed: &Work, record: &call::Model) -> bool {
    missed.continues.is_some()
        && record.id == missed.id
        && record.answered_at.is_none()
        && matches!(record.outcome.as_deref(), Some("rejected" | "failed"))
}

async fn is_known(conn: &impl sea_orm::ConnectionTrait, work: Uuid) -> Result<bool> {
    let found = missed_row::Entity::find_by_id(work).one(conn).await?;
    Ok(found.is_some())
}

struct Writing<'a> {
    app: &'a kernel::App,
    tx: &'a Tx,
    missed: Work,
    record: call::Model,
    requester: Option<Uuid>,
    taker: Option<Uuid>,
}

impl Writing<'_> {
    async fn down(self) -> Result<Vec<Uuid>> {
        let (app, tx, who) = (self.app, self.tx, Who::system("callbacks"));
        let number = requesters::normalise(&self.record.caller);
        let hash = number
            .as_ref()
            .map(|number| store::hash_of(app, &number.text));
        let at = self.missed.offered_at;
        let missed = |callback_id| missed_row::Model {
            work_id: self.missed.id,
            callback_id,
            missed_at: at,
            outcome: self.missed.outcome.clone(),
            wait_ms: self.missed.wait_ms,
        };
        if let Some(hash) = &hash
            && let Some(open) = store::open_of(&**tx, hash).await?
        {
            store::add_missed(tx, missed(open.id)).await?;
            let more = |after: &mut row::Model| after.last_missed_at = at.max(open.last_missed_at);
            store::act(app, tx, &who, &open, (Action::Miss, more)).await?;
            return Ok(Vec::new());
        }
        let present = Present::read(app, &**tx).await?;
        let ended = self.missed.ended_at.unwrap_or(at);
        let case = Case::missed(ended, number.is_none(), &present.moment());
        let callback = row::Model {
            id: app.ids.next(),
            number: number.map_or(String::new(), |number| number.text),
            number_hash: hash,
            requester_id: self.requester,
            queue: self.missed.queue.clone(),
            state: String::new(),
            open: true,
            owner_id: None,
            assigned_at: None,
            missed: 1,
            first_missed_at: at,
            last_missed_at: at,
            warn_at: at,
            due_at: at,
            warned: false,
            breached: false,
            attempts: 0,
            first_attempt_at: None,
            in_time: None,
            closed_at: (!case.is_open()).then(|| app.clock.now()),
            closed_by: None,
            closing_call: None,
            note: None,
            next_alarm_at: None,
            updated_at: app.clock.now(),
            version: 1,
        }
        .with_case(&case);
        versioned::insert(&**tx, &callback).await?;
        store::add_missed(tx, missed(callback.id)).await?;
        store::tell(app, tx, &who, &callback, "missed").await?;
        if !callback.open {
            return store::returned(app, tx, &who, &callback).await;
        }
        let there = store::on_duty(&**tx).await?;
        let taker = self.taker.filter(|taker| there.contains(taker));
        let owner = match taker {
            Some(taker) => Some(taker),
            None => store::whose_turn(&**tx).await?,
        };
        let action = owner.map_or(Action::NobodyThere, |to| Action::Assign { to });
        store::act(app, tx, &who, &callback, (action, |_| {})).await?;
        Ok(Vec::new())
    }
}

/// The requester talks to somebody: whatever is owed to his number is over.
pub(crate) async fn called_in(outbound: &Outbound, call: Uuid, agent: Option<Uuid>) -> Result<()> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let Some(record) = call::Entity::find_by_id(call).one(conn).await? else {
        return Ok(());
    };
    let Some(number) = requesters::normalise(&record.caller) else {
        return Ok(());
    };
    let hash = store::hash_of(app, &number.text);
    let open = row::Entity::find()
        .filter(row::Column::NumberHash.eq(hash.as_str()))
        .filter(row::Column::Open.eq(true));
    if open.one(conn).await?.is_none() {
        return Ok(());
    }
    let (db, app) = (app.db.clone(), app.clone());
    let works = db
        .write(async move |tx| {
            let Some(open) = store::open_of(&*tx, &hash).await? else {
                return Ok(Vec::new());
            };
            let more = |after: &mut row::Model| {
                after.closing_call = Some(call);
                after.closed_by = agent;
            };
            let who = Who::system("callbacks");
            let done = store::act(&app, &tx, &who, &open, (Action::CallIn, more)).await?;
            Ok(done.1)
        })
        .await?;
    for work in works {
        outbound.floor().callback_done(work).await?;
    }
    Ok(())
}

/// Open call-backs of people who were erased: one person has one for each number.
const MOST_ERASED: u64 = 200;

/// Ends the open ones whose number was erased: nobody can call it any more.
pub(crate) async fn end_erased(outbound: &Outbound) -> Result<()> {
    let app = outbound.app();
    let erased = row::Entity::find()
        .filter(row::Column::Open.eq(true))
        .filter(row::Column::NumberHash.is_null())
        .filter(row::Column::Number.eq(""))
        .limit(MOST_ERASED)
        .all(app.db.read())
        .await?;
    for before in erased {
        let services = app.clone();
        let works = app.db.write(async move |tx| {
            let step = (Action::Erased, |_: &mut row::Model| {});
            let who = Who::system("callbacks");
            Ok(store::act(&services, &tx, &who, &before, step).await?.1)
        });
        for work in works.await? {
            outbound.floor().callback_done(work).await?;
        }
    }
    Ok(())
}
