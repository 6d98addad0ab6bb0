//! What a contract is counted by: the pro-rata method, what counts as 到岗 and from when the payment's time
//! runs, kept with the contract from its signature on. A later answer of the purchaser changes nothing by itself; he
//! takes it into the contract from the first day of a billing month on.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::{Actor, App, Tx, day, versioned, words};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::{ServiceContractDetail, detail};
use super::{ServiceContractState, price, row as contract};
use crate::presence::PresenceCount;
use crate::question::{self, OpenQuestion};
use crate::rights::SignContract;
use crate::seat_fee::{ProRata, RuleChange, Rules};
use crate::term::Month;

/// Rows of one contract that are read, the newest first; far more than its billing months.
const MOST: u64 = 200;

words! {
    /// From when the payment's time runs.
    PaymentStart {
        /// 确认与交票孰晚
        Later = "later",
        /// 确认之日
        Confirmation = "confirmation",
        /// 交票之日
        Invoice = "invoice",
    }
}

kernel::table! {
    mod row = "contract_counting" (id: Uuid) {
        contract_id: Uuid,
        from_day: String,
        method: String,
        payment_start: String,
        presence: Json,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
    }
}

/// What holds from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counting {
    /// The first day.
    pub from: NaiveDate,
    /// The pro-rata method.
    pub method: ProRata,
    /// What counts as 到岗.
    pub presence: Vec<PresenceCount>,
    /// From when the payment's time runs.
    pub payment_start: PaymentStart,
    /// Who of the purchaser took it into the contract.
    pub recorded_by: Option<Uuid>,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

impl Counting {
    /// By the answers that hold at `at`.
    async fn answered(
        conn: &impl ConnectionTrait,
        from: NaiveDate,
        at: DateTime<Utc>,
        by: Option<Uuid>,
    ) -> Result<Self> {
        let (method, presence) = question::fee_rules(conn, at).await?;
        let start = question::answer(conn, OpenQuestion::PaymentStart, at).await?;
        Ok(Self {
            from,
            method,
            presence,
            payment_start: PaymentStart::parse(&start)
                .ok_or_else(|| internal("no such start of the payment's time"))?,
            recorded_by: by,
            recorded_at: at,
        })
    }

    fn counts_like(&self, other: &Self) -> bool {
        self.method == other.method
            && self.presence == other.presence
            && self.payment_start == other.payment_start
    }

    fn read(row: row::Model) -> Result<Self> {
        let of = |what: &str| internal(format!("contract_counting {}: {what}", row.id));
        Ok(Self {
            from: day::read(&row.from_day)?,
            method: ProRata::parse(&row.method).ok_or_else(|| of("method"))?,
            payment_start: PaymentStart::parse(&row.payment_start).ok_or_else(|| of("start"))?,
            presence: serde_json::from_value(row.presence).map_err(internal)?,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        })
    }
}

/// What a contract is counted by, the earliest first; of two of the same day the one recorded last holds. A contract of
/// before this was kept is counted by the answers that held when it was signed.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    contract: &contract::Model,
) -> Result<Vec<Counting>> {
    let rows = row::Entity::find()
        .filter(row::Column::ContractId.eq(contract.id))
        .order_by_desc(row::Column::RecordedAt)
        .order_by_desc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?;
    let mut kept: BTreeMap<NaiveDate, Counting> = BTreeMap::new();
    for row in rows {
        let one = Counting::read(row)?;
        kept.entry(one.from).or_insert(one);
    }
    let begins = day::read(&contract.begins_on)?;
    if kept.first_key_value().is_none_or(|(first, _)| *first > begins) {
        let at = contract.signed_at.unwrap_or(contract.created_at);
        kept.insert(begins, Counting::answered(conn, begins, at, None).await?);
    }
    Ok(kept.into_values().collect())
}

/// The last of them that holds on a day.
pub(crate) fn on(kept: &[Counting], day: NaiveDate) -> Option<&Counting> {
    kept.iter().rfind(|one| one.from <= day)
}

/// What the fee of these months is counted by.
pub(crate) async fn rules(
    conn: &impl ConnectionTrait,
    contract: &contract::Model,
    months: &[Month],
) -> Result<Rules> {
    let kept = of(conn, contract).await?;
    let (Some(first), Some(last)) = (months.first(), months.last()) else {
        return Err(internal("a statement without months"));
    };
    let base = on(&kept, first.from).ok_or_else(|| internal("a contract counted by nothing"))?;
    let within = kept
        .iter()
        .filter(|one| first.from < one.from && one.from <= last.until);
    Ok(Rules {
        method: base.method,
        seats: contract.seats,
        presence: base.presence.clone(),
        prices: price::table(&price::of_one(conn, contract.id).await?)?,
        changes: within
            .map(|one| RuleChange {
                from: one.from,
                method: one.method,
                presence: one.presence.clone(),
            })
            .collect(),
    })
}

/// Keeps what holds now with a contract that is signed.
pub(crate) async fn keep(
    app: &App,
    tx: &Tx,
    who: &Who,
    contract: Uuid,
    from: NaiveDate,
) -> Result<()> {
    let now = app.clock.now();
    let counting = Counting::answered(&**tx, from, now, who.user_id).await?;
    write(app, tx, contract, counting).await
}

async fn write(app: &App, tx: &Tx, contract: Uuid, counting: Counting) -> Result<()> {
    let row = row::Model {
        id: app.ids.next(),
        contract_id: contract,
        from_day: day::text(counting.from),
        method: counting.method.as_str().to_owned(),
        payment_start: counting.payment_start.as_str().to_owned(),
        presence: json!(counting.presence),
        recorded_by: counting.recorded_by,
        recorded_at: counting.recorded_at,
    };
    row::Entity::insert(row.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Whether the contract that runs now, else the one signed last, is counted by other than the answers that hold.
pub(crate) async fn differs(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Differs> {
    let signed = contract::Entity::find()
        .filter(contract::Column::State.eq(ServiceContractState::Signed.as_str()))
        .filter(contract::Column::BeginsOn.lte(day::text(day::of(at))))
        .order_by_desc(contract::Column::BeginsOn)
        .one(conn)
        .await?;
    let Some(signed) = signed else {
        return Ok(Differs::default());
    };
    let kept = of(conn, &signed).await?;
    let answered = Counting::answered(conn, day::of(at), at, None).await?;
    let Some(kept) = kept.last() else {
        return Ok(Differs::default());
    };
    Ok(Differs {
        method: kept.method != answered.method,
        presence: kept.presence != answered.presence,
        payment_start: kept.payment_start != answered.payment_start,
    })
}

/// In what a contract differs from the answers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Differs {
    method: bool,
    presence: bool,
    payment_start: bool,
}

impl Differs {
    /// Whether the answer to this question is not what the contract is counted by.
    pub(crate) fn about(self, question: OpenQuestion) -> bool {
        match question {
            OpenQuestion::ProRata => self.method,
            OpenQuestion::Presence | OpenQuestion::EmergencyOvertime => self.presence,
            OpenQuestion::PaymentStart => self.payment_start,
            _ => false,
        }
    }
}

/// What a contract is counted by from a day on.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountingView {
    /// The first day.
    pub from_day: NaiveDate,
    /// The pro-rata method.
    pub method: ProRata,
    /// From when the payment's time runs.
    pub payment_start: PaymentStart,
    /// What counts as 到岗.
    pub presence: Vec<PresenceCount>,
    /// When it was taken into the contract.
    pub recorded_at: DateTime<Utc>,
    /// Who of the purchaser did.
    pub recorded_by: Option<String>,
}

pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    contract: &contract::Model,
) -> Result<Vec<CountingView>> {
    let kept = of(conn, contract).await?;
    let people = kept.iter().filter_map(|one| one.recorded_by);
    let people = organization::colleagues(conn, people).await?;
    let views = kept.into_iter().map(|one| CountingView {
        from_day: one.from,
        method: one.method,
        payment_start: one.payment_start,
        presence: one.presence,
        recorded_at: one.recorded_at,
        recorded_by: one
            .recorded_by
            .and_then(|id| people.get(&id))
            .map(|person| person.name.clone()),
    });
    Ok(views.collect())
}

/// The route of the counting.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(adopt))
        .with_state(app.clone())
}

/// From when the answers are to hold in the contract.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdoptAnswers {
    /// The version of the contract that was read.
    version: i64,
    /// The first day of one of its billing months.
    from_day: NaiveDate,
}

/// The purchaser takes the answers that hold now into the contract; refused for days of a confirmed statement.
#[utoipa::path(
    post, path = "/api/v1/service-contracts/{id}/counting", tag = "settlement", operation_id = "adopt_contract_counting",
    params(("id" = Uuid, Path)), request_body = AdoptAnswers,
    responses((status = 200, body = ServiceContractDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn adopt(
    actor: Actor<SignContract>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<AdoptAnswers>,
) -> Result<Json<ServiceContractDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(super::held(&tx, id).await?, request.version)?;
            before.must_be_signed()?;
            let mut months = before.billing_months()?.into_iter();
            if !months.any(|month| month.from == request.from_day) {
                let detail = "the first day of a billing month of the contract";
                return Err(invalid("from_day", "not_a_month_begin", detail));
            }
            let kept = of(&*tx, &before).await?;
            let now = app.clock.now();
            let new = Counting::answered(&*tx, request.from_day, now, who.user_id).await?;
            let later = kept.iter().filter(|one| one.from >= request.from_day);
            let same = on(&kept, request.from_day).is_some_and(|held| held.counts_like(&new));
            if same && later.clone().all(|one| one.counts_like(&new)) {
                let detail = "the contract is counted by these answers already";
                return Err(refused("counting_unchanged", detail));
            }
            super::redraw_from(&app, &tx, id, &day::text(request.from_day)).await?;
            // What was to hold later gives way to the answers of today.
            for one in later.filter(|one| one.from != request.from_day) {
                let from = one.from;
                write(&app, &tx, id, Counting { from, ..new.clone() }).await?;
            }
            write(&app, &tx, id, new).await?;
            let after = versioned::save(&app, &*tx, &before, before.clone()).await?;
            super::tell(&app, &tx, &who, &after, "counting_changed").await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await.map(Json)
}
