//! What outbound calls ask of tickets and of the knowledge, answered.

use futures::future::BoxFuture;
use kernel::{App, Principal, Result};
use serde_json::Value;
use telephony::outbound::{AboutTicket, House};
use tickets::ticket::{repeat, sought};
use uuid::Uuid;

/// Who is called, and what may be said to him.
pub struct Callees(pub App);

fn about(ticket: tickets::ticket::store::row::Model) -> AboutTicket {
    AboutTicket {
        id: ticket.id,
        number: ticket.number,
        title: ticket.title,
        requester_id: ticket.requester_id,
    }
}

impl House for Callees {
    fn taker(&self, requester: Uuid) -> BoxFuture<'_, Result<Option<Uuid>>> {
        let now = self.0.clock.now();
        Box::pin(repeat::taker(self.0.db.read(), now, requester))
    }

    fn ticket<'a>(
        &'a self,
        principal: &'a Principal,
        ticket: Uuid,
    ) -> BoxFuture<'a, Result<AboutTicket>> {
        Box::pin(async move { Ok(about(sought::one(&self.0, principal, ticket).await?)) })
    }

    fn tickets<'a>(
        &'a self,
        principal: &'a Principal,
        filter: Value,
        most: u64,
    ) -> BoxFuture<'a, Result<Vec<AboutTicket>>> {
        Box::pin(async move {
            let rows = sought::many(&self.0, principal, filter, most).await?;
            Ok(rows.into_iter().map(about).collect())
        })
    }

    fn script<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let now = self.0.clock.now();
            let cited = knowledge::cite(self.0.db.read(), reference, now).await?;
            Ok(format!("{} {}", cited.number, cited.title))
        })
    }
}
