//! telephony from outside: real sockets, real peers.
#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

mod hotline;
mod media;
mod test_line;
