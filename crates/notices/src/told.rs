//! From an event to notices and what goes out of them, in one transaction. A handler runs at least once; the
//! unique index on event, person and kind makes it tell once.

use kernel::problem::Result;
use kernel::{Audience, Event, Role, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::notice::http::NoticeView;
use crate::notice::{self, row};
use crate::outbox::{self, Way};
use crate::rules::{RULES, Rule, SETTLED, To};
use crate::{Notices, address, choice};

/// Facts of an event that a notice keeps. Texts and people stay out: a notice outlives what is masked.
const KEPT: &[&str] = &[
    "number",
    "due_at",
    "priority",
    "section",
    "state",
    "ticket_id",
];

pub(crate) async fn on_event(notices: Notices, event: Event) -> Result<()> {
    let rules: Vec<&Rule> = RULES
        .iter()
        .filter(|rule| rule.is_about(&event.kind, &event.payload))
        .collect();
    let settled: Vec<&str> = SETTLED
        .iter()
        .filter(|(kind, _)| *kind == event.kind)
        .flat_map(|(_, kinds)| kinds.iter().copied())
        .collect();
    // What came with many others is told once, by the event of the whole.
    let one_of_many = event.payload["many"].as_u64().is_some_and(|many| many > 1);
    let rules = if one_of_many { Vec::new() } else { rules };
    if rules.is_empty() && settled.is_empty() {
        return Ok(());
    }
    // Somebody else's answer is not waited for inside the transaction.
    let on_duty = if rules.iter().any(|rule| rule.to.contains(&To::Section)) {
        notices.on_duty(event.payload["section"].as_str()).await?
    } else {
        Vec::new()
    };
    let db = notices.app.db.clone();
    db.write(async move |tx| {
        let now = notices.app.clock.now();
        let until = event.occurred_at;
        if !settled.is_empty() {
            for user in notice::settle(&*tx, &event.subject_id, &settled, until, now).await? {
                notice::tell_read(&notices.app.live, &tx, user);
            }
        }
        for rule in rules {
            for user in recipients(&*tx, rule, &event.payload, &on_duty).await? {
                tell(&notices, &tx, rule, &event, user).await?;
            }
        }
        Ok(())
    })
    .await
}

/// Who is told, each once. Nobody is told of what he did himself, and nobody of a complaint about himself.
async fn recipients(
    conn: &impl ConnectionTrait,
    rule: &Rule,
    payload: &Value,
    on_duty: &[Uuid],
) -> Result<Vec<Uuid>> {
    let mut people = Vec::new();
    for to in rule.to {
        if let Some(list) = to.list() {
            let named = payload[list].as_array();
            people.extend(named.into_iter().flatten().filter_map(id));
            continue;
        }
        let named = to.facts().iter().find_map(|fact| id(&payload[*fact]));
        if let Some(person) = named {
            people.push(person);
        } else if *to == To::Section && !on_duty.is_empty() {
            people.extend_from_slice(on_duty);
        } else if *to == To::Section {
            people.extend(holders(conn, Role::PurchaserBusiness).await?);
        } else if let Some(role) = to.role() {
            people.extend(holders(conn, role).await?);
        }
    }
    let left_out = ["by", "complained_agent_id"].map(|fact| id(&payload[fact]));
    people.retain(|person| !left_out.contains(&Some(*person)));
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

async fn holders(conn: &impl ConnectionTrait, role: Role) -> Result<Vec<Uuid>> {
    let people = organization::colleagues::holders(conn, role).await?;
    Ok(people.into_iter().map(|person| person.id).collect())
}

fn id(fact: &Value) -> Option<Uuid> {
    fact.as_str()?.parse().ok()
}

async fn tell(
    notices: &Notices,
    tx: &Tx,
    rule: &'static Rule,
    event: &Event,
    user: Uuid,
) -> Result<()> {
    let app = &notices.app;
    let chosen = choice::of(&**tx, user, rule).await?;
    let reached = address::of(&**tx, user).await?;
    let ways: Vec<Way> = Way::ALL
        .iter()
        .copied()
        .filter(|way| chosen.has(*way) && notices.outbox.goes(*way, reached.as_ref()))
        .collect();
    if ways.is_empty() {
        return Ok(());
    }
    let told = row::Model {
        id: app.ids.next(),
        event_id: event.id,
        user_id: user,
        kind: rule.kind.to_owned(),
        subject_kind: subject_kind(&event.kind).to_owned(),
        subject_id: event.subject_id.clone(),
        parameters: parameters(&event.payload),
        urgency: rule.urgency.as_str().to_owned(),
        in_console: ways.contains(&Way::Console),
        at: event.occurred_at,
        read_at: None,
        done_at: None,
        place: notice::unread_place(event.occurred_at),
    };
    if !insert(&**tx, &told).await? {
        return Ok(());
    }
    for way in ways {
        outbox::put(app, &**tx, &told, way).await?;
    }
    let (wake, live) = (notices.outbox.wake.clone(), app.live.clone());
    tx.on_commit(move || {
        wake.ring();
        if told.in_console {
            let news = json!({ "what": "new", "notice": NoticeView::from(told) });
            live.publish(Audience::User(user), "notice", news);
        }
    });
    Ok(())
}

/// False when it was told before.
async fn insert(conn: &impl ConnectionTrait, told: &row::Model) -> Result<bool> {
    let made = row::ActiveModel {
        id: Set(told.id),
        event_id: Set(told.event_id),
        user_id: Set(told.user_id),
        kind: Set(told.kind.clone()),
        subject_kind: Set(told.subject_kind.clone()),
        subject_id: Set(told.subject_id.clone()),
        parameters: Set(told.parameters.clone()),
        urgency: Set(told.urgency.clone()),
        in_console: Set(told.in_console),
        at: Set(told.at),
        read_at: Set(None),
        done_at: Set(None),
        place: Set(told.place.clone()),
    };
    let once = OnConflict::columns([row::Column::EventId, row::Column::UserId, row::Column::Kind])
        .do_nothing()
        .to_owned();
    let inserted = row::Entity::insert(made)
        .on_conflict(once)
        .exec_without_returning(conn)
        .await?;
    Ok(inserted > 0)
}

/// `ticket.alarm` is about a ticket, `contact.owed` about a contact record, `learning.exam_passed` about a try.
fn subject_kind(event: &str) -> &str {
    match event.split_once('.') {
        Some(("contact", _)) => "contact_record",
        Some(("recording", _)) => "call",
        Some(("work_orders", _)) => "work_order_import",
        Some(("learning", what)) if what.starts_with("exam") => "exam_attempt",
        Some(("learning", what)) if what.starts_with("certificate") => "certificate",
        Some(("learning", _)) => "training_session",
        Some((subject, _)) => subject,
        None => event,
    }
}

fn parameters(payload: &Value) -> Value {
    let kept = KEPT.iter().filter_map(|fact| {
        let value = payload.get(*fact).filter(|value| !value.is_null())?;
        Some(((*fact).to_owned(), value.clone()))
    });
    Value::Object(kept.collect())
}
