use call_control::{
    Command, Declined, EndedBy, Event, Gone, Input, LegId, Outcome, Part, Path, Prompt, Refusal,
    Request, State,
};

use crate::world::{REQUESTER, World, agent, device};

const AGENT: LegId = LegId(1);

fn both_ways(agent: LegId) -> Command {
    let hears = |ear, mouth| Path { ear, mouth };
    Command::Connect(vec![hears(REQUESTER, agent), hears(agent, REQUESTER)])
}

#[test]
fn either_side_hanging_up_ends_the_other() {
    let mut w = World::talking();
    let commands = w.tell(Input::LegGone(AGENT, Gone::HungUp));
    assert_eq!(
        commands,
        [
            Command::StopRecording,
            Command::HangUp(REQUESTER),
            Command::TalkEnded,
            Command::Journal(Event::Ended {
                outcome: Outcome::Answered,
                ended_by: EndedBy::Agent
            }),
            Command::Finish {
                outcome: Outcome::Answered,
                ended_by: EndedBy::Agent
            },
        ]
    );

    let mut w = World::talking();
    let commands = w.requester_hangs_up();
    assert!(commands.contains(&Command::HangUp(AGENT)));
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn hold_plays_music_and_unhold_bridges_again() {
    let mut w = World::talking();
    assert_eq!(
        w.ask(Request::Hold).unwrap(),
        [
            Command::Journal(Event::Held),
            Command::Play(REQUESTER, Prompt::HoldMusic),
            Command::Held(true),
            Command::Connect(vec![]),
        ]
    );
    assert_eq!(w.ask(Request::Hold), Err(Refusal::AlreadyHeld));
    w.seconds(30);
    assert_eq!(
        w.ask(Request::Unhold).unwrap(),
        [
            Command::Journal(Event::Resumed),
            Command::StopPlaying(REQUESTER),
            Command::Held(false),
            both_ways(AGENT),
        ]
    );
    assert_eq!(w.call.times().held_ms, 30_000);
    assert_eq!(w.ask(Request::Unhold), Err(Refusal::NotHeld));
}

#[test]
fn a_hold_key_on_the_phone_and_one_in_the_console_add_up() {
    let mut w = World::talking();
    w.tell(Input::LegHeld(AGENT, true));
    assert_eq!(w.call.state(), State::Held);
    w.ask(Request::Hold).unwrap();
    assert_eq!(w.tell(Input::LegHeld(AGENT, false)), []);
    assert_eq!(w.call.state(), State::Held);
    w.ask(Request::Unhold).unwrap();
    assert_eq!(w.call.state(), State::Talking);
}

#[test]
fn a_requester_who_holds_us_changes_nothing() {
    let mut w = World::talking();
    assert_eq!(w.tell(Input::LegHeld(REQUESTER, true)), []);
    assert_eq!(w.call.state(), State::Talking);
}

#[test]
fn hold_during_the_staff_number_waits_for_its_end() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(AGENT));
    w.tell(Input::Confirmed(agent(1)));
    assert_eq!(w.ask(Request::Hold).unwrap(), []);
    w.prompt_ended();
    assert_eq!(w.call.state(), State::Held);
}

#[test]
fn hanging_up_on_hold_counts_the_hold() {
    let mut w = World::talking();
    w.ask(Request::Hold).unwrap();
    w.seconds(7);
    w.requester_hangs_up();
    assert_eq!(w.call.times().held_ms, 7_000);
}

#[test]
fn mute_and_unmute() {
    let mut w = World::talking();
    assert_eq!(
        w.ask(Request::Mute).unwrap(),
        [
            Command::Journal(Event::Muted),
            Command::Connect(vec![Path {
                ear: AGENT,
                mouth: REQUESTER
            }]),
        ]
    );
    assert_eq!(w.ask(Request::Mute), Err(Refusal::AlreadyMuted));
    w.ask(Request::Unmute).unwrap();
    assert_eq!(w.ask(Request::Unmute), Err(Refusal::NotMuted));
}

#[test]
fn who_muted_himself_is_still_mute_when_his_browser_is_back() {
    let mut w = World::talking();
    w.ask(Request::Mute).unwrap();
    w.tell(Input::LegGone(AGENT, Gone::Lost));
    w.tell(Input::DeviceBack {
        agent: agent(1),
        device: device(4),
    });
    w.tell(Input::LegAnswered(LegId(2)));
    assert!(w.hears(LegId(2), REQUESTER) && !w.hears(REQUESTER, LegId(2)));
    assert!(w.call.muted() && !w.log.contains(&Command::Journal(Event::Unmuted)));
    assert_eq!(w.ask(Request::Mute), Err(Refusal::AlreadyMuted));
    w.ask(Request::Unmute).unwrap();
}

#[test]
fn a_lost_browser_is_waited_for_and_taken_back_into_the_same_recording() {
    let mut w = World::talking();
    let commands = w.tell(Input::LegGone(AGENT, Gone::Lost));
    assert_eq!(
        commands,
        [
            Command::Play(REQUESTER, Prompt::HoldMusic),
            Command::Held(true),
            Command::Journal(Event::DeviceLost),
            Command::Connect(vec![]),
        ]
    );
    w.seconds(14);
    assert_eq!(
        w.tell(Input::DeviceBack {
            agent: agent(1),
            device: device(4)
        }),
        [Command::Invite {
            leg: LegId(2),
            agent: agent(1),
            device: device(4),
            part: Part::Reattach
        }]
    );
    w.seconds(5);
    assert_eq!(
        w.tell(Input::LegAnswered(LegId(2))),
        [
            Command::Journal(Event::DeviceBack),
            Command::StopPlaying(REQUESTER),
            Command::Held(false),
            both_ways(LegId(2)),
        ]
    );
    w.requester_hangs_up();
    assert_eq!(
        w.log
            .iter()
            .filter(|c| **c == Command::StartRecording)
            .count(),
        1
    );
}

#[test]
fn a_browser_that_stays_away_ends_the_call_after_fifteen_seconds() {
    let mut w = World::talking();
    w.tell(Input::LegGone(AGENT, Gone::Silent));
    w.seconds(14);
    assert!(!w.call.ended());
    let commands = w.seconds(1);
    assert!(commands.contains(&Command::HangUp(REQUESTER)));
    assert_eq!(
        commands.last(),
        Some(&Command::Finish {
            outcome: Outcome::Answered,
            ended_by: EndedBy::System
        })
    );
}

#[test]
fn a_device_that_is_back_but_does_not_answer_ends_the_call_too() {
    let mut w = World::talking();
    w.tell(Input::LegGone(AGENT, Gone::Lost));
    w.tell(Input::DeviceBack {
        agent: agent(1),
        device: device(4),
    });
    w.tell(Input::LegDeclined(LegId(2), Declined::Unreachable));
    assert_eq!(w.call.state(), State::Away);
    w.seconds(10);
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn a_held_call_is_still_held_when_the_browser_is_back() {
    let mut w = World::talking();
    w.ask(Request::Hold).unwrap();
    w.tell(Input::LegGone(AGENT, Gone::Lost));
    w.tell(Input::DeviceBack {
        agent: agent(1),
        device: device(4),
    });
    w.tell(Input::LegAnswered(LegId(2)));
    assert_eq!(w.call.state(), State::Held);
    w.ask(Request::Unhold).unwrap();
    assert_eq!(w.call.state(), State::Talking);
}

#[test]
fn another_agents_device_is_not_taken_into_the_call() {
    let mut w = World::talking();
    w.tell(Input::LegGone(AGENT, Gone::Lost));
    assert_eq!(
        w.tell(Input::DeviceBack {
            agent: agent(2),
            device: device(4)
        }),
        []
    );
}

#[test]
fn a_requester_who_gives_up_while_the_browser_is_away_ends_the_call() {
    let mut w = World::talking();
    w.tell(Input::LegGone(AGENT, Gone::Lost));
    w.requester_hangs_up();
    assert_eq!(w.outcome(), Some(Outcome::Answered));
}

#[test]
fn a_silent_requester_line_is_ended_by_the_system() {
    let mut w = World::talking();
    let commands = w.tell(Input::LegGone(REQUESTER, Gone::Silent));
    assert!(commands.contains(&Command::HangUp(AGENT)));
    assert_eq!(
        commands.last(),
        Some(&Command::Finish {
            outcome: Outcome::Answered,
            ended_by: EndedBy::System
        })
    );
}

#[test]
fn telephone_keys_stand_in_the_journal() {
    let mut w = World::talking();
    assert_eq!(
        w.tell(Input::Digit(REQUESTER, '5')),
        [Command::Journal(Event::Digit {
            digit: '5',
            requester: true
        })]
    );
    assert_eq!(w.tell(Input::Digit(LegId(9), '5')), []);
    // Not without end.
    let written = (0..1000)
        .filter(|_| !w.tell(Input::Digit(REQUESTER, '1')).is_empty())
        .count();
    assert_eq!(written, 99);
}
