//! Versions of prompts: brought by the supplier, approved by the purchaser alone, heard from then on.
//!
//! The rule is pure and has no clock: a version waits as long as the purchaser needs.

use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, not_found, refused};
use kernel::{App, Audience, Permission as _, Tx, refusals, versioned, words};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::ViewLine;

/// Versions that are shown, of all prompts together.
const MOST_SHOWN: u64 = 500;
/// Versions of one prompt.
const MOST: i32 = 200;

words! {
    /// Where a version of a prompt stands.
    PromptState {
        /// 草稿
        Draft = "draft",
        /// 待审
        Submitted = "submitted",
        /// 已退回
        Returned = "returned",
        /// 使用中
        Approved = "approved",
        /// 已被新版取代
        Replaced = "replaced",
        /// 已撤下
        Withdrawn = "withdrawn",
    }
}

/// What may be done to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Its maker asks for approval.
    Submit,
    /// The purchaser approves it.
    Approve,
    /// The purchaser returns it.
    Return,
    /// A newer one was approved.
    Replace,
    /// It is taken back.
    Withdraw,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [
        Self::Submit,
        Self::Approve,
        Self::Return,
        Self::Replace,
        Self::Withdraw,
    ];

    fn audited(self) -> &'static str {
        match self {
            Self::Submit => "prompt.submitted",
            Self::Approve => "prompt.approved",
            Self::Return => "prompt.returned",
            Self::Replace => "prompt.replaced",
            Self::Withdraw => "prompt.withdrawn",
        }
    }
}

refusals! {
    /// Why a version says no.
    Refusal {
        /// Only a draft is submitted.
        NoDraft = "prompt_no_draft", "is no draft", "bring a new version";
        /// Nobody asked for approval, or it was decided.
        NotSubmitted = "prompt_not_submitted", "does not wait for approval";
        /// It is not played.
        NotApproved = "prompt_not_approved", "is not in use";
        /// It is over.
        Over = "prompt_over", "is over and does not change", "bring a new version";
    }
}

impl PromptState {
    /// Where it stands after an action.
    pub fn next(self, action: Action) -> Result<Self, Refusal> {
        match (self, action) {
            (Self::Returned | Self::Replaced | Self::Withdrawn, _) => Err(Refusal::Over),
            (Self::Draft, Action::Submit) => Ok(Self::Submitted),
            (_, Action::Submit) => Err(Refusal::NoDraft),
            (Self::Submitted, Action::Approve) => Ok(Self::Approved),
            (Self::Submitted, Action::Return) => Ok(Self::Returned),
            (_, Action::Approve | Action::Return) => Err(Refusal::NotSubmitted),
            (Self::Approved, Action::Replace) => Ok(Self::Replaced),
            (_, Action::Replace) => Err(Refusal::NotApproved),
            (Self::Draft | Self::Submitted | Self::Approved, Action::Withdraw) => {
                Ok(Self::Withdrawn)
            }
        }
    }
}

kernel::table! {
    /// A version of a prompt. `path` is a WAV in the file store.
    pub mod row = "prompt_versions" (id: Uuid) {
        name: String,
        number: i32,
        state: String,
        words: String,
        reason: String,
        path: String,
        bytes: i64,
        sha256: String,
        length_ms: i64,
        made_by_id: Uuid,
        decided_by_id: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        version: i64,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
    }
}

kernel::versioned!(row, |prompt| format!(
    "prompt `{}` {}",
    prompt.name, prompt.number
));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<PromptState> {
        PromptState::parse(&self.state)
            .ok_or_else(|| internal(format!("prompt version {} has no valid state", self.id)))
    }
}

/// The versions that are played, one of each prompt.
pub async fn approved(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::State.eq(PromptState::Approved.as_str()))
        .order_by_asc(row::Column::Name)
        .all(conn)
        .await?)
}

/// The newest versions of all prompts.
pub(super) async fn newest(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_desc(row::Column::CreatedAt)
        .limit(MOST_SHOWN)
        .all(conn)
        .await?)
}

/// One version; 404 for none.
pub(super) async fn one(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("prompt version"))
}

/// Writes a new draft; its number is the next. One that is on its way must be decided or withdrawn first.
pub(super) async fn begin(
    app: &App,
    tx: &Tx,
    who: &Who,
    mut draft: row::Model,
) -> Result<row::Model> {
    let of_name = row::Entity::find()
        .filter(row::Column::Name.eq(&draft.name))
        .order_by_desc(row::Column::Number);
    let last = of_name.one(&**tx).await?;
    if let Some(last) = &last {
        let on_its_way = [PromptState::Draft, PromptState::Submitted];
        if on_its_way.contains(&last.standing()?) {
            let detail = "a version of this prompt is on its way";
            return Err(refused("prompt_version_open", detail)
                .with_way_out("have it decided, or withdraw it"));
        }
    }
    draft.number = last.map_or(0, |last| last.number) + 1;
    if draft.number > MOST {
        return Err(refused(
            "too_many_prompt_versions",
            "a prompt has at most 200 versions",
        ));
    }
    versioned::insert(&**tx, &draft).await?;
    told(app, tx, who, "prompt.brought", &draft).await?;
    Ok(draft)
}

/// Does it; what was approved before is replaced by what is approved now.
pub(super) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    (id, version): (Uuid, i64),
    action: Action,
    opinion: Option<String>,
) -> Result<row::Model> {
    let before = versioned::as_read(one(&**tx, id).await?, version)?;
    if action == Action::Approve {
        for old in approved(&**tx).await? {
            if old.name == before.name {
                step(app, tx, who, old, Action::Replace, None).await?;
            }
        }
    }
    step(app, tx, who, before, action, opinion).await
}

async fn step(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    action: Action,
    opinion: Option<String>,
) -> Result<row::Model> {
    let about = |refusal: Refusal| refusal.about(&versioned::Versioned::what(&before));
    let state = before.standing()?.next(action).map_err(about)?;
    let mut after = before.clone();
    after.state = state.as_str().to_owned();
    if matches!(action, Action::Approve | Action::Return) {
        after.decided_by_id = who.user_id;
        after.decided_at = Some(app.clock.now());
    }
    if opinion.is_some() {
        after.opinion = opinion;
    }
    let after = versioned::save(app, &**tx, &before, after).await?;
    told(app, tx, who, action.audited(), &after).await?;
    Ok(after)
}

async fn told(
    app: &App,
    tx: &Tx,
    who: &Who,
    action: &'static str,
    prompt: &row::Model,
) -> Result<()> {
    let facts = json!({
        "name": prompt.name,
        "number": prompt.number,
        "state": prompt.state,
        "words": prompt.words,
        "reason": prompt.reason,
        "sha256": prompt.sha256,
        "opinion": prompt.opinion,
    });
    audit::record(app, &**tx, who, action, "prompt", prompt.id, facts.clone()).await?;
    let news = json!({ "name": prompt.name, "state": prompt.state });
    app.events
        .publish(tx, "prompt.changed", prompt.id, news.clone())
        .await?;
    let audience = Audience::Permission(ViewLine::CODE);
    app.live.publish_after(tx, audience, "line", news);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_played_that_was_not_submitted_and_approved_and_what_is_over_stays() {
        use PromptState::{Approved, Replaced, Returned, Submitted, Withdrawn};
        for state in PromptState::ALL {
            for action in Action::ALL {
                match state.next(action) {
                    Ok(Approved) => assert_eq!((*state, action), (Submitted, Action::Approve)),
                    Ok(after) => assert_ne!(after, *state),
                    Err(refusal) => assert!(!refusal.code().is_empty()),
                }
            }
        }
        for over in [Returned, Replaced, Withdrawn] {
            for action in Action::ALL {
                assert_eq!(over.next(action), Err(Refusal::Over));
            }
        }
    }
}
