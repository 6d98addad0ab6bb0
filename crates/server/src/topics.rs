//! What the topics are found in and what is made of them, asked of the capabilities that have it.

use std::collections::{BTreeMap, HashMap, HashSet};

use analytics::topics::index::Effort;
use analytics::topics::{Contact, Contacts, Draft, Spawned, Spawns};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{App, Principal, Result, Tx};
use organization::Organization;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tickets::WriteInstructions;
use tickets::contact::State;
use tickets::contact::store::row as record;
use tickets::escalation::store::row as escalation;
use uuid::Uuid;

/// Contacts read of one day at most: of a day with more, these are a sample.
const MOST: u64 = 100_000;
/// Messages of one conversation that are read, the first ones: there the matter is told.
const MESSAGES: usize = 20;
/// The same matter by the same person within it is a repeat (K-18).
const REPEAT: TimeDelta = TimeDelta::days(7);

/// The contacts as the topics see them.
pub struct Written {
    /// Where the rows are.
    pub app: App,
    /// Knows when the line is open.
    pub organization: Organization,
}

type Row = (
    Uuid,
    Uuid,
    Option<Uuid>,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    Option<i64>,
    Option<String>,
    String,
    Option<Uuid>,
);

/// The contacts of a time, as a subquery.
fn ids(from: DateTime<Utc>, until: DateTime<Utc>) -> SelectStatement {
    Query::select()
        .column(record::Column::Id)
        .from(record::Entity)
        .and_where(record::Column::StartedAt.gte(from))
        .and_where(record::Column::StartedAt.lt(until))
        .to_owned()
}

impl Written {
    /// What requesters wrote in the conversations of a time.
    async fn messages(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, String>> {
        use channels::message::store::row::{Column, Entity};
        let rows: Vec<(Uuid, String)> = Entity::find()
            .select_only()
            .column(Column::ConversationId)
            .column(Column::Text)
            .filter(Column::ConversationId.in_subquery(ids(from, until)))
            .filter(Column::Direction.eq("in"))
            .filter(Column::Kind.eq("text"))
            .order_by_asc(Column::ConversationId)
            .order_by_asc(Column::Seq)
            .limit(MOST)
            .into_tuple()
            .all(self.app.db.read())
            .await?;
        let mut written: HashMap<Uuid, (String, usize)> = HashMap::new();
        for (conversation, text) in rows {
            let (all, many) = written.entry(conversation).or_default();
            if *many < MESSAGES {
                all.push('\n');
                all.push_str(&text);
                *many += 1;
            }
        }
        Ok(written
            .into_iter()
            .map(|(id, (text, _))| (id, text))
            .collect())
    }

    async fn names(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, String>> {
        use requesters::requester::store::row::{Column, Entity};
        let who = Query::select()
            .column(record::Column::RequesterId)
            .from(record::Entity)
            .and_where(record::Column::StartedAt.gte(from))
            .and_where(record::Column::StartedAt.lt(until))
            .to_owned();
        let rows: Vec<(Uuid, Option<String>)> = Entity::find()
            .select_only()
            .column(Column::Id)
            .column(Column::Name)
            .filter(Column::Id.in_subquery(who))
            .filter(Column::Name.is_not_null())
            .into_tuple()
            .all(self.app.db.read())
            .await?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, name)| Some((id, name?)))
            .collect())
    }

    /// Whether each contact that was rated was satisfied, and the rather satisfied too.
    async fn ratings(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, bool>> {
        use channels::conversation::store::row as conversation;
        use telephony::calls::rows::call;
        let conn = self.app.db.read();
        let by_phone: Vec<(Uuid, i32)> = call::Entity::find()
            .select_only()
            .column(call::Column::Id)
            .column(call::Column::Rating)
            .filter(call::Column::Id.in_subquery(ids(from, until)))
            .filter(call::Column::Rating.is_not_null())
            .into_tuple()
            .all(conn)
            .await?;
        let by_word: Vec<(Uuid, String)> = conversation::Entity::find()
            .select_only()
            .column(conversation::Column::Id)
            .column(conversation::Column::Satisfaction)
            .filter(conversation::Column::Id.in_subquery(ids(from, until)))
            .filter(conversation::Column::Satisfaction.is_not_null())
            .into_tuple()
            .all(conn)
            .await?;
        let by_phone = by_phone.into_iter().map(|(id, stars)| (id, stars >= 3));
        let by_word = by_word
            .into_iter()
            .map(|(id, said)| (id, said != "dissatisfied"));
        Ok(by_phone.chain(by_word).collect())
    }

    async fn passed_on(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<HashSet<Uuid>> {
        use floor::work_item::parts::{HANDED_OVER, PASSED, row};
        let rows: Vec<Uuid> = row::Entity::find()
            .select_only()
            .column(row::Column::WorkId)
            .distinct()
            .filter(row::Column::WorkId.in_subquery(ids(from, until)))
            .filter(row::Column::EndedAs.is_in([PASSED, HANDED_OVER]))
            .into_tuple()
            .all(self.app.db.read())
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Tickets of these contacts that were escalated.
    async fn escalated(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<HashSet<Uuid>> {
        let of = Query::select()
            .column(record::Column::TicketId)
            .from(record::Entity)
            .and_where(record::Column::StartedAt.gte(from))
            .and_where(record::Column::StartedAt.lt(until))
            .and_where(record::Column::TicketId.is_not_null())
            .to_owned();
        let rows: Vec<Option<Uuid>> = escalation::Entity::find()
            .select_only()
            .column(escalation::Column::TicketId)
            .distinct()
            .filter(escalation::Column::TicketId.in_subquery(of))
            .into_tuple()
            .all(self.app.db.read())
            .await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// When somebody asked about a matter in the days before.
    async fn asked_before(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<HashMap<(Uuid, String), Vec<DateTime<Utc>>>> {
        let rows: Vec<(Uuid, Option<String>, DateTime<Utc>)> = record::Entity::find()
            .select_only()
            .column(record::Column::RequesterId)
            .column(record::Column::MatterCode)
            .column(record::Column::StartedAt)
            .filter(record::Column::StartedAt.gte(from - REPEAT))
            .filter(record::Column::StartedAt.lt(until))
            .filter(record::Column::MatterCode.is_not_null())
            .order_by_desc(record::Column::StartedAt)
            .limit(MOST * 8)
            .into_tuple()
            .all(self.app.db.read())
            .await?;
        let mut asked: HashMap<(Uuid, String), Vec<DateTime<Utc>>> = HashMap::new();
        for (requester, matter, at) in rows {
            if let Some(matter) = matter {
                asked.entry((requester, matter)).or_default().push(at);
            }
        }
        Ok(asked)
    }
}

impl Contacts for Written {
    fn between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        whole: bool,
    ) -> BoxFuture<'_, Result<Vec<Contact>>> {
        Box::pin(async move {
            let written = [State::Complete, State::Owed].map(State::as_str);
            let rows: Vec<Row> = record::Entity::find()
                .select_only()
                .columns([
                    record::Column::Id,
                    record::Column::RequesterId,
                    record::Column::AgentId,
                    record::Column::StartedAt,
                    record::Column::AnsweredAt,
                    record::Column::EndedAt,
                    record::Column::WrapUpMs,
                    record::Column::MatterCode,
                    record::Column::Summary,
                    record::Column::TicketId,
                ])
                .filter(record::Column::StartedAt.gte(from))
                .filter(record::Column::StartedAt.lt(until))
                .filter(record::Column::State.is_in(written))
                .order_by_asc(record::Column::StartedAt)
                .order_by_asc(record::Column::Id)
                .limit(MOST)
                .into_tuple()
                .all(self.app.db.read())
                .await?;
            let mut messages = self.messages(from, until).await?;
            if !whole {
                let contacts = rows.into_iter().map(|row| {
                    let said = messages.remove(&row.0).unwrap_or_default();
                    Contact {
                        id: row.0,
                        requester: row.1,
                        at: row.3,
                        matter: row.7,
                        text: format!("{}{said}", row.8),
                        names: Vec::new(),
                        effort: Effort::default(),
                    }
                });
                return Ok(contacts.collect());
            }
            let names = self.names(from, until).await?;
            let ratings = self.ratings(from, until).await?;
            let passed_on = self.passed_on(from, until).await?;
            let escalated = self.escalated(from, until).await?;
            let asked = self.asked_before(from, until).await?;
            let agents =
                organization::colleagues(self.app.db.read(), rows.iter().filter_map(|row| row.2))
                    .await?;
            let contacts = rows.into_iter().map(|row| {
                let (id, requester, agent, at, answered, ended, wrap_up, matter, summary, ticket) =
                    row;
                let talk = answered
                    .zip(ended)
                    .map(|(from, to)| (to - from).num_milliseconds().max(0));
                let repeated = matter.as_ref().is_some_and(|matter| {
                    let before = asked.get(&(requester, matter.clone()));
                    before.is_some_and(|times| {
                        times.iter().any(|time| *time < at && at - *time <= REPEAT)
                    })
                });
                let rated = ratings.get(&id);
                let effort = Effort {
                    contacts: 1,
                    timed: u32::from(talk.is_some()),
                    handled_ms: talk.map_or(0, |talk| talk + wrap_up.unwrap_or(0)),
                    passed_on: u32::from(passed_on.contains(&id)),
                    escalated: u32::from(ticket.is_some_and(|ticket| escalated.contains(&ticket))),
                    repeated: u32::from(repeated),
                    rated: u32::from(rated.is_some()),
                    satisfied: u32::from(rated.copied().unwrap_or(false)),
                };
                let known = names.get(&requester).cloned();
                let agent = agent
                    .and_then(|agent| agents.get(&agent))
                    .map(|agent| agent.name.clone());
                Contact {
                    text: format!("{summary}{}", messages.remove(&id).unwrap_or_default()),
                    id,
                    requester,
                    at,
                    matter,
                    names: known.into_iter().chain(agent).collect(),
                    effort,
                }
            });
            Ok(contacts.collect())
        })
    }

    fn open_days(&self, from: NaiveDate, until: NaiveDate) -> u32 {
        let clock = self.organization.service_clock();
        let days = from.iter_days().take_while(|day| *day < until);
        let open = days.filter(|day| {
            let (begins, ends) = (
                floor::day::day_begins(*day),
                floor::day::day_begins(*day + Days::new(1)),
            );
            clock.between(begins, ends) > TimeDelta::zero()
        });
        open.count() as u32
    }

    fn matters(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>>> {
        Box::pin(async move {
            let choices = tickets::matter_choices(self.app.db.read()).await?;
            Ok(choices.into_iter().collect())
        })
    }
}

/// What is made of topics.
pub struct Made(pub App);

impl Spawns for Made {
    fn may_instruct(&self, person: &Principal) -> bool {
        person.may::<WriteInstructions>()
    }

    fn article<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        draft: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>> {
        Box::pin(async move {
            let (words, of) = (
                (draft.title.as_str(), draft.body.as_str()),
                (draft.matter.as_str(), draft.by),
            );
            let (id, number) = knowledge::begin(&self.0, tx, who, words, of).await?;
            Ok(Spawned { id, number })
        })
    }

    fn course<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        draft: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>> {
        Box::pin(async move {
            let words = (draft.title.as_str(), draft.body.as_str());
            let (id, number) =
                learning::course::begin(&self.0, tx, who, words, &draft.matter).await?;
            Ok(Spawned { id, number })
        })
    }

    fn instruction<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        draft: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>> {
        Box::pin(async move {
            let title = format!("关于“{}”答复口径的请示", draft.title);
            let of = (draft.matter.as_str(), draft.by);
            let id =
                tickets::instruction::begin(&self.0, tx, who, (&title, &draft.body), of).await?;
            Ok(Spawned { id, number: title })
        })
    }
}
