//! The row of the line: one, until there is a second hotline.

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, refused};
use kernel::timer::Alarmed;
use kernel::versioned;
use kernel::{App, Audience, Event, Permission as _, Tx, words};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter, QuerySelect, QueryTrait as _,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{LineSettings, ViewLine};
use crate::calls::rows::{call, event as journal};

/// The one line there is.
const LINE: Uuid = Uuid::from_u128(1);

kernel::table! {
    /// What the hotline offers. `menu` is a list of [`super::MenuKey`].
    pub mod row = "line_settings" (id: Uuid) {
        state: String,
        menu: Json,
        message_box: bool,
        survey: bool,
        survey_period_days: i32,
        incident: bool,
        incident_reason: Option<String>,
        holiday: bool,
        holiday_reason: Option<String>,
        holiday_until: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        version: i64,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
    }
}

kernel::versioned!(row, |_line| "line".to_owned());

kernel::table! {
    /// Who has the ticket of a message; `id` is the call.
    pub mod owner = "call_message_owners" (id: Uuid) {
        ticket_id: Uuid,
        owner_id: Uuid,
    }
}

words! {
    /// What callers find.
    LineState {
        /// 正常
        Usual = "usual",
        /// 故障公告
        Incident = "incident",
        /// 假日关闭
        Holiday = "holiday",
    }
}

impl row::Model {
    /// What somebody set.
    pub fn settings(&self) -> Result<LineSettings> {
        Ok(LineSettings {
            menu: serde_json::from_value(self.menu.clone()).map_err(internal)?,
            message_box: self.message_box,
            survey: self.survey,
            survey_period_days: u16::try_from(self.survey_period_days).map_err(internal)?,
        })
    }

    /// What callers find.
    pub fn line_state(&self) -> LineState {
        match (self.holiday, self.incident) {
            (true, _) => LineState::Holiday,
            (false, true) => LineState::Incident,
            (false, false) => LineState::Usual,
        }
    }

    fn facts(&self) -> Value {
        json!({
            "menu": self.menu,
            "message_box": self.message_box,
            "survey": self.survey,
            "survey_period_days": self.survey_period_days,
            "incident": self.incident,
            "incident_reason": self.incident_reason,
            "holiday": self.holiday,
            "holiday_reason": self.holiday_reason,
            "holiday_until": self.holiday_until,
        })
    }
}

async fn find(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<row::Model> {
    if let Some(row) = row::Entity::find_by_id(LINE).one(conn).await? {
        return Ok(row);
    }
    let usual = LineSettings::default();
    Ok(row::Model {
        id: LINE,
        state: LineState::Usual.as_str().to_owned(),
        menu: json!([]),
        message_box: usual.message_box,
        survey: usual.survey,
        survey_period_days: usual.survey_period_days.into(),
        incident: false,
        incident_reason: None,
        holiday: false,
        holiday_reason: None,
        holiday_until: None,
        next_alarm_at: None,
        version: 0,
        created_at: now,
        updated_at: now,
    })
}

/// The line as it stands; version 0 while nobody has set anything.
pub async fn now(app: &App) -> Result<row::Model> {
    find(app.db.read(), app.clock.now()).await
}

/// Changes the line, with the audit entry of what was and what is.
pub(super) async fn change(
    app: &App,
    tx: &Tx,
    who: &Who,
    action: &'static str,
    before: row::Model,
    mut after: row::Model,
) -> Result<row::Model> {
    after.state = after.line_state().as_str().to_owned();
    after.next_alarm_at = after.holiday_until;
    let saved = if before.version == 0 {
        after.version = 1;
        after.updated_at = app.clock.now();
        versioned::insert(&**tx, &after).await?;
        after
    } else {
        versioned::save(app, &**tx, &before, after).await?
    };
    let details = json!({ "before": before.facts(), "after": saved.facts() });
    audit::record(app, &**tx, who, action, "line", LINE, details).await?;
    tell(app, tx, &saved).await?;
    Ok(saved)
}

async fn tell(app: &App, tx: &Tx, line: &row::Model) -> Result<()> {
    let facts = json!({
        "state": line.state,
        "incident": line.incident,
        "holiday": line.holiday,
        "holiday_until": line.holiday_until,
        "version": line.version,
    });
    app.events
        .publish(tx, "line.changed", LINE, facts.clone())
        .await?;
    let audience = Audience::Permission(ViewLine::CODE);
    app.live.publish_after(tx, audience, "line", facts);
    Ok(())
}

/// The line within a change; the version must be the one that was read.
pub(super) async fn as_read(app: &App, tx: &Tx, version: i64) -> Result<row::Model> {
    versioned::as_read(find(&**tx, app.clock.now()).await?, version)
}

/// Switches the announcement of an incident.
pub(super) async fn incident(
    app: &App,
    tx: &Tx,
    who: &Who,
    on: bool,
    reason: String,
) -> Result<row::Model> {
    let before = find(&**tx, app.clock.now()).await?;
    if before.incident == on {
        return Err(already(on));
    }
    let mut after = before.clone();
    after.incident = on;
    after.incident_reason = Some(reason);
    let action = if on {
        "line.incident_on"
    } else {
        "line.incident_off"
    };
    change(app, tx, who, action, before, after).await
}

/// Closes the line as on a holiday, or opens it again.
pub(super) async fn holiday(
    app: &App,
    tx: &Tx,
    who: &Who,
    on: bool,
    reason: String,
    until: Option<DateTime<Utc>>,
) -> Result<row::Model> {
    let before = find(&**tx, app.clock.now()).await?;
    // Another end of the same closing is a change; the same switch again is none.
    if before.holiday == on && before.holiday_until == until {
        return Err(already(on));
    }
    let mut after = before.clone();
    after.holiday = on;
    after.holiday_reason = Some(reason);
    after.holiday_until = until.filter(|_| on);
    let action = if on {
        "line.holiday_on"
    } else {
        "line.holiday_off"
    };
    change(app, tx, who, action, before, after).await
}

fn already(on: bool) -> kernel::Problem {
    let detail = if on {
        "it is on already"
    } else {
        "it is off already"
    };
    refused("line_switched_already", detail)
}

/// Whether one of this requester's calls since then was rated or asked to be.
pub(super) async fn asked_since(
    conn: &impl ConnectionTrait,
    caller_hash: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    let surveyed = journal::Entity::find()
        .select_only()
        .column(journal::Column::CallId)
        .filter(journal::Column::Event.eq("survey_began"))
        .filter(
            journal::Column::CallId.in_subquery(
                call::Entity::find()
                    .select_only()
                    .column(call::Column::Id)
                    .filter(call::Column::CallerHash.eq(caller_hash))
                    .filter(call::Column::ArrivedAt.gte(since))
                    .into_query(),
            ),
        );
    let asked = Condition::any()
        .add(call::Column::Rating.is_not_null())
        .add(call::Column::Id.in_subquery(surveyed.into_query()));
    let found = call::Entity::find()
        .filter(call::Column::CallerHash.eq(caller_hash))
        .filter(call::Column::ArrivedAt.gte(since))
        .filter(asked)
        .limit(1)
        .count(conn)
        .await?;
    Ok(found > 0)
}

/// What tells whose the ticket of a message is.
pub(super) const OWNER_EVENTS: &[&str] = &[
    "ticket.left_by_voice",
    "ticket.reassigned",
    "ticket.transfer_accepted",
    "ticket.granted",
    "ticket.signed",
];

/// Who has the ticket of a message may hear it; so may who gets it from him.
pub(super) async fn keep_owner(app: App, event: Event) -> Result<()> {
    let id = |key: &str| {
        let text = event.payload.get(key).and_then(Value::as_str);
        text.and_then(|text| text.parse::<Uuid>().ok())
    };
    let (Some(ticket), Some(to)) = (id("ticket_id"), id("owner_id")) else {
        return Ok(());
    };
    let call = id("call_id").filter(|_| event.kind == "ticket.left_by_voice");
    app.db
        .write(async move |tx| {
            let done = owner::Entity::update_many()
                .col_expr(owner::Column::OwnerId, to.into())
                .filter(owner::Column::TicketId.eq(ticket))
                .exec(&*tx)
                .await?;
            if let (0, Some(id)) = (done.rows_affected, call) {
                let row = owner::Model {
                    id,
                    ticket_id: ticket,
                    owner_id: to,
                };
                owner::Entity::insert(row.into_active_model())
                    .exec_without_returning(&*tx)
                    .await?;
            }
            Ok(())
        })
        .await
}

/// The calls whose message this person has.
pub(crate) fn messages_of(person: Uuid) -> sea_orm::sea_query::SelectStatement {
    owner::Entity::find()
        .select_only()
        .column(owner::Column::Id)
        .filter(owner::Column::OwnerId.eq(person))
        .into_query()
}

/// The line, as the timer sees it: a holiday ends by itself.
pub(crate) struct Lines;

impl Alarmed for Lines {
    type Entity = row::Entity;
    const HANDLER: &'static str = "telephony.wake_line";
    const KINDS: &'static [&'static str] = &["line.changed"];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("line");
        for before in due {
            let mut after = before.clone();
            after.holiday = false;
            after.holiday_until = None;
            change(&app, &tx, &who, "line.holiday_over", before, after).await?;
        }
        Ok(())
    }
}
