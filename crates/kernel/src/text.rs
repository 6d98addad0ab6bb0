//! What people type, checked once.

use crate::problem::{Result, invalid};

/// The longest text of one field, in characters.
const LONGEST: usize = 2_000;

/// The trimmed text of a field that may not be empty.
pub fn needed(field: &'static str, text: &str) -> Result<String> {
    let text = checked(field, text)?;
    if text.is_empty() {
        return Err(invalid(field, "text_missing", format!("{field} is needed")));
    }
    Ok(text)
}

/// The trimmed text; says no when it is too long or holds what a database or a screen cannot take.
pub fn checked(field: &'static str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > LONGEST {
        return Err(invalid(
            field,
            "text_too_long",
            format!("{field} has at most 2,000 characters"),
        ));
    }
    if text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t'))
    {
        return Err(invalid(
            field,
            "text_not_plain",
            format!("{field} holds a control character"),
        ));
    }
    Ok(text.to_owned())
}

/// A name of 1 to 60 characters, without space around it and on one line.
pub fn must_be_name(field: &str, name: &str) -> Result<()> {
    let fits = (1..=60).contains(&name.chars().count());
    if fits && name.trim() == name && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(invalid(
        field,
        "name_invalid",
        "1 to 60 characters on one line, without space around them",
    ))
}

/// A code of small letters, digits and `_`.
pub fn must_be_code(field: &str, code: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=40).contains(&code.len()) && code.bytes().all(plain) {
        return Ok(());
    }
    Err(invalid(
        field,
        "code_invalid",
        "1 to 40 small letters, digits or `_`",
    ))
}
