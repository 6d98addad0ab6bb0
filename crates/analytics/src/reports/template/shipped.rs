//! The templates that ship with the product: rows like any other, changed by a new version.

use kernel::App;
use kernel::problem::{Result, internal};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::store::{edition, row};
use super::{DraftSchedule, TemplateBlock};
use crate::reports::period::ReportPeriodKind;

const SHIPPED: &str = include_str!("../../../data/templates.json");
const NOTE: &str = "设计默认值，待采购人确认";

/// A template as it ships; its id never changes, so that it is put in once.
#[derive(Debug, Deserialize)]
struct Shipped {
    id: Uuid,
    name: String,
    period: ReportPeriodKind,
    schedule: DraftSchedule,
    blocks: Vec<TemplateBlock>,
}

/// Puts in the templates that are not there yet; what people made of them stays.
pub(crate) async fn prepare(app: &App) -> Result<()> {
    let shipped: Vec<Shipped> = serde_json::from_str(SHIPPED).map_err(internal)?;
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let now = services.clock.now();
            let service = organization::service_calendar::load(&*tx).await?;
            let once = || OnConflict::new().do_nothing().to_owned();
            for one in shipped {
                let row = row::Model {
                    id: one.id,
                    name: one.name.clone(),
                    period_kind: one.period.as_str().to_owned(),
                    state: super::IN_USE.to_owned(),
                    schedule: json!(one.schedule),
                    latest: 1,
                    next_draft_at: one.schedule.next(one.period, &service.calendar, now),
                    created_at: now,
                    updated_at: now,
                    version: 1,
                };
                row::Entity::insert(row.into_active_model())
                    .on_conflict(once())
                    .exec_without_returning(&*tx)
                    .await?;
                let edition = edition::Model {
                    template_id: one.id,
                    number: 1,
                    name: one.name,
                    blocks: json!(one.blocks),
                    note: NOTE.to_owned(),
                    recorded_by: None,
                    recorded_at: now,
                };
                edition::Entity::insert(edition.into_active_model())
                    .on_conflict(once())
                    .exec_without_returning(&*tx)
                    .await?;
            }
            Ok(())
        })
        .await
}
