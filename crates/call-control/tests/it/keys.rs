use call_control::{
    AfterClosing, Command, Event, Gone, Input, LegId, Line, Outcome, Place, Prompt, Request, State,
};

use crate::world::{REQUESTER, World, agent};

fn key(w: &mut World, key: char) -> Vec<Command> {
    w.tell(Input::Digit(REQUESTER, key))
}

#[test]
fn without_a_menu_the_way_is_straight_to_a_person() {
    let w = World::queued();
    assert!(!w.log.contains(&Command::Play(REQUESTER, Prompt::Menu)));
}

#[test]
fn a_key_of_the_menu_chooses_the_queue_and_silence_the_usual_one() {
    let menu = || {
        let mut w = World::inbound();
        w.line(Line {
            menu: vec![('1', "exams".into()), ('2', "titles".into())],
            ..Line::default()
        });
        w.tell(Input::Arrived { open: true });
        w.prompt_ended();
        assert_eq!(w.call.state(), State::Menu);
        w
    };
    let mut w = menu();
    key(&mut w, '9');
    assert_eq!(w.call.state(), State::Menu, "no such key");
    let commands = key(&mut w, '2');
    assert!(commands.contains(&Command::Offer));
    assert_eq!(w.call.queue(), Some("titles"));
    let mut w = menu();
    w.seconds(21);
    assert_eq!((w.call.state(), w.call.queue()), (State::Queued, None));
}

#[test]
fn the_place_is_said_and_the_music_goes_on() {
    let mut w = World::queued();
    let place = Place {
        ahead: Some(2),
        minutes: Some(4),
        callback: false,
    };
    let said = w.tell(Input::Place(place));
    assert_eq!(said, [Command::Play(REQUESTER, Prompt::Position(place))]);
    let on = w.prompt_ended();
    assert_eq!(on, [Command::Play(REQUESTER, Prompt::QueueMusic)]);
    key(&mut w, '1');
    assert_eq!(w.call.state(), State::Queued, "a call back was not offered");
}

#[test]
fn who_asks_to_be_called_back_keeps_his_place() {
    for ringing in [false, true] {
        let mut w = World::queued();
        w.tell(Input::Place(Place {
            ahead: Some(2),
            minutes: None,
            callback: true,
        }));
        if ringing {
            w.ring(1, &[1]);
        }
        let commands = key(&mut w, '1');
        assert!(commands.contains(&Command::KeepPlace));
        assert!(!commands.contains(&Command::Withdraw));
        w.prompt_ended();
        assert_eq!(w.outcome(), Some(Outcome::Callback));
    }
}

#[test]
fn after_hours_a_message_can_be_left() {
    let closed = || {
        let mut w = World::inbound();
        w.line(Line {
            message_box: true,
            ..Line::default()
        });
        w.tell(Input::Arrived { open: false });
        w.prompt_ended();
        assert_eq!(w.call.state(), State::Message);
        let commands = w.prompt_ended();
        assert!(commands.contains(&Command::StartRecording));
        w
    };
    let mut w = closed();
    w.seconds(12);
    let commands = key(&mut w, '#');
    assert!(commands.contains(&Command::Journal(Event::MessageLeft { length_ms: 12_000 })));
    w.prompt_ended();
    assert_eq!(w.outcome(), Some(Outcome::MessageLeft));

    let mut w = closed();
    w.seconds(9);
    w.requester_hangs_up();
    assert_eq!(
        w.outcome(),
        Some(Outcome::MessageLeft),
        "hanging up is done, too"
    );

    let mut w = closed();
    w.seconds(1);
    w.requester_hangs_up();
    assert_eq!(
        w.outcome(),
        Some(Outcome::AfterHours),
        "one second is no message"
    );
}

#[test]
fn the_requester_rates_after_the_agent_has_hung_up() {
    let talk = || {
        let mut w = World::talking();
        w.line(Line {
            survey: true,
            ..Line::default()
        });
        w
    };
    let mut w = talk();
    let commands = w.ask(Request::HangUp).unwrap();
    assert!(
        commands.contains(&Command::TalkEnded),
        "his wrap-up does not wait"
    );
    assert!(commands.contains(&Command::HangUp(LegId(1))));
    assert_eq!(w.call.state(), State::Survey);
    key(&mut w, '9');
    assert_eq!(w.call.state(), State::Survey, "no such score");
    let commands = key(&mut w, '5');
    assert!(commands.contains(&Command::Journal(Event::Rated { score: 5 })));
    w.prompt_ended();
    assert_eq!(w.outcome(), Some(Outcome::Answered));
    assert_eq!(w.call.agent(), Some(agent(1)), "whose call it was");

    let mut w = talk();
    w.ask(Request::HangUp).unwrap();
    w.seconds(31);
    assert_eq!(
        w.outcome(),
        Some(Outcome::Answered),
        "no answer is no rating"
    );

    let mut w = talk();
    w.tell(Input::LegGone(REQUESTER, Gone::HungUp));
    assert!(w.call.ended(), "who hangs up first is not asked");
}

#[test]
fn who_still_waits_after_closing_may_leave_a_message_and_his_place_is_given_up() {
    let mut w = World::queued();
    w.seconds(300);
    let commands = w.tell(Input::Closing(AfterClosing::MessageBox));
    assert!(commands.contains(&Command::GiveUp));
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::Closing)));
    // What the floor says of it then is old news.
    assert_eq!(w.tell(Input::GiveUp), []);
    let commands = w.prompt_ended();
    assert!(commands.contains(&Command::Play(REQUESTER, Prompt::LeaveMessage)));
    w.prompt_ended();
    w.seconds(10);
    w.requester_hangs_up();
    assert_eq!(w.outcome(), Some(Outcome::MessageLeft));
    assert!(!w.log.contains(&Command::Withdraw), "he gave nothing up");
}

#[test]
fn who_is_told_that_he_is_called_back_or_only_told_is_not_dropped_silently() {
    for (then, said) in [
        (AfterClosing::CallBack, Prompt::ClosingCallBack),
        (AfterClosing::End, Prompt::Closing),
    ] {
        let mut w = World::queued();
        let commands = w.tell(Input::Closing(then));
        assert!(commands.contains(&Command::Play(REQUESTER, said)));
        assert_eq!(w.call.state(), State::Farewell(Outcome::NoAgentAnswer));
        w.prompt_ended();
        assert_eq!(w.outcome(), Some(Outcome::NoAgentAnswer));
    }
}

#[test]
fn closing_time_cuts_off_no_ring_no_talk_and_nobody_who_was_passed_on() {
    let closing = |w: &mut World| w.tell(Input::Closing(AfterClosing::MessageBox));
    let mut w = World::queued();
    w.ring(1, &[1]);
    assert_eq!(closing(&mut w), []);
    let mut w = World::talking();
    assert_eq!(closing(&mut w), []);
    w.ask(Request::Pass).unwrap();
    assert_eq!(closing(&mut w), []);
    assert_eq!(w.call.state(), State::Queued);
}
