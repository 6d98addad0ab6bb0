//! How a question did in exams: one that everybody or nobody answers right tells nothing.

use std::collections::HashMap;

use kernel::problem::Result;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exam::store::answer;

/// How a question did, over all its versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuestionStats {
    /// Times it was put to somebody and marked.
    pub asked: i64,
    /// Times all its points were given.
    pub right: i64,
    /// Times nothing was answered.
    pub blank: i64,
    /// The share of its points that was given, in basis points.
    pub share_bp: i64,
}

#[derive(FromQueryResult)]
struct Sums {
    question_id: Uuid,
    awarded: i32,
    most: i32,
    blank: i64,
    many: i64,
}

/// How these questions did.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, QuestionStats>> {
    use answer::Column;
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let count = || Expr::col(Column::No).count();
    let answered = || Expr::col(Column::Answer).count();
    let sums = answer::Entity::find()
        .select_only()
        .column(Column::QuestionId)
        .column(Column::Awarded)
        .column(Column::Most)
        .column_as(count(), "many")
        .column_as(count().sub(answered()), "blank")
        .filter(Column::QuestionId.is_in(ids.iter().copied()))
        .filter(Column::Awarded.is_not_null())
        .group_by(Column::QuestionId)
        .group_by(Column::Awarded)
        .group_by(Column::Most)
        .into_model::<Sums>()
        .all(conn)
        .await?;
    let (mut stats, mut points): (HashMap<Uuid, QuestionStats>, HashMap<Uuid, (i64, i64)>) =
        Default::default();
    for sum in sums {
        let one = stats.entry(sum.question_id).or_default();
        one.asked += sum.many;
        one.blank += sum.blank;
        if sum.awarded == sum.most {
            one.right += sum.many;
        }
        let (given, most) = points.entry(sum.question_id).or_default();
        *given += i64::from(sum.awarded) * sum.many;
        *most += i64::from(sum.most) * sum.many;
    }
    for (id, one) in &mut stats {
        let (given, most) = points.get(id).copied().unwrap_or_default();
        one.share_bp = (given * 10_000).checked_div(most).unwrap_or_default();
    }
    Ok(stats)
}
