//! A slow recount from the raw rows, written apart from the product: it reads the tables of floor, telephony, channels
//! and tickets, and adds one by one.

use std::collections::HashMap;

use analytics::kpi::{Kpi, Period};
use channels::conversation::store::row as conversation;
use chrono::{DateTime, TimeDelta, Utc};
use floor::work_item::parts::row as part;
use floor::work_item::store::row as work;
use sea_orm::EntityTrait as _;
use telephony::calls::rows::call;
use tickets::contact::store::row as record;
use tickets::ticket::store::row as ticket;
use uuid::Uuid;

use crate::world::World;

/// Above and below the line of K-01 (by offers), K-02, K-03 ③, K-04 to K-09, K-15, K-16, K-18, K-19.
pub async fn recount(world: &World, period: Period) -> Vec<(Kpi, i64, i64)> {
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
            continue;
        };
        let call = &calls[&row.id];
        answered += 1;
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
    for row in chats.iter().filter(|row| within(row.opened_at)) {
        if let Some(said) = &row.satisfaction {
            rated += 1;
            pleased += i64::from(said != "dissatisfied");
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
    vec![
        (Kpi::K01, answered, offered),
        (Kpi::K02, soon, offered),
        (Kpi::K03, level, answered + given_up),
        (Kpi::K04, given_up, offered),
        (Kpi::K05, waits, answered),
        (Kpi::K06, rings, answered),
        (Kpi::K07, talks, handled),
        (Kpi::K08, wrap_ups, handled),
        (Kpi::K09, talks + holds + wrap_ups, handled),
        (Kpi::K15, responses, responded),
        (Kpi::K16, accepted, asked),
        (Kpi::K18, resolved, resolvable),
        (Kpi::K19, pleased, rated),
    ]
}
