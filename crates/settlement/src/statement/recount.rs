//! Counting a confirmed statement again by the attendance that holds now: every difference is a proposed
//! adjustment; what was proposed before and not decided gives way.

use std::collections::BTreeSet;

use axum::extract::State;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, refused};
use kernel::text::needed;
use kernel::{Actor, App, Tx, versioned};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::adjustment::{AdjustmentState, SettlementSide, all_decided, row, rows, tell};
use super::draw;
use super::http::Desk;
use super::store::{self, row as statement};
use super::view::{StatementDetail, detail};
use crate::contract;
use crate::rights::RecountStatements;
use crate::seat_fee::Line;
use crate::trail;

/// The route of the recount.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(recount))
        .with_state(desk.clone())
}

/// Why it is counted again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Recount {
    /// The version of the statement that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Either side counts a confirmed statement again by the attendance that holds now; every difference is a proposed
/// adjustment, on which the other side decides.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/recount", tag = "settlement", operation_id = "recount_statement",
    params(("id" = Uuid, Path)), request_body = Recount,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem)),
)]
async fn recount(
    actor: Actor<RecountStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<Recount>,
) -> Result<Json<StatementDetail>> {
    let reason = needed("reason", &request.reason)?;
    let side = SettlementSide::of(actor.principal());
    let (worker, who) = (desk.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let app = &worker.app;
            let found = store::get(&*tx, id).await?;
            contract::held(&tx, found.contract_id).await?;
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            if !before.case()?.is_confirmed() {
                let detail = "what is not confirmed is drawn anew";
                return Err(refused("statement_not_confirmed", detail));
            }
            // Read behind the lock: of two who count at once the second sees what the first found.
            let frozen = draw::frozen(&worker.attendance, &before).await?;
            let counted = draw::count_again(&*tx, &before, &frozen.records).await?;
            let known = rows(&*tx, vec![id]).await?;
            let found = differences(&tx, &before, &known, &counted).await?;
            let open = |one: &&row::Model| one.state == AdjustmentState::Proposed.as_str();
            let open: Vec<row::Model> = known.iter().filter(open).cloned().collect();
            if says_the_same(&open, &found) {
                let detail = "the attendance gives the same lines";
                return Err(refused("nothing_changed", detail));
            }
            // What was proposed and not decided gives way: differences do not build on each other.
            supersede(app, &tx, &who, open).await?;
            let decides = if found.is_empty() {
                Vec::new()
            } else {
                trail::holders(&*tx, side.other()).await?
            };
            propose(app, &tx, &who, side, (&reason, found)).await?;
            let after = versioned::save(app, &*tx, &before, before.clone()).await?;
            let what = ("recounted", Some(reason.as_str()));
            store::tell_to(app, &tx, &who, &after, what, decides).await?;
            all_decided(app, &tx, &who, id).await
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
}

/// A line with what stood until now and what is due by actual.
struct Difference {
    line: store::line::Model,
    before_fen: i64,
    now: Line,
}

/// Where the count of now differs from the confirmed lines with what was agreed since; of a line that was set aside
/// nothing stood.
async fn differences(
    tx: &Tx,
    statement: &statement::Model,
    known: &[row::Model],
    counted: &[Line],
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    for line in store::lines(&**tx, statement.id).await? {
        let known = known
            .iter()
            .filter(|one| one.line_id == line.id && one.is_agreed());
        let confirmed = if line.objected { 0 } else { line.amount_fen };
        let before_fen = confirmed + known.map(|one| one.delta_fen).sum::<i64>();
        let mut counted = counted.iter();
        let now = counted.find(|one| i64::from(one.month.n) == line.month && one.seat == line.seat);
        if let Some(now) = now.filter(|now| now.amount_fen != before_fen).cloned() {
            found.push(Difference {
                line,
                before_fen,
                now,
            });
        }
    }
    Ok(found)
}

/// What is open already says nothing else.
fn says_the_same(open: &[row::Model], found: &[Difference]) -> bool {
    let of_open: BTreeSet<(Uuid, i64)> = open
        .iter()
        .map(|one| (one.line_id, one.after_fen))
        .collect();
    let of_found = found.iter().map(|one| (one.line.id, one.now.amount_fen));
    of_found.collect::<BTreeSet<_>>() == of_open
}

/// Takes what was proposed back in favour of a newer count.
async fn supersede(app: &App, tx: &Tx, who: &Who, open: Vec<row::Model>) -> Result<()> {
    for before in open {
        let mut after = before.clone();
        AdjustmentState::Superseded
            .as_str()
            .clone_into(&mut after.state);
        let after = versioned::save(app, &**tx, &before, after).await?;
        tell(app, tx, who, &after, ("superseded", "")).await?;
    }
    Ok(())
}

async fn propose(
    app: &App,
    tx: &Tx,
    who: &Who,
    side: SettlementSide,
    (reason, found): (&str, Vec<Difference>),
) -> Result<()> {
    let at = app.clock.now();
    let mut rows = Vec::with_capacity(found.len());
    for one in found {
        let row = row::Model {
            id: app.ids.next(),
            statement_id: one.line.statement_id,
            line_id: one.line.id,
            month: one.line.month,
            seat: one.line.seat,
            before_fen: one.before_fen,
            after_fen: one.now.amount_fen,
            delta_fen: one.now.amount_fen - one.before_fen,
            body: serde_json::to_value(one.now).map_err(internal)?,
            reason: reason.to_owned(),
            state: AdjustmentState::Proposed.as_str().to_owned(),
            settled_in: None,
            receipt_no: None,
            proposed_by: who.user_id,
            proposed_side: side.as_str().to_owned(),
            proposed_at: at,
            updated_at: at,
            version: 1,
        };
        rows.push(row.into_active_model());
    }
    for some in rows.chunks(draw::AT_ONCE) {
        row::Entity::insert_many(some.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}
