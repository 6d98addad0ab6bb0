//! Each morning: what runs out in 60, 30 or 7 days, and posts that nobody holds on a working day.

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::jobs::Schedule;
use kernel::problem::Result;
use kernel::versioned;
use kernel::{App, JobDef, Role, Tx};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter,
};
use serde_json::{Value, json};

use crate::agreed;
use crate::post::http::on_day;
use crate::qualification::{Item, Rulebook};
use crate::staff::StaffState;
use crate::staff::store::{self, Known, row};
use crate::trail::{self, BOTH};
use kernel::day;

/// Days before the last one on which it is told; 0 on the day after it.
const STEPS: [i64; 4] = [0, 7, 30, 60];

/// The nearest step that has been reached: 60 days ahead, 30, 7, over.
pub fn step(today: NaiveDate, last: NaiveDate) -> Option<i64> {
    let left = (last - today).num_days();
    if left < 0 {
        return Some(0);
    }
    STEPS.into_iter().skip(1).find(|step| left <= *step)
}

/// The daily job.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::new(
        "personnel.warn",
        Schedule::Daily(7, 30),
        move |_payload: Value| {
            let app = app.clone();
            async move { warn(&app).await }
        },
    )
}

/// Tells what runs out and what is vacant; what was told is not told again.
pub async fn warn(app: &App) -> Result<()> {
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let who = Who::system("personnel");
            expiring(&services, &tx, &who).await
        })
        .await?;
    vacant(app).await
}

async fn expiring(app: &App, tx: &Tx, who: &Who) -> Result<()> {
    let today = day::today(app);
    let rules = agreed::rulebook(&**tx, app.clock.now()).await?;
    let staff = row::Entity::find()
        .filter(row::Column::State.ne(StaffState::Left.as_str()))
        .all(&**tx)
        .await?;
    let known = store::known(&**tx, &staff).await?;
    let people =
        organization::colleagues(&**tx, staff.iter().filter_map(|row| row.user_id)).await?;
    let both = trail::holders(&**tx, BOTH).await?;
    let supplier = trail::holders(&**tx, &[Role::OpsManager, Role::HrCompliance]).await?;
    for one in &staff {
        let Some(known) = known.get(&one.id) else {
            continue;
        };
        let staff_no = one.user_id.and_then(|id| people.get(&id)?.staff_no.clone());
        let told = Told {
            app,
            tx,
            who,
            staff: one,
            number: staff_no.unwrap_or_else(|| "—".to_owned()),
        };
        evidence(&told, known, &rules, today, (&supplier, &both)).await?;
        waivers(&told, today, &both).await?;
    }
    Ok(())
}

/// Who tells of whom.
struct Told<'a> {
    app: &'a App,
    tx: &'a Tx,
    who: &'a Who,
    staff: &'a row::Model,
    /// What a notice may say outside the house: the staff number.
    number: String,
}

impl Told<'_> {
    async fn tell(&self, item: &str, last: NaiveDate, people: &[uuid::Uuid]) -> Result<()> {
        let mut facts = self.staff.facts();
        facts["item"] = json!(item);
        facts["until"] = json!(last);
        facts["number"] = json!(self.number);
        facts["recipients"] = json!(people);
        let note = format!("{item} {last}");
        let scribe = self.staff.scribe(self.app, self.tx, self.who);
        scribe.tell("evidence_expiring", Some(&note), facts).await
    }
}

async fn evidence(
    told: &Told<'_>,
    known: &Known,
    rules: &Rulebook,
    today: NaiveDate,
    (supplier, both): (&[uuid::Uuid], &[uuid::Uuid]),
) -> Result<()> {
    let findings = known.on(rules, today);
    for piece in store::evidence_of(&**told.tx, &[told.staff.id]).await? {
        let Some(proof) = piece.proof()? else {
            continue;
        };
        let rule = rules
            .requirements
            .iter()
            .find(|rule| rule.item == proof.item);
        let Some(last) = rule
            .filter(|rule| rule.mandatory)
            .and_then(|rule| rule.good_until(&proof))
        else {
            continue;
        };
        // What a newer proof took the place of runs out unheard; a period of work is over, not expired.
        let carries = findings
            .iter()
            .any(|finding| finding.item == proof.item && finding.until == Some(last));
        let step = step(today, last).filter(|step| {
            piece
                .warned_days
                .is_none_or(|warned| *step < i64::from(warned))
        });
        let (Some(step), true) = (step, carries && proof.item != Item::Experience) else {
            continue;
        };
        let people = if step <= 7 { both } else { supplier };
        let mut after = piece.clone();
        after.warned_days = Some(step as i32);
        versioned::save(told.app, &**told.tx, &piece, after).await?;
        told.tell(piece.item.as_str(), last, people).await?;
    }
    Ok(())
}

async fn waivers(told: &Told<'_>, today: NaiveDate, both: &[uuid::Uuid]) -> Result<()> {
    for waiver in store::waivers_of(&**told.tx, &[told.staff.id]).await? {
        let Some(rule) = waiver.rule()? else { continue };
        let step = step(today, rule.until).filter(|step| {
            *step <= 7
                && waiver
                    .warned_days
                    .is_none_or(|warned| *step < i64::from(warned))
        });
        let Some(step) = step else { continue };
        let item = waiver.item.clone();
        let mut row = waiver.into_active_model();
        row.warned_days = Set(Some(step as i32));
        row.update(&**told.tx).await?;
        told.tell(&item, rule.until, both).await?;
    }
    Ok(())
}

/// On a working day with fewer people on post than planned both sides are told, once a day.
async fn vacant(app: &App) -> Result<()> {
    let today = day::today(app);
    let staffing = on_day(app, today).await?;
    let vacant: Vec<(String, i64)> = staffing
        .posts
        .iter()
        .filter_map(|post| Some((post.id.clone(), post.vacancy?.working_days)))
        .collect();
    let subject = format!("staffing-{today}");
    let known = app.events.of_subject(app.db.read(), &subject).await?;
    if vacant.is_empty() || !staffing.workday || !known.is_empty() {
        return Ok(());
    }
    let app = app.clone();
    app.db
        .clone()
        .write(move |tx| async move {
            let people = trail::holders(&*tx, BOTH).await?;
            let facts = json!({
                "number": vacant.iter().map(|(post, _)| post.as_str()).collect::<Vec<_>>().join(" "),
                "held": staffing.held, "planned": staffing.planned, "recipients": people,
                "working_days": vacant.iter().map(|(_, days)| *days).max(),
            });
            app.events.publish(&tx, "staffing.vacant", subject, facts).await
        })
        .await
}
