//! A slow recount from the raw rows, written apart from the product: it reads the tables of floor, telephony, channels
//! and tickets, and adds one by one.

use std::collections::HashMap;

use analytics::kpi::{Figure, Kpi, Period};
use channels::conversation::store::row as conversation;
use chrono::{DateTime, TimeDelta, Utc};
use floor::work_item::parts::row as part;
use floor::work_item::store::row as work;
use sea_orm::EntityTrait as _;
use telephony::calls::rows::call;
use tickets::contact::store::row as record;
use tickets::ticket::store::row as ticket;
use uuid::Uuid;

use crate::world::{Order, World};

/// What a slow count says of an indicator.
#[derive(Debug)]
pub struct Counted {
    pub kpi: Kpi,
    above: i64,
    below: i64,
    beside: Vec<(&'static str, i64, i64)>,
}

impl Counted {
    pub fn new(kpi: Kpi, above: i64, below: i64) -> Self {
        Self {
            kpi,
            above,
            below,
            beside: Vec::new(),
        }
    }

    pub fn beside(mut self, code: &'static str, above: i64, below: i64) -> Self {
        self.beside.push((code, above, below));
        self
    }

    pub fn count(self, code: &'static str, many: i64) -> Self {
        self.beside(code, many, 0)
    }

    /// The figure says the same, with all that stands beside it.
    pub fn is(&self, figure: &Figure, told: &str) {
        let kpi = self.kpi;
        assert_eq!(figure.kpi, kpi);
        let said = (figure.numerator, figure.denominator);
        assert_eq!(said, (self.above, self.below), "{kpi:?} {told}");
        assert_eq!(figure.value.is_some(), self.below > 0, "{kpi:?} {told}");
        let beside = figure.beside.iter();
        let beside: Vec<(&str, i64, i64)> = beside
            .map(|one| (one.code.as_str(), one.numerator, one.denominator))
            .collect();
        assert_eq!(beside, self.beside, "{kpi:?} {told}");
    }
}

/// What [`recount`] counts: K-01 by offers, K-03 by its third variant.
pub const COUNTED: [Kpi; 17] = [
    Kpi::K01,
    Kpi::K02,
    Kpi::K03,
    Kpi::K04,
    Kpi::K05,
    Kpi::K06,
    Kpi::K07,
    Kpi::K08,
    Kpi::K09,
    Kpi::K15,
    Kpi::K16,
    Kpi::K17,
    Kpi::K18,
    Kpi::K19,
    Kpi::K20,
    Kpi::K21,
    Kpi::K22,
];

/// Counts a period anew from the rows of its contacts, and from the tickets as they were told.
pub async fn recount(world: &World, period: Period, told: &[Order]) -> Vec<Counted> {
    let conn = world.app.db.read();
    let works = work::Entity::find().all(conn).await.unwrap();
    let calls: HashMap<Uuid, call::Model> = call::Entity::find()
        .all(conn)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let parts = part::Entity::find().all(conn).await.unwrap();
    let chats = conversation::Entity::find().all(conn).await.unwrap();
    let records = record::Entity::find().all(conn).await.unwrap();
    let orders: HashMap<Uuid, ticket::Model> = ticket::Entity::find()
        .all(conn)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let ahead = TimeDelta::hours(8);
    let within = |at: DateTime<Utc>| {
        let day = (at + ahead).date_naive();
        day >= period.from && day <= period.to
    };
    let ms = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_milliseconds();

    let (mut offered, mut answered, mut soon, mut level, mut given_up) = (0, 0, 0, 0, 0);
    let (mut short, mut lost, mut invited) = (0, 0, 0);
    let (mut waits, mut rings, mut talks, mut holds, mut wrap_ups, mut handled) =
        (0, 0, 0, 0, 0, 0);
    for row in works.iter().filter(|row| within(row.offered_at)) {
        let over = row.accepted_at.or(row.ended_at);
        if row.media != "voice" || row.queue.is_none() || over.is_none() {
            continue;
        }
        if row.outcome.as_deref() == Some("callback") {
            continue;
        }
        offered += 1;
        let Some(at) = row.accepted_at else {
            let gave_up = matches!(
                row.outcome.as_deref(),
                Some("abandoned" | "short_abandoned")
            );
            given_up += i64::from(gave_up);
            short += i64::from(row.outcome.as_deref() == Some("short_abandoned"));
            lost += i64::from(!gave_up);
            continue;
        };
        let call = &calls[&row.id];
        answered += 1;
        invited += 1;
        let waited = ms(row.offered_at, at);
        soon += i64::from(waited <= 15_000);
        level += i64::from(waited <= 20_000);
        waits += waited;
        rings += ms(call.rung_at.unwrap(), call.answered_at.unwrap());
        if let Some(ended) = row.ended_at {
            handled += 1;
            holds += call.held_ms;
            talks += ms(at, ended) - call.held_ms;
            for part in parts.iter().filter(|part| part.work_id == row.id) {
                if let (Some(began), Some(ended)) = (part.wrap_up_began_at, part.wrap_up_ended_at) {
                    wrap_ups += ms(began, ended);
                }
            }
        }
    }
    let (mut asked, mut accepted, mut responded, mut responses) = (0, 0, 0, 0);
    let (mut rated, mut pleased) = (0, 0);
    let (mut messages, mut replied, mut replies, mut within_a_day) = (0, 0, 0, 0);
    let mut message = |came: DateTime<Utc>, reply: Option<DateTime<Utc>>| {
        messages += 1;
        if let Some(reply) = reply {
            replied += 1;
            replies += ms(came, reply);
            within_a_day += i64::from(reply - came <= TimeDelta::hours(24));
        }
    };
    for row in chats.iter().filter(|row| within(row.opened_at)) {
        if let Some(said) = &row.satisfaction {
            rated += 1;
            pleased += i64::from(said != "dissatisfied");
            invited += 1;
        }
        if let Some(ticket) = row.ticket_id {
            let replies = [row.first_response_at, orders[&ticket].answered_at];
            message(row.opened_at, replies.into_iter().flatten().min());
        }
        let nobody = ["after_hours", "self_service", "code", "blocked"];
        let left = row.ticket_id.is_some();
        let over = row.accepted_at.or(row.ended_at).is_some();
        if left
            || !over
            || row
                .end_reason
                .as_deref()
                .is_some_and(|why| nobody.contains(&why))
        {
            continue;
        }
        asked += 1;
        if row.accepted_at.is_some() {
            accepted += 1;
            invited += i64::from(row.satisfaction.is_none());
            if let Some(first) = row.first_response_at {
                responded += 1;
                responses += ms(row.opened_at, first);
            }
        }
    }
    for row in calls.values() {
        // A call is of the day it was offered, else of the day it arrived.
        let of_queue = works.iter().find(|work| work.id == row.id);
        let came = of_queue.map_or(row.arrived_at, |work| work.offered_at);
        if let Some(stars) = row.rating.filter(|_| within(came)) {
            rated += 1;
            pleased += i64::from(stars >= 3);
        }
        if row.outcome.as_deref() == Some("message_left") && within(came) {
            let opened = orders
                .values()
                .find(|order| order.source_call_id == Some(row.id));
            message(row.arrived_at, opened.and_then(|order| order.answered_at));
        }
    }
    let (mut resolvable, mut resolved) = (0, 0);
    for row in records.iter().filter(|row| within(row.started_at)) {
        let kind = row.request_type.as_deref();
        if row.answered_at.is_none()
            || row.matter_code.is_none()
            || !matches!(kind, Some("consult" | "help" | "fault"))
        {
            continue;
        }
        resolvable += 1;
        let again = records.iter().any(|other| {
            other.requester_id == row.requester_id
                && other.matter_code == row.matter_code
                && other.started_at > row.started_at
                && other.started_at - row.started_at <= TimeDelta::days(7)
        });
        let anew = row.ticket_id.is_some_and(|id| orders[&id].reopenings > 0);
        resolved += i64::from(!again && !anew);
    }
    let (mut due, mut met, mut dispatched, mut returned, mut granted) = (0, 0, 0, 0, 0);
    let (mut closed, mut reopened) = (0, 0);
    let today = (world.app.clock.now() + ahead).date_naive();
    for order in told.iter().filter(|order| order.state != "void") {
        if !order.platform.is_empty() && within(order.at) {
            dispatched += 1;
            returned += i64::from(order.returned);
            granted += i64::from(order.state == "returned");
        }
        let owed = !matches!(order.state, "returned" | "rejected" | "merged");
        let over = (order.due_at + ahead).date_naive() < today;
        if owed && within(order.due_at) && (over || order.answered_at.is_some()) {
            due += 1;
            met += i64::from(order.answered_at.is_some_and(|at| at <= order.due_at));
        }
        if order.closed_at.is_some_and(within) {
            closed += 1;
            reopened += i64::from(order.reopened);
            invited += i64::from(order.revisit || order.said.is_some());
            if let Some(said) = order.said.filter(|said| *said != "unreached") {
                rated += 1;
                pleased += i64::from(said != "dissatisfied");
            }
        }
    }
    let of = Counted::new;
    vec![
        of(Kpi::K01, answered, offered),
        of(Kpi::K02, soon, offered),
        of(Kpi::K03, level, answered + given_up),
        of(Kpi::K04, given_up, offered)
            .beside("short_abandoned", short, offered)
            .beside("lost", lost, offered),
        of(Kpi::K05, waits, answered),
        of(Kpi::K06, rings, answered),
        of(Kpi::K07, talks, handled),
        of(Kpi::K08, wrap_ups, handled),
        of(Kpi::K09, talks + holds + wrap_ups, handled),
        of(Kpi::K15, responses, responded),
        of(Kpi::K16, accepted, asked),
        of(Kpi::K17, replies, replied)
            .beside("replied", replied, messages)
            .beside("within_24h", within_a_day, messages),
        of(Kpi::K18, resolved, resolvable),
        of(Kpi::K19, pleased, rated).beside("response_rate", rated, invited),
        of(Kpi::K20, met, due),
        of(Kpi::K21, returned, dispatched).beside("accepted_returns", granted, returned),
        of(Kpi::K22, reopened, closed),
    ]
}
