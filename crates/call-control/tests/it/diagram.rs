//! The diagram in the README is the machine's: from every reachable state every fact and wish is
//! tried; each edge seen stands in the diagram, and each edge that stands there is seen.

use std::collections::{BTreeSet, HashSet};

use call_control::{
    Call, Command, Declined, DeviceId, Gone, Input, LegId, Line, Place, Request, State,
};

use crate::world::{World, agent};

fn name(state: State) -> &'static str {
    match state {
        State::Arriving => "Arriving",
        State::Greeting => "Greeting",
        State::Menu => "Menu",
        State::Queued => "Queued",
        State::Ringing => "Ringing",
        State::Confirming => "Confirming",
        State::Announcing => "Announcing",
        State::Talking => "Talking",
        State::Held => "Held",
        State::Away => "Away",
        State::Message => "Message",
        State::Survey => "Survey",
        State::Farewell(_) => "Farewell",
        State::OwnDevice => "OwnDevice",
        State::Dialling => "Dialling",
        State::Ended(_) => "Ended",
    }
}

/// Every fact that may be told a call with at most three legs; `Stop` stands in words only.
fn facts() -> Vec<Input> {
    let mut facts = vec![
        Input::Arrived { open: true },
        Input::Arrived { open: false },
        Input::Place(Place {
            ahead: Some(1),
            minutes: Some(2),
            callback: true,
        }),
        Input::Refuse,
        Input::Digit(LegId(0), '1'),
        Input::Block,
        Input::Ring {
            agent: agent(1),
            staff_no: "8001".into(),
            devices: vec![DeviceId(1)],
        },
        Input::Ring {
            agent: agent(2),
            staff_no: "8002".into(),
            devices: vec![DeviceId(3)],
        },
        Input::StopRinging(agent(1)),
        Input::GiveUp,
        Input::Confirmed(agent(1)),
        Input::NotConfirmed(agent(1)),
        Input::DeviceBack {
            agent: agent(1),
            device: DeviceId(2),
        },
        Input::Tick,
    ];
    for leg in (0..3).map(LegId) {
        facts.extend([
            Input::PromptEnded(leg),
            Input::LegAnswered(leg),
            Input::LegDeclined(leg, Declined::Busy),
            Input::LegGone(leg, Gone::HungUp),
            Input::LegGone(leg, Gone::Lost),
            Input::LegHeld(leg, true),
            Input::LegHeld(leg, false),
        ]);
    }
    facts
}

#[test]
fn the_diagram_in_the_readme_shows_the_machine() {
    let drawn: BTreeSet<(String, String)> = include_str!("../../README.md")
        .lines()
        .filter_map(|line| {
            let (from, to) = line.trim().split_once(" --> ")?;
            let to = to.split(':').next()?.trim();
            (from != "[*]" && to != "[*]").then(|| (from.to_owned(), to.to_owned()))
        })
        .collect();

    let mut with_all = World::inbound();
    with_all.line(Line {
        menu: vec![('1', "titles".into())],
        message_box: true,
        survey: true,
    });
    let worlds = [
        World::inbound(),
        with_all,
        World::call_back(&[DeviceId(1)]),
        World::click_to_call(&[DeviceId(1)]),
        World::agent_to_number(),
    ];
    let start = worlds[0].now;
    let facts = facts();
    let wishes = [
        Request::Hold,
        Request::Unhold,
        Request::HangUp,
        Request::Pass,
    ];
    let mut seen = BTreeSet::new();
    let mut known = HashSet::new();
    let mut open: Vec<Call> = worlds.into_iter().map(|world| world.call).collect();
    while let Some(call) = open.pop() {
        let mut next = Vec::new();
        for fact in &facts {
            let mut after = call.clone();
            let now = match (fact, call.next_deadline()) {
                (Input::Tick, Some(deadline)) => deadline,
                _ => start,
            };
            let commands = after.handle(fact.clone(), now);
            // Legs are never reused: without a bound there is no end of ever new calls.
            let beyond = commands
                .iter()
                .any(|c| matches!(c, Command::Invite { leg, .. } if leg.0 > 2));
            // A key that means nothing here is only counted.
            let counted = matches!(fact, Input::Digit(..)) && after.state() == call.state();
            next.push((after, beyond || counted));
        }
        for wish in &wishes {
            let mut after = call.clone();
            if after.request(wish.clone(), start).is_ok() {
                next.push((after, false));
            }
        }
        for (after, beyond) in next {
            let (from, to) = (name(call.state()), name(after.state()));
            if from != to {
                seen.insert((from.to_owned(), to.to_owned()));
            }
            if !after.ended() && !beyond && known.insert(format!("{after:?}")) {
                open.push(after);
            }
        }
        assert!(known.len() < 30_000, "the machine has no end");
    }
    let undrawn: Vec<_> = seen.difference(&drawn).collect();
    let unseen: Vec<_> = drawn.difference(&seen).collect();
    assert!(
        undrawn.is_empty() && unseen.is_empty(),
        "not drawn: {undrawn:?}\ndrawn but never seen: {unseen:?}"
    );
}
