use call_control::{
    Command, Declined, EndedBy, Event, Gone, Input, LegId, Outcome, Part, Path, Prompt, Refusal,
    Request, State,
};

use crate::world::{REQUESTER, World, agent, device};

#[test]
fn an_open_line_greets_then_queues_with_music() {
    let mut w = World::inbound();
    assert_eq!(
        w.tell(Input::Arrived { open: true }),
        [
            Command::Answer(REQUESTER),
            Command::Play(REQUESTER, Prompt::Greeting),
            Command::Journal(Event::Greeted),
        ]
    );
    w.seconds(4);
    assert_eq!(
        w.prompt_ended(),
        [
            Command::Play(REQUESTER, Prompt::QueueMusic),
            Command::Journal(Event::Queued),
            Command::Offer,
        ]
    );
}

#[test]
fn a_closed_line_says_so_and_hangs_up() {
    let mut w = World::inbound();
    w.tell(Input::Arrived { open: false });
    assert_eq!(w.call.state(), State::Farewell(Outcome::AfterHours));
    let commands = w.prompt_ended();
    assert_eq!(commands.first(), Some(&Command::HangUp(REQUESTER)));
    assert_eq!(w.outcome(), Some(Outcome::AfterHours));
    assert!(!w.log.contains(&Command::Offer));
}

#[test]
fn hanging_up_during_the_after_hours_greeting_is_still_after_hours() {
    let mut w = World::inbound();
    w.tell(Input::Arrived { open: false });
    w.requester_hangs_up();
    assert_eq!(w.outcome(), Some(Outcome::AfterHours));
}

#[test]
fn a_refused_call_is_rejected_before_it_is_answered() {
    let mut w = World::inbound();
    let commands = w.tell(Input::Refuse);
    assert_eq!(commands.first(), Some(&Command::Reject(REQUESTER)));
    assert_eq!(w.outcome(), Some(Outcome::Rejected));
}

#[test]
fn a_blocked_call_is_rejected_before_it_is_answered_and_says_why() {
    let mut w = World::inbound();
    let commands = w.tell(Input::Block);
    assert_eq!(commands.first(), Some(&Command::Reject(REQUESTER)));
    assert_eq!(w.outcome(), Some(Outcome::Blocked));
    assert!(!w.log.contains(&Command::Offer));
}

#[test]
fn a_call_whose_media_never_stands_fails() {
    let mut w = World::inbound();
    w.seconds(11);
    assert_eq!(w.outcome(), Some(Outcome::Failed));
}

#[test]
fn hanging_up_early_is_a_short_abandon_and_late_an_abandon() {
    let mut greeting = World::inbound();
    greeting.tell(Input::Arrived { open: true });
    greeting.requester_hangs_up();
    assert_eq!(greeting.outcome(), Some(Outcome::ShortAbandoned));

    // As the queue's rule says: within it, the threshold included.
    let mut soon = World::queued();
    soon.seconds(5);
    let commands = soon.requester_hangs_up();
    assert!(commands.contains(&Command::Withdraw));
    assert_eq!(soon.outcome(), Some(Outcome::ShortAbandoned));

    let mut late = World::queued();
    late.wait(chrono::TimeDelta::milliseconds(5001));
    late.requester_hangs_up();
    assert_eq!(late.outcome(), Some(Outcome::Abandoned));
}

#[test]
fn hanging_up_while_an_agent_is_alerted_stops_the_ringing() {
    let mut w = World::queued();
    w.seconds(8);
    w.ring(1, &[1, 2]);
    let commands = w.requester_hangs_up();
    assert!(commands.contains(&Command::HangUp(LegId(1))));
    assert!(commands.contains(&Command::HangUp(LegId(2))));
    assert!(commands.contains(&Command::Withdraw));
    assert_eq!(w.outcome(), Some(Outcome::Abandoned));
}

#[test]
fn every_device_rings_and_the_first_answer_wins() {
    let mut w = World::queued();
    let commands = w.ring(1, &[7, 9]);
    assert_eq!(
        commands[1..],
        [7, 9]
            .iter()
            .zip(1..)
            .map(|(d, leg)| Command::Invite {
                leg: LegId(leg),
                agent: agent(1),
                device: device(*d),
                part: Part::Agent
            })
            .collect::<Vec<_>>()
    );
    let commands = w.tell(Input::LegAnswered(LegId(2)));
    assert_eq!(
        commands,
        [Command::HangUp(LegId(1)), Command::Accepted(agent(1)),]
    );
    // The late answer of the other phone changes nothing.
    assert_eq!(w.tell(Input::LegAnswered(LegId(1))), []);
    let commands = w.tell(Input::Confirmed(agent(1)));
    assert_eq!(
        commands,
        [
            Command::StartRecording,
            Command::Journal(Event::Answered { agent: agent(1) }),
            Command::Play(REQUESTER, Prompt::StaffNumber("8001".into())),
            Command::Play(LegId(2), Prompt::StaffNumber("8001".into())),
            Command::Connect(vec![
                Path {
                    ear: REQUESTER,
                    mouth: LegId(2)
                },
                Path {
                    ear: LegId(2),
                    mouth: REQUESTER
                },
            ]),
        ]
    );
    assert_eq!(w.prompt_ended(), []);
    assert_eq!(w.call.state(), State::Talking);
}

#[test]
fn an_agent_without_a_device_is_declined_as_unreachable() {
    let mut w = World::queued();
    assert_eq!(
        w.ring(1, &[]),
        [Command::Declined(agent(1), Declined::Unreachable)]
    );
    assert_eq!(w.call.state(), State::Queued);
}

#[test]
fn a_refused_ring_goes_back_to_the_queue_and_the_wait_goes_on() {
    let mut w = World::queued();
    let limit = w.call.next_deadline();
    w.seconds(20);
    w.ring(1, &[1, 2]);
    let commands = w.tell(Input::LegDeclined(LegId(1), Declined::Busy));
    assert_eq!(
        commands,
        [
            Command::HangUp(LegId(2)),
            Command::Journal(Event::RingEnded { agent: agent(1) }),
            Command::Declined(agent(1), Declined::Busy),
        ]
    );
    assert_eq!(w.call.state(), State::Queued);
    assert_eq!(w.call.next_deadline(), limit);
}

#[test]
fn one_unreachable_device_leaves_the_others_ringing() {
    let mut w = World::queued();
    w.ring(1, &[1, 2]);
    assert_eq!(
        w.tell(Input::LegDeclined(LegId(1), Declined::Unreachable)),
        []
    );
    assert_eq!(w.call.state(), State::Ringing);
    let commands = w.tell(Input::LegGone(LegId(2), Gone::Lost));
    assert!(commands.contains(&Command::Declined(agent(1), Declined::Unreachable)));
}

#[test]
fn floor_takes_a_ring_back_and_rings_the_next() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    let commands = w.tell(Input::StopRinging(agent(1)));
    assert_eq!(commands.first(), Some(&Command::HangUp(LegId(1))));
    w.ring(2, &[5]);
    assert_eq!(w.call.agent(), Some(agent(2)));
    assert_eq!(w.call.state(), State::Ringing);
}

#[test]
fn an_answer_that_floor_does_not_confirm_hangs_that_device_up() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    let commands = w.tell(Input::NotConfirmed(agent(1)));
    assert_eq!(commands.first(), Some(&Command::HangUp(LegId(1))));
    assert_eq!(w.call.state(), State::Queued);
    assert!(!w.log.contains(&Command::StartRecording));
}

#[test]
fn a_silent_floor_does_not_cost_the_requester_the_agent() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    w.seconds(3);
    assert_eq!(w.call.state(), State::Announcing);
}

#[test]
fn a_ring_time_out_that_crosses_the_answer_rings_the_next_agent() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    // `floor` has not heard of the answer when its time-out comes.
    assert_eq!(
        w.tell(Input::StopRinging(agent(1))),
        [
            Command::HangUp(LegId(1)),
            Command::Journal(Event::RingEnded { agent: agent(1) }),
        ]
    );
    w.ring(2, &[5]);
    assert_eq!(
        (w.call.state(), w.call.agent()),
        (State::Ringing, Some(agent(2)))
    );
    // Its no to the answer comes last and concerns nobody any more.
    assert_eq!(w.tell(Input::NotConfirmed(agent(1))), []);
    w.tell(Input::LegAnswered(LegId(2)));
    w.tell(Input::Confirmed(agent(2)));
    w.prompt_ended();
    assert_eq!(
        (w.call.state(), w.call.agent()),
        (State::Talking, Some(agent(2)))
    );
    assert!(!w.log.iter().any(|c| matches!(c, Command::Declined(..))));
}

#[test]
fn a_ring_for_another_agent_takes_an_unconfirmed_answer_back() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    let commands = w.ring(2, &[5]);
    assert_eq!(commands.first(), Some(&Command::HangUp(LegId(1))));
    assert_eq!(
        (w.call.state(), w.call.agent()),
        (State::Ringing, Some(agent(2)))
    );
}

/// Agent 1 picked up and `floor` said nothing for three seconds.
fn connected_in_silence() -> World {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    let commands = w.seconds(3);
    assert_eq!(commands.first(), Some(&Command::Adopt(agent(1))));
    assert_eq!(w.call.state(), State::Announcing);
    w
}

#[test]
fn a_talk_connected_in_silence_is_the_agents_whatever_floor_says_later() {
    for late in [
        Input::Confirmed(agent(1)),
        Input::NotConfirmed(agent(1)),
        Input::StopRinging(agent(1)),
        Input::GiveUp,
    ] {
        let mut w = connected_in_silence();
        assert_eq!(w.tell(late), []);
        assert_eq!(w.call.state(), State::Announcing, "the two go on talking");
        let commands = w.requester_hangs_up();
        assert_eq!(w.outcome(), Some(Outcome::Answered));
        assert!(commands.contains(&Command::TalkEnded));
        assert!(!w.log.contains(&Command::Withdraw));
    }
}

#[test]
fn an_agent_rung_for_a_talk_connected_in_silence_is_not_blamed() {
    let mut w = connected_in_silence();
    w.tell(Input::StopRinging(agent(1)));
    assert_eq!(w.ring(2, &[5]), []);
    assert_eq!(w.tell(Input::NotConfirmed(agent(1))), []);
    assert_eq!(w.call.agent(), Some(agent(1)));
}

#[test]
fn a_talk_connected_after_floor_gave_up_is_told_to_it() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    w.tell(Input::GiveUp);
    assert!(w.seconds(3).contains(&Command::Adopt(agent(1))));
    w.requester_hangs_up();
    assert_eq!(w.outcome(), Some(Outcome::Answered));
    assert!(w.log.contains(&Command::TalkEnded) && !w.log.contains(&Command::Withdraw));
}

#[test]
fn nobody_within_the_longest_wait_ends_with_a_word_of_regret() {
    let mut w = World::queued();
    w.seconds(595);
    w.ring(1, &[1]);
    let commands = w.tell(Input::GiveUp);
    assert!(commands.contains(&Command::HangUp(LegId(1))));
    assert!(!commands.contains(&Command::Withdraw), "floor knows");
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::AllBusy)));
    w.prompt_ended();
    assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));
}

#[test]
fn an_answer_that_crosses_the_end_of_the_wait_does_not_leave_the_requester_waiting() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    w.tell(Input::GiveUp);
    assert_eq!(w.call.state(), State::Confirming);
    w.tell(Input::NotConfirmed(agent(1)));
    assert_eq!(w.call.state(), State::Farewell(Outcome::NoAgentAnswer));
}

#[test]
fn a_floor_that_refuses_an_answer_and_then_gives_up_is_told_nothing_more() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    w.tell(Input::NotConfirmed(agent(1)));
    w.tell(Input::GiveUp);
    assert_eq!(w.call.state(), State::Farewell(Outcome::NoAgentAnswer));
    w.prompt_ended();
    assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));
    assert!(!w.log.contains(&Command::Withdraw), "floor gave it up");
    assert!(!w.log.contains(&Command::TalkEnded), "nobody talked");
}

#[test]
fn a_call_that_ends_after_a_refused_answer_is_withdrawn_once() {
    let mut w = World::queued();
    w.ring(1, &[1]);
    w.tell(Input::LegAnswered(LegId(1)));
    w.tell(Input::NotConfirmed(agent(1)));
    let commands = w.requester_hangs_up();
    assert!(commands.contains(&Command::Withdraw));
    assert!(!commands.contains(&Command::TalkEnded), "nobody talked");
}

#[test]
fn a_floor_that_never_gives_up_does_not_keep_the_requester_for_ever() {
    let mut w = World::queued();
    let commands = w.seconds(3600);
    assert!(commands.contains(&Command::Withdraw));
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::AllBusy)));
}

#[test]
fn a_prompt_that_never_reports_its_end_does_not_stop_the_call() {
    let mut w = World::inbound();
    w.tell(Input::Arrived { open: true });
    w.seconds(60);
    assert_eq!(w.call.state(), State::Queued);
}

#[test]
fn wishes_before_the_talk_are_refused() {
    let mut w = World::queued();
    for request in [Request::Hold, Request::Mute, Request::HangUp] {
        assert_eq!(w.ask(request), Err(Refusal::NotTalking));
    }
    w.requester_hangs_up();
    assert_eq!(w.ask(Request::HangUp), Err(Refusal::Ended));
}

#[test]
fn a_stopping_server_interrupts_in_every_state() {
    let mut greeting = World::inbound();
    greeting.tell(Input::Arrived { open: true });
    for mut w in [
        World::inbound(),
        greeting,
        World::queued(),
        World::talking(),
    ] {
        let commands = w.tell(Input::Stop);
        assert_eq!(
            commands.last(),
            Some(&Command::Finish {
                outcome: Outcome::Interrupted,
                ended_by: EndedBy::System
            })
        );
        // The floor's books say the same word.
        let told = w.log.contains(&Command::Offer);
        assert_eq!(commands.contains(&Command::Interrupted), told);
        assert!(!commands.contains(&Command::Withdraw) && !commands.contains(&Command::TalkEnded));
    }
}

#[test]
fn a_ring_that_crosses_the_end_of_waiting_is_declined() {
    let mut w = World::talking();
    assert_eq!(
        w.ring(2, &[5]),
        [Command::Declined(agent(2), Declined::Refused)]
    );
    assert_eq!(w.call.state(), State::Talking);
}
