//! Characters to glyphs, and the account of which glyphs of which font are used.

use std::collections::HashMap;

use subsetter::GlyphRemapper;
use ttf_parser::Face as Parsed;

use super::flow::plain;
use super::fonts::{Face, Fonts};
use super::{NotPrinted, Place};

/// Characters of a text that are told with a fault.
const TOLD: usize = 30;

/// One glyph as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyph {
    /// The character it begins with, by which lines break.
    pub char: char,
    /// Which of the used fonts.
    pub font: usize,
    /// Its number in the font as it is embedded.
    pub id: u16,
    /// Its width in its own size.
    pub advance: f32,
}

/// A font of which something is used.
pub(super) struct Used<'f> {
    /// Its number in [`Fonts`].
    pub at: usize,
    pub face: Parsed<'f>,
    pub glyphs: GlyphRemapper,
    /// What each embedded glyph says, and its width in thousandths; from glyph 1 on.
    pub texts: Vec<(String, f32)>,
}

pub(super) struct Typesetter<'f> {
    pub fonts: &'f Fonts,
    pub used: Vec<Used<'f>>,
    /// Faces that were opened; `None` for one that is damaged.
    open: HashMap<usize, Option<Parsed<'f>>>,
    known: HashMap<(u8, char), Glyph>,
}

impl<'f> Typesetter<'f> {
    pub fn new(fonts: &'f Fonts) -> Self {
        Self {
            fonts,
            used: Vec::new(),
            open: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// The glyphs of a text; a line break is a glyph of its own that is never shown.
    pub fn glyphs(
        &mut self,
        face: Face,
        text: &str,
        place: &Place,
    ) -> Result<Vec<Glyph>, NotPrinted> {
        let text = plain(text);
        let mut glyphs = Vec::with_capacity(text.len() / 2);
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            if char == '\n' {
                glyphs.push(Glyph {
                    char,
                    font: 0,
                    id: 0,
                    advance: 0.0,
                });
                continue;
            }
            let form = chars.next_if(|next| is_form(*next));
            if form.is_none()
                && let Some(glyph) = self.known.get(&(face as u8, char))
            {
                glyphs.push(*glyph);
                continue;
            }
            let glyph = self
                .find(face, char, form)
                .ok_or_else(|| NotPrinted::GlyphMissing {
                    character: char,
                    place: place.clone(),
                    text: text.chars().take(TOLD).collect(),
                })?;
            if form.is_none() {
                self.known.insert((face as u8, char), glyph);
            }
            glyphs.push(glyph);
        }
        Ok(glyphs)
    }

    fn find(&mut self, face: Face, char: char, form: Option<char>) -> Option<Glyph> {
        let fonts = self.fonts;
        for &at in fonts.chain(face) {
            // What stands in the private area differs from font to font; a symbol font would show an icon in a name.
            if is_private(char) && !fonts.is_own(at) {
                continue;
            }
            let parsed = self.open.entry(at).or_insert_with(|| {
                let found = fonts.get(at);
                Parsed::parse(found.bytes(), found.index).ok()
            });
            let Some(parsed) = parsed else { continue };
            let formed = form.and_then(|form| parsed.glyph_variation_index(char, form));
            let Some(glyph) = formed.or_else(|| parsed.glyph_index(char)) else {
                continue;
            };
            if glyph.0 == 0 {
                continue;
            }
            let advance = f32::from(parsed.glyph_hor_advance(glyph).unwrap_or(0))
                / f32::from(parsed.units_per_em().max(1));
            let known = self.used.iter().position(|used| used.at == at);
            let font = known.unwrap_or(self.used.len());
            if known.is_none() {
                self.used.push(Used {
                    at,
                    face: parsed.clone(),
                    glyphs: GlyphRemapper::new(),
                    texts: Vec::new(),
                });
            }
            let used = &mut self.used[font];
            let id = used.glyphs.remap(glyph.0);
            if usize::from(id) > used.texts.len() {
                let text = [Some(char), form].into_iter().flatten().collect();
                used.texts.push((text, advance * 1000.0));
            }
            return Some(Glyph {
                char,
                font,
                id,
                advance,
            });
        }
        None
    }
}

/// It chooses a form of the character before it.
fn is_form(char: char) -> bool {
    matches!(u32::from(char), 0xFE00..=0xFE0F | 0xE0100..=0xE01EF)
}

fn is_private(char: char) -> bool {
    matches!(u32::from(char), 0xE000..=0xF8FF | 0xF0000..=0x0010_FFFF)
}
