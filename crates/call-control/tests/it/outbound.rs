use call_control::{
    Command, Declined, EndedBy, Gone, Input, LegId, Outcome, Prompt, Request, State,
};

use crate::world::{World, agent, device};

#[test]
fn click_to_call_rings_the_agent_first_then_the_number() {
    let mut w = World::click_to_call(&[device(1)]);
    assert_eq!(w.call.state(), State::OwnDevice);
    let commands = w.tell(Input::LegAnswered(LegId(0)));
    assert_eq!(
        commands[..2],
        [
            Command::Dial(LegId(1)),
            Command::Play(LegId(0), Prompt::Ringback),
        ]
    );
    let commands = w.tell(Input::LegAnswered(LegId(1)));
    assert!(commands.contains(&Command::Accepted(agent(1))));
    assert!(commands.contains(&Command::StartRecording));
    assert!(w.hear_each_other(LegId(0), LegId(1)));
    let commands = w.tell(Input::LegGone(LegId(1), Gone::HungUp));
    assert!(commands.contains(&Command::TalkEnded));
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn a_number_that_does_not_answer_is_never_accepted() {
    let mut w = World::agent_to_number();
    let commands = w.tell(Input::LegDeclined(LegId(1), Declined::Busy));
    assert!(commands.contains(&Command::HangUp(LegId(0))));
    assert!(commands.contains(&Command::TalkEnded));
    assert!(!w.log.contains(&Command::Accepted(agent(1))));
    assert_eq!(w.outcome(), Some(Outcome::Rejected));

    let mut w = World::agent_to_number();
    w.seconds(60);
    assert_eq!(w.outcome(), Some(Outcome::Rejected));
}

#[test]
fn an_agent_who_does_not_pick_up_the_own_device_ends_it() {
    let mut w = World::click_to_call(&[device(1)]);
    w.seconds(30);
    assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));

    let w = World::click_to_call(&[]);
    assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));
}

#[test]
fn an_agent_may_give_up_before_the_number_answers() {
    let mut w = World::agent_to_number();
    let commands = w.ask(Request::HangUp).unwrap();
    assert!(commands.contains(&Command::HangUp(LegId(1))));
    assert_eq!(
        commands.last(),
        Some(&Command::Finish {
            outcome: Outcome::Rejected,
            ended_by: EndedBy::Agent
        })
    );
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut w = World::agent_to_number();
    let commands = w.tell(Input::EarlyMedia(LegId(1)));
    assert_eq!(commands[0], Command::StopPlaying(LegId(0)));
    assert!(w.hears(LegId(0), LegId(1)) && !w.hears(LegId(1), LegId(0)));
    w.tell(Input::LegAnswered(LegId(1)));
    assert!(w.hear_each_other(LegId(0), LegId(1)));
}

#[test]
fn a_kept_place_is_called_back_when_the_agent_takes_it() {
    let mut w = World::call_back(&[device(1)]);
    let commands = w.tell(Input::LegAnswered(LegId(0)));
    assert_eq!(commands, [Command::Accepted(agent(1))]);
    let commands = w.tell(Input::Confirmed(agent(1)));
    assert_eq!(commands[0], Command::Dial(LegId(1)));
    let commands = w.tell(Input::LegAnswered(LegId(1)));
    assert!(
        !commands.contains(&Command::Accepted(agent(1))),
        "told once"
    );
    assert_eq!(w.call.state(), State::Talking);
}

#[test]
fn a_kept_place_stays_kept_when_the_agent_does_not_answer() {
    for fact in [
        Input::LegDeclined(LegId(0), Declined::Busy),
        Input::StopRinging(agent(1)),
    ] {
        let mut w = World::call_back(&[device(1)]);
        w.tell(fact);
        assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));
        assert!(
            !w.log.contains(&Command::Withdraw),
            "the place is not given up"
        );
    }
    let w = World::call_back(&[]);
    assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));
}
