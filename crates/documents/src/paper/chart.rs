//! Charts, drawn on the page as lines and grounds: as sharp as the text, and of the same fonts.

use super::fonts::Face;
use super::item::{Ink, Item};
use super::layout::split;
use super::typeset::{Glyph, Typesetter};
use super::{Align, NotPrinted, Place};

/// Colours of the rows of values, told apart in grey as well.
pub(super) const COLOURS: [(u8, u8, u8); 6] = [
    (0x1F, 0x4E, 0x8C),
    (0xE0, 0x8A, 0x2C),
    (0x4C, 0x8C, 0x4A),
    (0xA8, 0x3A, 0x3A),
    (0x8E, 0x7C, 0xB8),
    (0x80, 0x80, 0x80),
];
/// The height of a chart, and its small print.
pub(super) const HEIGHT: f32 = 190.0;
const SIZE: f32 = 9.0;
const LEADING: f32 = 12.0;
/// The piece of the target's line beside its word.
const DASHES: f32 = 21.0;
/// Lines of one name below the chart.
const LABEL_LINES: usize = 3;
/// More bars than these have no numbers above them.
const MOST_NUMBERED: usize = 24;

/// How values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChartKind {
    /// Bars side by side: amounts that are compared.
    #[default]
    Bars,
    /// Lines: what changes with time.
    Lines,
}

/// A chart of one or more rows of values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// Below it, in the middle.
    pub caption: String,
    /// How the values are shown.
    pub kind: ChartKind,
    /// What is counted: 通, 秒, %.
    pub unit: String,
    /// The names along the foot: days, queues.
    pub labels: Vec<String>,
    /// The rows of values by name, one value for each label; `None` where there is none.
    pub series: Vec<(String, Vec<Option<f64>>)>,
    /// A line over the whole width with its word: `目标 90%`.
    pub target: Option<(String, f64)>,
}

impl Chart {
    /// The value of a row at a label; what is no number is none.
    pub(super) fn value(&self, series: usize, at: usize) -> Option<f64> {
        let (_, values) = self.series.get(series)?;
        values
            .get(at)
            .copied()
            .flatten()
            .filter(|value| value.is_finite())
    }

    /// The word and the value of the target; what is no number is none.
    pub(super) fn target(&self) -> Option<(&str, f64)> {
        let (word, value) = self.target.as_ref()?;
        value.is_finite().then_some((word.as_str(), *value))
    }

    /// From where to where its values go, and in how large steps: the same on either kind of paper.
    pub(super) fn scale(&self) -> (f64, f64, f64) {
        let scale = Scale::of(self.values());
        (scale.low, scale.high, scale.step)
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let shown = (0..self.series.len()).flat_map(move |series| {
            (0..self.labels.len()).filter_map(move |at| self.value(series, at))
        });
        shown.chain(self.target().map(|(_, value)| value))
    }
}

/// From where to where the values go, in how large steps, with how many digits behind the point.
struct Scale {
    low: f64,
    high: f64,
    step: f64,
    digits: usize,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        // Amounts begin at nothing; a chart that does not makes small differences look large.
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let span = if high - low > 0.0 { high - low } else { 1.0 };
        let rough = span / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(power * 10.0);
        let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        let high = (high / step - 1e-9).ceil() * step;
        Self {
            low: (low / step + 1e-9).floor() * step,
            high: if high > 0.0 || low < 0.0 { high } else { step },
            step,
            digits,
        }
    }

    fn share(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)) as f32
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step)
            .round()
            .clamp(1.0, 20.0) as i32;
        (0..=count).map(move |tick| self.low + self.step * f64::from(tick))
    }
}

/// What a chart is drawn with, from its own upper left corner, over this width.
pub(super) fn drawn(
    chart: &Chart,
    width: f32,
    place: &Place,
    setter: &mut Typesetter<'_>,
) -> Result<Vec<Item>, NotPrinted> {
    let mut drawing = Drawing {
        items: Vec::new(),
        place,
    };
    let scale = Scale::of(chart.values());
    let numbers = scale
        .ticks()
        .map(|tick| {
            let number = format!("{tick:.*}", scale.digits);
            let number = if number == "-0" {
                "0".to_owned()
            } else {
                number
            };
            Ok((tick, setter.glyphs(Face::Song, &number, place)?))
        })
        .collect::<Result<Vec<_>, NotPrinted>>()?;
    let widest = numbers
        .iter()
        .map(|(_, glyphs)| wide(glyphs))
        .fold(0.0, f32::max);
    let (left, right) = (widest + 8.0, width - 4.0);
    let slot = (right - left) / chart.labels.len().max(1) as f32;
    let labels = drawing.labels(chart, slot, setter)?;
    let below = labels
        .iter()
        .map(|(_, lines)| lines.len())
        .max()
        .unwrap_or(0);
    let (top, foot) = (LEADING * 2.0, HEIGHT - 6.0 - LEADING * below as f32);
    let high = foot - top;

    let unit = setter.glyphs(Face::Song, &chart.unit, place)?;
    drawing.words(&unit, 0.0, 2.0);
    drawing.legend(chart, right, setter)?;
    // Numbers come last: they stand over the line of the target.
    let mut above = Vec::new();
    for (tick, glyphs) in &numbers {
        let y = foot - high * scale.share(*tick);
        drawing.words(glyphs, left - 5.0 - wide(glyphs), y - LEADING / 2.0);
        let is_foot = tick.abs() < scale.step / 1000.0;
        drawing.line(
            (left, y),
            (right, y),
            0.4,
            if is_foot { Ink::Black } else { Ink::Pale },
        );
    }
    for (at, lines) in &labels {
        let middle = left + slot * (*at as f32 + 0.5);
        for (line, glyphs) in lines.iter().enumerate() {
            let y = foot + 3.0 + LEADING * line as f32;
            drawing.words(glyphs, middle - wide(glyphs) / 2.0, y);
        }
    }
    let point = |at: usize, value: f64| {
        (
            left + slot * (at as f32 + 0.5),
            foot - high * scale.share(value),
        )
    };
    for series in 0..chart.series.len() {
        let ink = Ink::Series(series as u8 % COLOURS.len() as u8);
        let mut last = None;
        for at in 0..chart.labels.len() {
            let value = chart.value(series, at);
            let Some(value) = value else {
                last = None;
                continue;
            };
            let (x, y) = point(at, value);
            match chart.kind {
                ChartKind::Lines => {
                    if let Some(last) = last {
                        drawing.line(last, (x, y), 1.4, ink);
                    }
                    drawing.ground(x - 1.6, y - 1.6, 3.2, 3.2, ink);
                    last = Some((x, y));
                }
                ChartKind::Bars => {
                    let count = chart.series.len() as f32;
                    let bar = (slot * 0.7 / count).min(36.0);
                    let x = x + bar * (series as f32 - count / 2.0);
                    let zero = point(at, 0.0).1;
                    drawing.ground(x, y.min(zero), bar * 0.94, (y - zero).abs(), ink);
                    if chart.labels.len() * chart.series.len() <= MOST_NUMBERED {
                        let number = setter.glyphs(Face::Song, &short(value), place)?;
                        let x = x + (bar - wide(&number)) / 2.0;
                        above.push((number, x, y.min(zero) - LEADING));
                    }
                }
            }
        }
    }
    if let Some((_, value)) = chart.target() {
        drawing.dashes((left, right), foot - high * scale.share(value));
    }
    for (number, x, y) in above {
        drawing.ground(
            x - 1.0,
            y + 1.5,
            wide(&number) + 2.0,
            LEADING - 3.0,
            Ink::White,
        );
        drawing.words(&number, x, y);
    }
    Ok(drawing.items)
}

/// A value in at most two digits behind the point.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

fn wide(glyphs: &[Glyph]) -> f32 {
    glyphs.iter().map(|glyph| glyph.advance * SIZE).sum()
}

struct Drawing<'p> {
    items: Vec<Item>,
    place: &'p Place,
}

/// Labels with the place they stand at.
type Labels = Vec<(usize, Vec<Vec<Glyph>>)>;

impl Drawing<'_> {
    /// The labels in lines of their own width; where even short lines find no room, only every so many are shown.
    fn labels(
        &self,
        chart: &Chart,
        slot: f32,
        setter: &mut Typesetter<'_>,
    ) -> Result<Labels, NotPrinted> {
        let mut labels = Vec::new();
        for (at, label) in chart.labels.iter().enumerate() {
            labels.push((at, setter.glyphs(Face::Song, label, self.place)?));
        }
        let widest = labels
            .iter()
            .map(|(_, glyphs)| wide(glyphs))
            .fold(0.0, f32::max);
        let room = slot - 3.0;
        if room * (LABEL_LINES as f32 - 0.5) >= widest && room >= SIZE * 2.0 {
            return Ok(labels
                .into_iter()
                .map(|(at, glyphs)| (at, split(&glyphs, SIZE, room, room, Align::Centre)))
                .collect());
        }
        let every = ((widest + 6.0) / slot.max(0.1)).ceil().max(1.0) as usize;
        Ok(labels
            .into_iter()
            .step_by(every)
            .map(|(at, glyphs)| (at, vec![glyphs]))
            .collect())
    }

    fn legend(
        &mut self,
        chart: &Chart,
        right: f32,
        setter: &mut Typesetter<'_>,
    ) -> Result<(), NotPrinted> {
        let mut names = Vec::with_capacity(chart.series.len());
        for (name, _) in chart.series.iter().filter(|_| chart.series.len() > 1) {
            names.push(setter.glyphs(Face::Song, name, self.place)?);
        }
        let target = chart.target().map(|(word, _)| word);
        let target = target.map(|word| setter.glyphs(Face::Song, word, self.place));
        let target = target.transpose()?;
        let whole: f32 = names.iter().map(|name| wide(name) + SIZE + 13.0).sum();
        let line = target.iter().map(|word| wide(word) + DASHES + 13.0);
        let mut x = right - whole - line.sum::<f32>() + 10.0;
        for (series, name) in names.iter().enumerate() {
            let ink = Ink::Series(series as u8 % COLOURS.len() as u8);
            self.ground(x, 4.0, SIZE - 1.0, SIZE - 1.0, ink);
            x += SIZE + 3.0;
            self.words(name, x, 2.0);
            x += wide(name) + 10.0;
        }
        if let Some(word) = target {
            self.dashes((x, x + DASHES), 2.0 + LEADING / 2.0);
            self.coloured(&word, x + DASHES + 3.0, 2.0, Ink::Target);
        }
        Ok(())
    }

    fn words(&mut self, glyphs: &[Glyph], x: f32, y: f32) {
        self.coloured(glyphs, x, y, Ink::Black);
    }

    /// A broken line from left to right.
    fn dashes(&mut self, (left, right): (f32, f32), y: f32) {
        const DASH: f32 = 5.0;
        let mut x = left;
        while x < right {
            self.line((x, y), ((x + DASH).min(right), y), 1.0, Ink::Target);
            x += DASH * 1.6;
        }
    }

    fn coloured(&mut self, glyphs: &[Glyph], x: f32, y: f32, ink: Ink) {
        let mut at = 0.0;
        let glyphs = glyphs
            .iter()
            .filter(|glyph| glyph.char != '\n')
            .map(|glyph| {
                let here = (*glyph, at);
                at += glyph.advance * SIZE;
                here
            })
            .collect();
        self.items.push(Item::Text {
            x,
            y: y + LEADING / 2.0 + SIZE * 0.38,
            size: SIZE,
            ink,
            rising: false,
            glyphs,
        });
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) {
        self.items.push(Item::Line {
            from,
            to,
            width,
            ink,
        });
    }

    fn ground(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.items.push(Item::Ground {
            x,
            y,
            width,
            height,
            ink,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: &[f64]) -> Vec<f64> {
        Scale::of(values.iter().copied()).ticks().collect()
    }

    #[test]
    fn a_scale_goes_from_nothing_in_round_steps() {
        assert_eq!(ticks(&[3.0, 9.5]), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(&[100.0]), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(&[-3.0, 2.0]), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(Scale::of([0.42].into_iter()).digits, 1);
        assert!(ticks(&[]).len() > 1 && ticks(&[0.0]).len() > 1);
        assert!(ticks(&[1e300, -1e-300]).len() < 22);
    }
}
