//! Indicators of what is rare: counted from the rows of those who keep them when somebody asks; no fact is copied.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
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
use telephony::outbound::callback::State as CallbackState;
use telephony::outbound::callback::store::{missed_row as missed, row as callback};
use uuid::Uuid;
use workforce::attendance::{AttendanceKind, Hours};
use workforce::leave::LeaveKind;

use super::ratio::Ratio;
use super::{Cut, Kpi, Period};
use crate::Desk;

/// Changes of states that are read for one figure: some ten thousand of a seat and month.
const MOST_CHANGES: u64 = 400_000;
const MINUTE_MS: i64 = 60_000;

/// The indicator, where somebody keeps its rows; else there is no data. A cut that its rows do not know gives none.
pub(super) async fn ratio(
    desk: &Desk,
    (kpi, variant): (Kpi, Option<&str>),
    period: Period,
    cut: &Cut,
) -> Result<Ratio> {
    let conn = desk.app.db.read();
    let of_contacts = cut.channel.is_some() || cut.matter.is_some();
    let of_all = *cut == Cut::all();
    let of_people = !of_contacts && cut.queue.is_none();
    match kpi {
        Kpi::K10 if !of_contacts && cut.person.is_none() => {
            returned(desk, variant, period, cut.queue.as_deref()).await
        }
        Kpi::K11 if of_people => occupancy(desk, period, cut.person).await,
        Kpi::K12 if of_people => utilisation(desk, period, cut.person).await,
        Kpi::K13 if of_people => adherence(desk, period, cut.person).await,
        Kpi::K14 if of_people => conformance(desk, period, cut.person).await,
        Kpi::K23 | Kpi::K24 => sampled(desk, kpi, period, cut).await,
        Kpi::K25 => {
            let told = desk
                .samples
                .answered(period, cut)
                .await?
                .unwrap_or_default();
            Ok(Ratio::new(told.cited, told.answers))
        }
        Kpi::K28 if of_all => presence(desk, period).await,
        Kpi::K29 if of_all => turnover(conn, period).await,
        Kpi::K30 if of_people => learnt(conn, period, cut.person).await,
        Kpi::K31 if of_people => grave(desk, period, cut.person).await,
        Kpi::K32 if of_all => updated(desk, period).await,
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
        _ => Ratio::new(found.fatal, all)
            .beside("business", found.fatal_business, all)
            .beside("customer", found.fatal_customer, all)
            .beside("compliance", found.fatal_compliance, all),
    })
}

/// K-10: missed calls of the period that are owed a call, returned by the term of their call-back; one whose term still
/// runs is not judged yet. Who withheld his number, or called again and was answered before anybody called him, is owed
/// none. By the variant `numbers` the missed calls of one number count once, on the day of the first.
async fn returned(
    desk: &Desk,
    variant: Option<&str>,
    period: Period,
    queue: Option<&str>,
) -> Result<Ratio> {
    let conn = desk.app.db.read();
    let late = Condition::all()
        .add(callback::Column::State.eq(CallbackState::Open.as_str()))
        .add(callback::Column::DueAt.lt(desk.app.clock.now()));
    let judged = Condition::any()
        .add(callback::Column::InTime.is_not_null())
        .add(late);
    let of_queue = queue.map(|queue| callback::Column::Queue.eq(queue));
    let owed = Condition::all().add(judged).add_option(of_queue);
    let in_time = owed.clone().add(callback::Column::InTime.eq(true));
    if variant == Some("numbers") {
        let all = callback::Entity::find()
            .filter(callback::Column::FirstMissedAt.gte(period.begins()))
            .filter(callback::Column::FirstMissedAt.lt(period.ends()));
        let above = all.clone().filter(in_time).count(conn).await?;
        let below = all.filter(owed).count(conn).await?;
        return Ok(Ratio::new(above.cast_signed(), below.cast_signed()));
    }
    let calls_of = |which: Condition| {
        let ids = Query::select()
            .column(callback::Column::Id)
            .from(callback::Entity)
            .cond_where(which)
            .to_owned();
        missed::Entity::find()
            .filter(missed::Column::MissedAt.gte(period.begins()))
            .filter(missed::Column::MissedAt.lt(period.ends()))
            .filter(missed::Column::CallbackId.in_subquery(ids))
    };
    let above = calls_of(in_time).count(conn).await?;
    let below = calls_of(owed).count(conn).await?;
    Ok(Ratio::new(above.cast_signed(), below.cast_signed()))
}

/// How long somebody was in a state.
struct Stretch {
    agent: Uuid,
    began: DateTime<Utc>,
    state: String,
    ms: i64,
}

/// The states of a period: each lasts until the next change of the same agent; what lasts over midnight is two, one of
/// each day, and what lasts over the edge of the period is cut there.
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
        .filter(change::Column::At.gte(from - TimeDelta::days(1)))
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
        let (mut began, ended) = (began.max(from), ended.min(until));
        while began < ended {
            let over = ended.min(Period::day(kernel::day::of(began)).ends());
            found.push(Stretch {
                agent,
                began,
                state: state.clone(),
                ms: (over - began).num_milliseconds(),
            });
            began = over;
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

impl Stretch {
    /// Neither gone nor on a break.
    fn is_duty(&self) -> bool {
        !matches!(self.state.as_str(), "signed_out" | "break")
    }

    /// How much of it lies within these hours.
    fn within(&self, hours: &Hours) -> i64 {
        let ended = self.began + TimeDelta::milliseconds(self.ms);
        let of = |(from, until): &(DateTime<Utc>, DateTime<Utc>)| {
            (ended.min(*until) - self.began.max(*from)).num_milliseconds()
        };
        hours.iter().map(of).filter(|ms| *ms > 0).sum()
    }
}

/// The records of days that both sides signed, as far as somebody held the seat or was to hold it.
async fn signed(
    desk: &Desk,
    period: Period,
    person: Option<Uuid>,
) -> Result<Vec<(Uuid, workforce::FrozenRecord)>> {
    let rows = workforce::frozen(desk.app.db.read(), period.from, period.to).await?;
    let held = workforce::attendance::period::in_force(&rows);
    let of_person = held.into_iter().filter_map(|row| {
        let user = row.user_id?;
        person
            .is_none_or(|person| person == user)
            .then(|| (user, row.clone()))
    });
    Ok(of_person.collect())
}

/// K-12: signed in without breaks, against the paid minutes of the same people's signed days. Absence and personal leave
/// (事假) are not paid.
async fn utilisation(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let mut paid: HashMap<(Uuid, NaiveDate), i64> = HashMap::new();
    for (user, row) in signed(desk, period, person).await? {
        let minutes = match (row.kind, row.leave) {
            (AttendanceKind::Absent, _) => 0,
            (_, Some(LeaveKind::Personal)) => row.minutes,
            _ => row.whole_minutes,
        };
        if minutes > 0 {
            *paid.entry((user, row.day)).or_default() += minutes * MINUTE_MS;
        }
    }
    if paid.is_empty() {
        return Ok(Ratio::default());
    }
    let mut at_work = 0;
    for one in stretches(desk, period, person).await? {
        if one.is_duty() && paid.contains_key(&(one.agent, kernel::day::of(one.began))) {
            at_work += one.ms;
        }
    }
    Ok(Ratio::new(at_work, paid.values().sum()))
}

/// K-13: of the hours of published rosters that are over, leave left out, those in which somebody was at work.
async fn adherence(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let last = period.to.min(kernel::day::of(now));
    if last < period.from {
        return Ok(Ratio::default());
    }
    let mut hours = workforce::published_hours(conn, period.from, last).await?;
    hours.retain(|(_, user), _| person.is_none_or(|person| person == *user));
    let spans = hours.values().flatten();
    let over = spans.map(|(from, until)| ((*until).min(now) - *from).num_milliseconds().max(0));
    let planned: i64 = over.sum();
    if planned == 0 {
        return Ok(Ratio::default());
    }
    let mut kept = 0;
    for one in stretches(desk, period, person).await? {
        let due = hours.get(&(kernel::day::of(one.began), one.agent));
        if let Some(hours) = due.filter(|_| one.is_duty()) {
            kept += one.within(hours);
        }
    }
    Ok(Ratio::new(kept, planned))
}

/// K-14: minutes worked against the minutes of the signed days; a day with leave is not scheduled as a whole and does not
/// count. Overtime is ordered apart and in neither.
async fn conformance(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let (mut worked, mut whole) = (0, 0);
    for (_, row) in signed(desk, period, person).await? {
        if row.kind != AttendanceKind::Leave && row.leave.is_none() {
            worked += row.minutes * MINUTE_MS;
            whole += row.whole_minutes * MINUTE_MS;
        }
    }
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

/// K-31: leaks discovered in the period, samples with a fatal error, and complaints upheld. Of one person's work no leak:
/// who is suspected of one is not guilty of it.
async fn grave(desk: &Desk, period: Period, person: Option<Uuid>) -> Result<Ratio> {
    let mut leaks = 0;
    if person.is_none() {
        let discovered = leak::Entity::find()
            .filter(leak::Column::DiscoveredAt.gte(period.begins()))
            .filter(leak::Column::DiscoveredAt.lt(period.ends()));
        leaks = discovered.count(desk.app.db.read()).await?.cast_signed();
    }
    let told = desk
        .samples
        .grave(period, person)
        .await?
        .unwrap_or_default();
    // A count is divided by nothing; one says that there is something to tell.
    Ok(Ratio::new(leaks + told.errors + told.complaints, 1)
        .counted("leaks", leaks)
        .counted("grave_errors", told.errors)
        .counted("upheld_complaints", told.complaints))
}

/// K-32: of the articles that a policy of the period changes those whose new version took effect within its term
/// (one working day unless agreed otherwise); one whose term still runs is not judged yet.
async fn updated(desk: &Desk, period: Period) -> Result<Ratio> {
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let changes = knowledge::article::policy::changes(conn, period.begins(), period.ends()).await?;
    if changes.is_empty() {
        return Ok(Ratio::default());
    }
    let service = organization::service_calendar::load(conn).await?;
    let within = knowledge::article::policy::term(conn, now.min(period.ends())).await?;
    let (mut in_time, mut all) = (0, 0);
    for one in changes {
        let due = service.deadline(&within, one.from).business_due_at;
        match one.effective_at.filter(|at| *at <= now) {
            Some(at) => {
                all += 1;
                in_time += i64::from(at <= due);
            }
            None => all += i64::from(due < now),
        }
    }
    Ok(Ratio::new(in_time, all))
}
