use call_control::{Command, Event, Gone, Input, LegId, Outcome, Refusal, Request, Supervision};

use crate::world::{REQUESTER, World, agent, device};

const AGENT: LegId = LegId(1);
const LEAD: LegId = LegId(2);

fn supervised(mode: Supervision) -> World {
    let mut w = World::talking();
    w.ask(Request::Supervise {
        supervisor: agent(9),
        mode,
        devices: vec![device(9)],
    })
    .unwrap();
    w.tell(Input::LegAnswered(LEAD));
    w
}

#[test]
fn a_listener_hears_both_and_is_heard_by_nobody() {
    let w = supervised(Supervision::Listen);
    assert!(w.hears(LEAD, REQUESTER) && w.hears(LEAD, AGENT));
    assert!(!w.hears(AGENT, LEAD) && !w.hears(REQUESTER, LEAD));
    assert!(w.log.contains(&Command::Journal(Event::Supervised {
        supervisor: agent(9),
        mode: Supervision::Listen
    })));
}

#[test]
fn a_whisper_reaches_the_agent_alone_and_barging_in_everybody() {
    let mut w = supervised(Supervision::Whisper);
    assert!(w.hears(AGENT, LEAD) && !w.hears(REQUESTER, LEAD));
    w.ask(Request::SuperviseAs(Supervision::Barge)).unwrap();
    assert!(w.hears(AGENT, LEAD) && w.hears(REQUESTER, LEAD));
    w.ask(Request::SuperviseAs(Supervision::Listen)).unwrap();
    assert!(!w.hears(AGENT, LEAD) && !w.hears(REQUESTER, LEAD));
}

#[test]
fn taking_over_ends_the_agents_part_and_nothing_else() {
    let mut w = supervised(Supervision::Listen);
    let commands = w.ask(Request::TakeOver).unwrap();
    assert!(commands.contains(&Command::TalkEnded), "his wrap-up begins");
    assert!(commands.contains(&Command::HangUp(AGENT)));
    assert_eq!(w.call.agent(), Some(agent(9)));
    assert!(w.hear_each_other(REQUESTER, LEAD));
    w.tell(Input::LegGone(LEAD, Gone::HungUp));
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn a_supervisor_who_leaves_leaves_the_talk_as_it_was() {
    let mut w = supervised(Supervision::Barge);
    w.tell(Input::LegGone(LEAD, Gone::HungUp));
    assert!(w.hear_each_other(REQUESTER, AGENT) && !w.hears(REQUESTER, LEAD));
    assert_eq!(w.ask(Request::TakeOver), Err(Refusal::NotSupervised));
}

#[test]
fn one_supervisor_at_a_time_and_nobody_supervises_himself() {
    let mut w = supervised(Supervision::Listen);
    let wish = |who: u8| Request::Supervise {
        supervisor: agent(who),
        mode: Supervision::Listen,
        devices: vec![device(3)],
    };
    assert_eq!(w.ask(wish(8)), Err(Refusal::AlreadySupervised));
    let mut w = World::talking();
    assert_eq!(w.ask(wish(1)), Err(Refusal::NotTalking));
}

#[test]
fn a_supervisor_whose_phone_does_not_answer_is_not_waited_for() {
    let mut w = World::talking();
    w.ask(Request::Supervise {
        supervisor: agent(9),
        mode: Supervision::Listen,
        devices: vec![device(9)],
    })
    .unwrap();
    assert_eq!(w.ask(Request::TakeOver), Err(Refusal::SupervisorNotReady));
    let commands = w.seconds(40);
    assert!(commands.contains(&Command::HangUp(LEAD)));
    assert!(w.hear_each_other(REQUESTER, AGENT));
}
