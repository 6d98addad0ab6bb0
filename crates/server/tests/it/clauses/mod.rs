//! One scenario for each clause of the requirement; docs/conformance.md lists them.

mod a01_screen_pop;
mod a12_live_wallboard;
mod a30_service_hours;
mod a33_classification;
