//! Where capabilities meet that do not know each other: each question one crate asks, answered by another.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use floor::{AgentCard, Directory, Floor};
use futures::future::BoxFuture;
use kernel::{App, Result, Role};
use organization::{Organization, PresenceProbe};
use telephony::{CallerLookup, DeviceDirectory, DeviceOwner, KnownCaller, ServiceHours};
use uuid::Uuid;

/// The floor asks the organization who can take work.
pub struct Agents(pub App);

impl Directory for Agents {
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentCard>>> {
        Box::pin(async {
            let people = organization::colleagues::holders(self.0.db.read(), Role::Agent).await?;
            Ok(people.into_iter().map(card).collect())
        })
    }

    fn agent(&self, id: Uuid) -> BoxFuture<'_, Result<Option<AgentCard>>> {
        Box::pin(async move {
            let person =
                organization::colleagues::holder(self.0.db.read(), Role::Agent, id).await?;
            Ok(person.map(card))
        })
    }

    fn has_session(&self, id: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(organization::colleagues::has_session(
            self.0.db.read(),
            id,
            self.0.clock.now(),
        ))
    }
}

fn card(person: organization::Colleague) -> AgentCard {
    AgentCard {
        id: person.id,
        name: person.name,
        staff_no: person.staff_no,
    }
}

/// The sign-in asks the floor whom the idle time-out spares.
pub struct OnPost(pub Floor);

impl PresenceProbe for OnPost {
    fn is_on_post(&self, user_id: Uuid) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.0.is_on_post(user_id) })
    }
}

/// The registrar asks the organization whose device registers.
pub struct Devices(pub App);

#[async_trait]
impl DeviceDirectory for Devices {
    async fn owner(&self, username: &str) -> Option<DeviceOwner> {
        // The problem was logged where it arose; a phone that cannot be checked is not let in.
        let owner = organization::devices::owner_of(self.0.db.read(), username)
            .await
            .ok()
            .flatten()?;
        Some(DeviceOwner {
            user_id: owner.user_id,
            staff_no: owner.staff_no,
            secrets: owner.secrets.into_iter().map(|secret| secret.ha1).collect(),
        })
    }
}

/// Telephony asks the service calendar whether the line is open.
pub struct Hours {
    /// Whose calendar it is.
    pub organization: Organization,
    /// `service.always_open`
    pub always_open: bool,
}

#[async_trait]
impl ServiceHours for Hours {
    async fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.always_open || self.organization.service_clock().is_open(at)
    }
}

/// Telephony asks who calls, and whose open ticket the call may be about.
pub struct Callers(pub App);

#[async_trait]
impl CallerLookup for Callers {
    async fn find(&self, number: &str) -> Option<KnownCaller> {
        let (app, number) = (self.0.clone(), number.to_owned());
        let requester = self
            .0
            .db
            .write(async move |tx| requesters::find_or_create_by_number(&app, &*tx, &number).await)
            .await
            .ok()?;
        let owner = tickets::ticket::store::owner_of_open(self.0.db.read(), requester.id).await;
        Some(KnownCaller {
            id: requester.id,
            name: requester.name,
            preferred_agent: owner.ok().flatten(),
        })
    }
}
