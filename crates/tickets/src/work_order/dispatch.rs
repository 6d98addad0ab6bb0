//! Who is given an order that came in (派单, domain B.3): by rules as rows, that say of a platform, a section or a
//! class of matters who takes turns. Of several rules the most particular counts: the deepest matter, then the
//! section, then the platform. Who is absent that day is passed over; who has not signed in yet is not, or the first
//! at his desk in the morning would be given everything. Where no rule speaks, or nobody of it is there, the shift
//! lead has it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use kernel::numbers;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::must_be_name;
use kernel::words;
use kernel::{Role, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::interpret::Order;
use super::platform;
use crate::ticket::life::State;
use crate::ticket::store::row as ticket_row;
use crate::{cover, matter, section};

/// Agents of one rule.
const MOST_AGENTS: usize = 100;
/// The series of the turns; taking numbers of it makes imports wait for each other.
const TURNS: &str = "dispatch_turns";

kernel::table! {
    /// When somebody was last given an order by a rule.
    mod turn = "dispatch_turns" (rule: String, agent_id: Uuid) {
        turn: i64,
    }
}

words! {
    /// How the agents of a rule take turns.
    DispatchWay {
        /// 轮流: who was given one the longest time ago.
        RoundRobin = "round_robin",
        /// 在办最少: who has the fewest open tickets.
        LeastOpen = "least_open",
    }
}

/// Who is given which orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchRule {
    /// What it is called in a ticket's history.
    pub name: String,
    /// Only orders of this platform.
    pub platform: Option<String>,
    /// Only orders whose matter this section of the purchaser answers for.
    pub section: Option<String>,
    /// Only orders of this matter and those below it.
    pub matter: Option<String>,
    /// How they take turns.
    pub way: DispatchWay,
    /// Agents and shift leads, 1 to 100.
    pub agents: Vec<Uuid>,
    /// False: the rule is over, the next less particular one counts.
    pub active: bool,
}

impl Rule for DispatchRule {
    const KIND: &'static str = "dispatch_rule";

    fn subject(&self) -> String {
        let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "*".to_owned());
        let (platform, section) = (word(&self.platform), word(&self.section));
        format!("{platform}/{section}/{}", word(&self.matter))
    }

    async fn check(&self, tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        must_be_name("rule.name", &self.name)?;
        let mut others = beside.others.iter().filter(|other| other.active);
        if self.active && others.any(|other| other.name == self.name) {
            let detail = "another dispatch rule is called so";
            return Err(invalid("rule.name", "name_taken", detail));
        }
        if let Some(code) = &self.platform {
            platform::must_be_known(&**tx, code).await?;
        }
        if self.section.is_some()
            && section::store::known(&**tx, self.section.as_deref())
                .await?
                .is_none()
        {
            return Err(invalid(
                "rule.section",
                "section_unknown",
                "no such section",
            ));
        }
        if let Some(code) = &self.matter
            && !matter::parents(&**tx).await?.contains_key(code)
        {
            return Err(invalid("rule.matter", "matter_unknown", "no such matter"));
        }
        let (mut seen, may_own) = (Vec::new(), owners(&**tx).await?);
        for agent in &self.agents {
            if seen.contains(agent) {
                let detail = "somebody stands there twice";
                return Err(invalid("rule.agents", "agent_twice", detail));
            }
            if self.active && !may_own.contains(agent) {
                return Err(invalid(
                    "rule.agents",
                    "not_an_agent",
                    "only agents and shift leads can own a ticket",
                )
                .with("agent", agent.to_string()));
            }
            seen.push(*agent);
        }
        if !(1..=MOST_AGENTS).contains(&self.agents.len()) {
            return Err(invalid("rule.agents", "agents_missing", "1 to 100 people"));
        }
        Ok(())
    }
}

impl DispatchRule {
    /// How particular it is for an order of these matters, the order's own first; `None` when it does not speak
    /// of the order.
    fn rank(&self, order: &About<'_>) -> Option<(usize, bool, bool)> {
        let either = |own: &Option<String>, asked: Option<&str>| {
            own.as_deref().is_none_or(|own| Some(own) == asked)
        };
        let depth = match self.matter.as_deref() {
            None => 0,
            Some(code) => {
                let at = order.matters.iter().position(|matter| *matter == code)?;
                order.matters.len() - at
            }
        };
        let fits =
            either(&self.platform, Some(order.platform)) && either(&self.section, order.section);
        fits.then_some((depth, self.section.is_some(), self.platform.is_some()))
    }
}

/// What an order is dispatched by.
struct About<'a> {
    platform: &'a str,
    section: Option<&'a str>,
    /// Its matter and those above it, from below.
    matters: Vec<&'a str>,
}

/// Why somebody is given an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispatchReason {
    /// Who imports chose the owner.
    Chosen,
    /// It was his turn by a rule.
    Rule,
    /// A rule speaks of the order, but nobody of it can take it: the shift lead has it.
    NobodyOfRule,
    /// No rule speaks of the order: the shift lead has it.
    NoRule,
}

/// Who is given an order, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub owner: Uuid,
    pub reason: DispatchReason,
    /// The rule by name, where one speaks of the order.
    pub rule: Option<(String, DispatchWay)>,
}

impl Given {
    /// As it stands in the ticket's history: `dispatch_rule round_robin 缴费轮派`.
    pub(crate) fn note(&self) -> String {
        let code = match self.reason {
            DispatchReason::Chosen => "dispatch_chosen",
            DispatchReason::Rule => "dispatch_rule",
            DispatchReason::NobodyOfRule => "dispatch_nobody_of_rule",
            DispatchReason::NoRule => "dispatch_no_rule",
        };
        match &self.rule {
            Some((name, way)) => format!("{code} {} {name}", way.as_str()),
            None => code.to_owned(),
        }
    }
}

/// Who answers for what is new until somebody signs it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    /// Somebody was chosen.
    Chosen(Uuid),
    /// The rules say; where they do not, this one.
    ByRule { fallback: Uuid },
}

/// Who holds a role that may own a ticket and is not disabled.
async fn owners(conn: &impl ConnectionTrait) -> Result<HashSet<Uuid>> {
    let mut people = organization::colleagues::holders(conn, Role::Agent).await?;
    people.extend(organization::colleagues::holders(conn, Role::ShiftLead).await?);
    Ok(people.into_iter().map(|person| person.id).collect())
}

/// Everything that decides who is next.
pub(crate) struct Dispatcher {
    rules: Vec<DispatchRule>,
    parents: HashMap<String, Option<String>>,
    /// Who may be given an order today.
    there: HashSet<Uuid>,
    /// Open tickets of each agent.
    open: HashMap<Uuid, i64>,
    /// When each agent was last given an order, by rule.
    turns: HashMap<(String, Uuid), i64>,
    /// The turns of this dispatcher, to be kept.
    taken: BTreeMap<(String, Uuid), i64>,
    last: i64,
    owner: Owner,
}

impl Dispatcher {
    /// For a look at what would be: nothing is kept, others may be faster.
    pub(crate) async fn look(
        conn: &impl ConnectionTrait,
        owner: Owner,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let mut rules = rule::in_force::<DispatchRule>(conn, at).await?;
        rules.retain(|rule| rule.active);
        let by_rule = matches!(owner, Owner::ByRule { .. }) && !rules.is_empty();
        let mut dispatcher = Self {
            rules,
            parents: HashMap::new(),
            there: HashSet::new(),
            open: HashMap::new(),
            turns: HashMap::new(),
            taken: BTreeMap::new(),
            last: 0,
            owner,
        };
        if !by_rule {
            return Ok(dispatcher);
        }
        dispatcher.parents = matter::parents(conn).await?;
        let absent = cover::store::absent_today(conn, at).await?;
        dispatcher.there = owners(conn).await?;
        dispatcher.there.retain(|owner| !absent.contains(owner));
        dispatcher.open = open_tickets(conn, &dispatcher.rules).await?;
        for row in turn::Entity::find().all(conn).await? {
            dispatcher.last = dispatcher.last.max(row.turn);
            dispatcher.turns.insert((row.rule, row.agent_id), row.turn);
        }
        Ok(dispatcher)
    }

    /// For `many` orders that will be written: until this transaction ends, no other sees the turns.
    pub(crate) async fn take(
        tx: &Tx,
        owner: Owner,
        at: DateTime<Utc>,
        many: usize,
    ) -> Result<Self> {
        if many == 0 || matches!(owner, Owner::Chosen(_)) {
            return Self::look(&**tx, owner, at).await;
        }
        let many = i64::try_from(many).map_err(internal)?;
        // On PostgreSQL the row of the series stays locked: what is read next is what the import before left.
        let last = numbers::next_many(&**tx, TURNS.to_owned(), many).await?;
        let dispatcher = Self::look(&**tx, owner, at).await?;
        Ok(Self {
            last: last - many,
            ..dispatcher
        })
    }

    /// Who is given the next order.
    pub(crate) fn give(&mut self, platform: &str, order: &Order) -> Given {
        let matter = order.matter.as_ref();
        let section = matter.and_then(|leaf| leaf.section.as_deref());
        self.give_about(platform, section, matter.map(|leaf| leaf.code.as_str()))
    }

    /// Who is given what comes by `platform` about a section's matter.
    pub(crate) fn give_about(
        &mut self,
        platform: &str,
        section: Option<&str>,
        matter: Option<&str>,
    ) -> Given {
        let fallback = match self.owner {
            Owner::Chosen(owner) => {
                return Given {
                    owner,
                    reason: DispatchReason::Chosen,
                    rule: None,
                };
            }
            Owner::ByRule { fallback } => fallback,
        };
        let about = About {
            platform,
            section,
            matters: self.lineage(matter),
        };
        let speaking = self
            .rules
            .iter()
            .filter_map(|rule| Some((rule.rank(&about)?, rule)));
        let Some((_, rule)) = speaking.max_by_key(|(rank, _)| *rank) else {
            return Given {
                owner: fallback,
                reason: DispatchReason::NoRule,
                rule: None,
            };
        };
        let (subject, named) = (rule.subject(), Some((rule.name.clone(), rule.way)));
        let turn = |agent: Uuid| {
            let last = self.turns.get(&(subject.clone(), agent));
            last.copied().unwrap_or_default()
        };
        let load = |agent: Uuid| match rule.way {
            DispatchWay::RoundRobin => 0,
            DispatchWay::LeastOpen => self.open.get(&agent).copied().unwrap_or_default(),
        };
        let there = rule
            .agents
            .iter()
            .copied()
            .filter(|agent| self.there.contains(agent));
        // Of several as good, the first in the list.
        let Some(owner) = there.min_by_key(|agent| (load(*agent), turn(*agent))) else {
            return Given {
                owner: fallback,
                reason: DispatchReason::NobodyOfRule,
                rule: named,
            };
        };
        self.last += 1;
        self.turns.insert((subject.clone(), owner), self.last);
        self.taken.insert((subject, owner), self.last);
        *self.open.entry(owner).or_default() += 1;
        Given {
            owner,
            reason: DispatchReason::Rule,
            rule: named,
        }
    }

    /// A matter and those above it.
    fn lineage<'a>(&'a self, code: Option<&'a str>) -> Vec<&'a str> {
        let mut codes = Vec::new();
        let mut next = code;
        // A tree that was damaged by hand ends all the same.
        while let Some(code) = next.filter(|_| codes.len() <= self.parents.len()) {
            codes.push(code);
            next = self.parents.get(code).and_then(|parent| parent.as_deref());
        }
        codes
    }

    /// Keeps who was given what, for the next import.
    pub(crate) async fn keep(self, tx: &Tx) -> Result<()> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let rows = self
            .taken
            .into_iter()
            .map(|((rule, agent), turn)| turn::ActiveModel {
                rule: Set(rule),
                agent_id: Set(agent),
                turn: Set(turn),
            });
        let over = OnConflict::columns([turn::Column::Rule, turn::Column::AgentId])
            .update_column(turn::Column::Turn)
            .to_owned();
        turn::Entity::insert_many(rows)
            .on_conflict(over)
            .exec_without_returning(&**tx)
            .await?;
        Ok(())
    }
}

/// How many open tickets the agents of these rules have, where one asks for it.
async fn open_tickets(
    conn: &impl ConnectionTrait,
    rules: &[DispatchRule],
) -> Result<HashMap<Uuid, i64>> {
    let counted = rules
        .iter()
        .filter(|rule| rule.way == DispatchWay::LeastOpen);
    let agents: Vec<Uuid> = counted
        .flat_map(|rule| rule.agents.iter().copied())
        .collect();
    if agents.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, i64)> = ticket_row::Entity::find()
        .select_only()
        .column(ticket_row::Column::CurrentOwnerId)
        .expr(ticket_row::Column::Id.count())
        .filter(ticket_row::Column::Open.eq(true))
        .filter(ticket_row::Column::State.ne(State::Draft.as_str()))
        .filter(ticket_row::Column::CurrentOwnerId.is_in(agents))
        .group_by(ticket_row::Column::CurrentOwnerId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().collect())
}
