#![doc = include_str!("../README.md")]

pub mod block;
mod forget;
pub mod identity;
pub mod number;
pub mod person;
pub mod privacy;
pub mod requester;

use std::sync::Arc;

use kernel::{App, Capability, Forgets, Migration, migration, timer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use block::store::{Blocked, VOICE, blocked, blocked_caller};
pub use forget::FORGETS;
pub use identity::store::find_or_create_by_identity;
pub use identity::{ExternalId, OnChannel, Writer};
pub use number::{Number, NumberKind, last_digits, normalise};
pub use person::claim::{gave_number, note_claimed_mail, note_claimed_number};
pub use person::proof::{
    CallWay, OneTimeCode, ProofOutcome, SmsCode, finish_proof, finish_sms_proof, must_be_right,
    start_proof, start_sms_proof,
};
pub use person::sms::{NoTextMessages, TextMessages, sms_not_set_up};
pub use person::store::{ids_of_person, same_person};
pub use requester::Requester;
pub use requester::store::{
    Caller, by_number, contact_since, find, find_many, find_or_create_by_number,
    find_or_create_many, note_contact, sought,
};

kernel::permissions! {
    /// See requesters, masked.
    pub ViewRequesters = "requesters:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Write down the name a requester gave.
    pub EditRequesters = "requesters:edit" { Agent: All, ShiftLead: All, OpsManager: All }
    /// Read one personal value in the clear, with a reason.
    pub RevealRequesters = "requesters:reveal" {
        Agent: All, ShiftLead: All, OpsManager: All, PurchaserBusiness: All,
    }
    /// Say that two requesters are one person, or are not, with a reason.
    pub MergeRequesters = "requesters:merge" { Agent: All, ShiftLead: All, OpsManager: All }
    /// See the block list.
    pub ViewBlocks = "requester_blocks:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Ask for a block.
    pub AskBlocks = "requester_blocks:ask" { Agent: All, ShiftLead: All, OpsManager: All }
    /// Approve or decline a block that somebody else asked for, and lift one.
    pub DecideBlocks = "requester_blocks:decide" { ShiftLead: All, OpsManager: All }
    /// See requests of persons about what is known of them, the inventory, and what was erased.
    pub ViewPrivacy = "privacy:view" {
        ShiftLead: All, OpsManager: All, PurchaserAdmin: All, PurchaserBusiness: All, SecAdmin: All, AuditAdmin: All,
    }
    /// Take requests of persons about what is known of them, and verify who asks.
    pub TakePrivacy = "privacy:take" { Agent: All, ShiftLead: All, OpsManager: All, PurchaserAdmin: All }
    /// Answer them, and erase what is known of a person.
    pub DecidePrivacy = "privacy:decide" { PurchaserAdmin: All }
    /// Change the inventory of personal information and how long an answer may take.
    pub SetPrivacyRules = "privacy_rules:set" { PurchaserAdmin: All }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112311_requesters"),
        migration!("2026112607_identities"),
        migration!("2026112608_proofs"),
        migration!("2026112612_accounts"),
        migration!("2026112722_transcript_information"),
        migration!("2026120204_privacy"),
        migration!("2026120309_attendance"),
        migration!("2026120402_statement_days"),
        migration!("2026120420_kept"),
        migration!("2026120423_leave"),
        migration!("2026120551_quality_information"),
        migration!("2026120553_performance"),
        migration!("2026120552_contact_facts"),
        migration!("2026120554_reports"),
    ]
}

/// What the server mounts; one-time codes leave by `texts`, and `forgets` says what every capability forgets of a person
/// who has himself erased, our own columns last.
pub fn capability(app: &App, texts: Arc<dyn TextMessages>, forgets: Arc<[Forgets]>) -> Capability {
    use requester::http;
    Capability {
        name: "requesters",
        migrations: migrations(),
        permissions: permissions(),
        routes: OpenApiRouter::new()
            .routes(routes!(http::list))
            .routes(routes!(http::get, http::rename))
            .routes(routes!(http::reveal))
            .with_state(app.clone())
            .merge(person::http::routes(app))
            .merge(person::sms::routes(app, texts))
            .merge(block::http::routes(app))
            .merge(privacy::http::routes(app, forgets)),
        event_handlers: vec![
            timer::start::<block::store::Blocks>(app),
            timer::start::<privacy::store::Requests>(app),
        ],
        waiting: vec![block::waiting::kind(app), privacy::store::waiting(app)],
        ..Capability::default()
    }
}
