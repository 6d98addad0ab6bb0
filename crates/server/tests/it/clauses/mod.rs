//! One scenario for each clause of the requirement; docs/conformance.md lists them.

mod a01_elsewhere;
mod a01_screen_pop;
mod a02_qq;
mod a03_wechat;
mod a04_website;
mod a05_channels;
mod a07_complaint;
mod a08_lookup;
mod a09_incident;
mod a10_work_orders;
mod a12_live_wallboard;
mod a13_escalation;
mod a29_calls_out;
mod a29_message_box;
mod a29_outbound;
mod a30_service_hours;
mod a30_transfer;
mod a32_first_owner;
mod a33_classification;
mod a34_instruction;
mod a35_emergency;
mod a37_new_knowledge;
mod a61_approved_answers;
