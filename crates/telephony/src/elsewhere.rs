//! Calls that were taken elsewhere: on the purchaser's own exchange, which may stay, or on another
//! telephone. They are followed over `FreeSWITCH`'s event socket, brought in as records, or written by hand; each is
//! marked with its source, and asks for the same record, the same first owner, and counts in the same figures.

mod book;
pub mod columns;
pub mod esl;
pub mod exchange;
mod follow;
pub mod form;
pub mod http;
pub mod import;
pub mod interpret;
mod keeper;
pub mod origin;

use std::collections::HashMap;

use floor::Floor;
use kernel::problem::{Result, invalid, not_found, refused, stale};
use kernel::{Tx, words};
use sea_orm::{ActiveModelTrait, Condition, EntityTrait, QueryFilter as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::Telephony;
pub use keeper::{Exchanges, Link, LinkState};

words! {
    /// Where a call was taken.
    Source {
        /// On this system's own line.
        Shoujie = "shoujie",
        /// On an exchange that is followed over its event socket.
        Freeswitch = "freeswitch",
        /// On an exchange whose records came as a file.
        Import = "import",
        /// On another telephone, written by hand.
        Form = "form",
    }
}

kernel::permissions! {
    /// Write down a call one took on another telephone.
    pub EnterCalls = "calls:enter" { Agent: Own, ShiftLead: Own }
    /// Bring in the call records of another exchange, and save how its files are read.
    pub ImportCalls = "calls:import" { ShiftLead: All, OpsManager: All }
    /// See the exchanges that are followed.
    pub ViewExchanges = "exchanges:view" { ShiftLead: All, OpsManager: All, SysAdmin: All }
    /// Connect an exchange and say whose its extensions are.
    pub EditExchanges = "exchanges:edit" { OpsManager: All, SysAdmin: All }
}

/// Extensions of one exchange at most.
const MOST_EXTENSIONS: usize = 1_000;

/// Whose telephone it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionOf {
    /// The extension, or the agent's name on that exchange: `1001`, `1001@default`.
    pub extension: String,
    /// The agent.
    pub user_id: Uuid,
}

/// Who is behind an extension: as it was said, and where nothing was, the agent with that staff number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extensions {
    said: HashMap<String, Uuid>,
    staff: HashMap<String, Uuid>,
}

impl Extensions {
    pub(crate) async fn of(floor: &Floor, said: &[ExtensionOf]) -> Result<Self> {
        let cards = floor.cards().await?;
        let staff = cards
            .into_iter()
            .filter_map(|card| Some((card.staff_no?, card.id)));
        Ok(Self {
            said: said
                .iter()
                .map(|one| (one.extension.clone(), one.user_id))
                .collect(),
            staff: staff.collect(),
        })
    }

    /// `1001@default` is `1001` where nothing was said of it as a whole.
    pub(crate) fn find(&self, extension: &str) -> Option<Uuid> {
        let extension = extension.trim();
        let bare = extension.split('@').next().unwrap_or_default();
        let places = [
            self.said.get(extension),
            self.said.get(bare),
            self.staff.get(bare),
        ];
        places.into_iter().flatten().next().copied()
    }
}

/// Says no to extensions that cannot be, or of nobody who takes calls.
async fn must_be_extensions(floor: &Floor, said: &[ExtensionOf]) -> Result<()> {
    let wrong = |detail: String| Err(invalid("agents", "extensions_invalid", detail));
    if said.len() > MOST_EXTENSIONS {
        return wrong(format!("at most {MOST_EXTENSIONS} extensions"));
    }
    let agents: Vec<Uuid> = floor.cards().await?.iter().map(|card| card.id).collect();
    for (place, one) in said.iter().enumerate() {
        let plain = !one.extension.trim().is_empty()
            && one.extension.trim() == one.extension
            && one.extension.chars().count() <= 64
            && !one.extension.chars().any(char::is_control);
        if !plain {
            return wrong("an extension has 1 to 64 plain characters".to_owned());
        }
        if said[..place]
            .iter()
            .any(|other| other.extension == one.extension)
        {
            return wrong(format!("extension `{}` stands there twice", one.extension));
        }
        if !agents.contains(&one.user_id) {
            return wrong(format!("extension `{}` is no agent's", one.extension));
        }
    }
    Ok(())
}

/// Says no to a queue that is not there.
fn must_be_queue(floor: &Floor, field: &str, queue: &str) -> Result<()> {
    if floor.queue_rules(queue).is_some() {
        return Ok(());
    }
    Err(invalid(field, "queue_unknown", "there is no such queue"))
}

/// The routes of this part.
pub(crate) fn routes(telephony: &Telephony) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(form::write_by_hand))
        .routes(routes!(exchange::list))
        .routes(routes!(exchange::put))
        .routes(routes!(origin::list))
        .routes(routes!(origin::put))
        .with_state(telephony.clone())
        .merge(http::routes(telephony))
}

/// The row that a PUT means: as the asker read it, or none where he makes a new one.
pub(crate) fn meant<M>(
    before: Option<M>,
    version: impl Fn(&M) -> i64,
    asked: Option<i64>,
    what: &str,
) -> Result<Option<M>> {
    match (&before, asked) {
        (None, Some(_)) => Err(not_found(what)),
        (Some(_), None) => {
            let detail = format!("there is a {what} of this code");
            Err(refused("already_exists", detail))
        }
        (Some(row), Some(asked)) if version(row) != asked => Err(stale(&format!("the {what}"))),
        _ => Ok(before),
    }
}

/// Writes what a PUT says: a new row, or over the one of this code and version; 409 where somebody was faster.
pub(crate) async fn put<E, A>(
    tx: &Tx,
    written: A,
    over: Option<Condition>,
    what: &str,
) -> Result<()>
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E> + Send,
{
    let Some(before) = over else {
        E::insert(written).exec_without_returning(&**tx).await?;
        return Ok(());
    };
    let done = E::update_many()
        .set(written.reset_all())
        .filter(before)
        .exec(&**tx)
        .await?;
    if done.rows_affected == 0 {
        return Err(stale(&format!("the {what}")));
    }
    Ok(())
}
