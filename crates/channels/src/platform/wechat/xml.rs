//! WeChat's XML as a flat map of names and texts.
//!
//! No DTD, no entities but the five and characters by number, no depth: nothing can grow here.

use std::collections::BTreeMap;

use kernel::problem::Result;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::platform::verify::{kept, unreadable};

/// Elements below each other: `xml/SendPicsInfo/PicList/item/PicMd5Sum` is the deepest.
const DEEPEST: usize = 8;
/// Elements of one message.
const MOST: usize = 256;

/// The texts of a document by name, those further down as `ScanCodeInfo/ScanResult`; of a name that comes twice the
/// first counts.
pub(crate) fn fields(document: &[u8]) -> Result<BTreeMap<String, String>> {
    let document = std::str::from_utf8(document).map_err(|_| unreadable("it is not UTF-8"))?;
    let document = document.trim_start_matches('\u{feff}');
    let bad = |what: &str| unreadable(format!("XML: {what}"));
    let mut reader = Reader::from_str(document);
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut fields = BTreeMap::new();
    let mut elements = 0_usize;
    let mut closed = false;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| bad(&error.to_string()))?;
        if closed && matches!(event, Event::Start(_) | Event::Empty(_) | Event::CData(_)) {
            return Err(bad("it goes on after its end"));
        }
        match event {
            Event::Start(start) => {
                elements += 1;
                if path.len() >= DEEPEST || elements > MOST {
                    return Err(bad("too deep or too long"));
                }
                path.push(start.name().0.to_owned());
                text.clear();
            }
            Event::Empty(_) => {
                elements += 1;
                if path.is_empty() || elements > MOST {
                    return Err(bad("empty or too long"));
                }
            }
            Event::End(_) => {
                if let Some((_, inner)) = path.split_first()
                    && !inner.is_empty()
                {
                    fields.entry(inner.join("/")).or_insert(kept(&text));
                }
                text.clear();
                path.pop();
                closed = path.is_empty();
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(part) => {
                let letter = part
                    .resolve_char_ref()
                    .map_err(|error| bad(&error.to_string()))?;
                match letter {
                    Some(letter) => text.push(letter),
                    None => text.push_str(
                        quick_xml::escape::resolve_xml_entity(&part)
                            .ok_or_else(|| bad("an entity that XML does not know"))?,
                    ),
                }
            }
            Event::DocType(_) | Event::PI(_) => return Err(bad("it may hold no DTD")),
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof if closed => return Ok(fields),
            Event::Eof => return Err(bad("it ends in the middle")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_name() {
        let read = fields(
            "<?xml version=\"1.0\"?><xml><A><![CDATA[a<b]]></A> <B>1 &lt; 2 &#20320;</B>\n\
             <C><D><![CDATA[d]]></D></C><E/><A>again</A></xml>"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(read["A"], "a<b");
        assert_eq!(read["B"], "1 < 2 你");
        assert_eq!(read["C/D"], "d");
    }

    #[test]
    fn nothing_can_grow() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><xml><A>&b;</A></xml>";
        let deep = format!("{}{}", "<a>".repeat(9), "</a>".repeat(9));
        let many = format!("<xml>{}</xml>", "<a>1</a>".repeat(300));
        let bad = [
            laughs,
            "<xml><A>&xxe;</A></xml>",
            "<xml><A>",
            "<xml></A></xml>",
            "<xml/><xml/>",
            "<xml></xml><xml></xml>",
            "",
            "hello",
            "<?php x?><xml></xml>",
            &deep,
            &many,
        ];
        for document in bad {
            let problem = fields(document.as_bytes()).unwrap_err();
            assert_eq!(problem.code, "body_unreadable", "{document}");
        }
    }
}
