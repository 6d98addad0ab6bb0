//! The rows of swaps, and what a swap does to the roster.

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found, refused};
use kernel::{App, Scope, Tx, day};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::SwapState;
use crate::roster::book::Part;
use crate::roster::edit::{self, Cell, Why, breaks};
use crate::roster::{Book, RosterCause, store};
use crate::shift::{Breach, swapped};

kernel::table! {
    /// One swap.
    pub mod row = "shift_swaps" (id: Uuid) {
        number: String,
        asker_id: Uuid,
        asker_day: String,
        asker_shift_id: String,
        colleague_id: Uuid,
        colleague_day: String,
        colleague_shift_id: String,
        reason: String,
        state: String,
        asked_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |swap| format!("swap `{}`", swap.number));

/// The shift that one gives and the one he takes: whose, on which day.
pub(crate) type Pair = ((NaiveDate, Uuid), (NaiveDate, Uuid));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<SwapState> {
        SwapState::parse(&self.state)
            .ok_or_else(|| internal(format!("swap {} has no valid state", self.number)))
    }

    /// The two cells.
    pub(crate) fn pair(&self) -> Result<Pair> {
        Ok((
            (day::read(&self.asker_day)?, self.asker_id),
            (day::read(&self.colleague_day)?, self.colleague_id),
        ))
    }
}

/// What a list of swaps may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those that stand so.
    pub state: Option<SwapState>,
}

/// The rows that a scope reaches: one's own are those one asked for and those one was asked for.
fn within(scope: &Scope) -> Option<Condition> {
    use row::Column as C;
    match scope {
        Scope::All => None,
        Scope::Own(user) => Some(
            Condition::any()
                .add(C::AskerId.eq(*user))
                .add(C::ColleagueId.eq(*user)),
        ),
        Scope::Queues(_) => Some(Condition::all().add(C::Id.is_null())),
    }
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    use row::Column as C;
    let all = Condition::all()
        .add_option(within(scope))
        .add_option(filter.state.map(|state| C::State.eq(state.as_str())))
        .add_option(query.words_in(&[C::Number, C::Reason])?);
    let select = row::Entity::find().filter(all);
    paginate(conn, select, query, &[("asked_at", C::AskedAt)], C::Id).await
}

/// One swap within the scope.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    let which = Condition::all()
        .add(row::Column::Id.eq(id))
        .add_option(within(scope));
    row::Entity::find()
        .filter(which)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("shift swap"))
}

/// 409 where one of the two cells is already in a swap that is open.
pub(crate) async fn must_be_free(conn: &impl ConnectionTrait, pair: Pair) -> Result<()> {
    use row::Column as C;
    let open = [SwapState::Asked, SwapState::Accepted].map(SwapState::as_str);
    let of = |(on, user): (NaiveDate, Uuid)| {
        let asks = C::AskerId.eq(user).and(C::AskerDay.eq(day::text(on)));
        let is_asked = C::ColleagueId
            .eq(user)
            .and(C::ColleagueDay.eq(day::text(on)));
        asks.or(is_asked)
    };
    let found = row::Entity::find()
        .filter(C::State.is_in(open))
        .filter(of(pair.0).or(of(pair.1)))
        .limit(1)
        .one(conn)
        .await?;
    let Some(other) = found else { return Ok(()) };
    let detail = format!("swap `{}` of one of these shifts is open", other.number);
    Err(refused("swap_open", detail).with_way_out("withdraw it, or wait for its end"))
}

/// A swap as the published roster has it now.
pub(crate) struct Tried {
    /// The codes of the two shifts.
    pub shifts: (String, String),
    /// What it would newly break.
    pub broken: Vec<Breach>,
    /// The cells after it.
    pub cells: Vec<Cell>,
}

impl Tried {
    /// It breaks a hard rule.
    pub fn is_hard(&self) -> bool {
        self.broken.iter().any(|one| one.rule.is_hard())
    }

    /// 409 with what it breaks, where that is a hard rule.
    pub fn must_hold(&self) -> Result<()> {
        if !self.is_hard() {
            return Ok(());
        }
        let hard: Vec<&Breach> = self
            .broken
            .iter()
            .filter(|one| one.rule.is_hard())
            .collect();
        let detail = format!("{} rules of the roster would be broken", hard.len());
        Err(breaks("swap_breaks", detail, hard).with_way_out("choose another day or colleague"))
    }
}

/// Checks a swap against the published roster, at both people at once.
pub(crate) async fn tried(app: &App, conn: &impl ConnectionTrait, pair: Pair) -> Result<Tried> {
    let (mine, theirs) = pair;
    let today = day::today(app);
    if mine.0 <= today || theirs.0 <= today {
        return Err(
            refused("swap_past", "a shift is changed before its day comes")
                .with_way_out("ask the shift lead"),
        );
    }
    let cells = vec![mine, theirs, (mine.0, theirs.1), (theirs.0, mine.1)];
    let part = Part::cells(cells).ok_or_else(|| internal("a swap has cells"))?;
    let book = Book::of(conn, &part, app.clock.now()).await?;
    let code = |key| book.roster.get(&key).map(|shift| shift.code.clone());
    let both = code(mine).zip(code(theirs));
    let after = swapped(&book.roster, pair, &book.away, book.by());
    let (Some(shifts), Some((after, broken))) = (both, after) else {
        let detail = "both have a published shift to give and are free for the one they take";
        return Err(
            refused("swap_no_shift", detail).with_way_out("choose another day or colleague")
        );
    };
    let cell = |key: &(NaiveDate, Uuid)| (*key, after.get(key).map(|shift| shift.code.clone()));
    Ok(Tried {
        shifts,
        broken,
        cells: part.cells.iter().map(cell).collect(),
    })
}

/// Writes an approved swap into the rosters.
pub(crate) async fn write(
    (app, tx, who): (&App, &Tx, &Who),
    swap: &row::Model,
    cells: Vec<Cell>,
) -> Result<()> {
    let (mine, theirs) = swap.pair()?;
    let days = (Ord::min(mine.0, theirs.0), Ord::max(mine.0, theirs.0));
    let months = store::months(&**tx, days).await?;
    let why = Why {
        cause: RosterCause::Swap,
        of: Some(swap.id),
        reason: Some(swap.number.clone()),
    };
    for (month, cells) in edit::by_month(cells) {
        let before = months
            .get(&month.text())
            .ok_or_else(|| internal("a swap is of published rosters"))?;
        edit::write((app, tx, who), before, &cells, &why).await?;
    }
    Ok(())
}
