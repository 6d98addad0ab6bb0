//! Terms of liaison persons: never two first contacts of a side on a day.

use chrono::{Days, NaiveDate};
use liaison::person::{Term, clash};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{on_both, path};

fn day(offset: u64) -> NaiveDate {
    let first: NaiveDate = "2026-01-01".parse().unwrap();
    first.checked_add_days(Days::new(offset)).unwrap()
}

fn term() -> impl Strategy<Value = Term> {
    (0u64..60, prop::option::of(0u64..20)).prop_map(|(from, length)| Term {
        from: day(from),
        until: length.map(|length| day(from + length)),
    })
}

proptest! {
    /// Terms that are taken one after another wherever nothing clashes leave no day with two; and what is refused
    /// would have made one.
    #[test]
    fn no_day_has_two_first_contacts(offered in prop::collection::vec(term(), 0..30)) {
        let mut held: Vec<Term> = Vec::new();
        for new in offered {
            let shared = (0..90).any(|n| new.holds_on(day(n)) && held.iter().any(|one| one.holds_on(day(n))));
            prop_assert_eq!(clash(&held, &new).is_some(), shared);
            if !shared {
                held.push(new);
            }
            for n in 0..90 {
                prop_assert!(held.iter().filter(|one| one.holds_on(day(n))).count() <= 1);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_name_a_first_contact_at_once_do_not_both() {
    on_both(async |world| {
        let at = "/api/v1/liaisons";
        let new = |who: &str, from: &str| {
            json!({"user_id": world.id(who), "standing": "primary", "from_day": from, "ways": ["console", "phone"]})
        };
        let manager = world.who("manager");
        let ask = |body| world.ask(&manager, axum::http::Method::POST, at, Some(body));
        let asked = (ask(new("liaison", "2026-11-01")), ask(new("lead", "2026-11-10")));
        let (one, two) = futures::future::join(asked.0, asked.1).await;
        let good = [&one, &two].iter().filter(|answer| answer.status == 201).count();
        assert_eq!(good, 1, "{} {}", one.json, two.json);
        let no = if one.status == 201 { &two } else { &one };
        assert_eq!(no.json["code"], "liaison_primary_overlaps");

        let board = world.read("purchaser", at).await;
        assert_eq!(board["uncovered"], json!(["purchaser"]), "that one is missing is shown");
        let primary = board["items"][0].clone();
        // The other side's people are not one's own to name, nor their terms to end.
        let (_, no) = world.refused("manager", at, new("counterpart", "2026-11-01")).await;
        assert_eq!(no["code"], "liaison_of_other_side");
        let end = json!({"version": primary["version"], "until_day": "2026-11-30"});
        let door = format!("{}/end", path("liaisons", &primary));
        assert_eq!(world.refused("purchaser", &door, end.clone()).await.0, 404);
        let mut past = end.clone();
        past["until_day"] = json!("2026-11-15");
        assert_eq!(world.refused("manager", &door, past).await.1["code"], "date_in_past");
        world.post("manager", &door, end).await;
        assert_eq!(world.refused("manager", at, new("lead", "2026-11-30")).await.1["code"], "liaison_primary_overlaps");
        world.post("manager", at, new("lead", "2026-12-01")).await;
        let board = world.read("purchaser", &format!("{at}?day=2026-12-01")).await;
        let holds: Vec<_> = board["items"].as_array().unwrap().iter().filter(|one| one["holds"] == true).collect();
        assert_eq!(holds.len(), 1);
        assert_eq!(holds[0]["user"]["id"], json!(world.id("lead")));
        assert_eq!(board["items"].as_array().unwrap().len(), 2, "who it was stays to be read");
    })
    .await;
}
