//! What of quality waits for somebody's decision: appeals for another reviewer, scores to settle, an agent's released
//! evaluations, corrective actions to verify and to close.

use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result, Side};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use crate::corrective::store::{self as corrective_store, row as corrective};
use crate::corrective::{CorrectiveSource, CorrectiveState};
use crate::evaluation::EvaluationState as S;
use crate::evaluation::store::row as evaluation;
use crate::rights::{AnswerEvaluations, ScoreEvaluations, SettleScores, VerifyCorrectiveActions};
use crate::side;

const APPEAL: &str = "evaluation_appeal";
const APART: &str = "evaluation_unsettled";
const MINE: &str = "evaluation_released";
const VERIFY: &str = "corrective_action";

/// A kind whose teller is a function of the services and the person.
macro_rules! kind {
    ($app:ident, $code:ident, $tell:ident) => {{
        let app = $app.clone();
        WaitingKind::new($code, move |person: Principal| {
            let app = app.clone();
            async move { $tell(&app, &person).await }
        })
    }};
}

/// The kinds of decisions about quality.
pub(crate) fn kinds(app: &App) -> Vec<WaitingKind> {
    vec![
        kind!(app, APPEAL, appeals),
        kind!(app, APART, apart),
        kind!(app, MINE, mine),
        kind!(app, VERIFY, actions),
    ]
}

async fn evaluations(
    app: &App,
    kind: &'static str,
    which: Condition,
    consent: bool,
) -> Result<Vec<Waiting>> {
    let rows = evaluation::Entity::find()
        .filter(which)
        .order_by_asc(evaluation::Column::UpdatedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind,
        id: row.id,
        section: None,
        since: row.updated_at,
        due_at: row.due_at,
        page: format!("/evaluations/{}", row.id),
        consent: (consent && row.unsettled.is_none()).then(|| Consent {
            path: format!("/api/v1/evaluations/{}/acknowledge", row.id),
            body: json!({ "version": row.version }),
        }),
        number: Some(row.number),
        title: row.label,
    });
    Ok(waiting.collect())
}

fn not_about(person: &Principal) -> Condition {
    use evaluation::Column;
    Condition::all()
        .add(Column::AgentId.ne(person.user_id))
        .add(
            Condition::any()
                .add(Column::ComplainedId.is_null())
                .add(Column::ComplainedId.ne(person.user_id)),
        )
}

async fn appeals(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    use evaluation::Column;
    if !person.may::<ScoreEvaluations>() {
        return Ok(Vec::new());
    }
    let which = not_about(person)
        .add(Column::State.eq(S::Appealed.as_str()))
        .add(Column::ReviewerId.ne(person.user_id))
        .add(Column::StandingBy.ne(person.user_id))
        .add(
            Condition::any()
                .add(Column::SecondId.is_null())
                .add(Column::SecondId.ne(person.user_id)),
        );
    evaluations(app, APPEAL, which, false).await
}

async fn apart(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    use evaluation::Column;
    if !person.may::<SettleScores>() {
        return Ok(Vec::new());
    }
    let whose: &[&str] = match side::of(person) {
        Side::Purchaser => &["sides", "both"],
        _ => &["reviewers"],
    };
    let which = not_about(person).add(Column::Unsettled.is_in(whose.iter().copied()));
    evaluations(app, APART, which, false).await
}

async fn mine(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    use evaluation::Column;
    if !person.may::<AnswerEvaluations>() {
        return Ok(Vec::new());
    }
    let answerable = [S::Released.as_str(), S::Rescored.as_str()];
    let which = Condition::all()
        .add(Column::AgentId.eq(person.user_id))
        .add(Column::State.is_in(answerable));
    evaluations(app, MINE, which, true).await
}

async fn actions(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    use corrective::Column;
    if !person.may::<VerifyCorrectiveActions>() {
        return Ok(Vec::new());
    }
    let purchaser = side::of(person) == Side::Purchaser;
    let verify = Condition::all()
        .add(Column::State.eq(CorrectiveState::Done.as_str()))
        .add(Column::OwnerId.ne(person.user_id));
    let verified = Column::State.eq(CorrectiveState::Verified.as_str());
    let complaint = Column::Source.eq(CorrectiveSource::Complaint.as_str());
    let close = Condition::all().add(verified).add(if purchaser {
        complaint
    } else {
        complaint.not()
    });
    // The purchaser closes what came of complaints; the rest is the supplier's to verify among his own.
    let which = if purchaser {
        Condition::any().add(close)
    } else {
        Condition::any().add(verify).add(close)
    };
    let not_about = corrective_store::not_about(person.user_id);
    let rows = corrective::Entity::find()
        .filter(Condition::all().add(which).add(not_about))
        .order_by_asc(Column::UpdatedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: VERIFY,
        id: row.id,
        section: None,
        since: row.updated_at,
        due_at: None,
        page: format!("/corrective-actions/{}", row.id),
        consent: None,
        number: Some(row.number),
        title: row.title,
    });
    Ok(waiting.collect())
}
