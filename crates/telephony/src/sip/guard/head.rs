//! The start line and header fields of a message, before the stack's parser sees them.

use std::borrow::Cow;

use super::grammar::is_token;

/// Header fields of one message.
const MAX_FIELDS: usize = 256;

/// Fields we look at, with their compact form (RFC 3261 §7.3.3).
const KNOWN: [(&str, &str); 17] = [
    ("Via", "v"),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("CSeq", ""),
    ("Max-Forwards", ""),
    ("Content-Length", "l"),
    ("Content-Type", "c"),
    ("Content-Encoding", "e"),
    ("Contact", "m"),
    ("Route", ""),
    ("Record-Route", ""),
    ("Require", ""),
    ("Accept", ""),
    ("Expires", ""),
    ("Date", ""),
    ("User-Agent", ""),
];

/// One header field.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Its proper name; as it was written when we do not look at it.
    pub name: &'a str,
    /// Unfolded.
    pub value: Cow<'a, str>,
}

/// Start line and header fields.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub start: &'a str,
    pub fields: Vec<Field<'a>>,
    /// Every line is a header field or the rest of one.
    pub well_formed: bool,
    /// Written in a way that the parser behind us may not read as we do.
    pub unusual: bool,
}

impl<'a> Head<'a> {
    /// Reads what stands before the empty line.
    pub fn read(text: &'a str) -> Self {
        let mut lines = text.split("\r\n");
        let mut head = Self {
            start: lines.next().unwrap_or_default(),
            fields: Vec::new(),
            well_formed: true,
            unusual: false,
        };
        for line in lines {
            if line.contains(['\r', '\n']) || head.fields.len() >= MAX_FIELDS {
                head.well_formed = false;
                break;
            }
            if line.starts_with([' ', '\t']) {
                head.unusual = true;
                match head.fields.last_mut() {
                    Some(field) => {
                        let value = field.value.to_mut();
                        if !value.is_empty() {
                            value.push(' ');
                        }
                        value.push_str(line.trim_matches([' ', '\t']));
                    }
                    None => head.well_formed = false,
                }
                continue;
            }
            let Some((name, value)) = line.split_once(':') else {
                head.well_formed = false;
                continue;
            };
            let written = name.trim_end_matches([' ', '\t']);
            head.unusual |= written.len() != name.len();
            head.well_formed &= is_token(written);
            let known = KNOWN.iter().find(|(long, short)| {
                written.eq_ignore_ascii_case(long) || written.eq_ignore_ascii_case(short)
            });
            head.fields.push(Field {
                name: known.map_or(written, |(long, _)| long),
                // Not every white space of Unicode: a line end of it is none of ours.
                value: Cow::Borrowed(value.trim_matches([' ', '\t'])),
            });
        }
        head.well_formed &= !head.start.contains(['\r', '\n']);
        head
    }

    /// The values of this field, in order.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.fields
            .iter()
            .filter(move |field| field.name == name)
            .map(|field| field.value.as_ref())
    }

    /// The only value of this field; `None` when there is none or more than one.
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|field| field.name == name);
        let value = values.next()?.value.as_ref();
        values.next().is_none().then_some(value)
    }

    /// How often this field stands there.
    pub fn count(&self, name: &str) -> usize {
        self.fields
            .iter()
            .filter(|field| field.name == name)
            .count()
    }

    /// Puts another value in the place of the first one.
    pub fn replace(&mut self, name: &'a str, value: String) {
        self.unusual = true;
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.value = Cow::Owned(value),
            None => self.fields.push(Field {
                name,
                value: Cow::Owned(value),
            }),
        }
    }
}
