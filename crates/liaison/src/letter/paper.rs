//! A letter on paper; its hash is taken when it is sealed, so that what was sent can be told from what was not.

use kernel::problem::{Result, internal};
use sea_orm::ConnectionTrait;

use super::store::row;
use super::{LetterSecrecy, LetterUrgency};
use crate::paper::{Block, Paper};
use kernel::day;

pub(crate) fn texts(list: &serde_json::Value) -> Result<Vec<String>> {
    serde_json::from_value(list.clone()).map_err(internal)
}

fn marks(letter: &row::Model) -> Vec<String> {
    let secrecy = match LetterSecrecy::parse(&letter.secrecy) {
        Some(LetterSecrecy::Internal) => Some("内部"),
        Some(LetterSecrecy::WorkSecret) => Some("工作秘密"),
        _ => None,
    };
    let urgency = match LetterUrgency::parse(&letter.urgency) {
        Some(LetterUrgency::Urgent) => Some("加急"),
        Some(LetterUrgency::Extra) => Some("特急"),
        _ => None,
    };
    let marks = [secrecy, urgency].into_iter().flatten();
    marks.map(str::to_owned).collect()
}

/// The letter as a document.
pub(crate) async fn of(conn: &impl ConnectionTrait, letter: &row::Model) -> Result<Paper> {
    let body = texts(&letter.body)?.into_iter();
    let blocks = body.map(|text| Block::Paragraph { text }).collect();
    let from = organization::party_name(conn, letter.from()).await?;
    let from = from.unwrap_or_default();
    let date = letter
        .signed_at
        .map(|at| day::of(at).format("%Y年%-m月%-d日"));
    Ok(Paper {
        landscape: false,
        marks: marks(letter),
        letterhead: from.clone(),
        title: letter.title.clone(),
        number: letter.number.clone(),
        addressee: letter.to_name.clone(),
        blocks,
        signers: vec![from],
        date: date.map(|date| date.to_string()).unwrap_or_default(),
        copies: texts(&letter.cc)?,
    })
}
