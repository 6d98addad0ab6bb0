//! Indicators of what is rare: counted from the rows of those who keep them when somebody asks; no fact is copied.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use floor::agent_state::store::change_row as change;
use kernel::problem::{Result, invalid};
use learning::course::store::{attendance, session};
use learning::exam::store::attempt;
use personnel::leak::store::row as leak;
use personnel::staff::store::row as staff;
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter,
    QueryOrder, QuerySelect,
};
use telephony::outbound::callback::store::row as callback;
use uuid::Uuid;

use super::ratio::Ratio;
use super::{Cut, Kpi, Period};
use crate::Desk;

/// Changes of states that are read for one figure: some ten thousand of a seat and month.
const MOST_CHANGES: u64 = 400_000;

/// The indicator, where somebody keeps its rows; else there is no data. A cut that its rows do not know gives none.
pub(super) async fn ratio(desk: &Desk, kpi: Kpi, period: Period, cut: &Cut) -> Result<Ratio> {
    let conn = desk.app.db.read();
    let of_contacts = cut.channel.is_some() || cut.matter.is_some();
    let of_all = *cut == Cut::all();
    let of_people = !of_contacts && cut.queue.is_none();
    match kpi {
        Kpi::K10 if !of_contacts && cut.person.is_none() => returned(desk, period, cut).await,
        Kpi::K11 if of_people => occupancy(desk, period, cut.person).await,
        Kpi::K12 if of_people => utilisation(desk, period, cut.person).await,
        Kpi::K14 if of_people => conformance(desk, period, cut.person).await,
        Kpi::K23 | Kpi::K24 | Kpi::K25 => sampled(desk, kpi, period, cut).await,
        Kpi::K28 if of_all => presence(desk, period).await,
        Kpi::K29 if of_all => turnover(conn, period).await,
        Kpi::K30 if of_people => learnt(conn, period, cut.person).await,
        Kpi::K31 if of_all => grave(desk, period).await,
        _ => Ok(Ratio::default()),
    }
}

async fn sampled(desk: &Desk, kpi: Kpi, period: Period, cut: &Cut) -> Result<Ratio> {
    let Some(found) = desk.samples.sampled(period, cut).await? else {
        return Ok(Ratio::default());
    };
    let all = found.samples;
    Ok(match kpi {
        Kpi::K23 => Ratio::new(found.passed, all),
        Kpi::K24 => Ratio::new(found.fatal, all)
            .beside("business", found.fatal_business, all)
            .beside("customer", found.fatal_customer, all)
            .beside("compliance", found.fatal_compliance, all),
        _ => Ratio::new(found.cited, found.answers),
    })
}

/// K-10: call-backs whose first missed call was in the period, returned by their term; one whose term still runs is
/// not judged yet.
async fn returned(desk: &Desk, period: Period, cut: &Cut) -> Result<Ratio> {
    let judged = Condition::any()
        .add(callback::Column::InTime.is_not_null())
        .add(callback::Column::DueAt.lt(desk.app.clock.now()));
    let all = callback::Entity::find()
        .filter(callback::Column::FirstMissedAt.gte(period.begins()))
        .filter(callback::Column::FirstMissedAt.lt(period.ends()))
        .filter(
            Condition::all().add_option(
                cut.queue
                    .as_ref()
                    .map(|queue| callback::Column::Queue.eq(queue)),
            ),
        )
        .filter(judged);
    let conn = desk.app.db.read();
    let in_time = all.clone().filter(callback::Column::InTime.eq(true));
    Ok(Ratio::new(
        in_time.count(conn).await?.cast_signed(),
        all.count(conn).await?.cast_signed(),
    ))
}

/// How long somebody was in a state.
struct Stretch {
    agent: Uuid,
    began: DateTime<Utc>,
    state: String,
    ms: i64,
}

/// The states of a period: each lasts until the next change of the same agent; what lasts over the edge of the period is
/// cut there.
async fn stretches(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Vec<Stretch>> {
    let until = period.ends().min(desk.app.clock.now());
    let from = period.begins();
    let rows: Vec<(Uuid, DateTime<Utc>, String)> = change::Entity::find()
        .select_only()
        .columns([
            change::Column::AgentId,
            change::Column::At,
            change::Column::ToState,
        ])
        // Who took up his state before the period began did so on the day before.
        .filter(change::Column::At.gte(from - chrono::TimeDelta::days(1)))
        .filter(change::Column::At.lt(until))
        .filter(Condition::all().add_option(person.map(|id| change::Column::AgentId.eq(id))))
        .order_by_asc(change::Column::At)
        .order_by_asc(change::Column::Id)
        .limit(MOST_CHANGES + 1)
        .into_tuple()
        .all(desk.app.db.read())
        .await?;
    if rows.len() as u64 > MOST_CHANGES {
        let detail = "too many changes of states for one figure";
        return Err(invalid("to", "kpi_period_too_long", detail)
            .with_way_out("ask of fewer days, or of one person"));
    }
    let mut found = Vec::new();
    let mut keep = |agent: Uuid, state: String, began: DateTime<Utc>, ended: DateTime<Utc>| {
        let began = began.max(from);
        let ms = (ended.min(until) - began).num_milliseconds();
        if ms > 0 {
            found.push(Stretch {
                agent,
                began,
                state,
                ms,
            });
        }
    };
    let mut standing: HashMap<Uuid, (DateTime<Utc>, String)> = HashMap::new();
    for (agent, at, state) in rows {
        if let Some((began, before)) = standing.insert(agent, (at, state)) {
            keep(agent, before, began, at);
        }
    }
    for (agent, (began, state)) in standing {
        keep(agent, state, began, until);
    }
    Ok(found)
}

/// K-11: time in a talk, on hold and in wrap-up against the same with the time ready.
async fn occupancy(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let (mut busy, mut ready) = (0, 0);
    for one in stretches(desk, period, person).await? {
        match one.state.as_str() {
            "talking" | "held" | "wrap_up" => busy += one.ms,
            "ready" => ready += one.ms,
            _ => {}
        }
    }
    Ok(Ratio::new(busy, busy + ready))
}

/// The minutes of signed days: at the seat, and of the whole day, by person and day.
async fn signed(
    desk: &Desk,
    period: Period,
    person: Option<Uuid>,
) -> Result<HashMap<(Uuid, chrono::NaiveDate), (i64, i64)>> {
    let rows = workforce::frozen(desk.app.db.read(), period.from, period.to).await?;
    let mut days = HashMap::new();
    for row in workforce::attendance::period::in_force(&rows) {
        let Some(user) = row.user_id else { continue };
        if person.is_none_or(|person| person == user) {
            let (worked, whole) = days.entry((user, row.day)).or_insert((0, 0));
            *worked += row.minutes;
            *whole += row.whole_minutes;
        }
    }
    Ok(days)
}

/// K-12: signed in without breaks, against the minutes of the same people's signed days.
async fn utilisation(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let days = signed(desk, period, person).await?;
    if days.is_empty() {
        return Ok(Ratio::default());
    }
    let mut at_work = 0;
    for one in stretches(desk, period, person).await? {
        let away = matches!(one.state.as_str(), "signed_out" | "break");
        if !away && days.contains_key(&(one.agent, kernel::day::of(one.began))) {
            at_work += one.ms;
        }
    }
    let paid: i64 = days.values().map(|(_, whole)| whole * 60_000).sum();
    Ok(Ratio::new(at_work, paid))
}

/// K-14: minutes worked against the minutes of the signed days.
async fn conformance(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let days = signed(desk, period, person).await?;
    let worked = days.values().map(|(worked, _)| worked).sum();
    let whole = days.values().map(|(_, whole)| whole).sum();
    Ok(Ratio::new(worked, whole))
}

/// K-28: posts held on the working days that have begun, against posts to be held.
async fn presence(desk: &Desk, period: Period) -> Result<Ratio> {
    let last = period.to.min(kernel::day::today(&desk.app));
    if last < period.from {
        return Ok(Ratio::default());
    }
    let days = personnel::headcount(desk.app.db.read(), period.from, last).await?;
    let (mut held, mut planned) = (0, 0);
    for day in days.iter().filter(|day| day.workday) {
        held += i64::try_from(day.held).unwrap_or(i64::MAX);
        planned += i64::try_from(day.planned).unwrap_or(i64::MAX);
    }
    Ok(Ratio::new(held, planned))
}

/// K-29: who left, against the mean of who was there at the beginning and at the end, by the year:
/// `leavers × 365 × 2 / ((begin + end) × days)`.
async fn turnover(conn: &impl ConnectionTrait, period: Period) -> Result<Ratio> {
    let (from, to) = (kernel::day::text(period.from), kernel::day::text(period.to));
    let count = async |when: Condition| -> Result<i64> {
        let hired = staff::Entity::find().filter(staff::Column::HiredOn.is_not_null());
        Ok(hired.filter(when).count(conn).await?.cast_signed())
    };
    let there = |day: &str| {
        let stays = Condition::any()
            .add(staff::Column::LeftOn.is_null())
            .add(staff::Column::LeftOn.gte(day));
        Condition::all()
            .add(staff::Column::HiredOn.lte(day))
            .add(stays)
    };
    let left = Condition::all()
        .add(staff::Column::LeftOn.gte(from.as_str()))
        .add(staff::Column::LeftOn.lte(to.as_str()));
    let leavers = count(left).await?;
    let begin = count(there(&from)).await?;
    let end = count(there(&to)).await?;
    let year = leavers * 365 * 2;
    Ok(Ratio::new(year, (begin + end) * period.days()).counted("leavers", leavers))
}

/// K-30: who came to the sessions held in the period, of who was to come and was not excused; beside it the exams passed
/// of those whose result was released.
async fn learnt(
    conn: &impl ConnectionTrait,
    period: Period,
    person: Option<Uuid>,
) -> Result<Ratio> {
    let held = Query::select()
        .column(session::Column::Id)
        .from(session::Entity)
        .and_where(session::Column::State.eq("held"))
        .and_where(session::Column::StartsAt.gte(period.begins()))
        .and_where(session::Column::StartsAt.lt(period.ends()))
        .to_owned();
    let all = attendance::Entity::find()
        .filter(attendance::Column::SessionId.in_subquery(held))
        .filter(attendance::Column::State.is_in(["attended", "absent"]))
        .filter(Condition::all().add_option(person.map(|id| attendance::Column::UserId.eq(id))));
    let came = all
        .clone()
        .filter(attendance::Column::State.eq("attended"))
        .count(conn)
        .await?;
    let exams = attempt::Entity::find()
        .filter(attempt::Column::ReleasedAt.gte(period.begins()))
        .filter(attempt::Column::ReleasedAt.lt(period.ends()))
        .filter(attempt::Column::Passed.is_not_null())
        .filter(Condition::all().add_option(person.map(|id| attempt::Column::UserId.eq(id))));
    let passed = exams
        .clone()
        .filter(attempt::Column::Passed.eq(true))
        .count(conn)
        .await?;
    let taken = exams.count(conn).await?;
    let ratio = Ratio::new(came.cast_signed(), all.count(conn).await?.cast_signed());
    Ok(ratio.beside("exams_passed", passed.cast_signed(), taken.cast_signed()))
}

/// K-31: leaks discovered in the period, and samples with a fatal error where somebody checks.
async fn grave(desk: &Desk, period: Period) -> Result<Ratio> {
    let leaks = leak::Entity::find()
        .filter(leak::Column::DiscoveredAt.gte(period.begins()))
        .filter(leak::Column::DiscoveredAt.lt(period.ends()))
        .count(desk.app.db.read())
        .await?
        .cast_signed();
    let checked = desk.samples.sampled(period, &Cut::all()).await?;
    let fatal = checked.map_or(0, |found| found.fatal);
    // A count is divided by nothing; one says that there is something to tell.
    Ok(Ratio::new(leaks + fatal, 1)
        .counted("leaks", leaks)
        .counted("grave_errors", fatal))
}
