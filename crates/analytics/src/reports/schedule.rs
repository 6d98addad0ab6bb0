//! Reports are drafted by the clock. The timer of the templates only enqueues, since counting takes longer than a
//! transaction should; the job drafts, once for each template and period.

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::timer::Alarmed;
use kernel::{App, JobDef, Tx, day};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::period::ReportPeriodKind;
use super::template::store::{self, row};
use super::template::{CAUGHT_UP, drafted_on};
use super::{ReportDesk, draft};

const JOB_NAME: &str = "analytics.draft_report";

/// What is to be drafted.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    template: Uuid,
    /// The day on which it is drafted; its period follows from it.
    day: NaiveDate,
}

/// Drafts a report that its time has come for.
pub(crate) fn job(desk: &ReportDesk) -> JobDef {
    let desk = desk.clone();
    JobDef::on_demand(JOB_NAME, move |payload| {
        let desk = desk.clone();
        async move {
            let order: Order = serde_json::from_value(payload).map_err(internal)?;
            let template = store::get(desk.app.db.read(), order.template).await?;
            let period = drafted_on(template.kind()?, order.day);
            let who = Who::system("analytics");
            draft::draft(&desk, &who, order.template, period).await?;
            Ok(())
        }
    })
}

/// The templates, as the timer sees them.
pub(crate) struct Templates;

impl Alarmed for Templates {
    type Entity = row::Entity;
    const HANDLER: &'static str = "analytics.wake_templates";
    const KINDS: &'static [&'static str] = &["report_template.changed"];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextDraftAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let service = organization::service_calendar::load(&*tx).await?;
        let now = app.clock.now();
        for template in due {
            let Some(at) = template.next_draft_at else {
                continue;
            };
            let kind: ReportPeriodKind = template.kind()?;
            let schedule = template.schedule()?;
            // What the server slept over for longer is made by hand.
            let late = at + CAUGHT_UP < now;
            if !late && schedule.enabled {
                let order = Order {
                    template: template.id,
                    day: day::of(at),
                };
                app.jobs.enqueue(&tx, JOB_NAME, json!(order), now).await?;
            }
            let from = if late { now } else { at };
            let next = schedule.next(kind, &service.calendar, from);
            row::Entity::update_many()
                .col_expr(row::Column::NextDraftAt, Expr::value(next))
                .filter(row::Column::Id.eq(template.id))
                .exec(&*tx)
                .await?;
        }
        Ok(())
    }
}
