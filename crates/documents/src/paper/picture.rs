//! PNG pictures, looked at before they go into a document.

use std::fmt;
use std::io::Cursor;

/// The largest picture in bytes.
const LARGEST: usize = 10 << 20;
/// The most points of a picture once it is unpacked.
const MOST_POINTS: u64 = 24_000_000;

/// A PNG that is known to be one.
#[derive(Clone, PartialEq)]
pub struct Picture {
    png: Vec<u8>,
    /// Points across and down.
    points: (u32, u32),
    /// Its width on paper in millimetres; no more than the page has.
    width_mm: u16,
    /// Below it, in the middle.
    caption: String,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({:?}, {} mm)", self.points, self.width_mm)
    }
}

/// Why a file is no picture that can be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPicture(String);

impl fmt::Display for BadPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "picture_unreadable: {}", self.0)
    }
}

impl std::error::Error for BadPicture {}

/// Unpacked points.
pub(super) struct Points {
    /// Red, green and blue of each, or its grey alone.
    pub colours: Vec<u8>,
    pub grey: bool,
    /// How much each covers; `None` when all cover all.
    pub cover: Option<Vec<u8>>,
}

impl Picture {
    /// A picture of this width on paper, with words below it.
    pub fn png(
        bytes: Vec<u8>,
        width_mm: u16,
        caption: impl Into<String>,
    ) -> Result<Self, BadPicture> {
        if bytes.len() > LARGEST {
            return Err(BadPicture("a picture has at most 10 MB".to_owned()));
        }
        let (points, _) = unpack(&bytes)?;
        Ok(Self {
            png: bytes,
            points,
            width_mm,
            caption: caption.into(),
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.png
    }

    pub(super) fn caption(&self) -> &str {
        &self.caption
    }

    /// Width and height in points of paper, within this room.
    pub(super) fn size(&self, width: f32, height: f32) -> (f32, f32) {
        let (across, down) = (self.points.0 as f32, self.points.1 as f32);
        let asked = f32::from(self.width_mm.max(1)) * 72.0 / 25.4;
        let wide = asked.min(width).min(height * across / down);
        (wide, wide * down / across)
    }

    /// Its points, and how many across and down: one white one, should what was read once not be readable again.
    pub(super) fn unpacked(&self) -> ((u32, u32), Points) {
        unpack(&self.png).unwrap_or((
            (1, 1),
            Points {
                colours: vec![255],
                grey: true,
                cover: None,
            },
        ))
    }
}

fn unpack(bytes: &[u8]) -> Result<((u32, u32), Points), BadPicture> {
    let bad = |error: png::DecodingError| BadPicture(error.to_string());
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(bad)?;
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > MOST_POINTS {
        return Err(BadPicture(format!(
            "{width} by {height} points are too many"
        )));
    }
    let room = reader
        .output_buffer_size()
        .ok_or_else(|| BadPicture("it unpacks to too much".to_owned()))?;
    let mut data = vec![0; room];
    let frame = reader.next_frame(&mut data).map_err(bad)?;
    data.truncate(frame.buffer_size());
    let (colours, grey, cover) = match frame.color_type {
        png::ColorType::Rgb => (data, false, None),
        png::ColorType::Grayscale => (data, true, None),
        png::ColorType::Rgba => {
            let cover = data.chunks_exact(4).map(|point| point[3]).collect();
            let colours = data
                .chunks_exact(4)
                .flat_map(|point| [point[0], point[1], point[2]])
                .collect();
            (colours, false, Some(cover))
        }
        png::ColorType::GrayscaleAlpha => {
            let cover = data.chunks_exact(2).map(|point| point[1]).collect();
            let colours = data.chunks_exact(2).map(|point| point[0]).collect();
            (colours, true, Some(cover))
        }
        png::ColorType::Indexed => return Err(BadPicture("its palette is missing".to_owned())),
    };
    let cover = cover.filter(|cover: &Vec<u8>| cover.iter().any(|much| *much != 255));
    let points = Points {
        colours,
        grey,
        cover,
    };
    Ok(((width, height), points))
}
