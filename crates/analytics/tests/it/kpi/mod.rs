//! Each indicator by hand-computed cases.

mod chats;
mod off_hours;
mod rare;
mod registry;
mod resolution;
mod situations;
mod table;
mod tickets;
mod voice;
