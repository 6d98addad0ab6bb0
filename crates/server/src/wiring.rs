//! Where capabilities meet that do not know each other: each question one crate asks, answered by another.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use carry::RecordingsRemoved;
use channels::Channels;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use documents::paper::Document;
use floor::{AgentCard, Directory, Floor, Presence, WorkGate};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::problem::refused;
use kernel::{App, Event, EventHandler, Forgets, Phone, Result, Role, Side, Tx};
use organization::{ActivationGate, Organization, PresenceProbe};
use requesters::TextMessages;
use serde_json::json;
use telephony::Telephony;
use telephony::{
    CallBlocks, CallerLookup, DeviceDirectory, DeviceOwner, DeviceSecret, KnownCaller, ServiceHours,
};
use uuid::Uuid;
use workforce::adherence::Stretch;
use workforce::intraday::HalfHour;

use crate::adherence;

use crate::papers::Papers;

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
pub struct OnPost {
    app: App,
    floor: Floor,
    back_by: DateTime<Utc>,
}

impl OnPost {
    /// For `floor.restore_within_s` after a start nobody is on post yet: all agents count as such until
    /// their devices have had the time to come back.
    pub fn new(app: &App, floor: &Floor) -> Result<Self> {
        let within: u32 = app.config.get("floor.restore_within_s")?;
        Ok(Self {
            back_by: app.clock.now() + TimeDelta::seconds(within.into()),
            app: app.clone(),
            floor: floor.clone(),
        })
    }

    async fn is_awaited(&self, user_id: Uuid) -> bool {
        if self.back_by <= self.app.clock.now() {
            return false;
        }
        let conn = self.app.db.read();
        // The problem was logged where it arose; a session that lasts a minute longer harms nobody.
        organization::colleagues::holder(conn, Role::Agent, user_id)
            .await
            .map_or(true, |agent| agent.is_some())
    }
}

impl PresenceProbe for OnPost {
    fn is_on_post(&self, user_id: Uuid) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.floor.is_on_post(user_id) || self.is_awaited(user_id).await })
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
            secrets: owner
                .secrets
                .into_iter()
                .map(|secret| DeviceSecret {
                    device_id: secret.device_id,
                    ha1: secret.ha1,
                })
                .collect(),
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

/// Telephony asks whom a block keeps from calling.
pub struct Blocks(pub App);

#[async_trait]
impl CallBlocks for Blocks {
    async fn blocked(&self, number: &str) -> Option<Uuid> {
        // The problem was logged where it arose; nobody is kept out for it.
        requesters::blocked_caller(&self.0, self.0.db.read(), number)
            .await
            .ok()
            .flatten()
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
        let conn = self.0.db.read();
        let taker = tickets::ticket::repeat::taker(conn, self.0.clock.now(), requester.id).await;
        Some(KnownCaller {
            id: requester.id,
            name: requester.name,
            preferred_agent: taker.ok().flatten(),
        })
    }
}

/// The floor asks who may take work: the staff files, then the readings.
pub struct MayWork(pub App);

impl WorkGate for MayWork {
    fn check(&self, agent: Uuid) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            personnel::may_take_work(&self.0, agent).await?;
            let now = self.0.clock.now();
            let late = knowledge::must_pass(self.0.db.read(), agent, now).await?;
            let Some(first) = late.first() else {
                return Ok(());
            };
            let detail = format!(
                "{} things are to be read or passed first: {} `{}`",
                late.len(),
                first.number,
                first.title
            );
            Err(refused("reading_overdue", detail)
                .with_way_out("read what is due and pass its quiz, then ask again")
                .with("readings", json!(late)))
        })
    }
}

/// Who loses what he had to be on post is sent off the line at once, with work in hand after it.
pub fn off_the_line(app: &App, floor: &Floor) -> EventHandler {
    let (app, floor) = (app.clone(), floor.clone());
    EventHandler::new(
        "server.off_the_line",
        &[
            "staff.left_post",
            "staff.suspended",
            "staff.evidence_withdrawn",
            "staff.evidence_verified",
            "staff.evidence_expiring",
            "staff.waiver_revoked",
        ],
        move |event: Event| {
            let (app, floor) = (app.clone(), floor.clone());
            async move {
                let user = event.payload["user_id"].as_str();
                let Some(user) = user.and_then(|id| id.parse::<Uuid>().ok()) else {
                    return Ok(());
                };
                if !floor.is_on_post(user) {
                    return Ok(());
                }
                match personnel::may_take_work(&app, user).await {
                    Err(refusal) if refusal.status < 500 => {
                        let (who, why) = (Who::system("personnel"), refusal.code.to_owned());
                        floor.force(user, Presence::Training, why, who).await
                    }
                    answer => answer,
                }
            }
        },
    )
}

/// The organization asks the staff files whose account may be in use.
pub struct MaySignIn(pub App);

impl ActivationGate for MaySignIn {
    fn check<'a>(&'a self, tx: &'a Tx, user_id: Uuid, side: Side) -> BoxFuture<'a, Result<()>> {
        Box::pin(personnel::may_be_active(
            &**tx,
            self.0.clock.now(),
            user_id,
            side,
        ))
    }
}

/// Replacements ask the tickets what somebody leaves behind.
pub struct LeftBehind(pub App);

impl personnel::OpenTickets for LeftBehind {
    fn of_owner(&self, user: Uuid) -> BoxFuture<'_, Result<Vec<personnel::OpenTicket>>> {
        Box::pin(async move {
            let owned = tickets::handover::of_owner(self.0.db.read(), user).await?;
            let shown = owned.into_iter().map(|ticket| personnel::OpenTicket {
                id: ticket.id,
                number: ticket.number,
                title: ticket.title,
                due_at: ticket.due_at,
            });
            Ok(shown.collect())
        })
    }

    fn give<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        given: (Uuid, Uuid),
        reason: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(tickets::handover::give(&self.0, tx, who, given, reason))
    }
}

/// Attendance asks the staff files for the posts, and the floor who is signed in.
pub struct TheSite {
    /// Where the rows are.
    pub app: App,
    /// The live floor.
    pub floor: Floor,
}

impl workforce::Site for TheSite {
    fn seats(&self, day: NaiveDate) -> BoxFuture<'_, Result<Vec<workforce::Seat>>> {
        Box::pin(async move {
            let posts = personnel::posts_on(self.app.db.read(), day).await?;
            let seats = posts.into_iter().map(|post| workforce::Seat {
                id: post.id,
                name: post.name,
                user_id: post.user_id,
            });
            Ok(seats.collect())
        })
    }

    fn spells(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<Vec<workforce::Spell>>> {
        Box::pin(async move {
            let conn = self.app.db.read();
            let rows = floor::agent_state::store::sessions_between(conn, from, to).await?;
            let spells = rows.into_iter().map(|row| workforce::Spell {
                user_id: row.agent_id,
                from: row.began_at,
                until: row.ended_at,
            });
            Ok(spells.collect())
        })
    }

    fn is_on_floor(&self, user: Uuid) -> bool {
        self.floor.state_of(user) != floor::AgentState::SignedOut
    }

    fn stretches(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<Vec<Stretch>>> {
        Box::pin(async move {
            let conn = self.app.db.read();
            let sessions = floor::agent_state::store::sessions_between(conn, from, to).await?;
            let changes = floor::agent_state::store::chosen_between(conn, from, to).await?;
            Ok(adherence::stretches(from, &sessions, &changes))
        })
    }

    fn half_hours(&self, day: NaiveDate) -> BoxFuture<'_, Result<Vec<HalfHour>>> {
        Box::pin(async move {
            let begins = floor::day::day_begins(day);
            let until = begins + TimeDelta::days(1);
            let conn = self.app.db.read();
            let calls = floor::work_item::store::offered_between(conn, begins, until).await?;
            Ok(adherence::half_hours(day, &calls))
        })
    }
}

/// The settlement asks the staff files what is not in order with those on the project (A-58 … A-60).
pub struct InOrder(pub App);

impl settlement::SubmissionFacts for InOrder {
    fn concerns(
        &self,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, Result<Vec<settlement::Concern>>> {
        use settlement::SubmissionCheck as Check;
        Box::pin(async move {
            let conn = self.0.db.read();
            let pay = personnel::pay_lacks(conn, from, until).await?;
            let employers = personnel::foreign_employers(&self.0, conn, from, until).await?;
            let month = until.format("%Y-%m");
            let wages = format!("/wages?month={month}");
            let found = [
                (Check::Insurance, pay.insurance, wages.clone()),
                (Check::Wages, pay.wages, wages),
                (Check::Employer, employers, "/staffing".to_owned()),
            ];
            let concerns = found.into_iter().filter_map(|(check, cases, page)| {
                let when: BTreeSet<&str> = cases.iter().map(String::as_str).collect();
                (!cases.is_empty()).then(|| settlement::Concern {
                    check,
                    found: cases.len() as u64,
                    detail: Vec::from_iter(when).join(" "),
                    page,
                })
            });
            Ok(concerns.collect())
        })
    }
}

/// One-time codes leave by the SMS channel.
pub struct Texts(pub Channels);

impl TextMessages for Texts {
    fn ready(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            if channels::sends_texts(&self.0).await? {
                Ok(())
            } else {
                Err(requesters::sms_not_set_up())
            }
        })
    }

    fn send_code<'a>(
        &'a self,
        tx: &'a Tx,
        number: &'a Phone,
        text: String,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if channels::send_code(&self.0, tx, number.reveal(), text).await? {
                Ok(())
            } else {
                Err(requesters::sms_not_set_up())
            }
        })
    }
}

/// Notices ask the sections of tickets who is on duty today (AB 角).
pub struct OnDuty(pub App);

impl notices::Duty for OnDuty {
    fn on_duty<'a>(&'a self, section: &'a str) -> BoxFuture<'a, Result<Vec<Uuid>>> {
        Box::pin(async move {
            let today = tickets::section::today(self.0.clock.now());
            tickets::section::store::on_duty(self.0.db.read(), section, today).await
        })
    }
}

/// The audit trail asks personnel which rows are evidence against whom.
pub struct Suspected(pub App);

impl kernel::audit::Secrecy for Suspected {
    fn seen_by(&self, person: Uuid) -> BoxFuture<'_, Result<sea_orm::Condition>> {
        Box::pin(personnel::leak::hidden::seen_by(self.0.db.read(), person))
    }
}

/// What every capability can forget. The requesters' own columns come last: by what stands there the rows of the others
/// are found, as those of quality are by the calls' numbers.
pub fn forgets() -> Vec<Forgets> {
    [
        quality::FORGETS,
        telephony::FORGETS,
        channels::FORGETS,
        tickets::FORGETS,
        analytics::FORGETS,
        carry::FORGETS,
        liaison::FORGETS,
        requesters::FORGETS,
    ]
    .concat()
}

/// The return of the data asks for what can be forgotten, for the recordings and for paper.
pub struct HandingBack {
    telephony: Telephony,
    papers: Arc<Papers>,
}

impl HandingBack {
    /// With who keeps the recordings and who prints.
    pub fn new(telephony: &Telephony, papers: Arc<Papers>) -> Self {
        Self {
            telephony: telephony.clone(),
            papers,
        }
    }
}

impl carry::House for HandingBack {
    fn forgets(&self) -> Vec<Forgets> {
        forgets()
    }

    fn remove_recordings(&self) -> BoxFuture<'_, Result<RecordingsRemoved>> {
        Box::pin(async move {
            let (gone, held) = telephony::calls::retention::remove_all(&self.telephony).await?;
            Ok(RecordingsRemoved { gone, held })
        })
    }

    fn print(&self, document: &Document) -> Result<Vec<u8>> {
        self.papers.pdf(document)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn agents_keep_their_sessions_until_their_devices_can_be_back_from_a_restart() {
        testing::on_both(&crate::start::migrations(), async |app| {
            organization::demo::seed(&app).await.unwrap();
            let floor = Floor::new(&app, Arc::new(Agents((*app).clone())));
            let on_post = OnPost::new(&app, &floor).unwrap();
            let id_of = async |name| {
                let user = organization::users::store::by_username(app.db.read(), name).await;
                user.unwrap().unwrap().id
            };
            let (agent, purchaser) = (id_of("agent1").await, id_of("purchaser").await);
            assert!(on_post.is_on_post(agent).await);
            assert!(!on_post.is_on_post(purchaser).await);
            app.clock.advance(Duration::from_secs(59));
            assert!(on_post.is_on_post(agent).await);
            app.clock.advance(Duration::from_secs(1));
            assert!(!on_post.is_on_post(agent).await);
        })
        .await;
    }
}
