//! The rows of topics, of the runs that found them, of their examples and of what was made of them.

use chrono::NaiveDate;
use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Tx, day, words};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect as _, QueryTrait as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::compute::{JOB, NOT_HARD};
use super::index::{self, Effort};
use super::rights::{EditTopics, ViewTopics};
use super::{Action, Case, TopicClass, TopicState};
use kernel::Permission as _;

/// The longest period of a run, in days.
pub(crate) const LONGEST: i64 = 31;

kernel::table! {
    /// One search for topics.
    pub mod run = "topic_runs" (id: Uuid) {
        from_day: String,
        until_day: String,
        state: String,
        contacts: i64,
        topics: i64,
        failed_as: Option<String>,
        asked_by: Option<Uuid>,
        asked_at: DateTimeUtc,
        done_at: Option<DateTimeUtc>,
    }
}

kernel::table! {
    /// One topic. What its rules see of it is a [`Case`].
    pub mod row = "topics" (id: Uuid) {
        number: String,
        run_id: Uuid,
        from_day: String,
        /// The day after the last one.
        until_day: String,
        /// `phrase:…` or `matter:…`: of a period each stands once.
        subject: String,
        found_as: String,
        name: String,
        phrases: Json,
        matter_code: Option<String>,
        matters: Json,
        hot: bool,
        hard: bool,
        rise: String,
        count: i64,
        /// 热点指数 in hundredths.
        ratio: Option<i64>,
        /// How far from chance, in thousandths.
        heat: i64,
        /// 难点指数 in thousandths.
        hardness: i64,
        hard_parts: Option<Json>,
        effort: Json,
        spans: Json,
        days: Json,
        class: Option<String>,
        suggestion: String,
        reason: Option<String>,
        merged_into: Option<Uuid>,
        state: String,
        open: bool,
        reviewed_by: Option<Uuid>,
        reviewed_at: Option<DateTimeUtc>,
        published_by: Option<Uuid>,
        published_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// What was written of one contact, without what is somebody's.
    pub mod example = "topic_examples" (id: Uuid) {
        topic_id: Uuid,
        contact_id: Uuid,
        n: i32,
        text: String,
    }
}

kernel::table! {
    /// What was made of a topic, of each kind once.
    pub mod spawn = "topic_spawns" (topic_id: Uuid, kind: String) {
        target_id: Uuid,
        number: String,
        by_id: Uuid,
        at: DateTimeUtc,
    }
}

use row::Column;

kernel::versioned!(row, |topic| format!("topic `{}`", topic.number));

words! {
    /// What is made of a topic.
    TopicSpawn {
        /// 知识草稿
        Article = "article",
        /// 课程
        Course = "course",
        /// 请示
        Instruction = "instruction",
        /// 月度简报条目
        Brief = "brief",
    }
}

words! {
    /// One of the two lists.
    TopicTab {
        /// 热点
        Hot = "hot",
        /// 难点
        Hard = "hard",
    }
}

/// Contacts of a matter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub code: String,
    pub count: u32,
}

impl row::Model {
    /// The topic as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = TopicState::parse(&self.state)
            .ok_or_else(|| internal(format!("topic {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            classed: self.class.is_some(),
            advised: !self.suggestion.is_empty(),
        })
    }
}

/// What a list of topics may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TopicFilter {
    /// Only hot ones, or only hard ones.
    #[param(inline)]
    pub tab: Option<TopicTab>,
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<TopicState>,
    /// Only those that wait for a step, or only those that are over.
    pub open: Option<bool>,
    /// Only those of the period that begins on this day.
    pub from: Option<NaiveDate>,
    /// Only those whose period ends in this month: `2026-11`.
    pub month: Option<String>,
    /// Only those of this matter.
    pub matter: Option<String>,
}

/// The days of a month as the rows keep the end of a period: the day after the last one.
fn ends_in(month: &str) -> Result<Condition> {
    let first: NaiveDate = format!("{month}-01")
        .parse()
        .map_err(|_| invalid("month", "month_invalid", "a month is written 2026-11"))?;
    let next = first + chrono::Months::new(1);
    // The day after the last one lies in (first, next].
    Ok(Condition::all()
        .add(Column::UntilDay.gt(day::text(first)))
        .add(Column::UntilDay.lte(day::text(next))))
}

fn visible(purchaser: bool) -> Condition {
    let published = Column::State.eq(TopicState::Published.as_str());
    Condition::all().add_option(purchaser.then_some(published))
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    purchaser: bool,
    query: &ListQuery,
    filter: &TopicFilter,
) -> Result<Page<row::Model>> {
    let tab = filter.tab.map(|tab| match tab {
        TopicTab::Hot => Column::Hot.eq(true),
        TopicTab::Hard => Column::Hard.eq(true),
    });
    let month = filter.month.as_deref().map(ends_in).transpose()?;
    let all = visible(purchaser)
        .add_option(tab)
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.from.map(|from| Column::FromDay.eq(day::text(from))))
        .add_option(month)
        .add_option(
            filter
                .matter
                .as_ref()
                .map(|code| Column::MatterCode.eq(code.as_str())),
        )
        .add_option(query.words_in(&[Column::Number, Column::Name, Column::Suggestion])?);
    let sortable = [
        ("heat", Column::Heat),
        ("hardness", Column::Hardness),
        ("count", Column::Count),
        ("created_at", Column::CreatedAt),
    ];
    paginate(
        conn,
        row::Entity::find().filter(all),
        query,
        &sortable,
        Column::Id,
    )
    .await
}

pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    purchaser: bool,
    id: Uuid,
) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(visible(purchaser))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("topic"))
}

pub(crate) async fn examples(
    conn: &impl ConnectionTrait,
    topic: Uuid,
) -> Result<Vec<example::Model>> {
    Ok(example::Entity::find()
        .filter(example::Column::TopicId.eq(topic))
        .order_by_asc(example::Column::N)
        .limit(20)
        .all(conn)
        .await?)
}

pub(crate) async fn spawns(
    conn: &impl ConnectionTrait,
    topics: &[Uuid],
) -> Result<Vec<spawn::Model>> {
    Ok(spawn::Entity::find()
        .filter(spawn::Column::TopicId.is_in(topics.iter().copied()))
        .order_by_asc(spawn::Column::At)
        .all(conn)
        .await?)
}

pub(crate) async fn run(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<run::Model>> {
    Ok(run::Entity::find_by_id(id).one(conn).await?)
}

/// A run of this period, whoever asked for it.
pub(crate) async fn run_of(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Option<run::Model>> {
    Ok(run::Entity::find()
        .filter(run::Column::FromDay.eq(day::text(from)))
        .filter(run::Column::UntilDay.eq(day::text(until)))
        // One is waiting at most: who asked before at the same moment has his answer already.
        .order_by_desc(run::Column::State.eq("waiting"))
        .order_by_desc(run::Column::AskedAt)
        .one(conn)
        .await?)
}

/// The last runs.
pub(crate) async fn runs(conn: &impl ConnectionTrait) -> Result<Vec<run::Model>> {
    Ok(run::Entity::find()
        .order_by_desc(run::Column::AskedAt)
        .order_by_desc(run::Column::Id)
        .limit(20)
        .all(conn)
        .await?)
}

/// Asks for the topics of a period; who asks while it is being looked for is given that run.
pub(crate) async fn ask(
    app: &App,
    tx: &Tx,
    who: &Who,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<run::Model> {
    if let Some(known) = run_of(&**tx, from, until).await?
        && known.state == "waiting"
    {
        return Ok(known);
    }
    let asked = begin(app, tx, who, (from, until)).await?;
    app.jobs
        .enqueue(tx, JOB, json!({ "run_id": asked.id }), asked.asked_at)
        .await?;
    Ok(asked)
}

/// Writes down that the topics of a period are looked for; who does so looks.
pub(crate) async fn begin(
    app: &App,
    tx: &Tx,
    who: &Who,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<run::Model> {
    let now = app.clock.now();
    let asked = run::Model {
        id: app.ids.next(),
        from_day: day::text(from),
        until_day: day::text(until),
        state: "waiting".to_owned(),
        contacts: 0,
        topics: 0,
        failed_as: None,
        asked_by: who.user_id,
        asked_at: now,
        done_at: None,
    };
    asked
        .clone()
        .into_active_model()
        .reset_all()
        .insert(&**tx)
        .await?;
    let details = json!({ "from": asked.from_day, "until": asked.until_day });
    audit::record(
        app,
        &**tx,
        who,
        "topics.asked",
        "topic_run",
        asked.id,
        details,
    )
    .await?;
    Ok(asked)
}

/// The run is over.
pub(crate) async fn finish(app: &App, tx: &Tx, done: &run::Model) -> Result<()> {
    done.clone()
        .into_active_model()
        .reset_all()
        .update(&**tx)
        .await?;
    let facts = json!({ "run_id": done.id, "state": done.state });
    app.live
        .publish_after(tx, Audience::Permission(EditTopics::CODE), "topic", facts);
    Ok(())
}

/// Takes away what was only found of a period; tells the subjects of what stays.
pub(crate) async fn clear(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<String>> {
    let period = Condition::all()
        .add(Column::FromDay.eq(day::text(from)))
        .add(Column::UntilDay.eq(day::text(until)));
    let found = Condition::all()
        .add(period.clone())
        .add(Column::State.eq(TopicState::Found.as_str()))
        // What an analyst has begun to write stays, and what others were merged into.
        .add(Column::Version.eq(1));
    let ids = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(found.clone())
        .into_query();
    example::Entity::delete_many()
        .filter(example::Column::TopicId.in_subquery(ids))
        .exec(conn)
        .await?;
    row::Entity::delete_many().filter(found).exec(conn).await?;
    Ok(row::Entity::find()
        .select_only()
        .column(Column::Subject)
        .filter(period)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Writes a topic that was found.
pub(crate) async fn put(
    conn: &impl ConnectionTrait,
    row: &row::Model,
    examples: Vec<example::Model>,
) -> Result<()> {
    versioned::insert(conn, row).await?;
    if !examples.is_empty() {
        let rows = examples
            .into_iter()
            .map(|one| one.into_active_model().reset_all());
        example::Entity::insert_many(rows)
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

/// Does `action` to a topic as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (action, what): (&Action, &str),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(action).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone();
    case.state.as_str().clone_into(&mut after.state);
    after.open = case.is_open();
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, what).await?;
    Ok(after)
}

/// Adds the contacts of a topic to those of the one it is merged into: counts, days, periods, matters, effort; the
/// 热点指数 is counted anew. How far from chance and how hard stand as they were found: the higher of both.
pub(crate) fn take_in(into: &mut row::Model, from: &row::Model) -> Result<()> {
    let effort = |of: &serde_json::Value| -> Result<Effort> {
        serde_json::from_value(of.clone()).map_err(internal)
    };
    let counts = |of: &serde_json::Value| -> Result<Vec<u32>> {
        serde_json::from_value(of.clone()).map_err(internal)
    };
    let added = |one: &serde_json::Value, other: &serde_json::Value| -> Result<Vec<u32>> {
        let (mut sums, more) = (counts(one)?, counts(other)?);
        sums.resize(sums.len().max(more.len()), 0);
        for (sum, one) in sums.iter_mut().zip(more) {
            *sum += one;
        }
        Ok(sums)
    };
    let spans = added(&into.spans, &from.spans)?;
    into.ratio = spans
        .split_first()
        .and_then(|(count, before)| index::hot(*count, before));
    into.days = json!(added(&into.days, &from.days)?);
    into.spans = json!(spans);
    let mut matters: Vec<Counted> =
        serde_json::from_value(into.matters.clone()).map_err(internal)?;
    let more: Vec<Counted> = serde_json::from_value(from.matters.clone()).map_err(internal)?;
    for one in more {
        match matters.iter_mut().find(|known| known.code == one.code) {
            Some(known) => known.count += one.count,
            None => matters.push(one),
        }
    }
    matters.sort_by(|a, b| b.count.cmp(&a.count).then(a.code.cmp(&b.code)));
    into.matters = serde_json::to_value(&matters).map_err(internal)?;
    let mut of_both = effort(&into.effort)?;
    of_both.add(&effort(&from.effort)?);
    into.effort = serde_json::to_value(of_both).map_err(internal)?;
    into.count += from.count;
    into.hot |= from.hot;
    into.hard |= from.hard;
    into.heat = into.heat.max(from.heat);
    into.hardness = into.hardness.max(from.hardness);
    Ok(())
}

/// Writes a step down and tells the screens.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let details = json!({
        "number": row.number, "name": row.name, "class": row.class, "state": row.state, "reason": row.reason,
        "merged_into": row.merged_into,
    });
    let action = format!("topic.{what}");
    audit::record(app, &**tx, who, &action, "topic", row.id, details).await?;
    let facts = json!({ "topic_id": row.id, "number": row.number, "state": row.state, "version": row.version });
    let audience = if what == "published" {
        ViewTopics::CODE
    } else {
        EditTopics::CODE
    };
    app.live
        .publish_after(tx, Audience::Permission(audience), "topic", facts.clone());
    app.events.publish(tx, &action, row.id, facts).await
}

/// A published topic, for the monthly brief.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublishedTopic {
    /// Identifies it.
    pub id: Uuid,
    /// `RD-20261123-001`
    pub number: String,
    /// What it is called.
    pub name: String,
    /// Whether it is hot, hard or both.
    pub class: TopicClass,
    /// The first day of its period.
    pub from: NaiveDate,
    /// The last day of its period.
    pub until: NaiveDate,
    /// Contacts in the period.
    pub count: i64,
    /// 热点指数 (K-26) in hundredths; null where nothing was said of it before.
    pub ratio: Option<i64>,
    /// 难点指数 (K-27) in thousandths; null where it has none.
    pub hardness: Option<i64>,
    /// Code of its matter.
    pub matter: Option<String>,
    /// What is to be done.
    pub suggestion: String,
    /// It was put into the brief by hand.
    pub in_brief: bool,
}

/// The published topics of the periods that end within `from` and before `until`, those first that were put into the
/// brief, then the hottest; for the monthly brief to the purchaser.
///
/// # Errors
/// Where the database answers none.
pub async fn published(
    conn: &impl ConnectionTrait,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<PublishedTopic>> {
    let rows = row::Entity::find()
        .filter(Column::State.eq(TopicState::Published.as_str()))
        .filter(Column::UntilDay.gt(day::text(from)))
        .filter(Column::UntilDay.lte(day::text(until)))
        .order_by_desc(Column::Heat)
        .order_by_desc(Column::Id)
        .limit(200)
        .all(conn)
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let spawned = spawns(conn, &ids).await?;
    let in_brief = |id: Uuid| {
        spawned
            .iter()
            .any(|one| one.topic_id == id && one.kind == TopicSpawn::Brief.as_str())
    };
    let mut topics = Vec::new();
    for row in rows {
        let class = row.class.as_deref().and_then(TopicClass::parse);
        topics.push(PublishedTopic {
            in_brief: in_brief(row.id),
            id: row.id,
            class: class.ok_or_else(|| internal(format!("topic {} has no class", row.number)))?,
            from: day::read(&row.from_day)?,
            until: day::read(&row.until_day)? - chrono::Days::new(1),
            hardness: (row.hardness > NOT_HARD).then_some(row.hardness),
            number: row.number,
            name: row.name,
            count: row.count,
            ratio: row.ratio,
            matter: row.matter_code,
            suggestion: row.suggestion,
        });
    }
    topics.sort_by_key(|topic| !topic.in_brief);
    Ok(topics)
}
