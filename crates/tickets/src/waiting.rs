//! What waits for the purchaser: answers to be signed off (§A.6 item 11) and 请示 to be answered.

use std::collections::HashMap;

use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result, Scope};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use crate::SignOffTickets;
use crate::instruction::store::row as instruction;
use crate::rights::ReplyInstructions;
use crate::section;
use crate::ticket::life::State;
use crate::ticket::store::row as ticket;
use crate::ticket::viewer::Viewer;

const SIGN_OFF: &str = "ticket_sign_off";
const INSTRUCTION: &str = "instruction";

/// The kinds of decisions about requests.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    let (answers, instructions) = (app.clone(), app.clone());
    vec![
        WaitingKind::new(SIGN_OFF, move |person| {
            let app = answers.clone();
            async move { answers_of(&app, &person).await }
        }),
        WaitingKind::new(INSTRUCTION, move |person| {
            let app = instructions.clone();
            async move { instructions_of(&app, &person).await }
        }),
    ]
}

async fn answers_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<SignOffTickets>() {
        return Ok(Vec::new());
    }
    let viewer = Viewer::new(app, person, Scope::All).await?;
    let rows = viewer
        .tickets()
        .filter(ticket::Column::State.eq(State::PendingReview.as_str()))
        .order_by_asc(ticket::Column::DueAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: SIGN_OFF,
        id: row.id,
        title: if row.title.is_empty() {
            row.summary
        } else {
            row.title
        },
        number: Some(row.number),
        section: row.section,
        since: row.updated_at,
        due_at: Some(row.due_at),
        page: format!("/tickets/{}", row.id),
        consent: Some(Consent {
            path: format!("/api/v1/tickets/{}/sign-off", row.id),
            body: json!({ "version": row.version, "action": "approve" }),
        }),
    });
    Ok(waiting.collect())
}

/// Those addressed to his section, or to anybody where he is the purchaser's administrator.
async fn instructions_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<ReplyInstructions>() {
        return Ok(Vec::new());
    }
    let conn = app.db.read();
    let rows = instruction::Entity::find()
        .filter(instruction::Column::State.eq("submitted"))
        .order_by_asc(instruction::Column::DueAt)
        .limit(MOST)
        .all(conn)
        .await?;
    let today = section::today(app.clock.now());
    // One question for each section, of which there are a few.
    let mut his: HashMap<Option<String>, bool> = HashMap::new();
    let mut waiting = Vec::new();
    for row in rows {
        let known = his.get(&row.section).copied();
        let mine = if let Some(mine) = known {
            mine
        } else {
            let to = row.section.as_deref();
            let mine = section::store::may_answer(conn, person, to, today).await?;
            his.insert(row.section.clone(), mine);
            mine
        };
        if mine {
            waiting.push(Waiting {
                kind: INSTRUCTION,
                id: row.id,
                number: row.number,
                title: row.title,
                section: row.section,
                since: row.submitted_at.unwrap_or(row.created_at),
                due_at: row.due_at,
                page: format!("/instructions/{}", row.id),
                consent: None,
            });
        }
    }
    Ok(waiting)
}
