//! What people want done with a call, and why it is refused.

use super::{AgentId, DeviceId, Party, Supervision};

/// Something an agent or a supervisor wants done with the call; may be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Play music to the requester.
    Hold,
    /// Take the requester back.
    Unhold,
    /// Stop the agent's voice from reaching anybody.
    Mute,
    /// Let it through again.
    Unmute,
    /// End the call; in a three-way call (三方通话) leave it.
    HangUp,
    /// Ask somebody while the requester hears music (咨询). A queue is asked once `floor` has agreed to ring for it.
    Consult(Party),
    /// Pass the call to an outside number as soon as it answers; till then the agent has it.
    TransferOut,
    /// Talk to the one who waits, let the other wait.
    Swap,
    /// Everybody hears everybody (三方通话).
    Join,
    /// Let the third go and return to the requester.
    EndConsult,
    /// Leave the call to the third (转接).
    Complete,
    /// Leave the call to the queue; `floor` agreed and rings the next agent.
    Pass,
    /// Record silence while somebody says secrets.
    PauseRecording,
    /// Record again.
    ResumeRecording,
    /// Press keys towards whom the agent talks to: `0`–`9`, `*`, `#`, `A`–`D`.
    Digits(String),
    /// A supervisor joins.
    Supervise {
        /// Who.
        supervisor: AgentId,
        /// How.
        mode: Supervision,
        /// His registered contacts.
        devices: Vec<DeviceId>,
    },
    /// The supervisor takes part otherwise.
    SuperviseAs(Supervision),
    /// The supervisor leaves.
    EndSupervision,
    /// The supervisor takes the call; the agent's part is over.
    TakeOver,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The call has ended.
    Ended,
    /// There is no agent in the call to do that.
    NotTalking,
    /// It is on hold already.
    AlreadyHeld,
    /// It is not on hold.
    NotHeld,
    /// It is muted already.
    AlreadyMuted,
    /// It is not muted.
    NotMuted,
    /// A third is in the call already.
    ThirdHere,
    /// No third is in the call.
    NoThird,
    /// The third has not answered yet.
    ThirdNotReady,
    /// Everybody is together, nobody waits.
    Together,
    /// Nothing of theirs could ring.
    NoDevice,
    /// The recording is paused already, or does not run.
    NotRecording,
    /// The recording is not paused.
    NotPaused,
    /// These are no telephone keys, or too many.
    BadDigits,
    /// A supervisor is in the call already.
    AlreadySupervised,
    /// No supervisor is in the call.
    NotSupervised,
    /// The supervisor's device has not answered yet.
    SupervisorNotReady,
}

impl Refusal {
    /// The stable code that the console translates.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ended => "call_ended",
            Self::NotTalking => "call_not_talking",
            Self::AlreadyHeld => "call_already_held",
            Self::NotHeld => "call_not_held",
            Self::AlreadyMuted => "call_already_muted",
            Self::NotMuted => "call_not_muted",
            Self::ThirdHere => "call_third_here",
            Self::NoThird => "call_no_third",
            Self::ThirdNotReady => "call_third_not_ready",
            Self::Together => "call_together",
            Self::NoDevice => "no_device",
            Self::NotRecording => "call_not_recording",
            Self::NotPaused => "call_recording_not_paused",
            Self::BadDigits => "call_bad_digits",
            Self::AlreadySupervised => "call_already_supervised",
            Self::NotSupervised => "call_not_supervised",
            Self::SupervisorNotReady => "call_supervisor_not_ready",
        }
    }
}
