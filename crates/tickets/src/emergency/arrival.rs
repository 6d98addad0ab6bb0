//! The proof of arrival of what was told of an emergency: it left, it was shown, somebody says he has it.

use kernel::audit::Who;
use kernel::problem::{Result, internal, refused};
use kernel::{App, Event, EventHandler, Tx};
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::Uuid;

use super::store::{ON_DUTY, get};
use crate::trail::{CONSOLE, Subject as _, notice_row};

/// Recipients of the first report of whom no way has proof of arrival.
pub(crate) async fn unreached(conn: &impl ConnectionTrait, emergency: Uuid) -> Result<Vec<Uuid>> {
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

pub(crate) async fn names(conn: &impl ConnectionTrait, people: &[Uuid]) -> Result<String> {
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
        let scribe = emergency.scribe(app, tx, who);
        scribe.line(what, None).await?;
        let mut told = emergency.news(what);
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
