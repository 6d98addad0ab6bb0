//! Pages as PDF: the same document and the same fonts give the same bytes, and nothing in it acts or points outside.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::chart::COLOURS;
use super::item::{Ink, Item, Sheet};
use super::layout::{Laid, lay};
use super::typeset::{Glyph, Typesetter, Used};
use super::{Document, Fonts, NotPrinted, Picture};

const ADOBE_IDENTITY: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// Prints a document. It reads no clock and no file but the fonts.
pub fn to_pdf(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, NotPrinted> {
    let mut setter = Typesetter::new(fonts);
    let laid = lay(document, &mut setter)?;
    let mut out = Out {
        pdf: Pdf::new(),
        next: 1,
    };
    let (catalog, tree) = (out.reference(), out.reference());
    let fonts = setter
        .used
        .iter()
        .enumerate()
        .map(|(number, used)| out.font(number, used, setter.fonts))
        .collect::<Result<Vec<_>, _>>()?;
    let pictures: Vec<Ref> = laid
        .pictures
        .iter()
        .map(|picture| out.picture(picture))
        .collect();
    let pages: Vec<Ref> = laid
        .sheets
        .iter()
        .map(|sheet| out.page(sheet, &laid, tree, &fonts, &pictures, &setter.used))
        .collect();
    out.pdf
        .pages(tree)
        .count(i32::try_from(pages.len()).unwrap_or(i32::MAX))
        .kids(pages);
    let mut root = out.pdf.catalog(catalog);
    root.pages(tree).lang(TextStr("zh-CN"));
    root.finish();
    let about = out.reference();
    let title = super::flow::plain(&document.title).replace('\n', "");
    out.pdf
        .document_info(about)
        .title(TextStr(&title))
        .producer(TextStr("Shoujie"));
    Ok(out.pdf.finish())
}

struct Out {
    pdf: Pdf,
    next: i32,
}

impl Out {
    fn reference(&mut self) -> Ref {
        let reference = Ref::new(self.next);
        self.next += 1;
        reference
    }

    fn page(
        &mut self,
        sheet: &Sheet,
        laid: &Laid<'_>,
        tree: Ref,
        fonts: &[Ref],
        pictures: &[Ref],
        used: &[Used<'_>],
    ) -> Ref {
        let (page, content) = (self.reference(), self.reference());
        let drawn = packed(&draw(sheet, laid, used));
        self.pdf.stream(content, &drawn).filter(Filter::FlateDecode);
        let mut writer = self.pdf.page(page);
        writer
            .parent(tree)
            .media_box(Rect::new(0.0, 0.0, laid.sizes.width, laid.sizes.height))
            .contents(content);
        let mut resources = writer.resources();
        let mut dict = resources.fonts();
        for (number, font) in fonts.iter().enumerate() {
            dict.pair(Name(font_name(number).as_bytes()), *font);
        }
        dict.finish();
        let mut dict = resources.x_objects();
        for item in &sheet.items {
            if let Item::Picture { number, .. } = item {
                dict.pair(Name(picture_name(*number).as_bytes()), pictures[*number]);
            }
        }
        dict.finish();
        resources.finish();
        writer.finish();
        page
    }

    fn picture(&mut self, picture: &Picture) -> Ref {
        let (image, mask) = (self.reference(), self.reference());
        // It was unpacked when it was taken in, so it can be unpacked again.
        let ((width, height), points) = picture.unpacked();
        let size = |points: u32| i32::try_from(points).unwrap_or(i32::MAX);
        let colours = packed(&points.colours);
        let mut writer = self.pdf.image_xobject(image, &colours);
        writer.filter(Filter::FlateDecode);
        writer
            .width(size(width))
            .height(size(height))
            .bits_per_component(8);
        if points.grey {
            writer.color_space().device_gray();
        } else {
            writer.color_space().device_rgb();
        }
        if points.cover.is_some() {
            writer.s_mask(mask);
        }
        writer.finish();
        if let Some(cover) = points.cover {
            let cover = packed(&cover);
            let mut writer = self.pdf.image_xobject(mask, &cover);
            writer.filter(Filter::FlateDecode);
            writer
                .width(size(width))
                .height(size(height))
                .bits_per_component(8);
            writer.color_space().device_gray();
        }
        image
    }

    /// A font cut down to the glyphs used of it, with what each of them says.
    fn font(&mut self, number: usize, used: &Used<'_>, fonts: &Fonts) -> Result<Ref, NotPrinted> {
        let found = fonts.get(used.at);
        let unusable = |detail: String| NotPrinted::FontUnusable {
            font: found.family().to_owned(),
            detail,
        };
        let cut = subsetter::subset(found.bytes(), found.index, &used.glyphs)
            .map_err(|error| unusable(error.to_string()))?;
        let raw =
            ttf_parser::RawFace::parse(&cut, 0).map_err(|error| unusable(error.to_string()))?;
        let outlines = raw.table(ttf_parser::Tag::from_bytes(b"CFF "));
        let (font, cid, descriptor) = (self.reference(), self.reference(), self.reference());
        let (map, program) = (self.reference(), self.reference());

        let name = subset_name(number, &used.face);
        let name = Name(name.as_bytes());
        self.pdf
            .type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(map);
        let mut writer = self.pdf.cid_font(cid);
        writer
            .subtype(if outlines.is_some() {
                CidFontType::Type0
            } else {
                CidFontType::Type2
            })
            .base_font(name)
            .system_info(ADOBE_IDENTITY)
            .font_descriptor(descriptor)
            .default_width(0.0);
        if outlines.is_none() {
            writer.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        writer
            .widths()
            .consecutive(1, used.texts.iter().map(|(_, width)| *width));
        writer.finish();

        let face = &used.face;
        let unit = 1000.0 / f32::from(face.units_per_em().max(1));
        let bounds = face.global_bounding_box();
        let scaled = |value: i16| f32::from(value) * unit;
        let mut writer = self.pdf.font_descriptor(descriptor);
        writer
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(
                scaled(bounds.x_min),
                scaled(bounds.y_min),
                scaled(bounds.x_max),
                scaled(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(scaled(face.ascender()))
            .descent(scaled(face.descender()))
            .cap_height(scaled(face.capital_height().unwrap_or(face.ascender())))
            .stem_v(80.0);
        if outlines.is_some() {
            writer.font_file3(program);
        } else {
            writer.font_file2(program);
        }
        writer.finish();

        let mut cmap = UnicodeCmap::new(Name(b"Shoujie"), ADOBE_IDENTITY);
        for (glyph, (text, _)) in (1_u16..).zip(&used.texts) {
            cmap.pair_with_multiple(glyph, text.chars());
        }
        let cmap = cmap.finish();
        self.pdf.cmap(map, &cmap);

        let bytes = packed(outlines.unwrap_or(&cut));
        let mut stream = self.pdf.stream(program, &bytes);
        stream.filter(Filter::FlateDecode);
        if outlines.is_some() {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        } else {
            let length = i32::try_from(cut.len()).unwrap_or(i32::MAX);
            stream.pair(Name(b"Length1"), length);
        }
        stream.finish();
        Ok(font)
    }
}

/// `AAAAAB+NotoSerifCJKsc-Regular`: the mark of a font that is not whole (ISO 32000-1 9.6.4).
fn subset_name(number: usize, face: &ttf_parser::Face<'_>) -> String {
    let mark: String = (0..6_u32)
        .rev()
        .map(|place| {
            let digit = number / 26_usize.pow(place) % 26;
            char::from(b'A' + digit as u8)
        })
        .collect();
    let name = face
        .names()
        .into_iter()
        .filter(|name| name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME)
        .find_map(|name| name.to_string())
        .unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|char| char.is_ascii_alphanumeric() || *char == '-')
        .collect();
    format!("{mark}+{}", if name.is_empty() { "Font" } else { &name })
}

fn font_name(number: usize) -> String {
    format!("F{number}")
}

fn picture_name(number: usize) -> String {
    format!("P{number}")
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // A vector takes everything.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// How much red, green and blue.
fn colour(ink: Ink) -> (f32, f32, f32) {
    match ink {
        Ink::Black => (0.0, 0.0, 0.0),
        Ink::Grey => (0.35, 0.35, 0.35),
        Ink::Pale => (0.88, 0.88, 0.88),
        Ink::Ground => (0.94, 0.94, 0.94),
        Ink::Red => (0.83, 0.0, 0.06),
        Ink::Target => (0.70, 0.15, 0.12),
        Ink::White => (1.0, 1.0, 1.0),
        Ink::Series(number) => {
            let (red, green, blue) = COLOURS[usize::from(number) % COLOURS.len()];
            let share = |colour: u8| f32::from(colour) / 255.0;
            (share(red), share(green), share(blue))
        }
    }
}

fn fill(content: &mut Content, ink: Ink) {
    let (red, green, blue) = colour(ink);
    content.set_fill_rgb(red, green, blue);
}

fn draw(sheet: &Sheet, laid: &Laid<'_>, used: &[Used<'_>]) -> Vec<u8> {
    let height = laid.sizes.height;
    let mut content = Content::new();
    for item in &sheet.items {
        match item {
            Item::Ground {
                x,
                y,
                width,
                height: high,
                ink,
            } => {
                fill(&mut content, *ink);
                content.rect(*x, height - y - high, *width, *high);
                content.fill_nonzero();
            }
            Item::Line {
                from,
                to,
                width,
                ink,
            } => {
                let (red, green, blue) = colour(*ink);
                content.set_stroke_rgb(red, green, blue);
                content.set_line_width(*width);
                content.move_to(from.0, height - from.1);
                content.line_to(to.0, height - to.1);
                content.stroke();
            }
            Item::Picture {
                number,
                x,
                y,
                width,
                height: high,
            } => {
                content.save_state();
                content.transform([*width, 0.0, 0.0, *high, *x, height - y - high]);
                content.x_object(Name(picture_name(*number).as_bytes()));
                content.restore_state();
            }
            Item::Text {
                x,
                y,
                size,
                ink,
                rising,
                glyphs,
            } => {
                fill(&mut content, *ink);
                let at = (*x, height - y);
                text(&mut content, at, *size, *rising, glyphs, used);
            }
        }
    }
    content.finish().to_vec()
}

fn text(
    content: &mut Content,
    (x, y): (f32, f32),
    size: f32,
    rising: bool,
    glyphs: &[(Glyph, f32)],
    used: &[Used<'_>],
) {
    if glyphs.is_empty() {
        return;
    }
    // Thirty degrees, in numbers that are the same on every machine.
    let (sin, cos) = if rising {
        (0.5, 0.866_025_4)
    } else {
        (0.0, 1.0)
    };
    content.begin_text();
    for run in glyphs.chunk_by(|left, right| left.0.font == right.0.font) {
        let (first, begin) = run[0];
        content.set_font(Name(font_name(first.font).as_bytes()), size);
        content.set_text_matrix([cos, sin, -sin, cos, x + begin * cos, y + begin * sin]);
        let mut shown = content.show_positioned();
        let mut items = shown.items();
        let mut bytes = Vec::with_capacity(run.len() * 2);
        let mut pen = begin;
        for (glyph, at) in run {
            // A hundredth of a point is no gap.
            if (at - pen).abs() > 0.01 {
                items.show(Str(&bytes));
                items.adjust(-(at - pen) / size * 1000.0);
                bytes.clear();
                pen = *at;
            }
            bytes.extend(glyph.id.to_be_bytes());
            pen += width(used, *glyph) * size;
        }
        items.show(Str(&bytes));
    }
    content.end_text();
}

/// The width the font's table tells of a glyph.
fn width(used: &[Used<'_>], glyph: Glyph) -> f32 {
    used.get(glyph.font)
        .and_then(|font| font.texts.get(usize::from(glyph.id).checked_sub(1)?))
        .map_or(0.0, |(_, width)| width / 1000.0)
}
