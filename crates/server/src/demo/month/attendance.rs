//! The days that are kept in the product: what punches and the floor say of each, how the lead closed it, which of them
//! the purchaser confirmed, and what was corrected afterwards.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use floor::agent_state::store::session_row;
use kernel::day;
use kernel::problem::{Result, internal};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};
use uuid::Uuid;
use workforce::attendance::PunchKind;
use workforce::attendance::store::punch_row;

use super::Story;

/// Days that are confirmed at once: a week of work.
const WEEK: usize = 5;
/// The seat whose day the purchaser doubts.
pub(super) const DOUBTED_SEAT: i64 = 5;

/// How somebody's day went, where it was not as planned. Days are counted back from yesterday, which is 0.
enum Odd {
    /// Minutes he was late.
    Late(i64),
    /// Minutes he went early.
    Early(i64),
    /// He was not there.
    Away,
    /// He punched out on his own phone.
    OtherDevice,
    /// He forgot to punch out.
    NoPunchOut,
    /// He was late by minutes, at a computer whose clock was wrong.
    LateAndWrongClock(i64),
}

/// What is odd about a seat so many working days back, of so many days in all.
fn odd(seat: i64, back: usize, days: usize) -> Option<Odd> {
    match (seat, back) {
        (DOUBTED_SEAT, _) if back == days - 2 => Some(Odd::Away),
        (3, 12) => Some(Odd::Late(35)),
        (4, 7..=9) | (6, 5) => Some(Odd::Away),
        (2, 6) => Some(Odd::Early(40)),
        (1, 4) => Some(Odd::OtherDevice),
        (6, 3) => Some(Odd::NoPunchOut),
        (5, 0) => Some(Odd::LateAndWrongClock(22)),
        _ => None,
    }
}

/// Who stood in for the fourth seat, so many working days back.
fn stood_in(back: usize) -> bool {
    matches!(back, 8 | 9)
}

/// The working day whose fifth seat the purchaser doubts: the second that is kept in the product.
pub(super) fn doubted(story: &Story) -> NaiveDate {
    let days = story.kept_days();
    days.get(1).copied().unwrap_or_else(|| story.kept())
}

/// The rows that one person leaves on one day.
struct Trace<'a> {
    story: &'a Story,
    on: NaiveDate,
    user: Uuid,
    /// The seat he is at; 7 for who stands in.
    seat: i64,
    /// Minutes he comes before the hours and goes after them: nobody is exact.
    spare: (i64, i64),
}

impl Trace<'_> {
    /// Punches and session, by the hours of the day and what was odd.
    fn rows(&self, odd: Option<&Odd>) -> (Vec<punch_row::Model>, Option<session_row::Model>) {
        let periods = self.story.service.hours.periods();
        let (Some(first), Some(last)) = (periods.first(), periods.last()) else {
            return (Vec::new(), None);
        };
        let (begins, ends) = (first.from.on(self.on), last.to.on(self.on));
        let (mut came, mut went) = (
            begins - TimeDelta::minutes(self.spare.0),
            ends + TimeDelta::minutes(self.spare.1),
        );
        let (mut skew, mut out_device, mut punched_out) = (TimeDelta::zero(), "desk", true);
        match odd {
            Some(Odd::Away) => return (Vec::new(), None),
            Some(Odd::Late(minutes)) => came = begins + TimeDelta::minutes(*minutes),
            Some(Odd::LateAndWrongClock(minutes)) => {
                came = begins + TimeDelta::minutes(*minutes);
                skew = TimeDelta::minutes(-24);
            }
            Some(Odd::Early(minutes)) => went = ends - TimeDelta::minutes(*minutes),
            Some(Odd::OtherDevice) => out_device = "phone",
            Some(Odd::NoPunchOut) => punched_out = false,
            None => {}
        }
        let mut punches = vec![self.punch(PunchKind::In, came, skew, "desk")];
        if punched_out {
            punches.push(self.punch(PunchKind::Out, went, skew, out_device));
        }
        let minute = TimeDelta::minutes(1);
        (punches, Some(self.session(came + minute, went - minute)))
    }

    fn punch(
        &self,
        kind: PunchKind,
        at: DateTime<Utc>,
        skew: TimeDelta,
        device: &str,
    ) -> punch_row::Model {
        punch_row::Model {
            id: self.story.stage.app().ids.next(),
            user_id: self.user,
            on_day: day::text(self.on),
            kind: kind.as_str().to_owned(),
            at,
            device_at: at + skew,
            device: format!("{device}-z{}-browser", self.seat),
            address: format!("10.20.6.{}", 10 + self.seat),
            on_floor: true,
        }
    }

    fn session(&self, began: DateTime<Utc>, ended: DateTime<Utc>) -> session_row::Model {
        session_row::Model {
            id: self.story.stage.app().ids.next(),
            agent_id: self.user,
            began_at: began,
            ended_at: Some(ended),
            state: "signed_out".to_owned(),
            presence: "signed_out".to_owned(),
            reason: None,
            work_id: None,
            queue: None,
            wrap_up_ends_at: None,
            wrap_up_extensions: 0,
            changed_at: ended,
        }
    }
}

/// Punches and sessions of all days, written at once.
pub(super) async fn evidence(story: &mut Story) -> Result<()> {
    let days = story.kept_days();
    let reserve = reserve(story).await?;
    let (mut punches, mut sessions) = (Vec::new(), Vec::new());
    for (nth, on) in days.iter().enumerate() {
        let back = days.len() - 1 - nth;
        for seat in 1..=7 {
            let user = match seat {
                7 if !stood_in(back) => continue,
                7 => reserve,
                _ => story.stage.id(&format!("agent{seat}"))?,
            };
            let shift = i64::try_from(nth).unwrap_or_default();
            let trace = Trace {
                story,
                on: *on,
                user,
                seat,
                spare: (
                    3 + (shift * 7 + seat * 5) % 13,
                    2 + (shift * 5 + seat * 3) % 11,
                ),
            };
            let (came, session) = trace.rows(odd(seat, back, days.len()).as_ref());
            punches.extend(came);
            sessions.extend(session);
        }
    }
    let db = story.stage.app().db.clone();
    db.write(move |tx| async move {
        let rows = punches
            .into_iter()
            .map(|row| row.into_active_model().reset_all());
        punch_row::Entity::insert_many(rows)
            .exec_without_returning(&*tx)
            .await?;
        let rows = sessions
            .into_iter()
            .map(|row| row.into_active_model().reset_all());
        session_row::Entity::insert_many(rows)
            .exec_without_returning(&*tx)
            .await?;
        Ok(())
    })
    .await
}

async fn reserve(story: &Story) -> Result<Uuid> {
    let conn = story.stage.app().db.read();
    let name = organization::demo::RESERVE.username;
    let found = organization::users::store::by_username(conn, name).await?;
    found
        .map(|row| row.id)
        .ok_or_else(|| internal("the demo's reserve is not there"))
}

/// What the lead says beside the evidence when he closes a day.
fn overruled(back: usize, days: usize, reserve: Uuid) -> Value {
    if back == days - 2 {
        return json!([{
            "seat": format!("Z{DOUBTED_SEAT}"), "kind": "present", "reason": "考勤终端故障，班长口头确认在岗",
        }]);
    }
    match back {
        7 => json!([{"seat": "Z4", "kind": "leave", "reason": "年休假，已报采购人备案"}]),
        8 | 9 => json!([{
            "seat": "Z4", "kind": "stand_in", "user_id": reserve, "reason": "张俊杰病假，由储备座席何嘉仪顶岗",
        }]),
        _ => json!([]),
    }
}

/// Closes the days in the evening of each, and has them confirmed week by week on the morning after; answers the last
/// that waits.
async fn signed(story: &mut Story, which: &[NaiveDate]) -> Result<Vec<Value>> {
    let all = story.kept_days();
    let reserve = reserve(story).await?;
    let mut waiting = Vec::new();
    for on in which {
        if waiting.len() >= WEEK {
            story.stage.on(*on, 9, 10);
            confirmed(story, &waiting).await?;
            waiting.clear();
        }
        let place = all.iter().position(|day| day == on).unwrap_or_default();
        let back = all.len() - 1 - place;
        story.stage.on(*on, 18, 20);
        let body = json!({"version": 0, "overruled": overruled(back, all.len(), reserve)});
        let path = format!("/attendance-days/{on}/close");
        waiting.push(story.stage.post("lead", &path, body).await?);
    }
    Ok(waiting)
}

async fn confirmed(story: &Story, days: &[Value]) -> Result<()> {
    if days.is_empty() {
        return Ok(());
    }
    let seen = days
        .iter()
        .map(|day| json!({"day": day["day"], "version": day["version"]}));
    let body = json!({"days": seen.collect::<Vec<_>>()});
    story
        .stage
        .post("reviewer", "/attendance-days/confirm", body)
        .await?;
    Ok(())
}

/// The days of the contract that ran out, confirmed before its last statement is drawn.
pub(super) async fn signed_before_the_renewal(story: &mut Story) -> Result<()> {
    let days = story.workdays(story.kept(), story.renewed());
    let left = signed(story, &days).await?;
    story.stage.on(story.after(story.renewed(), 1), 9, 0);
    confirmed(story, &left).await
}

/// The days since; yesterday's waits for the purchaser.
pub(super) async fn signed_since(story: &mut Story) -> Result<()> {
    let days = story.workdays(story.renewed(), story.stage.today());
    let (before, yesterday) = days.split_at(days.len().saturating_sub(1));
    let left = signed(story, before).await?;
    story.stage.on(story.ago(1), 9, 10);
    confirmed(story, &left).await?;
    signed(story, yesterday).await?;
    late_by_the_metro(story).await
}

/// The record of a seat on a day.
async fn record(story: &Story, on: NaiveDate, seat: &str) -> Result<Value> {
    let path = format!("/attendance-days/{on}");
    let sheet = story.stage.looks("lead", &path).await?;
    let lines = sheet["lines"].as_array();
    let line = lines.and_then(|lines| lines.iter().find(|line| line["seat"] == seat));
    let line = line.ok_or_else(|| internal("a day of the demo has no such seat"))?;
    Ok(line["id"].clone())
}

async fn proposed(
    story: &Story,
    (on, seat): (NaiveDate, &str),
    (kind, minutes, reason): (&str, i64, &str),
) -> Result<Value> {
    let body = json!({
        "corrects_id": record(story, on, seat).await?, "kind": kind, "minutes": minutes, "reason": reason,
    });
    story
        .stage
        .post("lead", "/attendance-corrections", body)
        .await
}

/// The doubted day is corrected by the lead and accepted by the purchaser.
pub(super) async fn corrected(
    story: &mut Story,
    doubted: NaiveDate,
    (asked, decided): (NaiveDate, NaiveDate),
) -> Result<()> {
    story.stage.on(asked, 10, 0);
    let seat = format!("Z{DOUBTED_SEAT}");
    let reason = "经复核门禁与通话记录，该员当日未到岗，原判有误";
    let correction = proposed(story, (doubted, &seat), ("absent", 0, reason)).await?;
    story.stage.on(decided, 11, 0);
    let id = correction["id"].as_str().unwrap_or_default();
    let path = format!("/attendance-corrections/{id}/decide");
    story
        .stage
        .post("reviewer", &path, json!({"accept": true}))
        .await?;
    Ok(())
}

/// A correction that waits for the purchaser.
async fn late_by_the_metro(story: &mut Story) -> Result<()> {
    let on = story.ago(13);
    story.stage.on(story.ago(1), 17, 10);
    let reason = "当日地铁信号故障，附延误证明，请按全天到岗更正";
    proposed(story, (on, "Z3"), ("present", story.whole(), reason)).await?;
    Ok(())
}
