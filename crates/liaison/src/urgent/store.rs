//! The rows of urgent notices: who was told by which way, what arrived, the substitutes by the clock.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found, refused};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Event, EventHandler, Side, Tx};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel as _, QueryFilter,
    QueryOrder,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Moment, Terms, UrgentState};
use crate::person::LiaisonStanding;
use crate::person::store::{self as persons, row as person_row};
use crate::trail::{self, Scribe, Seen};
use crate::{agreed, side};
use kernel::day;

kernel::table! {
    /// One urgent notice. What the rules see of it is a [`Case`].
    pub mod row = "urgent_notices" (id: Uuid) {
        number: String,
        from_side: String,
        title: String,
        content: String,
        letter_id: Option<Uuid>,
        sent_by: Option<Uuid>,
        sent_at: DateTimeUtc,
        arrived_at: Option<DateTimeUtc>,
        arrived_with: Option<Uuid>,
        proof: Option<String>,
        state: String,
        open: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One try to tell one person by one way.
    pub mod try_row = "urgent_tries" (id: Uuid) {
        notice_id: Uuid,
        person_id: Uuid,
        user_id: Uuid,
        standing: String,
        way: String,
        made_at: DateTimeUtc,
        sent_at: Option<DateTimeUtc>,
        arrived_at: Option<DateTimeUtc>,
        reached: Option<bool>,
        note: Option<String>,
        by_id: Option<Uuid>,
    }
}

use row::Column;

kernel::versioned!(row, |notice| format!("urgent notice `{}`", notice.number));

impl row::Model {
    /// The notice as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = UrgentState::parse(&self.state)
            .ok_or_else(|| internal(format!("notice {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
        })
    }

    /// Whose it is.
    pub fn from(&self) -> Side {
        side::read(&self.from_side)
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at;
        self
    }
}

/// What a list of urgent notices may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those that have not arrived, or only those that have.
    pub open: Option<bool>,
    /// Only those a letter followed, or only those without one.
    pub letter: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let letter = |there: bool| {
        if there {
            Column::LetterId.is_not_null()
        } else {
            Column::LetterId.is_null()
        }
    };
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.letter.map(letter))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("sent_at", Column::SentAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("urgent notice"))
}

/// The tries of a notice, the oldest first.
pub(crate) async fn tries(
    conn: &impl ConnectionTrait,
    notice: Uuid,
) -> Result<Vec<try_row::Model>> {
    Ok(try_row::Entity::find()
        .filter(try_row::Column::NoticeId.eq(notice))
        .order_by_asc(try_row::Column::MadeAt)
        .order_by_asc(try_row::Column::Id)
        .all(conn)
        .await?)
}

async fn terms(app: &App, tx: &Tx) -> Result<Terms> {
    Ok(Terms {
        ack: agreed::term(&**tx, "urgent.ack", app.clock.now()).await?,
    })
}

/// Sends a notice to the first contact of the other side, or to the substitutes where there is none today.
pub(crate) async fn send(
    app: &App,
    tx: &Tx,
    (who, from): (&Who, Side),
    (title, content): (String, String),
) -> Result<row::Model> {
    let now = app.clock.now();
    let people = persons::on(&**tx, side::other(from), day::today(app)).await?;
    let primary = people.iter().filter(|person| person.is_primary());
    let mut first: Vec<&person_row::Model> = primary.collect();
    if first.is_empty() {
        first = people.iter().collect();
    }
    if first.is_empty() {
        let detail = "the other side has no liaison person today";
        return Err(refused("liaison_missing", detail)
            .with_way_out("it names one first; call the number of the contract meanwhile"));
    }
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx).await?;
    let moment: Moment<'_> = Moment {
        now,
        service: &service,
        rules: &rules,
    };
    let notice = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "JT-", now).await?,
        from_side: side::text(from).to_owned(),
        title,
        content,
        letter_id: None,
        sent_by: who.user_id,
        sent_at: now,
        arrived_at: None,
        arrived_with: None,
        proof: None,
        state: String::new(),
        open: true,
        due_at: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::sent(&moment));
    versioned::insert(&**tx, &notice).await?;
    let told = turn_to(app, tx, &notice, &first).await?;
    tell(app, tx, who, &notice, ("sent", None), told).await?;
    Ok(notice)
}

/// One try for each agreed way of these persons; answers who they are.
async fn turn_to(
    app: &App,
    tx: &Tx,
    notice: &row::Model,
    people: &[&person_row::Model],
) -> Result<Vec<Uuid>> {
    let now = app.clock.now();
    let mut told = Vec::new();
    for person in people {
        told.push(person.user_id);
        let ways: Vec<String> = serde_json::from_value(person.ways.clone()).map_err(internal)?;
        for way in ways {
            let made = try_row::Model {
                id: app.ids.next(),
                notice_id: notice.id,
                person_id: person.id,
                user_id: person.user_id,
                standing: person.standing.clone(),
                // The console shows it at once; a call has to be made, and e-mail and SMS leave by the outbox.
                sent_at: (way == "console").then_some(now),
                way,
                made_at: now,
                arrived_at: None,
                reached: None,
                note: None,
                by_id: None,
            };
            insert_try(tx, made).await?;
        }
    }
    told.sort_unstable();
    told.dedup();
    Ok(told)
}

async fn insert_try(tx: &Tx, made: try_row::Model) -> Result<()> {
    use sea_orm::ActiveModelTrait as _;
    let made = made.into_active_model().reset_all();
    try_row::Entity::insert(made)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Does `action` to a notice as it was read.
async fn act(
    app: &App,
    tx: &Tx,
    before: &row::Model,
    action: &Action,
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(action, &moment).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    versioned::save(app, &**tx, before, after).await
}

/// Somebody it was told to says that he has it.
pub(crate) async fn acknowledge(
    app: &App,
    tx: &Tx,
    who: &Who,
    notice: &row::Model,
    user: Uuid,
) -> Result<row::Model> {
    let now = app.clock.now();
    let told = tries(&**tx, notice.id).await?;
    if !told.iter().any(|one| one.user_id == user) {
        let detail = format!(
            "{} was not told to you: there is no arrival to note",
            notice.what()
        );
        return Err(refused("urgent_not_told", detail)
            .with_way_out("the liaison person it was told to acknowledges it"));
    }
    let after = act(app, tx, notice, &Action::Arrive, |after| {
        after.arrived_at = Some(now);
        after.arrived_with = Some(user);
        after.proof = Some("acknowledged".to_owned());
    })
    .await?;
    try_row::Entity::update_many()
        .col_expr(try_row::Column::ArrivedAt, Expr::value(now))
        .filter(try_row::Column::NoticeId.eq(notice.id))
        .filter(try_row::Column::UserId.eq(user))
        .filter(try_row::Column::Way.eq("console"))
        .exec(&**tx)
        .await?;
    let sender = after.sent_by.into_iter().collect();
    tell(app, tx, who, &after, ("arrived", None), sender).await?;
    Ok(after)
}

/// A call that was made to a liaison person.
pub(crate) struct Called {
    pub person_id: Uuid,
    pub at: chrono::DateTime<chrono::Utc>,
    pub reached: bool,
    pub note: String,
}

/// Logs a call; one that reached a liaison person of the other side is the proof of arrival.
pub(crate) async fn called(
    app: &App,
    tx: &Tx,
    who: &Who,
    notice: &row::Model,
    call: Called,
) -> Result<row::Model> {
    let person = persons::get(&**tx, call.person_id).await?;
    if side::read(&person.side) == notice.from() || !person.term()?.holds_on(day::of(call.at)) {
        let detail = "this is no liaison person of the other side on that day";
        return Err(kernel::problem::invalid(
            "person_id",
            "liaison_unknown",
            detail,
        ));
    }
    let standing = LiaisonStanding::parse(&person.standing)
        .ok_or_else(|| internal("a liaison person without standing"))?;
    let made = try_row::Model {
        id: app.ids.next(),
        notice_id: notice.id,
        person_id: person.id,
        user_id: person.user_id,
        standing: standing.as_str().to_owned(),
        way: "phone".to_owned(),
        made_at: call.at,
        sent_at: Some(call.at),
        arrived_at: call.reached.then_some(call.at),
        reached: Some(call.reached),
        note: Some(call.note.clone()),
        by_id: who.user_id,
    };
    insert_try(tx, made).await?;
    let noted = Some(call.note.as_str());
    if !call.reached || !notice.open {
        tell(app, tx, who, notice, ("called", noted), Vec::new()).await?;
        return Ok(notice.clone());
    }
    let after = act(app, tx, notice, &Action::Arrive, |after| {
        after.arrived_at = Some(call.at);
        after.arrived_with = Some(person.user_id);
        after.proof = Some("call".to_owned());
    })
    .await?;
    tell(
        app,
        tx,
        who,
        &after,
        ("arrived", noted),
        vec![person.user_id],
    )
    .await?;
    Ok(after)
}

/// The letter that follows.
pub(crate) async fn link(
    app: &App,
    tx: &Tx,
    who: &Who,
    notice: &row::Model,
    letter: &crate::letter::store::row::Model,
) -> Result<row::Model> {
    let mut after = notice.clone();
    after.letter_id = Some(letter.id);
    let after = versioned::save(app, &**tx, notice, after).await?;
    let number = letter.number.clone();
    tell(
        app,
        tx,
        who,
        &after,
        ("letter_linked", number.as_deref()),
        Vec::new(),
    )
    .await?;
    Ok(after)
}

async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    notice: &row::Model,
    (what, note): (&str, Option<&str>),
    told: Vec<Uuid>,
) -> Result<()> {
    let facts = json!({
        "number": notice.number, "state": notice.state, "version": notice.version,
        "due_at": notice.due_at, "originator_id": notice.sent_by, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "urgent_notice",
        id: notice.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}

/// The urgent notices, as the timer sees them.
pub(crate) struct UrgentNotices;

impl Alarmed for UrgentNotices {
    type Entity = row::Entity;
    const HANDLER: &'static str = "liaison.wake_urgent_notices";
    const KINDS: &'static [&'static str] = &["urgent_notice.sent", "urgent_notice.escalated"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("liaison");
        for notice in due {
            lapse(&app, &tx, &who, &notice).await?;
        }
        Ok(())
    }
}

/// Nobody answered in time: the substitutes who were not told yet are, else the desks of both sides.
pub(crate) async fn lapse(app: &App, tx: &Tx, who: &Who, notice: &row::Model) -> Result<()> {
    let told = tries(&**tx, notice.id).await?;
    let people = persons::on(&**tx, side::other(notice.from()), day::today(app)).await?;
    let left: Vec<&person_row::Model> = people
        .iter()
        .filter(|person| !told.iter().any(|one| one.user_id == person.user_id))
        .collect();
    let action = Action::Lapse {
        substitutes: !left.is_empty(),
    };
    let after = act(app, tx, notice, &action, |_| {}).await?;
    if after.state == UrgentState::Escalated.as_str() {
        let told = turn_to(app, tx, &after, &left).await?;
        return tell(app, tx, who, &after, ("escalated", None), told).await;
    }
    let told = trail::both_desks(&**tx).await?;
    tell(app, tx, who, &after, ("unreached", None), told).await
}

/// Hears from the notices what left by e-mail or SMS. That is no arrival.
pub(crate) fn on_sent(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "liaison.note_urgent_sent",
        &["notice.sent"],
        move |event: Event| {
            let app = app.clone();
            async move {
                let told = &event.payload;
                if told["subject_kind"] != "urgent_notice" {
                    return Ok(());
                }
                let text = |fact: &str| told[fact].as_str().unwrap_or_default().to_owned();
                let notice: Uuid = text("subject_id").parse().map_err(internal)?;
                let user: Uuid = text("user_id").parse().map_err(internal)?;
                let (way, now) = (text("way"), app.clock.now());
                app.db
                    .write(move |tx| async move {
                        try_row::Entity::update_many()
                            .col_expr(try_row::Column::SentAt, Expr::value(now))
                            .filter(try_row::Column::NoticeId.eq(notice))
                            .filter(try_row::Column::UserId.eq(user))
                            .filter(try_row::Column::Way.eq(way))
                            .filter(try_row::Column::SentAt.is_null())
                            .exec(&*tx)
                            .await?;
                        Ok(())
                    })
                    .await
            }
        },
    )
}
