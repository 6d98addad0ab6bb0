//! What the floor and a call tell each other crosses on the way: nobody innocent is put on break for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use call_control::{Call, Command, DeviceId, Gone, Input, LegId, Limits, Outcome, State};
use floor::work_item::store as works;
use floor::{AgentState, Declined, Floor, MediaKind, Medium, Presence, Work};
use serde_json::json;
use testing::{Kind, TestApp};
use uuid::Uuid;

use super::{People, agent, migrations};

/// What the floor told the call and the call has not heard yet.
#[derive(Default)]
struct Wire(Mutex<Vec<Input>>);

impl Medium for Wire {
    fn ring(&self, _work: Uuid, agent: Uuid) {
        self.0.lock().unwrap().push(Input::Ring {
            agent,
            staff_no: String::new(),
            devices: vec![DeviceId(1)],
        });
    }

    fn stop_ringing(&self, _work: Uuid, agent: Uuid) {
        self.0.lock().unwrap().push(Input::StopRinging(agent));
    }

    fn give_up(&self, _work: Uuid) {
        self.0.lock().unwrap().push(Input::GiveUp);
    }
}

/// A floor and a call, and what they say to each other as slowly as the story wants.
struct Crossing {
    app: TestApp,
    floor: Floor,
    wire: Arc<Wire>,
    call: Call,
    said: Vec<Command>,
}

impl Crossing {
    /// The call rings at agent 1, agent 2 is free; the device of agent 1 answers, but the floor has not
    /// heard of it when his ring is over.
    async fn of_an_answer_and_the_ring_time_out() -> Self {
        let app = testing::app(Kind::Sqlite, &migrations(), &[]).await;
        let floor = Floor::new(&app, Arc::new(People));
        let wire = Arc::<Wire>::default();
        floor.attach_medium(MediaKind::Voice, wire.clone());
        floor.start().await.unwrap();
        for number in [1, 2] {
            let device = Some(floor::DeviceKind::DeskPhone);
            floor.reachable(agent(number), device).await;
            floor
                .ask(agent(number), Presence::Ready, None)
                .await
                .unwrap();
            app.clock.advance(Duration::from_secs(1));
        }
        let call = Call::inbound(app.ids.next(), Limits::default(), app.clock.now());
        let mut crossing = Self {
            app,
            floor,
            wire,
            call,
            said: Vec::new(),
        };
        crossing.tell(Input::Arrived { open: true });
        crossing.tell(Input::PromptEnded(LegId(0)));
        crossing.floor_hears().await;
        crossing.call_hears();
        crossing.tell(Input::LegAnswered(LegId(1)));
        assert_eq!(crossing.call.state(), State::Confirming);
        crossing.app.clock.advance(Duration::from_secs(21));
        for _ in 0..2 {
            crossing.floor.snapshot().await.unwrap();
        }
        crossing
    }

    fn tell(&mut self, input: Input) {
        let now = self.app.clock.now();
        self.said.extend(self.call.handle(input, now));
    }

    /// The call hears what the floor said.
    fn call_hears(&mut self) {
        let told = std::mem::take(&mut *self.wire.0.lock().unwrap());
        for input in told {
            self.tell(input);
        }
    }

    /// The floor hears what the call said, as `engine/desk.rs` tells it, and the call its answers.
    async fn floor_hears(&mut self) {
        let work = self.call.id();
        for command in std::mem::take(&mut self.said) {
            match command {
                Command::Offer => {
                    let work = Work {
                        id: work,
                        media: MediaKind::Voice,
                        queue: floor::DEFAULT_QUEUE.to_owned(),
                        priority: 0,
                        preferred_agent: None,
                        offered_at: self.app.clock.now(),
                        subject: json!({}),
                    };
                    self.floor.offer(work).await.unwrap();
                }
                Command::Withdraw => self.floor.withdraw(work).await,
                Command::Accepted(agent) => {
                    let answer = match self.floor.accepted(work, agent).await {
                        Ok(()) => Input::Confirmed(agent),
                        Err(_) => Input::NotConfirmed(agent),
                    };
                    self.tell(answer);
                }
                Command::Declined(agent, _) => {
                    self.floor.declined(work, agent, Declined::Refused).await;
                }
                Command::Adopt(agent) => self.floor.adopt(work, agent).await,
                Command::TalkEnded => self.floor.ended(work).await,
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn the_next_agent_rings_and_is_not_put_on_break() {
    let mut crossing = Crossing::of_an_answer_and_the_ring_time_out().await;
    crossing.call_hears();
    crossing.floor_hears().await;
    assert_eq!(crossing.floor.state_of(agent(1)), AgentState::Break);
    assert_eq!(crossing.floor.state_of(agent(2)), AgentState::Ringing);
    crossing.tell(Input::LegAnswered(LegId(2)));
    crossing.floor_hears().await;
    assert_eq!(crossing.floor.state_of(agent(2)), AgentState::Talking);
    assert_eq!(crossing.call.state(), State::Talking);
}

/// The call has decided for itself; the floor hears of it late. Both must tell the same in the end.
async fn both_say_answered(crossing: &mut Crossing) {
    crossing.call_hears();
    crossing.floor_hears().await;
    assert_eq!(crossing.call.state(), State::Talking);
    assert_eq!(crossing.floor.state_of(agent(1)), AgentState::Talking);
    assert_eq!(crossing.floor.state_of(agent(2)), AgentState::Ready);
    assert_eq!(crossing.floor.snapshot().await.unwrap().waiting, []);
    crossing.tell(Input::LegGone(LegId(0), Gone::HungUp));
    assert!(matches!(
        crossing.call.state(),
        State::Ended(Outcome::Answered)
    ));
    crossing.floor_hears().await;
    assert_eq!(crossing.floor.state_of(agent(1)), AgentState::WrapUp);
    crossing.floor.flushed().await.unwrap();
    let conn = crossing.app.db.read();
    let row = works::get(conn, crossing.call.id()).await.unwrap().unwrap();
    assert_eq!(
        (row.outcome.as_deref(), row.callback_due, row.agent_id),
        (Some("answered"), false, Some(agent(1)))
    );
    let board = crossing.floor.wallboard().await.unwrap();
    let counted = works::recount(conn, board.as_of).await.unwrap();
    assert_eq!((board.answered_today, board.callbacks_due), (1, 0));
    assert_eq!(
        (counted.answered, counted.lost, counted.abandoned),
        (1, 0, 0)
    );
    assert_eq!(
        (board.lost_today, board.abandoned_today, board.calls_today),
        (0, 0, 1)
    );
}

#[tokio::test]
async fn a_talk_connected_in_silence_is_answered_for_the_floor_too() {
    let mut crossing = Crossing::of_an_answer_and_the_ring_time_out().await;
    crossing.tell(Input::Tick);
    both_say_answered(&mut crossing).await;
}

#[tokio::test]
async fn a_talk_the_floor_has_given_up_is_answered_all_the_same() {
    let mut crossing = Crossing::of_an_answer_and_the_ring_time_out().await;
    // Nobody else takes it, and the longest wait passes before the floor hears of the talk.
    crossing
        .floor
        .declined(crossing.call.id(), agent(2), Declined::Unreachable)
        .await;
    crossing.app.clock.advance(Duration::from_mins(15));
    for _ in 0..2 {
        crossing.floor.snapshot().await.unwrap();
    }
    assert_eq!(crossing.floor.wallboard().await.unwrap().callbacks_due, 1);
    crossing.tell(Input::Tick);
    crossing.call_hears();
    // He was put on break for a ring that was taken from him.
    crossing
        .floor
        .ask(agent(2), Presence::Ready, None)
        .await
        .unwrap();
    both_say_answered(&mut crossing).await;
}
