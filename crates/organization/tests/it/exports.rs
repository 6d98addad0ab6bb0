//! Requests for exports under their laws, and the kinds by their addresses.

use chrono::{DateTime, TimeDelta, Utc};
use organization::export::{Action, Case, ExportKind, ExportRequestState, access};
use proptest::prelude::*;

fn begin() -> DateTime<Utc> {
    "2026-11-26T02:00:00Z".parse().unwrap()
}

fn any_action() -> impl Strategy<Value = Action> {
    let own = any::<bool>();
    prop_oneof![
        own.prop_map(|own| Action::Approve { own }),
        own.prop_map(|own| Action::Decline { own }),
        own.prop_map(|own| Action::Withdraw { own }),
        (own, any::<bool>(), 0u64..200).prop_map(|(own, same, rows)| Action::Use {
            own,
            same,
            rows
        }),
        Just(Action::Lapse),
    ]
}

proptest! {
    /// Whatever is tried: a request is used once, by who asked, for what he asked, for no more rows, in its time, and
    /// only after somebody else approved it.
    #[test]
    fn nothing_leaves_against_the_rules(
        walk in prop::collection::vec((any_action(), 0i64..600), 0..40),
    ) {
        let mut now = begin();
        let until = now + TimeDelta::hours(24);
        let mut case = Case::asked(100, until);
        let (mut approved, mut used) = (false, 0);
        for (action, later) in walk {
            now += TimeDelta::minutes(later);
            let Ok(after) = case.next(&action, now) else { continue };
            prop_assert!(case.is_open(), "what is over does not change");
            match action {
                Action::Approve { own } => {
                    prop_assert!(!own && now < until);
                    approved = true;
                }
                Action::Decline { own } => prop_assert!(!own),
                Action::Withdraw { own } => prop_assert!(own),
                Action::Use { own, same, rows } => {
                    prop_assert!(approved && own && same && rows <= 100 && now < until);
                    used += 1;
                }
                Action::Lapse => prop_assert!(now >= until),
            }
            case = after;
        }
        prop_assert!(used <= 1);
        prop_assert_eq!(used == 1, case.state == ExportRequestState::Used);
    }
}

#[test]
fn an_export_is_known_by_its_address() {
    let of = ExportKind::of_path;
    assert_eq!(
        of("/api/v1/work-orders/export"),
        Some(ExportKind::WorkOrders)
    );
    assert_eq!(
        of("/api/v1/follow-up-lists/7/export"),
        Some(ExportKind::FollowUps)
    );
    assert_eq!(
        of("/api/v1/calls/7/ladder.pcap"),
        Some(ExportKind::CallTrace)
    );
    assert_eq!(of("/api/v1/work-orders"), None);
    assert_eq!(of("/api/v2/work-orders/export"), None);
    assert_eq!(
        access::kind_of("requester.revealed"),
        Some(access::AccessKind::Reveal)
    );
    assert_eq!(access::kind_of("ticket.opened"), None);
}
