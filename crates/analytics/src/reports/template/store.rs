//! The rows of templates and their versions.

use kernel::problem::{Result, internal, not_found};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{DraftSchedule, TemplateBlock};
use crate::reports::compose::Plan;
use crate::reports::period::{ReportPeriod, ReportPeriodKind};

kernel::table! {
    /// A template.
    pub mod row = "report_templates" (id: Uuid) {
        name: String,
        period_kind: String,
        /// `in_use` or `retired`.
        state: String,
        schedule: Json,
        /// Its latest version.
        latest: i64,
        next_draft_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |template| format!("template `{}`", template.name));

kernel::table! {
    /// A version of a template; never changes.
    pub mod edition = "report_template_versions" (template_id: Uuid, number: i64) {
        name: String,
        blocks: Json,
        note: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
    }
}

/// Versions that are shown.
const MOST_VERSIONS: u64 = 200;

impl row::Model {
    /// How long the period is.
    pub fn kind(&self) -> Result<ReportPeriodKind> {
        ReportPeriodKind::parse(&self.period_kind)
            .ok_or_else(|| internal(format!("template {} has no valid period", self.name)))
    }

    /// When a report is drafted by itself.
    pub fn schedule(&self) -> Result<DraftSchedule> {
        serde_json::from_value(self.schedule.clone()).map_err(internal)
    }
}

impl edition::Model {
    /// Its blocks.
    pub fn blocks(&self) -> Result<Vec<TemplateBlock>> {
        serde_json::from_value(self.blocks.clone()).map_err(internal)
    }

    /// What a report of these days is made from.
    pub(crate) fn plan(&self, period: ReportPeriod) -> Result<Plan> {
        Ok(Plan {
            name: self.name.clone(),
            version: self.number,
            period,
            blocks: self.blocks()?,
        })
    }
}

/// One template.
pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("report template"))
}

/// One version of a template.
pub(crate) async fn version(
    conn: &impl ConnectionTrait,
    template: Uuid,
    number: i64,
) -> Result<edition::Model> {
    edition::Entity::find_by_id((template, number))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("version of the report template"))
}

/// The version that reports are made from now.
pub(crate) async fn in_force(
    conn: &impl ConnectionTrait,
    template: Uuid,
) -> Result<edition::Model> {
    let latest = get(conn, template).await?.latest;
    version(conn, template, latest).await
}

/// All versions of a template, the newest first.
pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    template: Uuid,
) -> Result<Vec<edition::Model>> {
    Ok(edition::Entity::find()
        .filter(edition::Column::TemplateId.eq(template))
        .order_by_desc(edition::Column::Number)
        .limit(MOST_VERSIONS)
        .all(conn)
        .await?)
}
