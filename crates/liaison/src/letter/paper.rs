//! A letter on paper; its hash is taken when it is sealed, so that what was sent can be told from what was not.

use kernel::problem::{Result, internal};
use sea_orm::ConnectionTrait;

use super::store::row;
use super::{LetterSecrecy, LetterUrgency};
use crate::day;
use crate::paper::{Block, Paper};

pub(crate) fn texts(list: &serde_json::Value) -> Result<Vec<String>> {
    serde_json::from_value(list.clone()).map_err(internal)
}

fn marks(letter: &row::Model) -> Option<String> {
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
    let marks: Vec<&str> = [secrecy, urgency].into_iter().flatten().collect();
    (!marks.is_empty()).then(|| marks.join("　"))
}

/// The letter as a document.
pub(crate) async fn of(conn: &impl ConnectionTrait, letter: &row::Model) -> Result<Paper> {
    let mut blocks = Vec::new();
    let paragraph = |text: String| Block::Paragraph { text };
    if let Some(text) = marks(letter) {
        blocks.push(paragraph(text));
    }
    blocks.push(paragraph(format!("{}：", letter.to_name)));
    blocks.extend(texts(&letter.body)?.into_iter().map(paragraph));
    let from = organization::party_name(conn, letter.from()).await?;
    let mut lines = vec![from.unwrap_or_default()];
    lines.extend(
        letter
            .signed_at
            .map(|at| day::of(at).format("%Y年%-m月%-d日").to_string()),
    );
    blocks.push(Block::Signature { lines });
    let cc = texts(&letter.cc)?;
    if !cc.is_empty() {
        blocks.push(paragraph(format!("抄送：{}", cc.join("，"))));
    }
    Ok(Paper {
        title: letter.title.clone(),
        number: letter.number.clone(),
        blocks,
    })
}
