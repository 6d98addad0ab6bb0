#![doc = include_str!("../README.md")]

pub mod presence;
pub mod seat_fee;
pub mod term;
