//! A ticket (工单): one request, held by the person who first took it until it is closed.
//!
//! A ticket that a platform sent is a work order as well (`work_order`); both live the same life.

pub mod act;
pub mod alarm;
pub mod clock;
pub mod draft;
pub mod file;
pub mod history;
pub mod http;
pub mod life;
pub mod limits;
pub mod link;
pub mod measure;
pub mod note;
pub mod receiver;
pub mod repeat;
pub mod search;
pub mod sought;
pub mod store;
pub mod verbs;
pub mod viewer;
