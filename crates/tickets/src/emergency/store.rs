//! The rows of emergencies, their deliveries, and what follows from each step.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found, refused, stale};
use kernel::{App, Audience, Event, EventHandler, Permission as _, Role, Scope, Tx};
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Action, Case, Moment, State, Terms};
use crate::rights::ViewEmergencies;
use crate::terms;
use crate::ticket::act;
use crate::ticket::limits::must_be_within;
use crate::trail::{self, CONSOLE, Scribe, notice_row};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{must_be_code, must_be_name};
use kernel::timer::Alarmed;
use kernel::words;

/// Who hears of emergencies on the screen: everybody on duty holds this permission.
const ON_DUTY: Audience = Audience::Permission("emergencies:view");

kernel::table! {
    /// One emergency. What the rules see of it is a [`Case`].
    pub mod row = "emergencies" (id: Uuid) {
        number: String,
        category: String,
        what: String,
        place: String,
        reported_by: Uuid,
        discovered_at: DateTimeUtc,
        raised_at: DateTimeUtc,
        first_report_late: bool,
        state: String,
        open: bool,
        due_at: Option<DateTimeUtc>,
        arrival_due_at: Option<DateTimeUtc>,
        reports: i32,
        reminders: i32,
        final_report: Option<String>,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

/// A kind of emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyCategory {
    /// `system_outage`
    pub code: String,
    /// 系统中断
    pub name: String,
    /// Its place among the others.
    pub position: u32,
    /// False: none is raised of this kind any more.
    pub active: bool,
}

impl Rule for EmergencyCategory {
    const KIND: &'static str = "emergency_category";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)?;
        must_be_within("rule.position", self.position, 1, 1_000)?;
        let mut others = beside.others.iter().filter(|other| other.active);
        if self.active && others.any(|other| other.name == self.name) {
            return Err(invalid(
                "rule.name",
                "name_taken",
                "another kind is called so",
            ));
        }
        if !self.active && others.next().is_none() {
            return Err(invalid(
                "rule.active",
                "category_is_needed",
                "without any kind no emergency could be raised",
            ));
        }
        Ok(())
    }
}

words! {
    /// How a notice reaches somebody.
    NoticeWay {
        /// The screen of the console.
        Console = "console",
        /// 邮件
        Email = "email",
        /// 短信
        Sms = "sms",
    }
}

/// That the holders of a role hear of emergencies by a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyWay {
    /// Whose holders.
    pub role: Role,
    /// How.
    pub way: NoticeWay,
    /// False: they do not hear of them so any more.
    pub active: bool,
}

impl Rule for EmergencyWay {
    const KIND: &'static str = "emergency_way";

    fn subject(&self) -> String {
        format!("{}/{}", self.role.as_str(), self.way.as_str())
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        let sees = |role: Role| ViewEmergencies::GRANTS.iter().any(|(may, _)| *may == role);
        if !sees(self.role) {
            return Err(invalid(
                "rule.role",
                "role_sees_no_emergencies",
                "who holds this role may not see emergencies",
            ));
        }
        // The console is the only way with proof of arrival: on each side somebody hears of it there.
        let proves = |way: &EmergencyWay| {
            way.active && way.way == NoticeWay::Console && way.role.side() == self.role.side()
        };
        if !proves(self) && !beside.others.iter().any(proves) {
            return Err(invalid(
                "rule.active",
                "way_is_needed",
                "on each side somebody must hear of emergencies on the console",
            ));
        }
        Ok(())
    }
}

use row::Column;

impl row::Model {
    /// The emergency as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("emergency {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            arrival_due_at: self.arrival_due_at,
            alarm_at: self.next_alarm_at,
            reports: u32::try_from(self.reports).map_err(internal)?,
            reminders: u32::try_from(self.reminders).map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.arrival_due_at = case.arrival_due_at;
        self.next_alarm_at = case.alarm_at;
        self.reports = case.reports as i32;
        self.reminders = case.reminders as i32;
        self
    }
}

async fn terms(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Terms> {
    Ok(Terms {
        arrival: terms::rule(conn, "emergency.arrival", at).await?,
        follow_up: terms::rule(conn, "emergency.follow_up", at).await?,
        reminder: terms::rule(conn, "emergency.reminder", at).await?,
    })
}

/// What a list of emergencies may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those whose final report is owed, or only those that are over.
    pub open: Option<bool>,
    /// Only those of this category.
    pub category: Option<String>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(
            filter
                .category
                .as_ref()
                .map(|code| Column::Category.eq(code.as_str())),
        );
    let select = row::Entity::find().filter(all);
    let sortable = [("raised_at", Column::RaisedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("emergency"))
}

/// The same for who may report on it: with `Own` only who raised it.
pub(crate) async fn reportable(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    (id, version): (Uuid, i64),
) -> Result<row::Model> {
    let emergency = get(conn, id).await?;
    match scope {
        Scope::Own(user) if emergency.reported_by != *user => {
            return Err(not_found("emergency of yours"));
        }
        _ => {}
    }
    if emergency.version != version {
        return Err(stale(&format!("emergency `{}`", emergency.number))
            .with("version", emergency.version)
            .with("state", emergency.state));
    }
    Ok(emergency)
}

/// The categories that hold at `at`, in their order, those out of use among them.
pub(crate) async fn categories(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<EmergencyCategory>> {
    let mut held = rule::in_force::<EmergencyCategory>(conn, at).await?;
    held.sort_by_key(|category| category.position);
    Ok(held)
}

/// What an emergency is raised with.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub category: String,
    pub what: String,
    pub place: String,
    pub discovered_at: Option<DateTime<Utc>>,
    pub reported_by: Uuid,
}

/// Raises an emergency: everybody who has to know is told in the same transaction, each by each agreed way.
pub(crate) async fn raise(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let known = categories(&**tx, now).await?;
    let mut in_use = known.iter().filter(|known| known.active);
    if !in_use.any(|known| known.code == new.category) {
        return Err(invalid("category", "category_unknown", "no such category"));
    }
    let discovered_at = new.discovered_at.unwrap_or(now);
    if discovered_at > now {
        return Err(invalid(
            "discovered_at",
            "time_ahead",
            "what is discovered lies behind",
        ));
    }
    let (service, terms) = (act::service_clock(&**tx).await?, terms(&**tx, now).await?);
    let first = terms::rule(&**tx, "emergency.first_report", now).await?;
    let first_due = service.deadline(&first, discovered_at).business_due_at;
    let moment = Moment {
        now,
        service: &service,
        terms: &terms,
    };
    let emergency = row::Model {
        id: app.ids.next(),
        number: trail::number_of_day(&**tx, "SJ-J", now).await?,
        category: new.category,
        what: new.what,
        place: new.place,
        reported_by: new.reported_by,
        discovered_at,
        raised_at: now,
        first_report_late: now > first_due,
        state: String::new(),
        open: true,
        due_at: None,
        arrival_due_at: None,
        reports: 0,
        reminders: 0,
        final_report: None,
        closed_by: None,
        closed_at: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::raised(&moment));
    row::Entity::insert(emergency.clone().into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    let people = tell_all(app, tx, who, &emergency, "raised").await?;
    let mut facts = facts(&emergency);
    facts["recipients"] = json!(people);
    let scribe = scribe(app, tx, who, &emergency);
    scribe.tell("raised", Some(&emergency.what), facts).await?;
    Ok(emergency)
}

/// Does `action` to an emergency as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    text: Option<&str>,
) -> Result<row::Model> {
    let now = app.clock.now();
    let (service, terms) = (act::service_clock(&**tx).await?, terms(&**tx, now).await?);
    let moment = Moment {
        now,
        service: &service,
        terms: &terms,
    };
    let was = before.case()?;
    let case = was
        .next(action, &moment)
        .map_err(|refusal| refusal.about(&before.number))?;
    let mut after = before.clone().with_case(&case);
    if *action == Action::Close {
        after.final_report = text.map(str::to_owned);
        after.closed_by = who.user_id;
        after.closed_at = Some(now);
    }
    after.updated_at = now;
    after.version = before.version + 1;
    let done = row::Entity::update_many()
        .set(after.clone().into_active_model().reset_all())
        .filter(Column::Id.eq(before.id))
        .filter(Column::Version.eq(before.version))
        .exec(&**tx)
        .await?;
    if done.rows_affected == 0 {
        return Err(stale(&format!("emergency `{}`", before.number)));
    }
    let scribe = scribe(app, tx, who, &after);
    match action {
        Action::FollowUp | Action::Close => {
            let what = match action {
                Action::Close => "closed",
                _ => "followed_up",
            };
            let people = tell_all(app, tx, who, &after, what).await?;
            let mut facts = facts(&after);
            facts["recipients"] = json!(people);
            scribe.tell(what, text, facts).await?;
        }
        Action::Lapse => {
            if was.is_arrival_due(now) {
                let missing = unreached(&**tx, after.id).await?;
                if !missing.is_empty() {
                    let names = names(&**tx, &missing).await?;
                    let mut facts = facts(&after);
                    facts["unreached"] = json!(missing);
                    scribe.tell("unreached", Some(&names), facts).await?;
                    let mut news = news(&after, "unreached");
                    news["unreached"] = json!(missing);
                    scribe.live(ON_DUTY, news);
                }
            }
            if was.is_late(now) {
                scribe.tell("overdue", None, facts(&after)).await?;
                // The report is owed by who raised it; the others hear that it is.
                let reporter = [(after.reported_by, CONSOLE)];
                scribe
                    .notify(reporter, "overdue", news(&after, "overdue"))
                    .await?;
                scribe.live(ON_DUTY, news(&after, "overdue"));
            }
        }
    }
    Ok(after)
}

/// One delivery row for each recipient and agreed way, and the screens of everybody on duty.
async fn tell_all(
    app: &App,
    tx: &Tx,
    who: &Who,
    emergency: &row::Model,
    what: &str,
) -> Result<Vec<Uuid>> {
    let agreed = rule::in_force::<EmergencyWay>(&**tx, app.clock.now()).await?;
    let mut deliveries: Vec<(Uuid, &'static str)> = Vec::new();
    for agreed in agreed.into_iter().filter(|agreed| agreed.active) {
        for person in organization::colleagues::holders(&**tx, agreed.role).await? {
            let delivery = (person.id, agreed.way.as_str());
            // Who reports needs no report.
            if who.user_id != Some(person.id) && !deliveries.contains(&delivery) {
                deliveries.push(delivery);
            }
        }
    }
    let mut people: Vec<Uuid> = deliveries.iter().map(|(user, _)| *user).collect();
    people.sort_unstable();
    people.dedup();
    let mut told = news(emergency, what);
    told["recipients"] = json!(people);
    let scribe = scribe(app, tx, who, emergency);
    // The screens hear it once, by the permission that everybody on duty holds.
    let rows = deliveries.iter().copied();
    scribe.record(rows, what).await?;
    scribe.live(ON_DUTY, told);
    Ok(people)
}

/// Recipients of the first report of whom no way has proof of arrival.
async fn unreached(conn: &impl ConnectionTrait, emergency: Uuid) -> Result<Vec<Uuid>> {
    let rows = notice_row::Entity::find()
        .filter(notice_row::Column::SubjectId.eq(emergency))
        .filter(notice_row::Column::Reason.eq("raised"))
        .order_by_asc(notice_row::Column::MadeAt)
        .all(conn)
        .await?;
    let reached = |user: Uuid| {
        let mut of_his = rows.iter().filter(|row| row.user_id == user);
        of_his.any(|row| row.arrived_at.is_some())
    };
    let mut missing: Vec<Uuid> = rows.iter().map(|row| row.user_id).collect();
    missing.sort_unstable();
    missing.dedup();
    missing.retain(|user| !reached(*user));
    Ok(missing)
}

async fn names(conn: &impl ConnectionTrait, people: &[Uuid]) -> Result<String> {
    let known = organization::colleagues(conn, people.to_vec()).await?;
    let mut names: Vec<&str> = known.values().map(|person| person.name.as_str()).collect();
    names.sort_unstable();
    Ok(names.join("、"))
}

/// What happened to the delivery to one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It left.
    Sent,
    /// It was shown to him.
    Shown,
    /// He says that he has it.
    Acknowledged,
}

/// Notes that what was told of an emergency left for a person by a way, or arrived there. The first time counts.
/// Answers how many deliveries there are to this person by this way; `reason` asks about those of one report.
pub async fn note_arrival(
    app: &App,
    tx: &Tx,
    emergency: Uuid,
    (user, way, reason): (Uuid, &str, Option<&str>),
    arrival: Arrival,
) -> Result<u64> {
    let now = app.clock.now();
    let first = |column: notice_row::Column| {
        Expr::expr(Func::coalesce([Expr::col(column), Expr::value(now)]))
    };
    let mut update = notice_row::Entity::update_many()
        .filter(notice_row::Column::SubjectId.eq(emergency))
        .filter(notice_row::Column::UserId.eq(user))
        .filter(notice_row::Column::Way.eq(way));
    if let Some(reason) = reason {
        update = update.filter(notice_row::Column::Reason.eq(reason));
    }
    update = update.col_expr(
        notice_row::Column::SentAt,
        first(notice_row::Column::SentAt),
    );
    if arrival != Arrival::Sent {
        update = update.col_expr(
            notice_row::Column::ArrivedAt,
            first(notice_row::Column::ArrivedAt),
        );
    }
    if arrival == Arrival::Acknowledged {
        update = update.col_expr(
            notice_row::Column::AcknowledgedAt,
            first(notice_row::Column::AcknowledgedAt),
        );
    }
    Ok(update.exec(&**tx).await?.rows_affected)
}

/// The console showed an emergency to somebody, or he says that he has it.
pub(crate) async fn arrived(
    app: &App,
    tx: &Tx,
    who: &Who,
    (emergency, user): (Uuid, Uuid),
    acknowledged: bool,
) -> Result<()> {
    let emergency = get(&**tx, emergency).await?;
    let before = notice_row::Entity::find()
        .filter(notice_row::Column::SubjectId.eq(emergency.id))
        .filter(notice_row::Column::UserId.eq(user))
        .filter(notice_row::Column::Way.eq(CONSOLE))
        .all(&**tx)
        .await?;
    if before.is_empty() {
        return Err(refused(
            "emergency_not_told",
            format!(
                "emergency `{}` was not told to you: there is no arrival to note",
                emergency.number
            ),
        )
        .with_way_out(
            "those it was told to acknowledge it; it can be read by all who may see it",
        ));
    }
    let (arrival, what) = if acknowledged {
        (Arrival::Acknowledged, "acknowledged")
    } else {
        (Arrival::Shown, "arrived")
    };
    note_arrival(app, tx, emergency.id, (user, CONSOLE, None), arrival).await?;
    let new = before.iter().any(|row| match arrival {
        Arrival::Acknowledged => row.acknowledged_at.is_none(),
        _ => row.arrived_at.is_none(),
    });
    if new {
        let scribe = scribe(app, tx, who, &emergency);
        scribe.line(what, None).await?;
        let mut told = news(&emergency, what);
        told["user_id"] = json!(user);
        scribe.live(ON_DUTY, told);
    }
    Ok(())
}

/// Hears from the notices what left by e-mail or SMS.
pub(crate) fn on_sent(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "tickets.note_emergency_sent",
        &["notice.sent"],
        move |event: Event| {
            let app = app.clone();
            async move {
                let told = &event.payload;
                if told["subject_kind"] != "emergency" {
                    return Ok(());
                }
                let text = |fact: &str| told[fact].as_str().unwrap_or_default().to_owned();
                let emergency: Uuid = text("subject_id").parse().map_err(internal)?;
                let user: Uuid = text("user_id").parse().map_err(internal)?;
                let (way, kind) = (text("way"), text("kind"));
                let db = app.db.clone();
                db.write(move |tx| async move {
                    let reason = kind.strip_prefix("emergency_");
                    let to = (user, way.as_str(), reason);
                    note_arrival(&app, &tx, emergency, to, Arrival::Sent).await?;
                    Ok(())
                })
                .await
            }
        },
    )
}

fn facts(emergency: &row::Model) -> Value {
    json!({
        "emergency_id": emergency.id,
        "number": emergency.number,
        "category": emergency.category,
        "what": emergency.what,
        "where": emergency.place,
        "reported_by": emergency.reported_by,
        "state": emergency.state,
        "due_at": emergency.due_at,
        "version": emergency.version,
    })
}

fn news(emergency: &row::Model, what: &str) -> Value {
    json!({
        "id": emergency.id,
        "number": emergency.number,
        "category": emergency.category,
        "title": emergency.what,
        "where": emergency.place,
        "state": emergency.state,
        "what": what,
        "due_at": emergency.due_at,
        "version": emergency.version,
    })
}

fn scribe<'a>(app: &'a App, tx: &'a Tx, who: &'a Who, emergency: &row::Model) -> Scribe<'a> {
    Scribe {
        app,
        tx,
        who,
        kind: "emergency",
        id: emergency.id,
    }
}

/// The emergencies, as the timer sees them.
pub(crate) struct Emergencies;

impl Alarmed for Emergencies {
    type Entity = row::Entity;
    const HANDLER: &'static str = "tickets.wake_emergencies";
    const KINDS: &'static [&'static str] = &["emergency.raised", "emergency.followed_up"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<Uuid>) -> Result<()> {
        let who = Who::system("emergency");
        let late = row::Entity::find()
            .filter(Column::Id.is_in(due))
            .filter(Column::NextAlarmAt.lte(app.clock.now()))
            .all(&*tx)
            .await?;
        for emergency in late {
            act(&app, &tx, &who, &emergency, &Action::Lapse, None).await?;
        }
        Ok(())
    }
}
