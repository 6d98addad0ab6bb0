//! Each indicator by hand-computed cases.

mod chats;
mod rare;
mod registry;
mod resolution;
mod situations;
mod table;
mod tickets;
mod voice;
