//! What desks ask the model for. Its failure is never theirs: they get what the plain search finds, with the reason.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Services;
use chrono::TimeDelta;
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid};
use kernel::rate::Rate;
use kernel::rights::SignedIn;
use kernel::text::needed;
use kernel::{Actor, App, audit};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    AssistDegraded, AssistSpeaker, Choices, Lists, OFFERED, Offered, Picked, Proposal, Settings,
    client, pick_from, picked, proposal, sum_up,
};
use crate::approval::store as approvals;
use crate::article::store::version_row;
use crate::rights::UseAssist;
use crate::search::Narrow;
use crate::search::http::Finder;
use crate::search::keep::Shelf;

/// Messages of one conversation.
const MOST_MESSAGES: usize = 200;
/// Questions of one person within a minute.
const A_MINUTE: usize = 30;

/// What the handlers share.
#[derive(Clone)]
struct Desk {
    app: App,
    finder: Finder,
    settings: Arc<Settings>,
    choices: Arc<dyn Choices>,
    rate: Rate<Uuid>,
}

/// The routes; an error where the settings cannot be.
pub(crate) fn routes(app: &App, shelf: &Shelf, choices: Arc<dyn Choices>) -> Result<OpenApiRouter> {
    let routes = OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(suggest))
        .routes(routes!(summarize))
        .with_state(Desk {
            app: app.clone(),
            finder: Finder {
                app: app.clone(),
                shelf: shelf.clone(),
            },
            settings: Arc::new(Settings::from_config(app)?),
            choices,
            rate: Rate::new(A_MINUTE, TimeDelta::minutes(1)),
        });
    Ok(routes)
}

/// Whether a model is connected.
#[derive(Debug, Serialize, ToSchema)]
struct AssistState {
    /// Suggestions and summaries can be asked for.
    enabled: bool,
}

/// What a requester wrote, or an agent typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssistQuestion {
    /// The text, up to 2,000 characters.
    text: String,
    /// Only this matter.
    matter: Option<String>,
}

/// An approved article that answers.
#[derive(Debug, Serialize, ToSchema)]
struct AssistSuggestion {
    /// What an answer cites: `article@version`.
    citation: String,
    /// `ZS0001`
    number: String,
    /// What it is called.
    title: String,
    /// What may be said, as it was approved.
    text: String,
    /// Where the passage that answers begins in the text, in code points; none where the model named none.
    passage_start: Option<usize>,
    /// Behind its last character.
    passage_end: Option<usize>,
}

/// Approved articles, the best first.
#[derive(Debug, Serialize, ToSchema)]
struct AssistSuggestions {
    /// The articles, at most five.
    items: Vec<AssistSuggestion>,
    /// The model that chose them.
    model: String,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// Why the model was no help; the items are then those of the plain search.
    degraded: Option<AssistDegraded>,
}

/// What was said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssistMessage {
    /// Who said it.
    from: AssistSpeaker,
    /// The words.
    text: String,
}

/// A conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssistConversation {
    /// In their order, 1 to 200; of a long conversation how it began and how it ended is looked at.
    messages: Vec<AssistMessage>,
}

/// A summary for the agent to confirm or to change; nothing is written down by it.
#[derive(Debug, Serialize, ToSchema)]
struct AssistSummary {
    /// Plain text of at most 300 characters; none where the model was no help.
    summary: Option<String>,
    /// Code of a type of request.
    request_type: Option<String>,
    /// Code of a matter.
    matter: Option<String>,
    /// The model that wrote it.
    model: String,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// Why the model was no help.
    degraded: Option<AssistDegraded>,
}

/// Whether a model is connected; everything works without.
#[utoipa::path(
    get, path = "/api/v1/assist", tag = "knowledge", operation_id = "assist_state",
    responses((status = 200, body = AssistState)),
)]
async fn show(_who: SignedIn, Services(desk): Services<Desk>) -> Json<AssistState> {
    let enabled = desk.settings.enabled;
    Json(AssistState { enabled })
}

/// Lets the model choose among the approved articles that the search finds for a text.
#[utoipa::path(
    post, path = "/api/v1/assist/suggestions", tag = "knowledge", operation_id = "assist_suggestions",
    request_body = AssistQuestion,
    responses(
        (status = 200, body = AssistSuggestions), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem),
    ),
)]
async fn suggest(
    actor: Actor<UseAssist>,
    Services(desk): Services<Desk>,
    Json(asked): Json<AssistQuestion>,
) -> Result<Json<AssistSuggestions>> {
    desk.admit(&actor)?;
    let text = needed("text", &asked.text)?;
    let offered = desk.offered(&text, asked.matter).await?;
    let model = desk.settings.model.clone();
    if offered.is_empty() {
        return Ok(Json(AssistSuggestions {
            items: Vec::new(),
            model,
            took_ms: 0,
            degraded: None,
        }));
    }
    let began = desk.app.clock.monotonic();
    let asking = pick_from(&text, &offered, desk.settings.most_text);
    let answer = client::ask(&desk.app, &desk.settings, &asking).await;
    let (order, degraded) = match answer.and_then(|answer| picked(&answer, &offered)) {
        Ok(picked) => (picked, None),
        Err(why) => (Picked::plainly(&offered), Some(why)),
    };
    let took_ms = desk.since(began);
    let holding = desk.holding(&offered).await?;
    let items: Vec<AssistSuggestion> = order
        .into_iter()
        .filter_map(|picked| Some((picked, offered.get(picked.at)?)))
        .filter(|(_, article)| holding.contains(&article.id))
        .map(|(picked, article)| AssistSuggestion {
            citation: article.citation.clone(),
            number: article.number.clone(),
            title: article.title.clone(),
            text: article.text.clone(),
            passage_start: picked.passage.map(|place| place.start),
            passage_end: picked.passage.map(|place| place.end),
        })
        .collect();
    let citations = items.iter().map(|item| item.citation.as_str()).collect();
    desk.asked(&actor, "suggestion", took_ms, degraded, citations)
        .await?;
    Ok(Json(AssistSuggestions {
        items,
        model,
        took_ms,
        degraded,
    }))
}

/// Drafts a summary of a conversation; it is written down only by the person who confirms it.
#[utoipa::path(
    post, path = "/api/v1/assist/summaries", tag = "knowledge", operation_id = "assist_summaries",
    request_body = AssistConversation,
    responses(
        (status = 200, body = AssistSummary), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem),
    ),
)]
async fn summarize(
    actor: Actor<UseAssist>,
    Services(desk): Services<Desk>,
    Json(asked): Json<AssistConversation>,
) -> Result<Json<AssistSummary>> {
    desk.admit(&actor)?;
    if asked.messages.len() > MOST_MESSAGES {
        let detail = "at most 200 messages";
        return Err(invalid("messages", "too_many_messages", detail));
    }
    let said = asked.messages.into_iter();
    let said: Vec<(AssistSpeaker, String)> = said
        .map(|message| (message.from, message.text.trim().to_owned()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    if said.is_empty() {
        return Err(invalid("messages", "text_missing", "nothing was said"));
    }
    let lists = Lists {
        request_types: desk.choices.request_types(),
        matters: desk.choices.matters().await?,
    };
    let began = desk.app.clock.monotonic();
    let asking = sum_up(&said, &lists, desk.settings.most_text);
    let answer = client::ask(&desk.app, &desk.settings, &asking).await;
    let (proposal, degraded) = match answer.and_then(|answer| proposal(&answer, &lists)) {
        Ok(proposal) => (proposal, None),
        Err(why) => (Proposal::default(), Some(why)),
    };
    let took_ms = desk.since(began);
    desk.asked(&actor, "summary", took_ms, degraded, Vec::new())
        .await?;
    Ok(Json(AssistSummary {
        summary: proposal.summary,
        request_type: proposal.request_type,
        matter: proposal.matter,
        model: desk.settings.model.clone(),
        took_ms,
        degraded,
    }))
}

impl Desk {
    fn admit(&self, actor: &Actor<UseAssist>) -> Result<()> {
        self.settings.must_be_on()?;
        self.rate.admit(actor.user_id(), self.app.clock.now())
    }

    fn since(&self, began: Duration) -> u64 {
        let took = self.app.clock.monotonic().saturating_sub(began);
        u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
    }

    /// The approved articles that the search finds.
    async fn offered(&self, text: &str, matter: Option<String>) -> Result<Vec<Offered>> {
        let narrow = Narrow {
            matter,
            ..Narrow::default()
        };
        let Json(found) = self.finder.found(text, &narrow, OFFERED).await?;
        if found.items.is_empty() {
            return Ok(Vec::new());
        }
        let these = found.items.iter().map(|hit| {
            Condition::all()
                .add(version_row::Column::ArticleId.eq(hit.id))
                .add(version_row::Column::N.eq(hit.n))
        });
        let versions = version_row::Entity::find()
            .filter(these.fold(Condition::any(), Condition::add))
            .all(self.app.db.read())
            .await?;
        let versions = versions.into_iter();
        let mut public: HashMap<Uuid, String> = versions
            .filter_map(|version| Some((version.article_id, version.public_answer?)))
            .collect();
        let offered = found.items.into_iter().map(|hit| Offered {
            id: hit.id,
            n: hit.n,
            citation: hit.citation,
            number: hit.number,
            title: hit.title,
            question: hit.question,
            text: public.remove(&hit.id).unwrap_or(hit.answer),
        });
        Ok(offered.collect())
    }

    /// Those that hold still: while the model thought, one may have been withdrawn.
    async fn holding(&self, offered: &[Offered]) -> Result<Vec<Uuid>> {
        let now = self.app.clock.now();
        let ids = offered.iter().map(|article| article.id);
        let changes = approvals::in_force(self.app.db.read(), ids).await?;
        let holds = offered.iter().filter(|article| {
            changes.get(&article.id).is_some_and(|change| {
                change.n == article.n && change.until_at.is_none_or(|until| until > now)
            })
        });
        Ok(holds.map(|article| article.id).collect())
    }

    /// Leaves the trace, without a word of what was asked or answered.
    async fn asked(
        &self,
        actor: &Actor<UseAssist>,
        kind: &'static str,
        took_ms: u64,
        degraded: Option<AssistDegraded>,
        citations: Vec<&str>,
    ) -> Result<()> {
        if let Some(why) = degraded {
            tracing::warn!(kind, why = why.as_str(), took_ms, "the model was no help");
        }
        let details = json!({
            "kind": kind, "model": self.settings.model, "took_ms": took_ms, "degraded": degraded,
            "citations": citations,
        });
        let (app, who) = (self.app.clone(), actor.who());
        self.app
            .db
            .write(async move |tx| {
                audit::record(&app, &*tx, &who, "assist.asked", "assist", kind, details).await
            })
            .await
    }
}
