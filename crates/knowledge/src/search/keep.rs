//! Keeps the index as the tables are: what changed since the last look is read before each search. So it holds on
//! every node of a cluster, and what somebody wrote he finds with his next question.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::App;
use kernel::problem::Result;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Entry, Index};
use crate::article::split;
use crate::article::store::{row, version_row};
use crate::synonym;

/// Articles read in one go.
const AT_ONCE: u64 = 500;
/// Nodes' clocks differ, and a row is written a moment after its time was taken.
const SLACK: TimeDelta = TimeDelta::seconds(10);
/// After the start, so that the first agent who looks for something does not wait for the dictionary.
const WARM_UP: Duration = Duration::from_secs(5);

/// The index over the tables.
#[derive(Clone, Default)]
pub struct Shelf {
    index: Arc<RwLock<Index>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// When it was looked last.
    looked_at: DateTime<Utc>,
    versions: HashMap<Uuid, i64>,
    synonyms: Vec<Vec<String>>,
}

impl Shelf {
    /// Reads the tables in the background, a moment after the start.
    pub(crate) fn warm_up(&self, app: &App) {
        let (shelf, app) = (self.clone(), app.clone());
        app.clone().tasks.spawn(async move {
            tokio::select! {
                () = app.shutdown.cancelled() => return,
                () = app.clock.sleep(WARM_UP) => {}
            }
            if let Err(problem) = shelf.refresh(&app).await {
                tracing::warn!(%problem, "the first search will read the knowledge");
            }
        });
    }

    /// Reads what changed.
    pub async fn refresh(&self, app: &App) -> Result<()> {
        let conn = app.db.read();
        let mut seen = self.seen.lock().await;
        let synonyms = synonym::groups(conn).await?;
        if synonyms != seen.synonyms {
            seen.synonyms.clone_from(&synonyms);
            self.write(|index| index.set_synonyms(synonyms));
        }
        let now = app.clock.now();
        let mut after = (seen.looked_at - SLACK, Uuid::nil());
        loop {
            let later = Condition::any()
                .add(row::Column::UpdatedAt.gt(after.0))
                .add(
                    Condition::all()
                        .add(row::Column::UpdatedAt.eq(after.0))
                        .add(row::Column::Id.gt(after.1)),
                );
            let rows = row::Entity::find()
                .filter(later)
                .order_by_asc(row::Column::UpdatedAt)
                .order_by_asc(row::Column::Id)
                .limit(AT_ONCE)
                .all(conn)
                .await?;
            let Some(last) = rows.last() else {
                break;
            };
            after = (last.updated_at, last.id);
            let more = rows.len() as u64 == AT_ONCE;
            let news = rows
                .into_iter()
                .filter(|row| seen.versions.get(&row.id) != Some(&row.version));
            let news: Vec<row::Model> = news.collect();
            let entries = entries(conn, &news).await?;
            self.write(|index| {
                for row in &news {
                    let none = Vec::new();
                    index.put(row.id, entries.get(&row.id).unwrap_or(&none));
                }
            });
            seen.versions
                .extend(news.iter().map(|row| (row.id, row.version)));
            if !more {
                break;
            }
        }
        seen.looked_at = now;
        Ok(())
    }

    /// Looks into the index.
    pub fn read<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Of each article the version in force and the latest.
async fn entries(
    conn: &impl ConnectionTrait,
    rows: &[row::Model],
) -> Result<HashMap<Uuid, Vec<Entry>>> {
    let mut entries: HashMap<Uuid, Vec<Entry>> = HashMap::new();
    if rows.is_empty() {
        return Ok(entries);
    }
    let wanted = |row: &row::Model| [row.current_n, Some(row.latest_n)].into_iter().flatten();
    let numbers: BTreeSet<i32> = rows.iter().flat_map(wanted).collect();
    let versions = version_row::Entity::find()
        .filter(version_row::Column::ArticleId.is_in(rows.iter().map(|row| row.id)))
        .filter(version_row::Column::N.is_in(numbers))
        .all(conn)
        .await?;
    let by_id: HashMap<Uuid, &row::Model> = rows.iter().map(|row| (row.id, row)).collect();
    for version in versions {
        let Some(article) = by_id.get(&version.article_id) else {
            continue;
        };
        if !wanted(article).any(|n| n == version.n) {
            continue;
        }
        entries.entry(article.id).or_default().push(Entry {
            article_id: article.id,
            n: version.n,
            number: article.number.clone(),
            kind: article.kind.clone(),
            matter: article.matter_code.clone(),
            keywords: split(&version.keywords),
            title: version.title,
            question: version.question,
            answer: version.answer,
            source_no: version.source_no,
            source_title: version.source_title,
            in_force: article.current_n == Some(version.n),
        });
    }
    Ok(entries)
}
