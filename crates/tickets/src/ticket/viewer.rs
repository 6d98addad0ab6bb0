//! Who looks: which tickets somebody may see at all, and whether he may see who the requester is.

use kernel::rights::Side;
use kernel::{Actor, Permission, Principal, Scope};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::store::row::{self, Column};

/// Somebody who looks at tickets.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Who.
    pub user_id: Uuid,
    scope: Scope,
    purchaser: bool,
}

impl Viewer {
    /// The actor of a request.
    pub fn of<P: Permission>(actor: &Actor<P>) -> Self {
        Self::new(actor.principal(), actor.scope().clone())
    }

    /// A person with this scope.
    pub fn new(principal: &Principal, scope: Scope) -> Self {
        let purchaser = principal
            .roles
            .iter()
            .any(|role| role.side() == Side::Purchaser);
        Self {
            user_id: principal.user_id,
            scope,
            purchaser,
        }
    }

    /// The tickets he may see: with `Own` those he first took, holds now or is asked to take. Nobody
    /// sees a complaint about himself, whatever his rights.
    pub fn tickets(&self) -> Select<row::Entity> {
        let not_about_him = Condition::any()
            .add(Column::ComplainedAgentId.is_null())
            .add(Column::ComplainedAgentId.ne(self.user_id));
        let select = row::Entity::find().filter(not_about_him);
        match &self.scope {
            Scope::All => select,
            Scope::Own(user) => select.filter(
                Condition::any()
                    .add(Column::CurrentOwnerId.eq(*user))
                    .add(Column::FirstOwnerId.eq(*user))
                    .add(Column::TransferTo.eq(*user)),
            ),
            // A ticket belongs to a person, not to a queue.
            Scope::Queues(_) => select.filter(Expr::val(1).eq(0)),
        }
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
