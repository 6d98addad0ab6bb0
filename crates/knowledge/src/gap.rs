//! What was looked for and not found (知识缺口): the same question is one gap, however often it is asked; a gap
//! becomes a draft, and is closed by itself when that takes effect.

pub mod http;

use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, not_found, refused};
use kernel::{App, Tx, versioned, words};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::search::words::bare;

/// Askings shown with a gap, the last ones.
const SHOWN: u64 = 50;

words! {
    /// Where a gap stands.
    GapState {
        /// 待补充
        Open = "open",
        /// 已起草
        Drafted = "drafted",
        /// 已关闭
        Closed = "closed",
    }
}

words! {
    /// Where a gap was felt.
    GapSource {
        /// In a call.
        Call = "call",
        /// In a conversation.
        Conversation = "conversation",
        /// At the search box.
        Search = "search",
    }
}

kernel::table! {
    /// One question without an answer.
    pub mod row = "knowledge_gaps" (id: Uuid) {
        query_key: String,
        query: String,
        matter_code: Option<String>,
        state: String,
        open: bool,
        asked: i64,
        first_at: DateTimeUtc,
        last_at: DateTimeUtc,
        last_by: Uuid,
        note: String,
        article_id: Option<Uuid>,
        reason: Option<String>,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Each time it was asked.
    pub mod asking = "knowledge_gap_askings" (id: Uuid) {
        gap_id: Uuid,
        at: DateTimeUtc,
        by_id: Uuid,
        query: String,
        source: String,
        source_id: Option<Uuid>,
        note: String,
    }
}

use row::Column;

kernel::versioned!(row, |gap| format!("gap `{}`", gap.query));

/// What a list of gaps may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<GapState>,
    /// Only those of this matter.
    pub matter: Option<String>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(
            filter
                .matter
                .as_ref()
                .map(|code| Column::MatterCode.eq(code.as_str())),
        )
        .add_option(query.words_in(&[Column::Query, Column::Note])?);
    let select = row::Entity::find().filter(all);
    let sortable = [
        ("last_at", Column::LastAt),
        ("asked", Column::Asked),
        ("first_at", Column::FirstAt),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("gap"))
}

pub(crate) async fn askings(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<asking::Model>> {
    Ok(asking::Entity::find()
        .filter(asking::Column::GapId.eq(id))
        .order_by_desc(asking::Column::At)
        .order_by_desc(asking::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?)
}

/// Somebody found nothing.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub query: String,
    pub matter: Option<String>,
    pub source: GapSource,
    pub source_id: Option<Uuid>,
    pub note: String,
    pub by: Uuid,
}

/// Adds to the gap of the same question, or makes one.
pub(crate) async fn report(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let key = key(&new.query);
    let known = row::Entity::find()
        .filter(Column::QueryKey.eq(key.as_str()))
        .filter(Column::Open.eq(true))
        .one(&**tx)
        .await?;
    let gap = if let Some(known) = known {
        let mut after = known.clone();
        after.asked += 1;
        after.last_at = now;
        after.last_by = new.by;
        after.matter_code = after.matter_code.or(new.matter);
        if !new.note.is_empty() {
            after.note.clone_from(&new.note);
        }
        versioned::save(app, &**tx, &known, after).await?
    } else {
        let gap = row::Model {
            id: app.ids.next(),
            query_key: key,
            query: new.query.clone(),
            matter_code: new.matter,
            state: GapState::Open.as_str().to_owned(),
            open: true,
            asked: 1,
            first_at: now,
            last_at: now,
            last_by: new.by,
            note: new.note.clone(),
            article_id: None,
            reason: None,
            closed_by: None,
            closed_at: None,
            updated_at: now,
            version: 1,
        };
        versioned::insert(&**tx, &gap).await?;
        gap
    };
    let asked = asking::ActiveModel {
        id: Set(app.ids.next()),
        gap_id: Set(gap.id),
        at: Set(now),
        by_id: Set(new.by),
        query: Set(new.query),
        source: Set(new.source.as_str().to_owned()),
        source_id: Set(new.source_id),
        note: Set(new.note),
    };
    asking::Entity::insert(asked)
        .exec_without_returning(&**tx)
        .await?;
    tell(app, tx, who, &gap, "reported").await?;
    Ok(gap)
}

/// What questions have in common that are the same one.
fn key(query: &str) -> String {
    let key = bare(query);
    if key.is_empty() {
        query.to_owned()
    } else {
        key
    }
}

/// The gap has this draft.
pub(crate) async fn drafted(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    article_id: Uuid,
) -> Result<row::Model> {
    if before.state != GapState::Open.as_str() {
        let detail = format!("{} is {}", versioned::Versioned::what(before), before.state);
        return Err(refused("gap_not_open", detail));
    }
    let mut after = before.clone();
    GapState::Drafted.as_str().clone_into(&mut after.state);
    after.article_id = Some(article_id);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, "drafted").await?;
    Ok(after)
}

/// The gap is none any more.
pub(crate) async fn close(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    reason: String,
) -> Result<row::Model> {
    if !before.open {
        let detail = format!("{} is closed", versioned::Versioned::what(before));
        return Err(refused("gap_not_open", detail));
    }
    let mut after = before.clone();
    GapState::Closed.as_str().clone_into(&mut after.state);
    after.open = false;
    after.reason = Some(reason);
    after.closed_by = who.user_id;
    after.closed_at = Some(app.clock.now());
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, "closed").await?;
    Ok(after)
}

/// What an article answers that holds now.
pub(crate) async fn answered(app: &App, tx: &Tx, article_id: Uuid, number: &str) -> Result<()> {
    let gaps = row::Entity::find()
        .filter(Column::ArticleId.eq(article_id))
        .filter(Column::Open.eq(true))
        .all(&**tx)
        .await?;
    for gap in gaps {
        let who = Who::system("knowledge");
        close(app, tx, &who, &gap, format!("{number} 已生效")).await?;
    }
    Ok(())
}

async fn tell(app: &App, tx: &Tx, who: &Who, gap: &row::Model, what: &str) -> Result<()> {
    let named = format!("knowledge_gap.{what}");
    let details = json!({ "state": gap.state, "asked": gap.asked, "article_id": gap.article_id });
    audit::record(app, &**tx, who, &named, "knowledge_gap", gap.id, details).await?;
    let facts = json!({
        "gap_id": gap.id, "query": gap.query, "matter": gap.matter_code, "state": gap.state, "asked": gap.asked,
        "article_id": gap.article_id, "by": who.user_id, "at": app.clock.now(),
    });
    app.events.publish(tx, &named, gap.id, facts).await
}
