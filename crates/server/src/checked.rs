//! The indicators of quality (K-23, K-24, K-31), asked of the evaluations that are final and of corrective actions.

use analytics::kpi::{Cut, Period};
use analytics::{Desk, Sampled, Samples};
use futures::future::BoxFuture;
use kernel::{App, Result};
use quality::QualitySum;
use quality::corrective::{CorrectiveSource, CorrectiveState};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait as _, QueryFilter, QuerySelect};
use std::sync::Arc;

/// Who knows the checks.
pub struct Checked(pub App);

/// What indicators are counted with.
pub fn desk(app: &App) -> Desk {
    Desk {
        app: app.clone(),
        samples: Arc::new(Checked(app.clone())),
    }
}

impl Samples for Checked {
    fn sampled<'a>(
        &'a self,
        period: Period,
        cut: &'a Cut,
    ) -> BoxFuture<'a, Result<Option<Sampled>>> {
        Box::pin(async move {
            // Evaluations know neither.
            if cut.queue.is_some() || cut.matter.is_some() {
                return Ok(None);
            }
            let conn = self.0.db.read();
            let period = (period.begins(), period.ends());
            let rows = quality::sums(conn, period, cut.person).await?;
            let mut told = Sampled::default();
            let meant =
                |row: &&QualitySum| cut.channel.as_ref().is_none_or(|one| *one == row.channel);
            for row in rows.iter().filter(meant) {
                told.samples += row.evaluations;
                told.passed += row.passed;
                told.fatal += row.fatal;
                told.fatal_business += row.business;
                told.fatal_customer += row.user;
                told.fatal_compliance += row.compliance;
            }
            Ok(Some(told))
        })
    }

    fn upheld(&self, period: Period) -> BoxFuture<'_, Result<Option<i64>>> {
        use quality::corrective::store::row::{Column, Entity};
        Box::pin(async move {
            // Of one complaint several may come.
            let complaints = Entity::find()
                .select_only()
                .column(Column::SourceId)
                .distinct()
                .filter(Column::Source.eq(CorrectiveSource::Complaint.as_str()))
                .filter(Column::State.ne(CorrectiveState::Withdrawn.as_str()))
                .filter(Column::OpenedAt.gte(period.begins()))
                .filter(Column::OpenedAt.lt(period.ends()))
                .count(self.0.db.read())
                .await?;
            Ok(i64::try_from(complaints).ok())
        })
    }
}
