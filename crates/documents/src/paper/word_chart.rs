//! A chart as Word draws it itself: the values stand in the file, and no workbook behind them.

use std::fmt::Write as _;

use super::chart::{COLOURS, Chart, ChartKind};
use super::docx::{HEADER, escaped};
use super::flow::plain;

const CHART: &str = "http://schemas.openxmlformats.org/drawingml/2006/chart";
const DRAWING: &str = "http://schemas.openxmlformats.org/drawingml/2006/main";

/// More labels than these are turned by 45 degrees.
const MOST_LEVEL: usize = 12;

/// The part of one chart.
pub(super) fn part(chart: &Chart) -> String {
    let series: String = (0..chart.series.len())
        .map(|at| series(chart, at))
        .collect();
    let axes = r#"<c:axId val="111"/><c:axId val="222"/>"#;
    let target = target(chart);
    let shown = match chart.kind {
        ChartKind::Bars => format!(
            concat!(
                r#"<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/><c:varyColors val="0"/>{}"#,
                r#"<c:gapWidth val="60"/>{axes}</c:barChart>{}"#
            ),
            series,
            lines(&target, axes),
            axes = axes
        ),
        ChartKind::Lines => lines(&format!("{series}{target}"), axes),
    };
    let legend = if chart.series.len() > 1 || !target.is_empty() {
        r#"<c:legend><c:legendPos val="t"/><c:overlay val="0"/></c:legend>"#
    } else {
        ""
    };
    let unit = plain(&chart.unit);
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(
            concat!(
                r#"<c:title><c:tx><c:rich><a:bodyPr rot="0" vert="horz"/><a:p><a:r><a:t>{}</a:t></a:r></a:p></c:rich>"#,
                r#"</c:tx><c:overlay val="0"/></c:title>"#
            ),
            escaped(&unit)
        )
    };
    let (low, high, step) = chart.scale();
    // What finds no room side by side is broken letter by letter unless it is turned.
    let slant = if chart.labels.len() > MOST_LEVEL {
        concat!(
            r#"<c:txPr><a:bodyPr rot="-2700000" vert="horz"/><a:p><a:pPr><a:defRPr sz="800"/></a:pPr>"#,
            r#"<a:endParaRPr lang="zh-CN"/></a:p></c:txPr>"#
        )
    } else {
        ""
    };
    format!(
        concat!(
            r#"{}<c:chartSpace xmlns:c="{}" xmlns:a="{}"><c:roundedCorners val="0"/><c:chart>"#,
            r#"<c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>{}<c:catAx><c:axId val="111"/>"#,
            r#"<c:scaling><c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="b"/>"#,
            r#"<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>{}"#,
            r#"<c:crossAx val="222"/></c:catAx><c:valAx><c:axId val="222"/><c:scaling>"#,
            r#"<c:orientation val="minMax"/><c:max val="{}"/><c:min val="{}"/></c:scaling><c:delete val="0"/><c:axPos val="l"/><c:majorGridlines><c:spPr>"#,
            r#"<a:ln w="5080"><a:solidFill><a:srgbClr val="D9D9D9"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>{}"#,
            r#"<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>"#,
            r#"<c:crossAx val="111"/><c:crosses val="autoZero"/><c:crossBetween val="between"/>"#,
            r#"<c:majorUnit val="{}"/></c:valAx></c:plotArea>{}<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/>"#,
            r#"</c:chart><c:spPr><a:ln><a:noFill/></a:ln></c:spPr><c:txPr><a:bodyPr/><a:p><a:pPr>"#,
            r#"<a:defRPr sz="900"><a:latin typeface="SimSun"/><a:ea typeface="SimSun"/></a:defRPr></a:pPr>"#,
            r#"<a:endParaRPr lang="zh-CN"/></a:p></c:txPr></c:chartSpace>"#
        ),
        HEADER, CHART, DRAWING, shown, slant, high, low, unit, step, legend
    )
}

/// Rows of values as lines; nothing for none.
fn lines(series: &str, axes: &str) -> String {
    if series.is_empty() {
        return String::new();
    }
    format!(
        concat!(
            r#"<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>{}<c:marker val="1"/>{}"#,
            r#"</c:lineChart>"#
        ),
        series, axes
    )
}

/// The target as a row of values that are all the same, with its word in the legend; nothing for none.
fn target(chart: &Chart) -> String {
    let Some((word, value)) = chart.target() else {
        return String::new();
    };
    let at = chart.series.len();
    let shape = concat!(
        r#"<a:ln w="12700"><a:solidFill><a:srgbClr val="B3261E"/></a:solidFill><a:prstDash val="dash"/></a:ln>"#,
        r#"</c:spPr><c:marker><c:symbol val="none"/></c:marker>"#
    );
    let values = vec![Some(value); chart.labels.len()];
    let mut out = format!(
        r#"<c:ser><c:idx val="{at}"/><c:order val="{at}"/><c:tx><c:v>{}</c:v></c:tx><c:spPr>{shape}"#,
        escaped(&plain(word))
    );
    points(&mut out, &chart.labels, &values);
    out.push_str(r#"<c:smooth val="0"/></c:ser>"#);
    out
}

/// The labels and the values of a row.
fn points(out: &mut String, labels: &[String], values: &[Option<f64>]) {
    let count = labels.len();
    let _ = write!(out, r#"<c:cat><c:strLit><c:ptCount val="{count}"/>"#);
    for (index, label) in labels.iter().enumerate() {
        let label = escaped(&plain(label));
        let _ = write!(out, r#"<c:pt idx="{index}"><c:v>{label}</c:v></c:pt>"#);
    }
    let _ = write!(
        out,
        r#"</c:strLit></c:cat><c:val><c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{count}"/>"#
    );
    for (index, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let _ = write!(out, r#"<c:pt idx="{index}"><c:v>{value}</c:v></c:pt>"#);
        }
    }
    out.push_str("</c:numLit></c:val>");
}

fn series(chart: &Chart, at: usize) -> String {
    let (red, green, blue) = COLOURS[at % COLOURS.len()];
    let colour =
        format!(r#"<a:solidFill><a:srgbClr val="{red:02X}{green:02X}{blue:02X}"/></a:solidFill>"#);
    let (shape, marks) = match chart.kind {
        ChartKind::Bars => (colour, r#"<c:invertIfNegative val="0"/>"#),
        ChartKind::Lines => (
            format!(r#"<a:ln w="19050">{colour}</a:ln>"#),
            r#"<c:marker><c:symbol val="circle"/><c:size val="4"/></c:marker>"#,
        ),
    };
    let name = chart.series.get(at).map_or("", |(name, _)| name);
    let mut out = format!(
        r#"<c:ser><c:idx val="{at}"/><c:order val="{at}"/><c:tx><c:v>{}</c:v></c:tx><c:spPr>{shape}</c:spPr>{marks}"#,
        escaped(&plain(name))
    );
    let values: Vec<_> = (0..chart.labels.len())
        .map(|label| chart.value(at, label))
        .collect();
    points(&mut out, &chart.labels, &values);
    if chart.kind == ChartKind::Lines {
        out.push_str(r#"<c:smooth val="0"/>"#);
    }
    out.push_str("</c:ser>");
    out
}
