//! Fault trees (故障指引, A-09): walked with the requester on the line, question by question, to what helps. Pure:
//! what a tree must be, and where a walk leads.

pub mod http;
pub mod store;
pub mod walk;

use std::collections::{HashMap, HashSet};

use kernel::text::{checked, must_be_code, needed};
use kernel::{Problem, words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Nodes of one tree.
const MOST_NODES: usize = 200;
/// Answers of one question.
const MOST_ANSWERS: usize = 10;
/// Characters of an answer's label.
const LONGEST_LABEL: usize = 60;

words! {
    /// What a walk ends with.
    FaultOutcome {
        /// 已解决
        Solved = "solved",
        /// An article or a script says the rest.
        Article = "article",
        /// 升级 or 登记故障
        Escalate = "escalate",
    }
}

/// One answer of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultAnswer {
    /// What is said: 是, 否, 提示密码错误.
    pub label: String,
    /// The node it leads to.
    pub to: String,
}

/// One node: a question with its answers, or without answers what a walk ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultNode {
    /// Names it within the tree: small letters, digits, `_`.
    pub id: String,
    /// What is asked, or what is said at the end.
    pub text: String,
    /// Where the answers lead; at most ten.
    #[serde(default)]
    pub answers: Vec<FaultAnswer>,
    /// What a walk ends with here; needed where there are no answers.
    #[serde(default)]
    pub outcome: Option<FaultOutcome>,
    /// The article that says the rest; needed with the outcome `article`.
    #[serde(default)]
    pub article_id: Option<Uuid>,
}

/// What is wrong with a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TreeFault {
    /// At which node; empty for the whole tree.
    pub node: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// A tree: its first node is where a walk begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree(pub Vec<FaultNode>);

/// One step of a walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultStep {
    /// At which node.
    pub node: String,
    /// Which answer was given, counted from 0.
    pub answer: usize,
}

/// A step as it is kept: readable without the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WalkedStep {
    /// At which node.
    pub node: String,
    /// What was asked.
    pub text: String,
    /// What was answered.
    pub answer: String,
}

/// Where a walk led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked<'a> {
    /// The way.
    pub path: Vec<WalkedStep>,
    /// The node it stands at.
    pub at: &'a FaultNode,
}

kernel::refusals! {
    /// Why a walk cannot have been.
    WalkRefusal {
        /// It begins or goes on somewhere else.
        NotThere(step: usize) = "walk_off_the_tree", format!("has a step {step} at another node than the walk stands at");
        /// There is no such answer.
        NoAnswer(step: usize) = "walk_no_such_answer", format!("has a step {step} with an answer that is not there");
    }
}

impl Tree {
    /// Everything that is wrong; nothing for a tree that can be walked to an end from its first node, whatever is
    /// answered.
    pub fn faults(&self) -> Vec<TreeFault> {
        let mut faults = Vec::new();
        let mut wrong = |node: &str, code: &'static str, detail: String| {
            faults.push(TreeFault {
                node: node.to_owned(),
                code,
                detail,
            });
        };
        let nodes = &self.0;
        if nodes.is_empty() || nodes.len() > MOST_NODES {
            wrong("", "tree_size", "a tree has 1 to 200 nodes".to_owned());
            return faults;
        }
        let mut by_id: HashMap<&str, &FaultNode> = HashMap::new();
        for node in nodes {
            let id = node.id.as_str();
            if must_be_code("nodes", id).is_err() {
                wrong(
                    id,
                    "code_invalid",
                    "small letters, digits or `_`".to_owned(),
                );
            }
            if by_id.insert(id, node).is_some() {
                wrong(id, "node_twice", format!("two nodes are called `{id}`"));
            }
            for problem in texts(node) {
                wrong(id, problem.code, problem.detail);
            }
            if node.answers.len() > MOST_ANSWERS {
                wrong(id, "too_many_answers", "at most ten answers".to_owned());
            }
            match (node.answers.is_empty(), node.outcome) {
                (true, None) => wrong(
                    id,
                    "node_dangling",
                    "it has no answers and ends nothing".to_owned(),
                ),
                (false, Some(_)) => wrong(
                    id,
                    "node_both",
                    "it has answers and ends the walk as well".to_owned(),
                ),
                (true, Some(FaultOutcome::Article)) if node.article_id.is_none() => {
                    wrong(id, "article_missing", "it names no article".to_owned());
                }
                _ => {}
            }
        }
        for node in nodes {
            for answer in &node.answers {
                if !by_id.contains_key(answer.to.as_str()) {
                    let detail = format!(
                        "`{}` leads to `{}`, which is not there",
                        answer.label, answer.to
                    );
                    wrong(&node.id, "answer_dangling", detail);
                }
            }
        }
        let (reached, circle) = self.reached(&by_id);
        for node in nodes {
            if !reached.contains(node.id.as_str()) {
                wrong(
                    &node.id,
                    "node_unreachable",
                    "no answer leads to it".to_owned(),
                );
            }
        }
        if let Some(node) = circle {
            wrong(
                node,
                "tree_in_a_circle",
                "the answers lead back to it".to_owned(),
            );
        }
        faults
    }

    /// What can be reached from the first node, and a node that leads back to itself.
    fn reached<'a>(
        &'a self,
        by_id: &HashMap<&'a str, &'a FaultNode>,
    ) -> (HashSet<&'a str>, Option<&'a str>) {
        let (mut done, mut open) = (HashSet::new(), HashSet::new());
        let mut circle = None;
        // The way to the node in hand, with the next answer to look at: no recursion, so that no tree is too deep.
        let mut way: Vec<(&FaultNode, usize)> =
            self.0.first().map(|first| (first, 0)).into_iter().collect();
        while let Some((node, next)) = way.pop() {
            open.insert(node.id.as_str());
            let Some(answer) = node.answers.get(next) else {
                open.remove(node.id.as_str());
                done.insert(node.id.as_str());
                continue;
            };
            way.push((node, next + 1));
            let Some(to) = by_id.get(answer.to.as_str()) else {
                continue;
            };
            if open.contains(to.id.as_str()) {
                circle = circle.or(Some(to.id.as_str()));
            } else if !done.contains(to.id.as_str()) {
                way.push((to, 0));
            }
        }
        (done, circle)
    }

    /// Where a walk leads; says no to one that cannot have been.
    pub fn walk(&self, steps: &[FaultStep]) -> Result<Walked<'_>, WalkRefusal> {
        let find = |id: &str| self.0.iter().find(|node| node.id == id);
        let mut at = self.0.first().ok_or(WalkRefusal::NotThere(0))?;
        let mut path = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            if step.node != at.id {
                return Err(WalkRefusal::NotThere(number));
            }
            let answer = at.answers.get(step.answer);
            let answer = answer.ok_or(WalkRefusal::NoAnswer(number))?;
            path.push(WalkedStep {
                node: at.id.clone(),
                text: at.text.clone(),
                answer: answer.label.clone(),
            });
            at = find(&answer.to).ok_or(WalkRefusal::NotThere(number))?;
        }
        Ok(Walked { path, at })
    }
}

/// What is wrong with the words of a node.
fn texts(node: &FaultNode) -> Vec<Problem> {
    let labels = node.answers.iter().map(|answer| {
        let label = needed("label", &answer.label)?;
        if label.chars().count() > LONGEST_LABEL {
            return Err(kernel::problem::invalid(
                "label",
                "text_too_long",
                "an answer is at most 60 characters",
            ));
        }
        Ok(label)
    });
    let all = [needed("text", &node.text), checked("id", &node.id)];
    all.into_iter()
        .chain(labels)
        .filter_map(Result::err)
        .collect()
}
