use call_control::{
    Command, Declined, Event, Gone, Input, LegId, Outcome, Part, Party, Prompt, Refusal, Request,
    State,
};

use crate::world::{REQUESTER, World, agent, device};

const AGENT: LegId = LegId(1);
const THIRD: LegId = LegId(2);

/// Agent 2 was asked and is on the line, alone with agent 1.
fn private() -> World {
    let mut w = World::talking();
    w.ask(Request::Consult(World::colleague(2, &[2]))).unwrap();
    w.tell(Input::LegAnswered(THIRD));
    w
}

#[test]
fn while_a_colleague_is_asked_the_requester_hears_music_and_the_agent_ringing() {
    let mut w = World::talking();
    let commands = w.ask(Request::Consult(World::colleague(2, &[2]))).unwrap();
    assert_eq!(w.call.state(), State::Held);
    assert!(commands.contains(&Command::Invite {
        leg: THIRD,
        agent: agent(2),
        device: device(2),
        part: Part::Consult
    }));
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::HoldMusic)));
    assert!(commands.contains(&Command::Play(AGENT, Prompt::Ringback)));
    let commands = w.tell(Input::LegAnswered(THIRD));
    assert!(commands.contains(&Command::ConsultAnswered(agent(2))));
    assert!(w.hear_each_other(AGENT, THIRD));
    assert!(!w.hears(REQUESTER, AGENT) && !w.hears(THIRD, REQUESTER));
}

#[test]
fn swapping_goes_back_and_forth_and_somebody_always_waits_with_music() {
    let mut w = private();
    let commands = w.ask(Request::Swap).unwrap();
    assert!(commands.contains(&Command::Play(THIRD, Prompt::HoldMusic)));
    assert!(commands.contains(&Command::StopPlaying(REQUESTER)));
    assert!(w.hear_each_other(AGENT, REQUESTER) && !w.hears(THIRD, AGENT));
    let commands = w.ask(Request::Swap).unwrap();
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::HoldMusic)));
    assert!(w.hear_each_other(AGENT, THIRD) && !w.hears(REQUESTER, AGENT));
}

#[test]
fn in_a_three_way_call_everybody_hears_everybody() {
    let mut w = private();
    w.ask(Request::Join).unwrap();
    assert_eq!(w.call.state(), State::Talking);
    for (one, other) in [(REQUESTER, AGENT), (REQUESTER, THIRD), (AGENT, THIRD)] {
        assert!(w.hear_each_other(one, other), "{one:?} {other:?}");
    }
    assert_eq!(w.ask(Request::Swap), Err(Refusal::Together));
    w.ask(Request::Mute).unwrap();
    assert!(!w.hears(REQUESTER, AGENT) && !w.hears(THIRD, AGENT) && w.hears(AGENT, REQUESTER));
}

#[test]
fn completing_gives_the_call_to_the_colleague_in_the_same_recording() {
    let mut w = private();
    let commands = w.ask(Request::Complete).unwrap();
    assert!(commands.contains(&Command::HandOver(agent(2))));
    assert!(commands.contains(&Command::HangUp(AGENT)));
    assert!(commands.contains(&Command::Replace(THIRD)));
    assert_eq!(w.call.agent(), Some(agent(2)));
    assert!(w.hear_each_other(REQUESTER, THIRD));
    w.tell(Input::LegGone(THIRD, Gone::HungUp));
    assert_eq!(w.outcome(), Some(Outcome::Answered));
    assert_eq!(
        w.log
            .iter()
            .filter(|c| **c == Command::StartRecording)
            .count(),
        1
    );
}

#[test]
fn hanging_up_in_a_three_way_call_leaves_the_other_two_together() {
    let mut w = private();
    w.ask(Request::Join).unwrap();
    w.ask(Request::HangUp).unwrap();
    assert_eq!(w.call.agent(), Some(agent(2)));
    assert!(w.hear_each_other(REQUESTER, THIRD));
}

#[test]
fn a_three_way_call_goes_on_while_the_agents_browser_is_away_and_after_it_stays_away() {
    let mut w = private();
    w.ask(Request::Join).unwrap();
    w.tell(Input::LegGone(AGENT, Gone::Lost));
    assert_eq!(w.call.state(), State::Away);
    assert!(w.hear_each_other(REQUESTER, THIRD));
    w.seconds(20);
    assert_eq!(
        (w.call.state(), w.call.agent()),
        (State::Talking, Some(agent(2)))
    );
}

#[test]
fn a_colleague_who_does_not_answer_gives_the_agent_back_to_the_requester() {
    for fact in [
        Input::LegDeclined(THIRD, Declined::Busy),
        Input::LegGone(THIRD, Gone::Fault),
    ] {
        let mut w = World::talking();
        w.ask(Request::Consult(World::colleague(2, &[2]))).unwrap();
        let commands = w.tell(fact);
        assert!(commands.contains(&Command::ConsultEnded(agent(2))));
        assert_eq!(w.call.state(), State::Talking);
        assert!(w.hear_each_other(AGENT, REQUESTER));
    }
    let mut w = World::talking();
    w.ask(Request::Consult(World::colleague(2, &[2]))).unwrap();
    w.seconds(50);
    assert!(w.hear_each_other(AGENT, REQUESTER), "rung for too long");
}

#[test]
fn an_agent_who_hangs_up_while_the_colleague_rings_leaves_the_requester_to_the_queue() {
    let mut w = World::talking();
    w.ask(Request::Consult(World::colleague(2, &[2]))).unwrap();
    let commands = w.tell(Input::LegGone(AGENT, Gone::HungUp));
    assert!(commands.contains(&Command::Pass));
    assert!(commands.contains(&Command::HangUp(THIRD)));
    assert_eq!(w.call.state(), State::Queued);
}

#[test]
fn a_blind_transfer_waits_in_the_queue_and_is_one_answered_call() {
    let mut w = World::talking();
    let commands = w.ask(Request::Pass).unwrap();
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::QueueMusic)));
    assert!(commands.contains(&Command::HangUp(AGENT)));
    assert_eq!(w.call.state(), State::Queued);
    w.ring(2, &[7]);
    w.tell(Input::LegAnswered(LegId(2)));
    w.tell(Input::Confirmed(agent(2)));
    w.prompt_ended();
    assert!(w.hear_each_other(REQUESTER, LegId(2)));
    w.requester_hangs_up();
    assert_eq!(w.outcome(), Some(Outcome::Answered));
    assert_eq!(
        w.log
            .iter()
            .filter(|c| **c == Command::StartRecording)
            .count(),
        1
    );
}

#[test]
fn who_hangs_up_while_passed_on_was_answered_all_the_same() {
    let mut w = World::talking();
    w.ask(Request::Pass).unwrap();
    w.seconds(90);
    w.requester_hangs_up();
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn an_outside_number_has_the_call_only_once_it_answers() {
    let mut w = World::talking();
    let commands = w.ask(Request::TransferOut).unwrap();
    assert!(commands.contains(&Command::Dial(THIRD)));
    assert_eq!(w.call.agent(), Some(agent(1)), "the agent has it still");
    w.tell(Input::LegDeclined(THIRD, Declined::NoAnswer));
    assert!(w.hear_each_other(AGENT, REQUESTER), "and has it again");

    w.ask(Request::TransferOut).unwrap();
    let commands = w.tell(Input::LegAnswered(LegId(3)));
    assert!(commands.contains(&Command::TalkEnded), "his wrap-up begins");
    assert!(w.hear_each_other(REQUESTER, LegId(3)));
    assert_eq!(w.call.agent(), None);
    w.tell(Input::LegGone(LegId(3), Gone::HungUp));
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn a_section_can_be_consulted_and_joined() {
    let mut w = World::talking();
    w.ask(Request::Consult(Party::Number)).unwrap();
    w.tell(Input::LegAnswered(THIRD));
    assert!(w.hear_each_other(AGENT, THIRD));
    assert_eq!(
        w.ask(Request::Digits("12#".into())).unwrap()[0],
        Command::SendDigits(THIRD, "12#".into()),
        "keys go to whom the agent talks to"
    );
    w.ask(Request::Join).unwrap();
    w.ask(Request::EndConsult).unwrap();
    assert!(w.hear_each_other(AGENT, REQUESTER) && !w.hears(REQUESTER, THIRD));
}

#[test]
fn the_recording_is_one_through_consultation_and_can_be_paused_for_a_secret() {
    let mut w = private();
    assert_eq!(
        w.ask(Request::PauseRecording).unwrap(),
        [
            Command::PauseRecording(true),
            Command::Journal(Event::RecordingPaused)
        ]
    );
    assert_eq!(w.ask(Request::PauseRecording), Err(Refusal::NotRecording));
    assert_eq!(
        w.tell(Input::Digit(REQUESTER, '7')),
        [],
        "a secret is not written down"
    );
    w.seconds(181);
    assert!(!w.call.recording_paused(), "a pause that is forgotten ends");
    assert_eq!(w.ask(Request::ResumeRecording), Err(Refusal::NotPaused));
}

#[test]
fn wishes_that_make_no_sense_are_refused_with_a_reason() {
    let mut w = World::talking();
    assert_eq!(w.ask(Request::Swap), Err(Refusal::NoThird));
    assert_eq!(
        w.ask(Request::Digits("12x".into())),
        Err(Refusal::BadDigits)
    );
    assert_eq!(
        w.ask(Request::Consult(World::colleague(2, &[]))),
        Err(Refusal::NoDevice)
    );
    w.ask(Request::Consult(World::colleague(2, &[2]))).unwrap();
    assert_eq!(w.ask(Request::Complete), Err(Refusal::ThirdNotReady));
    assert_eq!(w.ask(Request::Hold), Err(Refusal::ThirdHere));
    assert_eq!(w.ask(Request::Pass), Err(Refusal::ThirdHere));
    assert_eq!(
        w.ask(Request::Consult(Party::Number)),
        Err(Refusal::ThirdHere)
    );
}

/// Agent 1 asks a queue; nobody of it is rung yet.
fn asks_queue() -> World {
    let mut w = World::talking();
    w.ask(Request::Consult(Party::Queue("exam".into())))
        .unwrap();
    w
}

fn ring_third(w: &mut World, who: u8) -> Vec<Command> {
    w.tell(Input::ThirdRing {
        agent: agent(who),
        staff_no: "8002".into(),
        devices: vec![device(who.into())],
    })
}

#[test]
fn a_queue_is_asked_and_the_call_left_to_whom_it_gives_in_the_same_recording() {
    let mut w = asks_queue();
    assert_eq!(w.call.state(), State::Held);
    assert_eq!(w.call.consulted_queue(), Some("exam"));
    assert_eq!(w.call.consulted(), Some((None, false)));
    // Nobody yet: there is nothing to complete.
    assert_eq!(w.ask(Request::Complete), Err(Refusal::ThirdNotReady));
    w.seconds(600);
    let commands = ring_third(&mut w, 2);
    assert!(commands.contains(&Command::Invite {
        leg: THIRD,
        agent: agent(2),
        device: device(2),
        part: Part::Consult
    }));
    let commands = w.tell(Input::LegAnswered(THIRD));
    assert!(commands.contains(&Command::ConsultAnswered(agent(2))));
    assert!(w.hear_each_other(AGENT, THIRD) && !w.hears(REQUESTER, AGENT));
    // The floor has yet to say that he is the one.
    assert_eq!(w.ask(Request::Complete), Err(Refusal::ThirdNotReady));
    w.tell(Input::ThirdConfirmed(agent(2), true));
    let commands = w.ask(Request::Complete).unwrap();
    assert!(commands.contains(&Command::HandOver(agent(2))));
    assert!(w.hear_each_other(REQUESTER, THIRD));
    w.tell(Input::LegGone(THIRD, Gone::HungUp));
    let recordings = |which: &Command| w.log.iter().filter(|c| *c == which).count();
    assert_eq!(recordings(&Command::StartRecording), 1);
    assert_eq!(recordings(&Command::StopRecording), 1);
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn one_of_the_queue_who_says_no_is_followed_by_the_next() {
    let mut w = asks_queue();
    ring_third(&mut w, 2);
    let commands = w.tell(Input::LegDeclined(THIRD, Declined::Refused));
    assert_eq!(
        commands,
        [Command::ConsultDeclined(agent(2), Declined::Refused)]
    );
    ring_third(&mut w, 3);
    let commands = w.tell(Input::ThirdStopRinging(agent(3)));
    assert_eq!(commands, [Command::HangUp(LegId(3))]);
    // Without a device nobody rings.
    let commands = w.tell(Input::ThirdRing {
        agent: agent(4),
        staff_no: String::new(),
        devices: vec![],
    });
    assert_eq!(
        commands,
        [Command::ConsultDeclined(agent(4), Declined::Unreachable)]
    );
    // He answered as his ring was over: the floor has rung another by then.
    ring_third(&mut w, 2);
    w.tell(Input::LegAnswered(LegId(4)));
    let commands = ring_third(&mut w, 3);
    assert!(commands.contains(&Command::HangUp(LegId(4))));
    assert!(commands.contains(&Command::Play(AGENT, Prompt::Ringback)));
    assert!(!w.hears(AGENT, LegId(4)));
    assert_eq!(w.tell(Input::ThirdConfirmed(agent(2), false)), []);
    w.tell(Input::LegAnswered(LegId(5)));
    w.tell(Input::ThirdConfirmed(agent(3), true));
    w.ask(Request::Join).unwrap();
    assert!(w.hear_each_other(REQUESTER, LegId(5)));
}

#[test]
fn who_asks_a_queue_in_vain_or_no_longer_is_back_with_the_requester() {
    let mut w = asks_queue();
    let commands = w.tell(Input::ThirdGiveUp);
    assert!(commands.contains(&Command::ConsultWithdrawn));
    assert!(w.hear_each_other(REQUESTER, AGENT));
    let mut w = asks_queue();
    ring_third(&mut w, 2);
    let commands = w.ask(Request::EndConsult).unwrap();
    assert!(commands.contains(&Command::ConsultWithdrawn));
    assert!(commands.contains(&Command::HangUp(THIRD)));
    assert!(w.hear_each_other(REQUESTER, AGENT));
    // He hangs up while it is asked: the requester waits for the next, as always.
    let mut w = asks_queue();
    ring_third(&mut w, 2);
    w.tell(Input::LegAnswered(THIRD));
    let commands = w.ask(Request::HangUp).unwrap();
    assert!(commands.contains(&Command::Pass));
    assert_eq!(w.call.state(), State::Queued);
    // And the requester who gives up frees everybody.
    let mut w = asks_queue();
    ring_third(&mut w, 2);
    let commands = w.requester_hangs_up();
    assert!(commands.contains(&Command::ConsultWithdrawn));
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}
