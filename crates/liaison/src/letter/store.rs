//! The rows of letters: the number with the signature, the clock, who is told of each step.

use calendar::DeadlineRule;
use chrono::Datelike as _;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Side, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, LetterState, Moment, Terms};
use crate::trail::{self, Scribe, Seen};
use crate::{agreed, side};
use kernel::day;

kernel::table! {
    /// One letter. What the rules see of it is a [`Case`].
    pub mod row = "letters" (id: Uuid) {
        from_side: String,
        number: Option<String>,
        year: Option<i32>,
        seq: Option<i32>,
        title: String,
        to_name: String,
        cc: Json,
        secrecy: String,
        urgency: String,
        body: Json,
        template: Option<String>,
        reply_days: Option<i32>,
        in_reply_to: Option<Uuid>,
        replied_with: Option<Uuid>,
        author_id: Option<Uuid>,
        reviewed_by: Option<Uuid>,
        signed_by: Option<Uuid>,
        signed_at: Option<DateTimeUtc>,
        sealed_by: Option<Uuid>,
        sealed_at: Option<DateTimeUtc>,
        sha256: Option<String>,
        sent_by: Option<Uuid>,
        sent_at: Option<DateTimeUtc>,
        received_by: Option<Uuid>,
        received_at: Option<DateTimeUtc>,
        void_reason: Option<String>,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        due_rule: Option<String>,
        next_alarm_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |letter| format!(
    "letter `{}`",
    letter.number.as_deref().unwrap_or(&letter.title)
));

impl row::Model {
    /// The letter as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = LetterState::parse(&self.state)
            .ok_or_else(|| internal(format!("letter {} has no valid state", self.id)))?;
        Ok(Case {
            state,
            from: self.from(),
            reviewed: self.reviewed_by.is_some(),
            numbered: self.number.is_some(),
            wants_reply: self.reply_days.is_some(),
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    /// Whose it is.
    pub fn from(&self) -> Side {
        side::read(&self.from_side)
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self.overdue = case.overdue;
        self
    }

    /// Who may know of it: its own side until it is sent.
    pub(crate) fn seen(&self) -> Seen {
        if self.sent_at.is_some() {
            Seen::Both
        } else {
            Seen::Only(self.from())
        }
    }
}

/// The letters a side may see: its own, and those that were sent to it.
pub(crate) fn visible_to(of: Side) -> Condition {
    Condition::any()
        .add(Column::FromSide.eq(side::text(of)))
        .add(Column::SentAt.is_not_null())
}

/// What a list of letters may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// True: those the own side writes; false: those it was sent.
    pub own: Option<bool>,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
    /// Only those that are late.
    pub overdue: Option<bool>,
    /// Only those numbered in this year.
    pub year: Option<i32>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    of: Side,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let own = |own: bool| {
        if own {
            Column::FromSide.eq(side::text(of))
        } else {
            Column::FromSide.ne(side::text(of))
        }
    };
    let state = filter.state.as_deref();
    let narrowed = Condition::all()
        .add(visible_to(of))
        .add_option(filter.own.map(own))
        .add_option(state.map(|state| Column::State.eq(state)))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(filter.year.map(|year| Column::Year.eq(year)))
        .add_option(query.words_in(&[Column::Title, Column::Number, Column::ToName])?);
    let select = row::Entity::find().filter(narrowed);
    let sortable = [("created_at", Column::CreatedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// A letter that `of` may see.
pub(crate) async fn get(conn: &impl ConnectionTrait, of: Side, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(visible_to(of))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("letter"))
}

/// Any letter, for what the system itself does.
pub(crate) async fn any(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("letter"))
}

/// The id of the rule by which the reply to a letter is due.
fn reply_rule(letter: &row::Model) -> Result<Option<DeadlineRule>> {
    let days = letter.reply_days.map(u16::try_from).transpose();
    let days = days.map_err(internal)?;
    Ok(days.map(|days| DeadlineRule::working_days(format!("letter:{}", letter.id), days)))
}

async fn terms(app: &App, tx: &Tx, letter: &row::Model) -> Result<Terms> {
    Ok(Terms {
        receipt: agreed::term(&**tx, "letter.receipt", app.clock.now()).await?,
        reply: reply_rule(letter)?,
    })
}

/// Does `action` to a letter as it was read, for side `by`; the signature takes its number in the same transaction,
/// so that a number is taken if and only if a letter is signed.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    (who, by): (&Who, Side),
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model) -> Result<()>,
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx, before).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(by, action, &moment);
    let case = case.map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case);
    after.due_rule = match (action, case.due_at) {
        (_, None) => None,
        (Action::Send, _) => Some(rules.receipt.id.clone()),
        (Action::Receive, _) => rules.reply.as_ref().map(|rule| rule.id.clone()),
        _ => before.due_rule.clone(),
    };
    if case.numbered && before.number.is_none() {
        number(app, tx, &mut after).await?;
    }
    more(&mut after)?;
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, (what, note)).await?;
    Ok(after)
}

/// The next number of the side's year; who signs in the same year waits for the other.
async fn number(app: &App, tx: &Tx, letter: &mut row::Model) -> Result<()> {
    let now = app.clock.now();
    let year = day::of(now).year();
    let series = format!("letter/{}/{year}", letter.from_side);
    let seq = numbers::next_many(&**tx, series, 1).await?;
    let mark = agreed::mark(&**tx, letter.from(), now).await?;
    letter.number = Some(format!("{mark}〔{year}〕{seq}号"));
    letter.year = Some(year);
    letter.seq = Some(i32::try_from(seq).map_err(internal)?);
    Ok(())
}

/// Writes a step down and tells whom it concerns.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    letter: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let from = letter.from();
    let told = match what {
        "sent" => trail::desk(&**tx, side::other(from)).await?,
        "overdue" => trail::both_desks(&**tx).await?,
        "submitted" | "returned" | "received" | "replied" => trail::desk(&**tx, from).await?,
        "voided" if letter.sent_at.is_some() => trail::desk(&**tx, side::other(from)).await?,
        _ => Vec::new(),
    };
    // A title leaves the house in no notice.
    let facts = json!({
        "number": letter.number.as_deref().unwrap_or("—"), "state": letter.state,
        "version": letter.version, "due_at": letter.due_at, "sha256": letter.sha256,
        "originator_id": letter.author_id, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "letter",
        id: letter.id,
        seen: letter.seen(),
    };
    scribe.tell(what, note, facts).await
}

/// The letters, as the timer sees them.
pub(crate) struct Letters;

impl Alarmed for Letters {
    type Entity = row::Entity;
    const HANDLER: &'static str = "liaison.wake_letters";
    const KINDS: &'static [&'static str] = &["letter.sent", "letter.received"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("liaison");
        for letter in due {
            let by = (&who, letter.from());
            let told = ("overdue", None);
            act(&app, &tx, by, &letter, &Action::Lapse, told, |_| Ok(())).await?;
        }
        Ok(())
    }
}
