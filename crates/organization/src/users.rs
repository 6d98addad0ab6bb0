//! Users: the people of both sides who sign in.

mod change;
mod create;
pub mod http;
mod on_server;
pub mod store;

pub use change::UserChange;
pub(crate) use create::Secrets;
pub use create::{Created, NewUser};
pub use on_server::Account;

use kernel::problem::{Result, invalid};

/// A sign-in name: it is also the user part of a SIP address (RFC 3261 §25.1) and is read aloud.
pub fn check_username(username: &str) -> Result<String> {
    let username = username.trim().to_lowercase();
    let good = (2..=32).contains(&username.len())
        && username.starts_with(|first: char| first.is_ascii_lowercase())
        && username
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if good {
        return Ok(username);
    }
    let rule = "2 to 32 of a-z, 0-9, dot, hyphen and underscore, beginning with a letter";
    Err(invalid("username", "bad_username", rule))
}

/// One line of text a person typed, 1 to 64 characters.
pub fn check_line(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if (1..=64).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(invalid(
        field,
        "bad_text",
        format!("{field} has 1 to 64 printable characters"),
    ))
}

/// A department: one line, or nothing.
pub(crate) fn check_department(text: &str) -> Result<String> {
    if text.trim().is_empty() {
        Ok(String::new())
    } else {
        check_line("department", text)
    }
}

/// A staff number (工号): digits, because it is read out to the caller. Empty is none.
pub fn check_staff_no(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Some(text.to_owned()));
    }
    Err(invalid(
        "staff_no",
        "bad_staff_no",
        "a staff number is 1 to 10 digits",
    ))
}
