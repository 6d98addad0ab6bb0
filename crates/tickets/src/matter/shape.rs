//! Pure: what a matter tree must look like, and what differs between two of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::text::must_be_name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::row;

/// Levels of the tree: 大类, 中类, 小类 and two more.
const DEEPEST: usize = 5;

/// One matter as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatterFacts {
    /// The code of the matter above; null at the top.
    pub parent: Option<String>,
    /// 缴费与退费
    pub name: String,
    /// The first letters of the pinyin, to type without an input method; may be empty.
    pub shortcut: String,
    /// Its place among those beside it, from 1 on.
    pub position: u32,
    /// The section of the purchaser that answers for it.
    pub section: Option<String>,
    /// False: nothing new is classified with it; what was keeps it.
    pub active: bool,
}

/// A field of a matter, by its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatterField {
    /// 编码
    Code,
    /// 上级编码
    Parent,
    /// 名称
    Name,
    /// 拼音
    Shortcut,
    /// 顺序
    Position,
    /// 科室
    Section,
    /// 启用
    Active,
}

/// The columns of the template, in their order.
pub(crate) const COLUMNS: [(MatterField, &str); 7] = [
    (MatterField::Code, "编码"),
    (MatterField::Parent, "上级编码"),
    (MatterField::Name, "名称"),
    (MatterField::Shortcut, "拼音"),
    (MatterField::Position, "顺序"),
    (MatterField::Section, "科室"),
    (MatterField::Active, "启用"),
];

impl MatterField {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Parent => "parent",
            Self::Name => "name",
            Self::Shortcut => "shortcut",
            Self::Position => "position",
            Self::Section => "section",
            Self::Active => "active",
        }
    }
}

/// A tree: what each code says.
pub(crate) type Tree = BTreeMap<String, MatterFacts>;

impl From<row::Model> for MatterFacts {
    fn from(row: row::Model) -> Self {
        Self {
            parent: row.parent_code,
            name: row.name,
            shortcut: row.shortcut,
            position: u32::try_from(row.position).unwrap_or_default(),
            section: row.section,
            active: row.active,
        }
    }
}

impl MatterFacts {
    /// Each field as it stands in a cell.
    pub(crate) fn cells(&self) -> [(MatterField, Option<String>); 6] {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let yes_or_no = if self.active { "是" } else { "否" };
        [
            (MatterField::Parent, self.parent.clone()),
            (MatterField::Name, filled(&self.name)),
            (MatterField::Shortcut, filled(&self.shortcut)),
            (MatterField::Position, Some(self.position.to_string())),
            (MatterField::Section, self.section.clone()),
            (MatterField::Active, Some(yes_or_no.to_owned())),
        ]
    }
}

/// What is wrong with one matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub matter: String,
    pub field: MatterField,
    pub code: &'static str,
    pub detail: String,
}

/// What is wrong with a tree, as far as these matters are the cause.
pub(crate) fn check(tree: &Tree, touched: &BTreeSet<String>, sections: &[String]) -> Vec<Wrong> {
    let mut names: HashMap<(Option<&str>, &str), Vec<&str>> = HashMap::new();
    let mut active_below: HashMap<&str, usize> = HashMap::new();
    for (code, facts) in tree.iter().filter(|(_, facts)| facts.active) {
        let beside = (facts.parent.as_deref(), facts.name.as_str());
        names.entry(beside).or_default().push(code);
        if let Some(parent) = &facts.parent {
            *active_below.entry(parent).or_default() += 1;
        }
    }
    let mut below: Below<'_> = HashMap::new();
    for (code, facts) in tree {
        if let Some(parent) = &facts.parent {
            below.entry(parent).or_default().push(code);
        }
    }
    let mut all = Vec::new();
    for code in touched {
        let Some(facts) = tree.get(code) else {
            continue;
        };
        let mut wrong = |field, problem: &'static str, detail: &str| {
            all.push(Wrong {
                matter: code.clone(),
                field,
                code: problem,
                detail: detail.to_owned(),
            });
        };
        let digits =
            (1..=12).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        if !digits {
            wrong(
                MatterField::Code,
                "matter_code_invalid",
                "a code is 1 to 12 digits",
            );
        }
        // A name that a spreadsheet takes for a formula would not come back from a file as it went.
        if must_be_name("name", &facts.name).is_err()
            || facts.name.starts_with(['=', '+', '-', '@', '\''])
        {
            let detail = "1 to 60 characters on one line, none of = + - @ ' before them";
            wrong(MatterField::Name, "name_invalid", detail);
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if facts.shortcut.len() > 20 || !facts.shortcut.bytes().all(plain) {
            let detail = "at most 20 small letters and digits";
            wrong(MatterField::Shortcut, "shortcut_invalid", detail);
        }
        if !(1..=100_000).contains(&facts.position) {
            wrong(
                MatterField::Position,
                "position_invalid",
                "a whole number from 1 to 100,000",
            );
        }
        if facts
            .section
            .as_ref()
            .is_some_and(|section| !sections.contains(section))
        {
            wrong(MatterField::Section, "section_unknown", "no such section");
        }
        match above(tree, &below, code) {
            Above::Unknown => wrong(MatterField::Parent, "parent_unknown", "no such matter"),
            Above::Itself => wrong(
                MatterField::Parent,
                "parent_below_itself",
                "the matter would stand below itself",
            ),
            Above::TooDeep => wrong(
                MatterField::Parent,
                "tree_too_deep",
                "a tree has at most 5 levels",
            ),
            Above::Parent(parent) if facts.active && !parent.active => {
                wrong(
                    MatterField::Parent,
                    "parent_not_in_use",
                    "the matter above is not in use",
                );
            }
            Above::Top | Above::Parent(_) => {}
        }
        let beside = (facts.parent.as_deref(), facts.name.as_str());
        if facts.active && names.get(&beside).is_some_and(|codes| codes.len() > 1) {
            wrong(
                MatterField::Name,
                "name_taken",
                "another matter beside it is called so",
            );
        }
        if !facts.active && active_below.contains_key(code.as_str()) {
            wrong(
                MatterField::Active,
                "matter_has_children",
                "matters below it are in use",
            );
        }
    }
    all
}

/// What stands above a matter.
enum Above<'a> {
    Top,
    Parent(&'a MatterFacts),
    Unknown,
    Itself,
    TooDeep,
}

fn above<'a>(tree: &'a Tree, below: &Below<'_>, code: &str) -> Above<'a> {
    let parent_of = |code: &str| tree.get(code).and_then(|facts| facts.parent.as_deref());
    let Some(parent) = parent_of(code) else {
        return Above::Top;
    };
    let Some(facts) = tree.get(parent) else {
        return Above::Unknown;
    };
    let (mut next, mut depth) = (Some(parent), 1);
    while let Some(at) = next {
        if at == code {
            return Above::Itself;
        }
        depth += 1;
        if depth > DEEPEST {
            // Further up it may still come round to itself, which is the worse of the two.
            let mut up = next;
            for _ in 0..tree.len() {
                up = up.and_then(parent_of);
                if up == Some(code) {
                    return Above::Itself;
                }
            }
            return Above::TooDeep;
        }
        next = parent_of(at);
    }
    // What moves takes everything below it along.
    if depth + height(below, code, DEEPEST) > DEEPEST {
        Above::TooDeep
    } else {
        Above::Parent(facts)
    }
}

/// The matters right below each.
type Below<'a> = HashMap<&'a str, Vec<&'a str>>;

/// Levels below a matter, at most `most`.
fn height(below: &Below<'_>, code: &str, most: usize) -> usize {
    let children = below.get(code).filter(|_| most > 0);
    let heights = children.into_iter().flatten();
    heights
        .map(|child| 1 + height(below, child, most - 1))
        .max()
        .unwrap_or(0)
}

/// The codes from the top down, each branch before what is below it, by position.
pub(crate) fn in_order(tree: &Tree) -> Vec<&String> {
    let mut below: HashMap<Option<&str>, Vec<(&String, &MatterFacts)>> = HashMap::new();
    for (code, facts) in tree {
        below
            .entry(facts.parent.as_deref())
            .or_default()
            .push((code, facts));
    }
    for beside in below.values_mut() {
        beside.sort_by_key(|(code, facts)| {
            (std::cmp::Reverse(facts.position), std::cmp::Reverse(*code))
        });
    }
    let mut order = Vec::with_capacity(tree.len());
    let mut open = below.remove(&None).unwrap_or_default();
    while let Some((code, _)) = open.pop() {
        order.push(code);
        open.extend(below.remove(&Some(code.as_str())).unwrap_or_default());
    }
    order
}
