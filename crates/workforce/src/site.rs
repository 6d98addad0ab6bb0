//! What attendance asks of others: which seats are to be held, and who is on the floor.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use kernel::{App, Principal, Result, Side};
use uuid::Uuid;

use crate::adherence::Stretch;
use crate::attendance::Spell;
use crate::intraday::HalfHour;

/// A post that is to be held on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// `Z1`
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The account of its holder; none while it is vacant.
    pub user_id: Option<Uuid>,
}

/// The staff files and the floor answer this.
pub trait Site: Send + Sync {
    /// The posts that are to be held on the day, in their order.
    fn seats(&self, day: NaiveDate) -> BoxFuture<'_, Result<Vec<Seat>>>;
    /// Who was signed in to the floor at any time between the two.
    fn spells(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Spell>>>;
    /// He is signed in to the floor now.
    fn is_on_floor(&self, user: Uuid) -> bool;
    /// What everybody did on the floor between the two, each person's stretches in their order; what lasts has no end.
    fn stretches(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<Vec<Stretch>>>;
    /// The calls of a day by half hours, in their order; half hours with none are left out.
    fn half_hours(&self, day: NaiveDate) -> BoxFuture<'_, Result<Vec<HalfHour>>>;
}

/// What the handlers of attendance stand on.
#[derive(Clone)]
pub(crate) struct Desk {
    pub app: App,
    pub site: Arc<dyn Site>,
}

/// The first moment of a day.
pub(crate) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    calendar::TimeOfDay::default().on(day)
}

/// The side a person stands on.
pub(crate) fn side(of: &Principal) -> Side {
    let mut sides = of.roles.iter().map(|role| role.side());
    if sides.any(|side| side == Side::Purchaser) {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}
