//! How a writer shows that a number is his own: a code that only he was given comes back over the number.
//!
//! [`start_proof`] gives a code that is shown in his conversation; he reads it out on the telephone. It proves the
//! number when we called it. On a call that came in anybody can pretend to have the number: then the code only
//! suggests. [`start_sms_proof`] gives a code for a text message to the number; he types it where he writes.
//!
//! A try is counted before it is looked at and has to be committed also when it fails: wrong codes are an
//! [`ProofOutcome`], not a problem.

use chrono::TimeDelta;
use kernel::audit::Who;
use kernel::masked::keyed_hash;
use kernel::problem::{Result, internal, invalid, not_found, refused, too_many};
use kernel::{App, Phone, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter,
    QueryOrder as _,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::link::{self, Line};
use super::store::{self, Basis};
use super::{LinkWhat, ProofKind, claim};
use crate::number::{NumberKind, normalise};
use crate::requester::store::{hash_of, row as requester_row};

kernel::table! {
    /// One code, from being given to its end.
    pub(crate) mod row = "requester_proofs" (id: Uuid) {
        requester_id: Uuid,
        way: String,
        code_hash: String,
        number_hash: Option<String>,
        number_sealed: Option<String>,
        started_at: DateTimeUtc,
        until_at: DateTimeUtc,
        tries: i32,
        state: String,
        finished_with: Option<Uuid>,
        finished_at: Option<DateTimeUtc>,
    }
}

kernel::table! {
    /// Tries of whoever reads codes out, since when.
    mod caller = "requester_proof_callers" (requester_id: Uuid) {
        since: DateTimeUtc,
        tries: i32,
    }
}

use row::Column;

/// How long a code holds, and how long wrong ones are remembered.
pub(crate) const HOLDS: TimeDelta = TimeDelta::minutes(15);
/// Tries at one code, and of one caller.
const TRIES: i32 = 5;
/// Codes that one writer gets in [`HOLDS`].
const CODES: u64 = 3;
/// Text messages to one number in an hour, and in a day, whoever asks: we trouble nobody for a stranger.
const MESSAGES: (u64, u64) = (3, 6);
/// Codes are forgotten after it.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

const OPEN: &str = "open";
const DONE: &str = "done";
const OVER: &str = "over";

/// Six digits for the person alone; in no log.
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// The digits, for the message to the person and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimeCode(***)")
    }
}

/// A code and the number it has to be sent to.
#[derive(Debug)]
pub struct SmsCode {
    /// The code.
    pub code: OneTimeCode,
    /// Where to.
    pub number: Phone,
}

/// Which way the call went that a code was read out on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallWay {
    /// We called the number: whoever speaks has it.
    WeCalled,
    /// It came in, with the number that whoever called says is his.
    CalledUs,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ProofOutcome {
    /// The number is his own: both requesters are one person.
    Proven {
        /// Who writes.
        writer: Uuid,
        /// Who has the number.
        caller: Uuid,
        /// The person.
        person_id: Uuid,
    },
    /// The code was right, on a call that came in: a suggestion.
    Suggested {
        /// Who writes.
        writer: Uuid,
        /// Who calls from the number.
        caller: Uuid,
    },
    /// No such code holds.
    Wrong {
        /// Tries left.
        left: i32,
    },
}

/// A wrong code as a refusal, once the try is on disk.
pub fn must_be_right(outcome: ProofOutcome) -> Result<ProofOutcome> {
    match outcome {
        ProofOutcome::Wrong { left } => Err(refused("proof_wrong_code", "no such code holds")
            .with_field("code")
            .with_way_out("ask for it again, or give a new one")
            .with("left", left)),
        done => Ok(done),
    }
}

/// A code for the conversation of this writer, to be read out on the telephone.
pub async fn start_proof(
    app: &App,
    tx: &impl ConnectionTrait,
    writer: Uuid,
) -> Result<OneTimeCode> {
    begin(app, tx, writer, ProofKind::Code, None).await
}

/// A code to be sent by text message to the number that this writer says is his. The caller sends it after the
/// transaction; the number is kept as his claim.
pub async fn start_sms_proof(
    app: &App,
    tx: &impl ConnectionTrait,
    writer: Uuid,
    number: &str,
) -> Result<SmsCode> {
    let number = normalise(number).filter(|number| number.kind == NumberKind::Mobile);
    let Some(number) = number else {
        return Err(invalid(
            "phone",
            "number_no_mobile",
            "a whole mobile number",
        ));
    };
    let hash = hash_of(app, &number);
    for (within, most) in [(TimeDelta::hours(1), MESSAGES.0), (FORGOTTEN, MESSAGES.1)] {
        let sent = row::Entity::find()
            .filter(Column::NumberHash.eq(hash.as_str()))
            .filter(Column::StartedAt.gt(app.clock.now() - within))
            .count(tx)
            .await?;
        if sent >= most {
            return Err(too_often());
        }
    }
    claim::note_claimed_number(app, tx, writer, &number.text).await?;
    let number = Phone::new(number.text);
    let to = Some((hash, number.clone()));
    let code = begin(app, tx, writer, ProofKind::Sms, to).await?;
    Ok(SmsCode { code, number })
}

async fn begin(
    app: &App,
    tx: &impl ConnectionTrait,
    writer: Uuid,
    way: ProofKind,
    to: Option<(String, Phone)>,
) -> Result<OneTimeCode> {
    let now = app.clock.now();
    let known = requester_row::Entity::find_by_id(writer).one(tx).await?;
    known.ok_or_else(|| not_found("requester"))?;
    row::Entity::delete_many()
        .filter(Column::UntilAt.lt(now - FORGOTTEN))
        .exec(tx)
        .await?;
    let given = row::Entity::find()
        .filter(Column::RequesterId.eq(writer))
        .filter(Column::StartedAt.gt(now - HOLDS))
        .count(tx)
        .await?;
    if given >= CODES {
        return Err(too_often());
    }
    // Of several codes the last one holds.
    row::Entity::update_many()
        .col_expr(Column::State, Expr::value(OVER))
        .filter(Column::RequesterId.eq(writer))
        .filter(Column::Way.eq(way.as_str()))
        .filter(Column::State.eq(OPEN))
        .exec(tx)
        .await?;
    let id = app.ids.next();
    let code = code(app)?;
    let sealed = match &to {
        Some((_, number)) => Some(app.key.seal(&app.ids, &label(id), number.reveal())?),
        None => None,
    };
    let made = row::ActiveModel {
        id: Set(id),
        requester_id: Set(writer),
        way: Set(way.as_str().to_owned()),
        code_hash: Set(code_hash(app, way, code.reveal())),
        number_hash: Set(to.map(|(hash, _)| hash)),
        number_sealed: Set(sealed),
        started_at: Set(now),
        until_at: Set(now + HOLDS),
        tries: Set(0),
        state: Set(OPEN.to_owned()),
        finished_with: Set(None),
        finished_at: Set(None),
    };
    row::Entity::insert(made).exec_without_returning(tx).await?;
    Ok(code)
}

/// What the agent types that the person on the telephone reads out. The requester of the call has a number, and the
/// caller of this function has made sure that the agent talks to him now.
pub async fn finish_proof(
    app: &App,
    tx: &Tx,
    who: &Who,
    said: &str,
    (caller, way): (Uuid, CallWay),
) -> Result<ProofOutcome> {
    must_have_number(&**tx, caller).await?;
    let left = count_try(app, tx, caller).await?;
    let hash = code_hash(app, ProofKind::Code, &digits(said));
    let open = row::Entity::find()
        .filter(Column::CodeHash.eq(hash))
        .filter(Column::State.eq(OPEN))
        .filter(Column::UntilAt.gt(app.clock.now()))
        .all(&**tx)
        .await?;
    // One code for two writers, though hardly ever: it speaks for neither.
    let [proof] = open.as_slice() else {
        return Ok(ProofOutcome::Wrong { left });
    };
    if !close(app, tx, proof.id, caller).await? {
        return Ok(ProofOutcome::Wrong { left });
    }
    caller::Entity::delete_by_id(caller).exec(&**tx).await?;
    let writer = proof.requester_id;
    match way {
        CallWay::WeCalled => prove(app, tx, who, (writer, caller), ProofKind::Code).await,
        CallWay::CalledUs => {
            let line = Line {
                what: LinkWhat::Suggested,
                from: writer,
                into: caller,
                proof: Some(ProofKind::Code),
                reason: None,
            };
            link::note(app, &**tx, who, line).await?;
            store::news(app, tx, line);
            Ok(ProofOutcome::Suggested { writer, caller })
        }
    }
}

/// What the writer types that was sent to the number.
pub async fn finish_sms_proof(
    app: &App,
    tx: &Tx,
    who: &Who,
    writer: Uuid,
    said: &str,
) -> Result<ProofOutcome> {
    let proof = row::Entity::find()
        .filter(Column::RequesterId.eq(writer))
        .filter(Column::Way.eq(ProofKind::Sms.as_str()))
        .filter(Column::State.eq(OPEN))
        .filter(Column::UntilAt.gt(app.clock.now()))
        .order_by_desc(Column::StartedAt)
        .one(&**tx)
        .await?;
    let none = || {
        refused("proof_none_open", "no code holds for this writer")
            .with_way_out("ask for a new one")
    };
    let proof = proof.ok_or_else(none)?;
    let counted = row::Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .filter(Column::Id.eq(proof.id))
        .filter(Column::State.eq(OPEN))
        .filter(Column::Tries.lt(TRIES))
        .exec(&**tx)
        .await?;
    if counted.rows_affected == 0 {
        return Err(none());
    }
    if code_hash(app, ProofKind::Sms, &digits(said)) != proof.code_hash {
        let left = Ord::max(TRIES - proof.tries - 1, 0);
        return Ok(ProofOutcome::Wrong { left });
    }
    let sealed = proof.number_sealed.as_deref().unwrap_or_default();
    let number = app.key.unseal(&label(proof.id), sealed)?;
    let number = Some(number);
    let whose = [crate::Caller { number, name: None }];
    let known = crate::find_or_create_many(app, &**tx, &whose).await?;
    let nobody = || internal("the requester of a proven number was not made");
    let caller = known.first().copied().ok_or_else(nobody)?;
    if !close(app, tx, proof.id, caller).await? {
        return Err(none());
    }
    prove(app, tx, who, (writer, caller), ProofKind::Sms).await
}

/// Both are one person from now on.
async fn prove(
    app: &App,
    tx: &Tx,
    who: &Who,
    (writer, caller): (Uuid, Uuid),
    kind: ProofKind,
) -> Result<ProofOutcome> {
    let person = store::rows_of(&**tx, caller).await?;
    let one = person.iter().any(|row| row.id == writer);
    let person_id = if one {
        store::group(&person).root
    } else {
        store::join(app, tx, who, (writer, caller), Basis::Proof(kind)).await?
    };
    store::mark_proven(app, tx, who, (writer, caller), kind).await?;
    Ok(ProofOutcome::Proven {
        writer,
        caller,
        person_id,
    })
}

/// Uses a code up; false when somebody was faster.
async fn close(app: &App, tx: &Tx, id: Uuid, with: Uuid) -> Result<bool> {
    let done = row::Entity::update_many()
        .col_expr(Column::State, Expr::value(DONE))
        .col_expr(Column::FinishedWith, Expr::value(with))
        .col_expr(Column::FinishedAt, Expr::value(app.clock.now()))
        .col_expr(Column::NumberSealed, Expr::value(None::<String>))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(OPEN))
        .exec(&**tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Counts a try of whoever reads codes out; answers how many are left, 429 when none is.
async fn count_try(app: &App, tx: &Tx, requester: Uuid) -> Result<i32> {
    use caller::Column;
    let now = app.clock.now();
    let first = caller::ActiveModel {
        requester_id: Set(requester),
        since: Set(now),
        tries: Set(0),
    };
    caller::Entity::insert(first)
        .on_conflict(
            OnConflict::column(Column::RequesterId)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(&**tx)
        .await?;
    caller::Entity::update_many()
        .col_expr(Column::Tries, Expr::value(0))
        .col_expr(Column::Since, Expr::value(now))
        .filter(Column::RequesterId.eq(requester))
        .filter(Column::Since.lte(now - HOLDS))
        .exec(&**tx)
        .await?;
    let counted = caller::Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .filter(Column::RequesterId.eq(requester))
        .filter(Column::Tries.lt(TRIES))
        .exec(&**tx)
        .await?;
    if counted.rows_affected == 0 {
        let detail = "too many wrong codes from this number; wait a quarter of an hour";
        return Err(too_many("proof_too_many_tries", detail));
    }
    let now = caller::Entity::find_by_id(requester).one(&**tx).await?;
    Ok(now.map_or(0, |row| TRIES - row.tries))
}

async fn must_have_number(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    let row = requester_row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("requester"))?;
    let own = [
        NumberKind::Mobile,
        NumberKind::Landline,
        NumberKind::Foreign,
    ];
    if row.phone.is_some() && own.iter().any(|kind| kind.as_str() == row.phone_kind) {
        return Ok(());
    }
    let detail = format!("requester `{id}` has no number of his own that could be proven");
    Err(refused("proof_no_number", detail))
}

fn too_often() -> kernel::Problem {
    too_many(
        "proof_too_many_codes",
        "too many codes were asked for; wait a quarter of an hour",
    )
    .with_way_out("the code sent last still holds")
}

/// Six digits, each as likely as any other.
fn code(app: &App) -> Result<OneTimeCode> {
    // 2⁶⁴ is so much more than a million that the remainder favours none.
    let drawn = u64::from_str_radix(&app.ids.secret(8), 16).map_err(internal)?;
    Ok(OneTimeCode(format!("{:06}", drawn % 1_000_000)))
}

/// `12 34 56` and full-width digits are 123456.
fn digits(said: &str) -> String {
    let plain = |char: char| match char {
        '０'..='９' => char::from_u32(u32::from(char) - 0xfee0),
        '0'..='9' => Some(char),
        _ => None,
    };
    said.chars().take(40).filter_map(plain).collect()
}

fn code_hash(app: &App, way: ProofKind, code: &str) -> String {
    keyed_hash(
        app.key.bytes(),
        &format!("requester_proof:{}:{code}", way.as_str()),
    )
}

fn label(id: Uuid) -> String {
    format!("requester_proof:{id}")
}
