//! The ways each person chose for each kind.

use std::collections::HashMap;

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::{Actor, audit};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::outbox::Way;
use crate::rules::{self, Rule, Urgency};
use crate::{Notices, ReadNotices, address};

kernel::table! {
    mod row = "notice_choices" (user_id: Uuid, kind: String) {
        console: bool,
        email: bool,
        sms: bool,
        chosen_at: DateTimeUtc,
    }
}

/// How a kind comes to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeWays)]
pub struct Ways {
    /// In the console.
    pub console: bool,
    /// By e-mail, where there is an address.
    pub email: bool,
    /// By SMS, where there is a number.
    pub sms: bool,
}

impl Ways {
    pub(crate) fn has(self, way: Way) -> bool {
        match way {
            Way::Console => self.console,
            Way::Email => self.email,
            Way::Sms => self.sms,
        }
    }

    /// What holds until somebody chooses: duties also by e-mail, what is urgent also by SMS.
    fn unless_chosen(rule: &Rule) -> Self {
        Self {
            console: true,
            email: rule.duty || rule.every_way,
            sms: rule.urgency == Urgency::Urgent,
        }
    }

    /// A duty stands in the console whatever a row says: the kind may have become one since.
    fn within(self, rule: &Rule) -> Self {
        Self {
            console: self.console || rule.duty,
            email: self.email || rule.every_way,
            sms: self.sms || rule.every_way,
        }
    }
}

impl From<row::Model> for Ways {
    fn from(row: row::Model) -> Self {
        Self {
            console: row.console,
            email: row.email,
            sms: row.sms,
        }
    }
}

/// The ways of one kind to one person.
pub(crate) async fn of(conn: &impl ConnectionTrait, user: Uuid, rule: &Rule) -> Result<Ways> {
    let chosen = row::Entity::find_by_id((user, rule.kind.to_owned()))
        .one(conn)
        .await?;
    Ok(chosen.map_or_else(
        || Ways::unless_chosen(rule),
        |row| Ways::from(row).within(rule),
    ))
}

/// One kind that may come to the person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeChoice)]
pub(crate) struct Choice {
    /// `ticket_overdue`
    kind: &'static str,
    /// It cannot be muted in the console.
    duty: bool,
    /// It cannot be muted at all.
    every_way: bool,
    /// `normal` or `urgent`.
    urgency: Urgency,
    /// How it comes.
    ways: Ways,
}

/// What the person may choose, and what is chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeChoices)]
pub(crate) struct Choices {
    /// One for each kind that may come to the person's roles.
    items: Vec<Choice>,
    /// E-mail is sent at all, and the person gave an address.
    email_reaches: bool,
    /// SMS are sent at all, and the person gave a number.
    sms_reaches: bool,
}

async fn choices(notices: &Notices, actor: &Actor<ReadNotices>) -> Result<Choices> {
    let conn = notices.app.db.read();
    let rows = row::Entity::find()
        .filter(row::Column::UserId.eq(actor.user_id()))
        .all(conn)
        .await?;
    let chosen: HashMap<String, Ways> = rows
        .into_iter()
        .map(|row| (row.kind.clone(), row.into()))
        .collect();
    let reached = address::of(conn, actor.user_id()).await?;
    let items = rules::that_may_reach(&actor.principal().roles).map(|rule| Choice {
        kind: rule.kind,
        duty: rule.duty,
        every_way: rule.every_way,
        urgency: rule.urgency,
        ways: chosen
            .get(rule.kind)
            .map_or_else(|| Ways::unless_chosen(rule), |chosen| chosen.within(rule)),
    });
    Ok(Choices {
        items: items.collect(),
        email_reaches: notices.outbox.goes(Way::Email, reached.as_ref()),
        sms_reaches: notices.outbox.goes(Way::Sms, reached.as_ref()),
    })
}

/// How notices come to the person.
#[utoipa::path(
    get, path = "/api/v1/notice-choices", tag = "notices",
    responses((status = 200, body = Choices)),
)]
pub(crate) async fn show(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
) -> Result<Json<Choices>> {
    choices(&notices, &actor).await.map(Json)
}

/// Another choice for one kind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeChosen)]
pub(crate) struct Chosen {
    /// `ticket_overdue`
    kind: String,
    /// How it shall come.
    ways: Ways,
}

/// Other choices; kinds that are not named stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeChoiceChange)]
pub(crate) struct ChoiceChange {
    /// At most one for each kind.
    items: Vec<Chosen>,
}

/// Chooses how notices come. 409 `duty_cannot_be_muted`: a duty always stands in the console, and what goes by
/// every way does so.
#[utoipa::path(
    put, path = "/api/v1/notice-choices", tag = "notices",
    request_body = ChoiceChange,
    responses(
        (status = 200, body = Choices), (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn choose(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
    Json(asked): Json<ChoiceChange>,
) -> Result<Json<Choices>> {
    for (at, chosen) in asked.items.iter().enumerate() {
        let field = format!("items[{at}].kind");
        let Some(rule) = rules::of_kind(&chosen.kind) else {
            return Err(invalid(&field, "unknown_kind", "no notice is of this kind"));
        };
        if chosen.ways != chosen.ways.within(rule) {
            let detail = format!("`{}` is a duty", rule.kind);
            return Err(refused("duty_cannot_be_muted", detail).with_field(field));
        }
        if asked.items[..at]
            .iter()
            .any(|other| other.kind == chosen.kind)
        {
            return Err(invalid(&field, "kind_twice", "a kind is chosen once"));
        }
    }
    let (app, who, user) = (notices.app.clone(), actor.who(), actor.user_id());
    let db = app.db.clone();
    db.write(async move |tx| {
        for chosen in &asked.items {
            save(&*tx, user, chosen, app.clock.now()).await?;
        }
        let kinds: Vec<&str> = asked.items.iter().map(|one| one.kind.as_str()).collect();
        let details = json!({ "kinds": kinds });
        audit::record(
            &app,
            &*tx,
            &who,
            "notice_choices.changed",
            "user",
            user,
            details,
        )
        .await
    })
    .await?;
    choices(&notices, &actor).await.map(Json)
}

async fn save(
    conn: &impl ConnectionTrait,
    user: Uuid,
    chosen: &Chosen,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    use row::Column::{ChosenAt, Console, Email, Kind, Sms, UserId};
    let choice = row::ActiveModel {
        user_id: Set(user),
        kind: Set(chosen.kind.clone()),
        console: Set(chosen.ways.console),
        email: Set(chosen.ways.email),
        sms: Set(chosen.ways.sms),
        chosen_at: Set(now),
    };
    let over = OnConflict::columns([UserId, Kind])
        .update_columns([Console, Email, Sms, ChosenAt])
        .to_owned();
    row::Entity::insert(choice)
        .on_conflict(over)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
