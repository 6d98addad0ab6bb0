//! The kernel on both databases.

mod db;
