//! Sound of several mouths at one ear: a short buffer for each mouth, and a frame of their sum every 20 ms.

use std::collections::VecDeque;

use super::super::codec::{FRAME, SILENCE, alaw_sample, linear_to_alaw};

/// Frames that wait before a mouth is heard, against the jitter of its network.
const PREPARED: usize = 2 * FRAME;
/// More is too late to be said; what is oldest goes.
const MOST: usize = 8 * FRAME;

/// What a mouth has said and no ear has heard yet.
#[derive(Debug, Default)]
pub(super) struct Mouth {
    said: VecDeque<u8>,
    /// It has begun to be heard.
    flows: bool,
}

impl Mouth {
    /// Takes the sound of a packet, as A-law.
    pub(super) fn say(&mut self, alaw: &[u8]) {
        self.said.extend(alaw);
        if self.said.len() > MOST {
            self.said.drain(..self.said.len() - PREPARED);
        }
    }

    /// The next frame; `None` while nothing, or too little, is there.
    pub(super) fn frame(&mut self) -> Option<[u8; FRAME]> {
        let needed = if self.flows { FRAME } else { PREPARED };
        self.flows = self.said.len() >= needed;
        if !self.flows {
            return None;
        }
        let mut frame = [SILENCE; FRAME];
        for (place, byte) in frame.iter_mut().zip(self.said.drain(..FRAME)) {
            *place = byte;
        }
        Some(frame)
    }

    /// Forgets what it said.
    pub(super) fn hush(&mut self) {
        *self = Self::default();
    }
}

/// All of these at once.
pub(super) fn sum<'a>(frames: impl Iterator<Item = &'a [u8; FRAME]>) -> Vec<u8> {
    let mut frames = frames.peekable();
    let Some(first) = frames.next() else {
        return vec![SILENCE; FRAME];
    };
    if frames.peek().is_none() {
        return first.to_vec();
    }
    let mut total: Vec<i32> = first.iter().map(|byte| alaw_sample(*byte).into()).collect();
    for frame in frames {
        for (sample, byte) in total.iter_mut().zip(frame) {
            *sample += i32::from(alaw_sample(*byte));
        }
    }
    let clamp = |sample: i32| sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    linear_to_alaw(&total.into_iter().map(clamp).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mouth_is_heard_once_enough_is_there_and_never_too_late() {
        let mut mouth = Mouth::default();
        assert_eq!(mouth.frame(), None);
        mouth.say(&[1; FRAME]);
        assert_eq!(mouth.frame(), None, "one frame is no reserve");
        mouth.say(&[2; FRAME]);
        assert_eq!(mouth.frame(), Some([1; FRAME]));
        assert_eq!(mouth.frame(), Some([2; FRAME]));
        assert_eq!(mouth.frame(), None);
        for n in 0..20 {
            mouth.say(&[n; FRAME]);
        }
        let first = mouth.frame().map(|frame| frame[0]);
        assert!(first >= Some(12), "{first:?}: old sound is given up");
    }

    #[test]
    fn two_voices_add_up_and_silence_adds_nothing() {
        let loud = [0xa0; FRAME];
        let quiet = [SILENCE; FRAME];
        let both = sum([&loud, &loud].into_iter())[0];
        assert!(alaw_sample(both).abs() > alaw_sample(0xa0).abs());
        let one = sum([&loud, &quiet].into_iter())[0];
        assert!((alaw_sample(one) - alaw_sample(0xa0)).abs() <= 16);
        assert_eq!(sum(std::iter::empty()), vec![SILENCE; FRAME]);
    }
}
