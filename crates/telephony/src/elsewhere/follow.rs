//! Pure: what the events of an exchange mean for calls. It holds which leg belongs to which call, and says what
//! changed; events may come twice, late, or not at all.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use requesters::normalise;
use uuid::Uuid;

use super::Extensions;
use super::esl::{Event, is_uuid};

/// Calls and legs that are held; an exchange with more is not followed further.
const MOST_CALLS: usize = 5_000;
const MOST_LEGS: usize = 20_000;

/// Something changed about a call; `call` is what the exchange calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub call: String,
    pub at: DateTime<Utc>,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Began {
        outbound: bool,
        /// The requester's number, as the exchange writes it.
        number: String,
        hotline: String,
        agent: Option<Uuid>,
    },
    /// It waits, in the queue the exchange names.
    Queued(Option<String>),
    Ringing(Uuid),
    Answered(Uuid),
    /// Over; `true` when the requester hung up, `None` when nobody saw the end.
    Ended(Option<bool>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    pub outbound: bool,
    pub agent: Option<Uuid>,
    pub answered: bool,
    pub queued: bool,
}

struct Leg {
    /// `None` of a talk that is nobody's call: between two extensions, or an agent's leg before it is joined.
    call: Option<String>,
    agent: Option<Uuid>,
}

/// How an exchange is read.
pub(super) struct Terms {
    pub extensions: Extensions,
    /// The numbers that are ours, normalised; empty: all.
    pub hotlines: Vec<String>,
}

/// The calls of one exchange.
pub(super) struct Mirror {
    terms: Terms,
    calls: HashMap<String, Held>,
    legs: HashMap<String, Leg>,
    out: Vec<Change>,
}

impl Mirror {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            calls: HashMap::new(),
            legs: HashMap::new(),
            out: Vec::new(),
        }
    }

    /// A call that was open when the process before this one ended.
    pub(super) fn remember(&mut self, call: String, held: Held) {
        let leg = Leg {
            call: Some(call.clone()),
            agent: None,
        };
        self.legs.insert(call.clone(), leg);
        self.calls.insert(call, held);
    }

    pub(super) fn open(&self) -> usize {
        self.calls.len()
    }

    /// The legs among `alive` of which more should be known: new ones, and those of calls nobody has answered yet.
    pub(super) fn to_ask(&self, alive: &[String]) -> Vec<String> {
        let unknown = |uuid: &&String| match self.legs.get(*uuid) {
            None => is_uuid(uuid),
            Some(leg) => leg
                .call
                .as_ref()
                .and_then(|call| self.calls.get(call))
                .is_some_and(|held| !held.answered),
        };
        alive.iter().filter(unknown).cloned().collect()
    }

    /// Ends what is not among the channels any more.
    pub(super) fn only(&mut self, alive: &[String], at: DateTime<Utc>) -> Vec<Change> {
        let alive: HashSet<&String> = alive.iter().collect();
        let gone: Vec<String> = self
            .calls
            .keys()
            .filter(|call| !alive.contains(call))
            .cloned()
            .collect();
        for call in gone {
            self.end(&call, at, None);
        }
        self.legs.retain(|uuid, _| alive.contains(uuid));
        std::mem::take(&mut self.out)
    }

    /// What an event changes. `now` bounds what the clock of the exchange says.
    pub(super) fn hear(&mut self, event: &Event, now: DateTime<Utc>) -> Vec<Change> {
        let at = event
            .micros("Event-Date-Timestamp")
            .map_or(now, |at| at.min(now));
        match event.get("Event-Name") {
            "CHANNEL_CREATE" => self.created(event, at),
            "CHANNEL_ANSWER" => {
                let began = event.micros("Caller-Channel-Created-Time");
                self.created(event, began.map_or(at, |began| began.min(at)));
                self.answered(event, at);
            }
            "CHANNEL_HANGUP_COMPLETE" => self.hung_up(event, at),
            "CHANNEL_DATA" => self.dumped(event, now),
            "CUSTOM" if event.get("Event-Subclass") == "callcenter::info" => {
                self.call_center(event, at);
            }
            _ => {}
        }
        std::mem::take(&mut self.out)
    }

    fn tell(&mut self, call: &str, at: DateTime<Utc>, what: What) {
        let call = call.to_owned();
        self.out.push(Change { call, at, what });
    }

    fn created(&mut self, event: &Event, at: DateTime<Utc>) {
        let uuid = event.get("Unique-ID");
        if !is_uuid(uuid) || self.legs.contains_key(uuid) || self.legs.len() >= MOST_LEGS {
            return;
        }
        let find = |number: &str| self.terms.extensions.find(number);
        let to = event.get("Caller-Destination-Number");
        let callee = find(to).or_else(|| find(event.get("Caller-Callee-ID-Number")));
        let parent = self.parent(event, uuid);
        let mut call = parent.clone();
        if parent.is_none() && event.get("Call-Direction") != "outbound" {
            // Who signed in with the extension's password; a number that is shown proves nothing.
            let names = [
                "variable_user_name",
                "variable_sip_auth_username",
                "variable_cc_agent_name",
            ];
            let caller = names.iter().find_map(|name| find(event.get(name)));
            call = self.first_leg(event, uuid, (caller, callee), at);
        }
        let agent = callee.filter(|_| parent.is_some());
        let leg = Leg {
            call: call.clone(),
            agent: agent.or(callee.filter(|_| call.is_none())),
        };
        self.legs.insert(uuid.to_owned(), leg);
        if let (Some(call), Some(agent)) = (parent, agent) {
            self.rings(&call, agent, at);
        }
    }

    /// The call this leg was made for.
    fn parent(&self, event: &Event, uuid: &str) -> Option<String> {
        let others = [
            "Channel-Call-UUID",
            "Other-Leg-Unique-ID",
            "variable_originator",
            "variable_cc_member_session_uuid",
        ];
        others.iter().find_map(|name| {
            let other = event.get(name);
            let leg = self.legs.get(other).filter(|_| other != uuid)?;
            leg.call.clone()
        })
    }

    fn first_leg(
        &mut self,
        event: &Event,
        uuid: &str,
        (caller, callee): (Option<Uuid>, Option<Uuid>),
        at: DateTime<Utc>,
    ) -> Option<String> {
        let to = event.get("Caller-Destination-Number");
        if self.calls.len() >= MOST_CALLS {
            return None;
        }
        let from = event.first(&["Caller-ANI", "Caller-Caller-ID-Number"]);
        let (outbound, number, hotline) = match (caller, callee) {
            // Two agents, or an agent and his voice mail: no requester speaks.
            (Some(_), Some(_)) => return None,
            (Some(_), None) if to.starts_with(['*', '#']) => return None,
            (Some(_), None) => (true, to, event.get("Caller-Caller-ID-Number")),
            (None, _) if !self.is_ours(event) => return None,
            (None, _) => (false, from, to),
        };
        let agent = caller.filter(|_| outbound);
        let held = Held {
            outbound,
            agent,
            ..Held::default()
        };
        self.calls.insert(uuid.to_owned(), held);
        let began = What::Began {
            outbound,
            number: number.chars().take(64).collect(),
            hotline: hotline.chars().take(64).collect(),
            agent,
        };
        self.tell(uuid, at, began);
        Some(uuid.to_owned())
    }

    /// A number of ours was called; a call that was passed on remembers the one it was called by.
    fn is_ours(&self, event: &Event) -> bool {
        let called = [
            "Caller-Destination-Number",
            "Caller-RDNIS",
            "variable_sip_req_user",
            "variable_sip_to_user",
        ];
        let number = |name: &&str| normalise(event.get(name)).map(|number| number.text);
        self.terms.hotlines.is_empty()
            || called
                .iter()
                .filter_map(number)
                .any(|number| self.terms.hotlines.contains(&number))
    }

    fn rings(&mut self, call: &str, agent: Uuid, at: DateTime<Utc>) {
        let Some(held) = self.calls.get_mut(call) else {
            return;
        };
        if held.answered || held.outbound || held.agent == Some(agent) {
            return;
        }
        held.agent = Some(agent);
        self.tell(call, at, What::Ringing(agent));
    }

    fn answered(&mut self, event: &Event, at: DateTime<Utc>) {
        let uuid = event.get("Unique-ID");
        let Some(leg) = self.legs.get(uuid) else {
            return;
        };
        let (Some(call), agent) = (leg.call.clone(), leg.agent) else {
            return;
        };
        let Some(held) = self.calls.get(&call) else {
            return;
        };
        if uuid == call {
            // The exchange itself took the call: a voice, or its queue.
            if !held.outbound {
                self.queued(&call, None, at);
            }
            return;
        }
        // Of a call that was placed, the far end answers; of one that came in, the agent.
        if let Some(agent) = if held.outbound { held.agent } else { agent } {
            self.taken(&call, agent, at);
        }
    }

    fn taken(&mut self, call: &str, agent: Uuid, at: DateTime<Utc>) {
        let Some(held) = self.calls.get_mut(call) else {
            return;
        };
        // Who took it first is its first owner, whoever it is passed on to.
        if held.answered {
            return;
        }
        held.answered = true;
        held.agent = Some(agent);
        self.tell(call, at, What::Answered(agent));
    }

    fn queued(&mut self, call: &str, queue: Option<String>, at: DateTime<Utc>) {
        let Some(held) = self.calls.get_mut(call) else {
            return;
        };
        if held.answered || held.outbound || (held.queued && queue.is_none()) {
            return;
        }
        held.queued = true;
        self.tell(call, at, What::Queued(queue));
    }

    fn hung_up(&mut self, event: &Event, at: DateTime<Utc>) {
        let uuid = event.get("Unique-ID");
        let began = event.micros("Caller-Channel-Created-Time");
        let known = self.legs.contains_key(uuid);
        if !known {
            // Its beginning was missed; a call that came and went must be there all the same.
            self.created(event, began.map_or(at, |began| began.min(at)));
        }
        let Some(leg) = self.legs.remove(uuid) else {
            return;
        };
        if leg.call.as_deref() != Some(uuid) {
            return;
        }
        if !known {
            self.dump_of_queue(event, at);
        }
        let outbound = self.calls.get(uuid).is_some_and(|held| held.outbound);
        // Said of this leg: the far end let go, or we did.
        let requester = match event.get("variable_sip_hangup_disposition") {
            "recv_bye" | "recv_cancel" => Some(!outbound),
            "send_bye" | "send_cancel" | "send_refuse" => Some(outbound),
            _ => None,
        };
        self.end(uuid, at, requester);
    }

    fn end(&mut self, call: &str, at: DateTime<Utc>, by_requester: Option<bool>) {
        if self.calls.remove(call).is_some() {
            self.tell(call, at, What::Ended(by_requester));
            self.legs.retain(|_, leg| leg.call.as_deref() != Some(call));
        }
    }

    /// The answer to `uuid_dump`: all that is known of a leg, whenever it began.
    fn dumped(&mut self, event: &Event, now: DateTime<Utc>) {
        let began = event.micros("Caller-Channel-Created-Time").unwrap_or(now);
        self.created(event, began.min(now));
        if let Some(at) = event.micros("Caller-Channel-Answered-Time") {
            self.answered(event, at.min(now));
        }
        self.dump_of_queue(event, now);
        // The agent's leg was heard of before the caller's.
        let call = event.get("Unique-ID").to_owned();
        let other = event.first(&["variable_bridge_uuid", "variable_signal_bond"]);
        if let Some(agent) = self.legs.get(other).and_then(|leg| leg.agent) {
            let at = event.seconds("variable_bridge_epoch").unwrap_or(now);
            self.taken(&call, agent, at.min(now));
        }
    }

    /// What `mod_callcenter` keeps with the caller's leg.
    fn dump_of_queue(&mut self, event: &Event, now: DateTime<Utc>) {
        let call = event.get("Unique-ID").to_owned();
        let queue = event.get("variable_cc_queue");
        if !queue.is_empty() {
            let at = event.seconds("variable_cc_queue_joined_epoch");
            self.queued(&call, Some(queue.to_owned()), at.unwrap_or(now).min(now));
        }
        let at = event.seconds("variable_cc_queue_answered_epoch");
        let agent = self.terms.extensions.find(event.get("variable_cc_agent"));
        if let (Some(at), Some(agent)) = (at, agent) {
            self.taken(&call, agent, at.min(now));
        }
    }

    fn call_center(&mut self, event: &Event, at: DateTime<Utc>) {
        let member = event.get("CC-Member-Session-UUID");
        if !is_uuid(member) {
            return;
        }
        // The number shown stands in the event; the beginning was missed where the leg is not known.
        if !self.legs.contains_key(member) && self.calls.len() < MOST_CALLS {
            let held = Held::default();
            self.remember(member.to_owned(), held);
            let began = What::Began {
                outbound: false,
                number: event.get("CC-Member-CID-Number").chars().take(64).collect(),
                hotline: event.get("CC-Member-DNIS").chars().take(64).collect(),
                agent: None,
            };
            let joined = event.seconds("CC-Member-Joined-Time");
            self.tell(member, joined.map_or(at, |joined| joined.min(at)), began);
        }
        let Some(call) = self.legs.get(member).and_then(|leg| leg.call.clone()) else {
            return;
        };
        let agent = self.terms.extensions.find(event.get("CC-Agent"));
        match (event.get("CC-Action"), agent) {
            ("member-queue-start", _) => {
                let queue = Some(event.get("CC-Queue").to_owned()).filter(|name| !name.is_empty());
                self.queued(&call, queue, at);
            }
            ("agent-offering", Some(agent)) => self.rings(&call, agent, at),
            ("bridge-agent-start", Some(agent)) => self.taken(&call, agent, at),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a0000000-0000-4000-8000-000000000001";
    const B: &str = "b0000000-0000-4000-8000-000000000001";

    fn agent(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn mirror() -> Mirror {
        let said = [("1001", 1), ("1002", 2)].map(|(at, who)| (at.to_owned(), agent(who)));
        let extensions = Extensions {
            said: HashMap::from(said),
            staff: HashMap::new(),
        };
        Mirror::new(Terms {
            extensions,
            hotlines: vec!["12333".to_owned()],
        })
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_600, 0).unwrap_or_default()
    }

    fn event(kind: &str, leg: &str, second: i64, more: &str) -> Event {
        Event::parse(&format!(
            "Event-Name: {kind}\nUnique-ID: {leg}\nEvent-Date-Timestamp: {}\n{more}\n",
            (1_795_000_000 + second) * 1_000_000
        ))
    }

    fn kinds(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| {
                let text = format!("{:?}", change.what);
                text.split(['(', ' ']).next().unwrap_or_default().to_owned()
            })
            .collect()
    }

    const IN: &str = "Call-Direction: inbound\nCaller-Caller-ID-Number: 13900000001\nCaller-Destination-Number: 12333\nChannel-Call-UUID: a0000000-0000-4000-8000-000000000001";
    const RING: &str = "Call-Direction: outbound\nCaller-Destination-Number: 1001\nChannel-Call-UUID: a0000000-0000-4000-8000-000000000001";

    #[test]
    fn a_call_that_rings_an_extension_is_told_once_however_often_it_is_heard() {
        let mut mirror = mirror();
        let events = [
            event("CHANNEL_CREATE", A, 0, IN),
            event("CHANNEL_CREATE", B, 2, RING),
            event("CHANNEL_ANSWER", B, 8, RING),
            event("CHANNEL_ANSWER", A, 8, IN),
            event("CHANNEL_HANGUP_COMPLETE", B, 60, RING),
            event(
                "CHANNEL_HANGUP_COMPLETE",
                A,
                60,
                &format!("{IN}\nvariable_sip_hangup_disposition: recv_bye"),
            ),
        ];
        let mut told = Vec::new();
        for one in events.iter().flat_map(|one| [one, one]) {
            // The last one twice is a call of its own, of which the book knows that it is over.
            if mirror.open() == 0 && !told.is_empty() {
                break;
            }
            told.extend(mirror.hear(one, now()));
        }
        assert_eq!(kinds(&told), ["Began", "Ringing", "Answered", "Ended"]);
        assert_eq!(told[2].what, What::Answered(agent(1)));
        assert_eq!(told[3].what, What::Ended(Some(true)));
        assert_eq!((told[3].at - told[2].at).num_seconds(), 52);
    }

    #[test]
    fn what_was_missed_is_made_up_for() {
        // Only the answer of the agent's leg, and of the caller's leg nothing: the dump tells.
        let mut mirror = mirror();
        assert!(
            mirror
                .hear(&event("CHANNEL_ANSWER", B, 8, RING), now())
                .is_empty()
        );
        let alive = vec![A.to_owned(), B.to_owned()];
        assert_eq!(mirror.to_ask(&alive), [A]);
        let dump = format!(
            "{IN}\nCaller-Channel-Created-Time: 1795000000000000\nvariable_cc_queue: hot@default\nvariable_cc_agent: 1002@default\nvariable_cc_queue_answered_epoch: 1795000009"
        );
        let told = mirror.hear(&event("CHANNEL_DATA", A, 30, &dump), now());
        assert_eq!(kinds(&told), ["Began", "Queued", "Answered"]);
        assert_eq!(told[0].at, now() - chrono::TimeDelta::seconds(600));
        // The end was missed too.
        assert!(mirror.only(&alive, now()).is_empty());
        let told = mirror.only(&[], now());
        assert_eq!(kinds(&told), ["Ended"]);
        assert_eq!(mirror.open(), 0);
    }

    #[test]
    fn a_queue_names_the_agent_by_its_own_name() {
        let mut mirror = mirror();
        let cc = |action: &str, second, more: &str| {
            event(
                "CUSTOM",
                "",
                second,
                &format!(
                    "Event-Subclass: callcenter::info\nCC-Action: {action}\nCC-Queue: hot@default\nCC-Member-Session-UUID: {A}\nCC-Member-CID-Number: 13900000001\n{more}"
                ),
            )
        };
        let mut told = mirror.hear(&event("CHANNEL_CREATE", A, 0, IN), now());
        told.extend(mirror.hear(&event("CHANNEL_ANSWER", A, 1, IN), now()));
        told.extend(mirror.hear(&cc("member-queue-start", 1, ""), now()));
        // The agent's leg is made without a word of whose it is.
        let alone = format!(
            "Call-Direction: outbound\nCaller-Destination-Number: 1002\nChannel-Call-UUID: {B}"
        );
        told.extend(mirror.hear(&event("CHANNEL_CREATE", B, 2, &alone), now()));
        told.extend(mirror.hear(&cc("agent-offering", 2, "CC-Agent: 1002@default"), now()));
        told.extend(mirror.hear(&event("CHANNEL_ANSWER", B, 5, &alone), now()));
        told.extend(mirror.hear(
            &cc("bridge-agent-start", 5, "CC-Agent: 1002@default"),
            now(),
        ));
        assert_eq!(
            kinds(&told),
            ["Began", "Queued", "Queued", "Ringing", "Answered"]
        );
        assert_eq!(told[4].what, What::Answered(agent(2)));
    }

    #[test]
    fn a_shown_number_makes_nobody_an_agent_and_two_agents_are_no_call() {
        let mut mirror = mirror();
        let forged = IN.replace("13900000001", "1001");
        let told = mirror.hear(&event("CHANNEL_CREATE", A, 0, &forged), now());
        assert!(
            matches!(
                told[0].what,
                What::Began {
                    outbound: false,
                    ..
                }
            ),
            "{told:?}"
        );
        let mut mirror = self::mirror();
        let inner =
            "Call-Direction: inbound\nCaller-Destination-Number: 1002\nvariable_user_name: 1001";
        assert!(
            mirror
                .hear(&event("CHANNEL_CREATE", A, 0, inner), now())
                .is_empty()
        );
        let private = "Call-Direction: inbound\nCaller-Caller-ID-Number: 13900000001\nCaller-Destination-Number: 88001";
        assert!(
            mirror
                .hear(&event("CHANNEL_CREATE", B, 0, private), now())
                .is_empty()
        );
        let out = "Call-Direction: inbound\nCaller-Caller-ID-Number: 12333\nCaller-Destination-Number: 13900000009\nvariable_user_name: 1001";
        let c = "c0000000-0000-4000-8000-000000000001";
        let mut told = mirror.hear(&event("CHANNEL_CREATE", c, 0, out), now());
        let far = format!(
            "Call-Direction: outbound\nCaller-Destination-Number: 13900000009\nChannel-Call-UUID: {c}"
        );
        let d = "d0000000-0000-4000-8000-000000000001";
        told.extend(mirror.hear(&event("CHANNEL_ANSWER", d, 4, &far), now()));
        assert_eq!(kinds(&told), ["Began", "Answered"]);
        assert!(
            matches!(&told[0].what, What::Began { outbound: true, number, agent: Some(_), .. } if number == "13900000009")
        );
    }
}
