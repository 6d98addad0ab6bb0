//! Random events in random order. What must hold is checked by `World` after every one of them.

use call_control::{
    AfterClosing, Declined, DeviceId, Gone, Input, LegId, Line, Party, Place, Request, Supervision,
};
use chrono::TimeDelta;
use proptest::prelude::*;

use crate::world::{World, agent};

#[derive(Debug, Clone)]
pub enum Step {
    Tell(Input),
    Ask(Request),
    Wait(i64),
}

fn leg() -> impl Strategy<Value = LegId> {
    (0u32..9).prop_map(LegId)
}

fn declined() -> impl Strategy<Value = Declined> {
    prop_oneof![
        Just(Declined::Busy),
        Just(Declined::NoAnswer),
        Just(Declined::Unreachable),
        Just(Declined::Refused)
    ]
}

fn gone() -> impl Strategy<Value = Gone> {
    prop_oneof![
        1 => Just(Gone::HungUp),
        4 => Just(Gone::Lost),
        1 => Just(Gone::Silent),
        1 => Just(Gone::Fault)
    ]
}

fn ring() -> impl Strategy<Value = Input> {
    (1u8..4, 0u64..3, "[0-9]{0,4}").prop_map(|(who, devices, staff_no)| Input::Ring {
        agent: agent(who),
        staff_no,
        devices: (0..devices).map(DeviceId).collect(),
    })
}

/// `floor` rings nobody who has the call himself.
fn ring_third() -> impl Strategy<Value = Input> {
    (2u8..4, 0u64..3).prop_map(|(who, devices)| Input::ThirdRing {
        agent: agent(who),
        staff_no: "8002".into(),
        devices: (0..devices).map(DeviceId).collect(),
    })
}

/// Wishes that bring others in.
fn with_others() -> impl Strategy<Value = Request> {
    prop_oneof![
        4 => (2u8..4, 0u64..3).prop_map(|(who, devices)| {
            Request::Consult(World::colleague(who, &(0..devices).collect::<Vec<_>>()))
        }),
        2 => Just(Request::Consult(Party::Number)),
        3 => Just(Request::Consult(Party::Queue("exam".into()))),
        1 => Just(Request::TransferOut),
        3 => Just(Request::Swap),
        3 => Just(Request::Join),
        1 => Just(Request::EndConsult),
        2 => Just(Request::Complete),
        2 => Just(Request::Pass),
        1 => Just(Request::PauseRecording),
        1 => Just(Request::ResumeRecording),
        1 => Just(Request::Digits("12#".into())),
        2 => mode().prop_map(|mode| Request::Supervise {
            supervisor: agent(9),
            mode,
            devices: vec![DeviceId(9)],
        }),
        2 => mode().prop_map(Request::SuperviseAs),
        1 => Just(Request::EndSupervision),
        1 => Just(Request::TakeOver),
    ]
}

fn after_closing() -> impl Strategy<Value = AfterClosing> {
    prop_oneof![
        Just(AfterClosing::MessageBox),
        Just(AfterClosing::CallBack),
        Just(AfterClosing::End)
    ]
}

fn mode() -> impl Strategy<Value = Supervision> {
    prop_oneof![
        Just(Supervision::Listen),
        Just(Supervision::Whisper),
        Just(Supervision::Barge)
    ]
}

fn line() -> impl Strategy<Value = Line> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(menu, message_box, survey)| Line {
        menu: if menu {
            vec![('1', "titles".into())]
        } else {
            vec![]
        },
        message_box,
        survey,
    })
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![9 => Just(true), 1 => Just(false)]
            .prop_map(|open| Step::Tell(Input::Arrived { open })),
        6 => leg().prop_map(|l| Step::Tell(Input::PromptEnded(l))),
        6 => Just(Step::Tell(Input::PromptEnded(LegId(0)))),
        8 => ring().prop_map(Step::Tell),
        2 => (1u8..4).prop_map(|a| Step::Tell(Input::StopRinging(agent(a)))),
        4 => ring_third().prop_map(Step::Tell),
        1 => (2u8..4).prop_map(|a| Step::Tell(Input::ThirdStopRinging(agent(a)))),
        4 => (2u8..4, prop::bool::weighted(0.8))
            .prop_map(|(a, yes)| Step::Tell(Input::ThirdConfirmed(agent(a), yes))),
        1 => Just(Step::Tell(Input::ThirdGiveUp)),
        1 => Just(Step::Tell(Input::GiveUp)),
        1 => after_closing().prop_map(|then| Step::Tell(Input::Closing(then))),
        6 => (1u8..4).prop_map(|a| Step::Tell(Input::Confirmed(agent(a)))),
        2 => (1u8..4).prop_map(|a| Step::Tell(Input::NotConfirmed(agent(a)))),
        12 => leg().prop_map(|l| Step::Tell(Input::LegAnswered(l))),
        3 => (leg(), declined()).prop_map(|(l, d)| Step::Tell(Input::LegDeclined(l, d))),
        3 => (leg(), gone()).prop_map(|(l, g)| Step::Tell(Input::LegGone(l, g))),
        3 => (leg(), any::<bool>()).prop_map(|(l, h)| Step::Tell(Input::LegHeld(l, h))),
        6 => (1u8..4, 0u64..4).prop_map(|(a, d)| Step::Tell(Input::DeviceBack {
            agent: agent(a),
            device: DeviceId(d)
        })),
        1 => leg().prop_map(|l| Step::Tell(Input::Digit(l, '5'))),
        6 => prop_oneof![
            4 => Just(Request::Hold),
            4 => Just(Request::Unhold),
            2 => Just(Request::Mute),
            2 => Just(Request::Unmute),
            1 => Just(Request::HangUp)
        ]
        .prop_map(Step::Ask),
        8 => with_others().prop_map(Step::Ask),
        2 => line().prop_map(|line| Step::Tell(Input::Line(line))),
        2 => any::<bool>().prop_map(|callback| Step::Tell(Input::Place(Place {
            ahead: Some(3),
            minutes: None,
            callback,
        }))),
        3 => prop_oneof![Just('1'), Just('5'), Just('#')]
            .prop_map(|key| Step::Tell(Input::Digit(LegId(0), key))),
        1 => leg().prop_map(|l| Step::Tell(Input::EarlyMedia(l))),
        4 => prop_oneof![Just(0i64), 0i64..3, 0i64..30, 500i64..4000].prop_map(Step::Wait),
        1 => Just(Step::Tell(Input::Tick)),
    ]
}

pub fn start(kind: u8) -> World {
    match kind {
        0 => World::click_to_call(&[DeviceId(1), DeviceId(2)]),
        1 => World::agent_to_number(),
        2 => World::talking(),
        3 => World::queued(),
        4 => World::call_back(&[DeviceId(1)]),
        _ => World::inbound(),
    }
}

pub fn walk(world: &mut World, steps: Vec<Step>) {
    for step in steps {
        match step {
            // A leg that nobody asked for cannot report anything.
            Step::Tell(
                Input::LegAnswered(l)
                | Input::LegDeclined(l, _)
                | Input::LegGone(l, _)
                | Input::LegHeld(l, _)
                | Input::PromptEnded(l)
                | Input::EarlyMedia(l)
                | Input::Digit(l, _),
            ) if !world.live.contains(&l) => {}
            Step::Tell(input) => {
                world.tell(input);
            }
            Step::Ask(request) => {
                let _ = world.ask(request);
            }
            Step::Wait(seconds) => {
                world.seconds(seconds);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_in_exactly_one_outcome_and_leaves_nothing_behind(
        kind in 0u8..10,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut world = start(kind);
        walk(&mut world, steps);
        // Nobody says anything more: the timers alone must bring it to its end.
        world.wait(TimeDelta::hours(5));
        prop_assert!(world.call.ended(), "still {:?}", world.call.state());
        prop_assert!(world.outcome().is_some());
    }

    #[test]
    fn late_facts_from_dead_legs_change_nothing(
        steps in prop::collection::vec(step(), 0..40),
        late in prop::collection::vec(step(), 0..20),
    ) {
        let mut world = start(9);
        walk(&mut world, steps);
        world.tell(Input::Stop);
        for step in late {
            if let Step::Tell(input) = step {
                prop_assert_eq!(world.tell(input), vec![]);
            }
        }
    }

    #[test]
    fn stopping_the_server_ends_the_call_at_once(
        kind in 0u8..10,
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut world = start(kind);
        walk(&mut world, steps);
        world.tell(Input::Stop);
        prop_assert!(world.call.ended());
    }
}
