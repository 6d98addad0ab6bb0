//! Topics over HTTP.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::{checked, must_be_name, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, Principal, Side, day};
use organization::Colleague;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::compute::NOT_HARD;
use super::index::Effort;
use super::port::Draft;
use super::rights::{EditTopics, PublishTopics, ViewTopics};
use super::store::{self, Counted, LONGEST, TopicFilter, TopicSpawn, row, spawn};
use super::{Action, Board, Rise, TopicClass, TopicState};

/// The routes of topics.
pub(crate) fn routes(board: &Board) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, edit))
        .routes(routes!(step))
        .routes(routes!(publish))
        .routes(routes!(make))
        .routes(routes!(runs, ask))
        .with_state(board.clone())
}

/// What was made of a topic.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TopicSpawnView {
    /// `article`, `course`, `instruction` or `brief`.
    pub kind: TopicSpawn,
    /// What was made; of a brief the topic itself.
    pub target_id: Uuid,
    /// Its number or title; of a brief its month.
    pub number: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Contacts of a matter.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TopicMatter {
    /// Its code.
    pub code: String,
    /// Its name, where there still is one.
    pub name: Option<String>,
    /// How many.
    pub count: u32,
}

/// A topic as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicView {
    /// Identifies it.
    pub id: Uuid,
    /// `RD-20261123-001`
    pub number: String,
    /// What it is called.
    pub name: String,
    /// The first day of its period.
    pub from: NaiveDate,
    /// The last day of its period.
    pub until: NaiveDate,
    /// `phrase`: said in many contacts; `matter`: all contacts of a matter.
    pub found_as: String,
    /// Its main matter.
    pub matter: Option<TopicMatter>,
    /// Asked about more than before (K-26).
    pub hot: bool,
    /// Harder to answer than others (K-27).
    pub hard: bool,
    /// In which way it rises.
    pub rise: Rise,
    /// Contacts in the period.
    pub count: i64,
    /// 热点指数 in hundredths; null where nothing was said of it before.
    pub ratio: Option<i64>,
    /// How far from chance it is, in thousandths; the order of the hot ones.
    pub heat: i64,
    /// 难点指数 in thousandths; null where it has none.
    pub hardness: Option<i64>,
    /// Contacts of the periods before and of this one, the oldest first.
    pub spans: Vec<u32>,
    /// Whether it is hot, hard or both, as the analyst says; null before.
    pub class: Option<TopicClass>,
    /// Where it stands.
    pub state: TopicState,
    /// What was made of it.
    pub spawns: Vec<TopicSpawnView>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// What was written of one contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicExample {
    /// Which contact; null for who sees no contacts.
    pub contact_id: Option<Uuid>,
    /// Without names, numbers and addresses.
    pub text: String,
}

/// A topic as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicDetail {
    /// What lists show.
    #[serde(flatten)]
    pub topic: TopicView,
    /// The phrases it was found by, the most telling first.
    pub phrases: Vec<String>,
    /// Its matters, the most frequent first.
    pub matters: Vec<TopicMatter>,
    /// Contacts by day of the period.
    pub days: Vec<u32>,
    /// What its contacts were like.
    pub effort: Effort,
    /// The five parts of 难点指数, each in thousandths of a standard deviation: handling time, passed on, escalated,
    /// repeated, not satisfied; null where it is not known.
    pub hard_parts: Option<Vec<Option<i64>>>,
    /// What is to be done.
    pub suggestion: String,
    /// Why it was dropped.
    pub reason: Option<String>,
    /// The topic it was merged into.
    pub merged_into: Option<Uuid>,
    /// Examples.
    pub examples: Vec<TopicExample>,
    /// Who reviewed it.
    pub reviewed_by: Option<Colleague>,
    /// When.
    pub reviewed_at: Option<DateTime<Utc>>,
    /// Who published it.
    pub published_by: Option<Colleague>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

fn is_purchaser(principal: &Principal) -> bool {
    principal
        .roles
        .iter()
        .any(|role| role.side() == Side::Purchaser)
}

fn numbers(of: &serde_json::Value) -> Result<Vec<u32>> {
    serde_json::from_value(of.clone()).map_err(internal)
}

fn matters(row: &row::Model, names: &BTreeMap<String, String>) -> Result<Vec<TopicMatter>> {
    let counted: Vec<Counted> = serde_json::from_value(row.matters.clone()).map_err(internal)?;
    let shown = counted.into_iter().map(|one| TopicMatter {
        name: names.get(&one.code).cloned(),
        code: one.code,
        count: one.count,
    });
    Ok(shown.collect())
}

fn spawned(all: &[spawn::Model], topic: Uuid) -> Result<Vec<TopicSpawnView>> {
    let of = all.iter().filter(|one| one.topic_id == topic);
    of.map(|one| {
        Ok(TopicSpawnView {
            kind: TopicSpawn::parse(&one.kind)
                .ok_or_else(|| internal("a topic made something unknown"))?,
            target_id: one.target_id,
            number: one.number.clone(),
            at: one.at,
        })
    })
    .collect()
}

async fn views(board: &Board, rows: &[row::Model]) -> Result<Vec<TopicView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let all = store::spawns(board.app.db.read(), &ids).await?;
    let names = board.contacts.matters().await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let mut spans = numbers(&row.spans)?;
        spans.reverse();
        views.push(TopicView {
            id: row.id,
            number: row.number.clone(),
            name: row.name.clone(),
            from: day::read(&row.from_day)?,
            until: day::read(&row.until_day)? - Days::new(1),
            found_as: row.found_as.clone(),
            matter: matters(row, &names)?.into_iter().next(),
            hot: row.hot,
            hard: row.hard,
            rise: Rise::parse(&row.rise)
                .ok_or_else(|| internal("a topic rises in no way known"))?,
            count: row.count,
            ratio: row.ratio,
            heat: row.heat,
            hardness: (row.hardness > NOT_HARD).then_some(row.hardness),
            spans,
            class: row.class.as_deref().and_then(TopicClass::parse),
            state: row.case()?.state,
            spawns: spawned(&all, row.id)?,
            published_at: row.published_at,
            version: row.version,
        });
    }
    Ok(views)
}

fn offered(
    board: &Board,
    of: &Principal,
    row: &row::Model,
    made: &[TopicSpawnView],
) -> Result<Vec<&'static str>> {
    let case = row.case()?;
    let mut offered = Vec::new();
    let may = |action: Action| case.next(&action).is_ok();
    if of.may::<EditTopics>() {
        if case.is_open() {
            offered.extend(["edit", "merge", "drop"]);
        }
        if may(Action::Review) {
            offered.push("review");
        }
        if may(Action::Spawn) {
            let kinds = [
                (TopicSpawn::Article, "article", true),
                (TopicSpawn::Course, "course", true),
                (
                    TopicSpawn::Instruction,
                    "instruction",
                    board.spawns.may_instruct(of),
                ),
                (TopicSpawn::Brief, "brief", true),
            ];
            for (kind, name, may) in kinds {
                if may && !made.iter().any(|one| one.kind == kind) {
                    offered.push(name);
                }
            }
        }
    }
    let own = row.reviewed_by == Some(of.user_id);
    if of.may::<PublishTopics>() && may(Action::Publish { own }) {
        offered.push("publish");
    }
    Ok(offered)
}

async fn detail(board: &Board, of: &Principal, row: row::Model) -> Result<Json<TopicDetail>> {
    let conn = board.app.db.read();
    let purchaser = is_purchaser(of);
    let examples = store::examples(conn, row.id).await?;
    let examples = examples.into_iter().map(|one| TopicExample {
        contact_id: (!purchaser).then_some(one.contact_id),
        text: one.text,
    });
    let people =
        organization::colleagues(conn, row.reviewed_by.into_iter().chain(row.published_by)).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let names = board.contacts.matters().await?;
    let topic = views(board, std::slice::from_ref(&row)).await?.pop();
    let topic = topic.ok_or_else(|| internal("a topic is shown"))?;
    let parts = row
        .hard_parts
        .clone()
        .map(serde_json::from_value)
        .transpose()
        .map_err(internal)?;
    Ok(Json(TopicDetail {
        actions: offered(board, of, &row, &topic.spawns)?,
        topic,
        phrases: serde_json::from_value(row.phrases.clone()).map_err(internal)?,
        matters: matters(&row, &names)?,
        days: numbers(&row.days)?,
        effort: serde_json::from_value(row.effort.clone()).map_err(internal)?,
        hard_parts: parts,
        examples: examples.collect(),
        reviewed_by: person(row.reviewed_by),
        published_by: person(row.published_by),
        reviewed_at: row.reviewed_at,
        suggestion: row.suggestion,
        reason: row.reason,
        merged_into: row.merged_into,
    }))
}

/// Lists topics, the hottest first; `sort=-hardness` for the hardest. The purchaser sees what is published.
#[utoipa::path(
    get, path = "/api/v1/topics", tag = "analytics", operation_id = "list_topics",
    params(ListQuery, TopicFilter), responses((status = 200, body = Page<TopicView>)),
)]
async fn list(
    actor: Actor<ViewTopics>,
    State(board): State<Board>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<TopicFilter>,
) -> Result<Json<Page<TopicView>>> {
    let purchaser = is_purchaser(actor.principal());
    let page = store::list(board.app.db.read(), purchaser, &query, &filter).await?;
    let shown = page.shown(async |rows| views(&board, &rows).await);
    Ok(Json(shown.await?))
}

/// One topic with its trend and examples.
#[utoipa::path(
    get, path = "/api/v1/topics/{id}", tag = "analytics", operation_id = "get_topic",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TopicDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewTopics>,
    State(board): State<Board>,
    Path(id): Path<Uuid>,
) -> Result<Json<TopicDetail>> {
    let row = store::get(board.app.db.read(), is_purchaser(actor.principal()), id).await?;
    detail(&board, actor.principal(), row).await
}

/// What an analyst writes of a topic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    /// The version that was read.
    version: i64,
    /// What it is called.
    name: String,
    /// Whether it is hot, hard or both.
    class: Option<TopicClass>,
    /// What is to be done; up to 2,000 characters.
    #[serde(default)]
    suggestion: String,
}

/// Names a topic, says whether it is hot or hard and what is to be done.
#[utoipa::path(
    put, path = "/api/v1/topics/{id}", tag = "analytics", operation_id = "edit_topic",
    params(("id" = Uuid, Path)), request_body = TopicEntry,
    responses((status = 200, body = TopicDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<EditTopics>,
    State(board): State<Board>,
    Path(id): Path<Uuid>,
    Json(entry): Json<TopicEntry>,
) -> Result<Json<TopicDetail>> {
    must_be_name("name", &entry.name)?;
    let suggestion = checked("suggestion", &entry.suggestion)?;
    for (field, text) in [("name", &entry.name), ("suggestion", &suggestion)] {
        if kept_out(text) {
            let detail = "no telephone number, identity number or e-mail address stands in what is published";
            return Err(invalid(field, "topic_names_somebody", detail));
        }
    }
    let (db, app, who) = (board.app.db.clone(), board.app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, false, id).await?, entry.version)?;
            let action = Action::Edit {
                classed: entry.class.is_some(),
                advised: !suggestion.is_empty(),
            };
            store::act(&app, &tx, &who, &before, (&action, "edited"), |after| {
                after.name = entry.name;
                after.class = entry.class.map(|class| class.as_str().to_owned());
                after.suggestion = suggestion;
            })
            .await
        })
        .await?;
    detail(&board, actor.principal(), row).await
}

/// What people type holds somebody's number or address.
fn kept_out(text: &str) -> bool {
    knowledge::without_personal_data(text) != text.lines().collect::<Vec<_>>().join("\n")
}

/// A step of the analyst.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum TopicVerb {
    /// 审核通过
    Review,
    /// 剔除
    Drop {
        /// Why.
        reason: String,
    },
    /// 并入
    Merge {
        /// The topic of the same period that it is part of.
        into: Uuid,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
struct TopicStep {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: TopicVerb,
}

/// Reviews a topic, drops it, or merges it into another one of its period.
#[utoipa::path(
    post, path = "/api/v1/topics/{id}/steps", tag = "analytics", operation_id = "step_topic",
    params(("id" = Uuid, Path)), request_body = TopicStep,
    responses((status = 200, body = TopicDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<EditTopics>,
    State(board): State<Board>,
    Path(id): Path<Uuid>,
    Json(step): Json<TopicStep>,
) -> Result<Json<TopicDetail>> {
    let reason = match &step.verb {
        TopicVerb::Drop { reason } => Some(needed("reason", reason)?),
        _ => None,
    };
    let (db, app, who) = (board.app.db.clone(), board.app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, false, id).await?, step.version)?;
            let now = app.clock.now();
            match step.verb {
                TopicVerb::Review => {
                    store::act(
                        &app,
                        &tx,
                        &who,
                        &before,
                        (&Action::Review, "reviewed"),
                        |after| {
                            after.reviewed_by = who.user_id;
                            after.reviewed_at = Some(now);
                        },
                    )
                    .await
                }
                TopicVerb::Drop { .. } => {
                    store::act(
                        &app,
                        &tx,
                        &who,
                        &before,
                        (&Action::Drop, "dropped"),
                        |after| after.reason = reason,
                    )
                    .await
                }
                TopicVerb::Merge { into } => {
                    let target = store::get(&*tx, false, into).await?;
                    let fits = target.id != id
                        && target.case()?.is_open()
                        && (&target.from_day, &target.until_day)
                            == (&before.from_day, &before.until_day);
                    if !fits {
                        let detail = "another open topic of the same period";
                        return Err(invalid("into", "topic_not_mergeable", detail));
                    }
                    let mut after = target.clone();
                    let mut phrases: Vec<String> =
                        serde_json::from_value(after.phrases).map_err(internal)?;
                    let more: Vec<String> =
                        serde_json::from_value(before.phrases.clone()).map_err(internal)?;
                    phrases.extend(more.into_iter().chain([before.name.clone()]));
                    phrases.dedup();
                    phrases.truncate(20);
                    after.phrases = serde_json::json!(phrases);
                    store::take_in(&mut after, &before)?;
                    let after = versioned::save(&app, &*tx, &target, after).await?;
                    store::tell(&app, &tx, &who, &after, "joined").await?;
                    store::act(
                        &app,
                        &tx,
                        &who,
                        &before,
                        (&Action::Merge, "merged"),
                        |after| {
                            after.merged_into = Some(into);
                        },
                    )
                    .await
                }
            }
        })
        .await?;
    detail(&board, actor.principal(), row).await
}

/// Which topic is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TopicPublication {
    /// The version that was read.
    version: i64,
}

/// Publishes a reviewed topic to the purchaser; it does not change any more.
#[utoipa::path(
    post, path = "/api/v1/topics/{id}/publish", tag = "analytics", operation_id = "publish_topic",
    params(("id" = Uuid, Path)), request_body = TopicPublication,
    responses((status = 200, body = TopicDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn publish(
    actor: Actor<PublishTopics>,
    State(board): State<Board>,
    Path(id): Path<Uuid>,
    Json(request): Json<TopicPublication>,
) -> Result<Json<TopicDetail>> {
    let (db, app, who) = (board.app.db.clone(), board.app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, false, id).await?, request.version)?;
            let own = before.reviewed_by == who.user_id;
            let now = app.clock.now();
            let action = (&Action::Publish { own }, "published");
            store::act(&app, &tx, &who, &before, action, |after| {
                after.published_by = who.user_id;
                after.published_at = Some(now);
            })
            .await
        })
        .await?;
    detail(&board, actor.principal(), row).await
}

/// What is to be made of a topic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TopicToMake {
    /// A draft of an article, a course, a draft of a 请示, or a line of the monthly brief.
    kind: TopicSpawn,
}

/// Makes a draft, a course, a 请示 or a line of the monthly brief of a reviewed topic. What was made is not made twice.
#[utoipa::path(
    post, path = "/api/v1/topics/{id}/spawns", tag = "analytics", operation_id = "spawn_of_topic",
    params(("id" = Uuid, Path)), request_body = TopicToMake,
    responses((status = 200, body = TopicDetail), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn make(
    actor: Actor<EditTopics>,
    State(board): State<Board>,
    Path(id): Path<Uuid>,
    Json(request): Json<TopicToMake>,
) -> Result<Json<TopicDetail>> {
    let kind = request.kind;
    if kind == TopicSpawn::Instruction && !board.spawns.may_instruct(actor.principal()) {
        let detail = "who writes 请示 makes one of a topic";
        return Err(refused("topic_instruction_not_yours", detail)
            .with_way_out("ask the operations manager"));
    }
    let mut tries = 0;
    loop {
        let (board, who, by) = (board.clone(), actor.who(), actor.user_id());
        let db = board.app.db.clone();
        let made = db.write(move |tx| async move { made(&board, &tx, &who, (id, kind, by)).await });
        match made.await {
            // Somebody made the same in this very moment: his is shown.
            Err(problem) if tries < 2 && problem.code == "already_exists" => tries += 1,
            done => {
                done?;
                break;
            }
        }
    }
    let row = store::get(board.app.db.read(), false, id).await?;
    detail(&board, actor.principal(), row).await
}

async fn made(
    board: &Board,
    tx: &kernel::Tx,
    who: &kernel::audit::Who,
    (id, kind, by): (Uuid, TopicSpawn, Uuid),
) -> Result<()> {
    let row = store::get(&**tx, false, id).await?;
    let known = store::spawns(&**tx, &[id]).await?;
    if known.iter().any(|one| one.kind == kind.as_str()) {
        return Ok(());
    }
    row.case()?
        .next(&Action::Spawn)
        .map_err(|refusal| refusal.about(&row.what()).with("state", row.state.as_str()))?;
    let draft = drafted(board, &row, by).await?;
    let spawned = match kind {
        TopicSpawn::Article => board.spawns.article(tx, who, &draft).await?,
        TopicSpawn::Course => board.spawns.course(tx, who, &draft).await?,
        TopicSpawn::Instruction => board.spawns.instruction(tx, who, &draft).await?,
        TopicSpawn::Brief => super::port::Spawned {
            id,
            number: month_of(&row)?,
        },
    };
    let made = spawn::Model {
        topic_id: id,
        kind: kind.as_str().to_owned(),
        target_id: spawned.id,
        number: spawned.number,
        by_id: by,
        at: board.app.clock.now(),
    };
    made.into_active_model().reset_all().insert(&**tx).await?;
    store::tell(
        &board.app,
        tx,
        who,
        &row,
        &format!("made_{}", kind.as_str()),
    )
    .await
}

/// The month in which a topic's period ends.
fn month_of(row: &row::Model) -> Result<String> {
    let last = day::read(&row.until_day)? - Days::new(1);
    Ok(last.format("%Y-%m").to_string())
}

/// What is made of a topic begins with what is known of it.
async fn drafted(board: &Board, row: &row::Model, by: Uuid) -> Result<Draft> {
    let matter = row.matter_code.clone();
    let matter = matter.ok_or_else(|| {
        refused(
            "topic_without_matter",
            "the contacts of this topic have no matter",
        )
    })?;
    let examples = store::examples(board.app.db.read(), row.id).await?;
    let last = day::read(&row.until_day)? - Days::new(1);
    let mut body = format!(
        "{}至{}共{}次来电来信涉及“{}”。\n建议：{}\n",
        row.from_day,
        day::text(last),
        row.count,
        row.name,
        row.suggestion
    );
    if !examples.is_empty() {
        body.push_str("来电摘要（已脱敏）：\n");
        for example in examples.iter().take(3) {
            body.push_str("- ");
            body.extend(example.text.chars().take(120));
            body.push('\n');
        }
    }
    Ok(Draft {
        title: row.name.clone(),
        body: body.chars().take(1_900).collect(),
        matter,
        by,
    })
}

/// A search for topics.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicRun {
    /// Identifies it.
    pub id: Uuid,
    /// The first day of the period.
    pub from: NaiveDate,
    /// The last one.
    pub until: NaiveDate,
    /// `waiting` or `done`.
    pub state: String,
    /// Contacts of the period that were written up.
    pub contacts: i64,
    /// Topics that were found.
    pub topics: i64,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// When it was over.
    pub done_at: Option<DateTime<Utc>>,
}

/// The last searches for topics.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicRuns {
    /// The latest first.
    pub items: Vec<TopicRun>,
}

async fn all_runs(board: &Board) -> Result<Json<TopicRuns>> {
    let mut items = Vec::new();
    for run in store::runs(board.app.db.read()).await? {
        items.push(TopicRun {
            id: run.id,
            from: day::read(&run.from_day)?,
            until: day::read(&run.until_day)? - Days::new(1),
            state: run.state,
            contacts: run.contacts,
            topics: run.topics,
            asked_at: run.asked_at,
            done_at: run.done_at,
        });
    }
    Ok(Json(TopicRuns { items }))
}

/// The last searches for topics.
#[utoipa::path(
    get, path = "/api/v1/topic-runs", tag = "analytics", operation_id = "list_topic_runs",
    responses((status = 200, body = TopicRuns)),
)]
async fn runs(_actor: Actor<EditTopics>, State(board): State<Board>) -> Result<Json<TopicRuns>> {
    all_runs(&board).await
}

/// The period of a search.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTopicRun {
    /// The first day.
    from: NaiveDate,
    /// The last day: at most 31 days, today at the latest.
    until: NaiveDate,
}

/// Looks for the topics of a period; every week is looked at by itself on Monday morning.
#[utoipa::path(
    post, path = "/api/v1/topic-runs", tag = "analytics", operation_id = "ask_for_topics",
    request_body = NewTopicRun,
    responses((status = 202, body = TopicRuns), (status = 422, body = Problem)),
)]
async fn ask(
    actor: Actor<EditTopics>,
    State(board): State<Board>,
    Json(new): Json<NewTopicRun>,
) -> Result<(StatusCode, Json<TopicRuns>)> {
    let today = day::today(&board.app);
    day::plausible("from", new.from, today)?;
    day::past("until", new.until, today)?;
    let days = (new.until - new.from).num_days() + 1;
    if !(1..=LONGEST).contains(&days) {
        return Err(invalid("until", "topic_period_invalid", "1 to 31 days"));
    }
    let (app, who) = (board.app.clone(), actor.who());
    let period = (new.from, new.until + Days::new(1));
    board
        .app
        .db
        .write(move |tx| async move { store::ask(&app, &tx, &who, period).await })
        .await?;
    Ok((StatusCode::ACCEPTED, all_runs(&board).await?))
}
