#![doc = include_str!("../README.md")]

pub mod forecast;
pub mod roster;
pub mod simulation;
pub mod staffing;
