//! The supplier's management team by date: who held which position with which duties from when until when.
//! Nothing is overwritten: who is succeeded is ended. Each change is filed with the purchaser (备案), who acknowledges
//! it.

pub mod http;
pub mod store;
