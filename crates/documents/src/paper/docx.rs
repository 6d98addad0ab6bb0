//! Pieces as Office Open XML: plain parts in a zip, no relation that leads out of the file, no field but the numbers of
//! the pages.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::chart::HEIGHT;
use super::flow::{Cell, Grid, Piece, Rule, Sizes, Text, pieces, plain};
use super::fonts::Face;
use super::{Align, Chart, Document, Picture, word_chart};

pub(super) const HEADER: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const SPACES: &str = concat!(
    r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" "#,
    r#"xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" "#,
    r#"xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" "#,
    r#"xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" "#,
    r#"xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" "#,
    r#"xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office""#,
);
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";

/// Writes a document for Word, WPS and `LibreOffice`.
pub fn to_docx(document: &Document) -> Vec<u8> {
    let sizes = Sizes::of(document);
    let mut body = Body {
        sizes,
        xml: String::new(),
        pictures: Vec::new(),
        charts: Vec::new(),
    };
    let mut pieces = pieces(document, &sizes).into_iter().peekable();
    while let Some(mut piece) = pieces.next() {
        // Word knows what stays with the next, not what stays with the last.
        if let Piece::Text(text) = &mut piece {
            text.with_next |= pieces.peek().is_some_and(Piece::stays_with_last);
        }
        body.piece(piece);
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, bytes: &[u8]| {
        // A zip tells when its parts were changed; the same document is to give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        // A vector takes everything, and the names are ours.
        let _ = archive.start_file(name, options);
        let _ = archive.write_all(bytes);
    };
    part(
        "[Content_Types].xml",
        content_types(body.charts.len()).as_bytes(),
    );
    part("_rels/.rels", package_relations().as_bytes());
    part("docProps/core.xml", properties(document).as_bytes());
    part("word/document.xml", body.document().as_bytes());
    part(
        "word/_rels/document.xml.rels",
        relations(body.pictures.len(), body.charts.len()).as_bytes(),
    );
    part("word/styles.xml", styles(&sizes).as_bytes());
    part("word/settings.xml", settings().as_bytes());
    part("word/fontTable.xml", font_table().as_bytes());
    part("word/header1.xml", header(document).as_bytes());
    part("word/footer1.xml", footer(document).as_bytes());
    for (number, picture) in (1..).zip(&body.pictures) {
        part(&format!("word/media/image{number}.png"), picture.bytes());
    }
    for (number, chart) in (1..).zip(&body.charts) {
        let xml = word_chart::part(chart);
        part(&format!("word/charts/chart{number}.xml"), xml.as_bytes());
    }
    archive.finish().map(Cursor::into_inner).unwrap_or_default()
}

struct Body<'d> {
    sizes: Sizes,
    xml: String,
    pictures: Vec<&'d Picture>,
    charts: Vec<&'d Chart>,
}

impl<'d> Body<'d> {
    fn piece(&mut self, piece: Piece<'d>) {
        match piece {
            Piece::Text(text) => {
                let properties = paragraph_properties(&text);
                let run = run(&text.words, text.face, text.size, text.red);
                let _ = write!(self.xml, "<w:p>{properties}{run}</w:p>");
            }
            Piece::Grid(grid) => self.grid(&grid),
            Piece::Rule(rule) => self.xml.push_str(match rule {
                Rule::Red => concat!(
                    r#"<w:p><w:pPr><w:keepNext/><w:pBdr><w:top w:val="thickThinSmallGap" w:sz="24" w:space="1" "#,
                    r#"w:color="D4000F"/></w:pBdr><w:spacing w:before="0" w:after="0" w:line="100" "#,
                    r#"w:lineRule="exact"/><w:jc w:val="left"/></w:pPr></w:p>"#
                ),
                Rule::Thin => concat!(
                    r#"<w:p><w:pPr><w:keepNext/><w:pBdr><w:top w:val="single" w:sz="6" w:space="1" "#,
                    r#"w:color="000000"/></w:pBdr><w:spacing w:before="0" w:after="0" w:line="40" "#,
                    r#"w:lineRule="exact"/><w:jc w:val="left"/></w:pPr></w:p>"#
                ),
            }),
            Piece::Picture(picture) => self.picture(picture),
            Piece::Chart(chart, _) => self.chart(chart),
            Piece::NewPage => self
                .xml
                .push_str(r#"<w:p><w:r><w:br w:type="page"/></w:r></w:p>"#),
        }
    }

    fn grid(&mut self, grid: &Grid) {
        let whole: f32 = grid.widths.iter().sum();
        let line = |side: &str| {
            let kind = if grid.ruled { "single" } else { "nil" };
            format!(r#"<w:{side} w:val="{kind}" w:sz="4" w:space="0" w:color="000000"/>"#)
        };
        let lines: String = ["top", "left", "bottom", "right", "insideH", "insideV"]
            .map(line)
            .concat();
        let columns = grid
            .widths
            .iter()
            .map(|width| format!(r#"<w:gridCol w:w="{}"/>"#, twips(*width)))
            .collect::<Vec<_>>()
            .concat();
        let _ = write!(
            self.xml,
            concat!(
                r#"<w:tbl><w:tblPr><w:tblW w:w="{}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{}</w:tblBorders>"#,
                r#"<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="50" w:type="dxa"/>"#,
                r#"<w:left w:w="80" w:type="dxa"/><w:bottom w:w="50" w:type="dxa"/>"#,
                r#"<w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>{}</w:tblGrid>"#
            ),
            twips(whole),
            lines,
            columns
        );
        if let Some(head) = &grid.head {
            self.row(grid, head, true, false);
        }
        let count = grid.rows.len();
        for (at, row) in grid.rows.iter().enumerate() {
            // The row before a total stays with it, and a row with its small print.
            let noted = grid.rows.get(at + 1);
            let noted = noted.is_some_and(|next| grid.is_note(next.len()));
            let kept = noted || grid.totalled && at + 2 == count;
            self.row(grid, row, false, kept);
        }
        self.xml.push_str("</w:tbl>");
        // Two tables that touch would become one.
        self.xml.push_str(
            r#"<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="140" w:lineRule="exact"/></w:pPr></w:p>"#,
        );
    }

    fn row(&mut self, grid: &Grid, cells: &[Cell], is_head: bool, kept: bool) {
        let repeated = if is_head { "<w:tblHeader/>" } else { "" };
        let _ = write!(self.xml, "<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>");
        let (size, leading) = grid.print(cells.len());
        let span = if grid.is_note(cells.len()) {
            format!(r#"<w:gridSpan w:val="{}"/>"#, grid.widths.len())
        } else {
            String::new()
        };
        for (at, cell) in cells.iter().enumerate() {
            let width = grid.width(at, cells.len());
            let ground = if is_head {
                r#"<w:shd w:val="clear" w:color="auto" w:fill="F0F0F0"/>"#
            } else {
                ""
            };
            let middle = if grid.ruled { "center" } else { "top" };
            let keep = if is_head || kept { "<w:keepNext/>" } else { "" };
            let _ = write!(
                self.xml,
                concat!(
                    r#"<w:tc><w:tcPr><w:tcW w:w="{}" w:type="dxa"/>{}{}<w:vAlign w:val="{}"/></w:tcPr><w:p><w:pPr>{}"#,
                    r#"<w:spacing w:before="0" w:after="0" w:line="{}" w:lineRule="exact"/><w:jc w:val="{}"/></w:pPr>{}"#,
                    r#"</w:p></w:tc>"#
                ),
                twips(width),
                span,
                ground,
                middle,
                keep,
                twips(leading),
                justification(cell.align, false),
                run(&cell.text, cell.face, size, false)
            );
        }
        self.xml.push_str("</w:tr>");
    }

    fn picture(&mut self, picture: &'d Picture) {
        self.pictures.push(picture);
        let number = self.pictures.len();
        let (width, height) = picture.size(self.sizes.measure(), self.sizes.depth() - 40.0);
        let (across, down) = (emus(width), emus(height));
        let _ = write!(
            self.xml,
            concat!(
                r#"<w:p><w:pPr><w:keepNext/><w:spacing w:before="60" w:after="60"/><w:jc w:val="center"/></w:pPr><w:r><w:drawing>"#,
                r#"<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{x}" cy="{y}"/>"#,
                r#"<wp:docPr id="{n}" name="image{n}"/><a:graphic>"#,
                r#"<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>"#,
                r#"<pic:cNvPr id="{n}" name="image{n}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>"#,
                r#"<a:blip r:embed="image{n}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>"#,
                r#"<a:off x="0" y="0"/><a:ext cx="{x}" cy="{y}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>"#,
                r#"</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#
            ),
            x = across,
            y = down,
            n = number
        );
    }

    fn chart(&mut self, chart: &'d Chart) {
        self.charts.push(chart);
        let number = self.charts.len();
        let _ = write!(
            self.xml,
            concat!(
                r#"<w:p><w:pPr><w:keepNext/><w:spacing w:before="60" w:after="60"/><w:jc w:val="center"/></w:pPr><w:r><w:drawing>"#,
                r#"<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{x}" cy="{y}"/>"#,
                r#"<wp:docPr id="{i}" name="chart{n}"/><wp:cNvGraphicFramePr/><a:graphic>"#,
                r#"<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">"#,
                r#"<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="chart{n}"/>"#,
                r#"</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#
            ),
            x = emus(self.sizes.measure()),
            y = emus(HEIGHT),
            i = 10_000 + number,
            n = number
        );
    }

    fn document(&self) -> String {
        let sizes = &self.sizes;
        let lying = if sizes.width > sizes.height {
            r#" w:orient="landscape""#
        } else {
            ""
        };
        format!(
            concat!(
                r#"{}<w:document {}><w:body>{}<w:sectPr><w:headerReference w:type="default" r:id="header"/>"#,
                r#"<w:footerReference w:type="default" r:id="footer"/><w:pgSz w:w="{}" w:h="{}"{}/>"#,
                r#"<w:pgMar w:top="{}" w:right="{}" w:bottom="{}" w:left="{}" w:header="600" w:footer="{}" w:gutter="0"/>"#,
                r#"</w:sectPr></w:body></w:document>"#
            ),
            HEADER,
            SPACES,
            self.xml,
            twips(sizes.width),
            twips(sizes.height),
            lying,
            twips(sizes.top),
            twips(sizes.right),
            twips(sizes.bottom),
            twips(sizes.left),
            twips(sizes.bottom / 3.0)
        )
    }
}

/// In the order the schema wants them.
fn paragraph_properties(text: &Text) -> String {
    let keep = if text.with_next { "<w:keepNext/>" } else { "" };
    let first = if text.first < 0.0 {
        format!(r#"w:hanging="{}""#, twips(-text.first))
    } else {
        format!(r#"w:firstLine="{}""#, twips(text.first))
    };
    format!(
        concat!(
            r#"<w:pPr>{}<w:spacing w:before="{}" w:after="{}" w:line="{}" w:lineRule="exact"/>"#,
            r#"<w:ind w:left="{}" w:right="{}" {}/><w:jc w:val="{}"/></w:pPr>"#
        ),
        keep,
        twips(text.before),
        twips(text.after),
        twips(text.leading),
        twips(text.left),
        twips(text.right),
        first,
        justification(text.align, true)
    )
}

fn justification(align: Align, filled: bool) -> &'static str {
    match align {
        Align::Left if filled => "both",
        Align::Left => "left",
        Align::Centre => "center",
        Align::Right => "right",
    }
}

/// A text in one face; line breaks stay line breaks.
fn run(text: &str, face: Face, size: f32, red: bool) -> String {
    let text = plain(text);
    if text.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| format!(r#"<w:t xml:space="preserve">{}</w:t>"#, escaped(line)))
        .collect();
    let colour = if red {
        r#"<w:color w:val="D4000F"/>"#
    } else {
        ""
    };
    format!(
        "<w:r><w:rPr>{}{colour}{}</w:rPr>{}</w:r>",
        face_of(face),
        size_of(size),
        lines.join("<w:br/>")
    )
}

/// 仿宋, 宋体 and 黑体 by the names that Word knows in every language and that `LibreOffice` has something for.
fn face_of(face: Face) -> String {
    let (name, bold) = match face {
        Face::Fang => ("FangSong", false),
        Face::Song => ("SimSun", false),
        Face::Hei => ("SimHei", false),
        Face::Heavy => ("SimSun", true),
    };
    let bold = if bold { "<w:b/>" } else { "" };
    format!(
        r#"<w:rFonts w:ascii="{name}" w:hAnsi="{name}" w:eastAsia="{name}" w:cs="{name}" w:hint="eastAsia"/>{bold}"#
    )
}

/// Word counts half points; what a size is less is taken from between the characters (28 of them on a line).
fn size_of(size: f32) -> String {
    let halves = (size * 2.0).round();
    let less = ((size - halves / 2.0) * 20.0).round();
    let spacing = if less == 0.0 {
        String::new()
    } else {
        format!(r#"<w:spacing w:val="{less}"/>"#)
    };
    format!(r#"{spacing}<w:sz w:val="{halves}"/><w:szCs w:val="{halves}"/>"#)
}

fn twips(points: f32) -> i32 {
    (points * 20.0).round() as i32
}

fn emus(points: f32) -> i64 {
    (points * 12_700.0).round() as i64
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push(' '),
            _ => out.push(char),
        }
    }
    out
}

fn content_types(charts: usize) -> String {
    let part = |(name, kind): (&str, &str)| {
        format!(r#"<Override PartName="/word/{name}.xml" ContentType="{TYPES}.{kind}+xml"/>"#)
    };
    let parts: String = [
        ("document", "document.main"),
        ("styles", "styles"),
        ("settings", "settings"),
        ("fontTable", "fontTable"),
        ("header1", "header"),
        ("footer1", "footer"),
    ]
    .map(part)
    .concat();
    let charts = (1..=charts)
        .map(|number| {
            format!(
                concat!(
                    r#"<Override PartName="/word/charts/chart{}.xml" "#,
                    r#"ContentType="application/vnd.openxmlformats-officedocument.drawingml.chart+xml"/>"#
                ),
                number
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        concat!(
            r#"{}<Types xmlns="{}/content-types"><Default Extension="rels" "#,
            r#"ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
            r#"<Default Extension="xml" ContentType="application/xml"/>"#,
            r#"<Default Extension="png" ContentType="image/png"/>{}{}<Override PartName="/docProps/core.xml" "#,
            r#"ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"#
        ),
        HEADER, PACKAGE, parts, charts
    )
}

fn package_relations() -> String {
    format!(
        concat!(
            r#"{}<Relationships xmlns="{p}/relationships"><Relationship Id="document" "#,
            r#"Type="{}/officeDocument" Target="word/document.xml"/><Relationship Id="core" "#,
            r#"Type="{p}/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>"#
        ),
        HEADER,
        RELATIONS,
        p = PACKAGE
    )
}

fn relations(pictures: usize, charts: usize) -> String {
    let mut all = String::new();
    let parts = [
        ("styles", "styles", "styles.xml"),
        ("settings", "settings", "settings.xml"),
        ("fonts", "fontTable", "fontTable.xml"),
        ("header", "header", "header1.xml"),
        ("footer", "footer", "footer1.xml"),
    ];
    for (id, kind, target) in parts {
        let _ = write!(
            all,
            r#"<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"/>"#
        );
    }
    for number in 1..=pictures {
        let _ = write!(
            all,
            r#"<Relationship Id="image{number}" Type="{RELATIONS}/image" Target="media/image{number}.png"/>"#
        );
    }
    for number in 1..=charts {
        let _ = write!(
            all,
            r#"<Relationship Id="chart{number}" Type="{RELATIONS}/chart" Target="charts/chart{number}.xml"/>"#
        );
    }
    format!(r#"{HEADER}<Relationships xmlns="{PACKAGE}/relationships">{all}</Relationships>"#)
}

/// The title alone: no author, no moment.
fn properties(document: &Document) -> String {
    format!(
        concat!(
            r#"{}<cp:coreProperties xmlns:cp="{}/metadata/core-properties" "#,
            r#"xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title></cp:coreProperties>"#
        ),
        HEADER,
        PACKAGE,
        escaped(&plain(&document.title))
    )
}

fn styles(sizes: &Sizes) -> String {
    format!(
        concat!(
            r#"{}<w:styles {}><w:docDefaults><w:rPrDefault><w:rPr>{}{}"#,
            r#"<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"#,
            r#"<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>"#,
            r#"<w:pPr><w:widowControl/><w:kinsoku/><w:overflowPunct w:val="0"/></w:pPr></w:style></w:styles>"#
        ),
        HEADER,
        SPACES,
        face_of(Face::Fang),
        size_of(sizes.body)
    )
}

fn settings() -> String {
    format!(
        concat!(
            r#"{}<w:settings {}><w:characterSpacingControl w:val="doNotCompress"/><w:compat>"#,
            r#"<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>"#,
            r#"</w:compat><w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>"#
        ),
        HEADER, SPACES
    )
}

/// What stands for a font where it is not installed.
fn font_table() -> String {
    let font = |(name, others, family): (&str, &str, &str)| {
        format!(
            concat!(
                r#"<w:font w:name="{}"><w:altName w:val="{}"/><w:charset w:val="86"/><w:family w:val="{}"/>"#,
                r#"<w:pitch w:val="variable"/></w:font>"#
            ),
            name, others, family
        )
    };
    let fonts: String = [
        ("FangSong", "仿宋,仿宋_GB2312", "roman"),
        ("SimSun", "宋体", "roman"),
        ("SimHei", "黑体", "swiss"),
    ]
    .map(font)
    .concat();
    format!("{HEADER}<w:fonts {SPACES}>{fonts}</w:fonts>")
}

/// The watermark as Word makes it: words drawn as a shape behind the text.
fn header(document: &Document) -> String {
    let words = plain(&document.watermark).replace('\n', " ");
    let mark = if words.trim().is_empty() {
        String::new()
    } else {
        let wide = (super::lines::ems(&words) * 40.0).clamp(120.0, 440.0);
        let high = wide / super::lines::ems(&words).max(1.0);
        format!(
            concat!(
                r##"<w:r><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" "##,
                r##"path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>"##,
                r##"<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>"##,
                r##"<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/><v:f eqn="mid @5 @6"/>"##,
                r##"<v:f eqn="mid @8 @5"/><v:f eqn="mid @7 @8"/><v:f eqn="mid @6 @7"/><v:f eqn="sum @6 0 @5"/></v:formulas>"##,
                r##"<v:path textpathok="t" o:connecttype="custom"/><v:textpath on="t" fitshape="t"/></v:shapetype>"##,
                r##"<v:shape id="PowerPlusWaterMarkObject1" o:spid="_x0000_s2049" type="#_x0000_t136" "##,
                r##"style="position:absolute;margin-left:0;margin-top:0;width:{:.0}pt;height:{:.0}pt;rotation:330;"##,
                r##"z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"##,
                r##"mso-position-vertical:center;mso-position-vertical-relative:margin" o:allowincell="f" "##,
                r##"fillcolor="#d9d9d9" stroked="f"><v:fill opacity=".6"/>"##,
                r##"<v:textpath style="font-family:&quot;SimHei&quot;;font-size:1pt" string="{}"/></v:shape></w:pict></w:r>"##
            ),
            wide,
            high,
            escaped(&words)
        )
    };
    format!("{HEADER}<w:hdr {SPACES}><w:p>{mark}</w:p></w:hdr>")
}

fn footer(document: &Document) -> String {
    let field = |name: &str| {
        format!(
            concat!(
                r#"<w:r><w:rPr>{p}</w:rPr><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:rPr>{p}</w:rPr>"#,
                r#"<w:instrText xml:space="preserve"> {n} </w:instrText></w:r><w:r><w:rPr>{p}</w:rPr>"#,
                r#"<w:fldChar w:fldCharType="separate"/></w:r><w:r><w:rPr>{p}</w:rPr><w:t>1</w:t></w:r>"#,
                r#"<w:r><w:rPr>{p}</w:rPr><w:fldChar w:fldCharType="end"/></w:r>"#
            ),
            p = format_args!("{}{}", face_of(Face::Song), size_of(10.5)),
            n = name
        )
    };
    let words = |text: &str| run(text, Face::Song, 10.5, false);
    // A little smaller than on PDF: where Song is not installed what stands for it is wider, and a digest is one word.
    let small = run(&document.footer, Face::Song, 7.0, false);
    format!(
        concat!(
            r#"{}<w:ftr {}><w:p><w:pPr><w:jc w:val="center"/></w:pPr>{}{}{}{}{}</w:p>"#,
            r#"<w:p><w:pPr><w:jc w:val="center"/></w:pPr>{}</w:p></w:ftr>"#
        ),
        HEADER,
        SPACES,
        words("第 "),
        field("PAGE"),
        words(" 页 共 "),
        field("NUMPAGES"),
        words(" 页"),
        small
    )
}
