//! The report's machine under its laws, and its diagram in the README.

use std::collections::{BTreeMap, HashSet};

use analytics::reports::{Action, Case, Terms};
use calendar::{Calendar, DeadlineRule, ServiceClock, ServiceHours, YearCalendar, YearNotice};
use chrono::{DateTime, Utc};
use kernel::machine::Moment;
use testing::diagram::{Edges, drawn, is_drawn};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn service() -> ServiceClock {
    let notices = calendar::SHIPPED.iter();
    let years = notices.map(|notice| {
        let notice: YearNotice = serde_json::from_str(notice).unwrap();
        YearCalendar::from_notice(&notice).unwrap()
    });
    ServiceClock::new(Calendar::new(years), ServiceHours::default())
}

fn steps() -> Vec<(&'static str, Action)> {
    use Action as A;
    vec![
        ("edited", A::Edit),
        ("refreshed", A::Refresh),
        ("submitted", A::Submit { ended: false }),
        ("submitted", A::Submit { ended: true }),
        ("checked", A::Check { own: true }),
        ("checked", A::Check { own: false }),
        ("returned", A::Return),
        ("released", A::Release),
        ("corrected", A::Correct { begun: false }),
        ("corrected", A::Correct { begun: true }),
        ("superseded", A::Supersede),
        ("discarded", A::Discard),
        ("overdue", A::Lapse),
    ]
}

#[test]
fn what_is_released_stays_released_and_the_readme_draws_it() {
    let service = service();
    let rules = Terms {
        release: DeadlineRule::working_days("report", 5),
    };
    let moment = |now: &str| Moment {
        now: at(now),
        service: &service,
        rules: &rules,
    };
    let first = Case::drafted(&moment("2026-12-01T02:00:00Z"));
    assert_eq!(
        kernel::day::text(kernel::day::of(first.due_at.unwrap())),
        "2026-12-08",
        "five working days"
    );
    let mut edges: Edges = BTreeMap::new();
    let (mut reached, mut seen, mut next) = (vec![first], HashSet::new(), 0);
    while next < reached.len() && next < 1_000 {
        let case = reached[next];
        next += 1;
        for now in ["2026-12-02T02:00:00Z", "2026-12-20T02:00:00Z"] {
            for (name, action) in steps() {
                let Ok(after) = case.next(&action, &moment(now)) else {
                    continue;
                };
                assert!(
                    !case.is_frozen() || after.is_frozen(),
                    "{case:?} {action:?}"
                );
                assert!(
                    after.is_frozen() == case.is_frozen() || action == Action::Release,
                    "{case:?} {action:?}"
                );
                let writes = matches!(action, Action::Edit | Action::Refresh);
                assert!(!writes || !case.is_frozen(), "{case:?} {action:?}");
                assert!(
                    !matches!(
                        action,
                        Action::Check { own: true } | Action::Submit { ended: false }
                    ),
                    "{case:?} {action:?}"
                );
                assert!(after.due_at.is_none() == after.is_over(), "{after:?}");
                if case.state != after.state {
                    let edge = (case.state.as_str(), after.state.as_str());
                    edges.entry(edge).or_default().insert(name);
                }
                if seen.insert(format!("{after:?}")) {
                    reached.push(after);
                }
            }
        }
    }
    assert_eq!(edges.len(), 7, "{edges:?}");
    let diagram = drawn(&["draft"], &edges);
    is_drawn(env!("CARGO_MANIFEST_DIR"), "A report", &diagram);
}
