//! The rows of returns, their lines, and who is told of each step.

use std::collections::BTreeSet;

use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, not_found};
use kernel::rights::Permission as _;
use kernel::versioned::{self, Versioned as _};
use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Audience, Principal, Role, Tx, words};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Action, Case, ReturnState};
use crate::rights::{AcceptReturns, ViewCarried};

const KIND: &str = "data_return";
/// Who is told: both sides, and who runs the machine.
const TOLD: &[Role] = &[
    Role::OpsManager,
    Role::Liaison,
    Role::PurchaserAdmin,
    Role::Counterpart,
    Role::SysAdmin,
];
/// Lines of one return at most: one for each kind of information and each medium.
const MOST_LINES: u64 = 500;

words! {
    /// What a line of the certificate says.
    ReturnLineKind {
        /// 已删除: by the job of the system.
        Deleted = "deleted",
        /// 保全中: a hold keeps it.
        Held = "held",
        /// 依法保留
        Kept = "kept",
        /// 系统以外的介质: by hand.
        Medium = "medium",
    }
}

kernel::table! {
    /// One return. What the rules see of it is a [`Case`].
    pub mod row = "data_returns" (id: Uuid) {
        number: String,
        export_id: Uuid,
        contract_ended_on: String,
        state: String,
        unsaid: i64,
        handed: Json,
        manifest_sha256: String,
        offered_by: Option<Uuid>,
        offered_at: DateTimeUtc,
        received_by: Option<Uuid>,
        received_at: Option<DateTimeUtc>,
        received_note: Option<String>,
        deletion_by: Option<Uuid>,
        deletion_at: Option<DateTimeUtc>,
        deleted_at: Option<DateTimeUtc>,
        signed_by: Option<Uuid>,
        signed_at: Option<DateTimeUtc>,
        accepted_by: Option<Uuid>,
        accepted_at: Option<DateTimeUtc>,
        sent_back: Option<String>,
        path: Option<String>,
        bytes: Option<i64>,
        sha256: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One line of a certificate.
    pub mod line = "data_return_lines" (return_id: Uuid, kind: String, code: String) {
        what: String,
        rows: Option<i64>,
        files: Option<i64>,
        how: String,
        until_day: Option<String>,
        done_on: String,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
    }
}

kernel::versioned!(row, |back| format!("data return `{}`", back.number));

/// One kind of record that was handed over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HandedRecords {
    /// Its name, that of its table.
    pub name: String,
    /// The same in Chinese.
    pub title: String,
    /// How many.
    pub rows: u64,
}

/// One file that was handed over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HandedFile {
    /// Its path in the folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// What was handed over, kept when the folder itself is deleted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct HandedOver {
    /// The records, by kind.
    pub records: Vec<HandedRecords>,
    /// The files of the records and the lists; recordings and attachments stand in the manifest and in `SHA256SUMS`.
    pub files: Vec<HandedFile>,
    /// Recordings and attachments.
    pub attachments: u64,
    /// Bytes of everything.
    pub bytes: u64,
}

impl row::Model {
    /// The return as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = ReturnState::parse(&self.state)
            .ok_or_else(|| internal(format!("{} has no valid state", self.number)))?;
        Ok(Case {
            state,
            unsaid: u8::try_from(self.unsaid).map_err(internal)?,
        })
    }

    pub(super) fn with_case(mut self, case: Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.unsaid = case.unsaid.into();
        self
    }

    /// What was handed over.
    pub fn handed(&self) -> Result<HandedOver> {
        serde_json::from_value(self.handed.clone()).map_err(internal)
    }
}

pub(super) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).one(conn).await?;
    found.ok_or_else(|| not_found("data return"))
}

/// One that is under way: there is never a second.
pub(super) async fn under_way(conn: &impl ConnectionTrait) -> Result<Option<row::Model>> {
    let over = [ReturnState::Closed, ReturnState::Withdrawn].map(ReturnState::as_str);
    let open = row::Entity::find().filter(row::Column::State.is_not_in(over));
    Ok(open.one(conn).await?)
}

/// The lines of a certificate, in its order.
pub(super) async fn lines(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<line::Model>> {
    let rows = line::Entity::find()
        .filter(line::Column::ReturnId.eq(id))
        .order_by_asc(line::Column::At)
        .order_by_asc(line::Column::Code)
        .limit(MOST_LINES)
        .all(conn)
        .await?;
    Ok(rows)
}

/// Writes a line over the one that said it before.
pub(super) async fn say(conn: &impl ConnectionTrait, row: line::Model) -> Result<()> {
    let same = [
        line::Column::ReturnId,
        line::Column::Kind,
        line::Column::Code,
    ];
    let told = [
        line::Column::What,
        line::Column::Rows,
        line::Column::Files,
        line::Column::How,
        line::Column::UntilDay,
        line::Column::DoneOn,
        line::Column::At,
        line::Column::ById,
    ];
    line::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::columns(same).update_columns(told).to_owned())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Does `action` to a return as it was read.
pub(super) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (action, what): (Action, &str),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(&action).map_err(|why| {
        why.about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, what).await?;
    Ok(after)
}

/// Audit trail, event `data_return.{what}` and live news.
pub(super) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let named = format!("{KIND}.{what}");
    let details = json!({
        "number": row.number, "state": row.state, "manifest_sha256": row.manifest_sha256, "sha256": row.sha256,
    });
    audit::record(app, &**tx, who, &named, KIND, row.id, details).await?;
    let mut recipients = BTreeSet::new();
    for role in TOLD {
        let held = organization::colleagues::holders(&**tx, *role).await?;
        recipients.extend(held.into_iter().map(|person| person.id));
    }
    if let Some(own) = who.user_id {
        recipients.remove(&own);
    }
    let facts = json!({
        "id": row.id, "number": row.number, "state": row.state, "version": row.version, "by": who.user_id,
        "at": app.clock.now(), "recipients": recipients,
    });
    app.events.publish(tx, &named, row.id, facts).await?;
    let news = json!({ "id": row.id, "what": what });
    let audience = Audience::Permission(ViewCarried::CODE);
    app.live.publish_after(tx, audience, "carry", news);
    Ok(())
}

/// Returns that wait for the purchaser: to say that he holds the data, to sign.
pub(crate) fn waiting(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(KIND, move |person: Principal| {
        let app = app.clone();
        async move {
            if !person.may::<AcceptReturns>() {
                return Ok(Vec::new());
            }
            let his = [ReturnState::Offered, ReturnState::Signed].map(ReturnState::as_str);
            let rows = row::Entity::find()
                .filter(row::Column::State.is_in(his))
                .order_by_asc(row::Column::UpdatedAt)
                .limit(MOST)
                .all(app.db.read())
                .await?;
            let waiting = rows.into_iter().map(|row| Waiting {
                kind: KIND,
                id: row.id,
                title: row.contract_ended_on,
                number: Some(row.number),
                section: None,
                since: row.updated_at,
                due_at: None,
                page: format!("/data-returns?open={}", row.id),
                consent: None,
            });
            Ok(waiting.collect())
        }
    })
}
