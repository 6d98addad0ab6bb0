//! A contact that came without a machine (来访, 来信): its record is written by hand and complete at once.

use kernel::audit::Who;
use kernel::problem::{Result, internal, invalid};
use kernel::{App, Scope, Tx};
use sea_orm::Condition;
use uuid::Uuid;

use super::store::{self, Beginning, row, row::Column};
use super::{WrapUp, complete};
use crate::ticket::act::Hand;
use crate::ticket::draft;
use crate::words::{ContactResult, RequestType};

/// What is noted.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The channel's code.
    pub channel: String,
    /// The queue it counts in.
    pub queue: Option<String>,
    /// The requester's number.
    pub phone: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// 诉求类型, its code.
    pub request_type: Option<String>,
    /// Code of the matter.
    pub matter: Option<String>,
    /// 处理结果, its code.
    pub result: String,
    /// 摘要
    pub summary: String,
    /// The open ticket it is attached to.
    pub ticket_id: Option<Uuid>,
}

/// Writes it down for the agent who was there; he is the first owner of what it opens.
pub async fn note(app: &App, who: Who, agent: Uuid, noted: Noted) -> Result<row::Model> {
    let (db, app) = (app.db.clone(), app.clone());
    db.write(move |tx| async move { Box::pin(write(&app, &tx, &who, agent, noted)).await })
        .await
}

async fn write(app: &App, tx: &Tx, who: &Who, agent: Uuid, noted: Noted) -> Result<row::Model> {
    let unknown = |field: &'static str, code: &'static str| invalid(field, code, "no such word");
    let request_type = match noted.request_type.as_deref() {
        None => None,
        Some(code) => Some(
            RequestType::parse(code)
                .ok_or_else(|| unknown("request_type", "request_type_unknown"))?,
        ),
    };
    let result = ContactResult::parse(&noted.result)
        .ok_or_else(|| unknown("result", "contact_result_unknown"))?;
    let now = app.clock.now();
    let caller = requesters::Caller {
        number: noted.phone,
        name: noted.name,
    };
    let requester = requesters::find_or_create_many(app, &**tx, &[caller]).await?;
    let requester = requester
        .into_iter()
        .next()
        .ok_or_else(|| internal("a requester vanished while being made"))?;
    requesters::note_contact(app, &**tx, requester).await?;
    let call = app.ids.next();
    let beginning = Beginning {
        call,
        medium: "manual".to_owned(),
        channel: noted.channel,
        direction: "inbound".to_owned(),
        queue: noted.queue,
        requester,
        at: now,
        source: "shoujie".to_owned(),
    };
    store::begin(&**tx, beginning).await?;
    let any = || None::<Condition>;
    store::note(&**tx, call, Column::AgentId, agent, any()).await?;
    store::note(&**tx, call, Column::AnsweredAt, now, any()).await?;
    store::note(&**tx, call, Column::EndedAt, now, any()).await?;
    store::note(&**tx, call, Column::Outcome, "answered", any()).await?;
    let origin = draft::Origin {
        call,
        requester,
        agent,
        at: now,
    };
    let hand = Hand::of(app, tx, who).await?;
    draft::open(&hand, origin).await?;
    let wrap_up = WrapUp {
        request_type,
        matter: noted.matter,
        result: Some(result),
        summary: noted.summary,
        articles: Vec::new(),
        ticket_id: noted.ticket_id,
    };
    complete::complete(app, tx, who, &Scope::All, (call, None), wrap_up).await
}
