//! Where one message of a stream ends and the next begins (RFC 3261 §18.3).

/// What lies at the front of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Line ends before a message; this many octets.
    Blank(usize),
    /// A double line end, which asks for a single one (RFC 5626 §4.4.1).
    Ping,
    /// A message of this many octets.
    Message(usize),
    /// Not all of it is there yet.
    Part,
    /// Nobody can tell where it ends; or it is longer than any message may be.
    Broken,
}

/// Longest start line with header fields, and longest message.
const MAX_HEAD: usize = 16 * 1024;
const MAX_MESSAGE: usize = 64 * 1024;

/// Looks at what was read so far.
pub fn frame(read: &[u8]) -> Frame {
    match read {
        [b'\r', b'\n', b'\r', b'\n', ..] => return Frame::Ping,
        // The second half of a ping may still be on its way.
        [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return Frame::Part,
        [b'\r' | b'\n', ..] => {
            return Frame::Blank(
                read.iter()
                    .take_while(|byte| b"\r\n".contains(byte))
                    .count(),
            );
        }
        _ => {}
    }
    let within = &read[..read.len().min(MAX_HEAD + 4)];
    let Some(end) = within.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if read.len() > MAX_HEAD {
            Frame::Broken
        } else {
            Frame::Part
        };
    };
    let mut length = None;
    for line in within[..end].split(|byte| *byte == b'\n').skip(1) {
        // The rest of the field before it is no field.
        let colon = line.iter().position(|byte| *byte == b':');
        let Some(colon) = colon.filter(|_| !line.starts_with(b" ") && !line.starts_with(b"\t"))
        else {
            continue;
        };
        let name = line[..colon].trim_ascii();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = line[colon + 1..].trim_ascii();
        let digits = !value.is_empty() && value.len() < 8 && value.iter().all(u8::is_ascii_digit);
        let value = std::str::from_utf8(value).ok().filter(|_| digits);
        // Two of them, or one that is no number: the stream cannot be followed any more.
        let Some(value) = value
            .and_then(|value| value.parse::<usize>().ok())
            .filter(|_| length.is_none())
        else {
            return Frame::Broken;
        };
        length = Some(value);
    }
    let whole = end + 4 + length.unwrap_or(0);
    if whole > MAX_MESSAGE {
        Frame::Broken
    } else if read.len() >= whole {
        Frame::Message(whole)
    } else {
        Frame::Part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let message = b"OPTIONS sip:x SIP/2.0\r\nContent-Length : 4\r\n\r\nbodyOPTIONS";
        assert_eq!(frame(message), Frame::Message(message.len() - 7));
        assert_eq!(frame(&message[..40]), Frame::Part);
        assert_eq!(frame(&message[..46]), Frame::Part);
        let folded = b"A sip:x SIP/2.0\r\nX: a\r\n l: 9\r\nl: 0\r\n\r\n";
        assert_eq!(frame(folded), Frame::Message(folded.len()));
        assert_eq!(frame(b"\r\n\r\n"), Frame::Ping);
        assert_eq!(frame(b"\r\nOPTIONS"), Frame::Blank(2));
        assert_eq!(frame(b"A sip:x SIP/2.0\r\n\r\n"), Frame::Message(19));
    }

    #[test]
    fn what_cannot_be_followed_is_given_up() {
        for length in [
            "-1",
            "18446744073709551615",
            "12345678",
            "x",
            "4\r\nl: 4",
            "70000",
        ] {
            let message = format!("A sip:x SIP/2.0\r\nContent-Length: {length}\r\n\r\n");
            assert_eq!(frame(message.as_bytes()), Frame::Broken, "{length}");
        }
        assert_eq!(frame(&vec![b'A'; MAX_HEAD + 5]), Frame::Broken);
        assert_eq!(frame(&vec![b'A'; MAX_HEAD]), Frame::Part);
    }
}
