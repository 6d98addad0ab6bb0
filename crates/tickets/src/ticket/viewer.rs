//! Who looks: which tickets somebody may see at all, and whether he may see who the requester is.

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use kernel::rights::Side;
use kernel::{Actor, App, Permission, Principal, Scope};
use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::store::row::{self, Column};
use crate::cover;

/// Somebody who looks at tickets.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Who.
    pub user_id: Uuid,
    /// When.
    pub now: DateTime<Utc>,
    scope: Scope,
    purchaser: bool,
    /// The owners he is named to stand in for today.
    stands_in_for: Vec<Uuid>,
}

impl Viewer {
    /// The actor of a request.
    pub async fn of<P: Permission>(app: &App, actor: &Actor<P>) -> Result<Self> {
        Self::new(app, actor.principal(), actor.scope().clone()).await
    }

    /// A person with this scope.
    pub async fn new(app: &App, principal: &Principal, scope: Scope) -> Result<Self> {
        let now = app.clock.now();
        let stands_in_for = match scope {
            Scope::Own(user) => cover::store::named_for(app.db.read(), user, now).await?,
            Scope::Queues(_) | Scope::All => Vec::new(),
        };
        let purchaser = principal
            .roles
            .iter()
            .any(|role| role.side() == Side::Purchaser);
        Ok(Self {
            user_id: principal.user_id,
            now,
            scope,
            purchaser,
            stands_in_for,
        })
    }

    /// The tickets he may see: with `Own` those he first took, holds now, is asked to take or is named to stand
    /// in for. Nobody sees a complaint about himself, whatever his rights.
    pub fn tickets(&self) -> Select<row::Entity> {
        let not_about_him = Condition::any()
            .add(Column::ComplainedAgentId.is_null())
            .add(Column::ComplainedAgentId.ne(self.user_id));
        let select = row::Entity::find().filter(not_about_him);
        match &self.scope {
            Scope::All => select,
            Scope::Own(user) => select.filter(
                Condition::any()
                    .add(self.owns_or_stands_in(*user))
                    .add(Column::FirstOwnerId.eq(*user))
                    .add(Column::TransferTo.eq(*user)),
            ),
            // A ticket belongs to a person, not to a queue.
            Scope::Queues(_) => select.filter(Expr::val(1).eq(0)),
        }
    }

    fn owns_or_stands_in(&self, user: Uuid) -> SimpleExpr {
        if self.stands_in_for.is_empty() {
            return Column::CurrentOwnerId.eq(user);
        }
        Column::CurrentOwnerId.is_in([&[user][..], &self.stands_in_for].concat())
    }

    /// The rows are narrowed to his own.
    pub fn sees_only_own(&self) -> bool {
        matches!(self.scope, Scope::Own(_))
    }

    /// The tickets whose requester he may know, as [`Self::may_know_requester`] tells of one.
    pub fn may_know(&self) -> Condition {
        let any = Condition::any();
        if self.purchaser {
            return any.add(Expr::val(1).eq(1));
        }
        any.add(Column::Confidential.eq(false))
            .add(Column::CurrentOwnerId.eq(self.user_id))
    }

    /// He may see who the requester is: a confidential ticket hides it from all but owner and purchaser.
    pub fn may_know_requester(&self, ticket: &row::Model) -> bool {
        !ticket.confidential || self.purchaser || ticket.current_owner_id == self.user_id
    }
}
