//! Fonts of the machine, found by the names they give themselves; the folder of the house goes first.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ttf_parser::{name, name_id, os2};

/// Files that are looked at.
const MOST_FILES: usize = 5_000;
/// Folders within folders.
const DEEPEST: usize = 6;
/// The largest font file, and the largest of its tables that are looked at before it is used.
const LARGEST: u64 = 128 << 20;
const LARGEST_TABLE: u32 = 1 << 20;
/// From this weight on a face is bold.
const BOLD: u16 = 600;

/// Where Debian and its users put fonts.
const SYSTEM: [&str; 2] = ["/usr/local/share/fonts", "/usr/share/fonts"];

/// What a text looks like; each has fonts that Chinese offices know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// 仿宋: the body of a letter.
    Fang,
    /// 宋体: tables, footers.
    Song,
    /// 黑体: headings.
    Hei,
    /// 小标宋, or 宋体 in bold: titles and whatever is heavy.
    Heavy,
}

const FANG: [&str; 8] = [
    "FangSong",
    "仿宋",
    "FangSong_GB2312",
    "仿宋_GB2312",
    "FZFangSong-Z02",
    "方正仿宋_GBK",
    "STFangsong",
    "华文仿宋",
];
const SONG: [&str; 10] = [
    "SimSun",
    "宋体",
    "Noto Serif CJK SC",
    "Noto Serif SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "思源宋体",
    "STSong",
    "华文宋体",
    "AR PL UMing CN",
];
const HEI: [&str; 10] = [
    "SimHei",
    "黑体",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "思源黑体",
    "Microsoft YaHei",
    "微软雅黑",
    "WenQuanYi Micro Hei",
];
const XIAO_BIAO: [&str; 4] = [
    "FZXiaoBiaoSong-B05",
    "FZXiaoBiaoSong-B05S",
    "方正小标宋简体",
    "方正小标宋_GBK",
];

/// The fonts documents are printed with. Looking for them reads folders; a file is read whole when it is first used,
/// and kept.
#[derive(Debug)]
pub struct Fonts {
    found: Vec<Found>,
    /// For each face the fonts to ask for a character, one after the other.
    chains: [Vec<usize>; 4],
}

/// There is no font to print Chinese with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoFonts {
    /// Where they were looked for.
    pub folders: Vec<PathBuf>,
}

impl fmt::Display for NoFonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "fonts_missing: no Chinese font in {:?}; install fonts-noto-cjk or put one there",
            self.folders
        )
    }
}

impl std::error::Error for NoFonts {}

/// One face of one file.
#[derive(Debug)]
pub(super) struct Found {
    file: Arc<FontFile>,
    /// Which face of a collection.
    pub index: u32,
    families: Vec<String>,
    bold: bool,
    /// Which folder it comes from, in the order they were given.
    folder: usize,
}

#[derive(Debug)]
struct FontFile {
    path: PathBuf,
    bytes: OnceLock<Vec<u8>>,
}

impl Found {
    /// The file; empty when it cannot be read any more.
    pub fn bytes(&self) -> &[u8] {
        self.file
            .bytes
            .get_or_init(|| std::fs::read(&self.file.path).unwrap_or_default())
    }

    /// The name it is told by.
    pub fn family(&self) -> &str {
        self.families.first().map_or("", String::as_str)
    }

    fn is_called(&self, name: &str) -> bool {
        self.families
            .iter()
            .any(|family| family.eq_ignore_ascii_case(name))
    }
}

impl Fonts {
    /// The fonts of this folder, if there is one, and of the machine.
    pub fn of_machine(own: Option<&Path>) -> Result<Self, NoFonts> {
        let folders: Vec<PathBuf> = own
            .map(Path::to_owned)
            .into_iter()
            .chain(SYSTEM.map(PathBuf::from))
            .collect();
        Self::in_folders(&folders)
    }

    /// The fonts of these folders; those of the first are preferred.
    pub fn in_folders(folders: &[PathBuf]) -> Result<Self, NoFonts> {
        let mut found = Vec::new();
        let mut left = MOST_FILES;
        for (folder, path) in folders.iter().enumerate() {
            let mut files = Vec::new();
            files_of(path, DEEPEST, &mut left, &mut files);
            // The order a folder is read in is the disk's; the same fonts are to give the same pages.
            files.sort();
            for file in files {
                found.extend(faces_of(&file, folder).unwrap_or_default());
            }
        }
        let chains = [
            chain(&found, &[(&FANG, false), (&SONG, false)]),
            chain(&found, &[(&SONG, false)]),
            chain(&found, &[(&HEI, false)]),
            chain(&found, &[(&XIAO_BIAO, false), (&SONG, true), (&HEI, true)]),
        ];
        let fonts = Self { found, chains };
        // 中 stands for the few thousand characters that every Chinese font has.
        let chinese = |found: &Found| {
            ttf_parser::Face::parse(found.bytes(), found.index)
                .is_ok_and(|face| face.glyph_index('中').is_some())
        };
        if fonts
            .chain(Face::Song)
            .iter()
            .any(|at| chinese(&fonts.found[*at]))
        {
            Ok(fonts)
        } else {
            Err(NoFonts {
                folders: folders.to_vec(),
            })
        }
    }

    pub(super) fn chain(&self, face: Face) -> &[usize] {
        &self.chains[face as usize]
    }

    pub(super) fn get(&self, at: usize) -> &Found {
        &self.found[at]
    }

    /// Fonts of the house's own folder may hold characters of their own making.
    pub(super) fn is_own(&self, at: usize) -> bool {
        self.found[at].folder == 0
    }
}

/// Preferred fonts first, then whatever may have a rare character.
fn chain(found: &[Found], wanted: &[(&[&str], bool)]) -> Vec<usize> {
    let rank = |font: &Found| {
        let names = wanted
            .iter()
            .flat_map(|(names, bold)| names.iter().map(move |name| (*name, *bold)));
        names
            .enumerate()
            .find(|(_, (name, bold))| {
                font.is_called(name) && (font.bold == *bold || XIAO_BIAO.contains(name))
            })
            .map(|(rank, _)| rank)
    };
    let mut order: Vec<(bool, usize, usize, usize)> = found
        .iter()
        .enumerate()
        .map(|(at, font)| match rank(font) {
            Some(rank) => (false, font.folder, rank, at),
            None => (true, font.folder, 0, at),
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., at)| at).collect()
}

fn files_of(folder: &Path, deep: usize, left: &mut usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if *left == 0 {
            return;
        }
        let path = entry.path();
        if path.is_dir() {
            if deep > 0 {
                files_of(&path, deep - 1, left, files);
            }
            continue;
        }
        let is_font = path.extension().is_some_and(|extension| {
            ["ttf", "otf", "ttc", "otc"]
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        });
        if is_font {
            *left -= 1;
            files.push(path);
        }
    }
}

/// The faces of a file that may be embedded, told from its directory alone: a collection has 20 MB.
fn faces_of(path: &Path, folder: usize) -> Option<Vec<Found>> {
    let mut file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > LARGEST {
        return None;
    }
    let head = read_at(&mut file, 0, 12)?;
    let starts = if head.starts_with(b"ttcf") {
        let count = number(&head, 8)?.min(64);
        let list = read_at(&mut file, 12, count * 4)?;
        (0..count as usize)
            .filter_map(|at| number(&list, at * 4))
            .collect()
    } else {
        vec![0]
    };
    let shared = Arc::new(FontFile {
        path: path.to_owned(),
        bytes: OnceLock::new(),
    });
    let mut faces = Vec::new();
    for (index, start) in (0..).zip(starts) {
        let Some((families, bold)) = face_at(&mut file, start) else {
            continue;
        };
        faces.push(Found {
            file: Arc::clone(&shared),
            index,
            families,
            bold,
            folder,
        });
    }
    Some(faces)
}

/// Its families and whether it is bold; `None` for a face that is slanted, may not be embedded or cannot be cut.
fn face_at(file: &mut File, start: u32) -> Option<(Vec<String>, bool)> {
    let head = read_at(file, start, 12)?;
    let tables = u32::from(u16::from_be_bytes([head[4], head[5]]));
    let directory = read_at(file, start.checked_add(12)?, tables * 16)?;
    let place = |tag: &[u8; 4]| {
        let record = directory
            .chunks_exact(16)
            .find(|record| record[..4] == *tag)?;
        Some((number(record, 8)?, number(record, 12)?))
    };
    // Outlines that vary, and pictures instead of outlines, are not cut down here.
    if place(b"CFF ").is_none() && place(b"glyf").is_none() {
        return None;
    }
    let (names, weight) = (place(b"name")?, place(b"OS/2"));
    let bytes = table(file, names)?;
    let names = name::Table::parse(&bytes)?;
    let mut families: Vec<String> = Vec::new();
    for entry in names.names {
        let is_family = matches!(entry.name_id, name_id::FAMILY | name_id::TYPOGRAPHIC_FAMILY);
        if let Some(name) = entry.to_string().filter(|_| is_family)
            && !families.contains(&name)
        {
            families.push(name);
        }
    }
    let mut bold = false;
    if let Some(bytes) = weight.and_then(|at| table(file, at))
        && let Some(os2) = os2::Table::parse(&bytes)
    {
        if os2.style() != ttf_parser::Style::Normal
            || os2.permissions() == Some(ttf_parser::Permissions::Restricted)
        {
            return None;
        }
        bold = os2.weight().to_number() >= BOLD;
    }
    (!families.is_empty()).then_some((families, bold))
}

fn table(file: &mut File, (at, length): (u32, u32)) -> Option<Vec<u8>> {
    (length <= LARGEST_TABLE).then(|| read_at(file, at, length))?
}

fn read_at(file: &mut File, at: u32, length: u32) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(u64::from(at))).ok()?;
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}
