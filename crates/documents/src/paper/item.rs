//! What stands on a page, in points from its upper left corner.

use super::Align;
use super::lines::may_stretch;
use super::typeset::Glyph;

/// A line that lacks more than this of a character at each gap is left ragged rather than torn.
const WIDEST_GAP: f32 = 0.3;

/// Ink of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Black,
    Red,
    /// Small print.
    Grey,
    /// A watermark, the lines behind a chart.
    Pale,
    /// The ground of a heading.
    Ground,
    /// A row of values in a chart.
    Series(u8),
    /// What a chart's values should reach.
    Target,
    /// Nothing, under words on a line.
    White,
}

#[derive(Debug)]
pub(super) enum Item {
    /// Glyphs of one size on a baseline.
    Text {
        x: f32,
        y: f32,
        size: f32,
        ink: Ink,
        /// It rises by thirty degrees.
        rising: bool,
        /// Each with its distance from the beginning.
        glyphs: Vec<(Glyph, f32)>,
    },
    Line {
        from: (f32, f32),
        to: (f32, f32),
        width: f32,
        ink: Ink,
    },
    Ground {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    /// The picture of this number.
    Picture {
        number: usize,
        x: f32,
        y: f32,
        width: f32,
        height: f32,
    },
}

#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub items: Vec<Item>,
}

impl Item {
    /// The same, so far to the right and down.
    pub(super) fn moved(self, right: f32, down: f32) -> Self {
        match self {
            Self::Text {
                x,
                y,
                size,
                ink,
                rising,
                glyphs,
            } => Self::Text {
                x: x + right,
                y: y + down,
                size,
                ink,
                rising,
                glyphs,
            },
            Self::Line {
                from,
                to,
                width,
                ink,
            } => Self::Line {
                from: (from.0 + right, from.1 + down),
                to: (to.0 + right, to.1 + down),
                width,
                ink,
            },
            Self::Ground {
                x,
                y,
                width,
                height,
                ink,
            } => Self::Ground {
                x: x + right,
                y: y + down,
                width,
                height,
                ink,
            },
            Self::Picture {
                number,
                x,
                y,
                width,
                height,
            } => Self::Picture {
                number,
                x: x + right,
                y: y + down,
                width,
                height,
            },
        }
    }
}

/// One line in its room, its upper left corner given.
#[expect(
    clippy::too_many_arguments,
    reason = "one place for each side of a line; a struct would be built once for it"
)]
pub(super) fn set_line(
    line: &[Glyph],
    (x, y): (f32, f32),
    room: f32,
    size: f32,
    leading: f32,
    align: Align,
    justified: bool,
    ink: Ink,
) -> Item {
    let shown = line
        .iter()
        .rposition(|glyph| glyph.char != ' ')
        .map_or(0, |at| at + 1);
    let line = &line[..shown];
    let natural: f32 = line.iter().map(|glyph| glyph.advance * size).sum();
    let spare = room - natural;
    let gap = |pair: &[Glyph]| may_stretch(pair[0].char, pair[1].char);
    let gaps = line.windows(2).filter(|pair| gap(pair)).count();
    let each = if justified && gaps > 0 && spare / gaps as f32 <= WIDEST_GAP * size {
        spare / gaps as f32
    } else {
        0.0
    };
    let begin = match align {
        Align::Left => x,
        Align::Centre => x + spare / 2.0,
        Align::Right => x + spare,
    };
    let mut at = 0.0;
    let mut glyphs = Vec::with_capacity(line.len());
    for (index, glyph) in line.iter().enumerate() {
        glyphs.push((*glyph, at));
        at += glyph.advance * size;
        if line
            .get(index + 1)
            .is_some_and(|next| gap(&[*glyph, *next]))
        {
            at += each;
        }
    }
    Item::Text {
        x: begin,
        // A Chinese glyph reaches from 0.88 above the baseline to 0.12 below it.
        y: y + leading / 2.0 + size * 0.38,
        size,
        ink,
        rising: false,
        glyphs,
    }
}
