//! telephony from outside: real sockets, real peers.
#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]
#![expect(clippy::disallowed_methods, reason = "real peers keep real time")]

mod edge;
mod evidence;
mod hotline;
mod line;
mod media;
mod outbound;
mod screen;
mod test_line;
