//! What another node changed: events are worked off by one node alone, so each looks by itself whether the line, its
//! prompts or the trunks are others than those it runs with.

use std::time::Duration;

use kernel::problem::Result;
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::line::{self, prompt};
use crate::trunk::store::row as trunk;
use crate::{Telephony, line::store};

/// So often a node looks; what is changed on it holds there at once.
const LOOK: Duration = Duration::from_secs(5);

/// What changes whenever a row does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Marks {
    line: (i64, Vec<Uuid>),
    trunks: Vec<(Uuid, i64)>,
}

impl Marks {
    async fn read(telephony: &Telephony) -> Result<Self> {
        let app = telephony.app();
        let conn = app.db.read();
        let prompts = prompt::approved(conn).await?;
        let mut prompts: Vec<Uuid> = prompts.into_iter().map(|version| version.id).collect();
        prompts.sort_unstable();
        let trunks = trunk::Entity::find()
            .select_only()
            .columns([trunk::Column::Id, trunk::Column::Version])
            .order_by_asc(trunk::Column::Id)
            .into_tuple()
            .all(conn)
            .await?;
        Ok(Self {
            line: (store::now(app).await?.version, prompts),
            trunks,
        })
    }
}

/// Looks until the process ends.
pub(crate) async fn run(telephony: Telephony) {
    let (clock, shutdown) = (
        telephony.app().clock.clone(),
        telephony.app().shutdown.clone(),
    );
    let mut seen = Marks::default();
    loop {
        match look(&telephony, &seen).await {
            Ok(now) => seen = now,
            Err(problem) => tracing::warn!(%problem, "what other nodes changed is not known"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = clock.sleep(LOOK) => {}
        }
    }
}

async fn look(telephony: &Telephony, seen: &Marks) -> Result<Marks> {
    let now = Marks::read(telephony).await?;
    if now.line != seen.line {
        line::apply(telephony).await?;
    }
    if now.trunks != seen.trunks {
        telephony.trunks_changed().await?;
    }
    Ok(now)
}
