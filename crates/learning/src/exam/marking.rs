//! How points of answers in words come about: two people mark without knowing of each other; where they differ too
//! much, a third decides. Pure.

use kernel::words;

words! {
    /// Who owes what of an answer.
    Marking {
        /// Nobody has handed it in yet.
        Open = "open",
        /// 待一评
        First = "first",
        /// 待二评
        Second = "second",
        /// 待仲裁: the two differ too much.
        Third = "third",
        /// Its points are known.
        Done = "done",
    }
}

/// What the marks so far come to, out of `most`, where the first two may differ by `difference` percent of it. Half a
/// point is the taker's.
pub fn standing(marks: &[i32], most: i32, difference: i32) -> (Marking, Option<i32>) {
    match *marks {
        [] => (Marking::First, None),
        [_] => (Marking::Second, None),
        [one, other] => {
            if i64::from((one - other).abs()) * 100 > i64::from(most) * i64::from(difference) {
                (Marking::Third, None)
            } else {
                (Marking::Done, Some((one + other + 1) / 2))
            }
        }
        [_, _, decided, ..] => (Marking::Done, Some(decided)),
    }
}
