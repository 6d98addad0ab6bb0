//! What changed from one version to another: line by line, and within a changed line character by character.

use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};
use utoipa::ToSchema;

use super::Content;

/// What became of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffOp {
    /// It stands in both.
    Equal,
    /// It is new.
    Insert,
    /// It is gone.
    Delete,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffSegment {
    /// What became of it.
    pub op: DiffOp,
    /// The text.
    pub text: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffLine {
    /// What became of the line.
    pub op: DiffOp,
    /// Its pieces: what of a changed line stands in the other one as well is `equal`.
    pub segments: Vec<DiffSegment>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffField {
    /// `answer`
    pub field: &'static str,
    /// It is not the same in both.
    pub changed: bool,
    /// Its lines; of an unchanged field too.
    pub lines: Vec<DiffLine>,
}

/// Every field of two versions.
pub fn of(from: &Content, to: &Content) -> Vec<DiffField> {
    let date = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map(|at| {
            let local = at.with_timezone(&calendar::SHANGHAI);
            local.format("%Y-%m-%d %H:%M").to_string()
        })
        .unwrap_or_default()
    };
    let texts = |content: &Content| {
        [
            ("title", content.title.clone()),
            ("question", content.question.clone()),
            ("answer", content.answer.clone()),
            (
                "public_answer",
                content.public_answer.clone().unwrap_or_default(),
            ),
            ("keywords", content.keywords.join("\n")),
            ("source_no", content.source_no.clone()),
            ("source_title", content.source_title.clone()),
            ("valid_from", date(content.valid_from)),
            ("valid_to", date(content.valid_to)),
            ("review_due", date(content.review_due)),
        ]
    };
    let pairs = texts(from).into_iter().zip(texts(to));
    pairs
        .map(|((field, before), (_, after))| DiffField {
            field,
            changed: before != after,
            lines: lines(&before, &after),
        })
        .collect()
}

/// The lines of two texts.
pub fn lines(before: &str, after: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut lines = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (gone, come) = (&old[op.old_range()], &new[op.new_range()]);
        match op.tag() {
            DiffTag::Equal => lines.extend(gone.iter().map(|text| whole(DiffOp::Equal, text))),
            DiffTag::Delete => lines.extend(gone.iter().map(|text| whole(DiffOp::Delete, text))),
            DiffTag::Insert => lines.extend(come.iter().map(|text| whole(DiffOp::Insert, text))),
            DiffTag::Replace => {
                let paired = gone.len().min(come.len());
                for (gone, come) in gone.iter().zip(come) {
                    lines.extend(replaced(gone, come));
                }
                let rest = gone[paired..].iter();
                lines.extend(rest.map(|text| whole(DiffOp::Delete, text)));
                let rest = come[paired..].iter();
                lines.extend(rest.map(|text| whole(DiffOp::Insert, text)));
            }
        }
    }
    lines
}

fn whole(op: DiffOp, text: &str) -> DiffLine {
    DiffLine {
        op,
        segments: vec![DiffSegment {
            op,
            text: text.to_owned(),
        }],
    }
}

/// A line that was rewritten: as it was, and as it is.
fn replaced(gone: &str, come: &str) -> [DiffLine; 2] {
    let diff = TextDiff::from_chars(gone, come);
    let side = |op: DiffOp, leave: ChangeTag| {
        let mut segments: Vec<DiffSegment> = Vec::new();
        let changes = diff.iter_all_changes();
        for change in changes.filter(|change| change.tag() != leave) {
            let op = match change.tag() {
                ChangeTag::Equal => DiffOp::Equal,
                _ => op,
            };
            match segments.last_mut() {
                Some(last) if last.op == op => last.text.push_str(change.value()),
                _ => segments.push(DiffSegment {
                    op,
                    text: change.value().to_owned(),
                }),
            }
        }
        DiffLine { op, segments }
    };
    [
        side(DiffOp::Delete, ChangeTag::Insert),
        side(DiffOp::Insert, ChangeTag::Delete),
    ]
}
