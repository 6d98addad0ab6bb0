//! What the reports for the purchaser ask of others: the indicators, the contract, and who lays them out.

use std::sync::Arc;

use analytics::reports::{Agreements, Ports, Registry};
use chrono::NaiveDate;
use futures::future::BoxFuture;
use kernel::{App, Result, day};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use settlement::contract::{ServiceContractState, row as contract};

use crate::checked;
use crate::papers::Papers;

/// The contract that was signed and holds on a day.
pub struct Contracts(pub App);

impl Agreements for Contracts {
    fn contract(&self, on: NaiveDate) -> BoxFuture<'_, Result<Option<String>>> {
        Box::pin(async move {
            let on = day::text(on);
            let found = contract::Entity::find()
                .filter(contract::Column::State.eq(ServiceContractState::Signed.as_str()))
                .filter(contract::Column::BeginsOn.lte(on.as_str()))
                .filter(contract::Column::EndsOn.gte(on.as_str()))
                .order_by_desc(contract::Column::BeginsOn)
                .one(self.0.db.read())
                .await?;
            Ok(found.map(|held| format!("{} {}", held.number, held.title)))
        })
    }
}

/// What the reports are wired to.
pub fn ports(app: &App, printer: Arc<Papers>) -> Ports {
    Ports {
        numbers: Arc::new(Registry(checked::desk(app))),
        agreements: Arc::new(Contracts(app.clone())),
        printer,
    }
}
