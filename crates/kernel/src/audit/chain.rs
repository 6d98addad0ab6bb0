//! The hash chain over the sealed rows: each row's hash covers the row and the hash before it.

use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::entry;
use crate::Result;

/// Rows read at a time.
const CHUNK: u64 = 1000;

/// The last sealed row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Head {
    /// Its number; the first row is 1.
    pub seq: i64,
    /// Its hash (SHA-256 in hex), which stands for the whole trail up to here.
    pub hash: String,
}

/// The first row that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Broken {
    /// Its number in the chain.
    pub seq: i64,
    /// Its id; null where the row itself is gone.
    pub id: Option<Uuid>,
    /// What is wrong, in a sentence.
    pub why: String,
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Rows that were checked and are whole.
    pub checked: i64,
    /// Rows that wait for the sealer.
    pub unsealed: u64,
    /// The head the chain should have.
    pub head: Option<Head>,
    /// The first broken row.
    pub broken: Option<Broken>,
}

impl Verification {
    /// Nothing was changed, inserted or taken away.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none()
    }
}

impl std::fmt::Display for Verification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.broken, &self.head) {
            (Some(broken), _) => {
                let id = broken.id.map(|id| format!(" ({id})")).unwrap_or_default();
                write!(f, "broken at row {}{id}: {}", broken.seq, broken.why)
            }
            (None, Some(head)) => write!(
                f,
                "whole: {} rows, head {} {}, {} not sealed yet",
                self.checked, head.seq, head.hash, self.unsealed
            ),
            (None, None) => write!(f, "nothing sealed yet, {} rows wait", self.unsealed),
        }
    }
}

crate::table! {
    pub mod head = "audit_head" (name: String) {
        seq: i64,
        hash: String,
    }
}

/// The head as the sealer wrote it down beside the rows, so that a cut-off end is seen.
pub async fn head(conn: &impl ConnectionTrait) -> Result<Option<Head>> {
    let row = head::Entity::find().one(conn).await?;
    Ok(row.map(|row| Head {
        seq: row.seq,
        hash: row.hash,
    }))
}

pub async fn unsealed(conn: &impl ConnectionTrait) -> Result<u64> {
    Ok(entry::Entity::find()
        .filter(entry::Column::Seq.is_null())
        .count(conn)
        .await?)
}

/// The hash of a row at its place in the chain.
pub fn hash(previous: &str, seq: i64, row: &entry::Model) -> String {
    let text = json!([
        previous,
        seq,
        row.id,
        row.at.timestamp_millis(),
        row.who_id,
        row.who_name,
        row.session_id,
        row.action,
        row.subject_kind,
        row.subject_id,
        canonical(&row.details),
    ]);
    hex::encode(Sha256::digest(text.to_string()))
}

/// The same value with its members in order, however a database or a library keeps them.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            sorted
                .into_iter()
                .map(|(name, value)| (name.clone(), canonical(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

/// Checks the rows after `from` (0 = all) up to the head.
pub async fn verify_from(conn: &impl ConnectionTrait, from: i64) -> Result<Verification> {
    // The head first: rows that are sealed meanwhile lie behind it.
    let head = head(conn).await?;
    let unsealed = unsealed(conn).await?;
    let mut found = Verification {
        checked: 0,
        unsealed,
        head: head.clone(),
        broken: None,
    };
    let mut seq = from;
    let mut previous = match from {
        0 => String::new(),
        _ => hash_at(conn, from).await?.unwrap_or_default(),
    };
    let end = head.as_ref().map_or(0, |head| head.seq);
    while seq < end {
        let rows = entry::Entity::find()
            .filter(entry::Column::Seq.gt(seq))
            .filter(entry::Column::Seq.lte(end))
            .order_by_asc(entry::Column::Seq)
            .limit(CHUNK)
            .all(conn)
            .await?;
        let mut broken = rows.is_empty().then(|| missing(seq + 1));
        for row in rows {
            if row.seq != Some(seq + 1) {
                broken = Some(missing(seq + 1));
                break;
            }
            let expected = hash(&previous, seq + 1, &row);
            if row.hash.as_deref() != Some(expected.as_str()) {
                let why = "its content is not what was sealed".to_owned();
                broken = Some(Broken {
                    seq: seq + 1,
                    id: Some(row.id),
                    why,
                });
                break;
            }
            (seq, previous) = (seq + 1, expected);
            found.checked += 1;
        }
        if broken.is_some() {
            found.broken = broken;
            return Ok(found);
        }
    }
    let beyond = entry::Entity::find()
        .filter(entry::Column::Seq.gt(end))
        .order_by_asc(entry::Column::Seq)
        .one(conn)
        .await?;
    found.broken = match (&head, beyond) {
        (Some(head), _) if head.hash != previous => Some(Broken {
            seq: head.seq,
            id: None,
            why: "the head that was written down is not that of the rows".to_owned(),
        }),
        (None, Some(row)) => Some(Broken {
            seq: row.seq.unwrap_or_default(),
            id: Some(row.id),
            why: "a sealed row, but no head was written down".to_owned(),
        }),
        _ => None,
    };
    Ok(found)
}

fn missing(seq: i64) -> Broken {
    Broken {
        seq,
        id: None,
        why: "the row is gone".to_owned(),
    }
}

async fn hash_at(conn: &impl ConnectionTrait, seq: i64) -> Result<Option<String>> {
    let row = entry::Entity::find()
        .filter(entry::Column::Seq.eq(seq))
        .one(conn)
        .await?;
    Ok(row.and_then(|row| row.hash))
}
