//! Reports: drafted, checked, released, frozen, corrected.

mod corrections;
mod files;
mod frozen;
mod machine;
mod periods;
mod story;
mod templates;
mod world;
